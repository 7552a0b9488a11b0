// What an institution says about itself: the JSON that `ta_sim report --json` writes, read back for the comparison.
//
//   FC_ASSIGN_OR_RETURN(TaReport theirs, ReadTaReport("ta-11.json"));
//   theirs.units["110022"]
//
// The report names funds and not the institution; whoever compares finds it through the fund. Plain values.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/money/decimal.h"
#include "common/time/time.h"

namespace fundcore::fundctl {

struct TaCashLine {
  std::string fund;
  Date pay_day;
  Money amount;
  bool we_receive = false;
};

struct TaReport {
  std::map<std::string, Units> units;  // by fund
  std::vector<TaCashLine> cash;        // every line of file 25 so far
};

// kNotFound where it cannot be read; kDataLoss naming what is missing or malformed.
absl::StatusOr<TaReport> ReadTaReport(const std::string& path);
absl::StatusOr<TaReport> ParseTaReport(std::string_view json, const std::string& name);

}  // namespace fundcore::fundctl
