// Quotas that all buyers share: first come is the order of the log; the traps of try and release.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "common/store/memory.h"
#include "services/product/convert.h"
#include "services/product/machine.h"

namespace fundcore::product {
namespace {

const Date kDay = Date::FromRaw(20250303);
const FundCode kFund("110022");

class Quota : public ::testing::Test {
 protected:
  Quota() {
    Restart();
    Run(PutCalendar{*CalendarSet::BuiltIn().Find("XSHG")});
    InstitutionTerms ta;
    ta.ta = TaCode("11");
    Run(PutInstitution{ta, ""});
    SetQuota(10'000'00);
  }
  void Restart() {
    if (machine_) {
      EXPECT_TRUE(state_->WriteBack().ok());
    }
    machine_.reset();
    state_ = std::make_unique<machine::State>(&store_, LogPartition{ServiceId::kProduct, PartitionId(0)});
    machine_ = std::make_unique<ProductMachine>(*state_, PartitionId(0), Duration::Seconds(30));
    EXPECT_TRUE(state_->Load().ok());
  }
  void SetQuota(int64_t fen) {
    PutFund c;
    c.terms.code = kFund;
    c.terms.ta = TaCode("11");
    c.rules.fund = kFund;
    c.rules.daily_quota = Money::FromRaw(fen);
    c.says_rules = true;
    EXPECT_EQ(Run(c).reason, Reason::kOk);
  }
  template <class C>
  ProductMachine::Result Run(const C& command) {
    C decoded{};
    EXPECT_TRUE(Decode(Encode(command), &decoded));
    machine::Context ctx;
    ctx.now = now_;
    ctx.offset = state_->executing = state_->meta.next++;
    return machine_->Execute(decoded, ctx);
  }
  QuotaItem Item(uint64_t order, int64_t fen, Date day = kDay) { return {order, kFund, day, Money::FromRaw(fen), now_ + Duration::Seconds(60)}; }
  bool Take(uint64_t order, int64_t fen, Date day = kDay) { return Run(TakeQuota{{Item(order, fen, day)}}).taken[0] != 0; }
  void Release(uint64_t order) { Run(ReleaseQuota{{Item(order, 1)}}); }
  int64_t Taken(Date day = kDay) {
    const QuotaUse* use = machine_->FindQuota(kFund, day);
    return use ? use->taken.raw() : 0;
  }

