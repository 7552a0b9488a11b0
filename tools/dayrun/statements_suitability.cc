// Statements about suitability: policies, answers, what is known of a person, confirmations, evidence.
#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {
namespace {

absl::StatusOr<std::string> KnownFund(const Script& script, Words& w) {
  FC_ASSIGN_OR_RETURN(std::string code, w.Next("a fund"));
  if (!script.Fund(code)) return absl::InvalidArgumentError(StrCat("no fund ", code, " is given"));
  return code;
}

}  // namespace

bool IsSuitabilityVerb(std::string_view word) {
  return word == "answers" || word == "confirms" || word == "records" || word == "is" || word == "shows" ||
         word == "passes" || word == "fails";
}

absl::StatusOr<Statement> ReadSuitability(const Script& script, std::string who, Words& w) {
  if (w.Take("answers")) {
    AnswerQuestions s;
    s.who = std::move(who);
    while (!w.AtEnd() && w.Peek() != "of") {
      FC_ASSIGN_OR_RETURN(int option, w.Number("an option, from 0", 0, 255));
      s.options.push_back(option);
    }
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_ASSIGN_OR_RETURN(s.version, w.Next("the version of a policy"));
    if (w.Take("as")) {
      FC_ASSIGN_OR_RETURN(size_t c, w.OneOf({"C1", "C2", "C3", "C4", "C5", "lowest"}));
      s.lowest = c == 5;
      s.risk_class = s.lowest ? 1 : static_cast<int>(c) + 1;
    }
    return s;
  }
  if (w.Take("confirms")) {
    ConfirmText s;
    s.who = std::move(who);
    FC_ASSIGN_OR_RETURN(size_t kind, w.OneOf({"mismatch", "age"}));
    s.kind = kind == 0 ? "mismatch" : "age";
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_ASSIGN_OR_RETURN(s.fund, KnownFund(script, w));
    FC_RETURN_IF_ERROR(w.Expect("in"));
    FC_ASSIGN_OR_RETURN(s.version, w.Next("the version of a policy"));
    return s;
  }
  if (w.Take("records")) {
    ConfirmText s;
    s.who = std::move(who);
    s.kind = "recording";
    FC_ASSIGN_OR_RETURN(s.reference, w.Next("a reference"));
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_ASSIGN_OR_RETURN(s.fund, KnownFund(script, w));
    return s;
  }
  if (w.Take("shows")) {
    CountEvidence s;
    s.who = std::move(who);
    FC_ASSIGN_OR_RETURN(s.assessments, w.Number("a number of assessments", 0, 1'000));
    FC_RETURN_IF_ERROR(w.Expect("assessments"));
    FC_RETURN_IF_ERROR(w.Expect("and"));
    FC_ASSIGN_OR_RETURN(s.confirmations, w.Number("a number of confirmations", 0, 1'000));
    FC_RETURN_IF_ERROR(w.Expect("confirmations"));
    return s;
  }
  if (w.Peek() == "passes" || w.Peek() == "fails") {
    GiveProof s;
    s.who = std::move(who);
    FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"passes", "fails"}));
    s.passed = verb == 0;
    if (!w.TakeAll({"the", "proof", "of"})) return w.Unknown({"the proof of"});
    const bool that = w.Take("that");
    FC_RETURN_IF_ERROR(w.Expect("order"));
    if (!that) {
      FC_ASSIGN_OR_RETURN(s.order.name, w.Next("the name of an order"));
    }
    return s;
  }
  FC_RETURN_IF_ERROR(w.Expect("is"));
  if (w.Peek() == "watched" || w.Peek() == "blocked" || w.Peek() == "unwatched") {
    FC_ASSIGN_OR_RETURN(size_t level, w.OneOf({"unwatched", "watched", "blocked"}));
    return SetWatch{std::move(who), static_cast<int>(level)};
  }
  SetFacts s;
  s.who = std::move(who);
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t what, w.OneOf({"born", "professional", "pension-saver"}));
    if (what == 0) {
      FC_ASSIGN_OR_RETURN(s.born, w.Day());
    } else if (what == 1) {
      FC_RETURN_IF_ERROR(w.Expect("until"));
      FC_ASSIGN_OR_RETURN(s.professional_until, w.Day());
    } else {
      s.pension = true;
    }
  }
  return s;
}

absl::StatusOr<Statement> ReadPolicy(Words& w) {
  PutSuitability s;
  FC_ASSIGN_OR_RETURN(s.version, w.Next("the version of a policy"));
  FC_RETURN_IF_ERROR(w.Expect("begins"));
  if (w.Take("valid")) {
    FC_ASSIGN_OR_RETURN(s.valid_months, w.Number("a number of months", 1, 24));
    FC_RETURN_IF_ERROR(w.Expect("months"));
  }
  if (w.Take("warning")) {
    FC_RETURN_IF_ERROR(w.Expect("from"));
    FC_ASSIGN_OR_RETURN(s.age_from, w.Number("an age", 1, 150));
    FC_RETURN_IF_ERROR(w.Expect("years"));
    FC_RETURN_IF_ERROR(w.Expect("above"));
    FC_ASSIGN_OR_RETURN(size_t grade, w.OneOf({"R1", "R2", "R3", "R4"}));
    s.age_grade = static_cast<int>(grade) + 2;
  }
  return s;
}

absl::StatusOr<Statement> ReadEvidence(OrderRef order, Words& w) {
  CheckEvidence s{std::move(order), "", ""};
  FC_RETURN_IF_ERROR(w.Expect("says"));
  FC_ASSIGN_OR_RETURN(s.key, w.Next("what risk looked at, or rule"));
  FC_ASSIGN_OR_RETURN(s.value, w.Next("its value"));
  return s;
}

}  // namespace fundcore::dayrun
