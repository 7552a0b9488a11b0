// The bare callback client and the raw echo.
#include "tests/support/client.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_callback.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/service_type.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <vector>

#include "common/base/check.h"
#include "fundcore/trade/v1/trade.pb.h"

namespace fundcore::testing {
namespace {

using google::protobuf::Message;
using Clock = std::chrono::steady_clock;

}  // namespace

struct AsyncClient::Impl {
  std::string caller;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<std::pair<std::string, grpc::internal::RpcMethod>>, std::less<>> methods;

  grpc::internal::RpcMethod& Method(std::string_view method) {
    std::lock_guard<std::mutex> lock(mutex);
    auto it = methods.find(method);
    if (it == methods.end()) {
      auto* path = new std::string("/" + std::string(method));  // RpcMethod keeps the pointer
      it = methods
               .emplace(std::string(method),
                        std::unique_ptr<std::pair<std::string, grpc::internal::RpcMethod>>(
                            new std::pair<std::string, grpc::internal::RpcMethod>(
                                *path, grpc::internal::RpcMethod(path->c_str(), grpc::internal::RpcMethod::NORMAL_RPC))))
               .first;
    }
    return it->second->second;
  }
};

AsyncClient::AsyncClient(const std::string& address, const std::string& caller, int channels) : impl_(new Impl) {
  impl_->caller = caller;
  for (int i = 0; i < channels; ++i) {
    grpc::ChannelArguments args;
    args.SetInt("grpc.use_local_subchannel_pool", 1);
    args.SetMaxReceiveMessageSize(64 << 20);
    args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
    args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    const bool several = address.find(',') != std::string::npos;
    if (several) args.SetLoadBalancingPolicyName("round_robin");
    impl_->channels.push_back(
        grpc::CreateCustomChannel(several ? "ipv4:" + address : address, grpc::InsecureChannelCredentials(), args));
  }
}

AsyncClient::~AsyncClient() = default;

void AsyncClient::Call(std::string_view method, const Message& request, Message* response,
                       std::function<void(absl::Status)> done, int deadline_seconds) {
  auto* context = new grpc::ClientContext;
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(deadline_seconds));
  context->AddMetadata("fundcore-caller", impl_->caller);
  auto& channel = impl_->channels[impl_->next++ % impl_->channels.size()];
  grpc::internal::CallbackUnaryCall<Message, Message, google::protobuf::MessageLite, google::protobuf::MessageLite>(
      channel.get(), impl_->Method(method), context, &request, response,
      [context, done = std::move(done)](const grpc::Status& s) {
        absl::Status status =
            s.ok() ? absl::OkStatus() : absl::Status(static_cast<absl::StatusCode>(s.error_code()), s.error_message());
        // The context holds the channel, and goes first: `done` may wake one that drops the client, and were this the last
        // to hold the channel, gRPC's own thread would take down the queue that it is reading.
        delete context;
        done(std::move(status));
      });
}

absl::Status AsyncClient::Wait(std::string_view method, const Message& request, Message* response, int deadline_seconds) {
  std::promise<absl::Status> promise;
  Call(method, request, response, [&promise](absl::Status s) { promise.set_value(std::move(s)); }, deadline_seconds);
  return promise.get_future().get();
}

void RunMany(size_t count, size_t in_flight, const std::function<void(size_t, std::function<void()>)>& start) {
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    size_t under_way = 0;
  };
  auto state = std::make_shared<State>();
  for (size_t i = 0; i < count; ++i) {
    {
      std::unique_lock<std::mutex> lock(state->mutex);
      state->changed.wait(lock, [&] { return state->under_way < in_flight; });
      ++state->under_way;
    }
    start(i, [state] {
      std::lock_guard<std::mutex> lock(state->mutex);
      --state->under_way;
      state->changed.notify_all();
    });
  }
  std::unique_lock<std::mutex> lock(state->mutex);
  state->changed.wait(lock, [&] { return state->under_way == 0; });
}

EchoFigures MeasureRawEcho(int callers, double seconds) {
  using trade::v1::SubmitOrderRequest;
  using trade::v1::SubmitOrderResponse;
  constexpr char kPath[] = "/fundcore.test.Echo/Echo";
  class RawEcho final : public grpc::Service {
   public:
    explicit RawEcho(const char* path) {
      AddMethod(new grpc::internal::RpcServiceMethod(path, grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
      MarkMethodCallback(0, new grpc::internal::CallbackUnaryHandler<SubmitOrderRequest, SubmitOrderResponse>(
                                [](grpc::CallbackServerContext* context, const SubmitOrderRequest* q, SubmitOrderResponse* r) {
                                  r->mutable_outcome()->set_order_id(q->order().investor_id());
                                  r->mutable_outcome()->set_trade_day(20250303);
                                  auto* reactor = context->DefaultReactor();
                                  reactor->Finish(grpc::Status::OK);
                                  return reactor;
                                }));
    }
  };
  RawEcho echo(kPath);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echo);
  auto server = builder.BuildAndStart();
  AsyncClient client(StrCat("127.0.0.1:", port));
  SubmitOrderRequest request;
  request.mutable_order()->set_request_id("01890a5d-ac96-774b-bcce-b302099a8057");
  request.mutable_order()->set_investor_id(1000000042);
  request.mutable_order()->set_business(22);
  request.mutable_order()->set_fund_code("020001");
  request.mutable_order()->set_amount_fen(1000000);
  struct Slot {
    SubmitOrderResponse response;
    Clock::time_point began;
    std::vector<int64_t> micros;
    std::function<void()> next;
  };
  std::vector<Slot> slots(static_cast<size_t>(callers));
  std::mutex mutex;
  std::condition_variable ended;
  int running = callers;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (Slot& slot : slots) {
    slot.next = [&, s = &slot] {
      s->began = Clock::now();
      client.Call("fundcore.test.Echo/Echo", request, &s->response, [&, s](absl::Status status) {
        FC_CHECK(status.ok(), "echo failed: ", status.ToString());
        const auto now = Clock::now();
        s->micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(now - s->began).count());
        if (now < end) return s->next();
        std::lock_guard<std::mutex> lock(mutex);
        if (--running == 0) ended.notify_all();
      });
    };
  }
  for (Slot& slot : slots) slot.next();
  {
    std::unique_lock<std::mutex> lock(mutex);
    ended.wait(lock, [&] { return running == 0; });
  }
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  std::vector<int64_t> all;
  for (const Slot& s : slots) all.insert(all.end(), s.micros.begin(), s.micros.end());
  std::sort(all.begin(), all.end());
  server->Shutdown();
  return {static_cast<double>(all.size()) / took, all[all.size() / 2], all[all.size() * 99 / 100]};
}

}  // namespace fundcore::testing
