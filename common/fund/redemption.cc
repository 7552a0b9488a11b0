// Redemption arithmetic over lots.
#include "common/fund/redemption.h"

#include <algorithm>
#include <numeric>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore {
namespace {

std::vector<uint32_t> UseOrder(std::span<const Lot> lots, LotOrder order) {
  std::vector<uint32_t> indexes(lots.size());
  std::iota(indexes.begin(), indexes.end(), 0u);
  std::stable_sort(indexes.begin(), indexes.end(),
                   [&](uint32_t a, uint32_t b) { return lots[a].registered < lots[b].registered; });
  if (order == LotOrder::kNewestFirst) std::reverse(indexes.begin(), indexes.end());
  return indexes;
}

struct Price {
  Rate rate;
  Rate fund_share;
  friend bool operator==(const Price&, const Price&) = default;
};

// Units of one day of registration that leave at one rate. Their fee is rounded once, however many lots hold them: which
// purchases were put together into a lot must not show in a figure.
struct SameAge {
  Date registered;
  Price price;
  Money gross;
  Money fee;
  Money fund_part;
};

absl::StatusOr<Price> PriceOf(const std::vector<RedemptionTier>& tiers, int32_t days) {
  if (tiers.empty()) return Price{};
  const RedemptionTier* tier = FindRedemptionTier(tiers, days);
  if (!tier) {
    return absl::InvalidArgumentError(
        StrCat("no redemption fee tier covers ", days, " days; the tiers must cover 0 to ", kNoDayLimit));
  }
  return Price{tier->rate, tier->fund_share};
}

// Brings the fee of the whole order between its bounds and spreads it over the parts: by their gross where the fee was
// raised (they may all have been free), by their fees where it was lowered. `shares` are the fund's, part by part.
absl::Status Bound(const FeeBounds& bounds, const std::vector<Rate>& shares, const RoundingRules& rounding,
                   RedemptionSplit* split) {
  FC_RETURN_IF_ERROR(bounds.Check());
  const Money fee = bounds.Clamp(split->fee);
  if (fee == split->fee) return absl::OkStatus();
  if (fee > split->gross) {
    return absl::InvalidArgumentError(StrCat("the least fee ", bounds.least.ToString(), " is above what the units fetch, ",
                                             split->gross.ToString()));
  }
  const bool raised = fee > split->fee;
  const Money all = raised ? split->gross : split->fee;
  Money weight_done, fee_done;
  split->fund_part = Money();
  for (size_t i = 0; i < split->parts.size(); ++i) {
    RedemptionPart& part = split->parts[i];
    weight_done += raised ? part.gross : part.fee;
    const auto fee_now = Money::FromRaw(MulDiv(fee.raw(), weight_done.raw(), all.raw(), Rounding::kTruncate));
    part.fee = fee_now - fee_done;
    fee_done = fee_now;
    part.fund_part = ApplyRate(part.fee, shares[i], rounding.fee);
    split->fund_part += part.fund_part;
  }
  split->fee = fee;
  return absl::OkStatus();
}

}  // namespace

int32_t HoldingDays(Date purchase_confirmed, Date redemption_confirmed) {
  return redemption_confirmed.days() - purchase_confirmed.days();
}

absl::StatusOr<RedemptionSplit> SplitRedemption(std::span<const Lot> lots, Units units, Nav nav,
                                                const std::vector<RedemptionTier>& tiers, Date confirm_day,
                                                const RedemptionOptions& options) {
  if (!units.is_positive()) {
    return absl::InvalidArgumentError(StrCat("units to redeem are ", units.ToString(), "; they must be positive"));
  }
  if (!nav.is_positive()) return absl::InvalidArgumentError(StrCat("unit price ", nav.ToString(), " must be positive"));
  if (!MulDivFits(units.raw(), nav.raw(), Nav::kOne)) {
    return absl::InvalidArgumentError(
        StrCat(units.ToString(), " units at ", nav.ToString(), " are too large an amount; check both"));
  }

  RedemptionSplit split;
  const RoundingRules& rounding = options.rounding;
  Units done;
  Money gross_done;
  SameAge age;
  std::vector<Rate> shares;  // the fund's part of the fee, for each part
  std::vector<uint32_t> order = UseOrder(lots, options.order);
  const Date usable_by = std::max(options.usable_on, options.goes_on);
  if (options.goes_on.is_set())
    std::stable_partition(order.begin(), order.end(), [&](uint32_t i) { return lots[i].usable_from <= options.usable_on; });
  for (const uint32_t index : order) {
    const Lot& lot = lots[index];
    if (done == units) break;
    const bool early = options.usable_on.is_set() && lot.usable_from > usable_by;
    if (!lot.units.is_positive() || (early && !options.breach)) continue;
    const int32_t days = HoldingDays(lot.registered, confirm_day);
    if (days < 0) {
      return absl::InvalidArgumentError(StrCat("lot ", index + 1, " was registered on ", lot.registered.Iso(),
                                               ", after the redemption's confirmation on ", confirm_day.Iso()));
    }
    Price price;
    if (early) {
      price = {options.breach->rate, options.breach->fund_share};
    } else {
      FC_ASSIGN_OR_RETURN(price, PriceOf(tiers, days));
    }

    const Units taken = std::min(lot.units, units - done);
    done += taken;
    // A part's gross is the growth of the rounded running total: parts are never negative and add up to the whole.
    const Money gross_now = Value(done, nav, rounding.value);
    const Money gross = gross_now - gross_done;
    gross_done = gross_now;
    if (age.registered != lot.registered || age.price != price) age = {lot.registered, price};
    // Likewise the growth of what is charged for the day so far.
    age.gross += gross;
    const Money fee = ApplyRate(age.gross, price.rate, rounding.fee) - age.fee;
    age.fee += fee;
    const Money fund_part = ApplyRate(age.fee, price.fund_share, rounding.fee) - age.fund_part;
    age.fund_part += fund_part;
    split.parts.push_back({.lot = index,
                           .units = taken,
                           .days_held = days,
                           .rate = price.rate,
                           .gross = gross,
                           .fee = fee,
                           .fund_part = fund_part});
    shares.push_back(price.fund_share);
    split.fee += fee;
    split.fund_part += fund_part;
  }
  if (done < units) {
    return absl::FailedPreconditionError(
        StrCat("not enough units: ", units.ToString(), " asked, ", done.ToString(), " usable"));
  }
  split.gross = gross_done;
  if (options.bounds.IsSet()) FC_RETURN_IF_ERROR(Bound(options.bounds, shares, rounding, &split));
  split.net = split.gross - split.fee;
  return split;
}

Money ComputeBackEndLoad(const BackEndLoad& load, Units units, Nav bought_at, Nav nav, const RoundingRules& rounding) {
  const Money base = Value(units, load.base == BackEndLoad::Base::kCost ? bought_at : nav, rounding.value);
  const int64_t whole = load.form == BackEndLoad::Form::kOnTop ? Rate::kOne + load.rate.raw() : Rate::kOne;
  return Money::FromRaw(MulDiv(base.raw(), load.rate.raw(), whole, rounding.fee));
}

}  // namespace fundcore
