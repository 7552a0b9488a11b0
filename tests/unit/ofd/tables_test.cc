// The tables (fields, codes), file names, index files and text conversion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ofd/business_code.h"
#include "common/ofd/fields.h"
#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"
#include "common/ofd/text.h"

namespace fundcore::ofd {
namespace {

using ::testing::HasSubstr;

size_t RecordBytes(Version version, std::string_view type) {
  size_t bytes = 0;
  for (const FieldDef& field : DefaultFields(version, FileType(type))) bytes += field.width;
  return bytes;
}

TEST(Fields, TypesHaveTheStandardsFieldsAndLengths) {
  struct {
    Version version;
    const char* type;
    size_t fields, bytes;
  } const expected[] = {
      {Version::k21, "01", 84, 1456},  {Version::k21, "02", 27, 465},   {Version::k21, "03", 74, 665},
      {Version::k21, "04", 121, 1234}, {Version::k21, "05", 20, 191},   {Version::k21, "06", 41, 440},
      {Version::k21, "07", 83, 972},   {Version::k21, "25", 18, 148},   {Version::k21, "C1", 76, 1035},
      {Version::k20, "03", 74, 665},   {Version::k22, "01", 89, 2313},  {Version::k22, "02", 27, 565},
      {Version::k22, "03", 82, 1083},  {Version::k22, "04", 122, 1360}, {Version::k22, "05", 23, 209},
      {Version::k22, "06", 41, 494},   {Version::k22, "07", 86, 1553},  {Version::k22, "25", 23, 230},
      {Version::k22, "X3", 51, 12666},
  };
  for (const auto& e : expected) {
    EXPECT_EQ(DefaultFields(e.version, FileType(e.type)).size(), e.fields) << VersionText(e.version) << " " << e.type;
    EXPECT_EQ(RecordBytes(e.version, e.type), e.bytes) << VersionText(e.version) << " " << e.type;
  }
  EXPECT_EQ(AllTypes(Version::k21).size(), 26u);
  EXPECT_EQ(AllTypes(Version::k20).size(), 26u);
  EXPECT_EQ(AllTypes(Version::k22).size(), 40u);
}

TEST(Fields, AreFoundInAnyCase) {
  const FieldDef* vol = FindField(Version::k21, FileType("04"), "CONFIRMEDVOL");
  ASSERT_NE(vol, nullptr);
  EXPECT_EQ(vol->name, "ConfirmedVol");
  EXPECT_EQ(vol->kind, FieldKind::kNumber);
  EXPECT_EQ(vol->width, 16);
  EXPECT_EQ(vol->decimals, 2);
  EXPECT_EQ(vol->chinese, "基金账户交易确认份数");
  EXPECT_EQ(FindField(Version::k21, FileType("04"), "NoSuchField"), nullptr);
  EXPECT_EQ(FindField(Version::k21, FileType("99"), "ConfirmedVol"), nullptr);
}

TEST(Fields, DifferByVersionAndType) {
  EXPECT_EQ(FindField(Version::k21, FileType("07"), "NAV")->decimals, 4);
  EXPECT_EQ(FindField(Version::k22, FileType("07"), "NAV")->decimals, 8);
  EXPECT_EQ(FindField(Version::k22, FileType("04"), "Interest")->width, 16);
  EXPECT_EQ(FindField(Version::k22, FileType("I3"), "Interest")->width, 10);
  EXPECT_EQ(FindField(Version::k21, FileType("04"), "TransferReason"), nullptr);
  EXPECT_NE(FindField(Version::k22, FileType("04"), "TransferReason"), nullptr);
}

TEST(Codes, BusinessesHaveNamesAndAnswers) {
  EXPECT_EQ(BusinessCodeName("022"), "申购");
  EXPECT_EQ(BusinessCodeName("130"), "认购结果");
  EXPECT_EQ(BusinessCodeName("999"), "");
  EXPECT_EQ(BusinessCodeName("22"), "");
  EXPECT_THAT(ConfirmationsOf(BusinessCode::kPurchase), ::testing::ElementsAre(BusinessCode::kPurchaseConfirmed));
  EXPECT_EQ(ConfirmationsOf(static_cast<BusinessCode>(91)).size(), 2u);
  EXPECT_TRUE(ConfirmationsOf(BusinessCode::kDividend).empty());
  EXPECT_EQ(ApplicationOf(BusinessCode::kRedeemConfirmed), BusinessCode::kRedeem);
  EXPECT_EQ(ApplicationOf(BusinessCode::kForcedRedemption), BusinessCode::kNone);
  EXPECT_EQ(FormatBusinessCode(BusinessCode::kOpenAccount), "001");
  EXPECT_EQ(ParseBusinessCode("124"), BusinessCode::kRedeemConfirmed);
  EXPECT_EQ(ParseBusinessCode("1x4"), std::nullopt);
}

TEST(Codes, ReturnCodesHaveMeanings) {
  EXPECT_EQ(ReturnCodeMeaning("0000"), "成功");
  EXPECT_EQ(ReturnCodeMeaning("0001"), "份数余额不足");
  EXPECT_NE(ReturnCodeMeaning("0408"), "");
  EXPECT_EQ(ReturnCodeMeaning("zzzz"), "");
  for (const char* code : {"0000", "0007", "0209", "0408", "0410"}) EXPECT_FALSE(IsRefusal(code)) << code;
  for (const char* code : {"0001", "0010", "ABCD", ""}) EXPECT_TRUE(IsRefusal(code)) << code;
}

TEST(FileNames, ParseInAnyCaseAndFormatInUpperCase) {
  const auto data = FileName::Parse("out/20250303/ofd_301_11_20250303_c1.txt");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_FALSE(data->is_index());
  EXPECT_EQ(data->creator.view(), "301");
  EXPECT_EQ(data->type.view(), "C1");
  EXPECT_EQ(data->date, Date::FromRaw(20250303));
  EXPECT_EQ(data->Format(), "OFD_301_11_20250303_C1.TXT");
  const auto index = FileName::Parse("OFK_11_301_20250304.TXT");
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_TRUE(index->is_index());
  EXPECT_EQ(index->family, 'K');
  EXPECT_EQ(index->Format(), "OFK_11_301_20250304.TXT");
}

TEST(FileNames, OtherFormsAreRefused) {
  for (const char* name :
       {"", "OFD", "OFD_301_11_20250303.TXT", "OFI_301_11_20250303_03.TXT", "OFD_301_11_20250230_03.TXT",
        "OFD__11_20250303_03.TXT", "OFD_301_11_20250303_03.CSV", "XFD_301_11_20250303_03.TXT",
        "OFD_123456789012345678901_11_20250303_03.TXT", "OFD_301_11_20250303_123456789.TXT", "OF1_301_11_20250303.TXT",
        "OFD_301_.._20250303_03.TXT"}) {
    EXPECT_FALSE(FileName::Parse(name).ok()) << name;
  }
}

TEST(FileDates, MustExist) {
  EXPECT_TRUE(ParseFileDate("20240229").is_set());
  for (const char* text : {"20250229", "20251301", "20250100", "2025010", "2025 101", "00000000", ""}) {
    EXPECT_FALSE(ParseFileDate(text).is_set()) << text;
  }
}

IndexFile SmallIndex() {
  return {.version = Version::k21,
          .creator = PartyCode("11"),
          .receiver = PartyCode("301"),
          .date = Date::FromRaw(20250304),
          .names = {"OFD_11_301_20250304_02.TXT", "OFD_11_301_20250304_04.TXT"}};
}

TEST(IndexFiles, RoundTrip) {
  for (Version version : {Version::k20, Version::k21, Version::k22}) {
    IndexFile index = SmallIndex();
    index.version = version;
    const auto bytes = index.Format();
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const auto back = IndexFile::Parse("OFI_11_301_20250304.TXT", *bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, index);
  }
  EXPECT_EQ(*SmallIndex().Format(),
            "OFDCFIDX\r\n21  \r\n11       \r\n301      \r\n20250304\r\n002\r\n"
            "OFD_11_301_20250304_02.TXT\r\nOFD_11_301_20250304_04.TXT\r\nOFDCFEND\r\n");
}

TEST(IndexFiles, AreReadLeniently) {
  const auto index =
      IndexFile::Parse("anything", "OFDCFIDX\n21\n11\n301\n20250304\n1\nofd_11_301_20250304_02.txt\nOFDCFEND");
  ASSERT_TRUE(index.ok()) << index.status();
  EXPECT_EQ(index->names.size(), 1u);
}

TEST(IndexFiles, DamageIsRefused) {
  const std::string good = *SmallIndex().Format();
  for (size_t size = 0; size < good.size() - 3; ++size) {
    EXPECT_FALSE(IndexFile::Parse("OFI_11_301_20250304.TXT", good.substr(0, size)).ok()) << size;
  }
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string bytes = good;
    bytes.replace(bytes.find(from), from.size(), to);
    return IndexFile::Parse("OFI_11_301_20250304.TXT", bytes).status();
  };
  EXPECT_THAT(with("002\r", "003\r").message(),
              HasSubstr("OFI_11_301_20250304.TXT:9: file name \"OFDCFEND\" is not the name"));
  EXPECT_FALSE(with("002\r", "001\r").ok());
  EXPECT_FALSE(with("002\r", "99999999\r").ok());
  EXPECT_FALSE(with("_04.TXT", "_02.TXT").ok());  // listed twice
  EXPECT_FALSE(with("OFD_11", "../OFD_11").ok());
  EXPECT_THAT(with("\r\n20250304", "\r\n20250305").message(), HasSubstr("does not agree"));
  IndexFile foreign = SmallIndex();
  foreign.names.push_back("notes.txt");
  EXPECT_FALSE(foreign.Format().ok());
}

TEST(Text, ConvertsBothWays) {
  EXPECT_EQ(*ToGb18030("申购 022"), "\xC9\xEA\xB9\xBA 022");
  EXPECT_EQ(*ToUtf8("\xC9\xEA\xB9\xBA 022"), "申购 022");
  const std::string rare = "𠮷ñ€";  // four-byte codes of GB18030
  EXPECT_EQ(*ToUtf8(*ToGb18030(rare)), rare);
  EXPECT_EQ(*ToUtf8(""), "");
}

TEST(Text, InvalidBytesAreErrors) {
  EXPECT_THAT(ToUtf8("ab\xFF\xFF").status().message(), HasSubstr("not valid GB18030 at byte 3"));
  EXPECT_THAT(ToUtf8("ab\xC9").status().message(), HasSubstr("cut short"));
  EXPECT_FALSE(ToGb18030("\xC3").ok());
  EXPECT_FALSE(ToGb18030("\xED\xA0\x80").ok());  // a lone surrogate
  EXPECT_TRUE(ToUtf8("\xC9\xEA").ok());          // the failures before leave nothing behind
}

TEST(Text, PrintableNeverBreaks) {
  EXPECT_EQ(Printable("a\x01\n"), "a\\x01\\x0a");
  EXPECT_EQ(Printable("a\xFF"), "a\\xff");
  EXPECT_EQ(Printable("\xC9\xEA\xB9\xBA", 3), "申…");
}

}  // namespace
}  // namespace fundcore::ofd
