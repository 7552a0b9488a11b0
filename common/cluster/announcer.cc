// See announcer.h.
#include "common/cluster/announcer.h"

#include <map>
#include <mutex>
#include <utility>

#include "common/base/check.h"

namespace fundcore::cluster {

struct Announcer::State {
  Options options;
  Bulletin* bulletin;
  Directory* directory;
  Executor* executor;
  std::mutex mutex;
  std::map<LogPartition, uint64_t> owned;  // with the epoch
  uint64_t seq = 0;
  bool started = false;
  bool stopped = false;
  bool posted = false;  // a word is on its way to the executor

  // Words leave in the order of their numbers, so the lock is held while they do.
  void Say(bool last) {
    std::lock_guard lock(mutex);
    posted = false;
    if (stopped) return;
    stopped = last;
    v1::Announcement word;
    word.set_process_id(options.process_id);
    word.set_seq(++seq);
    word.set_address(options.address);
    for (const std::string& role : options.roles) word.add_roles(role);
    word.set_now_us(executor->Now().raw());
    word.set_machine_min(options.machine_min);
    word.set_machine_max(options.machine_max);
    word.set_leaving(last);
    for (const auto& [partition, epoch] : owned) {
      if (last) break;
      v1::Owned* out = word.add_owned();
      out->set_service(std::string(ServiceName(partition.service)));
      out->set_partition(partition.partition.raw());
      out->set_epoch(epoch);
    }
    std::string bytes = word.SerializeAsString();
    directory->Apply(bytes);
    bulletin->Publish(std::move(bytes));
  }
};

Announcer::Announcer(Options options, Bulletin* bulletin, Directory* directory, Executor* executor)
    : state_(std::make_shared<State>()) {
  FC_CHECK(options.process_id != 0, "a process that announces itself needs a number");
  state_->options = std::move(options);
  state_->bulletin = bulletin;
  state_->directory = directory;
  state_->executor = executor;
}

Announcer::~Announcer() { Stop(); }

namespace {

// Once a period for as long as the process speaks.
template <class State>
void Beat(const std::shared_ptr<State>& state) {
  {
    std::lock_guard lock(state->mutex);
    if (state->stopped) return;
  }
  state->Say(false);
  state->executor->PostAfter(state->options.every, [state] { Beat(state); });
}

}  // namespace

void Announcer::Start() {
  {
    std::lock_guard lock(state_->mutex);
    if (std::exchange(state_->started, true)) return;
  }
  state_->executor->Post([state = state_] { Beat(state); });
}

void Announcer::SetServing(LogPartition partition, bool serving, uint64_t epoch) {
  std::lock_guard lock(state_->mutex);
  if (serving) {
    state_->owned[partition] = epoch;
  } else {
    state_->owned.erase(partition);
  }
  if (!state_->started || state_->stopped || std::exchange(state_->posted, true)) return;
  state_->executor->Post([state = state_] { state->Say(false); });
}

void Announcer::Stop() { state_->Say(true); }

}  // namespace fundcore::cluster
