// By what an investor is found again, and in which partition they live: the fingerprint of their certificate. Account opens
// them there, and whoever passes a request on sends it there.
#pragma once

#include <string>
#include <string_view>

#include "common/crypto/vault.h"
#include "common/types/ids.h"

namespace fundcore {

// Letters in certificate numbers (a final X) are the same in either case.
inline std::string CertificateNumber(std::string_view number) {
  std::string out(number);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

inline Hash256 FingerprintOfPerson(const Vault& vault, std::string_view certificate_type, std::string_view number) {
  return vault.Fingerprint("certificate", StrCat(certificate_type, "|", CertificateNumber(number)));
}

inline PartitionId PartitionOfPerson(const Hash256& fingerprint, uint16_t partitions) {
  const auto& raw = fingerprint.raw();
  return HashPartition({reinterpret_cast<const char*>(raw.data()), raw.size()}, partitions);
}

}  // namespace fundcore
