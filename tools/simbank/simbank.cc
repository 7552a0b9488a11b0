// The bank's books and its face.
#include "tools/simbank/simbank.h"

#include "common/base/check.h"
#include "common/crypto/vault.h"
#include "common/rpc/operators.h"
#include "fundcore/bank/v1/bank.pb.h"

namespace fundcore::simbank {

namespace v1 = bank::v1;
using Reason = BankMachine::Reason;

namespace {
constexpr PartitionId kPartition{0};
constexpr int kMaxInstructions = 10'000;
// A payment of more, in fen, is a slip; and no account or sum of them gets near what a number can hold.
constexpr int64_t kMostAmountFen = 100'000'000'000'000;
constexpr int64_t kMostBalanceFen = 4'000'000'000'000'000'000;

// Whether `amount` more (or less, for what an institution owes) keeps a sum within the bank's means.
bool Fits(Money sum, Money amount) {
  return sum.raw() <= kMostBalanceFen - amount.raw() && sum.raw() >= -kMostBalanceFen + amount.raw();
}
}  // namespace

BankMachine::Result BankMachine::Execute(const Instruct& c, const machine::Context&) {
  if (const Done* seen = done_.Find(c.id)) {
    Instruct same = c;
    same.generous = seen->instruction.generous;
    return {Encode(seen->instruction) == Encode(same) ? seen->reason : Reason::kSameIdOtherContent, {}};
  }
  Reason reason = Reason::kOk;
  if (!Fits(cards_total_.Get(), c.amount) || !Fits(settlement_.Get(), c.amount) ||
      ((c.direction == Direction::kSettlementToTa || c.direction == Direction::kTaToSettlement) &&
       !Fits(tas_.Find(c.counterparty) ? *tas_.Find(c.counterparty) : Money(), c.amount)) ||
      (c.direction == Direction::kAdvanceToSettlement &&
       !Fits(advances_.Find(c.counterparty) ? *advances_.Find(c.counterparty) : Money(), c.amount))) {
    return {Reason::kTooMuch, {}};
  }
  const PutCard* holder = holders_.Find(c.counterparty);
  const bool of_card = c.direction == Direction::kCardToSettlement || c.direction == Direction::kSettlementToCard;
  if (of_card && holder && holder->closed) {
    done_.Put(c.id, {c, Reason::kCardClosed});
    ++count_.Mutable();
    return {Reason::kCardClosed, {}};
  }
  switch (c.direction) {
    case Direction::kCardToSettlement: {
      Card& card = cards_.Mutable(c.counterparty);
      if (c.generous && !card.funded && card.balance < c.amount) {
        cards_total_.Mutable() += c.amount - card.balance;
        card.balance = c.amount;
      }
      if (card.balance < c.amount) {
        reason = Reason::kNotEnoughMoney;
        break;
      }
      card.balance -= c.amount;
      cards_total_.Mutable() -= c.amount;
      settlement_.Mutable() += c.amount;
      break;
    }
    case Direction::kSettlementToCard:
      if (settlement_.Get() < c.amount) {
        reason = Reason::kNotEnoughMoney;
        break;
      }
      settlement_.Mutable() -= c.amount;
      cards_.Mutable(c.counterparty).balance += c.amount;
      cards_total_.Mutable() += c.amount;
      break;
    case Direction::kSettlementToTa:
      if (settlement_.Get() < c.amount) {
        reason = Reason::kNotEnoughMoney;
        break;
      }
      settlement_.Mutable() -= c.amount;
      tas_.Mutable(c.counterparty) += c.amount;
      break;
    case Direction::kAdvanceToSettlement:
      advances_.Mutable(c.counterparty) += c.amount;
      settlement_.Mutable() += c.amount;
      break;
    case Direction::kTaToSettlement:
      tas_.Mutable(c.counterparty) -= c.amount;
      settlement_.Mutable() += c.amount;
      break;
    case Direction::kInterest: settlement_.Mutable() += c.amount; break;  // the bank's own money
  }
  // A refusal for want of money is an answer too, and final for this id: the payer makes a new instruction.
  done_.Put(c.id, {c, reason});
  ++count_.Mutable();
  return {reason, {}};
}

BankMachine::Result BankMachine::Execute(const FundCard& c, const machine::Context&) {
  if (const Money* seen = card_requests_.Find(c.request_id)) return {Reason::kOk, *seen};
  if (!Fits(cards_total_.Get(), c.amount)) return {Reason::kTooMuch, {}};
  Card& card = cards_.Mutable(c.card);
  card.funded = true;
  card.balance += c.amount;
  cards_total_.Mutable() += c.amount;
  card_requests_.Put(c.request_id, card.balance);
  return {Reason::kOk, card.balance};
}

BankMachine::Result BankMachine::Execute(const PutCard& c, const machine::Context&) {
  holders_.Put(c.card, c);
  return {};
}

void BankMachine::ForEachTa(absl::FunctionRef<void(const std::string&, Money)> visit) {
  tas_.ScanAll([&](const std::string& ta, const Money& m) { return visit(ta, m), true; });
}

void BankMachine::ForEachAdvance(absl::FunctionRef<void(const std::string&, Money)> visit) {
  advances_.ScanAll([&](const std::string& bank, const Money& m) { return visit(bank, m), true; });
}

SimBank::SimBank(const ServiceDeps& deps, bool generous)
    : host_({.service = ServiceId::kSimBank, .partitions = 1, .executors = deps.executors, .log = deps.log,
             .store = deps.store, .owner = deps.owner, .supports = deps.machine_versions, .leased = deps.leased}),
      vault_(deps.vault),
      generous_(generous) {}

void SimBank::Register(rpc::Handlers* h) {
  RegisterCards(h);
  using rpc::Call;
  using rpc::Reply;
  h->Unary<v1::ExecuteRequest, v1::ExecuteResponse>(
      "fundcore.bank.v1.BankService/Execute", [this](const Call& call, const v1::ExecuteRequest& q, v1::ExecuteResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.instructions_size() == 0) return reply(absl::OkStatus());
        if (q.instructions_size() > kMaxInstructions) {
          return reply(absl::InvalidArgumentError(StrCat("instructions: ", q.instructions_size(), " are more than ", kMaxInstructions)));
        }
        for (const auto& i : q.instructions()) {
          if (i.instruction_id().empty() || i.amount_fen() <= 0 || i.amount_fen() > kMostAmountFen || i.direction() < 1 ||
              (i.direction() > 5 && i.direction() != v1::INTEREST_TO_SETTLEMENT)) {
            return reply(absl::InvalidArgumentError(
                StrCat("instruction \"", i.instruction_id(), "\": an id, a direction and an amount_fen from 1 to ", kMostAmountFen,
                       " are needed")));
          }
        }
        for (int i = 0; i < q.instructions_size(); ++i) r->add_results();
        host_.On(kPartition, [this, &q, r, reply = std::move(reply)](machine::Partition<BankMachine>& p) mutable {
          if (!p.serving()) return reply(absl::UnavailableError("the bank is opening; ask again shortly"));
          auto status = std::make_shared<absl::Status>();
          auto* gather = machine::Gather::New(static_cast<size_t>(q.instructions_size()),
                                              [status, reply = std::move(reply)]() mutable { reply(*status); });
          for (int n = 0; n < q.instructions_size(); ++n) {
            const auto& i = q.instructions(n);
            const auto executed = [gather, out = r->mutable_results(n)](const BankMachine::Result& result) {
              out->set_done(result.reason == Reason::kOk);
              if (result.reason == Reason::kNotEnoughMoney) {
                out->set_reason("NOT_ENOUGH_MONEY");
                out->set_message("the paying account does not hold that much");
              } else if (result.reason == Reason::kCardClosed) {
                out->set_reason("CARD_CLOSED_AT_BANK");
                out->set_message("the card is closed");
              } else if (result.reason == Reason::kTooMuch) {
                out->set_reason("TOO_MUCH");
                out->set_message("the bank's accounts cannot hold that much");
              } else if (result.reason == Reason::kSameIdOtherContent) {
                out->set_reason("SAME_ID_OTHER_CONTENT");
                out->set_message("this instruction id was used for another payment");
              }
              gather->One();
            };
            host_.Submit(kPartition,
                         Instruct{i.instruction_id(), static_cast<Direction>(i.direction()), i.counterparty(),
                                  Money::FromRaw(i.amount_fen()), generous_},
                         machine::OrLost(executed, [gather, status] {
                           *status = LostOutcome();
                           gather->One();
                         }));
          }
        });
      });
  h->Unary<v1::BalancesRequest, v1::BalancesResponse>(
      "fundcore.bank.v1.BankService/Balances", [this](const Call&, const v1::BalancesRequest&, v1::BalancesResponse* r, Reply reply) {
        host_.On(kPartition, [r, reply = std::move(reply)](machine::Partition<BankMachine>& p) mutable {
          BankMachine& m = p.machine();
          r->set_settlement_fen(m.settlement().raw());
          r->set_cards_fen(m.cards_total().raw());
          r->set_instructions(m.instructions());
          m.ForEachTa([&](const std::string& ta, Money balance) {
            auto* b = r->add_ta();
            b->set_account(ta);
            b->set_amount_fen(balance.raw());
          });
          m.ForEachAdvance([&](const std::string& bank, Money advanced) {
            auto* b = r->add_advanced();
            b->set_account(bank);
            b->set_amount_fen(advanced.raw());
          });
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::FundCardRequest, v1::FundCardResponse>(
      "fundcore.bank.v1.BankService/FundCard", [this](const Call& call, const v1::FundCardRequest& q, v1::FundCardResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.request_id().empty() || q.card_no().empty() || q.amount_fen() <= 0 || q.amount_fen() > kMostAmountFen) {
          return reply(absl::InvalidArgumentError(
              StrCat("request_id, card_no and an amount_fen from 1 to ", kMostAmountFen, " are needed; amount_fen is ", q.amount_fen())));
        }
        // The bank knows a card by the same fingerprint that account uses: the number itself is stored nowhere.
        FundCard command{q.request_id(), vault_->Fingerprint("card", q.card_no()).Hex(), Money::FromRaw(q.amount_fen())};
        host_.On(kPartition, [this, command, r, reply = std::move(reply)](machine::Partition<BankMachine>& p) mutable {
          if (!p.serving()) return reply(absl::UnavailableError("the bank is opening; ask again shortly"));
          host_.Submit(kPartition, command, [r, reply = std::move(reply)](const BankMachine::Result& result) mutable {
            if (result.reason == Reason::kTooMuch) {
              return reply(absl::ResourceExhaustedError("the bank's cards cannot hold that much"));
            }
            r->set_balance_fen(result.balance.raw());
            reply(absl::OkStatus());
          });
        });
      });
}

}  // namespace fundcore::simbank
