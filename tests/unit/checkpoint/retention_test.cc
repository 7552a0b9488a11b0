// Up to where a log may be trimmed.
#include "common/checkpoint/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/check.h"

namespace fundcore::checkpoint {
namespace {

using ::testing::HasSubstr;
const LogPartition kTrade0{ServiceId::kTrade, PartitionId(0)}, kTrade1{ServiceId::kTrade, PartitionId(1)},
    kRisk0{ServiceId::kRisk, PartitionId(0)};

Manifest Made(int hour, std::vector<std::pair<LogPartition, LogOffset>> marks) {
  Manifest m;
  m.name = StrCat("at-", hour);
  m.log_id = "kafka:x";
  m.made = *TimePoint::Parse(StrCat("2025-03-03 ", hour, ":00"));
  for (const auto& [id, next] : marks) m.partitions.push_back({id, next, 1, std::string(32, '0'), {}});
  return m;
}

TEST(TrimPoints, AreTheLeastOfTheNewestK) {
  const std::vector<Manifest> all{
      Made(10, {{kTrade0, 100}, {kTrade1, 50}}), Made(14, {{kTrade0, 300}, {kTrade1, 70}}),
      Made(12, {{kTrade0, 200}, {kTrade1, 90}})};  // trade 1 was restored to an older state since
  const std::vector<LogPartition> both{kTrade0, kTrade1};
  using Points = std::vector<TrimPoint>;
  EXPECT_EQ(*TrimPoints(all, both, 1), (Points{{kTrade0, 300}, {kTrade1, 70}}));
  EXPECT_EQ(*TrimPoints(all, both), (Points{{kTrade0, 200}, {kTrade1, 70}}));
  EXPECT_EQ(*TrimPoints(all, both, 3), (Points{{kTrade0, 100}, {kTrade1, 50}}));
  EXPECT_TRUE(absl::IsInvalidArgument(TrimPoints(all, both, 0).status()));
}

TEST(TrimPoints, CountEachPartitionsOwnCheckpoints) {
  // Two processes with other roles, and one checkpoint seen in two stores.
  const Manifest trade10 = Made(10, {{kTrade0, 100}}), risk11 = Made(11, {{kRisk0, 7}}),
                 trade12 = Made(12, {{kTrade0, 200}}), risk13 = Made(13, {{kRisk0, 9}});
  const std::vector<LogPartition> wanted{kTrade0, kRisk0};
  EXPECT_EQ(*TrimPoints(std::vector{risk13, trade10, risk11, trade12}, wanted),
            (std::vector<TrimPoint>{{kTrade0, 100}, {kRisk0, 7}}));
  const absl::Status once = TrimPoints(std::vector{trade10, trade12, risk13, risk13}, wanted).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(once));
  EXPECT_THAT(once.message(), HasSubstr("risk partition 0 is in 1 verified checkpoint, 2 must hold it"));
}

TEST(TrimPoints, AreRefusedWhereNothingCovers) {
  const absl::Status none = TrimPoints({}, std::vector{kTrade0}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(none));
  EXPECT_THAT(none.message(), HasSubstr("trade partition 0 is in 0 verified checkpoints"));
  Manifest other = Made(12, {{kTrade0, 200}});
  other.log_id = "kafka:y";
  EXPECT_THAT(TrimPoints(std::vector{Made(10, {{kTrade0, 100}}), other}, std::vector{kTrade0}).status().message(),
              HasSubstr("give those of one log"));
}

}  // namespace
}  // namespace fundcore::checkpoint
