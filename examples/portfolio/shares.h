// How an amount is shared out, how a share changes with the years, and which moves bring holdings to their weights. Pure.
//
//   ByWeights(10'000, {1, 1, 1})      // 3,334 3,333 3,333: the fen left over goes to the largest remainder, then to the earlier
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace portfolio {

// Parts that sum to `total` exactly. Weights are positive, at most 1,000,000 each.
std::vector<int64_t> ByWeights(int64_t total, const std::vector<int64_t>& weights);

// The growth fund's percentage in `year` of a plan for `target_year`.
int GrowthPercent(int target_year, int year);

struct Held {
  std::string fund;
  int64_t weight = 0;
  int64_t units_e2 = 0;  // usable
  int64_t nav_e8 = 0;
};
struct Move {
  std::string fund;
  int64_t amount_fen = 0;  // to buy
  int64_t units_e2 = 0;    // to redeem
  friend bool operator==(const Move&, const Move&) = default;
};
// Redeems what is above its weight, and buys what is below as far as `cash_fen` goes; nothing where less than `tolerance_fen` is to
// be moved. Units to redeem are cut down.
std::vector<Move> Rebalance(const std::vector<Held>& held, int64_t cash_fen, int64_t tolerance_fen);

}  // namespace portfolio
