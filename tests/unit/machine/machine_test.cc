// The machine runtime: tables over a store, sequencing, replay, ownership, flushing.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

#include "common/log/memory.h"
#include "common/machine/flusher.h"
#include "common/machine/host.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"
#include "tests/unit/machine/toy.h"

namespace fundcore::machine {
namespace {

const TimePoint kStart = *TimePoint::Parse("2025-03-03 09:00:00");

// One process over a log and a store that outlive it.
struct Process {
  Process(SimWorld* world, MemoryLog* log, MemoryStore* store, uint64_t owner, uint16_t partitions = 3,
          uint32_t supports = kMachineVersion)
      : executors{world->MakeExecutor("a"), world->MakeExecutor("b")},
        host({.service = ServiceId::kTrade, .partitions = partitions, .executors = {executors[0], executors[1]}, .log = log,
              .store = store, .owner = owner, .supports = supports}),
        flusher({&host}, log, store, executors[0], 1'000'000) {
    EXPECT_TRUE(host.Recover().ok());
    EXPECT_TRUE(log->Start().ok());
    host.WhenServing([this] { serving = true; });
  }
  std::vector<SimExecutor*> executors;
  Host<ToyMachine> host;
  Flusher flusher;
  bool serving = false;
};

class RuntimeTest : public ::testing::Test {
 protected:
  void Boot() {
    process = std::make_unique<Process>(&world, &log, &store, ++owner);
    ASSERT_TRUE(world.RunUntil([&] { return process->serving; }));
  }
  void Crash() {
    for (SimExecutor* e : process->executors) world.Kill(e);
    log.Crash();
    store.Crash();
    process.reset();
  }
  void Submit(int partition, Add command) {
    process->host.On(PartitionId(static_cast<uint16_t>(partition)), [this, command, partition](Partition<ToyMachine>&) {
      process->host.Submit(PartitionId(static_cast<uint16_t>(partition)), command, [this](const ToyMachine::Result& r) {
        ++answered;
        last = r;
      });
    });
  }
  std::string Hashes() {
    std::string out;
    for (auto& shard : process->host.shards())
      for (auto& p : shard->partitions()) out += p->state().Hash()->Hex() + " ";
    return out;
  }
  ToyMachine& Machine(int p) { return process->host.At(PartitionId(static_cast<uint16_t>(p))).machine(); }

