// Shape checks: can this message be an order at all? Before anything is received, on any thread; each refusal names
// field, value and limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "services/trade/commands.h"

namespace fundcore::trade {

inline constexpr int64_t kMostSteps = 1'000'000'000'000'000;  // fen or 0.01 unit an order: ten trillion
inline constexpr int kMostOrders = 8'000;                     // a call

// What is wrong with one item of a batch; code 0 where nothing is.
struct Fault {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string_view reason;
  std::string message;
};
Fault CheckOrder(const v1::NewOrder& order, uint16_t partitions);

// A checked order as a command item; its texts are the message's own.
ReceiveItem ToItem(const v1::NewOrder& order);
// Whether it has an origin or wants a trading day; and those, for item `item` of a command.
bool HasOrigin(const v1::NewOrder& order);
ReceiveOrigin ToOrigin(const v1::NewOrder& order, uint32_t item);
// A digest of exactly 32 bytes; false for any other.
bool ToDigest(std::string_view bytes, Hash256* digest);

// NOT_FOUND where no partition can have such a number.
absl::Status CheckInvestorId(uint64_t raw, uint16_t partitions);
absl::Status CheckOrderId(uint64_t raw, uint16_t partitions);
// INVALID_ARGUMENT where the field is not a code of 1 to `most` printable characters, or not a date that exists.
absl::Status CheckCode(std::string_view field, std::string_view value, size_t most);
absl::Status CheckDate(std::string_view field, int32_t yyyymmdd);

absl::Status CheckLine(const v1::ConfirmationLine& line);
ConfirmedLine ToLine(const v1::ConfirmationLine& line);

}  // namespace fundcore::trade
