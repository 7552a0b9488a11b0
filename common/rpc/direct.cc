// See direct.h.
#include "common/rpc/direct.h"

#include <map>
#include <utility>

#include "common/base/check.h"
#include "common/rpc/wire.h"
#include "google/protobuf/message.h"

namespace fundcore::rpc {
namespace {

using google::protobuf::Message;

constexpr int kMaxWaiting = 1'000;

// One call as its caller sees it: ends once.
struct Pending {
  std::string method;
  Message* response = nullptr;
  Executor* executor = nullptr;
  Executor* network = nullptr;  // or the same
  Peers::Done done;
  Duration deadline;
  CallerId self;

  void End(absl::Status status) {
    if (done) std::exchange(done, nullptr)(std::move(status));
  }
  // Parses only while the caller still waits: afterwards its message may be gone.
  void EndWith(absl::Status status, const std::string& bytes) {
    if (!done) return;
    if (status.ok() && !response->ParseFromString(bytes)) status = Malformed(method, "reply", bytes.size());
    End(std::move(status));
  }
};

// The messages of one delivery, kept until the handler has replied.
struct Delivery {
  std::unique_ptr<Message> request;
  std::unique_ptr<Message> response;
};

struct Peer {
  const Handlers* handlers = nullptr;
  bool down = false;
  uint64_t life = 0;  // a reply counts only in the life that the request reached
};

struct Draws {
  bool drop_request;
  bool drop_reply;
  bool duplicate;
  Duration there, back, there_again, back_again;
};

}  // namespace

struct DirectPeers::State {
  Faults faults;
  uint64_t random = 0;
  CallCounts counts;
  CallerId self;
  Executor* network = nullptr;
  std::map<std::string, Peer, std::less<>> peers;

