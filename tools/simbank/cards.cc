// Whose cards are: what the bank says to the four elements, and what it is told for tests and demonstrations.
#include "common/crypto/person.h"
#include "common/crypto/vault.h"
#include "common/rpc/operators.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "tools/simbank/simbank.h"

namespace fundcore::simbank {

namespace v1 = bank::v1;

namespace {

constexpr PartitionId kPartition{0};
constexpr int kMaxQuestions = 1'000;

std::string CardOf(const Vault& vault, const std::string& number) { return vault.Fingerprint("card", number).Hex(); }

// Of a question, or of what the bank was told; nothing else of a person is kept.
template <class M>
PutCard Elements(const Vault& vault, const M& m) {
  PutCard c;
  c.card = CardOf(vault, m.card_no());
  c.name = vault.Fingerprint("bank name", m.name()).Hex();
  c.certificate = vault.Fingerprint("bank certificate", StrCat(m.certificate_type(), "|", CertificateNumber(m.certificate_no()))).Hex();
  c.mobile = vault.Fingerprint("bank mobile", m.mobile()).Hex();
  return c;
}

void Say(v1::CardAnswer* a, v1::Verdict verdict, std::string_view reason = "", std::string_view message = "") {
  a->set_verdict(verdict);
  a->set_reason(std::string(reason));
  a->set_message(std::string(message));
}

void Answer(const PutCard& asked, const PutCard* known, bool generous, v1::CardAnswer* a) {
  if (!known && generous) return Say(a, v1::THEIRS);
  if (!known) return Say(a, v1::NOT_THEIRS, "CARD_UNKNOWN", "no card has this number");
  if (known->silent) return Say(a, v1::UNKNOWN);
  if (known->closed) return Say(a, v1::NOT_THEIRS, "CARD_CLOSED_AT_BANK", "the card is closed");
  if (known->name != asked.name) return Say(a, v1::NOT_THEIRS, "NAME_DIFFERS", "the card is in another name");
  if (known->certificate != asked.certificate)
    return Say(a, v1::NOT_THEIRS, "CERTIFICATE_DIFFERS", "the card was opened with another certificate");
  if (known->mobile != asked.mobile)
    return Say(a, v1::NOT_THEIRS, "MOBILE_DIFFERS", "the bank has another mobile number for the card");
  Say(a, v1::THEIRS);
}

}  // namespace

void SimBank::RegisterCards(rpc::Handlers* h) {
  using rpc::Call;
  using rpc::Reply;
  h->Unary<v1::VerifyCardsRequest, v1::VerifyCardsResponse>(
      "fundcore.bank.v1.BankService/VerifyCards",
      [this](const Call& call, const v1::VerifyCardsRequest& q, v1::VerifyCardsResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.questions_size() > kMaxQuestions)
          return reply(absl::InvalidArgumentError(StrCat("questions: ", q.questions_size(), " are more than ", kMaxQuestions)));
        host_.On(kPartition, [this, &q, r, reply = std::move(reply)](machine::Partition<BankMachine>& p) mutable {
          if (!p.serving()) return reply(absl::UnavailableError("the bank is opening; ask again shortly"));
          for (const auto& question : q.questions()) {
            const PutCard asked = Elements(*vault_, question);
            Answer(asked, p.machine().FindHolder(asked.card), generous_, r->add_answers());
          }
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::PutCardRequest, v1::PutCardResponse>(
      "fundcore.bank.v1.BankService/PutCard",
      [this](const Call& call, const v1::PutCardRequest& q, v1::PutCardResponse*, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.card_no().empty()) return reply(absl::InvalidArgumentError("card_no is needed"));
        PutCard c = Elements(*vault_, q);
        c.silent = q.silent();
        c.closed = q.closed();
        host_.On(kPartition, [this, c, reply = std::move(reply)](machine::Partition<BankMachine>& p) mutable {
          if (!p.serving()) return reply(absl::UnavailableError("the bank is opening; ask again shortly"));
          host_.Submit(kPartition, c, [reply = std::move(reply)](const BankMachine::Result&) mutable { reply(absl::OkStatus()); });
        });
      });
  h->Unary<v1::CardBalanceRequest, v1::CardBalanceResponse>(
      "fundcore.bank.v1.BankService/CardBalance",
      [this](const Call& call, const v1::CardBalanceRequest& q, v1::CardBalanceResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        host_.On(kPartition, [card = CardOf(*vault_, q.card_no()), r,
                              reply = std::move(reply)](machine::Partition<BankMachine>& p) mutable {
          r->set_balance_fen(p.machine().BalanceOf(card).raw());
          reply(absl::OkStatus());
        });
      });
}

}  // namespace fundcore::simbank
