// What a purchase, or a subscription to an initial offer, buys: net amount, fee, units, and what is paid back.
//
//   auto bought = ComputePurchase({.amount = *Money::Parse("5000"), .nav = *Nav::Parse("1.1280"),
//                                  .fee = PurchaseFee::OfRate(*Rate::Parse("1.2%"))});
//   bought->net, bought->fee, bought->units      // 4,940.71  59.29  4,380.06
//
// Pure functions on values. Each quantity is rounded once, as the fund's RoundingRules say, and the others follow by
// subtraction, so that net + fee == amount always.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/codec.h"
#include "common/fund/fees.h"
#include "common/money/decimal.h"

namespace fundcore {

// How a fund rounds. The defaults are what most contracts say.
struct RoundingRules {
  Rounding fee = Rounding::kHalfUp;    // a fee computed as a product
  Rounding net = Rounding::kHalfUp;    // net amount of an outside-fee purchase
  Rounding units = Rounding::kHalfUp;  // units bought
  Rounding value = Rounding::kHalfUp;  // units × price of a redemption; dividends and their reinvestment
  bool whole_units = false;            // on-exchange units: cut to whole units, what is left of the money is paid back
  friend bool operator==(const RoundingRules&, const RoundingRules&) = default;
  FC_FIELDS(fee, net, units, value, whole_units)
};

// The least and the most that one order may be charged (C5 MinFee and MaxFee). The same figure in both is a fixed fee.
struct FeeBounds {
  Money least;                         // 0: none
  Money most = kNoAmountLimit;
  bool IsSet() const { return !least.is_zero() || most != kNoAmountLimit; }
  Money Clamp(Money fee) const { return fee < least ? least : fee > most ? most : fee; }
  // kInvalidArgument: a bound is negative, or the least is above the most.
  absl::Status Check() const;
  friend bool operator==(const FeeBounds&, const FeeBounds&) = default;
};

struct PurchaseTerms {
  Money amount;                        // what the investor pays, fee included
  Nav nav;
  PurchaseFee fee;                     // of the tier that the confirmed amount falls in
  FeeMethod method = FeeMethod::kOutside;
  Discount discount;                   // 0.1 = a tenth of the rate; 0 = none given
  RoundingRules rounding;
  FeeBounds bounds;                    // hold after the discount; a fixed fee is not touched
};

struct PurchaseResult {
  Money net;                           // amount − fee
  Money fee;
  Units units;
  Money refund;                        // whole-unit funds: the part of `net` that bought nothing; else 0
  friend bool operator==(const PurchaseResult&, const PurchaseResult&) = default;
  FC_FIELDS(net, fee, units, refund)
};

// Errors (kInvalidArgument): amount or price not positive, discount outside 0 to 1, rate outside 0 to 100%, fixed fee
// not below the amount, a least fee that eats the amount up, more units than the type can hold.
absl::StatusOr<PurchaseResult> ComputePurchase(const PurchaseTerms& terms);

// The inverse: does what somebody else computed (a transfer agent's confirmation) follow from the terms?
// kFailedPrecondition lists every figure that differs, claimed and computed; other errors as ComputePurchase.
absl::Status CheckPurchase(const PurchaseTerms& terms, const PurchaseResult& claimed);

// The fee of `amount` alone: outside amount − amount ÷ (1 + rate), inside amount × rate, or the fixed sum.
// Errors as ComputePurchase.
absl::StatusOr<Money> ComputePurchaseFee(Money amount, const PurchaseFee& fee, FeeMethod method, Discount discount,
                                         const RoundingRules& rounding);

}  // namespace fundcore
