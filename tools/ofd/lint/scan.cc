// Splitting into lines, and reading a head that may be wrong.
#include "tools/ofd/lint/scan.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::ofd_tools {

using ofd::CutSpaces;
using ofd::Printable;
using ofd::Version;

namespace {

// No line of use is longer. What is beyond is counted, not kept.
constexpr size_t kKeptBytes = ofd::kMaxRecordBytes + 2;

bool LooksLikeFieldName(std::string_view text) {
  if (text.empty() || !ofd::IsLetter(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return ofd::IsLetter(c) || ofd::IsDigit(c) || c == '_'; });
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return ofd::IsDigit(c); });
}

// The field in another version of the type, or in any type; null where nobody has it.
const ofd::FieldDef* FindElsewhere(Version version, const ofd::FileType& type, std::string_view name) {
  for (const Version v : {Version::k22, Version::k21}) {
    if (const ofd::FieldDef* f = ofd::FindField(v, type, name)) return f;
  }
  for (const Version v : {version, Version::k22, Version::k21}) {
    for (const ofd::FileType& other : ofd::AllTypes(v)) {
      if (const ofd::FieldDef* f = ofd::FindField(v, other, name)) return f;
    }
  }
  return nullptr;
}

}  // namespace

void LineScanner::Keep(std::string_view part) {
  if (part.empty()) return;
  carry_bytes_ += part.size();
  carry_last_ = part.back();
  if (carry_.size() < kKeptBytes) carry_.append(part.substr(0, kKeptBytes - carry_.size()));
}

bool LineScanner::Next(Line* line) {
  carry_.clear();
  carry_bytes_ = 0;
  for (;;) {
    if (input_.empty()) {
      auto piece = ended_ ? std::string_view() : source_->Next();
      if (!piece.ok()) {
        status_ = piece.status();
        ended_ = true;
        return false;
      }
      input_ = *piece;
      if (input_.empty()) {
        ended_ = true;
        if (carry_bytes_ == 0) return false;
        *line = {carry_, ++number_, carry_bytes_, LineEnd::kNone};
        return true;
      }
    }
    const char* const begin = input_.data();
    const auto* const end = static_cast<const char*>(std::memchr(begin, '\n', input_.size()));
    if (!end) {
      Keep(input_);
      input_ = {};
      continue;
    }
    const auto bytes = static_cast<size_t>(end - begin);
    std::string_view text = input_.substr(0, bytes);
    input_.remove_prefix(bytes + 1);
    uint64_t whole = bytes;
    bool cr = bytes > 0 && text.back() == '\r';
    if (carry_bytes_ > 0) {
      Keep(text);
      text = carry_;
      whole = carry_bytes_;
      cr = carry_last_ == '\r';
    }
    if (cr) --whole;
    *line = {text.substr(0, static_cast<size_t>(std::min<uint64_t>(text.size(), whole))), ++number_, whole,
             cr ? LineEnd::kCrLf : LineEnd::kLf};
    return true;
  }
}

void HeadScanner::Wrong(const Line& line, std::string_view item, std::string_view text, std::string_view message) {
  report_->Add(Rule::kHeadItem, {.line = line.number, .field = item, .value = Printable(text)}, message);
}

// Told once: a sender that does not pad does not pad any item.
void HeadScanner::CheckWidth(const Line& line, std::string_view item, size_t width) {
  if (width_told_ || !version_known_ || line.bytes == width) return;
  width_told_ = true;
  report_->Add(Rule::kHeadWidth, {.line = line.number, .field = item, .value = Printable(CutSpaces(line.text))},
               StrCat("stands in ", line.bytes, " bytes, version ", ofd::VersionText(head_.header.version), " has ",
                      width, " (the first such line of the head)"));
}

void HeadScanner::Party(const Line& line, std::string_view item, std::string_view text, size_t width, bool may_be_blank,
                        ofd::PartyCode* party) {
  CheckWidth(line, item, width);
  if (text.empty() && may_be_blank) return;
  if (text.size() > width || !ofd::IsPartyText(text)) {
    return Wrong(line, item, text, StrCat("is not a code of 1 to ", width, " characters"));
  }
  *party = ofd::PartyCode(text);
}

bool HeadScanner::Take(const Line& line) {
  if (complete_ || !is_data_file_) return false;
  const std::string_view text = CutSpaces(line.text);
  if (step_ > 0 && (text == ofd::kTrailer || line.bytes > ofd::kMaxHeaderLineBytes)) {
    report_->Add(Rule::kHeadCutShort, {.line = line.number},
                 text == ofd::kTrailer ? "the trailer stands inside the head"
                                       : StrCat("a line of ", line.bytes, " bytes stands inside the head, before the ",
                                                step_ < 10 ? "field names" : "record count"));
    return false;
  }
  return step_ < 10 ? TakeItem(line, text) : TakeName(line, text);
}

