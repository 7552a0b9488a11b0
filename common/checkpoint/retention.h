// How much of the log may go. The log is the truth, and a checkpoint replaces its beginning only where somebody has
// verified it: so the log of a partition may be cut off before the least offset from which any of the newest `keep`
// verified checkpoints goes on, and nowhere else.
//
//   FC_ASSIGN_OR_RETURN(auto points, TrimPoints(verified, partitions));
//   admin->DeleteRecordsBefore(points);
//
// A pure computation.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "common/checkpoint/manifest.h"

namespace fundcore::checkpoint {

// Records of the partition before the offset are not needed any more.
using TrimPoint = std::pair<LogPartition, LogOffset>;

// `verified`: manifests of verified checkpoints of one log, in any order; those of different processes may hold
// different services. `partitions`: those to be trimmed; each must be in at least `keep` (1 or more) checkpoints, else
// kFailedPrecondition names it, says how many there are, and nothing at all may be trimmed.
absl::StatusOr<std::vector<TrimPoint>> TrimPoints(std::span<const Manifest> verified,
                                                  std::span<const LogPartition> partitions, int keep = 2);

}  // namespace fundcore::checkpoint
