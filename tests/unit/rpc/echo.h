// The test service: echoes, refuses on request, parks replies until the test lets them go, and streams.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/handlers.h"
#include "fundcore/test/echo.pb.h"

namespace fundcore::rpc {

inline constexpr char kEcho[] = "fundcore.test.EchoService/Echo";
inline constexpr char kCount[] = "fundcore.test.EchoService/Count";

class Echo {
 public:
  Echo() {
    handlers.Unary<test::EchoRequest, test::EchoResponse>(
        kEcho, [this](const Call& call, const test::EchoRequest& request, test::EchoResponse* response, Reply reply) {
          ++calls;
          response->set_text(request.text());
          response->set_number(request.number());
          response->set_caller(call.caller.str());
          response->set_internal(call.internal);
          response->set_deadline_us(call.deadline.raw());
          if (request.text() == "refuse") {
            return reply(ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NOT_ENOUGH_CASH",
                                         "余额不足: need 5, have 3",
                                         {{"need", "5"}, {"have", "3"}}));
          }
          if (request.text() == "grow") response->set_text(std::string(static_cast<size_t>(request.number()), 'x'));
          if (request.text() == "forget") return;
          if (request.text() == "park") {
            std::lock_guard lock(mutex_);
            parked_.push_back(std::move(reply));
            changed_.notify_all();
            return;
          }
          reply(absl::OkStatus());
        });
    handlers.ServerStream<test::EchoRequest, test::EchoResponse>(
        kCount, [this](const Call&, const test::EchoRequest& request, std::shared_ptr<Stream> stream) {
          test::EchoResponse message;
          for (int64_t i = 0; i < request.number(); ++i) {
            message.set_number(i);
            if (!stream->Send(message)) break;
          }
          if (request.text() == "refuse") {
            return stream->Finish(ErrorWithReason(absl::StatusCode::kNotFound, "NO_ORDER", "no order 7"));
          }
          if (request.text() == "park") {
            std::lock_guard lock(mutex_);
            streams_.push_back(std::move(stream));
            changed_.notify_all();
            return;
          }
          if (request.text() != "forget") stream->Finish(absl::OkStatus());
        });
  }

  // Blocks until so many replies (or streams) are parked, then hands them over.
  std::vector<Reply> TakeParked(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return parked_.size() >= count; });
    return std::exchange(parked_, {});
  }
  std::vector<std::shared_ptr<Stream>> TakeStreams(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return streams_.size() >= count; });
    return std::exchange(streams_, {});
  }

  Handlers handlers;
  std::atomic<int> calls{0};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Reply> parked_;
  std::vector<std::shared_ptr<Stream>> streams_;
};

inline test::EchoRequest Request(std::string text, int64_t number = 0) {
  test::EchoRequest request;
  request.set_text(std::move(text));
  request.set_number(number);
  return request;
}

}  // namespace fundcore::rpc
