// What a partition of account remembers: the entries of its tables, and the tables' numbers.
//
// Table numbers and the numbers of states are on disk and never reused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/codec.h"
#include "common/crypto/hash.h"
#include "common/crypto/vault.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "services/account/ledger.h"
#include "services/account/lots.h"
#include "services/account/notes.h"
#include "services/account/reason.h"

namespace fundcore::account {

enum TableNumber : uint8_t {
  kInvestors = 1,
  kPersons = 2,
  kDirectory = 3,
  kReservations = 4,
  kSequences = 5,
  kPayments = 6,
  kPaymentTodo = 7,
  kPaymentIds = 8,
  kApplications = 9,
  kWaitingApplications = 10,
  kSeals = 11,
  kSealedPages = 12,
  kFiles = 13,
  kPosted = 14,
  kSettlements = 15,
  kPayees = 16,
  kLinks = 17,
  kLedger = 20,     // to 23
  kNotes = 30,
  kAppliedDays = 31,
  kApplicationIds = 40,
  kStandings = 41,
  kTakenWhole = 60,
  kIncome = 70,     // to 73
  kAdvances = 98,
  kFastDays = 99,
  kConversions = 55,
  kLotUses = 56,
  kInterestRuns = 140,
  kInterestShares = 141,
  kPaidDays = 142,
  kProducts = 200,  // to 205, 210, 211, and 220
};

// A trading account at another distributor, as its files name it.
using OutsideAccount = Code<struct OutsideAccountTag, 24>;
struct LinkKey {
  DistributorCode distributor;
  OutsideAccount account;
  FC_FIELDS(distributor, account)
};

// A 256-bit hash as a key of a table.
struct HashKey {
  std::array<uint64_t, 4> words{};
  static HashKey Of(const Hash256& hash) {
    HashKey key;
    for (size_t i = 0; i < 32; ++i) key.words[i / 8] = (key.words[i / 8] << 8) | hash.raw()[i];
    return key;
  }
  template <class V>
  void VisitFields(V& v) { v(words[0], words[1], words[2], words[3]); }
  template <class V>
  void VisitFields(V& v) const { v(words[0], words[1], words[2], words[3]); }
};

// The next number of each kind, from 1.
struct Sequences {
  uint64_t investors = 0;     // the last one given
  uint64_t payments = 0;
  uint64_t applications = 0;
  FC_FIELDS(investors, payments, applications)
};

// What an account takes at this moment. From kClosed on it is what the account's Standing makes of it, so that an order
// learns from one word whether it may go.
enum class FundAccountState : uint8_t {
  kNone = 0,
  kNew = 1,
  kApplied = 2,
  kOpen = 3,
  kRefused = 4,
  kClosed = 5,        // 102: closed at the institution, for every distributor
  kEnded = 6,         // 109: only our trading account was ended
  kFrozen = 7,
  kLost = 8,
  kFrozenAndLost = 9,
  kClosing = 10,      // 002 is under way
  kEnding = 11,       // 009 is under way
};

// Why an account in this state takes no orders; kNone where it does, or soon will.
constexpr Reason OrdersRefusedBy(FundAccountState state) {
  switch (state) {
    case FundAccountState::kNone:
    case FundAccountState::kNew:
    case FundAccountState::kApplied:
    case FundAccountState::kOpen: return Reason::kNone;
    case FundAccountState::kRefused: return Reason::kFundAccountRefused;
    case FundAccountState::kClosed: return Reason::kFundAccountClosed;
    case FundAccountState::kEnded: return Reason::kTradingAccountEnded;
    case FundAccountState::kFrozen:
    case FundAccountState::kFrozenAndLost: return Reason::kFundAccountFrozen;
    case FundAccountState::kLost: return Reason::kFundAccountLost;
    case FundAccountState::kClosing:
    case FundAccountState::kEnding: return Reason::kFundAccountClosing;
  }
  return Reason::kNone;
}

// An investor's account at one institution.
struct FundAccount {
  TaCode ta;
  FundAccountState state = FundAccountState::kNone;
  TaAccountId ta_account;       // known once open
  ReturnCode return_code;       // of the last answer
  uint64_t application = 0;     // the latest one
  uint64_t last_hung = 0;       // newest order reserved before the account was open; older ones through Reservation
  FC_FIELDS(ta, state, ta_account, return_code, application, last_hung)
};

// The hot record. Personal data is apart, in Person.
struct Investor {
  InvestorCash cash;
  uint64_t last_line = 0;       // newest ledger line
  bool institution = false;
  bool closed = false;
  std::vector<FundAccount> fund_accounts;
  std::vector<Holding> holdings;
  FC_FIELDS(cash, last_line, institution, closed, fund_accounts, holdings)
};

struct CardRecord {
  CardId id;
  std::string bank_code;
  Hash256 fingerprint;          // names the card to the bank
  Sealed number;
  FC_FIELDS(id, bank_code, fingerprint, number)
};

struct Person {
  Hash256 certificate;          // fingerprint, for look-ups
  std::string certificate_type;
  Sealed name;
  Sealed certificate_no;
  Sealed mobile;
  TimePoint opened_at;
  std::vector<CardRecord> cards;
  FC_FIELDS(certificate, certificate_type, name, certificate_no, mobile, opened_at, cards)
};

enum class ReservationState : uint8_t {
  kNone = 0,
  kReserved = 1,
  kRefused = 2,
  kReleased = 3,     // also where the release came first
  kConsumed = 4,     // confirmed or refused by the institution
  kHung = 5,         // given back because the fund account was refused
};

// What was set aside for an order, and the answer that was given.
struct Reservation {
  ReservationState state = ReservationState::kNone;
  Reason reason = Reason::kNone;
  InvestorId investor;
  uint16_t business = 0;
  FundCode fund;
  TaCode ta;
  Money amount;
  Units units;
  Money amount_left;            // still set aside
  Units units_left;
  Date trade_day;
  TimePoint received_at;
  bool account_open = false;    // the fund account was open when it was reserved: part of the answer
  bool in_part = false;         // an interim confirmation has been posted
  uint64_t previous_hung = 0;   // see FundAccount::last_hung
  uint8_t detail = 0;           // of its business: see Reserve
  // Of few orders, and only there written: see Reserve.
  OrderId original;
  bool cancel_rest = false;
  Units applied_units;
  Discount discount;

