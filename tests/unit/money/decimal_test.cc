// The decimal types: what is read, what is printed, how quotients round, and that nothing wraps.
#include "common/money/decimal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "absl/hash/hash_testing.h"
#include "common/base/codec.h"

namespace fundcore {
namespace {

using ::testing::HasSubstr;
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

template <class T>
std::string Refusal(std::string_view text) {
  const auto v = T::Parse(text);
  return v.ok() ? "accepted as " + v->ToString() : std::string(v.status().message());
}

TEST(Decimal, ReadsWhatPeopleWrite) {
  EXPECT_EQ(Money::Parse("10000")->raw(), 1'000'000);
  EXPECT_EQ(Money::Parse("10,000.00")->raw(), 1'000'000);
  EXPECT_EQ(Money::Parse("1,234,567.8")->raw(), 123'456'780);
  EXPECT_EQ(Money::Parse("-0.01")->raw(), -1);
  EXPECT_EQ(Money::Parse("+5")->raw(), 500);
  EXPECT_EQ(Units::Parse("0.01")->raw(), 1);
  EXPECT_EQ(Nav::Parse("1.1280")->raw(), 112'800'000);
  EXPECT_EQ(Nav::Parse("0.00000001")->raw(), 1);
  EXPECT_EQ(Rate::Parse("1.2%")->raw(), 1'200'000);
  EXPECT_EQ(Rate::Parse("0.012")->raw(), 1'200'000);
  EXPECT_EQ(Rate::Parse("99.982808%")->raw(), 99'982'808);
  EXPECT_EQ(Rate::Ppm(12'000), *Rate::Parse("1.2%"));
  EXPECT_EQ(Money::Parse("92233720368547758.07")->raw(), kMax);
}

TEST(Decimal, RefusesWhatItWouldHaveToGuess) {
  EXPECT_EQ(Refusal<Money>("1.005"), "amount \"1.005\" has 3 decimals; at most 2 are allowed");
  EXPECT_THAT(Refusal<Money>("1.000"), HasSubstr("3 decimals"));
  EXPECT_THAT(Refusal<Units>("0.001"), HasSubstr("number of units"));
  EXPECT_THAT(Refusal<Nav>("1.123456789"), HasSubstr("9 decimals"));
  EXPECT_THAT(Refusal<Rate>("1.2345678%"), HasSubstr("at most 6"));
  EXPECT_THAT(Refusal<Money>("5%"), HasSubstr("percentage"));
  for (const char* bad : {"", "-", ".5", "1e5", "0x10", " 1", "1 ", "--1", "1-", "１", "NaN", "%"}) {
    EXPECT_FALSE(Money::Parse(bad).ok()) << bad;
    EXPECT_FALSE(Rate::Parse(bad).ok()) << bad;
  }
  EXPECT_THAT(Refusal<Money>("1."), HasSubstr("decimal point"));
  for (const char* bad : {"1,0000", "1,00", ",100", "1000,000", "1,000,", "1,,000", "0.1,000"}) {
    EXPECT_FALSE(Money::Parse(bad).ok()) << bad;
  }
  EXPECT_THAT(Refusal<Money>("92233720368547758.08"), HasSubstr("too large"));
  EXPECT_THAT(Refusal<Money>(std::string(400, '9')), HasSubstr("too large"));
}

TEST(Decimal, Prints) {
  EXPECT_EQ(Money::FromRaw(1'000'000).ToString(), "10000.00");
  EXPECT_EQ(Money::FromRaw(1'000'000).ToGrouped(), "10,000.00");
  EXPECT_EQ(Money::FromRaw(-123'456'789).ToGrouped(), "-1,234,567.89");
  EXPECT_EQ(Money::FromRaw(99'999).ToGrouped(), "999.99");
  EXPECT_EQ(Money().ToString(), "0.00");
  EXPECT_EQ(Money::FromRaw(-5).ToString(), "-0.05");
  EXPECT_EQ(Money::FromRaw(kMin).ToString(), "-92233720368547758.08");
  EXPECT_EQ(Nav::FromRaw(112'800'000).ToString(), "1.1280");
  EXPECT_EQ(Nav::FromRaw(112'812'345).ToString(), "1.12812345");
  EXPECT_EQ(Rate::FromRaw(1'200'000).ToString(), "0.012");
  EXPECT_EQ(Rate::FromRaw(1'200'000).ToPercent(), "1.2%");
  EXPECT_EQ(Rate().ToPercent(), "0%");
}

TEST(Decimal, ComesBackFromTextAndBytes) {
  for (const int64_t raw :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{99}, int64_t{100}, int64_t{-123456789}, kMax, -kMax}) {
    EXPECT_EQ(Money::Parse(Money::FromRaw(raw).ToString())->raw(), raw);
    EXPECT_EQ(Money::Parse(Money::FromRaw(raw).ToGrouped())->raw(), raw);
    EXPECT_EQ(Nav::Parse(Nav::FromRaw(raw).ToString())->raw(), raw);
    EXPECT_EQ(Rate::Parse(Rate::FromRaw(raw).ToPercent())->raw(), raw);
    Units back;
    ASSERT_TRUE(Decode(Encode(Units::FromRaw(raw)), &back));
    EXPECT_EQ(back.raw(), raw);
  }
}

TEST(Decimal, AddsAndCompares) {
  Money m = Money::Whole(5) + Money::FromRaw(1);
  m -= Money::Whole(6);
  EXPECT_EQ(m.ToString(), "-0.99");
  EXPECT_TRUE(m.is_negative());
  EXPECT_LT(m, Money());
  EXPECT_EQ(-m, Money::FromRaw(99));
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly({Money(), Money::FromRaw(1), Money::FromRaw(-1)}));
}

TEST(DecimalDeathTest, NeverWraps) {
  EXPECT_DEATH(Money::FromRaw(kMax) + Money::FromRaw(1), "overflow");
  EXPECT_DEATH(Money::FromRaw(kMin) - Money::FromRaw(1), "overflow");
  EXPECT_DEATH(-Money::FromRaw(kMin), "overflow");
  EXPECT_DEATH(MulDiv(kMax, 2, 1, Rounding::kTruncate), "overflow");
  EXPECT_DEATH(MulDiv(1, 1, 0, Rounding::kTruncate), "zero");
  EXPECT_DEATH(UnitsFor(Money::Whole(1), Nav(), Rounding::kHalfUp), "positive");
}

TEST(MulDiv, RoundsSymmetrically) {
  struct Case { int64_t a, b, c, half_up, truncate, up; };
  for (const Case& t :
       {Case{5, 1, 2, 3, 2, 3}, Case{-5, 1, 2, -3, -2, -3}, Case{5, -1, 2, -3, -2, -3}, Case{5, 1, -2, -3, -2, -3},
        Case{7, 1, 3, 2, 2, 3}, Case{8, 1, 3, 3, 2, 3}, Case{-7, 1, 3, -2, -2, -3}, Case{6, 1, 3, 2, 2, 2},
        Case{0, 9, 4, 0, 0, 0}, Case{1, 1, 1000, 0, 0, 1}, Case{kMax, kMax, kMax, kMax, kMax, kMax},
        Case{kMin, 1, 1, kMin, kMin, kMin}, Case{kMin, kMin, kMin, kMin, kMin, kMin}}) {
    EXPECT_EQ(MulDiv(t.a, t.b, t.c, Rounding::kHalfUp), t.half_up) << t.a << "*" << t.b << "/" << t.c;
    EXPECT_EQ(MulDiv(t.a, t.b, t.c, Rounding::kTruncate), t.truncate) << t.a << "*" << t.b << "/" << t.c;
    EXPECT_EQ(MulDiv(t.a, t.b, t.c, Rounding::kUp), t.up) << t.a << "*" << t.b << "/" << t.c;
  }
}

TEST(Decimal, ProductsAndQuotients) {
  EXPECT_EQ(ApplyRate(Money::Whole(10'000), *Rate::Parse("1.2%"), Rounding::kHalfUp), Money::Whole(120));
  EXPECT_EQ(Value(Units::Whole(20'000), *Nav::Parse("1.003"), Rounding::kHalfUp), Money::Whole(20'060));
  EXPECT_EQ(UnitsFor(Money::FromRaw(494'071), *Nav::Parse("1.1280"), Rounding::kHalfUp), Units::FromRaw(438'006));
  EXPECT_EQ(UnitsFor(Money::FromRaw(988'142), *Nav::Parse("1.0250"), Rounding::kTruncate, true), Units::Whole(9'640));
}

TEST(Rounding, HasNames) {
  EXPECT_EQ(*ParseRounding("truncate"), Rounding::kTruncate);
  EXPECT_FALSE(ParseRounding("banker").ok());
}

}  // namespace
}  // namespace fundcore
