// The reader: a line splitter over pieces, and a walk through the steps of a file.
#include "common/ofd/reader.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::ofd {
namespace {

std::string BaseName(std::string_view name) { return std::string(name.substr(name.find_last_of('/') + 1)); }

}  // namespace

Reader::Reader(std::string_view file_name, ReaderOptions options)
    : options_(std::move(options)), layout_(std::make_unique<Layout>(BaseName(file_name))) {}

absl::StatusOr<Reader> Reader::Open(std::string_view file_name, std::string_view bytes, ReaderOptions options) {
  Reader reader(file_name, std::move(options));
  reader.Feed(bytes);
  reader.Finish();
  FC_RETURN_IF_ERROR(reader.status());
  return reader;
}

void Reader::Feed(std::string_view piece) {
  FC_CHECK(input_.empty() || step_ == Step::kFailed,
           "Feed() before the last piece was read: call Next() until it is false");
  FC_CHECK(!finished_, "Feed() after Finish()");
  if (step_ == Step::kFailed) return;
  input_ = piece;
  ReadHeaderLines();
}

void Reader::Finish() {
  finished_ = true;
  ReadHeaderLines();
  if (header_complete_ || step_ == Step::kFailed) return;
  Fail("", "", "the file ends inside its head; it was cut short or is not a data file");
}

absl::StatusOr<Column> Reader::Require(std::string_view name) const {
  const Column column = Find(name);
  if (column.present()) return column;
  return FieldError{.file = layout_->file(),
                    .field = std::string(name),
                    .rule = StrCat("is not among the ", layout_->field_count(), " fields of this file, and is needed")}
      .ToStatus();
}

void Reader::Fail(std::string_view item, std::string_view value, std::string rule, uint32_t column) {
  if (step_ == Step::kFailed) return;
  error_ = FieldError{.file = layout_->file(),
                      .line = line_,
                      .column = column,
                      .field = std::string(item),
                      .value = Printable(value),
                      .rule = std::move(rule)};
  step_ = Step::kFailed;
  input_ = {};
}

size_t Reader::LineLimit() const {
  return step_ == Step::kRecords ? std::max(layout_->record_bytes(), kMaxHeaderLineBytes) : kMaxHeaderLineBytes;
}

// The next line without its end. False: no whole line is there (or it is too long, and the reader has failed).
bool Reader::TakeLine(std::string_view* line) {
  if (carry_used_) {
    carry_.clear();
    carry_used_ = false;
  }
  const char* const begin = input_.data();
  const char* const end = input_.empty() ? nullptr : static_cast<const char*>(std::memchr(begin, '\n', input_.size()));
  const size_t bytes = end ? static_cast<size_t>(end - begin) : input_.size();
  if (carry_.size() + bytes > LineLimit() + 1) {  // one for the CR
    ++line_;
    Fail("", "", StrCat("the line is longer than ", LineLimit(), " bytes, the most that can stand here"));
    return false;
  }
  if (!end && !finished_) {
    carry_.append(input_);
    input_ = {};
    return false;
  }
  if (!end && input_.empty() && carry_.empty()) return false;
  if (carry_.empty()) {
    *line = input_.substr(0, bytes);
  } else {
    carry_.append(input_.substr(0, bytes));
    carry_used_ = true;
    *line = carry_;
  }
  input_.remove_prefix(end ? bytes + 1 : bytes);
  if (!line->empty() && line->back() == '\r') line->remove_suffix(1);
  ++line_;
  return true;
}

void Reader::ReadHeaderLines() {
  std::string_view line;
  while (step_ < Step::kRecords && TakeLine(&line)) ReadHeaderLine(line);
}

