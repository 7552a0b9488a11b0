// cluster_loop: the cluster loop by hand and for the long run. See cluster_loop.h and docs/proof-kills.md.
#include <CLI/CLI.hpp>

#include <cstdio>

#include "tests/cluster/cluster_loop.h"

int main(int argc, char** argv) {
  fundcore::cluster_test::ClusterLoopOptions o;
  CLI::App app{"fundcore as several processes on a real Kafka, under load, blow after blow; 1 where a promise was broken, 77 without Kafka"};
  app.add_option("--kills", o.kills, "SIGKILLs of service processes");
  app.add_option("--seed", o.seed, "of the plan");
  app.add_option("--brokers", o.brokers)->check(CLI::IsMember({1, 3}));
  app.add_option("--copies", o.copies, "processes of each role");
  app.add_option("--rate", o.rate, "orders a second");
  app.add_option("--investors", o.investors);
  app.add_option("--stop-seconds", o.stop_seconds, "how long a process is stopped or cut off");
  app.add_option("--rounds", o.rounds, "of each other kind of blow");
  app.add_option("--kafka", o.version, "its version; FUNDCORE_TEST_KAFKA or 3.9.1 where it is not given");
  std::vector<std::string> kinds;
  app.add_option("--kinds", kinds, "some of kill,stop,broker,brokers,cut,disk,upgrade")
      ->delimiter(',')
      ->check(CLI::IsMember(fundcore::cluster_test::ClusterKinds()));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return e.get_exit_code() == 0 ? app.exit(e) : (app.exit(e), 2);
  }
  if (!kinds.empty()) o.kinds = {kinds.begin(), kinds.end()};
  fundcore::cluster_test::ClusterReport report;
  RunClusterLoop(o, &report);
  if (!report.skipped.empty()) {
    std::printf("SKIPPED: %s\n", report.skipped.c_str());
    return 77;
  }
  std::printf("%s", report.Figures().c_str());
  for (const std::string& fault : report.faults) std::printf("FAULT: %s\n", fault.c_str());
  std::printf("%s\n", report.faults.empty() ? "every promise was kept" : "NOT GOOD");
  return report.faults.empty() ? 0 : 1;
}
