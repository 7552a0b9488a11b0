// Converting: a plan of columns, one pass that checks every value, one that writes.
#include "tools/ofd/change/convert.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/file_name.h"
#include "common/ofd/header.h"
#include "common/ofd/index_file.h"
#include "common/ofd/text.h"
#include "common/ofd/writer.h"
#include "tools/ofd/change/scan.h"
#include "tools/ofd/change/text.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd_tools {
namespace {

constexpr size_t kFlushBytes = 1 << 20;

// Fields whose nines say "no limit" rather than a number.
bool IsLimit(std::string_view name) {
  const std::string upper = ofd::Upper(name);
  for (std::string_view word : {"MAX", "UPPER", "LIMIT"}) {
    if (upper.find(word) != std::string::npos) return true;
  }
  return false;
}

struct Step {
  ofd::Column from, to;  // `to` not present: the target lacks the field
  std::string name, chinese;
  bool copy = false;      // the same bytes in both: a number of one form, where nothing can go wrong
  bool limit = false;
  uint64_t held = 0;      // records with something in a field that the target lacks
};

class Conversion {
 public:
  Conversion(const ConvertOptions& options, ConvertReport* report) : options_(options), report_(*report) {}

  absl::Status Run() {
    FC_ASSIGN_OR_RETURN(auto scan, RecordScan::Open(options_.file, options_.from_variant.reader_options()));
    const ofd::Header& head = scan->header();
    report_.from = head.version;
    new_head_ = head;
    new_head_.version = options_.to;
    new_head_.fields.clear();
    FC_RETURN_IF_ERROR(Plan(*scan));
    FC_RETURN_IF_ERROR(Check(scan.get()));
    FC_RETURN_IF_ERROR(Settle());
    if (!report_.fits() || output_.empty()) return absl::OkStatus();
    return Write();
  }

 private:
  // The target's fields, and how each of the file's gets there.
  absl::Status Plan(const RecordScan& scan) {
    const ofd::FileType type = scan.header().type;
    std::vector<std::string> wanted = options_.to_variant.FieldsFor(options_.to, type);
    if (wanted.empty()) {
      return absl::InvalidArgumentError(StrCat(BaseName(options_.file), ": version ", ofd::VersionText(options_.to),
                                               " does not have files of type ", type.view(),
                                               "; choose another version"));
    }
    const auto wants = [&](std::string_view name) {
      return std::any_of(wanted.begin(), wanted.end(),
                         [&](const std::string& w) { return ofd::EqualsIgnoreCase(w, name); });
    };
    if (options_.keep_fields) {
      std::vector<std::string> kept;
      for (const std::string& name : scan.header().fields) {
        if (wants(name)) kept.push_back(options_.to_variant.upper_case_names ? ofd::Upper(name) : name);
      }
      if (kept.empty()) {
        return absl::InvalidArgumentError(
            StrCat(BaseName(options_.file), ": the target has none of the file's fields; leave out --keep-fields"));
      }
      wanted = std::move(kept);
    }
    new_head_.fields = wanted;
    if (!options_.output_dir.empty()) {
      const ofd::FileName name{
          .creator = new_head_.creator, .receiver = new_head_.receiver, .date = new_head_.date, .type = type};
      output_ = JoinPath(options_.output_dir, name.Format());
    } else {
      output_ = options_.output;
    }
    if (SameFile(options_.file, output_)) {
      return absl::InvalidArgumentError(StrCat(output_, " is the file to be converted; give another name"));
    }
    for (size_t i = 0; i < scan.layout().field_count(); ++i) {
      Step step{.from = scan.layout().column(i), .name = scan.layout().name(i)};
      step.chinese = std::string(ChineseOf(scan.header().version, type, step.name));
      step.limit = IsLimit(step.name);
      steps_.push_back(std::move(step));
    }
    return absl::OkStatus();
  }

  // A writer for the target, and its columns in the plan. Misfits of the head are told at line 0.
  absl::Status Begin(ofd::Writer* writer, uint64_t records) {
    FC_RETURN_IF_ERROR(writer->Begin(new_head_, records));
    for (Step& step : steps_) {
      step.to = writer->Find(step.name);
      step.copy = step.to.kind() == ofd::FieldKind::kNumber && step.from.kind() == ofd::FieldKind::kNumber &&
                  step.from.width() == step.to.width() && step.from.decimals() == step.to.decimals();
    }
    return absl::OkStatus();
  }

  void Misfits(ofd::FieldError error, std::string_view chinese) {
    ++report_.misfit_count;
    if (report_.misfits.size() < ConvertReport::kMostMisfits) {
      report_.misfits.push_back({std::move(error), std::string(chinese)});
    }
  }

