// Damages an input as a fuzzer without coverage would: bytes changed, pieces cut, doubled, moved and taken from another
// input. The same random numbers give the same damage with every compiler.
//
//   std::mt19937_64 random(7);
//   std::string worse = Mutate(input, another, &random);
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

namespace fundcore::fuzz {

inline std::string Mutate(std::string bytes, std::string_view other, std::mt19937_64* random) {
  static constexpr char kTelling[] = {'\n', ' ', '0', '9', '-', '.', '"', '=', '[', '\0', '\x01', '\x7f', '\x80', '\xff'};
  const auto below = [&](size_t n) { return static_cast<size_t>((*random)() % n); };
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    if (bytes.empty()) bytes = "\n";
    const size_t at = below(bytes.size());
    const size_t length = 1 + below(std::min<size_t>(bytes.size() - at, 60));
    switch (below(8)) {
      case 0: bytes[at] = static_cast<char>(below(256)); break;
      case 1: bytes[at] = kTelling[below(sizeof kTelling)]; break;
      case 2: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
      case 3: bytes.erase(at, length); break;
      case 4: bytes.insert(below(bytes.size()), bytes.substr(at, length)); break;
      case 5: bytes.insert(at, 1 + below(40), kTelling[below(sizeof kTelling)]); break;
      case 6: std::swap(bytes[at], bytes[below(bytes.size())]); break;
      case 7: {
        if (other.empty()) break;
        const size_t from = below(other.size());
        bytes.insert(at, other.substr(from, 1 + below(std::min<size_t>(other.size() - from, 60))));
        break;
      }
    }
  }
  return bytes;
}

}  // namespace fundcore::fuzz
