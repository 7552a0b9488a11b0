// Investors, payments, reservations and fund-account applications: one mechanism a test.
#include "common/rpc/reason_words.h"
#include "tests/unit/account/book.h"

namespace fundcore::account {
namespace {

TEST(Investors, TheSameCertificateIsTheSameInvestor) {
  Book b;
  const InvestorId li = b.Open("li");
  EXPECT_EQ(SequenceOf(li), 1u);
  OpenInvestor again;
  again.certificate = HashNamed("li");
  EXPECT_TRUE(b.Do(again).repeated);
  EXPECT_EQ(b.Do(again).number, 1u);
  EXPECT_NE(b.Open("wang"), li);
  b.ExpectReplays();
}

TEST(Investors, TheSameCardIsAddedOnce) {
  Book b;
  AddCard card;
  card.investor = b.Open("li");
  card.fingerprint = HashNamed("another card");
  EXPECT_EQ(b.Do(card).number, 2u);
  EXPECT_TRUE(b.Do(card).repeated);
  card.investor = InvestorId(77);
  EXPECT_EQ(b.Do(card).reason, Reason::kInvestorNotFound);
}

TEST(Payments, ADepositCountsWhenTheBankHasAnswered) {
  Book b;
  const InvestorId li = b.Open("li");
  const Result asked = b.Do(Book::Payment(li, "r1", "100"));
  EXPECT_EQ(b.At(li).cash.available, Money());
  EXPECT_TRUE(b.machine().payment_todo().Contains(asked.number));
  b.Do(PaymentAnswered{asked.number, true, "", ""});
  b.Do(PaymentAnswered{asked.number, true, "", ""});  // delivered twice
  EXPECT_EQ(b.At(li).cash.available, Yuan("100"));
  EXPECT_FALSE(b.machine().payment_todo().Contains(asked.number));
  b.ExpectBalanced();
  b.ExpectReplays();
}

TEST(Payments, ARequestIdNamesOnePayment) {
  Book b;
  const InvestorId li = b.Open("li");
  const Result first = b.Do(Book::Payment(li, "r1", "100"));
  b.WriteBack();
  const Result second = b.Do(Book::Payment(li, "r1", "100"));
  EXPECT_TRUE(second.repeated);
  EXPECT_EQ(second.number, first.number);
  EXPECT_EQ(b.Do(Book::Payment(li, "r1", "101")).reason, Reason::kRequestIdReused);
}

TEST(Payments, ARefusedWithdrawalStaysRefused) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  const Pay w = Book::Payment(li, "w0", "100.01", PaymentDirection::kWithdrawal);
  EXPECT_EQ(b.Do(w).reason, Reason::kNotEnoughCash);
  const Result more = b.Do(Book::Payment(li, "more", "50"));
  b.Do(PaymentAnswered{more.number, true, "", ""});
  b.WriteBack();
  EXPECT_EQ(b.Do(w).reason, Reason::kNotEnoughCash) << "a copy that comes late pays nothing out, whatever has come since";
  EXPECT_EQ(b.At(li).cash.available, Yuan("150"));
  EXPECT_EQ(b.Do(Book::Payment(li, "w1", "100.01", PaymentDirection::kWithdrawal)).reason, Reason::kNone);
  b.ExpectBalanced();
  b.ExpectReplays();
}

TEST(Payments, AWithdrawalLeavesAtOnceAndComesBackWhereTheBankRefuses) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  EXPECT_EQ(b.Do(Book::Payment(li, "w0", "100.01", PaymentDirection::kWithdrawal)).reason, Reason::kNotEnoughCash);
  const Result w = b.Do(Book::Payment(li, "w1", "60", PaymentDirection::kWithdrawal));
  EXPECT_EQ(b.At(li).cash.available, Yuan("40"));
  EXPECT_EQ(b.At(li).cash.withdrawing, Yuan("60"));
  b.Do(PaymentAnswered{w.number, false, "CARD_CLOSED", "the card is closed"});
  EXPECT_EQ(b.At(li).cash.available, Yuan("100"));
  const Result w2 = b.Do(Book::Payment(li, "w2", "60", PaymentDirection::kWithdrawal));
  b.Do(PaymentAnswered{w2.number, true, "", ""});
  EXPECT_EQ(b.At(li).cash.available, Yuan("40"));
  EXPECT_EQ(b.machine().ledger().cash().bank, Yuan("40"));
  b.ExpectBalanced();
  b.ExpectReplays();
}

