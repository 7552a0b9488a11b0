// Limits by person, closed periods, and what a quota's refusal and a larger redemption do to an order.
#include "tests/unit/trade/bench.h"

namespace fundcore::trade {
namespace {

class Limits : public Bench, public ::testing::Test {
 protected:
  Limits() { Do(WithRules(At("2025-12-31 00:00:00"))); }
  static AbsorbFacts WithRules(TimePoint watermark) {
    AbsorbFacts usual = Facts::Usual().Take(watermark);
    ProductFact fact;
    fact.kind = FactKind::kFund;
    fact.fund = Fund("110055");
    fact.fund->version = usual.facts.back().first + 1;
    fact.fund->max_purchase = Money();
    fact.rules.emplace();
    fact.rules->fund = FundCode("110055");
    fact.rules->max_purchase_a_day = Money::Whole(10'000);
    fact.rules->max_purchase_total = Money::Whole(15'000);
    fact.rules->max_redemption_a_day = Units::Whole(800);
    fact.rules->daily_quota = Money::Whole(1'000'000);
    usual.facts.emplace_back(fact.fund->version, Encode(fact));
    return usual;
  }
  OrderState BuyState(std::string_view id, int64_t yuan) { return Buy(id, "110055", yuan).state; }
};

TEST_F(Limits, OfTheDayInclusiveAndOfOnePerson) {
  EXPECT_EQ(ReasonOf(Buy("a", "110055", 10'001).order), Reason::kPurchasesAboveDayLimit);
  EXPECT_EQ(BuyState("b", 4'000), OrderState::kReceived);
  EXPECT_EQ(ReasonOf(Buy("c", "110055", 6'001).order), Reason::kPurchasesAboveDayLimit);
  EXPECT_EQ(BuyState("d", 6'000), OrderState::kReceived);
  EXPECT_EQ(Buy("e", "110055", 10'000, Wang()).state, OrderState::kReceived);
  EXPECT_EQ(BuyState("b", 4'000), OrderState::kReceived) << "a retry counts nothing";
  Restart();
  EXPECT_EQ(ReasonOf(Buy("f", "110055", 100).order), Reason::kPurchasesAboveDayLimit);
  SetTime("2025-03-04 10:00:00");
  EXPECT_EQ(ReasonOf(Buy("g", "110055", 5'001).order), Reason::kPurchasesAbovePersonLimit);
  EXPECT_EQ(BuyState("h", 5'000), OrderState::kReceived);
  EXPECT_EQ(ReasonOf(Buy("i", "110055", 100).order), Reason::kPurchasesAbovePersonLimit);
}

TEST_F(Limits, WhatComesToNothingMakesRoomOnce) {
  const uint64_t a = Buy("a", "110055", 10'000).order;
  JudgeAs(a, 12);  // account refuses
  EXPECT_EQ(StateOf(a), OrderState::kRejected);
  const uint64_t b = Buy("b", "110055", 10'000).order;
  EXPECT_EQ(StateOf(b), OrderState::kReceived);
  Do(Cancel{Li(), m().IdOf(b)});
  Do(Cancel{Li(), m().IdOf(b)});
  EXPECT_EQ(BuyState("c", 10'000), OrderState::kReceived);
  EXPECT_EQ(ReasonOf(Buy("d", "110055", 100).order), Reason::kPurchasesAboveDayLimit);
}

TEST_F(Limits, AnOrderThatWaitsIsCountedWhenTheRulesSeeIt) {
  Bench late;
  late.Do(WithRules(At("2025-03-03 09:00")));
  const uint64_t a = late.Buy("a", "110055", 10'000).order;
  const uint64_t b = late.Buy("b", "110055", 10'000).order;
  const uint64_t c = late.Buy("c", "110055", 100).order;
  late.Do(Cancel{Li(), late.m().IdOf(a)});
  AbsorbFacts more;
  more.after = late.m().products().absorbed();
  more.watermark = At("2025-03-03 11:00");
  late.Do(more);
  late.Do(Review{});
  EXPECT_EQ(late.StateOf(a), OrderState::kCancelled);
  EXPECT_EQ(late.StateOf(b), OrderState::kReceived) << "what was cancelled before never counted";
  EXPECT_EQ(late.ReasonOf(c), Reason::kPurchasesAboveDayLimit);
  EXPECT_EQ(late.ReplayedHash(1), late.Hash());
}

TEST_F(Limits, ARefusedQuotaRejectsAndReleases) {
  const uint64_t a = Buy("a", "110055", 1'000).order;
  EXPECT_TRUE(m().NeedsQuota(*m().FindOrder(a)));
  EXPECT_FALSE(m().NeedsQuota(*m().FindOrder(Buy("other").order)));
  Judge j;
  j.orders.push_back({a, 0, RiskOutcome::kAllow, 0, TaAccountId("110000000001")});
  j.extras.push_back({0, Units(), static_cast<uint16_t>(Reason::kQuotaUsedUp)});
  Do(j);
  EXPECT_EQ(StateOf(a), OrderState::kRejected);
  EXPECT_EQ(ReasonOf(a), Reason::kQuotaUsedUp);
  EXPECT_TRUE(ReleaseOwed(a));
  EXPECT_TRUE(m().quota_releases().Contains(a));
  Do(QuotaReleased{{a}});
  EXPECT_FALSE(m().quota_releases().Contains(a));
}

TEST_F(Limits, ACancelOwesTheQuotaBackWhetherOrNotItWasTaken) {
  const uint64_t a = Buy("a", "110055", 1'000).order;
  Do(Cancel{Li(), m().IdOf(a)});
  EXPECT_TRUE(m().quota_releases().Contains(a));
  Restart();
  EXPECT_EQ(m().quota_releases().TakeFresh(), std::vector<uint64_t>{a});
  const uint64_t other = Accepted("b");
  Do(Cancel{Li(), m().IdOf(other)});
  EXPECT_FALSE(m().quota_releases().Contains(other)) << "its fund has no quota";
}

TEST_F(Limits, ARedemptionThatTakesAllSaysWhatWasAsked) {
  const uint64_t a = Receive1(Item("a", kRedemption, "110055", 700'00)).order;
  Judge j;
  j.orders.push_back({a, 0, RiskOutcome::kAllow, 0, TaAccountId("110000000001")});
  j.extras.push_back({0, Units::Whole(750), 0});
  Do(j);
  EXPECT_EQ(m().FindOrder(a)->units, Units::Whole(750));
  ASSERT_NE(m().FindAsked(a, *m().FindOrder(a)), nullptr);
  EXPECT_EQ(m().FindAsked(a, *m().FindOrder(a))->units, Units::Whole(700));
  EXPECT_EQ(ReasonOf(Receive1(Item("b", kRedemption, "110055", 100'01)).order), Reason::kRedemptionsAboveDayLimit);
  Do(Cancel{Li(), m().IdOf(a)});
  EXPECT_EQ(Receive1(Item("c", kRedemption, "110055", 800'00)).state, OrderState::kReceived);
  EXPECT_EQ(ReplayedHash(2), Hash());
}

TEST(JudgeBytes, WithoutExtrasAreAsTheyWere) {
  Judge plain;
  plain.orders.push_back({1, 0, RiskOutcome::kAllow, 0, TaAccountId()});
  const std::string before = Encode(plain);
  plain.extras.push_back({0, Units::Whole(1), 0});
  EXPECT_GT(Encode(plain).size(), before.size());
  Judge back;
  ASSERT_TRUE(Decode(before, &back));
  EXPECT_TRUE(back.extras.empty());
}

}  // namespace
}  // namespace fundcore::trade
