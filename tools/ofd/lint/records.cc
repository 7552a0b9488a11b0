// Field by field.
#include "tools/ofd/lint/records.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/business_code.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::ofd_tools {

using ofd::Column;
using ofd::FieldKind;
using ofd::FieldState;
using ofd::Printable;
using ofd::RecordView;

namespace {

// Numbers that no business makes negative. Others, such as an adjustment or an income, may be: a note, told once.
constexpr std::string_view kNeverNegative[] = {"ApplicationAmount",
                                               "ApplicationVol",
                                               "ConfirmedAmount",
                                               "ConfirmedVol",
                                               "NAV",
                                               "AvailableVol",
                                               "TotalVolOfDistributorInTA",
                                               "TotalFrozenVol",
                                               "DividendAmount",
                                               "VolOfDividendforReinvestment",
                                               "BasisforCalculatingDividend",
                                               "DividendPerUnit",
                                               "FaceValue",
                                               "CfmVolOfTargetFund",
                                               "RateFee",
                                               "DiscountRateOfCommission",
                                               "FundSize",
                                               "TotalFundVol",
                                               "DrawBonusUnit",
                                               "RegCapital",
                                               "AnnualIncome"};

// How many records are looked at for texts that do not begin at the left: enough to see a sender's habit.
constexpr uint64_t kLeftRecords = 10'000;
constexpr size_t kToldMost = 4'096;

bool IsApplicationType(std::string_view type) { return type == "01" || type == "03" || type == "33"; }
bool IsConfirmationType(std::string_view type) { return type == "02" || type == "04" || type == "34"; }

// The last character of an 18-digit citizen number follows from the 17 digits before it (GB 11643, ISO 7064 MOD 11-2).
char IdCheckCharacter(std::string_view id) {
  static constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (int i = 0; i < 17; ++i) sum += kWeights[i] * (id[static_cast<size_t>(i)] - '0');
  return "10X98765432"[sum % 11];
}

bool IsTime(std::string_view text) {
  if (text.size() != 6) return false;
  for (const char c : text) {
    if (!ofd::IsDigit(c)) return false;
  }
  return text.substr(0, 2) < "24" && text[2] < '6' && text[4] < '6';
}

}  // namespace

RecordChecker::RecordChecker(const LintHead& head, const LintLayout& layout, const ofd::Variant& variant,
                             Report* report)
    : head_(head),
      layout_(*layout.layout),
      chinese_(layout.chinese),
      variant_(variant),
      report_(report),
      relations_(head, layout, variant, report) {
  const size_t columns = layout_.field_count();
  const size_t chunks = (layout_.record_bytes() + 15) / 16;
  low_.assign(chunks * 16, 0);
  high_.assign(chunks * 16, 0xff);
  first_column_.assign(chunks, 0);
  blank_told_.assign(columns, false);
  negative_told_ = left_told_ = core_number_ = blank_told_;
  good_text_.resize(columns);
  for (size_t i = 0; i < columns; ++i) {
    const Column c = layout_.column(i);
    const bool number = c.kind() == FieldKind::kNumber;
    std::fill_n(low_.begin() + c.offset(), c.width(), number ? '0' : ' ');
    std::fill_n(high_.begin() + c.offset(), c.width(), number ? '9' : '~');
    for (size_t chunk = (c.offset() + 15) / 16; chunk <= (c.offset() + c.width() - 1) / 16; ++chunk) {
      if (chunk * 16 < c.offset() + size_t{c.width()} && chunk * 16 >= c.offset()) {
        first_column_[chunk] = static_cast<uint16_t>(i);
      }
    }
    const std::string& name = layout_.name(i);
    const auto named = [&](std::string_view other) { return ofd::EqualsIgnoreCase(name, other); };
    if (number) {
      core_number_[i] = std::any_of(std::begin(kNeverNegative), std::end(kNeverNegative), named);
      continue;
    }
    texts_.push_back(c);
    const ofd::FieldDef def{.name = name, .kind = c.kind(), .width = c.width()};
    Special s{.column = c, .kind = Kind::kCode, .values = ofd::FindValues(head.header.type, name)};
    if (named("BusinessCode")) {
      s.kind = Kind::kBusiness;
    } else if (named("ReturnCode")) {
      s.kind = Kind::kReturnCode;
    } else if (ofd::IsDateField(def)) {
      s.kind = Kind::kDate;
    } else if (ofd::IsTimeField(def)) {
      s.kind = Kind::kTime;
    } else if (!s.values) {
      continue;
    } else if (c.width() == 1) {
      s.kind = Kind::kOneByteCode;
      s.allowed[' '] = true;
      for (const ofd::ValueMeaning& v : s.values->values) {
        if (v.code.size() == 1) s.allowed[static_cast<unsigned char>(v.code[0])] = true;
      }
    }
    special_.push_back(std::move(s));
  }
  if (chunks > 0) first_column_[0] = 0;
  certificate_ = layout_.Find("CertificateNo");
  certificate_type_ = layout_.Find("CertificateType");
  individual_ = layout_.Find("IndividualOrInstitution");
  birthday_ = layout_.Find("InvestorsBirthday");
}

