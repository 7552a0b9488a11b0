// The trade service as its callers see it: orders, batches, bad shapes, dead peers, crashes, a whole day.
#include "tests/unit/trade/service_world.h"

namespace fundcore::trade {
namespace {

TEST_F(TradeServiceTest, AnOrderIsAccepted) {
  auto r = Submit(New("a"));
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(r->state(), v1::ACCEPTED);
  EXPECT_EQ(r->trade_day(), 20250303);
  EXPECT_EQ(r->order_id() / kOrderSequenceLimit, 1u);
  const v1::Order o = Get(r->order_id());
  EXPECT_EQ(o.request_id(), "a");
  EXPECT_EQ(o.ta_account(), "110000000001");
  auto again = Submit(New("a"));
  EXPECT_EQ(again->order_id(), r->order_id());
  EXPECT_TRUE(again->repeated());
  EXPECT_EQ(again->state(), v1::ACCEPTED);
}

TEST_F(TradeServiceTest, ABatchHasOneOutcomeAnItem) {
  fakes_.poor = {MakeInvestorId(PartitionId(2), 5).raw()};
  fakes_.risk = {{MakeInvestorId(PartitionId(3), 6).raw(), 3}};
  v1::SubmitOrdersRequest request;
  for (int i = 0; i < 100; ++i)
    *request.add_orders() = New(StrCat("n", i), static_cast<uint16_t>(i % kPartitions), 100 + i);
  *request.add_orders() = New("n0", 0, 100);  // the first one again
  *request.add_orders() = New("poor", 2, 5);
  *request.add_orders() = New("watched", 3, 6);
  *request.add_orders() = New("", 0, 1);
  *request.add_orders() = New("far", 77, 1);
  request.mutable_orders(50)->set_fund_code("999999");
  auto r = Call<v1::SubmitOrdersResponse>("fundcore.trade.v1.TradeService/SubmitOrders", request);
  ASSERT_TRUE(r.ok()) << r.status();
  ASSERT_EQ(r->outcomes_size(), 105);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(r->outcomes(i).code(), 0);
    EXPECT_EQ(r->outcomes(i).state(), i == 50 ? v1::REJECTED : v1::ACCEPTED) << i;
  }
  EXPECT_EQ(r->outcomes(50).reason(), "FUND_UNKNOWN");
  EXPECT_EQ(r->outcomes(100).order_id(), r->outcomes(0).order_id());
  EXPECT_EQ(r->outcomes(101).reason(), "NOT_ENOUGH_CASH");
  EXPECT_EQ(r->outcomes(102).reason(), "WATCHED");
  EXPECT_EQ(r->outcomes(103).reason(), "BAD_REQUEST_ID");
  EXPECT_EQ(r->outcomes(104).reason(), "INVESTOR_NOT_FOUND");
  ASSERT_TRUE(world_.RunUntil([&] { return fakes_.release_calls > 0; }));
  EXPECT_FALSE(fakes_.Holds(r->outcomes(102).order_id()));
  EXPECT_TRUE(fakes_.Holds(r->outcomes(1).order_id()));
  EXPECT_LE(fakes_.reserve_calls, 8);  // one message for many partitions, not one an order
}

TEST_F(TradeServiceTest, BadShapesNameFieldValueAndLimit) {
  auto order = New("a");
  order.set_units_e2(5);
  EXPECT_THAT(std::string(Submit(order).status().message()),
              ::testing::HasSubstr("units_e2 must be 0 for business 22"));
  order = New("a");
  order.set_amount_fen(1'000'000'000'000'001);
  EXPECT_EQ(rpc::ReasonOf(Submit(order).status()), "BAD_AMOUNT");
  order = New("a");
  order.set_business(98);
  EXPECT_EQ(Submit(order).status().code(), absl::StatusCode::kInvalidArgument);
  order = New("a");
  order.set_investor_id(65'536'000'000'007ull);  // its partition does not fit 16 bits
  EXPECT_EQ(Submit(order).status().code(), absl::StatusCode::kNotFound);
  order = New("a");
  order.set_fund_code(std::string(21, '1'));
  EXPECT_EQ(rpc::ReasonOf(Submit(order).status()), "BAD_FUND_CODE");
  ASSERT_TRUE(Submit(New("a")).ok());  // none of them used the id
  order = New("a");
  order.set_amount_fen(200'000);
  EXPECT_EQ(Submit(order).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(TradeServiceTest, ADeadPeerDelaysAnOrderAndNeverMovesItsDay) {
  peers_->SetDown("fundcore.account.v1.", true);
  world_.AdvanceTo(At("2025-03-03 14:59:59.900"));
  auto r = Submit(New("a"), Duration::Millis(500));
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->state(), v1::RECEIVED);
  EXPECT_EQ(r->trade_day(), 20250303);
  world_.AdvanceTo(At("2025-03-04 09:00:00"));
  auto asked = Submit(New("a"), Duration::Millis(500));
  EXPECT_EQ(asked->state(), v1::RECEIVED);
  EXPECT_EQ(asked->order_id(), r->order_id());
  peers_->SetDown("fundcore.account.v1.", false);
  auto waited = Submit(New("a"), Duration::Seconds(20));
  EXPECT_EQ(waited->state(), v1::ACCEPTED);
  EXPECT_EQ(waited->trade_day(), 20250303);
}

TEST_F(TradeServiceTest, LostRepliesAndDoubleCallsChangeNothing) {
  peers_->SetFaults(
      {.seed = 9, .drop_request = 2'000, .drop_reply = 3'000, .duplicate = 5'000, .max_delay = Duration::Millis(30)});
  std::vector<uint64_t> orders;
  fakes_.risk = {{MakeInvestorId(PartitionId(1), 3).raw(), 3}};
  for (int i = 0; i < 20; ++i)
    orders.push_back(Submit(New(StrCat("n", i), 1, 1 + i % 5), Duration::Millis(50))->order_id());
  world_.RunUntilIdle(Duration::Seconds(200));
  for (uint64_t order : orders) {
    const v1::Order o = Get(order);
    EXPECT_EQ(o.state(), o.investor_id() % 10 == 3 ? v1::REJECTED : v1::ACCEPTED);
    EXPECT_EQ(fakes_.Holds(order), o.state() == v1::ACCEPTED);
  }
  EXPECT_EQ(fakes_.reserved.size(), 20u);
}

TEST_F(TradeServiceTest, AReleaseMayOvertakeItsReservation) {
  // Account is down, the order is cancelled, account comes back: whichever of the two calls arrives first, nothing
  // stays.
  peers_->SetDown("fundcore.account.v1.", true);
  auto r = Submit(New("a"), Duration::Millis(100));
  ASSERT_EQ(r->state(), v1::RECEIVED);
  v1::CancelOrderRequest cancel;
  cancel.set_investor_id(New("a").investor_id());
  cancel.set_order_id(r->order_id());
  for (int i = 0; i < 2; ++i) {
    auto cancelled = Call<v1::CancelOrderResponse>("fundcore.trade.v1.TradeService/CancelOrder", cancel);
    ASSERT_TRUE(cancelled.ok()) << cancelled.status();
    EXPECT_EQ(cancelled->order().state(), v1::CANCELLED);
  }
  peers_->SetDown("fundcore.account.v1.", false);
  world_.RunUntilIdle(Duration::Seconds(30));
  EXPECT_FALSE(fakes_.Holds(r->order_id()));
  EXPECT_GE(fakes_.release_calls, 1);
  EXPECT_EQ(Get(r->order_id()).state(), v1::CANCELLED);
}

TEST_F(TradeServiceTest, ACrashInTheMiddleCostsARetry) {
  peers_->SetDown("fundcore.risk.v1.", true);
  std::vector<uint64_t> orders;
  for (int i = 0; i < 10; ++i)
    orders.push_back(Submit(New(StrCat("n", i), static_cast<uint16_t>(i % 4)), Duration::Millis(50))->order_id());
  Crash();
  world_.RunUntilIdle(Duration::Seconds(30));
  for (uint64_t order : orders) {
    EXPECT_EQ(Get(order).state(), v1::ACCEPTED);
    EXPECT_TRUE(fakes_.Holds(order));
  }
  EXPECT_EQ(Submit(New("n3", 3))->order_id(), orders[3]);
}

TEST_F(TradeServiceTest, WatchersSeeEveryChange) {
  peers_->SetDown("fundcore.account.v1.", true);
  auto r = Submit(New("a"), Duration::Millis(50));
  std::vector<v1::OrderState> seen;
  bool ended = false;
  v1::WatchOrderRequest request;
  request.set_order_id(r->order_id());
  auto stream = rpc::DirectStream::Open(
      *handlers_, "fundcore.trade.v1.TradeService/WatchOrder", request, rpc::Call{}, network_,
      [&](const google::protobuf::Message& m) { seen.push_back(static_cast<const v1::Order&>(m).state()); },
      [&](absl::Status) { ended = true; });
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(world_.RunUntil([&] { return seen.size() == 1; }));
  peers_->SetDown("fundcore.account.v1.", false);
  ASSERT_TRUE(world_.RunUntil([&] { return seen.size() == 2; }, Duration::Seconds(20)));
  v1::CancelOrderRequest cancel;
  cancel.set_investor_id(New("a").investor_id());
  cancel.set_order_id(r->order_id());
  ASSERT_TRUE(Call<v1::CancelOrderResponse>("fundcore.trade.v1.TradeService/CancelOrder", cancel).ok());
  ASSERT_TRUE(world_.RunUntil([&] { return ended; }));
  EXPECT_EQ(seen, (std::vector<v1::OrderState>{v1::RECEIVED, v1::ACCEPTED, v1::CANCELLED}));
}

TEST_F(TradeServiceTest, ListsNewestFirstByPage) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Submit(New(StrCat("n", i))).ok());
  v1::ListOrdersRequest request;
  request.set_investor_id(New("a").investor_id());
  request.set_page_size(3);
  auto first = Call<v1::ListOrdersResponse>("fundcore.trade.v1.TradeService/ListOrders", request);
  ASSERT_EQ(first->orders_size(), 3);
  EXPECT_EQ(first->orders(0).request_id(), "n4");
  request.set_page_token(first->next_page_token());
  auto second = Call<v1::ListOrdersResponse>("fundcore.trade.v1.TradeService/ListOrders", request);
  EXPECT_EQ(second->orders_size(), 2);
  EXPECT_EQ(second->next_page_token(), "");
  request.set_page_token("12x");
  EXPECT_EQ(Call<v1::ListOrdersResponse>("fundcore.trade.v1.TradeService/ListOrders", request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(TradeServiceTest, ADayFromCloseToSettlement) {
  v1::SubmitOrdersRequest orders;
  for (int i = 0; i < 40; ++i) *orders.add_orders() = New(StrCat("n", i), static_cast<uint16_t>(i % 4), 10 + i);
  orders.mutable_orders(0)->set_amount_fen(1);
  auto submitted = Call<v1::SubmitOrdersResponse>("fundcore.trade.v1.TradeService/SubmitOrders", orders);
  ASSERT_TRUE(submitted.ok());

  v1::CloseDayRequest close;
  close.set_ta_code("11");
  close.set_day(20250303);
  EXPECT_EQ(rpc::ReasonOf(Ops<v1::CloseDayResponse>("CloseDay", close).status()), "DAY_NOT_OVER");
  EXPECT_EQ(Call<v1::CloseDayResponse>("fundcore.trade.v1.TradeOps/CloseDay", close).status().code(),
            absl::StatusCode::kPermissionDenied);
  world_.AdvanceTo(At("2025-03-03 15:00:01"));
  ASSERT_TRUE(Ops<v1::CloseDayResponse>("CloseDay", close).ok());

  v1::DayCountsRequest counts;
  counts.set_ta_code("11");
  counts.set_day(20250303);
  EXPECT_EQ(Ops<v1::DayCountsResponse>("DayCounts", counts)->accepted_unsealed(), 39u);
  v1::SealRequest seal;
  seal.set_ta_code("11");
  seal.set_day(20250303);
  seal.set_transfer_no(1);
  auto sealed = Ops<v1::SealResponse>("Seal", seal);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  ASSERT_EQ(sealed->partitions_size(), kPartitions);
  EXPECT_EQ(sealed->partitions(0).count(), 9u);
  EXPECT_EQ(sealed->partitions(1).sum_amount_fen(), 1'000'000);
  EXPECT_EQ(Ops<v1::SealResponse>("Seal", seal)->partitions(1).hash(), sealed->partitions(1).hash());
  auto counted = Ops<v1::DayCountsResponse>("DayCounts", counts);
  EXPECT_EQ(counted->accepted_unsealed(), 0u);
  EXPECT_EQ(counted->sealed(), 39u);
  EXPECT_EQ(counted->total(), 40u);

  v1::PullSealedRequest pull;
  pull.set_partition(1);
  pull.set_ta_code("11");
  pull.set_day(20250303);
  pull.set_transfer_no(1);
  auto pulled = Ops<v1::PullSealedResponse>("PullSealed", pull);
  ASSERT_EQ(pulled->orders_size(), 10);
  EXPECT_TRUE(pulled->last_page());
  pull.set_transfer_no(2);
  EXPECT_EQ(rpc::ReasonOf(Ops<v1::PullSealedResponse>("PullSealed", pull).status()), "TRANSFER_NOT_SEALED");

  v1::MarkDispatchedRequest mark;
  mark.set_ta_code("11");
  mark.set_day(20250303);
  mark.set_transfer_no(1);
  mark.set_file_name("OFD_301_11_20250303_03.TXT");
  EXPECT_EQ(Ops<v1::MarkDispatchedResponse>("MarkDispatched", mark)->dispatched(), 39u);

  v1::ApplyConfirmationsRequest apply;
  apply.set_partition(1);
  apply.set_ta_code("11");
  apply.set_file_hash(std::string(32, 'h'));
  apply.set_file_name("OFD_11_301_20250304_04.TXT");
  for (const v1::Order& o : pulled->orders()) {
    auto* line = apply.add_lines();
    line->set_line(static_cast<uint64_t>(apply.lines_size()));
    line->set_order_id(o.order_id());
    line->set_business(122);
    line->set_return_code("0000");
    line->set_confirm_day(20250304);
    line->set_confirmed_amount_fen(o.amount_fen());
    line->set_confirmed_units_e2(79'000);
  }
  EXPECT_EQ(Ops<v1::ApplyConfirmationsResponse>("ApplyConfirmations", apply)->next_index(), 10u);
  EXPECT_EQ(Ops<v1::ApplyConfirmationsResponse>("ApplyConfirmations", apply)->next_index(), 10u);
  apply.set_first_index(11);
  auto gap = Ops<v1::ApplyConfirmationsResponse>("ApplyConfirmations", apply).status();
  EXPECT_EQ(gap.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(gap.message()), ::testing::HasSubstr("expected index 10"));

  v1::SettleRequest settle;
  settle.set_ta_code("11");
  settle.set_confirm_day(20250304);
  settle.set_fund_code("110022");
  settle.set_business(22);
  EXPECT_EQ(Ops<v1::SettleResponse>("Settle", settle)->settled(), 10u);

  v1::TraceOrderRequest trace;
  trace.set_order_id(pulled->orders(0).order_id());
  std::string steps;
  const auto traced = Ops<v1::TraceOrderResponse>("TraceOrder", trace);
  ASSERT_TRUE(traced.ok()) << traced.status();
  for (const auto& s : traced->steps()) steps += s.step() + " ";
  EXPECT_EQ(steps, "received accepted sealed dispatched confirmed settled ");

  v1::OutcomesRequest outcomes;
  outcomes.set_day(20250303);
  std::map<v1::OrderState, uint64_t> by_state;
  const auto told = Ops<v1::OutcomesResponse>("Outcomes", outcomes);
  for (const auto& c : told->counts()) by_state[c.state()] += c.count();
  EXPECT_EQ(by_state, (std::map<v1::OrderState, uint64_t>{{v1::SETTLED, 10}, {v1::DISPATCHED, 29}, {v1::REJECTED, 1}}));
}

TEST_F(TradeServiceTest, AConversionNotYetJudgedKeepsEveryDayOpen) {
  world_.AdvanceTo(At("2026-01-05 10:00:00"));  // later than the product facts go: orders wait for them
  v1::NewOrder conversion = New("c");
  conversion.set_business(36);
  conversion.set_amount_fen(0);
  conversion.set_units_e2(10'000);
  conversion.set_target_fund_code("110033");
  const auto order = Submit(conversion, Duration::Millis(50));
  ASSERT_TRUE(order.ok()) << order.status();
  ASSERT_EQ(Get(order->order_id()).state(), v1::RECEIVED);
  v1::DayCountsRequest counts;
  counts.set_ta_code("12");
  counts.set_day(20260105);
  const auto open = Ops<v1::DayCountsResponse>("DayCounts", counts);
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(open->undecided(), 1u) << "it may become a line of the second institution";
  fakes_.watermark = At("2026-01-31 00:00:00");
  ASSERT_TRUE(world_.RunUntil([&] { return Get(order->order_id()).state() != v1::RECEIVED; }, Duration::Seconds(60)));
  EXPECT_EQ(Ops<v1::DayCountsResponse>("DayCounts", counts)->undecided(), 0u);
}

TEST_F(TradeServiceTest, OrdersByFileAreClaimedSubmittedAndFound) {
  const std::string digest(32, 'd');
  v1::ClaimSerialsRequest claims;
  v1::FindOrdersRequest keys;
  v1::SubmitOrdersRequest orders;
  for (int i = 0; i < 8; ++i) {
    v1::NewOrder o = New(StrCat("03/996/11/", i), static_cast<uint16_t>(i % 4), 1 + i);
    o.set_trade_day_wanted(i == 7 ? 20250304 : 20250303);
    o.mutable_origin()->set_distributor("996");
    o.mutable_origin()->set_serial(StrCat(i));
    o.mutable_origin()->set_digest(digest);
    *orders.add_orders() = o;
    auto* claim = claims.add_claims();
    claim->set_request_id(o.request_id());
    claim->set_digest(digest);
    auto* key = keys.add_keys();
    key->set_investor_id(o.investor_id());
    key->set_request_id(o.request_id());
    key->set_from_file(true);
  }
  const auto face = [](std::string_view m) { return StrCat("fundcore.trade.v1.TradeService/", m); };
  auto found = Call<v1::FindOrdersResponse>(face("FindOrders"), keys);
  ASSERT_EQ(found->orders_size(), 8);
  EXPECT_EQ(found->orders(0).order_id(), 0u);

  auto claimed = Call<v1::ClaimSerialsResponse>(face("ClaimSerials"), claims);
  ASSERT_EQ(claimed->outcomes_size(), 8);
  EXPECT_FALSE(claimed->outcomes(3).repeated());
  auto submitted = Call<v1::SubmitOrdersResponse>(face("SubmitOrders"), orders);
  ASSERT_TRUE(submitted.ok());
  EXPECT_EQ(submitted->outcomes(0).state(), v1::ACCEPTED);
  EXPECT_EQ(submitted->outcomes(7).reason(), "TRADE_DAY_NOT_REACHED");
  Crash();
  claims.mutable_claims(2)->set_digest(std::string(32, 'e'));
  claimed = Call<v1::ClaimSerialsResponse>(face("ClaimSerials"), claims);
  EXPECT_TRUE(claimed->outcomes(2).conflict());
  EXPECT_TRUE(claimed->outcomes(3).repeated());
  EXPECT_FALSE(claimed->outcomes(3).conflict());
  submitted = Call<v1::SubmitOrdersResponse>(face("SubmitOrders"), orders, Duration::Seconds(5), CallerId("another"));
  for (const auto& out : submitted->outcomes()) EXPECT_TRUE(out.repeated());

  found = Call<v1::FindOrdersResponse>(face("FindOrders"), keys);
  ASSERT_EQ(found->orders_size(), 8);
  EXPECT_EQ(found->orders(5).order_id(), submitted->outcomes(5).order_id());
  EXPECT_EQ(found->orders(5).origin().serial(), "5");
  EXPECT_EQ(found->orders(5).trade_day_wanted(), 20250303);
  EXPECT_EQ(found->orders(7).state(), v1::REJECTED);
  v1::TraceOrderRequest trace;
  trace.set_order_id(found->orders(5).order_id());
  EXPECT_THAT(Ops<v1::TraceOrderResponse>("TraceOrder", trace)->steps(0).detail(),
              ::testing::HasSubstr("line 5 of a file of 996"));
}

TEST_F(TradeServiceTest, AnOriginIsWholeOrNone) {
  v1::NewOrder o = New("a");
  o.mutable_origin()->set_distributor("996");
  o.mutable_origin()->set_serial("1");
  EXPECT_EQ(rpc::ReasonOf(Submit(o).status()), "BAD_ORIGIN");
  o.mutable_origin()->set_digest(std::string(32, 'd'));
  o.mutable_origin()->set_serial("");
  EXPECT_EQ(rpc::ReasonOf(Submit(o).status()), "BAD_ORIGIN");
  o.clear_origin();
  o.set_trade_day_wanted(20250231);
  EXPECT_EQ(rpc::ReasonOf(Submit(o).status()), "BAD_DATE");
}

TEST_F(TradeServiceTest, BeforeStartNothingIsReceived) {
  ServiceDeps deps;
  deps.executors = {executors_[0]};
  deps.log = &log_;
  deps.store = &store_;
  deps.peers = peers_.get();
  TradeService idle(deps);
  rpc::Handlers handlers;
  idle.Register(&handlers);
  v1::SubmitOrderRequest request;
  v1::SubmitOrderResponse response;
  absl::Status status;
  handlers.Find("fundcore.trade.v1.TradeService/SubmitOrder")->unary({}, request, &response, [&](absl::Status s) {
    status = s;
  });
  EXPECT_EQ(rpc::ReasonOf(status), "NOT_SERVING");
}

TEST_F(TradeServiceTest, SameSeedSameState) {
  // The commands that reached the log, played again on an empty store, give the hash the service has.
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(Submit(New(StrCat("n", i), static_cast<uint16_t>(i % 4), 1 + i)).ok());
  std::vector<std::string> before;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    auto hash = service_->machines().At(PartitionId(p)).state().Hash();
    before.push_back(hash->Hex());
  }
  MemoryStore empty;
  for (uint16_t p = 0; p < kPartitions; ++p) {
    machine::Partition<TradeMachine> replayed(&empty, {ServiceId::kTrade, PartitionId(p)}, executors_[0], 99, machine::PlayOptions{});
    ASSERT_TRUE(replayed.state().Load().ok());
    const LogOffset end = service_->machines().At(PartitionId(p)).state().meta.next;
    for (const LogRecord& record : log_.Stored({ServiceId::kTrade, PartitionId(p)}))
      if (record.offset < end) replayed.Play(record);
    EXPECT_EQ(replayed.state().Hash()->Hex(), before[p]) << p;
  }
}

}  // namespace
}  // namespace fundcore::trade
