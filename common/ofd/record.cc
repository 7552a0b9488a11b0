// The less travelled paths of reading a record: odd numbers, dates, errors.
#include "common/ofd/record.h"

#include <algorithm>
#include <limits>

#include "common/base/check.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::ofd {
namespace record_internal {

FieldState ReadOddNumber(const char* p, size_t width, int64_t* value) {
  std::string_view text(p, width);
  if (text.find_first_not_of(' ') == std::string_view::npos) return FieldState::kBlank;

  bool negative = false;
  if (text.back() == '-') {
    negative = true;
    text.remove_suffix(1);
  }
  bool digits = false, significant = false;
  unsigned __int128 sum = 0;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  for (char c : text) {
    if (c == '-' && !negative && !significant) {
      negative = true;
      continue;
    }
    if (c < '0' || c > '9') return FieldState::kMalformed;
    digits = true;
    significant = significant || c != '0';
    sum = sum * 10 + static_cast<unsigned>(c - '0');
    if (sum > kMax) return FieldState::kMalformed;
  }
  if (!digits) return FieldState::kMalformed;
  *value = negative ? -static_cast<int64_t>(sum) : static_cast<int64_t>(sum);
  return FieldState::kPresent;
}

}  // namespace record_internal

absl::StatusOr<std::string> RecordView::Utf8(Column c) const {
  auto utf8 = ToUtf8(Text(c));
  if (utf8.ok() || absl::IsUnavailable(utf8.status())) return utf8;
  return Error(c, StrCat("is ", utf8.status().message(), " (", DescribeForm(c), ")")).ToStatus();
}

absl::Status RecordView::NumberError(Column c) const {
  const std::string form = DescribeForm(c);
  if (IsBlank(c)) {
    return Error(c,
                 StrCat(c.present() ? "is blank where a number is needed (" : "is a number that the file leaves out (",
                        form, ")"))
        .ToStatus();
  }
  const std::string_view raw = Raw(c);
  if (raw.find_first_not_of("0123456789") == std::string_view::npos) {
    return Error(c, StrCat("is larger than ", std::numeric_limits<int64_t>::max(), ", the largest number handled (",
                           form, ")"))
        .ToStatus();
  }
  return Error(c, StrCat("is not a number (", form, ")")).ToStatus();
}

bool RecordView::IsNoLimit(Column c) const {
  const std::string_view raw = Raw(c);
  size_t nines = 0;
  while (nines < raw.size() && raw[nines] == '9') ++nines;
  const size_t zeros = raw.size() - nines;
  if (nines == 0 || zeros > std::max<size_t>(c.decimals(), 1)) return false;
  return raw.find_first_not_of('0', nines) == std::string_view::npos;
}

FieldState RecordView::ReadDate(Column c, fundcore::Date* value) const {
  const std::string_view text = Text(c);
  if (text.empty() || text == "00000000") return FieldState::kBlank;
  const fundcore::Date date = ParseFileDate(text);
  if (!date.is_set()) return FieldState::kMalformed;
  *value = date;
  return FieldState::kPresent;
}

absl::StatusOr<fundcore::Date> RecordView::Date(Column c) const {
  fundcore::Date date;
  switch (ReadDate(c, &date)) {
    case FieldState::kPresent: return date;
    case FieldState::kBlank: return Error(c, "is blank where a date is needed (yyyymmdd)").ToStatus();
    case FieldState::kMalformed: break;
  }
  return Error(c, "is not a date that exists (yyyymmdd)").ToStatus();
}

absl::StatusOr<fundcore::Date> RecordView::DateOr(Column c, fundcore::Date blank) const {
  fundcore::Date date;
  if (ReadDate(c, &date) == FieldState::kBlank) return blank;
  return Date(c);
}

absl::Status RecordView::Check() const {
  for (size_t i = 0; i < layout_->field_count(); ++i) {
    const Column c = layout_->column(i);
    if (c.kind() == FieldKind::kNumber) {
      int64_t value = 0;
      if (ReadNumber(c, &value) == FieldState::kMalformed) return NumberError(c);
    } else if (!IsAscii(Raw(c))) {
      if (auto utf8 = Utf8(c); !utf8.ok()) return utf8.status();
    }
  }
  return absl::OkStatus();
}

FieldError RecordView::Error(Column c, std::string_view rule) const {
  FieldError error;
  error.line = line_;
  error.rule = std::string(rule);
  if (layout_) error.file = layout_->file();
  if (c.present() && layout_ && c.index() < layout_->field_count()) {
    error.field = layout_->name(c.index());
    error.column = c.offset() + 1;
    // A number is shown whole, since its spaces may be what is wrong.
    error.value = Printable(c.kind() == FieldKind::kNumber ? Raw(c) : Text(c));
  } else {
    error.field = "a field";
  }
  return error;
}

void RecordView::ForeignColumn(Column c) const {
  FC_CHECK(false, "column at ", c.offset(), "+", c.width(), " used with a record of ", size_,
           " bytes: it belongs to another file");
  __builtin_unreachable();
}

}  // namespace fundcore::ofd
