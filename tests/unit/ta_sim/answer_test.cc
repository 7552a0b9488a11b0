// Clean answers: what comes back for accounts, orders, dividends, offers, in every version, and after crashes.
#include <chrono>
#include <cstdio>

#include "tests/unit/ta_sim/exchange.h"

namespace fundcore::ta_sim {
namespace {

const Date kMon = D("2025-03-03"), kTue = D("2025-03-04"), kWed = D("2025-03-05"), kThu = D("2025-03-06"),
           kFri = D("2025-03-07");

struct Fixture {
  explicit Fixture(TaConfig c = TestConfig())
      : config(std::move(c)), distributor(&files, config.version), agent(config, &files, &store) {}
  AnswerReport Answer(Date day) {
    auto report = agent.Answer(day);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : AnswerReport{};
  }
  MemoryFiles files;
  MemoryTaStore store;
  TaConfig config;
  Distributor distributor;
  TaSim agent;
};

class Versions : public testing::TestWithParam<ofd::Version> {};
INSTANTIATE_TEST_SUITE_P(All, Versions, testing::Values(ofd::Version::k20, ofd::Version::k21, ofd::Version::k22));

TEST_P(Versions, FirstPurchaseWithItsAccount) {
  Fixture f(TestConfig(GetParam()));
  f.distributor.Open("1001", "001000000001", "440101199001011234");
  f.distributor.Buy("2001", "001000000001", "5000");
  f.distributor.Send(kMon);
  const AnswerReport report = f.Answer(kTue);
  EXPECT_EQ(report.accounts, 1u);
  EXPECT_EQ(report.trades, 1u);
  EXPECT_EQ(report.refused, 0u);
  ASSERT_EQ(report.files.size(), 9u);
  EXPECT_EQ(report.files.back(), "in/11/20250304/001/OFK_11_301_20250304.TXT");

  Row account = ReadRows(f.files, kTue, "02").at(0);
  EXPECT_EQ(account["BusinessCode"], "101");
  EXPECT_EQ(account["ReturnCode"], "0000");
  EXPECT_EQ(account["TAAccountID"], "110000000001");
  EXPECT_EQ(account["CertificateNo"], "440101199001011234");
  EXPECT_EQ(account["TASerialNO"], "20250304000000000001");

  Row trade = ReadRows(f.files, kTue, "04").at(0);
  EXPECT_EQ(trade["AppSheetSerialNo"], "2001");
  EXPECT_EQ(trade["BusinessCode"], "122");
  EXPECT_EQ(trade["ReturnCode"], "0000");
  EXPECT_EQ(trade["ConfirmedAmount"], "5000.00");
  EXPECT_EQ(trade["Charge"], "59.29");
  EXPECT_EQ(trade["ConfirmedVol"], "4380.06");
  EXPECT_EQ(trade["NAV"], GetParam() == ofd::Version::k22 ? "1.12800000" : "1.1280");
  EXPECT_EQ(trade["TAAccountID"], "110000000001");
  EXPECT_EQ(trade["TransactionDate"], "20250303");
  EXPECT_EQ(trade["TransactionCfmDate"], "20250304");
  EXPECT_EQ(trade["ApplicationAmount"], "5000.00");
  EXPECT_EQ(trade["Specification"], "kept");
  EXPECT_EQ(trade["TASerialNO"], "20250304000000000002");
  EXPECT_EQ(trade["BusinessFinishFlag"], "1");
  EXPECT_EQ(trade["DetailFlag"], "0");

  Row balance = ReadRows(f.files, kTue, "05").at(0);
  EXPECT_EQ(balance["TotalVolOfDistributorInTA"], "4380.06");
  EXPECT_EQ(balance["AvailableVol"], "4380.06");
  EXPECT_TRUE(ReadRows(f.files, kTue, "06").empty());

  const std::vector<Row> prices = ReadRows(f.files, kTue, "07");
  ASSERT_EQ(prices.size(), 1u);  // the other fund's first price is due a day later
  EXPECT_EQ(prices[0].at("UpdateDate"), "20250303");

  const std::vector<Row> cash = ReadRows(f.files, kTue, "25");
  ASSERT_EQ(cash.size(), 1u);
  EXPECT_EQ(cash[0].at("BusinessCode"), "122");
  EXPECT_EQ(cash[0].at("ReceOrPayFlag"), "1");
  EXPECT_EQ(cash[0].at("ConfirmedAmount"), "5000.00");
  EXPECT_EQ(cash[0].at("TransactionDate"), "20250303");
  EXPECT_EQ(cash[0].at("PayDate"), "20250305");
  const auto index =
      ofd::IndexFile::Parse("OFI_11_301_20250304.TXT", *f.files.Read("in/11/20250304/001/OFI_11_301_20250304.TXT"));
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(index->names.size(), 4u);
}

TEST(Answer, RedemptionPaysWhatIsLeftAfterTheFee) {
  Fixture f;
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Buy("2001", "001000000001", "5000");
  f.distributor.Send(kMon);
  f.Answer(kTue);
  f.distributor.Sell("2002", "001000000001", "1000");  // not usable yet
  f.distributor.Send(kTue);
  f.Answer(kWed);
  EXPECT_EQ(ReadRows(f.files, kWed, "04").at(0).at("ReturnCode"), "0001");
  f.distributor.Sell("2003", "001000000001", "1000");
  f.distributor.Sell("2004", "001000000001", "4000");  // more than what is left
  f.distributor.Send(kWed);
  f.Answer(kThu);
  const std::vector<Row> rows = ReadRows(f.files, kThu, "04");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("BusinessCode"), "124");
  EXPECT_EQ(rows[0].at("Charge"), "16.95");  // 1,130.00 × 1.5%
  EXPECT_EQ(rows[0].at("OtherFee1"), "16.95");
  EXPECT_EQ(rows[0].at("ConfirmedAmount"), "1113.05");
  EXPECT_EQ(rows[0].at("FundVolBalance"), "3380.06");
  EXPECT_EQ(rows[1].at("ReturnCode"), "0001");
  EXPECT_EQ(rows[1].at("ConfirmedVol"), "0.00");
  const Row cash = ReadRows(f.files, kThu, "25").at(0);
  EXPECT_EQ(cash.at("ReceOrPayFlag"), "0");
  EXPECT_EQ(cash.at("PayDate"), "20250310");  // T+3 over a weekend
  const auto report = f.agent.Report();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->holdings.at(0).units, U("3380.06"));
  ASSERT_EQ(report->cash.size(), 2u);
  EXPECT_EQ(report->cash[0].receive, Y("5000"));
  EXPECT_EQ(report->cash[1].pay, Y("1113.05"));
}

