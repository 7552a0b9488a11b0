// Putting the production parts together, in the order in which they depend on each other.
#include "tools/fundcore/serve.h"

#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <future>
#include <optional>
#include <random>
#include <thread>

#include "common/base/status.h"
#include "common/checkpoint/data_folder.h"
#include "common/config/config.h"
#include "common/crypto/vault.h"
#include "common/files/disk.h"
#include "common/log/embedded.h"
#include "common/rpc/channels.h"
#include "common/rpc/server.h"
#include "common/runtime/clock.h"
#include "common/runtime/threads.h"
#include "common/store/rocks.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "tools/fundcore/checkpoint_api.h"
#include "tools/fundcore/cluster_member.h"
#include "tools/fundcore/cluster_metrics.h"
#include "tools/fundcore/fetch.h"
#include "tools/fundcore/recovery_metrics.h"
#include "tools/fundcore/system.h"

namespace fundcore {
namespace {

absl::Status MakeFolder(const std::string& path) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (ec) return absl::UnavailableError(StrCat(path, ": cannot be created: ", ec.message()));
  return absl::OkStatus();
}

absl::StatusOr<Vault> OpenVault(const std::string& path, bool fresh) {
  // A key that vanished is not replaced by a new one: everything sealed with it would be lost without a word.
  const bool there = std::filesystem::exists(path);
  if (!fresh && !there) {
    return absl::NotFoundError(StrCat(path, " is missing, and the data here are sealed with it; copy it from the process or the "
                                            "backup that they came from. No new one is made"));
  }
  if (!there) FC_RETURN_IF_ERROR(CreateKeyFile(path));
  return Vault::FromKeyFile(path);
}

std::vector<std::unique_ptr<ThreadExecutor>> MakeExecutors(int count, Clock* clock) {
  std::vector<std::unique_ptr<ThreadExecutor>> out;
  for (int i = 0; i < count; ++i) out.push_back(std::make_unique<ThreadExecutor>(StrCat("fundcore-", i), clock));
  return out;
}

uint64_t RandomOwner() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

template <class AnyLog>
void PublishLog(Metrics* metrics, AnyLog* log) {
  metrics->AddComputed("fundcore_log_records", "Records appended to the log since start.", {},
                       [log] { return static_cast<double>(log->stats().records); });
  metrics->AddComputed("fundcore_log_bytes", "Bytes appended to the log since start.", {},
                       [log] { return static_cast<double>(log->stats().bytes); });
}

void PublishEmbedded(Metrics* metrics, EmbeddedLog* log) {
  PublishLog(metrics, log);
  metrics->AddComputed("fundcore_log_syncs", "Syncs of the log since start.", {},
                       [log] { return static_cast<double>(log->stats().syncs); });
  metrics->AddComputed("fundcore_log_sync_seconds", "Time spent in syncs since start.", {},
                       [log] { return static_cast<double>(log->stats().sync_micros) / 1e6; });
}

void PublishKafka(Metrics* metrics, KafkaLog* log) {
  PublishLog(metrics, log);
  metrics->AddComputed("fundcore_log_unknown_appends", "Appends whose outcome was unknown, and which were repeated.", {},
                       [log] { return static_cast<double>(log->stats().unknown); });
  metrics->AddComputed("fundcore_log_records_from_memory", "Records delivered on their acknowledgement.", {},
                       [log] { return static_cast<double>(log->stats().from_memory); });
  metrics->AddComputed("fundcore_log_records_from_brokers", "Records read from the brokers.", {},
                       [log] { return static_cast<double>(log->stats().from_brokers); });
}

void PublishMetrics(Metrics* metrics, rpc::RpcServer* server, RocksStore* store) {
  metrics->AddComputed("fundcore_store_disk_bytes", "Live table files of the store.", {},
                       [store] { return static_cast<double>(store->Stats().disk_bytes); });
  metrics->AddComputed("fundcore_store_id_runs", "Sorted runs a request-id lookup may ask.", {},
                       [store] { return static_cast<double>(store->Stats().id_runs); });
  metrics->AddComputed("fundcore_calls_under_way", "gRPC calls under way.", {},
                       [server] { return static_cast<double>(server->Stats().calls_under_way); });
  metrics->AddComputed("fundcore_calls_refused_busy", "gRPC calls told to come back later.", {},
                       [server] { return static_cast<double>(server->Stats().refused_busy); });
}

ClusterMemberOptions MemberOptions(const ServeOptions& o, const ServiceDeps& deps, const std::set<ServiceId>& roles,
                                   const std::string& address, const Vault* vault) {
  ClusterMemberOptions m;
  m.connection.brokers = o.brokers;
  m.connection.client_id = StrCat("fundcore-", address);
  m.connection.properties = o.kafka_properties;
  m.connection.tell = [](const std::string& what) { FC_LOG(Warn, "{}", what); };
  m.prefix = o.topic_prefix;
  m.layout = System::Layout(deps);
  for (const auto& [service, partitions] : m.layout)
    if (o.roles.empty() || roles.contains(service)) m.plays.insert(service);
  for (ServiceId s : m.plays)
    if (const std::string_view role = cluster::RoleOf(s); !role.empty()) m.roles.emplace_back(role);
  m.process = deps.owner;
  m.address = o.advertise.empty() ? address : o.advertise;
  if (!o.tls_certificate.empty()) m.tls = rpc::TlsFiles{o.tls_certificate, o.tls_key, o.tls_ca};
  m.session = o.session_timeout;
  m.one_replica_for_tests = o.one_replica_for_tests;
  m.machine_versions = deps.machine_versions;
  m.vault = m.plays.contains(ServiceId::kAccount) ? vault : nullptr;
  m.tell = [](const std::string& what) { FC_LOG(Warn, "{}", what); };
  return m;
}

// A folder without a state takes it from the first of the peers that has a checkpoint. Where none has, the log is played from
// its beginning, and says so itself where that is gone: so only what would be wrong to go on from is an error.
absl::Status FetchState(const ServeOptions& o) {
  std::error_code error;
  const std::filesystem::path state = o.data + "/state";
  if (o.fetch_from.empty() || (std::filesystem::exists(state, error) && !std::filesystem::is_empty(state, error)))
    return absl::OkStatus();
  for (const std::string& from : o.fetch_from) {
    FetchOptions f;
    f.from = from;
    f.data = o.data;
    f.roles = o.roles;
    f.tls_certificate = o.tls_certificate;
    f.tls_key = o.tls_key;
    f.tls_ca = o.tls_ca;
    const absl::Status s = FetchCheckpoint(f);
    if (s.ok()) return s;
    FC_LOG(Warn, "no checkpoint from {}: {}", from, std::string(s.message()));
    if (absl::IsInvalidArgument(s) || absl::IsDataLoss(s) || absl::IsResourceExhausted(s)) return s;
  }
  return absl::OkStatus();
}

// Blocks SIGTERM and SIGINT in this and all later threads; Wait returns when one arrives.
class StopSignal {
 public:
  StopSignal() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  void Wait() {
    int which;
    sigwait(&set_, &which);
  }

