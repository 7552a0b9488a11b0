// Classes from points, and how long they hold.
#include "services/risk/questionnaire.h"

#include <gtest/gtest.h>

#include <string>

namespace fundcore::risk {
namespace {

TEST(Questionnaire, EachFifthOfThePointsIsAClass) {
  const auto one = [](int points) { return int{RiskClassOf(std::string(1, static_cast<char>(points)))}; };
  EXPECT_EQ(one(0), 1);
  EXPECT_EQ(one(4), 1);
  EXPECT_EQ(one(5), 2);
  EXPECT_EQ(one(8), 2);
  EXPECT_EQ(one(12), 3);
  EXPECT_EQ(one(13), 4);
  EXPECT_EQ(one(17), 5);
  EXPECT_EQ(one(20), 5);
  EXPECT_EQ(RiskClassOf(""), 1);
  EXPECT_EQ(RiskClassOf(std::string(100, 20)), 5);
  EXPECT_EQ(RiskClassOf(std::string("\x14\x00", 2)), 3);  // half of the points
}

TEST(Questionnaire, HoldsForAYear) {
  EXPECT_EQ(YearAfter(Date::FromRaw(20260304)).raw(), 20270304);
  EXPECT_EQ(YearAfter(Date::FromRaw(20280229)).raw(), 20290228);
  EXPECT_EQ(YearAfter(Date::FromRaw(20270228)).raw(), 20280228);
}

}  // namespace
}  // namespace fundcore::risk
