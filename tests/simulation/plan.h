// What a run is made of, all of it drawn from the seed before anything happens: institutions, funds, investors, days,
// and which troubles may strike how often. Printing a plan says what a run tries.
//
//   Plan plan = DrawPlan({.seed = 7});
//   plan.Has(Fault::kCrash) …
//
// Each purpose draws from a stream of its own (Stream), so that leaving one kind of fault out shifts nothing else: that
// is what makes shrinking work.
#pragma once

#include <bitset>
#include <set>
#include <string>
#include <vector>

#include "common/log/memory.h"
#include "common/rpc/direct.h"
#include "common/runtime/random.h"
#include "tests/simulation/faults.h"
#include "tools/dayrun/script.h"

namespace fundcore::simulation {

struct Options {
  uint64_t seed = 1;
  int days = 0;    // 0: drawn
  int orders = 0;  // a day; 0: drawn
  int nodes = 0;   // processes; 0: drawn (one, in four of five seeds)
  std::bitset<kFaults> without;
  bool keep_trace = false;  // print everything that happened
  std::string keep_files;   // a folder that gets the exchange of the run, empty: none
  std::string plant;        // a planted bug, see plants.h
  bool rests = false;       // some worlds defer rests of large redemptions, see DrawDeferrals
};

// What draws are for. Numbers are part of what a seed means.
enum class Stream : uint64_t {
  kWorld = 1,
  kFaults = 2,
  kInvestors = 3,
  kTroubles = 4,
  kInstitutions = 5,
  kOperators = 6,
  kClients = 7,
  kCluster = 8,
  kClusterTroubles = 9,
  kClusterLooks = 10,
  kRot = 11,
  kAccounts = 12,
  kStarts = 13,
  kIncome = 60,
  kConversions = 55,
  kSavings = 65,
  kDeferrals = 66,
  kCrossings = 67,
  kFast = 68,
  kOffers = 69,
  kReservations = 70,
  kRefunds = 71,
  kMoves = 72,
  kInterest = 73,
  kCampaigns = 74,
  kCards = 75,
  kTax = 76
};
SeededRandom RandomFor(uint64_t seed, Stream stream);

// What an investor has the system order by itself: the product's plans (docs/plans.md), called savings here, where a plan is
// that of a run.
struct Savings {
  std::string request;
  size_t investor = 0;
  std::string fund;
  bool monthly = false;  // else each week
  int day = 1;           // 1 = Monday to 7, or 1 to 31
  bool redemption = false, to_target = false, mismatch_confirmed = false;
  int64_t amount_fen = 0, units_e2 = 0;
  Date first, last;
  TimePoint made_at, ended_at;  // asked for; the latter unset where nobody ends it before its time
};

// Interest of the bank on the settlement account, and who records it when.
struct InterestCredit {
  std::string reference;
  Date from, to;
  int64_t amount_fen = 0;
  TimePoint at;
};

// A discount for a time, as product is told of it before the first order. Some are ended in mid-run.
struct Campaign {
  std::string name, channel;
  Date first, last;
  std::vector<std::string> funds;
  std::vector<uint32_t> businesses;
  int64_t from_fen = 0;
  Rate discount;
  TimePoint ended_at;  // unset: never
};

struct Plan {
  uint64_t seed = 1;
  // Calendars, institutions, funds, investors: in the words of day scripts, so that one conversion serves both.
  dayrun::Script script;
  std::vector<Date> days;  // open days on which investors act, the first one at `script.start`
  int orders_a_day = 0;
  std::bitset<kFaults> faults;
  rpc::Faults calls;
  MemoryLogFaults log;
  int crashes = 0;
  // The services of each process, none: all; no process: the system is one, on a log of its own.
  std::vector<std::set<ServiceId>> nodes;
  int executors = 2;
  uint16_t partitions = 4;
  uint16_t clearing_partitions = 2;
  bool shuffle = false;
  uint64_t flush_every_bytes = 30'000;
  bool careless = false;  // investors order without looking at their balances
  std::vector<Savings> savings;
  std::vector<InterestCredit> interest;
  std::vector<Campaign> campaigns;
  bool crosses = false;  // there are conversions between institutions
  int64_t advances_fen = 0;  // what bank 555 may have out for redemptions at once; 0: no fund has them
  bool defers = false;  // most who redeem of a fund that takes only a part of a large day want their rest deferred

  // Who an investor orders through.
  std::string_view ChannelOf(size_t investor) const { return !campaigns.empty() && investor % 3 == 0 ? "fund-shop" : "investor-app"; }
  bool Has(Fault f) const { return faults[static_cast<size_t>(f)]; }
  const dayrun::GivenFund& FundOf(std::string_view code) const { return *script.Fund(code); }
  const dayrun::GivenTa& TaOf(const dayrun::GivenFund& fund) const { return *script.Ta(fund.ta); }
  bool Calm() const;  // no troubles of any kind
  std::vector<const dayrun::GivenFund*> funds() const;   // all but those in an offer
  std::vector<const dayrun::GivenFund*> offers() const;
  std::vector<const dayrun::GivenInvestor*> investors() const;
  const TradingCalendar& CalendarOf(const dayrun::GivenFund& fund) const;
  const TradingCalendar& CalendarOf(const dayrun::GivenTa& ta) const;
  // By when everything must be final: open days of waiting for confirmation and payment, and two for corrections.
  Date Deadline() const;
  std::string Describe() const;
};

Plan DrawPlan(const Options& options);

}  // namespace fundcore::simulation
