// Reading: each record by itself.
#include "common/product_import/c_files.h"

#include <algorithm>
#include <set>

#include "common/base/check.h"
#include "common/money/decimal.h"
#include "common/ofd/reader.h"

namespace fundcore::product_import {
namespace {

namespace v1 = product::v1;

constexpr std::string_view kNoPlace = "has no place in a fund's terms";

// Fields that are read, and those that only keep a file in order. What else holds something is listed.
bool Carried(std::string_view type, std::string_view field) {
  static const std::map<std::string_view, std::set<std::string_view>> kFields = {
      {"C1",
       {"FundName", "FundType", "IsQDIIFund", "RedeemFeeBackRatio", "RedemptionSequence", "CollectFeeType",
        "RegistrarCode", "CurrencyType", "FundTypeName", "RegistrarName", "FundManagerCode", "FundManagerName",
        "FundNameAbbr"}},
      {"C2", {"DistributorCode", "BranchCode", "BuyPayPeriod", "RedemptionPayPeriod"}},
      {"C3",
       {"VolLowerLimit", "VolUpperLimit", "DaysLowerLimit", "CodeOfTargetFund", "IndividualOrInstitution",
        "RegistrarCode"}},
      {"C4", {"RegistrationDate", "DividentDate", "XRDate", "DividendPerUnit", "DrawBonusUnit", "XRType"}},
      {"C5",
       {"DistributorCode", "BranchCode", "BusinessCode", "CapitalType", "IndividualOrInstitution", "GetFeeRateMethod",
        "ConstantFee", "AmountLowerLimit", "AmountUpperLimit", "DaysLowerLimit", "DaysUpperLimit", "MaxFee", "MinFee",
        "RateFee", "FeeRateFlag"}},
      {"C6", {"ShareRegisterDate", "AllowRedemptDate", "AddFlag"}}};
  for (std::string_view order :
       {"SequenceNO", "FundCode", "ShareClass", "WholeFlag", "ModifyWay", "OperateDate", "DownLoaddate"})
    if (field == order) return true;
  if (kFields.at(type).contains(field)) return true;
  if (type != "C1") return false;
  return std::any_of(C1Figures().begin(), C1Figures().end(), [&](const C1Figure& f) { return f.field == field; });
}

// One record: values by name, with the first fault kept.
class Line {
 public:
  Line(const ofd::Reader& reader, const ofd::RecordView& record, const std::string& file, CFiles* out)
      : reader_(reader), record_(record), file_(file), out_(out) {}

  Origin origin() const { return {file_, record_.line()}; }
  bool good() const { return good_; }

  void Refuse(std::string_view field, std::string_view rule) {
    good_ = false;
    if (out_->faults.size() >= kMostFaults) return;
    const ofd::Column c = reader_.Find(field);
    ofd::FieldError e = record_.Error(c, rule);
    e.file = file_;
    e.field = field;
    out_->faults.push_back(std::move(e));
  }
  void Leave(std::string_view field, std::string_view why) {
    const std::string value = Text(field);
    for (Left& l : out_->left) {
      if (l.first.file == file_ && l.field == field && l.why == why) {
        ++l.lines;
        return;
      }
    }
    out_->left.push_back({origin(), std::string(field), value, std::string(why), 1});
  }

