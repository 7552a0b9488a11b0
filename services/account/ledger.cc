// Legs, causes, and the one place where balances and totals change.
#include "services/account/ledger.h"

#include "common/base/check.h"

namespace fundcore::account {
namespace {

// What a debit or credit does to a leg in its natural sign: debits grow what we have, credits grow what we owe.
bool IsAsset(Leg leg) {
  switch (leg) {
    case Leg::kBank:
    case Leg::kTaReceivable:
    case Leg::kSuspense:
    case Leg::kTaRegister:
    case Leg::kUnitsSuspense:
    case Leg::kAdvanceClaim:
    case Leg::kIncomeReceivable: return true;
    case Leg::kAdvanced:
    case Leg::kNone:
    case Leg::kAvailable:
    case Leg::kReserved:
    case Leg::kAwaiting:
    case Leg::kWithdrawing:
    case Leg::kTaPayable:
    case Leg::kConverting:
    case Leg::kSettlementInterest:
    case Leg::kUnitsFree:
    case Leg::kUnitsFrozen:
    case Leg::kIncomeOwed: return false;
  }
  return false;
}

Money* InvestorLeg(Leg leg, InvestorCash& cash) {
  switch (leg) {
    case Leg::kAvailable: return &cash.available;
    case Leg::kReserved: return &cash.reserved;
    case Leg::kAwaiting: return &cash.awaiting;
    case Leg::kWithdrawing: return &cash.withdrawing;
    case Leg::kNone:
    case Leg::kBank:
    case Leg::kTaPayable:
    case Leg::kTaReceivable:
    case Leg::kSuspense:
    case Leg::kConverting:
    case Leg::kAdvanced:
    case Leg::kAdvanceClaim:
    case Leg::kSettlementInterest:
    case Leg::kUnitsFree:
    case Leg::kUnitsFrozen:
    case Leg::kTaRegister:
    case Leg::kUnitsSuspense:
    case Leg::kIncomeOwed:
    case Leg::kIncomeReceivable: return nullptr;
  }
  return nullptr;
}

}  // namespace

Movement MovesOf(Cause cause) {
  switch (cause) {
    case Cause::kNone: return {};
    case Cause::kDeposit: return {Leg::kBank, Leg::kAvailable};
    case Cause::kReserve: return {Leg::kAvailable, Leg::kReserved};
    case Cause::kRelease: return {Leg::kReserved, Leg::kAvailable};
    case Cause::kWithdraw: return {Leg::kAvailable, Leg::kWithdrawing};
    case Cause::kWithdrawn: return {Leg::kWithdrawing, Leg::kBank};
    case Cause::kWithdrawRefused: return {Leg::kWithdrawing, Leg::kAvailable};
    case Cause::kPurchase: return {Leg::kReserved, Leg::kTaPayable};
    case Cause::kPurchaseUnreserved: return {Leg::kSuspense, Leg::kTaPayable};
    case Cause::kRefund: return {Leg::kReserved, Leg::kAvailable};
    case Cause::kProceeds:
    case Cause::kDividend:
    case Cause::kOfferInterest: return {Leg::kTaReceivable, Leg::kAwaiting};
    case Cause::kProceedsUnassigned: return {Leg::kTaReceivable, Leg::kSuspense};
    case Cause::kSettlePaid: return {Leg::kTaPayable, Leg::kBank};
    case Cause::kSettleReceived: return {Leg::kBank, Leg::kTaReceivable};
    case Cause::kPaidOut: return {Leg::kAwaiting, Leg::kAvailable};
    case Cause::kFreeze: return {Leg::kUnitsFree, Leg::kUnitsFrozen, true};
    case Cause::kUnfreeze: return {Leg::kUnitsFrozen, Leg::kUnitsFree, true};
    case Cause::kUnitsBlocked: return {Leg::kUnitsFree, Leg::kUnitsFrozen, true};
    case Cause::kUnitsThawed: return {Leg::kUnitsFrozen, Leg::kUnitsFree, true};
    case Cause::kUnitsBought:
    case Cause::kUnitsIncreased:
    case Cause::kUnitsReinvested: return {Leg::kTaRegister, Leg::kUnitsFree, true};
    case Cause::kUnitsRedeemed: return {Leg::kUnitsFrozen, Leg::kTaRegister, true};
    case Cause::kUnitsTaken: return {Leg::kUnitsFree, Leg::kTaRegister, true};
    case Cause::kUnitsShort: return {Leg::kUnitsSuspense, Leg::kTaRegister, true};
    case Cause::kUnitsUnassigned: return {Leg::kTaRegister, Leg::kUnitsSuspense, true};
    case Cause::kIncomeEarned:
    case Cause::kIncomeCancelled:
    case Cause::kIncomeCharged: return {Leg::kIncomeReceivable, Leg::kIncomeOwed};
    case Cause::kIncomeLost:
    case Cause::kIncomeConverted:
    case Cause::kIncomePaid: return {Leg::kIncomeOwed, Leg::kIncomeReceivable};
    case Cause::kConvertedOut: return {Leg::kUnitsFrozen, Leg::kTaRegister, true};
    case Cause::kConvertedOutFree: return {Leg::kUnitsFree, Leg::kTaRegister, true};
    case Cause::kConvertedIn: return {Leg::kTaRegister, Leg::kUnitsFree, true};
    case Cause::kConvertPaid: return {Leg::kTaReceivable, Leg::kConverting};
    case Cause::kConvertUsed: return {Leg::kConverting, Leg::kTaPayable};
    case Cause::kConvertReturned: return {Leg::kConverting, Leg::kAwaiting};
    case Cause::kConvertShort: return {Leg::kSuspense, Leg::kConverting};
    case Cause::kFastPaid: return {Leg::kBank, Leg::kAvailable};
    case Cause::kAdvanceOwed: return {Leg::kAdvanceClaim, Leg::kAdvanced};
    case Cause::kAdvanceRepaid: return {Leg::kAdvanced, Leg::kAdvanceClaim};
    case Cause::kAdvanceUncovered: return {Leg::kSuspense, Leg::kAdvanceClaim};
    case Cause::kInterestReceived: return {Leg::kBank, Leg::kSettlementInterest};
    case Cause::kInterestCredited: return {Leg::kSettlementInterest, Leg::kAvailable};
    case Cause::kRefundedLater: return {Leg::kTaReceivable, Leg::kAwaiting};
    case Cause::kFurtherPayment: return {Leg::kSuspense, Leg::kTaPayable};
    case Cause::kVoidPayment: return {Leg::kTaReceivable, Leg::kSuspense};
  }
  return {};
}

std::string_view LegName(Leg leg) {
  switch (leg) {
    case Leg::kNone: return "";
    case Leg::kAvailable: return "AVAILABLE";
    case Leg::kReserved: return "RESERVED";
    case Leg::kAwaiting: return "AWAITING";
    case Leg::kWithdrawing: return "WITHDRAWING";
    case Leg::kBank: return "BANK";
    case Leg::kTaPayable: return "TA_PAYABLE";
    case Leg::kTaReceivable: return "TA_RECEIVABLE";
    case Leg::kSuspense: return "SUSPENSE";
    case Leg::kConverting: return "CONVERTING";
    case Leg::kAdvanced: return "ADVANCED";
    case Leg::kAdvanceClaim: return "ADVANCE_CLAIM";
    case Leg::kSettlementInterest: return "SETTLEMENT_INTEREST";
    case Leg::kUnitsFree: return "UNITS_FREE";
    case Leg::kUnitsFrozen: return "UNITS_FROZEN";
    case Leg::kTaRegister: return "TA_REGISTER";
    case Leg::kUnitsSuspense: return "UNITS_SUSPENSE";
    case Leg::kIncomeOwed: return "INCOME_OWED";
    case Leg::kIncomeReceivable: return "INCOME_RECEIVABLE";
  }
  return "UNKNOWN_LEG";
}

std::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kNone: return "";
    case Cause::kDeposit: return "DEPOSIT";
    case Cause::kReserve: return "RESERVE";
    case Cause::kRelease: return "RELEASE";
    case Cause::kWithdraw: return "WITHDRAW";
    case Cause::kWithdrawn: return "WITHDRAWN";
    case Cause::kWithdrawRefused: return "WITHDRAW_REFUSED";
    case Cause::kPurchase: return "PURCHASE";
    case Cause::kPurchaseUnreserved: return "PURCHASE_UNRESERVED";
    case Cause::kRefund: return "REFUND";
    case Cause::kProceeds: return "PROCEEDS";
    case Cause::kDividend: return "DIVIDEND";
    case Cause::kOfferInterest: return "OFFER_INTEREST";
    case Cause::kProceedsUnassigned: return "PROCEEDS_UNASSIGNED";
    case Cause::kSettlePaid: return "SETTLE_PAID";
    case Cause::kSettleReceived: return "SETTLE_RECEIVED";
    case Cause::kPaidOut: return "PAID_OUT";
    case Cause::kFreeze: return "FREEZE";
    case Cause::kUnfreeze: return "UNFREEZE";
    case Cause::kUnitsBought: return "UNITS_BOUGHT";
    case Cause::kUnitsRedeemed: return "UNITS_REDEEMED";
    case Cause::kUnitsTaken: return "UNITS_TAKEN";
    case Cause::kUnitsShort: return "UNITS_SHORT";
    case Cause::kUnitsIncreased: return "UNITS_INCREASED";
    case Cause::kUnitsReinvested: return "UNITS_REINVESTED";
    case Cause::kUnitsUnassigned: return "UNITS_UNASSIGNED";
    case Cause::kUnitsBlocked: return "UNITS_BLOCKED";
    case Cause::kUnitsThawed: return "UNITS_THAWED";
    case Cause::kIncomeEarned: return "INCOME_EARNED";
    case Cause::kIncomeLost: return "INCOME_LOST";
    case Cause::kIncomeConverted: return "INCOME_CONVERTED";
    case Cause::kIncomeCancelled: return "INCOME_CANCELLED";
    case Cause::kIncomePaid: return "INCOME_PAID";
    case Cause::kIncomeCharged: return "INCOME_CHARGED";
    case Cause::kConvertedOut: return "CONVERTED_OUT";
    case Cause::kConvertedOutFree: return "CONVERTED_OUT_FREE";
    case Cause::kConvertedIn: return "CONVERTED_IN";
    case Cause::kConvertPaid: return "CONVERT_PAID";
    case Cause::kConvertUsed: return "CONVERT_USED";
    case Cause::kConvertReturned: return "CONVERT_RETURNED";
    case Cause::kConvertShort: return "CONVERT_SHORT";
    case Cause::kFastPaid: return "FAST_PAID";
    case Cause::kAdvanceOwed: return "ADVANCE_OWED";
    case Cause::kAdvanceRepaid: return "ADVANCE_REPAID";
    case Cause::kAdvanceUncovered: return "ADVANCE_UNCOVERED";
    case Cause::kInterestReceived: return "INTEREST_RECEIVED";
    case Cause::kInterestCredited: return "INTEREST_CREDITED";
    case Cause::kRefundedLater: return "REFUNDED_LATER";
    case Cause::kFurtherPayment: return "FURTHER_PAYMENT";
    case Cause::kVoidPayment: return "VOID_PAYMENT";
  }
  return "UNKNOWN_CAUSE";
}

