// Bounds of fees, back-end loads, campaigns, service fees, and the law on fees.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/fund/back_load.h"
#include "common/fund/campaign.h"
#include "common/fund/fee_law.h"
#include "common/fund/offer.h"
#include "common/fund/service_fee.h"

namespace fundcore {
namespace {

using ::testing::HasSubstr;

Money M(const char* text) { return *Money::Parse(text); }
Units U(const char* text) { return *Units::Parse(text); }
Nav N(const char* text) { return *Nav::Parse(text); }
Rate R(const char* text) { return *Rate::Parse(text); }
Date D(int32_t yyyymmdd) { return Date::FromRaw(yyyymmdd); }

TEST(FeeBoundsTest, HoldAfterTheDiscountAndLeaveFixedFeesAlone) {
  PurchaseTerms t{.amount = M("1000"), .nav = N("1"), .fee = PurchaseFee::OfRate(R("1%")), .discount = R("0.1"),
                  .bounds = {.least = M("5"), .most = M("8")}};
  EXPECT_EQ(ComputePurchase(t)->fee, M("5"));
  t.discount = {};
  EXPECT_EQ(ComputePurchase(t)->fee, M("8"));  // 9.90
  EXPECT_EQ(ComputePurchase(t)->net, M("992"));
  t.fee = PurchaseFee::Fixed(M("2"));
  EXPECT_EQ(ComputePurchase(t)->fee, M("2"));
  t = {.amount = M("4"), .nav = N("1"), .fee = PurchaseFee::OfRate(R("1%")), .bounds = {.least = M("5")}};
  EXPECT_THAT(ComputePurchase(t).status().message(), HasSubstr("leaves nothing"));
  t.bounds = {.least = M("5"), .most = M("4")};
  EXPECT_FALSE(ComputePurchase(t).ok());
}

TEST(FeeBoundsTest, OfARedemptionAreSpreadOverItsPartsWithoutLosingAFen) {
  const std::vector<Lot> lots = {{.registered = D(20250101), .units = U("100")}, {.registered = D(20250201), .units = U("200")}};
  const std::vector<RedemptionTier> tiers = {{0, 29, R("1%"), R("100%")}, {30, kNoDayLimit, {}, {}}};
  const auto raised = SplitRedemption(lots, U("300"), N("1"), tiers, D(20250210), {.bounds = {.least = M("10")}});
  EXPECT_EQ(raised->fee, M("10"));  // 2.00 by the tiers
  EXPECT_EQ(raised->parts[0].fee, M("3.33"));
  EXPECT_EQ(raised->parts[1].fee, M("6.67"));
  EXPECT_EQ(raised->fund_part, M("6.67"));  // only the second tier gives to the fund
  EXPECT_EQ(raised->net, M("290"));
  const auto lowered = SplitRedemption(lots, U("300"), N("1"), tiers, D(20250210), {.bounds = {.most = M("1.50")}});
  EXPECT_EQ(lowered->parts[0].fee, M("0"));
  EXPECT_EQ(lowered->parts[1].fee, M("1.50"));
  EXPECT_FALSE(SplitRedemption(lots, U("1"), N("1"), tiers, D(20250210), {.bounds = {.least = M("1.01")}}).ok());
}

TEST(BackLoadTest, BothFormulasAndBothBases) {
  const std::vector<Lot> lots = {{.registered = D(20240101), .units = U("1000"), .bought_at = N("1.1")},
                                 {.registered = D(20250101), .units = U("1000"), .bought_at = N("1.3")}};
  const auto split = SplitRedemption(lots, U("1500"), N("1.5"), {}, D(20250201));
  const std::vector<RedemptionTier> tiers = {{0, 364, R("1.8%"), {}}, {365, kNoDayLimit, R("1%"), {}}};
  using Form = BackEndLoad::Form;
  using Base = BackEndLoad::Base;
  // 1,000 held over a year (cost 1,100, value 1,500) at 1%, and 500 younger ones (cost 650, value 750) at 1.8%.
  for (const auto& [form, base, load] : {std::tuple{Form::kPart, Base::kCost, "22.70"},    // 11.00 + 11.70
                                         std::tuple{Form::kOnTop, Base::kCost, "22.38"},   // 10.89 + 11.49
                                         std::tuple{Form::kPart, Base::kValue, "28.50"},   // 15.00 + 13.50
                                         std::tuple{Form::kOnTop, Base::kValue, "28.11"}}) {  // 14.85 + 13.26
    const auto r = ComputeBackLoad(lots, *split, {.tiers = tiers, .form = form, .base = base});
    ASSERT_TRUE(r.ok()) << r.status();
    EXPECT_EQ(r->load, M(load));
    EXPECT_EQ(r->net, M("2250") - M(load));
  }
  const std::vector<Lot> unknown = {{.registered = D(20240101), .units = U("1500")}};
  const auto other = SplitRedemption(unknown, U("1500"), N("1.5"), {}, D(20250201));
  EXPECT_THAT(ComputeBackLoad(unknown, *other, {.tiers = tiers}).status().message(), HasSubstr("has no purchase price"));
  EXPECT_TRUE(ComputeBackLoad(unknown, *other, {.tiers = tiers, .base = Base::kValue}).ok());
}

TEST(BackLoadTest, LotsOfOneDayAtDifferentPricesCostWhatOneLotWould) {
  const std::vector<Lot> lots = {{.registered = D(20250101), .units = U("0.33"), .bought_at = N("1.01")},
                                 {.registered = D(20250101), .units = U("0.33"), .bought_at = N("1.02")},
                                 {.registered = D(20250101), .units = U("0.34"), .bought_at = N("1.03")}};
  const auto split = SplitRedemption(lots, U("1"), N("1"), {}, D(20250201));
  const auto r = ComputeBackLoad(lots, *split, {.tiers = {{0, kNoDayLimit, R("5%"), {}}}, .form = BackEndLoad::Form::kPart});
  EXPECT_EQ(r->base, M("1.02"));  // 1.0201, once; lot by lot it would be 0.33 + 0.34 + 0.35
  EXPECT_EQ(r->load, M("0.05"));
  EXPECT_EQ(r->parts[0].load + r->parts[1].load + r->parts[2].load, r->load);
}

TEST(OfferByUnits, PayForUnitsAndTheFeeOnTop) {
  const auto r = ComputeOfferByUnits({.units = U("100000"), .fee = PurchaseFee::OfRate(R("0.8%")), .interest = M("10.50")});
  EXPECT_EQ(r->price, M("100000"));
  EXPECT_EQ(r->fee, M("800"));
  EXPECT_EQ(r->pay, M("100800"));
  EXPECT_EQ(r->units, U("100010.50"));
  const auto whole = ComputeOfferByUnits({.units = U("1000"), .face = N("2.5"), .fee = PurchaseFee::OfRate(R("0.5%")),
                                          .interest = M("6"), .rounding = {.whole_units = true}});
  EXPECT_EQ(whole->units, U("1002"));
  EXPECT_EQ(whole->refund, M("1"));
}

TEST(CampaignTest, TheBestThatAppliesCountsAndTheFloorHolds) {
  const std::vector<Campaign> campaigns = {
      {.name = "app", .from = D(20260301), .to = D(20260331), .channel = "app", .discount = R("0.4")},
      {.name = "large", .from = D(20260301), .to = D(20260331), .from_amount = M("10000"), .discount = R("0.1")},
      {.name = "firms", .from = D(20260301), .to = D(20260331), .investors = InvestorType::kInstitution, .discount = kDownToFloor},
      {.name = "plans", .from = D(20260301), .to = D(20260331), .funds = {"110022"}, .businesses = {39}, .discount = R("0.2")}};
  for (const Campaign& c : campaigns) EXPECT_TRUE(c.Validate().ok());
  Occasion o{.day = D(20260331), .channel = "app", .fund = "110022", .business = 22, .amount = M("100")};
  const auto by = [&] { const Deal d = BestDeal(campaigns, o, R("0.6")); return d.campaign ? d.campaign->name : "house"; };
  EXPECT_EQ(by(), "app");
  o.channel = "counter";
  EXPECT_EQ(by(), "house");
  o.amount = M("10000");
  EXPECT_EQ(by(), "large");
  o.amount = M("9999.99");
  o.business = 39;
  EXPECT_EQ(by(), "plans");
  o.fund = "000001";
  EXPECT_EQ(by(), "house");
  o.investor = InvestorType::kInstitution;
  EXPECT_EQ(by(), "firms");
  EXPECT_EQ(PurchaseFee::OfRate(R("1.5%"), R("0.3%")).Discounted(kDownToFloor), R("0.3%"));
  EXPECT_EQ(PurchaseFee::OfRate(R("1.5%")).Discounted(kDownToFloor), Rate());
  o.day = D(20260401);
  EXPECT_EQ(by(), "house");
  EXPECT_THAT((Campaign{.name = "x", .from = D(20260301), .to = D(20260331)}).Validate().message(), HasSubstr("above 0"));
  EXPECT_THAT((Campaign{.name = "x", .from = D(20260302), .to = D(20260301), .discount = R("1")}).Validate().message(),
              HasSubstr("before it begins"));
}

TEST(ServiceFeeTest, IsGivenBackForTheDaysBeyondAYearOnly) {
  EXPECT_EQ(DailyServiceFee(M("100,000,000"), R("0.4%"), {}), M("1095.89"));
  const std::vector<DatedNav> prices = {{D(20250101), N("1")}, {D(20260104), N("1.2")}};
  // Held from 2025-01-01: the 365th day is 2026-01-01. Days beyond: from 01-02; the price of 01-04 counts from 01-05.
  EXPECT_EQ(ServiceFeeRefund(U("1000000"), D(20250101), D(20260102), prices, R("0.4%"), {})->refund, Money());
  const auto one = ServiceFeeRefund(U("1000000"), D(20250101), D(20260103), prices, R("0.4%"), {});
  EXPECT_EQ(one->days, 1);
  EXPECT_EQ(one->refund, M("10.96"));
  const auto five = ServiceFeeRefund(U("1000000"), D(20250101), D(20260107), prices, R("0.4%"), {});
  EXPECT_EQ(five->days, 5);
  EXPECT_EQ(five->refund, M("59.18"));  // (3 × 1.0 + 2 × 1.2) × 1,000,000 × 0.4% ÷ 365 = 59.178…
  EXPECT_THAT(ServiceFeeRefund(U("1"), D(20250101), D(20260107), std::span(prices).subspan(1), R("0.4%"), {}).status().message(),
              HasSubstr("no price before 2026-01-02"));
}

std::vector<std::string> Rules(const FeeSchedule& s, const FeeLawFacts& f, InvestorType who) {
  std::vector<std::string> rules;
  for (const FeeFinding& finding : CheckFeeLaw(s, f, who)) rules.push_back(finding.rule);
  return rules;
}

TEST(FeeLawTest, BothRegimesByFundAndInvestor) {
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  constexpr auto kPerson = InvestorType::kIndividual, kFirm = InvestorType::kInstitution;
  FeeSchedule old{.effective_from = D(20251231)};
  old.purchase = {{{}, kNoAmountLimit, PurchaseFee::OfRate(R("1.5%"))}};
  old.redemption = {{0, 6, R("1.5%"), R("100%")}, {7, 29, R("0.75%"), R("100%")}, {30, 89, R("0.5%"), R("75%")},
                    {90, 179, R("0.5%"), R("50%")}, {180, kNoDayLimit, R("0.1%"), R("25%")}};
  const FeeLawFacts equity{.fund = LawFund::kActiveEquity};
  EXPECT_THAT(Rules(old, equity, kPerson), IsEmpty());
  FeeSchedule now = old;
  now.effective_from = D(20260101);
  EXPECT_THAT(Rules(now, equity, kPerson), ElementsAre("REDEMPTION_FEE_LOW", "FUND_SHARE_LOW", "FUND_SHARE_LOW",
                                                       "FUND_SHARE_LOW", "PURCHASE_FEE_HIGH"));
  // A fund that moves later is judged by the old rules until then.
  EXPECT_THAT(Rules(now, {.fund = LawFund::kActiveEquity, .moved = D(20260401)}, kPerson), IsEmpty());
  now.purchase = {{{}, M("999999.99"), PurchaseFee::OfRate(R("0.8%"))}, {M("1000000"), kNoAmountLimit, PurchaseFee::Fixed(M("8000"))}};
  now.redemption = {{0, 6, R("1.5%"), R("100%")}, {7, 29, R("1%"), R("100%")}, {30, 179, R("0.5%"), R("100%")},
                    {180, kNoDayLimit, {}, {}}};
  EXPECT_THAT(Rules(now, equity, kPerson), IsEmpty());
  now.purchase[1].fee = PurchaseFee::Fixed(M("8000.01"));
  EXPECT_THAT(Rules(now, equity, kPerson), ElementsAre("PURCHASE_FEE_HIGH"));

  FeeSchedule bond{.effective_from = D(20260101)};
  bond.redemption = {{0, 6, R("1.5%"), R("100%")}, {7, kNoDayLimit, {}, {}}};
  EXPECT_THAT(Rules(bond, {.fund = LawFund::kBond}, kPerson), IsEmpty());
  EXPECT_THAT(Rules(bond, {.fund = LawFund::kBond}, kFirm), ElementsAre("REDEMPTION_FEE_LOW"));  // 7 to 29 days
  EXPECT_THAT(Rules(bond, {.fund = LawFund::kIndex}, kFirm),
              ElementsAre("REDEMPTION_FEE_LOW", "REDEMPTION_FEE_LOW"));  // 7 to 29 days, 30 to 179
  EXPECT_THAT(Rules(FeeSchedule{.effective_from = D(20260101)}, {.fund = LawFund::kMoney, .service_fee = R("0.15%")}, kPerson),
              IsEmpty());
  EXPECT_THAT(Rules(bond, {.fund = LawFund::kBond, .service_fee = R("0.3%")}, kPerson),
              ElementsAre("SERVICE_FEE_HIGH", "SERVICE_FEE_AFTER_A_YEAR"));
}

}  // namespace
}  // namespace fundcore
