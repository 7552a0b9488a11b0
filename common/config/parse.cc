// Parsers of parse.h: exact, overflow-checked, and strict about units.
#include "common/config/parse.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "common/base/check.h"

namespace fundcore {
namespace {

struct Unit {
  std::string_view name;
  int64_t size;
};
constexpr std::array<Unit, 6> kDurations = {
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};
constexpr std::array<Unit, 5> kSizes = {{{"TiB", int64_t{1} << 40},
                                         {"GiB", int64_t{1} << 30},
                                         {"MiB", int64_t{1} << 20},
                                         {"KiB", int64_t{1} << 10},
                                         {"B", 1}}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes digits from the front. False where there are none or they overflow.
bool TakeNumber(std::string_view* text, int64_t* number) {
  size_t n = 0;
  int64_t value = 0;
  for (; n < text->size() && IsDigit((*text)[n]); ++n) {
    if (__builtin_mul_overflow(value, int64_t{10}, &value)) return false;
    if (__builtin_add_overflow(value, int64_t{(*text)[n] - '0'}, &value)) return false;
  }
  text->remove_prefix(n);
  *number = value;
  return n > 0;
}

// Takes letters from the front and finds them among the units.
template <size_t N>
const Unit* TakeUnit(std::string_view* text, const std::array<Unit, N>& units) {
  const size_t n = std::min<size_t>(std::find_if(text->begin(), text->end(), IsDigit) - text->begin(), text->size());
  const std::string_view name = text->substr(0, n);
  text->remove_prefix(n);
  const auto it = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  return it == units.end() ? nullptr : &*it;
}

template <size_t N>
std::string FormatWith(int64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.size == 0) return StrCat(value / unit.size, unit.name);
  }
  return StrCat("0", units.back().name);
}

}  // namespace

absl::StatusOr<Duration> ParseDuration(std::string_view text) {
  const auto refuse = [&] {
    return absl::InvalidArgumentError(StrCat(
        "\"", text, "\" is not a duration; write a whole number and a unit, as in \"250ms\", \"30s\", \"1h30m\""));
  };
  std::string_view rest = text;
  const Unit* before = nullptr;
  int64_t total = 0;
  do {
    int64_t number = 0;
    if (!TakeNumber(&rest, &number)) return refuse();
    const Unit* unit = TakeUnit(&rest, kDurations);
    if (unit == nullptr || (before != nullptr && unit->size >= before->size)) return refuse();
    if (__builtin_mul_overflow(number, unit->size, &number)) return refuse();
    if (__builtin_add_overflow(total, number, &total)) return refuse();
    before = unit;
  } while (!rest.empty());
  return Duration::Micros(total);
}

absl::StatusOr<uint64_t> ParseBytes(std::string_view text) {
  std::string_view rest = text;
  int64_t number = 0;
  const Unit* unit = nullptr;
  if (!TakeNumber(&rest, &number) || (unit = TakeUnit(&rest, kSizes)) == nullptr || !rest.empty() ||
      __builtin_mul_overflow(number, unit->size, &number)) {
    return absl::InvalidArgumentError(
        StrCat("\"", text, "\" is not a size; write a whole number and B, KiB, MiB, GiB or TiB, as in \"64MiB\""));
  }
  return static_cast<uint64_t>(number);
}

std::string FormatDuration(Duration duration) { return FormatWith(duration.raw(), kDurations); }

std::string FormatBytes(uint64_t bytes) { return FormatWith(static_cast<int64_t>(bytes), kSizes); }

int SlipsBetween(std::string_view a, std::string_view b) {
  std::vector<int> two_back, last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    two_back = last;
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace fundcore
