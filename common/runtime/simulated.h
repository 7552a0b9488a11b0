// SimWorld: executors in virtual time. Everything that a whole system does runs on the caller's thread, in an order that
// depends on the seed alone, so that a failing run can be repeated exactly and a day passes in milliseconds.
//
//   SimWorld world({.seed = 7, .start = morning, .shuffle = true});
//   SimExecutor* trade = world.MakeExecutor("trade-0");
//   trade->Post([] { ... });
//   world.RunUntilIdle();             // everything that can run now, and machine delays up to 10 s
//   world.AdvanceTo(fifteen_o_clock); // business time moves only by this
//   world.Kill(trade);                // a crash: its tasks and timers vanish
//   world.Pause(trade);               // SIGSTOP: its tasks and timers wait for Resume(trade); machine time goes on
//
// There are two clocks. Business time stands still except in AdvanceTo. Machine time (PostAfter: retries, polling,
// delays of the log or the network) moves by itself, but only when nothing else can run.
//
// Tasks of one executor keep their order. Between executors, tasks run in the order of posting, or, with `shuffle`, in an
// order drawn from the seed, which is how races between services are found.
//
// Not thread-safe: one thread makes, drives and destroys a world. It owns its executors.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "common/runtime/executor.h"
#include "common/runtime/random.h"

namespace fundcore {

class SimWorld;

// Made by SimWorld::MakeExecutor; valid until the world ends, killed or not.
class SimExecutor final : public Executor {
 public:
  TimePoint Now() const override;
  Duration MachineNow() const override;
  void Post(Task task) override;
  void PostAt(TimePoint when, Task task) override;
  void PostAfter(Duration delay, Task task) override;
  void AtRoundEnd(Task task) override;
  uint64_t Random() override { return random_.Next(); }

  const std::string& name() const { return name_; }
  bool alive() const { return alive_; }
  bool paused() const { return paused_; }

 private:
  friend class SimWorld;
  struct Ready {
    uint64_t seq;
    Task task;
  };
  SimExecutor(SimWorld* world, std::string name, uint64_t seed) : world_(world), name_(std::move(name)), random_(seed) {}

  SimWorld* const world_;
  const std::string name_;
  SeededRandom random_;
  std::deque<Ready> ready_;      // waits for the next round
  std::deque<Ready> round_;      // the rest of the present round
  std::vector<Task> round_end_;
  bool alive_ = true;
  bool paused_ = false;
  bool listed_ = false;          // in the world's list of executors with something to run
};

class SimWorld {
 public:
  struct Options {
    uint64_t seed = 1;
    TimePoint start;
    bool shuffle = false;
    // A run that takes more steps than this loops for ever: the process stops and says which executor it was at.
    uint64_t max_steps_per_run = 200'000'000;
  };
  explicit SimWorld(Options options);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  SimExecutor* MakeExecutor(std::string name);

  // Discards all tasks and timers of the executor, and everything posted to it from now on, as a crash would. May be
  // called from any task but one of the executor itself.
  void Kill(SimExecutor* executor);

  // The executor stops between two of its tasks, in mid-round where that is where it stands, as a process does that is sent
  // SIGSTOP. What is posted to it waits, and so do timers that come due, in their order; Now and MachineNow go on. May be
  // called from any task but one of the executor itself. A paused one counts as having nothing to run.
  void Pause(SimExecutor* executor);
  void Resume(SimExecutor* executor);

  // Runs what can run; when nothing can, lets machine time pass to the next delay, by at most `max_machine_time` in all.
  // Returns true when nothing is left to do, false where delays beyond the limit are still waiting (polling never ends).
  bool RunUntilIdle(Duration max_machine_time = Duration::Seconds(10));

  // The same, but stops as soon as `done()` holds. Returns whether it does.
  bool RunUntil(absl::FunctionRef<bool()> done, Duration max_machine_time = Duration::Seconds(10));

  // Moves business time to `when`, stopping at every timer on the way in order. At each stop, and at the end, what can run
  // does, with machine delays up to `machine_time_each`. A time that has passed only runs what is due.
  void AdvanceTo(TimePoint when, Duration machine_time_each = Duration::Seconds(1));

  // A crash is coming: after so many further tasks the world stops in mid-work, and RunUntilIdle, RunUntil and AdvanceTo
  // return at once, doing nothing, until Resume. What was to run stays where it is, for Kill to discard or Resume to go on
  // with. 0: at once.
  void StopAfter(uint64_t tasks) { stop_at_ = steps_ + tasks; }
  bool stopped() const { return steps_ >= stop_at_; }
  void Resume() { stop_at_ = UINT64_MAX; }

  TimePoint Now() const { return now_; }
  Duration MachineNow() const { return machine_now_; }
  // Tasks run so far.
  uint64_t steps() const { return steps_; }
  // A fingerprint of which executor ran when: equal seeds and equal programs give equal fingerprints.
  uint64_t trace_hash() const { return trace_hash_; }
  // For faults of logs, files and peers. Drawing from it is part of what the seed determines.
  SeededRandom& random() { return random_; }

 private:
  friend class SimExecutor;
  struct Timer {
    int64_t when;
    uint64_t seq;
    SimExecutor* executor;
    mutable Task task;
    bool operator<(const Timer& o) const { return when != o.when ? when > o.when : seq > o.seq; }
  };
  using Timers = std::priority_queue<Timer>;

  void MakeReady(SimExecutor* executor, Task task);
  void List(SimExecutor* executor);
  static void DropTimersOf(const SimExecutor* executor, Timers& timers);
  void FireDue(Timers& timers, int64_t now);
  bool RunOne();
  bool Run(absl::FunctionRef<bool()> done, Duration max_machine_time, bool* stopped);

  const Options options_;
  SeededRandom random_;
  std::vector<std::unique_ptr<SimExecutor>> executors_;
  std::vector<SimExecutor*> runnable_;
  SimExecutor* running_ = nullptr;
  Timers business_timers_;
  Timers machine_timers_;
  TimePoint now_;
  Duration machine_now_;
  uint64_t next_seq_ = 0;
  uint64_t steps_ = 0;
  uint64_t trace_hash_ = 0;
  uint64_t stop_at_ = UINT64_MAX;
};

}  // namespace fundcore
