// The writer: a head of padded lines, then records assembled in a buffer of their fixed length.
#include "common/ofd/writer.h"

#include <cstring>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::ofd {
namespace {

// The head's items, whose widths come from the version.
class HeadWriter {
 public:
  HeadWriter(const std::string& file, std::string_view line_end, std::string* out)
      : file_(file), line_end_(line_end), out_(out) {}
  void Text(std::string_view item, std::string_view text, size_t width, bool valid) {
    if (!valid || text.size() > width) {
      Refuse(item, text, StrCat("is not a code of up to ", width, " characters"));
    }
    AppendPadded(text, width, out_, line_end_);
  }
  void Count(std::string_view item, uint64_t value, size_t width) {
    if (!AppendCount(value, width, out_, line_end_))
      Refuse(item, StrCat(value), StrCat("has more than ", width, " digits"));
  }
  void Refuse(std::string_view item, std::string_view value, std::string rule) {
    if (!status_.ok()) return;
    status_ = FieldError{.file = file_, .field = std::string(item), .value = Printable(value), .rule = std::move(rule)}
                  .ToStatus();
  }
  const absl::Status& status() const { return status_; }

 private:
  const std::string& file_;
  std::string_view line_end_;
  std::string* out_;
  absl::Status status_;
};

}  // namespace

Writer::Writer(std::string_view file_name, std::string* out, WriterOptions options)
    : options_(std::move(options)),
      layout_(std::make_unique<Layout>(std::string(file_name.substr(file_name.find_last_of('/') + 1)))),
      out_(out) {}

absl::Status Writer::Begin(const Header& header, uint64_t record_count) {
  FC_CHECK(!begun_, "Begin() called twice on ", layout_->file());
  const HeaderWidths& widths = WidthsOf(header.version);
  std::string head;
  HeadWriter w(layout_->file(), line_end(), &head);
  head += StrCat(kDataMagic, line_end());
  w.Text("version", VersionText(header.version), widths.version, !VersionText(header.version).empty());
  w.Text("creator", header.creator.view(), widths.party, IsPartyText(header.creator.view()));
  w.Text("receiver", header.receiver.view(), widths.party, IsPartyText(header.receiver.view()));
  const std::string date = absl::StrFormat("%08d", header.date.raw());
  if (!header.date.is_set()) w.Refuse("date", "", "is not set");
  if (ParseFileDate(date) != header.date) w.Refuse("date", date, "is not a date that exists (yyyymmdd)");
  head += StrCat(date, line_end());
  w.Count("transfer number", header.transfer_no.raw(), widths.transfer_no);
  w.Text("file type", header.type.view(), widths.type, IsTypeText(header.type.view()));
  w.Text("sender", header.sender.view(), widths.sender, header.sender.empty() || IsPartyText(header.sender.view()));
  w.Text("recipient", header.recipient.view(), widths.sender,
         header.recipient.empty() || IsPartyText(header.recipient.view()));

  std::vector<std::string> names = header.fields;
  if (names.empty()) {
    for (const FieldDef& field : DefaultFields(header.version, header.type)) names.emplace_back(field.name);
  }
  if (names.empty())
    w.Refuse("file type", header.type.view(), StrCat("is not a type of version ", VersionText(header.version)));
  FC_RETURN_IF_ERROR(w.status());
  w.Count("field count", names.size(), widths.field_count);
  for (const std::string& name : names) {
    std::string wrong = layout_->Add(header.version, header.type, name, options_.overrides);
    if (!wrong.empty()) w.Refuse("field name", name, std::move(wrong));
    FC_RETURN_IF_ERROR(w.status());
    head += StrCat(name, line_end());
    const Column c = layout_->column(layout_->field_count() - 1);
    empty_record_.append(c.width(), c.kind() == FieldKind::kNumber ? '0' : ' ');
  }
  w.Count("record count", record_count, widths.record_count);
  FC_RETURN_IF_ERROR(w.status());

  empty_record_ += line_end();
  record_ = empty_record_;
  announced_ = record_count;
  first_line_ = 12 + names.size();  // eleven other lines of head
  begun_ = true;
  out_->append(head);
  return absl::OkStatus();
}

void Writer::Refuse(Column c, std::string_view value, std::string rule) {
  if (error_) return;
  error_ = FieldError{
      .file = layout_->file(), .line = first_line_ + written_, .value = std::string(value), .rule = std::move(rule)};
  if (!c.present()) return;
  error_->field = layout_->name(c.index());
  error_->column = c.offset() + 1;
}

