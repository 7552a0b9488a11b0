// The commands of the account machine, as they stand in its log. Tags are fixed for ever; new fields go to the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/product/facts.h"
#include "services/account/cards.h"
#include "services/account/people.h"
#include "services/account/state.h"
#include "services/account/tax.h"

namespace fundcore::account {

struct OpenInvestor {
  static constexpr uint8_t kTag = 2;
  Hash256 certificate;          // fingerprint of type and number
  std::string certificate_type;
  Sealed name;
  Sealed certificate_no;
  Sealed mobile;
  bool institution = false;
  FC_FIELDS(certificate, certificate_type, name, certificate_no, mobile, institution)
};

struct AddCard {
  static constexpr uint8_t kTag = 3;
  InvestorId investor;
  std::string bank_code;
  Hash256 fingerprint;
  Sealed number;
  FC_FIELDS(investor, bank_code, fingerprint, number)
};

// Sets cash (020, 022) or units (024, 036, 038) aside for an order; nothing for one that only withdraws (052).
struct Reserve {
  static constexpr uint8_t kTag = 4;
  OrderId order;
  InvestorId investor;
  uint16_t business = 0;
  FundCode fund;
  TaCode ta;
  Money amount;
  Units units;
  Date trade_day;
  TimePoint received_at;
  uint8_t detail = 0;           // a character of the standard: 029 DefDividendMethod, 031 FrozenCause; 0: none
  // Of conversions (36, 38) alone.
  FundCode target;
  TaCode target_ta;
  uint32_t min_days = 0;        // the units must have been held so long
  uint8_t investors = 2;        // whose they may be: 0 an institution's, 1 an individual's, 2 anybody's
  // The fund's rules as of receipt, from trade; zero: none.
  Units least_left;
  bool held_for_a_term = false;
  Units most_held;
  Nav price;
  OrderId original;             // 052: the order whose deferred rest it withdraws
  bool cancel_rest = false;     // 024: the rest of a large redemption is to be cancelled
  Units applied_units;          // 020 by units: the amount is what they cost
  Discount discount;            // of a campaign; zero: none
  std::string bank;             // 098: that advances the money
  Money fast_a_day;             // 098: what a person may have of the fund at once on a calendar day

  template <class V>
  void VisitFields(V& v) {
    v(order, investor, business, fund, ta, amount, units, trade_day, received_at, detail, target, target_ta, min_days, investors,
      least_left, held_for_a_term, most_held, price, original, cancel_rest, applied_units, discount, bank, fast_a_day);
  }
  // Most orders have none of these.
  template <class V>
  void VisitFields(V& v) const {
    const bool more = IsConversion(business) || !least_left.is_zero() || held_for_a_term || !most_held.is_zero() ||
                      original.is_set() || cancel_rest || !applied_units.is_zero() || !discount.is_zero();
    if (!bank.empty()) {
      v(order, investor, business, fund, ta, amount, units, trade_day, received_at, detail, target, target_ta, min_days,
        investors, least_left, held_for_a_term, most_held, price, original, cancel_rest, applied_units, discount, bank, fast_a_day);
    } else if (more) {
      v(order, investor, business, fund, ta, amount, units, trade_day, received_at, detail, target, target_ta, min_days,
        investors, least_left, held_for_a_term, most_held, price, original, cancel_rest, applied_units, discount);
    } else {
      v(order, investor, business, fund, ta, amount, units, trade_day, received_at, detail);
    }
  }
};

struct Release {
  static constexpr uint8_t kTag = 5;
  OrderId order;
  InvestorId investor;
  bool advance = false;         // nothing is released: the order (098) is accepted, so the bank that advances is to pay

