// The walk through a file, and the two forms that lead back to it.
#include "tools/ofd/show/show.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/index_file.h"
#include "common/ofd/reader.h"
#include "common/ofd/text.h"
#include "tools/ofd/show/csv.h"
#include "tools/ofd/show/restore.h"

namespace fundcore::ofd_tools {
namespace {

constexpr size_t kFlushBytes = 1 << 20;

// Where the first `lines` lines of `text` end.
size_t EndOfLines(std::string_view text, uint64_t lines) {
  size_t at = 0;
  for (uint64_t i = 0; i < lines; ++i) {
    const size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  return at;
}

// Up to 40 lines of a head that could not be read.
std::vector<std::string> SomeLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < 40) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(ofd::Printable(ofd::CutSpaces(line), 120));
  }
  return lines;
}

// Records of one file to a shower, of the columns and numbers that were asked for.
class Walk {
 public:
  Walk(std::string_view name, const ShowOptions& options, Shower* shower) : options_(options), shower_(*shower) {
    file_.name = name;
  }

  absl::Status Begin(FileHead head, const ofd::Layout& layout) {
    file_.part = options_.PartText();
    file_.record_bytes = layout.record_bytes();
    Columns all = ColumnsOf(layout, head.header.version, head.header.type);
    for (const std::string& field : options_.fields) {
      const ofd::Column c = layout.Find(field);
      if (!c.present())
        return absl::NotFoundError(
            StrCat(file_.name, ": has no field \"", field, "\"; its fields are in the head that show prints"));
      file_.columns.push_back(all[c.index()]);
    }
    if (options_.fields.empty()) file_.columns = std::move(all);
    crlf_ = head.crlf;
    file_.head = std::move(head);
    cells_.resize(file_.columns.size());
    scratch_.resize(file_.columns.size());
    return shower_.Begin(file_);
  }

  absl::Status Record(const ofd::RecordView& record) {
    if (!Asked(++number_)) return absl::OkStatus();
    for (size_t i = 0; i < cells_.size(); ++i) cells_[i] = ReadCell(record, file_.columns[i], &scratch_[i]);
    return shower_.Record(number_, cells_);
  }

  // Before Record(): `after` is what follows the record.
  absl::Status LineEndOfNext(std::string_view after) {
    const bool crlf = after.starts_with('\r');
    if (crlf == crlf_ || after.empty()) return absl::OkStatus();
    crlf_ = crlf;
    return Asked(number_ + 1) ? shower_.LineEndChanges(crlf) : absl::OkStatus();
  }

  bool Enough() const { return number_ >= options_.last; }
  std::string PlainEnd() const { return StrCat(ofd::kTrailer, LineEnd(crlf_)); }
  const ShownFile& file() const { return file_; }

 private:
  bool Asked(uint64_t number) const { return number >= options_.first && number <= options_.last; }

  const ShowOptions& options_;
  Shower& shower_;
  ShownFile file_;
  std::vector<Cell> cells_;
  std::vector<std::string> scratch_;
  uint64_t number_ = 0;
  bool crlf_ = true;
};

absl::Status Damaged(const absl::Status& damage, std::string_view head, Shower* shower) {
  FC_RETURN_IF_ERROR(shower->Damage(std::string(damage.message()), SomeLines(head)));
  FC_RETURN_IF_ERROR(shower->Finish());
  return damage;
}

