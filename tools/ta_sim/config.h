// What a stand-in transfer agent is told about itself: who it is, its funds and their terms, prices and dividends.
//
//   TaConfig config{.ta = TaCode("11"), .distributor = DistributorCode("301")};
//   FundTerms fund{.code = FundCode("110022"), .name = "Growth A"};
//   fund.purchase_tiers = {{.rate = *ParseRate("1.2%")}};
//   fund.navs[day] = *Price::Parse("1.1280");
//   config.funds.push_back(fund);
//   FC_RETURN_IF_ERROR(CheckConfig(config));
//
// or from a file (tools/ta_sim/README.md shows one):   FC_ASSIGN_OR_RETURN(auto config, ReadConfig("ta.toml"));
//
// Plain values, constant once a TaSim has them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/ofd/fields.h"
#include "common/time/calendar.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "tools/ta_sim/decimal.h"

namespace fundcore::ta_sim {

// The fee of purchases from `from` on, up to the next tier.
struct PurchaseTier {
  Yuan from;
  Rate rate;
  std::optional<Yuan> fixed;  // a sum an order instead of a rate; discounts leave it alone
  std::optional<Rate> undiscounted;  // what conversions compare, where `rate` has a discount in it
};

// The fee of lots held at least `from_days` calendar days, up to the next tier.
struct RedemptionTier {
  int32_t from_days = 0;
  Rate rate;
  Rate fund_share;  // of the fee, what stays in the fund (OtherFee1)
};

// A price for every open day without writing each: `first` on `start`, `step` more on each further open day.
struct NavRule {
  Date start;
  Price first;
  Price step;
};

struct DividendTerms {
  Date registration;  // T: holders of that day's end; orders applied on T move nothing any more
  Date ex_date;       // its price is that of reinvestment
  Date pay_date;
  Yuan amount;  // for `per_units` units
  int32_t per_units = 1;
};

// An initial offer: 020 is received with 120 and decided with 130, or 149 where it failed.
struct OfferTerms {
  Date result_day;  // the answer that holds the 130 or 149 lines
  Date effective;   // of the contract: offer units count from here
  Price face = Price::FromRaw(100'000'000);
  bool failed = false;
  std::optional<Yuan> cap;  // of valid amounts without interest; what is over it is cut on the last day, pro rata
  Date last_day;            // of applications; not set: none is named
  std::map<std::string, Yuan> interest;  // by AppSheetSerialNo
  Rate interest_a_day;  // else so much for each calendar day from the application to `effective`
};

// What the manager does on a day whose net redemptions are over the limit (巨额赎回): takes everything, or only the limit's
// share of the day before, pro rata by application.
struct LargeTerms {
  Rate limit = Rate::FromRaw(10'000'000);  // 10% of the units of the day before
  bool pro_rata = false;
};

// Of a money fund: what the days earn, and what becomes of it.
struct MoneyTerms {
  enum class Remainder : uint8_t { kCarry, kCut, kShare };
  Remainder remainder = Remainder::kCarry;
  std::map<Date, Price> incomes;  // per 10,000 units; each holds for every day until the next one
  int payout_day = 0;             // 0: every answer turns income into units; else with the day of the month; 31: its last one
  bool loss_waits = false;        // a negative sum stays at a payout, else units are cancelled
  bool keeps_income = false;      // of a full redemption, until the next payout
};
// How the difference fee of a conversion is found: from the two purchase rates, or as the difference of the two fees.
enum class ConversionForm : uint8_t { kRates = 0, kFees = 1 };

struct FundRounding {
  Rounding fee = Rounding::kHalfUp;
  Rounding net = Rounding::kHalfUp;
  Rounding units = Rounding::kHalfUp;
  Rounding value = Rounding::kHalfUp;
  bool whole_units = false;  // units are cut to whole ones, and what bought nothing is paid back
};

// How long units stay before they may leave (持有期).
struct HoldingTerm {
  int32_t days = 0;             // calendar days from registration to the first day of redemption; 0: none
  std::map<Date, Date> first;   // by day of registration, before `days`
  std::optional<Rate> early;    // set: units may leave earlier, at this rate
  Rate early_fund_share;

