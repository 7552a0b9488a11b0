// Interest on money that waits: on offer money until the contract takes effect, on money of a failed offer, and on
// settlement money, which since 2026 belongs to the investors.
//
//   BalanceDays sum = …;  sum.Add(balance, days);                // the bank's product method (积数)
//   Money all = InterestOf(sum, *Rate::Parse("0.35%"), 360);
//   auto shares = ShareInterest(by_investor, all);               // to the fen, nothing lost
//
// Pure functions on values.
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "common/money/decimal.h"

namespace fundcore {

// Fen times days.
struct BalanceDays {
  __int128 fen_days = 0;
  void Add(Money balance, int32_t days) { fen_days += static_cast<__int128>(balance.raw()) * days; }
};

// fen-days × yearly rate ÷ days a year (360 for deposits at most banks), rounded once to the fen. Errors
// (kInvalidArgument): negative sum or rate, days a year not 360, 365 or 366, or more than can be held.
absl::StatusOr<Money> InterestOf(BalanceDays sum, Rate yearly, int32_t days_a_year, Rounding rounding = Rounding::kHalfUp);

// Shares `total` in proportion to the investors' fen-days: each gets its share cut to the fen, and the fen that are left
// go out by largest remainder, earlier in the list on a tie. The result always adds up to `total`. Errors
// (kInvalidArgument): a negative share or total, a positive total with nobody to give it to, or more than can be held.
absl::StatusOr<std::vector<Money>> ShareInterest(std::span<const BalanceDays> investors, Money total);

}  // namespace fundcore
