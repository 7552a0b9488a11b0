// The back-end load (后端收费) of a redemption over lots: a purchase fee that is charged when units leave, the less the
// longer they were held.
//
//   auto split = SplitRedemption(lots, units, nav, redemption_tiers, confirm_day);
//   auto load = ComputeBackLoad(lots, *split, {.tiers = load_tiers, .form = …, .base = …});
//   load->load, load->net                   // net = what the redemption brings after its fee, less the load
//
// Both formulas and both bases of contracts are here; which hold is a parameter of the fund. Pure functions on values.
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "common/fund/redemption.h"

namespace fundcore {

struct BackLoadTerms {
  std::vector<RedemptionTier> tiers;        // rate by days held; the fund's share is of no use here
  BackEndLoad::Form form = BackEndLoad::Form::kOnTop;
  BackEndLoad::Base base = BackEndLoad::Base::kCost;
  RoundingRules rounding;
};

struct BackLoadPart {
  uint32_t lot = 0;             // index into the lots given, as in the split
  Rate rate;
  Money base;
  Money load;
};

struct BackLoadSplit {
  Money base;
  Money load;                   // of all parts; those of one age are rounded together, as redemption fees are
  Money net;                    // the split's net, less the load
  std::vector<BackLoadPart> parts;
};

// Errors (kInvalidArgument): no tier covers a part's days, the base is the cost and a lot's price is unknown or not
// positive, or the load is above what the redemption brings.
absl::StatusOr<BackLoadSplit> ComputeBackLoad(std::span<const Lot> lots, const RedemptionSplit& split,
                                              const BackLoadTerms& terms);

}  // namespace fundcore