  template <class V>
  void VisitFields(V& v) {
    v(state, reason, investor, business, fund, ta, amount, units, amount_left, units_left, trade_day, received_at,
      account_open, in_part, previous_hung, detail, original, cancel_rest, applied_units, discount);
  }
  template <class V>
  void VisitFields(V& v) const {
    const bool few = original.is_set() || cancel_rest || !applied_units.is_zero();
    if (!few && discount.is_zero()) {
      v(state, reason, investor, business, fund, ta, amount, units, amount_left, units_left, trade_day, received_at,
        account_open, in_part, previous_hung, detail);
    } else if (discount.is_zero()) {
      v(state, reason, investor, business, fund, ta, amount, units, amount_left, units_left, trade_day, received_at,
        account_open, in_part, previous_hung, detail, original, cancel_rest, applied_units);
    } else {
      v(state, reason, investor, business, fund, ta, amount, units, amount_left, units_left, trade_day, received_at,
        account_open, in_part, previous_hung, detail, original, cancel_rest, applied_units, discount);
    }
  }
};

inline constexpr uint16_t kFastRedeem = 98;
inline constexpr uint16_t kFastMoveOut = 96;
constexpr bool IsFast(uint16_t business) { return business == kFastRedeem || business == kFastMoveOut; }
constexpr bool IsConversion(uint16_t business) { return business == 36 || business == 38; }
// A subscription of an offer, and its change before the result.
constexpr bool IsSubscription(uint16_t business) { return business == 20 || business == 21; }
inline constexpr uint16_t kAdjustSubscription = 62;
// Units that are to come: nothing is set aside for them.
constexpr bool BringsUnits(uint16_t business) {
  return business == 27 || business == 34 || business == 80 || business == 97;
}
// For a later day, and kept by the institution until then; its receipt says so.
constexpr bool IsReservation(uint16_t business) { return business == 21 || business == 23 || business == 25; }
constexpr bool IsReceipt(uint16_t application, uint16_t confirmation) {
  return IsReservation(application) && confirmation == application + 100;
}

// What a conversion has beside its reservation. Each side (the fund that is left, and the one that is entered) may be
// confirmed in several lines, and either of them first.
struct Conversion {
  FundCode target;
  TaCode target_ta;
  bool out_done = false, in_done = false;
  Units out_units, in_units;    // posted
  Money net;                    // what left, less the redemption fee, as confirmed (138)
  Date out_day;                 // its confirmation day
  // Between two institutions: what the one is to send, what the other is to get, what went back, what came out of suspense.
  Money came, went, returned, covered;
  std::vector<Lot> left;        // what was taken of each lot
  Money converting() const { return came + covered - went - returned; }
  FC_FIELDS(target, target_ta, out_done, in_done, out_units, in_units, net, out_day, came, went, returned, covered, left)
};

// Which lots an order has taken, and what each was charged.
struct LotUsed {
  Date registered;
  Units units;
  int32_t days_held = 0;
  Rate rate;
  Money gross, fee, fund_part;
  Date confirm_day;
  Nav nav;
  FC_FIELDS(registered, units, days_held, rate, gross, fee, fund_part, confirm_day, nav)
};
struct LotArrived {
  Date registered;
  Units units;
  FC_FIELDS(registered, units)
};
struct LotUse {
  FundCode fund;
  bool newest_first = false;
  std::vector<LotUsed> lots;
  Money charge;                 // what the institution said in all
  FundCode target;              // of a conversion
  std::vector<LotArrived> arrived;
  FC_FIELDS(fund, newest_first, lots, charge, target, arrived)
};

// What a bank advances for a fast redemption (098).
struct Advance {
  std::string bank;
  Money amount;
  uint64_t payment = 0;         // the latest instruction; 0 while the order is not accepted
  bool paid = false;            // the investor has it
  bool answered = false;        // by the institution
  Money covered;                // by units that went to the bank
  bool over() const { return paid && answered; }
  FC_FIELDS(bank, amount, payment, paid, answered, covered)
};
// What an investor has had of a fund at once on a calendar day.
struct FastDayKey {
  uint64_t investor = 0;        // sequence
  FundCode fund;
  Date day;
  FC_FIELDS(investor, fund, day)
};

enum class PaymentDirection : uint8_t { kDeposit = 1, kWithdrawal = 2, kAdvance = 98 };
enum class PaymentStatus : uint8_t { kPending = 1, kDone = 2, kFailed = 3 };

struct Payment {
  PaymentDirection direction = PaymentDirection::kDeposit;
  PaymentStatus status = PaymentStatus::kPending;
  uint64_t investor = 0;        // sequence
  CardId card;
  Hash256 counterparty;         // the card's fingerprint
  Money amount;
  std::string reason;           // the bank's, where it refused
  std::string message;
  TimePoint asked_at;
  TimePoint answered_at;
  // Of what a bank advances only, and only there written.
  std::string bank;
  uint64_t order = 0;           // sequence

