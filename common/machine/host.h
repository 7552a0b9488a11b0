// Host: all partitions of one service in this process, each on its executor, and the traffic between them and the log.
//
//   machine::Host<AccountMachine> host({ServiceId::kAccount, 32, executors, log, store, owner});
//   host.Recover();                    // loads states, registers with the log; before log->Start()
//   host.WhenServing([] { … });        // after replay: takes ownership of all, then calls back
//   host.Grant(partition);             // or, where owners change: of one; Revoke gives it up
//   host.On(partition, [&](Partition<AccountMachine>& p) { p.Submit(Deposit{…}, [](const Result& r) { … }); });
//
// Partition p of every service lives on executor p modulo the number of executors, so that a batch stays together on its
// way through trade, account and risk.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/machine/gate.h"
#include "common/machine/partition.h"
#include "common/runtime/executor.h"
#include "common/store/store.h"

namespace fundcore::machine {

struct HostOptions {
  ServiceId service;
  uint16_t partitions = 1;            // fixed when the data folder is created
  std::vector<Executor*> executors;
  Log* log = nullptr;
  StateStore* store = nullptr;
  uint64_t owner = 0;                 // this process, drawn at random
  int appends_in_flight = 4;          // a shard joins what waits into one append while this many are under way
  size_t max_waiting = 200'000;       // items a shard holds before it asks callers to come back later
  uint32_t supports = kMachineVersion;  // the newest machine version that this process plays; less only in trials of upgrades
  bool leased = false;                // other processes may take partitions over: reads ask the log (partition.h)
};

// All partitions of one service on one executor. The machine-independent side.
class Shard {
 public:
  Shard(Executor* executor, Log* log, const HostOptions& options)
      : executor_(executor), log_(log), appends_limit_(options.appends_in_flight), max_waiting_(options.max_waiting) {}

  Executor* executor() const { return executor_; }
  std::vector<std::unique_ptr<PartitionBase>>& partitions() { return partitions_; }

  // True where callers should be told to come back later.
  bool overloaded() const;
  // At the end of this round, pending commands go to the log. Called by whoever submits.
  void Wake();
  void Play(PartitionBase* partition, std::span<const LogRecord> records);
  // Runs at the end of each round in which commands were executed: workers look for new to-dos here.
  void OnExecuted(absl::AnyInvocable<void()> hook) { hooks_.push_back(std::move(hook)); }
  // Takes ownership of the partitions once they have played all there is; calls back when all are served.
  void Own(absl::AnyInvocable<void()> done);
  // From now on this process is to own the partition, or not any more. On the executor.
  void Want(PartitionBase* partition, bool wanted);
  // While the gate is closed for the clock, nothing is appended. Before anything runs; the gate outlives the shard.
  void UseGate(const Gate* gate) { gate_ = gate; }
  // Bytes of log records executed so far. Any thread.
  uint64_t executed_bytes() const { return executed_bytes_.load(std::memory_order_relaxed); }

 private:
  // An append under way or waiting to be repeated.
  struct Flight {
    std::vector<AppendItem> items;
    bool returned = false;
    absl::Status status;
  };

  void RoundEnd();
  void Claim();
  void LearnEnd(PartitionBase* partition);
  bool IsActive(LogPartition id) const;
  void Append(std::vector<AppendItem> items);
  void Landed();

  Executor* executor_;
  Log* log_;
  const int appends_limit_;
  const size_t max_waiting_;
  const Gate* gate_ = nullptr;
  std::vector<std::unique_ptr<PartitionBase>> partitions_;
  std::vector<absl::AnyInvocable<void()>> hooks_;
  std::vector<absl::AnyInvocable<void()>> owned_;
  bool awake_ = false;
  bool played_ = false;
  std::deque<std::shared_ptr<Flight>> flights_;  // in order of appending
  bool repeating_ = false;
  bool claims_later_ = false;
  std::atomic<uint64_t> executed_bytes_{0};
};

// What the flusher and operators need of any service.
class HostBase {
 public:
  explicit HostBase(const HostOptions& options);
  virtual ~HostBase() = default;
  HostBase(const HostBase&) = delete;

  ServiceId service() const { return options_.service; }
  uint16_t partitions() const { return options_.partitions; }
  std::vector<std::unique_ptr<Shard>>& shards() { return shards_; }
  Shard& ShardOf(PartitionId p) { return *shards_[p.raw() % shards_.size()]; }
  Executor* ExecutorOf(PartitionId p) { return ShardOf(p).executor(); }
  bool Has(PartitionId p) const { return p.raw() < options_.partitions; }

