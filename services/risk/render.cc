// See render.h.
#include "services/risk/render.h"

#include <string>

#include "common/base/check.h"

namespace fundcore::risk {

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotYet: return "";
    case Outcome::kAllow: return "ALLOW";
    case Outcome::kChallenge: return "CHALLENGE";
    case Outcome::kBlock: return "BLOCK";
  }
  return "";
}

void RenderDecision(const Decision& decision, const RiskMachine::Explained& explained, const FundCode& fund,
                    v1::GetDecisionResponse* out) {
  const Evidence& e = explained.evidence;
  out->set_outcome(std::string(OutcomeName(decision.outcome)));
  out->set_at_us(explained.decided.raw());
  for (uint16_t bit = 0; bit < 32; ++bit) {
    if (e.rules >> bit & 1) out->add_rules(std::string(ReasonName(static_cast<Reason>(bit))));
  }
  auto& inputs = *out->mutable_inputs();
  inputs["received_at"] = explained.received.Iso();
  inputs["business"] = StrCat("0", int{e.business});
  inputs["mismatch_confirmed"] = e.flags & kConfirmedFlag ? "true" : "false";
  inputs["amount"] = e.amount.ToString();
  inputs["units"] = e.units.ToString();
  inputs["day_amount"] = e.day_amount.ToString();
  inputs["day_orders"] = StrCat(e.day_orders);
  inputs["watch"] = StrCat(static_cast<int>(e.watch));
  if (e.risk_class > 0) {
    inputs["risk_class"] = StrCat("C", int{e.risk_class});
    inputs["lowest_class"] = e.flags & kLowestClassFlag ? "true" : "false";
    inputs["valid_until"] = e.valid_until.Iso();
  }
  const MoreEvidence& more = explained.more;
  if (!more.policy.empty()) inputs["policy"] = more.policy;
  if (more.age >= 0) inputs["age"] = StrCat(more.age);
  if (more.professional) inputs["professional"] = "true";
  if (!more.mismatch_version.empty()) {
    inputs["mismatch_text_version"] = more.mismatch_version;
    inputs["mismatch_confirmed_at"] = more.mismatch_at.Iso();
  }
  if (!more.age_version.empty()) {
    inputs["age_text_version"] = more.age_version;
    inputs["age_confirmed_at"] = more.age_at.Iso();
  }
  if (!more.recording.empty()) inputs["recording"] = more.recording;
  if (!fund.empty()) {
    inputs["fund_code"] = fund.str();
    inputs["risk_grade"] = StrCat("R", int{e.risk_grade});
    inputs["product_version"] = StrCat(e.product_version);
  }
}

}  // namespace fundcore::risk
