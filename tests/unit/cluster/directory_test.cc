// Who is believed about who owns what, and for how long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/cluster/announcer.h"
#include "common/cluster/bulletin.h"
#include "common/cluster/directory.h"
#include "common/runtime/simulated.h"

namespace fundcore::cluster {
namespace {

constexpr LogPartition Trade(uint16_t p) { return {ServiceId::kTrade, PartitionId(p)}; }

class DirectoryTest : public testing::Test {
 protected:
  // Process `id` at "host-ID:1" says that it owns these trade partitions, all with this epoch.
  void Say(uint64_t id, uint64_t seq, std::vector<uint16_t> owned, uint64_t epoch, bool leaving = false) {
    v1::Announcement word;
    word.set_process_id(id);
    word.set_seq(seq);
    word.set_address("host-" + std::to_string(id) + ":1");
    word.add_roles("trade");
    word.set_leaving(leaving);
    for (uint16_t p : owned) {
      v1::Owned* o = word.add_owned();
      o->set_service("trade");
      o->set_partition(p);
      o->set_epoch(epoch);
    }
    EXPECT_TRUE(directory_.Apply(word.SerializeAsString()));
  }
  std::string Owner(uint16_t p) {
    const auto owner = directory_.OwnerOf(Trade(p));
    return owner ? owner->address : "";
  }

