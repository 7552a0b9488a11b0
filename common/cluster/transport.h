// Transport: how a call reaches a process by its address. Production: gRPC, over connections that are kept; simulation and
// tests: the handlers of other processes, called directly.
//
//   GrpcTransport transport({.tls = …});
//   transport.SetLocal(server->InProcessChannel());             // once the server listens
//   transport.Call("10.0.0.7:7400", method, request, &response, {.caller = "fundcore"}, done);
//   transport.Call("", …);                                       // this process
//
// Thread-safe. Connections: at most 256 at a time; beyond it all are let go and made anew when needed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "common/rpc/channels.h"

namespace fundcore::cluster {

class Transport {
 public:
  using Done = rpc::Peers::Done;
  virtual ~Transport() = default;

  // See rpc::Calls. An empty address is this process. `done` may be called within Call and on any thread.
  virtual void Call(const std::string& address, std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response, const rpc::Outgoing& outgoing, Done done) = 0;
  virtual void Stream(const std::string& address, std::string_view method, const google::protobuf::Message& request,
                      const google::protobuf::Message* prototype, const rpc::Outgoing& outgoing,
                      std::shared_ptr<rpc::Stream> to) = 0;
};

// Life cycle: Close, also by the destructor, cancels what is under way and waits for its callbacks, which use executors,
// handlers and directories: close it before those go. Later calls fail. Errors beyond those of rpc::Calls: kUnavailable
// for this process before SetLocal, and for an address that cannot be understood.
class GrpcTransport final : public Transport {
 public:
  explicit GrpcTransport(rpc::ChannelOptions options = {}) : options_(std::move(options)) {}
  void SetLocal(std::shared_ptr<rpc::Channel> channel);
  void Close() { calls_.Close(); }

  void Call(const std::string& address, std::string_view method, const google::protobuf::Message& request,
            google::protobuf::Message* response, const rpc::Outgoing& outgoing, Done done) override;
  void Stream(const std::string& address, std::string_view method, const google::protobuf::Message& request,
              const google::protobuf::Message* prototype, const rpc::Outgoing& outgoing,
              std::shared_ptr<rpc::Stream> to) override;

 private:
  absl::StatusOr<std::shared_ptr<rpc::Channel>> ChannelTo(const std::string& address);

  const rpc::ChannelOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<rpc::Channel>> channels_;  // "" is this process
  rpc::Calls calls_;  // last: nothing is under way any more when the rest goes
};

}  // namespace fundcore::cluster
