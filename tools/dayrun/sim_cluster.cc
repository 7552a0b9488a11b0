// Processes, the network between them, and their replay check. See sim_cluster.h.
#include "tools/dayrun/sim_cluster.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <list>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/cluster/directory_service.h"
#include "common/crypto/hash.h"
#include "common/rpc/wire.h"
#include "tools/dayrun/replay_copy.h"

namespace fundcore::dayrun {
namespace {

using google::protobuf::Message;

constexpr std::string_view kServices[] = {"trade", "account", "product", "risk", "clearing", "bank"};

Vault ClusterVault() {
  std::array<uint8_t, Vault::kKeyBytes> key{};
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i * 7 + 1);
  return Vault::FromKey(key);
}

}  // namespace

ClusterFaults BrokerFaults(const MemoryLogFaults& faults) {
  ClusterFaults out;
  const auto part = [](Duration d, int64_t of) { return Duration::Micros(d.raw() / of); };
  out.shortest_append = faults.shortest_sync;
  out.longest_append = faults.longest_sync;
  out.longest_ack = std::max(out.shortest_ack, part(faults.longest_sync, 4));
  out.longest_fetch = std::max(out.shortest_fetch, part(faults.longest_sync, 2));
  out.unknown_per_million = faults.unknown_per_million;
  return out;
}

// --- The network ---------------------------------------------------------------------------------------------------------

// What a process answers, once. One that is dropped, by a process that dies or lets a call go, says that nobody knows.
struct SimCluster::Reply {
  explicit Reply(Answer answer) : answer(std::move(answer)) {}
  ~Reply() {
    End(absl::UnavailableError("the process went away before it answered; the effect is unknown: ask again with the same "
                               "request id"));
  }
  void End(absl::Status status, std::string bytes = "") {
    if (answer) std::exchange(answer, nullptr)(std::move(status), std::move(bytes));
  }
  Answer answer;
  std::unique_ptr<Message> request, response;
};

void SimCluster::Serve(size_t index, std::string_view method, const rpc::Call& call,
                       std::shared_ptr<const std::string> request, Answer answer) {
  Life* life = nodes_[index].life.get();
  if (life == nullptr) {
    return answer(absl::UnavailableError(StrCat("nobody listens at ", nodes_[index].address, "; nothing was done")), "");
  }
  auto reply = std::make_unique<Reply>(std::move(answer));
  life->server->Post([life, method = std::string(method), call, request = std::move(request),
                      reply = std::move(reply)]() mutable {
    const rpc::Handlers::Method* m = life->forwarding->handlers()->Find(method);
    if (m == nullptr || !m->unary) return reply->End(absl::UnimplementedError(StrCat("no method ", method, " here")));
    Reply* r = reply.get();
    r->request.reset(m->request_prototype->New());
    r->response.reset(m->response_prototype->New());
    FC_CHECK(r->request->ParseFromString(*request), "request of ", method);
    m->unary(call, *r->request, r->response.get(), [reply = std::move(reply)](absl::Status status) mutable {
      std::string bytes = status.ok() ? rpc::DeterministicBytes(*reply->response) : std::string();
      reply->End(std::move(status), std::move(bytes));
    });
  });
}

// One process's way to the others, with the faults of the network on it. Also to itself: where production has an in-process
// channel, trouble only does not come about by a network.
class SimCluster::NetworkTransport final : public cluster::Transport {
 public:
  NetworkTransport(SimCluster* cluster, size_t from, SimExecutor* server) : cluster_(cluster), from_(from), server_(server) {}

  // The process dies: nobody waits for answers any more.
  void Close() {
    closed_ = true;
    for (const auto& call : std::exchange(calls_, {})) call->done = nullptr;
  }

