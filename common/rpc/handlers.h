// What a service offers, apart from how it is reached: a table of methods, each a function from a request message to a
// reply. The gRPC server (common/rpc/server.h) and the simulation's direct peers (common/rpc/direct.h) call the same table,
// so a day script drives the very handlers that an investor app reaches over the network.
//
//   handlers.Unary<SubmitOrderRequest, SubmitOrderResponse>(
//       "fundcore.trade.v1.TradeService/SubmitOrder",
//       [this](const Call& call, const SubmitOrderRequest& request, SubmitOrderResponse* response, Reply reply) {
//         ...; reply(absl::OkStatus());
//       });
//
// Request and response stay alive until `reply` has been called. A handler runs on any thread and must not block: it
// checks the shape, posts to an executor and replies from there. `reply` is called exactly once, from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/base/check.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace google::protobuf {
class Message;
}

namespace fundcore::rpc {

// Who calls, and how long they wait.
struct Call {
  CallerId caller;           // from the channel's identity; "local" on loopback without identities
  bool internal = false;     // a sibling service of this system, not an outside client
  Duration deadline = Duration::Seconds(30);  // machine time left when the call came in; "no deadline" is capped to this
  // How often the call was passed on to get here. One that was is not passed on again: see common/cluster/forwarding.h.
  uint8_t hops = 0;
  // A sibling asks for these partitions only, and asks others for the rest: handlers that look everywhere then answer for
  // exactly these. Unset: for all. See common/rpc/partitions.h.
  std::optional<std::vector<uint16_t>> partitions;
};

using Reply = absl::AnyInvocable<void(absl::Status)>;
using UnaryHandler = std::function<void(const Call&, const google::protobuf::Message& request,
                                        google::protobuf::Message* response, Reply reply)>;

// The sending side of a server stream. Thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;
  // Queues a message. False where the caller has gone or its queue (1,000 messages) is full: the stream is then over.
  virtual bool Send(const google::protobuf::Message& message) = 0;
  virtual void Finish(absl::Status status) = 0;
  virtual bool cancelled() const = 0;
};
using StreamHandler = std::function<void(const Call&, const google::protobuf::Message& request, std::shared_ptr<Stream>)>;

// Filled while a service is assembled, read-only afterwards.
class Handlers {
 public:
  struct Method {
    const google::protobuf::Message* request_prototype = nullptr;
    const google::protobuf::Message* response_prototype = nullptr;
    UnaryHandler unary;    // exactly one of the two is set
    StreamHandler stream;
  };

  // `method` is "package.Service/Method".
  template <class Req, class Resp>
  void Unary(std::string_view method, std::function<void(const Call&, const Req&, Resp*, Reply)> handler) {
    Method m;
    m.request_prototype = &Req::default_instance();
    m.response_prototype = &Resp::default_instance();
    m.unary = [handler = std::move(handler)](const Call& call, const google::protobuf::Message& request,
                                             google::protobuf::Message* response, Reply reply) {
      handler(call, static_cast<const Req&>(request), static_cast<Resp*>(response), std::move(reply));
    };
    FC_CHECK(methods_.emplace(std::string(method), std::move(m)).second, "method registered twice: ", method);
  }
  template <class Req, class Resp>
  void ServerStream(std::string_view method, std::function<void(const Call&, const Req&, std::shared_ptr<Stream>)> handler) {
    Method m;
    m.request_prototype = &Req::default_instance();
    m.response_prototype = &Resp::default_instance();
    m.stream = [handler = std::move(handler)](const Call& call, const google::protobuf::Message& request,
                                              std::shared_ptr<Stream> stream) {
      handler(call, static_cast<const Req&>(request), std::move(stream));
    };
    FC_CHECK(methods_.emplace(std::string(method), std::move(m)).second, "method registered twice: ", method);
  }

  // For tables that are made from other tables.
  void Add(std::string_view method, Method m) {
    FC_CHECK(methods_.emplace(std::string(method), std::move(m)).second, "method registered twice: ", method);
  }

  // nullptr where there is no such method.
  const Method* Find(std::string_view method) const {
    auto it = methods_.find(method);
    return it == methods_.end() ? nullptr : &it->second;
  }
  const absl::btree_map<std::string, Method, std::less<>>& all() const { return methods_; }

 private:
  absl::btree_map<std::string, Method, std::less<>> methods_;
};

// A refusal or trouble with a reason that an app can switch on (google.rpc.ErrorInfo: reason, domain "fundcore",
// metadata). `reason` is UPPER_SNAKE. The message names thing, value and remedy. Carried as a payload of the status under
// type.googleapis.com/google.rpc.ErrorInfo, which the gRPC server puts into the status details.
absl::Status ErrorWithReason(absl::StatusCode code, std::string_view reason, std::string_view message,
                             std::initializer_list<std::pair<std::string_view, std::string_view>> metadata = {});
// The reason of such a status, "" where it has none.
std::string ReasonOf(const absl::Status& status);
// RESOURCE_EXHAUSTED with google.rpc.RetryInfo: come back after `delay`; nothing was done.
absl::Status TryAgainLater(std::string_view message, Duration delay);
// The delay that such a status asks for (at most an hour), zero where it asks for none.
Duration RetryDelayOf(const absl::Status& status);

}  // namespace fundcore::rpc
