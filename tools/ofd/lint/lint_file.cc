// From the first line of a file to the last.
#include "tools/ofd/lint/lint_file.h"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <optional>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/text.h"
#include "common/ofd/values.h"
#include "tools/ofd/lint/records.h"

namespace fundcore::ofd_tools {

using ofd::CutSpaces;

namespace {

constexpr size_t kMostIndexBytes = 16 << 20;
constexpr uint64_t kMostSuspects = 100'000;  // records with the hash of an earlier one that are compared by their bytes

// Which of the versions makes records of this length out of the file's own field names; "" where none does.
std::string FittingVersion(const LintHead& head, const ofd::Variant& variant, uint64_t bytes) {
  for (const ofd::Version v : {ofd::Version::k21, ofd::Version::k22}) {
    ofd::Layout layout("");
    bool good = true;
    for (const std::string& name : head.names)
      good = good && layout.Add(v, head.header.type, name, variant.overrides).empty();
    if (good && layout.record_bytes() == bytes) return std::string(ofd::VersionText(v));
  }
  return "";
}

// The bytes that name a record within its file: key fields where the type has some that are filled, else all.
class RecordKey {
 public:
  RecordKey(const ofd::FileType& type, const ofd::Layout& layout) {
    for (const std::string_view name : ofd::KeyFields(type)) {
      const ofd::Column c = layout.Find(name);
      if (!c.present()) continue;
      if (columns_.size() == deciding_ && name == "TransactionCfmDate") ++deciding_;
      columns_.push_back(c);
    }
    // What is left is a day, which names no record.
    if (deciding_ >= columns_.size()) columns_.clear();
  }
  // Valid until the next call or as long as `bytes`.
  std::string_view Of(std::string_view bytes) {
    if (columns_.empty()) return bytes;
    buffer_.clear();
    bool filled = false;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string_view raw = bytes.substr(columns_[i].offset(), columns_[i].width());
      // A blank serial number (the first field that is not a day) names nothing.
      if (i == deciding_) filled = raw.find_first_not_of(" 0") != std::string_view::npos;
      buffer_ += raw;
    }
    return filled ? std::string_view(buffer_) : bytes;
  }
  std::string Names(const ofd::Layout& layout) const {
    std::string text;
    for (const ofd::Column c : columns_) text += StrCat(text.empty() ? "" : ", ", layout.name(c.index()));
    return text;
  }
  std::span<const ofd::Column> columns() const { return columns_; }

 private:
  std::vector<ofd::Column> columns_;
  size_t deciding_ = 0;
  std::string buffer_;
};

class FileLint {
 public:
  FileLint(const std::string& path, const ofd::Variant& variant, Report* report, FolderCheck* folder)
      : path_(path), variant_(variant), report_(report), folder_(folder), head_scan_(BaseName(path), report) {}

  absl::StatusOr<uint64_t> Run();

 private:
  absl::Status RunIndex(const Line& first, LineScanner* lines);
  void BeginRecords(const Line& first);
  void TakeRecord(const Line& line);
  void TakeEnd(const Line& line);
  void CountEnd(const Line& line);
  void Finish();
  void TellDuplicates();

