// The reader under any bytes: what it gives must not depend on how the bytes are cut, every error must say where, and
// its fast paths must agree with slow and plain ones written here.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/file_name.h"
#include "common/ofd/reader.h"
#include "common/ofd/text.h"
#include "tests/fuzz/ofd/targets.h"

namespace fundcore::ofd {
namespace {

// What a number field says, by the rules in record.h and nothing else.
FieldState PlainNumber(std::string_view raw, int64_t* value) {
  if (raw.find_first_not_of(' ') == std::string_view::npos) return FieldState::kBlank;
  std::string digits(raw);
  bool negative = false;
  if (digits.back() == '-') {
    negative = true;
    digits.pop_back();
  } else if (const size_t minus = digits.find('-');
             minus != std::string::npos && digits.find_first_not_of('0') == minus) {
    negative = true;
    digits.erase(minus, 1);
  }
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return FieldState::kMalformed;
  __int128 sum = 0;
  for (const char c : digits) {
    sum = sum * 10 + (c - '0');
    if (sum > std::numeric_limits<int64_t>::max() + __int128{1}) return FieldState::kMalformed;
  }
  if (negative) sum = -sum;
  if (sum > std::numeric_limits<int64_t>::max()) return FieldState::kMalformed;
  *value = static_cast<int64_t>(sum);
  return FieldState::kPresent;
}

void CheckNumber(const RecordView& record, Column c) {
  int64_t value = 0, plain = 0;
  const FieldState state = record.ReadNumber(c, &value);
  FC_CHECK(state == PlainNumber(record.Raw(c), &plain), "number \"", Printable(record.Raw(c)),
           "\" is judged otherwise");
  FC_CHECK(state != FieldState::kPresent || value == plain, "number ", plain, " is read as ", value);
  FC_CHECK(record.Number(c).ok() == (state == FieldState::kPresent));
  FC_CHECK(record.NumberOr(c, -7).ok() == (state != FieldState::kMalformed));
}

void CheckDate(const RecordView& record, Column c) {
  Date date;
  const FieldState state = record.ReadDate(c, &date);
  const std::string_view text = record.Text(c);
  const bool blank = text.empty() || text == "00000000";
  FC_CHECK((state == FieldState::kBlank) == blank, "date \"", Printable(text), "\" is judged otherwise");
  FC_CHECK(state != FieldState::kPresent || date == ParseFileDate(text), "date \"", text, "\" is read as ", date.raw());
  FC_CHECK((state == FieldState::kMalformed) == (!blank && !ParseFileDate(text).is_set()));
  FC_CHECK(record.DateOr(c, Date()).ok() == (state != FieldState::kMalformed));
}

// Reads every field in every way. The first wrong field, as Check() should find it, or none.
size_t CheckFields(const RecordView& record, const Layout& layout) {
  size_t first_wrong = layout.field_count();
  for (size_t f = layout.field_count(); f-- > 0;) {
    const Column c = layout.column(f);
    CheckNumber(record, c);
    CheckDate(record, c);
    const bool text = record.Utf8(c).ok();
    FC_CHECK(text == ToUtf8(record.Text(c)).ok());
    int64_t value;
    const bool right = c.kind() == FieldKind::kNumber ? record.ReadNumber(c, &value) != FieldState::kMalformed : text;
    if (!right) first_wrong = f;
    if (record.IsNoLimit(c)) FC_CHECK(record.Raw(c).front() == '9');
  }
  return first_wrong;
}

struct Seen {
  std::vector<std::string> records;  // line and bytes
  std::string error;
  bool head = false;
};

class Run {
 public:
  explicit Run(bool look) : look_(look) {}

  void Drain() {
    for (RecordView record; reader_.Next(&record);) {
      seen_.records.push_back(StrCat(record.line(), ":", record.bytes()));
      FC_CHECK(record.bytes().size() == reader_.layout().record_bytes());
      FC_CHECK(record.bytes().find('\n') == std::string_view::npos, "a record holds a line end");
      const absl::Status checked = record.Check();
      const absl::Status plain = RecordView(record.bytes(), record.line(), &reader_.layout()).Check();
      FC_CHECK(checked == plain, "Check() says ", checked.message(), " and, field by field, ", plain.message());
      if (look_) CheckRecord(record, checked);
    }
  }
  void Feed(std::string_view piece) {
    reader_.Feed(piece);
    Drain();
  }
  Seen Finish(std::string_view bytes) {
    reader_.Finish();
    Drain();
    seen_.head = reader_.header_complete();
    FC_CHECK(reader_.done() == reader_.status().ok(), "neither done nor wrong");
    if (const FieldError* e = reader_.error()) {
      CheckLocated(*e, bytes);
      seen_.error = e->ToString();
    } else {
      FC_CHECK(seen_.records.size() == reader_.record_count());
    }
    return std::move(seen_);
  }

 private:
  void CheckRecord(const RecordView& record, const absl::Status& checked) {
    const size_t wrong = CheckFields(record, reader_.layout());
    FC_CHECK(checked.ok() == (wrong == reader_.layout().field_count()),
             "Check() overlooks or invents: ", checked.message());
    if (checked.ok()) return;
    const std::string where = StrCat("a file:", record.line(), ": ", reader_.layout().name(wrong), " ");
    FC_CHECK(checked.message().substr(0, where.size()) == where, checked.message(), " does not begin with ", where);
  }
  static void CheckLocated(const FieldError& e, std::string_view bytes) {
    uint64_t lines = 1;
    for (const char c : bytes) lines += c == '\n';
    FC_CHECK(e.file == "a file" && !e.rule.empty(), e.ToString());
    FC_CHECK(e.line <= lines && (e.line > 0 || bytes.empty()), e.ToString(), ": the file has ", lines, " lines");
  }

  Reader reader_{"a file"};
  bool look_;
  Seen seen_;
};

}  // namespace

void FuzzReader(std::string_view bytes) {
  Run whole(true);
  whole.Feed(bytes);
  const Seen expected = whole.Finish(bytes);

  // Pieces of one size, chosen by the content; and of one byte, where that does not take too long.
  const size_t chosen = 1 + (bytes.empty() ? 0 : static_cast<unsigned char>(bytes[bytes.size() / 2]));
  for (const size_t size : {chosen, size_t{1}}) {
    if (size == 1 && bytes.size() > 8'192) continue;
    Run pieces(false);
    for (size_t at = 0; at < bytes.size(); at += size) {
      // A copy of its own, so that a sanitizer sees what reads beyond it.
      const std::vector<char> piece(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                    bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, bytes.size())));
      pieces.Feed({piece.data(), piece.size()});
    }
    const Seen seen = pieces.Finish(bytes);
    FC_CHECK(seen.records == expected.records, "pieces of ", size, " bytes give other records");
    FC_CHECK(seen.error == expected.error, "pieces of ", size, " bytes give ", seen.error, " instead of ",
             expected.error);
    FC_CHECK(seen.head == expected.head);
  }
}

}  // namespace fundcore::ofd
