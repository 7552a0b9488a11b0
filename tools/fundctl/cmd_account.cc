// fundctl investor, account, deposit, withdraw, bank, ledger.
#include <algorithm>

#include "common/base/check.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = account::v1;
constexpr std::string_view kFace = "fundcore.account.v1.AccountService/";
constexpr std::string_view kBank = "fundcore.bank.v1.BankService/";

absl::StatusOr<v1::GetAccountResponse> GetAccount(Remote& remote, InvestorId investor) {
  v1::GetAccountRequest request;
  request.set_investor_id(investor.raw());
  return remote.Ask<v1::GetAccountResponse>(StrCat(kFace, "GetAccount"), request);
}

void AddPerson(const v1::GetAccountResponse& account, Answer* a) {
  a->Add("investor", InvestorId(account.investor_id()));
  a->Add("name", account.name_masked());
  a->Add("kind", account.institution() ? "institution" : "individual");
}

}  // namespace

Result OpenInvestor(Remote& remote, const OpenOptions& o) {
  v1::OpenInvestorRequest request;
  request.set_request_id(RequestIdOr(o.request_id));
  request.set_name(o.name);
  request.set_certificate_type(o.certificate_type);
  request.set_certificate_no(o.certificate);
  request.set_institution(o.institution);
  request.set_mobile(o.mobile);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::OpenInvestorResponse>(StrCat(kFace, "OpenInvestor"), request));
  Answer a;
  a.Add("investor", InvestorId(r.investor_id()));
  a.Add("existed", r.existed());
  return a;
}

Result Assess(Remote& remote, const AssessOptions& o) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  risk::v1::AssessRequest request;
  request.set_request_id(RequestIdOr(o.request_id));
  request.set_investor_id(investor.raw());
  for (uint32_t answer : o.answers) request.add_answers(answer);
  request.set_lowest_class(o.lowest_class);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<risk::v1::AssessResponse>("fundcore.risk.v1.RiskService/Assess", request));
  Answer a;
  a.Add("investor", investor);
  a.Add("class", StrCat("C", r.risk_class()));
  a.Add("valid_until", Date::FromRaw(r.valid_until()));
  a.Add("repeated", r.repeated());
  return a;
}

Result AddCard(Remote& remote, const std::string& who, const std::string& bank, const std::string& card) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  v1::AddCardRequest request;
  request.set_investor_id(investor.raw());
  request.set_bank_code(bank);
  request.set_card_no(card);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::AddCardResponse>(StrCat(kFace, "AddCard"), request));
  Answer a;
  a.Add("investor", investor);
  a.Add("card", uint64_t{r.card_id()});
  a.Add("existed", r.existed());
  return a;
}

Result ShowInvestor(Remote& remote, const std::string& who) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  FC_ASSIGN_OR_RETURN(auto account, GetAccount(remote, investor));
  risk::v1::GetProfileRequest request;
  request.set_investor_id(investor.raw());
  auto asked = remote.Ask<risk::v1::GetProfileResponse>("fundcore.risk.v1.RiskService/GetProfile", request);
  if (!asked.ok() && !absl::IsNotFound(asked.status())) return asked.status();
  const risk::v1::GetProfileResponse profile = asked.ok() ? *asked : risk::v1::GetProfileResponse();  // never assessed
  Answer a;
  AddPerson(account, &a);
  a.Add("class", profile.risk_class() ? StrCat("C", profile.risk_class()) : "none");
  a.Add("assessed_on", Date::FromRaw(profile.assessed_on()));
  a.Add("valid_until", Date::FromRaw(profile.valid_until()));
  a.Add("lowest_class", profile.lowest_class());
  a.Add("watch", profile.watch() == 0 ? "no" : profile.watch() == 1 ? "challenged" : "blocked");
  a.Add("watch_why", profile.watch_why());
  a.Add("payouts", account.pays_out() ? "on" : "off");
  Table& cards = a.AddTable("cards", {"card", "bank", "number", "state", "money", "replaced_by", "since", "person", "why"});
  for (const auto& c : account.cards()) {
    cards.Row({uint64_t{c.card_id()}, c.bank_code(), c.card_no_masked(), c.state(), c.payout() ? "yes" : "no",
               uint64_t{c.replaced_by()}, TimePoint::FromRaw(c.since_us()), c.person(), c.why()});
  }
  Table& funds = a.AddTable("fund_accounts", {"ta", "fund_account", "state", "return_code"});
  for (const auto& f : account.fund_accounts()) funds.Row({f.ta_code(), f.ta_account(), f.state(), f.return_code()});
  return a;
}

