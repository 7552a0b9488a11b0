// Client: calls a system of several processes as if it were one, for tools, tests and load generators.
//
//   FC_ASSIGN_OR_RETURN(auto client, Client::Connect({"127.0.0.1:7400", "127.0.0.1:7401"}, {.caller = "investor-app"}));
//   status = client->Wait("fundcore.trade.v1.TradeService/SubmitOrders", request, &response, Duration::Seconds(5));
//
// It asks any process for the directory and sends each call to the owner of its partition; batches are taken apart and their
// answers put back in order. Questions about a whole service go to one process, which asks the others. An owner that has
// moved (NOT_OWNER: nothing was done) is tried once more where it is now. An owner that cannot be reached ends the call with
// UNAVAILABLE and reason OWNER_UNREACHABLE: ask again with the same request id; the next try goes by a fresh directory.
// Against a system of one process, which has no directory, it is a plain client.
//
// Thread-safe. The destructor cancels what is under way and waits for it; calls begun from a callback after that fail.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/cluster/directory.h"
#include "common/cluster/layout.h"
#include "common/rpc/channels.h"
#include "google/protobuf/message.h"

namespace fundcore::cluster {

class Client {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;
  struct Options {
    std::string caller;                               // who servers see on loopback; at most 64 bytes
    rpc::ChannelOptions channel;
    Duration patience = Duration::Seconds(5);  // for the first directory
  };

  // Blocks until one of the addresses has given its directory. UNAVAILABLE where none did; INVALID_ARGUMENT for no address or
  // one without a port.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(std::vector<std::string> addresses, Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // `request` and `response` live until `done`, which runs on any thread and must not block. `caller` overrides the options'.
  void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
            Duration deadline, Done done, std::string_view caller = {});
  // The same, waiting.
  absl::Status Wait(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
                    Duration deadline, std::string_view caller = {});
  // Reads a server stream; see rpc::ReadStream.
  absl::Status Read(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* message,
                    const std::function<bool()>& on_message, Duration deadline, std::string_view caller = {});

  // Asks for the directory anew; waits.
  absl::Status Refresh();
  const Directory& directory() const;
  const Layout& layout() const;

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fundcore::cluster
