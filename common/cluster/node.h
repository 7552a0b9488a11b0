// Node: what this process is among the others; shared by those who route its calls.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "common/cluster/directory.h"
#include "common/cluster/layout.h"
#include "common/cluster/transport.h"
#include "common/types/ids.h"

namespace fundcore {
class Vault;
}

namespace fundcore::cluster {

// Everything pointed to lives longer than whoever routes by it.
struct Node {
  Layout layout;
  std::string address;                              // as announced
  std::vector<ServiceId> plays;                     // the services of its roles
  std::function<bool(LogPartition)> serves;  // what it owns now; any thread, and cheap
  Directory* directory = nullptr;
  Transport* transport = nullptr;
  // The system's key, by which investors find their partition; where the process plays account.
  const Vault* vault = nullptr;
  CallerId self{"fundcore"};                        // by which siblings know each other on loopback

  bool Plays(ServiceId service) const { return std::find(plays.begin(), plays.end(), service) != plays.end(); }
  bool ServesAll(ServiceId service) const {
    const uint16_t count = layout.Count(service);
    for (uint16_t p = 0; p < count; ++p)
      if (!serves({service, PartitionId(p)})) return false;
    return count > 0;
  }
};

}  // namespace fundcore::cluster
