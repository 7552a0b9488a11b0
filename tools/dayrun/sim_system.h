// SimSystem: the whole of fundcore in one simulated world: five services and the bank over a log, a store, files and
// peers in memory, in virtual time. It can lose its process at any moment and come up again on what was durable.
//
//   SimSystem system({.seed = 7, .start = morning});
//   FC_RETURN_IF_ERROR(system.Start());                        // serving
//   system.Call("fundcore.trade.v1.TradeService/SubmitOrder", request, &response, "investor-app");
//   system.world().AdvanceTo(fifteen_o_clock);
//   FC_RETURN_IF_ERROR(system.Restart());                      // a crash, replay, serving again
//
// Single-threaded, like its world. The same options and the same calls give the same bytes in log, store and files.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/vault.h"
#include "common/files/memory.h"
#include "common/log/memory.h"
#include "common/rpc/direct.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"
#include "tools/fundcore/system.h"

namespace fundcore::dayrun {

struct SimOptions {
  uint64_t seed = 1;
  TimePoint start;
  int executors = 2;
  uint16_t partitions = 4;
  uint16_t clearing_partitions = 2;
  bool shuffle = false;  // tasks of different executors run in an order drawn from the seed
  bool bank_generous = false;
  // Small, so that a short script, too, restarts from flushed state and a rest of the log.
  uint64_t flush_every_bytes = 30'000;
  // Where set, the clock is taken for a real one that may be in doubt; see SystemParts.
  std::function<absl::Status()> clock_health;
  std::function<void()> accept_clock;
  MemoryLogFaults log_faults;
  rpc::Faults peer_faults;  // its seed is overwritten
  // Asked at each start: may put something of its own between the system and its log, store, peers or files.
  std::function<void(ServiceDeps*)> wrap;
};

class SimSystem {
 public:
  explicit SimSystem(const SimOptions& options);
  ~SimSystem();
  SimSystem(const SimSystem&) = delete;
  SimSystem& operator=(const SimSystem&) = delete;

  // Brings the system up: returns when every partition is served. kUnavailable where it does not come up within a
  // minute of machine time.
  absl::Status Start();
  // The same without the wait: the system comes up as the world runs. kDataLoss, kInternal where it cannot.
  absl::Status Launch();
  // Everything that was not durable is gone, then Start.
  void Crash();
  absl::Status Restart();
  bool serving() const { return system_ != nullptr && system_->serving(); }

  // Calls a handler as a client outside would, with the message serialised on its way, and runs the world until it
  // answers. kDeadlineExceeded where it does not within `deadline` of machine time.
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response, std::string_view caller,
                    Duration deadline = Duration::Seconds(10));

  // "trade", "account", "product", "risk", "clearing", "bank". Siblings get kUnavailable; clients still reach it.
  absl::Status SetDown(std::string_view service, bool down);

  // SHA-256 over the state hash of every partition, in order.
  absl::StatusOr<std::string> StateHash();
  // Replays the log from offset 0 into an empty system and compares the hash of each partition: kDataLoss names the
  // first that differs. With the name of a checkpoint, from there on instead of from the empty state; kNotFound where there is
  // none of that name.
  absl::Status CheckReplay(const std::string& checkpoint = "");

  SimWorld& world() { return world_; }
  MemoryFiles& files() { return files_; }
  MemoryLog& log() { return log_; }
  MemoryStore& store() { return store_; }
  rpc::DirectPeers& peers() { return peers_; }
  System* system() { return system_.get(); }
  const SimOptions& options() const { return options_; }

 private:
  ServiceDeps Deps();
  void Route(const rpc::Handlers* handlers);

  const SimOptions options_;
  SimWorld world_;
  MemoryLog log_;
  MemoryStore store_;
  MemoryFiles files_;
  Vault vault_;
  SimExecutor* network_;
  rpc::DirectPeers peers_;
  std::vector<SimExecutor*> executors_;
  SimExecutor* blocking_ = nullptr;
  int life_ = 0;
  uint64_t owner_ = 0;
  std::vector<std::string> down_;
  std::unique_ptr<System> system_;
};

}  // namespace fundcore::dayrun
