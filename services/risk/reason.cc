// Names, texts and codes of the reasons.
#include "services/risk/reason.h"

namespace fundcore::risk {

std::string_view ReasonName(Reason r) {
  switch (r) {
    case Reason::kNone: return "";
    case Reason::kWatchBlocked: return "WATCH_BLOCKED";
    case Reason::kQuestionnaireMissing: return "QUESTIONNAIRE_MISSING";
    case Reason::kQuestionnaireExpired: return "QUESTIONNAIRE_EXPIRED";
    case Reason::kFundUnknown: return "FUND_UNKNOWN";
    case Reason::kLowestClassAboveR1: return "LOWEST_CLASS_ABOVE_R1";
    case Reason::kRiskAboveClass: return "RISK_ABOVE_CLASS";
    case Reason::kMismatchTextOutdated: return "MISMATCH_TEXT_OUTDATED";
    case Reason::kAgeWarningMissing: return "AGE_WARNING_MISSING";
    case Reason::kPensionAccountMissing: return "PENSION_ACCOUNT_MISSING";
    case Reason::kRecordingMissing: return "RECORDING_MISSING";
    case Reason::kProfessionalInvestor: return "PROFESSIONAL_INVESTOR";
    case Reason::kAgeWarningConfirmed: return "AGE_WARNING_CONFIRMED";
    case Reason::kSaleRecorded: return "SALE_RECORDED";
    case Reason::kPolicyMissing: return "POLICY_MISSING";
    case Reason::kQuestionnaireOutdated: return "QUESTIONNAIRE_OUTDATED";
    case Reason::kAnswersDoNotFit: return "ANSWERS_DO_NOT_FIT";
    case Reason::kPolicyVersionReused: return "POLICY_VERSION_REUSED";
    case Reason::kTextOutdated: return "TEXT_OUTDATED";
    case Reason::kTooManyConfirmations: return "TOO_MANY_CONFIRMATIONS";
    case Reason::kPolicyTooSoon: return "POLICY_TOO_SOON";
    case Reason::kOrderAmountLimit: return "ORDER_AMOUNT_LIMIT";
    case Reason::kDayAmountLimit: return "DAY_AMOUNT_LIMIT";
    case Reason::kDayOrdersLimit: return "DAY_ORDERS_LIMIT";
    case Reason::kWatchChallenged: return "WATCH_CHALLENGED";
    case Reason::kMismatchConfirmed: return "MISMATCH_CONFIRMED";
    case Reason::kRedeemedSoonAfterPurchase: return "REDEEMED_SOON_AFTER_PURCHASE";
    case Reason::kRequestIdReused: return "REQUEST_ID_REUSED";
    case Reason::kTwoAssessmentsToday: return "TWO_ASSESSMENTS_TODAY";
    case Reason::kEightAssessmentsInYear: return "EIGHT_ASSESSMENTS_IN_YEAR";
  }
  return "";
}

std::string_view ReasonText(Reason r) {
  switch (r) {
    case Reason::kNone: return "";
    case Reason::kWatchBlocked: return "orders of this investor are blocked; an operator can lift it with SetWatch";
    case Reason::kQuestionnaireMissing: return "the investor has not answered the risk questionnaire; record it with Assess";
    case Reason::kQuestionnaireExpired: return "the investor's answers have expired; record new ones with Assess";
    case Reason::kFundUnknown: return "the fund was not known when the order was received; load it into product first";
    case Reason::kLowestClassAboveR1: return "the investor is of the lowest class and may buy funds of grade R1 only";
    case Reason::kRiskAboveClass:
      return "the fund's risk grade is above the investor's class; warn the investor and send mismatch_confirmed with a new order";
    case Reason::kMismatchTextOutdated:
      return "the warning that the investor confirmed is not the one in force; show that and record it with Confirm";
    case Reason::kAgeWarningMissing:
      return "an investor of this age is warned before buying a fund of this grade; show the text and record it with Confirm";
    case Reason::kPensionAccountMissing:
      return "the fund is a class for personal pensions and the investor has no pension account; record it with SetInvestor";
    case Reason::kRecordingMissing:
      return "the sale has to be recorded in sound and picture; record its reference with Confirm";
    case Reason::kProfessionalInvestor: return "a professional investor, for whom nothing has to match";
    case Reason::kAgeWarningConfirmed: return "the investor has confirmed the warning for their age";
    case Reason::kSaleRecorded: return "the sale was recorded in sound and picture";
    case Reason::kPolicyMissing: return "no suitability policy is in force; load one with PutPolicy";
    case Reason::kQuestionnaireOutdated:
      return "these are answers to a questionnaire that is not in force; ask that of GetPolicy";
    case Reason::kAnswersDoNotFit: return "one option of each question is needed, and no other";
    case Reason::kPolicyVersionReused: return "this version is there with other content; a version never changes";
    case Reason::kTextOutdated:
      return "this is not the version of the text in force; show the investor that of GetPolicy";
    case Reason::kPolicyTooSoon:
      return "a policy takes effect 30 s from now or later, so that all partitions have it by then";
    case Reason::kTooManyConfirmations: return "an investor may have 1,000 confirmations; ask the operator";
    case Reason::kOrderAmountLimit: return "the amount is above what one order may have unasked; the investor proves who is asking";
    case Reason::kDayAmountLimit: return "the day's purchases are above the limit; the investor proves who is asking";
    case Reason::kDayOrdersLimit: return "the day's orders are more than the limit; the investor proves who is asking";
    case Reason::kWatchChallenged: return "orders of this investor need a second proof; an operator can lift it with SetWatch";
    case Reason::kMismatchConfirmed: return "the investor has confirmed to buy above their class";
    case Reason::kRedeemedSoonAfterPurchase: return "a redemption shortly after a large purchase";
    case Reason::kRequestIdReused: return "this request id was used with other answers; use a new id for new answers";
    case Reason::kTwoAssessmentsToday: return "the questionnaire may be answered twice a day; answer it again tomorrow";
    case Reason::kEightAssessmentsInYear: return "the questionnaire may be answered eight times in twelve months; answer it later";
  }
  return "";
}

absl::StatusCode ReasonCode(Reason r) {
  return r == Reason::kRequestIdReused ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kFailedPrecondition;
}

}  // namespace fundcore::risk
