// Files C1 to C6: any bytes are a refusal that says what is wrong and applies nothing, or funds that say the same
// again.
#include "common/base/check.h"
#include "common/money/decimal.h"
#include "common/product_import/c_files.h"
#include "tests/fuzz/support/targets.h"

namespace fundcore::fuzz {

void FuzzCFiles(std::string_view bytes) {
  const auto files = product_import::ReadCFiles({{"c.txt", std::string(bytes)}}, {.distributor = "301"});
  std::map<std::string, product::v1::GetFundResponse> known;
  // Every other fund is one that we know, so that both ways are gone.
  for (size_t i = 0; i < files.funds.size(); i += 2) {
    auto& r = known[files.funds[i]];
    auto* f = r.mutable_fund();
    f->set_fund_code(files.funds[i]);
    f->set_ta_code(files.creators.begin()->second);
    f->set_kind("mixed");
    f->set_purchase_pay_days(2);
    f->set_redemption_pay_days(3);
    auto* s = f->add_fees();
    s->set_effective_day(20200101);
    s->add_purchase()->set_rate_e8(1'500'000);
    auto* t = s->add_redemption();
    t->set_max_days(99'999);
    t->set_rate_e8(500'000);
  }
  const auto plan = product_import::PlanImport(files, known);
  for (const auto& fault : plan.faults) FC_CHECK(!fault.file.empty() && !fault.rule.empty(), "a fault says nothing");
  FC_CHECK(plan.faults.empty() || plan.funds.empty(), "something of a refused import would be applied");
  for (const auto& f : plan.funds) {
    FC_CHECK(!f.code.empty() && f.fund.fund_code() == f.code && !f.fund.ta_code().empty(),
             "a fund without a code or an institution");
    FC_CHECK(f.is_new == !known.contains(f.code), f.code);
    for (const auto* list : {&f.fund.fees(), &f.fund.institution_fees()}) {
      for (const auto& s : *list)
        for (const auto& t : s.purchase())
          FC_CHECK(t.rate_e8() >= 0 && t.rate_e8() < Rate::kOne && t.min_fen() >= 0, "a rate out of range");
    }
    auto& r = known[f.code];
    *r.mutable_fund() = f.fund;
    r.set_effective_at_us(f.effective_at_us);
    if (f.conversions) *r.mutable_conversions() = *f.conversions;
  }
  const auto again = product_import::PlanImport(files, known);
  if (plan.faults.empty())
    FC_CHECK(again.faults.empty() && again.funds.empty(), "the same file again changes something");
}

}  // namespace fundcore::fuzz
