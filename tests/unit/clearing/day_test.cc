// Whole days: the worker with peers, files and a clock.
#include "tests/unit/clearing/world.h"

namespace fundcore::clearing {
namespace {

constexpr std::string_view kOut03 = "out/11/20250303/001/OFD_301_11_20250303_03.TXT";

TEST(Day, ACleanDayNeedsNobody) {
  World w;
  w.peers.Add(2, 22, 100'00, 0);
  w.peers.Add(3, 24, 0, 80'00);
  w.peers.Add(4, 22, 500'00, 0);
  w.GoTo(kMonday, 14, 59);
  EXPECT_EQ(w.StepOf(kMonday), v1::OPEN);
  EXPECT_EQ(w.Status(kMonday).waiting_for(), "the cut-off at 15:00:00");
  w.ToAwait();
  EXPECT_TRUE(w.peers.closed_days.contains(kMonday));
  EXPECT_EQ(w.Status(kMonday).waiting_for(), "files of 2025-03-04");
  for (auto& o : w.peers.orders) EXPECT_TRUE(o.dispatched);

  w.CleanAnswer();
  w.registrar.balances = {{w.peers.orders[0].investor, 80'00}};
  w.peers.unit_totals["110022"] = 80'00;
  account::v1::SettlementTotal total;
  total.set_fund_code("110022");
  total.set_business(122);
  total.set_pay_fen(600'00);
  total.set_count(2);
  w.peers.totals = {total};
  w.registrar.cash = {{"122", 600'00, false, Date::FromRaw(20250305)}};
  w.GoTo(kTuesday, 2, 0);
  w.registrar.Answer(kTuesday);
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  EXPECT_TRUE(w.Breaks(true).empty());
  EXPECT_EQ(w.peers.posted.size(), 3u);
  for (auto& o : w.peers.orders) EXPECT_EQ(o.code, "0000");
  EXPECT_EQ(w.peers.price_sources.size(), 1u);

  // The purchase money leaves on its pay date, not before.
  EXPECT_TRUE(w.peers.bank.empty());
  w.GoTo(Date::FromRaw(20250305), 8, 59);
  EXPECT_TRUE(w.peers.bank.empty());
  w.GoTo(Date::FromRaw(20250305), 9, 1);
  EXPECT_EQ(w.peers.bank, (std::map<std::string, int64_t>{{"11-20250304-110022-122", 600'00}}));
  EXPECT_EQ(w.peers.settled, (std::vector<std::string>{"account 110022/122", "trade 110022/122"}));

  v1::ReconciliationRequest q;
  q.set_ta_code("11");
  q.set_day(kMonday.raw());
  v1::ReconciliationResponse r;
  ASSERT_TRUE(w.Ask("Reconciliation", q, &r).ok());
  ASSERT_EQ(r.lines_size(), 4);
  for (auto& line : r.lines()) EXPECT_EQ(line.different(), 0u) << line.name();
  EXPECT_EQ(r.lines(0).compared(), 3u);
}

TEST(Day, FilesOutHaveTheStandardsForm) {
  World w;
  w.peers.Add(2, 22, 100'00, 0);
  w.peers.Add(3, 24, 0, 80'00);
  account::v1::AccountApplication a;
  a.set_application_id(90000000000001ull);
  a.set_investor_id(2);
  a.set_business(1);
  a.set_name("张三");
  a.set_certificate_type("0");
  a.set_certificate_no("11010119800101001X");
  w.peers.applications = {a};
  w.ToAwait();
  const std::string bytes = *w.files.Read(kOut03);
  auto reader = ofd::Reader::Open(kOut03, bytes);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->header().transfer_no.raw(), 1);
  ofd::RecordView r;
  ASSERT_TRUE(reader->Next(&r));
  EXPECT_EQ(r.Text(reader->Find("AppSheetSerialNo")), "00000000000000002");
  EXPECT_EQ(r.Text(reader->Find("TransactionAccountID")), "000000000002");
  EXPECT_EQ(*r.Number(reader->Find("ApplicationAmount")), 100'00);
  EXPECT_EQ(r.Text(reader->Find("TransactionDate")), "20250303");
  EXPECT_EQ(r.Text(reader->Find("TransactionTime")), "100200");
  ASSERT_TRUE(reader->Next(&r));
  EXPECT_EQ(r.Text(reader->Find("BusinessCode")), "024");
  EXPECT_EQ(r.Text(reader->Find("LargeRedemptionFlag")), "");  // the order says nothing
  const std::string index = *w.files.Read("out/11/20250303/001/OFI_301_11_20250303.TXT");
  EXPECT_EQ(ofd::IndexFile::Parse("OFI_301_11_20250303.TXT", index)->names.size(), 2u);
  const std::string first = *w.files.Read("out/11/20250303/001/OFD_301_11_20250303_01.TXT");
  auto accounts = ofd::Reader::Open("OFD_301_11_20250303_01.TXT", first);
  ASSERT_TRUE(accounts.ok());
  ASSERT_TRUE(accounts->Next(&r));
  EXPECT_EQ(*r.Utf8(accounts->Find("InvestorName")), "张三");
  EXPECT_EQ(r.Text(accounts->Find("BusinessCode")), "001");
}

TEST(Day, ALateFileIsWaitedFor) {
  World w;
  w.peers.Add(2, 22, 100'00, 0);
  w.ToAwait();
  w.CleanAnswer();
  w.registrar.index = false;
  w.registrar.left_out = {"07"};
  w.registrar.Answer(kTuesday);
  w.sim.RunUntilIdle(Duration::Seconds(2));
  EXPECT_EQ(w.StepOf(kMonday), v1::AWAIT);
  EXPECT_EQ(w.Status(kMonday).waiting_for(), "file 07 of 2025-03-04");
  w.registrar.Put(kTuesday, 1, "07");
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
}

TEST(Day, RecoveredOrdersGoIntoAFurtherTransfer) {
  World w;
  w.peers.Add(2, 22, 100'00, 0);
  w.peers.Add(4, 22, 200'00, 0);
  w.peers.orders[1].decided = false;
  w.GoTo(kMonday, 15, 1);
  EXPECT_EQ(w.StepOf(kMonday), v1::EXPORT);
  EXPECT_EQ(w.Status(kMonday).waiting_for(), "1 undecided orders, until 18:00:00");
  w.GoTo(kMonday, 18, 1);
  ASSERT_TRUE(w.RunTo(kMonday, v1::AWAIT));
  EXPECT_FALSE(w.peers.orders[1].dispatched);
  w.peers.orders[1].decided = true;
  w.sim.RunUntilIdle(Duration::Seconds(5));
  EXPECT_TRUE(w.peers.orders[1].dispatched);
  EXPECT_TRUE(w.files.Read("out/11/20250303/002/OFD_301_11_20250303_03.TXT").ok());
  EXPECT_EQ(w.StepOf(kMonday), v1::AWAIT);
}

TEST(Day, OrdersLeftKeepTheDayFromClosing) {
  World w;
  w.peers.Add(2, 22, 100'00, 0);
  w.peers.orders[0].decided = false;
  w.GoTo(kMonday, 18, 1);
  ASSERT_TRUE(w.RunTo(kMonday, v1::AWAIT));
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::SETTLE_CASH));
  w.sim.RunUntilIdle(Duration::Seconds(1));
  ASSERT_EQ(w.Breaks().size(), 1u);
  EXPECT_EQ(w.Breaks()[0].kind(), "ORDERS_LEFT");
  w.Resolve("EXPLAINED");
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
}

TEST(Day, MissedDaysAreReplayedInOrder) {
  World w;
  w.GoTo(Date::FromRaw(20250306), 16, 0);  // Thursday, nothing answered since Monday
  w.sim.RunUntilIdle(Duration::Seconds(3));
  EXPECT_EQ(w.Machine().ActiveDays(kTa).size(), 4u);
  EXPECT_EQ(w.StepOf(kMonday), v1::AWAIT);
  EXPECT_EQ(w.StepOf(kTuesday), v1::AWAIT);
  EXPECT_EQ(w.Status(kTuesday).waiting_for(), "the day before to be closed");
  w.registrar.Answer(Date::FromRaw(20250305));  // Tuesday's answer does not overtake Monday's
  w.sim.RunUntilIdle(Duration::Seconds(2));
  EXPECT_EQ(w.StepOf(kTuesday), v1::AWAIT);
  w.registrar.Answer(kTuesday);
  EXPECT_TRUE(w.RunTo(kTuesday, v1::CLOSED));
  EXPECT_EQ(w.StepOf(kMonday), v1::CLOSED);
}

TEST(Day, HungOrdersAreRefusedAndNotMissed) {
  World w;
  w.peers.Add(2, 22, 100'00, 0);
  w.ToAwait();
  const auto& o = w.peers.orders[0];
  w.registrar.accounts = {{OrderId(90000000000001ull), o.investor, "101", 0, 0, "0305", "A1", false}};
  account::v1::Hung hung;
  hung.set_order_id(o.id.raw());
  hung.set_investor_id(o.investor.raw());
  hung.set_return_code("0305");
  w.peers.hung = {hung};
  w.registrar.Answer(kTuesday);
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  EXPECT_TRUE(w.Breaks(true).empty());
  EXPECT_EQ(w.peers.orders[0].code, "0305");
  EXPECT_TRUE(w.Machine().Due(kTa, Date::FromRaw(20250331)).empty());
}

TEST(Day, AQuietDayWithNothingInItsFiles) {
  World w;
  w.ToAwait();
  w.registrar.Answer(kTuesday);
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
}

TEST(Day, SettlementsDueAreMadeBeforeTheDayCloses) {
  World w;
  w.ToAwait();
  account::v1::SettlementTotal total;
  total.set_fund_code("110022");
  total.set_business(124);
  total.set_receive_fen(70'00);
  total.set_count(1);
  w.peers.totals = {total};
  w.registrar.cash = {{"124", 70'00, true, kTuesday}};
  w.peers.bank_refuses = true;
  w.registrar.Answer(kTuesday);
  ASSERT_TRUE(w.RunTo(kMonday, v1::SETTLE_CASH));
  w.sim.RunUntilIdle(Duration::Seconds(1));
  ASSERT_EQ(w.Breaks().size(), 1u);
  EXPECT_EQ(w.Breaks()[0].kind(), "PAYMENT_REFUSED");
  EXPECT_EQ(w.Status(kMonday).waiting_for(), "1 break");
  w.peers.bank_refuses = false;
  w.Resolve("EXPLAINED");
  EXPECT_TRUE(w.RunTo(kMonday, v1::CLOSED));
  EXPECT_EQ(w.peers.bank.size(), 1u);
}

}  // namespace
}  // namespace fundcore::clearing
