// The steered clock's memory: where business time stands, as a logged command, so that a restart goes on at the same time.
//
// A data folder belongs to a real or to a steered clock for its whole life: mixing them would put stamps of one world into
// the other. The first command of the partition says which.
#pragma once

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

class ClockMachine {
 public:
  struct Result {
    bool ok = true;
    TimePoint now;
  };
  using Commands = machine::CommandList<ClaimClock, AdvanceClock>;

  ClockMachine(machine::State& state, PartitionId) : state_(state) {}

  Result Execute(const ClaimClock& c, const machine::Context&) {
    const Facts& facts = facts_.Get();
    if (facts.claimed) return {facts.steered == c.steered, facts.to};
    facts_.Mutable() = {true, c.steered, {}};
    return {true, {}};
  }
  Result Execute(const AdvanceClock& c, const machine::Context&) {
    const Facts& facts = facts_.Get();
    if (!facts.steered || c.to < facts.to) return {false, facts.to};
    facts_.Mutable().to = c.to;
    return {true, c.to};
  }

  TimePoint steered_to() { return facts_.Get().to; }
  bool claimed() { return facts_.Get().claimed; }
  bool steered() { return facts_.Get().steered; }

 private:
  struct Facts {
    bool claimed = false;
    bool steered = false;
    TimePoint to;
    FC_FIELDS(claimed, steered, to)
  };
  machine::State& state_;
  machine::Cell<Facts> facts_{state_, 1};
};

}  // namespace fundcore
