// See server_calls.h.
//
// A unary call has two owners: gRPC, until OnDone, and the handler, until it has replied. Whichever comes first of reply
// and cancellation ends the call on the wire; the messages live until both are through, because a handler may use them
// until it replies.
#include "common/rpc/server_calls.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/grpc_glue.h"
#include "common/rpc/partitions.h"

namespace fundcore::rpc {
namespace {

using google::protobuf::Arena;
using google::protobuf::Message;

constexpr size_t kMaxQueuedMessages = 1'000;
constexpr Duration kLongestStream = Duration::Seconds(24 * 3'600);

// Request and response of one call, side by side: small calls fit the first block and allocate nothing more.
struct Messages {
  Messages(const Handlers::Method& method, bool with_response) : arena(Options(block)) {
    request = method.request_prototype->New(&arena);
    if (with_response) response = method.response_prototype->New(&arena);
  }
  static google::protobuf::ArenaOptions Options(char* block) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = kBlock;
    options.start_block_size = 16 << 10;
    options.max_block_size = 256 << 10;  // a batch of a thousand orders takes a handful of blocks
    return options;
  }
  static constexpr size_t kBlock = 1'536;
  alignas(8) char block[kBlock];
  Arena arena;
  Message* request = nullptr;
  Message* response = nullptr;
};

void Count(ServedMethod* method, grpc::StatusCode code) {
  if (code >= 0 && static_cast<size_t>(code) < method->by_code.size()) {
    method->by_code[code].fetch_add(1, std::memory_order_relaxed);
  }
}

std::string_view View(grpc::string_ref s) { return {s.data(), s.size()}; }

absl::Status SetCaller(std::string_view name, std::string_view where, Call* call) {
  if (!CallerId::Fits(name)) {
    return ErrorWithReason(absl::StatusCode::kUnauthenticated, "CALLER_NAME_TOO_LONG",
                           StrCat("the caller's name in ", where, " has ", name.size(), " bytes and at most ",
                                        CallerId::kMax, " are kept; use a shorter one"));
  }
  call->caller = CallerId(name);
  return absl::OkStatus();
}

// Compares without telling by its duration how much was right.
bool SameToken(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

constexpr std::string_view kSibling = "fundcore";

// What only siblings may say: for whom, and for which partitions. Anybody else who says it is no client of ours but a
// sibling that nobody has listed, whose calls must not run under its own name.
absl::Status HeedSibling(const grpc::CallbackServerContext& context, Call* call) {
  const auto& metadata = context.client_metadata();
  const auto hops = metadata.find(kHopsKey);
  if (hops != metadata.end()) call->hops = View(hops->second) == "1" ? 1 : 2;
  const auto behalf = metadata.find(kOnBehalfKey);
  const auto partitions = metadata.find(kPartitionsKey);
  if (behalf == metadata.end() && partitions == metadata.end()) return absl::OkStatus();
  if (!call->internal) {
    return ErrorWithReason(absl::StatusCode::kPermissionDenied, "NOT_A_SIBLING",
                           StrCat("caller \"", call->caller.view(), "\" passes on calls of others and is no process of "
                                  "this system; list its certificate's name among the siblings"));
  }
  if (partitions != metadata.end()) {
    call->partitions = ParsePartitions(View(partitions->second));
    if (!call->partitions) {
      return ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_PARTITIONS",
                             StrCat(kPartitionsKey, " \"", View(partitions->second).substr(0, 100),
                                    "\" is no ascending list; compare the versions of the processes"));
    }
  }
  if (behalf == metadata.end()) return absl::OkStatus();
  call->internal = metadata.find(kOnBehalfInternalKey) != metadata.end();
  return SetCaller(View(behalf->second), kOnBehalfKey, call);
}

absl::StatusOr<Call> Identify(const ServerOptions& options, const grpc::CallbackServerContext& context, bool streaming) {
  absl::StatusOr<Call> result{Call()};
  Call& call = *result;
  call.deadline = streaming ? kLongestStream : options.max_deadline;
  const auto deadline = context.deadline();
  if (deadline != std::chrono::system_clock::time_point::max()) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(deadline - std::chrono::system_clock::now());
    call.deadline = std::max(Duration(), std::min(call.deadline, Duration::Micros(left.count())));
  }
  const auto& metadata = context.client_metadata();
  const auto token = metadata.find(kTokenKey);
  const auto name = metadata.find(kCallerKey);
  const std::string_view claimed = name == metadata.end() ? std::string_view() : View(name->second);
  call.internal = token != metadata.end() && SameToken(View(token->second), ProcessToken());
  std::string_view proven;
  if (options.tls && !call.internal) {
    const auto names = context.auth_context()->GetPeerIdentity();
    if (names.empty() || names.front().empty()) {
      return ErrorWithReason(absl::StatusCode::kUnauthenticated, "NO_CALLER_NAME",
                             "the client certificate has neither a subject alternative name nor a common name; "
                             "issue one that has");
    }
    proven = View(names.front());
    FC_RETURN_IF_ERROR(SetCaller(proven, "the client certificate", &call));
    call.internal = std::find(options.siblings.begin(), options.siblings.end(), proven) != options.siblings.end();
    if (!call.internal) {
      FC_RETURN_IF_ERROR(HeedSibling(context, &call));
      return result;
    }
  }
  // From here on the name is believed: the process, the machine or the certificate vouches for it.
  if (claimed.empty() && proven.empty()) {
    call.caller = CallerId("local");
  } else if (!claimed.empty()) {
    FC_RETURN_IF_ERROR(SetCaller(claimed, kCallerKey, &call));
  }
  if (!options.tls && claimed == kSibling) call.internal = true;
  FC_RETURN_IF_ERROR(HeedSibling(context, &call));
  return result;
}

absl::Status Busy(CallContext& shared, std::string_view what, int limit) {
  shared.refused_busy.fetch_add(1, std::memory_order_relaxed);
  return TryAgainLater(StrCat("the server already has ", limit, " ", what,
                                    " under way; nothing was done, try again after the delay given"),
                       shared.options.busy_retry_delay);
}

absl::Status CheckRequest(const CallContext& shared, const ServedMethod& method, const grpc::ByteBuffer& request) {
  return CheckSize(method.name, "request", request.Length(), shared.options.max_message_bytes);
}

class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(std::shared_ptr<CallContext> shared, ServedMethod* method, grpc::ByteBuffer* out)
      : shared_(std::move(shared)), method_(method), out_(out), messages_(*method->method, /*with_response=*/true) {}

