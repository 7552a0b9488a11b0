// Interest on settlement money: received, weighed, credited. See settlement_interest.h.
#include <algorithm>
#include <limits>
#include <map>

#include "services/account/machine.h"

namespace fundcore::account {

using machine::Context;

std::string InterestReference(uint64_t run) { return StrCat("INTEREST-", run); }

// What the weights of a period need to know of this partition's settlements.
struct AccountMachine::InterestPeriod {
  struct Day {
    uint64_t position = 0;
    Date confirmed;
  };
  Date from, to;
  std::map<TaCode, std::vector<Day>> days;  // in the order of the ledger
  // Purchases confirmed before it had left the bank before the period began.
  uint64_t bound = std::numeric_limits<uint64_t>::max();
};

namespace {

bool AtTheBank(Leg leg) { return leg == Leg::kAvailable || leg == Leg::kReserved || leg == Leg::kWithdrawing; }

// 022 is confirmed by 122, 020 by 130, 039 by 139.
uint16_t ConfirmedBy(uint16_t business) {
  if (business == 20) return 130;
  return business == 39 ? 139 : 122;
}

// A run keeps the period that it was first named with.
bool OtherPeriod(const InterestRun* run, Date from, Date to) { return run && (run->from != from || run->to != to); }

}  // namespace

AccountMachine::InterestPeriod AccountMachine::PeriodOf(Date from, Date to) {
  InterestPeriod p{.from = from, .to = to};
  applied_days_.ScanAll([&](const AppliedDayKey& key, const AppliedDay& applied) {
    p.days[key.ta].push_back({applied.position, key.confirm_day});
    return true;
  });
  for (auto& [ta, days] : p.days) {
    std::sort(days.begin(), days.end(), [](const auto& a, const auto& b) {
      return std::pair(a.position, a.confirmed) < std::pair(b.position, b.confirmed);
    });
  }
  settlements_.ScanAll([&](const SettlementKey& key, const Settlement& s) {
    const PaidDays* paid = paid_days_.Find(key);
    const bool left_before = s.pay_settled >= s.pay && (!paid || paid->days.back().day <= from);
    if (left_before) return true;
    if (const AppliedDay* applied = applied_days_.Find({key.ta, key.confirm_day})) p.bound = std::min(p.bound,
        applied->position);
    return true;
  });
  return p;
}

// The first day on which this confirmed purchase was at the bank no more; not set: it still is.
Date AccountMachine::LeftTheBank(const LedgerEntry& line, uint64_t position, const InterestPeriod& p) {
  const Date posted = line.at.date();
  const auto days = p.days.find(line.ta);
  const Reservation* r = reservations_.Find(line.order);
  if (days == p.days.end() || !r) return posted;
  // The line's confirmation day: the last one that began before it and knows its serial number.
  auto at = std::upper_bound(days->second.begin(), days->second.end(), position,
                             [](uint64_t pos, const auto& d) { return pos < d.position; });
  while (at != days->second.begin()) {
    --at;
    if (!posted_.Find(PostedKey(line.ta, at->confirmed, TaSerialNo(line.reference)))) continue;
    const SettlementKey key{line.ta, at->confirmed, line.fund, ConfirmedBy(r->business)};
    if (const PaidDays* paid = paid_days_.Find(key)) {
      for (const PaidOn& one : paid->days)
        if (one.position > position) return one.day;
    }
    // Settled by a build that did not keep the day: it counts until it was confirmed.
    const Settlement* s = settlements_.Find(key);
    return s && s->pay_settled < s->pay ? Date() : posted;
  }
  return posted;
}

__int128 AccountMachine::FenDaysOf(uint64_t investor, const InterestPeriod& p) {
  const Investor* found = investors_.Find(investor);
  if (!found || found->last_line == 0) return 0;
  const uint64_t last_line = found->last_line;
  __int128 at_end = (found->cash.available + found->cash.reserved + found->cash.withdrawing).raw();
  __int128 sum = 0;
  for (uint64_t position = last_line; position != 0;) {
    const auto line = ledger_.Read(position);
    FC_CHECK(line.ok(), "a line of the ledger cannot be read: ", line.status().ToString());
    const Date day = line->at.date();
    if (day <= p.from && position < p.bound) break;
    const Movement legs = MovesOf(line->cause);
    if (!legs.units) {
      const int64_t change = (AtTheBank(legs.to) ? line->quantity : 0) - (AtTheBank(legs.from) ? line->quantity : 0);
      if (day > p.to) {
        at_end -= change;
      } else if (day > p.from) {
        sum -= static_cast<__int128>(change) * (day.days() - p.from.days());  // was not there before
      }
      if (line->cause == Cause::kPurchase && day <= p.to) {
        const Date left = LeftTheBank(*line, position, p);
        const int first = std::max(day, p.from).days();
        const int last = left.is_set() ? std::min(left.days() - 1, p.to.days()) : p.to.days();
        if (last >= first) sum += static_cast<__int128>(line->quantity) * (last - first + 1);
      }
    }
    position = line->previous;
  }
  return sum + at_end * (p.to.days() - p.from.days() + 1);
}

Result AccountMachine::Execute(const ReceiveInterest& c, const Context& ctx) {
  if (const InterestRun* seen = interest_runs_.Find(c.run); seen && seen->received.is_positive())
    return {.reason = seen->received == c.amount ? Reason::kNone : Reason::kInterestOtherAmount, .repeated = true};
  if (OtherPeriod(interest_runs_.Find(c.run), c.from, c.to)) return {.reason = Reason::kInterestOtherAmount};
  InterestRun& run = interest_runs_.Mutable(c.run);
  run.from = c.from;
  run.to = c.to;
  run.received = c.amount;
  const std::string reference = InterestReference(c.run);
  ledger_.MoveCash(Cause::kInterestReceived, c.amount, nullptr, nullptr, {.at = ctx.now, .reference = reference});
  return {.amount = c.amount};
}

Result AccountMachine::Execute(const WeighInterest& c, const Context& ctx) {
  // Stamps never go back: from now on no line of the period can come.
  if (ctx.now.date() <= c.to) return {.reason = Reason::kInterestPeriodNotOver};
  if (OtherPeriod(interest_runs_.Find(c.run), c.from, c.to)) return {.reason = Reason::kInterestOtherAmount};
  InterestRun& run = interest_runs_.Mutable(c.run);
  if (run.weighed) return {.repeated = true};
  run.from = c.from;
  run.to = c.to;
  const InterestPeriod period = PeriodOf(c.from, c.to);
  const uint64_t until = std::min(investors(), run.weighed_to + kInvestorsACommand);
  __int128 sum = run.sum.value();
  while (run.weighed_to < until) {
    const uint64_t investor = ++run.weighed_to;
    const __int128 weight = FenDaysOf(investor, period);
    FC_CHECK(weight >= 0, "investor ", investor, " has less than nothing at the bank");
    if (weight == 0) continue;
    interest_shares_.Put({c.run, investor}, {.fen_days = FenDays::Of(weight)});
    sum += weight;
    ++run.investors;
  }
  run.sum = FenDays::Of(sum);
  run.weighed = until == investors();
  return {.more = !run.weighed};
}

Result AccountMachine::Execute(const SpreadInterest& c, const Context& ctx) {
  const InterestRun* seen = interest_runs_.Find(c.run);
  if (!seen || !seen->weighed) return {.reason = Reason::kInterestNotWeighed};
  if (seen->spread) return {.repeated = true, .amount = seen->paid};
  // A sum of all that is less than what is here is none: parts would be larger than the whole.
  if (c.terms.all.value() < seen->sum.value()) return {.reason = Reason::kInterestOtherAmount};
  InterestRun& run = interest_runs_.Mutable(c.run);
  const std::string reference = InterestReference(c.run);
  const uint64_t until = std::min(run.weighed_to, run.spread_to + kInvestorsACommand);
  while (run.spread_to < until) {
    const uint64_t seq = ++run.spread_to;
    InterestShare* share = interest_shares_.FindMutable({c.run, seq});
    if (!share) continue;
    InterestPart part = InterestPartOf(share->fen_days, c.terms.amount, c.terms.all.value());
    const __int128 above = c.terms.above.value();
    const bool tie = part.rest == above && run.ties_given < c.terms.ties;
    if (tie) ++run.ties_given;
    if (tie || part.rest > above) part.whole += Money::FromRaw(1);
    share->amount = part.whole;
    if (part.whole.is_zero()) continue;
    Investor& investor = investors_.Mutable(seq);
    ledger_.MoveCash(Cause::kInterestCredited, part.whole, &investor.cash, &investor.last_line,
                     {.at = ctx.now, .reference = reference});
    run.paid += part.whole;
    ++run.payees;
  }
  run.spread = run.spread_to == run.weighed_to;
  return {.more = !run.spread, .amount = run.paid};
}

}  // namespace fundcore::account
