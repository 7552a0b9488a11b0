// Names and texts of the reasons.
#include "services/account/reason.h"

namespace fundcore::account {

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kNone: return "";
    case Reason::kExistsWithDifferentContent: return "EXISTS_WITH_DIFFERENT_CONTENT";
    case Reason::kAlreadyReleased: return "ALREADY_RELEASED";
    case Reason::kInvestorNotFound: return "INVESTOR_NOT_FOUND";
    case Reason::kInvestorClosed: return "INVESTOR_CLOSED";
    case Reason::kFundAccountRefused: return "FUND_ACCOUNT_REFUSED";
    case Reason::kFundAccountNotOpen: return "FUND_ACCOUNT_NOT_OPEN";
    case Reason::kNotEnoughCash: return "NOT_ENOUGH_CASH";
    case Reason::kNotEnoughUnits: return "NOT_ENOUGH_UNITS";
    case Reason::kConversionNotForInvestor: return "CONVERSION_NOT_FOR_INVESTOR";
    case Reason::kTargetAccountNotOpen: return "TARGET_ACCOUNT_NOT_OPEN";
    case Reason::kUnitsHeldTooShort: return "UNITS_HELD_TOO_SHORT";
    case Reason::kUnitsHeldForATerm: return "UNITS_HELD_FOR_A_TERM";
    case Reason::kAboveHoldingLimit: return "ABOVE_HOLDING_LIMIT";
    case Reason::kFastAboveDayLimit: return "FAST_ABOVE_DAY_LIMIT";
    case Reason::kNothingToAdjust: return "NOTHING_TO_ADJUST";
    case Reason::kCardNotFound: return "CARD_NOT_FOUND";
    case Reason::kRequestIdReused: return "REQUEST_ID_REUSED";
    case Reason::kPaymentNotFound: return "PAYMENT_NOT_FOUND";
    case Reason::kBankRefused: return "BANK_REFUSED";
    case Reason::kTradingAccountLinked: return "TRADING_ACCOUNT_LINKED";
    case Reason::kInstitutionUnknown: return "INSTITUTION_UNKNOWN";
    case Reason::kFundAccountNotFound: return "FUND_ACCOUNT_NOT_FOUND";
    case Reason::kFundAccountClosed: return "FUND_ACCOUNT_CLOSED";
    case Reason::kTradingAccountEnded: return "TRADING_ACCOUNT_ENDED";
    case Reason::kFundAccountFrozen: return "FUND_ACCOUNT_FROZEN";
    case Reason::kFundAccountLost: return "FUND_ACCOUNT_LOST";
    case Reason::kFundAccountClosing: return "FUND_ACCOUNT_CLOSING";
    case Reason::kAccountBusinessUnderWay: return "ACCOUNT_BUSINESS_UNDER_WAY";
    case Reason::kUnitsHeld: return "UNITS_HELD";
    case Reason::kOrdersInTransit: return "ORDERS_IN_TRANSIT";
    case Reason::kMoneyInTransit: return "MONEY_IN_TRANSIT";
    case Reason::kFundAccountNotFrozen: return "FUND_ACCOUNT_NOT_FROZEN";
    case Reason::kFundAccountNotLost: return "FUND_ACCOUNT_NOT_LOST";
    case Reason::kFrozenByInstitution: return "FROZEN_BY_INSTITUTION";
    case Reason::kUntilHasPassed: return "UNTIL_HAS_PASSED";
    case Reason::kCertificateTaken: return "CERTIFICATE_TAKEN";
    case Reason::kDataChangedMeanwhile: return "DATA_CHANGED_MEANWHILE";
    case Reason::kCertificateExpired: return "CERTIFICATE_EXPIRED";
    case Reason::kInterestPeriodNotOver: return "INTEREST_PERIOD_NOT_OVER";
    case Reason::kInterestOtherAmount: return "INTEREST_OTHER_AMOUNT";
    case Reason::kInterestNotWeighed: return "INTEREST_NOT_WEIGHED";
    case Reason::kCardClosed: return "CARD_CLOSED";
    case Reason::kCardNotForPayout: return "CARD_NOT_FOR_PAYOUT";
    case Reason::kCardInTransit: return "CARD_IN_TRANSIT";
    case Reason::kCardIsPayout: return "CARD_IS_PAYOUT";
    case Reason::kCardChangeUnderWay: return "CARD_CHANGE_UNDER_WAY";
    case Reason::kCardChangeNotAnswered: return "CARD_CHANGE_NOT_ANSWERED";
    case Reason::kCardChangeNotFound: return "CARD_CHANGE_NOT_FOUND";
    case Reason::kCardChangeDecided: return "CARD_CHANGE_DECIDED";
    case Reason::kSamePerson: return "SAME_PERSON";
    case Reason::kCardUnchanged: return "CARD_UNCHANGED";
    case Reason::kNotSoManyFrozen: return "NOT_SO_MANY_FROZEN";
    case Reason::kFrozenByCourt: return "FROZEN_BY_COURT";
    case Reason::kGapInLines: return "GAP_IN_LINES";
    case Reason::kFundAccountRefusedByTa: return "FUND_ACCOUNT_REFUSED_BY_TA";
  }
  return "UNKNOWN_REASON";
}

