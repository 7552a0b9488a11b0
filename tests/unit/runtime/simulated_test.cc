// SimWorld: virtual time, rounds, crashes, and the same order for the same seed.
#include "common/runtime/simulated.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace fundcore {
namespace {

TEST(SimWorld, WithoutShufflingTasksRunInOrderOfPosting) {
  SimWorld world({.seed = 1});
  SimExecutor* a = world.MakeExecutor("a");
  SimExecutor* b = world.MakeExecutor("b");
  std::string seen;
  a->Post([&] { seen += "1"; b->Post([&] { seen += "4"; }); });
  b->Post([&] { seen += "2"; });
  a->Post([&] { seen += "3"; });
  EXPECT_TRUE(world.RunUntilIdle());
  EXPECT_EQ(seen, "1234");
}

TEST(SimWorld, RoundEndsLikeOnAThread) {
  SimWorld world({.seed = 1});
  SimExecutor* a = world.MakeExecutor("a");
  std::string seen;
  a->Post([&] {
    seen += "1";
    a->AtRoundEnd([&] { seen += "E"; a->AtRoundEnd([&] { seen += "F"; }); });
    a->Post([&] { seen += "3"; });
  });
  a->Post([&] { seen += "2"; });
  world.RunUntilIdle();
  EXPECT_EQ(seen, "12EF3");
}

TEST(SimWorld, BusinessTimeMovesOnlyByAdvanceAndStopsAtEveryTimer) {
  SimWorld world({.seed = 1, .start = TimePoint::FromRaw(100)});
  SimExecutor* a = world.MakeExecutor("a");
  std::vector<int64_t> at;
  a->PostAt(TimePoint::FromRaw(300), [&] { at.push_back(a->Now().raw()); });
  a->PostAt(TimePoint::FromRaw(200), [&] {
    at.push_back(a->Now().raw());
    a->PostAt(TimePoint::FromRaw(250), [&] { at.push_back(a->Now().raw()); });
  });
  a->PostAt(TimePoint::FromRaw(50), [&] { at.push_back(a->Now().raw()); });  // past: at once
  a->PostAt(TimePoint::FromRaw(401), [&] { FAIL(); });
  world.RunUntilIdle();
  EXPECT_EQ(at, (std::vector<int64_t>{100}));
  world.AdvanceTo(TimePoint::FromRaw(400));
  EXPECT_EQ(at, (std::vector<int64_t>{100, 200, 250, 300}));
  EXPECT_EQ(world.Now().raw(), 400);
}

TEST(SimWorld, MachineTimePassesOnlyWhenNothingElseCanRun) {
  SimWorld world({.seed = 1});
  SimExecutor* a = world.MakeExecutor("a");
  int polls = 0, chain = 0;
  std::function<void()> poll = [&] { ++polls; a->PostAfter(Duration::Millis(100), [&] { poll(); }); };
  std::function<void()> step = [&] { if (++chain < 1000) a->Post([&] { step(); }); else EXPECT_EQ(polls, 0); };
  a->PostAfter(Duration::Millis(100), [&] { poll(); });
  a->Post([&] { step(); });
  EXPECT_FALSE(world.RunUntilIdle(Duration::Seconds(1)));
  EXPECT_EQ(chain, 1000);
  EXPECT_EQ(polls, 10);
  EXPECT_EQ(world.MachineNow(), Duration::Seconds(1));
  EXPECT_TRUE(world.RunUntil([&] { return polls == 15; }, Duration::Seconds(1)));
  EXPECT_FALSE(world.RunUntil([&] { return polls == 500; }, Duration::Seconds(1)));
}

TEST(SimWorld, AKilledExecutorForgetsEverything) {
  SimWorld world({.seed = 1});
  SimExecutor* a = world.MakeExecutor("a");
  SimExecutor* b = world.MakeExecutor("b");
  auto held = std::make_shared<int>(0);
  int runs = 0;
  a->Post([held] { FAIL(); });
  a->PostAt(TimePoint::FromRaw(10), [held] { FAIL(); });
  a->PostAfter(Duration::Millis(1), [held] { FAIL(); });
  b->PostAfter(Duration::Millis(2), [&, held] { ++runs; });
  world.Kill(a);
  EXPECT_FALSE(a->alive());
  EXPECT_EQ(held.use_count(), 2);
  a->Post([held] { FAIL(); });
  world.AdvanceTo(TimePoint::FromRaw(20));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(held.use_count(), 1);
}

// A mesh of executors that post to each other at random; returns who ran in which order.
std::vector<int> Mesh(uint64_t seed, bool shuffle, uint64_t* trace) {
  SimWorld world({.seed = seed, .shuffle = shuffle});
  std::vector<SimExecutor*> all;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) all.push_back(world.MakeExecutor(std::to_string(i)));
  std::function<void(int, int)> hop = [&](int at, int left) {
    order.push_back(at);
    if (left == 0) return;
    const int to = static_cast<int>(all[at]->Random() % 5);
    if (all[at]->Random() % 3 == 0) {
      const Duration delay = Duration::Micros(static_cast<int64_t>(all[at]->Random() % 50));
      all[to]->PostAfter(delay, [&, to, left] { hop(to, left - 1); });
    } else {
      all[to]->Post([&, to, left] { hop(to, left - 1); });
    }
  };
  for (int i = 0; i < 5; ++i) all[i]->Post([&, i] { hop(i, 200); });
  world.RunUntilIdle();
  *trace = world.trace_hash();
  return order;
}

