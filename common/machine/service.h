// Service: what every one of the five offers to whoever assembles a system (fundcore serve, day scripts, the simulator).
//
// There is one way to assemble: make the deps, make the services, Register their handlers, Recover their hosts, start the
// log, then Start each service once its host is serving. Only the implementations behind the deps differ.
#pragma once

#include <memory>
#include <vector>

#include "common/base/status.h"
#include "common/machine/host.h"
#include "common/rpc/handlers.h"
#include "common/rpc/peers.h"

namespace fundcore {

class Files;
class Vault;

struct ServiceDeps {
  std::vector<Executor*> executors;
  Log* log = nullptr;
  StateStore* store = nullptr;
  rpc::Peers* peers = nullptr;
  Files* exchange = nullptr;             // settlement files: clearing only
  const Vault* vault = nullptr;  // seals personal data: account only
  uint16_t partitions = 32;              // of trade, account and risk
  uint16_t clearing_partitions = 4;
  uint64_t owner = 0;                    // this process, drawn at random at start
  Duration product_lead = Duration::Seconds(30);  // rule-bearing product facts take effect no earlier than this
  // What trade asks of account and of risk while it makes up for orders that waited.
  int64_t recovery_items_a_second = 50'000;
  Duration cutoff_grace = Duration::Millis(500);  // CloseDay comes no earlier than cut-off + this
  bool leased = false;  // other processes may take partitions over; see machine::HostOptions
  uint32_t machine_versions = machine::kMachineVersion;  // the newest that this process plays; less only in trials of upgrades
};

// For callers whose command was sent when another process took the partition over.
inline absl::Status LostOutcome() {
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "OUTCOME_UNKNOWN",
                              "another process has taken this partition over; whether the call took effect is unknown "
                              "here: ask again with the same request id");
}

// OK, or UNAVAILABLE with the reason for which this process takes nothing new now. For the edges, before anything is begun.
inline absl::Status HeldBack(const machine::HostBase& host) {
  const machine::Gate* gate = host.gate();
  if (gate == nullptr || gate->open()) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, gate->reason(), StrCat(gate->why(), "; nothing was done"));
}

class Service {
 public:
  virtual ~Service() = default;
  virtual machine::HostBase* host() = 0;
  virtual void Register(rpc::Handlers* handlers) = 0;
  // Starts workers and feeds. Once; any thread. They act for the partitions that are served, and for others from when they
  // are.
  virtual void Start() = 0;
};

}  // namespace fundcore
