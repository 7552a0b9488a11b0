// See client.h.
#include "tests/simulation/client.h"

#include <google/protobuf/message.h>

#include "common/base/check.h"
#include "common/rpc/wire.h"

namespace fundcore::simulation {
namespace {

// One call as its maker sees it.
struct Pending {
  std::string method;
  CallerId caller;
  Duration deadline;
  std::shared_ptr<google::protobuf::Message> response;
  std::function<void(const absl::Status&)> done;

  void End(const absl::Status& status) {
    if (done) std::exchange(done, nullptr)(status);
  }
};

void Deliver(dayrun::Simulated* system, SimExecutor* network, const std::shared_ptr<Pending>& call,
             const std::string& bytes, Duration back, bool lose_reply) {
  rpc::Call context;
  context.caller = call->caller;
  context.deadline = call->deadline;
  system->Deliver(call->method, context, bytes, [network, call, back, lose_reply](absl::Status status, std::string reply) {
    if (lose_reply) return;
    network->PostAfter(back, [call, status = std::move(status), reply = std::move(reply)] {
      if (!call->done) return;
      if (status.ok()) FC_CHECK(call->response->ParseFromString(reply), "reply of ", call->method);
      call->End(status);
    });
  });
}

}  // namespace

bool IsTrouble(const absl::Status& s) {
  return absl::IsUnavailable(s) || absl::IsDeadlineExceeded(s) || absl::IsResourceExhausted(s) || absl::IsAborted(s);
}

Client::Client(dayrun::Simulated* system, uint64_t seed)
    : system_(system), executor_(system->world().MakeExecutor("clients")), random_(RandomFor(seed, Stream::kClients)) {}

void Client::Send(std::string_view method, const google::protobuf::Message& request,
                  std::shared_ptr<google::protobuf::Message> response, std::string_view caller, Duration deadline,
                  std::function<void(const absl::Status&)> done) {
  auto call = std::make_shared<Pending>(
      Pending{std::string(method), CallerId(caller), deadline, std::move(response), std::move(done)});
  const auto chance = [&](int of_10000) { return static_cast<int>(random_.Below(10'000)) < of_10000; };
  const auto delay = [&] {
    return Duration::Micros(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(faults_.max_delay.raw()) + 1)));
  };
  // As many draws a call whatever is on, so that leaving a fault out shifts nothing.
  const bool lose = chance(faults_.drop_request), lose_reply = chance(faults_.drop_reply),
             twice = chance(faults_.duplicate);
  const Duration there = delay(), back = delay(), there_again = there + delay(), back_again = delay();
  auto bytes = std::make_shared<const std::string>(rpc::DeterministicBytes(request));
  executor_->PostAfter(deadline, [call] {
    call->End(absl::DeadlineExceededError(StrCat(call->method, ": no answer in time; the effect is unknown")));
  });
  const auto send = [&](Duration after, Duration back, bool lost) {
    executor_->PostAfter(after, [system = system_, network = executor_, call, bytes, back, lost] {
      Deliver(system, network, call, *bytes, back, lost);
    });
  };
  if (!lose) send(there, back, lose_reply);
  if (twice) send(there_again, back_again, lose_reply);
}

}  // namespace fundcore::simulation
