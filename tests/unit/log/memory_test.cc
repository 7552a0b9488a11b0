// MemoryLog: the contract of a log, and its faults, in a simulated world.
#include "common/log/memory.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "common/runtime/simulated.h"

namespace fundcore {
namespace {

LogPartition Trade(uint16_t p) { return {ServiceId::kTrade, PartitionId(p)}; }

std::vector<AppendItem> One(LogPartition p, std::string bytes) {
  std::vector<AppendItem> items;
  items.push_back({p, std::move(bytes)});
  return items;
}

TEST(MemoryLog, DeliversInOrderOnceDurable) {
  SimWorld world({.seed = 1});
  MemoryLog log(&world);
  SimExecutor* executor = world.MakeExecutor("trade");
  std::vector<std::string> seen;
  log.Append(One(Trade(0), "stored before start"), nullptr);
  world.RunUntilIdle();
  log.Tail(Trade(0), 0, executor, [&](std::span<const LogRecord> records) {
    for (const auto& r : records) {
      EXPECT_EQ(r.offset, seen.size());
      seen.emplace_back(r.bytes);
    }
  });
  ASSERT_TRUE(log.Start().ok());
  std::optional<absl::Status> done;
  log.Append(One(Trade(0), "live"), [&](absl::Status s) { done = s; });
  EXPECT_EQ(log.End(Trade(0)), 1u);  // not durable yet
  EXPECT_FALSE(done);
  world.RunUntilIdle();
  EXPECT_TRUE(done && done->ok());
  EXPECT_EQ(log.End(Trade(0)), 2u);
  EXPECT_EQ(seen, (std::vector<std::string>{"stored before start", "live"}));
}

TEST(MemoryLog, WhatWaitsSharesASync) {
  SimWorld world({.seed = 1});
  MemoryLog log(&world);
  for (int i = 0; i < 100; ++i) log.Append(One(Trade(i % 3), "x"), nullptr);
  world.RunUntilIdle();
  EXPECT_EQ(log.syncs(), 2u);  // the first alone, the rest together
}

TEST(MemoryLog, ACrashKeepsWhatWasAcknowledgedAndAPrefixOfTheRest) {
  std::set<size_t> lengths;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SimWorld world({.seed = seed});
    MemoryLog log(&world, {.shortest_sync = Duration::Millis(1), .longest_sync = Duration::Millis(5)});
    SimExecutor* executor = world.MakeExecutor("trade");
    size_t acknowledged = 0;
    log.Tail(Trade(0), 0, executor, [](std::span<const LogRecord>) {});
    ASSERT_TRUE(log.Start().ok());
    std::function<void(int)> append = [&](int n) {
      log.Append(One(Trade(0), std::to_string(n)), [&](absl::Status s) { acknowledged += s.ok(); });
      if (n < 40) executor->PostAfter(Duration::Micros(400), [&, n] { append(n + 1); });
    };
    executor->Post([&] { append(0); });
    world.RunUntilIdle(Duration::Millis(12));
    world.Kill(executor);
    log.Crash();
    const size_t kept = log.Stored(Trade(0)).size();
    EXPECT_GE(kept, acknowledged);
    EXPECT_LE(kept, 40u);
    lengths.insert(kept - acknowledged);
    for (size_t i = 0; i < kept; ++i) EXPECT_EQ(log.Stored(Trade(0))[i].bytes, std::to_string(i));

    // The next process reads the same and goes on.
    SimExecutor* next = world.MakeExecutor("trade again");
    size_t seen = 0;
    log.Tail(Trade(0), 0, next, [&](std::span<const LogRecord> r) { seen += r.size(); });
    ASSERT_TRUE(log.Start().ok());
    log.Append(One(Trade(0), "again"), nullptr);
    world.RunUntilIdle();
    EXPECT_EQ(seen, kept + 1);
  }
  EXPECT_GT(lengths.size(), 3u) << "torn tails should come in several lengths";
}

TEST(MemoryLog, UnknownOutcomesAreSometimesInTheLogAndSometimesNot) {
  SimWorld world({.seed = 5});
  MemoryLog log(&world, {.unknown_per_million = 300'000});
  std::set<std::string> good, unknown;
  for (int i = 0; i < 300; ++i) {
    const std::string name = std::to_string(i);
    log.Append(One(Trade(0), name), [&, name](absl::Status s) {
      if (s.ok()) good.insert(name);
      if (absl::IsUnavailable(s)) unknown.insert(name);
    });
  }
  world.RunUntilIdle();
  EXPECT_EQ(good.size() + unknown.size(), 300u);
  EXPECT_GT(unknown.size(), 30u);
  size_t there = 0;
  for (const LogRecord& r : log.Stored(Trade(0))) {
    there += unknown.count(std::string(r.bytes));
    good.erase(std::string(r.bytes));
  }
  EXPECT_TRUE(good.empty()) << "acknowledged and not stored";
  EXPECT_GT(there, 0u);
  EXPECT_LT(there, unknown.size());
}

TEST(MemoryLog, RefusesWhatARealOneRefuses) {
  SimWorld world({.seed = 1});
  MemoryLog log(&world);
  absl::Status answer;
  const auto keep = [&](absl::Status s) { answer = s; };
  log.Append(One(Trade(0), std::string(kMaxRecordBytes + 1, 'x')), keep);
  EXPECT_EQ(answer.code(), absl::StatusCode::kInvalidArgument);
  log.set_disk_full(true);
  log.Append(One(Trade(0), "x"), keep);
  EXPECT_EQ(answer.code(), absl::StatusCode::kResourceExhausted);
  log.set_disk_full(false);
  log.Append(One(Trade(0), "x"), keep);
  world.RunUntilIdle();
  EXPECT_TRUE(answer.ok());
  log.Tail(Trade(0), 2, world.MakeExecutor("e"), [](std::span<const LogRecord>) {});
  EXPECT_EQ(log.Start().code(), absl::StatusCode::kDataLoss);
}

TEST(MemoryLog, PassesOverNoRottenRecord) {
  SimWorld world({.seed = 1});
  MemoryLog log(&world);
  EXPECT_FALSE(log.Rot(5)) << "nothing is stored that could rot";
  for (int i = 0; i < 4; ++i) log.Append(One(Trade(0), std::to_string(i)), nullptr);
  world.RunUntilIdle();
  const auto rotten = log.Rot(6);
  ASSERT_TRUE(rotten);
  EXPECT_EQ(*rotten, std::make_pair(Trade(0), LogOffset{2}));
  EXPECT_EQ(log.Readable(Trade(0), 0, 3).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(log.Readable(Trade(0), 3, 4).ok());
  EXPECT_TRUE(log.Readable(Trade(1), 0, 4).ok());
  // A start that needs the record says no and delivers nothing; one that goes on behind it may start.
  SimExecutor* executor = world.MakeExecutor("e");
  size_t seen = 0;
  const auto count = [&](std::span<const LogRecord> run) { seen += run.size(); };
  log.Tail(Trade(0), 1, executor, count);
  EXPECT_EQ(log.Start().code(), absl::StatusCode::kDataLoss);
  world.RunUntilIdle();
  EXPECT_EQ(seen, 0u);
  log.Crash();
  log.Tail(Trade(0), 3, executor, count);
  EXPECT_TRUE(log.Start().ok());
  world.RunUntilIdle();
  EXPECT_EQ(seen, 1u);
  log.Crash();
  log.Mend();
  log.Tail(Trade(0), 0, executor, count);
  EXPECT_TRUE(log.Start().ok());
  world.RunUntilIdle();
  EXPECT_EQ(seen, 5u);
}

}  // namespace
}  // namespace fundcore
