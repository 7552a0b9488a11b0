// Reading the institution's files: what a whole file must be, and which line is whose.
#include "services/clearing/answer_file.h"

#include <algorithm>

#include "absl/strings/string_view.h"
#include "common/ofd/business_code.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::clearing {

using ofd::Column;
using ofd::FieldState;
using ofd::RecordView;

namespace {

// A file's number in the scale that we keep: blank is zero. Only after it was seen to be a number.
int64_t Scaled(const RecordView& r, Column c, int decimals) {
  int64_t v = 0;
  if (r.ReadNumber(c, &v) != FieldState::kPresent) return 0;
  for (int d = c.decimals(); d < decimals; ++d) v *= 10;
  for (int d = c.decimals(); d > decimals; --d) v /= 10;
  return v;
}

// The same of a figure whose sign is a field of its own: "1" is minus.
int64_t Signed(const RecordView& r, Column c, Column sign, int decimals) {
  const int64_t v = Scaled(r, c, decimals);
  return sign.present() && r.Text(sign) == "1" ? -v : v;
}

int32_t DayIn(const RecordView& r, Column c) {
  Date d;
  return r.ReadDate(c, &d) == FieldState::kPresent ? d.raw() : 0;
}

uint32_t Business(const RecordView& r, Column c) {
  const auto code = ofd::ParseBusinessCode(r.Text(c));
  return code ? static_cast<uint32_t>(*code) : 0;
}

std::string Utf8(const RecordView& r, Column c) {
  const std::string_view text = r.Text(c);
  return ofd::IsAscii(text) ? std::string(text) : ofd::Printable(text, 200);
}

// Confirmations that only an order of ours can have.
bool AnswersAnOrder(uint32_t business) {
  return (business >= 120 && business <= 125) || business == 130 || business == 146 || business == 152 || business == 153 ||
         (business >= 136 && business <= 139) || (business >= 159 && business <= 163);
}

// The bulk of every file: it has figures, and nothing beyond them that counts.
bool Plain(uint32_t business) {
  return AnswersAnOrder(business) || business == 139 || business == 142 || business == 149 || business == 163;
}

bool SameVersion(ofd::Version a, uint8_t b) { return static_cast<uint8_t>(a) == b; }

}  // namespace

AnswerFile::AnswerFile(FileType type, std::string name, std::string bytes, const Expectation& expectation)
    : type_(type), name_(std::move(name)), bytes_(std::move(bytes)), expected_(expectation) {
  lines_.resize(expected_.partitions);
  balances_.resize(expected_.partitions);
  balance_details_.resize(expected_.partitions);
}

const ofd::Variant& AnswerFile::variant() const {
  static const ofd::Variant* const standard = new ofd::Variant;
  return expected_.variant ? *expected_.variant : *standard;
}

bool AnswerFile::IsReturnCode(std::string_view code) const {
  return code.size() == ReturnCode::kMax || variant().return_codes.contains(std::string(code));
}

std::string AnswerFile::StandardCode(std::string_view code, std::string* detail) const {
  std::string text(code);
  const auto own = variant().return_codes.find(text);
  if (own == variant().return_codes.end()) return text;
  *detail = StrCat(code, " ", own->second.meaning, detail->empty() ? "" : "; ", *detail);
  if (code.size() == ReturnCode::kMax && ofd::IsRefusal(code) == own->second.refusal) return text;
  return own->second.refusal ? "9999" : "0000";
}

uint16_t AnswerFile::header_transfer() const { return reader_ ? reader_->header().transfer_no.raw() : 0; }

std::vector<uint16_t> AnswerFile::partitions_with_lines() const {
  std::vector<uint16_t> out;
  for (uint16_t p = 0; p < expected_.partitions; ++p)
    if (!lines_[p].empty() || !balances_[p].empty()) out.push_back(p);
  return out;
}

bool AnswerFile::Damage(absl::Status status) {
  damage_ = std::move(status);
  return false;
}

