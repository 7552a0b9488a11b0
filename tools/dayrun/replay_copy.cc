// See replay_copy.h.
#include "tools/dayrun/replay_copy.h"

#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::dayrun {

machine::PartitionBase* FindPartition(System& system, LogPartition p) {
  for (machine::HostBase* host : system.hosts()) {
    if (host->service() == p.service)
      return host->ShardOf(p.partition).partitions()[p.partition.raw() / host->shards().size()].get();
  }
  return nullptr;
}

// Keeps the readers that a system registers, and hands them the records itself.
class ReplayCopy::ReplayLog final : public Log {
 public:
  void Append(std::vector<AppendItem>, Done done) override { done(absl::UnavailableError("a replay appends nothing")); }
  void Tail(LogPartition p, LogOffset from, Executor*, OnRecords on_records) override {
    readers_.push_back({p, from, std::move(on_records)});
  }
  absl::Status Start() override { return absl::OkStatus(); }
  LogOffset End(LogPartition) const override { return 0; }
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>>) override {}

  void Feed(absl::FunctionRef<std::span<const LogRecord>(LogPartition)> records) {
    for (Reader& r : readers_) {
      const std::span<const LogRecord> all = records(r.partition);
      if (r.from < all.size()) r.on_records(all.subspan(r.from));
    }
  }

 private:
  struct Reader {
    LogPartition partition;
    LogOffset from;
    OnRecords on_records;
  };
  std::vector<Reader> readers_;
};

ReplayCopy::ReplayCopy(ServiceDeps deps, std::set<ServiceId> roles, bool bank_generous, MemoryStore* store, TimePoint now)
    : world_({.seed = 1, .start = now}),
      executor_(world_.MakeExecutor("replay")),
      peers_({}, CallerId("replay")),
      log_(std::make_unique<ReplayLog>()) {
  SystemParts parts;
  parts.deps = std::move(deps);
  parts.deps.executors = {executor_};
  parts.deps.log = log_.get();
  parts.deps.store = store;
  parts.deps.peers = &peers_;
  parts.deps.exchange = &files_;
  parts.deps.owner = 0;
  parts.roles = std::move(roles);
  parts.blocking = executor_;
  parts.bank_generous = bank_generous;
  system_ = std::make_unique<System>(parts);
}

ReplayCopy::~ReplayCopy() { world_.Kill(executor_); }

absl::Status ReplayCopy::Play(absl::FunctionRef<std::span<const LogRecord>(LogPartition)> records) {
  FC_RETURN_IF_ERROR(system_->Recover());
  // From a task, as a log delivers: playing registers itself for the end of the round.
  executor_->Post([&] { log_->Feed(records); });
  world_.RunUntilIdle(Duration());
  return absl::OkStatus();
}

absl::StatusOr<machine::StateHash> ReplayCopy::HashOf(LogPartition p) {
  machine::PartitionBase* partition = FindPartition(*system_, p);
  FC_CHECK(partition, "the copy does not play this service");
  return partition->state().Hash();
}

}  // namespace fundcore::dayrun