  void Call(const std::string& address, std::string_view method, const Message& request, Message* response,
            const rpc::Outgoing& outgoing, Done done) override {
    if (closed_) return done(absl::UnavailableError("this process is stopping"));
    auto pending = std::make_shared<Pending>();
    pending->method = method;
    pending->response = response;
    pending->done = std::move(done);
    pending->transport = this;
    pending->place = calls_.insert(calls_.end(), pending);
    server_->PostAfter(outgoing.deadline, [pending] {
      pending->End(absl::DeadlineExceededError(StrCat("no answer from ", pending->method, " in time; the effect is unknown")));
    });
    rpc::Call call;
    call.caller = outgoing.on_behalf_of ? outgoing.on_behalf_of->caller : CallerId(outgoing.caller);
    call.internal = outgoing.on_behalf_of ? outgoing.on_behalf_of->internal : true;
    call.deadline = outgoing.deadline;
    call.hops = outgoing.hops;
    if (outgoing.partitions != nullptr) call.partitions = *outgoing.partitions;
    const bool own = !outgoing.on_behalf_of;  // not a client's that is passed on
    size_t to = from_;
    for (size_t i = 0; i < cluster_->nodes_.size() && !address.empty(); ++i)
      if (cluster_->nodes_[i].address == address) to = i;

    // As many draws a call whatever is on, so that leaving a fault out shifts nothing.
    const rpc::Faults& f = cluster_->call_faults_;
    const bool lost = cluster_->Chance(f.drop_request), lost_reply = cluster_->Chance(f.drop_reply),
               twice = cluster_->Chance(f.duplicate);
    const Duration there = cluster_->CallDelay(), back = cluster_->CallDelay(), there_again = there + cluster_->CallDelay(),
                   back_again = cluster_->CallDelay();
    ++cluster_->counts_.calls;
    cluster_->counts_.lost += lost || lost_reply;
    cluster_->counts_.doubled += twice;
    cluster_->counts_.late += there > Duration() || back > Duration();
    auto bytes = std::make_shared<const std::string>(rpc::DeterministicBytes(request));
    const auto send = [&](Duration there, Duration back) {
      cluster_->network_->PostAfter(there, [cluster = cluster_, server = server_, to, own, call, bytes, back, lost_reply,
                                            pending = std::weak_ptr<Pending>(pending), method = pending->method] {
        Answer answer = [cluster, server, back, lost_reply, pending](absl::Status status, std::string reply) {
          if (lost_reply) return;
          cluster->network_->PostAfter(back, [server, pending, status = std::move(status), reply = std::move(reply)]() mutable {
            server->Post([pending, status = std::move(status), reply = std::move(reply)]() mutable {
              if (auto call = pending.lock()) call->EndWith(std::move(status), reply);
            });
          });
        };
        const auto is_down = [&](const std::string& service) { return method.starts_with(StrCat("fundcore.", service, ".")); };
        if (own && std::any_of(cluster->down_.begin(), cluster->down_.end(), is_down))
          return answer(absl::UnavailableError(StrCat("the peer of ", method, " is down")), "");
        cluster->Serve(to, method, call, bytes, std::move(answer));
      });
    };
    if (!lost) send(there, back);
    if (twice) send(there_again, back_again);
  }

  void Stream(const std::string&, std::string_view method, const Message&, const Message*, const rpc::Outgoing&,
              std::shared_ptr<rpc::Stream> to) override {
    to->Finish(absl::UnimplementedError(StrCat(method, ": nobody streams between processes here")));
  }

 private:
  // A call as its maker sees it: ends once, and while the process lives.
  struct Pending {
    std::string method;
    Message* response = nullptr;
    Done done;
    NetworkTransport* transport = nullptr;
    std::list<std::shared_ptr<Pending>>::iterator place;

    void End(absl::Status status) {
      if (!done) return;
      const std::shared_ptr<Pending> self = *place;
      transport->calls_.erase(place);
      std::exchange(done, nullptr)(std::move(status));
    }
    void EndWith(absl::Status status, const std::string& bytes) {
      if (done && status.ok()) FC_CHECK(response->ParseFromString(bytes), "reply of ", method);
      End(std::move(status));
    }
  };

  SimCluster* const cluster_;
  const size_t from_;
  SimExecutor* const server_;
  std::list<std::shared_ptr<Pending>> calls_;
  bool closed_ = false;
};

// The announcements of one process go by the brokers to all that reach them.
class SimCluster::Board final : public cluster::Bulletin {
 public:
  Board(SimCluster* cluster, size_t from) : cluster_(cluster), from_(from) {}
  void Publish(std::string bytes) override {
    if (!closed_) cluster_->Publish(from_, bytes);
  }
  void OnBulletin(OnMessage) override {}
  void Close() { closed_ = true; }

 private:
  SimCluster* const cluster_;
  const size_t from_;
  bool closed_ = false;
};

