// A stored decision in words: for people and for the API, never on the hot path.
#pragma once

#include "fundcore/risk/v1/risk.pb.h"
#include "services/risk/machine.h"

namespace fundcore::risk {

// "ALLOW", "CHALLENGE", "BLOCK"; "" for kNotYet.
std::string_view OutcomeName(Outcome outcome);

// Everything but order_id. `fund` is empty where the fund was unknown to the decision.
void RenderDecision(const Decision& decision, const RiskMachine::Explained& explained, const FundCode& fund,
                    v1::GetDecisionResponse* out);

}  // namespace fundcore::risk
