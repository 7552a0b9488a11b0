// The words of `fundctl ofd show`, `from-json` and `from-csv`. The only place here that includes CLI11.
#include "tools/ofd/commands.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/header.h"
#include "tools/ofd/show/csv.h"
#include "tools/ofd/show/from_json.h"
#include "tools/ofd/show/show.h"
#include "tools/ofd/show/table.h"
#include "tools/ofd/show/workbook.h"

namespace fundcore::ofd_tools {
namespace {

constexpr int kGood = 0, kDataWrong = 1, kWrongUse = 2, kCannot = 3;

int Complain(const absl::Status& status, std::ostream& err) {
  if (status.ok()) return kGood;
  err << "fundctl: " << status.message() << "\n";
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition: return kDataWrong;
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kAlreadyExists: return kWrongUse;
    default: return kCannot;
  }
}

// -1 = go on; else the exit code.
int ParseWords(CLI::App& app, const Words& words, std::ostream& out, std::ostream& err) {
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them from the back
    return -1;
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    return kGood;
  } catch (const CLI::ParseError& e) {
    err << "fundctl: " << e.what() << "\nSee fundctl ofd " << app.get_name() << " --help\n";
    return kWrongUse;
  }
}

// "5", "5-9", "5-", "-9".
absl::Status ParseRecords(const std::string& text, ShowOptions* options) {
  const size_t dash = text.find('-');
  const std::string first = text.substr(0, dash);
  const std::string last = dash == std::string::npos ? first : text.substr(dash + 1);
  const bool good = (first.empty() || ofd::ParseCount(first, &options->first)) &&
                    (last.empty() || ofd::ParseCount(last, &options->last)) && text != "-" && !text.empty();
  if (good && options->first >= 1 && options->first <= options->last) return absl::OkStatus();
  return absl::OutOfRangeError(StrCat("--records=", text, " is not a range; write 5, 5-9, 5- or -9, counting from 1"));
}

size_t TerminalWidth(const std::ostream& out) {
  winsize size{};
  if (out.rdbuf() != std::cout.rdbuf() || ::isatty(STDOUT_FILENO) == 0 ||
      ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
    return 0;
  return size.ws_col;
}

absl::StatusOr<std::unique_ptr<Sink>> OpenSink(const std::string& path, bool force, std::ostream& out) {
  if (path.empty()) return Sink::ToStream(out);
  return Sink::ToFile(path, force);
}

// Runs `restore` from a file or standard input to a file or standard output.
int Restore(const char* name, const char* about, const Words& words, std::ostream& out, std::ostream& err,
            absl::Status (*restore)(LinePieces*, Restorer*)) {
  CLI::App app(about, name);
  std::string path = "-", output;
  bool force = false;
  app.add_option("FILE", path, "what show wrote; - or nothing = standard input");
  app.add_option("--output", output, "the file to write; it appears when it is whole (default: standard output)");
  app.add_flag("--force", force, "overwrite the output");
  if (const int code = ParseWords(app, words, out, err); code >= 0) return code;
  const auto run = [&]() -> absl::Status {
    FC_ASSIGN_OR_RETURN(LinePieces pieces, LinePieces::Open(path));
    FC_ASSIGN_OR_RETURN(std::unique_ptr<Sink> sink, OpenSink(output, force, out));
    Restorer restorer(path == "-" ? "standard input" : std::string(BaseName(path)),
                      output.empty() ? "output" : std::string(BaseName(output)), sink.get());
    FC_RETURN_IF_ERROR(restore(&pieces, &restorer));
    return sink->Commit();
  };
  return Complain(run(), err);
}

}  // namespace

int Show(const Words& words, std::ostream& out, std::ostream& err) {
  CLI::App app(
      "A file as a table, JSON Lines, CSV or a workbook. JSON and CSV lead back to the same bytes by from-json and "
      "from-csv.",
      "show");
  std::string path, xlsx, fields, records, variant, output;
  bool json = false, csv = false, force = false;
  ShowOptions options;
  TableStyle style{.width = TerminalWidth(out)};
  app.add_option("FILE", path, "a data or index file; - = standard input")->required();
  auto* as_json = app.add_flag("--json", json, "JSON Lines: the head, then an object a record");
  auto* as_csv = app.add_flag("--csv", csv, "CSV: the head in a cell, the headings, a row a record")->excludes(as_json);
  app.add_option("--xlsx", xlsx, "write a workbook of this name")->excludes(as_json)->excludes(as_csv);
  app.add_flag("--meanings", options.meanings, "say what coded values mean");
  app.add_option("--fields", fields, "only these, separated by commas");
  app.add_option("--records", records, "only these: 5, 5-9, 5- or -9. What follows the last is not read, nor checked");
  app.add_option("--variant", variant, "what the institution does otherwise (TOML)");
  app.add_option("--output", output, "write to this file instead of standard output");
  app.add_flag("--force", force, "overwrite the output");
  app.add_flag("--chinese", style.chinese, "table: the fields' Chinese names as well");
  app.add_option("--width", style.width, "table: places in a line, 0 = any number (default: the terminal's)");
  if (const int code = ParseWords(app, words, out, err); code >= 0) return code;

  const auto run = [&]() -> absl::Status {
    if (!records.empty()) FC_RETURN_IF_ERROR(ParseRecords(records, &options));
    if (!fields.empty()) {
      for (std::string_view field : ofd::Split(fields, ',')) options.fields.emplace_back(field);
    }
    if (!xlsx.empty() && !output.empty())
      return absl::OutOfRangeError("--xlsx names the output already; leave out --output");
    if (!variant.empty()) {
      FC_ASSIGN_OR_RETURN(options.variant, ofd::Variant::Load(variant));
    }
    FC_ASSIGN_OR_RETURN(LinePieces pieces, LinePieces::Open(path));
    std::unique_ptr<Sink> sink;
    std::unique_ptr<Shower> shower;
    if (!xlsx.empty()) {
      std::error_code unknown;
      const auto size = std::filesystem::file_size(path, unknown);
      FC_ASSIGN_OR_RETURN(
          shower, MakeWorkbookShower(xlsx, options, {.overwrite = force, .large = unknown || size > (256 << 20)}));
    } else {
      FC_ASSIGN_OR_RETURN(sink, OpenSink(output, force, out));
      shower = json  ? MakeJsonShower(sink.get(), options)
               : csv ? MakeCsvShower(sink.get(), options)
                     : MakeTableShower(sink.get(), options, style);
    }
    const std::string name = path == "-" ? "standard input" : std::string(BaseName(path));
    const absl::Status status = ShowFile(&pieces, name, options, shower.get());
    // Of a damaged file, what could be read is kept; of a failure to read or write nothing is.
    if (sink && (status.ok() || absl::IsInvalidArgument(status))) FC_RETURN_IF_ERROR(sink->Commit());
    return status;
  };
  const absl::Status status = run();
  // A field that the file does not have is asked for wrongly; a file that is not there cannot be read.
  if (absl::IsNotFound(status) && !options.fields.empty() && std::filesystem::exists(path)) {
    err << "fundctl: " << status.message() << "\n";
    return kWrongUse;
  }
  return Complain(status, err);
}

int FromJson(const Words& words, std::ostream& out, std::ostream& err) {
  return Restore("from-json", "The file again from what show --json wrote, to the same bytes.", words, out, err,
                 &RestoreJson);
}

int FromCsv(const Words& words, std::ostream& out, std::ostream& err) {
  return Restore("from-csv", "The file again from what show --csv wrote, to the same bytes.", words, out, err,
                 &RestoreCsv);
}

}  // namespace fundcore::ofd_tools
