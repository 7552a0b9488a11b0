// Text forms of our numbers, and the partition hash.
#include "common/types/ids.h"

#include <xxhash.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace fundcore {
namespace {

bool ParseDigits(std::string_view text, size_t digits, uint64_t* v) {
  if (text.size() != digits) return false;
  uint64_t n = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    n = n * 10 + static_cast<uint64_t>(c - '0');
  }
  *v = n;
  return true;
}

}  // namespace

std::string FormatInvestorId(InvestorId id) { return absl::StrFormat("%012d", id.raw()); }
std::string FormatOrderId(OrderId id) { return absl::StrFormat("%017d", id.raw()); }

bool ParseInvestorId(std::string_view text, InvestorId* id) {
  uint64_t v;
  if (!ParseDigits(text, 12, &v)) return false;
  *id = InvestorId(v);
  return true;
}

bool ParseOrderId(std::string_view text, OrderId* id) {
  uint64_t v;
  if (!ParseDigits(text, 17, &v)) return false;
  *id = OrderId(v);
  return true;
}

PartitionId HashPartition(std::string_view bytes, uint16_t count) {
  FC_CHECK(count >= 1 && count <= kMaxPartitions, "partition count ", count);
  return PartitionId(static_cast<uint16_t>(XXH3_64bits(bytes.data(), bytes.size()) % count));
}

PartitionId PartitionOfTradingAccount(std::string_view distributor, std::string_view trading_account, uint16_t count) {
  return HashPartition(StrCat(distributor, "|", trading_account), count);
}

}  // namespace fundcore
