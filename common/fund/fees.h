// Fee tables of a fund: what a purchase or a redemption costs, for whom, from which day on.
//
//   FeeSchedules schedules;                      // effective-dated, kept with the product
//   const FeeSchedule* s = schedules.At(day, InvestorType::kIndividual);
//   const PurchaseTier* tier = s->PurchaseTierFor(amount);      // closed interval [min, max]
//   const RedemptionTier* r = s->RedemptionTierFor(days_held);  // closed interval [min_days, max_days]
//
// Plain values, stored with FC_FIELDS. Rates are fractions (1.2% = Rate 0.012). Whoever takes a schedule in calls
// Validate() once; look-ups then always find a tier.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/codec.h"
#include "common/money/decimal.h"
#include "common/time/time.h"

namespace fundcore {

// The kinds of investor that the file standard tells apart, with its numbers.
enum class InvestorType : uint8_t { kInstitution = 0, kIndividual = 1, kProduct = 2 };

// Whether the fee is on top of what is invested (外扣: net = amount ÷ (1 + rate), the rule since 2007) or a part of the
// whole amount (内扣: fee = amount × rate).
enum class FeeMethod : uint8_t { kOutside = 0, kInside = 1 };

inline constexpr Money kNoAmountLimit = Money::FromRaw(INT64_MAX);  // the upper end of an open-ended purchase tier
inline constexpr int32_t kNoDayLimit = 99999;                       // the same for holding days, as in files

// What one purchase tier charges: a rate, or a fixed sum.
struct PurchaseFee {
  Rate rate;                    // ignored where `fixed` is set
  Rate least_rate;              // a discount never brings the rate below this; 0 = no floor
  std::optional<Money> fixed;   // an amount per order; discounts do not touch it

  static PurchaseFee OfRate(Rate rate, Rate least_rate = {}) { return {rate, least_rate, std::nullopt}; }
  static PurchaseFee Fixed(Money fee) { return {{}, {}, fee}; }
  // The rate after a discount (0 or 1 = none): max(rate × discount, least_rate), but never above `rate`.
  Rate Discounted(Discount discount) const;
  friend bool operator==(const PurchaseFee&, const PurchaseFee&) = default;
  FC_FIELDS(rate, least_rate, fixed)
};

struct PurchaseTier {
  Money min;                    // both ends belong to the tier
  Money max = kNoAmountLimit;
  PurchaseFee fee;
  friend bool operator==(const PurchaseTier&, const PurchaseTier&) = default;
  FC_FIELDS(min, max, fee)
};

struct RedemptionTier {
  int32_t min_days = 0;         // both ends belong to the tier
  int32_t max_days = kNoDayLimit;
  Rate rate;
  Rate fund_share;              // the part of the fee that goes to the fund's assets, 0 to 100%
  friend bool operator==(const RedemptionTier&, const RedemptionTier&) = default;
  FC_FIELDS(min_days, max_days, rate, fund_share)
};

struct FeeSchedule {
  Date effective_from;
  std::optional<InvestorType> investors;     // not set = for all
  FeeMethod method = FeeMethod::kOutside;
  std::vector<PurchaseTier> purchase;
  std::vector<PurchaseTier> offer;           // initial offer; empty = as purchase
  std::vector<RedemptionTier> redemption;

  // nullptr where no tier covers the value (never after a good Validate(), for amounts > 0 and days >= 0).
  const PurchaseTier* PurchaseTierFor(Money amount) const;
  const PurchaseTier* OfferTierFor(Money amount) const;
  const RedemptionTier* RedemptionTierFor(int32_t days_held) const;

  // kInvalidArgument naming table, tier, value and remedy: tiers must ascend from 0 (or 0.01) without gap or overlap to
  // "no limit"; rates in [0, 100%), shares in [0, 100%], fixed fees not negative. An empty table is allowed and is no
  // fee.
  absl::Status Validate() const;
  friend bool operator==(const FeeSchedule&, const FeeSchedule&) = default;
  FC_FIELDS(effective_from, investors, method, purchase, offer, redemption)
};

// All schedules a fund has had and will have. Old ones stay: an order is always judged by the one in force on its day.
struct FeeSchedules {
  std::vector<FeeSchedule> list;

  // The newest schedule for this investor that is in force on `day`; of two from the same day the one made for the type
  // goes before the one for all. nullptr where none is in force yet.
  const FeeSchedule* At(Date day, InvestorType investor) const;
  // Each schedule's own Validate(), and no two for the same investors from the same day.
  absl::Status Validate() const;
  FC_FIELDS(list)
};

// Validates tables on their own (the command line and file readers use it).
absl::Status ValidatePurchaseTiers(const std::vector<PurchaseTier>& tiers, const std::string& table);
absl::Status ValidateRedemptionTiers(const std::vector<RedemptionTier>& tiers);
const RedemptionTier* FindRedemptionTier(const std::vector<RedemptionTier>& tiers, int32_t days_held);

}  // namespace fundcore
