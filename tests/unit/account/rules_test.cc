// What a fund's rules make of a reservation: a least balance, a term of holding, a most that one may hold.
#include "tests/unit/account/book.h"

namespace fundcore::account {
namespace {

class Rules : public ::testing::Test {
 protected:
  Rules() {
    book_.Absorb();
    li_ = book_.Open("li", "10000.00");
    book_.Hold(1, li_, "1000.00", "1000.00", 20250303, 20250304);
  }
  Reserve Sell(uint64_t seq, const char* units, const char* least) {
    Reserve c = book_.Sell(seq, li_, units, 20250306);
    c.least_left = U(least);
    return c;
  }
  Book book_;
  InvestorId li_;
};

TEST_F(Rules, WhatWouldLeaveLessTakesAll) {
  EXPECT_TRUE(book_.Do(Sell(2, "900.00", "100.00")).units.is_zero());
  book_.Do(Release{book_.Order(2), li_});
  const Result all = book_.Do(Sell(3, "900.01", "100.00"));
  EXPECT_EQ(all.reason, Reason::kNone);
  EXPECT_EQ(all.units, U("1000.00"));
  const Result again = book_.Do(Sell(3, "900.01", "100.00"));
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.reason, Reason::kNone);
  EXPECT_EQ(again.units, U("1000.00")) << "a repeated call gets the same answer";
  EXPECT_EQ(book_.Do(Sell(4, "0.01", "100.00")).reason, Reason::kNotEnoughUnits);
  book_.Do(Release{book_.Order(3), li_});
  EXPECT_EQ(book_.Do(Sell(5, "1000.00", "100.00")).reason, Reason::kNone) << "all of it is free again";
}

TEST_F(Rules, NothingIsLeftWhereAllIsAsked) {
  EXPECT_TRUE(book_.Do(Sell(2, "1000.00", "100.00")).units.is_zero());
}

TEST_F(Rules, NobodyHoldsMoreThanTheLimit) {
  Reserve c = book_.Buy(2, li_, "500.00", 20250306);
  c.most_held = U("1400.00");
  c.price = N("1.2500");  // 500.00 / 1.25 = 400.00
  EXPECT_EQ(book_.Do(c).reason, Reason::kNone);
  c.order = book_.Order(3);
  c.amount = Yuan("500.02");  // 400.01
  EXPECT_EQ(book_.Do(c).reason, Reason::kAboveHoldingLimit);
  c.order = book_.Order(4);
  c.most_held = U("999.99");
  c.price = Nav();
  EXPECT_EQ(book_.Do(c).reason, Reason::kAboveHoldingLimit) << "without a price what is held counts alone";
}

TEST_F(Rules, CommandsWithoutRulesKeepTheirBytes) {
  const Reserve plain = book_.Sell(2, li_, "1.00", 20250306);
  Reserve with = plain;
  with.least_left = U("1.00");
  EXPECT_GT(Encode(with).size(), Encode(plain).size());
  Reserve back;
  ASSERT_TRUE(Decode(Encode(plain), &back));
  EXPECT_TRUE(back.least_left.is_zero());
}

}  // namespace
}  // namespace fundcore::account