 private:
  sigset_t set_;
};

}  // namespace

absl::Status ReadServeConfig(const std::string& path, ServeOptions* o) {
  FC_ASSIGN_OR_RETURN(Config config, Config::FromFile(path));
  ConfigTable data = config.Table("data");
  o->data = data.String("folder", o->data);
  o->partitions = static_cast<uint16_t>(data.Int("partitions", o->partitions, {1, kMaxPartitions}));
  o->clearing_partitions = static_cast<uint16_t>(data.Int("clearing_partitions", o->clearing_partitions, {1, 99}));
  o->flush_every_bytes = data.Bytes("flush_every", o->flush_every_bytes, {.min = 64u << 10});
  ConfigTable listen = config.Table("listen");
  o->listen = listen.Strings("addresses", o->listen);
  o->tls_certificate = listen.String("tls_certificate", "");
  o->tls_key = listen.String("tls_key", "");
  o->tls_ca = listen.String("tls_ca", "");
  o->siblings = listen.Strings("siblings", o->siblings);
  ConfigTable log = config.Table("log");
  o->kafka = log.Choice("kind", o->kafka ? "kafka" : "embedded", {"embedded", "kafka"}) == "kafka";
  o->log_segment_bytes = log.Bytes("segment", o->log_segment_bytes, {.min = kSmallestSegment, .max = kLargestSegment});
  o->brokers = log.String("brokers", o->brokers);
  o->topic_prefix = log.String("topic_prefix", o->topic_prefix);
  o->session_timeout = log.Span("session_timeout", o->session_timeout, {.min = Duration::Millis(1500), .max = Duration::Seconds(300)});
  o->one_replica_for_tests = log.Bool("one_replica_for_tests", o->one_replica_for_tests);
  // Named as librdkafka names them, values as text; what may not be set is refused when the log is opened.
  ConfigTable kafka = config.Table("kafka");
  for (const std::string& key : kafka.Keys()) o->kafka_properties.emplace_back(key, kafka.String(key, ""));
  ConfigTable vault = config.Table("vault");
  o->vault_key = vault.String("key", o->vault_key);
  ConfigTable clock = config.Table("clock");
  o->steered = clock.Choice("mode", o->steered ? "steered" : "real", {"real", "steered"}) == "steered";
  o->clock_max_off = clock.Span("max_off", o->clock_max_off, {.min = Duration::Millis(100), .max = Duration::Seconds(60)});
  ConfigTable process = config.Table("process");
  o->executors = static_cast<int>(process.Int("executors", o->executors, {0, 256}));
  o->roles = process.Strings("roles", o->roles);
  o->advertise = process.String("advertise", o->advertise);
  o->fetch_from = process.Strings("fetch_from", o->fetch_from);
  o->metrics_port = static_cast<int>(process.Int("metrics_port", o->metrics_port, {-1, 65535}));
  o->metrics_address = process.String("metrics_address", o->metrics_address);
  o->log_file = process.String("log_file", o->log_file);
  o->log_level = process.Choice("log_level", o->log_level, {"debug", "info", "warn", "error"});
  ConfigTable exchange = config.Table("exchange");
  o->exchange = exchange.String("folder", o->exchange);
  ConfigTable bank = config.Table("bank");
  o->simulated_bank = bank.Bool("simulated", o->simulated_bank);
  o->bank_generous = bank.Bool("generous", o->bank_generous);
  ConfigTable product = config.Table("product");
  o->product_lead = product.Span("lead", o->product_lead, {.min = Duration::Seconds(10)});
  ConfigTable trade = config.Table("trade");
  o->recovery_rate = trade.Int("recovery_rate", o->recovery_rate, {100, 100'000'000});
  return config.Finish();
}

