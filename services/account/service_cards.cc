// What apps and operators call about cards: changed, closed, listed, and what is paid out to them.
#include <algorithm>

#include "common/base/status.h"
#include "common/rpc/operators.h"
#include "services/account/service.h"

namespace fundcore::account {
namespace {

constexpr size_t kMostText = 200;      // bytes of a reason given by people, or of an evidence's reference
constexpr size_t kMostChanges = 500;   // an answer

bool AllOf(std::string_view s, bool (*good)(char)) { return std::all_of(s.begin(), s.end(), good); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsPrintable(char c) { return c > ' ' && c < 0x7f; }

std::string_view StateName(CardState state) {
  switch (state) {
    case CardState::kOpen: return "OPEN";
    case CardState::kClosed: return "CLOSED";
    case CardState::kReplaced: return "REPLACED";
  }
  return "";
}

std::string_view StateName(CardChangeState state) {
  switch (state) {
    case CardChangeState::kAsked: return "ASKED";
    case CardChangeState::kWaiting: return "WAITING";
    case CardChangeState::kDone: return "DONE";
    case CardChangeState::kRefused: return "REFUSED";
    case CardChangeState::kRejected: return "REJECTED";
  }
  return "";
}

absl::Status CheckNumber(const std::string& card_no, const std::string& bank_code) {
  if (card_no.size() < 8 || card_no.size() > 32 || !AllOf(card_no, IsDigit))
    return BadField("card_no", "", "must have 8 to 32 digits");
  if (bank_code.size() > 12 || !AllOf(bank_code, IsPrintable))
    return BadField("bank_code", bank_code, "must have at most 12 printable characters");
  return absl::OkStatus();
}

absl::Status CheckWords(const std::string& person, const std::string& why) {
  if (person.size() > 64) return BadField("person", "", "must have at most 64 bytes");
  if (why.size() > kMostText) return BadField("why", "", StrCat("must have at most ", kMostText, " bytes"));
  return absl::OkStatus();
}

}  // namespace

absl::Status AccountServiceImpl::FillCards(AccountMachine& m, InvestorId id, v1::GetAccountResponse* response) {
  const uint64_t seq = SequenceOf(id);
  const CardId payout = m.PayoutCard(seq);
  for (const CardRecord& card : m.FindPerson(id)->cards) {
    FC_ASSIGN_OR_RETURN(const std::string number, deps_.vault->Open(card.number, kCardContext));
    v1::Card* out = response->add_cards();
    out->set_card_id(card.id.raw());
    out->set_bank_code(card.bank_code);
    out->set_card_no_masked(MaskCard(number));
    const CardMark mark = m.CardMarkOf(seq, card.id);
    out->set_state(std::string(StateName(mark.state)));
    out->set_payout(card.id == payout);
    out->set_replaced_by(mark.replaced_by.raw());
    out->set_since_us(mark.at.raw());
    out->set_person(mark.person);
    out->set_why(mark.why);
  }
  const CardBook* book = m.FindCardBook(seq);
  response->set_pays_out(book && book->pays_out);
  return absl::OkStatus();
}

absl::Status AccountServiceImpl::FillCardChange(AccountMachine& m, uint64_t number, v1::CardChange* out) {
  const account::CardChange& c = *m.FindCardChange(number);
  FC_ASSIGN_OR_RETURN(const std::string card_no, deps_.vault->Open(c.to.number, kCardContext));
  out->set_change_id(MakeOrderId(m.partition(), number).raw());
  out->set_investor_id(MakeInvestorId(m.partition(), c.investor).raw());
  out->set_state(std::string(StateName(c.state)));
  out->set_from_card_id(c.from.raw());
  out->set_to_card_id(c.to.id.raw());
  out->set_to_bank_code(c.to.bank_code);
  out->set_to_card_no_masked(MaskCard(card_no));
  out->set_asked_at_us(c.asked_at.raw());
  out->set_caller(c.caller.str());
  out->set_person(c.person);
  out->set_why(c.why);
  out->set_bank_reason(c.bank_reason);
  out->set_bank_message(c.bank_message);
  out->set_answered_at_us(c.answered_at.raw());
  out->set_held(c.held);
  out->set_decided_by(c.decided_by);
  out->set_evidence(c.evidence);
  out->set_decided_why(c.decided_why);
  out->set_decided_at_us(c.decided_at.raw());
  return absl::OkStatus();
}

void AccountServiceImpl::ChangeCard(const rpc::Call& call, const v1::ChangeCardRequest& request, v1::CardChange* response,
                                    rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  if (request.request_id().empty() || request.request_id().size() > RequestId::kMax || !AllOf(request.request_id(), IsPrintable))
    return reply(BadField("request_id", "", "must have 1 to 64 printable characters without spaces"));
  if ((request.card_id() == 0) == request.card_no().empty())
    return reply(BadField("card_no", "", "must be given, or the card_id of a card that is there; not both"));
  if (request.card_id() == 0) {
    if (absl::Status s = CheckNumber(request.card_no(), request.bank_code()); !s.ok()) return reply(std::move(s));
  }
  if (absl::Status s = CheckWords(request.person(), request.why()); !s.ok()) return reply(std::move(s));
  if (!request.person().empty() && !rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
  const InvestorId investor(request.investor_id());
  host_.On(PartitionOf(investor), [this, caller = call.caller, &request, response, investor,
                                   reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    account::ChangeCard c;
    c.caller = caller;
    c.request = RequestId(request.request_id());
    c.content = deps_.vault->Fingerprint(
        "change of card", StrCat(request.card_id(), "|", request.bank_code(), "|", request.card_no(), "|", request.person()));
    c.investor = investor;
    c.to = CardId(request.card_id());
    c.bank_code = request.bank_code();
    if (request.card_id() == 0) {
      c.fingerprint = deps_.vault->Fingerprint("card", request.card_no());
      c.number = deps_.vault->Seal(request.card_no(), Nonce(part.executor()), kCardContext);
    }
    c.person = request.person();
    c.why = request.why();
    host_.Submit(PartitionOf(investor), c,
                 [this, &part, response, investor, reply = std::move(reply)](const Result& r) mutable {
                   if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, StrCat("investor ", investor.raw())));
                   response->set_existed(r.repeated);
                   reply(FillCardChange(part.machine(), r.number, response));
                 });
  });
}

void AccountServiceImpl::DecideCardChange(const rpc::Call& call, const v1::DecideCardChangeRequest& request,
                                          v1::CardChange* response, rpc::Reply reply) {
  if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
  const OrderId id(request.change_id());
  if (request.change_id() / kOrderSequenceLimit >= deps_.partitions || SequenceOf(id) == 0)
    return reply(RefusalStatus(Reason::kCardChangeNotFound, StrCat("change ", request.change_id())));
  if (request.person().empty())
    return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "PERSON_MISSING", "person: who decides must be named",
                                      {{"field", "person"}, {"text_zh", "请填写复核人员"}}));
  if (request.approve() && request.evidence().empty())
    return reply(rpc::ErrorWithReason(
        absl::StatusCode::kInvalidArgument, "EVIDENCE_MISSING",
        "evidence: an approval says where what was seen is filed, such as the photograph of person, certificate and card",
        {{"field", "evidence"}, {"text_zh", "请填写换卡证明材料编号"}}));
  if (request.evidence().size() > kMostText)
    return reply(BadField("evidence", "", StrCat("must have at most ", kMostText, " bytes")));
  if (absl::Status s = CheckWords(request.person(), request.why()); !s.ok()) return reply(std::move(s));
  host_.On(PartitionOf(id), [this, id, &request, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    const account::DecideCardChange c{SequenceOf(id), request.approve(), request.person(), request.evidence(), request.why()};
    host_.Submit(PartitionOf(id), c, [this, id, &part, response, reply = std::move(reply)](const Result& r) mutable {
      if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, StrCat("change ", id.raw())));
      response->set_existed(r.repeated);
      reply(FillCardChange(part.machine(), r.number, response));
    });
  });
}

