// Importing and answering a file against a server that keeps trade's promises: the same request id gives the same order,
// other content is refused, and trouble comes as often as a test wants it.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>

#include "common/ofd/reader.h"
#include "common/rpc/handlers.h"
#include "common/rpc/server.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/fundctl/orders_03.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

using ::testing::HasSubstr;
namespace v1 = trade::v1;

class OrdersByFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "orders-by-file-" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
    Serve<product::v1::ListInstitutionsRequest, product::v1::ListInstitutionsResponse>(
        "product.v1.ProductService/ListInstitutions", [](const auto&, auto* r) {
          auto* i = r->add_institutions();
          i->set_ta_code("H0");
          i->set_distributor_code("301");
          i->set_calendar("XSHG");
        });
    Serve<product::v1::ListFundsRequest, product::v1::ListFundsResponse>("product.v1.ProductService/ListFunds",
                                                                         [](const auto&, auto* r) {
                                                                           for (const auto& [code, ta] : {std::pair("000198", "H0"), {"000199", "H0"}, {"000777", "K1"}}) {
                                                                             auto* f = r->add_funds();
                                                                             f->set_fund_code(code);
                                                                             f->set_ta_code(ta);
                                                                           }
                                                                         });
    Serve<account::v1::ResolveTradingAccountsRequest, account::v1::ResolveTradingAccountsResponse>(
        "account.v1.AccountService/ResolveTradingAccounts", [this](const auto& q, auto* r) {
          for (const auto& key : q.keys()) {
            auto* a = r->add_accounts();
            const auto it = investors_.find(key.trading_account());
            if (it == investors_.end()) continue;
            a->set_investor_id(it->second);
            a->set_ta_account("99000000000" + key.trading_account().substr(1));
          }
        });
    Serve<v1::ClaimSerialsRequest, v1::ClaimSerialsResponse>(
        "trade.v1.TradeService/ClaimSerials", [this](const auto& q, auto* r) {
          for (const auto& claim : q.claims()) {
            const auto [it, fresh] = claims_.emplace(claim.request_id(), claim.digest());
            auto* out = r->add_outcomes();
            out->set_repeated(!fresh);
            out->set_conflict(it->second != claim.digest());
          }
        });
    Serve<v1::SubmitOrdersRequest, v1::SubmitOrdersResponse>(
        "trade.v1.TradeService/SubmitOrders", [this](const auto& q, auto* r) {
          ++submits_;
          for (const auto& order : q.orders()) Submit(order, r->add_outcomes());
        });
    Serve<v1::FindOrdersRequest, v1::FindOrdersResponse>("trade.v1.TradeService/FindOrders",
                                                         [this](const auto& q, auto* r) {
                                                           for (const auto& key : q.keys()) {
                                                             auto* out = r->add_orders();
                                                             const auto it = orders_.find(key.request_id());
                                                             if (it != orders_.end() && key.from_file()) *out = it->second;
                                                           }
                                                         });
    auto server = rpc::RpcServer::Start(&handlers_, {.listen = {"127.0.0.1:0"}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    auto remote = Remote::Open({.address = server_->addresses()[0], .patience = Duration::Millis(400)});
    ASSERT_TRUE(remote.ok());
    remote_ = std::make_unique<Remote>(*std::move(remote));
  }
  void TearDown() override {
    server_->Stop(Duration::Seconds(1));
    std::filesystem::remove_all(folder_);
  }

  template <class Req, class Resp, class F>
  void Serve(std::string_view method, F fill) {
    handlers_.Unary<Req, Resp>(StrCat("fundcore.", method),
                               [this, fill](const rpc::Call&, const Req& q, Resp* r, rpc::Reply reply) {
                                 const std::lock_guard lock(mutex_);
                                 fill(q, r);
                                 reply(absl::OkStatus());
                               });
  }
  void Submit(const v1::NewOrder& order, v1::OrderOutcome* out) {
    if (trouble_ > 0) {
      --trouble_;
      out->set_code(static_cast<int>(absl::StatusCode::kUnavailable));
      out->set_reason("NOT_SERVING");
      return;
    }
    const auto [it, fresh] = orders_.try_emplace(order.request_id());
    v1::Order& o = it->second;
    if (fresh) {
      o.set_order_id(100'000'000'000'000 + orders_.size());
      o.set_state(order.amount_fen() == 66'600 ? v1::REJECTED : v1::ACCEPTED);
      if (o.state() == v1::REJECTED) o.set_reason("NOT_ENOUGH_CASH");
      o.set_amount_fen(order.amount_fen());
      o.set_business(order.business());
      o.set_units_e2(order.units_e2());
      o.set_target_fund_code(order.target_fund_code());
      *o.mutable_origin() = order.origin();
    }
    out->set_order_id(o.order_id());
    out->set_state(o.state());
    out->set_reason(o.reason());
    out->set_repeated(!fresh);
    out->set_trade_day(order.trade_day_wanted());
  }
  void ConfirmAll(Date day) {
    int n = 0;
    for (auto& [id, o] : orders_) {
      if (o.state() != v1::ACCEPTED) continue;
      o.set_state(v1::CONFIRMED);
      o.set_return_code("0000");
      o.set_confirm_day(day.raw());
      o.set_confirmed_business(122);
      o.set_ta_serial(StrCat("TA", ++n));
      o.set_ta_account("990000000001");
      o.set_confirmed_amount_fen(o.amount_fen());
      o.set_confirmed_units_e2(o.amount_fen() - 50);
      o.set_fee_fen(50);
      o.set_nav_e8(100'000'000);
      if (o.business() != 36) continue;
      o.set_confirmed_business(138);  // an institution that answers with 138 and 137
      o.set_confirmed_amount_fen(5'100);
      o.set_confirmed_units_e2(o.units_e2());
      o.set_target_units_e2(2'475);
      o.set_target_nav_e8(200'000'000);
      o.set_difference_fee_fen(25);
    }
  }

  std::string Put(const File03& file) {
    const std::string path = folder_ + "/" + file.Name();
    std::ofstream(path, std::ios::binary) << file.Bytes();
    return path;
  }
  // The import as people see it; its exit code in *code.
  std::string Import(const std::string& path, int* code, ImportOptions o = {}) {
    o.file = path;
    const Result r = ImportOrders(*remote_, o);
    *code = r.ok() ? r->exit_code : ExitCodeOf(r.status());
    return r.ok() ? r->Json() : std::string(r.status().message());
  }
  std::string Read(const std::string& name) {
    std::ostringstream all;
    all << std::ifstream(folder_ + "/" + name, std::ios::binary).rdbuf();
    return all.str();
  }

  std::mutex mutex_;
  std::map<std::string, uint64_t> investors_ = {{"T1", 1'000'000'001}, {"T2", 1'000'000'002}};
  std::map<std::string, std::string> claims_;
  std::map<std::string, v1::Order> orders_;
  int submits_ = 0;
  int trouble_ = 0;
  rpc::Handlers handlers_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::unique_ptr<Remote> remote_;
  std::string folder_;
};

const File03 kTwo{.lines = {{.serial = "A1", .account = "T1"}, {.serial = "A2", .account = "T2", .amount = 200}}};

TEST_F(OrdersByFile, EveryLineIsAnOrderOnce) {
  int code = -1;
  const std::string path = Put(kTwo);
  EXPECT_THAT(Import(path, &code), HasSubstr(R"("lines":2,"accepted":2,"repeated":0)"));
  EXPECT_EQ(code, 0);
  EXPECT_THAT(Import(path, &code), HasSubstr(R"("accepted":0,"repeated":2)"));
  EXPECT_EQ(code, 0);
  EXPECT_EQ(orders_.size(), 2u);
  EXPECT_EQ(orders_.at("03/996/H0/A2").origin().serial(), "A2");
}

TEST_F(OrdersByFile, AClientThatDiesInTheMiddleDoublesNothing) {
  File03 file;
  for (int i = 0; i < 25; ++i) file.lines.push_back({.serial = StrCat("S", i), .account = i % 2 ? "T1" : "T2"});
  const std::string path = Put(file);
  int code = -1;
  for (int stop : {1, 3, 2}) {
    int batches = 0;
    Import(path, &code, {.batch = 4, .after_batch = [&] { return ++batches < stop; }});
    EXPECT_NE(code, 0);
  }
  EXPECT_EQ(orders_.size(), 12u);
  EXPECT_THAT(Import(path, &code, {.batch = 7}), HasSubstr(R"("accepted":13,"repeated":12)"));
  EXPECT_EQ(code, 0);
  EXPECT_EQ(orders_.size(), 25u);
}

TEST_F(OrdersByFile, TheSameSerialWithOtherContentIsShown) {
  int code = -1;
  Import(Put(kTwo), &code);
  File03 changed = kTwo;
  changed.lines[0].account = "T2";  // another investor: his orders know nothing of the serial, its claim does
  changed.lines[1].more = {{"Broker", "x"}};
  const std::string said = Import(Put(changed), &code, {.all_lines = true});
  EXPECT_THAT(said, HasSubstr(R"("conflict":2)"));
  EXPECT_THAT(said, HasSubstr("REQUEST_ID_REUSED"));
  EXPECT_EQ(code, 1);
  EXPECT_EQ(orders_.size(), 2u);
}

TEST_F(OrdersByFile, WrongLinesAreShownAndTheOthersSent) {
  int code = -1;
  const std::string path = Put({.lines = {{.serial = "1"},
                                          {.serial = "2", .account = "T9"},
                                          {.serial = "3", .fund = "999999"},
                                          {.serial = "4", .business = "039"},
                                          {.serial = "5", .amount = 66'600},
                                          {.serial = "6", .fund_account = "110000000000"},
                                          {.serial = "7", .amount = 0}}});
  const std::string results = folder_ + "/results.jsonl";
  const std::string said = Import(path, &code, {.output = results});
  EXPECT_EQ(code, 1);
  EXPECT_THAT(said, HasSubstr(R"("accepted":1,"repeated":0,"refused":1)"));
  EXPECT_THAT(said, HasSubstr(R"("unknown_account":2,"unknown_fund":1,"unsupported":1,"invalid":1)"));
  const std::string lines = Read("results.jsonl");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 7);
  EXPECT_THAT(lines, HasSubstr(R"("serial":"5","outcome":"refused")"));
  EXPECT_THAT(lines, HasSubstr("FUND_ACCOUNT_DIFFERS"));
  EXPECT_EQ(orders_.size(), 2u);
}

TEST_F(OrdersByFile, AConversionInsideOneInstitution) {
  const auto line = [](std::string serial, std::string target) {
    return Line03{.serial = std::move(serial), .amount = 0, .units = 5'000, .business = "036", .more = {{"CodeOfTargetFund", std::move(target)}}};
  };
  int code = -1;
  File03 file{.lines = {line("1", "000199"), line("2", "000777"), line("3", "999999")}};
  const std::string path = Put(file);
  const std::string said = Import(path, &code, {.all_lines = true});
  EXPECT_THAT(said, HasSubstr(R"("accepted":1,)"));
  EXPECT_THAT(said, HasSubstr("TARGET_OF_ANOTHER_INSTITUTION"));
  EXPECT_THAT(said, HasSubstr("TARGET_FUND_UNKNOWN"));
  ASSERT_EQ(orders_.size(), 1u);
  EXPECT_EQ(orders_.begin()->second.target_fund_code(), "000199");
  EXPECT_EQ(orders_.begin()->second.units_e2(), 5'000);

  ConfirmAll(*Date::Parse("2025-03-05"));
  ASSERT_TRUE(AnswerOrders(*remote_, {.file = path, .output_dir = folder_ + "/answer"}).ok());
  const std::string bytes = Read("answer/OFD_H0_996_20250305_04.TXT");
  auto reader = ofd::Reader::Open("OFD_H0_996_20250305_04.TXT", bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ofd::RecordView r;
  ASSERT_TRUE(reader->Next(&r));
  const auto number = [&](std::string_view field) { return *r.Number(reader->Find(field)); };
  EXPECT_EQ(r.Text(reader->Find("BusinessCode")), "136");
  EXPECT_EQ(r.Text(reader->Find("CodeOfTargetFund")), "000199");
  EXPECT_EQ(number("ConfirmedVol"), 5'000);
  EXPECT_EQ(number("ConfirmedAmount"), 5'100);
  EXPECT_EQ(number("CfmVolOfTargetFund"), 2'475);
  EXPECT_EQ(number("TargetNAV"), 20'000);
  EXPECT_EQ(number("RecuperateFee"), 25);
  const std::string refused = Read("answer/OFD_H0_996_20250304_04.TXT");
  auto second = ofd::Reader::Open("OFD_H0_996_20250304_04.TXT", refused);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(second->Next(&r));
  EXPECT_EQ(r.Text(second->Find("ReturnCode")), "0519");
  ASSERT_TRUE(second->Next(&r));
  EXPECT_EQ(r.Text(second->Find("ReturnCode")), "0223");
}

TEST_F(OrdersByFile, TroubleIsTriedAgainAndIsNoRefusal) {
  int code = -1;
  trouble_ = 3;
  EXPECT_THAT(Import(Put(kTwo), &code), HasSubstr(R"("accepted":2)"));
  EXPECT_EQ(code, 0);
  File03 other = kTwo;
  other.lines = {{.serial = "B1"}, {.serial = "B2"}};
  trouble_ = 1'000'000;
  EXPECT_THAT(Import(Put(other), &code, {.batch = 1}), HasSubstr(R"("not_sent":2)"));
  EXPECT_EQ(code, 3);
  trouble_ = 0;
  Import(Put(other), &code);
  EXPECT_EQ(code, 0);
}

TEST_F(OrdersByFile, NothingOfADamagedOrForeignFileIsImported) {
  int code = -1;
  const std::string path = Put(kTwo);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 4);
  EXPECT_THAT(Import(path, &code), HasSubstr("nothing of the file was imported"));
  EXPECT_EQ(code, 1);
  File03 foreign = kTwo;
  foreign.receiver = "77";
  EXPECT_THAT(Import(Put(foreign), &code), HasSubstr("neither an institution of ours"));
  EXPECT_EQ(code, 2);
  foreign.receiver = "301";  // our own code at an institution
  Import(Put(foreign), &code);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(submits_, 1);
}

TEST_F(OrdersByFile, AccountsAreListedBeforeAnythingIsSent) {
  const auto a = ListFileAccounts(*remote_, Put({.lines = {{.serial = "1"}, {.serial = "2"}, {.serial = "3", .account = "T9"}}}), "");
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_EQ(a->exit_code, 1);
  EXPECT_THAT(a->Json(), HasSubstr(R"("trading_account":"T1","ta":"H0","fund_account":"","orders":2,"amount":"2000.00")"));
  EXPECT_THAT(a->Json(), HasSubstr("TRADING_ACCOUNT_UNKNOWN"));
  EXPECT_EQ(submits_, 0);
}

TEST_F(OrdersByFile, IsAnsweredWhenEverythingIsFinal) {
  int code = -1;
  File03 file = kTwo;
  file.lines.push_back({.serial = "A3", .amount = 66'600});
  file.lines.push_back({.serial = "A4", .account = "T9", .more = {{"Specification", "给张三的备注"}}});
  const std::string path = Put(file);
  AnswerOptions o{.file = path, .output_dir = folder_ + "/answer"};
  auto before = AnswerOrders(*remote_, o);
  EXPECT_EQ(before->exit_code, 1);
  EXPECT_THAT(before->Json(), HasSubstr("was not imported"));
  EXPECT_FALSE(std::filesystem::exists(o.output_dir));

  Import(path, &code);
  ConfirmAll(*Date::Parse("2025-03-05"));
  const auto said = AnswerOrders(*remote_, o);
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(said->exit_code, 0);
  EXPECT_THAT(said->Json(), HasSubstr(R"("confirmed":2,"refused":2,"open":0)"));

  // Confirmed by the transfer agent on its day; refused by us on the first business day after the file's.
  const std::string bytes = Read("answer/OFD_H0_996_20250305_04.TXT");
  auto reader = ofd::Reader::Open("OFD_H0_996_20250305_04.TXT", bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->header().version, ofd::Version::k20);
  ofd::RecordView r;
  ASSERT_TRUE(reader->Next(&r));
  const auto text = [&](std::string_view field) { return std::string(r.Text(reader->Find(field))); };
  EXPECT_EQ(text("AppSheetSerialNo"), "A1");
  EXPECT_EQ(text("ReturnCode"), "0000");
  EXPECT_EQ(text("BusinessCode"), "122");
  EXPECT_EQ(text("TransactionAccountID"), "T1");
  EXPECT_EQ(text("TransactionTime"), "140100");
  EXPECT_EQ(text("TAAccountID"), "990000000001");
  EXPECT_EQ(*r.Number(reader->Find("ApplicationAmount")), 100'000);
  EXPECT_EQ(*r.Number(reader->Find("ConfirmedAmount")), 100'000);
  EXPECT_EQ(*r.Number(reader->Find("ConfirmedVol")), 99'950);
  EXPECT_EQ(*r.Number(reader->Find("Charge")), 50);
  EXPECT_EQ(*r.Number(reader->Find("NAV")), 10'000);

  const std::string refused = Read("answer/OFD_H0_996_20250304_04.TXT");
  auto second = ofd::Reader::Open("OFD_H0_996_20250304_04.TXT", refused);
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(second->Next(&r));
  EXPECT_EQ(r.Text(second->Find("ReturnCode")), "0010");
  EXPECT_EQ(r.Text(second->Find("ErrorDetail")), "NOT_ENOUGH_CASH");
  ASSERT_TRUE(second->Next(&r));
  EXPECT_EQ(r.Text(second->Find("ReturnCode")), "0104");
  EXPECT_EQ(*r.Utf8(second->Find("Specification")), "给张三的备注");
  EXPECT_THAT(Read("answer/OFI_H0_996_20250305.TXT"), HasSubstr("OFD_H0_996_20250305_04.TXT"));

  // Again: the same bytes. Another transfer of the same day must not take their place.
  ASSERT_TRUE(AnswerOrders(*remote_, o).ok());
  EXPECT_EQ(Read("answer/OFD_H0_996_20250305_04.TXT"), bytes);
  EXPECT_EQ(Read("answer/OFD_H0_996_20250304_04.TXT"), refused);
  file.transfer = 2;
  Put(file);
  EXPECT_EQ(AnswerOrders(*remote_, o).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(OrdersByFile, IsAnsweredInPartOnlyWhereAskedFor) {
  int code = -1;
  const std::string path = Put({.lines = {{.serial = "1", .amount = 66'600}, {.serial = "2"}}});
  Import(path, &code);
  AnswerOptions o{.file = path, .output_dir = folder_ + "/answer"};
  const auto said = AnswerOrders(*remote_, o);
  EXPECT_EQ(said->exit_code, 1);
  EXPECT_THAT(said->Json(), HasSubstr(R"("waits_for":"order 00100000000000002 is ACCEPTED")"));
  EXPECT_FALSE(std::filesystem::exists(o.output_dir));
  o.partial = true;
  EXPECT_EQ(AnswerOrders(*remote_, o)->exit_code, 0);
  const std::string bytes = Read("answer/OFD_H0_996_20250304_04.TXT");
  const auto part = ofd::Reader::Open("OFD_H0_996_20250304_04.TXT", bytes);
  EXPECT_EQ(part->record_count(), 1u);
}

}  // namespace
}  // namespace fundcore::fundctl
