// Look-up and validation of fee tables.
#include "common/fund/fees.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore {
namespace {

constexpr Rate kAll = Rate::FromRaw(Rate::kOne);  // 100%
constexpr Money kOneFen = Money::FromRaw(1);

absl::Status CheckRate(Rate rate, bool all_allowed, const std::string& what) {
  if (!rate.is_negative() && (rate < kAll || (all_allowed && rate == kAll))) return absl::OkStatus();
  return absl::InvalidArgumentError(StrCat(what, " is ", rate.ToPercent(), "; it must be from 0% to ",
                                           all_allowed ? "100%" : "below 100%"));
}

const PurchaseTier* FindPurchaseTier(const std::vector<PurchaseTier>& tiers, Money amount) {
  for (const PurchaseTier& tier : tiers) {
    if (tier.min <= amount && amount <= tier.max) return &tier;
  }
  return nullptr;
}

std::string Investors(const FeeSchedule& s) {
  if (!s.investors) return "all investors";
  switch (*s.investors) {
    case InvestorType::kInstitution: return "institutions";
    case InvestorType::kIndividual: return "individuals";
    case InvestorType::kProduct: return "products";
  }
  return "unknown investors";
}

}  // namespace

Rate PurchaseFee::Discounted(Discount discount) const {
  if (discount.is_zero()) return rate;
  const Rate reduced = Rate::FromRaw(MulDiv(rate.raw(), discount.raw(), Rate::kOne, Rounding::kHalfUp));
  return std::min(rate, std::max(reduced, least_rate));
}

const PurchaseTier* FeeSchedule::PurchaseTierFor(Money amount) const { return FindPurchaseTier(purchase, amount); }

const PurchaseTier* FeeSchedule::OfferTierFor(Money amount) const {
  return FindPurchaseTier(offer.empty() ? purchase : offer, amount);
}

const RedemptionTier* FeeSchedule::RedemptionTierFor(int32_t days_held) const {
  return FindRedemptionTier(redemption, days_held);
}

const RedemptionTier* FindRedemptionTier(const std::vector<RedemptionTier>& tiers, int32_t days_held) {
  for (const RedemptionTier& tier : tiers) {
    const bool below_end = tier.max_days == kNoDayLimit || days_held <= tier.max_days;
    if (tier.min_days <= days_held && below_end) return &tier;
  }
  return nullptr;
}

absl::Status ValidatePurchaseTiers(const std::vector<PurchaseTier>& tiers, const std::string& table) {
  for (size_t i = 0; i < tiers.size(); ++i) {
    const PurchaseTier& tier = tiers[i];
    const std::string name = StrCat(table, " fee tier ", i + 1);
    if (i == 0 && tier.min != Money() && tier.min != kOneFen) {
      return absl::InvalidArgumentError(
          StrCat(name, " starts at ", tier.min.ToString(), "; the first tier must start at 0"));
    }
    if (tier.max < tier.min) {
      return absl::InvalidArgumentError(
          StrCat(name, " ends at ", tier.max.ToString(), ", before its start ", tier.min.ToString()));
    }
    if (i > 0 && tiers[i - 1].max >= tier.min) {
      return absl::InvalidArgumentError(StrCat(name, " starts at ", tier.min.ToString(), " but tier ", i, " ends at ",
                                               tiers[i - 1].max.ToString(), ": they overlap; start it 0.01 after"));
    }
    if (i > 0 && tiers[i - 1].max + kOneFen != tier.min) {
      return absl::InvalidArgumentError(StrCat(name, " starts at ", tier.min.ToString(), " but tier ", i, " ends at ",
                                               tiers[i - 1].max.ToString(), ": a gap; start it 0.01 after"));
    }
    FC_RETURN_IF_ERROR(CheckRate(tier.fee.rate, false, StrCat(name, ": rate")));
    FC_RETURN_IF_ERROR(CheckRate(tier.fee.least_rate, false, StrCat(name, ": least rate")));
    if (tier.fee.fixed && tier.fee.fixed->is_negative()) {
      return absl::InvalidArgumentError(StrCat(name, ": fixed fee ", tier.fee.fixed->ToString(), " is negative"));
    }
  }
  if (!tiers.empty() && tiers.back().max != kNoAmountLimit) {
    return absl::InvalidArgumentError(StrCat("the last ", table, " fee tier ends at ", tiers.back().max.ToString(),
                                             "; larger amounts would have no fee rule; leave its end open"));
  }
  return absl::OkStatus();
}

absl::Status ValidateRedemptionTiers(const std::vector<RedemptionTier>& tiers) {
  for (size_t i = 0; i < tiers.size(); ++i) {
    const RedemptionTier& tier = tiers[i];
    const std::string name = StrCat("redemption fee tier ", i + 1);
    if (i == 0 && tier.min_days != 0) {
      return absl::InvalidArgumentError(
          StrCat(name, " starts at day ", tier.min_days, "; the first tier must start at day 0"));
    }
    if (tier.max_days < tier.min_days) {
      return absl::InvalidArgumentError(
          StrCat(name, " ends at day ", tier.max_days, ", before its start ", tier.min_days));
    }
    if (i > 0 && tiers[i - 1].max_days + 1 != tier.min_days) {
      return absl::InvalidArgumentError(StrCat(name, " starts at day ", tier.min_days, " but tier ", i, " ends at day ",
                                               tiers[i - 1].max_days,
                                               tiers[i - 1].max_days >= tier.min_days ? ": they overlap" : ": a gap",
                                               "; start it at day ", tiers[i - 1].max_days + 1));
    }
    FC_RETURN_IF_ERROR(CheckRate(tier.rate, false, StrCat(name, ": rate")));
    FC_RETURN_IF_ERROR(CheckRate(tier.fund_share, true, StrCat(name, ": fund's share")));
  }
  if (!tiers.empty() && tiers.back().max_days != kNoDayLimit) {
    return absl::InvalidArgumentError(StrCat("the last redemption fee tier ends at day ", tiers.back().max_days,
                                             "; longer holdings would have no fee rule; end it at ", kNoDayLimit));
  }
  return absl::OkStatus();
}

absl::Status FeeSchedule::Validate() const {
  if (!effective_from.is_set())
    return absl::InvalidArgumentError("a fee schedule has no effective date; give its first day");
  FC_RETURN_IF_ERROR(ValidatePurchaseTiers(purchase, "purchase"));
  FC_RETURN_IF_ERROR(ValidatePurchaseTiers(offer, "offer"));
  return ValidateRedemptionTiers(redemption);
}

const FeeSchedule* FeeSchedules::At(Date day, InvestorType investor) const {
  const FeeSchedule* best = nullptr;
  for (const FeeSchedule& s : list) {
    if (s.effective_from > day || (s.investors && *s.investors != investor)) continue;
    const bool newer = !best || s.effective_from > best->effective_from;
    const bool closer = best && s.effective_from == best->effective_from && s.investors && !best->investors;
    if (newer || closer) best = &s;
  }
  return best;
}

absl::Status FeeSchedules::Validate() const {
  for (size_t i = 0; i < list.size(); ++i) {
    FC_RETURN_IF_ERROR(list[i].Validate());
    for (size_t j = 0; j < i; ++j) {
      if (list[i].effective_from == list[j].effective_from && list[i].investors == list[j].investors) {
        return absl::InvalidArgumentError(StrCat("two fee schedules for ", Investors(list[i]), " from ",
                                                 list[i].effective_from.Iso(), "; keep one"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace fundcore
