// The core as this program sees it: calls of its public API, tried again for a while where it cannot be reached.
//
//   Core core("127.0.0.1:7400");
//   absl::Status s = core.Call("fundcore.trade.v1.TradeService/SubmitOrder", request, &response);
//
// kUnavailable means that nothing is known of what became of the call; every call of ours may be repeated.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace portfolio {

class Core {
 public:
  explicit Core(const std::string& address);
  ~Core();
  Core(const Core&) = delete;

  absl::Status Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response);

 private:
  struct Channel;
  std::unique_ptr<Channel> channel_;
};

}  // namespace portfolio