TEST(Answer, OrdersOfASlowFundWaitForTheirDay) {
  Fixture f;
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Buy("2001", "001000000001", "5000", "118888");
  f.distributor.Buy("2002", "001000000001", "5000");
  f.distributor.Send(kMon);
  f.Answer(kTue);
  ASSERT_EQ(ReadRows(f.files, kTue, "04").size(), 1u);
  f.Answer(kWed);
  const std::vector<Row> rows = ReadRows(f.files, kWed, "04");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("AppSheetSerialNo"), "2001");
  EXPECT_EQ(rows[0].at("NAV"), "1.1280");
  const std::vector<Row> prices = ReadRows(f.files, kWed, "07");
  ASSERT_EQ(prices.size(), 2u);
  EXPECT_EQ(prices[0].at("UpdateDate"), "20250304");
  EXPECT_EQ(prices[1].at("UpdateDate"), "20250303");
  f.Answer(kThu);
  EXPECT_TRUE(ReadRows(f.files, kThu, "04").empty());
}

TEST(Answer, SlowFundIsClosedWhenEitherMarketIs) {
  Fixture f;  // 2025-07-01 is a holiday in Hong Kong only
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Buy("2001", "001000000001", "5000", "118888");
  f.distributor.Send(D("2025-07-01"));
  f.Answer(D("2025-07-02"));
  EXPECT_EQ(ReadRows(f.files, D("2025-07-02"), "04").at(0).at("ReturnCode"), "0006");
}

