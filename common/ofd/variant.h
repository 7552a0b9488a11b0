// What one institution does otherwise than the standard says, as data: a small TOML text that its operator keeps.
//
//   auto variant = Variant::Parse("ta-98.toml", text);           // or Variant::Load(path)
//   Reader reader(name, variant->reader_options());
//   Writer writer(name, &out, variant->writer_options());
//   header.fields = variant->FieldsFor(Version::k21, FileType("03"));   // what it wants to be sent
//   variant->ReturnCodeMeaning("9001")                            // its own codes first, then the standard's
//
// A default-constructed Variant is the standard itself. Plain data: copy it, share it between threads once built.
// docs/file-variants.md is the page for people.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ofd/fields.h"
#include "common/ofd/reader.h"
#include "common/ofd/writer.h"

namespace fundcore::ofd {

// A finding of the linter: how bad it is to this institution. kOff = not reported.
enum class Severity : uint8_t { kOff, kNote, kWarning, kError };

struct ReturnCodeRule {
  std::string meaning;  // UTF-8, the institution's own text
  bool refusal = true;  // false: says how the item goes on, like 0000
};

// The longest text of a variant.
inline constexpr size_t kMaxVariantBytes = 64 * 1024;

struct Variant {
  std::string name;                      // of the institution or the habit; "" = the standard itself
  std::vector<FieldOverride> overrides;  // other widths or kinds, and added fields
  // Added fields by type, in the order in which they follow the standard's ("" = every type).
  std::map<std::string, std::vector<std::string>> added;
  // Fields left out, upper case, by type ("" = every type).
  std::map<std::string, std::set<std::string>> left_out;
  bool lf_line_ends = false;      // we write LF instead of CR LF to it; reading takes both in any case
  bool upper_case_names = false;  // field names are written in upper case
  // What the institution wants to know of plans (定投): nothing, so that a debit is an ordinary 022 or 024; that it is one (039,
  // 063); or the plans themselves, too (059, 060, 061).
  enum class Plans : uint8_t { kNothing, kDebits, kAll };
  Plans plans = Plans::kNothing;
  // An order for a later trading day of the fund: refused, kept here until then, or sent at once (021, 023, 025) for the
  // institution to keep.
  enum class Reservations : uint8_t { kRefused, kKept, kSent };
  Reservations reservations = Reservations::kRefused;
  // Its files C1 to C6 become terms of funds by themselves where two persons are not required; else proposals.
  bool products_at_once = false;
  std::map<std::string, ReturnCodeRule> return_codes;
  std::map<std::string, Severity> severities;  // by lint rule, "FIELD_NOT_DIGITS" …

  // kInvalidArgument naming line, key and value for what is unknown, out of range or contradicts itself, one line a
  // fault. What it accepts can be used: every field list that it makes is one that reader and writer take.
  static absl::StatusOr<Variant> Parse(std::string_view label, std::string_view toml);
  // Also kNotFound and kUnavailable, naming the path.
  static absl::StatusOr<Variant> Load(const std::string& path);
  // The file's text, not looked into, for those who send it on. kNotFound, kUnavailable, and kInvalidArgument where it
  // is longer than a variant may be.
  static absl::StatusOr<std::string> ReadText(const std::string& path);

  ReaderOptions reader_options() const;
  WriterOptions writer_options() const;
  // The field list that a writer gives in the head of a file of this type: the standard's without what is left out,
  // then what is added.
  std::vector<std::string> FieldsFor(Version version, const FileType& type) const;
  // "" where neither the institution nor the standard knows the code.
  std::string_view ReturnCodeMeaning(std::string_view code) const;
  bool IsRefusal(std::string_view return_code) const;
  // What the linter uses where it says `standard`.
  Severity SeverityOf(std::string_view rule, Severity standard) const;
};

}  // namespace fundcore::ofd
