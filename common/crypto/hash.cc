// SHA-256 by OpenSSL's EVP interface, which picks the processor's instructions for it.
#include "common/crypto/hash.h"

#include <openssl/evp.h>

#include "common/base/check.h"

namespace fundcore {

std::string Hash256::Hex() const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(64);
  for (const uint8_t b : bytes_) {
    hex.push_back(kDigits[b >> 4]);
    hex.push_back(kDigits[b & 15]);
  }
  return hex;
}

bool Hash256::FromHex(std::string_view hex, Hash256* hash) {
  if (hex.size() != 64) return false;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  Raw raw;
  for (size_t i = 0; i < raw.size(); ++i) {
    const int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    raw[i] = static_cast<uint8_t>(high << 4 | low);
  }
  *hash = FromRaw(raw);
  return true;
}

Hash256 Sha256(std::string_view bytes) {
  Hash256::Raw raw;
  FC_CHECK(EVP_Digest(bytes.data(), bytes.size(), raw.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return Hash256::FromRaw(raw);
}

struct Sha256Stream::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Impl() { Begin(); }
  ~Impl() { EVP_MD_CTX_free(context); }
  void Begin() { FC_CHECK(context != nullptr && EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1); }
};

Sha256Stream::Sha256Stream() : impl_(std::make_unique<Impl>()) {}
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Add(std::string_view piece) {
  FC_CHECK(EVP_DigestUpdate(impl_->context, piece.data(), piece.size()) == 1);
}

Hash256 Sha256Stream::Finish() {
  Hash256::Raw raw;
  FC_CHECK(EVP_DigestFinal_ex(impl_->context, raw.data(), nullptr) == 1);
  impl_->Begin();
  return Hash256::FromRaw(raw);
}

}  // namespace fundcore