bool AnswerFile::Open() {
  // The head is compared below with what is expected, so that a wrong one is called that, and not a damaged file.
  ofd::ReaderOptions options = variant().reader_options();
  options.check_name = false;
  auto reader = ofd::Reader::Open(name_, bytes_, std::move(options));
  if (!reader.ok()) return Damage(reader.status());
  reader_.emplace(*std::move(reader));
  const ofd::Header& h = reader_->header();
  const auto differ = [&](std::string_view what, std::string_view found, std::string_view expected) {
    if (found == expected) return;
    header_fault_ +=
        StrCat(header_fault_.empty() ? "" : "; ", what, " is \"", found, "\", expected \"", expected, "\"");
  };
  differ("creator", h.creator.view(), expected_.ta.view());
  differ("receiver", h.receiver.view(), expected_.distributor.view());
  differ("date", h.date.Compact(), expected_.date.Compact());
  differ("type", h.type.view(), type_.view());
  if (!SameVersion(h.version, expected_.version))
    differ("version", ofd::VersionText(h.version), StrCat(int{expected_.version}));

  if (auto name = ofd::FileName::Parse(name_); name.ok()) {
    differ("creator in the name", name->creator.view(), expected_.ta.view());
    differ("receiver in the name", name->receiver.view(), expected_.distributor.view());
    differ("date in the name", name->date.Compact(), expected_.date.Compact());
  }

  struct Want {
    Column* column;
    const char* name;
    bool required;
  };
  std::vector<Want> wants;
  if (type_.view() == "04") {
    wants = {{&c_.serial, "AppSheetSerialNo", true},
             {&c_.confirm_day, "TransactionCfmDate", true},
             {&c_.vol, "ConfirmedVol", true},
             {&c_.amount, "ConfirmedAmount", true},
             {&c_.fund, "FundCode", true},
             {&c_.apply_day, "TransactionDate", false},
             {&c_.code, "ReturnCode", true},
             {&c_.account, "TransactionAccountID", true},
             {&c_.distributor, "DistributorCode", false},
             {&c_.business, "BusinessCode", true},
             {&c_.ta_account, "TAAccountID", false},
             {&c_.ta_serial, "TASerialNO", true},
             {&c_.finish, "BusinessFinishFlag", false},
             {&c_.charge, "Charge", false},
             {&c_.agency_fee, "AgencyFee", false},
             {&c_.other_fee1, "OtherFee1", false},
             {&c_.nav, "NAV", false},
             {&c_.interest, "Interest", false},
             {&c_.interest_vol, "VolumeByInterest", false},
             {&c_.detail, "DetailFlag", false},
             {&c_.error, "ErrorDetail", false},
             {&c_.original_sheet, "OriginalAppSheetNo", false},
             {&c_.redemption_day, "RedemptionDateInAdvance", false},
             {&c_.subscription_day, "FutureSubscribeDate", false},
             {&c_.applied_vol, "ApplicationVol", false},
             {&c_.applied_amount, "ApplicationAmount", false},
             {&c_.percent, "SalePercent", false},
             {&c_.method, "DefDividendMethod", false},
             {&c_.frozen_cause, "FrozenCause", false},
             {&c_.frozen_method, "FrozenMethod", false},
             {&c_.adjustment, "SharesAdjustmentFlag", false},
             {&c_.transfer_direction, "TransferDirection", false},
             {&c_.registered, "ShareRegisterDate", false},
             {&c_.original, "OriginalSerialNo", false},
             {&c_.target_fund, "CodeOfTargetFund", false},
             {&c_.target_vol, "CfmVolOfTargetFund", false},
             {&c_.target_nav, "TargetNAV", false},
             {&c_.difference_fee, "RecuperateFee", false}};
  } else if (type_.view() == "02") {
    wants = {{&c_.serial, "AppSheetSerialNo", true},
             {&c_.confirm_day, "TransactionCfmDate", true},
             {&c_.code, "ReturnCode", true},
             {&c_.account, "TransactionAccountID", true},
             {&c_.business, "BusinessCode", true},
             {&c_.ta_account, "TAAccountID", true},
             {&c_.ta_serial, "TASerialNO", false},
             {&c_.error, "ErrorDetail", false},
             {&c_.cause, "FrozenCause", false},
             {&c_.until, "FreezingDeadline", false},
             {&c_.target, "TargetTransactionAccountID", false},
             {&c_.from_ta, "FromTAFlag", false},
             {&c_.certificate_type, "CertificateType", false},
             {&c_.certificate_no, "CertificateNo", false},
             {&c_.distributor, "DistributorCode", false}};
  } else if (type_.view() == "R2") {
    wants = {{&c_.serial, "AppSheetSerialNo", true},
             {&c_.confirm_day, "TransactionCfmDate", true},
             {&c_.ta_serial, "TASerialNO", false},
             {&c_.code, "ReturnCode", true},
             {&c_.error, "ErrorDetail", false}};
  } else if (type_.view() == "05") {
    wants = {{&c_.total_vol, "TotalVolOfDistributorInTA", true},
             {&c_.fund, "FundCode", true},
             {&c_.account, "TransactionAccountID", true},
             {&c_.ta_account, "TAAccountID", false},
             {&c_.detail, "DetailFlag", false},
             {&c_.frozen_vol, "TotalFrozenVol", false},
             {&c_.method, "DefDividendMethod", false},
             {&c_.income, "UndistributeMonetaryIncome", false},
             {&c_.income_sign, "UndistributeMonetaryIncomeFlag", false},
             {&c_.distributor, "DistributorCode", false}};
  } else if (type_.view() == "06") {
    wants = {{&c_.base, "BasisforCalculatingDividend", true},
             {&c_.confirm_day, "TransactionCfmDate", true},
             {&c_.reinvested, "VolOfDividendforReinvestment", true},
             {&c_.pay_day, "DividentDate", false},
             {&c_.dividend, "DividendAmount", true},
             {&c_.ex_day, "XRDate", false},
             {&c_.amount, "ConfirmedAmount", true},
             {&c_.fund, "FundCode", true},
             {&c_.record_day, "RegistrationDate", false},
             {&c_.code, "ReturnCode", true},
             {&c_.account, "TransactionAccountID", true},
             {&c_.distributor, "DistributorCode", false},
             {&c_.ta_account, "TAAccountID", false},
             {&c_.per_unit, "DividendPerUnit", true},
             {&c_.method, "DefDividendMethod", false},
             {&c_.nav, "NAV", false},
             {&c_.ta_serial, "TASerialNO", true},
             {&c_.per_units, "DrawBonusUnit", false},
             {&c_.business, "BusinessCode", false},
             {&c_.held, "FrozenBalance", false},
             {&c_.held_vol, "FrozenSharesforReinvest", false},
             {&c_.kind, "DividendType", false}};
  } else if (type_.view() == "07") {
    wants = {{&c_.fund, "FundCode", true},
             {&c_.nav, "NAV", true},
             {&c_.status, "FundStatus", false},
             {&c_.price_day, "UpdateDate", true},
             {&c_.price_type, "NetValueType", false},
             {&c_.income, "FundIncome", false},
             {&c_.income_sign, "FundIncomeFlag", false},
             {&c_.convert_status, "ConvertStatus", false},
             {&c_.total_vol, "TotalFundVol", false}};
  } else {
    wants = {{&c_.fund, "FundCode", true},          {&c_.business, "BusinessCode", true},
             {&c_.amount, "ConfirmedAmount", true}, {&c_.direction, "ReceOrPayFlag", true},
             {&c_.pay_day, "PayDate", true},        {&c_.detail, "DetailFlag", false}};
  }
  // A file of the wrong type is not looked into: its head is what is wrong with it.
  if (!header_fault_.empty()) return false;
  for (const Want& w : wants) {
    if (!w.required) {
      *w.column = reader_->Find(w.name);
      continue;
    }
    auto column = reader_->Require(w.name);
    if (!column.ok()) return Damage(column.status());
    *w.column = *column;
  }
  const uint64_t each = reader_->record_count() / expected_.partitions + 16;
  const bool by_line = type_.view() == "04" || type_.view() == "02" || type_.view() == "06" || type_.view() == "R2";
  // The head's count may lie; the bytes that are there bound what is set aside for it.
  if (by_line && reader_->record_count() <= bytes_.size() / 50) {
    for (auto& list : lines_) list.reserve(each);
    if (type_.view() == "04")
      serials_seen_.reserve(reader_->record_count()), orders_seen_.reserve(reader_->record_count());
  }
  return true;
}