void SimCluster::Publish(size_t from, const std::string& bytes) {
  if (nodes_[from].life->log->link()->cut) return;
  network_->PostAfter(Duration::Micros(static_cast<int64_t>(100 + random_.Below(5'000))), [this, bytes] {
    for (Node& node : nodes_) {
      if (!node.life || node.life->log->link()->cut) continue;
      node.life->server->Post([life = node.life.get(), bytes] { life->directory->Apply(bytes); });
    }
  });
}

Duration SimCluster::CallDelay() {
  const int64_t span = std::max<int64_t>(call_faults_.max_delay.raw() - call_faults_.min_delay.raw(), 0);
  return call_faults_.min_delay + Duration::Micros(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(span) + 1)));
}

// --- Processes -----------------------------------------------------------------------------------------------------------

SimCluster::SimCluster(const SimOptions& options, std::vector<std::set<ServiceId>> roles)
    : options_(options),
      world_({.seed = options.seed, .start = options.start, .shuffle = options.shuffle}),
      brokers_(&world_, BrokerFaults(options.log_faults)),
      groups_(&world_),
      vault_(ClusterVault()),
      network_(world_.MakeExecutor("network")),
      random_(world_.random().Next()),
      call_faults_(options.peer_faults),
      layout_(System::Layout({.partitions = options.partitions, .clearing_partitions = options.clearing_partitions})),
      nodes_(roles.size()) {
  for (size_t i = 0; i < roles.size(); ++i) {
    nodes_[i].address = StrCat("node-", i, ":7400");
    nodes_[i].roles = std::move(roles[i]);
  }
  for (const auto& [service, count] : layout_) {
    FC_CHECK(service == ServiceId::kSystem ||
                 std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& n) { return Plays(n, service); }),
             "no process plays ", ServiceName(service));
  }
}

SimCluster::~SimCluster() { Crash(); }

SimCluster::Life::~Life() = default;

ServiceDeps SimCluster::Deps(const Node& node, const Life& life, uint64_t owner) {
  ServiceDeps deps;
  for (SimExecutor* e : life.executors) deps.executors.push_back(e);
  deps.log = life.log.get();
  deps.store = const_cast<MemoryStore*>(&node.store);
  deps.peers = life.peers.get();
  deps.exchange = &files_;
  deps.vault = &vault_;
  deps.partitions = options_.partitions;
  deps.clearing_partitions = options_.clearing_partitions;
  deps.owner = owner;
  deps.leased = true;
  return deps;
}

cluster::Node SimCluster::RoutingNode(size_t index, Life* life) {
  cluster::Node out;
  out.layout = cluster::Layout(layout_);
  out.address = nodes_[index].address;
  for (const auto& [service, count] : layout_)
    if (service == ServiceId::kSystem || Plays(nodes_[index], service)) out.plays.push_back(service);
  out.serves = [life](LogPartition p) { return life->system != nullptr && life->system->Serves(p); };
  out.directory = life->directory.get();
  out.transport = life->transport.get();
  if (Plays(nodes_[index], ServiceId::kAccount)) out.vault = &vault_;
  return out;
}

std::vector<SimExecutor*> SimCluster::ExecutorsOf(const Life& life) const {
  std::vector<SimExecutor*> out = life.executors;
  out.push_back(life.blocking);
  out.push_back(life.server);
  out.push_back(life.log->client());
  return out;
}

