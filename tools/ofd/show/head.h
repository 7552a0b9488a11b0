// The head of a file with all that is needed to write the same bytes again, and its JSON form.
//
//   FileHead head = …;                      // what the reader understood
//   NoteOddities(raw_head_bytes, &head);    // where the bytes differ from what we would write
//   HeadBytes(head)                         // the same bytes again
//   HeadJson(head, "OFD_11_301_20250304_04.TXT", "")     // {"fundcore_ofd":1,"kind":"data", …}
//
// Real files differ from the letter of the standard in line ends, in the padding of their head and in the spelling of
// names. Each such line is kept beside its value, and only where it differs, so that a regular file has a plain head.
//
// Plain data and pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ofd/header.h"
#include "common/ofd/index_file.h"
#include "common/ofd/layout.h"

namespace fundcore::ofd_tools {

struct FileHead {
  bool index = false;  // an index file: of `header` only version, creator, receiver and date have a meaning
  ofd::Header header;
  uint64_t records = 0;                       // as announced; of an index file the number of names
  bool crlf = true;                           // how lines end that say nothing else: most of the head's
  std::map<uint64_t, std::string> odd_lines;  // by line, from 1: the line as it stands where it is not as we write it
  std::map<uint64_t, bool> odd_ends;          // by line: whether it ends in CR LF, where it is not `crlf`
  std::vector<ofd::FieldOverride> forms;      // of the fields whose form in this file is not the standard's
};

// Of data files up to and with the record count, of index files with the names.
inline constexpr uint64_t kDataHeadLines = 11;  // without the field names
inline constexpr uint64_t kIndexHeadLines = 6;  // without the names
inline constexpr std::string_view kNameOfIndexColumn = "FileName";

// The lines of a head as the standard wants them, without their ends. `names` are those of an index file.
std::vector<std::string> PlainLines(const FileHead& head, const std::vector<std::string>& names);
// Keeps line ends and odd lines of `raw`, a whole head. `names` as above.
void NoteOddities(std::string_view raw, const std::vector<std::string>& names, FileHead* head);
// The head's bytes. kInvalidArgument, without a place, where an odd line disagrees with the value beside it.
absl::StatusOr<std::string> HeadBytes(const FileHead& head, const std::vector<std::string>& names);
// The fields of `layout` that have another form than the standard's, as overrides.
std::vector<ofd::FieldOverride> FormsOf(const ofd::Layout& layout, const ofd::Header& header);
// "C24", "N16.2", and back; false where it is no such text. Sets kind, width and decimals.
std::string FormText(const ofd::FieldOverride& form);
bool ParseForm(std::string_view text, ofd::FieldOverride* form);

// One line of JSON without its end. `part` says which part of the file follows ("" = all of it); what holds a part only
// cannot become a file again.
std::string HeadJson(const FileHead& head, std::string_view file_name, std::string_view part);

// Appends text (valid UTF-8) as a JSON string with its quotes.
void AppendJson(std::string_view text, std::string* out);

inline std::string_view LineEnd(bool crlf) { return crlf ? "\r\n" : "\n"; }

}  // namespace fundcore::ofd_tools
