// A money fund's income over many days, for one holder: day by day, or all at once when the holder is looked at.
//
//   IncomeSeries series(terms);
//   series.Append({.per_ten_thousand = *Nav::Parse("1.28"), .payout = false});   // one entry a published day
//   IncomeAccount a{.holder = 7, .units = …};
//   series.Advance(&a, series.size());        // everything up to today; the same as EarnDay for each day
//
// Days with one sign between two payouts need one multiplication, however many they are, where the remainder is carried;
// what cannot be put together (cut remainders, days of gain and loss mixed, payout every day) is gone through day by day.
// The result is the same to the last digit either way: that is what makes it possible to settle a holder only when its
// position is touched or paid out. Values, no threads: fill it, then read it from anywhere.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/fund/money_fund.h"

namespace fundcore {

// What happens at a payout while the income not paid yet is negative.
enum class LossRule : uint8_t {
  kCutUnits = 0,   // units are cancelled
  kWait = 1,       // it waits for income to cover it
};

struct MoneyFundTerms {
  IncomeMode mode = IncomeMode::kCarry;
  LossRule loss = LossRule::kCutUnits;
  bool pays_on_full_redemption = true;   // unpaid income goes out with the last units; else at the next payout
};

// kShare: who gets one fen more than its income cut to the fen. Holders whose remainder is larger than `above`, and of
// those whose remainder is just that, the ones numbered up to `last_tie`.
struct ShareLine {
  int64_t above = INT64_MAX;             // in 1e-14 yuan, without sign; INT64_MAX: nobody
  uint64_t last_tie = 0;
  friend bool operator==(const ShareLine&, const ShareLine&) = default;
};

// One published day (or days published together, such as a weekend).
struct IncomeDay {
  Nav per_ten_thousand;
  bool payout = false;                   // what is unpaid becomes units at the end of it
  ShareLine share;                       // kShare only
};

struct IncomeAccount {
  uint64_t holder = 0;                   // its number among all holders: decides ties of kShare
  Units units;                           // that earn
  Money unpaid;                          // income in whole fen that is not units yet
  IncomeRest rest;                       // kCarry: below a fen
  uint32_t settled = 0;                  // days of the series that are in here
  friend bool operator==(const IncomeAccount&, const IncomeAccount&) = default;
};

// One day by the book: income of the units that earn, then the payout. Raises `settled`.
void EarnDay(IncomeAccount* account, const IncomeDay& day, const MoneyFundTerms& terms);

class IncomeSeries {
 public:
  explicit IncomeSeries(const MoneyFundTerms& terms) : terms_(terms) {}

  void Append(const IncomeDay& day);
  size_t size() const { return days_.size(); }
  const MoneyFundTerms& terms() const { return terms_; }
  const IncomeDay& day(size_t i) const { return days_[i]; }

  // Settles the days [account->settled, upto). upto must not be above size() nor below what is settled.
  void Advance(IncomeAccount* account, size_t upto) const;

 private:
  // Sums over the days before: one more entry than there are days.
  struct Before {
    __int128 income = 0;                 // Σ per ten thousand
    uint32_t gains = 0, losses = 0;
  };

  const MoneyFundTerms terms_;
  std::vector<IncomeDay> days_;
  std::vector<Before> before_ = {Before{}};
  std::vector<uint32_t> payouts_;        // indexes, ascending
};

// What a redemption takes with it of the income not paid yet. All units: a loss always, a gain where the fund pays it
// then; what stays is paid out later. A part: nothing, unless the units that stay are worth less than the loss; then the
// loss in proportion. Returns what is added to the money (negative: taken off it); the account's `unpaid` and, with the last
// units, `rest` are changed. Units themselves are the caller's.
Money IncomeOnRedemption(IncomeAccount* account, Units redeemed, const MoneyFundTerms& terms);

// Finds the line of ShareIncome without holding all holders at once: two passes over them, a fixed 16 MiB of counters. The
// first pass can be split and merged, the second only looks at the few near the line.
//
//   ShareSelection s(per_ten_thousand);
//   for (each holder) s.Count(units);
//   s.Close();
//   for (each holder) s.Consider(holder, units);
//   ShareLine line = s.Line();
class ShareSelection {
 public:
  explicit ShareSelection(Nav per_ten_thousand) : per_ten_thousand_(per_ten_thousand), counts_(kBuckets) {}
  void Count(Units units);
  void Merge(const ShareSelection& other);   // another part's counts, before Close
  void Close();
  void Consider(uint64_t holder, Units units);
  void Absorb(const ShareSelection& other);  // another part's candidates, after Close of both with the same counts
  // The line; call it once, after all were considered.
  ShareLine Line();

 private:
  static constexpr size_t kBuckets = size_t{1} << 21;
  static size_t BucketOf(int64_t rest);
  int64_t RestOf(Units units) const;

  Nav per_ten_thousand_;
  std::vector<uint64_t> counts_;
  __int128 left_ = 0;                        // Σ remainders
  size_t bucket_ = kBuckets;                 // the one that the line runs through
  uint64_t wanted_ = 0;                      // how many of it are above the line
  std::vector<std::pair<int64_t, uint64_t>> candidates_;   // remainder, holder
};

}  // namespace fundcore
