// Changes become facts.
#include "services/product/machine.h"

#include <algorithm>

namespace fundcore::product {

// A reply, and the log record that its reader makes of it, stay far below what a message or a record may have.
constexpr size_t kFactBytesAtOnce = 1 << 20;

using machine::Context;
using Result = ProductMachine::Result;

Result ProductMachine::Say(ProductFact fact, TimePoint effective_at) {
  const uint64_t seq = products_.absorbed() + 1;
  if (fact.fund) {
    fact.fund->version = seq;
    fact.fund->effective_at = effective_at;
  }
  AbsorbFacts own;
  own.after = seq - 1;
  own.facts.emplace_back(seq, Encode(fact));
  facts_.Put(seq, own.facts.front().second);
  FC_CHECK(products_.Absorb(own), "product facts are dense");
  return {Reason::kOk, seq, effective_at};
}

Result ProductMachine::Execute(const PutCalendar& c, const Context& ctx) {
  const TradingCalendar* known = products_.Calendar(c.calendar.name());
  if (known && *known == c.calendar) return {Reason::kOk, last_seq(), ctx.now};

  ProductFact fact;
  fact.kind = FactKind::kCalendar;
  fact.calendar = c.calendar;
  return Say(std::move(fact), ctx.now);
}

Result ProductMachine::Execute(const PutInstitution& c, const Context& ctx) {
  const InstitutionTerms* known = products_.Institution(c.terms.ta);
  if (known && Encode(*known) == Encode(c.terms) && products_.FileVariant(c.terms.ta) == c.file_variant)
    return {Reason::kOk, last_seq(), ctx.now};
  if (!products_.Calendar(c.terms.calendar)) return {Reason::kCalendarUnknown, 0, {}};

  ProductFact fact;
  fact.kind = FactKind::kInstitution;
  fact.institution = c.terms;
  fact.file_variant = c.file_variant;
  return Say(std::move(fact), ctx.now);
}

Result ProductMachine::Execute(const PutFund& c, const Context& ctx) {
  const FundTerms* newest = Newest(c.terms.code);
  if (newest) {
    FundTerms same = c.terms;
    same.version = newest->version;
    same.effective_at = newest->effective_at;
    const IncomeTerms* income = products_.Income(c.terms.code);
    const bool same_income = income ? c.income && *c.income == *income : !c.income;
    if (Encode(same) == Encode(*newest) && same_income) return {Reason::kOk, last_seq(), newest->effective_at};
  }
  if (!products_.Institution(c.terms.ta)) return {Reason::kInstitutionUnknown, 0, {}};
  if (!products_.Calendar(c.terms.calendar)) return {Reason::kCalendarUnknown, 0, {}};
  if (newest && newest->ta != c.terms.ta) return {Reason::kTaOfFundFixed, 0, {}};

  ProductFact fact;
  fact.kind = FactKind::kFund;
  fact.fund = c.terms;
  fact.income_terms = c.income;
  if (!c.income && products_.Income(c.terms.code)) fact.income_terms = IncomeTerms();  // it had income and has none now
  return Say(std::move(fact), std::max(c.terms.effective_at, ctx.now + c.lead));
}

Result ProductMachine::Execute(const PutNavs& c, const Context& ctx) {
  if (const uint64_t* seen = sources_.Find(c.source)) return {Reason::kOk, *seen, ctx.now};

  for (size_t i = 0; i < c.entries.size(); ++i) {
    const NavEntry& e = c.entries[i];
    ProductFact fact;
    fact.kind = FactKind::kNav;
    fact.nav = e.nav;
    if (i < c.incomes.size()) fact.income = c.incomes[i];
    Say(std::move(fact), ctx.now);
    const FundTerms* terms = Newest(e.nav.fund);
    if (!terms || e.status == 0 || terms->status == static_cast<FundStatus>(e.status)) continue;
    ProductFact status;
    status.kind = FactKind::kFund;
    status.fund = *terms;
    status.fund->status = static_cast<FundStatus>(e.status);
    Say(std::move(status), std::max(terms->effective_at, ctx.now + c.lead));
  }
  sources_.Put(c.source, last_seq());
  return {Reason::kOk, last_seq(), ctx.now};
}

Result ProductMachine::Execute(const Tick&, const Context& ctx) { return {Reason::kOk, last_seq(), ctx.now}; }

void ProductMachine::Facts(uint64_t after, uint32_t limit,
                           absl::FunctionRef<void(uint64_t, const std::string&)> visit) {
  uint32_t given = 0;
  size_t bytes = 0;
  facts_.Scan(machine::EncodeKey(after + 1), machine::EncodeKey(after + 1 + limit),
              [&](const uint64_t& seq, const std::string& body) {
                visit(seq, body);
                bytes += body.size();
                return ++given < limit && bytes < kFactBytesAtOnce;
              });
}

}  // namespace fundcore::product