TEST(Answer, AccountsThatExistElsewhereAreAddedNotOpened) {
  TaConfig config = TestConfig();
  config.registered_elsewhere = {"0:B"};
  Fixture f(config);
  f.distributor.Open("1001", "001000000001", "B");
  f.distributor.Open("1002", "001000000002", "C");
  f.distributor.Open("1003", "001000000002", "C");
  f.distributor.Open("1004", "001000000003", "D", "008");
  f.distributor.Buy("2001", "001000000001", "100");
  f.distributor.Buy("2002", "001000000009", "100");
  f.distributor.Send(kMon);
  f.Answer(kTue);
  std::vector<Row> rows = ReadRows(f.files, kTue, "02");
  EXPECT_EQ(rows[0].at("ReturnCode"), "0303");
  EXPECT_EQ(rows[1].at("ReturnCode"), "0000");
  EXPECT_EQ(rows[2].at("ReturnCode"), "0392");
  EXPECT_EQ(rows[3].at("BusinessCode"), "108");
  EXPECT_EQ(rows[3].at("ReturnCode"), "0316");
  rows = ReadRows(f.files, kTue, "04");
  EXPECT_EQ(rows[0].at("ReturnCode"), "0303");  // the order falls with its account
  EXPECT_EQ(rows[1].at("ReturnCode"), "0316");
  f.distributor.Open("1005", "001000000001", "B", "008");
  f.distributor.Buy("2003", "001000000001", "100");
  f.distributor.Send(kTue);
  f.Answer(kWed);
  rows = ReadRows(f.files, kWed, "02");
  EXPECT_EQ(rows[0].at("BusinessCode"), "108");
  EXPECT_EQ(rows[0].at("ReturnCode"), "0000");
  EXPECT_EQ(ReadRows(f.files, kWed, "04").at(0).at("TAAccountID"), rows[0].at("TAAccountID"));
  f.distributor.Open("1006", "001000000001", "B", "009");
  f.distributor.Open("1007", "001000000002", "C", "009");
  f.distributor.Send(kWed);
  f.Answer(kThu);
  rows = ReadRows(f.files, kThu, "02");
  EXPECT_EQ(rows[0].at("ReturnCode"), "0362");  // it holds units
  EXPECT_EQ(rows[1].at("ReturnCode"), "0000");
}

TEST(Answer, RefusesWhatTheFundDoesNotAllow) {
  TaConfig config = TestConfig();
  config.funds[0].statuses[kMon] = '5';
  Fixture f(config);
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Buy("2001", "001000000001", "100");
  f.distributor.Buy("2002", "001000000001", "100", "999999");
  f.distributor.Buy("2003", "001000000001", "100", "110022", "036");
  f.distributor.Buy("2003", "001000000001", "100", "110022");
  f.distributor.Send(kMon);
  EXPECT_EQ(f.Answer(kTue).refused, 4u);
  const std::vector<Row> rows = ReadRows(f.files, kTue, "04");
  EXPECT_EQ(rows[0].at("ReturnCode"), "0381");
  EXPECT_EQ(rows[1].at("ReturnCode"), "0200");
  EXPECT_EQ(rows[2].at("ReturnCode"), "0580");
  EXPECT_EQ(rows[2].at("BusinessCode"), "136");
  EXPECT_EQ(rows[3].at("ReturnCode"), "0354");  // a serial used before
  EXPECT_FALSE(rows[0].at("ErrorDetail").empty());
  EXPECT_TRUE(ReadRows(f.files, kTue, "25").empty());
}

