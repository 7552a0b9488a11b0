// Which fields the records of a file type have, by version of the standard: name, kind, width, implied decimals.
//
// Types are data (tables/fields.tbl), never code: what holds for one type holds for all.
//
//   const FieldDef* f = FindField(Version::k21, FileType("04"), "confirmedvol");
//   f->name       // "ConfirmedVol"
//   f->width      // 16 bytes
//   f->decimals   // 2: "0000000000012345" is 123.45
//
// Everything here is thread-safe and lives as long as the process.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/ids.h"

namespace fundcore::ofd {

// The versions in use. There is no table for 20 of its own; files in use show that it has the widths of 21.
enum class Version : uint8_t { k20 = 20, k21 = 21, k22 = 22 };

// "20", "21" or "22".
std::optional<Version> ParseVersion(std::string_view text);
std::string_view VersionText(Version version);

// "04", "C1", "R2": two characters in practice, up to eight in a header of version 22.
using FileType = Code<struct FileTypeTag, 8>;
// Who made a file or is to receive it: a distributor, a transfer agent, a manager … Up to 9 characters in versions 20
// and 21, up to 20 in version 22.
using PartyCode = Code<struct PartyTag, 20>;

enum class FieldKind : char {
  kDigits = 'A',  // by name digits, but real files carry letters too: text, left-aligned, padded with spaces
  kText = 'C',    // text in GB18030, left-aligned, padded with spaces
  kNumber = 'N',  // digits, zero-padded, with implied decimals; a minus sign takes one place
};

struct FieldDef {
  std::string_view name;
  FieldKind kind = FieldKind::kText;
  uint16_t width = 0;        // bytes
  uint8_t decimals = 0;      // implied places; 0 unless kind is kNumber
  std::string_view chinese;  // the standard's name for people
};

// The fields of a type in the standard's order; empty where the version does not have the type.
std::span<const FieldDef> DefaultFields(Version version, const FileType& type);
// Ignores case, as names in files come in any. Null where the type has no such field in that version.
const FieldDef* FindField(Version version, const FileType& type, std::string_view name);
// Every type that the version has, in the table's order.
std::span<const FileType> AllTypes(Version version);

// A field that an institution sends otherwise than the standard says, or in addition to it. It counts before the table.
//
//   FieldOverride{.type = "", .name = "FundCode", .kind = FieldKind::kText, .width = 10}   // a widened fund code
struct FieldOverride {
  std::string type;  // "" = every type
  std::string name;  // case does not matter
  FieldKind kind = FieldKind::kText;
  uint16_t width = 0;    // 1 to kMaxFieldBytes
  uint8_t decimals = 0;  // up to 18, numbers only
};

// Limits. A file beyond them is refused, never read in part.
inline constexpr size_t kMaxFields = 999;        // field names in a header
inline constexpr size_t kMaxFieldBytes = 9'999;  // one field
inline constexpr size_t kMaxRecordBytes =
    262'144;  // one record without its line end; the standard's longest has 12,666
inline constexpr size_t kMaxHeaderLineBytes = 256;  // any other line

}  // namespace fundcore::ofd
