// Fund arithmetic beyond published figures: validation, discounts, lot order, remainders, and refusals of bad input.
#include <gmock/gmock.h>
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

using ::testing::HasSubstr;

Money M(const char* text) { return *Money::Parse(text); }
Units U(const char* text) { return *Units::Parse(text); }
Nav N(const char* text) { return *Nav::Parse(text); }
Rate R(const char* text) { return *Rate::Parse(text); }
Date D(int32_t yyyymmdd) { return Date::FromRaw(yyyymmdd); }
std::string Message(const absl::Status& s) { return std::string(s.message()); }

TEST(FeeSchedule, RefusesGapsOverlapsAndBadRates) {
  const auto purchase = [](std::vector<PurchaseTier> tiers) {
    return Message(ValidatePurchaseTiers(tiers, "purchase"));
  };
  const PurchaseFee fee = PurchaseFee::OfRate(R("1%"));
  EXPECT_EQ(purchase({}), "");
  EXPECT_EQ(purchase({{{}, M("99.99"), fee}, {M("100"), kNoAmountLimit, fee}}), "");
  EXPECT_EQ(purchase({{M("0.01"), kNoAmountLimit, fee}}), "");
  EXPECT_THAT(purchase({{M("1"), kNoAmountLimit, fee}}), HasSubstr("must start at 0"));
  EXPECT_THAT(purchase({{{}, M("99"), fee}, {M("100"), kNoAmountLimit, fee}}), HasSubstr("gap"));
  EXPECT_THAT(purchase({{{}, M("100"), fee}, {M("100"), kNoAmountLimit, fee}}), HasSubstr("overlap"));
  EXPECT_THAT(purchase({{{}, kNoAmountLimit, fee}, {M("100"), kNoAmountLimit, fee}}), HasSubstr("overlap"));
  EXPECT_THAT(purchase({{{}, M("100"), fee}}), HasSubstr("open"));
  EXPECT_THAT(purchase({{{}, kNoAmountLimit, PurchaseFee::OfRate(R("100%"))}}), HasSubstr("below 100%"));
  EXPECT_THAT(purchase({{{}, kNoAmountLimit, PurchaseFee::Fixed(M("-1"))}}), HasSubstr("negative"));

  const auto redemption = [](std::vector<RedemptionTier> tiers) { return Message(ValidateRedemptionTiers(tiers)); };
  EXPECT_EQ(redemption({{0, 6, {}, R("100%")}, {7, kNoDayLimit, {}, {}}}), "");
  EXPECT_THAT(redemption({{0, 6, {}, {}}, {8, kNoDayLimit, {}, {}}}), HasSubstr("gap"));
  EXPECT_THAT(redemption({{0, 7, {}, {}}, {7, kNoDayLimit, {}, {}}}), HasSubstr("overlap"));
  EXPECT_THAT(redemption({{0, 700, {}, {}}}), HasSubstr("99999"));
  EXPECT_THAT(redemption({{0, kNoDayLimit, {}, R("101%")}}), HasSubstr("101%"));
}

TEST(FeeSchedules, PicksByDayAndInvestor) {
  FeeSchedules all;
  all.list = {{.effective_from = D(20200101), .method = FeeMethod::kInside},
              {.effective_from = D(20260101), .investors = InvestorType::kIndividual},
              {.effective_from = D(20260101), .offer = {}},
              {.effective_from = D(20270101)}};
  ASSERT_TRUE(all.Validate().ok());
  EXPECT_EQ(all.At(D(20191231), InvestorType::kIndividual), nullptr);
  EXPECT_EQ(all.At(D(20251231), InvestorType::kIndividual), &all.list[0]);
  EXPECT_EQ(all.At(D(20260101), InvestorType::kIndividual), &all.list[1]);
  EXPECT_EQ(all.At(D(20260101), InvestorType::kInstitution), &all.list[2]);
  EXPECT_EQ(all.At(D(20270630), InvestorType::kIndividual), &all.list[3])
      << "a newer one for all replaces the older special one";
  FeeSchedules back;
  ASSERT_TRUE(Decode(Encode(all), &back));
  EXPECT_EQ(back.list, all.list);
  all.list.push_back({.effective_from = D(20270101)});
  EXPECT_THAT(Message(all.Validate()), HasSubstr("two fee schedules for all investors from 2027-01-01"));
  EXPECT_FALSE(FeeSchedule{}.Validate().ok());
}

