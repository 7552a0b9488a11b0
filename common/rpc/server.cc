// See server.h. Methods are registered from the table as raw byte methods, the way generated code registers its own, so
// a call costs what it costs there; a generic service answers what is not in the table.
#include "common/rpc/server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/service_type.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/grpc_glue.h"
#include "common/rpc/reflection.h"
#include "common/rpc/server_calls.h"
#include "grpc/health/v1/health.pb.h"

namespace fundcore::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// grpc.health.v1 over our own handlers, so that it obeys reflection, identities and the graceful stop like all others.
class Health {
 public:
  explicit Health(Handlers* handlers) {
    handlers->Unary<HealthCheckRequest, HealthCheckResponse>(
        "grpc.health.v1.Health/Check",
        [this](const Call&, const HealthCheckRequest& request, HealthCheckResponse* response, Reply reply) {
          std::lock_guard lock(mutex_);
          auto it = serving_.find(request.service());
          if (it == serving_.end()) {
            return reply(absl::NotFoundError(StrCat("this server has no service \"", request.service(), "\"")));
          }
          response->set_status(StatusOf(it->second));
          reply(absl::OkStatus());
        });
    handlers->ServerStream<HealthCheckRequest, HealthCheckResponse>(
        "grpc.health.v1.Health/Watch",
        [this](const Call&, const HealthCheckRequest& request, std::shared_ptr<Stream> stream) {
          std::lock_guard lock(mutex_);
          std::erase_if(watchers_, [](const Watcher& w) { return w.stream->cancelled(); });
          auto it = serving_.find(request.service());
          HealthCheckResponse response;
          response.set_status(it == serving_.end() ? HealthCheckResponse::SERVICE_UNKNOWN : StatusOf(it->second));
          if (stream->Send(response)) watchers_.push_back({request.service(), std::move(stream)});
        });
  }

  void Set(std::string_view service, bool serving) {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    Change(std::string(service), serving);
  }

  // Everything NOT_SERVING for good.
  void Stop() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    for (auto& [service, _] : serving_) Change(service, false);
  }

 private:
  struct Watcher {
    std::string service;
    std::shared_ptr<Stream> stream;
  };

  static HealthCheckResponse::ServingStatus StatusOf(bool serving) {
    return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
  }

  void Change(const std::string& service, bool serving) {
    auto [it, added] = serving_.try_emplace(service, serving);
    if (!added && it->second == serving) return;
    it->second = serving;
    HealthCheckResponse response;
    response.set_status(StatusOf(serving));
    std::erase_if(watchers_, [&](const Watcher& w) { return w.service == service && !w.stream->Send(response); });
  }

  std::mutex mutex_;
  bool stopped_ = false;
  std::map<std::string, bool> serving_;
  std::vector<Watcher> watchers_;
};

using Bytes = grpc::ByteBuffer;

// The table as a grpc::Service.
class TableService final : public grpc::Service {
 public:
  explicit TableService(const std::shared_ptr<CallContext>& shared) {
    for (auto& [_, served] : shared->methods) {
      ServedMethod* method = &served;
      if (method->method->unary) {
        Add(method->path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC,
            new grpc::internal::CallbackUnaryHandler<Bytes, Bytes>(
                [shared, method](grpc::CallbackServerContext* context, const Bytes* request, Bytes* response) {
                  return BeginUnary(shared, method, context, request, response);
                }));
      } else {
        Add(method->path.c_str(), grpc::internal::RpcMethod::SERVER_STREAMING,
            new grpc::internal::CallbackServerStreamingHandler<Bytes, Bytes>(
                [shared, method](grpc::CallbackServerContext* context, const Bytes* request) {
                  return BeginStream(shared, method, context, request);
                }));
      }
    }
  }

  void AddReflection(const std::set<std::string>* services) {
    for (const char* path : kReflectionPaths) {
      Add(path, grpc::internal::RpcMethod::BIDI_STREAMING,
          new grpc::internal::CallbackBidiHandler<Bytes, Bytes>(
              [services](grpc::CallbackServerContext*) { return BeginReflection(services); }));
    }
  }

 private:
  void Add(const char* path, grpc::internal::RpcMethod::RpcType type, grpc::internal::MethodHandler* handler) {
    AddMethod(new grpc::internal::RpcServiceMethod(path, type, nullptr));
    MarkMethodRawCallback(count_++, handler);
  }
  int count_ = 0;
};