TEST(Answer, DividendReachesHoldersOfTheRegistrationDay) {
  TaConfig config = TestConfig();
  config.funds[0].purchase_tiers.clear();
  config.funds[0].nav_rule = NavRule{kMon, P("1.2000"), P("0")};
  config.funds[0].dividends = {{.registration = kWed, .ex_date = kWed, .pay_date = kFri, .amount = Y("0.10")}};
  Fixture f(config);
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Open("1002", "001000000002", "B");
  f.distributor.Buy("2001", "001000000001", "1200");
  f.distributor.Buy("2002", "001000000002", "1200");
  f.distributor.Dividend("2003", "001000000001", "0");
  f.distributor.Send(kMon);
  f.Answer(kTue);
  EXPECT_EQ(ReadRows(f.files, kTue, "04").at(2).at("BusinessCode"), "129");
  f.Answer(kWed);
  f.distributor.Buy("2004", "001000000001", "1200");   // on the registration day: gets nothing
  f.distributor.Sell("2005", "001000000002", "1000");  // on the registration day: still gets it
  f.distributor.Send(kWed);
  f.Answer(kThu);
  const std::vector<Row> rows = ReadRows(f.files, kThu, "06");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("DividendAmount"), "100.00");
  EXPECT_EQ(rows[0].at("VolOfDividendforReinvestment"), "83.33");
  EXPECT_EQ(rows[0].at("ConfirmedAmount"), "0.00");
  EXPECT_EQ(rows[1].at("ConfirmedAmount"), "100.00");
  EXPECT_EQ(rows[1].at("DividendPerUnit"), "0.10");
  EXPECT_EQ(rows[1].at("DrawBonusUnit"), "1");
  EXPECT_EQ(rows[1].at("BasisforCalculatingDividend"), "1000.00");
  const std::vector<Row> balances = ReadRows(f.files, kThu, "05");
  ASSERT_EQ(balances.size(), 1u);
  EXPECT_EQ(balances[0].at("AvailableVol"), "2083.33");
  bool paid = false;
  for (const Row& row : ReadRows(f.files, kThu, "25")) {
    if (row.at("BusinessCode") != "143") continue;
    paid = true;
    EXPECT_EQ(row.at("CapitalType"), "009");
    EXPECT_EQ(row.at("PayDate"), "20250307");
    EXPECT_EQ(row.at("ReceOrPayFlag"), "0");
  }
  EXPECT_TRUE(paid);
}

TEST(Answer, OfferIsReceivedThenDecided) {
  TaConfig config = TestConfig();
  FundTerms& fund = config.funds[0];
  fund.purchase_tiers = {{.rate = R("1.0%")}};
  fund.status = '1';
  fund.offer = OfferTerms{.result_day = kThu, .effective = kWed};
  fund.offer->interest["2001"] = Y("5");
  Fixture f(config);
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Buy("2001", "001000000001", "10000", "110022", "020");
  f.distributor.Send(kMon);
  f.Answer(kTue);
  EXPECT_EQ(ReadRows(f.files, kTue, "04").at(0).at("BusinessCode"), "120");
  EXPECT_TRUE(ReadRows(f.files, kTue, "05").empty());
  f.Answer(kWed);
  f.Answer(kThu);
  const Row row = ReadRows(f.files, kThu, "04").at(0);
  EXPECT_EQ(row.at("BusinessCode"), "130");
  EXPECT_EQ(row.at("AppSheetSerialNo"), "2001");
  EXPECT_EQ(row.at("Charge"), "99.01");
  EXPECT_EQ(row.at("ConfirmedVol"), "9905.99");
  EXPECT_EQ(row.at("VolumeByInterest"), "5.00");
  EXPECT_EQ(ReadRows(f.files, kThu, "05").at(0).at("AvailableVol"), "9905.99");
}

