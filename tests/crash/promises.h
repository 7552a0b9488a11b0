// The client's side of the crash tests: senders that behave as careful apps do, a record of what they were promised, and the
// judge who holds the server to it. Nothing here knows how the server works; the record lives outside of the victim.
//
//   Promises promises(market, seed);
//   Load load(server.address(), &promises);    // its threads send until Finish
//   … kill the server, start it again …
//   load.Finish();                              // until everything ever sent was answered
//   Verdict v = Judge(server.address(), promises);
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/runtime/random.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/support/client.h"
#include "tests/support/market.h"

namespace fundcore::crash {

// One order as its sender sees it.
struct Promise {
  uint64_t investor = 0;
  int64_t amount_fen = 0;
  bool too_small = false;       // below the fund's minimum: to be refused, for that reason alone
  uint64_t order_id = 0;        // 0 until acknowledged, as all that follows
  int32_t trade_day = 0;
  trade::v1::OrderState state = trade::v1::ORDER_STATE_UNSPECIFIED;  // the last one told
  bool cancelled = false;       // acknowledged
  bool cancel_asked = false;    // asked for, whatever was heard
};

// What the senders sent and heard. Thread-safe.
class Promises {
 public:
  Promises(const testing::Market& market, uint64_t seed) : market_(market), random_(seed) {}

  const testing::Market& market() const { return market_; }
  // A new order, recorded before it is sent. None where every investor has sent what risk lets through in a day.
  std::optional<trade::v1::NewOrder> Make();
  // The order of an earlier promise again, as it was sent. False where there is none yet that was acknowledged.
  bool Earlier(trade::v1::NewOrder* order, Promise* promise);
  // An acknowledged, accepted order that nobody asked to cancel; the caller now does. False where there is none.
  bool ToCancel(std::string* request_id, Promise* promise);
  void Cancelled(const std::string& request_id);
  // What the server said of an order; notes contradictions. True where it was an answer: false, send it again. `known` is what
  // was known when it was asked, where others may have heard newer things since: an answer may be read late.
  bool Heard(const trade::v1::NewOrder& order, const trade::v1::OrderOutcome& outcome, const Promise* known = nullptr);
  // A payment that is done.
  void Deposited(uint64_t investor, int64_t fen);
  void NoAnswer(absl::StatusCode code);
  void Violation(std::string what);

  uint64_t Draw(uint64_t below);
  // A copy of everything, for the judge.
  std::map<std::string, Promise> orders() const;
  std::map<uint64_t, int64_t> deposits() const;
  std::vector<std::string> violations() const;
  uint64_t acknowledged() const;
  // "unavailable 12, deadline 3": calls that had no answer and were repeated.
  std::string NoAnswers() const;
  uint64_t repeats = 0, other_content = 0, cancels = 0, payments = 0;  // answered ones; read when the load has ended

 private:
  const testing::Market& market_;
  mutable std::mutex mu_;
  SeededRandom random_;
  std::vector<uint32_t> placed_;       // new orders, by investor
  std::map<std::string, Promise> orders_;
  std::vector<std::string> ids_;       // of acknowledged orders
  std::map<uint64_t, int64_t> deposits_;
  std::map<absl::StatusCode, uint64_t> no_answer_;
  std::vector<std::string> violations_;
  uint64_t acknowledged_ = 0;
};

// Seven clients at work: two with batches, two with single orders, one that cancels, one that repeats earlier orders with the
// same or with other content, one that pays in. About `rate` orders a second; all that the server takes while Hurry(true).
class Load {
 public:
  Load(const std::string& address, Promises* promises, int rate);
  ~Load() { Finish(); }
  void Hurry(bool on) { hurry_ = on; }
  // Stops making new requests, repeats what is open until it is answered, joins the threads.
  void Finish();
  // Stops at once, with requests open: where the server cannot be started any more.
  void Abandon();

 private:
  void Batches();
  void Singles();
  void Cancels();
  void Repeats();
  void Payments();
  // Lets time pass, less when hurried; ends early at Finish.
  void Pause(int64_t micros);
  // One try; no answer in time, or none because of trouble, is counted and is an error.
  absl::Status Send(const char* method, const google::protobuf::Message& request, google::protobuf::Message* response);

  testing::AsyncClient client_;
  Promises* const promises_;
  // A second; a twentieth of `rate` once there are so many that the end of their day would take longer than all the blows.
  int Rate() const { return promises_->acknowledged() < kManyOrders ? rate_ : std::max(1, rate_ / 20); }
  static constexpr uint64_t kManyOrders = 400'000;

  const int rate_;
  std::atomic<bool> hurry_{false}, ended_{false}, abandoned_{false};
  std::mutex mu_;
  std::condition_variable wake_;
  std::vector<std::thread> threads_;
};

struct Verdict {
  std::vector<std::string> faults;   // empty: every promise is kept
  bool unread = false;               // something could not be read; then nothing else was compared
  uint64_t orders = 0, accepted = 0, rejected = 0, cancelled = 0;
  int64_t reserved_fen = 0;
  bool good() const { return faults.empty(); }
};

// Asks the server for everything and compares. Of promises that were not acknowledged either outcome is right, while `all`
// is false; where it is true, every promise must have been acknowledged. Waits up to a minute for what takes its time:
// orders that are still being decided, money that is still being released, and calls without an answer while `alive` says that
// there is someone to answer them.
Verdict Judge(const std::string& address, const Promises& promises, bool all, const std::function<bool()>& alive = nullptr);

}  // namespace fundcore::crash
