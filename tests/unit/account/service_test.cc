// The service on simulated executors, log and peers: the faces that trade, clearing and apps call, and the payment worker
// against a bank that fails first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/log/memory.h"
#include "common/rpc/direct.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"
#include "fundcore/product/v1/product.pb.h"
#include "services/account/service.h"

namespace fundcore::account {
namespace {

constexpr uint16_t kPartitions = 4;

// A bank that remembers its instructions and can be down.
struct Bank {
  int down_for = 0;
  int calls = 0;
  bool refuse = false;
  std::map<std::string, int64_t> done;
  void Register(rpc::Handlers* handlers) {
    handlers->Unary<bank::v1::ExecuteRequest, bank::v1::ExecuteResponse>(
        "fundcore.bank.v1.BankService/Execute", [this](const rpc::Call&, const bank::v1::ExecuteRequest& request,
                                                       bank::v1::ExecuteResponse* response, rpc::Reply reply) {
          ++calls;
          if (down_for-- > 0) return reply(absl::UnavailableError("the bank is closed"));
          for (const auto& i : request.instructions()) {
            done.emplace(i.instruction_id(), i.amount_fen());
            auto* result = response->add_results();
            result->set_done(!refuse);
            if (refuse) result->set_reason("NO_MONEY");
          }
          reply(absl::OkStatus());
        });
    handlers->Unary<product::v1::FactsRequest, product::v1::FactsResponse>(
        "fundcore.product.v1.ProductOps/Facts",
        [](const rpc::Call&, const product::v1::FactsRequest&, product::v1::FactsResponse*, rpc::Reply reply) {
          reply(absl::OkStatus());
        });
  }
};

class AccountServiceTest : public ::testing::Test {
 protected:
  AccountServiceTest()
      : world_({.seed = 7, .start = TimePoint::At(Date::FromRaw(20250303), TimeOfDay::Hms(10, 0))}),
        log_(&world_),
        vault_(Vault::FromKey(std::array<uint8_t, Vault::kKeyBytes>{1, 2, 3})) {
    bank_.Register(&outside_);
    Serve();
  }
  ~AccountServiceTest() override {
    peers_->Route("fundcore.bank.v1.", nullptr);
    peers_->Route("fundcore.product.v1.", nullptr);
    for (Executor* e : executors_) world_.Kill(static_cast<SimExecutor*>(e));
  }

  bool leased_ = false;
  void Serve() {
    executors_ = {world_.MakeExecutor("a0"), world_.MakeExecutor("a1")};
    peers_ = std::make_unique<rpc::DirectPeers>(rpc::Faults{.seed = 3}, CallerId("fundcore/account"));
    peers_->Route("fundcore.bank.v1.", &outside_);
    peers_->Route("fundcore.product.v1.", &outside_);
    ServiceDeps deps;
    deps.executors = executors_;
    deps.log = &log_;
    deps.store = &store_;
    deps.peers = peers_.get();
    deps.vault = &vault_;
    deps.partitions = kPartitions;
    deps.owner = ++owner_;
    deps.leased = leased_;
    service_ = std::make_unique<AccountServiceImpl>(deps);
    handlers_ = std::make_unique<rpc::Handlers>();
    service_->Register(handlers_.get());
    FC_CHECK(service_->host()->Recover().ok());
    FC_CHECK(log_.Start().ok());
    bool serving = false;
    service_->host()->WhenServing([&] { serving = true; });
    FC_CHECK(world_.RunUntil([&] { return serving; }));
    service_->Start();
  }
  // The process dies and comes back; what was not flushed to the store is replayed from the log.
  void Restart() {
    for (Executor* e : executors_) world_.Kill(static_cast<SimExecutor*>(e));
    log_.Crash();
    store_.Crash();
    service_.reset();
    Serve();
  }

