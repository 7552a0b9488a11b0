// Income of money funds: what the days earned, and what each holder has of it that is neither units nor money yet.
//
//   IncomeBook income(state, 70);
//   income.Append(fund, ta, {.day = …, .per_ten_thousand = …}, answer_day);     // one entry a published day and fund
//   income.Touch(investor, holding.fund, holding.units, …);                     // before its units change
//   income.Of(investor, fund, units).unpaid                                     // as of the last day, changes nothing
//
// A holder costs nothing until it is touched: what it earned since then follows from its units and from the days in between
// (docs/decisions/0007). A holding without an entry here has earned from the first day of its fund on. What was earned is
// owed by the institution (INCOME_RECEIVABLE) and to the investor (INCOME_OWED); both are booked when the holder is touched.
//
// Part of the account machine's state: same rules, same thread.
#pragma once

#include <map>
#include <vector>

#include "common/fund/income_series.h"
#include "common/machine/state.h"
#include "common/product/income_terms.h"
#include "services/account/ledger.h"

namespace fundcore::account {

struct IncomeDayEntry {
  Date day;
  Nav per_ten_thousand;
  IncomeMode mode = IncomeMode::kCarry;
  FC_FIELDS(day, per_ten_thousand, mode)
};
struct IncomeChunkKey {
  FundCode fund;
  uint32_t chunk = 0;
  FC_FIELDS(fund, chunk)
};
inline constexpr uint32_t kDaysAChunk = 128;
struct IncomeChunk {
  std::vector<IncomeDayEntry> days;
  FC_FIELDS(days)
};

struct IncomeFund {
  TaCode ta;
  uint32_t days = 0;            // in the chunks
  Date last_day;
  Date answer_day;              // of the institution's files that said the last day
  bool payout_due = false;      // by the fund's terms those files turn what is unpaid into units
  FC_FIELDS(ta, days, last_day, answer_day, payout_due)
};

struct EarningsKey {
  uint64_t investor = 0;        // sequence
  FundCode fund;
  FC_FIELDS(investor, fund)
};
struct Earnings {
  Money unpaid;                 // whole fen that are neither units nor money yet; negative after losses
  IncomeRest rest;              // below a fen, where the fund carries it
  uint32_t settled = 0;         // days of the fund that are in here
  // Where the institution shares remainders among all its holders: by how many fen its figure may lie above and below ours.
  uint32_t above = 0, below = 0;
  // The last answer of which the institution's figure was taken over, and what was here before it.
  Date told;
  Money before;
  uint32_t before_above = 0, before_below = 0;
  bool IsBlank() const { return unpaid.is_zero() && rest.is_zero(); }
  FC_FIELDS(unpaid, rest, settled, above, below, told, before, before_above, before_below)
};

struct IncomeTotals {
  Money owed;                   // to investors
  Money receivable;             // from the institution
  FC_FIELDS(owed, receivable)
};

class IncomeBook {
 public:
  // Takes four table numbers from `first_table` on.
  IncomeBook(machine::State& state, uint8_t first_table);

  // nullptr where no income of the fund was ever told.
  const IncomeFund* Fund(const FundCode& fund) { return funds_.Find(fund); }
  // A day after the fund's last one.
  void Append(const FundCode& fund, const TaCode& ta, const IncomeDayEntry& day, Date answer_day, bool payout);
  // The figure of a day that is in here; unset where it is not.
  const IncomeDayEntry* FindDay(const FundCode& fund, Date day);

  // What a holder of so many units has as of the fund's last day. Changes nothing.
  Earnings Of(uint64_t investor, const FundCode& fund, Units units);
  bool Has(uint64_t investor, const FundCode& fund) { return earnings_.Find({investor, fund}) != nullptr; }
  // Brings a holder up to date and books what it earned; its units are about to change. Nothing where the fund has no income.
  void Touch(uint64_t investor, const FundCode& fund, Units units, uint64_t* last_line, Ledger& ledger,
             const Posting& posting);
  // After Touch: what a redemption takes with it of what is unpaid (common/fund/income_series.h).
  Money TakeOnRedemption(uint64_t investor, const FundCode& fund, Units held, Units redeemed, const MoneyFundTerms& terms,
                         uint64_t* last_line, Ledger& ledger, const Posting& posting);
  // After Touch: all of it has become units or cash, or units were cancelled for it: so much, by the institution's figure.
  void Convert(uint64_t investor, const FundCode& fund, Money amount, uint64_t* last_line, Ledger& ledger,
               const Posting& posting);
  // After Touch: the institution's figure of an answer counts from now on. A later one of the same answer takes its place.
  void Tell(uint64_t investor, const FundCode& fund, Money unpaid, Date answer_day, uint64_t* last_line, Ledger& ledger,
            const Posting& posting);
  // Forgets a holder that has neither units nor income.
  void DropBlank(uint64_t investor, const FundCode& fund);

  // One day for one holder, as Touch does it for many.
  static void Earn(Earnings* e, Units units, const IncomeDayEntry& day);

  // Of one investor: funds in which something is unpaid.
  void ForEach(uint64_t investor, absl::FunctionRef<void(const FundCode&, const Earnings&)> visit);
  void ForEach(absl::FunctionRef<void(const EarningsKey&, const Earnings&)> visit);
  void ForEachTotal(absl::FunctionRef<void(const UnitKey&, const IncomeTotals&)> visit);

 private:
  // Days of one mode one after the other, put together for quick settling. Made from the chunks, no part of the state.
  struct Stretch {
    uint32_t first = 0;
    IncomeMode mode = IncomeMode::kCarry;
    IncomeSeries series;
  };
  struct Days {
    uint32_t count = 0;
    std::vector<Stretch> stretches;
  };
  const Days& DaysOf(const FundCode& fund, uint32_t count);
  void Advance(const FundCode& fund, Earnings* e, Units units);
  // Books a change of what is unpaid: by a gain or loss, or on its way out.
  void Book(Cause more, Cause less, const FundCode& fund, Money change, uint64_t* last_line, Ledger& ledger,
            const Posting& posting);

  machine::Table<IncomeChunkKey, IncomeChunk> chunks_;
  machine::Table<FundCode, IncomeFund> funds_;
  machine::Table<EarningsKey, Earnings> earnings_;
  machine::Table<UnitKey, IncomeTotals> totals_;
  std::map<FundCode, Days> days_;
};

}  // namespace fundcore::account
