// Recomputes a dividend file (06) from what was held on the record day, the way that the investor has chosen, and the price
// of the ex-day; says what differs. The figures of the file's own plan (so much a unit) are the institution's to declare.
//
//   DividendChecker checker(machine, ta);
//   for (…) checker.Check(entry, detail, &findings);   // in file order
//
// Reads the machine and changes nothing. On the partition's executor, for the time of one task.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/account/machine.h"

namespace fundcore::account {

class DividendChecker {
 public:
  DividendChecker(AccountMachine& machine, const TaCode& ta) : machine_(machine), ta_(ta) {}

  // Adds a finding for each thing that differs. An error where the books cannot be read.
  absl::Status Check(const DividendEntry& line, const DividendDetail& detail, std::vector<FindingEntry>* findings);

 private:
  void Find(const DividendEntry& line, std::string_view rule, std::string_view field, std::string expected,
            std::string found);
  template <class D>
  void Compare(const DividendEntry& line, std::string_view rule, std::string_view field, D expected, D found) {
    if (expected != found) Find(line, rule, field, expected.ToString(), found.ToString());
  }
  void CheckFigures(const DividendEntry& line, const DividendDetail& detail, Date until, const FundTerms& fund);
  void CheckIncome(const DividendEntry& line, const DividendDetail& detail);

  AccountMachine& machine_;
  const TaCode ta_;
  std::vector<FindingEntry>* findings_ = nullptr;
  // Of the line before: a file's lines are mostly of one record day.
  Date until_;
  uint64_t after_ = 0;
};

}  // namespace fundcore::account
