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

absl::StatusOr<CheckCredited> ReadCheckCredited(std::string who, Words& w) {
  FC_RETURN_IF_ERROR(w.Expect("got"));
  FC_RETURN_IF_ERROR(w.Expect("interest"));
  CheckCredited s{std::move(who), {}};
  FC_ASSIGN_OR_RETURN(s.amount, Sum(w));
  return s;
}

absl::StatusOr<Statement> ReadInterest(Words& w) {
  if (w.Take("bank")) {
    FC_RETURN_IF_ERROR(w.Expect("credits"));
    FC_RETURN_IF_ERROR(w.Expect("interest"));
    BankCredits s;
    FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
    return s;
  }
  if (w.Take("interest")) {
    if (w.Take("left")) {
      CheckInterestLeft s;
      FC_ASSIGN_OR_RETURN(s.amount, Sum(w));
      return s;
    }
    CheckInterestRun s;
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_ASSIGN_OR_RETURN(s.reference, w.Next("the bank's reference"));
    FC_RETURN_IF_ERROR(w.Expect("is"));
    FC_ASSIGN_OR_RETURN(size_t state, w.OneOf({"spread", "nobody's", "spreading"}));
    s.state = state == 0 ? "SPREAD" : state == 1 ? "NOBODY" : "SPREADING";
    if (!w.Take("over")) return s;
    FC_ASSIGN_OR_RETURN(s.investors, w.Number("a number of investors", 0, 1'000'000));
    FC_RETURN_IF_ERROR(w.Expect("investors"));
    return s;
  }
  RecordsInterest s;
  FC_ASSIGN_OR_RETURN(s.person, w.Next("a person"));
  FC_RETURN_IF_ERROR(w.Expect("records"));
  FC_RETURN_IF_ERROR(w.Expect("interest"));
  FC_ASSIGN_OR_RETURN(s.amount, Sum(w));
  FC_RETURN_IF_ERROR(w.Expect("for"));
  FC_ASSIGN_OR_RETURN(s.from, w.Day());
  FC_RETURN_IF_ERROR(w.Expect("to"));
  FC_ASSIGN_OR_RETURN(s.to, w.Day());
  FC_RETURN_IF_ERROR(w.Expect("as"));
  FC_ASSIGN_OR_RETURN(s.reference, w.Next("the bank's reference"));
  return s;
}

// "records in kind of ta 11 are 2 [with 191 1,000.00 units of 110022]".
absl::StatusOr<CheckInKind> ReadCheckInKind(const Script& script, Words& w) {
  CheckInKind s;
  if (!w.TakeAll({"in", "kind", "of", "ta"})) return w.Unknown({"in kind of ta"});
  FC_ASSIGN_OR_RETURN(s.ta, w.Next("an institution"));
  if (!script.Ta(s.ta)) return absl::InvalidArgumentError(StrCat("there is no ta ", s.ta));
  FC_RETURN_IF_ERROR(w.Expect("are"));
  FC_ASSIGN_OR_RETURN(s.count, w.Number("a number of records", 0, 1000));
  if (!w.Take("with")) return s;
  FC_ASSIGN_OR_RETURN(s.business, w.Number("a business", 191, 194));
  FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
  if (!w.TakeAll({"units", "of"})) return w.Unknown({"units of"});
  FC_ASSIGN_OR_RETURN(s.fund, w.Next("a fund"));
  return s;
}

}  // namespace fundcore::dayrun
