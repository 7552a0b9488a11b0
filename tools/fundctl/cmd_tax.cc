// fundctl investor tax and declare-tax: where an investor says that they pay taxes, and what institutions know of it.
#include "common/config/config.h"
#include "fundcore/account/v1/account.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {

namespace v1 = account::v1;

namespace {

// What the service checks is not checked here: which of these are there, and which go together.
void ReadHolder(ConfigTable t, v1::TaxHolder* out) {
  out->set_chinese_name(t.String("chinese_name", ""));
  out->set_family_name(t.String("family_name", ""));
  out->set_first_name(t.String("first_name", ""));
  out->set_residency(t.String("residency"));
  out->set_living_country(t.String("living_country", ""));
  out->set_living_address(t.String("living_address", ""));
  if (t.Has("born")) out->set_birth_date(t.Day("born").raw());
  out->set_birth_country(t.String("birth_country", ""));
  out->set_birth_city(t.String("birth_city", ""));
  for (ConfigTable& country : t.Tables("country")) {
    v1::TaxCountry* c = out->add_countries();
    c->set_country(country.String("code"));
    c->set_tin(country.String("tin", ""));
    c->set_no_tin_reason(country.String("no_tin_reason", ""));
  }
}

absl::StatusOr<v1::TaxDeclaration> ReadDeclaration(const std::string& file) {
  FC_ASSIGN_OR_RETURN(Config config, Config::FromFile(file));
  v1::TaxDeclaration d;
  d.set_declared_on(config.top().Day("declared_on").raw());
  d.set_existing_account(config.top().Bool("existing_account", false));
  d.set_english_name(config.top().String("english_name", ""));
  d.set_entity_kind(config.top().String("entity_kind", ""));
  ReadHolder(config.Table("holder"), d.mutable_holder());
  for (ConfigTable& t : config.Tables("controller")) {
    v1::TaxHolder* c = d.add_controllers();
    c->set_controller_type(t.String("type"));
    c->set_share_e4(t.Int("share_e4", 0, {.min = 0, .max = 10'000}));  // 2500 is a quarter
    ReadHolder(t, c);
  }
  FC_RETURN_IF_ERROR(config.Finish());
  return d;
}

}  // namespace

Result DeclareTax(Remote& remote, const std::string& who, const std::string& file, const std::string& person,
                  const std::string& request_id) {
  v1::DeclareTaxRequest request;
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  request.set_investor_id(investor.raw());
  request.set_request_id(RequestIdOr(request_id));
  request.set_person(person);
  FC_ASSIGN_OR_RETURN(*request.mutable_declaration(), ReadDeclaration(file));
  FC_ASSIGN_OR_RETURN(auto tax, remote.Ask<v1::TaxResidency>("fundcore.account.v1.AccountService/DeclareTax", request));
  Answer a;
  a.Add("investor", investor);
  a.Add("request_id", request.request_id());
  a.Add("version", uint64_t{tax.version()});
  a.Add("existed", tax.existed());
  Table& at = a.AddTable("institutions", {"ta", "state", "told_version", "return_code"});
  for (const auto& i : tax.institutions()) at.Row({i.ta_code(), i.state(), uint64_t{i.told_version()}, i.return_code()});
  return a;
}

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
