// The hash over the orders of a sealed transfer: trade computes it when it seals, clearing again from the file that it
// wrote, and both must be the same. A chain in order of receipt, one for each partition, beginning with 0.
//
//   uint64_t hash = 0;
//   for (const Order& o : sealed) hash = SealHash(hash, o.id, o.amount, o.units);
#pragma once

#include "common/money/decimal.h"
#include "common/types/ids.h"

namespace fundcore {

inline uint64_t SealHash(uint64_t hash, OrderId order, Money amount, Units units) {
  const auto mix = [](uint64_t z) {  // the finaliser of splitmix64
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  };
  hash = mix(hash + 0x9e3779b97f4a7c15ull + order.raw());
  hash = mix(hash + static_cast<uint64_t>(amount.raw()));
  return mix(hash + static_cast<uint64_t>(units.raw()));
}

}  // namespace fundcore