// Answers whatever is not in the table.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  UnknownMethods(std::shared_ptr<CallContext> shared, const std::set<std::string>* services)
      : shared_(std::move(shared)), services_(services) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    class Refusal final : public grpc::ServerGenericBidiReactor {
     public:
      explicit Refusal(const grpc::Status& status) { Finish(status); }
      void OnDone() override { delete this; }
    };
    shared_->unknown_method.fetch_add(1, std::memory_order_relaxed);
    std::string_view method = context->method();
    if (!method.empty() && method.front() == '/') method.remove_prefix(1);
    return new Refusal(ToGrpc(absl::UnimplementedError(
        StrCat("no method \"", method.substr(0, 200), "\" here; this server has ", absl::StrJoin(*services_, ", ")))));
  }

 private:
  const std::shared_ptr<CallContext> shared_;
  const std::set<std::string>* const services_;
};

struct AddressList {
  ~AddressList() {
    if (list != nullptr) freeaddrinfo(list);
  }
  addrinfo* list = nullptr;
};

bool IsLoopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 24 == 127;
  }
  return address->sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// Can the system listen there? Asked before gRPC is, because gRPC's answer is only a line in its own log.
absl::Status ProbeBind(const addrinfo& a, const std::string& address) {
  const int fd = socket(a.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::UnavailableError(StrCat("no socket for ", address, ": ", std::strerror(errno)));
  const int on = 1;
  // As gRPC does: connections of an earlier run that linger in TIME_WAIT are no obstacle, a listener is.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (a.ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const int failed = bind(fd, a.ai_addr, a.ai_addrlen) != 0 ? errno : listen(fd, 1) != 0 ? errno : 0;
  close(fd);
  if (failed == 0) return absl::OkStatus();
  if (failed == EADDRINUSE) {
    return absl::AlreadyExistsError(
        StrCat(address, " is in use by another program; stop that one or listen on another port"));
  }
  return absl::UnavailableError(StrCat("cannot listen on ", address, ": ", std::strerror(failed),
                                             "; use an address of this machine and a port that this user may take"));
}

absl::Status CheckAddress(const std::string& address, bool tls) {
  const size_t colon = address.rfind(':');
  std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty() || port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(port) > 65'535) {
    return absl::InvalidArgumentError(StrCat("cannot listen on \"", address,
                                                   "\": write host:port, such as 127.0.0.1:7000 or [::1]:7000"));
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  AddressList found;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found.list); error != 0) {
    return absl::InvalidArgumentError(StrCat("cannot listen on \"", address, "\": ", gai_strerror(error),
                                                   "; use an address of this machine"));
  }
  absl::Status problem;
  bool usable = false;
  for (const addrinfo* a = found.list; a != nullptr; a = a->ai_next) {
    if (!tls && !IsLoopback(a->ai_addr)) {
      return absl::FailedPreconditionError(
          StrCat("refusing to listen on ", address, " without TLS: others could read and send orders; give "
                       "certificate, key and CA files, or listen on 127.0.0.1"));
    }
    absl::Status probed = ProbeBind(*a, address);
    if (absl::IsAlreadyExists(probed)) return probed;
    usable |= probed.ok();  // "localhost" may name ::1 on a machine without IPv6
    problem.Update(probed);
  }
  return usable ? absl::OkStatus() : problem;
}

std::string ServiceOf(std::string_view method) { return std::string(method.substr(0, method.find('/'))); }

}  // namespace

struct RpcServer::Impl {
  Handlers builtin;
  Health health{&builtin};
  std::shared_ptr<CallContext> shared = std::make_shared<CallContext>();
  std::set<std::string> services;
  std::vector<std::string> addresses;
  std::unique_ptr<TableService> table;
  std::unique_ptr<UnknownMethods> unknown;
  std::mutex stop_mutex;
  bool stopped = false;
  std::shared_ptr<InProcessGate> gate = std::make_shared<InProcessGate>();
  std::unique_ptr<grpc::Server> server;

