// Names, texts and codes of trade's reasons.
#include "services/trade/reason.h"

namespace fundcore::trade {

std::string_view ReasonName(Reason r) {
  switch (r) {
    case Reason::kNone: return "";
    case Reason::kRequestIdReused: return "REQUEST_ID_REUSED";
    case Reason::kFundUnknown: return "FUND_UNKNOWN";
    case Reason::kInstitutionUnknown: return "INSTITUTION_UNKNOWN";
    case Reason::kNoTradingDay: return "NO_TRADING_DAY";
    case Reason::kFundStopped: return "FUND_STOPPED";
    case Reason::kFundTerminated: return "FUND_TERMINATED";
    case Reason::kFundClosed: return "FUND_CLOSED";
    case Reason::kFundInOffer: return "FUND_IN_OFFER";
    case Reason::kFundNotInOffer: return "FUND_NOT_IN_OFFER";
    case Reason::kPurchaseStopped: return "PURCHASE_STOPPED";
    case Reason::kRedemptionStopped: return "REDEMPTION_STOPPED";
    case Reason::kFundClosedOnTradeDay: return "FUND_CLOSED_ON_TRADE_DAY";
    case Reason::kNothingApplied: return "NOTHING_APPLIED";
    case Reason::kAmountBelowFirstMinimum: return "AMOUNT_BELOW_FIRST_MINIMUM";
    case Reason::kAmountBelowAdditionalMinimum: return "AMOUNT_BELOW_ADDITIONAL_MINIMUM";
    case Reason::kAmountAboveMaximum: return "AMOUNT_ABOVE_MAXIMUM";
    case Reason::kUnitsBelowMinimum: return "UNITS_BELOW_MINIMUM";
    case Reason::kTradeDayPassed: return "TRADE_DAY_PASSED";
    case Reason::kTradeDayNotReached: return "TRADE_DAY_NOT_REACHED";
    case Reason::kTransferTargetMissing: return "TRANSFER_TARGET_MISSING";
    case Reason::kTransferTargetIsSource: return "TRANSFER_TARGET_IS_SOURCE";
    case Reason::kTargetIsSameFund: return "TARGET_IS_SAME_FUND";
    case Reason::kTargetFundUnknown: return "TARGET_FUND_UNKNOWN";
    case Reason::kNoConversionRelation: return "NO_CONVERSION_RELATION";
    case Reason::kConvertOutStopped: return "CONVERT_OUT_STOPPED";
    case Reason::kConvertInStopped: return "CONVERT_IN_STOPPED";
    case Reason::kTargetNotOpen: return "TARGET_NOT_OPEN";
    case Reason::kTargetClosedOnTradeDay: return "TARGET_CLOSED_ON_TRADE_DAY";
    case Reason::kUnitsBelowConversionMinimum: return "UNITS_BELOW_CONVERSION_MINIMUM";
    case Reason::kUnitsAboveConversionMaximum: return "UNITS_ABOVE_CONVERSION_MAXIMUM";
    case Reason::kTargetAboveMaximum: return "TARGET_ABOVE_MAXIMUM";
    case Reason::kInClosedPeriod: return "IN_CLOSED_PERIOD";
    case Reason::kUnitsAboveMaximum: return "UNITS_ABOVE_MAXIMUM";
    case Reason::kPurchasesAboveDayLimit: return "PURCHASES_ABOVE_DAY_LIMIT";
    case Reason::kPurchasesAbovePersonLimit: return "PURCHASES_ABOVE_PERSON_LIMIT";
    case Reason::kRedemptionsAboveDayLimit: return "REDEMPTIONS_ABOVE_DAY_LIMIT";
    case Reason::kQuotaUsedUp: return "QUOTA_USED_UP";
    case Reason::kFastNotOffered: return "FAST_NOT_OFFERED";
    case Reason::kFastAbovePersonLimit: return "FAST_ABOVE_PERSON_LIMIT";
    case Reason::kFastBankLimit: return "FAST_BANK_LIMIT";
    case Reason::kFastPaid: return "FAST_PAID";
    case Reason::kChallengeLapsed: return "CHALLENGE_LAPSED";
    case Reason::kChallengeFailed: return "CHALLENGE_FAILED";
    case Reason::kOfferFailed: return "OFFER_FAILED";
    case Reason::kAdjustedOrderUnknown: return "ADJUSTED_ORDER_UNKNOWN";
    case Reason::kSubscriptionNotReceived: return "SUBSCRIPTION_NOT_RECEIVED";
    case Reason::kSubscriptionHasResult: return "SUBSCRIPTION_HAS_RESULT";
    case Reason::kAdjustmentUnderWay: return "ADJUSTMENT_UNDER_WAY";
    case Reason::kAdjustmentOtherWay: return "ADJUSTMENT_OTHER_WAY";
    case Reason::kAdjustmentChangesNothing: return "ADJUSTMENT_CHANGES_NOTHING";
    case Reason::kRaiseNeedsQuota: return "RAISE_NEEDS_QUOTA";
    case Reason::kUnitsNotPriced: return "UNITS_NOT_PRICED";
    case Reason::kOrderNotFound: return "ORDER_NOT_FOUND";
    case Reason::kOrderFinal: return "ORDER_FINAL";
    case Reason::kOrderSealed: return "ORDER_SEALED";
    case Reason::kCutoffPassed: return "CUTOFF_PASSED";
    case Reason::kNotChallenged: return "NOT_CHALLENGED";
    case Reason::kPlanNotFound: return "PLAN_NOT_FOUND";
    case Reason::kPlanEnded: return "PLAN_ENDED";
    case Reason::kPlanBeginsTooEarly: return "PLAN_BEGINS_TOO_EARLY";
    case Reason::kPlanWithoutDebits: return "PLAN_WITHOUT_DEBITS";
    case Reason::kTooManyPlans: return "TOO_MANY_PLANS";
    case Reason::kPlanAwaitsInstitution: return "PLAN_AWAITS_INSTITUTION";
    case Reason::kPlanOtherWay: return "PLAN_OTHER_WAY";
    case Reason::kPlanNotDue: return "PLAN_NOT_DUE";
    case Reason::kPlanEndedByInvestor: return "PLAN_ENDED_BY_INVESTOR";
    case Reason::kPlanDone: return "PLAN_DONE";
    case Reason::kPlanMissedTooOften: return "PLAN_MISSED_TOO_OFTEN";
    case Reason::kPlanTargetReached: return "PLAN_TARGET_REACHED";
    case Reason::kPlanPriceUnknown: return "PLAN_PRICE_UNKNOWN";
    case Reason::kPlanFactsAwaited: return "PLAN_FACTS_AWAITED";
    case Reason::kDayNotOver: return "DAY_NOT_OVER";
    case Reason::kTransferNotSealed: return "TRANSFER_NOT_SEALED";
    case Reason::kConfirmationGap: return "CONFIRMATION_GAP";
  }
  return "";
}

std::string_view ReasonText(Reason r) {
  switch (r) {
    case Reason::kNone: return "";
    case Reason::kRequestIdReused:
      return "this request id belongs to an order with other content; send a new order under an id of its own";
    case Reason::kFundUnknown: return "no fund of this code was known when the order was received; check the code";
    case Reason::kInstitutionUnknown:
      return "the fund's transfer agent was not known when the order was received; the operator has to add it";
    case Reason::kNoTradingDay:
      return "the calendar names no open day for this order; the operator has to extend it, then send a new order";
    case Reason::kFundStopped: return "the fund had stopped dealing when the order was received";
    case Reason::kFundTerminated: return "the fund has been terminated";
    case Reason::kFundClosed: return "the fund is closed and takes no orders";
    case Reason::kFundInOffer: return "the fund is being offered: only subscriptions (020) are taken until it opens";
    case Reason::kFundNotInOffer:
      return "the fund is not being offered: send a purchase (022) instead of a subscription";
    case Reason::kPurchaseStopped: return "purchases of the fund were suspended when the order was received";
    case Reason::kRedemptionStopped: return "redemptions of the fund were suspended when the order was received";
    case Reason::kFundClosedOnTradeDay:
      return "the fund is closed on this trading day although the institution is open; order again for a day on which "
             "it trades";
    case Reason::kNothingApplied: return "an order applies for a positive amount or number of units";
    case Reason::kAmountBelowFirstMinimum: return "the amount is below the fund's minimum for a first purchase";
    case Reason::kAmountBelowAdditionalMinimum: return "the amount is below the fund's minimum for a further purchase";
    case Reason::kAmountAboveMaximum: return "the amount is above the fund's limit for one order";
    case Reason::kUnitsNotPriced:
      return "what these units of the offer cost cannot be computed; subscribe fewer, or by amount";
    case Reason::kUnitsBelowMinimum: return "the number of units is below the fund's minimum redemption";
    case Reason::kTradeDayPassed:
      return "the order came after the cut-off of the only trading day that it wants; a later day needs a new order";
    case Reason::kTradeDayNotReached:
      return "the order came before the only trading day that it wants; send a new order on that day";
    case Reason::kTransferTargetMissing:
      return "a transfer needs to know where the units go, or come from: target_distributor for 26 to 28, "
             "target_trading_account for 33 to 35";
    case Reason::kTransferTargetIsSource:
      return "the units would stay in the account that they are in; name another one";
    case Reason::kTargetIsSameFund:
      return "a conversion leaves one fund for another; name another target";
    case Reason::kTargetFundUnknown:
      return "no target fund of this code was known when the order was received; check the code";
    case Reason::kNoConversionRelation:
      return "the fund cannot be converted into this target; redeem and buy instead";
    case Reason::kConvertOutStopped:
      return "the fund does not let conversions out";
    case Reason::kConvertInStopped: return "the target does not let conversions in";
    case Reason::kTargetNotOpen:
      return "the target took no purchases when the order was received";
    case Reason::kTargetClosedOnTradeDay:
      return "the target is closed on this trading day; order again for a day on which both funds trade";
    case Reason::kUnitsBelowConversionMinimum:
      return "the number of units is below the least that may be converted into this target";
    case Reason::kUnitsAboveConversionMaximum:
      return "the number of units is above the most that one order may convert into this target";
    case Reason::kTargetAboveMaximum:
      return "at the latest price the units are worth more than one purchase of the target may be; convert fewer";
    case Reason::kInClosedPeriod:
      return "the fund takes no such orders on this trading day; order again after its closed period";
    case Reason::kUnitsAboveMaximum:
      return "the number of units is above the fund's limit for one redemption; redeem fewer";
    case Reason::kPurchasesAboveDayLimit:
      return "with this order the investor's purchases of the fund on this trading day are above its limit; buy less, or on "
             "another day";
    case Reason::kPurchasesAbovePersonLimit:
      return "with this order the investor's purchases of the fund are above what it takes of one person; buy less";
    case Reason::kRedemptionsAboveDayLimit:
      return "with this order the investor's redemptions of the fund on this trading day are above its limit; redeem fewer, or on "
             "another day";
    case Reason::kQuotaUsedUp:
      return "what all buyers together may buy of the fund on this trading day is used up; buy less, or on another day";
    case Reason::kFastNotOffered:
      return "the fund does not redeem at once; redeem in the ordinary way";
    case Reason::kFastAbovePersonLimit:
      return "the units are worth more than one person may have of the fund at once on one day; ask for fewer, or redeem in the "
             "ordinary way";
    case Reason::kFastBankLimit:
      return "the bank that advances the money has too much out just now; ask for fewer or later, or redeem in the ordinary way";
    case Reason::kFastPaid: return "a redemption at once is paid when it is accepted, and cannot be cancelled";
    case Reason::kAdjustedOrderUnknown:
      return "this investor has no subscription of this fund under this number; check original_order_id";
    case Reason::kSubscriptionNotReceived:
      return "the institution has not confirmed the receipt of the subscription yet (120); cancel it before the cut-off, or "
             "change it afterwards";
    case Reason::kSubscriptionHasResult:
      return "the subscription has its result, or has ended; it can no longer be changed";
    case Reason::kAdjustmentUnderWay:
      return "another change of this subscription has no answer yet; cancel that one or wait for it";
    case Reason::kAdjustmentOtherWay:
      return "a subscription by amount is changed to an amount, one by units to units";
    case Reason::kAdjustmentChangesNothing:
      return "the subscription has this amount already";
    case Reason::kRaiseNeedsQuota:
      return "the quota of the fund is shared by all buyers in the order of their subscriptions; subscribe anew for what "
             "is to be added";
    case Reason::kChallengeLapsed: return "the second proof was not given before the cut-off; order again";
    case Reason::kChallengeFailed: return "the second proof was not passed";
    case Reason::kOfferFailed: return "the fund's offer failed; the money comes back with interest";
    case Reason::kOrderNotFound: return "this investor has no order of this number; check both";
    case Reason::kOrderFinal: return "the order has gone too far to be cancelled; see its state";
    case Reason::kOrderSealed:
      return "the order is already in a transfer to the institution and cannot be cancelled here";
    case Reason::kCutoffPassed: return "the cut-off of the order's trading day has passed";
    case Reason::kNotChallenged: return "the order waits for no second proof; see its state";
    case Reason::kPlanNotFound: return "this investor has no plan of this number; check both";
    case Reason::kPlanEnded: return "the plan has ended; make a new one";
    case Reason::kPlanBeginsTooEarly: return "the first day of a plan is tomorrow or later";
    case Reason::kPlanWithoutDebits:
      return "there is no debit day between the first and the last day of the plan; give it more time";
    case Reason::kTooManyPlans: return "an investor may have made 200 plans, ended ones included";
    case Reason::kPlanAwaitsInstitution:
      return "the institution has not confirmed the plan or its last change yet; ask again afterwards";
    case Reason::kPlanOtherWay:
      return "a plan that buys cannot become one that redeems, nor the other way; end it and make another";
    case Reason::kPlanNotDue: return "the plan is not due for this debit any more; nothing was received";
    case Reason::kPlanEndedByInvestor: return "the investor ended the plan";
    case Reason::kPlanDone: return "the plan has made all its debits or come to its last day";
    case Reason::kPlanMissedTooOften:
      return "the plan missed as many debits as end it; make a new one once there is money";
    case Reason::kPlanTargetReached: return "what is held and on its way is worth the target already";
    case Reason::kPlanFactsAwaited: return "what is known of funds has not come up to this moment yet; ask again";
    case Reason::kPlanPriceUnknown: return "the fund has no price with which to compare the target";
    case Reason::kDayNotOver:
      return "the cut-off of this day plus the grace has not come yet; close the day afterwards";
    case Reason::kTransferNotSealed: return "this transfer has not been sealed in this partition; seal it first";
    case Reason::kConfirmationGap: return "lines before these have not been applied; begin at the expected index";
  }
  return "";
}

absl::StatusCode ReasonCode(Reason r) {
  switch (r) {
    case Reason::kNone: return absl::StatusCode::kOk;
    case Reason::kRequestIdReused: return absl::StatusCode::kAlreadyExists;
    case Reason::kOrderNotFound:
    case Reason::kPlanNotFound:
    case Reason::kTargetFundUnknown:
    case Reason::kFundUnknown: return absl::StatusCode::kNotFound;
    case Reason::kPlanFactsAwaited:
    case Reason::kInstitutionUnknown: return absl::StatusCode::kUnavailable;  // its facts are on their way
    case Reason::kNoTradingDay:
    case Reason::kFundStopped:
    case Reason::kFundTerminated:
    case Reason::kFundClosed:
    case Reason::kFundInOffer:
    case Reason::kFundNotInOffer:
    case Reason::kPurchaseStopped:
    case Reason::kRedemptionStopped:
    case Reason::kFundClosedOnTradeDay:
    case Reason::kNothingApplied:
    case Reason::kAmountBelowFirstMinimum:
    case Reason::kAmountBelowAdditionalMinimum:
    case Reason::kAmountAboveMaximum:
    case Reason::kAdjustedOrderUnknown:
    case Reason::kSubscriptionNotReceived:
    case Reason::kSubscriptionHasResult:
    case Reason::kAdjustmentUnderWay:
    case Reason::kAdjustmentOtherWay:
    case Reason::kAdjustmentChangesNothing:
    case Reason::kRaiseNeedsQuota:
    case Reason::kUnitsNotPriced:
    case Reason::kUnitsBelowMinimum:
    case Reason::kTradeDayPassed:
    case Reason::kTradeDayNotReached:
    case Reason::kTransferTargetMissing:
    case Reason::kTransferTargetIsSource:
    case Reason::kTargetIsSameFund:
    case Reason::kNoConversionRelation:
    case Reason::kConvertOutStopped:
    case Reason::kConvertInStopped:
    case Reason::kTargetNotOpen:
    case Reason::kTargetClosedOnTradeDay:
    case Reason::kUnitsBelowConversionMinimum:
    case Reason::kUnitsAboveConversionMaximum:
    case Reason::kTargetAboveMaximum:
    case Reason::kInClosedPeriod:
    case Reason::kUnitsAboveMaximum:
    case Reason::kPurchasesAboveDayLimit:
    case Reason::kPurchasesAbovePersonLimit:
    case Reason::kRedemptionsAboveDayLimit:
    case Reason::kQuotaUsedUp:
    case Reason::kFastNotOffered:
    case Reason::kFastAbovePersonLimit:
    case Reason::kFastBankLimit:
    case Reason::kFastPaid:
    case Reason::kChallengeLapsed:
    case Reason::kChallengeFailed:
    case Reason::kOfferFailed:
    case Reason::kOrderFinal:
    case Reason::kOrderSealed:
    case Reason::kCutoffPassed:
    case Reason::kNotChallenged:
    case Reason::kPlanEnded:
    case Reason::kPlanBeginsTooEarly:
    case Reason::kPlanWithoutDebits:
    case Reason::kTooManyPlans:
    case Reason::kPlanAwaitsInstitution:
    case Reason::kPlanOtherWay:
    case Reason::kPlanNotDue:
    case Reason::kPlanEndedByInvestor:
    case Reason::kPlanDone:
    case Reason::kPlanMissedTooOften:
    case Reason::kPlanTargetReached:
    case Reason::kPlanPriceUnknown:
    case Reason::kDayNotOver:
    case Reason::kTransferNotSealed:
    case Reason::kConfirmationGap: return absl::StatusCode::kFailedPrecondition;
  }
  return absl::StatusCode::kUnknown;
}

}  // namespace fundcore::trade