void AccountServiceImpl::ListCardChanges(const v1::ListCardChangesRequest& request, v1::ListCardChangesResponse* response,
                                         rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  const InvestorId id(request.investor_id());
  host_.On(PartitionOf(id), [this, id, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    AccountMachine& m = part.machine();
    if (!m.FindInvestor(id)) return reply(RefusalStatus(Reason::kInvestorNotFound, StrCat("investor ", id.raw())));
    const CardBook* book = m.FindCardBook(SequenceOf(id));
    for (uint64_t n = book ? book->last_change : 0; n != 0 && static_cast<size_t>(response->changes_size()) < kMostChanges;
         n = m.FindCardChange(n)->previous) {
      if (absl::Status s = FillCardChange(m, n, response->add_changes()); !s.ok()) return reply(std::move(s));
    }
    reply(absl::OkStatus());
  });
}

void AccountServiceImpl::ListOpenCardChanges(const rpc::Call& call, const v1::ListOpenCardChangesRequest&,
                                             v1::ListCardChangesResponse* response, rpc::Reply reply) {
  if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
  struct Part {
    absl::Status status;
    std::vector<v1::CardChange> changes;
  };
  Collect<Part>(
      call,
      [this](Partition& p, Part& part) {
        AccountMachine& m = p.machine();
        m.ForEachCardBook([&](uint64_t, const CardBook& book) {
          if (book.change == 0 || part.changes.size() >= kMostChanges) return;
          if (absl::Status s = FillCardChange(m, book.change, &part.changes.emplace_back()); !s.ok()) part.status = s;
        });
      },
      [response, reply = std::move(reply)](absl::Status status, std::vector<Part>& parts) mutable {
        if (!status.ok()) return reply(std::move(status));
        std::vector<v1::CardChange> all;
        for (Part& part : parts) {
          if (!part.status.ok()) return reply(part.status);
          for (v1::CardChange& c : part.changes) all.push_back(std::move(c));
        }
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
          return std::pair(a.asked_at_us(), a.change_id()) < std::pair(b.asked_at_us(), b.change_id());
        });
        for (v1::CardChange& c : all) *response->add_changes() = std::move(c);
        reply(absl::OkStatus());
      });
}

