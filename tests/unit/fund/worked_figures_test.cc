// Figures that prospectuses, exam banks, exchange notices and real files publish, each worked out by common/fund to the
// fen. Where a source cuts instead of rounding, the rule says so.
#include <gtest/gtest.h>

#include "common/fund/conversion.h"
#include "common/fund/dividend.h"
#include "common/fund/large_redemption.h"
#include "common/fund/money_fund.h"
#include "common/fund/offer.h"
#include "common/fund/purchase.h"
#include "common/fund/redemption.h"

namespace fundcore {
namespace {

Money M(const char* text) { return *Money::Parse(text); }
Units U(const char* text) { return *Units::Parse(text); }
Nav N(const char* text) { return *Nav::Parse(text); }
Rate R(const char* text) { return *Rate::Parse(text); }
Date D(int32_t yyyymmdd) { return Date::FromRaw(yyyymmdd); }

TEST(WorkedFigures, Purchases) {
  struct Case { const char *name, *amount, *rate, *nav, *net, *fee, *units; };
  for (const Case& c : {Case{"A1", "5,000", "1.2%", "1.1280", "4,940.71", "59.29", "4,380.06"},
                        Case{"A2", "100,000", "1.2%", "1.1800", "98,814.23", "1,185.77", "83,740.87"},
                        Case{"A5", "10,000", "0.80%", "1.0025", "9,920.63", "79.37", "9,895.89"},
                        Case{"A7", "50,000", "1.5%", "1.05", "49,261.08", "738.92", "46,915.31"}}) {
    const PurchaseTerms terms{.amount = M(c.amount), .nav = N(c.nav), .fee = PurchaseFee::OfRate(R(c.rate))};
    const auto r = ComputePurchase(terms);
    ASSERT_TRUE(r.ok()) << c.name << r.status();
    EXPECT_EQ(r->net.ToGrouped(), c.net) << c.name;
    EXPECT_EQ(r->fee.ToGrouped(), c.fee) << c.name;
    EXPECT_EQ(r->units.ToGrouped(), c.units) << c.name;
    EXPECT_EQ(r->refund, Money()) << c.name;
    EXPECT_TRUE(CheckPurchase(terms, *r).ok());
  }
}

TEST(WorkedFigures, WholeUnitsPayBackTheRest) {  // A10, J2
  struct Case { const char *amount, *rate, *nav, *net, *fee, *units, *refund; };
  for (const Case& c : {Case{"10,000", "1.2%", "1.0250", "9,881.42", "118.58", "9,640.00", "0.42"},
                        Case{"10,001.00", "0.5%", "2.500", "9,951.24", "49.76", "3,980.00", "1.24"}}) {
    const auto r = ComputePurchase({.amount = M(c.amount), .nav = N(c.nav), .fee = PurchaseFee::OfRate(R(c.rate)),
                                    .rounding = {.whole_units = true}});
    EXPECT_EQ(r->net.ToGrouped(), c.net);
    EXPECT_EQ(r->fee.ToGrouped(), c.fee);
    EXPECT_EQ(r->units.ToGrouped(), c.units);
    EXPECT_EQ(r->refund.ToGrouped(), c.refund);
  }
}

TEST(WorkedFigures, Offers) {  // B1, B4
  const auto b1 = ComputeOffer({.amount = M("10000"), .fee = PurchaseFee::OfRate(R("1.0%"))}, M("5"));
  EXPECT_EQ(b1->net, M("9900.99"));
  EXPECT_EQ(b1->fee, M("99.01"));
  EXPECT_EQ(b1->units, U("9905.99"));
  EXPECT_EQ(b1->from_interest, U("5"));
  const auto b4 = ComputeOffer({.amount = M("10000"), .fee = PurchaseFee::OfRate(R("1.2%"))}, M("3"));
  EXPECT_EQ(b4->net, M("9881.42"));
  EXPECT_EQ(b4->units, U("9884.42"));
}

TEST(WorkedFigures, Redemptions) {  // C1, C3, C8
  struct Case { const char *units, *nav, *rate, *share, *gross, *fee, *net, *fund_part; };
  for (const Case& c : {Case{"10000", "1.05", "0.5%", "0%", "10,500.00", "52.50", "10,447.50", "0.00"},
                        Case{"20000", "1.003", "0.5%", "25%", "20,060.00", "100.30", "19,959.70", "25.08"},
                        Case{"10000", "1.05", "1%", "100%", "10,500.00", "105.00", "10,395.00", "105.00"}}) {
    const std::vector<Lot> lots = {{.registered = D(20260301), .units = U(c.units)}};
    const auto r =
        SplitRedemption(lots, U(c.units), N(c.nav), {{.rate = R(c.rate), .fund_share = R(c.share)}}, D(20260321));
    ASSERT_TRUE(r.ok()) << r.status();
    EXPECT_EQ(r->gross.ToGrouped(), c.gross);
    EXPECT_EQ(r->fee.ToGrouped(), c.fee);
    EXPECT_EQ(r->net.ToGrouped(), c.net);
    EXPECT_EQ(r->fund_part.ToGrouped(), c.fund_part);
  }
}

TEST(WorkedFigures, RedemptionOverTwoLots) {  // C7
  const std::vector<Lot> lots = {{.registered = D(20250101), .units = U("2000")},
                                 {.registered = D(20250103), .units = U("2000")}};
  const std::vector<RedemptionTier> tiers = {{0, 6, R("1.5%"), {}}, {7, 29, R("0.75%"), {}}};
  const auto r = SplitRedemption(lots, U("2500"), N("1.3"), tiers, D(20250109));
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(r->gross, M("3250"));
  EXPECT_EQ(r->fee, M("29.25"));
  ASSERT_EQ(r->parts.size(), 2u);
  EXPECT_EQ(r->parts[0].days_held, 8);
  EXPECT_EQ(r->parts[1].days_held, 6);
  EXPECT_EQ(r->parts[1].units, U("500"));
}

TEST(WorkedFigures, DaysHeld) { EXPECT_EQ(HoldingDays(D(20250304), D(20250311)), 7); }  // H1

TEST(WorkedFigures, ConversionIntoBackEndLoad) {  // D1
  const std::vector<Lot> lots = {{.registered = D(20250101), .units = U("1000")}};
  const auto out = SplitRedemption(lots, U("1000"), N("1.200"), {{.rate = R("0.5%")}}, D(20250601));
  const auto r = ComputeConversion(*out, {.nav_in = N("1.500")});
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(r->gross, M("1200.00"));
  EXPECT_EQ(r->redemption_fee, M("6.00"));
  EXPECT_EQ(r->in, M("1194.00"));
  EXPECT_EQ(r->units, U("796.00"));
  const Money value = Value(r->units, N("1.300"), Rounding::kHalfUp);
  const Money load = ComputeBackEndLoad({.rate = R("1.2%")}, r->units, N("1.500"), N("1.300"), {});
  EXPECT_EQ(value, M("1034.80"));
  EXPECT_EQ(load, M("14.16"));
  EXPECT_EQ(value - load, M("1020.64"));
}

TEST(WorkedFigures, ConversionOfMillions) {  // D6
  const std::vector<Lot> lots = {{.registered = D(20250101), .units = U("10000000")}};
  const auto r = SplitRedemption(lots, U("10000000"), N("1.200"), {{.rate = R("0.5%")}}, D(20250601));
  EXPECT_EQ(r->gross, M("12000000"));
  EXPECT_EQ(r->fee, M("60000"));
  EXPECT_EQ(ComputeConversion(*r, {.nav_in = N("1")})->in, M("11940000.00"));
}

TEST(WorkedFigures, ConversionDifferenceFee) {  // K1: 0.588…
  const std::vector<Lot> lots = {{.registered = D(20250101), .units = U("100")}};
  for (const auto& [rounding, fee] : {std::pair{Rounding::kTruncate, "0.58"}, std::pair{Rounding::kHalfUp, "0.59"}}) {
    const auto out = SplitRedemption(lots, U("100"), N("1.2"), {{.rate = R("1.5%")}}, D(20250103));
    EXPECT_EQ(out->net, M("118.20"));
    const auto r = ComputeConversion(*out, {.nav_in = N("1"), .fee_in = PurchaseFee::OfRate(R("1.5%")),
                                            .fee_out = PurchaseFee::OfRate(R("1.0%")), .rounding = {.fee = rounding}});
    EXPECT_EQ(r->difference_fee.ToString(), fee);
  }
}

TEST(WorkedFigures, Dividends) {  // E1, E2, E5
  const auto e1 = ComputeDividend({.amount = N("0.1")}, U("1000"), {}, DividendWay::kReinvest, N("1.2"));
  EXPECT_EQ(e1->cash, M("100"));
  EXPECT_EQ(e1->units, U("83.33"));
  const auto e2 = ComputeDividend({.amount = N("0.05")}, U("100000"), {}, DividendWay::kReinvest, N("1.25"));
  EXPECT_EQ(e2->cash, M("5000"));
  EXPECT_EQ(e2->units, U("4000"));
  const auto e5 = ComputeDividend({.amount = N("2.00"), .basis = U("1000")}, U("1500"), {}, DividendWay::kCash, {});
  EXPECT_EQ(e5->cash, M("3.00"));
  EXPECT_EQ(e5->units, Units());
}

TEST(WorkedFigures, MoneyFundDay) {  // F1
  EXPECT_EQ(ExactIncome(U("7000"), N("1.28")), "0.896");
  const Income day = ComputeIncome(U("7000"), N("1.28"), {}, IncomeMode::kCarry);
  EXPECT_EQ(day.paid, M("0.89"));
  EXPECT_EQ(day.rest.ToString(), "0.006");
}

TEST(WorkedFigures, LargeRedemptions) {  // G1, G2
  const Units before = U("1,000,000,000");
  EXPECT_FALSE(IsLargeRedemption({.redeemed = U("300,000,000"), .purchased = U("500,000,000")}, before));
  const FundFlows g2{.redeemed = U("300,000,000"), .converted_out = U("300,000,000"), .purchased = U("100,000,000"),
                     .converted_in = U("300,000,000")};
  EXPECT_EQ(g2.NetOutflow(), U("200,000,000"));
  EXPECT_TRUE(IsLargeRedemption(g2, before));
}

TEST(WorkedFigures, LastDayRatio) {  // J1: 99.982808%
  const auto ratio = MakeLastDayRatio(M("500,000,000"), M("400,017,192"), M("100,000,000"));
  ASSERT_TRUE(ratio.ok());
  EXPECT_EQ(ratio->Confirmed(M("100,000"), Rounding::kHalfUp), M("99,982.81"));
  EXPECT_EQ(M("100,000") - ratio->Confirmed(M("100,000"), Rounding::kHalfUp), M("17.19"));
  EXPECT_EQ(ratio->SalePercent(Rounding::kHalfUp), R("99.983%"));
}

TEST(WorkedFigures, RealFeeTables) {  // I8, I9
  FeeSchedule s{.effective_from = D(20200101)};
  s.redemption = {{0, 6, R("1.5%"), {}},      {7, 29, R("0.75%"), {}},   {30, 179, R("0.5%"), {}},
                  {180, 364, R("0.1%"), {}},  {365, 729, R("0.05%"), {}}, {730, kNoDayLimit, {}, {}}};
  s.purchase = {{{}, M("499,999.99"), PurchaseFee::OfRate(R("1.5%"))},
                {M("500,000"), M("4,999,999.99"), PurchaseFee::OfRate(R("1.2%"))},
                {M("5,000,000"), kNoAmountLimit, PurchaseFee::Fixed(M("1000"))}};
  ASSERT_TRUE(s.Validate().ok()) << s.Validate();
  for (const auto& [days, rate] : {std::pair{0, "1.5%"},
                                   {6, "1.5%"},
                                   {7, "0.75%"},
                                   {29, "0.75%"},
                                   {30, "0.5%"},
                                   {179, "0.5%"},
                                   {180, "0.1%"},
                                   {364, "0.1%"},
                                   {365, "0.05%"},
                                   {729, "0.05%"},
                                   {730, "0%"},
                                   {200'000, "0%"}}) {
    EXPECT_EQ(s.RedemptionTierFor(days)->rate, R(rate)) << days;
  }
  EXPECT_EQ(s.PurchaseTierFor(M("499,999.99"))->fee.rate, R("1.5%"));
  EXPECT_EQ(s.PurchaseTierFor(M("500,000.00"))->fee.rate, R("1.2%"));
  EXPECT_EQ(s.PurchaseTierFor(M("4,999,999.99"))->fee.rate, R("1.2%"));
  const auto r =
      ComputePurchase({.amount = M("5,000,000"), .nav = N("1"), .fee = s.PurchaseTierFor(M("5,000,000"))->fee});
  EXPECT_EQ(r->fee, M("1,000"));
  EXPECT_EQ(r->net, M("4,999,000"));
}

}  // namespace
}  // namespace fundcore
