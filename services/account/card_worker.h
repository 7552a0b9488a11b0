// CardWorker: asks the bank whose a card is, for card changes that wait for it, and brings its answer into the log.
//
// What waits stands in the machines' to-dos. The bank answers yes, no, or that it does not know; the last is no answer, and it is
// asked again after half a minute, doubling up to ten; while it cannot be reached, after 10 ms doubling to 5 s. So a change waits
// for as long as it takes, and is never refused for want of an answer. Name, certificate, mobile and card number go to the bank
// in clear and nowhere else.
//
//   CardWorker worker(&host, peers, vault);
//   worker.Start();                                   // once the host is serving
#pragma once

#include <memory>
#include <vector>

#include "common/crypto/vault.h"
#include "common/machine/host.h"
#include "common/rpc/peers.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "services/account/machine.h"

namespace fundcore::account {

// Made with the service; each lane belongs to its executor. `host`, `peers` and `vault` outlive it.
class CardWorker {
 public:
  CardWorker(machine::Host<AccountMachine>* host, rpc::Peers* peers, const Vault* vault);
  void Start();

 private:
  struct Item {
    PartitionId partition;
    uint64_t change = 0;
  };
  struct Lane {
    machine::Shard* shard = nullptr;
    bool under_way = false;
    int failures = 0;             // in a row
    int unknown = 0;              // in a row
  };
  static constexpr size_t kItemsACall = 200;

  void Round(Lane& lane);
  absl::Status Fill(AccountMachine& machine, uint64_t change, bank::v1::CardQuestion* question);
  void Answered(Lane& lane, const std::vector<Item>& items, const absl::Status& status,
                const bank::v1::VerifyCardsResponse& response);
  void AskAgain(Lane& lane, std::vector<Item> items, Duration pause, bool either_clock);

  machine::Host<AccountMachine>* host_;
  rpc::Peers* peers_;
  const Vault* vault_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace fundcore::account