// --- Reservations
// ---------------------------------------------------------------------------------------------------------

TEST(Reserve, CashIsSetAsideOnceAndTheAnswerStays) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  EXPECT_EQ(b.Do(b.Buy(1, li, "60")).reason, Reason::kNone);
  EXPECT_EQ(b.Do(b.Buy(1, li, "60")).reason, Reason::kNone);  // the same call twice
  EXPECT_EQ(b.At(li).cash.available, Yuan("40"));
  EXPECT_EQ(b.At(li).cash.reserved, Yuan("60"));
  EXPECT_EQ(b.Do(b.Buy(2, li, "40.01")).reason, Reason::kNotEnoughCash);
  b.Do(Release{b.Order(1), li});
  EXPECT_EQ(b.Do(b.Buy(2, li, "40.01")).reason, Reason::kNotEnoughCash) << "a refusal stays one, whatever came since";
  b.ExpectBalanced();
  b.ExpectReplays();
}

TEST(Reserve, ReleaseBeforeItsTryMakesTheTryFail) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  b.Do(Release{b.Order(1), li});
  EXPECT_EQ(b.Do(b.Buy(1, li, "60")).reason, Reason::kAlreadyReleased);
  EXPECT_EQ(b.At(li).cash.reserved, Money());
  b.ExpectReplays();
}

TEST(Reserve, TryAfterItsReleaseIsRefused) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  b.Do(b.Buy(1, li, "60"));
  b.Do(Release{b.Order(1), li});
  b.Do(Release{b.Order(1), li});
  EXPECT_EQ(b.Do(b.Buy(1, li, "60")).reason, Reason::kAlreadyReleased);
  EXPECT_EQ(b.At(li).cash.available, Yuan("100"));
  b.ExpectBalanced();
}

TEST(Reserve, OtherContentUnderOneOrderIsRefused) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  b.Do(b.Buy(1, li, "60"));
  EXPECT_EQ(b.Do(b.Buy(1, li, "61")).reason, Reason::kExistsWithDifferentContent);
}

TEST(Reserve, UnknownAndForeignInvestors) {
  Book b;
  EXPECT_EQ(b.Do(b.Buy(1, InvestorId(9), "60")).reason, Reason::kInvestorNotFound);
  EXPECT_EQ(b.Do(b.Buy(2, MakeInvestorId(PartitionId(5), 1), "60")).reason, Reason::kInvestorNotFound);
}

TEST(Reserve, OnlyUsableUnitsThatAreNotPromisedYet) {
  Book b;
  b.Absorb();
  const InvestorId li = b.Open("li", "1000");
  b.Hold(1, li, "1000", "1000", 20250303, 20250304);  // usable from Wednesday the 5th
  EXPECT_EQ(b.Do(b.Sell(2, li, "10", 20250304)).reason, Reason::kNotEnoughUnits);
  EXPECT_EQ(b.Do(b.Sell(3, li, "600", 20250305)).reason, Reason::kNone);
  EXPECT_EQ(b.Do(b.Sell(4, li, "400.01", 20250305)).reason, Reason::kNotEnoughUnits);
  EXPECT_EQ(b.Do(b.Sell(5, li, "400", 20250305)).reason, Reason::kNone);
  EXPECT_EQ(b.At(li).holdings[0].frozen, U("1000"));
  b.Do(Release{b.Order(3), li});
  EXPECT_EQ(b.At(li).holdings[0].frozen, U("400"));
  b.ExpectBalanced();
  b.ExpectReplays();
}

TEST(Ledger, LinesAreChainedAndAReservationsLineIsSmall) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  b.Do(b.Buy(1, li, "60"));
  const auto line = b.machine().ledger().Read(b.At(li).last_line);
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->cause, Cause::kReserve);
  EXPECT_EQ(line->quantity, 6000);
  EXPECT_EQ(line->order, 1u);
  EXPECT_LE(Encode(*line).size(), 24u);
  b.WriteBack();
  const auto before = b.machine().ledger().Read(line->previous);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->cause, Cause::kDeposit);
  EXPECT_EQ(before->previous, 0u);
}

// --- Fund accounts
// --------------------------------------------------------------------------------------------------------