// Where the column's bytes go; null, with an error kept, where the file does not list it.
char* Writer::Place(Column c, std::string_view shown_value) {
  FC_CHECK(begun_ && !finished_, "a value set outside Begin() and Finish() of ", layout_->file());
  if (!c.present()) {
    Refuse(c, shown_value, "was set for a field that this file does not list");
    return nullptr;
  }
  FC_CHECK(c.offset() + size_t{c.width()} < record_.size(), "column of another file used with ", layout_->file());
  return record_.data() + c.offset();
}

void Writer::SetText(Column c, std::string_view utf8) {
  if (IsAscii(utf8)) return SetBytes(c, utf8);
  auto bytes = ToGb18030(utf8);
  if (!bytes.ok()) return Refuse(c, "", std::string(bytes.status().message()));
  SetBytes(c, *bytes);
}

void Writer::SetBytes(Column c, std::string_view gb18030) {
  if (!c.present() && gb18030.empty()) return;
  char* const at = Place(c, gb18030);
  if (!at) return;
  for (char ch : gb18030) {
    if (static_cast<unsigned char>(ch) < 0x20)
      return Refuse(c, Printable(gb18030), "holds a control character, which would break the record");
  }
  if (gb18030.size() > c.width()) {
    return Refuse(c, Printable(gb18030),
                  StrCat("has ", gb18030.size(), " bytes in GB18030 and does not fit (", DescribeForm(c), ")"));
  }
  if (c.kind() == FieldKind::kNumber)
    return Refuse(c, Printable(gb18030), StrCat("is text for a number (", DescribeForm(c), ")"));
  gb18030.copy(at, gb18030.size());
  std::memset(at + gb18030.size(), ' ', c.width() - gb18030.size());
}

void Writer::SetNumber(Column c, int64_t scaled) {
  if (!c.present() && scaled == 0) return;
  char* const at = c.present() ? Place(c, "") : Place(c, StrCat(scaled));  // its text only where it is to be shown
  if (!at) return;
  if (c.kind() != FieldKind::kNumber)
    return Refuse(c, StrCat(scaled), StrCat("is a number for a text (", DescribeForm(c), ")"));
  uint64_t rest = scaled < 0 ? uint64_t{0} - static_cast<uint64_t>(scaled) : static_cast<uint64_t>(scaled);
  size_t place = c.width();
  const size_t first = scaled < 0 ? 1 : 0;
  for (; place > first; --place, rest /= 10) at[place - 1] = static_cast<char>('0' + rest % 10);
  if (rest > 0 || place < first) return Refuse(c, StrCat(scaled), StrCat("does not fit (", DescribeForm(c), ")"));
  if (scaled < 0) at[0] = '-';
}

void Writer::SetDate(Column c, Date date) {
  if (!date.is_set()) return SetBlank(c);
  char text[8];
  int32_t rest = date.raw();
  for (size_t place = sizeof text; place > 0; rest /= 10) text[--place] = static_cast<char>('0' + rest % 10);
  const std::string_view digits(text, sizeof text);
  if (ParseFileDate(digits) != date) return Refuse(c, StrCat(date.raw()), "is not a date that exists (yyyymmdd)");
  SetBytes(c, digits);
}

void Writer::SetBlank(Column c) {
  if (!c.present()) return;
  std::memset(Place(c, ""), ' ', c.width());
}

absl::Status Writer::EndRecord() {
  FC_CHECK(begun_ && !finished_, "EndRecord() outside Begin() and Finish() of ", layout_->file());
  if (!error_ && written_ == announced_) {
    Refuse(Column(), "", StrCat("a record beyond the ", announced_, " that the head announces"));
  }
  absl::Status status;
  if (error_) {
    status = error_->ToStatus();
    error_.reset();
  } else {
    out_->append(record_);
    ++written_;
  }
  record_ = empty_record_;
  return status;
}

absl::Status Writer::Finish() {
  FC_CHECK(begun_ && !finished_, "Finish() without Begin(), or twice, on ", layout_->file());
  if (written_ != announced_) {
    return absl::FailedPreconditionError(
        StrCat(layout_->file(), ": the head announces ", announced_, " records, but ", written_, " were written"));
  }
  finished_ = true;
  *out_ += StrCat(kTrailer, line_end());
  return absl::OkStatus();
}

}  // namespace fundcore::ofd
