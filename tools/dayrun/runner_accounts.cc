// What investors ask of their fund accounts.
#include "common/types/ids.h"
#include "fundcore/account/v1/account.pb.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {

namespace av1 = account::v1;

absl::Status Runner::Do(const AskForAccount& s) {
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  if (s.business == 1) {
    av1::OpenFundAccountRequest q;
    q.set_investor_id(investor);
    q.set_ta_code(s.ta);
    q.set_former_trading_account(s.former);
    auto answer = Ask<av1::OpenFundAccountResponse>("fundcore.account.v1.AccountService/OpenFundAccount", q, kApp);
    return Judged(answer.status(), s.outcome, "the opening");
  }
  av1::RequestAccountRequest q;
  q.set_request_id(RequestId(0));
  q.set_investor_id(investor);
  q.set_ta_code(s.ta);
  q.set_business(s.business);
  q.set_cause(s.cause);
  if (s.until) q.set_until(s.until->raw());
  auto answer = Ask<av1::RequestAccountResponse>("fundcore.account.v1.AccountService/RequestAccount", q, kApp);
  // In files an application is found by its number, as an order is.
  if (answer.ok() && !s.name.empty()) progress_->Set(StrCat("order ", s.name), StrCat(answer->application_id()));
  return Judged(answer.status(), s.outcome, "the application");
}

}  // namespace fundcore::dayrun
