// Trading calendars: the built-in facts, look-ups at edges, the text form and its errors.
#include "common/time/calendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace fundcore {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Date D(int32_t yyyymmdd) { return Date::FromRaw(yyyymmdd); }
std::string Message(const absl::Status& s) { return std::string(s.message()); }

class BuiltIn : public ::testing::Test {
 protected:
  CalendarSet set_ = CalendarSet::BuiltIn();
  const TradingCalendar& shanghai_ = *set_.Find("XSHG");
};

TEST_F(BuiltIn, ShanghaiHasThePublishedNumberOfDays) {
  const std::pair<int, int> kCounts[] = {{2017, 244}, {2018, 243}, {2019, 244}, {2020, 243}, {2021, 243},
                                         {2022, 242}, {2023, 242}, {2024, 242}, {2025, 243}, {2026, 242}};
  for (const auto& [year, count] : kCounts) {
    int open = 0;
    for (const Date day : shanghai_.open_days()) open += day.raw() / 10000 == year;
    EXPECT_EQ(open, count) << year;
  }
  EXPECT_EQ(*shanghai_.CountBetween(D(20240101), D(20250101)), 242);
}

TEST_F(BuiltIn, MakeUpWeekendsAndHolidaysAreClosed) {
  // Working weekends before and after holidays: offices open, the exchange does not.
  for (const int day : {20240204, 20240218, 20240407, 20240428, 20240511, 20240914, 20240929, 20241012, 20250126,
                        20250208, 20250427, 20250928, 20251011, 20260104, 20260214, 20260228}) {
    EXPECT_FALSE(*shanghai_.IsOpen(D(day))) << day;
  }
  for (const int day : {20170130, 20200131, 20240209, 20251008, 20260102, 20260223, 20261007}) {
    EXPECT_FALSE(*shanghai_.IsOpen(D(day))) << day;
  }
  for (const int day : {20200203, 20240219, 20250127, 20250205, 20251009, 20260105, 20260224, 20261231}) {
    EXPECT_TRUE(*shanghai_.IsOpen(D(day))) << day;
  }
}

TEST_F(BuiltIn, HongKongDiffers) {
  const TradingCalendar& hong_kong = *set_.Find("XHKG");
  EXPECT_FALSE(*hong_kong.IsOpen(D(20251225)));
  EXPECT_TRUE(*shanghai_.IsOpen(D(20251225)));
  EXPECT_TRUE(*hong_kong.IsOpen(D(20251002)));
  EXPECT_FALSE(*shanghai_.IsOpen(D(20251002)));
  const auto both = TradingCalendar::Intersect("XSHG+XHKG", shanghai_, hong_kong);
  EXPECT_FALSE(*both->IsOpen(D(20251225)));
  EXPECT_FALSE(*both->IsOpen(D(20251002)));
  EXPECT_TRUE(*both->IsOpen(D(20251009)));
  EXPECT_EQ(both->first(), D(20240101));
}

TEST_F(BuiltIn, MovesByOpenDays) {
  EXPECT_EQ(*shanghai_.Next(D(20250930)), D(20251009));
  EXPECT_EQ(*shanghai_.Next(D(20251003)), D(20251009));
  EXPECT_EQ(*shanghai_.NextOrSame(D(20250930)), D(20250930));
  EXPECT_EQ(*shanghai_.NextOrSame(D(20251001)), D(20251009));
  EXPECT_EQ(*shanghai_.Prev(D(20251009)), D(20250930));
  EXPECT_EQ(*shanghai_.Prev(D(20251005)), D(20250930));
  EXPECT_EQ(*shanghai_.AddOpenDays(D(20250930), 1), D(20251009));
  EXPECT_EQ(*shanghai_.AddOpenDays(D(20250930), 2), D(20251010));
  EXPECT_EQ(*shanghai_.AddOpenDays(D(20251004), 1), D(20251010));  // a Saturday counts as the 9th
  EXPECT_EQ(*shanghai_.AddOpenDays(D(20251010), -2), D(20250930));
  EXPECT_EQ(*shanghai_.CountBetween(D(20250930), D(20251010)), 2);
  EXPECT_EQ(*shanghai_.CountBetween(D(20251010), D(20250930)), -2);
}

