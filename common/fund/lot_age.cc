// Lots of arriving units.
#include "common/fund/lot_age.h"

#include <algorithm>

#include "common/base/check.h"

namespace fundcore {

absl::StatusOr<std::vector<Lot>> LotsFrom(std::span<const Lot> source, const RedemptionSplit& split, Units units,
                                          const ArrivalTerms& terms) {
  Units left;
  for (const RedemptionPart& part : split.parts) left += part.units;
  if (!units.is_positive() || !left.is_positive()) {
    return absl::InvalidArgumentError(StrCat("units that arrive (", units.ToString(), ") and units that left (",
                                             left.ToString(), ") must be positive"));
  }
  if (!terms.confirmed.is_set()) return absl::InvalidArgumentError("arriving units need a confirmation day");

  std::vector<Lot> lots;
  Units left_done, done;
  for (const RedemptionPart& part : split.parts) {
    left_done += part.units;
    // A lot's units are the growth of the cut running total, so that nothing is lost between lots.
    const auto now = Units::FromRaw(MulDiv(units.raw(), left_done.raw(), left.raw(), Rounding::kTruncate));
    const Lot& from = source[part.lot];
    const Lot lot{.registered = terms.age == AgeRule::kCarried ? from.registered : terms.confirmed,
                  .units = now - done, .usable_from = terms.usable_from,
                  .bought_at = terms.bought_at.value_or(from.bought_at)};
    done = now;
    const auto same = std::find_if(lots.begin(), lots.end(), [&](const Lot& l) {
      return l.registered == lot.registered && l.bought_at == lot.bought_at;
    });
    if (same != lots.end()) {
      same->units += lot.units;
    } else if (lot.units.is_positive()) {
      lots.push_back(lot);
    }
  }
  std::stable_sort(lots.begin(), lots.end(), [](const Lot& a, const Lot& b) { return a.registered < b.registered; });
  return lots;
}

}  // namespace fundcore