std::string_view ReasonMessage(Reason reason) {
  switch (reason) {
    case Reason::kNone: return "";
    case Reason::kExistsWithDifferentContent:
      return "this order is already reserved with another investor, fund, amount or number of units; use a new order "
             "number";
    case Reason::kAlreadyReleased:
      return "the order was released before this reservation; a new attempt needs a new order";
    case Reason::kInvestorNotFound: return "no investor has this number; check it, or open the investor first";
    case Reason::kInvestorClosed: return "the investor's trading account is closed; it takes no new orders or payments";
    case Reason::kFundAccountRefused:
      return "the institution has refused to open a fund account for this investor; see its return code, correct the data, and open "
             "the account again";
    case Reason::kFundAccountNotOpen:
      return "the institution takes orders only once the fund account is open; it has been applied for, try again when "
             "it is";
    case Reason::kNotEnoughCash: return "the available cash is less than the amount; deposit more or ask for less";
    case Reason::kNotSoManyFrozen: return "fewer units of the fund are frozen than are to be thawed; ask for fewer";
    case Reason::kFrozenByCourt:
      return "the units are frozen by a court, through the institution, which alone thaws them; ask for those frozen here";
    case Reason::kNotEnoughUnits:
      return "the units that may be redeemed on this trading day are fewer than asked for; ask for fewer";
    case Reason::kConversionNotForInvestor:
      return "this conversion is open to other investors only: institutions, or individuals";
    case Reason::kTargetAccountNotOpen:
      return "the investor has no open fund account where the target is registered; open one first";
    case Reason::kNothingToAdjust:
      return "nothing is set aside for this subscription any more: it has its result, or has ended";
    case Reason::kUnitsHeldTooShort:
      return "units must be held longer before they are converted into this target; convert fewer, or later";
    case Reason::kUnitsHeldForATerm:
      return "there are enough units, but some were bought too recently to leave the fund on this trading day; ask for fewer, or "
             "again after the holding term";
    case Reason::kAboveHoldingLimit:
      return "with this purchase, at the last price known, the investor would hold more of the fund than one person may; buy less";
    case Reason::kFastAboveDayLimit:
      return "with what the investor has had of the fund at once today this is more than one person may have on a day; ask for fewer "
             "units, or redeem in the ordinary way";
    case Reason::kCardNotFound: return "the investor has no card with this number; add the card first";
    case Reason::kRequestIdReused:
      return "this request id was used before with another card or amount; use a new id for a new payment";
    case Reason::kPaymentNotFound: return "no payment has this number; check it";
    case Reason::kBankRefused: return "the bank has refused the payment; see its reason";
    case Reason::kTradingAccountLinked:
      return "this trading account is linked to another investor, and orders may have gone by that; check whose it is";
    case Reason::kInstitutionUnknown:
      return "no institution of this code is known here; check the code, or load it and ask again in a moment";
    case Reason::kFundAccountNotFound:
      return "the investor has no fund account at this institution; open one first";
    case Reason::kFundAccountClosed:
      return "the fund account is closed; open a new one before anything else";
    case Reason::kTradingAccountEnded:
      return "the trading account at this institution was ended; open the fund account here again";
    case Reason::kFundAccountFrozen:
      return "the fund account is frozen; it takes nothing until it is thawed";
    case Reason::kFundAccountLost:
      return "the fund account is reported lost; it takes nothing until the report is lifted";
    case Reason::kFundAccountClosing:
      return "the fund account is being closed, or the trading account ended; wait for the answer";
    case Reason::kAccountBusinessUnderWay:
      return "another application of this fund account has no answer yet; ask again when it has";
    case Reason::kUnitsHeld:
      return "units are held at this institution; redeem or transfer them first";
    case Reason::kOrdersInTransit:
      return "orders at this institution have no result yet; wait for it or cancel them";
    case Reason::kMoneyInTransit:
      return "the institution has confirmed money that it has not paid yet; wait for the payment";
    case Reason::kFundAccountNotFrozen:
      return "the fund account is not frozen";
    case Reason::kFundAccountNotLost:
      return "the fund account is not reported lost";
    case Reason::kFrozenByInstitution:
      return "the institution has frozen the fund account, so only it can thaw it; ask there";
    case Reason::kUntilHasPassed:
      return "the last day of the freeze or loss has passed; name a later one, or none";
    case Reason::kCertificateTaken: return "this certificate is another investor's; check its type and number";
    case Reason::kDataChangedMeanwhile: return "the investor's data were changed by somebody else just now; ask again";
    case Reason::kCertificateExpired:
      return "the investor's certificate has expired, so nothing is bought; change the data to the new certificate first";
    case Reason::kInterestPeriodNotOver: return "the period's last day is not over; ask again the day after it";
    case Reason::kInterestOtherAmount: return "this run of interest is known here with another amount, period or sum of weights";
    case Reason::kInterestNotWeighed: return "the investors of this run have not been weighed; call WeighInterest first";
    case Reason::kCardClosed:
      return "the card is closed, or another one has taken its place; use that one, or add the card again";
    case Reason::kCardNotForPayout:
      return "money goes out only to the card that it is bound to; withdraw to that one, or change the card";
    case Reason::kCardInTransit:
      return "a payment of this card has no answer from the bank yet; close it when it has";
    case Reason::kCardIsPayout:
      return "money of what the investor holds or awaits will go to this card; change to another card instead of closing it";
    case Reason::kCardChangeUnderWay:
      return "a change of this card is under way; wait for its end";
    case Reason::kCardChangeNotAnswered:
      return "the bank has not said yet whose card it is; nobody can approve before";
    case Reason::kCardChangeNotFound:
      return "no change of a card has this number; list them";
    case Reason::kCardChangeDecided:
      return "this change of a card was decided before";
    case Reason::kSamePerson:
      return "who took the application cannot approve it; let another person decide";
    case Reason::kCardUnchanged:
      return "money goes out to this card already";
    case Reason::kGapInLines:
      return "lines before these have not been applied; send the lines from the expected index on";
    case Reason::kFundAccountRefusedByTa: return "the institution has refused the fund account that this order needed";
  }
  return "this build does not know the reason; ask a newer one";
}

}  // namespace fundcore::account
