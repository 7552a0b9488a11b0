// Vault: how names, certificate numbers, card numbers and phones rest in log and store: sealed, and found by
// fingerprint.
//
// AES-256-GCM seals a field; HMAC-SHA256 makes the fingerprint by which it is looked up without being opened. Both keys
// are derived from one key of 32 bytes in a file.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/hash.h"

namespace fundcore {

// A sealed field, as it is stored: version, nonce, ciphertext, tag. 29 bytes longer than what it hides.
struct Sealed {
  std::string bytes;
  friend bool operator==(const Sealed&, const Sealed&) = default;
  template <class V>
  void VisitFields(V& visitor) {
    visitor(bytes);
  }
  template <class V>
  void VisitFields(V& visitor) const {
    visitor(bytes);
  }
};

// Freshness for one Seal; take it from the executor's Random, so that a simulation repeats itself.
struct SealNonce {
  uint64_t high = 0;
  uint64_t low = 0;
};

//   FC_RETURN_IF_ERROR(CreateKeyFile("data/vault.key"));              // once, when the data is created
//   FC_ASSIGN_OR_RETURN(Vault vault, Vault::FromKeyFile("data/vault.key"));
//   Sealed s = vault.Seal("李小明", {random(), random()}, "investor name");
//   vault.Open(s, "investor name")                                    // "李小明"
//   vault.Fingerprint("certificate", "0|110101199003071234")          // same input, same hash: the lookup key
//
// Life cycle: a value made at start and kept; the key is wiped from memory when the last copy goes. Thread-safe
// (const). Losing the key file loses the sealed fields: back it up apart from the data.
class Vault {
 public:
  static constexpr size_t kKeyBytes = 32;

  // Reads the key. kNotFound; kPermissionDenied where others than its owner may read it or it belongs to somebody else;
  // kFailedPrecondition where it is no regular file; kDataLoss where its text is not a key.
  static absl::StatusOr<Vault> FromKeyFile(const std::string& path);
  // For tests and for keys that a key service hands out.
  static Vault FromKey(std::span<const uint8_t, kKeyBytes> key);

  Vault(const Vault&) = default;
  Vault& operator=(const Vault&) = default;
  ~Vault();

  // `context` says what the field is and must be given again to open it, so that a sealed field moved elsewhere does
  // not open. A nonce used twice by mistake shows only whether two fields of one context are equal, because the nonce
  // of the cipher is derived from it and from the text.
  Sealed Seal(std::string_view plaintext, SealNonce nonce, std::string_view context) const;
  // kDataLoss where the bytes are damaged, come from another context, or were sealed with another key. Never shows
  // text.
  absl::StatusOr<std::string> Open(const Sealed& sealed, std::string_view context) const;
  // Keyed hash of (kind, value). Values of different kinds never meet.
  Hash256 Fingerprint(std::string_view kind, std::string_view value) const;

 private:
  using Key = std::array<uint8_t, kKeyBytes>;
  Vault() = default;

  Key seal_key_{};
  Key nonce_key_{};
  Key fingerprint_key_{};
};

// Writes a new random key, readable by its owner alone, and syncs it. kAlreadyExists where the file is there; the
// folder must exist.
absl::Status CreateKeyFile(const std::string& path);

}  // namespace fundcore
