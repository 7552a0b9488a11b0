#!/usr/bin/env python3
"""A second calculation of fund arithmetic, against `fundctl calc`.

    tests/oracle/oracle.py --fundctl build/release/fundctl --cases 100000 --seed 1

Written from the business rules, with Python's decimal module, and not from the C++ code: the two agree only where both read the
rules alike. It draws random fee tables, lots, prices and orders, asks `fundctl calc --cases`, and compares every figure to the
last digit; then it checks what must hold whatever the rounding: nothing created, nothing negative, more never for less.
Exit code 0: all agree. 1: differences, the first of them printed with the case that repeats them.
"""
import argparse
import collections
import datetime
import decimal
import json
import random
import subprocess
import sys
import tempfile
import time
from decimal import Decimal as D

decimal.getcontext().prec = 80
FEN, UNIT, STEP8 = D("0.01"), D("0.01"), D("0.00000001")
MODES = {"half-up": decimal.ROUND_HALF_UP, "truncate": decimal.ROUND_DOWN, "up": decimal.ROUND_UP}
DAY0 = datetime.date(2023, 1, 1)


def q(value, mode="half-up", step=FEN):
    return value.quantize(step, rounding=MODES[mode])


def text(value):
    return format(value, "f")


def two(value):
    return text(abs(value.quantize(FEN)) if value == 0 else value.quantize(FEN))


def discounted(rate, discount, least):
    if discount == 0:
        return rate
    return min(rate, max(q(rate * discount, "half-up", STEP8), least))


def outside_fee(amount, rate, mode):
    return amount - q(amount / (1 + rate), mode)


