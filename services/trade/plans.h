// Plans (定投): orders that come again by themselves. What is said about them in commands, what is kept of them, and when their
// debits fall due.
//
// A plan has debit days. On each the machine, told by a Tick, names the plan as due; the worker makes an order of it, through
// the same command as an investor's, under a request id made of plan and day, so that there is one whatever crashes. Without
// enough cash the debit is tried again on the next two open days; three tries without success are a miss, and a plan that
// misses too often ends. A fund that takes no such orders on the day is no miss.
//
// Debit days are found by day, not by plan: a Tick looks at those that are due and at nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/codec.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "services/trade/commands.h"

namespace fundcore::trade {

enum class PlanUnit : uint8_t { kWeekly = 1, kFortnightly = 2, kMonthly = 3 };
enum class MissRule : uint8_t { kThreeInARow = 1, kThreeInAll = 2, kTwelveInARow = 3 };
// The values are those of the API.
enum class PlanState : uint8_t { kNone = 0, kOpening = 1, kActive = 2, kPaused = 3, kEnded = 4 };
enum class PlanEvent : uint8_t {
  kDebited = 1,
  kTryFailed = 2,
  kMissed = 3,
  kFundSuspended = 4,
  kBlocked = 5,
  kNothingToBuy = 6,
  kUndone = 7,
  kLate = 8,
};

struct PlanTerms {
  PlanUnit unit = PlanUnit::kMonthly;
  uint8_t day = 1;  // 1 = Monday to 7, or 1 to 31
  MissRule miss_rule = MissRule::kThreeInARow;
  uint8_t flags = 0;  // as in an order
  bool redemption = false;
  bool to_target = false;
  Money amount;
  Units units;
  Date first, last;    // last unset: no end
  uint32_t times = 0;  // 0: no end
  friend bool operator==(const PlanTerms&, const PlanTerms&) = default;
  FC_FIELDS(unit, day, miss_rule, flags, redemption, to_target, amount, units, first, last, times)
};

// What the institution of a fund is told of plans: nothing, that a debit is one (039, 063), or the plans too (059 to 061).
enum class PlansAt : uint8_t { kNothing, kDebits, kAll };

// The first debit day after `after`, before it moves to an open day; unset where the plan has no further one.
Date NextDebitDay(const PlanTerms& terms, Date after);

// --- Commands.

struct MakePlan {
  static constexpr uint8_t kTag = 65;
  CallerId caller;
  std::string_view request_id;
  InvestorId investor;
  FundCode fund;
  PlanTerms terms;
  FC_FIELDS(caller, request_id, investor, fund, terms)
};

enum class PlanAction : uint8_t { kChange = 1, kPause = 2, kResume = 3, kEnd = 4 };

struct ChangePlan {
  static constexpr uint8_t kTag = 66;
  InvestorId investor;
  OrderId plan;
  PlanAction action = PlanAction::kPause;
  PlanTerms terms;  // of a change
  FC_FIELDS(investor, plan, action, terms)
};

// Names the plans that are due by now, as many as one command may. Repeated while the result says `more`.
struct PlanTick {
  static constexpr uint8_t kTag = 67;
  FC_NO_FIELDS()
};

// There was no order to make of a debit: the target is reached, or cannot be compared with.
struct SkipDebit {
  static constexpr uint8_t kTag = 68;
  uint64_t plan = 0;  // sequence
  Date day;
  uint16_t reason = 0;  // trade's own
  FC_FIELDS(plan, day, reason)
};

// --- State.

// No debit is made before this time of the day.
inline constexpr TimeOfDay kDebitTime = TimeOfDay::Hms(9, 30);
inline constexpr uint8_t kDebitTries = 3;
inline constexpr uint32_t kMostPlans = 200;  // of an investor
inline constexpr size_t kPlanNotes = 12;

struct PlanNote {
  Date debit_day;
  Date day;
  PlanEvent event = PlanEvent::kDebited;
  uint8_t source = 0;  // a ReasonSource
  uint32_t reason = 0;
  uint64_t order = 0;
  FC_FIELDS(debit_day, day, event, source, reason, order)
};

struct Plan {
  InvestorId investor;
  std::string request_id;
  FundCode fund;
  PlanTerms terms;
  std::optional<PlanTerms> wanted;  // waits for the institution's 161
  PlanState state = PlanState::kNone;
  uint8_t source = 0;  // why it ended
  uint32_t reason = 0;
  TimePoint made_at, ended_at;
  Date nominal;         // the debit day by its calendar
  Date due;             // the open day it moved to
  Date next;            // of the next try; unset: none
  uint8_t tries = 0;    // of this debit, that failed
  bool firing = false;  // its order is being made, or waits for its outcome
  uint64_t order = 0;   // that waits for its outcome
  uint64_t contract = 0;   // the latest 059, 060 or 061
  uint32_t contracts = 0;  // so many of them
  uint32_t debits = 0, misses = 0, misses_in_a_row = 0;
  Money debited;
  Units redeemed;
  std::vector<PlanNote> notes;  // the last kPlanNotes
  FC_FIELDS(investor, request_id, fund, terms, wanted, state, source, reason, made_at, ended_at, nominal, due, next, tries,
            firing, order, contract, contracts, debits, misses, misses_in_a_row, debited, redeemed, notes)
};

// Of an order that a plan made.
struct PlanLink {
  uint64_t plan = 0;
  bool counted = false;  // among the plan's debits: it was accepted, and not undone since
  FC_FIELDS(plan, counted)
};

// The plans of a day lie in chunks, so that a Tick reads no more than it works off. Entries of plans that were changed
// meanwhile stay and are passed over.
inline constexpr uint64_t kPlanChunk = 256;
struct PlanDay {
  uint64_t count = 0, cursor = 0;
  FC_FIELDS(count, cursor)
};
struct PlanChunkKey {
  Date day;
  uint64_t chunk = 0;
  FC_FIELDS(day, chunk)
};
struct PlanChunk {
  std::vector<uint64_t> plans;
  FC_FIELDS(plans)
};

struct OwnPlans {
  std::vector<uint64_t> plans;
  FC_FIELDS(plans)
};

}  // namespace fundcore::trade