ApplyAccountLines Answer(uint64_t application, InvestorId investor, const char* code, const char* file = "02") {
  AccountLine line;
  line.line = 1;
  line.application = MakeApplicationId(PartitionId(0), application);
  line.investor = investor;
  line.business = 101;
  line.return_code = ReturnCode(code);
  line.ta_account = TaAccountId("110000000001");
  line.detail = "text of the institution";
  ApplyAccountLines c;
  c.ta = kTa;
  c.file = HashNamed(file);
  c.lines = {line};
  return c;
}

TEST(FundAccounts, TheFirstOrderAppliesAndTheAnswerOpens) {
  Book b;
  b.Absorb();
  const InvestorId li = b.Open("li", "100");
  EXPECT_TRUE(b.Do(b.Buy(1, li, "10")).ta_account.empty());
  b.Do(b.Buy(2, li, "10"));  // no second application
  const SealKey n1{kTa, D(20250303), TransferNo(1)};
  EXPECT_FALSE(b.Do(SealApplications{n1}).more);
  const Seal seal = *b.machine().FindSeal(n1);
  EXPECT_EQ(seal.count, 1u);
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kApplied);
  b.Open("wang", "100");
  b.Do(b.Buy(3, MakeInvestorId(PartitionId(0), 2), "10"));
  b.Do(SealApplications{n1});
  EXPECT_EQ(b.machine().FindSeal(n1)->count, 1u) << "sealing again changes nothing";
  EXPECT_EQ(b.machine().FindSeal(n1)->hash, seal.hash);

  b.Do(Answer(1, li, "0000"));
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kOpen);
  EXPECT_EQ(b.Do(b.Buy(4, li, "10")).ta_account.view(), "110000000001");
  EXPECT_TRUE(b.Do(b.Buy(1, li, "10")).ta_account.empty()) << "a repeated call gets the answer it had";
  b.ExpectReplays();
}

TEST(FundAccounts, ARefusalGivesBackWhatHungOnItAndSaysSoAgain) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  b.Do(b.Buy(1, li, "10"));
  b.Do(b.Buy(2, li, "20"));
  b.Do(b.Buy(3, li, "30"));
  b.Do(Release{b.Order(2), li});  // cancelled meanwhile
  for (int i = 0; i < 2; ++i) {
    const Result r = b.Do(Answer(1, li, "0301"));
    ASSERT_EQ(r.applied->hung.size(), 2u) << "call " << i;
    EXPECT_EQ(r.applied->hung[0].order, b.Order(1));
    EXPECT_EQ(r.applied->hung[1].order, b.Order(3));
    EXPECT_EQ(r.applied->hung[0].return_code.view(), "0301");
    EXPECT_EQ(r.applied->next_index, 1u);
  }
  EXPECT_EQ(b.At(li).cash.available, Yuan("100"));
  EXPECT_EQ(b.Do(b.Buy(4, li, "10")).reason, Reason::kFundAccountRefused);
  EXPECT_EQ(b.Do(b.Buy(1, li, "10")).reason, Reason::kFundAccountRefusedByTa);
  b.ExpectBalanced();
  b.ExpectReplays();
}

TEST(FundAccounts, RegisteredAlreadyIsAppliedForAgainAs008) {
  Book b;
  b.Absorb();
  const InvestorId li = b.Open("li", "100");
  b.Do(b.Buy(1, li, "10"));
  b.Do(SealApplications{{kTa, D(20250303), TransferNo(1)}});
  EXPECT_TRUE(b.Do(Answer(1, li, "0303")).applied->hung.empty());
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kNew);
  EXPECT_EQ(b.machine().FindApplication(2)->business, 8);
  EXPECT_EQ(b.At(li).cash.reserved, Yuan("10")) << "no refusal: the order goes on";
  b.Do(SealApplications{{kTa, D(20250304), TransferNo(1)}});
  EXPECT_EQ(b.machine().FindSeal({kTa, D(20250304), TransferNo(1)})->count, 1u);
}

TEST(FundAccounts, WhereOrdersNeedAnOpenAccountTheFirstIsRefusedAndTheApplicationGoesOn) {
  Book b;
  b.Absorb([](FundTerms&, InstitutionTerms& i) { i.same_day_orders = false; });
  const InvestorId li = b.Open("li", "100");
  EXPECT_EQ(b.Do(b.Buy(1, li, "10")).reason, Reason::kFundAccountNotOpen);
  EXPECT_EQ(b.At(li).cash.available, Yuan("100"));
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kNew);
  b.Do(Answer(1, li, "0000"));
  EXPECT_EQ(b.Do(b.Buy(2, li, "10")).reason, Reason::kNone);
}