  Messages& messages() { return messages_; }

  // The reply that goes to the handler. Dropped without a call (an executor that stopped with tasks waiting), it
  // answers that nobody knows.
  Reply MakeReply() {
    return [once = Once(this)](absl::Status status) mutable {
      FC_CHECK(once.call != nullptr, "a handler replied twice");
      std::exchange(once.call, nullptr)->Replied(std::move(status));
    };
  }

 private:
  struct Once {
    explicit Once(UnaryCall* c) : call(c) {}
    Once(Once&& other) noexcept : call(std::exchange(other.call, nullptr)) {}
    ~Once() {
      if (call == nullptr) return;
      call->Replied(absl::UnavailableError(StrCat(
          call->method_->name, " ended without an answer; the effect is unknown: ask again with the same request id")));
    }
    UnaryCall* call;
  };

  ~UnaryCall() override {
    if (!method_->builtin) shared_->calls_under_way.fetch_sub(1, std::memory_order_relaxed);
  }

  void Replied(absl::Status status) {
    if (!ended_.exchange(true)) {
      if (status.ok()) {
        status = CheckSize(method_->name, "reply", messages_.response->ByteSizeLong(), shared_->options.max_message_bytes);
      }
      if (status.ok()) *out_ = ToBuffer(*messages_.response);
      const grpc::Status result = ToGrpc(status);
      Count(method_, result.error_code());
      Finish(result);
    }
    Release();
  }

