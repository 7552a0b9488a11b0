// The queue of a simulated world. See simulated.h for the order it promises.
#include "common/runtime/simulated.h"

#include <algorithm>

#include "common/base/check.h"

namespace fundcore {

Duration SimExecutor::MachineNow() const { return world_->MachineNow(); }
TimePoint SimExecutor::Now() const { return world_->now_; }

void SimExecutor::Post(Task task) { world_->MakeReady(this, std::move(task)); }

void SimExecutor::PostAt(TimePoint when, Task task) {
  if (!alive_) return;
  if (when <= world_->now_) return world_->MakeReady(this, std::move(task));
  world_->business_timers_.push({when.raw(), world_->next_seq_++, this, std::move(task)});
}

void SimExecutor::PostAfter(Duration delay, Task task) {
  if (!alive_) return;
  if (delay <= Duration()) return world_->MakeReady(this, std::move(task));
  world_->machine_timers_.push({(world_->machine_now_ + delay).raw(), world_->next_seq_++, this, std::move(task)});
}

void SimExecutor::AtRoundEnd(Task task) {
  FC_CHECK(world_->running_ == this, "AtRoundEnd of ", name_, " was called from outside its tasks");
  round_end_.push_back(std::move(task));
}

SimWorld::SimWorld(Options options) : options_(options), random_(options.seed), now_(options.start) {}

SimWorld::~SimWorld() {
  // Tasks may hold things whose destructors post; dead executors swallow that.
  for (auto& executor : executors_) Kill(executor.get());
}

SimExecutor* SimWorld::MakeExecutor(std::string name) {
  executors_.push_back(std::unique_ptr<SimExecutor>(new SimExecutor(this, std::move(name), random_.Next())));
  return executors_.back().get();
}

void SimWorld::Kill(SimExecutor* executor) {
  FC_CHECK(running_ != executor, "executor ", executor->name_, " was killed by one of its own tasks");
  if (!executor->alive_) return;
  executor->alive_ = false;
  std::erase(runnable_, executor);
  executor->listed_ = false;
  // Moved out first: destroying a task may run code that posts or looks at the executor.
  auto ready = std::move(executor->ready_);
  auto round = std::move(executor->round_);
  auto ending = std::move(executor->round_end_);
  executor->ready_.clear();
  executor->round_.clear();
  executor->round_end_.clear();
  DropTimersOf(executor, business_timers_);
  DropTimersOf(executor, machine_timers_);
}

void SimWorld::Pause(SimExecutor* executor) {
  FC_CHECK(running_ != executor, "executor ", executor->name_, " was paused by one of its own tasks");
  if (!executor->alive_ || executor->paused_) return;
  executor->paused_ = true;
  std::erase(runnable_, executor);
  executor->listed_ = false;
}

void SimWorld::Resume(SimExecutor* executor) {
  if (!executor->paused_) return;
  executor->paused_ = false;
  if (executor->alive_ && !(executor->ready_.empty() && executor->round_.empty())) List(executor);
}

void SimWorld::DropTimersOf(const SimExecutor* executor, Timers& timers) {
  std::vector<Timer> gone, kept;
  for (; !timers.empty(); timers.pop()) {
    const Timer& top = timers.top();
    (top.executor == executor ? gone : kept).push_back({top.when, top.seq, top.executor, std::move(top.task)});
  }
  for (Timer& t : kept) timers.push(std::move(t));
}

void SimWorld::List(SimExecutor* executor) {
  if (executor->listed_ || executor->paused_) return;
  executor->listed_ = true;
  runnable_.push_back(executor);
}

void SimWorld::MakeReady(SimExecutor* executor, Task task) {
  if (!executor->alive_) return;
  executor->ready_.push_back({next_seq_++, std::move(task)});
  List(executor);
}

void SimWorld::FireDue(Timers& timers, int64_t now) {
  while (!timers.empty() && timers.top().when <= now) {
    SimExecutor* executor = timers.top().executor;
    Task task = std::move(timers.top().task);
    timers.pop();
    MakeReady(executor, std::move(task));
  }
}

// One task of one executor, and the end of its round where that was the last one. False where nothing can run.
bool SimWorld::RunOne() {
  if (runnable_.empty()) return false;
  size_t chosen = 0;
  if (options_.shuffle) {
    chosen = random_.Below(runnable_.size());
  } else {
    const auto front = [](const SimExecutor* e) {
      return e->round_.empty() ? e->ready_.front().seq : e->round_.front().seq;
    };
    for (size_t i = 1; i < runnable_.size(); ++i) {
      if (front(runnable_[i]) < front(runnable_[chosen])) chosen = i;
    }
  }
  SimExecutor* executor = runnable_[chosen];
  if (executor->round_.empty()) executor->round_.swap(executor->ready_);

  ++steps_;
  trace_hash_ = (trace_hash_ ^ executor->round_.front().seq) * 0x100000001b3ull + executor->round_.size();
  FC_CHECK(running_ == nullptr, "a task of ", running_ ? running_->name_ : "", " drove the world that runs it");
  running_ = executor;
  {
    Task task = std::move(executor->round_.front().task);
    executor->round_.pop_front();
    task();
  }
  while (executor->round_.empty() && !executor->round_end_.empty()) {
    std::vector<Task> ending;
    ending.swap(executor->round_end_);
    for (Task& task : ending) {
      task();
      task = nullptr;
    }
  }
  running_ = nullptr;

  if (executor->round_.empty() && executor->ready_.empty()) {
    executor->listed_ = false;
    std::erase(runnable_, executor);
  }
  return true;
}

bool SimWorld::Run(absl::FunctionRef<bool()> done, Duration max_machine_time, bool* stopped) {
  const Duration limit = machine_now_ + max_machine_time;
  const uint64_t first_step = steps_;
  *stopped = false;
  for (;;) {
    if (done()) {
      *stopped = true;
      return false;
    }
    if (this->stopped()) return false;
    if (RunOne()) {
      FC_CHECK(steps_ - first_step <= options_.max_steps_per_run, "the simulated world does not come to rest after ",
               steps_ - first_step, " steps; something posts without end");
      continue;
    }
    if (machine_timers_.empty()) return true;
    const Duration next = Duration::Micros(machine_timers_.top().when);
    if (next > limit) {
      machine_now_ = limit;
      return false;
    }
    machine_now_ = std::max(machine_now_, next);
    FireDue(machine_timers_, machine_now_.raw());
  }
}

bool SimWorld::RunUntilIdle(Duration max_machine_time) {
  bool stopped;
  return Run([] { return false; }, max_machine_time, &stopped);
}

bool SimWorld::RunUntil(absl::FunctionRef<bool()> done, Duration max_machine_time) {
  bool stopped;
  Run(done, max_machine_time, &stopped);
  return stopped;
}

void SimWorld::AdvanceTo(TimePoint when, Duration machine_time_each) {
  RunUntilIdle(machine_time_each);
  while (!stopped() && !business_timers_.empty() && business_timers_.top().when <= when.raw()) {
    now_ = std::max(now_, TimePoint::FromRaw(business_timers_.top().when));
    FireDue(business_timers_, now_.raw());
    RunUntilIdle(machine_time_each);
  }
  if (stopped() || when <= now_) return;
  now_ = when;
  RunUntilIdle(machine_time_each);
}

}  // namespace fundcore
