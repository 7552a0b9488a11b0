// Conversions between two institutions: one order, and the leg that goes to the second one.
#include "tests/unit/trade/bench.h"

namespace fundcore::trade {
namespace {

class Converting : public UsualBench {
 protected:
  Converting() {
    Facts facts = Facts::Usual();
    facts.Take();
    facts.Conversions("110022", {"110033"}).Conversions("110033", {});
    Do(facts.Take());
  }
  uint64_t Convert(std::string_view id = "c") {
    ReceiveItem item = Item(id, kConversion, "110022", 0);
    item.units = Units::Whole(100);
    Receive c;
    c.caller = CallerId("app");
    c.orders = {item};
    c.targets = {{0, FundCode("110033")}};
    return Do(c).received[0].order;
  }
  uint64_t LegOf(uint64_t order) { return m().FindConversion(order)->other; }
  void Send(std::string_view ta) {
    const TaCode code(ta);
    SetTime("2025-03-03 16:30:00");
    DoAll(CloseDay{code, On(20250303), Duration::Seconds(60)});
    DoAll(Seal{code, On(20250303), TransferNo(1)});
    DoAll(MarkDispatched{code, On(20250303), TransferNo(1), "03"});
  }
  void Answer(std::string_view ta, uint64_t order, uint8_t business, const char* code, const char* units,
              const char* amount) {
    ApplyConfirmations c;
    c.ta = TaCode(ta);
    c.file = {.a = ++files_};
    c.file_name = "04";
    ConfirmedLine line;
    line.line = 1;
    line.order = m().IdOf(order);
    line.business = business;
    line.return_code = ReturnCode(code);
    line.confirm_day = On(20250304);
    line.units = *Units::Parse(units);
    line.amount = *Money::Parse(amount);
    c.lines = {line};
    c.converted = {{0, FundCode(), Units(), Nav(), Money()}};
    Do(c);
  }
  uint64_t files_ = 0;
};

TEST_F(Converting, TheLegIsSealedAtTheSecondInstitutionUnderTheOrdersNumber) {
  const uint64_t order = Convert();
  ASSERT_NE(LegOf(order), 0u);
  EXPECT_EQ(m().FindOrder(order)->business, kConvertOut);
  JudgeAs(order);
  EXPECT_EQ(StateOf(LegOf(order)), OrderState::kAccepted);
  Send("11");
  Send("12");
  const TransferKey key{TaCode("12"), On(20250303), TransferNo(1)};
  std::vector<uint64_t> numbers;
  m().ForEachSealed(key, 0, [&](uint64_t seq, const Order& o) { numbers.push_back(m().PublicId(seq, o).raw()); });
  EXPECT_EQ(numbers, std::vector<uint64_t>{m().IdOf(order).raw()});
  EXPECT_EQ(StateOf(order), OrderState::kDispatched);
  EXPECT_EQ(StateOf(LegOf(order)), OrderState::kDispatched);
}

TEST_F(Converting, UntilItIsJudgedNobodyKnowsWhoseDayItBelongsTo) {
  EXPECT_FALSE(m().AwaitsLegs());
  SetTime("2026-01-05 10:00:00");  // later than the product facts go: the order waits for them
  const uint64_t order = Convert();
  ASSERT_EQ(m().FindOrder(order)->business, kConversion);
  EXPECT_TRUE(m().AwaitsLegs());
  AbsorbFacts more;
  more.after = m().products().absorbed();
  more.watermark = At("2026-01-31 00:00:00");
  Do(more);
  EXPECT_TRUE(m().AwaitsLegs()) << "the facts are here, the judgement is not";
  Do(Review{});
  EXPECT_FALSE(m().AwaitsLegs());
  ASSERT_NE(LegOf(order), 0u);
  EXPECT_EQ(CountOf("12", On(20260105), OrderState::kReceived), 1u) << "from now on the day itself counts it";
}

TEST_F(Converting, AnotherOrderThatWaitsKeepsOnlyItsOwnDayOpen) {
  SetTime("2026-01-05 10:00:00");
  EXPECT_EQ(StateOf(Buy("p").order), OrderState::kReceived);
  EXPECT_FALSE(m().AwaitsLegs());
}

TEST_F(Converting, CancelledTogether) {
  const uint64_t order = Convert();
  JudgeAs(order);
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(LegOf(order))}).reason, Reason::kOrderNotFound) << "nobody knows a leg by itself";
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(order)}).reason, Reason::kNone);
  EXPECT_EQ(StateOf(LegOf(order)), OrderState::kCancelled);
  EXPECT_EQ(CountOf("12", On(20250303), OrderState::kCancelled), 1u);
}

