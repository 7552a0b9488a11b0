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
    case Reason::kCardNotFound: return "CARD_NOT_FOUND";
    case Reason::kRequestIdReused: return "REQUEST_ID_REUSED";
    case Reason::kPaymentNotFound: return "PAYMENT_NOT_FOUND";
    case Reason::kBankRefused: return "BANK_REFUSED";
    case Reason::kTradingAccountLinked: return "TRADING_ACCOUNT_LINKED";
    case Reason::kInstitutionUnknown: return "INSTITUTION_UNKNOWN";
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
      return "the institution has refused to open a fund account for this investor; see its return code in the account";
    case Reason::kFundAccountNotOpen:
      return "the institution takes orders only once the fund account is open; it has been applied for, try again when "
             "it is";
    case Reason::kNotEnoughCash: return "the available cash is less than the amount; deposit more or ask for less";
    case Reason::kNotEnoughUnits:
      return "the units that may be redeemed on this trading day are fewer than asked for; ask for fewer";
    case Reason::kCardNotFound: return "the investor has no card with this number; add the card first";
    case Reason::kRequestIdReused:
      return "this request id was used before with another card or amount; use a new id for a new payment";
    case Reason::kPaymentNotFound: return "no payment has this number; check it";
    case Reason::kBankRefused: return "the bank has refused the payment; see its reason";
    case Reason::kTradingAccountLinked:
      return "this trading account is linked to another investor, and orders may have gone by that; check whose it is";
    case Reason::kInstitutionUnknown:
      return "no institution of this code is known here; check the code, or load it and ask again in a moment";
    case Reason::kGapInLines:
      return "lines before these have not been applied; send the lines from the expected index on";
    case Reason::kFundAccountRefusedByTa: return "the institution has refused the fund account that this order needed";
  }
  return "this build does not know the reason; ask a newer one";
}

}  // namespace fundcore::account
