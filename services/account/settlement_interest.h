// Interest on settlement money, which belongs to the investors: what of the bank's credit each investor gets.
//
//   FenDays sum = …;                                   // every partition weighs its investors first
//   InterestPartOf(weight, amount, sum.value())        // then each part is known, wherever it is worked out
//
// An investor's weight is fen times days: of each day of the period, both ends included, what of the bank's balance
// was theirs at its end. That is all they have paid in and not got back (available, set aside for orders, on the way
// to a card), and what was confirmed of their purchases until the bank has paid the institution. It follows from
// ledger lines that nobody can add to once the period is over, so it may be worked out again at any time, and is the
// same.
//
// The parts are those of ShareInterest (common/fund/interest.h): each cut to the fen, then a fen each to the largest
// remainders of all partitions together, the lower investor number first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/codec.h"
#include "common/machine/state.h"
#include "common/money/decimal.h"
#include "common/time/time.h"

namespace fundcore::account {

// An unsigned 128-bit number as it is stored and sent.
struct FenDays {
  uint64_t high = 0;
  uint64_t low = 0;
  static FenDays Of(__int128 v) {
    return {static_cast<uint64_t>(static_cast<unsigned __int128>(v) >> 64), static_cast<uint64_t>(v)};
  }
  __int128 value() const {
    return static_cast<__int128>((static_cast<unsigned __int128>(high) << 64) | low);
  }
  FC_FIELDS(high, low)
};

// What is spread, over what, and who gets a fen beyond the cut part: remainders above `above`, and the first `ties`
// of this partition that are equal to it.
struct InterestTerms {
  Money amount;
  FenDays all;          // of all investors of all partitions
  FenDays above;
  uint64_t ties = 0;
  FC_FIELDS(amount, all, above, ties)
};

// weight × amount ÷ all: the whole fen, and what is left in 1/all fen.
struct InterestPart {
  Money whole;
  __int128 rest = 0;
};
inline InterestPart InterestPartOf(FenDays weight, Money amount, __int128 all) {
  const __int128 exact = weight.value() * amount.raw();
  return {Money::FromRaw(static_cast<int64_t>(exact / all)), exact % all};
}

// --- State: tables 140 to 142
// ---------------------------------------------------------------------------------------------------------------

struct InterestRun {
  Date from, to;                // both included
  Money received;               // what the bank credited, in the one partition that keeps it
  bool weighed = false;
  uint64_t weighed_to = 0;      // investors up to this sequence
  FenDays sum;
  uint64_t investors = 0;       // with a weight
  bool spread = false;
  uint64_t spread_to = 0;
  uint64_t ties_given = 0;
  Money paid;
  uint64_t payees = 0;          // who got at least a fen
  FC_FIELDS(from, to, received, weighed, weighed_to, sum, investors, spread, spread_to, ties_given, paid, payees)
};
struct InterestShareKey {
  uint64_t run = 0;
  uint64_t investor = 0;        // sequence
  FC_FIELDS(run, investor)
};
struct InterestShare {
  FenDays fen_days;
  Money amount;                 // once it is spread
  FC_FIELDS(fen_days, amount)
};
// When the bank paid a settlement's purchases: those confirmed before `position` of the ledger left on that day.
struct PaidOn {
  Date day;
  uint64_t position = 0;
  FC_FIELDS(day, position)
};
struct PaidDays {
  std::vector<PaidOn> days;
  FC_FIELDS(days)
};

// --- Commands
// ---------------------------------------------------------------------------------------------------------------

// The bank has credited it. In one partition; the others pay out of it, so that only the sum of all is zero again.
struct ReceiveInterest {
  static constexpr uint8_t kTag = 140;
  uint64_t run = 0;
  Date from, to;
  Money amount;
  FC_FIELDS(run, from, to, amount)
};
// Weighs at most kInvestorsACommand investors; Result.more says that others wait.
struct WeighInterest {
  static constexpr uint8_t kTag = 141;
  uint64_t run = 0;
  Date from, to;
  FC_FIELDS(run, from, to)
};
// Credits at most kInvestorsACommand investors.
struct SpreadInterest {
  static constexpr uint8_t kTag = 142;
  uint64_t run = 0;
  InterestTerms terms;
  FC_FIELDS(run, terms)
};
inline constexpr uint64_t kInvestorsACommand = 1'000;

// "INTEREST-7": what the ledger line of a share refers to.
std::string InterestReference(uint64_t run);

}  // namespace fundcore::account
