// A small seeded generator for jitter, sampling and simulation. Not for secrets, and never inside a machine.
#pragma once

#include <cstdint>

namespace fundcore {

// SplitMix64: one word of state, good spread, the same sequence for the same seed on every build. Not thread-safe.
class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  // A number in [0, n); 0 where n is 0. The bias is below n / 2^64.
  uint64_t Below(uint64_t n) { return n == 0 ? 0 : Next() % n; }
  // True in `per_million` of a million draws.
  bool Chance(uint32_t per_million) { return Below(1'000'000) < per_million; }

 private:
  uint64_t state_;
};

}  // namespace fundcore