Place RecordChecker::At(Column c, const RecordView& record) const {
  return {.line = record.line(),
          .column = c.offset() + 1,
          .field = layout_.name(c.index()),
          .chinese = chinese_[c.index()],
          .value = Printable(c.kind() == FieldKind::kNumber ? record.Raw(c) : record.Text(c))};
}

bool RecordChecker::FirstTime(Column c, std::string_view value) {
  if (told_.size() >= kToldMost) return false;
  return told_.emplace(c.index(), std::string(value)).second;
}

void RecordChecker::Check(std::string_view bytes, uint64_t line) {
  CheckBytes(bytes, line);
  const RecordView record(bytes, line, &layout_);
  for (Special& s : special_) {
    const std::string_view raw = record.Raw(s.column);
    if (s.kind == Kind::kOneByteCode) {
      if (s.allowed[static_cast<unsigned char>(raw[0])]) continue;
    } else if (raw == s.good) {
      continue;
    }
    CheckSpecial(&s, record);
  }
  if (records_++ < kLeftRecords) {
    for (const Column c : texts_) {
      if (bytes[c.offset()] != ' ' || left_told_[c.index()] || record.IsBlank(c)) continue;
      left_told_[c.index()] = true;
      if (report_->Take(Rule::kTextNotLeft)) {
        report_->Show(Rule::kTextNotLeft, At(c, record), "begins with a space (the first record where it does)");
      }
    }
  }
  CheckCertificate(record);
  relations_.Check(record);
}

void RecordChecker::CheckBytes(std::string_view bytes, uint64_t line) {
  const char* const data = bytes.data();
  const size_t whole = bytes.size() / 16;
  size_t done = 0;  // columns before this one have been looked at singly
  const auto look = [&](size_t chunk) {
    const RecordView record(bytes, line, &layout_);
    size_t i = std::max<size_t>(done, first_column_[chunk]);
    for (; i < layout_.field_count() && layout_.column(i).offset() < (chunk + 1) * 16; ++i) CheckColumn(i, record);
    done = std::max(done, i);
  };
  for (size_t chunk = 0; chunk < whole; ++chunk) {
    Chunk b, low, high;
    std::memcpy(&b, data + chunk * 16, 16);
    std::memcpy(&low, low_.data() + chunk * 16, 16);
    std::memcpy(&high, high_.data() + chunk * 16, 16);
    const auto wrong = (b < low) | (b > high);
    uint64_t half[2];
    std::memcpy(half, &wrong, 16);
    if ((half[0] | half[1]) != 0) [[unlikely]]
      look(chunk);
  }
  for (size_t i = whole * 16; i < bytes.size(); ++i) {
    const auto b = static_cast<unsigned char>(data[i]);
    if (b >= low_[i] && b <= high_[i]) continue;
    look(whole);
    break;
  }
}

void RecordChecker::CheckColumn(size_t index, const RecordView& record) {
  if (layout_.column(index).kind() == FieldKind::kNumber) {
    CheckNumber(index, record);
  } else {
    CheckText(index, record);
  }
}

void RecordChecker::CheckNumber(size_t index, const RecordView& record) {
  const Column c = layout_.column(index);
  int64_t value = 0;
  switch (record.ReadNumber(c, &value)) {
    case FieldState::kPresent: break;
    case FieldState::kBlank:
      if (blank_told_[index]) return;
      blank_told_[index] = true;
      if (report_->Take(Rule::kNumberBlank)) {
        Place place = At(c, record);
        place.value.clear();
        report_->Show(Rule::kNumberBlank, place,
                      StrCat("is blank (", DescribeForm(c), "; the first record where it is)"));
      }
      return;
    case FieldState::kMalformed:
      if (report_->Take(Rule::kFieldNotDigits)) {
        const bool digits = record.Raw(c).find_first_not_of("0123456789") == std::string_view::npos;
        report_->Show(
            Rule::kFieldNotDigits, At(c, record),
            StrCat(digits ? "is larger than any number handled (" : "is not a number (", DescribeForm(c), ")"));
      }
      return;
  }
  if (value >= 0) return;
  if (core_number_[index]) {
    if (report_->Take(Rule::kNumberNegative)) report_->Show(Rule::kNumberNegative, At(c, record), "is negative");
  }
}

