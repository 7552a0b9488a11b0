// What the system remembers of its clock, as logged commands: where a steered one stands, so that a restart goes on at the
// same time, and who accepted a real one that had strayed.
//
// A data folder belongs to a real or to a steered clock for its whole life: mixing them would put stamps of one world into
// the other. The first command of the partition says which.
#pragma once

#include <string>

#include "common/machine/partition.h"

namespace fundcore {

struct ClaimClock {
  static constexpr uint8_t kTag = 2;
  bool steered = false;
  FC_FIELDS(steered)
};

struct AdvanceClock {
  static constexpr uint8_t kTag = 3;
  TimePoint to;
  FC_FIELDS(to)
};

// The wall clock had strayed from business time, and is right again or was declared right.
struct AcceptClock {
  static constexpr uint8_t kTag = 4;
  TimePoint wall;       // what it showed
  std::string person;   // who looked; "" where it came back by itself
  std::string note;
  FC_FIELDS(wall, person, note)
};

class ClockMachine {
 public:
  struct Result {
    bool ok = true;
    TimePoint now;
  };
  using Commands = machine::CommandList<ClaimClock, AdvanceClock, AcceptClock>;

  ClockMachine(machine::State& state, PartitionId) : state_(state) {}

  Result Execute(const ClaimClock& c, const machine::Context&) {
    const Facts& facts = facts_.Get();
    if (facts.claimed) return {facts.steered == c.steered, facts.to};
    Facts& now = facts_.Mutable();
    now.claimed = true;
    now.steered = c.steered;
    return {true, {}};
  }
  Result Execute(const AdvanceClock& c, const machine::Context&) {
    const Facts& facts = facts_.Get();
    if (!facts.steered || c.to < facts.to) return {false, facts.to};
    facts_.Mutable().to = c.to;
    return {true, c.to};
  }

  Result Execute(const AcceptClock& c, const machine::Context& ctx) {
    Facts& facts = facts_.Mutable();
    ++facts.accepted;
    facts.last = c;
    facts.last_at = ctx.now;
    return {true, ctx.now};
  }

  // How often, and who last; the time is business time.
  uint64_t accepted() { return facts_.Get().accepted; }
  const AcceptClock& last_accepted() { return facts_.Get().last; }
  TimePoint last_accepted_at() { return facts_.Get().last_at; }

  TimePoint steered_to() { return facts_.Get().to; }
  bool claimed() { return facts_.Get().claimed; }
  bool steered() { return facts_.Get().steered; }

 private:
  struct Facts {
    bool claimed = false;
    bool steered = false;
    TimePoint to;
    uint64_t accepted = 0;
    AcceptClock last;
    TimePoint last_at;
    FC_FIELDS(claimed, steered, to, accepted, last, last_at)
  };
  machine::State& state_;
  machine::Cell<Facts> facts_{state_, 1};
};

}  // namespace fundcore
