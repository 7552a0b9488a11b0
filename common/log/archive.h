// Taking the beginning of an embedded log out of its folder: whole segments, oldest first, moved to an archive.
//
//   FC_ASSIGN_OR_RETURN(ArchiveReport report, ArchiveLog("data/log", points, "/mnt/archive/log"));
//
// Only segments all of whose records lie before the points go, and never the last one. The log must be closed: this
// takes its lock. A segment is copied, synced, read back and compared before it is removed, so a crash leaves it in one
// place or in both, and another run goes on. The archive also gets FORMAT: copied back together, the segments are the
// log from its first record again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/log/log.h"

namespace fundcore {

struct ArchiveReport {
  uint64_t segments = 0;  // moved by this call
  uint64_t bytes = 0;
  uint64_t first = 0;  // number of the first segment that is still in the log
};

// `needed_from`: for each partition the first offset that somebody may still ask for; a partition that is not named
// needs all it has. kFailedPrecondition where the log is in use, or the archive holds another log; kDataLoss where a
// segment of that name lies in the archive with other bytes.
absl::StatusOr<ArchiveReport> ArchiveLog(const std::string& folder,
                                         std::span<const std::pair<LogPartition, LogOffset>> needed_from,
                                         const std::string& archive);

}  // namespace fundcore
