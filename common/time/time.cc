// Dates and times: conversions between civil dates and day numbers, text forms, Beijing's fixed offset.
#include "common/time/time.h"

#include <chrono>

#include "absl/strings/str_format.h"
#include "common/base/check.h"

namespace fundcore {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr int64_t kBeijingOffset = 8 * 3600 * kMicrosPerSecond;

// Reads exactly `n` digits at `pos`; -1 where there are none.
int Digits(std::string_view s, size_t pos, size_t n) {
  if (pos + n > s.size()) return -1;
  int v = 0;
  for (size_t i = pos; i < pos + n; ++i) {
    if (s[i] < '0' || s[i] > '9') return -1;
    v = v * 10 + (s[i] - '0');
  }
  return v;
}

// Floor division, so that moments before 1970 fall on the right day.
int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::chrono::year_month_day Civil(int32_t yyyymmdd) {
  return std::chrono::year(yyyymmdd / 10000) / std::chrono::month(static_cast<unsigned>(yyyymmdd / 100 % 100)) /
         std::chrono::day(static_cast<unsigned>(yyyymmdd % 100));
}

}  // namespace

absl::StatusOr<Date> Date::Parse(std::string_view text) {
  int year = -1, month = -1, day = -1;
  if (text.size() == 8) {
    year = Digits(text, 0, 4), month = Digits(text, 4, 2), day = Digits(text, 6, 2);
  } else if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    year = Digits(text, 0, 4), month = Digits(text, 5, 2), day = Digits(text, 8, 2);
  }
  if (year < 0 || month < 0 || day < 0) {
    return absl::InvalidArgumentError(StrCat("date \"", text, "\" is not of the form 2025-03-04 or 20250304"));
  }
  const int32_t raw = year * 10000 + month * 100 + day;
  if (year == 0 || !Civil(raw).ok()) return absl::InvalidArgumentError(StrCat("date \"", text, "\" does not exist"));
  return FromRaw(raw);
}

Date Date::FromDays(int32_t days_since_1970) {
  const std::chrono::year_month_day d{std::chrono::sys_days(std::chrono::days(days_since_1970))};
  return FromRaw(static_cast<int>(d.year()) * 10000 + static_cast<int>(static_cast<unsigned>(d.month())) * 100 +
                 static_cast<int>(static_cast<unsigned>(d.day())));
}

int32_t Date::days() const {
  return static_cast<int32_t>(std::chrono::sys_days(Civil(v_)).time_since_epoch().count());
}

int Date::weekday() const {
  const int d = (days() + 3) % 7;  // 1970-01-01 was a Thursday
  return d < 0 ? d + 7 : d;
}

std::string Date::Compact() const { return absl::StrFormat("%08d", v_); }

std::string Date::Iso() const { return absl::StrFormat("%04d-%02d-%02d", v_ / 10000, v_ / 100 % 100, v_ % 100); }

absl::StatusOr<TimeOfDay> TimeOfDay::Parse(std::string_view text) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(StrCat("time \"", text, "\" is not of the form 15:00, 14:59:59 or 14:59:59.999"));
  };
  if (text.size() < 5 || text[2] != ':') return bad();
  const int h = Digits(text, 0, 2), m = Digits(text, 3, 2);
  int s = 0;
  int64_t micros = 0;
  if (text.size() > 5) {
    if (text[5] != ':') return bad();
    s = Digits(text, 6, 2);
  }
  if (text.size() > 8) {
    const size_t n = text.size() - 9;
    if (text[8] != '.' || n < 1 || n > 6) return bad();
    micros = Digits(text, 9, n);
    if (micros < 0) return bad();
    for (size_t i = n; i < 6; ++i) micros *= 10;
  }
  if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 59) return bad();
  return FromRaw(Hms(h, m, s).raw() + micros);
}

std::string TimeOfDay::Compact() const {
  const int64_t s = us_ / kMicrosPerSecond;
  return absl::StrFormat("%02d%02d%02d", s / 3600, s / 60 % 60, s % 60);
}

std::string TimeOfDay::Iso() const {
  const int64_t s = us_ / kMicrosPerSecond;
  const int64_t micros = us_ % kMicrosPerSecond;
  std::string out = absl::StrFormat("%02d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  if (micros == 0) return out;
  // Milliseconds where they say it all: what people type comes back as they typed it.
  return micros % 1000 == 0 ? absl::StrFormat("%s.%03d", out, micros / 1000) : absl::StrFormat("%s.%06d", out, micros);
}

TimePoint TimePoint::At(Date day, TimeOfDay time) {
  return FromRaw(day.days() * kMicrosPerDay + time.raw() - kBeijingOffset);
}

absl::StatusOr<TimePoint> TimePoint::Parse(std::string_view text) {
  if (text.size() < 16 || (text[10] != ' ' && text[10] != 'T')) {
    return absl::InvalidArgumentError(StrCat("moment \"", text, "\" is not of the form 2025-03-04 14:59:59.999"));
  }
  auto day = Date::Parse(text.substr(0, 10));
  if (!day.ok()) return day.status();
  auto time = TimeOfDay::Parse(text.substr(11));
  if (!time.ok()) return time.status();
  return At(*day, *time);
}

Date TimePoint::date() const {
  return Date::FromDays(static_cast<int32_t>(FloorDiv(us_ + kBeijingOffset, kMicrosPerDay)));
}

TimeOfDay TimePoint::time_of_day() const {
  const int64_t local = us_ + kBeijingOffset;
  return TimeOfDay::FromRaw(local - FloorDiv(local, kMicrosPerDay) * kMicrosPerDay);
}

std::string TimePoint::Iso() const { return StrCat(date().Iso(), " ", time_of_day().Iso()); }

}  // namespace fundcore
