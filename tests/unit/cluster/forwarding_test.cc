// Calls that reach the wrong process: passed on in the caller's name, once, whole or not at all.
#include "tests/unit/cluster/processes.h"

namespace fundcore::cluster {
namespace {

using ::testing::HasSubstr;

TEST_F(ProcessesTest, WhoeverIsAskedTheOwnerAnswersUnderTheCallersName) {
  for (Process* at : {&alpha_, &beta_, &gamma_}) {
    for (uint16_t p : {0, 3, 4, 7}) {
      tv1::GetOrderResponse response;
      ASSERT_EQ(Ask(*at, kGet, Get(p), &response, "branch-7"), absl::OkStatus()) << at->name << " " << p;
      EXPECT_EQ(response.order().ta_account(), p < 4 ? "alpha" : "beta");
      EXPECT_EQ(response.order().request_id(), "branch-7");
      EXPECT_EQ(response.order().message(), "outside");
      EXPECT_EQ(response.order().order_id(), Order(p));
    }
  }
}

TEST_F(ProcessesTest, ANumberOfNobodysIsRefusedByWhoeverPlaysTheService) {
  tv1::GetOrderRequest request;
  request.set_order_id(Order(77));
  tv1::GetOrderResponse response;
  for (Process* at : {&alpha_, &gamma_})
    EXPECT_EQ(rpc::ReasonOf(Ask(*at, kGet, request, &response)), "ORDER_NOT_FOUND") << at->name;
}

TEST_F(ProcessesTest, ABatchIsTakenApartAndAnsweredInOrder) {
  const auto request = Batch(1'000);
  for (Process* at : {&alpha_, &gamma_}) {
    tv1::SubmitOrdersResponse response;
    ASSERT_EQ(Ask(*at, kSubmit, request, &response, "app"), absl::OkStatus());
    ASSERT_EQ(response.outcomes_size(), 1'000);
    for (int i = 0; i < 1'000; ++i) {
      EXPECT_EQ(response.outcomes(i).order_id(), request.orders(i).investor_id());
      EXPECT_EQ(response.outcomes(i).reason(), i * 5 % kPartitions < 4 ? "alpha" : "beta");
      EXPECT_EQ(response.outcomes(i).message(), "app");
    }
  }
  EXPECT_EQ(alpha_.calls, 2);
  EXPECT_EQ(beta_.calls, 2);
}

TEST_F(ProcessesTest, WhatIsServedHereIsNeverCopied) {
  const auto handler = alpha_.forwarding->handlers()->Find(kSubmit)->unary;
  tv1::SubmitOrdersRequest here, both = Batch(8);
  here.add_orders()->set_investor_id(Investor(2));
  tv1::SubmitOrdersResponse response;
  const auto call = [&](const tv1::SubmitOrdersRequest& q) {
    response.Clear();
    std::mutex mutex;
    std::condition_variable ended;
    bool done = false;
    handler(rpc::Call{}, q, &response, [&](absl::Status s) {
      EXPECT_TRUE(s.ok()) << s;
      std::lock_guard lock(mutex);
      done = true;
      ended.notify_all();
    });
    std::unique_lock lock(mutex);
    ended.wait(lock, [&] { return done; });
  };
  call(here);
  EXPECT_EQ(alpha_.last_request, &here) << "a batch of one owner goes on as it is";
  call(both);
  EXPECT_NE(alpha_.last_request, &both);
  EXPECT_EQ(alpha_.last_order, &both.orders(0)) << "a part borrows its items";
  ASSERT_EQ(response.outcomes_size(), 8);
  EXPECT_EQ(both.orders_size(), 8);
  EXPECT_EQ(both.orders(7).investor_id(), Investor(35 % kPartitions, 8));
  alpha_.Own({0, 1, 2, 3, 4, 5, 6, 7});
  call(both);
  EXPECT_EQ(alpha_.last_request, &both) << "a whole service here: nothing to take apart";
}

TEST_F(ProcessesTest, NoCallGoesAroundInCircles) {
  // Each holds the other to be the owner.
  alpha_.Own({0, 1, 2});
  beta_.Own({4, 5, 6, 7});
  alpha_.directory.Correct(Trade(3), beta_.address, 9);
  beta_.directory.Correct(Trade(3), alpha_.address, 9);
  tv1::GetOrderResponse response;
  const absl::Status status = Ask(alpha_, kGet, Get(3), &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ReasonOf(status), "NOT_OWNER");
  const auto hint = rpc::ReadNotOwner(status);
  ASSERT_TRUE(hint);
  EXPECT_EQ(hint->service, "trade");
  EXPECT_EQ(hint->partition, 3);
  EXPECT_EQ(hint->owner, alpha_.address);
  EXPECT_EQ(alpha_.calls + beta_.calls, 0);
}

TEST_F(ProcessesTest, AStaleHintIsCorrectedByTheAnswer) {
  // Partition 5 moves from beta to alpha; gamma has not heard, beta has.
  alpha_.Own({0, 1, 2, 3, 5});
  beta_.Own({4, 6, 7});
  alpha_.Announce({&alpha_.directory, &beta_.directory}, 2);
  tv1::GetOrderResponse response;
  const absl::Status first = Ask(gamma_, kGet, Get(5), &response);
  EXPECT_EQ(rpc::ReasonOf(first), "NOT_OWNER") << first;
  EXPECT_THAT(std::string(first.message()), HasSubstr(alpha_.address));
  ASSERT_EQ(Ask(gamma_, kGet, Get(5), &response), absl::OkStatus());
  EXPECT_EQ(response.order().ta_account(), "alpha");
}

TEST_F(ProcessesTest, AQuestionAboutAllIsAnsweredByAllOrNotAtAll) {
  tv1::DayCountsResponse response;
  for (Process* at : {&alpha_, &beta_, &gamma_}) {
    ASSERT_EQ(Ask(*at, kCounts, tv1::DayCountsRequest(), &response, "operator"), absl::OkStatus());
    EXPECT_EQ(response.total(), 8u);
    EXPECT_EQ(response.sealed(), 28u) << "each partition counted once";
  }
  EXPECT_EQ(Ask(gamma_, kCounts, tv1::DayCountsRequest(), &response, "app").code(), absl::StatusCode::kPermissionDenied)
      << "who may not ask the owner may not ask through others";

  // beta loses one without anybody having heard of it.
  beta_.Own({4, 5, 6});
  absl::Status status = Ask(alpha_, kCounts, tv1::DayCountsRequest(), &response, "operator");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ReasonOf(status), "NOT_OWNER");
  status = Ask(alpha_, kCounts, tv1::DayCountsRequest(), &response, "operator");
  EXPECT_EQ(rpc::ReasonOf(status), "NO_OWNER") << "and from then on nobody is asked in vain";
}

TEST_F(ProcessesTest, AnOwnerThatIsGoneFailsItsPartAlone) {
  beta_.server->Stop(Duration());
  tv1::DayCountsResponse counts;
  absl::Status status = Ask(alpha_, kCounts, tv1::DayCountsRequest(), &counts, "operator");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ReasonOf(status), "OWNER_UNREACHABLE") << status;
  // Until it speaks again nobody waits for it.
  EXPECT_EQ(rpc::ReasonOf(Ask(alpha_, kCounts, tv1::DayCountsRequest(), &counts, "operator")), "NO_OWNER");

  Announce(1);
  tv1::SubmitOrdersResponse response;
  ASSERT_EQ(Ask(alpha_, kSubmit, Batch(8), &response), absl::OkStatus());
  for (int i = 0; i < 8; ++i) {
    const bool served = i * 5 % kPartitions < 4;
    EXPECT_EQ(response.outcomes(i).reason(), served ? "alpha" : "OUTCOME_UNKNOWN");
    EXPECT_EQ(response.outcomes(i).code(), served ? 0 : static_cast<int>(absl::StatusCode::kDeadlineExceeded));
  }
  // All of it at the one that is gone: the call itself fails.
  Announce(1);
  tv1::SubmitOrdersRequest one;
  one.add_orders()->set_investor_id(Investor(5));
  EXPECT_EQ(rpc::ReasonOf(Ask(alpha_, kSubmit, one, &response)), "OWNER_UNREACHABLE");
}

TEST_F(ProcessesTest, AHandlerThatLetsGoOfItsReplyLeavesNobodyWaiting) {
  alpha_.drop_replies = true;
  tv1::SubmitOrdersResponse response;
  ASSERT_EQ(Ask(alpha_, kSubmit, Batch(8), &response), absl::OkStatus());
  EXPECT_EQ(response.outcomes(0).reason(), "OUTCOME_UNKNOWN");
  EXPECT_EQ(response.outcomes(1).reason(), "beta");
}

TEST_F(ProcessesTest, StreamsArePassedOnWithTheirEnd) {
  tv1::WatchOrderRequest request;
  request.set_order_id(Order(6));
  auto channel = rpc::Connect(gamma_.address);
  tv1::Order order;
  int messages = 0;
  const absl::Status status = rpc::ReadStream(
      **channel, kWatch, request, &order,
      [&] {
        EXPECT_EQ(order.ta_account(), "beta");
        EXPECT_EQ(order.request_id(), "app");
        if (++messages == 3) {
          beta_.TakeStream()->Finish(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "GONE", "it is over"));
        }
        return true;
      },
      kLong, "app");
  EXPECT_EQ(messages, 3);
  EXPECT_EQ(rpc::ReasonOf(status), "GONE");

