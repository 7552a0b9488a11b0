// Log: ordered, durable lists of records, one list a partition. Everything the system knows is what its logs say.
//
// Three implementations: `EmbeddedLog` (one process; all partitions share one writer and one sync), `KafkaLog` (a cluster)
// and `MemoryLog` (for simulation, with faults).
//
//   log->Tail(partition, next, executor, [](std::span<const LogRecord> records) { play(records); });
//   log->Start();                          // first what is stored, then what is appended, in order, without a gap
//   log->Append(std::move(batch), done);   // done(OK) once all of it is durable
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/runtime/executor.h"
#include "common/types/ids.h"

namespace fundcore {

// Which service's list. Numbers are in stored frames and never reused.
enum class ServiceId : uint8_t {
  kSystem = 1,   // clock, layout
  kTrade = 2,
  kAccount = 3,
  kProduct = 4,
  kRisk = 5,
  kClearing = 6,
  kSimBank = 7,
};

// As in topics, groups, the directory and messages.
constexpr std::string_view ServiceName(ServiceId id) {
  switch (id) {
    case ServiceId::kSystem: return "system";
    case ServiceId::kTrade: return "trade";
    case ServiceId::kAccount: return "account";
    case ServiceId::kProduct: return "product";
    case ServiceId::kRisk: return "risk";
    case ServiceId::kClearing: return "clearing";
    case ServiceId::kSimBank: return "simbank";
  }
  return "unknown";
}

struct LogPartition {
  ServiceId service = ServiceId::kSystem;
  PartitionId partition;
  friend auto operator<=>(const LogPartition&, const LogPartition&) = default;
  template <class H>
  friend H AbslHashValue(H h, const LogPartition& p) {
    return H::combine(std::move(h), static_cast<uint8_t>(p.service), p.partition);
  }
};

// Dense within a partition, from 0.
using LogOffset = uint64_t;

struct LogRecord {
  LogPartition partition;
  LogOffset offset = 0;
  // Shares the buffer it was appended from or read into; valid as long as someone holds it.
  std::shared_ptr<const std::string> buffer;
  std::string_view bytes;
};

struct AppendItem {
  LogPartition partition;
  std::string bytes;  // at most kMaxRecordBytes
};

inline constexpr size_t kMaxRecordBytes = 16u << 20;

class Log {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;
  using OnRecords = absl::AnyInvocable<void(std::span<const LogRecord>)>;

  virtual ~Log() = default;

  // Appends the items, in order; `done` is called on an unspecified thread once all are durable, or with an error:
  //   kInvalidArgument   a record is too large; nothing was appended
  //   kResourceExhausted  the disk is full; nothing was appended, the same call works again once there is room
  //   kUnavailable       the effect is unknown: watch the tail, or append the same again
  // A failed sync ends the process: the kernel may have dropped the pages, so nothing after it can be trusted.
  // Items of one call that go to one partition keep their order, and so do calls made from one thread.
  virtual void Append(std::vector<AppendItem> items, Done done) = 0;

  // Registers a reader of one partition from offset `from` on. `on_records` runs on `executor`, in order, first with what
  // is stored, then with what becomes durable. One reader a partition. Before Start.
  virtual void Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) = 0;

  // Begins delivery. Returns kDataLoss where a stored record that a reader needs is damaged below the end that was known
  // durable; the message says file, byte and remedy.
  virtual absl::Status Start() = 0;

  // The offset after the last durable record of the partition.
  virtual LogOffset End(LogPartition partition) const = 0;

  // The end as of now, where others append as well: what a new owner must have played before it takes over. kUnavailable where
  // nobody can say; ask again. Called on an unspecified thread, or at once.
  using OnEnd = absl::AnyInvocable<void(absl::StatusOr<LogOffset>)>;
  virtual void FetchEnd(LogPartition partition, OnEnd on_end) { on_end(End(partition)); }

  // Readers will never again ask for anything before these offsets (it is in flushed state); the log may start its next
  // replay there. Keeping or archiving older records is the log's own business.
  virtual void Flushed(std::span<const std::pair<LogPartition, LogOffset>> next_needed) = 0;
};

}  // namespace fundcore
