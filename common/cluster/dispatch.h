// Dispatch: one call on its way to the owners of its partitions. Finds them, takes the request apart where there are several,
// and joins their answers. Servers (forwarding.h), workers (routed_peers.h) and clients (client.h) differ only in how a part
// leaves, which is their Courier.
//
//   Dispatch(route, request, response, trip, courier, done);
//
// `request` lives until Dispatch returns, and until `done` where the courier's Send needs it so long; `response` until `done`.
// `done` is called once, within Dispatch or later, on any thread. Nothing is sent where one of the owners is unknown.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "common/cluster/directory.h"
#include "common/cluster/layout.h"
#include "common/cluster/routes.h"
#include "common/rpc/handlers.h"

namespace fundcore::cluster {

// Where a part goes.
struct Target {
  bool here = false;
  std::string address;  // elsewhere
  friend auto operator<=>(const Target&, const Target&) = default;
};

// How parts leave. Shared by all calls, which keep it alive.
class Courier {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;
  struct Part {
    const Route* route = nullptr;
    ServiceId service = ServiceId::kSystem;
    const Message* request = nullptr;
    Message* response = nullptr;
    // What the target is asked for because it is believed to own it; empty where it is asked for no partition of ours.
    std::vector<uint16_t> owned;
    // Whether it is to answer for these alone: Call.partitions.
    bool only_these = false;
  };

  virtual ~Courier() = default;
  virtual const Layout& layout() const = 0;
  // The owner of a partition, nullopt where nobody is known.
  virtual std::optional<Target> OwnerOf(LogPartition partition) = 0;
  // Somebody who plays the service, for requests that name no partition of ours.
  virtual std::optional<Target> Anybody(ServiceId service) = 0;
  virtual std::vector<Target> Everybody() = 0;
  // Where OpenInvestor belongs; nullopt where the key for that is not at hand.
  virtual std::optional<PartitionId> PartitionOfInvestor(const Message& request) = 0;
  // Sends a part, for the one on whose behalf `trip` is. `done` on any thread, within Send or later.
  virtual void Send(const rpc::Call& trip, const Target& target, Part part, Done done) = 0;
};

void Dispatch(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
              const std::shared_ptr<Courier>& courier, Courier::Done done);

// "nobody is known to own it": UNAVAILABLE with reason NO_OWNER.
absl::Status NoOwner(ServiceId service, PartitionId partition);

// What an answer from `address` says of who owns what, taken to the directory; returns what callers are told. An owner that
// cannot be reached becomes UNAVAILABLE with reason OWNER_UNREACHABLE: the effect is unknown.
absl::Status Heed(const absl::Status& status, const Courier::Part& part, const std::string& address, Directory* directory);

}  // namespace fundcore::cluster
