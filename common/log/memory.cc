// The simulated log. See memory.h.
#include "common/log/memory.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace fundcore {

namespace {
// Records in one call of a reader: small enough that a replay takes several rounds.
constexpr size_t kMostPerDelivery = 256;
}  // namespace

MemoryLog::MemoryLog(SimWorld* world, MemoryLogFaults faults)
    : world_(world), faults_(faults), device_(world->MakeExecutor("log")) {}

void MemoryLog::Append(std::vector<AppendItem> items, Done done) {
  for (const AppendItem& item : items) {
    if (item.bytes.size() > kMaxRecordBytes) {
      if (done) {
        done(absl::InvalidArgumentError(absl::StrCat("a record of ", item.bytes.size(),
                                                     " bytes is larger than the limit of ", kMaxRecordBytes,
                                                     "; split the batch. Nothing was appended")));
      }
      return;
    }
  }
  if (disk_full_) {
    if (done) {
      done(absl::ResourceExhaustedError("the disk is full; nothing was appended: make room, the log goes on by itself"));
    }
    return;
  }
  waiting_.push_back({std::move(items), std::move(done)});
  if (syncing_.empty()) Sync();
}

// Everything that waits goes out together and becomes durable together, some time later.
void MemoryLog::Sync() {
  syncing_.swap(waiting_);
  const int64_t spread = faults_.longest_sync.raw() - faults_.shortest_sync.raw();
  const uint64_t extra = world_->random().Below(static_cast<uint64_t>(std::max<int64_t>(spread, 0)) + 1);
  slow_syncs_ += faults_.shortest_sync + Duration::Micros(static_cast<int64_t>(extra)) > Duration::Millis(1);
  device_->PostAfter(faults_.shortest_sync + Duration::Micros(static_cast<int64_t>(extra)), [this] { Finish(); });
}

void MemoryLog::Finish() {
  ++syncs_;
  std::deque<Pending> batch;
  batch.swap(syncing_);
  std::vector<std::pair<Done, absl::Status>> answers;
  for (Pending& pending : batch) {
    const bool unknown = world_->random().Chance(faults_.unknown_per_million);
    unknowns_ += unknown;
    const bool lost = unknown && world_->random().Below(2) == 0;
    if (!lost) {
      for (AppendItem& item : pending.items) Store(std::move(item));
    }
    answers.emplace_back(std::move(pending.done),
                         unknown ? absl::UnavailableError(
                                       "the effect of this append is unknown: watch the tail, or append the same again")
                                 : absl::OkStatus());
  }
  if (live_) Deliver();
  if (!waiting_.empty()) Sync();
  for (auto& [done, status] : answers) {
    if (done) done(status);
  }
}

void MemoryLog::Store(AppendItem item) {
  auto& records = stored_[item.partition];
  auto buffer = std::make_shared<const std::string>(std::move(item.bytes));
  const std::string_view bytes = *buffer;
  records.push_back({item.partition, records.size(), std::move(buffer), bytes});
  fresh_.push_back(item.partition);
}

void MemoryLog::Deliver() {
  std::sort(fresh_.begin(), fresh_.end());
  fresh_.erase(std::unique(fresh_.begin(), fresh_.end()), fresh_.end());
  for (const LogPartition& partition : fresh_) {
    const auto it = readers_.find(partition);
    if (it == readers_.end()) continue;
    const std::shared_ptr<Reader>& reader = it->second;
    const auto& records = stored_[partition];
    while (reader->next < records.size()) {
      const size_t n = std::min<size_t>(kMostPerDelivery, records.size() - reader->next);
      std::vector<LogRecord> run(records.begin() + static_cast<ptrdiff_t>(reader->next),
                                 records.begin() + static_cast<ptrdiff_t>(reader->next + n));
      reader->next += n;
      reader->executor->Post([reader, run = std::move(run)] { reader->on_records(run); });
    }
  }
  fresh_.clear();
}

void MemoryLog::Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) {
  FC_CHECK(!live_, "Tail was called after Start");
  const bool added =
      readers_.emplace(partition, std::make_shared<Reader>(Reader{executor, std::move(on_records), from})).second;
  FC_CHECK(added, "partition ", partition.partition.raw(), " of service ", static_cast<int>(partition.service),
           " has a reader already");
}

absl::Status MemoryLog::Start() {
  FC_CHECK(!live_, "Start was called twice");
  for (const auto& [partition, reader] : readers_) {
    if (reader->next > End(partition)) {
      return absl::DataLossError(absl::StrCat("service ", static_cast<int>(partition.service), " partition ",
                                              partition.partition.raw(), " asks for its records from offset ",
                                              reader->next, " on, but the log ends at ", End(partition)));
    }
    if (absl::Status s = Readable(partition, reader->next, End(partition)); !s.ok()) return s;
    fresh_.push_back(partition);
  }
  live_ = true;
  Deliver();
  return absl::OkStatus();
}

std::optional<std::pair<LogPartition, LogOffset>> MemoryLog::Rot(uint64_t pick) {
  uint64_t all = 0;
  for (const auto& [partition, records] : stored_) all += records.size();
  if (all == 0) return std::nullopt;
  pick %= all;
  for (const auto& [partition, records] : stored_) {
    if (pick < records.size()) {
      rotten_.emplace(partition, pick);
      break;
    }
    pick -= records.size();
  }
  return rotten_;
}

absl::Status MemoryLog::Readable(LogPartition partition, LogOffset from, LogOffset to) const {
  if (!rotten_ || rotten_->first != partition || rotten_->second < from || rotten_->second >= to) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("service ", static_cast<int>(partition.service), " partition ",
                                          partition.partition.raw(), ": the record at offset ", rotten_->second,
                                          " does not match its checksum; restore it from a checkpoint or a peer"));
}

LogOffset MemoryLog::End(LogPartition partition) const { return Stored(partition).size(); }

void MemoryLog::Flushed(std::span<const std::pair<LogPartition, LogOffset>> next_needed) {
  for (const auto& [partition, next] : next_needed) {
    auto& mark = flushed_[partition];
    mark = std::max(mark, next);
  }
}

void MemoryLog::Crash() {
  world_->Kill(device_);
  device_ = world_->MakeExecutor("log");
  readers_.clear();
  live_ = false;
  std::deque<Pending> lost;
  lost.swap(syncing_);
  waiting_.clear();
  size_t count = 0;
  for (const Pending& pending : lost) count += pending.items.size();
  size_t survivors = world_->random().Below(count + 1);
  for (Pending& pending : lost) {
    for (AppendItem& item : pending.items) {
      if (survivors == 0) break;
      Store(std::move(item));
      --survivors;
    }
  }
  fresh_.clear();
}

const std::vector<LogRecord>& MemoryLog::Stored(LogPartition partition) const {
  static const std::vector<LogRecord> kNone;
  const auto it = stored_.find(partition);
  return it == stored_.end() ? kNone : it->second;
}

LogOffset MemoryLog::FlushedUpTo(LogPartition partition) const {
  const auto it = flushed_.find(partition);
  return it == flushed_.end() ? 0 : it->second;
}

}  // namespace fundcore