  // One value as the target has it. "" and `bytes` filled, or the rule that is broken.
  std::string Value(const ofd::RecordView& record, const Step& step, std::string* bytes) const {
    const std::string_view raw = record.Raw(step.from);
    const bool to_number = step.to.kind() == ofd::FieldKind::kNumber;
    if (step.from.kind() != ofd::FieldKind::kNumber && !to_number) {
      const std::string_view text = record.Text(step.from);
      for (char c : text) {
        if (static_cast<unsigned char>(c) < 0x20) return "holds a control character, which would break the record";
      }
      if (text.size() > step.to.width()) {
        return StrCat("has ", text.size(), " bytes and does not fit version ", ofd::VersionText(options_.to), " (",
                      ofd::DescribeForm(step.to), ")");
      }
      bytes->assign(text);
      bytes->append(step.to.width() - text.size(), ' ');
      return "";
    }
    if (int64_t value = 0; step.copy && record.ReadNumber(step.from, &value) == ofd::FieldState::kPresent) {
      bytes->assign(raw);
      return "";
    }
    Decimal number;
    switch (ParseDecimal(step.from.kind() == ofd::FieldKind::kNumber ? raw : record.Text(step.from),
                         step.from.decimals(), &number)) {
      case DecimalForm::kBlank: bytes->assign(step.to.width(), ' '); return "";
      case DecimalForm::kMalformed: return StrCat("is not a number (", ofd::DescribeForm(step.from), ")");
      case DecimalForm::kNumber: break;
    }
    if (step.copy) {
      bytes->assign(raw);
      return "";
    }
    if (to_number && step.limit && record.IsNoLimit(step.from)) {
      bytes->assign(step.to.width(), '9');
      return "";
    }
    const int decimals = to_number ? step.to.decimals() : step.from.decimals();
    if (!number.Format(step.to.width(), decimals, bytes)) {
      return StrCat("is ", number.ToString(), " and does not fit version ", ofd::VersionText(options_.to), " (",
                    ofd::DescribeForm(step.to), ")");
    }
    return "";
  }

  static bool Holds(const ofd::RecordView& record, ofd::Column c) {
    const char nothing = c.kind() == ofd::FieldKind::kNumber ? '0' : ' ';
    for (char ch : record.Raw(c)) {
      if (ch != nothing && ch != ' ') return true;
    }
    return false;
  }

  absl::Status Check(RecordScan* scan) {
    std::string head;
    ofd::Writer writer(BaseName(output_.empty() ? options_.file : output_), &head, options_.to_variant.writer_options());
    if (absl::Status begun = Begin(&writer, scan->reader().record_count()); !begun.ok()) {
      // The form of the head is the target's, so this is a misfit like another.
      Misfits({.file = std::string(BaseName(options_.file)),
               .field = "head",
               .rule = StrCat("does not fit version ", ofd::VersionText(options_.to), ": ",
                              std::string(begun.message()))},
              "文件头");
      return absl::OkStatus();
    }
    std::string bytes;
    for (Record r; scan->Next(&r);) {
      ++report_.records;
      for (Step& step : steps_) {
        if (!step.to.present()) {
          if (!Holds(r.view, step.from)) continue;
          ++step.held;
          if (!options_.drop.count(ofd::Upper(step.name))) {
            Misfits(r.view.Error(step.from, StrCat("would be lost: the target has no such field; ", "--drop=",
                                                   step.name, " gives it up")),
                    step.chinese);
          }
          continue;
        }
        std::string rule = Value(r.view, step, &bytes);
        if (!rule.empty()) Misfits(r.view.Error(step.from, std::move(rule)), step.chinese);
      }
    }
    return scan->status();
  }

  // What became of the fields that the target lacks.
  absl::Status Settle() {
    if (!report_.fits() && report_.records == 0) return absl::OkStatus();
    for (const std::string& name : options_.drop) {
      const bool lost = std::any_of(steps_.begin(), steps_.end(), [&](const Step& s) {
        return !s.to.present() && ofd::Upper(s.name) == name;
      });
      if (lost) continue;
      return absl::InvalidArgumentError(StrCat("--drop names ", name, ", which ", BaseName(options_.file),
                                               " does not have or the target has too; leave it out"));
    }
    for (const Step& step : steps_) {
      if (step.to.present()) continue;
      GoneField gone{step.name, step.chinese, step.held};
      if (step.held == 0) {
        report_.vanished.push_back(std::move(gone));
      } else if (options_.drop.count(ofd::Upper(step.name))) {
        report_.dropped.push_back(std::move(gone));
      }
    }
    return absl::OkStatus();
  }

