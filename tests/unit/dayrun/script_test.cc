// The script reader: what it understands, and how it says that it does not.
#include "tools/dayrun/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tools/dayrun/terms.h"
#include "tools/dayrun/words.h"

namespace fundcore::dayrun {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kHead =
    "name a\n"
    "tells something\n"
    "given fund 110022 ta 11 purchase-fee 1.2% nav 1.2500@2025-03-03\n"
    "given li class C4 card ending 6789 cash 40,000.00\n";

std::string ErrorOf(std::string_view lines) {
  auto s = ParseScript("a.day", std::string(kHead) + std::string(lines));
  return s.ok() ? "no error" : std::string(s.status().message());
}

Script Good(std::string_view lines) {
  auto s = ParseScript("a.day", std::string(kHead) + std::string(lines));
  EXPECT_TRUE(s.ok()) << s.status();
  return *std::move(s);
}

TEST(Script, ReadsASubscriptionWithItsOutcome) {
  const Script s = Good("2025-03-03 10:02  li subscribes 30,000.00 of 110022 -> accepted  day 2025-03-03\n");
  ASSERT_EQ(s.lines.size(), 1u);
  EXPECT_EQ(s.lines[0].number, 5);
  EXPECT_EQ(s.lines[0].at->Iso(), "2025-03-03 10:02:00");
  const auto& order = std::get<PlaceOrder>(s.lines[0].statements[0]);
  EXPECT_EQ(order.who, "li");
  EXPECT_EQ(order.amount, *Money::Parse("30,000.00"));
  EXPECT_EQ(order.outcome->kind, Outcome::Kind::kAccepted);
  EXPECT_EQ(order.outcome->day->Iso(), "2025-03-03");
}

TEST(Script, SeveralStatementsOnALineAndCommentsBesideIt) {
  const Script s = Good("2025-03-03 close  # at the end\n   books balance; breaks none\n");
  ASSERT_EQ(s.lines.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<CloseDays>(s.lines[0].statements[0]));
  EXPECT_EQ(s.lines[1].statements.size(), 2u);
  EXPECT_FALSE(s.lines[1].at.has_value());
}

TEST(Script, AFundGivesItsInstitution) {
  const Script s = Good("2025-03-03 10:00 breaks none\n");
  ASSERT_NE(s.Ta("11"), nullptr);
  EXPECT_EQ(s.Fund("110022")->calendar, "XSHG");
  EXPECT_EQ(s.start.Iso(), "2025-03-03 08:00:00");
}

TEST(Script, UnknownWordsAreRefusedWithPlaceAndSuggestion) {
  EXPECT_EQ(ErrorOf("2025-03-03 10:00 li subscribs 1.00 of 110022\n"),
            "a.day:5: \"subscribs\" is unknown here (did you mean \"subscribes\"?)");
  EXPECT_THAT(ErrorOf("2025-03-03 10:00 lo subscribes 1.00 of 110022\n"), HasSubstr("did you mean \"li\"?"));
  EXPECT_THAT(ErrorOf("2025-03-03 10:00 li subscribes 1.00 of 110023\n"), HasSubstr("did you mean \"110022\"?"));
  EXPECT_THAT(ErrorOf("2025-03-03 10:00 li subscribes 1.00 of 110022 -> acepted\n"),
              HasSubstr("did you mean \"accepted\"?"));
  EXPECT_THAT(ErrorOf("2025-03-03 10:00 ta 11 confrims 1.00 of that order\n"), HasSubstr("did you mean \"confirms\"?"));
}

TEST(Script, FiguresAreExact) {
  EXPECT_THAT(ErrorOf("2025-03-03 10:00 li subscribes 1.005 of 110022\n"),
              HasSubstr("a.day:5: \"1.005\" is not an amount"));
  EXPECT_THAT(ErrorOf("2025-02-30 10:00 breaks none\n"), HasSubstr("a.day:5: "));
}

TEST(Script, TimeGoesOnOnly) {
  EXPECT_THAT(ErrorOf("2025-03-03 10:00 breaks none\n2025-03-03 09:00 breaks none\n"),
              HasSubstr("a.day:6: time goes on only"));
  EXPECT_THAT(ErrorOf("breaks none\n"), HasSubstr("begins with a date"));
}

TEST(Script, NothingMayFollowWhereNothingIsExpected) {
  EXPECT_THAT(ErrorOf("2025-03-03 10:00 books balance now\n"), HasSubstr("one word too many"));
  EXPECT_THAT(ErrorOf("2025-03-03 10:00 that order\n"), HasSubstr("what the order became is missing"));
}

TEST(Words, NearestAcceptsAFewChangesOnly) {
  EXPECT_EQ(Nearest("cutof", {"cut-off", "close"}), "cut-off");
  EXPECT_EQ(Nearest("zebra", {"cut-off", "close"}), "");
}

TEST(Terms, CertificatesAreStableAndValid) {
  const Script s = Good("2025-03-03 10:00 breaks none\n");
  const std::string c = CertificateOf(s, *s.Investor("li"));
  ASSERT_EQ(c.size(), 18u);
  EXPECT_EQ(c, CertificateOf(s, *s.Investor("li")));
  EXPECT_EQ(CardOf(s, *s.Investor("li")).size(), 19u);
  EXPECT_TRUE(CardOf(s, *s.Investor("li")).ends_with("6789"));
}

TEST(Terms, TheInstitutionsConfigurationIsOneThatItAccepts) {
  const Script s = Good("2025-03-03 10:00 breaks none\n");
  EXPECT_TRUE(ta_sim::CheckConfig(TaConfigOf(s, *s.Ta("11"))).ok());
}

TEST(Script, EveryScriptOfTheTreeReads) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(DAYS_FOLDER)) {
    if (entry.path().extension() != ".day") continue;
    ++count;
    auto s = ReadScript(entry.path());
    ASSERT_TRUE(s.ok()) << s.status();
    EXPECT_EQ(s->name, entry.path().stem());
    for (const std::string& ta : s->tas()) EXPECT_TRUE(ta_sim::CheckConfig(TaConfigOf(*s, *s->Ta(ta))).ok()) << s->name;
  }
  EXPECT_GE(count, 25);
}

}  // namespace
}  // namespace fundcore::dayrun
