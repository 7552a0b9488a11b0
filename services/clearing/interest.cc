// Runs of interest on settlement money: what the machine does.
#include "services/clearing/interest.h"

#include <algorithm>

#include "services/clearing/machine.h"

namespace fundcore::clearing {

using machine::Context;

namespace {
constexpr int kMostDays = 400;
}  // namespace

std::string_view StateName(InterestState state) {
  switch (state) {
    case InterestState::kSpreading: return "SPREADING";
    case InterestState::kSpread: return "SPREAD";
    case InterestState::kNobody: return "NOBODY";
  }
  return "UNKNOWN";
}

Result ClearingMachine::Execute(const RecordInterest& c, const Context& ctx) {
  if (const uint64_t* seen = interest_references_.Find(c.reference)) {
    const InterestRun& r = *interest_runs_.Find(*seen);
    const bool same = r.from == c.from && r.to == c.to && r.amount == c.amount;
    return {same ? Reason::kOk : Reason::kInterestReferenceReused, *seen};
  }
  if (c.person.empty()) return {Reason::kPersonMissing};
  if (c.from > c.to || c.to.days() - c.from.days() >= kMostDays) return {Reason::kInterestPeriodWrong};
  if (!c.amount.is_positive()) return {Reason::kInterestNotPositive};
  if (ctx.now.date() <= c.to) return {Reason::kInterestPeriodNotOver};
  uint64_t last = 0;
  bool overlaps = false;
  interest_runs_.ScanAll([&](const uint64_t& run, const InterestRun& r) {
    last = std::max(last, run);
    overlaps |= c.from <= r.to && r.from <= c.to;
    return true;
  });
  if (overlaps) return {Reason::kInterestPeriodOverlaps};

  const uint64_t run = last + 1;
  interest_references_.Put(c.reference, run);
  interest_runs_.Put(run, {.reference = c.reference, .from = c.from, .to = c.to, .amount = c.amount, .person = c.person,
                           .recorded_at = ctx.now});
  return {Reason::kOk, run};
}

Result ClearingMachine::Execute(const InterestEnded& c, const Context& ctx) {
  InterestRun* run = interest_runs_.FindMutable(c.run);
  if (!run || run->state != InterestState::kSpreading) return {Reason::kOk, c.run};
  run->paid = c.paid;
  run->investors = c.investors;
  run->done_at = ctx.now;
  run->state = c.paid == run->amount ? InterestState::kSpread : InterestState::kNobody;
  if (run->state == InterestState::kSpread) return {Reason::kOk, c.run};
  Finding f;
  f.kind = BreakKind::kInterestNotSpread;
  f.subject = StrCat("INTEREST-", c.run);
  f.rule = "NOBODY_TO_CREDIT";
  f.expected = run->amount.ToString();
  f.found = c.paid.ToString();
  f.message = StrCat("the bank's interest ", run->reference, " of ", run->amount.ToString(), " for ", run->from.Iso(),
      " to ",
                     run->to.Iso(), " is nobody's: no investor had money in the settlement account on any of these days; it "
                     "stays in SETTLEMENT_INTEREST, and people have to agree with the bank whose it is");
  Open({TaCode(), ctx.now.date()}, Stage::kNote, f, ctx);
  return {Reason::kOk, c.run};
}

}  // namespace fundcore::clearing
