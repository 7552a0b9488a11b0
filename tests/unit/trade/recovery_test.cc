// Peers that are away and come back: what they get then, what newcomers notice, what operators are told.
#include <algorithm>

#include "services/trade/attempts.h"
#include "services/trade/peer_guard.h"
#include "tests/unit/trade/service_world.h"

namespace fundcore::trade {
namespace {

TEST(Allowance, GivesItsRateInTwoLanesAndSavesATenthOfASecond) {
  Allowance a(1'005);
  for (int tick = 0; tick < 100; ++tick) {
    a.Tick();
    a.Take(Lane::kNew, a.Allowed(Lane::kNew, false));
    a.Take(Lane::kWaited, 0);
  }
  EXPECT_EQ(a.Allowed(Lane::kWaited, false), 50);  // its 20th of a second; what was too much went to the other lane
  Allowance b(1'005);
  int64_t given = 0;
  for (int tick = 0; tick < 1'000; ++tick) {
    b.Tick();
    const int64_t n = b.Allowed(Lane::kWaited, true);
    b.Take(Lane::kWaited, n);
    given += n;
  }
  EXPECT_EQ(given, 10'050);  // ten seconds, to the item: nobody else wanted any
  EXPECT_EQ(b.Allowed(Lane::kNew, true), 0);
  Allowance c(1'000);
  int64_t fresh = 0, waited = 0;
  for (int tick = 0; tick < 1'000; ++tick) {
    c.Tick();
    const int64_t f = c.Allowed(Lane::kNew, false), w = c.Allowed(Lane::kWaited, false);
    c.Take(Lane::kNew, f);
    c.Take(Lane::kWaited, w);
    fresh += f, waited += w;
  }
  EXPECT_EQ(fresh, 5'000);
  EXPECT_EQ(waited, 5'000);
  Allowance d(1'000);
  for (int tick = 0; tick < 1'000; ++tick) d.Tick();
  EXPECT_EQ(d.Allowed(Lane::kNew, true), 100);
}

TEST(PeerGuard, PausesGrowToALimitAndBeginAnew) {
  PeerGuard g(100);
  EXPECT_TRUE(g.open());
  EXPECT_GT(g.Allowed(Lane::kNew, false), 1'000'000);
  EXPECT_TRUE(g.Failed(CallOutcome::kUnavailable, false));
  EXPECT_FALSE(g.Failed(CallOutcome::kUnavailable, false));  // another one that was under way
  Duration longest;
  for (int i = 0; i < 20; ++i) {
    const Duration low = g.NextPause(0);
    EXPECT_EQ(low.raw(), std::min<int64_t>(200'000, 5'000ll << i));
    longest = std::max(longest, low);
  }
  EXPECT_EQ(longest, Duration::Millis(200));  // half of the limit; the other half is drawn
  EXPECT_EQ(PeerGuard::Jittered(Duration::Seconds(1), 500'000), Duration::Seconds(1));
  g.Answered();
  EXPECT_TRUE(g.open());
  EXPECT_EQ(g.Allowed(Lane::kNew, true), 0);  // limited, with nothing saved
  g.Tick();
  EXPECT_EQ(g.Allowed(Lane::kNew, true), 1);
  EXPECT_EQ(g.NextPause(0), Duration::Millis(5));
  EXPECT_FALSE(g.Failed(CallOutcome::kError, false));  // of one call: the peer is there
  EXPECT_TRUE(g.open());
}

TEST(PeerGuard, CountsWhatWasAskedAgainInTheLastMinute) {
  PeerGuard g(100);
  for (int second = 0; second < 90; ++second) {
    g.CountRetried(10);
    g.NextSecond();
  }
  EXPECT_EQ(g.retried_last_minute(), 590u);
  for (int second = 0; second < 60; ++second) g.NextSecond();
  EXPECT_EQ(g.retried_last_minute(), 0u);
  EXPECT_EQ(g.counts.retried, 900u);
}

TEST(Attempts, KeepsTheFirstAndTheLastFiveOfTheLatestOrders) {
  Attempts a(2);
  a.Add(1, {}, false);
  EXPECT_EQ(a.Find(1), nullptr);
  for (uint32_t i = 1; i <= 30; ++i) a.Add(1, {.items = i}, true);
  a.Add(1, {.items = 31}, false);
  std::vector<uint32_t> kept;
  for (const Attempt& t : a.Find(1)->kept) kept.push_back(t.items);
  EXPECT_EQ(kept, (std::vector<uint32_t>{1, 2, 3, 4, 5, 27, 28, 29, 30, 31}));
  EXPECT_EQ(a.Find(1)->left_out, 21u);
  a.Add(2, {}, true);
  a.Add(3, {}, true);
  EXPECT_EQ(a.Find(1), nullptr);
  EXPECT_EQ(a.orders(), 2u);
}

class RecoveryTest : public TradeServiceTest {
 protected:
  // Submits orders nobody waits for, 8,000 a call. `hurried`: the call returns long before they are decided.
  std::vector<v1::OrderOutcome> SubmitMany(int count, std::string_view prefix, Duration deadline) {
    std::vector<v1::OrderOutcome> out;
    for (int begin = 0; begin < count; begin += 8'000) {
      v1::SubmitOrdersRequest request;
      for (int i = begin; i < std::min(count, begin + 8'000); ++i)
        *request.add_orders() = New(StrCat(prefix, i), static_cast<uint16_t>(i % kPartitions), 1 + (i % 5'000));
      auto r = Call<v1::SubmitOrdersResponse>("fundcore.trade.v1.TradeService/SubmitOrders", request, deadline);
      EXPECT_TRUE(r.ok()) << r.status();
      if (r.ok()) out.insert(out.end(), r->outcomes().begin(), r->outcomes().end());
    }
    return out;
  }
  void UseLimit(int64_t limit) {
    limit_ = limit;
    Crash();
  }
  v1::RecoveryStatusResponse Status() {
    auto r = Ops<v1::RecoveryStatusResponse>("RecoveryStatus", v1::RecoveryStatusRequest());
    EXPECT_TRUE(r.ok()) << r.status();
    return r.value_or(v1::RecoveryStatusResponse());
  }
  v1::WaitingOrders Waiting(v1::WaitsFor w) { return Status().waiting(static_cast<int>(w) - 1); }
  v1::PeerHealth Health(int peer) { return Status().peers(peer); }
  v1::TraceOrderResponse Trace(uint64_t order) {
    v1::TraceOrderRequest request;
    request.set_order_id(order);
    return *Ops<v1::TraceOrderResponse>("TraceOrder", request);
  }

  // The peer is away while `orders` come in; it returns; newcomers go on coming. See the expectations.
  void NoStorm(bool account_away, int orders, int64_t limit);
};

void RecoveryTest::NoStorm(bool account_away, int orders, int64_t limit) {
  UseLimit(limit);
  fakes_.world = &world_;
  const std::string away = account_away ? "fundcore.account.v1." : "fundcore.risk.v1.";
  peers_->SetDown(away, true);
  const auto waiting = SubmitMany(orders, "w", Duration::Millis(50));
  for (const auto& o : waiting) ASSERT_EQ(o.state(), v1::RECEIVED);
  world_.RunUntilIdle(Duration::Seconds(30));  // the pauses are at their longest
  const v1::WaitsFor what = account_away ? v1::WAITS_FOR_ACCOUNT : v1::WAITS_FOR_RISK;
  EXPECT_EQ(Waiting(what).orders(), static_cast<uint64_t>(orders));
  auto& load = account_away ? fakes_.account_load : fakes_.risk_load;
  ASSERT_TRUE(load.empty());  // what is down sees nothing
  // Meanwhile the other peer was asked about all of them: money is set aside although risk is away.
  EXPECT_EQ(fakes_.reserved.size(), account_away ? 0 : static_cast<size_t>(orders));

  peers_->SetDown(away, false);
  ASSERT_TRUE(world_.RunUntil([&] { return !load.empty(); }, Duration::Seconds(2)));
  const Duration back = world_.MachineNow();
  // Each executor notices by its own probe; who comes before that belongs to those that waited.
  while (Health(account_away ? 0 : 1).lanes_closed() > 0) {
    world_.RunUntil([] { return false; }, Duration::Millis(10));
    ASSERT_LE(world_.MachineNow().raw() - back.raw(), 1'100'000);
  }
  Duration slowest;
  int newcomers = 0;
  const auto drained = [&] {
    uint64_t left = 0;
    const v1::RecoveryStatusResponse status = Status();
    for (const auto& w : status.waiting())
      if (w.waits_for() == v1::WAITS_FOR_RISK || w.waits_for() == v1::WAITS_FOR_ACCOUNT) left += w.orders();
    return left == 0;
  };
  while (!drained()) {
    const Duration begin = world_.MachineNow();
    ASSERT_LT(begin.raw() - back.raw(), 1'000'000ll * 3 * orders / limit) << "the backlog does not drain";
    for (const auto& o : SubmitMany(20, StrCat("n", newcomers, "-"), Duration::Seconds(5)))
      ASSERT_EQ(o.state(), v1::ACCEPTED);
    slowest = std::max(slowest, Duration::Micros(world_.MachineNow().raw() - begin.raw()));
    newcomers += 20;
    world_.RunUntil([] { return false; }, Duration::Millis(50));
  }
  const double seconds = static_cast<double>(world_.MachineNow().raw() - back.raw()) / 1e6;
  const double ideal = static_cast<double>(orders + newcomers) / static_cast<double>(limit);
  // Any second, and any tenth of one: the limit, plus what may be saved up (a tenth) and the probes.
  int64_t most_second = 0, most_tenth = 0, total = 0;
  for (const auto& [span, most] : {std::pair{1'000'000ll, &most_second}, std::pair{100'000ll, &most_tenth}}) {
    int64_t sum = 0;
    for (size_t begin = 0, end = 0; end < load.size(); ++end) {
      sum += load[end].second;
      while (load[end].first.raw() - load[begin].first.raw() >= span) sum -= load[begin++].second;
      *most = std::max(*most, sum);
    }
  }
  for (const auto& [at, items] : load) total += items;
  EXPECT_LE(most_second, limit + limit / 10 + 200);
  EXPECT_LE(most_tenth, limit / 10 + limit / 10 + 200);
  EXPECT_GE(total, orders);
  EXPECT_LE(slowest, Duration::Millis(150));
  EXPECT_LE(seconds, 1.15 * ideal + 0.3);
  EXPECT_GE(seconds, 0.85 * ideal - 0.3);
  for (const auto& o : waiting) ASSERT_EQ(Get(o.order_id()).state(), v1::ACCEPTED);
  EXPECT_EQ(Health(account_away ? 0 : 1).lanes_limited(), 0u);  // over: no limit any more
  std::printf("%d orders waited, limit %lld/s: drained in %.2f s (ideal %.2f s); most in a second %lld, in a tenth %lld; "
              "%d newcomers, slowest %.0f ms\n",
              orders, static_cast<long long>(limit), seconds, ideal, static_cast<long long>(most_second),
              static_cast<long long>(most_tenth), newcomers, static_cast<double>(slowest.raw()) / 1e3);
}

TEST_F(RecoveryTest, NoStormOnAccount) { NoStorm(true, 100'000, 20'000); }
TEST_F(RecoveryTest, NoStormOnRisk) { NoStorm(false, 100'000, 20'000); }
// Half a gigabyte and some seconds.
TEST_F(RecoveryTest, NoStormOfAMillion) { NoStorm(true, 1'000'000, 50'000); }

TEST_F(RecoveryTest, WhatWasUndecidedAtTheStartIsNoStormEither) {
  peers_->SetDown("fundcore.account.v1.", true);
  const auto waiting = SubmitMany(20'000, "w", Duration::Millis(50));
  limit_ = 10'000;
  Crash();
  fakes_.world = &world_;
  ASSERT_EQ(Waiting(v1::WAITS_FOR_ACCOUNT).orders(), 20'000u);
  const Duration begin = world_.MachineNow();
  ASSERT_TRUE(world_.RunUntil([&] { return fakes_.reserved.size() == 20'000; }, Duration::Seconds(10)));
  EXPECT_GE(world_.MachineNow().raw() - begin.raw(), 1'800'000);
  EXPECT_LE(world_.MachineNow().raw() - begin.raw(), 2'400'000);
  world_.RunUntilIdle(Duration::Seconds(1));
  EXPECT_EQ(Get(waiting[777].order_id()).state(), v1::ACCEPTED);
}

TEST_F(RecoveryTest, ARefusedReservationNeedsNoRiskDecision) {
  fakes_.poor = {New("a").investor_id()};
  peers_->SetDown("fundcore.risk.v1.", true);
  EXPECT_EQ(Submit(New("a"))->state(), v1::REJECTED);
  EXPECT_EQ(fakes_.decide_calls, 0);
}

TEST_F(RecoveryTest, AnOrderThatSpoilsItsCallEndsUpAlone) {
  peers_->SetDown("fundcore.account.v1.", true);
  const auto waiting = SubmitMany(3'000, "w", Duration::Millis(50));
  const uint64_t absurd = waiting[1'234].order_id();
  fakes_.absurd = {absurd};
  peers_->SetDown("fundcore.account.v1.", false);
  world_.RunUntilIdle(Duration::Seconds(20));
  EXPECT_EQ(fakes_.reserved.size(), 2'999u);
  EXPECT_EQ(Waiting(v1::WAITS_FOR_ACCOUNT).orders(), 1u);
  EXPECT_EQ(Waiting(v1::WAITS_FOR_ACCOUNT).oldest_order(), absurd);
  EXPECT_EQ(Health(0).lanes_limited(), 0u);  // it slows nobody down
  const int before = fakes_.reserve_calls;
  ASSERT_EQ(Submit(New("late"), Duration::Millis(100))->state(), v1::ACCEPTED);
  world_.RunUntilIdle(Duration::Seconds(60));
  EXPECT_LE(fakes_.reserve_calls - before, 60);  // it goes on at the longest pause
  const auto trace = Trace(absurd);
  EXPECT_EQ(trace.order().waits_for(), v1::WAITS_FOR_ACCOUNT);
  EXPECT_EQ(trace.attempts(9).outcome(), "error");
  EXPECT_EQ(trace.attempts(9).items(), 1u);
  EXPECT_GT(trace.attempts_left_out(), 0u);
  fakes_.absurd.clear();
  world_.RunUntilIdle(Duration::Seconds(10));
  EXPECT_EQ(Get(absurd).state(), v1::ACCEPTED);
}

TEST_F(RecoveryTest, EachAttemptIsTold) {
  peers_->SetDown("fundcore.risk.v1.", true);
  const uint64_t order = Submit(New("a"), Duration::Millis(50))->order_id();
  world_.RunUntilIdle(Duration::Seconds(60));
  v1::Order o = Get(order);
  EXPECT_EQ(o.waits_for(), v1::WAITS_FOR_RISK);
  EXPECT_THAT(o.what_to_do(), ::testing::HasSubstr("fundctl recovery status"));
  auto trace = Trace(order);
  ASSERT_GE(trace.attempts_size(), 10);
  EXPECT_EQ(trace.attempts(0).peer(), "risk");
  EXPECT_EQ(trace.attempts(0).outcome(), "unavailable");
  const uint64_t failed = trace.attempts_left_out() + 10;
  EXPECT_GE(failed, 150u);  // at pauses of up to 0.4 s: some three a second, whatever waits
  EXPECT_LE(failed, 300u);
  v1::PeerHealth risk = Health(1);
  EXPECT_EQ(risk.peer(), "risk");
  EXPECT_EQ(risk.lanes(), 2u);
  EXPECT_EQ(risk.lanes_closed(), 1u);  // the other executor has had no reason to ask
  EXPECT_EQ(risk.unavailable(), failed);
  EXPECT_GT(risk.retried_last_minute(), 10u);
  EXPECT_THAT(risk.last_failure(), ::testing::HasSubstr("unavailable"));
  EXPECT_EQ(Health(0).unavailable(), 0u);
  peers_->SetDown("fundcore.risk.v1.", false);
  world_.RunUntilIdle(Duration::Seconds(10));
  trace = Trace(order);
  EXPECT_EQ(trace.order().state(), v1::ACCEPTED);
  EXPECT_EQ(trace.attempts(trace.attempts_size() - 1).outcome(), "answered");
  EXPECT_EQ(trace.order().waits_for(), v1::WAITS_FOR_CUT_OFF);
  world_.RunUntilIdle(Duration::Seconds(80));
  EXPECT_EQ(Health(1).retried_last_minute(), 0u);
}

TEST_F(RecoveryTest, ACallUnderWayIsToldToo) {
  peers_->SetFaults({.seed = 1, .drop_request = 10'000});
  const uint64_t order = Submit(New("a"), Duration::Millis(50))->order_id();
  auto trace = Trace(order);
  ASSERT_EQ(trace.attempts_size(), 2);
  EXPECT_EQ(trace.attempts(0).outcome(), "under way");
  world_.RunUntilIdle(Duration::Seconds(15));
  EXPECT_EQ(Trace(order).attempts(0).outcome(), "deadline");
  peers_->SetFaults({});
  world_.RunUntilIdle(Duration::Seconds(30));
  EXPECT_EQ(Get(order).state(), v1::ACCEPTED);
}

TEST_F(RecoveryTest, WhoWaitsForAPersonSaysSo) {
  fakes_.risk = {{New("a").investor_id(), 2}};
  const uint64_t order = Submit(New("a"))->order_id();
  const v1::Order o = Get(order);
  EXPECT_EQ(o.state(), v1::CHALLENGED);
  EXPECT_EQ(o.waits_for(), v1::WAITS_FOR_SECOND_PROOF);
  EXPECT_THAT(o.what_to_do(), ::testing::HasSubstr(StrCat("fundctl order answer ", FormatOrderId(OrderId(order)))));
  EXPECT_THAT(o.what_to_do(), ::testing::HasSubstr("2025-03-03 15:00:00"));
  world_.AdvanceTo(At("2025-03-03 10:00:30"));
  const v1::WaitingOrders w = Waiting(v1::WAITS_FOR_SECOND_PROOF);
  EXPECT_EQ(w.orders(), 1u);
  EXPECT_EQ(w.oldest_order(), order);
  EXPECT_EQ(w.by_age(2), 1u);
  EXPECT_FALSE(w.estimated());
}

TEST_F(RecoveryTest, AReleaseThatIsOwedIsTold) {
  fakes_.risk = {{New("a").investor_id(), 3}};
  const uint64_t other = Submit(New("b", 1, 8))->order_id();
  ASSERT_NE(other, 0u);
  peers_->SetDown("fundcore.account.v1.", true);
  v1::CancelOrderRequest cancel;
  cancel.set_investor_id(New("b", 1, 8).investor_id());
  cancel.set_order_id(other);
  ASSERT_TRUE(Call<v1::CancelOrderResponse>("fundcore.trade.v1.TradeService/CancelOrder", cancel).ok());
  world_.RunUntilIdle(Duration::Seconds(10));
  EXPECT_EQ(Get(other).waits_for(), v1::WAITS_FOR_RELEASE);
  EXPECT_EQ(Waiting(v1::WAITS_FOR_RELEASE).oldest_order(), other);
  peers_->SetDown("fundcore.account.v1.", false);
  world_.RunUntilIdle(Duration::Seconds(10));
  EXPECT_EQ(Get(other).waits_for(), v1::WAITS_FOR_NOTHING);
  EXPECT_EQ(Get(other).what_to_do(), "");
  EXPECT_EQ(Waiting(v1::WAITS_FOR_RELEASE).orders(), 0u);
  EXPECT_FALSE(fakes_.Holds(other));
}

TEST_F(RecoveryTest, AReleaseThatSpoilsItsCallHoldsNobodyUp) {
  peers_->SetDown("fundcore.account.v1.", true);
  const auto waiting = SubmitMany(40, "w", Duration::Millis(50));
  for (const auto& o : waiting) {
    v1::CancelOrderRequest cancel;
    cancel.set_investor_id(Get(o.order_id()).investor_id());
    cancel.set_order_id(o.order_id());
    ASSERT_TRUE(Call<v1::CancelOrderResponse>("fundcore.trade.v1.TradeService/CancelOrder", cancel).ok());
  }
  const uint64_t absurd = waiting[17].order_id();
  fakes_.absurd = {absurd};
  peers_->SetDown("fundcore.account.v1.", false);
  world_.RunUntilIdle(Duration::Seconds(20));
  EXPECT_EQ(fakes_.released.size(), 39u);
  EXPECT_EQ(Waiting(v1::WAITS_FOR_RELEASE).orders(), 1u);
  fakes_.absurd.clear();
  world_.RunUntilIdle(Duration::Seconds(5));
  EXPECT_EQ(Waiting(v1::WAITS_FOR_RELEASE).orders(), 0u);
}

TEST_F(RecoveryTest, AReleaseThatIsLateGoesAlongWithTheNextReservation) {
  const uint64_t over = Submit(New("a"))->order_id(), stays = Submit(New("b"))->order_id();
  fakes_.absurd = {over};  // no release of it ever arrives
  v1::CancelOrderRequest cancel;
  cancel.set_investor_id(New("a").investor_id());
  cancel.set_order_id(over);
  ASSERT_TRUE(Call<v1::CancelOrderResponse>("fundcore.trade.v1.TradeService/CancelOrder", cancel).ok());
  EXPECT_TRUE(fakes_.Holds(over));
  const auto next = Submit(New("c"));
  EXPECT_EQ(next->state(), v1::ACCEPTED);
  EXPECT_FALSE(fakes_.Holds(over)) << "the money of an order that was told to be over is there for the next one";
  EXPECT_TRUE(fakes_.Holds(stays));
  EXPECT_TRUE(fakes_.Holds(next->order_id()));
}

TEST_F(RecoveryTest, OnlyOperatorsAndSiblingsMayAsk) {
  EXPECT_EQ(Call<v1::RecoveryStatusResponse>("fundcore.trade.v1.TradeOps/RecoveryStatus", v1::RecoveryStatusRequest())
                .status()
                .code(),
            absl::StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace fundcore::trade
