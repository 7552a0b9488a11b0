// Files that do not add up, and crashes.
#include <functional>

#include "tests/unit/clearing/world.h"

namespace fundcore::clearing {
namespace {

struct Awaiting : World {
  Awaiting() {
    peers.Add(2, 22, 100'00, 0);
    peers.Add(3, 22, 100'00, 0);
    peers.Add(4, 22, 100'00, 0);
    ToAwait();
    CleanAnswer();
  }
  std::string Name(std::string_view type, uint16_t n = 1) {
    return Registrar::Folder(kTuesday, n) + Registrar::Name(kTuesday, type);
  }
};

account::v1::Finding Differs(uint64_t line, const std::string& field, const std::string& rule) {
  account::v1::Finding f;
  f.set_line(line);
  f.set_field(field);
  f.set_rule(rule);
  f.set_expected("80.00");
  f.set_found("90.00");
  return f;
}

TEST(Trouble, ADamagedFileIsAwaitedAnewAndNothingWasApplied) {
  Awaiting w;
  w.registrar.Answer(kTuesday);
  std::string bytes = *w.files.Read(w.Name("04"));
  bytes.resize(bytes.size() - 40);
  w.files.Overwrite(w.Name("04"), bytes);
  ASSERT_TRUE(w.RunTo(kMonday, v1::APPROVE_IN));
  const auto breaks = w.Breaks();
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_EQ(breaks[0].kind(), "FILE_DAMAGED");
  EXPECT_NE(breaks[0].message().find("OFD_11_301_20250304_04.TXT:"), std::string::npos) << breaks[0].message();
  EXPECT_TRUE(w.peers.posted.empty());
  EXPECT_TRUE(w.peers.price_sources.empty());
  EXPECT_TRUE(absl::IsFailedPrecondition(w.Propose(breaks[0].break_id(), "ACCEPT_TA", "zhang")));
  w.Resolve("AWAIT_CORRECTION");
  ASSERT_TRUE(w.RunTo(kMonday, v1::AWAIT));
  EXPECT_EQ(w.Status(kMonday).waiting_for(), "a corrected transfer of 2025-03-04 after 001");

  w.registrar.left_out = {"02", "05", "06", "07", "25"};  // the corrected file alone
  w.registrar.Answer(kTuesday, 2);
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  EXPECT_EQ(w.peers.posted.size(), 3u);
  EXPECT_EQ(w.peers.posted_twice, 0u);
}

TEST(Trouble, TheSameDamagedFileAgainIsNoCorrection) {
  Awaiting w;
  w.registrar.Answer(kTuesday);
  std::string bytes = *w.files.Read(w.Name("04"));
  bytes[bytes.size() / 2] = 'x';
  bytes.resize(bytes.size() - 40);
  w.files.Overwrite(w.Name("04"), bytes);
  ASSERT_TRUE(w.RunTo(kMonday, v1::APPROVE_IN));
  w.Resolve("AWAIT_CORRECTION");
  w.registrar.header_transfer = 1;
  w.registrar.Answer(kTuesday, 2);  // calls itself 001 again, with other bytes
  ASSERT_TRUE(w.RunTo(kMonday, v1::APPROVE_IN));
  ASSERT_FALSE(w.Breaks().empty());
  EXPECT_EQ(w.Breaks()[0].kind(), "FILE_CONFLICT");
  w.Resolve("AWAIT_CORRECTION");
  w.registrar.header_transfer = 0;
  w.registrar.Answer(kTuesday, 3);
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
}

TEST(Trouble, WrongReceiver) {
  Awaiting w;
  w.registrar.receiver = "999";
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::APPROVE_IN));
  EXPECT_EQ(w.Breaks().size(), 6u);
}

TEST(Trouble, AWrongLineIsOneBreakWhateverIsWrongWithIt) {
  Awaiting w;
  w.peers.findings[2] = Differs(2, "ConfirmedVol", "UNITS_DIFFER");
  w.registrar.lines[1].serial = "S1";  // line 1 has it, too
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::APPROVE_IN));
  const auto breaks = w.Breaks();
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_EQ(breaks[0].line(), 2u);
  EXPECT_NE(breaks[0].message().find("TASerialNO"), std::string::npos);
  EXPECT_NE(breaks[0].message().find("ConfirmedVol"), std::string::npos);
  EXPECT_EQ(w.Status(kMonday).waiting_for(), "1 break");
  EXPECT_TRUE(w.peers.posted.empty());
  w.Resolve("ACCEPT_TA");
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  EXPECT_EQ(w.peers.posted.size(), 3u);
}

TEST(Trouble, AMissingLineIsFoundAndExpectedAgain) {
  Awaiting w;
  w.registrar.lines.erase(w.registrar.lines.begin() + 1);
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::APPROVE_IN));
  const auto breaks = w.Breaks();
  ASSERT_EQ(breaks.size(), 1u);
  EXPECT_EQ(breaks[0].kind(), "MISSING_CONFIRMATION");
  EXPECT_EQ(breaks[0].order_id(), w.peers.orders[1].id.raw());
  w.Resolve("EXPLAINED");
  ASSERT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  EXPECT_EQ(w.Machine().Due(kTa, Date::FromRaw(20250305)).size(), 1u);
}

