// Who owns a partition, as seen from this process.
#include "common/machine/partition.h"

namespace fundcore::machine {

void PartitionBase::Want(bool wanted) {
  wanted_ = wanted;
  play_first_ = kNotKnown;
  not_before_ = {};
  if (wanted) return;
  claiming_ = false;
  EndServing(/*fenced=*/false);
}

std::string PartitionBase::Claim() {
  claiming_ = true;
  // A claim of this epoch that was given up may still be on its way and be the one that counts.
  if (claim_ != state_.meta.epoch + 1) claimed_at_ = executor_->MachineNow();
  claim_ = state_.meta.epoch + 1;
  return RecordBuilder::Own({RecordKind::kOwn, claim_, owner_, 0, std::max(executor_->Now(), state_.meta.now)});
}

void PartitionBase::BeginServing() {
  claiming_ = false;
  epoch_ = claim_;
  sent_n_ = 0;
  confirmed_at_ = claimed_at_;
  state_.standby = false;
  ++state_.term;
  serving_.store(true, std::memory_order_release);
  for (auto& hook : hooks_) hook(true);
}

void PartitionBase::EndServing(bool fenced) {
  const bool was = serving_.exchange(false, std::memory_order_acq_rel);
  if (was) {
    state_.standby = true;
    pending_ = RecordBuilder();
    full_.clear();
    tick_ = false;
    if (fenced && wanted_) not_before_ = executor_->MachineNow() + kPauseAfterLoss;
  }
  // Records that were closed and not handed out are lost with the open one; those are the last in `sent_`, and where they
  // never count, whoever waits for them is told when the next owner comes.
  std::vector<RawDone> lost;
  if (fenced) {
    for (Sent& s : sent_)
      for (RawDone& d : s.done) lost.push_back(std::move(d));
    sent_.clear();
    waiting_items_ = 0;
  }
  for (RawDone& d : pending_done_) lost.push_back(std::move(d));
  pending_done_.clear();
  for (RawDone& d : lost)
    if (d) d(nullptr);
  ServeReads();
  if (!was) return;
  for (auto& hook : hooks_) hook(false);
}

void PartitionBase::Upgrade(uint32_t version, absl::AnyInvocable<void(bool)> done) {
  if (!serving()) return done(false);
  if (version <= state_.meta.version) return done(true);
  FC_CHECK(version <= options_.supports, "an upgrade to version ", version, " was asked of a process that supports ",
           options_.supports);
  if (!pending_.empty()) full_.push_back(CloseRecord());
  RecordHeader header{RecordKind::kUpgrade, epoch_, owner_, ++sent_n_, NextStamp()};
  sent_.push_back({header.n, {}, executor_->MachineNow()});
  sent_.back().done.push_back([done = std::move(done)](const void* r) mutable { done(r != nullptr); });
  ++waiting_items_;
  full_.push_back(RecordBuilder::Upgrade(header, version));
}

void PartitionBase::ChangeVersion(ByteReader& r) {
  uint32_t version = 0;
  r.Get(version);
  FC_CHECK(r.ok() && r.AtEnd(), "malformed upgrade at offset ", state_.executing);
  FC_CHECK(version <= options_.supports, "partition ", id().partition.raw(), " of service ", int{static_cast<uint8_t>(id().service)},
           " goes on as machine version ", version, " from offset ", state_.executing, ", and this build plays versions up to ",
           options_.supports, "; start the newer build that the other processes run");
  state_.meta.version = std::max(state_.meta.version, version);
}

}  // namespace fundcore::machine
