// Entry hashes by XXH3-128, seeded with the table so that equal bytes in two tables do not cancel out.
#include "common/machine/hash.h"

#include <xxhash.h>

#include "absl/strings/str_format.h"

namespace fundcore::machine {

StateHash StateHash::OfEntry(uint8_t table, std::string_view key, std::string_view value) {
  const uint64_t key_hash = XXH3_64bits_withSeed(key.data(), key.size(), table);
  const XXH128_hash_t h = XXH3_128bits_withSeed(value.data(), value.size(), key_hash);
  StateHash out;
  out.v_ = (static_cast<unsigned __int128>(h.high64) << 64) | h.low64;
  return out;
}

std::string StateHash::Hex() const {
  return absl::StrFormat("%016x%016x", static_cast<uint64_t>(v_ >> 64), static_cast<uint64_t>(v_));
}

}  // namespace fundcore::machine
