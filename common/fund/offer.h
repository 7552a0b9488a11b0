// The initial offer of a fund (020, confirmed as 120 and 130): a purchase at face value, plus the interest the money
// earned while it waited, turned into units without a fee; and the cut of the last day where too much was subscribed
// (末日比例).
//
//   auto result = ComputeOffer({.amount = *Money::Parse("10000"), .face = *Nav::Parse("1.00"),
//                               .fee = PurchaseFee::OfRate(*Rate::Parse("1%"))}, *Money::Parse("5.00"));
//   result->units                           // 9,905.99, of which 5.00 are from_interest
//
// Pure functions on values.
#pragma once

#include "absl/status/statusor.h"
#include "common/fund/purchase.h"

namespace fundcore {

struct OfferTerms {
  Money amount;                 // confirmed amount: after a last-day cut, which also decides the fee tier
  Nav face = Nav::FromRaw(Nav::kOne);
  PurchaseFee fee;
  FeeMethod method = FeeMethod::kOutside;
  Discount discount;
  RoundingRules rounding;
  FeeBounds bounds;
};

struct OfferResult {
  Money net;
  Money fee;
  Units units;                  // principal and interest together, rounded once
  Units from_interest;          // the part of `units` that the interest made
  Money refund;                 // whole-unit offers: what bought nothing
  FC_FIELDS(net, fee, units, from_interest, refund)
};

// `interest` in fen, from 0 to the amount (more can only be a slip). Errors as ComputePurchase.
absl::StatusOr<OfferResult> ComputeOffer(const OfferTerms& terms, Money interest);

// An offer subscribed by units (份额认购): the price of the units, and the fee on top of it.
struct UnitOfferTerms {
  Units units;
  Nav face = Nav::FromRaw(Nav::kOne);
  PurchaseFee fee;              // rate × price, or the fixed sum
  Discount discount;
  Money interest;               // of the waiting money, turned into units at the same price without a fee
  RoundingRules rounding;
  FeeBounds bounds;
};

struct UnitOfferResult {
  Money price;
  Money fee;
  Money pay;                    // price + fee: what is debited
  Units units;                  // with those that the interest made
  Units from_interest;
  Money refund;                 // whole-unit offers: interest that bought nothing
};

// Errors (kInvalidArgument): units or face not positive, rate, discount or bounds out of range, interest above the price.
absl::StatusOr<UnitOfferResult> ComputeOfferByUnits(const UnitOfferTerms& terms);

// The last day of an offer that reached its cap. The ratio is kept as the exact fraction room ÷ applied: the files'
// five decimals cannot hold it.
struct LastDayRatio {
  Money room;                   // cap − valid amount of the days before, without interest
  Money applied;                // valid amount of the last day

  // Everything fits: no cut.
  bool IsFull() const { return applied <= room; }
  // The confirmed part of one application; the rest is paid back. `rounding` to the fen.
  Money Confirmed(Money application, Rounding rounding) const;
  // The ratio in five decimals, to compare with a file's SalePercent. Never compute from it.
  Rate SalePercent(Rounding rounding) const;
};

// Errors (kInvalidArgument): nothing applied on the last day, or the cap reached before it.
absl::StatusOr<LastDayRatio> MakeLastDayRatio(Money cap, Money earlier, Money last_day);

}  // namespace fundcore
