// fundctl status, health, clock, state-hash, flush.
#include <chrono>
#include <map>
#include <thread>

#include "common/base/check.h"
#include "common/config/parse.h"
#include "common/crypto/hash.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "grpc/health/v1/health.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = admin::v1;
constexpr char kStatus[] = "fundcore.admin.v1.AdminService/Status";
constexpr char kStateHashes[] = "fundcore.admin.v1.AdminService/StateHashes";

// Partitions look for product facts four times a second; what has not moved for longer has nothing left to take in.
constexpr auto kQuiet = std::chrono::milliseconds(600);

using Positions = std::map<std::pair<std::string, uint32_t>, uint64_t>;

absl::StatusOr<Positions> ReadPositions(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto hashes, remote.Ask<v1::StateHashesResponse>(kStateHashes, v1::StateHashesRequest()));
  Positions out;
  for (const auto& p : hashes.partitions()) out[{p.service(), p.partition()}] = p.next_offset();
  return out;
}

}  // namespace

absl::Status WaitUntilServing(Remote& remote) {
  return WaitUntil("the server to serve", remote.patience(), [&]() -> absl::StatusOr<bool> {
    FC_ASSIGN_OR_RETURN(auto status, remote.Ask<v1::StatusResponse>(kStatus, v1::StatusRequest()));
    return status.serving();
  });
}

absl::Status WaitUntilAtRest(Remote& remote) {
  using Clock = std::chrono::steady_clock;
  FC_ASSIGN_OR_RETURN(Positions last, ReadPositions(remote));
  auto moved = Clock::now();
  return WaitUntil("the system to come to rest", remote.patience(), [&]() -> absl::StatusOr<bool> {
    FC_ASSIGN_OR_RETURN(Positions now, ReadPositions(remote));
    if (now != last) moved = Clock::now();
    last = std::move(now);
    return Clock::now() - moved >= kQuiet;
  });
}

Result ShowStatus(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto s, remote.Ask<v1::StatusResponse>(kStatus, v1::StatusRequest()));
  Answer a;
  a.Add("server", remote.address());
  a.Add("version", s.version());
  a.Add("serving", s.serving());
  a.Add("now", TimePoint::FromRaw(s.now_us()));
  a.Add("clock", s.steered() ? "steered" : "real");
  a.Add("partitions", s.partitions());
  std::string roles;
  for (const std::string& r : s.roles()) roles += (roles.empty() ? "" : " ") + r;
  a.Add("roles", roles);
  a.Add("partitions_served", s.partitions_served());
  a.Add("machine_versions", s.machine_versions());
  if (!s.held_back().empty()) {
    a.Add("held_back", s.held_back());
    a.Add("why", s.held_back_why());
  }
  if (s.clock_accepted() > 0) {
    a.Add("clock_accepted", s.clock_accepted());
    a.Add("clock_accepted_at", TimePoint::FromRaw(s.clock_accepted_at_us()));
    a.Add("clock_accepted_by", s.clock_accepted_by());
  }
  return a;
}

Result ShowHealth(Remote& remote, const std::string& service, bool alive) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  FC_ASSIGN_OR_RETURN(auto health, remote.Ask<grpc::health::v1::HealthCheckResponse>("grpc.health.v1.Health/Check", request));
  const bool serving = health.status() == grpc::health::v1::HealthCheckResponse::SERVING;
  Answer a;
  a.Add("server", remote.address());
  if (!service.empty()) a.Add("service", service);
  a.Add("serving", serving);
  if (!serving && !alive) a.exit_code = 1;
  return a;
}

Result ShowClock(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto s, remote.Ask<v1::StatusResponse>(kStatus, v1::StatusRequest()));
  Answer a;
  a.Add("now", TimePoint::FromRaw(s.now_us()));
  a.Add("clock", s.steered() ? "steered" : "real");
  return a;
}

Result AdvanceClock(Remote& remote, const std::string& to) {
  FC_RETURN_IF_ERROR(WaitUntilServing(remote));
  TimePoint target;
  if (!to.empty() && to[0] == '+') {
    FC_ASSIGN_OR_RETURN(const Duration by, ParseDuration(std::string_view(to).substr(1)));
    FC_ASSIGN_OR_RETURN(auto s, remote.Ask<v1::StatusResponse>(kStatus, v1::StatusRequest()));
    target = TimePoint::FromRaw(s.now_us()) + by;
  } else {
    FC_ASSIGN_OR_RETURN(target, TimePoint::Parse(to));
  }
  v1::AdvanceClockRequest request;
  request.set_to_us(target.raw());
  FC_ASSIGN_OR_RETURN(auto advanced,
                      remote.Ask<v1::AdvanceClockResponse>("fundcore.admin.v1.AdminService/AdvanceClock", request));
  // Files may have come meanwhile: seen now instead of at the next poll.
  FC_RETURN_IF_ERROR(
      remote
          .Ask<clearing::v1::NudgeResponse>("fundcore.clearing.v1.ClearingService/Nudge", clearing::v1::NudgeRequest())
          .status());
  FC_RETURN_IF_ERROR(WaitUntilAtRest(remote));
  Answer a;
  a.Add("now", TimePoint::FromRaw(advanced.now_us()));
  return a;
}

Result ShowStateHash(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto hashes, remote.Ask<v1::StateHashesResponse>(kStateHashes, v1::StateHashesRequest()));
  std::map<std::pair<std::string, uint32_t>, const v1::PartitionHash*> sorted;
  for (const auto& p : hashes.partitions()) sorted[{p.service(), p.partition()}] = &p;
  std::string all;
  for (const auto& [key, p] : sorted) all += StrCat(key.first, " ", key.second, " ", p->hash(), "\n");
  Answer a;
  // One figure to compare: SHA-256 over a line a partition.
  a.Add("hash", Sha256(all).Hex());
  Table& t = a.AddTable("partition_hashes", {"service", "partition", "next_offset", "hash"});
  for (const auto& [key, p] : sorted) t.Row({p->service(), p->partition(), uint64_t{p->next_offset()}, p->hash()});
  return a;
}

Result AcceptClock(Remote& remote, const std::string& person, const std::string& note) {
  v1::AcceptClockRequest request;
  request.set_person(person);
  request.set_note(note);
  request.set_wall_us(std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count());
  FC_ASSIGN_OR_RETURN(auto accepted,
                      remote.Ask<v1::AcceptClockResponse>("fundcore.admin.v1.AdminService/AcceptClock", request));
  Answer a;
  a.Add("now", TimePoint::FromRaw(accepted.now_us()));
  a.Add("accepted_by", person);
  return a;
}

Result Upgrade(Remote& remote, uint32_t version) {
  v1::UpgradeRequest request;
  request.set_version(version);
  FC_ASSIGN_OR_RETURN(auto upgraded, remote.Ask<v1::UpgradeResponse>("fundcore.admin.v1.AdminService/Upgrade", request));
  Answer a;
  a.Add("machine_version", version);
  a.Add("partitions", upgraded.partitions());
  return a;
}

Result Flush(Remote& remote) {
  FC_RETURN_IF_ERROR(
      remote.Ask<v1::FlushResponse>("fundcore.admin.v1.AdminService/Flush", v1::FlushRequest()).status());
  Answer a;
  a.Add("flushed", true);
  return a;
}

}  // namespace fundcore::fundctl
