// One field of one record as people and programs see it, and back to the very same bytes.
//
//   Columns columns(layout, Version::k21, FileType("04"));
//   std::string scratch;
//   Cell cell = ReadCell(record, columns[3], &scratch);      // kPlain "65.93", "2017-04-27", "14:01:00", "张三"
//   std::string rule = WriteCell(cell, columns[3], bytes);   // "" and the field's bytes, as they were
//
// A value that has one normal form is plain: a number as a decimal of exactly the field's decimals, a date or a time in
// ISO form, a text without its padding, in UTF-8. Everything else that real files hold (spaces or a sign inside a
// number, a date that does not exist) is kText, the field's characters as they stand; what is no text at all (bytes
// that are not GB18030, control characters) is kHex, two digits a byte. Spaces alone are kBlank. For every possible
// content of a field, WriteCell(ReadCell(x)) is x.
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ofd/layout.h"
#include "common/ofd/record.h"
#include "common/ofd/values.h"
#include "common/ofd/variant.h"

namespace fundcore::ofd_tools {

enum class Form : uint8_t { kText, kNumber, kDate, kTime };
// Where the meaning of a value is to be found.
enum class Coding : uint8_t { kNone, kValueList, kBusinessCode, kReturnCode };

struct ShownColumn {
  ofd::Column column;
  std::string name;          // as spelled in the file
  std::string_view chinese;  // "" for a field of the sender's own
  Form form = Form::kText;
  Coding coding = Coding::kNone;
  const ofd::ValueList* values = nullptr;  // may be null
};

using Columns = std::vector<ShownColumn>;
// Every field of a file, in its order.
Columns ColumnsOf(const ofd::Layout& layout, ofd::Version version, const ofd::FileType& type);

struct Cell {
  enum class Kind : uint8_t { kBlank, kPlain, kText, kHex };
  Kind kind = Kind::kBlank;
  std::string_view text;
};

// The text points into the record or into `scratch`, and is good until either changes.
Cell ReadCell(const ofd::RecordView& record, const ShownColumn& column, std::string* scratch);
// Writes column.width() bytes at `at`. Returns "" or what is wrong with the value, to follow it in a message; then the
// bytes are not meaningful.
std::string WriteCell(const Cell& cell, const ShownColumn& column, char* at);

// What a coded value means; both empty where nothing is known.
struct Meaning {
  std::string_view chinese, english;
  bool known() const { return !chinese.empty() || !english.empty(); }
};
Meaning MeaningOf(const ShownColumn& column, std::string_view code, const ofd::Variant& variant);

// Two lower-case digits a byte, and back (false where it is no such text).
std::string ToHex(std::string_view bytes);
bool FromHex(std::string_view hex, std::string* bytes);

}  // namespace fundcore::ofd_tools
