// Quoting, rows, and rows back to records.
#include "tools/ofd/show/csv.h"

#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/ofd/show/from_json.h"

namespace fundcore::ofd_tools {
namespace {

constexpr std::string_view kText = "text:", kHex = "hex:";

// Numbers may begin with a minus sign: a spreadsheet takes them for what they are.
bool WouldBeMistaken(std::string_view text, Form form) {
  if (form == Form::kNumber || text.empty()) return false;
  return std::string_view("=+-@#").find(text[0]) != std::string_view::npos || text.starts_with(kText) ||
         text.starts_with(kHex);
}

Cell CellOf(std::string_view text) {
  if (text.empty()) return {};
  if (text.starts_with(kText)) return {.kind = Cell::Kind::kText, .text = text.substr(kText.size())};
  if (text.starts_with(kHex)) return {.kind = Cell::Kind::kHex, .text = text.substr(kHex.size())};
  return {.kind = Cell::Kind::kPlain, .text = text};
}

// For every column of the table: the field that it sets, or -1 for a meaning.
absl::StatusOr<std::vector<int>> ReadHeadings(const std::vector<std::string>& names, uint64_t line, const Restorer& r) {
  std::vector<int> columns;
  std::vector<bool> seen(r.columns().size());
  for (const std::string& name : names) {
    const int column = r.Find(name);
    if (column < 0) {
      const std::string_view field(name);
      if (!field.ends_with(kMeaningSuffix) || r.Find(field.substr(0, field.size() - kMeaningSuffix.size())) < 0)
        return r.Error(line, name, "", "is not a field of the head");
    } else if (seen[static_cast<size_t>(column)]) {
      return r.Error(line, name, "", "is a heading given twice");
    } else {
      seen[static_cast<size_t>(column)] = true;
    }
    columns.push_back(column);
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i])
      return r.Error(line, r.columns()[i].name, "", "has no column; a record gives every field of the head");
  }
  return columns;
}

}  // namespace

void AppendCsv(std::string_view text, std::string* out) {
  const bool spaces = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!spaces && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (char c : text) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

void AppendCsv(const Cell& cell, Form form, std::string* out) {
  switch (cell.kind) {
    case Cell::Kind::kBlank: return;
    case Cell::Kind::kPlain:
      if (WouldBeMistaken(cell.text, form)) return AppendCsv(StrCat(kText, cell.text), out);
      return AppendCsv(cell.text, out);
    case Cell::Kind::kText: return AppendCsv(StrCat(kText, cell.text), out);
    case Cell::Kind::kHex: return AppendCsv(StrCat(kHex, cell.text), out);
  }
}

absl::StatusOr<bool> CsvRows::Next(std::vector<std::string>* cells) {
  size_t count = 0, bytes = 0;
  const auto add_cell = [&]() -> std::string& {
    if (count == cells->size()) cells->emplace_back();
    std::string& cell = (*cells)[count++];
    cell.clear();
    return cell;
  };
  std::string* cell = nullptr;
  State state = State::kStart;
  row_line_ = line_;
  for (;;) {
    if (rest_.empty()) {
      FC_ASSIGN_OR_RETURN(rest_, pieces_.Next());
      if (first_ && rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
      first_ = false;
      if (rest_.empty()) {
        if (state == State::kQuoted) return absl::InvalidArgumentError("a quoted cell has no closing quote");
        cells->resize(count);
        return cell != nullptr;
      }
    }
    if (!cell) cell = &add_cell();
    // What has no meaning of its own is taken in one go.
    const size_t plain =
        std::min(rest_.find_first_of(state == State::kQuoted ? std::string_view("\"\n") : std::string_view(",\"\r\n")),
                 rest_.size());
    if (plain > 0) {
      if (state == State::kQuoteInQuoted)
        return absl::InvalidArgumentError("something other than a comma follows a closing quote");
      if (state == State::kStart) state = State::kPlain;
      bytes += plain;
      if (bytes > LinePieces::kMaxLine)
        return absl::InvalidArgumentError(StrCat("the row is longer than ", LinePieces::kMaxLine, " bytes"));
      cell->append(rest_.substr(0, plain));
      rest_.remove_prefix(plain);
      continue;
    }
    const char c = rest_[0];
    rest_.remove_prefix(1);
    if (c == '\n') ++line_;
    if (state == State::kQuoted) {
      if (c == '"') {
        state = State::kQuoteInQuoted;
      } else {
        cell->push_back(c);
      }
    } else if (c == '"') {
      if (state == State::kPlain)
        return absl::InvalidArgumentError("a quote stands inside a cell that does not begin with one");
      if (state == State::kQuoteInQuoted) cell->push_back('"');
      state = State::kQuoted;
    } else if (c == ',') {
      cell = &add_cell();
      state = State::kStart;
    } else if (c == '\n') {
      cells->resize(count);
      return true;
    } else if (!rest_.empty() && rest_[0] != '\n') {  // a CR; pieces end with lines, so its LF is in the same one
      return absl::InvalidArgumentError("a CR without LF stands outside quotes");
    }
  }
}

absl::Status RestoreCsv(LinePieces* pieces, Restorer* restorer) {
  CsvRows rows(pieces);
  std::vector<std::string> cells;
  std::vector<int> columns;
  for (;;) {
    const auto more = rows.Next(&cells);
    if (absl::IsInvalidArgument(more.status()))
      return restorer->Error(rows.line(), "", "", std::string(more.status().message()));
    FC_RETURN_IF_ERROR(more.status());
    if (!*more) break;
    const uint64_t line = rows.line();
    // A spreadsheet that saved the table again has filled up short rows with empty cells.
    size_t used = cells.size();
    while (used > 0 && cells[used - 1].empty()) --used;
    const bool note = used == 1 && cells[0].starts_with("#{");
    if (!restorer->begun()) {
      if (!note)
        return restorer->Error(
            line, "", "",
            "the head is missing: the first row must be the cell #{\"fundcore_ofd\":1,…} that show writes");
      FC_RETURN_IF_ERROR(BeginFromJson(std::string_view(cells[0]).substr(1), line, restorer));
      continue;
    }
    if (note) {
      FC_RETURN_IF_ERROR(NoteFromJson(std::string_view(cells[0]).substr(1), line, restorer));
      continue;
    }
    if (columns.empty()) {
      FC_ASSIGN_OR_RETURN(columns, ReadHeadings(cells, line, *restorer));
      continue;
    }
    if (cells.size() != columns.size()) {
      return restorer->Error(
          line, "", "", StrCat("the row has ", cells.size(), " cells, but there are ", columns.size(), " headings"));
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      if (columns[i] < 0) continue;
      const auto column = static_cast<size_t>(columns[i]);
      if (std::string rule = restorer->Set(column, CellOf(cells[i])); !rule.empty()) {
        return restorer->Error(line, restorer->columns()[column].name, cells[i], std::move(rule));
      }
    }
    FC_RETURN_IF_ERROR(restorer->EndRecord(line));
  }
  if (!restorer->begun()) return restorer->Error(rows.line(), "", "", "the head is missing: the text is empty");
  if (columns.empty()) return restorer->Error(rows.line(), "", "", "the row of headings is missing");
  return restorer->Finish(rows.line());
}

}  // namespace fundcore::ofd_tools
