// DirectPeers and DirectStream in virtual time: faults are drawn from the seed and nothing else.
#include "common/rpc/direct.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/wire.h"
#include "common/runtime/simulated.h"
#include "tests/unit/rpc/echo.h"

namespace fundcore::rpc {
namespace {

using test::EchoRequest;
using test::EchoResponse;

constexpr Duration kDeadline = Duration::Seconds(2);
constexpr char kPrefix[] = "fundcore.test.";

struct World {
  explicit World(Faults faults) : peers(faults, CallerId("fundcore/trade"), network) { peers.Route(kPrefix, &echo.handlers); }
  void Call(EchoRequest request, const char* method = kEcho) {
    const int64_t n = request.number();
    CallPeer<EchoResponse>(&peers, method, request, kDeadline, caller,
                           [this, n](absl::Status status, std::unique_ptr<EchoResponse> response) {
                             absl::StrAppend(&history, world.MachineNow().raw(), ":", n, ":", status.raw_code(), ":",
                                             response->number(), " ");
                             last = status;
                             reply = *response;
                             ++ended;
                           });
  }
  Echo echo;
  SimWorld world{{.seed = 5}};
  SimExecutor* caller = world.MakeExecutor("caller");
  SimExecutor* network = world.MakeExecutor("network");
  DirectPeers peers;
  std::string history;
  absl::Status last = absl::UnknownError("not ended");
  EchoResponse reply;
  int ended = 0;
};

TEST(DirectPeers, CallsTheHandlerWithACopyAndReturnsACopy) {
  World w({.min_delay = Duration::Millis(3), .max_delay = Duration::Millis(3)});
  w.Call(Request("hello", 7));
  EXPECT_EQ(w.echo.calls, 0) << "never inside Call";
  w.world.RunUntilIdle();
  ASSERT_TRUE(w.last.ok()) << w.last;
  EXPECT_EQ(w.reply.number(), 7);
  EXPECT_EQ(w.reply.caller(), "fundcore/trade");
  EXPECT_TRUE(w.reply.internal());
  EXPECT_EQ(w.history, "6000:7:0:7 ") << "3 ms each way";
}

TEST(DirectPeers, ReasonsComeThroughAndUnknownMethodsAreUnimplemented) {
  World w({});
  w.Call(Request("refuse"));
  w.world.RunUntilIdle();
  EXPECT_EQ(ReasonOf(w.last), "NOT_ENOUGH_CASH");
  w.Call(Request("x"), "fundcore.test.EchoService/Nope");
  w.world.RunUntilIdle();
  EXPECT_EQ(w.last.code(), absl::StatusCode::kUnimplemented);
  w.Call(Request("x"), kCount);
  w.world.RunUntilIdle();
  EXPECT_EQ(w.last.code(), absl::StatusCode::kUnimplemented) << "a stream is no unary method";
  w.Call(Request("x"), "elsewhere.Service/Method");
  w.world.RunUntilIdle();
  EXPECT_EQ(w.last.code(), absl::StatusCode::kUnavailable);
  w.Call(Request(std::string(kMaxMessageBytes + 1, 'x')));
  w.world.RunUntilIdle();
  EXPECT_EQ(ReasonOf(w.last), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(w.ended, 5);
}

TEST(DirectPeers, LostRequestLostReplyAndForgottenReplyEndAtTheDeadline) {
  for (const Faults& faults : {Faults{.drop_request = 10'000}, Faults{.drop_reply = 10'000}, Faults{}}) {
    World w(faults);
    w.Call(Request("forget"));
    w.world.RunUntilIdle();
    EXPECT_EQ(w.last.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(w.echo.calls, faults.drop_request ? 0 : 1);
    EXPECT_EQ(w.ended, 1);
  }
}

TEST(DirectPeers, DuplicatesReachTheHandlerTwiceAndTheCallerOnce) {
  World w({.duplicate = 10'000, .max_delay = Duration::Millis(50)});
  for (int i = 0; i < 100; ++i) w.Call(Request("x", i));
  w.world.RunUntilIdle();
  EXPECT_EQ(w.echo.calls, 200);
  EXPECT_EQ(w.ended, 100);
}

TEST(DirectPeers, LateReplyAfterTheDeadlineIsIgnored) {
  World w({});
  w.Call(Request("park", 1));
  w.world.RunUntilIdle();
  EXPECT_EQ(w.last.code(), absl::StatusCode::kDeadlineExceeded);
  w.echo.TakeParked(1)[0](absl::OkStatus());
  w.world.RunUntilIdle();
  EXPECT_EQ(w.ended, 1);
}

TEST(DirectPeers, DownAndRestartedPeersLoseTheirReplies) {
  World w({});
  w.peers.SetDown(kPrefix, true);
  w.Call(Request("x"));
  w.world.RunUntilIdle();
  EXPECT_EQ(w.last.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(w.echo.calls, 0);

  w.peers.SetDown(kPrefix, false);
  w.Call(Request("park"));
  w.world.RunUntil([&] { return w.echo.calls == 1; });
  w.peers.Route(kPrefix, &w.echo.handlers);
  w.echo.TakeParked(1)[0](absl::OkStatus());
  w.world.RunUntilIdle();
  EXPECT_EQ(w.last.code(), absl::StatusCode::kUnavailable) << "a reply of its former life";
  w.Call(Request("x"));
  w.world.RunUntilIdle();
  EXPECT_TRUE(w.last.ok());
}

TEST(DirectPeers, RequestOfACrashedCallerStillArrives) {
  World w({.min_delay = Duration::Millis(5), .max_delay = Duration::Millis(5)});
  w.Call(Request("x"));
  w.world.Kill(w.caller);
  w.world.RunUntilIdle();
  EXPECT_EQ(w.echo.calls, 1);
  EXPECT_EQ(w.ended, 0);
}

TEST(DirectPeers, SameSeedSameHistory) {
  const auto run = [](uint64_t seed) {
    World w({.seed = seed, .drop_request = 500, .drop_reply = 500, .duplicate = 1'000, .max_delay = Duration::Millis(30)});
    for (int i = 0; i < 500; ++i) w.Call(Request("x", i));
    w.world.RunUntilIdle();
    EXPECT_EQ(w.ended, 500);
    EXPECT_THAT(w.history, testing::HasSubstr(":4:0 ")) << "some ran into their deadline";
    EXPECT_GT(w.echo.calls, 500);
    return w.history;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(DirectPeers, HealingStopsTheFaults) {
  World w({.drop_request = 10'000});
  w.peers.SetFaults({});
  w.Call(Request("x"));
  w.world.RunUntilIdle();
  EXPECT_TRUE(w.last.ok());
}

TEST(DirectStream, DeliversInOrderEndsAndCancels) {
  World w({});
  std::vector<int64_t> got;
  absl::Status end = absl::UnknownError("open");
  const auto open = [&](EchoRequest request) {
    return DirectStream::Open(
        w.echo.handlers, kCount, request, Call{}, w.caller,
        [&](const google::protobuf::Message& m) { got.push_back(static_cast<const EchoResponse&>(m).number()); },
        [&](absl::Status s) { end = s; });
  };
  ASSERT_TRUE(open(Request("refuse", 3)).ok());
  w.world.RunUntilIdle();
  EXPECT_THAT(got, testing::ElementsAre(0, 1, 2));
  EXPECT_EQ(ReasonOf(end), "NO_ORDER");

  got.clear();
  end = absl::UnknownError("open");
  auto stream = *open(Request("park", 2));
  stream->Cancel();
  w.world.RunUntilIdle();
  EXPECT_TRUE(got.empty());
  EXPECT_FALSE(w.echo.TakeStreams(1)[0]->Send(EchoResponse()));
  EXPECT_EQ(end.message(), "open");

  ASSERT_TRUE(open(Request("", 2'000)).ok());
  w.world.RunUntilIdle();
  EXPECT_EQ(got.size(), 1'000) << "as many as may wait";
  EXPECT_EQ(end.code(), absl::StatusCode::kResourceExhausted);

  EXPECT_EQ(DirectStream::Open(w.echo.handlers, kEcho, Request("x"), Call{}, w.caller, nullptr, nullptr).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace fundcore::rpc
