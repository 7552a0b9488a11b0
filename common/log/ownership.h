// Ownership: which partitions this process is asked to own. A hint of liveness only: what makes a takeover safe is the
// Own{epoch} record in the partition's log.
//
//   ownership->Start([&](LogPartition p, bool granted) { granted ? host.Grant(p) : host.Revoke(p); });
//   ...
//   ownership->Stop();     // gives everything back at once; the others need not wait for a session to end
//
// A grant may come again for a partition that was granted before: somebody else may have owned it meanwhile. A partition is
// revoked before another process is granted it, except where this process was silent for so long that the group gave it up:
// then both may think that they own it for a while, and the log decides.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/log/log.h"

namespace fundcore {

class Ownership {
 public:
  // Runs on an unspecified thread, one call at a time for a service; must be quick.
  using OnChange = std::function<void(LogPartition, bool granted)>;

  virtual ~Ownership() = default;
  // Once. Grants come by themselves, some before it returns perhaps.
  virtual absl::Status Start(OnChange on_change) = 0;
  // Leaves the groups; all partitions are revoked, by OnChange, before it returns. May be repeated.
  virtual void Stop() = 0;
};

// One process owns all there is: the embedded log, a simulated world of one process.
class StaticOwnership final : public Ownership {
 public:
  explicit StaticOwnership(std::vector<std::pair<ServiceId, uint16_t>> partitions) : partitions_(std::move(partitions)) {}

  absl::Status Start(OnChange on_change) override {
    on_change_ = std::move(on_change);
    Tell(true);
    return absl::OkStatus();
  }
  void Stop() override {
    Tell(false);
    on_change_ = nullptr;
  }

 private:
  void Tell(bool granted) {
    if (!on_change_) return;
    for (const auto& [service, count] : partitions_)
      for (uint16_t p = 0; p < count; ++p) on_change_({service, PartitionId(p)}, granted);
  }
  const std::vector<std::pair<ServiceId, uint16_t>> partitions_;
  OnChange on_change_;
};

}  // namespace fundcore