bool HeadScanner::TakeItem(const Line& line, std::string_view text) {
  ofd::Header& h = head_.header;
  const ofd::HeaderWidths& w = ofd::WidthsOf(h.version);
  uint64_t number = 0;
  switch (step_++) {
    case 0:
      if (text == ofd::kDataMagic) return true;
      is_data_file_ = false;
      report_->Add(Rule::kNotDataFile, {.line = 1, .value = Printable(text)},
                   text.starts_with("\xef\xbb\xbf") ? "begins with a UTF-8 byte order mark: it was saved by an editor"
                                                    : "is not OFDCFDAT");
      return false;
    case 1: {
      const auto version = ofd::ParseVersion(text);
      if (!version) {
        Wrong(line, "version", text, "is not 20, 21 or 22; the file is read as version 21");
        return true;
      }
      h.version = *version;
      version_known_ = true;
      CheckWidth(line, "version", ofd::WidthsOf(h.version).version);
      return true;
    }
    case 2:
      head_.creator_text = text;
      Party(line, "creator", text, w.party, false, &h.creator);
      return true;
    case 3:
      head_.receiver_text = text;
      Party(line, "receiver", text, w.party, false, &h.receiver);
      return true;
    case 4:
      head_.date_text = text;
      h.date = ofd::ParseFileDate(text);
      if (!h.date.is_set()) Wrong(line, "date", text, "is not a date that exists (yyyymmdd)");
      return true;
    case 5:
      if (!ofd::ParseCount(text, &number) || text.size() > w.transfer_no || number > 65'535) {
        Wrong(line, "transfer number", text, StrCat("is not a number of up to ", w.transfer_no, " digits and 65535"));
        return true;
      }
      CheckWidth(line, "transfer number", w.transfer_no);
      head_.transfer_no = number;
      return true;
    case 6:
      CheckWidth(line, "file type", w.type);
      if (!ofd::IsTypeText(text)) {
        Wrong(line, "file type", text, "is not a file type");
      } else {
        h.type = ofd::FileType(ofd::Upper(text));
        head_.has_type = !ofd::DefaultFields(h.version, h.type).empty();
        if (!head_.has_type) {
          const bool later = !ofd::DefaultFields(Version::k22, h.type).empty();
          Wrong(line, "file type", text,
                StrCat("is not a type of version ", ofd::VersionText(h.version), later ? ", only of version 22" : ""));
        }
      }
      CheckName(line.number);
      return true;
    case 7: Party(line, "sender", text, w.sender, true, &h.sender); return true;
    case 8: Party(line, "recipient", text, w.sender, true, &h.recipient); return true;
    default:
      if (!ofd::ParseCount(text, &number) || text.size() > w.field_count || number == 0 || number > ofd::kMaxFields) {
        Wrong(line, "field count", text, StrCat("is not a number from 1 to ", ofd::kMaxFields));
        return true;
      }
      CheckWidth(line, "field count", w.field_count);
      head_.field_count = number;
      return true;
  }
}

// Names go on until a line of digits, whatever the head announced: a wrong field count must not shift what follows.
bool HeadScanner::TakeName(const Line& line, std::string_view text) {
  const size_t announced = head_.field_count.value_or(0);
  const bool enough = head_.field_count && head_.names.size() >= announced;
  if (!AllDigits(text) && !(enough && !LooksLikeFieldName(text))) {
    if (head_.names.size() >= ofd::kMaxFields) {
      report_->Add(Rule::kFieldCount, {.line = line.number}, StrCat("more than ", ofd::kMaxFields, " field names"));
      return false;
    }
    if (!LooksLikeFieldName(text)) {
      report_->Add(Rule::kFieldName, {.line = line.number, .value = Printable(text)}, "is not a field name");
    }
    head_.names.emplace_back(text);
    head_.name_lines.push_back(line.number);
    return true;
  }
  if (head_.field_count && announced != head_.names.size()) {
    report_->Add(Rule::kFieldCount, {.line = 10, .field = "field count", .value = StrCat(announced)},
                 StrCat("is announced, but ", head_.names.size(), " field names follow"));
  }
  const size_t width = ofd::WidthsOf(head_.header.version).record_count;
  uint64_t count = 0;
  head_.count_line = line.number;
  if (text.size() > width || !ofd::ParseCount(text, &count)) {
    Wrong(line, "record count", text, StrCat("is not a number of up to ", width, " digits"));
  } else {
    CheckWidth(line, "record count", width);
    head_.record_count = count;
  }
  head_.header.fields = head_.names;
  complete_ = true;
  return true;
}

