// What is said of an order's money after its result: a refund (140) cannot be more than was paid; a further payment (141) and
// money that fits nothing (154) are always for people to look at.
#include "services/account/check.h"

namespace fundcore::account {

void ConfirmationChecker::CheckRefundedLater(const TradeLine& line, const Reservation& r) {
  const bool buys = (r.business >= 20 && r.business <= 23) || r.business == 39;
  if (!buys) return Find(line, "BUSINESS_DIFFERS", "BusinessCode", "the confirmation of no purchase", "140");
  if (!line.amount.is_positive()) Find(line, "NOTHING_CONFIRMED", "ConfirmedAmount", "more than 0.00", line.amount.ToString());
  Compare(line, "UNITS_DIFFER", "ConfirmedVol", Units(), line.units);
  Compare(line, "FEE_DIFFERS", "Charge", Money(), line.charge);
  const auto before = machine_.PaidFor(r.investor, line.order);
  if (!before.ok()) return Find(line, "NOT_COMPUTABLE", "ConfirmedAmount", std::string(before.status().message()), line.amount.ToString());
  // And what lines before this one have confirmed and given back.
  const Money left = *before + (r.amount_left - RestOf(line.order, r).amount) - refunded_[line.order.raw()];
  refunded_[line.order.raw()] += line.amount;
  if (line.amount > left) Find(line, "REFUND_ABOVE_PAID", "ConfirmedAmount", left.ToString(), line.amount.ToString());
}

void ConfirmationChecker::CheckFurtherPayment(const TradeLine& line) {
  Find(line, "FURTHER_PAYMENT_ASKED", "ConfirmedAmount", Money().ToString(), line.amount.ToString());
}

// Always for people: who has sent that money, and for what, is in no book of ours.
void ConfirmationChecker::CheckVoidPayment(const TradeLine& line) {
  Find(line, "VOID_PAYMENT", "ConfirmedAmount", Money().ToString(), line.amount.ToString());
}

}  // namespace fundcore::account
