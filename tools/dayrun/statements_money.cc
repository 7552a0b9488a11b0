// Statements about money funds: what they earned for an investor, and institutions that see that otherwise.
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {
namespace {

absl::StatusOr<std::string> FundOf(const Script& script, Words& w) {
  FC_RETURN_IF_ERROR(w.Expect("of"));
  if (w.AtEnd() || !script.Fund(w.Peek())) return w.Unknown({"the code of a fund"});
  return w.Next("a fund");
}

// Sums may be negative here.
absl::StatusOr<Money> Sum(Words& w) {
  FC_ASSIGN_OR_RETURN(std::string text, w.Next("a sum"));
  return Money::Parse(text);
}

}  // namespace

absl::StatusOr<CheckIncome> ReadCheckIncome(const Script& script, std::string who, Words& w) {
  CheckIncome s;
  s.who = std::move(who);
  FC_ASSIGN_OR_RETURN(s.unpaid, Sum(w));
  FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
  if (w.AtEnd()) return s;
  FC_RETURN_IF_ERROR(w.Expect("rest"));
  FC_ASSIGN_OR_RETURN(s.rest, w.Next("what is below a fen, in yuan"));
  return s;
}

absl::StatusOr<TaDoes> ReadOtherIncome(const Script& script, std::string ta, bool books, Words& w) {
  TaDoes s;
  s.ta = std::move(ta);
  s.kind = books ? TaDoes::Kind::kBooksIncome : TaDoes::Kind::kMisreportsIncome;
  FC_ASSIGN_OR_RETURN(s.amount, Sum(w));
  FC_ASSIGN_OR_RETURN(size_t more, w.OneOf({"more", "less"}));
  if (more == 1) s.amount = -s.amount;
  FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
  FC_RETURN_IF_ERROR(w.Expect("for"));
  if (w.AtEnd() || !script.Investor(w.Peek())) return w.Unknown({"the name of an investor"});
  FC_ASSIGN_OR_RETURN(s.who, w.Next("an investor"));
  return s;
}

}  // namespace fundcore::dayrun