  SimWorld world{{.seed = 5, .start = kStart}};
  MemoryLog log{&world};
  MemoryStore store;
  uint64_t owner = 0;
  std::unique_ptr<Process> process;
  int answered = 0;
  ToyMachine::Result last;
};

TEST_F(RuntimeTest, AnswersAfterDurableExecution) {
  Boot();
  Submit(1, {7, 100, "r1"});
  Submit(1, {7, 50, "r2"});
  EXPECT_EQ(answered, 0);
  ASSERT_TRUE(world.RunUntil([&] { return answered == 2; }));
  EXPECT_EQ(last.balance, 150);
  // Both joined into one record, after the ownership marker.
  EXPECT_EQ(log.End({ServiceId::kTrade, PartitionId(1)}), 2u);
}

TEST_F(RuntimeTest, CrashLosesNothingThatWasAnswered) {
  Boot();
  for (int i = 0; i < 500; ++i) Submit(i % 3, {static_cast<uint64_t>(i), i + 1, "r" + std::to_string(i)});
  ASSERT_TRUE(world.RunUntil([&] { return answered == 500; }));
  const std::string before = Hashes();
  Crash();
  Boot();
  EXPECT_EQ(Hashes(), before);
  answered = 0;
  Submit(1, {400, 401, "r400"});  // partition 400 % 3 == 1
  ASSERT_TRUE(world.RunUntil([&] { return answered == 1; }));
  EXPECT_TRUE(last.repeated);
}

TEST_F(RuntimeTest, FlushBoundsTheReplayAndKeepsTheHash) {
  Boot();
  for (int i = 0; i < 300; ++i) Submit(i % 3, {static_cast<uint64_t>(i), 1, "a" + std::to_string(i)});
  ASSERT_TRUE(world.RunUntil([&] { return answered == 300; }));
  bool flushed = false;
  process->executors[0]->Post([&] {
    process->flusher.FlushNow([&](absl::Status s) {
      EXPECT_TRUE(s.ok());
      flushed = true;
    });
  });
  ASSERT_TRUE(world.RunUntil([&] { return flushed; }));
  EXPECT_GT(log.FlushedUpTo({ServiceId::kTrade, PartitionId(0)}), 0u);
  for (int i = 0; i < 300; ++i) Submit(i % 3, {static_cast<uint64_t>(i), 2, "b" + std::to_string(i)});
  ASSERT_TRUE(world.RunUntil([&] { return answered == 600; }));
  const std::string before = Hashes();
  Crash();
  Boot();
  EXPECT_EQ(Hashes(), before);
  EXPECT_EQ(Machine(0).accounts.Find(3)->balance, 3);
}

TEST_F(RuntimeTest, ReplayFromNothingGivesTheSameHash) {
  Boot();
  for (int i = 0; i < 400; ++i) {
    Submit(i % 3, {static_cast<uint64_t>(i % 50), 1, "a" + std::to_string(i)});
    if (i % 100 == 99) {
      ASSERT_TRUE(world.RunUntil([&] { return answered == i + 1; }));
      Hashes();  // writes back in between: must not show in the end
    }
  }
  const std::string before = Hashes();
  Crash();
  MemoryStore empty;
  process = std::make_unique<Process>(&world, &log, &empty, ++owner);
  ASSERT_TRUE(world.RunUntil([&] { return process->serving; }));
  EXPECT_EQ(Hashes(), before);
}

TEST_F(RuntimeTest, TodoSurvivesAndDoneOnesDoNot) {
  Boot();
  Submit(0, {1, 1, "x"});
  Submit(0, {2, 1, "y"});
  ASSERT_TRUE(world.RunUntil([&] { return answered == 2; }));
  process->host.On(PartitionId(0), [&](Partition<ToyMachine>&) {
    process->host.Submit(PartitionId(0), Finish{1}, [&](const ToyMachine::Result&) { ++answered; });
  });
  ASSERT_TRUE(world.RunUntil([&] { return answered == 3; }));
  Crash();
  Boot();
  EXPECT_EQ(Machine(0).todo.TakeFresh(), std::vector<uint64_t>{2});
  EXPECT_TRUE(Machine(0).todo.TakeFresh().empty());
  Machine(0).todo.Again(2);
  EXPECT_EQ(Machine(0).todo.TakeFresh(), std::vector<uint64_t>{2});
}

TEST_F(RuntimeTest, HistoryChainsBackThroughTheStore) {
  Boot();
  for (int i = 0; i < 5; ++i) {
    Submit(0, {9, i + 1, "h" + std::to_string(i)});
    ASSERT_TRUE(world.RunUntil([&] { return answered == i + 1; }));
    if (i == 2) Hashes();
  }
  std::vector<int64_t> amounts;
  for (History::Position p = Machine(0).accounts.Find(9)->last; p != 0;) {
    auto line = Machine(0).history.ReadAs<ToyMachine::Line>(p);
    ASSERT_TRUE(line.ok());
    amounts.push_back(line->amount);
    p = line->before;
  }
  EXPECT_EQ(amounts, (std::vector<int64_t>{5, 4, 3, 2, 1}));
}

TEST_F(RuntimeTest, FullDiskDelaysAndLosesNothing) {
  Boot();
  log.set_disk_full(true);
  for (int i = 0; i < 20; ++i) Submit(i % 3, {static_cast<uint64_t>(i), 1, "d" + std::to_string(i)});
  world.RunUntilIdle(Duration::Seconds(2));
  EXPECT_EQ(answered, 0);
  log.set_disk_full(false);
  for (int i = 20; i < 40; ++i) Submit(i % 3, {static_cast<uint64_t>(i), 1, "d" + std::to_string(i)});
  ASSERT_TRUE(world.RunUntil([&] { return answered == 40; }));
}

TEST_F(RuntimeTest, UnknownAppendsHappenOnce) {
  log.set_faults({.unknown_per_million = 200'000});
  Boot();
  for (int i = 0; i < 200; ++i) {
    Submit(i % 3, {1, 1, "u" + std::to_string(i)});
    if (i % 7 == 0) world.RunUntilIdle(Duration::Millis(1));
  }
  ASSERT_TRUE(world.RunUntil([&] { return answered == 200; }, Duration::Seconds(100)));
  EXPECT_EQ(Machine(0).accounts.Find(1)->balance + Machine(1).accounts.Find(1)->balance + Machine(2).accounts.Find(1)->balance, 200);
}

TEST_F(RuntimeTest, ALateWriterHarmsNothing) {
  Boot();
  // A record of an owner that was never in force, as a process that woke up late would append it.
  RecordBuilder b;
  b.Add(Add{5, 1000, "ghost"}, kStart);
  bool appended = false;
  log.Append({{{ServiceId::kTrade, PartitionId(0)}, b.Finish({RecordKind::kCommands, 1, 999, 1, {}})}},
             [&](absl::Status) { appended = true; });
  ASSERT_TRUE(world.RunUntil([&] { return appended; }));
  Submit(0, {5, 1, "mine"});
  ASSERT_TRUE(world.RunUntil([&] { return answered == 1; }));
  EXPECT_EQ(last.balance, 1);
}

TEST_F(RuntimeTest, AnUpgradeIsLoggedAndAnOlderBuildStopsThere) {
  Boot();
  Submit(1, {7, 100, "before"});
  int upgraded = 0;
  for (int again = 0; again < 2; ++again) {
    process->host.On(PartitionId(1), [&](Partition<ToyMachine>&) {
      process->host.Upgrade(PartitionId(1), kMachineVersion, [&](bool done) { upgraded += done; });
    });
  }
  Submit(1, {7, 100, "after"});
  ASSERT_TRUE(world.RunUntil([&] { return answered == 2 && upgraded == 2; }));
  EXPECT_EQ(process->host.At(PartitionId(1)).state().meta.version, kMachineVersion);
  EXPECT_EQ(process->host.At(PartitionId(0)).state().meta.version, kFirstMachineVersion);
  const std::string before = Hashes();
  Crash();
  Boot();
  EXPECT_EQ(Hashes(), before);
  EXPECT_EQ(process->host.At(PartitionId(1)).state().meta.version, kMachineVersion);
  Crash();
  EXPECT_DEATH(
      {
        Process old(&world, &log, &store, 99, 3, kFirstMachineVersion);
        world.RunUntilIdle();
      },
      "start the newer build");
}

TEST(KeyTest, ByteOrderIsMeaningOrder) {
  EXPECT_LT(EncodeKey(int64_t{-5}), EncodeKey(int64_t{3}));
  EXPECT_LT(EncodeKey(uint64_t{255}), EncodeKey(uint64_t{256}));
  EXPECT_LT(EncodeKey(Date::FromRaw(20250304)), EncodeKey(Date::FromRaw(20250401)));
  EXPECT_LT(EncodeKey(std::pair<FundCode, Date>{}.first), EncodeKey(FundCode("0")));
  EXPECT_LT(EncodeKey(FundCode("02")), EncodeKey(FundCode("020001")));
  uint16_t n = 0;
  KeyReader r(EncodeKey(uint16_t{4711}));
  r.Get(n);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(n, 4711);
}

struct Old {
  uint64_t a = 1;
  FC_FIELDS(a)
};
struct New {
  uint64_t a = 1;
  std::string b = "default";
  FC_FIELDS(a, b)
};

TEST(CodecTest, TrailingFieldsOfTheOutermostStructMayBeMissing) {
  New n;
  EXPECT_TRUE(Decode(Encode(Old{42}), &n));
  EXPECT_EQ(n.a, 42u);
  EXPECT_EQ(n.b, "default");
  Old o;
  EXPECT_FALSE(Decode(Encode(New{}), &o));  // too long is malformed
  std::vector<uint64_t> v;
  EXPECT_FALSE(Decode(std::string("\xff\xff\xff\xff\x0f", 5), &v));  // a hostile count
}

}  // namespace
}  // namespace fundcore::machine
