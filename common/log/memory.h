// MemoryLog: the log of a simulated world. Keeps the contract of log.h, takes machine time to become durable, and fails in
// the ways a real one does, as the world's seed decides.
//
//   SimWorld world({.seed = 7});
//   MemoryLog log(&world, {.shortest_sync = Duration::Micros(200), .longest_sync = Duration::Millis(5)});
//   log.Tail(...); log.Start();           // as with any log
//   ...
//   world.Kill(executor); log.Crash();    // the process dies: what was not durable is lost, perhaps not all of it
//   log.Tail(...); log.Start();           // the next process, on what is left
//
// Life cycle: made by the test and kept by it through any number of crashes of the services that use it; must not outlive
// the world. Single-threaded, like the world.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/runtime/simulated.h"

namespace fundcore {

struct MemoryLogFaults {
  // Machine time from writing a batch to its being durable, drawn evenly.
  Duration shortest_sync = Duration::Micros(200);
  Duration longest_sync = Duration::Micros(200);
  // Of a million appends, so many end in kUnavailable ("unknown"). Half of those did reach the log.
  uint32_t unknown_per_million = 0;
};

class MemoryLog final : public Log {
 public:
  explicit MemoryLog(SimWorld* world, MemoryLogFaults faults = {});

  void Append(std::vector<AppendItem> items, Done done) override;
  void Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) override;
  absl::Status Start() override;
  LogOffset End(LogPartition partition) const override;
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>> next_needed) override;

  // The process dies. Appends that were not durable are lost, except that the first few of their records may have got to
  // the disk, as a torn tail's do. Readers and callbacks are forgotten, uncalled. Kill the executors as well.
  void Crash();

  // A block of the disk goes bad: of all records that are stored, number `pick` (modulo their count) can no longer be read.
  // From then on a start that needs it ends in kDataLoss, as does Readable; both name it. Unset where nothing is stored.
  std::optional<std::pair<LogPartition, LogOffset>> Rot(uint64_t pick);
  // The bad block is restored from a copy.
  void Mend() { rotten_.reset(); }
  // kDataLoss where a bad block lies in [from, to) of the partition.
  absl::Status Readable(LogPartition partition, LogOffset from, LogOffset to) const;

  // While set, appends fail with kResourceExhausted.
  void set_disk_full(bool full) { disk_full_ = full; }
  void set_faults(MemoryLogFaults faults) { faults_ = faults; }

  // Everything durable in a partition, for checks.
  const std::vector<LogRecord>& Stored(LogPartition partition) const;
  // What was last told to Flushed, 0 where nothing was.
  LogOffset FlushedUpTo(LogPartition partition) const;
  uint64_t syncs() const { return syncs_; }
  // Appends that ended in "unknown", and syncs that took longer than a millisecond.
  uint64_t unknowns() const { return unknowns_; }
  uint64_t slow_syncs() const { return slow_syncs_; }

 private:
  struct Pending {
    std::vector<AppendItem> items;
    Done done;
  };
  struct Reader {
    Executor* executor;
    OnRecords on_records;
    LogOffset next;
  };

  void Sync();
  void Finish();
  // Stores the record and notes it for delivery.
  void Store(AppendItem item);
  void Deliver();

  SimWorld* const world_;
  MemoryLogFaults faults_;
  SimExecutor* device_;  // replaced by a crash, so that a sync under way never ends
  std::map<LogPartition, std::vector<LogRecord>> stored_;
  std::map<LogPartition, LogOffset> flushed_;
  std::map<LogPartition, std::shared_ptr<Reader>> readers_;
  std::deque<Pending> waiting_;
  std::deque<Pending> syncing_;
  std::vector<LogPartition> fresh_;  // partitions with something to deliver
  std::optional<std::pair<LogPartition, LogOffset>> rotten_;
  bool live_ = false;
  bool disk_full_ = false;
  uint64_t syncs_ = 0, unknowns_ = 0, slow_syncs_ = 0;
};

}  // namespace fundcore
