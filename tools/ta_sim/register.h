// The transfer agent's register: accounts, positions in lots, what was answered, what cash is due; and where it is
// kept.
//
// The register is one value, saved whole after each answer under one name of a TaStore that nobody else writes.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/codec.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "tools/ta_sim/decimal.h"
#include "tools/ta_sim/pricing.h"

namespace fundcore::ta_sim {

using TradingAccount = Code<struct TradingAccountTag, 20>;  // the investor's account with the distributor
using SheetNo = Code<struct SheetNoTag, 24>;                // AppSheetSerialNo

struct PositionKey {
  TaAccountId account;
  TradingAccount trading;
  FundCode fund;
  char share_class = '0';
  friend bool operator==(const PositionKey&, const PositionKey&) = default;
  friend auto operator<=>(const PositionKey&, const PositionKey&) = default;
  FC_FIELDS(account, trading, fund, share_class)
};

struct Position {
  std::vector<Lot> lots;
  char dividend_method = 0;  // 0: not chosen, the fund's default counts
  Shares Total() const;
  // Units of the same two days are one lot: they age alike.
  void Add(Date registered, Date usable_after, Shares units);
  // A split: all lots in proportion, cut; what is left over goes to the oldest.
  void Scale(Shares total);
  FC_FIELDS(lots, dividend_method)
};

struct Account {
  std::string certificate;  // "type:number"
  bool closed = false;
  FC_FIELDS(certificate, closed)
};

// What a position has beside its units.
struct Attached {
  Date way_changed;       // T of the latest 029
  Shares frozen;          // of the position; reinvested dividends of frozen units included
  Shares with_fruits;     // of it, with what it earns
  Yuan held;              // dividends of frozen units, until 157
  Shares held_units;
  // Nothing is frozen that is not there: what leaves frozen thaws.
  void Fit(Shares total) {
    frozen = std::min(frozen, total);
    with_fruits = std::min(with_fruits, frozen);
  }
  FC_FIELDS(way_changed, frozen, with_fruits, held, held_units)
};

// What has become of an account since: frozen (why, until when), reported lost.
struct AccountMark {
  bool frozen = false;
  char cause = ' ';
  Date until;
  bool lost = false;
  FC_FIELDS(frozen, cause, until, lost)
};

// A plan (定投) that was opened here, by its protocol number.
struct PlanKept {
  TaAccountId account;
  FundCode fund;
  Yuan amount;
  Shares units;
  char ration_type = '0';
  bool ended = false;
  FC_FIELDS(account, fund, amount, units, ration_type, ended)
};

// Where an application stands: day and transfer of its file, and its line there.
struct LineRef {
  Date day;
  uint16_t transfer = 0;
  bool trade = false;  // file 03, else 01
  uint64_t line = 0;
  friend auto operator<=>(const LineRef&, const LineRef&) = default;
  FC_FIELDS(day, transfer, trade, line)
};

// What a holder of a money fund has earned and neither has as units nor as money: whole fen, and what lies below one in
// steps of 1e-14 yuan.
struct Earned {
  Yuan unpaid;
  int64_t rest = 0;
  FC_FIELDS(unpaid, rest)
};

// Money of an initial offer that waits for its result.
struct Subscription {
  SheetNo sheet;
  FundCode fund;
  TaAccountId account;
  TradingAccount trading;
  Yuan amount;
  Rate discount;
  Date day;
  char share_class = '0';
  char holder = ' ';
  Shares units;  // applied for by units: `amount` is their price and the fee
  FC_FIELDS(sheet, fund, account, trading, amount, discount, day, share_class, holder, units)
};

// The rest of a large redemption that goes on to the fund's next open day.
struct DeferredRest {
  SheetNo sheet;
  PositionKey key;
  Date day;       // T of the application: kept over all days
  Shares applied;
  Shares left;
  char flag = ' ';  // LargeRedemptionFlag of the application
  char holder = ' ';
  bool of_plan = false;  // a periodic redemption (063)
  FC_FIELDS(sheet, key, day, applied, left, flag, holder, of_plan)
};

// One line of file 25. `to_distributor`: the agent pays, the distributor receives.
struct CashLine {
  Date trade_day, answer_day, pay_day;
  FundCode fund;
  uint16_t business = 0;  // 122, 124 …
  bool to_distributor = false;
  Yuan amount;
  FC_FIELDS(trade_day, answer_day, pay_day, fund, business, to_distributor, amount)
};

struct Answered {
  uint16_t last_transfer = 0;
  uint64_t accounts = 0, trades = 0, refused = 0;
  std::vector<std::string> files;       // all that were published, indexes last
  std::vector<std::string> to_correct;  // types sent wrong on purpose and not corrected yet
  FC_FIELDS(last_transfer, accounts, trades, refused, files, to_correct)
};

// An application for a later day (021, 023, 025) that is kept until then.
struct ReservationKept {
  SheetNo sheet;
  PositionKey key;
  uint16_t business = 0;  // of the application
  Yuan amount;
  Shares units;
  Rate discount;
  Date day;               // that it is for
  char large_flag = ' ';
  char holder = ' ';
  FC_FIELDS(sheet, key, business, amount, units, discount, day, large_flag, holder)
};

// An account that was opened after it had been refused: orders of days before that are refused as they were then.
struct OpenedLate {
  Date from;
  ReturnCode refused;
  FC_FIELDS(from, refused)
};

struct Register {
  TaCode ta;
  uint64_t accounts_opened = 0;
  std::map<TaAccountId, Account> accounts;
  std::map<std::string, TaAccountId> by_certificate;
  std::map<TradingAccount, TaAccountId> by_trading;
  std::map<TradingAccount, ReturnCode> refused;  // trading accounts whose opening was refused, and why
  std::map<PositionKey, Position> positions;
  std::map<SheetNo, LineRef> answered;   // 03 applications, by serial
  std::map<LineRef, bool> repeated;      // lines refused because their serial was answered elsewhere
  std::map<std::string, bool> finished;  // names of input files of which every line is answered
  std::vector<Subscription> subscriptions;
  std::vector<CashLine> cash;
  std::map<Date, Answered> answers;
  std::map<TaAccountId, AccountMark> marks;  // of accounts that have one
  std::map<PositionKey, Attached> attached;
  std::map<PositionKey, Earned> earned;
  std::map<FundCode, Date> earned_through;   // the last day that money funds told
  std::vector<DeferredRest> deferred;        // in order of application
  std::map<std::string, PlanKept> plans;
  std::map<TradingAccount, OpenedLate> opened_late;
  std::vector<ReservationKept> reservations;  // in order of application
  FC_FIELDS(ta, accounts_opened, accounts, by_certificate, by_trading, refused, positions, answered, repeated, finished,
            subscriptions, cash, answers, marks, attached, earned, earned_through, deferred, plans,
            opened_late, reservations)
};

// Named blobs that are replaced whole. One TaSim owns it. Not thread-safe.
class TaStore {
 public:
  virtual ~TaStore() = default;
  // kNotFound, kUnavailable.
  virtual absl::StatusOr<std::string> Load(std::string_view name) const = 0;
  // Afterwards the name holds either the old bytes or the new ones, whatever crashes; the new ones, durably, where OK.
  virtual absl::Status Save(std::string_view name, std::string_view bytes) = 0;
  // OK where there is none.
  virtual absl::Status Remove(std::string_view name) = 0;
};

class MemoryTaStore final : public TaStore {
 public:
  absl::StatusOr<std::string> Load(std::string_view name) const override;
  absl::Status Save(std::string_view name, std::string_view bytes) override;
  absl::Status Remove(std::string_view name) override;

 private:
  std::map<std::string, std::string, std::less<>> blobs_;
};

// A folder, created where missing, locked while the object lives.
class DiskTaStore final : public TaStore {
 public:
  // kUnavailable where another process has the folder or it cannot be made.
  static absl::StatusOr<std::unique_ptr<DiskTaStore>> Open(const std::string& folder);
  ~DiskTaStore() override;
  DiskTaStore(const DiskTaStore&) = delete;
  DiskTaStore& operator=(const DiskTaStore&) = delete;

  absl::StatusOr<std::string> Load(std::string_view name) const override;
  absl::Status Save(std::string_view name, std::string_view bytes) override;
  absl::Status Remove(std::string_view name) override;

 private:
  DiskTaStore(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  std::string PathOf(std::string_view name) const;

  const std::string folder_;
  const int lock_;
};

}  // namespace fundcore::ta_sim
