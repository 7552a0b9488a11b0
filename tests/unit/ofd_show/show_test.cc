// What show prints: the head, values, meanings, parts, tables, damage, workbooks.
#include "tests/unit/ofd_show/show_files.h"

#include "tools/ofd/show/table.h"
#include "tools/ofd/show/workbook.h"

namespace fundcore::ofd_tools {
namespace {

class ShowTest : public testing::Test {
 protected:
  Outcome Shown(Words words, const std::string& bytes = SmallFile()) {
    words.insert(words.begin(), folder_.Write(kSmallName, bytes));
    return RunCommand(&Show, words);
  }
  Folder folder_;
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_F(ShowTest, Json) {
  const auto lines = Lines(Shown({"--json"}).out);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_TRUE(
      lines[0].starts_with("{\"fundcore_ofd\":1,\"kind\":\"data\",\"file\":\"OFD_11_301_20250304_04.TXT\",\"version\":"
                           "\"21\",\"creator\":\"11\",\"receiver\":\"301\","
                           "\"date\":\"2025-03-04\",\"transfer_number\":1,\"type\":\"04\","));
  EXPECT_TRUE(
      lines[0].ends_with("\"sender\":\"11\",\"recipient\":\"\",\"records\":3,\"line_end\":\"CRLF\",\"fields\":["
                         "\"AppSheetSerialNo\",\"BusinessCode\",\"ConfirmedVol\","
                         "\"TransactionCfmDate\",\"TransactionTime\",\"Specification\",\"ReturnCode\"]}"))
      << lines[0];
  EXPECT_EQ(lines[1],
            "{\"AppSheetSerialNo\":\"000000000000000000000001\",\"BusinessCode\":\"122\",\"ConfirmedVol\":\"65.93\","
            "\"TransactionCfmDate\":\"2025-03-04\","
            "\"TransactionTime\":\"14:01:00\",\"Specification\":\"申购, 确认\",\"ReturnCode\":\"0000\"}");
  EXPECT_EQ(lines[2],
            "{\"AppSheetSerialNo\":\"000000000000000000000002\",\"BusinessCode\":\"124\",\"ConfirmedVol\":\"-0.05\","
            "\"TransactionCfmDate\":null,"
            "\"TransactionTime\":null,\"Specification\":\"say \\\"no\\\"\",\"ReturnCode\":\"0001\"}");
}

TEST_F(ShowTest, MeaningsStandBesideTheCode) {
  const std::string json = Shown({"--json", "--meanings"}).out;
  EXPECT_NE(json.find("\"BusinessCode\":{\"code\":\"122\",\"chinese\":\"申购"), std::string::npos) << json;
  EXPECT_NE(json.find("\"ReturnCode\":{\"code\":\"0000\",\"chinese\":\"成功\"}"), std::string::npos) << json;
  const std::string csv = Shown({"--csv", "--meanings"}).out;
  EXPECT_NE(csv.find("BusinessCode,BusinessCode:meaning,ConfirmedVol"), std::string::npos) << csv;
}

TEST_F(ShowTest, CsvCellsAreSafeToOpen) {
  const auto lines = Lines(Shown({"--csv"}).out);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[1],
            "AppSheetSerialNo,BusinessCode,ConfirmedVol,TransactionCfmDate,TransactionTime,Specification,ReturnCode\r");
  EXPECT_EQ(lines[2], "000000000000000000000001,122,65.93,2025-03-04,14:01:00,\"申购, 确认\",0000\r");
  EXPECT_EQ(lines[3], "000000000000000000000002,124,-0.05,,,\"say \"\"no\"\"\",0001\r");
  EXPECT_EQ(lines[4], "text:=1+1,122,0.00,2025-03-04,,,0000\r");
}

TEST_F(ShowTest, OddValuesAreShownAsTheyStand) {
  std::string bytes = Replaced(SmallFile(), "0000000000006593", "      65.93    x");
  bytes = Replaced(bytes, "20250304140100", "00000000996100");
  bytes = Replaced(bytes, *ofd::ToGb18030("确认"), "\xc8\xb7\xc8 ");
  const auto lines = Lines(Shown({"--json"}, bytes).out);
  EXPECT_NE(
      lines[1].find("\"ConfirmedVol\":{\"text\":\"      65.93    "
                    "x\"},\"TransactionCfmDate\":{\"text\":\"00000000\"},\"TransactionTime\":{\"text\":\"996100\"},"
                    "\"Specification\":{\"hex\":\"c9eab9ba2c20c8b7c8\"}"),
      std::string::npos)
      << lines[1];
}

TEST_F(ShowTest, Parts) {
  const auto lines = Lines(Shown({"--json", "--fields=returncode,ConfirmedVol", "--records=2-2"}).out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("\"part\":\"fields returncode, ConfirmedVol; records 2-2\""), std::string::npos);
  EXPECT_EQ(lines[1], "{\"ReturnCode\":\"0001\",\"ConfirmedVol\":\"-0.05\"}");
  EXPECT_EQ(Lines(Shown({"--json", "--records=9-"}).out).size(), 1u);
  EXPECT_EQ(Lines(Shown({"--json", "--records=-2"}).out).size(), 3u);
  EXPECT_EQ(Lines(Shown({"--json", "--records=1-1"}, SmallFile().substr(0, SmallFile().size() - 4)).out).size(), 2u);
}

TEST_F(ShowTest, WrongUse) {
  for (const char* words : {"--records=3-2", "--records=0", "--records=x", "--fields=Nothing", "--wide"})
    EXPECT_EQ(Shown({words}).code, 2) << words;
  EXPECT_EQ(Shown({"--json", "--csv"}).code, 2);
  EXPECT_EQ(RunCommand(&Show, {}).code, 2);
  EXPECT_EQ(RunCommand(&Show, {"--help"}).code, 0);
}

TEST_F(ShowTest, Table) {
  const Outcome shown = Shown({"--meanings", "--chinese"});
  EXPECT_EQ(shown.code, 0);
  const auto lines = Lines(shown.out);
  ASSERT_EQ(lines.size(), 11u) << shown.out;
  EXPECT_EQ(lines[2], "parties     11 -> 301 (sender 11, recipient blank)");
  EXPECT_EQ(lines[4], "records     3 of 121 bytes, 7 fields, lines end in CR LF");
  EXPECT_TRUE(lines[6].starts_with("#  AppSheetSerialNo")) << lines[6];
  EXPECT_NE(lines[8].find("  65.93  "), std::string::npos);
  // Below one another, whatever the width of the characters before.
  for (size_t i : {8u, 9u})
    EXPECT_EQ(PlacesOf(lines[i].substr(0, lines[i].find(i == 8 ? "65.93" : "-0.05"))),
              PlacesOf(lines[8].substr(0, lines[8].find("65.93"))));
}

TEST_F(ShowTest, TableLeavesOutWhatSaysNothing) {
  const std::string table = Shown({"--records=3-"}).out;
  EXPECT_EQ(table.find("ConfirmedVol"), std::string::npos) << table;
  EXPECT_EQ(table.find("Specification"), std::string::npos) << table;
  EXPECT_NE(table.find("AppSheetSerialNo"), std::string::npos) << table;
}

TEST_F(ShowTest, TableFoldsAndShowsOneRecordLineByLine) {
  for (const std::string& line : Lines(Shown({"--width=60"}).out)) {
    if (line.starts_with("type") || line.starts_with("records")) continue;
    EXPECT_LE(PlacesOf(line), 60u) << line;
  }
  EXPECT_NE(Shown({"--records=1"}).out.find("\nConfirmedVol        "), std::string::npos);
}

TEST(Terminal, TextIsCutByPlacesAndCannotDoHarm) {
  EXPECT_EQ(PlacesOf("申购ab"), 6u);
  EXPECT_EQ(ForTerminal("申购ab", 6), "申购ab");
  EXPECT_EQ(ForTerminal("申购abc", 6), "申购a…");
  EXPECT_EQ(ForTerminal("申购赎", 4), "申…");
  EXPECT_EQ(ForTerminal("a\x1b[2J", 20), "a\\x1b[2J");
  EXPECT_EQ(ForTerminal("a\u202eb", 20), "a\\u202eb");
}

TEST_F(ShowTest, OfADamagedFileWhatCouldBeReadIsShown) {
  const std::string cut = SmallFile().substr(0, SmallFile().size() - 140);
  const Outcome json = Shown({"--json"}, cut);
  EXPECT_EQ(json.code, 1);
  const auto lines = Lines(json.out);
  ASSERT_EQ(lines.size(), 3u) << json.out;
  EXPECT_NE(lines[2].find("{\"#damaged\":\"OFD_11_301_20250304_04.TXT:20: the record has"), std::string::npos)
      << lines[2];
  EXPECT_NE(json.err.find("OFD_11_301_20250304_04.TXT:20: the record has"), std::string::npos) << json.err;
  EXPECT_EQ(Shown({}, cut).code, 1);
  EXPECT_EQ(Shown({"--csv"}, cut).code, 1);

  const Outcome head = Shown({}, Replaced(SmallFile(), "20250304\r\n", "20250230\r\n"));
  EXPECT_EQ(head.code, 1);
  EXPECT_NE(head.out.find("   5  20250230\n"), std::string::npos) << head.out;
  EXPECT_NE(head.err.find(":5: date \"20250230\" is not a date that exists"), std::string::npos) << head.err;
  EXPECT_EQ(Shown({"--json"}, "").code, 1);
}

TEST_F(ShowTest, AFileUnderAWrongNameIsShownAndComplainedOf) {
  const Outcome shown = RunCommand(&Show, {folder_.Write("OFD_11_302_20250304_04.TXT", SmallFile()), "--json"});
  EXPECT_EQ(shown.code, 1);
  EXPECT_EQ(Lines(shown.out).size(), 5u);
  EXPECT_NE(shown.err.find("is not the file name's \"302\""), std::string::npos) << shown.err;
}

// The names of the parts in a zip archive's directory, which stand in it as plain text.
bool HoldsPart(const std::string& zip, std::string_view name) { return zip.rfind(StrCat(name)) != std::string::npos; }

TEST_F(ShowTest, Workbook) {
  const Outcome shown = Shown({"--xlsx=" + folder_.Path("small.xlsx"), "--meanings"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  const std::string zip = folder_.Read("small.xlsx");
  EXPECT_TRUE(zip.starts_with("PK\x03\x04"));
  EXPECT_TRUE(HoldsPart(zip, "xl/worksheets/sheet1.xml") && HoldsPart(zip, "xl/worksheets/sheet2.xml"));
  EXPECT_FALSE(HoldsPart(zip, "xl/worksheets/sheet3.xml"));
  EXPECT_EQ(folder_.Count(), 2u);
  EXPECT_EQ(Shown({"--xlsx=" + folder_.Path("small.xlsx")}).code, 2);
  EXPECT_EQ(Shown({"--xlsx=" + folder_.Path("small.xlsx"), "--force"}).code, 0);
  EXPECT_EQ(Shown({"--xlsx=" + folder_.Path("none/small.xlsx")}).code, 3);
}

TEST_F(ShowTest, AFullSheetIsFollowedByAnother) {
  const ShowOptions options;
  auto book = MakeWorkbookShower(folder_.Path("small.xlsx"), options, {.rows_in_sheet = 2});
  ASSERT_TRUE(book.ok());
  auto pieces = LinePieces::Open(folder_.Write(kSmallName, SmallFile()));
  ASSERT_TRUE(pieces.ok());
  ASSERT_TRUE(ShowFile(&*pieces, kSmallName, options, book->get()).ok());
  EXPECT_TRUE(HoldsPart(folder_.Read("small.xlsx"), "xl/worksheets/sheet4.xml"));
}

}  // namespace
}  // namespace fundcore::ofd_tools
