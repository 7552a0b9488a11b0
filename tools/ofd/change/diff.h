// Two files compared by what they say: records by their key, fields by their value, whatever version, order, width and
// line ends they have.
//
//   DiffPrinter printer(std::cout, /*json=*/false, /*meanings=*/true);
//   FC_ASSIGN_OR_RETURN(DiffCounts counts, DiffFiles({.a = "ours_04.TXT", .b = "theirs_04.TXT"}, &printer));
//   printer.End(counts);
//   counts.different()
//
// Numbers are equal by value with their decimals, texts without trailing spaces, and a field that one file leaves out is
// equal to blank or zero in the other, as is a blank number to a zero (not so with `strict`). Records of one key are
// matched in the order in which they stand. Differences come in the order of A, then what only B has in its order.
//
// Memory: 32 bytes a record of either file (100 million records in each: 6.4 GB) and 16 bytes a difference; records
// themselves are read again from the files where their hashes differ. The limit is kMostRecords for each file.
// Equal records are taken for equal by 128 bits of hashes. One thread. The files must not change meanwhile.
#pragma once

#include <cstdint>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ofd/reader.h"
#include "common/ofd/variant.h"

namespace fundcore::ofd_tools {

struct DiffOptions {
  static constexpr uint64_t kMostRecords = 400'000'000;
  std::string a, b;
  std::vector<std::string> key;  // fields; empty: the type's own key, and all fields where it has none
  std::set<std::string> ignore;  // upper case
  bool strict = false;           // versions and field lists differ, too; a blank is no zero
  ofd::Variant variant_a, variant_b;
};

struct DiffCounts {
  uint64_t records_a = 0, records_b = 0;
  uint64_t only_a = 0, only_b = 0;
  uint64_t changed = 0;         // records
  uint64_t changed_fields = 0;  // in them
  uint64_t head = 0;            // items of the head that differ and count
  bool different() const { return only_a + only_b + changed + head > 0; }
};

struct DiffValue {
  std::string field, chinese;
  std::string a, b;  // readable; numbers with their point
  ofd::FileType type;
};

// Told what differs, in order: the files and their key, head, fields, records; nothing before both files were read.
class DiffSink {
 public:
  virtual ~DiffSink() = default;
  // `key` empty: records are known by all their fields.
  virtual void Begin(const std::string& a, const std::string& b, const std::vector<std::string>& key) = 0;
  // `counts` false: shown, but no difference by itself (the version).
  virtual void Head(std::string_view item, std::string_view a, std::string_view b, bool counts) = 0;
  // Fields that only one of the files lists.
  virtual void FieldLists(const std::vector<std::string>& only_a, const std::vector<std::string>& only_b,
                          bool counts) = 0;
  virtual void OnlyIn(char side, uint64_t line, const std::vector<DiffValue>& key) = 0;
  virtual void Changed(uint64_t line_a, uint64_t line_b, const std::vector<DiffValue>& key,
                       const std::vector<DiffValue>& fields) = 0;
};

// Errors: those of reading; kInvalidArgument where a file is wrong (located), the types differ, or a key field is not in
// both files; kResourceExhausted beyond kMostRecords.
absl::StatusOr<DiffCounts> DiffFiles(const DiffOptions& options, DiffSink* sink);

// Writes differences as text, or as one JSON object (End() closes it).
class DiffPrinter final : public DiffSink {
 public:
  DiffPrinter(std::ostream& out, bool json, bool meanings) : out_(out), json_(json), meanings_(meanings) {}
  void Begin(const std::string& a, const std::string& b, const std::vector<std::string>& key) override;
  void End(const DiffCounts& counts);
  void Head(std::string_view item, std::string_view a, std::string_view b, bool counts) override;
  void FieldLists(const std::vector<std::string>& only_a, const std::vector<std::string>& only_b,
                  bool counts) override;
  void OnlyIn(char side, uint64_t line, const std::vector<DiffValue>& key) override;
  void Changed(uint64_t line_a, uint64_t line_b, const std::vector<DiffValue>& key,
               const std::vector<DiffValue>& fields) override;

 private:
  void Item(std::string_view json);
  std::string Meaning(const DiffValue& field, const std::string& value) const;

  std::ostream& out_;
  const bool json_, meanings_;
  bool first_ = true;
};

}  // namespace fundcore::ofd_tools
