// See channels.h.
#include "common/rpc/channels.h"

#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/sync_stream.h>

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <utility>
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

// --- Calls
// --------------------------------------------------------------------------------------------------------------------

namespace {

// One call or stream under way.
struct Flight {
  virtual ~Flight() = default;
  grpc::ClientContext context;
  std::string method;
  std::shared_ptr<Channel> channel;  // lives as long as the call
  std::list<std::shared_ptr<Flight>>::iterator place;
  std::shared_ptr<Stream> to;  // of a stream
};

struct UnaryFlight : Flight {
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  google::protobuf::Message* out = nullptr;
  Calls::Done done;
};

constexpr size_t kPruneAt = 100;

}  // namespace

struct Calls::Impl {
  std::mutex mutex;
  std::condition_variable empty;
  std::list<std::shared_ptr<Flight>> under_way;
  size_t streams = 0;
  size_t prune_at = kPruneAt;
  bool closed = false;

  // False: closed.
  bool Begin(const std::shared_ptr<Flight>& flight) {
    std::vector<std::shared_ptr<Flight>> open;
    {
      std::lock_guard lock(mutex);
      if (closed) return false;
      flight->place = under_way.insert(under_way.end(), flight);
      if (flight->to == nullptr || ++streams < prune_at) return true;
      for (const auto& f : under_way)
        if (f->to != nullptr) open.push_back(f);
      prune_at = std::max(kPruneAt, 2 * streams);
    }
    // Readers who went while nothing came for them. Cancelling may call back at once, so not under the lock.
    for (const auto& f : open)
      if (f->to->cancelled()) f->context.TryCancel();
    return true;
  }
  void End(Flight* flight) {
    std::shared_ptr<Flight> last;  // destroyed outside the lock: it may hold a stream, whose end takes locks of its own
    std::lock_guard lock(mutex);
    last = std::move(*flight->place);
    if (flight->to != nullptr) --streams;
    under_way.erase(flight->place);
    if (under_way.empty()) empty.notify_all();  // under the lock: the destructor may free us right after
  }
  void Finish(UnaryFlight* call, const grpc::Status& grpc_status) {
    absl::Status status = FromGrpc(grpc_status);
    // Parsed here, off the executors, which have better things to do.
    if (status.ok() && !ParseBuffer(call->response, call->out)) {
      status = Malformed(call->method, "reply", call->response.Length());
    }
    std::exchange(call->done, nullptr)(std::move(status));
    End(call);
  }
  void Prepare(const Outgoing& outgoing, Flight* flight) {
    flight->channel->Prepare(&flight->context, outgoing.deadline, outgoing.caller);
    AddOutgoing(outgoing, &flight->context);
  }
};

namespace {

struct StreamFlight final : Flight, grpc::ClientReadReactor<grpc::ByteBuffer> {
  void OnReadDone(bool ok) override {
    if (!ok) return;  // the end comes with OnDone
    if (!ParseBuffer(response, message.get())) {
      problem = Malformed(method, "reply", response.Length());
      context.TryCancel();
    } else if (!to->Send(*message)) {
      context.TryCancel();
    }
    StartRead(&response);
  }
  void OnDone(const grpc::Status& status) override {
    to->Finish(problem.ok() ? FromGrpc(status) : std::move(problem));
    const auto last_act = std::move(end);  // destroys this
    last_act(this);
  }
  grpc::ByteBuffer request;
  grpc::ByteBuffer response;
  std::unique_ptr<google::protobuf::Message> message;
  absl::Status problem;
  std::function<void(StreamFlight*)> end;
};

absl::Status Stopping() { return absl::UnavailableError("this process is stopping"); }

}  // namespace

Calls::Calls() : impl_(std::make_unique<Impl>()) {}

Calls::~Calls() { Close(); }

void Calls::Close() {
  std::unique_lock lock(impl_->mutex);
  impl_->closed = true;
  const std::vector<std::shared_ptr<Flight>> flights(impl_->under_way.begin(), impl_->under_way.end());
  lock.unlock();
  for (const auto& flight : flights) flight->context.TryCancel();
  lock.lock();
  impl_->empty.wait(lock, [this] { return impl_->under_way.empty(); });
}

