// What lots come out of units that change their place: converted into another fund, moved to another account, or paid for
// out of a dividend. Whether they keep their age is a rule of the fund.
//
//   auto split = SplitRedemption(lots, units, nav_out, tiers, confirm_day);           // which lots leave
//   auto converted = ComputeConversion(*split, terms);
//   auto in = LotsFrom(lots, *split, converted->units, {.age = AgeRule::kCarried, .confirmed = …, .usable_from = …,
//                                                       .bought_at = nav_in});
//
// Pure functions on values.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fund/redemption.h"

namespace fundcore {

enum class AgeRule : uint8_t {
  kOwn = 0,      // they begin at their own confirmation: what holds where the contract says nothing
  kCarried = 1,  // each part keeps the registration of the lot it comes from
};

struct ArrivalTerms {
  AgeRule age = AgeRule::kOwn;
  Date confirmed;
  Date usable_from;
  std::optional<Nav> bought_at;   // the new price a unit; not set: each part keeps what was paid for it (a transfer)
};

// The lots of `units` that came out of the parts of `split`, oldest registration first; parts of one registration and
// price are one lot. Carried ages share the units in proportion to those that left: every lot is within 0.01 of its exact
// share, and together they are `units`. Errors (kInvalidArgument): units not positive, no parts, no confirmation day.
absl::StatusOr<std::vector<Lot>> LotsFrom(std::span<const Lot> source, const RedemptionSplit& split, Units units,
                                          const ArrivalTerms& terms);

}  // namespace fundcore
