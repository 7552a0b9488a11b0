// Why the account machine refuses: each reason is named after the rule that was broken.
//
// The numbers are stored and travel to trade (ReserveOutcome.reason): they are fixed for ever and never reused. Within a
// command the order of the list is the order of checking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fundcore::account {

enum class Reason : uint16_t {
  kNone = 0,

  // Reserve.
  kExistsWithDifferentContent = 1,  // the order is known here with another amount, fund or investor
  kAlreadyReleased = 2,             // its release came first
  kInvestorNotFound = 3,
  kInvestorClosed = 4,
  kFundAccountRefused = 5,          // the institution has refused to open one
  kNotEnoughCash = 6,
  kNotEnoughUnits = 7,
  kFundAccountNotOpen = 8,          // applied for; the institution takes orders only once it is open

  // Reserve, of funds with such rules.
  kUnitsHeldForATerm = 100,         // there are enough, but some may not leave yet
  kAboveHoldingLimit = 101,
  kFastAboveDayLimit = 142,         // 098: with what the investor had of the fund today
  kNotSoManyFrozen = 140,           // units that a thaw could free
  kFrozenByCourt = 141,             // only who has frozen them can thaw them
  // Reserve, of conversions: before the units are counted.
  kConversionNotForInvestor = 90,   // only for institutions, or only for individuals
  kTargetAccountNotOpen = 91,       // no open fund account where the target is registered
  kUnitsHeldTooShort = 92,          // enough units, but not enough that were held long enough

  kNothingToAdjust = 210,           // 062: the subscription has its result, or was never set aside for

  // Cards and payments.
  kCardNotFound = 20,
  kRequestIdReused = 21,            // the same request id with other content
  kPaymentNotFound = 22,
  kBankRefused = 23,                // the bank's own reason stands beside it

  // Orders by file, and fund accounts without an order.
  kTradingAccountLinked = 24,       // to another investor
  kInstitutionUnknown = 25,

  // Businesses of a fund account (002 to 009), and orders that its standing does not let through.
  kFundAccountNotFound = 60,
  kFundAccountClosed = 61,
  kTradingAccountEnded = 62,        // ours; the fund account is still there
  kFundAccountFrozen = 63,
  kFundAccountLost = 64,
  kFundAccountClosing = 65,         // 002 or 009 is under way
  kAccountBusinessUnderWay = 66,    // another application of this account has no answer yet
  kUnitsHeld = 67,
  kOrdersInTransit = 68,
  kMoneyInTransit = 69,             // confirmed, and not yet paid by the institution
  kFundAccountNotFrozen = 70,
  kFundAccountNotLost = 71,
  kFrozenByInstitution = 72,        // only who has frozen it can thaw it
  kUntilHasPassed = 73,

  // An investor's data and cards.
  kCertificateTaken = 150,          // another investor has it
  kDataChangedMeanwhile = 151,      // by somebody else, between reading and changing
  kCertificateExpired = 152,        // of the investor; purchases only
  kCardClosed = 160,                  // closed, or another one has taken its place
  kCardNotForPayout = 161,            // money goes out to one card alone
  kCardInTransit = 162,               // a payment of this card has no answer yet
  kCardIsPayout = 163,                // money of what is held or awaited will go to it
  kCardChangeUnderWay = 164,          // one change of the card at a time
  kCardChangeNotAnswered = 165,       // the bank has not said whose card it is
  kCardChangeNotFound = 166,
  kCardChangeDecided = 167,
  kSamePerson = 168,
  kCardUnchanged = 169,

  // Interest on settlement money.
  kInterestPeriodNotOver = 170,     // lines of its last day may still come
  kInterestOtherAmount = 171,       // the run is known here with another amount
  kInterestNotWeighed = 172,        // its weights come first

  // Files and settlement: not business refusals, the caller has to do something else first.
  kGapInLines = 40,                 // lines before these have not been applied yet
  kFundAccountRefusedByTa = 41,     // of a reserved order: its application came back refused
};

// "NOT_ENOUGH_CASH"; empty for kNone. A number from a newer build gives "UNKNOWN_REASON".
std::string_view ReasonName(Reason reason);

// One sentence for people: what broke and what to do about it. Empty for kNone.
std::string_view ReasonMessage(Reason reason);
}  // namespace fundcore::account
