// Fast redemptions (098): what a person may have at once a day, what a bank advances, and how units settle it.
//
// The units are set aside as for a transfer. Once trade has accepted the order the bank is asked for the money, again and
// again until it has answered, and the investor may use it from then on. The institution's 198 moves the units to the bank,
// and with that the bank has what it is owed: it redeems them by itself. Where fewer units go than were paid for, the rest
// stands in suspense, and a finding says so: the investor has the money already.
#include <algorithm>

#include "services/account/posting_line.h"

namespace fundcore::account {

using machine::Context;

namespace {

// Units of a money fund are worth a yuan each.
Money Worth(Units units) { return Money::FromRaw(units.raw()); }

FastDayKey DayOf(InvestorId investor, const FundCode& fund, TimePoint received) {
  return {SequenceOf(investor), fund, received.date()};
}

}  // namespace

Reason AccountMachine::CheckFast(const Reserve& c) {
  const Money* had = fast_days_.Find(DayOf(c.investor, c.fund, c.received_at));
  const Money before = had ? *had : Money();
  return Worth(c.units) > c.fast_a_day || before > c.fast_a_day - Worth(c.units) ? Reason::kFastAboveDayLimit : Reason::kNone;
}

void AccountMachine::NoteFast(const Reserve& c) {
  fast_days_.Mutable(DayOf(c.investor, c.fund, c.received_at)) += Worth(c.units);
  Advance& a = advances_.Mutable(SequenceOf(c.order));
  a.bank = c.bank;
  a.amount = Worth(c.units);
}

void AccountMachine::ForgetFast(uint64_t order, const Reservation& r) {
  fast_days_.Mutable(DayOf(r.investor, r.fund, r.received_at)) -= Worth(r.units);
  advances_.Erase(order);
}

void AccountMachine::PayAdvance(uint64_t order, const Context& ctx) {
  const Advance* seen = advances_.Find(order);
  const Reservation* r = reservations_.Find(order);
  if (!seen || !r) return;
  if (seen->answered && seen->covered.is_zero()) return;  // refused before anything was paid: nothing is owed to anybody
  if (seen->payment != 0 && payments_.Find(seen->payment)->status != PaymentStatus::kFailed) return;

  const uint64_t seq = ++sequences_.Mutable().payments;
  Payment& payment = payments_.Mutable(seq);
  payment.direction = PaymentDirection::kAdvance;
  payment.investor = SequenceOf(r->investor);
  payment.amount = seen->amount;
  payment.asked_at = ctx.now;
  payment.bank = seen->bank;
  payment.order = order;
  advances_.Mutable(order).payment = seq;
  payment_todo_.Add(seq);
}

void AccountMachine::AdvancePaid(const Payment& payment, const Posting& posting) {
  const uint64_t order = payment.order;
  Investor& investor = investors_.Mutable(payment.investor);
  ledger_.MoveCash(Cause::kFastPaid, payment.amount, &investor.cash, &investor.last_line, posting);
  ledger_.MoveCash(Cause::kAdvanceOwed, payment.amount, nullptr, nullptr, posting);
  Advance& a = advances_.Mutable(order);
  a.paid = true;
  if (a.over()) SettleAdvance(a, reservations_.Find(order)->ta, posting);
}

void AccountMachine::AnswerAdvance(Line& l, Money covered) {
  const uint64_t order = SequenceOf(l.in.order);
  const Advance* seen = advances_.Find(order);
  if (!seen || seen->answered) return;
  Advance& a = advances_.Mutable(order);
  a.answered = true;
  a.covered = std::min(covered, a.amount);
  if (a.covered.is_positive()) PayAdvance(order, l.ctx);  // the units are gone: what was not asked for, or refused, is due now
  if (a.covered < a.amount && a.payment != 0) {
    l.Find("ADVANCE_NOT_COVERED", "ConfirmedVol", a.amount.ToString(), covered.ToString());
  }
  if (a.over()) SettleAdvance(a, l.ta, PostingOf(l));
}

void AccountMachine::SettleAdvance(const Advance& a, const TaCode& ta, const Posting& posting) {
  Posting named = posting;
  named.ta = ta;
  ledger_.MoveCash(Cause::kAdvanceRepaid, a.covered, nullptr, nullptr, named);
  ledger_.MoveCash(Cause::kAdvanceUncovered, a.amount - a.covered, nullptr, nullptr, named);
}

}  // namespace fundcore::account