bool AnswerFile::ReadOn(size_t records) {
  if (finished_) return false;
  finished_ = true;  // unless the end of this function is reached
  if (!opened_) {
    opened_ = true;
    if (!Open()) return false;
  }
  RecordView r;
  while (records-- > 0) {
    if (!reader_->Next(&r)) {
      if (!reader_->status().ok()) return Damage(reader_->status());
      MergeBalances();
      CompareParts();
      return false;
    }
    ++records_;
    if (auto s = r.Check(); !s.ok()) return Damage(std::move(s));  // a file is right in every field or is not used
    if (!ReadRecord(r)) return false;
  }
  finished_ = false;
  return true;
}

bool AnswerFile::CheckNumbers(const RecordView& r, std::initializer_list<Column> columns) {
  int64_t v;
  for (Column c : columns)
    if (r.ReadNumber(c, &v) == FieldState::kMalformed) [[unlikely]]
      return Damage(r.Number(c).status());
  return true;
}

bool AnswerFile::CheckDates(const RecordView& r, std::initializer_list<Column> columns) {
  Date d;
  for (Column c : columns)
    if (r.ReadDate(c, &d) == FieldState::kMalformed) [[unlikely]]
      return Damage(r.Date(c).status());
  return true;
}

void AnswerFile::Fault(const RecordView& r, BreakKind kind, std::string_view rule, Column column,
                       std::string_view field, std::string expected, OrderId order, std::string_view why) {
  Finding f;
  f.kind = kind;
  f.type = type_;
  f.file_name = name_;
  f.line = records_;
  f.field = field;
  f.expected = std::move(expected);
  f.found = Utf8(r, column);
  f.rule = rule;
  f.order = order;
  f.message = StrCat(field, " \"", f.found, "\" ", why);
  // One break a line: what else is wrong with it goes into the same finding.
  if (!faults_.empty() && faults_.back().line == f.line) {
    faults_.back().message += StrCat("; ", f.message);
    return;
  }
  faults_.push_back(std::move(f));
}

std::optional<uint16_t> AnswerFile::Route(const RecordView& r, InvestorId* investor) const {
  if (!ParseInvestorId(r.Text(c_.account), investor)) return std::nullopt;
  const uint16_t p = PartitionOf(*investor).raw();
  if (p >= expected_.partitions) return std::nullopt;
  return p;
}

