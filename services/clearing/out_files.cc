// Filling 01 and 03 records.
#include "services/clearing/out_files.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"
#include "common/fund/seal_hash.h"
#include "common/ofd/business_code.h"
#include "common/ofd/file_name.h"

namespace fundcore::clearing {

std::string OutHead::Folder() const { return absl::StrFormat("out/%s/%s/%03d/", ta.str(), day.Compact(), transfer); }

std::string OutHead::FileName(std::string_view type) const {
  return Folder() +
         ofd::FileName{'D', ofd::PartyCode(distributor.view()), ofd::PartyCode(ta.view()), day, FileType(type)}
             .Format();
}

std::string OutHead::IndexName() const {
  return Folder() + ofd::FileName{'I', ofd::PartyCode(distributor.view()), ofd::PartyCode(ta.view()), day, {}}.Format();
}

ofd::Header OutHead::Header(std::string_view type) const {
  ofd::Header h;
  h.version = version;
  h.creator = ofd::PartyCode(distributor.view());
  h.receiver = ofd::PartyCode(ta.view());
  h.date = day;
  h.transfer_no = TransferNo(transfer);
  h.type = FileType(type);
  if (variant) h.fields = variant->FieldsFor(version, h.type);
  return h;
}

ofd::ReaderOptions OutHead::reader_options() const {
  return variant ? variant->reader_options() : ofd::ReaderOptions();
}

ofd::WriterOptions OutHead::writer_options() const {
  return variant ? variant->writer_options() : ofd::WriterOptions();
}

namespace {

// A figure of ours with two decimals, in as many as the file's field has. A column without a place for what is not zero
// is given a value that the writer refuses.
void SetTwoDecimals(ofd::Writer& writer, ofd::Column c, int64_t value) {
  for (int d = c.decimals(); d > 2; --d) {
    if (__builtin_mul_overflow(value, int64_t{10}, &value)) return writer.SetText(c, "a figure too large");
  }
  for (int d = c.decimals(); d < 2 && c.present(); ++d) {
    if (value % 10 != 0) return writer.SetText(c, "a figure with more decimals");
    value /= 10;
  }
  writer.SetNumber(c, value);
}

// The same figure back. False where the field holds none, or more than ours can.
bool TwoDecimals(const ofd::RecordView& record, ofd::Column c, int64_t* value) {
  const auto number = record.NumberOr(c, 0);
  if (!number.ok()) return false;
  *value = *number;
  for (int d = c.decimals(); d > 2; --d) *value /= 10;
  for (int d = c.decimals(); d < 2 && c.present(); ++d) {
    if (__builtin_mul_overflow(*value, int64_t{10}, value)) return false;
  }
  return true;
}

// What the receiver may have asked to leave out.
void SetIfListed(ofd::Writer& writer, ofd::Column c, std::string_view value) {
  if (c.present()) writer.SetText(c, value);
}

}  // namespace

// What the 01 file says of an investor beside name, certificate and mobile.
static void SetPerson(ofd::Writer& writer, const account::v1::InvestorData& d) {
  const auto text = [&](std::string_view field, std::string_view value) {
    if (!value.empty()) SetIfListed(writer, writer.Find(field), value);
  };
  const auto date = [&](std::string_view field, int32_t value) {
    const ofd::Column c = writer.Find(field);
    if (value != 0 && c.present()) writer.SetDate(c, Date::FromRaw(value));
  };
  text("Address", d.address());
  text("PostCode", d.post_code());
  text("EmailAddress", d.email());
  text("TelNo", d.telephone());
  text("Sex", d.sex());
  date("InvestorsBirthday", d.birthday());
  text("Nationality", d.nationality());
  text("VocationCode", d.vocation());
  date("CertValidDate", d.certificate_until());
  if (d.minor()) text("MinorFlag", "1");
  text("TransactorName", d.agent().name());
  text("TransactorCertType", d.agent().certificate_type());
  text("TransactorCertNo", d.agent().certificate_no());
  date("InstTranCertValidDate", d.agent().certificate_until());
  text("InstReprName", d.representative().name());
  text("InstReprIDType", d.representative().certificate_type());
  text("InstReprIDCode", d.representative().certificate_no());
  date("InstReprCertValidDate", d.representative().certificate_until());
  text("InstitutionType", d.institution_type());
  text("InvestorProCode", d.product_code());
}

void LineHash::Mix(uint64_t v) {
  h_ = (h_ ^ v) * 0x9e3779b97f4a7c15ull;
  h_ ^= h_ >> 29;
}

void LineHash::Add(uint64_t id, uint64_t investor, uint32_t business, int64_t amount, int64_t units) {
  Mix(id);
  Mix(investor);
  Mix(business);
  Mix(static_cast<uint64_t>(amount));
  Mix(static_cast<uint64_t>(units));
}

OrdersFile::OrdersFile(const OutHead& head, uint64_t count)
    : head_(head), name_(head.FileName("03")), count_(count), writer_(name_, &bytes_, head.writer_options()) {}

absl::Status OrdersFile::Begin() {
  FC_RETURN_IF_ERROR(writer_.Begin(head_.Header("03"), count_));
  bytes_.reserve(bytes_.size() + count_ * (writer_.layout().record_bytes() + 2) + 16);
  const auto find = [&](std::string_view name) { return writer_.Find(name); };
  serial_ = find("AppSheetSerialNo");
  fund_ = find("FundCode");
  large_ = find("LargeRedemptionFlag");
  discount_ = find("DiscountRateOfCommission");
  date_ = find("TransactionDate");
  time_ = find("TransactionTime");
  account_ = find("TransactionAccountID");
  distributor_ = find("DistributorCode");
  vol_ = find("ApplicationVol");
  amount_ = find("ApplicationAmount");
  business_ = find("BusinessCode");
  ta_account_ = find("TAAccountID");
  deposit_ = find("DepositAcct");
  currency_ = find("CurrencyType");
  kind_ = find("IndividualOrInstitution");
  share_class_ = find("ShareClass");
  protocol_ = find("RationProtocolNo");
  ration_type_ = find("RationType");
  plan_begin_ = find("BeginDateOfPeriodicSubs");
  plan_end_ = find("EndDateOfPeriodicSubs");
  plan_day_ = find("SendDayOfPeriodicSubs");
  plan_unit_ = find("PeriodSubTimeUnit");
  plan_every_ = find("FrequencyOfPeSubs");
  plan_times_ = find("BatchNumOfPeSubs");
  original_ = find("OriginalAppSheetNo");
  method_ = find("DefDividendMethod");
  frozen_cause_ = find("FrozenCause");
  target_ = find("CodeOfTargetFund");
  target_ta_ = find("TargetRegistrarCode");
  target_class_ = find("TargetShareType");
  to_distributor_ = find("TargetDistributorCode");
  to_branch_ = find("TargetBranchCode");
  to_account_ = find("TargetTransactionAccountID");
  move_reason_ = find("TransferReason");
  subscription_day_ = find("FutureSubscribeDate");
  purchase_day_ = find("FutureBuyDate");
  redemption_day_ = find("RedemptionDateInAdvance");
  return absl::OkStatus();
}

// What an institution that keeps plans knows a plan and its debits by.
void OrdersFile::SetPlan(const trade::v1::Order& o) {
  const trade::v1::PlanTerms& t = o.plan();
  const auto number = [&](ofd::Column c, int64_t value) {
    if (c.present()) SetTwoDecimals(writer_, c, value * 100);
  };
  // The number is what ties debits to their plan, so it must have its place.
  writer_.SetText(protocol_, FormatOrderId(OrderId(o.plan_id())));
  SetIfListed(writer_, ration_type_, t.to_target() ? "1" : "0");
  if (plan_begin_.present()) writer_.SetDate(plan_begin_, Date::FromRaw(t.first_day()));
  if (plan_end_.present() && t.last_day() != 0) writer_.SetDate(plan_end_, Date::FromRaw(t.last_day()));
  number(plan_day_, t.day());
  const bool monthly = t.unit() == trade::v1::PlanTerms::MONTHLY;
  SetIfListed(writer_, plan_unit_, monthly ? "0" : "1");
  number(plan_every_, t.unit() == trade::v1::PlanTerms::FORTNIGHTLY ? 2 : 1);
  number(plan_times_, t.times());
}

absl::Status OrdersFile::Add(const trade::v1::Order& o) {
  const std::string investor = FormatInvestorId(InvestorId(o.investor_id()));
  writer_.SetText(serial_, FormatOrderId(OrderId(o.order_id())));
  writer_.SetText(fund_, o.fund_code());
  // What becomes of the rest of a large redemption is the investor's choice; it means nothing for a purchase.
  if (o.business() == 29) writer_.SetText(method_, o.dividend_method());
  if (o.discount_e8() != 0) {
    // A fee that the institution does not hear of would be charged in full: without a place for it the line is not
    // written.
    int64_t value = o.discount_e8(), step = Rate::kOne;
    for (int d = 0; d < discount_.decimals(); ++d) step /= 10;
    if (discount_.present() && value % step == 0) {
      writer_.SetNumber(discount_, value / step);
    } else {
      writer_.SetText(discount_, "a discount with more decimals");
    }
  }
  if (o.business() == 31) writer_.SetText(frozen_cause_, "1");  // at the counter
  if (o.business() == 88) writer_.SetText(frozen_cause_, "2");  // a pledge
  if (!o.target_distributor().empty()) {
    writer_.SetText(to_distributor_, o.target_distributor());  // without a place for it the line is not written
    SetIfListed(writer_, to_branch_, o.target_distributor());
  }
  if (!o.target_trading_account().empty()) writer_.SetText(to_account_, o.target_trading_account());
  if (!o.transfer_reason().empty()) SetIfListed(writer_, move_reason_, o.transfer_reason());
  if (!o.target_fund_code().empty()) {
    writer_.SetText(target_, o.target_fund_code());  // without a place for it the line is not written
    SetIfListed(writer_, target_class_, "0");
    const bool between = o.business() != 36;
    if (between && target_ta_.present() && o.target_ta_code().size() <= target_ta_.width())
      writer_.SetText(target_ta_, o.target_ta_code());
  }
  // Without a place for the day that it is for a reservation is not written.
  if (o.business() == 21) writer_.SetDate(subscription_day_, Date::FromRaw(o.trade_day_wanted()));
  if (o.business() == 23) writer_.SetDate(purchase_day_, Date::FromRaw(o.trade_day_wanted()));
  if (o.business() == 25) writer_.SetDate(redemption_day_, Date::FromRaw(o.trade_day_wanted()));
  if ((o.business() == 24 || o.business() == 25 || o.business() == 63) && o.has_defer_large_redemption()) {
    writer_.SetText(large_, o.defer_large_redemption() ? "1" : "0");
  }
  if (o.original_order_id() != 0) writer_.SetText(original_, FormatOrderId(OrderId(o.original_order_id())));
  writer_.SetDate(date_, Date::FromRaw(o.trade_day()));
  writer_.SetText(time_, TimePoint::FromRaw(o.received_at_us()).time_of_day().Compact());
  writer_.SetText(account_, investor);
  writer_.SetText(distributor_, head_.distributor.view());
  SetTwoDecimals(writer_, vol_, o.units_e2());
  SetTwoDecimals(writer_, amount_, o.amount_fen());
  writer_.SetText(business_, ofd::FormatBusinessCode(static_cast<ofd::BusinessCode>(o.business())));
  writer_.SetText(ta_account_, o.ta_account());
  SetIfListed(writer_, deposit_, investor);
  SetIfListed(writer_, currency_, "156");
  writer_.SetText(kind_, o.institution() ? "0" : "1");
  SetIfListed(writer_, share_class_, "0");
  const uint32_t b = o.business();
  if (b == 39 || b == 63 || (b >= 59 && b <= 61)) SetPlan(o);
  FC_RETURN_IF_ERROR(writer_.EndRecord());
  hash_.Add(o.order_id(), o.investor_id(), o.business(), o.amount_fen(), o.units_e2());
  return absl::OkStatus();
}

ApplicationsFile::ApplicationsFile(const OutHead& head, uint64_t count)
    : head_(head), name_(head.FileName("01")), count_(count), writer_(name_, &bytes_, head.writer_options()) {}

absl::Status ApplicationsFile::Begin() { return writer_.Begin(head_.Header("01"), count_); }

absl::Status ApplicationsFile::Add(const account::v1::AccountApplication& a) {
  const auto text = [&](std::string_view field, std::string_view value) {
    writer_.SetText(writer_.Find(field), value);
  };
  const std::string investor = FormatInvestorId(InvestorId(a.investor_id()));
  text("AppSheetSerialNo", FormatOrderId(OrderId(a.application_id())));
  text("CertificateType", a.certificate_type());
  text("CertificateNo", a.certificate_no());
  text("InvestorName", a.name());
  text("IndividualOrInstitution", a.institution() ? "0" : "1");
  writer_.SetDate(writer_.Find("TransactionDate"), head_.day);
  text("TransactionTime", TimePoint::FromRaw(a.applied_at_us()).time_of_day().Compact());
  // 058 names the account by the number that the institution knows, and gives the one from now on.
  text("TransactionAccountID", a.former_account().empty() ? investor : a.former_account());
  if (!a.former_account().empty()) text("TargetTransactionAccountID", investor);
  text("DistributorCode", head_.distributor.view());
  text("BusinessCode", ofd::FormatBusinessCode(static_cast<ofd::BusinessCode>(a.business())));
  SetIfListed(writer_, writer_.Find("DepositAcct"), investor);
  SetIfListed(writer_, writer_.Find("MobileTelNo"), a.mobile());
  SetIfListed(writer_, writer_.Find("TAAccountID"), a.ta_account());
  SetPerson(writer_, a.data());
  if (!a.bank_account().empty()) {
    SetIfListed(writer_, writer_.Find("AcctNoOfInvestorInClearingAgency"), a.bank_account());
    SetIfListed(writer_, writer_.Find("AcctNameOfInvestorInClearingAgency"), a.name());
    SetIfListed(writer_, writer_.Find("ClearingAgency"), a.bank_code());
  }
  // What a freeze says cannot be left out: without a place for it the line is not written.
  if (!a.cause().empty()) text("FrozenCause", a.cause());
  if (a.until() != 0) writer_.SetDate(writer_.Find("FreezingDeadline"), Date::FromRaw(a.until()));
  FC_RETURN_IF_ERROR(writer_.EndRecord());
  hash_.Add(a.application_id(), a.investor_id(), a.business(), 0, 0);
  return absl::OkStatus();
}

ReadBack::ReadBack(const OutHead& head, std::string_view name, std::string_view bytes) {
  auto reader = ofd::Reader::Open(name, bytes, head.reader_options());
  if (!reader.ok()) {
    status_ = reader.status();
    return;
  }
  reader_.emplace(*std::move(reader));
  serial_ = reader_->Find("AppSheetSerialNo");
  account_ = reader_->Find("TransactionAccountID");
  business_ = reader_->Find("BusinessCode");
  target_ = reader_->Find("TargetTransactionAccountID");
  amount_ = reader_->Find("ApplicationAmount");
  vol_ = reader_->Find("ApplicationVol");
}

bool ReadBack::ReadOn(size_t records) {
  if (!status_.ok()) return false;
  ofd::RecordView r;
  while (records-- > 0) {
    if (!reader_->Next(&r)) {
      status_ = reader_->status();
      return false;
    }
    OrderId id;
    InvestorId investor;
    uint32_t business = 0;
    const bool moves = r.Text(business_) == "058";
    const bool known =
        ParseOrderId(r.Text(serial_), &id) && ParseInvestorId(r.Text(moves ? target_ : account_), &investor) &&
        absl::SimpleAtoi(absl::string_view(r.Text(business_).data(), r.Text(business_).size()), &business);
    int64_t amount = 0, units = 0;
    if (!known || !TwoDecimals(r, amount_, &amount) || !TwoDecimals(r, vol_, &units)) {
      status_ = absl::DataLossError(StrCat("line ", r.line(), " does not read as it was written"));
      return false;
    }
    ++records_;
    Seal& seal = seals_[PartitionOf(id).raw()];
    seal.partition = PartitionOf(id).raw();
    ++seal.count;
    seal.amount += Money::FromRaw(amount);
    seal.units += Units::FromRaw(units);
    seal.hash = SealHash(seal.hash, id, Money::FromRaw(amount), Units::FromRaw(units));
    hash_.Add(id.raw(), investor.raw(), business, amount, units);
  }
  return true;
}

std::vector<Seal> ReadBack::seals() const {
  std::vector<Seal> out;
  for (const auto& [p, seal] : seals_) out.push_back(seal);
  return out;
}

}  // namespace fundcore::clearing
