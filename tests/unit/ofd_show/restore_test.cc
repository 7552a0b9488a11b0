// What from-json and from-csv refuse, and how they say it; that nothing half written is left.
#include "tests/unit/ofd_show/show_files.h"

namespace fundcore::ofd_tools {
namespace {

std::string ShownAs(const char* form) {
  const Folder folder;
  const Outcome shown = RunCommand(&Show, {folder.Write(kSmallName, SmallFile()), form});
  EXPECT_EQ(shown.code, 0) << shown.err;
  return shown.out;
}

// The text is refused with exit code 1 and a message that ends in `message`; no file is left.
void ExpectRefused(int (*command)(const Words&, std::ostream&, std::ostream&), const std::string& text,
                   std::string_view message) {
  const Folder folder;
  const Outcome outcome = RunCommand(command, {folder.Write("in", text), "--output=" + folder.Path("out.TXT")});
  EXPECT_EQ(outcome.code, 1) << message;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, StrCat("fundctl: in:", message, "\n"));
  EXPECT_EQ(folder.Count(), 1u) << "something besides the input is left";
}

TEST(FromJson, RefusesWithLineFieldValueAndRule) {
  const std::string json = ShownAs("--json");
  const auto change = [&](std::string_view from, std::string_view to) { return Replaced(json, from, to); };
  const auto refused = [](const std::string& text, std::string_view message) {
    ExpectRefused(&FromJson, text, message);
  };
  refused("", " the head is missing: the text is empty");
  refused(json.substr(json.find('\n') + 1), "1: AppSheetSerialNo is not a key of the head");
  refused("{}", "1: the head is missing: the first line must be the object with \"fundcore_ofd\":1 that show writes");
  refused(change("\"fundcore_ofd\":1", "\"fundcore_ofd\":2"),
          "1: fundcore_ofd \"2\" is a form that this program does not know; it knows 1");
  refused(change("\"receiver\":\"301\",", ""), "1: receiver is missing from the head");
  refused(change("\"creator\":\"11\"", "\"creator\":\"1_1\""), "1: creator \"1_1\" is not a code of 1 to 9 characters");
  refused(change("\"date\":\"2025-03-04\"", "\"date\":\"2025-02-30\""),
          "1: date \"2025-02-30\" is not a date that exists, in the form \"2017-04-27\"");
  refused(change("\"transfer_number\":1", "\"transfer_number\":1000"),
          "1: transfer_number \"1000\" does not fit; there is room for 3 digits, and for no more than 65535");
  refused(change("\"ConfirmedVol\"", "\"ConfirmedVolume\""),
          "1: fields \"ConfirmedVolume\" is not a field of type 04 in version 21; if the sender adds it, give its kind "
          "and width as a field override");
  refused(change("\"records\":3", "\"records\":4"),
          "4: the head announces 4 records, but 3 follow; correct \"records\" in the head");
  refused(change("\"records\":3", "\"records\":2"),
          "4: is a record beyond the 2 that the head announces; correct \"records\" in the head");
  refused(change("\"line_end\":\"CRLF\"", "\"line_end\":\"CRLF\",\"odd_lines\":{\"3\":\"12\"}"),
          "1: odd_lines 3 \"12\" disagrees with the head, which makes \"11       \" of this line; correct it or take "
          "it out of odd_lines");

  refused(change("\"65.93\"", "65.93"),
          "2: ConfirmedVol \"65.93\" is a JSON number; write it as a string, which keeps every digit: \"65.93\"");
  refused(change("\"65.93\"", "\"65.931\""),
          "2: ConfirmedVol \"65.931\" has more decimals than the field (type N, 16 digits, 2 decimals)");
  refused(change("\"65.93\"", "\"123456789012345.00\""),
          "2: ConfirmedVol \"123456789012345.00\" does not fit (type N, 16 digits, 2 decimals)");
  refused(change("\"65.93\"", "\"6 5\""), "2: ConfirmedVol \"6 5\" is not a decimal number such as \"65.93\"");
  refused(change("\"65.93\"", "true"), "2: ConfirmedVol is neither a string, null nor an object");
  refused(change("\"65.93\"", "{\"hex\":\"zz\"}"), "2: ConfirmedVol \"zz\" is not pairs of hexadecimal digits");
  refused(change("\"65.93\"", "{\"hex\":\"310a\"}"),
          "2: ConfirmedVol \"310a\" holds a line end, which would break the record");
  refused(change("\"65.93\"", "{\"number\":\"1\"}"),
          "2: ConfirmedVol.number is not a key that a value may have; known are text, hex, code, chinese and english");
  refused(change("\"TransactionCfmDate\":\"2025-03-04\"", "\"TransactionCfmDate\":\"2025-13-04\""),
          "2: TransactionCfmDate \"2025-13-04\" is not a date that exists, in the form \"2017-04-27\"");
  refused(change("\"14:01:00\"", "\"24:01:00\""),
          "2: TransactionTime \"24:01:00\" is not a time of day in the form \"14:01:00\"");
  refused(change("\"BusinessCode\":\"122\"", "\"BusinessCode\":\"1222\""),
          "2: BusinessCode \"1222\" has 4 bytes in GB18030 and does not fit (type A, 3 bytes)");
  refused(change("\"申购, 确认\"", "\"a\\nb\""),
          "2: Specification \"a\nb\" holds a control character, which would break the record");
  refused(change("\"BusinessCode\":\"122\",", ""),
          "2: BusinessCode is missing; a record gives every field of the head");
  refused(change("\"BusinessCode\":\"122\"", "\"BusinesCode\":\"122\""), "2: BusinesCode is not a field of the head");
  refused(change("\"BusinessCode\":\"122\"", "\"ReturnCode\":\"1\",\"BusinessCode\":\"122\""),
          "2: ReturnCode \"0000\" is given twice in one record");
  refused(change("\"BusinessCode\":\"122\"", "\"BusinessCode\":122e"),
          "2: BusinessCode \"122e\" is a JSON number; write it as a string, which keeps every digit: \"65.93\"");
  refused(json + "{\"#damaged\":\"cut\"}\n",
          "5: #damaged \"cut\" says that what was shown is damaged; it cannot become a file again");
}

TEST(FromJson, RefusesWhatTheReaderCouldNotRead) {
  const Folder folder;
  const std::string json = ShownAs("--json") + "{\"#end\":\"OFDCFEN\"}\n";
  const Outcome outcome = RunCommand(&FromJson, {folder.Write("in", json), "--output=" + folder.Path("out.TXT")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(
      outcome.err,
      "fundctl: out.TXT:22: \"OFDCFEN\" is not the trailer OFDCFEND, which must follow the 3 records announced\n");
  EXPECT_EQ(folder.Count(), 1u);
}

TEST(FromJson, RefusesWhatIsNotJson) {
  for (const char* line :
       {"[]", "{\"a\":1", "{\"a\" 1}", "nonsense", "{} {}", "\"x\"", "{\"AppSheetSerialNo\":\"\xff\"}"}) {
    const Folder folder;
    const Outcome outcome = RunCommand(
        &FromJson, {folder.Write("in", Replaced(ShownAs("--json"), "{\"AppSheet", StrCat(line, "\n{\"AppSheet")))});
    EXPECT_EQ(outcome.code, 1) << line;
    EXPECT_TRUE(outcome.err.starts_with("fundctl: in:2: ")) << line << outcome.err;
  }
}

TEST(FromJson, TakesWhatPeopleWrite) {
  const Folder folder;
  std::string json = ShownAs("--json");
  json = Replaced(json, "\"65.93\"", "\"0065.930\"");
  json = Replaced(json, "\"TransactionCfmDate\":\"2025-03-04\"", "\"transactioncfmdate\":\"20250304\"");
  json = Replaced(json, "\"BusinessCode\":\"122\"", "\"BusinessCode\":{\"code\":\"122\",\"chinese\":\"?\"}");
  json = Replaced(json, "{\"AppSheet", " \r\n{\"AppSheet");
  const Outcome outcome = RunCommand(&FromJson, {folder.Write("in", "\xef\xbb\xbf" + json)});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out == SmallFile());
}

TEST(FromJson, APartDoesNotBecomeAFile) {
  const Folder folder;
  const std::string path = folder.Write(kSmallName, SmallFile());
  for (const Words& words : {Words{path, "--json", "--fields=ReturnCode"}, Words{path, "--json", "--records=1-2"}}) {
    const Outcome outcome = RunCommand(&FromJson, {folder.Write("in", RunCommand(&Show, words).out)});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.err.find("was shown, not the whole file"), std::string::npos) << outcome.err;
  }
}

TEST(FromCsv, RefusesWithLineFieldValueAndRule) {
  const std::string csv = ShownAs("--csv");
  const auto change = [&](std::string_view from, std::string_view to) { return Replaced(csv, from, to); };
  const auto refused = [](const std::string& text, std::string_view message) {
    ExpectRefused(&FromCsv, text, message);
  };
  refused("", "1: the head is missing: the text is empty");
  refused("a,b\r\n", "1: the head is missing: the first row must be the cell #{\"fundcore_ofd\":1,…} that show writes");
  refused(csv.substr(0, csv.find('\n') + 1), "2: the row of headings is missing");
  refused(change("\r\nAppSheetSerialNo,", "\r\n"),
          "2: AppSheetSerialNo has no column; a record gives every field of the head");
  refused(change("\r\nAppSheetSerialNo,", "\r\nAppSheetSerialNo,Other,"), "2: Other is not a field of the head");
  refused(change("\r\nAppSheetSerialNo,", "\r\nAppSheetSerialNo,ReturnCode,"),
          "2: ReturnCode is a heading given twice");
  refused(change("65.93", "65,93"), "3: the row has 8 cells, but there are 7 headings");
  refused(change("65.93", "x"), "3: ConfirmedVol \"x\" is not a decimal number such as \"65.93\"");
  refused(change("65.93", "6\"5"), "3: a quote stands inside a cell that does not begin with one");
  refused(change("\"申购, 确认\"", "\"申购, 确认\"x"), "3: something other than a comma follows a closing quote");
  refused(csv + "\"#{\"\"#other\"\":\"\"1\"\"}\"\r\n", "6: #other \"1\" is not a note; known are #line_end and #end");
  refused(csv + "\"000", "6: a quoted cell has no closing quote");
}

TEST(FromCsv, TakesWhatASpreadsheetSaved) {
  const Folder folder;
  std::string csv = ShownAs("--csv");
  std::erase(csv, '\r');
  csv = Replaced(csv, "}\"\n", "}\",,,,,,\n");  // short rows filled up
  csv = Replaced(csv, "\nAppSheetSerialNo,", "\nappsheetserialno,");
  const Outcome outcome =
      RunCommand(&FromCsv, {folder.Write("in", csv.substr(3)), "--output=" + folder.Path(kSmallName)});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(folder.Read(kSmallName) == SmallFile());
}

TEST(Output, IsNeverOverwrittenWithoutForce) {
  const Folder folder;
  const std::string in = folder.Write("in", ShownAs("--json"));
  const std::string out = folder.Write("out.TXT", "mine");
  const Outcome refused = RunCommand(&FromJson, {in, "--output=" + out});
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err, StrCat("fundctl: ", out, ": exists; remove it, choose another name, or say --force\n"));
  EXPECT_EQ(folder.Read("out.TXT"), "mine");
  EXPECT_EQ(RunCommand(&FromJson, {in, "--output=" + out, "--force"}).code, 0);
  EXPECT_TRUE(folder.Read("out.TXT") == SmallFile());
  EXPECT_EQ(folder.Count(), 2u);
}

TEST(Output, HasANameThatAgreesWithTheHead) {
  const Folder folder;
  const Outcome refused = RunCommand(
      &FromJson, {folder.Write("in", ShownAs("--json")), "--output=" + folder.Path("OFD_11_302_20250304_04.TXT")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.err.find("is not the file name's \"302\""), std::string::npos) << refused.err;
}

TEST(Output, WhatCannotBeReadOrWritten) {
  const Folder folder;
  EXPECT_EQ(RunCommand(&FromJson, {folder.Path("none")}).code, 3);
  EXPECT_EQ(RunCommand(&Show, {folder.Path("none"), "--fields=A"}).code, 3);
  EXPECT_EQ(
      RunCommand(&FromCsv, {folder.Write("in", ShownAs("--csv")), "--output=" + folder.Path("no/folder/out")}).code, 3);
  EXPECT_EQ(RunCommand(&FromCsv, {"--no-such-option"}).code, 2);
}

}  // namespace
}  // namespace fundcore::ofd_tools
