// Partition: sequencer and player of one partition of one machine.
//
//   Submit → the command joins the pending record → (round end) the record goes to the log → it is durable and comes back
//   through the tail → the machine executes it → the caller's callback gets the result.
//
// A machine M provides
//   struct Result { … };                                  what callers learn of a command
//   using Commands = machine::CommandList<A, B, …>;       each with `static constexpr uint8_t kTag`, fixed for ever
//   M(machine::State&, PartitionId)
//   Result Execute(const A&, const machine::Context&);    for each command; deterministic, see docs/concepts.md
//
// Everything here runs on the partition's executor.
#pragma once

#include <deque>
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
};

// The part that does not depend on the machine.
class PartitionBase {
 public:
  PartitionBase(StateStore* store, LogPartition id, Executor* executor, uint64_t owner)
      : state_(store, id), executor_(executor), owner_(owner) {}
  virtual ~PartitionBase() = default;

  State& state() { return state_; }
  LogPartition id() const { return state_.partition(); }
  Executor* executor() const { return executor_; }

  // Owns the partition and has executed its own marker: commands and reads are served.
  bool serving() const { return serving_; }
  bool has_pending() const { return !pending_.empty() || !full_.empty(); }
  size_t waiting() const { return waiting_items_ + pending_.count(); }

  // Takes the pending commands as records to append, in order, none much larger than kRecordTarget.
  std::vector<std::string> TakeRecords() {
    if (!pending_.empty()) full_.push_back(CloseRecord());
    return std::exchange(full_, {});
  }

  // The record by which this process takes the partition over, once it has played everything there is.
  std::string TakeOwnership() {
    epoch_ = state_.meta.epoch + 1;
    sent_n_ = 0;
    return RecordBuilder::Own({RecordKind::kOwn, epoch_, owner_, 0, std::max(executor_->Now(), state_.meta.now)});
  }

  virtual void Play(const LogRecord& record) = 0;

 protected:
  // Records are closed at this size, far below the log's limit (kMaxRecordBytes), whatever waits in one round.
  static constexpr size_t kRecordTarget = 1u << 20;
  static constexpr uint32_t kMaxCommandsARecord = 8192;

  std::string CloseRecord() {
    const RecordHeader header{RecordKind::kCommands, epoch_, owner_, ++sent_n_, {}};
    sent_.push_back({header.n, std::move(pending_done_)});
    waiting_items_ += sent_.back().done.size();
    pending_done_.clear();
    return pending_.Finish(header);
  }

  // Type-erased: the result pointer is the machine's Result.
  using RawDone = absl::AnyInvocable<void(const void* result)>;
  struct Sent {
    uint64_t n;
    std::vector<RawDone> done;
  };

  // True where the record is to be executed now.
  bool Accept(const RecordHeader& h) {
    State::Meta& meta = state_.meta;
    if (h.kind == RecordKind::kOwn) {
      if (h.epoch != meta.epoch + 1) return false;  // somebody else took over first
      meta.epoch = h.epoch;
      meta.owner = h.owner;
      meta.last_n = 0;
      serving_ = h.owner == owner_ && h.epoch == epoch_;
      return false;
    }
    if (h.epoch != meta.epoch || h.owner != meta.owner || h.n != meta.last_n + 1) return false;
    meta.last_n = h.n;
    return true;
  }

  State state_;
  Executor* executor_;
  const uint64_t owner_;
  RecordBuilder pending_;
  std::vector<std::string> full_;  // closed, not yet appended
  std::vector<RawDone> pending_done_;
  std::deque<Sent> sent_;
  size_t waiting_items_ = 0;
  uint64_t epoch_ = 0;
  uint64_t sent_n_ = 0;
  TimePoint last_stamp_;
  bool serving_ = false;
};

template <class M>
class Partition : public PartitionBase {
 public:
  using Result = typename M::Result;

  template <class... MachineArgs>
  Partition(StateStore* store, LogPartition id, Executor* executor, uint64_t owner, const MachineArgs&... args)
      : PartitionBase(store, id, executor, owner), machine_(state_, id.partition, args...) {}

  M& machine() { return machine_; }

  // Queues a command for the next record; `done(const Result&)` runs after it was executed. Nothing is forgotten short of
  // a crash, in which case the caller does not know the outcome and asks again. Only while serving().
  template <class C, class F>
  void Submit(const C& command, F done) {
    FC_CHECK(serving_, "command for a partition that is not served");
    // Stamps never go back within a partition, whatever clocks do.
    last_stamp_ = std::max({executor_->Now(), last_stamp_, state_.meta.now});
    pending_.Add(command, last_stamp_);
    pending_done_.push_back([done = std::move(done)](const void* r) mutable { done(*static_cast<const Result*>(r)); });
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
    if (Accept(header)) Execute(header, r);
    state_.meta.next = record.offset + 1;
  }

 private:
  void Execute(const RecordHeader& header, ByteReader& r) {
    std::vector<RawDone> done;
    if (header.owner == owner_ && header.epoch == epoch_) {
      FC_CHECK(!sent_.empty() && sent_.front().n == header.n, "own record ", header.n, " was not expected");
      done = std::move(sent_.front().done);
      sent_.pop_front();
      waiting_items_ -= done.size();
    }
    Context ctx;
    ctx.offset = state_.executing;
    ctx.partition = id().partition;
    while (!r.AtEnd()) {
      ctx.received = header.stamp + Duration::Micros(r.Zigzag());
      const uint8_t tag = r.U8();
      std::string_view bytes = r.Bytes();
      FC_CHECK(r.ok(), "malformed record at offset ", state_.executing);
      state_.meta.now = ctx.now = std::max(state_.meta.now, ctx.received);
      Dispatch(typename M::Commands{}, tag, bytes, ctx, done);
      ++ctx.index;
    }
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