void Reader::ReadHeaderLine(std::string_view line) {
  const std::string_view text = CutSpaces(line);
  const HeaderWidths& widths = WidthsOf(header_.version);
  const Step next = static_cast<Step>(static_cast<int>(step_) + 1);
  switch (step_) {
    case Step::kMagic:
      if (text != kDataMagic) return Fail("", text, "is not OFDCFDAT; this is not a data file");
      break;
    case Step::kVersion: {
      const auto version = ParseVersion(text);
      if (!version) return Fail("version", text, "is not 20, 21 or 22");
      header_.version = *version;
      break;
    }
    case Step::kCreator: ReadParty("creator", text, widths.party, false, &header_.creator); break;
    case Step::kReceiver: ReadParty("receiver", text, widths.party, false, &header_.receiver); break;
    case Step::kDate:
      header_.date = ParseFileDate(text);
      if (!header_.date.is_set()) return Fail("date", text, "is not a date that exists (yyyymmdd)");
      break;
    case Step::kTransferNo: {
      uint64_t number = 0;
      if (text.size() > widths.transfer_no || !ParseCount(text, &number)) {
        return Fail("transfer number", text, StrCat("is not a number of up to ", widths.transfer_no, " digits"));
      }
      if (number > 65'535) return Fail("transfer number", text, "is larger than 65535, the largest one handled");
      header_.transfer_no = TransferNo(static_cast<uint16_t>(number));
      break;
    }
    case Step::kType: ReadType(text); break;
    case Step::kSender: ReadParty("sender", text, widths.sender, true, &header_.sender); break;
    case Step::kRecipient: ReadParty("recipient", text, widths.sender, true, &header_.recipient); break;
    case Step::kFieldCount:
      if (text.size() > widths.field_count || !ParseCount(text, &field_count_)) {
        return Fail("field count", text, StrCat("is not a number of up to ", widths.field_count, " digits"));
      }
      if (field_count_ == 0 || field_count_ > kMaxFields) {
        return Fail("field count", text, StrCat("is not between 1 and ", kMaxFields));
      }
      break;
    case Step::kFieldNames: {
      std::string wrong = layout_->Add(header_.version, header_.type, text, options_.overrides);
      if (!wrong.empty()) return Fail("field name", text, std::move(wrong));
      header_.fields.emplace_back(text);
      if (layout_->field_count() < field_count_) return;
      break;
    }
    case Step::kRecordCount:
      if (text.size() > widths.record_count || !ParseCount(text, &record_count_)) {
        return Fail("record count", text,
                    StrCat("is not a number of up to ", widths.record_count,
                           " digits; does the field count match the number of field names?"));
      }
      break;
    case Step::kRecords:
    case Step::kTrailer:
    case Step::kNothing:
    case Step::kDone:
    case Step::kFailed: return;
  }
  if (step_ == Step::kFailed) return;
  step_ = next;
  header_complete_ = step_ == Step::kRecords;
}

void Reader::ReadParty(std::string_view item, std::string_view text, size_t width, bool may_be_blank,
                       PartyCode* party) {
  if (text.empty() && may_be_blank) return;
  if (text.size() > width || !IsPartyText(text)) {
    return Fail(item, text, StrCat("is not a code of 1 to ", width, " characters"));
  }
  *party = PartyCode(text);
}

void Reader::ReadType(std::string_view text) {
  if (text.size() > WidthsOf(header_.version).type || !IsTypeText(text))
    return Fail("file type", text, "is not a file type");
  header_.type = FileType(Upper(text));
  const bool overridden =
      std::any_of(options_.overrides.begin(), options_.overrides.end(),
                  [&](const FieldOverride& o) { return EqualsIgnoreCase(o.type, header_.type.view()); });
  if (DefaultFields(header_.version, header_.type).empty() && !overridden) {
    return Fail("file type", text, StrCat("is not a type of version ", VersionText(header_.version)));
  }
  if (options_.check_name) CheckName();
}

// Called when creator, receiver, date and type are known. A name of another form says nothing that could disagree.
void Reader::CheckName() {
  const auto name = FileName::Parse(layout_->file());
  if (!name.ok() || name->is_index()) return;
  const auto disagree = [&](std::string_view item, std::string_view inside, std::string_view outside) {
    Fail(item, inside, StrCat("is not the file name's \"", outside, "\""));
  };
  if (!EqualsIgnoreCase(name->creator.view(), header_.creator.view())) {
    return disagree("creator", header_.creator.view(), name->creator.view());
  }
  if (!EqualsIgnoreCase(name->receiver.view(), header_.receiver.view())) {
    return disagree("receiver", header_.receiver.view(), name->receiver.view());
  }
  if (name->date != header_.date) return disagree("date", StrCat(header_.date.raw()), StrCat(name->date.raw()));
  if (name->type != header_.type) return disagree("file type", header_.type.view(), name->type.view());
}

bool Reader::Next(RecordView* record) {
  if (step_ != Step::kRecords) {
    if (step_ > Step::kRecords) ReadEnd();
    return false;
  }
  if (records_read_ == record_count_) {
    step_ = Step::kTrailer;
    ReadEnd();
    return false;
  }
  if (TakeWholeRecord(record)) [[likely]]
    return true;
  std::string_view line;
  if (!TakeLine(&line)) {
    if (finished_ && step_ == Step::kRecords) {
      Fail("", "", StrCat("the file ends after ", records_read_, " of ", record_count_, " records; it was cut short"));
    }
    return false;
  }
  const size_t expected = layout_->record_bytes();
  if (line.size() != expected) [[unlikely]] {
    // Where a record is as short as the trailer, only the count can tell them apart; the length is looked at first.
    if (CutSpaces(line) == kTrailer) {
      Fail("", "",
           StrCat("the trailer stands after ", records_read_, " records, but the head announces ", record_count_));
    } else {
      Fail("", "", StrCat("the record has ", line.size(), " bytes, but the fields of the head make ", expected));
    }
    return false;
  }
  ++records_read_;
  *record = RecordView(line, line_, layout_.get(), record_internal::OddBlocks(line.data(), *layout_));
  return true;
}

// The common case: the record and its line end lie within the piece. Where the line ends is known, so the record is
// looked through once, for the line ends that it must not hold and for Check() alike. False: nothing was taken, and
// TakeLine() finds out what there is.
bool Reader::TakeWholeRecord(RecordView* record) {
  const size_t bytes = layout_->record_bytes();
  if ((!carry_.empty() && !carry_used_) || input_.size() < bytes + 2) return false;
  const char* const p = input_.data();
  size_t end = bytes;
  if (p[end] == '\r') ++end;
  if (p[end] != '\n') return false;
  const uint64_t odd = record_internal::OddBlocks(p, *layout_);
  for (uint64_t left = odd; left != 0; left &= left - 1) {
    const auto block = static_cast<size_t>(std::countr_zero(left));
    const size_t begin = block * record_internal::kBlockBytes;
    const size_t size = block == 63 ? bytes - begin : std::min(bytes - begin, record_internal::kBlockBytes);
    if (std::memchr(p + begin, '\n', size)) return false;
  }
  if (end == bytes && p[bytes - 1] == '\r') return false;  // belongs to the line end
  input_.remove_prefix(end + 1);
  ++line_;
  ++records_read_;
  *record = RecordView({p, bytes}, line_, layout_.get(), odd);
  return true;
}

// The trailer, and after it nothing but empty lines.
void Reader::ReadEnd() {
  std::string_view line;
  while ((step_ == Step::kTrailer || step_ == Step::kNothing) && TakeLine(&line)) {
    if (step_ == Step::kNothing) {
      if (!line.empty()) return Fail("", line, "stands after the trailer OFDCFEND; nothing may follow it");
      continue;
    }
    if (CutSpaces(line) != kTrailer) {
      return Fail("", line,
                  StrCat("is not the trailer OFDCFEND, which must follow the ", record_count_, " records announced"));
    }
    step_ = Step::kNothing;
  }
  if (!finished_) return;
  if (step_ == Step::kTrailer) return Fail("", "", "the file ends without the trailer OFDCFEND; it was cut short");
  if (step_ == Step::kNothing) step_ = Step::kDone;
}

}  // namespace fundcore::ofd
