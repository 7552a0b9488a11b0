// PaymentWorker: brings deposits and withdrawals to the bank and its answers back into the log.
//
// Everything it has to do stands in the machines' to-dos, so a crash costs a repeated instruction, which the bank
// answers as it did before. One message an executor round carries the payments of all its partitions; while the bank
// does not answer, they are tried again after a growing, jittered pause, for as long as it takes.
//
//   PaymentWorker worker(&host, peers);
//   worker.Start();                                   // once the host is serving
//   worker.Await(partition, payment, wait, [] { … }); // on the partition's executor: runs at the answer, or when time
//   is up
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "common/machine/host.h"
#include "common/rpc/peers.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "services/account/machine.h"

namespace fundcore::account {

// Made with the service; each lane belongs to its executor. `host` and `peers` outlive it.
class PaymentWorker {
 public:
  PaymentWorker(machine::Host<AccountMachine>* host, rpc::Peers* peers);

  void Start();
  void Await(PartitionId partition, uint64_t payment, Duration at_most, absl::AnyInvocable<void()> done);

 private:
  struct Item {
    PartitionId partition;
    uint64_t payment = 0;
  };
  struct Waiter {
    uint64_t id;
    absl::AnyInvocable<void()> done;
  };
  // What one executor is about. Volatile: callers who wait and calls under way are forgotten with the process.
  struct Lane {
    machine::Shard* shard = nullptr;
    int under_way = 0;
    int failures = 0;             // in a row
    uint64_t next_waiter = 1;
    std::map<std::pair<uint16_t, uint64_t>, std::vector<Waiter>> waiters;
  };

  static constexpr int kCallsAtOnce = 4;
  static constexpr size_t kItemsACall = 500;

  Lane& LaneOf(PartitionId partition) { return *lanes_[partition.raw() % lanes_.size()]; }
  void Round(Lane& lane);
  void Answered(Lane& lane, const std::vector<Item>& items, absl::Status status,
                const bank::v1::ExecuteResponse& response);
  void Wake(Lane& lane, const Item& item);

  machine::Host<AccountMachine>* host_;
  rpc::Peers* peers_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace fundcore::account