TEST(FundAccounts, ManyApplicationsAreSealedStepByStep) {
  Book b;
  for (int i = 0; i < 1'200; ++i) {
    const InvestorId id = b.Open(StrCat("investor ", i).c_str(), "1");
    b.Do(b.Buy(static_cast<uint64_t>(i) + 1, id, "1"));
  }
  const SealKey key{kTa, D(20250303), TransferNo(1)};
  EXPECT_TRUE(b.Do(SealApplications{key}).more);
  EXPECT_FALSE(b.Do(SealApplications{key}).more);
  EXPECT_EQ(b.machine().FindSeal(key)->count, 1'200u);
  EXPECT_EQ(b.machine().FindSealedPage({key.ta, key.day, key.transfer, 1})->applications.size(), 200u);
}

TEST(FundAccounts, AreAppliedForWithoutAnOrder) {
  Book b;
  const InvestorId li = b.Open("li", "100");
  EXPECT_EQ(b.Do(OpenFundAccount{li, kTa}).reason, Reason::kInstitutionUnknown);
  b.Absorb();
  EXPECT_FALSE(b.Do(OpenFundAccount{li, kTa}).repeated);
  EXPECT_TRUE(b.Do(OpenFundAccount{li, kTa}).repeated);
  ASSERT_EQ(b.At(li).fund_accounts.size(), 1u);
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kNew);
  EXPECT_EQ(b.At(li).fund_accounts[0].application, 1u);
  EXPECT_EQ(b.Do(OpenFundAccount{InvestorId(77), kTa}).reason, Reason::kInvestorNotFound);
  b.ExpectReplays();
}

RequestAccount Ask(InvestorId who, const char* id, uint16_t business) {
  return {.caller = CallerId("app"), .request = RequestId(id), .investor = who, .ta = kTa, .business = business};
}
ApplyAccountAnswers Answer(InvestorId who, uint64_t application, uint16_t business, const char* code) {
  static uint64_t files = 0;
  ApplyAccountAnswers c{.ta = kTa, .file = HashNamed(StrCat("02 file ", ++files)), .file_name = "02"};
  AccountAnswer line{.line = 1, .investor = who, .business = business, .return_code = ReturnCode(code)};
  if (application != 0) line.application = MakeApplicationId(PartitionId(0), application);
  line.ta_account = TaAccountId("110000000001");
  line.from_ta = application == 0;
  c.lines.push_back(line);
  return c;
}

TEST(Standing, ClosesOnlyWhatHoldsNothingAndAwaitsNothing) {
  Book b;
  b.Absorb();
  const InvestorId li = b.Open("li", "1000");
  EXPECT_EQ(b.Do(Ask(li, "r1", 2)).reason, Reason::kFundAccountNotFound);
  b.Do(OpenFundAccount{li, kTa});
  EXPECT_EQ(b.Do(Ask(li, "r2", 2)).reason, Reason::kFundAccountNotOpen);
  b.Do(Answer(li, 1, 101, "0000"));
  ASSERT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kOpen);
  EXPECT_EQ(b.Do(Ask(li, "r2", 2)).reason, Reason::kFundAccountNotOpen);  // remembered under its id
  b.Do(b.Buy(7, li, "100"));
  EXPECT_EQ(b.Do(Ask(li, "r3", 2)).reason, Reason::kOrdersInTransit);
  b.Do(Release{MakeOrderId(PartitionId(0), 7), li});
  b.WriteBack();
  const Result asked = b.Do(Ask(li, "r4", 2));
  EXPECT_EQ(asked.reason, Reason::kNone);
  EXPECT_TRUE(b.Do(Ask(li, "r4", 2)).repeated);
  EXPECT_EQ(b.Do(Ask(li, "r4", 9)).reason, Reason::kRequestIdReused);
  EXPECT_EQ(b.Do(b.Buy(8, li, "100")).reason, Reason::kFundAccountClosing);
  b.Do(Answer(li, asked.number, 102, "0678"));
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kOpen);
  const Result again = b.Do(Ask(li, "r5", 2));
  b.Do(Answer(li, again.number, 102, "0000"));
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kClosed);
  EXPECT_EQ(b.Do(b.Buy(9, li, "100")).reason, Reason::kFundAccountClosed);
  EXPECT_FALSE(b.Do(OpenFundAccount{li, kTa}).repeated);
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kNew);
  b.ExpectReplays();
}

