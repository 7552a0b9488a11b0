// The simulated brokers. See memory_cluster.h.
#include "common/log/memory_cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace fundcore {

namespace {

constexpr size_t kMostPerDelivery = 256;

absl::Status Unknown() {
  return absl::UnavailableError("the effect of this append is unknown: watch the tail, or append the same again");
}

std::string NameOf(LogPartition p) {
  return absl::StrCat("service ", static_cast<int>(p.service), " partition ", p.partition.raw());
}

Duration Until(Duration when, Duration now) { return Duration::Micros(when.raw() - now.raw()); }

}  // namespace

// --- The process's side. -------------------------------------------------------------------------------------------------

MemoryConnection::MemoryConnection(MemoryCluster* cluster, std::string name)
    : cluster_(cluster), link_(std::make_shared<MemoryLink>()) {
  link_->client = cluster->world_->MakeExecutor(absl::StrCat("client-", name));
  link_->name = std::move(name);
}

// Of what was on the wire, some gets in after all, in its order.
MemoryConnection::~MemoryConnection() {
  link_->open = false;
  std::erase(cluster_->connections_, this);
  for (auto& [partition, requests] : sent_) {
    for (auto& request : requests) {
      if (std::exchange(request->waits, false) && cluster_->random_.Below(2) == 0)
        cluster_->StoreLate(partition, std::move(request->bytes));
    }
  }
  cluster_->world_->Kill(link_->client);
}

void MemoryConnection::Append(std::vector<AppendItem> items, Done done) {
  for (const AppendItem& item : items) {
    if (item.bytes.size() <= kMaxRecordBytes) continue;
    if (done) {
      done(absl::InvalidArgumentError(absl::StrCat("a record of ", item.bytes.size(),
                                                   " bytes is larger than the limit of ", kMaxRecordBytes,
                                                   "; split the batch. Nothing was appended")));
    }
    return;
  }
  auto call = std::make_shared<Call>();
  call->done = std::move(done);
  call->left = items.size();
  if (items.empty()) return Answer(call, absl::OkStatus());
  const Duration now = cluster_->world_->MachineNow();
  for (AppendItem& item : items) {
    auto request = std::make_shared<Request>(Request{item.partition, std::move(item.bytes), call});
    sent_[item.partition].push_back(request);
    Duration& arrival = last_arrival_[item.partition];
    arrival = std::max(arrival, now + cluster_->Between(cluster_->faults_.shortest_append, cluster_->faults_.longest_append));
    cluster_->brokers_->PostAfter(Until(arrival, now), [this, link = link_, request] {
      request->arrived = true;
      if (link->open) Pump(request->partition);
    });
  }
  link_->client->PostAfter(cluster_->faults_.append_timeout, [this, call] { TimeOut(call); });
}

// What has arrived is taken in its order, as long as the leader is there and can be reached.
void MemoryConnection::Pump(LogPartition partition) {
  auto& requests = sent_[partition];
  while (!requests.empty() && requests.front()->arrived && !link_->cut && !cluster_->Away(partition)) {
    const auto request = std::move(requests.front());
    requests.pop_front();
    if (std::exchange(request->waits, false)) Accept(request);
  }
}

void MemoryConnection::Accept(const std::shared_ptr<Request>& request) {
  absl::Status status;
  uint64_t fate = 1;
  if (cluster_->random_.Chance(cluster_->faults_.unknown_per_million)) {
    fate = cluster_->random_.Below(3);
    status = Unknown();
  }
  if (fate == 1) cluster_->Store(request->partition, std::move(request->bytes));
  if (fate == 2) cluster_->StoreLate(request->partition, std::move(request->bytes));
  const Duration ack = cluster_->Between(cluster_->faults_.shortest_ack, cluster_->faults_.longest_ack);
  cluster_->brokers_->PostAfter(ack, [this, link = link_, call = request->call, status] {
    // Where the acknowledgement does not arrive, the time limit speaks.
    if (link->open && !link->cut) link->client->Post([this, call, status] { Answer(call, status); });
  });
}

void MemoryConnection::Answer(const std::shared_ptr<Call>& call, absl::Status status) {
  if (call->left > 0) --call->left;
  if (status.ok() && call->left > 0) return;
  Done done = std::exchange(call->done, nullptr);
  if (!done) return;
  if (!status.ok()) ++cluster_->counts_.unknown;
  done(std::move(status));
}

void MemoryConnection::TimeOut(const std::shared_ptr<Call>& call) {
  if (!call->done) return;
  for (auto& [partition, requests] : sent_) {
    for (auto& request : requests) {
      if (request->call != call || !std::exchange(request->waits, false)) continue;
      if (cluster_->random_.Below(2) == 0) cluster_->StoreLate(partition, std::move(request->bytes));
    }
    std::erase_if(requests, [&](const auto& request) { return request->call == call; });
  }
  Answer(call, Unknown());
}