bool AnswerFile::ReadRecord(const RecordView& r) {
  const std::string_view type = type_.view();
  if (type == "04") return ReadConfirmation(r);
  if (type == "02") return ReadAccountLine(r);
  if (type == "R2") return ReadTaxLine(r);
  if (type == "05") return ReadBalance(r);
  if (type == "06") return ReadDividend(r);
  if (type == "07") return ReadPrice(r);
  return ReadCash(r);
}

bool AnswerFile::ReadConfirmation(const RecordView& r) {
  if (!CheckNumbers(
          r, {c_.vol, c_.amount, c_.charge, c_.agency_fee, c_.other_fee1, c_.nav, c_.interest, c_.interest_vol,
              c_.target_vol, c_.target_nav, c_.difference_fee,
              c_.applied_vol, c_.applied_amount, c_.percent}) ||
      !CheckDates(r, {c_.confirm_day, c_.apply_day, c_.registered, c_.redemption_day, c_.subscription_day})) {
    return false;
  }
  if (r.Text(c_.detail) == "1") return true;  // explains its main record; counted there
  if (!ofd::ParseBusinessCode(r.Text(c_.business)))
    return Damage(r.Error(c_.business, "is no business code of three digits").ToStatus());
  if (!IsReturnCode(r.Text(c_.code)))
    return Damage(r.Error(c_.code, "is no return code of four characters").ToStatus());

  const BreakKind differs = BreakKind::kConfirmationDiffers;
  const uint32_t business = Business(r, c_.business);
  Line line;
  line.offset = static_cast<uint64_t>(r.bytes().data() - bytes_.data());
  line.record = records_;
  const std::string_view serial = r.Text(c_.serial);
  // The result of a reservation, what is said of an order's money, and a change of a subscription that nobody asked for may come
  // under a number of the institution's own, and name ours as the original.
  const bool of_money = business == 140 || business == 141 || business == 154;
  const bool of_original = of_money || business == 162 || business == 120 || business == 122 || business == 124 || business == 130;
  if (!ParseOrderId(serial, &line.order) && !(of_original && ParseOrderId(r.Text(c_.original_sheet), &line.order))) {
    line.order = OrderId();
    if (AnswersAnOrder(business))
      Fault(r, differs, "UNKNOWN_ORDER", c_.serial, "AppSheetSerialNo", "", {}, "is no order number of ours");
  }
  const bool interim = r.Text(c_.finish) == "0";
  if (IsInKind(business)) line.order = OrderId();  // none of ours, whatever its number looks like
  if (line.order.is_set()) {
    if (!of_money) answered_.push_back(line.order);
    const bool receives = business == 121 || business == 123 || business == 125;
    if (receives && !variant().IsRefusal(r.Text(c_.code))) receipts_.push_back(line.order);
    // The same order may be answered by a receipt (120) and a result (130), and any number of times in between.
    const uint64_t key = line.order.raw() | uint64_t{business % 128} << 57;
    if (!interim && !orders_seen_.insert(key).second) {
      Fault(r, BreakKind::kDuplicateLine, "DUPLICATE_ORDER", c_.serial, "AppSheetSerialNo", "once", line.order,
            "is confirmed a second time in this file");
    }
  }
  const std::string_view ta_serial = r.Text(c_.ta_serial);
  if (ta_serial.empty() || !serials_seen_.insert(ta_serial).second) {
    Fault(r, BreakKind::kDuplicateLine, "DUPLICATE_SERIAL", c_.ta_serial, "TASerialNO", "once", line.order,
          ta_serial.empty() ? "is blank" : "stands in this file a second time");
  }
  if (DayIn(r, c_.confirm_day) != expected_.date.raw()) {
    Fault(r, differs, "WRONG_CONFIRM_DAY", c_.confirm_day, "TransactionCfmDate", expected_.date.Compact(), line.order,
          "is not the day of this file");
  }
  if (!r.IsBlank(c_.distributor) && r.Text(c_.distributor) != expected_.distributor.view()) {
    Fault(r, differs, "WRONG_DISTRIBUTOR", c_.distributor, "DistributorCode", expected_.distributor.str(), line.order,
          "is not us");
  }
  if (IsInKind(business)) return ReadInKind(r), true;
  auto partition = Route(r, &line.investor);
  if (!partition && business == 154) {
    // Money that fits nothing may be nobody's: account takes it where the order is that it names, or in its first partition.
    line.investor = InvestorId();
    const uint16_t named = line.order.is_set() ? PartitionOf(line.order).raw() : uint16_t{0};
    partition = named < expected_.partitions ? named : uint16_t{0};
    if (named != *partition) line.order = OrderId();
  }
  if (!partition) {
    Fault(r, differs, "UNKNOWN_INVESTOR", c_.account, "TransactionAccountID", "", line.order,
          "is no trading account of ours");
  } else if (line.order.is_set() && PartitionOf(line.order).raw() != *partition) {
    Fault(r, differs, "ORDER_OF_ANOTHER_INVESTOR", c_.serial, "AppSheetSerialNo", "", line.order,
          StrCat("is no order of trading account ", r.Text(c_.account)));
  } else {
    if (business == 143 && FundCode::Fits(r.Text(c_.fund))) {
      dividends_told_.push_back({{line.investor, FundCode(r.Text(c_.fund))}, line.record});
    }
    lines_[*partition].push_back(line);
    ReadRest(r, line, interim);
    if (business == 130) ReadOffer(r, line);
    return true;
  }
  if (line.order.is_set()) unrouted_.push_back(line.order);
  return true;
}

