// A line of a file while it is posted, with whom and what it is about. Inside the machine's posting files only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/account/machine.h"

namespace fundcore::account {

// Pointers are null where the books do not know them.
struct AccountMachine::Line {
  const TaCode& ta;
  const TradeLine& in;
  const machine::Context& ctx;
  std::vector<FindingEntry>& findings;
  Investor* investor = nullptr;
  uint64_t investor_seq = 0;
  Reservation* reservation = nullptr;   // only where it is this investor's
  uint16_t settle_as = 0;               // business of the settlement
  uint8_t rules = kFirstRules;
  TradeDetail detail;                   // blank where the line says no more
  const ConvertedFigures* converted = nullptr;  // of 136 to 138
  bool explains = false;                // what was taken of each lot is kept
  std::vector<Lot> taken;

  uint64_t order_seq() const { return reservation ? SequenceOf(in.order) : 0; }
  InvestorCash* cash() const { return investor ? &investor->cash : nullptr; }
  uint64_t* chain() const { return investor ? &investor->last_line : nullptr; }
  void Find(std::string rule, std::string field, std::string expected, std::string found) {
    findings.push_back(
        {in.line, std::move(rule), std::move(field), std::move(expected), std::move(found), in.order, in.investor});
  }
};

}  // namespace fundcore::account
