// Checks every field of every record: bytes, numbers, dates, times, codes, certificates. And, through Relations, the
// fields of one record against each other.
//
//   RecordChecker checker(head, layout, variant, &report);
//   for each record of the right length:  checker.Check(bytes, line);
//
// A record whose bytes are all as they should be costs one pass of 16-byte comparisons; only columns that overlap a
// surprising byte are looked at singly. What a note says about a column is told once a file, at the first record that
// has it. One thread at a time; `layout` and `report` must outlive the checker.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/ofd/layout.h"
#include "common/ofd/record.h"
#include "common/ofd/values.h"
#include "common/ofd/variant.h"
#include "tools/ofd/lint/relations.h"
#include "tools/ofd/lint/report.h"
#include "tools/ofd/lint/scan.h"

namespace fundcore::ofd_tools {

class RecordChecker {
 public:
  RecordChecker(const LintHead& head, const LintLayout& layout, const ofd::Variant& variant, Report* report);
  // `bytes` has the layout's length.
  void Check(std::string_view bytes, uint64_t line);

 private:
  using Chunk __attribute__((vector_size(16))) = unsigned char;
  enum class Kind : uint8_t { kDate, kTime, kOneByteCode, kCode, kBusiness, kReturnCode };
  struct Special {
    ofd::Column column;
    Kind kind;
    const ofd::ValueList* values = nullptr;
    std::string good = {};               // the value last found right
    std::array<bool, 256> allowed = {};  // kOneByteCode
  };

  void CheckBytes(std::string_view bytes, uint64_t line);
  void CheckColumn(size_t index, const ofd::RecordView& record);
  void CheckNumber(size_t index, const ofd::RecordView& record);
  void CheckText(size_t index, const ofd::RecordView& record);
  void CheckSpecial(Special* s, const ofd::RecordView& record);
  void CheckCertificate(const ofd::RecordView& record);
  Place At(ofd::Column c, const ofd::RecordView& record) const;
  // True the first time that this column has this value.
  bool FirstTime(ofd::Column c, std::string_view value);

  const LintHead& head_;
  const ofd::Layout& layout_;
  const std::vector<std::string_view>& chinese_;
  const ofd::Variant& variant_;
  Report* report_;
  Relations relations_;
  std::vector<unsigned char> low_, high_;  // the expected bytes of each position, padded to chunks
  std::vector<uint16_t> first_column_;     // that overlaps a chunk
  std::vector<bool> blank_told_, negative_told_, left_told_, core_number_;
  std::vector<std::string> good_text_;  // by column: bytes that were valid GB18030
  std::vector<ofd::Column> texts_;
  std::vector<Special> special_;
  std::set<std::pair<uint16_t, std::string>> told_;
  ofd::Column certificate_, certificate_type_, individual_, birthday_;
  uint64_t records_ = 0;
};

}  // namespace fundcore::ofd_tools
