// Write back everywhere, flush once, then tell the log.
#include "common/machine/flusher.h"


namespace fundcore::machine {

uint64_t Flusher::Executed() const {
  uint64_t n = 0;
  for (HostBase* host : hosts_)
    for (auto& shard : host->shards()) n += shard->executed();
  return n;
}

void Flusher::Start() {
  blocking_->Post([this] { Check(); });
}

void Flusher::Check() {
  if (!under_way_ && Executed() >= flushed_at_ + every_records_) {
    FlushNow([](absl::Status s) { FC_CHECK(s.ok(), "state cannot be flushed: ", s.ToString()); });
  }
  blocking_->PostAfter(Duration::Millis(500), [this] { Check(); });
}

void Flusher::FlushNow(absl::AnyInvocable<void(absl::Status)> done) {
  struct Round {
    absl::Status status;
    std::vector<std::pair<LogPartition, LogOffset>> next;
  };
  auto round = std::make_shared<Round>();
  under_way_ = true;
  flushed_at_ = Executed();
  size_t count = 0;
  for (HostBase* host : hosts_)
    for (auto& shard : host->shards()) count += shard->partitions().size();
  Gather* gather = Gather::New(count, [this, round, done = std::move(done)]() mutable {
    if (round->status.ok()) round->status = store_->Flush();
    if (round->status.ok()) log_->Flushed(round->next);
    under_way_ = false;
    done(round->status);
  });
  for (HostBase* host : hosts_) {
    for (auto& shard : host->shards()) {
      for (auto& partition : shard->partitions()) {
        PartitionBase* p = partition.get();
        shard->executor()->Post([this, p, round, gather] {
          absl::Status s = p->state().WriteBack();
          blocking_->Post([round, gather, s = std::move(s), id = p->id(), next = p->state().meta.next] {
            round->status.Update(s);
            round->next.emplace_back(id, next);
            gather->One();
          });
        });
      }
    }
  }
}

}  // namespace fundcore::machine