// Large redemptions: what goes on, and what was withdrawn of it.
void AnswerFile::ReadRest(const RecordView& r, const Line& line, bool interim) {
  const uint32_t business = Business(r, c_.business);
  OrderId original;
  const bool withdraws = business == 152 || business == 153;
  if (withdraws && ParseOrderId(r.Text(c_.original_sheet), &original) && !variant().IsRefusal(r.Text(c_.code))) {
    answered_.push_back(original);  // its rest or reservation is off, so that no line of its own is due
  }
  if ((business != 124 && business != 163) || !line.order.is_set() || !FundCode::Fits(r.Text(c_.fund))) return;
  if (variant().IsRefusal(r.Text(c_.code))) return;
  const FundCode fund(r.Text(c_.fund));
  if (interim) deferred_.push_back({fund, line.order, line.investor});
  const Units applied = Units::FromRaw(Scaled(r, c_.applied_vol, 2)), confirmed = Units::FromRaw(Scaled(r, c_.vol, 2));
  if (confirmed >= applied) return;
  parts_.push_back({fund, Date::FromRaw(DayIn(r, c_.apply_day)), applied, confirmed, line.record, line.order,
                    interim || r.Text(c_.code) == "0410"});
}

// An offer that was cut says to how much. The field's decimals cannot hold the ratio: checked against, never computed from.
void AnswerFile::ReadOffer(const RecordView& r, const Line& line) {
  const int64_t percent = Scaled(r, c_.percent, 8);
  constexpr int64_t kWhole = 100'000'000;
  if (percent <= 0 || percent >= kWhole || variant().IsRefusal(r.Text(c_.code))) return;
  const bool by_units = Scaled(r, c_.applied_vol, 2) > 0;
  const int64_t applied = Scaled(r, by_units ? c_.applied_vol : c_.applied_amount, 2);
  const int64_t confirmed =
      by_units ? Scaled(r, c_.vol, 2) - Scaled(r, c_.interest_vol, 2) : Scaled(r, c_.amount, 2);
  if (applied <= 0) return;
  int64_t step = kWhole;
  for (int d = c_.percent.decimals(); d > 0; --d) step /= 10;
  const __int128 exact = static_cast<__int128>(applied) * percent;
  const __int128 tolerance = static_cast<__int128>(applied) * std::max<int64_t>(step, 1) + kWhole;  // and one fen
  const __int128 off = static_cast<__int128>(confirmed) * kWhole - exact;
  if (off <= tolerance && off >= -tolerance) return;
  Fault(r, BreakKind::kConfirmationDiffers, "SALE_PERCENT_DIFFERS", by_units ? c_.vol : c_.amount,
        by_units ? "ConfirmedVol" : "ConfirmedAmount", StrCat(Money::FromRaw(static_cast<int64_t>(exact / kWhole)).ToString()),
        line.order, "is another part of what was applied for than SalePercent says");
}

// A line of R2 names an application and nobody else: whose it is, account knows.
bool AnswerFile::ReadTaxLine(const RecordView& r) {
  if (!CheckDates(r, {c_.confirm_day})) return false;
  if (!IsReturnCode(r.Text(c_.code)))
    return Damage(r.Error(c_.code, "is no return code of four characters").ToStatus());
  Line line;
  line.offset = static_cast<uint64_t>(r.bytes().data() - bytes_.data());
  line.record = records_;
  const bool ours = ParseOrderId(r.Text(c_.serial), &line.order) && PartitionOf(line.order).raw() < expected_.partitions;
  if (!ours) {
    Fault(r, BreakKind::kAccountConfirmationDiffers, "UNKNOWN_APPLICATION", c_.serial, "AppSheetSerialNo", "", {},
          "is no application of ours");
    return true;
  }
  lines_[PartitionOf(line.order).raw()].push_back(line);
  return true;
}

