// `fundctl calc`: published figures through the command line's words, and refusals that name option and value.
#include "tools/fundctl/calc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace fundcore::fundctl {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::StatusOr<CalcResult> Calc(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> args;
  for (std::string word; in >> word;) args.push_back(word);
  return RunCalc(args);
}

// "net=4940.71 fee=59.29 …", or the error.
std::string Figures(const std::string& line) {
  const auto r = Calc(line);
  if (!r.ok()) return std::string(r.status().message());
  std::string out;
  for (const auto& [name, value] : r->figures) out += (out.empty() ? "" : " ") + name + "=" + value;
  return out;
}

TEST(Calc, Subscribe) {
  EXPECT_EQ(Figures("subscribe --amount 5000 --rate 1.2% --nav 1.1280"),
            "net=4940.71 fee=59.29 units=4380.06 refund=0.00");
  EXPECT_EQ(Figures("subscribe --amount=10,000 --rate=0.012 --nav=1.0250 --whole-units"),
            "net=9881.42 fee=118.58 units=9640.00 refund=0.42");
  EXPECT_EQ(Figures("subscribe --amount 10000 --rate 1% --nav 1.00 --interest 5"),
            "net=9900.99 fee=99.01 units=9905.99 refund=0.00 units_from_interest=5.00");
  EXPECT_EQ(Figures("subscribe --amount 5000000 --fixed-fee 1000 --nav 1"),
            "net=4999000.00 fee=1000.00 units=4999000.00 refund=0.00");
  EXPECT_EQ(Figures("subscribe --amount 10000 --rate 1.2% --nav 1 --inside --discount 0.1"),
            "net=9988.00 fee=12.00 units=9988.00 refund=0.00");
  EXPECT_EQ(Figures("subscribe --amount 1000.01 --rate 1.5% --nav 1.37 --rounding truncate"),
            "net=985.23 fee=14.78 units=719.14 refund=0.00");
}

TEST(Calc, Redeem) {
  EXPECT_EQ(Figures("redeem --units 20000 --nav 1.003 --rate 0.5% --fund-share 25%"),
            "gross=20060.00 fee=100.30 net=19959.70 fund_part=25.08");
  EXPECT_THAT(
      Figures("redeem --lot 2000@2025-01-01 --lot 2000@2025-01-03 --units 2500 --nav 1.3 --confirm 2025-01-09 "
              "--tiers 0-6:1.5%,7-29:0.75%"),
      StartsWith(
          "gross=3250.00 fee=29.25 net=3220.75 fund_part=0.00 lot_1=2000.00 units held 8 days, 0.75%, fee 19.50"));
  EXPECT_THAT(Figures("redeem --lot 100@20250101 --nav 1 --confirm 20250109 --tiers 0-6:1.5%:100%,7-:1%:50%"),
              StartsWith("gross=100.00 fee=1.00 net=99.00 fund_part=0.50"));
  EXPECT_EQ(Figures("redeem --units 796 --nav 1.300 --rate 0 --back-load 1.2% --cost 1.500"),
            "gross=1034.80 fee=0.00 net=1020.64 fund_part=0.00 back_load=14.16");
}

TEST(Calc, TheOthers) {
  EXPECT_EQ(Figures("dividend --units 1000 --amount 0.1 --reinvest 1.2"), "cash=100.00 units=83.33");
  EXPECT_EQ(Figures("dividend --units 1500 --amount 2 --per 1000"), "cash=3.00 units=0.00");
  EXPECT_EQ(Figures("convert --units 1000 --nav-out 1.2 --redemption-rate 0.5% --nav-in 1.5"),
            "gross=1200.00 redemption_fee=6.00 difference_fee=0.00 in=1194.00 fund_part=0.00 units=796.00");
  EXPECT_THAT(Figures("convert --units 100 --nav-out 1.2 --redemption-rate 1.5% --rate-in 1.5% --rate-out 1%"),
              HasSubstr("difference_fee=0.59"));
  EXPECT_THAT(Figures("convert --units 100 --nav-out 1.2 --redemption-rate 1.5% --rate-in 0.5% --rounding truncate"),
              HasSubstr("difference_fee=0.58"));
  EXPECT_EQ(Figures("income --units 7000 --per-10000 1.28"), "exact=0.896 paid=0.89 rest=0.006");
  EXPECT_EQ(Figures("income --units 7000 --per-10000 1.28 --carried 0.006"), "exact=0.896 paid=0.90 rest=0.002");
  EXPECT_EQ(Figures("large --before 1000000000 --redeemed 300000000 --purchased 100000000 --converted-in 300000000 "
                    "--converted-out 300000000"),
            "net_outflow=200000000.00 least_accepted=100000000.00 large=yes");
  EXPECT_EQ(Figures("last-day --amount 100000 --ratio 99.982808%"), "confirmed=99982.81 refund=17.19");
  EXPECT_EQ(Figures("last-day --amount 100 --cap 1000 --earlier 500 --applied 1000"),
            "confirmed=50.00 refund=50.00 sale_percent=0.5");
  EXPECT_EQ(Figures("days --from 2025-03-04 --to 2025-03-11"), "days_held=7");
}

