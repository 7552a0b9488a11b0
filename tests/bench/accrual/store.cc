// The file of positions, read and written by segments.
#include "tests/bench/accrual/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/crc32c.h"

namespace fundcore::bench {
namespace {

struct Position {
  int64_t units, unpaid, rest;
};

struct FileHead {
  char name[8] = {'F', 'C', 'A', 'C', 'C', 'R', '1', 0};
  uint64_t holders = 0;
};
constexpr off_t kHeadBytes = 4096;

absl::Status IoError(const char* what) { return absl::UnavailableError(StrCat(what, ": ", std::strerror(errno))); }

absl::Status WriteAll(int fd, const char* data, size_t size, off_t at) {
  while (size > 0) {
    const ssize_t n = ::pwrite(fd, data, size, at);
    if (n <= 0) return IoError("writing positions");
    data += n;
    at += n;
    size -= static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

}  // namespace

struct AccrualStore::Segment {
  uint32_t crc = 0;            // of everything after it
  uint32_t day = 0;
  uint64_t index = 0;
  Position positions[kPerSegment] = {};
  std::string_view Covered() const { return {reinterpret_cast<const char*>(&day), sizeof(Segment) - sizeof(crc)}; }
};

AccrualStore::~AccrualStore() { ::close(fd_); }

absl::StatusOr<std::unique_ptr<AccrualStore>> AccrualStore::Create(const std::string& path, uint64_t holders,
                                                                   const std::function<Units(uint64_t)>& units_of) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return IoError(path.c_str());
  std::unique_ptr<AccrualStore> store(new AccrualStore(fd, holders));
  FileHead head;
  head.holders = holders;
  FC_RETURN_IF_ERROR(WriteAll(fd, reinterpret_cast<const char*>(&head), sizeof head, 0));
  auto segment = std::make_unique<Segment>();
  for (uint64_t i = 0; i < store->segments(); ++i) {
    for (uint64_t k = 0; k < kPerSegment; ++k) {
      const uint64_t holder = i * kPerSegment + k;
      segment->positions[k] = {holder < holders ? units_of(holder).raw() : 0, 0, 0};
    }
    segment->index = i;
    segment->day = 0;
    FC_RETURN_IF_ERROR(store->Write(i, 0, segment.get()));
  }
  // The other copies exist from the start, unreadable: a day writes into room that is already there.
  if (::ftruncate(fd, kHeadBytes + static_cast<off_t>(2 * store->segments() * sizeof(Segment))) != 0) return IoError("sizing");
  if (::fsync(fd) != 0) return IoError("syncing");
  return store;
}

absl::StatusOr<std::unique_ptr<AccrualStore>> AccrualStore::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return IoError(path.c_str());
  FileHead head, good;
  std::unique_ptr<AccrualStore> store(new AccrualStore(fd, 0));
  if (::pread(fd, &head, sizeof head, 0) != sizeof head || std::memcmp(head.name, good.name, sizeof good.name) != 0) {
    return absl::DataLossError(StrCat(path, " is not a file of positions"));
  }
  store->holders_ = head.holders;
  return store;
}

absl::Status AccrualStore::ReadUpTo(uint64_t index, uint32_t not_after, Segment* segment, uint32_t* slot) const {
  // Two copies, read one after the other into the same room: the newest good one is read last.
  int64_t best = -1;
  uint32_t best_slot = 0, in_room = 2;
  for (uint32_t s = 0; s < 2; ++s) {
    const ssize_t n = ::pread(fd_, segment, sizeof(Segment), kHeadBytes + static_cast<off_t>((2 * index + s) * sizeof(Segment)));
    in_room = 2;
    if (n != sizeof(Segment) || segment->index != index || segment->crc != Crc32c(segment->Covered())) continue;
    in_room = s;
    if (segment->day > not_after || segment->day <= best) continue;
    best = segment->day;
    best_slot = s;
  }
  if (best < 0) return absl::DataLossError(StrCat("segment ", index, " has no good copy up to day ", not_after));
  *slot = best_slot;
  if (in_room == best_slot) return absl::OkStatus();
  const ssize_t n = ::pread(fd_, segment, sizeof(Segment), kHeadBytes + static_cast<off_t>((2 * index + best_slot) * sizeof(Segment)));
  return n == sizeof(Segment) ? absl::OkStatus() : IoError("reading positions");
}

absl::Status AccrualStore::Read(uint64_t index, Segment* segment, uint32_t* slot) const {
  return ReadUpTo(index, UINT32_MAX, segment, slot);
}

absl::Status AccrualStore::Write(uint64_t index, uint32_t slot, Segment* segment) const {
  segment->crc = Crc32c(segment->Covered());
  return WriteAll(fd_, reinterpret_cast<const char*>(segment), sizeof(Segment),
                  kHeadBytes + static_cast<off_t>((2 * index + slot) * sizeof(Segment)));
}

absl::Status AccrualStore::ForAll(int threads, const std::function<absl::Status(uint64_t, int)>& work) const {
  std::vector<std::thread> running;
  std::mutex mutex;
  absl::Status first;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      const uint64_t all = segments(), n = static_cast<uint64_t>(threads), own = static_cast<uint64_t>(t);
      for (uint64_t i = all * own / n; i < all * (own + 1) / n; ++i) {
        if (absl::Status status = work(i, t); !status.ok()) {
          std::lock_guard lock(mutex);
          first.Update(status);
          return;
        }
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  return first;
}

absl::StatusOr<ShareLine> AccrualStore::FindLine(uint32_t day, Nav per_ten_thousand, int threads) const {
  // By the positions before the day, also where part of it is done: the copies of the day before are still there.
  std::vector<ShareSelection> parts(static_cast<size_t>(threads), ShareSelection(per_ten_thousand));
  std::vector<std::unique_ptr<Segment>> rooms;
  for (int t = 0; t < threads; ++t) rooms.push_back(std::make_unique<Segment>());
  const auto pass = [&](bool counting) {
    return ForAll(threads, [&, counting](uint64_t i, int t) -> absl::Status {
      uint32_t slot = 0;
      Segment& s = *rooms[static_cast<size_t>(t)];
      FC_RETURN_IF_ERROR(ReadUpTo(i, day - 1, &s, &slot));
      const uint64_t count = std::min(kPerSegment, holders_ - i * kPerSegment);
      for (uint64_t k = 0; k < count; ++k) {
        const Units units = Units::FromRaw(s.positions[k].units);
        if (counting) {
          parts[static_cast<size_t>(t)].Count(units);
        } else {
          parts[static_cast<size_t>(t)].Consider(i * kPerSegment + k, units);
        }
      }
      return absl::OkStatus();
    });
  };
  FC_RETURN_IF_ERROR(pass(true));
  for (size_t t = 1; t < parts.size(); ++t) parts[0].Merge(parts[t]);
  parts[0].Close();
  for (size_t t = 1; t < parts.size(); ++t) parts[t] = parts[0];
  FC_RETURN_IF_ERROR(pass(false));
  for (size_t t = 1; t < parts.size(); ++t) parts[0].Absorb(parts[t]);
  return parts[0].Line();
}

absl::StatusOr<AccrualTotals> AccrualStore::AccrueDay(uint32_t day, IncomeDay income, const MoneyFundTerms& terms,
                                                      const AccrualOptions& options) {
  if (terms.mode == IncomeMode::kShare) {
    FC_ASSIGN_OR_RETURN(income.share, FindLine(day, income.per_ten_thousand, options.threads));
  }
  const size_t threads = static_cast<size_t>(options.threads);
  std::vector<AccrualTotals> totals(threads);
  std::vector<uint32_t> unsynced(threads, 0);
  std::vector<std::unique_ptr<Segment>> rooms;
  for (size_t t = 0; t < threads; ++t) rooms.push_back(std::make_unique<Segment>());
  std::atomic<uint64_t> written{0};
  FC_RETURN_IF_ERROR(ForAll(options.threads, [&](uint64_t i, int thread) -> absl::Status {
    const size_t t = static_cast<size_t>(thread);
    Segment& s = *rooms[t];
    uint32_t slot = 0;
    FC_RETURN_IF_ERROR(Read(i, &s, &slot));
    if (s.day != day && s.day + 1 != day) {
      return absl::FailedPreconditionError(StrCat("segment ", i, " stands at day ", s.day, "; day ", day, " cannot follow"));
    }
    const bool has_it = s.day == day;
    const uint64_t count = std::min(kPerSegment, holders_ - i * kPerSegment);
    AccrualTotals& sum = totals[t];
    for (uint64_t k = 0; k < count; ++k) {
      Position& p = s.positions[k];
      if (!has_it) {
        IncomeAccount a{.holder = i * kPerSegment + k, .units = Units::FromRaw(p.units), .unpaid = Money::FromRaw(p.unpaid),
                        .rest = IncomeRest::FromRaw(p.rest)};
        EarnDay(&a, income, terms);
        p = {a.units.raw(), a.unpaid.raw(), a.rest.raw()};
      }
      sum.units += p.units;
      sum.unpaid += p.unpaid;
      sum.rest += p.rest;
    }
    sum.holders += count;
    if (has_it) {
      ++sum.skipped;
      return absl::OkStatus();
    }
    s.day = day;
    FC_RETURN_IF_ERROR(Write(i, 1 - slot, &s));
    if (++unsynced[t] >= options.sync_every) {
      if (::fdatasync(fd_) != 0) return IoError("syncing positions");
      unsynced[t] = 0;
    }
    if (options.after_segment) options.after_segment(written.fetch_add(1) + 1);
    return absl::OkStatus();
  }));
  if (::fdatasync(fd_) != 0) return IoError("syncing positions");
  AccrualTotals all;
  for (const AccrualTotals& t : totals) {
    all.holders += t.holders;
    all.skipped += t.skipped;
    all.units += t.units;
    all.unpaid += t.unpaid;
    all.rest += t.rest;
  }
  return all;
}

absl::StatusOr<AccrualTotals> AccrualStore::Totals() const {
  AccrualTotals all;
  auto s = std::make_unique<Segment>();
  for (uint64_t i = 0; i < segments(); ++i) {
    uint32_t slot = 0;
    FC_RETURN_IF_ERROR(Read(i, s.get(), &slot));
    const uint64_t count = std::min(kPerSegment, holders_ - i * kPerSegment);
    for (uint64_t k = 0; k < count; ++k) {
      all.units += s->positions[k].units;
      all.unpaid += s->positions[k].unpaid;
      all.rest += s->positions[k].rest;
    }
    all.holders += count;
  }
  return all;
}

}  // namespace fundcore::bench
