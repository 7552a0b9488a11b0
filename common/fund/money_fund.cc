// Money-fund income.
#include "common/fund/money_fund.h"

#include <algorithm>
#include <numeric>

#include "common/base/status.h"

namespace fundcore {
namespace {

// units [0.01] × per 10,000 [1e-8 yuan] ÷ 10,000 = raw product in 1e-14 yuan, exactly.
constexpr __int128 kStepsPerFen = 1'000'000'000'000;  // 1e-2 ÷ 1e-14
static_assert(IncomeRest::kOne == 100 * kStepsPerFen);

__int128 ExactSteps(Units units, Nav per_ten_thousand) {
  return static_cast<__int128>(units.raw()) * per_ten_thousand.raw();
}

}  // namespace

Income ComputeIncome(Units units, Nav per_ten_thousand, IncomeRest carried, IncomeMode mode) {
  __int128 steps = ExactSteps(units, per_ten_thousand);
  if (mode == IncomeMode::kCarry) steps += carried.raw();
  const auto paid = Money::FromRaw(DivRound(steps, kStepsPerFen, Rounding::kTruncate));
  const auto rest = IncomeRest::FromRaw(static_cast<int64_t>(steps % kStepsPerFen));
  return {paid, mode == IncomeMode::kCut ? IncomeRest() : rest};
}

std::string ExactIncome(Units units, Nav per_ten_thousand) {
  const __int128 steps = ExactSteps(units, per_ten_thousand);
  const int64_t yuan = DivRound(steps, IncomeRest::kOne, Rounding::kTruncate);
  const auto fraction = IncomeRest::FromRaw(static_cast<int64_t>(steps % IncomeRest::kOne)).ToString();
  const bool negative = steps < 0;
  // Both parts carry the sign; print it once, and the fraction from its point on.
  std::string whole = Money::Whole(yuan).ToString();
  whole.resize(whole.size() - 3);
  if (negative && yuan == 0) whole.insert(0, 1, '-');
  return whole + fraction.substr(fraction.find('.'));
}

std::vector<Money> ShareIncome(std::span<const Units> holders, Nav per_ten_thousand) {
  std::vector<Money> paid(holders.size());
  std::vector<int64_t> rests(holders.size());
  __int128 left = 0;
  for (size_t i = 0; i < holders.size(); ++i) {
    const Income income = ComputeIncome(holders[i], per_ten_thousand, {}, IncomeMode::kShare);
    paid[i] = income.paid;
    rests[i] = std::abs(income.rest.raw());
    left += rests[i];
  }
  std::vector<size_t> order(holders.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rests[a] > rests[b]; });
  const auto fen = Money::FromRaw(per_ten_thousand.is_negative() ? -1 : 1);
  for (const size_t holder : order) {
    if (left < kStepsPerFen) break;
    paid[holder] += fen;
    left -= kStepsPerFen;
  }
  return paid;
}

absl::StatusOr<Date> FirstEarningDay(const TradingCalendar& calendar, Date purchased) {
  return calendar.Next(purchased);
}

absl::StatusOr<Date> LastEarningDay(const TradingCalendar& calendar, Date redeemed) {
  FC_ASSIGN_OR_RETURN(const Date next, calendar.Next(redeemed));
  return next.AddDays(-1);
}

}  // namespace fundcore