absl::Status Serve(const ServeOptions& o) {
  StopSignal stop;
  LogLevel level;
  if (!ParseLogLevel(o.log_level, &level)) return absl::InvalidArgumentError(StrCat("log level \"", o.log_level, "\" is not debug, info, warn or error"));
  FC_RETURN_IF_ERROR(StartLogging({.level = level, .file = o.log_file}));
  if (!o.simulated_bank) {
    return absl::InvalidArgumentError("[bank] simulated = false needs a bank port, which this build has none of; leave it true");
  }

  if (o.kafka && o.brokers.empty()) {
    return absl::InvalidArgumentError("--log=kafka needs --brokers=HOST:PORT[,HOST:PORT…], or brokers in [log]");
  }
  if (!o.kafka && !o.fetch_from.empty()) {
    return absl::InvalidArgumentError("--fetch-from needs --log=kafka: with the embedded log use fundcore fetch-checkpoint");
  }
  if (!o.kafka && !o.roles.empty()) {
    return absl::InvalidArgumentError("--roles needs --log=kafka: on the embedded log one process plays all of them");
  }
  FC_ASSIGN_OR_RETURN(const std::set<ServiceId> roles, ParseRoles(o.roles));
  FC_RETURN_IF_ERROR(MakeFolder(o.data));
  const std::string log_folder = o.data + "/log", exchange = o.exchange.empty() ? o.data + "/exchange" : o.exchange;
  // A state without its log is that of a process that joins (docs/checkpoints.md): it needs the key of the others.
  const bool fresh = !o.kafka && !std::filesystem::exists(log_folder) && !std::filesystem::exists(o.data + "/state");

  ServiceDeps deps;
  deps.partitions = o.partitions;
  deps.clearing_partitions = o.clearing_partitions;
  deps.owner = RandomOwner();
  deps.product_lead = o.product_lead;
  deps.recovery_items_a_second = o.recovery_rate;
  deps.leased = o.kafka;
  if (o.machine_versions > 0) deps.machine_versions = o.machine_versions;

  // The key before the log: a folder with a log has its key, whenever the first start was cut short.
  const auto plays = [&](ServiceId s) { return o.roles.empty() || roles.contains(s); };
  std::optional<Vault> vault;
  if (plays(ServiceId::kAccount) || plays(ServiceId::kSimBank)) {
    if (o.kafka && o.vault_key.empty()) {
      return absl::InvalidArgumentError(
          "with --log=kafka the roles account and bank need --vault-key=FILE, the same for all processes; make one with "
          "fundcore make-key FILE");
    }
    FC_ASSIGN_OR_RETURN(vault, OpenVault(o.vault_key.empty() ? o.data + "/vault.key" : o.vault_key, fresh));
  }
  // The log's lock says whether the folder is ours.
  std::unique_ptr<EmbeddedLog> embedded;
  std::unique_ptr<ClusterMember> member;
  std::vector<std::string> listen = o.listen;
  if (o.kafka) {
    // Others must be told the port before anybody listens on it.
    FC_ASSIGN_OR_RETURN(listen.front(), WithFreePort(listen.front()));
    FC_ASSIGN_OR_RETURN(member, ClusterMember::Open(MemberOptions(o, deps, roles, listen.front(), vault ? &*vault : nullptr)));
    FC_RETURN_IF_ERROR(checkpoint::BindToLog(o.data, member->log_id()));
    FC_RETURN_IF_ERROR(FetchState(o));
  } else {
    OpenReport report;
    FC_ASSIGN_OR_RETURN(embedded, EmbeddedLog::Open({.folder = log_folder, .partitions = System::Layout(deps), .segment_bytes = o.log_segment_bytes}, &report));
    if (!report.Summary().empty()) FC_LOG(Warn, "{}", report.Summary());
  }
  FC_ASSIGN_OR_RETURN(auto store, RocksStore::Open({.folder = o.data + "/state"}));
  FC_RETURN_IF_ERROR(MakeFolder(exchange));
  FC_ASSIGN_OR_RETURN(auto files, DiskFiles::Open(exchange));

  std::unique_ptr<Clock> clock;
  SteeredClock* steered = nullptr;
  RealClock* real = nullptr;
  if (o.steered) {
    auto c = std::make_unique<SteeredClock>(o.clock_start);
    steered = c.get();
    clock = std::move(c);
  } else {
    auto c = std::make_unique<RealClock>(RealClock::Options{.max_off = o.clock_max_off});
    real = c.get();
    clock = std::move(c);
  }
  const int count = o.executors > 0 ? o.executors : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  auto executors = MakeExecutors(count, clock.get());
  ThreadExecutor blocking("fundcore-flush", clock.get());
  rpc::GrpcPeers in_process(CallerId("fundcore"));

  for (auto& e : executors) deps.executors.push_back(e.get());
  deps.log = member ? static_cast<Log*>(member->log()) : embedded.get();
  deps.store = store.get();
  deps.peers = member ? member->peers() : &in_process;
  deps.exchange = files.get();
  deps.vault = vault ? &*vault : nullptr;

  SystemParts parts;
  parts.deps = deps;
  if (!o.roles.empty()) parts.roles = roles;
  parts.blocking = &blocking;
  parts.flush_every_bytes = o.flush_every_bytes;
  parts.bank_generous = o.bank_generous;
  parts.steered = o.steered;
  parts.set_clock = [steered](TimePoint t) {
    if (steered && t > steered->Now()) IgnoreStatus(steered->Set(t), "checked to be ahead");
  };
  if (real) {
    parts.clock_health = [real] { return real->Health(); };
    parts.not_before = [real](TimePoint last) { real->NotBefore(last); };
    parts.accept_clock = [real] { real->AcceptWall(); };
  }
  CheckpointApi checkpoints({.data = o.data, .store = store.get(), .log_id = member ? member->log_id() : embedded->id(), .clock = clock.get()});
  parts.checkpoint = [&checkpoints](const std::string& name) { return checkpoints.Link(name); };
  parts.complete_checkpoint = [&checkpoints](const std::string& name, auto done) { checkpoints.Complete(name, std::move(done)); };
  parts.tell = [](const std::string& what) { FC_LOG(Error, "{}", what); };
  if (member) {
    parts.when_all_show = [&member, &blocking](TimePoint t, auto done) { member->WhenAllShow(t, &blocking, std::move(done)); };
  }
  System system(parts);
  checkpoints.Register(&system);
  if (member) member->Watch(&system);
  FC_RETURN_IF_ERROR(system.Recover());
  // A wall clock behind the log's last stamp does not keep us from starting; it keeps us from stamping until accepted.
  if (real) real->NotBefore(system.LastStamp());

  rpc::ServerOptions server_options;
  server_options.listen = listen;
  server_options.siblings = o.siblings;
  if (!o.tls_certificate.empty()) server_options.tls = rpc::TlsFiles{o.tls_certificate, o.tls_key, o.tls_ca};
  FC_ASSIGN_OR_RETURN(auto server, rpc::RpcServer::Start(member ? member->Handlers(&system) : system.handlers(), server_options));
  server->SetServing("", false);
  in_process.Route("fundcore.", server->InProcessChannel());

  absl::Status started = deps.log->Start();
  if (started.ok()) {
    std::promise<absl::Status> ready;
    const auto tell = [&ready](absl::Status s) { ready.set_value(std::move(s)); };
    member ? system.WhenReady(tell) : system.WhenServing(tell);
    started = ready.get_future().get();
  }
  if (started.ok() && member) started = member->Join(&system, server.get(), &blocking);
  if (!started.ok()) {
    if (member) member->Leave();
    server->Stop(Duration::Seconds(1));
    if (member) member->CloseLog();
    checkpoints.Stop();
    for (auto& e : executors) e->Stop();
    blocking.Stop();
    if (embedded) embedded->Close();
    return started;
  }
  server->SetServing("", true);

  Metrics metrics;
  if (o.metrics_port >= 0) {
    PublishMetrics(&metrics, server.get(), store.get());
    member ? PublishKafka(&metrics, member->log()) : PublishEmbedded(&metrics, embedded.get());
    metrics.AddComputed("fundcore_clock_healthy", "1 where business time follows the wall clock.", {},
                        [real] { return !real || real->Health().ok() ? 1.0 : 0.0; });
    metrics.AddComputed("fundcore_held_back", "1 while nothing new is taken: the clock is in doubt or the disk full.", {},
                        [&system] { return system.gate().open() ? 0.0 : 1.0; });
    PublishPartitions(&metrics, &system);
    // Orders are trade's, and so is the word on who answers them.
    if (plays(ServiceId::kTrade)) PublishRecovery(&metrics, system.handlers());
    FC_ASSIGN_OR_RETURN(int port, metrics.Serve(static_cast<uint16_t>(o.metrics_port), o.metrics_address));
    FC_LOG(Info, "metrics at http://{}:{}/metrics", o.metrics_address, port);
  }
  for (const std::string& address : server->addresses()) std::printf("serving on %s\n", address.c_str());
  std::fflush(stdout);
  FC_LOG(Info, "serving {} partitions on {} executors, clock {}, now {}", o.partitions, count, o.steered ? "steered" : "real",
         clock->Now().Iso());

  stop.Wait();
  FC_LOG(Info, "stopping");
  server->SetServing("", false);
  if (member) member->Leave();  // the others take over while this process ends what it has begun
  server->Stop(Duration::Seconds(1));
  checkpoints.Stop();
  std::promise<absl::Status> flushed;
  // A disk that is full now will be full at the next start, too: waiting for it would only keep the operator waiting.
  store->StopWaiting();
  blocking.Post([&] {
    system.flusher().Abandon();
    system.flusher().FlushNow([&flushed](absl::Status s) { flushed.set_value(std::move(s)); });
  });
  absl::Status flush = flushed.get_future().get();
  if (member) member->CloseLog();  // its readers run on the executors
  for (auto& e : executors) e->Stop();
  blocking.Stop();
  if (embedded) embedded->Close();
  StopLogging();
  return flush;
}

}  // namespace fundcore
