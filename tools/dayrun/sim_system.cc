// Assembly of the simulated system, its crashes and its replay check.
#include "tools/dayrun/sim_system.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <array>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/rpc/wire.h"
#include "tools/dayrun/replay_copy.h"

namespace fundcore::dayrun {
namespace {

constexpr std::string_view kServices[] = {"trade", "account", "product", "risk", "clearing", "bank"};

// A key that is as good as any here: nothing outside the process ever sees what it seals.
Vault ScriptVault() {
  std::array<uint8_t, Vault::kKeyBytes> key{};
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i * 7 + 1);
  return Vault::FromKey(key);
}

rpc::Faults WithSeed(rpc::Faults faults, uint64_t seed) {
  faults.seed = seed;
  return faults;
}

}  // namespace

SimSystem::SimSystem(const SimOptions& options)
    : options_(options),
      world_({.seed = options.seed, .start = options.start, .shuffle = options.shuffle}),
      log_(&world_, options.log_faults),
      vault_(ScriptVault()),
      network_(world_.MakeExecutor("network")),
      peers_(WithSeed(options.peer_faults, options.seed + 1), CallerId("fundcore"), network_) {}

SimSystem::~SimSystem() {
  Route(nullptr);
  for (SimExecutor* e : executors_) world_.Kill(e);
  if (blocking_) world_.Kill(blocking_);
}

ServiceDeps SimSystem::Deps() {
  ServiceDeps deps;
  for (SimExecutor* e : executors_) deps.executors.push_back(e);
  deps.log = &log_;
  deps.store = &store_;
  deps.peers = &peers_;
  deps.exchange = &files_;
  deps.vault = &vault_;
  deps.partitions = options_.partitions;
  deps.clearing_partitions = options_.clearing_partitions;
  deps.owner = owner_;
  if (options_.wrap) options_.wrap(&deps);
  return deps;
}

void SimSystem::Route(const rpc::Handlers* handlers) {
  for (std::string_view s : kServices) {
    const std::string prefix = StrCat("fundcore.", s, ".");
    peers_.Route(prefix, handlers);
    if (handlers) peers_.SetDown(prefix, std::find(down_.begin(), down_.end(), s) != down_.end());
  }
}

absl::Status SimSystem::Start() {
  FC_RETURN_IF_ERROR(Launch());
  if (!world_.RunUntil([this] { return system_->serving(); }, Duration::Seconds(60))) {
    return absl::UnavailableError("the simulated system does not come up");
  }
  return absl::OkStatus();
}

absl::Status SimSystem::Launch() {
  FC_CHECK(system_ == nullptr, "the system runs already");
  ++life_;
  owner_ = world_.random().Next();
  executors_.clear();
  for (int i = 0; i < options_.executors; ++i)
    executors_.push_back(world_.MakeExecutor(StrCat("core-", life_, "-", i)));
  blocking_ = world_.MakeExecutor(StrCat("flush-", life_));
  SystemParts parts;
  parts.deps = Deps();
  parts.blocking = blocking_;
  parts.flush_every_bytes = options_.flush_every_bytes;
  parts.bank_generous = options_.bank_generous;
  parts.clock_health = options_.clock_health;
  parts.accept_clock = options_.accept_clock;
  parts.checkpoint = [this](const std::string& name) { return store_.Checkpoint(name); };
  system_ = std::make_unique<System>(parts);
  FC_RETURN_IF_ERROR(system_->Recover());
  Route(system_->handlers());
  FC_RETURN_IF_ERROR(log_.Start());
  system_->WhenServing([](absl::Status s) { FC_CHECK(s.ok(), s.ToString()); });
  return absl::OkStatus();
}

void SimSystem::Crash() {
  Route(nullptr);
  for (SimExecutor* e : executors_) world_.Kill(e);
  if (blocking_) world_.Kill(blocking_);
  log_.Crash();
  store_.Crash();
  system_.reset();
}

absl::Status SimSystem::Restart() {
  Crash();
  return Start();
}