Ledger::Ledger(machine::State& state, uint8_t first_table)
    : cash_(state, first_table),
      ta_(state, static_cast<uint8_t>(first_table + 1)),
      units_(state, static_cast<uint8_t>(first_table + 2)),
      lines_(state, static_cast<uint8_t>(first_table + 3)) {}

void Ledger::MoveCash(Cause cause, Money amount, InvestorCash* cash, uint64_t* last_line, const Posting& posting) {
  if (amount.is_zero()) return;
  FC_CHECK(amount.is_positive(), "ledger move ", CauseName(cause), " of ", amount.ToString());
  const Movement legs = MovesOf(cause);
  FC_CHECK(legs.from != Leg::kNone && !legs.units, "cause ", CauseName(cause), " does not move cash");
  CashTotals& totals = cash_.Mutable();
  TaTotals* ta = nullptr;
  const auto change = [&](Leg leg, bool debit) {
    const Money by = debit == IsAsset(leg) ? amount : -amount;
    if (Money* total = InvestorLeg(leg, totals.investors)) {
      FC_CHECK(cash, "cause ", CauseName(cause), " needs an investor");
      Money* own = InvestorLeg(leg, *cash);
      *own += by;
      *total += by;
      FC_CHECK(!own->is_negative(), CauseName(cause), " of ", amount.ToString(), " leaves ", own->ToString(), " ",
               LegName(leg));
      return;
    }
    switch (leg) {
      case Leg::kBank: totals.bank += by; return;
      case Leg::kConverting: totals.converting += by; return;
      case Leg::kSettlementInterest: totals.interest += by; return;
      case Leg::kAdvanced: totals.advanced += by; return;
      case Leg::kAdvanceClaim: totals.advance_claim += by; return;
      default: break;  // an institution's
    }
    if (!ta) {
      FC_CHECK(!posting.ta.empty(), "cause ", CauseName(cause), " needs an institution");
      ta = &ta_.Mutable(posting.ta);
    }
    (leg == Leg::kTaPayable ? ta->payable : leg == Leg::kTaReceivable ? ta->receivable : ta->suspense) += by;
  };
  change(legs.from, true);
  change(legs.to, false);
  Write(cause, amount.raw(), last_line, posting);
}