  TimePoint now_ = TimePoint::At(kDay, TimeOfDay::Hms(9, 0));
  MemoryStore store_;
  std::unique_ptr<machine::State> state_;
  std::unique_ptr<ProductMachine> machine_;
};

TEST_F(Quota, ExactlyFullIsTakenAndOneFenOverIsNot) {
  EXPECT_FALSE(Take(1, 10'000'01));
  EXPECT_TRUE(Take(2, 9'999'99));
  EXPECT_FALSE(Take(3, 2));
  EXPECT_TRUE(Take(4, 1));
  EXPECT_EQ(Taken(), 10'000'00);
  EXPECT_FALSE(Take(5, 1));
  EXPECT_TRUE(Take(6, 10'000'00, kDay.AddDays(1))) << "another trading day begins anew";
}

TEST_F(Quota, TheSameTryTwiceCountsOnceAndKeepsItsAnswer) {
  EXPECT_TRUE(Take(1, 10'000'00));
  EXPECT_FALSE(Take(2, 1));
  Restart();
  EXPECT_TRUE(Take(1, 10'000'00));
  EXPECT_EQ(Taken(), 10'000'00);
  Release(1);
  EXPECT_FALSE(Take(2, 1)) << "who was refused stays refused, though there is room now";
  EXPECT_TRUE(Take(3, 10'000'00));
}

TEST_F(Quota, AReleaseBeforeItsTryMakesTheTryFail) {
  Release(1);
  EXPECT_EQ(Taken(), 0);
  EXPECT_FALSE(Take(1, 5'000'00));
  EXPECT_EQ(Taken(), 0);
}

TEST_F(Quota, ATryAfterItsReleaseTakesNothingAndASecondReleaseGivesNothing) {
  EXPECT_TRUE(Take(1, 5'000'00));
  Release(1);
  Release(1);
  EXPECT_EQ(Taken(), 0);
  EXPECT_FALSE(Take(1, 5'000'00));
  EXPECT_EQ(Taken(), 0);
  EXPECT_EQ(machine_->FindQuota(kFund, kDay)->orders, 0u);
}

TEST_F(Quota, AReleaseOfARefusedTryGivesNothing) {
  EXPECT_TRUE(Take(1, 10'000'00));
  EXPECT_FALSE(Take(2, 500'00));
  Release(2);
  EXPECT_EQ(Taken(), 10'000'00);
}

TEST_F(Quota, TheQuotaInForceAtReceiptCounts) {
  EXPECT_TRUE(Take(1, 8'000'00));
  now_ = now_ + Duration::Seconds(3'600);
  const QuotaItem before{2, kFund, kDay, Money::FromRaw(2'000'00), now_};
  const QuotaItem before_too{3, kFund, kDay, Money::FromRaw(1), now_};
  SetQuota(5'000'00);  // from 30 s later on
  const QuotaItem after{4, kFund, kDay, Money::FromRaw(1), now_ + Duration::Seconds(30)};
  const auto r = Run(TakeQuota{{after, before, before_too}});
  EXPECT_EQ(std::vector<char>(r.taken.begin(), r.taken.end()), (std::vector<char>{0, 1, 0}));
}

// Any mixture of tries, repeats and releases: what is taken is the sum of what is held, and never above the quota.
TEST_F(Quota, AnyMixtureAddsUp) {
  std::mt19937 random(7);
  std::vector<int64_t> amount(300), held(300);
  std::vector<char> over(300);
  for (int i = 0; i < 5'000; ++i) {
    const size_t order = random() % 300;
    if (amount[order] == 0) amount[order] = static_cast<int64_t>(random() % 90'000) + 1;
    if (random() % 3 == 0) {
      Release(order + 1);
      held[order] = 0;
      over[order] = 1;
    } else {
      const bool taken = Take(order + 1, amount[order]);
      EXPECT_FALSE(taken && over[order]);
      held[order] = taken ? amount[order] : 0;
    }
    int64_t sum = 0;
    for (int64_t h : held) sum += h;
    ASSERT_EQ(Taken(), sum);
    ASSERT_LE(sum, 10'000'00);
  }
}

TEST(Rules, ShapesAreChecked) {
  v1::Fund m;
  m.set_fund_code("110022");
  EXPECT_TRUE(RulesFromProto(m)->Empty());
  m.mutable_rules()->set_daily_quota_fen(-1);
  EXPECT_FALSE(RulesFromProto(m).ok());
  m.mutable_rules()->set_daily_quota_fen(1);
  EXPECT_FALSE(RulesFromProto(m)->Empty());
  auto* closed = m.mutable_rules()->add_closed();
  closed->set_from(20250305);
  closed->set_to(20250304);
  closed->set_purchases(true);
  EXPECT_FALSE(RulesFromProto(m).ok()) << "a period that ends before it begins";
  closed->set_to(20250305);
  EXPECT_TRUE(RulesFromProto(m).ok());
  m.mutable_rules()->set_below_minimum_takes_all(true);
  EXPECT_FALSE(RulesFromProto(m).ok()) << "needs a least balance";
  m.set_min_holding_e2(100);
  v1::FundRules back;
  ToProto(*RulesFromProto(m), &back);
  EXPECT_EQ(back.SerializeAsString(), m.rules().SerializeAsString());
}

TEST(Rules, FactsWithoutRulesKeepTheirBytes) {
  ProductFact fact;
  fact.kind = FactKind::kFund;
  fact.fund.emplace();
  const std::string plain = Encode(fact);
  fact.rules.emplace();
  EXPECT_GT(Encode(fact).size(), plain.size());
  ProductFact back;
  ASSERT_TRUE(Decode(plain, &back));
  EXPECT_FALSE(back.rules.has_value());
  ASSERT_TRUE(Decode(Encode(fact), &back));
  EXPECT_TRUE(back.rules.has_value());
}

}  // namespace
}  // namespace fundcore::product
