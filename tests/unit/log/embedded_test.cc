// EmbeddedLog in good times: order, density, restart, replay, segments, limits, and what Open refuses.
#include "common/log/embedded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>

#include "log_files.h"

namespace fundcore {
namespace {

using namespace log_testing;
using testing::HasSubstr;

std::string Message(const absl::Status& s) { return std::string(s.message()); }

TEST(EmbeddedLog, RecordsComeBackLiveAndAfterARestart) {
  TempFolder folder;
  {
    OpenReport report;
    auto log = EmbeddedLog::Open(SmallLog(folder.path()), &report);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_TRUE(report.created);
    Collector collector;
    collector.Follow(**log, Trade(1));
    ASSERT_TRUE((*log)->Start().ok());
    ASSERT_TRUE(AppendAndWait(**log, {{Trade(1), "one"}, {Account(2), ""}, {Trade(1), "two"}}).ok());
    EXPECT_EQ((*log)->End(Trade(1)), 2u);
    EXPECT_EQ((*log)->End(Account(2)), 1u);
    EXPECT_EQ((*log)->End(Account(3)), 0u);
    collector.Await(2);
    (*log)->Close();
    EXPECT_EQ(collector.contents(), (Contents{{Trade(1), {"one", "two"}}}));
  }
  OpenReport report;
  auto log = EmbeddedLog::Open(SmallLog(folder.path()), &report);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_FALSE(report.created);
  EXPECT_EQ(report.Summary(), "");
  EXPECT_EQ((*log)->End(Trade(1)), 2u);
  Collector collector;
  collector.Follow(**log, Trade(1), 1);  // what is before offset 1 is in its state already
  collector.Follow(**log, Account(2));
  ASSERT_TRUE((*log)->Start().ok());
  ASSERT_TRUE(AppendAndWait(**log, Trade(1), "three").ok());
  collector.Await(3);
  (*log)->Close();
  EXPECT_EQ(collector.contents(), (Contents{{Trade(1), {"two", "three"}}, {Account(2), {""}}}));
}

TEST(EmbeddedLog, ManyThreadsManyPartitionsManySegments) {
  TempFolder folder;
  constexpr int kThreads = 4, kEach = 3000;
  Contents live;
  {
    auto log = EmbeddedLog::Open(SmallLog(folder.path()));
    ASSERT_TRUE(log.ok()) << log.status();
    Collector collector;
    for (uint16_t p = 0; p < 4; ++p) {
      collector.Follow(**log, Trade(p));
      collector.Follow(**log, Account(p));
    }
    ASSERT_TRUE((*log)->Start().ok());
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const std::string name = std::to_string(t) + "/" + std::to_string(i);
          std::vector<AppendItem> items;
          items.push_back({Trade(static_cast<uint16_t>(i % 4)), Payload(name, i % 400)});
          items.push_back({Account(static_cast<uint16_t>(t)), name});
          (*log)->Append(std::move(items), [&](absl::Status s) { good += s.ok(); });
        }
      });
    }
    for (auto& t : threads) t.join();
    collector.Await(2 * kThreads * kEach);
    (*log)->Close();
    EXPECT_EQ(good, kThreads * kEach);
    live = collector.contents();
    const auto stats = (*log)->stats();
    EXPECT_EQ(stats.records, 2u * kThreads * kEach);
    EXPECT_LT(stats.syncs, stats.appends) << "nothing was grouped";
  }
  // Calls of one thread keep their order within a partition.
  for (int t = 0; t < kThreads; ++t) {
    const auto& names = live[Account(static_cast<uint16_t>(t))];
    ASSERT_EQ(names.size(), static_cast<size_t>(kEach));
    for (int i = 0; i < kEach; ++i) ASSERT_EQ(names[i], std::to_string(t) + "/" + std::to_string(i));
  }
  const auto stored = Scan(folder.path());
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(*stored, live);

  // And again through a replay with a window smaller than the log, while new records come in.
  auto options = SmallLog(folder.path());
  options.replay_chunk_bytes = 10'000;
  options.replay_window_bytes = 30'000;
  OpenReport report;
  auto log = EmbeddedLog::Open(options, &report);
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_GT(report.segments, 5u);
  Collector collector;
  for (uint16_t p = 0; p < 4; ++p) {
    collector.Follow(**log, Trade(p));
    collector.Follow(**log, Account(p));
  }
  std::thread late([&] {
    for (int i = 0; i < 500; ++i) {
      std::vector<AppendItem> items;
      items.push_back({Trade(0), Payload("late", 500)});
      (*log)->Append(std::move(items), nullptr);
    }
  });
  ASSERT_TRUE((*log)->Start().ok());
  late.join();
  collector.Await(2 * kThreads * kEach + 500);
  (*log)->Close();
  for (int i = 0; i < 500; ++i) live[Trade(0)].push_back(Payload("late", 500));
  EXPECT_EQ(collector.contents(), live);
}