  template <class Resp, class Req>
  absl::Status Call(const std::string& method, const Req& request, Resp* response, rpc::Call call = {.internal = true}) {
    absl::Status status;
    bool done = false;
    call.caller = call.caller.empty() ? CallerId("app") : call.caller;
    handlers_->Find("fundcore.account.v1." + method)->unary(call, request, response, [&](absl::Status s) {
      status = std::move(s);
      done = true;
    });
    EXPECT_TRUE(world_.RunUntil([&] { return done; }, Duration::Seconds(60))) << method;
    return status;
  }
  uint64_t Open(const std::string& certificate) {
    v1::OpenInvestorRequest q;
    q.set_name("李小明");
    q.set_certificate_type("0");
    q.set_certificate_no(certificate);
    v1::OpenInvestorResponse a;
    EXPECT_TRUE(Call("AccountService/OpenInvestor", q, &a).ok());
    v1::AddCardRequest card;
    card.set_investor_id(a.investor_id());
    card.set_bank_code("001");
    card.set_card_no("6222000011116789");
    v1::AddCardResponse added;
    EXPECT_TRUE(Call("AccountService/AddCard", card, &added).ok());
    return a.investor_id();
  }
  v1::PaymentRequest Payment(uint64_t investor, const std::string& id, int64_t fen) {
    v1::PaymentRequest q;
    q.set_request_id(id);
    q.set_investor_id(investor);
    q.set_card_id(1);
    q.set_amount_fen(fen);
    return q;
  }
  v1::PaymentResponse Deposit(uint64_t investor, const std::string& id, int64_t fen, rpc::Call call = {}) {
    v1::PaymentResponse a;
    const absl::Status s = Call("AccountService/Deposit", Payment(investor, id, fen), &a, call);
    EXPECT_TRUE(s.ok()) << s;
    return a;
  }
  v1::GetAccountResponse Account(uint64_t investor) {
    v1::GetAccountRequest q;
    q.set_investor_id(investor);
    v1::GetAccountResponse a;
    EXPECT_TRUE(Call("AccountService/GetAccount", q, &a).ok());
    return a;
  }
  static void AddBuy(v1::ReserveRequest* q, uint64_t investor, uint64_t seq, int64_t fen) {
    v1::ReserveItem* item = q->add_items();
    item->set_order_id(MakeOrderId(PartitionOf(InvestorId(investor)), seq).raw());
    item->set_investor_id(investor);
    item->set_business(22);
    item->set_fund_code("110022");
    item->set_ta_code("11");
    item->set_amount_fen(fen);
    item->set_trade_day(20250303);
  }
  void ExpectBalanced() {
    v1::TrialBalanceRequest q;
    q.set_verify(true);
    v1::TrialBalanceResponse a;
    EXPECT_TRUE(Call("AccountService/TrialBalance", q, &a).ok());
    EXPECT_TRUE(a.balanced()) << a.difference();
  }