// Index files are small: read as a whole.
absl::Status ShowIndex(LinePieces* pieces, std::string bytes, std::string_view name, const ShowOptions& options,
                       Shower* shower) {
  for (;;) {
    FC_ASSIGN_OR_RETURN(const std::string_view piece, pieces->Next());
    if (piece.empty()) break;
    bytes += piece;
    if (bytes.size() > kMaxIndexBytes)
      return Damaged(
          absl::InvalidArgumentError(StrCat(name, ": is an index file of more than 64 MiB, the most handled")), bytes,
          shower);
  }
  // The form is looked at without the name, so that a renamed file is shown as well.
  const auto index = ofd::IndexFile::Parse("", bytes);
  const absl::Status named = ofd::IndexFile::Parse(name, bytes).status();
  if (!index.ok()) return Damaged(named.ok() ? index.status() : named, bytes, shower);

  FileHead head{.index = true, .records = index->names.size()};
  head.header = {
      .version = index->version, .creator = index->creator, .receiver = index->receiver, .date = index->date};
  NoteOddities(bytes, index->names, &head);
  const ofd::FieldOverride column{.name = std::string(kNameOfIndexColumn), .kind = ofd::FieldKind::kText, .width = 250};
  ofd::Layout layout((std::string(name)));
  const std::string wrong = layout.Add(index->version, {}, column.name, {&column, 1});
  FC_CHECK(wrong.empty(), wrong);
  Walk walk(name, options, shower);
  const std::string_view end = std::string_view(bytes).substr(EndOfLines(bytes, kIndexHeadLines + index->names.size()));
  const std::string plain_end = StrCat(ofd::kTrailer, LineEnd(head.crlf));
  FC_RETURN_IF_ERROR(walk.Begin(std::move(head), layout));
  for (const std::string& listed : index->names) {
    std::string record = listed;
    record.resize(layout.record_bytes(), ' ');
    FC_RETURN_IF_ERROR(walk.Record(ofd::RecordView(record, 0, &layout)));
  }
  if (end != plain_end) FC_RETURN_IF_ERROR(shower->End(end));
  return named.ok() ? shower->Finish() : Damaged(named, "", shower);
}

class JsonShower : public Shower {
 public:
  JsonShower(Sink* sink, const ShowOptions& options) : sink_(*sink), options_(options) {}

  absl::Status Begin(const ShownFile& file) override {
    file_ = &file;
    for (const ShownColumn& c : file.columns) {
      std::string key = keys_.empty() ? "{" : ",";
      AppendJson(c.name, &key);
      keys_.push_back(key + ":");
    }
    buffer_ = HeadJson(file.head, file.name, file.part) + "\n";
    return absl::OkStatus();
  }

  absl::Status Record(uint64_t, const std::vector<Cell>& cells) override {
    for (size_t i = 0; i < cells.size(); ++i) {
      buffer_ += keys_[i];
      Value(file_->columns[i], cells[i]);
    }
    buffer_ += "}\n";
    return buffer_.size() < kFlushBytes ? absl::OkStatus() : Flush();
  }

  absl::Status LineEndChanges(bool crlf) override {
    buffer_ += StrCat("{\"#line_end\":\"", crlf ? "CRLF" : "LF", "\"}\n");
    return absl::OkStatus();
  }

  absl::Status End(std::string_view bytes) override {
    buffer_ += "{\"#end\":";
    AppendJson(bytes, &buffer_);
    buffer_ += "}\n";
    return Flush();
  }

  absl::Status Damage(std::string_view message, const std::vector<std::string>& lines) override {
    buffer_ += "{\"#damaged\":";
    AppendJson(message, &buffer_);
    for (size_t i = 0; i < lines.size(); ++i) {
      buffer_ += i == 0 ? ",\"#head\":[" : ",";
      AppendJson(lines[i], &buffer_);
    }
    buffer_ += lines.empty() ? "}\n" : "]}\n";
    return absl::OkStatus();
  }

  absl::Status Finish() override { return Flush(); }

 private:
  void Value(const ShownColumn& c, const Cell& cell) {
    switch (cell.kind) {
      case Cell::Kind::kBlank: buffer_ += c.form == Form::kText ? "\"\"" : "null"; return;
      case Cell::Kind::kPlain: {
        const Meaning meaning = options_.meanings ? MeaningOf(c, cell.text, options_.variant) : Meaning{};
        if (!meaning.known()) return AppendJson(cell.text, &buffer_);
        buffer_ += "{\"code\":";
        AppendJson(cell.text, &buffer_);
        Part("chinese", meaning.chinese);
        Part("english", meaning.english);
        break;
      }
      case Cell::Kind::kText:
      case Cell::Kind::kHex:
        buffer_ += cell.kind == Cell::Kind::kHex ? "{\"hex\":" : "{\"text\":";
        AppendJson(cell.text, &buffer_);
        break;
    }
    buffer_ += '}';
  }
  void Part(std::string_view key, std::string_view text) {
    if (text.empty()) return;
    buffer_ += StrCat(",\"", key, "\":");
    AppendJson(text, &buffer_);
  }
  absl::Status Flush() {
    FC_RETURN_IF_ERROR(sink_.Write(buffer_));
    buffer_.clear();
    return absl::OkStatus();
  }

