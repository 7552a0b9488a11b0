// Misbehaviour on request: what a transfer agent may do wrong in one answer.
//
//   FC_ASSIGN_OR_RETURN(Fault fault, ParseFault("wrong-units:#2:+1.00"));
//   sim.Answer(day, {&fault, 1});
//
// Written KIND[:ARG[:ARG…]]. LINE is an order's AppSheetSerialNo, or #n for the n-th line of the 04 file (from 1).
//   wrong-units:LINE:+1.00         the 04 line says other units; the register keeps the right ones
//   wrong-amount:LINE:-0.01        the same with the amount
//   wrong-register:LINE:+1.00      the 04 line and the register both hold other units
//   missing-line:LINE              the 04 line is left out
//   duplicate-line:LINE            the 04 line comes twice
//   refuse:LINE:CODE               an order, or an account application, is refused with this return code
//   partial:LINE:AMOUNT            only so much money (purchase) or units (redemption) is confirmed
//   forced:ACCOUNT:FUND:UNITS      a forced redemption (142) of a fund or trading account that nobody asked for
//   own-data:ACCOUNT:NUMBER        103 that nobody has asked for; NUMBER: the certificate from now on, or "same"
//   own-move:ACCOUNT:NUMBER        158 that nobody has asked for: the trading account's number from now on
//   initiated:CODE:ACCOUNT:FUND:UNITS:WORDS   a confirmation that nobody asked for, booked in the register where the agent
//                                  does such business: 126 to 129, 131 to 135, 142, 144, 145, 150, 151, 188. WORDS: letters
//                                  of FrozenCause, FrozenMethod, SharesAdjustmentFlag, DefDividendMethod, TransferDirection
//                                  and RedemptionReason, "-" for none: "01----"
//   wrong-dividend:ACCOUNT:FUND:+0.01   the 06 line of that holder says another DividendAmount and ConfirmedAmount
//   own-account:BUSINESS:ACCOUNT   002, 004 to 007 or 009 done to a trading account that nobody here has asked for
//   interest:LINE:AMOUNT           the result of an offer holds so much interest of the waiting money
//   allot:LINE:NUMBER              an allotment number (146) of a subscription
//   refund:LINE:ACCOUNT:FUND:AMOUNT     so much of an order's money comes back after its result (140)
//   asks-more:LINE:ACCOUNT:FUND:AMOUNT  so much more is asked for an order (141)
//   adjust:LINE:FIGURE             a subscription of an offer is so much from now on (162), by units so many, unasked
//   void:SHEET:ACCOUNT:FUND:AMOUNT money that fits nothing (154), which will be sent back; SHEET and ACCOUNT: "-" for none
//   wrong-income:ACCOUNT:FUND:+0.01   the 05 line of a trading account says other unpaid income; the register is right
//   booked-income:ACCOUNT:FUND:+0.01  the register holds so much more income of it, and 05 says so
//   no-payout                      income of money funds stays what it is, though its day has come
//   late                           nothing is written
//   version:NN                     all files are in version 20, 21 or 22
//   damaged[:TYPE]                 one byte of a number of the first record is no digit (TYPE 04 unless told)
//   truncated[:TYPE]               the second half is missing
//   wrong-date[:TYPE]              the head has the next day's date
//   resend-other-bytes[:TYPE]      a second file of the same identity with another figure, in the next transfer folder
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/codec.h"

namespace fundcore::ta_sim {

enum class FaultKind : uint8_t {
  kWrongUnits = 1,
  kWrongAmount = 2,
  kWrongRegister = 3,
  kMissingLine = 4,
  kDuplicateLine = 5,
  kRefuse = 6,
  kPartial = 7,
  kForced = 8,
  kLate = 9,
  kVersion = 10,
  kDamaged = 11,
  kTruncated = 12,
  kWrongDate = 13,
  kResendOtherBytes = 14,
  kInitiated = 15,
  kWrongDividend = 16,
  kOwnAccount = 40,
  kInterest = 50,
  kAllot = 51,
  kOwnData = 75,
  kOwnMove = 76,
  kWrongIncome = 60,
  kBookedIncome = 61,
  kNoPayout = 62,
  kRefuseTax = 120,  // all lines of R1, with a code
  kUnknownTax = 121,  // a line of R2 that answers nothing of ours
  kRefundsOrder = 100,
  kAsksMore = 101,
  kWritesField = 130,  // line, field, text: it stands so in file 04 only; "nothing" leaves the field blank
  kAdjusts = 210,
  kVoidPayment = 211,
};

struct Fault {
  FaultKind kind = FaultKind::kLate;
  std::vector<std::string> arguments;  // checked by ParseFault; code that builds one gives the same
  FC_FIELDS(kind, arguments)
};

// kInvalidArgument: unknown kind (with the known ones), or arguments missing, too many or malformed.
absl::StatusOr<Fault> ParseFault(std::string_view text);

}  // namespace fundcore::ta_sim
