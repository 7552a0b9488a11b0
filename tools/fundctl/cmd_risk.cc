// fundctl risk: policies, persons, confirmations, evidence.
#include <algorithm>
#include <array>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = risk::v1;
constexpr std::string_view kFace = "fundcore.risk.v1.RiskService/";

absl::StatusOr<v1::Policy> ReadPolicyFile(const std::string& path) {
  FC_ASSIGN_OR_RETURN(Config config, Config::FromFile(path));
  ConfigTable t = config.Table("policy");
  v1::Policy p;
  p.set_version(t.String("version"));
  auto at = TimePoint::Parse(t.String("effective"));
  if (at.ok()) {
    p.set_effective_at_us(at->raw());
  } else {
    t.Refuse("effective", StrCat("is wrong: ", at.status().message()));
  }
  for (const char* key : {"C2_from", "C3_from", "C4_from", "C5_from"})
    p.add_class_from(static_cast<uint32_t>(t.Int(key, {0, 25'500})));
  p.set_valid_months(static_cast<uint32_t>(t.Int("valid_months", 12, {1, 24})));
  p.set_assessments_a_day(static_cast<uint32_t>(t.Int("assessments_a_day", 2, {1, 100})));
  p.set_assessments_in_12_months(static_cast<uint32_t>(t.Int("assessments_in_12_months", 8, {1, 1'000})));
  p.set_mismatch_text(t.String("mismatch_text", ""));
  p.set_age_from(static_cast<uint32_t>(t.Int("age_from", 0, {0, 150})));
  p.set_age_grade(static_cast<uint32_t>(t.Int("age_grade", p.age_from() > 0 ? 3 : 0, {0, 5})));
  p.set_age_text(t.String("age_text", ""));
  for (ConfigTable& q : config.Tables("question")) {
    v1::Question* question = p.add_questions();
    question->set_text(q.String("text"));
    for (ConfigTable& o : q.Tables("option")) {
      v1::QuestionOption* option = question->add_options();
      option->set_text(o.String("text"));
      option->set_points(static_cast<uint32_t>(o.Int("points", {0, 255})));
      option->set_lowest(o.Bool("lowest", false));
    }
  }
  FC_RETURN_IF_ERROR(config.Finish());
  return p;
}

absl::StatusOr<int32_t> DayOrNone(const std::string& text) {
  if (text.empty()) return 0;
  FC_ASSIGN_OR_RETURN(const Date day, Date::Parse(text));
  return day.raw();
}

std::string Joined(const v1::GetDecisionResponse& d) {
  std::string rules;
  for (const std::string& rule : d.rules()) rules += (rules.empty() ? "" : ", ") + rule;
  return rules;
}

void AddInputs(const v1::GetDecisionResponse& d, Table* t) {
  std::vector<std::pair<std::string, std::string>> sorted(d.inputs().begin(), d.inputs().end());
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [key, value] : sorted) t->Row({OrderId(d.order_id()), key, value});
}

absl::Status AddPerson(Remote& remote, InvestorId investor, Answer* a) {
  v1::GetEvidenceRequest q;
  q.set_investor_id(investor.raw());
  FC_ASSIGN_OR_RETURN(auto e, remote.Ask<v1::GetEvidenceResponse>(StrCat(kFace, "GetEvidence"), q));
  Table& assessments = a->AddTable("assessments", {"at", "class", "valid_until", "questionnaire", "score", "options"}, "assessments");
  for (const auto& x : e.assessments()) {
    std::string options;
    for (uint32_t o : x.options()) options += StrCat(options.empty() ? "" : " ", o);
    assessments.Row({TimePoint::FromRaw(x.at_us()), x.risk_class() == 0 ? "" : StrCat("C", x.risk_class(), x.lowest_class() ? " lowest" : ""),
                     Date::FromRaw(x.valid_until()), x.questionnaire(), x.score(), options});
  }
  Table& facts = a->AddTable("facts", {"at", "born", "professional_until", "pension_account"}, "what is known of the person");
  for (const auto& x : e.facts())
    facts.Row({TimePoint::FromRaw(x.at_us()), Date::FromRaw(x.birth_day()), Date::FromRaw(x.professional_until()), x.pension_account()});
  Table& confirmations = a->AddTable("confirmations", {"at", "kind", "fund", "text_version", "text", "reference"}, "confirmations");
  for (const auto& x : e.confirmations())
    confirmations.Row({TimePoint::FromRaw(x.at_us()), x.kind(), x.fund_code(), x.text_version(), x.text(), x.reference()});
  Table& watches = a->AddTable("watches", {"at", "level", "why"}, "watch list");
  for (const auto& x : e.watches()) watches.Row({TimePoint::FromRaw(x.at_us()), x.level(), x.why()});
  return absl::OkStatus();
}

// Orders that risk never judged (refused by product rules before) have no decision.
absl::Status AddDecision(Remote& remote, OrderId order, Table* decisions, Table* inputs) {
  v1::GetDecisionRequest q;
  q.set_order_id(order.raw());
  auto d = remote.Ask<v1::GetDecisionResponse>(StrCat(kFace, "GetDecision"), q);
  if (absl::IsNotFound(d.status())) return absl::OkStatus();
  FC_RETURN_IF_ERROR(d.status());
  decisions->Row({order, TimePoint::FromRaw(d->at_us()), d->outcome(), Joined(*d)});
  AddInputs(*d, inputs);
  return absl::OkStatus();
}

}  // namespace

Result LoadPolicy(Remote& remote, const std::string& file) {
  v1::PutPolicyRequest q;
  FC_ASSIGN_OR_RETURN(*q.mutable_policy(), ReadPolicyFile(file));
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::PutPolicyResponse>(StrCat(kFace, "PutPolicy"), q));
  Answer a;
  a.Add("policy", q.policy().version());
  a.Add("effective_at", TimePoint::FromRaw(q.policy().effective_at_us()));
  a.Add("partitions", uint64_t{r.partitions()});
  return a;
}

Result ShowPolicy(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::GetPolicyResponse>(StrCat(kFace, "GetPolicy"), v1::GetPolicyRequest()));
  const v1::Policy& p = r.policy();
  Answer a;
  a.Add("policy", p.version());
  a.Add("effective_at", TimePoint::FromRaw(p.effective_at_us()));
  a.Add("valid_months", p.valid_months());
  a.Add("mismatch_text", p.mismatch_text());
  a.Add("age_from", p.age_from());
  a.Add("age_grade", StrCat("R", p.age_grade()), p.age_from() > 0);
  a.Add("age_text", p.age_text());
  Table& classes = a.AddTable("classes", {"class", "from"});
  for (int i = 0; i < p.class_from_size(); ++i) classes.Row({StrCat("C", i + 2), p.class_from(i)});
  Table& questions = a.AddTable("questions", {"question", "option", "text", "points", "lowest"});
  for (int i = 0; i < p.questions_size(); ++i) {
    for (int o = 0; o < p.questions(i).options_size(); ++o) {
      const v1::QuestionOption& option = p.questions(i).options(o);
      questions.Row({o == 0 ? p.questions(i).text() : "", o, option.text(), option.points(), option.lowest()});
    }
  }
  return a;
}

Result SetPerson(Remote& remote, const PersonOptions& o) {
  v1::SetInvestorRequest q;
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  q.set_investor_id(investor.raw());
  FC_ASSIGN_OR_RETURN(const int32_t born, DayOrNone(o.born));
  FC_ASSIGN_OR_RETURN(const int32_t professional, DayOrNone(o.professional_until));
  q.set_birth_day(born);
  q.set_professional_until(professional);
  q.set_pension_account(o.pension_account);
  FC_RETURN_IF_ERROR(remote.Ask<v1::SetInvestorResponse>(StrCat(kFace, "SetInvestor"), q).status());
  Answer a;
  a.Add("investor", investor);
  return a;
}

Result Confirm(Remote& remote, const ConfirmOptions& o) {
  v1::ConfirmRequest q;
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  q.set_investor_id(investor.raw());
  q.set_fund_code(o.fund);
  q.set_kind(o.kind);
  q.set_text_version(o.version);
  q.set_reference(o.reference);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ConfirmResponse>(StrCat(kFace, "Confirm"), q));
  Answer a;
  a.Add("investor", investor);
  a.Add("at", TimePoint::FromRaw(r.at_us()));
  return a;
}

Result ShowEvidence(Remote& remote, const std::string& investor_text, const std::string& order_text) {
  if (investor_text.empty() == order_text.empty())
    return absl::InvalidArgumentError("say either --investor or --order");
  Answer a;
  InvestorId investor;
  std::vector<OrderId> orders;
  if (!order_text.empty()) {
    FC_ASSIGN_OR_RETURN(const OrderId order, ReadOrder(order_text));
    trade::v1::GetOrderRequest q;
    q.set_order_id(order.raw());
    FC_ASSIGN_OR_RETURN(auto r, remote.Ask<trade::v1::GetOrderResponse>("fundcore.trade.v1.TradeService/GetOrder", q));
    investor = InvestorId(r.order().investor_id());
    orders.push_back(order);
    a.Add("order", order);
    a.Add("received_at", TimePoint::FromRaw(r.order().received_at_us()));
    a.Add("fund", r.order().fund_code());
    a.Add("state", trade::v1::OrderState_Name(r.order().state()));
    a.Add("reason", r.order().reason());
  } else {
    FC_ASSIGN_OR_RETURN(investor, ReadInvestor(investor_text));
    trade::v1::ListOrdersRequest q;
    q.set_investor_id(investor.raw());
    q.set_page_size(500);
    do {
      FC_ASSIGN_OR_RETURN(auto page, remote.Ask<trade::v1::ListOrdersResponse>("fundcore.trade.v1.TradeService/ListOrders", q));
      for (const auto& o : page.orders()) orders.emplace_back(o.order_id());
      q.set_page_token(page.next_page_token());
    } while (!q.page_token().empty());
  }
  a.Add("investor", investor);
  FC_RETURN_IF_ERROR(AddPerson(remote, investor, &a));
  Table& decisions = a.AddTable("decisions", {"order", "at", "outcome", "rules"}, "decisions");
  Table& inputs = a.AddTable("inputs", {"order", "input", "value"}, "what each decision looked at");
  for (OrderId order : orders) FC_RETURN_IF_ERROR(AddDecision(remote, order, &decisions, &inputs));
  return a;
}

}  // namespace fundcore::fundctl
