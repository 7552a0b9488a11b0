// Back-end loads over the parts of a redemption.
#include "common/fund/back_load.h"

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore {
namespace {

// What is charged so far on units of one registration at one rate. Cost is kept exactly, in 1e-10 yuan, and rounded as a
// whole: lots of one day at different prices must not be dearer than one lot at their mean.
struct SameAge {
  Date registered;
  Rate rate;
  __int128 cost = 0;
  Money base;
  Money load;
};

Money LoadOf(Money base, Rate rate, const BackLoadTerms& terms) {
  const int64_t whole = terms.form == BackEndLoad::Form::kOnTop ? Rate::kOne + rate.raw() : Rate::kOne;
  return Money::FromRaw(MulDiv(base.raw(), rate.raw(), whole, terms.rounding.fee));
}

}  // namespace

absl::StatusOr<BackLoadSplit> ComputeBackLoad(std::span<const Lot> lots, const RedemptionSplit& split,
                                              const BackLoadTerms& terms) {
  BackLoadSplit out;
  SameAge age;
  for (const RedemptionPart& part : split.parts) {
    const Lot& lot = lots[part.lot];
    const RedemptionTier* tier = FindRedemptionTier(terms.tiers, part.days_held);
    if (!tier) {
      return absl::InvalidArgumentError(StrCat("no back-end load tier covers ", part.days_held,
                                               " days; the tiers must cover 0 to ", kNoDayLimit));
    }
    if (age.registered != lot.registered || age.rate != tier->rate) age = {lot.registered, tier->rate};
    Money base_now = age.base + part.gross;
    if (terms.base == BackEndLoad::Base::kCost) {
      if (!lot.bought_at.is_positive()) {
        return absl::InvalidArgumentError(StrCat("lot ", part.lot + 1, " of ", lot.registered.Iso(),
                                                 " has no purchase price; a load on the original cost needs it"));
      }
      if (!MulDivFits(part.units.raw(), lot.bought_at.raw(), Nav::kOne)) {
        return absl::InvalidArgumentError(StrCat(part.units.ToString(), " units bought at ", lot.bought_at.ToString(),
                                                 " are too large an amount; check both"));
      }
      age.cost += static_cast<__int128>(part.units.raw()) * lot.bought_at.raw();
      base_now = Money::FromRaw(DivRound(age.cost, Nav::kOne, terms.rounding.value));
    }
    const Money load_now = LoadOf(base_now, tier->rate, terms);
    out.parts.push_back({.lot = part.lot, .rate = tier->rate, .base = base_now - age.base, .load = load_now - age.load});
    out.base += out.parts.back().base;
    out.load += out.parts.back().load;
    age.base = base_now;
    age.load = load_now;
  }
  if (out.load > split.net) {
    return absl::InvalidArgumentError(StrCat("the back-end load of ", out.load.ToString(),
                                             " is above what the redemption brings, ", split.net.ToString()));
  }
  out.net = split.net - out.load;
  return out;
}

}  // namespace fundcore
