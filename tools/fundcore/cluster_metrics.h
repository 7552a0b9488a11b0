// Metrics of partitions: how many there are, how many this process owns, and how far it has played their logs.
//
//   PublishPartitions(&metrics, &system);
//
// fundcore_partitions{service="trade"}, fundcore_partitions_served{service="trade"}: over all processes the second adds up to
// the first. fundcore_log_position{service="trade"}: records executed, summed over partitions; as every process of a role plays
// all partitions, the difference between two of them is how far one is behind.
#pragma once

#include "common/telemetry/metrics.h"
#include "tools/fundcore/system.h"

namespace fundcore {

// Before the metrics are served, for each service that this process plays. The system, and its executors, must outlive the
// set. Positions are read on the executors, which are not waited for: they are as of the last time somebody looked, and stand
// still where an executor does.
void PublishPartitions(Metrics* metrics, System* system);

}  // namespace fundcore
