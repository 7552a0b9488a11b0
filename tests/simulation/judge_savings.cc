// What the judge knows of savings plans: which orders the system may make of them, on which days, and when they are over.
//
// It counts debit days itself: those that the plan names, moved to the first day on which fund and institution are open. A debit
// that fails for want of cash or units may be tried twice more, on the open days that follow.
#include <algorithm>

#include "common/base/check.h"
#include "common/rpc/handlers.h"
#include "common/types/ids.h"
#include "tests/simulation/client.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/trace.h"

namespace fundcore::simulation {

namespace tv1 = trade::v1;

namespace {

constexpr TimeOfDay kDebits = TimeOfDay::Hms(9, 30);
constexpr size_t kTries = 3;

bool NotEnough(const tv1::Order& o) {
  return o.state() == tv1::REJECTED && (o.reason() == "NOT_ENOUGH_CASH" || o.reason() == "NOT_ENOUGH_UNITS");
}
bool IsUndone(const tv1::Order& o) {
  return o.state() == tv1::REJECTED || o.state() == tv1::CANCELLED || o.state() == tv1::REFUSED;
}

int DayOfMonth(Date d) { return d.raw() % 100; }

// The last day of a month counts for days that the month does not have.
bool IsNominal(const Savings& s, Date d) {
  if (!s.monthly) return d.weekday() + 1 == s.day;
  const bool last = DayOfMonth(d.AddDays(1)) == 1;
  return DayOfMonth(d) == s.day || (last && DayOfMonth(d) < s.day);
}

}  // namespace

std::vector<Date> Judge::DebitDays(const Savings& s, Date made) const {
  const dayrun::GivenFund& fund = plan_.FundOf(s.fund);
  std::vector<Date> out;
  for (Date d = std::max(s.first, made.AddDays(1)); d <= s.last; d = d.AddDays(1)) {
    if (!IsNominal(s, d)) continue;
    Date due = d;
    while (!*plan_.CalendarOf(fund).IsOpen(due) || !*plan_.CalendarOf(plan_.TaOf(fund)).IsOpen(due)) due = due.AddDays(1);
    out.push_back(due);
  }
  return out;
}

void Judge::SavingsAnswered(size_t which, const absl::Status& status, const tv1::PlanResponse& r) {
  Saving& known = savings_[which];
  const Savings& s = plan_.savings[which];
  if (!status.ok()) {
    if (IsTrouble(status)) return;
    const std::string reason = rpc::ReasonOf(status);
    const dayrun::GivenFund& fund = plan_.FundOf(s.fund);
    const int64_t least = fund.additional.is_positive() ? fund.additional.raw() : fund.minimum.raw();
    const bool possible = (reason == "PLAN_BEGINS_TOO_EARLY" && s.first <= now_().date()) ||
                          (reason == "PLAN_WITHOUT_DEBITS" && DebitDays(s, s.first.AddDays(-1)).empty()) ||
                          ((reason == "AMOUNT_BELOW_ADDITIONAL_MINIMUM" || reason == "AMOUNT_BELOW_FIRST_MINIMUM") &&
                           !s.redemption && s.amount_fen < least) ||
                          (reason == "AMOUNT_ABOVE_MAXIMUM" && fund.maximum.is_positive() && s.amount_fen > fund.maximum.raw()) ||
                          (reason == "UNITS_BELOW_MINIMUM" && s.redemption && s.units_e2 < fund.min_redemption.raw());
    if (!possible) Fail("a plan was turned away for no reason of business", s.request, "a plan", Said(status));
    if (known.id != 0) Fail("the same plan had two effects", s.request, FormatOrderId(OrderId(known.id)), Said(status));
    known.refused = reason;
    return;
  }
  if (!known.refused.empty() || (known.id != 0 && known.id != r.plan().plan_id())) {
    Fail("the same plan had two effects", s.request, known.refused.empty() ? FormatOrderId(OrderId(known.id)) : known.refused,
         FormatOrderId(OrderId(r.plan().plan_id())));
  }
  if (known.id == 0) known.answered = now_();
  known.id = r.plan().plan_id();
}

void Judge::SavingsEndAnswered(size_t which, const absl::Status& status, const tv1::PlanResponse& r) {
  Saving& known = savings_[which];
  if (!status.ok()) {
    if (!IsTrouble(status))
      Fail("a plan could not be ended", plan_.savings[which].request, "PLAN_ENDED", Said(status));
    return;
  }
  if (r.plan().state() != tv1::PLAN_ENDED)
    Fail("an ended plan goes on", plan_.savings[which].request, "PLAN_ENDED", tv1::PlanState_Name(r.plan().state()));
  if (known.ended.raw() == 0) known.ended = now_();
}

std::string Judge::PendingSavings(const std::vector<tv1::Plan>& savings) const {
  for (const tv1::Plan& p : savings)
    if (p.state() != tv1::PLAN_ENDED)
      return StrCat("plan ", p.request_id(), " is ", tv1::PlanState_Name(p.state()), ", next on ", p.next_day());
  return "";
}

void Judge::AdoptDebits(const Findings& found) {
  std::map<uint64_t, const tv1::Plan*> plans;
  for (const tv1::Plan& p : found.savings) plans.emplace(p.plan_id(), &p);
  for (const tv1::Order& o : found.orders) {
    if (o.plan_id() == 0 || requests_.contains(o.request_id())) continue;
    const auto plan = plans.find(o.plan_id());
    if (plan == plans.end()) continue;  // an order that nobody asked for
    for (const Savings& s : plan_.savings) {
      if (s.request != plan->second->request_id()) continue;
      // What is missing to a target, only the system has worked out.
      int64_t amount = s.amount_fen;
      if (s.to_target) {
        if (o.amount_fen() <= 0 || o.amount_fen() > s.amount_fen)
          Fail("a debit above its plan's target", o.request_id(), StrCat("0.01 to ", Yuan(s.amount_fen)), Yuan(o.amount_fen()), o.order_id());
        amount = o.amount_fen();
      }
      ++tally_.debits;
      Request& r = requests_[o.request_id()];
      r.investor = s.investor;
      const Content content{s.redemption ? 24u : 22u, s.fund, amount, s.units_e2, s.mismatch_confirmed, ""};
      r.attempts.push_back({content, TimePoint::At(TimePoint::FromRaw(o.received_at_us()).date(), kDebits), 0});
      investors_[s.investor].requests.push_back(o.request_id());
    }
  }
}

void Judge::CheckSavings(const Findings& found) {
  std::map<std::string, const tv1::Plan*> seen;
  for (const tv1::Plan& p : found.savings) {
    const auto s = std::find_if(plan_.savings.begin(), plan_.savings.end(), [&](const Savings& s) { return s.request == p.request_id(); });
    if (s == plan_.savings.end()) {
      Fail("a plan nobody asked for", p.request_id(), "no plan", FormatOrderId(OrderId(p.plan_id())));
      continue;
    }
    if (!seen.emplace(p.request_id(), &p).second)
      Fail("the same plan had two effects", p.request_id(), "one plan", FormatOrderId(OrderId(p.plan_id())));
  }
  std::map<uint64_t, std::vector<const tv1::Order*>> debits;
  for (const tv1::Order& o : found.orders)
    if (o.plan_id() != 0) debits[o.plan_id()].push_back(&o);

  for (size_t n = 0; n < plan_.savings.size(); ++n) {
    const Savings& s = plan_.savings[n];
    const Saving& known = savings_[n];
    const auto there = seen.find(s.request);
    if (there == seen.end()) {
      if (known.id != 0) Fail("an acknowledged plan is gone", s.request, FormatOrderId(OrderId(known.id)), "no plan");
      continue;
    }
    const tv1::Plan& p = *there->second;
    if (!known.refused.empty()) Fail("a refused plan is there", s.request, known.refused, tv1::PlanState_Name(p.state()));
    if (known.id != 0 && known.id != p.plan_id())
      Fail("the same plan had two effects", s.request, FormatOrderId(OrderId(known.id)), FormatOrderId(OrderId(p.plan_id())));
    if (p.investor_id() != investors_.at(s.investor).id || p.fund_code() != s.fund || p.terms().amount_fen() != s.amount_fen ||
        p.terms().units_e2() != s.units_e2 || p.terms().first_day() != s.first.raw() || p.terms().last_day() != s.last.raw())
      Fail("a plan with another content", s.request, StrCat(Yuan(s.amount_fen), " of ", s.fund), p.ShortDebugString());
    const bool over = p.reason() == "PLAN_DONE" || (p.reason() == "PLAN_MISSED_TOO_OFTEN" && p.misses_in_a_row() >= 3) ||
                      (p.reason() == "PLAN_ENDED_BY_INVESTOR" && known.end_sent);
    if (p.state() != tv1::PLAN_ENDED || !over) Fail("a plan is not over for a reason that holds", s.request, "PLAN_DONE", p.ShortDebugString());

    std::vector<const tv1::Order*>& orders = debits[p.plan_id()];
    std::sort(orders.begin(), orders.end(), [](const tv1::Order* a, const tv1::Order* b) { return a->received_at_us() < b->received_at_us(); });
    // It was made on one of these days; where that is not known for sure, the earlier one.
    const Date made = known.sent.empty() ? s.made_at.date() : known.sent.front().date();
    const bool made_surely = known.id != 0 && known.answered.date() == made;
    std::vector<Date> days = DebitDays(s, made);
    const dayrun::GivenFund& fund = plan_.FundOf(s.fund);
    // Orders one after the other: while there is not enough they are tries of one debit, three at most.
    std::vector<std::vector<const tv1::Order*>> tries;
    uint64_t standing = 0;
    int64_t money = 0, units = 0;
    for (const tv1::Order* o : orders) {
      const TimePoint at = TimePoint::FromRaw(o->received_at_us());
      if (!IsUndone(*o)) {
        ++standing;
        money += o->amount_fen();
        units += o->units_e2();
      }
      if (known.ended.raw() != 0 && at > known.ended)
        Fail("a debit of an ended plan", o->request_id(), StrCat("ended by ", known.ended.Iso()), at.Iso(), o->order_id());
      const bool fresh = tries.empty() || tries.back().size() == kTries || !NotEnough(*tries.back().back());
      if (fresh) tries.emplace_back();
      const bool open = *plan_.CalendarOf(fund).IsOpen(at.date()) && *plan_.CalendarOf(plan_.TaOf(fund)).IsOpen(at.date());
      const bool due = tries.size() <= days.size() && at.date() >= days[tries.size() - 1];
      if (!open || !due || at.time_of_day() < kDebits) {
        std::string named;
        for (Date d : days) named += StrCat(named.empty() ? "" : ", ", d.Iso());
        Fail("a debit on a day that its plan does not name", o->request_id(), named.empty() ? "none" : named, at.Iso(), o->order_id());
      }
      if (!fresh && TimePoint::FromRaw(tries.back().back()->received_at_us()).date() >= at.date())
        Fail("a debit was tried twice on one day", o->request_id(), "one order a day", at.Iso(), o->order_id());
      tries.back().push_back(o);
    }
    if (p.debits() != standing || p.debited_fen() != money || p.redeemed_e2() != units) {
      Fail("a plan counts other debits than there are", s.request, StrCat(standing, " for ", Yuan(money), " and ", UnitsText(units)),
           StrCat(p.debits(), " for ", Yuan(p.debited_fen()), " and ", UnitsText(p.redeemed_e2())));
    }
    // The first debit day must have had its debit, unless something else was said of it.
    if (!made_surely || known.end_sent || days.empty()) continue;
    const auto excused = [&](Date due) {
      return std::any_of(p.notes().begin(), p.notes().end(), [&](const tv1::PlanNote& note) {
        const bool stopped = note.event() == tv1::FUND_SUSPENDED && stopped_.contains(s.fund);
        const bool reached = note.event() == tv1::NOTHING_TO_BUY && s.to_target;
        return note.debit_day() == due.raw() && (stopped || reached);
      });
    };
    if (orders.empty() && !excused(days.front()))
      Fail("a debit was never made", s.request, StrCat("an order on ", days.front().Iso()), p.ShortDebugString());
    // Without trouble it is made on the very day.
    if (plan_.Calm() && !orders.empty() && !excused(days.front())) {
      const Date first = TimePoint::FromRaw(orders.front()->received_at_us()).date();
      if (first != days.front()) Fail("a debit on a day that its plan does not name", s.request, days.front().Iso(), first.Iso());
    }
  }
}

}  // namespace fundcore::simulation
