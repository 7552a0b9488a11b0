// The calling side of gRPC: channels, the Peers of production, and blocking calls for command line tools.
//
//   auto channel = Connect("10.0.0.7:7443", {.tls = TlsFiles{"node.crt", "node.key", "ca.crt"}});
//   GrpcPeers peers(CallerId("fundcore/trade"));
//   peers.Route("fundcore.account.v1.", server->InProcessChannel());   // runs in this process
//   peers.Route("fundcore.risk.v1.", *channel);                        // runs elsewhere
//   CallPeer<ReserveResponse>(&peers, "fundcore.account.v1.AccountService/Reserve", request, Duration::Seconds(2), executor,
//                             [](absl::Status status, std::unique_ptr<ReserveResponse> response) { ... });
//
// A tool: status = BlockingCall(**channel, "fundcore.trade.v1.TradeService/GetOrder", request, &response,
//                               Duration::Seconds(5), "fundctl");
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/handlers.h"
#include "common/rpc/peers.h"
#include "common/rpc/wire.h"
#include "common/types/ids.h"

namespace fundcore::rpc {

// Paths of PEM files. Both sides prove who they are: the certificate's first subject alternative name, or its common
// name where it has none, is the caller's name.
struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string ca;  // signs the certificates of the other side
};

// A connection to a server; shared, thread-safe, reconnects by itself. Made by Connect or RpcServer::InProcessChannel.
class Channel;

struct ChannelOptions {
  std::optional<TlsFiles> tls;                   // unset: plain, which servers offer on loopback only
  size_t max_message_bytes = kMaxMessageBytes;  // both directions
};

// Does not wait for the connection: a server that is away shows as kUnavailable at each call. Errors: an address without
// a port, unreadable TLS files.
absl::StatusOr<std::shared_ptr<Channel>> Connect(std::string_view address, const ChannelOptions& options = {});

// What a call carries beside its request.
struct Outgoing {
  Duration deadline = Duration::Seconds(30);
  std::string_view caller;  // who the server sees in-process and on loopback; empty: "local"
  // A sibling passes on a call: whose it is, and whether that one is a sibling's, too. Servers believe it of siblings only,
  // and refuse it from others.
  struct Origin {
    CallerId caller;
    bool internal = false;
  };
  std::optional<Origin> on_behalf_of;
  uint8_t hops = 0;                                         // see Call.hops
  const std::vector<uint16_t>* partitions = nullptr;  // see Call.partitions; ascending. Believed of siblings only
};

// Calls and streams over any channels, answered on gRPC's threads: what GrpcPeers and common/cluster are made of.
//
//   calls.Call(channel, method, request, &response, {.deadline = Duration::Seconds(2)}, [](absl::Status s) { … });
//
// Life cycle: Call from any thread. Close, also by the destructor, cancels what is under way and waits until each `done` has
// returned; it may be repeated. What is begun after that fails with kUnavailable.
class Calls {
 public:
  using Done = Peers::Done;
  Calls();
  ~Calls();
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;
  void Close();

  // `request` is serialised before Call returns; `response` must live until `done` has been called. `done` must not block;
  // it is called within Call where nothing can be sent. Errors beyond those of the server: kResourceExhausted with reason
  // MESSAGE_TOO_LARGE before anything is sent, kUnavailable where the server of this process is stopping.
  void Call(std::shared_ptr<Channel> channel, std::string_view method, const google::protobuf::Message& request,
            google::protobuf::Message* response, const Outgoing& outgoing, Done done);

  // Reads a server stream into `to`, messages and end. `prototype` is of the messages' type. A reader who has gone is noticed
  // at the next message, or when further streams are opened; the server's stream is cancelled then.
  void Stream(std::shared_ptr<Channel> channel, std::string_view method, const google::protobuf::Message& request,
              const google::protobuf::Message* prototype, const Outgoing& outgoing, std::shared_ptr<rpc::Stream> to);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Peers over channels. Life cycle: construct, Route everything, then Call from any thread. The destructor cancels what
// is under way and waits until each `done` has been posted; executors must live longer.
//
// Over an in-process channel calls are marked `internal` by a random token of this process; elsewhere the TLS identity
// says who calls. A method without a route completes with kUnavailable, because a missing peer is trouble and no refusal.
class GrpcPeers : public Peers {
 public:
  // `self` is the caller's name that servers see in-process and on loopback.
  explicit GrpcPeers(CallerId self);
  ~GrpcPeers() override;
  GrpcPeers(const GrpcPeers&) = delete;
  GrpcPeers& operator=(const GrpcPeers&) = delete;

  // Methods that begin with `prefix` ("fundcore.account.v1.") go to this channel; the longest prefix wins. Before Call.
  void Route(std::string_view prefix, std::shared_ptr<Channel> channel);

  // Errors beyond those of the peer: kResourceExhausted with reason MESSAGE_TOO_LARGE before anything is sent.
  void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
            Duration deadline, Executor* executor, Done done) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One unary call; blocks. For tools and tests, never inside the core. `caller` may be empty. The reasons and retry hints
// of the server are kept in the status; where the server cannot be reached, the message says where and what to check.
absl::Status BlockingCall(Channel& channel, std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message* response, Duration deadline, std::string_view caller = {});

// Reads a server stream into `message`, one after the other, until it ends, `on_message` returns false (then OK), or the
// deadline. Blocks.
absl::Status ReadStream(Channel& channel, std::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* message, const std::function<bool()>& on_message, Duration deadline,
                        std::string_view caller = {});

}  // namespace fundcore::rpc
