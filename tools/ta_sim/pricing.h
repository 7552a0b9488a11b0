// What a purchase buys and what a redemption pays, by the fund's terms as prospectuses word them.
//
//   Bought b = PricePurchase(fund, *Yuan::Parse("5000"), *Price::Parse("1.1280"), Rate());
//   b.fee, b.units      // 59.29  4,380.06 at 1.2%
//
// Pure functions on values, thread-safe.
#pragma once

#include <vector>

#include "common/base/codec.h"
#include "tools/ta_sim/config.h"

namespace fundcore::ta_sim {

// Units that came in together. Holding days run from `registered`.
struct Lot {
  Date registered;
  Date usable_after;  // redeemable by orders of later days: the day of the confirmation that brought the units
  Shares units;
  FC_FIELDS(registered, usable_after, units)
};

struct Bought {
  Yuan fee;
  Rate rate;  // after discount; 0 where the fee is a fixed sum
  Shares units;
  Yuan refund;  // whole-unit funds: what bought nothing
};
// `amount` includes the fee; the tier goes by it. `discount` 0 = none given. A fee that is not below the amount buys
// nothing: units are 0.
Bought PricePurchase(const FundTerms& fund, Yuan amount, Price nav, Rate discount);

// An offer's units at face value: what they cost with the fee on top.
struct UnitsPriced {
  Yuan pay;
  Yuan fee;
  Rate rate;
};
UnitsPriced PriceUnits(const FundTerms& fund, Shares units, Price face, Rate discount);

// Adds bought units behind the others. Those of one day are one lot, whatever orders brought them: the fee of a
// redemption goes by the day of registration and is rounded once for it.
void AddLot(std::vector<Lot>* lots, const Lot& lot);

struct Redeemed {
  bool enough = false;  // false: nothing else is filled and no lot was touched
  Yuan gross;
  Yuan fee;
  Yuan fund_part;
  Yuan net;   // what the investor receives
  Rate rate;  // of the first lot used
};
// Takes `units` from lots that an order of `trade_day` may use; a day not set may use all. Used-up lots are removed.
// `confirm_day` ends the holding days. A deferred rest that `goes_on` on a later day may then use, after those, the lots that have
// become usable by that day.
Redeemed TakeAndPrice(const FundTerms& fund, std::vector<Lot>* lots, Shares units, Price nav, Date trade_day,
                      Date confirm_day, Date goes_on = Date());

}  // namespace fundcore::ta_sim
