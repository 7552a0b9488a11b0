// Income of money funds in the account machine: holders that nobody looks at lose nothing, and the institution's figure
// counts where we cannot know better. Every test ends with balanced books and the same state after a replay.
#include "tests/unit/account/book.h"

namespace fundcore::account {
namespace {

class Income : public ::testing::Test {
 protected:
  void TearDown() override {
    ExpectIncomeBalanced();
    b.ExpectBalanced();
    b.ExpectReplays();
  }
  void Absorb(IncomeMode mode, uint8_t payout_day = 31) {
    b.Absorb([&](FundTerms& fund, InstitutionTerms&) {
      fund.kind = FundKind::kMoney;
      fund.fees.list[0].redemption.clear();
    });
    std::vector<ProductFact> facts(1);
    facts[0].kind = FactKind::kFund;
    facts[0].fund = *b.machine().products().Fund(kFund, TimePoint::FromRaw(INT64_MAX));
    facts[0].income_terms = IncomeTerms{.accrues = true, .mode = mode, .payout_day = payout_day};
    AbsorbFacts c;
    c.after = b.machine().products().absorbed();
    c.facts.emplace_back(c.after + 1, Encode(facts[0]));
    b.Do(c);
    li = b.Open("li", "100000");
  }
  // The days of one 07 file.
  Result Tell(int answer_day, std::vector<std::pair<int, const char*>> days) {
    AppendIncomeDays c;
    c.ta = kTa;
    c.file = HashNamed(StrCat("07 of ", answer_day));
    c.file_name = "07";
    c.answer_day = D(answer_day);
    for (const auto& [day, income] : days) c.lines.push_back({c.lines.size() + 1, kFund, D(day), N(income)});
    return b.Do(c);
  }
  Earnings Of(InvestorId id) {
    const Holding* h = FindHolding(b.At(id), kFund);
    return b.machine().income().Of(SequenceOf(id), kFund, h ? h->units : Units());
  }
  void ExpectIncomeBalanced() {
    Money unpaid;
    b.machine().income().ForEach([&](const EarningsKey&, const Earnings& e) { unpaid += e.unpaid; });
    b.machine().income().ForEachTotal([&](const UnitKey&, const IncomeTotals& t) {
      EXPECT_EQ(t.owed, unpaid);
      EXPECT_EQ(t.receivable, unpaid);
    });
  }
  TradeLine Sold(uint64_t number, uint64_t order, const char* units, const char* net, int confirm_day) {
    TradeLine line = b.Line(number, order, li, 124, confirm_day);
    line.units = U(units);
    line.amount = Yuan(net);
    line.nav = N("1.0000");
    return line;
  }
  Book b;
  InvestorId li;
};

TEST_F(Income, AHolderThatNobodyTouchesEarnsTheSameAsOneTouchedEachDay) {
  Absorb(IncomeMode::kCarry);
  const InvestorId often = b.Open("often", "100000");
  b.Hold(1, li, "7000", "7000", 20250303, 20250304);
  b.Do(b.Buy(2, often, "7000", 20250303));
  b.Do(Book::File({b.Bought(2, 2, often, "7000", "7000", "0", "1.0000", 20250304)}, "04 of often"));
  uint64_t order = 3;
  for (int day = 20250304; day < 20250329; ++day) {
    Tell(day + 1, {{day, day % 5 == 0 ? "-0.37" : "1.28"}});
    // A purchase of nothing much, and its redemption: `often` is brought up to date, with the same units after it.
    b.Do(b.Buy(order, often, "1", day));
    b.Do(Book::File({b.Bought(order, order, often, "1", "1", "0", "1.0000", day)}, StrCat("in ", day).c_str()));
    TradeLine out = b.Line(order, 0, often, 145, day);
    out.serial = TaSerialNo(StrCat("O", day));
    out.units = U("1");
    b.Do(Book::File({out}, StrCat("out ", day).c_str()));
    ++order;
  }
  EXPECT_EQ(Of(li).unpaid, Of(often).unpaid);
  EXPECT_EQ(Of(li).rest, Of(often).rest);
  EXPECT_EQ(Of(li).settled, 25u);
  EXPECT_FALSE(Of(li).unpaid.is_zero());
}

TEST_F(Income, UnitsEarnFromTheirConfirmationOn) {
  Absorb(IncomeMode::kCarry);
  Tell(20250304, {{20250303, "1.28"}});
  b.Hold(1, li, "7000", "7000", 20250303, 20250304);
  EXPECT_EQ(Of(li).unpaid, Money());
  Tell(20250305, {{20250304, "1.28"}});
  EXPECT_EQ(Of(li).unpaid, Yuan("0.89"));
  EXPECT_EQ(Of(li).rest.ToString(), "0.006");
}

TEST_F(Income, AnOpenDayThatIsPassedOverAndAFigureThatChangesAreFound) {
  Absorb(IncomeMode::kCarry);
  Tell(20250306, {{20250305, "1.28"}});
  const Result friday = Tell(20250310, {{20250307, "1.28"}, {20250309, "2.56"}});
  ASSERT_EQ(friday.applied->findings.size(), 1u);
  EXPECT_EQ(friday.applied->findings[0].rule, "INCOME_DAY_MISSING");
  EXPECT_EQ(friday.applied->findings[0].expected, "2025-03-06");
  const Result changed = Tell(20250311, {{20250307, "1.30"}, {20250310, "1.28"}});
  ASSERT_EQ(changed.applied->findings.size(), 1u);
  EXPECT_EQ(changed.applied->findings[0].rule, "INCOME_CHANGED");
  const Result late = Tell(20250312, {{20250306, "1.28"}});
  ASSERT_EQ(late.applied->findings.size(), 1u);
  EXPECT_EQ(late.applied->findings[0].rule, "INCOME_OUT_OF_ORDER");
  EXPECT_EQ(b.machine().income().Fund(kFund)->days, 4u);
}

TEST_F(Income, AllUnitsSoldTakeTheIncomeAlong) {
  Absorb(IncomeMode::kCarry);
  b.Hold(1, li, "7000", "7000", 20250303, 20250304);
  Tell(20250305, {{20250304, "1.28"}});
  b.Do(b.Sell(2, li, "7000", 20250305));
  // The check counts the days that are known and not posted yet: 2025-03-05 earns, too.
  AbsorbFacts c;
  c.after = b.machine().products().absorbed();
  ProductFact fact;
  fact.kind = FactKind::kNav;
  fact.nav = NavFact{.fund = kFund, .day = D(20250305), .nav = N("1.0000")};
  fact.income = N("1.28");
  c.facts.emplace_back(c.after + 1, Encode(fact));
  b.Do(c);
  const TradeLine right = Sold(2, 2, "7000", "7001.79", 20250306), wrong = Sold(2, 2, "7000", "7000.89", 20250306);
  EXPECT_TRUE(b.Check({right}).empty());
  ASSERT_EQ(b.Check({wrong}).size(), 1u);
  EXPECT_EQ(b.Check({wrong})[0].expected, "7001.79");
  Tell(20250306, {{20250305, "1.28"}});
  b.Do(Book::File({right}, "04 of the sale"));
  EXPECT_EQ(b.At(li).cash.awaiting, Yuan("7001.79"));
  EXPECT_FALSE(b.machine().income().Has(SequenceOf(li), kFund));
}

TEST_F(Income, WhereRemaindersAreSharedTheInstitutionSaysWhoGotAFen) {
  Absorb(IncomeMode::kShare);
  b.Hold(1, li, "7000", "7000", 20250303, 20250304);
  Tell(20250305, {{20250304, "1.28"}});
  EXPECT_EQ(Of(li).unpaid, Yuan("0.89"));
  EXPECT_EQ(Of(li).above, 1u);
  b.Do(AdoptIncome{kTa, D(20250305), {{li, kFund, Yuan("0.90")}}});
  EXPECT_EQ(Of(li).unpaid, Yuan("0.90"));
  EXPECT_EQ(Of(li).above, 0u);
  // A corrected file of the same day is judged by what was here before.
  EXPECT_EQ(Of(li).before, Yuan("0.89"));
  b.Do(AdoptIncome{kTa, D(20250305), {{li, kFund, Yuan("0.89")}}});
  EXPECT_EQ(Of(li).unpaid, Yuan("0.89"));
  EXPECT_EQ(Of(li).before_above, 1u);
}

}  // namespace
}  // namespace fundcore::account
