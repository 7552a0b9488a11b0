// Receipt: request ids, trading days, product rules, replay.
#include "common/rpc/reason_words.h"
#include "tests/unit/trade/bench.h"

namespace fundcore::trade {
namespace {

using Receipt = UsualBench;

TEST_F(Receipt, GivesNumbersInOrderAndToday) {
  const auto a = Buy("a"), b = Buy("b");
  EXPECT_EQ(a.order, 1u);
  EXPECT_EQ(b.order, 2u);
  EXPECT_EQ(a.state, OrderState::kReceived);
  EXPECT_EQ(a.trade_day, On(20250303));
  EXPECT_EQ(FormatOrderId(m().IdOf(b.order)), "00300000000000002");
  EXPECT_EQ(CountOf("11", On(20250303), OrderState::kReceived), 2u);
}

TEST_F(Receipt, TheSameIdIsTheSameOrderForEver) {
  const auto first = Buy("a");
  JudgeAs(first.order);
  SetTime("2025-03-09 10:00:00");
  const auto again = Buy("a");
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.order, first.order);
  EXPECT_EQ(again.trade_day, first.trade_day);
  EXPECT_EQ(again.state, OrderState::kAccepted);
  EXPECT_EQ(m().LastOrderOf(Li()), first.order);
}

TEST_F(Receipt, AnIdWithOtherContentIsNeverExecuted) {
  Buy("a");
  const auto other = Buy("a", "110022", 2'000);
  EXPECT_EQ(other.error, Reason::kRequestIdReused);
  EXPECT_EQ(ReasonCode(other.error), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(m().FindOrder(2), nullptr);
  auto flagged = Item("a", kPurchase, "110022", 100'000);
  flagged.flags = kMismatchConfirmed;
  EXPECT_EQ(Receive1(flagged).error, Reason::kRequestIdReused);
}

TEST_F(Receipt, IdsBelongToCallerAndInvestor) {
  const auto a = Buy("a");
  EXPECT_NE(Receive1(Item("a", kPurchase, "110022", 100'000), "other-app").order, a.order);
  EXPECT_NE(Buy("a", "110022", 1'000, Wang()).order, a.order);
}

TEST_F(Receipt, RepeatedInOneBatch) {
  Receive c;
  c.caller = CallerId("app");
  c.orders = {Item("a", kPurchase, "110022", 100'000), Item("a", kPurchase, "110022", 100'000)};
  const auto r = Do(c);
  EXPECT_EQ(r.received[0].order, r.received[1].order);
  EXPECT_FALSE(r.received[0].repeated);
  EXPECT_TRUE(r.received[1].repeated);
}

struct DayCase {
  const char* received;
  int32_t day;
};
class TradeDays : public UsualBench, public ::testing::WithParamInterface<DayCase> {};
TEST_P(TradeDays, ByMomentOfReceipt) {
  SetTime(GetParam().received);
  EXPECT_EQ(Buy("a").trade_day, On(GetParam().day)) << GetParam().received;
}
INSTANTIATE_TEST_SUITE_P(All, TradeDays,
                         ::testing::Values(DayCase{"2025-03-03 00:00:00", 20250303},
                                           DayCase{"2025-03-03 14:59:59.999", 20250303},
                                           DayCase{"2025-03-03 15:00:00.000", 20250304},
                                           DayCase{"2025-03-07 15:00", 20250310},
                                           DayCase{"2025-03-08 10:00", 20250310},  // a Saturday
                                           DayCase{"2025-04-27 10:00", 20250428},  // a make-up working Sunday is closed
                                           DayCase{"2025-04-30 15:00", 20250506},  // the May holiday
                                           DayCase{"2025-09-30 15:00:00", 20251009}));

TEST_F(Receipt, EachInstitutionHasItsOwnCutoff) {
  SetTime("2025-03-03 15:30");
  EXPECT_EQ(Buy("a", "110022").trade_day, On(20250304));
  EXPECT_EQ(Buy("b", "110033").trade_day, On(20250303));
}

TEST_F(Receipt, AFundClosedOnTheTradeDayIsNeverRolled) {
  SetTime("2025-04-21 10:00");  // Easter Monday: Shanghai is open, Hong Kong is not
  const auto r = Buy("a", "110044");
  EXPECT_EQ(r.state, OrderState::kRejected);
  EXPECT_EQ(r.trade_day, On(20250421));
  EXPECT_EQ(ReasonOf(r.order), Reason::kFundClosedOnTradeDay);
}

TEST_F(Receipt, AnUnknownFundIsARejectedOrder) {
  const auto r = Buy("a", "999999");
  EXPECT_EQ(r.state, OrderState::kRejected);
  EXPECT_EQ(ReasonOf(r.order), Reason::kFundUnknown);
  EXPECT_FALSE(r.trade_day.is_set());
  EXPECT_EQ(CountOf("", On(20250303), OrderState::kRejected), 1u);
  EXPECT_TRUE(Buy("a", "999999").repeated);
}

TEST_F(Receipt, BeyondTheCalendarThereIsNoTradingDay) {
  SetTime("2026-12-31 16:00");
  AbsorbFacts more;
  more.after = m().products().absorbed();
  more.watermark = At("2027-01-31 00:00");
  Do(more);
  EXPECT_EQ(ReasonOf(Buy("a").order), Reason::kNoTradingDay);
}

TEST_F(Receipt, SizesOfPurchases) {
  EXPECT_EQ(ReasonOf(Buy("a", "110022", 99).order), Reason::kAmountBelowFirstMinimum);
  EXPECT_EQ(ReasonOf(Buy("b", "110022", 1'000'001).order), Reason::kAmountAboveMaximum);
  Accepted("c", "110022", 100);
  EXPECT_EQ(Buy("d", "110022", 10).state, OrderState::kReceived);  // an additional one now
  EXPECT_EQ(ReasonOf(Buy("e", "110022", 9).order), Reason::kAmountBelowAdditionalMinimum);
  EXPECT_EQ(ReasonOf(Buy("f", "110022", 10, Wang()).order), Reason::kAmountBelowFirstMinimum);
  EXPECT_EQ(ReasonOf(Receive1(Item("g", kRedemption, "110022", 499)).order), Reason::kUnitsBelowMinimum);
  EXPECT_EQ(Receive1(Item("h", kRedemption, "110022", 500)).state, OrderState::kReceived);
  EXPECT_EQ(ReasonOf(Receive1(Item("i", kPurchase, "110022", 0)).order), Reason::kNothingApplied);
}

struct StatusCase {
  FundStatus status;
  Reason subscription, purchase, redemption;
};
TEST(Rules, StatusAgainstBusiness) {
  constexpr Reason kFine = Reason::kNone;
  for (const StatusCase& c : {
           StatusCase{FundStatus::kOpen, Reason::kFundNotInOffer, kFine, kFine},
           StatusCase{FundStatus::kOffering, kFine, Reason::kFundInOffer, Reason::kFundInOffer},
           StatusCase{FundStatus::kStopped, Reason::kFundStopped, Reason::kFundStopped, Reason::kFundStopped},
           StatusCase{FundStatus::kPurchaseStopped, Reason::kFundNotInOffer, Reason::kPurchaseStopped, kFine},
           StatusCase{FundStatus::kRedemptionStopped, Reason::kFundNotInOffer, kFine, Reason::kRedemptionStopped},
           StatusCase{FundStatus::kTerminated, Reason::kFundTerminated, Reason::kFundTerminated,
                      Reason::kFundTerminated},
           StatusCase{FundStatus::kClosed, Reason::kFundClosed, Reason::kFundClosed, Reason::kFundClosed},
       }) {
    Bench b;
    Facts facts = Facts::Usual();
    FundTerms f = Fund("110055");
    f.status = c.status;
    b.Do(facts.Fund(f).Take());
    const auto reason = [&](std::string_view id, uint8_t business) {
      return b.ReasonOf(b.Receive1(Bench::Item(id, business, "110055", 100'000)).order);
    };
    EXPECT_EQ(reason("s", kSubscription), c.subscription) << static_cast<char>(c.status);
    EXPECT_EQ(reason("p", kPurchase), c.purchase) << static_cast<char>(c.status);
    EXPECT_EQ(reason("r", kRedemption), c.redemption) << static_cast<char>(c.status);
  }
}

TEST(Rules, BeyondTheWatermarkAnOrderWaitsForReviewAndIsJudgedAsOfReceipt) {
  Bench b;
  Facts facts = Facts::Usual();
  b.Do(facts.Take(At("2025-03-03 14:00")));
  b.SetTime("2025-03-03 14:30");
  const auto early = b.Buy("early"), odd = b.Buy("odd", "110066");
  EXPECT_EQ(early.state, OrderState::kReceived);
  EXPECT_EQ(early.trade_day, On(20250303));
  EXPECT_FALSE(b.m().review_due());
  std::vector<uint64_t> asked;
  b.m().TakeUndecided(10, &asked);
  EXPECT_TRUE(asked.empty());

  // The fund was stopped at 14:20, a new one opened then; both become known at 15:10 only.
  FundTerms stopped = Fund("110022");
  stopped.status = FundStatus::kStopped;
  stopped.effective_at = At("2025-03-03 14:20");
  FundTerms fresh = Fund("110066");
  fresh.effective_at = At("2025-03-03 14:20");
  b.SetTime("2025-03-03 15:10");
  b.Do(facts.Fund(stopped).Fund(fresh).Take(At("2025-03-03 15:40")));
  ASSERT_TRUE(b.m().review_due());
  // Closing the day meanwhile does not take it from receipts that stand before it in the log.
  b.Do(CloseDay{TaCode("11"), On(20250303), Duration::Millis(500)});
  b.Do(Review{});
  EXPECT_EQ(b.ReasonOf(early.order), Reason::kFundStopped);
  EXPECT_EQ(b.StateOf(odd.order), OrderState::kReceived);
  EXPECT_EQ(b.m().FindOrder(odd.order)->trade_day, On(20250303));
  EXPECT_FALSE(b.m().review_due());
  b.m().TakeUndecided(10, &asked);
  EXPECT_EQ(asked, std::vector<uint64_t>{odd.order});
  EXPECT_EQ(b.CountOf("11", On(20250303), OrderState::kReceived), 1u);
  EXPECT_EQ(b.CountOf("", On(20250303), OrderState::kReceived), 0u);
}

TEST_F(Receipt, ARestartNamesUndecidedOrdersAgain) {
  const uint64_t a = Buy("a").order, b = Buy("b").order, c = Buy("c").order;
  JudgeAs(a);
  Do(Cancel{Li(), m().IdOf(b)});
  std::vector<uint64_t> asked;
  m().TakeUndecided(10, &asked);
  EXPECT_EQ(asked, std::vector<uint64_t>{c});
  asked.clear();
  m().TakeUndecided(10, &asked);
  EXPECT_TRUE(asked.empty());
  Restart();
  Buy("d");
  m().TakeUndecided(10, &asked);
  EXPECT_EQ(asked, (std::vector<uint64_t>{c, 4}));
  EXPECT_EQ(m().FindOrder(c)->request_id.view(), "c");
  EXPECT_TRUE(Buy("a").repeated);
}

TEST_F(Receipt, InvestorsOrdersFormAChain) {
  Buy("a");
  Buy("x", "110022", 1'000, Wang());
  Buy("b");
  EXPECT_EQ(m().LastOrderOf(Li()), 3u);
  EXPECT_EQ(m().FindOrder(3)->previous, 1u);
  EXPECT_EQ(m().FindOrder(1)->previous, 0u);
}

TEST_F(Receipt, AbsurdAmountsDoNotStopTheMachine) {
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = "x" + std::to_string(i);
    ASSERT_EQ(ReasonOf(Receive1(Item(id, kPurchase, "110022", 1'000'000'000'000'000)).order),
              Reason::kAmountAboveMaximum);
  }
  EXPECT_EQ(CountOf("11", On(20250303), OrderState::kRejected), 20'000u);
}

TEST_F(Receipt, AMadeUpInvestorFarOffCostsLittle) {
  EXPECT_EQ(Buy("a", "110022", 1'000, MakeInvestorId(kPartition, 999'999'999)).state, OrderState::kReceived);
}

TEST_F(Receipt, ReplayGivesTheSameHash) {
  for (int i = 0; i < 200; ++i) {
    const std::string id = "r" + std::to_string(i);
    const auto r = Buy(id, i % 3 ? "110022" : "110033", 50 + i, i % 2 ? Li() : Wang());
    if (r.state == OrderState::kReceived && i % 5)
      JudgeAs(r.order, i % 7 ? 0 : 12, RiskOutcome(1 + i % 3), i % 3 ? 4 : 0);
    if (i % 11 == 0) Do(Cancel{Li(), m().IdOf(r.order)});
  }
  SetTime("2025-03-03 16:10");
  for (const char* ta : {"11", "12"}) {
    DoAll(CloseDay{TaCode(ta), On(20250303), Duration::Millis(500)});
    DoAll(Seal{TaCode(ta), On(20250303), TransferNo(1)});
    DoAll(MarkDispatched{TaCode(ta), On(20250303), TransferNo(1), "OFD_301_11_20250303_03.TXT"});
  }
  EXPECT_EQ(Hash(), ReplayedHash(1));
  EXPECT_EQ(Hash(), ReplayedHash(37));
  EXPECT_EQ(Hash(), ReplayedHash(100'000));
  const std::string before = Hash();
  Restart();
  EXPECT_EQ(Hash(), before);
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
}  // namespace fundcore::trade
