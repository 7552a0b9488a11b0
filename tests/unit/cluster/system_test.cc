// Routes against a real system: none is missing, and nothing changes by them. See two_nodes.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/partitions.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "google/protobuf/descriptor.h"
#include "tests/unit/cluster/two_nodes.h"

namespace fundcore::cluster {
namespace {

using ::testing::HasSubstr;

constexpr char kOperator[] = "operator";

// Eight investors fall to both nodes.
std::string Market() {
  std::string text =
      "name two-nodes\ntells a fund day on two nodes\n"
      "given ta 11 version 21 distributor 301\ngiven ta 98 version 22 distributor 30198\n"
      "given fund 110022 ta 11 purchase-fee 1.2% redemption-fee 0.5% nav 1.2500@2025-03-03 nav 1.2600@2025-03-04 "
      "nav 1.2700@2025-03-05\n"
      "given fund 980001 ta 98 purchase-fee 1.5% nav 1.0500@2025-03-03 nav 1.0600@2025-03-04 nav 1.0700@2025-03-05\n";
  for (const char* who : {"li", "wang", "zhang", "liu", "chen", "yang", "zhao", "huang"})
    absl::StrAppend(&text, "given ", who, " class C4 card ending ", 1000 + std::string(who).size(), " cash 50,000.00\n");
  return text + "2025-03-03 09:00 li balance available 50,000.00\n";
}

std::string FirstDay() {
  std::string text;
  const char* when = "2025-03-03 10:00 ";
  for (const char* who : {"li", "wang", "zhang", "liu", "chen", "yang", "zhao", "huang"}) {
    absl::StrAppend(&text, when, who, " subscribes 1,000.00 of 110022 20 times -> accepted day 2025-03-03\n");
    absl::StrAppend(&text, " ", who, " subscribes 500.00 of 980001 3 times -> accepted day 2025-03-03\n");
    when = " ";
  }
  absl::StrAppend(&text, "2025-03-04 close\n books balance; breaks none\n");
  return text;
}

class SystemTest : public testing::Test {
 protected:
  void Play(const std::string& text) {
    auto script = dayrun::ParseScript("two-nodes.day", text);
    ASSERT_TRUE(script.ok()) << script.status();
    dayrun::Progress progress;
    const auto run = dayrun::Runner(*script, &nodes_, &progress, {.check_replay = false}).Run();
    ASSERT_TRUE(run.status.ok()) << run.status;
    for (const char* who : {"li", "wang", "zhang", "liu", "chen", "yang", "zhao", "huang"}) {
      const std::string number = progress.Get(absl::StrCat("investor ", who));
      if (!number.empty()) investors_.push_back(std::stoull(number));
    }
  }
  // By way of the nodes, and straight: the same status and, byte for byte, the same answer, which has something to say.
  template <class Response>
  Response Same(const std::string& method, const Message& request, const std::string& caller = kOperator) {
    Response routed, straight;
    const int before = nodes_.calls_elsewhere();
    const absl::Status by_nodes = nodes_.Call(method, request, &routed, caller);
    EXPECT_GT(nodes_.calls_elsewhere(), before) << method << " did not need the other node";
    const absl::Status itself = nodes_.Straight(method, request, &straight, caller);
    EXPECT_EQ(by_nodes.code(), itself.code()) << method << ": " << by_nodes << " / " << itself;
    EXPECT_EQ(routed.DebugString(), straight.DebugString()) << method;
    return straight;
  }

