// Peers: how core code calls another service, with one batch message and a deadline.
//
// The callback runs on the executor that was given, exactly once while the process lives, in any order among calls. It may
// say kDeadlineExceeded or kUnavailable although the peer did the work: every peer call is therefore idempotent and may be
// repeated. Production: gRPC channels, in-process ones where the service runs in this process (common/rpc/channels.h).
// Simulation: direct calls of the handlers, with delays, losses and duplicates (common/rpc/direct.h).
#pragma once

#include <memory>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/runtime/executor.h"
#include "common/time/time.h"

namespace google::protobuf {
class Message;
}

namespace fundcore::rpc {

class Peers {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  virtual ~Peers() = default;

  // `method` is "package.Service/Method"; the service part picks the peer. `request` is serialised before Call returns and
  // may be dropped then; `response` must live until `done` has run. `deadline` is machine time.
  virtual void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
                    Duration deadline, Executor* executor, Done done) = 0;
};

// Calls with the response owned by the callback: CallPeer<Resp>(peers, method, request, deadline, executor,
//   [](absl::Status status, std::unique_ptr<Resp> response) { ... });
template <class Resp, class F>
void CallPeer(Peers* peers, std::string_view method, const google::protobuf::Message& request, Duration deadline,
              Executor* executor, F done) {
  auto response = std::make_unique<Resp>();
  Resp* raw = response.get();
  peers->Call(method, request, raw, deadline, executor,
              [response = std::move(response), done = std::move(done)](absl::Status status) mutable {
                done(std::move(status), std::move(response));
              });
}

}  // namespace fundcore::rpc
