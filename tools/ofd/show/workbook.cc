// Rows to sheets by libxlsxwriter, which keeps one row in memory.
#include "tools/ofd/show/workbook.h"

#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/values.h"

namespace fundcore::ofd_tools {
namespace {

constexpr size_t kMostDigits = 15;        // that a spreadsheet's numbers keep
constexpr size_t kMostCellText = 32'000;  // Excel's limit is 32,767 characters

class WorkbookShower : public Shower {
 public:
  WorkbookShower(const std::string& path, const ShowOptions& options, const WorkbookOptions& book)
      : path_(path), temporary_(TemporaryName(path)), options_(options), settings_(book) {
    folder_ = std::filesystem::path(path).parent_path().string();
    if (folder_.empty()) folder_ = ".";
  }
  ~WorkbookShower() override {
    if (book_) lxw_workbook_free(book_);
    if (!committed_) ::unlink(temporary_.c_str());
  }

  absl::Status Begin(const ShownFile& file) override {
    file_ = &file;
    lxw_workbook_options options{
        .constant_memory = LXW_TRUE, .tmpdir = folder_.data(), .use_zip64 = settings_.large ? LXW_TRUE : LXW_FALSE};
    book_ = workbook_new_opt(temporary_.c_str(), &options);
    if (!book_) return absl::ResourceExhaustedError(StrCat(path_, ": no memory for a workbook"));
    bold_ = workbook_add_format(book_);
    format_set_bold(bold_);
    date_ = workbook_add_format(book_);
    format_set_num_format(date_, "yyyy-mm-dd");
    FC_RETURN_IF_ERROR(AddRecords());
    head_ = workbook_add_worksheet(book_, "Head");
    if (!head_) return CannotWrite(LXW_ERROR_CREATING_TMPFILE);
    WriteHead();
    return absl::OkStatus();
  }

  absl::Status Record(uint64_t, const std::vector<Cell>& cells) override {
    if (row_ == settings_.rows_in_sheet) FC_RETURN_IF_ERROR(AddRecords());
    lxw_col_t at = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      const ShownColumn& c = file_->columns[i];
      Write(c, cells[i], at++);
      if (!WithMeaning(c)) continue;
      const Meaning m = MeaningOf(c, cells[i].text, options_.variant);
      if (m.known())
        Text(sheet_, row_, at, StrCat(m.chinese, m.chinese.empty() || m.english.empty() ? "" : " ", m.english));
      ++at;
    }
    ++row_;
    return absl::OkStatus();
  }

  absl::Status LineEndChanges(bool) override {
    if (!std::exchange(mixed_ends_, true)) HeadRow({"line ends", "CR LF and LF by turns"});
    return absl::OkStatus();
  }
  absl::Status End(std::string_view) override {
    if (!std::exchange(odd_end_, true)) HeadRow({"end", "not the usual trailer line"});
    return absl::OkStatus();
  }
  absl::Status Damage(std::string_view message, const std::vector<std::string>&) override {
    if (book_) HeadRow({"damaged", message});
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (!book_) return absl::OkStatus();  // of a file without a readable head there is nothing to write
    if (const lxw_error wrong = workbook_close(std::exchange(book_, nullptr)); wrong != LXW_NO_ERROR)
      return CannotWrite(wrong);
    FC_RETURN_IF_ERROR(Publish(temporary_, path_, settings_.overwrite));
    committed_ = true;
    return absl::OkStatus();
  }

 private:
  absl::Status CannotWrite(lxw_error wrong) const {
    return absl::UnavailableError(StrCat(path_, ": cannot be written: ", lxw_strerror(wrong)));
  }
  bool WithMeaning(const ShownColumn& c) const { return options_.meanings && c.coding != Coding::kNone; }

  // Two code points are characters of GB18030, but may not stand in XML.
  static void Text(lxw_worksheet* sheet, lxw_row_t row, lxw_col_t column, std::string text,
                   lxw_format* format = nullptr) {
    for (const char* noncharacter : {"\xef\xbf\xbe", "\xef\xbf\xbf"}) {
      for (size_t at; (at = text.find(noncharacter)) != std::string::npos;) text.replace(at, 3, "\xef\xbf\xbd");
    }
    worksheet_write_string(sheet, row, column, text.c_str(), format);
  }

  absl::Status AddRecords() {
    const std::string name = ++sheets_ == 1 ? "Records" : StrCat("Records ", sheets_);
    sheet_ = workbook_add_worksheet(book_, name.c_str());
    if (!sheet_) return CannotWrite(LXW_ERROR_CREATING_TMPFILE);
    worksheet_freeze_panes(sheet_, 1, 0);
    lxw_col_t at = 0;
    for (const ShownColumn& c : file_->columns) {
      const double places =
          static_cast<double>(std::clamp<size_t>(std::max<size_t>(c.name.size(), c.column.width()), 6, 40)) + 1;
      worksheet_set_column(sheet_, at, at, places, nullptr);
      Text(sheet_, 0, at++, c.name, bold_);
      if (!WithMeaning(c)) continue;
      worksheet_set_column(sheet_, at, at, 24, nullptr);
      Text(sheet_, 0, at++, StrCat(c.name, " 含义"), bold_);
    }
    row_ = 1;
    return absl::OkStatus();
  }

