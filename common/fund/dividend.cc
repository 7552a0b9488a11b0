// Dividend arithmetic.
#include "common/fund/dividend.h"

#include "common/base/check.h"

namespace fundcore {

absl::StatusOr<DividendResult> ComputeDividend(const Dividend& dividend, Units units, Units frozen, DividendWay way,
                                               Nav reinvest_at, const RoundingRules& rounding) {
  if (units.is_negative() || frozen.is_negative() || frozen > units) {
    return absl::InvalidArgumentError(StrCat("units ", units.ToString(), ", frozen ", frozen.ToString(),
                                             ": both must be 0 or more, frozen at most all"));
  }
  if (!dividend.basis.is_positive() || dividend.amount.is_negative()) {
    return absl::InvalidArgumentError(StrCat("dividend of ", dividend.amount.ToString(), " per ",
                                             dividend.basis.ToString(),
                                             " units: the amount must not be negative and the units must be positive"));
  }
  if (way == DividendWay::kReinvest && !reinvest_at.is_positive()) {
    return absl::InvalidArgumentError(StrCat("reinvestment price ", reinvest_at.ToString(), " must be positive"));
  }
  const auto too_large = [&] {
    return absl::InvalidArgumentError(StrCat("a dividend of ", dividend.amount.ToString(), " per ",
                                             dividend.basis.ToString(), " on ", units.ToString(),
                                             " units is too large; check the plan"));
  };
  if (!MulDivFits(units.raw(), dividend.amount.raw(), dividend.basis.raw())) return too_large();
  // units [0.01] × amount [1e-8 yuan] ÷ basis [0.01] is in 1e-8 yuan; one more division by 1e6 makes fen. One rounding.
  const auto cash_for = [&](Units u) {
    constexpr __int128 kStepsPerFen = Nav::kOne / Money::kOne;
    return Money::FromRaw(DivRound(static_cast<__int128>(u.raw()) * dividend.amount.raw(),
                                   kStepsPerFen * dividend.basis.raw(), rounding.value));
  };
  DividendResult r;
  r.cash = cash_for(units);
  r.held_cash = cash_for(frozen);
  if (way == DividendWay::kReinvest) {
    if (!MulDivFits(r.cash.raw(), Nav::kOne, reinvest_at.raw())) return too_large();
    r.units = UnitsFor(r.cash, reinvest_at, rounding.units);
    r.held_units = UnitsFor(r.held_cash, reinvest_at, rounding.units);
  }
  return r;
}

}  // namespace fundcore
