// `fundctl calc`: one figure of fund arithmetic, worked out as the services do, for checking a confirmation by hand.
//
//   auto r = RunCalc({{"subscribe", "--amount", "5000", "--rate", "1.2%", "--nav", "1.1280"}});
//   r->figures      // {"net", "4940.71"}, {"fee", "59.29"}, {"units", "4380.06"}, {"refund", "0.00"}
//
// Holds no state and does no input or output; the program prints the figures as text or JSON. Figures are exact
// decimals, as text.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace fundcore::fundctl {

struct CalcResult {
  std::vector<std::pair<std::string, std::string>> figures;  // in the order in which they are to be shown
};

// args[0] is the calculation (see CalcUsage), then "--name value" or "--name=value". Errors: kInvalidArgument naming
// option and value (wrong use); kFailedPrecondition where the figures themselves cannot be (more units than the lots
// hold).
absl::StatusOr<CalcResult> RunCalc(std::span<const std::string> args);

// Every calculation with its options, for --help.
std::string CalcUsage();

}  // namespace fundcore::fundctl
