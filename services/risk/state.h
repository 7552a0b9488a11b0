// What a risk partition keeps: entries and table numbers. Numbers are on disk and never reused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/codec.h"
#include "common/machine/state.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "services/risk/commands.h"
#include "services/risk/limits.h"
#include "services/risk/reason.h"

namespace fundcore::risk {

enum TableNumber : uint8_t {
  kLimits = 1,
  kProfiles = 2,
  kDossiers = 3,
  kDecisions = 4,
  kEvidence = 5,
  kRequestIds = 6,
  kPolicies = 60,
  kPersons = 61,
  kAnswers = 62,
  kAnyPerson = 63,
  kProducts = 200,  // to 205
};

struct InForce {
  bool adopted = false;
  RiskLimits limits;
  FC_FIELDS(adopted, limits)
};

// What every decision on an investor reads and changes: the present standing and the present day's windows.
struct Profile {
  uint8_t risk_class = 0;             // 1 to 5; 0 where there was never an assessment
  bool lowest_class = false;
  WatchLevel watch = WatchLevel::kNone;
  Date valid_until;
  TimePoint changed_at;               // of the above. An order received earlier is judged by the dossier
  Date day;                           // of the latest order; what follows counts that day's orders that were not blocked
  uint32_t day_orders = 0;
  Money day_amount;                   // of purchases
  TimePoint large_purchase_at;        // the latest of at least the churn amount
  FC_FIELDS(risk_class, lowest_class, watch, valid_until, changed_at, day, day_orders, day_amount, large_purchase_at)
};

struct Assessment {
  TimePoint at;
  Date day;
  Date valid_until;
  uint8_t risk_class = 0;
  bool lowest_class = false;
  FC_FIELDS(at, day, valid_until, risk_class, lowest_class)
};

struct WatchChange {
  TimePoint at;
  WatchLevel level = WatchLevel::kNone;
  std::string why;
  FC_FIELDS(at, level, why)
};

// How an investor came to their standing; off the hot path. Oldest first. Kept as long as the assessment limits or an
// undecided order may ask for it.
struct Dossier {
  std::vector<Assessment> assessments;
  std::vector<WatchChange> watches;
  FC_FIELDS(assessments, watches)
};

// The values are those of the API; kNotYet is never stored.
enum class Outcome : uint8_t { kNotYet = 0, kAllow = 1, kChallenge = 2, kBlock = 3 };

struct Verdict {
  Outcome outcome = Outcome::kNotYet;
  Reason reason = Reason::kNone;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct Decision {
  Outcome outcome = Outcome::kNotYet;
  Reason reason = Reason::kNone;
  machine::History::Position evidence = 0;
  FC_FIELDS(outcome, reason, evidence)
};

// Bits of Evidence::flags.
inline constexpr uint8_t kConfirmedFlag = 1;
inline constexpr uint8_t kLowestClassFlag = 2;

// What one decision was made of, as numbers; names come when somebody asks. Under 40 bytes for an ordinary order.
struct Evidence {
  uint64_t order = 0;            // sequences
  uint64_t investor = 0;
  uint8_t business = 0;
  uint8_t flags = 0;
  uint8_t risk_class = 0;
  uint8_t risk_grade = 0;        // of the fund; 0 where it is unknown
  WatchLevel watch = WatchLevel::kNone;
  uint32_t rules = 0;            // bit n: Reason n fired
  uint32_t day_orders = 0;       // with this one
  Date valid_until;
  Money amount;
  Money day_amount;              // with this one
  Units units;
  Duration after;                // receipt, after the batch's
  uint64_t product_version = 0;  // names the fund's terms, and with them the fund
  FC_FIELDS(order, investor, business, flags, risk_class, risk_grade, watch, rules, day_orders, valid_until, amount,
            day_amount, units, after, product_version)
};

// The decisions of one command: one history entry.
struct EvidenceBatch {
  TimePoint at;
  TimePoint received;
  std::vector<Evidence> items;
  std::vector<MoreEvidence> more;

  template <class V>
  void VisitFields(V& v) {
    v(at, received, items, more);
  }
  template <class V>
  void VisitFields(V& v) const {
    if (more.empty()) {
      v(at, received, items);
    } else {
      v(at, received, items, more);
    }
  }
};

}  // namespace fundcore::risk
