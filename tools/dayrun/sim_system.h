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
#include "tools/dayrun/simulated.h"
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

class SimSystem final : public Simulated {
 public:
  explicit SimSystem(const SimOptions& options);
  ~SimSystem() override;
  SimSystem(const SimSystem&) = delete;
  SimSystem& operator=(const SimSystem&) = delete;

  absl::Status Start() override;
  absl::Status Launch() override;
  void Crash() override;
  absl::Status Restart() override;
  bool up() const override { return system_ != nullptr; }
  bool serving() const override { return system_ != nullptr && system_->serving(); }
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response, std::string_view caller,
                    Duration deadline = Duration::Seconds(10)) override;
  void Deliver(std::string_view method, const rpc::Call& call, const std::string& request, Answer answer) override;
  absl::Status SetDown(std::string_view service, bool down) override;
  void SetCallFaults(const rpc::Faults& faults) override { peers_.SetFaults(faults); }
  const rpc::CallCounts& calls() const override { return peers_.counts(); }
  void SetLogFaults(const MemoryLogFaults& faults) override { log_.set_faults(faults); }
  LogCounts log_counts() const override { return {log_.unknowns(), log_.slow_syncs()}; }
  void SetDiskFull(bool full) override;
  absl::StatusOr<std::string> StateHash() override;
  absl::Status CheckReplay(const std::string& checkpoint = "") override;
  const std::vector<LogRecord>& Stored(LogPartition partition) const override { return log_.Stored(partition); }

  SimWorld& world() override { return world_; }
  MemoryFiles& files() override { return files_; }
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
