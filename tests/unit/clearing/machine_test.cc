// The machine alone: the order of steps, commands repeated, breaks and their two people, and that a replay gives the
// same hash.
#include "tests/unit/clearing/world.h"

namespace fundcore::clearing {
namespace {

class Machine : public ::testing::Test {
 protected:
  Machine() : state(&store, {ServiceId::kClearing, PartitionId(0)}), machine(state, PartitionId(0)) {
    EXPECT_TRUE(state.Load().ok());
    AbsorbFacts facts;
    uint64_t seq = 0;
    for (auto& body : Facts("")) facts.facts.emplace_back(++seq, body);
    Do(facts);
  }
  template <class C>
  Result Do(const C& c) {
    machine::Context ctx;
    ctx.now = ctx.received = now;
    ctx.offset = state.executing = state.meta.next++;
    return machine.Execute(c, ctx);
  }
  void ToExport() {
    Do(OpenDay{kTa, kMonday});
    now = TimePoint::At(kMonday, TimeOfDay::Hms(15, 1));
    Do(Advance{kTa, kMonday, Step::kOpen});
    Do(Advance{kTa, kMonday, Step::kCutOff});
  }
  void ToAwait() {
    ToExport();
    Do(SealRecorded{kTa, kMonday, 1, {{0, 1, Money::Whole(100), Units(), 9}}, {}, false});
    Do(DueRecorded{kTa, kMonday, 1, 0, 0, {{FundCode("110022"), {{OrderId(1), InvestorId(1)}}}}});
    Do(FilesWritten{kTa,
                    kMonday,
                    1,
                    {{FileType("03"), "out/03", Sha256("03"), 2, 1}},
                    {{{0, 1, Money::Whole(100), Units(), 9}}, 0, 5, 5}});
    Do(FilesReleased{kTa, kMonday, 1});
    Do(Dispatched{kTa, kMonday, 1});
  }
  void Take(uint16_t n, std::vector<std::string> types = {"02", "04", "05", "06", "07", "25"}) {
    TransferTaken c{kTa, kMonday, n, true, {}};
    for (auto& t : types)
      c.files.push_back({FileType(t), n, StrCat("in/", n, "/", t), Sha256(StrCat(n, t)), 10, 0, false});
    Do(c);
  }
  Finding At(std::string_view type, uint64_t line, std::string_view content = "x",
             BreakKind kind = BreakKind::kConfirmationDiffers) {
    Finding f;
    f.kind = kind;
    f.type = FileType(type);
    f.sha = Sha256(content);
    f.line = line;
    return f;
  }
  Step StepNow() { return machine.FindDay({kTa, kMonday})->step; }
  void Close(uint64_t seq, Resolution r) {
    EXPECT_EQ(Do(ProposeResolution{seq, r, "note", "zhang"}).reason, Reason::kOk);
    EXPECT_EQ(Do(ApproveResolution{seq, "wang"}).reason, Reason::kOk);
  }

