// How a fund redeems at once (快速赎回, business 098): who advances the money, and how much of it a person may have a day.
//
//   const FastRedemptionTerms* fast = products.Fast(code, received_at);   // nullptr: the fund does not offer it
//
// The bank that advances is a party of its own; what it may have out for all investors together is said of the bank, not of
// the fund. Source: CSRC and PBOC, 2018, on money-fund sales over the internet: at most 10,000 yuan a person, fund,
// distributor and day, and only a bank that is licensed to sell funds may advance.
#pragma once

#include <string>

#include "common/base/codec.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore {

// Nested in facts, which are kept: the list of fields never changes.
struct FastRedemptionTerms {
  static constexpr int64_t kLawfulFen = 1'000'000;

  FundCode fund;
  std::string bank;           // empty: not offered (any more)
  // Its trading account at the institution, to which the units go; may be empty. Where another distributor serves it, that one
  // stands before it: "302/00012345". Read by the two below.
  std::string bank_account;
  Units least;                // of one order
  Money person_a_day = Money::FromRaw(kLawfulFen);
  TimePoint effective_at;

  bool offered() const { return !bank.empty(); }
  // Empty: the institution itself moves units to the bank, in one step (098).
  std::string distributor() const {
    const size_t slash = bank_account.find('/');
    return slash == std::string::npos ? std::string() : bank_account.substr(0, slash);
  }
  std::string account() const {
    const size_t slash = bank_account.find('/');
    return slash == std::string::npos ? bank_account : bank_account.substr(slash + 1);
  }
  bool SameAs(const FastRedemptionTerms& o) const {
    return fund == o.fund && bank == o.bank && bank_account == o.bank_account && least == o.least && person_a_day == o.person_a_day;
  }
  FC_FIELDS(fund, bank, bank_account, least, person_a_day, effective_at)
};

}  // namespace fundcore
