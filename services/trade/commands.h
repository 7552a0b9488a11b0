// The commands of the trade machine, as they stand in its log. Tags and field orders are fixed for ever; commands that
// carry many items are one batch of the same moment of receipt.
//
// Texts that a command only looks at are string_views into the bytes it was decoded from: valid while it executes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/codec.h"
#include "common/crypto/hash.h"
#include "common/money/decimal.h"
#include "common/product/facts.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::trade {

// What an order applies for; the standard's business codes.
inline constexpr uint8_t kSubscription = 20;
inline constexpr uint8_t kPurchase = 22;
inline constexpr uint8_t kRedemption = 24;
// The same as debits of a plan, at an institution that wants to know; and plans themselves, at one that keeps them: opened,
// ended, changed. These move neither cash nor units.
inline constexpr uint8_t kPlanPurchase = 39;
inline constexpr uint8_t kOpenPlan = 59;
inline constexpr uint8_t kEndPlan = 60;
inline constexpr uint8_t kChangePlan = 61;
inline constexpr uint8_t kPlanRedemption = 63;
constexpr bool IsPlanContract(uint8_t business) { return business >= kOpenPlan && business <= kChangePlan; }
// Orders for a later day that the institution keeps until then. Their trading day is that of the file they go out in.
inline constexpr uint8_t kReserveSubscription = 21;
inline constexpr uint8_t kReservePurchase = 23;
inline constexpr uint8_t kReserveRedemption = 25;
constexpr bool IsReservation(uint8_t business) {
  return business == kReserveSubscription || business == kReservePurchase || business == kReserveRedemption;
}
// What it is on the day that it is for.
constexpr uint8_t WithoutReservation(uint8_t business) {
  return IsReservation(business) ? static_cast<uint8_t>(business - 1) : business;
}
// A change of an offer's subscription before its result (认购调整): to so much money, or so many units.
inline constexpr uint8_t kAdjustSubscription = 62;
// The business whose rules it is judged by.
constexpr uint8_t JudgedAs(uint8_t business) {
  return business == kAdjustSubscription ? kSubscription : WithoutReservation(business);
}
constexpr bool IsRedemption(uint8_t business) {
  return business == kRedemption || business == kPlanRedemption || business == kReserveRedemption;
}
constexpr bool MovesCash(uint8_t business) {
  return business == kSubscription || business == kPurchase || business == kPlanPurchase || business == kReserveSubscription ||
         business == kReservePurchase;
}
inline constexpr uint8_t kWithdrawRest = 52;  // made by a Cancel of a redemption with a deferred rest
inline constexpr uint8_t kWithdrawReservation = 53;  // made by a Cancel of a reservation that the institution has
constexpr bool IsWithdrawal(uint8_t business) { return business == kWithdrawRest || business == kWithdrawReservation; }
inline constexpr uint8_t kDividendWay = 29;  // applies for neither cash nor units
inline constexpr uint8_t kFreezeUnits = 31;
inline constexpr uint8_t kThawUnits = 32;
inline constexpr uint8_t kPledgeUnits = 88;
// Units that go without money: to another distributor in one step or out of this one, to somebody else in one step or out.
inline constexpr uint8_t kMoveUnits = 26;
inline constexpr uint8_t kMoveUnitsOut = 28;
inline constexpr uint8_t kGiveUnits = 33;
inline constexpr uint8_t kGiveUnitsOut = 35;
// Redemption at once: a bank advances the money and the units go to it.
inline constexpr uint8_t kFastRedeem = 98;
// The same where the bank's account is at another distributor, which asks for the units with 97.
inline constexpr uint8_t kFastMoveOut = 96;
inline constexpr uint8_t kFastBring = 97;
constexpr bool IsFast(uint8_t business) { return business == kFastRedeem || business == kFastMoveOut; }
// The counterparts here: units that come from another distributor, or from somebody else. And those whose title is proven.
inline constexpr uint8_t kBringUnits = 27;
inline constexpr uint8_t kReceiveUnits = 34;
inline constexpr uint8_t kProveTitle = 80;
constexpr bool BringsUnits(uint8_t business) {
  return business == kBringUnits || business == kFastBring || business == kReceiveUnits || business == kProveTitle;
}
constexpr bool IsMove(uint8_t business) {
  return IsFast(business) || business == kFastBring || business == kMoveUnits || business == kMoveUnitsOut || business == kGiveUnits ||
         business == kGiveUnitsOut || business == kBringUnits || business == kReceiveUnits;
}
// Says something about units that are there: buys none, pays nothing.
constexpr bool SpeaksOfUnits(uint8_t business) {
  return IsMove(business) || business == kProveTitle || business == kDividendWay || business == kFreezeUnits ||
         business == kThawUnits || business == kPledgeUnits;
}
// A conversion: 36 inside one institution. Between two it is the 38 to the one, and a leg of its own, the 37, to the other.
inline constexpr uint8_t kConversion = 36;
inline constexpr uint8_t kConvertIn = 37;
inline constexpr uint8_t kConvertOut = 38;
constexpr bool IsConversion(uint8_t business) { return business == kConversion || business == kConvertOut; }
// `units` is what it applies for, not `amount`.
constexpr bool AppliesForUnits(uint8_t business) {
  return IsRedemption(business) || IsConversion(business) || (SpeaksOfUnits(business) && business != kDividendWay);
}