  Sink& sink_;
  const ShowOptions& options_;
  const ShownFile* file_ = nullptr;
  std::vector<std::string> keys_;
  std::string buffer_;
};

class CsvShower : public Shower {
 public:
  CsvShower(Sink* sink, const ShowOptions& options) : sink_(*sink), options_(options) {}

  absl::Status Begin(const ShownFile& file) override {
    file_ = &file;
    buffer_ = kByteOrderMark;  // without it, spreadsheets take the text for something else than UTF-8
    NoteRow(HeadJson(file.head, file.name, file.part));
    for (size_t i = 0; i < file.columns.size(); ++i) {
      if (i > 0) buffer_ += ',';
      AppendCsv(file.columns[i].name, &buffer_);
      if (WithMeaning(file.columns[i])) buffer_ += StrCat(",", file.columns[i].name, kMeaningSuffix);
    }
    buffer_ += "\r\n";
    return absl::OkStatus();
  }

  absl::Status Record(uint64_t, const std::vector<Cell>& cells) override {
    const size_t begin = buffer_.size();
    for (size_t i = 0; i < cells.size(); ++i) {
      const ShownColumn& c = file_->columns[i];
      if (i > 0) buffer_ += ',';
      AppendCsv(cells[i], c.form, &buffer_);
      if (!WithMeaning(c)) continue;
      buffer_ += ',';
      const Meaning meaning = MeaningOf(c, cells[i].text, options_.variant);
      AppendCsv(StrCat(meaning.chinese, meaning.chinese.empty() || meaning.english.empty() ? "" : " ", meaning.english),
                &buffer_);
    }
    // A row of one empty cell would be an empty line, which many programs skip.
    if (buffer_.size() == begin) buffer_ += "\"\"";
    buffer_ += "\r\n";
    return buffer_.size() < kFlushBytes ? absl::OkStatus() : Flush();
  }

  absl::Status LineEndChanges(bool crlf) override {
    NoteRow(StrCat("{\"#line_end\":\"", crlf ? "CRLF" : "LF", "\"}"));
    return absl::OkStatus();
  }
  absl::Status End(std::string_view bytes) override { return Note("#end", bytes); }
  absl::Status Damage(std::string_view message, const std::vector<std::string>&) override {
    return Note("#damaged", message);
  }
  absl::Status Finish() override { return Flush(); }

 private:
  bool WithMeaning(const ShownColumn& c) const { return options_.meanings && c.coding != Coding::kNone; }
  void NoteRow(std::string_view json) {
    AppendCsv(StrCat("#", json), &buffer_);
    buffer_ += "\r\n";
  }
  absl::Status Note(std::string_view key, std::string_view text) {
    std::string json = StrCat("{\"", key, "\":");
    AppendJson(text, &json);
    NoteRow(json + "}");
    return Flush();
  }
  absl::Status Flush() {
    FC_RETURN_IF_ERROR(sink_.Write(buffer_));
    buffer_.clear();
    return absl::OkStatus();
  }

  Sink& sink_;
  const ShowOptions& options_;
  const ShownFile* file_ = nullptr;
  std::string buffer_;
};

}  // namespace

std::string ShowOptions::PartText() const {
  std::string out;
  for (const std::string& field : fields) out += StrCat(out.empty() ? "fields " : ", ", field);
  if (first == 1 && last == UINT64_MAX) return out;
  out += StrCat(out.empty() ? "" : "; ", "records ", first, "-");
  return last == UINT64_MAX ? out : out + StrCat(last);
}