TEST(Answer, TheSameDateTwiceWritesNothing) {
  Fixture f;
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Buy("2001", "001000000001", "5000");
  f.distributor.Send(kMon);
  const AnswerReport first = f.Answer(kTue);
  const auto before = f.files.List("in/");
  TaSim again(f.config, &f.files, &f.store);
  const auto second = again.Answer(kTue);
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->repeated);
  EXPECT_EQ(second->files, first.files);
  EXPECT_EQ(f.files.List("in/")->size(), before->size());
  EXPECT_FALSE(again.Answer(kMon).ok());             // days go forward
  EXPECT_FALSE(again.Answer(D("2025-03-08")).ok());  // a Saturday
}

TEST(Answer, ALateTransferOfTheDayIsAnsweredNextAndNoneTwice) {
  Fixture f;
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Buy("2001", "001000000001", "5000");
  f.distributor.Send(kMon);
  f.Answer(kTue);
  f.distributor.Buy("2002", "001000000001", "100");
  f.distributor.Buy("2001", "001000000001", "5000");
  f.distributor.Send(kMon, 2);
  f.Answer(kWed);
  const std::vector<Row> rows = ReadRows(f.files, kWed, "04");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("ReturnCode"), "0000");
  EXPECT_EQ(rows[1].at("ReturnCode"), "0354");
}

TEST(Answer, IncompleteTransfersWait) {
  Fixture f;
  f.distributor.Buy("2001", "001000000001", "5000");
  f.distributor.Send(kMon);
  const std::string index = "out/11/20250303/001/OFI_301_11_20250303.TXT";
  const std::string bytes = *f.files.Read(index);
  f.files.Remove(index);
  const AnswerReport report = f.Answer(kTue);
  EXPECT_EQ(report.trades, 0u);
  EXPECT_EQ(report.notes.size(), 2u);
  f.files.Overwrite(index, bytes);
  EXPECT_EQ(f.Answer(kWed).trades, 1u);
}

TEST(Answer, MissingPriceAndDamagedInputChangeNothing) {
  TaConfig config = TestConfig();
  config.funds[0].nav_rule.reset();
  Fixture f(config);
  f.distributor.Open("1001", "001000000001", "A");
  f.distributor.Buy("2001", "001000000001", "5000");
  f.distributor.Send(kMon);
  const auto refused = f.agent.Answer(kTue);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("has no NAV for 2025-03-03"), std::string::npos) << refused.status();
  EXPECT_TRUE(f.files.List("in/")->empty());

  Fixture g;
  g.distributor.Open("1001", "001000000001", "A");
  g.distributor.Buy("2001", "001000000001", "5000");
  g.distributor.Send(kMon);
  const std::string name = "out/11/20250303/001/OFD_301_11_20250303_03.TXT";
  std::string bytes = *g.files.Read(name);
  const std::string whole = bytes;
  bytes.resize(bytes.size() - 20);
  g.files.Overwrite(name, bytes);
  EXPECT_FALSE(g.agent.Answer(kTue).ok());
  EXPECT_TRUE(g.files.List("in/")->empty());
  g.files.Overwrite(name, whole);
  EXPECT_EQ(g.Answer(kTue).refused, 0u);
}

TEST(Answer, PricesThatDoNotFitAreRefusedNotCut) {
  TaConfig config = TestConfig();
  config.funds[0].navs[kMon] = P("1.12805");
  Fixture f(config);
  EXPECT_FALSE(f.agent.Answer(kTue).ok());
  config.version = ofd::Version::k22;
  Fixture g(config);
  g.Answer(kTue);
  EXPECT_EQ(ReadRows(g.files, kTue, "07").at(0).at("NAV"), "1.12805000");
}

