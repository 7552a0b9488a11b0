// The state hash: a sum of entry hashes modulo 2^128.
//
// A sum does not care in which order entries were written, when they were written back, or how storage groups them, so the
// same commands give the same hash on every machine. Each entry's hash covers its table, its key and its value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fundcore::machine {

class StateHash {
 public:
  constexpr StateHash() = default;
  // Hash of one entry; the whole state is the sum over its entries.
  static StateHash OfEntry(uint8_t table, std::string_view key, std::string_view value);
  void Add(StateHash h) { v_ += h.v_; }
  void Subtract(StateHash h) { v_ -= h.v_; }
  std::string Hex() const;  // 32 hex digits
  friend bool operator==(StateHash a, StateHash b) { return a.v_ == b.v_; }

  template <class V>
  void VisitFields(V& v) {
    uint64_t high = static_cast<uint64_t>(v_ >> 64), low = static_cast<uint64_t>(v_);
    v(high, low);
    v_ = (static_cast<unsigned __int128>(high) << 64) | low;
  }
  template <class V>
  void VisitFields(V& v) const {
    v(static_cast<uint64_t>(v_ >> 64), static_cast<uint64_t>(v_));
  }

 private:
  unsigned __int128 v_ = 0;
};

}  // namespace fundcore::machine