bool AnswerFile::ReadAccountLine(const RecordView& r) {
  if (!CheckDates(r, {c_.confirm_day, c_.until})) return false;
  if (!ofd::ParseBusinessCode(r.Text(c_.business)))
    return Damage(r.Error(c_.business, "is no business code of three digits").ToStatus());
  if (!IsReturnCode(r.Text(c_.code)))
    return Damage(r.Error(c_.code, "is no return code of four characters").ToStatus());
  Line line;
  line.offset = static_cast<uint64_t>(r.bytes().data() - bytes_.data());
  line.record = records_;
  if (!ParseOrderId(r.Text(c_.serial), &line.order)) line.order = OrderId();
  auto partition = Route(r, &line.investor);
  const ofd::BusinessCode asked = *ofd::ParseBusinessCode(r.Text(c_.business));
  const bool moves = asked == ofd::BusinessCode::kChangeTradingAccountConfirmed;
  // The number so far is none of ours then; the one from now on is.
  if (!partition && moves && ParseInvestorId(r.Text(c_.target), &line.investor) &&
      PartitionOf(line.investor).raw() < expected_.partitions) {
    partition = PartitionOf(line.investor).raw();
  }
  if (!partition) {
    Fault(r, BreakKind::kAccountConfirmationDiffers, "UNKNOWN_INVESTOR", c_.account, "TransactionAccountID", "",
          line.order, "is no trading account of ours");
    return true;
  }
  if (variant().IsRefusal(r.Text(c_.code))) {
    const std::string_view code = r.Text(c_.code);
    const ofd::BusinessCode business = *ofd::ParseBusinessCode(r.Text(c_.business));
    const bool opens = business == ofd::BusinessCode::kOpenAccountConfirmed;
    if (opens && (code == "0303" || code == "0390")) {
      registered_already_.insert(line.investor);
    } else if (opens || moves || business == ofd::BusinessCode::kAddTradingAccountConfirmed) {
      unconfirmed_.insert(line.investor);  // of another business no order hangs on the answer
    }
  }
  lines_[*partition].push_back(line);
  return true;
}

bool AnswerFile::ReadDividend(const RecordView& r) {
  if (!CheckNumbers(r, {c_.base, c_.reinvested, c_.dividend, c_.amount, c_.per_unit, c_.per_units, c_.nav, c_.held,
                        c_.held_vol}) ||
      !CheckDates(r, {c_.confirm_day, c_.pay_day, c_.ex_day, c_.record_day})) {
    return false;
  }
  Line line;
  line.offset = static_cast<uint64_t>(r.bytes().data() - bytes_.data());
  line.record = records_;
  const std::string_view ta_serial = r.Text(c_.ta_serial);
  if (ta_serial.empty() || !serials_seen_.insert(ta_serial).second) {
    Fault(r, BreakKind::kDuplicateLine, "DUPLICATE_SERIAL", c_.ta_serial, "TASerialNO", "once", {},
          ta_serial.empty() ? "is blank" : "stands in this file a second time");
  }
  const BreakKind differs = BreakKind::kDividendDiffers;
  if (DayIn(r, c_.confirm_day) != expected_.date.raw()) {
    Fault(r, differs, "WRONG_CONFIRM_DAY", c_.confirm_day, "TransactionCfmDate", expected_.date.Compact(), {},
          "is not the day of this file");
  }
  if (c_.business.present() && !r.IsBlank(c_.business) && Business(r, c_.business) != 143) {
    Fault(r, differs, "BUSINESS_NOT_APPLIED", c_.business, "BusinessCode", "143", {}, "is no dividend");
  }
  const auto partition = Route(r, &line.investor);
  if (!partition) {
    Fault(r, BreakKind::kDividendDiffers, "UNKNOWN_INVESTOR", c_.account, "TransactionAccountID", "", {},
          "is no trading account of ours");
    return true;
  }
  if (FundCode::Fits(r.Text(c_.fund))) dividend_keys_.push_back({line.investor, FundCode(r.Text(c_.fund))});
  lines_[*partition].push_back(line);
  return true;
}

bool AnswerFile::ReadBalance(const RecordView& r) {
  if (!CheckNumbers(r, {c_.total_vol, c_.frozen_vol, c_.income})) return false;
  Balance b;
  if (!FundCode::Fits(r.Text(c_.fund))) return Damage(r.Error(c_.fund, "is too long for a fund code").ToStatus());
  b.fund = FundCode(r.Text(c_.fund));
  b.units = Units::FromRaw(Scaled(r, c_.total_vol, 2));
  b.record = records_;
  b.frozen = Units::FromRaw(Scaled(r, c_.frozen_vol, 2));
  b.frozen_given = c_.frozen_vol.present() && !r.IsBlank(c_.frozen_vol);
  if (c_.method.present() && !r.IsBlank(c_.method)) b.way = r.Text(c_.method)[0];
  if (int64_t income = 0; r.ReadNumber(c_.income, &income) == FieldState::kPresent) {
    b.has_income = true;
    b.income = Money::FromRaw(Signed(r, c_.income, c_.income_sign, 2));
  }
  if (TaAccountId::Fits(r.Text(c_.ta_account))) b.account = TaAccountId(r.Text(c_.ta_account));
  const auto partition = Route(r, &b.investor);
  if (!partition) {
    if (r.Text(c_.detail) != "1") {
      Fault(r, BreakKind::kBalanceDiffers, "UNKNOWN_INVESTOR", c_.account, "TransactionAccountID", "", {},
            "is no trading account of ours");
    }
    return true;
  }
  (r.Text(c_.detail) == "1" ? balance_details_ : balances_)[*partition].push_back(b);
  return true;
}

