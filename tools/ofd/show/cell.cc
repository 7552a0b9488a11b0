// Values to text and back.
#include "tools/ofd/show/cell.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/business_code.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::ofd_tools {
namespace {

using ofd::IsDigit;

bool AllDigits(std::string_view text) { return std::all_of(text.begin(), text.end(), IsDigit); }

bool HoldsControl(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// The characters of `bytes` as UTF-8 that leads back to the same bytes; false where there are none such. Some
// characters have two encodings in GB18030, and only one of them comes back.
bool Characters(std::string_view bytes, std::string* scratch, std::string_view* text) {
  if (HoldsControl(bytes)) return false;
  if (ofd::IsAscii(bytes)) {
    *text = bytes;
    return true;
  }
  auto utf8 = ofd::ToUtf8(bytes);
  if (!utf8.ok()) return false;
  const auto back = ofd::ToGb18030(*utf8);
  if (!back.ok() || *back != bytes) return false;
  *scratch = *std::move(utf8);
  *text = *scratch;
  return true;
}

Cell AsStands(std::string_view bytes, Cell::Kind kind, std::string* scratch) {
  Cell cell{.kind = kind};
  if (Characters(bytes, scratch, &cell.text)) return cell;
  *scratch = ToHex(bytes);
  return {.kind = Cell::Kind::kHex, .text = *scratch};
}

// "000006593" of two decimals -> "65.93". False unless the whole field is digits, perhaps after a minus sign.
bool NumberText(std::string_view raw, size_t decimals, std::string* out) {
  out->clear();
  if (raw[0] == '-') {
    out->push_back('-');
    raw.remove_prefix(1);
  }
  if (raw.empty() || !AllDigits(raw)) return false;
  std::string_view whole = raw.substr(0, raw.size() > decimals ? raw.size() - decimals : 0);
  const std::string_view rest = raw.substr(whole.size());
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  out->append(whole.empty() ? "0" : whole);
  if (decimals == 0) return true;
  out->push_back('.');
  out->append(decimals - rest.size(), '0');
  out->append(rest);
  return true;
}

bool IsTime(std::string_view t) {
  return t.size() == 6 && AllDigits(t) && t < "24" && t.substr(2) < "60" && t.substr(4) < "60";
}

// "-65.93" -> digits right-aligned. Fewer decimals than the field has are filled up; more are refused unless zeros.
std::string WriteNumber(std::string_view text, const ofd::Column& column, char* at) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  std::string_view whole = text.substr(0, point);
  std::string_view rest = point == std::string_view::npos ? "" : text.substr(point + 1);
  const bool bare_point = point != std::string_view::npos && rest.empty();
  if (whole.empty() || bare_point || !AllDigits(whole) || !AllDigits(rest))
    return "is not a decimal number such as \"65.93\"";
  while (rest.size() > column.decimals() && rest.back() == '0') rest.remove_suffix(1);
  if (rest.size() > column.decimals()) return StrCat("has more decimals than the field (", DescribeForm(column), ")");
  std::string digits(whole);
  digits += rest;
  digits.append(column.decimals() - rest.size(), '0');
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  const size_t room = column.width() - (negative ? 1u : 0u);
  if (room == 0 || digits.size() > room) return StrCat("does not fit (", DescribeForm(column), ")");
  std::memset(at, '0', column.width());
  std::memcpy(at + column.width() - digits.size(), digits.data(), digits.size());
  if (negative) at[0] = '-';
  return "";
}

std::string WriteBytes(std::string_view bytes, const ofd::Column& column, char* at) {
  if (bytes.size() > column.width()) {
    return StrCat("has ", bytes.size(), " bytes in GB18030 and does not fit (", DescribeForm(column), ")");
  }
  std::memcpy(at, bytes.data(), bytes.size());
  std::memset(at + bytes.size(), ' ', column.width() - bytes.size());
  return "";
}

std::string WriteCharacters(std::string_view text, const ofd::Column& column, char* at) {
  if (HoldsControl(text)) return "holds a control character, which would break the record";
  if (ofd::IsAscii(text)) return WriteBytes(text, column, at);
  const auto bytes = ofd::ToGb18030(text);
  if (!bytes.ok()) return StrCat("is ", bytes.status().message());
  return WriteBytes(*bytes, column, at);
}

// "2017-04-27" or "20170427" -> the eight digits.
std::string WriteDate(std::string_view text, const ofd::Column& column, char* at) {
  std::string digits(text);
  if (text.size() == 10 && text[4] == '-' && text[7] == '-')
    digits = StrCat(text.substr(0, 4), text.substr(5, 2), text.substr(8));
  if (!ofd::ParseFileDate(digits).is_set()) return "is not a date that exists, in the form \"2017-04-27\"";
  return WriteBytes(digits, column, at);
}

std::string WriteTime(std::string_view text, const ofd::Column& column, char* at) {
  std::string digits(text);
  if (text.size() == 8 && text[2] == ':' && text[5] == ':')
    digits = StrCat(text.substr(0, 2), text.substr(3, 2), text.substr(6));
  if (!IsTime(digits)) return "is not a time of day in the form \"14:01:00\"";
  return WriteBytes(digits, column, at);
}

}  // namespace