  const std::string& path_;
  const ofd::Variant& variant_;
  Report* report_;
  FolderCheck* folder_;
  HeadScanner head_scan_;
  LintLayout layout_;
  std::optional<RecordChecker> checker_;
  std::optional<RecordKey> key_;
  HashBuckets seen_;
  const FileFacts* facts_ = nullptr;
  bool in_records_ = false, trailer_ = false, after_told_ = false, any_length_ = false;
  uint64_t records_ = 0;
  uint64_t usual_wrong_ = 0, usual_wrong_count_ = 0;  // the first record's length, where it is not the expected one
  uint64_t lf_ = 0, crlf_ = 0, first_lf_ = 0, last_line_ = 0;
  bool last_open_ = false;
};

void FileLint::CountEnd(const Line& line) {
  last_line_ = line.number;
  last_open_ = line.end == LineEnd::kNone;
  crlf_ += line.end == LineEnd::kCrLf;
  if (line.end == LineEnd::kLf && lf_++ == 0) first_lf_ = line.number;
}

absl::StatusOr<uint64_t> FileLint::Run() {
  FC_ASSIGN_OR_RETURN(FileSource source, FileSource::Open(path_));
  LineScanner lines(&source);
  bool head = true;
  for (Line line; lines.Next(&line);) {
    if (line.number == 1 && CutSpaces(line.text) == ofd::kIndexMagic) {
      FC_RETURN_IF_ERROR(RunIndex(line, &lines));
      return uint64_t{0};
    }
    CountEnd(line);
    if (head) {
      head = head_scan_.Take(line);
      if (head && head_scan_.complete()) head = false;
      if (!head && !head_scan_.is_data_file()) return uint64_t{0};
      if (!head && !head_scan_.complete()) {
        if (folder_) folder_->Begin(path_, head_scan_.head(), nullptr);
        return uint64_t{0};
      }
      continue;
    }
    if (!in_records_) BeginRecords(line);
    if (trailer_) {
      TakeEnd(line);
    } else {
      TakeRecord(line);
    }
  }
  FC_RETURN_IF_ERROR(lines.status());
  if (last_line_ == 0) {
    report_->Add(Rule::kNotDataFile, {}, "is empty");
    return uint64_t{0};
  }
  Finish();
  return records_;
}

absl::Status FileLint::RunIndex(const Line& first, LineScanner* lines) {
  std::string bytes = StrCat(first.text, "\n");
  for (Line line; lines->Next(&line);) {
    if (bytes.size() > kMostIndexBytes) {
      report_->Add(Rule::kIndexWrong, {}, StrCat("is larger than ", kMostIndexBytes, " bytes"));
      return absl::OkStatus();
    }
    bytes += StrCat(line.text, "\n");
  }
  FC_RETURN_IF_ERROR(lines->status());
  if (folder_) folder_->AddIndex(path_, bytes);
  return absl::OkStatus();
}

void FileLint::BeginRecords(const Line& first) {
  in_records_ = true;
  LintHead& head = head_scan_.head();
  const bool none = CutSpaces(first.text) == ofd::kTrailer;
  layout_ = ResolveLayout(head, variant_, BaseName(path_), none ? 0 : first.bytes, report_);
  any_length_ = layout_.expected_bytes == 0;
  if (layout_.layout) {
    checker_.emplace(head, layout_, variant_, report_);
    key_.emplace(head.header.type, *layout_.layout);
  }
  if (folder_) facts_ = folder_->Begin(path_, head, layout_.layout.get());
}

void FileLint::TakeRecord(const Line& line) {
  const LintHead& head = head_scan_.head();
  const size_t expected = layout_.expected_bytes;
  if (CutSpaces(line.text) == ofd::kTrailer &&
      (line.bytes != expected || !head.record_count || records_ >= *head.record_count)) {
    trailer_ = true;
    return;
  }
  ++records_;
  if (!any_length_ && line.bytes != expected) [[unlikely]] {
    if (records_ == 1) usual_wrong_ = line.bytes;
    if (line.bytes == usual_wrong_ && ++usual_wrong_count_ > 1) {
      report_->Count(Rule::kRecordLength, 1);
      return;
    }
    if (!report_->Take(Rule::kRecordLength)) return;
    const std::string fits = FittingVersion(head, variant_, line.bytes);
    report_->Show(Rule::kRecordLength, {.line = line.number},
                  StrCat("the record has ", line.bytes, " bytes, the fields of the head make ", expected,
                         fits.empty() ? std::string() : StrCat("; the widths of version ", fits, " would fit")));
    return;
  }
  if (!checker_ || line.text.size() != layout_.layout->record_bytes()) return;
  checker_->Check(line.text, line.number);
  const std::string_view key = key_->Of(line.text);
  seen_.Add(XXH3_64bits(key.data(), key.size()), line.number);
  if (facts_) folder_->Record(facts_, ofd::RecordView(line.text, line.number, layout_.layout.get()));
}

void FileLint::TakeEnd(const Line& line) {
  if (after_told_ || CutSpaces(line.text).empty()) return;
  after_told_ = true;
  report_->Add(Rule::kAfterTrailer, {.line = line.number, .value = ofd::Printable(line.text)},
               "stands after the trailer");
}

void FileLint::Finish() {
  const LintHead& head = head_scan_.head();
  if (!in_records_) {
    if (head_scan_.complete()) {
      BeginRecords(Line{.text = ofd::kTrailer});
    } else {
      report_->Add(Rule::kHeadCutShort, {.line = last_line_}, "the file ends inside its head");
      return;
    }
  }
  if (usual_wrong_count_ > 1) {
    report_->Add(Rule::kNotLookedAt, {},
                 StrCat(usual_wrong_count_, " records have the wrong length of the first one, ", usual_wrong_,
                        " bytes; none of them was looked at"),
                 "see RECORD_LENGTH");
  }
  if (!trailer_) report_->Add(Rule::kTrailerMissing, {.line = last_line_}, "the file ends without OFDCFEND");
  if (head.record_count && *head.record_count != records_) {
    report_->Add(Rule::kRecordCount,
                 {.line = head.count_line, .field = "record count", .value = StrCat(*head.record_count)},
                 StrCat("is announced, but ", records_, " records follow"));
  }
  if (lf_ > 0 && crlf_ > 0) {
    report_->Add(Rule::kLineEndsMixed, {.line = first_lf_},
                 StrCat(lf_, " lines end with LF only, ", crlf_, " with CR LF"));
  } else if (lf_ > 0 && !variant_.lf_line_ends) {
    report_->Add(Rule::kLineEndsLf, {.line = 1}, "lines end with LF only");
  }
  if (last_open_) report_->Add(Rule::kLastLineOpen, {.line = last_line_}, "the last line has no end");
  TellDuplicates();
}

void FileLint::TellDuplicates() {
  if (!key_ || seen_.size() < 2) return;
  struct Suspect {
    uint64_t group, line;
    bool first;
  };
  std::vector<Suspect> suspects;
  uint64_t groups = 0, beyond = 0;
  const absl::Status status = seen_.ForEachGroup(2, [&](std::span<const HashEntry> group) {
    ++groups;
    for (size_t i = 0; i < group.size(); ++i) {
      if (suspects.size() >= kMostSuspects) {
        beyond += i > 0;
        continue;
      }
      suspects.push_back({groups, group[i].value, i == 0});
    }
  });
  const auto not_looked = [&](const absl::Status& s) {
    const auto message = s.message();
    report_->Add(Rule::kNotLookedAt, {},
                 StrCat("duplicates were not looked for: ", std::string_view(message.data(), message.size())));
  };
  if (!status.ok()) return not_looked(status);
  if (suspects.empty()) return;
  if (path_ == "-") {
    report_->Add(Rule::kNotLookedAt, {},
                 "records with one key were seen, but a pipe cannot be read again to compare them",
                 "lint a file rather than a pipe");
    return;
  }
  // A record is compared with the first of its hash. The first records' hashes of 128 bits stand for them, so that a
  // hundred thousand suspects need a few megabytes; that two of them should agree by chance is out of the question.
  std::sort(suspects.begin(), suspects.end(), [](const Suspect& a, const Suspect& b) { return a.line < b.line; });
  std::vector<uint64_t> numbers;
  for (const Suspect& s : suspects) numbers.push_back(s.line);
  struct First {
    XXH128_hash_t key, all;
    uint64_t line;
  };
  std::map<uint64_t, First> firsts;
  const ofd::Layout& layout = *layout_.layout;
  const std::string names = key_->Names(layout);
  const absl::Status fetched = FetchLines(path_, numbers, [&](size_t i, const Line& line) {
    if (line.text.size() != layout.record_bytes()) return;  // the file was changed meanwhile
    const std::string_view key = key_->Of(line.text);
    const bool by_key = key.size() != line.text.size();
    const First mine{XXH3_128bits(key.data(), key.size()), XXH3_128bits(line.text.data(), line.text.size()),
                     line.number};
    const auto [it, first] = firsts.emplace(suspects[i].group, mine);
    if (first || !XXH128_isEqual(it->second.key, mine.key)) return;
    const bool whole = XXH128_isEqual(it->second.all, mine.all);
    const Rule rule = whole ? Rule::kDuplicateRecord : Rule::kDuplicateKey;
    if (!report_->Take(rule)) return;
    std::string value;
    if (by_key) {
      for (const ofd::Column c : key_->columns()) {
        value += StrCat(value.empty() ? "" : " ", ofd::Printable(CutSpaces(line.text.substr(c.offset(), c.width()))));
      }
    }
    report_->Show(rule, {.line = line.number, .field = by_key ? names : std::string(), .value = value},
                  whole ? StrCat("is the same record, byte for byte, as line ", it->second.line)
                        : StrCat("names the same record as line ", it->second.line, ", with other contents"));
  });
  if (!fetched.ok()) return not_looked(fetched);
  if (beyond > 0) report_->Count(Rule::kDuplicateKey, beyond);  // by their hashes
}

}  // namespace

absl::Status FetchLines(const std::string& path, const std::vector<uint64_t>& numbers,
                        const std::function<void(size_t, const Line&)>& take) {
  FC_ASSIGN_OR_RETURN(FileSource source, FileSource::Open(path));
  LineScanner lines(&source);
  size_t i = 0;
  for (Line line; i < numbers.size() && lines.Next(&line);) {
    for (; i < numbers.size() && numbers[i] == line.number; ++i) take(i, line);
  }
  return lines.status();
}

absl::StatusOr<uint64_t> LintFile(const std::string& path, const ofd::Variant& variant, Report* report,
                                  FolderCheck* folder) {
  report->BeginFile(path);
  FileLint lint(path, variant, report, folder);
  auto records = lint.Run();
  report->EndFile();
  return records;
}

}  // namespace fundcore::ofd_tools
