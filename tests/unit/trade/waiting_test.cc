// What orders wait for and since when, from the tables alone.
#include "services/trade/recovery.h"

#include "gmock/gmock.h"
#include "tests/unit/trade/bench.h"

namespace fundcore::trade {
namespace {

using Ages = std::array<uint64_t, kAges>;

class WaitingTest : public UsualBench {
 protected:
  WaitTally Look(std::string_view now) {
    WaitTally t;
    LookAtOrders(m(), At(now), &cursor_, &t);
    return t;
  }
  const WaitTally::Waiting& Of(const WaitTally& t, v1::WaitsFor w) { return t.of[w]; }
  LookCursor cursor_;
};

TEST_F(WaitingTest, AgesHaveBounds) {
  const TimePoint now = At("2025-03-03 10:00:00");
  EXPECT_EQ(AgeOf(now, now), 0u);
  EXPECT_EQ(AgeOf(now - Duration::Micros(999'999), now), 0u);
  EXPECT_EQ(AgeOf(now - Duration::Seconds(1), now), 1u);
  EXPECT_EQ(AgeOf(now - Duration::Seconds(59), now), 2u);
  EXPECT_EQ(AgeOf(now - Duration::Seconds(600), now), 4u);
  EXPECT_EQ(AgeOf(now - Duration::Seconds(86'400), now), 6u);
  EXPECT_EQ(AgeOf(now + Duration::Seconds(5), now), 0u);
}

TEST_F(WaitingTest, SpreadingLosesNoOrder) {
  WaitTally t;
  t.Spread(v1::WAITS_FOR_EXPORT, 10, Ages{1, 1, 1, 0, 0, 0, 0});
  EXPECT_EQ(Of(t, v1::WAITS_FOR_EXPORT).by_age, (Ages{3, 3, 4, 0, 0, 0, 0}));
  EXPECT_TRUE(Of(t, v1::WAITS_FOR_EXPORT).estimated);
  t.Spread(v1::WAITS_FOR_EXPORT, 7, Ages{});
  EXPECT_EQ(Of(t, v1::WAITS_FOR_EXPORT).by_age[6], 7u);
  EXPECT_EQ(Of(t, v1::WAITS_FOR_EXPORT).orders, 17u);
  t.Spread(v1::WAITS_FOR_CUT_OFF, 5, Ages{0, 0, 9, 0, 0, 0, 0});
  EXPECT_FALSE(Of(t, v1::WAITS_FOR_CUT_OFF).estimated);
}

TEST_F(WaitingTest, ADayGoesThroughAllClasses) {
  const uint64_t rejected = Buy("r", "999999").order;
  const uint64_t first = Accepted("a");
  SetTime("2025-03-03 10:30:00");
  Accepted("b");
  const uint64_t challenged = Buy("c").order;
  JudgeAs(challenged, 0, RiskOutcome::kChallenge, 4);
  EXPECT_EQ(StateOf(rejected), OrderState::kRejected);

  WaitTally t = Look("2025-03-03 10:30:05");
  EXPECT_EQ(Of(t, v1::WAITS_FOR_CUT_OFF).orders, 2u);
  EXPECT_EQ(Of(t, v1::WAITS_FOR_CUT_OFF).by_age, (Ages{0, 1, 0, 0, 1, 0, 0}));
  EXPECT_EQ(SequenceOf(Of(t, v1::WAITS_FOR_CUT_OFF).oldest), first);
  EXPECT_EQ(Of(t, v1::WAITS_FOR_SECOND_PROOF).orders, 1u);
  EXPECT_EQ(WaitsForOf(m(), first, *m().FindOrder(first), v1::WAITS_FOR_RISK), v1::WAITS_FOR_CUT_OFF);
  EXPECT_THAT(WhatToDo(m(), first, *m().FindOrder(first), v1::WAITS_FOR_CUT_OFF),
              ::testing::HasSubstr("2025-03-03 after 15:00"));

  SetTime("2025-03-03 15:00:01");
  DoAll(CloseDay{TaCode("11"), On(20250303), Duration::Millis(500)});
  t = Look("2025-03-03 15:00:02");
  EXPECT_EQ(Of(t, v1::WAITS_FOR_EXPORT).orders, 2u);
  EXPECT_EQ(Of(t, v1::WAITS_FOR_CUT_OFF).orders, 0u);
  EXPECT_EQ(Of(t, v1::WAITS_FOR_SECOND_PROOF).orders, 0u);
  EXPECT_EQ(Of(t, v1::WAITS_FOR_RELEASE).orders, 1u);
  EXPECT_EQ(SequenceOf(Of(t, v1::WAITS_FOR_RELEASE).oldest), challenged);

  DoAll(Seal{TaCode("11"), On(20250303), TransferNo(1)});
  DoAll(MarkDispatched{TaCode("11"), On(20250303), TransferNo(1), "F"});
  t = Look("2025-03-04 15:00:02");
  EXPECT_EQ(Of(t, v1::WAITS_FOR_CONFIRMATION).orders, 2u);
  EXPECT_EQ(Of(t, v1::WAITS_FOR_CONFIRMATION).by_age[6], 2u);
  EXPECT_EQ(SequenceOf(Of(t, v1::WAITS_FOR_CONFIRMATION).oldest), first);
  EXPECT_THAT(WhatToDo(m(), first, *m().FindOrder(first), v1::WAITS_FOR_CONFIRMATION),
              ::testing::HasSubstr("fundctl day status --ta 11 --day 2025-03-03"));
}

TEST_F(WaitingTest, OrdersForAFundNobodyKnowsWaitForProduct) {
  // Received beyond what product has told about.
  SetTime("2026-01-05 10:00:00");
  const uint64_t first = Buy("a").order;
  SetTime("2026-01-05 10:00:20");
  Buy("b");
  Buy("c");
  const WaitTally t = Look("2026-01-05 10:00:20");
  EXPECT_EQ(Of(t, v1::WAITS_FOR_PRODUCT).orders, 3u);
  EXPECT_EQ(Of(t, v1::WAITS_FOR_PRODUCT).by_age, (Ages{2, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(SequenceOf(Of(t, v1::WAITS_FOR_PRODUCT).oldest), first);
  EXPECT_EQ(WaitsForOf(m(), first, *m().FindOrder(first), v1::WAITS_FOR_RISK), v1::WAITS_FOR_PRODUCT);
}

TEST_F(WaitingTest, ManyAreCountedExactlyAndTheirAgesEstimated) {
  const auto accept = [this](std::string_view prefix, int n) {
    Receive c;
    c.caller = CallerId("app");
    std::vector<std::string> ids;
    for (int i = 0; i < n; ++i) ids.push_back(StrCat(prefix, i));
    for (const std::string& id : ids) c.orders.push_back(Item(id, kPurchase, "110022", 100'000));
    Judge j;
    for (const auto& r : Do(c).received) j.orders.push_back({r.order, 0, RiskOutcome::kAllow, 0, TaAccountId()});
    Do(j);
  };
  accept("old", 5'000);
  SetTime("2025-03-03 10:09:55");
  accept("new", 3'000);
  const WaitTally t = Look("2025-03-03 10:10:00");
  const auto& w = Of(t, v1::WAITS_FOR_CUT_OFF);
  EXPECT_EQ(w.orders, 8'000u);
  EXPECT_EQ(w.by_age, (Ages{0, 3'000, 0, 0, 5'000, 0, 0}));  // here the estimate is exact
  EXPECT_TRUE(w.estimated);
  EXPECT_EQ(SequenceOf(w.oldest), 1u);
  EXPECT_EQ(AgesBetween(m(), 1, 1, At("2025-03-03 10:10:00")), Ages{});

  // What is final is not looked at again.
  SetTime("2025-03-03 10:20:00");
  for (uint64_t seq = 1; seq <= 100; ++seq) Do(Cancel{Li(), m().IdOf(seq)});
  EXPECT_EQ(Of(Look("2025-03-03 10:20:00"), v1::WAITS_FOR_CUT_OFF).orders, 7'900u);
  EXPECT_EQ(cursor_.order, 101u);
}

}  // namespace
}  // namespace fundcore::trade
