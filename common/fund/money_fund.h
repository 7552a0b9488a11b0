// Daily income of money-market funds, and which days earn it.
//
//   Income day = ComputeIncome(units, *Nav::Parse("1.28"), carried, IncomeMode::kCarry);
//   day.paid                                  // whole fen, to be added to the holder's units or unpaid income
//   day.rest                                  // below one fen, exact, kept for tomorrow
//
// Income = units ÷ 10,000 × income per 10,000 units. Pure functions on values.
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "common/money/decimal.h"
#include "common/time/calendar.h"

namespace fundcore {

// Money below a fen, in steps of 1e-14 yuan: exactly what hundredths of units times an eight-decimal income per 10,000
// can leave, so that a carry never loses anything, however long.
struct IncomeRestSpec {
  static constexpr int kDecimals = 14, kLeastDecimals = 2;
  static constexpr bool kPercent = false;
  static constexpr std::string_view kKind = "income";
};
using IncomeRest = Decimal<IncomeRestSpec>;

// What happens to the part below a fen. kShare needs all holders: see ShareIncome.
enum class IncomeMode : uint8_t { kCarry = 0, kCut = 1, kShare = 2 };

struct Income {
  Money paid;
  IncomeRest rest;              // same sign as the income; always 0 for kCut
};

// `per_ten_thousand` in yuan for 10,000 units, for one day or for the days published together; negative on a loss.
// kShare gives the whole fen and leaves the rest to ShareIncome.
Income ComputeIncome(Units units, Nav per_ten_thousand, IncomeRest carried, IncomeMode mode);

// One holder's income without rounding: for showing a figure such as 0.896 yuan.
std::string ExactIncome(Units units, Nav per_ten_thousand);

// Shares whole fen among all holders: each gets its income cut to the fen, and what the cuts add up to goes out again,
// one fen each, largest remainder first, earlier in the list on a tie, until less than a fen is left. Loss days alike,
// with the signs turned. Result in the order of `holders`.
std::vector<Money> ShareIncome(std::span<const Units> holders, Nav per_ten_thousand);

// A purchase of open day T earns from the next open day on: bought on a Friday, the weekend brings nothing.
absl::StatusOr<Date> FirstEarningDay(const TradingCalendar& calendar, Date purchased);
// A redemption of open day T earns up to the day before the next open day: sold on a Friday, the weekend still counts.
absl::StatusOr<Date> LastEarningDay(const TradingCalendar& calendar, Date redeemed);

}  // namespace fundcore
