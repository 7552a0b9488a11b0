// The server that a command talks to, and what its answers mean to the one who typed it.
//
//   FC_ASSIGN_OR_RETURN(Remote remote, Remote::Open({.address = "127.0.0.1:7400"}));
//   FC_ASSIGN_OR_RETURN(auto order, remote.Ask<trade::v1::GetOrderResponse>("fundcore.trade.v1.TradeService/GetOrder",
//   request));
//
// Blocking; one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status.h"
#include "common/time/time.h"

namespace google::protobuf {
class Message;
}
namespace fundcore::rpc {
class Channel;
}

namespace fundcore::fundctl {

struct RemoteOptions {
  std::string address = "127.0.0.1:7400";
  std::string tls_certificate, tls_key, tls_ca;  // all or none
  Duration patience = Duration::Seconds(30);     // of one call
};

class Remote {
 public:
  // Errors: an address without a port, unreadable TLS files. Whether the server is there shows at the first call.
  static absl::StatusOr<Remote> Open(const RemoteOptions& options);

  // One call. The status keeps the server's reason (rpc::ReasonOf). `patience` where it is longer than the usual.
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response, Duration patience = {});
  template <class Response>
  absl::StatusOr<Response> Ask(std::string_view method, const google::protobuf::Message& request) {
    Response response;
    FC_RETURN_IF_ERROR(Call(method, request, &response));
    return response;
  }
  // Reads a stream until it ends or `on_message` returns false; waits as long as the server does.
  absl::Status Read(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* message, const std::function<bool()>& on_message);

  const std::string& address() const { return options_.address; }
  Duration patience() const { return options_.patience; }
  const std::shared_ptr<rpc::Channel>& channel() const { return channel_; }

 private:
  RemoteOptions options_;
  std::shared_ptr<rpc::Channel> channel_;
};

// 0 good; 1 the data are not as they should be; 2 wrong use, or a request that the server refuses; 3 cannot reach or
// read.
int ExitCodeOf(const absl::Status& status);
// For people: "fundctl: MESSAGE [REASON]", and when to come back where the server said so. No line end.
std::string Explained(const absl::Status& status);

// Waits for `done` by asking every 50 ms of machine time. kDeadlineExceeded naming `what` after the patience.
absl::Status WaitUntil(std::string_view what, Duration patience, const std::function<absl::StatusOr<bool>()>& done);

}  // namespace fundcore::fundctl
