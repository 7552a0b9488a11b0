// What an institution starts by itself: each code changes what is held or becomes a finding; dividends follow from what was
// held on the record day.
#include "services/account/dividend_check.h"
#include "services/account/notes.h"
#include "tests/unit/account/book.h"

namespace fundcore::account {
namespace {

class Initiated : public ::testing::Test {
 protected:
  void SetUp() override {
    b.Absorb();
    li = b.Open("li", "10000");
  }
  void TearDown() override {
    b.ExpectBalanced();
    b.ExpectReplays();
  }
  Result Post(TradeLine line, TradeDetail detail = {}) {
    ApplyTradeLines c = Book::File({line}, StrCat("04 with ", line.serial.view()).c_str());
    c.rules = kPostingRules;
    detail.item = 0;
    c.details = {detail};
    return b.Do(c);
  }
  TradeLine Line(uint64_t number, uint16_t business, const char* units, int confirm_day) {
    TradeLine line = b.Line(number, 0, li, business, confirm_day);
    line.units = U(units);
    return line;
  }
  void Hold(uint64_t order, const char* amount, int trade_day, int confirm_day) {
    b.Do(b.Buy(order, li, amount, trade_day));
    Post(b.Bought(order, order, li, amount, amount, "0", "1.0000", confirm_day));
  }
  std::vector<FindingEntry> Check(const TradeLine& line, const TradeDetail& detail = {}) {
    std::vector<FindingEntry> findings;
    ConfirmationChecker checker(b.machine(), kTa);
    checker.Check(line, &detail, nullptr, &findings);
    return findings;
  }
  const HoldingNote& Note() { return *b.machine().FindNote(li, kFund); }
  const Holding& Held() { return b.At(li).holdings.at(0); }
  std::string Account() {
    const HoldingNote* note = b.machine().FindNote(li, kFund);
    return Encode(b.At(li)) + (note ? Encode(*note) : std::string());
  }
  Book b;
  InvestorId li;
};

DividendEntry Entry(InvestorId investor, const char* serial, const char* cash, const char* units, const char* nav,
                    int confirm_day) {
  return {.line = 1,
          .investor = investor,
          .fund = kFund,
          .ta_account = TaAccountId("110000000001"),
          .serial = TaSerialNo(serial),
          .confirm_day = D(confirm_day),
          .cash = Yuan(cash),
          .units = U(units),
          .nav = N(nav),
          .return_code = ReturnCode("0000")};
}

TEST(EveryCode, ChangesTheAccountOrIsABreak) {
  for (uint16_t code = 100; code < 200; ++code) {
    if (code == 143) continue;  // by file 06 alone
    SCOPED_TRACE(code);
    Book b;
    b.Absorb();
    const InvestorId li = b.Open("li", "10000");
    b.Hold(1, li, "1000", "1000", 20250303, 20250304);
    const auto post = [&](const TradeLine& line, const TradeDetail& detail) {
      ApplyTradeLines c = Book::File({line}, StrCat("04 with ", line.serial.view()).c_str());
      c.rules = kChangeRules;
      c.details = {detail};
      return b.Do(c);
    };
    TradeLine freeze = b.Line(2, 0, li, 131, 20250305);
    freeze.units = U("400");
    post(freeze, {.frozen_cause = '0', .frozen_method = '1'});
    ApplyDividendLines dividend;
    dividend.ta = kTa;
    dividend.file = HashNamed("06");
    dividend.file_name = "06";
    dividend.lines = {Entry(li, "D1", "60", "0", "1.0000", 20250307)};
    dividend.rules = kPostingRules;
    dividend.details = {{.record_day = D(20250306), .held = Yuan("40")}};
    b.Do(dividend);

    b.Price(20250307, "1.0000");
    TradeLine line = b.Line(3, 0, li, code, 20250310);
    line.nav = N("1.0000");
    if (code != 149) line.amount = Yuan(code == 142 || code == 150 || code == 151 ? "10" : "1");
    if (code != 157) line.units = U("10");
    const TradeDetail detail{.dividend_method = '0', .direction = '1'};
    std::vector<FindingEntry> findings;
    ConfirmationChecker checker(b.machine(), kTa);
    checker.Check(line, &detail, nullptr, &findings);
    const bool answers = code == 120 || code == 122 || code == 124 || code == 130 || code == 139 || code == 140 ||
                         code == 149 || (code >= 159 && code <= 163) || code == 198;
    if (answers) {
      ASSERT_EQ(findings.size(), 1u);
      EXPECT_EQ(findings[0].rule, "UNKNOWN_ORDER");
      continue;
    }
    const auto account = [&] {
      const HoldingNote* note = b.machine().FindNote(li, kFund);
      return Encode(b.At(li)) + (note ? Encode(*note) : std::string());
    };
    const std::string before = account();
    const Result posted = post(line, detail);
    if (findings.empty()) {
      EXPECT_NE(account(), before);
      EXPECT_TRUE(posted.applied->findings.empty());
    } else if (code == 141 || code == 154) {  // people decide, and nothing is the investor's to pay or to have
      EXPECT_EQ(findings[0].rule, code == 141 ? "FURTHER_PAYMENT_ASKED" : "VOID_PAYMENT");
      EXPECT_EQ(account(), before);
      ASSERT_EQ(posted.applied->findings.size(), 1u);
      EXPECT_EQ(posted.applied->findings[0].rule, code == 141 ? "FURTHER_PAYMENT_ADVANCED" : "VOID_PAYMENT_AWAITED");
    } else {
      EXPECT_EQ(findings[0].rule, "BUSINESS_NOT_APPLIED");
      EXPECT_EQ(findings[0].found, StrCat(code));
      EXPECT_EQ(account(), before);
      ASSERT_EQ(posted.applied->findings.size(), 1u);
      EXPECT_EQ(posted.applied->findings[0].rule, "BUSINESS_NOT_POSTED");
    }
    b.ExpectBalanced();
    b.ExpectReplays();
  }
}

TEST_F(Initiated, OldLogsKeepTheRulesThatTheyWereWrittenBy) {
  b.Hold(1, li, "1000", "1000", 20250303, 20250304);
  TradeLine freeze = Line(2, 131, "400", 20250305);
  const Result r = b.Do(Book::File({freeze}, "an old 04"));
  ASSERT_EQ(r.applied->findings.size(), 1u);
  EXPECT_EQ(r.applied->findings[0].rule, "BUSINESS_NOT_POSTED");
  EXPECT_EQ(Held().frozen, Units());
  ApplyTradeLines proven = Book::File({Line(3, 180, "10", 20250305)}, "a later one, before 180 was posted");
  proven.rules = kPostingRules;
  const Result later = b.Do(proven);
  ASSERT_EQ(later.applied->findings.size(), 1u);
  EXPECT_EQ(later.applied->findings[0].rule, "BUSINESS_NOT_POSTED");
  EXPECT_EQ(b.machine().FindNote(li, kFund), nullptr);
}

TEST_F(Initiated, ASplitKeepsTheAgeOfEveryLotAndGivesTheRestToTheOldest) {
  Hold(1, "1000", 20250303, 20250304);
  Hold(2, "333.33", 20250304, 20250305);
  EXPECT_TRUE(Post(Line(3, 144, "666.67", 20250306), {.adjustment = '5'}).applied->findings.empty());
  ASSERT_EQ(Held().lots.size(), 2u);
  EXPECT_EQ(Held().lots[0].units, U("1500.01"));
  EXPECT_EQ(Held().lots[0].registered, D(20250304));
  EXPECT_EQ(Held().lots[1].units, U("499.99"));
  EXPECT_EQ(Held().lots[1].registered, D(20250305));
}

TEST_F(Initiated, FrozenUnitsThawByTheirSerialThenTheOldest) {
  Hold(1, "1000", 20250303, 20250304);
  Post(Line(2, 131, "300", 20250305), {.frozen_cause = '0'});
  Post(Line(3, 131, "200", 20250306), {.frozen_cause = '2'});
  EXPECT_EQ(Held().frozen, U("500"));
  const TradeLine second = Line(3, 131, "200", 20250306);
  Post(Line(4, 132, "200", 20250307), {.original = second.serial});
  ASSERT_EQ(Note().freezes.size(), 1u);
  EXPECT_EQ(Note().freezes[0].cause, '0');
  EXPECT_EQ(Check(Line(5, 132, "300.01", 20250307))[0].rule, "THAWED_ABOVE_FROZEN");
  Post(Line(5, 132, "300", 20250307));
  EXPECT_EQ(b.machine().FindNote(li, kFund), nullptr) << "nothing is left to remember";
  EXPECT_EQ(Held().frozen, Units());
}

TEST_F(Initiated, AForcedRedemptionOfEverythingEndsTheFreeze) {
  Hold(1, "1000", 20250303, 20250304);
  Post(Line(2, 131, "600", 20250305), {.frozen_cause = '0'});
  TradeLine taken = Line(3, 142, "1000", 20250306);
  taken.amount = Yuan("1000");
  EXPECT_TRUE(Post(taken).applied->findings.empty());
  EXPECT_TRUE(b.At(li).holdings.empty());
  const HoldingNote* note = b.machine().FindNote(li, kFund);
  EXPECT_TRUE(!note || (note->freezes.empty() && note->blocked.is_zero()));
}

TEST_F(Initiated, AForcedRedemptionPaysPriceLessFeeOrTheWholePrice) {
  b.Price(20250305, "1.1000");
  Hold(1, "1000", 20250303, 20250304);
  TradeLine line = Line(2, 142, "300", 20250306);
  line.nav = N("1.1000");
  const auto rules = [&](const char* amount, const char* charge) {
    line.amount = Yuan(amount);
    line.charge = Yuan(charge);
    std::string out;
    for (const FindingEntry& f : Check(line)) out += StrCat(out.empty() ? "" : " ", f.rule, "=", f.expected);
    return out;
  };
  // 300.00 x 1.1000 = 330.00; held two days, 1.5% = 4.95
  EXPECT_EQ(rules("325.05", "4.95"), "");
  EXPECT_EQ(rules("330.00", "0"), "") << "the fee may be let off";
  EXPECT_EQ(rules("325.06", "4.95"), "AMOUNT_DIFFERS=325.05");
  EXPECT_EQ(rules("325.05", "4.94"), "FEE_DIFFERS=4.95");
  EXPECT_EQ(rules("329.99", "0"), "AMOUNT_DIFFERS=330.00");
  line.nav = N("1.2000");
  EXPECT_EQ(rules("325.05", "4.95").substr(0, 11), "NAV_DIFFERS");
}

TEST_F(Initiated, UnitsOfADayAreThoseOfTodayLessWhatCameLater) {
  Hold(1, "1000", 20250303, 20250304);
  Hold(2, "500", 20250305, 20250306);
  TradeLine taken = Line(3, 145, "200", 20250307);
  Post(taken);
  EXPECT_EQ(*b.machine().UnitsOnDay(li, kTa, kFund, D(20250303)), Units());
  EXPECT_EQ(*b.machine().UnitsOnDay(li, kTa, kFund, D(20250304)), U("1000"));
  EXPECT_EQ(*b.machine().UnitsOnDay(li, kTa, kFund, D(20250305)), U("1000"));
  EXPECT_EQ(*b.machine().UnitsOnDay(li, kTa, kFund, D(20250306)), U("1500"));
  EXPECT_EQ(*b.machine().UnitsOnDay(li, kTa, kFund, D(20250310)), U("1300"));
}

TEST_F(Initiated, DividendsFollowFromTheRecordDay) {
  b.Price(20250305, "0.9300");
  Hold(1, "1000", 20250303, 20250304);
  Hold(2, "500", 20250305, 20250306);  // too late
  DividendChecker checker(b.machine(), kTa);
  const auto rules = [&](const DividendEntry& entry, const DividendDetail& detail) {
    std::vector<FindingEntry> findings;
    EXPECT_TRUE(checker.Check(entry, detail, &findings).ok());
    std::string out;
    for (const FindingEntry& f : findings) out += StrCat(out.empty() ? "" : " ", f.rule, "=", f.expected);
    return out;
  };
  DividendDetail detail{.record_day = D(20250305), .ex_day = D(20250305), .pay_day = D(20250310), .base = U("1000"),
                        .per_unit = Yuan("0.70"), .per_units = 10, .total = Yuan("70"), .method = kWayReinvest};
  // 1,000.00 x 0.70 / 10 = 70.00; 70.00 / 0.9300 = 75.268...
  EXPECT_EQ(rules(Entry(li, "D1", "0", "75.27", "0.9300", 20250306), detail), "");
  EXPECT_EQ(rules(Entry(li, "D1", "0", "75.26", "0.9300", 20250306), detail), "UNITS_DIFFER=75.27");
  EXPECT_EQ(rules(Entry(li, "D1", "0", "75.27", "0.9400", 20250306), detail).substr(0, 11), "NAV_DIFFERS");
  detail.base = U("1500");
  EXPECT_EQ(rules(Entry(li, "D1", "0", "112.90", "0.9300", 20250306), detail).substr(0, 12), "BASE_DIFFERS");
}

TEST_F(Initiated, ADividendIsRoundedOnceAHolding) {
  Hold(1, "1000.33", 20250303, 20250304);
  DividendChecker checker(b.machine(), kTa);
  const DividendDetail detail{.record_day = D(20250305), .ex_day = D(20250305), .pay_day = D(20250310),
                              .base = U("1000.33"), .per_unit = Yuan("0.50"), .per_units = 10, .total = Yuan("50.02"),
                              .method = kWayCash};
  std::vector<FindingEntry> findings;
  // 1,000.33 x 0.50 / 10 = 50.0165
  EXPECT_TRUE(checker.Check(Entry(li, "D1", "50.02", "0", "1.0000", 20250306), detail, &findings).ok());
  EXPECT_TRUE(findings.empty()) << findings[0].rule << " " << findings[0].expected;
}

TEST(Notes, TheWayOfARecordDayIsTheOneConfirmedByThen) {
  HoldingNote note;
  SetWay(note, kWayReinvest, D(20250305));
  SetWay(note, kWayCash, D(20250310));
  EXPECT_EQ(WayOn(note, D(20250307)), kWayReinvest);
  EXPECT_EQ(WayOn(note, D(20250310)), kWayCash);
  EXPECT_EQ(WayOn(note, D(20250311)), kWayCash);
}

// Redemptions at once (098). A partition holds 1,000.00 units of li, of which 400.00 are to go.
class AtOnce : public Initiated {
 protected:
  void SetUp() override {
    Initiated::SetUp();
    Hold(1, "1000", 20250303, 20250304);
    b.Now(20250306);
    ASSERT_EQ(Ask(2, "400").reason, Reason::kNone);
    EXPECT_EQ(b.At(li).cash.available, Yuan("9000")) << "nothing is paid before the order is accepted";
  }
  Result Ask(uint64_t order, const char* units) {
    Reserve c = b.Sell(order, li, units, 20250306);
    c.business = kFastRedeem;
    c.bank = "555";
    c.fast_a_day = Yuan("500");
    return b.Do(c);
  }
  // The bank's instruction for the order; 0 where there is none.
  uint64_t Instruction(uint64_t order) { return b.machine().FindAdvance(b.Order(order))->payment; }
  void Accept(uint64_t order) { b.Do(Release{b.Order(order), li, true}); }
  TradeLine Moved(const char* units, const char* code = "0000") {
    TradeLine line = b.Line(7, 2, li, 198, 20250307);
    line.units = U(units);
    line.return_code = ReturnCode(code);
    return line;
  }
  const CashTotals& Totals() { return b.machine().ledger().cash(); }
};

TEST_F(AtOnce, PaidOnceAndSettledWithUnits) {
  Accept(2);
  Accept(2);
  const uint64_t instruction = Instruction(2);
  ASSERT_NE(instruction, 0u);
  b.Do(PaymentAnswered{instruction, true, "", ""});
  b.Do(PaymentAnswered{instruction, true, "", ""});
  Accept(2);
  EXPECT_EQ(Instruction(2), instruction);
  EXPECT_EQ(b.At(li).cash.available, Yuan("9400"));
  EXPECT_EQ(Totals().advanced, Yuan("400"));
  EXPECT_TRUE(Check(Moved("400")).empty());
  Post(Moved("400"));
  EXPECT_EQ(Totals().advanced, Money());
  EXPECT_EQ(Totals().advance_claim, Money());
  EXPECT_EQ(Held().units, U("600"));
  EXPECT_EQ(Held().frozen, Units());
}

TEST_F(AtOnce, TheBankAnswersAfterTheInstitution) {
  Post(Moved("400"));  // the acceptance is still on its way: the units are gone, so the money is due
  ASSERT_NE(Instruction(2), 0u);
  Accept(2);
  b.Do(PaymentAnswered{Instruction(2), true, "", ""});
  EXPECT_EQ(b.At(li).cash.available, Yuan("9400"));
  EXPECT_EQ(Totals().advanced, Money());
}

TEST_F(AtOnce, WhatIsRefusedBeforeItWasPaidIsNotPaid) {
  EXPECT_TRUE(Check(Moved("0", "0306")).empty());
  Post(Moved("0", "0306"));
  Accept(2);
  EXPECT_EQ(Instruction(2), 0u);
  EXPECT_EQ(Held().frozen, Units());
}

TEST_F(AtOnce, WhatIsRefusedAfterwardsStandsInSuspense) {
  Accept(2);
  b.Do(PaymentAnswered{Instruction(2), true, "", ""});
  const auto findings = Check(Moved("0", "0306"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "ADVANCE_NOT_COVERED");
  Post(Moved("0", "0306"));  // people have accepted it
  EXPECT_EQ(Held().frozen, Units());
  EXPECT_EQ(Totals().advanced, Yuan("400")) << "the bank is still owed";
  EXPECT_EQ(Totals().advance_claim, Money());
}

TEST_F(AtOnce, FewerUnitsThanWerePaidFor) {
  Accept(2);
  b.Do(PaymentAnswered{Instruction(2), true, "", ""});
  ASSERT_EQ(Check(Moved("399.99")).size(), 1u);
  Post(Moved("399.99"));
  EXPECT_EQ(Totals().advanced, Money::FromRaw(1));
}

TEST_F(AtOnce, TheBankMayBeAskedAgainOnlyWhereItRefused) {
  Accept(2);
  const uint64_t first = Instruction(2);
  b.Do(PaymentAnswered{first, false, "NOT_ENOUGH_MONEY", ""});
  Accept(2);
  EXPECT_NE(Instruction(2), first);
  b.Do(PaymentAnswered{Instruction(2), true, "", ""});
  EXPECT_EQ(b.At(li).cash.available, Yuan("9400"));
}

TEST_F(AtOnce, TheDaysLimitCountsWhatCameToSomething) {
  EXPECT_EQ(Ask(3, "100.01").reason, Reason::kFastAboveDayLimit);
  EXPECT_EQ(Ask(4, "100").reason, Reason::kNone);
  b.Do(Release{b.Order(4), li});  // risk or the bank's limit said no
  EXPECT_EQ(Ask(5, "100").reason, Reason::kNone);
  EXPECT_EQ(Ask(6, "0.01").reason, Reason::kFastAboveDayLimit);
}

}  // namespace
}  // namespace fundcore::account