  // "" where it is blank, or the file leaves it out.
  std::string Text(std::string_view field) {
    const ofd::Column c = reader_.Find(field);
    if (!c.present()) return "";
    auto text = record_.Utf8(c);
    if (!text.ok()) {
      Refuse(field, "is no text in GB18030");
      return "";
    }
    const size_t end = text->find_last_not_of(' ');
    return text->substr(0, end == std::string::npos ? 0 : end + 1);
  }
  // A code out of `known`; `blank` where it is not said.
  char Code(std::string_view field, std::string_view known, char blank) {
    const std::string text = Text(field);
    if (text.empty()) return blank;
    if (text.size() == 1 && known.find(text[0]) != std::string_view::npos) return text[0];
    Refuse(field, StrCat("is not one of ", known));
    return blank;
  }
  // Scaled by `decimals`; nothing where it is blank; 0 where it says "no limit" in nines.
  std::optional<int64_t> Number(std::string_view field, int decimals) {
    const ofd::Column c = reader_.Find(field);
    if (!c.present() || record_.IsBlank(c)) return std::nullopt;
    if (record_.IsNoLimit(c)) return 0;
    auto value = record_.Number(c);
    if (!value.ok()) {
      Refuse(field, "is not a number");
      return std::nullopt;
    }
    if (*value < 0) {
      Refuse(field, "is negative");
      return std::nullopt;
    }
    int64_t v = *value;
    for (int d = c.decimals(); d < decimals; ++d) {
      if (v > INT64_MAX / 10) {
        Refuse(field, "is too large");
        return std::nullopt;
      }
      v *= 10;
    }
    for (int d = c.decimals(); d > decimals; --d) {
      if (v % 10 != 0) {
        Refuse(field, StrCat("has more than ", decimals, " decimals"));
        return std::nullopt;
      }
      v /= 10;
    }
    return v;
  }
  bool Unlimited(std::string_view field) {
    const ofd::Column c = reader_.Find(field);
    return !c.present() || record_.IsBlank(c) || record_.IsNoLimit(c);
  }
  Date Day(std::string_view field, bool needed) {
    const ofd::Column c = reader_.Find(field);
    if (!c.present() || record_.IsBlank(c)) {
      if (needed) Refuse(field, "has to be said (yyyymmdd)");
      return Date();
    }
    auto day = record_.DateOr(c, Date());
    if (!day.ok() || (needed && !day->is_set())) {
      Refuse(field, "is not a date (yyyymmdd)");
      return Date();
    }
    return *day;
  }
  std::string Fund(std::string_view field) {
    std::string code = Text(field);
    if (!code.empty() && FundCode::Fits(code) &&
        std::all_of(code.begin(), code.end(), [](unsigned char c) { return std::isalnum(c) && c < 128; }))
      return code;
    Refuse(field, "is not a fund's code");
    return "";
  }
  // Everything that holds something and is not read.
  void LeaveTheRest(std::string_view type) {
    for (const std::string& field : reader_.header().fields) {
      const ofd::Column c = reader_.Find(field);
      if (!c.present() || Carried(type, ofd::FindField(reader_.header().version, ofd::FileType(type), field)
                                            ? ofd::FindField(reader_.header().version, ofd::FileType(type), field)->name
                                            : std::string_view(field)))
        continue;
      const std::string_view text = record_.Text(c);
      if (text.find_first_not_of("0 ") != std::string_view::npos) Leave(field, kNoPlace);
    }
  }

