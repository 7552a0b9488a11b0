// Columns chosen, measured, folded and aligned.
#include "tools/ofd/show/table.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::ofd_tools {
namespace {

// One character of valid UTF-8, and its length.
char32_t Take(std::string_view text, size_t* bytes) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) & 0x3fu : 0u; };
  const auto first = static_cast<unsigned char>(text[0]);
  *bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  *bytes = std::min(*bytes, text.size());
  switch (*bytes) {
    case 1: return first;
    case 2: return (first & 0x1fu) << 6 | at(1);
    case 3: return (first & 0x0fu) << 12 | at(1) << 6 | at(2);
    default: return (first & 0x07u) << 18 | at(1) << 12 | at(2) << 6 | at(3);
  }
}

struct Range {
  char32_t first, last;
};

template <size_t N>
bool In(const Range (&ranges)[N], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges), [c](Range r) { return c >= r.first && c <= r.last; });
}

// By the East Asian Width property of Unicode: wide and full-width.
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0x33ff}, {0x3400, 0x4dbf},
                           {0x4e00, 0xa4cf},   {0xa960, 0xa97f},  {0xac00, 0xd7a3}, {0xf900, 0xfaff},
                           {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
                           {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range kNoPlace[] = {{0x300, 0x36f}, {0x200b, 0x200d}, {0xfe00, 0xfe0f}};
// Controls, and the marks that change the direction of writing.
constexpr Range kUnsafe[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x200e, 0x200f},
                             {0x202a, 0x202e}, {0x2066, 0x2069}, {0x2028, 0x2029}};

size_t Places(char32_t c) {
  if (c < 0x300) return 1;
  return In(kNoPlace, c) ? 0 : In(kWide, c) ? 2 : 1;
}

std::string Padded(std::string_view text, size_t places, bool right) {
  const std::string spaces(places - std::min(places, PlacesOf(text)), ' ');
  return right ? StrCat(spaces, text) : StrCat(text, spaces);
}

// Says nothing: no value, a number that is zero, zeros that stand for nothing. The zero of a coded field does say
// something.
bool IsEmpty(const Cell& cell, const ShownColumn& c) {
  if (cell.kind == Cell::Kind::kBlank) return true;
  if (cell.kind == Cell::Kind::kHex || (c.coding != Coding::kNone && c.form == Form::kText)) return false;
  return cell.text.find_first_not_of("0.") == std::string_view::npos;
}

class TableShower : public Shower {
 public:
  TableShower(Sink* sink, const ShowOptions& options, const TableStyle& style)
      : sink_(*sink), options_(options), style_(style) {}

  absl::Status Begin(const ShownFile& file) override {
    file_ = &file;
    window_.clear();
    used_.assign(file.columns.size(), false);
    PrintHead();
    return Flush();
  }

  absl::Status Record(uint64_t number, const std::vector<Cell>& cells) override {
    if (options_.first == 1 && options_.last == UINT64_MAX && number > style_.most) {
      ++not_shown_;
      return absl::OkStatus();
    }
    Row row{.number = number};
    for (size_t i = 0; i < cells.size(); ++i) {
      const ShownColumn& c = file_->columns[i];
      if (!IsEmpty(cells[i], c)) used_[i] = true;
      row.cells.push_back(ForTerminal(TextOf(c, cells[i]), options_.first == options_.last ? 200 : kWidestCell));
    }
    window_.push_back(std::move(row));
    return window_.size() < kWindow ? absl::OkStatus() : PrintWindow();
  }

  absl::Status End(std::string_view bytes) override {
    if (!odd_end_)
      odd_end_ = StrCat("The file ends in ", bytes.size(), " bytes that are not the usual trailer line.\n");
    return absl::OkStatus();
  }

  absl::Status LineEndChanges(bool crlf) override {
    mixed_ends_ = true;
    return absl::OkStatus();
  }

  absl::Status Damage(std::string_view, const std::vector<std::string>& lines) override {
    if (file_) return absl::OkStatus();
    buffer_ += "The head as far as it can be read:\n";
    for (size_t i = 0; i < lines.size(); ++i)
      buffer_ += absl::StrFormat("%4d  %s\n", i + 1, ForTerminal(lines[i], 200));
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (!window_.empty()) FC_RETURN_IF_ERROR(PrintWindow());
    if (not_shown_ > 0) {
      buffer_ += StrCat("… and ", not_shown_, " more records; --records=", style_.most + 1, "-", style_.most * 2,
                        " shows the next ones\n");
    }
    if (mixed_ends_) buffer_ += "Lines end in CR LF and in LF by turns.\n";
    if (odd_end_) buffer_ += *odd_end_;
    return Flush();
  }

 private:
  struct Row {
    uint64_t number = 0;
    std::vector<std::string> cells;
  };

  std::string TextOf(const ShownColumn& c, const Cell& cell) const {
    if (cell.kind == Cell::Kind::kHex) return StrCat("hex:", cell.text);
    if (!options_.meanings || cell.kind != Cell::Kind::kPlain) return std::string(cell.text);
    const Meaning m = MeaningOf(c, cell.text, options_.variant);
    if (!m.known()) return std::string(cell.text);
    return StrCat(cell.text, " ", m.chinese.empty() ? m.english : m.chinese);
  }

  void Line(std::string_view name, const std::string& value) {
    buffer_ += StrCat(Padded(name, 12, false), value, "\n");
  }

  void PrintHead() {
    const FileHead& head = file_->head;
    const ofd::Header& h = head.header;
    buffer_ += StrCat(ForTerminal(file_->name, 200), "\n");
    if (head.index) {
      Line("type", StrCat("index file, version ", ofd::VersionText(h.version)));
      Line("parties", StrCat(h.creator.view(), " -> ", h.receiver.view()));
      Line("date", h.date.Iso());
      Line("names", StrCat(head.records, ", lines end in ", head.crlf ? "CR LF" : "LF"));
    } else {
      Line("type", StrCat(h.type.view(), " ", ofd::TypeNameChinese(h.type), " ", ofd::TypeNameEnglish(h.type),
                          ", version ", ofd::VersionText(h.version)));
      Line("parties", StrCat(h.creator.view(), " -> ", h.receiver.view(), " (sender ", Named(h.sender), ", recipient ",
                             Named(h.recipient), ")"));
      Line("date", StrCat(h.date.Iso(), ", transfer number ", h.transfer_no.raw()));
      Line("records", StrCat(head.records, " of ", file_->record_bytes, " bytes, ", h.fields.size(),
                             " fields, lines end in ", head.crlf ? "CR LF" : "LF"));
    }
    if (!head.odd_lines.empty())
      Line("oddities",
           StrCat(head.odd_lines.size(), " lines of the head are padded or spelled otherwise; --json shows them"));
    for (const ofd::FieldOverride& form : head.forms)
      Line("otherwise", StrCat(form.name, " has the form ", FormText(form), ", by the variant"));
  }
  static std::string Named(const ofd::PartyCode& party) { return party.empty() ? "blank" : party.str(); }

  absl::Status PrintWindow() {
    buffer_ += "\n";
    if (window_.size() == 1 && options_.first == options_.last) {
      PrintOne();
    } else {
      PrintMany();
    }
    window_.clear();
    used_.assign(used_.size(), false);
    return Flush();
  }

  void PrintOne() {
    size_t names = 0, chinese = 0;
    for (size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i]) continue;
      names = std::max(names, PlacesOf(file_->columns[i].name));
      chinese = std::max(chinese, PlacesOf(file_->columns[i].chinese));
    }
    for (size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i]) continue;
      const ShownColumn& c = file_->columns[i];
      buffer_ +=
          StrCat(Padded(c.name, names + 2, false), Padded(c.chinese, chinese + 2, false), window_[0].cells[i], "\n");
    }
  }

  void PrintMany() {
    std::vector<size_t> columns, widths;
    for (size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i]) continue;
      size_t width = std::min(kWidestCell, PlacesOf(file_->columns[i].name));
      if (style_.chinese) width = std::max(width, std::min(kWidestCell, PlacesOf(file_->columns[i].chinese)));
      for (const Row& row : window_) width = std::max(width, PlacesOf(row.cells[i]));
      columns.push_back(i);
      widths.push_back(width);
    }
    const size_t number_width = std::max<size_t>(1, StrCat(window_.back().number).size());
    if (columns.empty()) buffer_ += StrCat(window_.size(), " records with nothing in them\n");
    for (size_t begin = 0; begin < columns.size();) {
      size_t end = begin, places = number_width;
      while (end < columns.size() && (end == begin || style_.width == 0 || places + 2 + widths[end] <= style_.width))
        places += 2 + widths[end++];
      if (begin > 0) buffer_ += "\n";
      PrintGroup(columns, widths, begin, end, number_width);
      begin = end;
    }
  }

  void PrintGroup(const std::vector<size_t>& columns, const std::vector<size_t>& widths, size_t begin, size_t end,
                  size_t number_width) {
    const auto line = [&](const std::string& number, const auto& text) {
      std::string out = Padded(number, number_width, true);
      for (size_t k = begin; k < end; ++k) {
        const bool right = file_->columns[columns[k]].form == Form::kNumber;
        out += StrCat("  ", Padded(ForTerminal(text(columns[k]), kWidestCell), widths[k], right));
      }
      out.resize(out.find_last_not_of(' ') + 1);
      buffer_ += out + "\n";
    };
    line("#", [&](size_t i) { return std::string_view(file_->columns[i].name); });
    if (style_.chinese) line("", [&](size_t i) { return file_->columns[i].chinese; });
    for (const Row& row : window_) line(StrCat(row.number), [&](size_t i) { return std::string_view(row.cells[i]); });
  }

  absl::Status Flush() {
    FC_RETURN_IF_ERROR(sink_.Write(buffer_));
    buffer_.clear();
    return absl::OkStatus();
  }

  Sink& sink_;
  const ShowOptions& options_;
  const TableStyle style_;
  const ShownFile* file_ = nullptr;
  std::vector<Row> window_;
  std::vector<bool> used_;  // by column: whether it says anything in this window
  uint64_t not_shown_ = 0;
  std::optional<std::string> odd_end_;
  bool mixed_ends_ = false;
  std::string buffer_;
};

}  // namespace

