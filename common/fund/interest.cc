// Interest by balances and days.
#include "common/fund/interest.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "common/base/check.h"

namespace fundcore {
namespace {

constexpr __int128 kRoom = static_cast<__int128>(1) << 126;
constexpr int64_t kMostFen = std::numeric_limits<int64_t>::max() / 2;

}  // namespace

absl::StatusOr<Money> InterestOf(BalanceDays sum, Rate yearly, int32_t days_a_year, Rounding rounding) {
  if (days_a_year != 360 && days_a_year != 365 && days_a_year != 366) {
    return absl::InvalidArgumentError(StrCat("a year of ", days_a_year, " days; use 360, 365 or 366"));
  }
  if (sum.fen_days < 0 || yearly.is_negative()) {
    return absl::InvalidArgumentError(StrCat("balances and rate (", yearly.ToPercent(), ") must not be negative"));
  }
  const __int128 whole = static_cast<__int128>(Rate::kOne) * days_a_year;
  if (!yearly.is_zero() && (sum.fen_days > kRoom / yearly.raw() || sum.fen_days * yearly.raw() / whole > kMostFen)) {
    return absl::InvalidArgumentError(StrCat("the interest at ", yearly.ToPercent(), " is too large; check the balances"));
  }
  return Money::FromRaw(DivRound(sum.fen_days * yearly.raw(), whole, rounding));
}

absl::StatusOr<std::vector<Money>> ShareInterest(std::span<const BalanceDays> investors, Money total) {
  __int128 all = 0;
  for (const BalanceDays& b : investors) {
    if (b.fen_days < 0) return absl::InvalidArgumentError("an investor's fen-days are negative; balances never are");
    if (b.fen_days > kRoom - all) return absl::InvalidArgumentError("the fen-days of all investors are too large");
    all += b.fen_days;
  }
  if (total.is_negative()) {
    return absl::InvalidArgumentError(StrCat("interest ", total.ToString(), " must not be negative"));
  }
  std::vector<Money> shares(investors.size());
  if (total.is_zero()) return shares;
  if (all == 0) return absl::InvalidArgumentError(StrCat("interest of ", total.ToString(), " and nobody whose money earned it"));
  if (all > kRoom / total.raw()) return absl::InvalidArgumentError("the fen-days of all investors are too large");

  std::vector<__int128> rests(investors.size());
  int64_t left = total.raw();
  for (size_t i = 0; i < investors.size(); ++i) {
    const __int128 exact = investors[i].fen_days * total.raw();
    shares[i] = Money::FromRaw(static_cast<int64_t>(exact / all));
    rests[i] = exact % all;
    left -= shares[i].raw();
  }
  std::vector<size_t> order(investors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rests[a] > rests[b]; });
  for (size_t i = 0; left > 0; ++i, --left) shares[order[i]] += Money::FromRaw(1);
  return shares;
}

}  // namespace fundcore
