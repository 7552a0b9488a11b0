// fundctl product: load, list, show, nav.
#include "common/base/check.h"
#include "tools/fundctl/commands.h"
#include "tools/fundctl/product_file.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = product::v1;
constexpr std::string_view kFace = "fundcore.product.v1.ProductService/";

std::string Percent(int64_t rate_e8) { return Rate::FromRaw(rate_e8).ToPercent(); }

void AddSchedules(const google::protobuf::RepeatedPtrField<v1::FeeSchedule>& schedules, std::string_view whose,
                  Answer* a) {
  if (schedules.empty()) return;
  Table& purchase = a->AddTable(StrCat(whose, "purchase_fees"), {"from_day", "method", "from", "to", "fee",
      "discount", "least"},
                                StrCat("fees of purchases", whose.empty() ? "" : ", institutions"));
  for (const auto& s : schedules)
    for (const auto& t : s.purchase())
      purchase.Row({Date::FromRaw(s.effective_day()), s.inside() ? "inside" : "outside", Money::FromRaw(t.min_fen()),
                    t.max_fen() == 0 ? Value("no limit") : Value(Money::FromRaw(t.max_fen())),
                    t.fixed_fee_fen() > 0 ? Value(Money::FromRaw(t.fixed_fee_fen())) : Value(Percent(t.rate_e8())),
                    s.discount_e8() ? Percent(s.discount_e8()) : "",
                        t.least_rate_e8() ? Percent(t.least_rate_e8()) : ""});
  Table& redemption =
      a->AddTable(StrCat(whose, "redemption_fees"), {"from_day", "from_days", "to_days", "rate", "fund_share"},
                  StrCat("fees of redemptions", whose.empty() ? "" : ", institutions"));
  for (const auto& s : schedules)
    for (const auto& t : s.redemption())
      redemption.Row({Date::FromRaw(s.effective_day()), t.min_days(),
                      t.max_days() >= 99'999 ? Value("no limit") : Value(t.max_days()), Percent(t.rate_e8()),
                      Percent(t.fund_share_e8())});
}

}  // namespace

Result LoadProducts(Remote& remote, const std::string& path) {
  FC_ASSIGN_OR_RETURN(const ProductFile file, ReadProductFile(path));
  Answer a;
  Table& t = a.AddTable("loaded", {"kind", "code", "sequence", "effective_at"});
  std::vector<std::string> warnings;
  const auto put = [&](std::string_view method, const google::protobuf::Message& request, std::string_view kind,
                       const std::string& code) -> absl::Status {
    auto r = remote.Ask<v1::PutResponse>(StrCat(kFace, method), request);
    if (!r.ok()) return r.status();
    t.Row({kind, code, uint64_t{r->seq()}, TimePoint::FromRaw(r->effective_at_us())});
    for (const std::string& w : r->warnings()) warnings.push_back(StrCat(kind, " ", code, ": ", w));
    return absl::OkStatus();
  };
  for (const auto& r : file.calendars) FC_RETURN_IF_ERROR(put("PutCalendar", r, "calendar", r.calendar().name()));
  for (const auto& r : file.institutions)
    FC_RETURN_IF_ERROR(put("PutInstitution", r, "institution", r.institution().ta_code()));
  for (const auto& r : file.funds) FC_RETURN_IF_ERROR(put("PutFund", r, "fund", r.fund().fund_code()));
  for (const auto& r : file.conversions)
    FC_RETURN_IF_ERROR(put("PutConversions", r, "conversions", r.conversions().fund_code()));
  Table& w = a.AddTable("warnings", {"warning"}, warnings.empty() ? "" : "warnings");
  for (const std::string& warning : warnings) w.Row({warning});
  return a;
}

Result ListProducts(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto institutions, remote.Ask<v1::ListInstitutionsResponse>(StrCat(kFace, "ListInstitutions"),
                                                                                  v1::ListInstitutionsRequest()));
  Answer a;
  Table& i = a.AddTable("institutions",
                        {"ta", "name", "our_code", "version", "same_day_orders", "calendar", "cut_off", "export_by"});
  for (const auto& x : institutions.institutions())
    i.Row({x.ta_code(), x.name(), x.distributor_code(), x.file_version(), x.same_day_orders(), x.calendar(),
           TimeOfDay::FromRaw(x.cutoff_us()).Iso(), TimeOfDay::FromRaw(x.export_deadline_us()).Iso()});
  Table& f = a.AddTable("funds", {"fund", "name", "ta", "kind", "risk", "status", "confirmed", "paid", "received"});
  v1::ListFundsRequest request;
  request.set_page_size(500);
  do {
    FC_ASSIGN_OR_RETURN(auto page, remote.Ask<v1::ListFundsResponse>(StrCat(kFace, "ListFunds"), request));
    for (const auto& x : page.funds())
      f.Row({x.fund_code(), x.name(), x.ta_code(), x.kind(), StrCat("R", x.risk_grade()), FundStatusWord(x.status()),
             StrCat("T+", x.confirm_days()), StrCat("T+", x.purchase_pay_days()),
             StrCat("T+", x.redemption_pay_days())});
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return a;
}