  template <class V>
  void VisitFields(V& v) {
    v(order, investor, advance);
  }
  template <class V>
  void VisitFields(V& v) const {
    if (advance) {
      v(order, investor, advance);
    } else {
      v(order, investor);
    }
  }
};

// A deposit or withdrawal is wanted.
struct Pay {
  static constexpr uint8_t kTag = 6;
  CallerId caller;
  RequestId request;
  InvestorId investor;
  CardId card;
  PaymentDirection direction = PaymentDirection::kDeposit;
  Money amount;
  uint8_t rules = kAnyCard;
  FC_FIELDS(caller, request, investor, card, direction, amount, rules)
};

// The bank has answered.
struct PaymentAnswered {
  static constexpr uint8_t kTag = 7;
  uint64_t payment = 0;         // sequence
  bool done = false;
  std::string reason;
  std::string message;
  FC_FIELDS(payment, done, reason, message)
};

// At most kApplicationsAPage waiting applications join the transfer; Result.more says that others wait.
struct SealApplications {
  static constexpr uint8_t kTag = 8;
  SealKey transfer;
  FC_FIELDS(transfer)
};

struct AccountLine {
  uint64_t line = 0;
  OrderId application;
  InvestorId investor;
  uint16_t business = 0;
  ReturnCode return_code;
  TaAccountId ta_account;
  Date confirm_day;
  std::string detail;
  FC_FIELDS(line, application, investor, business, return_code, ta_account, confirm_day, detail)
};
struct ApplyAccountLines {
  static constexpr uint8_t kTag = 9;
  TaCode ta;
  Hash256 file;
  std::string file_name;
  uint64_t first_index = 0;
  std::vector<AccountLine> lines;
  FC_FIELDS(ta, file, file_name, first_index, lines)
};

// One main record of an 04 file.
struct TradeLine {
  uint64_t line = 0;
  OrderId order;
  InvestorId investor;
  uint16_t business = 0;
  ReturnCode return_code;
  FundCode fund;
  TaAccountId ta_account;
  TaSerialNo serial;
  Date confirm_day;
  Money amount;                 // confirmed
  Units units;                  // confirmed
  Nav nav;
  Money charge;
  Money other_fee1;
  bool interim = false;
  Money interest;
  Units interest_units;
  Date apply_day;
  FC_FIELDS(line, order, investor, business, return_code, fund, ta_account, serial, confirm_day, amount, units, nav,
            charge, other_fee1, interim, interest, interest_units, apply_day)
};
// What a line says beyond its figures, where it does. Characters of the standard; 0: not said.
struct TradeDetail {
  uint32_t item = 0;            // index into `lines`; ascending
  uint8_t dividend_method = 0;
  uint8_t frozen_cause = 0;
  uint8_t frozen_method = 0;
  uint8_t adjustment = 0;
  uint8_t direction = 0;
  Date registered;
  TaSerialNo original;          // the confirmation that this one goes back to
  Date reserved;                // 121, 125: the day that is kept; compared, and in no log
  FC_FIELDS(item, dividend_method, frozen_cause, frozen_method, adjustment, direction, registered, original)
};
// How lines are posted: a log keeps the rules that its lines were posted by.
inline constexpr uint8_t kFirstRules = 0;
inline constexpr uint8_t kPostingRules = 1;  // from here on what an institution starts by itself is posted, with its notes
inline constexpr uint8_t kFastRules = 2;     // 196 and 197, too
inline constexpr uint8_t kMoneyRules = 3;    // 140, 141 and 180, too
inline constexpr uint8_t kChangeRules = 4;   // 154 and 162, too
// What a line of a conversion (136 to 138) says of the fund that is entered.
struct ConvertedFigures {
  uint32_t item = 0;            // index into `lines`; ascending
  FundCode target;
  Units units;
  Nav nav;
  Money difference_fee;
  FC_FIELDS(item, target, units, nav, difference_fee)
};
struct ApplyTradeLines {
  static constexpr uint8_t kTag = 10;
  TaCode ta;
  Hash256 file;
  std::string file_name;
  uint64_t first_index = 0;
  std::vector<TradeLine> lines;
  uint8_t rules = kFirstRules;
  std::vector<TradeDetail> details;
  std::vector<ConvertedFigures> converted;  // of each conversion among them; none in logs from before there were any
  bool explains = false;        // which lots left is kept; not in logs from before
  bool follows_rests = false;   // deferred rests are known as such; not in logs from before
  // Where a result of an offer (130) says since when its units count: since the contract took effect.
  struct Registered {
    uint32_t item = 0;          // index into `lines`; ascending
    Date day;
    FC_FIELDS(item, day)
  };
  std::vector<Registered> registered;
  FC_FIELDS(ta, file, file_name, first_index, lines, rules, details, converted, explains, follows_rests, registered)
};

struct DividendEntry {
  uint64_t line = 0;
  InvestorId investor;
  FundCode fund;
  TaAccountId ta_account;
  TaSerialNo serial;
  Date confirm_day;
  Money cash;
  Units units;                  // reinvested
  Nav nav;
  ReturnCode return_code;
  FC_FIELDS(line, investor, fund, ta_account, serial, confirm_day, cash, units, nav, return_code)
};
// The rest of a dividend line; one an entry, by kPostingRules.
struct DividendDetail {
  Date record_day;
  Date ex_day;
  Date pay_day;
  Units base;
  Money per_unit;               // for each `per_units` units
  int64_t per_units = 0;
  Money total;                  // held and reinvested parts included
  Money held;
  Units held_units;
  uint8_t method = 0;           // DefDividendMethod, a character
  uint8_t kind = 0;             // DividendType, a character
  FC_FIELDS(record_day, ex_day, pay_day, base, per_unit, per_units, total, held, held_units, method, kind)
};
struct ApplyDividendLines {
  static constexpr uint8_t kTag = 11;
  TaCode ta;
  Hash256 file;
  std::string file_name;
  uint64_t first_index = 0;
  std::vector<DividendEntry> lines;
  uint8_t rules = kFirstRules;
  std::vector<DividendDetail> details;
  FC_FIELDS(ta, file, file_name, first_index, lines, rules, details)
};

// The bank has moved a settlement. Pays at most kPayeesACommand investors; Result.more says that others wait.
struct Settle {
  static constexpr uint8_t kTag = 12;
  SettlementKey settlement;
  std::string reference;
  bool keeps_day = false;       // on which its purchases left the bank; not in logs from before
  FC_FIELDS(settlement, reference, keeps_day)
};
inline constexpr uint64_t kPayeesACommand = 2'000;

// A trading account of another distributor is this investor's. In the partition of the link, not of the investor.
struct LinkTradingAccount {
  static constexpr uint8_t kTag = 13;
  LinkKey account;
  InvestorId investor;
  FC_FIELDS(account, investor)
};

// An application for a fund account that no order has asked for.
struct OpenFundAccount {
  static constexpr uint8_t kTag = 14;
  InvestorId investor;
  TaCode ta;
  FC_FIELDS(investor, ta)
};

// Asks for a business of a fund account that is there: 002, 004, 005, 006, 007, 009.
struct RequestAccount {
  static constexpr uint8_t kTag = 40;
  CallerId caller;
  RequestId request;
  InvestorId investor;
  TaCode ta;
  uint16_t business = 0;
  std::string cause;            // 004: FrozenCause of the standard
  Date until;                   // 004, 006: not set: without end
  FC_FIELDS(caller, request, investor, ta, business, cause, until)
};

// One line of an 02 file, whoever has asked for it.
struct AccountAnswer {
  uint64_t line = 0;
  OrderId application;
  InvestorId investor;
  uint16_t business = 0;
  ReturnCode return_code;
  TaAccountId ta_account;
  Date confirm_day;
  std::string detail;
  std::string cause;
  Date until;
  std::string target;           // TargetTransactionAccountID
  bool from_ta = false;
  FC_FIELDS(line, application, investor, business, return_code, ta_account, confirm_day, detail, cause, until, target,
            from_ta)
};
// What ApplyAccountLines was before the institution could answer, or do, more than open accounts. Logs hold both.
struct ApplyAccountAnswers {
  static constexpr uint8_t kTag = 42;
  TaCode ta;
  Hash256 file;
  std::string file_name;
  uint64_t first_index = 0;
  std::vector<AccountAnswer> lines;
  std::vector<Hash256> certificates;  // of the lines, in their order; empty where no line needs one
  FC_FIELDS(ta, file, file_name, first_index, lines, certificates)
};

// What a day brought the holders of a money fund, as the 07 file says it.
struct IncomeLine {
  uint64_t line = 0;
  FundCode fund;
  Date day;
  Nav per_ten_thousand;
  FC_FIELDS(line, fund, day, per_ten_thousand)
};
struct AppendIncomeDays {
  static constexpr uint8_t kTag = 70;
  TaCode ta;
  Hash256 file;
  std::string file_name;
  uint64_t first_index = 0;
  std::vector<IncomeLine> lines;
  Date answer_day;
  FC_FIELDS(ta, file, file_name, first_index, lines, answer_day)
};

// Unpaid income by the institution's 05 file of that day, where it is another figure than ours and counts from now on.
struct ToldIncome {
  InvestorId investor;
  FundCode fund;
  Money unpaid;
  FC_FIELDS(investor, fund, unpaid)
};
struct AdoptIncome {
  static constexpr uint8_t kTag = 71;
  TaCode ta;
  Date answer_day;
  std::vector<ToldIncome> lines;
  FC_FIELDS(ta, answer_day, lines)
};

}  // namespace fundcore::account
