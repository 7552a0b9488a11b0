// The writer: exact bytes, and a refusal for everything that does not fit.
#include "common/ofd/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/ofd/reader.h"

namespace fundcore::ofd {
namespace {

using ::testing::HasSubstr;

Header SmallHeader() {
  return {.version = Version::k21,
          .creator = PartyCode("301"),
          .receiver = PartyCode("11"),
          .date = Date::FromRaw(20250303),
          .transfer_no = TransferNo(7),
          .type = FileType("03"),
          .sender = PartyCode("301"),
          .fields = {"FundCode", "ApplicationAmount", "TransactionDate", "Specification", "ValidPeriod"}};
}

class WriterTest : public ::testing::Test {
 protected:
  void Begin(uint64_t records) {
    ASSERT_TRUE(writer_.Begin(SmallHeader(), records).ok());
    fund_ = writer_.Find("FundCode");
    amount_ = writer_.Find("ApplicationAmount");
    day_ = writer_.Find("TransactionDate");
    spec_ = writer_.Find("Specification");
    valid_ = writer_.Find("ValidPeriod");
    head_ = out_.size();
  }
  std::string EndRecordError() { return std::string(writer_.EndRecord().message()); }

  std::string out_;
  size_t head_ = 0;
  Writer writer_{"out/OFD_301_11_20250303_03.TXT", &out_};
  Column fund_, amount_, day_, spec_, valid_;
};

TEST_F(WriterTest, WritesExactBytes) {
  Begin(2);
  writer_.SetText(fund_, "110022");
  writer_.SetNumber(amount_, -3000000);
  writer_.SetDate(day_, Date::FromRaw(20250303));
  writer_.SetText(spec_, "申购");
  writer_.SetBlank(valid_);
  ASSERT_TRUE(writer_.EndRecord().ok());
  ASSERT_TRUE(writer_.EndRecord().ok());
  ASSERT_TRUE(writer_.Finish().ok());
  EXPECT_EQ(out_,
            "OFDCFDAT\r\n21  \r\n301      \r\n11       \r\n20250303\r\n007\r\n03\r\n301     \r\n        \r\n005\r\n"
            "FundCode\r\nApplicationAmount\r\nTransactionDate\r\nSpecification\r\nValidPeriod\r\n00000002\r\n"
            "110022-00000000300000020250303\xC9\xEA\xB9\xBA" +
                std::string(56, ' ') +
                "  \r\n"
                "      0000000000000000        " +
                std::string(60, ' ') +
                "00\r\n"
                "OFDCFEND\r\n");
}

TEST_F(WriterTest, NumbersThatDoNotFitAreRefused) {
  Begin(3);
  writer_.SetNumber(amount_, 10'000'000'000'000'000);
  EXPECT_EQ(EndRecordError(),
            "OFD_301_11_20250303_03.TXT:17: ApplicationAmount \"10000000000000000\" at column 7 does not fit (type N, "
            "16 digits, 2 decimals)");
  writer_.SetNumber(amount_, -1'000'000'000'000'000);
  EXPECT_THAT(EndRecordError(), HasSubstr("does not fit"));
  writer_.SetNumber(amount_, std::numeric_limits<int64_t>::min());
  EXPECT_THAT(EndRecordError(), HasSubstr("does not fit"));
  writer_.SetNumber(valid_, 100);
  EXPECT_THAT(EndRecordError(), HasSubstr("does not fit (type N, 2 digits)"));
  EXPECT_EQ(out_.size(), head_);  // nothing of them was written
  writer_.SetNumber(amount_, 9'999'999'999'999'999);
  EXPECT_TRUE(writer_.EndRecord().ok());
  writer_.SetNumber(amount_, -999'999'999'999'999);
  EXPECT_TRUE(writer_.EndRecord().ok());
  EXPECT_THAT(out_, HasSubstr("-999999999999999"));
  EXPECT_EQ(writer_.records_written(), 2u);
}

TEST_F(WriterTest, TextsThatDoNotFitAreRefused) {
  Begin(1);
  writer_.SetText(fund_, "1100220");
  EXPECT_THAT(EndRecordError(),
              HasSubstr("FundCode \"1100220\" at column 1 has 7 bytes in GB18030 and does not fit (type C, 6 bytes)"));
  writer_.SetText(fund_, "申购申购");  // four characters, eight bytes
  EXPECT_THAT(EndRecordError(), HasSubstr("has 8 bytes in GB18030"));
  writer_.SetText(fund_, "申购申");
  EXPECT_TRUE(writer_.EndRecord().ok());
}

TEST_F(WriterTest, WhatCannotBeWrittenIsRefused) {
  Begin(1);
  writer_.SetText(spec_, "bad \xED\xA0\x80");
  EXPECT_THAT(EndRecordError(), HasSubstr("not valid UTF-8 at byte 5"));
  writer_.SetText(spec_, "two\r\nlines");
  EXPECT_THAT(EndRecordError(), HasSubstr("holds a control character"));
  writer_.SetText(amount_, "12");
  EXPECT_THAT(EndRecordError(), HasSubstr("is text for a number"));
  writer_.SetNumber(fund_, 12);
  EXPECT_THAT(EndRecordError(), HasSubstr("is a number for a text"));
  writer_.SetText(writer_.Find("BranchCode"), "001");
  EXPECT_THAT(EndRecordError(), HasSubstr("was set for a field that this file does not list"));
  EXPECT_EQ(out_.size(), head_);
}

TEST_F(WriterTest, AbsentFieldsMayBeSetToNothing) {
  Begin(1);
  const Column absent = writer_.Find("BranchCode");
  writer_.SetText(absent, "");
  writer_.SetNumber(absent, 0);
  writer_.SetDate(absent, Date());
  writer_.SetBlank(absent);
  EXPECT_TRUE(writer_.EndRecord().ok());
}

TEST_F(WriterTest, TheFirstErrorOfARecordIsTold) {
  Begin(1);
  writer_.SetText(fund_, "too long for it");
  writer_.SetNumber(valid_, 100);
  EXPECT_THAT(EndRecordError(), HasSubstr("FundCode"));
}

TEST_F(WriterTest, TheCountIsKept) {
  Begin(1);
  EXPECT_THAT(std::string(writer_.Finish().message()), HasSubstr("the head announces 1 records, but 0 were written"));
  EXPECT_TRUE(writer_.EndRecord().ok());
  EXPECT_THAT(EndRecordError(), HasSubstr("beyond the 1 that the head announces"));
  EXPECT_TRUE(writer_.Finish().ok());
}

TEST_F(WriterTest, TheOwnerMayDrainTheString) {
  Begin(2);
  std::string all;
  for (int i = 0; i < 2; ++i) {
    all += out_;
    out_.clear();
    writer_.SetNumber(amount_, i + 1);
    ASSERT_TRUE(writer_.EndRecord().ok());
  }
  ASSERT_TRUE(writer_.Finish().ok());
  all += out_;
  auto reader = Reader::Open("OFD_301_11_20250303_03.TXT", all);
  ASSERT_TRUE(reader.ok());
  RecordView record;
  while (reader->Next(&record)) {
  }
  EXPECT_TRUE(reader->done()) << reader->status();
}

TEST(WriterHead, ItemsThatDoNotFitAreRefused) {
  struct {
    void (*damage)(Header*);
    const char* message;
  } const cases[] = {
      {[](Header* h) { h->creator = PartyCode("1234567890"); },
       "creator \"1234567890\" is not a code of up to 9 characters"},
      {[](Header* h) { h->receiver = PartyCode(); }, "receiver is not a code"},
      {[](Header* h) { h->recipient = PartyCode("123456789"); }, "recipient \"123456789\" is not a code of up to 8"},
      {[](Header* h) { h->transfer_no = TransferNo(1000); }, "transfer number \"1000\" has more than 3 digits"},
      {[](Header* h) { h->date = Date(); }, "date is not set"},
      {[](Header* h) {
         h->type = FileType("99");
         h->fields.clear();
       },
       "file type \"99\" is not a type of version 21"},
      {[](Header* h) { h->fields[0] = "NoSuchField"; }, "field name \"NoSuchField\" is not a field of type 03"},
      {[](Header* h) { h->fields[0] = h->fields[1]; }, "is listed twice"},
  };
  for (const auto& c : cases) {
    Header header = SmallHeader();
    c.damage(&header);
    std::string out;
    Writer writer("x", &out);
    EXPECT_THAT(std::string(writer.Begin(header, 0).message()), HasSubstr(c.message));
    EXPECT_EQ(out, "");
  }
  std::string out;
  EXPECT_THAT(std::string(Writer("x", &out).Begin(SmallHeader(), 100'000'000).message()),
              HasSubstr("record count \"100000000\" has more than 8"));
}

}  // namespace
}  // namespace fundcore::ofd
