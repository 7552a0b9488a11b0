// Lots in and out of a holding.
#include "services/account/lots.h"

#include <algorithm>

#include "common/base/check.h"

namespace fundcore::account {

Units UsableUnits(const Holding& holding, Date day) {
  Units usable;
  for (const Lot& lot : holding.lots)
    if (lot.usable_from <= day) usable += lot.units;
  return std::max(Units(), usable - holding.frozen);
}

void AddLot(Holding& holding, const Lot& lot) {
  FC_CHECK(lot.units.is_positive(), "a lot of ", lot.units.ToString(), " units");
  holding.units += lot.units;
  // Kept in order of registration, so that taking needs no sort; later arrivals of one day stay behind earlier ones.
  auto at = std::upper_bound(holding.lots.begin(), holding.lots.end(), lot.registered,
                             [](Date day, const Lot& l) { return day < l.registered; });
  if (at != holding.lots.begin()) {
    Lot& before = *std::prev(at);
    if (before.registered == lot.registered && before.usable_from == lot.usable_from &&
        before.bought_at == lot.bought_at) {
      before.units += lot.units;
      return;
    }
  }
  holding.lots.insert(at, lot);
}

void ScaleLots(Holding& holding, Units units) {
  FC_CHECK(holding.units.is_positive() && units.is_positive(), "lots of ", holding.units.ToString(), " units scaled to ",
           units.ToString());
  const Units before = holding.units;
  Units sum;
  for (Lot& lot : holding.lots) {
    lot.units = Units::FromRaw(MulDiv(lot.units.raw(), units.raw(), before.raw(), Rounding::kTruncate));
    lot.bought_at = MulDivFits(lot.bought_at.raw(), before.raw(), units.raw())
                        ? Nav::FromRaw(MulDiv(lot.bought_at.raw(), before.raw(), units.raw(), Rounding::kHalfUp))
                        : Nav();
    sum += lot.units;
  }
  holding.lots.front().units += units - sum;
  std::erase_if(holding.lots, [](const Lot& lot) { return lot.units.is_zero(); });
  holding.units = units;
}

void BringForward(Holding& holding, Date registered) {
  std::stable_partition(holding.lots.begin(), holding.lots.end(),
                        [&](const Lot& lot) { return registered.is_set() && lot.registered == registered; });
}

void SortLots(Holding& holding) {
  std::stable_sort(holding.lots.begin(), holding.lots.end(),
                   [](const Lot& a, const Lot& b) { return a.registered < b.registered; });
}

Units TakeUnits(Holding& holding, Units units, LotOrder order, Date usable_on, std::vector<Lot>* taken) {
  Units left = units;
  const auto take = [&](Lot& lot) {
    const Units some = std::min(lot.units, left);
    lot.units -= some;
    left -= some;
    if (!taken || some.is_zero()) return;
    taken->push_back(lot);
    taken->back().units = some;
  };
  for (const bool early : {false, true}) {
    const auto visit = [&](Lot& lot) {
      if (left.is_positive() && (usable_on.is_set() && lot.usable_from > usable_on) == early) take(lot);
    };
    if (order == LotOrder::kOldestFirst) {
      std::for_each(holding.lots.begin(), holding.lots.end(), visit);
    } else {
      std::for_each(holding.lots.rbegin(), holding.lots.rend(), visit);
    }
  }
  std::erase_if(holding.lots, [](const Lot& lot) { return lot.units.is_zero(); });
  holding.units -= units - left;
  return units - left;
}

}  // namespace fundcore::account
