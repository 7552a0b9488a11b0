// Statements about fund accounts that are there: closing, freezing and losing them, asked for or done by the institution.
#include <algorithm>

#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {
namespace {

const std::vector<std::string_view>& Verbs() {
  static const auto* const verbs = new std::vector<std::string_view>{"opens", "closes", "freezes", "thaws", "reports", "ends"};
  return *verbs;
}

}  // namespace

bool IsAccountVerb(std::string_view word) {
  return std::find(Verbs().begin(), Verbs().end(), word) != Verbs().end();
}

absl::StatusOr<AskForAccount> ReadAskForAccount(const Script& script, std::string who, Words& w) {
  AskForAccount s;
  s.who = std::move(who);
  constexpr uint32_t kBusiness[] = {1, 2, 4, 5, 6, 9};
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf(Verbs()));
  s.business = kBusiness[verb];
  FC_RETURN_IF_ERROR(w.Expect("account"));
  FC_RETURN_IF_ERROR(w.Expect("at"));
  FC_RETURN_IF_ERROR(w.Expect("ta"));
  if (w.AtEnd() || !script.Ta(w.Peek())) {
    const std::vector<std::string> known = script.tas();
    return w.Unknown({known.begin(), known.end()});
  }
  FC_ASSIGN_OR_RETURN(s.ta, w.Next("an institution"));
  if (s.business == 6) {
    FC_ASSIGN_OR_RETURN(size_t found, w.OneOf({"lost", "found"}));
    if (found == 1) s.business = 7;
  }
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"named", "until", "for"}));
    if (a == 0) {
      FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the application"));
    } else if (a == 1) {
      FC_ASSIGN_OR_RETURN(s.until, w.Day());
    } else {
      FC_RETURN_IF_ERROR(w.Expect("cause"));
      FC_ASSIGN_OR_RETURN(s.cause, w.Next("a cause of the standard"));
    }
  }
  return s;
}

absl::StatusOr<std::string> ReadAccountState(Words& w) {
  const std::vector<std::string_view> words = {"open",   "applied", "refused", "new",   "closing",        "closed",
                                               "ending", "ended",   "frozen",  "lost", "frozen-and-lost"};
  const std::vector<std::string_view> states = {"OPEN",   "APPLIED", "REFUSED", "NEW",  "CLOSING",        "CLOSED",
                                                "ENDING", "ENDED",   "FROZEN",  "LOST", "FROZEN_AND_LOST"};
  FC_ASSIGN_OR_RETURN(size_t n, w.OneOf(words));
  return std::string(states[n]);
}

absl::StatusOr<TaDoes> ReadOwnAccount(const Script& script, std::string ta, Words& w) {
  TaDoes s;
  s.ta = std::move(ta);
  s.kind = TaDoes::Kind::kOwnAccount;
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"closes", "freezes", "thaws", "ends"}));
  constexpr std::string_view kBusiness[] = {"002", "004", "005", "009"};
  s.code = std::string(kBusiness[verb]);
  FC_RETURN_IF_ERROR(w.Expect("account"));
  FC_RETURN_IF_ERROR(w.Expect("of"));
  if (w.AtEnd() || !script.Investor(w.Peek())) return w.Unknown({"the name of an investor"});
  FC_ASSIGN_OR_RETURN(s.who, w.Next("an investor"));
  return s;
}

}  // namespace fundcore::dayrun
