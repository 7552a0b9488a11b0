// The words of `fundctl ofd convert`, `diff`, `mask` and `explain`, and how their results are shown.
#include "tools/ofd/commands.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <CLI/CLI.hpp>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "tools/ofd/change/convert.h"
#include "tools/ofd/change/diff.h"
#include "tools/ofd/change/explain.h"
#include "tools/ofd/change/mask.h"
#include "tools/ofd/change/text.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd_tools {
namespace {

constexpr int kGood = 0, kWrongData = 1, kWrongUse = 2, kCannotRead = 3;

int Complain(const absl::Status& status, std::ostream& err) {
  err << "fundctl ofd: " << std::string(status.message()) << "\n";
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kResourceExhausted: return kCannotRead;
    default: return kWrongData;
  }
}

// Parses the words. kGood to go on; otherwise *code is what to end with.
bool Parsed(CLI::App* app, const Words& words, std::ostream& out, std::ostream& err, int* code) {
  std::vector<std::string> backwards(words.rbegin(), words.rend());  // as CLI11 takes them
  try {
    app->parse(backwards);
    return true;
  } catch (const CLI::ParseError& e) {
    *code = app->exit(e, out, err) == 0 ? kGood : kWrongUse;
    return false;
  }
}

absl::StatusOr<ofd::Variant> LoadVariant(const std::string& path) {
  if (path.empty()) return ofd::Variant();
  return ofd::Variant::Load(path);
}

// "Charge, Interest": the names that a list of words separated by commas gives, upper case.
std::set<std::string> UpperNames(const std::vector<std::string>& words) {
  std::set<std::string> names;
  for (const std::string& word : words) {
    for (std::string_view name : ofd::Split(word, ',')) {
      if (!name.empty()) names.insert(ofd::Upper(name));
    }
  }
  return names;
}

std::string GoneJson(const std::vector<GoneField>& fields) {
  std::string out;
  for (const GoneField& f : fields) {
    out += StrCat(out.empty() ? "" : ",", "{\"field\":", JsonText(f.name), ",\"chinese\":", JsonText(f.chinese),
                  ",\"records\":", f.records, "}");
  }
  return StrCat("[", out, "]");
}

void ShowConversion(const ConvertReport& r, const ConvertOptions& o, bool json, std::ostream& out) {
  if (json) {
    std::string list;
    for (const Misfit& m : r.misfits) {
      list += StrCat(list.empty() ? "\n" : ",\n", "{\"file\":", JsonText(m.error.file), ",\"line\":", m.error.line,
                     ",\"field\":", JsonText(m.error.field), ",\"chinese\":", JsonText(m.chinese), ",\"value\":",
                     JsonText(m.error.value), ",\"rule\":", JsonText(m.error.rule), "}");
    }
    out << "{\"file\":" << JsonText(o.file) << ",\"from\":\"" << ofd::VersionText(r.from) << "\",\"to\":\""
        << ofd::VersionText(o.to) << "\",\"records\":" << r.records << ",\"fits\":" << (r.fits() ? "true" : "false")
        << ",\"output\":" << (r.output.empty() ? "null" : JsonText(r.output)) << ",\"misfits\":" << r.misfit_count
        << ",\"listed\":[" << list << "],\"dropped\":" << GoneJson(r.dropped)
        << ",\"vanished\":" << GoneJson(r.vanished) << "}\n";
    return;
  }
  for (const Misfit& m : r.misfits) {
    out << m.error.ToString();
    if (!m.chinese.empty()) out << "  [" << m.chinese << "]";
    out << "\n";
  }
  if (r.misfit_count > r.misfits.size()) out << "… and " << r.misfit_count - r.misfits.size() << " more\n";
  for (const GoneField& f : r.dropped) {
    out << "dropped " << f.name << " " << f.chinese << ", which " << f.records << " records held\n";
  }
  if (!r.vanished.empty()) {
    out << r.vanished.size() << " fields that the target does not have were blank or zero in every record:";
    for (const GoneField& f : r.vanished) out << " " << f.name;
    out << "\n";
  }
  out << r.records << " records from version " << ofd::VersionText(r.from) << " to " << ofd::VersionText(o.to) << ": ";
  if (!r.fits()) {
    out << r.misfit_count << " values do not fit; nothing was written\n";
  } else if (r.output.empty()) {
    out << "all fits (give --output or --output-dir to write it)\n";
  } else {
    out << "written to " << r.output << "\n";
  }
}

}  // namespace

