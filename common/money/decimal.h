// Money, fund units, prices and rates: exact decimals, each a type of its own, each one int64 with a fixed scale.
//
//   type    one raw step       "1" is raw       range
//   Money   0.01 yuan (fen)    100              ± 92 quadrillion yuan
//   Units   0.01 fund unit     100              ± 92 quadrillion units
//   Nav     0.00000001 yuan    100,000,000      ± 92 billion yuan a unit
//   Rate    0.00000001         100,000,000      ± 92 billion; 1.2% is raw 1,200,000. Discounts are rates, too.
//
//   Money amount = *Money::Parse("10,000.00");
//   Rate rate = *Rate::Parse("1.2%");
//   Money fee = ApplyRate(amount, rate, Rounding::kHalfUp);   // 120.00
//   amount - fee                                              // Money; amount + rate does not compile
//
// Values, 8 bytes, pass by value, no locks needed. raw()/FromRaw() are for the codec, for files and for arithmetic next
// to its rounding rule; everything else stays in the types. An overflow is a broken invariant (FC_CHECK): what comes
// from outside is bounded where it is parsed.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/check.h"

namespace fundcore {

// How a quotient becomes a whole number of steps. Symmetric around zero: rounding −x gives −(rounding x).
// The numbers are stored; never renumber them.
enum class Rounding : uint8_t {
  kHalfUp = 0,    // to the nearest step, a half away from zero: the default in fund contracts (四舍五入)
  kTruncate = 1,  // towards zero: "the rest belongs to the fund's assets" (截位)
  kUp = 2,        // away from zero
};

// "half-up", "truncate", "up".
std::string_view RoundingName(Rounding r);
absl::StatusOr<Rounding> ParseRounding(std::string_view text);

// a × b ÷ c, rounded once; the product is held in 128 bits. c == 0 or a result outside int64 is an FC_CHECK.
int64_t MulDiv(int64_t a, int64_t b, int64_t c, Rounding rounding);
// True where MulDiv(a, b, c, any rounding) has an answer: for values that come from outside, before they are used.
bool MulDivFits(int64_t a, int64_t b, int64_t c);
// The same as MulDiv with a numerator already in 128 bits (sums of products, rounded once at the end).
int64_t DivRound(__int128 numerator, __int128 denominator, Rounding rounding);

namespace decimal_internal {
// Reads [-]digits[,digits][.digits][%] into steps of 10^-decimals. `kind` names the value in errors.
absl::StatusOr<int64_t> ParseSteps(std::string_view text, int decimals, bool percent_allowed, std::string_view kind);
std::string FormatSteps(int64_t steps, int decimals, int least_decimals, bool grouped);
int64_t CheckedAdd(int64_t a, int64_t b);
int64_t CheckedSub(int64_t a, int64_t b);
}  // namespace decimal_internal

// What the four types share. `Spec` gives kDecimals, kLeastDecimals (printed at least), kPercent and kKind.
template <class Spec>
class Decimal {
 public:
  static constexpr int kDecimals = Spec::kDecimals;
  static constexpr int64_t kOne = [] {
    int64_t one = 1;
    for (int i = 0; i < Spec::kDecimals; ++i) one *= 10;
    return one;
  }();

  constexpr Decimal() = default;
  static constexpr Decimal FromRaw(int64_t steps) { Decimal d; d.v_ = steps; return d; }
  constexpr int64_t raw() const { return v_; }

  // A whole number of yuan, units, yuan a unit; Rate::Whole(1) is 100%.
  static Decimal Whole(int64_t n) { return FromRaw(MulDiv(n, kOne, 1, Rounding::kTruncate)); }
  // Parts per million (only for rates): Rate::Ppm(12'000) is 1.2%.
  static constexpr Decimal Ppm(int64_t ppm) requires(Spec::kPercent) { return FromRaw(ppm * (kOne / 1'000'000)); }

  // "10000", "10,000.00", "-0.5"; rates also "1.2%". Refuses (kInvalidArgument) empty text, misplaced separators, more
  // decimals than the type has (trailing zeros too: the sender means another precision) and values beyond int64.
  static absl::StatusOr<Decimal> Parse(std::string_view text) {
    auto steps = decimal_internal::ParseSteps(text, kDecimals, Spec::kPercent, Spec::kKind);
    if (!steps.ok()) return std::move(steps).status();
    return FromRaw(*steps);
  }

  // "10000.00" for money and units; a Nav has at least four decimals ("1.1280"), a Rate what it needs ("0.012").
  std::string ToString() const { return decimal_internal::FormatSteps(v_, kDecimals, Spec::kLeastDecimals, false); }
  std::string ToGrouped() const { return decimal_internal::FormatSteps(v_, kDecimals, Spec::kLeastDecimals, true); }
  // "1.2%" (only for rates).
  std::string ToPercent() const requires(Spec::kPercent) {
    return decimal_internal::FormatSteps(v_, kDecimals - 2, 0, false) + "%";
  }

  constexpr bool is_zero() const { return v_ == 0; }
  constexpr bool is_negative() const { return v_ < 0; }
  constexpr bool is_positive() const { return v_ > 0; }

  friend constexpr auto operator<=>(Decimal, Decimal) = default;
  friend Decimal operator+(Decimal a, Decimal b) { return FromRaw(decimal_internal::CheckedAdd(a.v_, b.v_)); }
  friend Decimal operator-(Decimal a, Decimal b) { return FromRaw(decimal_internal::CheckedSub(a.v_, b.v_)); }
  friend Decimal operator-(Decimal a) { return FromRaw(decimal_internal::CheckedSub(0, a.v_)); }
  Decimal& operator+=(Decimal b) { return *this = *this + b; }
  Decimal& operator-=(Decimal b) { return *this = *this - b; }
  template <class H>
  friend H AbslHashValue(H h, Decimal d) {
    return H::combine(std::move(h), d.v_);
  }

 private:
  int64_t v_ = 0;
};

struct MoneySpec {
  static constexpr int kDecimals = 2, kLeastDecimals = 2;
  static constexpr bool kPercent = false;
  static constexpr std::string_view kKind = "amount";
};
struct UnitsSpec {
  static constexpr int kDecimals = 2, kLeastDecimals = 2;
  static constexpr bool kPercent = false;
  static constexpr std::string_view kKind = "number of units";
};
struct NavSpec {
  static constexpr int kDecimals = 8, kLeastDecimals = 4;
  static constexpr bool kPercent = false;
  static constexpr std::string_view kKind = "unit price";
};
struct RateSpec {
  static constexpr int kDecimals = 8, kLeastDecimals = 0;
  static constexpr bool kPercent = true;
  static constexpr std::string_view kKind = "rate";
};

using Money = Decimal<MoneySpec>;
using Units = Decimal<UnitsSpec>;
using Nav = Decimal<NavSpec>;
using Rate = Decimal<RateSpec>;
using Discount = Rate;  // 0.1 = a tenth of the normal rate is charged; 0 = none given

// amount × rate.
Money ApplyRate(Money amount, Rate rate, Rounding rounding);
// units × price, in fen.
Money Value(Units units, Nav nav, Rounding rounding);
// amount ÷ price. With whole_units the result is cut (or rounded) to whole units. nav must be positive (FC_CHECK).
Units UnitsFor(Money amount, Nav nav, Rounding rounding, bool whole_units = false);

}  // namespace fundcore
