// Real kills of a real server: under load, at random moments, many times. Afterwards every order that a caller was told of
// is found once, with the number, day and outcome it was told; nothing exists that nobody sent; the books balance; and the
// log, replayed from nothing, gives the hashes that are stored.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/runtime/clock.h"
#include "common/runtime/random.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/support/client.h"
#include "tests/support/market.h"
#include "tests/support/process.h"

namespace fundcore {
namespace {

using testing::AsyncClient;
using trade::v1::NewOrder;
using trade::v1::Order;

constexpr int kKills = 20;
constexpr int kInvestors = 400;
constexpr char kSubmit[] = "fundcore.trade.v1.TradeService/SubmitOrders";

struct Told {
  uint64_t order_id = 0;
  int32_t trade_day = 0;
};

// Sends batches until told to stop; whatever was not answered is sent again with the same request ids, as a careful app does.
class Sender {
 public:
  Sender(AsyncClient* client, const testing::Market* market, uint64_t seed) : client_(client), market_(market), random_(seed) {}

  void Run(std::atomic<bool>* stop) {
    while (!stop->load()) {
      if (open_.empty()) Fill();
      Send();
    }
    stopped_with_open_ = !open_.empty();
  }
  // Until everything ever sent was answered.
  void Finish() {
    while (!open_.empty()) Send();
  }

  std::map<std::string, NewOrder> sent;
  std::map<std::string, Told> told;
  uint64_t contradictions = 0;

 private:
  void Fill() {
    for (int i = 0; i < 40; ++i) {
      NewOrder o;
      o.set_request_id(absl::StrFormat("%016x", random_.Next()));
      o.set_investor_id(market_->investors[random_.Next() % market_->investors.size()]);
      o.set_business(22);
      o.set_fund_code(market_->funds[random_.Next() % market_->funds.size()]);
      o.set_amount_fen(static_cast<int64_t>(1000 + random_.Next() % 100'000));
      sent[o.request_id()] = o;
      open_.push_back(o);
    }
  }

  void Send() {
    trade::v1::SubmitOrdersRequest request;
    for (const NewOrder& o : open_) *request.add_orders() = o;
    trade::v1::SubmitOrdersResponse response;
    const absl::Status s = client_->Wait(kSubmit, request, &response, 5);
    if (!s.ok()) return;  // unknown: the same again
    std::vector<NewOrder> again;
    for (int i = 0; i < response.outcomes_size(); ++i) {
      const auto& outcome = response.outcomes(i);
      const NewOrder& o = open_[static_cast<size_t>(i)];
      if (outcome.code() != 0) {
        again.push_back(o);
        continue;
      }
      auto [it, fresh] = told.emplace(o.request_id(), Told{outcome.order_id(), outcome.trade_day()});
      if (!fresh && (it->second.order_id != outcome.order_id() || it->second.trade_day != outcome.trade_day())) ++contradictions;
    }
    open_ = std::move(again);
  }

  AsyncClient* client_;
  const testing::Market* market_;
  SeededRandom random_;
  std::vector<NewOrder> open_;
  bool stopped_with_open_ = false;
};

TEST(KillTest, EveryAcknowledgedOrderIsFoundOnceAfterTwentyKills) {
  testing::TemporaryFolder folder;
  const std::string data = folder.path() + "/data";
  testing::ServerProcess server({.program = testing::ProgramBeside("fundcore"),
                                 .data = data,
                                 .flags = {"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=8",
                                           "--bank-generous", "--flush-every=300KiB"}});
  ASSERT_TRUE(server.Start().ok());
  AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
  testing::Market market;
  const absl::Status made = testing::MakeMarket(&op, {.investors = kInvestors, .in_flight = 32}, true, &market);
  ASSERT_TRUE(made.ok()) << made.ToString();

  const uint64_t seed = static_cast<uint64_t>(MonotonicMicros());
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SeededRandom random(seed);
  std::vector<std::unique_ptr<Sender>> senders;
  for (uint64_t i = 0; i < 4; ++i) senders.push_back(std::make_unique<Sender>(&app, &market, seed + i));
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (auto& s : senders) threads.emplace_back([&stop, s = s.get()] { s->Run(&stop); });

  for (int i = 0; i < kKills; ++i) {
    // A random moment: the condition never holds, only time passes.
    std::mutex m;
    std::condition_variable never;
    std::unique_lock<std::mutex> lock(m);
    never.wait_for(lock, std::chrono::milliseconds(50 + random.Next() % 400), [] { return false; });
    server.Kill();
    const absl::Status s = server.Start();
    ASSERT_TRUE(s.ok()) << "after kill " << i << ": " << s.ToString();
  }
  stop = true;
  for (auto& t : threads) t.join();
  for (auto& s : senders) s->Finish();

  std::map<std::string, NewOrder> sent;
  std::map<std::string, Told> told;
  for (auto& s : senders) {
    EXPECT_EQ(s->contradictions, 0u);
    sent.insert(s->sent.begin(), s->sent.end());
    told.insert(s->told.begin(), s->told.end());
  }
  EXPECT_EQ(told.size(), sent.size());
  std::printf("%zu orders over %d kills\n", sent.size(), kKills);
  EXPECT_GT(sent.size(), static_cast<size_t>(kKills) * 40);

  // What the server says now, investor by investor.
  std::map<std::string, Order> found;
  for (uint64_t investor : market.investors) {
    trade::v1::ListOrdersRequest list;
    list.set_investor_id(investor);
    list.set_page_size(500);
    do {
      trade::v1::ListOrdersResponse page;
      ASSERT_TRUE(app.Wait("fundcore.trade.v1.TradeService/ListOrders", list, &page).ok());
      for (const Order& o : page.orders()) EXPECT_TRUE(found.emplace(o.request_id(), o).second) << "twice: " << o.request_id();
      list.set_page_token(page.next_page_token());
    } while (!list.page_token().empty());
  }
  EXPECT_EQ(found.size(), sent.size());
  int64_t reserved = 0;
  for (const auto& [id, o] : sent) {
    auto it = found.find(id);
    ASSERT_NE(it, found.end()) << "lost: " << id;
    EXPECT_EQ(it->second.order_id(), told[id].order_id);
    EXPECT_EQ(it->second.trade_day(), told[id].trade_day);
    EXPECT_EQ(it->second.amount_fen(), o.amount_fen());
    EXPECT_EQ(it->second.state(), trade::v1::ACCEPTED) << it->second.reason();
    reserved += o.amount_fen();
  }

  // Reserved once, no more and no less, and the books balance.
  int64_t in_accounts = 0;
  for (uint64_t investor : market.investors) {
    account::v1::GetAccountRequest get;
    get.set_investor_id(investor);
    account::v1::GetAccountResponse account;
    ASSERT_TRUE(app.Wait("fundcore.account.v1.AccountService/GetAccount", get, &account).ok());
    in_accounts += account.reserved_fen();
  }
  EXPECT_EQ(in_accounts, reserved);
  account::v1::TrialBalanceRequest verify;
  verify.set_verify(true);
  account::v1::TrialBalanceResponse balance;
  ASSERT_TRUE(op.Wait("fundcore.account.v1.AccountService/TrialBalance", verify, &balance).ok());
  EXPECT_TRUE(balance.balanced()) << balance.difference();

  EXPECT_EQ(server.Stop(), 0);
  const std::string check = testing::ProgramBeside("fundcore") + " check-replay --data=" + data;
  EXPECT_EQ(system(check.c_str()), 0) << check;
}

}  // namespace
}  // namespace fundcore
