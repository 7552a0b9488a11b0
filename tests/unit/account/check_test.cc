// The recomputation of confirmations: what follows from our books gives no finding, and each wrong figure gives its own.
#include <gmock/gmock.h>

#include "tests/unit/account/book.h"

namespace fundcore::account {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Check : public ::testing::Test {
 protected:
  void SetUp() override { Begin({}); }
  void Begin(std::function<void(FundTerms&, InstitutionTerms&)> change) {
    b = std::make_unique<Book>();
    b->Absorb(std::move(change));
    b->Price(20250303, "1.2500");
    b->Price(20250317, "1.3000");
    li = b->Open("li", "3000000");
  }
  std::vector<std::string> Rules(const std::vector<TradeLine>& lines) {
    std::vector<std::string> out;
    for (const FindingEntry& f : b->Check(lines)) out.push_back(f.rule + " " + f.field);
    return out;
  }
  // 10,000.00 at 1.2% and 1.2500.
  TradeLine Bought(uint64_t order = 1) {
    return b->Bought(order, order, li, "10000", "7905.14", "118.58", "1.2500", 20250304);
  }
  TradeLine Sold(uint64_t number, uint64_t order, const char* units, const char* net, const char* fee,
                 const char* fund_part) {
    TradeLine line = b->Line(number, order, li, 124, 20250318);
    line.units = U(units);
    line.amount = Yuan(net);
    line.charge = Yuan(fee);
    line.nav = N("1.3000");
    line.other_fee1 = Yuan(fund_part);
    return line;
  }
  std::unique_ptr<Book> b;
  InvestorId li;
};

TEST_F(Check, ACleanPurchaseGivesNothing) {
  b->Do(b->Buy(1, li, "10000"));
  const std::string before = b->Hash();
  EXPECT_THAT(Rules({Bought()}), IsEmpty());
  EXPECT_EQ(b->Hash(), before) << "checking changes nothing";
}

TEST_F(Check, EachWrongFigureIsFound) {
  b->Do(b->Buy(1, li, "10000"));
  TradeLine line = Bought();
  line.units = U("7905.15");
  line.charge = Yuan("118.57");
  line.nav = N("1.2501");
  line.confirm_day = D(20250305);
  const auto findings = b->Check({line});
  EXPECT_THAT(Rules({line}), ElementsAre("CONFIRM_DAY_DIFFERS TransactionCfmDate", "NAV_DIFFERS NAV",
                                         "UNITS_DIFFER ConfirmedVol", "FEE_DIFFERS Charge"));
  EXPECT_EQ(findings[2].expected, "7905.14");
  EXPECT_EQ(findings[2].found, "7905.15");
  EXPECT_EQ(findings[2].line, 1u);
}

TEST_F(Check, APartTakesTheTierOfTheConfirmedAmount) {
  b->Do(b->Buy(1, li, "2000000"));
  // 500,000.00 of it: no fixed fee of 1,000 any more, but 1.2%.
  EXPECT_THAT(Rules({b->Bought(1, 1, li, "500000", "395256.92", "5928.85", "1.2500", 20250304)}), IsEmpty());
  EXPECT_THAT(Rules({b->Bought(1, 1, li, "2000000", "1599200.00", "1000", "1.2500", 20250304)}), IsEmpty());
}

TEST_F(Check, TheDiscountOfTheTermsAtReceiptCounts) {
  Begin([](FundTerms& f, InstitutionTerms&) { f.discount = *Rate::Parse("0.1"); });
  b->Do(b->Buy(1, li, "10000"));
  EXPECT_THAT(Rules({b->Bought(1, 1, li, "10000", "7990.41", "11.99", "1.2500", 20250304)}), IsEmpty());
}

TEST_F(Check, WholeUnitsWithTheRestRefunded) {
  Begin([](FundTerms& f, InstitutionTerms&) { f.rounding.whole_units = true; });
  b->Do(b->Buy(1, li, "10000"));
  // 7,905 units cost 9,881.25; 0.17 of the net amount comes back.
  EXPECT_THAT(Rules({b->Bought(1, 1, li, "10000", "7905", "118.58", "1.2500", 20250304)}), IsEmpty());
  EXPECT_THAT(Rules({b->Bought(1, 1, li, "9999.83", "7905", "118.58", "1.2500", 20250304)}), IsEmpty());
}

TEST_F(Check, IdentitiesComeBeforeFigures) {
  b->Do(b->Buy(1, li, "10000"));
  const InvestorId wang = b->Open("wang");
  EXPECT_THAT(Rules({Bought(7)}), ElementsAre("UNKNOWN_ORDER AppSheetSerialNo"));
  TradeLine line = Bought();
  line.investor = wang;
  EXPECT_THAT(Rules({line}), ElementsAre("ORDER_OF_ANOTHER_INVESTOR TransactionAccountID"));
  line = Bought();
  line.fund = FundCode("999999");
  EXPECT_THAT(Rules({line}), ElementsAre("FUND_DIFFERS FundCode"));
  line = Bought();
  line.business = 124;
  EXPECT_THAT(Rules({line}), ElementsAre("BUSINESS_DIFFERS BusinessCode"));
}

TEST_F(Check, AnOrderIsConfirmedOnce) {
  b->Do(b->Buy(1, li, "10000"));
  TradeLine again = Bought();
  again.line = 2;
  again.serial = TaSerialNo("ANOTHER");
  EXPECT_THAT(Rules({Bought(), again}), ElementsAre("ALREADY_CONFIRMED AppSheetSerialNo"));
  b->Do(Book::File({Bought()}));
  EXPECT_THAT(Rules({Bought()}), IsEmpty()) << "the very same record has been posted";
  EXPECT_THAT(Rules({again}), ElementsAre("ALREADY_CONFIRMED AppSheetSerialNo"));
  TradeLine other = Bought();
  other.units = U("1");
  EXPECT_THAT(Rules({other}), ElementsAre("DUPLICATE_SERIAL TASerialNO"));
}

TEST_F(Check, MoreThanAppliedAndReleasedOrders) {
  b->Do(b->Buy(1, li, "9000"));
  EXPECT_THAT(Rules({Bought()}), ElementsAre("CONFIRMED_ABOVE_APPLIED ConfirmedAmount"));
  b->Do(Release{b->Order(1), li});
  EXPECT_THAT(Rules({Bought()}), ElementsAre("ORDER_RELEASED AppSheetSerialNo"));
}

TEST_F(Check, RefusalsNeedNoFigures) {
  b->Do(b->Buy(1, li, "10000"));
  TradeLine line = b->Line(1, 1, li, 122, 20250304);
  line.return_code = ReturnCode("0501");
  EXPECT_THAT(Rules({line}), IsEmpty());
  line.return_code = ReturnCode("0209");
  EXPECT_THAT(Rules({line, Bought()}), IsEmpty());
}

TEST_F(Check, WithoutAPriceThereIsAFinding) {
  b->Do(b->Buy(1, li, "10000", 20250304));
  EXPECT_THAT(Rules({b->Bought(1, 1, li, "10000", "7905.14", "118.58", "1.2500", 20250305)}),
              ElementsAre("NAV_UNKNOWN NAV"));
}

TEST_F(Check, LaterRedemptionsSeeTheLotsThatEarlierLinesLeave) {
  b->Hold(1, li, "1000", "1000", 20250303, 20250304);
  b->Hold(2, li, "1000", "1000", 20250312, 20250313);
  b->Do(b->Sell(3, li, "1000", 20250317));
  b->Do(b->Sell(4, li, "1000", 20250317));
  // The old lot pays 0.5% (a quarter of it to the fund), the young one 1.5% (all of it).
  const TradeLine old_lot = Sold(1, 3, "1000", "1293.50", "6.50", "1.63");
  const TradeLine young_lot = Sold(2, 4, "1000", "1280.50", "19.50", "19.50");
  EXPECT_THAT(Rules({old_lot, young_lot}), IsEmpty());
  TradeLine wrong = young_lot;
  wrong.amount = Yuan("1293.50");
  wrong.charge = Yuan("6.50");
  wrong.other_fee1 = Yuan("1.63");
  EXPECT_THAT(Rules({old_lot, wrong}),
              ElementsAre("AMOUNT_DIFFERS ConfirmedAmount", "FEE_DIFFERS Charge", "FUND_PART_DIFFERS OtherFee1"));
}

TEST_F(Check, UnaskedLinesNeedTheirInvestorAndUnits) {
  b->Hold(1, li, "1000", "1000", 20250303, 20250304);
  TradeLine forced = b->Line(1, 0, li, 150, 20250318);
  forced.units = U("600");
  TradeLine again = b->Line(2, 0, li, 145, 20250318);
  again.units = U("600");
  EXPECT_THAT(Rules({forced}), IsEmpty());
  EXPECT_THAT(Rules({forced, again}), ElementsAre("SHORT ConfirmedVol"));
  forced.investor = InvestorId(99);
  EXPECT_THAT(Rules({forced}), ElementsAre("UNKNOWN_INVESTOR TransactionAccountID"));
  EXPECT_THAT(Rules({b->Line(1, 0, li, 122, 20250318)}), ElementsAre("UNKNOWN_ORDER AppSheetSerialNo"));
}

TEST_F(Check, AnOfferWithInterest) {
  Reserve c = b->Buy(1, li, "10000");
  c.business = 20;
  b->Do(c);
  TradeLine line = b->Bought(1, 1, li, "10000", "9886.42", "118.58", "1.0000", 20250331);
  line.business = 130;
  line.interest = Yuan("5");
  EXPECT_THAT(Rules({line}), IsEmpty());
}

}  // namespace
}  // namespace fundcore::account