  template <class V>
  void VisitFields(V& v) {
    v(direction, status, investor, card, counterparty, amount, reason, message, asked_at, answered_at, bank, order);
  }
  template <class V>
  void VisitFields(V& v) const {
    if (order != 0) {
      v(direction, status, investor, card, counterparty, amount, reason, message, asked_at, answered_at, bank, order);
    } else {
      v(direction, status, investor, card, counterparty, amount, reason, message, asked_at, answered_at);
    }
  }
};

enum class ApplicationState : uint8_t { kWaiting = 1, kSealed = 2, kAnswered = 3 };

// An application of a fund account: 001 opens, 008 adds our trading account to one that is there; others change what is.
struct Application {
  ApplicationState state = ApplicationState::kWaiting;
  uint64_t investor = 0;        // sequence
  TaCode ta;
  uint16_t business = 1;
  TimePoint applied_at;
  Date day;                     // of the transfer that carries it
  ReturnCode return_code;
  std::string detail;           // the institution's text
  // Of other businesses than 001 and 008 only, and only there written.
  std::string cause;            // 004: FrozenCause
  Date until;                   // 004, 006: FreezingDeadline

  template <class V>
  void VisitFields(V& v) {
    v(state, investor, ta, business, applied_at, day, return_code, detail, cause, until);
  }
  template <class V>
  void VisitFields(V& v) const {
    if (business == 1 || business == 8) {
      v(state, investor, ta, business, applied_at, day, return_code, detail);
    } else {
      v(state, investor, ta, business, applied_at, day, return_code, detail, cause, until);
    }
  }
};

// What has become of an account since it was opened. Only accounts with any such business have one.
struct StandingKey {
  uint64_t investor = 0;        // sequence
  TaCode ta;
  FC_FIELDS(investor, ta)
};
struct Standing {
  uint64_t pending = 0;         // the application that has no answer yet
  uint16_t pending_business = 0;
  FundAccountState closed = FundAccountState::kNone;  // kClosed, kEnded
  bool frozen = false;
  bool frozen_by_ta = false;    // without an application of ours
  std::string cause;
  Date frozen_until;            // as told; not set: without end
  bool lost = false;
  Date lost_until;
  FC_FIELDS(pending, pending_business, closed, frozen, frozen_by_ta, cause, frozen_until, lost, lost_until)
};

struct WaitingKey {
  TaCode ta;
  uint64_t application = 0;
  FC_FIELDS(ta, application)
};

struct SealKey {
  TaCode ta;
  Date day;
  TransferNo transfer;
  FC_FIELDS(ta, day, transfer)
};
struct Seal {
  uint64_t count = 0;
  uint64_t hash = 0;            // over the application numbers in order
  bool closed = false;          // nothing joins any more
  uint64_t tax = 0;             // of them, lines of declarations of tax residency: they go into a file of their own
  template <class V>
  void VisitFields(V& v) {
    v(count, hash, closed, tax);
  }
  // Written where there are any, so that other transfers have the bytes that they always had.
  template <class V>
  void VisitFields(V& v) const {
    if (tax == 0) {
      v(count, hash, closed);
    } else {
      v(count, hash, closed, tax);
    }
  }
};
struct SealedPageKey {
  TaCode ta;
  Date day;
  TransferNo transfer;
  uint32_t page = 0;
  FC_FIELDS(ta, day, transfer, page)
};
inline constexpr uint64_t kApplicationsAPage = 1'000;
struct SealedPage {
  std::vector<uint64_t> applications;
  FC_FIELDS(applications)
};

// One thing that does not add up, in the words of the file it was found in.
struct FindingEntry {
  uint64_t line = 0;
  std::string rule;             // UPPER_SNAKE
  std::string field;            // of the file
  std::string expected;
  std::string found;
  OrderId order;
  InvestorId investor;
  FC_FIELDS(line, rule, field, expected, found, order, investor)
};

enum class FileKind : uint8_t { kAccounts = 2, kTrades = 4, kDividends = 6, kPrices = 7 };
struct FileKey {
  FileKind kind = FileKind::kTrades;
  HashKey hash;
  FC_FIELDS(kind, hash)
};
// How far a file has been applied here. Its findings stay, so that a repeated call gives them again.
struct FileProgress {
  uint64_t next = 0;
  std::string name;
  std::vector<FindingEntry> findings;
  FC_FIELDS(next, name, findings)
};

struct SettlementKey {
  TaCode ta;
  Date confirm_day;
  FundCode fund;
  uint16_t business = 0;        // as the cash file folds them: see SettlementBusiness
  FC_FIELDS(ta, confirm_day, fund, business)
};
struct Settlement {
  Money pay;                    // to the institution, all so far
  Money receive;                // from it
  uint64_t count = 0;           // confirmations
  Money pay_settled;            // moved by the bank
  Money receive_settled;
  uint64_t payees = 0;          // entries in the payee chunks
  uint64_t paid = 0;            // of them, paid
  uint64_t paying = 0;          // of them, to be paid by the settlement under way
  std::string reference;        // of the last settlement
  Money last_settled;           // by it: the answer to a repeated call
  FC_FIELDS(pay, receive, count, pay_settled, receive_settled, payees, paid, paying, reference, last_settled)
};
// Where in the ledger the confirmations of a day begin: all lines from there on are of that day or a later one.
struct AppliedDayKey {
  TaCode ta;
  Date confirm_day;
  FC_FIELDS(ta, confirm_day)
};
struct AppliedDay {
  uint64_t position = 0;
  FC_FIELDS(position)
};
struct PayeeKey {
  TaCode ta;
  Date confirm_day;
  FundCode fund;
  uint16_t business = 0;
  uint64_t chunk = 0;
  FC_FIELDS(ta, confirm_day, fund, business, chunk)
};
inline constexpr uint64_t kPayeesAChunk = 500;
struct Payee {
  uint64_t investor = 0;        // sequence
  Money amount;
  FC_FIELDS(investor, amount)
};
struct PayeeChunk {
  std::vector<Payee> payees;
  FC_FIELDS(payees)
};

// The cash file (25) folds planned, forced and terminal redemptions into 124, a failed offer into 130, and dividends that
// were held (157) into 143.
constexpr uint16_t SettlementBusiness(uint16_t confirmation) {
  switch (confirmation) {
    case 142: case 150: case 151: case 163: return 124;
    case 149: return 130;
    case 157: return 143;
    default: return confirmation;
  }
}

// Application numbers in files: an order number's digits with a 9 in front of the sequence, so that the two never meet.
inline constexpr uint64_t kApplicationDigit = kOrderSequenceLimit / 10 * 9;
constexpr OrderId MakeApplicationId(PartitionId p, uint64_t seq) { return MakeOrderId(p, kApplicationDigit + seq); }
// 0 where the number is not an application's.
constexpr uint64_t ApplicationSequence(OrderId id) {
  return SequenceOf(id) > kApplicationDigit ? SequenceOf(id) - kApplicationDigit : 0;
}

}  // namespace fundcore::account
