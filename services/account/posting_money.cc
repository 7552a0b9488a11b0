// What an institution says of money beside results: it gives some back (140), asks for more (141), or has some that fits nothing
// (154).
#include "services/account/posting_line.h"

namespace fundcore::account {

absl::StatusOr<Money> AccountMachine::PaidFor(InvestorId id, OrderId order) {
  const Investor* investor = FindInvestor(id);
  const uint64_t seq = SequenceOf(order);
  Money paid;
  for (uint64_t at = investor ? investor->last_line : 0; at != 0;) {
    auto line = ledger_.Read(at);
    if (!line.ok()) return line.status();
    at = line->previous;
    if (line->order != seq) continue;
    if (line->cause == Cause::kPurchase) paid += Money::FromRaw(line->quantity);
    if (line->cause == Cause::kRefundedLater) paid -= Money::FromRaw(line->quantity);
    if (line->cause == Cause::kReserve) break;  // the order's first line
  }
  return paid;
}

// It is the investor's when the institution has paid it, on its own day. The units stand.
void AccountMachine::PostRefundedLater(Line& l) { PostProceeds(l, Cause::kRefundedLater, l.in.amount); }

// No investor's money goes without their word: what people have let through is advanced, and stays in sight until somebody
// has it from the investor.
void AccountMachine::PostFurtherPayment(Line& l) {
  if (!l.in.amount.is_positive()) return;
  ledger_.MoveCash(Cause::kFurtherPayment, l.in.amount, nullptr, nullptr, PostingOf(l));
  Settlement& settlement = SettlementOf(l);
  settlement.pay += l.in.amount;
  ++settlement.count;
  l.Find("FURTHER_PAYMENT_ADVANCED", "ConfirmedAmount", Money().ToString(), l.in.amount.ToString());
}

// The institution has money that fits nothing, and will send it back: it owes it to the house, and it is nobody's until somebody
// has found out whose it was. Never an investor's by itself: what was set aside here for an order has not left for it.
void AccountMachine::PostVoidPayment(Line& l) {
  if (!l.in.amount.is_positive()) return;
  ledger_.MoveCash(Cause::kVoidPayment, l.in.amount, nullptr, nullptr, PostingOf(l));
  Settlement& settlement = SettlementOf(l);
  settlement.receive += l.in.amount;
  ++settlement.count;
  l.Find("VOID_PAYMENT_AWAITED", "ConfirmedAmount", Money().ToString(), l.in.amount.ToString());
}

}  // namespace fundcore::account
