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
  FundRules rules;
  bool says_rules = false;  // commands from before there were rules leave them alone
  std::optional<FastRedemptionTerms> fast;  // not given: it redeems nothing at once
  bool says_fast = false;   // likewise
  FC_FIELDS(terms, lead, income, rules, says_rules, fast, says_fast)
};

struct NavEntry {
  NavFact nav;
  uint8_t status = 0;  // a FundStatus character, 0: not said
  FC_FIELDS(nav, status)
};

// ConvertStatus of a fund, as a 07 file says it.
struct ConvertStatusEntry {
  FundCode fund;
  uint8_t status = 0;
  FC_FIELDS(fund, status)
};

// The prices of one file. The same source again changes nothing.
struct PutNavs {
  static constexpr uint8_t kTag = 5;
  std::string source;
  std::vector<NavEntry> entries;
  Duration lead;
  std::vector<std::optional<Nav>> incomes;  // per 10,000 units: one an entry, or none at all
  std::vector<ConvertStatusEntry> convert_statuses;
  FC_FIELDS(source, entries, lead, incomes, convert_statuses)
};

// How a fund may be converted; `terms.effective_at` and `lead` as in PutFund.
struct PutConversions {
  static constexpr uint8_t kTag = 55;
  FundConversions terms;
  Duration lead;
  bool asks_persons = false;  // refused where two persons are required; commands from before that were not
  FC_FIELDS(terms, lead, asks_persons)
};

// Room in the quotas that all buyers share. The quota is that in force at the order's receipt.
struct QuotaItem {
  uint64_t order = 0;
  FundCode fund;
  Date day;
  Money amount;
  TimePoint received;
  FC_FIELDS(order, fund, day, amount, received)
};
struct TakeQuota {
  static constexpr uint8_t kTag = 60;
  std::vector<QuotaItem> items;
  FC_FIELDS(items)
};
// Also of orders that never took anything: a try that comes later must fail.
struct ReleaseQuota {
  static constexpr uint8_t kTag = 61;
  std::vector<QuotaItem> items;
  FC_FIELDS(items)
};

// The same, where some of them want money that a bank advances (business 098): those name the bank, and their amount is
// room in what it may have out, for all funds together and until it has the units.
struct RoomItem {
  uint64_t order = 0;
  FundCode fund;
  Date day;
  Money amount;
  TimePoint received;
  std::string bank;
  FC_FIELDS(order, fund, day, amount, received, bank)
};
struct TakeRoom {
  static constexpr uint8_t kTag = 65;
  std::vector<RoomItem> items;
  FC_FIELDS(items)
};
struct ReleaseRoom {
  static constexpr uint8_t kTag = 66;
  std::vector<RoomItem> items;
  FC_FIELDS(items)
};
// What a bank may have out from now on. What is out already stays, though it be more.
struct PutAdvancingBank {
  static constexpr uint8_t kTag = 67;
  std::string bank;
  Money limit;
  FC_FIELDS(bank, limit)
};

// One person proposes what another has to approve. `put` is an encoded PutFund; empty: that two persons are no longer required.
// `conversions`, where there are any, is an encoded PutConversions of the same fund; both take effect or neither.
struct ProposeChange {
  static constexpr uint8_t kTag = 62;
  std::string put;
  std::string person;
  std::string note;
  std::string conversions;
  std::string campaign;         // an encoded PutCampaign; then nothing else
  FC_FIELDS(put, person, note, conversions, campaign)
};
struct DecideChange {
  static constexpr uint8_t kTag = 63;
  uint64_t change = 0;
  std::string person;
  bool approve = false;
  Duration lead;
  FC_FIELDS(change, person, approve, lead)
};
struct RequireTwoPersons {
  static constexpr uint8_t kTag = 64;
  FC_NO_FIELDS()
};

// A campaign anew, or (`end`) no longer; by its name.
struct PutCampaign {
  static constexpr uint8_t kTag = 140;
  Campaign campaign;
  bool end = false;
  Duration lead;
  FC_FIELDS(campaign, end, lead)
};

// Time passes: the watermark moves on though nothing else was said.
struct Tick {
  static constexpr uint8_t kTag = 6;
  FC_NO_FIELDS()
};

}  // namespace fundcore::product
