// Institutions: the transfer agents of a run. Each answers its days in order, late, slowly or wrongly as the seed says,
// and sends corrections when the settlement desk telephones. What is wrong on purpose is told to the judge.
//
//   Institutions institutions(plan, &system, &client, &judge, &trace, &counts);
//   institutions.Schedule(until);
//   institutions.CorrectionWanted("11", business_day);
//
// One thread, that of the world.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/client.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/trace.h"
#include "tools/ta_sim/ta_sim.h"

namespace fundcore::simulation {

// Takes what an institution publishes and brings it to the exchange, at once or piece by piece. The institution sees
// what it has published as published.
class Courier final : public Files {
 public:
  explicit Courier(Files* exchange) : exchange_(exchange) {}

  absl::StatusOr<std::vector<FileInfo>> List(std::string_view prefix) const override { return exchange_->List(prefix); }
  absl::StatusOr<std::string> Read(std::string_view name) const override;
  absl::Status ReadPieces(std::string_view name, size_t piece_bytes,
                          absl::FunctionRef<bool(std::string_view)> piece) const override {
    return exchange_->ReadPieces(name, piece_bytes, piece);
  }
  absl::Status Publish(std::string_view name, std::string_view bytes) override;

  // While slow, files wait for Carry, in an order that `random` shuffles.
  void SetSlow(bool slow) { slow_ = slow; }
  bool idle() const { return waiting_.empty(); }
  // Brings one file, or all.
  void Carry(SeededRandom* random, bool all);

 private:
  Files* const exchange_;
  bool slow_ = false;
  std::map<std::string, std::string, std::less<>> waiting_;
};

class Institutions {
 public:
  Institutions(const Plan& plan, dayrun::Simulated* system, Client* client, Judge* judge, Trace* trace,
               FaultCounts* counts);

  // They look every so often in the evening and the morning, up to `until`.
  void Schedule(Date until);
  void CorrectionWanted(const std::string& ta, Date business_day);
  // Faults are over: answers are right, complete and on time.
  void Heal();
  std::map<std::string, ta_sim::TaReport> Reports();

 private:
  struct Agent {
    std::string code;
    ta_sim::MemoryTaStore store;
    std::unique_ptr<Courier> courier;
    std::unique_ptr<ta_sim::TaSim> sim;
    std::set<Date> answered;
    std::map<Date, TimePoint> not_before;  // of an answer that comes late
    std::set<Date> wanted;                 // answers to correct
    struct Bought {
      std::string order, account, fund;
      int64_t left_fen = 0;  // paid and not given back
    };
    std::vector<Bought> bought;  // where money may be given back later
  };
  void Look(Agent* a);
  void Answer(Agent* a, Date answer_day, Date business_day);
  std::vector<ta_sim::Fault> DrawFaults(Agent* a, Date answer_day, Date business_day, std::vector<Injected>* injected);
  void Correct(Agent* a);
  // institutions_money.cc: 140 and 141.
  void Remember(Agent* a, const std::vector<std::string>& files);
  void DrawRefunds(Agent* a, SeededRandom* r, const std::function<void(const std::string& text, Injected)>& add);

  const Plan& plan_;
  dayrun::Simulated* const system_;
  Client* const client_;
  Judge* const judge_;
  Trace* const trace_;
  FaultCounts* const counts_;
  SeededRandom random_;
  std::vector<std::unique_ptr<Agent>> agents_;
  bool healed_ = false;
};

}  // namespace fundcore::simulation
