// Simulated: what a run sees of the simulated system, be it one process (sim_system.h) or several (sim_cluster.h): it is
// started, called, crashed and compared with a replay of its log, in one world of virtual time.
//
// Single-threaded, like its world.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/files/memory.h"
#include "common/log/memory.h"
#include "common/rpc/direct.h"
#include "common/rpc/handlers.h"
#include "common/runtime/simulated.h"

namespace fundcore::dayrun {

class Simulated {
 public:
  // What a call from outside comes to: a status and, where it is OK, the reply's bytes.
  using Answer = std::function<void(absl::Status status, std::string reply)>;

  virtual ~Simulated() = default;

  // Brings the system up: returns when every partition is served. kUnavailable where it does not come up within a minute of
  // machine time.
  virtual absl::Status Start() = 0;
  // The same without the wait: the system comes up as the world runs. kDataLoss, kInternal where it cannot.
  virtual absl::Status Launch() = 0;
  // All processes die at once; everything that was not durable is gone.
  virtual void Crash() = 0;
  virtual absl::Status Restart() = 0;
  // It was launched, all of it, and has not crashed since.
  virtual bool up() const = 0;
  virtual bool serving() const = 0;

  // Calls a handler as a client outside would, with the message serialised on its way, and runs the world until it
  // answers. kDeadlineExceeded where it does not within `deadline` of machine time.
  virtual absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                            google::protobuf::Message* response, std::string_view caller,
                            Duration deadline = Duration::Seconds(10)) = 0;
  // A call from outside that arrives now; drives nothing. A crash may swallow the answer.
  virtual void Deliver(std::string_view method, const rpc::Call& call, const std::string& request, Answer answer) = 0;

  // "trade", "account", "product", "risk", "clearing", "bank". Siblings get kUnavailable; clients still reach it.
  virtual absl::Status SetDown(std::string_view service, bool down) = 0;
  virtual void SetCallFaults(const rpc::Faults& faults) = 0;
  virtual const rpc::CallCounts& calls() const = 0;
  // Of the log, or of the brokers.
  virtual void SetLogFaults(const MemoryLogFaults& faults) = 0;
  struct LogCounts {
    uint64_t unknown = 0;  // appends that ended so
    uint64_t slow = 0;     // syncs that took longer than a millisecond
  };
  virtual LogCounts log_counts() const = 0;
  // Nothing more can be appended or written back, until false.
  virtual void SetDiskFull(bool full) = 0;

  // SHA-256 over the state hash of every partition of every process, in order.
  virtual absl::StatusOr<std::string> StateHash() = 0;
  // Replays the log from offset 0 into an empty system and compares the hash of each partition: kDataLoss names the
  // first that differs. With the name of a checkpoint, from there on instead of from the empty state; kNotFound where there is
  // none of that name.
  virtual absl::Status CheckReplay(const std::string& checkpoint = "") = 0;
  // Everything durable in a partition.
  virtual const std::vector<LogRecord>& Stored(LogPartition partition) const = 0;

  virtual SimWorld& world() = 0;
  virtual MemoryFiles& files() = 0;
};

}  // namespace fundcore::dayrun
