// The loop of an executor thread: sleep until there is work, take all of it, run it, run the end of the round.
#include "common/runtime/threads.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "common/base/check.h"

namespace fundcore {

namespace {
// No sleep is longer, so that a clock whose wait was estimated long ago is asked again.
constexpr int64_t kLongestSleepMicros = 60'000'000;

thread_local const ThreadExecutor* t_current = nullptr;
}  // namespace

ThreadExecutor::ThreadExecutor(std::string name, Clock* clock)
    : name_(std::move(name)), clock_(clock), random_(std::random_device{}()) {
  clock_subscription_ = clock_->Subscribe([this] {
    std::lock_guard lock(mu_);
    look_again_ = true;
    if (asleep_) wake_.notify_one();
  });
  thread_ = std::thread([this] { Loop(); });
  pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
}

ThreadExecutor::~ThreadExecutor() { Stop(); }

bool ThreadExecutor::IsCurrent() const { return t_current == this; }

void ThreadExecutor::Post(Task task) {
  std::unique_lock lock(mu_);
  if (stopping_) {
    lock.unlock();  // the task is destroyed without the lock: its destructor may post
    return;
  }
  queue_.push_back(std::move(task));
  if (asleep_) wake_.notify_one();
}

void ThreadExecutor::AddTimer(Timers& timers, int64_t when, Task task) {
  std::unique_lock lock(mu_);
  if (stopping_) {
    lock.unlock();
    return;
  }
  timers.push(Timer{when, next_seq_++, std::move(task)});
  look_again_ = true;
  if (asleep_) wake_.notify_one();
}

void ThreadExecutor::PostAt(TimePoint when, Task task) { AddTimer(business_timers_, when.raw(), std::move(task)); }

void ThreadExecutor::PostAfter(Duration delay, Task task) {
  AddTimer(machine_timers_, MonotonicMicros() + delay.raw(), std::move(task));
}

void ThreadExecutor::AtRoundEnd(Task task) {
  FC_CHECK(IsCurrent(), "AtRoundEnd of ", name_, " was called from another thread");
  round_end_.push_back(std::move(task));
}

uint64_t ThreadExecutor::Random() {
  FC_CHECK(IsCurrent(), "Random of ", name_, " was called from another thread");
  return random_.Next();
}

size_t ThreadExecutor::Waiting() const {
  std::lock_guard lock(mu_);
  return queue_.size();
}

void ThreadExecutor::Stop() {
  FC_CHECK(!IsCurrent(), "executor ", name_, " was stopped by one of its own tasks");
  std::lock_guard join_lock(join_mu_);
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mu_);
    stopping_ = true;
    if (asleep_) wake_.notify_one();
  }
  thread_.join();
  clock_->Unsubscribe(clock_subscription_);
  Timers business, machine;  // destroyed without the lock
  {
    std::lock_guard lock(mu_);
    business.swap(business_timers_);
    machine.swap(machine_timers_);
  }
}

void ThreadExecutor::TakeDue(Timers& timers, int64_t now, std::vector<Task>& round) {
  while (!timers.empty() && timers.top().when <= now) {
    round.push_back(std::move(timers.top().task));
    timers.pop();
  }
}

// Returns as soon as there is a task, a due timer, or the order to stop.
void ThreadExecutor::WaitForWork(std::unique_lock<std::mutex>& lock) {
  while (queue_.empty() && !stopping_) {
    int64_t sleep = kLongestSleepMicros;
    if (!machine_timers_.empty()) sleep = std::min(sleep, machine_timers_.top().when - MonotonicMicros());
    if (!business_timers_.empty()) {
      const auto left = clock_->Until(TimePoint::FromRaw(business_timers_.top().when));
      if (left) sleep = std::min(sleep, left->raw());
    }
    if (sleep <= 0) return;
    look_again_ = false;
    asleep_ = true;
    wake_.wait_for(lock, std::chrono::microseconds(sleep),
                   [this] { return !queue_.empty() || stopping_ || look_again_; });
    asleep_ = false;
  }
}

void ThreadExecutor::Loop() {
  t_current = this;
  std::vector<Task> round;
  std::vector<Task> ending;
  for (;;) {
    {
      std::unique_lock lock(mu_);
      WaitForWork(lock);
      round.swap(queue_);
      if (stopping_) {
        if (round.empty()) return;
      } else {
        if (!business_timers_.empty()) TakeDue(business_timers_, clock_->Now().raw(), round);
        if (!machine_timers_.empty()) TakeDue(machine_timers_, MonotonicMicros(), round);
      }
    }
    for (Task& task : round) {
      std::move(task)();
      task = nullptr;  // what it held is let go in the order of running
    }
    round.clear();
    while (!round_end_.empty()) {  // the end of a round may itself register for the end of the round
      ending.swap(round_end_);
      for (Task& task : ending) {
        std::move(task)();
        task = nullptr;
      }
      ending.clear();
    }
  }
}

}  // namespace fundcore
