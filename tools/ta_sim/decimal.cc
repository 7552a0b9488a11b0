// Exact decimal arithmetic in 128 bits.
#include "tools/ta_sim/decimal.h"

#include <limits>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::ta_sim {
namespace {

constexpr int64_t kOne8 = 100'000'000;  // 1 with eight places

}  // namespace

namespace decimal_internal {

absl::StatusOr<int64_t> Parse(std::string_view text, int places) {
  const auto refuse = [&](std::string_view why) {
    return absl::InvalidArgumentError(
        StrCat("\"", text, "\" ", why, "; write a decimal with at most ", places, " places, such as 12.50"));
  };
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (!rest.empty() && (negative || rest.front() == '+')) rest.remove_prefix(1);
  __int128 value = 0;
  int after_point = -1;
  bool any = false;
  for (char c : rest) {
    if (c == ',' && after_point < 0) continue;
    if (c == '.' && after_point < 0) {
      after_point = 0;
      continue;
    }
    if (c < '0' || c > '9') return refuse("is not a number");
    any = true;
    if (after_point >= places) {
      if (c != '0') return refuse("has too many places");
      continue;
    }
    value = value * 10 + (c - '0');
    if (after_point >= 0) ++after_point;
    if (value > std::numeric_limits<int64_t>::max()) return refuse("is too large");
  }
  if (!any) return refuse("is not a number");
  for (int i = after_point < 0 ? 0 : after_point; i < places; ++i) value *= 10;
  if (value > std::numeric_limits<int64_t>::max()) return refuse("is too large");
  return static_cast<int64_t>(negative ? -value : value);
}

std::string Format(int64_t raw, int places, int least_places) {
  const bool negative = raw < 0;
  std::string digits = std::to_string(negative ? 0 - static_cast<uint64_t>(raw) : static_cast<uint64_t>(raw));
  if (digits.size() <= static_cast<size_t>(places))
    digits.insert(0, static_cast<size_t>(places) + 1 - digits.size(), '0');
  if (places > 0) digits.insert(digits.size() - static_cast<size_t>(places), ".");
  for (int shown = places; shown > least_places && digits.back() == '0'; --shown) digits.pop_back();
  return negative ? "-" + digits : digits;
}

int64_t MulDiv(int64_t a, int64_t b, int64_t c, Rounding rounding) {
  const __int128 product = static_cast<__int128>(a) * b;
  const bool negative = product < 0;
  const __int128 size = negative ? -product : product;
  __int128 quotient = size / c;
  if (rounding == Rounding::kHalfUp && (size % c) * 2 >= c) ++quotient;
  FC_CHECK(quotient <= std::numeric_limits<int64_t>::max(), "a product does not fit: ", a, " x ", b, " / ", c);
  return static_cast<int64_t>(negative ? -quotient : quotient);
}

}  // namespace decimal_internal

using decimal_internal::MulDiv;

absl::StatusOr<Rate> ParseRate(std::string_view text) {
  if (text.empty() || text.back() != '%') return Rate::Parse(text);
  FC_ASSIGN_OR_RETURN(const int64_t percent,
                      decimal_internal::Parse(text.substr(0, text.size() - 1), Rate::kPlaces - 2));
  return Rate::FromRaw(percent);
}

Yuan Multiply(Shares units, Price price, Rounding rounding) {
  return Yuan::FromRaw(MulDiv(units.raw(), price.raw(), kOne8, rounding));
}
Yuan Multiply(Yuan money, Rate rate, Rounding rounding) {
  return Yuan::FromRaw(MulDiv(money.raw(), rate.raw(), kOne8, rounding));
}
Rate Multiply(Rate a, Rate b) { return Rate::FromRaw(MulDiv(a.raw(), b.raw(), kOne8, Rounding::kHalfUp)); }
Shares Divide(Yuan money, Price price, Rounding rounding) {
  return Shares::FromRaw(MulDiv(money.raw(), kOne8, price.raw(), rounding));
}
Yuan WithoutFee(Yuan money, Rate rate, Rounding rounding) {
  return Yuan::FromRaw(MulDiv(money.raw(), kOne8, kOne8 + rate.raw(), rounding));
}
Yuan PerUnits(Shares units, Yuan amount, int64_t per_units, Rounding rounding) {
  return Yuan::FromRaw(MulDiv(units.raw(), amount.raw(), per_units * 100, rounding));
}

}  // namespace fundcore::ta_sim
