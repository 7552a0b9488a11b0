// Splits a redemption over the lots it uses up, and prices each lot's fee by the days it was held. The fee of a day of
// registration is rounded once: how its units are spread over lots does not show in it.
//
//   auto split = SplitRedemption(lots, *Units::Parse("2500.00"), nav, schedule.redemption, confirm_day);
//   split->gross, split->fee, split->net            // with the tiers and lots of the tests: 3,250.00  29.25  3,220.75
//
// Units in 0.01, money in fen. Days held are calendar days from the confirmation of the purchase to the confirmation of
// the redemption. Pure functions on values; the caller takes the units out of its lots by `parts`.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/codec.h"
#include "common/fund/fees.h"
#include "common/fund/purchase.h"

namespace fundcore {

// Units that came in together and keep their age together.
struct Lot {
  Date registered;              // confirmation of the purchase; for offer units the day the contract took effect
  Units units;
  Date usable_from;             // first day they may be redeemed; not set = at once
  Nav bought_at;                // price paid a unit; 0 where unknown (only a back-end load on cost needs it)
  friend bool operator==(const Lot&, const Lot&) = default;
  FC_FIELDS(registered, units, usable_from, bought_at)
};

// Which lots leave first, by registration date; equal dates in the order of the list (or, newest first, against it).
enum class LotOrder : uint8_t { kOldestFirst = 0, kNewestFirst = 1 };

// Redeeming a lot before its `usable_from` where the fund allows it at a price of its own (C6).
struct BreachFee {
  Rate rate;
  Rate fund_share;
  FC_FIELDS(rate, fund_share)
};

struct RedemptionOptions {
  LotOrder order = LotOrder::kOldestFirst;
  Date usable_on;                        // skip lots that may not be redeemed on this day; not set = all count
  Date goes_on;                          // set: a rest that is deferred to this day may use, after those, lots usable by then
  std::optional<BreachFee> breach;       // set: such lots count, at this fee, instead of being skipped
  RoundingRules rounding;
  FeeBounds bounds;                      // of the order's whole fee, which is then spread over the parts: a raised one by
                                         // their gross, a lowered one by their fees
};

// One lot's part of a redemption.
struct RedemptionPart {
  uint32_t lot = 0;             // index into the lots given
  Units units;
  int32_t days_held = 0;
  Rate rate;
  Money gross;
  Money fee;
  Money fund_part;              // of `fee`, what stays in the fund
  FC_FIELDS(lot, units, days_held, rate, gross, fee, fund_part)
};

struct RedemptionSplit {
  Money gross;                  // units × price, rounded once; the parts' gross add up to it
  Money fee;                    // sum of the parts' fees; those of one age are rounded to the fen together
  Money fund_part;
  Money net;                    // gross − fee: what the investor receives
  std::vector<RedemptionPart> parts;   // in the order in which the lots are used
  FC_FIELDS(gross, fee, fund_part, net, parts)
};

// Errors: kFailedPrecondition where the usable lots hold less than `units`; kInvalidArgument where units or price are
// not positive, a lot was registered after `confirm_day`, no tier covers its days, or the least fee is above the gross.
// No tiers at all means no fee.
absl::StatusOr<RedemptionSplit> SplitRedemption(std::span<const Lot> lots, Units units, Nav nav,
                                                const std::vector<RedemptionTier>& tiers, Date confirm_day,
                                                const RedemptionOptions& options = {});

// Calendar days from one confirmation to the other: the 4th to the 11th are 7.
int32_t HoldingDays(Date purchase_confirmed, Date redemption_confirmed);

// A load that is charged when units leave (后端收费). Contracts differ in both respects.
struct BackEndLoad {
  enum class Form : uint8_t { kOnTop = 0, kPart = 1 };     // base × r ÷ (1 + r), or base × r
  enum class Base : uint8_t { kCost = 0, kValue = 1 };     // what was paid for the units, or what they fetch
  Rate rate;
  Form form = Form::kOnTop;
  Base base = Base::kCost;
  FC_FIELDS(rate, form, base)
};
// The load on `units` bought at `bought_at` and redeemed at `nav`. Rounds base and load to the fen.
Money ComputeBackEndLoad(const BackEndLoad& load, Units units, Nav bought_at, Nav nav, const RoundingRules& rounding);

}  // namespace fundcore