 private:
  const ofd::Reader& reader_;
  const ofd::RecordView& record_;
  const std::string& file_;
  CFiles* const out_;
  bool good_ = true;
};

void ReadC1(Line& l, CFiles* out) {
  CFiles::Terms t{.at = l.origin(), .fund = l.Fund("FundCode")};
  t.ta = l.Text("RegistrarCode");
  t.name = l.Text("FundName");
  if (t.name.size() > 120) l.Refuse("FundName", "is longer than 120 bytes of UTF-8");
  t.type = l.Text("FundType");
  for (char c : t.type)
    if (c < '0' || c > '9') return l.Refuse("FundType", "is no type of the standard");
  t.qdii = l.Code("IsQDIIFund", "01", '0') == '1';
  if (l.Code("ModifyWay", "012", '0') == '2')
    l.Refuse("ModifyWay", "would delete the fund; terminate it by hand where it is empty");
  if (const std::string currency = l.Text("CurrencyType"); !currency.empty() && currency != "156" && currency != "CNY")
    l.Refuse("CurrencyType", "is not 156 (yuan), in which everything here is kept");
  if (const char c = l.Code("RedemptionSequence", "01", ' '); c != ' ') t.newest_first = c == '1';
  if (const char c = l.Code("CollectFeeType", "01", ' '); c != ' ') t.inside = c == '0';
  t.share_e8 = l.Number("RedeemFeeBackRatio", 8);
  if (t.share_e8 && *t.share_e8 > Rate::kOne) l.Refuse("RedeemFeeBackRatio", "is above 1 (100%)");
  for (size_t i = 0; i < C1Figures().size(); ++i)
    if (auto v = l.Number(C1Figures()[i].field, C1Figures()[i].decimals)) t.figures.emplace_back(i, *v);
  t.from = l.Day("OperateDate", true);
  if (l.good()) out->terms.push_back(std::move(t));
}

std::optional<int32_t> WholeDays(Line& l, std::string_view field) {
  const auto days = l.Number(field, 2);
  if (!days || !l.good()) return std::nullopt;
  if (*days % 100 != 0 || *days < 100 || *days > 3000) {
    l.Refuse(field, "is not a whole number of days from 1 to 30");
    return std::nullopt;
  }
  return static_cast<int32_t>(*days / 100);
}

void ReadC2(Line& l, CFiles* out) {
  CFiles::Agency a{.at = l.origin(), .fund = l.Fund("FundCode")};
  if (l.Code("ModifyWay", "012", '0') == '2') l.Refuse("ModifyWay", "would end the agency; close the fund by hand");
  a.purchase_days = WholeDays(l, "BuyPayPeriod");
  a.redemption_days = WholeDays(l, "RedemptionPayPeriod");
  a.from = l.Day("OperateDate", true);
  if (l.good()) out->agencies.push_back(std::move(a));
}

void ReadC3(Line& l, CFiles* out) {
  CFiles::Way w{.at = l.origin(), .fund = l.Fund("FundCode")};
  const std::string target = l.Fund("CodeOfTargetFund");
  if (!target.empty() && target == w.fund) l.Refuse("CodeOfTargetFund", "is the fund itself");
  w.relation.set_target_fund(target);
  w.relation.set_min_units_e2(l.Number("VolLowerLimit", 2).value_or(0));
  w.relation.set_max_units_e2(l.Number("VolUpperLimit", 2).value_or(0));
  if (w.relation.max_units_e2() != 0 && w.relation.max_units_e2() < w.relation.min_units_e2())
    l.Refuse("VolUpperLimit", "is below VolLowerLimit");
  w.relation.set_min_days(static_cast<int32_t>(l.Number("DaysLowerLimit", 0).value_or(0)));
  w.relation.set_investors(std::string(1, l.Code("IndividualOrInstitution", "012", '2')));
  w.deleted = l.Code("ModifyWay", "012", '0') == '2';
  w.whole = l.Code("WholeFlag", "01", '0') == '1';
  w.from = l.Day("OperateDate", true);
  if (l.good()) out->ways.push_back(std::move(w));
}

void ReadC4(Line& l, CFiles* out) {
  if (l.Code("XRType", "01", '0') == '1')
    return l.Leave("XRType", "is a change of units to bring the price to 1, no dividend");
  CFiles::Dividend d{.at = l.origin(), .fund = l.Fund("FundCode")};
  d.record = l.Day("RegistrationDate", true);
  d.ex = l.Day("XRDate", false);
  d.paid = l.Day("DividentDate", true);
  d.amount_e2 = l.Number("DividendPerUnit", 2).value_or(0);
  d.per_units = l.Number("DrawBonusUnit", 0).value_or(0);
  if (d.amount_e2 == 0) l.Refuse("DividendPerUnit", "is nothing; a dividend has an amount");
  if (d.per_units == 0) l.Refuse("DrawBonusUnit", "is nothing; say for how many units the amount is");
  if (l.good() && d.paid < d.record) l.Refuse("DividentDate", "comes before RegistrationDate");
  if (l.good()) out->dividends.push_back(std::move(d));
}

void ReadC5(Line& l, CFiles* out) {
  CFiles::Fee f{.at = l.origin(), .fund = l.Fund("FundCode")};
  const std::string business = l.Text("BusinessCode"), capital = l.Text("CapitalType");
  if (business != "122" && business != "124")
    return l.Leave("BusinessCode", "is a fee that a fund's terms do not hold (122 and 124 are held)");
  if (capital != "002") return l.Leave("CapitalType", "is another fee than 002");
  if (l.Code("ModifyWay", "012", '0') == '2')
    return l.Leave("ModifyWay", "deletes a line; the lines of a new day replace those of earlier ones as a whole");
  f.redemption = business == "124";
  f.investors = l.Code("IndividualOrInstitution", "012", '2');
  if (l.Code("FeeRateFlag", "01", '0') == '1')
    l.Refuse("FeeRateFlag", "is a rate relative to another fee; send it as an absolute one (0)");
  const char method = l.Code("GetFeeRateMethod", "0123", f.redemption ? '2' : '1');
  const std::optional<int64_t> rate = l.Number("RateFee", 8);
  f.rate_e8 = rate.value_or(0);
  f.rate_text = l.Text("RateFee");
  if (f.rate_e8 >= Rate::kOne) l.Refuse("RateFee", "is 1 (100%) or more");
  const int64_t least = l.Number("MinFee", 2).value_or(0), most = l.Number("MaxFee", 2).value_or(0);
  if (f.redemption) {
    if (method != '2' && !(method == '1' && f.rate_e8 == 0))
      l.Refuse("GetFeeRateMethod", "of a redemption must be 2 (by days held)");
    f.from_days = static_cast<int32_t>(l.Number("DaysLowerLimit", 0).value_or(0));
    f.to_days =
        l.Unlimited("DaysUpperLimit") ? 99'999 : static_cast<int32_t>(l.Number("DaysUpperLimit", 0).value_or(0));
    if (f.to_days < f.from_days) l.Refuse("DaysUpperLimit", "is below DaysLowerLimit");
  } else {
    if (method != '0' && method != '1')
      l.Refuse("GetFeeRateMethod", "of a purchase must be 0 (fixed) or 1 (by amount)");
    f.from_fen = l.Number("AmountLowerLimit", 2).value_or(0);
    f.to_fen = l.Number("AmountUpperLimit", 2).value_or(0);
    if (f.to_fen != 0 && f.to_fen < f.from_fen) l.Refuse("AmountUpperLimit", "is below AmountLowerLimit");
  }
  if (method == '0') {
    // Version 22 has no field of its own: there the least and the most say the sum.
    f.fixed_fen = l.Number("ConstantFee", 2).value_or(least == most ? least : 0);
    if (f.fixed_fen == 0)
      l.Refuse(l.Text("ConstantFee").empty() ? "MinFee" : "ConstantFee", "says no fixed fee; method 0 needs one");
    f.rate_e8 = 0;
  } else if (least > 0 || most > 0) {
    l.Refuse(least > 0 ? "MinFee" : "MaxFee", "is a bound of a fee by rate, which a fund's terms do not hold");
  } else if (!rate) {
    l.Refuse("RateFee", "has to be said");
  }
  f.from = l.Day("OperateDate", true);
  if (l.good()) out->fees.push_back(std::move(f));
}

void ReadC6(Line& l, CFiles* out) {
  CFiles::Redeemable r{.at = l.origin(), .fund = l.Fund("FundCode")};
  r.lot = l.Day("ShareRegisterDate", true);
  r.voided = l.Code("AddFlag", "01", '1') == '0';
  r.first = l.Day("AllowRedemptDate", !r.voided);
  if (l.good() && !r.voided && r.first < r.lot) l.Refuse("AllowRedemptDate", "comes before ShareRegisterDate");
  if (l.good()) out->redeemables.push_back(std::move(r));
}

bool ForUs(Line& l, std::string_view type, std::string_view distributor) {
  if (l.Text("ShareClass") == "1") {
    l.Leave("ShareClass", "is the class that is charged when sold; terms are those of class 0");
    return false;
  }
  if (type != "C2" && type != "C5") return true;
  const std::string for_whom = l.Text("DistributorCode");
  if (for_whom.empty() || for_whom == distributor) return true;
  l.Leave("DistributorCode", "is another distributor");
  return false;
}

}  // namespace

const std::vector<C1Figure>& C1Figures() {
  using F = v1::Fund;
  static const std::vector<C1Figure> kFigures = {
      {"MinBidsAmountByIndi", 2, [](F& f, int64_t v) { f.set_min_purchase_fen(v); }},
      {"MinAppBidsAmountByIndi", 2, [](F& f, int64_t v) { f.set_min_additional_fen(v); }},
      {"IndiMaxPurchase", 2, [](F& f, int64_t v) { f.set_max_purchase_fen(v); }},
      {"MinRedemptionVol", 2, [](F& f, int64_t v) { f.set_min_redemption_e2(v); }},
      {"MinAccountBalance", 2, [](F& f, int64_t v) { f.set_min_holding_e2(v); }},
      {"FaceValue", 8, [](F& f, int64_t v) { f.set_face_e8(v); }},
      {"IndiMaxRedeem", 2, [](F& f, int64_t v) { f.mutable_rules()->set_max_redemption_e2(v); }},
      {"IndiDayMaxSumBuy", 2, [](F& f, int64_t v) { f.mutable_rules()->set_max_purchase_a_day_fen(v); }},
      {"IndiDayMaxSumRedeem", 2, [](F& f, int64_t v) { f.mutable_rules()->set_max_redemption_a_day_e2(v); }},
  };
  return kFigures;
}

CFiles ReadCFiles(const std::vector<SourceFile>& files, const ImportOptions& options) {
  static const std::map<std::string_view, void (*)(Line&, CFiles*)> kReaders = {
      {"C1", ReadC1}, {"C2", ReadC2}, {"C3", ReadC3}, {"C4", ReadC4}, {"C5", ReadC5}, {"C6", ReadC6}};
  CFiles out;
  size_t records = 0;
  for (const SourceFile& source : files) {
    const std::string name = source.name.substr(source.name.rfind('/') + 1);
    const auto fail = [&](std::string_view field, std::string_view value, std::string_view rule) {
      out.faults.push_back({name, 0, 0, std::string(field), std::string(value), std::string(rule)});
    };
    ofd::Reader reader(name);
    reader.Feed(source.bytes);
    reader.Finish();
    ofd::RecordView record;
    bool any = reader.Next(&record);
    if (!reader.header_complete()) {
      if (reader.error())
        out.faults.push_back(*reader.error());
      else
        fail("", "", "is no file of the standard");
      continue;
    }
    const std::string type(reader.header().type.view());
    const auto read = kReaders.find(type);
    if (read == kReaders.end()) {
      fail("file type", type, "is not one of C1 to C6");
      continue;
    }
    if (out.creators.contains(name)) {
      fail("", "", "is given twice");
      continue;
    }
    out.creators[name] = reader.header().creator.str();
    const std::string distributor = options.distributor.empty() ? reader.header().receiver.str() : options.distributor;
    for (; any; any = reader.Next(&record)) {
      if (++records > kMostRecords) {
        fail("", "", StrCat("and those before it have more than ", kMostRecords, " records; import them one by one"));
        return out;
      }
      Line line(reader, record, name, &out);
      if (!ForUs(line, type, distributor)) continue;
      read->second(line, &out);
      if (line.good()) line.LeaveTheRest(type);
    }
    // Damage may come after good records: the whole file is refused with it.
    if (reader.error()) {
      out.faults.push_back(*reader.error());
    } else if (!reader.done()) {
      fail("", "", "ends before its trailer");
    }
  }
  std::set<std::string> codes;
  for (const auto& x : out.terms) codes.insert(x.fund);
  for (const auto& x : out.agencies) codes.insert(x.fund);
  for (const auto& x : out.ways) {
    codes.insert(x.fund);
    codes.insert(x.relation.target_fund());
  }
  for (const auto& x : out.dividends) codes.insert(x.fund);
  for (const auto& x : out.fees) codes.insert(x.fund);
  for (const auto& x : out.redeemables) codes.insert(x.fund);
  out.funds.assign(codes.begin(), codes.end());
  return out;
}

}  // namespace fundcore::product_import
