// Where investors pay taxes: what is declared, and what institutions know of it.
#include "common/types/ids.h"
#include "fundcore/account/v1/account.pb.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {

namespace av1 = account::v1;

namespace {

void Fill(const DeclareTax::Holder& h, av1::TaxHolder* out) {
  out->set_residency(h.residency);
  out->set_chinese_name(h.name);
  out->set_family_name(h.family);
  out->set_first_name(h.first);
  out->set_controller_type(h.type);
  out->set_share_e4(int64_t{100} * h.share);
  out->set_birth_date(h.born);
  out->set_birth_country(h.born_in);
  out->set_living_country(h.living);
  out->set_living_address(h.address);
  for (const auto& c : h.countries) {
    av1::TaxCountry* country = out->add_countries();
    country->set_country(c.country);
    country->set_tin(c.tin);
    country->set_no_tin_reason(c.why);
  }
}

}  // namespace

absl::Status Runner::Do(const DeclareTax& s) {
  av1::DeclareTaxRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_request_id(RequestId(0));
  q.set_investor_id(investor);
  q.set_person(s.person);
  av1::TaxDeclaration& d = *q.mutable_declaration();
  d.set_declared_on(s.signed_on != 0 ? s.signed_on : Today().raw());
  d.set_entity_kind(s.entity);
  d.set_english_name(s.english);
  Fill(s.holders.front(), d.mutable_holder());
  for (size_t i = 1; i < s.holders.size(); ++i) Fill(s.holders[i], d.add_controllers());
  auto answer = Ask<av1::TaxResidency>("fundcore.account.v1.AccountService/DeclareTax", q, s.person.empty() ? kApp : kOperator);
  if (answer.ok() && !s.named.empty()) {
    for (const auto& at : answer->institutions())
      for (int i = 0; i < at.applications_size(); ++i)
        progress_->Set(StrCat("order ", s.named, "-", at.ta_code(), "-", i + 1), StrCat(at.applications(i)));
  }
  return Judged(answer.status(), s.outcome, "the declaration");
}

absl::Status Runner::Do(const CheckTax& s) {
  av1::GetTaxResidencyRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::TaxResidency>("fundcore.account.v1.AccountService/GetTaxResidency", q, kApp));
    for (const auto& h : a.declaration().holder().countries())
      if (h.tin().size() > 4 && h.tin().find("****") == std::string::npos && h.tin()[0] != '*')
        return StrCat("a tax number of ", s.who, " is shown: ", h.tin());
    if (s.versions) {
      if (a.versions_size() == *s.versions) return std::string();
      return StrCat("declarations of ", s.who, ": expected ", *s.versions, ", found ", a.versions_size());
    }
    std::string state = "no fund account", code;
    for (const auto& at : a.institutions()) {
      if (at.ta_code() != s.ta) continue;
      state = at.state();
      code = at.return_code();
    }
    if (state == s.state && code == s.code) return std::string();
    return StrCat("the declaration of ", s.who, " at ta ", s.ta, ": expected ", s.state, " ", s.code, ", found ", state, " ", code);
  });
}

}  // namespace fundcore::dayrun