void MemoryConnection::Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) {
  FC_CHECK(!started_, "Tail was called after Start");
  const bool added =
      readers_.emplace(partition, std::make_shared<Reader>(Reader{executor, std::move(on_records), from})).second;
  FC_CHECK(added, NameOf(partition), " has a reader already");
}

absl::Status MemoryConnection::Start() {
  FC_CHECK(!started_, "Start was called twice");
  for (const auto& [partition, reader] : readers_) {
    if (link_->cut || cluster_->Away(partition)) {
      return absl::UnavailableError(absl::StrCat(NameOf(partition), ": its leader cannot be reached; start again later"));
    }
    const LogOffset begin = cluster_->StartOf(partition), end = cluster_->Stored(partition).size();
    if (reader->next < begin) {
      return absl::DataLossError(absl::StrCat(NameOf(partition), ": its records are needed from offset ", reader->next,
                                              " on, but the log begins at ", begin, "; restore a newer checkpoint"));
    }
    if (reader->next > end) {
      return absl::DataLossError(absl::StrCat(NameOf(partition), ": its records are needed from offset ", reader->next,
                                              " on, but the log ends at ", end, "; this state is not of this log"));
    }
    known_ends_[partition] = end;
  }
  started_ = true;
  for (const auto& [partition, reader] : readers_) FetchSoon(partition);
  return absl::OkStatus();
}

LogOffset MemoryConnection::End(LogPartition partition) const {
  const auto it = known_ends_.find(partition);
  return it == known_ends_.end() ? 0 : it->second;
}

void MemoryConnection::FetchEnd(LogPartition partition, OnEnd on_end) {
  const ClusterFaults& f = cluster_->faults_;
  const Duration there = cluster_->Between(f.shortest_append, f.longest_append);
  const Duration back = cluster_->Between(f.shortest_ack, f.longest_ack);
  cluster_->brokers_->PostAfter(there, [this, link = link_, partition, back, on_end = std::move(on_end)]() mutable {
    if (!link->open) return;
    if (link->cut || cluster_->Away(partition)) return EndUnknown(partition, std::move(on_end));
    const LogOffset end = cluster_->Stored(partition).size();
    cluster_->brokers_->PostAfter(back, [this, link, partition, end, on_end = std::move(on_end)]() mutable {
      if (!link->open) return;
      if (link->cut) return EndUnknown(partition, std::move(on_end));
      link->client->Post([end, on_end = std::move(on_end)]() mutable { on_end(end); });
    });
  });
}

void MemoryConnection::EndUnknown(LogPartition partition, OnEnd on_end) {
  link_->client->PostAfter(cluster_->faults_.append_timeout, [partition, on_end = std::move(on_end)]() mutable {
    on_end(absl::UnavailableError(absl::StrCat(NameOf(partition), ": nobody says where it ends; ask again")));
  });
}

void MemoryConnection::Cut(bool cut) {
  if (std::exchange(link_->cut, cut) == cut || cut) return;
  for (auto& [partition, requests] : sent_) Pump(partition);
  for (auto& [partition, reader] : readers_) FetchSoon(partition);
}

void MemoryConnection::FetchSoon(LogPartition partition) {
  const auto it = readers_.find(partition);
  if (!started_ || it == readers_.end()) return;
  Reader& reader = *it->second;
  if (reader.fetching || reader.next >= cluster_->Stored(partition).size()) return;
  reader.fetching = true;
  const Duration delay = cluster_->Between(cluster_->faults_.shortest_fetch, cluster_->faults_.longest_fetch) + link_->slow;
  cluster_->brokers_->PostAfter(delay, [this, link = link_, partition] {
    if (link->open) Fetch(partition);
  });
}

