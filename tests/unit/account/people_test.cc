// Changes of an investor's data, and accounts applied for anew after a refusal: one mechanism a test.
#include "tests/unit/account/book.h"

namespace fundcore::account {
namespace {

ApplyAccountAnswers Answer(InvestorId who, uint64_t application, uint16_t business, const char* code) {
  static uint64_t files = 0;
  ApplyAccountAnswers c{.ta = kTa, .file = HashNamed(StrCat("people 02 file ", ++files)), .file_name = "02"};
  AccountAnswer line{.line = 1, .investor = who, .business = business, .return_code = ReturnCode(code)};
  if (application != 0) line.application = MakeApplicationId(PartitionId(0), application);
  line.ta_account = TaAccountId("110000000001");
  line.from_ta = application == 0;
  c.lines.push_back(line);
  return c;
}

ChangeInvestor Change(InvestorId who, const char* id, uint64_t base, const char* certificate = "li") {
  ChangeInvestor c;
  c.caller = CallerId("app");
  c.request = RequestId(id);
  c.content = HashNamed(id);
  c.investor = who;
  c.base = base;
  c.certificate = HashNamed(certificate);
  c.certificate_type = "0";
  c.mobile = Sealed{StrCat("mobile of ", id)};
  return c;
}

// An investor with an open account; application 1 opened it.
InvestorId Opened(Book& b) {
  b.Absorb();
  const InvestorId li = b.Open("li", "1000");
  b.Do(OpenFundAccountAgain{li, kTa, ""});
  b.Do(Answer(li, 1, 101, "0000"));
  return li;
}

TEST(Data, AChangeGoesOutOnceAndARefusedOneOnlyWhenAskedAgain) {
  Book b;
  const InvestorId li = Opened(b);
  EXPECT_EQ(b.Do(Change(li, "c1", 0)).number, 1u);
  EXPECT_TRUE(b.Do(Change(li, "c1", 0)).repeated);
  EXPECT_EQ(b.Do(Change(li, "c2", 0)).reason, Reason::kDataChangedMeanwhile);
  const DataStanding* s = b.machine().FindDataStanding(SequenceOf(li), kTa);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->pending, 2u);
  EXPECT_EQ(b.machine().FindApplication(2)->business, 3);
  b.Do(SealApplications{{kTa, Date::FromRaw(20250305), TransferNo(1)}});
  const Result refused = b.Do(Answer(li, 2, 103, "0313"));
  ASSERT_EQ(refused.applied->findings.size(), 1u);
  EXPECT_EQ(refused.applied->findings[0].rule, "CHANGE_REFUSED");
  EXPECT_EQ(b.machine().FindDataStanding(SequenceOf(li), kTa)->pending, 0u);
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kOpen);
  ChangeInvestor again = Change(li, "c3", 1);
  again.same = true;
  EXPECT_EQ(b.Do(again).number, 1u) << "the same data are no new version";
  EXPECT_EQ(b.machine().FindDataStanding(SequenceOf(li), kTa)->pending, 3u);
  b.WriteBack();
  b.ExpectReplays();
}

TEST(Data, AnApplicationSaysWhatCountedWhenItWasSealed) {
  Book b;
  const InvestorId li = Opened(b);
  b.Do(Change(li, "c1", 0));
  b.Do(SealApplications{{kTa, Date::FromRaw(20250305), TransferNo(1)}});
  b.Do(Change(li, "c2", 1));
  const Application& sealed = *b.machine().FindApplication(2);
  EXPECT_EQ(b.machine().PersonIn(2, sealed).mobile.bytes, "mobile of c1");
  b.Do(Answer(li, 2, 103, "0000"));
  EXPECT_EQ(b.machine().FindDataStanding(SequenceOf(li), kTa)->told, 1u);
  EXPECT_EQ(b.machine().FindDataStanding(SequenceOf(li), kTa)->pending, 3u) << "what changed since goes next";
  b.ExpectReplays();
}

TEST(Data, ACertificateIsOneInvestors) {
  Book b;
  const InvestorId li = b.Open("li"), wang = b.Open("wang");
  EXPECT_EQ(b.Do(ClaimCertificate{HashNamed("passport"), li}).reason, Reason::kNone);
  EXPECT_TRUE(b.Do(ClaimCertificate{HashNamed("passport"), li}).repeated);
  EXPECT_EQ(b.Do(ClaimCertificate{HashNamed("passport"), wang}).reason, Reason::kCertificateTaken);
  EXPECT_EQ(b.Do(ClaimCertificate{HashNamed("li"), wang}).reason, Reason::kCertificateTaken);
  OpenInvestor open;
  open.certificate = HashNamed("passport");
  EXPECT_EQ(b.Do(open).investor, li);
  b.ExpectReplays();
}

TEST(Data, AnExpiredCertificateBuysNothing) {
  Book b;
  const InvestorId li = Opened(b);
  ChangeInvestor c = Change(li, "c1", 0);
  c.certificate_until = Date::FromRaw(20000101);
  b.Do(c);
  EXPECT_EQ(b.Do(b.Buy(1, li, "60")).reason, Reason::kCertificateExpired);
  EXPECT_EQ(b.At(li).cash.reserved, Money());
  b.ExpectReplays();
}

TEST(Data, WhatHungOnARefusalIsStillToldAfterANewApplication) {
  Book b;
  b.Absorb();
  const InvestorId li = b.Open("li", "1000");
  b.Do(b.Buy(7, li, "100"));  // applies: application 1
  ApplyAccountAnswers refused = Answer(li, 1, 101, "0313");
  EXPECT_EQ(b.Do(refused).applied->hung.size(), 1u);
  EXPECT_TRUE(b.Do(OpenFundAccount{li, kTa}).repeated) << "in old logs a refusal is for good";
  EXPECT_FALSE(b.Do(OpenFundAccountAgain{li, kTa, ""}).repeated);
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kNew);
  const Result repeated = b.Do(refused);
  ASSERT_EQ(repeated.applied->hung.size(), 1u);
  EXPECT_EQ(repeated.applied->hung[0].return_code, ReturnCode("0313"));
  EXPECT_EQ(b.Do(b.Buy(8, li, "100")).reason, Reason::kNone);
  b.Do(Answer(li, 2, 101, "0000"));
  EXPECT_EQ(b.At(li).fund_accounts[0].state, FundAccountState::kOpen);
  b.ExpectBalanced();
  b.ExpectReplays();
}

}  // namespace
}  // namespace fundcore::account