int Convert(const Words& words, std::ostream& out, std::ostream& err) {
  CLI::App app("A file in another version: by field name and value; what does not fit is listed and nothing written.",
               "fundctl ofd convert");
  ConvertOptions o;
  std::string to, from_variant, to_variant;
  std::vector<std::string> drop;
  bool json = false;
  app.add_option("FILE", o.file, "a data file or an index file")->required();
  app.add_option("--to", to, "20, 21 or 22")->required();
  auto* output = app.add_option("--output", o.output, "the new file");
  app.add_option("--output-dir", o.output_dir, "a folder; the file gets the standard's name")->excludes(output);
  app.add_option("--variant-from", from_variant, "what the sender does otherwise (docs/file-variants.md)");
  app.add_option("--variant-to", to_variant, "what the receiver wants otherwise");
  app.add_option("--drop", drop, "FIELD,…: give up these, which the target does not have");
  app.add_flag("--keep-fields", o.keep_fields, "the file's own fields in its order, not all of the target");
  app.add_flag("--force", o.replace, "replace an output that is there");
  app.add_flag("--json", json, "print JSON");
  int code = kGood;
  if (!Parsed(&app, words, out, err, &code)) return code;
  const auto version = ofd::ParseVersion(to);
  if (!version) {
    err << "fundctl ofd convert: --to=" << to << " is no version; give 20, 21 or 22\n";
    return kWrongUse;
  }
  o.to = *version;
  o.drop = UpperNames(drop);
  auto sender = LoadVariant(from_variant);
  if (!sender.ok()) return Complain(sender.status(), err);
  auto receiver = LoadVariant(to_variant);
  if (!receiver.ok()) return Complain(receiver.status(), err);
  o.from_variant = *std::move(sender);
  o.to_variant = *std::move(receiver);
  const auto report = ConvertFile(o);
  if (!report.ok()) return Complain(report.status(), err);
  ShowConversion(*report, o, json, out);
  return report->fits() ? kGood : kWrongData;
}

int Diff(const Words& words, std::ostream& out, std::ostream& err) {
  CLI::App app(
      "Two files compared by what they say: records by key, fields by value, whatever version and order.\n"
      "Exit 1 where they differ. Memory: 32 bytes a record of either file, up to 400 million in each.",
      "fundctl ofd diff");
  DiffOptions o;
  std::vector<std::string> key, ignore;
  std::string variant_a, variant_b;
  bool json = false, meanings = false;
  app.add_option("A", o.a, "a data file")->required();
  app.add_option("B", o.b, "another of the same type")->required();
  app.add_option("--key", key, "FIELD,…: what a record is known by, instead of the type's own key");
  app.add_option("--ignore", ignore, "FIELD,…: not compared");
  app.add_option("--variant-a", variant_a, "what the sender of A does otherwise (docs/file-variants.md)");
  app.add_option("--variant-b", variant_b, "what the sender of B does otherwise");
  app.add_flag("--strict", o.strict, "other versions and field lists differ, too; blank is not zero");
  app.add_flag("--meanings", meanings, "say what coded values mean");
  app.add_flag("--json", json, "print JSON");
  int code = kGood;
  if (!Parsed(&app, words, out, err, &code)) return code;
  for (const std::string& name : UpperNames(key)) o.key.push_back(name);
  o.ignore = UpperNames(ignore);
  auto a = LoadVariant(variant_a);
  if (!a.ok()) return Complain(a.status(), err);
  auto b = LoadVariant(variant_b);
  if (!b.ok()) return Complain(b.status(), err);
  o.variant_a = *std::move(a);
  o.variant_b = *std::move(b);
  DiffPrinter printer(out, json, meanings);
  const auto counts = DiffFiles(o, &printer);
  if (!counts.ok()) return Complain(counts.status(), err);
  printer.End(*counts);
  return counts->different() ? kWrongData : kGood;
}

