// One record of a data file, read in place: nothing is copied until a field is asked for.
//
//   const Column vol = reader.Find("ConfirmedVol");          // once a file
//   while (reader.Next(&record)) {
//     absl::StatusOr<int64_t> units = record.Number(vol);    // "0000000000012345" -> 12345, in 1/10^vol.decimals()
//   }
//
// A RecordView is a pointer into the reader's bytes: valid until the next Next() or Feed() (or as long as the whole
// file, where the file was given in one piece). Reading is thread-safe. A column must come from the same file.
//
// Blank. A field of spaces, and a field that the file leaves out, is blank. Real files send blank numbers and dates, so
// absence and zero are told apart: Number and Date refuse a blank, NumberOr and DateOr replace it.
//
// Signs. A minus sign takes one place of a number: before the first digit that counts ("-000000000012345",
// "0000-12345") or the last place ("00000000012345-"). A plus sign, a point, or spaces among digits are refused.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/check.h"
#include "common/ofd/field_error.h"
#include "common/ofd/layout.h"
#include "common/time/time.h"

namespace fundcore::ofd {

enum class FieldState : uint8_t { kPresent, kBlank, kMalformed };

namespace record_internal {

// The slow half of ReadNumber: blanks, signs, more than 18 digits, and what is no number at all.
FieldState ReadOddNumber(const char* p, size_t width, int64_t* value);

static_assert(std::endian::native == std::endian::little, "EightDigits reads the first digit from the lowest byte");

// Eight ASCII digits, the first in the lowest byte, as one number below 10^8; false where any is no digit.
inline bool EightDigits(uint64_t v, uint64_t* value) {
  // Each byte must be 0x30..0x39: high half 3, and adding 6 must not carry into the high half.
  if (((v & 0xf0f0f0f0f0f0f0f0ull) | (((v + 0x0606060606060606ull) & 0xf0f0f0f0f0f0f0f0ull) >> 4)) !=
      0x3333333333333333ull) {
    return false;
  }
  v = (v & 0x0f0f0f0f0f0f0f0full) * 2561 >> 8;      // pairs:  10·a + b
  v = (v & 0x00ff00ff00ff00ffull) * 6553601 >> 16;  // fours: 100·ab + cd
  *value = (v & 0x0000ffff0000ffffull) * 42949672960001ull >> 32;
  return true;
}

inline uint64_t LoadEight(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

inline FieldState ReadNumber(const char* p, size_t width, int64_t* value) {
  if (width == 0) return FieldState::kBlank;
  if (width > 18) [[unlikely]]
    return ReadOddNumber(p, width, value);
  uint64_t sum = 0;
  const char* at = p;
  size_t left = width;
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t eight;
    if (!EightDigits(LoadEight(at), &eight)) [[unlikely]]
      return ReadOddNumber(p, width, value);
    sum = sum * 100'000'000 + eight;
  }
  if (width > 8 && left > 0) {
    // The last eight, of which those that were read already count as zeros.
    static constexpr uint64_t kPowers[] = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000};
    const uint64_t rest = ~uint64_t{0} << (8 * (8 - left));
    uint64_t last;
    if (!EightDigits((LoadEight(at + left - 8) & rest) | (0x3030303030303030ull & ~rest), &last)) [[unlikely]]
      return ReadOddNumber(p, width, value);
    *value = static_cast<int64_t>(sum * kPowers[left] + last);
    return FieldState::kPresent;
  }
  for (; left > 0; ++at, --left) {
    const unsigned digit = static_cast<unsigned char>(*at) - static_cast<unsigned>('0');
    if (digit > 9) [[unlikely]]
      return ReadOddNumber(p, width, value);
    sum = sum * 10 + digit;
  }
  *value = static_cast<int64_t>(sum);
  return FieldState::kPresent;
}

// Which 64-byte blocks of a record hold a byte that is not ordinary (see Layout): bit i for block i, and bit 63 for all
// from there on. `p` has layout.record_bytes() bytes.
uint64_t OddBlocks(const char* p, const Layout& layout);
inline constexpr size_t kBlockBytes = 64;
// The first byte from `at` on, and before `end`, that may not be ordinary; at least `end` where there is none.
size_t NextOdd(const char* p, const Layout& layout, size_t at, size_t end);
inline constexpr uint64_t kAllBlocksOdd = ~uint64_t{0};
// True only for valid GB18030: ASCII and everyday Chinese. False says nothing.
bool IsCommonChinese(std::string_view text);

inline std::string_view CutSpaces(const char* p, size_t size) {
  for (; size >= 8; size -= 8) {
    const uint64_t differs = LoadEight(p + size - 8) ^ 0x2020202020202020ull;
    if (differs != 0) return {p, size - static_cast<size_t>(std::countl_zero(differs)) / 8};
  }
  while (size > 0 && p[size - 1] == ' ') --size;
  return {p, size};
}

}  // namespace record_internal

