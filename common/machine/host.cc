// The shard's loop: joining, appending, playing, taking ownership.
#include "common/machine/host.h"

#include <algorithm>

namespace fundcore::machine {

bool Shard::overloaded() const {
  size_t waiting = 0;
  for (const auto& p : partitions_) waiting += p->waiting();
  return waiting > max_waiting_;
}

void Shard::Wake() {
  if (awake_) return;
  awake_ = true;
  executor_->AtRoundEnd([this] { RoundEnd(); });
}

void Shard::RoundEnd() {
  awake_ = false;
  if (played_) {
    played_ = false;
    for (auto& hook : hooks_) hook();  // may submit more, which joins this very append
  }
  Claim();
  if (gate_ && !gate_->stamps()) return;  // what waits goes out when the gate opens
  if (static_cast<int>(flights_.size()) >= appends_limit_ || repeating_) return;  // what waits goes out when an append lands
  std::vector<AppendItem> items;
  for (auto& p : partitions_)
    if (p->has_pending())
      for (std::string& record : p->TakeRecords()) items.push_back({p->id(), std::move(record)});
  if (!items.empty()) Append(std::move(items));
}

void Shard::Want(PartitionBase* partition, bool wanted) {
  // A grant may come again. Where it is not served although it was granted before, somebody else had it meanwhile.
  if (wanted && partition->wanted() && partition->active()) return;
  partition->Want(wanted);
  Wake();
  if (wanted) LearnEnd(partition);
}

// What stands in the log by now is played before the partition is claimed, so that its new owner serves at once.
void Shard::LearnEnd(PartitionBase* partition) {
  log_->FetchEnd(partition->id(), [this, partition](absl::StatusOr<LogOffset> end) {
    executor_->Post([this, partition, end = std::move(end)] {
      if (!partition->wanted()) return;
      if (!end.ok()) return executor_->PostAfter(Duration::Millis(100), [this, partition] { LearnEnd(partition); });
      partition->PlayFirst(*end);
      Wake();
    });
  });
}

// Claims what is to be claimed now; comes back for what has to wait a little.
void Shard::Claim() {
  std::vector<AppendItem> items;
  bool later = false;
  for (auto& p : partitions_) {
    if (!p->waits_to_claim()) continue;
    if (p->claimable()) {
      items.push_back({p->id(), p->Claim()});
    } else {
      later = true;
    }
  }
  if (!items.empty()) Append(std::move(items));
  if (!later || claims_later_) return;
  claims_later_ = true;
  executor_->PostAfter(Duration::Millis(20), [this] {
    claims_later_ = false;
    Wake();
  });
}

bool Shard::IsActive(LogPartition id) const {
  return std::any_of(partitions_.begin(), partitions_.end(),
                     [id](const auto& p) { return p->id() == id && p->active(); });
}

void Shard::Append(std::vector<AppendItem> items) {
  auto flight = std::make_shared<Flight>();
  flight->items = items;
  flights_.push_back(flight);
  log_->Append(std::move(items), [this, flight](absl::Status status) {
    executor_->Post([this, flight, status = std::move(status)]() mutable {
      flight->returned = true;
      flight->status = std::move(status);
      Landed();
    });
  });
}

void Shard::Landed() {
  while (!flights_.empty() && flights_.front()->returned && flights_.front()->status.ok()) flights_.pop_front();
  if (flights_.empty() || !flights_.front()->returned) return Wake();
  // The first one failed (a full disk, an unreachable log). What was appended after it has been skipped by the players, who
  // want dense numbers; so once nothing is under way, all of it is appended again, in order. The bytes carry the same
  // (epoch, n): had some of it got in after all, it would be a duplicate and dropped. A delay, never a refusal.
  for (const auto& f : flights_)
    if (!f->returned) return;
  if (repeating_) return;
  repeating_ = true;
  executor_->PostAfter(Duration::Millis(200), [this] {
    repeating_ = false;
    std::vector<AppendItem> again;
    // What was for a partition that is not ours any more could not count.
    for (const auto& f : flights_)
      for (AppendItem& item : f->items)
        if (IsActive(item.partition)) again.push_back(std::move(item));
    flights_.clear();
    if (again.empty()) return Wake();
    Append(std::move(again));
  });
}

void Shard::Play(PartitionBase* partition, std::span<const LogRecord> records) {
  uint64_t bytes = 0;
  for (const LogRecord& record : records) {
    partition->Play(record);
    bytes += record.bytes.size();
  }
  executed_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  played_ = true;
  for (auto& f : owned_) f();
  Wake();
}

void Shard::Own(absl::AnyInvocable<void()> done) {
  // Called on the executor after replay; each partition appends its marker and serves once it has executed it.
  auto shared = std::make_shared<absl::AnyInvocable<void()>>(std::move(done));
  auto left = std::make_shared<bool>(true);
  owned_.push_back([this, shared, left] {
    if (!*left) return;
    for (auto& p : partitions_)
      if (!p->serving()) return;
    *left = false;
    executor_->Post([shared] { (*shared)(); });
  });
  std::vector<AppendItem> items;
  for (auto& p : partitions_) {
    p->Want(true);
    p->PlayFirst(p->state().meta.next);
    items.push_back({p->id(), p->Claim()});
  }
  if (items.empty()) {
    owned_.back()();
    return;
  }
  Append(std::move(items));
}

HostBase::HostBase(const HostOptions& options) : options_(options) {
  FC_CHECK(options.partitions >= 1 && options.partitions <= kMaxPartitions, "partitions ", options.partitions);
  FC_CHECK(!options.executors.empty(), "a host needs executors");
  for (Executor* e : options.executors) shards_.push_back(std::make_unique<Shard>(e, options.log, options));
}

absl::Status HostBase::Recover() {
  for (uint16_t i = 0; i < options_.partitions; ++i) {
    PartitionBase* p = Base(PartitionId(i));
    FC_RETURN_IF_ERROR(p->state().Load());
    Shard* shard = &ShardOf(PartitionId(i));
    options_.log->Tail(p->id(), p->state().meta.next, shard->executor(),
                       [shard, p](std::span<const LogRecord> records) { shard->Play(p, records); });
  }
  return absl::OkStatus();
}

void HostBase::OnServing(std::function<void(PartitionId, bool)> hook) {
  for (uint16_t i = 0; i < options_.partitions; ++i) {
    const PartitionId p(i);
    Base(p)->OnServing([hook, p](bool serving) { hook(p, serving); });
  }
}

void HostBase::WhenPlayed(absl::AnyInvocable<void()> done) {
  Gather* gather = Gather::New(options_.partitions, std::move(done));
  for (uint16_t i = 0; i < options_.partitions; ++i) {
    PartitionBase* p = Base(PartitionId(i));
    auto check = std::make_shared<std::function<void()>>();
    *check = [p, gather, end = options_.log->End(p->id()), check] {
      if (p->state().meta.next < end) {
        p->executor()->PostAfter(Duration::Millis(5), [check] { (*check)(); });
        return;
      }
      p->executor()->Post([check] { *check = nullptr; });  // breaks the cycle
      gather->One();
    };
    p->executor()->Post([check] { (*check)(); });
  }
}

void HostBase::WhenServing(absl::AnyInvocable<void()> done) {
  Gather* gather = Gather::New(shards_.size(), std::move(done));
  for (auto& s : shards_) {
    Shard* shard = s.get();
    // Polls by rounds, not by time: each partition's own progress posts to this executor.
    auto check = std::make_shared<std::function<void()>>();
    *check = [this, shard, gather, check] {
      for (auto& p : shard->partitions()) {
        if (p->state().meta.next < options_.log->End(p->id())) {
          shard->executor()->PostAfter(Duration::Millis(1), [check] { (*check)(); });
          return;
        }
      }
      shard->Own([gather] { gather->One(); });
      shard->executor()->Post([check] { *check = nullptr; });  // breaks the cycle
    };
    shard->executor()->Post([check] { (*check)(); });
  }
}

}  // namespace fundcore::machine
