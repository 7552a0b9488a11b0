// Dates and times: text forms, weekdays, Beijing days around midnight, bad input.
#include "common/time/time.h"

#include <gtest/gtest.h>

#include "common/base/codec.h"

namespace fundcore {
namespace {

TEST(Date, ReadsBothForms) {
  EXPECT_EQ(Date::Parse("20250304")->raw(), 20250304);
  EXPECT_EQ(Date::Parse("2025-03-04")->raw(), 20250304);
  EXPECT_EQ(Date::Parse("20240229")->Iso(), "2024-02-29");
  for (const char* bad : {"", "2025-3-4", "20250229", "20251301", "20250100", "2025/03/04", "00000101", "2025030a",
                          "+0250304", "2025-03-041"}) {
    EXPECT_FALSE(Date::Parse(bad).ok()) << bad;
  }
}

TEST(Date, CountsDays) {
  EXPECT_EQ(Date::FromRaw(19700101).days(), 0);
  EXPECT_EQ(Date::FromRaw(19691231).days(), -1);
  EXPECT_EQ(Date::FromRaw(20250228).AddDays(1), Date::FromRaw(20250301));
  EXPECT_EQ(Date::FromRaw(20240228).AddDays(1), Date::FromRaw(20240229));
  EXPECT_EQ(Date::FromRaw(20260101).AddDays(-1), Date::FromRaw(20251231));
  for (int32_t d = -1000; d < 30000; ++d) ASSERT_EQ(Date::FromDays(d).days(), d);
}

TEST(Date, KnowsWeekdays) {
  EXPECT_EQ(Date::FromRaw(19700101).weekday(), 3);
  EXPECT_EQ(Date::FromRaw(19691231).weekday(), 2);
  EXPECT_EQ(Date::FromRaw(20250303).weekday(), 0);
  EXPECT_EQ(Date::FromRaw(20250309).weekday(), 6);
}

TEST(Date, IsOneIntegerInBytes) {
  Date back;
  ASSERT_TRUE(Decode(Encode(Date::FromRaw(20250304)), &back));
  EXPECT_EQ(back.raw(), 20250304);
  EXPECT_FALSE(Date().is_set());
}

TEST(TimeOfDay, ReadsAndPrints) {
  EXPECT_EQ(*TimeOfDay::Parse("15:00"), TimeOfDay::Hms(15, 0));
  EXPECT_EQ(TimeOfDay::Parse("14:59:59.999")->Iso(), "14:59:59.999");
  EXPECT_EQ(TimeOfDay::Parse("14:59:59.5")->Iso(), "14:59:59.500");
  EXPECT_EQ(TimeOfDay::Parse("14:59:59.000001")->Iso(), "14:59:59.000001");
  EXPECT_EQ(TimeOfDay::Parse("09:05:03")->Compact(), "090503");
  for (const char* bad : {"", "15", "24:00", "15:60", "15:00:60", "15:00:00.", "15:00:00.1234567", "1:00", "15:00:0",
                          "15:00x", "-1:00"}) {
    EXPECT_FALSE(TimeOfDay::Parse(bad).ok()) << bad;
  }
}

TEST(TimePoint, LivesInBeijing) {
  const TimePoint t = *TimePoint::Parse("2025-03-04 14:59:59.999");
  EXPECT_EQ(t.raw(), 1741071599999000);  // 06:59:59.999 UTC
  EXPECT_EQ(t.Iso(), "2025-03-04 14:59:59.999");
  EXPECT_EQ(TimePoint::Parse("2025-03-04T00:00:00")->date(), Date::FromRaw(20250304));
  EXPECT_EQ((*TimePoint::Parse("2025-03-04 00:00") - Duration::Micros(1)).date(), Date::FromRaw(20250303));
  EXPECT_EQ(TimePoint::FromRaw(0).Iso(), "1970-01-01 08:00:00");
  EXPECT_EQ((TimePoint::FromRaw(0) - Duration::Seconds(9 * 3600)).Iso(), "1969-12-31 23:00:00");
  EXPECT_EQ(TimePoint::At(t.date(), t.time_of_day()), t);
  for (const char* bad :
       {"", "2025-03-04", "2025-03-04 ", "2025-03-04_10:00", "2025-02-30 10:00", "20250304 10:00:00"}) {
    EXPECT_FALSE(TimePoint::Parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace fundcore
