// What people and programs get to read, and what people may type.
#include "tools/fundctl/answer.h"

#include <gtest/gtest.h>

#include "common/rpc/handlers.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

TEST(Answer, FiguresAreGroupedForPeopleAndPlainForPrograms) {
  Answer a;
  a.Add("investor", InvestorId(1'000'000'042));
  a.Add("available", Money::FromRaw(1'000'000));
  a.Add("day", Date::FromRaw(20250303));
  a.Add("until", Date());
  a.Add("repeated", false);
  EXPECT_EQ(a.Json(),
            R"({"investor":"001000000042","available":"10000.00","day":"2025-03-03","until":null,"repeated":false})");
  EXPECT_EQ(a.ForPeople(),
            "investor   001000000042\n"
            "available  10,000.00\n"
            "day        2025-03-03\n"
            "repeated   no\n");
}

TEST(Answer, ChineseNamesTakeTwoColumnsEach) {
  Answer a;
  Table& t = a.AddTable("funds", {"name", "open_units"});
  t.Row({"示例债券", Units::FromRaw(100)});
  t.Row({"Bond A", Units::FromRaw(123'456'789)});
  EXPECT_EQ(a.ForPeople(),
            "name        open units\n"
            "示例债券          1.00\n"
            "Bond A    1,234,567.89\n");
  EXPECT_EQ(a.Json(),
            R"({"funds":[{"name":"示例债券","open_units":"1.00"},{"name":"Bond A","open_units":"1234567.89"}]})");
}

TEST(Answer, AnEmptyTableSaysSo) {
  Answer a;
  a.AddTable("open_breaks", {"break"});
  EXPECT_EQ(a.ForPeople(), "no open breaks\n");
  EXPECT_EQ(a.Json(), R"({"open_breaks":[]})");
}

TEST(Answer, TextOfOthersHarmsNeitherTerminalNorJson) {
  Answer a;
  a.Add("note", "a\x1b[2J\"b\\\n");
  EXPECT_EQ(a.ForPeople(), "note  a?[2J\"b\\?\n");
  EXPECT_EQ(a.Json(), "{\"note\":\"a\\u001b[2J\\\"b\\\\\\u000a\"}");
  EXPECT_EQ(JsonText("\xff"), "\"\xef\xbf\xbd\"");  // no UTF-8
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1);          // a combining accent
}

TEST(Text, NumbersHaveTheirDigits) {
  EXPECT_EQ(ReadInvestor("001000000042")->raw(), 1'000'000'042u);
  EXPECT_FALSE(ReadInvestor("1000000042").ok());
  EXPECT_EQ(ReadOrder("00100000000000007")->raw(), 100'000'000'000'007u);
  EXPECT_FALSE(ReadOrder("0010000000000000x").ok());
  EXPECT_EQ(ReadAmount("10,000.00")->raw(), 1'000'000);
  EXPECT_FALSE(ReadAmount("0.00").ok());
  EXPECT_FALSE(ReadAmount("10.005").ok());
  EXPECT_FALSE(ReadUnits("-1.00").ok());
}

TEST(Text, DaysAreSingleOrARange) {
  auto days = ReadDays({"2025-03-05", "2025-03-03..2025-03-04", "2025-03-04"});
  ASSERT_TRUE(days.ok());
  EXPECT_EQ(*days, (std::vector<Date>{Date::FromRaw(20250303), Date::FromRaw(20250304), Date::FromRaw(20250305)}));
  EXPECT_FALSE(ReadDays({"2025-03-05..2025-03-03"}).ok());
  EXPECT_FALSE(ReadDays({"2025-01-01..2027-01-01"}).ok());
  EXPECT_FALSE(ReadDays({"2025-02-30"}).ok());
}

TEST(Text, ANewRequestIdIsAUuidOfVersion7) {
  EXPECT_EQ(RequestIdOr("mine"), "mine");
  const std::string id = RequestIdOr("");
  ASSERT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '7');
  EXPECT_NE(id, RequestIdOr(""));
}

TEST(ExitCode, TellsWrongUseFromTroubleAndFromWrongData) {
  using rpc::ErrorWithReason;
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(absl::DataLossError("x")), 1);
  EXPECT_EQ(ExitCodeOf(ErrorWithReason(absl::StatusCode::kFailedPrecondition, "CUTOFF_PASSED", "x")), 2);
  EXPECT_EQ(ExitCodeOf(ErrorWithReason(absl::StatusCode::kNotFound, "ORDER_NOT_FOUND", "x")), 2);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("products.toml")), 3);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("x")), 3);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("x")), 3);
  EXPECT_EQ(Explained(ErrorWithReason(absl::StatusCode::kFailedPrecondition, "CUTOFF_PASSED", "too late; order again")),
            "fundctl: too late; order again [CUTOFF_PASSED]");
}

}  // namespace
}  // namespace fundcore::fundctl
