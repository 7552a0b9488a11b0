// KafkaOwnership: partitions shared out by Kafka's consumer groups, one group a service, named like its topic. Members read
// nothing through the group: what they are assigned stays paused, the log's own readers do the reading.
//
//   KafkaOwnership ownership({.connection = c, .prefix = "fundcore", .services = {ServiceId::kTrade, ServiceId::kAccount}});
//   FC_RETURN_IF_ERROR(ownership.Start(on_change));
//
// A process that dies is noticed after `session`; the others hear of it with their next heartbeat. One that stops leaves at
// once. Cooperative: what stays where it is, is not interrupted when a member comes or goes.
//
// A member that could not reach its group for a session has lost its assignment, but not yet its partitions: it may be the
// group's broker that died while everything else works, and stopping then would stop the service for nothing. It goes on
// until the group has spoken again; then what it does not get is revoked, and what it gets is granted (again). If another
// process took a partition over meanwhile, the log fences this one.
//
// Threads: one a service. OnChange runs on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/log/kafka_connection.h"
#include "common/log/ownership.h"
#include "common/time/time.h"

namespace fundcore {

class KafkaOwnership final : public Ownership {
 public:
  struct Options {
    KafkaConnection connection;
    std::string prefix = "fundcore";
    std::vector<ServiceId> services;
    // How long a member may be silent. The brokers refuse less than their group.min.session.timeout.ms, 6 s unless set
    // (KafkaAdmin::ShortestSession tells). With 2 s another process takes over about 2.5 s after one was killed.
    Duration session = Duration::Seconds(6);
  };
  // librdkafka waits up to a second between two attempts to join, without a heartbeat: a shorter session ends meanwhile, and
  // members throw each other out.
  static constexpr Duration kShortestSession = Duration::Millis(1500);
  explicit KafkaOwnership(Options options);
  ~KafkaOwnership() override;
  KafkaOwnership(const KafkaOwnership&) = delete;

  // kInvalidArgument: the options. Brokers that cannot be reached are no error: grants come when they can.
  absl::Status Start(OnChange on_change) override;
  // Takes at most some seconds where the brokers do not answer.
  void Stop() override;

 private:
  class Member;
  const Options options_;
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace fundcore
