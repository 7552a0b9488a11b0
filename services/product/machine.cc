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
  if (fact.conversions) {
    fact.conversions->version = seq;
    fact.conversions->effective_at = effective_at;
  }
  if (fact.campaign) {
    fact.campaign->version = seq;
    fact.campaign->effective_at = effective_at;
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

// The fund's newest rules are what the command says, or it says nothing of them.
bool ProductMachine::SameRules(const PutFund& c) {
  if (!c.says_rules) return true;
  const FundRules* newest = products_.Rules(c.terms.code, TimePoint::FromRaw(INT64_MAX));
  return newest ? newest->SameAs(c.rules) : c.rules.Empty();
}

bool ProductMachine::SameFast(const PutFund& c) {
  if (!c.says_fast) return true;
  const FastRedemptionTerms* newest = products_.Fast(c.terms.code, TimePoint::FromRaw(INT64_MAX));
  return newest ? c.fast && newest->SameAs(*c.fast) : !c.fast;
}

bool ProductMachine::SaysNothingNew(const PutFund& c, const FundTerms* newest) {
  if (!newest) return false;
  FundTerms same = c.terms;
  same.version = newest->version;
  same.effective_at = newest->effective_at;
  const IncomeTerms* income = products_.Income(c.terms.code);
  const bool same_income = income ? c.income && *c.income == *income : !c.income;
  return Encode(same) == Encode(*newest) && same_income && SameRules(c) && SameFast(c);
}

Reason ProductMachine::CheckFund(const PutFund& c, const FundTerms* newest) {
  if (!products_.Institution(c.terms.ta)) return Reason::kInstitutionUnknown;
  if (!products_.Calendar(c.terms.calendar)) return Reason::kCalendarUnknown;
  if (newest && newest->ta != c.terms.ta) return Reason::kTaOfFundFixed;
  return Reason::kOk;
}

Result ProductMachine::SayFund(const PutFund& c, const Context& ctx) {
  const FundTerms* newest = Newest(c.terms.code);
  if (SaysNothingNew(c, newest)) return {Reason::kOk, last_seq(), newest->effective_at};
  if (const Reason r = CheckFund(c, newest); r != Reason::kOk) return {r, 0, {}};

  ProductFact fact;
  fact.kind = FactKind::kFund;
  fact.fund = c.terms;
  fact.income_terms = c.income;
  if (!c.income && products_.Income(c.terms.code)) fact.income_terms = IncomeTerms();  // it had income and has none now
  if (!SameRules(c)) fact.rules = c.rules;
  if (!SameFast(c)) {
    fact.fast = c.fast.value_or(FastRedemptionTerms());
    fact.fast->fund = c.terms.code;
  }
  return Say(std::move(fact), std::max(c.terms.effective_at, ctx.now + c.lead));
}

Result ProductMachine::Execute(const PutFund& c, const Context& ctx) {
  if (two_persons() && !SaysNothingNew(c, Newest(c.terms.code))) return {Reason::kNeedsSecondPerson, 0, {}};
  return SayFund(c, ctx);
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
  for (const ConvertStatusEntry& e : c.convert_statuses) {
    // Of a fund that nothing was said about, nothing may be converted, whatever its status.
    const FundConversions* terms = NewestConversions(e.fund);
    if (!terms || terms->status == e.status) continue;
    ProductFact fact;
    fact.kind = FactKind::kConversions;
    fact.conversions = *terms;
    fact.conversions->status = e.status;
    Say(std::move(fact), std::max(terms->effective_at, ctx.now + c.lead));
  }
  sources_.Put(c.source, last_seq());
  return {Reason::kOk, last_seq(), ctx.now};
}

bool ProductMachine::SaysNothingNew(const PutConversions& c, const FundConversions* newest) {
  if (!newest) return false;
  FundConversions same = c.terms;
  same.version = newest->version;
  same.effective_at = newest->effective_at;
  return Encode(same) == Encode(*newest);
}

Result ProductMachine::Execute(const PutConversions& c, const Context& ctx) {
  if (c.asks_persons && two_persons() && !SaysNothingNew(c, NewestConversions(c.terms.fund)))
    return {Reason::kNeedsSecondPerson, 0, {}};
  return SayConversions(c, ctx);
}

Result ProductMachine::SayConversions(const PutConversions& c, const Context& ctx) {
  const FundConversions* newest = NewestConversions(c.terms.fund);
  if (SaysNothingNew(c, newest)) return {Reason::kOk, last_seq(), newest->effective_at};
  if (!Newest(c.terms.fund)) return {Reason::kFundUnknown, 0, {}};

  ProductFact fact;
  fact.kind = FactKind::kConversions;
  fact.conversions = c.terms;
  return Say(std::move(fact), std::max(c.terms.effective_at, ctx.now + c.lead));
}

Result ProductMachine::Execute(const Tick&, const Context& ctx) { return {Reason::kOk, last_seq(), ctx.now}; }

// --- Quotas

Result ProductMachine::Execute(const TakeQuota& c, const Context&) {
  taken_.clear();
  for (const QuotaItem& item : c.items) taken_.push_back(Take(item));
  return {.taken = taken_};
}

bool ProductMachine::Take(const QuotaItem& item) {
  const QuotaOrderKey key{item.day, item.order};
  if (const QuotaOrder* seen = quota_orders_.Find(key)) return seen->state == QuotaState::kTaken;

  const FundRules* rules = products_.Rules(item.fund, item.received);
  const Money quota = rules ? rules->daily_quota : Money();
  const QuotaUse* use = quotas_.Find({item.day, item.fund});
  const Money taken = use ? use->taken : Money();
  // Every try leaves its answer, refusals too: a repeated call must get the same one.
  QuotaOrder& order = quota_orders_.Mutable(key);
  order.fund = item.fund;
  order.state = QuotaState::kTaken;
  if (!quota.is_positive()) return true;  // nothing to share
  order.state = QuotaState::kRefused;
  if (item.amount > quota || taken > quota - item.amount) return false;
  order.state = QuotaState::kTaken;
  order.amount = item.amount;
  QuotaUse& now = quotas_.Mutable({item.day, item.fund});
  now.taken += item.amount;
  ++now.orders;
  return true;
}

Result ProductMachine::Execute(const ReleaseQuota& c, const Context&) {
  for (const QuotaItem& item : c.items) GiveBack(item);
  return {};
}

void ProductMachine::GiveBack(const QuotaItem& item) {
  QuotaOrder& order = quota_orders_.Mutable({item.day, item.order});
  const bool held = order.state == QuotaState::kTaken && order.amount.is_positive();
  order.state = QuotaState::kReleased;
  if (!held) return;
  QuotaUse& use = quotas_.Mutable({item.day, order.fund});
  use.taken -= order.amount;
  --use.orders;
}

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
