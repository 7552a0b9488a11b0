// Simulation: one run of the whole system in a world that breaks. Everybody acts while faults strike; then the faults
// stop, and everything must come to its end within a bounded time; then the judge looks at all books, files and logs.
//
//   Simulation run(DrawPlan(options), options);
//   RunResult result = run.Run();
//   if (!result.violations.empty()) …
//
// One object a run, one thread. A broken invariant in the system (FC_CHECK) ends the process, as it does in production:
// whoever runs many seeds does so in processes of their own (main.cc).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/client.h"
#include "tests/simulation/institutions.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/people.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/plants.h"
#include "tests/simulation/trace.h"
#include "tools/dayrun/sim_cluster.h"
#include "tools/dayrun/sim_system.h"

namespace fundcore::simulation {

struct RunResult {
  std::vector<Violation> violations;
  std::vector<std::string> history;  // of the first violation's order: times, steps, log positions
  Tally tally;
  FaultCounts faults{};
  uint64_t steps = 0;
  uint64_t records = 0;  // in all logs
  uint64_t crashes = 0;
  std::string hash;  // over logs, files, final state and trace
  int days = 0;
};

class Simulation {
 public:
  Simulation(const Plan& plan, const Options& options);
  RunResult Run();

 private:
  // What happens to the machine, in business time, between the steps of the world.
  void At(TimePoint when, std::function<void()> what) { events_.emplace(when, std::move(what)); }
  std::unique_ptr<dayrun::Simulated> MakeSystem();
  void Advance(TimePoint to);
  void Step(TimePoint to);
  void Crash();
  void Bring();
  void Rot();
  bool SetUp();
  bool GiveInvestor(size_t n);
  void PlanTroubles();
  void PlanOutage(Fault fault, const std::string& service, SeededRandom& r);
  void PlanClusterTroubles();
  void Strike(Fault fault, SeededRandom& r);
  void LookForOrders();
  void AskWhetherStopped();
  void Heal();
  bool Progress(RunResult* result);
  bool Gather(Findings* found, std::string* why);
  void Judgement(RunResult* result);
  std::vector<std::string> HistoryOf(const Violation& v);
  void KeepFiles();
  std::string Hash();
  std::vector<trade::v1::Order> Orders(std::string* why);
  std::vector<trade::v1::Plan> SavingsPlans(std::string* why);
  std::vector<clearing::v1::BusinessDay> Days(std::string* why);
  std::vector<clearing::v1::InterestRun> InterestRuns(std::string* why);
  void GatherPerson(size_t n, Findings* f, std::string* why);
  int64_t InterestOf(uint64_t investor, std::string* why);
  uint64_t& Count(Fault f) { return counts_[static_cast<size_t>(f)]; }
  template <class Resp>
  absl::StatusOr<Resp> Ask(std::string_view method, const google::protobuf::Message& q, std::string_view caller);
  bool Expect(const absl::Status& s, std::string_view what);

  const Plan plan_;
  const Options options_;
  FaultCounts counts_{};
  bool clock_bad_ = false;
  int files_bad_ = 0;  // windows of trouble with files that are open
  std::unique_ptr<Plant> plant_;
  dayrun::SimCluster* cluster_ = nullptr;  // where there are several processes
  dayrun::SimSystem* single_ = nullptr;    // where there is one
  std::unique_ptr<dayrun::Simulated> system_;
  Trace trace_;
  Client client_, savers_client_;
  Judge judge_;
  Investors investors_;
  Savers savers_;
  Desk desk_;
  Institutions institutions_;
  Operators operators_;
  SeededRandom random_;
  std::multimap<TimePoint, std::function<void()>> events_;
  Duration pace_ = Duration::Millis(50);  // machine time at each stop of business time
  bool healed_ = false;
  // What happens when the world is stopped in mid-work next; none: everything crashes.
  std::vector<std::function<void()>> at_stop_;
  size_t known_orders_ = 0;  // of those that were acknowledged: longer ago than a lease lasts
  SeededRandom looks_;
  SeededRandom rots_;
  uint64_t crashes_ = 0;
  bool crash_in_start_next_ = false;
  bool down_ = false;  // and stays so until an event brings it up
  std::vector<std::string> checkpoints_;
  std::string stopped_fund_;  // by new terms of this run
  TimePoint stopped_from_;
};

}  // namespace fundcore::simulation