  bool Early(Date registered, Date trade_day) const {
    const auto it = first.find(registered);
    if (it != first.end()) return trade_day < it->second;
    return trade_day < registered.AddDays(days);
  }
};

struct FundTerms {
  FundCode code;
  std::string name;
  std::string calendar;       // empty: the agent's
  int confirm_days = 1;       // open days from T to the answer
  int purchase_pay_days = 2;  // open days from T to the settlement of purchases
  int redemption_pay_days = 3;
  std::vector<PurchaseTier> purchase_tiers;      // ascending; none: no fee
  std::vector<RedemptionTier> redemption_tiers;  // ascending; none: no fee
  Rate floor_rate;                               // a discount brings no rate below this
  bool inside_fee = false;                       // fee = amount × rate, instead of amount − amount ÷ (1 + rate)
  FundRounding rounding;
  bool newest_first = false;      // lots leave LIFO
  char status = '0';              // the standard's FundStatus
  std::map<Date, char> statuses;  // from these trade days on, instead of `status`
  char default_dividend = '1';    // 0 reinvest, 1 cash
  std::map<Date, Price> navs;     // counts before the rule
  std::optional<NavRule> nav_rule;
  Price accumulated;      // added to the NAV to give the accumulated one
  Shares held_elsewhere;  // units of other distributors, for the fund's size in 07
  std::vector<DividendTerms> dividends;
  std::optional<OfferTerms> offer;
  LargeTerms large;
  Shares min_redemption;  // of an application; the rest of a large redemption may be less
  std::optional<MoneyTerms> money;
  char convert_status = '3';               // ConvertStatus: 0 in and out, 1 in, 2 out, 3 neither
  std::map<FundCode, ConversionForm> converts_to;
  bool carries_age = false;                // what is converted into it is as old as what it came from
  HoldingTerm term;
};

struct TaConfig {
  TaCode ta;
  DistributorCode distributor;
  ofd::Version version = ofd::Version::k21;
  std::string calendar = "XSHG";
  CalendarSet calendars = CalendarSet::BuiltIn();
  std::vector<FundTerms> funds;
  // File 25 gives purchases less the distributor's fee (settled net) instead of whole.
  bool net_of_fee = false;
  // "type:number" of certificates that have a fund account already, opened through somebody else; "type:number=account"
  // also says which, and 008 is answered with it. Without one the agent numbers it like any other.
  std::vector<std::string> registered_elsewhere;
  // Investors and holdings that the register does not know: refused, or taken as registered where the application names
  // a fund account, and as held where units are redeemed. Not set: refused, but taken by Reply (reply.h).
  std::optional<bool> take_unknown;
  // Plans are opened here (059) before their debits (039, 063) are taken.
  bool keeps_plans = false;
  // Applications for a later day (021, 023, 025) are kept until then; else they are refused with 0412. Their results come under
  // numbers of the agent's own where `renumbers_reservations`, with the distributor's as OriginalAppSheetNo.
  bool keeps_reservations = false;
  bool renumbers_reservations = false;
  // 036 is answered with a 138 and a 137 instead of one 136.
  bool converts_in_pairs = false;
  // Funds of other agents, as far as conversions from them have to know: their purchase tiers.
  std::vector<FundTerms> elsewhere;
  // The answer to 001 for such an investor: 0303, 0390, or 0000 where the agent joins the accounts by itself.
  ReturnCode when_registered{"0303"};

  const FundTerms* Find(const FundCode& code) const;
  const FundTerms* FindAnywhere(const FundCode& code) const;  // among those of other agents, too
  const TradingCalendar& CalendarOf(const FundTerms* fund) const;  // a checked configuration has it
};

// An entry of registered_elsewhere, taken apart.
struct RegisteredElsewhere {
  std::string_view certificate;  // "type:number"
  TaAccountId account;           // empty: the agent gives it a number
};
RegisteredElsewhere SplitRegistered(std::string_view entry);

// The price of an open day; nothing where the configuration gives none.
std::optional<Price> NavOf(const TaConfig& config, const FundTerms& fund, Date day);
char StatusOf(const FundTerms& fund, Date day);

// kInvalidArgument: a code missing or unfit for the version, a fund twice, an unknown calendar, tiers out of order.
absl::Status CheckConfig(const TaConfig& config);
// A TOML file. kNotFound or kPermissionDenied where it cannot be read; otherwise kInvalidArgument, each fault with its
// line.
absl::StatusOr<TaConfig> ReadConfig(const std::string& path);
absl::StatusOr<TaConfig> ReadConfigText(std::string_view text, std::string_view name);

}  // namespace fundcore::ta_sim
