// AsyncClient: gRPC's callback client, bare, for load generators: no executor in between, so that what is measured is the
// server and not the client's own queue.
//
//   AsyncClient client(address);
//   client.Call("fundcore.trade.v1.TradeService/SubmitOrder", request, &response, [](absl::Status s) { … });
//
// Thread-safe; callbacks run on gRPC's threads. `request` may be dropped after Call returns, `response` lives until then.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace fundcore::testing {

class AsyncClient {
 public:
  // `caller` is who the server sees on loopback. Several channels use several connections. Several addresses with commas
  // between them (127.0.0.1:7401,127.0.0.1:7402) are asked in turn, those that are away left out.
  explicit AsyncClient(const std::string& address, const std::string& caller = "investor-app", int channels = 1);
  ~AsyncClient();
  void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
            std::function<void(absl::Status)> done, int deadline_seconds = 60);
  // The same, waiting.
  absl::Status Wait(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
                    int deadline_seconds = 60);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Runs `count` calls with at most `in_flight` under way; `start(i, done)` begins call i. Returns when all are done.
void RunMany(size_t count, size_t in_flight, const std::function<void(size_t, std::function<void()>)>& start);

// Raw gRPC callback echo, server and client in this process over loopback: what the machine can do. Calls a second, with
// `callers` under way for `seconds`, and the same payload size as a single order.
struct EchoFigures {
  double rate = 0;
  int64_t p50_us = 0, p99_us = 0;
};
EchoFigures MeasureRawEcho(int callers, double seconds);

}  // namespace fundcore::testing
