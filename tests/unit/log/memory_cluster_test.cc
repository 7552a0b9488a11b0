// MemoryCluster and MemoryGroups: the contract of a log that several processes share, and what may go wrong with it.
#include "common/log/memory_cluster.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/log/memory_groups.h"
#include "common/runtime/simulated.h"

namespace fundcore {
namespace {

constexpr Duration Ms(int64_t n) { return Duration::Millis(n); }
const LogPartition kP{ServiceId::kTrade, PartitionId(0)};

struct Reader {
  Reader(SimWorld* world, MemoryCluster* cluster, std::string name, LogOffset from = 0)
      : log(cluster->Connect(name)), executor(world->MakeExecutor(name)), next(from) {
    log->Tail(kP, from, executor, [this](std::span<const LogRecord> records) {
      for (const LogRecord& r : records) {
        EXPECT_EQ(r.offset, next++);
        seen.emplace_back(r.bytes);
      }
    });
  }
  void Append(std::string bytes) {
    std::vector<AppendItem> items;
    items.push_back({kP, bytes});
    log->Append(std::move(items), [this, bytes](absl::Status s) { (s.ok() ? ok : unknown).push_back(bytes); });
  }
  std::unique_ptr<MemoryConnection> log;
  SimExecutor* executor;
  LogOffset next;
  std::vector<std::string> seen, ok, unknown;
};

std::vector<std::string> Stored(const MemoryCluster& cluster) {
  std::vector<std::string> out;
  for (const LogRecord& r : cluster.Stored(kP)) out.emplace_back(r.bytes);
  return out;
}

TEST(MemoryCluster, EveryReaderGetsEverythingInOneOrder) {
  SimWorld world({.seed = 1, .shuffle = true});
  MemoryCluster cluster(&world, {.longest_append = Ms(20), .longest_ack = Ms(20), .longest_fetch = Ms(50)});
  Reader a(&world, &cluster, "a"), b(&world, &cluster, "b");
  ASSERT_TRUE(a.log->Start().ok() && b.log->Start().ok());
  for (int i = 0; i < 50; ++i) {
    a.Append("a" + std::to_string(100 + i));
    b.Append("b" + std::to_string(100 + i));
    world.RunUntilIdle(Ms(2));
    EXPECT_LE(a.log->End(kP), cluster.Stored(kP).size()) << "stale perhaps, never ahead";
  }
  world.RunUntilIdle();
  EXPECT_EQ(a.ok.size() + b.ok.size(), 100u);
  EXPECT_EQ(a.seen, Stored(cluster));
  EXPECT_EQ(b.seen, a.seen);
  std::vector<std::string> of_a;
  for (const std::string& s : a.seen)
    if (s[0] == 'a') of_a.push_back(s);
  EXPECT_TRUE(std::is_sorted(of_a.begin(), of_a.end()));
  EXPECT_EQ(of_a.size(), 50u);
}

TEST(MemoryCluster, UnknownMeansLostOrStoredOrStoredLate) {
  SimWorld world({.seed = 2});
  MemoryCluster cluster(&world, {.unknown_per_million = 300'000});
  Reader a(&world, &cluster, "a");
  ASSERT_TRUE(a.log->Start().ok());
  for (int i = 0; i < 300; ++i) {
    a.Append(std::to_string(1000 + i));
    world.RunUntilIdle(Ms(1));
  }
  world.RunUntilIdle(Duration::Seconds(20));
  EXPECT_EQ(a.ok.size() + a.unknown.size(), 300u);
  EXPECT_EQ(a.seen, Stored(cluster));
  const std::multiset<std::string> stored(a.seen.begin(), a.seen.end());
  for (const std::string& s : a.ok) EXPECT_EQ(stored.count(s), 1u) << "acknowledged";
  size_t lost = 0;
  for (const std::string& s : a.unknown) lost += stored.count(s) == 0;
  EXPECT_GT(lost, 0u);
  EXPECT_LT(lost, a.unknown.size());
  EXPECT_FALSE(std::is_sorted(a.seen.begin(), a.seen.end())) << "some got in behind what came after them";
}

TEST(MemoryCluster, WithoutALeaderAppendsWaitThenEndUnknownAndReadersSeeNothingNew) {
  SimWorld world({.seed = 3});
  MemoryCluster cluster(&world, {.append_timeout = Duration::Seconds(2)});
  Reader a(&world, &cluster, "a"), b(&world, &cluster, "b");
  ASSERT_TRUE(a.log->Start().ok() && b.log->Start().ok());
  cluster.LeaderAway(kP, Duration::Seconds(1));
  a.Append("short");
  world.RunUntilIdle(Ms(900));
  EXPECT_TRUE(a.ok.empty() && a.unknown.empty() && b.seen.empty());
  world.RunUntilIdle();
  EXPECT_EQ(a.ok, std::vector<std::string>{"short"});
  cluster.LeadersAway(Duration::Seconds(5));
  std::optional<absl::StatusOr<LogOffset>> end;
  a.log->FetchEnd(kP, [&](absl::StatusOr<LogOffset> e) { end = std::move(e); });
  for (int i = 0; i < 40; ++i) a.Append("long" + std::to_string(i));
  world.RunUntilIdle(Duration::Seconds(4));
  EXPECT_EQ(a.unknown.size(), 40u);
  EXPECT_EQ(b.seen.size(), 1u);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->status().code(), absl::StatusCode::kUnavailable);
  world.RunUntilIdle(Duration::Seconds(20));
  EXPECT_GT(b.seen.size(), 10u) << "some get in later";
  EXPECT_LT(b.seen.size(), 40u);
}

TEST(MemoryCluster, ACutProcessIsAloneAndCatchesUp) {
  SimWorld world({.seed = 4});
  MemoryCluster cluster(&world);
  Reader a(&world, &cluster, "a"), b(&world, &cluster, "b");
  ASSERT_TRUE(a.log->Start().ok() && b.log->Start().ok());
  a.log->Cut(true);
  b.Append("while cut");
  a.Append("from the cut one");
  world.RunUntilIdle(Duration::Seconds(2));
  EXPECT_EQ(b.ok.size(), 1u);
  EXPECT_TRUE(a.seen.empty());
  EXPECT_EQ(a.log->End(kP), 0u);
  a.log->Cut(false);
  world.RunUntilIdle();
  EXPECT_EQ(a.ok.size(), 1u) << "it still had time";
  EXPECT_EQ(a.seen, (std::vector<std::string>{"while cut", "from the cut one"}));
}

TEST(MemoryCluster, OfADeadProcessSomeGetsInLater) {
  SimWorld world({.seed = 5});
  MemoryCluster cluster(&world, {.shortest_append = Ms(10), .longest_append = Ms(10)});
  Reader b(&world, &cluster, "b");
  ASSERT_TRUE(b.log->Start().ok());
  {
    Reader a(&world, &cluster, "a");
    ASSERT_TRUE(a.log->Start().ok());
    for (int i = 0; i < 40; ++i) a.Append(std::to_string(100 + i));
    world.Kill(a.executor);
  }
  EXPECT_TRUE(b.seen.empty());
  world.RunUntilIdle(Duration::Seconds(20));
  EXPECT_GT(b.seen.size(), 5u);
  EXPECT_LT(b.seen.size(), 35u);
  EXPECT_TRUE(std::is_sorted(b.seen.begin(), b.seen.end()));
}

TEST(MemoryCluster, WhatWasTrimmedIsDataLoss) {
  SimWorld world({.seed = 6});
  MemoryCluster cluster(&world);
  Reader a(&world, &cluster, "a");
  for (int i = 0; i < 10; ++i) a.Append("x");
  world.RunUntilIdle();
  cluster.Trim(kP, 4);
  const absl::Status s = a.log->Start();
  EXPECT_EQ(s.code(), absl::StatusCode::kDataLoss) << s.ToString();
  EXPECT_NE(s.message().find("from offset 0"), std::string_view::npos);
  EXPECT_NE(s.message().find("begins at 4"), std::string_view::npos);
  Reader b(&world, &cluster, "b", 4), c(&world, &cluster, "c", 11);
  EXPECT_TRUE(b.log->Start().ok());
  EXPECT_EQ(c.log->Start().code(), absl::StatusCode::kDataLoss) << "its state is of another log";
  world.RunUntilIdle();
  EXPECT_EQ(b.seen.size(), 6u);
}

// Members of one service of eight partitions.
class Groups : public ::testing::Test {
 protected:
  struct Member {
    std::unique_ptr<MemoryConnection> log;
    std::unique_ptr<MemoryOwnership> ownership;
    std::set<LogPartition> owned;
  };
  Member* Join() {
    auto m = std::make_unique<Member>();
    m->log = cluster.Connect(std::to_string(members.size()));
    m->ownership = groups.Join(m->log.get(), {{ServiceId::kTrade, uint16_t{8}}});
    EXPECT_TRUE(m->ownership->Start([raw = m.get()](LogPartition p, bool granted) {
      EXPECT_EQ(raw->owned.contains(p), !granted);
      granted ? (void)raw->owned.insert(p) : (void)raw->owned.erase(p);
    }).ok());
    members.push_back(std::move(m));
    return members.back().get();
  }
  size_t Owners(int partition) {
    size_t n = 0;
    for (auto& m : members) n += m->owned.contains({ServiceId::kTrade, PartitionId(static_cast<uint16_t>(partition))});
    return n;
  }
  // The most owners that any partition has at once within the time.
  size_t MostOwners(Duration time) {
    size_t most = 0;
    for (const Duration until = world.MachineNow() + time; world.MachineNow() < until;) {
      world.RunUntilIdle(Ms(1));
      for (int p = 0; p < 8; ++p) most = std::max(most, Owners(p));
    }
    return most;
  }
  SimWorld world{{.seed = 7, .shuffle = true}};
  MemoryCluster cluster{&world};
  MemoryGroups groups{&world};
  std::vector<std::unique_ptr<Member>> members;
};

TEST_F(Groups, SharesEvenlyAndNeverTwiceAsLongAsAllAreWell) {
  Member* a = Join();
  EXPECT_EQ(MostOwners(Duration::Seconds(1)), 1u);
  EXPECT_EQ(a->owned.size(), 8u);
  Member* b = Join();
  Member* c = Join();
  EXPECT_EQ(MostOwners(Duration::Seconds(3)), 1u);
  EXPECT_EQ(a->owned.size() + b->owned.size() + c->owned.size(), 8u);
  EXPECT_LE(std::max({a->owned.size(), b->owned.size(), c->owned.size()}), 3u);
  groups.Rebalance();
  EXPECT_EQ(MostOwners(Duration::Seconds(3)), 1u);
  EXPECT_EQ(a->owned.size() + b->owned.size() + c->owned.size(), 8u);
  b->ownership->Stop();
  EXPECT_TRUE(b->owned.empty()) << "before Stop returns";
  EXPECT_EQ(MostOwners(Duration::Seconds(2)), 1u);
  EXPECT_EQ(a->owned.size(), 4u);
  EXPECT_EQ(c->owned.size(), 4u);
}

TEST_F(Groups, APausedMemberThinksThatItOwnsUntilItWakesUp) {
  Member* a = Join();
  Member* b = Join();
  MostOwners(Duration::Seconds(3));
  const auto held = a->owned;
  world.Pause(a->log->client());
  EXPECT_EQ(MostOwners(Duration::Seconds(5)), 2u);
  EXPECT_EQ(b->owned.size(), 8u);
  EXPECT_EQ(a->owned, held);
  world.Resume(a->log->client());
  MostOwners(Duration::Seconds(3));
  EXPECT_EQ(a->owned.size(), 4u) << "it gave up, joined again and got its share";
  EXPECT_EQ(MostOwners(Duration::Seconds(1)), 1u);
}

TEST_F(Groups, ACutMemberGivesUpByItselfAndAnExpelledOneWhenItHears) {
  Member* a = Join();
  Member* b = Join();
  MostOwners(Duration::Seconds(3));
  a->log->Cut(true);
  MostOwners(Duration::Seconds(4));
  EXPECT_TRUE(a->owned.empty());
  EXPECT_EQ(b->owned.size(), 8u);
  a->log->Cut(false);
  MostOwners(Duration::Seconds(3));
  EXPECT_EQ(a->owned.size(), 4u);
  groups.Expel(a->ownership.get());
  MostOwners(Duration::Seconds(3));
  EXPECT_EQ(a->owned.size() + b->owned.size(), 8u);
  EXPECT_EQ(MostOwners(Duration::Seconds(1)), 1u);
}

TEST_F(Groups, ADeadMembersShareMovesAfterItsSession) {
  Member* a = Join();
  Member* b = Join();
  MostOwners(Duration::Seconds(3));
  a->ownership.reset();
  a->log.reset();
  a->owned.clear();
  MostOwners(Ms(1000));
  EXPECT_EQ(b->owned.size(), 4u);
  MostOwners(Duration::Seconds(2));
  EXPECT_EQ(b->owned.size(), 8u);
}

}  // namespace
}  // namespace fundcore
