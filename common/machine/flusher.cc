// Write back everywhere, flush once, then tell the log.
#include "common/machine/flusher.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fundcore::machine {

uint64_t Flusher::Executed() const {
  uint64_t n = 0;
  for (HostBase* host : hosts_)
    for (auto& shard : host->shards()) n += shard->executed_bytes();
  return n;
}

void Flusher::Start() {
  blocking_->Post([this] { Check(); });
  hosts_.front()->ExecutorOf(PartitionId(0))->Post([this] { Watch(); });
}

struct Flusher::Round {
  uint64_t began_at = 0;
  absl::Status status;
  std::vector<std::pair<std::string, std::string>> ids;
  std::vector<std::pair<LogPartition, LogOffset>> next;
  absl::AnyInvocable<void(absl::Status)> done;
};

void Flusher::Check() {
  if (!under_way_ && Executed() >= flushed_at_ + every_bytes_) {
    FlushNow([](absl::Status s) { FC_CHECK(s.ok(), "state cannot be flushed: ", s.ToString()); });
  }
  blocking_->PostAfter(Duration::Millis(500), [this] { Check(); });
}

// On an executor, because `blocking` itself may be waiting for the disk.
void Flusher::Watch() {
  const absl::Status ready = store_->Ready();
  if (ready.ok() == told_) {
    told_ = !ready.ok();
    if (tell_) {
      tell_(told_ ? StrCat(std::string(ready.message()), "; orders go on for a while, then wait")
                  : "there is room on the disk again; the state is written back");
    }
  }
  if (gate_) {
    if (Executed() < durable_at_.load() + kHoldAfter * every_bytes_) {
      gate_->Open(Gate::kDisk);
    } else if (!gate_->closed(Gate::kDisk)) {
      const std::string why =
          ready.ok() ? "the state store is far behind with writing to its disk" : std::string(ready.message());
      gate_->Close(Gate::kDisk, why);
      if (tell_) tell_(StrCat("nothing new is taken: ", why));
    }
  }
  hosts_.front()->ExecutorOf(PartitionId(0))->PostAfter(Duration::Millis(500), [this] { Watch(); });
}

void Flusher::FlushNow(absl::AnyInvocable<void(absl::Status)> done) {
  if (under_way_) return waiting_.push_back(std::move(done));
  auto round = std::make_shared<Round>();
  round->done = std::move(done);
  under_way_ = round;
  Begin(round);
}

// Nothing is taken from the partitions before there is room to write it to.
void Flusher::Begin(std::shared_ptr<Round> round) {
  round->status = store_->Ready();
  if (!round->status.ok()) {
    if (abandoned_) return End(round);
    blocking_->PostAfter(Duration::Millis(500), [this, round] { Begin(round); });
    return;
  }
  flushed_at_ = round->began_at = Executed();
  TakeIds(round);
}

// Step 1. The ids must be stored before any partition's applied offset says that they are: RocksDB may flush by itself.
void Flusher::TakeIds(std::shared_ptr<Round> round) {
  size_t count = 0;
  for (HostBase* host : hosts_) count += host->shards().size();
  Gather* gather = Gather::New(count, [this, round] {
    std::sort(round->ids.begin(), round->ids.end());
    if (!round->ids.empty()) round->status = store_->Ingest(Family::kIds, std::exchange(round->ids, {}));
    if (!round->status.ok()) return End(round);
    WriteBackAll(round);
  });
  for (HostBase* host : hosts_) {
    for (auto& s : host->shards()) {
      Shard* shard = s.get();
      shard->executor()->Post([this, shard, round, gather] {
        std::vector<std::pair<std::string, std::string>> ids;
        for (auto& p : shard->partitions()) p->state().TakeIdRun(&ids);
        blocking_->Post([round, gather, ids = std::move(ids)]() mutable {
          std::move(ids.begin(), ids.end(), std::back_inserter(round->ids));
          gather->One();
        });
      });
    }
  }
}

// Step 2.
void Flusher::WriteBackAll(std::shared_ptr<Round> round) {
  shards_left_ = 0;
  for (HostBase* host : hosts_) shards_left_ += host->shards().size();
  for (HostBase* host : hosts_)
    for (auto& shard : host->shards()) WriteBackFrom(round, shard.get(), 0);
}

void Flusher::WriteBackFrom(std::shared_ptr<Round> round, Shard* shard, size_t next) {
  shard->executor()->Post([this, round, shard, next] {
    if (next == shard->partitions().size()) {
      blocking_->Post([this, round] {
        if (--shards_left_ == 0) End(round);
      });
      return;
    }
    PartitionBase* p = shard->partitions()[next].get();
    absl::Status s = p->state().WriteBack(true);
    blocking_->Post([round, s = std::move(s), id = p->id(), offset = p->state().meta.next] {
      round->status.Update(s);
      round->next.emplace_back(id, offset);
    });
    WriteBackFrom(round, shard, next + 1);  // in the next round: what waits goes first
  });
}

// Step 3.
void Flusher::End(std::shared_ptr<Round> round) {
  if (round->status.ok()) round->status = store_->Flush();
  if (round->status.ok()) {
    log_->Flushed(round->next);
    durable_at_ = round->began_at;
  }
  under_way_ = nullptr;
  round->done(round->status);
  auto waiting = std::exchange(waiting_, {});
  for (auto& w : waiting) FlushNow(std::move(w));
}

}  // namespace fundcore::machine
