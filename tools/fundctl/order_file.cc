// Reading 03 files; what of a line can become an order.
#include "tools/fundctl/order_file.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/business_code.h"
#include "common/ofd/reader.h"
#include "common/ofd/text.h"

namespace fundcore::fundctl {
namespace {

using ofd::Column;
using ofd::FieldState;
using ofd::RecordView;

struct Columns {
  Column serial, fund, date, account, business, amount, vol, ta_account, distributor, large, currency, discount,
      share_class, rate, fee, buy_date, redeem_date, subscribe_date, target, target_class, target_ta;
};

absl::StatusOr<Columns> FindColumns(const ofd::Reader& reader) {
  Columns c;
  for (auto& [column, name] : {std::pair<Column*, const char*>{&c.serial, "AppSheetSerialNo"},
                               {&c.fund, "FundCode"},
                               {&c.date, "TransactionDate"},
                               {&c.account, "TransactionAccountID"},
                               {&c.business, "BusinessCode"}}) {
    FC_ASSIGN_OR_RETURN(*column, reader.Require(name));
  }
  c.amount = reader.Find("ApplicationAmount");
  c.vol = reader.Find("ApplicationVol");
  if (!c.amount.present() && !c.vol.present()) {
    FC_ASSIGN_OR_RETURN(c.amount, reader.Require("ApplicationAmount"));  // names the field in the reader's words
  }
  c.ta_account = reader.Find("TAAccountID");
  c.distributor = reader.Find("DistributorCode");
  c.large = reader.Find("LargeRedemptionFlag");
  c.currency = reader.Find("CurrencyType");
  c.discount = reader.Find("DiscountRateOfCommission");
  c.share_class = reader.Find("ShareClass");
  c.rate = reader.Find("SpecifyRateFee");
  c.fee = reader.Find("SpecifyFee");
  c.buy_date = reader.Find("FutureBuyDate");
  c.redeem_date = reader.Find("RedemptionDateInAdvance");
  c.subscribe_date = reader.Find("FutureSubscribeDate");
  c.target = reader.Find("CodeOfTargetFund");
  c.target_class = reader.Find("TargetShareType");
  c.target_ta = reader.Find("TargetRegistrarCode");
  return c;
}

constexpr uint32_t kConversion = 36;

constexpr size_t kMostTextBytes = 24;  // of a serial or trading account, in the files of every version

bool IsPlain(std::string_view s) {
  return !s.empty() && s.size() <= kMostTextBytes && std::all_of(s.begin(), s.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string Quoted(std::string_view bytes) { return StrCat("\"", ofd::Printable(bytes, 40), "\""); }

// Blank reads as zero: the record's numbers were checked before.
int64_t Figure(const RecordView& r, Column c) {
  int64_t v = 0;
  return r.ReadNumber(c, &v) == FieldState::kPresent ? v : 0;
}

// A figure in fen or 0.01 unit, whatever scale an institution's variant gives the field. False where it does not go.
bool Hundredths(const RecordView& r, Column c, int64_t* out) {
  int64_t v = Figure(r, c);
  for (int d = c.decimals(); d < 2; ++d)
    if (__builtin_mul_overflow(v, int64_t{10}, &v)) return false;
  for (int d = c.decimals(); d > 2; --d) {
    if (v % 10 != 0) return false;
    v /= 10;
  }
  *out = v;
  return true;
}

LineFault Fault(Outcome outcome, std::string_view reason, std::string message) {
  return {outcome, reason, std::move(message)};
}

bool SaysNothing(const RecordView& r, Column c) {
  const std::string_view text = r.Text(c);
  return std::all_of(text.begin(), text.end(), [](char ch) { return ch == '0' || ch == ' '; });
}

// What an order would need and ours cannot carry. Passing over it would do something else than was asked for.
LineFault CheckSupported(const RecordView& r, const Columns& c, uint32_t business) {
  if (business != 20 && business != 22 && business != 24 && business != kConversion) {
    const std::string_view name = ofd::BusinessCodeName(r.Text(c.business));
    return Fault(Outcome::kUnsupported, "BUSINESS_NOT_SUPPORTED",
                 StrCat("BusinessCode ", Quoted(r.Text(c.business)), name.empty() ? "" : " ", name,
                        " is not taken by file; 020, 022, 024 and 036 are"));
  }
  const std::string_view currency = r.Text(c.currency);
  if (!currency.empty() && currency != "156") {
    return Fault(Outcome::kUnsupported, "CURRENCY_NOT_SUPPORTED",
                 StrCat("CurrencyType ", Quoted(currency), " is not yuan (156)"));
  }
  int64_t whole = 1;
  for (int d = 0; d < c.discount.decimals(); ++d) whole *= 10;
  if (const int64_t discount = Figure(r, c.discount); discount != 0 && discount != whole) {
    return Fault(Outcome::kUnsupported, "DISCOUNT_NOT_SUPPORTED",
                 StrCat("DiscountRateOfCommission ", Quoted(r.Text(c.discount)),
                        " cannot be given to one order; the fund's own terms hold. Send none, or 1.0000"));
  }
  if (const std::string_view share_class = r.Text(c.share_class); !share_class.empty() && share_class != "0") {
    return Fault(Outcome::kUnsupported, "SHARE_CLASS_NOT_SUPPORTED",
                 StrCat("ShareClass ", Quoted(share_class), " is not front-end charging (0)"));
  }
  if (const std::string_view share_class = r.Text(c.target_class);
      business == kConversion && !share_class.empty() && share_class != "0") {
    return Fault(Outcome::kUnsupported, "SHARE_CLASS_NOT_SUPPORTED",
                 StrCat("TargetShareType ", Quoted(share_class), " is not front-end charging (0)"));
  }
  if (business == kConversion && r.Text(c.large) == "1") {
    return Fault(Outcome::kUnsupported, "DEFERRAL_NOT_SUPPORTED",
                 "LargeRedemptionFlag \"1\" would defer the rest of a conversion, which is not done; send 0 or nothing");
  }
  for (const auto& [column, name] :
       {std::pair<Column, const char*>{c.rate, "SpecifyRateFee"}, {c.fee, "SpecifyFee"}}) {
    if (Figure(r, column) == 0) continue;
    return Fault(Outcome::kUnsupported, "FEE_NOT_SUPPORTED",
                 StrCat(name, " ", Quoted(r.Text(column)), " cannot be given to one order; the fund's own terms hold"));
  }
  for (const auto& [column, name] : {std::pair<Column, const char*>{c.buy_date, "FutureBuyDate"},
                                     {c.redeem_date, "RedemptionDateInAdvance"},
                                     {c.subscribe_date, "FutureSubscribeDate"}}) {
    if (SaysNothing(r, column)) continue;
    return Fault(Outcome::kUnsupported, "RESERVATION_NOT_SUPPORTED",
                 StrCat(name, " ", Quoted(r.Text(column)), " asks for another day than TransactionDate; send the order then"));
  }
  return {};
}

LineFault CheckLine(const RecordView& r, const Columns& c, const ofd::Header& header, OrderLine* out) {
  const auto invalid = [](std::string_view reason, std::string message) {
    return Fault(Outcome::kInvalid, reason, std::move(message));
  };
  if (!IsPlain(out->serial)) {
    return invalid("SERIAL_INVALID", StrCat("AppSheetSerialNo ", Quoted(out->serial),
                                            " must be 1 to 24 printable characters without spaces: it is what makes the line known"));
  }
  const std::string_view distributor = r.Text(c.distributor);
  if (!distributor.empty() && distributor != header.creator.view()) {
    return invalid("DISTRIBUTOR_DIFFERS",
                   StrCat("DistributorCode ", Quoted(distributor), " is not the file's creator ", header.creator.view()));
  }
  const auto business = ofd::ParseBusinessCode(r.Text(c.business));
  out->business = business ? static_cast<uint32_t>(*business) : 0;
  if (LineFault f = CheckSupported(r, c, out->business); f.outcome != Outcome::kNone) return f;
  if (!IsPlain(out->fund)) return invalid("FUND_CODE_INVALID", StrCat("FundCode ", Quoted(out->fund), " is no code"));
  if (!IsPlain(out->trading_account)) {
    return invalid("TRADING_ACCOUNT_INVALID",
                   StrCat("TransactionAccountID ", Quoted(out->trading_account), " is no account"));
  }
  if (r.ReadDate(c.date, &out->trade_day) != FieldState::kPresent) {
    return invalid("TRANSACTION_DATE_INVALID",
                   StrCat("TransactionDate ", Quoted(r.Text(c.date)), " is no date; the order's trading day is needed"));
  }
  int64_t amount = 0, units = 0;
  if (!Hundredths(r, c.amount, &amount) || amount < 0) amount = -1;
  if (!Hundredths(r, c.vol, &units) || units < 0) units = -1;
  const bool converts = out->business == kConversion;
  const bool redemption = out->business == 24 || converts;  // by units
  const std::string_view target = r.Text(c.target);
  if (converts ? !IsPlain(target) : !target.empty()) {
    return invalid("TARGET_FUND_INVALID", StrCat("CodeOfTargetFund ", Quoted(target), converts ? " is no code of the fund to enter"
                                                                                              : " is for a conversion (036) only"));
  }
  out->target = std::string(target);
  if (redemption ? units <= 0 : units != 0) {
    return invalid("UNITS_INVALID", StrCat("ApplicationVol ", Quoted(r.Text(c.vol)),
                                           redemption ? " must be positive for a redemption or conversion, in 0.01 unit"
                                                      : " must be zero for a purchase, which is by amount"));
  }
  if (redemption ? amount != 0 : amount <= 0) {
    return invalid("AMOUNT_INVALID", StrCat("ApplicationAmount ", Quoted(r.Text(c.amount)),
                                            redemption ? " must be zero for a redemption or conversion, which is by units"
                                                       : " must be positive for a purchase, in fen"));
  }
  out->amount = Money::FromRaw(amount);
  out->units = Units::FromRaw(units);
  const std::string_view large = r.Text(c.large);
  if (redemption && !large.empty() && large != "0" && large != "1") {
    return invalid("LARGE_REDEMPTION_FLAG_INVALID",
                   StrCat("LargeRedemptionFlag ", Quoted(large), " is neither 0 (cancel) nor 1 (defer) nor blank"));
  }
  out->defer = redemption && !converts && large != "0";  // unset means defer
  return {};
}

struct CodeOfReason {
  std::string_view reason, code;
};
// By reason, so that a reader finds each; only reasons with a code of their own.
constexpr CodeOfReason kCodes[] = {
    // A line's own faults.
    {"SERIAL_INVALID", "0139"},
    {"SERIAL_TWICE", "0354"},
    {"REQUEST_ID_REUSED", "0354"},
    {"DISTRIBUTOR_DIFFERS", "0105"},
    {"BUSINESS_NOT_SUPPORTED", "0103"},
    {"CURRENCY_NOT_SUPPORTED", "0204"},
    {"DISCOUNT_NOT_SUPPORTED", "0216"},
    {"FEE_NOT_SUPPORTED", "0225"},
    {"RESERVATION_NOT_SUPPORTED", "0412"},
    {"FUND_CODE_INVALID", "0200"},
    {"FUND_OF_ANOTHER_INSTITUTION", "0327"},
    {"TARGET_FUND_INVALID", "0223"},
    {"TARGET_OF_ANOTHER_INSTITUTION", "0519"},
    {"DEFERRAL_NOT_SUPPORTED", "0219"},
    {"TRADING_ACCOUNT_INVALID", "0104"},
    {"TRADING_ACCOUNT_UNKNOWN", "0104"},
    {"FUND_ACCOUNT_DIFFERS", "0518"},
    {"TRANSACTION_DATE_INVALID", "0201"},
    {"UNITS_INVALID", "0206"},
    {"AMOUNT_INVALID", "0207"},
    {"LARGE_REDEMPTION_FLAG_INVALID", "0219"},
    // Trade.
    {"FUND_UNKNOWN", "0200"},
    {"INSTITUTION_UNKNOWN", "0342"},
    {"NO_TRADING_DAY", "0201"},
    {"TRADE_DAY_PASSED", "0330"},
    {"TRADE_DAY_NOT_REACHED", "0330"},
    {"FUND_STOPPED", "0380"},
    {"FUND_TERMINATED", "0376"},
    {"FUND_CLOSED", "0005"},
    {"FUND_IN_OFFER", "0004"},
    {"FUND_NOT_IN_OFFER", "0377"},
    {"PURCHASE_STOPPED", "0381"},
    {"REDEMPTION_STOPPED", "0382"},
    {"FUND_CLOSED_ON_TRADE_DAY", "0006"},
    {"NOTHING_APPLIED", "0207"},
    {"AMOUNT_BELOW_FIRST_MINIMUM", "0415"},
    {"AMOUNT_BELOW_ADDITIONAL_MINIMUM", "0416"},
    {"AMOUNT_ABOVE_MAXIMUM", "0338"},
    {"UNITS_BELOW_MINIMUM", "0341"},
    {"TARGET_IS_SAME_FUND", "0517"},
    {"TARGET_FUND_UNKNOWN", "0223"},
    {"NO_CONVERSION_RELATION", "0519"},
    {"CONVERT_OUT_STOPPED", "0580"},
    {"CONVERT_IN_STOPPED", "0580"},
    {"TARGET_NOT_OPEN", "0397"},
    {"TARGET_CLOSED_ON_TRADE_DAY", "0006"},
    {"CONVERSION_NOT_FOR_INVESTOR", "0519"},
    {"OFFER_FAILED", "0373"},
    {"CANCELLED", "0409"},
    // Account.
    {"INVESTOR_NOT_FOUND", "0104"},
    {"INVESTOR_CLOSED", "0508"},
    {"FUND_ACCOUNT_REFUSED", "0391"},
    {"FUND_ACCOUNT_REFUSED_BY_TA", "0391"},
    {"FUND_ACCOUNT_NOT_OPEN", "0512"},
    {"NOT_ENOUGH_CASH", "0010"},
    {"NOT_ENOUGH_UNITS", "0001"},
};

}  // namespace

std::string_view OutcomeWord(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone: return "";
    case Outcome::kAccepted: return "accepted";
    case Outcome::kRepeated: return "repeated";
    case Outcome::kRefused: return "refused";
    case Outcome::kChallenged: return "challenged";
    case Outcome::kConflict: return "conflict";
    case Outcome::kUnknownAccount: return "unknown_account";
    case Outcome::kUnknownFund: return "unknown_fund";
    case Outcome::kUnsupported: return "unsupported";
    case Outcome::kInvalid: return "invalid";
    case Outcome::kUndecided: return "undecided";
    case Outcome::kNotSent: return "not_sent";
  }
  return "";
}

std::string_view ReturnCodeOf(std::string_view reason) {
  for (const CodeOfReason& c : kCodes)
    if (c.reason == reason) return c.code;
  return "0010";
}

std::string OrderRequestId(const ofd::Header& header, std::string_view serial) {
  std::string id = StrCat("03/", header.creator.view(), "/", header.receiver.view(), "/", serial);
  return id.size() <= RequestId::kMax ? id : StrCat("03#", Sha256(id).Hex().substr(0, 60));
}

std::vector<std::pair<std::string, Column>> ColumnsByName(const ofd::Layout& layout) {
  std::vector<std::pair<std::string, Column>> out;
  for (size_t i = 0; i < layout.field_count(); ++i) {
    std::string name = layout.name(i);
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    out.emplace_back(std::move(name), layout.column(i));
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

Hash256 LineDigest(const RecordView& record, const std::vector<std::pair<std::string, Column>>& by_name) {
  // The first line is the version of this form. Lengths keep fields apart.
  std::string text = "1\n";
  for (const auto& [name, column] : by_name) {
    std::string value(record.Text(column));
    if (column.kind() == ofd::FieldKind::kNumber) {
      int64_t number = 0;
      if (record.ReadNumber(column, &number) == FieldState::kPresent)
        value = number == 0 ? "" : StrCat(number, "e-", int{column.decimals()});
    }
    if (!value.empty()) text += StrCat(name, " ", value.size(), " ", value, "\n");
  }
  return Sha256(text);
}

absl::StatusOr<OrderFile> ReadOrderFile(std::string_view name, std::string_view bytes, const ofd::Variant& variant) {
  FC_ASSIGN_OR_RETURN(ofd::Reader reader, ofd::Reader::Open(name, bytes, variant.reader_options()));
  OrderFile file;
  file.header = reader.header();
  if (file.header.type.view() != "03") {
    return absl::InvalidArgumentError(
        StrCat(name, ": is of type ", file.header.type.view(), "; orders come in files of type 03"));
  }
  FC_ASSIGN_OR_RETURN(const Columns c, FindColumns(reader));
  const auto by_name = ColumnsByName(reader.layout());
  absl::flat_hash_set<std::string> serials;
  // The head's count is only a claim until the trailer was read: a line takes some bytes at least.
  file.lines.reserve(std::min<size_t>(reader.record_count(), bytes.size() / (reader.layout().record_bytes() + 1) + 1));
  for (RecordView r; reader.Next(&r);) {
    FC_RETURN_IF_ERROR(r.Check());
    OrderLine& line = file.lines.emplace_back();
    line.line = r.line();
    line.serial = r.Text(c.serial);
    line.fund = r.Text(c.fund);
    line.trading_account = r.Text(c.account);
    line.ta_account = r.Text(c.ta_account);
    line.digest = LineDigest(r, by_name);
    line.request_id = OrderRequestId(file.header, line.serial);
    line.fault = CheckLine(r, c, file.header, &line);
    if (!line.serial.empty() && !serials.insert(line.serial).second) {
      line.fault = Fault(Outcome::kConflict, "SERIAL_TWICE",
                         StrCat("AppSheetSerialNo ", Quoted(line.serial), " stands in this file before; the first line counts"));
    }
  }
  FC_RETURN_IF_ERROR(reader.status());
  return file;
}

}  // namespace fundcore::fundctl