  SimWorld world_;
  MemoryLog log_;
  MemoryStore store_;
  Vault vault_;
  Bank bank_;
  rpc::Handlers outside_;
  uint64_t owner_ = 0;
  std::vector<Executor*> executors_;
  std::unique_ptr<rpc::DirectPeers> peers_;
  std::unique_ptr<AccountServiceImpl> service_;
  std::unique_ptr<rpc::Handlers> handlers_;
};

TEST_F(AccountServiceTest, PersonalDataIsShownMaskedOnly) {
  const uint64_t li = Open("11010119900307123x");
  EXPECT_EQ(Open("11010119900307123X"), li);
  const auto account = Account(li);
  EXPECT_EQ(account.name_masked(), "李**");
  ASSERT_EQ(account.cards_size(), 1);
  EXPECT_EQ(account.cards(0).card_no_masked(), "**** 6789");
}

TEST_F(AccountServiceTest, ADepositOutlastsABankThatIsDown) {
  const uint64_t li = Open("1");
  bank_.down_for = 5;
  const auto first = Deposit(li, "r1", 10'000);
  EXPECT_EQ(first.state(), v1::DONE);
  EXPECT_GT(bank_.calls, 5);
  EXPECT_EQ(bank_.done.size(), 1u);
  const auto again = Deposit(li, "r1", 10'000);
  EXPECT_TRUE(again.repeated());
  EXPECT_EQ(again.payment_id(), first.payment_id());
  EXPECT_EQ(Account(li).available_fen(), 10'000);
  v1::PaymentResponse other;
  const absl::Status s = Call("AccountService/Deposit", Payment(li, "r1", 9'999), &other);
  EXPECT_EQ(s.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(rpc::ReasonOf(s), "REQUEST_ID_REUSED");
}

TEST_F(AccountServiceTest, WithoutAnAnswerByTheDeadlineItIsPendingAndSurvivesACrash) {
  const uint64_t li = Open("1");
  bank_.down_for = 1'000'000;
  const auto asked = Deposit(li, "r1", 10'000, {.deadline = Duration::Seconds(2)});
  EXPECT_EQ(asked.state(), v1::PENDING);
  Restart();
  bank_.down_for = 0;
  const auto again = Deposit(li, "r1", 10'000);
  EXPECT_EQ(again.payment_id(), asked.payment_id());
  EXPECT_EQ(again.state(), v1::DONE);
  EXPECT_EQ(Account(li).available_fen(), 10'000);
  ExpectBalanced();
}

TEST_F(AccountServiceTest, ARefusedDepositFailsWithTheBanksReason) {
  const uint64_t li = Open("1");
  bank_.refuse = true;
  const auto paid = Deposit(li, "r1", 10'000);
  EXPECT_EQ(paid.state(), v1::FAILED);
  EXPECT_EQ(paid.reason(), "NO_MONEY");
  EXPECT_EQ(Account(li).available_fen(), 0);
}

TEST_F(AccountServiceTest, ABatchIsReservedOverAllPartitionsAndAnswersInOrder) {
  std::vector<uint64_t> investors;
  v1::ReserveRequest q;
  for (int i = 0; i < 20; ++i) {
    investors.push_back(Open(StrCat("certificate-", i)));
    Deposit(investors.back(), "r", 1'000);
  }
  for (uint64_t i = 0; i < 20; ++i) AddBuy(&q, investors[i], i + 1, i % 2 ? 600 : 6'000);
  for (int twice = 0; twice < 2; ++twice) {
    v1::ReserveResponse a;
    ASSERT_TRUE(Call("AccountOps/Reserve", q, &a).ok());
    ASSERT_EQ(a.outcomes_size(), 20);
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(a.outcomes(i).reason_name(), i % 2 ? "" : "NOT_ENOUGH_CASH");
    }
  }
  EXPECT_EQ(Account(investors[1]).reserved_fen(), 600);
  ExpectBalanced();
  Restart();
  EXPECT_EQ(Account(investors[1]).reserved_fen(), 600);
  v1::ReleaseRequest release;
  release.add_items()->set_order_id(q.items(1).order_id());
  v1::ReleaseResponse released;
  EXPECT_TRUE(Call("AccountOps/Release", release, &released).ok());
  EXPECT_EQ(Account(investors[1]).reserved_fen(), 0);
  ExpectBalanced();
}

TEST_F(AccountServiceTest, WhatIsOverIsReleasedBeforeTheNextReservation) {
  const uint64_t li = Open("1");
  Deposit(li, "r", 1'000);
  v1::ReserveRequest first, second;
  AddBuy(&first, li, 1, 900);
  AddBuy(&second, li, 2, 800);
  second.mutable_items(0)->add_release_first(first.items(0).order_id());
  second.mutable_items(0)->add_release_first(MakeOrderId(PartitionId(900), 1).raw());  // none of this partition
  v1::ReserveResponse a;
  ASSERT_TRUE(Call("AccountOps/Reserve", first, &a).ok());
  for (int twice = 0; twice < 2; ++twice) {
    a.Clear();
    ASSERT_TRUE(Call("AccountOps/Reserve", second, &a).ok());
    EXPECT_EQ(a.outcomes(0).reason_name(), "");
    EXPECT_EQ(Account(li).reserved_fen(), 800);
  }
  ExpectBalanced();
  for (int i = 0; i < 64; ++i) second.mutable_items(0)->add_release_first(1);
  EXPECT_EQ(Call("AccountOps/Reserve", second, &a).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(AccountServiceTest, BadShapesAndForeignCallersAreTurnedAway) {
  v1::ReserveRequest q;
  AddBuy(&q, 1, 1, -5);
  v1::ReserveResponse a;
  EXPECT_EQ(Call("AccountOps/Reserve", q, &a).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Call("AccountOps/Reserve", q, &a, {.caller = CallerId("app")}).code(), absl::StatusCode::kPermissionDenied);
  v1::GetAccountRequest get;
  get.set_investor_id(MakeInvestorId(PartitionId(900), 1).raw());
  v1::GetAccountResponse account;
  EXPECT_EQ(Call("AccountService/GetAccount", get, &account).code(), absl::StatusCode::kNotFound);
  v1::PaymentResponse paid;
  EXPECT_EQ(Call("AccountService/Deposit", Payment(1, "r", 0), &paid).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(AccountServiceTest, ApplicationsAreSealedAndPulledInClear) {
  const uint64_t li = Open("110101199003071234");
  Deposit(li, "r", 1'000);
  v1::ReserveRequest q;
  AddBuy(&q, li, 1, 100);
  v1::ReserveResponse a;
  ASSERT_TRUE(Call("AccountOps/Reserve", q, &a).ok());
  v1::SealApplicationsRequest seal;
  seal.set_ta_code("11");
  seal.set_day(20250303);
  seal.set_transfer_no(1);
  v1::SealApplicationsResponse sealed, again;
  ASSERT_TRUE(Call("AccountOps/SealApplications", seal, &sealed).ok());
  ASSERT_TRUE(Call("AccountOps/SealApplications", seal, &again).ok());
  EXPECT_EQ(sealed.SerializeAsString(), again.SerializeAsString());
  const uint16_t p = PartitionOf(InvestorId(li)).raw();
  EXPECT_EQ(sealed.partitions(p).count(), 1u);
  v1::PullApplicationsRequest pull;
  pull.set_partition(p);
  pull.set_ta_code("11");
  pull.set_day(20250303);
  pull.set_transfer_no(1);
  v1::PullApplicationsResponse page;
  ASSERT_TRUE(Call("AccountOps/PullApplications", pull, &page).ok());
  ASSERT_EQ(page.applications_size(), 1);
  EXPECT_TRUE(page.last_page());
  EXPECT_EQ(page.applications(0).name(), "李小明");
  EXPECT_EQ(page.applications(0).certificate_no(), "110101199003071234");
  EXPECT_EQ(FormatOrderId(OrderId(page.applications(0).application_id())).substr(3), "90000000000001");
}

TEST_F(AccountServiceTest, ConfirmationsTotalsAndSettlement) {
  const uint64_t li = Open("1");
  Deposit(li, "r", 1'000'00);
  v1::ReserveRequest q;
  AddBuy(&q, li, 1, 600'00);
  v1::ReserveResponse a;
  ASSERT_TRUE(Call("AccountOps/Reserve", q, &a).ok());
  trade::v1::ApplyConfirmationsRequest file;
  file.set_partition(PartitionOf(InvestorId(li)).raw());
  file.set_ta_code("11");
  file.set_file_hash(std::string(32, 'h'));
  file.set_file_name("04");
  auto* line = file.add_lines();
  line->set_line(1);
  line->set_order_id(q.items(0).order_id());
  line->set_investor_id(li);
  line->set_business(122);
  line->set_return_code("0000");
  line->set_fund_code("110022");
  line->set_ta_serial("S1");
  line->set_confirm_day(20250304);
  line->set_confirmed_amount_fen(600'00);
  line->set_confirmed_units_e2(500'00);
  line->set_nav_e8(120000000);
  v1::ApplyResult applied;
  ASSERT_TRUE(Call("AccountOps/ApplyConfirmations", file, &applied).ok());
  EXPECT_EQ(applied.next_index(), 1u);
  file.set_first_index(2);
  v1::ApplyResult gap;
  const absl::Status refused = Call("AccountOps/ApplyConfirmations", file, &gap);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("expects index 1"));

  v1::UnitTotalsRequest units;
  units.set_ta_code("11");
  v1::UnitTotalsResponse unit_totals;
  ASSERT_TRUE(Call("AccountOps/UnitTotals", units, &unit_totals).ok());
  ASSERT_EQ(unit_totals.totals_size(), 1);
  EXPECT_EQ(unit_totals.totals(0).units_e2(), 500'00);
  EXPECT_EQ(unit_totals.totals(0).holders(), 1u);

  v1::SettlementTotalsRequest totals;
  totals.set_ta_code("11");
  totals.set_confirm_day(20250304);
  v1::SettlementTotalsResponse sums;
  ASSERT_TRUE(Call("AccountOps/SettlementTotals", totals, &sums).ok());
  ASSERT_EQ(sums.totals_size(), 1);
  EXPECT_EQ(sums.totals(0).pay_fen(), 600'00);
  v1::SettleRequest settle;
  settle.set_ta_code("11");
  settle.set_confirm_day(20250304);
  settle.set_fund_code("110022");
  settle.set_business(122);
  settle.set_payment_reference("p1");
  for (int i = 0; i < 2; ++i) {
    v1::SettleResponse settled;
    ASSERT_TRUE(Call("AccountOps/Settle", settle, &settled).ok());
    EXPECT_EQ(settled.settled_fen(), 600'00);
  }
  ExpectBalanced();

  v1::CheckBalancesRequest balances;
  balances.set_partition(file.partition());
  balances.set_ta_code("11");
  auto* balance = balances.add_lines();
  balance->set_line(1);
  balance->set_investor_id(li);
  balance->set_fund_code("110022");
  balance->set_total_units_e2(500'01);
  v1::CheckBalancesResponse findings;
  ASSERT_TRUE(Call("AccountOps/CheckBalances", balances, &findings).ok());
  ASSERT_EQ(findings.findings_size(), 1);
  EXPECT_EQ(findings.findings(0).rule(), "UNITS_DIFFER");
}

TEST_F(AccountServiceTest, TradingAccountsOfOthersAreLinkedOnce) {
  const uint64_t li = Open("1"), wang = Open("2");
  const auto link = [&](const std::string& account, uint64_t investor, v1::LinkTradingAccountResponse* a) {
    v1::LinkTradingAccountRequest q;
    q.set_distributor("996");
    q.set_trading_account(account);
    q.set_investor_id(investor);
    return Call("AccountService/LinkTradingAccount", q, a);
  };
  v1::LinkTradingAccountResponse first, again, other;
  ASSERT_TRUE(link("T1", li, &first).ok());
  EXPECT_FALSE(first.existed());
  Restart();
  ASSERT_TRUE(link("T1", li, &again).ok());
  EXPECT_TRUE(again.existed());
  const absl::Status taken = link("T1", wang, &other);
  EXPECT_EQ(taken.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(rpc::ReasonOf(taken), "TRADING_ACCOUNT_LINKED");
  EXPECT_EQ(link("T2", 2'000'000'999, &other).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(link("", li, &other).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(link(std::string(25, 'x'), li, &other).code(), absl::StatusCode::kInvalidArgument);

  // An order opens the way to a fund account; until it is open there is no number to compare.
  Deposit(li, "r1", 1'000);
  v1::ReserveRequest reserve;
  AddBuy(&reserve, li, 1, 100);
  v1::ReserveResponse reserved;
  ASSERT_TRUE(Call("AccountOps/Reserve", reserve, &reserved).ok());
  v1::ResolveTradingAccountsRequest q;
  for (const char* account : {"T1", "T9", "T1"}) {
    auto* key = q.add_keys();
    key->set_distributor("996");
    key->set_trading_account(account);
    key->set_ta_code("11");
  }
  q.mutable_keys(2)->set_distributor("997");  // the same account number at another distributor
  v1::ResolveTradingAccountsResponse a;
  ASSERT_TRUE(Call("AccountService/ResolveTradingAccounts", q, &a).ok());
  ASSERT_EQ(a.accounts_size(), 3);
  EXPECT_EQ(a.accounts(0).investor_id(), li);
  EXPECT_EQ(a.accounts(0).ta_account(), "");
  EXPECT_EQ(a.accounts(1).investor_id(), 0u);
  EXPECT_EQ(a.accounts(2).investor_id(), 0u);
}

TEST_F(AccountServiceTest, AFundAccountOfAnUnknownInstitutionIsNotAppliedFor) {
  v1::OpenFundAccountRequest q;
  q.set_investor_id(Open("1"));
  q.set_ta_code("11");
  v1::OpenFundAccountResponse a;
  EXPECT_EQ(rpc::ReasonOf(Call("AccountService/OpenFundAccount", q, &a)), "INSTITUTION_UNKNOWN");
}

TEST_F(AccountServiceTest, TheLedgerIsPagedNewestFirst) {
  const uint64_t li = Open("1"), other = Open("2");
  for (int i = 1; i <= 5; ++i) Deposit(li, StrCat("r", i), i);
  v1::ListLedgerRequest q;
  q.set_investor_id(li);
  q.set_page_size(3);
  v1::ListLedgerResponse first, second, stolen;
  ASSERT_TRUE(Call("AccountService/ListLedger", q, &first).ok());
  ASSERT_EQ(first.lines_size(), 3);
  EXPECT_EQ(first.lines(0).amount_fen(), 5);
  EXPECT_EQ(first.lines(0).from_leg(), "BANK");
  q.set_page_token(first.next_page_token());
  ASSERT_TRUE(Call("AccountService/ListLedger", q, &second).ok());
  ASSERT_EQ(second.lines_size(), 2);
  EXPECT_TRUE(second.next_page_token().empty());
  q.set_investor_id(other);
  EXPECT_EQ(Call("AccountService/ListLedger", q, &stolen).code(), absl::StatusCode::kInvalidArgument);
}

// Somebody else owns the partitions, and this process has not read so far yet: what it would add up is of the past.
TEST_F(AccountServiceTest, SumsAreNotToldByOneWhoMayHaveBeenTakenOver) {
  leased_ = true;
  Restart();
  const uint64_t li = Open("110101199003071234");
  Deposit(li, "d1", 100'00);
  v1::TrialBalanceRequest q;
  v1::TrialBalanceResponse a;
  ASSERT_TRUE(Call("AccountService/TrialBalance", q, &a).ok());
  world_.RunUntilIdle(Duration::Seconds(3));
  ASSERT_TRUE(Call("AccountService/TrialBalance", q, &a).ok()) << "nobody took over: a record of its own says so";
  world_.RunUntilIdle(Duration::Seconds(3));
  for (uint16_t p = 0; p < kPartitions; ++p) {
    const uint64_t epoch = service_->machines().At(PartitionId(p)).state().meta.epoch;
    log_.Append({{{ServiceId::kAccount, PartitionId(p)},
                  machine::RecordBuilder::Own({machine::RecordKind::kOwn, epoch + 1, 999, 0, world_.Now()})}},
                nullptr);
  }
  EXPECT_EQ(Call("AccountService/TrialBalance", q, &a).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace fundcore::account
