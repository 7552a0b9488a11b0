// ThreadExecutor: order, rounds, timers on two clocks, and how it stops.
#include "common/runtime/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace fundcore {
namespace {

// Waits until everything posted to the executor before this call has run.
void Settle(ThreadExecutor& executor) {
  std::promise<void> done;
  executor.Post([&] { done.set_value(); });
  done.get_future().wait();
}

TEST(ThreadExecutor, RunsInOrderOfPostingFromEachThread) {
  SteeredClock clock(TimePoint::FromRaw(0));
  ThreadExecutor executor("order", &clock);
  constexpr int kThreads = 4, kEach = 5000;
  std::vector<int> seen[kThreads];  // touched by the executor alone
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) executor.Post([&seen, t, i] { seen[t].push_back(i); });
    });
  }
  for (auto& t : threads) t.join();
  executor.Stop();
  for (const auto& s : seen) {
    ASSERT_EQ(s.size(), static_cast<size_t>(kEach));
    for (int i = 0; i < kEach; ++i) ASSERT_EQ(s[i], i);
  }
}

TEST(ThreadExecutor, EndOfRoundComesAfterAllTasksOfTheRound) {
  SteeredClock clock(TimePoint::FromRaw(0));
  ThreadExecutor executor("round", &clock);
  std::vector<std::string> seen;
  std::promise<void> go;
  executor.Post([wait = go.get_future().share()] { wait.wait(); });  // so that the next tasks share a round
  executor.Post([&] {
    seen.push_back("a");
    executor.AtRoundEnd([&] {
      seen.push_back("end");
      executor.AtRoundEnd([&] { seen.push_back("end of end"); });
    });
    executor.Post([&] { seen.push_back("next round"); });
  });
  executor.Post([&] { seen.push_back("b"); });
  go.set_value();
  Settle(executor);
  executor.Stop();
  // "next round" was posted during the round, and so comes after its end. Stop runs what was posted before it.
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "end", "end of end", "next round"}));
}

TEST(ThreadExecutor, BusinessTimersFireWhenTheSteeredClockGetsThere) {
  SteeredClock clock(TimePoint::FromRaw(0));
  ThreadExecutor executor("timers", &clock);
  std::atomic<int> early{0};
  std::promise<TimePoint> fired;
  executor.PostAt(TimePoint::FromRaw(2'000'000), [&] { fired.set_value(executor.Now()); });
  executor.PostAt(TimePoint::FromRaw(1'000'000), [&] { ++early; });
  Settle(executor);
  EXPECT_EQ(early, 0);
  ASSERT_TRUE(clock.Set(TimePoint::FromRaw(1'500'000)).ok());
  while (early == 0) std::this_thread::yield();
  ASSERT_TRUE(clock.Set(TimePoint::FromRaw(2'000'000)).ok());
  EXPECT_EQ(fired.get_future().get().raw(), 2'000'000);
}

TEST(ThreadExecutor, BusinessTimersFireByTheRealClock) {
  RealClock clock({});
  ThreadExecutor executor("real", &clock);
  const TimePoint when = clock.Now() + Duration::Millis(20);
  std::promise<TimePoint> fired;
  executor.PostAt(when, [&] { fired.set_value(executor.Now()); });
  EXPECT_GE(fired.get_future().get(), when);
}

TEST(ThreadExecutor, MachineDelaysPassWhileTheBusinessClockStands) {
  SteeredClock clock(TimePoint::FromRaw(0));
  ThreadExecutor executor("delay", &clock);
  std::vector<int> order;
  std::promise<void> done;
  const int64_t began = MonotonicMicros();
  executor.PostAfter(Duration::Millis(30), [&] {
    order.push_back(2);
    done.set_value();
  });
  executor.PostAfter(Duration::Millis(10), [&] { order.push_back(1); });
  done.get_future().wait();
  EXPECT_GE(MonotonicMicros() - began, 30'000);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(ThreadExecutor, StopRunsWhatWaitsAndDropsTheRest) {
  SteeredClock clock(TimePoint::FromRaw(0));
  ThreadExecutor executor("stop", &clock);
  int ran = 0;
  auto held = std::make_shared<int>(1);
  for (int i = 0; i < 100; ++i) executor.Post([&] { ++ran; });
  executor.PostAt(TimePoint::FromRaw(1), [held] { FAIL(); });
  executor.Stop();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(held.use_count(), 1);  // the timer was destroyed
  executor.Post([held] { FAIL(); });
  executor.PostAfter(Duration(), [held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 1);
  executor.Stop();  // again is fine
  EXPECT_TRUE(clock.Set(TimePoint::FromRaw(5)).ok());
}

TEST(ThreadExecutor, TwoExecutorsPlayPingPong) {
  SteeredClock clock(TimePoint::FromRaw(0));
  ThreadExecutor a("ping", &clock), b("pong", &clock);
  std::promise<int> done;
  std::function<void(int)> ping = [&](int n) {
    if (n == 20'000) return done.set_value(n);
    b.Post([&, n] { a.Post([&, n] { ping(n + 1); }); });
  };
  a.Post([&] { ping(0); });
  EXPECT_EQ(done.get_future().get(), 20'000);
}

TEST(ThreadExecutorDeath, RefusesToStopItself) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        SteeredClock clock(TimePoint::FromRaw(0));
        ThreadExecutor executor("self", &clock);
        executor.Post([&] { executor.Stop(); });
        Settle(executor);
      },
      "stopped by one of its own tasks");
}

}  // namespace
}  // namespace fundcore
