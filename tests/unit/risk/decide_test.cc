// Decisions: one rule a test.
#include <gtest/gtest.h>

#include "common/rpc/reason_words.h"
#include "tests/unit/risk/bench_of_one.h"

namespace fundcore::risk {
namespace {

constexpr Verdict kAllowed{Outcome::kAllow, Reason::kNone};
constexpr Verdict Blocked(Reason r) { return {Outcome::kBlock, r}; }
constexpr Verdict Challenged(Reason r) { return {Outcome::kChallenge, r}; }

TEST(Decide, NoQuestionnaireNoPurchaseButRedemption) {
  Bench b;
  EXPECT_EQ(b.Buy(1, 7, "000001"), Blocked(Reason::kQuestionnaireMissing));
  EXPECT_EQ(b.Redeem(2, 7), kAllowed);
  EXPECT_EQ(b.machine().FindProfile(7), nullptr) << "a number that nobody has leaves nothing behind";
}

TEST(Decide, ClassAndGrade) {
  Bench b;
  b.Assess(7, 3);
  EXPECT_EQ(b.Buy(1, 7, "000003"), kAllowed);
  EXPECT_EQ(b.Buy(2, 7, "000004"), Blocked(Reason::kRiskAboveClass));
  EXPECT_EQ(b.Buy(3, 7, "000004", 1000, true), kAllowed);
  EXPECT_TRUE(b.Fired(3, Reason::kMismatchConfirmed));
  EXPECT_FALSE(b.Fired(1, Reason::kMismatchConfirmed));
  EXPECT_EQ(b.Buy(4, 7, "999999"), Blocked(Reason::kFundUnknown));
  EXPECT_EQ(b.Redeem(5, 7, "000005"), kAllowed) << "never refused for suitability";
}

TEST(Decide, LowestClassBuysR1OnlyWhateverIsConfirmed) {
  Bench b;
  b.Assess(7, 5, true);
  EXPECT_EQ(b.Buy(1, 7, "000001"), kAllowed);
  EXPECT_EQ(b.Buy(2, 7, "000002", 1000, true), Blocked(Reason::kLowestClassAboveR1));
}

TEST(Decide, AnswersExpireAfterTheirLastDay) {
  Bench b;
  b.Assess(7, 3);
  b.at = Bench::At("2027-03-04 23:59:59");
  EXPECT_EQ(b.Buy(1, 7, "000003"), kAllowed);
  b.at = Bench::At("2027-03-05 00:00");
  EXPECT_EQ(b.Buy(2, 7, "000003"), Blocked(Reason::kQuestionnaireExpired));
  EXPECT_EQ(b.One(b.Item(3, 7, "000003", 1000), Bench::At("2027-03-04 23:59:59")), kAllowed) << "as of receipt";
  EXPECT_EQ(b.Redeem(4, 7), kAllowed);
}

TEST(Decide, JudgesByWhatWasInForceAtReceipt) {
  Bench b;
  const TimePoint before = b.at;
  b.at = Bench::At("2026-03-04 11:00");
  b.Assess(7, 5);
  const TimePoint between = Bench::At("2026-03-04 11:30");
  b.at = Bench::At("2026-03-04 12:00");
  b.Assess(7, 1);
  b.Watch(7, WatchLevel::kBlock);
  EXPECT_EQ(b.One(b.Item(1, 7, "000005", 1000), before), Blocked(Reason::kQuestionnaireMissing));
  EXPECT_EQ(b.One(b.Item(2, 7, "000005", 1000), between), kAllowed);
  EXPECT_EQ(b.One(b.Item(3, 7, "000005", 1000), b.at), Blocked(Reason::kWatchBlocked));
  EXPECT_TRUE(b.Fired(3, Reason::kRiskAboveClass)) << "every rule that fired is recorded";
}

TEST(Decide, GradeAsOfReceipt) {
  Bench b;
  b.Assess(7, 2);
  AbsorbFacts facts;
  facts.after = 5;
  facts.facts.emplace_back(6, Encode(Bench::FundFact(6, 3, Bench::At("2026-03-04 10:30"), "000002")));
  b.Run(facts);
  EXPECT_EQ(b.One(b.Item(1, 7, "000002", 1000), Bench::At("2026-03-04 10:29:59")), kAllowed);
  EXPECT_EQ(b.One(b.Item(2, 7, "000002", 1000), Bench::At("2026-03-04 10:30")), Blocked(Reason::kRiskAboveClass));
  EXPECT_EQ(b.Evidence(2).product_version, 6u);
}

TEST(Decide, WaitsForTheWatermarkAndRecordsNothing) {
  Bench b;
  b.Assess(7, 2);
  const TimePoint later = Bench::At("2035-01-01 00:00:01");
  EXPECT_EQ(b.One(b.Item(1, 7, "000002", 1000), later).outcome, Outcome::kNotYet);
  EXPECT_EQ(b.machine().FindDecision(1), nullptr);
  AbsorbFacts facts;
  facts.after = 5;
  facts.watermark = later;
  b.Run(facts);
  EXPECT_EQ(b.One(b.Item(1, 7, "000002", 1000), later), Blocked(Reason::kQuestionnaireExpired));
}

TEST(Decide, TheStoredDecisionComesBack) {
  Bench b;
  b.Assess(7, 3);
  EXPECT_EQ(b.Buy(1, 7, "000003"), kAllowed);
  b.at = Bench::At("2026-03-04 11:00");
  b.Watch(7, WatchLevel::kBlock);
  EXPECT_EQ(b.Buy(1, 7, "000003"), kAllowed);
  EXPECT_EQ(b.Buy(2, 7, "000003"), Blocked(Reason::kWatchBlocked));
  b.Watch(7, WatchLevel::kNone);
  b.Restart();
  EXPECT_EQ(b.Buy(2, 7, "000003"), Blocked(Reason::kWatchBlocked));
  EXPECT_EQ(b.machine().FindProfile(7)->day_orders, 1u) << "asking again counts nothing";
}

TEST(Decide, TheSameOrderTwiceInOneBatch) {
  Bench b;
  b.Assess(7, 3);
  Decide command;
  command.received = b.at;
  command.items = {b.Item(1, 7, "000003", 1000), b.Item(1, 7, "000003", 1000)};
  const auto result = b.Run(command);
  ASSERT_EQ(result.verdicts.size(), 2u);
  EXPECT_EQ(result.verdicts[0], kAllowed);
  EXPECT_EQ(result.verdicts[1], kAllowed);
  EXPECT_EQ(b.machine().FindProfile(7)->day_orders, 1u);
}

TEST(Decide, AmountOfOneOrder) {
  Bench b;
  b.Assess(7, 3);
  EXPECT_EQ(b.Buy(1, 7, "000003", 50'000'000), kAllowed);
  EXPECT_EQ(b.Buy(2, 7, "000003", 50'000'001), Challenged(Reason::kOrderAmountLimit));
}

TEST(Decide, AmountOfTheDay) {
  Bench b;
  b.Assess(7, 3);
  for (uint64_t order = 1; order <= 4; ++order) EXPECT_EQ(b.Buy(order, 7, "000003", 50'000'000), kAllowed);
  EXPECT_EQ(b.Buy(5, 7, "000005", 50'000'000), Blocked(Reason::kRiskAboveClass)) << "a block comes before a challenge";
  EXPECT_EQ(b.Buy(6, 7, "000003", 1), Challenged(Reason::kDayAmountLimit));
  EXPECT_EQ(b.Evidence(6).day_amount, Money::FromRaw(200'000'001'00)) << "what was blocked does not count";
  EXPECT_EQ(b.Redeem(7, 7), kAllowed);
  b.at = Bench::At("2026-03-05 00:00");
  EXPECT_EQ(b.Buy(8, 7, "000003", 1), kAllowed);
  EXPECT_EQ(b.One(b.Item(9, 7, "000003", 2), Bench::At("2026-03-04 23:59")), kAllowed);
  EXPECT_EQ(b.Evidence(9).day_amount, Money::FromRaw(3'00)) << "a late one counts towards the later day";
}

TEST(Decide, OrdersOfTheDay) {
  Bench b;
  b.Assess(7, 3);
  RiskLimits limits;
  limits.day_orders = 2;
  b.Run(AdoptLimits{limits});
  EXPECT_EQ(b.Buy(1, 7, "000003"), kAllowed);
  EXPECT_EQ(b.Redeem(2, 7), kAllowed);
  EXPECT_EQ(b.Redeem(3, 7), Challenged(Reason::kDayOrdersLimit));
}

TEST(Decide, AbsurdAmountsStopNothing) {
  Bench b;
  b.Assess(7, 3);
  DecideItem item = b.Item(1, 7, "000003", 0);
  item.amount = Money::FromRaw(INT64_MAX);
  EXPECT_EQ(b.One(item, b.at), Challenged(Reason::kOrderAmountLimit));
  item.order = 2;
  EXPECT_EQ(b.One(item, b.at), Challenged(Reason::kOrderAmountLimit));
  item.order = 3;
  item.amount = Money::FromRaw(INT64_MIN);
  EXPECT_EQ(b.One(item, b.at), Challenged(Reason::kDayAmountLimit));
  EXPECT_EQ(b.machine().FindProfile(7)->day_amount, Money::FromRaw(INT64_MAX));
}

TEST(Decide, WatchLevels) {
  Bench b;
  b.Assess(7, 3);
  b.Watch(7, WatchLevel::kChallenge);
  EXPECT_EQ(b.Buy(1, 7, "000003"), Challenged(Reason::kWatchChallenged));
  EXPECT_EQ(b.Buy(2, 7, "000003", 60'000'000), Challenged(Reason::kOrderAmountLimit));
  b.Watch(7, WatchLevel::kBlock);
  EXPECT_EQ(b.Redeem(3, 7), Blocked(Reason::kWatchBlocked));
  b.Watch(7, WatchLevel::kNone);
  EXPECT_EQ(b.Redeem(4, 7), kAllowed);
  b.Watch(8, WatchLevel::kChallenge);
  EXPECT_EQ(b.Redeem(5, 8), Challenged(Reason::kWatchChallenged)) << "also without a questionnaire";
}

TEST(Decide, ChurnIsRecordedNotPunished) {
  Bench b;
  b.Assess(7, 3);
  b.Buy(1, 7, "000003", 999'999);
  EXPECT_EQ(b.Redeem(2, 7), kAllowed);
  EXPECT_FALSE(b.Fired(2, Reason::kRedeemedSoonAfterPurchase));
  b.Buy(3, 7, "000003", 1'000'000);
  b.at = b.at + Duration::Seconds(24 * 3600);
  EXPECT_EQ(b.Redeem(4, 7), kAllowed);
  EXPECT_TRUE(b.Fired(4, Reason::kRedeemedSoonAfterPurchase));
  b.at = b.at + Duration::Micros(1);
  b.Redeem(5, 7);
  EXPECT_FALSE(b.Fired(5, Reason::kRedeemedSoonAfterPurchase));
}

TEST(Decide, EvidenceIsSmall) {
  Bench b;
  b.Assess(900'000, 3);
  b.Buy(12'000'000, 900'000, "000003", 10'000);
  Evidence e = b.Evidence(12'000'000);
  EXPECT_EQ(e.risk_class, 3);
  EXPECT_EQ(e.risk_grade, 3);
  EXPECT_EQ(e.amount, Money::FromRaw(10'000'00));
  e.after = Duration::Millis(3);
  e.product_version = 20'000;
  e.day_amount = Money::FromRaw(1'000'000'00);
  EXPECT_LE(Encode(e).size(), 40u);
}

TEST(Decide, NothingBeforeLimitsAreAdopted) {
  MemoryStore store;
  machine::State state(&store, {ServiceId::kRisk, PartitionId(0)});
  RiskMachine m(state, PartitionId(0));
  ASSERT_TRUE(state.Load().ok());
  AbsorbFacts facts;
  facts.watermark = Bench::At("2035-01-01 00:00");
  m.Execute(facts, {});
  Decide command;
  command.received = Bench::At("2026-03-04 10:00");
  command.items.resize(1);
  EXPECT_EQ(m.Execute(command, {}).verdicts[0].outcome, Outcome::kNotYet);
}

// Whoever shows a refusal to the investor has a sentence for it.
TEST(Reasons, AreThereInChinese) {
  for (uint16_t n = 1; n < 1'000; ++n) {
    const std::string_view name = ReasonName(static_cast<Reason>(n));
    if (name.empty() || name == "UNKNOWN_REASON") continue;
    ASSERT_NE(rpc::FindReasonWords(name), nullptr) << name;
    EXPECT_FALSE(rpc::FindReasonWords(name)->zh.empty()) << name;
    const size_t code = rpc::FindReasonWords(name)->code.size();
    EXPECT_TRUE(code == 0 || code == 4) << name;
  }
}

}  // namespace
}  // namespace fundcore::risk
