// See channels.h.
#include "common/rpc/channels.h"

#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/sync_stream.h>

#include <condition_variable>
#include <list>
#include <mutex>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/grpc_glue.h"
#include "common/rpc/handlers.h"

namespace fundcore::rpc {
namespace {

std::string Path(std::string_view method) { return StrCat("/", method); }

// For people at a command line: where, and what to do about it. What a handler has said itself stays as it is.
absl::Status Explain(const absl::Status& status, const Channel& channel, std::string_view method, Duration deadline) {
  std::string text;
  if (!ReasonOf(status).empty()) return status;
  if (absl::IsUnavailable(status)) {
    text = StrCat("cannot reach ", channel.name, " for ", method, " (", status.message(),
                        "); check that the server runs there and that both sides use TLS or neither");
  } else if (absl::IsDeadlineExceeded(status)) {
    text = StrCat(channel.name, " did not answer ", method, " within ", deadline.raw() / 1'000,
                        " ms; the effect is unknown: ask again with the same request id");
  } else {
    return status;
  }
  absl::Status explained(status.code(), text);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) { explained.SetPayload(url, value); });
  return explained;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Channel>> Connect(std::string_view address, const ChannelOptions& options) {
  PrepareProcess();
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == address.size()) {
    return absl::InvalidArgumentError(
        StrCat("the address \"", address, "\" has no port; write host:port, such as 127.0.0.1:7000"));
  }
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (options.tls) {
    grpc::SslCredentialsOptions ssl;
    FC_ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadPem(options.tls->ca, "CA certificate"));
    FC_ASSIGN_OR_RETURN(ssl.pem_private_key, ReadPem(options.tls->key, "private key"));
    FC_ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadPem(options.tls->certificate, "certificate"));
    credentials = grpc::SslCredentials(ssl);
  } else {
    credentials = grpc::InsecureChannelCredentials();
  }
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  args.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  // A peer that vanished without a word is noticed within half a minute while calls wait for it; one that comes back is
  // found within two seconds.
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // Channels of one process to one address would otherwise share a connection and its counters across tests and tools.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return std::make_shared<Channel>(grpc::CreateCustomChannel(std::string(address), credentials, args),
                                   std::string(address), /*in_process=*/false, options.max_message_bytes);
}

namespace {

struct OutCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  std::string method;
  google::protobuf::Message* out = nullptr;
  Executor* executor = nullptr;
  Peers::Done done;
  std::list<std::shared_ptr<OutCall>>::iterator place;
};

}  // namespace

struct GrpcPeers::Impl {
  std::string self;
  std::vector<std::pair<std::string, std::shared_ptr<Channel>>> routes;
  std::mutex mutex;
  std::condition_variable empty;
  std::list<std::shared_ptr<OutCall>> under_way;

  Channel* Find(std::string_view method) const {
    Channel* best = nullptr;
    size_t length = 0;
    for (const auto& [prefix, channel] : routes) {
      if (method.substr(0, prefix.size()) != prefix || (best && prefix.size() <= length)) continue;
      best = channel.get();
      length = prefix.size();
    }
    return best;
  }

  void Finish(OutCall* call, const grpc::Status& grpc_status) {
    absl::Status status = FromGrpc(grpc_status);
    // Parsed here, off the executor, which has better things to do.
    if (status.ok() && !ParseBuffer(call->response, call->out)) {
      status = Malformed(call->method, "reply", call->response.Length());
    }
    call->executor->Post([done = std::move(call->done), status = std::move(status)]() mutable { done(std::move(status)); });
    std::lock_guard lock(mutex);
    under_way.erase(call->place);
    if (under_way.empty()) empty.notify_all();  // under the lock: the destructor may free us right after
  }
};

GrpcPeers::GrpcPeers(CallerId self) : impl_(std::make_unique<Impl>()) { impl_->self = self.str(); }

