// Whatever the reader accepts comes back to the same bytes from JSON and from CSV.
#include "tests/unit/ofd_show/show_files.h"

namespace fundcore::ofd_tools {
namespace {

using ofd::Column;
using ofd::FileType;
using ofd::Version;

class RandomFile {
 public:
  explicit RandomFile(uint64_t seed) : random_(seed) {}
  uint64_t Below(uint64_t n) { return random_() % n; }

  // All fields of the type, or some in another order; values of all kinds.
  std::string Make(Version version, const FileType& type, uint64_t records) {
    std::vector<std::string> names;
    for (const ofd::FieldDef& field : ofd::DefaultFields(version, type)) names.emplace_back(field.name);
    if (Below(2) == 0) {
      std::shuffle(names.begin(), names.end(), random_);
      names.resize(1 + Below(names.size()));
      std::transform(names[0].begin(), names[0].end(), names[0].begin(),
                     [](unsigned char c) { return static_cast<char>(toupper(c)); });
    }
    const ofd::Header header{.version = version,
                             .creator = ofd::PartyCode("11"),
                             .receiver = ofd::PartyCode("301"),
                             .date = Date::FromRaw(20250304),
                             .transfer_no = TransferNo(static_cast<uint16_t>(1 + Below(999))),
                             .type = type,
                             .recipient = ofd::PartyCode("301"),
                             .fields = names};
    std::string out;
    ofd::Writer writer("random", &out);
    EXPECT_TRUE(writer.Begin(header, records).ok());
    head_bytes_ = out.size();
    record_bytes_ = writer.layout().record_bytes() + 2;
    for (uint64_t i = 0; i < records; ++i) {
      for (size_t f = 0; f < writer.layout().field_count(); ++f) SetRandom(writer.layout().column(f), &writer);
      const absl::Status status = writer.EndRecord();
      EXPECT_TRUE(status.ok()) << status;
    }
    EXPECT_TRUE(writer.Finish().ok());
    return out;
  }

  // Some bytes of the last made file's records replaced by others of all kinds: stray bytes, signs, controls.
  std::string Spoiled(std::string bytes, uint64_t records) {
    static constexpr std::string_view kOdd = "\xb1\x80\xff\x01\r-+ x0=#\"',.\\";
    for (uint64_t i = 0; i < records * 40; ++i) {
      const size_t in_record = Below(record_bytes_ - 2);
      const char odd = kOdd[Below(kOdd.size())];
      if (in_record + 3 == record_bytes_ && odd == '\r') continue;  // would be taken for a part of the line end
      bytes[head_bytes_ + Below(records) * record_bytes_ + in_record] = odd;
    }
    return bytes;
  }

 private:
  void SetRandom(Column c, ofd::Writer* writer) {
    if (Below(8) == 0) return writer->SetBlank(c);
    if (c.kind() == ofd::FieldKind::kNumber) return writer->SetNumber(c, Number(c.width()));
    if (c.width() == 8 && Below(2) == 0) return writer->SetText(c, "20250304");
    if (c.width() == 6 && Below(2) == 0) return writer->SetText(c, "140100");
    writer->SetText(c, Text(c));
  }
  int64_t Number(size_t width) {
    int64_t limit = 1;
    for (size_t i = 0; i < std::min<size_t>(width, 18); ++i) limit *= 10;
    if (Below(10) == 0) return limit - 1;
    if (width > 1 && Below(5) == 0) return -static_cast<int64_t>(Below(static_cast<uint64_t>(limit / 10)));
    return static_cast<int64_t>(Below(static_cast<uint64_t>(limit)) >> Below(40));
  }
  std::string Text(Column c) {
    static const char* const kCharacters[] = {"申", "购", "赎", "回", "𠮷", "ñ", "€", "·", "　"};
    std::string text;
    size_t left = Below(c.width() + 1u);
    while (left > 0) {
      const char* const character = kCharacters[Below(std::size(kCharacters))];
      const size_t bytes = ofd::ToGb18030(character)->size();
      if (c.kind() == ofd::FieldKind::kText && bytes <= left && Below(3) == 0) {
        text += character;
        left -= bytes;
      } else {
        text += static_cast<char>(' ' + Below(95));
        --left;
      }
    }
    return text;
  }

