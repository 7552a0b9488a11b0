// simulate: the whole system in seeded, breaking worlds, one after the other, with an independent judge.
//
//   simulate --seed=7                       one run; --trace tells everything that happens
//   simulate --seeds=1..300 --jobs=2        a range; exit code 1 where any of them fails
//   simulate --seed=7 --nodes=3             as three processes over simulated brokers (drawn in a fifth of the seeds)
//   simulate --seed=7 --shrink              the smallest run that still fails
//   simulate --seed=7 --plant=NAME          with a planted bug (--list-plants)
//
// Each seed runs in a process of its own, so that a broken invariant (FC_CHECK) is a failing seed and not the end of
// the range. Exit codes: 0 clean, 1 a seed fails, 2 wrong use.
#include <CLI/CLI.hpp>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "tests/simulation/simulation.h"

namespace fundcore::simulation {
namespace {

struct Flags {
  uint64_t seed = 0;
  std::string seeds, without, plant, keep_files;
  int jobs = 1, days = 0, orders = 0, nodes = 0;
  bool trace = false, shrink = false, json = false, list_plants = false, list_faults = false, rests = false;
};

// What a worker tells about one seed. Lines of text, so that a pipe carries them.
struct Report {
  uint64_t seed = 0;
  bool failed = false;
  std::string rule;  // of the first violation
  std::string text;  // for people
  std::string hash;
  uint64_t orders = 0, repeats = 0, refusals_proven = 0, refusals_unproven = 0, moved = 0, days = 0, steps = 0,
           records = 0, crashes = 0;
  uint64_t settled = 0, refused = 0, rejected = 0, cancelled = 0, deferred = 0, withdrawn = 0, crossed = 0, debits = 0, at_once = 0;
  std::map<std::string, uint64_t> more;  // Tally::more
  FaultCounts faults{};
  double seconds = 0;

