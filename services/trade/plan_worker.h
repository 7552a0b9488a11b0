// PlanWorker: tells the machines when plans are due, and makes orders of the debits that they name.
//
// One for each executor, over all its partitions. Twice a second it looks when the next plan is due; once that has come a PlanTick
// names the plans, at most a thousand at a time, and what they want is handed in as a Receive, under request ids made of plan and day.
// Of plans that buy up to a target it asks account what is held, first. Nothing is held here that the state does not hold: after
// a crash the machines name the same debits again, and the same request ids make no second order.
//
//   PlanWorker worker(&host, shard, peers);
//   worker.Start();          // on the executor, once all partitions are served
//
// All methods run on the executor. Must outlive it: replies of peers come there.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "common/machine/host.h"
#include "common/rpc/peers.h"
#include "services/trade/machine.h"

namespace fundcore::trade {

class PlanWorker {
 public:
  PlanWorker(machine::Host<TradeMachine>* host, machine::Shard* shard, rpc::Peers* peers);
  PlanWorker(const PlanWorker&) = delete;

  void Start();
  // A plan was made: the next look is now. On the shard's executor.
  void Heed();

 private:
  machine::Partition<TradeMachine>& At(size_t i) {
    return static_cast<machine::Partition<TradeMachine>&>(*shard_->partitions()[i]);
  }
  void Look();
  // Goes on with one partition where nothing of it is under way.
  void Go(size_t i);
  void MakeOrders(size_t i, std::vector<uint64_t> plans);
  void AskHoldings(size_t i, uint64_t plan);
  // The order of a plan that buys up to its target, where `units` are held.
  void BuyMissing(size_t i, uint64_t plan, Date day, Units units);
  void Submit(size_t i, const Receive& c);

  machine::Host<TradeMachine>* const host_;
  machine::Shard* const shard_;
  rpc::Peers* const peers_;
  std::vector<char> busy_;  // by partition: a command is under way
  uint64_t looks_ = 0;        // of which only the latest posts the next one
  std::set<int64_t> posted_;  // moments at which it looks again
};

}  // namespace fundcore::trade
