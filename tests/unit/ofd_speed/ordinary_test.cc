// Records are looked through once, 64 bytes at a time, for what is not ordinary. Whatever stands where, the outcome
// must be that of looking at every field: this moves each kind of oddity over every byte of a record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/ofd/reader.h"
#include "common/ofd/text.h"
#include "common/ofd/writer.h"

namespace fundcore::ofd {
namespace {

using ::testing::HasSubstr;

Header HeaderOf(FileType type, std::vector<std::string> fields) {
  return {.version = Version::k21,
          .creator = PartyCode("11"),
          .receiver = PartyCode("301"),
          .date = Date::FromRaw(20250304),
          .transfer_no = TransferNo(1),
          .type = type,
          .fields = std::move(fields)};
}

// A file of three records, all as the writer leaves them. `first` is where the first one begins.
std::string Plain(const Header& header, std::vector<FieldOverride> overrides, size_t* first, size_t* bytes) {
  std::string out;
  Writer writer("file", &out, {.overrides = std::move(overrides)});
  EXPECT_TRUE(writer.Begin(header, 3).ok());
  *first = out.size();
  *bytes = writer.layout().record_bytes();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(writer.EndRecord().ok());
  EXPECT_TRUE(writer.Finish().ok());
  return out;
}

struct Outcome {
  std::string status, check, plain;
  bool operator==(const Outcome&) const = default;
};

// Check(), by a look at every field.
absl::Status CheckPlainly(const RecordView& record, const Layout& layout) {
  for (size_t f = 0; f < layout.field_count(); ++f) {
    const Column c = layout.column(f);
    const absl::Status status =
        c.kind() == FieldKind::kNumber ? record.NumberOr(c, 0).status() : record.Utf8(c).status();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

Outcome Read(const std::string& bytes, size_t piece, std::vector<FieldOverride> overrides = {}) {
  Reader reader("file", {.overrides = std::move(overrides)});
  Outcome out;
  RecordView record;
  const auto drain = [&] {
    while (reader.Next(&record)) {
      out.check += record.Check().ToString();
      out.plain += CheckPlainly(record, reader.layout()).ToString();
    }
  };
  for (size_t at = 0; at < bytes.size(); at += piece) {
    reader.Feed(std::string_view(bytes).substr(at, piece));
    drain();
  }
  reader.Finish();
  drain();
  out.status = reader.status().ToString();
  return out;
}

void MoveOverRecord(const Header& header) {
  size_t first = 0, bytes = 0;
  const std::string plain = Plain(header, {}, &first, &bytes);
  for (size_t at = first + bytes + 2; at < first + 2 * (bytes + 2) - 1; ++at) {
    for (const char odd : {' ', '0', '-', ':', '/', '\n', '\r', '\0', '\x7f', '\x80', '\xff'}) {
      std::string damaged = plain;
      damaged[at] = odd;
      const Outcome whole = Read(damaged, damaged.size());
      // Pieces of 50 bytes hold no record, so the lines are put together and taken the slow way.
      ASSERT_EQ(whole, Read(damaged, 50)) << "byte " << at << " is " << int{odd};
      ASSERT_EQ(whole.check, whole.plain) << "byte " << at << " is " << int{odd};
      if (odd == '\n') {
        ASSERT_NE(whole.status, "OK");
      }
    }
  }
}

TEST(OfdOrdinary, OddBytesAnywhereInALongRecord) { MoveOverRecord(HeaderOf(FileType("04"), {})); }

TEST(OfdOrdinary, OddBytesAnywhereInAShortRecord) {
  MoveOverRecord(HeaderOf(FileType("04"), {"ConfirmedVol", "FundCode", "TransactionCfmDate"}));
}

TEST(OfdOrdinary, RecordsBeyondTheBlocksThatAreToldApart) {
  // 63 blocks are 4,032 bytes; what lies behind is one.
  std::vector<FieldOverride> overrides;
  Header header = HeaderOf(FileType("04"), {});
  for (int i = 0; i < 8; ++i) {
    const bool number = i % 2 == 1;
    overrides.push_back({.name = StrCat("Long", i),
                         .kind = number ? FieldKind::kNumber : FieldKind::kText,
                         .width = static_cast<uint16_t>(number ? 18 : 1500)});
    header.fields.push_back(overrides.back().name);
  }
  size_t first = 0, bytes = 0;
  const std::string plain = Plain(header, overrides, &first, &bytes);
  EXPECT_EQ(Read(plain, plain.size(), overrides).status, "OK");
  for (const size_t at :
       {size_t{1500}, size_t{1517}, size_t{3019}, size_t{4031}, size_t{4032}, size_t{4554}, size_t{6070}, bytes - 1}) {
    for (const char odd : {'x', '\n', '\xff'}) {
      std::string damaged = plain;
      damaged[first + at] = odd;
      const Outcome whole = Read(damaged, damaged.size(), overrides);
      EXPECT_EQ(whole, Read(damaged, 50, overrides)) << at;
      EXPECT_EQ(whole.check, whole.plain) << at;
      if (odd == '\n') {
        EXPECT_NE(whole.status, "OK") << at;
      }
    }
  }
}

TEST(OfdOrdinary, DigitsBeyondInt64AreFoundThoughTheyAreDigits) {
  const std::vector<FieldOverride> wide = {{.name = "ConfirmedVol", .kind = FieldKind::kNumber, .width = 20}};
  size_t first = 0, bytes = 0;
  std::string file = Plain(HeaderOf(FileType("04"), {"ConfirmedVol"}), wide, &first, &bytes);
  file.replace(first, 20, "09223372036854775807");
  EXPECT_EQ(Read(file, file.size(), wide).check, "OKOKOK");
  file.replace(first, 20, "09223372036854775808");
  EXPECT_THAT(Read(file, file.size(), wide).check, HasSubstr("is larger than 9223372036854775807"));
  file.replace(first, 20, "-9223372036854775808");
  EXPECT_EQ(Read(file, file.size(), wide).check, "OKOKOK");
}

TEST(OfdOrdinary, TheFirstWrongFieldIsTold) {
  size_t first = 0, bytes = 0;
  std::string file = Plain(HeaderOf(FileType("04"), {}), {}, &first, &bytes);
  Reader reader("file");
  reader.Feed(file);
  const Column late = reader.Find("Charge"), early = reader.Find("ConfirmedVol");
  ASSERT_LT(early.offset(), late.offset());
  file[first + late.offset() + 3] = 'x';
  file[first + early.offset() + 3] = 'x';
  EXPECT_THAT(Read(file, file.size()).check, HasSubstr("ConfirmedVol"));
}

TEST(OfdOrdinary, CommonChineseIsWhatTheConverterTakes) {
  int common = 0;
  for (int lead = 0x80; lead < 0x100; ++lead) {
    for (int trail = 0; trail < 0x100; ++trail) {
      const std::string pair = {static_cast<char>(lead), static_cast<char>(trail)};
      if (!record_internal::IsCommonChinese(pair)) continue;
      ++common;
      ASSERT_TRUE(ToUtf8(pair).ok()) << lead << " " << trail;
    }
  }
  EXPECT_GT(common, 6'500);
  EXPECT_FALSE(record_internal::IsCommonChinese("\xB0"));
  EXPECT_TRUE(record_internal::IsCommonChinese("\xC9\xEA 1 \xB9\xBA"));
}

}  // namespace
}  // namespace fundcore::ofd
