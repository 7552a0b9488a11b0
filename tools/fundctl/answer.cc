// See answer.h.
#include "tools/fundctl/answer.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/base/check.h"

namespace fundcore::fundctl {
namespace {

// The character at the front of `s` and its bytes; malformed text gives U+FFFD and one byte.
std::pair<char32_t, size_t> Decode(std::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (n == 0 || s.size() < n || first > 0xf4) return {0xfffd, 1};
  char32_t c = first & (0xff >> (n + 1));
  for (size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0xfffd, 1};
    c = (c << 6) | (byte(i) & 0x3f);
  }
  return {c, n};
}

bool In(char32_t c, std::initializer_list<std::pair<char32_t, char32_t>> ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [c](const auto& r) { return c >= r.first && c <= r.second; });
}

// East Asian wide and full-width characters (Unicode TR 11), as far as names and remarks hold them.
bool Wide(char32_t c) {
  return In(c, {{0x1100, 0x115f},
                {0x2e80, 0x303e},
                {0x3041, 0x4dbf},
                {0x4e00, 0xa4cf},
                {0xac00, 0xd7a3},
                {0xf900, 0xfaff},
                {0xfe30, 0xfe6f},
                {0xff00, 0xff60},
                {0xffe0, 0xffe6},
                {0x1f300, 0x1f64f},
                {0x20000, 0x3fffd}});
}
bool Combining(char32_t c) { return In(c, {{0x0300, 0x036f}, {0x200b, 0x200f}, {0xfe00, 0xfe0f}}); }

// Text from files and callers must not move a terminal's cursor.
std::string Harmless(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

std::string Spaced(std::string_view key) {
  std::string out(key);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

void Pad(std::string* out, std::string_view text, int width, bool right) {
  const std::string blank(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ');
  *out += right ? blank + std::string(text) : std::string(text) + blank;
}

}  // namespace

int DisplayWidth(std::string_view utf8) {
  int width = 0;
  while (!utf8.empty()) {
    const auto [c, n] = Decode(utf8);
    width += Combining(c) ? 0 : Wide(c) ? 2 : 1;
    utf8.remove_prefix(n);
  }
  return width;
}

std::string JsonText(std::string_view utf8) {
  std::string out = "\"";
  while (!utf8.empty()) {
    const auto [c, n] = Decode(utf8);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7f) {
      out += absl::StrFormat("\\u%04x", static_cast<unsigned>(c));
    } else if (c == 0xfffd) {
      out += "\xef\xbf\xbd";
    } else {
      out.append(utf8.substr(0, n));
    }
    utf8.remove_prefix(n);
  }
  return out + "\"";
}

Value::Value(std::string_view text) : text_(Harmless(text)), json_(JsonText(text)) {}
Value::Value(Money m) : text_(m.ToGrouped()), json_(JsonText(m.ToString())), right_(true) {}
Value::Value(Units u) : text_(u.ToGrouped()), json_(JsonText(u.ToString())), right_(true) {}
Value::Value(Nav n)
    : text_(n.is_zero() ? "" : n.ToGrouped()), json_(n.is_zero() ? "null" : JsonText(n.ToString())), right_(true) {}
Value::Value(Date d) : text_(d.is_set() ? d.Iso() : ""), json_(d.is_set() ? JsonText(d.Iso()) : "null") {}
Value::Value(TimePoint t) : text_(t.raw() ? t.Iso() : ""), json_(t.raw() ? JsonText(t.Iso()) : "null") {}
Value::Value(InvestorId id)
    : text_(id.is_set() ? FormatInvestorId(id) : ""), json_(id.is_set() ? JsonText(text_) : "null") {}
Value::Value(OrderId id) : text_(id.is_set() ? FormatOrderId(id) : ""), json_(id.is_set() ? JsonText(text_) : "null") {}
Value::Value(bool yes) : text_(yes ? "yes" : "no"), json_(yes ? "true" : "false") {}
Value::Value(uint64_t n) : text_(StrCat(n)), json_(StrCat(n)), right_(true) {}

void Table::Row(std::vector<Value> cells) {
  FC_CHECK(cells.size() == columns_.size(), "table ", key_, " has ", columns_.size(), " columns, the row ",
           cells.size());
  rows_.push_back(std::move(cells));
}

Table& Answer::AddTable(std::string_view key, std::vector<std::string> columns, std::string_view title) {
  return tables_.emplace_back(std::string(key), std::string(title), std::move(columns));
}

std::string Answer::ForPeople() const {
  std::string out;
  int widest = 0;
  const auto shown = [](const Field& f) { return f.for_people && !f.value.text().empty(); };
  for (const Field& f : fields_)
    if (shown(f)) widest = std::max(widest, DisplayWidth(Spaced(f.key)));
  for (const Field& f : fields_) {
    const auto& [key, value, for_people] = f;
    if (!shown(f)) continue;
    Pad(&out, Spaced(key), widest + 2, false);
    out += value.text() + "\n";
  }
  for (const Table& t : tables_) {
    if (!out.empty()) out += "\n";
    if (!t.title_.empty()) out += t.title_ + "\n";
    if (t.rows_.empty()) {
      out += t.title_.empty() ? StrCat("no ", Spaced(t.key_), "\n") : "none\n";
      continue;
    }
    std::vector<int> widths;
    for (size_t c = 0; c < t.columns_.size(); ++c) {
      widths.push_back(DisplayWidth(Spaced(t.columns_[c])));
      for (const auto& row : t.rows_) widths[c] = std::max(widths[c], DisplayWidth(row[c].text()));
    }
    const auto line = [&](const auto& text_of, const auto& right_of) {
      std::string one;
      for (size_t c = 0; c < t.columns_.size(); ++c) {
        if (c > 0) one += "  ";
        Pad(&one, text_of(c), widths[c], right_of(c));
      }
      out += one.substr(0, one.find_last_not_of(' ') + 1) + "\n";
    };
    // A column of figures has its heading at the right, too; its first row tells.
    line([&](size_t c) { return Spaced(t.columns_[c]); }, [&](size_t c) { return t.rows_[0][c].right(); });
    for (const auto& row : t.rows_)
      line([&](size_t c) { return row[c].text(); }, [&](size_t c) { return row[c].right(); });
  }
  if (!remarks_.empty() && !out.empty()) out += "\n";
  for (const std::string& r : remarks_) out += r + "\n";
  return out;
}

std::string Answer::Json() const {
  std::string out = "{";
  const auto next = [&out] {
    if (out.back() != '{' && out.back() != '[') out += ",";
  };
  for (const auto& [key, value, for_people] : fields_) {
    next();
    out += StrCat(JsonText(key), ":", value.json());
  }
  for (const Table& t : tables_) {
    next();
    out += StrCat(JsonText(t.key_), ":[");
    for (const auto& row : t.rows_) {
      next();
      out += "{";
      for (size_t c = 0; c < row.size(); ++c) {
        next();
        out += StrCat(JsonText(t.columns_[c]), ":", row[c].json());
      }
      out += "}";
    }
    out += "]";
  }
  return out + "}";
}

}  // namespace fundcore::fundctl