Result ShowAccount(Remote& remote, const std::string& who) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  FC_ASSIGN_OR_RETURN(auto account, GetAccount(remote, investor));
  Answer a;
  AddPerson(account, &a);
  a.Add("available", Money::FromRaw(account.available_fen()));
  a.Add("reserved", Money::FromRaw(account.reserved_fen()));
  a.Add("awaiting", Money::FromRaw(account.awaiting_fen()));
  a.Add("withdrawing", Money::FromRaw(account.withdrawing_fen()));
  Table& positions = a.AddTable("positions", {"fund", "ta", "units", "usable", "frozen"});
  for (const auto& p : account.positions())
    positions.Row({p.fund_code(), p.ta_code(), Units::FromRaw(p.units_e2()), Units::FromRaw(p.usable_units_e2()),
                   Units::FromRaw(p.frozen_units_e2())});
  const auto earns = [](const auto& p) { return p.income_through() != 0; };
  if (std::any_of(account.positions().begin(), account.positions().end(), earns)) {
    Table& income = a.AddTable("income", {"fund", "unpaid", "below_a_fen", "through"});
    for (const auto& p : account.positions())
      if (earns(p))
        income.Row({p.fund_code(), Money::FromRaw(p.income_fen()), p.income_rest(), Date::FromRaw(p.income_through())});
  }
  Table& lots = a.AddTable("lots", {"fund", "registered", "units", "usable_from"});
  for (const auto& p : account.positions())
    for (const auto& l : p.lots())
      lots.Row(
          {p.fund_code(), Date::FromRaw(l.registered()), Units::FromRaw(l.units_e2()), Date::FromRaw(l.usable_from())});
  Table& funds = a.AddTable("fund_accounts", {"ta", "fund_account", "state", "return_code"});
  for (const auto& f : account.fund_accounts()) funds.Row({f.ta_code(), f.ta_account(), f.state(), f.return_code()});
  return a;
}

Result OpenFundAccount(Remote& remote, const std::string& who, const std::string& ta) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  v1::OpenFundAccountRequest request;
  request.set_investor_id(investor.raw());
  request.set_ta_code(ta);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::OpenFundAccountResponse>(StrCat(kFace, "OpenFundAccount"), request));
  Answer a;
  a.Add("investor", investor);
  a.Add("ta", r.fund_account().ta_code());
  a.Add("fund_account", r.fund_account().ta_account());
  a.Add("state", r.fund_account().state());
  a.Add("return_code", r.fund_account().return_code());
  a.Add("existed", r.existed());
  a.exit_code = r.fund_account().state() == "REFUSED" ? 1 : 0;
  return a;
}

Result RequestAccount(Remote& remote, const AccountBusinessOptions& o) {
  constexpr std::pair<std::string_view, uint32_t> kKinds[] = {{"close", 2}, {"freeze", 4}, {"thaw", 5},
                                                              {"lost", 6},  {"found", 7},  {"end", 9}};
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  v1::RequestAccountRequest request;
  request.set_request_id(RequestIdOr(o.request_id));
  request.set_investor_id(investor.raw());
  request.set_ta_code(o.ta);
  for (const auto& [name, business] : kKinds)
    if (o.business == name) request.set_business(business);
  request.set_cause(o.cause);
  if (!o.until.empty()) {
    FC_ASSIGN_OR_RETURN(const Date until, Date::Parse(o.until));
    request.set_until(until.raw());
  }
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::RequestAccountResponse>(StrCat(kFace, "RequestAccount"), request));
  Answer a;
  a.Add("application", FormatOrderId(OrderId(r.application_id())));
  a.Add("investor", investor);
  a.Add("ta", r.fund_account().ta_code());
  a.Add("fund_account", r.fund_account().ta_account());
  a.Add("state", r.fund_account().state());
  a.Add("existed", r.existed());
  a.Add("request_id", request.request_id());
  return a;
}

Result ChangeInvestor(Remote& remote, const ChangeOptions& o) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  v1::ChangeInvestorRequest request;
  request.set_request_id(RequestIdOr(o.request_id));
  request.set_investor_id(investor.raw());
  v1::InvestorData& data = *request.mutable_data();
  data.set_name(o.name);
  data.set_certificate_type(o.certificate_type);
  data.set_certificate_no(o.certificate);
  data.set_mobile(o.mobile);
  data.set_address(o.address);
  if (!o.until.empty()) {
    FC_ASSIGN_OR_RETURN(const Date until, Date::Parse(o.until));
    data.set_certificate_until(until.raw());
  }
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ChangeInvestorResponse>(StrCat(kFace, "ChangeInvestor"), request));
  Answer a;
  a.Add("investor", investor);
  a.Add("version", uint64_t{r.version()});
  a.Add("existed", r.existed());
  std::string told;
  for (const auto& f : r.fund_accounts()) told += StrCat(told.empty() ? "" : " ", f.ta_code(), "=", f.data_state());
  a.Add("institutions", told);
  a.Add("request_id", request.request_id());
  return a;
}

Result ShowApplication(Remote& remote, const std::string& application) {
  OrderId id;
  if (!ParseOrderId(application, &id))
    return absl::InvalidArgumentError(StrCat("\"", application, "\" is no application number; it has 17 digits"));
  v1::GetApplicationRequest request;
  request.set_application_id(id.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ApplicationStatus>(StrCat(kFace, "GetApplication"), request));
  Answer a;
  a.Add("application", application);
  a.Add("investor", InvestorId(r.investor_id()));
  a.Add("ta", r.ta_code());
  a.Add("business", uint64_t{r.business()});
  a.Add("state", r.state());
  a.Add("day", Date::FromRaw(r.day()));
  a.Add("return_code", r.return_code());
  a.Add("detail", r.detail());
  return a;
}

