// What RpcServer costs over the bare gRPC callback API: the same unary echo, the same callback client, over loopback.
//
//   rpc_bench [seconds per figure]
//
// Prints JSON lines; `reference` is the bare echo at the same number of callers. "raw" registers a typed method exactly
// as generated code does and answers inside the handler.
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_callback.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/service_type.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/rpc/server.h"
#include "fundcore/test/echo.pb.h"

namespace fundcore::rpc {
namespace {

using Clock = std::chrono::steady_clock;
using test::EchoRequest;
using test::EchoResponse;

constexpr char kMethod[] = "fundcore.test.EchoService/Echo";
constexpr char kPath[] = "/fundcore.test.EchoService/Echo";

class RawEcho final : public grpc::Service {
 public:
  RawEcho() {
    AddMethod(new grpc::internal::RpcServiceMethod(kPath, grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodCallback(0, new grpc::internal::CallbackUnaryHandler<EchoRequest, EchoResponse>(
                              [](grpc::CallbackServerContext* context, const EchoRequest* request, EchoResponse* response) {
                                response->set_text(request->text());
                                response->set_number(request->number());
                                auto* reactor = context->DefaultReactor();
                                reactor->Finish(grpc::Status::OK);
                                return reactor;
                              }));
  }
};

// `callers` calls under way all the time, each started by the end of the one before.
class Load {
 public:
  Load(const std::string& address, int callers)
      : channel_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        method_(kPath, grpc::internal::RpcMethod::NORMAL_RPC),
        slots_(callers) {
    request_.set_text(std::string(40, 'x'));
    request_.set_number(42);
  }

  // Calls per second; latencies of all calls into *micros, sorted.
  double Run(double seconds, std::vector<int64_t>* micros) {
    const auto start = Clock::now();
    end_ = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    running_ = static_cast<int>(slots_.size());
    for (Slot& slot : slots_) {
      slot.micros.clear();
      Next(&slot);
    }
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return running_ == 0; });
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    micros->clear();
    for (const Slot& slot : slots_) micros->insert(micros->end(), slot.micros.begin(), slot.micros.end());
    std::sort(micros->begin(), micros->end());
    return static_cast<double>(micros->size()) / took;
  }

 private:
  struct Slot {
    std::unique_ptr<grpc::ClientContext> context;
    EchoResponse response;
    Clock::time_point began;
    std::vector<int64_t> micros;
  };

  void Next(Slot* slot) {
    slot->context = std::make_unique<grpc::ClientContext>();
    slot->context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    slot->began = Clock::now();
    grpc::internal::CallbackUnaryCall<EchoRequest, EchoResponse>(
        channel_.get(), method_, slot->context.get(), &request_, &slot->response, [this, slot](const grpc::Status& status) {
          FC_CHECK(status.ok() && slot->response.number() == 42, "call failed: ", status.error_message());
          const auto now = Clock::now();
          slot->micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(now - slot->began).count());
          if (now < end_) return Next(slot);
          std::lock_guard lock(mutex_);
          if (--running_ == 0) done_.notify_all();
        });
  }

  std::shared_ptr<grpc::Channel> channel_;
  grpc::internal::RpcMethod method_;
  EchoRequest request_;
  Clock::time_point end_;
  std::vector<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable done_;
  int running_ = 0;
};

struct Figures {
  double rate = 0;
  int64_t p50 = 0, p99 = 0;
};

Figures Measure(const std::string& address, int callers, double seconds) {
  Load load(address, callers);
  std::vector<int64_t> micros;
  load.Run(seconds / 4, &micros);  // connections and caches
  Figures f;
  f.rate = load.Run(seconds, &micros);
  f.p50 = micros[micros.size() / 2];
  f.p99 = micros[micros.size() * 99 / 100];
  return f;
}

int Main(double seconds) {
  RawEcho raw;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&raw);
  auto raw_server = builder.BuildAndStart();

  Handlers handlers;
  handlers.Unary<EchoRequest, EchoResponse>(
      kMethod, [](const Call&, const EchoRequest& request, EchoResponse* response, Reply reply) {
        response->set_text(request.text());
        response->set_number(request.number());
        reply(absl::OkStatus());
      });
  auto server = RpcServer::Start(&handlers);
  FC_CHECK(server.ok(), server.status().message());

  for (int callers : {1, 64, 256}) {
    // Two rounds, alternating, so that a drift of the machine falls on both; the better one of each counts.
    Figures bare, ours;
    for (int round = 0; round < 2; ++round) {
      const Figures a = Measure(StrCat("127.0.0.1:", port), callers, seconds);
      const Figures b = Measure((*server)->addresses().front(), callers, seconds);
      if (a.rate > bare.rate) bare = a;
      if (b.rate > ours.rate) ours = b;
    }
    std::printf(
        "{\"name\":\"rpc_echo_%d\",\"value\":%.0f,\"unit\":\"calls/s\",\"reference\":\"raw grpc callback echo\","
        "\"reference_value\":%.0f,\"ratio\":%.3f,\"p50_us\":%lld,\"p99_us\":%lld,\"reference_p50_us\":%lld,"
        "\"reference_p99_us\":%lld}\n",
        callers, ours.rate, bare.rate, ours.rate / bare.rate, static_cast<long long>(ours.p50),
        static_cast<long long>(ours.p99), static_cast<long long>(bare.p50), static_cast<long long>(bare.p99));
    std::fflush(stdout);
  }
  raw_server->Shutdown();
  return 0;
}

}  // namespace
}  // namespace fundcore::rpc

int main(int argc, char** argv) { return fundcore::rpc::Main(argc > 1 ? std::atof(argv[1]) : 2.0); }