int Mask(const Words& words, std::ostream& out, std::ostream& err) {
  CLI::App app(
      "Copies of files without the persons in them: pseudonyms of the same length and form, the same everywhere for the\n"
      "same person. The secret is random and forgotten unless a file is given; with one, further runs give the same.",
      "fundctl ofd mask");
  std::vector<std::string> files;
  std::string output_dir, secret_file, variant_file;
  bool replace = false, json = false;
  app.add_option("FILE", files, "data and index files")->required();
  app.add_option("--output-dir", output_dir, "where the copies go; made where it is missing")->required();
  app.add_option("--secret-file", secret_file, "at least 16 bytes; keep it like the data");
  app.add_option("--variant", variant_file, "what the sender does otherwise (docs/file-variants.md)");
  app.add_flag("--force", replace, "replace copies that are there");
  app.add_flag("--json", json, "print JSON");
  int code = kGood;
  if (!Parsed(&app, words, out, err, &code)) return code;
  std::map<std::string, std::string, std::less<>> names;
  for (const std::string& file : files) {
    const auto [at, fresh] = names.emplace(BaseName(file), file);
    if (fresh) continue;
    err << "fundctl ofd mask: " << at->second << " and " << file << " would get one name; mask them apart\n";
    return kWrongUse;
  }
  auto variant = LoadVariant(variant_file);
  if (!variant.ok()) return Complain(variant.status(), err);
  std::string secret = secret_file.empty() ? RandomSecret() : "";
  if (!secret_file.empty()) {
    auto read = ReadSecret(secret_file);
    if (!read.ok()) return Complain(read.status(), err);
    secret = *std::move(read);
  }
  auto masker = Masker::WithSecret(secret);
  if (!masker.ok()) return Complain(masker.status(), err);
  std::error_code failed;
  std::filesystem::create_directories(output_dir, failed);
  if (failed) {
    err << "fundctl ofd mask: " << output_dir << ": cannot be made: " << failed.message() << "\n";
    return kCannotRead;
  }
  for (const std::string& file : files) {
    const auto report = MaskFile(file, output_dir, &*masker, *variant, replace);
    if (!report.ok()) {
      // What would be written over its source is a wrong use, not wrong data.
      const int why = Complain(report.status(), err);
      return SameFile(file, JoinPath(output_dir, BaseName(file))) ? kWrongUse : why;
    }
    if (json) {
      out << "{\"file\":" << JsonText(file) << ",\"output\":" << JsonText(report->output)
          << ",\"records\":" << report->records << ",\"values\":" << report->values << "}\n";
    } else {
      out << report->output << ": " << report->records << " records, " << report->values << " values masked\n";
    }
  }
  return kGood;
}

int Explain(const Words& words, std::ostream& out, std::ostream& err) {
  CLI::App app(
      "What a file type, a field or a code means:\n"
      "  explain 03   explain 03 LargeRedemptionFlag   explain LargeRedemptionFlag   explain code 0354   "
      "explain business 022",
      "fundctl ofd explain");
  std::string what, which, version_text;
  bool json = false;
  app.add_option("TYPE", what, "a file type, a field, or \"code\" or \"business\"")->required();
  app.add_option("FIELD", which, "a field of the type, or the code");
  app.add_option("--version", version_text, "20, 21 or 22 alone");
  app.add_flag("--json", json, "print JSON");
  int code = kGood;
  if (!Parsed(&app, words, out, err, &code)) return code;
  std::optional<ofd::Version> version;
  if (!version_text.empty()) {
    version = ofd::ParseVersion(version_text);
    if (!version) {
      err << "fundctl ofd explain: --version=" << version_text << " is no version; give 20, 21 or 22\n";
      return kWrongUse;
    }
  }
  const bool about_code = what == "code" || what == "business";
  if (about_code && which.empty()) {
    err << "fundctl ofd explain " << what << ": name one, such as " << (what == "code" ? "0354" : "022") << "\n";
    return kWrongUse;
  }
  absl::StatusOr<std::string> text = absl::InternalError("");
  if (what == "code") {
    text = ExplainReturnCode(which, json);
  } else if (what == "business") {
    text = ExplainBusiness(which, json);
  } else if (!which.empty()) {
    text = ExplainField(what, which, version, json);
  } else {
    text = ExplainType(what, version, json);
    if (!text.ok() && what.size() > 2) text = ExplainAnywhere(what, json);
  }
  if (!text.ok()) {
    err << "fundctl ofd explain: " << std::string(text.status().message()) << "\n";
    return kWrongUse;
  }
  out << *text;
  return kGood;
}

}  // namespace fundcore::ofd_tools
