// SimCluster: fundcore as several processes in one simulated world. Each has executors, a store and a directory of its own;
// they share brokers (common/log/memory_cluster.h), groups that say who owns what, a network and the exchange of files.
// Calls find their owners by the production code of common/cluster. Any process can die, stop and lose its brokers.
//
//   SimCluster cluster({.seed = 7, .start = morning}, {{}, {ServiceId::kTrade, ServiceId::kRisk}, {}});   // {}: all roles
//   FC_RETURN_IF_ERROR(cluster.Start());
//   cluster.CrashNode(1, Duration::Seconds(2));                // and is started again 2 s of machine time later
//   cluster.PauseNode(0, Duration::Seconds(30));               // SIGSTOP
//   cluster.brokers().LeadersAway(Duration::Seconds(3));
//
// A client that calls meets some process, drawn for each call, and gets kUnavailable where that one is down, as from a load
// balancer that has not noticed. SimOptions.wrap is not used here.
//
// Single-threaded, like its world. The same options and the same calls give the same bytes in logs, stores and files.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/cluster/announcer.h"
#include "common/cluster/bulletin.h"
#include "common/cluster/directory.h"
#include "common/cluster/forwarding.h"
#include "common/cluster/routed_peers.h"
#include "common/cluster/transport.h"
#include "common/crypto/vault.h"
#include "common/log/memory_cluster.h"
#include "common/log/memory_groups.h"
#include "tools/dayrun/sim_system.h"
#include "tools/dayrun/simulated.h"

namespace fundcore::dayrun {

class SimCluster final : public Simulated {
 public:
  // One set of services a process; empty: all. Every service is in one of them.
  SimCluster(const SimOptions& options, std::vector<std::set<ServiceId>> roles);
  ~SimCluster() override;
  SimCluster(const SimCluster&) = delete;
  SimCluster& operator=(const SimCluster&) = delete;

  // --- As one system. Launch starts those processes that are down; Start waits, too, until everybody knows every owner.
  absl::Status Start() override;
  absl::Status Launch() override;
  void Crash() override;
  absl::Status Restart() override;
  bool up() const override;
  // Every partition is served by somebody who is awake.
  bool serving() const override;
  // Asks again where the answer is kUnavailable, until the deadline.
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response, std::string_view caller,
                    Duration deadline = Duration::Seconds(10)) override;
  void Deliver(std::string_view method, const rpc::Call& call, const std::string& request, Answer answer) override;
  absl::Status SetDown(std::string_view service, bool down) override;
  void SetCallFaults(const rpc::Faults& faults) override { call_faults_ = faults; }
  const rpc::CallCounts& calls() const override { return counts_; }
  void SetLogFaults(const MemoryLogFaults& faults) override;
  LogCounts log_counts() const override { return {brokers_.counts().unknown, 0}; }
  // Of every process; the brokers' disks are full for a moment as well.
  void SetDiskFull(bool full) override;
  absl::StatusOr<std::string> StateHash() override;
  // All processes must have the same state, and the replay as well. Runs the world until all have played to the end.
  absl::Status CheckReplay(const std::string& checkpoint = "") override;
  const std::vector<LogRecord>& Stored(LogPartition partition) const override { return brokers_.Stored(partition); }
  SimWorld& world() override { return world_; }
  MemoryFiles& files() override { return files_; }

  // --- Process by process. What cannot be done to one (a crash of what is down) is not done.
  size_t nodes() const { return nodes_.size(); }
  bool up(size_t node) const { return nodes_[node].life != nullptr; }
  bool paused(size_t node) const { return nodes_[node].paused; }
  // From outside of all tasks. It is started again after so much machine time, unless that is zero.
  void CrashNode(size_t node, Duration down_for = {});
  // It leaves its groups, and dies a little later.
  void LeaveNode(size_t node, Duration down_for);
  absl::Status LaunchNode(size_t node);
  // For so much machine time.
  void PauseNode(size_t node, Duration how_long);
  void CutNode(size_t node, Duration how_long);
  void SlowNode(size_t node, Duration extra, Duration how_long);
  void ExpelNode(size_t node);
  // Everybody runs and hears everything.
  void HealNodes();
  System* system(size_t node) { return nodes_[node].life ? nodes_[node].life->system.get() : nullptr; }
  MemoryCluster& brokers() { return brokers_; }
  MemoryGroups& groups() { return groups_; }

 private:
  class Board;
  class NetworkTransport;
  // A process from its start to its death.
  struct Life {
    ~Life();
    std::vector<SimExecutor*> executors;
    SimExecutor* blocking = nullptr;
    SimExecutor* server = nullptr;  // where calls arrive, and the answers to its own
    std::unique_ptr<MemoryConnection> log;
    std::unique_ptr<Board> board;
    std::unique_ptr<cluster::Directory> directory;
    std::unique_ptr<NetworkTransport> transport;
    std::unique_ptr<cluster::RoutedPeers> peers;
    std::unique_ptr<System> system;
    std::unique_ptr<cluster::ForwardingHandlers> forwarding;
    std::unique_ptr<cluster::Announcer> announcer;  // from when it has played on
    std::unique_ptr<MemoryOwnership> ownership;
  };
  struct Node {
    std::string address;
    std::set<ServiceId> roles;
    MemoryStore store;
    std::unique_ptr<Life> life;
    uint64_t lives = 0;
    bool wanted = false;  // is started again where its start fails for want of brokers
    bool paused = false;
    bool leaving = false;
  };
  struct Reply;

  bool Plays(const Node& node, ServiceId service) const { return node.roles.empty() || node.roles.contains(service); }
  ServiceDeps Deps(const Node& node, const Life& life, uint64_t owner);
  cluster::Node RoutingNode(size_t index, Life* life);
  std::vector<SimExecutor*> ExecutorsOf(const Life& life) const;
  void Join(size_t index);
  void End(Node& node);
  void LaunchLater(size_t index, Duration after);
  bool AllKnown() const;
  // A call has reached the process.
  void Serve(size_t index, std::string_view method, const rpc::Call& call, std::shared_ptr<const std::string> request,
             Answer answer);
  void Publish(size_t from, const std::string& bytes);
  Duration CallDelay();
  bool Chance(int of_10000) { return static_cast<int>(random_.Below(10'000)) < of_10000; }

  const SimOptions options_;
  SimWorld world_;
  MemoryCluster brokers_;
  MemoryGroups groups_;
  MemoryFiles files_;
  Vault vault_;
  SimExecutor* const network_;
  SeededRandom random_;
  rpc::Faults call_faults_;
  rpc::CallCounts counts_;
  std::vector<std::pair<ServiceId, uint16_t>> layout_;
  std::vector<Node> nodes_;
  std::vector<std::string> down_;
};

// As the simulation draws them for one process, for brokers: what a sync takes is what an append takes here.
ClusterFaults BrokerFaults(const MemoryLogFaults& faults);

}  // namespace fundcore::dayrun
