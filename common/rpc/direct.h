// Peers for simulations and day scripts: calls handlers in this process, through the executor's queue, with the faults of
// a network drawn from a seed. Every message is serialised and parsed on its way, so nobody shares memory by accident,
// and every random draw happens in Call, in its order: the same seed and the same calls give the same run.
//
//   DirectPeers peers(Faults{.seed = seed, .drop_reply = 50, .max_delay = Duration::Millis(20)}, CallerId("fundcore/trade"));
//   peers.Route("fundcore.account.v1.", &account_handlers);
//   peers.SetDown("fundcore.account.v1.", true);      // a crash: calls under way lose their reply
//
// Threading: one thread, that of the simulated executors. A production executor works too where one thread makes all calls
// and runs all handlers. Handlers must outlive their route, executors every call.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/handlers.h"
#include "common/rpc/peers.h"
#include "common/types/ids.h"

namespace fundcore::rpc {

// Chances are out of 10,000 calls. Delays are for one way, drawn evenly from [min, max]; so messages overtake each other.
struct Faults {
  uint64_t seed = 1;
  int drop_request = 0;  // the peer never sees it; the caller sees its deadline
  int drop_reply = 0;    // the peer did the work; the caller sees its deadline
  int duplicate = 0;     // the peer sees it a second time, later; the first reply counts
  Duration min_delay;
  Duration max_delay;
};

// What became of the calls so far.
struct CallCounts {
  uint64_t calls = 0;
  uint64_t lost = 0;     // request or reply
  uint64_t doubled = 0;
  uint64_t late = 0;     // with any delay
};

class DirectPeers : public Peers {
 public:
  // `self` is Call.caller at the handlers, which see internal calls. Messages travel, and handlers run, on `network`: give
  // it an executor that is never killed, so that what a service had sent still arrives after its crash. nullptr: on the
  // executor of each caller.
  DirectPeers(Faults faults, CallerId self, Executor* network = nullptr);
  ~DirectPeers() override;

  // Methods that begin with `prefix` go to these handlers; the longest prefix wins. Routing a prefix again is a restart:
  // what was under way loses its reply (kUnavailable) and requests that arrive later reach the new handlers. nullptr
  // takes the peer away, which is also what must happen before handlers are destroyed.
  void Route(std::string_view prefix, const Handlers* handlers);

  // A peer that is down answers kUnavailable when the request reaches it. `prefix` must have a route.
  void SetDown(std::string_view prefix, bool down);

  // From now on; the draws go on where they were. For "break, heal, then demand progress".
  void SetFaults(const Faults& faults);
  const CallCounts& counts() const;

  // Without delays `done` runs in a later task, never inside Call.
  void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
            Duration deadline, Executor* executor, Done done) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The reading end of a server stream in a simulation: hands each message, parsed anew, to a callback on an executor.
//
//   auto stream = DirectStream::Open(handlers, "fundcore.trade.v1.TradeService/WatchOrder", request, Call{}, executor,
//                                    [](const google::protobuf::Message& m) { ... }, [](absl::Status end) { ... });
//   stream->Cancel();   // the caller goes away; `on_end` is not called any more
//
// Thread-safe. Like the server's streams it ends where 1,000 messages wait for the executor.
class DirectStream : public Stream, public std::enable_shared_from_this<DirectStream> {
 public:
  using OnMessage = absl::AnyInvocable<void(const google::protobuf::Message&)>;
  using OnEnd = absl::AnyInvocable<void(absl::Status)>;

  // Errors: kUnimplemented where there is no such stream.
  static absl::StatusOr<std::shared_ptr<DirectStream>> Open(const Handlers& handlers, std::string_view method,
                                                            const google::protobuf::Message& request, const Call& call,
                                                            Executor* executor, OnMessage on_message, OnEnd on_end);

  bool Send(const google::protobuf::Message& message) override;
  void Finish(absl::Status status) override;
  bool cancelled() const override;
  void Cancel();

 private:
  DirectStream(Executor* executor, const google::protobuf::Message* prototype, OnMessage on_message, OnEnd on_end);

  Executor* const executor_;
  const google::protobuf::Message* const prototype_;
  OnMessage on_message_;  // only on the executor
  OnEnd on_end_;          // only on the executor
  std::unique_ptr<google::protobuf::Message> request_;
  mutable std::mutex mutex_;
  int waiting_ = 0;
  bool ended_ = false;
  bool cancelled_ = false;
};

}  // namespace fundcore::rpc
