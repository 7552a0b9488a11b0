// Whether a fast redemption (T+0) of a money fund may be paid now, and how much of it could be.
//
//   FastRedemption r = DecideFast({.amount = …, .free_units = …, .person_today = …, .advanced = …}, terms);
//   if (r.refusal != FastRefusal::kNone) … r.most        // what would be allowed instead
//
// A person gets at most 10,000 yuan per fund, distributor and day (rule of 2018). The money is advanced by a bank that is
// a party of its own; what it has out, for all investors, has a limit, too. Units are worth one yuan. Pure function on
// values: who counts `person_today` and `advanced`, and gives back what is repaid, is the caller.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/money/decimal.h"

namespace fundcore {

struct FastTerms {
  bool offered = true;                             // by this fund, today
  Money least = Money::FromRaw(1);
  Money person_a_day = Money::FromRaw(1'000'000);  // 10,000.00
  Money bank_limit;                                // of all that the bank may have out; 0: no bank, nothing is paid
};

struct FastRequest {
  Money amount;
  Units free_units;                                // neither promised nor frozen
  Money person_today;                              // paid fast to this person from this fund today, here
  Money advanced;                                  // by the bank, for everybody, not repaid yet
};

// In checking order. The numbers are stored; never renumber them.
enum class FastRefusal : uint8_t {
  kNone = 0,
  kNotOffered = 1,
  kBelowLeast = 2,
  kNotEnoughUnits = 3,
  kPersonLimit = 4,
  kBankLimit = 5,
};
std::string_view FastRefusalName(FastRefusal refusal);

struct FastRedemption {
  FastRefusal refusal = FastRefusal::kNone;
  Money most;                                      // the largest amount that would be paid now; 0 where none
};

FastRedemption DecideFast(const FastRequest& request, const FastTerms& terms);

}  // namespace fundcore
