// SimBank: a bank with books of its own, as a peer. It moves money between outside cards, the supervised settlement account
// and the transfer agents, each instruction once by its id, and remembers all of it across crashes, because a bank does.
//
// It stands in for a real bank port in `./run`, day scripts and trials; the core reaches it only through BankService, and
// its books are the third side of the cash reconciliation. It runs on the same machine runtime as the services, so its
// books are as durable as theirs, but shares no state with them.
//
//   SimBank bank(deps);  bank.Register(&handlers);
#pragma once

#include <string>
#include <vector>

#include "common/machine/service.h"
#include "common/money/decimal.h"

namespace fundcore::simbank {

enum class Direction : uint8_t {
  kCardToSettlement = 1,
  kSettlementToCard = 2,
  kSettlementToTa = 3,
  kTaToSettlement = 4,
  kAdvanceToSettlement = 5,
  kInterest = 140,
};

struct Instruct {
  static constexpr uint8_t kTag = 2;
  std::string id;
  Direction direction = Direction::kCardToSettlement;
  std::string counterparty;  // card fingerprint or TA code
  Money amount;
  // A card that was never funded holds as much as is asked for, so that demos need no set-up. In the command, because what
  // is configured today must not change what a replay makes of yesterday.
  bool generous = false;
  FC_FIELDS(id, direction, counterparty, amount, generous)
};

struct FundCard {
  static constexpr uint8_t kTag = 3;
  std::string request_id;
  std::string card;
  Money amount;
  FC_FIELDS(request_id, card, amount)
};

// Whose a card is. The four elements as fingerprints: the bank stands in for one that knows them.
struct PutCard {
  static constexpr uint8_t kTag = 4;
  std::string card;
  std::string name, certificate, mobile;
  bool silent = false;
  bool closed = false;
  FC_FIELDS(card, name, certificate, mobile, silent, closed)
};

// The bank's books. Cards and TAs may be unknown at first: an account exists once money touches it. TAs may owe (they are
// paid by fund assets outside this picture); cards and the settlement account may not.
class BankMachine {
 public:
  enum class Reason : uint8_t { kOk = 0, kNotEnoughMoney = 1, kSameIdOtherContent = 2, kTooMuch = 3, kCardClosed = 4 };
  struct Result {
    Reason reason = Reason::kOk;
    Money balance;  // of the card, after FundCard
  };
  using Commands = machine::CommandList<Instruct, FundCard, PutCard>;

  BankMachine(machine::State& state, PartitionId) : state_(state) {}

  Result Execute(const Instruct& c, const machine::Context& ctx);
  Result Execute(const FundCard& c, const machine::Context& ctx);
  Result Execute(const PutCard& c, const machine::Context& ctx);
  // nullptr where nobody has said whose it is.
  const PutCard* FindHolder(const std::string& card) { return holders_.Find(card); }
  Money BalanceOf(const std::string& card) {
    const Card* c = cards_.Find(card);
    return c ? c->balance : Money();
  }

  Money settlement() { return settlement_.Get(); }
  Money cards_total() { return cards_total_.Get(); }
  uint64_t instructions() { return count_.Get(); }
  // What each bank has ever advanced.
  void ForEachAdvance(absl::FunctionRef<void(const std::string& bank, Money amount)> visit);
  void ForEachTa(absl::FunctionRef<void(const std::string& ta, Money balance)> visit);

 private:
  struct Done {
    Instruct instruction;
    Reason reason = Reason::kOk;
    FC_FIELDS(instruction, reason)
  };
  struct Card {
    Money balance;
    bool funded = false;
    FC_FIELDS(balance, funded)
  };

  machine::State& state_;
  machine::Table<std::string, Done> done_{state_, 1, machine::Residence::kLazy};
  machine::Table<std::string, Card> cards_{state_, 2, machine::Residence::kLazy};
  machine::Table<std::string, Money> tas_{state_, 3};
  machine::Cell<Money> settlement_{state_, 4};
  machine::Cell<Money> cards_total_{state_, 5};
  machine::Cell<uint64_t> count_{state_, 6};
  machine::Table<std::string, Money> card_requests_{state_, 7, machine::Residence::kLazy};
  machine::Table<std::string, PutCard> holders_{state_, 8, machine::Residence::kLazy};
  machine::Table<std::string, Money> advances_{state_, 9};
};

class SimBank final : public Service {
 public:
  SimBank(const ServiceDeps& deps, bool generous);
  machine::HostBase* host() override { return &host_; }
  void Register(rpc::Handlers* handlers) override;
  void Start() override {}

 private:
  void RegisterCards(rpc::Handlers* handlers);

  machine::Host<BankMachine> host_;
  const Vault* vault_;
  const bool generous_;
};

}  // namespace fundcore::simbank