TEST(SimWorld, TheSameSeedGivesTheSameOrder) {
  std::set<std::vector<int>> different;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    for (const bool shuffle : {false, true}) {
      uint64_t first, second;
      const auto a = Mesh(seed, shuffle, &first);
      const auto b = Mesh(seed, shuffle, &second);
      EXPECT_EQ(a.size(), 5u * 201);
      EXPECT_EQ(a, b);
      EXPECT_EQ(first, second);
      different.insert(a);
    }
  }
  EXPECT_EQ(different.size(), 20u);
}

TEST(SimWorld, ShufflingKeepsTheOrderWithinAnExecutor) {
  SimWorld world({.seed = 3, .shuffle = true});
  SimExecutor* a = world.MakeExecutor("a");
  SimExecutor* b = world.MakeExecutor("b");
  std::vector<int> as, bs;
  std::string mixed;
  for (int i = 0; i < 50; ++i) {
    a->Post([&, i] { as.push_back(i); mixed += 'a'; });
    b->Post([&, i] { bs.push_back(i); mixed += 'b'; });
  }
  world.RunUntilIdle();
  EXPECT_TRUE(std::is_sorted(as.begin(), as.end()));
  EXPECT_TRUE(std::is_sorted(bs.begin(), bs.end()));
  EXPECT_NE(mixed.find("aaa"), std::string::npos);
}

TEST(SimWorld, StopsInMidWorkAndGoesOnOrForgets) {
  SimWorld world({.seed = 1});
  SimExecutor* a = world.MakeExecutor("a");
  int ran = 0;
  for (int i = 0; i < 10; ++i) a->Post([&] { ++ran; });
  const TimePoint later = world.Now() + Duration::Seconds(60);
  a->PostAt(later, [&] { ran += 100; });
  world.StopAfter(4);
  world.AdvanceTo(later);
  EXPECT_TRUE(world.stopped());
  EXPECT_EQ(ran, 4);
  EXPECT_LT(world.Now(), later) << "time waits for what was to run";
  world.AdvanceTo(later);
  EXPECT_EQ(ran, 4) << "stopped until somebody says otherwise";
  world.Resume();
  world.RunUntilIdle();
  EXPECT_EQ(ran, 10);
  world.Kill(a);
  world.AdvanceTo(later);
  EXPECT_EQ(ran, 10);
}

TEST(SimWorld, APausedExecutorStopsBetweenTasksAndMissesNothing) {
  SimWorld world({.seed = 1});
  SimExecutor* a = world.MakeExecutor("a");
  SimExecutor* b = world.MakeExecutor("b");
  std::string seen;
  a->Post([&] {
    seen += "1";
    a->AtRoundEnd([&] { seen += "E"; });
  });
  a->Post([&] { seen += "2"; });
  a->PostAfter(Duration::Millis(20), [&] { seen += "t"; });
  a->PostAt(world.Now() + Duration::Seconds(60), [&] { seen += "b"; });
  world.StopAfter(1);
  world.RunUntilIdle();
  world.Resume();
  world.Pause(a);
  b->PostAfter(Duration::Millis(10), [&] { a->Post([&] { seen += "p"; }); });
  b->PostAfter(Duration::Millis(30), [&] { a->Post([&] { seen += "q"; }); });
  world.AdvanceTo(world.Now() + Duration::Seconds(120));
  EXPECT_EQ(seen, "1") << "stopped in mid-round";
  EXPECT_GE(a->MachineNow(), Duration::Millis(30)) << "machine time goes on";
  world.Resume(a);
  world.RunUntilIdle();
  EXPECT_EQ(seen, "12Eptqb");
  world.Pause(a);
  a->Post([&] { seen += "x"; });
  world.Kill(a);
  world.Resume(a);
  EXPECT_TRUE(world.RunUntilIdle());
  EXPECT_EQ(seen, "12Eptqb");
}

void RunForEver() {
  SimWorld world({.seed = 1, .max_steps_per_run = 1000});
  SimExecutor* a = world.MakeExecutor("a");
  std::function<void()> again = [&] { a->Post([&] { again(); }); };
  again();
  world.RunUntilIdle();
}

TEST(SimWorldDeath, AWorldThatNeverRestsIsStopped) { EXPECT_DEATH(RunForEver(), "does not come to rest"); }

}  // namespace
}  // namespace fundcore
