// Looking a record through for what is not ordinary, and the less travelled paths: odd numbers, dates, errors.
#include "common/ofd/record.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <limits>

#include "common/base/check.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::ofd {
namespace record_internal {
namespace {

// The bytes of the eight at `p` that are not ordinary, by their top bits. A byte of 128 and above is told by its own
// bit; what it carries into the sum of the next may tell of that one, too, which costs a look and does no harm.
uint64_t OddOfEight(const char* p, const unsigned char* lowest, const unsigned char* headroom) {
  constexpr uint64_t kTop = 0x8080808080808080ull;
  uint64_t low, room;
  std::memcpy(&low, lowest, 8);
  std::memcpy(&room, headroom, 8);
  const uint64_t v = LoadEight(p);
  return (v | (v + room) | ~((v | kTop) - low)) & kTop;
}

bool OddByte(unsigned char v, unsigned char lowest, unsigned char headroom) {
  return v < lowest || v >= 128 || v + headroom >= 128;
}

uint64_t BlockBit(size_t byte) { return uint64_t{1} << std::min<size_t>(byte / kBlockBytes, 63); }

uint64_t OddBlocksByEight(const char* p, const Layout& layout) {
  const size_t size = layout.record_bytes();
  const unsigned char* const lowest = layout.lowest();
  const unsigned char* const headroom = layout.headroom();
  uint64_t odd = 0;
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    if (OddOfEight(p + at, lowest + at, headroom + at) != 0) odd |= BlockBit(at);
  }
  for (; at < size; ++at) {
    if (OddByte(static_cast<unsigned char>(p[at]), lowest[at], headroom[at])) odd |= BlockBit(at);
  }
  return odd;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] inline __m256i Load32(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

// Whether one of 64 bytes is not ordinary. Compared as signed bytes, those of 128 and above are below every lowest one.
[[gnu::target("avx2")]] inline bool OddBlock(const char* p, const unsigned char* lowest,
                                             const unsigned char* headroom) {
  const __m256i a = Load32(p), b = Load32(p + 32);
  const __m256i low = _mm256_or_si256(_mm256_cmpgt_epi8(Load32(lowest), a), _mm256_cmpgt_epi8(Load32(lowest + 32), b));
  const __m256i high = _mm256_or_si256(_mm256_add_epi8(Load32(headroom), a), _mm256_add_epi8(Load32(headroom + 32), b));
  return _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0;
}

// For records of a block and more.
[[gnu::target("avx2")]] uint64_t OddBlocksAvx2(const char* p, const Layout& layout) {
  const size_t size = layout.record_bytes();
  const unsigned char* const lowest = layout.lowest();
  const unsigned char* const headroom = layout.headroom();
  uint64_t odd = 0;
  size_t at = 0;
  for (; at + kBlockBytes <= size; at += kBlockBytes) {
    // Records follow each other: fetching the next one while the caller works on this one hides most of what memory
    // takes. Beyond the end of a piece the hint is ignored.
    __builtin_prefetch(p + at + 2048);
    if (OddBlock(p + at, lowest + at, headroom + at)) [[unlikely]]
      odd |= BlockBit(at);
  }
  if (at < size) {  // the last 64 bytes, some of them for the second time
    const size_t last = size - kBlockBytes;
    if (OddBlock(p + last, lowest + last, headroom + last)) [[unlikely]]
      odd |= BlockBit(at);
  }
  _mm256_zeroupper();  // else code that is not compiled for AVX runs slower from here on
  return odd;
}
#endif

}  // namespace

uint64_t OddBlocks(const char* p, const Layout& layout) {
#if defined(__x86_64__)
  static const bool avx2 = __builtin_cpu_supports("avx2");
  if (avx2 && layout.record_bytes() >= kBlockBytes) return OddBlocksAvx2(p, layout);
#endif
  return OddBlocksByEight(p, layout);
}

size_t NextOdd(const char* p, const Layout& layout, size_t at, size_t end) {
  const unsigned char* const lowest = layout.lowest();
  const unsigned char* const headroom = layout.headroom();
  for (; at + 8 <= end; at += 8) {
    const uint64_t odd = OddOfEight(p + at, lowest + at, headroom + at);
    if (odd != 0) return at + static_cast<size_t>(std::countr_zero(odd)) / 8;
  }
  while (at < end && !OddByte(static_cast<unsigned char>(p[at]), lowest[at], headroom[at])) ++at;
  return at;
}

// Whether a text is ASCII and the characters of everyday Chinese: the rows of GB2312 with full-width signs and hanzi,
// each of which GB18030 has. Others, and what is no text at all, are for the converter to judge.
bool IsCommonChinese(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) continue;
    if (++i == text.size()) return false;
    const auto trail = static_cast<unsigned char>(text[i]);
    const bool hanzi = lead >= 0xb0 && lead <= 0xf7 && lead != 0xd7;
    if (!(hanzi || lead == 0xa1 || lead == 0xa3) || trail < 0xa1 || trail > 0xfe) return false;
  }
  return true;
}

