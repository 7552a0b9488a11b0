// ta_sim reply: a flat folder in, answers out, and what is taken for granted said aloud.
#include "tools/ta_sim/reply.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/ta_sim/exchange.h"

namespace fundcore::ta_sim {
namespace {

class ReplyTest : public testing::Test {
 protected:
  ReplyTest() {
    std::string name = testing::TempDir() + "reply_XXXXXX";
    FC_CHECK(::mkdtemp(name.data()), "no temporary folder");
    folder_ = name;
    std::filesystem::create_directory(folder_ + "/in");
  }
  ~ReplyTest() override { std::filesystem::remove_all(folder_); }

  // A file as somebody else writes it: any name, no index.
  void Put(const std::string& name, std::string_view type, const std::vector<Row>& rows, Date day,
           ofd::Version version = ofd::Version::k21, uint16_t transfer = 1, std::string_view ta = "H0") {
    std::string bytes;
    ofd::Writer w(name, &bytes);
    FC_CHECK(w.Begin({.version = version,
                      .creator = ofd::PartyCode("996"),
                      .receiver = ofd::PartyCode(ta),
                      .date = day,
                      .transfer_no = TransferNo(transfer),
                      .type = ofd::FileType(type)},
                     rows.size())
                 .ok(),
             name);
    for (Row row : rows) {
      row.try_emplace("TransactionDate", day.Compact());
      for (const auto& [field, value] : row) {
        const ofd::Column c = w.Find(field);
        if (c.kind() == ofd::FieldKind::kNumber) {
          w.SetNumber(c, Y(value).raw());
        } else {
          w.SetText(c, value);
        }
      }
      FC_CHECK(w.EndRecord().ok(), name);
    }
    FC_CHECK(w.Finish().ok(), name);
    std::ofstream(folder_ + "/in/" + name, std::ios::binary) << bytes;
  }
  static Row Order(const std::string& sheet, const std::string& business, const std::string& account = "990000000001") {
    Row row = {{"AppSheetSerialNo", sheet}, {"TransactionAccountID", "8001"}, {"FundCode", "000198"},
               {"BusinessCode", business}};
    if (!account.empty()) row["TAAccountID"] = account;
    row[business == "024" ? "ApplicationVol" : "ApplicationAmount"] = "100.50";
    return row;
  }
  ReplyReport Answer() {
    auto report = Reply(options_);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : ReplyReport{};
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(folder_ + "/out/" + name, std::ios::binary);
    EXPECT_TRUE(in) << name;
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // The values of a field in every record of an answer.
  std::vector<std::string> Values(const std::string& name, std::string_view field) const {
    const std::string bytes = Read(name);
    auto reader = ofd::Reader::Open(name, bytes);
    std::vector<std::string> values;
    EXPECT_TRUE(reader.ok()) << reader.status();
    if (!reader.ok()) return values;
    const ofd::Column c = reader->Find(field);
    for (ofd::RecordView r; reader->Next(&r);) values.emplace_back(r.Text(c));
    EXPECT_TRUE(reader->status().ok()) << reader->status();
    return values;
  }
  static bool Said(const ReplyReport& report, const std::string& text) {
    for (const std::string& note : report.notes) {
      if (note.find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::string folder_;
  ReplyOptions options_{.in = {}, .out = {}};
  void SetUp() override {
    options_.in = folder_ + "/in";
    options_.out = folder_ + "/out";
  }
};

TEST_F(ReplyTest, ALone03IsConfirmed) {
  for (const ofd::Version version : {ofd::Version::k20, ofd::Version::k21, ofd::Version::k22}) {
    SCOPED_TRACE(ofd::VersionText(version));
    Put("from-them.masked.TXT", "03", {Order("1", "022"), Order("2", "024"), Order("3", "024")}, D("2017-04-27"), version);
    std::ofstream(folder_ + "/in/readme.txt") << "not a data file";
    const ReplyReport report = Answer();
    ASSERT_EQ(report.answers.size(), 1u);
    EXPECT_EQ(report.answers[0].ta.view(), "H0");
    EXPECT_EQ(report.answers[0].report.trades, 3u);
    EXPECT_EQ(report.answers[0].report.refused, 0u);
    EXPECT_EQ(report.answers[0].report.files.size(), 9u);
    EXPECT_EQ(Values("OFD_H0_996_20170428_04.TXT", "ReturnCode"), std::vector<std::string>(3, "0000"));
    EXPECT_EQ(Values("OFD_H0_996_20170428_04.TXT", "ConfirmedVol")[0], "0000000000010050");
    EXPECT_EQ(Read("OFD_H0_996_20170428_04.TXT").substr(10, 2), ofd::VersionText(version));
    EXPECT_TRUE(Said(report, "NAV of 1.0000 and no fees: 000198"));
    EXPECT_TRUE(Said(report, "taken as registered under the fund account that their applications name: 1"));
    EXPECT_TRUE(Said(report, "no --state"));
    EXPECT_TRUE(Said(report, "readme.txt is no data file; passed over"));
    // Again: the same bytes, nothing in the way.
    const std::string before = Read("OFD_H0_996_20170428_04.TXT");
    EXPECT_EQ(Answer().answers.size(), 1u);
    EXPECT_EQ(Read("OFD_H0_996_20170428_04.TXT"), before);
    std::filesystem::remove_all(options_.out);
  }
}

TEST_F(ReplyTest, AccountsOffersAndSeveralAgents) {
  const Date day = D("2025-03-03");
  Put("a", "01", {{{"AppSheetSerialNo", "1"}, {"TransactionAccountID", "8001"}, {"BusinessCode", "001"},
                   {"CertificateType", "0"}, {"CertificateNo", "44010119900101123X"}}}, day);
  Put("b", "03", {Order("2", "020", "")}, day);
  Put("c", "03", {Order("3", "022")}, day, ofd::Version::k22, 1, "11");
  const ReplyReport report = Answer();
  ASSERT_EQ(report.answers.size(), 2u);
  EXPECT_EQ(Values("OFD_H0_996_20250304_02.TXT", "ReturnCode"), std::vector<std::string>{"0000"});
  EXPECT_EQ(Values("OFD_H0_996_20250304_04.TXT", "BusinessCode"), (std::vector<std::string>{"120", "130"}));
  EXPECT_EQ(Values("OFD_11_996_20250304_04.TXT", "ReturnCode"), std::vector<std::string>{"0000"});
  EXPECT_TRUE(Said(report, "000198 (in its offer)"));
  EXPECT_NE(ToJson(report).find("\"ta\":\"11\",\"distributor\":\"996\",\"answer\":{"), std::string::npos);
}

TEST_F(ReplyTest, AnAccountThatNobodyNamesIsRefused) {
  Put("b", "03", {Order("2", "022", "")}, D("2025-03-03"));
  EXPECT_EQ(Answer().answers.at(0).report.refused, 1u);
  EXPECT_EQ(Values("OFD_H0_996_20250304_04.TXT", "ReturnCode"), std::vector<std::string>{"0316"});
}

TEST_F(ReplyTest, ConfigurationAndStateCount) {
  const auto config = ReadConfigText(R"(
ta = "H0"
distributor = "996"
unknown = "refuse"
[[fund]]
code = "000198"
[fund.nav_rule]
start = 2025-03-03
first = "2.0000"
step = "0"
)",
                                     "ta.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  Put("b", "03", {Order("1", "022")}, D("2025-03-03"));
  options_.config = *config;
  EXPECT_EQ(Answer().answers.at(0).report.refused, 1u);
  std::filesystem::remove_all(options_.out);
  options_.config->take_unknown.reset();
  options_.state = folder_ + "/state";
  EXPECT_EQ(Answer().answers.at(0).report.refused, 0u);
  EXPECT_EQ(Values("OFD_H0_996_20250304_04.TXT", "ConfirmedVol")[0], "0000000000005025");
  // The next day knows what the day before brought: 50.25 units are held, 100.50 are not.
  std::filesystem::remove(folder_ + "/in/b");
  Put("c", "03", {Order("2", "024")}, D("2025-03-04"));
  EXPECT_EQ(Answer().answers.at(0).report.refused, 1u);
  EXPECT_EQ(Values("OFD_H0_996_20250305_04.TXT", "ReturnCode"), std::vector<std::string>{"0001"});
  options_.config->ta = TaCode("11");
  EXPECT_FALSE(Reply(options_).ok());
}

TEST_F(ReplyTest, WhatCannotBeAnswered) {
  EXPECT_TRUE(absl::IsNotFound(Reply(options_).status()));
  const Date day = D("2025-03-03");
  Put("a", "03", {Order("1", "022")}, day);
  Put("b", "03", {Order("1", "022")}, day);
  EXPECT_NE(Reply(options_).status().message().find("a and b are of one sender"), absl::string_view::npos);
  Put("b", "03", {Order("1", "022")}, day, ofd::Version::k22, 2);
  EXPECT_NE(Reply(options_).status().message().find("answer them apart"), absl::string_view::npos);
  std::filesystem::remove(folder_ + "/in/b");
  std::filesystem::resize_file(folder_ + "/in/a", std::filesystem::file_size(folder_ + "/in/a") - 20);
  EXPECT_TRUE(absl::IsInvalidArgument(Reply(options_).status())) << Reply(options_).status();
}

TEST_F(ReplyTest, DaysBeyondTheCalendar) {
  Put("a", "03", {Order("1", "022")}, D("2031-03-03"));
  const ReplyReport report = Answer();
  EXPECT_EQ(report.answers.at(0).report.refused, 0u);
  EXPECT_TRUE(Said(report, "every Monday to Friday is taken as open"));
}

TEST(RegisteredElsewhere, AnAccountNumberMayBeGiven) {
  TaConfig config = TestConfig();
  config.registered_elsewhere = {"0:B=110000000001", "0:C"};
  ASSERT_TRUE(CheckConfig(config).ok());
  MemoryFiles files;
  MemoryTaStore store;
  Distributor distributor(&files);
  TaSim agent(config, &files, &store);
  distributor.Open("1", "001000000001", "A");
  distributor.Open("2", "001000000002", "B");
  distributor.Open("3", "001000000002", "B", "008");
  distributor.Open("4", "001000000003", "C", "008");
  distributor.Send(D("2025-03-03"));
  ASSERT_TRUE(agent.Answer(D("2025-03-04")).ok());
  const std::vector<Row> rows = ReadRows(files, D("2025-03-04"), "02");
  EXPECT_EQ(rows.at(0).at("TAAccountID"), "110000000002");  // the first number is B's
  EXPECT_EQ(rows.at(1).at("ReturnCode"), "0303");
  EXPECT_EQ(rows.at(2).at("ReturnCode"), "0000");
  EXPECT_EQ(rows.at(2).at("TAAccountID"), "110000000001");
  EXPECT_EQ(rows.at(3).at("TAAccountID"), "110000000003");
  for (const char* bad : {"B", ":B", "0:", "0:B=", "0:B=1234567890123"}) {
    config.registered_elsewhere = {bad};
    EXPECT_FALSE(CheckConfig(config).ok()) << bad;
  }
  config.registered_elsewhere = {"0:B=1", "0:C=1"};
  EXPECT_FALSE(CheckConfig(config).ok());
}

}  // namespace
}  // namespace fundcore::ta_sim
