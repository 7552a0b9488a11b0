// Worker: drives undecided orders to an outcome, and gives back what orders that ended had reserved.
//
// One for each executor, over all its partitions. A batch is one Reserve to account and one Decide to risk, side by
// side; when both have answered, one Judge a partition is submitted. What fails is asked again, with growing pauses and
// without end: trouble delays an order and never refuses it. Nothing is held here that the state does not hold: after a
// crash the machines name the same orders again, and the peers give their stored answers.
//
// Newcomers and orders that waited travel in batches of their own, so that neither holds the other up. While a peer does
// not answer (see PeerGuard), the other one is asked on, and only what is missing is asked later; so money is set aside
// although risk is away. Orders whose call failed rest before they come again. A call that fails although its peer
// answers others is split, until the one order that spoils it travels alone.
//
//   Worker worker(&host, shard, peers, {.limit = 25'000});
//   worker.Start();          // on the executor, once all partitions are served
//   worker.OnExecuted();     // at the end of each round in which commands were executed
//
// All methods run on the executor. Must outlive it: replies of peers come there.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/machine/host.h"
#include "common/rpc/peers.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "services/trade/attempts.h"
#include "services/trade/machine.h"
#include "services/trade/peer_guard.h"
#include "services/trade/recovery.h"

namespace fundcore::trade {

class Worker {
 public:
  struct Options {
    int64_t limit = 25'000;         // items a second to each peer while what waited is made up for
    size_t remembered = 50'000;     // orders with trouble whose attempts are kept
  };

  Worker(machine::Host<TradeMachine>* host, machine::Shard* shard, rpc::Peers* peers, Options options);
  Worker(const Worker&) = delete;

  void Start();
  void OnExecuted();
  // The shard's partition is served from now on: what is undecided there is taken anew. Or not any more: it is another
  // process's business.
  void OnServing(size_t slot, bool serving);

  // --- For operators. ---
  // What an order that is in the worker's hands most likely waits for; the same for all of them, at no cost.
  v1::WaitsFor Undecided() const;
  // What this one waits for, and its attempts. Looks through all that wait here.
  v1::WaitsFor Trace(OrderId order, v1::TraceOrderResponse* out);
  // Adds the partitions' undecided orders, and how the peers answer.
  void Tell(TimePoint now, WaitTally* tally, v1::PeerHealth* account, v1::PeerHealth* risk);

 private:
  // What is known of an undecided order so far. `known` and asks are sets of peers, see BitOf.
  struct Item {
    uint64_t order = 0;  // sequence
    TimePoint received_at;
    uint16_t slot = 0;  // its partition's index in the shard
    uint8_t known = 0;
    uint8_t splits = 0;                    // calls that failed though the peer answers
    std::array<uint16_t, kPeers> tries{};  // calls that failed
    RiskOutcome risk = RiskOutcome::kAllow;
    uint16_t account_reason = 0, risk_reason = 0;
    TaAccountId ta_account;
    Units units;                 // account made the order this large; 0: as it was
    bool quota_known = false;
    bool quota_refused = false;
  };
  // Orders that travel together. Its messages are kept for the next ones, so that their memory is asked for once.
  struct Batch {
    bool busy = false;
    bool probe = false;
    uint8_t asks = 0, failed = 0;
    int waiting = 0;
    Lane lane = Lane::kNew;
    std::vector<Item> items;  // partition by partition
    std::array<TimePoint, kPeers> at;
    std::array<Duration, kPeers> wanted_pause;  // what the peer asked for
    bool spoilt = false;                        // failed though the peer answers
    account::v1::ReserveRequest reserve;
    account::v1::ReserveResponse reserved;
    risk::v1::DecideRequest decide;
    risk::v1::DecideResponse decided;
  };

  static constexpr uint8_t BitOf(Peer p) { return static_cast<uint8_t>(1u << static_cast<unsigned>(p)); }
  static constexpr uint8_t kBoth = 3;

  machine::Partition<TradeMachine>& At(size_t i) {
    return static_cast<machine::Partition<TradeMachine>&>(*shard_->partitions()[i]);
  }
  PeerGuard& guard(Peer p) { return guards_[static_cast<size_t>(p)]; }
  const PeerGuard& guard(Peer p) const { return guards_[static_cast<size_t>(p)]; }
  // Orders that lack exactly the answers of these peers.
  std::deque<Item>& Lacking(uint8_t peers) { return waited_[peers - 1]; }
  bool NewcomersWait();
  bool SomeWait(Peer p) const;
  bool Alone(Lane lane, uint8_t asks);
  uint8_t OpenPeers() const;
  uint64_t IdOf(const Item& item) { return At(item.slot).machine().IdOf(item.order).raw(); }

