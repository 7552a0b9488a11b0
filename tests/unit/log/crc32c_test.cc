// CRC-32C against published values, and the instruction against the table.
#include "common/log/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace fundcore {
namespace {

TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);   // RFC 3720, B.4
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(Crc32c, TableAndInstructionAgreeAndExtend) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(Crc32c(text), crc32c_internal::ExtendByTable(0, text));
    const std::string_view all = text;
    const size_t cut = text.size() / 3;
    EXPECT_EQ(ExtendCrc32c(Crc32c(all.substr(0, cut)), all.substr(cut)), Crc32c(text));
    text += static_cast<char>(i * 37);
  }
}

}  // namespace
}  // namespace fundcore
