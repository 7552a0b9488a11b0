// From answers to a risk class, and for how long it holds. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/time/time.h"

namespace fundcore::risk {

inline constexpr uint8_t kMostPoints = 20;  // of one answer
inline constexpr size_t kMostAnswers = 100;

// Class 1 to 5 (C1..C5) by the share of the points that could be had: up to 20% is C1, up to 40% C2, up to 60% C3, up to
// 80% C4, above C5. `points` holds one byte an answer, each at most kMostPoints; no answers give C1.
uint8_t RiskClassOf(std::string_view points);

// The same day of the next year, 28 February for a leap day. An assessment holds up to and including that day.
Date YearAfter(Date day);

}  // namespace fundcore::risk