  // Records go out as bytes of their own: the values were checked, and the writer takes numbers only up to 64 bits.
  absl::Status Write() {
    FC_ASSIGN_OR_RETURN(auto scan, RecordScan::Open(options_.file, options_.from_variant.reader_options()));
    FC_ASSIGN_OR_RETURN(auto file, NewFile::Create(output_, options_.replace));
    std::string out;
    const ofd::WriterOptions writing = options_.to_variant.writer_options();
    ofd::Writer writer(BaseName(output_), &out, writing);
    FC_RETURN_IF_ERROR(Begin(&writer, report_.records));
    // The writer ends a line in the target's way; the rest follows its example.
    const std::string_view line_end = out.size() > 1 && out[out.size() - 2] == '\r' ? "\r\n" : "\n";
    std::string empty(writer.layout().record_bytes(), ' '), record, bytes;
    for (size_t i = 0; i < writer.layout().field_count(); ++i) {
      const ofd::Column c = writer.layout().column(i);
      if (c.kind() == ofd::FieldKind::kNumber) empty.replace(c.offset(), c.width(), c.width(), '0');
    }
    uint64_t written = 0;
    for (Record r; scan->Next(&r);) {
      record = empty;
      for (const Step& step : steps_) {
        if (!step.to.present()) continue;
        const std::string rule = Value(r.view, step, &bytes);
        if (!rule.empty()) return Changed();
        record.replace(step.to.offset(), step.to.width(), bytes);
      }
      out += record;
      out += line_end;
      ++written;
      if (out.size() < kFlushBytes) continue;
      FC_RETURN_IF_ERROR(file->Write(out));
      out.clear();
    }
    FC_RETURN_IF_ERROR(scan->status());
    if (written != report_.records) return Changed();
    out += StrCat(ofd::kTrailer, line_end);
    FC_RETURN_IF_ERROR(file->Write(out));
    FC_RETURN_IF_ERROR(file->Commit());
    report_.output = output_;
    return absl::OkStatus();
  }

  absl::Status Changed() const {
    return absl::DataLossError(StrCat(options_.file, " changed while it was converted; try again"));
  }

  const ConvertOptions& options_;
  ConvertReport& report_;
  ofd::Header new_head_;
  std::string output_;
  std::vector<Step> steps_;
};

// Index files are small: a head and names.
absl::Status ConvertIndex(const ConvertOptions& options, std::string_view bytes, ConvertReport* report) {
  FC_ASSIGN_OR_RETURN(ofd::IndexFile index, ofd::IndexFile::Parse(BaseName(options.file), bytes));
  report->from = index.version;
  report->records = index.names.size();
  index.version = options.to;
  auto formatted = index.Format();
  if (!formatted.ok()) {
    report->misfit_count = 1;
    report->misfits.push_back({{.file = std::string(BaseName(options.file)),
                                .field = "head",
                                .rule = StrCat("does not fit version ", ofd::VersionText(options.to), ": ",
                                               std::string(formatted.status().message()))},
                               "文件头"});
    return absl::OkStatus();
  }
  std::string out = *std::move(formatted);
  if (options.to_variant.lf_line_ends) std::erase(out, '\r');
  const std::string output = options.output_dir.empty() ? options.output
                                                         : JoinPath(options.output_dir, BaseName(options.file));
  if (output.empty()) return absl::OkStatus();
  if (SameFile(options.file, output)) {
    return absl::InvalidArgumentError(StrCat(output, " is the file to be converted; give another name"));
  }
  FC_ASSIGN_OR_RETURN(auto file, NewFile::Create(output, options.replace));
  FC_RETURN_IF_ERROR(file->Write(out));
  FC_RETURN_IF_ERROR(file->Commit());
  report->output = output;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConvertReport> ConvertFile(const ConvertOptions& options) {
  ConvertReport report;
  if (options.file != "-") {
    FC_ASSIGN_OR_RETURN(FileSource source, FileSource::Open(options.file));
    FC_ASSIGN_OR_RETURN(const std::string_view piece, source.Next());
    if (piece.substr(0, ofd::kIndexMagic.size()) == ofd::kIndexMagic) {
      FC_RETURN_IF_ERROR(ConvertIndex(options, piece, &report));
      return report;
    }
  }
  FC_RETURN_IF_ERROR(Conversion(options, &report).Run());
  return report;
}

}  // namespace fundcore::ofd_tools
