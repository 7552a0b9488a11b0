// The list of rules, and the two forms of a finding.
#include "tools/ofd/lint/report.h"

#include "absl/strings/str_format.h"
#include "common/base/check.h"

namespace fundcore::ofd_tools {
namespace {

constexpr Severity kError = Severity::kError, kWarning = Severity::kWarning, kNote = Severity::kNote;

constexpr RuleInfo kInfo[] = {
    {Rule::kNotDataFile, "NOT_DATA_FILE", kError, "the first line of a file of the standard is OFDCFDAT or OFDCFIDX"},
    {Rule::kHeadItem, "HEAD_ITEM", kError, "correct the line of the head, or have the sender send the file again"},
    {Rule::kHeadCutShort, "HEAD_CUT_SHORT", kError, "have the file sent again"},
    {Rule::kHeadWidth, "HEAD_WIDTH", kNote, "pad the item with spaces to its width"},
    {Rule::kNameForm, "NAME_FORM", kNote, "name it OFD_<creator>_<receiver>_<yyyymmdd>_<type>.TXT"},
    {Rule::kNameDisagrees, "NAME_DISAGREES", kError,
     "find out which of the two is right; the file may be someone else's"},
    {Rule::kFieldCount, "FIELD_COUNT", kError, "let the head announce as many fields as it lists"},
    {Rule::kFieldName, "FIELD_NAME", kError, "a field name is letters, digits and _, beginning with a letter"},
    {Rule::kFieldTwice, "FIELD_TWICE", kError, "list each field once"},
    {Rule::kFieldUnknown, "FIELD_UNKNOWN", kNote,
     "give its kind and width as an override in the institution's variant"},
    {Rule::kFieldWidthUnknown, "FIELD_WIDTH_UNKNOWN", kError,
     "give kind and width of the fields as overrides in the institution's variant; until then the records cannot be "
     "cut"},
    {Rule::kFieldMissing, "FIELD_MISSING", kError, "a receiver cannot act on these records; have the field sent"},
    {Rule::kRecordCount, "RECORD_COUNT", kError, "have the file sent again; records may be lost"},
    {Rule::kRecordLength, "RECORD_LENGTH", kError,
     "look for a field of another width (give an override), a line broken in two, or a text that was cut or converted"},
    {Rule::kTrailerMissing, "TRAILER_MISSING", kError, "the file was probably cut short; have it sent again"},
    {Rule::kAfterTrailer, "AFTER_TRAILER", kError, "nothing may follow OFDCFEND"},
    {Rule::kLineEndsLf, "LINE_ENDS_LF", kNote, "the standard ends lines with CR LF"},
    {Rule::kLineEndsMixed, "LINE_ENDS_MIXED", kWarning,
     "end every line the same way, with CR LF; the file may have been joined or edited"},
    {Rule::kLastLineOpen, "LAST_LINE_OPEN", kNote, "end the last line with CR LF"},
    {Rule::kFieldNeeded, "FIELD_NEEDED", kError, "without it the record cannot be processed"},
    {Rule::kFieldNotDigits, "FIELD_NOT_DIGITS", kError, "fill with zeros, no point, no spaces among digits"},
    {Rule::kNumberBlank, "NUMBER_BLANK", kNote, "a number without a value is written as zeros"},
    {Rule::kNumberNegative, "NUMBER_NEGATIVE", kWarning, "no business has a negative value here"},
    {Rule::kTextNotGb18030, "TEXT_NOT_GB18030", kError,
     "texts are in GB18030; a character may have been halved to fit"},
    {Rule::kTextControl, "TEXT_CONTROL", kError, "replace control characters by spaces"},
    {Rule::kTextNotLeft, "TEXT_NOT_LEFT", kNote, "texts begin at the field's first byte"},
    {Rule::kDateNotReal, "DATE_NOT_REAL", kError, "give a date that exists as yyyymmdd, or spaces"},
    {Rule::kTimeNotReal, "TIME_NOT_REAL", kError, "give a time of day as hhmmss, or spaces"},
    {Rule::kValueWrong, "VALUE_WRONG", kError, "use a listed value (fundctl ofd explain lists them)"},
    {Rule::kValueUnlisted, "VALUE_UNLISTED", kNote, "agree on its meaning with the sender"},
    {Rule::kBusinessUnknown, "BUSINESS_UNKNOWN", kWarning, "agree on its meaning with the sender"},
    {Rule::kBusinessDirection, "BUSINESS_DIRECTION", kError, "applications carry 0nn, confirmations 1nn"},
    {Rule::kReturnCodeUnknown, "RETURN_CODE_UNKNOWN", kNote, "put it under return_codes of the institution's variant"},
    {Rule::kIdCheckDigit, "ID_CHECK_DIGIT", kWarning, "compare the number with the certificate"},
    {Rule::kBirthdayDiffers, "BIRTHDAY_DIFFERS", kNote, "compare the birthday with the certificate"},
    {Rule::kAmountNeeded, "AMOUNT_NEEDED", kError, "this business is applied for by an amount of money"},
    {Rule::kUnitsNeeded, "UNITS_NEEDED", kError, "this business is applied for by a number of units"},
    {Rule::kAmountAndUnits, "AMOUNT_AND_UNITS", kWarning, "leave at zero what the business does not ask for"},
    {Rule::kBusinessField, "BUSINESS_FIELD", kError, "the business cannot be carried out without it"},
    {Rule::kConfirmedNothing, "CONFIRMED_NOTHING", kWarning, "a confirmation of success says how much; ask the sender"},
    {Rule::kConfirmedTooMuch, "CONFIRMED_TOO_MUCH", kWarning,
     "ask the sender why more is confirmed than was applied for"},
    {Rule::kRefusedButConfirmed, "REFUSED_BUT_CONFIRMED", kError,
     "ask the sender whether the record is refused or confirmed"},
    {Rule::kPriceMissing, "PRICE_MISSING", kWarning, "ask the sender for the price"},
    {Rule::kAmountNotUnitsTimesNav, "AMOUNT_NOT_UNITS_TIMES_NAV", kWarning, "recompute it with the fund's terms"},
    {Rule::kDividendSum, "DIVIDEND_SUM", kWarning, "recompute it with the dividend's terms"},
    {Rule::kDateOrder, "DATE_ORDER", kError, "compare both dates with the trading day"},
    {Rule::kLimitOrder, "LIMIT_ORDER", kWarning, "exchange the limits, or have them sent again"},
    {Rule::kHoldingSum, "HOLDING_SUM", kError, "have the balance sent again"},
    {Rule::kCountSum, "COUNT_SUM", kWarning, "have the summary sent again"},
    {Rule::kDuplicateRecord, "DUPLICATE_RECORD", kError,
     "process the record once; ask the sender whether it was meant twice"},
    {Rule::kDuplicateKey, "DUPLICATE_KEY", kWarning, "ask the sender which of the records holds"},
    {Rule::kDuplicateFile, "DUPLICATE_FILE", kError, "keep one; a correction carries the next transfer number"},
    {Rule::kIndexWrong, "INDEX_WRONG", kError, "have the index file sent again"},
    {Rule::kIndexFileAbsent, "INDEX_FILE_ABSENT", kError, "wait for the file, or ask the sender for it"},
    {Rule::kIndexOtherDay, "INDEX_OTHER_DAY", kError, "an index lists files of its own creator, receiver and date"},
    {Rule::kFileNotListed, "FILE_NOT_LISTED", kWarning, "ask the sender whether the file belongs to the day"},
    {Rule::kCashTotalDiffers, "CASH_TOTAL_DIFFERS", kWarning, "compare with the confirmations before money is moved"},
    {Rule::kSummaryDiffers, "SUMMARY_DIFFERS", kNote, "compare the summary with the details"},
    {Rule::kOrderUnanswered, "ORDER_UNANSWERED", kNote, "expect the answer on a later day, or ask the receiver"},
    {Rule::kOrderUnknown, "ORDER_UNKNOWN", kNote, "ask the sender which application it answers"},
    {Rule::kNotLookedAt, "NOT_LOOKED_AT", kNote,
     "run it where the temporary folder has room, and on a file rather than a pipe"},
};
static_assert(std::size(kInfo) == kRules);
static_assert(
    [] {
      for (size_t i = 0; i < kRules; ++i) {
        if (static_cast<size_t>(kInfo[i].rule) != i) return false;
      }
      return true;
    }(),
    "kInfo lists the rules in the order of the enumeration");

// The length of the UTF-8 character at the beginning of `text`; 0 where there is none.
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto tail = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0, surrogate = first == 0xed && byte(1) >= 0xa0;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90, beyond = first == 0xf4 && byte(1) >= 0x90;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

const RuleInfo& InfoOf(Rule rule) { return kInfo[static_cast<size_t>(rule)]; }
std::span<const RuleInfo> AllRules() { return kInfo; }

std::string_view SeverityText(Severity severity) {
  switch (severity) {
    case Severity::kOff: return "off";
    case Severity::kNote: return "note";
    case Severity::kWarning: return "warning";
    case Severity::kError: return "error";
  }
  return "off";
}

std::string JsonEscape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', static_cast<char>(c)};
    } else if (c < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

Report::Report(std::ostream& out, ReportOptions options) : out_(out), options_(options) {
  for (const RuleInfo& info : kInfo) {
    severity_[Index(info.rule)] = options_.variant ? options_.variant->SeverityOf(info.name, info.usual) : info.usual;
  }
}

void Report::BeginFile(std::string label) {
  file_ = std::move(label);
  shown_ = {};
  hidden_ = {};
}

// Notes may take a quarter of what is shown and warnings half, so that an error is never crowded out by them.
bool Report::Take(Rule rule) {
  const Severity severity = severity_[Index(rule)];
  if (severity == Severity::kOff) return false;
  const auto s = static_cast<size_t>(severity);
  const uint64_t most = options_.max_findings;
  const uint64_t share = severity == kError ? most : severity == kWarning ? (most + 1) / 2 : (most + 3) / 4;
  const uint64_t all = shown_[1] + shown_[2] + shown_[3];
  if (all >= most || shown_[s] >= share) {
    Count(rule, 1);
    return false;
  }
  ++by_rule_[Index(rule)];
  ++by_severity_[s];
  ++shown_[s];
  return true;
}

void Report::Count(Rule rule, uint64_t count) {
  const Severity severity = severity_[Index(rule)];
  if (severity == Severity::kOff) return;
  const auto s = static_cast<size_t>(severity);
  by_rule_[Index(rule)] += count;
  by_severity_[s] += count;
  hidden_[s] += count;
  hidden_total_ += count;
}

void Report::Show(Rule rule, const Place& place, std::string_view message, std::string_view remedy) {
  const RuleInfo& info = InfoOf(rule);
  const std::string_view severity = SeverityText(severity_[Index(rule)]);
  if (remedy.empty()) remedy = info.remedy;
  std::string text;
  if (options_.json) {
    text = StrCat("{\"file\":\"", JsonEscape(file_), "\",\"line\":", place.line, ",\"column\":", place.column,
                  ",\"field\":\"", JsonEscape(place.field), "\",\"chinese\":\"", JsonEscape(place.chinese),
                  "\",\"value\":\"", JsonEscape(place.value), "\",\"rule\":\"", info.name, "\",\"severity\":\"",
                  severity, "\",\"message\":\"", JsonEscape(message), "\",\"remedy\":\"", JsonEscape(remedy), "\"}\n");
  } else {
    text = StrCat(file_, ":");
    if (place.line) text += StrCat(place.line, ":");
    if (place.line && place.column) text += StrCat(place.column, ":");
    text += StrCat(" ", severity, " ", info.name);
    if (!place.field.empty()) text += StrCat(" ", place.field);
    if (!place.chinese.empty()) text += StrCat(" ", place.chinese);
    if (!place.value.empty()) text += StrCat(" \"", place.value, "\"");
    text += StrCat(" ", message, "; ", remedy, "\n");
  }
  out_ << text;
}

void Report::EndFile() {
  for (const Severity s : {kError, kWarning, kNote}) {
    const uint64_t hidden = hidden_[static_cast<size_t>(s)];
    if (hidden == 0) continue;
    if (options_.json) {
      out_ << StrCat("{\"file\":\"", JsonEscape(file_), "\",\"not_shown\":", hidden, ",\"severity\":\"",
                     SeverityText(s), "\"}\n");
    } else {
      out_ << StrCat(file_, ": ", hidden, " more findings of severity ", SeverityText(s),
                     " are counted and not shown; --max-findings shows more\n");
    }
  }
  hidden_ = {};
}

void Report::Summary(uint64_t files, uint64_t records, uint64_t passed_over) {
  if (options_.json) {
    out_ << StrCat("{\"summary\":true,\"files\":", files, ",\"records\":", records, ",\"passed_over\":", passed_over,
                   ",\"errors\":", count(kError), ",\"warnings\":", count(kWarning), ",\"notes\":", count(kNote),
                   ",\"not_shown\":", hidden_total_, ",\"rules\":{");
    std::string_view comma;
    for (const RuleInfo& info : kInfo) {
      if (count(info.rule) == 0) continue;
      out_ << StrCat(comma, "\"", info.name, "\":", count(info.rule));
      comma = ",";
    }
    out_ << "}}\n";
    return;
  }
  out_ << StrCat(files, files == 1 ? " file, " : " files, ", records,
                 records == 1 ? " record: " : " records: ", count(kError), " errors, ", count(kWarning), " warnings, ",
                 count(kNote), " notes");
  if (passed_over > 0) out_ << StrCat("; ", passed_over, " other files passed over");
  out_ << "\n";
  for (const RuleInfo& info : kInfo) {
    if (count(info.rule) == 0) continue;
    out_ << absl::StrFormat("  %8d  %-7s  %s\n", count(info.rule),
                            std::string(SeverityText(severity_[Index(info.rule)])), std::string(info.name));
  }
}

}  // namespace fundcore::ofd_tools
