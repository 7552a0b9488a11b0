// What a trade partition keeps: entries, keys and table numbers. Numbers are on disk and never reused.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/machine/state.h"
#include "services/trade/commands.h"
#include "services/trade/plans.h"
#include "services/trade/reason.h"

namespace fundcore::trade {

// Tables 1 to 62 below, 200 to 205 and 220 the product book.
enum TableNumber : uint8_t {
  kWaters = 1,
  kOrders = 2,
  kAftermaths = 3,
  kInvestors = 4,
  kRequestIds = 5,
  kDays = 6,
  kTransfers = 7,
  kTransferPages = 8,
  kChallenges = 9,
  kReleases = 10,
  kFiles = 11,
  kSettlements = 12,
  kSettlementChunks = 13,
  kFundNames = 14,
  kTaNames = 15,
  kCallerNames = 16,
  kFileNames = 17,
  kForeignReasons = 18,
  kOrigins = 19,
  kSerials = 20,
  kDistributorNames = 21,
  kPlanWaters = 65,
  kPlans = 66,
  kPlanLinks = 67,
  kPlanDays = 68,
  kPlanChunks = 69,
  kPlanDebits = 165,
  kOwnPlans = 166,
  kConversions = 55,
  kUses = 60,
  kQuotaReleases = 61,
  kAsked = 62,
  kRests = 50,
  kWithdrawals = 51,
  kMoves = 100,
  kSentReservations = 101,
  kRefunds = 102,
  kDeals = 140,
  kAdjustments = 232,
  kAdjusted = 233,
  kProducts = 200,
};

// The values are those of the API and of stored orders.
enum class OrderState : uint8_t {
  kNone = 0,
  kReceived = 1,
  kAccepted = 2,
  kDispatched = 3,
  kConfirmed = 4,
  kSettled = 5,
  kRejected = 6,
  kCancelled = 7,
  kRefused = 8,
  kChallenged = 9,
};

inline bool IsFinal(OrderState s) {
  return s == OrderState::kSettled || s == OrderState::kRejected || s == OrderState::kCancelled ||
         s == OrderState::kRefused;
}

// Codes that recur in every order (funds, institutions, callers, file names) are stored once and named by a dense
// number from 1; 0 is "none".
using NameNo = uint32_t;

// One order: what every one of them needs. What only some get is in Aftermath, which times a whole transfer or
// settlement shares are there.
struct Order {
  InvestorId investor;
  uint64_t previous = 0;  // the same investor's order before this one
  TimePoint received_at;
  TimePoint judged_at;  // accepted, challenged or rejected; unset while undecided
  Money amount;
  Units units;
  uint64_t product_version = 0;
  uint32_t reason = 0;  // by source; a transfer agent's return code as four bytes
  NameNo fund = 0, ta = 0, caller = 0;
  Date trade_day;
  TransferNo transfer;
  uint8_t business = 0;
  OrderState state = OrderState::kReceived;
  ReasonSource source = ReasonSource::kTrade;
  uint8_t flags = 0;
  RequestId request_id;
  TaAccountId ta_account;
  FC_FIELDS(investor, previous, received_at, judged_at, amount, units, product_version, reason, fund, ta, caller,
            trade_day, transfer, business, state, source, flags, request_id, ta_account)
};

// What became of an order later: rare steps and the transfer agent's figures, summed over its confirmations.
struct Aftermath {
  TimePoint answered_at;   // the challenge
  TimePoint ended_at;      // cancelled, or rejected after it had been challenged
  TimePoint confirmed_at;  // the latest line applied
  NameNo file = 0;         // that carried it
  uint64_t line = 0;
  uint32_t lines = 0;      // applied so far
  uint32_t odd_lines = 0;  // lines that did not fit the order's state: recorded, nothing changed
  uint8_t business = 0;
  ReturnCode return_code;
  Date confirm_day;
  TaSerialNo ta_serial;
  Money amount;
  Units units;
  Money fee;
  Nav nav;
  bool in_part = false;
  std::string detail;
  FC_FIELDS(answered_at, ended_at, confirmed_at, file, line, lines, odd_lines, business, return_code, confirm_day,
            ta_serial, amount, units, fee, nav, in_part, detail)
};

// Where an order came from, where that was a file, and the one trading day that it wants.
struct Origin {
  Date trade_day_wanted;     // unset: any
  NameNo distributor = 0;    // 0: no file
  std::string serial;
  Hash256 digest;
  FC_FIELDS(trade_day_wanted, distributor, serial, digest)
};

// What a conversion has beside its order, and what its leg at another institution has: that one is an order of business 37
// in the tables, without a request, which callers do not see. It goes out under the number of the order it belongs to.
struct Conversion {
  NameNo target = 0;         // the fund to enter; of a leg: the fund that is left
  NameNo target_ta = 0;
  uint64_t other = 0;        // of a 38: its leg; of a leg: its order
  uint32_t min_days = 0;     // what account has to look at, as the terms in force at receipt said
  uint8_t investors = 2;
  // What was confirmed. Each side may come in several lines, and the two in either order.
  bool out_done = false, in_done = false;
  bool paid = false;         // the settlement of what left was made before the other side was known
  Units in_units;
  Nav in_nav;
  Money in_amount;
  Money difference_fee;
  ReturnCode in_code;
  Date in_day;
  FC_FIELDS(target, target_ta, other, min_days, investors, out_done, in_done, paid, in_units, in_nav, in_amount,
            difference_fee, in_code, in_day)
};

// Where the units of a transfer (026, 028, 033, 035) go, or come from (027, 034).
struct Move {
  std::string distributor;
  std::string account;
  std::string reason;
  FC_FIELDS(distributor, account, reason)
};

// What an order got of a campaign, as of its receipt.
struct OrderDeal {
  Discount discount;
  std::string campaign;
  FC_FIELDS(discount, campaign)
};

// A redemption of which an institution has deferred a rest (a large redemption), as long as it is remembered: also after
// the rest has come to its end. While the order is DISPATCHED the rest is open.
struct Rest {
  Date last_day;             // confirmation day of the newest line that moved units
  Date settled_until;        // confirmation day of the newest of them that was paid
  uint64_t withdrawal = 0;   // the latest order (052) that is to withdraw the rest
  FC_FIELDS(last_day, settled_until, withdrawal)
};

// An order for a later day that its institution keeps (021, 023, 025).
struct Reserved {
  Date day;                  // that it is for
  uint64_t withdrawal = 0;   // the latest order (053) that is to cancel it there
  FC_FIELDS(day, withdrawal)
};

// What an institution has given back of a purchase after its result (140).
struct Refunded {
  Money amount;
  Date day;                  // confirmation day of the latest
  FC_FIELDS(amount, day)
};

// What an adjustment (062) is about, and what it adds to what the investor has applied for (limits by person).
struct Adjustment {
  uint64_t original = 0;     // 0: no order of this partition
  Money more;
  FC_FIELDS(original, more)
};
// A subscription that was, or is to be, changed.
struct Adjusted {
  uint64_t latest = 0;       // the latest 062 that is to change it
  bool changed = false;      // at least once, by 062 or by the institution
  Money first_amount;        // what was applied for before that
  Units first_units;
  FC_FIELDS(latest, changed, first_amount, first_units)
};

struct Investor {
  uint64_t last_order = 0;
  std::vector<NameNo> bought;  // funds with an accepted purchase: the next one is an additional one
  FC_FIELDS(last_order, bought)
};

// What an investor has applied for in a fund with limits by person: on a trading day, or ever (no day). Orders from `since` on
// are counted, and no longer once they came to nothing.
struct UseKey {
  Date day;
  uint64_t investor = 0;  // sequence
  NameNo fund = 0;
  FC_FIELDS(day, investor, fund)
};
struct Use {
  uint64_t since = 0;
  Money bought;
  Units redeemed;
  FC_FIELDS(since, bought, redeemed)
};
// What was asked for where account made more of it.
struct Asked {
  Units units;
  FC_FIELDS(units)
};

// Sequences start at 1.
struct Waters {
  uint64_t next = 1;         // the sequence of the next order
  uint64_t undecided = 1;    // every order below is decided, or waits for a challenge
  uint64_t next_review = 1;  // every order below was judged by the product rules
  FC_FIELDS(next, undecided, next_review)
};

struct DayKey {
  Date day;
  TaCode ta;
  FC_FIELDS(day, ta)
};

// How many orders of a day are in which state. Sums are modulo 2^64: they are reported, never computed with, and no
// applicant for absurd amounts may bring the machine to a halt.
struct DayRow {
  OrderState state = OrderState::kNone;
  uint8_t business = 0;
  bool sealed = false;
  ReasonSource source = ReasonSource::kTrade;
  uint32_t reason = 0;
  uint64_t count = 0;
  uint64_t amount = 0;  // fen
  uint64_t units = 0;   // 0.01
  FC_FIELDS(state, business, sealed, source, reason, count, amount, units)
};

// The orders of a trading day are among the sequences from first to last: receipts come in order, so no list is needed.
struct Day {
  TimePoint closed_at;       // unset while open
  uint64_t closed_from = 0;  // orders from this sequence on do not get the day; 0 while open
  uint64_t first = 0, last = 0;
  std::vector<DayRow> rows;
  FC_FIELDS(closed_at, closed_from, first, last, rows)
};

struct TransferKey {
  TaCode ta;
  Date day;
  TransferNo transfer;
  FC_FIELDS(ta, day, transfer)
};

struct Transfer {
  TimePoint sealed_at;  // when sealing began
  uint64_t until = 0;   // orders up to this sequence were looked at, or will be
  uint64_t cursor = 0;  // the next to look at
  bool sealed = false;
  uint64_t first = 0, last = 0;  // sealed sequences
  uint64_t count = 0;
  uint64_t sum_amount = 0;
  uint64_t sum_units = 0;
  uint64_t hash = 0;
  TimePoint dispatched_at;  // when marking began
  NameNo file = 0;
  uint64_t dispatch_cursor = 0;
  bool dispatched = false;
  uint64_t dispatched_count = 0;
  FC_FIELDS(sealed_at, until, cursor, sealed, first, last, count, sum_amount, sum_units, hash, dispatched_at, file,
            dispatch_cursor, dispatched, dispatched_count)
};

inline constexpr uint32_t kOrdersPerPage = 2'000;

struct TransferPageKey {
  TaCode ta;
  Date day;
  TransferNo transfer;
  uint32_t page = 0;
  FC_FIELDS(ta, day, transfer, page)
};
struct TransferPage {
  uint64_t first = 0, last = 0;
  FC_FIELDS(first, last)
};

struct ChallengeKey {
  TaCode ta;
  Date day;
  uint64_t order = 0;
  FC_FIELDS(ta, day, order)
};
struct Present {
  bool present = true;
  FC_FIELDS(present)
};

struct FileProgress {
  uint64_t next_index = 0;
  NameNo name = 0;
  FC_FIELDS(next_index, name)
};

struct SettlementKey {
  TaCode ta;
  Date confirm_day;
  FundCode fund;
  uint8_t business = 0;
  FC_FIELDS(ta, confirm_day, fund, business)
};
struct Settlement {
  uint64_t count = 0;   // orders listed in chunks of kSettlementChunk
  uint64_t cursor = 0;  // the next to settle
  uint64_t settled = 0;
  TimePoint settled_at;
  FC_FIELDS(count, cursor, settled, settled_at)
};
inline constexpr uint64_t kSettlementChunk = 1'000;
struct SettlementChunkKey {
  TaCode ta;
  Date confirm_day;
  FundCode fund;
  uint8_t business = 0;
  uint64_t chunk = 0;
  FC_FIELDS(ta, confirm_day, fund, business, chunk)
};
struct SettlementChunk {
  std::vector<uint64_t> orders;
  FC_FIELDS(orders)
};

struct ForeignKey {
  ReasonSource source = ReasonSource::kTrade;
  uint16_t number = 0;
  FC_FIELDS(source, number)
};
struct NameText {
  std::string text;
  FC_FIELDS(text)
};

// Texts by number and back. The numbers are state; the two faster ways to them are made on first use.
class Names {
 public:
  Names(machine::State& state, uint8_t table) : texts_(state, table) {}

  // The number of a text, a new one where it has none.
  NameNo Number(std::string_view text) {
    if (text.empty()) return 0;
    if (!loaded_) Load();
    auto it = numbers_.find(absl::string_view(text.data(), text.size()));
    if (it != numbers_.end()) return it->second;
    const NameNo number = Keep(std::string(text));
    texts_.Mutable(number).text = std::string(text);
    return number;
  }
  // "" for 0. Valid as long as the machine.
  std::string_view Text(NameNo number) {
    if (!loaded_) Load();
    return number == 0 || number > by_number_.size() ? std::string_view() : std::string_view(by_number_[number - 1]);
  }

 private:
  NameNo Keep(std::string text) {
    by_number_.push_back(text);
    const auto number = static_cast<NameNo>(by_number_.size());
    numbers_.emplace(std::move(text), number);
    return number;
  }
  void Load() {
    loaded_ = true;
    texts_.ScanAll([&](const NameNo&, const NameText& t) { return Keep(t.text), true; });
  }

  machine::Table<NameNo, NameText> texts_;
  std::deque<std::string> by_number_;
  absl::flat_hash_map<std::string, NameNo> numbers_;  // lookups only
  bool loaded_ = false;
};

}  // namespace fundcore::trade
