// Business codes (what an item of a file asks for, and how it is confirmed) and return codes (what became of it).
//
// An enumerator exists where code acts on the business; the names and the full lists are data (tables/codes.tbl). A
// code that is not listed is still a value: what an institution invents passes through and is shown as its digits.
//
//   BusinessCodeName("022")          // "申购"
//   ConfirmationsOf(BusinessCode::kSubscribe)   // {120}; 130, the result of the offer, comes without an application
//   ReturnCodeMeaning("0408")        // "逐笔人工处理为成功", or "" for a code that is not in the standard
//   IsRefusal("0408")                // false
//
// All functions are thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fundcore::ofd {

enum class BusinessCode : uint16_t {
  kNone = 0,
  // Accounts.
  kOpenAccount = 1,
  kCloseAccount = 2,
  kChangeAccount = 3,
  kFreezeAccount = 4,
  kUnfreezeAccount = 5,
  kReportCardLost = 6,
  kReportCardFound = 7,
  kAddTradingAccount = 8,
  kCloseTradingAccount = 9,
  // Trades.
  kSubscribe = 20,  // in the initial offer (认购)
  kReserveSubscribe = 21,
  kPurchase = 22,
  kReservePurchase = 23,
  kRedeem = 24,
  kReserveRedeem = 25,
  kTransferAgency = 26,
  kTransferAgencyIn = 27,
  kTransferAgencyOut = 28,
  kSetDividendMethod = 29,
  kFreezeUnits = 31,
  kUnfreezeUnits = 32,
  kTransferOwner = 33,
  kTransferOwnerIn = 34,
  kTransferOwnerOut = 35,
  kConvert = 36,
  kConvertIn = 37,
  kConvertOut = 38,
  kPlanPurchase = 39,
  kRefund = 40,
  kPayMore = 41,
  kCancel = 52,
  kCancelReservation = 53,
  kVoidPayment = 54,
  kChangeTradingAccount = 58,
  kOpenPlan = 59,
  kClosePlan = 60,
  kChangePlan = 61,
  kAdjustSubscription = 62,
  kPlanRedeem = 63,
  kConfirmTitle = 80,
  kPledge = 88,
  kFastTransferOut = 96,
  kFastTransferIn = 97,
  kFastRedeem = 98,  // T+0: units move at once, against advanced money
  // Confirmations.
  kOpenAccountConfirmed = 101,
  kCloseAccountConfirmed = 102,
  kChangeAccountConfirmed = 103,
  kAddTradingAccountConfirmed = 108,
  kCloseTradingAccountConfirmed = 109,
  kSubscribeReceived = 120,  // receipt only; kSubscribeResult says what became of it
  kReserveSubscribeConfirmed = 121,
  kPurchaseConfirmed = 122,
  kReservePurchaseConfirmed = 123,
  kRedeemConfirmed = 124,
  kReserveRedeemConfirmed = 125,
  kTransferAgencyConfirmed = 126,
  kTransferAgencyInConfirmed = 127,
  kTransferAgencyOutConfirmed = 128,
  kSetDividendMethodConfirmed = 129,
  kSubscribeResult = 130,
  kFreezeUnitsConfirmed = 131,
  kUnfreezeUnitsConfirmed = 132,
  kTransferOwnerConfirmed = 133,
  kTransferOwnerInConfirmed = 134,
  kTransferOwnerOutConfirmed = 135,
  kConvertConfirmed = 136,
  kConvertInConfirmed = 137,
  kConvertOutConfirmed = 138,
  kPlanPurchaseConfirmed = 139,
  kRefundConfirmed = 140,
  kForcedRedemption = 142,
  kDividend = 143,
  kForcedIncrease = 144,
  kForcedDecrease = 145,
  kOfferFailed = 149,
  kLiquidation = 150,
  kTermination = 151,
  kCancelConfirmed = 152,
  kCancelReservationConfirmed = 153,
  kFrozenDividendReleased = 157,
  kChangeTradingAccountConfirmed = 158,
  kOpenPlanConfirmed = 159,
  kClosePlanConfirmed = 160,
  kChangePlanConfirmed = 161,
  kAdjustSubscriptionConfirmed = 162,
  kPlanRedeemConfirmed = 163,
  kClearingAdjustment = 171,
  kClearingMonthly = 172,
  kClearingServiceFee = 173,
  kClearingTrailFee = 174,
  kConfirmTitleConfirmed = 180,
  kFastTransferOutConfirmed = 196,
  kFastTransferInConfirmed = 197,
  kFastRedeemConfirmed = 198,
};

// "022" -> kPurchase. Nothing where the text is not exactly three digits; a code that is not in the standard is a
// value.
std::optional<BusinessCode> ParseBusinessCode(std::string_view text);
// Three digits, the form in files.
std::string FormatBusinessCode(BusinessCode code);

// The Chinese name of an application or a confirmation; both of one business carry one name. "" where it is not listed.
std::string_view BusinessCodeName(BusinessCode code);
std::string_view BusinessCodeName(std::string_view code);

// The confirmations that answer an application (091 has two). Empty for a confirmation, and where there is none.
std::span<const BusinessCode> ConfirmationsOf(BusinessCode application);
// The application that a confirmation answers; kNone where nobody asked for it (142, 143 …).
BusinessCode ApplicationOf(BusinessCode confirmation);

// What the standard says of a return code; "" where it does not know the code.
std::string_view ReturnCodeMeaning(std::string_view code);
// False for success and for the codes that merely say how an item goes on: 0000, 0007 reservation received, 0209 moved
// to the next working day, 0408 done by hand, 0410 rest of a large redemption. Everything else, listed or not, is a
// refusal.
bool IsRefusal(std::string_view return_code);

}  // namespace fundcore::ofd
