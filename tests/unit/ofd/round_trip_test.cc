// For every type of every version: random fields in random order, random records, with CR LF or LF, written, read
// (whole and in random pieces), written again: the same bytes. The same for index files of every family.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"
#include "common/ofd/reader.h"
#include "common/ofd/text.h"
#include "common/ofd/writer.h"

namespace fundcore::ofd {
namespace {

class RandomFile {
 public:
  explicit RandomFile(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t n) { return random_() % n; }

  // All fields of the type, or some of them in another order and other spelling.
  std::vector<std::string> Fields(Version version, const FileType& type) {
    std::vector<std::string> names;
    for (const FieldDef& field : DefaultFields(version, type)) names.emplace_back(field.name);
    if (Below(2) == 0) return names;
    std::shuffle(names.begin(), names.end(), random_);
    names.resize(1 + Below(names.size()));
    for (char& c : names[0]) c = static_cast<char>(toupper(c));
    return names;
  }

  void SetRandom(Column c, Writer* writer) {
    if (Below(8) == 0) return writer->SetBlank(c);
    if (c.kind() == FieldKind::kNumber) return writer->SetNumber(c, Number(c.width()));
    writer->SetText(c, Text(c));
  }

 private:
  int64_t Number(size_t width) {
    const size_t digits = std::min<size_t>(width, 18);
    int64_t limit = 1;
    for (size_t i = 0; i < digits; ++i) limit *= 10;
    if (Below(10) == 0) return limit - 1;
    if (digits > 1 && Below(10) == 0) return limit - 10;  // "no limit", as some senders write it
    if (width > 1 && Below(5) == 0) return -static_cast<int64_t>(Below(static_cast<uint64_t>(limit / 10)));
    return static_cast<int64_t>(Below(static_cast<uint64_t>(limit)) >> Below(40));
  }
  std::string Text(Column c) {
    static const char* const kCharacters[] = {"申", "购", "赎", "回", "𠮷", "ñ", "€", "·", "　"};
    std::string text;
    size_t left = Below(c.width() + 1u);
    while (left > 0) {
      const char* const character = kCharacters[Below(std::size(kCharacters))];
      const size_t bytes = ToGb18030(character)->size();
      if (c.kind() == FieldKind::kText && bytes <= left && Below(3) == 0) {
        text += character;
        left -= bytes;
      } else {
        text += static_cast<char>('!' + Below(90));
        --left;
      }
    }
    return text;
  }

  std::mt19937_64 random_;
};

std::string WriteRandom(Version version, const FileType& type, uint64_t records, const WriterOptions& options,
                        RandomFile* random) {
  const Header header{.version = version,
                      .creator = PartyCode("11"),
                      .receiver = PartyCode("301"),
                      .date = Date::FromRaw(20250304),
                      .transfer_no = TransferNo(static_cast<uint16_t>(1 + random->Below(999))),
                      .type = type,
                      .recipient = PartyCode("301"),
                      .fields = random->Fields(version, type)};
  std::string out;
  Writer writer("random", &out, options);
  EXPECT_TRUE(writer.Begin(header, records).ok());
  for (uint64_t i = 0; i < records; ++i) {
    for (size_t f = 0; f < writer.layout().field_count(); ++f) random->SetRandom(writer.layout().column(f), &writer);
    const absl::Status status = writer.EndRecord();
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_TRUE(writer.Finish().ok());
  return out;
}

// Copies a record field by field, through the values a program would see.
void CopyRecord(const RecordView& record, const Layout& layout, Writer* writer) {
  for (size_t f = 0; f < layout.field_count(); ++f) {
    const Column from = layout.column(f);
    const Column to = writer->Find(layout.name(f));
    if (record.IsBlank(from)) {
      writer->SetBlank(to);
    } else if (from.kind() == FieldKind::kNumber) {
      const auto number = record.Number(from);
      ASSERT_TRUE(number.ok()) << number.status();
      writer->SetNumber(to, *number);
    } else {
      const auto text = record.Utf8(from);
      ASSERT_TRUE(text.ok()) << text.status();
      writer->SetText(to, *text);
    }
  }
}

std::string ReadAndWrite(const std::string& bytes, const WriterOptions& options, RandomFile* random, bool in_pieces) {
  Reader reader("random");
  std::string out;
  Writer writer("copy", &out, options);
  bool begun = false;
  const auto drain = [&] {
    if (!reader.header_complete() || !reader.status().ok()) return;
    if (!begun) {
      EXPECT_TRUE(writer.Begin(reader.header(), reader.record_count()).ok());
      begun = true;
    }
    for (RecordView record; reader.Next(&record);) {
      const absl::Status check = record.Check();
      EXPECT_TRUE(check.ok()) << check;
      CopyRecord(record, reader.layout(), &writer);
      EXPECT_TRUE(writer.EndRecord().ok());
    }
  };
  for (size_t at = 0; at < bytes.size();) {
    const size_t piece = in_pieces ? 1 + random->Below(3000) : bytes.size();
    reader.Feed(std::string_view(bytes).substr(at, piece));
    drain();
    at += piece;
  }
  reader.Finish();
  drain();
  EXPECT_TRUE(reader.done()) << reader.status();
  EXPECT_TRUE(writer.Finish().ok());
  return out;
}

TEST(RoundTrip, EveryTypeOfEveryVersion) {
  uint64_t seed = 20250304;
  for (Version version : {Version::k20, Version::k21, Version::k22}) {
    for (const FileType& type : AllTypes(version)) {
      for (uint64_t records : {0, 1, 7, 2, 3}) {
        SCOPED_TRACE(testing::Message() << "version " << VersionText(version) << " type " << type.view() << " records "
                                        << records << " seed " << seed);
        RandomFile random(seed++);
        const WriterOptions options{.overrides = {}, .lf_line_ends = random.Below(4) == 0};
        const std::string bytes = WriteRandom(version, type, records, options, &random);
        ASSERT_TRUE(ReadAndWrite(bytes, options, &random, false) == bytes);
        ASSERT_TRUE(ReadAndWrite(bytes, options, &random, true) == bytes);
      }
    }
  }
}

TEST(RoundTrip, IndexFilesOfEveryFamily) {
  std::mt19937_64 random(20250304);
  for (Version version : {Version::k20, Version::k21, Version::k22}) {
    const auto& types = AllTypes(version);
    for (char family = 'A'; family <= 'Z'; ++family) {
      if (family == 'D') continue;
      IndexFile index{.version = version,
                      .creator = PartyCode(version == Version::k22 ? "91110000717845678X" : "98"),
                      .receiver = PartyCode("301"),
                      .date = Date::FromRaw(20250304)};
      for (const FileType& type : types) {
        if (random() % 2 == 0)
          index.names.push_back(FileName{'D', index.creator, index.receiver, index.date, type}.Format());
      }
      const std::string name = FileName{family, index.creator, index.receiver, index.date, {}}.Format();
      for (std::string_view line_end : {kCrLf, kLf}) {
        const auto bytes = index.Format(line_end);
        ASSERT_TRUE(bytes.ok()) << bytes.status();
        const auto back = IndexFile::Parse(name, *bytes);
        ASSERT_TRUE(back.ok()) << name << ": " << back.status();
        EXPECT_EQ(*back, index);
        EXPECT_EQ(*back->Format(line_end), *bytes);
      }
    }
  }
}

}  // namespace
}  // namespace fundcore::ofd
