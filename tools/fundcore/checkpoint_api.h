// The checkpoints of a serving process, as operators and siblings ask for them: made while orders go on, listed,
// verified, and handed out piece by piece to a process that joins.
//
//   CheckpointApi checkpoints({.data = "data", .store = store.get(), .log_id = id});
//   parts.checkpoint = [&](const std::string& name) { return checkpoints.Link(name); };
//   parts.complete_checkpoint = [&](const std::string& name, auto done) { checkpoints.Complete(name, std::move(done));
//   }; System system(parts); checkpoints.Register(&system);            // before the server starts …
//   checkpoints.Stop();                       // after the server has stopped, before the executors do
//
// Two threads of its own: one reads pieces for others, one makes manifests and verifies, which takes minutes where the
// state is large. Nothing here holds up an order: the store is touched only by the hard links of Link.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/checkpoint/verify.h"
#include "common/runtime/clock.h"
#include "common/runtime/threads.h"
#include "common/store/store.h"
#include "tools/fundcore/system.h"

namespace fundcore {

class CheckpointApi {
 public:
  struct Options {
    std::string data;  // its folder `checkpoints` is made when it is needed
    StateStore* store = nullptr;
    std::string log_id;      // which log the offsets are of; checkpoints of another one are never restored over it
    Clock* clock = nullptr;  // for the threads alone; what a manifest says is wall time
  };
  // The largest piece of a file that one FetchCheckpoint gives out, and how many may be under way: what they hold in
  // memory.
  static constexpr uint64_t kMaxFetchBytes = 16u << 20;
  static constexpr int kMaxFetches = 4;

  explicit CheckpointApi(Options options);
  ~CheckpointApi();

  // Hard links of everything flushed, under a name that is nobody's checkpoint yet. On the thread that flushes.
  absl::Status Link(const std::string& name);
  // The manifest, then the name. Returns at once.
  void Complete(const std::string& name, absl::AnyInvocable<void(absl::Status)> done);
  // ListCheckpoints, VerifyCheckpoint, FetchCheckpoint. Removes what an earlier process left unfinished, so the data
  // folder is this one's by now.
  void Register(System* system);
  // Refuses what comes, ends what is under way (a verification at its next file or partition).
  void Stop();

 private:
  // OK until Stop: what long work asks between two files.
  absl::Status GoOn() const;
  absl::Status CompleteNow(const std::string& name);
  void Verify(const std::string& name, std::shared_ptr<rpc::Stream> stream);
  void Fetch(const std::string& name, const std::string& file, uint64_t offset, uint64_t size,
             std::shared_ptr<rpc::Stream> stream);
  absl::StatusOr<std::string> FileToFetch(const std::string& name, const std::string& file);

  const Options options_;
  std::vector<checkpoint::Origin::Service> services_;  // fixed by Register
  std::atomic<int> fetches_{0};
  std::atomic<bool> verifying_{false};
  std::atomic<bool> stopping_{false};
  std::mutex mu_;
  std::set<std::string> making_;  // linked, not complete yet
  // Of the reader alone: the manifest that was asked for last, so that a transfer of many pieces parses it once.
  std::string fetched_folder_, fetched_text_;
  checkpoint::Manifest fetched_;
  ThreadExecutor reader_, worker_;  // last: their tasks use all of the above
};

}  // namespace fundcore
