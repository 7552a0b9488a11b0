// `fundctl ofd lint`: its words, the walk over folders, and the exit code.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/text.h"
#include "common/ofd/variant.h"
#include "tools/ofd/commands.h"
#include "tools/ofd/lint/folder.h"
#include "tools/ofd/lint/lint_file.h"
#include "tools/ofd/lint/report.h"

namespace fundcore::ofd_tools {
namespace {

namespace fs = std::filesystem;

constexpr int kGood = 0, kWrongFiles = 1, kWrongUse = 2, kCannotRead = 3;

// OFx_….TXT, in any case.
bool HasStandardName(std::string_view name) {
  return name.size() > 7 && ofd::EqualsIgnoreCase(name.substr(0, 2), "OF") && ofd::IsLetter(name[2]) &&
         name[3] == '_' && ofd::EqualsIgnoreCase(name.substr(name.size() - 4), ".TXT");
}

// The files below a folder, in the order of their names; links are not followed, so that a walk always ends.
bool Walk(const std::string& folder, std::vector<std::string>* files, uint64_t* passed_over, std::ostream& err) {
  std::error_code error;
  std::vector<std::string> found;
  for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::recursive_directory_iterator();
       it.increment(error)) {
    std::error_code kind_error;
    if (!it->is_regular_file(kind_error)) continue;
    if (HasStandardName(BaseName(it->path().native()))) {
      found.push_back(it->path().native());
    } else {
      ++*passed_over;
    }
  }
  std::sort(found.begin(), found.end());
  files->insert(files->end(), found.begin(), found.end());
  if (!error) return true;
  err << "fundctl ofd lint: " << folder << ": cannot be walked to its end: " << error.message() << "\n";
  return false;
}

std::string_view Text(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

void ListRules(std::ostream& out) {
  for (const RuleInfo& info : AllRules()) {
    out << absl::StrFormat("%-27s %-8s %s\n", std::string(info.name), std::string(SeverityText(info.usual)),
                           std::string(info.remedy));
  }
}

}  // namespace

int Lint(const Words& words, std::ostream& out, std::ostream& err) {
  CLI::App app("Says what is wrong in files of the standard, or in folders of them.", "fundctl ofd lint");
  std::vector<std::string> paths;
  std::string variant_path;
  bool json = false, strict = false, rules = false;
  uint64_t most = 1000;
  app.add_option("FILE|DIR", paths, "Files, and folders of files; - is standard input");
  app.add_flag("--json", json, "One JSON object a line");
  app.add_flag("--strict", strict, "Notes fail, too");
  app.add_flag("--rules", rules, "List the rules with their usual severity and remedy");
  app.add_option("--variant", variant_path, "What an institution does otherwise, and other severities (TOML)");
  app.add_option("--max-findings", most, "Findings shown for each file; the rest is counted")->capture_default_str();
  Words reversed(words.rbegin(), words.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    return kGood;
  } catch (const CLI::ParseError& e) {
    err << "fundctl ofd lint: " << e.what() << "; fundctl ofd lint --help says how\n";
    return kWrongUse;
  }
  if (rules) {
    ListRules(out);
    return kGood;
  }
  if (paths.empty()) {
    err << "fundctl ofd lint: no file or folder is named; fundctl ofd lint --help says how\n";
    return kWrongUse;
  }
  ofd::Variant variant;
  if (!variant_path.empty()) {
    auto loaded = ofd::Variant::Load(variant_path);
    if (!loaded.ok()) {
      err << "fundctl ofd lint: " << Text(loaded.status()) << "\n";
      return absl::IsInvalidArgument(loaded.status()) ? kWrongUse : kCannotRead;
    }
    variant = *std::move(loaded);
  }

  std::vector<std::string> files;
  uint64_t passed_over = 0;
  bool unreadable = false;
  for (std::string path : paths) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    std::error_code error;
    if (path != "-" && fs::is_directory(path, error)) {
      unreadable = !Walk(path, &files, &passed_over, err) || unreadable;
    } else {
      files.push_back(std::move(path));
    }
  }
  // A file that is named twice, or by itself and in its folder, is one file.
  std::vector<std::string> once;
  std::set<std::string> named;
  for (const std::string& file : files) {
    if (named.insert(fs::path(file).lexically_normal().native()).second) once.push_back(file);
  }

  Report report(out, {.json = json, .max_findings = most, .variant = &variant});
  FolderCheck folder(&report, once.size() > 1);
  uint64_t records = 0, read = 0;
  for (const std::string& file : once) {
    folder.AddPresent(file);
    const auto count = LintFile(file, variant, &report, &folder);
    if (!count.ok()) {
      err << "fundctl ofd lint: " << Text(count.status()) << "\n";
      unreadable = true;
      continue;
    }
    records += *count;
    ++read;
  }
  folder.Finish();
  report.Summary(read, records, passed_over);
  if (unreadable) return kCannotRead;
  return report.fails(strict) ? kWrongFiles : kGood;
}

}  // namespace fundcore::ofd_tools
