// The calculations of `fundctl calc`, by the file they are in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/fundctl/calc.h"
#include "tools/fundctl/calc_options.h"

namespace fundcore::fundctl {

struct Calculation {
  std::string_view name;
  std::string usage;
  std::vector<Options::Known> options;
  absl::StatusOr<CalcResult> (*run)(const Options&);
};

std::vector<Calculation> TradeCalculations();   // purchases, offers, redemptions, conversions, transfers, dividends
std::vector<Calculation> MoneyCalculations();   // money funds, fast redemption, interest
std::vector<Calculation> FundCalculations();    // large redemptions, service fees, the law, campaigns

}  // namespace fundcore::fundctl
