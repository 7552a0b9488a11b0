// Sales service fees by the day.
#include "common/fund/service_fee.h"

#include <algorithm>
#include <limits>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore {
namespace {

absl::Status Check(Rate rate, const ServiceFeeTerms& terms) {
  if (rate.is_negative() || rate >= Rate::FromRaw(Rate::kOne)) {
    return absl::InvalidArgumentError(StrCat("service fee rate ", rate.ToPercent(), " must be from 0% to below 100%"));
  }
  if (terms.days_a_year < 1 || terms.days_a_year > 366 || terms.free_after_days < 0 || terms.free_after_days > kNoDayLimit) {
    return absl::InvalidArgumentError(StrCat(terms.days_a_year, " days a year, free after ", terms.free_after_days,
                                             " days: the first must be 1 to 366, the second 0 to ", kNoDayLimit));
  }
  return absl::OkStatus();
}

}  // namespace

Money DailyServiceFee(Money assets, Rate rate, const ServiceFeeTerms& terms) {
  return Money::FromRaw(DivRound(static_cast<__int128>(assets.raw()) * rate.raw(),
                                 static_cast<__int128>(Rate::kOne) * terms.days_a_year, terms.rounding));
}

absl::StatusOr<ServiceFeeBack> ServiceFeeRefund(Units units, Date registered, Date left,
                                                std::span<const DatedNav> prices, Rate rate,
                                                const ServiceFeeTerms& terms) {
  FC_RETURN_IF_ERROR(Check(rate, terms));
  if (units.is_negative()) return absl::InvalidArgumentError(StrCat("units ", units.ToString(), " must not be negative"));
  if (left < registered) {
    return absl::InvalidArgumentError(
        StrCat("units registered on ", registered.Iso(), " cannot leave before, on ", left.Iso()));
  }
  for (size_t i = 0; i < prices.size(); ++i) {
    if (!prices[i].nav.is_positive() || (i > 0 && prices[i].day <= prices[i - 1].day)) {
      return absl::InvalidArgumentError(StrCat("price ", prices[i].nav.ToString(), " of ", prices[i].day.Iso(),
                                               ": prices must be positive and ascend by day"));
    }
  }
  const int32_t first = registered.days() + terms.free_after_days + 1, last = left.days() - 1;
  ServiceFeeBack back;
  if (first > last) return back;
  if (prices.empty() || prices.front().day.days() >= first) {
    return absl::InvalidArgumentError(
        StrCat("no price before ", Date::FromDays(first).Iso(), ", the first day beyond the year; give earlier ones"));
  }
  __int128 price_days = 0;  // Σ price × days, in 1e-8 yuan: what one unit was worth, day by day
  for (size_t i = 0; i < prices.size(); ++i) {
    // This price holds from the day after its own up to the day of the next one.
    const int32_t from = std::max(first, prices[i].day.days() + 1);
    const int32_t to = i + 1 < prices.size() ? std::min(last, prices[i + 1].day.days()) : last;
    if (from > to) continue;
    price_days += static_cast<__int128>(prices[i].nav.raw()) * (to - from + 1);
    back.days += to - from + 1;
  }
  // units [0.01] × Σ price [1e-8] × rate [1e-8] ÷ days, in fen. The sum fits 64 bits for any real price; two products of
  // the three are divided exactly apart, so that 128 bits always hold.
  const auto too_large = [&] {
    return absl::InvalidArgumentError(
        StrCat(units.ToString(), " units over ", back.days, " days are too large an amount; check units and prices"));
  };
  if (price_days > std::numeric_limits<int64_t>::max() / 8) return too_large();
  const __int128 one_unit = price_days * rate.raw();                      // in 1e-16 yuan
  const __int128 whole = static_cast<__int128>(Nav::kOne) * Rate::kOne * terms.days_a_year;
  const __int128 full = one_unit / whole, rest = one_unit % whole;        // one_unit = full × whole + rest
  if (full != 0 && units.raw() > std::numeric_limits<int64_t>::max() / 2 / full) return too_large();
  constexpr __int128 kRoom = (static_cast<__int128>(1) << 126);
  if (rest != 0 && units.raw() > kRoom / rest) return too_large();
  back.refund = Money::FromRaw(static_cast<int64_t>(full * units.raw()) + DivRound(rest * units.raw(), whole, terms.rounding));
  return back;
}

}  // namespace fundcore
