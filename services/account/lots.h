// What one investor holds of one fund: units in lots of equal age, and how many of them are promised to redemptions.
//
//   Holding h{fund, ta};
//   AddLot(h, {.registered = day, .units = units, .usable_from = next_day, .bought_at = nav});
//   UsableUnits(h, trade_day)                       // may be redeemed on that day and is not promised yet
//   TakeUnits(h, units, LotOrder::kOldestFirst, trade_day)
//
// Pure functions on values. Always: units == sum of the lots, and 0 <= frozen <= units.
#pragma once

#include <vector>

#include "common/base/codec.h"
#include "common/fund/redemption.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::account {

struct Holding {
  FundCode fund;
  TaCode ta;
  Units units;               // sum of the lots
  Units frozen;              // of them, promised to redemptions
  std::vector<Lot> lots;     // oldest registration first
  Units free() const { return units - frozen; }
  FC_FIELDS(fund, ta, units, frozen, lots)
};

// What may be promised to a redemption of `day`: lots that are usable by then, less what is promised already. Not
// negative.
Units UsableUnits(const Holding& holding, Date day);

// Adds units, joined with the last lot where that has the same dates and price.
void AddLot(Holding& holding, const Lot& lot);

// Makes the lots hold `units` together, each in proportion and with its dates, as in a split: cut to 0.01, and what is left
// over goes to the oldest. Prices paid are for a unit of then, and change the other way. Needs units in it, and for it.
void ScaleLots(Holding& holding, Units units);

// For taking units of one day of registration first: its lots come to the front; SortLots puts all in order again.
void BringForward(Holding& holding, Date registered);
void SortLots(Holding& holding);

// Takes units out of the lots in the given order: first those usable on `usable_on` (not set: all are), then, where these
// are not enough (the institution's figures count), the others. Takes at most what is there and returns what it took. `frozen` is the
// caller's business: it must not stay above the units left.
// `taken`, where given, gets what was taken of each, in the order of taking.
Units TakeUnits(Holding& holding, Units units, LotOrder order, Date usable_on, std::vector<Lot>* taken = nullptr);

}  // namespace fundcore::account
