// See cluster_metrics.h.
#include "tools/fundcore/cluster_metrics.h"

#include <atomic>
#include <memory>
#include <string>

namespace fundcore {
namespace {

// Where the shards of one service stand. Outlives the metrics as long as tasks are on their way.
struct Positions {
  explicit Positions(size_t shards) : of_shard(shards), asked(shards) {}
  std::vector<std::atomic<uint64_t>> of_shard;
  std::vector<std::atomic<bool>> asked;  // at most one task an executor, however often somebody looks
};

double Look(machine::HostBase* host, const std::shared_ptr<Positions>& positions) {
  uint64_t sum = 0;
  for (size_t i = 0; i < host->shards().size(); ++i) {
    sum += positions->of_shard[i].load(std::memory_order_relaxed);
    if (positions->asked[i].exchange(true)) continue;
    machine::Shard* shard = host->shards()[i].get();
    shard->executor()->Post([shard, positions, i] {
      uint64_t at = 0;
      for (const auto& p : shard->partitions()) at += p->state().meta.next;
      positions->of_shard[i].store(at, std::memory_order_relaxed);
      positions->asked[i].store(false);
    });
  }
  return static_cast<double>(sum);
}

}  // namespace

void PublishPartitions(Metrics* metrics, System* system) {
  for (machine::HostBase* host : system->hosts()) {
    const MetricLabels labels = {{"service", std::string(ServiceName(host->service()))}};
    metrics->AddComputed("fundcore_partitions", "Partitions of the service.", labels,
                         [host] { return static_cast<double>(host->partitions()); });
    metrics->AddComputed("fundcore_partitions_served", "Partitions of the service that this process owns.", labels, [host] {
      double n = 0;
      for (uint16_t p = 0; p < host->partitions(); ++p) n += host->Serves(PartitionId(p));
      return n;
    });
    auto positions = std::make_shared<Positions>(host->shards().size());
    Look(host, positions);
    metrics->AddComputed("fundcore_log_position", "Records of the service's log that were executed, over all partitions.", labels,
                         [host, positions] { return Look(host, positions); });
  }
}

}  // namespace fundcore
