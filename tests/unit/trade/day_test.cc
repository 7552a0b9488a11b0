// Closing a day, transfers, confirmations, settlement.
#include "common/fund/seal_hash.h"
#include "tests/unit/trade/bench.h"

namespace fundcore::trade {
namespace {

const TaCode kTa("11");
const Date kMonday = On(20250303), kTuesday = On(20250304);

class DayEnd : public UsualBench {
 protected:
  void Close() {
    SetTime("2025-03-03 15:00:01");
    EXPECT_EQ(DoAll(CloseDay{kTa, kMonday, Duration::Millis(500)}).reason, Reason::kNone);
  }
  void Dispatch(uint16_t n = 1) {
    DoAll(Seal{kTa, kMonday, TransferNo(n)});
    DoAll(MarkDispatched{kTa, kMonday, TransferNo(n), "03.TXT"});
  }
  static ConfirmedLine Line(uint64_t line, OrderId order, std::string_view code, int64_t amount, int64_t units) {
    ConfirmedLine l;
    l.line = line;
    l.order = order;
    l.business = 122;
    l.return_code = ReturnCode(code);
    l.ta_account = TaAccountId("110000000009");
    l.ta_serial = TaSerialNo("S" + std::to_string(line));
    l.confirm_day = kTuesday;
    l.amount = Money::FromRaw(amount);
    l.units = Units::FromRaw(units);
    l.nav = *Nav::Parse("1.2500");
    l.charge = Money::FromRaw(100);
    return l;
  }
  TradeMachine::Result Apply(std::vector<ConfirmedLine> lines, uint64_t first = 0, uint64_t file = 1) {
    return Do(ApplyConfirmations{kTa, {file, 2, 3, 4}, "04.TXT", first, std::move(lines)});
  }
  std::vector<uint64_t> Sealed(uint16_t n, uint32_t page = 0) {
    std::vector<uint64_t> out;
    m().ForEachSealed({kTa, kMonday, TransferNo(n)}, page, [&](uint64_t seq, const Order&) { out.push_back(seq); });
    return out;
  }
};

TEST_F(DayEnd, ADayClosesAfterCutoffAndGraceOnly) {
  const CloseDay close{kTa, kMonday, Duration::Millis(500)};
  SetTime("2025-03-03 15:00:00.499");
  EXPECT_EQ(Do(close).reason, Reason::kDayNotOver);
  SetTime("2025-03-03 15:00:00.500");
  EXPECT_EQ(Do(close).reason, Reason::kNone);
  EXPECT_EQ(Do(close).reason, Reason::kNone);
  EXPECT_EQ(Do(CloseDay{TaCode("77"), kMonday, {}}).reason, Reason::kInstitutionUnknown);
}

TEST_F(DayEnd, AClosedDayIsGivenToNobody) {
  // A later cut-off is announced after the day was closed: the day stays closed.
  Close();
  AbsorbFacts later;
  later.after = m().products().absorbed();
  InstitutionTerms terms = *m().products().Institution(kTa);
  terms.cutoff = TimeOfDay::Hms(17, 0);
  later.facts = {{later.after + 1, Encode(ProductFact{.kind = FactKind::kInstitution, .institution = terms})}};
  Do(later);
  SetTime("2025-03-03 16:00");
  EXPECT_EQ(Buy("a").trade_day, kTuesday);
}

TEST_F(DayEnd, SealTakesAcceptedOrdersOfItsDayAndInstitution) {
  const uint64_t a = Accepted("a"), b = Accepted("b", "110033"), c = Accepted("c"), undecided = Buy("u").order;
  Do(Cancel{Li(), m().IdOf(Accepted("x"))});
  Close();
  const uint64_t next_day = Accepted("n");
  EXPECT_EQ(DoAll(Seal{kTa, kMonday, TransferNo(1)}).number, 2u);
  EXPECT_EQ(Sealed(1), (std::vector<uint64_t>{a, c}));
  const Transfer first = *m().FindTransfer({kTa, kMonday, TransferNo(1)});
  EXPECT_EQ(first.sum_amount, 200'000u);
  EXPECT_EQ(first.hash, SealHash(SealHash(0, m().IdOf(a), Money::Whole(1'000), {}),
                                               m().IdOf(c), Money::Whole(1'000), {}));
  // Decided later: the next transfer of the same day. The first stays what it was.
  JudgeAs(undecided);
  EXPECT_EQ(DoAll(Seal{kTa, kMonday, TransferNo(1)}).number, 2u);
  DoAll(Seal{kTa, kMonday, TransferNo(2)});
  EXPECT_EQ(Sealed(2), std::vector<uint64_t>{undecided});
  EXPECT_EQ(m().FindTransfer({kTa, kMonday, TransferNo(1)})->hash, first.hash);
  EXPECT_FALSE(m().FindOrder(b)->transfer.is_set());
  EXPECT_FALSE(m().FindOrder(next_day)->transfer.is_set());
}

TEST_F(DayEnd, SealAdvancesByACursorAndPages) {
  Receive batch;
  batch.caller = CallerId("app");
  std::vector<std::string> ids;
  for (int i = 0; i < 9'000; ++i) ids.push_back("s" + std::to_string(i));
  for (const std::string& id : ids) batch.orders.push_back(Item(id, kPurchase, "110022", 100'000));
  Do(batch);
  Judge judge;
  for (uint64_t i = 1; i <= 9'000; ++i) judge.orders.push_back({i, 0, RiskOutcome::kAllow, 0, TaAccountId("1")});
  Do(judge);
  Close();
  EXPECT_TRUE(Do(Seal{kTa, kMonday, TransferNo(1)}).more);
  Restart();
  EXPECT_EQ(DoAll(Seal{kTa, kMonday, TransferNo(1)}).number, 9'000u);
  EXPECT_EQ(Sealed(1, 0).size(), kOrdersPerPage);
  EXPECT_EQ(Sealed(1, 4).size(), 1'000u);
  EXPECT_EQ(Sealed(1, 4).back(), 9'000u);
  EXPECT_TRUE(Sealed(1, 5).empty());
  EXPECT_EQ(DoAll(MarkDispatched{kTa, kMonday, TransferNo(1), "03.TXT"}).number, 9'000u);
  EXPECT_EQ(CountOf("11", kMonday, OrderState::kDispatched), 9'000u);
  EXPECT_EQ(Hash(), ReplayedHash(3));
}

TEST_F(DayEnd, AnEmptyTransferIsSealedAndDispatched) {
  Close();
  EXPECT_EQ(Do(MarkDispatched{kTa, kMonday, TransferNo(1), "f"}).reason, Reason::kTransferNotSealed);
  EXPECT_FALSE(Do(Seal{kTa, kMonday, TransferNo(1)}).more);
  EXPECT_FALSE(Do(MarkDispatched{kTa, kMonday, TransferNo(1), "f"}).more);
  EXPECT_TRUE(m().FindTransfer({kTa, kMonday, TransferNo(1)})->dispatched);
}

TEST_F(DayEnd, ConfirmedInFullInPartAndRefused) {
  const uint64_t full = Accepted("a"), part = Accepted("b"), refused = Accepted("c");
  Dispatch();
  SetTime("2025-03-04 20:00");
  EXPECT_EQ(Apply({Line(1, m().IdOf(full), "0000", 100'000, 79'000), Line(2, m().IdOf(part), "0000", 60'000, 47'000),
                   Line(3, m().IdOf(refused), "0100", 0, 0)})
                .number,
            3u);
  EXPECT_EQ(StateOf(full), OrderState::kConfirmed);
  EXPECT_FALSE(m().FindAftermath(full)->in_part);
  EXPECT_TRUE(m().FindAftermath(part)->in_part);
  EXPECT_EQ(m().FindAftermath(part)->amount.raw(), 60'000);
  EXPECT_EQ(StateOf(refused), OrderState::kRefused);
  EXPECT_EQ(m().ReasonNameOf(m().FindOrder(refused)->source, m().FindOrder(refused)->reason), "0100");
  EXPECT_FALSE(ReleaseOwed(refused));  // account learns of it from the same line
}

TEST_F(DayEnd, LinesApplyOnceAndWithoutGaps) {
  const uint64_t a = Accepted("a"), b = Accepted("b");
  Dispatch();
  auto first = Line(1, m().IdOf(a), "0000", 40'000, 31'000), second = Line(2, m().IdOf(b), "0000", 100'000, 79'000);
  first.interim = true;
  EXPECT_EQ(Apply({second}, 1).reason, Reason::kConfirmationGap);
  EXPECT_EQ(Apply({second}, 1).number, 0u);
  EXPECT_EQ(Apply({first}, 0).number, 1u);
  EXPECT_EQ(Apply({first}, 0).number, 1u);
  EXPECT_EQ(Apply({first, second}, 0).number, 2u);  // overlapping: only what is new
  EXPECT_EQ(m().FindAftermath(a)->amount.raw(), 40'000);
  EXPECT_EQ(StateOf(b), OrderState::kConfirmed);
  EXPECT_EQ(Apply({first}, 0, /*file=*/9).number, 1u);  // another file starts anew
}

TEST_F(DayEnd, InterimFiguresAddUp) {
  const uint64_t a = Accepted("a");
  Dispatch();
  auto first = Line(1, m().IdOf(a), "0000", 40'000, 31'000);
  first.interim = true;
  Apply({first, Line(2, m().IdOf(a), "0209", 0, 0), Line(3, m().IdOf(a), "0410", 60'000, 47'000)});
  EXPECT_EQ(StateOf(a), OrderState::kConfirmed);
  EXPECT_EQ(m().FindAftermath(a)->amount.raw(), 100'000);
  EXPECT_EQ(m().FindAftermath(a)->lines, 3u);
  EXPECT_FALSE(m().FindAftermath(a)->in_part);
}

TEST_F(DayEnd, ARefusedRestLeavesWhatWasConfirmed) {
  const uint64_t a = Accepted("a");
  Dispatch();
  auto first = Line(1, m().IdOf(a), "0000", 40'000, 31'000);
  first.interim = true;
  Apply({first, Line(2, m().IdOf(a), "0100", 0, 0)});
  EXPECT_EQ(StateOf(a), OrderState::kConfirmed);
  EXPECT_TRUE(m().FindAftermath(a)->in_part);
}

TEST_F(DayEnd, LinesThatDoNotFitAreRecordedAndNeverFatal) {
  const uint64_t unsealed = Accepted("a"), cancelled = Accepted("b");
  Do(Cancel{Li(), m().IdOf(cancelled)});
  EXPECT_EQ(Apply({Line(1, m().IdOf(unsealed), "0000", 100'000, 79'000), Line(2, m().IdOf(cancelled), "0000", 1, 1),
                   Line(3, OrderId(), "0000", 1, 1), Line(4, m().IdOf(777), "0000", 1, 1),
                   Line(5, MakeOrderId(PartitionId(9), 1), "0000", 1, 1)})
                .number,
            5u);
  EXPECT_EQ(StateOf(unsealed), OrderState::kAccepted);
  EXPECT_EQ(m().FindAftermath(unsealed)->odd_lines, 1u);
  EXPECT_EQ(StateOf(cancelled), OrderState::kCancelled);
}

TEST_F(DayEnd, AnOrderMayHangOnARefusedFundAccount) {
  const uint64_t accepted = Accepted("a"), undecided = Buy("b").order;
  Apply({Line(1, m().IdOf(accepted), "0110", 0, 0), Line(2, m().IdOf(undecided), "0110", 0, 0)});
  EXPECT_EQ(StateOf(accepted), OrderState::kRefused);
  EXPECT_EQ(StateOf(undecided), OrderState::kRefused);
  JudgeAs(undecided);  // the answers come too late
  EXPECT_EQ(StateOf(undecided), OrderState::kRefused);
}

TEST_F(DayEnd, AnOfferIsConfirmedTwice) {
  FundTerms offer = Fund("110077");
  offer.status = FundStatus::kOffering;
  AbsorbFacts more;
  more.after = m().products().absorbed();
  more.facts = {{more.after + 1, Encode(ProductFact{.kind = FactKind::kFund, .fund = offer})}};
  Do(more);
  const uint64_t won = Receive1(Item("a", kSubscription, "110077", 100'000)).order;
  const uint64_t failed = Receive1(Item("b", kSubscription, "110077", 100'000)).order;
  JudgeAs(won);
  JudgeAs(failed);
  Dispatch();
  auto receipt = Line(1, m().IdOf(won), "0000", 100'000, 0), result = Line(2, m().IdOf(won), "0000", 100'000, 99'000);
  auto failure = Line(3, m().IdOf(failed), "0000", 100'000, 0);
  receipt.business = 120;
  result.business = 130;
  failure.business = 149;
  Apply({receipt});
  EXPECT_EQ(StateOf(won), OrderState::kDispatched);
  Apply({result, failure}, 0, 2);
  EXPECT_EQ(StateOf(won), OrderState::kConfirmed);
  EXPECT_EQ(m().FindAftermath(won)->amount.raw(), 100'000);
  EXPECT_EQ(StateOf(failed), OrderState::kRefused);
  EXPECT_EQ(ReasonOf(failed), Reason::kOfferFailed);
}

TEST_F(DayEnd, SettleByFundAndBusiness) {
  const uint64_t a = Accepted("a"), b = Accepted("b");
  Dispatch();
  Apply({Line(1, m().IdOf(a), "0000", 100'000, 79'000)});
  const Settle settle{kTa, kTuesday, FundCode("110022"), 122};
  EXPECT_EQ(Do(Settle{kTa, kTuesday, FundCode("110033"), 122}).number, 0u);
  EXPECT_EQ(DoAll(settle).number, 1u);
  EXPECT_EQ(StateOf(a), OrderState::kSettled);
  EXPECT_EQ(StateOf(b), OrderState::kDispatched);
  EXPECT_EQ(DoAll(settle).number, 1u);
  Apply({Line(1, m().IdOf(b), "0000", 100'000, 79'000)}, 0, 2);  // a second file for the same day
  EXPECT_EQ(DoAll(settle).number, 2u);
  EXPECT_EQ(StateOf(b), OrderState::kSettled);
}

// Each part of a large redemption is paid on a day of its own; the order is settled with the last part, whichever way its
// rest ends.
TEST_F(DayEnd, ADeferredRestIsFollowedToItsEnd) {
  const auto redeem = [&](std::string_view id) {
    const uint64_t order = Receive1(Item(id, kRedemption, "110022", 100'000)).order;
    JudgeAs(order);
    return order;
  };
  const uint64_t whole = redeem("a"), withdrawn = redeem("b"), nothing = redeem("c");
  Dispatch();
  const auto part = [&](uint64_t line, uint64_t order, int64_t units, Date day, bool interim) {
    ConfirmedLine l = Line(line, m().IdOf(order), interim ? "0000" : "0410", units, units);
    l.business = 124;
    l.confirm_day = day;
    l.interim = interim;
    return l;
  };
  const auto apply = [&](std::vector<ConfirmedLine> lines, uint64_t file) {
    ApplyConfirmations c{kTa, {file, 2, 3, 4}, "04.TXT", 0, std::move(lines)};
    c.follows_rests = true;
    return Do(c);
  };
  const Date wednesday = On(20250305), thursday = On(20250306);
  apply({part(1, whole, 40'000, kTuesday, true), part(2, withdrawn, 40'000, kTuesday, true),
         part(3, nothing, 0, kTuesday, true)}, 1);
  EXPECT_EQ(StateOf(whole), OrderState::kDispatched);
  EXPECT_EQ(m().FindAftermath(whole)->units.raw(), 40'000);

  // Withdrawn, asked twice: one order of its own.
  SetTime("2025-03-04 22:00");
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(withdrawn)}).reason, Reason::kNone);
  const uint64_t off = m().FindRest(withdrawn)->withdrawal;
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(withdrawn)}).reason, Reason::kNone);
  EXPECT_EQ(m().FindRest(withdrawn)->withdrawal, off);
  EXPECT_EQ(m().FindOrder(off)->business, kWithdrawRest);
  EXPECT_EQ(m().FindOrder(off)->trade_day, wednesday);
  EXPECT_EQ(m().OriginalOf(off, *m().FindOrder(off)), withdrawn);
  Do(Cancel{Li(), m().IdOf(nothing)});
  const uint64_t off_too = m().FindRest(nothing)->withdrawal;
  for (uint64_t order : {off, off_too}) JudgeAs(order);
  EXPECT_EQ(Do(Cancel{Wang(), m().IdOf(whole)}).reason, Reason::kOrderNotFound);

  apply({part(1, whole, 30'000, wednesday, true)}, 2);
  EXPECT_EQ(DoAll(Settle{kTa, kTuesday, FundCode("110022"), 124}).number, 0u);  // parts only

  DoAll(Seal{kTa, wednesday, TransferNo(1)});
  DoAll(MarkDispatched{kTa, wednesday, TransferNo(1), "03.TXT"});
  ConfirmedLine granted = Line(2, m().IdOf(off), "0000", 0, 60'000), granted_too = Line(3, m().IdOf(off_too), "0000", 0, 100'000);
  granted.business = granted_too.business = 152;
  apply({part(1, whole, 30'000, thursday, false), granted, granted_too}, 3);
  EXPECT_EQ(StateOf(whole), OrderState::kConfirmed);
  EXPECT_FALSE(m().FindAftermath(whole)->in_part);
  EXPECT_EQ(StateOf(off), OrderState::kSettled);
  EXPECT_EQ(StateOf(withdrawn), OrderState::kSettled) << "its only part was paid before";
  EXPECT_TRUE(m().FindAftermath(withdrawn)->in_part);
  EXPECT_EQ(StateOf(nothing), OrderState::kCancelled);
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(whole)}).reason, Reason::kOrderFinal);

  DoAll(Settle{kTa, wednesday, FundCode("110022"), 124});
  EXPECT_EQ(StateOf(whole), OrderState::kConfirmed) << "the last part is not paid yet";
  DoAll(Settle{kTa, thursday, FundCode("110022"), 124});
  EXPECT_EQ(StateOf(whole), OrderState::kSettled);
  EXPECT_EQ(ReplayedHash(1), Hash());
}

TEST_F(DayEnd, AnOfferByUnitsSetsItsPriceAside) {
  FundTerms offer = Fund("110077");
  offer.status = FundStatus::kOffering;
  FeeSchedule fees;
  fees.effective_from = On(20200101);
  fees.purchase = {{Money(), kNoAmountLimit, PurchaseFee::OfRate(*Rate::Parse("1%"))}};
  offer.fees.list = {fees};
  AbsorbFacts more;
  more.after = m().products().absorbed();
  more.facts = {{more.after + 1, Encode(ProductFact{.kind = FactKind::kFund, .fund = offer})}};
  Do(more);
  ReceiveItem item = Item("u", kSubscription, "110077", 0);
  item.units = Units::Whole(10'000);
  const uint64_t order = Receive1(item).order;
  EXPECT_EQ(StateOf(order), OrderState::kReceived);
  EXPECT_EQ(m().FindOrder(order)->amount, *Money::Parse("10100"));
  EXPECT_EQ(Receive1(item).order, order);
}

}  // namespace
}  // namespace fundcore::trade
