// The writer under any choice of head, variants, fields and values: it refuses with a reason, or what it wrote is read
// back as it was set.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/reader.h"
#include "common/ofd/text.h"
#include "common/ofd/writer.h"
#include "tests/fuzz/ofd/targets.h"

namespace fundcore::ofd {
namespace {

constexpr const char* kLabel = "a file";

// Turns bytes into choices; zeros where they have ended.
class Choices {
 public:
  explicit Choices(std::string_view bytes) : rest_(bytes) {}
  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  size_t Below(size_t n) { return n <= 256 ? Byte() % n : Number<uint16_t>() % n; }
  template <class T>
  T Number() {
    T value{};
    std::memcpy(&value, rest_.data(), std::min(sizeof value, rest_.size()));
    rest_.remove_prefix(std::min(sizeof value, rest_.size()));
    return value;
  }
  std::string_view Text(size_t most) {
    const std::string_view text = rest_.substr(0, Below(most + 1));
    rest_.remove_prefix(text.size());
    return text;
  }

 private:
  std::string_view rest_;
};

Header ChooseHeader(Choices* in, std::vector<FieldOverride>* overrides) {
  static constexpr Version kVersions[] = {Version::k20, Version::k21, Version::k22};
  Header h{.version = kVersions[in->Below(3)],
           .creator = PartyCode("11"),
           .receiver = PartyCode("301"),
           .date = Date::FromRaw(20250304),
           .transfer_no = TransferNo(1)};
  const auto types = AllTypes(h.version);
  h.type = types[in->Below(types.size())];
  const uint8_t odd = in->Byte();  // which items are any bytes
  if (odd & 1) h.type = FileType(in->Text(8));
  if (odd & 2) h.creator = PartyCode(in->Text(20));
  if (odd & 4) h.receiver = PartyCode(in->Text(20));
  if (odd & 8) h.date = Date::FromRaw(in->Number<int32_t>());
  if (odd & 16) h.transfer_no = TransferNo(in->Number<uint16_t>());
  if (odd & 32) h.sender = PartyCode(in->Text(20));
  if (odd & 64) h.recipient = PartyCode(in->Text(20));

  const auto fields = DefaultFields(h.version, h.type);
  const auto name = [&]() -> std::string {
    const size_t kind = in->Below(4);
    if (kind == 0 || fields.empty()) return std::string(in->Text(300));
    if (kind == 1) return StrCat("Extra", in->Below(4));
    return std::string(fields[in->Below(fields.size())].name);
  };
  static constexpr FieldKind kKinds[] = {FieldKind::kDigits, FieldKind::kText, FieldKind::kNumber};
  for (size_t n = in->Below(4); n > 0; --n) {
    FieldOverride o{.name = name(), .kind = kKinds[in->Below(3)]};
    if (in->Below(2)) o.type = h.type.str();
    o.width = in->Below(4) ? static_cast<uint16_t>(in->Below(40)) : in->Number<uint16_t>();
    o.decimals = static_cast<uint8_t>(in->Below(20));
    overrides->push_back(std::move(o));
  }
  for (size_t n = in->Below(16); n > 0; --n) {
    const size_t kind = in->Below(4);
    if (kind == 0 && !overrides->empty()) {
      h.fields.push_back((*overrides)[in->Below(overrides->size())].name);
    } else {
      h.fields.push_back(name());
    }
  }
  return h;
}

// What a field was last set to.
struct Cell {
  enum class Kind { kUnset, kBlank, kNumber, kDate, kUtf8, kBytes } kind = Kind::kUnset;
  int64_t number = 0;
  Date date;
  std::string text;
};

std::string ChooseText(Choices* in) {
  static constexpr const char* kWords[] = {"申购", "张三", "110022", "0000", "€ 1", "𠀀", "ａ", " x ", "20250304"};
  return in->Below(2) ? std::string(in->Text(30)) : kWords[in->Below(std::size(kWords))];
}

void SetOne(Choices* in, Writer* writer, std::vector<Cell>* cells) {
  const size_t f = in->Below(cells->size() + 1);
  const bool listed = f < cells->size();
  const Column c = listed ? writer->layout().column(f) : Column();
  Cell cell;
  switch (in->Below(5)) {
    case 0:
      cell = {.kind = Cell::Kind::kNumber, .number = in->Below(2) ? in->Number<int64_t>() : in->Number<int16_t>()};
      writer->SetNumber(c, cell.number);
      break;
    case 1:
      cell = {.kind = Cell::Kind::kDate, .date = Date::FromRaw(in->Below(2) ? in->Number<int32_t>() : 20250304)};
      if (!cell.date.is_set()) cell.kind = Cell::Kind::kBlank;
      writer->SetDate(c, cell.date);
      break;
    case 2:
      cell = {.kind = Cell::Kind::kUtf8, .text = ChooseText(in)};
      writer->SetText(c, cell.text);
      break;
    case 3:
      cell = {.kind = Cell::Kind::kBytes, .text = std::string(in->Text(30))};
      writer->SetBytes(c, cell.text);
      break;
    case 4:
      cell.kind = Cell::Kind::kBlank;
      writer->SetBlank(c);
      break;
  }
  if (listed) (*cells)[f] = std::move(cell);
}

void CheckCell(const RecordView& record, Column c, const Cell& cell) {
  const auto read = [&] { return Printable(record.Raw(c)); };
  int64_t number = 0;
  Date date;
  switch (cell.kind) {
    case Cell::Kind::kUnset:
      if (c.kind() == FieldKind::kNumber) {
        FC_CHECK(record.ReadNumber(c, &number) == FieldState::kPresent && number == 0, "unset, but ", read());
        return;
      }
      [[fallthrough]];
    case Cell::Kind::kBlank: FC_CHECK(record.IsBlank(c), "blank, but ", read()); return;
    case Cell::Kind::kNumber:
      FC_CHECK(record.ReadNumber(c, &number) == FieldState::kPresent && number == cell.number, cell.number, ", but ",
               read());
      return;
    case Cell::Kind::kDate:
      FC_CHECK(record.ReadDate(c, &date) == FieldState::kPresent && date == cell.date, cell.date.raw(), ", but ",
               read());
      return;
    case Cell::Kind::kUtf8: {
      const auto utf8 = record.Utf8(c);
      FC_CHECK(utf8.ok() && *utf8 == CutSpaces(cell.text), "\"", cell.text, "\", but ", read());
      return;
    }
    case Cell::Kind::kBytes:
      FC_CHECK(record.Text(c) == CutSpaces(cell.text), Printable(cell.text), ", but ", read());
      return;
  }
}

void CheckReason(const absl::Status& status) {
  const std::string_view message(status.message().data(), status.message().size());
  FC_CHECK(message.substr(0, 7) == "a file:" && message.size() > 12, "refused without a reason: ", message);
}

void CheckHeader(const Header& read, const Header& set, const Layout& layout) {
  FC_CHECK(read.version == set.version && read.creator == set.creator && read.receiver == set.receiver &&
               read.date == set.date && read.transfer_no == set.transfer_no &&
               EqualsIgnoreCase(read.type.view(), set.type.view()) && read.sender == set.sender &&
               read.recipient == set.recipient,
           "an item of the head changed on its way");
  FC_CHECK(read.fields.size() == layout.field_count());
  for (size_t f = 0; f < read.fields.size(); ++f) FC_CHECK(read.fields[f] == layout.name(f));
}

}  // namespace

void FuzzWriter(std::string_view bytes) {
  Choices in(bytes);
  WriterOptions options;
  const Header header = ChooseHeader(&in, &options.overrides);
  options.lf_line_ends = in.Below(2) == 1;
  const uint64_t records = in.Below(4);
  const uint64_t announced = in.Below(16) == 15 ? in.Number<uint64_t>() : records;

  std::string out;
  Writer writer(kLabel, &out, options);
  if (const auto begun = writer.Begin(header, announced); !begun.ok()) {
    FC_CHECK(out.empty(), "a refused head was written");
    return CheckReason(begun);
  }
  std::vector<std::vector<Cell>> written;
  for (uint64_t i = 0; i < records; ++i) {
    std::vector<Cell> cells(writer.layout().field_count());
    for (size_t n = in.Below(8); n > 0; --n) SetOne(&in, &writer, &cells);
    const size_t before = out.size();
    auto ended = writer.EndRecord();
    if (!ended.ok()) {
      CheckReason(ended);
      FC_CHECK(out.size() == before, "a refused record was written");
      cells.assign(cells.size(), Cell());  // in its place, one that says nothing
      ended = writer.EndRecord();
    }
    if (ended.ok()) written.push_back(std::move(cells));
  }
  const auto finished = writer.Finish();
  FC_CHECK(finished.ok() == (written.size() == announced), finished.message());
  if (!finished.ok()) return CheckReason(finished);

  Reader reader(kLabel, {.overrides = options.overrides});
  reader.Feed(out);
  FC_CHECK(reader.header_complete(), "a head that was written cannot be read: ", reader.status().message());
  CheckHeader(reader.header(), header, writer.layout());
  size_t i = 0;
  for (RecordView record; reader.Next(&record); ++i) {
    for (size_t f = 0; f < written[i].size(); ++f) CheckCell(record, reader.layout().column(f), written[i][f]);
  }
  reader.Finish();
  RecordView none;
  FC_CHECK(!reader.Next(&none) && reader.done(), "a file that was written cannot be read: ", reader.status().message());
  FC_CHECK(i == written.size());
}

}  // namespace fundcore::ofd
