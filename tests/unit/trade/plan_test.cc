// Plans: when debits fall due, that each is made once, and what ends a plan.
#include "services/trade/plans.h"

#include "tests/unit/trade/bench.h"

namespace fundcore::trade {
namespace {

PlanTerms Terms(PlanUnit unit, uint8_t day, int32_t first) {
  PlanTerms t;
  t.unit = unit;
  t.day = day;
  t.first = On(first);
  t.amount = Money::Whole(100);
  return t;
}

struct DebitCase {
  PlanUnit unit;
  int day;
  int32_t first, after, expected;
};
class DebitDays : public ::testing::TestWithParam<DebitCase> {};
TEST_P(DebitDays, ByTheCalendar) {
  const DebitCase& c = GetParam();
  const PlanTerms t = Terms(c.unit, static_cast<uint8_t>(c.day), c.first);
  EXPECT_EQ(NextDebitDay(t, Date::FromRaw(c.after)), On(c.expected));
}
INSTANTIATE_TEST_SUITE_P(
    All, DebitDays,
    ::testing::Values(DebitCase{PlanUnit::kWeekly, 1, 20250303, 0, 20250303},   // a Monday
                      DebitCase{PlanUnit::kWeekly, 1, 20250304, 0, 20250310},
                      DebitCase{PlanUnit::kWeekly, 7, 20250303, 0, 20250309},
                      DebitCase{PlanUnit::kWeekly, 1, 20250303, 20250303, 20250310},
                      DebitCase{PlanUnit::kFortnightly, 5, 20250303, 0, 20250307},
                      DebitCase{PlanUnit::kFortnightly, 5, 20250303, 20250307, 20250321},
                      DebitCase{PlanUnit::kFortnightly, 5, 20250303, 20250314, 20250321},
                      DebitCase{PlanUnit::kFortnightly, 5, 20250303, 20250320, 20250321},
                      DebitCase{PlanUnit::kMonthly, 31, 20250115, 20250131, 20250228},
                      DebitCase{PlanUnit::kMonthly, 29, 20240201, 0, 20240229},
                      DebitCase{PlanUnit::kMonthly, 15, 20250316, 0, 20250415},
                      DebitCase{PlanUnit::kMonthly, 1, 20251202, 0, 20260101}));

TEST(DebitDaysEnd, AtTheLastDay) {
  PlanTerms t = Terms(PlanUnit::kMonthly, 15, 20250301);
  t.last = On(20250414);
  EXPECT_EQ(NextDebitDay(t, Date()), On(20250315));
  EXPECT_FALSE(NextDebitDay(t, On(20250315)).is_set());
}

class Plans : public UsualBench {
 protected:
  TradeMachine::Result Make(std::string_view id, PlanTerms terms, std::string_view fund = "110022", InvestorId who = Li()) {
    MakePlan c;
    c.caller = CallerId("app");
    c.request_id = id;
    c.investor = who;
    c.fund = FundCode(fund);
    c.terms = terms;
    return Do(c);
  }
  // The order that the worker hands in for a plan that is due.
  TradeMachine::Received Debit(uint64_t plan) {
    const Plan& p = *m().FindPlan(plan);
    ids_.push_back(m().DebitRequest(plan, p.next));
    Receive c;
    c.caller = CallerId("plans");
    ReceiveItem item = Item(ids_.back(), kPurchase, p.fund.view(), p.terms.amount.raw(), p.investor);
    c.orders = {item};
    c.plans = {{0, plan, p.next}};
    return Do(c).received[0];
  }
  std::deque<std::string> ids_;
};

TEST_F(Plans, TheSameRequestIsTheSamePlan) {
  const auto a = Make("a", Terms(PlanUnit::kWeekly, 5, 20250304));
  const auto b = Make("a", Terms(PlanUnit::kWeekly, 5, 20250304));
  EXPECT_EQ(a.number, b.number);
  EXPECT_TRUE(b.repeated);
  EXPECT_EQ(Make("a", Terms(PlanUnit::kWeekly, 4, 20250304)).reason, Reason::kRequestIdReused);
  EXPECT_EQ(m().PlansOfInvestor(Li()).size(), 1u);
}

TEST_F(Plans, ADebitIsReceivedOnce) {
  const uint64_t plan = Make("a", Terms(PlanUnit::kWeekly, 5, 20250304)).number;
  SetTime("2025-03-07 09:29:59");
  EXPECT_FALSE(m().PlansDue(At("2025-03-07 09:29:59")));
  SetTime("2025-03-07 09:30:00");
  EXPECT_TRUE(m().PlansDue(At("2025-03-07 09:30:00")));
  EXPECT_FALSE(Do(PlanTick{}).more);
  Do(PlanTick{});
  ASSERT_EQ(m().debits().TakeFresh().size(), 1u);
  const auto first = Debit(plan);
  const auto again = Debit(plan);
  EXPECT_EQ(first.order, 1u);
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.order, first.order);
  JudgeAs(first.order);
  EXPECT_EQ(m().FindPlan(plan)->debits, 1u);
  EXPECT_EQ(m().FindPlan(plan)->next, On(20250314));
  EXPECT_EQ(ReplayedHash(1), Hash());
  EXPECT_EQ(ReplayedHash(3), Hash());
}

TEST_F(Plans, WhatWasPausedMeanwhileMakesNoOrder) {
  const uint64_t plan = Make("a", Terms(PlanUnit::kWeekly, 5, 20250304)).number;
  SetTime("2025-03-07 09:30:00");
  Do(PlanTick{});
  const Date day = m().FindPlan(plan)->next;
  Do(ChangePlan{Li(), m().IdOf(plan), PlanAction::kPause, {}});
  Receive c;
  c.caller = CallerId("plans");
  c.orders = {Item("plan/x", kPurchase, "110022", 10'000)};
  c.plans = {{0, plan, day}};
  EXPECT_EQ(Do(c).received[0].error, Reason::kPlanNotDue);
  EXPECT_EQ(m().FindOrder(1), nullptr);
  EXPECT_TRUE(m().debits().TakeFresh().empty());
}

// 2,500 plans of a day: three commands, and no plan of another day is looked at.
TEST_F(Plans, ATickNamesAThousandAtMost) {
  constexpr uint64_t kPlans = 2'500;
  for (uint64_t i = 0; i < kPlans; ++i) {
    ids_.push_back(StrCat("p", i));
    Make(ids_.back(), Terms(PlanUnit::kWeekly, 5, 20250304), "110022", MakeInvestorId(kPartition, 100 + i));
  }
  SetTime("2025-03-07 10:00:00");
  EXPECT_TRUE(Do(PlanTick{}).more);
  EXPECT_EQ(m().debits().TakeFresh().size(), 1'000u);
  EXPECT_TRUE(Do(PlanTick{}).more);
  EXPECT_FALSE(Do(PlanTick{}).more);
  EXPECT_EQ(m().debits().TakeFresh().size(), 1'500u);
  EXPECT_EQ(ReplayedHash(700), Hash());
}

// A week without anybody there: of two Fridays gone by the later one is made up for, on the first day that there is.
TEST_F(Plans, DaysGoneByAreMadeUpForOnce) {
  const uint64_t plan = Make("a", Terms(PlanUnit::kWeekly, 5, 20250304)).number;
  SetTime("2025-03-15 10:00:00");  // a Saturday
  Do(PlanTick{});
  EXPECT_EQ(m().FindPlan(plan)->next, On(20250317));
  SetTime("2025-03-17 10:00:00");
  Do(PlanTick{});
  const auto order = Debit(plan);
  EXPECT_EQ(order.trade_day, On(20250317));
  JudgeAs(order.order);
  EXPECT_EQ(m().FindPlan(plan)->debits, 1u);
  EXPECT_EQ(m().FindPlan(plan)->next, On(20250321));
}

TEST_F(Plans, AnInvestorHasALimit) {
  for (uint32_t i = 0; i < kMostPlans; ++i) {
    ids_.push_back(StrCat("p", i));
    ASSERT_EQ(Make(ids_.back(), Terms(PlanUnit::kWeekly, 5, 20250304)).reason, Reason::kNone);
  }
  EXPECT_EQ(Make("one more", Terms(PlanUnit::kWeekly, 5, 20250304)).reason, Reason::kTooManyPlans);
}

TEST_F(Plans, OnlyTheOwnerMayChangeIt) {
  const uint64_t plan = Make("a", Terms(PlanUnit::kWeekly, 5, 20250304)).number;
  EXPECT_EQ(Do(ChangePlan{Wang(), m().IdOf(plan), PlanAction::kEnd, {}}).reason, Reason::kPlanNotFound);
  EXPECT_EQ(Do(ChangePlan{Li(), m().IdOf(plan + 1), PlanAction::kEnd, {}}).reason, Reason::kPlanNotFound);
}

}  // namespace
}  // namespace fundcore::trade
