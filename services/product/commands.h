// Product's commands. Tag 1 is left to AbsorbFacts in all machines, so that logs read alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/codec.h"
#include "common/product/facts.h"

namespace fundcore::product {

struct PutCalendar {
  static constexpr uint8_t kTag = 2;
  TradingCalendar calendar;
  FC_FIELDS(calendar)
};

struct PutInstitution {
  static constexpr uint8_t kTag = 3;
  InstitutionTerms terms;
  std::string file_variant;  // a text that Variant::Parse took; "": the standard
  FC_FIELDS(terms, file_variant)
};

// `terms.effective_at` is the wish; the machine moves it to the lead time if it comes earlier.
// `lead` is the product lead time when it was sent: in the command, so that a later setting changes no replay.
struct PutFund {
  static constexpr uint8_t kTag = 4;
  FundTerms terms;
  Duration lead;
  std::optional<IncomeTerms> income;  // not given: the fund has none
  FC_FIELDS(terms, lead, income)
};

struct NavEntry {
  NavFact nav;
  uint8_t status = 0;  // a FundStatus character, 0: not said
  FC_FIELDS(nav, status)
};

// The prices of one file. The same source again changes nothing.
struct PutNavs {
  static constexpr uint8_t kTag = 5;
  std::string source;
  std::vector<NavEntry> entries;
  Duration lead;
  std::vector<std::optional<Nav>> incomes;  // per 10,000 units: one an entry, or none at all
  FC_FIELDS(source, entries, lead, incomes)
};

// Time passes: the watermark moves on though nothing else was said.
struct Tick {
  static constexpr uint8_t kTag = 6;
  FC_NO_FIELDS()
};

}  // namespace fundcore::product
