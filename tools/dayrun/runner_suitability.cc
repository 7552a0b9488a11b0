// Suitability: policies, answers, confirmations, and the evidence of them.
#include <algorithm>

#include "fundcore/risk/v1/risk.pb.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {

namespace rv1 = risk::v1;

absl::Status Runner::Do(const PutSuitability& s) {
  constexpr Duration kLead = Duration::Seconds(30);
  rv1::PutPolicyRequest q;
  rv1::Policy* p = q.mutable_policy();
  p->set_version(s.version);
  p->set_effective_at_us((driver_->Now() + kLead).raw());
  for (int n = 1; n <= 5; ++n) {
    rv1::Question* question = p->add_questions();
    question->set_text(StrCat("问题", n));
    for (uint32_t option = 0; option < 5; ++option) {
      rv1::QuestionOption* o = question->add_options();
      o->set_text(StrCat("选项", option));
      o->set_points(5 * option);
      o->set_lowest(n == 1 && option == 0);
    }
  }
  for (uint32_t from : {21u, 41u, 61u, 81u}) p->add_class_from(from);
  p->set_valid_months(static_cast<uint32_t>(s.valid_months));
  p->set_mismatch_text(StrCat("风险不匹配警示及确认书 ", s.version));
  if (s.age_from > 0) {
    p->set_age_from(static_cast<uint32_t>(s.age_from));
    p->set_age_grade(static_cast<uint32_t>(s.age_grade));
    p->set_age_text(StrCat("高龄投资者特别提示 ", s.version));
  }
  return Ask<rv1::PutPolicyResponse>("fundcore.risk.v1.RiskService/PutPolicy", q, kOperator).status();
}

absl::Status Runner::Do(const AnswerQuestions& s) {
  rv1::AssessRequest q;
  q.set_request_id(RequestId(0));
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  q.set_questionnaire(s.version);
  for (int o : s.options) q.add_options(static_cast<uint32_t>(o));
  auto answer = Ask<rv1::AssessResponse>("fundcore.risk.v1.RiskService/Assess", q, kApp);
  FC_RETURN_IF_ERROR(Judged(answer.status(), s.outcome, "the answers"));
  if (s.risk_class == 0 || !answer.ok()) return absl::OkStatus();
  rv1::GetProfileRequest ask;
  ask.set_investor_id(investor);
  FC_ASSIGN_OR_RETURN(auto profile, Ask<rv1::GetProfileResponse>("fundcore.risk.v1.RiskService/GetProfile", ask, kApp));
  const auto words = [](uint32_t risk_class, bool lowest) { return lowest ? std::string("lowest") : StrCat("C", risk_class); };
  const std::string expected = words(static_cast<uint32_t>(s.risk_class), s.lowest);
  const std::string found = words(profile.risk_class(), profile.lowest_class());
  return expected == found ? absl::OkStatus() : Differs("the class", expected, found);
}

absl::Status Runner::Do(const SetFacts& s) {
  rv1::SetInvestorRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  if (s.born) q.set_birth_day(s.born->raw());
  if (s.professional_until) q.set_professional_until(s.professional_until->raw());
  q.set_pension_account(s.pension);
  return Ask<rv1::SetInvestorResponse>("fundcore.risk.v1.RiskService/SetInvestor", q, kOperator).status();
}

absl::Status Runner::Do(const ConfirmText& s) {
  rv1::ConfirmRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  q.set_fund_code(s.fund);
  q.set_kind(s.kind);
  q.set_text_version(s.version);
  q.set_reference(s.reference);
  return Judged(Ask<rv1::ConfirmResponse>("fundcore.risk.v1.RiskService/Confirm", q, kApp).status(), s.outcome, "the confirmation");
}

absl::Status Runner::Do(const CheckEvidence& s) {
  rv1::GetDecisionRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t order, OrderNumber(s.order));
  q.set_order_id(order);
  FC_ASSIGN_OR_RETURN(auto d, Ask<rv1::GetDecisionResponse>("fundcore.risk.v1.RiskService/GetDecision", q, kOperator));
  if (s.key == "rule") {
    const bool fired = std::find(d.rules().begin(), d.rules().end(), s.value) != d.rules().end();
    return fired ? absl::OkStatus() : Differs("the rules that fired", s.value, d.rules_size() > 0 ? d.rules(0) : "none");
  }
  const auto found = d.inputs().find(s.key);
  const std::string value = found == d.inputs().end() ? "nothing" : found->second;
  return value == s.value ? absl::OkStatus() : Differs(s.key, s.value, value);
}

absl::Status Runner::Do(const SetWatch& s) {
  rv1::SetWatchRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  q.set_level(static_cast<uint32_t>(s.level));
  q.set_why("a day script");
  return Ask<rv1::SetWatchResponse>("fundcore.risk.v1.RiskService/SetWatch", q, kOperator).status();
}

absl::Status Runner::Do(const CountEvidence& s) {
  rv1::GetEvidenceRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  FC_ASSIGN_OR_RETURN(auto e, Ask<rv1::GetEvidenceResponse>("fundcore.risk.v1.RiskService/GetEvidence", q, kOperator));
  if (e.assessments_size() != s.assessments) return Differs("assessments", StrCat(s.assessments), StrCat(e.assessments_size()));
  if (e.confirmations_size() != s.confirmations)
    return Differs("confirmations", StrCat(s.confirmations), StrCat(e.confirmations_size()));
  for (const rv1::ConfirmationEvidence& c : e.confirmations())
    if (c.kind() == "recording" ? c.reference().empty() : c.text().empty())
      return Differs("a confirmation of kind " + c.kind(), "its text or reference", "none");
  return absl::OkStatus();
}

}  // namespace fundcore::dayrun
