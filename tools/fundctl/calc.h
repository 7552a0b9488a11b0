// `fundctl calc`: one figure of fund arithmetic, worked out as the services do, for checking a confirmation by hand; or
// many, from a file of JSON lines.
//
//   auto r = RunCalc({{"subscribe", "--amount", "5000", "--rate", "1.2%", "--nav", "1.1280"}});
//   r->figures      // {"net", "4940.71"}, {"fee", "59.29"}, {"units", "4380.06"}, {"refund", "0.00"}
//   r->steps        // "net = 5000.00 ÷ (1 + 1.2%) = 4940.71", …
//
// Holds no state and does no input or output but that of RunCases; the program prints the figures as text or JSON. Figures
// are exact decimals, as text. docs/calc.md lists every calculation.
#pragma once

#include <istream>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace fundcore::fundctl {

struct CalcResult {
  std::vector<std::pair<std::string, std::string>> figures;  // in the order in which they are to be shown
  std::vector<std::string> steps;                            // how they came about, a line each
};

// args[0] is the calculation (see CalcUsage), then "--name value" or "--name=value". Errors: kInvalidArgument naming
// option and value (wrong use); kFailedPrecondition where the figures themselves cannot be (more units than the lots
// hold).
absl::StatusOr<CalcResult> RunCalc(std::span<const std::string> args);

// One line: the figures by name, all text, and where `steps` the list of them last.
std::string CalcJson(const CalcResult& result, bool steps);

// A calculation a line, as a JSON object: {"calc":"subscribe","amount":"5000","rate":"1.2%","nav":"1.1280"}. Its other keys
// are the options: text, or true for one that takes no value, or a list of texts for one that may be repeated. "id" (text)
// comes back with the answer, which is a line, too: the figures, or {"error":"…"}; "steps":true adds the steps. A line is at
// most 1 MiB. kInvalidArgument names the first line that is not such an object; what came before it is answered.
absl::Status RunCases(std::istream& in, std::ostream& out);

// Every calculation with its options, for --help.
std::string CalcUsage();

}  // namespace fundcore::fundctl
