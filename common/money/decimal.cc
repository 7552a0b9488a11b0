// Parsing, printing and rounding of the decimal types. All arithmetic is on integers, 128 bits in between.
#include "common/money/decimal.h"

#include <limits>

#include "common/base/check.h"

namespace fundcore {
namespace {

absl::Status BadText(std::string_view kind, std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(StrCat(kind, " \"", text, "\" ", why));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view RoundingName(Rounding r) {
  switch (r) {
    case Rounding::kHalfUp: return "half-up";
    case Rounding::kTruncate: return "truncate";
    case Rounding::kUp: return "up";
  }
  return "unknown";
}

absl::StatusOr<Rounding> ParseRounding(std::string_view text) {
  for (const Rounding r : {Rounding::kHalfUp, Rounding::kTruncate, Rounding::kUp}) {
    if (text == RoundingName(r)) return r;
  }
  return absl::InvalidArgumentError(StrCat("rounding \"", text, "\" is unknown; use half-up, truncate or up"));
}

int64_t DivRound(__int128 numerator, __int128 denominator, Rounding rounding) {
  FC_CHECK(denominator != 0, "division by zero");
  const bool negative = (numerator < 0) != (denominator < 0);
  const auto n = static_cast<unsigned __int128>(numerator < 0 ? -numerator : numerator);
  const auto d = static_cast<unsigned __int128>(denominator < 0 ? -denominator : denominator);
  unsigned __int128 q = n / d;
  const unsigned __int128 rest = n % d;
  switch (rounding) {
    case Rounding::kHalfUp: q += rest >= d - rest ? 1 : 0; break;  // not 2·rest ≥ d: that could overflow
    case Rounding::kTruncate: break;
    case Rounding::kUp: q += rest != 0 ? 1 : 0; break;
  }
  constexpr auto kMax = static_cast<unsigned __int128>(std::numeric_limits<int64_t>::max());
  FC_CHECK(q <= kMax + (negative ? 1 : 0), "decimal overflow in a division");
  return static_cast<int64_t>(negative ? -static_cast<__int128>(q) : static_cast<__int128>(q));
}

int64_t MulDiv(int64_t a, int64_t b, int64_t c, Rounding rounding) {
  return DivRound(static_cast<__int128>(a) * b, c, rounding);
}

bool MulDivFits(int64_t a, int64_t b, int64_t c) {
  if (c == 0) return false;
  constexpr __int128 kLimit = std::numeric_limits<int64_t>::max();
  const __int128 q = static_cast<__int128>(a) * b / c;
  return -kLimit < q && q < kLimit;  // one step of room for rounding away from zero
}

namespace decimal_internal {

int64_t CheckedAdd(int64_t a, int64_t b) {
  int64_t sum;
  FC_CHECK(!__builtin_add_overflow(a, b, &sum), "decimal overflow: ", a, " + ", b);
  return sum;
}

int64_t CheckedSub(int64_t a, int64_t b) {
  int64_t difference;
  FC_CHECK(!__builtin_sub_overflow(a, b, &difference), "decimal overflow: ", a, " - ", b);
  return difference;
}

absl::StatusOr<int64_t> ParseSteps(std::string_view text, int decimals, bool percent_allowed, std::string_view kind) {
  std::string_view rest = text;
  if (!rest.empty() && rest.back() == '%') {
    if (!percent_allowed) return BadText(kind, text, "must not be a percentage");
    rest.remove_suffix(1);
    decimals -= 2;
  }
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }

  const size_t point = rest.find('.');
  const std::string_view whole = rest.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? std::string_view() : rest.substr(point + 1);
  if (whole.empty()) return BadText(kind, text, "is not a number; write it like 1234.56");
  if (point != std::string_view::npos && fraction.empty()) return BadText(kind, text, "ends in a decimal point");
  if (fraction.size() > static_cast<size_t>(decimals)) {
    return BadText(kind, text, StrCat("has ", fraction.size(), " decimals; at most ", decimals, " are allowed"));
  }

  const size_t first_comma = whole.find(',');
  if (first_comma != std::string_view::npos) {
    // Thousands separators stand where they belong or not at all: "1,0000" is a slip, and nobody knows which one.
    bool placed = first_comma >= 1 && first_comma <= 3;
    for (size_t i = 0; i < whole.size(); ++i) {
      const bool comma_due = i >= first_comma && (i - first_comma) % 4 == 0;
      placed = placed && (whole[i] == ',') == comma_due;
    }
    if (!placed || (whole.size() - first_comma) % 4 != 0)
      return BadText(kind, text, "has misplaced thousands separators");
  }

  // The limit is tested at every digit, so that a text of any length is refused rather than wrapped.
  constexpr __int128 kLimit = std::numeric_limits<int64_t>::max();
  __int128 steps = 0;
  const auto add_digit = [&steps](char c) {
    if (steps <= kLimit) steps = steps * 10 + (c - '0');
  };
  for (const char c : whole) {
    if (c == ',') continue;
    if (!IsDigit(c)) return BadText(kind, text, "is not a number; write it like 1234.56");
    add_digit(c);
  }
  for (const char c : fraction) {
    if (!IsDigit(c)) return BadText(kind, text, "is not a number; write it like 1234.56");
    add_digit(c);
  }
  for (size_t i = fraction.size(); i < static_cast<size_t>(decimals); ++i) add_digit('0');
  if (steps > kLimit) return BadText(kind, text, "is too large");
  return static_cast<int64_t>(negative ? -steps : steps);
}

std::string FormatSteps(int64_t steps, int decimals, int least_decimals, bool grouped) {
  const bool negative = steps < 0;
  std::string digits = StrCat(negative ? 0 - static_cast<uint64_t>(steps) : static_cast<uint64_t>(steps));
  if (digits.size() <= static_cast<size_t>(decimals)) digits.insert(0, decimals + 1 - digits.size(), '0');
  std::string fraction = digits.substr(digits.size() - decimals);
  digits.resize(digits.size() - decimals);
  while (fraction.size() > static_cast<size_t>(least_decimals) && fraction.back() == '0') fraction.pop_back();
  if (grouped) {
    for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  }
  return StrCat(negative ? "-" : "", digits, fraction.empty() ? "" : ".", fraction);
}

}  // namespace decimal_internal

Money ApplyRate(Money amount, Rate rate, Rounding rounding) {
  return Money::FromRaw(MulDiv(amount.raw(), rate.raw(), Rate::kOne, rounding));
}

Money Value(Units units, Nav nav, Rounding rounding) {
  return Money::FromRaw(MulDiv(units.raw(), nav.raw(), Nav::kOne, rounding));  // both in hundredths: the scales cancel
}

Units UnitsFor(Money amount, Nav nav, Rounding rounding, bool whole_units) {
  FC_CHECK(nav.is_positive(), "unit price must be positive: ", nav.ToString());
  if (!whole_units) return Units::FromRaw(MulDiv(amount.raw(), Nav::kOne, nav.raw(), rounding));
  return Units::Whole(DivRound(static_cast<__int128>(amount.raw()) * Nav::kOne,
                               static_cast<__int128>(nav.raw()) * Money::kOne, rounding));
}

}  // namespace fundcore
