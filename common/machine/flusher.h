// Flusher: bounds the replay after a crash. When enough records were executed since the last time, every partition writes
// its changes back, the store is flushed, and the log is told what it need not replay any more.
//
// Write-back runs on the partitions' executors, one partition a task, so that no round is held up for long; the flush runs
// on the flusher's own thread (production) or inline (simulation, where `blocking` executor is given the task).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "common/log/log.h"
#include "common/machine/host.h"
#include "common/store/store.h"

namespace fundcore::machine {

class Flusher {
 public:
  // `blocking` runs the store's flush: a thread of its own in production. All hosts outlive the flusher.
  Flusher(std::vector<HostBase*> hosts, Log* log, StateStore* store, Executor* blocking, uint64_t every_records)
      : hosts_(std::move(hosts)), log_(log), store_(store), blocking_(blocking), every_records_(every_records) {}

  // Checks twice a second of machine time whether a flush is due. On `blocking`.
  void Start();
  // Flushes now; `done` runs on `blocking` when everything executed before this call is durable in the store.
  void FlushNow(absl::AnyInvocable<void(absl::Status)> done);

 private:
  void Check();
  uint64_t Executed() const;

  std::vector<HostBase*> hosts_;
  Log* log_;
  StateStore* store_;
  Executor* blocking_;
  const uint64_t every_records_;
  uint64_t flushed_at_ = 0;
  bool under_way_ = false;
};

}  // namespace fundcore::machine
