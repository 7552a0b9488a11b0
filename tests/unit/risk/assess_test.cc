// Questionnaires and the watch list.
#include <gtest/gtest.h>

#include "tests/unit/risk/bench_of_one.h"

namespace fundcore::risk {
namespace {

TEST(Assess, GivesAClassForAYear) {
  Bench b;
  const auto r = b.Assess(7, 4);
  EXPECT_EQ(r.risk_class, 4);
  EXPECT_EQ(r.valid_until.raw(), 20270304);
  EXPECT_FALSE(r.repeated);
  EXPECT_EQ(b.Assess(8, 4, true).risk_class, 1) << "the lowest class is inside C1 whatever the points";
}

TEST(Assess, ARetryGetsItsOwnAnswerAgain) {
  Bench b;
  b.Assess(7, 4, false, "a");
  b.at = Bench::At("2026-04-01 10:00");
  b.Assess(7, 2, false, "b");
  b.Restart();
  const auto again = b.Assess(7, 4, false, "a");
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.risk_class, 4);
  EXPECT_EQ(again.valid_until.raw(), 20270304);
  EXPECT_EQ(b.machine().FindProfile(7)->risk_class, 2);
  EXPECT_EQ(b.Assess(7, 3, false, "a").reason, Reason::kRequestIdReused);
  EXPECT_EQ(b.Assess(7, 4, true, "a").reason, Reason::kRequestIdReused);
  EXPECT_EQ(b.Assess(8, 3, false, "a").reason, Reason::kNone) << "another investor's ids are their own";
}

TEST(Assess, TwiceADay) {
  Bench b;
  b.Assess(7, 1);
  b.Assess(7, 2);
  EXPECT_EQ(b.Assess(7, 3, false, "x").reason, Reason::kTwoAssessmentsToday);
  EXPECT_EQ(b.machine().FindProfile(7)->risk_class, 2);
  b.at = Bench::At("2026-03-05 00:00");
  EXPECT_EQ(b.Assess(7, 3, false, "x").reason, Reason::kNone) << "a refusal leaves the id unused";
}

TEST(Assess, EightInTwelveMonths) {
  Bench b;
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(b.Assess(7, 3).reason, Reason::kNone);
    b.at = b.at + Duration::Seconds(24 * 3600);
  }
  EXPECT_EQ(b.Assess(7, 3).reason, Reason::kEightAssessmentsInYear);
  b.at = Bench::At("2027-03-03 23:59");
  EXPECT_EQ(b.Assess(7, 3).reason, Reason::kEightAssessmentsInYear);
  b.at = Bench::At("2027-03-04 00:00");
  EXPECT_EQ(b.Assess(7, 3).reason, Reason::kNone);
  EXPECT_EQ(b.Assess(7, 3).reason, Reason::kEightAssessmentsInYear);
}

TEST(Assess, TheDossierForgetsWhatIsLongGone) {
  Bench b;
  b.Assess(7, 3);
  b.Watch(7, WatchLevel::kBlock);
  b.at = Bench::At("2028-03-04 10:00");
  b.Assess(7, 4);
  b.Watch(7, WatchLevel::kNone);
  EXPECT_EQ(b.machine().FindDossier(7)->assessments.size(), 2u) << "the first one held until now";
  b.at = Bench::At("2029-06-04 10:00");
  b.Assess(7, 5);
  b.Watch(7, WatchLevel::kChallenge);
  ASSERT_EQ(b.machine().FindDossier(7)->assessments.size(), 2u);
  EXPECT_EQ(b.machine().FindDossier(7)->assessments[0].risk_class, 4);
  EXPECT_EQ(b.machine().FindDossier(7)->watches.size(), 2u);
}

TEST(Watch, RepeatingItChangesNothing) {
  Bench b;
  b.Watch(7, WatchLevel::kNone);
  EXPECT_EQ(b.machine().FindProfile(7), nullptr);
  b.Watch(7, WatchLevel::kChallenge);
  b.at = Bench::At("2026-03-04 11:00");
  b.Watch(7, WatchLevel::kChallenge);
  EXPECT_EQ(b.machine().FindDossier(7)->watches.size(), 1u);
  EXPECT_EQ(b.machine().FindDossier(7)->watches[0].at, Bench::At("2026-03-04 10:00"));
}

}  // namespace
}  // namespace fundcore::risk