class RecordView {
 public:
  RecordView() = default;
  // `bytes` is a whole record of `layout`, which must outlive the view. `odd_blocks` is what OddBlocks() said of it,
  // where it was asked: Check() looks at no other block.
  RecordView(std::string_view bytes, uint64_t line, const Layout* layout,
             uint64_t odd_blocks = record_internal::kAllBlocksOdd)
      : data_(bytes.data()), size_(bytes.size()), line_(line), layout_(layout), odd_blocks_(odd_blocks) {}

  uint64_t line() const { return line_; }  // in the file, from 1
  std::string_view bytes() const { return {data_, size_}; }

  // The field's bytes without trailing spaces, in the file's encoding.
  std::string_view Text(Column c) const { return record_internal::CutSpaces(At(c), c.width()); }
  // All of its bytes.
  std::string_view Raw(Column c) const { return {At(c), c.width()}; }
  // The text as UTF-8. kInvalidArgument, located, where it is not valid GB18030.
  absl::StatusOr<std::string> Utf8(Column c) const;
  bool IsBlank(Column c) const { return Text(c).empty(); }

  // Numbers as integers scaled by the field's decimals: N16.2 "…12345" is 12345, meaning 123.45. kInvalidArgument,
  // located, where the field is blank, no number, or beyond int64 (only in fields of more than 18 digits).
  absl::StatusOr<int64_t> Number(Column c) const {
    int64_t value = 0;
    if (ReadNumber(c, &value) == FieldState::kPresent) [[likely]]
      return value;
    return NumberError(c);
  }
  // As Number, but a blank gives `blank`.
  absl::StatusOr<int64_t> NumberOr(Column c, int64_t blank) const {
    int64_t value = blank;
    if (ReadNumber(c, &value) == FieldState::kMalformed) [[unlikely]]
      return NumberError(c);
    return value;
  }
  // The same without a status, for loops over millions. *value is set only where the state is kPresent.
  FieldState ReadNumber(Column c, int64_t* value) const { return record_internal::ReadNumber(At(c), c.width(), value); }
  // True for the "no limit" of limit and tier fields: nines from the first place on, where the implied decimals (or the
  // last place) may be zeros: "9999999999999999", "9999999999999990", "99999".
  bool IsNoLimit(Column c) const;

  // Dates, yyyymmdd. Eight spaces or eight zeros are blank. kInvalidArgument, located, for a date that does not exist.
  absl::StatusOr<fundcore::Date> Date(Column c) const;
  absl::StatusOr<fundcore::Date> DateOr(Column c, fundcore::Date blank) const;
  FieldState ReadDate(Column c, fundcore::Date* value) const;

  // Checks every field against its kind: N holds a number or is blank, A and C are valid GB18030. OK or the first
  // error. Costs next to nothing for a record of ordinary bytes, since the reader saw them all when it took the line.
  absl::Status Check() const {
    if (odd_blocks_ == 0) [[likely]]
      return absl::OkStatus();
    return CheckOddBlocks();
  }

  // A located error about this field, for rules of the caller's own: record.Error(c, "is not a fund that we sell").
  FieldError Error(Column c, std::string_view rule) const;

 private:
  const char* At(Column c) const {
    // A column of another file would read beyond the record; that is a broken program, not a broken file.
    if (c.offset() + size_t{c.width()} > size_) [[unlikely]]
      ForeignColumn(c);
    return data_ + c.offset();
  }
  [[noreturn]] void ForeignColumn(Column c) const;
  absl::Status NumberError(Column c) const;
  absl::Status CheckOddBlocks() const;

  const char* data_ = nullptr;
  size_t size_ = 0;
  uint64_t line_ = 0;
  const Layout* layout_ = nullptr;
  uint64_t odd_blocks_ = 0;
};

}  // namespace fundcore::ofd