absl::Status SimCluster::LaunchNode(size_t index) {
  Node& node = nodes_[index];
  FC_CHECK(!node.life, node.address, " runs already");
  node.wanted = true;
  const std::string name = StrCat(index, "-", ++node.lives);
  const uint64_t owner = world_.random().Next() | 1;
  node.life = std::make_unique<Life>();
  Life* life = node.life.get();
  for (int i = 0; i < options_.executors; ++i) life->executors.push_back(world_.MakeExecutor(StrCat("core-", name, "-", i)));
  life->blocking = world_.MakeExecutor(StrCat("flush-", name));
  life->server = world_.MakeExecutor(StrCat("server-", name));
  life->log = brokers_.Connect(name);
  life->board = std::make_unique<Board>(this, index);
  life->directory = std::make_unique<cluster::Directory>(
      cluster::Directory::Options{.machine_now = [this] { return world_.MachineNow(); }});
  life->transport = std::make_unique<NetworkTransport>(this, index, life->server);
  life->peers = std::make_unique<cluster::RoutedPeers>(RoutingNode(index, life));
  SystemParts parts;
  parts.deps = Deps(node, *life, owner);
  parts.roles = node.roles;
  parts.blocking = life->blocking;
  parts.flush_every_bytes = options_.flush_every_bytes;
  parts.bank_generous = options_.bank_generous;
  parts.clock_health = options_.clock_health;
  parts.accept_clock = options_.accept_clock;
  parts.checkpoint = [&node](const std::string& checkpoint) { return node.store.Checkpoint(checkpoint); };
  life->system = std::make_unique<System>(parts);
  std::vector<std::string> roles;
  for (const auto& [service, count] : layout_)
    if (service != ServiceId::kSystem && Plays(node, service)) roles.emplace_back(cluster::RoleOf(service));
  life->announcer = std::make_unique<cluster::Announcer>(
      cluster::Announcer::Options{.process_id = owner, .address = node.address, .roles = std::move(roles)},
      life->board.get(), life->directory.get(), life->server);
  life->system->OnServing([life](LogPartition p, bool serving, uint64_t epoch) {
    life->announcer->SetServing(p, serving, epoch);
  });
  absl::Status status = life->system->Recover();
  cluster::AddDirectoryService(life->system->handlers(), life->directory.get(), cluster::Layout(layout_));
  life->forwarding = std::make_unique<cluster::ForwardingHandlers>(life->system->handlers(), RoutingNode(index, life));
  if (status.ok()) status = life->log->Start();
  if (!status.ok()) {
    End(node);
    if (!absl::IsUnavailable(status)) return status;
    LaunchLater(index, Duration::Seconds(1));  // as whoever supervises processes does
    return absl::OkStatus();
  }
  life->system->WhenReady([this, index, life](absl::Status s) {
    FC_CHECK(s.ok(), s.ToString());
    life->server->Post([this, index] { Join(index); });
  });
  return absl::OkStatus();
}

// From a task of the process.
void SimCluster::Join(size_t index) {
  Node& node = nodes_[index];
  Life* life = node.life.get();
  life->announcer->Start();
  std::vector<std::pair<ServiceId, uint16_t>> shared;
  for (const auto& [service, count] : layout_)
    if (service == ServiceId::kSystem || Plays(node, service)) shared.emplace_back(service, count);
  life->ownership = groups_.Join(life->log.get(), std::move(shared));
  const absl::Status s = life->ownership->Start(
      [system = life->system.get()](LogPartition p, bool granted) { system->SetOwned(p, granted); });
  FC_CHECK(s.ok(), s.ToString());
}

void SimCluster::LaunchLater(size_t index, Duration after) {
  network_->PostAfter(after, [this, index, lives = nodes_[index].lives] {
    Node& node = nodes_[index];
    if (!node.wanted || node.life || node.lives != lives) return;
    const absl::Status s = LaunchNode(index);
    FC_CHECK(s.ok(), s.ToString());
  });
}

// The order in which things go: nothing of the process runs any more; nobody waits for it; then its parts.
void SimCluster::End(Node& node) {
  Life* life = node.life.get();
  life->board->Close();
  for (SimExecutor* e : ExecutorsOf(*life)) world_.Kill(e);
  life->ownership.reset();
  life->transport->Close();
  life->announcer.reset();
  life->forwarding.reset();
  life->system.reset();
  life->peers.reset();
  life->log.reset();
  node.life.reset();
  node.store.Crash();
  node.paused = false;
  node.leaving = false;
}

void SimCluster::CrashNode(size_t index, Duration down_for) {
  Node& node = nodes_[index];
  node.wanted = down_for > Duration();
  if (node.life) End(node);
  if (node.wanted) LaunchLater(index, down_for);
}

void SimCluster::LeaveNode(size_t index, Duration down_for) {
  Node& node = nodes_[index];
  if (!node.life || !node.life->ownership || node.leaving || node.paused) return;
  node.leaving = true;
  node.life->server->Post([life = node.life.get()] {
    life->ownership->Stop();
    life->announcer->Stop();
  });
  // What it has begun gets its answers meanwhile.
  network_->PostAfter(Duration::Millis(300), [this, index, down_for, lives = node.lives] {
    if (nodes_[index].life && nodes_[index].lives == lives) CrashNode(index, down_for);
  });
}

void SimCluster::PauseNode(size_t index, Duration how_long) {
  Node& node = nodes_[index];
  if (!node.life || node.paused) return;
  node.paused = true;
  for (SimExecutor* e : ExecutorsOf(*node.life)) world_.Pause(e);
  network_->PostAfter(how_long, [this, index, lives = node.lives] {
    Node& node = nodes_[index];
    if (!node.life || node.lives != lives || !node.paused) return;
    node.paused = false;
    for (SimExecutor* e : ExecutorsOf(*node.life)) world_.Resume(e);
  });
}