TEST(Trouble, AnOrderConfirmedTwiceInOneFile) {
  Awaiting w;
  w.registrar.lines.push_back(w.registrar.lines[0]);
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::APPROVE_IN));
  ASSERT_EQ(w.Breaks().size(), 1u);
  EXPECT_EQ(w.Breaks()[0].kind(), "DUPLICATE_LINE");
  EXPECT_EQ(w.Breaks()[0].line(), 4u);
}

TEST(Trouble, BalancesAndTotals) {
  Awaiting w;
  w.registrar.balances = {{w.peers.orders[0].investor, 90'00}};
  w.peers.balance_findings[1] = Differs(1, "TotalVolOfDistributorInTA", "UNITS_DIFFER");
  w.peers.unit_totals["110022"] = 80'00 + 50'00;  // 50 units of a holder whom the file leaves out
  w.registrar.cash = {{"122", 1'00, false, kTuesday}};
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::RECONCILE));
  w.sim.RunUntilIdle(Duration::Seconds(1));
  std::set<std::string> kinds;
  for (auto& b : w.Breaks()) kinds.insert(b.kind());
  EXPECT_EQ(kinds, (std::set<std::string>{"BALANCE_DIFFERS", "UNIT_TOTAL_DIFFERS", "CASH_DIFFERS"}));

  // A corrected 05 is awaited, the rest is explained.
  for (auto& b : w.Breaks()) {
    ASSERT_TRUE(w.Propose(b.break_id(), b.kind() == "CASH_DIFFERS" ? "EXPLAINED" : "AWAIT_CORRECTION", "zhang").ok());
    ASSERT_TRUE(w.Approve(b.break_id(), "wang").ok());
  }
  ASSERT_TRUE(w.RunTo(kMonday, v1::AWAIT));
  w.peers.balance_findings.clear();
  w.registrar.balances = {{w.peers.orders[0].investor, 80'00}, {w.peers.orders[1].investor, 50'00}};
  w.registrar.left_out = {"02", "04", "06", "07", "25"};
  w.registrar.Answer(kTuesday, 2);
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  EXPECT_EQ(w.peers.posted_twice, 0u);
}

TEST(Trouble, SentAgainChangesNothingOtherBytesAreRefused) {
  Awaiting w;
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  w.registrar.header_transfer = 1;
  w.registrar.Answer(kTuesday, 2);  // the same bytes once more
  w.sim.RunUntilIdle(Duration::Seconds(2));
  EXPECT_TRUE(w.Breaks().empty());
  EXPECT_EQ(w.peers.posted.size(), 3u);
  w.registrar.lines[0].units += 1;
  w.registrar.Answer(kTuesday, 3);
  w.sim.RunUntilIdle(Duration::Seconds(2));
  ASSERT_EQ(w.Breaks().size(), 1u);
  EXPECT_EQ(w.Breaks()[0].kind(), "FILE_CONFLICT");
  EXPECT_EQ(w.StepOf(kMonday), v1::CLOSED);
  EXPECT_EQ(w.peers.posted.size(), 3u);
}

TEST(Trouble, AForeignFileInOurPlace) {
  World w;
  w.peers.Add(2, 22, 100'00, 0);
  const std::string name = "out/11/20250303/001/OFD_301_11_20250303_03.TXT";
  w.files.Overwrite(name, "somebody else's");
  w.GoTo(kMonday, 15, 1);
  ASSERT_TRUE(w.RunTo(kMonday, v1::RELEASE));
  w.sim.RunUntilIdle(Duration::Seconds(1));
  ASSERT_EQ(w.Breaks().size(), 1u);
  EXPECT_EQ(w.Breaks()[0].kind(), "FILE_CONFLICT");
  EXPECT_FALSE(w.peers.orders[0].dispatched);
  w.files.Remove(name);
  w.Resolve("EXPLAINED");
  EXPECT_TRUE(w.RunTo(kMonday, v1::AWAIT));
  EXPECT_TRUE(w.peers.orders[0].dispatched);
}

TEST(Trouble, PeersThatAreDownDelayAndNothingElse) {
  for (const char* method : {"CloseDay", "Seal", "SealApplications", "PullSealed", "MarkDispatched", "PutNavs",
                             "CheckConfirmations", "ApplyConfirmations", "UnitTotals", "SettlementTotals"}) {
    World w;
    w.peers.Add(2, 22, 100'00, 0);
    w.peers.down = {method};
    w.GoTo(kMonday, 15, 1);
    w.sim.RunUntilIdle(Duration::Seconds(3));
    w.CleanAnswer();
    w.registrar.lines = {{w.peers.orders[0].id, w.peers.orders[0].investor, "122", 100'00, 80'00, "0000", "", false}};
    w.registrar.Answer(kTuesday);
    w.sim.RunUntilIdle(Duration::Seconds(8));
    EXPECT_NE(w.StepOf(kMonday), v1::CLOSED) << method;
    EXPECT_TRUE(w.Breaks(true).empty()) << method;
    w.peers.down.clear();
    EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED))
        << method << " at " << w.StepOf(kMonday) << " " << w.Status(kMonday).waiting_for();
    EXPECT_EQ(w.peers.posted_twice, 0u) << method;
  }
}

bool Closed(World& w) {
  const InstitutionState* state = w.Machine().Institution(kTa);
  return state && state->last_closed == kMonday;
}

// One purchase day from cut-off to CLOSED; `crash` is called again and again meanwhile.
void RunPurchaseDay(World& w, const std::function<void(World&)>& crash) {
  w.peers.Add(2, 22, 100'00, 0);
  w.peers.Add(3, 22, 100'00, 0);
  account::v1::SettlementTotal total;
  total.set_fund_code("110022");
  total.set_business(122);
  total.set_pay_fen(200'00);
  total.set_count(2);
  w.peers.totals = {total};
  w.registrar.cash = {{"122", 200'00, false, kTuesday}};
  for (auto& o : w.peers.orders)
    w.registrar.lines.push_back({o.id, o.investor, "122", 100'00, 80'00, "0000", "", false});
  w.registrar.Answer(kTuesday);
  w.sim.AdvanceTo(TimePoint::At(kMonday, TimeOfDay::Hms(15, 1)), Duration());
  crash(w);
  for (int i = 0; i < 2000 && !Closed(w); ++i) w.sim.RunUntilIdle(Duration::Millis(500));
}

void ExpectAsIfNothingHappened(World& w) {
  EXPECT_EQ(w.StepOf(kMonday), v1::CLOSED) << w.Status(kMonday).waiting_for();
  EXPECT_TRUE(w.Breaks(true).empty());
  EXPECT_EQ(w.peers.posted_twice, 0u);
  EXPECT_EQ(w.peers.posted.size(), 2u);
  EXPECT_EQ(w.peers.bank.size(), 1u);
  for (auto& o : w.peers.orders) EXPECT_EQ(o.code, "0000");
}

TEST(Trouble, ARestartAnywhereCostsATryNotAnOrder) {
  uint64_t steps = 0;
  {
    World w;
    RunPurchaseDay(w, [](World& w) {
      const uint64_t from = w.sim.steps();
      w.sim.RunUntil([&] { return Closed(w); });
      w.peers.calls = w.sim.steps() - from;
    });
    steps = w.peers.calls;
    ExpectAsIfNothingHappened(w);
  }
  ASSERT_GT(steps, 100u);
  for (uint64_t at = 1; at < steps; at += 3) {
    SCOPED_TRACE(StrCat("killed after ", at, " of ", steps, " tasks"));
    World w;
    RunPurchaseDay(w, [at](World& w) {
      const uint64_t until = w.sim.steps() + at;
      w.sim.RunUntil([&] { return w.sim.steps() >= until; });
      w.Restart();
      w.sim.RunUntil([&, again = w.sim.steps() + at / 2] { return w.sim.steps() >= again; });
      w.Restart();
    });
    ExpectAsIfNothingHappened(w);
  }
}

TEST(Trouble, ANetworkThatLosesAndRepeatsMessages) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(StrCat("seed ", seed));
    World w(TimePoint::At(kMonday, TimeOfDay::Hms(9, 0)), seed);
    w.direct().SetFaults({.seed = seed,
                          .drop_request = 500,
                          .drop_reply = 500,
                          .duplicate = 800,
                          .min_delay = Duration(),
                          .max_delay = Duration::Millis(20)});
    RunPurchaseDay(w, [](World&) {});
    w.direct().SetFaults({});
    ExpectAsIfNothingHappened(w);
  }
}

TEST(Trouble, AReplayGivesTheSameState) {
  Awaiting w;
  w.registrar.lines.pop_back();
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::APPROVE_IN));
  w.Resolve("EXPLAINED");
  ASSERT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  // Replays into an empty store; the runtime's own entry differs by the new owner, so the states' hashes are compared.
  const auto hashes = [](World& w) {
    auto* host = static_cast<machine::Host<ClearingMachine>*>(w.service->host());
    return std::pair(Encode(*host->At(PartitionId(0)).state().Hash()),
                     Encode(*host->At(PartitionId(1)).state().Hash()));
  };
  const auto before = hashes(w);
  w.Restart();
  EXPECT_EQ(hashes(w), before);
}

TEST(Trouble, RequestsAreChecked) {
  World w;
  v1::DayStatusRequest q;
  v1::DayStatusResponse r;
  q.set_ta_code(std::string(21, 'x'));
  EXPECT_TRUE(absl::IsInvalidArgument(w.Ask("DayStatus", q, &r)));
  q.set_ta_code("11");
  q.set_day(20250231);
  EXPECT_TRUE(absl::IsInvalidArgument(w.Ask("DayStatus", q, &r)));
  q.set_day(20250401);
  EXPECT_TRUE(absl::IsNotFound(w.Ask("DayStatus", q, &r)));
  EXPECT_TRUE(absl::IsNotFound(w.Propose(12'345'678'901, "EXPLAINED", "zhang")));
  EXPECT_EQ(rpc::ReasonOf(w.Approve(1, "wang")), "BREAK_NOT_FOUND");
}

}  // namespace
}  // namespace fundcore::clearing
