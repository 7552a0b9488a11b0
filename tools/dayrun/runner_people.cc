// What investors change of their data, and what institutions know of them.
#include "common/types/ids.h"
#include "fundcore/account/v1/account.pb.h"
#include "tools/dayrun/runner.h"
#include "tools/dayrun/terms.h"

namespace fundcore::dayrun {

namespace av1 = account::v1;

absl::Status Runner::Do(const ChangeData& s) {
  av1::ChangeInvestorRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_request_id(RequestId(0));
  q.set_investor_id(investor);
  av1::InvestorData& d = *q.mutable_data();
  d.set_name(s.name);
  d.set_certificate_type(s.certificate_type);
  d.set_certificate_no(s.certificate_no);
  if (!s.certificate_of.empty()) d.set_certificate_no(CertificateOf(script_, *script_.Investor(s.certificate_of)));
  d.set_mobile(s.mobile);
  d.set_address(s.address);
  d.set_certificate_until(s.until);
  d.set_product_code(s.product);
  if (s.minor) d.set_minor(true);
  if (!s.guardian.empty()) {
    d.mutable_agent()->set_name(s.guardian);
    d.mutable_agent()->set_certificate_type("0");
    d.mutable_agent()->set_certificate_no(s.guardian_certificate);
  }
  auto answer = Ask<av1::ChangeInvestorResponse>("fundcore.account.v1.AccountService/ChangeInvestor", q, kApp);
  if (answer.ok() && !s.named.empty()) {
    for (const auto& f : answer->fund_accounts()) {
      if (f.data_application() == 0) continue;
      progress_->Set(StrCat("order ", s.named), StrCat(f.data_application()));
      progress_->Set(StrCat("order ", s.named, "-", f.ta_code()), StrCat(f.data_application()));
    }
  }
  return Judged(answer.status(), s.outcome, "the change");
}

absl::Status Runner::Do(const CheckData& s) {
  av1::GetAccountRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::GetAccountResponse>("fundcore.account.v1.AccountService/GetAccount", q, kApp));
    std::string state = "no fund account", code;
    for (const auto& f : a.fund_accounts()) {
      if (f.ta_code() != s.ta) continue;
      state = f.data_state();
      code = f.data_return_code();
    }
    if (state == s.state && (s.return_code.empty() || s.return_code == code)) return std::string();
    return StrCat("the data of ", s.who, " at ta ", s.ta, ": expected ", s.state, " ", s.return_code, ", found ", state, " ",
                  code);
  });
}

absl::Status Runner::Do(const CheckPerson& s) {
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  av1::OpenInvestorRequest q;
  q.set_name("?");
  q.set_certificate_type(s.certificate_type);
  q.set_certificate_no(s.certificate_no);
  FC_ASSIGN_OR_RETURN(auto a, Ask<av1::OpenInvestorResponse>("fundcore.account.v1.AccountService/OpenInvestor", q, kApp));
  if (a.existed() && a.investor_id() == investor) return absl::OkStatus();
  return Differs(StrCat("the investor of certificate ", s.certificate_no), StrCat(investor), StrCat(a.investor_id()));
}

}  // namespace fundcore::dayrun
