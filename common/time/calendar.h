// Trading calendars: which days a market, or a fund, is open.
//
//   CalendarSet calendars = CalendarSet::BuiltIn();               // XSHG and XHKG, compiled in
//   const TradingCalendar* shanghai = calendars.Find("XSHG");
//   shanghai->AddOpenDays(day, 2)                                 // T+2, the second open day after T
//   calendars.Apply("calendar XSHG\neffective 2026-03-01\n2026 closed 09-28\n", "notice-2026-3.txt");
//
// The text form, one statement a line, "#" starts a comment:
//
//   calendar  NAME                      first statement
//   covers    2017-01-01 2026-12-31     the days the file speaks for; on a known calendar it must adjoin or overlap
//   effective 2026-03-01                a change to a known calendar: no earlier day may be touched
//   2026 closed 09-28 10-01..10-07      closed days of a year; a range includes both ends
//   2026 open 10-10                     open days, weekends too
//
// In what a file newly covers, Monday to Friday are open unless it says otherwise. Days outside the coverage are
// kOutOfRange, never guessed: a wrong trading day moves somebody's money to another price.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/codec.h"
#include "common/time/time.h"

namespace fundcore {

// The open days of one market or fund. A value: copy it, store it (FC_FIELDS), share it between threads once filled.
// All look-ups are binary searches over some 250 days a year.
class TradingCalendar {
 public:
  TradingCalendar() = default;  // covers nothing
  // Errors: kInvalidArgument where last is before first, or an open day lies outside or is listed twice.
  static absl::StatusOr<TradingCalendar> Create(std::string name, Date first, Date last, std::vector<Date> open);
  // Open where both are, over the days both cover: a fund on the Hong Kong market trades when Shanghai and Hong Kong
  // do.
  static absl::StatusOr<TradingCalendar> Intersect(std::string name, const TradingCalendar& a,
                                                   const TradingCalendar& b);

  const std::string& name() const { return name_; }
  Date first() const { return first_; }
  Date last() const { return last_; }
  const std::vector<Date>& open_days() const { return open_; }

  // Each gives kOutOfRange where the date or the answer is outside the coverage; the message says how to extend it.
  absl::StatusOr<bool> IsOpen(Date day) const;
  absl::StatusOr<Date> Next(Date day) const;        // the first open day strictly after
  absl::StatusOr<Date> NextOrSame(Date day) const;  // the day itself where it is open
  absl::StatusOr<Date> Prev(Date day) const;        // the last open day strictly before
  // A closed day first moves to the next open one, then n open days on (n < 0: back). T+1 is AddOpenDays(T, 1).
  absl::StatusOr<Date> AddOpenDays(Date day, int n) const;
  // Open days from `from` (included) to `to` (not included); negative where `to` is earlier.
  // CountBetween(T, AddOpenDays(T, n)) == n for an open T.
  absl::StatusOr<int> CountBetween(Date from, Date to) const;

  // Changes one covered day.
  absl::Status SetOpen(Date day, bool open);
  // Adds days [first, last], which must adjoin or overlap the coverage; new Mondays to Fridays are open.
  absl::Status Extend(Date first, Date last);

  friend bool operator==(const TradingCalendar&, const TradingCalendar&) = default;
  FC_FIELDS(name_, first_, last_, open_)

 private:
  absl::Status CheckCovered(Date day) const;
  absl::StatusOr<Date> At(std::vector<Date>::difference_type index, Date asked) const;

  std::string name_;
  Date first_;
  Date last_;
  std::vector<Date> open_;  // sorted, no day twice
};

// Calendars by name. Fill it at start, then read it from any thread; Apply needs the set to itself.
class CalendarSet {
 public:
  CalendarSet() = default;
  // The calendars of deploy/calendars as of the build.
  static CalendarSet BuiltIn();

  // Reads one calendar text: a new calendar, or a change to a known one. All or nothing.
  // Errors (kInvalidArgument, "source:line: what is wrong"): unknown statement, impossible date, day outside the
  // coverage or before the effective date.
  absl::Status Apply(std::string_view text, std::string_view source);
  // The same from a file; kNotFound where it cannot be read.
  absl::Status ApplyFile(const std::string& path);
  // Adds or replaces a calendar made in code (for example by Intersect).
  void Put(TradingCalendar calendar);

  const TradingCalendar* Find(std::string_view name) const;  // nullptr where unknown
  absl::StatusOr<const TradingCalendar*> Get(std::string_view name) const;  // kNotFound, listing the known names
  std::vector<std::string> names() const;

 private:
  std::map<std::string, TradingCalendar, std::less<>> calendars_;
};

namespace calendar_internal {
struct BuiltInText {
  std::string_view source;
  std::string_view text;
};
const std::vector<BuiltInText>& BuiltInTexts();
}  // namespace calendar_internal

}  // namespace fundcore