TEST_F(BuiltIn, NeverGuessesOutsideItsCoverage) {
  const auto status = shanghai_.IsOpen(D(20270104)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(Message(status),
              AllOf(HasSubstr("XSHG covers 2017-01-01 to 2026-12-31"), HasSubstr("2027-01-04"), HasSubstr("load")));
  EXPECT_EQ(shanghai_.Next(D(20261231)).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(shanghai_.Prev(D(20170101)).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(shanghai_.AddOpenDays(D(20261230), 5).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(shanghai_.IsOpen(Date()).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(set_.Get("XNYS").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(set_.Get("XNYS").status()), HasSubstr("XHKG, XSHG"));
}

TEST_F(BuiltIn, LaterFilesChangeSingleDaysAndExtend) {
  ASSERT_TRUE(set_.Apply("calendar XSHG\neffective 2026-09-01\n2026 closed 09-28 # storm\n2026 open 10-10\n"
                         "covers 2027-01-01 2027-12-31\n2027 closed 01-01 02-05..02-11\n", "notice").ok());
  EXPECT_FALSE(*shanghai_.IsOpen(D(20260928)));
  EXPECT_TRUE(*shanghai_.IsOpen(D(20261010)));
  EXPECT_TRUE(*shanghai_.IsOpen(D(20260903)));
  EXPECT_EQ(*shanghai_.Next(D(20261231)), D(20270104));
  EXPECT_EQ(*shanghai_.Next(D(20270204)), D(20270212));

  const TradingCalendar before = shanghai_;
  const auto refused = [&](const char* text) { return Message(set_.Apply(text, "late.txt")); };
  EXPECT_THAT(refused("calendar XSHG\n2026 closed 09-29\n"), AllOf(StartsWith("late.txt:2:"), HasSubstr("effective")));
  EXPECT_THAT(refused("calendar XSHG\neffective 2026-09-30\n2026 open 10-11\n2026 closed 09-29\n"),
              AllOf(StartsWith("late.txt:4:"), HasSubstr("2026-09-29 is before the effective date")));
  EXPECT_THAT(refused("calendar XSHG\neffective 2026-09-01\ncovers 2029-01-01 2029-12-31\n"), HasSubstr("gap"));
  EXPECT_THAT(refused("calendar XSHG\neffective 2026-09-01\n2028 closed 09-29\n"), HasSubstr("2028-09-29"));
  EXPECT_EQ(shanghai_, before) << "a refused file changes nothing";
}

TEST(CalendarText, ErrorsNameTheLine) {
  const auto refused = [](const char* text) {
    CalendarSet set;
    return Message(set.Apply(text, "x.txt"));
  };
  EXPECT_THAT(refused(""), HasSubstr("begin with: calendar NAME"));
  EXPECT_THAT(refused("\n# note\ncovers 2025-01-01 2025-12-31\n"),
              AllOf(StartsWith("x.txt:3:"), HasSubstr("calendar NAME")));
  EXPECT_THAT(refused("calendar A\n2025 closed 01-01\n"), AllOf(StartsWith("x.txt:2:"), HasSubstr("covers")));
  EXPECT_THAT(refused("calendar A\n"), HasSubstr("needs: covers"));
  EXPECT_THAT(refused("calendar A B\n"), HasSubstr("exactly one name"));
  EXPECT_THAT(refused("calendar A\ncalendar B\n"), HasSubstr("second calendar"));
  const std::string head = "calendar A\ncovers 2025-01-01 2025-12-31\n";
  EXPECT_THAT(refused((head + "2025 close 01-01\n").c_str()),
              AllOf(StartsWith("x.txt:3:"), HasSubstr("unknown statement")));
  EXPECT_THAT(refused((head + "2025 closed 02-29\n").c_str()), HasSubstr("2025-02-29\" does not exist"));
  EXPECT_THAT(refused((head + "2025 closed 02-10..02-01\n").c_str()), HasSubstr("ends before it begins"));
  EXPECT_THAT(refused((head + "2026 closed 01-01\n").c_str()), HasSubstr("not 2026-01-01"));
  EXPECT_THAT(refused((head + "2025 closed\n").c_str()), HasSubstr("names no day"));
  EXPECT_THAT(refused("calendar A\ncovers 2025-12-31 2025-01-01\n"), StartsWith("x.txt:2:"));
  EXPECT_THAT(refused("calendar A\ncovers 1025-12-31 2025-01-01\n"), HasSubstr("hundred years"));
}

TEST(CalendarText, TakesWindowsLinesAndNoLastLineEnd) {
  CalendarSet set;
  ASSERT_TRUE(set.Apply("calendar A\r\n\r\ncovers 2025-01-01 2025-01-10\r\n2025 closed 01-01", "a").ok());
  EXPECT_EQ(set.Find("A")->open_days().size(), 7u);
}

TEST(CalendarText, ReadsFiles) {
  const std::string path = ::testing::TempDir() + "/calendar_test_a.txt";
  std::ofstream(path) << "calendar A\ncovers 2025-01-01 2025-01-10\n";
  CalendarSet set;
  EXPECT_TRUE(set.ApplyFile(path).ok());
  EXPECT_EQ(set.ApplyFile(path + ".missing").code(), absl::StatusCode::kNotFound);
  std::remove(path.c_str());
}

TEST(TradingCalendar, IsStoredAndChecked) {
  const auto c = TradingCalendar::Create("F", D(20250101), D(20250110), {D(20250103), D(20250102)});
  ASSERT_TRUE(c.ok());
  TradingCalendar back;
  ASSERT_TRUE(Decode(Encode(*c), &back));
  EXPECT_EQ(back, *c);
  EXPECT_EQ(*back.Next(D(20250101)), D(20250102));
  EXPECT_FALSE(TradingCalendar::Create("F", D(20250110), D(20250101), {}).ok());
  EXPECT_FALSE(TradingCalendar::Create("F", D(20250101), D(20250110), {D(20250111)}).ok());
  EXPECT_FALSE(TradingCalendar::Create("F", D(20250101), D(20250110), {D(20250102), D(20250102)}).ok());
  EXPECT_EQ(TradingCalendar().IsOpen(D(20250101)).status().code(), absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace fundcore