TEST(Calc, RefusalsNameOptionAndValue) {
  EXPECT_THAT(Figures(""), HasSubstr("fundctl calc subscribe"));
  EXPECT_THAT(Figures("buy"), HasSubstr("unknown calculation \"buy\""));
  EXPECT_THAT(Figures("subscribe --amount 5000.001 --rate 1% --nav 1"),
              StartsWith("--amount: amount \"5000.001\" has 3 decimals"));
  EXPECT_EQ(Figures("subscribe --rate 1% --nav 1"), "option --amount is missing");
  EXPECT_THAT(Figures("subscribe --amount 1 --nav 1"), HasSubstr("--rate (or --fixed-fee)"));
  EXPECT_THAT(Figures("subscribe --amount 1 --nav 1 --rate 1% --fixed-fee 1"), HasSubstr("not both"));
  EXPECT_THAT(Figures("subscribe --amuont 1"), StartsWith("unknown option --amuont; known are --amount"));
  EXPECT_THAT(Figures("subscribe 5000"), HasSubstr("\"5000\" is not an option"));
  EXPECT_THAT(Figures("subscribe --amount"), HasSubstr("--amount needs a value"));
  EXPECT_THAT(Figures("subscribe --amount 1 --amount 2"), HasSubstr("--amount is given twice"));
  EXPECT_THAT(Figures("subscribe --inside=yes"), HasSubstr("takes no value"));
  EXPECT_THAT(Figures("subscribe --amount 1 --rate 1% --nav 1 --rounding odd"), HasSubstr("--rounding \"odd\""));
  EXPECT_THAT(Figures("subscribe --amount 1 --rate 1% --nav 1 --discount 2"), HasSubstr("discount 2"));
  EXPECT_THAT(Figures("redeem --nav 1 --units 1 --rate 150%"), HasSubstr("--rate 150%"));
  EXPECT_THAT(Figures("redeem --nav 1 --units 1 --rate 1% --tiers 0-:1%"), HasSubstr("--tiers needs --lot"));
  const std::string lots = "redeem --nav 1 --confirm 2025-01-09 --lot ";
  EXPECT_THAT(Figures(lots + "2000 --tiers 0-:1%"), HasSubstr("--lot \"2000\""));
  EXPECT_THAT(Figures(lots + "2000@2025-02-30 --tiers 0-:1%"), HasSubstr("does not exist"));
  EXPECT_THAT(Figures(lots + "5@2025-01-01 --tiers 0-6"), HasSubstr("--tiers \"0-6\""));
  EXPECT_THAT(Figures(lots + "5@2025-01-01 --tiers 0-6:1%,6-9:1%"), HasSubstr("overlaps"));
  EXPECT_THAT(Figures(lots + "5@2025-01-01 --tiers 0-6:1%"), HasSubstr("covers 8 days"));
  EXPECT_EQ(Calc(lots + "5@2025-01-01 --units 6 --tiers 0-:1%").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Calc, AbsurdFiguresAreRefusedNotWrapped) {
  const std::string huge = "92233720368547758.07";
  EXPECT_THAT(Figures("subscribe --rate 1% --nav 1 --amount " + huge),
              HasSubstr("--amount 92233720368547758.07 is out"));
  EXPECT_THAT(Figures("subscribe --rate 1% --nav 0.00000001 --amount 10000000000000"), HasSubstr("more units than"));
  EXPECT_THAT(Figures("subscribe --rate 1% --nav 1 --amount 100 --interest 101"), HasSubstr("interest 101.00"));
  EXPECT_THAT(Figures("subscribe --rate 1% --nav 1 --amount -5"), HasSubstr("--amount -5"));
  EXPECT_THAT(Figures("redeem --rate 1% --nav 1000000 --units 10000000000000"), HasSubstr("too large"));
  EXPECT_THAT(Figures("redeem --rate 1% --nav 1 --cost 1000000 --back-load 1% --units 10000000000000"),
              HasSubstr("--cost"));
  EXPECT_THAT(Figures("redeem --nav 1 --confirm 20250101 --tiers 0-:0 --lot " + huge + "@20250101"),
              HasSubstr("--lot"));
  EXPECT_THAT(Figures("dividend --units 10000000000000 --amount 1000000 --per 0.01"), HasSubstr("too large"));
  EXPECT_THAT(Figures("dividend --units 100000000000 --amount 1 --reinvest 0.00000001"), HasSubstr("too large"));
  EXPECT_THAT(Figures("convert --units 100 --nav-out 1 --redemption-rate 0 --rate-in 99 --rate-out -99"),
              HasSubstr("must be from 0%"));
  EXPECT_THAT(Figures("convert --units 100 --nav-out 1 --redemption-rate 0 --rate-in 1% --form fees --discount 50"),
              HasSubstr("discount 50"));
  EXPECT_THAT(Figures("income --units 10000000000000 --per-10000 1000000 --carried 0.999"),
              HasSubstr("paid=1000000000000000.99"));
}

}  // namespace
}  // namespace fundcore::fundctl
