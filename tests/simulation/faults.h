// The kinds of trouble that a simulated run may meet. Names are what people type (--without=crash,late-file) and what
// reports count by.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fundcore::simulation {

enum class Fault : uint8_t {
  // The process and its disk.
  kCrash,          // the process dies between two tasks; what was not durable is lost, a torn tail may stay
  kCrashInStart,   // and dies again while it recovers
  kOutage,         // and stays down for minutes or hours
  kUnknownAppend,  // an append fails although, or as if, it was written
  kSlowSync,       // an append takes up to seconds
  kDiskFull,       // appends and write-back are refused for a while
  kFiles,          // listing, reading and publishing files fails, published or not
  kClock,          // the wall clock is in doubt until it comes back or a person accepts it
  // Between services, and between callers and the system.
  kLostCall,
  kLateCall,
  kDoubledCall,
  kServiceDown,  // one service does not answer its siblings for minutes or hours
  kBankDown,
  // Institutions.
  kTaLate,         // the answer comes hours later
  kTaSlow,         // its files come one by one, in any order
  kTaWrongFigure,  // 04 says other units or another amount than the register
  kTaWrongRegister,
  kTaMissingLine,
  kTaDoubledLine,
  kTaDamaged,   // a file cut short, with a bad number or a wrong date
  kTaConflict,  // a second file of the same identity with other bytes
  kTaRefuses,   // an order or a fund account is refused
  kTaPartial,
  kTaForced,  // units are redeemed that nobody asked for
  // People.
  kRepeats,        // investors send the same request again, also at the same moment
  kReusedId,       // and one id with two contents
  kLateCancel,     // cancels close to the cut-off, on either side
  kOperatorRaces,  // two operators at one break, the same person twice
  kNewTerms,       // a fund stops taking purchases in mid-run
  // Several processes on one cluster of brokers. Drawn apart, so that runs of one process are what they were before.
  kNodeCrash,   // one process dies, or leaves in order, and comes back
  kNodePause,   // one process is stopped (SIGSTOP) and wakes up later
  kNodeCut,     // one process loses its brokers, or hears from them late
  kLeaderAway,  // nobody leads a partition, or any, for a while
  kRebalance,   // partitions are dealt out anew, or a process that lives is taken for dead
  // Drawn apart again, for the same reason. Of one process on its own log, beside crashes.
  kRot,  // a record that was durable cannot be read any more: no start may pass over it
  // What investors do beside ordering; drawn apart, each.
  kAccounts,  // fund accounts are opened, frozen, lost, found, thawed, ended and closed
  kTaStarts,  // units are frozen, thawed, moved, split or taken that nobody asked for; dividends are paid
  // More of the business, each drawn apart and switched by itself, so that a world without it is what it was before.
  kOffers,  // a fund is offered: subscriptions, cut, failed or allotted, and what they hold afterwards
  kReservations,  // orders for a later day, where institutions have such; given up again before it
  kRefunds,       // institutions give money back after a result (140), or ask for more (141)
  kMoves,         // investors move units away and in, freeze, thaw and pledge them
  kInterest,      // the bank credits interest on the settlement account, which belongs to the investors
  kCampaigns,     // discounts for a time, by channel, fund and amount
  kCards,         // the card that money goes out to is changed, and payouts follow it
  kTax,           // investors declare where they pay taxes
  kCount,
};

inline constexpr Fault kFirstClusterFault = Fault::kNodeCrash;
inline constexpr Fault kLastClusterFault = Fault::kRebalance;
// No troubles by themselves. `--without=business` leaves out this one and all after it.
inline constexpr Fault kFirstBusiness = Fault::kOffers;

inline constexpr size_t kFaults = static_cast<size_t>(Fault::kCount);

inline constexpr std::array<std::string_view, kFaults> kFaultNames = {
    "crash",           "crash-in-start", "outage",      "unknown-append",  "slow-sync",         "disk-full",
    "files",           "clock",          "lost-call",   "late-call",       "doubled-call",      "service-down",
    "bank-down",       "ta-late",        "ta-slow",     "ta-wrong-figure", "ta-wrong-register", "ta-missing-line",
    "ta-doubled-line", "ta-damaged",     "ta-conflict", "ta-refuses",      "ta-partial",        "ta-forced",
    "repeats",         "reused-id",      "late-cancel", "operator-races",  "new-terms",
    "node-crash",      "node-pause",     "node-cut",    "leader-away",     "rebalance",       "rot",
    "accounts",        "ta-starts",   "offers",      "reservations",    "refunds",    "moves",
    "interest",        "campaigns",      "cards",       "tax"};

constexpr std::string_view FaultName(Fault f) { return kFaultNames[static_cast<size_t>(f)]; }
constexpr std::optional<Fault> ParseFault(std::string_view name) {
  for (size_t i = 0; i < kFaults; ++i)
    if (kFaultNames[i] == name) return static_cast<Fault>(i);
  return std::nullopt;
}

using FaultCounts = std::array<uint64_t, kFaults>;

}  // namespace fundcore::simulation
