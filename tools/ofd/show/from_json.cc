// Head, records and notes from JSON, by simdjson's on-demand parser, which neither allocates nor builds a tree.
#include "tools/ofd/show/from_json.h"

#include <simdjson.h>

#include <cstring>
#include <optional>
#include <set>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/file_name.h"

namespace fundcore::ofd_tools {
namespace {

namespace od = simdjson::ondemand;

// Where we are, for messages.
struct Place {
  const Restorer& restorer;
  uint64_t line;
  absl::Status Error(std::string_view field, std::string_view value, std::string rule) const {
    return restorer.Error(line, field, value, std::move(rule));
  }
  absl::Status NotJson(simdjson::error_code code) const {
    return Error("", "", StrCat("the line is not one JSON object (", simdjson::error_message(code), ")"));
  }
};

// The keys and values of an object, each handed to `take(key, value)`. Refuses what follows the object.
template <class Take>
absl::Status WalkObject(od::document& document, const Place& at, const Take& take) {
  od::object object;
  if (const auto wrong = document.get_object().get(object)) return at.NotJson(wrong);
  for (auto item : object) {
    od::field field;
    if (const auto wrong = std::move(item).get(field)) return at.NotJson(wrong);
    std::string_view key;
    if (const auto wrong = field.unescaped_key().get(key)) return at.NotJson(wrong);
    FC_RETURN_IF_ERROR(take(key, field.value()));
  }
  // At the end there is no next token to have a location.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
    return at.Error("", "", "something follows the JSON object; one line holds one object");
  return absl::OkStatus();
}

absl::Status TakeString(od::value value, std::string_view key, const Place& at, std::string_view* text) {
  return value.get_string().get(*text) ? at.Error(key, "", "is not a string") : absl::OkStatus();
}

// {"text":…}, {"hex":…} or {"code":…,"chinese":…,"english":…}.
absl::Status TakeTagged(od::value value, std::string_view field, const Place& at, Cell* cell) {
  od::object object;
  if (const auto wrong = value.get_object().get(object)) return at.NotJson(wrong);
  bool found = false;
  for (auto item : object) {
    od::field member;
    if (const auto wrong = std::move(item).get(member)) return at.NotJson(wrong);
    std::string_view key, text;
    if (const auto wrong = member.unescaped_key().get(key)) return at.NotJson(wrong);
    if (member.value().get_string().get(text)) return at.Error(StrCat(field, ".", key), "", "is not a string");
    if (key == "chinese" || key == "english") continue;
    if (key != "code" && key != "text" && key != "hex")
      return at.Error(StrCat(field, ".", key), "",
                      "is not a key that a value may have; known are text, hex, code, chinese and english");
    if (found) return at.Error(StrCat(field, ".", key), text, "is a second value of one field");
    found = true;
    *cell = {.kind = key == "hex"    ? Cell::Kind::kHex
                     : key == "text" ? Cell::Kind::kText
                     : text.empty()  ? Cell::Kind::kBlank
                                     : Cell::Kind::kPlain,
             .text = text};
  }
  return found ? absl::OkStatus() : at.Error(field, "", "is an object without text, hex or code");
}

absl::Status TakeCell(od::value value, std::string_view field, const Place& at, Cell* cell) {
  od::json_type type;
  if (const auto wrong = value.type().get(type)) return at.NotJson(wrong);
  switch (type) {
    case od::json_type::string: {
      std::string_view text;
      if (const auto wrong = value.get_string().get(text)) return at.NotJson(wrong);
      *cell = {.kind = text.empty() ? Cell::Kind::kBlank : Cell::Kind::kPlain, .text = text};
      return absl::OkStatus();
    }
    case od::json_type::null: {
      // What only begins like null is an error of the result, not false.
      bool null = false;
      if (value.is_null().get(null) || !null) return at.Error(field, "", "is not a JSON value");
      *cell = {};
      return absl::OkStatus();
    }
    case od::json_type::object: return TakeTagged(value, field, at, cell);
    case od::json_type::number:
      return at.Error(field, ofd::CutSpaces(std::string_view(value.raw_json_token())),
                      "is a JSON number; write it as a string, which keeps every digit: \"65.93\"");
    case od::json_type::boolean:
    case od::json_type::array: break;
  }
  return at.Error(field, "", "is neither a string, null nor an object");
}

bool ParseLineEnd(std::string_view text, bool* crlf) {
  *crlf = text == "CRLF";
  return *crlf || text == "LF";
}

// Collects the head's items, which may come in any order, and then looks whether they make a head.
class HeadParser {
 public:
  explicit HeadParser(const Place& at) : at_(at) {}