  Duration now_;
  Directory directory_{{.machine_now = [this] { return now_; }}};
};

TEST_F(DirectoryTest, TheHighestEpochCountsWhateverTheOrderOfWords) {
  Say(1, 1, {0, 1}, 5);
  Say(2, 1, {1}, 6);
  EXPECT_EQ(Owner(0), "host-1:1");
  EXPECT_EQ(Owner(1), "host-2:1");
  Say(1, 2, {0, 1}, 5);  // it was paused, and does not know yet that it lost partition 1
  EXPECT_EQ(Owner(1), "host-2:1");
  EXPECT_EQ(directory_.OwnerOf(Trade(1))->epoch, 6u);
}

TEST_F(DirectoryTest, WhatAProcessNoLongerClaimsIsNobodysUntilSomebodyDoes) {
  Say(1, 1, {0, 1}, 5);
  Say(1, 2, {0}, 5);
  EXPECT_EQ(Owner(1), "");
  Say(1, 1, {0, 1}, 5);  // an older word that was held up
  EXPECT_EQ(Owner(1), "");
  Say(1, 3, {}, 5, /*leaving=*/true);
  EXPECT_EQ(Owner(0), "");
  EXPECT_TRUE(directory_.Processes().empty());
}

TEST_F(DirectoryTest, AProcessThatIsNotHeardOfForTenSecondsIsForgotten) {
  Say(1, 1, {0}, 5);
  Say(2, 1, {1}, 5);
  now_ = Duration::Seconds(8);
  Say(2, 2, {1}, 5);
  now_ = Duration::Seconds(11);
  EXPECT_EQ(Owner(0), "");
  EXPECT_EQ(Owner(1), "host-2:1");
  ASSERT_EQ(directory_.Processes().size(), 1u);
  EXPECT_EQ(directory_.Processes()[0].heard_ago, Duration::Seconds(3));
  EXPECT_EQ(directory_.AnyWith("trade", ""), "host-2:1");
  EXPECT_EQ(directory_.AnyWith("trade", "host-2:1"), "");
  EXPECT_EQ(directory_.AnyWith("risk", ""), "");
}

TEST_F(DirectoryTest, ARestartedProcessReplacesItsFormerSelf) {
  Say(1, 9, {0}, 5);
  v1::Announcement word;
  word.set_process_id(7);
  word.set_seq(1);
  word.set_address("host-1:1");
  directory_.Apply(word.SerializeAsString());
  EXPECT_EQ(Owner(0), "");
  EXPECT_EQ(directory_.Processes().size(), 1u);
}

TEST_F(DirectoryTest, AnswersCorrectHintsAndOldOnesDoNot) {
  Say(1, 1, {0}, 5);
  directory_.Correct(Trade(0), "host-2:1", 6);
  EXPECT_EQ(Owner(0), "host-2:1");
  directory_.Correct(Trade(0), "host-3:1", 5);  // from somebody who has not heard of epoch 6
  EXPECT_EQ(Owner(0), "host-2:1");
  Say(1, 2, {0}, 5);
  EXPECT_EQ(Owner(0), "host-2:1");
  now_ = Duration::Seconds(11);  // nobody ever heard of that process
  EXPECT_EQ(Owner(0), "");
}

TEST_F(DirectoryTest, AnOwnerInDoubtIsNoHintUntilItSpeaksAgain) {
  Say(1, 1, {0}, 5);
  directory_.Doubt(Trade(0), "host-9:1");
  EXPECT_EQ(Owner(0), "host-1:1");
  directory_.Doubt(Trade(0), "host-1:1");
  EXPECT_EQ(Owner(0), "");
  Say(1, 2, {0}, 5);
  EXPECT_EQ(Owner(0), "host-1:1");
}

TEST_F(DirectoryTest, JunkIsRefusedAndUnknownServicesPassedOver) {
  EXPECT_FALSE(directory_.Apply("\xff\xff junk"));
  EXPECT_FALSE(directory_.Apply(""));
  v1::Announcement word;
  word.set_process_id(1);
  word.set_seq(1);
  word.set_address("host-1:1");
  word.add_owned()->set_service("of a later version");
  v1::Owned* far = word.add_owned();
  far->set_service("trade");
  far->set_partition(70'000);
  EXPECT_TRUE(directory_.Apply(word.SerializeAsString()));
  v1::DirectoryResponse response;
  directory_.Fill(&response);
  EXPECT_EQ(response.owners_size(), 0);
  EXPECT_EQ(response.processes_size(), 1);
}

TEST(AnnouncerTest, SpeaksOnceASecondAtChangesAndAtTheEnd) {
  SimWorld world({.start = TimePoint::FromRaw(1'740'967'200'000'000)});
  SimExecutor* executor = world.MakeExecutor("announcer");
  MemoryBoard board;
  MemoryBulletin bulletin(&board);
  std::vector<v1::Announcement> words;
  Directory other({.machine_now = [&world] { return world.MachineNow(); }});
  bulletin.OnBulletin([&](std::string_view bytes) {
    EXPECT_TRUE(words.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    other.Apply(bytes);
  });
  Directory own({.machine_now = [&world] { return world.MachineNow(); }});
  Announcer announcer({.process_id = 42, .address = "a:1", .roles = {"trade"}, .machine_min = 1, .machine_max = 3}, &bulletin,
                      &own, executor);
  announcer.SetServing(Trade(3), true, 8);
  announcer.Start();
  world.RunUntilIdle(Duration::Millis(2'500));
  EXPECT_EQ(words.size(), 3u);
  EXPECT_EQ(words.back().now_us(), world.Now().raw());
  EXPECT_EQ(words.back().machine_max(), 3u);
  EXPECT_EQ(other.OwnerOf(Trade(3))->epoch, 8u);
  EXPECT_EQ(own.OwnerOf(Trade(3))->address, "a:1");

  // Many changes at once are one word.
  for (uint16_t p = 10; p < 20; ++p) announcer.SetServing(Trade(p), true, 1);
  announcer.SetServing(Trade(3), false, 0);
  world.RunUntilIdle(Duration());
  EXPECT_EQ(words.size(), 4u);
  EXPECT_FALSE(other.OwnerOf(Trade(3)));
  EXPECT_EQ(other.OwnerOf(Trade(19))->address, "a:1");

  announcer.Stop();
  EXPECT_TRUE(words.back().leaving());
  EXPECT_FALSE(other.OwnerOf(Trade(19)));
  world.RunUntilIdle(Duration::Seconds(5));
  EXPECT_EQ(words.size(), 5u) << "the last word is the last";
}

}  // namespace
}  // namespace fundcore::cluster