absl::Status ShowFile(LinePieces* pieces, std::string_view name, const ShowOptions& options, Shower* shower) {
  ofd::ReaderOptions reader_options = options.variant.reader_options();
  const ofd::ReaderOptions named_options = reader_options;
  // A file under a name that disagrees with its head is shown first, and complained of at the end.
  reader_options.check_name = false;
  ofd::Reader reader(name, reader_options);
  Walk walk(name, options, shower);
  absl::Status wrong_name;
  std::string head_bytes;
  bool begun = false, tail_shown = false;
  std::string tail;  // what follows the last record, as far as it may still be the usual trailer
  for (;;) {
    FC_ASSIGN_OR_RETURN(const std::string_view piece, pieces->Next());
    if (!begun && head_bytes.empty() &&
        ofd::CutSpaces(piece.substr(0, piece.find_first_of("\r\n"))) == ofd::kIndexMagic) {
      return ShowIndex(pieces, std::string(piece), name, options, shower);
    }
    if (piece.empty()) {
      reader.Finish();
    } else {
      reader.Feed(piece);
    }
    const char* after_last = piece.data();  // what in this piece belongs to neither head nor records
    if (!begun) {
      const size_t before = head_bytes.size();
      head_bytes += piece;
      if (!reader.status().ok() && !reader.header_complete()) return Damaged(reader.status(), head_bytes, shower);
      if (!reader.header_complete()) continue;
      begun = true;
      head_bytes.resize(EndOfLines(head_bytes, kDataHeadLines + reader.header().fields.size()));
      after_last += head_bytes.size() - before;
      FileHead head{.header = reader.header(),
                    .records = reader.record_count(),
                    .forms = FormsOf(reader.layout(), reader.header())};
      NoteOddities(head_bytes, {}, &head);
      FC_RETURN_IF_ERROR(walk.Begin(std::move(head), reader.layout()));
      ofd::Reader named(name, named_options);
      named.Feed(head_bytes);
      wrong_name = named.status();
    }
    const char* const piece_end = piece.data() + piece.size();
    for (ofd::RecordView record; reader.Next(&record);) {
      const char* const end = record.bytes().data() + record.bytes().size();
      // A record that is not in the piece is the last, unfinished line of a file that is cut short.
      if (std::less_equal<>()(piece.data(), end) && std::less_equal<>()(end, piece_end)) {
        const std::string_view after(end, static_cast<size_t>(piece_end - end));
        FC_RETURN_IF_ERROR(walk.LineEndOfNext(after));
        after_last = end + std::min(after.size(), LineEnd(after.starts_with('\r')).size());
      }
      FC_RETURN_IF_ERROR(walk.Record(record));
      if (walk.Enough() && options.last < reader.record_count())
        return wrong_name.ok() ? shower->Finish() : Damaged(wrong_name, "", shower);
    }
    if (!reader.status().ok()) return Damaged(reader.status(), "", shower);
    tail.append(after_last, static_cast<size_t>(piece_end - after_last));
    if (tail.size() > kFlushBytes) {  // the reader accepts any number of empty lines
      FC_RETURN_IF_ERROR(shower->End(tail));
      tail_shown = true;
      tail.clear();
    }
    if (piece.empty()) break;
  }
  FC_CHECK(reader.done(), "a file without an error that is not whole");
  if (tail_shown ? !tail.empty() : tail != walk.PlainEnd()) FC_RETURN_IF_ERROR(shower->End(tail));
  return wrong_name.ok() ? shower->Finish() : Damaged(wrong_name, "", shower);
}

std::unique_ptr<Shower> MakeJsonShower(Sink* sink, const ShowOptions& options) {
  return std::make_unique<JsonShower>(sink, options);
}
std::unique_ptr<Shower> MakeCsvShower(Sink* sink, const ShowOptions& options) {
  return std::make_unique<CsvShower>(sink, options);
}

}  // namespace fundcore::ofd_tools