  MemoryStore store;
  machine::State state;
  ClearingMachine machine;
  TimePoint now = TimePoint::At(kMonday, TimeOfDay::Hms(9, 0));
};

TEST_F(Machine, DaysOpenOneAfterAnotherAndNotBeforeTheirTime) {
  EXPECT_EQ(Do(OpenDay{TaCode("99"), kMonday}).reason, Reason::kInstitutionUnknown);
  EXPECT_EQ(Do(OpenDay{kTa, Date::FromRaw(20250302)}).reason, Reason::kDayNotNext);  // a Sunday
  EXPECT_EQ(Do(OpenDay{kTa, kTuesday}).reason, Reason::kDayNotReached);
  EXPECT_EQ(Do(OpenDay{kTa, kMonday}).reason, Reason::kOk);
  EXPECT_EQ(Do(OpenDay{kTa, kMonday}).reason, Reason::kOk);  // again: nothing
  EXPECT_EQ(machine.ActiveDays(kTa), std::vector<Date>{kMonday});
  EXPECT_EQ(machine.FindDay({kTa, kMonday})->answer_day, kTuesday);
  EXPECT_EQ(Do(OpenDay{kTa, Date::FromRaw(20250305)}).reason, Reason::kDayNotNext);
}

TEST_F(Machine, StepsEndInOrderAndOnce) {
  Do(OpenDay{kTa, kMonday});
  EXPECT_EQ(Do(Advance{kTa, kMonday, Step::kOpen}).reason, Reason::kDayNotReached);
  EXPECT_EQ(Do(Advance{kTa, kMonday, Step::kApply}).reason, Reason::kWrongStep);
  now = TimePoint::At(kMonday, TimeOfDay::Hms(15, 0));
  EXPECT_EQ(Do(Advance{kTa, kMonday, Step::kOpen}).reason, Reason::kOk);
  EXPECT_EQ(Do(Advance{kTa, kMonday, Step::kOpen}).reason, Reason::kOk);
  EXPECT_EQ(StepNow(), Step::kCutOff);
  EXPECT_EQ(Do(Advance{kTa, kTuesday, Step::kOpen}).reason, Reason::kDayUnknown);
}

TEST_F(Machine, FilesThatHoldSomethingElseAreNotApproved) {
  ToExport();
  Do(SealRecorded{kTa, kMonday, 1, {{0, 2, Money::Whole(100), Units(), 9}}, {}, false});
  const FilesWritten wrong{kTa, kMonday, 1, {}, {{{0, 1, Money::Whole(50), Units(), 9}}, 0, 5, 5}};
  Do(wrong);
  EXPECT_EQ(StepNow(), Step::kApproveOut);
  EXPECT_EQ(machine.Blocking({kTa, kMonday}), 1u);
  EXPECT_EQ(Do(wrong).reason, Reason::kWrongStep);
  Close(1, Resolution::kExplained);
  EXPECT_EQ(StepNow(), Step::kExport);  // written anew
  Do(FilesWritten{kTa, kMonday, 1, {}, {{{0, 2, Money::Whole(100), Units(), 9}}, 0, 5, 5}});
  EXPECT_EQ(StepNow(), Step::kRelease);
}

TEST_F(Machine, ReleasedFilesStayAsTheyAre) {
  ToAwait();
  EXPECT_EQ(StepNow(), Step::kAwait);
  EXPECT_EQ(Do(FilesWritten{kTa, kMonday, 1, {}, {}}).reason, Reason::kTransferReleased);
  EXPECT_EQ(Do(FilesReleased{kTa, kMonday, 1}).reason, Reason::kOk);
  EXPECT_EQ(Do(Dispatched{kTa, kMonday, 1}).reason, Reason::kOk);
  EXPECT_EQ(machine.Due(kTa, kMonday).size(), 0u);
  EXPECT_EQ(machine.Due(kTa, kTuesday).size(), 1u);
}

TEST_F(Machine, ACleanTransferNeedsNobody) {
  ToAwait();
  Take(1);
  EXPECT_EQ(StepNow(), Step::kValidate);
  Do(Validated{kTa, kMonday, true, 3, {{FileType("04"), 1}}});
  EXPECT_EQ(StepNow(), Step::kApply);
  Take(1);  // told again
  EXPECT_EQ(StepNow(), Step::kApply);
}

TEST_F(Machine, OneBreakALineHoweverOftenItIsFound) {
  ToAwait();
  Take(1);
  const FindingsRecorded found{kTa, kMonday, Stage::kIn, {At("04", 1), At("04", 2), At("04", 1)}};
  Do(found);
  Do(found);
  EXPECT_EQ(machine.OpenBreaks({kTa, kMonday}), 2u);
  Do(Validated{kTa, kMonday, true, 3, {}});
  EXPECT_EQ(StepNow(), Step::kApproveIn);
  Close(1, Resolution::kAcceptTa);
  EXPECT_EQ(StepNow(), Step::kApproveIn);
  Close(2, Resolution::kExplained);
  EXPECT_EQ(StepNow(), Step::kApply);
}

TEST_F(Machine, TwoDifferentPeople) {
  ToAwait();
  Do(FindingsRecorded{kTa, kMonday, Stage::kNote, {At("04", 1)}});
  EXPECT_EQ(Do(ApproveResolution{1, "wang"}).reason, Reason::kNotProposed);
  EXPECT_EQ(Do(ProposeResolution{2, Resolution::kExplained, "", "zhang"}).reason, Reason::kBreakNotFound);
  EXPECT_EQ(Do(ProposeResolution{1, Resolution::kExplained, "", ""}).reason, Reason::kPersonMissing);
  EXPECT_EQ(Do(ProposeResolution{1, Resolution::kNone, "", "zhang"}).reason, Reason::kResolutionUnknown);
  EXPECT_EQ(Do(ProposeResolution{1, Resolution::kExplained, "n", "zhang"}).reason, Reason::kOk);
  EXPECT_EQ(Do(ProposeResolution{1, Resolution::kExplained, "n", "zhang"}).reason, Reason::kOk);  // a retry
  EXPECT_EQ(Do(ProposeResolution{1, Resolution::kAcceptTa, "n", "wang"}).reason, Reason::kProposedByAnother);
  EXPECT_EQ(Do(ApproveResolution{1, "zhang"}).reason, Reason::kSamePerson);
  EXPECT_EQ(Do(ApproveResolution{1, ""}).reason, Reason::kPersonMissing);
  EXPECT_EQ(Do(ApproveResolution{1, "wang"}).reason, Reason::kOk);
  EXPECT_EQ(Do(ApproveResolution{1, "wang"}).reason, Reason::kOk);  // a retry
  EXPECT_EQ(Do(ApproveResolution{1, "li"}).reason, Reason::kBreakClosed);
  EXPECT_EQ(Do(ProposeResolution{1, Resolution::kAcceptTa, "", "li"}).reason, Reason::kBreakClosed);
  const auto changes = machine.Changes(1);
  ASSERT_TRUE(changes.ok());
  ASSERT_EQ(changes->size(), 3u);
  EXPECT_EQ((*changes)[0].person, "wang");
  EXPECT_EQ((*changes)[2].to, BreakState::kOpen);
}

TEST_F(Machine, AnUnusableFileCanOnlyBeAwaitedAnew) {
  ToAwait();
  Take(1);
  Do(FindingsRecorded{kTa, kMonday, Stage::kIn, {At("04", 0, "x", BreakKind::kFileDamaged)}});
  Do(Validated{kTa, kMonday, false, 0, {}});
  EXPECT_EQ(Do(ProposeResolution{1, Resolution::kAcceptTa, "", "zhang"}).reason, Reason::kResolutionNotPossible);
  Close(1, Resolution::kAwaitCorrection);
  const Day& d = *machine.FindDay({kTa, kMonday});
  EXPECT_EQ(d.step, Step::kAwait);
  EXPECT_EQ(d.awaited, std::vector<FileType>{FileType("04")});
  EXPECT_EQ(d.files.size(), 5u);  // the others stay
  Take(2, {"04"});
  EXPECT_EQ(machine.FindDay({kTa, kMonday})->files.size(), 6u);
  Do(Validated{kTa, kMonday, true, 3, {}});
  EXPECT_EQ(StepNow(), Step::kApply);
}

TEST_F(Machine, WhatIsAwaitedAndFoundAgainIsANewBreak) {
  ToAwait();
  Take(1);
  Do(FindingsRecorded{kTa, kMonday, Stage::kIn, {At("04", 1)}});
  Do(Validated{kTa, kMonday, true, 0, {}});
  Close(1, Resolution::kAwaitCorrection);
  Take(2, {"04"});
  Do(FindingsRecorded{kTa, kMonday, Stage::kIn, {At("04", 1)}});
  EXPECT_EQ(machine.OpenBreaks({kTa, kMonday}), 1u);
}

TEST_F(Machine, AStatementMayBeCorrectedAfterPostingButNothingElse) {
  ToAwait();
  Take(1);
  Do(Validated{kTa, kMonday, true, 0, {}});
  Do(Advance{kTa, kMonday, Step::kApply});
  Do(FindingsRecorded{kTa, kMonday, Stage::kReconcile, {At("05", 1), At("04", 0)}});
  Do(ReconciledDay{kTa, kMonday, {}, {}, {}});
  EXPECT_EQ(Do(ProposeResolution{2, Resolution::kAwaitCorrection, "", "zhang"}).reason, Reason::kResolutionNotPossible);
  Close(2, Resolution::kExplained);
  Close(1, Resolution::kAwaitCorrection);
  EXPECT_EQ(StepNow(), Step::kAwait);
  Take(2, {"04", "05"});
  EXPECT_EQ(machine.FindDay({kTa, kMonday})->files[1].transfer, 1u);  // the 04 that was applied
  EXPECT_EQ(machine.FindDay({kTa, kMonday})->files[2].transfer, 2u);
  EXPECT_EQ(machine.OpenBreaks({kTa, kMonday}), 1u);  // FILE_AFTER_APPLY, a note
}

TEST_F(Machine, UnansweredOrdersAreExpectedAgain) {
  ToAwait();
  Take(1);
  Do(Validated{kTa, kMonday, true, 0, {}});
  Do(Advance{kTa, kMonday, Step::kApply});
  const ReconciledDay c{kTa, kMonday, {{OrderId(1), InvestorId(1)}}, {}, {}};
  Do(c);
  Do(c);
  EXPECT_EQ(StepNow(), Step::kSettleCash);
  EXPECT_EQ(machine.Due(kTa, kTuesday).size(), 0u);
  EXPECT_EQ(machine.Due(kTa, Date::FromRaw(20250305)).size(), 1u);
}

TEST_F(Machine, SettlementsAreDoneOnce) {
  ToAwait();
  Take(1);
  Do(Validated{kTa, kMonday, true, 0, {}});
  Do(Advance{kTa, kMonday, Step::kApply});
  const SettlementKey key{kTa, kTuesday, FundCode("110022"), 122};
  Do(ReconciledDay{kTa, kMonday, {}, {}, {{key, {kMonday, Date::FromRaw(20250305), Money::Whole(100), {}, 1}}}});
  EXPECT_TRUE(machine.Pending(kTa, kTuesday).empty());
  EXPECT_EQ(machine.NextPayDate(kTa), Date::FromRaw(20250305));
  EXPECT_EQ(Do(SettlementIntended{{SettlementKey{kTa, kTuesday, FundCode("1"), 122}}}).reason,
            Reason::kSettlementUnknown);
  Do(SettlementIntended{{key}});
  Do(SettlementsDone{{key}});
  Do(SettlementsDone{{key}});
  EXPECT_EQ(machine.FindSettlement(key)->state, SettlementState::kDone);
  EXPECT_FALSE(machine.NextPayDate(kTa).is_set());
  Do(Advance{kTa, kMonday, Step::kSettleCash});
  EXPECT_TRUE(machine.ActiveDays(kTa).empty());
  EXPECT_EQ(machine.Institution(kTa)->last_closed, kMonday);
}

TEST_F(Machine, SameCommandsSameHash) {
  const auto run = [](bool write_back) {
    MemoryStore store;
    machine::State state(&store, {ServiceId::kClearing, PartitionId(0)});
    ClearingMachine m(state, PartitionId(0));
    EXPECT_TRUE(state.Load().ok());
    TimePoint now = TimePoint::At(kMonday, TimeOfDay::Hms(15, 1));
    const auto act = [&](const auto& c) {
      machine::Context ctx;
      ctx.now = now;
      ctx.offset = state.executing = state.meta.next++;
      m.Execute(c, ctx);
      if (write_back) EXPECT_TRUE(state.WriteBack().ok());
    };
    AbsorbFacts facts;
    uint64_t seq = 0;
    for (auto& body : Facts("")) facts.facts.emplace_back(++seq, body);
    act(facts);
    act(OpenDay{kTa, kMonday});
    act(Advance{kTa, kMonday, Step::kOpen});
    act(Advance{kTa, kMonday, Step::kCutOff});
    act(SealRecorded{kTa, kMonday, 1, {{0, 1, Money::Whole(100), Units(), 9}}, {}, true});
    act(DueRecorded{kTa, kMonday, 1, 0, 0, {{FundCode("110022"), {{OrderId(1), InvestorId(1)}}}}});
    act(FilesWritten{kTa, kMonday, 1, {}, {}});
    act(ProposeResolution{1, Resolution::kExplained, "n", "zhang"});
    act(ApproveResolution{1, "wang"});
    return Encode(*state.Hash());
  };
  EXPECT_EQ(run(false), run(true));
}

}  // namespace
}  // namespace fundcore::clearing
