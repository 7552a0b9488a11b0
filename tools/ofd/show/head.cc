// Head lines, plain and odd, and the head as JSON.
#include "tools/ofd/show/head.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/values.h"

namespace fundcore::ofd_tools {
namespace {

// The number of digits of a count line is the only thing in which it may differ; another line only in its padding, and
// in the case of a type.
bool SameLine(std::string_view plain, std::string_view odd, bool is_count) {
  if (ofd::EqualsIgnoreCase(ofd::CutSpaces(plain), ofd::CutSpaces(odd))) return true;
  uint64_t a = 0, b = 0;
  return is_count && ofd::ParseCount(ofd::CutSpaces(plain), &a) && ofd::ParseCount(ofd::CutSpaces(odd), &b) && a == b;
}

void Key(std::string_view key, std::string* out) {
  *out += out->size() > 1 ? ",\"" : "\"";
  *out += key;
  *out += "\":";
}

void Item(std::string_view key, std::string_view text, std::string* out) {
  Key(key, out);
  AppendJson(text, out);
}

}  // namespace

std::vector<std::string> PlainLines(const FileHead& head, const std::vector<std::string>& names) {
  const ofd::Header& h = head.header;
  const ofd::HeaderWidths& w = ofd::WidthsOf(h.version);
  std::vector<std::string> lines;
  const auto text = [&](std::string_view value, size_t width) {
    lines.emplace_back(value);
    if (lines.back().size() < width) lines.back().append(width - lines.back().size(), ' ');
  };
  const auto count = [&](uint64_t value, size_t width) {
    const std::string digits = StrCat(value);
    lines.push_back(StrCat(std::string(width > digits.size() ? width - digits.size() : 0, '0'), digits));
  };
  text(head.index ? ofd::kIndexMagic : ofd::kDataMagic, 0);
  text(ofd::VersionText(h.version), w.version);
  text(h.creator.view(), w.party);
  text(h.receiver.view(), w.party);
  text(absl::StrFormat("%08d", h.date.raw()), 0);
  if (head.index) {
    count(head.records, w.index_count);
    for (const std::string& name : names) text(name, 0);
    return lines;
  }
  count(h.transfer_no.raw(), w.transfer_no);
  text(h.type.view(), w.type);
  text(h.sender.view(), w.sender);
  text(h.recipient.view(), w.sender);
  count(h.fields.size(), w.field_count);
  for (const std::string& field : h.fields) text(field, 0);
  count(head.records, w.record_count);
  return lines;
}

void NoteOddities(std::string_view raw, const std::vector<std::string>& names, FileHead* head) {
  const std::vector<std::string> plain = PlainLines(*head, names);
  std::vector<bool> ends;
  for (size_t i = 0; i < plain.size(); ++i) {
    const size_t end = raw.find('\n');
    std::string_view line = raw.substr(0, end);
    raw.remove_prefix(end == std::string_view::npos ? raw.size() : end + 1);
    const bool crlf = line.ends_with('\r');
    if (crlf) line.remove_suffix(1);
    ends.push_back(crlf);
    if (line != plain[i]) head->odd_lines[i + 1] = line;
  }
  head->crlf = std::count(ends.begin(), ends.end(), true) * 2 >= static_cast<std::ptrdiff_t>(ends.size());
  for (size_t i = 0; i < ends.size(); ++i) {
    if (ends[i] != head->crlf) head->odd_ends[i + 1] = ends[i];
  }
}

absl::StatusOr<std::string> HeadBytes(const FileHead& head, const std::vector<std::string>& names) {
  const std::vector<std::string> plain = PlainLines(head, names);
  std::string out;
  for (size_t i = 0; i < plain.size(); ++i) {
    const uint64_t number = i + 1;
    const auto odd = head.odd_lines.find(number);
    const auto end = head.odd_ends.find(number);
    if (odd != head.odd_lines.end()) {
      const bool is_count = number == 6 || (!head.index && (number == 10 || number == plain.size()));
      if (!SameLine(plain[i], odd->second, is_count)) {
        return absl::InvalidArgumentError(StrCat("odd_lines ", number, " \"", odd->second,
                                                 "\" disagrees with the head, which makes \"", plain[i],
                                                 "\" of this line; correct it or take it out of odd_lines"));
      }
    }
    out += odd != head.odd_lines.end() ? odd->second : plain[i];
    out += LineEnd(end != head.odd_ends.end() ? end->second : head.crlf);
  }
  for (const auto& [number, line] : head.odd_lines) {
    if (number > plain.size())
      return absl::InvalidArgumentError(
          StrCat("odd_lines ", number, " is beyond the head, which has ", plain.size(), " lines"));
  }
  return out;
}

std::vector<ofd::FieldOverride> FormsOf(const ofd::Layout& layout, const ofd::Header& header) {
  std::vector<ofd::FieldOverride> forms;
  for (size_t i = 0; i < layout.field_count(); ++i) {
    const ofd::Column c = layout.column(i);
    const ofd::FieldDef* known = ofd::FindField(header.version, header.type, layout.name(i));
    if (known && known->kind == c.kind() && known->width == c.width() && known->decimals == c.decimals()) continue;
    forms.push_back({.type = header.type.str(),
                     .name = layout.name(i),
                     .kind = c.kind(),
                     .width = c.width(),
                     .decimals = c.decimals()});
  }
  return forms;
}

std::string FormText(const ofd::FieldOverride& form) {
  std::string out = StrCat(std::string(1, static_cast<char>(form.kind)), form.width);
  if (form.decimals > 0) out += StrCat(".", form.decimals);
  return out;
}

bool ParseForm(std::string_view text, ofd::FieldOverride* form) {
  if (text.empty() || (text[0] != 'A' && text[0] != 'C' && text[0] != 'N')) return false;
  form->kind = static_cast<ofd::FieldKind>(text[0]);
  const auto parts = ofd::Split(text.substr(1), '.');
  uint64_t width = 0, decimals = 0;
  if (parts.size() > 2 || !ofd::ParseCount(parts[0], &width) || width == 0 || width > ofd::kMaxFieldBytes) return false;
  if (parts.size() == 2 && (!ofd::ParseCount(parts[1], &decimals) || decimals > 18)) return false;
  form->width = static_cast<uint16_t>(width);
  form->decimals = static_cast<uint8_t>(decimals);
  return decimals == 0 || form->kind == ofd::FieldKind::kNumber;
}

std::string HeadJson(const FileHead& head, std::string_view file_name, std::string_view part) {
  const ofd::Header& h = head.header;
  std::string out = "{";
  Key("fundcore_ofd", &out);
  out += "1";
  Item("kind", head.index ? "index" : "data", &out);
  Item("file", file_name, &out);
  if (!part.empty()) Item("part", part, &out);
  Item("version", ofd::VersionText(h.version), &out);
  Item("creator", h.creator.view(), &out);
  Item("receiver", h.receiver.view(), &out);
  Item("date", h.date.Iso(), &out);
  if (!head.index) {
    Key("transfer_number", &out);
    out += StrCat(h.transfer_no.raw());
    Item("type", h.type.view(), &out);
    if (const auto name = ofd::TypeNameChinese(h.type); !name.empty()) Item("type_chinese", name, &out);
    if (const auto name = ofd::TypeNameEnglish(h.type); !name.empty()) Item("type_english", name, &out);
    Item("sender", h.sender.view(), &out);
    Item("recipient", h.recipient.view(), &out);
  }
  Key("records", &out);
  out += StrCat(head.records);
  Item("line_end", head.crlf ? "CRLF" : "LF", &out);
  // Small objects by hand: `first` leaves out the comma before the first of them.
  const auto object = [&](std::string_view key, const auto& items, const auto& print) {
    if (items.empty()) return;
    Key(key, &out);
    bool first = true;
    for (const auto& item : items) {
      out += first ? '{' : ',';
      first = false;
      print(item);
    }
    out += '}';
  };
  object("odd_lines", head.odd_lines, [&](const auto& odd) {
    out += StrCat("\"", odd.first, "\":");
    AppendJson(odd.second, &out);
  });
  object("odd_line_ends", head.odd_ends,
         [&](const auto& odd) { out += StrCat("\"", odd.first, "\":\"", odd.second ? "CRLF" : "LF", "\""); });
  object("forms", head.forms, [&](const ofd::FieldOverride& form) {
    AppendJson(form.name, &out);
    out += StrCat(":\"", FormText(form), "\"");
  });
  if (!head.index) {
    Key("fields", &out);
    for (size_t i = 0; i < h.fields.size(); ++i) {
      out += i == 0 ? '[' : ',';
      AppendJson(h.fields[i], &out);
    }
    out += ']';
  }
  out += '}';
  return out;
}

void AppendJson(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t done = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') [[likely]]
      continue;
    out->append(text.substr(done, i - done));
    done = i + 1;
    switch (c) {
      case '"': out->append("\\\""); break;
      case '\\': out->append("\\\\"); break;
      case '\n': out->append("\\n"); break;
      case '\r': out->append("\\r"); break;
      case '\t': out->append("\\t"); break;
      default: absl::StrAppendFormat(out, "\\u%04x", c);
    }
  }
  out->append(text.substr(done));
  out->push_back('"');
}

}  // namespace fundcore::ofd_tools
