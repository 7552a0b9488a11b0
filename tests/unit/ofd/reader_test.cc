// The reader: quirks of real files, each kind of damage, pieces of any size.
#include "common/ofd/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ofd/ofd_files.h"

namespace fundcore::ofd {
namespace {

using ::testing::HasSubstr;

FileParts TwoRecords() {
  FileParts parts;
  parts.records = {Record("A1", "0000000000012345", "20250304", "\xC9\xEA\xB9\xBA", "0000"),
                   Record("A2", "0000000000000100", "20250304", "", "0001")};
  return parts;
}

// Reads all records, their fields included, and gives what was wrong.
absl::Status ReadAll(std::string_view bytes, std::string_view name = kConfirmName, ReaderOptions options = {}) {
  auto reader = Reader::Open(name, bytes, std::move(options));
  if (!reader.ok()) return reader.status();
  for (RecordView record; reader->Next(&record);) {
    if (auto status = record.Check(); !status.ok()) return status;
  }
  EXPECT_EQ(reader->status().ok(), reader->done());
  return reader->status();
}

struct OneRecord {
  std::string bytes;
  Reader reader;
  RecordView record;
};

// A reader standing on the one record of a file whose number field holds `vol`.
std::unique_ptr<OneRecord> ReadVol(std::string_view vol) {
  FileParts parts;
  parts.records = {Record("A1", vol, "20250304", "", "0000")};
  auto one = std::make_unique<OneRecord>(OneRecord{parts.Bytes(), Reader(kConfirmName), {}});
  one->reader.Feed(one->bytes);
  one->reader.Finish();
  EXPECT_TRUE(one->reader.Next(&one->record)) << one->reader.status();
  return one;
}

TEST(Reader, ReadsHeadAndRecords) {
  const std::string bytes = TwoRecords().Bytes();
  auto reader = Reader::Open("in/20250304/OFD_11_301_20250304_04.TXT", bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->header().version, Version::k21);
  EXPECT_EQ(reader->header().creator.view(), "11");
  EXPECT_EQ(reader->header().receiver.view(), "301");
  EXPECT_EQ(reader->header().date, Date::FromRaw(20250304));
  EXPECT_EQ(reader->header().transfer_no, TransferNo(1));
  EXPECT_EQ(reader->header().type.view(), "04");
  EXPECT_EQ(reader->record_count(), 2u);

  const Column serial = reader->Find("appsheetserialno"), vol = reader->Find("CONFIRMEDVOL");
  const Column day = reader->Find("TransactionCfmDate"), spec = reader->Find("Specification");
  RecordView record;
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(record.line(), 17u);
  EXPECT_EQ(record.Text(serial), "A1");
  EXPECT_EQ(*record.Number(vol), 12345);
  EXPECT_EQ(vol.decimals(), 2);
  EXPECT_EQ(*record.Date(day), Date::FromRaw(20250304));
  EXPECT_EQ(record.Text(spec), "\xC9\xEA\xB9\xBA");
  EXPECT_EQ(*record.Utf8(spec), "申购");
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(*record.Number(vol), 100);
  EXPECT_TRUE(record.IsBlank(spec));
  EXPECT_FALSE(reader->Next(&record));
  EXPECT_TRUE(reader->done());
  EXPECT_TRUE(reader->status().ok());
}

TEST(Reader, AcceptsPiecesOfAnySize) {
  const std::string bytes = TwoRecords().Bytes();
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    Reader reader(kConfirmName);
    std::string seen;
    RecordView record;
    const auto drain = [&] {
      while (reader.Next(&record)) seen += record.Text(reader.Find("AppSheetSerialNo"));
    };
    for (size_t at = 0; at < bytes.size(); at += piece) {
      reader.Feed(std::string_view(bytes).substr(at, piece));
      drain();
    }
    EXPECT_FALSE(reader.done());
    reader.Finish();
    drain();
    ASSERT_TRUE(reader.done()) << piece << " " << reader.status();
    EXPECT_EQ(seen, "A1A2");
  }
}

TEST(Reader, AcceptsLineFeedsAndAMissingLastEnd) {
  for (const char* eol : {"\r\n", "\n"}) {
    for (bool last : {true, false}) {
      FileParts parts = TwoRecords();
      parts.eol = eol;
      parts.last_eol = last;
      EXPECT_TRUE(ReadAll(parts.Bytes()).ok());
    }
  }
  EXPECT_TRUE(ReadAll(TwoRecords().Bytes() + "\r\n\r\n").ok());
}

TEST(Reader, AcceptsBlankPartiesUpperCaseNamesAndNoRecords) {
  FileParts parts;
  parts.sender = "        ";
  parts.recipient = "";
  parts.names = {"APPSHEETSERIALNO", "CONFIRMEDVOL"};
  auto bytes = parts.Bytes();
  auto reader = Reader::Open(kConfirmName, bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(reader->header().sender.empty());
  EXPECT_TRUE(reader->header().recipient.empty());
  EXPECT_TRUE(reader->Find("ConfirmedVol").present());
  EXPECT_EQ(reader->header().fields[1], "CONFIRMEDVOL");
  EXPECT_TRUE(ReadAll(bytes).ok());
}

TEST(Reader, FieldsLeftOutReadAsBlank) {
  const auto one = ReadVol("0000000000000001");
  const Column missing = one->reader.Find("Charge");
  EXPECT_FALSE(missing.present());
  EXPECT_TRUE(one->record.IsBlank(missing));
  EXPECT_EQ(one->record.Text(missing), "");
  EXPECT_EQ(*one->record.NumberOr(missing, 7), 7);
  EXPECT_FALSE(one->record.Number(missing).ok());
  EXPECT_THAT(one->reader.Require("Charge").status().message(),
              HasSubstr("Charge is not among the 5 fields of this file"));
}

TEST(Reader, Version22HasWiderLines) {
  FileParts parts;
  parts.version = "22      ";
  parts.creator = Pad("91110000717845678X", 20);
  parts.receiver = Pad("301", 20);
  parts.transfer = "00000012";
  parts.type = "04      ";
  parts.field_count = "00000002";
  parts.names = {"TransferReason", "NAV"};
  parts.record_count = "0000000000000001";
  parts.records = {
      "001"
      "0000000112345678"};
  const std::string bytes = parts.Bytes();
  auto reader = Reader::Open("x", bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->header().creator.view(), "91110000717845678X");
  EXPECT_EQ(reader->header().transfer_no, TransferNo(12));
  RecordView record;
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(*record.Number(reader->Find("NAV")), 112345678);
  EXPECT_EQ(reader->Find("NAV").decimals(), 8);
}

TEST(Reader, NumbersMayCarryASign) {
  const std::pair<const char*, int64_t> cases[] = {{"0000000000012345", 12345},
                                                   {"-000000000012345", -12345},
                                                   {"0000000-00012345", -12345},
                                                   {"000000000012345-", -12345},
                                                   {"00000000000-1234", -1234},
                                                   {"0000000000000000", 0},
                                                   {"-000000000000000", 0},
                                                   {"9999999999999999", 9999999999999999},
                                                   {"-999999999999999", -999999999999999},
                                                   {"9999999999999990", 9999999999999990}};
  for (const auto& [text, value] : cases) {
    const auto one = ReadVol(text);
    const auto number = one->record.Number(one->reader.Find("ConfirmedVol"));
    ASSERT_TRUE(number.ok()) << number.status();
    EXPECT_EQ(*number, value) << text;
  }
}

TEST(Reader, WhatIsNoNumberIsToldWithPlaceAndForm) {
  const auto one = ReadVol("00000000013x2000");
  EXPECT_EQ(one->record.Number(one->reader.Find("ConfirmedVol")).status().message(),
            "OFD_11_301_20250304_04.TXT:17: ConfirmedVol \"00000000013x2000\" at column 25 is not a number "
            "(type N, 16 digits, 2 decimals)");
  for (const char* text :
       {"0000000012-34500", "--00000000012345", "-00000000001234-", "+000000000012345", "0000000000123.45",
        "           12345", "12345           ", "-               ", "---------------0", "0000000000 12345",
        "000000000000000/", "000000000000000:", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"}) {
    const auto bad = ReadVol(text);
    int64_t value = 0;
    EXPECT_EQ(bad->record.ReadNumber(bad->reader.Find("ConfirmedVol"), &value), FieldState::kMalformed) << text;
    EXPECT_FALSE(bad->record.NumberOr(bad->reader.Find("ConfirmedVol"), 0).ok()) << text;
    EXPECT_FALSE(bad->record.Check().ok()) << text;
  }
}

TEST(Reader, BlankNumbersAreAbsentNotZero) {
  const auto one = ReadVol("                ");
  const Column vol = one->reader.Find("ConfirmedVol");
  EXPECT_TRUE(one->record.IsBlank(vol));
  EXPECT_THAT(one->record.Number(vol).status().message(), HasSubstr("is blank where a number is needed"));
  EXPECT_EQ(*one->record.NumberOr(vol, -1), -1);
  EXPECT_TRUE(one->record.Check().ok());
}

TEST(Reader, NoLimitIsNinesFromTheFirstPlace) {
  for (const char* text : {"9999999999999999", "9999999999999990", "9999999999999900"}) {
    const auto one = ReadVol(text);
    EXPECT_TRUE(one->record.IsNoLimit(one->reader.Find("ConfirmedVol"))) << text;
  }
  for (const char* text :
       {"0999999999999999", "9999999999999000", "9999999999999909", "0000000000000000", "                "}) {
    const auto one = ReadVol(text);
    EXPECT_FALSE(one->record.IsNoLimit(one->reader.Find("ConfirmedVol"))) << text;
  }
}

TEST(Reader, NumbersOfTwentyDigitsAreBoundedByInt64) {
  FileParts parts;
  parts.version = "22";
  parts.type = "X3";
  parts.names = {"RegCapital"};
  parts.record_count = "0003";
  parts.records = {"09223372036854775807", "09223372036854775808", "-0000000000000000001"};
  const std::string bytes = parts.Bytes();
  auto reader = Reader::Open("x", bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const Column capital = reader->Find("RegCapital");
  RecordView record;
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(*record.Number(capital), std::numeric_limits<int64_t>::max());
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_THAT(record.Number(capital).status().message(), HasSubstr("is larger than 9223372036854775807"));
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(*record.Number(capital), -1);
}

TEST(Reader, DatesMustExistOrBeBlank) {
  FileParts parts;
  for (const char* day : {"20240229", "        ", "00000000", "20250229"})
    parts.records.push_back(Record("", "0000000000000000", day, "", ""));
  const std::string bytes = parts.Bytes();
  auto reader = Reader::Open(kConfirmName, bytes);
  ASSERT_TRUE(reader.ok());
  const Column day = reader->Find("TransactionCfmDate");
  RecordView record;
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(*record.Date(day), Date::FromRaw(20240229));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader->Next(&record));
    EXPECT_THAT(record.Date(day).status().message(), HasSubstr("is blank where a date is needed"));
    EXPECT_EQ(*record.DateOr(day, Date()), Date());
  }
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_THAT(record.Date(day).status().message(),
              HasSubstr("TransactionCfmDate \"20250229\" at column 41 is not a date that exists"));
  EXPECT_FALSE(record.DateOr(day, Date()).ok());
}

TEST(Reader, LettersInDigitFieldsAreText) {
  FileParts parts;
  parts.records = {Record("A1", "0000000000000000", "20250304", "", "E00X")};
  const std::string bytes = parts.Bytes();
  auto reader = Reader::Open(kConfirmName, bytes);
  RecordView record;
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(record.Text(reader->Find("ReturnCode")), "E00X");
  EXPECT_TRUE(record.Check().ok());
}

TEST(Reader, WrongEncodingIsLocated) {
  FileParts parts = TwoRecords();
  parts.records[1] = Record("A2", "0000000000000100", "20250304", "ab\xFF\xFF", "0001");
  EXPECT_THAT(
      ReadAll(parts.Bytes()).message(),
      HasSubstr(":18: Specification \"ab\\xff\\xff\" at column 49 is not valid GB18030 at byte 3 (type C, 60 bytes)"));
}

TEST(Reader, AddedFieldsNeedAnOverride) {
  FileParts parts;
  parts.names = {"AppSheetSerialNo", "HouseNote", "FundCode"};
  parts.records = {Pad("A1", 24) + "note1" + Pad("1100220001", 10)};
  EXPECT_THAT(
      ReadAll(parts.Bytes()).message(),
      HasSubstr(":12: field name \"HouseNote\" is not a field of type 04 in version 21; if the sender adds it"));
  ReaderOptions options;
  options.overrides = {{.type = "04", .name = "housenote", .kind = FieldKind::kText, .width = 5},
                       {.type = "", .name = "FundCode", .kind = FieldKind::kText, .width = 10}};
  const std::string bytes = parts.Bytes();
  auto reader = Reader::Open(kConfirmName, bytes, options);
  ASSERT_TRUE(reader.ok()) << reader.status();
  RecordView record;
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(record.Text(reader->Find("HouseNote")), "note1");
  EXPECT_EQ(record.Text(reader->Find("FundCode")), "1100220001");
  EXPECT_FALSE(reader->Next(&record));
  EXPECT_TRUE(reader->done()) << reader->status();
  options.overrides[0].width = 0;
  EXPECT_FALSE(ReadAll(bytes, kConfirmName, options).ok());
  options.overrides[0].width = 5;
  options.overrides[0].decimals = 2;
  EXPECT_FALSE(ReadAll(bytes, kConfirmName, options).ok());
}

TEST(Reader, AnyTruncationIsFound) {
  const std::string bytes = TwoRecords().Bytes();
  for (size_t size = 0; size < bytes.size() - 2; ++size) {
    const absl::Status status = ReadAll(bytes.substr(0, size));
    EXPECT_FALSE(status.ok()) << size;
    EXPECT_THAT(status.message(), HasSubstr("OFD_11_301_20250304_04.TXT:")) << size;
  }
  EXPECT_TRUE(ReadAll(bytes.substr(0, bytes.size() - 2)).ok());  // only the last line end is gone
}

TEST(Reader, DamageIsToldWithItsLine) {
  struct {
    void (*damage)(FileParts*);
    const char* message;
  } const cases[] = {
      {[](FileParts* p) { p->magic = "OFDCFIDX"; }, ":1: \"OFDCFIDX\" is not OFDCFDAT"},
      {[](FileParts* p) { p->version = "23"; }, ":2: version \"23\" is not 20, 21 or 22"},
      {[](FileParts* p) { p->creator = "         "; }, ":3: creator is not a code of 1 to 9"},
      {[](FileParts* p) { p->creator = "1234567890"; }, ":3: creator \"1234567890\" is not a code of 1 to 9"},
      {[](FileParts* p) { p->creator = "../etc"; }, ":3: creator \"../etc\" is not a code"},
      {[](FileParts* p) { p->date = "20250231"; }, ":5: date \"20250231\" is not a date that exists"},
      {[](FileParts* p) { p->transfer = "0x1"; }, ":6: transfer number \"0x1\" is not a number of up to 3 digits"},
      {[](FileParts* p) { p->type = "99"; }, ":7: file type \"99\" is not a type of version 21"},
      {[](FileParts* p) { p->type = "03"; }, ":7: file type \"03\" is not the file name's \"04\""},
      {[](FileParts* p) { p->date = "20250305"; }, ": date \"20250305\" is not the file name's \"20250304\""},
      {[](FileParts* p) { p->creator = "12"; }, ": creator \"12\" is not the file name's \"11\""},
      {[](FileParts* p) { p->field_count = "000"; }, ":10: field count \"000\" is not between 1 and 999"},
      {[](FileParts* p) { p->field_count = "006"; }, ":16: field name \"00000002\" is not a field of type 04"},
      {[](FileParts* p) { p->field_count = "004"; },
       ":15: record count \"ReturnCode\" is not a number of up to 8 digits"},
      {[](FileParts* p) { p->names[1] = "appsheetserialno"; }, ":12: field name \"appsheetserialno\" is listed twice"},
      {[](FileParts* p) { p->names[1] = "Confirmed Vol"; }, ":12: field name \"Confirmed Vol\" is not a field name"},
      {[](FileParts* p) { p->record_count = "00000003"; },
       ":19: the trailer stands after 2 records, but the head announces 3"},
      {[](FileParts* p) { p->record_count = "00000001"; }, ":18: \"A2 "},
      {[](FileParts* p) { p->record_count = "99999999"; },
       "the trailer stands after 2 records, but the head announces 99999999"},
      {[](FileParts* p) { p->records[1].pop_back(); },
       ":18: the record has 111 bytes, but the fields of the head make 112"},
      {[](FileParts* p) { p->records[0] += " "; },
       ":17: the record has 113 bytes, but the fields of the head make 112"},
      {[](FileParts* p) { p->records[0] += std::string(1000, ' '); }, ":17: the line is longer than 256 bytes"},
      {[](FileParts* p) { p->records[0][50] = '\n'; }, ":17: the record has 50 bytes"},
      {[](FileParts* p) { p->trailer = "OFDCFENX"; }, ":19: \"OFDCFENX\" is not the trailer OFDCFEND"},
      {[](FileParts* p) { p->trailer = "OFDCFEND\r\nmore"; }, ":20: \"more\" stands after the trailer"},
  };
  for (const auto& c : cases) {
    FileParts parts = TwoRecords();
    c.damage(&parts);
    EXPECT_THAT(ReadAll(parts.Bytes()).message(), HasSubstr(c.message));
  }
}

TEST(Reader, NameAndHeadNeedNotAgreeWhereAskedSo) {
  FileParts parts = TwoRecords();
  parts.date = "20250305";
  EXPECT_FALSE(ReadAll(parts.Bytes()).ok());
  EXPECT_TRUE(ReadAll(parts.Bytes(), kConfirmName, {.check_name = false}).ok());
  EXPECT_TRUE(ReadAll(parts.Bytes(), "confirmations-masked.TXT").ok());
}

TEST(Reader, ErrorsHaveAStructuredForm) {
  FileParts parts = TwoRecords();
  parts.version = "19";
  Reader reader(kConfirmName);
  const std::string bytes = parts.Bytes();
  reader.Feed(bytes);
  ASSERT_NE(reader.error(), nullptr);
  EXPECT_EQ(reader.error()->file, kConfirmName);
  EXPECT_EQ(reader.error()->line, 2u);
  EXPECT_EQ(reader.error()->field, "version");
  EXPECT_EQ(reader.error()->value, "19");
  EXPECT_FALSE(reader.header_complete());

  const auto one = ReadVol("0000000000000001");
  const FieldError own = one->record.Error(one->reader.Find("AppSheetSerialNo"), "is not an order of ours");
  EXPECT_EQ(own.ToString(),
            "OFD_11_301_20250304_04.TXT:17: AppSheetSerialNo \"A1\" at column 1 is not an order of ours");
}

TEST(Reader, AnEndlessLineStopsEarly) {
  Reader reader(kConfirmName);
  const std::string junk(100, 'x');
  for (int i = 0; i < 1000 && reader.status().ok(); ++i) reader.Feed(junk);
  EXPECT_THAT(reader.status().message(), HasSubstr(":1: the line is longer than 256 bytes"));
}

}  // namespace
}  // namespace fundcore::ofd