  // A reader who leaves is noticed at the owner at its next word.
  messages = 0;
  ASSERT_EQ(rpc::ReadStream(**channel, kWatch, request, &order, [&] { return ++messages < 3; }, kLong, "app"),
            absl::OkStatus());
  const auto stream = beta_.TakeStream();
  while (stream->Send(order)) {
  }
  EXPECT_TRUE(stream->cancelled());

  request.set_order_id(Order(6));
  beta_.Own({});
  EXPECT_EQ(rpc::ReasonOf(rpc::ReadStream(**channel, kWatch, request, &order, [] { return true; }, kLong, "app")), "NOT_OWNER");
}

TEST_F(ProcessesTest, OnlySiblingsSpeakForOthers) {
  rpc::Calls calls;
  auto channel = *rpc::Connect(beta_.address);
  tv1::GetOrderResponse response;
  const auto call = [&](const rpc::Outgoing& outgoing) {
    std::mutex mutex;
    std::condition_variable ended;
    std::optional<absl::Status> result;
    response.Clear();
    calls.Call(channel, kGet, Get(5), &response, outgoing, [&](absl::Status s) {
      std::lock_guard lock(mutex);
      result = std::move(s);
      ended.notify_all();
    });
    std::unique_lock lock(mutex);
    ended.wait(lock, [&] { return result.has_value(); });
    return *result;
  };
  const std::vector<uint16_t> list = {5};
  const rpc::Outgoing::Origin origin{CallerId("B\xc3\xb6rse \x01"), false};  // any bytes may be a name
  EXPECT_EQ(rpc::ReasonOf(call({.caller = "app", .on_behalf_of = origin})), "NOT_A_SIBLING");
  EXPECT_EQ(rpc::ReasonOf(call({.caller = "app", .partitions = &list})), "NOT_A_SIBLING");
  EXPECT_EQ(beta_.calls, 0);
  EXPECT_EQ(call({.caller = "app", .hops = 1}), absl::OkStatus()) << "anybody may ask not to be passed on";
  EXPECT_EQ(response.order().message(), "outside");
  EXPECT_EQ(call({.caller = "fundcore", .on_behalf_of = origin, .hops = 1}), absl::OkStatus());
  EXPECT_EQ(response.order().request_id(), "B\xc3\xb6rse \x01");
  EXPECT_EQ(response.order().message(), "outside");
  EXPECT_EQ(call({.caller = "fundcore", .hops = 1}), absl::OkStatus());
  EXPECT_EQ(response.order().message(), "internal");
}

TEST(Partitions, ListsTravelAsRanges) {
  EXPECT_EQ(rpc::FormatPartitions({0, 1, 2, 3, 7, 9, 10}), "0-3,7,9-10");
  EXPECT_EQ(rpc::ParsePartitions("0-3,7,9-10"), (std::vector<uint16_t>{0, 1, 2, 3, 7, 9, 10}));
  for (const char* bad : {"3,2", "5-4", "1,", "x", "1-", "-1", "1000", "0,0", "1 ,2", "99999999999"})
    EXPECT_FALSE(rpc::ParsePartitions(bad)) << bad;
  rpc::Call call;
  EXPECT_EQ(rpc::AskedPartitions(call, 3)->size(), 3u);
  call.partitions = std::vector<uint16_t>{2, 3};
  EXPECT_FALSE(rpc::AskedPartitions(call, 3).ok());
  call.partitions = std::vector<uint16_t>();
  EXPECT_FALSE(rpc::AskedPartitions(call, 3).ok());
}

}  // namespace
}  // namespace fundcore::cluster
