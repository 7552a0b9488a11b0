// Finds the calculation that was asked for; each is in a file of its kind.
#include "tools/fundctl/calc.h"

#include "tools/fundctl/calc_parts.h"

namespace fundcore::fundctl {
namespace {

const std::vector<Calculation>& Calculations() {
  static const std::vector<Calculation> all = [] {
    std::vector<Calculation> list = TradeCalculations();
    for (auto& more : {MoneyCalculations(), FundCalculations()}) list.insert(list.end(), more.begin(), more.end());
    return list;
  }();
  return all;
}

}  // namespace

absl::StatusOr<CalcResult> RunCalc(std::span<const std::string> args) {
  if (args.empty()) return Wrong(StrCat("which calculation?\n", CalcUsage()));
  for (const Calculation& c : Calculations()) {
    if (c.name != args[0]) continue;
    FC_ASSIGN_OR_RETURN(const Options options, Options::Read(args.subspan(1), c.options));
    return c.run(options);
  }
  return Wrong(StrCat("unknown calculation \"", args[0], "\"\n", CalcUsage()));
}

std::string CalcUsage() {
  std::string text;
  for (const Calculation& c : Calculations()) text += StrCat("  fundctl calc ", c.name, " ", c.usage, "\n");
  text += "  fundctl calc --cases FILE|-                     a calculation a line, as JSON (docs/calc.md)\n";
  return text;
}

}  // namespace fundcore::fundctl