// Bits of ReceiveItem::flags and Order::flags.
inline constexpr uint8_t kDeferLargeRedemption = 1;
inline constexpr uint8_t kMismatchConfirmed = 2;
inline constexpr uint8_t kReserved = 4;            // order only: account has set cash or units aside
inline constexpr uint8_t kWasChallenged = 8;       // order only: risk asked for a second proof
inline constexpr uint8_t kChallengeAnswered = 16;  // order only: it was given, or failed
inline constexpr uint8_t kHasOrigin = 32;          // order only: there is an Origin entry
inline constexpr uint8_t kDividendInCash = 64;         // 029: in cash, else reinvested
inline constexpr uint8_t kCancelLargeRedemption = 64;  // 024: neither this nor the first one: nothing was said, which defers
inline constexpr uint8_t kOfPlan = 128;                // order only: a plan made it

struct ReceiveItem {
  InvestorId investor;
  std::string_view request_id;  // 1 to 64 bytes
  uint8_t business = 0;
  uint8_t flags = 0;
  FundCode fund;
  Money amount;
  Units units;
  FC_FIELDS(investor, request_id, business, flags, fund, amount, units)
};

// What an order has beside where it came in a file of another institution, or wants one trading day and no other. Apart
// from the items, because most orders have none of it.
struct ReceiveOrigin {
  uint32_t item = 0;             // index into `orders`; ascending
  Date trade_day_wanted;         // unset: any
  std::string_view distributor;  // empty: it came in no file
  std::string_view serial;
  Hash256 digest;                // over the whole line
  FC_FIELDS(item, trade_day_wanted, distributor, serial, digest)
};

// The fund that a conversion enters.
struct ReceiveTarget {
  uint32_t item = 0;             // index into `orders`; ascending
  FundCode fund;
  FC_FIELDS(item, fund)
};

// An order that a plan makes: received only where the plan is due for it on this day.
struct ReceivePlan {
  uint32_t item = 0;  // index into `orders`; ascending
  uint64_t plan = 0;  // sequence
  Date day;           // of the try; unset: the plan's own opening, change or end
  FC_FIELDS(item, plan, day)
};

// Where the units of a transfer go.
struct ReceiveMove {
  uint32_t item = 0;             // index into `orders`; ascending
  std::string_view distributor;  // of 026 and 028
  std::string_view account;      // the trading account there; of 033 and 035 that of whoever receives
  std::string_view reason;       // TransferReason
  FC_FIELDS(item, distributor, account, reason)
};

// The order that an adjustment (062) changes.
struct ReceiveChange {
  uint32_t item = 0;             // index into `orders`; ascending
  OrderId original;
  FC_FIELDS(item, original)
};

// Orders of one caller arrive. The record's stamp is their moment of receipt.
struct Receive {
  static constexpr uint8_t kTag = 2;
  CallerId caller;
  std::vector<ReceiveItem> orders;
  std::vector<ReceiveOrigin> origins;
  std::vector<ReceiveTarget> targets;
  std::vector<ReceivePlan> plans;
  std::vector<ReceiveMove> moves;
  std::vector<ReceiveChange> changes;

  template <class V>
  void VisitFields(V& v) {
    v(caller, orders, origins, targets, plans, moves, changes);
  }
  // Written only where there are any: most commands have none.
  template <class V>
  void VisitFields(V& v) const {
    if (changes.empty()) {
      v(caller, orders, origins, targets, plans, moves);
    } else {
      v(caller, orders, origins, targets, plans, moves, changes);
    }
  }
};

// Judges orders that waited for a watermark by the product rules as of their receipt, as many as one command may.
struct Review {
  static constexpr uint8_t kTag = 3;
  FC_NO_FIELDS()
};

enum class RiskOutcome : uint8_t { kAllow = 1, kChallenge = 2, kBlock = 3 };

struct JudgeItem {
  uint64_t order = 0;           // sequence
  uint16_t account_reason = 0;  // 0: reserved
  RiskOutcome risk = RiskOutcome::kAllow;
  uint16_t risk_reason = 0;
  TaAccountId ta_account;
  FC_FIELDS(order, account_reason, risk, risk_reason, ta_account)
};

enum class ReasonSource : uint8_t { kTrade = 0, kAccount = 1, kRisk = 2, kTransferAgent = 3 };

struct ForeignReason {
  ReasonSource source = ReasonSource::kTrade;
  uint16_t number = 0;
  std::string name;
  FC_FIELDS(source, number, name)
};