  absl::Status Take(std::string_view key, od::value value) {
    if (!seen_.insert(std::string(key)).second) return at_.Error(key, "", "is given twice in the head");
    if (key == "fundcore_ofd" || key == "transfer_number" || key == "records") return TakeCount(key, value);
    if (key == "fields") return TakeFields(value);
    if (key == "odd_lines" || key == "odd_line_ends" || key == "forms") return TakeObject(key, value);
    static constexpr std::string_view kTexts[] = {"kind",     "file",      "part",    "version",      "creator",
                                                  "receiver", "date",      "type",    "type_chinese", "type_english",
                                                  "sender",   "recipient", "line_end"};
    if (std::find(std::begin(kTexts), std::end(kTexts), key) == std::end(kTexts))
      return at_.Error(key, "", "is not a key of the head");
    std::string_view text;
    FC_RETURN_IF_ERROR(TakeString(value, key, at_, &text));
    texts_[std::string(key)] = text;
    return absl::OkStatus();
  }

  absl::StatusOr<FileHead> Finish() {
    if (!seen_.contains("fundcore_ofd"))
      return at_.Error(
          "", "", "the head is missing: the first line must be the object with \"fundcore_ofd\":1 that show writes");
    if (counts_["fundcore_ofd"] != 1)
      return at_.Error("fundcore_ofd", StrCat(counts_["fundcore_ofd"]),
                       "is a form that this program does not know; it knows 1");
    if (seen_.contains("part"))
      return at_.Error("part", texts_["part"],
                       "was shown, not the whole file; show it again without --fields and --records");
    const std::string kind = texts_["kind"];
    if (kind != "data" && kind != "index") return at_.Error("kind", kind, "is neither data nor index");
    head_.index = kind == "index";
    for (const char* key : {"version", "creator", "receiver", "date", "records", "line_end"})
      FC_RETURN_IF_ERROR(Need(key));
    for (const char* key : {"transfer_number", "type", "sender", "recipient", "fields"}) {
      if (!head_.index) FC_RETURN_IF_ERROR(Need(key));
      if (head_.index && seen_.contains(key)) return at_.Error(key, "", "is not a part of an index file");
    }
    FC_RETURN_IF_ERROR(Fill());
    for (ofd::FieldOverride& form : head_.forms) form.type = head_.header.type.str();
    return std::move(head_);
  }

 private:
  absl::Status Need(std::string_view key) const {
    return seen_.contains(std::string(key)) ? absl::OkStatus() : at_.Error(key, "", "is missing from the head");
  }

  absl::Status TakeCount(std::string_view key, od::value value) {
    uint64_t number = 0;
    if (value.get_uint64().get(number)) return at_.Error(key, "", "is not a whole number");
    counts_[std::string(key)] = number;
    return absl::OkStatus();
  }

  absl::Status TakeFields(od::value value) {
    od::array array;
    if (value.get_array().get(array)) return at_.Error("fields", "", "is not a list of names");
    for (auto element : array) {
      std::string_view name;
      if (element.get_string().get(name)) return at_.Error("fields", "", "is not a list of names");
      if (head_.header.fields.size() == ofd::kMaxFields)
        return at_.Error("fields", name, StrCat("is one field too many; the limit is ", ofd::kMaxFields));
      head_.header.fields.emplace_back(name);
    }
    return absl::OkStatus();
  }

