// Rules about the fields of one record, as lines of data (relations.cc, kRules):
//
//   types | business codes | when | what must hold | rule
//   03 33 | 022 039 023    |      | ApplicationAmount > 0                      | AMOUNT_NEEDED
//   05 35 |                |      | TotalFrozenVol + AvailableVol <= TotalVol… | HOLDING_SUM
//
// When: nothing, or conditions that must all be met: "ok" (return code 0000), "refused", "Field=x", "Field!=x",
// "Field>0". What must hold: "Field set", or a sum of fields compared (=, <=, >) with 0 or another sum of fields; two
// single dates are compared as dates. A line whose fields the file leaves out is skipped, except "set" lines of the
// rule FIELD_NEEDED, which are reported once as FIELD_MISSING. A handful of rules that are more than a comparison
// (price times units, parts of a dividend) are functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ofd/layout.h"
#include "common/ofd/record.h"
#include "common/ofd/variant.h"
#include "tools/ofd/lint/report.h"
#include "tools/ofd/lint/scan.h"

namespace fundcore::ofd_tools {

class Relations {
 public:
  // Reports essential fields that the file does not list. The arguments must outlive the object.
  Relations(const LintHead& head, const LintLayout& layout, const ofd::Variant& variant, Report* report);
  void Check(const ofd::RecordView& record);

  // The text of the rules, for the test that every line is understood. Empty where all are, else the first that is not.
  static std::string FirstUnreadableLine();

 private:
  struct When {
    enum class Kind : uint8_t { kOk, kRefused, kEqual, kNotEqual, kPositive } kind;
    ofd::Column column;
    std::string value;
  };
  struct Check1 {
    enum class Op : uint8_t { kSet, kPositive, kZero, kEqual, kAtMost } op;
    Rule rule;
    bool dates = false;
    std::vector<When> when;
    std::vector<ofd::Column> left, right;
    std::string right_text;
  };
  enum class Outcome : uint8_t { kUnknown, kOk, kOther, kRefused };

  std::span<const uint16_t> ChecksFor(int business);
  bool Applies(const Check1& check, const ofd::RecordView& record) const;
  void Run(const Check1& check, const ofd::RecordView& record);
  void CheckPrice(const ofd::RecordView& record, int business);
  void CheckDividend(const ofd::RecordView& record);
  // False where a field is blank or no number.
  bool Sum(std::span<const ofd::Column> columns, const ofd::RecordView& record, uint8_t decimals, __int128* sum) const;
  Place At(ofd::Column c, const ofd::RecordView& record) const;
  std::string BusinessText(const ofd::RecordView& record) const;

  const ofd::Layout& layout_;
  const std::vector<std::string_view>& chinese_;
  const ofd::Variant& variant_;
  Report* report_;
  std::string type_;
  std::vector<Check1> checks_;
  std::vector<std::vector<std::string_view>> businesses_;  // by check; empty = all
  std::array<std::vector<uint16_t>, 1001> by_business_;    // 1000: a code that is not three digits, or none
  std::array<bool, 1001> resolved_{};
  ofd::Column business_, return_code_, detail_, amount_, units_, nav_, dividend_, frozen_, frozen_units_, reinvested_;
  std::vector<ofd::Column> fees_;
  char last_code_[8] = {};
  Outcome outcome_ = Outcome::kUnknown;
};

// "1234.56" for 123456 with two decimals.
std::string DecimalText(__int128 scaled, unsigned decimals);

}  // namespace fundcore::ofd_tools