// What only some judgements have.
struct JudgeExtra {
  uint32_t item = 0;         // index into `orders`; ascending
  Units units;               // account made the order this large: nothing smaller may stay; 0: as it was
  uint16_t trade_reason = 0;  // the fund's quota had no room: a Reason of trade
  FC_FIELDS(item, units, trade_reason)
};

// Account and risk have both answered for these orders, or account has refused. `names` gives the names of the reasons
// among them.
struct Judge {
  static constexpr uint8_t kTag = 4;
  std::vector<JudgeItem> orders;
  std::vector<ForeignReason> names;
  std::vector<JudgeExtra> extras;

  template <class V>
  void VisitFields(V& v) {
    v(orders, names, extras);
  }
  template <class V>
  void VisitFields(V& v) const {
    if (extras.empty()) {
      v(orders, names);
    } else {
      v(orders, names, extras);
    }
  }
};

// Account has given back what it had set aside for these orders.
struct Released {
  static constexpr uint8_t kTag = 5;
  std::vector<uint64_t> orders;
  FC_FIELDS(orders)
};

// Product has given back the quota of these orders.
struct QuotaReleased {
  static constexpr uint8_t kTag = 60;
  std::vector<uint64_t> orders;
  FC_FIELDS(orders)
};

struct Cancel {
  static constexpr uint8_t kTag = 6;
  InvestorId investor;
  OrderId order;
  FC_FIELDS(investor, order)
};

struct AnswerChallenge {
  static constexpr uint8_t kTag = 7;
  InvestorId investor;
  OrderId order;
  bool passed = false;
  FC_FIELDS(investor, order, passed)
};

// Orders received from here on no longer get this trading day. Repeated while the result says `more`.
struct CloseDay {
  static constexpr uint8_t kTag = 8;
  TaCode ta;
  Date day;
  Duration grace;  // after the cut-off
  FC_FIELDS(ta, day, grace)
};

// Gives accepted, not yet sealed orders of the day this transfer number. Repeated while the result says `more`.
struct Seal {
  static constexpr uint8_t kTag = 9;
  TaCode ta;
  Date day;
  TransferNo transfer;
  FC_FIELDS(ta, day, transfer)
};

// The file with this transfer was released. Repeated while the result says `more`.
struct MarkDispatched {
  static constexpr uint8_t kTag = 10;
  TaCode ta;
  Date day;
  TransferNo transfer;
  std::string file_name;
  FC_FIELDS(ta, day, transfer, file_name)
};

// SHA-256 of a file as four numbers, so that it can be a key.
struct FileKey {
  uint64_t a = 0, b = 0, c = 0, d = 0;
  friend bool operator==(const FileKey&, const FileKey&) = default;
  FC_FIELDS(a, b, c, d)
};

// One main record of an 04 file, or an order that hung on a refused fund account.
struct ConfirmedLine {
  uint64_t line = 0;
  OrderId order;  // unset: the transfer agent's own initiative
  uint8_t business = 0;
  ReturnCode return_code;
  TaAccountId ta_account;
  TaSerialNo ta_serial;
  Date confirm_day;
  Money amount;
  Units units;
  Nav nav;
  Money charge;
  bool interim = false;
  std::string error_detail;
  FC_FIELDS(line, order, business, return_code, ta_account, ta_serial, confirm_day, amount, units, nav, charge, interim,
            error_detail)
};

// What a line of a conversion (136 to 138) says of the fund that is entered.
struct ConvertedLine {
  uint32_t item = 0;  // index into `lines`; ascending
  FundCode target;
  Units units;
  Nav nav;
  Money difference_fee;
  FC_FIELDS(item, target, units, nav, difference_fee)
};

struct ApplyConfirmations {
  static constexpr uint8_t kTag = 11;
  TaCode ta;
  FileKey file;
  std::string file_name;
  uint64_t first_index = 0;
  std::vector<ConfirmedLine> lines;
  std::vector<ConvertedLine> converted;
  bool follows_rests = false;  // deferred rests are known as such; not in logs from before
  bool follows_money = false;  // what is said of an order's money after its result (140, 141), likewise
  bool follows_changes = false;  // changes of a subscription that nobody has asked for (162), likewise
  FC_FIELDS(ta, file, file_name, first_index, lines, converted, follows_rests, follows_money, follows_changes)
};

// Confirmed orders of this day, fund and business were paid. Repeated while the result says `more`.
struct Settle {
  static constexpr uint8_t kTag = 12;
  TaCode ta;
  Date confirm_day;
  FundCode fund;
  uint8_t business = 0;  // of the confirmation: 122, 124, 130 …
  FC_FIELDS(ta, confirm_day, fund, business)
};

// Binds serials of files to what their lines say. The partition is that of the request id's hash, not of an investor: a
// serial that comes again for another investor must meet its claim, too.
struct SerialClaim {
  std::string_view request_id;
  Hash256 digest;
  FC_FIELDS(request_id, digest)
};
struct ClaimSerials {
  static constexpr uint8_t kTag = 13;
  std::vector<SerialClaim> claims;
  FC_FIELDS(claims)
};

}  // namespace fundcore::trade
