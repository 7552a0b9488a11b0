// Partition: sequencer and player of one partition of one machine.
//
//   Submit → the command joins the pending record → (round end) the record goes to the log → it is durable and comes back
//   through the tail → the machine executes it → the caller's callback gets the result.
//
// A partition is played wherever its service runs and owned by one process at a time. Whoever is to own it appends an Own
// record; from where that stands in force in the log, only its records count. So a process that was taken for dead and
// wakes up can append and harms nothing: its records are skipped, its callers hear that the outcome is unknown, and its
// reads wait for a record of its own that never counts (docs/concepts.md, "Owners").
//
// A machine M provides
//   struct Result { … };                                  what callers learn of a command
//   using Commands = machine::CommandList<A, B, …>;       each with `static constexpr uint8_t kTag`, fixed for ever
//   M(machine::State&, PartitionId)
//   Result Execute(const A&, const machine::Context&);    for each command; deterministic, see docs/concepts.md
//
// Everything here runs on the partition's executor.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/base/check.h"
#include "common/log/log.h"
#include "common/machine/record.h"
#include "common/machine/state.h"
#include "common/runtime/executor.h"

namespace fundcore::machine {

template <class... Cs>
struct CommandList {};

// What a command may know of the world.
struct Context {
  TimePoint now;        // never goes back within a partition
  TimePoint received;   // when this item was stamped by the appender: the moment of receipt
  LogOffset offset = 0;
  uint32_t index = 0;   // within the record
  PartitionId partition;
  uint32_t version = kFirstMachineVersion;  // what the machine does, see record.h
};

struct PlayOptions {
  // Others may take the partition over, so reads ask the log whether somebody has.
  bool leased = false;
  // A partition that was upgraded beyond this stops the process: an older build cannot play it.
  uint32_t supports = kMachineVersion;
};

// Given to callbacks instead of a result where this process will not learn the outcome of a command, because another one
// owns the partition now. Callbacks that do not take it are destroyed uncalled; a reply to a caller that is destroyed says
// "unknown, ask again" by itself.
struct Lost {};

// A callback for both: OrLost([](const Result& r) { … }, [] { … }).
template <class R, class L>
struct OrLost {
  OrLost(R on_result, L on_lost) : on_result(std::move(on_result)), on_lost(std::move(on_lost)) {}
  template <class Result>
  void operator()(const Result& r) {
    on_result(r);
  }
  void operator()(Lost) { on_lost(); }
  R on_result;
  L on_lost;
};

// The part that does not depend on the machine.
class PartitionBase {
 public:
  PartitionBase(StateStore* store, LogPartition id, Executor* executor, uint64_t owner, PlayOptions options)
      : state_(store, id), executor_(executor), owner_(owner), options_(options) {
    state_.standby = true;
  }
  virtual ~PartitionBase() = default;
  PartitionBase(const PartitionBase&) = delete;

  State& state() { return state_; }
  LogPartition id() const { return state_.partition(); }
  Executor* executor() const { return executor_; }

  // Owns the partition and has executed its own marker: commands and reads are served. Any thread; what follows from it
  // holds on the executor only.
  bool serving() const { return serving_.load(std::memory_order_acquire); }
  bool wants_tick() const { return tick_; }
  bool has_pending() const { return !pending_.empty() || !full_.empty() || tick_; }
  size_t waiting() const { return waiting_items_ + pending_.count(); }

  // Takes the pending commands as records to append, in order, none much larger than kRecordTarget.
  std::vector<std::string> TakeRecords() {
    if (tick_ && pending_.empty()) pending_.Stamp(NextStamp());
    if (tick_ || !pending_.empty()) full_.push_back(CloseRecord());
    tick_ = false;
    return std::exchange(full_, {});
  }

  // --- Ownership. ---
  // Whether this process is to own the partition. No longer: new commands are lost at once, what was sent still gets its
  // answer where it counts.
  // A new wish to own it is claimed once everything before `PlayFirst` was played.
  void Want(bool wanted);
  void PlayFirst(LogOffset end) { play_first_ = end; }
  bool wanted() const { return wanted_; }
  // To be claimed now: wanted, nobody's claim of ours under way, and everything played that stood in the log when it
  // became wanted.
  bool claimable() const {
    return wanted_ && !serving() && !claiming_ && state_.meta.next >= play_first_ && executor_->MachineNow() >= not_before_;
  }
  bool waits_to_claim() const { return wanted_ && !serving() && !claiming_; }
  // A claim or commands of ours may be on their way.
  bool active() const { return serving() || claiming_; }
  // The record by which this process takes the partition over.
  std::string Claim();
  // Runs on the executor whenever serving() has changed, with its new value. Before anything runs.
  void OnServing(std::function<void(bool)> hook) { hooks_.push_back(std::move(hook)); }

