// crash_loop: the crash tests as a program, for long runs and for repeating a plan. `crash_loop --help`; exit codes: 0 every
// promise was kept, 1 one was not, 2 wrong use.
#include <CLI/CLI.hpp>

#include <cstdio>

#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"
#include "tests/crash/loop.h"

int main(int argc, char** argv) {
  using namespace fundcore;
  crash::LoopOptions options;
  options.kills = 200;
  options.investors = 4000;
  options.first_starts = 40;
  std::vector<std::string> kinds;
  CLI::App app{"crash_loop: kills, stops, starves and damages a real server under load, and holds it to its promises"};
  app.add_option("--kills", options.kills, "deaths of the server; a tenth as many of each other kind")->check(CLI::Range(1, 100'000));
  app.add_option("--seed", options.seed, "of the plan; from the clock where not given");
  app.add_option("--kinds", kinds, "of kill, stop, crashpoint, diskfull, damage; all where not given")
      ->delimiter(',')->check(CLI::IsMember(crash::Kinds()));
  app.add_option("--minutes", options.minutes, "no new blow after so long; 0 = all of them")->check(CLI::Range(0, 100'000));
  app.add_option("--rate", options.rate, "orders a second")->check(CLI::Range(1, 1'000'000));
  app.add_option("--investors", options.investors, "at most 1,000 orders each are sent")->check(CLI::Range(10, 1'000'000));
  app.add_option("--first-starts", options.first_starts, "new folders whose first start is cut short")->check(CLI::Range(0, 100'000));
  app.add_flag("--small-disk", options.small_disk, "fill a small file system in memory for real (root); holds about 100 kills");
  CLI11_PARSE(app, argc, argv);
  if (app.count("--seed") == 0) options.seed = static_cast<uint64_t>(MonotonicMicros());
  if (!kinds.empty()) options.kinds = {kinds.begin(), kinds.end()};

  crash::Report report;
  const bool good = crash::RunLoop(options, &report);
  std::printf("%s", report.Figures().c_str());
  for (size_t i = 0; i < report.faults.size() && i < 30; ++i) std::printf("FAULT %s\n", report.faults[i].c_str());
  if (report.faults.size() > 30) std::printf("and %zu more faults\n", report.faults.size() - 30);
  std::printf("%s: crash_loop --kills=%d --seed=%llu --kinds=%s --rate=%d --investors=%d --first-starts=%d%s\n",
              good ? "every promise was kept" : "FAILED; to repeat", options.kills,
              static_cast<unsigned long long>(options.seed), absl::StrJoin(options.kinds, ",").c_str(), options.rate,
              options.investors, options.first_starts, options.small_disk ? " --small-disk" : "");
  return good ? 0 : 1;
}
