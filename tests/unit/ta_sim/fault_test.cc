// Misbehaviour: each fault does what it says and nothing else, and Correct undoes what was sent wrong.
#include "tests/unit/ta_sim/exchange.h"

namespace fundcore::ta_sim {
namespace {

const Date kMon = D("2025-03-03"), kTue = D("2025-03-04"), kWed = D("2025-03-05");

class Faults : public testing::Test {
 protected:
  Faults() : distributor(&files), agent(TestConfig(), &files, &store) {
    distributor.Open("1001", "001000000001", "A");
    distributor.Buy("2001", "001000000001", "5000");
    distributor.Buy("2002", "001000000001", "100");
    distributor.Send(kMon);
  }
  absl::StatusOr<AnswerReport> Answer(std::vector<std::string> texts, Date day = kTue) {
    std::vector<Fault> faults;
    for (const std::string& text : texts) {
      auto fault = ParseFault(text);
      if (!fault.ok()) return fault.status();
      faults.push_back(*fault);
    }
    return agent.Answer(day, faults);
  }
  std::string Units(size_t row, int transfer = 1) {
    return ReadRows(files, kTue, "04", transfer).at(row).at("ConfirmedVol");
  }
  bool Readable(std::string_view type) {
    const std::string bytes = *files.Read(AnswerName(kTue, type));
    auto reader = ofd::Reader::Open(AnswerName(kTue, type), bytes);
    if (!reader.ok()) return false;
    for (ofd::RecordView r; reader->Next(&r);) {
      if (!r.Check().ok()) return false;
    }
    return reader->done();
  }

