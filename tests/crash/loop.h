// The crash loop: a real server under load, blow after blow, and the verdict.
//
//   Report report;
//   bool good = RunLoop({.kills = 20, .seed = 7}, &report);
//   report.faults; report.Figures();
//
// A run is a plan drawn from the seed: which blows, in which order, with which parameters. Where exactly the server stands when
// a blow falls depends on the machine, so a seed repeats the plan, not the run. Called from the main thread, which must
// outlive the server.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace fundcore::crash {

struct LoopOptions {
  int kills = 20;                  // deaths of the server: SIGKILLs and crash points; a tenth as many of each other kind
  uint64_t seed = 0;
  std::set<std::string> kinds = {"kill", "stop", "crashpoint", "diskfull", "damage"};
  int minutes = 0;                 // ends early after so long; 0: no limit
  int rate = 3000;                 // orders a second
  int investors = 400;             // at most 1,000 orders each: more a day are challenged by risk, so that nothing new comes after
  int first_starts = 4;            // of new folders that die at a call on the disk; with crashpoint
  bool small_disk = false;         // on a small file system of its own in memory, filled for real; needs root
  bool tell = true;                // a line for each blow
};

struct Report {
  std::vector<std::string> faults;
  std::map<std::string, int> blows;      // by kind and name
  uint64_t orders = 0, accepted = 0, rejected = 0, cancelled = 0, repeats = 0, other_content = 0, payments = 0;
  int deaths = 0;
  double seconds = 0, slowest_start = 0;
  std::string no_answers;
  std::string Figures() const;
};

const std::set<std::string>& Kinds();
// True where every promise was kept and every refusal was the right one.
bool RunLoop(const LoopOptions& options, Report* report);

}  // namespace fundcore::crash
