// The transfer agent's side of the confirmation benchmark: ta_sim over the same folder.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/time/time.h"
#include "tests/support/market.h"

namespace fundcore::bench {

absl::Status AnswerAsRegistry(const std::string& exchange, const std::string& state, const testing::Market& market, Date confirm_day);

}  // namespace fundcore::bench