  // The caller has gone, or its deadline has passed, or the server stops: off the wire, whatever the handler does.
  void OnCancel() override {
    if (ended_.exchange(true)) return;
    Count(method_, grpc::StatusCode::CANCELLED);
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { Release(); }
  // Both reactions above are short and take no lock, so gRPC need not hop to its executor thread for them (a tenth of
  // the rate).
  bool InternalInlineable() override { return true; }

  void Release() {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  const std::shared_ptr<CallContext> shared_;
  ServedMethod* const method_;
  grpc::ByteBuffer* const out_;  // gRPC's; valid until Finish
  std::atomic<bool> ended_{false};
  std::atomic<int> owners_{2};
  Messages messages_;
};

}  // namespace

grpc::ServerUnaryReactor* BeginUnary(const std::shared_ptr<CallContext>& shared, ServedMethod* method,
                                     grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) {
  const auto refuse = [&](const absl::Status& status) {
    const grpc::Status result = ToGrpc(status);
    Count(method, result.error_code());
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(result);
    return reactor;
  };
  if (!method->builtin && shared->calls_under_way.fetch_add(1, std::memory_order_relaxed) >= shared->options.max_calls) {
    shared->calls_under_way.fetch_sub(1, std::memory_order_relaxed);
    return refuse(Busy(*shared, "calls", shared->options.max_calls));
  }
  auto* call = new UnaryCall(shared, method, response);
  Reply reply = call->MakeReply();  // from here every way out replies, so that the call is counted and freed
  auto who = Identify(shared->options, *context, /*streaming=*/false);
  if (!who.ok()) {
    reply(who.status());
  } else if (absl::Status size = CheckRequest(*shared, *method, *request); !size.ok()) {
    reply(std::move(size));
  } else if (!ParseBuffer(*request, call->messages().request)) {
    reply(Malformed(method->name, "request", request->Length()));
  } else {
    Messages& messages = call->messages();
    method->method->unary(*who, *messages.request, messages.response, std::move(reply));
  }
  return call;
}

// The state of a stream, shared by gRPC's reactor, which lives until OnDone, and the handler's end. One operation at a
// time is under way on the reactor (`busy_`); its start is decided under the lock and done outside it.
class StreamCore : public std::enable_shared_from_this<StreamCore> {
 public:
  class Reactor final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
   public:
    explicit Reactor(std::shared_ptr<StreamCore> core) : core_(std::move(core)) {}
    void OnWriteDone(bool ok) override { core_->WriteDone(ok); }
    void OnCancel() override { core_->Cancel(); }
    void OnDone() override {
      core_->Closed();
      delete this;
    }

   private:
    const std::shared_ptr<StreamCore> core_;
  };

  StreamCore(std::shared_ptr<CallContext> shared, ServedMethod* method)
      : shared_(std::move(shared)), method_(method), messages_(*method->method, /*with_response=*/false) {}

  Messages& messages() { return messages_; }
  Reactor* MakeReactor() { return reactor_ = new Reactor(shared_from_this()); }

  bool Send(const Message& message) {
    if (absl::Status size = CheckSize(method_->name, "reply", message.ByteSizeLong(), shared_->options.max_message_bytes);
        !size.ok()) {
      return End(std::move(size)), false;
    }
    grpc::ByteBuffer buffer = ToBuffer(message);
    std::unique_lock lock(mutex_);
    if (cancelled_ || ending_) return false;
    if (queue_.size() >= kMaxQueuedMessages) {
      // What was sent so far is a beginning without gaps, so the reader can start again from its last message.
      queue_.clear();
      ending_ = true;
      end_ = TryAgainLater(StrCat("the reader of ", method_->name, " is ", kMaxQueuedMessages,
                                        " messages behind; start again from the last one read"),
                           shared_->options.busy_retry_delay);
      Advance(lock);
      return false;
    }
    queue_.push_back(std::move(buffer));
    Advance(lock);
    return true;
  }

  // After what is queued. Only the first end counts.
  void End(absl::Status status) {
    std::unique_lock lock(mutex_);
    if (cancelled_ || ending_) return;
    ending_ = true;
    end_ = std::move(status);
    Advance(lock);
  }

  bool cancelled() const {
    std::lock_guard lock(mutex_);
    return cancelled_ || ending_;
  }