  // Before anything runs; see Shard::UseGate and HeldBack.
  void UseGate(const Gate* gate) {
    gate_ = gate;
    for (auto& s : shards_) s->UseGate(gate);
  }
  const Gate* gate() const { return gate_; }
  // The gate was opened: what waited goes to the log. Any thread.
  void Resume() {
    for (auto& s : shards_) s->executor()->Post([shard = s.get()] { shard->Wake(); });
  }

  // Loads every partition's state and registers it with the log. Before Log::Start, off the executors.
  absl::Status Recover();
  // Runs `done` once replay has reached the end the log had, ownership was taken and all partitions are served. After
  // Log::Start. `done` runs on an executor.
  void WhenServing(absl::AnyInvocable<void()> done);
  // Runs `done` once all partitions have played what stood in the log at this call. After Log::Start; on an executor.
  void WhenPlayed(absl::AnyInvocable<void()> done);

  // The partition is to be owned by this process, or not any more. Any thread.
  void Grant(PartitionId p) { Want(p, true); }
  void Revoke(PartitionId p) { Want(p, false); }
  // Logs that the partition's machine does as of this version from here on; `done(true)` once that is executed. Earlier
  // versions and the present one change nothing. Whoever asks has seen to it that every player supports it: one that does
  // not stops there. `done(false)`: it is not served here. From the partition's executor.
  void Upgrade(PartitionId p, uint32_t version, absl::AnyInvocable<void(bool)> done) {
    Base(p)->Upgrade(version, std::move(done));
    ShardOf(p).Wake();
  }
  // Whether this process owns the partition. Any thread.
  bool Serves(PartitionId p) { return Has(p) && Base(p)->serving(); }
  // The epoch in force, as played. On the partition's executor.
  uint64_t EpochOf(PartitionId p) { return Base(p)->state().meta.epoch; }
  // The latest stamp, as played. On the partition's executor.
  TimePoint LastStamp(PartitionId p) { return Base(p)->state().meta.now; }
  // Runs on a partition's executor whenever it is served from now on, or not any more. Before anything runs.
  void OnServing(std::function<void(PartitionId, bool)> hook);

 protected:
  void Want(PartitionId p, bool wanted) {
    Shard* shard = &ShardOf(p);
    shard->executor()->Post([shard, base = Base(p), wanted] { shard->Want(base, wanted); });
  }
  PartitionBase* Base(PartitionId p) {
    FC_CHECK(Has(p), "partition ", p.raw(), " of ", options_.partitions);
    return ShardOf(p).partitions()[p.raw() / shards_.size()].get();
  }
  HostOptions options_;
  const Gate* gate_ = nullptr;
  std::vector<std::unique_ptr<Shard>> shards_;
};

template <class M>
class Host : public HostBase {
 public:
  template <class... MachineArgs>
  explicit Host(const HostOptions& options, const MachineArgs&... args) : HostBase(options) {
    for (uint16_t p = 0; p < options.partitions; ++p) {
      Shard& shard = ShardOf(PartitionId(p));
      shard.partitions().push_back(std::make_unique<Partition<M>>(
          options.store, LogPartition{options.service, PartitionId(p)}, shard.executor(), options.owner,
          PlayOptions{options.leased, options.supports}, args...));
    }
  }

  // The partition itself: only from its executor.
  Partition<M>& At(PartitionId p) { return static_cast<Partition<M>&>(*Base(p)); }

  // Runs `f(Partition<M>&)` on the partition's executor, not before it is known that what it reads there is the latest,
  // where the partition is served. Any thread.
  template <class F>
  void On(PartitionId p, F f) {
    ExecutorOf(p)->Post([this, p, f = std::move(f)]() mutable {
      At(p).WhenFresh([this, p, f = std::move(f)]() mutable { f(At(p)); });
      if (At(p).wants_tick()) ShardOf(p).Wake();
    });
  }

  // Submits from the partition's executor and wakes the shard.
  template <class C, class F>
  void Submit(PartitionId p, const C& command, F done) {
    At(p).Submit(command, std::move(done));
    ShardOf(p).Wake();
  }
  template <class C>
  void Submit(PartitionId p, const C& command) {
    Submit(p, command, [](const typename M::Result&) {});
  }
};

// Counts down to one callback: for a batch whose items end on several executors. Deletes itself. The pointer plus an index
// fits a callback without allocation.
class Gather {
 public:
  // `count` at least 1.
  static Gather* New(size_t count, absl::AnyInvocable<void()> done) { return new Gather(count, std::move(done)); }
  void One() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      done_();
      delete this;
    }
  }

 private:
  Gather(size_t count, absl::AnyInvocable<void()> done) : left_(count), done_(std::move(done)) {}
  std::atomic<size_t> left_;
  absl::AnyInvocable<void()> done_;
};

}  // namespace fundcore::machine