absl::Status SimSystem::Call(std::string_view method, const google::protobuf::Message& request,
                             google::protobuf::Message* response, std::string_view caller, Duration deadline) {
  if (!system_) return absl::UnavailableError("the system is down");
  const rpc::Handlers::Method* m = system_->handlers()->Find(method);
  if (m == nullptr || !m->unary) return absl::UnimplementedError(StrCat("no method \"", method, "\" here"));
  // Kept by the reply: it may come after the caller has given up.
  struct Pending {
    std::unique_ptr<google::protobuf::Message> request, response;
    bool ended = false;
    absl::Status status;
  };
  auto pending = std::make_shared<Pending>();
  pending->request.reset(m->request_prototype->New());
  pending->response.reset(m->response_prototype->New());
  FC_CHECK(pending->request->ParseFromString(rpc::DeterministicBytes(request)), "request of ", method,
           " is of another type");
  rpc::Call call;
  call.caller = CallerId(caller);
  call.deadline = deadline;
  network_->Post([m, pending, call] {
    m->unary(call, *pending->request, pending->response.get(), [pending](absl::Status status) {
      pending->status = std::move(status);
      pending->ended = true;
    });
  });
  if (!world_.RunUntil([&] { return pending->ended; }, deadline)) {
    return absl::DeadlineExceededError(
        StrCat(method, " did not answer within ", deadline.raw() / 1'000'000, " s; the effect is unknown"));
  }
  if (!pending->status.ok()) return pending->status;
  FC_CHECK(response->ParseFromString(rpc::DeterministicBytes(*pending->response)), "response of ", method,
           " is of another type");
  return absl::OkStatus();
}

void SimSystem::Deliver(std::string_view method, const rpc::Call& call, const std::string& request, Answer answer) {
  if (!system_) return answer(absl::UnavailableError("the system is down"), "");
  const rpc::Handlers::Method* m = system_->handlers()->Find(method);
  FC_CHECK(m && m->unary, "no method ", method);
  // Lives until the handler has replied or is gone.
  struct Delivery {
    std::unique_ptr<google::protobuf::Message> request, response;
  };
  auto delivery = std::make_shared<Delivery>();
  delivery->request.reset(m->request_prototype->New());
  delivery->response.reset(m->response_prototype->New());
  FC_CHECK(delivery->request->ParseFromString(request), "request of ", method);
  m->unary(call, *delivery->request, delivery->response.get(), [delivery, answer = std::move(answer)](absl::Status status) {
    std::string reply = status.ok() ? rpc::DeterministicBytes(*delivery->response) : std::string();
    answer(std::move(status), std::move(reply));
  });
}

absl::Status SimSystem::SetDown(std::string_view service, bool down) {
  if (std::find(std::begin(kServices), std::end(kServices), service) == std::end(kServices)) {
    return absl::InvalidArgumentError(StrCat("no service is called \"", service, "\""));
  }
  std::erase(down_, service);
  if (down) down_.emplace_back(service);
  if (system_) peers_.SetDown(StrCat("fundcore.", service, "."), down);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SimSystem::StateHash() {
  if (!system_) return absl::UnavailableError("the system is down");
  Sha256Stream all;
  for (machine::HostBase* host : system_->hosts()) {
    for (uint16_t p = 0; p < host->partitions(); ++p) {
      machine::PartitionBase* partition = host->ShardOf(PartitionId(p)).partitions()[p / host->shards().size()].get();
      FC_ASSIGN_OR_RETURN(machine::StateHash hash, partition->state().Hash());
      all.Add(StrCat(ServiceName(host->service()), "/", p, " ", hash.Hex(), "\n"));
    }
  }
  return all.Finish().Hex();
}

void SimSystem::SetDiskFull(bool full) {
  log_.set_disk_full(full);
  store_.SetFull(full);
}

absl::Status SimSystem::CheckReplay(const std::string& checkpoint) {
  if (!system_) return absl::UnavailableError("the system is down");
  auto store = std::make_unique<MemoryStore>();
  if (!checkpoint.empty()) {
    FC_ASSIGN_OR_RETURN(store, store_.OpenCheckpoint(checkpoint));
  }
  for (machine::HostBase* host : system_->hosts()) {
    for (uint16_t p = 0; p < host->partitions(); ++p) {
      const LogPartition id{host->service(), PartitionId(p)};
      FC_RETURN_IF_ERROR(log_.Readable(id, 0, FindPartition(*system_, id)->state().meta.next));
    }
  }
  ReplayCopy copy(Deps(), {}, options_.bank_generous, store.get(), world_.Now());
  FC_RETURN_IF_ERROR(copy.Play([&](LogPartition p) {
    const std::vector<LogRecord>& records = log_.Stored(p);
    return std::span(records.data(), std::min<size_t>(records.size(), FindPartition(*system_, p)->state().meta.next));
  }));
  for (machine::HostBase* host : system_->hosts()) {
    for (uint16_t p = 0; p < host->partitions(); ++p) {
      const LogPartition id{host->service(), PartitionId(p)};
      FC_ASSIGN_OR_RETURN(machine::StateHash was, FindPartition(*system_, id)->state().Hash());
      FC_ASSIGN_OR_RETURN(machine::StateHash is, copy.HashOf(id));
      if (was.Hex() != is.Hex()) {
        return absl::DataLossError(StrCat("replay from ", checkpoint.empty() ? "the empty state" : checkpoint, ": ",
                                          ServiceName(id.service), " partition ", p, " has hash ", is.Hex(),
                                          ", the running one ", was.Hex()));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace fundcore::dayrun