  // Runs `read` at once, or where somebody else might own the partition by now, as soon as a record of ours has counted
  // since. Where one never does, it runs when that is known, and finds that serving() is false.
  void WhenFresh(absl::AnyInvocable<void()> read) {
    if (!serving() || fresh()) return read();
    reads_.push_back({executor_->MachineNow(), std::move(read)});
    tick_ = true;
  }

  // See Host::Upgrade. `done(false)` where the partition is not served, or was taken over meanwhile.
  void Upgrade(uint32_t version, absl::AnyInvocable<void(bool)> done);

  virtual void Play(const LogRecord& record) = 0;

 protected:
  // How long a record of ours that has counted says that the partition is ours; shorter than any session of a group.
  static constexpr Duration kLease = Duration::Seconds(1);
  // After somebody has taken over what is still wanted here: whoever assigns partitions gets this long to say who is
  // right.
  static constexpr Duration kPauseAfterLoss = Duration::Seconds(3);
  static constexpr LogOffset kNotKnown = UINT64_MAX;
  static constexpr Duration kPauseAfterLostClaim = Duration::Millis(100);

  bool fresh() const { return !options_.leased || executor_->MachineNow() <= confirmed_at_ + kLease; }
  // All that wait where the lease holds or there is nothing to wait for any more; else those that came before the last
  // record of ours that counted was sent, however long that took.
  void ServeReads() {
    const bool all = !serving() || fresh();
    while (!reads_.empty() && (all || reads_.front().since <= confirmed_at_)) {
      auto read = std::move(reads_.front().read);
      reads_.pop_front();
      read();
    }
  }
  TimePoint NextStamp() {
    // Stamps never go back within a partition, whatever clocks do.
    return last_stamp_ = std::max({executor_->Now(), last_stamp_, state_.meta.now});
  }
  void ChangeVersion(ByteReader& r);
  void BeginServing();
  // Not the owner any more: what waits here is lost; with `fenced` also what was sent.
  void EndServing(bool fenced);

  // Records are closed at this size, far below the log's limit (kMaxRecordBytes), whatever waits in one round.
  static constexpr size_t kRecordTarget = 1u << 20;
  static constexpr uint32_t kMaxCommandsARecord = 8192;

  std::string CloseRecord() {
    const RecordHeader header{RecordKind::kCommands, epoch_, owner_, ++sent_n_, {}};
    sent_.push_back({header.n, std::move(pending_done_), executor_->MachineNow()});
    waiting_items_ += sent_.back().done.size();
    pending_done_.clear();
    return pending_.Finish(header);
  }

  // Type-erased: the result pointer is the machine's Result, nullptr where it is lost.
  using RawDone = absl::AnyInvocable<void(const void* result)>;
  struct Sent {
    uint64_t n;
    std::vector<RawDone> done;
    Duration at;  // machine time before it was sent
  };

  // True where the record is to be executed now.
  bool Accept(const RecordHeader& h) {
    State::Meta& meta = state_.meta;
    if (h.kind == RecordKind::kOwn) {
      if (h.epoch != meta.epoch + 1) return false;  // somebody else took over first, or a copy of one in force
      meta.epoch = h.epoch;
      meta.owner = h.owner;
      meta.last_n = 0;
      EndServing(/*fenced=*/true);
      if (h.owner == owner_ && claiming_ && h.epoch == claim_) {
        BeginServing();
      } else if (claiming_) {
        claiming_ = false;
        not_before_ = executor_->MachineNow() + kPauseAfterLostClaim;
      }
      return false;
    }
    if (h.epoch != meta.epoch || h.owner != meta.owner || h.n != meta.last_n + 1) return false;
    meta.last_n = h.n;
    return true;
  }

  State state_;
  Executor* executor_;
  const uint64_t owner_;
  const PlayOptions options_;
  RecordBuilder pending_;
  std::vector<std::string> full_;  // closed, not yet appended
  std::vector<RawDone> pending_done_;
  std::deque<Sent> sent_;
  size_t waiting_items_ = 0;
  uint64_t epoch_ = 0;     // ours, while serving
  uint64_t sent_n_ = 0;
  TimePoint last_stamp_;
  std::atomic<bool> serving_{false};
  bool wanted_ = false;
  bool claiming_ = false;
  uint64_t claim_ = 0;     // the epoch that our claim would begin
  LogOffset play_first_ = kNotKnown;
  Duration not_before_;    // machine time of the next claim
  Duration claimed_at_;
  Duration confirmed_at_;  // when the last record of ours that counted was sent
  bool tick_ = false;      // a record is to go out even if it holds nothing
  struct Read {
    Duration since;  // machine time
    absl::AnyInvocable<void()> read;
  };
  std::deque<Read> reads_;
  std::vector<std::function<void(bool)>> hooks_;
};

template <class M>
class Partition : public PartitionBase {
 public:
  using Result = typename M::Result;

