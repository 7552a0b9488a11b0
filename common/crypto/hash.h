// SHA-256 of files and of anything else that must be recognised by its bytes. OpenSSL stays in the .cc.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace fundcore {

// 32 bytes that stand for others. The default (all zero) means "none". A value; has the raw()/FromRaw pair of stored
// types.
//
//   Hash256 h = Sha256(bytes);   h.Hex() == "2cf24dba5fb0a30e…"
class Hash256 {
 public:
  using Raw = std::array<uint8_t, 32>;
  constexpr Hash256() = default;
  static constexpr Hash256 FromRaw(const Raw& raw) {
    Hash256 h;
    h.bytes_ = raw;
    return h;
  }
  // Exactly 64 hexadecimal digits of either case; false for anything else, and *hash is then unchanged.
  [[nodiscard]] static bool FromHex(std::string_view hex, Hash256* hash);
  constexpr const Raw& raw() const { return bytes_; }
  bool is_set() const { return *this != Hash256(); }
  std::string Hex() const;  // 64 digits, lower case
  friend constexpr auto operator<=>(const Hash256&, const Hash256&) = default;
  template <class H>
  friend H AbslHashValue(H h, const Hash256& v) {
    uint64_t first;
    std::memcpy(&first, v.bytes_.data(), sizeof first);  // uniform already
    return H::combine(std::move(h), first);
  }

 private:
  Raw bytes_{};
};

Hash256 Sha256(std::string_view bytes);

// The same, piece by piece, for files that do not fit in memory. Not thread-safe.
//
//   Sha256Stream stream;
//   files->ReadPieces(name, 1 << 20, [&](std::string_view piece) { stream.Add(piece); return true; });
//   Hash256 h = stream.Finish();
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void Add(std::string_view piece);
  // The hash of all pieces; begins anew afterwards.
  Hash256 Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fundcore