  std::mt19937_64 random_;
  size_t head_bytes_ = 0, record_bytes_ = 0;
};

TEST(RoundTrip, EveryTypeOfEveryVersion) {
  uint64_t seed = 20250304;
  for (Version version : {Version::k20, Version::k21, Version::k22}) {
    for (const FileType& type : ofd::AllTypes(version)) {
      for (uint64_t records : {0, 5}) {
        SCOPED_TRACE(testing::Message() << "version " << ofd::VersionText(version) << " type " << type.view()
                                        << " seed " << seed);
        RandomFile random(seed++);
        const std::string bytes = random.Make(version, type, records);
        ASSERT_NO_FATAL_FAILURE(ExpectSameBytes(bytes));
        if (records == 0) continue;
        ASSERT_NO_FATAL_FAILURE(ExpectSameBytes(bytes, {"--meanings"}));
        ASSERT_NO_FATAL_FAILURE(ExpectSameBytes(random.Spoiled(bytes, records)));
      }
    }
  }
}

TEST(RoundTrip, AFileOfSeveralPieces) {
  RandomFile random(7);
  ExpectSameBytes(random.Spoiled(random.Make(Version::k21, FileType("04"), 4000), 4000));
}

std::string WithoutCr(std::string text) {
  std::erase(text, '\r');
  return text;
}

TEST(RoundTrip, LineEnds) {
  const std::string small = SmallFile();
  ExpectSameBytes(WithoutCr(small));
  ExpectSameBytes(small.substr(0, small.size() - 2));  // no last line end
  ExpectSameBytes(WithoutCr(small.substr(0, small.size() - 2)));
  ExpectSameBytes(small + "\r\n\n\r\n");  // empty lines after the trailer
  ExpectSameBytes(Replaced(small, "OFDCFEND\r\n", "OFDCFEND   \n"));
  ExpectSameBytes(Replaced(small, "301      \r\n", "301      \n"));  // one line of the head
  ExpectSameBytes(Replaced(small, "0000\r\n", "0000\n"));            // one record
  ExpectSameBytes(Replaced(small, "0001\r\n", "0001\n"));
  ExpectSameBytes(Replaced(small, "OFDCFDAT\r\n", "OFDCFDAT\n"));  // the first line alone
  ExpectSameBytes(small + std::string(3 << 20, '\n'));
}

TEST(RoundTrip, OddHeads) {
  const std::string small = SmallFile();
  ExpectSameBytes(Replaced(small, "21  \r\n", "21\r\n"));
  ExpectSameBytes(Replaced(small, "301      \r\n", "301             \r\n"));
  ExpectSameBytes(Replaced(small, "11      \r\n        ", "\r\n"));  // sender blank, recipient empty
  ExpectSameBytes(Replaced(small, "\r\n007\r\n", "\r\n7 \r\n"));
  ExpectSameBytes(Replaced(small, "00000003\r\n", "3\r\n"));
  ExpectSameBytes(Replaced(small, "ConfirmedVol\r\n", "CONFIRMEDVOL  \r\n"));
  ExpectSameBytes(Replaced(small, "OFDCFDAT", "OFDCFDAT "));
}

TEST(RoundTrip, IndexFiles) {
  const std::string index =
      "OFDCFIDX\r\n21  \r\n11       \r\n301      "
      "\r\n20250304\r\n002\r\nOFD_11_301_20250304_04.TXT\r\nofd_11_301_20250304_06.txt   \r\nOFDCFEND\r\n";
  ExpectSameBytes(index);
  ExpectSameBytes(WithoutCr(index));
  ExpectSameBytes(index.substr(0, index.size() - 2));
  ExpectSameBytes(Replaced(index, "002\r\n", "2\n"));
  ExpectSameBytes(Replaced(index, "04.TXT\r\n", "04.TXT\n") + "\r\n");
}

TEST(RoundTrip, TheFormsOfAVariantTravelInTheHead) {
  const Folder folder;
  const std::string variant =
      folder.Write("ta.toml", "name = \"TA\"\n\n[[field]]\nname = \"BusinessCode\"\nkind = \"C\"\nwidth = 5\n");
  const std::string probe =
      RunCommand(&Show, {folder.Write("x.TXT", SmallFile()), "--json", "--variant=" + variant}).err;
  // Records of the small file are two bytes too short under that variant, which the message shows.
  EXPECT_NE(probe.find("bytes, but the fields of the head make"), std::string::npos) << probe;
  std::string wide = SmallFile();
  for (const std::string_view code : {"122", "124", "122"}) {
    const size_t at = wide.find(StrCat(code, "00000000"), 0) != std::string::npos ? wide.find(StrCat(code, "00000000"))
                                                                                  : wide.find(StrCat(code, "-0000000"));
    ASSERT_NE(at, std::string::npos);
    wide.insert(at + 3, "  ");
  }
  ExpectSameBytes(wide, {"--variant=" + variant});
}

}  // namespace
}  // namespace fundcore::ofd_tools
