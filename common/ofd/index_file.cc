// Reading and writing of index files. They are small, so they are read as a whole.
#include "common/ofd/index_file.h"

#include <set>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/field_error.h"
#include "common/ofd/file_name.h"
#include "common/ofd/header.h"
#include "common/ofd/text.h"

namespace fundcore::ofd {
namespace {

// Takes line after line, remembering where it is.
class Lines {
 public:
  Lines(std::string_view file, std::string_view bytes) : file_(file), rest_(bytes) {}

  bool AtEnd() const { return rest_.empty(); }
  // The next line without its end and padding; empty beyond the end.
  std::string_view Take() {
    const size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    ++line_;
    return CutSpaces(line);
  }
  absl::Status Error(std::string_view item, std::string_view value, std::string rule) const {
    return FieldError{.file = std::string(file_),
                      .line = line_,
                      .field = std::string(item),
                      .value = Printable(value, 128),
                      .rule = std::move(rule)}
        .ToStatus();
  }

 private:
  std::string_view file_;
  std::string_view rest_;
  uint64_t line_ = 0;
};

absl::StatusOr<PartyCode> TakeParty(std::string_view item, size_t width, Lines* lines) {
  const std::string_view text = lines->Take();
  if (text.size() > width || !IsPartyText(text)) {
    return lines->Error(item, text, StrCat("is not a code of 1 to ", width, " characters"));
  }
  return PartyCode(text);
}

bool IsDataFileName(std::string_view name) {
  const auto parsed = FileName::Parse(name);
  return parsed.ok() && !parsed->is_index() && name.find('/') == std::string_view::npos;
}

absl::Status CheckOwnName(const IndexFile& index, std::string_view file_name, const Lines& lines) {
  const auto name = FileName::Parse(file_name);
  if (!name.ok() || !name->is_index()) return absl::OkStatus();
  if (EqualsIgnoreCase(name->creator.view(), index.creator.view()) &&
      EqualsIgnoreCase(name->receiver.view(), index.receiver.view()) && name->date == index.date) {
    return absl::OkStatus();
  }
  return lines.Error("", "", "the file's name does not agree with creator, receiver and date inside");
}

}  // namespace

absl::StatusOr<IndexFile> IndexFile::Parse(std::string_view file_name, std::string_view bytes) {
  const std::string_view base = file_name.substr(file_name.find_last_of('/') + 1);
  Lines lines(base, bytes);
  IndexFile index;
  if (const auto magic = lines.Take(); magic != kIndexMagic) {
    return lines.Error("", magic, "is not OFDCFIDX; this is not an index file");
  }
  const std::string_view version_text = lines.Take();
  const auto version = ParseVersion(version_text);
  if (!version) return lines.Error("version", version_text, "is not 20, 21 or 22");
  index.version = *version;
  const HeaderWidths& widths = WidthsOf(index.version);
  FC_ASSIGN_OR_RETURN(index.creator, TakeParty("creator", widths.party, &lines));
  FC_ASSIGN_OR_RETURN(index.receiver, TakeParty("receiver", widths.party, &lines));
  const std::string_view date_text = lines.Take();
  index.date = ParseFileDate(date_text);
  if (!index.date.is_set()) return lines.Error("date", date_text, "is not a date that exists (yyyymmdd)");
  FC_RETURN_IF_ERROR(CheckOwnName(index, base, lines));

  const std::string_view count_text = lines.Take();
  uint64_t count = 0;
  if (count_text.size() > widths.index_count || !ParseCount(count_text, &count)) {
    return lines.Error("file count", count_text, StrCat("is not a number of up to ", widths.index_count, " digits"));
  }
  std::set<std::string> seen;
  for (uint64_t i = 0; i < count; ++i) {  // a hostile count ends at the end of the bytes
    if (lines.AtEnd()) return lines.Error("", "", StrCat("the file ends after ", i, " of ", count, " names"));
    const std::string_view name = lines.Take();
    if (!IsDataFileName(name))
      return lines.Error("file name", name,
                         "is not the name of a data file (OFD_<creator>_<receiver>_<yyyymmdd>_<type>.TXT)");
    if (!seen.insert(Upper(name)).second) return lines.Error("file name", name, "is listed twice");
    index.names.emplace_back(name);
  }
  if (const auto trailer = lines.Take(); trailer != kTrailer) {
    return lines.Error("", trailer,
                       StrCat("is not the trailer OFDCFEND, which must follow the ", count, " names announced"));
  }
  while (!lines.AtEnd()) {
    if (const auto extra = lines.Take(); !extra.empty()) {
      return lines.Error("", extra, "stands after the trailer OFDCFEND; nothing may follow it");
    }
  }
  return index;
}

absl::StatusOr<std::string> IndexFile::Format(std::string_view line_end) const {
  const auto refuse = [](std::string_view item, std::string_view value, std::string rule) {
    return FieldError{
        .file = "index file", .field = std::string(item), .value = Printable(value, 128), .rule = std::move(rule)}
        .ToStatus();
  };
  const HeaderWidths& widths = WidthsOf(version);
  for (const PartyCode& party : {creator, receiver}) {
    if (IsPartyText(party.view()) && party.view().size() <= widths.party) continue;
    return refuse("party", party.view(), StrCat("is not a code of 1 to ", widths.party, " characters"));
  }
  if (!date.is_set()) return refuse("date", "", "is not set");
  std::string out = StrCat(kIndexMagic, line_end);
  AppendPadded(VersionText(version), widths.version, &out, line_end);
  AppendPadded(creator.view(), widths.party, &out, line_end);
  AppendPadded(receiver.view(), widths.party, &out, line_end);
  out += StrCat(absl::StrFormat("%08d", date.raw()), line_end);
  if (!AppendCount(names.size(), widths.index_count, &out, line_end)) {
    return refuse("file count", StrCat(names.size()), StrCat("has more than ", widths.index_count, " digits"));
  }
  for (const std::string& name : names) {
    if (!IsDataFileName(name)) return refuse("file name", name, "is not the name of a data file");
    out += StrCat(name, line_end);
  }
  out += StrCat(kTrailer, line_end);
  return out;
}

}  // namespace fundcore::ofd
