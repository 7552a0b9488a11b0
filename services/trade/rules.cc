// See rules.h.
#include "services/trade/rules.h"

#include "common/base/status.h"

namespace fundcore::trade {

Reason CheckStatus(FundStatus status, uint8_t business) {
  if (IsPlanContract(business)) {
    return status == FundStatus::kTerminated && business != kEndPlan ? Reason::kFundTerminated : Reason::kNone;
  }
  if (business == kPlanPurchase) business = kPurchase;
  if (business == kPlanRedemption || IsFast(business)) business = kRedemption;
  // Whoever holds units may say what becomes of them and their dividends, whatever else the fund takes.
  if (SpeaksOfUnits(business)) return status == FundStatus::kTerminated ? Reason::kFundTerminated : Reason::kNone;
  switch (status) {
    case FundStatus::kStopped: return Reason::kFundStopped;
    case FundStatus::kTerminated: return Reason::kFundTerminated;
    case FundStatus::kClosed: return Reason::kFundClosed;
    case FundStatus::kOffering: return business == kSubscription ? Reason::kNone : Reason::kFundInOffer;
    case FundStatus::kOpen: return business == kSubscription ? Reason::kFundNotInOffer : Reason::kNone;
    case FundStatus::kPurchaseStopped:
      if (business == kSubscription) return Reason::kFundNotInOffer;
      return business == kPurchase ? Reason::kPurchaseStopped : Reason::kNone;
    case FundStatus::kRedemptionStopped:
      if (business == kSubscription) return Reason::kFundNotInOffer;
      return business == kRedemption || business == kConversion ? Reason::kRedemptionStopped : Reason::kNone;
  }
  return Reason::kFundStopped;  // a state of a later build takes no orders here
}

Reason CheckSize(const FundTerms& fund, uint8_t business, Money amount, Units units,
                 absl::FunctionRef<bool()> bought_before) {
  if (IsPlanContract(business)) return Reason::kNone;
  if (SpeaksOfUnits(business)) {
    return business == kDividendWay || units.is_positive() ? Reason::kNone : Reason::kNothingApplied;
  }
  if (IsRedemption(business)) {
    if (!units.is_positive()) return Reason::kNothingApplied;
    if (units < fund.min_redemption) return Reason::kUnitsBelowMinimum;
    return Reason::kNone;
  }
  if (!amount.is_positive()) return Reason::kNothingApplied;
  const bool own_additional = fund.min_additional.is_positive() && fund.min_additional != fund.min_purchase;
  if (!own_additional || amount >= std::max(fund.min_purchase, fund.min_additional)) {
    if (amount < fund.min_purchase) return Reason::kAmountBelowFirstMinimum;
  } else {
    const bool additional = bought_before();
    if (additional && amount < fund.min_additional) return Reason::kAmountBelowAdditionalMinimum;
    if (!additional && amount < fund.min_purchase) return Reason::kAmountBelowFirstMinimum;
  }
  if (fund.max_purchase.is_positive() && amount > fund.max_purchase) return Reason::kAmountAboveMaximum;
  return Reason::kNone;
}

Reason CheckRules(const FundRules& rules, uint8_t business, Money amount, Units units, Date trade_day, const Applied& on_day,
                  const Applied& ever) {
  // Sums that overflow are above every limit.
  const auto above = [](int64_t before, int64_t more, int64_t limit) {
    int64_t sum = 0;
    return limit > 0 && (__builtin_add_overflow(before, more, &sum) || sum > limit);
  };
  if (IsRedemption(business)) {
    if (rules.ClosedFor(trade_day, FundRules::kRedemptions)) return Reason::kInClosedPeriod;
    if (above(0, units.raw(), rules.max_redemption.raw())) return Reason::kUnitsAboveMaximum;
    if (above(on_day.redeemed.raw(), units.raw(), rules.max_redemption_a_day.raw())) return Reason::kRedemptionsAboveDayLimit;
    return Reason::kNone;
  }
  if (!amount.is_positive()) return Reason::kNone;
  if (business != kSubscription && rules.ClosedFor(trade_day, FundRules::kPurchases)) return Reason::kInClosedPeriod;
  if (above(on_day.bought.raw(), amount.raw(), rules.max_purchase_a_day.raw())) return Reason::kPurchasesAboveDayLimit;
  if (above(ever.bought.raw(), amount.raw(), rules.max_purchase_total.raw())) return Reason::kPurchasesAbovePersonLimit;
  return Reason::kNone;
}

absl::StatusOr<Date> TradingDay(const TradingCalendar& calendar, TimeOfDay cutoff, TimePoint received,
                                absl::FunctionRef<bool(Date)> closed) {
  Date from = received.date();
  if (received.time_of_day() >= cutoff) from = from.AddDays(1);
  FC_ASSIGN_OR_RETURN(Date day, calendar.NextOrSame(from));
  while (closed(day)) {
    FC_ASSIGN_OR_RETURN(day, calendar.Next(day));
  }
  return day;
}

}  // namespace fundcore::trade
