// RpcServer, channels and GrpcPeers over real loopback sockets and in-process channels.
#include "common/rpc/server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/codegen/sync_stream.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/channels.h"
#include "common/runtime/threads.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "tests/unit/rpc/echo.h"

namespace fundcore::rpc {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using test::EchoResponse;

constexpr Duration kLong = Duration::Seconds(20);

class ServerTest : public testing::Test {
 protected:
  void StartServer(ServerOptions options = {}) {
    auto started = RpcServer::Start(&echo_.handlers, options);
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    channel_ = *Connect(server_->addresses().front());
  }
  absl::Status CallEcho(const test::EchoRequest& request, EchoResponse* response, Duration deadline = kLong) {
    return BlockingCall(*channel_, kEcho, request, response, deadline, "tester");
  }
  uint64_t Counted(std::string_view method, absl::StatusCode code) {
    for (const MethodStats& m : server_->Stats().methods) {
      if (m.method == method) return m.by_code[static_cast<size_t>(code)];
    }
    return 0;
  }

  Echo echo_;
  std::unique_ptr<RpcServer> server_;
  std::shared_ptr<Channel> channel_;
};

TEST_F(ServerTest, UnaryCallCarriesMessageCallerAndDeadline) {
  StartServer();
  EchoResponse response;
  ASSERT_TRUE(CallEcho(Request("你好", 42), &response).ok());
  EXPECT_EQ(response.text(), "你好");
  EXPECT_EQ(response.number(), 42);
  EXPECT_EQ(response.caller(), "tester");
  EXPECT_FALSE(response.internal());
  EXPECT_GT(response.deadline_us(), kLong.raw() / 2);
  EXPECT_LE(response.deadline_us(), kLong.raw() * 101 / 100) << "gRPC rounds timeouts up on the wire";
  EXPECT_EQ(Counted(kEcho, absl::StatusCode::kOk), 1);
}

TEST_F(ServerTest, DeadlineIsCappedAndCallerDefaultsToLocal) {
  StartServer({.max_deadline = Duration::Seconds(3)});
  EchoResponse response;
  ASSERT_TRUE(BlockingCall(*channel_, kEcho, Request("x"), &response, Duration::Seconds(60)).ok());
  EXPECT_EQ(response.deadline_us(), Duration::Seconds(3).raw());
  EXPECT_EQ(response.caller(), "local");
}

TEST_F(ServerTest, ReasonsAndRetryHintsSurviveTheWire) {
  StartServer();
  EchoResponse response;
  const absl::Status status = CallEcho(Request("refuse"), &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "余额不足: need 5, have 3");
  EXPECT_EQ(ReasonOf(status), "NOT_ENOUGH_CASH");
  EXPECT_EQ(ReasonOf(absl::NotFoundError("plain")), "");
  EXPECT_EQ(RetryDelayOf(TryAgainLater("busy", Duration::Millis(1'250))), Duration::Millis(1'250));
  EXPECT_EQ(RetryDelayOf(status), Duration());
}

TEST_F(ServerTest, MessagesBeyondTheLimitAreRefusedWithSizeAndRemedy) {
  StartServer({.max_message_bytes = 1'000});
  channel_ = *Connect(server_->addresses().front(), {.max_message_bytes = 1 << 20});
  EchoResponse response;
  absl::Status status = CallEcho(Request(std::string(1'500, 'x')), &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "MESSAGE_TOO_LARGE");
  EXPECT_THAT(std::string(status.message()), HasSubstr("1000"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("split the batch"));

  status = CallEcho(Request(std::string(100'000, 'x')), &response);  // gRPC's own limit: not even read
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;

  status = CallEcho(Request("grow", 5'000), &response);
  EXPECT_EQ(ReasonOf(status), "MESSAGE_TOO_LARGE") << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the reply of fundcore.test.EchoService/Echo"));

  channel_ = *Connect(server_->addresses().front(), {.max_message_bytes = 1'000});
  EXPECT_EQ(ReasonOf(CallEcho(Request(std::string(1'500, 'x')), &response)), "MESSAGE_TOO_LARGE") << "checked before sending";
  EXPECT_EQ(echo_.calls, 1);
}

TEST_F(ServerTest, LargeMessagesBelowTheLimitPass) {
  StartServer();
  EchoResponse response;
  const std::string big(15 << 20, 'x');
  ASSERT_TRUE(CallEcho(Request(big), &response).ok());
  EXPECT_EQ(response.text(), big);
}

TEST_F(ServerTest, LongErrorsAreCutRatherThanLost) {
  StartServer();
  Handlers& handlers = echo_.handlers;
  const absl::Status huge = ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD", std::string(20'000, 'm'),
                                            {{"key", std::string(20'000, 'v')}});
  handlers.Unary<test::EchoRequest, EchoResponse>(
      "fundcore.test.Other/Huge", [&](const Call&, const test::EchoRequest&, EchoResponse*, Reply reply) { reply(huge); });
  auto other = RpcServer::Start(&handlers);
  ASSERT_TRUE(other.ok());
  EchoResponse response;
  const absl::Status status =
      BlockingCall(**Connect((*other)->addresses().front()), "fundcore.test.Other/Huge", Request("x"), &response, kLong);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(ReasonOf(status), "BAD");
  EXPECT_LT(status.message().size(), 2'000);
}

TEST_F(ServerTest, DeadlinePassesWhileTheHandlerWaitsAndItsLateReplyHurtsNobody) {
  StartServer();
  EchoResponse response;
  const absl::Status status = CallEcho(Request("park"), &response, Duration::Millis(50));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("effect is unknown"));
  auto replies = echo_.TakeParked(1);
  EXPECT_EQ(server_->Stats().calls_under_way, 1) << "the work is still there, so it still counts";
  replies[0](absl::OkStatus());
}

TEST_F(ServerTest, ReplyThatIsDroppedAnswersThatNobodyKnows) {
  StartServer();
  EchoResponse response;
  const absl::Status status = BlockingCall(*channel_, kEcho, Request("forget"), &response, kLong);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("ended without an answer"));
}

TEST_F(ServerTest, UnknownMethodNamesTheServicesThereAre) {
  StartServer();
  EchoResponse response;
  const absl::Status status = BlockingCall(*channel_, "fundcore.test.EchoService/Nope", Request("x"), &response, kLong);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("fundcore.test.EchoService/Nope"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("grpc.health.v1.Health"));
  EXPECT_EQ(server_->Stats().unknown_method, 1);
}

TEST_F(ServerTest, MalformedRequestIsRefused) {
  StartServer();
  // Field 2 of EchoRequest is a number; a nested message there is skipped, but broken UTF-8 in field 1 is not.
  grpc::health::v1::HealthCheckResponse wrong;
  wrong.GetReflection()->MutableUnknownFields(&wrong)->AddLengthDelimited(1, "\xff\xfe");
  EchoResponse response;
  const absl::Status status = BlockingCall(*channel_, kEcho, wrong, &response, kLong);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "MALFORMED_MESSAGE");
}

TEST_F(ServerTest, CallsBeyondTheBoundAreSentAwayWithADelayAndNothingIsDropped) {
  StartServer({.max_calls = 3, .busy_retry_delay = Duration::Millis(70)});
  EchoResponse responses[3];
  std::vector<std::future<absl::Status>> waiting;
  for (EchoResponse& r : responses) {
    waiting.push_back(std::async(std::launch::async, [&] { return CallEcho(Request("park"), &r); }));
  }
  auto replies = echo_.TakeParked(3);
  EchoResponse response;
  const absl::Status refused = CallEcho(Request("x"), &response);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(RetryDelayOf(refused), Duration::Millis(70));
  EXPECT_EQ(echo_.calls, 3);
  EXPECT_EQ(server_->Stats().refused_busy, 1);

  grpc::health::v1::HealthCheckResponse health;
  const grpc::health::v1::HealthCheckRequest probe;
  EXPECT_TRUE(BlockingCall(*channel_, "grpc.health.v1.Health/Check", probe, &health, kLong).ok());
  for (Reply& reply : replies) reply(absl::OkStatus());
  for (auto& w : waiting) EXPECT_TRUE(w.get().ok());
}

TEST_F(ServerTest, StreamsDeliverInOrderAndEndWithTheirStatus) {
  StartServer();
  EchoResponse message;
  std::vector<int64_t> got;
  const auto collect = [&] { return got.push_back(message.number()), true; };
  ASSERT_TRUE(ReadStream(*channel_, kCount, Request("", 500), &message, collect, kLong).ok());
  ASSERT_EQ(got.size(), 500);
  for (int64_t i = 0; i < 500; ++i) EXPECT_EQ(got[i], i);

  EXPECT_EQ(ReasonOf(ReadStream(*channel_, kCount, Request("refuse", 2), &message, collect, kLong)), "NO_ORDER");
  EXPECT_EQ(got.size(), 502);
  EXPECT_EQ(ReadStream(*channel_, kCount, Request("forget", 1), &message, collect, kLong).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, ReaderThatLeavesIsSeenAndSlowReaderIsCutOff) {
  StartServer();
  EchoResponse message;
  ASSERT_TRUE(ReadStream(*channel_, kCount, Request("park", 1), &message, [] { return false; }, kLong).ok());
  auto streams = echo_.TakeStreams(1);
  while (!streams[0]->cancelled()) std::this_thread::yield();
  EXPECT_FALSE(streams[0]->Send(message));

  // 1 KiB each: the connection's window takes some, the queue a thousand, then the stream is over. The reader keeps a
  // beginning without gaps.
  int64_t next = 0;
  std::promise<void> first, overrun;
  auto reading = std::async(std::launch::async, [&] {
    return ReadStream(*channel_, kCount, Request("park", 1), &message,
                      [&] {
                        EXPECT_EQ(message.number(), next++);
                        if (next == 1) {
                          first.set_value();
                          overrun.get_future().wait();
                        }
                        return true;
                      },
                      kLong);
  });
  first.get_future().wait();
  auto slow = echo_.TakeStreams(1);
  EchoResponse item;
  item.set_text(std::string(1'024, 'x'));
  int64_t sent = 1;
  for (item.set_number(sent); slow[0]->Send(item); item.set_number(sent)) ++sent;
  overrun.set_value();
  const absl::Status end = reading.get();
  EXPECT_EQ(end.code(), absl::StatusCode::kResourceExhausted) << end;
  EXPECT_THAT(std::string(end.message()), HasSubstr("messages behind"));
  EXPECT_GE(sent, 1'000);
  EXPECT_LE(next, sent);
}

TEST_F(ServerTest, StreamsHaveABoundOfTheirOwn) {
  StartServer({.max_streams = 1});
  EchoResponse message;
  auto reading = std::async(std::launch::async, [&] {
    return ReadStream(*channel_, kCount, Request("park", 1), &message, [] { return true; }, kLong);
  });
  auto streams = echo_.TakeStreams(1);
  EchoResponse other;
  const absl::Status refused = ReadStream(*channel_, kCount, Request("", 1), &other, [] { return true; }, kLong);
  EXPECT_EQ(RetryDelayOf(refused), Duration::Millis(100)) << refused;
  streams[0]->Finish(absl::OkStatus());
  EXPECT_TRUE(reading.get().ok());
}

TEST_F(ServerTest, PortInUseIsRefusedWithItsName) {
  StartServer();
  const std::string address = server_->addresses().front();
  auto second = RpcServer::Start(&echo_.handlers, {.listen = {address}});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(absl::StrCat(address, " is in use")));
  server_.reset();
  EXPECT_TRUE(RpcServer::Start(&echo_.handlers, {.listen = {address}}).ok()) << "free again after a stop";
}

TEST_F(ServerTest, BadAddressesAreRefusedWithARemedy) {
  for (const char* bad : {"", "7000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:http", ":7000"}) {
    EXPECT_EQ(RpcServer::Start(&echo_.handlers, {.listen = {bad}}).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  for (const char* open : {"0.0.0.0:0", "[::]:0"}) {
    const absl::Status status = RpcServer::Start(&echo_.handlers, {.listen = {open}}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << open;
    EXPECT_THAT(std::string(status.message()), HasSubstr("without TLS"));
  }
  EXPECT_EQ(Connect("localhost").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RpcServer::Start(&echo_.handlers, {.max_calls = 0}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, UnreachableServerSaysWhere) {
  StartServer();
  const std::string address = server_->addresses().front();
  server_.reset();
  EchoResponse response;
  const absl::Status status = BlockingCall(**Connect(address), kEcho, Request("x"), &response, kLong);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("cannot reach ", address)));
}

TEST_F(ServerTest, HealthByService) {
  StartServer();
  server_->SetServing("fundcore.test.EchoService", false);
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  const auto check = [&](const char* service) {
    request.set_service(service);
    return BlockingCall(*channel_, "grpc.health.v1.Health/Check", request, &response, kLong);
  };
  ASSERT_TRUE(check("").ok());
  EXPECT_EQ(response.status(), response.SERVING);
  ASSERT_TRUE(check("fundcore.test.EchoService").ok());
  EXPECT_EQ(response.status(), response.NOT_SERVING);
  EXPECT_EQ(check("nobody").code(), absl::StatusCode::kNotFound);

  std::vector<int> seen;
  request.set_service("fundcore.test.EchoService");
  ASSERT_TRUE(ReadStream(*channel_, "grpc.health.v1.Health/Watch", request, &response,
                         [&] {
                           seen.push_back(response.status());
                           if (seen.size() == 1) server_->SetServing("fundcore.test.EchoService", true);
                           return seen.size() < 2;
                         },
                         kLong)
                  .ok());
  EXPECT_THAT(seen, testing::ElementsAre(response.NOT_SERVING, response.SERVING));
}

// A client that is not ours, as grpcurl is.
class RawReflection {
 public:
  RawReflection(const std::string& address, const std::string& version)
      : channel_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        path_(absl::StrCat("/grpc.reflection.", version, ".ServerReflection/ServerReflectionInfo")),
        method_(path_.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING),
        stream_(grpc::internal::ClientReaderWriterFactory<Request, Response>::Create(channel_.get(), method_, &context_)) {}
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
  Response Ask(const Request& request) {
    Response response;
    EXPECT_TRUE(stream_->Write(request) && stream_->Read(&response));
    return response;
  }
  grpc::Status Finish() {
    stream_->WritesDone();
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::shared_ptr<grpc::Channel> channel_;
  std::string path_;
  grpc::internal::RpcMethod method_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream_;
};

TEST_F(ServerTest, ReflectionListsAndDescribes) {
  StartServer();
  for (const char* version : {"v1", "v1alpha"}) {
    RawReflection reflection(server_->addresses().front(), version);
    RawReflection::Request request;
    request.set_list_services("*");
    std::set<std::string> names;
    const auto list = reflection.Ask(request);
    for (const auto& s : list.list_services_response().service()) names.insert(s.name());
    EXPECT_THAT(names, testing::ElementsAre("fundcore.test.EchoService", "grpc.health.v1.Health",
                                            "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"));
    for (const std::string& name : names) {
      request.set_file_containing_symbol(name);
      EXPECT_GE(reflection.Ask(request).file_descriptor_response().file_descriptor_proto_size(), 1) << name;
    }
    request.set_file_containing_symbol("fundcore.test.EchoService.Echo");
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(reflection.Ask(request).file_descriptor_response().file_descriptor_proto(0)));
    EXPECT_EQ(file.name(), "fundcore/test/echo.proto");
    EXPECT_EQ(file.service(0).method(1).name(), "Count");
    EXPECT_TRUE(file.service(0).method(1).server_streaming());
    request.set_file_by_filename("google/rpc/status.proto");
    EXPECT_EQ(reflection.Ask(request).file_descriptor_response().file_descriptor_proto_size(), 2) << "with its import";
    request.set_file_by_filename("nowhere.proto");
    EXPECT_EQ(reflection.Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
    request.clear_message_request();
    EXPECT_EQ(reflection.Ask(request).error_response().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_TRUE(reflection.Finish().ok());
  }
}

TEST_F(ServerTest, DetailsAreReadableByOtherClients) {
  StartServer();
  auto channel = grpc::CreateChannel(server_->addresses().front(), grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  EchoResponse response;
  const std::string path = absl::StrCat("/", kEcho);
  const grpc::Status status = grpc::internal::BlockingUnaryCall<test::EchoRequest, EchoResponse>(
      channel.get(), grpc::internal::RpcMethod(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC), &context,
      Request("refuse"), &response);
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(details.message(), status.error_message());
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
}

TEST_F(ServerTest, GracefulStopLetsCallsFinishAndTellsStreams) {
  StartServer();
  EchoResponse response, message;
  auto call = std::async(std::launch::async, [&] { return CallEcho(Request("park"), &response); });
  auto watch = std::async(std::launch::async, [&] {
    return ReadStream(*channel_, kCount, Request("park", 1), &message, [] { return true; }, kLong);
  });
  auto replies = echo_.TakeParked(1);
  auto streams = echo_.TakeStreams(1);
  auto stop = std::async(std::launch::async, [&] { server_->Stop(kLong); });
  const absl::Status end = watch.get();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(end.message()), HasSubstr("stopping"));
  replies[0](absl::OkStatus());
  EXPECT_TRUE(call.get().ok());
  stop.get();
  EXPECT_FALSE(CallEcho(Request("x"), &response).ok());
}

TEST_F(ServerTest, StopCancelsWhatTakesTooLong) {
  StartServer();
  EchoResponse response;
  auto call = std::async(std::launch::async, [&] { return CallEcho(Request("park"), &response); });
  auto replies = echo_.TakeParked(1);
  server_->Stop(Duration::Millis(20));
  EXPECT_FALSE(call.get().ok());
  server_.reset();
  replies[0](absl::OkStatus());  // later than the server
}

TEST_F(ServerTest, PeersInProcessAreInternalAndAnswerOnTheExecutor) {
  StartServer();
  SteeredClock clock{TimePoint()};
  ThreadExecutor executor("test", &clock);
  GrpcPeers peers(CallerId("fundcore/trade"));
  peers.Route("fundcore.", channel_);
  peers.Route("fundcore.test.", server_->InProcessChannel());
  std::promise<std::pair<absl::Status, EchoResponse>> got;
  CallPeer<EchoResponse>(&peers, kEcho, Request("hello"), kLong, &executor,
                         [&](absl::Status status, std::unique_ptr<EchoResponse> response) {
                           EXPECT_TRUE(executor.IsCurrent());
                           got.set_value({status, *response});
                         });
  const auto [status, response] = got.get_future().get();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(response.caller(), "fundcore/trade");
  EXPECT_TRUE(response.internal());

  std::promise<absl::Status> lost;
  CallPeer<EchoResponse>(&peers, "elsewhere.Service/Method", Request("x"), kLong, &executor,
                         [&](absl::Status s, std::unique_ptr<EchoResponse>) { lost.set_value(s); });
  EXPECT_EQ(lost.get_future().get().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, PeersThatGoAwayEndEveryCallOnce) {
  StartServer();
  SteeredClock clock{TimePoint()};
  ThreadExecutor executor("test", &clock);
  std::atomic<int> ended{0};
  {
    GrpcPeers peers(CallerId("fundcore/trade"));
    peers.Route("fundcore.test.", server_->InProcessChannel());
    for (int i = 0; i < 20; ++i) {
      CallPeer<EchoResponse>(&peers, kEcho, Request("park"), kLong, &executor, [&](absl::Status status, auto) {
        EXPECT_FALSE(status.ok());
        ++ended;
      });
    }
  }
  executor.Stop();
  EXPECT_EQ(ended, 20);
}

// Workers go on calling their siblings until their executors stop, which is after the server has.
TEST_F(ServerTest, CallsInsideTheProcessEndWhileTheServerStops) {
  StartServer();
  SteeredClock clock{TimePoint()};
  ThreadExecutor executor("test", &clock);
  GrpcPeers peers(CallerId("fundcore/trade"));
  peers.Route("fundcore.test.", server_->InProcessChannel());
  std::promise<void> parked;
  CallPeer<EchoResponse>(&peers, kEcho, Request("park"), kLong, &executor, [&](absl::Status, auto) { parked.set_value(); });

  std::atomic<bool> stopped{false};
  std::thread stopping([&] {
    server_->Stop(Duration::Millis(300));
    stopped = true;
  });
  // The shutdown lasts as long as the parked call; calls are begun all through it.
  absl::StatusCode last = absl::StatusCode::kOk;
  while (!stopped || last == absl::StatusCode::kOk) {
    std::promise<absl::Status> got;
    CallPeer<EchoResponse>(&peers, kEcho, Request("hello"), kLong, &executor, [&](absl::Status status, auto) { got.set_value(status); });
    last = got.get_future().get().code();
  }
  EXPECT_EQ(last, absl::StatusCode::kUnavailable);
  stopping.join();
  parked.get_future().wait();
}

}  // namespace
}  // namespace fundcore::rpc
