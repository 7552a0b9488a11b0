// Conversions: what the books do when the two sides come together, apart, in either order, or one of them not at all.
#include "tests/unit/account/book.h"

namespace fundcore::account {
namespace {

const FundCode kTarget("110033");
const TaCode kOtherTa("98");

class Conversions : public ::testing::Test {
 protected:
  void SetUp() override {
    b.Absorb();
    li = b.Open("li", "1000");
    b.Hold(1, li, "1000", "1000", 20250303, 20250304);
    // Any confirmed line tells that the account at the other institution is open.
    ApplyTradeLines opens = Book::File({b.Line(1, 0, li, 120, 20250304)}, "98");
    opens.ta = kOtherTa;
    b.Do(opens);
    b.Now(20250310);
  }
  void TearDown() override {
    b.ExpectBalanced();
    b.ExpectReplays();
  }
  Reserve Convert(uint64_t seq, const char* units, const TaCode& target_ta = kTa) {
    Reserve c = b.Sell(seq, li, units, 20250310);
    c.business = target_ta == kTa ? 36 : 38;
    c.target = kTarget;
    c.target_ta = target_ta;
    return c;
  }
  // A file with one line of a conversion: 136 and 138 say `units` of the fund that is left, 137 of the other.
  Result Say(uint64_t seq, uint16_t business, const char* units, const char* amount, const char* target_units = "0",
             const TaCode& ta = kTa, const char* code = "0000") {
    TradeLine line = b.Line(++files_, seq, li, business, 20250311);
    if (business == 137) line.fund = kTarget;
    line.units = U(units);
    line.amount = Yuan(amount);
    line.nav = N("1.0000");
    line.return_code = ReturnCode(code);
    ApplyTradeLines c = Book::File({line}, StrCat("conversion ", files_).c_str());
    c.ta = ta;
    c.explains = true;
    c.converted = {{.item = 0, .target = {}, .units = U(target_units), .nav = N("2.0000"), .difference_fee = {}}};
    return b.Do(c);
  }
  Units Held(const FundCode& fund) {
    const Holding* h = FindHolding(b.At(li), fund);
    return h ? h->units : Units();
  }
  static std::string RulesOf(const Result& r) {
    std::string all;
    for (const FindingEntry& f : r.applied->findings) all += (all.empty() ? "" : " ") + f.rule;
    return all;
  }
  TaTotals Ta(const TaCode& ta) {
    TaTotals out;
    b.machine().ledger().ForEachTa([&](const TaCode& code, const TaTotals& t) {
      if (code == ta) out = t;
    });
    return out;
  }
  Settle Pay(const TaCode& ta, const FundCode& fund, uint16_t business) {
    return {{ta, D(20250311), fund, business}, "paid"};
  }
  Book b;
  InvestorId li;
  uint64_t files_ = 10;
};

TEST_F(Conversions, UnitsLeaveAndEnterAndNoMoneyMoves) {
  EXPECT_EQ(b.Do(Convert(2, "600")).reason, Reason::kNone);
  EXPECT_EQ(RulesOf(Say(2, 136, "600", "590", "295")), "");
  EXPECT_EQ(Held(kFund), U("400"));
  EXPECT_EQ(Held(kTarget), U("295"));
  EXPECT_EQ(Ta(kTa).receivable, Money());
  EXPECT_EQ(b.machine().FindSettlement({kTa, D(20250311), kFund, 136})->count, 1u);
}

TEST_F(Conversions, AnAnswerOfBothKindsCountsOnce) {
  b.Do(Convert(2, "600"));
  Say(2, 136, "600", "590", "295");
  EXPECT_EQ(RulesOf(Say(2, 138, "600", "590")), "ALREADY_CONVERTED");
  EXPECT_EQ(RulesOf(Say(2, 137, "295", "590")), "ALREADY_CONVERTED");
  EXPECT_EQ(Held(kFund), U("400"));
  EXPECT_EQ(Held(kTarget), U("295"));
}

TEST_F(Conversions, InsideOneInstitutionWhatLeftMustEnter) {
  b.Do(Convert(2, "600"));
  Say(2, 138, "600", "590");
  EXPECT_EQ(RulesOf(Say(2, 137, "0", "0", "0", kTa, "0397")), "NOT_ENTERED");
  EXPECT_EQ(Held(kTarget), Units());
}

TEST_F(Conversions, BetweenTwoTheSecondSideMayComeFirst) {
  EXPECT_EQ(b.Do(Convert(2, "600", kOtherTa)).reason, Reason::kNone);
  Say(2, 137, "295", "590", "0", kOtherTa);
  EXPECT_EQ(b.machine().ledger().cash().converting, -Yuan("590"));
  EXPECT_EQ(Ta(kOtherTa).payable, Yuan("590"));
  EXPECT_EQ(Held(kTarget), U("295"));
  b.ExpectBalanced();
  EXPECT_EQ(RulesOf(Say(2, 138, "600", "590")), "");
  EXPECT_EQ(Ta(kTa).receivable, Yuan("590"));
  EXPECT_EQ(b.machine().ledger().cash().converting, Money());
  EXPECT_EQ(b.At(li).cash.awaiting, Money());
}

TEST_F(Conversions, WhatDoesNotEnterComesBackWhenItIsPaid) {
  b.Do(Convert(2, "600", kOtherTa));
  Say(2, 138, "600", "590");
  EXPECT_EQ(RulesOf(Say(2, 137, "0", "0", "0", kOtherTa, "0397")), "");
  EXPECT_EQ(b.At(li).cash.awaiting, Yuan("590"));
  b.Do(Pay(kTa, kFund, 138));
  EXPECT_EQ(b.At(li).cash.awaiting, Money());
  EXPECT_EQ(b.At(li).cash.available, Yuan("590"));
}

TEST_F(Conversions, WhatDoesNotEnterAfterThePaymentIsAvailableAtOnce) {
  b.Do(Convert(2, "600", kOtherTa));
  Say(2, 138, "600", "590");
  b.Do(Pay(kTa, kFund, 138));
  EXPECT_EQ(b.machine().ledger().cash().converting, Yuan("590"));
  Say(2, 137, "0", "0", "0", kOtherTa, "0397");
  EXPECT_EQ(b.At(li).cash.available, Yuan("590"));
}

TEST_F(Conversions, OnlyTheRestComesBackWhereLessEnters) {
  b.Do(Convert(2, "600", kOtherTa));
  Say(2, 138, "600", "590");
  Say(2, 137, "200", "400", "0", kOtherTa);
  EXPECT_EQ(b.At(li).cash.awaiting, Yuan("190"));
  EXPECT_EQ(Ta(kOtherTa).payable, Yuan("400"));
}

TEST_F(Conversions, WhatEntersWithoutHavingLeftIsInSuspense) {
  b.Do(Convert(2, "600", kOtherTa));
  Say(2, 137, "295", "590", "0", kOtherTa);
  EXPECT_EQ(RulesOf(Say(2, 138, "0", "0", "0", kTa, "0421")), "ENTERED_WITHOUT_LEAVING");
  EXPECT_EQ(Ta(kTa).suspense, Yuan("590"));
  EXPECT_EQ(Held(kFund), U("1000"));
  EXPECT_EQ(UsableUnits(*FindHolding(b.At(li), kFund), D(20250312)), U("1000"));
}

TEST_F(Conversions, BothRefusedGivesTheUnitsBack) {
  b.Do(Convert(2, "600", kOtherTa));
  Say(2, 138, "0", "0", "0", kTa, "0421");
  EXPECT_EQ(RulesOf(Say(2, 137, "0", "0", "0", kOtherTa, "0397")), "");
  EXPECT_EQ(UsableUnits(*FindHolding(b.At(li), kFund), D(20250312)), U("1000"));
}

TEST_F(Conversions, NeedsAnOpenAccountAtTheOther) {
  Reserve c = Convert(2, "600", TaCode("77"));
  EXPECT_EQ(b.Do(c).reason, Reason::kTargetAccountNotOpen);
}

TEST_F(Conversions, WhichLotsLeftIsKept) {
  b.Do(Convert(2, "600"));
  Say(2, 136, "600", "590", "295");
  const LotUse* use = b.machine().FindLotUse(b.Order(2));
  ASSERT_TRUE(use);
  ASSERT_EQ(use->lots.size(), 1u);
  EXPECT_EQ(use->lots[0].units, U("600"));
  EXPECT_EQ(use->lots[0].days_held, 7);
  EXPECT_EQ(use->lots[0].fee, Yuan("3"));  // 600.00 at 0.5%
  ASSERT_EQ(use->arrived.size(), 1u);
  EXPECT_EQ(use->arrived[0].units, U("295"));
}

TEST_F(Conversions, LogsFromBeforeConversionsPostAsTheyDid) {
  b.Do(Convert(2, "600"));
  TradeLine line = b.Line(99, 2, li, 136, 20250311);
  line.units = U("600");
  EXPECT_EQ(RulesOf(b.Do(Book::File({line}, "old"))), "BUSINESS_NOT_POSTED");
  EXPECT_EQ(Held(kFund), U("1000"));
}

}  // namespace
}  // namespace fundcore::account
