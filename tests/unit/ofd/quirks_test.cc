// Habits of real senders that the standard does not tell, one test each. README.md lists them all with their tests,
// here and in the other files of this folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ofd/file_name.h"
#include "common/ofd/reader.h"
#include "common/ofd/variant.h"
#include "common/ofd/writer.h"
#include "tests/unit/ofd/ofd_files.h"

namespace fundcore::ofd {
namespace {

Header HeadOf(Version version, std::string_view type, std::vector<std::string> fields) {
  return {.version = version,
          .creator = PartyCode("98"),
          .receiver = PartyCode("301"),
          .date = Date::FromRaw(20250304),
          .transfer_no = TransferNo(1),
          .type = FileType(type),
          .fields = std::move(fields)};
}

std::string OneRecord(const Header& header, const std::vector<std::pair<std::string, int64_t>>& numbers,
                      const WriterOptions& options = {}) {
  std::string bytes;
  Writer writer("x", &bytes, options);
  EXPECT_TRUE(writer.Begin(header, 1).ok());
  for (const auto& [name, value] : numbers) writer.SetNumber(writer.Find(name), value);
  const absl::Status written = writer.EndRecord();
  EXPECT_TRUE(written.ok()) << written;
  EXPECT_TRUE(writer.Finish().ok());
  return bytes;
}

std::vector<std::string> NamesOf(Version version, std::string_view type) {
  return Variant().FieldsFor(version, FileType(type));
}

TEST(Quirks, ConfirmationsOf116And121And122FieldsAreReadByTheirOwnList) {
  std::vector<std::string> all21 = NamesOf(Version::k21, "04");
  ASSERT_EQ(all21.size(), 121u);
  // Older senders do not know the five last ones, and some put what they know in another order.
  std::vector<std::string> older(all21.begin(), all21.begin() + 116);
  std::swap(older[3], older[40]);
  for (const auto& [version, fields] :
       {std::pair{Version::k21, all21}, {Version::k20, older}, {Version::k22, NamesOf(Version::k22, "04")}}) {
    const std::string bytes = OneRecord(HeadOf(version, "04", fields), {{"ConfirmedVol", 12345}});
    auto reader = Reader::Open("x", bytes);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ(reader->header().fields.size(), fields.size());
    RecordView record;
    ASSERT_TRUE(reader->Next(&record));
    EXPECT_EQ(*record.Number(reader->Find("ConfirmedVol")), 12345);
    EXPECT_EQ(reader->Find("FutureSubscribeDate").present(), fields.size() != 116);
  }
}

TEST(Quirks, Version20HasTheWidthsOfVersion21) {
  for (const FileType& type : AllTypes(Version::k21)) {
    const auto fields = DefaultFields(Version::k21, type);
    ASSERT_EQ(DefaultFields(Version::k20, type).size(), fields.size());
    for (const FieldDef& field : fields) EXPECT_EQ(FindField(Version::k20, type, field.name)->width, field.width);
  }
}

TEST(Quirks, AWidenedFundCodeIsAVariant) {
  const Variant v = *Variant::Parse("wide", "[[field]]\nname = \"FundCode\"\nwidth = 12\n");
  std::string bytes;
  Writer writer("x", &bytes, v.writer_options());
  ASSERT_TRUE(writer.Begin(HeadOf(Version::k21, "05", {}), 1).ok());
  writer.SetText(writer.Find("FundCode"), "SF0012345678");
  ASSERT_TRUE(writer.EndRecord().ok());
  ASSERT_TRUE(writer.Finish().ok());
  auto reader = Reader::Open("x", bytes, v.reader_options());
  RecordView record;
  ASSERT_TRUE(reader->Next(&record)) << reader->status();
  EXPECT_EQ(record.Text(reader->Find("FundCode")), "SF0012345678");
  auto standard = Reader::Open("x", bytes);
  EXPECT_FALSE(standard->Next(&record));
  EXPECT_THAT(standard->status().message(), testing::HasSubstr("the record has"));
}

TEST(Quirks, DecimalsOfTheSameDayUnitBalanceAreAParameter) {
  const Column standard = [] {
    Layout layout("x");
    layout.Add(Version::k22, FileType("34"), "FundVolBalance", {});
    return layout.Find("FundVolBalance");
  }();
  EXPECT_EQ(standard.decimals(), 0);
  const Variant v =
      *Variant::Parse("two", "[[field]]\ntype = \"34\"\nname = \"FundVolBalance\"\nwidth = 16\ndecimals = 2\n");
  const std::string bytes = OneRecord(HeadOf(Version::k22, "34", {}), {{"FundVolBalance", 8055}}, v.writer_options());
  auto reader = Reader::Open("x", bytes, v.reader_options());
  EXPECT_EQ(reader->Find("FundVolBalance").decimals(), 2);
}

TEST(Quirks, AFixedFeeIsWrittenAsLeastFeeEqualToGreatestFee) {
  const std::string bytes =
      OneRecord(HeadOf(Version::k21, "C5", {}), {{"MinFee", 1'000'00}, {"MaxFee", 1'000'00}, {"RateFee", 0}});
  auto reader = Reader::Open("x", bytes);
  RecordView record;
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_NE(reader->Find("MinFee").width(), reader->Find("MaxFee").width());  // ten digits against sixteen
  EXPECT_EQ(*record.Number(reader->Find("MinFee")), *record.Number(reader->Find("MaxFee")));
}

TEST(Quirks, TheNameHasNoTransferNumberTheFileHas) {
  Header header = HeadOf(Version::k21, "04", {"TASerialNO"});
  header.transfer_no = TransferNo(7);
  const std::string bytes = OneRecord(header, {});
  auto reader = Reader::Open("OFD_98_301_20250304_04.TXT", bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->header().transfer_no, TransferNo(7));
}

TEST(Quirks, TheDateInsideMustBeTheNamesDate) {
  const std::string bytes = OneRecord(HeadOf(Version::k21, "04", {"TASerialNO"}), {});
  const auto reader = Reader::Open("OFD_98_301_20250305_04.TXT", bytes);
  EXPECT_THAT(reader.status().message(), testing::HasSubstr("date \"20250304\" is not the file name's \"20250305\""));
}

TEST(Quirks, APriceOfEightDecimalsDoesNotFitVersion21AndIsRefused) {
  std::string bytes;
  Writer writer("x", &bytes);
  ASSERT_TRUE(writer.Begin(HeadOf(Version::k21, "07", {"NAV"}), 1).ok());
  writer.SetNumber(writer.Find("NAV"), 112'345'678);
  EXPECT_THAT(writer.EndRecord().message(), testing::HasSubstr("does not fit (type N, 7 digits, 4 decimals)"));
}

}  // namespace
}  // namespace fundcore::ofd
