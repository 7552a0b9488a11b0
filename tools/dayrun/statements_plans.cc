// Statements about plans: made, changed, paused, resumed, ended; what has become of them and of their debits.
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {
namespace {

const std::vector<std::string_view> kWeekdays = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
const std::vector<std::string_view> kEvents = {"debited", "try-failed",     "missed", "suspended",
                                               "blocked", "nothing-to-buy", "undone", "late"};

}  // namespace

bool IsPlanVerb(std::string_view word, std::string_view next) {
  if (word == "plans" || word == "pauses" || word == "resumes") return true;
  return (word == "changes" || word == "ends") && next == "plan";
}

// "li plans 500.00 of 110022 monthly on 15 …", "li plans up to 10,000.00 of …", "li plans 100.00 units of …",
// "li changes plan X to 800.00 weekly on monday …", "li pauses plan X".
absl::StatusOr<Statement> ReadPlanVerb(const Script& script, std::string who, Words& w, std::optional<Outcome> outcome) {
  FC_ASSIGN_OR_RETURN(std::string verb, w.Next("a verb"));
  if (verb != "plans" && verb != "changes") {
    SetPlan s;
    s.who = std::move(who);
    s.verb = verb;
    FC_RETURN_IF_ERROR(w.Expect("plan"));
    FC_ASSIGN_OR_RETURN(s.name, w.Next("the name of a plan"));
    s.outcome = std::move(outcome);
    return s;
  }
  MakePlan s;
  s.who = std::move(who);
  s.outcome = std::move(outcome);
  s.change = verb == "changes";
  if (s.change) {
    FC_RETURN_IF_ERROR(w.Expect("plan"));
    FC_ASSIGN_OR_RETURN(s.name, w.Next("the name of a plan"));
    FC_RETURN_IF_ERROR(w.Expect("to"));
  }
  s.to_target = w.TakeAll({"up", "to"});
  s.redemption = w.Peek(1) == "units";
  if (s.redemption) {
    FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
    w.Take("units");
  } else {
    FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
  }
  if (!s.change) {
    FC_RETURN_IF_ERROR(w.Expect("of"));
    if (w.Take("unknown")) {
      FC_ASSIGN_OR_RETURN(s.fund, w.Next("a fund"));
    } else {
      if (w.AtEnd() || !script.Fund(w.Peek())) return w.Unknown({"a fund of this script", "unknown CODE"});
      FC_ASSIGN_OR_RETURN(s.fund, w.Next("a fund"));
    }
  }
  FC_ASSIGN_OR_RETURN(size_t unit, w.OneOf({"weekly", "fortnightly", "monthly"}));
  constexpr std::string_view kUnits[] = {"weekly", "fortnightly", "monthly"};
  s.unit = std::string(kUnits[unit]);
  FC_RETURN_IF_ERROR(w.Expect("on"));
  if (unit == 2) {
    FC_ASSIGN_OR_RETURN(s.day, w.Number("a day of the month", 1, 31));
  } else {
    FC_ASSIGN_OR_RETURN(size_t day, w.OneOf(kWeekdays));
    s.day = static_cast<int>(day) + 1;
  }
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"from", "until", "for", "ending", "confirming", "rest", "named"}));
    switch (a) {
      case 0: {
        FC_ASSIGN_OR_RETURN(s.first, w.Day());
        break;
      }
      case 1: {
        FC_ASSIGN_OR_RETURN(s.last, w.Day());
        break;
      }
      case 2: {
        FC_ASSIGN_OR_RETURN(s.times, w.Number("a number of debits", 1, 100'000));
        if (!w.Take("debit")) FC_RETURN_IF_ERROR(w.Expect("debits"));
        break;
      }
      case 3: {
        FC_RETURN_IF_ERROR(w.Expect("after"));
        FC_ASSIGN_OR_RETURN(int n, w.Number("3 or 12", 3, 12));
        FC_RETURN_IF_ERROR(w.Expect("misses"));
        FC_RETURN_IF_ERROR(w.Expect("in"));
        FC_ASSIGN_OR_RETURN(size_t how, w.OneOf({"row", "all"}));
        s.rule = n == 12 ? 3 : how == 1 ? 2 : 1;
        break;
      }
      case 4: {
        FC_RETURN_IF_ERROR(w.Expect("the"));
        FC_RETURN_IF_ERROR(w.Expect("mismatch"));
        s.mismatch_confirmed = true;
        break;
      }
      case 5: {
        FC_RETURN_IF_ERROR(w.Expect("deferred"));
        s.rest_deferred = true;
        break;
      }
      default: {
        FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the plan"));
        break;
      }
    }
  }
  return s;
}

absl::StatusOr<Statement> ReadPlanLine(Words& w, std::optional<Outcome> outcome) {
  if (w.Take("debit") || w.Peek() == "contract") {
    FindDebit s;
    s.contract = w.Take("contract");
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_RETURN_IF_ERROR(w.Expect("plan"));
    FC_ASSIGN_OR_RETURN(s.name, w.Next("the name of a plan"));
    if (!s.contract) {
      FC_RETURN_IF_ERROR(w.Expect("on"));
      FC_ASSIGN_OR_RETURN(s.day, w.Day());
    }
    s.outcome = std::move(outcome);
    return s;
  }
  CheckPlan s;
  FC_RETURN_IF_ERROR(w.Expect("plan"));
  FC_ASSIGN_OR_RETURN(s.name, w.Next("the name of a plan"));
  FC_RETURN_IF_ERROR(w.Expect("is"));
  FC_ASSIGN_OR_RETURN(size_t state, w.OneOf({"opening", "active", "paused", "ended"}));
  constexpr std::string_view kStates[] = {"PLAN_OPENING", "PLAN_ACTIVE", "PLAN_PAUSED", "PLAN_ENDED"};
  s.state = std::string(kStates[state]);
  if (state == 3 && w.Take("with")) {
    FC_ASSIGN_OR_RETURN(s.reason, w.Next("a reason"));
  }
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"debits", "misses", "row", "next", "last"}));
    if (a < 3) {
      FC_ASSIGN_OR_RETURN((a == 0 ? s.debits : a == 1 ? s.misses : s.in_a_row), w.Number("a number", 0, 1'000'000));
    } else if (a == 3) {
      FC_ASSIGN_OR_RETURN(s.next, w.Day());
    } else {
      FC_ASSIGN_OR_RETURN(size_t event, w.OneOf(kEvents));
      constexpr std::string_view kNames[] = {"DEBITED", "TRY_FAILED",     "MISSED", "FUND_SUSPENDED",
                                             "BLOCKED", "NOTHING_TO_BUY", "UNDONE", "LATE"};
      s.event = std::string(kNames[event]);
      if (w.Take("with")) {
        FC_ASSIGN_OR_RETURN(s.event_reason, w.Next("a reason"));
      }
    }
  }
  return s;
}

}  // namespace fundcore::dayrun