  absl::Status TakeObject(std::string_view key, od::value value) {
    od::object object;
    if (value.get_object().get(object)) return at_.Error(key, "", "is not an object");
    for (auto item : object) {
      od::field field;
      if (const auto wrong = std::move(item).get(field)) return at_.NotJson(wrong);
      std::string_view name, text;
      if (const auto wrong = field.unescaped_key().get(name)) return at_.NotJson(wrong);
      const std::string path = StrCat(key, ".", name);
      FC_RETURN_IF_ERROR(TakeString(field.value(), path, at_, &text));
      if (key == "forms") {
        ofd::FieldOverride form{.name = std::string(name)};
        if (!ParseForm(text, &form)) return at_.Error(path, text, "is not a form such as \"C24\" or \"N16.2\"");
        head_.forms.push_back(std::move(form));
        continue;
      }
      uint64_t line = 0;
      if (!ofd::ParseCount(name, &line) || line == 0)
        return at_.Error(path, text, "has a key that is not the number of a line");
      if (key == "odd_line_ends") {
        if (!ParseLineEnd(text, &head_.odd_ends[line])) return at_.Error(path, text, "is neither CRLF nor LF");
      } else {
        if (text.find('\n') != std::string_view::npos) return at_.Error(path, "", "holds a line end");
        head_.odd_lines[line] = text;
      }
    }
    return absl::OkStatus();
  }

  absl::Status TakeParty(const char* key, size_t width, bool may_be_blank, ofd::PartyCode* party) {
    const std::string& text = texts_[key];
    if (text.empty() && may_be_blank) return absl::OkStatus();
    if (text.size() > width || !ofd::IsPartyText(text))
      return at_.Error(key, text, StrCat("is not a code of 1 to ", width, " characters"));
    *party = ofd::PartyCode(text);
    return absl::OkStatus();
  }

  absl::Status TakeFitting(const char* key, size_t width, uint64_t limit) {
    const std::string digits = StrCat(counts_[key]);
    if (digits.size() > width || counts_[key] > limit)
      return at_.Error(key, digits,
                       StrCat("does not fit; there is room for ", width, " digits, and for no more than ", limit));
    return absl::OkStatus();
  }

