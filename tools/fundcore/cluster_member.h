// ClusterMember: what a process needs to share the work with others over Kafka: the log, who owns what, how calls get there.
//
//   FC_ASSIGN_OR_RETURN(auto member, ClusterMember::Open(options));
//   deps.log = member->log();  deps.peers = member->peers();  deps.leased = true;
//   System system(parts);
//   member->Watch(&system);
//   FC_RETURN_IF_ERROR(system.Recover());
//   server = RpcServer::Start(member->Handlers(&system), …);       // every call finds its owner
//   member->log()->Start();  system.WhenReady(…);
//   FC_RETURN_IF_ERROR(member->Join(&system, server.get(), executor));
//   …
//   member->Leave();             // gives everything back at once
//   member->CloseLog();          // before executors stop
//
// Life cycle: outlives system and server. Leave and CloseLog may be called without Join. Threads: those of its parts; its own
// methods from one thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/status.h"
#include "common/cluster/announcer.h"
#include "common/cluster/directory.h"
#include "common/cluster/forwarding.h"
#include "common/cluster/node.h"
#include "common/cluster/routed_peers.h"
#include "common/cluster/transport.h"
#include "common/log/kafka.h"
#include "common/log/kafka_ownership.h"
#include "common/rpc/server.h"
#include "tools/fundcore/system.h"

namespace fundcore {

struct ClusterMemberOptions {
  KafkaConnection connection;
  std::string prefix = "fundcore";
  std::vector<std::pair<ServiceId, uint16_t>> layout;  // of the whole system
  std::set<ServiceId> plays;                            // of this process, the clock's partition included
  std::vector<std::string> roles;                       // the same, as people call them
  uint64_t process = 0;                                 // drawn at random
  std::string address;                                  // where others reach it
  std::optional<rpc::TlsFiles> tls;
  Duration session = Duration::Seconds(6);
  bool one_replica_for_tests = false;
  uint32_t machine_versions = machine::kMachineVersion;
  const Vault* vault = nullptr;
  std::function<void(const std::string&)> tell;         // trouble that people should know of; any thread
};

class ClusterMember {
 public:
  // Errors: those of KafkaLog::Open; nothing was changed then.
  static absl::StatusOr<std::unique_ptr<ClusterMember>> Open(ClusterMemberOptions options);
  ~ClusterMember();
  ClusterMember(const ClusterMember&) = delete;

  KafkaLog* log() { return log_.get(); }
  // Which log the offsets are of, for states and checkpoints.
  const std::string& log_id() const { return log_->id(); }
  rpc::Peers* peers() { return peers_.get(); }
  const cluster::Directory& directory() const { return directory_; }

  // Tells the others what the system comes to own. Before Recover.
  void Watch(System* system);
  // The handlers of the whole system: what this process does not own is passed on. Adds AdminService/Directory and Upgrade.
  // Once; after everybody has registered theirs and before the server starts.
  const rpc::Handlers* Handlers(System* system);
  // From now on this process takes part: it announces itself and takes over what its groups assign to it.
  absl::Status Join(System* system, rpc::RpcServer* server, Executor* executor);
  void Leave();
  void CloseLog();

  // Runs `done` once every process that is known shows at least this business time, or five seconds of trying have passed:
  // after a steered clock was moved. Any executor.
  void WhenAllShow(TimePoint time, Executor* executor, absl::AnyInvocable<void(absl::Status)> done);

 private:
  explicit ClusterMember(ClusterMemberOptions options);
  class Board;
  void AddUpgrade(System* system);
  cluster::Node MakeNode();

  const ClusterMemberOptions options_;
  std::unique_ptr<KafkaLog> log_;
  std::unique_ptr<Board> board_;
  std::unique_ptr<KafkaOwnership> ownership_;
  cluster::Directory directory_;
  cluster::GrpcTransport transport_;
  std::atomic<System*> system_{nullptr};
  std::unique_ptr<cluster::RoutedPeers> peers_;
  std::unique_ptr<cluster::ForwardingHandlers> forwarding_;
  std::unique_ptr<cluster::Announcer> announcer_;
};

// The services of "trade,account"; all where it is empty. kInvalidArgument names the role that there is none of.
absl::StatusOr<std::set<ServiceId>> ParseRoles(const std::vector<std::string>& roles);
// "127.0.0.1:0" with a port that is free now.
absl::StatusOr<std::string> WithFreePort(const std::string& address);

}  // namespace fundcore
