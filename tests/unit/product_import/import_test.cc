// Files C1 to C6: what becomes of a fund, and what is refused with file, line, field and value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/check.h"
#include "common/money/decimal.h"
#include "common/ofd/writer.h"
#include "common/product_import/send.h"

namespace fundcore::product_import {
namespace {

namespace v1 = product::v1;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Record = std::vector<std::pair<std::string, std::string>>;

// As files say that there is no limit: nines all over.
int64_t Nines(size_t width) {
  int64_t v = 0;
  for (size_t i = 0; i < width && i < 18; ++i) v = v * 10 + 9;
  return v;
}

// Numbers are given as they stand in the file: scaled digits.
SourceFile File(const std::string& type, const std::vector<Record>& records, ofd::Version version = ofd::Version::k21) {
  ofd::Header h;
  h.version = version;
  h.creator = ofd::PartyCode("11");
  h.receiver = ofd::PartyCode("301");
  h.date = Date::FromRaw(20250303);
  h.transfer_no = TransferNo(1);
  h.type = ofd::FileType(type);
  SourceFile out{StrCat("OFD_11_301_20250303_", type, ".TXT"), ""};
  ofd::Writer w(out.name, &out.bytes);
  FC_CHECK(w.Begin(h, records.size()).ok(), "begin");
  for (const Record& r : records) {
    for (const auto& [field, value] : r) {
      const ofd::Column c = w.Find(field);
      FC_CHECK(c.present(), "no field ", field);
      if (c.kind() == ofd::FieldKind::kNumber && value == "no-limit") {
        w.SetNumber(c, Nines(c.width()));
      } else if (c.kind() == ofd::FieldKind::kNumber) {
        w.SetNumber(c, std::stoll(value));
      } else {
        w.SetText(c, value);
      }
    }
    FC_CHECK(w.EndRecord().ok(), "record");
  }
  FC_CHECK(w.Finish().ok(), "finish");
  return out;
}

Record C1(const std::string& fund, const Record& more = {}) {
  Record r = {{"FundCode", fund},         {"FundName", "示例混合"},        {"FundType", "03"},
              {"CollectFeeType", "1"},    {"RegistrarCode", "11"},         {"RedeemFeeBackRatio", "25"},
              {"FaceValue", "10000"},     {"MinBidsAmountByIndi", "1000"}, {"IndiMaxPurchase", "no-limit"},
              {"OperateDate", "20250305"}};
  r.insert(r.end(), more.begin(), more.end());
  return r;
}
Record Purchase(const std::string& from, const std::string& to, const std::string& rate, const Record& more = {}) {
  Record r = {{"FundCode", "110022"},           {"BusinessCode", "122"},   {"CapitalType", "002"},
              {"IndividualOrInstitution", "2"}, {"GetFeeRateMethod", "1"}, {"AmountLowerLimit", from},
              {"AmountUpperLimit", to},         {"RateFee", rate},         {"OperateDate", "20250305"}};
  r.insert(r.end(), more.begin(), more.end());
  return r;
}
Record Redemption(const std::string& from, const std::string& to, const std::string& rate) {
  return {{"FundCode", "110022"},           {"BusinessCode", "124"},   {"CapitalType", "002"},
          {"IndividualOrInstitution", "2"}, {"GetFeeRateMethod", "2"}, {"DaysLowerLimit", from},
          {"DaysUpperLimit", to},           {"RateFee", rate},         {"OperateDate", "20250305"}};
}

v1::GetFundResponse Known() {
  v1::GetFundResponse r;
  v1::Fund& f = *r.mutable_fund();
  f.set_fund_code("110022");
  f.set_name("示例混合");
  f.set_ta_code("11");
  f.set_kind("mixed");
  f.set_risk_grade(3);
  f.set_status("0");
  f.set_purchase_pay_days(2);
  f.set_redemption_pay_days(3);
  f.set_min_purchase_fen(1000);
  f.set_face_e8(Nav::kOne);
  v1::FeeSchedule& s = *f.add_fees();
  s.set_effective_day(20200101);
  s.set_discount_e8(10'000'000);
  s.add_purchase()->set_rate_e8(1'500'000);
  auto* t = s.add_redemption();
  t->set_max_days(99'999);
  t->set_rate_e8(500'000);
  t->set_fund_share_e8(25'000'000);
  r.set_effective_at_us(1);
  return r;
}

ImportPlan Plan(const std::vector<SourceFile>& files, bool known = true) {
  std::map<std::string, v1::GetFundResponse> funds;
  if (known) funds["110022"] = Known();
  return PlanImport(ReadCFiles(files, {.distributor = "301"}), funds);
}
std::string Fault(const ImportPlan& plan) {
  EXPECT_TRUE(plan.funds.empty()) << "nothing of a refused import may be applied";
  return plan.faults.empty() ? "was taken" : plan.faults[0].ToString();
}

TEST(ProductImport, ANewFundComesInClosed) {
  const ImportPlan p =
      Plan({File("C1", {C1("110022")}),
            File("C5", {Purchase("0", "99999999", "1500000"),
                        Purchase("100000000", "no-limit", "0", {{"GetFeeRateMethod", "0"}, {"ConstantFee", "100000"}}),
                        Redemption("0", "6", "1500000"), Redemption("7", "99999", "0")})},
           false);
  ASSERT_THAT(p.faults, IsEmpty()) << p.faults[0].ToString();
  ASSERT_THAT(p.funds, SizeIs(1));
  const FundImport& f = p.funds[0];
  EXPECT_TRUE(f.is_new);
  EXPECT_EQ(f.fund.status(), "9");
  EXPECT_EQ(f.fund.risk_grade(), 5);
  EXPECT_EQ(f.fund.min_purchase_fen(), 1000);
  EXPECT_EQ(f.fund.max_purchase_fen(), 0);
  EXPECT_EQ(f.fund.face_e8(), Nav::kOne);
  EXPECT_EQ(TimePoint::FromRaw(f.effective_at_us).Iso(), "2025-03-05 00:00:00");
  ASSERT_EQ(f.fund.fees_size(), 1);
  EXPECT_EQ(f.fund.fees(0).effective_day(), 20250305);
  EXPECT_FALSE(f.fund.fees(0).inside());
  ASSERT_EQ(f.fund.fees(0).purchase_size(), 2);
  EXPECT_EQ(f.fund.fees(0).purchase(0).max_fen(), 99'999'999);
  EXPECT_EQ(f.fund.fees(0).purchase(1).fixed_fee_fen(), 100'000);
  ASSERT_EQ(f.fund.fees(0).redemption_size(), 2);
  EXPECT_EQ(f.fund.fees(0).redemption(0).rate_e8(), 1'500'000);
  EXPECT_EQ(f.fund.fees(0).redemption(0).fund_share_e8(), 25'000'000);
  EXPECT_EQ(f.fund.institution_fees_size(), 0);
  EXPECT_THAT(f.assumed, Contains(HasSubstr("R5")));
}

TEST(ProductImport, WhatIsKnownChangesNothing) {
  EXPECT_THAT(Plan({File("C1", {C1("110022")})}).funds, IsEmpty());
  // What a file made of a fund, said again.
  const SourceFile fees = File("C5", {Purchase("0", "no-limit", "1200000", {{"IndividualOrInstitution", "0"}})});
  const ImportPlan first = Plan({fees});
  ASSERT_THAT(first.funds, SizeIs(1));
  std::map<std::string, v1::GetFundResponse> after;
  *after["110022"].mutable_fund() = first.funds[0].fund;
  EXPECT_THAT(PlanImport(ReadCFiles({fees}, {}), after).funds, IsEmpty());
}

TEST(ProductImport, FeesOfADayKeepTheOnesBeforeAndWhatIsNotSaid) {
  const ImportPlan p = Plan({File("C5", {Purchase("0", "no-limit", "1200000", {{"IndividualOrInstitution", "0"}})})});
  ASSERT_THAT(p.funds, SizeIs(1));
  const v1::Fund& f = p.funds[0].fund;
  ASSERT_EQ(f.fees_size(), 1);  // individuals pay what they paid
  EXPECT_EQ(f.fees(0).purchase(0).rate_e8(), 1'500'000);
  ASSERT_EQ(f.institution_fees_size(), 2);
  EXPECT_EQ(f.institution_fees(0).purchase(0).rate_e8(), 1'500'000);
  EXPECT_EQ(f.institution_fees(1).effective_day(), 20250305);
  EXPECT_EQ(f.institution_fees(1).purchase(0).rate_e8(), 1'200'000);
  EXPECT_EQ(f.institution_fees(1).redemption(0).rate_e8(), 500'000);
  EXPECT_EQ(f.institution_fees(1).discount_e8(), 10'000'000);
  EXPECT_EQ(p.funds[0].effective_at_us, 1);  // not before terms that are still to come
  // Shares that no C1 tells come from the tier that was in force.
  const ImportPlan r = Plan({File("C5", {Redemption("0", "no-limit", "700000")})});
  ASSERT_THAT(r.funds, SizeIs(1));
  EXPECT_EQ(r.funds[0].fund.fees(1).redemption(0).fund_share_e8(), 25'000'000);
}

TEST(ProductImport, FiguresThatCannotBeCarriedRefuseTheWhole) {
  const auto fees = [](const std::vector<Record>& r) {
    return Fault(Plan({File("C1", {C1("110022", {{"MinBidsAmountByIndi", "5000"}})}), File("C5", r)}));
  };
  EXPECT_THAT(fees({Purchase("0", "100000000", "1500000"), Purchase("100000000", "no-limit", "1000000")}),
              testing::AllOf(HasSubstr("OFD_11_301_20250303_C5.TXT:"), HasSubstr("AmountLowerLimit \"1000000.00\""),
                             HasSubstr("overlaps")));
  EXPECT_THAT(fees({Purchase("0", "99999998", "1500000"), Purchase("100000000", "no-limit", "1000000")}),
              HasSubstr("gap"));
  EXPECT_THAT(fees({Purchase("0", "99999998", "1500000")}), HasSubstr("without a fee"));
  EXPECT_THAT(fees({Purchase("0", "no-limit", "100000000")}), HasSubstr("100%"));
  EXPECT_THAT(fees({Purchase("0", "no-limit", "1500000", {{"FeeRateFlag", "1"}})}), HasSubstr("FeeRateFlag"));
  EXPECT_THAT(fees({Purchase("0", "no-limit", "1500000", {{"MinFee", "500"}})}), HasSubstr("MinFee"));
  EXPECT_THAT(fees({Purchase("0", "no-limit", "1500000"),
                    Purchase("0", "no-limit", "1000000", {{"IndividualOrInstitution", "1"}})}),
              HasSubstr("contradicts"));
  EXPECT_THAT(fees({Redemption("0", "7", "1500000"), Redemption("7", "99999", "0")}), HasSubstr("DaysLowerLimit"));
  EXPECT_THAT(Fault(Plan({File("C1", {C1("110022", {{"FundType", "77"}})})})), HasSubstr("FundType \"77\""));
  EXPECT_THAT(Fault(Plan({File("C1", {C1("110022", {{"RedeemFeeBackRatio", "101"}})})})),
              HasSubstr("RedeemFeeBackRatio"));
  EXPECT_THAT(Fault(Plan({File("C1", {C1("110022", {{"RegistrarCode", "98"}})})})), HasSubstr("RegistrarCode \"98\""));
  EXPECT_THAT(Fault(Plan({File("C1", {C1("110022"), C1("110022", {{"RedemptionSequence", "1"}})})})),
              HasSubstr("other terms"));
  EXPECT_THAT(Fault(Plan({File("C5", {Purchase("0", "no-limit", "1500000")})}, false)), HasSubstr("send its C1"));
  EXPECT_THAT(Fault(Plan({File("C2", {{{"FundCode", "110022"},
                                       {"DistributorCode", "301"},
                                       {"BuyPayPeriod", "150"},
                                       {"OperateDate", "20250305"}}})})),
              HasSubstr("BuyPayPeriod"));
  EXPECT_THAT(
      Fault(Plan({File("C1", {C1("110022")}),
                  File("C2", {{{"FundCode", "110022"}, {"BuyPayPeriod", "100"}, {"RedemptionPayPeriod", "300"}, {"OperateDate", "20250306"}}})})),
      HasSubstr("OperateDate"));
}

TEST(ProductImport, DamageRefusesWhatCameBeforeIt) {
  SourceFile f = File("C1", {C1("110022", {{"MinBidsAmountByIndi", "5000"}})});
  ASSERT_THAT(Plan({f}).funds, SizeIs(1));
  f.bytes.resize(f.bytes.size() - 20);
  EXPECT_NE(Fault(Plan({f})), "was taken");
}

TEST(ProductImport, WaysAndDatesAndDays) {
  const ImportPlan p = Plan({File("C1", {C1("110017")}),
                             File("C2", {{{"FundCode", "110022"},
                                          {"DistributorCode", "301"},
                                          {"BuyPayPeriod", "100"},
                                          {"RedemptionPayPeriod", "400"},
                                          {"OperateDate", "20250305"}},
                                         {{"FundCode", "110022"},
                                          {"DistributorCode", "777"},
                                          {"BuyPayPeriod", "900"},
                                          {"OperateDate", "20250305"}}}),
                             File("C3", {{{"FundCode", "110022"},
                                          {"CodeOfTargetFund", "110017"},
                                          {"VolLowerLimit", "1000"},
                                          {"IndividualOrInstitution", "1"},
                                          {"OperateDate", "20250306"}},
                                         {{"FundCode", "110022"},
                                          {"CodeOfTargetFund", "110017"},
                                          {"VolLowerLimit", "1000"},
                                          {"IndividualOrInstitution", "0"},
                                          {"OperateDate", "20250306"}}}),
                             File("C6", {{{"FundCode", "110022"},
                                          {"ShareRegisterDate", "20250304"},
                                          {"AllowRedemptDate", "20250404"},
                                          {"AddFlag", "1"}}})});
  ASSERT_THAT(p.faults, IsEmpty()) << p.faults[0].ToString();
  ASSERT_THAT(p.funds, SizeIs(2));
  EXPECT_EQ(p.funds[0].code, "110017");
  EXPECT_EQ(p.funds[0].conversions->status(), "1");
  const FundImport& f = p.funds[1];
  EXPECT_EQ(f.fund.purchase_pay_days(), 1);
  EXPECT_EQ(f.fund.redemption_pay_days(), 4);
  ASSERT_EQ(f.conversions->relations_size(), 1);
  EXPECT_EQ(f.conversions->status(), "2");
  EXPECT_EQ(f.conversions->relations(0).investors(), "2");
  EXPECT_EQ(f.conversions->relations(0).min_units_e2(), 1000);
  EXPECT_EQ(TimePoint::FromRaw(f.conversions_effective_at_us).Iso(), "2025-03-06 00:00:00");
  ASSERT_EQ(f.fund.rules().first_redemptions_size(), 1);
  EXPECT_EQ(f.fund.rules().first_redemptions(0).first_day(), 20250404);
  ASSERT_THAT(p.left, SizeIs(1));  // the line for another distributor
  EXPECT_EQ(p.left[0].value, "777");
}

TEST(ProductImport, WhatIsNotCarriedIsListed) {
  const ImportPlan p = Plan({File("C1", {C1("110022", {{"FundSize", "123456"}, {"DefDividendMethod", "1"}})})});
  std::vector<std::string> fields;
  for (const Left& l : p.left) fields.push_back(l.field);
  EXPECT_THAT(fields, testing::UnorderedElementsAre("FundSize", "DefDividendMethod"));
}

TEST(ProductImport, Version22SaysAFixedFeeByItsBounds) {
  const ImportPlan p = Plan({File(
      "C5", {Purchase("0", "no-limit", "0", {{"GetFeeRateMethod", "0"}, {"MinFee", "100000"}, {"MaxFee", "100000"}})},
      ofd::Version::k22)});
  ASSERT_THAT(p.faults, IsEmpty()) << p.faults[0].ToString();
  EXPECT_EQ(p.funds[0].fund.fees(1).purchase(0).fixed_fee_fen(), 100'000);
}

TEST(ProductImport, AProposalThatWaitsIsNotMadeTwice) {
  const SourceFile file = File("C1", {C1("110022", {{"MinBidsAmountByIndi", "5000"}})});
  v1::ListChangesResponse waiting;
  int proposed = 0;
  const auto call = [&](std::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* response) -> absl::Status {
    if (method.ends_with("GetFund")) {
      *static_cast<v1::GetFundResponse*>(response) = Known();
    } else if (method.ends_with("ListChanges")) {
      *static_cast<v1::ListChangesResponse*>(response) = waiting;
    } else if (method.ends_with("ProposeFund")) {
      const auto& q = static_cast<const v1::ProposeFundRequest&>(request);
      v1::Change* c = waiting.add_changes();
      c->set_change(static_cast<uint64_t>(++proposed));
      c->set_fund_code(q.fund().fund_code());
      *c->mutable_fund() = q.fund();
      c->set_effective_at_us(q.effective_at_us());
      static_cast<v1::ProposeResponse*>(response)->set_change(static_cast<uint64_t>(proposed));
    } else {
      ADD_FAILURE() << method;
    }
    return absl::OkStatus();
  };
  auto first = RunImport({file}, {.person = "chen"}, call);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(first->sent.at(0).waited);
  auto second = RunImport({file}, {.person = "chen"}, call);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->sent.at(0).waited);
  EXPECT_EQ(proposed, 1);
}

}  // namespace
}  // namespace fundcore::product_import