class Draw:
    """Random values of the shapes that occur, edges among them."""

    def __init__(self, rng):
        self.r = rng

    def money(self, most=10 ** 9):
        top = self.r.choice([100, 10 ** 4, 10 ** 7, most * 100])
        return D(self.r.randint(1, top)) * FEN

    def nav(self):
        decimals = self.r.choice([2, 3, 4, 4, 4, 8])
        return D(self.r.randint(10 ** decimals // 5, 10 ** decimals * 9)) / 10 ** decimals

    def rate(self, most=300):
        return D(self.r.randint(0, most)) / 10 ** self.r.choice([4, 4, 5])

    def mode(self):
        return self.r.choice(["half-up", "half-up", "half-up", "truncate", "up"])

    def chance(self, p):
        return self.r.random() < p

    def tiers(self, share=True):
        """[(first, last, rate, fund's share)], closed and without gaps."""
        cuts = sorted(self.r.sample([7, 30, 90, 180, 365, 730], self.r.randint(0, 4)))
        starts = [0] + cuts
        rates = sorted((D(self.r.randint(0, 200)) / 10000 for _ in starts), reverse=True)
        shares = [D(self.r.choice([0, 25, 50, 75, 100])) / 100 if share else D(0) for _ in starts]
        ends = [c - 1 for c in cuts] + [99999]
        return list(zip(starts, ends, rates, shares))

    def lots(self, least=1):
        lots = []
        for _ in range(self.r.randint(least, 5)):
            day = DAY0 + datetime.timedelta(self.r.choice([0, 7, 30, 400, self.r.randint(0, 900)]))
            lots.append((self.money(10 ** 7), day, self.nav()))
        return lots


def tiers_text(tiers):
    return ",".join(f"{a}-{b}:{text(r)}:{text(s)}" for a, b, r, s in tiers)


def lots_text(lots):
    return [f"{text(u)}@{d}@{text(c)}" for u, d, c in lots]


def split(lots, units, nav, tiers, confirm, mode, newest):
    """FIFO or LIFO by registration. The fee of one registration day is rounded once, on what its units fetch."""
    order = sorted(range(len(lots)), key=lambda i: lots[i][1])
    if newest:
        order.reverse()
    left, running, gross_before = units, D(0), D(0)
    parts, groups = [], collections.OrderedDict()
    for i in order:
        if left == 0:
            break
        taken = min(left, lots[i][0])
        left -= taken
        running += taken
        gross = q(running * nav, mode) - gross_before
        gross_before += gross
        held = (confirm - lots[i][1]).days
        _, _, rate, share = next(t for t in tiers if t[0] <= held <= t[1])
        parts.append((i, taken, held, gross))
        total, _, _ = groups.get(lots[i][1], (D(0), rate, share))
        groups[lots[i][1]] = (total + gross, rate, share)
    fee = fund = D(0)
    for total, rate, share in groups.values():
        part = q(total * rate, mode)
        fee += part
        fund += q(part * share, mode)
    return parts, gross_before, fee, fund


# Each maker returns (case, expected): expected is a dict of figures, or None where the case cannot be worked out.
def subscribe(d):
    amount, nav, mode = d.money(), d.nav(), d.mode()
    case = {"calc": "subscribe", "amount": text(amount), "nav": text(nav), "rounding": mode}
    discount, least, inside = D(0), D(0), d.chance(0.2)
    low, high, fixed = D(0), None, None
    shape = d.r.random()
    if shape < 0.15:
        fixed = d.money(1000)
        case["fixed-fee"] = text(fixed)
        rate = D(0)
    elif shape < 0.4:
        edge = d.money()
        rates = [d.rate(), d.rate()]
        rate = rates[0] if amount < edge else rates[1]
        if edge == FEN:
            edge, rate = D("0.02"), rates[0] if amount < D("0.02") else rates[1]
        case["fees"] = f"0-{text(edge - FEN)}:{text(rates[0])},{text(edge)}-:{text(rates[1])}"
    else:
        rate = d.rate()
        case["rate"] = text(rate)
    if d.chance(0.4):
        discount = D(d.r.randint(1, 100)) / 100
        case["discount"] = text(discount)
        least = d.rate(60)
        case["least-rate"] = text(least)
    if inside:
        case["inside"] = True
    if d.chance(0.2):
        low = d.money(100)
        case["least-fee"] = text(low)
    if d.chance(0.2):
        high = low + d.money(1000)
        case["most-fee"] = text(high)
    interest = D(0)
    if d.chance(0.2):
        interest = min(d.money(1000), amount)
        case["interest"] = text(interest)
    whole = d.chance(0.15)
    if whole:
        case["whole-units"] = True
    if fixed is not None:
        fee = fixed
    else:
        rate = discounted(rate, discount, least)
        fee = q(amount * rate, mode) if inside else outside_fee(amount, rate, mode)
        raised = low > fee
        fee = max(fee, low)
        fee = fee if high is None else min(fee, high)
    # A rate may round to all of a fen or two; a sum that is set must leave something.
    if fee >= amount and (fixed is not None or raised):
        return case, None
    net = amount - fee
    refund = D(0)
    if whole:
        units = ((net + interest) / nav).quantize(D(1), rounding=decimal.ROUND_DOWN)
        refund = net + interest - q(units * nav, "up")
    else:
        units = q((net + interest) / nav, mode)
    return case, {"net": two(net), "fee": two(fee), "units": two(units), "refund": two(refund)}


def offer_units(d):
    units, face, mode, rate = d.money(10 ** 6), d.nav(), d.mode(), d.rate()
    price = q(units * face, mode)
    interest = min(d.money(100), price)
    case = {"calc": "offer-units", "units": text(units), "face": text(face), "rate": text(rate), "interest": text(interest),
            "rounding": mode}
    if price <= 0:
        return case, None
    fee, extra = q(price * rate, mode), q(interest / face, mode)
    return case, {"price": two(price), "fee": two(fee), "pay": two(price + fee), "units": two(units + extra),
                  "units_from_interest": two(extra)}


def last_day(d):
    mode = d.mode()
    cap = d.money()
    earlier = q(cap * D(d.r.randint(0, 99)) / 100, "truncate")
    applied, amount = d.money(), d.money(10 ** 6)
    room = cap - earlier
    confirmed = amount if applied <= room else q(amount * room / applied, mode)
    case = {"calc": "last-day", "amount": text(amount), "cap": text(cap), "earlier": text(earlier), "applied": text(applied),
            "rounding": mode}
    return case, None if room <= 0 else {"confirmed": two(confirmed), "refund": two(amount - confirmed)}


def redeem(d):
    lots, tiers, nav, mode = d.lots(), d.tiers(), d.nav(), d.mode()
    have = sum(u for u, _, _ in lots)
    units = have if d.chance(0.3) else q(have * D(d.r.randint(1, 100)) / 100, "up")
    confirm = max(day for _, day, _ in lots) + datetime.timedelta(d.r.choice([0, 6, 7, 29, 30, 365, d.r.randint(0, 800)]))
    newest = d.chance(0.3)
    case = {"calc": "redeem", "lot": lots_text(lots), "units": text(units), "nav": text(nav), "confirm": str(confirm),
            "tiers": tiers_text(tiers), "rounding": mode}
    if newest:
        case["newest-first"] = True
    if d.chance(0.05):
        case["units"] = text(have + FEN)
        return case, None
    parts, gross, fee, fund = split(lots, units, nav, tiers, confirm, mode, newest)
    bounded = False
    if d.chance(0.15):
        low = d.money(50)
        high = low + d.money(500)
        case.update({"least-fee": text(low), "most-fee": text(high)})
        bounded = low > fee or high < fee
        fee = min(max(fee, low), high)
        if bounded and fee > gross:
            return case, None
    net = gross - fee
    want = {"gross": two(gross), "fee": two(fee)}
    if not bounded:
        want["fund_part"] = two(fund)
    if d.chance(0.4):
        back, on_top, cost = d.tiers(False), d.chance(0.5), d.chance(0.5)
        case.update({"back-tiers": tiers_text(back), "back-load-form": "on-top" if on_top else "part",
                     "back-load-base": "cost" if cost else "value"})
        base = collections.OrderedDict()
        for i, taken, held, worth in parts:
            rate = next(t for t in back if t[0] <= held <= t[1])[2]
            was = base.get(lots[i][1], (D(0), rate))[0]
            base[lots[i][1]] = (was + (taken * lots[i][2] if cost else worth), rate)
        load = sum(q(q(b, mode) * (r / (1 + r) if on_top else r), mode) for b, r in base.values())
        if load > net:
            return case, None
        net -= load
        want["back_load"] = two(load)
    want["net"] = two(net)
    return case, want


def convert(d):
    lots, tiers, mode = d.lots(), d.tiers(), d.mode()
    nav_out, nav_in = d.nav(), d.nav()
    units = sum(u for u, _, _ in lots)
    confirm = max(day for _, day, _ in lots) + datetime.timedelta(d.r.randint(0, 400))
    rate_in, rate_out = d.rate(), d.rate()
    discount = D(d.r.randint(1, 100)) / 100 if d.chance(0.3) else D(0)
    by_fees, carried = d.chance(0.4), d.chance(0.5)
    case = {"calc": "convert", "lot": lots_text(lots), "nav-out": text(nav_out), "nav-in": text(nav_in), "confirm": str(confirm),
            "tiers": tiers_text(tiers), "rate-in": text(rate_in), "rate-out": text(rate_out), "rounding": mode,
            "form": "fees" if by_fees else "rates", "age": "carried" if carried else "own"}
    if discount:
        case["discount"] = text(discount)
    parts, gross, fee, fund = split(lots, units, nav_out, tiers, confirm, mode, False)
    net = gross - fee
    if net <= 0:
        return case, None
    if by_fees:
        difference = max(D(0), outside_fee(net, rate_in, mode) - outside_fee(net, rate_out, mode))
        if discount:
            difference = q(difference * discount, mode)
    else:
        rate = discounted(max(D(0), rate_in - rate_out), discount, D(0))
        difference = q(net * rate / (1 + rate), mode)
    money = net - difference
    if money <= 0:
        return case, None
    got = q(money / nav_in, mode)
    want = {"gross": two(gross), "redemption_fee": two(fee), "fund_part": two(fund), "difference_fee": two(difference),
            "in": two(money), "units": two(got)}
    if got > 0:
        arrived, before, running = collections.OrderedDict(), D(0), D(0)
        for i, taken, _, _ in parts:
            running += taken
            now = q(got * running / units, "truncate")
            key = lots[i][1] if carried else confirm
            arrived[key] = arrived.get(key, D(0)) + now - before
            before = now
        for n, (day, amount) in enumerate(((k, v) for k, v in sorted(arrived.items()) if v > 0), 1):
            want[f"in_lot_{n}"] = f"{two(amount)} units of {day} at {price(nav_in)}"
    return case, want


def price(nav):
    whole, _, rest = text(nav.quantize(STEP8)).partition(".")
    return f"{whole}.{rest[:4]}{rest[4:].rstrip('0')}"


def dividend(d):
    units, mode = d.money(10 ** 7), d.mode()
    frozen = q(units * D(d.r.randint(0, 100)) / 100, "truncate")
    amount, per = D(d.r.randint(1, 10 ** 6)) / 10 ** 6, D(d.r.choice([1, 10, 1000, 10000]))
    case = {"calc": "dividend", "units": text(units), "frozen": text(frozen), "amount": text(amount), "per": text(per),
            "rounding": mode}
    cash, held = q(units * amount / per, mode), q(frozen * amount / per, mode)
    want = {"cash": two(cash), "held_cash": two(held), "units": "0.00", "held_units": "0.00"}
    if d.chance(0.6):
        nav = d.nav()
        case["reinvest"] = text(nav)
        want["units"], want["held_units"] = two(q(cash / nav, mode)), two(q(held / nav, mode))
    return case, want


def money(d):
    units = d.money(10 ** 7)
    days = [D(d.r.randint(-10 ** 7 if d.chance(0.1) else 0, 4 * 10 ** 4)) / 10 ** 4 for _ in range(d.r.randint(1, 40))]
    days = [max(x, D(-20)) for x in days]
    pays = [d.chance(0.1) for _ in days]
    cut, wait, daily = d.chance(0.4), d.chance(0.5), d.chance(0.3)
    case = {"calc": "money", "units": text(units), "mode": "cut" if cut else "carry", "loss": "wait" if wait else "cut-units",
            "days": ",".join(text(x) + ("*" if p else "") for x, p in zip(days, pays))}
    if daily:
        case["pay-daily"] = True
    unpaid = rest = D(0)
    for x, p in zip(days, pays):
        exact = units / 10000 * x + (D(0) if cut else rest)
        paid = q(exact, "truncate")
        rest = D(0) if cut else exact - paid
        unpaid += paid
        if (p or daily) and (unpaid >= 0 or not wait):
            moved = max(unpaid, -units)
            units += moved
            unpaid -= moved
    return case, {"units": two(units), "unpaid": two(unpaid), "#rest": rest}


def share_income(d):
    holders = [d.money(10 ** 5) for _ in range(d.r.randint(1, 12))]
    income = D(d.r.randint(-10 ** 4 if d.chance(0.2) else 0, 3 * 10 ** 4)) / 10 ** 4
    exact = [h / 10000 * income for h in holders]
    shares = [q(e, "truncate") for e in exact]
    rests = [abs(e - s) for e, s in zip(exact, shares)]
    fen = -FEN if income < 0 else FEN
    for i in sorted(range(len(holders)), key=lambda i: -rests[i])[:int(sum(rests) / FEN)]:
        shares[i] += fen
    want = {f"holder_{i + 1}": two(s) for i, s in enumerate(shares)}
    want["all"] = two(sum(shares))
    return {"calc": "share-income", "holder": [text(h) for h in holders], "per-10000": text(income)}, want


def large_days(d):
    first = datetime.date(2026, 1, 5)
    count = d.r.randint(1, 4)
    applications, days = [], []
    before = d.money(10 ** 6) + 1000
    for n in range(count):
        day = first + datetime.timedelta(n)
        for _ in range(d.r.randint(1 if n == 0 else 0, 4)):
            applications.append([day, len(applications) + 1, d.money(10 ** 4), d.chance(0.7), d.chance(0.2)])
    cancel_conversions = d.chance(0.5)
    case = {"calc": "large-days", "application": [f"{a[0]}/{a[1]}:{text(a[2])}:{'defer' if a[3] else 'cancel'}"
                                                 + (":convert" if a[4] else "") for a in applications], "day": days}
    if cancel_conversions:
        case["cancel-conversions"] = True
    rest, want = [], {}
    for n in range(count):
        day = first + datetime.timedelta(n)
        today = rest + [a for a in applications if a[0] == day]
        bought = d.money(10 ** 4)
        all_units = sum(a[2] for a in today)
        least = min(all_units, q(before / 10, "up"))
        wish = least + q((all_units - least) * D(d.r.randint(0, 100)) / 100, "truncate") if d.chance(0.7) else None
        days.append(f"{day}:{text(before)}:{'' if wish is None else text(wish)}:{text(bought)}")
        if not today:
            rest = []
            continue
        large = all_units - bought > before / 10
        accepted = wish if large and wish is not None else all_units
        want[f"{day}_large"] = "yes" if large else "no"
        rest, confirmed_all = [], D(0)
        for a in today:
            confirmed = a[2] if accepted >= all_units else q(a[2] * accepted / all_units, "truncate")
            confirmed_all += confirmed
            left = a[2] - confirmed
            defer = a[3] and not (a[4] and cancel_conversions)
            want[f"{day}_{a[1]}"] = (f"confirmed {two(confirmed)}, deferred {two(left if defer else D(0))}, "
                                     f"cancelled {two(D(0) if defer else left)}, first applied {a[0]}")
            if defer and left > 0:
                rest.append([a[0], a[1], left, a[3], a[4]])
        want[f"{day}_confirmed"] = two(confirmed_all)
        before = max(D(1), before - confirmed_all)
    want["still_deferred"] = two(sum((a[2] for a in rest), D(0)))
    return case, want


def fast(d):
    amount, units, today, out = d.money(20000), d.money(20000), d.money(10000), d.money(10 ** 6)
    bank = out + d.money(20000) - 100
    bank = max(bank, D(0))
    limits = [("not-enough-units", units), ("person-limit", D(10000) - today), ("bank-limit", bank - out)]
    refusal = next((name for name, limit in limits if amount > limit), "none")
    return ({"calc": "fast", "amount": text(amount), "free-units": text(units), "person-today": text(today),
             "advanced": text(out), "bank-limit": text(bank)},
            {"refusal": refusal, "pays": "yes" if refusal == "none" else "no", "most": two(max(D(0), min(x for _, x in limits)))})


def interest(d):
    balances = [(d.money(10 ** 6), d.r.randint(0, 120)) for _ in range(d.r.randint(1, 4))]
    rate, year, mode = d.rate(), d.r.choice([360, 365]), d.mode()
    return ({"calc": "interest", "balance": [f"{text(b)}@{n}" for b, n in balances], "rate": text(rate), "year": str(year),
             "rounding": mode}, {"interest": two(q(sum(b * n for b, n in balances) * rate / year, mode))})


def share_interest(d):
    weights = [(d.money(10 ** 5), d.r.randint(1, 30)) for _ in range(d.r.randint(1, 9))]
    total = d.money(10 ** 4)
    whole = sum(b * n for b, n in weights)
    exact = [total * b * n / whole for b, n in weights]
    shares = [q(e, "truncate") for e in exact]
    left = int((total - sum(shares)) / FEN)
    for i in sorted(range(len(weights)), key=lambda i: shares[i] - exact[i])[:left]:
        shares[i] += FEN
    return ({"calc": "share-interest", "investor": [f"{text(b)}@{n}" for b, n in weights], "total": text(total)},
            {f"investor_{i + 1}": two(s) for i, s in enumerate(shares)})


def service_fee_refund(d):
    registered = DAY0 + datetime.timedelta(d.r.randint(0, 300))
    left = registered + datetime.timedelta(d.r.randint(0, 800))
    units, rate, mode = d.money(10 ** 7), D(d.r.randint(1, 60)) / 10000, d.mode()
    days = sorted({0} | {d.r.randint(1, 1200) for _ in range(d.r.randint(0, 30))})
    prices = [(DAY0 + datetime.timedelta(n), d.nav()) for n in days]
    total, count = D(0), 0
    for n in range(registered.toordinal() + 366, left.toordinal()):
        total += units * next(p for day, p in reversed(prices) if day.toordinal() < n) * rate / 365
        count += 1
    total = q(q(total, "half-up", D(1).scaleb(-60)), mode)  # a sum of quotients: exact to 60 places
    return ({"calc": "service-fee-refund", "lot": [f"{text(units)}@{registered}"], "left": str(left), "rate": text(rate),
             "price": [f"{text(p)}@{day}" for day, p in prices], "rounding": mode},
            {"refund": two(total), "lot_1": f"{two(total)} for {count} days"})


def discount(d):
    rate, least, house = d.rate(), d.rate(40), D(d.r.randint(0, 100)) / 100
    day = datetime.date(2026, 3, d.r.randint(1, 31))
    channel, investor, amount = d.r.choice(["app", "counter"]), d.r.choice(["individual", "institution"]), d.money(10 ** 4)
    best, campaigns = house or D(1), []
    for n in range(d.r.randint(0, 5)):
        a, b = sorted(d.r.sample(range(1, 32), 2))
        cut, where, who, floor = D(d.r.randint(1, 100)) / 100, d.r.choice(["", "app"]), d.r.choice(["", "institution"]), d.money(10 ** 4)
        campaigns.append(f"name=c{n};from=2026-03-{a:02};to=2026-03-{b:02};discount={cut};from-amount={text(floor)}"
                         + (f";channel={where}" if where else "") + (f";investors={who}" if who else ""))
        if a <= day.day <= b and where in ("", channel) and who in ("", investor) and amount >= floor:
            best = min(best, cut)
    left = min(rate, max(q(rate * best, "half-up", STEP8), least)) * 100
    shown = text(left.normalize()) if left else "0"
    return ({"calc": "discount", "day": str(day), "rate": text(rate), "least-rate": text(least), "house": text(house), "channel": channel,
             "investor": investor, "amount": text(amount), "campaign": campaigns}, {"rate": (shown + "%")})


def service_fee(d):
    assets, rate, mode, year = d.money(), D(d.r.randint(0, 150)) / 10000, d.mode(), d.r.choice([360, 365, 366])
    return ({"calc": "service-fee", "assets": text(assets), "rate": text(rate), "rounding": mode, "year": str(year)},
            {"fee": two(q(assets * rate / year, mode))})


def income(d):
    units, per, cut = d.money(10 ** 7), D(d.r.randint(-10 ** 5, 4 * 10 ** 5)) / 10 ** 5, d.chance(0.4)
    carried = D(0) if d.chance(0.5) else D(d.r.randint(0, 99)) / 10 ** 4
    case = {"calc": "income", "units": text(units), "per-10000": text(per), "carried": text(carried), "mode": "cut" if cut else "carry"}
    whole = units / 10000 * per + (D(0) if cut else carried)
    paid = q(whole, "truncate")
    return case, {"paid": two(paid), "#rest": D(0) if cut else whole - paid}


def large(d):
    before = d.money(10 ** 6)
    flows = {name: d.money(10 ** 5) if d.chance(0.7) else D(0) for name in ("redeemed", "converted-out", "purchased", "converted-in")}
    share = D(d.r.choice([5, 10, 10, 10, 20])) / 100
    if d.chance(0.2):  # exactly on the edge: that is not large yet
        before = q(before, "half-up", D(1)) + 1
        flows = dict.fromkeys(flows, D(0))
        flows["redeemed"] = before * share + (FEN if d.chance(0.5) else D(0))
    out = flows["redeemed"] + flows["converted-out"] - flows["purchased"] - flows["converted-in"]
    case = {"calc": "large", "before": text(before), "threshold": text(share), **{name: text(v) for name, v in flows.items()}}
    return case, {"net_outflow": two(out), "least_accepted": two(q(before * share, "up")), "large": "yes" if out > before * share else "no"}


def days(d):
    tiers = d.tiers(False)
    first = DAY0 + datetime.timedelta(d.r.randint(0, 900))
    last = first + datetime.timedelta(d.r.choice([0, 6, 7, 29, 30, 179, 180, 365, 366, d.r.randint(0, 1500)]))
    held = (last - first).days
    rate = next(t for t in tiers if t[0] <= held <= t[1])[2] * 100
    return ({"calc": "days", "from": str(first), "to": str(last), "tiers": tiers_text(tiers)},
            {"days_held": str(held), "rate": (text(rate.normalize()) if rate else "0") + "%"})


def transfer(d):
    lots, newest, carried = d.lots(), d.chance(0.3), d.chance(0.7)
    have = sum(u for u, _, _ in lots)
    units = have if d.chance(0.3) else q(have * D(d.r.randint(1, 100)) / 100, "up")
    confirm = max(day for _, day, _ in lots) + datetime.timedelta(d.r.randint(0, 400))
    case = {"calc": "transfer", "lot": lots_text(lots), "units": text(units), "confirm": str(confirm), "age": "carried" if carried else "own"}
    if newest:
        case["newest-first"] = True
    if d.chance(0.05):
        case["units"] = text(have + FEN)
        return case, None
    order = sorted(range(len(lots)), key=lambda i: lots[i][1])
    if newest:
        order.reverse()
    left, arrived = units, collections.OrderedDict()
    for i in order:
        taken = min(left, lots[i][0])
        left -= taken
        if taken:
            key = (lots[i][1] if carried else confirm, lots[i][2])
            arrived[key] = arrived.get(key, D(0)) + taken
    return case, {"units": two(units), "#lots": sorted(f"{two(v)} units of {day} at {price(cost)}" for (day, cost), v in arrived.items())}


EQUITY = ("active-equity", "other-mixed")


def law_asks(fund, new, investor, with_service_fee, day):
    """(least fee, least share of it for the fund) on the day-th day; (0, 0) where nothing is asked."""
    pct = lambda x: D(x) / 100
    if new:
        if fund in ("money", "etf", "certificates"):
            return D(0), D(0)
        least = pct("1.5") if day < 7 else pct(1) if day < 30 else pct("0.5") if day < 180 else D(0)
        if investor == "individual" and fund in ("index", "bond") and day >= 7:
            least = D(0)
        if investor != "individual" and fund == "bond" and day >= 30:
            least = D(0)
        return least, D(1)
    if fund in ("money", "etf"):
        return D(0), D(0)
    if day < 7:
        return pct("1.5"), D(1)
    if fund not in EQUITY:
        return D(0), D(0)
    if with_service_fee:
        return (pct("0.5"), D(1)) if day < 30 else (D(0), D(0))
    least = pct("0.75") if day < 30 else pct("0.5") if day < 180 else D(0)
    return least, D(1) if day < 30 else pct(75) if day < 90 else pct(50) if day < 180 else pct(25)


def fee_law(d):
    fund = d.r.choice(["active-equity", "other-mixed", "index", "bond", "money", "etf", "certificates"])
    investor = d.r.choice(["individual", "institution", "product"])
    start, moved = d.r.choice(["2025-06-01", "2025-12-31", "2026-01-01", "2026-08-01"]), d.r.choice(["2026-01-01", "2026-07-01", "2025-01-01"])
    new = start >= max(moved, "2026-01-01")
    fee = D(d.r.choice([0, 0, 10, 15, 20, 21, 40, 41, 60])) / 10000
    edges = [0, 24, 25, 49, 50, 74, 75, 99, 100, 149, 150]  # per ten thousand: what is asked, and one less
    tiers = [(a, b, D(d.r.choice(edges)) / 10000, D(d.r.choice([0, 24, 25, 49, 50, 74, 75, 99, 100])) / 100) for a, b, _, _ in d.tiers()]
    ends = d.chance(0.5)
    case = {"calc": "fee-law", "fund": fund, "investor": investor, "from": start, "moved": moved, "service-fee": text(fee), "tiers": tiers_text(tiers)}
    want = []
    for first, last, rate, share in tiers:
        day = first
        while day <= last:
            asked, to = law_asks(fund, new, investor, fee > 0, day), day
            while to < min(last, 400) and law_asks(fund, new, investor, fee > 0, to + 1) == asked:
                to += 1
            to = last if to >= 400 else to
            where = f"{day} to {'the end' if to == 99999 else to}"
            if rate < asked[0]:
                want.append("REDEMPTION_FEE_LOW " + where)
            if rate > 0 and share < asked[1]:
                want.append("FUND_SHARE_LOW " + where)
            day = to + 1
    if d.chance(0.6):
        bps = [29, 30, 31, 49, 50, 51, 79, 80, 81, 100]
        edge, rates, fixed = d.money(10 ** 6) + 1, [D(d.r.choice(bps)) / 10000 for _ in range(2)], d.chance(0.3)
        sum_ = q(edge * rates[1], "up")
        case["fees"] = f"0-{text(edge - FEN)}:{text(rates[0])},{text(edge)}-:{'=' + text(sum_) if fixed else text(rates[1])}"
        cap = {"active-equity": D("0.008"), "other-mixed": D("0.005"), "index": D("0.003"), "bond": D("0.003")}.get(fund)
        if new and cap is not None:
            want += ["PURCHASE_FEE_HIGH"] * ((rates[0] > cap) + (sum_ > q(edge * cap, "truncate") if fixed else rates[1] > cap))
    if ends:
        case["service-fee-ends"] = True
    if new:
        cap = {"active-equity": D("0.004"), "other-mixed": D("0.004"), "index": D("0.002"), "bond": D("0.002"), "money": D("0.0015")}.get(fund)
        want += ["SERVICE_FEE_HIGH"] * (cap is not None and fee > cap)
        want += ["SERVICE_FEE_AFTER_A_YEAR"] * (fee > 0 and fund != "money" and not ends)
    return case, {"findings": str(len(want)), "#law": sorted(want)}


MAKERS = [subscribe, redeem, redeem, convert, money, large_days, dividend, offer_units, last_day, share_income, fast, interest,
          share_interest, service_fee_refund, discount, service_fee, income, large, days, transfer, fee_law]


def properties(case, got):
    """What must hold whatever the rounding; yields what does not."""
    f = {k: D(v) for k, v in got.items() if k in ("net", "fee", "gross", "fund_part", "back_load", "units", "refund", "confirmed",
                                                  "cash", "held_cash", "in", "redemption_fee", "difference_fee", "all")}
    for name, value in f.items():
        if value < 0 and case["calc"] not in ("money", "share-income"):
            yield f"{name} is negative"
    if case["calc"] == "subscribe" and f["net"] + f["fee"] != D(case["amount"]):
        yield "net + fee is not the amount"
    if case["calc"] == "redeem" and f["net"] + f["fee"] + f.get("back_load", 0) != f["gross"]:
        yield "net + fee + load is not the gross"
    if case["calc"] == "redeem" and f["fund_part"] > f["fee"]:
        yield "the fund's part is above the fee"
    if case["calc"] == "convert" and f["in"] + f["redemption_fee"] + f["difference_fee"] != f["gross"]:
        yield "in + fees is not the gross"
    if case["calc"] == "convert":
        lots = sum(D(v.split()[0]) for k, v in got.items() if k.startswith("in_lot_"))
        if lots and lots != f["units"]:
            yield "the lots that arrive are not the units"
    if case["calc"] == "dividend" and f["held_cash"] > f["cash"]:
        yield "more is held than paid"
    if case["calc"] == "share-interest" and sum(map(D, (v for k, v in got.items() if k.startswith("investor_")))) != D(case["total"]):
        yield "the shares are not the total"
    if case["calc"] == "share-income":
        exact = sum(map(D, case["holder"])) / 10000 * D(case["per-10000"])
        if abs(exact - f["all"]) >= FEN:
            yield "a whole fen of income is left over"
    if case["calc"] == "large-days":
        applied = sum(D(a.split(":")[1]) for a in case["application"])
        went = sum(D(v.split()[1].rstrip(",")) + D(v.split()[5].rstrip(",")) for k, v in got.items() if v.startswith("confirmed "))
        if applied != went + D(got["still_deferred"]):
            yield "applied is not confirmed + cancelled + deferred"


def monotone(case, rng):
    """The same with a little more put in, and the figures that must not fall; None where it says nothing."""
    more = dict(case)
    if case["calc"] == "subscribe" and "fees" not in case:
        more["amount"] = text(D(case["amount"]) + D(rng.randint(1, 1000)) * FEN)
        names = ["net", "fee"] + ([] if "whole-units" in case else ["units"])
        # A rounded fee and a rounded net share one fen: each grows by steps of it.
        return more, names
    if case["calc"] == "redeem" and "lot" in case and "least-fee" not in case:
        nav = D(case["nav"])
        more["nav"] = text(nav + D("0.01"))
        return more, ["gross", "fee"]
    if case["calc"] == "dividend":
        more["units"] = text(D(case["units"]) + 1)
        return more, ["cash", "units"]
    return None


def same(want, got):
    wrong = []
    for name, value in want.items():
        if name == "#rest":  # shown with as many decimals as it needs
            if D(got.get("rest", "NaN")) != value:
                wrong.append(f"rest {got.get('rest')}, oracle {value}")
        elif name == "#lots":
            if (lots := sorted(v for k, v in got.items() if k.startswith("in_lot_"))) != value:
                wrong.append(f"lots {lots}, oracle {value}")
        elif name == "#law":
            said = (v.split(": ", 1) for k, v in got.items() if k.startswith("finding_"))
            said = sorted(rule + (" " + t.split(" on days ")[1].split(" for ")[0] if " on days " in t else "") for rule, t in said)
            if said != value:
                wrong.append(f"findings {said}, oracle {value}")
        elif got.get(name) != value:
            wrong.append(f"{name} {got.get(name)}, oracle {value}")
    return wrong


def awake(want, got):
    """Whether a figure of the oracle that is off in its last digit would be seen."""
    for name, value in want.items():
        off = dict(want)
        if name == "#rest":
            off[name] = value + D(1).scaleb(-12)
        elif isinstance(value, list):
            off[name] = value + ["one more"]
        else:
            off[name] = value[:-1] + ("1" if value[-1:] != "1" else "2")
        if not same(off, got):
            return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fundctl", required=True)
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chunk", type=int, default=20000, help="cases asked at once")
    args = parser.parse_args()
    began, rng = time.monotonic(), random.Random(args.seed)
    draw, counts, wrong, refused, extra = Draw(rng), collections.Counter(), 0, 0, 0
    for start in range(0, args.cases, args.chunk):
        asked = []  # (case, expected, index of the smaller one and the names that must not fall)
        for _ in range(min(args.chunk, args.cases - start)):
            maker = rng.choice(MAKERS)
            case, want = maker(draw)
            counts[case["calc"]] += 1
            asked.append((case, want, None))
            if want and rng.random() < 0.1 and (grown := monotone(case, rng)):
                asked.append((grown[0], None, (len(asked) - 1, grown[1])))
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for case, _, _ in asked:
                file.write(json.dumps(case) + "\n")
            file.flush()
            run = subprocess.run([args.fundctl, "calc", "--cases", file.name], capture_output=True, text=True, check=False)
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        if run.returncode or len(answers) != len(asked):
            print(f"oracle: fundctl ended with {run.returncode} after {len(answers)} of {len(asked)} cases: {run.stderr}")
            return 1
        for (case, want, grown), got in zip(asked, answers):
            faults = []
            if grown:
                extra += 1
                if "error" not in got:
                    faults = [f"{n} fell from {answers[grown[0]][n]} to {got[n]} with more put in" for n in grown[1]
                              if D(got[n]) < D(answers[grown[0]][n])]
            elif want is None:
                refused += 1
                faults = [] if "error" in got else [f"answered {got}, the oracle says it cannot be"]
            elif "error" in got:
                faults = ["refused: " + got["error"]]
            else:
                faults = same(want, got) + list(properties(case, got))
                if not faults and not awake(want, got):
                    faults = ["a wrong figure would not be seen"]
            if faults:
                wrong += 1
                if wrong <= 10:
                    print(f"{'; '.join(faults)}\n  {json.dumps(case)}")
    each = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    print(f"oracle: {args.cases} cases (seed {args.seed}), {wrong} differ; {refused} rightly refused; {extra} more for monotony; "
          f"{time.monotonic() - began:.0f} s\n  {each}")
    if wrong:
        print(f"repeat: tests/oracle/oracle.py --fundctl {args.fundctl} --cases {args.cases} --seed {args.seed} --chunk {args.chunk}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
