// What the reconciliation of one answer has found so far, for those files of the worker that compare.
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "services/clearing/institution.h"

namespace fundcore::clearing {

struct InstitutionWorker::Reconciliation {
  Date day;
  Date answer_day;
  std::vector<Finding> findings;
  std::map<FundCode, Units> explained;  // by single lines of the 05 file: ours less theirs
  std::set<FundCode> unclear;           // a line of the fund differs in a way that gives no figure
  ReconciledDay command;
};

// The field of an 05 file that says what is neither units nor money yet.
inline constexpr std::string_view kIncomeField = "UndistributeMonetaryIncome";

}  // namespace fundcore::clearing
