// RpcServer: serves a table of Handlers over gRPC, with health, reflection, limits and a graceful stop.
//
//   Handlers handlers;                       // filled by the services, must outlive the server
//   auto server = RpcServer::Start(&handlers, {.listen = {"127.0.0.1:7000"}});
//   if (!server.ok()) return server.status();          // "127.0.0.1:7000 is in use by another program; ..."
//   (*server)->SetServing("fundcore.trade.v1.TradeService", true);
//   ...
//   (*server)->Stop(Duration::Seconds(10));
//
// Life cycle: Start → serving → Stop (also by the destructor). Handlers must not change after Start. All methods may be
// called from any thread; handlers are called on gRPC's threads and must not block there.
//
// Who calls (Call.caller): with TLS the client certificate's first subject alternative name, else its common name; on a
// plain loopback connection the metadata "fundcore-caller", else "local"; for this process (InProcessChannel) the name
// that the channel's user gives, marked internal.
//
// Siblings, the other processes of this system, are internal, too: with TLS those whose certificate's name is listed, on a
// plain loopback connection whoever calls itself "fundcore". They may name partitions and pass on the calls of others; the
// handler then sees the one on whose behalf it is. From anybody else that is refused.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/channels.h"
#include "common/rpc/handlers.h"
#include "common/rpc/wire.h"
#include "common/time/time.h"

namespace fundcore::rpc {

struct ServerOptions {
  // host:port; port 0 takes any free one (see addresses()). Empty: in-process only. An address that is not loopback is
  // refused without TLS.
  std::vector<std::string> listen = {"127.0.0.1:0"};
  // With it every address demands a client certificate signed by `tls->ca`.
  std::optional<TlsFiles> tls;
  // Names in the certificates of the other processes of this system. Without TLS not needed.
  std::vector<std::string> siblings;
  // Both directions. Requests up to twice this size are answered with a reason; gRPC itself refuses longer ones unread.
  size_t max_message_bytes = kMaxMessageBytes;
  // Unary calls under way, and separately open streams. Beyond it callers get RESOURCE_EXHAUSTED with RetryInfo and
  // nothing is done. Health and reflection are not counted, so that a busy server still answers its probes.
  int max_calls = 4096;
  int max_streams = 4096;
  // The longest that a handler is told it may take; "no deadline" becomes this. Streams are not capped.
  Duration max_deadline = Duration::Seconds(30);
  Duration busy_retry_delay = Duration::Millis(100);
  Duration stop_patience = Duration::Seconds(10);  // for the destructor
  bool reflection = true;
};

struct MethodStats {
  std::string method;                       // "package.Service/Method"
  std::array<uint64_t, 17> by_code{};       // ended calls by gRPC status code
};

struct ServerStats {
  std::vector<MethodStats> methods;  // by name; health included
  uint64_t unknown_method = 0;
  uint64_t refused_busy = 0;         // also counted under their method
  int calls_under_way = 0;
  int streams_open = 0;
};

class RpcServer {
 public:
  // Listens and serves. Everything is SERVING at first but the services that the owner sets otherwise. Errors:
  //   kInvalidArgument     an address that cannot be understood, a limit out of range, a TLS file that is no PEM
  //   kFailedPrecondition  an address that is not loopback, without TLS
  //   kAlreadyExists       an address in use (SO_REUSEPORT is off: two servers never share one silently)
  //   kNotFound            a TLS file that cannot be read
  //   kUnavailable         anything else that keeps the system from listening there
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const Handlers* handlers, ServerOptions options = {});
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // Where it listens, in the order of ServerOptions.listen, with the real port.
  const std::vector<std::string>& addresses() const;

  // For siblings in this process. Works until Stop; may be called often.
  std::shared_ptr<Channel> InProcessChannel();

  // What grpc.health.v1 says of a service; "" is the server as a whole. Watchers hear of a change at once.
  void SetServing(std::string_view service, bool serving);

  ServerStats Stats() const;

  // Health turns NOT_SERVING, streams end with UNAVAILABLE, nothing new is accepted, and calls under way get until
  // `patience` has passed; then they are cancelled. Returns when none is left on the wire. A handler that has still not
  // replied may do so later, to nobody. Safe to call twice.
  void Stop(Duration patience);

 private:
  struct Impl;
  explicit RpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fundcore::rpc
