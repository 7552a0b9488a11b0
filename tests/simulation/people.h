// Who acts in a run: investors with their apps, and two operators at the settlement desk. They make calls, tell the
// judge what they asked for and what they were told, and ask again until they know.
//
//   Investors investors(plan, &client, &judge, &trace);
//   investors.Schedule();               // their acts are timers of the world from here on
//   Operators operators(plan, &client, &judge, &trace, [](ta, day) { … telephone the institution … });
//   operators.Schedule(until);
//
// One thread, that of the world; the objects outlive it.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/client.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/trace.h"

namespace fundcore::simulation {

inline constexpr std::string_view kApp = "investor-app";
inline constexpr std::string_view kOperator = "operator";

inline uint64_t& Count(FaultCounts* counts, Fault f) { return (*counts)[static_cast<size_t>(f)]; }

class Investors {
 public:
  Investors(const Plan& plan, Client* client, Judge* judge, Trace* trace, FaultCounts* counts);

  // What setting up has found out.
  void Opened(size_t investor, uint64_t id, uint64_t card);
  // Plans all acts of all days.
  void Schedule();
  // From here on nobody gives up: whoever has no answer asks until there is one.
  void Persist();
  // Requests and payments without an answer that will be asked for again.
  size_t waiting() const { return waiting_; }

 private:
  struct Who {
    uint64_t id = 0, card = 0;
    std::string last_order;  // request id of the latest order of this investor
  };
  void Deposit(size_t i, int64_t fen);
  void Withdraw(size_t i, int64_t fen);
  void Pay(size_t i, const std::string& request, bool deposit, int64_t fen, int tries);
  void Buy(size_t i, const std::string& fund, int64_t fen);
  void ScheduleConversions();
  void ScheduleFast();
  void ScheduleExits();
  void ScheduleOffers();  // subscribers.cc
  void ScheduleReservations();
  void ScheduleMoves();  // movers.cc
  void ScheduleCards();  // changers.cc
  void ChangeCard(size_t i, const std::string& request, bool second, int tries);
  void SetPayouts(size_t i, bool on, int tries);
  void LookAtCards(size_t i);
  void ScheduleTax();
  void DeclareTax(size_t i, const std::string& request, uint64_t which, Date on, int tries);
  void Move(size_t i, uint32_t business, const std::string& fund, uint64_t share, const std::string& to);
  void Convert(size_t i, uint64_t which, uint64_t share);
  void Redeem(size_t i, const std::string& fund, uint64_t share, bool blind, bool at_once = false, Date wanted = Date());
  void Submit(size_t i, const Content& content);
  void Ask(size_t i, const std::string& request, const Content& content, int tries);
  void CancelLast(size_t i);
  void CancelReserved(size_t i);
  void Cancel(size_t i, const std::string& request, int tries);
  void ScheduleAccounts();
  // A business of the fund account at `ta`; 1 is opening it.
  void Apply(size_t i, const std::string& request, const std::string& ta, uint32_t business, int tries);
  void Later(int tries, std::function<void()> what);
  std::string NewId(std::string_view what);

  const Plan& plan_;
  Client* const client_;
  Judge* const judge_;
  Trace* const trace_;
  FaultCounts* const counts_;
  SeededRandom random_;
  std::vector<Who> who_;
  std::map<std::string, uint64_t> orders_;  // acknowledged: request id, number
  std::map<std::string, uint64_t> card_of_payment_;
  uint64_t next_id_ = 0;
  size_t waiting_ = 0;
  bool persist_ = false;
};

// Make their savings plans on the first day, and end some of them again.
class Savers {
 public:
  Savers(const Plan& plan, Client* client, Judge* judge, Trace* trace);
  void Schedule();
  size_t waiting() const { return waiting_; }

 private:
  void Make(size_t which, int tries);
  void End(size_t which, int tries);
  void Later(int tries, std::function<void()> what);

  const Plan& plan_;
  Client* const client_;
  Judge* const judge_;
  Trace* const trace_;
  SeededRandom random_;
  std::map<size_t, uint64_t> numbers_;  // of those that were acknowledged
  size_t waiting_ = 0;
};

// The one who records what the bank has credited, and who ends campaigns; a colleague does the same at the same time now and then.
class Desk {
 public:
  Desk(const Plan& plan, Client* client, Judge* judge, Trace* trace, FaultCounts* counts);
  // Changes of cards are decided up to `until`.
  void Schedule(Date until);
  size_t waiting() const { return waiting_; }

 private:
  void Credit(size_t which, int tries);
  void Record(size_t which, std::string_view person, int tries);
  void Overlap(size_t which);
  void End(size_t campaign, int tries);
  void LookAtCardChanges();
  void Later(int tries, std::function<void()> what);

  const Plan& plan_;
  Client* const client_;
  Judge* const judge_;
  Trace* const trace_;
  FaultCounts* const counts_;
  SeededRandom random_;
  size_t waiting_ = 0;
};

class Operators {
 public:
  using Telephone = std::function<void(const std::string& ta, Date business_day)>;
  Operators(const Plan& plan, Client* client, Judge* judge, Trace* trace, FaultCounts* counts,
            Telephone ask_for_correction);

  // They look in the evening and in the morning of each day up to `until`.
  void Schedule(Date until);
  void Look();
  // Faults are over: no more races.
  void Persist() { calm_ = true; }

 private:
  void Handle(const clearing::v1::Break& b);
  void Propose(const clearing::v1::Break& b, std::string_view person, const std::string& resolution);
  void Approve(const clearing::v1::Break& b, std::string_view person, bool must_fail);
  std::string ResolutionFor(const clearing::v1::Break& b);

  const Plan& plan_;
  Client* const client_;
  Judge* const judge_;
  Trace* const trace_;
  FaultCounts* const counts_;
  const Telephone telephone_;
  SeededRandom random_;
  std::set<std::pair<uint64_t, std::string>> not_possible_;  // break, resolution
  bool calm_ = false;
};

}  // namespace fundcore::simulation