  template <class... MachineArgs>
  Partition(StateStore* store, LogPartition id, Executor* executor, uint64_t owner, PlayOptions options,
            const MachineArgs&... args)
      : PartitionBase(store, id, executor, owner, options), machine_(state_, id.partition, args...) {}

  M& machine() { return machine_; }

  // Queues a command for the next record; `done(const Result&)` runs after it was executed. Nothing is forgotten short of
  // a crash, or of another process taking over, in which case the outcome is unknown here and the caller asks again: see
  // Lost. A partition that is not served loses the command at once.
  template <class C, class F>
  void Submit(const C& command, F done) {
    RawDone raw = [done = std::move(done)](const void* r) mutable {
      if (r != nullptr) return (void)done(*static_cast<const Result*>(r));
      if constexpr (std::is_invocable_v<F, Lost>) done(Lost{});
    };
    if (!serving()) return raw(nullptr);
    pending_.Add(command, NextStamp());
    pending_done_.push_back(std::move(raw));
    // History positions hold 16 bits of index: a record has fewer commands than that, with room for several entries each.
    if (pending_.bytes() >= kRecordTarget || pending_.count() >= kMaxCommandsARecord) full_.push_back(CloseRecord());
  }

  void Play(const LogRecord& record) override {
    FC_CHECK(record.offset == state_.meta.next, "log gives offset ", record.offset, ", expected ", state_.meta.next);
    state_.executing = record.offset;
    ByteReader r(record.bytes);
    const uint8_t format = r.U8();
    FC_CHECK(r.ok() && format == kRecordFormat, "record format ", int{format}, " is unknown to this build");
    RecordHeader header;
    r.Get(header);
    FC_CHECK(r.ok(), "malformed record at offset ", record.offset);
    if (Accept(header)) {
      if (header.kind == RecordKind::kUpgrade) ChangeVersion(r);
      Execute(header, r);
    }
    state_.meta.next = record.offset + 1;
  }

 private:
  void Execute(const RecordHeader& header, ByteReader& r) {
    std::vector<RawDone> done;
    const bool own = header.owner == owner_ && header.epoch == epoch_;
    if (own) {
      FC_CHECK(!sent_.empty() && sent_.front().n == header.n, "own record ", header.n, " was not expected");
      done = std::move(sent_.front().done);
      confirmed_at_ = sent_.front().at;
      sent_.pop_front();
      waiting_items_ -= done.size();
    }
    Context ctx;
    ctx.offset = state_.executing;
    ctx.partition = id().partition;
    ctx.version = state_.meta.version;
    if (header.kind == RecordKind::kUpgrade) return Executed(own, done);
    if (r.AtEnd() && ctx.version >= 2) state_.meta.now = std::max(state_.meta.now, header.stamp);
    while (!r.AtEnd()) {
      ctx.received = header.stamp + Duration::Micros(r.Zigzag());
      const uint8_t tag = r.U8();
      std::string_view bytes = r.Bytes();
      FC_CHECK(r.ok(), "malformed record at offset ", state_.executing);
      state_.meta.now = ctx.now = std::max(state_.meta.now, ctx.received);
      Dispatch(typename M::Commands{}, tag, bytes, ctx, done);
      ++ctx.index;
    }
    if (own) ServeReads();
  }

  // An upgrade has one callback, which wants no result.
  void Executed(bool own, std::vector<RawDone>& done) {
    static const Result kNone{};
    for (RawDone& d : done) d(&kNone);
    if (own) ServeReads();
  }

  template <class... Cs>
  void Dispatch(CommandList<Cs...>, uint8_t tag, std::string_view bytes, const Context& ctx, std::vector<RawDone>& done) {
    const bool known = ((tag == Cs::kTag ? (ExecuteOne<Cs>(bytes, ctx, done), true) : false) || ...);
    FC_CHECK(known, "command tag ", int{tag}, " is unknown to this build");
  }

  template <class C>
  void ExecuteOne(std::string_view bytes, const Context& ctx, std::vector<RawDone>& done) {
    C command{};
    FC_CHECK(Decode(bytes, &command), "malformed command ", int{C::kTag}, " at offset ", ctx.offset);
    const Result result = machine_.Execute(command, ctx);
    if (ctx.index < done.size() && done[ctx.index]) done[ctx.index](&result);
  }

  M machine_;
};

}  // namespace fundcore::machine
