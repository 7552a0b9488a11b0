// Dividends (143): cash a unit, or reinvested without a fee at the ex-date price.
//
//   Dividend d{.amount = *Nav::Parse("2"), .basis = Units::Whole(1000)};   // "2 yuan per 1,000 units"
//   auto paid = ComputeDividend(d, units, frozen, DividendWay::kReinvest, nav);
//
// Frozen units count, but what they earn is held until they are released (157). Pure functions on values.
#pragma once

#include "absl/status/statusor.h"
#include "common/base/codec.h"
#include "common/fund/purchase.h"

namespace fundcore {

struct Dividend {
  Nav amount;                                 // yuan for each `basis` units, up to 8 decimals (DividendPerUnit)
  Units basis = Units::FromRaw(Units::kOne);  // DrawBonusUnit
  FC_FIELDS(amount, basis)
};

// How a holder takes dividends, with the file standard's numbers.
enum class DividendWay : uint8_t { kReinvest = 0, kCash = 1 };

struct DividendResult {
  Money cash;                   // the whole dividend, in money, held part included
  Money held_cash;              // of it, what frozen units earned
  Units units;                  // kReinvest: what the whole dividend buys, held part included; else 0
  Units held_units;
  FC_FIELDS(cash, held_cash, units, held_units)
};

// `units` registered at the end of the record date, of which `frozen` are frozen. `reinvest_at` is used for kReinvest
// only. Errors (kInvalidArgument): negative units, frozen above units, basis or price not positive, negative amount.
absl::StatusOr<DividendResult> ComputeDividend(const Dividend& dividend, Units units, Units frozen, DividendWay way,
                                               Nav reinvest_at, const RoundingRules& rounding = {});

}  // namespace fundcore