  void SubmitReviews();
  // Starts whatever may be sent now.
  void Pump();
  void TakeLeftOvers();
  void Probe(Peer p);
  bool StartNew();
  bool StartWaited(uint8_t lacking);
  void EndLimits();
  size_t TakeNew(size_t limit, std::vector<Item>* items);
  size_t TakeWaited(std::deque<Item>* queue, size_t limit, std::vector<Item>* items);
  Batch* Idle(size_t begin, size_t end);
  int64_t AllowedFor(uint8_t asks, Lane lane);
  void Send(Batch* batch, uint8_t asks, Lane lane);
  void Ask(Batch* batch, Peer p);
  void OnAnswered(Batch* batch, Peer p, absl::Status status);
  CallOutcome Heed(Peer p, bool of_probe, bool usable, const absl::Status& status);
  void Finish(Batch* batch);
  void TakeAnswers(Batch* batch);
  void SubmitJudgements(const std::vector<Item>& items);
  // worker_quota.cc: the quota that all buyers of a fund share, asked for once account and risk have said yes.
  void JudgeOrAskQuota(std::vector<Item>& items);
  // What account has to keep to beside what it knows: the fund's rules as of receipt, which this partition has for certain.
  static void AddRules(TradeMachine& machine, const Order& o, account::v1::ReserveItem* out);
  void AskQuota();
  void OnQuota(const absl::Status& status);
  void GiveBackQuota();
  void OnQuotaGivenBack(const absl::Status& status);
  void FillQuota(size_t slot, uint64_t order, product::v1::QuotaItem* out);
  void Rest(std::vector<Item> items, const Batch& batch);
  v1::WaitsFor ClassOf(const Item& item) const;
  template <class F>
  void ForEachHere(F visit);

  void StartRelease();
  size_t TakeReleases(size_t limit);
  void OnReleased(bool probe, absl::Status status);
  void Trouble();
  void PostTicks();
  void Second();

  machine::Host<TradeMachine>* const host_;
  machine::Shard* const shard_;
  rpc::Peers* const peers_;
  bool started_ = false;
  std::vector<char> reviewing_;  // by partition: a Review is under way
  std::vector<char> known_;      // by partition: what was undecided at the start has been taken
  std::array<PeerGuard, kPeers> guards_;
  std::array<std::deque<Item>, 3> waited_;
  struct Resting {
    std::vector<Item> items;
    bool spoilt = false;
  };
  std::map<uint64_t, Resting> resting_;
  uint64_t next_rest_ = 0;
  size_t next_partition_ = 0;  // where the next batch begins to look
  // Four for newcomers, four for those that waited, a probe for each peer.
  static constexpr size_t kNewEnd = 4, kWaitedEnd = 8, kBatches = 10;
  std::array<Batch, kBatches> batches_;
  Attempts attempts_;
  std::map<std::pair<ReasonSource, uint16_t>, std::string> names_;  // of reasons that peers gave
  Judge judge_;                                                     // scratch
  bool ticking_ = false, counting_ = false;

  struct ReleasePart {
    size_t slot = 0;  // its partition's index in the shard
    std::vector<uint64_t> orders;
    bool spoilt = false;  // failed though account answers: travels alone
  };
  bool releasing_ = false;
  bool spoilt_turn_ = false;
  std::vector<ReleasePart> release_parts_;  // of the call under way
  std::deque<ReleasePart> unreleased_;      // failed
  account::v1::ReleaseRequest release_;
  account::v1::ReleaseResponse released_;

  // One call of each kind at a time: orders of funds with a quota are few, and first come is the order of product's log.
  bool asking_quota_ = false, giving_back_quota_ = false;
  Duration quota_pause_, give_back_pause_;  // after the failures so far
  std::deque<Item> quota_waiting_;
  std::vector<Item> quota_batch_;  // of the call under way
  product::v1::TakeQuotaRequest take_quota_;
  product::v1::TakeQuotaResponse quota_taken_;
  std::vector<std::pair<size_t, uint64_t>> give_back_;  // slot, order; of the call under way
  product::v1::ReleaseQuotaRequest release_quota_;
  product::v1::ReleaseQuotaResponse quota_released_;
};

}  // namespace fundcore::trade
