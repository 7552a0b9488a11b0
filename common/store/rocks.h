// RocksStore: a StateStore on RocksDB. RocksDB's own headers and write-ahead log stay out of sight.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/store/store.h"

namespace fundcore {

struct RocksOptions {
  std::string folder;
  bool create_if_missing = true;
  // Looks without touching a byte of the folder, and without its lock: for checkpoints, which nobody writes to. Writes,
  // flushes and checkpoints of such a store fail.
  bool read_only = false;
  // Blocks, indexes and filters of all families together.
  uint64_t cache_bytes = 256ull << 20;
  // Unflushed writes of one family before RocksDB starts an (atomic) flush of all by itself.
  uint64_t write_buffer_bytes = 64ull << 20;
  // Threads for flushes and compactions, shared by the families.
  int background_threads = 2;
  // With less than this free on the disk the store is not Ready: a write-back would begin what it cannot end. More than
  // the unflushed writes of all families.
  uint64_t keep_free_bytes = 512ull << 20;
};

// What it costs at the moment. For metrics.
struct RocksStats {
  uint64_t disk_bytes = 0;  // live table files
  uint64_t unflushed_bytes = 0;
  uint64_t id_runs = 0;  // sorted runs a lookup of a request id may have to ask
};

// One folder, three column families, no write-ahead log: the log of commands is the truth, and a flush moves all
// families forward together or none.
//
//   auto store = RocksStore::Open({.folder = "data/state"});
//   (*store)->Write({{Family::kState, "k", "v"}, {Family::kHistory, "h", "line"}});
//   (*store)->Flush();
//
// Life cycle: one open store a folder; the destructor flushes what is unflushed. Thread-safe. `Flush`, `Ingest` and
// `Checkpoint` wait for the disk, and for a full disk too, until it has room (patient_disk.h): nothing is lost by waiting.
// People are told by Ready(), which the caller asks first. After any other write error every later write fails with the
// same error: end the process.
//
// Statuses: kDataLoss where stored bytes are damaged, kResourceExhausted on a full disk after StopWaiting, kInternal for
// other trouble with the disk.
class RocksStore : public StateStore {
 public:
  // Opens or creates the folder (its parent must exist). kFailedPrecondition where another process has it open, or
  // where it was written in another format; kNotFound where there is none and `create_if_missing` is false; kDataLoss
  // where it is damaged.
  static absl::StatusOr<std::unique_ptr<RocksStore>> Open(const RocksOptions& options);
  ~RocksStore() override;

  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override;
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(Family family,
                                                                   std::span<const std::string> keys) const override;
  absl::Status Scan(Family family, std::string_view begin, std::string_view end,
                    absl::FunctionRef<bool(std::string_view, std::string_view)> visit) const override;
  absl::Status Ready() override;
  absl::Status Write(std::vector<StoreWrite> writes) override;
  // Ingesting over a key that stands in an unflushed write makes RocksDB flush all families first.
  absl::Status Ingest(Family family, std::span<const std::pair<std::string, std::string>> sorted) override;
  absl::Status Flush() override;
  // Flushes first. The copy appears under its name complete, or not at all; its parent folder must exist.
  absl::Status Checkpoint(const std::string& folder) override;

  RocksStats Stats() const;

  // The process ends: from now on a full disk is an error. What is not flushed is replayed from the log.
  void StopWaiting();

 private:
  struct Impl;
  explicit RocksStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fundcore
