// Interest on settlement money: the bank has credited so much for a period, and every fen of it is some investor's.
//
//   RecordInterest → a run; InterestWorker (interest_worker.h) takes it on: account receives it, weighs its
//   investors, tells how the remainders lie, and credits each investor once; InterestEnded closes the run.
//
// All runs are in partition 0, since the settlement account is one. Each step may be repeated: a crash repeats the
// step at hand, and account remembers what it did of a run. The parts are those of ShareInterest
// (common/fund/interest.h) over all partitions together.
#pragma once

#include <string>
#include <string_view>

#include "common/base/codec.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::clearing {

enum class InterestState : uint8_t { kSpreading = 1, kSpread = 2, kNobody = 3 };
std::string_view StateName(InterestState state);

struct InterestRun {
  std::string reference;        // the line of the bank's statement
  Date from, to;                // both included
  Money amount;
  std::string person;
  InterestState state = InterestState::kSpreading;
  Money paid;
  uint64_t investors = 0;
  TimePoint recorded_at, done_at;
  FC_FIELDS(reference, from, to, amount, person, state, paid, investors, recorded_at, done_at)
};

inline constexpr uint8_t kTableInterestRuns = 140;
inline constexpr uint8_t kTableInterestReferences = 141;
inline constexpr PartitionId kInterestPartition{0};

struct RecordInterest {
  static constexpr uint8_t kTag = 140;
  std::string reference;
  Date from, to;
  Money amount;
  std::string person;
  FC_FIELDS(reference, from, to, amount, person)
};

// Account has credited the investors; or nobody's money was there in the period (`investors` 0).
struct InterestEnded {
  static constexpr uint8_t kTag = 141;
  uint64_t run = 0;
  Money paid;
  uint64_t investors = 0;
  FC_FIELDS(run, paid, investors)
};

}  // namespace fundcore::clearing
