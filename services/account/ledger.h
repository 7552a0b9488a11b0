// Double entry, for cash and for fund units.
//
//   ledger.Move(Cause::kReserve, amount, {.investor = &investor, .order = seq, .at = ctx.now});
//
// A cause names one way in which value moves, from one leg to another (see MovesOf). Each move writes one line and
// changes two running totals by the same amount, so the sum of all legs is zero at every moment. In the sums what we
// have (bank, receivable from an institution, units in its register) is positive and what we owe (investors' cash and
// units, payable to an institution) is negative; the balances that investors see are the same figures with the sign
// turned.
//
// Each partition keeps its own part of every leg. Lines are chained from the newest back: an investor's lines from the
// investor, those that touch the house alone from the totals.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/codec.h"
#include "common/machine/state.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "services/account/lots.h"

namespace fundcore::account {

// Numbers are stored; never renumber.
enum class Leg : uint8_t {
  kNone = 0,
  // Cash, owed to investors.
  kAvailable = 1,
  kReserved = 2,
  kAwaiting = 3,
  kWithdrawing = 4,
  // Cash, the house's.
  kBank = 5,
  kTaPayable = 6,      // by institution
  kTaReceivable = 7,   // by institution
  kSuspense = 8,       // by institution: what its figures moved and our books did not have
  kSettlementInterest = 100,  // credited by the bank, owed to investors, not spread over them yet
  kConverting = 55,    // what one institution has confirmed to send and another one to take, of conversions: either sign
  kAdvanced = 98,      // owed to banks that have advanced the money of fast redemptions (098)
  kAdvanceClaim = 99,  // what the units that go to them for it are to settle
  // Units, by fund.
  kUnitsFree = 11,
  kUnitsFrozen = 12,
  kTaRegister = 13,
  kUnitsSuspense = 14,
  // Income of money funds that is neither units nor cash yet; by institution (income.h).
  kIncomeOwed = 60,
  kIncomeReceivable = 61,
};

// Why value moved. Numbers are stored; never renumber.
enum class Cause : uint8_t {
  kNone = 0,
  kDeposit = 1,
  kReserve = 2,
  kRelease = 3,
  kWithdraw = 4,
  kWithdrawn = 5,
  kWithdrawRefused = 6,
  kPurchase = 7,
  kPurchaseUnreserved = 8,   // confirmed for more than was reserved
  kRefund = 9,               // the part of a purchase that was not confirmed
  kProceeds = 10,            // of a redemption
  kDividend = 11,
  kOfferInterest = 12,       // of a failed offer, above the principal
  kProceedsUnassigned = 13,  // for an investor that we do not know
  kSettlePaid = 14,
  kSettleReceived = 15,
  kPaidOut = 16,             // settled: the investor may use it
  kFreeze = 30,
  kUnfreeze = 31,
  kUnitsBought = 32,
  kUnitsRedeemed = 33,       // out of what was promised
  kUnitsTaken = 34,          // out of what was free
  kUnitsShort = 35,          // confirmed for more than there were
  kUnitsIncreased = 36,
  kUnitsReinvested = 37,
  kUnitsUnassigned = 38,     // for an investor that we do not know
  kUnitsBlocked = 39,        // frozen by the institution
  kUnitsThawed = 40,
  kIncomeEarned = 130,
  kIncomeLost = 131,         // a day of loss, or the institution's figure is the lower one
  kIncomeConverted = 132,    // became units
  kIncomeCancelled = 133,    // a loss that units were cancelled for
  kIncomePaid = 134,         // went out with the last units
  kIncomeCharged = 135,      // a loss that was taken off a redemption
  kFastPaid = 198,           // by the bank that advances, to the investor
  kAdvanceOwed = 199,        // to that bank
  kAdvanceRepaid = 200,      // with units (198)
  kAdvanceUncovered = 201,   // the institution moved fewer units, or none
  kConvertedOut = 90,        // out of what was promised to the conversion
  kConvertedOutFree = 91,    // out of what was free
  kConvertedIn = 92,
  kConvertPaid = 93,         // to be sent by the institution of the fund that was left
  kConvertUsed = 94,         // to be paid to that of the fund that was entered
  kConvertReturned = 95,     // did not enter: the investor's
  kConvertShort = 96,        // entered without having left
  kInterestReceived = 100,   // on settlement money, from the bank
  kInterestCredited = 101,   // an investor's part of it
  kRefundedLater = 104,      // given back by the institution after the result (140)
  kFurtherPayment = 105,     // asked for by it (141): suspense, until somebody has it from the investor
  kVoidPayment = 210,        // money that the institution has and can place nowhere (154): suspense, until somebody knows whose
};

struct Movement {
  Leg from = Leg::kNone;     // debited
  Leg to = Leg::kNone;       // credited
  bool units = false;
};

// Which legs a cause moves between; kNone for a number that this build does not know.
Movement MovesOf(Cause cause);
std::string_view LegName(Leg leg);      // "AVAILABLE"
std::string_view CauseName(Cause cause);  // "RESERVE"

// Owner-bound cash of an investor; all in what we owe, never negative.
struct InvestorCash {
  Money available;
  Money reserved;      // promised to orders
  Money awaiting;      // confirmed, and not yet paid by the institution
  Money withdrawing;   // under way to the bank
  FC_FIELDS(available, reserved, awaiting, withdrawing)
};

// One line. `quantity` is in fen or in 0.01 unit, as the cause says. The common lines (reserve, release, freeze) end
// after `order`: fund and institution are found through the order, and a line takes some twenty bytes.
struct LedgerEntry {
  uint64_t previous = 0;     // History position of the line before it in its chain
  TimePoint at;
  Cause cause = Cause::kNone;
  int64_t quantity = 0;
  uint64_t order = 0;        // sequence within the partition; 0 where there is none
  FundCode fund;
  TaCode ta;
  std::string reference;     // TASerialNO, payment number, settlement reference …