TEST(EmbeddedLog, StartBeginsAtTheSegmentThatReadersNeed) {
  TempFolder folder;
  {
    auto log = EmbeddedLog::Open(SmallLog(folder.path()));
    ASSERT_TRUE(log.ok());
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(AppendAndWait(**log, Trade(0), Payload(std::to_string(i), 20'000)).ok());
    ASSERT_TRUE(AppendAndWait(**log, Trade(1), "x").ok());
    EXPECT_EQ((*log)->FirstNeededSegment(), 1u);
    const std::pair<LogPartition, LogOffset> one[] = {{Trade(0), 60}};
    (*log)->Flushed(one);
    EXPECT_EQ((*log)->FirstNeededSegment(), 6u);  // twelve records fit into a segment; Trade(1) lies in the last
  }
  // Segments before the needed ones may be gone.
  for (int n = 1; n <= 4; ++n) std::filesystem::remove(folder.Sub("segment-00000" + std::to_string(n) + ".log"));
  {
    auto log = EmbeddedLog::Open(SmallLog(folder.path()));
    ASSERT_TRUE(log.ok()) << log.status();
    Collector collector;
    collector.Follow(**log, Trade(0), 60);
    collector.Follow(**log, Trade(1), 0);
    ASSERT_TRUE((*log)->Start().ok());
    collector.Await(41);
    (*log)->Close();
    EXPECT_EQ(collector.contents()[Trade(0)].front(), Payload("60", 20'000));
    EXPECT_EQ(collector.contents()[Trade(0)].size(), 40u);
  }
  {
    auto log = EmbeddedLog::Open(SmallLog(folder.path()));
    ASSERT_TRUE(log.ok());
    Collector collector;
    collector.Follow(**log, Trade(0), 10);
    const absl::Status gone = (*log)->Start();
    EXPECT_EQ(gone.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(Message(gone), HasSubstr("restore the older segments"));
    (*log)->Close();
  }
  std::filesystem::remove(folder.Sub("segment-000007.log"));
  const auto log = EmbeddedLog::Open(SmallLog(folder.path()));
  EXPECT_EQ(log.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(log.status()), HasSubstr("segment-000007.log is missing"));
}

TEST(EmbeddedLog, AReaderAheadOfTheLogIsRefused) {
  TempFolder folder;
  auto log = EmbeddedLog::Open(SmallLog(folder.path()));
  ASSERT_TRUE(log.ok());
  Collector collector;
  collector.Follow(**log, Trade(2), 7);
  const absl::Status status = (*log)->Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(status), HasSubstr("service 2 partition 2 asks for its records from offset 7"));
  (*log)->Close();
}

TEST(EmbeddedLog, LargeRecordsAndTheirLimit) {
  TempFolder folder;
  auto options = SmallLog(folder.path());
  options.replay_chunk_bytes = 100'000;
  const std::string large = Payload("large", kMaxRecordBytes);
  {
    auto log = EmbeddedLog::Open(options);
    ASSERT_TRUE(log.ok());
    ASSERT_TRUE(AppendAndWait(**log, Trade(0), "before").ok());
    ASSERT_TRUE(AppendAndWait(**log, Trade(0), large).ok());  // far beyond segment and chunk
    ASSERT_TRUE(AppendAndWait(**log, Trade(0), "after").ok());
    const absl::Status refused = AppendAndWait(**log, {{Trade(0), "fine"}, {Trade(0), large + "x"}});
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(AppendAndWait(**log, Trade(4), "no such partition").code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(AppendAndWait(**log, {}).ok());
    EXPECT_EQ((*log)->End(Trade(0)), 3u);
    (*log)->Close();
    EXPECT_EQ(AppendAndWait(**log, Trade(0), "late").code(), absl::StatusCode::kFailedPrecondition);
  }
  auto log = EmbeddedLog::Open(options);
  ASSERT_TRUE(log.ok()) << log.status();
  Collector collector;
  collector.Follow(**log, Trade(0));
  ASSERT_TRUE((*log)->Start().ok());
  collector.Await(3);
  (*log)->Close();
  EXPECT_TRUE(collector.contents()[Trade(0)] == (std::vector<std::string>{"before", large, "after"}));
}

TEST(EmbeddedLog, AFullDiskRefusesAndThenGoesOn) {
  TempFolder folder;
  auto log = EmbeddedLog::Open(SmallLog(folder.path()));
  ASSERT_TRUE(log.ok());
  // A limit on file size stands in for a full disk: the next segment cannot be allocated, the present one can be written.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto set_limit = [&](rlim_t bytes) {
    rlimit limit = old;
    limit.rlim_cur = bytes;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  };
  ASSERT_TRUE(AppendAndWait(**log, Trade(0), Payload("a", 90'000)).ok());
  set_limit(200'000);
  ASSERT_TRUE(AppendAndWait(**log, Trade(0), Payload("b", 90'000)).ok());
  const absl::Status full = AppendAndWait(**log, Trade(0), Payload("c", 90'000));
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Message(full), HasSubstr("nothing was appended"));
  EXPECT_TRUE(AppendAndWait(**log, Trade(0), "still fits").ok());
  set_limit(old.rlim_cur);
  EXPECT_TRUE(AppendAndWait(**log, Trade(0), Payload("c", 90'000)).ok());
  EXPECT_EQ((*log)->End(Trade(0)), 4u);
  (*log)->Close();
  const auto stored = Scan(folder.path());
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->at(Trade(0))[2], "still fits");
}

TEST(EmbeddedLog, AFolderInUseIsRefused) {
  TempFolder folder;
  {
    auto first = EmbeddedLog::Open(SmallLog(folder.path()));
    ASSERT_TRUE(first.ok());
    const auto second = EmbeddedLog::Open(SmallLog(folder.path()));
    EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(Message(second.status()), HasSubstr("is in use by process " + std::to_string(::getpid())));
  }
  EXPECT_TRUE(EmbeddedLog::Open(SmallLog(folder.path())).ok());
}

TEST(EmbeddedLog, AnotherVersionOrLayoutIsRefused) {
  TempFolder folder;
  ASSERT_TRUE(EmbeddedLog::Open(SmallLog(folder.path())).ok());
  auto more = SmallLog(folder.path());
  more.partitions[0].second = 32;
  const auto other = EmbeddedLog::Open(more);
  EXPECT_EQ(other.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(other.status()), HasSubstr("2:4 3:4"));

  auto any = SmallLog(folder.path());
  any.partitions.clear();
  EXPECT_TRUE(EmbeddedLog::Open(any).ok());

  std::string text;
  std::getline(std::ifstream(folder.Sub("FORMAT")), text, '\0');
  const auto write = [&](const std::string& s) { std::ofstream(folder.Sub("FORMAT")) << s; };
  std::string newer = text;
  newer.replace(newer.find("version 1"), 9, "version 9");
  write(newer);
  const auto version = EmbeddedLog::Open(SmallLog(folder.path()));
  EXPECT_EQ(version.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(version.status()), HasSubstr("format version 9"));
  write("garbage");
  EXPECT_EQ(EmbeddedLog::Open(SmallLog(folder.path())).status().code(), absl::StatusCode::kDataLoss);
  std::string foreign = text;  // the segments now belong to another log
  foreign[text.find("data ") + 5] ^= 1;
  write(foreign);
  EXPECT_EQ(EmbeddedLog::Open(SmallLog(folder.path())).status().code(), absl::StatusCode::kDataLoss);
  write(text);
  EXPECT_TRUE(EmbeddedLog::Open(SmallLog(folder.path())).ok());

  // Without FORMAT: an empty log is an interrupted creation and made anew; one with records is not.
  std::filesystem::remove(folder.Sub("FORMAT"));
  {
    OpenReport report;
    auto log = EmbeddedLog::Open(SmallLog(folder.path()), &report);
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_TRUE(report.created);
    ASSERT_TRUE(AppendAndWait(**log, Trade(0), "x").ok());
  }
  std::filesystem::remove(folder.Sub("FORMAT"));
  EXPECT_EQ(EmbeddedLog::Open(SmallLog(folder.path())).status().code(), absl::StatusCode::kDataLoss);
}

TEST(EmbeddedLog, ALogIsNotCreatedWithoutASensibleLayout) {
  TempFolder folder;
  EmbeddedLog::Options options;
  options.folder = folder.path();
  EXPECT_EQ(EmbeddedLog::Open(options).status().code(), absl::StatusCode::kNotFound);
  options.partitions = {{ServiceId::kTrade, 0}};
  EXPECT_EQ(EmbeddedLog::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
  options.partitions = {{ServiceId::kTrade, 1}, {ServiceId::kTrade, 2}};
  EXPECT_EQ(EmbeddedLog::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fundcore
