// The transfer agent's own numbers: money, units, prices and rates as exact decimals in an integer.
//
//   Yuan paid = *Yuan::Parse("5000");
//   Price nav = *Price::Parse("1.1280");
//   Shares got = Divide(paid, nav, Rounding::kHalfUp);        // 4,432.62 units
//
// Written apart from common/money on purpose: ta_sim judges what the core computed, so the two may share no arithmetic.
// Values only; thread-safe. Products are taken in 128 bits and rounded once.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fundcore::ta_sim {

enum class Rounding : uint8_t { kHalfUp = 0, kCut = 1 };

namespace decimal_internal {
absl::StatusOr<int64_t> Parse(std::string_view text, int places);
std::string Format(int64_t raw, int places, int least_places);
// a × b ÷ c, rounded; halves move away from zero. c is positive. A result beyond 64 bits is a broken invariant.
int64_t MulDiv(int64_t a, int64_t b, int64_t c, Rounding rounding);
}  // namespace decimal_internal

// A decimal with `places` implied digits after the point. `Tag` keeps money from units; none converts to another.
template <class Tag, int places>
class Fixed {
 public:
  static constexpr int kPlaces = places;
  constexpr Fixed() = default;
  static constexpr Fixed FromRaw(int64_t raw) {
    Fixed f;
    f.raw_ = raw;
    return f;
  }
  // "12.5", "-0.01", "1,000.00". kInvalidArgument for anything else, and for more digits than there are places.
  static absl::StatusOr<Fixed> Parse(std::string_view text) {
    auto raw = decimal_internal::Parse(text, places);
    if (!raw.ok()) return raw.status();
    return FromRaw(*raw);
  }
  constexpr int64_t raw() const { return raw_; }
  constexpr bool is_zero() const { return raw_ == 0; }
  constexpr bool is_positive() const { return raw_ > 0; }
  // "12.50": at least two places (all that count beyond them).
  std::string ToString() const { return decimal_internal::Format(raw_, places, 2); }
  friend constexpr auto operator<=>(Fixed, Fixed) = default;
  friend constexpr Fixed operator+(Fixed a, Fixed b) { return FromRaw(a.raw_ + b.raw_); }
  friend constexpr Fixed operator-(Fixed a, Fixed b) { return FromRaw(a.raw_ - b.raw_); }
  Fixed& operator+=(Fixed o) {
    raw_ += o.raw_;
    return *this;
  }
  Fixed& operator-=(Fixed o) {
    raw_ -= o.raw_;
    return *this;
  }

 private:
  int64_t raw_ = 0;
};

using Yuan = Fixed<struct YuanTag, 2>;      // money
using Shares = Fixed<struct SharesTag, 2>;  // fund units
using Price = Fixed<struct PriceTag, 8>;    // yuan a unit
using Rate = Fixed<struct RateTag, 8>;      // 1.2% is 0.012

// "1.2%" or "0.012". kInvalidArgument.
absl::StatusOr<Rate> ParseRate(std::string_view text);

// units × price.
Yuan Multiply(Shares units, Price price, Rounding rounding);
// money × rate.
Yuan Multiply(Yuan money, Rate rate, Rounding rounding);
Rate Multiply(Rate a, Rate b);
// money ÷ price, the price above zero.
Shares Divide(Yuan money, Price price, Rounding rounding);
// money ÷ (1 + rate): what is left of a sum that includes its fee.
Yuan WithoutFee(Yuan money, Rate rate, Rounding rounding);
// `amount` for every `per_units` units.
Yuan PerUnits(Shares units, Yuan amount, int64_t per_units, Rounding rounding);

}  // namespace fundcore::ta_sim