Columns ColumnsOf(const ofd::Layout& layout, ofd::Version version, const ofd::FileType& type) {
  Columns columns;
  columns.reserve(layout.field_count());
  for (size_t i = 0; i < layout.field_count(); ++i) {
    ShownColumn c{.column = layout.column(i), .name = layout.name(i)};
    ofd::FieldDef field{
        .name = c.name, .kind = c.column.kind(), .width = c.column.width(), .decimals = c.column.decimals()};
    if (const ofd::FieldDef* known = ofd::FindField(version, type, c.name)) {
      field.name = known->name;
      c.chinese = known->chinese;
    }
    if (c.column.width() == 8 && ofd::IsDateField(field)) {
      c.form = Form::kDate;
    } else if (c.column.width() == 6 && ofd::IsTimeField(field)) {
      c.form = Form::kTime;
    } else if (c.column.kind() == ofd::FieldKind::kNumber) {
      c.form = Form::kNumber;
    }
    c.values = ofd::FindValues(type, c.name);
    if (ofd::EqualsIgnoreCase(c.name, "ReturnCode")) {
      c.coding = Coding::kReturnCode;
    } else if (ofd::EqualsIgnoreCase(c.name, "BusinessCode")) {
      c.coding = Coding::kBusinessCode;
    } else if (c.values) {
      c.coding = Coding::kValueList;
    }
    columns.push_back(std::move(c));
  }
  return columns;
}

Cell ReadCell(const ofd::RecordView& record, const ShownColumn& c, std::string* scratch) {
  const std::string_view text = record.Text(c.column);
  if (text.empty()) return {};
  switch (c.form) {
    case Form::kText: return AsStands(text, Cell::Kind::kPlain, scratch);
    case Form::kNumber:
      if (NumberText(record.Raw(c.column), c.column.decimals(), scratch))
        return {.kind = Cell::Kind::kPlain, .text = *scratch};
      break;
    case Form::kDate:
      if (ofd::ParseFileDate(text).is_set()) {
        scratch->assign(text.substr(0, 4)).append("-").append(text.substr(4, 2)).append("-").append(text.substr(6));
        return {.kind = Cell::Kind::kPlain, .text = *scratch};
      }
      break;
    case Form::kTime:
      if (IsTime(text)) {
        scratch->assign(text.substr(0, 2)).append(":").append(text.substr(2, 2)).append(":").append(text.substr(4));
        return {.kind = Cell::Kind::kPlain, .text = *scratch};
      }
      break;
  }
  return AsStands(text, Cell::Kind::kText, scratch);
}

std::string WriteCell(const Cell& cell, const ShownColumn& c, char* at) {
  switch (cell.kind) {
    case Cell::Kind::kBlank: std::memset(at, ' ', c.column.width()); return "";
    case Cell::Kind::kText: return WriteCharacters(cell.text, c.column, at);
    case Cell::Kind::kHex: {
      std::string bytes;
      if (!FromHex(cell.text, &bytes)) return "is not pairs of hexadecimal digits";
      if (bytes.find('\n') != std::string::npos) return "holds a line end, which would break the record";
      return WriteBytes(bytes, c.column, at);
    }
    case Cell::Kind::kPlain: break;
  }
  switch (c.form) {
    case Form::kText: return WriteCharacters(cell.text, c.column, at);
    case Form::kNumber: return WriteNumber(cell.text, c.column, at);
    case Form::kDate: return WriteDate(cell.text, c.column, at);
    case Form::kTime: return WriteTime(cell.text, c.column, at);
  }
  return "";
}

Meaning MeaningOf(const ShownColumn& c, std::string_view code, const ofd::Variant& variant) {
  if (c.coding == Coding::kNone) return {};
  if (c.coding == Coding::kReturnCode) {
    // The institution's own text is in force before anything the tables say.
    if (const auto own = variant.return_codes.find(std::string(code)); own != variant.return_codes.end()) {
      return {.chinese = own->second.meaning};
    }
  }
  if (c.values) {
    for (const ofd::ValueMeaning& v : c.values->values) {
      if (v.code == code) return {.chinese = v.chinese, .english = v.english};
    }
  }
  if (c.coding == Coding::kReturnCode) return {.chinese = ofd::ReturnCodeMeaning(code)};
  if (c.coding == Coding::kBusinessCode) return {.chinese = ofd::BusinessCodeName(code)};
  return {};
}

std::string ToHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

bool FromHex(std::string_view hex, std::string* bytes) {
  const auto digit = [](char c) {
    return IsDigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  bytes->clear();
  if (hex.size() % 2 != 0) return false;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]), low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return false;
    bytes->push_back(static_cast<char>(high * 16 + low));
  }
  return true;
}

}  // namespace fundcore::ofd_tools
