// The cluster loop: fundcore as several processes on a real Kafka, under load, blow after blow, and the verdict. The senders,
// the record of what they were promised and the judge are those of the crash loop (tests/crash/promises.h).
//
//   ClusterReport report;
//   bool good = RunClusterLoop({.kills = 20, .brokers = 3}, &report);
//   report.faults; report.Figures();
//
// The seed repeats the plan of blows, not the run. Called from the main thread, which must outlive the processes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fundcore::cluster_test {

struct ClusterLoopOptions {
  int kills = 10;          // of service processes; the other kinds as below
  uint64_t seed = 1;
  int brokers = 1;         // 1 or 3
  int copies = 2;          // processes of each role
  int rate = 300;          // orders a second
  int investors = 200;
  int stop_seconds = 5;    // how long a stopped process stays stopped
  int rounds = 1;          // of each other kind
  std::string version;     // of Kafka; empty: what tests run on
  // stop: SIGSTOP of a service process. broker: SIGKILL of a broker that leads, and its restart. brokers: two of three, or
  // the only one, at the same time; then all. cut: a process loses its connections to the brokers. disk: a broker's disk is
  // full. upgrade: each process is exchanged for one that knows the next machine version, which is then switched on.
  std::set<std::string> kinds = {"kill", "stop", "broker", "brokers", "cut", "disk", "upgrade"};
  bool tell = true;
};

struct ClusterReport {
  std::vector<std::string> faults;
  std::map<std::string, int> blows;
  // Seconds from a blow to the next accepted order of the partition that waited longest, by kind of blow; and the longest
  // gap between acknowledgements of a raw idempotent producer on the same brokers at the same time.
  std::map<std::string, std::vector<double>> gaps, raw_gaps;
  uint64_t orders = 0, accepted = 0, rejected = 0, cancelled = 0, repeats = 0, payments = 0;
  std::string no_answers;
  double seconds = 0;
  std::string skipped;  // not empty: there is no Kafka to be had here, and why
  std::string Figures() const;
};

const std::set<std::string>& ClusterKinds();
bool RunClusterLoop(const ClusterLoopOptions& options, ClusterReport* report);

}  // namespace fundcore::cluster_test