TEST(Purchase, InsideFixedAndDiscounted) {
  const auto inside = ComputePurchase({.amount = M("10000"), .nav = N("1"), .fee = PurchaseFee::OfRate(R("1.2%")),
                                       .method = FeeMethod::kInside});
  EXPECT_EQ(inside->fee, M("120"));
  EXPECT_EQ(inside->net, M("9880"));
  const auto fixed = ComputePurchase(
      {.amount = M("10000"), .nav = N("1"), .fee = PurchaseFee::Fixed(M("1000")), .discount = R("0.1")});
  EXPECT_EQ(fixed->net, M("9000")) << "a discount does not touch a fixed fee";
  const auto tenth = ComputePurchase(
      {.amount = M("10000"), .nav = N("1"), .fee = PurchaseFee::OfRate(R("1.5%")), .discount = R("0.1")});
  EXPECT_EQ(tenth->net, M("9985.02"));
  EXPECT_EQ(PurchaseFee::OfRate(R("1.5%"), R("0.6%")).Discounted(R("0.1")), R("0.6%"));
  EXPECT_EQ(PurchaseFee::OfRate(R("0.5%"), R("0.6%")).Discounted(R("0.1")), R("0.5%"));
  EXPECT_EQ(PurchaseFee::OfRate(R("1.5%")).Discounted({}), R("1.5%"));
  EXPECT_EQ(PurchaseFee::OfRate(R("1.5%")).Discounted(R("1")), R("1.5%"));
}

TEST(Purchase, RoundsAsTheFundSays) {
  // 1000 ÷ 1.015 = 985.2216…; ÷ 1.37 = 719.13…
  const PurchaseTerms cut{
      .amount = M("1000.01"),
      .nav = N("1.37"),
      .fee = PurchaseFee::OfRate(R("1.5%")),
      .rounding = {.fee = Rounding::kTruncate, .net = Rounding::kTruncate, .units = Rounding::kTruncate}};
  PurchaseTerms half = cut;
  half.rounding = {};
  EXPECT_EQ(ComputePurchase(cut)->net, M("985.23"));
  EXPECT_EQ(ComputePurchase(half)->net, M("985.23"));
  EXPECT_EQ(ComputePurchase(cut)->units, U("719.14"));
  EXPECT_EQ(ComputePurchase(half)->units, U("719.15"));
}

TEST(Purchase, BooksAlwaysBalance) {
  for (int64_t fen = 1; fen < 30'000'000'000; fen = fen * 3 + 7) {
    for (const Rounding rounding : {Rounding::kHalfUp, Rounding::kTruncate, Rounding::kUp}) {
      for (const FeeMethod method : {FeeMethod::kOutside, FeeMethod::kInside}) {
        for (const bool whole : {false, true}) {
          const auto r = ComputePurchase({.amount = Money::FromRaw(fen),
                                          .nav = N("1.23456789"),
                                          .fee = PurchaseFee::OfRate(R("1.2%")),
                                          .method = method,
                                          .rounding = {rounding, rounding, rounding, rounding, whole}});
          ASSERT_TRUE(r.ok());
          ASSERT_EQ(r->net + r->fee, Money::FromRaw(fen));
          ASSERT_FALSE(r->net.is_negative() || r->fee.is_negative() || r->refund.is_negative() ||
                       r->units.is_negative());
        }
      }
    }
  }
}

TEST(Purchase, RefusesWhatCannotBe) {
  const PurchaseTerms good{.amount = M("100"), .nav = N("1"), .fee = PurchaseFee::OfRate(R("1%"))};
  const auto refused = [&](auto change) {
    PurchaseTerms t = good;
    change(t);
    return Message(ComputePurchase(t).status());
  };
  EXPECT_THAT(refused([](auto& t) { t.amount = {}; }), HasSubstr("amount 0.00"));
  EXPECT_THAT(refused([](auto& t) { t.nav = {}; }), HasSubstr("unit price 0.0000"));
  EXPECT_THAT(refused([](auto& t) { t.discount = R("1.1"); }), HasSubstr("discount 1.1"));
  EXPECT_THAT(refused([](auto& t) { t.discount = R("-0.1"); }), HasSubstr("discount"));
  EXPECT_THAT(refused([](auto& t) { t.fee.rate = R("-1%"); }), HasSubstr("-1%"));
  EXPECT_THAT(refused([](auto& t) { t.fee = PurchaseFee::Fixed(M("100")); }), HasSubstr("fixed fee 100.00"));
  PurchaseResult wrong = *ComputePurchase(good);
  wrong.units += U("0.01");
  const auto status = CheckPurchase(good, wrong);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("units 99.02, computed 99.01"));
}