GrpcPeers::~GrpcPeers() {
  std::unique_lock lock(impl_->mutex);
  const std::vector<std::shared_ptr<OutCall>> calls(impl_->under_way.begin(), impl_->under_way.end());
  lock.unlock();
  for (const auto& call : calls) call->context.TryCancel();
  lock.lock();
  impl_->empty.wait(lock, [this] { return impl_->under_way.empty(); });
}

void GrpcPeers::Route(std::string_view prefix, std::shared_ptr<Channel> channel) {
  impl_->routes.emplace_back(prefix, std::move(channel));
}

void GrpcPeers::Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
                     Duration deadline, Executor* executor, Done done) {
  Channel* channel = impl_->Find(method);
  absl::Status problem;
  if (channel == nullptr) {
    problem = absl::UnavailableError(StrCat("no peer is configured for ", method));
  } else {
    problem = CheckSize(method, "request", request.ByteSizeLong(), channel->max_message_bytes);
  }
  if (!problem.ok()) {
    executor->Post([done = std::move(done), problem = std::move(problem)]() mutable { done(std::move(problem)); });
    return;
  }
  InProcessGate* const gate = channel->gate.get();
  if (gate != nullptr && !gate->Enter()) {
    executor->Post([done = std::move(done)]() mutable { done(absl::UnavailableError("this process is stopping")); });
    return;
  }
  auto call = std::make_shared<OutCall>();
  channel->Prepare(&call->context, deadline, impl_->self);
  call->request = ToBuffer(request);
  call->method = method;
  call->out = response;
  call->executor = executor;
  call->done = std::move(done);
  {
    std::lock_guard lock(impl_->mutex);
    call->place = impl_->under_way.insert(impl_->under_way.end(), call);
  }
  channel->stub.UnaryCall(&call->context, Path(method), grpc::StubOptions(), &call->request, &call->response,
                          [impl = impl_.get(), call](const grpc::Status& status) { impl->Finish(call.get(), status); });
  if (gate != nullptr) gate->Leave();
}

absl::Status BlockingCall(Channel& channel, std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message* response, Duration deadline, std::string_view caller) {
  FC_RETURN_IF_ERROR(CheckSize(method, "request", request.ByteSizeLong(), channel.max_message_bytes));
  grpc::ClientContext context;
  channel.Prepare(&context, deadline, caller);
  const grpc::ByteBuffer in = ToBuffer(request);
  grpc::ByteBuffer out;
  const std::string path = Path(method);
  const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
  const absl::Status status =
      FromGrpc(grpc::internal::BlockingUnaryCall(channel.channel.get(), rpc, &context, in, &out));
  if (!status.ok()) return Explain(status, channel, method, deadline);
  if (!ParseBuffer(out, response)) return Malformed(method, "reply", out.Length());
  return absl::OkStatus();
}

absl::Status ReadStream(Channel& channel, std::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* message, const std::function<bool()>& on_message, Duration deadline,
                        std::string_view caller) {
  FC_RETURN_IF_ERROR(CheckSize(method, "request", request.ByteSizeLong(), channel.max_message_bytes));
  grpc::ClientContext context;
  channel.Prepare(&context, deadline, caller);
  const grpc::ByteBuffer in = ToBuffer(request);
  const std::string path = Path(method);
  const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::SERVER_STREAMING);
  const std::unique_ptr<grpc::ClientReader<grpc::ByteBuffer>> reader(
      grpc::internal::ClientReaderFactory<grpc::ByteBuffer>::Create(channel.channel.get(), rpc, &context, in));
  grpc::ByteBuffer out;
  bool wanted = true;
  bool readable = true;
  while (wanted && readable && reader->Read(&out)) {
    readable = ParseBuffer(out, message);
    wanted = readable && on_message();
  }
  if (wanted && readable) return Explain(FromGrpc(reader->Finish()), channel, method, deadline);
  context.TryCancel();
  while (reader->Read(&out)) {
  }
  IgnoreStatus(FromGrpc(reader->Finish()), "it says that we have just cancelled");
  return readable ? absl::OkStatus() : Malformed(method, "reply", out.Length());
}

}  // namespace fundcore::rpc