FieldState ReadOddNumber(const char* p, size_t width, int64_t* value) {
  std::string_view text(p, width);
  if (CutSpaces(p, width).empty()) return FieldState::kBlank;

  bool negative = false;
  if (text.back() == '-') {
    negative = true;
    text.remove_suffix(1);
  }
  bool digits = false, significant = false;
  unsigned __int128 sum = 0;
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();  // and one more below zero
  for (char c : text) {
    if (c == '-' && !negative && !significant) {
      negative = true;
      continue;
    }
    if (c < '0' || c > '9') return FieldState::kMalformed;
    digits = true;
    significant = significant || c != '0';
    sum = sum * 10 + static_cast<unsigned>(c - '0');
    if (sum > kMax + (negative ? 1 : 0)) return FieldState::kMalformed;
  }
  if (!digits) return FieldState::kMalformed;
  *value = static_cast<int64_t>(negative ? uint64_t{0} - static_cast<uint64_t>(sum) : static_cast<uint64_t>(sum));
  return FieldState::kPresent;
}

}  // namespace record_internal

absl::StatusOr<std::string> RecordView::Utf8(Column c) const {
  auto utf8 = ToUtf8(Text(c));
  if (utf8.ok() || absl::IsUnavailable(utf8.status())) return utf8;
  return Error(c, StrCat("is ", utf8.status().message(), " (", DescribeForm(c), ")")).ToStatus();
}

absl::Status RecordView::NumberError(Column c) const {
  const std::string form = DescribeForm(c);
  if (IsBlank(c)) {
    return Error(c,
                 StrCat(c.present() ? "is blank where a number is needed (" : "is a number that the file leaves out (",
                        form, ")"))
        .ToStatus();
  }
  const std::string_view raw = Raw(c);
  if (raw.find_first_not_of("0123456789") == std::string_view::npos) {
    return Error(c, StrCat("is larger than ", std::numeric_limits<int64_t>::max(), ", the largest number handled (",
                           form, ")"))
        .ToStatus();
  }
  return Error(c, StrCat("is not a number (", form, ")")).ToStatus();
}

bool RecordView::IsNoLimit(Column c) const {
  const std::string_view raw = Raw(c);
  size_t nines = 0;
  while (nines < raw.size() && raw[nines] == '9') ++nines;
  const size_t zeros = raw.size() - nines;
  if (nines == 0 || zeros > std::max<size_t>(c.decimals(), 1)) return false;
  return raw.find_first_not_of('0', nines) == std::string_view::npos;
}

FieldState RecordView::ReadDate(Column c, fundcore::Date* value) const {
  // Most dates need no look at the calendar.
  uint64_t digits = 0;
  if (c.width() == 8 && record_internal::EightDigits(record_internal::LoadEight(At(c)), &digits)) [[likely]] {
    const uint64_t month = digits / 100 % 100, day = digits % 100;
    if (digits >= 1'00'00 && month - 1 < 12 && day - 1 < 28) {
      *value = fundcore::Date::FromRaw(static_cast<int32_t>(digits));
      return FieldState::kPresent;
    }
  }
  const std::string_view text = Text(c);
  if (text.empty() || text == "00000000") return FieldState::kBlank;
  const fundcore::Date date = ParseFileDate(text);
  if (!date.is_set()) return FieldState::kMalformed;
  *value = date;
  return FieldState::kPresent;
}

absl::StatusOr<fundcore::Date> RecordView::Date(Column c) const {
  fundcore::Date date;
  switch (ReadDate(c, &date)) {
    case FieldState::kPresent: return date;
    case FieldState::kBlank: return Error(c, "is blank where a date is needed (yyyymmdd)").ToStatus();
    case FieldState::kMalformed: break;
  }
  return Error(c, "is not a date that exists (yyyymmdd)").ToStatus();
}

absl::StatusOr<fundcore::Date> RecordView::DateOr(Column c, fundcore::Date blank) const {
  fundcore::Date date;
  if (ReadDate(c, &date) == FieldState::kBlank) return blank;
  return Date(c);
}

absl::Status RecordView::CheckOddBlocks() const {
  size_t at = 0;
  for (uint64_t left = odd_blocks_; left != 0; left &= left - 1) {
    const auto block = static_cast<size_t>(std::countr_zero(left));
    const size_t begin = block * record_internal::kBlockBytes;
    const size_t end = block == 63 ? size_ : std::min(size_, begin + record_internal::kBlockBytes);
    at = std::max(at, begin);  // a field that lies across blocks was looked at with the first
    while ((at = record_internal::NextOdd(data_, *layout_, at, end)) < end) {
      const Column c = layout_->column(layout_->FieldAt(at));
      if (c.kind() == FieldKind::kNumber) {
        int64_t value = 0;
        if (ReadNumber(c, &value) == FieldState::kMalformed) return NumberError(c);
      } else if (!IsAscii(Raw(c)) && !record_internal::IsCommonChinese(Text(c))) {
        if (auto utf8 = Utf8(c); !utf8.ok()) return utf8.status();
      }
      at = c.offset() + size_t{c.width()};
    }
  }
  return absl::OkStatus();
}

FieldError RecordView::Error(Column c, std::string_view rule) const {
  FieldError error;
  error.line = line_;
  error.rule = std::string(rule);
  if (layout_) error.file = layout_->file();
  if (c.present() && layout_ && c.index() < layout_->field_count()) {
    error.field = layout_->name(c.index());
    error.column = c.offset() + 1;
    // A number is shown whole, since its spaces may be what is wrong.
    error.value = Printable(c.kind() == FieldKind::kNumber ? Raw(c) : Text(c));
  } else {
    error.field = "a field";
  }
  return error;
}

void RecordView::ForeignColumn(Column c) const {
  FC_CHECK(false, "column at ", c.offset(), "+", c.width(), " used with a record of ", size_,
           " bytes: it belongs to another file");
  __builtin_unreachable();
}

}  // namespace fundcore::ofd
