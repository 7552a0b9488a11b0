// An institution that does otherwise than the standard says: what goes out to it, and what comes back.
#include "services/clearing/answer_file.h"
#include "tests/unit/clearing/world.h"

namespace fundcore::clearing {
namespace {

constexpr std::string_view kOut03 = "out/11/20250303/001/OFD_301_11_20250303_03.TXT";

// A wide fund code, lines ended by LF, a field less, a field more, one figure with three decimals, codes of its own.
constexpr const char* kVariant = R"(
line_ends = "lf"
names = "upper"
[[field]]
name = "FundCode"
width = 10
[[field]]
type = "03"
name = "ApplicationVol"
width = 18
decimals = 3
[[field]]
type = "03"
name = "ChannelMark"
kind = "C"
width = 4
added = true
[left_out]
"03" = ["DepositAcct", "CurrencyType", "ShareClass"]
[return_codes]
9001 = { meaning = "accepted for manual work", refusal = false }
9002 = { meaning = "the customer is restricted" }
0408 = { meaning = "not by hand", refusal = true }
)";

void MakeOtherwise(World* w) {
  w->peers.file_variant = kVariant;
  w->peers.fund_code = "WIDE110022";
  w->registrar.variant = *ofd::Variant::Parse("ta", kVariant);
  w->registrar.fund_code = "WIDE110022";
}

TEST(FileVariant, WhatGoesOutIsAsTheInstitutionWantsIt) {
  World w;
  MakeOtherwise(&w);
  w.peers.Add(2, 22, 100'00, 0);
  w.peers.Add(3, 24, 0, 80'55);
  w.ToAwait();
  EXPECT_TRUE(w.Breaks(true).empty());
  for (const std::string& name : {std::string(kOut03), std::string("out/11/20250303/001/OFD_301_11_20250303_01.TXT"),
                                  std::string("out/11/20250303/001/OFI_301_11_20250303.TXT")}) {
    EXPECT_EQ(w.files.Read(name)->find('\r'), std::string::npos) << name;
  }
  const std::string bytes = *w.files.Read(kOut03);
  EXPECT_FALSE(ofd::Reader::Open(kOut03, bytes).ok());  // the added field is none of the standard
  auto reader = ofd::Reader::Open(kOut03, bytes, w.registrar.variant.reader_options());
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->header().fields[0], "APPSHEETSERIALNO");
  EXPECT_FALSE(reader->Find("DepositAcct").present());
  EXPECT_TRUE(reader->Find("ChannelMark").present());
  ofd::RecordView r;
  ASSERT_TRUE(reader->Next(&r));
  EXPECT_EQ(r.Text(reader->Find("FundCode")), "WIDE110022");
  EXPECT_EQ(*r.Number(reader->Find("ApplicationAmount")), 100'00);
  ASSERT_TRUE(reader->Next(&r));
  EXPECT_EQ(*r.Number(reader->Find("ApplicationVol")), 80'550);  // three decimals
}

TEST(FileVariant, AnswersAreReadWithItAndOwnCodesAreUnderstood) {
  World w;
  MakeOtherwise(&w);
  for (uint64_t i : {2, 3, 4, 5}) w.peers.Add(i, 22, 100'00, 0);
  w.ToAwait();
  w.CleanAnswer();
  w.registrar.lines[1].code = "9001";
  w.registrar.lines[2].code = "9002";
  w.registrar.lines[3].code = "0408";
  w.GoTo(kTuesday, 2, 0);
  w.registrar.Answer(kTuesday);
  w.sim.RunUntilIdle(Duration::Seconds(1));
  w.Restart();  // what the variant says is known again from the facts
  for (int i = 0; i < 60 && w.peers.orders[3].code.empty(); ++i) w.sim.RunUntilIdle(Duration::Millis(500));
  EXPECT_EQ(w.peers.orders[0].code, "0000");
  EXPECT_EQ(w.peers.orders[1].code, "0000");  // no refusal, and trade does not know the code
  EXPECT_EQ(w.peers.orders[2].code, "9002");
  EXPECT_EQ(w.peers.orders[3].code, "9999");  // a refusal here only
}

TEST(FileVariant, WithoutItTheSameAnswerIsDamaged) {
  World w;
  w.peers.Add(2, 22, 100'00, 0);
  w.registrar.variant = *ofd::Variant::Parse("ta", "[[field]]\nname = \"FundCode\"\nwidth = 10\n");
  w.ToAwait();
  w.CleanAnswer();
  w.GoTo(kTuesday, 2, 0);
  w.registrar.Answer(kTuesday);
  w.sim.RunUntilIdle(Duration::Seconds(5));
  ASSERT_FALSE(w.Breaks().empty());
  EXPECT_EQ(w.Breaks()[0].kind(), "FILE_DAMAGED");
  EXPECT_TRUE(w.peers.posted.empty());
}

TEST(FileVariant, OwnCodesDecideWhoseAccountIsNotConfirmedAndSayWhy) {
  World w;
  MakeOtherwise(&w);
  auto variant = std::make_shared<const ofd::Variant>(w.registrar.variant);
  w.registrar.accounts = {{MakeOrderId(PartitionId(0), 7), MakeInvestorId(PartitionId(0), 7), "101", 0, 0, "9001"},
                          {MakeOrderId(PartitionId(1), 8), MakeInvestorId(PartitionId(1), 8), "101", 0, 0, "9002"}};
  const std::string bytes = w.registrar.Bytes(kTuesday, 1, "02");
  AnswerFile file(FileType("02"), Registrar::Name(kTuesday, "02"), bytes,
                  {kTa, DistributorCode("301"), kTuesday, 21, kPartitions, variant});
  while (file.ReadOn(100)) {
  }
  ASSERT_TRUE(file.damage().ok()) << file.damage();
  EXPECT_EQ(file.header_fault(), "");
  EXPECT_FALSE(file.unconfirmed().contains(MakeInvestorId(PartitionId(0), 7)));
  EXPECT_TRUE(file.unconfirmed().contains(MakeInvestorId(PartitionId(1), 8)));
  account::v1::AccountConfirmationLine line;
  file.Fill(file.lines(0)[0], &line);
  EXPECT_EQ(line.return_code(), "0000");
  EXPECT_EQ(line.error_detail(), "9001 accepted for manual work");
}

}  // namespace
}  // namespace fundcore::clearing