namespace {

void AddRules(const v1::FundRules& r, Answer* a) {
  Table& t = a->AddTable("rules", {"rule", "value"}, "rules beyond the terms");
  const auto money = [&](std::string_view rule, int64_t v) { if (v != 0) t.Row({rule, Money::FromRaw(v)}); };
  const auto units = [&](std::string_view rule, int64_t v) { if (v != 0) t.Row({rule, Units::FromRaw(v)}); };
  money("purchases_a_day", r.max_purchase_a_day_fen());
  money("purchases_of_a_person", r.max_purchase_total_fen());
  money("daily_quota", r.daily_quota_fen());
  units("max_redemption", r.max_redemption_e2());
  units("redemptions_a_day", r.max_redemption_a_day_e2());
  units("max_holding", r.max_holding_e2());
  if (r.below_minimum_takes_all()) t.Row({"below_minimum_takes_all", true});
  if (r.holding_days() > 0) t.Row({"holding_days", r.holding_days()});
  if (r.breach_allowed()) t.Row({"breach_fee", Rate::FromRaw(r.breach_fee_e8()).ToPercent()});
  if (r.pension_class()) t.Row({"pension_class", true});
  if (r.needs_recording()) t.Row({"needs_recording", true});
  for (const auto& c : r.closed())
    t.Row({"closed", StrCat(Date::FromRaw(c.from()).Iso(), " to ", Date::FromRaw(c.to()).Iso(),
                            c.purchases() && c.redemptions() ? "" : c.purchases() ? ", purchases" : ", redemptions")});
  for (const auto& f : r.first_redemptions())
    t.Row({"first_redemption", StrCat("lots of ", Date::FromRaw(f.lot_day()).Iso(), " from ", Date::FromRaw(f.first_day()).Iso())});
}

}  // namespace

Result ProposeProducts(Remote& remote, const std::string& path, const std::string& person, const std::string& note) {
  FC_ASSIGN_OR_RETURN(ProductFile file, ReadProductFile(path));
  if (!file.calendars.empty() || !file.institutions.empty())
    return absl::InvalidArgumentError("only funds are changed by two persons; load calendars and institutions with product load");
  Answer a;
  Table& t = a.AddTable("changes", {"change", "fund"});
  for (const v1::PutFundRequest& fund : file.funds) {
    v1::ProposeFundRequest request;
    *request.mutable_fund() = fund.fund();
    request.set_effective_at_us(fund.effective_at_us());
    request.set_person(person);
    request.set_note(note);
    FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ProposeResponse>(StrCat(kFace, "ProposeFund"), request));
    t.Row({uint64_t{r.change()}, fund.fund().fund_code()});
  }
  return a;
}

Result DecideChange(Remote& remote, uint64_t change, const std::string& person, bool approve) {
  v1::DecideChangeRequest request;
  request.set_change(change);
  request.set_person(person);
  request.set_approve(approve);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::PutResponse>(StrCat(kFace, "DecideChange"), request));
  Answer a;
  a.Add("change", change);
  a.Add("decision", approve ? "approved" : "rejected");
  a.Add("effective_at", TimePoint::FromRaw(r.effective_at_us()), approve);
  return a;
}

Result ListChanges(Remote& remote, bool all) {
  v1::ListChangesRequest request;
  request.set_all(all);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ListChangesResponse>(StrCat(kFace, "ListChanges"), request));
  Answer a;
  a.Add("two_persons", r.two_persons());
  Table& t = a.AddTable("changes", {"change", "state", "fund", "campaign", "proposed_by", "proposed_at", "decided_by",
      "decided_at", "note"});
  for (const auto& c : r.changes())
    t.Row({uint64_t{c.change()}, c.state(), c.fund_code(),
           c.has_campaign() ? StrCat(c.ends_campaign() ? "end of " : "", c.campaign().name()) : "", c.proposed_by(),
               TimePoint::FromRaw(c.proposed_at_us()), c.decided_by(),
           TimePoint::FromRaw(c.decided_at_us()), c.note()});
  return a;
}

Result RequireTwoPersons(Remote& remote, const std::string& person, bool on) {
  v1::RequireTwoPersonsRequest request;
  request.set_on(on);
  request.set_person(person);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ProposeResponse>(StrCat(kFace, "RequireTwoPersons"), request));
  Answer a;
  a.Add("two_persons", on ? "required" : "required until another person approves the change");
  a.Add("change", uint64_t{r.change()}, !on);
  return a;
}

Result ShowQuota(Remote& remote, const std::string& fund, const std::string& day) {
  FC_ASSIGN_OR_RETURN(const Date date, Date::Parse(day));
  v1::GetQuotaRequest request;
  request.set_fund_code(fund);
  request.set_day(date.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::GetQuotaResponse>(StrCat(kFace, "GetQuota"), request));
  Answer a;
  a.Add("fund", fund);
  a.Add("day", date);
  a.Add("quota", Money::FromRaw(r.quota_fen()));
  a.Add("taken", Money::FromRaw(r.taken_fen()));
  a.Add("orders", uint64_t{r.orders()});
  if (r.quota_fen() == 0) a.Say("the fund has no quota now");
  return a;
}

