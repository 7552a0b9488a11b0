// What a crash or a bad disk leaves behind: tails cut at every byte, garbage behind the end, and rot in the middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "common/log/embedded.h"
#include "common/log/format.h"
#include "log_files.h"

namespace fundcore {
namespace {

using namespace log_testing;
using testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A log of one small segment: ten acknowledged records, a trailer, and then a last batch of three records, as bytes.
class Damage : public testing::Test {
 protected:
  void SetUp() override {
    auto options = Options(original_.Sub("log"));
    {
      auto log = EmbeddedLog::Open(options);
      ASSERT_TRUE(log.ok()) << log.status();
      for (int i = 0; i < 10; ++i) {
        const LogPartition partition = Trade(static_cast<uint16_t>(i % 2));
        ASSERT_TRUE(AppendAndWait(**log, partition, Payload("r" + std::to_string(i), 20 + i)).ok());
      }
      // Close adds the trailer, so everything up to here is known durable.
    }
    before_ = Scan(options.folder).value();
    {
      OpenReport report;
      auto log = EmbeddedLog::Open(options, &report);
      ASSERT_TRUE(log.ok());
      promised_end_ = report.end_position;  // in the first segment the same as the byte in the file
      ASSERT_TRUE(AppendAndWait(**log, {{Trade(0), "last a"},
                                        {Account(1), Payload("last b", 100)},
                                        {Trade(1), "last c"}}).ok());
      // The bytes as a crash before the next trailer would leave them.
      bytes_ = ReadFile(options.folder + "/segment-000001.log");
      format_ = ReadFile(options.folder + "/FORMAT");
    }
    after_ = Scan(options.folder).value();
    end_ = promised_end_ + 40 + 8 + 40 + 104 + 40 + 8;
  }

  static EmbeddedLog::Options Options(const std::string& folder) {
    auto options = SmallLog(folder);
    options.segment_bytes = 16 << 10;
    options.trailer_after = Duration::Seconds(3600);  // only Close adds trailers here
    return options;
  }
  // Opens a log made of these bytes.
  absl::StatusOr<std::unique_ptr<EmbeddedLog>> OpenBytes(const std::string& bytes) {
    const std::string folder = copies_.Sub(std::to_string(++copy_));
    std::filesystem::create_directory(folder);
    WriteFile(folder + "/FORMAT", format_);
    WriteFile(folder + "/segment-000001.log", bytes);
    folder_ = folder;
    report_ = OpenReport();
    return EmbeddedLog::Open(Options(folder), &report_);
  }

  // Opens, and checks: all that was promised is there, of the last batch a prefix, and the log goes on.
  void ExpectRecovers(const std::string& bytes, const std::string& what) {
    SCOPED_TRACE(what);
    size_t kept = 0;
    {
      auto log = OpenBytes(bytes);
      ASSERT_TRUE(log.ok()) << log.status();
      kept = (*log)->End(Trade(0)) + (*log)->End(Trade(1)) + (*log)->End(Account(1)) - 10;
      ASSERT_LE(kept, 3u);
      ASSERT_TRUE(AppendAndWait(**log, Trade(3), "goes on").ok());
    }
    Contents expected = before_;
    if (kept > 0) expected[Trade(0)].push_back(after_[Trade(0)].back());
    if (kept > 1) expected[Account(1)] = after_[Account(1)];
    if (kept > 2) expected[Trade(1)].push_back(after_[Trade(1)].back());
    expected[Trade(3)] = {"goes on"};
    const auto found = Scan(folder_);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(*found, expected);
    std::filesystem::remove_all(folder_);
    kept_ = kept;
  }

