// Flusher: bounds the replay after a crash. When enough log was executed since the last time, every partition writes
// its changes back, the store is flushed, and the log is told what it need not replay any more.
//
// A flush has three steps: the new request ids of all partitions go into the store as one sorted run; each partition writes
// its changes back, on its executor, one partition a round, so that orders are held up for milliseconds only; the store is
// flushed on the flusher's own thread (production) or inline (simulation, where `blocking` is an executor like any other).
//
// A full disk is waited for: no flush begins while the store is not Ready, and where too much has been executed since the
// last one (kHoldAfter times the usual), the gate is closed until a flush has gone through, so that memory stays bounded.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "common/log/log.h"
#include "common/machine/host.h"
#include "common/store/store.h"

namespace fundcore::machine {

class Flusher {
 public:
  // `every_bytes`: of log records executed between two flushes. `blocking` runs the store's flush: a thread of its own in production. All hosts outlive the flusher.
  // `gate` may be null; it outlives the flusher, too.
  Flusher(std::vector<HostBase*> hosts, Log* log, StateStore* store, Executor* blocking, uint64_t every_bytes,
          Gate* gate = nullptr)
      : hosts_(std::move(hosts)), log_(log), store_(store), blocking_(blocking), every_bytes_(every_bytes), gate_(gate) {}

  // Flushes that may be missed before nothing new is taken.
  static constexpr uint64_t kHoldAfter = 4;

  // Hears, on an executor, when the disk is full and when it has room again. Before Start.
  void OnTrouble(std::function<void(const std::string&)> tell) { tell_ = std::move(tell); }
  // Checks twice a second of machine time whether a flush is due. On `blocking`.
  void Start();
  // The process ends: a flush that finds the disk full gives up instead of waiting; the log is replayed. On `blocking`.
  void Abandon() { abandoned_ = true; }
  // Flushes now, after a flush that is under way; `done` runs on `blocking` when everything executed before this call is
  // durable in the store. On `blocking`.
  void FlushNow(absl::AnyInvocable<void(absl::Status)> done);

 private:
  struct Round;

  void Check();
  void Watch();
  void Begin(std::shared_ptr<Round> round);
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
  Gate* const gate_;
  uint64_t flushed_at_ = 0;    // bytes executed when the last flush began
  std::atomic<uint64_t> durable_at_{0};  // and when the last one that went through began
  std::function<void(const std::string&)> tell_;
  bool abandoned_ = false;
  bool told_ = false;          // that the disk is full; of Watch
  size_t shards_left_ = 0;
  std::shared_ptr<Round> under_way_;                                  // on `blocking`, as all that follows
  std::vector<absl::AnyInvocable<void(absl::Status)>> waiting_;       // flushes asked for meanwhile
};

}  // namespace fundcore::machine
