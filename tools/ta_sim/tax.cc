// Reading R1 and deciding its lines.
#include "tools/ta_sim/tax.h"

#include "common/base/status.h"

namespace fundcore::ta_sim {

bool IsTax(const InFile& file) { return std::string_view(file.name).ends_with("_R1.TXT"); }

absl::Status AnswerTax(const Files& files, const InFile& file, const Register& reg, std::span<const Fault> faults,
                       std::vector<TaxAnswer>* answers) {
  struct {
    ofd::Column sheet, account, flag, country, tin, why, kind, country2, tin2, why2, add, original;
  } c;
  const auto begin = [&](const ofd::Reader& r) -> absl::Status {
    FC_RETURN_IF_ERROR(r.Require("AppSheetSerialNo").status());
    c = {r.Find("AppSheetSerialNo"), r.Find("TAAccountID"),   r.Find("NonResiFlag"), r.Find("TaxCountry"),
         r.Find("TaxID"),            r.Find("Specification"), r.Find("ControllerType"), r.Find("TaxCountry2"),
         r.Find("TaxID2"),           r.Find("Specification2"), r.Find("AddFlag"),    r.Find("OriginalAppSheetNo")};
    return absl::OkStatus();
  };
  const auto record = [&](const ofd::RecordView& r) -> absl::Status {
    TaxAnswer a{.sheet = SheetNo(r.Text(c.sheet)), .day = file.day};
    const auto lacks = [&](ofd::Column country, ofd::Column tin, ofd::Column why) {
      const std::string_view where = r.Text(country);
      return !where.empty() && where != "CHN" && r.Text(tin).empty() && r.Text(why).empty();
    };
    const bool abroad = r.Text(c.flag) == "1" || r.Text(c.flag) == "2";
    const bool controller = !r.Text(c.kind).empty();
    if (!reg.accounts.count(TaAccountId::FromRaw(r.Text(c.account)))) {
      a.code = ReturnCode("0316");
    } else if (lacks(c.country, c.tin, c.why) || lacks(c.country2, c.tin2, c.why2) ||
               (abroad && !controller && r.Text(c.country).empty()) ||
               (r.Text(c.add) == "0") == r.Text(c.original).empty()) {
      a.code = ReturnCode("9999");
    }
    for (const Fault& fault : faults)
      if (fault.kind == FaultKind::kRefuseTax) a.code = ReturnCode(fault.arguments[0]);
    answers->push_back(std::move(a));
    return absl::OkStatus();
  };
  return ReadRecords(files, file.name, begin, record);
}

}  // namespace fundcore::ta_sim
