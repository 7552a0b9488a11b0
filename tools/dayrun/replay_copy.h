// ReplayCopy: a system that plays logs and does nothing else, to compare its state with that of a running one.
//
//   ReplayCopy copy(deps, roles, store, now);
//   FC_RETURN_IF_ERROR(copy.Play([&](LogPartition p) { return records of p, up to where they are to be played; }));
//   FC_ASSIGN_OR_RETURN(machine::StateHash hash, copy.HashOf(partition));
#pragma once

#include <memory>
#include <set>
#include <span>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/files/memory.h"
#include "common/rpc/direct.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"
#include "tools/fundcore/system.h"

namespace fundcore::dayrun {

// The partition of a running system, nullptr where it does not play it.
machine::PartitionBase* FindPartition(System& system, LogPartition p);

class ReplayCopy {
 public:
  // `deps` are those of the system to compare with; of them it keeps what the data depends on. The store is empty or a
  // checkpoint, and outlives the copy. `roles` as in SystemParts.
  ReplayCopy(ServiceDeps deps, std::set<ServiceId> roles, bool bank_generous, MemoryStore* store, TimePoint now);
  ~ReplayCopy();

  // Once. `records` gives a partition's records from offset 0 to where they are to be played.
  absl::Status Play(absl::FunctionRef<std::span<const LogRecord>(LogPartition)> records);
  absl::StatusOr<machine::StateHash> HashOf(LogPartition p);
  System& system() { return *system_; }

 private:
  class ReplayLog;
  SimWorld world_;
  SimExecutor* executor_;
  MemoryFiles files_;
  rpc::DirectPeers peers_;
  std::unique_ptr<ReplayLog> log_;
  std::unique_ptr<System> system_;
};

}  // namespace fundcore::dayrun
