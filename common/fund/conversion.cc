// Conversion arithmetic.
#include "common/fund/conversion.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore {
namespace {

absl::Status CheckRates(const ConversionTerms& t) {
  constexpr Rate kAll = Rate::FromRaw(Rate::kOne);
  for (const Rate rate : {t.fee_in.rate, t.fee_out.rate}) {
    if (rate.is_negative() || rate >= kAll) {
      return absl::InvalidArgumentError(
          StrCat("purchase fee rate ", rate.ToPercent(), " must be from 0% to below 100%"));
    }
  }
  if (!t.discount.is_negative() && t.discount <= kAll) return absl::OkStatus();
  return absl::InvalidArgumentError(
      StrCat("discount ", t.discount.ToString(), " must be from 0 to 1 (0.1 = a tenth of the fee)"));
}

absl::StatusOr<Money> DifferenceOfRates(Money money, const ConversionTerms& t) {
  if (t.fee_in.fixed || t.fee_out.fixed) {
    return absl::InvalidArgumentError(
        "a fixed purchase fee has no rate to compare; use the difference of the fee amounts");
  }
  const Rate difference = std::max(Rate(), t.fee_in.rate - t.fee_out.rate);
  const Rate rate = PurchaseFee::OfRate(difference).Discounted(t.discount);
  return Money::FromRaw(MulDiv(money.raw(), rate.raw(), Rate::kOne + rate.raw(), t.rounding.fee));
}

absl::StatusOr<Money> DifferenceOfFees(Money money, const ConversionTerms& t) {
  FC_ASSIGN_OR_RETURN(const Money in, ComputePurchaseFee(money, t.fee_in, t.method, {}, t.rounding));
  FC_ASSIGN_OR_RETURN(const Money out, ComputePurchaseFee(money, t.fee_out, t.method, {}, t.rounding));
  const Money difference = std::max(Money(), in - out);
  return t.discount.is_zero() ? difference : ApplyRate(difference, t.discount, t.rounding.fee);
}

}  // namespace

absl::StatusOr<ConversionResult> ComputeConversion(const RedemptionSplit& out, const ConversionTerms& t) {
  if (!out.net.is_positive()) {
    return absl::InvalidArgumentError(StrCat("the conversion brings ", out.net.ToString(),
                                             " after the redemption fee of ", out.fee.ToString(),
                                             "; nothing is left to convert"));
  }
  FC_RETURN_IF_ERROR(CheckRates(t));
  Money difference;
  switch (t.form) {
    case DifferenceForm::kRates: {
      FC_ASSIGN_OR_RETURN(difference, DifferenceOfRates(out.net, t));
      break;
    }
    case DifferenceForm::kFees: {
      FC_ASSIGN_OR_RETURN(difference, DifferenceOfFees(out.net, t));
      break;
    }
  }
  // The money that is left buys like a purchase without a fee; that call also checks price and amount.
  const Money in = out.net - difference;
  FC_ASSIGN_OR_RETURN(const PurchaseResult bought,
                      ComputePurchase({.amount = in, .nav = t.nav_in, .rounding = t.rounding}));
  return ConversionResult{.gross = out.gross, .redemption_fee = out.fee, .fund_part = out.fund_part,
                          .difference_fee = difference, .in = in, .units = bought.units, .refund = bought.refund};
}

}  // namespace fundcore