TEST(Offer, EdgesOfTheLastDay) {
  EXPECT_FALSE(MakeLastDayRatio(M("100"), M("100"), M("5")).ok());
  EXPECT_FALSE(MakeLastDayRatio(M("100"), M("50"), M("0")).ok());
  const auto full = MakeLastDayRatio(M("100"), M("50"), M("50"));
  EXPECT_TRUE(full->IsFull());
  EXPECT_EQ(full->Confirmed(M("7.77"), Rounding::kHalfUp), M("7.77"));
  EXPECT_EQ(full->SalePercent(Rounding::kTruncate), R("100%"));
  EXPECT_FALSE(ComputeOffer({.amount = M("100")}, M("-1")).ok());
}

const std::vector<RedemptionTier> kTiers = {{0, 6, Rate::Ppm(15'000), Rate::Ppm(1'000'000)},
                                            {7, kNoDayLimit, Rate::Ppm(5'000), Rate::Ppm(250'000)}};

TEST(Redemption, TakesLotsInOrder) {
  const std::vector<Lot> lots = {
      {D(20250110), U("100")}, {D(20250101), U("100")}, {D(20250105), U("0")}, {D(20250110), U("50")}};
  const auto order = [&](LotOrder o) {
    std::vector<uint32_t> indexes;
    const auto split = SplitRedemption(lots, U("220"), N("1"), kTiers, D(20250111), {.order = o});
    for (const auto& part : split->parts) indexes.push_back(part.lot);
    return indexes;
  };
  EXPECT_THAT(order(LotOrder::kOldestFirst), ::testing::ElementsAre(1, 0, 3));
  EXPECT_THAT(order(LotOrder::kNewestFirst), ::testing::ElementsAre(3, 0, 1));
  const auto r = SplitRedemption(lots, U("220"), N("1"), kTiers, D(20250111));
  EXPECT_EQ(r->fee, M("2.30"));        // 100 at 0.5%, 120 at 1.5%
  EXPECT_EQ(r->fund_part, M("1.93"));  // 0.125 rounds to 0.13; the short-held part goes to the fund whole
  RedemptionSplit back;
  ASSERT_TRUE(Decode(Encode(*r), &back));
  EXPECT_EQ(back.net, r->net);
}

TEST(Redemption, PartsAddUpToTheWhole) {
  const std::vector<Lot> lots(100, Lot{D(20250101), U("0.01")});
  const auto r = SplitRedemption(lots, U("1"), N("1.5"), kTiers, D(20250105));
  Money gross;
  for (const auto& p : r->parts) {
    EXPECT_FALSE(p.gross.is_negative());
    gross += p.gross;
  }
  EXPECT_EQ(r->gross, M("1.50")) << "not a hundred times 0.015 rounded up";
  EXPECT_EQ(gross, r->gross);
}

// Two purchases of different trading days, one of them late, are confirmed on one day: two lots, since they were bought at
// different prices, and one lot to an institution that keeps no prices.
TEST(Redemption, UnitsOfOneDayAreChargedTogether) {
  const std::vector<Lot> apart = {{D(20250101), U("10.30"), {}, N("1.01")}, {D(20250101), U("10.30"), {}, N("1.02")}};
  const std::vector<Lot> together = {{D(20250101), U("20.60")}};
  for (const LotOrder order : {LotOrder::kOldestFirst, LotOrder::kNewestFirst}) {
    const auto a = SplitRedemption(apart, U("20.60"), N("1"), kTiers, D(20250105), {.order = order});
    const auto b = SplitRedemption(together, U("20.60"), N("1"), kTiers, D(20250105), {.order = order});
    EXPECT_EQ(b->fee, M("0.31"));  // 1.5% of 20.60 are 0.309; of 10.30 they are 0.1545, twice 0.15
    EXPECT_EQ(a->fee, b->fee);
    EXPECT_EQ(a->fund_part, b->fund_part);
    EXPECT_EQ(a->parts[0].fee + a->parts[1].fee, a->fee);
  }
}
TEST(Redemption, LotsThatMayNotLeaveYet) {
  const std::vector<Lot> lots = {{D(20250101), U("100"), D(20260101)}, {D(20250102), U("100"), D(20250103)}};
  const auto locked = SplitRedemption(lots, U("150"), N("1"), kTiers, D(20250201), {.usable_on = D(20250131)});
  EXPECT_EQ(locked.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Message(locked.status()), "not enough units: 150.00 asked, 100.00 usable");
  EXPECT_EQ(SplitRedemption(lots, U("100"), N("1"), kTiers, D(20250201), {.usable_on = D(20250131)})->parts[0].lot, 1u);
  // A deferred rest that goes on later takes the others first, then what has become usable by then, oldest first or not.
  for (const LotOrder order : {LotOrder::kOldestFirst, LotOrder::kNewestFirst}) {
    const auto rest = SplitRedemption(lots, U("150"), N("1"), kTiers, D(20260106),
                                      {.order = order, .usable_on = D(20250131), .goes_on = D(20260105)});
    ASSERT_TRUE(rest.ok()) << rest.status();
    EXPECT_EQ(rest->parts.front().lot, 1u);
  }
  const auto breach = SplitRedemption(lots, U("150"), N("1"), kTiers, D(20250201),
                                      {.usable_on = D(20250131), .breach = BreachFee{R("2%"), R("100%")}});
  EXPECT_EQ(breach->fee, M("2.25"));
  EXPECT_EQ(breach->parts[0].fund_part, M("2"));
}

TEST(Redemption, RefusesWhatCannotBe) {
  const std::vector<Lot> lots = {{D(20250110), U("100")}};
  EXPECT_FALSE(SplitRedemption(lots, U("0"), N("1"), kTiers, D(20250111)).ok());
  EXPECT_FALSE(SplitRedemption(lots, U("1"), N("0"), kTiers, D(20250111)).ok());
  EXPECT_FALSE(SplitRedemption({}, U("1"), N("1"), kTiers, D(20250111)).ok());
  EXPECT_THAT(Message(SplitRedemption(lots, U("1"), N("1"), kTiers, D(20250109)).status()),
              HasSubstr("registered on 2025-01-10"));
  EXPECT_THAT(Message(SplitRedemption(lots, U("1"), N("1"), {{0, 6, {}, {}}}, D(20250120)).status()),
              HasSubstr("covers 10 days"));
  EXPECT_EQ(SplitRedemption(lots, U("1"), N("1"), {}, D(20250120))->fee, Money());
}

TEST(BackEndLoad, BothFormsAndBases) {
  using L = BackEndLoad;
  const auto load = [](L::Form form, L::Base base) {
    return ComputeBackEndLoad({R("1.2%"), form, base}, U("1000"), N("2"), N("3"), {}).ToString();
  };
  EXPECT_EQ(load(L::Form::kOnTop, L::Base::kCost), "23.72");
  EXPECT_EQ(load(L::Form::kPart, L::Base::kCost), "24.00");
  EXPECT_EQ(load(L::Form::kOnTop, L::Base::kValue), "35.57");
  EXPECT_EQ(load(L::Form::kPart, L::Base::kValue), "36.00");
}

TEST(Conversion, DifferenceOfFeeAmounts) {
  const auto out =
      SplitRedemption(std::vector<Lot>{{D(20240101), U("6000000")}}, U("6000000"), N("1"), {}, D(20250101));
  ConversionTerms t{
      .nav_in = N("1"), .fee_in = PurchaseFee::OfRate(R("0.1%")), .fee_out = PurchaseFee::Fixed(M("1000"))};
  EXPECT_THAT(Message(ComputeConversion(*out, t).status()), HasSubstr("difference of the fee amounts"));
  t.form = DifferenceForm::kFees;
  EXPECT_EQ(ComputeConversion(*out, t)->difference_fee, M("4994.01"));  // 5,994.01 − 1,000
  t.discount = R("0.5");
  EXPECT_EQ(ComputeConversion(*out, t)->difference_fee, M("2497.01"));
  std::swap(t.fee_in, t.fee_out);
  EXPECT_EQ(ComputeConversion(*out, t)->difference_fee, Money()) << "never paid back";
  EXPECT_FALSE(ComputeConversion(*out, {}).ok()) << "no price";
  EXPECT_FALSE(ComputeConversion({}, t).ok()) << "nothing to convert";
}

TEST(Dividend, HoldsWhatFrozenUnitsEarn) {
  const auto r = ComputeDividend({.amount = N("0.1")}, U("1000"), U("300"), DividendWay::kReinvest, N("1.2"));
  EXPECT_EQ(r->cash, M("100"));
  EXPECT_EQ(r->held_cash, M("30"));
  EXPECT_EQ(r->held_units, U("25"));
  EXPECT_FALSE(ComputeDividend({.amount = N("0.1")}, U("1"), U("2"), DividendWay::kCash, {}).ok());
  EXPECT_FALSE(ComputeDividend({.amount = N("0.1")}, U("1"), {}, DividendWay::kReinvest, {}).ok());
  EXPECT_FALSE(ComputeDividend({.amount = N("0.1"), .basis = {}}, U("1"), {}, DividendWay::kCash, {}).ok());
}

TEST(MoneyFund, CarryLosesNothing) {
  IncomeRest rest;
  Money carried, cut;
  for (int day = 0; day < 1000; ++day) {
    const Income i = ComputeIncome(U("7000"), N("1.28"), rest, IncomeMode::kCarry);
    rest = i.rest;
    carried += i.paid;
    cut += ComputeIncome(U("7000"), N("1.28"), {}, IncomeMode::kCut).paid;
  }
  EXPECT_EQ(carried, M("896"));
  EXPECT_TRUE(rest.is_zero());
  EXPECT_EQ(cut, M("890"));
  const Income loss = ComputeIncome(U("7000"), N("-1.28"), {}, IncomeMode::kCarry);
  EXPECT_EQ(loss.paid, M("-0.89"));
  EXPECT_EQ(loss.rest.ToString(), "-0.006");
  EXPECT_EQ(ExactIncome(U("7000"), N("-1.28")), "-0.896");
  EXPECT_EQ(ExactIncome(U("1000000"), N("1.28")), "128.00");
}

TEST(MoneyFund, SharesRemaindersUntilGone) {
  // 0.896, 0.128, 0.64: cut 0.89 + 0.12 + 0.64 = 1.65; remainders 0.006 + 0.008 = 0.014: one fen, to the larger
  // remainder.
  const std::vector<Units> holders = {U("7000"), U("1000"), U("5000")};
  EXPECT_THAT(ShareIncome(holders, N("1.28")), ::testing::ElementsAre(M("0.89"), M("0.13"), M("0.64")));
  EXPECT_THAT(ShareIncome(holders, N("-1.28")), ::testing::ElementsAre(M("-0.89"), M("-0.13"), M("-0.64")));
  EXPECT_TRUE(ShareIncome({}, N("1.28")).empty());
}

TEST(MoneyFund, WeekendsGoToTheSeller) {
  CalendarSet set = CalendarSet::BuiltIn();
  const TradingCalendar& c = *set.Find("XSHG");
  EXPECT_EQ(*FirstEarningDay(c, D(20250307)), D(20250310));  // bought on a Friday
  EXPECT_EQ(*LastEarningDay(c, D(20250307)), D(20250309));   // sold on a Friday
  EXPECT_EQ(*LastEarningDay(c, D(20250930)), D(20251008));
}

TEST(LargeRedemption, OverNotEqual) {
  EXPECT_FALSE(IsLargeRedemption({.redeemed = U("100")}, U("1000")));
  EXPECT_TRUE(IsLargeRedemption({.redeemed = U("100.01")}, U("1000")));
  EXPECT_EQ(LeastAccepted(U("1000.01")), U("100.01"));
  EXPECT_EQ(ProRata(U("100"), U("100"), U("300")), U("33.33"));
  EXPECT_EQ(ProRata(U("100"), U("300"), U("300")), U("100"));
}

}  // namespace
}  // namespace fundcore
