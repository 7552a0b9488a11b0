// Large redemptions, day by day.
#include "common/fund/large_redemption_days.h"

#include <algorithm>

#include "common/base/check.h"

namespace fundcore {

absl::StatusOr<Units> AcceptedOn(const FundFlows& flows, Units units_before, Rate threshold, std::optional<Units> wish) {
  const Units applied = flows.redeemed + flows.converted_out;
  if (!IsLargeRedemption(flows, units_before, threshold) || !wish) return applied;
  const Units least = std::min(applied, LeastAccepted(units_before, threshold));
  if (*wish >= least && *wish <= applied) return *wish;
  return absl::InvalidArgumentError(StrCat("of ", applied.ToString(), " units applied for, ", wish->ToString(),
                                           " cannot be accepted: it must be from ", least.ToString(),
                                           " (the least share of the units of the day before) to all"));
}

absl::StatusOr<LargeDay> SettleLargeDay(std::span<const RedemptionApplication> applications, Units accepted,
                                        const LargeDayTerms& terms) {
  if (accepted.is_negative()) {
    return absl::InvalidArgumentError(StrCat("accepted units ", accepted.ToString(), " must not be negative"));
  }
  if (terms.rounding == Rounding::kUp) {
    return absl::InvalidArgumentError("parts of a large redemption are cut or rounded half-up, never up");
  }
  LargeDay day;
  for (const RedemptionApplication& a : applications) {
    if (!a.units.is_positive()) {
      return absl::InvalidArgumentError(StrCat("application ", a.id, " is for ", a.units.ToString(),
                                               " units; they must be positive"));
    }
    day.applied += a.units;
  }
  Units left = std::min(accepted, day.applied);
  for (const RedemptionApplication& a : applications) {
    SettledApplication s{.id = a.id, .confirmed = std::min(left, ProRata(a.units, accepted, day.applied, terms.rounding))};
    left -= s.confirmed;
    day.confirmed += s.confirmed;
    const Units rest = a.units - s.confirmed;
    const bool defer = a.choice == RestChoice::kDefer && (!a.conversion || terms.defer_conversions);
    (defer ? s.deferred : s.cancelled) = rest;
    if (s.deferred.is_positive()) {
      RedemptionApplication again = a;
      again.units = rest;
      day.rest.push_back(again);
    }
    day.settled.push_back(s);
  }
  return day;
}

}  // namespace fundcore
