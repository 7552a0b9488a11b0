// A large redemption over several days: what is confirmed of each application, and what is deferred or cancelled.
//
//   auto taken = AcceptedOn(flows, applied, units_yesterday, threshold, wish);   // what the manager confirms in all
//   auto day = SettleLargeDay(applications, *taken, {});
//   day->settled[i].confirmed, .deferred, .cancelled
//   day->rest                         // tomorrow's applications that come from today: together with the new ones
//
// A deferred rest keeps its first application day and has no priority: tomorrow it shares with the new applications, at
// tomorrow's price, and counts in tomorrow's test. Whether a rest is deferred or cancelled is the investor's choice
// (LargeRedemptionFlag). Pure functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fund/large_redemption.h"
#include "common/time/time.h"

namespace fundcore {

// The standard's LargeRedemptionFlag. Where a file leaves it out, a rest is deferred.
enum class RestChoice : uint8_t { kCancel = 0, kDefer = 1 };

struct RedemptionApplication {
  uint64_t id = 0;
  Units units;                          // still open
  Date first_applied;                   // kept over all days
  RestChoice choice = RestChoice::kDefer;
  bool conversion = false;              // out into another fund
  friend bool operator==(const RedemptionApplication&, const RedemptionApplication&) = default;
};

struct LargeDayTerms {
  bool defer_conversions = true;        // false: their rest is cancelled whatever the investor chose
  Rounding rounding = Rounding::kTruncate;   // kTruncate or kHalfUp of each part
};

struct SettledApplication {
  uint64_t id = 0;
  Units confirmed;
  Units deferred;
  Units cancelled;                      // confirmed + deferred + cancelled = units
};

struct LargeDay {
  Units applied;
  Units confirmed;                      // at most what was accepted, and at most 0.01 a line below it
  std::vector<SettledApplication> settled;        // as the applications were given
  std::vector<RedemptionApplication> rest;        // to be applied again on the next open day
};

// What a manager confirms of `applied` units (redemptions and conversions out, deferred rests with them). All of it where
// the day is not large or no wish is given; else the wish, which must not be below the least share of the units of the
// day before. Errors (kInvalidArgument): a wish below that, or above what was applied.
absl::StatusOr<Units> AcceptedOn(const FundFlows& flows, Units units_before, Rate threshold, std::optional<Units> wish);

// Takes `accepted` units pro rata by application. With kHalfUp the last lines give way where the parts would add up to
// more than that. Errors (kInvalidArgument): accepted negative, an application not positive, rounding up.
absl::StatusOr<LargeDay> SettleLargeDay(std::span<const RedemptionApplication> applications, Units accepted,
                                        const LargeDayTerms& terms);

}  // namespace fundcore
