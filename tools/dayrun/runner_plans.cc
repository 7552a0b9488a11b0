// Plans, as investors make them and as days make orders of them.
#include <charconv>

#include "common/types/ids.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {

namespace tv1 = trade::v1;

absl::StatusOr<uint64_t> Runner::PlanNumber(const std::string& name) const {
  const std::string text = progress_->Get(StrCat("plan ", name));
  uint64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  if (n == 0) return absl::InvalidArgumentError(StrCat("no plan was named ", name));
  return n;
}

absl::StatusOr<tv1::Plan> Runner::PlanNow(const std::string& name) {
  FC_ASSIGN_OR_RETURN(uint64_t plan, PlanNumber(name));
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(progress_->Get(StrCat("plan of ", name))));
  tv1::PlanRequest q;
  q.set_investor_id(investor);
  q.set_plan_id(plan);
  FC_ASSIGN_OR_RETURN(auto answer, Ask<tv1::PlanResponse>("fundcore.trade.v1.TradeService/GetPlan", q, kApp));
  return answer.plan();
}

absl::Status Runner::Do(const MakePlan& s) {
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  tv1::PlanTerms terms;
  terms.set_unit(s.unit == "weekly" ? tv1::PlanTerms::WEEKLY
                 : s.unit == "monthly" ? tv1::PlanTerms::MONTHLY
                                       : tv1::PlanTerms::FORTNIGHTLY);
  terms.set_day(static_cast<uint32_t>(s.day));
  terms.set_first_day(s.first.value_or(Today().AddDays(1)).raw());
  if (s.last) terms.set_last_day(s.last->raw());
  terms.set_times(static_cast<uint32_t>(s.times));
  terms.set_miss_rule(static_cast<tv1::PlanTerms::MissRule>(s.rule));
  terms.set_redemption(s.redemption);
  terms.set_amount_fen(s.amount.raw());
  terms.set_units_e2(s.units.raw());
  terms.set_to_target(s.to_target);
  terms.set_mismatch_confirmed(s.mismatch_confirmed);
  terms.set_defer_large_redemption(s.rest_deferred);
  if (s.change) {
    tv1::ChangePlanRequest q;
    q.set_investor_id(investor);
    FC_ASSIGN_OR_RETURN(uint64_t plan, PlanNumber(s.name));
    q.set_plan_id(plan);
    *q.mutable_terms() = terms;
    auto answer = Ask<tv1::PlanResponse>("fundcore.trade.v1.TradeService/ChangePlan", q, kApp);
    return Judged(answer.status(), s.outcome, "the change");
  }
  tv1::MakePlanRequest q;
  q.set_request_id(RequestId(0));
  q.set_investor_id(investor);
  q.set_fund_code(s.fund);
  *q.mutable_terms() = terms;
  auto answer = Ask<tv1::PlanResponse>("fundcore.trade.v1.TradeService/MakePlan", q, kApp);
  if (answer.ok() && !s.name.empty()) {
    progress_->Set(StrCat("plan ", s.name), StrCat(answer->plan().plan_id()));
    progress_->Set(StrCat("plan of ", s.name), s.who);
  }
  return Judged(answer.status(), s.outcome, "the plan");
}

absl::Status Runner::Do(const SetPlan& s) {
  tv1::PlanRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  FC_ASSIGN_OR_RETURN(uint64_t plan, PlanNumber(s.name));
  q.set_investor_id(investor);
  q.set_plan_id(plan);
  const std::string_view method = s.verb == "pauses" ? "PausePlan" : s.verb == "resumes" ? "ResumePlan" : "EndPlan";
  auto answer = Ask<tv1::PlanResponse>(StrCat("fundcore.trade.v1.TradeService/", method), q, kApp);
  return Judged(answer.status(), s.outcome, s.verb);
}

absl::Status Runner::Do(const CheckPlan& s) {
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(tv1::Plan p, PlanNow(s.name));
    const auto differs = [](std::string_view what, std::string_view expected, std::string_view found) {
      return StrCat(what, ": expected ", expected, ", found ", found);
    };
    if (tv1::PlanState_Name(p.state()) != s.state)
      return differs("the plan", s.state, StrCat(tv1::PlanState_Name(p.state()), " ", p.reason()));
    if (!s.reason.empty() && p.reason() != s.reason) return differs("the reason", s.reason, p.reason());
    if (s.debits && *s.debits != static_cast<int>(p.debits())) return differs("debits", StrCat(*s.debits), StrCat(p.debits()));
    if (s.misses && *s.misses != static_cast<int>(p.misses())) return differs("misses", StrCat(*s.misses), StrCat(p.misses()));
    if (s.in_a_row && *s.in_a_row != static_cast<int>(p.misses_in_a_row()))
      return differs("misses in a row", StrCat(*s.in_a_row), StrCat(p.misses_in_a_row()));
    if (s.next && s.next->raw() != p.next_day())
      return differs("the next day", s.next->Iso(), p.next_day() == 0 ? "none" : Date::FromRaw(p.next_day()).Iso());
    if (s.event.empty()) return std::string();
    if (p.notes().empty()) return differs("the last note", s.event, "none");
    const tv1::PlanNote& last = *p.notes().rbegin();
    if (tv1::PlanEvent_Name(last.event()) != s.event)
      return differs("the last note", s.event, StrCat(tv1::PlanEvent_Name(last.event()), " ", last.reason()));
    if (!s.event_reason.empty() && last.reason() != s.event_reason)
      return differs("its reason", s.event_reason, last.reason());
    return std::string();
  });
}

absl::Status Runner::Do(const FindDebit& s) {
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(progress_->Get(StrCat("plan of ", s.name))));
  FC_ASSIGN_OR_RETURN(uint64_t plan, PlanNumber(s.name));
  FC_RETURN_IF_ERROR(Eventually([&]() -> absl::StatusOr<std::string> {
    uint64_t order = 0;
    if (s.contract) {
      FC_ASSIGN_OR_RETURN(tv1::Plan p, PlanNow(s.name));
      order = p.contract_order_id();
    } else {
      const std::string id = StrCat("plan/", FormatOrderId(OrderId(plan)), "/", s.day.Compact());
      tv1::ListOrdersRequest q;
      q.set_investor_id(investor);
      q.set_page_size(500);
      FC_ASSIGN_OR_RETURN(auto answer, Ask<tv1::ListOrdersResponse>("fundcore.trade.v1.TradeService/ListOrders", q, kApp));
      for (const tv1::Order& o : answer.orders())
        if (o.request_id() == id) order = o.order_id();
    }
    if (order == 0) return StrCat("plan ", s.name, ": expected an order, found none");
    progress_->Set("order", StrCat(order));
    return std::string();
  }));
  return s.outcome ? Do(CheckOrder{{}, *s.outcome}) : absl::OkStatus();
}

}  // namespace fundcore::dayrun
