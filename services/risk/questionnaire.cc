// See questionnaire.h.
#include "services/risk/questionnaire.h"

#include <algorithm>

namespace fundcore::risk {

uint8_t RiskClassOf(std::string_view points) {
  uint64_t sum = 0;
  for (char p : points) sum += static_cast<uint8_t>(p);
  const uint64_t most = kMostPoints * points.size();
  if (sum == 0) return 1;
  return static_cast<uint8_t>(std::min<uint64_t>((5 * sum + most - 1) / most, 5));
}

Date YearAfter(Date day) {
  const int32_t next = day.raw() + 10'000;
  return Date::FromRaw(next % 10'000 == 229 ? next - 1 : next);  // no two years in a row are leap years
}

}  // namespace fundcore::risk
