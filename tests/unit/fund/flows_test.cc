// Lots that change their place, large redemptions over days, fast redemption, interest, and a money fund's income settled at
// once against day by day.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/fund/fast_redemption.h"
#include "common/fund/income_series.h"
#include "common/fund/interest.h"
#include "common/fund/large_redemption_days.h"
#include "common/fund/lot_age.h"

namespace fundcore {
namespace {

using ::testing::HasSubstr;

Money M(const char* text) { return *Money::Parse(text); }
Units U(const char* text) { return *Units::Parse(text); }
Nav N(const char* text) { return *Nav::Parse(text); }
Date D(int32_t yyyymmdd) { return Date::FromRaw(yyyymmdd); }

TEST(LotAgeTest, OwnOrCarried) {
  const std::vector<Lot> lots = {{.registered = D(20250101), .units = U("100"), .bought_at = N("1")},
                                 {.registered = D(20250601), .units = U("200"), .bought_at = N("2")}};
  const auto split = SplitRedemption(lots, U("250"), N("1"), {}, D(20250701));
  const auto own = LotsFrom(lots, *split, U("99.99"), {.confirmed = D(20250701), .bought_at = N("2.5")});
  ASSERT_EQ(own->size(), 1u);
  EXPECT_EQ((*own)[0], (Lot{.registered = D(20250701), .units = U("99.99"), .bought_at = N("2.5")}));
  const auto carried =
      LotsFrom(lots, *split, U("99.99"), {.age = AgeRule::kCarried, .confirmed = D(20250701), .bought_at = N("2.5")});
  ASSERT_EQ(carried->size(), 2u);
  EXPECT_EQ((*carried)[0], (Lot{.registered = D(20250101), .units = U("39.99"), .bought_at = N("2.5")}));
  EXPECT_EQ((*carried)[1], (Lot{.registered = D(20250601), .units = U("60.00"), .bought_at = N("2.5")}));
  // A transfer moves the very lots, with what was paid for them.
  const auto moved = LotsFrom(lots, *split, U("250"), {.age = AgeRule::kCarried, .confirmed = D(20250701)});
  EXPECT_EQ((*moved)[0], (Lot{.registered = D(20250101), .units = U("100"), .bought_at = N("1")}));
  EXPECT_EQ((*moved)[1], (Lot{.registered = D(20250601), .units = U("150"), .bought_at = N("2")}));
}

TEST(LargeDays, TheRestHasNoPriorityAndKeepsItsFirstDay) {
  const std::vector<RedemptionApplication> first = {{1, U("600"), D(20260105)},
                                                    {2, U("300"), D(20260105), RestChoice::kCancel},
                                                    {3, U("100"), D(20260105), RestChoice::kDefer, true}};
  const auto day = SettleLargeDay(first, U("333.33"), {.defer_conversions = false});
  EXPECT_EQ(day->settled[0].confirmed, U("199.99"));  // 199.998, cut
  EXPECT_EQ(day->settled[1].confirmed, U("99.99"));
  EXPECT_EQ(day->settled[2].confirmed, U("33.33"));
  EXPECT_EQ(day->settled[0].deferred, U("400.01"));
  EXPECT_EQ(day->settled[1].cancelled, U("200.01"));
  EXPECT_EQ(day->settled[2].cancelled, U("66.67"));
  ASSERT_EQ(day->rest.size(), 1u);
  EXPECT_EQ(day->rest[0], (RedemptionApplication{1, U("400.01"), D(20260105)}));
  // The next day it shares with a new one.
  std::vector<RedemptionApplication> second = day->rest;
  second.push_back({4, U("400.01"), D(20260106)});
  const auto next = SettleLargeDay(second, U("400"), {});
  EXPECT_EQ(next->settled[0].confirmed, U("200"));
  EXPECT_EQ(next->settled[1].confirmed, U("200"));
  EXPECT_EQ(next->rest[0].first_applied, D(20260105));
  // Rounded half-up the parts never exceed what was accepted.
  const std::vector<RedemptionApplication> three = {{1, U("1"), D(20260105)}, {2, U("1"), D(20260105)}, {3, U("1"), D(20260105)}};
  const auto rounded = SettleLargeDay(three, U("2"), {.rounding = Rounding::kHalfUp});
  EXPECT_EQ(rounded->confirmed, U("2"));
  EXPECT_EQ(rounded->settled[2].confirmed, U("0.66"));
}

TEST(LargeDays, WhatAManagerMayTake) {
  const FundFlows flows{.redeemed = U("150"), .purchased = U("20")};
  EXPECT_EQ(*AcceptedOn(flows, U("1000"), kLargeRedemptionShare, std::nullopt), U("150"));
  EXPECT_EQ(*AcceptedOn(flows, U("1000"), kLargeRedemptionShare, U("100")), U("100"));
  EXPECT_THAT(AcceptedOn(flows, U("1000"), kLargeRedemptionShare, U("99.99")).status().message(), HasSubstr("from 100.00"));
  EXPECT_FALSE(AcceptedOn(flows, U("1000"), kLargeRedemptionShare, U("150.01")).ok());
  EXPECT_EQ(*AcceptedOn(flows, U("1300"), kLargeRedemptionShare, U("1")), U("150"));  // 130 of 1,300 is not large
}

TEST(Fast, EachLimitInItsTurnAndWhatWouldBePaid) {
  const FastTerms terms{.bank_limit = M("1000000")};
  const auto decide = [&](const char* amount, const char* units, const char* today, const char* advanced, FastTerms t) {
    return DecideFast({.amount = M(amount), .free_units = U(units), .person_today = M(today), .advanced = M(advanced)}, t);
  };
  EXPECT_EQ(decide("10000", "20000", "0", "0", terms).refusal, FastRefusal::kNone);
  const auto person = decide("10000.01", "20000", "0", "0", terms);
  EXPECT_EQ(person.refusal, FastRefusal::kPersonLimit);
  EXPECT_EQ(person.most, M("10000"));
  EXPECT_EQ(decide("0.01", "20000", "10000", "0", terms).refusal, FastRefusal::kPersonLimit);
  EXPECT_EQ(decide("500", "499.99", "0", "0", terms).refusal, FastRefusal::kNotEnoughUnits);
  const auto bank = decide("5000", "20000", "0", "995000.01", terms);
  EXPECT_EQ(bank.refusal, FastRefusal::kBankLimit);
  EXPECT_EQ(bank.most, M("4999.99"));
  EXPECT_EQ(decide("1", "20000", "0", "0", {}).refusal, FastRefusal::kBankLimit);  // no bank
  EXPECT_EQ(decide("1", "20000", "0", "0", {.offered = false, .bank_limit = M("1")}).refusal, FastRefusal::kNotOffered);
  EXPECT_EQ(decide("0.99", "20000", "0", "0", {.least = M("1"), .bank_limit = M("100")}).refusal, FastRefusal::kBelowLeast);
}

TEST(Interest, ByDaysAndSharedWithoutLoss) {
  BalanceDays sum;
  sum.Add(M("10000"), 30);
  EXPECT_EQ(*InterestOf(sum, *Rate::Parse("0.35%"), 360), M("2.92"));
  std::vector<BalanceDays> three(3);
  for (auto& b : three) b.Add(M("100"), 1);
  EXPECT_THAT(*ShareInterest(three, M("1")), ::testing::ElementsAre(M("0.34"), M("0.33"), M("0.33")));
  EXPECT_FALSE(ShareInterest({}, M("1")).ok());
  EXPECT_FALSE(InterestOf(sum, *Rate::Parse("1%"), 364).ok());
}

TEST(MoneyFund, IncomeThatGoesWithARedemption) {
  const MoneyFundTerms pays, keeps{.pays_on_full_redemption = false};
  IncomeAccount a{.units = U("100"), .unpaid = M("1.23"), .rest = IncomeRest::FromRaw(5)};
  EXPECT_EQ(IncomeOnRedemption(&a, U("40"), pays), Money());
  EXPECT_EQ(IncomeOnRedemption(&a, U("100"), keeps), Money());
  EXPECT_EQ(a.unpaid, M("1.23"));
  EXPECT_EQ(IncomeOnRedemption(&a, U("100"), pays), M("1.23"));
  EXPECT_EQ(a.unpaid, Money());
  EXPECT_EQ(a.rest, IncomeRest());
  IncomeAccount loss{.units = U("100"), .unpaid = M("-3")};
  EXPECT_EQ(IncomeOnRedemption(&loss, U("97"), pays), Money());     // 3.00 stay and cover it
  EXPECT_EQ(IncomeOnRedemption(&loss, U("97.01"), pays), M("-2.91"));
  EXPECT_EQ(loss.unpaid, M("-0.09"));
  EXPECT_EQ(IncomeOnRedemption(&loss, U("100"), keeps), M("-0.09"));
}

// Random series with gains, losses, weekends and payouts; holders that come, trade and are looked at on random days.
TEST(IncomeSeriesTest, SettledAtOnceIsDayByDayInEveryMode) {
  std::mt19937_64 random(20250304);
  const auto draw = [&](int64_t least, int64_t most) {
    return least + static_cast<int64_t>(random() % static_cast<uint64_t>(most - least + 1));
  };
  for (int round = 0; round < 600; ++round) {
    MoneyFundTerms terms{.mode = static_cast<IncomeMode>(round % 3), .loss = static_cast<LossRule>(round / 3 % 2)};
    const int64_t payout_every = std::array<int64_t, 4>{1, 7, 30, 1000}[static_cast<size_t>(draw(0, 3))];
    const bool losses = draw(0, 2) == 0;
    IncomeSeries series(terms);
    for (int64_t i = 0; i < 90; ++i) {
      const int64_t income = draw(0, 9) == 0 ? 0 : draw(0, 400'000'000);
      IncomeDay day{.per_ten_thousand = Nav::FromRaw(losses && draw(0, 3) == 0 ? -income : income), .payout = i % payout_every == payout_every - 1};
      if (terms.mode == IncomeMode::kShare) day.share = {draw(0, 999'999'999'999), static_cast<uint64_t>(draw(0, 9))};
      series.Append(day);
    }
    IncomeAccount lazy{.holder = static_cast<uint64_t>(draw(0, 9)), .units = Units::FromRaw(draw(0, 1) ? draw(0, 100'000) : draw(0, 1'000'000'000'000))};
    IncomeAccount daily = lazy;
    while (lazy.settled < series.size()) {
      const size_t upto = static_cast<size_t>(std::min<int64_t>(90, lazy.settled + draw(0, 40)));
      series.Advance(&lazy, upto);
      while (daily.settled < upto) EarnDay(&daily, series.day(daily.settled), terms);
      ASSERT_EQ(lazy, daily) << "round " << round << " day " << upto;
      // It trades.
      const auto more = Units::FromRaw(draw(-lazy.units.raw() / 2, 50'000));
      lazy.units += more;
      daily.units += more;
    }
  }
}

TEST(ShareSelectionTest, GivesTheSameFenAsSortingAllHolders) {
  std::mt19937_64 random(7);
  for (const char* income : {"1.28", "0.00000001", "3.84127651", "-0.7311", "0"}) {
    std::vector<Units> holders;
    for (int i = 0; i < 3000; ++i) holders.push_back(Units::FromRaw(static_cast<int64_t>(random() % (i % 2 ? 500u : 90'000'000u))));
    const std::vector<Money> expected = ShareIncome(holders, N(income));
    ShareSelection a(N(income)), b(N(income));   // two parts of the holders, as two partitions would
    for (size_t i = 0; i < holders.size(); ++i) (i < 1000 ? a : b).Count(holders[i]);
    ShareSelection all = a;
    all.Merge(b);
    all.Close();
    ShareSelection second = all;
    for (size_t i = 0; i < holders.size(); ++i) (i < 1000 ? all : second).Consider(i, holders[i]);
    all.Absorb(second);
    const ShareLine line = all.Line();
    for (size_t i = 0; i < holders.size(); ++i) {
      IncomeAccount account{.holder = i, .units = holders[i]};
      EarnDay(&account, {.per_ten_thousand = N(income), .share = line}, {.mode = IncomeMode::kShare});
      ASSERT_EQ(account.unpaid, expected[i]) << income << " holder " << i;
    }
  }
}

}  // namespace
}  // namespace fundcore