 private:
  void Cancel() {
    std::unique_lock lock(mutex_);
    cancelled_ = true;
    queue_.clear();
    Advance(lock);
  }

  void WriteDone(bool ok) {
    std::unique_lock lock(mutex_);
    busy_ = false;
    if (!ok) {
      cancelled_ = true;
      queue_.clear();
    }
    Advance(lock);
  }

  void Closed() {
    shared_->streams_open.fetch_sub(1, std::memory_order_relaxed);
    std::lock_guard lock(shared_->streams_mutex);
    shared_->streams.erase(this);
  }

  void Advance(std::unique_lock<std::mutex>& lock) {
    if (busy_ || finished_) return;
    if (!cancelled_ && !queue_.empty()) {
      busy_ = true;
      writing_ = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      reactor_->StartWrite(&writing_);
    } else if (cancelled_ || ending_) {
      finished_ = true;
      const grpc::Status result = cancelled_ ? grpc::Status::CANCELLED : ToGrpc(end_);
      lock.unlock();
      Count(method_, result.error_code());
      reactor_->Finish(result);  // the reactor is not touched after this
    }
  }

  const std::shared_ptr<CallContext> shared_;
  ServedMethod* const method_;
  Reactor* reactor_ = nullptr;
  grpc::ByteBuffer writing_;
  Messages messages_;
  mutable std::mutex mutex_;
  std::deque<grpc::ByteBuffer> queue_;
  bool busy_ = false;
  bool ending_ = false;
  bool cancelled_ = false;
  bool finished_ = false;
  absl::Status end_;
};

namespace {

// The handler's end. Let go without Finish, it ends the stream, so that no reader waits for ever.
class ServerStream final : public Stream {
 public:
  explicit ServerStream(std::shared_ptr<StreamCore> core) : core_(std::move(core)) {}
  ~ServerStream() override { core_->End(absl::UnavailableError("the service let go of the stream; start it again")); }
  bool Send(const Message& message) override { return core_->Send(message); }
  void Finish(absl::Status status) override { core_->End(std::move(status)); }
  bool cancelled() const override { return core_->cancelled(); }

 private:
  const std::shared_ptr<StreamCore> core_;
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* BeginStream(const std::shared_ptr<CallContext>& shared, ServedMethod* method,
                                                        grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) {
  const bool busy =
      shared->streams_open.fetch_add(1, std::memory_order_relaxed) >= shared->options.max_streams && !method->builtin;
  auto core = std::make_shared<StreamCore>(shared, method);
  StreamCore::Reactor* reactor = core->MakeReactor();
  bool closed = false;
  {
    std::lock_guard lock(shared->streams_mutex);
    closed = shared->streams_closed;
    shared->streams.emplace(core.get(), core);
  }
  auto stream = std::make_shared<ServerStream>(core);
  auto who = Identify(shared->options, *context, /*streaming=*/true);
  if (closed) {
    stream->Finish(absl::UnavailableError("the server is stopping; connect again"));
  } else if (busy) {
    stream->Finish(Busy(*shared, "streams", shared->options.max_streams));
  } else if (!who.ok()) {
    stream->Finish(who.status());
  } else if (absl::Status size = CheckRequest(*shared, *method, *request); !size.ok()) {
    stream->Finish(std::move(size));
  } else if (!ParseBuffer(*request, core->messages().request)) {
    stream->Finish(Malformed(method->name, "request", request->Length()));
  } else {
    // The stream shares the core, and the core has the request: it lives as long as the handler holds the stream.
    method->method->stream(*who, *core->messages().request, std::move(stream));
  }
  return reactor;
}

void CallContext::CloseStreams(const absl::Status& status) {
  std::vector<std::shared_ptr<StreamCore>> open;
  {
    std::lock_guard lock(streams_mutex);
    streams_closed = true;
    for (const auto& [_, weak] : streams) {
      if (auto core = weak.lock()) open.push_back(std::move(core));
    }
  }
  for (const auto& core : open) core->End(status);
}

}  // namespace fundcore::rpc
