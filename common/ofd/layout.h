// Where each field stands in the records of one file: the file's own field list, with widths from the table or an
// override.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ofd/fields.h"

namespace fundcore::ofd {

// A field of one file, found once by name and then used for every record. A small value; copy it freely.
//
// A field that the file leaves out gives a column that is not present(): in every record it reads as blank.
class Column {
 public:
  constexpr Column() = default;
  constexpr bool present() const { return width_ != 0; }
  constexpr uint32_t offset() const { return offset_; }  // bytes from the record's beginning
  constexpr uint16_t width() const { return width_; }
  constexpr FieldKind kind() const { return kind_; }
  constexpr uint8_t decimals() const { return decimals_; }
  constexpr uint16_t index() const { return index_; }  // place in the file's field list, from 0

 private:
  friend class Layout;
  uint32_t offset_ = 0;
  uint16_t width_ = 0;
  uint16_t index_ = 0;
  FieldKind kind_ = FieldKind::kText;
  uint8_t decimals_ = 0;
};

// Built field by field while a header is read or written; constant afterwards, and then safe to share between threads.
class Layout {
 public:
  explicit Layout(std::string file) : file_(std::move(file)) {}
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;

  // Appends a field. Returns "" or what is wrong with it, to follow the field's name in a message.
  std::string Add(Version version, const FileType& type, std::string_view name,
                  std::span<const FieldOverride> overrides);

  // Ignores case. Not present() where the file lists no such field.
  Column Find(std::string_view name) const;
  size_t field_count() const { return columns_.size(); }
  Column column(size_t index) const { return columns_.at(index); }
  // As spelled in the file.
  const std::string& name(size_t index) const { return names_.at(index); }
  size_t record_bytes() const { return record_bytes_; }
  const std::string& file() const { return file_; }

  // For scanning a record without looking at its fields one by one: what each of its bytes may be. A byte b at i is
  // ordinary where lowest()[i] <= b and b + headroom()[i] < 128: printable ASCII in texts, digits in numbers. What is
  // not ordinary may still be right (a blank number, a Chinese text, a minus sign); only a look at the field tells.
  const unsigned char* lowest() const { return lowest_.data(); }
  const unsigned char* headroom() const { return headroom_.data(); }
  // The field that holds this byte of the record.
  size_t FieldAt(size_t byte) const { return field_at_[byte]; }

 private:
  std::string file_;
  std::vector<std::string> names_;
  std::vector<Column> columns_;
  std::map<std::string, size_t> by_name_;         // upper case
  std::vector<unsigned char> lowest_, headroom_;  // these three: one a byte of the record
  std::vector<uint16_t> field_at_;
  size_t record_bytes_ = 0;
};

// "type N, 16 digits, 2 decimals", "type C, 60 bytes": how messages describe a field.
std::string DescribeForm(Column column);

}  // namespace fundcore::ofd