// A crash after any number of files: asking again gives the same bytes as an undisturbed run.
TEST(Answer, ACrashAtAnyFileLeavesNoTrace) {
  const auto prepare = [](Fixture& f) {
    f.distributor.Open("1001", "001000000001", "A");
    f.distributor.Buy("2001", "001000000001", "5000");
    f.distributor.Send(kMon);
  };
  const std::vector<Fault> faults = {*ParseFault("wrong-units:#1:+1.00")};
  Fixture clean;
  prepare(clean);
  ASSERT_TRUE(clean.agent.Answer(kTue, faults).ok());
  const std::vector<FileInfo> written = *clean.files.List("in/");
  const size_t count = written.size();
  for (size_t crash = 0; crash < count; ++crash) {
    for (const bool effect : {false, true}) {
      Fixture f;
      prepare(f);
      size_t published = 0;
      f.files.SetFault([&](FileOperation op, std::string_view) {
        if (op == FileOperation::kPublish && published++ == crash)
          return FileFault{absl::UnavailableError("power cut"), effect};
        return FileFault{};
      });
      EXPECT_FALSE(f.agent.Answer(kTue, faults).ok());
      f.files.SetFault({});
      // What arrives meanwhile belongs to the next answer, and the faults of the first try stay.
      f.distributor.Buy("2002", "001000000001", "700");
      f.distributor.Send(kMon, 2);
      TaSim restarted(f.config, &f.files, &f.store);
      EXPECT_FALSE(restarted.Answer(kWed).ok());
      ASSERT_TRUE(restarted.Answer(kTue).ok());
      for (const FileInfo& file : written) {
        const auto bytes = f.files.Read(file.name);
        ASSERT_TRUE(bytes.ok()) << file.name;
        EXPECT_EQ(*bytes, *clean.files.Read(file.name)) << file.name;
      }
      EXPECT_EQ(f.files.List("in/")->size(), count);
      EXPECT_EQ(restarted.Answer(kWed)->trades, 1u);
    }
  }
}

TEST(Answer, SumsOf04And25AndTheRegisterAgree) {
  TaConfig config = TestConfig();
  config.net_of_fee = true;
  Fixture f(config);
  for (int i = 1; i <= 50; ++i) {
    const std::string trading = StrCat("0010000000", i < 10 ? "0" : "", i);
    f.distributor.Open(StrCat("1", i), trading, StrCat("C", i));
    f.distributor.Buy(StrCat("2", i), trading, StrCat(100 * i, ".", i % 10, "7"));
  }
  f.distributor.Send(kMon);
  f.Answer(kTue);
  Shares units;
  Yuan paid;
  for (const Row& row : ReadRows(f.files, kTue, "04")) {
    units += U(row.at("ConfirmedVol"));
    paid += Y(row.at("ConfirmedAmount")) - Y(row.at("AgencyFee"));
  }
  EXPECT_EQ(ReadRows(f.files, kTue, "25").at(0).at("ConfirmedAmount"), paid.ToString());
  EXPECT_EQ(f.agent.Report()->funds.at(0).second, units);
  EXPECT_EQ(ReadRows(f.files, kTue, "07").at(0).at("TotalFundVol"), units.ToString());
}

// Speed by hand: --gtest_also_run_disabled_tests --gtest_filter=*Million*
TEST(Answer, DISABLED_MillionOrders) {
  Fixture f;
  constexpr int kInvestors = 100'000, kOrders = 1'000'000;
  const auto trading = [](int i) { return std::to_string(1'000'000'000 + i % kInvestors); };
  for (int i = 0; i < kInvestors; ++i) f.distributor.Open(StrCat("A", i), trading(i), StrCat("C", i));
  for (int i = 0; i < kOrders; ++i) f.distributor.Buy(StrCat(10'000'000 + i), trading(i), "100.00");
  f.distributor.Send(kMon);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(f.Answer(kTue).trades, 1'000'000u);
  std::printf("one million orders answered in %.1f s\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

}  // namespace
}  // namespace fundcore::ta_sim
