#!/usr/bin/env python3
"""Compares deploy/calendars/*.txt with the public package exchange_calendars, day by day.

    python3 -m venv /tmp/calendar-check
    /tmp/calendar-check/bin/pip install exchange_calendars
    /tmp/calendar-check/bin/python tests/tools/check_calendar.py

Exit code 0: every covered day agrees. 1: differences, one line each. 2: the package is missing or ends too early (days
beyond its end are reported as unchecked, not as wrong).
"""
import datetime
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "calendars"


def read_calendar(path):
    """Returns (name, first day, last day, set of closed weekdays, set of opened days)."""
    name, first, last, closed, opened = None, None, None, set(), set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if words[0] == "calendar":
            name = words[1]
        elif words[0] == "covers":
            first, last = map(datetime.date.fromisoformat, words[1:3])
        elif words[0].isdigit() and words[1] in ("closed", "open"):
            target = closed if words[1] == "closed" else opened
            for word in words[2:]:
                begin, _, end = word.partition("..")
                day = datetime.date.fromisoformat(f"{words[0]}-{begin}")
                stop = datetime.date.fromisoformat(f"{words[0]}-{end or begin}")
                while day <= stop:
                    target.add(day)
                    day += datetime.timedelta(days=1)
        else:
            sys.exit(f"{path}:{number}: unknown line {line!r}")
    return name, first, last, closed, opened


def main():
    try:
        import exchange_calendars
    except ImportError:
        print(__doc__)
        return 2
    wrong = unchecked = 0
    for path in sorted(FOLDER.glob("*.txt")):
        name, first, last, closed, opened = read_calendar(path)
        known = exchange_calendars.get_calendar(name, start=first.isoformat())
        sessions = {stamp.date() for stamp in known.sessions}
        # The package's sessions may end at "today plus a year"; past its last session nothing is known.
        end = max(sessions)
        counts = {}
        day = first
        while day <= last:
            is_open = day in opened or (day.weekday() < 5 and day not in closed)
            counts[day.year] = counts.get(day.year, 0) + is_open
            if day > end:
                unchecked += 1
            elif is_open != (day in sessions):
                wrong += 1
                print(f"{name} {day}: file says {'open' if is_open else 'closed'}, package says the opposite")
            day += datetime.timedelta(days=1)
        print(name, "open days:", " ".join(f"{year}:{count}" for year, count in counts.items()))
    print(f"{wrong} differences, {unchecked} days beyond the package")
    return 1 if wrong else 2 if unchecked else 0


if __name__ == "__main__":
    sys.exit(main())