  TwoNodes nodes_{4};
  std::vector<uint64_t> investors_;
};

TEST(Routes, EveryMethodOfASystemHasOne) {
  dayrun::SimDriver driver({});
  ASSERT_TRUE(driver.Begin(TimePoint::FromRaw(1'740'967'200'000'000)).ok());
  std::set<std::string> served;
  for (const auto& [name, method] : driver.system()->system()->handlers()->all()) {
    const Route* route = FindRoute(name);
    ASSERT_NE(route, nullptr) << name << " has no route: say in common/cluster/routes.cc which partitions it needs";
    EXPECT_EQ(route->request->GetDescriptor(), method.request_prototype->GetDescriptor()) << name;
    EXPECT_EQ(route->response->GetDescriptor(), method.response_prototype->GetDescriptor()) << name;
    EXPECT_EQ(route->stream, method.stream != nullptr) << name;
    served.insert(name);
  }
  for (const Route& route : Routes()) {
    if (route.kind == Kind::kLocal) continue;  // of a process, and registered by whoever serves one
    EXPECT_TRUE(served.contains(route.method)) << route.method << " is served by nobody; drop its route";
    const bool merges = route.kind == Kind::kEverywhere || route.kind == Kind::kEveryProcess;
    EXPECT_TRUE(!merges || route.merge) << route.method;
  }
}

TEST(Routes, EveryMethodOfOurProtosHasOne) {
  for (const Route& route : Routes()) {
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileContainingSymbol(
        route.method.substr(0, route.method.find('/')));
    ASSERT_NE(file, nullptr) << route.method;
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const std::string name = absl::StrCat(file->service(s)->full_name(), "/", file->service(s)->method(m)->name());
        EXPECT_NE(FindRoute(name), nullptr) << name;
      }
    }
  }
}

TEST(Routes, ServicesAreCalledAsEverywhere) {
  for (const auto& [service, count] : System::Layout({})) {
    EXPECT_EQ(ServiceName(service), ServiceName(service));
    EXPECT_EQ(ServiceOf(ServiceName(service)), service);
  }
}

TEST_F(SystemTest, AFundDayOnTwoNodesIsTheSameDay) {
  ASSERT_NO_FATAL_FAILURE(Play(Market() + FirstDay() +
                               "2025-03-05 10:00 li redeems 100.00 units of 110022 -> accepted\n"
                               " yang redeems 200.00 units of 110022 -> accepted\n"
                               "2025-03-06 close\n"
                               " li balance available 28,500.00\n"
                               " books balance; breaks none\n"));
  EXPECT_GT(nodes_.calls_elsewhere(), 100);
}

TEST_F(SystemTest, AnswersOfAllPartitionsAreJoinedAsOneProcessJoinsThem) {
  ASSERT_NO_FATAL_FAILURE(Play(Market() + FirstDay()));
  trade::v1::DayCountsRequest counts;
  counts.set_ta_code("11");
  counts.set_day(20250303);
  EXPECT_EQ(Same<trade::v1::DayCountsResponse>("fundcore.trade.v1.TradeOps/DayCounts", counts).total(), 160u);

  trade::v1::OutcomesRequest outcomes;
  outcomes.set_day(20250303);
  EXPECT_GE(Same<trade::v1::OutcomesResponse>("fundcore.trade.v1.TradeOps/Outcomes", outcomes).counts_size(), 2);

  trade::v1::SealRequest seal;
  seal.set_ta_code("11");
  seal.set_day(20250303);
  seal.set_transfer_no(1);
  EXPECT_EQ(Same<trade::v1::SealResponse>("fundcore.trade.v1.TradeOps/Seal", seal).partitions_size(), 4);
  trade::v1::MarkDispatchedRequest mark;
  mark.set_ta_code("11");
  mark.set_day(20250303);
  mark.set_transfer_no(1);
  mark.set_file_name("again");
  Same<trade::v1::MarkDispatchedResponse>("fundcore.trade.v1.TradeOps/MarkDispatched", mark);
  Same<trade::v1::RecoveryStatusResponse>("fundcore.trade.v1.TradeOps/RecoveryStatus", trade::v1::RecoveryStatusRequest());

  account::v1::SealApplicationsRequest applications;
  applications.set_ta_code("11");
  applications.set_day(20250303);
  applications.set_transfer_no(1);
  const auto sealed =
      Same<account::v1::SealApplicationsResponse>("fundcore.account.v1.AccountOps/SealApplications", applications);
  ASSERT_EQ(sealed.partitions_size(), 4);
  EXPECT_GT(sealed.partitions(0).count() + sealed.partitions(2).count(), 0u) << "node a has nothing to say";
  EXPECT_GT(sealed.partitions(1).count() + sealed.partitions(3).count(), 0u) << "node b has nothing to say";

  account::v1::TrialBalanceRequest balance;
  balance.set_verify(true);
  const auto books = Same<account::v1::TrialBalanceResponse>("fundcore.account.v1.AccountService/TrialBalance", balance);
  EXPECT_TRUE(books.balanced());
  EXPECT_GT(books.units_size(), 4);
  account::v1::UnitTotalsRequest units;
  units.set_ta_code("11");
  EXPECT_EQ(Same<account::v1::UnitTotalsResponse>("fundcore.account.v1.AccountOps/UnitTotals", units).totals(0).holders(), 8u);
  account::v1::SettlementTotalsRequest totals;
  totals.set_ta_code("11");
  totals.set_confirm_day(20250304);
  EXPECT_GT(Same<account::v1::SettlementTotalsResponse>("fundcore.account.v1.AccountOps/SettlementTotals", totals).totals_size(), 0);

  EXPECT_GE(Same<clearing::v1::DayStatusResponse>("fundcore.clearing.v1.ClearingService/DayStatus",
                                                  clearing::v1::DayStatusRequest()).days_size(), 2);
  EXPECT_GE(Same<clearing::v1::ListFilesResponse>("fundcore.clearing.v1.ClearingService/ListFiles",
                                                  clearing::v1::ListFilesRequest()).files_size(), 2);
  Same<clearing::v1::ListBreaksResponse>("fundcore.clearing.v1.ClearingService/ListBreaks", clearing::v1::ListBreaksRequest());
  Same<clearing::v1::NudgeResponse>("fundcore.clearing.v1.ClearingService/Nudge", clearing::v1::NudgeRequest());

  EXPECT_EQ(nodes_.Call("fundcore.admin.v1.AdminService/Flush", admin::v1::FlushRequest(), std::make_unique<admin::v1::FlushResponse>().get(), kOperator),
            absl::OkStatus());
  // Refusals are the same, too.
  counts.set_day(20251399);
  Same<trade::v1::DayCountsResponse>("fundcore.trade.v1.TradeOps/DayCounts", counts);
  Same<trade::v1::OutcomesResponse>("fundcore.trade.v1.TradeOps/Outcomes", outcomes, "investor-app");
}

TEST_F(SystemTest, StateHashesCoverEachPartitionOfEachServiceOnce) {
  ASSERT_NO_FATAL_FAILURE(Play(Market()));
  admin::v1::StateHashesResponse routed, straight;
  ASSERT_TRUE(nodes_.Call("fundcore.admin.v1.AdminService/StateHashes", admin::v1::StateHashesRequest(), &routed, kOperator).ok());
  ASSERT_TRUE(nodes_.Straight("fundcore.admin.v1.AdminService/StateHashes", admin::v1::StateHashesRequest(), &straight, kOperator).ok());
  const auto rows = [](const admin::v1::StateHashesResponse& r) {
    std::multiset<std::string> out;
    for (const auto& row : r.partitions()) out.insert(absl::StrCat(row.service(), " ", row.partition()));
    return out;
  };
  EXPECT_EQ(rows(routed), rows(straight));
  EXPECT_EQ(routed.partitions_size(), 1 + 4 + 4 + 1 + 4 + 3 + 1);
  admin::v1::StateHashesRequest only;
  only.set_service("risk");
  ASSERT_TRUE(nodes_.Call("fundcore.admin.v1.AdminService/StateHashes", only, &routed, kOperator).ok());
  EXPECT_EQ(routed.partitions_size(), 4);
  only.set_service("nothing");
  EXPECT_EQ(nodes_.Call("fundcore.admin.v1.AdminService/StateHashes", only, &routed, kOperator).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(SystemTest, BatchesAreTakenApartAndAnsweredInOrder) {
  ASSERT_NO_FATAL_FAILURE(Play(Market()));
  std::set<int> halves;
  for (uint64_t investor : investors_) halves.insert(PartitionOf(InvestorId(investor)).raw() % 2);
  ASSERT_EQ(halves.size(), 2u) << "the market's investors all fall to one node";
  trade::v1::SubmitOrdersRequest orders;
  for (int i = 0; i < 200; ++i) {
    trade::v1::NewOrder* order = orders.add_orders();
    order->set_request_id(absl::StrCat("batch-", i));
    order->set_investor_id(i == 7 ? 999'000'000'001 : i == 8 ? 0 : investors_[static_cast<size_t>(i) % investors_.size()]);
    order->set_business(22);
    order->set_fund_code("110022");
    order->set_amount_fen(i == 9 ? -1 : 10'000 + i);
  }
  trade::v1::SubmitOrdersResponse response;
  ASSERT_TRUE(nodes_.Call("fundcore.trade.v1.TradeService/SubmitOrders", orders, &response, "app").ok());
  ASSERT_EQ(response.outcomes_size(), 200);
  trade::v1::FindOrdersRequest find;
  for (int i = 0; i < 200; ++i) {
    const auto& outcome = response.outcomes(i);
    trade::v1::OrderKey* key = find.add_keys();
    key->set_investor_id(orders.orders(i).investor_id());
    key->set_request_id(orders.orders(i).request_id());
    if (i >= 7 && i <= 9) {
      EXPECT_NE(outcome.code(), 0) << i;
      continue;
    }
    EXPECT_EQ(outcome.code(), 0) << i << " " << outcome.message();
    EXPECT_EQ(PartitionOf(OrderId(outcome.order_id())), PartitionOf(InvestorId(orders.orders(i).investor_id()))) << i;
  }
  const auto found = Same<trade::v1::FindOrdersResponse>("fundcore.trade.v1.TradeService/FindOrders", find, "app");
  ASSERT_EQ(found.orders_size(), 200);
  for (int i = 10; i < 200; ++i) EXPECT_EQ(found.orders(i).amount_fen(), 10'000 + i);
  EXPECT_EQ(Same<trade::v1::FindOrdersResponse>("fundcore.trade.v1.TradeService/FindOrders", find, "another app").orders(50).order_id(), 0u)
      << "the caller's name goes with the call";

  // Too many are refused as one process refuses them, however small the parts would be.
  while (orders.orders_size() <= 8'000) *orders.add_orders() = orders.orders(0);
  EXPECT_EQ(rpc::ReasonOf(nodes_.Call("fundcore.trade.v1.TradeService/SubmitOrders", orders, &response, "app")), "TOO_MANY_ORDERS");
  EXPECT_TRUE(nodes_.Call("fundcore.trade.v1.TradeService/SubmitOrders", trade::v1::SubmitOrdersRequest(), &response, "app").ok());

  trade::v1::ClaimSerialsRequest claims;
  for (int i = 0; i < 50; ++i) {
    trade::v1::SerialClaim* claim = claims.add_claims();
    claim->set_request_id(absl::StrCat("serial-", i));
    claim->set_digest(std::string(32, 'd'));
  }
  trade::v1::ClaimSerialsResponse claimed;
  ASSERT_TRUE(nodes_.Call("fundcore.trade.v1.TradeService/ClaimSerials", claims, &claimed, "app").ok());
  EXPECT_EQ(claimed.outcomes_size(), 50);
  claims.mutable_claims(31)->set_digest(std::string(32, 'e'));
  claimed = Same<trade::v1::ClaimSerialsResponse>("fundcore.trade.v1.TradeService/ClaimSerials", claims, "app");
  for (int i = 0; i < 50; ++i) EXPECT_EQ(claimed.outcomes(i).conflict(), i == 31) << i;
}

TEST_F(SystemTest, TradingAccountsAreLinkedAndResolvedAcrossOwners) {
  ASSERT_NO_FATAL_FAILURE(Play(Market() + FirstDay()));
  account::v1::ResolveTradingAccountsRequest resolve;
  for (int i = 0; i < 24; ++i) {
    account::v1::LinkTradingAccountRequest link;
    link.set_distributor("301");
    link.set_trading_account(absl::StrCat("outside-", i));
    link.set_investor_id(investors_[static_cast<size_t>(i) % investors_.size()]);
    account::v1::LinkTradingAccountResponse linked;
    ASSERT_TRUE(nodes_.Call("fundcore.account.v1.AccountService/LinkTradingAccount", link, &linked, "app").ok());
    EXPECT_FALSE(linked.existed());
    ASSERT_TRUE(nodes_.Call("fundcore.account.v1.AccountService/LinkTradingAccount", link, &linked, "app").ok());
    EXPECT_TRUE(linked.existed());
    auto* key = resolve.add_keys();
    key->set_distributor("301");
    key->set_trading_account(absl::StrCat(i % 5 == 4 ? "nobodys-" : "outside-", i));
    if (i % 2 == 0) key->set_ta_code("11");
    // Somebody who does not exist is refused by the first owner, and nothing is linked at the second.
    link.set_trading_account(absl::StrCat("wrong-", i));
    link.set_investor_id(link.investor_id() + 1'000);
    const absl::Status refused = nodes_.Call("fundcore.account.v1.AccountService/LinkTradingAccount", link, &linked, "app");
    EXPECT_EQ(refused.code(), absl::StatusCode::kNotFound) << refused;
  }
  const auto resolved = Same<account::v1::ResolveTradingAccountsResponse>(
      "fundcore.account.v1.AccountService/ResolveTradingAccounts", resolve, "app");
  ASSERT_EQ(resolved.accounts_size(), 24);
  for (int i = 0; i < 24; ++i) {
    const bool linked = i % 5 != 4;
    EXPECT_EQ(resolved.accounts(i).investor_id(), linked ? investors_[static_cast<size_t>(i) % investors_.size()] : 0u);
    EXPECT_EQ(resolved.accounts(i).ta_account().empty(), !linked || i % 2 == 1) << i;
  }
  // What siblings add to a key no client may.
  resolve.mutable_keys(0)->set_investor_id(investors_[1]);
  account::v1::ResolveTradingAccountsResponse response;
  EXPECT_EQ(nodes_.Straight("fundcore.account.v1.AccountService/ResolveTradingAccounts", resolve, &response, "app").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SystemTest, TheSameCertificateIsTheSameInvestorWhoeverIsAsked) {
  ASSERT_NO_FATAL_FAILURE(Play(Market()));
  account::v1::OpenInvestorRequest open;
  open.set_request_id("open-1");
  open.set_name("Someone");
  open.set_certificate_type("0");
  for (int i = 0; i < 8; ++i) {
    open.set_certificate_no(absl::StrCat("11010119900307100", i, "x"));
    account::v1::OpenInvestorResponse first, again;
    ASSERT_TRUE(nodes_.Call("fundcore.account.v1.AccountService/OpenInvestor", open, &first, "app").ok());
    open.set_certificate_no(absl::StrCat("11010119900307100", i, "X"));
    ASSERT_TRUE(nodes_.Straight("fundcore.account.v1.AccountService/OpenInvestor", open, &again, "app").ok());
    EXPECT_FALSE(first.existed());
    EXPECT_TRUE(again.existed());
    EXPECT_EQ(first.investor_id(), again.investor_id());
  }
}

TEST_F(SystemTest, WithoutAnOwnerThereIsNoAnswerRatherThanHalfOfOne) {
  ASSERT_NO_FATAL_FAILURE(Play(Market()));
  nodes_.ForgetB();
  trade::v1::DayCountsRequest counts;
  counts.set_ta_code("11");
  counts.set_day(20250303);
  trade::v1::DayCountsResponse response;
  const absl::Status status = nodes_.Call("fundcore.trade.v1.TradeOps/DayCounts", counts, &response, kOperator);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ReasonOf(status), "NO_OWNER");
  EXPECT_THAT(std::string(status.message()), HasSubstr("trade partition 1"));
}

}  // namespace
}  // namespace fundcore::cluster
