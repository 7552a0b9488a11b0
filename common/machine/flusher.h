// Flusher: bounds the replay after a crash. When enough log was executed since the last time, every partition writes
// its changes back, the store is flushed, and the log is told what it need not replay any more.
//
// A flush has three steps: the new request ids of all partitions go into the store as one sorted run; each partition writes
// its changes back, on its executor, one partition a round, so that orders are held up for milliseconds only; the store is
// flushed on the flusher's own thread (production) or inline (simulation, where `blocking` is an executor like any other).
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
  // `every_bytes`: of log records executed between two flushes. `blocking` runs the store's flush: a thread of its own in production. All hosts outlive the flusher.
  Flusher(std::vector<HostBase*> hosts, Log* log, StateStore* store, Executor* blocking, uint64_t every_bytes)
      : hosts_(std::move(hosts)), log_(log), store_(store), blocking_(blocking), every_bytes_(every_bytes) {}

  // Checks twice a second of machine time whether a flush is due. On `blocking`.
  void Start();
  // Flushes now, after a flush that is under way; `done` runs on `blocking` when everything executed before this call is
  // durable in the store. On `blocking`.
  void FlushNow(absl::AnyInvocable<void(absl::Status)> done);

 private:
  struct Round;

  void Check();
  uint64_t Executed() const;
  void TakeIds(std::shared_ptr<Round> round);
  void WriteBackAll(std::shared_ptr<Round> round);
  void WriteBackFrom(std::shared_ptr<Round> round, Shard* shard, size_t next);
  void End(std::shared_ptr<Round> round);

  std::vector<HostBase*> hosts_;
  Log* log_;
  StateStore* store_;
  Executor* blocking_;
  const uint64_t every_bytes_;
  uint64_t flushed_at_ = 0;
  size_t shards_left_ = 0;
  std::shared_ptr<Round> under_way_;                                  // on `blocking`, as all that follows
  std::vector<absl::AnyInvocable<void(absl::Status)>> waiting_;       // flushes asked for meanwhile
};

}  // namespace fundcore::machine
