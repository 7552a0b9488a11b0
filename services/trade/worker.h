// Worker: drives undecided orders to an outcome, and gives back what orders that ended had reserved.
//
// One for each executor, over all its partitions. A round is one Reserve to account and one Decide to risk, side by
// side; when both have answered, one Judge a partition is submitted. What fails is asked again, with growing pauses and
// without end: trouble delays an order and never refuses it. Nothing is held here that the state does not hold: after a
// crash the machines name the same orders again, and the peers give their stored answers.
//
//   Worker worker(&host, shard, peers);
//   worker.Start();          // on the executor, once all partitions are served
//   worker.OnExecuted();     // at the end of each round in which commands were executed
//
// All methods run on the executor. Must outlive it: replies of peers come there.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/machine/host.h"
#include "common/rpc/peers.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "services/trade/machine.h"

namespace fundcore::trade {

class Worker {
 public:
  Worker(machine::Host<TradeMachine>* host, machine::Shard* shard, rpc::Peers* peers);
  Worker(const Worker&) = delete;

  void Start();
  void OnExecuted();

 private:
  struct Range {
    PartitionId partition;
    size_t begin, end;
  };
  // Orders from one or more partitions that travel together. Its messages are kept for the next one, so that their
  // memory is asked for once.
  struct Items {
    std::vector<uint64_t> orders;
    std::vector<Range> ranges;
    void Clear() {
      orders.clear();
      ranges.clear();
    }
  };
  struct Round {
    bool busy = false;
    Items items;
    account::v1::ReserveRequest reserve;
    account::v1::ReserveResponse reserved;
    risk::v1::DecideRequest decide;
    risk::v1::DecideResponse decided;
    int waiting = 0;
    Duration reserve_pause, decide_pause;
  };

  machine::Partition<TradeMachine>& At(size_t i) {
    return static_cast<machine::Partition<TradeMachine>&>(*shard_->partitions()[i]);
  }
  void SubmitReviews();
  void StartRounds();
  bool Fill(Round* round);
  void CallReserve(Round* round);
  void CallDecide(Round* round);
  void OneAnswered(Round* round);
  void SubmitJudgements(Round* round);
  void StartRelease();
  void CallRelease();
  // Doubles the pause, from 10 ms to 5 s, and gives a time to wait drawn from its upper half, or what the peer asked
  // for.
  Duration Pause(Duration* pause, const absl::Status& status);

  machine::Host<TradeMachine>* const host_;
  machine::Shard* const shard_;
  rpc::Peers* const peers_;
  bool started_ = false;
  std::vector<char> reviewing_;  // by partition: a Review is under way
  std::array<Round, 4> rounds_;
  size_t next_partition_ = 0;  // where the next round begins to look
  Judge judge_;                // scratch

  bool releasing_ = false;
  Items release_items_;
  account::v1::ReleaseRequest release_;
  account::v1::ReleaseResponse released_;
  Duration release_pause_;
};

}  // namespace fundcore::trade
