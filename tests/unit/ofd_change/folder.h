// A folder of its own for each test, and files in it made with ofd::Writer.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/ofd/reader.h"
#include "common/ofd/writer.h"
#include "tools/ofd/change/text.h"
#include "tools/ofd/commands.h"

namespace fundcore::ofd_tools {

using Row = std::map<std::string, std::string>;  // field, value as people write it: "12.50", UTF-8

struct FileText {
  ofd::Version version = ofd::Version::k21;
  std::string type = "03";
  std::vector<std::string> fields;  // empty: all
  std::vector<Row> rows;
  uint16_t transfer = 1;
};

inline std::string Bytes(const FileText& f) {
  std::string bytes;
  ofd::Writer w("made.TXT", &bytes);
  const auto must = [](const absl::Status& s) { FC_CHECK(s.ok(), std::string(s.message())); };
  must(w.Begin({.version = f.version,
                .creator = ofd::PartyCode("301"),
                .receiver = ofd::PartyCode("11"),
                .date = *Date::Parse("2025-03-03"),
                .transfer_no = TransferNo(f.transfer),
                .type = ofd::FileType(f.type),
                .fields = f.fields},
               f.rows.size()));
  for (const Row& row : f.rows) {
    for (const auto& [name, value] : row) {
      const ofd::Column c = w.Find(name);
      FC_CHECK(c.present(), "the test's file has no field ", name);
      if (c.kind() != ofd::FieldKind::kNumber) {
        w.SetText(c, value);
        continue;
      }
      std::string digits = value;
      const size_t dot = digits.find('.');
      int places = 0;
      if (dot != std::string::npos) {
        places = static_cast<int>(digits.size() - dot - 1);
        digits.erase(dot, 1);
      }
      digits.append(static_cast<size_t>(c.decimals() - places), '0');
      w.SetNumber(c, std::stoll(digits));
    }
    must(w.EndRecord());
  }
  must(w.Finish());
  return bytes;
}

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    std::string name = testing::TempDir() + "ofd_change_XXXXXX";
    FC_CHECK(::mkdtemp(name.data()), "no temporary folder");
    folder_ = name;
  }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Put(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }
  std::string Put(const std::string& name, const FileText& text) const { return Put(name, Bytes(text)); }
  std::string Get(const std::string& path) const {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t FilesIn(const std::string& name) const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(Path(name))) count += entry.is_regular_file();
    return count;
  }
  // Runs `fundctl ofd WORDS`; what it said is in out_ and err_.
  int Do(const Words& words) {
    std::ostringstream out, err;
    const std::map<std::string, int (*)(const Words&, std::ostream&, std::ostream&)> commands = {
        {"convert", &Convert}, {"diff", &Diff}, {"mask", &Mask}, {"explain", &Explain}};
    const int code = commands.at(words[0])(Words(words.begin() + 1, words.end()), out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  bool Said(const std::string& text) const { return out_.find(text) != std::string::npos; }

  // The fields of the first record, numbers with their point.
  static std::vector<Row> Rows(const std::string& bytes) {
    auto reader = ofd::Reader::Open("read.TXT", bytes);
    EXPECT_TRUE(reader.ok()) << reader.status();
    std::vector<Row> rows;
    if (!reader.ok()) return rows;
    for (ofd::RecordView r; reader->Next(&r);) {
      Row& row = rows.emplace_back();
      for (size_t i = 0; i < reader->layout().field_count(); ++i) {
        const ofd::Column c = reader->layout().column(i);
        Decimal number;
        const bool is_number = c.kind() == ofd::FieldKind::kNumber &&
                               ParseDecimal(r.Raw(c), c.decimals(), &number) == DecimalForm::kNumber;
        row[reader->layout().name(i)] = is_number ? number.ToString(c.decimals()) : *r.Utf8(c);
      }
    }
    EXPECT_TRUE(reader->status().ok()) << reader->status();
    return rows;
  }

  std::string folder_, out_, err_;
};

}  // namespace fundcore::ofd_tools
