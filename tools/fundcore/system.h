// System: the five services (and, where wanted, the simulated bank) assembled over whatever executors, log, store, peers
// and files they are given. `fundcore serve`, day scripts, the simulator and the replay check all assemble here.
//
//   System system(parts);                          // machines and handlers exist; nothing runs
//   FC_RETURN_IF_ERROR(system.Recover());           // states loaded, readers registered
//   FC_RETURN_IF_ERROR(log->Start());               // replay
//   system.WhenServing([](absl::Status s) { … });                    // all owned, workers started
//
// Where partitions are shared with other processes:
//
//   system.WhenReady([](absl::Status s) { … });                      // played, workers started; nothing owned yet
//   ownership->Start([&](LogPartition p, bool granted) { system.SetOwned(p, granted); });
//
// Life cycle: the parts outlive the system; executors are stopped before it is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/machine/flusher.h"
#include "common/machine/service.h"
#include "common/rpc/handlers.h"
#include "tools/fundcore/clock_machine.h"

namespace fundcore {

struct SystemParts {
  ServiceDeps deps;
  Executor* blocking = nullptr;         // runs store flushes
  uint64_t flush_every_bytes = 128u << 20;  // of log executed
  bool simulated_bank = true;
  // The services of this process; empty: all. The clock's partition is in every process.
  std::set<ServiceId> roles;
  bool bank_generous = false;           // cards hold what is asked for unless FundCard was called
  bool steered = false;
  // Moves the business clock; set where it is steered.
  std::function<void(TimePoint)> set_clock;
  // What a real clock thinks of the wall clock, and how it follows it after all; set where it is real. Any thread.
  std::function<absl::Status()> clock_health;
  std::function<void()> accept_clock;
  // The log goes up to this stamp: business time must not be earlier. Set where the clock is real.
  std::function<void(TimePoint)> not_before;
  // Writes a checkpoint of this name, of everything flushed. On `blocking`.
  std::function<absl::Status(const std::string& name)> checkpoint;
  // Runs the callback once every process shows this time, after a steered clock was moved; set where there are several.
  std::function<void(TimePoint, absl::AnyInvocable<void(absl::Status)>)> when_all_show;
  // Completes a checkpoint that was written; `done` answers the one who asked. May be unset: it is complete as it is. On
  // `blocking`, which it must not hold up.
  std::function<void(const std::string& name, absl::AnyInvocable<void(absl::Status)> done)> complete_checkpoint;
  // Hears of trouble that people should know of. Any executor.
  std::function<void(const std::string&)> tell;
};

class System {
 public:
  explicit System(const SystemParts& parts);
  ~System();

  rpc::Handlers* handlers() { return &handlers_; }
  absl::Status Recover();
  // `done(OK)` runs on an executor once every partition is served and all workers were started; `done(error)` where the data
  // belongs to the other kind of clock, and nothing was started.
  void WhenServing(absl::AnyInvocable<void(absl::Status)> done);
  // The same for a process that owns only what it is granted: `done(OK)` once it has played what stood in the log at this
  // call and its workers were started.
  void WhenReady(absl::AnyInvocable<void(absl::Status)> done);
  // The partition is to be owned by this process, or not any more. Any thread; after WhenReady.
  void SetOwned(LogPartition partition, bool granted);
  // Whether this process owns the partition. Any thread.
  bool Serves(LogPartition partition);
  // Upgrades every partition that is served here; `done` with how many are at this version then. Any thread.
  void Upgrade(uint32_t version, absl::AnyInvocable<void(uint32_t)> done);
  // Tells of each partition that is served from now on, or not any more, with the epoch in force; on its executor. Before
  // Recover.
  void OnServing(std::function<void(LogPartition, bool serving, uint64_t epoch)> hook);
  bool serving() const { return serving_.load(); }

  machine::Flusher& flusher() { return *flusher_; }
  const machine::Gate& gate() const { return gate_; }
  std::vector<machine::HostBase*> hosts();
  // The latest stamp in the recovered states; the log's own end may be a little later. After Recover.
  TimePoint LastStamp();
  // Service, number of partitions: how the log is laid out. The same for the life of a data folder.
  static std::vector<std::pair<ServiceId, uint16_t>> Layout(const ServiceDeps& deps);
  static std::string_view Version();

 private:
  machine::HostBase* HostOf(ServiceId service);
  void StartServices();
  void RegisterAdmin();
  void CheckClock();
  void WatchClock();
  void CollectLastStamp(absl::AnyInvocable<void(TimePoint)> done);
  void LogAccepted(AcceptClock command, absl::AnyInvocable<void(absl::Status)> done);

  SystemParts parts_;
  machine::Gate gate_;
  rpc::Handlers handlers_;
  std::unique_ptr<machine::Host<ClockMachine>> clock_host_;
  std::vector<std::unique_ptr<Service>> services_;
  std::unique_ptr<machine::Flusher> flusher_;
  std::atomic<bool> serving_{false};
};

}  // namespace fundcore
