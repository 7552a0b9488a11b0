// fundctl investor tax: what an investor has declared, and what institutions know of it.
#include "fundcore/account/v1/account.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {

namespace v1 = account::v1;

Result ShowTax(Remote& remote, const std::string& who) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  v1::GetTaxResidencyRequest request;
  request.set_investor_id(investor.raw());
  FC_ASSIGN_OR_RETURN(auto tax, remote.Ask<v1::TaxResidency>("fundcore.account.v1.AccountService/GetTaxResidency", request));
  Answer a;
  a.Add("investor", investor);
  a.Add("version", uint64_t{tax.version()});
  a.Add("declared_on", Date::FromRaw(tax.declaration().declared_on()));
  a.Add("residency", tax.declaration().holder().residency());
  Table& countries = a.AddTable("countries", {"controller", "country", "tin", "no_tin_reason"});
  const auto add = [&](const std::string& controller, const v1::TaxHolder& h) {
    for (const auto& c : h.countries()) countries.Row({controller, c.country(), c.tin(), c.no_tin_reason()});
  };
  add("", tax.declaration().holder());
  for (const auto& c : tax.declaration().controllers()) add(c.controller_type(), c);
  Table& versions = a.AddTable("versions", {"version", "declared_on", "recorded_at", "caller", "person", "lines"});
  for (const auto& v : tax.versions()) {
    versions.Row({uint64_t{v.version()}, Date::FromRaw(v.declared_on()), TimePoint::FromRaw(v.recorded_at_us()), v.caller(),
                  v.person(), uint64_t{v.lines()}});
  }
  Table& at = a.AddTable("institutions", {"ta", "state", "told_version", "return_code"});
  for (const auto& i : tax.institutions()) at.Row({i.ta_code(), i.state(), uint64_t{i.told_version()}, i.return_code()});
  return a;
}

}  // namespace fundcore::fundctl
