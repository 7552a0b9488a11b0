// Why trade says no. Each reason is named after the rule that was broken; within a group they stand in the order in
// which they are checked. Numbers are stored in orders and never reused.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace fundcore::trade {

enum class Reason : uint16_t {
  kNone = 0,

  // At the door: nothing was received.
  kRequestIdReused = 1,

  // Product rules, as of receipt: the order was received and is REJECTED.
  kFundUnknown = 10,
  kInstitutionUnknown = 11,
  kNoTradingDay = 12,
  kFundStopped = 13,
  kFundTerminated = 14,
  kFundClosed = 15,
  kFundInOffer = 16,
  kFundNotInOffer = 17,
  kPurchaseStopped = 18,
  kRedemptionStopped = 19,
  kFundClosedOnTradeDay = 20,
  kNothingApplied = 21,
  kAmountBelowFirstMinimum = 22,
  kAmountBelowAdditionalMinimum = 23,
  kAmountAboveMaximum = 24,
  kUnitsBelowMinimum = 25,
  // Of orders that want one trading day: checked once the day is known, before the fund's state.
  kTradeDayPassed = 26,
  kTradeDayNotReached = 27,
  // Of conversions: after the state of the fund that is left.
  kTargetIsSameFund = 90,
  kTargetFundUnknown = 91,
  kNoConversionRelation = 92,
  kConvertOutStopped = 93,
  kConvertInStopped = 94,
  kTargetNotOpen = 95,
  kTargetClosedOnTradeDay = 96,
  kUnitsBelowConversionMinimum = 97,
  kUnitsAboveConversionMaximum = 98,
  kTargetAboveMaximum = 99,

  // Of transfers of units, after the state of the fund.
  kTransferTargetMissing = 150,
  kTransferTargetIsSource = 151,

  // Rules beyond the terms (common/product/fund_rules.h), after the sizes.
  kInClosedPeriod = 100,
  kUnitsAboveMaximum = 101,
  kPurchasesAboveDayLimit = 102,
  kPurchasesAbovePersonLimit = 103,
  kRedemptionsAboveDayLimit = 104,
  // Of the quota that all buyers share, once account and risk have said yes.
  kQuotaUsedUp = 105,

  // Redemption at once (098).
  kFastNotOffered = 190,
  kFastAbovePersonLimit = 191,
  kFastBankLimit = 192,
  kFastPaid = 193,         // of a cancellation: the money is out

  // Adjustments of an offer's subscription (062), after the state of the fund.
  kAdjustedOrderUnknown = 210,
  kSubscriptionNotReceived = 211,   // the institution has not said yet that it has it (120)
  kSubscriptionHasResult = 212,
  kAdjustmentUnderWay = 213,
  kAdjustmentOtherWay = 214,        // of an order by amount by units, or the other way
  kAdjustmentChangesNothing = 215,
  kRaiseNeedsQuota = 216,           // all buyers share the fund's quota

  kUnitsNotPriced = 80,  // an offer by units whose price or fee cannot be computed

  // The second proof that risk asked for.
  kChallengeLapsed = 30,
  kChallengeFailed = 31,

  // From the transfer agent, without a return code of its own.
  kOfferFailed = 35,

  // Cancelling and answering a challenge: the order stays as it is.
  kOrderNotFound = 40,
  kOrderFinal = 41,
  kOrderSealed = 42,
  kCutoffPassed = 43,
  kNotChallenged = 44,

  // Plans: nothing changed.
  kPlanNotFound = 120,
  kPlanEnded = 121,
  kPlanBeginsTooEarly = 122,
  kPlanWithoutDebits = 123,
  kTooManyPlans = 124,
  kPlanAwaitsInstitution = 125,
  kPlanOtherWay = 126,
  kPlanNotDue = 127,
  // Why a plan ended, or a debit was not made.
  kPlanEndedByInvestor = 128,
  kPlanDone = 129,
  kPlanMissedTooOften = 180,
  kPlanTargetReached = 181,
  kPlanPriceUnknown = 182,
  kPlanFactsAwaited = 183,  // of a call: nothing changed

  // Operations: nothing changed.
  kDayNotOver = 50,
  kTransferNotSealed = 51,
  kConfirmationGap = 52,
};

// UPPER_SNAKE, as in ErrorInfo and in an order's `reason`; "" for kNone and for numbers of a later build.
std::string_view ReasonName(Reason r);
// What is wrong and what helps, for people. "" for kNone.
std::string_view ReasonText(Reason r);
// The gRPC code where the reason is an error of the call and not a state of the order.
absl::StatusCode ReasonCode(Reason r);

}  // namespace fundcore::trade
