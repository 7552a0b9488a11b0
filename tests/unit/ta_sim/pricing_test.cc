// Figures of public worked examples, and the small print around them.
#include "tools/ta_sim/pricing.h"

#include "tests/unit/ta_sim/exchange.h"

namespace fundcore::ta_sim {
namespace {

FundTerms WithRate(std::string_view rate) {
  FundTerms fund;
  fund.purchase_tiers = {{.rate = R(rate)}};
  return fund;
}

TEST(Decimal, ReadsAndShows) {
  EXPECT_EQ(Y("1,000.5").raw(), 100'050);
  EXPECT_EQ(Y("-0.01").ToString(), "-0.01");
  EXPECT_EQ(P("1.12800001").ToString(), "1.12800001");
  EXPECT_EQ(P("1.1280").ToString(), "1.128");
  EXPECT_EQ(R("1.2%"), R("0.012"));
  for (std::string_view bad : {"", "-", "1.005", "1x", "99999999999999999999"})
    EXPECT_FALSE(Yuan::Parse(bad).ok()) << bad;
}

TEST(Purchase, PublicExamples) {
  struct Case {
    std::string_view amount, rate, nav, fee, units;
  };
  for (const Case& c : {Case{"5000", "1.2%", "1.1280", "59.29", "4380.06"},
                        {"100000", "1.2%", "1.1800", "1185.77", "83740.87"},
                        {"10000", "0.8%", "1.0025", "79.37", "9895.89"},
                        {"50000", "1.5%", "1.05", "738.92", "46915.31"}}) {
    const Bought b = PricePurchase(WithRate(c.rate), Y(c.amount), P(c.nav), Rate());
    EXPECT_EQ(b.fee.ToString(), c.fee) << c.amount;
    EXPECT_EQ(b.units.ToString(), c.units) << c.amount;
    EXPECT_TRUE(b.refund.is_zero());
  }
}

TEST(Purchase, WholeUnitsPayBackTheRest) {
  FundTerms fund = WithRate("1.2%");
  fund.rounding.whole_units = true;
  const Bought b = PricePurchase(fund, Y("10000"), P("1.0250"), Rate());
  EXPECT_EQ(b.units.ToString(), "9640.00");
  EXPECT_EQ(b.refund.ToString(), "0.42");
}

TEST(Purchase, TiersDiscountFloorInsideAndFixed) {
  FundTerms fund = WithRate("1.2%");
  fund.purchase_tiers.push_back({.from = Y("5000000"), .fixed = Y("1000")});
  EXPECT_EQ(PricePurchase(fund, Y("5000000"), P("1"), Rate()).fee, Y("1000"));
  EXPECT_EQ(PricePurchase(fund, Y("4999999.99"), P("1"), Rate()).rate, R("1.2%"));
  EXPECT_EQ(PricePurchase(fund, Y("5000"), P("1"), R("0.1")).rate, R("0.12%"));
  fund.floor_rate = R("0.6%");
  EXPECT_EQ(PricePurchase(fund, Y("5000"), P("1"), R("0.1")).rate, R("0.6%"));
  fund.inside_fee = true;
  EXPECT_EQ(PricePurchase(fund, Y("5000"), P("1"), Rate()).fee, Y("60"));
  EXPECT_TRUE(PricePurchase(WithRate("0%"), Y("100"), P("1"), Rate()).fee.is_zero());
}

TEST(Purchase, TruncatesWhereTheFundDoes) {
  FundTerms fund = WithRate("1.2%");
  fund.rounding.units = Rounding::kCut;
  EXPECT_EQ(PricePurchase(fund, Y("100000"), P("1.1800"), Rate()).units.ToString(), "83740.87");
  EXPECT_EQ(PricePurchase(fund, Y("5000"), P("1.1280"), Rate()).units.ToString(), "4380.06");
  EXPECT_EQ(PricePurchase(WithRate("0"), Y("2"), P("3"), Rate()).units.ToString(), "0.67");
  fund.purchase_tiers.clear();
  EXPECT_EQ(PricePurchase(fund, Y("2"), P("3"), Rate()).units.ToString(), "0.66");
}

TEST(Redemption, PublicExamples) {
  FundTerms fund;
  fund.redemption_tiers = {{0, R("0.5%"), R("25%")}};
  std::vector<Lot> lots = {{D("2025-01-02"), D("2025-01-02"), U("30000")}};
  Redeemed r = TakeAndPrice(fund, &lots, U("10000"), P("1.05"), Date(), D("2025-03-04"));
  EXPECT_EQ(r.net.ToString(), "10447.50");
  r = TakeAndPrice(fund, &lots, U("20000"), P("1.003"), Date(), D("2025-03-04"));
  EXPECT_EQ(r.fee.ToString(), "100.30");
  EXPECT_EQ(r.fund_part.ToString(), "25.08");
  EXPECT_TRUE(lots.empty());
}

TEST(Redemption, LotsAgeSeparatelyAndLeaveOldestOrNewestFirst) {
  FundTerms fund;
  fund.redemption_tiers = {{0, R("1.5%"), R("100%")}, {7, R("0.75%"), R("100%")}};
  const std::vector<Lot> lots = {{D("2025-03-01"), D("2025-03-01"), U("2000")},
                                 {D("2025-03-03"), D("2025-03-03"), U("2000")}};
  std::vector<Lot> oldest = lots;
  Redeemed r = TakeAndPrice(fund, &oldest, U("2500"), P("1.3"), Date(), D("2025-03-09"));
  EXPECT_EQ(r.gross.ToString(), "3250.00");
  EXPECT_EQ(r.fee.ToString(), "29.25");
  ASSERT_EQ(oldest.size(), 1u);
  EXPECT_EQ(oldest[0].units, U("1500"));
  fund.newest_first = true;
  std::vector<Lot> newest = lots;
  r = TakeAndPrice(fund, &newest, U("2500"), P("1.3"), Date(), D("2025-03-09"));
  EXPECT_EQ(r.fee.ToString(), "43.88");  // 2,000 at 1.5% is 39.00, 500 at 0.75% is 4.875
}

TEST(Redemption, OnlyUnitsConfirmedOnAnEarlierDayAreUsable) {
  FundTerms fund;
  std::vector<Lot> lots = {{D("2025-03-04"), D("2025-03-04"), U("100")}};
  EXPECT_FALSE(TakeAndPrice(fund, &lots, U("100"), P("1"), D("2025-03-04"), D("2025-03-05")).enough);
  EXPECT_EQ(lots[0].units, U("100"));
  EXPECT_TRUE(TakeAndPrice(fund, &lots, U("100"), P("1"), D("2025-03-05"), D("2025-03-06")).enough);
}

}  // namespace
}  // namespace fundcore::ta_sim