  std::string Encode() const {
    std::ostringstream s;
    s << seed << ' ' << failed << ' ' << (hash.empty() ? "-" : hash) << ' ' << orders << ' ' << repeats << ' '
      << refusals_proven << ' ' << refusals_unproven << ' ' << moved << ' ' << days << ' ' << steps << ' ' << records
      << ' ' << crashes << ' ' << settled << ' ' << refused << ' ' << rejected << ' ' << cancelled << ' '
      << deferred << ' ' << withdrawn << ' ' << crossed << ' ' << debits << ' ' << at_once << ' ' << seconds;
    for (uint64_t n : faults) s << ' ' << n;
    s << ' ' << more.size();
    for (const auto& [what, n] : more) s << ' ' << what << ' ' << n;
    s << ' ' << rule.size() << ' ' << text.size() << '\n' << rule << text;
    return s.str();
  }
  bool Decode(const std::string& bytes) {
    std::istringstream s(bytes);
    size_t rules = 0, texts = 0;
    s >> seed >> failed >> hash >> orders >> repeats >> refusals_proven >> refusals_unproven >> moved >> days >>
        steps >> records >> crashes >> settled >> refused >> rejected >> cancelled >> deferred >> withdrawn >> crossed >> debits >> at_once >> seconds;
    for (uint64_t& n : faults) s >> n;
    size_t kinds = 0;
    s >> kinds;
    for (std::string what; kinds > 0 && s >> what; --kinds) s >> more[what];
    s >> rules >> texts;
    if (!s || s.get() != '\n') return false;
    rule.resize(rules);
    text.resize(texts);
    s.read(rule.data(), static_cast<std::streamsize>(rules));
    s.read(text.data(), static_cast<std::streamsize>(texts));
    return static_cast<bool>(s) || texts == 0;
  }
};

std::string Command(const Options& o) {
  std::string s = StrCat("simulate --seed=", o.seed);
  if (o.days > 0) s += StrCat(" --days=", o.days);
  if (o.orders > 0) s += StrCat(" --orders=", o.orders);
  if (o.nodes > 0) s += StrCat(" --nodes=", o.nodes);
  if (o.rests) s += " --rests";
  std::string without;
  for (size_t i = 0; i < kFaults; ++i)
    if (o.without[i]) without += StrCat(without.empty() ? "" : ",", kFaultNames[i]);
  if (o.without.all()) without = "all";
  if (!without.empty()) s += StrCat(" --without=", without);
  if (!o.plant.empty()) s += StrCat(" --plant=", o.plant);
  return s;
}

Report RunOne(const Options& options) {
  const auto begin = std::chrono::steady_clock::now();
  const Plan plan = DrawPlan(options);
  Report report;
  report.seed = options.seed;
  if (options.keep_trace) std::printf("%s\n", plan.Describe().c_str());
  Simulation simulation(plan, options);
  const RunResult r = simulation.Run();
  report.hash = r.hash;
  report.orders = r.tally.orders;
  report.repeats = r.tally.repeats;
  report.refusals_proven = r.tally.refusals_proven;
  report.refusals_unproven = r.tally.refusals_unproven;
  report.moved = r.tally.moved_by_closing;
  report.settled = r.tally.settled;
  report.refused = r.tally.refused;
  report.rejected = r.tally.rejected;
  report.cancelled = r.tally.cancelled;
  report.deferred = r.tally.deferred;
  report.at_once = r.tally.at_once;
  report.withdrawn = r.tally.withdrawn;
  report.crossed = r.tally.crossed;
  report.debits = r.tally.debits;
  report.more = r.tally.more;
  report.days = static_cast<uint64_t>(r.days);
  report.steps = r.steps;
  report.records = r.records;
  report.crashes = r.crashes;
  report.faults = r.faults;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (r.violations.empty()) return report;
  report.failed = true;
  report.rule = r.violations.front().rule;
  report.text = StrCat(plan.Describe(), "\n");
  constexpr size_t kMost = 12;
  for (size_t i = 0; i < std::min(kMost, r.violations.size()); ++i) {
    const Violation& v = r.violations[i];
    report.text +=
        StrCat("  ", v.rule, ": ", v.subject, "\n    promised ", v.promised, "\n    found    ", v.found, "\n");
  }
  if (r.violations.size() > kMost) report.text += StrCat("  and ", r.violations.size() - kMost, " more\n");
  if (!r.history.empty()) report.text += "  history of the first:\n";
  for (const std::string& line : r.history) report.text += StrCat("    ", line, "\n");
  return report;
}

// --- Processes
// ---------------------------------------------------------------------------------------------------------

struct Child {
  pid_t pid = -1;
  int fd = -1;
  uint64_t seed = 0;
  std::string bytes;
};

Child Fork(const Options& options) {
  int ends[2];
  FC_CHECK(::pipe(ends) == 0, "no pipe");
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  FC_CHECK(pid >= 0, "no process");
  if (pid > 0) {
    ::close(ends[1]);
    return {pid, ends[0], options.seed, ""};
  }
  ::close(ends[0]);
  const std::string bytes = RunOne(options).Encode();
  std::fflush(nullptr);
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::write(ends[1], bytes.data() + at, bytes.size() - at);
    if (n <= 0) break;
    at += static_cast<size_t>(n);
  }
  ::_exit(0);
}

Report Finish(Child& child, const Options& options) {
  int how = 0;
  ::waitpid(child.pid, &how, 0);
  ::close(child.fd);
  Report report;
  if (WIFEXITED(how) && WEXITSTATUS(how) == 0 && report.Decode(child.bytes)) return report;
  report = Report();
  report.seed = child.seed;
  report.failed = true;
  report.rule = "the process died";
  report.text = StrCat(DrawPlan(options).Describe(), "\n  the process died: ",
                       WIFSIGNALED(how) ? StrCat("signal ", WTERMSIG(how)) : StrCat("exit ", WEXITSTATUS(how)),
                       "; what it said stands above\n");
  return report;
}

// Runs each of `all`, `jobs` at a time, and tells about each as it ends. `tell` returns false to stop early.
void RunAll(const std::vector<Options>& all, int jobs, const std::function<bool(const Report&)>& tell) {
  std::vector<Child> running;
  std::map<pid_t, const Options*> of;
  size_t next = 0;
  bool stop = false;
  while (!running.empty() || (next < all.size() && !stop)) {
    while (!stop && next < all.size() && static_cast<int>(running.size()) < jobs) {
      running.push_back(Fork(all[next]));
      of[running.back().pid] = &all[next++];
    }
    std::vector<pollfd> fds;
    for (const Child& c : running) fds.push_back({c.fd, POLLIN, 0});
    ::poll(fds.data(), fds.size(), -1);
    for (size_t i = running.size(); i-- > 0;) {
      if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      char piece[65536];
      const ssize_t n = ::read(running[i].fd, piece, sizeof piece);
      if (n > 0) {
        running[i].bytes.append(piece, static_cast<size_t>(n));
        continue;
      }
      Child done = std::move(running[i]);
      running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
      stop |= !tell(Finish(done, *of[done.pid]));
    }
  }
}

Report RunApart(const Options& options) {
  Report out;
  RunAll({options}, 1, [&](const Report& r) { return out = r, true; });
  return out;
}

// --- Shrinking
// ---------------------------------------------------------------------------------------------------------

// Fewer days, fewer orders, fewer kinds of trouble, as long as the same rule is broken.
Options Shrink(Options o, const std::string& rule) {
  const Plan plan = DrawPlan(o);
  const auto fails = [&](const Options& smaller) {
    const Report r = RunApart(smaller);
    const bool same = r.failed && r.rule == rule;
    std::fprintf(stderr, "%s %s\n", same ? "still fails:" : "does not:  ", Command(smaller).c_str());
    return same;
  };
  int days = static_cast<int>(plan.days.size()), orders = plan.orders_a_day;
  for (int n = 1; n < days; n = n * 2) {
    Options smaller = o;
    smaller.days = n;
    if (!fails(smaller)) continue;
    o = smaller;
    break;
  }
  for (int n = orders / 2; n >= 1; n /= 2) {
    Options smaller = o;
    smaller.orders = n;
    if (!fails(smaller)) break;
    o = smaller;
  }
  for (size_t i = 0; i < kFaults; ++i) {
    if (!plan.faults[i]) continue;
    Options smaller = o;
    smaller.without.set(i);
    if (fails(smaller)) o = smaller;
  }
  return o;
}

// --- Telling
// -----------------------------------------------------------------------------------------------------------

void TellFailure(const Report& r, const Options& options) {
  std::printf("seed %llu FAILS: %s\n%s  repeat: %s\n", static_cast<unsigned long long>(r.seed), r.rule.c_str(),
              r.text.c_str(), Command(options).c_str());
  std::fflush(stdout);
}

bool ParseSeeds(const Flags& f, uint64_t* from, uint64_t* to) {
  if (f.seeds.empty()) {
    *from = *to = f.seed;
    return f.seed > 0;
  }
  const size_t dots = f.seeds.find("..");
  if (dots == std::string::npos) return false;
  char* end = nullptr;
  *from = std::strtoull(f.seeds.c_str(), &end, 10);
  if (end != f.seeds.c_str() + dots) return false;
  *to = std::strtoull(f.seeds.c_str() + dots + 2, &end, 10);
  return *end == '\0' && end != f.seeds.c_str() + dots + 2 && *from > 0 && *from <= *to && *to - *from < 10'000'000;
}

bool ParseWithout(const std::string& text, std::bitset<kFaults>* out) {
  std::istringstream s(text);
  for (std::string name; std::getline(s, name, ',');) {
    if (name == "all") {
      out->set();
      continue;
    }
    if (name == "business") {
      for (size_t i = static_cast<size_t>(kFirstBusiness); i < kFaults; ++i) out->set(i);
      continue;
    }
    const auto f = ParseFault(name);
    if (!f) {
      std::fprintf(stderr, "simulate: there is no fault \"%s\"; --list-faults names them\n", name.c_str());
      return false;
    }
    out->set(static_cast<size_t>(*f));
  }
  return true;
}

int Run(const Flags& f) {
  uint64_t from = 0, to = 0;
  Options base;
  if (!ParseSeeds(f, &from, &to)) {
    const std::string given = f.seeds.empty() ? StrCat("--seed=", f.seed) : StrCat("--seeds=", f.seeds);
    std::fprintf(stderr, "simulate: %s names no seeds; give --seed=N or --seeds=A..B with 1 <= A <= B, at most ten million\n",
                 given.c_str());
    return 2;
  }
  if (!ParseWithout(f.without, &base.without)) return 2;
  if (!f.plant.empty() && !MakePlant(f.plant)) {
    std::fprintf(stderr, "simulate: there is no plant \"%s\"; --list-plants names them\n", f.plant.c_str());
    return 2;
  }
  if (f.days < 0 || f.days > 30 || f.orders < 0 || f.orders > 100'000 || f.jobs < 1 || f.jobs > 64) {
    std::fprintf(stderr,
                 "simulate: --days=%d --orders=%d --jobs=%d: --days has at most 30, --orders at most 100000, --jobs 1 to 64\n",
                 f.days, f.orders, f.jobs);
    return 2;
  }
  if (f.nodes < 0 || f.nodes > 9 || (f.nodes > 1 && !f.plant.empty())) {
    std::fprintf(stderr, "simulate: --nodes has at most 9, and a plant grows in one process only\n");
    return 2;
  }
  base.nodes = f.nodes;
  base.rests = f.rests;
  if (!f.keep_files.empty()) {  // before the run, not after it
    std::error_code bad;
    std::filesystem::create_directories(f.keep_files, bad);
    if (bad || ::access(f.keep_files.c_str(), W_OK) != 0) {
      std::fprintf(stderr, "simulate: --keep-files=%s cannot be written (%s); name a folder that can\n", f.keep_files.c_str(),
                   bad ? bad.message().c_str() : "no permission");
      return 2;
    }
  }
  base.days = f.days;
  base.orders = f.orders;
  base.plant = f.plant;
  base.keep_trace = f.trace;
  base.keep_files = f.keep_files;
  std::vector<Options> all;
  for (uint64_t seed = from; seed <= to; ++seed) {
    all.push_back(base);
    all.back().seed = seed;
  }
  const auto begin = std::chrono::steady_clock::now();
  Report sum;
  uint64_t seeds = 0;
  std::vector<Report> failed;
  RunAll(all, f.jobs, [&](const Report& r) {
    ++seeds;
    sum.orders += r.orders;
    sum.repeats += r.repeats;
    sum.refusals_proven += r.refusals_proven;
    sum.refusals_unproven += r.refusals_unproven;
    sum.moved += r.moved;
    sum.days += r.days;
    sum.steps += r.steps;
    sum.records += r.records;
    sum.crashes += r.crashes;
    sum.settled += r.settled;
    sum.refused += r.refused;
    sum.rejected += r.rejected;
    sum.cancelled += r.cancelled;
    sum.deferred += r.deferred;
    sum.at_once += r.at_once;
    sum.withdrawn += r.withdrawn;
    sum.crossed += r.crossed;
    sum.debits += r.debits;
    for (const auto& [what, n] : r.more) sum.more[what] += n;
    sum.seconds += r.seconds;
    for (size_t i = 0; i < kFaults; ++i) sum.faults[i] += r.faults[i];
    if (all.size() == 1) sum.hash = r.hash;
    if (r.failed) {
      Options o = base;
      o.seed = r.seed;
      if (!f.json) TellFailure(r, o);
      failed.push_back(r);
    }
    // With a plant one find is what is wanted.
    return f.plant.empty() || failed.empty();
  });
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const auto n = [](uint64_t v) { return static_cast<unsigned long long>(v); };
  if (f.json) {
    std::printf(
        "{\"seeds\":%llu,\"failed\":%zu,\"seconds\":%.1f,\"simulated_days\":%llu,\"orders\":%llu,\"repeats\":%llu,"
        "\"settled\":%llu,\"refused\":%llu,\"rejected\":%llu,\"cancelled\":%llu,\"deferred\":%llu,\"withdrawn\":%llu,\"crossed\":%llu,\"debits\":%llu,\"at_once\":%llu,"
        "\"refusals_proven\":%llu,"
        "\"refusals_unproven\":%llu,\"crashes\":%llu,\"records\":%llu,\"steps\":%llu,\"faults\":{",
        n(seeds), failed.size(), wall, n(sum.days), n(sum.orders), n(sum.repeats), n(sum.settled), n(sum.refused),
        n(sum.rejected), n(sum.cancelled), n(sum.deferred), n(sum.withdrawn), n(sum.crossed), n(sum.debits), n(sum.at_once), n(sum.refusals_proven), n(sum.refusals_unproven),
        n(sum.crashes), n(sum.records), n(sum.steps));
    for (size_t i = 0; i < kFaults; ++i)
      std::printf("%s\"%s\":%llu", i ? "," : "", std::string(kFaultNames[i]).c_str(), n(sum.faults[i]));
    std::printf("},\"more\":{");
    for (const auto& [what, k] : sum.more) std::printf("%s\"%s\":%llu", what == sum.more.begin()->first ? "" : ",", what.c_str(), n(k));
    std::printf("},\"failures\":[");
    for (size_t i = 0; i < failed.size(); ++i)
      std::printf("%s{\"seed\":%llu,\"rule\":\"%s\"}", i ? "," : "", n(failed[i].seed), failed[i].rule.c_str());
    std::printf("]}\n");
  } else {
    if (all.size() == 1) std::printf("seed %llu: hash %s\n", n(from), sum.hash.c_str());
    std::printf(
        "%llu seeds, %zu failed; %llu simulated days, %llu orders (%llu settled, %llu refused by institutions, %llu "
        "rejected, "
        "%llu cancelled), %llu repeated answers, %llu crashes\n",
        n(seeds), failed.size(), n(sum.days), n(sum.orders), n(sum.settled), n(sum.refused), n(sum.rejected),
        n(sum.cancelled), n(sum.repeats), n(sum.crashes));
    std::printf("%llu of them made by plans, %llu confirmed over several days, %llu rests withdrawn, %llu conversions between "
                "institutions, %llu redemptions at once\n", n(sum.debits), n(sum.deferred), n(sum.withdrawn), n(sum.crossed), n(sum.at_once));
    for (const auto& [what, k] : sum.more) std::printf("%s %llu%s", what.c_str(), n(k), what == sum.more.rbegin()->first ? "\n" : ", ");
    std::printf("refusals: %llu proven right, %llu possible; %llu receipts moved by the closing of their day\n",
                n(sum.refusals_proven), n(sum.refusals_unproven), n(sum.moved));
    std::printf("%.1f s: %.1f seeds/s, %.0f orders/s, %.0f steps/s of one core\n", wall,
                static_cast<double>(seeds) / wall, static_cast<double>(sum.orders) / wall,
                sum.seconds > 0 ? static_cast<double>(sum.steps) / sum.seconds : 0.0);
    std::printf("faults:");
    for (size_t i = 0; i < kFaults; ++i)
      if (sum.faults[i]) std::printf(" %s %llu", std::string(kFaultNames[i]).c_str(), n(sum.faults[i]));
    std::printf("\n");
  }
  if (failed.empty()) return 0;
  Options smallest = base;
  smallest.seed = failed.front().seed;
  if (f.shrink) {
    smallest = Shrink(smallest, failed.front().rule);
    TellFailure(RunApart(smallest), smallest);
  }
  if (!f.json) std::printf("repeat: %s\n", Command(smallest).c_str());
  return 1;
}

}  // namespace
}  // namespace fundcore::simulation