void Ledger::MoveUnits(Cause cause, Units units, Holding* holding, uint64_t* last_line, const Posting& posting) {
  if (units.is_zero()) return;
  FC_CHECK(units.is_positive(), "ledger move ", CauseName(cause), " of ", units.ToString(), " units");
  const Movement legs = MovesOf(cause);
  FC_CHECK(legs.units, "cause ", CauseName(cause), " does not move units");
  FC_CHECK(!posting.fund.empty() && !posting.ta.empty(), "cause ", CauseName(cause), " needs a fund and its institution");
  UnitTotals& totals = units_.Mutable({posting.ta, posting.fund});
  const auto change = [&](Leg leg, bool debit) {
    const Units by = debit == IsAsset(leg) ? units : -units;
    if (leg == Leg::kUnitsFree) totals.free += by;
    if (leg == Leg::kUnitsFrozen) totals.frozen += by;
    if (leg == Leg::kTaRegister) totals.registered += by;
    if (leg == Leg::kUnitsSuspense) totals.suspense += by;
    if (leg == Leg::kUnitsFrozen) {
      FC_CHECK(holding, "cause ", CauseName(cause), " needs a holding");
      holding->frozen += by;
      FC_CHECK(!holding->frozen.is_negative(), CauseName(cause), " of ", units.ToString(), " units leaves ",
               holding->frozen.ToString(), " frozen");
    }
  };
  change(legs.from, true);
  change(legs.to, false);
  Write(cause, units.raw(), last_line, posting);
}

void Ledger::CountHolder(const UnitKey& key, int change) {
  UnitTotals& totals = units_.Mutable(key);
  totals.holders = static_cast<uint64_t>(static_cast<int64_t>(totals.holders) + change);
}

void Ledger::Write(Cause cause, int64_t quantity, uint64_t* last_line, const Posting& posting) {
  LedgerEntry line;
  line.at = posting.at;
  line.cause = cause;
  line.quantity = quantity;
  line.order = posting.order;
  if (!posting.brief) {
    line.fund = posting.fund;
    line.ta = posting.ta;
    line.reference = std::string(posting.reference);
  }
  uint64_t* chain = last_line ? last_line : &cash_.Mutable().last_house_line;
  line.previous = *chain;
  *chain = lines_.Append(line);
}

void Ledger::ForEachTa(absl::FunctionRef<void(const TaCode&, const TaTotals&)> visit) {
  ta_.ScanAll([&](const TaCode& ta, const TaTotals& t) { return visit(ta, t), true; });
}

void Ledger::ForEachFund(absl::FunctionRef<void(const UnitKey&, const UnitTotals&)> visit) {
  units_.ScanAll([&](const UnitKey& key, const UnitTotals& t) { return visit(key, t), true; });
}

}  // namespace fundcore::account
