// What money funds earned for investors.
#include "fundcore/account/v1/account.pb.h"
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

}  // namespace fundcore::dayrun
