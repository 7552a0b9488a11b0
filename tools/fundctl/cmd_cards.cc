// fundctl investor: cards closed and changed, and who has approved it.
#include "fundcore/account/v1/account.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = account::v1;
constexpr std::string_view kFace = "fundcore.account.v1.AccountService/";

void AddChange(const v1::CardChange& c, Answer* a) {
  a->Add("change", OrderId(c.change_id()));
  a->Add("investor", InvestorId(c.investor_id()));
  a->Add("state", c.state());
  a->Add("from_card", uint64_t{c.from_card_id()});
  a->Add("to_card", c.to_card_no_masked());
  a->Add("bank_reason", c.bank_reason());
  a->Add("held", c.held());
  a->Add("decided_by", c.decided_by());
  a->Add("existed", c.existed());
}

void AddChanges(const v1::ListCardChangesResponse& list, Answer* a) {
  Table& t = a->AddTable("changes", {"change", "investor", "state", "asked_at", "from_card", "to_card", "person", "why", "bank_reason",
                                     "held", "decided_by", "evidence", "decided_why", "decided_at"});
  for (const auto& c : list.changes()) {
    t.Row({OrderId(c.change_id()), InvestorId(c.investor_id()), c.state(), TimePoint::FromRaw(c.asked_at_us()),
           uint64_t{c.from_card_id()}, c.to_card_no_masked(), c.person().empty() ? c.caller() : c.person(), c.why(), c.bank_reason(),
           c.held(), c.decided_by(), c.evidence(), c.decided_why(), TimePoint::FromRaw(c.decided_at_us())});
  }
}

}  // namespace

Result ChangeCard(Remote& remote, const CardOptions& o) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  v1::ChangeCardRequest request;
  request.set_request_id(RequestIdOr(o.request_id));
  request.set_investor_id(investor.raw());
  request.set_card_id(o.card);
  request.set_bank_code(o.bank);
  request.set_card_no(o.number);
  request.set_person(o.person);
  request.set_why(o.why);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::CardChange>(StrCat(kFace, "ChangeCard"), request));
  Answer a;
  AddChange(r, &a);
  a.Add("request_id", request.request_id());
  return a;
}

Result DecideCardChange(Remote& remote, const CardOptions& o, bool approve) {
  FC_ASSIGN_OR_RETURN(const OrderId change, ReadOrder(o.change));
  v1::DecideCardChangeRequest request;
  request.set_change_id(change.raw());
  request.set_approve(approve);
  request.set_person(o.person);
  request.set_evidence(o.evidence);
  request.set_why(o.why);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::CardChange>(StrCat(kFace, "DecideCardChange"), request));
  Answer a;
  AddChange(r, &a);
  return a;
}

Result ListCardChanges(Remote& remote, const std::string& who) {
  Answer a;
  if (who.empty()) {
    FC_ASSIGN_OR_RETURN(auto open, remote.Ask<v1::ListCardChangesResponse>(StrCat(kFace, "ListOpenCardChanges"),
                                                                           v1::ListOpenCardChangesRequest()));
    AddChanges(open, &a);
    return a;
  }
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  v1::ListCardChangesRequest request;
  request.set_investor_id(investor.raw());
  FC_ASSIGN_OR_RETURN(auto all, remote.Ask<v1::ListCardChangesResponse>(StrCat(kFace, "ListCardChanges"), request));
  AddChanges(all, &a);
  return a;
}

Result CloseCard(Remote& remote, const CardOptions& o) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  v1::CloseCardRequest request;
  request.set_investor_id(investor.raw());
  request.set_card_id(o.card);
  request.set_person(o.person);
  request.set_why(o.why);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::CloseCardResponse>(StrCat(kFace, "CloseCard"), request));
  Answer a;
  a.Add("investor", investor);
  a.Add("card", o.card);
  a.Add("existed", r.existed());
  return a;
}

Result SetPayouts(Remote& remote, const std::string& who, bool on) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  v1::SetPayoutsRequest request;
  request.set_investor_id(investor.raw());
  request.set_on(on);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::SetPayoutsResponse>(StrCat(kFace, "SetPayouts"), request));
  Answer a;
  a.Add("investor", investor);
  a.Add("payouts", on ? "on" : "off");
  a.Add("existed", r.existed());
  return a;
}

}  // namespace fundcore::fundctl
