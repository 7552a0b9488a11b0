// See shares.h.
#include "shares.h"

#include <algorithm>
#include <numeric>

namespace portfolio {
namespace {

using Wide = __int128;

constexpr int64_t kPriceScale = 100'000'000;

int64_t ValueOf(const Held& h) { return static_cast<int64_t>(Wide{h.units_e2} * h.nav_e8 / kPriceScale); }

}  // namespace

std::vector<int64_t> ByWeights(int64_t total, const std::vector<int64_t>& weights) {
  const int64_t sum = std::accumulate(weights.begin(), weights.end(), int64_t{0});
  std::vector<int64_t> parts;
  std::vector<std::pair<int64_t, size_t>> remainders;
  int64_t left = total;
  for (size_t i = 0; i < weights.size(); ++i) {
    const Wide share = Wide{total} * weights[i];
    parts.push_back(static_cast<int64_t>(share / sum));
    remainders.emplace_back(static_cast<int64_t>(share % sum), i);
    left -= parts.back();
  }
  std::stable_sort(remainders.begin(), remainders.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (int64_t i = 0; i < left; ++i) ++parts[remainders[static_cast<size_t>(i)].second];
  return parts;
}

int GrowthPercent(int target_year, int year) { return std::clamp(20 + 2 * (target_year - year), 20, 80); }

std::vector<Move> Rebalance(const std::vector<Held>& held, int64_t cash_fen, int64_t tolerance_fen) {
  std::vector<int64_t> weights;
  int64_t total = 0;
  for (const Held& h : held) {
    weights.push_back(h.weight);
    total += ValueOf(h);
  }
  std::vector<Move> moves;
  const std::vector<int64_t> wanted = ByWeights(total, weights);
  for (size_t i = 0; i < held.size(); ++i) {
    const int64_t difference = wanted[i] - ValueOf(held[i]);
    if (std::abs(difference) < std::max<int64_t>(tolerance_fen, 1)) continue;
    if (difference < 0) {
      const auto units = static_cast<int64_t>(Wide{-difference} * kPriceScale / held[i].nav_e8);
      if (units > 0) moves.push_back({held[i].fund, 0, std::min(units, held[i].units_e2)});
      continue;
    }
    const int64_t amount = std::min(difference, cash_fen);
    cash_fen -= amount;
    if (amount > 0) moves.push_back({held[i].fund, amount, 0});
  }
  return moves;
}

}  // namespace portfolio