// The answer to a fetch arrives at the process, which asks for more once it has handled it: one that is stopped has heard
// one answer, and the rest only some time after it woke up.
void MemoryConnection::Fetch(LogPartition partition) {
  const std::shared_ptr<Reader> reader = readers_.at(partition);
  if (link_->cut || cluster_->Away(partition)) {
    reader->fetching = false;  // whoever brings it back asks again
    return;
  }
  const auto& records = cluster_->Stored(partition);
  if (reader->next < cluster_->StartOf(partition)) {
    health_ = absl::DataLossError(absl::StrCat(NameOf(partition), ": its records are needed from offset ", reader->next,
                                               " on, but the log begins at ", cluster_->StartOf(partition),
                                               "; restore a newer checkpoint"));
    return;
  }
  std::vector<LogRecord> run(records.begin() + static_cast<ptrdiff_t>(reader->next), records.end());
  link_->client->Post([this, partition, reader, run = std::move(run)]() mutable {
    known_ends_[partition] = std::max(known_ends_[partition], run.back().offset + 1);
    reader->next = run.back().offset + 1;
    for (size_t i = 0; i < run.size(); i += kMostPerDelivery) {
      const auto first = run.begin() + static_cast<ptrdiff_t>(i);
      std::vector<LogRecord> some(first, first + static_cast<ptrdiff_t>(std::min(kMostPerDelivery, run.size() - i)));
      reader->executor->Post([reader, some = std::move(some)] { reader->on_records(some); });
    }
    reader->fetching = false;
    FetchSoon(partition);
  });
}

// --- The brokers' side. --------------------------------------------------------------------------------------------------

MemoryCluster::MemoryCluster(SimWorld* world, ClusterFaults faults)
    : world_(world), brokers_(world->MakeExecutor("brokers")), faults_(faults), random_(world->random().Next()) {}

std::unique_ptr<MemoryConnection> MemoryCluster::Connect(std::string name) {
  auto connection = std::unique_ptr<MemoryConnection>(new MemoryConnection(this, std::move(name)));
  connections_.push_back(connection.get());
  return connection;
}

Duration MemoryCluster::Between(Duration shortest, Duration longest) {
  const int64_t spread = std::max<int64_t>(longest.raw() - shortest.raw(), 0);
  return shortest + Duration::Micros(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(spread) + 1)));
}

bool MemoryCluster::Away(LogPartition partition) const {
  const auto it = away_until_.find(partition);
  const Duration now = world_->MachineNow();
  return now < all_away_until_ || (it != away_until_.end() && now < it->second);
}

void MemoryCluster::LeaderAway(LogPartition partition, Duration how_long) {
  ++counts_.waits;
  Duration& until = away_until_[partition];
  until = std::max(until, world_->MachineNow() + how_long);
  brokers_->PostAfter(how_long, [this] { Back(); });
}

void MemoryCluster::LeadersAway(Duration how_long) {
  ++counts_.waits;
  all_away_until_ = std::max(all_away_until_, world_->MachineNow() + how_long);
  brokers_->PostAfter(how_long, [this] { Back(); });
}

// Some leader may be there again. What is late gets in first, then what waited, then readers look.
void MemoryCluster::Back() {
  for (auto& [partition, records] : late_) {
    while (!records.empty() && !Away(partition)) {
      std::string bytes = std::move(records.front());
      records.pop_front();
      Store(partition, std::move(bytes));
    }
  }
  const std::vector<MemoryConnection*> all = connections_;
  for (MemoryConnection* c : all) {
    for (auto& [partition, requests] : c->sent_) c->Pump(partition);
    for (auto& [partition, reader] : c->readers_) c->FetchSoon(partition);
  }
}

void MemoryCluster::Trim(LogPartition partition, LogOffset start) {
  FC_CHECK(start <= Stored(partition).size(), "trimmed beyond the end");
  LogOffset& begin = starts_[partition];
  begin = std::max(begin, start);
}

LogOffset MemoryCluster::StartOf(LogPartition partition) const {
  const auto it = starts_.find(partition);
  return it == starts_.end() ? 0 : it->second;
}

void MemoryCluster::Store(LogPartition partition, std::string bytes) {
  ++counts_.records;
  auto& records = stored_[partition];
  auto buffer = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *buffer;
  records.push_back({partition, records.size(), std::move(buffer), view});
  for (MemoryConnection* c : connections_) c->FetchSoon(partition);
}

void MemoryCluster::StoreLate(LogPartition partition, std::string bytes) {
  ++counts_.late;
  const Duration now = world_->MachineNow();
  Duration& at = last_late_[partition];
  at = std::max(at, now + Between(Duration::Micros(1), faults_.longest_late));
  brokers_->PostAfter(Until(at, now), [this, partition, bytes = std::move(bytes)]() mutable {
    if (!Away(partition)) return Store(partition, std::move(bytes));
    late_[partition].push_back(std::move(bytes));
  });
}

const std::vector<LogRecord>& MemoryCluster::Stored(LogPartition partition) const {
  static const std::vector<LogRecord> kNone;
  const auto it = stored_.find(partition);
  return it == stored_.end() ? kNone : it->second;
}

std::vector<LogPartition> MemoryCluster::Partitions() const {
  std::vector<LogPartition> out;
  for (const auto& [partition, records] : stored_) out.push_back(partition);
  return out;
}

}  // namespace fundcore
