// Judging, cancelling, the second proof, and what each of them leaves to be released.
#include "tests/unit/trade/bench.h"

namespace fundcore::trade {
namespace {

using Decide = UsualBench;

TEST_F(Decide, AcceptedKeepsTheFundAccount) {
  const uint64_t order = Accepted("a");
  EXPECT_EQ(m().FindOrder(order)->ta_account.view(), "110000000001");
  EXPECT_FALSE(ReleaseOwed(order));
  EXPECT_EQ(CountOf("11", On(20250303), OrderState::kReceived), 0u);
  EXPECT_EQ(CountOf("11", On(20250303), OrderState::kAccepted), 1u);
}

TEST_F(Decide, ARefusalByAccountTravelsWithItsName) {
  const uint64_t order = Buy("a").order;
  JudgeAs(order, 12);
  EXPECT_EQ(StateOf(order), OrderState::kRejected);
  EXPECT_EQ(m().ReasonNameOf(m().FindOrder(order)->source, m().FindOrder(order)->reason), "NOT_ENOUGH_CASH");
  EXPECT_FALSE(ReleaseOwed(order));  // nothing was reserved
}

TEST_F(Decide, ARefusalByRiskReleasesWhatAccountReserved) {
  const uint64_t order = Buy("a").order;
  JudgeAs(order, 0, RiskOutcome::kBlock, 4);
  EXPECT_EQ(StateOf(order), OrderState::kRejected);
  EXPECT_EQ(m().ReasonNameOf(ReasonSource::kRisk, 4), "WATCHED");
  EXPECT_TRUE(ReleaseOwed(order));
  Do(Released{{order}});
  EXPECT_FALSE(ReleaseOwed(order));
}

TEST_F(Decide, JudgedTwiceIsJudgedOnce) {
  const uint64_t order = Accepted("a");
  JudgeAs(order, 12);
  JudgeAs(order, 0, RiskOutcome::kBlock, 4);
  EXPECT_EQ(StateOf(order), OrderState::kAccepted);
  EXPECT_FALSE(ReleaseOwed(order));
}

TEST_F(Decide, CancelledWhileAccountIsAskedOwesAReleaseAtOnceAndAgain) {
  const uint64_t order = Buy("a").order;
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(order)}).reason, Reason::kNone);
  EXPECT_TRUE(ReleaseOwed(order));  // it may arrive before its reservation
  Do(Released{{order}});
  JudgeAs(order);  // account reserved all the same
  EXPECT_EQ(StateOf(order), OrderState::kCancelled);
  EXPECT_TRUE(ReleaseOwed(order));
}

TEST_F(Decide, ARefusedReservationOfACancelledOrderOwesNothing) {
  const uint64_t order = Buy("a").order;
  Do(Cancel{Li(), m().IdOf(order)});
  Do(Released{{order}});
  JudgeAs(order, 30);
  EXPECT_EQ(StateOf(order), OrderState::kCancelled);
  EXPECT_FALSE(ReleaseOwed(order));
}

TEST_F(Decide, CancelUntilTheCutoffOnly) {
  const uint64_t a = Accepted("a"), b = Accepted("b");
  SetTime("2025-03-03 14:59:59.999");
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(a)}).reason, Reason::kNone);
  SetTime("2025-03-03 15:00:00.000");
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(b)}).reason, Reason::kCutoffPassed);
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(a)}).reason, Reason::kNone);  // asked again: the same answer
  EXPECT_EQ(StateOf(b), OrderState::kAccepted);
}

TEST_F(Decide, OnlyOnesOwnOrdersMayBeCancelled) {
  const uint64_t a = Accepted("a");
  EXPECT_EQ(Do(Cancel{Wang(), m().IdOf(a)}).reason, Reason::kOrderNotFound);
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(99)}).reason, Reason::kOrderNotFound);
  EXPECT_EQ(Do(Cancel{Li(), MakeOrderId(PartitionId(4), a)}).reason, Reason::kOrderNotFound);
}

TEST_F(Decide, SealedOrFinalOrdersAreNotCancelled) {
  const uint64_t sealed = Accepted("a");
  Do(Seal{TaCode("11"), On(20250303), TransferNo(1)});
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(sealed)}).reason, Reason::kOrderSealed);
  const uint64_t rejected = Buy("b", "110022", 1).order;
  EXPECT_EQ(Do(Cancel{Li(), m().IdOf(rejected)}).reason, Reason::kOrderFinal);
}

TEST_F(Decide, AChallengePassedOrFailed) {
  const uint64_t a = Buy("a").order, b = Buy("b").order;
  for (uint64_t order : {a, b}) {
    JudgeAs(order, 0, RiskOutcome::kChallenge, 4);
    EXPECT_EQ(StateOf(order), OrderState::kChallenged);
    EXPECT_FALSE(ReleaseOwed(order));
  }
  EXPECT_EQ(Do(AnswerChallenge{Li(), m().IdOf(a), true}).reason, Reason::kNone);
  EXPECT_EQ(Do(AnswerChallenge{Li(), m().IdOf(a), false}).reason, Reason::kNone);  // the first answer counts
  EXPECT_EQ(StateOf(a), OrderState::kAccepted);
  Do(AnswerChallenge{Li(), m().IdOf(b), false});
  EXPECT_EQ(StateOf(b), OrderState::kRejected);
  EXPECT_EQ(ReasonOf(b), Reason::kChallengeFailed);
  EXPECT_TRUE(ReleaseOwed(b));
  EXPECT_EQ(Do(AnswerChallenge{Li(), m().IdOf(Accepted("c")), true}).reason, Reason::kNotChallenged);
}

TEST_F(Decide, AChallengeLapsesWhenTheDayCloses) {
  const uint64_t order = Buy("a").order, late = Buy("late").order;
  JudgeAs(order, 0, RiskOutcome::kChallenge, 4);
  SetTime("2025-03-03 15:00:01");
  EXPECT_EQ(Do(AnswerChallenge{Li(), m().IdOf(order), true}).reason, Reason::kCutoffPassed);
  Do(CloseDay{TaCode("11"), On(20250303), Duration::Millis(500)});
  EXPECT_EQ(ReasonOf(order), Reason::kChallengeLapsed);
  EXPECT_TRUE(ReleaseOwed(order));
  JudgeAs(late, 0, RiskOutcome::kChallenge, 4);  // decided only after the close
  EXPECT_EQ(ReasonOf(late), Reason::kChallengeLapsed);
  EXPECT_TRUE(ReleaseOwed(late));
}

}  // namespace
}  // namespace fundcore::trade