Result LinkTradingAccount(Remote& remote, const std::string& distributor, const std::string& account,
                          const std::string& who) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  v1::LinkTradingAccountRequest request;
  request.set_distributor(distributor);
  request.set_trading_account(account);
  request.set_investor_id(investor.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::LinkTradingAccountResponse>(StrCat(kFace, "LinkTradingAccount"), request));
  Answer a;
  a.Add("distributor", distributor);
  a.Add("trading_account", account);
  a.Add("investor", investor);
  a.Add("existed", r.existed());
  return a;
}

Result Pay(Remote& remote, const PayOptions& o) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  FC_ASSIGN_OR_RETURN(const Money amount, ReadAmount(o.amount));
  v1::PaymentRequest request;
  request.set_request_id(RequestIdOr(o.request_id));
  request.set_investor_id(investor.raw());
  request.set_card_id(o.card);
  request.set_amount_fen(amount.raw());
  FC_ASSIGN_OR_RETURN(auto r,
                      remote.Ask<v1::PaymentResponse>(StrCat(kFace, o.deposit ? "Deposit" : "Withdraw"), request));
  Answer a;
  a.Add("payment", PaymentId(r.payment_id()));
  a.Add("state", v1::PaymentState_Name(r.state()));
  a.Add("amount", amount);
  a.Add("card", uint64_t{r.card_id()});
  a.Add("reason", r.reason());
  a.Add("message", r.message());
  a.Add("repeated", r.repeated());
  a.Add("request_id", request.request_id());
  a.exit_code = r.state() == v1::FAILED ? 1 : 0;
  return a;
}

Result FundCard(Remote& remote, const std::string& card, const std::string& amount, const std::string& request_id) {
  FC_ASSIGN_OR_RETURN(const Money money, ReadAmount(amount));
  bank::v1::FundCardRequest request;
  request.set_request_id(RequestIdOr(request_id));
  request.set_card_no(card);
  request.set_amount_fen(money.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<bank::v1::FundCardResponse>(StrCat(kBank, "FundCard"), request));
  Answer a;
  a.Add("balance", Money::FromRaw(r.balance_fen()));
  a.Add("request_id", request.request_id());
  return a;
}

Result ShowBankBalances(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto r,
                      remote.Ask<bank::v1::BalancesResponse>(StrCat(kBank, "Balances"), bank::v1::BalancesRequest()));
  Answer a;
  a.Add("settlement", Money::FromRaw(r.settlement_fen()));
  a.Add("cards", Money::FromRaw(r.cards_fen()));
  a.Add("instructions", uint64_t{r.instructions()});
  Table& t = a.AddTable("institutions", {"ta", "received"});
  for (const auto& b : r.ta()) t.Row({b.account(), Money::FromRaw(b.amount_fen())});
  return a;
}

Result ShowTrialBalance(Remote& remote, bool verify) {
  v1::TrialBalanceRequest request;
  request.set_verify(verify);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::TrialBalanceResponse>(StrCat(kFace, "TrialBalance"), request));
  Answer a;
  Money cash;
  Table& c = a.AddTable("cash", {"leg", "ta", "amount"}, "cash");
  for (const auto& l : r.cash()) {
    c.Row({l.name(), l.ta_code(), Money::FromRaw(l.amount_fen())});
    cash += Money::FromRaw(l.amount_fen());
  }
  c.Row({"sum", "", cash});
  Table& u = a.AddTable("units", {"leg", "ta", "fund", "units"}, "units");
  for (const auto& l : r.units()) u.Row({l.name(), l.ta_code(), l.fund_code(), Units::FromRaw(l.units_e2())});
  a.Add("balanced", r.balanced());
  a.Add("verified", verify);
  a.Add("difference", r.difference());
  a.exit_code = r.balanced() ? 0 : 1;
  return a;
}

Result ListLedger(Remote& remote, const std::string& who, uint32_t limit) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  Answer a;
  Table& t = a.AddTable("lines", {"at", "cause", "from", "to", "amount", "units", "fund", "order", "reference"});
  v1::ListLedgerRequest request;
  request.set_investor_id(investor.raw());
  while (t.rows() < limit) {
    request.set_page_size(static_cast<uint32_t>(std::min<size_t>(limit - t.rows(), 500)));
    FC_ASSIGN_OR_RETURN(auto page, remote.Ask<v1::ListLedgerResponse>(StrCat(kFace, "ListLedger"), request));
    for (const auto& l : page.lines())
      t.Row({TimePoint::FromRaw(l.at_us()), l.cause(), l.from_leg(), l.to_leg(), Money::FromRaw(l.amount_fen()),
             Units::FromRaw(l.units_e2()), l.fund_code(), OrderId(l.order_id()), l.reference()});
    request.set_page_token(page.next_page_token());
    if (request.page_token().empty()) return a;
  }
  a.Say(StrCat("there are more lines than these ", t.rows(), "; ask with a larger --limit"));
  return a;
}

}  // namespace fundcore::fundctl