void Calls::Call(std::shared_ptr<Channel> channel, std::string_view method, const google::protobuf::Message& request,
                 google::protobuf::Message* response, const Outgoing& outgoing, Done done) {
  if (absl::Status size = CheckSize(method, "request", request.ByteSizeLong(), channel->max_message_bytes); !size.ok()) {
    return done(std::move(size));
  }
  InProcessGate* const gate = channel->gate.get();
  if (gate != nullptr && !gate->Enter()) return done(Stopping());
  auto call = std::make_shared<UnaryFlight>();
  call->channel = std::move(channel);
  impl_->Prepare(outgoing, call.get());
  call->request = ToBuffer(request);
  call->method = method;
  call->out = response;
  call->done = std::move(done);
  const bool begun = impl_->Begin(call);
  if (begun) {
    call->channel->stub.UnaryCall(
        &call->context, Path(method), grpc::StubOptions(), &call->request, &call->response,
        [impl = impl_.get(), call](const grpc::Status& status) { impl->Finish(call.get(), status); });
  }
  if (gate != nullptr) gate->Leave();
  if (!begun) call->done(Stopping());
}

void Calls::Stream(std::shared_ptr<Channel> channel, std::string_view method, const google::protobuf::Message& request,
                   const google::protobuf::Message* prototype, const Outgoing& outgoing, std::shared_ptr<rpc::Stream> to) {
  if (absl::Status size = CheckSize(method, "request", request.ByteSizeLong(), channel->max_message_bytes); !size.ok()) {
    return to->Finish(std::move(size));
  }
  InProcessGate* const gate = channel->gate.get();
  if (gate != nullptr && !gate->Enter()) return to->Finish(Stopping());
  auto stream = std::make_shared<StreamFlight>();
  stream->channel = std::move(channel);
  impl_->Prepare(outgoing, stream.get());
  stream->request = ToBuffer(request);
  stream->method = method;
  stream->message.reset(prototype->New());
  stream->to = std::move(to);
  stream->end = [impl = impl_.get()](StreamFlight* flight) { impl->End(flight); };
  if (!impl_->Begin(stream)) {
    if (gate != nullptr) gate->Leave();
    return stream->to->Finish(Stopping());
  }
  const std::string path = Path(method);
  const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::SERVER_STREAMING);
  grpc::internal::ClientCallbackReaderFactory<grpc::ByteBuffer>::Create(stream->channel->channel.get(), rpc,
                                                                        &stream->context, &stream->request, stream.get());
  stream->StartRead(&stream->response);
  stream->StartCall();
  if (gate != nullptr) gate->Leave();
}

// --- Peers, and calls of tools
// --------------------------------------------------------------------------------------------------------------------

struct GrpcPeers::Impl {
  std::string self;
  std::vector<std::pair<std::string, std::shared_ptr<Channel>>> routes;
  Calls calls;

  const std::shared_ptr<Channel>* Find(std::string_view method) const {
    const std::shared_ptr<Channel>* best = nullptr;
    size_t length = 0;
    for (const auto& [prefix, channel] : routes) {
      if (method.substr(0, prefix.size()) != prefix || (best && prefix.size() <= length)) continue;
      best = &channel;
      length = prefix.size();
    }
    return best;
  }
};

GrpcPeers::GrpcPeers(CallerId self) : impl_(std::make_unique<Impl>()) { impl_->self = self.str(); }

GrpcPeers::~GrpcPeers() = default;

void GrpcPeers::Route(std::string_view prefix, std::shared_ptr<Channel> channel) {
  impl_->routes.emplace_back(prefix, std::move(channel));
}

void GrpcPeers::Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
                     Duration deadline, Executor* executor, Done done) {
  Done post = [executor, done = std::move(done)](absl::Status status) mutable {
    executor->Post([done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
  };
  const std::shared_ptr<Channel>* channel = impl_->Find(method);
  if (channel == nullptr) return post(absl::UnavailableError(StrCat("no peer is configured for ", method)));
  impl_->calls.Call(*channel, method, request, response, {.deadline = deadline, .caller = impl_->self}, std::move(post));
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
