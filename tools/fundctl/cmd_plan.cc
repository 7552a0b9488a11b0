// fundctl plan: orders that come again by themselves (docs/plans.md).
#include <array>

#include "fundcore/trade/v1/trade.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = trade::v1;
constexpr std::string_view kFace = "fundcore.trade.v1.TradeService/";
constexpr std::array<std::string_view, 7> kDays = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

constexpr std::pair<std::string_view, v1::PlanTerms::MissRule> kRules[] = {
    {"three-in-a-row", v1::PlanTerms::THREE_IN_A_ROW},
    {"three-in-all", v1::PlanTerms::THREE_IN_ALL},
    {"twelve-in-a-row", v1::PlanTerms::TWELVE_IN_A_ROW}};

std::string_view RuleWord(v1::PlanTerms::MissRule rule) {
  for (const auto& [word, known] : kRules)
    if (known == rule) return word;
  return "";
}

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string When(const v1::PlanTerms& t) {
  if (t.unit() == v1::PlanTerms::MONTHLY) return StrCat("monthly on ", t.day());
  const std::string_view day = t.day() >= 1 && t.day() <= kDays.size() ? kDays[t.day() - 1] : "?";
  return StrCat(t.unit() == v1::PlanTerms::WEEKLY ? "weekly" : "fortnightly", " on ", day);
}

std::string What(const v1::PlanTerms& t) {
  if (t.redemption()) return StrCat("redeems ", Units::FromRaw(t.units_e2()).ToGrouped(), " units");
  return StrCat(t.to_target() ? "buys up to " : "buys for ", Money::FromRaw(t.amount_fen()).ToGrouped());
}

