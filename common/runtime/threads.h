// ThreadExecutor: an executor that is one thread. Partitions are dealt out over a few of these in production.
//
//   ThreadExecutor executor("trade-0", &clock);
//   executor.Post([] { ... });
//   executor.Stop();    // what was posted before has run, the thread has ended
//
// Life cycle: the thread starts with the object and ends with Stop or the destructor. Tasks posted before Stop run; tasks
// posted after it, and timers that were not due, are destroyed unrun. Posting takes a short lock; a round takes everything
// that waits out of the queue under one lock, so posting is cheap while the executor is busy. An exception that leaves a
// task ends the process.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <vector>

#include "common/runtime/clock.h"
#include "common/runtime/executor.h"
#include "common/runtime/random.h"

namespace fundcore {

class ThreadExecutor final : public Executor {
 public:
  // `name` shows in debuggers and top (its first 15 bytes). The clock must outlive the executor.
  ThreadExecutor(std::string name, Clock* clock);
  ~ThreadExecutor() override;
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  TimePoint Now() const override { return clock_->Now(); }
  Duration MachineNow() const override { return Duration::Micros(MonotonicMicros()); }
  void Post(Task task) override;
  void PostAt(TimePoint when, Task task) override;
  void PostAfter(Duration delay, Task task) override;
  void AtRoundEnd(Task task) override;
  uint64_t Random() override;

  // Runs what is queued, refuses the rest, and waits for the thread to end. Any thread but this one; may be repeated.
  void Stop();

  // True on the executor's own thread.
  bool IsCurrent() const;
  // Tasks waiting for the next round, timers left out: a measure of load. Any thread.
  size_t Waiting() const;
  const std::string& name() const { return name_; }

 private:
  struct Timer {
    int64_t when;  // microseconds of its clock
    uint64_t seq;  // equal times fire in the order of posting
    mutable Task task;
    bool operator<(const Timer& o) const { return when != o.when ? when > o.when : seq > o.seq; }
  };
  using Timers = std::priority_queue<Timer>;

  void Loop();
  void WaitForWork(std::unique_lock<std::mutex>& lock);
  static void TakeDue(Timers& timers, int64_t now, std::vector<Task>& round);
  void AddTimer(Timers& timers, int64_t when, Task task);

  const std::string name_;
  Clock* const clock_;

  mutable std::mutex mu_;
  std::condition_variable wake_;
  std::vector<Task> queue_;
  Timers business_timers_;
  Timers machine_timers_;
  uint64_t next_seq_ = 0;
  bool asleep_ = false;       // the thread waits: whoever brings work wakes it
  bool look_again_ = false;   // a timer was added or the clock jumped: how long to sleep has changed
  bool stopping_ = false;

  std::vector<Task> round_end_;  // own thread only
  SeededRandom random_;          // own thread only

  uint64_t clock_subscription_ = 0;
  std::mutex join_mu_;
  std::thread thread_;  // last: starts when everything else is ready
};

}  // namespace fundcore