  void Serve(const Handlers& handlers, bool is_builtin) {
    for (const auto& [name, method] : handlers.all()) {
      ServedMethod& served = shared->methods[name];
      served.name = name;
      served.path = StrCat("/", name);
      served.method = &method;
      served.builtin = is_builtin;
      services.insert(ServiceOf(name));
    }
  }
};

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RpcServer::~RpcServer() { Stop(impl_->shared->options.stop_patience); }

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const Handlers* handlers, ServerOptions options) {
  PrepareProcess();
  if (options.max_message_bytes == 0 || options.max_message_bytes > (1u << 29) || options.max_calls <= 0 ||
      options.max_streams <= 0 || options.max_deadline <= Duration()) {
    return absl::InvalidArgumentError(StrCat("server limits out of range: max_message_bytes ", options.max_message_bytes,
                                                   " (1 to 512 MiB), max_calls ", options.max_calls, ", max_streams ",
                                                   options.max_streams, ", max_deadline ", options.max_deadline.raw(),
                                                   " us (all above 0)"));
  }
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (options.tls) {
    grpc::SslServerCredentialsOptions ssl(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
    FC_ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadPem(options.tls->ca, "CA certificate"));
    FC_ASSIGN_OR_RETURN(pair.private_key, ReadPem(options.tls->key, "private key"));
    FC_ASSIGN_OR_RETURN(pair.cert_chain, ReadPem(options.tls->certificate, "certificate"));
    ssl.pem_key_cert_pairs.push_back(std::move(pair));
    credentials = grpc::SslServerCredentials(ssl);
  }
  for (const std::string& address : options.listen) {
    FC_RETURN_IF_ERROR(CheckAddress(address, options.tls.has_value()));
  }

  auto impl = std::make_unique<Impl>();
  impl->shared->options = options;
  impl->Serve(*handlers, /*is_builtin=*/false);
  impl->Serve(impl->builtin, /*is_builtin=*/true);
  impl->health.Set("", true);
  for (const std::string& service : impl->services) impl->health.Set(service, true);
  impl->table = std::make_unique<TableService>(impl->shared);
  if (options.reflection) {
    for (const char* path : kReflectionPaths) impl->services.insert(ServiceOf(path + 1));
    impl->table->AddReflection(&impl->services);
  }
  impl->unknown = std::make_unique<UnknownMethods>(impl->shared, &impl->services);

  grpc::ServerBuilder builder;
  std::vector<int> ports(options.listen.size(), 0);
  for (size_t i = 0; i < options.listen.size(); ++i) builder.AddListeningPort(options.listen[i], credentials, &ports[i]);
  builder.RegisterService(impl->table.get());
  builder.RegisterCallbackGenericService(impl->unknown.get());
  builder.SetMaxReceiveMessageSize(static_cast<int>(2 * options.max_message_bytes));
  builder.SetMaxSendMessageSize(static_cast<int>(2 * options.max_message_bytes));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients that vanished are noticed within 40 s, and those that ping every ten seconds are not called abusive.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  impl->server = builder.BuildAndStart();
  const std::string where = absl::StrJoin(options.listen, ", ");
  if (impl->server == nullptr || std::find(ports.begin(), ports.end(), 0) != ports.end()) {
    return absl::UnavailableError(
        StrCat("cannot listen on ", where, options.tls ? "; check that certificate and key belong together" : "",
                     "; check that no other program has just taken the port"));
  }
  for (size_t i = 0; i < options.listen.size(); ++i) {
    impl->addresses.push_back(StrCat(options.listen[i].substr(0, options.listen[i].rfind(':')), ":", ports[i]));
  }
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

const std::vector<std::string>& RpcServer::addresses() const { return impl_->addresses; }

std::shared_ptr<Channel> RpcServer::InProcessChannel() {
  const size_t max_bytes = impl_->shared->options.max_message_bytes;
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(static_cast<int>(max_bytes));
  args.SetMaxSendMessageSize(static_cast<int>(max_bytes));
  auto channel = std::make_shared<Channel>(impl_->server->InProcessChannel(args), "this process", /*in_process=*/true, max_bytes);
  channel->gate = impl_->gate;
  return channel;
}

void RpcServer::SetServing(std::string_view service, bool serving) { impl_->health.Set(service, serving); }

ServerStats RpcServer::Stats() const {
  const CallContext& shared = *impl_->shared;
  ServerStats stats;
  for (const auto& [name, served] : shared.methods) {
    MethodStats& method = stats.methods.emplace_back();
    method.method = name;
    for (size_t i = 0; i < method.by_code.size(); ++i) method.by_code[i] = served.by_code[i].load(std::memory_order_relaxed);
  }
  stats.unknown_method = shared.unknown_method.load(std::memory_order_relaxed);
  stats.refused_busy = shared.refused_busy.load(std::memory_order_relaxed);
  stats.calls_under_way = shared.calls_under_way.load(std::memory_order_relaxed);
  stats.streams_open = shared.streams_open.load(std::memory_order_relaxed);
  return stats;
}

void RpcServer::Stop(Duration patience) {
  std::lock_guard lock(impl_->stop_mutex);
  if (std::exchange(impl_->stopped, true)) return;
  impl_->health.Stop();
  impl_->shared->CloseStreams(absl::UnavailableError("the server is stopping; connect again"));
  impl_->gate->Close();
  impl_->server->Shutdown(std::chrono::system_clock::now() + std::chrono::microseconds(patience.raw()));
}

}  // namespace fundcore::rpc