// Without the prefix that only programs need.
std::string StateWord(v1::PlanState state) {
  constexpr std::string_view kPrefix = "PLAN_";
  std::string name = v1::PlanState_Name(state);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

Answer Describe(const v1::Plan& p) {
  Answer a;
  a.Add("plan", OrderId(p.plan_id()));
  a.Add("investor", InvestorId(p.investor_id()));
  a.Add("fund", p.fund_code());
  a.Add("state", StateWord(p.state()));
  a.Add("reason", p.reason(), !p.reason().empty());
  a.Add("message", p.message(), !p.message().empty());
  a.Add("what", What(p.terms()));
  a.Add("when", When(p.terms()));
  a.Add("first_day", Date::FromRaw(p.terms().first_day()));
  a.Add("last_day", Date::FromRaw(p.terms().last_day()), p.terms().last_day() != 0);
  a.Add("times", p.terms().times(), p.terms().times() != 0);
  a.Add("ends_after", RuleWord(p.terms().miss_rule()));
  a.Add("next_day", Date::FromRaw(p.next_day()), p.next_day() != 0);
  a.Add("debits", p.debits());
  a.Add("debited", Money::FromRaw(p.debited_fen()), !p.terms().redemption());
  a.Add("redeemed", Units::FromRaw(p.redeemed_e2()), p.terms().redemption());
  a.Add("misses", p.misses());
  a.Add("misses_in_a_row", p.misses_in_a_row());
  if (p.has_wanted()) a.Add("asked_for", StrCat(What(p.wanted()), ", ", When(p.wanted()), "; the institution has not answered"));
  if (p.contract_order_id() != 0) a.Add("told_by_order", OrderId(p.contract_order_id()));
  if (p.order_id() != 0) a.Add("order_under_way", OrderId(p.order_id()));
  a.Add("request_id", p.request_id());
  Table& notes = a.AddTable("notes", {"debit_day", "on", "event", "order", "reason"}, "what became of its last debits");
  for (const auto& n : p.notes())
    notes.Row({Date::FromRaw(n.debit_day()), Date::FromRaw(n.day()), v1::PlanEvent_Name(n.event()),
               n.order_id() == 0 ? Value("") : Value(OrderId(n.order_id())), n.reason()});
  return a;
}

absl::StatusOr<v1::PlanTerms> ReadTerms(const PlanOptions& o) {
  v1::PlanTerms t;
  if (!o.purchase.empty() + !o.target.empty() + !o.redeem.empty() != 1)
    return absl::InvalidArgumentError("give exactly one of --purchase AMOUNT, --up-to AMOUNT and --redeem UNITS");
  if (!o.redeem.empty()) {
    FC_ASSIGN_OR_RETURN(const Units units, ReadUnits(o.redeem));
    t.set_redemption(true);
    t.set_units_e2(units.raw());
  } else {
    FC_ASSIGN_OR_RETURN(const Money amount, ReadAmount(o.purchase.empty() ? o.target : o.purchase));
    t.set_amount_fen(amount.raw());
    t.set_to_target(!o.target.empty());
  }
  if (!o.weekly.empty() + !o.fortnightly.empty() + (o.monthly != 0) != 1)
    return absl::InvalidArgumentError("give exactly one of --weekly DAY, --fortnightly DAY (monday to sunday) and --monthly 1 to 31");
  if (o.monthly != 0) {
    t.set_unit(v1::PlanTerms::MONTHLY);
    t.set_day(o.monthly);
  } else {
    const std::string day = Lower(o.weekly.empty() ? o.fortnightly : o.weekly);
    t.set_unit(o.weekly.empty() ? v1::PlanTerms::FORTNIGHTLY : v1::PlanTerms::WEEKLY);
    for (size_t i = 0; i < kDays.size(); ++i)
      if (day == kDays[i]) t.set_day(static_cast<uint32_t>(i + 1));
    if (t.day() == 0) return absl::InvalidArgumentError(StrCat("\"", day, "\" is no day of the week; give monday to sunday"));
  }
  FC_ASSIGN_OR_RETURN(const Date first, ReadDay(o.first));
  if (!first.is_set()) return absl::InvalidArgumentError("--from DAY is missing: no debit is made before it");
  FC_ASSIGN_OR_RETURN(const Date last, ReadDay(o.last));
  t.set_first_day(first.raw());
  t.set_last_day(last.raw());
  t.set_times(o.times);
  for (const auto& [word, rule] : kRules)
    if (o.misses == word) t.set_miss_rule(rule);
  if (t.miss_rule() == v1::PlanTerms::MISS_RULE_UNSPECIFIED)
    return absl::InvalidArgumentError(StrCat("--ends-after \"", o.misses, "\": give three-in-a-row, three-in-all or twelve-in-a-row"));
  t.set_mismatch_confirmed(o.mismatch_confirmed);
  t.set_defer_large_redemption(t.redemption() && !o.cancel_rest);
  return t;
}

}  // namespace

Result MakePlan(Remote& remote, const PlanOptions& o) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  v1::MakePlanRequest request;
  request.set_request_id(RequestIdOr(o.request_id));
  request.set_investor_id(investor.raw());
  request.set_fund_code(o.fund);
  FC_ASSIGN_OR_RETURN(*request.mutable_terms(), ReadTerms(o));
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::PlanResponse>(StrCat(kFace, "MakePlan"), request));
  Answer a = Describe(r.plan());
  a.Add("repeated", r.repeated());
  return a;
}

Result ListPlans(Remote& remote, const std::string& who) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  v1::ListPlansRequest request;
  request.set_investor_id(investor.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ListPlansResponse>(StrCat(kFace, "ListPlans"), request));
  Answer a;
  Table& t = a.AddTable("plans", {"plan", "fund", "what", "when", "state", "next_day", "debits", "misses", "reason"});
  for (const v1::Plan& p : r.plans())
    t.Row({OrderId(p.plan_id()), p.fund_code(), What(p.terms()), When(p.terms()), StateWord(p.state()), Date::FromRaw(p.next_day()),
           p.debits(), p.misses(), p.reason()});
  return a;
}

Result AskOfPlan(Remote& remote, const std::string& method, const std::string& who, const std::string& plan) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  FC_ASSIGN_OR_RETURN(const OrderId id, ReadOrder(plan));
  v1::PlanRequest request;
  request.set_investor_id(investor.raw());
  request.set_plan_id(id.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::PlanResponse>(StrCat(kFace, method), request));
  return Describe(r.plan());
}

}  // namespace fundcore::fundctl
