// What money funds earned for investors, and interest on settlement money.
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {

namespace av1 = account::v1;

absl::Status Runner::Do(const CheckIncome& s) {
  av1::GetAccountRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::GetAccountResponse>("fundcore.account.v1.AccountService/GetAccount", q, kApp));
    av1::Position found;
    for (const auto& p : a.positions())
      if (p.fund_code() == s.fund) found = p;
    if (found.income_fen() != s.unpaid.raw()) {
      return StrCat("the unpaid income of ", s.who, " from ", s.fund, ": expected ", s.unpaid.ToGrouped(), ", found ",
                    Money::FromRaw(found.income_fen()).ToGrouped(), " as of ", found.income_through());
    }
    // Trailing zeros say nothing: 0.006 and 0.00600000000000 are the same.
    std::string rest = found.income_rest();
    while (!rest.empty() && rest.back() == '0') rest.pop_back();
    std::string expected = s.rest;
    while (!expected.empty() && expected.back() == '0') expected.pop_back();
    if (!s.rest.empty() && rest != expected)
      return StrCat("what is below a fen of the income of ", s.who, ": expected ", s.rest, ", found ", found.income_rest());
    return std::string();
  });
}

absl::Status Runner::Do(const BankCredits& s) {
  bank::v1::ExecuteRequest q;
  auto* i = q.add_instructions();
  i->set_instruction_id(RequestId(0));
  i->set_direction(bank::v1::INTEREST_TO_SETTLEMENT);
  i->set_counterparty("bank");
  i->set_amount_fen(s.amount.raw());
  FC_ASSIGN_OR_RETURN(auto r, Ask<bank::v1::ExecuteResponse>("fundcore.bank.v1.BankService/Execute", q, kOperator));
  if (!r.results(0).done()) return absl::FailedPreconditionError(r.results(0).message());
  return absl::OkStatus();
}

absl::Status Runner::Do(const RecordsInterest& s) {
  clearing::v1::RecordInterestRequest q;
  q.set_person(s.person);
  q.set_reference(s.reference);
  q.set_amount_fen(s.amount.raw());
  q.set_first_day(s.from.raw());
  q.set_last_day(s.to.raw());
  return Judged(Ask<clearing::v1::InterestRun>("fundcore.clearing.v1.ClearingService/RecordInterest", q,
      kOperator).status(),
                s.outcome, "the record");
}

absl::Status Runner::Do(const CheckInKind& s) {
  clearing::v1::ListInKindRequest q;
  q.set_ta_code(s.ta);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto r, Ask<clearing::v1::ListInKindResponse>("fundcore.clearing.v1.ClearingService/ListInKind", q, kOperator));
    if (r.records_size() != s.count) return StrCat("records in kind of ta ", s.ta, ": expected ", s.count, ", found ", r.records_size());
    std::string seen;
    for (const auto& k : r.records()) {
      if (static_cast<int>(k.business()) == s.business && k.units_e2() == s.units.raw() && k.fund_code() == s.fund) return std::string();
      seen += StrCat(seen.empty() ? "" : ", ", k.business(), " ", Units::FromRaw(k.units_e2()).ToGrouped(), " of ", k.fund_code());
    }
    if (s.business == 0) return std::string();
    return StrCat("a record in kind ", s.business, " ", s.units.ToGrouped(), " of ", s.fund, " is not there; there are ", seen);
  });
}

absl::Status Runner::Do(const CheckCredited& s) {
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  return Eventually([&]() -> absl::StatusOr<std::string> {
    av1::ListLedgerRequest q;
    q.set_investor_id(investor);
    q.set_page_size(500);
    FC_ASSIGN_OR_RETURN(auto lines, Ask<av1::ListLedgerResponse>("fundcore.account.v1.AccountService/ListLedger", q,
        kApp));
    Money got;
    for (const auto& line : lines.lines())
      if (line.cause() == "INTEREST_CREDITED") got += Money::FromRaw(line.amount_fen());
    if (got == s.amount) return std::string();
    return StrCat("interest on the money of ", s.who, ": expected ", s.amount.ToGrouped(), ", found ", got.ToGrouped());
  });
}

absl::Status Runner::Do(const CheckInterestRun& s) {
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto r,
        Ask<clearing::v1::ListInterestResponse>("fundcore.clearing.v1.ClearingService/ListInterest",
                                                                       clearing::v1::ListInterestRequest(), kOperator));
    for (const auto& run : r.runs()) {
      if (run.reference() != s.reference) continue;
      if (run.state() != s.state) return StrCat("the interest of ", s.reference, ": expected ", s.state, ", found ",
          run.state());
      if (s.investors && run.investors() != static_cast<uint64_t>(*s.investors))
        return StrCat("who got interest of ", s.reference, ": expected ", *s.investors, ", found ", run.investors());
      return std::string();
    }
    return StrCat("no interest is recorded as ", s.reference);
  });
}

absl::Status Runner::Do(const CheckInterestLeft& s) {
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto books, Ask<av1::TrialBalanceResponse>("fundcore.account.v1.AccountService/TrialBalance",
                                                                   av1::TrialBalanceRequest(), kOperator));
    Money left;
    for (const av1::Leg& leg : books.cash())
      if (leg.name() == "SETTLEMENT_INTEREST") left -= Money::FromRaw(leg.amount_fen());
    if (left == s.amount) return std::string();
    return StrCat("interest that is not spread: expected ", s.amount.ToGrouped(), ", found ", left.ToGrouped());
  });
}

}  // namespace fundcore::dayrun
