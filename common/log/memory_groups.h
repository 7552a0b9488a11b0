// MemoryGroups: the group coordinator of a simulated world: which process is asked to own which partition. As with Kafka's
// groups this is a hint of liveness and no lock: a member that is slow, cut off or paused still thinks that it owns what
// was given to others meanwhile.
//
//   MemoryGroups groups(&world);
//   auto ownership = groups.Join(connection.get(), {{ServiceId::kTrade, 32}});    // one for each process
//   ownership->Start([&](LogPartition p, bool granted) { system.SetOwned(p, granted); });
//   groups.Expel(ownership.get());         // taken for dead although it lives: two owners for a while
//   ownership->Stop();                     // leaves; everything is revoked before it returns
//   ownership.reset();                     // dies; its partitions move after the session timeout
//
// Members send heartbeats and hear in the answers what they are to own. A partition that moves from a living member is
// granted to the next one only after the first has said that it gave it up, or its session has ended. A member that hears
// nothing for the length of a session gives everything up by itself, once it runs.
//
// Life cycle: the groups outlive their members, and a member is destroyed before the connection that it came with. OnChange
// runs on the connection's client() executor. Single-threaded, like the world.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/log/log.h"
#include "common/log/memory_cluster.h"
#include "common/runtime/random.h"
#include "common/runtime/simulated.h"

namespace fundcore {

struct GroupTimes {
  Duration heartbeat = Duration::Millis(300);
  Duration session = Duration::Millis(1500);
  // One way, drawn evenly.
  Duration shortest_notice = Duration::Micros(200);
  Duration longest_notice = Duration::Millis(20);
};

class MemoryGroups;

class MemoryOwnership {
 public:
  // Granted: take it over; not: stop appending to it now.
  using OnChange = std::function<void(LogPartition, bool granted)>;

  ~MemoryOwnership();
  MemoryOwnership(const MemoryOwnership&) = delete;
  MemoryOwnership& operator=(const MemoryOwnership&) = delete;

  // Once.
  absl::Status Start(OnChange on_change);
  void Stop();
  // What it was told to own and not yet to give up.
  const std::set<LogPartition>& held() const { return held_; }

 private:
  friend class MemoryGroups;
  MemoryOwnership(MemoryGroups* groups, std::shared_ptr<const MemoryLink> link,
                  std::vector<std::pair<ServiceId, uint16_t>> services)
      : groups_(groups), link_(std::move(link)), services_(std::move(services)) {}

  void Beat();
  void Loop();
  // An answer to heartbeat `beat` of member `id`; `known`: the coordinator still counts it as a member.
  void Hear(uint64_t id, uint64_t beat, bool known, std::set<LogPartition> owned);
  void GiveUpAll();

  MemoryGroups* const groups_;
  const std::shared_ptr<const MemoryLink> link_;
  const std::vector<std::pair<ServiceId, uint16_t>> services_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  OnChange on_change_;
  std::set<LogPartition> held_;
  uint64_t id_ = 0;    // as a member; a new one after each expulsion
  uint64_t beat_ = 0;  // of the heartbeat under way
  bool waiting_ = false;
  Duration asked_at_, heard_at_;
};

class MemoryGroups {
 public:
  explicit MemoryGroups(SimWorld* world, GroupTimes times = {});
  MemoryGroups(const MemoryGroups&) = delete;
  MemoryGroups& operator=(const MemoryGroups&) = delete;

  std::unique_ptr<MemoryOwnership> Join(const MemoryConnection* connection,
                                        std::vector<std::pair<ServiceId, uint16_t>> services);
  // The member's session is declared over; it learns of it with its next heartbeat, and joins again.
  void Expel(const MemoryOwnership* member);
  // Partitions are dealt out anew, at random.
  void Rebalance();
  void set_times(const GroupTimes& times) { times_ = times; }
  // How often a partition was given to another member.
  uint64_t moves() const { return moves_; }

 private:
  friend class MemoryOwnership;
  struct Member {
    std::set<ServiceId> services;
    Duration heard_at;
  };
  struct Slot {
    uint64_t owner = 0;   // granted to, not yet known to have given it up
    uint64_t target = 0;  // who is to have it
  };

  Duration Notice();
  // At the brokers.
  void OnBeat(MemoryOwnership* from, std::shared_ptr<bool> alive, std::shared_ptr<const MemoryLink> link, uint64_t id,
              uint64_t beat, const std::vector<std::pair<ServiceId, uint16_t>>& services, std::set<LogPartition> held);
  void Watch(uint64_t id);
  void Remove(uint64_t id);
  void Share(bool anew);
  void ShareOne(ServiceId service, bool anew);
  void Settle();

  SimWorld* const world_;
  SimExecutor* const brokers_;
  GroupTimes times_;
  SeededRandom random_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, Member> members_;
  std::map<ServiceId, std::vector<Slot>> slots_;
  uint64_t moves_ = 0;
};

}  // namespace fundcore
