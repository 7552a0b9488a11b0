// A compact store of a money fund's positions that accrues a day's income in one pass, and can be stopped anywhere in it.
//
//   auto store = AccrualStore::Create(path, holders, units_of);       // or Open(path)
//   auto done = store->AccrueDay(day, {.per_ten_thousand = …, .payout = true}, terms, {.threads = 2});
//
// One file: a head, then segments of 65,536 positions of 24 bytes, each segment twice. A segment holds positions as they are after
// the day written in its head, with a checksum. A day reads the valid copy with the newest day and writes the other one, so
// that a half-written copy never costs the good one. A segment that already has the day is left alone: starting again after
// a kill does what was not done, nothing twice. There is no other record of progress.
//
// AccrueDay syncs the file every `sync_every` segments of each thread and before it returns: what it returned is durable.
// Not the account service's state: a measure of what a pass over positions costs (docs/decisions/0007-lazy-income.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/fund/income_series.h"

namespace fundcore::bench {

struct AccrualOptions {
  int threads = 2;
  uint32_t sync_every = 64;
  // Called with the number of segments written so far, from any thread; a test kills the process in it.
  std::function<void(uint64_t)> after_segment;
};

struct AccrualTotals {
  uint64_t holders = 0;
  uint64_t skipped = 0;       // segments that had the day already
  __int128 units = 0;         // sums over all positions, in raw steps
  __int128 unpaid = 0;
  __int128 rest = 0;
  friend bool operator==(const AccrualTotals& a, const AccrualTotals& b) {
    return a.holders == b.holders && a.units == b.units && a.unpaid == b.unpaid && a.rest == b.rest;
  }
};

class AccrualStore {
 public:
  static constexpr uint64_t kPerSegment = 65'536;
  ~AccrualStore();
  AccrualStore(const AccrualStore&) = delete;
  AccrualStore& operator=(const AccrualStore&) = delete;

  // Positions of `holders` holders before day 1; durable when it returns. Replaces a file that is there.
  static absl::StatusOr<std::unique_ptr<AccrualStore>> Create(const std::string& path, uint64_t holders,
                                                              const std::function<Units(uint64_t)>& units_of);
  static absl::StatusOr<std::unique_ptr<AccrualStore>> Open(const std::string& path);

  // Day numbers count from 1, each once and in order. With kShare it passes over the positions twice more, reading.
  // Errors: kDataLoss where neither copy of a segment is good, kFailedPrecondition where a segment stands at another day
  // than this one or the one before.
  absl::StatusOr<AccrualTotals> AccrueDay(uint32_t day, IncomeDay income, const MoneyFundTerms& terms,
                                          const AccrualOptions& options);
  absl::StatusOr<AccrualTotals> Totals() const;
  uint64_t holders() const { return holders_; }
  uint64_t segments() const { return (holders_ + kPerSegment - 1) / kPerSegment; }

 private:
  struct Segment;
  AccrualStore(int fd, uint64_t holders) : fd_(fd), holders_(holders) {}
  absl::Status Read(uint64_t index, Segment* segment, uint32_t* slot) const;
  // The newest good copy that is not newer than `not_after`.
  absl::Status ReadUpTo(uint64_t index, uint32_t not_after, Segment* segment, uint32_t* slot) const;
  absl::Status Write(uint64_t index, uint32_t slot, Segment* segment) const;
  absl::Status ForAll(int threads, const std::function<absl::Status(uint64_t index, int thread)>& work) const;
  absl::StatusOr<ShareLine> FindLine(uint32_t day, Nav per_ten_thousand, int threads) const;

  int fd_;
  uint64_t holders_;
};

}  // namespace fundcore::bench
