// Why risk blocks or challenges an order, or refuses a questionnaire: each reason is named after the rule that was broken.
//
// The numbers are stored, travel to trade (DecideOutcome.reason) and are never reused. Reasons of a decision stand in
// checking order, and their number is also their bit in the evidence's mask of rules that fired, so they stay below 32.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace fundcore::risk {

enum class Reason : uint16_t {
  kNone = 0,

  // Blocks.
  kWatchBlocked = 1,
  kQuestionnaireMissing = 2,    // purchases and subscriptions only, as are the next four
  kQuestionnaireExpired = 3,
  kFundUnknown = 4,             // as of receipt, so nothing says what risk it carries
  kLowestClassAboveR1 = 5,      // no confirmation helps
  kRiskAboveClass = 6,          // and the investor did not confirm the mismatch
  // Of a policy and of funds with such rules, after those above.
  kMismatchTextOutdated = 11,   // another text than that in force was confirmed
  kAgeWarningMissing = 12,
  kPensionAccountMissing = 13,
  kRecordingMissing = 14,

  // Challenges: the investor proves who is asking.
  kOrderAmountLimit = 7,
  kDayAmountLimit = 8,
  kDayOrdersLimit = 9,
  kWatchChallenged = 10,

  // Recorded beside a decision, never its outcome.
  kMismatchConfirmed = 20,
  kRedeemedSoonAfterPurchase = 21,
  kProfessionalInvestor = 22,   // needs neither questionnaire nor match
  kAgeWarningConfirmed = 23,
  kSaleRecorded = 24,

  // Of a questionnaire: nothing was recorded.
  kRequestIdReused = 40,
  kTwoAssessmentsToday = 41,
  kEightAssessmentsInYear = 42,
  kPolicyMissing = 43,
  kQuestionnaireOutdated = 44,
  kAnswersDoNotFit = 45,
  // Of a policy or a confirmation.
  kPolicyVersionReused = 46,
  kTextOutdated = 47,
  kTooManyConfirmations = 48,
  kPolicyTooSoon = 49,
};

// UPPER_SNAKE, as in ErrorInfo and in an order's reason; "" for kNone and for numbers of a later build.
std::string_view ReasonName(Reason r);
// What is wrong and what helps, for people; "" where ReasonName is.
std::string_view ReasonText(Reason r);
// The gRPC code where the reason is an error of the call and not a decision.
absl::StatusCode ReasonCode(Reason r);

}  // namespace fundcore::risk
