// Archiving: only what nobody needs leaves, without a gap, and comes back as the same log.
#include "common/log/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_format.h"
#include "log_files.h"

namespace fundcore {
namespace {

using namespace log_testing;
namespace fs = std::filesystem;
using Points = std::vector<std::pair<LogPartition, LogOffset>>;

class ArchiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto log = EmbeddedLog::Open(SmallLog(log_));
    ASSERT_TRUE(log.ok());
    for (int i = 0; i < 400; ++i)
      ASSERT_TRUE(
          AppendAndWait(**log, Trade(static_cast<uint16_t>(i % 4)), std::string(8000, static_cast<char>('a' + i % 26)))
              .ok());
    ASSERT_TRUE(AppendAndWait(**log, Account(0), "last").ok());
    all_ = *Scan(log_);
  }
  // Every partition but the one named needs nothing before `offset`.
  Points Needed(LogOffset offset) {
    Points out;
    for (uint16_t p = 0; p < 4; ++p) out.emplace_back(Trade(p), offset);
    return out;
  }
  TempFolder folder_{TempFolder::Fast()};
  const std::string log_ = folder_.Sub("log"), archive_ = folder_.Sub("archive");
  Contents all_;
};

TEST_F(ArchiveTest, MovesWhatIsBeforeThePointsAndNoMore) {
  auto moved = ArchiveLog(log_, Needed(50), archive_);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_GT(moved->segments, 2u);
  EXPECT_FALSE(fs::exists(log_ + "/segment-000001.log"));
  auto facts = DescribeLog(log_);
  ASSERT_TRUE(facts.ok());
  ASSERT_EQ(facts->begins_at.size(), 4u);
  for (const auto& [p, first] : facts->begins_at) {
    EXPECT_GT(first, 40u);  // a segment holds about eight of each
    EXPECT_LE(first, 50u);
  }
  // Readers that begin at the points get all the rest; those before are told what to do.
  {
    auto log = EmbeddedLog::Open(SmallLog(log_));
    ASSERT_TRUE(log.ok()) << log.status();
    Collector collector;
    for (uint16_t p = 0; p < 4; ++p) collector.Follow(**log, Trade(p), 50);
    ASSERT_TRUE((*log)->Start().ok());
    collector.Await(200);
    (*log)->Close();
    EXPECT_EQ(collector.contents().at(Trade(2)).front(), all_.at(Trade(2))[50]);
  }
  {
    auto log = EmbeddedLog::Open(SmallLog(log_));
    Collector collector;
    collector.Follow(**log, Trade(0), 3);
    const absl::Status gone = (*log)->Start();
    EXPECT_TRUE(absl::IsDataLoss(gone));
    EXPECT_THAT(gone.message(), ::testing::HasSubstr("restore the older segments from the archive"));
  }
  // Nothing more to move; then, copied back, the same log.
  EXPECT_EQ(ArchiveLog(log_, Needed(50), archive_)->segments, 0u);
  for (const auto& entry : fs::directory_iterator(archive_))
    if (entry.path().filename() != "FORMAT") fs::copy(entry.path(), log_);
  EXPECT_EQ(*Scan(log_), all_);
}

TEST_F(ArchiveTest, APartitionThatIsNotNamedNeedsAllItHas) {
  Points without = Needed(50);
  without.erase(without.begin() + 2);
  EXPECT_EQ(ArchiveLog(log_, without, archive_)->segments, 0u);
  EXPECT_FALSE(fs::exists(archive_));
}

TEST_F(ArchiveTest, NeverMovesTheLastSegment) {
  Points everything = Needed(1'000'000);
  everything.emplace_back(Account(0), 1'000'000);
  auto moved = ArchiveLog(log_, everything, archive_);
  ASSERT_TRUE(moved.ok());
  auto log = EmbeddedLog::Open(SmallLog(log_));
  ASSERT_TRUE(log.ok());
  EXPECT_EQ((*log)->End(Trade(0)), 100u);
  EXPECT_EQ((*log)->End(Account(0)), 1u);
}

TEST_F(ArchiveTest, GoesOnAfterACrashAndRefusesForeignFiles) {
  // Copied, not removed yet.
  fs::create_directory(archive_);
  fs::copy(log_ + "/segment-000001.log", archive_);
  EXPECT_GT(ArchiveLog(log_, Needed(20), archive_)->segments, 0u);
  // Other bytes under the name of a segment: nothing of the log is removed.
  const uint64_t first = ArchiveLog(log_, Needed(20), archive_)->first;
  std::ofstream(archive_ + "/" + absl::StrFormat("segment-%06d.log", first)) << "other";
  EXPECT_TRUE(absl::IsDataLoss(ArchiveLog(log_, Needed(50), archive_).status()));
  EXPECT_TRUE(fs::exists(log_ + "/" + absl::StrFormat("segment-%06d.log", first)));
  std::ofstream(archive_ + "/FORMAT") << "another log";
  EXPECT_TRUE(absl::IsFailedPrecondition(ArchiveLog(log_, Needed(50), archive_).status()));
  auto open = EmbeddedLog::Open(SmallLog(log_));
  EXPECT_TRUE(absl::IsFailedPrecondition(ArchiveLog(log_, Needed(50), archive_).status()));
}

}  // namespace
}  // namespace fundcore
