// What the linter has to say: rules, findings, and their counting and printing.
//
//   Report report(out, {.json = true, .max_findings = 1000, .variant = &variant});
//   report.BeginFile("in/OFD_11_301_20250304_04.TXT");
//   if (report.Take(Rule::kRecordLength))
//     report.Show(Rule::kRecordLength, {.line = 12}, "the record has 1,203 bytes, the fields make 1,204");
//   report.EndFile();
//   report.Summary(files, records);
//   return report.fails(strict) ? 1 : 0;
//
// Take() counts a finding and says whether it is to be shown, so that a file with a fault in every record costs no text
// beyond the limit. What is not shown is said aloud by EndFile().
// Threads: one. Memory: the counts only.
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "common/ofd/variant.h"

namespace fundcore::ofd_tools {

using ofd::Severity;

// In the order of docs/file-lint.md. The names and remedies are in report.cc.
enum class Rule : uint8_t {
  // The file as a whole.
  kNotDataFile,
  kHeadItem,
  kHeadCutShort,
  kHeadWidth,
  kNameForm,
  kNameDisagrees,
  kFieldCount,
  kFieldName,
  kFieldTwice,
  kFieldUnknown,
  kFieldWidthUnknown,
  kFieldMissing,
  kRecordCount,
  kRecordLength,
  kTrailerMissing,
  kAfterTrailer,
  kLineEndsLf,
  kLineEndsMixed,
  kLastLineOpen,
  // One field of one record.
  kFieldNeeded,
  kFieldNotDigits,
  kNumberBlank,
  kNumberNegative,
  kTextNotGb18030,
  kTextControl,
  kTextNotLeft,
  kDateNotReal,
  kTimeNotReal,
  kValueWrong,
  kValueUnlisted,
  kBusinessUnknown,
  kBusinessDirection,
  kReturnCodeUnknown,
  kIdCheckDigit,
  kBirthdayDiffers,
  // Fields of one record against each other.
  kAmountNeeded,
  kUnitsNeeded,
  kAmountAndUnits,
  kBusinessField,
  kConfirmedNothing,
  kConfirmedTooMuch,
  kRefusedButConfirmed,
  kPriceMissing,
  kAmountNotUnitsTimesNav,
  kDividendSum,
  kDateOrder,
  kLimitOrder,
  kHoldingSum,
  kCountSum,
  // Records against each other.
  kDuplicateRecord,
  kDuplicateKey,
  // Files against each other.
  kDuplicateFile,
  kIndexWrong,
  kIndexFileAbsent,
  kIndexOtherDay,
  kFileNotListed,
  kCashTotalDiffers,
  kSummaryDiffers,
  kOrderUnanswered,
  kOrderUnknown,
  kNotLookedAt,
};
inline constexpr size_t kRules = static_cast<size_t>(Rule::kNotLookedAt) + 1;

struct RuleInfo {
  Rule rule;
  std::string_view name;  // "RECORD_LENGTH": stands in findings, and under [lint] in a variant
  Severity usual;
  std::string_view remedy;  // what to do, as a clause that can follow a semicolon
};
const RuleInfo& InfoOf(Rule rule);
std::span<const RuleInfo> AllRules();
std::string_view SeverityText(Severity severity);

struct Place {
  uint64_t line = 0;    // from 1; 0 = the whole file
  uint64_t column = 0;  // byte, from 1; 0 = the whole line
  std::string_view field;
  std::string_view chinese;
  std::string value;  // readable, UTF-8
};

struct ReportOptions {
  bool json = false;
  uint64_t max_findings = 1000;           // shown, a file; of those at most half are warnings and a quarter notes
  const ofd::Variant* variant = nullptr;  // must outlive the report; null = the standard
};

class Report {
 public:
  Report(std::ostream& out, ReportOptions options);

  // `label` stands before the findings until the next call.
  void BeginFile(std::string label);
  // Says how many findings of the file were counted without being shown.
  void EndFile();

  bool Wants(Rule rule) const { return severity_[Index(rule)] != Severity::kOff; }
  // Counts a finding. True: it is to be shown.
  bool Take(Rule rule);
  // Counts findings that are not shown one by one.
  void Count(Rule rule, uint64_t count);
  // `remedy` empty = the rule's own.
  void Show(Rule rule, const Place& place, std::string_view message, std::string_view remedy = {});
  // Take and Show in one, for findings that come once a file.
  void Add(Rule rule, const Place& place, std::string_view message, std::string_view remedy = {}) {
    if (Take(rule)) Show(rule, place, message, remedy);
  }
  void Summary(uint64_t files, uint64_t records, uint64_t passed_over);

  uint64_t count(Severity s) const { return by_severity_[static_cast<size_t>(s)]; }
  uint64_t count(Rule rule) const { return by_rule_[Index(rule)]; }
  bool fails(bool strict) const {
    return count(Severity::kError) + count(Severity::kWarning) + (strict ? count(Severity::kNote) : 0) > 0;
  }

 private:
  static size_t Index(Rule rule) { return static_cast<size_t>(rule); }
  std::ostream& out_;
  ReportOptions options_;
  std::string file_;
  std::array<Severity, kRules> severity_;
  std::array<uint64_t, kRules> by_rule_{};
  std::array<uint64_t, 4> by_severity_{};
  std::array<uint64_t, 4> shown_{};  // of the present file
  std::array<uint64_t, 4> hidden_{};
  uint64_t hidden_total_ = 0;
};

// The text between the quotes of a JSON string; bytes that are no UTF-8 become U+FFFD.
std::string JsonEscape(std::string_view text);

}  // namespace fundcore::ofd_tools
