// Writes the first inputs of the fuzzers: files that are right, one of each type and version among them.
//
//   ofd_fuzz_seeds FOLDER     makes FOLDER/reader, FOLDER/writer, FOLDER/index, and FOLDER/words, a dictionary
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "common/base/check.h"
#include "common/ofd/index_file.h"
#include "common/ofd/writer.h"

namespace fundcore::ofd {
namespace {

Header HeaderOf(Version version, const FileType& type) {
  return {.version = version,
          .creator = PartyCode("11"),
          .receiver = PartyCode("301"),
          .date = Date::FromRaw(20250304),
          .transfer_no = TransferNo(1),
          .type = type,
          .recipient = PartyCode("301")};
}

// Two records with the first eight fields of the type, and any others that are numbers and wide.
std::string SmallFile(Version version, const FileType& type, bool lf) {
  Header header = HeaderOf(version, type);
  for (const FieldDef& field : DefaultFields(version, type)) {
    if (header.fields.size() < 8 || field.width > 18) header.fields.emplace_back(field.name);
    if (header.fields.size() == 12) break;
  }
  std::string out;
  Writer writer("seed", &out, {.lf_line_ends = lf});
  FC_CHECK(writer.Begin(header, 2).ok());
  for (int64_t i = 0; i < 2; ++i) {
    for (size_t f = 0; f < writer.layout().field_count(); ++f) {
      const Column c = writer.layout().column(f);
      if (c.kind() == FieldKind::kNumber && c.width() > 3) writer.SetNumber(c, i * 100 - 50);
      if (c.kind() == FieldKind::kNumber && f % 4 == 3) writer.SetBlank(c);
      if (c.kind() == FieldKind::kText && c.width() >= 4) writer.SetText(c, "申购");
      if (c.kind() == FieldKind::kDigits && c.width() == 8) writer.SetDate(c, Date::FromRaw(20250304));
    }
    FC_CHECK(writer.EndRecord().ok());
  }
  FC_CHECK(writer.Finish().ok());
  return out;
}

void Save(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  FC_CHECK(std::filesystem::file_size(path) == bytes.size(), "cannot write ", path.string());
}

void Make(const std::filesystem::path& folder) {
  for (const Version version : {Version::k20, Version::k21, Version::k22}) {
    const std::string v(VersionText(version));
    uint8_t number = 0;
    for (const FileType& type : AllTypes(version)) {
      Save(folder / "reader" / StrCat(v, "_", type.view()), SmallFile(version, type, version == Version::k20));
      // Choices for the writer: version, type, nothing odd, all fields, two records of a few values.
      std::string choices = {static_cast<char>(static_cast<uint8_t>(version) - 20), static_cast<char>(number++)};
      choices += std::string("\0\0\0\1\2\0", 6);
      for (char n = 0; n < 40; ++n) choices += static_cast<char>(n * 7 % 23);
      Save(folder / "writer" / StrCat(v, "_", type.view()), choices);
    }
    const IndexFile index{.version = version,
                          .creator = PartyCode("11"),
                          .receiver = PartyCode("301"),
                          .date = Date::FromRaw(20250304),
                          .names = {"OFD_11_301_20250304_02.TXT", "OFD_11_301_20250304_04.TXT"}};
    Save(folder / "index" / v, index.Format().value());
  }
  Save(folder / "index" / "name", "OFI_11_301_20250304.TXT");
  Save(folder / "index" / "text", "\xC9\xEA\xB9\xBA\x81\x30\x81\x30 1");
}

// Words that a fuzzer would not come upon: the marks of files, and the names of fields.
std::string Dictionary() {
  std::set<std::string_view> words = {kDataMagic, kIndexMagic, kTrailer, "OFD_", ".TXT", "00000001"};
  for (const char* type : {"02", "04", "05", "C5"}) {
    for (const FieldDef& field : DefaultFields(Version::k22, FileType(type))) words.insert(field.name);
  }
  std::string out;
  for (const std::string_view word : words) out += StrCat("\"", word, "\"\n");
  return out;
}

}  // namespace
}  // namespace fundcore::ofd

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: ofd_fuzz_seeds FOLDER\n");
    return 2;
  }
  fundcore::ofd::Make(argv[1]);
  fundcore::ofd::Save(std::filesystem::path(argv[1]) / "words", fundcore::ofd::Dictionary());
  return 0;
}
