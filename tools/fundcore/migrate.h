// Migrate: an embedded log, record by record, onto another Log: the same bytes at the same offsets of the same
// partitions. Then the state folder goes with either of them, and so do its checkpoints.
//
//   auto target = EmbeddedLog::Open({.folder = "data2/log", .partitions = facts.partitions});   // or a log on Kafka
//   FC_ASSIGN_OR_RETURN(MigrateReport report, Migrate("data/log", target->get(), &executor, {}));
//
// The source is locked, so nobody serves it. The target may be empty, or hold the beginning of the very same records:
// what an earlier run got there before it died. Its tail is followed from offset 0, before, while and after records are
// appended, and a running hash of each partition is kept on both sides: what is there before must agree before anything
// is appended, all of it must agree at the end. Nobody else may write to the target meanwhile, and its End must tell
// what it holds as soon as Start has returned.
//
// Blocking, for a tool's main thread, which must not be the executor's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/hash.h"
#include "common/log/log.h"
#include "common/time/time.h"

namespace fundcore {

struct MigratedPartition {
  LogPartition id;
  uint64_t records = 0;       // as many as the source has
  uint64_t there_before = 0;  // of them
  uint64_t bytes = 0;
  Hash256 hash;  // h(0) = none; h(n + 1) = SHA-256(h(n), record n)
};

struct MigrateReport {
  std::vector<MigratedPartition> partitions;
  uint64_t records() const;
  uint64_t there_before() const;
  uint64_t bytes() const;
};

struct MigrateOptions {
  size_t batch_bytes = 4u << 20;              // of one Append; one is under way at a time
  size_t window_bytes = 64u << 20;            // appended and not yet seen in the tail, at most
  Duration patience = Duration::Seconds(60);  // without anything coming from the target
  // Lets a simulated world run; false where there was nothing left to run. Unset: other threads do the work.
  std::function<bool()> pump;
  // Hears after each Append how many records are in the target.
  std::function<void(uint64_t records)> progress;
};

// Errors, after each of which the target holds the beginning of the source or nothing new was written to it:
//   kFailedPrecondition  the source is served, or begins in an archive; the target holds other records or more of them
//   kUnavailable         the effect of an append is unknown, or the target went silent: run it again
//   kDataLoss            the source is damaged; or, at the end, the target has not got what was appended
absl::StatusOr<MigrateReport> Migrate(const std::string& source_folder, Log* target, Executor* executor,
                                      const MigrateOptions& options);

// `fundcore migrate`: from DATA/log to an embedded log in another folder. Prints figures of each partition.
absl::Status MigrateToFolder(const std::string& data, const std::string& target_folder, bool json);
// The same onto topics that `fundctl kafka init` has made. The partition counts are those of the source.
struct MigrateToKafkaOptions {
  std::string brokers;
  std::string topic_prefix = "fundcore";
  std::vector<std::string> properties;   // NAME=VALUE for librdkafka
  bool one_replica_for_tests = false;
};
absl::Status MigrateToKafka(const std::string& data, const MigrateToKafkaOptions& options, bool json);
// The same figures, for whatever the target was.
void PrintMigration(const MigrateReport& report, bool json);

}  // namespace fundcore
