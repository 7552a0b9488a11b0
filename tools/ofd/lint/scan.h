// Lines of a file of any size and any bytes, and a head that is read as far as it makes sense.
//
// ofd::Reader stops at the first structural error, as a receiver must. The linter goes on: a wrong item of the head is
// reported and the next one read, and a line of the wrong length does not hide the one behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/ofd/header.h"
#include "common/ofd/layout.h"
#include "common/ofd/variant.h"
#include "tools/ofd/lint/report.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd_tools {

enum class LineEnd : uint8_t { kNone, kLf, kCrLf };

struct Line {
  std::string_view text;  // without its end; at most the scanner's limit. Valid until the next Next()
  uint64_t number = 0;    // from 1
  uint64_t bytes = 0;     // its true length without the end, also where the text was cut
  LineEnd end = LineEnd::kNone;
};

// Splits a file into lines. Memory: one piece of the source and one line of at most ofd::kMaxRecordBytes.
//
//   LineScanner lines(&source);
//   for (Line line; lines.Next(&line);) …
//   lines.status()    // kUnavailable where the file could not be read to its end
class LineScanner {
 public:
  explicit LineScanner(FileSource* source) : source_(source) {}
  bool Next(Line* line);
  const absl::Status& status() const { return status_; }

 private:
  void Keep(std::string_view part);
  FileSource* source_;
  std::string_view input_;
  std::string carry_;
  uint64_t carry_bytes_ = 0;  // including what did not fit
  char carry_last_ = 0;
  bool ended_ = false;
  uint64_t number_ = 0;
  absl::Status status_;
};

// A head as it was found, right or wrong. Items that are wrong have been reported and are unset.
struct LintHead {
  ofd::Header header;  // version 21 where the head names none
  std::string creator_text, receiver_text, date_text;
  std::optional<uint64_t> transfer_no;
  std::optional<uint64_t> field_count;
  std::vector<std::string> names;
  std::vector<uint64_t> name_lines;
  std::optional<uint64_t> record_count;
  uint64_t count_line = 0;
  bool has_type = false;  // a type that some version knows
};

// Takes the lines of a data file's head one after the other.
class HeadScanner {
 public:
  HeadScanner(std::string_view file_name, Report* report) : file_name_(file_name), report_(report) {}
  // False: the line is not of the head any more; the head has ended, in one way or the other.
  bool Take(const Line& line);
  // True once the line with the record count was read.
  bool complete() const { return complete_; }
  bool is_data_file() const { return is_data_file_; }
  LintHead& head() { return head_; }

 private:
  bool TakeItem(const Line& line, std::string_view text);
  bool TakeName(const Line& line, std::string_view text);
  void Party(const Line& line, std::string_view item, std::string_view text, size_t width, bool may_be_blank,
             ofd::PartyCode* party);
  void Wrong(const Line& line, std::string_view item, std::string_view text, std::string_view message);
  void CheckWidth(const Line& line, std::string_view item, size_t width);
  void CheckName(uint64_t line);

  std::string file_name_;
  Report* report_;
  LintHead head_;
  int step_ = 0;
  bool version_known_ = false;
  bool width_told_ = false;
  bool complete_ = false;
  bool is_data_file_ = true;
};

// Where the fields stand, as far as it can be known. A field that the type does not have is looked up in the other
// versions and types; a single one that nobody knows takes what the first record leaves over.
struct LintLayout {
  std::unique_ptr<ofd::Layout> layout;    // null where the records cannot be cut into fields
  std::vector<std::string_view> chinese;  // by column; static text
  size_t expected_bytes = 0;              // of a record; 0 where it cannot be known
};
// `first_record_bytes`: the length of the first record; 0 = there is none.
LintLayout ResolveLayout(const LintHead& head, const ofd::Variant& variant, std::string_view file_name,
                         uint64_t first_record_bytes, Report* report);

}  // namespace fundcore::ofd_tools
