// Files for the tests of show, from-json and from-csv, and a way to run the commands on them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/ofd/text.h"
#include "common/ofd/writer.h"
#include "tools/ofd/commands.h"

namespace fundcore::ofd_tools {

// A folder of one test, gone with it.
class Folder {
 public:
  Folder() : path_(StrCat(testing::TempDir(), "/ofd_show_", ::getpid(), "_", ++count_)) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string Path(std::string_view name) const { return StrCat(path_, "/", name); }
  std::string Write(std::string_view name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }
  std::string Read(std::string_view name) const {
    std::ifstream in(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool Has(std::string_view name) const { return std::filesystem::exists(Path(name)); }
  size_t Count() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path_), {})); }

 private:
  static inline int count_ = 0;
  std::string path_;
};

struct Outcome {
  int code = 0;
  std::string out, err;
};

inline Outcome RunCommand(int (*command)(const Words&, std::ostream&, std::ostream&), const Words& words) {
  std::ostringstream out, err;
  const int code = command(words, out, err);
  return {code, out.str(), err.str()};
}

// A file of three records of type 04, with Chinese text, a negative number, blanks and a quote.
inline std::string SmallFile() {
  const ofd::Header header{.version = ofd::Version::k21,
                           .creator = ofd::PartyCode("11"),
                           .receiver = ofd::PartyCode("301"),
                           .date = Date::FromRaw(20250304),
                           .transfer_no = TransferNo(1),
                           .type = ofd::FileType("04"),
                           .sender = ofd::PartyCode("11"),
                           .fields = {"AppSheetSerialNo", "BusinessCode", "ConfirmedVol", "TransactionCfmDate",
                                      "TransactionTime", "Specification", "ReturnCode"}};
  std::string out;
  ofd::Writer w("small", &out);
  FC_CHECK(w.Begin(header, 3).ok());
  const auto record = [&](const char* serial, const char* business, int64_t volume, const char* date, const char* time,
                          const char* note, const char* code) {
    w.SetText(w.Find("AppSheetSerialNo"), serial);
    w.SetText(w.Find("BusinessCode"), business);
    w.SetNumber(w.Find("ConfirmedVol"), volume);
    w.SetText(w.Find("TransactionCfmDate"), date);
    w.SetText(w.Find("TransactionTime"), time);
    w.SetText(w.Find("Specification"), note);
    w.SetText(w.Find("ReturnCode"), code);
    FC_CHECK(w.EndRecord().ok());
  };
  record("000000000000000000000001", "122", 6593, "20250304", "140100", "申购, 确认", "0000");
  record("000000000000000000000002", "124", -5, "", "", "say \"no\"", "0001");
  record("=1+1", "122", 0, "20250304", "", "", "0000");
  FC_CHECK(w.Finish().ok());
  return out;
}

inline constexpr std::string_view kSmallName = "OFD_11_301_20250304_04.TXT";

inline std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  FC_CHECK(at != std::string::npos, "nothing to replace: ", from);
  return text.replace(at, from.size(), to);
}

// `bytes` shown as JSON and as CSV (`extra` words added) and restored, must be `bytes` again.
inline void ExpectSameBytes(const std::string& bytes, const Words& extra = {}) {
  const Folder folder;
  const std::string path = folder.Write("file.TXT", bytes);
  const auto with = [&](Words words) {
    words.insert(words.end(), extra.begin(), extra.end());
    return words;
  };
  const Outcome json = RunCommand(&Show, with({path, "--json"}));
  ASSERT_EQ(json.code, 0) << json.err;
  const Outcome from_json = RunCommand(&FromJson, {folder.Write("file.jsonl", json.out)});
  ASSERT_EQ(from_json.code, 0) << from_json.err << json.out;
  ASSERT_TRUE(from_json.out == bytes) << json.out;
  const Outcome csv = RunCommand(&Show, with({path, "--csv"}));
  ASSERT_EQ(csv.code, 0) << csv.err;
  const Outcome from_csv = RunCommand(&FromCsv, {folder.Write("file.csv", csv.out)});
  ASSERT_EQ(from_csv.code, 0) << from_csv.err << csv.out;
  ASSERT_TRUE(from_csv.out == bytes) << csv.out;
}

}  // namespace fundcore::ofd_tools
