// R1: where investors pay taxes. The agent takes a line of an account that it has, which says all that it must, and answers each
// in R2. It keeps none of it.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tools/ta_sim/fault.h"
#include "tools/ta_sim/inbox.h"
#include "tools/ta_sim/register.h"

namespace fundcore::ta_sim {

struct TaxAnswer {
  SheetNo sheet;
  Date day;
  ReturnCode code{"0000"};
};

bool IsTax(const InFile& file);

// The lines of an R1 file, decided; later ones behind earlier ones. `faults` may refuse all of them.
absl::Status AnswerTax(const Files& files, const InFile& file, const Register& reg, std::span<const Fault> faults,
                       std::vector<TaxAnswer>* answers);

}  // namespace fundcore::ta_sim
