// Which partitions a call is for, and what a process says that does not own them.
//
// A question about a whole service (the books, the counts of a day) is answered by several processes: each gets the list of
// the partitions that it is to answer for (Call.partitions) and answers for these or not at all, so that no row is missing
// and none counted twice.
//
//   absl::StatusOr<std::vector<PartitionId>> where = AskedPartitions(call, 32);   // all 32 without a list
//   return reply(NotOwner("trade", 7, "10.0.0.7:7400", 12));                       // UNAVAILABLE, NOT_OWNER
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/handlers.h"
#include "common/types/ids.h"

namespace fundcore::rpc {

// The partitions of a service with `count` that the call asks for, ascending, each once. INVALID_ARGUMENT where one does
// not exist: the processes were started with different partition counts.
absl::StatusOr<std::vector<PartitionId>> AskedPartitions(const Call& call, uint16_t count);

// What a sibling is told that asked for a partition which is not served here: nothing was done, and who may know. Without
// a list of partitions callers get their service's own NOT_SERVING.
absl::Status NotOwner(std::string_view service, uint16_t partition, std::string_view owner = {}, uint64_t epoch = 0);

// The same, read back.
struct OwnerHint {
  std::string service;
  uint16_t partition = 0;
  std::string owner;   // an address, empty where the process did not know
  uint64_t epoch = 0;
};
std::optional<OwnerHint> ReadNotOwner(const absl::Status& status);

// "0-15,17": how a list travels. Parse refuses what is not ascending or beyond kMaxPartitions.
std::string FormatPartitions(const std::vector<uint16_t>& partitions);
std::optional<std::vector<uint16_t>> ParsePartitions(std::string_view text);

}  // namespace fundcore::rpc