void SimCluster::CutNode(size_t index, Duration how_long) {
  Node& node = nodes_[index];
  if (!node.life || node.life->log->link()->cut) return;
  node.life->log->Cut(true);
  network_->PostAfter(how_long, [this, index, lives = node.lives] {
    if (nodes_[index].life && nodes_[index].lives == lives) nodes_[index].life->log->Cut(false);
  });
}

void SimCluster::SlowNode(size_t index, Duration extra, Duration how_long) {
  Node& node = nodes_[index];
  if (!node.life) return;
  node.life->log->Slow(extra);
  network_->PostAfter(how_long, [this, index, lives = node.lives] {
    if (nodes_[index].life && nodes_[index].lives == lives) nodes_[index].life->log->Slow({});
  });
}

void SimCluster::ExpelNode(size_t index) {
  if (nodes_[index].life && nodes_[index].life->ownership) groups_.Expel(nodes_[index].life->ownership.get());
}

void SimCluster::HealNodes() {
  for (Node& node : nodes_) {
    if (!node.life) continue;
    if (std::exchange(node.paused, false))
      for (SimExecutor* e : ExecutorsOf(*node.life)) world_.Resume(e);
    node.life->log->Cut(false);
    node.life->log->Slow({});
  }
}

// --- As one system -------------------------------------------------------------------------------------------------------

absl::Status SimCluster::Launch() {
  for (size_t i = 0; i < nodes_.size(); ++i)
    if (!nodes_[i].life) FC_RETURN_IF_ERROR(LaunchNode(i));
  return absl::OkStatus();
}

absl::Status SimCluster::Start() {
  FC_RETURN_IF_ERROR(Launch());
  if (!world_.RunUntil([this] { return serving() && AllKnown(); }, Duration::Seconds(60))) {
    return absl::UnavailableError("the simulated cluster does not come up");
  }
  return absl::OkStatus();
}

void SimCluster::Crash() {
  for (size_t i = 0; i < nodes_.size(); ++i) CrashNode(i);
}

absl::Status SimCluster::Restart() {
  Crash();
  return Start();
}

bool SimCluster::up() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.wanted; });
}

bool SimCluster::serving() const {
  for (const auto& [service, count] : layout_) {
    for (uint16_t p = 0; p < count; ++p) {
      const LogPartition id{service, PartitionId(p)};
      if (std::none_of(nodes_.begin(), nodes_.end(),
                       [&](const Node& n) { return n.life && !n.paused && n.life->system->Serves(id); }))
        return false;
    }
  }
  return true;
}

bool SimCluster::AllKnown() const {
  for (const Node& node : nodes_) {
    if (!node.life || !node.life->ownership) return false;
    for (const auto& [service, count] : layout_) {
      for (uint16_t p = 0; p < count; ++p) {
        const LogPartition id{service, PartitionId(p)};
        const auto owner = node.life->directory->OwnerOf(id);
        if (!owner || std::none_of(nodes_.begin(), nodes_.end(), [&](const Node& n) {
              return n.life && n.address == owner->address && n.life->system->Serves(id);
            }))
          return false;
      }
    }
  }
  return true;
}

void SimCluster::Deliver(std::string_view method, const rpc::Call& call, const std::string& request, Answer answer) {
  Serve(random_.Below(nodes_.size()), method, call, std::make_shared<const std::string>(request), std::move(answer));
}

absl::Status SimCluster::Call(std::string_view method, const Message& request, Message* response, std::string_view caller,
                              Duration deadline) {
  // Kept by the answer: it may come after the caller has given up.
  struct Pending {
    bool ended = false;
    absl::Status status;
    std::string reply;
  };
  const Duration until = world_.MachineNow() + deadline;
  const std::string bytes = rpc::DeterministicBytes(request);
  absl::Status last;
  while (world_.MachineNow() < until) {
    const Duration left = Duration::Micros(until.raw() - world_.MachineNow().raw());
    auto pending = std::make_shared<Pending>();
    rpc::Call call;
    call.caller = CallerId(caller);
    call.deadline = left;
    network_->Post([this, method = std::string(method), call, bytes, pending] {
      Deliver(method, call, bytes, [pending](absl::Status status, std::string reply) {
        *pending = {true, std::move(status), std::move(reply)};
      });
    });
    if (!world_.RunUntil([&] { return pending->ended; }, left)) break;
    last = pending->status;
    if (last.ok()) {
      FC_CHECK(response->ParseFromString(pending->reply), "response of ", method, " is of another type");
      return absl::OkStatus();
    }
    if (!absl::IsUnavailable(last)) return last;
    world_.RunUntilIdle(Duration::Millis(50));
  }
  return absl::DeadlineExceededError(StrCat(method, " did not answer within ", deadline.raw() / 1'000'000,
                                            " s; the effect is unknown; last: ", last.ToString()));
}

