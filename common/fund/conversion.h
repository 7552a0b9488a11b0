// Conversion between two funds (036): redeem out of one at its price, pay the difference of the purchase fees (补差费),
// buy into the other.
//
//   auto split = SplitRedemption(lots, units, nav_out, out.redemption, confirm_day);
//   auto converted = ComputeConversion(*split, {.nav_in = …, .fee_in = tier_in, .fee_out = tier_out});
//
// Pure functions on values. Both forms of the difference fee in use are here; which one holds is a parameter of the
// fund:
//   kRates   (out − redemption fee) × d ÷ (1 + d), d = rate in − rate out, not below 0
//   kFees    purchase fee of the target − purchase fee of the source on the same money, not below 0. Tiers with fixed
//   fees
//            need this one.
#pragma once

#include "absl/status/statusor.h"
#include "common/base/codec.h"
#include "common/fund/purchase.h"
#include "common/fund/redemption.h"

namespace fundcore {

enum class DifferenceForm : uint8_t { kRates = 0, kFees = 1 };

struct ConversionTerms {
  Nav nav_in;
  PurchaseFee fee_in;  // tiers that the converted money falls in; rate 0 for back-end load and C classes
  PurchaseFee fee_out;
  DifferenceForm form = DifferenceForm::kRates;
  FeeMethod method = FeeMethod::kOutside;   // of both purchase fees, for kFees
  Discount discount;                     // on the difference; 0 = none given
  RoundingRules rounding;
};

struct ConversionResult {
  Money gross;                           // out units × price
  Money redemption_fee;
  Money fund_part;                       // of the redemption fee
  Money difference_fee;
  Money in;                              // gross − both fees: what buys the target
  Units units;                           // of the target
  Money refund;                          // whole-unit targets only
  FC_FIELDS(gross, redemption_fee, fund_part, difference_fee, in, units, refund)
};

// Errors (kInvalidArgument): price not positive, kRates with a fixed fee on either side, fees that eat up the money,
// and as ComputePurchase.
absl::StatusOr<ConversionResult> ComputeConversion(const RedemptionSplit& out, const ConversionTerms& terms);

}  // namespace fundcore
