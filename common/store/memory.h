// MemoryStore: a StateStore in ordered maps, with crashes, for simulation and unit tests.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/store/store.h"

namespace fundcore {

// Keeps the promises of StateStore to the letter and no more: what was written and not flushed is gone after Crash,
// while ingested runs stay.
//
//   MemoryStore store;
//   store.Write({{Family::kState, "applied", "41"}});
//   store.Flush();
//   store.Write({{Family::kState, "applied", "42"}});
//   store.Crash();                                       // Get(kState, "applied") is "41" again
//
// Life cycle: the object stands for the disk. A simulated process keeps a pointer to it, and its restart is Crash() and
// a new machine over the same store. Thread-safe; a Scan sees a fixed view only while nobody writes.
class MemoryStore : public StateStore {
 public:
  MemoryStore() = default;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override;
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(Family family,
                                                                   std::span<const std::string> keys) const override;
  absl::Status Scan(Family family, std::string_view begin, std::string_view end,
                    absl::FunctionRef<bool(std::string_view, std::string_view)> visit) const override;
  // kResourceExhausted while SetFull(true); nothing else here minds.
  absl::Status Ready() override;
  absl::Status Write(std::vector<StoreWrite> writes) override;
  absl::Status Ingest(Family family, std::span<const std::pair<std::string, std::string>> sorted) override;
  absl::Status Flush() override;
  // Keeps a copy of everything flushed under `folder`, which is only a name here. kAlreadyExists where it is taken.
  absl::Status Checkpoint(const std::string& folder) override;

  // The disk is full, or has room again.
  void SetFull(bool full);
  // The power fails: every Write after the last Flush is forgotten.
  void Crash();
  // A new store with the contents of a checkpoint. kNotFound where there is none of that name.
  absl::StatusOr<std::unique_ptr<MemoryStore>> OpenCheckpoint(const std::string& folder) const;
  // Entries of a family that a reader sees now. For tests; walks everything.
  size_t Count(Family family) const;

 private:
  static constexpr size_t kFamilies = 3;
  using Durable = std::map<std::string, std::string, std::less<>>;
  using Pending = std::map<std::string, std::optional<std::string>, std::less<>>;  // nullopt: deleted

  std::vector<std::pair<std::string, std::string>> NextEntries(Family family, std::string_view from, bool after,
                                                               std::string_view end, size_t limit) const;

  mutable std::mutex mutex_;
  std::array<Durable, kFamilies> durable_;
  std::array<Pending, kFamilies> pending_;
  std::map<std::string, std::array<Durable, kFamilies>> checkpoints_;
  bool full_ = false;
};

}  // namespace fundcore
