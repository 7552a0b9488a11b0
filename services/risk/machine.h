// Who may buy what, and who is asked for a second proof.
//
// A pure state machine, partitioned by investor. A decision is made as of the order's receipt: by the questionnaire, the
// watch level and the fund's grade that were in force then, whenever it is asked for. It is stored with what led to it;
// asked again, the stored decision comes back.
//
//   RiskMachine m(state, partition);
//   m.Execute(AdoptLimits{...}, ctx);
//   m.Execute(Decide{.received = t, .items = {...}}, ctx).verdicts[0].outcome   // kNotYet: ask again
//
// Belongs to the partition's executor, like its state.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/machine/partition.h"
#include "common/product/book.h"
#include "services/risk/commands.h"
#include "services/risk/state.h"

namespace fundcore::risk {

class RiskMachine {
 public:
  struct Result {
    Reason reason = Reason::kNone;        // of a refused questionnaire
    uint8_t risk_class = 0;
    Date valid_until;
    bool repeated = false;
    TimePoint at;                         // of a confirmation
    std::span<const Verdict> verdicts;    // of Decide, an item each; valid until the next command
  };
  using Commands = machine::CommandList<AbsorbFacts, Decide, Assess, SetWatch, AdoptLimits, PutPolicy, SetPerson,
                                        Confirm>;

  RiskMachine(machine::State& state, PartitionId partition) : state_(state), partition_(partition) {}

  Result Execute(const AbsorbFacts& c, const machine::Context& ctx);
  Result Execute(const Decide& c, const machine::Context& ctx);
  Result Execute(const Assess& c, const machine::Context& ctx);
  Result Execute(const SetWatch& c, const machine::Context& ctx);
  Result Execute(const AdoptLimits& c, const machine::Context& ctx);
  // suitability.cc
  Result Execute(const PutPolicy& c, const machine::Context& ctx);
  Result Execute(const SetPerson& c, const machine::Context& ctx);
  Result Execute(const Confirm& c, const machine::Context& ctx);

  ProductBook& products() { return products_; }
  const InForce& limits() { return limits_.Get(); }
  // nullptr where nothing was ever recorded of the investor.
  const Profile* FindProfile(uint64_t investor) { return profiles_.Find(investor); }
  const Dossier* FindDossier(uint64_t investor) { return dossiers_.Find(investor); }
  const Decision* FindDecision(uint64_t order) { return decisions_.Find(order); }

  const Person* FindPerson(uint64_t investor) { return persons_.Find(investor); }
  // In force at that moment; nullptr where none is.
  const Policy* PolicyAt(TimePoint at);
  const Policy* FindPolicy(std::string_view version);
  void ForEachAnswers(uint64_t investor, absl::FunctionRef<void(TimePoint, const Answers&)> visit);

  struct Explained {
    TimePoint decided;
    TimePoint received;
    Evidence evidence;
    MoreEvidence more;                    // `policy` is empty where there was none
  };
  // What led to a stored decision. Reads the store; for questions, not for commands.
  absl::StatusOr<Explained> Explain(uint64_t order, const Decision& decision);

 private:
  // An investor's standing at some moment.
  struct Standing {
    uint8_t risk_class = 0;
    bool lowest_class = false;
    WatchLevel watch = WatchLevel::kNone;
    Date valid_until;
  };
  struct Terms {
    const FundTerms* fund = nullptr;
    Date day;              // of receipt
    const RiskLimits* limits = nullptr;
    const FundRules* rules = nullptr;
    const Policy* policy = nullptr;
  };

  Standing StandingAt(const Profile* profile, uint64_t investor, TimePoint at);
  // What the policy and the fund's rules say of a purchase.
  class Fired;
  void JudgeSuitability(const DecideItem& item, TimePoint received, const Terms& terms, const Standing& standing, Fired& fired);
  void JudgeConfirmed(const DecideItem& item, TimePoint received, const Terms& terms, const Person* person, Fired& fired,
                      MoreEvidence& more);
  Result AssessByOptions(const Assess& c, const machine::Context& ctx);
  Reason CheckAssessments(uint64_t investor, Date today, const Policy* policy);
  void Keep(uint64_t investor, const Assessment& a, TimePoint now);
  Verdict Judge(const DecideItem& item, TimePoint received, const Terms& terms, Evidence& evidence);

  machine::State& state_;
  const PartitionId partition_;
  machine::Cell<InForce> limits_{state_, kLimits};
  // A third of all investors change between two write-backs of a busy day, so larger pages cost less than smaller ones (32:
  // 0.29 us an order, 8: 0.60). Dossiers change one by one. Orders come one after the other: large pages, of which only the
  // latest stay in memory.
  machine::PagedTable<Profile> profiles_{state_, kProfiles};
  machine::PagedTable<Dossier, 3> dossiers_{state_, kDossiers, 4 * 1024};
  machine::PagedTable<Decision, 8> decisions_{state_, kDecisions, 128};
  machine::History evidence_{state_, kEvidence};
  machine::IdIndex request_ids_{state_, kRequestIds};
  machine::Cell<Policies> policies_{state_, kPolicies};
  machine::Table<uint64_t, Person> persons_{state_, kPersons, machine::Residence::kLazy};
  machine::Table<AnswersKey, Answers> answers_{state_, kAnswers, machine::Residence::kLazy};
  machine::Cell<AnyPerson> any_person_{state_, kAnyPerson};
  ProductBook products_{state_, kProducts};

  // Room for the command in execution; holds nothing between commands that a later one reads.
  std::vector<Verdict> verdicts_;
  EvidenceBatch batch_;
};

}  // namespace fundcore::risk
