// The same script and seed give the same bytes: equal states and equal traces of the world, with a crash on the way,
// too.
#include <gtest/gtest.h>

#include "tools/dayrun/runner.h"
#include "tools/dayrun/sim_driver.h"

namespace fundcore::dayrun {
namespace {

struct End {
  std::string state;
  uint64_t trace = 0;
  friend bool operator==(const End&, const End&) = default;
};

End RunScript(const std::string& name, uint64_t seed, int restart_index) {
  auto script = ReadScript(std::string(DAYS_FOLDER) + "/" + name + ".day");
  EXPECT_TRUE(script.ok()) << script.status();
  RunOptions options;
  if (restart_index >= 0) options.restart_before.insert(script->lines[static_cast<size_t>(restart_index)].number);
  SimDriver driver({.seed = seed});
  Progress progress;
  const RunResult r = Runner(*script, &driver, &progress, options).Run();
  EXPECT_TRUE(r.status.ok()) << r.status;
  return {r.state_hash, driver.system()->world().trace_hash()};
}

TEST(Determinism, TwoRunsAreEqual) {
  EXPECT_EQ(RunScript("partial-confirmation", 3, -1), RunScript("partial-confirmation", 3, -1));
}

TEST(Determinism, TwoRunsWithACrashAreEqual) {
  EXPECT_EQ(RunScript("partial-confirmation", 3, 3), RunScript("partial-confirmation", 3, 3));
}

TEST(Determinism, AnotherSeedComesToTheSameEndByAnotherWay) {
  EXPECT_NE(RunScript("partial-confirmation", 4, -1).trace, RunScript("partial-confirmation", 5, -1).trace);
}

// --- What a script's failure looks like
// -----------------------------------------------------------------------------------

RunResult RunText(std::string_view lines) {
  const std::string text = std::string(
                               "name t\ntells t\ngiven fund 110022 ta 11 nav 1.0000@2025-03-03\n"
                               "given li class C4 card ending 6789 cash 100.00\n") +
                           std::string(lines);
  auto script = ParseScript("t.day", text);
  EXPECT_TRUE(script.ok()) << script.status();
  SimDriver driver({});
  Progress progress;
  return Runner(*script, &driver, &progress, {}).Run();
}

TEST(Failure, NamesTheLineTheExpectedAndTheFound) {
  const RunResult r = RunText("2025-03-03 10:00 li balance available 100.01\n");
  EXPECT_EQ(r.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(r.status.message(), "t.day:5: the available cash of li: expected 100.01, found 100.00");
}

TEST(Failure, AnOrderThatIsAcceptedIsNotRejected) {
  const RunResult r = RunText("2025-03-03 10:00 li subscribes 100.00 of 110022 -> rejected NOT_ENOUGH_CASH\n");
  EXPECT_EQ(r.status.message(), "t.day:5: the order: expected rejected NOT_ENOUGH_CASH, found ACCEPTED");
}

TEST(Failure, ABreakNobodyExpectedStopsTheClose) {
  const RunResult r = RunText(
      "2025-03-03 10:00 li subscribes 100.00 of 110022 -> accepted\n"
      "2025-03-04 night ta 11 reports 1.00 units more for that order\n"
      "2025-03-04 close\n");
  EXPECT_EQ(r.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(r.status.message().find("t.day:7: day 2025-03-03 of ta 11: expected CLOSED") == 0) << r.status;
}

TEST(Failure, TheRegisterOfTheInstitutionIsComparedWithOurs) {
  const RunResult r = RunText(
      "2025-03-03 10:00 li subscribes 100.00 of 110022 -> accepted\n"
      "2025-03-04 night ta 11 reports 1.00 units more for that order\n"
      "  ta 11 answers; expect break CONFIRMATION_DIFFERS of ta 11; chen proposes ACCEPT_TA; zhou approves\n"
      "  time passes; books balance\n");
  EXPECT_EQ(r.status.code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace fundcore::dayrun
