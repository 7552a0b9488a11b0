// Points in time, durations and calendar dates, as strong types. No clock in here: see common/runtime/executor.h.
//
// A TimePoint counts microseconds since 1970-01-01 UTC. Business dates and times of day are Beijing time (UTC+8, no
// daylight saving since 1991), which is what exchanges, transfer agents and the file standard use.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fundcore {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration FromRaw(int64_t us) { return Duration(us); }
  static constexpr Duration Micros(int64_t n) { return Duration(n); }
  static constexpr Duration Millis(int64_t n) { return Duration(n * 1000); }
  static constexpr Duration Seconds(int64_t n) { return Duration(n * 1'000'000); }
  constexpr int64_t raw() const { return us_; }
  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return Duration(a.us_ + b.us_); }

 private:
  constexpr explicit Duration(int64_t us) : us_(us) {}
  int64_t us_ = 0;
};

// A calendar date. The raw value is yyyymmdd (20250304), 0 where unset: it orders, prints and compares as people read
// it.
class Date {
 public:
  constexpr Date() = default;
  static constexpr Date FromRaw(int32_t yyyymmdd) { Date d; d.v_ = yyyymmdd; return d; }
  // Accepts "20250304" and "2025-03-04"; refuses dates that do not exist.
  static absl::StatusOr<Date> Parse(std::string_view text);
  static Date FromDays(int32_t days_since_1970);
  constexpr int32_t raw() const { return v_; }
  constexpr bool is_set() const { return v_ != 0; }
  int32_t days() const;          // days since 1970-01-01
  int weekday() const;           // 0 = Monday … 6 = Sunday
  Date AddDays(int n) const { return FromDays(days() + n); }
  std::string Compact() const;   // 20250304, the form in files
  std::string Iso() const;       // 2025-03-04
  friend constexpr auto operator<=>(Date, Date) = default;

 private:
  int32_t v_ = 0;
};

// Time of day in Beijing, microseconds since midnight.
class TimeOfDay {
 public:
  constexpr TimeOfDay() = default;
  static constexpr TimeOfDay FromRaw(int64_t us) { TimeOfDay t; t.us_ = us; return t; }
  static constexpr TimeOfDay Hms(int h, int m, int s = 0) { return FromRaw(((h * 60ll + m) * 60 + s) * 1'000'000); }
  // "15:00", "14:59:59", "14:59:59.999".
  static absl::StatusOr<TimeOfDay> Parse(std::string_view text);
  constexpr int64_t raw() const { return us_; }
  std::string Compact() const;   // 145959, the form in files
  std::string Iso() const;       // 14:59:59.999, without the fraction where it is zero
  friend constexpr auto operator<=>(TimeOfDay, TimeOfDay) = default;

 private:
  int64_t us_ = 0;
};

class TimePoint {
 public:
  constexpr TimePoint() = default;
  static constexpr TimePoint FromRaw(int64_t us) { TimePoint t; t.us_ = us; return t; }
  static TimePoint At(Date day, TimeOfDay time);
  // "2025-03-04 14:59:59.999" or "2025-03-04T14:59:59", Beijing time.
  static absl::StatusOr<TimePoint> Parse(std::string_view text);
  constexpr int64_t raw() const { return us_; }
  Date date() const;             // Beijing
  TimeOfDay time_of_day() const;
  std::string Iso() const;       // 2025-03-04 14:59:59.999
  friend constexpr auto operator<=>(TimePoint, TimePoint) = default;
  friend constexpr TimePoint operator+(TimePoint t, Duration d) { return FromRaw(t.us_ + d.raw()); }
  friend constexpr TimePoint operator-(TimePoint t, Duration d) { return FromRaw(t.us_ - d.raw()); }
  friend constexpr Duration operator-(TimePoint a, TimePoint b) { return Duration::Micros(a.us_ - b.us_); }

 private:
  int64_t us_ = 0;
};

}  // namespace fundcore
