// StateStore: where a machine's state rests between its commands. The log is the truth; the store is its memory.
//
// Writes need not be durable when Write returns: they become so, all together, at the next Flush, and after a crash the
// store is exactly as of some earlier Flush (plus ingested runs, which are write-once and carry log positions). Since
// applied offsets are written with the state they belong to, replaying the log from there gives the same state again.
//
// Implementations: RocksDB (common/store/rocks.h) and an ordered map in memory (common/store/memory.h).
// Calls block briefly (a cached or one disk read) and come from executor threads; all methods are thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fundcore {

// Column families. Numbers name families on disk and never change.
enum class Family : uint8_t {
  kState = 0,    // entries that are overwritten
  kHistory = 1,  // written once, in batch-sized values: ledger lines, decisions, order steps
  kIds = 2,      // request ids: written once, in sorted runs
};

struct StoreWrite {
  Family family = Family::kState;
  std::string key;
  std::optional<std::string> value;  // nullopt deletes
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // nullopt where there is no such key. Errors are fatal for the caller (kDataLoss, kInternal).
  virtual absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(Family family,
                                                                           std::span<const std::string> keys) const = 0;
  // Calls `visit` for keys in [begin, end) in byte order until it returns false.
  virtual absl::Status Scan(Family family, std::string_view begin, std::string_view end,
                            absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) const = 0;
  // OK while a write-back may be begun; kResourceExhausted while the disk is full or nearly so. Whoever is told so waits and
  // asks again; whatever meets a full disk nevertheless waits by itself. Any thread, whatever another one waits for.
  virtual absl::Status Ready() { return absl::OkStatus(); }

  // All of it or nothing, across families.
  virtual absl::Status Write(std::vector<StoreWrite> writes) = 0;
  // Adds a sorted run of write-once entries, durable at once. Keys strictly ascending.
  virtual absl::Status Ingest(Family family, std::span<const std::pair<std::string, std::string>> sorted) = 0;
  // Makes every Write before this call durable. Blocks; call it from a background thread.
  virtual absl::Status Flush() = 0;
  // Hard-linked copy of everything flushed, for standbys and archives. The folder must not exist.
  virtual absl::Status Checkpoint(const std::string& folder) = 0;
};

}  // namespace fundcore
