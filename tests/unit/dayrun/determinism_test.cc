// The same script and seed give the same bytes: equal states and equal traces of the world, with a crash on the way, too.
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

}  // namespace
}  // namespace fundcore::dayrun