int main(int argc, char** argv) {
  using namespace fundcore::simulation;
  Flags f;
  CLI::App app("Runs the whole system in seeded worlds with faults and judges it.");
  app.add_option("--seed", f.seed, "the seed of one run");
  app.add_option("--seeds", f.seeds, "a range, A..B");
  app.add_option("--jobs", f.jobs, "processes at a time");
  app.add_option("--days", f.days, "days on which investors act, instead of drawn");
  app.add_option("--orders", f.orders, "orders a day, instead of drawn");
  app.add_option("--nodes", f.nodes, "processes, instead of drawn");
  app.add_option("--without", f.without, "faults to leave out, with commas; all");
  app.add_flag("--rests", f.rests, "some worlds defer the rests of large redemptions: docs/proof.md says what to expect");
  app.add_option("--plant", f.plant, "a planted bug");
  app.add_option("--keep-files", f.keep_files, "a folder that gets all files that were exchanged");
  app.add_flag("--trace", f.trace, "print everything that happens");
  app.add_flag("--shrink", f.shrink, "look for the smallest run that still fails");
  app.add_flag("--json", f.json, "one JSON object instead of text");
  app.add_flag("--list-plants", f.list_plants, "the planted bugs, and within how many seeds each is found");
  app.add_flag("--list-faults", f.list_faults, "the kinds of trouble");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    return code == 0 ? 0 : 2;
  }
  if (f.list_plants) {
    for (const PlantInfo& p : Plants())
      std::printf("%-22s %3d  %s\n", std::string(p.name).c_str(), p.within_seeds, std::string(p.mistake).c_str());
    return 0;
  }
  if (f.list_faults) {
    for (std::string_view name : kFaultNames) std::printf("%s\n", std::string(name).c_str());
    return 0;
  }
  return Run(f);
}