TEST(Standing, WhatFitsNothingIsAFinding) {
  Book b;
  b.Absorb();
  const InvestorId li = b.Open("li", "1000");
  const auto rule = [&](const ApplyAccountAnswers& c) {
    const Result r = b.Do(c);
    return r.applied->findings.empty() ? std::string() : r.applied->findings[0].rule;
  };
  EXPECT_EQ(rule(Answer(li, 0, 104, "0000")), "NO_SUCH_ACCOUNT");
  EXPECT_EQ(rule(Answer(li, 0, 101, "0000")), "UNKNOWN_APPLICATION");
  EXPECT_EQ(rule(Answer(InvestorId(77), 0, 104, "0000")), "UNKNOWN_INVESTOR");
  b.Do(OpenFundAccount{li, kTa});
  EXPECT_EQ(rule(Answer(li, 1, 101, "0000")), "");
  EXPECT_EQ(rule(Answer(li, 0, 110, "0000")), "BUSINESS_NOT_POSTED");
  const Result frozen = b.Do(Ask(li, "r1", 4));
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kFrozen);
  EXPECT_EQ(b.Do(Ask(li, "r2", 6)).reason, Reason::kAccountBusinessUnderWay);
  EXPECT_EQ(rule(Answer(li, frozen.number, 106, "0000")), "BUSINESS_DIFFERS");
  EXPECT_EQ(rule(Answer(li, frozen.number, 104, "0000")), "");
  EXPECT_EQ(rule(Answer(li, frozen.number, 104, "0000")), "");
  EXPECT_EQ(rule(Answer(li, frozen.number, 104, "0010")), "ANSWERED_OTHERWISE");
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kFrozen);
  b.ExpectReplays();
}

TEST(Links, BelongToOneInvestorForEver) {
  Book b;
  const InvestorId li = b.Open("li"), wang = b.Open("wang");
  const LinkKey key{DistributorCode("996"), OutsideAccount("T1")};
  EXPECT_FALSE(b.machine().FindLinked(key).is_set());
  EXPECT_FALSE(b.Do(LinkTradingAccount{key, li}).repeated);
  b.WriteBack();
  EXPECT_TRUE(b.Do(LinkTradingAccount{key, li}).repeated);
  EXPECT_EQ(b.Do(LinkTradingAccount{key, wang}).reason, Reason::kTradingAccountLinked);
  EXPECT_EQ(b.machine().FindLinked(key), li);
  b.ExpectReplays();
}

// A state that an older build has stored must have the hash that a replay of its log has here.
TEST(Bytes, AReservationHasThoseThatItAlwaysHad) {
  Reservation r;
  r.business = 24;
  r.units = U("7");
  const auto written = [&](bool few) {
    std::string out;
    ByteWriter w(&out);
    w(r.state, r.reason, r.investor, r.business, r.fund, r.ta, r.amount, r.units, r.amount_left, r.units_left, r.trade_day,
      r.received_at, r.account_open, r.in_part, r.previous_hung, r.detail);
    if (few) w(r.original, r.cancel_rest, r.applied_units);
    return out;
  };
  EXPECT_EQ(Encode(r), written(false));
  r.cancel_rest = true;
  EXPECT_EQ(Encode(r), written(true));
  r.discount = *Discount::Parse("0.5");
  EXPECT_GT(Encode(r).size(), written(true).size());
}

// Whoever shows a refusal to the investor has a sentence for it.
TEST(Reasons, AreThereInChinese) {
  for (uint16_t n = 1; n < 1'000; ++n) {
    const std::string_view name = ReasonName(static_cast<Reason>(n));
    if (name.empty() || name == "UNKNOWN_REASON") continue;
    ASSERT_NE(rpc::FindReasonWords(name), nullptr) << name;
    EXPECT_FALSE(rpc::FindReasonWords(name)->zh.empty()) << name;
    const size_t code = rpc::FindReasonWords(name)->code.size();
    EXPECT_TRUE(code == 0 || code == 4) << name;
  }
}

}  // namespace
}  // namespace fundcore::account
