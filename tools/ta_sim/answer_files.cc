// Writing the files of an answer.
#include "tools/ta_sim/answer_files.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/index_file.h"
#include "common/ofd/writer.h"

namespace fundcore::ta_sim {
namespace {

constexpr std::string_view kYuanCode = "156";

// One data file being written: fields by name, found once.
class Sheet {
 public:
  Sheet(const AnswerContent& content, std::string_view type, ofd::Version version)
      : content_(content),
        out_{.type = std::string(type), .name = DataName(*content.config, content.day, type)},
        version_(version),
        writer_(out_.name, &out_.bytes) {}
  Sheet(const Sheet&) = delete;

  absl::Status Begin(uint16_t transfer, uint64_t records) {
    const TaConfig& config = *content_.config;
    out_.records = records;
    out_.bytes.reserve(4096 + records * 1400);
    ofd::Header head{.version = version_,
                     .creator = ofd::PartyCode(config.ta.view()),
                     .receiver = ofd::PartyCode(config.distributor.view()),
                     .date = content_.day,
                     .transfer_no = TransferNo(transfer),
                     .type = ofd::FileType(out_.type)};
    const size_t width = ofd::WidthsOf(version_).sender;  // a longer code leaves the line blank, as real files do
    if (head.creator.view().size() <= width) head.sender = head.creator;
    if (head.receiver.view().size() <= width) head.recipient = head.receiver;
    FC_RETURN_IF_ERROR(writer_.Begin(head, records));
    out_.head_bytes = out_.bytes.size();
    out_.record_bytes = writer_.layout().record_bytes() + 2;
    out_.sheet = Find("AppSheetSerialNo");
    out_.units = Find("ConfirmedVol");
    out_.amount = Find("ConfirmedAmount");
    out_.dividend = Find("DividendAmount");
    out_.trading = Find("TransactionAccountID");
    out_.fund = Find("FundCode");
    out_.income = Find("UndistributeMonetaryIncome");
    for (size_t i = 0; i < writer_.layout().field_count(); ++i) {
      const ofd::Column column = writer_.layout().column(i);
      if (column.kind() == ofd::FieldKind::kNumber && !out_.first_number.present()) out_.first_number = column;
      out_.fields.emplace_back(writer_.layout().name(i), column);
    }
    return absl::OkStatus();
  }
  ofd::Column Find(std::string_view name) const { return writer_.Find(name); }
  ofd::Writer& writer() { return writer_; }
  const std::string& name() const { return out_.name; }

  void Text(ofd::Column c, std::string_view text) { writer_.SetText(c, text); }
  void Char(ofd::Column c, char text) { writer_.SetText(c, std::string_view(&text, 1)); }
  void Day(ofd::Column c, Date day) { writer_.SetDate(c, day); }
  template <class T>
  void Number(ofd::Column c, T value) {  // Yuan, Shares: two places
    writer_.SetNumber(c, value.raw());
  }
  // Prices and rates have eight places here and fewer in some fields. A price must fit; a rate is cut.
  absl::Status Exact(ofd::Column c, Price price) {
    int64_t step = 1;
    for (int places = c.decimals(); places < Price::kPlaces; ++places) step *= 10;
    if (price.raw() % step != 0) {
      return absl::InvalidArgumentError(StrCat("price ", price.ToString(), " does not fit ", out_.name,
                                               ", which holds ", int{c.decimals()},
                                               " decimals; use version 22 or a shorter price"));
    }
    writer_.SetNumber(c, price.raw() / step);
    return absl::OkStatus();
  }

  absl::StatusOr<OutFile> Finish() {
    FC_RETURN_IF_ERROR(writer_.Finish());
    return std::move(out_);
  }

 private:
  const AnswerContent& content_;
  OutFile out_;
  const ofd::Version version_;
  ofd::Writer writer_;
};

// Reads the inputs again, handing over each answered line with its record, then those that nobody asked for. `lines`
// stand in the inputs' order.
absl::Status WithRecords(const AnswerContent& content, const std::vector<Line>& lines,
                         absl::FunctionRef<absl::Status(const ofd::Reader&)> begin,
                         absl::FunctionRef<absl::Status(const Line&, const ofd::RecordView*)> write) {
  size_t next = 0;
  while (next < lines.size() && lines[next].file != Line::kNoFile) {
    const uint32_t file = lines[next].file;
    FC_RETURN_IF_ERROR(
        ReadRecords(*content.exchange, content.inputs[file].name, begin, [&](const ofd::RecordView& r) -> absl::Status {
          // A conversion may have two.
          while (next < lines.size() && lines[next].file == file && lines[next].at == r.line())
            FC_RETURN_IF_ERROR(write(lines[next++], &r));
          return absl::OkStatus();
        }));
  }
  for (; next < lines.size(); ++next) FC_RETURN_IF_ERROR(write(lines[next], nullptr));
  return absl::OkStatus();
}

// Copies what an application said into the fields of the same name.
class Echo {
 public:
  void Map(const ofd::Reader& from, const ofd::Layout& to) {
    pairs_.clear();
    for (size_t i = 0; i < to.field_count(); ++i) {
      const ofd::Column source = from.Find(to.name(i));
      if (source.present() && to.name(i) != "Charge") pairs_.push_back({source, to.column(i)});
    }
  }
  absl::Status Copy(const ofd::RecordView& record, ofd::Writer* writer) const {
    for (const auto& [from, to] : pairs_) {
      if (to.kind() != ofd::FieldKind::kNumber) {
        const std::string_view text = record.Text(from);
        if (!text.empty()) writer->SetBytes(to, text);
        continue;
      }
      FC_ASSIGN_OR_RETURN(const int64_t number, record.NumberOr(from, 0));
      if (number != 0) writer->SetNumber(to, number);
    }
    return absl::OkStatus();
  }

