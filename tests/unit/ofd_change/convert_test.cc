// fundctl ofd convert: by name and value, whole or not at all.
#include "common/ofd/index_file.h"
#include "tests/unit/ofd_change/folder.h"

namespace fundcore::ofd_tools {
namespace {

class ConvertTest : public FolderTest {};

TEST_F(ConvertTest, ThereAndBackGivesTheSameBytes) {
  const std::string a = Put("a.TXT", {.rows = {{{"AppSheetSerialNo", "1"},
                                                {"FundCode", "110022"},
                                                {"ApplicationAmount", "5000.01"},
                                                {"Charge", "12.30"},
                                                {"Specification", "备注"}},
                                               {{"AppSheetSerialNo", "2"}, {"ApplicationVol", "-3"}}}});
  ASSERT_EQ(Do({"convert", a, "--to=22", "--output=" + Path("b.TXT")}), 0) << out_ << err_;
  const std::vector<Row> rows = Rows(Get(Path("b.TXT")));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("ApplicationAmount"), "5000.01");
  EXPECT_EQ(rows[0].at("Charge"), "12.30");
  EXPECT_EQ(rows[0].at("Specification"), "备注");
  EXPECT_EQ(rows[1].at("ApplicationVol"), "-3.00");
  EXPECT_EQ(Get(Path("b.TXT")).substr(10, 8), "22      ");
  ASSERT_EQ(Do({"convert", Path("b.TXT"), "--to=21", "--output=" + Path("c.TXT")}), 0) << out_ << err_;
  EXPECT_TRUE(Said("were blank or zero in every record")) << out_;
  EXPECT_EQ(Get(Path("c.TXT")), Get(a));
  EXPECT_EQ(Do({"diff", a, Path("b.TXT")}), 0) << out_;
}

TEST_F(ConvertTest, NothingIsWrittenUnlessAllFits) {
  const std::string a =
      Put("a.TXT", {.version = ofd::Version::k22,
                    .type = "04",
                    .rows = {{{"NAV", "1.1280"}}, {{"NAV", "1.12345678"}}, {{"Charge", "123456789.00"}}}});
  EXPECT_EQ(Do({"convert", a, "--to=21", "--output=" + Path("b.TXT")}), 1);
  EXPECT_TRUE(Said("1.12345678 and does not fit version 21 (type N, 7 digits, 4 decimals)")) << out_;
  EXPECT_TRUE(Said("NAV")) << out_;
  EXPECT_TRUE(Said("123456789 and does not fit version 21 (type N, 10 digits, 2 decimals)")) << out_;
  EXPECT_TRUE(Said("2 values do not fit; nothing was written")) << out_;
  EXPECT_EQ(FilesIn(""), 1u);
  EXPECT_EQ(Do({"convert", a, "--to=21", "--json"}), 1);
  EXPECT_TRUE(Said("\"fits\":false")) << out_;
  EXPECT_TRUE(Said("\"field\":\"NAV\"")) << out_;
}

TEST_F(ConvertTest, TextIsNeverCut) {
  const std::string a = Put("a.TXT", {.version = ofd::Version::k22,
                                      .type = "01",
                                      .rows = {{{"CertificateType", "0"}, {"CertificateNo", std::string(31, '7')}},
                                               {{"CertificateType", "0"}, {"CertificateNo", std::string(30, '7')}},
                                               {{"CertificateType", "012"}}}});
  EXPECT_EQ(Do({"convert", a, "--to=21"}), 1);
  EXPECT_TRUE(Said("has 31 bytes and does not fit version 21 (type C, 30 bytes)")) << out_;
  EXPECT_TRUE(Said("has 3 bytes and does not fit version 21 (type C, 1 bytes)")) << out_;
  EXPECT_TRUE(Said("2 values do not fit")) << out_;
}

TEST_F(ConvertTest, LossesAreGivenUpByNameOnly) {
  // A field of version 22 that version 21 does not have.
  std::string extra;
  for (const ofd::FieldDef& f : ofd::DefaultFields(ofd::Version::k22, ofd::FileType("03"))) {
    if (!ofd::FindField(ofd::Version::k21, ofd::FileType("03"), f.name) && f.kind == ofd::FieldKind::kText) {
      extra = f.name;
      break;
    }
  }
  ASSERT_FALSE(extra.empty());
  const std::string a = Put("a.TXT", {.version = ofd::Version::k22, .rows = {{{extra, "1"}}, {{"FundCode", "1"}}}});
  EXPECT_EQ(Do({"convert", a, "--to=21", "--output=" + Path("b.TXT")}), 1);
  EXPECT_TRUE(Said("--drop=" + extra + " gives it up")) << out_;
  EXPECT_FALSE(std::filesystem::exists(Path("b.TXT")));
  EXPECT_EQ(Do({"convert", a, "--to=21", "--output=" + Path("b.TXT"), "--drop=" + extra}), 0) << err_;
  EXPECT_TRUE(Said("dropped " + extra)) << out_;
  EXPECT_TRUE(Said("which 1 records held")) << out_;
  EXPECT_EQ(Rows(Get(Path("b.TXT"))).size(), 2u);
  EXPECT_EQ(Do({"convert", a, "--to=21", "--drop=FundCode," + extra}), 1);
  EXPECT_NE(err_.find("--drop names FUNDCODE"), std::string::npos) << err_;
}

TEST_F(ConvertTest, TheHeadMustFitToo) {
  std::string bytes;
  ofd::Writer w("a.TXT", &bytes);
  ASSERT_TRUE(w.Begin({.version = ofd::Version::k22,
                       .creator = ofd::PartyCode("12345678901"),
                       .receiver = ofd::PartyCode("11"),
                       .date = *Date::Parse("2025-03-03"),
                       .transfer_no = TransferNo(1),
                       .type = ofd::FileType("03")},
                      0)
                  .ok());
  ASSERT_TRUE(w.Finish().ok());
  EXPECT_EQ(Do({"convert", Put("a.TXT", bytes), "--to=21", "--output=" + Path("b.TXT")}), 1);
  EXPECT_TRUE(Said("12345678901")) << out_;
}

TEST_F(ConvertTest, NamesFieldsAndVariants) {
  const std::string a = Put("in/a.TXT", {.fields = {"FundCode", "ApplicationAmount"},
                                         .rows = {{{"FundCode", "110022"}}}});
  std::filesystem::create_directories(Path("out"));
  ASSERT_EQ(Do({"convert", a, "--to=22", "--keep-fields", "--output-dir=" + Path("out")}), 0) << err_ << out_;
  EXPECT_EQ(Rows(Get(Path("out/OFD_301_11_20250303_03.TXT")))[0].size(), 2u);
  EXPECT_EQ(Do({"convert", a, "--to=22", "--keep-fields", "--output-dir=" + Path("out")}), 3);
  EXPECT_NE(err_.find("--force replaces it"), std::string::npos) << err_;
  EXPECT_EQ(Do({"convert", a, "--to=21", "--output=" + a, "--force"}), 1);
  EXPECT_NE(err_.find("is the file to be converted"), std::string::npos) << err_;
  EXPECT_EQ(Do({"convert", a, "--to=19"}), 2);
  EXPECT_EQ(Do({"convert", Path("none"), "--to=21"}), 3);
  const std::string damaged = Put("d.TXT", Get(a).substr(0, Get(a).size() - 20));
  EXPECT_EQ(Do({"convert", damaged, "--to=22", "--output=" + Path("e.TXT")}), 1);
  EXPECT_FALSE(std::filesystem::exists(Path("e.TXT")));
}

TEST_F(ConvertTest, IndexFiles) {
  const ofd::IndexFile index{.version = ofd::Version::k21,
                             .creator = ofd::PartyCode("301"),
                             .receiver = ofd::PartyCode("11"),
                             .date = *Date::Parse("2025-03-03"),
                             .names = {"OFD_301_11_20250303_03.TXT"}};
  const std::string a = Put("OFI_301_11_20250303.TXT", *index.Format());
  std::filesystem::create_directories(Path("out"));
  ASSERT_EQ(Do({"convert", a, "--to=22", "--output-dir=" + Path("out")}), 0) << err_;
  const auto read = ofd::IndexFile::Parse("x", Get(Path("out/OFI_301_11_20250303.TXT")));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->version, ofd::Version::k22);
  EXPECT_EQ(read->names, index.names);
}

