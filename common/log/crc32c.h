// CRC-32C (Castagnoli): the checksum of every stored frame. Uses the processor's instruction where there is one (x86-64
// with SSE4.2), a table elsewhere; both give the same value.
//
//   Crc32c("123456789") == 0xe3069283
#pragma once

#include <cstdint>
#include <string_view>

namespace fundcore {

// Continues a checksum: ExtendCrc32c(Crc32c(a), b) == Crc32c(a + b).
uint32_t ExtendCrc32c(uint32_t crc, std::string_view bytes);
inline uint32_t Crc32c(std::string_view bytes) { return ExtendCrc32c(0, bytes); }

namespace crc32c_internal {
// The table form alone, so that a test can compare the two.
uint32_t ExtendByTable(uint32_t crc, std::string_view bytes);
}  // namespace crc32c_internal

}  // namespace fundcore