 private:
  std::vector<std::pair<ofd::Column, ofd::Column>> pairs_;
};

// Date and a dense number: unique over all days, at most 20 characters.
std::string SerialText(Date day, uint64_t serial) { return absl::StrFormat("%08d%012d", day.raw(), serial); }

// What 02, 04 and 06 lines have in common.
struct CommonColumns {
  explicit CommonColumns(const Sheet& s)
      : confirm_day(s.Find("TransactionCfmDate")),
        code(s.Find("ReturnCode")),
        trading(s.Find("TransactionAccountID")),
        distributor(s.Find("DistributorCode")),
        business(s.Find("BusinessCode")),
        account(s.Find("TAAccountID")),
        serial(s.Find("TASerialNO")),
        sheet(s.Find("AppSheetSerialNo")),
        day(s.Find("TransactionDate")),
        from_ta(s.Find("FromTAFlag")),
        error(s.Find("ErrorDetail")),
        branch(s.Find("BranchCode")) {}
  ofd::Column confirm_day, code, trading, distributor, business, account, serial, sheet, day, from_ta, error, branch;

  void Write(const AnswerContent& content, const Line& line, bool asked, Sheet* s) const {
    s->Day(confirm_day, content.day);
    s->Text(code, line.code.view());
    s->Text(trading, line.trading.view());
    s->Text(distributor, content.config->distributor.view());
    s->Text(business, ofd::FormatBusinessCode(line.confirmation));
    s->Text(account, line.account.view());
    s->Text(serial, SerialText(content.day, line.serial));
    if (from_ta.present()) s->Text(from_ta, asked ? "0" : "1");  // 06 has no such field
    if (line.refused()) s->Text(error, ofd::ReturnCodeMeaning(line.code.view()));
    if (asked) return;
    s->Text(sheet, line.sheet.view());
    s->Day(day, line.day);
    s->Text(branch, content.config->distributor.view());
  }
};

absl::StatusOr<OutFile> Render02(const AnswerContent& content, ofd::Version version, uint16_t transfer) {
  Sheet s(content, "02", version);
  FC_RETURN_IF_ERROR(s.Begin(transfer, content.accounts.size()));
  const CommonColumns common(s);
  const ofd::Column cause = s.Find("FrozenCause"), target = s.Find("TargetTransactionAccountID"),
                    certificate_type = s.Find("CertificateType"), certificate = s.Find("CertificateNo");
  Echo echo;
  FC_RETURN_IF_ERROR(WithRecords(
      content, content.accounts,
      [&](const ofd::Reader& reader) {
        echo.Map(reader, s.writer().layout());
        return absl::OkStatus();
      },
      [&](const Line& line, const ofd::RecordView* record) -> absl::Status {
        if (record) FC_RETURN_IF_ERROR(echo.Copy(*record, &s.writer()));
        common.Write(content, line, record != nullptr, &s);
        if (!record && cause.present() && line.cause != ' ') s.Char(cause, line.cause);
        if (!record && !line.moved_to.empty()) s.Text(target, line.moved_to.view());
        if (!record && !line.certificate.empty()) {
          s.Text(certificate_type, std::string_view(line.certificate).substr(0, line.certificate.find(':')));
          s.Text(certificate, std::string_view(line.certificate).substr(line.certificate.find(':') + 1));
        }
        return s.writer().EndRecord();
      }));
  return s.Finish();
}

// After the numbers of the other files.
constexpr uint64_t kFirstTaxSerial = 900'000'000'000;

absl::StatusOr<OutFile> RenderR2(const AnswerContent& content, ofd::Version version, uint16_t transfer) {
  Sheet s(content, "R2", version);
  FC_RETURN_IF_ERROR(s.Begin(transfer, content.tax.size()));
  const ofd::Column sheet = s.Find("AppSheetSerialNo"), asked = s.Find("TransactionDate"), day = s.Find("TransactionCfmDate"),
                    serial = s.Find("TASerialNO"), code = s.Find("ReturnCode"), error = s.Find("ErrorDetail");
  uint64_t n = kFirstTaxSerial;
  for (const TaxAnswer& a : content.tax) {
    s.Text(sheet, a.sheet.view());
    s.Day(asked, a.day);
    s.Day(day, content.day);
    s.Text(serial, SerialText(content.day, n++));
    s.Text(code, a.code.view());
    if (a.code.view() != "0000") s.Text(error, ofd::ReturnCodeMeaning(a.code.view()));
    FC_RETURN_IF_ERROR(s.writer().EndRecord());
  }
  return s.Finish();
}

absl::StatusOr<OutFile> Render04(const AnswerContent& content, ofd::Version version, uint16_t transfer) {
  Sheet s(content, "04", version);
  FC_RETURN_IF_ERROR(s.Begin(transfer, content.trades.size()));
  const CommonColumns common(s);
  const auto f = [&](std::string_view name) { return s.Find(name); };
  const ofd::Column currency = f("CurrencyType"), units = f("ConfirmedVol"), amount = f("ConfirmedAmount"),
                    fund = f("FundCode"), asked_units = f("ApplicationVol"), asked_amount = f("ApplicationAmount"),
                    finish = f("BusinessFinishFlag"), download = f("DownLoaddate"), charge = f("Charge"),
                    agency = f("AgencyFee"), nav = f("NAV"), fund_part = f("OtherFee1"), rate = f("RateFee"),
                    interest = f("Interest"), by_interest = f("VolumeByInterest"), price = f("TradingPrice"),
                    share_class = f("ShareClass"), detail = f("DetailFlag"), reason = f("RedemptionReason"),
                    fees = f("TotalTransFee"), refund = f("RefundAmount"), registered = f("ShareRegisterDate"),
                    balance = f("FundVolBalance"), frozen = f("TotalFrozenVol"), method = f("DefDividendMethod"),
                    holder = f("IndividualOrInstitution"), cause = f("FrozenCause"), freeze = f("FrozenMethod"),
                    adjustment = f("SharesAdjustmentFlag"), moves = f("TransferDirection"),
                    target = f("CodeOfTargetFund"),
                    target_units = f("CfmVolOfTargetFund"), target_nav = f("TargetNAV"),
                    target_price = f("TargetFundPrice"), difference = f("RecuperateFee"), change = f("ChangeFee"),
                    large = f("LargeRedemptionFlag"),
                    original = f("OriginalAppSheetNo"), percent = f("SalePercent"), raised = f("RaiseInterest");
  Echo echo;
  FC_RETURN_IF_ERROR(WithRecords(
      content, content.trades,
      [&](const ofd::Reader& reader) {
        echo.Map(reader, s.writer().layout());
        return absl::OkStatus();
      },
      [&](const Line& line, const ofd::RecordView* record) -> absl::Status {
        if (record) FC_RETURN_IF_ERROR(echo.Copy(*record, &s.writer()));
        const bool application = line.business != ofd::BusinessCode::kNone;
        common.Write(content, line, record != nullptr, &s);
        if (!record) {
          s.Text(fund, line.fund.view());
          s.Char(share_class, line.share_class);
          if (line.holder != ' ') s.Char(holder, line.holder);
          s.Number(asked_amount, line.amount);
          s.Number(asked_units, line.units);
          if (application) s.Text(common.from_ta, "0");
          if (line.large_flag != ' ') s.Char(large, line.large_flag);
          if (!line.original.empty()) s.Text(original, line.original.view());
          if (line.confirmation == ofd::BusinessCode::kForcedRedemption) s.Char(reason, line.reason == ' ' ? '1' : line.reason);
        }
        if (!line.target.empty()) {
          s.Text(fund, line.fund.view());
          s.Text(target, line.target.view());
          s.Number(target_units, line.target_units);
          FC_RETURN_IF_ERROR(s.Exact(target_nav, line.target_price));
          FC_RETURN_IF_ERROR(s.Exact(target_price, line.target_price));
          s.Number(difference, line.difference_fee);
          s.Number(change, line.fee - line.difference_fee);
        }
        s.Text(currency, kYuanCode);
        s.Number(units, line.confirmed_units);
        s.Number(amount, line.confirmed_amount);
        s.Number(charge, line.fee);
        s.Number(fees, line.fee);
        s.Number(fund_part, line.fund_part);
        s.Number(agency, line.fee - line.fund_part);
        s.writer().SetNumber(rate, line.rate.raw());
        s.Number(interest, line.interest);
        s.Number(by_interest, line.interest_units);
        s.Number(refund, line.refund);
        s.Number(balance, line.balance);
        s.Number(frozen, line.frozen);
        for (const auto& [column, letter] : {std::pair(cause, line.frozen_cause), std::pair(freeze, line.frozen_method),
                                             std::pair(adjustment, line.adjustment),
                                             std::pair(moves, line.direction)}) {
          if (letter != ' ') s.Char(column, letter);
        }
        FC_RETURN_IF_ERROR(s.Exact(nav, line.price));
        FC_RETURN_IF_ERROR(s.Exact(price, line.price));
        if (line.confirmation == ofd::BusinessCode::kSetDividendMethodConfirmed) s.Char(method, line.dividend_method);
        s.Text(finish, line.interim ? "0" : "1");
        s.Text(detail, "0");
        s.Day(download, content.day);
        if (line.confirmed_units.is_positive()) {
          s.Day(registered, line.registered.is_set() ? line.registered : content.day);
        }
        if (!line.note.empty()) s.Text(common.error, line.note);
        s.Number(raised, line.interest);
        int64_t cut = line.sale_percent.raw();  // as many decimals as the field has, the rest is lost
        for (int places = percent.decimals(); places < Rate::kPlaces; ++places) cut /= 10;
        s.writer().SetNumber(percent, cut);
        return s.writer().EndRecord();
      }));
  return s.Finish();
}

absl::StatusOr<OutFile> Render05(const AnswerContent& content, ofd::Version version, uint16_t transfer) {
  const auto unpaid = [&](const PositionKey& key) {
    const auto earned = content.reg->earned.find(key);
    return earned == content.reg->earned.end() ? Yuan() : earned->second.unpaid;
  };
  uint64_t count = 0;
  for (const auto& [key, position] : content.reg->positions)
    count += position.Total().is_positive() || !unpaid(key).is_zero();
  Sheet s(content, "05", version);
  FC_RETURN_IF_ERROR(s.Begin(transfer, count));
  const auto f = [&](std::string_view name) { return s.Find(name); };
  const ofd::Column available = f("AvailableVol"), total = f("TotalVolOfDistributorInTA"),
                    day = f("TransactionCfmDate"), fund = f("FundCode"), trading = f("TransactionAccountID"),
                    distributor = f("DistributorCode"), account = f("TAAccountID"), share_class = f("ShareClass"),
                    detail = f("DetailFlag"), status = f("AccountStatus"), method = f("DefDividendMethod"),
                    whole = f("WholeFlag"), branch = f("BranchCode"), frozen_vol = f("TotalFrozenVol"),
                    income = f("UndistributeMonetaryIncome"),
                    income_sign = f("UndistributeMonetaryIncomeFlag");
  for (const auto& [key, position] : content.reg->positions) {
    const Shares units = position.Total();
    if (!units.is_positive() && unpaid(key).is_zero()) continue;
    if (const FundTerms* fund = content.config->Find(key.fund); fund && fund->money) {
      const int64_t fen = unpaid(key).raw();
      s.Number(income, Yuan::FromRaw(fen < 0 ? -fen : fen));
      s.Char(income_sign, fen < 0 ? '1' : '0');
    }
    const auto attached = content.reg->attached.find(key);
    const Shares frozen = attached == content.reg->attached.end() ? Shares() : attached->second.frozen;
    s.Number(available, units - frozen);
    s.Number(total, units);
    s.Number(frozen_vol, frozen);
    s.Day(day, content.day);
    s.Text(fund, key.fund.view());
    s.Text(trading, key.trading.view());
    s.Text(distributor, content.config->distributor.view());
    s.Text(branch, content.config->distributor.view());
    s.Text(account, key.account.view());
    s.Char(share_class, key.share_class);
    s.Text(detail, "0");
    s.Text(status, "0");
    const FundTerms* terms = content.config->Find(key.fund);
    s.Char(method, position.dividend_method ? position.dividend_method : terms ? terms->default_dividend : '1');
    if (whole.present()) s.Text(whole, "1");
    FC_RETURN_IF_ERROR(s.writer().EndRecord());
  }
  return s.Finish();
}

absl::StatusOr<OutFile> Render06(const AnswerContent& content, ofd::Version version, uint16_t transfer) {
  Sheet s(content, "06", version);
  FC_RETURN_IF_ERROR(s.Begin(transfer, content.dividends.size()));
  const CommonColumns common(s);
  const auto f = [&](std::string_view name) { return s.Find(name); };
  const ofd::Column basis = f("BasisforCalculatingDividend"), currency = f("CurrencyType"),
                    reinvested = f("VolOfDividendforReinvestment"), pay = f("DividentDate"),
                    amount = f("DividendAmount"), ex = f("XRDate"), paid = f("ConfirmedAmount"), fund = f("FundCode"),
                    registration = f("RegistrationDate"), per_unit = f("DividendPerUnit"),
                    method = f("DefDividendMethod"), download = f("DownLoaddate"), nav = f("NAV"),
                    share_class = f("ShareClass"), unit = f("DrawBonusUnit"), kind = f("DividendType"),
                    frozen = f("TotalFrozenVol"), held = f("FrozenBalance"), held_units = f("FrozenSharesforReinvest");
  for (const DividendLine& line : content.dividends) {
    const Line head{.trading = line.key.trading,
                    .account = line.key.account,
                    .confirmation = ofd::BusinessCode::kDividend,
                    .serial = line.serial};
    common.Write(content, head, false, &s);
    // Income of a money fund is declared by nobody: it is what the days up to this answer have made.
    const DividendTerms income{.registration = content.day.AddDays(-1), .ex_date = content.day, .pay_date = content.day};
    const DividendTerms& terms = line.terms ? *line.terms : income;
    s.Number(basis, line.basis);
    s.Text(currency, kYuanCode);
    s.Number(reinvested, line.reinvested);
    s.Day(pay, terms.pay_date);
    s.Number(amount, line.amount);
    s.Day(ex, terms.ex_date);
    s.Number(paid, line.method == '0' ? Yuan() : line.amount - line.held);
    s.Number(frozen, line.frozen);
    s.Number(held, line.held);
    s.Number(held_units, line.held_units);
    s.Text(fund, line.key.fund.view());
    s.Day(registration, terms.registration);
    s.Number(per_unit, terms.amount);
    s.writer().SetNumber(unit, terms.per_units);
    s.Char(method, line.method);
    s.Day(download, content.day);
    FC_RETURN_IF_ERROR(s.Exact(nav, line.price));
    s.Char(share_class, line.key.share_class);
    s.Text(kind, line.terms ? "0" : "2");
    FC_RETURN_IF_ERROR(s.writer().EndRecord());
  }
  return s.Finish();
}

absl::StatusOr<OutFile> Render07(const AnswerContent& content, ofd::Version version, uint16_t transfer) {
  Sheet s(content, "07", version);
  FC_RETURN_IF_ERROR(s.Begin(transfer, content.prices.size()));
  const auto f = [&](std::string_view name) { return s.Find(name); };
  const ofd::Column name = f("FundName"), total = f("TotalFundVol"), code = f("FundCode"), status = f("FundStatus"),
                    nav = f("NAV"), day = f("UpdateDate"), kind = f("NetValueType"), accumulated = f("AccumulativeNAV"),
                    convert = f("ConvertStatus"), periodic = f("PeriodicStatus"),
                    transfer_status = f("TransferAgencyStatus"), size = f("FundSize"), currency = f("CurrencyType"),
                    announce = f("AnnouncFlag"), method = f("DefDividendMethod"), registrar = f("RegistrarCode"),
                    face = f("FaceValue"), fee_type = f("CollectFeeType"), income = f("FundIncome"),
                    income_sign = f("FundIncomeFlag"), day_income = f("FundDayIncome"),
                    day_income_sign = f("FundDayIncomeFlag");
  for (const PriceLine& line : content.prices) {
    const FundTerms& fund = *line.fund;
    s.Text(name, fund.name);
    s.Number(total, line.total);
    s.Text(code, fund.code.view());
    s.Char(status, StatusOf(fund, line.day));
    FC_RETURN_IF_ERROR(s.Exact(nav, line.nav));
    s.Day(day, line.day);
    s.Text(kind, "0");
    FC_RETURN_IF_ERROR(s.Exact(accumulated, line.nav + fund.accumulated));
    s.Char(convert, fund.convert_status);
    s.Text(periodic, "0");
    s.Text(transfer_status, "3");
    s.Number(size, Multiply(line.total, line.nav, Rounding::kHalfUp));
    s.Text(currency, kYuanCode);
    s.Text(announce, "0");
    s.Char(method, fund.default_dividend);
    if (content.config->ta.view().size() <= registrar.width()) s.Text(registrar, content.config->ta.view());
    FC_RETURN_IF_ERROR(s.Exact(face, Price::FromRaw(100'000'000)));
    s.Text(fee_type, fund.inside_fee ? "0" : "1");
    if (line.income) {
      const int64_t per = line.income->per_ten_thousand.raw(), all = line.income->total.raw();
      FC_RETURN_IF_ERROR(s.Exact(income, Price::FromRaw(per < 0 ? -per : per)));
      s.Char(income_sign, per < 0 ? '1' : '0');
      s.Number(day_income, Yuan::FromRaw(all < 0 ? -all : all));
      s.Char(day_income_sign, all < 0 ? '1' : '0');
    }
    FC_RETURN_IF_ERROR(s.writer().EndRecord());
  }
  return s.Finish();
}

absl::StatusOr<OutFile> Render25(const AnswerContent& content, ofd::Version version, uint16_t transfer) {
  Sheet s(content, "25", version);
  FC_RETURN_IF_ERROR(s.Begin(transfer, content.cash.size()));
  const auto f = [&](std::string_view name) { return s.Find(name); };
  const ofd::Column number = f("SequenceNO"), trade_day = f("TransactionDate"), day = f("TransactionCfmDate"),
                    currency = f("CurrencyType"), market = f("ExchangeFlag"), fund = f("FundCode"),
                    distributor = f("DistributorCode"), business = f("BusinessCode"), kind = f("CapitalType"),
                    amount = f("ConfirmedAmount"), flag = f("ReceOrPayFlag"), calculated = f("CalculateDate"),
                    pay = f("PayDate"), detail = f("DetailFlag"), download = f("DownLoadDate");
  uint64_t sequence = 0;
  for (const CashLine& line : content.cash) {
    s.Text(number, SerialText(content.day, ++sequence));
    s.Day(trade_day, line.trade_day);
    s.Day(day, content.day);
    s.Text(currency, kYuanCode);
    s.Text(market, "2");
    s.Text(fund, line.fund.view());
    s.Text(distributor, content.config->distributor.view());
    s.Text(business, ofd::FormatBusinessCode(static_cast<ofd::BusinessCode>(line.business)));
    s.Text(kind, line.business == 143 ? "009" : "001");
    s.Number(amount, line.amount);
    s.Text(flag, line.to_distributor ? "0" : "1");
    s.Day(calculated, content.day);
    s.Day(pay, line.pay_day);
    s.Text(detail, "0");
    s.Day(download, content.day);
    FC_RETURN_IF_ERROR(s.writer().EndRecord());
  }
  return s.Finish();
}

// ---- Faults of files.

std::string_view RecordOf(const OutFile& file, uint64_t index) {
  return std::string_view(file.bytes).substr(file.head_bytes + index * file.record_bytes, file.record_bytes);
}

absl::StatusOr<uint64_t> FindRecord(const OutFile& file, const std::string& which) {
  if (which[0] == '#') {
    uint64_t number = 0;
    if (ofd::ParseCount(std::string_view(which).substr(1), &number) && number >= 1 && number <= file.records)
      return number - 1;
  }
  for (uint64_t i = 0; i < file.records; ++i) {
    if (ofd::CutSpaces(RecordOf(file, i).substr(file.sheet.offset(), file.sheet.width())) == which) return i;
  }
  return absl::InvalidArgumentError(StrCat("a fault names line ", which, ", but ", file.name, " has ", file.records,
                                           " lines and none of that serial; name another"));
}

void SetDigits(std::string* bytes, size_t at, size_t width, int64_t value) {
  const bool negative = value < 0;
  uint64_t rest = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  for (size_t i = width; i > 0; --i, rest /= 10) (*bytes)[at + i - 1] = static_cast<char>('0' + rest % 10);
  if (negative) (*bytes)[at] = '-';
}

absl::Status AddTo(OutFile* file, uint64_t index, ofd::Column column, int64_t delta) {
  const size_t at = file->head_bytes + index * file->record_bytes + column.offset();
  int64_t value = 0;
  if (ofd::record_internal::ReadNumber(file->bytes.data() + at, column.width(), &value) != ofd::FieldState::kPresent) {
    return absl::InvalidArgumentError(StrCat(file->name, ": line ", index + 1, " has no number to falsify"));
  }
  SetDigits(&file->bytes, at, column.width(), value + delta);
  return absl::OkStatus();
}

absl::Status Write(OutFile* file, uint64_t index, const std::string& name, std::string text) {
  const auto field = std::find_if(file->fields.begin(), file->fields.end(), [&](const auto& f) { return f.first == name; });
  if (field == file->fields.end())
    return absl::InvalidArgumentError(StrCat("fault writes-field: ", file->name, " has no field ", name, "; name another"));
  const ofd::Column column = field->second;
  const size_t at = file->head_bytes + index * file->record_bytes + column.offset();
  if (text == "nothing") text.clear();
  if (column.kind() == ofd::FieldKind::kNumber && !text.empty()) {
    FC_ASSIGN_OR_RETURN(const int64_t value, decimal_internal::Parse(text, column.decimals()));
    SetDigits(&file->bytes, at, column.width(), value);
    return absl::OkStatus();
  }
  if (text.size() > column.width())
    return absl::InvalidArgumentError(StrCat("fault writes-field: ", name, " holds ", column.width(), " bytes, \"", text,
                                             "\" has ", text.size(), "; write less"));
  text.resize(column.width(), ' ');
  file->bytes.replace(at, text.size(), text);
  return absl::OkStatus();
}

// The head announces as many records as there are.
void SetCount(OutFile* file, uint64_t records) {
  file->records = records;
  const size_t end = file->head_bytes - 2;
  size_t begin = end;
  while (begin > 0 && file->bytes[begin - 1] != '\n') --begin;
  SetDigits(&file->bytes, begin, end - begin, static_cast<int64_t>(records));
}

// Where line n (from 1) of the head begins.
size_t HeadLine(const std::string& bytes, int n) {
  size_t at = 0;
  for (int i = 1; i < n; ++i) at = bytes.find('\n', at) + 1;
  return at;
}

absl::Status SpoilOne(const Fault& fault, OutFile* file, std::vector<OutFile>* again) {
  switch (fault.kind) {
    case FaultKind::kWrongUnits:
    case FaultKind::kWrongAmount: {
      FC_ASSIGN_OR_RETURN(const uint64_t index, FindRecord(*file, fault.arguments[0]));
      FC_ASSIGN_OR_RETURN(const int64_t delta, decimal_internal::Parse(fault.arguments[1], 2));
      return AddTo(file, index, fault.kind == FaultKind::kWrongUnits ? file->units : file->amount, delta);
    }
    case FaultKind::kWritesField: {
      FC_ASSIGN_OR_RETURN(const uint64_t index, FindRecord(*file, fault.arguments[0]));
      return Write(file, index, fault.arguments[1], fault.arguments[2]);
    }
    case FaultKind::kMissingLine: {
      FC_ASSIGN_OR_RETURN(const uint64_t index, FindRecord(*file, fault.arguments[0]));
      file->bytes.erase(file->head_bytes + index * file->record_bytes, file->record_bytes);
      SetCount(file, file->records - 1);
      return absl::OkStatus();
    }
    case FaultKind::kDuplicateLine: {
      FC_ASSIGN_OR_RETURN(const uint64_t index, FindRecord(*file, fault.arguments[0]));
      file->bytes.insert(file->head_bytes + (index + 1) * file->record_bytes, std::string(RecordOf(*file, index)));
      SetCount(file, file->records + 1);
      return absl::OkStatus();
    }
    case FaultKind::kDamaged:
      if (file->records == 0)
        return absl::InvalidArgumentError(StrCat(file->name, " has no line to damage; choose another type"));
      file->bytes[file->head_bytes + file->first_number.offset() + file->first_number.width() / 2] = 'x';
      return absl::OkStatus();
    case FaultKind::kTruncated:
      file->bytes.resize(file->head_bytes + (file->bytes.size() - file->head_bytes) / 2);
      return absl::OkStatus();
    case FaultKind::kWrongDate: {
      const size_t at = HeadLine(file->bytes, 5);
      FC_ASSIGN_OR_RETURN(const Date day, Date::Parse(file->bytes.substr(at, 8)));
      file->bytes.replace(at, 8, day.AddDays(1).Compact());
      return absl::OkStatus();
    }
    case FaultKind::kResendOtherBytes: {
      if (file->records == 0)
        return absl::InvalidArgumentError(StrCat(file->name, " has no line to change; choose another type"));
      OutFile other = *file;
      FC_RETURN_IF_ERROR(AddTo(&other, 0, other.first_number, 100));
      again->push_back(std::move(other));
      return absl::OkStatus();
    }
    case FaultKind::kWrongIncome: {
      const auto is = [&](ofd::Column c, uint64_t i, const std::string& text) {
        return ofd::CutSpaces(RecordOf(*file, i).substr(c.offset(), c.width())) == text;
      };
      FC_ASSIGN_OR_RETURN(const Yuan more, Yuan::Parse(fault.arguments[2]));
      for (uint64_t i = 0; i < file->records; ++i)
        if (is(file->trading, i, fault.arguments[0]) && is(file->fund, i, fault.arguments[1]))
          return AddTo(file, i, file->income, more.raw());
      return absl::InvalidArgumentError(StrCat("fault wrong-income: ", file->name, " has no line of account ",
                                               fault.arguments[0], " and fund ", fault.arguments[1], "; name another"));
    }
    case FaultKind::kBookedIncome:
    case FaultKind::kNoPayout:
    case FaultKind::kWrongDividend: {
      FC_ASSIGN_OR_RETURN(const int64_t delta, decimal_internal::Parse(fault.arguments[2], 2));
      for (uint64_t i = 0; i < file->records; ++i) {
        const auto text = [&](ofd::Column c) { return ofd::CutSpaces(RecordOf(*file, i).substr(c.offset(), c.width())); };
        if (text(file->trading) != fault.arguments[0] || text(file->fund) != fault.arguments[1]) continue;
        FC_RETURN_IF_ERROR(AddTo(file, i, file->dividend, delta));
        return AddTo(file, i, file->amount, delta);
      }
      return absl::InvalidArgumentError(StrCat("a fault names a dividend of ", fault.arguments[0], " in fund ",
                                               fault.arguments[1], ", which ", file->name, " does not have"));
    }
    case FaultKind::kRefundsOrder:
    case FaultKind::kAsksMore:
    case FaultKind::kAdjusts:
    case FaultKind::kVoidPayment:
    case FaultKind::kInitiated:
    case FaultKind::kWrongRegister:
    case FaultKind::kRefuse:
    case FaultKind::kPartial:
    case FaultKind::kForced:
    case FaultKind::kOwnAccount:
    case FaultKind::kInterest:
    case FaultKind::kAllot:
    case FaultKind::kOwnData:
    case FaultKind::kOwnMove:
    case FaultKind::kRefuseTax:
    case FaultKind::kUnknownTax:
    case FaultKind::kLate:
    case FaultKind::kVersion: return absl::OkStatus();
  }
  return absl::OkStatus();
}

bool IsOfFile(FaultKind kind, bool* takes_type) {
  *takes_type = kind == FaultKind::kDamaged || kind == FaultKind::kTruncated || kind == FaultKind::kWrongDate ||
                kind == FaultKind::kResendOtherBytes;
  return *takes_type || kind == FaultKind::kWrongUnits || kind == FaultKind::kWrongAmount ||
         kind == FaultKind::kMissingLine || kind == FaultKind::kDuplicateLine || kind == FaultKind::kWrongDividend ||
         kind == FaultKind::kWrongIncome || kind == FaultKind::kWritesField;
}

}  // namespace

absl::StatusOr<std::vector<OutFile>> RenderAnswer(const AnswerContent& content, ofd::Version version,
                                                  uint16_t transfer) {
  std::vector<OutFile> files;
  for (auto* render : {&Render02, &Render04, &Render05, &Render06, &Render07, &Render25}) {
    FC_ASSIGN_OR_RETURN(OutFile file, (*render)(content, version, transfer));
    files.push_back(std::move(file));
  }
  if (!content.tax.empty()) {
    FC_ASSIGN_OR_RETURN(OutFile file, RenderR2(content, version, transfer));
    files.push_back(std::move(file));
  }
  return files;
}

absl::StatusOr<std::vector<std::string>> Spoil(std::span<const Fault> faults, std::vector<OutFile>* files,
                                               std::vector<OutFile>* again) {
  std::vector<std::string> changed;
  for (const Fault& fault : faults) {
    bool takes_type = false;
    if (!IsOfFile(fault.kind, &takes_type)) continue;
    const std::string type = takes_type ? fault.arguments[0] : fault.kind == FaultKind::kWrongDividend ? "06"
                             : fault.kind == FaultKind::kWrongIncome ? "05" : "04";
    for (OutFile& file : *files) {
      if (file.type != type) continue;
      FC_RETURN_IF_ERROR(SpoilOne(fault, &file, again));
      const bool noted = std::find(changed.begin(), changed.end(), type) != changed.end();
      if (fault.kind != FaultKind::kResendOtherBytes && !noted) changed.push_back(type);
    }
  }
  return changed;
}

std::string WithTransfer(std::string bytes, ofd::Version version, uint16_t transfer) {
  SetDigits(&bytes, HeadLine(bytes, 6), ofd::WidthsOf(version).transfer_no, transfer);
  return bytes;
}

std::string FolderOf(const TaConfig& config, Date day, uint16_t transfer) {
  return absl::StrFormat("in/%s/%08d/%03d/", config.ta.str(), day.raw(), transfer);
}

std::string DataName(const TaConfig& config, Date day, std::string_view type) {
  return ofd::FileName{.creator = ofd::PartyCode(config.ta.view()),
                       .receiver = ofd::PartyCode(config.distributor.view()),
                       .date = day,
                       .type = ofd::FileType(type)}
      .Format();
}

absl::StatusOr<std::vector<NamedBytes>> RenderIndexes(const TaConfig& config, Date day, uint16_t transfer,
                                                      ofd::Version version, std::span<const std::string> types) {
  std::vector<NamedBytes> indexes;
  for (char family : {'I', 'J', 'K'}) {
    ofd::IndexFile index{.version = version,
                         .creator = ofd::PartyCode(config.ta.view()),
                         .receiver = ofd::PartyCode(config.distributor.view()),
                         .date = day};
    for (const std::string& type : types) {
      if ((type == "07" ? 'J' : type == "25" ? 'K' : 'I') == family) index.names.push_back(DataName(config, day, type));
    }
    if (index.names.empty()) continue;
    const ofd::FileName name{.family = family, .creator = index.creator, .receiver = index.receiver, .date = day};
    FC_ASSIGN_OR_RETURN(std::string bytes, index.Format());
    indexes.push_back({FolderOf(config, day, transfer) + name.Format(), std::move(bytes)});
  }
  return indexes;
}

}  // namespace fundcore::ta_sim