TEST(DecimalTest, ExactText) {
  Decimal d;
  EXPECT_EQ(ParseDecimal("0000000000012345", 2, &d), DecimalForm::kNumber);
  EXPECT_EQ(d.ToString(), "123.45");
  std::string out;
  EXPECT_TRUE(d.Format(7, 4, &out));
  EXPECT_EQ(out, "1234500");
  EXPECT_FALSE(d.Format(6, 4, &out));
  EXPECT_FALSE(d.Format(9, 1, &out));
  EXPECT_EQ(ParseDecimal("0000-5", 2, &d), DecimalForm::kNumber);
  EXPECT_EQ(d.ToString(2), "-0.05");
  EXPECT_EQ(ParseDecimal("12-", 0, &d), DecimalForm::kNumber);
  EXPECT_EQ(d.ToString(), "-12");
  EXPECT_EQ(ParseDecimal("   ", 0, &d), DecimalForm::kBlank);
  for (const char* bad : {"1 2", "+12", "1.2", "-1-", "-"}) {
    EXPECT_EQ(ParseDecimal(bad, 0, &d), DecimalForm::kMalformed) << bad;
  }
  EXPECT_EQ(ParseDecimal("99999999999999999999999999", 2, &d), DecimalForm::kNumber);
  EXPECT_EQ(d.ToString(), "999999999999999999999999.99");
}

}  // namespace
}  // namespace fundcore::ofd_tools