void AccountServiceImpl::CloseCard(const rpc::Call& call, const v1::CloseCardRequest& request, v1::CloseCardResponse* response,
                                   rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckWords(request.person(), request.why()); !s.ok()) return reply(std::move(s));
  if (!request.person().empty() && !rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
  const InvestorId investor(request.investor_id());
  host_.On(PartitionOf(investor), [this, &request, response, investor, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    const account::CloseCard c{investor, CardId(request.card_id()), request.person(), request.why()};
    host_.Submit(PartitionOf(investor), c, [response, investor, reply = std::move(reply)](const Result& r) mutable {
      if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, StrCat("investor ", investor.raw())));
      response->set_existed(r.repeated);
      reply(absl::OkStatus());
    });
  });
}

void AccountServiceImpl::SetPayouts(const v1::SetPayoutsRequest& request, v1::SetPayoutsResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  const InvestorId investor(request.investor_id());
  host_.On(PartitionOf(investor), [this, &request, response, investor, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    host_.Submit(PartitionOf(investor), account::SetPayouts{investor, request.on()},
                 [response, investor, reply = std::move(reply)](const Result& r) mutable {
                   if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, StrCat("investor ", investor.raw())));
                   response->set_existed(r.repeated);
                   reply(absl::OkStatus());
                 });
  });
}

}  // namespace fundcore::account
