// MemoryStore: durable maps below, a map of unflushed changes above; a reader sees the two merged.
#include "common/store/memory.h"

#include "common/base/check.h"
#include "common/store/sorted.h"

namespace fundcore {
namespace {

size_t Index(Family family) { return static_cast<size_t>(family); }

constexpr size_t kScanChunk = 64;  // entries copied under one lock

}  // namespace

absl::StatusOr<std::optional<std::string>> MemoryStore::Get(Family family, std::string_view key) const {
  std::lock_guard lock(mutex_);
  const Pending& pending = pending_[Index(family)];
  if (auto it = pending.find(key); it != pending.end()) return it->second;
  const Durable& durable = durable_[Index(family)];
  if (auto it = durable.find(key); it != durable.end()) return std::optional<std::string>(it->second);
  return std::optional<std::string>();
}

absl::StatusOr<std::vector<std::optional<std::string>>> MemoryStore::MultiGet(Family family,
                                                                              std::span<const std::string> keys) const {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string& key : keys) values.push_back(*Get(family, key));
  return values;
}

std::vector<std::pair<std::string, std::string>> MemoryStore::NextEntries(Family family, std::string_view from,
                                                                          bool after, std::string_view end,
                                                                          size_t limit) const {
  std::vector<std::pair<std::string, std::string>> entries;
  std::lock_guard lock(mutex_);
  const Durable& durable = durable_[Index(family)];
  const Pending& pending = pending_[Index(family)];
  auto below = after ? durable.upper_bound(from) : durable.lower_bound(from);
  auto above = after ? pending.upper_bound(from) : pending.lower_bound(from);
  while (entries.size() < limit) {
    const bool has_below = below != durable.end() && below->first < end;
    const bool has_above = above != pending.end() && above->first < end;
    if (!has_below && !has_above) break;
    if (has_above && (!has_below || above->first <= below->first)) {
      if (has_below && above->first == below->first) ++below;
      if (above->second) entries.emplace_back(above->first, *above->second);
      ++above;
    } else {
      entries.emplace_back(below->first, below->second);
      ++below;
    }
  }
  return entries;
}

// The visitor runs without the lock, so that it may read the store.
absl::Status MemoryStore::Scan(Family family, std::string_view begin, std::string_view end,
                               absl::FunctionRef<bool(std::string_view, std::string_view)> visit) const {
  std::string from(begin);
  for (bool after = false;; after = true) {
    auto entries = NextEntries(family, from, after, end, kScanChunk);
    for (const auto& [key, value] : entries) {
      if (!visit(key, value)) return absl::OkStatus();
    }
    if (entries.size() < kScanChunk) return absl::OkStatus();
    from = std::move(entries.back().first);
  }
}

absl::Status MemoryStore::Ready() {
  std::lock_guard lock(mutex_);
  return full_ ? absl::ResourceExhaustedError("the disk in memory is full; it was told so") : absl::OkStatus();
}

void MemoryStore::SetFull(bool full) {
  std::lock_guard lock(mutex_);
  full_ = full;
}

absl::Status MemoryStore::Write(std::vector<StoreWrite> writes) {
  std::lock_guard lock(mutex_);
  for (StoreWrite& write : writes) {
    pending_[Index(write.family)].insert_or_assign(std::move(write.key), std::move(write.value));
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Ingest(Family family, std::span<const std::pair<std::string, std::string>> sorted) {
  if (absl::Status ascending = CheckAscending(sorted); !ascending.ok()) return ascending;
  std::lock_guard lock(mutex_);
  for (const auto& [key, value] : sorted) {
    pending_[Index(family)].erase(key);  // the run is newer than any write before it
    durable_[Index(family)].insert_or_assign(key, value);
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Flush() {
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < kFamilies; ++i) {
    for (auto& [key, value] : pending_[i]) {
      if (value) {
        durable_[i].insert_or_assign(key, std::move(*value));
      } else {
        durable_[i].erase(key);
      }
    }
    pending_[i].clear();
  }
  return absl::OkStatus();
}

absl::Status MemoryStore::Checkpoint(const std::string& folder) {
  FC_RETURN_IF_ERROR(Flush());
  std::lock_guard lock(mutex_);
  if (!checkpoints_.emplace(folder, durable_).second) {
    return absl::AlreadyExistsError(StrCat("checkpoint \"", folder, "\" exists already; choose another name"));
  }
  return absl::OkStatus();
}

void MemoryStore::Crash() {
  std::lock_guard lock(mutex_);
  for (Pending& pending : pending_) pending.clear();
}

absl::StatusOr<std::unique_ptr<MemoryStore>> MemoryStore::OpenCheckpoint(const std::string& folder) const {
  std::lock_guard lock(mutex_);
  auto it = checkpoints_.find(folder);
  if (it == checkpoints_.end()) return absl::NotFoundError(StrCat("no checkpoint \"", folder, "\""));
  auto copy = std::make_unique<MemoryStore>();
  copy->durable_ = it->second;
  return copy;
}

size_t MemoryStore::Count(Family family) const {
  size_t count = 0;
  std::string from;
  for (bool after = false;; after = true) {
    // 64 bytes of 0xff: above every key this project writes.
    auto entries = NextEntries(family, from, after, std::string(64, '\xff'), kScanChunk);
    count += entries.size();
    if (entries.size() < kScanChunk) return count;
    from = std::move(entries.back().first);
  }
}

}  // namespace fundcore