  void Write(const ShownColumn& c, const Cell& cell, lxw_col_t at) {
    switch (cell.kind) {
      case Cell::Kind::kBlank: return;
      case Cell::Kind::kHex: return Text(sheet_, row_, at, StrCat("hex:", cell.text));
      case Cell::Kind::kText: return Text(sheet_, row_, at, std::string(cell.text));
      case Cell::Kind::kPlain: break;
    }
    if (c.form == Form::kNumber && WriteNumber(c, cell.text, at)) return;
    if (c.form == Form::kDate && WriteDate(cell.text, at)) return;
    Text(sheet_, row_, at, std::string(cell.text));
  }

  // False where a spreadsheet's number would not hold every digit.
  bool WriteNumber(const ShownColumn& c, std::string_view text, lxw_col_t at) {
    const size_t first = std::min(text.find_first_not_of("-0."), text.size());
    if (std::count_if(text.begin() + static_cast<std::ptrdiff_t>(first), text.end(), [](char d) { return d != '.'; }) >
        static_cast<std::ptrdiff_t>(kMostDigits))
      return false;
    double value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return false;
    worksheet_write_number(sheet_, row_, at, value, NumberFormat(c.column.decimals()));
    return true;
  }

  // "2017-04-27". False before 1900-03-01, since when Excel counts days as everyone does.
  bool WriteDate(std::string_view text, lxw_col_t at) {
    if (text < "1900-03-01") return false;
    lxw_datetime date{};
    std::from_chars(text.data(), text.data() + 4, date.year);
    std::from_chars(text.data() + 5, text.data() + 7, date.month);
    std::from_chars(text.data() + 8, text.data() + 10, date.day);
    worksheet_write_datetime(sheet_, row_, at, &date, date_);
    return true;
  }

  lxw_format* NumberFormat(size_t decimals) {
    lxw_format*& format = numbers_.at(decimals);
    if (!format) {
      format = workbook_add_format(book_);
      format_set_num_format(format, decimals == 0 ? "0" : StrCat("0.", std::string(decimals, '0')).c_str());
    }
    return format;
  }

  void HeadRow(std::initializer_list<std::string_view> texts, lxw_format* format = nullptr) {
    lxw_col_t at = 0;
    for (std::string_view text : texts) Text(head_, head_row_, at++, std::string(text), format);
    ++head_row_;
  }

  void WriteHead() {
    const FileHead& head = file_->head;
    const ofd::Header& h = head.header;
    constexpr double kWidths[] = {32, 36, 12, 90};
    for (lxw_col_t i = 0; i < 4; ++i) worksheet_set_column(head_, i, i, kWidths[i], nullptr);
    HeadRow({"file", file_->name});
    if (!file_->part.empty()) HeadRow({"part", file_->part});
    HeadRow({"version", ofd::VersionText(h.version)});
    HeadRow({"creator", h.creator.view()});
    HeadRow({"receiver", h.receiver.view()});
    HeadRow({"date", h.date.Iso()});
    if (head.index) return HeadRow({"names", StrCat(head.records)});
    HeadRow({"transfer number", StrCat(h.transfer_no.raw())});
    HeadRow({"type", StrCat(h.type.view(), " ", ofd::TypeNameChinese(h.type), " ", ofd::TypeNameEnglish(h.type))});
    HeadRow({"sender", h.sender.view()});
    HeadRow({"recipient", h.recipient.view()});
    HeadRow({"records", StrCat(head.records)});
    ++head_row_;
    HeadRow({"field", "中文名", "form", "values"}, bold_);
    for (const ShownColumn& c : file_->columns) {
      const ofd::FieldOverride form{
          .kind = c.column.kind(), .width = c.column.width(), .decimals = c.column.decimals()};
      HeadRow({c.name, c.chinese, FormText(form), ValuesText(c)});
    }
    ++head_row_;
  }

  static std::string ValuesText(const ShownColumn& c) {
    std::string out;
    if (!c.values) return out;
    for (const ofd::ValueMeaning& v : c.values->values) {
      std::string value =
          StrCat(out.empty() ? "" : "; ", v.code, " ", v.chinese, v.english.empty() ? "" : " ", v.english);
      if (out.size() + value.size() > kMostCellText) return out + "; …";
      out += value;
    }
    return out;
  }

  const std::string path_, temporary_;
  std::string folder_;
  const ShowOptions& options_;
  const WorkbookOptions settings_;
  const ShownFile* file_ = nullptr;
  lxw_workbook* book_ = nullptr;
  lxw_worksheet *sheet_ = nullptr, *head_ = nullptr;
  lxw_format *bold_ = nullptr, *date_ = nullptr;
  std::array<lxw_format*, 19> numbers_{};  // by decimals
  lxw_row_t row_ = 0, head_row_ = 0;
  int sheets_ = 0;
  bool mixed_ends_ = false, odd_end_ = false, committed_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Shower>> MakeWorkbookShower(const std::string& path, const ShowOptions& options,
                                                           const WorkbookOptions& book) {
  FC_RETURN_IF_ERROR(CheckFree(path, book.overwrite));
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (::access(folder.empty() ? "." : folder.c_str(), W_OK) != 0)
    return absl::UnavailableError(StrCat(path, ": its folder cannot be written"));
  return std::make_unique<WorkbookShower>(path, options, book);
}

}  // namespace fundcore::ofd_tools