  absl::Status Fill() {
    ofd::Header& h = head_.header;
    const auto version = ofd::ParseVersion(texts_["version"]);
    if (!version) return at_.Error("version", texts_["version"], "is not 20, 21 or 22");
    h.version = *version;
    const ofd::HeaderWidths& w = ofd::WidthsOf(h.version);
    FC_RETURN_IF_ERROR(TakeParty("creator", w.party, false, &h.creator));
    FC_RETURN_IF_ERROR(TakeParty("receiver", w.party, false, &h.receiver));
    std::string date = texts_["date"];
    if (date.size() == 10 && date[4] == '-' && date[7] == '-')
      date = date.substr(0, 4) + date.substr(5, 2) + date.substr(8);
    h.date = ofd::ParseFileDate(date);
    if (!h.date.is_set())
      return at_.Error("date", texts_["date"], "is not a date that exists, in the form \"2017-04-27\"");
    if (!ParseLineEnd(texts_["line_end"], &head_.crlf))
      return at_.Error("line_end", texts_["line_end"], "is neither CRLF nor LF");
    FC_RETURN_IF_ERROR(TakeFitting("records", head_.index ? w.index_count : w.record_count, 999'999'999'999'999'999));
    head_.records = counts_["records"];
    if (head_.index) return absl::OkStatus();

    FC_RETURN_IF_ERROR(TakeFitting("transfer_number", w.transfer_no, 65'535));
    h.transfer_no = TransferNo(static_cast<uint16_t>(counts_["transfer_number"]));
    if (texts_["type"].size() > w.type || !ofd::IsTypeText(texts_["type"]))
      return at_.Error("type", texts_["type"], "is not a file type");
    h.type = ofd::FileType(ofd::Upper(texts_["type"]));
    FC_RETURN_IF_ERROR(TakeParty("sender", w.sender, true, &h.sender));
    FC_RETURN_IF_ERROR(TakeParty("recipient", w.sender, true, &h.recipient));
    if (h.fields.empty()) return at_.Error("fields", "", "is empty; a file has at least one field");
    return absl::OkStatus();
  }

  const Place& at_;
  FileHead head_;
  std::set<std::string> seen_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, uint64_t> counts_;
};

// Lines of JSON with the room behind them that the parser wants.
class JsonRestorer {
 public:
  explicit JsonRestorer(Restorer* restorer) : restorer_(*restorer) {}

  // `room` bytes from line.data() on can be read.
  absl::Status Line(std::string_view line, size_t room, uint64_t number) {
    const Place at{restorer_, number};
    od::document document;
    if (const auto wrong = parser_.iterate(line.data(), line.size(), room).get(document)) return at.NotJson(wrong);
    if (!restorer_.begun()) {
      HeadParser head(at);
      FC_RETURN_IF_ERROR(
          WalkObject(document, at, [&](std::string_view key, od::value value) { return head.Take(key, value); }));
      FC_ASSIGN_OR_RETURN(FileHead whole, head.Finish());
      return restorer_.Begin(std::move(whole), number);
    }
    size_t expected = 0;
    bool note = false, any = false;
    FC_RETURN_IF_ERROR(WalkObject(document, at, [&](std::string_view key, od::value value) {
      note = note || key.starts_with('#');
      any = true;
      if (key.starts_with('#')) return Note(key, value, at);
      return Value(key, value, at, &expected);
    }));
    if (note && expected > 0) return at.Error("", "", "is a record and a note in one; give each a line");
    return note ? absl::OkStatus() : restorer_.EndRecord(number);
  }

 private:
  absl::Status Note(std::string_view key, od::value value, const Place& at) {
    std::string_view text;
    FC_RETURN_IF_ERROR(TakeString(value, key, at, &text));
    if (key == "#end") return restorer_.AddEnd(text, at.line);
    if (key == "#damaged")
      return at.Error(key, text, "says that what was shown is damaged; it cannot become a file again");
    bool crlf = true;
    if (key != "#line_end") return at.Error(key, text, "is not a note; known are #line_end and #end");
    if (!ParseLineEnd(text, &crlf)) return at.Error(key, text, "is neither CRLF nor LF");
    restorer_.SetLineEnd(crlf);
    return absl::OkStatus();
  }

  // `expected` is the column that would come next if the record kept the head's order, as it usually does.
  absl::Status Value(std::string_view key, od::value value, const Place& at, size_t* expected) {
    const Columns& columns = restorer_.columns();
    int column = static_cast<int>(*expected);
    if (*expected >= columns.size() || columns[*expected].name != key) column = restorer_.Find(key);
    if (column < 0) return at.Error(key, "", "is not a field of the head");
    Cell cell;
    FC_RETURN_IF_ERROR(TakeCell(value, key, at, &cell));
    if (std::string rule = restorer_.Set(static_cast<size_t>(column), cell); !rule.empty())
      return at.Error(key, cell.text, std::move(rule));
    *expected = static_cast<size_t>(column) + 1;
    return absl::OkStatus();
  }

  Restorer& restorer_;
  od::parser parser_;
};

}  // namespace

absl::Status RestoreJson(LinePieces* pieces, Restorer* restorer) {
  static_assert(LinePieces::kSlack >= simdjson::SIMDJSON_PADDING);
  JsonRestorer json(restorer);
  uint64_t number = 0;
  for (;;) {
    FC_ASSIGN_OR_RETURN(std::string_view rest, pieces->Next());
    if (rest.empty()) break;
    const char* const readable = rest.data() + rest.size() + LinePieces::kSlack;
    if (number == 0 && rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      ++number;
      if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
      if (line.size() >= LinePieces::kMaxLine)
        return restorer->Error(number, "", "", StrCat("the line is longer than ", LinePieces::kMaxLine, " bytes"));
      FC_RETURN_IF_ERROR(json.Line(line, static_cast<size_t>(readable - line.data()), number));
    }
  }
  if (!restorer->begun()) return restorer->Error(number, "", "", "the head is missing: the text is empty");
  return restorer->Finish(number);
}

absl::Status BeginFromJson(std::string_view head, uint64_t line, Restorer* restorer) {
  FC_CHECK(!restorer->begun(), "a second head");
  return NoteFromJson(head, line, restorer);
}

absl::Status NoteFromJson(std::string_view note, uint64_t line, Restorer* restorer) {
  std::string padded(note);
  padded.resize(note.size() + simdjson::SIMDJSON_PADDING, '\0');
  const bool is_head = !restorer->begun();
  if (!is_head && !note.starts_with("{\"#"))
    return restorer->Error(line, "", note, "is not a note; known are #line_end and #end");
  return JsonRestorer(restorer).Line(std::string_view(padded).substr(0, note.size()), padded.size(), line);
}

}  // namespace fundcore::ofd_tools