  MemoryFiles files;
  MemoryTaStore store;
  Distributor distributor;
  TaSim agent;
};

TEST_F(Faults, WrongUnitsAreOnlyInTheFileAndCanBeCorrected) {
  ASSERT_TRUE(Answer({"wrong-units:2001:+1.00"}).ok());
  EXPECT_EQ(Units(0), "4381.06");
  EXPECT_EQ(ReadRows(files, kTue, "05").at(0).at("AvailableVol"), "4467.66");
  const auto corrected = agent.Correct(kTue);
  ASSERT_TRUE(corrected.ok()) << corrected.status();
  EXPECT_EQ(corrected->transfer, 2);
  EXPECT_EQ(corrected->files,
            (std::vector<std::string>{AnswerName(kTue, "04", 2), "in/11/20250304/002/OFI_11_301_20250304.TXT"}));
  EXPECT_EQ(Units(0, 2), "4380.06");
  EXPECT_EQ(
      ofd::Reader::Open(AnswerName(kTue, "04", 2), *files.Read(AnswerName(kTue, "04", 2)))->header().transfer_no.raw(),
      2);
  EXPECT_FALSE(agent.Correct(kTue).ok());
  EXPECT_FALSE(agent.Correct(kWed).ok());
}

TEST_F(Faults, WrongAmount) {
  ASSERT_TRUE(Answer({"wrong-amount:#2:-0.01"}).ok());
  EXPECT_EQ(ReadRows(files, kTue, "04").at(1).at("ConfirmedAmount"), "99.99");
}

TEST_F(Faults, WrongRegisterStands) {
  ASSERT_TRUE(Answer({"wrong-register:2001:+1.00"}).ok());
  EXPECT_EQ(Units(0), "4381.06");
  EXPECT_EQ(ReadRows(files, kTue, "05").at(0).at("AvailableVol"), "4468.66");
  EXPECT_FALSE(agent.Correct(kTue).ok());
}

TEST_F(Faults, MissingAndDuplicateLines) {
  ASSERT_TRUE(Answer({"missing-line:2001", "duplicate-line:2002"}).ok());
  const std::vector<Row> rows = ReadRows(files, kTue, "04");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("AppSheetSerialNo"), "2002");
  EXPECT_EQ(rows[1], rows[0]);
  ASSERT_TRUE(agent.Correct(kTue).ok());
  EXPECT_EQ(Units(0, 2), "4380.06");
  EXPECT_EQ(Units(1, 2), "87.60");
}

TEST_F(Faults, RefusedAndPartial) {
  ASSERT_TRUE(Answer({"refuse:2002:0010", "partial:2001:3000"}).ok());
  const std::vector<Row> rows = ReadRows(files, kTue, "04");
  EXPECT_EQ(rows[0].at("ReturnCode"), "0000");
  EXPECT_EQ(rows[0].at("ConfirmedAmount"), "3000.00");
  EXPECT_EQ(rows[0].at("RefundAmount"), "2000.00");
  EXPECT_EQ(rows[0].at("ConfirmedVol"), "2628.04");
  EXPECT_EQ(rows[1].at("ReturnCode"), "0010");
  EXPECT_EQ(ReadRows(files, kTue, "25").at(0).at("ConfirmedAmount"), "3000.00");
}

TEST_F(Faults, ARefusedAccountRefusesItsOrders) {
  ASSERT_TRUE(Answer({"refuse:1001:0100"}).ok());
  EXPECT_EQ(ReadRows(files, kTue, "02").at(0).at("ReturnCode"), "0100");
  for (const Row& row : ReadRows(files, kTue, "04")) EXPECT_EQ(row.at("ReturnCode"), "0100");
}

TEST_F(Faults, ForcedRedemption) {
  ASSERT_TRUE(Answer({}).ok());
  ASSERT_TRUE(Answer({"forced:110000000001:110022:1000"}, kWed).ok());
  const Row row = ReadRows(files, kWed, "04").at(0);
  EXPECT_EQ(row.at("BusinessCode"), "142");
  EXPECT_EQ(row.at("FromTAFlag"), "1");
  EXPECT_EQ(row.at("AppSheetSerialNo"), "");
  EXPECT_EQ(row.at("TransactionAccountID"), "001000000001");
  EXPECT_EQ(row.at("ConfirmedVol"), "1000.00");
  EXPECT_EQ(row.at("RedemptionReason"), "1");
  EXPECT_EQ(ReadRows(files, kWed, "05").at(0).at("AvailableVol"), "3467.66");
  EXPECT_EQ(ReadRows(files, kWed, "25").at(0).at("BusinessCode"), "124");
  EXPECT_FALSE(Answer({"forced:110000000001:110022:99999"}, D("2025-03-06")).ok());
}

TEST_F(Faults, LateWritesNothingUntilAskedAgain) {
  const auto late = Answer({"late"});
  ASSERT_TRUE(late.ok());
  EXPECT_TRUE(late->late);
  EXPECT_TRUE(files.List("in/")->empty());
  EXPECT_EQ(Answer({})->trades, 2u);
}

TEST_F(Faults, OtherVersion) {
  ASSERT_TRUE(Answer({"version:22"}).ok());
  EXPECT_EQ(ofd::Reader::Open(AnswerName(kTue, "04"), *files.Read(AnswerName(kTue, "04")))->header().version,
            ofd::Version::k22);
  EXPECT_EQ(Units(0), "4380.06");
  ASSERT_TRUE(agent.Correct(kTue).ok());
  EXPECT_EQ(ofd::Reader::Open(AnswerName(kTue, "04", 2), *files.Read(AnswerName(kTue, "04", 2)))->header().version,
            ofd::Version::k21);
}

TEST_F(Faults, DamagedTruncatedAndWrongDateCannotBeRead) {
  ASSERT_TRUE(Answer({"damaged", "truncated:05", "wrong-date:25"}).ok());
  EXPECT_TRUE(Readable("02"));
  EXPECT_FALSE(Readable("04"));
  EXPECT_FALSE(Readable("05"));
  EXPECT_FALSE(Readable("25"));
  const auto corrected = agent.Correct(kTue);
  ASSERT_TRUE(corrected.ok());
  EXPECT_EQ(corrected->files.size(), 5u);  // 04 05 25, OFI, OFK
  EXPECT_EQ(Units(0, 2), "4380.06");
}

TEST_F(Faults, SameIdentityOtherBytes) {
  ASSERT_TRUE(Answer({"resend-other-bytes"}).ok());
  const std::string first = *files.Read(AnswerName(kTue, "04")), second = *files.Read(AnswerName(kTue, "04", 2));
  EXPECT_NE(first, second);
  EXPECT_EQ(ofd::Reader::Open(AnswerName(kTue, "04"), second)->header().transfer_no.raw(), 1);
  EXPECT_EQ(Units(0), "4380.06");
  EXPECT_EQ(Units(0, 2), "4381.06");
}

TEST_F(Faults, OnesThatMeetNothingAreErrors) {
  for (const char* text : {"wrong-units:9999:+1.00", "refuse:9999:0010", "missing-line:#3", "damaged:06",
                           "forced:x:110022:1", "partial:2001:6000"}) {
    EXPECT_FALSE(Answer({text}).ok()) << text;
    EXPECT_TRUE(files.List("in/")->empty()) << text;
  }
  EXPECT_EQ(Answer({})->trades, 2u);
}

TEST(ParseFault, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"", "lat", "late:1", "wrong-units:#0:1", "wrong-units:2001", "wrong-units:2001:x",
                           "refuse:1:00", "version:19", "damaged:03", "partial:1:-5"}) {
    EXPECT_FALSE(ParseFault(text).ok()) << text;
  }
}

}  // namespace
}  // namespace fundcore::ta_sim