TEST_F(Converting, NotCancelledOnceTheLegIsOnItsWay) {
  const uint64_t order = Convert();
  JudgeAs(order);
  DoAll(Seal{TaCode("12"), On(20250303), TransferNo(1)});
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(order)}).reason, Reason::kOrderSealed);
  EXPECT_EQ(StateOf(order), OrderState::kAccepted);
}

TEST_F(Converting, RefusedByAccountTogether) {
  const uint64_t order = Convert();
  JudgeAs(order, 12);
  EXPECT_EQ(StateOf(LegOf(order)), OrderState::kRejected);
  EXPECT_EQ(CountOf("12", On(20250303), OrderState::kReceived), 0u);
}

TEST_F(Converting, LegsAreAskedAboutByNobodyAfterARestart) {
  const uint64_t order = Convert();
  Restart();
  std::vector<uint64_t> undecided;
  m().TakeUndecided(10, &undecided);
  EXPECT_EQ(undecided, std::vector<uint64_t>{order});
}

TEST_F(Converting, ConfirmedWhenBothSidesAreInEitherOrder) {
  for (const bool in_first : {false, true}) {
    const uint64_t order = Convert(in_first ? "a" : "b");
    JudgeAs(order);
  }
  Send("11");
  Send("12");
  const uint64_t a = 1, b = 3;  // each order is followed by its leg
  Answer("12", a, 137, "0000", "90", "120");
  EXPECT_EQ(StateOf(a), OrderState::kDispatched);
  Answer("11", a, 138, "0000", "100", "120");
  EXPECT_EQ(StateOf(a), OrderState::kConfirmed);
  Answer("11", b, 138, "0000", "100", "120");
  // Paid before the second institution has said what became of it.
  DoAll(Settle{TaCode("11"), On(20250304), FundCode("110022"), 138});
  EXPECT_EQ(StateOf(a), OrderState::kSettled);
  EXPECT_EQ(StateOf(b), OrderState::kDispatched);
  Answer("12", b, 137, "0000", "90", "120");
  EXPECT_EQ(StateOf(b), OrderState::kSettled);
  EXPECT_EQ(m().FindConversion(b)->in_units, Units::Whole(90));
  EXPECT_FALSE(m().FindAftermath(b)->in_part);
}

TEST_F(Converting, OneSideRefusedIsAPartAndBothAreARefusal) {
  const uint64_t one = Convert("a"), both = Convert("b");
  JudgeAs(one);
  JudgeAs(both);
  Send("11");
  Send("12");
  Answer("11", one, 138, "0000", "100", "120");
  Answer("12", one, 137, "0397", "0", "0");
  EXPECT_EQ(StateOf(one), OrderState::kConfirmed);
  EXPECT_TRUE(m().FindAftermath(one)->in_part);
  EXPECT_EQ(m().FindConversion(one)->in_code.view(), "0397");
  Answer("11", both, 138, "0421", "0", "0");
  EXPECT_EQ(StateOf(both), OrderState::kDispatched);
  Answer("12", both, 137, "0397", "0", "0");
  EXPECT_EQ(StateOf(both), OrderState::kRefused);
  EXPECT_EQ(m().ReasonNameOf(ReasonSource::kTransferAgent, m().FindOrder(both)->reason), "0421");
}

TEST_F(Converting, TheSameRequestWithAnotherTargetIsAnother) {
  Convert();
  ReceiveItem item = Item("c", kConversion, "110022", 0);
  item.units = Units::Whole(100);
  Receive c;
  c.caller = CallerId("app");
  c.orders = {item};
  c.targets = {{0, FundCode("110044")}};
  EXPECT_EQ(Do(c).received[0].error, Reason::kRequestIdReused);
}

TEST_F(Converting, ReplaysAlike) {
  const uint64_t order = Convert();
  JudgeAs(order);
  Send("11");
  Send("12");
  Answer("12", order, 137, "0000", "90", "120");
  Answer("11", order, 138, "0000", "100", "120");
  EXPECT_EQ(Hash(), ReplayedHash(1));
  EXPECT_EQ(Hash(), ReplayedHash(4));
}

}  // namespace
}  // namespace fundcore::trade
