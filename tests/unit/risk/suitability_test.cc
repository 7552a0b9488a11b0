// Policies, scores, confirmations and what decisions make of them.
#include <gtest/gtest.h>

#include "tests/unit/risk/bench_of_one.h"

namespace fundcore::risk {
namespace {

Policy Usual(std::string version, TimePoint at) {
  Policy p;
  p.version = std::move(version);
  p.at = at;
  for (int q = 0; q < 5; ++q) {
    Question& question = p.questions.emplace_back();
    for (uint8_t o = 0; o < 5; ++o) question.options.push_back({"", static_cast<uint8_t>(5 * o), q == 0 && o == 0});
  }
  p.class_from = {21, 41, 61, 81};
  p.mismatch_text = "warning";
  return p;
}
std::string Options(std::initializer_list<char> o) { return std::string(o); }

TEST(Policy, ScoresAtTheirBounds) {
  const Policy p = Usual("1", TimePoint());
  EXPECT_EQ(Score(p, Options({1, 1, 1, 1, 0}))->risk_class, 1);  // 20
  EXPECT_EQ(Score(p, Options({1, 1, 1, 1, 1}))->risk_class, 2);  // 25
  EXPECT_EQ(Score(p, Options({2, 2, 2, 2, 0}))->risk_class, 2);  // 40
  EXPECT_EQ(Score(p, Options({2, 2, 2, 2, 1}))->risk_class, 3);  // 45
  EXPECT_EQ(Score(p, Options({3, 3, 3, 3, 0}))->risk_class, 3);  // 60
  EXPECT_EQ(Score(p, Options({4, 4, 4, 4, 0}))->risk_class, 4);  // 80
  EXPECT_EQ(Score(p, Options({4, 4, 4, 4, 1}))->risk_class, 5);  // 85
  EXPECT_TRUE(Score(p, Options({0, 4, 4, 4, 4}))->lowest);
  EXPECT_EQ(Score(p, Options({0, 4, 4, 4, 4}))->risk_class, 1);
  EXPECT_FALSE(Score(p, Options({1, 1, 1, 1})).has_value());
  EXPECT_FALSE(Score(p, Options({1, 1, 1, 1, 5})).has_value());
}

TEST(Policy, DatesAndAges) {
  EXPECT_EQ(MonthsAfter(Date::FromRaw(20250303), 12).raw(), 20260303);
  EXPECT_EQ(MonthsAfter(Date::FromRaw(20240229), 12).raw(), 20250228);
  EXPECT_EQ(MonthsAfter(Date::FromRaw(20250131), 1).raw(), 20250228);
  EXPECT_EQ(MonthsAfter(Date::FromRaw(20250831), 6).raw(), 20260228);
  EXPECT_EQ(MonthsAfter(Date::FromRaw(20251231), 4).raw(), 20260430);
  EXPECT_EQ(AgeOn(Date::FromRaw(19600304), Date::FromRaw(20250303)), 64);
  EXPECT_EQ(AgeOn(Date::FromRaw(19600304), Date::FromRaw(20250304)), 65);
}

TEST(Policy, AVersionNeverChanges) {
  Bench b;
  Policy p = Usual("2026-1", b.at);
  EXPECT_EQ(b.Run(PutPolicy{p}).reason, Reason::kNone);
  EXPECT_EQ(b.Run(PutPolicy{p}).reason, Reason::kNone);
  p.valid_months = 6;
  EXPECT_EQ(b.Run(PutPolicy{p}).reason, Reason::kPolicyVersionReused);
}

TEST(Policy, AnOrderIsJudgedByThePolicyOfItsReceipt) {
  Bench b;
  b.Assess(7, 2);
  const TimePoint before = b.at;
  b.at = b.at + Duration::Seconds(60);
  b.Run(PutPolicy{Usual("2026-1", b.at)});
  EXPECT_EQ(b.One(b.Item(1, 7, "000003", 100, true), before).outcome, Outcome::kAllow) << "then, the flag was enough";
  EXPECT_EQ(b.One(b.Item(2, 7, "000003", 100, true), b.at).reason, Reason::kRiskAboveClass);
  b.Run(Confirm{7, {TimePoint(), ConfirmationKind::kMismatch, FundCode("000003"), "2026-1", ""}});
  EXPECT_EQ(b.Buy(3, 7, "000003").outcome, Outcome::kAllow);
  EXPECT_EQ(b.Buy(4, 7, "000004").reason, Reason::kRiskAboveClass) << "a confirmation is for one fund";
  b.Restart();
  const auto explained = b.machine().Explain(3, *b.machine().FindDecision(3));
  ASSERT_TRUE(explained.ok());
  EXPECT_EQ(explained->more.policy, "2026-1");
  EXPECT_EQ(explained->more.mismatch_version, "2026-1");
  EXPECT_EQ(explained->more.mismatch_at, b.at);
  EXPECT_EQ(b.One(b.Item(3, 7, "000003", 100), b.at).outcome, Outcome::kAllow) << "asked again, the stored one";
}

TEST(Policy, AConfirmationAfterTheReceiptDoesNotHelp) {
  Bench b;
  b.Assess(7, 2);
  b.Run(PutPolicy{Usual("2026-1", b.at)});
  const TimePoint received = b.at;
  b.at = b.at + Duration::Seconds(1);
  b.Run(Confirm{7, {TimePoint(), ConfirmationKind::kMismatch, FundCode("000003"), "2026-1", ""}});
  EXPECT_EQ(b.One(b.Item(1, 7, "000003", 100), received).reason, Reason::kRiskAboveClass);
}

TEST(Policy, AnswersAreKeptWithTheirVersion) {
  Bench b;
  b.Run(PutPolicy{Usual("2026-1", b.at)});
  const auto assess = [&](std::string_view version, const std::string& options) {
    return b.Run(Assess{CallerId("app"), "a", 7, "", false, version, options});
  };
  EXPECT_EQ(assess("2025-9", Options({2, 2, 2, 2, 2})).reason, Reason::kQuestionnaireOutdated);
  EXPECT_EQ(assess("2026-1", Options({2, 2, 2, 2})).reason, Reason::kAnswersDoNotFit);
  EXPECT_EQ(assess("2026-1", Options({2, 2, 2, 2, 2})).risk_class, 3);
  EXPECT_TRUE(assess("2026-1", Options({2, 2, 2, 2, 2})).repeated);
  EXPECT_EQ(assess("2026-1", Options({2, 2, 2, 2, 3})).reason, Reason::kRequestIdReused);
  int n = 0;
  b.machine().ForEachAnswers(7, [&](TimePoint, const Answers& a) {
    ++n;
    EXPECT_EQ(a.version, "2026-1");
    EXPECT_EQ(a.score, 50u);
  });
  EXPECT_EQ(n, 1);
}

}  // namespace
}  // namespace fundcore::risk
