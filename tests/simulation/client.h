// Client: calls from outside the system, as apps and operators make them, over a network of its own that loses, delays
// and doubles messages as the run says. Unlike Simulated::Call it drives nothing: answers come while the world runs,
// and calls go on across crashes of the system, whose answers they lose.
//
//   Client client(&system, seed);
//   client.Ask<SubmitOrderResponse>("fundcore.trade.v1.TradeService/SubmitOrder", request, "investor-app", deadline,
//                                   [](const absl::Status& s, const SubmitOrderResponse& r) { … });
//
// One thread, that of the world. The callback runs exactly once, with kDeadlineExceeded where nothing came in time.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "common/rpc/direct.h"
#include "tests/simulation/plan.h"
#include "tools/dayrun/simulated.h"

namespace fundcore::simulation {

class Client {
 public:
  // `system` outlives it; the executor is one of the system's world, never killed.
  Client(dayrun::Simulated* system, uint64_t seed);

  // From now on; the chances are those of common/rpc/direct.h.
  void SetFaults(const rpc::Faults& faults) { faults_ = faults; }
  SimExecutor* executor() { return executor_; }

  template <class Resp, class F>
  void Ask(std::string_view method, const google::protobuf::Message& request, std::string_view caller,
           Duration deadline, F done) {
    auto response = std::make_shared<Resp>();
    Send(method, request, response, caller, deadline,
         [response, done = std::move(done)](const absl::Status& s) mutable { done(s, *response); });
  }

 private:
  void Send(std::string_view method, const google::protobuf::Message& request,
            std::shared_ptr<google::protobuf::Message> response, std::string_view caller, Duration deadline,
            std::function<void(const absl::Status&)> done);

  dayrun::Simulated* const system_;
  SimExecutor* const executor_;
  SeededRandom random_;
  rpc::Faults faults_;
};

// A status after which the same call is to be made again: nothing is known, or nothing was done yet.
bool IsTrouble(const absl::Status& status);

}  // namespace fundcore::simulation