  // splitmix64: the same on every machine, unlike the standard library's distributions.
  uint64_t Next() {
    uint64_t z = (random += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  bool Chance(int of_10000) { return static_cast<int>(Next() % 10'000) < of_10000; }
  Duration Delay() {
    const int64_t span = faults.max_delay.raw() - faults.min_delay.raw();
    const auto extra = static_cast<int64_t>(Next() % static_cast<uint64_t>(span > 0 ? span + 1 : 1));
    return Duration::Micros(faults.min_delay.raw() + extra);
  }
  // Every call draws the same number of times, so that turning one fault on does not shift the others.
  Draws Draw() {
    Draws d;
    d.drop_request = Chance(faults.drop_request);
    d.drop_reply = Chance(faults.drop_reply);
    d.duplicate = Chance(faults.duplicate);
    d.there = Delay();
    d.back = Delay();
    d.there_again = d.there + Delay();
    d.back_again = Delay();
    return d;
  }

  Peer* Find(std::string_view method) {
    Peer* best = nullptr;
    size_t length = 0;
    for (auto& [prefix, peer] : peers) {
      if (method.substr(0, prefix.size()) != prefix || (best && prefix.size() < length)) continue;
      best = &peer;
      length = prefix.size();
    }
    return best;
  }

  static void Deliver(const std::shared_ptr<State>& state, const std::shared_ptr<Pending>& pending, const std::string& bytes,
                      Duration back, bool drop_reply);
};

void DirectPeers::State::Deliver(const std::shared_ptr<State>& state, const std::shared_ptr<Pending>& pending,
                                 const std::string& bytes, Duration back, bool drop_reply) {
  const auto answer = [pending, back, drop_reply](absl::Status status, std::string reply) {
    if (drop_reply) return;
    pending->network->PostAfter(back, [pending, status = std::move(status), reply = std::move(reply)]() mutable {
      if (pending->network == pending->executor) return pending->EndWith(std::move(status), reply);
      pending->executor->Post([pending, status = std::move(status), reply = std::move(reply)]() mutable {
        pending->EndWith(std::move(status), reply);
      });
    });
  };
  Peer* peer = state->Find(pending->method);
  if (peer == nullptr || peer->handlers == nullptr || peer->down) {
    return answer(absl::UnavailableError(StrCat("the peer of ", pending->method, " is down")), "");
  }
  const Handlers::Method* method = peer->handlers->Find(pending->method);
  if (method == nullptr || !method->unary) {
    return answer(absl::UnimplementedError(StrCat("no method \"", pending->method, "\" here")), "");
  }
  auto delivery = std::make_shared<Delivery>();
  delivery->request.reset(method->request_prototype->New());
  delivery->response.reset(method->response_prototype->New());
  if (!delivery->request->ParseFromString(bytes)) return answer(Malformed(pending->method, "request", bytes.size()), "");
  const uint64_t life = peer->life;
  rpc::Call call;
  call.caller = pending->self;
  call.internal = true;
  call.deadline = pending->deadline;
  // Copied out first: the handler may reply, and the simulation go on, before it returns.
  const Message& request = *delivery->request;
  Message* response = delivery->response.get();
  method->unary(call, request, response, [state, pending, answer, delivery, life](absl::Status status) {
    const Peer* now = state->Find(pending->method);
    if (now == nullptr || now->down || now->life != life) {
      return answer(absl::UnavailableError(StrCat("the peer of ", pending->method, " went away before it answered")), "");
    }
    std::string reply;
    if (status.ok()) reply = DeterministicBytes(*delivery->response);
    if (status.ok()) status = CheckSize(pending->method, "reply", reply.size(), kMaxMessageBytes);
    answer(std::move(status), std::move(reply));
  });
}

DirectPeers::DirectPeers(Faults faults, CallerId self, Executor* network) : state_(std::make_shared<State>()) {
  state_->faults = faults;
  state_->random = faults.seed;
  state_->self = self;
  state_->network = network;
}

DirectPeers::~DirectPeers() {
  // Calls under way end as if every peer had gone.
  for (auto& [_, peer] : state_->peers) peer.handlers = nullptr;
}

void DirectPeers::Route(std::string_view prefix, const Handlers* handlers) {
  Peer& peer = state_->peers[std::string(prefix)];
  peer.handlers = handlers;
  ++peer.life;
}

void DirectPeers::SetDown(std::string_view prefix, bool down) {
  auto it = state_->peers.find(prefix);
  FC_CHECK(it != state_->peers.end(), "no route for ", prefix);
  it->second.down = down;
  ++it->second.life;
}

void DirectPeers::SetFaults(const Faults& faults) { state_->faults = faults; }

const CallCounts& DirectPeers::counts() const { return state_->counts; }

void DirectPeers::Call(std::string_view method, const Message& request, Message* response, Duration deadline,
                       Executor* executor, Done done) {
  auto pending = std::make_shared<Pending>();
  pending->method = method;
  pending->response = response;
  pending->executor = executor;
  pending->network = state_->network != nullptr ? state_->network : executor;
  pending->done = std::move(done);
  pending->deadline = deadline;
  pending->self = state_->self;
  const Draws draws = state_->Draw();
  ++state_->counts.calls;
  state_->counts.lost += draws.drop_request || draws.drop_reply;
  state_->counts.doubled += draws.duplicate;
  state_->counts.late += draws.there > Duration() || draws.back > Duration();
  auto bytes = std::make_shared<const std::string>(DeterministicBytes(request));
  if (absl::Status size = CheckSize(method, "request", bytes->size(), kMaxMessageBytes); !size.ok()) {
    executor->Post([pending, size = std::move(size)]() mutable { pending->End(std::move(size)); });
    return;
  }
  executor->PostAfter(deadline, [pending] {
    pending->End(absl::DeadlineExceededError(StrCat("no answer from ", pending->method, " in time; the effect is unknown")));
  });
  const auto send = [&](Duration there, Duration back, bool drop_reply) {
    pending->network->PostAfter(there, [state = state_, pending, bytes, back, drop_reply] {
      State::Deliver(state, pending, *bytes, back, drop_reply);
    });
  };
  if (!draws.drop_request) send(draws.there, draws.back, draws.drop_reply);
  if (draws.duplicate) send(draws.there_again, draws.back_again, draws.drop_reply);
}

DirectStream::DirectStream(Executor* executor, const Message* prototype, OnMessage on_message, OnEnd on_end)
    : executor_(executor), prototype_(prototype), on_message_(std::move(on_message)), on_end_(std::move(on_end)) {}

absl::StatusOr<std::shared_ptr<DirectStream>> DirectStream::Open(const Handlers& handlers, std::string_view method,
                                                                 const Message& request, const rpc::Call& call,
                                                                 Executor* executor, OnMessage on_message, OnEnd on_end) {
  const Handlers::Method* found = handlers.Find(method);
  if (found == nullptr || !found->stream) {
    return absl::UnimplementedError(StrCat("no stream \"", method, "\" here"));
  }
  std::shared_ptr<DirectStream> stream(
      new DirectStream(executor, found->response_prototype, std::move(on_message), std::move(on_end)));
  stream->request_.reset(found->request_prototype->New());
  if (!stream->request_->ParseFromString(DeterministicBytes(request))) {
    return Malformed(method, "request", request.ByteSizeLong());
  }
  found->stream(call, *stream->request_, stream);
  return stream;
}

bool DirectStream::Send(const Message& message) {
  std::string bytes = DeterministicBytes(message);
  bool full = false;
  {
    std::lock_guard lock(mutex_);
    if (ended_ || cancelled_) return false;
    full = waiting_ >= kMaxWaiting;
    if (!full) ++waiting_;
  }
  if (full) {
    Finish(TryAgainLater(StrCat("the reader is ", kMaxWaiting, " messages behind; start again from the last one read"),
                         Duration::Millis(100)));
    return false;
  }
  executor_->Post([self = shared_from_this(), bytes = std::move(bytes)] {
    {
      std::lock_guard lock(self->mutex_);
      --self->waiting_;
      if (self->cancelled_) return;
    }
    std::unique_ptr<Message> copy(self->prototype_->New());
    FC_CHECK(copy->ParseFromString(bytes), "a stream sent something other than ", self->prototype_->GetTypeName());
    self->on_message_(*copy);
  });
  return true;
}

void DirectStream::Finish(absl::Status status) {
  {
    std::lock_guard lock(mutex_);
    if (ended_ || cancelled_) return;
    ended_ = true;
  }
  executor_->Post([self = shared_from_this(), status = std::move(status)]() mutable {
    {
      std::lock_guard lock(self->mutex_);
      if (self->cancelled_) return;
    }
    self->on_end_(std::move(status));
  });
}

bool DirectStream::cancelled() const {
  std::lock_guard lock(mutex_);
  return cancelled_ || ended_;
}

void DirectStream::Cancel() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
}

}  // namespace fundcore::rpc
