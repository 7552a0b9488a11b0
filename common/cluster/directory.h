// Directory: which process owns which partition, as far as this process has heard. Hints only: they decide where a call is
// sent, never what it may do. Whoever is asked in vain says so (NOT_OWNER), and safety lies in the epochs of the logs.
//
//   Directory directory;
//   bulletin->OnBulletin([&](std::string_view bytes) { directory.Apply(bytes); });
//   if (auto owner = directory.OwnerOf({ServiceId::kTrade, PartitionId(7)})) Send(owner->address);
//   directory.Correct({ServiceId::kTrade, PartitionId(7)}, "10.0.0.8:7400", 13);   // as a NOT_OWNER answer says
//
// Of two words on one partition the higher epoch counts. A process that has not been heard of for ten seconds is forgotten
// with all that it owned. Thread-safe. At most 1,000 processes are kept; words of more are ignored.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/cluster/layout.h"
#include "common/log/log.h"
#include "common/time/time.h"
#include "fundcore/cluster/v1/cluster.pb.h"

namespace fundcore::cluster {

class Directory {
 public:
  struct Options {
    Duration forget_after = Duration::Seconds(10);
    // Machine time; unset: the system's monotonic clock.
    std::function<Duration()> machine_now;
  };
  struct Owner {
    std::string address;
    uint64_t epoch = 0;
  };
  struct Process {
    uint64_t id = 0;
    std::string address;
    std::vector<std::string> roles;
    TimePoint now;              // its business clock, when it spoke
    uint32_t machine_min = 0;   // machine versions that it can play
    uint32_t machine_max = 0;
    Duration heard_ago;
  };

  Directory() : Directory(Options{}) {}
  explicit Directory(Options options);

  // Takes an announcement in. False where the bytes are none; what is stale, late or beyond the limit changes nothing.
  bool Apply(std::string_view announcement);
  // What another directory knows, with its ages; for clients, who hear no announcements.
  void Apply(const v1::DirectoryResponse& response);
  // Somebody who was asked in vain named another owner; counts where its epoch is not below what is known.
  void Correct(LogPartition partition, const std::string& owner, uint64_t epoch);
  // This address did not answer, or does not own it: no hint until the process there speaks again.
  void Doubt(LogPartition partition, const std::string& address);

  std::optional<Owner> OwnerOf(LogPartition partition) const;
  // The processes that were heard of lately, by address.
  std::vector<Process> Processes() const;
  // A process that plays this role, other than the one at `not_this`; "" where there is none. Takes turns.
  std::string AnyWith(std::string_view role, std::string_view not_this) const;
  // For AdminService/Directory. The layout is left to the caller.
  void Fill(v1::DirectoryResponse* response) const;

 private:
  struct Entry {
    std::string address;
    uint64_t epoch = 0;
    uint64_t process = 0;   // whose word it is; 0: the correction by somebody else, of a process not heard of yet
    Duration at;            // when it was corrected
    bool known = false;     // false: only the epoch below which nobody is believed
  };
  struct Heard {
    Process process;
    uint64_t seq = 0;
    Duration at;
  };

  Duration Now() const;
  bool Fresh(const Entry& entry, Duration now) const;
  void Forget(Duration now) const;
  void Drop(std::map<uint64_t, Heard>::iterator process) const;

  const Options options_;
  mutable std::mutex mutex_;
  mutable std::map<LogPartition, Entry> owners_;
  mutable std::map<uint64_t, Heard> processes_;
  mutable size_t turn_ = 0;
};

}  // namespace fundcore::cluster
