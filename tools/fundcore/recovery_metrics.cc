// See recovery_metrics.h.
#include "tools/fundcore/recovery_metrics.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "fundcore/trade/v1/trade.pb.h"

namespace fundcore {
namespace {

namespace v1 = trade::v1;
using SteadyClock = std::chrono::steady_clock;
constexpr char kMethod[] = "fundcore.trade.v1.TradeOps/RecoveryStatus";

// The last answer. Readers come from the metrics' own threads, answers from an executor.
class Figures {
 public:
  explicit Figures(const rpc::Handlers* handlers) : handlers_(handlers) {}

  v1::RecoveryStatusResponse Get() {
    std::lock_guard one_reader(reader_);
    if (SteadyClock::now() - asked_ > std::chrono::seconds(2)) Ask();
    return last_;
  }

 private:
  // Outlives a reader that has lost patience: the answer may still come.
  struct Question {
    v1::RecoveryStatusRequest request;
    v1::RecoveryStatusResponse response;
    std::mutex mu;
    std::condition_variable answered;
    bool done = false, good = false;
  };

  void Ask() {
    asked_ = SteadyClock::now();
    const rpc::Handlers::Method* method = handlers_->Find(kMethod);
    if (!method) return;
    auto question = std::make_shared<Question>();
    rpc::Call call;
    call.caller = CallerId("fundcore/metrics");
    call.internal = true;
    method->unary(call, question->request, &question->response, [question](absl::Status status) {
      std::lock_guard lock(question->mu);
      question->done = true;
      question->good = status.ok();
      question->answered.notify_all();
    });
    std::unique_lock lock(question->mu);
    question->answered.wait_for(lock, std::chrono::seconds(1), [&] { return question->done; });
    if (question->good) last_ = question->response;
  }

  const rpc::Handlers* const handlers_;
  std::mutex reader_;
  SteadyClock::time_point asked_{};
  v1::RecoveryStatusResponse last_;
};

// WAITS_FOR_CUT_OFF is "cut_off".
std::string WordOf(v1::WaitsFor w) {
  std::string word = v1::WaitsFor_Name(w).substr(sizeof("WAITS_FOR_") - 1);
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  return word;
}

}  // namespace

void PublishRecovery(Metrics* metrics, const rpc::Handlers* handlers) {
  auto figures = std::make_shared<Figures>(handlers);
  for (int w = v1::WAITS_FOR_PRODUCT; w <= v1::WAITS_FOR_SECOND_PROOF; ++w) {
    const std::string word = WordOf(static_cast<v1::WaitsFor>(w));
    const int index = w - v1::WAITS_FOR_PRODUCT;
    metrics->AddComputed("fundcore_orders_waiting", "Orders that are not final, by what they wait for.", {{"for", word}},
                         [figures, index] {
                           const v1::RecoveryStatusResponse r = figures->Get();
                           return index < r.waiting_size() ? static_cast<double>(r.waiting(index).orders()) : 0.0;
                         });
    metrics->AddComputed("fundcore_oldest_order_seconds", "Time since receipt of the oldest of them.", {{"for", word}},
                         [figures, index] {
                           const v1::RecoveryStatusResponse r = figures->Get();
                           if (index >= r.waiting_size() || r.waiting(index).oldest_order() == 0) return 0.0;
                           const int64_t age = r.now_us() - r.waiting(index).oldest_received_at_us();
                           return static_cast<double>(std::max<int64_t>(0, age)) / 1e6;
                         });
  }
  int peer = 0;
  for (const char* name : {"account", "risk"}) {
    const auto add = [&](const char* metric, const char* help, MetricLabels labels, auto value) {
      labels.emplace_back("peer", name);
      metrics->AddComputed(metric, help, std::move(labels), [figures, peer, value] {
        const v1::RecoveryStatusResponse r = figures->Get();
        return peer < r.peers_size() ? static_cast<double>(value(r.peers(peer))) : 0.0;
      });
    };
    add("fundcore_retries_total", "Orders that the peer was asked about again, since start.", {},
        [](const v1::PeerHealth& p) { return p.retried_items(); });
    add("fundcore_retries_last_minute", "Orders that the peer was asked about again in the last minute.", {},
        [](const v1::PeerHealth& p) { return p.retried_last_minute(); });
    add("fundcore_peer_answers", "Share of the executors to which the peer answers: 0 is down for all.", {},
        [](const v1::PeerHealth& p) {
          return p.lanes() == 0 ? 1.0 : 1.0 - static_cast<double>(p.lanes_closed()) / p.lanes();
        });
    add("fundcore_peer_limited", "Executors that hold the peer to the recovery rate now.", {},
        [](const v1::PeerHealth& p) { return p.lanes_limited(); });
    const char* calls = "fundcore_peer_calls_total";
    const char* help = "Calls to the peer by what became of them, since start.";
    add(calls, help, {{"outcome", "answered"}}, [](const v1::PeerHealth& p) {
      return p.calls() - p.unavailable() - p.deadline() - p.busy() - p.malformed() - p.error();
    });
    add(calls, help, {{"outcome", "unavailable"}}, [](const v1::PeerHealth& p) { return p.unavailable(); });
    add(calls, help, {{"outcome", "deadline"}}, [](const v1::PeerHealth& p) { return p.deadline(); });
    add(calls, help, {{"outcome", "busy"}}, [](const v1::PeerHealth& p) { return p.busy(); });
    add(calls, help, {{"outcome", "malformed"}}, [](const v1::PeerHealth& p) { return p.malformed(); });
    add(calls, help, {{"outcome", "error"}}, [](const v1::PeerHealth& p) { return p.error(); });
    ++peer;
  }
}

}  // namespace fundcore
