// The products: each a function that may be called again with the same arguments until it has done all it is to do.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core.h"
#include "shares.h"

namespace portfolio {

struct Weight {
  std::string fund;
  int64_t weight = 0;
};
// One line for people about each thing that was done.
using Tell = std::function<void(const std::string&)>;

// All of these: kFailedPrecondition where the core refused something for a business reason, kUnavailable where it cannot be reached.
// The text names fund and reason. What was done before stays done.

absl::Status Buy(Core& core, uint64_t investor, const std::string& id, int64_t amount_fen, const std::vector<Weight>& weights,
                 const Tell& tell);

// Also kDataLoss where the state file is another decision's or damaged.
absl::Status RebalanceBy(Core& core, uint64_t investor, const std::string& id, const std::vector<Weight>& weights,
                         int64_t tolerance_fen, const std::string& state_file, const Tell& tell);

struct SmartPlan {
  uint64_t investor = 0;
  std::string id, growth, steady;
  int64_t amount_fen = 0;  // a month
  int target_year = 0;
  int day = 1;             // of the month
  int32_t today = 0;       // yyyymmdd, as the core's clock says
};
absl::Status KeepSmartPlan(Core& core, const SmartPlan& plan, const Tell& tell);

struct Gift {
  uint64_t from = 0, from_card = 0, to = 0, to_card = 0;
  std::string id, fund;
  int64_t amount_fen = 0;
};
absl::Status Give(Core& core, const Gift& gift, const Tell& tell);

}  // namespace portfolio