absl::Status SimCluster::SetDown(std::string_view service, bool down) {
  if (std::find(std::begin(kServices), std::end(kServices), service) == std::end(kServices)) {
    return absl::InvalidArgumentError(StrCat("no service is called \"", service, "\""));
  }
  std::erase(down_, service);
  if (down) down_.emplace_back(service);
  return absl::OkStatus();
}

void SimCluster::SetLogFaults(const MemoryLogFaults& faults) { brokers_.set_faults(BrokerFaults(faults)); }

void SimCluster::SetDiskFull(bool full) {
  for (Node& node : nodes_) node.store.SetFull(full);
  if (full) brokers_.LeadersAway(Duration::Millis(static_cast<int64_t>(random_.Below(8'000))));
}

absl::StatusOr<std::string> SimCluster::StateHash() {
  Sha256Stream all;
  for (const Node& node : nodes_) {
    if (!node.life) return absl::UnavailableError(StrCat(node.address, " is down"));
    for (machine::HostBase* host : node.life->system->hosts()) {
      for (uint16_t p = 0; p < host->partitions(); ++p) {
        machine::PartitionBase* partition = FindPartition(*node.life->system, {host->service(), PartitionId(p)});
        FC_ASSIGN_OR_RETURN(machine::StateHash hash, partition->state().Hash());
        all.Add(StrCat(node.address, "/", ServiceName(host->service()), "/", p, " ", hash.Hex(), "\n"));
      }
    }
  }
  return all.Finish().Hex();
}

absl::Status SimCluster::CheckReplay(const std::string& checkpoint) {
  const auto all_played = [this] {
    for (const Node& node : nodes_) {
      if (!node.life) return false;
      for (machine::HostBase* host : node.life->system->hosts()) {
        for (uint16_t p = 0; p < host->partitions(); ++p) {
          const LogPartition id{host->service(), PartitionId(p)};
          if (FindPartition(*node.life->system, id)->state().meta.next != Stored(id).size()) return false;
        }
      }
    }
    return true;
  };
  if (!world_.RunUntil(all_played, Duration::Seconds(30))) return absl::UnavailableError("some process does not play to the end");
  bool found = checkpoint.empty();
  for (const Node& from : nodes_) {
    auto store = std::make_unique<MemoryStore>();
    if (!checkpoint.empty()) {
      auto opened = from.store.OpenCheckpoint(checkpoint);
      if (absl::IsNotFound(opened.status())) continue;
      FC_ASSIGN_OR_RETURN(store, std::move(opened));
      found = true;
    }
    // From nothing once, with all roles; from a checkpoint with the roles of its process.
    const std::set<ServiceId> roles = checkpoint.empty() ? std::set<ServiceId>() : from.roles;
    ReplayCopy copy(Deps(from, *from.life, 0), roles, options_.bank_generous, store.get(), world_.Now());
    FC_RETURN_IF_ERROR(copy.Play([this](LogPartition p) { return std::span<const LogRecord>(Stored(p)); }));
    for (const Node& node : nodes_) {
      for (machine::HostBase* host : node.life->system->hosts()) {
        for (uint16_t p = 0; p < host->partitions(); ++p) {
          const LogPartition id{host->service(), PartitionId(p)};
          if (FindPartition(copy.system(), id) == nullptr) continue;
          FC_ASSIGN_OR_RETURN(machine::StateHash was, FindPartition(*node.life->system, id)->state().Hash());
          FC_ASSIGN_OR_RETURN(machine::StateHash is, copy.HashOf(id));
          if (was.Hex() == is.Hex()) continue;
          return absl::DataLossError(StrCat("replay from ", checkpoint.empty() ? "the empty state" : checkpoint, ": ",
                                            ServiceName(id.service), " partition ", p, " has hash ", is.Hex(),
                                            ", the running one at ", node.address, " ", was.Hex()));
        }
      }
    }
    if (checkpoint.empty()) return absl::OkStatus();
  }
  return found ? absl::OkStatus() : absl::NotFoundError(StrCat("no process has a checkpoint ", checkpoint));
}

}  // namespace fundcore::dayrun
