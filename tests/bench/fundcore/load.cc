// Order streams.
#include "tests/bench/fundcore/load.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/runtime/clock.h"
#include "common/runtime/random.h"
#include "fundcore/trade/v1/trade.pb.h"

namespace fundcore::bench {
namespace {

using Clock = std::chrono::steady_clock;

int64_t MicrosSince(Clock::time_point t) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - t).count();
}

}  // namespace

Load::Load(const Options& options) : options_(options) {
  if (options.data.empty()) {
    temporary_.emplace();
    folder_ = temporary_->path();
  } else {
    std::filesystem::create_directories(options.data);
    folder_ = options.data;
  }
  run_ = static_cast<uint64_t>(MonotonicMicros());
}

void Load::Start() {
  server_ = std::make_unique<testing::ServerProcess>(testing::ServerProcessOptions{
      .program = testing::ProgramBeside("fundcore"),
      .data = data(),
      .flags = {"--clock=steered", "--clock-start=2025-03-03 10:00", StrCat("--partitions=", options_.partitions), "--bank-generous"}});
  absl::Status s = server_->Start();
  FC_CHECK(s.ok(), s.ToString());
  StartAt(server_->address());
}

void Load::StartAt(const std::string& addresses) {
  client_ = std::make_unique<testing::AsyncClient>(addresses);
  testing::AsyncClient op(addresses, "operator");
  std::fprintf(stderr, "making a market of %d investors\n", options_.investors);
  absl::Status s;
  // Partitions that have no owner yet are waited for.
  for (int tries = 0; tries < 100; ++tries) {
    market_ = testing::Market();
    s = testing::MakeMarket(&op, {.investors = options_.investors}, true, &market_);
    if (!absl::IsUnavailable(s)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  FC_CHECK(s.ok(), "market: ", s.ToString());
}

BatchFigures Load::SendBatches(size_t calls, int batch, int in_flight, std::function<void(uint64_t)> progress) {
  struct Slot {
    trade::v1::SubmitOrdersRequest request;
    trade::v1::SubmitOrdersResponse response;
    SeededRandom random{0};
    Clock::time_point began;
    std::vector<int64_t> micros;
    uint64_t accepted = 0, other = 0;
    std::function<void()> next, send;
  };
  std::vector<Slot> slots(static_cast<size_t>(in_flight));
  std::atomic<size_t> begun{0};
  std::atomic<uint64_t> done_orders{0};
  std::mutex mutex;
  std::condition_variable ended;
  int running = in_flight;
  for (size_t n = 0; n < slots.size(); ++n) {
    Slot* s = &slots[n];
    s->random = SeededRandom(run_ + n);
    s->next = [&, s] {
      if (begun++ >= calls) {
        std::lock_guard<std::mutex> lock(mutex);
        if (--running == 0) ended.notify_all();
        return;
      }
      if (s->request.orders_size() != batch) {
        s->request.clear_orders();
        for (int i = 0; i < batch; ++i) s->request.add_orders();
      }
      for (int i = 0; i < batch; ++i) {
        auto* order = s->request.mutable_orders(i);
        // 36 bytes, as a UUID has.
        order->set_request_id(absl::StrFormat("%016x-%08x-%010x", s->random.Next(), static_cast<uint32_t>(run_), s->random.Next() & 0xffffffffff));
        order->set_investor_id(market_.investors[s->random.Next() % market_.investors.size()]);
        order->set_business(22);
        order->set_fund_code(market_.funds[s->random.Next() % market_.funds.size()]);
        order->set_amount_fen(static_cast<int64_t>(1000 + s->random.Next() % 1'000'000));
      }
      s->began = Clock::now();
      s->send();
    };
    s->send = [&, s] {
      client_->Call("fundcore.trade.v1.TradeService/SubmitOrders", s->request, &s->response, [&, s](absl::Status status) {
        if (absl::IsUnavailable(status)) {
          // A server that takes nothing now (a full disk): the same batch again, as a client would, and its wait counts.
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
          return s->send();
        }
        FC_CHECK(status.ok(), "SubmitOrders: ", status.ToString());
        s->micros.push_back(MicrosSince(s->began));
        for (const auto& outcome : s->response.outcomes()) {
          if (outcome.state() == trade::v1::ACCEPTED) {
            ++s->accepted;
          } else if (s->other++ == 0) {
            std::fprintf(stderr, "  not accepted: code %d %s %s state %d\n", outcome.code(), outcome.reason().c_str(),
                         outcome.message().c_str(), static_cast<int>(outcome.state()));
          }
        }
        const uint64_t n = done_orders += static_cast<uint64_t>(batch);
        if (progress && n % 500'000 < static_cast<uint64_t>(batch)) progress(n);
        s->next();
      });
    };
  }
  run_ += 1000;
  for (Slot& s : slots) s.next();
  std::unique_lock<std::mutex> lock(mutex);
  ended.wait(lock, [&] { return running == 0; });
  BatchFigures f;
  std::vector<int64_t> all;
  for (Slot& s : slots) {
    f.accepted += s.accepted;
    f.other += s.other;
    all.insert(all.end(), s.micros.begin(), s.micros.end());
  }
  std::sort(all.begin(), all.end());
  if (!all.empty()) {
    f.p50_us = all[all.size() / 2];
    f.p99_us = all[all.size() * 99 / 100];
  }
  return f;
}

SingleFigures Load::SendSingles(int callers, double seconds, double rate) {
  struct Slot {
    trade::v1::SubmitOrderRequest request;
    trade::v1::SubmitOrderResponse response;
    SeededRandom random{0};
    Clock::time_point began;
    std::vector<int64_t> micros;
    uint64_t other = 0;
    std::function<void()> next;
  };
  std::vector<Slot> slots(static_cast<size_t>(callers));
  std::mutex mutex;
  std::condition_variable ended;
  int running = callers;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  // With a rate, each call has its due time; latency counts from there, so that a slow server cannot hide by slowing us.
  std::vector<Slot*> idle;
  for (size_t n = 0; n < slots.size(); ++n) {
    Slot* s = &slots[n];
    s->random = SeededRandom(run_ + n);
    s->next = [&, s] {
      auto* order = s->request.mutable_order();
      order->set_request_id(absl::StrFormat("%016x-%08x-%010x", s->random.Next(), static_cast<uint32_t>(run_), s->random.Next() & 0xffffffffff));
      order->set_investor_id(market_.investors[s->random.Next() % market_.investors.size()]);
      order->set_business(22);
      order->set_fund_code(market_.funds[s->random.Next() % market_.funds.size()]);
      order->set_amount_fen(static_cast<int64_t>(1000 + s->random.Next() % 1'000'000));
      client_->Call("fundcore.trade.v1.TradeService/SubmitOrder", s->request, &s->response, [&, s](absl::Status status) {
        FC_CHECK(status.ok(), "SubmitOrder: ", status.ToString());
        s->micros.push_back(MicrosSince(s->began));
        if (s->response.outcome().state() != trade::v1::ACCEPTED) ++s->other;
        if (rate <= 0 && Clock::now() < end) {
          s->began = Clock::now();
          return s->next();
        }
        std::lock_guard<std::mutex> lock(mutex);
        if (rate > 0) {
          idle.push_back(s);
        }
        --running;
        ended.notify_all();
      });
    };
  }
  run_ += 1000;
  if (rate <= 0) {
    for (Slot& s : slots) {
      s.began = Clock::now();
      s.next();
    }
  } else {
    std::unique_lock<std::mutex> lock(mutex);
    running = 0;
    for (Slot& s : slots) idle.push_back(&s);
    for (uint64_t n = 0;; ++n) {
      const auto due = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(static_cast<double>(n) / rate));
      if (due >= end) break;
      ended.wait_until(lock, due, [&] { return Clock::now() >= due; });
      ended.wait(lock, [&] { return !idle.empty(); });
      Slot* s = idle.back();
      idle.pop_back();
      ++running;
      s->began = due;
      lock.unlock();
      s->next();
      lock.lock();
    }
  }
  std::unique_lock<std::mutex> lock(mutex);
  ended.wait(lock, [&] { return running == 0; });
  SingleFigures f;
  std::vector<int64_t> all;
  for (Slot& s : slots) {
    f.other += s.other;
    all.insert(all.end(), s.micros.begin(), s.micros.end());
  }
  std::sort(all.begin(), all.end());
  f.rate = static_cast<double>(all.size()) / std::chrono::duration<double>(Clock::now() - start).count();
  f.p50_us = all[all.size() / 2];
  f.p99_us = all[all.size() * 99 / 100];
  return f;
}

uint64_t Load::LogBytes() const {
  uint64_t n = 0;
  for (const auto& e : std::filesystem::directory_iterator(data() + "/log"))
    if (e.is_regular_file()) n += e.file_size();
  return n;
}

double Load::LogScanBytesPerSecond() const {
  const auto began = Clock::now();
  uint64_t n = 0, sum = 0;
  std::vector<char> buffer(4 << 20);
  for (const auto& e : std::filesystem::directory_iterator(data() + "/log")) {
    if (!e.is_regular_file()) continue;
    std::ifstream in(e.path(), std::ios::binary);
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
      for (std::streamsize i = 0; i < in.gcount(); i += 64) sum += static_cast<unsigned char>(buffer[static_cast<size_t>(i)]);
      n += static_cast<uint64_t>(in.gcount());
    }
  }
  FC_CHECK(sum != 1, "reads must not be optimised away");
  return static_cast<double>(n) * 1e6 / static_cast<double>(std::max<int64_t>(1, MicrosSince(began)));
}

}  // namespace fundcore::bench
