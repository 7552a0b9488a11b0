// Desk: where callers wait. One for each executor; it takes the orders of a call that belong to its partitions, submits
// one Receive a partition, and answers each item when its order is decided or the caller's patience is at an end.
//
// What waits here is volatile: a crash loses callers, never orders. All methods run on the desk's executor, except
// overloaded(). A desk outlives every call it was given; it lives as long as the service.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/machine/host.h"
#include "common/rpc/handlers.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "services/trade/machine.h"

namespace fundcore::trade {

// The messages of one SubmitOrder or SubmitOrders call, alive until its reply. Each item belongs to one desk, so desks
// write to different outcomes at the same time.
class Submission {
 public:
  Submission(CallerId caller, const v1::SubmitOrdersRequest* request, v1::SubmitOrdersResponse* response)
      : caller(caller), many_(request), outcomes_(response) {}
  Submission(CallerId caller, const v1::NewOrder* order, v1::OrderOutcome* outcome)
      : caller(caller), one_(order), outcome_(outcome) {}

  uint32_t size() const { return one_ ? 1 : static_cast<uint32_t>(many_->orders_size()); }
  const v1::NewOrder& order(uint32_t i) const { return one_ ? *one_ : many_->orders(static_cast<int>(i)); }
  v1::OrderOutcome* outcome(uint32_t i) const {
    return one_ ? outcome_ : outcomes_->mutable_outcomes(static_cast<int>(i));
  }

  const CallerId caller;

 private:
  const v1::NewOrder* one_ = nullptr;
  v1::OrderOutcome* outcome_ = nullptr;
  const v1::SubmitOrdersRequest* many_ = nullptr;
  v1::SubmitOrdersResponse* outcomes_ = nullptr;
};

class Desk;

// One desk's share of a submission. Made by the handler, owned by the desk from Desk::Submit on.
struct Part {
  struct Range {
    PartitionId partition;
    uint32_t begin = 0, end = 0;  // of `items`
    bool executed = false;
  };

  Submission* submission = nullptr;
  machine::Gather* gather = nullptr;  // told once when every item has its outcome
  Duration patience;
  std::vector<uint32_t> items;  // indices into the submission, partition by partition
  std::vector<Range> ranges;

  // The desk's own.
  Desk* desk = nullptr;
  uint32_t receives_left = 0;
  uint32_t unanswered = 0;
  uint64_t expires = 0;  // tick
  size_t slot = 0;
  bool closed = false;  // the gather was told: submission and gather may be gone
};

// How long a caller with this deadline is kept waiting: less a margin for the way back.
Duration PatienceOf(Duration deadline);

class Desk {
 public:
  Desk(machine::Host<TradeMachine>* host, machine::Shard* shard) : host_(host), shard_(shard) {}
  Desk(const Desk&) = delete;

  // From now on changes of orders are followed. Once, when all partitions are served.
  void Start();
  void Submit(Part* part);
  // Sends the order now and at every change until it is final.
  void Watch(OrderId order, std::shared_ptr<rpc::Stream> stream);
  // At the end of each round in which commands were executed.
  void OnExecuted();

  // Callers should come back later. Any thread; as of the last round.
  bool overloaded() const { return overloaded_.load(std::memory_order_relaxed); }

 private:
  struct Waiter {
    Part* part;
    uint32_t item;
  };

  void OnReceived(Part* part, uint32_t range, const TradeMachine::Result& result);
  void OnLost(Part* part, uint32_t range);
  void Refuse(Part* part, const Part::Range& range, absl::StatusCode code, std::string_view reason,
              std::string_view message);
  void Answer(const Waiter& waiter, TradeMachine& machine, uint64_t seq, const Order& o);
  void Answered(Part* part, uint32_t items);
  void Close(Part* part);
  void Expire(Part* part);
  void Forget(Part* part, uint64_t order);
  void Sweep();
  void Tell(TradeMachine& machine, uint64_t seq, const Order& o);
  void PruneWatchers();

  machine::Host<TradeMachine>* const host_;
  machine::Shard* const shard_;
  bool started_ = false;
  std::atomic<bool> overloaded_{false};
  absl::flat_hash_map<uint64_t, Waiter> waiters_;                    // by order number
  absl::flat_hash_map<uint64_t, std::vector<Waiter>> more_waiters_;  // second and further ones of the same order
  absl::flat_hash_map<uint64_t, std::vector<std::shared_ptr<rpc::Stream>>> watchers_;
  size_t prune_at_ = 1'000;
  std::vector<Part*> active_;
  uint64_t tick_ = 0;
  bool sweeping_ = false;
  Receive receive_;                // scratch
  std::vector<uint64_t> changed_;  // scratch
};

}  // namespace fundcore::trade
