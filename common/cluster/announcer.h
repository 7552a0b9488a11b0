// Announcer: tells all others what this process is and owns, once a second of machine time and at every change.
//
//   Announcer announcer({.process_id = owner, .address = "10.0.0.7:7400", .roles = {"trade"}}, &bulletin, &directory, executor);
//   announcer.Start();
//   host->OnServing([&](PartitionId p, bool serving, uint64_t epoch) {
//     announcer.SetServing({ServiceId::kTrade, p}, serving, epoch);
//   });
//   announcer.Stop();          // the last word: it owns nothing any more
//
// Threading: all methods from any thread; words are spoken on the executor, changes of one round in one word. The own
// directory hears them at once, whatever becomes of the bulletin. Bulletin, directory and executor outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/cluster/bulletin.h"
#include "common/cluster/directory.h"
#include "common/log/log.h"
#include "common/runtime/executor.h"
#include "common/time/time.h"

namespace fundcore::cluster {

class Announcer {
 public:
  struct Options {
    uint64_t process_id = 0;           // not 0
    std::string address;
    std::vector<std::string> roles;
    uint32_t machine_min = 1;
    uint32_t machine_max = 1;
    Duration every = Duration::Seconds(1);
  };
  Announcer(Options options, Bulletin* bulletin, Directory* directory, Executor* executor);
  ~Announcer();
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;

  void Start();
  void SetServing(LogPartition partition, bool serving, uint64_t epoch);
  // Speaks for the last time, within the call. May be repeated.
  void Stop();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with tasks that wait
};

}  // namespace fundcore::cluster