size_t PlacesOf(std::string_view utf8) {
  size_t places = 0;
  for (size_t bytes; !utf8.empty(); utf8.remove_prefix(bytes)) places += Places(Take(utf8, &bytes));
  return places;
}

std::string ForTerminal(std::string_view utf8, size_t places) {
  std::string out;
  size_t used = 0, room_for_mark = 0;  // the size of `out` up to which "…" still has a place
  while (!utf8.empty()) {
    size_t bytes = 0;
    const char32_t c = Take(utf8, &bytes);
    std::string shown(utf8.substr(0, bytes));
    size_t width = Places(c);
    if (In(kUnsafe, c)) {
      shown = c < 0x100 ? absl::StrFormat("\\x%02x", static_cast<unsigned>(c))
                        : absl::StrFormat("\\u%04x", static_cast<unsigned>(c));
      width = shown.size();
    }
    if (used + width > places) {
      out.resize(room_for_mark);
      return out + "…";
    }
    out += shown;
    used += width;
    if (used < places) room_for_mark = out.size();
    utf8.remove_prefix(bytes);
  }
  return out;
}

std::unique_ptr<Shower> MakeTableShower(Sink* sink, const ShowOptions& options, const TableStyle& style) {
  return std::make_unique<TableShower>(sink, options, style);
}

}  // namespace fundcore::ofd_tools
