// Posting confirmations, dividends and settlements: one mechanism a test. Every test ends with balanced books.
#include "tests/unit/account/book.h"

namespace fundcore::account {
namespace {

class Posting : public ::testing::Test {
 protected:
  void SetUp() override {
    b.Absorb();
    li = b.Open("li", "10000");
  }
  void TearDown() override {
    b.ExpectBalanced();
    b.ExpectReplays();
  }
  const Holding& Held() { return b.At(li).holdings.at(0); }
  TaTotals Ta() {
    TaTotals out;
    b.machine().ledger().ForEachTa([&](const TaCode&, const TaTotals& t) { out = t; });
    return out;
  }
  // A redemption line.
  TradeLine Sold(uint64_t number, uint64_t order, const char* units, const char* net, int confirm_day) {
    TradeLine line = b.Line(number, order, li, 124, confirm_day);
    line.units = U(units);
    line.amount = Yuan(net);
    return line;
  }
  Book b;
  InvestorId li;
};

TEST_F(Posting, APartialPurchasePaysTheConfirmedPartAndGivesBackTheRest) {
  b.Do(b.Buy(1, li, "3000"));
  const Result r = b.Do(Book::File({b.Bought(1, 1, li, "2500", "1976.28", "29.64", "1.2500", 20250304)}));
  EXPECT_TRUE(r.applied->findings.empty());
  EXPECT_EQ(b.At(li).cash.available, Yuan("7500"));
  EXPECT_EQ(b.At(li).cash.reserved, Money());
  EXPECT_EQ(Ta().payable, Yuan("2500"));
  ASSERT_EQ(Held().lots.size(), 1u);
  EXPECT_EQ(Held().lots[0].registered, D(20250304));
  EXPECT_EQ(Held().lots[0].usable_from, D(20250305));
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kOpen) << "the confirmation names the account";
}

TEST_F(Posting, UnitsBoughtOnAFridayAreUsableOnMonday) {
  b.Hold(1, li, "100", "100", 20250306, 20250307);
  EXPECT_EQ(Held().lots[0].usable_from, D(20250310));
}

TEST_F(Posting, RepeatedLinesAreDroppedAndGapsRefused) {
  b.Do(b.Buy(1, li, "100"));
  b.Do(b.Buy(2, li, "200"));
  const auto first = b.Bought(1, 1, li, "100", "100", "0", "1", 20250304);
  const auto second = b.Bought(2, 2, li, "200", "200", "0", "1", 20250304);
  const Result gap = b.Do(Book::File({second}, "04", 1));
  EXPECT_EQ(gap.reason, Reason::kGapInLines);
  EXPECT_EQ(gap.applied->next_index, 0u);
  EXPECT_EQ(b.Do(Book::File({first})).applied->next_index, 1u);
  EXPECT_EQ(b.Do(Book::File({first, second})).applied->next_index, 2u);
  EXPECT_EQ(b.Do(Book::File({first, second})).applied->next_index, 2u);
  b.Do(Book::File({first, second}, "the same records in another file"));
  EXPECT_EQ(Held().units, U("300"));
  EXPECT_EQ(Ta().payable, Yuan("300"));
}

TEST_F(Posting, ARefusalGivesEverythingBack) {
  b.Do(b.Buy(1, li, "100"));
  TradeLine line = b.Line(1, 1, li, 122, 20250304);
  line.return_code = ReturnCode("0501");
  b.Do(Book::File({line}));
  EXPECT_EQ(b.At(li).cash.available, Yuan("10000"));
  EXPECT_TRUE(b.At(li).holdings.empty());
  b.Do(Release{b.Order(1), li});  // after it was consumed: nothing to do
  EXPECT_EQ(b.At(li).cash.available, Yuan("10000"));
}

TEST_F(Posting, CodesThatSayNothingYetLeaveTheReservation) {
  b.Do(b.Buy(1, li, "100"));
  for (const char* code : {"0007", "0209", "0410"}) {
    TradeLine line = b.Line(1, 1, li, 122, 20250304);
    line.return_code = ReturnCode(code);
    b.Do(Book::File({line}, code));
  }
  EXPECT_EQ(b.At(li).cash.reserved, Yuan("100"));
  b.Do(Book::File({b.Bought(1, 1, li, "100", "100", "0", "1", 20250304)}));
  EXPECT_EQ(Held().units, U("100"));
}

TEST_F(Posting, AnOfferIsReceiptThenResult) {
  Reserve c = b.Buy(1, li, "1000");
  c.business = 20;
  b.Do(c);
  TradeLine receipt = b.Line(1, 1, li, 120, 20250304);
  receipt.amount = Yuan("1000");
  b.Do(Book::File({receipt}, "receipt"));
  EXPECT_EQ(b.At(li).cash.reserved, Yuan("1000"));
  TradeLine result = b.Bought(1, 1, li, "800", "791.51", "9.49", "1", 20250320);
  result.business = 130;
  b.Do(Book::File({result}, "result"));
  EXPECT_EQ(b.At(li).cash.available, Yuan("9200"));
  EXPECT_EQ(Held().units, U("791.51"));
}

TEST_F(Posting, AFailedOfferPaysBackPrincipalAndInterest) {
  Reserve c = b.Buy(1, li, "1000");
  c.business = 20;
  b.Do(c);
  TradeLine failed = b.Line(1, 1, li, 149, 20250320);
  failed.amount = Yuan("1000.50");
  b.Do(Book::File({failed}));
  EXPECT_EQ(b.At(li).cash.available, Yuan("10000"));
  EXPECT_EQ(b.At(li).cash.awaiting, Yuan("0.50"));
  EXPECT_NE(b.machine().FindSettlement({kTa, D(20250320), kFund, 130}), nullptr);
}

TEST_F(Posting, ARedemptionTakesOldLotsFirstAndSettlesToAvailable) {
  b.Hold(1, li, "1000", "1000", 20250303, 20250304);
  b.Hold(2, li, "500", "500", 20250304, 20250305);
  b.Do(b.Sell(3, li, "1200", 20250310));
  b.Do(Book::File({Sold(3, 3, "1200", "1190", 20250311)}, "sold"));
  ASSERT_EQ(Held().lots.size(), 1u);
  EXPECT_EQ(Held().lots[0].registered, D(20250305));
  EXPECT_EQ(Held().units, U("300"));
  EXPECT_EQ(Held().frozen, Units());
  EXPECT_EQ(b.At(li).cash.awaiting, Yuan("1190"));
  EXPECT_EQ(Ta().receivable, Yuan("1190"));

  const Settle settle{{kTa, D(20250311), kFund, 124}, "11-20250311-110022-124"};
  for (int i = 0; i < 2; ++i) {
    const Result r = b.Do(settle);
    EXPECT_EQ(r.amount, Yuan("1190"));
    EXPECT_FALSE(r.more);
  }
  EXPECT_EQ(b.At(li).cash.awaiting, Money());
  EXPECT_EQ(b.At(li).cash.available, Yuan("9690"));
  EXPECT_EQ(Ta().receivable, Money());
  EXPECT_EQ(b.machine().ledger().cash().bank, Yuan("11190"));
}

TEST_F(Posting, ADeferredRedemptionKeepsItsRestFrozen) {
  b.Hold(1, li, "1000", "1000", 20250303, 20250304);
  b.Do(b.Sell(2, li, "1000", 20250310));
  TradeLine part = Sold(1, 2, "400", "400", 20250311);
  part.interim = true;
  b.Do(Book::File({part}, "first part"));
  EXPECT_EQ(Held().frozen, U("600"));
  b.Do(Book::File({Sold(1, 2, "500", "510", 20250312)}, "second part"));
  EXPECT_EQ(Held().units, U("100"));
  EXPECT_EQ(Held().frozen, Units()) << "what was cancelled is free again";
}

TEST_F(Posting, APurchaseIsSettledOutOfTheBank) {
  b.Hold(1, li, "1000", "1000", 20250303, 20250304);
  EXPECT_EQ(b.Do(Settle{{kTa, D(20250304), kFund, 122}, "ref"}).amount, Yuan("1000"));
  EXPECT_EQ(Ta().payable, Money());
  EXPECT_EQ(b.machine().ledger().cash().bank, Yuan("9000"));
  EXPECT_EQ(b.Do(Settle{{kTa, D(20250305), kFund, 122}, "ref"}).amount, Money()) << "nothing of that day";
}

TEST_F(Posting, AForcedRedemptionOfPromisedUnitsPostsAndTheRestGoesToSuspense) {
  b.Hold(1, li, "1000", "1000", 20250303, 20250304);
  b.Do(b.Sell(2, li, "800", 20250310));
  TradeLine forced = b.Line(1, 0, li, 142, 20250311);
  forced.units = U("1100");
  forced.amount = Yuan("1100");
  const auto file = Book::File({forced}, "forced");
  for (int i = 0; i < 2; ++i) {  // a repeated call gives the finding again
    const Result r = b.Do(file);
    ASSERT_EQ(r.applied->findings.size(), 1u);
    EXPECT_EQ(r.applied->findings[0].rule, "SHORT");
    EXPECT_EQ(r.applied->findings[0].expected, "1000.00");
  }
  EXPECT_TRUE(b.At(li).holdings.empty());
  EXPECT_EQ(b.At(li).cash.awaiting, Yuan("1100"));
  EXPECT_EQ(b.machine().ledger().FindUnits({kTa, kFund})->suspense, U("100"));
  EXPECT_EQ(b.machine().FindSettlement({kTa, D(20250311), kFund, 124})->receive, Yuan("1100")) << "folded into 124";
  b.Do(Release{b.Order(2), li});  // its units are gone; nothing is frozen any more
}

TEST_F(Posting, ForcedRedemptionsTakeLotsInTheFundsOrder) {
  Book lifo;
  lifo.Absorb([](FundTerms& fund, InstitutionTerms&) { fund.lifo = true; });
  const InvestorId wu = lifo.Open("wu", "10000");
  lifo.Hold(1, wu, "1000", "1000", 20250303, 20250304);
  lifo.Hold(2, wu, "500", "500", 20250310, 20250311);
  TradeLine forced = lifo.Line(1, 0, wu, 142, 20250311);
  forced.units = U("600");
  forced.amount = Yuan("600");
  lifo.Do(Book::File({forced}, "forced"));
  // The newest lot, although no order could use it yet; then the older one.
  const Holding& held = lifo.At(wu).holdings.at(0);
  ASSERT_EQ(held.lots.size(), 1u);
  EXPECT_EQ(held.lots[0].registered, D(20250304));
  EXPECT_EQ(held.lots[0].units, U("900"));
}

TEST_F(Posting, MoreRedeemedThanAskedForComesOutOfWhatOthersWerePromised) {
  b.Hold(1, li, "1000", "1000", 20250303, 20250304);
  b.Do(b.Sell(2, li, "600", 20250310));
  b.Do(b.Sell(3, li, "400", 20250310));
  EXPECT_TRUE(b.Do(Book::File({Sold(1, 2, "601", "601", 20250311)}, "more")).applied->findings.empty());
  EXPECT_EQ(Held().units, U("399"));
  EXPECT_EQ(Held().frozen, U("399"));
  EXPECT_EQ(b.machine().ledger().FindUnits({kTa, kFund})->suspense, Units()) << "the register has no such unit either";
  TradeLine refused = Sold(2, 3, "0", "0", 20250311);
  refused.return_code = ReturnCode("0001");
  b.Do(Book::File({refused}, "refused"));
  EXPECT_EQ(Held().free(), U("399"));
}

TEST_F(Posting, MoreConfirmedThanReservedGoesToSuspense) {
  b.Do(b.Buy(1, li, "100"));
  const Result r = b.Do(Book::File({b.Bought(1, 1, li, "120", "120", "0", "1", 20250304)}));
  ASSERT_EQ(r.applied->findings.size(), 1u);
  EXPECT_EQ(r.applied->findings[0].rule, "MORE_THAN_RESERVED");
  EXPECT_EQ(Ta().payable, Yuan("120"));
  EXPECT_EQ(Ta().suspense, Yuan("20"));
}

TEST_F(Posting, LinesOfUnknownInvestorsGoToSuspense) {
  const InvestorId nobody = MakeInvestorId(PartitionId(0), 99);
  TradeLine forced = b.Line(2, 0, nobody, 142, 20250304);
  forced.units = U("10");
  forced.amount = Yuan("10");
  const Result r = b.Do(Book::File({b.Bought(1, 77, nobody, "100", "100", "0", "1", 20250304), forced}));
  EXPECT_EQ(r.applied->findings.size(), 4u);
  EXPECT_EQ(Ta().suspense, Yuan("90"));
}

TEST_F(Posting, IncreaseAndDecreaseMoveUnitsAlone) {
  TradeLine more = b.Line(1, 0, li, 144, 20250304);
  more.units = U("50");
  TradeLine less = b.Line(2, 0, li, 145, 20250304);
  less.units = U("20");
  b.Do(Book::File({more, less}));
  EXPECT_EQ(Held().units, U("30"));
  EXPECT_EQ(b.At(li).cash.awaiting, Money());
}

TEST_F(Posting, DividendsInCashAndReinvested) {
  b.Hold(1, li, "1000", "1000", 20250303, 20250304);
  ApplyDividendLines c;
  c.ta = kTa;
  c.file = HashNamed("06");
  c.lines.resize(2);
  c.lines[0].line = 1;
  c.lines[0].investor = li;
  c.lines[0].fund = kFund;
  c.lines[0].serial = TaSerialNo("D1");
  c.lines[0].confirm_day = D(20250310);
  c.lines[0].cash = Yuan("20");
  c.lines[0].return_code = ReturnCode("0000");
  c.lines[1] = c.lines[0];
  c.lines[1].line = 2;
  c.lines[1].serial = TaSerialNo("D2");
  c.lines[1].cash = Money();
  c.lines[1].units = U("16");
  c.lines[1].nav = N("1.25");
  b.Do(c);
  b.Do(c);
  TradeLine same = b.Line(1, 0, li, 143, 20250310);  // the 04 file tells of it, too
  same.amount = Yuan("20");
  b.Do(Book::File({same}, "04 of the same day"));
  EXPECT_EQ(b.At(li).cash.awaiting, Yuan("20"));
  EXPECT_EQ(Held().units, U("1016"));
  EXPECT_EQ(b.Do(Settle{{kTa, D(20250310), kFund, 143}, "ref"}).amount, Yuan("20"));
  EXPECT_EQ(b.At(li).cash.awaiting, Money());
}

TEST(SettlementOfMany, PaysStepByStep) {
  Book b;
  b.Absorb();
  ApplyDividendLines c;
  c.ta = kTa;
  c.file = HashNamed("06");
  for (uint64_t i = 1; i <= 4'500; ++i) {
    DividendEntry line;
    line.line = i;
    line.investor = b.Open(StrCat("investor ", i).c_str());
    line.fund = kFund;
    line.serial = TaSerialNo(StrCat("D", i));
    line.confirm_day = D(20250310);
    line.cash = Yuan("1");
    line.return_code = ReturnCode("0000");
    c.lines.push_back(line);
  }
  b.Do(c);
  const Settle settle{{kTa, D(20250310), kFund, 143}, "ref"};
  EXPECT_TRUE(b.Do(settle).more);
  EXPECT_TRUE(b.Do(settle).more);
  EXPECT_FALSE(b.Do(settle).more);
  EXPECT_EQ(b.Do(settle).amount, Yuan("4500"));
  EXPECT_EQ(b.machine().ledger().cash().investors.available, Yuan("4500"));
  b.ExpectBalanced();
  b.ExpectReplays();
}

TEST(Lots, NewestFirstAndUnusableLast) {
  Holding h;
  AddLot(h, {.registered = D(20250305), .units = U("5"), .usable_from = D(20250306), .bought_at = N("1")});
  AddLot(h, {.registered = D(20250303), .units = U("3"), .usable_from = D(20250304), .bought_at = N("1")});
  AddLot(h, {.registered = D(20250304), .units = U("4"), .usable_from = D(20250305), .bought_at = N("1")});
  EXPECT_EQ(UsableUnits(h, D(20250305)), U("7"));
  EXPECT_EQ(TakeUnits(h, U("5"), LotOrder::kNewestFirst, D(20250305)), U("5"));
  ASSERT_EQ(h.lots.size(), 2u);
  EXPECT_EQ(h.lots[0].units, U("2"));
  EXPECT_EQ(TakeUnits(h, U("100"), LotOrder::kOldestFirst, D(20250305)), U("7"));
  EXPECT_EQ(h.units, Units());
}

}  // namespace
}  // namespace fundcore::account
