// Who owns a partition, as seen from this process.
#include "common/machine/partition.h"

namespace fundcore::machine {

void PartitionBase::Want(bool wanted, LogOffset play_first) {
  wanted_ = wanted;
  play_first_ = play_first;
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

}  // namespace fundcore::machine