Result AdvancingBank(Remote& remote, const std::string& bank, const std::string& limit) {
  if (!limit.empty()) {
    FC_ASSIGN_OR_RETURN(const Money most, ReadAmount(limit));
    v1::PutAdvancingBankRequest put;
    put.set_bank_code(bank);
    put.set_limit_fen(most.raw());
    FC_RETURN_IF_ERROR(remote.Ask<v1::PutResponse>(StrCat(kFace, "PutAdvancingBank"), put).status());
  }
  v1::GetAdvancingBankRequest request;
  request.set_bank_code(bank);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::GetAdvancingBankResponse>(StrCat(kFace, "GetAdvancingBank"), request));
  Answer a;
  a.Add("bank", bank);
  a.Add("limit", Money::FromRaw(r.limit_fen()));
  a.Add("out", Money::FromRaw(r.out_fen()));
  a.Add("orders", uint64_t{r.orders()});
  return a;
}

Result ShowProduct(Remote& remote, const std::string& fund) {
  v1::GetFundRequest request;
  request.set_fund_code(fund);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::GetFundResponse>(StrCat(kFace, "GetFund"), request));
  const v1::Fund& f = r.fund();
  Answer a;
  a.Add("fund", f.fund_code());
  a.Add("name", f.name());
  a.Add("ta", f.ta_code());
  a.Add("kind", f.kind());
  a.Add("risk", StrCat("R", f.risk_grade()));
  a.Add("status", FundStatusWord(f.status()));
  a.Add("version", uint64_t{r.version()});
  a.Add("calendar", f.calendar());
  a.Add("confirmed", StrCat("T+", f.confirm_days()));
  a.Add("purchases_paid", StrCat("T+", f.purchase_pay_days()));
  a.Add("redemptions_received", StrCat("T+", f.redemption_pay_days()));
  a.Add("min_purchase", Money::FromRaw(f.min_purchase_fen()), f.min_purchase_fen() != 0);
  a.Add("min_additional", Money::FromRaw(f.min_additional_fen()), f.min_additional_fen() != 0);
  a.Add("max_purchase", Money::FromRaw(f.max_purchase_fen()), f.max_purchase_fen() != 0);
  a.Add("min_redemption", Units::FromRaw(f.min_redemption_e2()), f.min_redemption_e2() != 0);
  a.Add("min_holding", Units::FromRaw(f.min_holding_e2()), f.min_holding_e2() != 0);
  constexpr std::string_view kRoundings[] = {"half-up", "truncate", "up"};
  const auto rounding = [&](uint32_t way) { return way < 3 ? kRoundings[way] : "unknown"; };
  a.Add("round_units", rounding(f.rounding_units()));
  a.Add("round_fee", rounding(f.rounding_fee()));
  a.Add("round_net", rounding(f.has_rounding_net() ? f.rounding_net() : f.rounding_fee()));
  a.Add("round_value", rounding(f.rounding_value()));
  a.Add("whole_units", f.whole_units());
  a.Add("lots", f.lifo() ? "newest first" : "oldest first");
  a.Add("face", Nav::FromRaw(f.face_e8()));
  if (f.has_rules()) AddRules(f.rules(), &a);
  if (f.has_fast()) {
    a.Add("at_once_by", f.fast().bank_code());
    a.Add("at_once_a_day", Money::FromRaw(f.fast().person_a_day_fen()));
    a.Add("at_once_least", Units::FromRaw(f.fast().least_e2()), f.fast().least_e2() != 0);
  }
  AddSchedules(f.fees(), "", &a);
  AddSchedules(f.institution_fees(), "institution_", &a);
  if (!r.latest_navs().empty()) {
    Table& navs = a.AddTable("navs", {"day", "nav", "total_units"}, "prices");
    for (const auto& n : r.latest_navs())
      navs.Row({Date::FromRaw(n.nav_day()), Nav::FromRaw(n.nav_e8()), Units::FromRaw(n.total_units_e2())});
  }
  return a;
}

Result ShowNav(Remote& remote, const std::string& fund, const std::string& day) {
  FC_ASSIGN_OR_RETURN(const Date date, Date::Parse(day));
  v1::GetNavRequest request;
  request.set_fund_code(fund);
  request.set_nav_day(date.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::GetNavResponse>(StrCat(kFace, "GetNav"), request));
  Answer a;
  a.Add("fund", r.nav().fund_code());
  a.Add("day", Date::FromRaw(r.nav().nav_day()));
  a.Add("nav", Nav::FromRaw(r.nav().nav_e8()));
  a.Add("total_units", Units::FromRaw(r.nav().total_units_e2()));
  return a;
}

}  // namespace fundcore::fundctl