void RecordChecker::CheckText(size_t index, const RecordView& record) {
  const Column c = layout_.column(index);
  const std::string_view raw = record.Raw(c);
  std::string& good = good_text_[index];
  if (raw == good) return;
  const auto odd = std::find_if(raw.begin(), raw.end(), [](char ch) {
    const auto b = static_cast<unsigned char>(ch);
    return b < 0x20 || b == 0x7f;
  });
  if (odd != raw.end()) {
    if (report_->Take(Rule::kTextControl)) {
      Place place = At(c, record);
      place.column += static_cast<uint64_t>(odd - raw.begin());
      report_->Show(Rule::kTextControl, place, "holds a control character");
    }
    return;
  }
  const auto utf8 = ofd::ToUtf8(raw);
  if (utf8.ok()) {
    good = raw;
    return;
  }
  if (report_->Take(Rule::kTextNotGb18030)) {
    const auto& m = utf8.status().message();
    report_->Show(Rule::kTextNotGb18030, At(c, record), StrCat("is ", std::string_view(m.data(), m.size())));
  }
}

void RecordChecker::CheckSpecial(Special* s, const RecordView& record) {
  const Column c = s->column;
  const std::string_view text = record.Text(c);
  if (text.empty()) return;
  const std::string_view type = head_.header.type.view();
  switch (s->kind) {
    case Kind::kDate:
      // Zeros are a blank, and nines mean that there is no end.
      if (text == "00000000" || text == "99999999" || ofd::ParseFileDate(text).is_set()) break;
      if (report_->Take(Rule::kDateNotReal)) {
        report_->Show(Rule::kDateNotReal, At(c, record), "is not a date that exists (yyyymmdd)");
      }
      return;
    case Kind::kTime:
      if (IsTime(text)) break;
      if (report_->Take(Rule::kTimeNotReal)) {
        report_->Show(Rule::kTimeNotReal, At(c, record), "is not a time of day (hhmmss)");
      }
      return;
    case Kind::kOneByteCode:
    case Kind::kCode: {
      const auto& values = s->values->values;
      if (std::any_of(values.begin(), values.end(), [&](const auto& v) { return v.code == text; })) break;
      if (s->values->closed) {
        if (report_->Take(Rule::kValueWrong)) {
          std::string list;
          for (const ofd::ValueMeaning& v : values) {
            if (list.size() > 120) break;
            list += StrCat(list.empty() ? "" : ", ", v.code, " ", v.chinese);
          }
          report_->Show(Rule::kValueWrong, At(c, record), StrCat("is not a value of this field (", list, ")"));
        }
      } else if (FirstTime(c, text) && report_->Take(Rule::kValueUnlisted)) {
        report_->Show(Rule::kValueUnlisted, At(c, record),
                      "is not among the values known for this field (told at its first record)");
      }
      return;
    }
    case Kind::kBusiness: {
      const auto code = ofd::ParseBusinessCode(text);
      if (!code || ofd::BusinessCodeName(*code).empty()) {
        if (FirstTime(c, text) && report_->Take(Rule::kBusinessUnknown)) {
          report_->Show(Rule::kBusinessUnknown, At(c, record),
                        "is not a business code of the standard (told at its first record)");
        }
        return;
      }
      const bool confirmation = text[0] == '1';
      if ((IsApplicationType(type) && confirmation) || (IsConfirmationType(type) && !confirmation)) {
        if (report_->Take(Rule::kBusinessDirection)) {
          report_->Show(Rule::kBusinessDirection, At(c, record),
                        StrCat(ofd::BusinessCodeName(*code), confirmation ? " as a confirmation" : " as an application",
                               " does not belong in a file of type ", type));
        }
        return;
      }
      break;
    }
    case Kind::kReturnCode:
      if (!variant_.ReturnCodeMeaning(text).empty()) break;
      if (FirstTime(c, text) && report_->Take(Rule::kReturnCodeUnknown)) {
        report_->Show(Rule::kReturnCodeUnknown, At(c, record),
                      "is not a return code that is known (told at its first record)");
      }
      return;
  }
  s->good = record.Raw(c);
}

// Only where the record says that it is a person's identity card.
void RecordChecker::CheckCertificate(const RecordView& record) {
  if (!certificate_.present() || !certificate_type_.present() || !individual_.present()) return;
  if (record.Text(certificate_type_) != "0" || record.Text(individual_) != "1") return;
  const std::string_view id = record.Text(certificate_);
  if (id.size() == 15 || id.empty()) return;  // the form before 1999 has no check digit
  const bool digits = id.size() == 18 && id.substr(0, 17).find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || ofd::UpperOf(id[17]) != IdCheckCharacter(id)) {
    if (!report_->Take(Rule::kIdCheckDigit)) return;
    return report_->Show(
        Rule::kIdCheckDigit, At(certificate_, record),
        digits ? StrCat("ends in the wrong check digit, ", std::string(1, IdCheckCharacter(id)), " would be right")
               : std::string("is not an identity card's number of 17 digits and a check digit"));
  }
  if (!birthday_.present() || record.IsBlank(birthday_) || record.Text(birthday_) == id.substr(6, 8)) return;
  if (report_->Take(Rule::kBirthdayDiffers)) {
    report_->Show(Rule::kBirthdayDiffers, At(birthday_, record),
                  StrCat("is not the birthday in the certificate's number, ", Printable(id.substr(6, 8))));
  }
}

}  // namespace fundcore::ofd_tools
