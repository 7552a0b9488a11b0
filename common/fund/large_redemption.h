// The test for a large redemption (巨额赎回), and the pro-rata cut that may follow it.
//
//   FundFlows day{.redeemed = …, .converted_out = …, .purchased = …, .converted_in = …};
//   if (IsLargeRedemption(day, units_yesterday)) …      // net outflow over 10% of the day before
//
// Pure functions on values, units in 0.01.
#pragma once

#include "common/money/decimal.h"

namespace fundcore {

// One open day's applications of a fund, in units.
struct FundFlows {
  Units redeemed;
  Units converted_out;
  Units purchased;
  Units converted_in;
  Units NetOutflow() const { return redeemed + converted_out - purchased - converted_in; }
};

// The usual threshold; contracts may set another.
inline constexpr Rate kLargeRedemptionShare = Rate::Ppm(100'000);

// True where the net outflow is over (not equal to) `threshold` of the units of the day before.
inline bool IsLargeRedemption(const FundFlows& flows, Units units_before, Rate threshold = kLargeRedemptionShare) {
  return static_cast<__int128>(flows.NetOutflow().raw()) * Rate::kOne >
         static_cast<__int128>(units_before.raw()) * threshold.raw();
}

// The least a manager must take in that case, in units (rounded up, so that it is not below the share).
inline Units LeastAccepted(Units units_before, Rate threshold = kLargeRedemptionShare) {
  return Units::FromRaw(MulDiv(units_before.raw(), threshold.raw(), Rate::kOne, Rounding::kUp));
}

// One application's part where `accepted` of `applied` units are taken, pro rata by application, cut to 0.01 unless
// told otherwise. accepted >= applied takes it whole.
inline Units ProRata(Units application, Units accepted, Units applied, Rounding rounding = Rounding::kTruncate) {
  if (accepted >= applied) return application;
  return Units::FromRaw(MulDiv(application.raw(), accepted.raw(), applied.raw(), rounding));
}

}  // namespace fundcore
