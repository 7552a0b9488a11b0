// Income of money funds at product: wrong terms are refused, right ones are facts, and facts without income keep their bytes.
#include <gtest/gtest.h>

#include "common/store/memory.h"
#include "services/product/convert.h"
#include "services/product/machine.h"

namespace fundcore::product {
namespace {

v1::Fund Fund() {
  v1::Fund m;
  m.set_fund_code("000009");
  m.set_ta_code("11");
  m.set_kind("money");
  m.set_risk_grade(1);
  m.set_confirm_days(1);
  m.set_purchase_pay_days(2);
  m.set_redemption_pay_days(3);
  m.set_status("0");
  m.mutable_income()->set_remainder("share");
  m.mutable_income()->set_payout_day(31);
  return m;
}

TEST(Income, WrongTermsAreRefusedByTheirField) {
  ASSERT_TRUE(IncomeFromProto(Fund()).ok());
  EXPECT_EQ((*IncomeFromProto(Fund()))->mode, IncomeMode::kShare);
  const auto refused = [](v1::Fund m, std::string_view field) {
    const absl::Status s = IncomeFromProto(m).status();
    EXPECT_EQ(s.code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_NE(s.message().find(field), std::string::npos) << s;
  };
  v1::Fund m = Fund();
  m.set_kind("bond");
  refused(m, "fund.income");
  m = Fund();
  m.set_confirm_days(2);
  refused(m, "fund.confirm_days");
  m = Fund();
  m.mutable_income()->set_remainder("keep");
  refused(m, "fund.income.remainder");
  m = Fund();
  m.mutable_income()->set_payout_day(29);
  refused(m, "fund.income.payout_day");
  m = Fund();
  m.clear_income();
  EXPECT_FALSE(IncomeFromProto(m)->has_value());
}

TEST(Income, TermsAndDaysAreFactsThatEveryPartitionAbsorbs) {
  MemoryStore store;
  machine::State state(&store, {ServiceId::kProduct, PartitionId(0)});
  ProductMachine machine(state, PartitionId(0), Duration::Seconds(30));
  ASSERT_TRUE(state.Load().ok());
  machine::Context ctx;
  ctx.now = TimePoint::At(Date::FromRaw(20250303), TimeOfDay::Hms(9, 0));
  const auto put = [&](const auto& command) {
    ctx.offset = state.executing = state.meta.next++;
    return machine.Execute(command, ctx);
  };
  put(PutCalendar{*CalendarSet::BuiltIn().Find("XSHG")});
  InstitutionTerms institution;
  institution.ta = TaCode("11");
  institution.distributor = DistributorCode("301");
  put(PutInstitution{institution, ""});
  const FundTerms terms = *FromProto(Fund());
  const PutFund with{terms, Duration::Seconds(30), *IncomeFromProto(Fund())};
  const uint64_t first = put(with).seq;
  EXPECT_EQ(put(with).seq, first) << "says nothing new";
  PutNavs navs;
  navs.source = "07";
  navs.entries = {{NavFact{.fund = terms.code, .day = Date::FromRaw(20250302), .nav = Nav::Whole(1)}, 0}};
  navs.incomes = {Nav::FromRaw(-80'000'000)};
  put(navs);
  ASSERT_TRUE(machine.products().Income(terms.code));
  EXPECT_EQ(*machine.products().FindIncome(terms.code, Date::FromRaw(20250302)), Nav::FromRaw(-80'000'000));
  EXPECT_FALSE(machine.products().FindIncome(terms.code, Date::FromRaw(20250303)));

  MemoryStore other;
  machine::State elsewhere(&other, {ServiceId::kAccount, PartitionId(0)});
  ProductBook book(elsewhere, 200);
  ASSERT_TRUE(elsewhere.Load().ok());
  elsewhere.executing = elsewhere.meta.next++;
  AbsorbFacts facts;
  machine.Facts(0, 100, [&](uint64_t seq, const std::string& body) { facts.facts.emplace_back(seq, body); });
  ASSERT_TRUE(book.Absorb(facts));
  EXPECT_EQ(*book.Income(terms.code), *with.income);
  EXPECT_EQ(*book.FindIncome(terms.code, Date::FromRaw(20250302)), Nav::FromRaw(-80'000'000));

  EXPECT_EQ(put(PutFund{terms, Duration::Seconds(30), {}}).seq, machine.last_seq());
  EXPECT_FALSE(machine.products().Income(terms.code)) << "terms without income end it";
}

TEST(Income, PayoutDays) {
  const auto due = [](uint8_t day, int last, int of) {
    return PayoutDue({.accrues = true, .payout_day = day}, Date::FromRaw(last), Date::FromRaw(of));
  };
  EXPECT_TRUE(due(0, 20250303, 20250304));
  EXPECT_TRUE(due(15, 20250314, 20250315));
  EXPECT_FALSE(due(15, 20250315, 20250316));
  EXPECT_TRUE(due(15, 20250314, 20250316)) << "days told together count all";
  EXPECT_TRUE(due(31, 20250227, 20250228));
  EXPECT_FALSE(due(31, 20250226, 20250227));
}

}  // namespace
}  // namespace fundcore::product