// One entry an investor and fund: the file may split them by charging class or branch, or give lots alone.
void AnswerFile::MergeBalances() {
  if (type_.view() != "05") return;
  const bool mains = std::any_of(balances_.begin(), balances_.end(), [](const auto& list) { return !list.empty(); });
  if (!mains) balances_.swap(balance_details_);
  balance_details_.clear();
  for (auto& list : balances_) {
    std::stable_sort(list.begin(), list.end(), [](const Balance& a, const Balance& b) {
      return a.investor != b.investor ? a.investor < b.investor : a.fund < b.fund;
    });
    size_t kept = 0;
    for (size_t i = 0; i < list.size(); ++i) {
      fund_totals_[list[i].fund] += list[i].units;
      if (kept > 0 && list[kept - 1].investor == list[i].investor && list[kept - 1].fund == list[i].fund) {
        list[kept - 1].units += list[i].units;
        list[kept - 1].frozen += list[i].frozen;
        list[kept - 1].frozen_given &= list[i].frozen_given;
        if (list[kept - 1].way != list[i].way) list[kept - 1].way = 0;  // of each charging class its own
        list[kept - 1].income += list[i].income;
        list[kept - 1].has_income |= list[i].has_income;
      } else {
        list[kept++] = list[i];
      }
    }
    list.resize(kept);
  }
}

bool AnswerFile::ReadPrice(const RecordView& r) {
  if (!CheckNumbers(r, {c_.nav, c_.total_vol, c_.income}) || !CheckDates(r, {c_.price_day})) return false;
  product::v1::NavRecord n;
  n.set_fund_code(std::string(r.Text(c_.fund)));
  n.set_nav_day(DayIn(r, c_.price_day));
  n.set_nav_e8(Scaled(r, c_.nav, 8));
  const std::string_view type = r.Text(c_.price_type);
  n.set_nav_type(type == "1" ? 1 : type == "2" ? 2 : 0);
  n.set_status(std::string(r.Text(c_.status)));
  // A status that is none says nothing: the standard has 0 to 3.
  if (const std::string_view s = r.Text(c_.convert_status); s.size() == 1 && s[0] >= '0' && s[0] <= '3')
    n.set_convert_status(std::string(s));
  n.set_total_units_e2(Scaled(r, c_.total_vol, 2));
  if (int64_t income = 0; r.ReadNumber(c_.income, &income) == FieldState::kPresent) {
    n.set_has_income(true);
    n.set_income_e8(Signed(r, c_.income, c_.income_sign, 8));
  }
  prices_.push_back(std::move(n));
  return true;
}

bool AnswerFile::ReadCash(const RecordView& r) {
  if (!CheckNumbers(r, {c_.amount}) || !CheckDates(r, {c_.pay_day})) return false;
  if (r.Text(c_.detail) == "1") return true;  // the same money again, by branch
  if (!FundCode::Fits(r.Text(c_.fund))) return Damage(r.Error(c_.fund, "is too long for a fund code").ToStatus());
  Cash& cash = cash_[{FundCode(r.Text(c_.fund)), static_cast<uint16_t>(Business(r, c_.business))}];
  const Money amount = Money::FromRaw(Scaled(r, c_.amount, 2));
  const std::string_view direction = r.Text(c_.direction);
  if (direction == "0") cash.receive += amount;  // seen from the distributor
  if (direction == "1") cash.pay += amount;
  cash.pay_date = std::max(cash.pay_date, Date::FromRaw(DayIn(r, c_.pay_day)));
  if (cash.record == 0) cash.record = records_;
  return true;
}

RecordView AnswerFile::At(const Line& line) const {
  return RecordView(std::string_view(bytes_).substr(line.offset, reader_->layout().record_bytes()), line.record,
                    &reader_->layout());
}

