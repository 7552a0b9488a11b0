// See rules.h.
#include "services/trade/rules.h"

#include "common/base/status.h"

namespace fundcore::trade {

Reason CheckStatus(FundStatus status, uint8_t business) {
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
      return business == kRedemption ? Reason::kRedemptionStopped : Reason::kNone;
  }
  return Reason::kFundStopped;  // a state of a later build takes no orders here
}

Reason CheckSize(const FundTerms& fund, uint8_t business, Money amount, Units units,
                 absl::FunctionRef<bool()> bought_before) {
  if (SpeaksOfUnits(business)) {
    return business == kDividendWay || units.is_positive() ? Reason::kNone : Reason::kNothingApplied;
  }
  if (business == kRedemption) {
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