  TempFolder original_{TempFolder::Fast()}, copies_{TempFolder::Fast()};
  int copy_ = 0;
  Contents before_, after_;
  std::string bytes_, format_, folder_;
  size_t promised_end_ = 0, end_ = 0, kept_ = 0;
  OpenReport report_;
};

TEST_F(Damage, ATailCutAtEveryByteLosesNothingPromised) {
  std::vector<size_t> seen;
  for (size_t cut = promised_end_; cut <= end_; ++cut) {
    std::string zeros = bytes_;
    std::fill(zeros.begin() + static_cast<ptrdiff_t>(cut), zeros.end(), '\0');
    ExpectRecovers(zeros, "zeros from byte " + std::to_string(cut));
    seen.push_back(kept_);
    if (HasFatalFailure()) return;
    ExpectRecovers(bytes_.substr(0, cut), "file ends at byte " + std::to_string(cut));
    EXPECT_EQ(seen.back(), kept_);
    if (HasFatalFailure()) return;
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.front(), 0u);
  EXPECT_EQ(seen.back(), 3u);
}

TEST_F(Damage, GarbageAtTheEndIsCutAndReported) {
  for (const size_t at : {promised_end_, promised_end_ + 1, promised_end_ + 50, end_ - 7, end_, end_ + 8, end_ + 1000}) {
    std::string garbage = bytes_;
    for (size_t i = at; i < garbage.size(); ++i) garbage[i] = static_cast<char>(i * 31 + i / 7);
    ExpectRecovers(garbage, "garbage from byte " + std::to_string(at));
    if (HasFatalFailure()) return;
    EXPECT_GT(report_.torn_bytes, 0u);
    EXPECT_THAT(report_.Summary(), HasSubstr("segment-000001.log: cut"));
  }
}

// Blocks reach the disk in any order: a later frame may be whole although an earlier one of the same sync is not.
TEST_F(Damage, WhatFollowsATornFrameIsCutWithIt) {
  std::string torn = bytes_;
  torn[promised_end_ + 41] ^= 1;  // in the first of the last three records
  ExpectRecovers(torn, "first record of the last batch");
  EXPECT_EQ(kept_, 0u);
  EXPECT_EQ(report_.torn_frames, 2u);
}

TEST_F(Damage, EveryDamagedByteBelowThePromisedEndIsRefused) {
  const size_t first = log_format::kSegmentHeaderUnit;
  for (size_t at = first; at < promised_end_; ++at) {
    std::string rotten = bytes_;
    rotten[at] ^= 0x20;
    const auto log = OpenBytes(rotten);
    std::filesystem::remove_all(folder_);
    if (log.ok()) {
      // Padding carries nothing; neither does the trailer itself when frames of a later batch say the same.
      const bool padding = bytes_[at] == '\0';
      ASSERT_TRUE(padding) << "byte " << at << " was damaged and nobody noticed";
      continue;
    }
    ASSERT_EQ(log.status().code(), absl::StatusCode::kDataLoss) << log.status();
    ASSERT_THAT(std::string(log.status().message()), HasSubstr("segment-000001.log: byte "));
    ASSERT_THAT(std::string(log.status().message()), HasSubstr("restore this file"));
  }
}

TEST_F(Damage, ADamagedOrMissingHeaderIsRefused) {
  for (const size_t at : {0, 8, 12, 16, 20, 24, 40, 48, 56, 64, 100}) {
    std::string rotten = bytes_;
    rotten[at] ^= 0x20;
    const auto log = OpenBytes(rotten);
    EXPECT_FALSE(log.ok()) << at;
    EXPECT_THAT(std::string(log.status().message()), HasSubstr("segment-000001.log"));
  }
  EXPECT_EQ(OpenBytes("").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenBytes(bytes_.substr(0, 4000)).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(Damage, TheIdleTrailerProtectsTheLastBatch) {
  auto options = Options(copies_.Sub("idle"));
  options.trailer_after = Duration::Millis(1);
  {
    auto log = EmbeddedLog::Open(options);
    ASSERT_TRUE(log.ok());
    ASSERT_TRUE(AppendAndWait(**log, Trade(0), Payload("last", 100)).ok());
    while ((*log)->stats().syncs < 2) std::this_thread::yield();  // the second sync is the trailer's
  }
  const std::string path = options.folder + "/segment-000001.log";
  std::string bytes = ReadFile(path);
  bytes[4096 + 60] ^= 1;
  WriteFile(path, bytes);
  const auto log = EmbeddedLog::Open(options);
  EXPECT_EQ(log.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(log.status().message()), HasSubstr("byte 4096"));
}

// Rot in a segment that is complete is found when somebody reads it, whoever needs it.
TEST_F(Damage, RotInAnOlderSegmentIsFoundByReadersAndByScan) {
  const auto options = Options(copies_.Sub("older"));
  {
    auto log = EmbeddedLog::Open(options);
    ASSERT_TRUE(log.ok());
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(AppendAndWait(**log, Trade(0), Payload(std::to_string(i), 1000)).ok());
  }
  const std::string path = options.folder + "/segment-000002.log";
  const std::string good = ReadFile(path);
  std::string bytes = good;
  bytes[6000] ^= 1;
  for (const std::string& damaged : {bytes, good.substr(0, 6000)}) {
    WriteFile(path, damaged);
    EXPECT_EQ(Scan(options.folder).status().code(), absl::StatusCode::kDataLoss);
    auto log = EmbeddedLog::Open(options);
    ASSERT_TRUE(log.ok()) << log.status();
    Collector collector;
    collector.Follow(**log, Trade(0));
    const absl::Status status = (*log)->Start();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()), HasSubstr("segment-000002.log: byte "));
    (*log)->Close();
  }
}

TEST_F(Damage, ABitOfLuckIsNotEnoughToForgeAFrame) {
  // A frame of another log (same position, other data id) behind the end is no frame of this one.
  auto options = Options(copies_.Sub("other"));
  {
    auto log = EmbeddedLog::Open(options);
    ASSERT_TRUE(log.ok());
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(AppendAndWait(**log, Trade(0), Payload(std::to_string(i), 20)).ok());
  }
  const std::string foreign = ReadFile(options.folder + "/segment-000001.log");
  std::string mixed = bytes_;
  std::copy(foreign.begin() + static_cast<ptrdiff_t>(end_), foreign.end(), mixed.begin() + static_cast<ptrdiff_t>(end_));
  ExpectRecovers(mixed, "foreign frames behind the end");
  EXPECT_EQ(kept_, 3u);
  EXPECT_EQ(report_.torn_frames, 0u);
}

}  // namespace
}  // namespace fundcore