void AnswerFile::Fill(const Line& line, trade::v1::ConfirmationLine* out) const {
  const RecordView r = At(line);
  const auto text = [&](Column c) { return r.Text(c); };
  out->set_line(line.record);
  out->set_order_id(line.order.raw());
  out->set_investor_id(line.investor.raw());
  out->set_business(Business(r, c_.business));
  std::string detail = r.IsBlank(c_.error) ? std::string() : Utf8(r, c_.error);
  out->set_return_code(StandardCode(text(c_.code), &detail));
  out->set_fund_code(text(c_.fund).data(), text(c_.fund).size());
  out->set_ta_account(text(c_.ta_account).data(), text(c_.ta_account).size());
  out->set_ta_serial(text(c_.ta_serial).data(), text(c_.ta_serial).size());
  out->set_confirm_day(DayIn(r, c_.confirm_day));
  out->set_confirmed_amount_fen(Scaled(r, c_.amount, 2));
  out->set_confirmed_units_e2(Scaled(r, c_.vol, 2));
  out->set_nav_e8(Scaled(r, c_.nav, 8));
  out->set_charge_fen(Scaled(r, c_.charge, 2));
  out->set_agency_fee_fen(Scaled(r, c_.agency_fee, 2));
  out->set_other_fee1_fen(Scaled(r, c_.other_fee1, 2));
  out->set_interim(text(c_.finish) == "0");
  if (!detail.empty()) out->set_error_detail(std::move(detail));
  out->set_apply_day(DayIn(r, c_.apply_day));
  out->set_interest_fen(Scaled(r, c_.interest, 2));
  out->set_interest_units_e2(Scaled(r, c_.interest_vol, 2));
  if (out->business() >= 136 && out->business() <= 138) {
    out->set_target_fund_code(text(c_.target_fund).data(), text(c_.target_fund).size());
    out->set_target_units_e2(Scaled(r, c_.target_vol, 2));
    out->set_target_nav_e8(Scaled(r, c_.target_nav, 8));
    out->set_difference_fee_fen(Scaled(r, c_.difference_fee, 2));
  }
  if (out->business() == 130) out->set_registered_day(DayIn(r, c_.registered));
  if (out->business() == 125) out->set_reserved_day(DayIn(r, c_.redemption_day));
  if (out->business() == 121) out->set_reserved_day(DayIn(r, c_.subscription_day));
  if (Plain(out->business())) return;
  out->set_dividend_method(std::string(text(c_.method)));
  out->set_frozen_cause(std::string(text(c_.frozen_cause)));
  out->set_frozen_method(std::string(text(c_.frozen_method)));
  out->set_adjustment(std::string(text(c_.adjustment)));
  out->set_direction(std::string(text(c_.transfer_direction)));
  out->set_registered_day(DayIn(r, c_.registered));
  out->set_original_serial(std::string(text(c_.original)));
}

void AnswerFile::Fill(const Line& line, account::v1::AccountConfirmationLine* out) const {
  const RecordView r = At(line);
  out->set_line(line.record);
  out->set_application_id(line.order.raw());
  if (type_.view() == "R2") {
    std::string detail = Utf8(r, c_.error);
    out->set_return_code(StandardCode(r.Text(c_.code), &detail));
    out->set_business(kTaxConfirmed);
    out->set_ta_serial(std::string(r.Text(c_.ta_serial)));
    out->set_confirm_day(DayIn(r, c_.confirm_day));
    out->set_error_detail(std::move(detail));
    return;
  }
  out->set_investor_id(line.investor.raw());
  out->set_business(Business(r, c_.business));
  std::string detail = Utf8(r, c_.error);
  out->set_return_code(StandardCode(r.Text(c_.code), &detail));
  out->set_ta_account(std::string(r.Text(c_.ta_account)));
  out->set_ta_serial(std::string(r.Text(c_.ta_serial)));
  out->set_confirm_day(DayIn(r, c_.confirm_day));
  out->set_error_detail(std::move(detail));
  out->set_cause(std::string(r.Text(c_.cause)));
  out->set_until(DayIn(r, c_.until));
  out->set_target(std::string(r.Text(c_.target)));
  out->set_from_ta(r.Text(c_.from_ta) == "1");
  if (out->business() != 103) return;
  out->set_certificate_type(std::string(r.Text(c_.certificate_type)));
  out->set_certificate_no(std::string(r.Text(c_.certificate_no)));
}

void AnswerFile::Fill(const Line& line, account::v1::DividendLine* out) const {
  const RecordView r = At(line);
  out->set_line(line.record);
  out->set_investor_id(line.investor.raw());
  out->set_fund_code(std::string(r.Text(c_.fund)));
  out->set_ta_account(std::string(r.Text(c_.ta_account)));
  out->set_ta_serial(std::string(r.Text(c_.ta_serial)));
  out->set_confirm_day(DayIn(r, c_.confirm_day));
  out->set_record_day(DayIn(r, c_.record_day));
  out->set_ex_day(DayIn(r, c_.ex_day));
  out->set_pay_day(DayIn(r, c_.pay_day));
  out->set_base_units_e2(Scaled(r, c_.base, 2));
  out->set_per_unit_fen(Scaled(r, c_.per_unit, 2));
  out->set_per_units(Scaled(r, c_.per_units, 0));
  out->set_dividend_fen(Scaled(r, c_.dividend, 2));
  out->set_confirmed_fen(Scaled(r, c_.amount, 2));
  out->set_reinvested_units_e2(Scaled(r, c_.reinvested, 2));
  out->set_nav_e8(Scaled(r, c_.nav, 8));
  out->set_method(std::string(r.Text(c_.method)));
  out->set_held_fen(Scaled(r, c_.held, 2));
  out->set_held_units_e2(Scaled(r, c_.held_vol, 2));
  out->set_kind(std::string(r.Text(c_.kind)));
  std::string detail;  // a dividend line has no place for it
  out->set_return_code(StandardCode(r.Text(c_.code), &detail));
}

}  // namespace fundcore::clearing