  template <class V>
  void VisitFields(V& v) {
    v(previous, at, cause, quantity, order, fund, ta, reference);
  }
  template <class V>
  void VisitFields(V& v) const {
    if (fund.empty() && ta.empty() && reference.empty()) {
      v(previous, at, cause, quantity, order);
    } else {
      v(previous, at, cause, quantity, order, fund, ta, reference);
    }
  }
};

// Running totals of one partition, in natural signs (what investors are owed, what the bank holds).
struct CashTotals {
  InvestorCash investors;
  Money bank;
  uint64_t last_house_line = 0;
  Money converting;          // owed; negative while the second side of a conversion is confirmed before the first
  Money interest;            // owed; negative where this partition's investors got theirs out of another one's
  Money advanced;            // owed to banks
  Money advance_claim;       // of it, what units on their way are to settle

  template <class V>
  void VisitFields(V& v) {
    v(investors, bank, last_house_line, converting, interest, advanced, advance_claim);
  }
  // Written where they are not zero, so that partitions without such business have the bytes that they always had.
  template <class V>
  void VisitFields(V& v) const {
    if (!advanced.is_zero() || !advance_claim.is_zero()) {
      v(investors, bank, last_house_line, converting, interest, advanced, advance_claim);
    } else if (!interest.is_zero()) {
      v(investors, bank, last_house_line, converting, interest);
    } else if (converting.is_zero()) {
      v(investors, bank, last_house_line);
    } else {
      v(investors, bank, last_house_line, converting);
    }
  }
};
struct TaTotals {
  Money payable;
  Money receivable;
  Money suspense;            // positive: we posted for the institution what nobody here had
  FC_FIELDS(payable, receivable, suspense)
};
struct UnitKey {
  TaCode ta;
  FundCode fund;
  FC_FIELDS(ta, fund)
};
struct UnitTotals {
  Units free;
  Units frozen;
  Units registered;          // at the institution
  Units suspense;            // positive: units that the institution took and nobody here had
  uint64_t holders = 0;
  FC_FIELDS(free, frozen, registered, suspense, holders)
};

// Whose line it is and what it belongs to.
struct Posting {
  TimePoint at;
  uint64_t order = 0;
  TaCode ta;                 // must be set where a leg is an institution's
  FundCode fund;             // must be set for units
  std::string_view reference;
  bool brief = false;        // fund and institution can be found through the order: not written
};

// The ledger of one partition: totals and lines. Part of the machine's state, same thread.
class Ledger {
 public:
  // Takes four table numbers from `first_table` on.
  Ledger(machine::State& state, uint8_t first_table);

  // Cash. `cash` and `last_line` are the investor's, or null where the move is the house's alone. Zero moves nothing and
  // writes no line. A negative amount, or an investor's balance that would become negative, is a broken invariant.
  void MoveCash(Cause cause, Money amount, InvestorCash* cash, uint64_t* last_line, const Posting& posting);
  // Units; changes `holding->frozen` where the cause freezes or unfreezes, while lots are the caller's business.
  void MoveUnits(Cause cause, Units units, Holding* holding, uint64_t* last_line, const Posting& posting);
  // Writes the line of a move whose totals are kept elsewhere (income.h).
  void Note(Cause cause, int64_t quantity, uint64_t* last_line, const Posting& posting) {
    Write(cause, quantity, last_line, posting);
  }
  void CountHolder(const UnitKey& key, int change);

  const CashTotals& cash() { return cash_.Get(); }
  // While a command executes: no line so far is at this position or after it.
  uint64_t NextPosition() const { return lines_.NextPosition(); }
  void ForEachTa(absl::FunctionRef<void(const TaCode&, const TaTotals&)> visit);
  void ForEachFund(absl::FunctionRef<void(const UnitKey&, const UnitTotals&)> visit);
  const UnitTotals* FindUnits(const UnitKey& key) { return units_.Find(key); }
  absl::StatusOr<LedgerEntry> Read(uint64_t position) const { return lines_.ReadAs<LedgerEntry>(position); }

 private:
  void Write(Cause cause, int64_t quantity, uint64_t* last_line, const Posting& posting);

  machine::Cell<CashTotals> cash_;
  machine::Table<TaCode, TaTotals> ta_;
  machine::Table<UnitKey, UnitTotals> units_;
  machine::History lines_;
};

}  // namespace fundcore::account
