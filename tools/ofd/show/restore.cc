// Records assembled from values, and read again before they leave.
#include "tools/ofd/show/restore.h"

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/field_error.h"
#include "common/ofd/text.h"

namespace fundcore::ofd_tools {
namespace {
constexpr size_t kFlushBytes = 1 << 20;
}

Restorer::Restorer(std::string source, std::string output, Sink* sink)
    : source_(std::move(source)), output_(std::move(output)), sink_(sink) {}

absl::Status Restorer::Error(uint64_t line, std::string_view field, std::string_view value, std::string rule) const {
  std::string shown(value.substr(0, 64));
  if (value.size() > 64) {
    while (!shown.empty() && (static_cast<unsigned char>(value[shown.size()]) & 0xc0) == 0x80) shown.pop_back();
    shown += "…";
  }
  return ofd::FieldError{
      .file = source_, .line = line, .field = std::string(field), .value = shown, .rule = std::move(rule)}
      .ToStatus();
}

absl::Status Restorer::Begin(FileHead head, uint64_t line) {
  head_ = std::move(head);
  crlf_ = head_.crlf;
  const ofd::Header& h = head_.header;
  layout_ = std::make_unique<ofd::Layout>(output_);
  if (head_.index) {
    const ofd::FieldOverride name{.name = std::string(kNameOfIndexColumn), .kind = ofd::FieldKind::kText, .width = 250};
    const std::string wrong = layout_->Add(h.version, h.type, name.name, {&name, 1});
    FC_CHECK(wrong.empty(), wrong);
  }
  for (const std::string& field : h.fields) {
    if (std::string wrong = layout_->Add(h.version, h.type, field, head_.forms); !wrong.empty())
      return Error(line, "fields", field, std::move(wrong));
  }
  columns_ = ColumnsOf(*layout_, h.version, h.type);
  set_in_.assign(columns_.size(), 0);
  record_.assign(layout_->record_bytes(), ' ');
  begun_ = true;
  if (head_.index) return absl::OkStatus();  // its names belong to its head: written at the end

  auto bytes = HeadBytes(head_, {});
  if (!bytes.ok()) return Error(line, "", "", std::string(bytes.status().message()));
  buffer_ = *std::move(bytes);
  ofd::ReaderOptions options{.overrides = head_.forms};
  reader_ = std::make_unique<ofd::Reader>(MadeName(), std::move(options));
  FC_RETURN_IF_ERROR(Flush(false));
  FC_CHECK(reader_->header_complete(), "a whole head that the reader takes for a part of one");
  return absl::OkStatus();
}

int Restorer::Find(std::string_view name) const {
  const ofd::Column c = layout_->Find(name);
  return c.present() ? c.index() : -1;
}

std::string Restorer::Set(size_t i, const Cell& value) {
  const ShownColumn& c = columns_[i];
  if (set_in_[i] == written_ + 1) return "is given twice in one record";
  set_in_[i] = written_ + 1;
  return WriteCell(value, c, record_.data() + c.column.offset());
}

absl::Status Restorer::EndRecord(uint64_t line) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (set_in_[i] != written_ + 1)
      return Error(line, columns_[i].name, "", "is missing; a record gives every field of the head");
  }
  if (written_ == head_.records) {
    return Error(
        line, "", "",
        StrCat("is a record beyond the ", head_.records, " that the head announces; correct \"records\" in the head"));
  }
  if (has_end_) return Error(line, "", "", "is a record after the end of the file");
  ++written_;
  if (head_.index) {
    names_.emplace_back(ofd::CutSpaces(record_));
    if (names_.size() * 64 > kMaxIndexBytes) return Error(line, "", "", "is one name too many for an index file");
    return absl::OkStatus();
  }
  if (!crlf_ && record_.ends_with('\r'))
    return Error(line, columns_.back().name, "", "ends in a byte that would be taken for a part of the line end");
  buffer_ += record_;
  buffer_ += LineEnd(crlf_);
  return buffer_.size() < kFlushBytes ? absl::OkStatus() : Flush(false);
}

absl::Status Restorer::AddEnd(std::string_view text, uint64_t line) {
  has_end_ = true;
  if (end_.size() + text.size() > kMaxIndexBytes)
    return Error(line, "#end", "", "makes the end longer than 64 MiB; no file has such an end");
  end_ += text;
  return absl::OkStatus();
}

absl::Status Restorer::Finish(uint64_t line) {
  if (written_ != head_.records) {
    return Error(line, "", "",
                 StrCat("the head announces ", head_.records, " records, but ", written_,
                        " follow; correct \"records\" in the head"));
  }
  if (!has_end_) end_ = StrCat(ofd::kTrailer, LineEnd(crlf_));
  if (head_.index) return FinishIndex(line);
  buffer_ += end_;
  return Flush(true);
}

// What is wrong with the bytes that were made stands at a line of theirs, not of the source.
std::string Restorer::MadeName() const { return output_.empty() ? StrCat("the file made from ", source_) : output_; }

absl::Status Restorer::FinishIndex(uint64_t line) {
  auto bytes = HeadBytes(head_, names_);
  if (!bytes.ok()) return Error(line, "", "", std::string(bytes.status().message()));
  *bytes += end_;
  FC_RETURN_IF_ERROR(ofd::IndexFile::Parse(MadeName(), *bytes).status());
  return sink_->Write(*bytes);
}

absl::Status Restorer::Flush(bool last) {
  reader_->Feed(buffer_);
  ofd::RecordView record;
  while (reader_->Next(&record)) {
  }
  if (last) {
    reader_->Finish();
    while (reader_->Next(&record)) {
    }
  }
  FC_RETURN_IF_ERROR(reader_->status());
  FC_CHECK(!last || reader_->done(), "a file without an error that is not whole");
  FC_RETURN_IF_ERROR(sink_->Write(buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

}  // namespace fundcore::ofd_tools