void HeadScanner::CheckName(uint64_t line) {
  const auto name = ofd::FileName::Parse(file_name_);
  if (!name.ok() || name->is_index()) {
    if (file_name_ != "-") {
      report_->Add(Rule::kNameForm, {},
                   "the name does not have the standard's form, so it was not compared with the head");
    }
    return;
  }
  const auto compare = [&](uint64_t at, std::string_view item, std::string_view inside, std::string_view outside) {
    if (inside.empty() || ofd::EqualsIgnoreCase(inside, outside)) return;
    report_->Add(Rule::kNameDisagrees, {.line = at, .field = item, .value = Printable(inside)},
                 StrCat("is not the \"", outside, "\" of the file's name"));
  };
  const ofd::Header& h = head_.header;
  compare(3, "creator", h.creator.view(), name->creator.view());
  compare(4, "receiver", h.receiver.view(), name->receiver.view());
  compare(5, "date", h.date.is_set() ? h.date.Compact() : "", name->date.Compact());
  compare(line, "file type", h.type.view(), name->type.view());
}

LintLayout ResolveLayout(const LintHead& head, const ofd::Variant& variant, std::string_view file_name,
                         uint64_t first_record_bytes, Report* report) {
  const ofd::Header& h = head.header;
  std::vector<ofd::FieldOverride> overrides = variant.overrides;
  std::vector<std::string> names = head.names;
  std::vector<size_t> nobody_knows;
  std::set<std::string> seen;
  LintLayout out;
  if (names.empty()) {
    report->Add(Rule::kFieldCount, {.line = head.count_line},
                "the head lists no fields, so the records cannot be read");
    return out;
  }
  const auto form_of = [](const ofd::FieldDef& f) {
    std::string form = StrCat(std::string(1, static_cast<char>(f.kind)), f.width);
    return f.decimals ? StrCat(form, ".", f.decimals) : form;
  };
  for (size_t i = 0; i < names.size(); ++i) {
    const Place place{.line = head.name_lines[i], .value = Printable(names[i])};
    const bool twice = !seen.insert(ofd::Upper(names[i])).second;
    if (twice) report->Add(Rule::kFieldTwice, place, "is listed twice; the second one is not looked at");
    const ofd::FieldDef* own = ofd::FindField(h.version, h.type, names[i]);
    const ofd::FieldDef* def = own ? own : FindElsewhere(h.version, h.type, names[i]);
    out.chinese.push_back(def ? def->chinese : std::string_view());
    const auto mine = std::find_if(overrides.begin(), overrides.end(), [&](const ofd::FieldOverride& o) {
      return (o.type.empty() || ofd::EqualsIgnoreCase(o.type, h.type.view())) &&
             ofd::EqualsIgnoreCase(o.name, names[i]);
    });
    if (mine == overrides.end() && !own && !twice && LooksLikeFieldName(names[i])) {
      report->Add(Rule::kFieldUnknown, place,
                  StrCat("is not a field of type ", h.type.view(), " in version ", ofd::VersionText(h.version),
                         def ? StrCat("; it is taken as ", form_of(*def), ", as elsewhere in the standard")
                             : std::string("; it is in no type of the standard")));
    }
    const bool unusable = twice || !LooksLikeFieldName(names[i]);
    if (mine != overrides.end() && !unusable) continue;
    if (own && !unusable) continue;
    if (unusable) names[i] = StrCat("Unusable_", i);
    ofd::FieldOverride o{.type = h.type.str(), .name = names[i]};
    if (mine != overrides.end()) {
      o = *mine;
      o.name = names[i];
    } else if (def) {
      o.kind = def->kind;
      o.width = def->width;
      o.decimals = def->decimals;
    } else {
      nobody_knows.push_back(overrides.size());
      o.width = 1;
    }
    overrides.push_back(std::move(o));
  }

  const auto build = [&]() -> std::unique_ptr<ofd::Layout> {
    auto layout = std::make_unique<ofd::Layout>(std::string(file_name));
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string wrong = layout->Add(h.version, h.type, names[i], overrides);
      if (wrong.empty()) continue;
      report->Add(Rule::kFieldName, {.line = head.name_lines[i], .value = names[i]}, wrong);
      return nullptr;
    }
    return layout;
  };
  if (nobody_knows.empty()) {
    out.layout = build();
    if (out.layout) out.expected_bytes = out.layout->record_bytes();
    return out;
  }
  if (first_record_bytes == 0) return out;  // nothing to cut
  auto layout = build();
  if (!layout) return out;
  const size_t rest = layout->record_bytes() - 1;
  if (nobody_knows.size() == 1 && first_record_bytes > rest && first_record_bytes - rest <= ofd::kMaxFieldBytes) {
    overrides[nobody_knows[0]].width = static_cast<uint16_t>(first_record_bytes - rest);
    out.layout = build();
    if (out.layout) out.expected_bytes = out.layout->record_bytes();
    return out;
  }
  std::string list;
  for (const size_t i : nobody_knows) list += StrCat(list.empty() ? "" : ", ", overrides[i].name);
  report->Add(Rule::kFieldWidthUnknown, {.line = head.count_line, .value = list},
              "are fields of unknown width, so the records are not cut into fields; only their lengths are compared");
  out.expected_bytes = static_cast<size_t>(std::min<uint64_t>(first_record_bytes, ofd::kMaxRecordBytes));
  return out;
}

}  // namespace fundcore::ofd_tools
