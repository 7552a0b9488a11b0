// Partitions that change hands: several processes over one simulated cluster of brokers, which crash, stop, are cut off and
// are taken for dead, while callers repeat what they got no answer to.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/log/memory_cluster.h"
#include "common/log/memory_groups.h"
#include "common/machine/flusher.h"
#include "common/machine/host.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"
#include "tests/unit/machine/toy.h"

namespace fundcore::machine {
namespace {

const TimePoint kStart = *TimePoint::Parse("2025-03-03 09:00:00");
constexpr Duration Ms(int64_t n) { return Duration::Millis(n); }

// Counts how often each request was executed, which no state does.
class CountingMachine : public ToyMachine {
 public:
  using ToyMachine::ToyMachine;
  using ToyMachine::Execute;
  Result Execute(const Add& c, const Context& ctx) {
    ++executions[c.request];
    return ToyMachine::Execute(c, ctx);
  }
  std::map<std::string, int> executions;
};

// One process. Its store outlives it.
struct Node {
  Node(SimWorld* world, MemoryCluster* cluster, MemoryStore* store, uint64_t owner, uint16_t partitions)
      : connection(cluster->Connect(std::to_string(owner))),
        executors{world->MakeExecutor("a"), world->MakeExecutor("b")},
        host({.service = ServiceId::kTrade, .partitions = partitions, .executors = {executors[0], executors[1]},
              .log = connection.get(), .store = store, .owner = owner, .leased = true}),
        flusher({&host}, connection.get(), store, executors[0], 20'000) {
    host.OnServing([this](PartitionId p, bool serving) { changes.emplace_back(p, serving); });
    EXPECT_TRUE(host.Recover().ok());
  }
  bool Begin() {
    if (!connection->Start().ok()) return false;
    executors[0]->Post([this] { flusher.Start(); });
    return true;
  }
  Partition<CountingMachine>& At(int p) { return host.At(PartitionId(static_cast<uint16_t>(p))); }

  std::unique_ptr<MemoryConnection> connection;
  std::unique_ptr<MemoryOwnership> ownership;
  std::vector<SimExecutor*> executors;
  Host<CountingMachine> host;
  Flusher flusher;
  std::vector<std::pair<PartitionId, bool>> changes;
};

// What became of a command.
struct Fate {
  bool done = false;      // the callback ran or went away
  bool answered = false;  // with a result
  ToyMachine::Result result;
};

class Cluster {
 public:
  Cluster(uint64_t seed, int nodes, uint16_t partitions, ClusterFaults faults = {})
      : partitions_(partitions), world({.seed = seed, .start = kStart, .shuffle = true}), brokers(&world, faults), groups(&world) {
    for (int i = 0; i < nodes; ++i) {
      stores.push_back(std::make_unique<MemoryStore>());
      nodes_.emplace_back();
      Launch(i);
    }
  }
  ~Cluster() {
    for (int i = 0; i < size(); ++i)
      if (nodes_[i]) Crash(i);
  }

  int size() const { return static_cast<int>(nodes_.size()); }
  Node& operator[](int i) { return *nodes_[static_cast<size_t>(i)]; }
  bool up(int i) const { return nodes_[static_cast<size_t>(i)] != nullptr; }

  bool Launch(int i) {
    auto node = std::make_unique<Node>(&world, &brokers, stores[static_cast<size_t>(i)].get(), ++last_owner_, partitions_);
    if (!node->Begin()) {
      for (SimExecutor* e : node->executors) world.Kill(e);
      return false;
    }
    nodes_[static_cast<size_t>(i)] = std::move(node);
    return true;
  }
  // The groups decide from now on.
  void Join(int i) {
    Node* n = &(*this)[i];
    n->ownership = groups.Join(n->connection.get(), {{ServiceId::kTrade, partitions_}});
    ASSERT_TRUE(n->ownership->Start([n](LogPartition p, bool granted) {
      granted ? n->host.Grant(p.partition) : n->host.Revoke(p.partition);
    }).ok());
  }
  void Crash(int i) {
    auto& node = nodes_[static_cast<size_t>(i)];
    for (SimExecutor* e : node->executors) world.Kill(e);
    node->ownership.reset();
    node->connection.reset();
    stores[static_cast<size_t>(i)]->Crash();
    node.reset();
  }
  void Pause(int i) {
    for (SimExecutor* e : (*this)[i].executors) world.Pause(e);
    world.Pause((*this)[i].connection->client());
  }
  void Resume(int i) {
    for (SimExecutor* e : (*this)[i].executors) world.Resume(e);
    world.Resume((*this)[i].connection->client());
  }
  std::shared_ptr<Fate> Submit(int i, int partition, Add command) {
    auto fate = std::make_shared<Fate>();
    // Like a reply: a callback that is destroyed uncalled is an outcome, too.
    auto guard = std::shared_ptr<void>(nullptr, [fate](void*) { fate->done = true; });
    Host<CountingMachine>* host = &(*this)[i].host;
    const PartitionId p(static_cast<uint16_t>(partition));
    host->ExecutorOf(p)->Post([host, p, command, fate, guard = std::move(guard)]() mutable {
      host->Submit(p, command, [fate, guard = std::move(guard)](const ToyMachine::Result& r) {
        fate->answered = true;
        fate->result = r;
      });
    });
    return fate;
  }
  // Balance of account 1 as a caller reads it: nullopt until it was read, -1 where the partition is not served here.
  std::shared_ptr<std::optional<int64_t>> Read(int i, int partition) {
    auto seen = std::make_shared<std::optional<int64_t>>();
    (*this)[i].host.On(PartitionId(static_cast<uint16_t>(partition)), [seen](Partition<CountingMachine>& p) {
      if (!p.serving()) return (void)(*seen = -1);
      const auto* account = p.machine().accounts.Find(1);
      *seen = account ? account->balance : 0;
    });
    return seen;
  }
  bool RunUntil(std::function<bool()> done, Duration limit = Duration::Seconds(30)) { return world.RunUntil(done, limit); }
  bool Own(int i, int partition) {
    (*this)[i].host.Grant(PartitionId(static_cast<uint16_t>(partition)));
    return RunUntil([&] { return Serves(i, partition); });
  }
  bool Serves(int i, int partition) { return (*this)[i].host.Serves(PartitionId(static_cast<uint16_t>(partition))); }
  LogPartition Name(int partition) const { return {ServiceId::kTrade, PartitionId(static_cast<uint16_t>(partition))}; }
  // All replicas have played everything and agree.
  void ExpectEqualStates() {
    ASSERT_TRUE(RunUntil([&] {
      for (auto& node : nodes_)
        for (int p = 0; p < partitions_; ++p)
          if (node->At(p).state().meta.next != brokers.Stored(Name(p)).size()) return false;
      return true;
    }));
    for (int p = 0; p < partitions_; ++p)
      for (auto& node : nodes_) EXPECT_EQ(node->At(p).state().Hash()->Hex(), (*this)[0].At(p).state().Hash()->Hex());
  }

 private:
  const uint16_t partitions_;
  uint64_t last_owner_ = 100;

 public:
  SimWorld world;
  MemoryCluster brokers;
  MemoryGroups groups;
  std::vector<std::unique_ptr<MemoryStore>> stores;

 private:
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST(Ownership, AStandbyPlaysAndTakesOver) {
  Cluster c(1, 2, 1);
  ASSERT_TRUE(c.Own(0, 0));
  auto first = c.Submit(0, 0, {1, 100, "a"});
  ASSERT_TRUE(c.RunUntil([&] { return first->answered; }));
  auto refused = c.Submit(1, 0, {1, 100, "b"});
  ASSERT_TRUE(c.RunUntil([&] { return refused->done; }));
  EXPECT_FALSE(refused->answered);
  ASSERT_TRUE(c.Own(1, 0));
  auto second = c.Submit(1, 0, {1, 10, "c"});
  ASSERT_TRUE(c.RunUntil([&] { return second->answered; }));
  EXPECT_EQ(second->result.balance, 110);
  EXPECT_FALSE(c.Serves(0, 0)) << "somebody else's marker was executed";
  c.ExpectEqualStates();
}

TEST(Ownership, RevokedWithCommandsUnderWayAnswersThoseThatCount) {
  Cluster c(2, 2, 1, {.shortest_append = Ms(20), .longest_append = Ms(20)});
  ASSERT_TRUE(c.Own(0, 0));
  auto sent = c.Submit(0, 0, {1, 100, "a"});
  c.world.RunUntilIdle(Ms(1));  // on its way
  c[0].host.Revoke(PartitionId(0));
  auto after = c.Submit(0, 0, {1, 5, "b"});
  ASSERT_TRUE(c.RunUntil([&] { return sent->done && after->done; }));
  EXPECT_TRUE(sent->answered);
  EXPECT_FALSE(after->answered);
  ASSERT_TRUE(c.Own(1, 0));
  auto again = c.Submit(1, 0, {1, 100, "a"});
  ASSERT_TRUE(c.RunUntil([&] { return again->answered; }));
  EXPECT_TRUE(again->result.repeated);
  EXPECT_EQ(again->result.balance, 100);
  c.ExpectEqualStates();
}

TEST(Ownership, APausedOwnerThatWakesUpHarmsNothing) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster c(seed, 2, 1);
    ASSERT_TRUE(c.Own(0, 0));
    auto first = c.Submit(0, 0, {1, 100, "a"});
    ASSERT_TRUE(c.RunUntil([&] { return first->answered; }));
    // Paused with commands that were handed in and not appended yet, and with some that were.
    auto on_the_wire = c.Submit(0, 0, {1, 1, "w"});
    c.world.RunUntil([&] { return c[0].At(0).waiting() > 0; });
    auto unsent = c.Submit(0, 0, {1, 2, "u"});
    c.Pause(0);
    ASSERT_TRUE(c.Own(1, 0));
    auto second = c.Submit(1, 0, {1, 10, "b"});
    ASSERT_TRUE(c.RunUntil([&] { return second->answered; }));
    const int64_t truth = second->result.balance;
    c.world.RunUntilIdle(Duration::Seconds(60));

    EXPECT_TRUE(c.Serves(0, 0)) << "it still believes so";
    auto stale = c.Read(0, 0);
    auto late = c.Submit(0, 0, {1, 1000, "late"});
    c.Resume(0);
    ASSERT_TRUE(c.RunUntil([&] { return stale->has_value() && late->done && unsent->done && on_the_wire->done; }));
    EXPECT_EQ(**stale, -1) << "what it would have read is " << truth << " elsewhere";
    EXPECT_FALSE(late->answered);
    EXPECT_FALSE(unsent->answered);
    EXPECT_FALSE(c.Serves(0, 0));
    c.ExpectEqualStates();
    EXPECT_EQ(c[0].At(0).machine().accounts.Find(1)->balance, truth);
    EXPECT_EQ(c[0].At(0).machine().executions.count("late"), 0u);
  }
}

// The process runs on and appends; only its readers hear nothing for a while, so that it cannot know.
TEST(Ownership, AnOwnerThatHearsNothingOfItsSuccessorReadsNothingStale) {
  Cluster c(3, 2, 1);
  ASSERT_TRUE(c.Own(0, 0));
  auto first = c.Submit(0, 0, {1, 100, "a"});
  ASSERT_TRUE(c.RunUntil([&] { return first->answered; }));
  c[0].connection->Slow(Duration::Seconds(5));
  ASSERT_TRUE(c.Own(1, 0));
  auto second = c.Submit(1, 0, {1, 10, "b"});
  ASSERT_TRUE(c.RunUntil([&] { return second->answered; }));
  c.world.RunUntilIdle(Duration::Seconds(2));
  ASSERT_TRUE(c.Serves(0, 0)) << "it has not heard yet";
  auto stale = c.Read(0, 0);
  ASSERT_TRUE(c.RunUntil([&] { return stale->has_value(); }));
  EXPECT_EQ(**stale, -1);
}

// A record that was sent after the read came in and counted proves enough, however long it took.
TEST(Ownership, AReadIsServedThoughRecordsTakeLongerThanTheLease) {
  Cluster c(4, 1, 1, {.shortest_append = Ms(900), .longest_append = Ms(900), .shortest_fetch = Ms(900),
                      .longest_fetch = Ms(900)});
  ASSERT_TRUE(c.Own(0, 0));
  auto first = c.Submit(0, 0, {1, 100, "a"});
  ASSERT_TRUE(c.RunUntil([&] { return first->answered; }));
  c.world.RunUntilIdle(Duration::Seconds(5));
  auto seen = c.Read(0, 0);
  ASSERT_TRUE(c.RunUntil([&] { return seen->has_value(); })) << "the read waits for ever";
  EXPECT_EQ(**seen, 100);
}

TEST(Ownership, OfTwoClaimsAtOnceOneWinsAndTheOtherTriesAgainOnlyIfWanted) {
  int lost = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster c(seed, 2, 1, {.shortest_append = Ms(1), .longest_append = Ms(10)});
    c[0].host.Grant(PartitionId(0));
    c[1].host.Grant(PartitionId(0));
    ASSERT_TRUE(c.RunUntil([&] { return c.Serves(0, 0) || c.Serves(1, 0); }));
    const int winner = c.Serves(0, 0) ? 0 : 1, loser = 1 - winner;
    c[loser].host.Revoke(PartitionId(0));
    c.world.RunUntilIdle(Duration::Seconds(10));
    EXPECT_TRUE(c.Serves(winner, 0));
    EXPECT_FALSE(c.Serves(loser, 0));
    const auto markers = c.brokers.Stored(c.Name(0)).size();
    lost += markers == 2;
    EXPECT_EQ(c[0].At(0).state().meta.epoch, 1u);
    // Still wanted, it would have come back.
    ASSERT_TRUE(c.Own(loser, 0));
    EXPECT_EQ(c[loser].At(0).state().meta.epoch, 2u);
    c.ExpectEqualStates();
  }
  EXPECT_GT(lost, 10) << "both claims got in most times, else this tests nothing";
}

TEST(Ownership, AClaimWhoseOutcomeIsUnknownIsMadeAgainAndCountsOnce) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster c(seed, 2, 1, {.unknown_per_million = 1'000'000});
    c[0].host.Grant(PartitionId(0));
    c.world.RunUntilIdle(Duration::Seconds(4));
    c.brokers.set_faults({});
    ASSERT_TRUE(c.RunUntil([&] { return c.Serves(0, 0); }));
    EXPECT_EQ(c[0].At(0).state().meta.epoch, 1u);
    auto fate = c.Submit(0, 0, {1, 100, "a"});
    ASSERT_TRUE(c.RunUntil([&] { return fate->answered; }));
    c.world.RunUntilIdle(Duration::Seconds(10));
    EXPECT_TRUE(c.Serves(0, 0)) << "a late copy of its own claim took it over from itself";
    c.ExpectEqualStates();
  }
}

TEST(Ownership, TodoListsAreMadeAnewByTheNextOwner) {
  Cluster c(5, 2, 1);
  ASSERT_TRUE(c.Own(0, 0));
  auto one = c.Submit(0, 0, {1, 1, "a"}), two = c.Submit(0, 0, {2, 1, "b"});
  ASSERT_TRUE(c.RunUntil([&] { return one->answered && two->answered; }));
  EXPECT_EQ(c[0].At(0).machine().todo.TakeFresh().size(), 2u);  // its worker is at both
  ASSERT_TRUE(c.Own(1, 0));
  EXPECT_EQ(c[1].At(0).machine().todo.TakeFresh(), (std::vector<uint64_t>{1, 2}));
  c[1].host.ExecutorOf(PartitionId(0))->Post([&] { c[1].host.Submit(PartitionId(0), Finish{1}); });
  ASSERT_TRUE(c.RunUntil([&] { return !c[0].At(0).machine().todo.Contains(1); }));
  ASSERT_TRUE(c.Own(0, 0));
  EXPECT_EQ(c[0].At(0).machine().todo.TakeFresh(), std::vector<uint64_t>{2});
}

// Callers that repeat everything until it is answered, against everything that can happen to processes and brokers.
class Storm {
 public:
  Storm(uint64_t seed, int nodes, uint16_t partitions)
      : random_(seed * 7919), cluster_(seed, nodes, partitions, Faults()), partitions_(partitions) {
    for (int i = 0; i < nodes; ++i) cluster_.Join(i);
    troubled_.resize(static_cast<size_t>(nodes));
  }

  void Run() {
    for (int step = 0; step < 150; ++step) {
      for (uint64_t n = random_.Below(4); n > 0; --n) NewRequest();
      Retry();
      Read();
      Trouble();
      cluster_.world.RunUntilIdle(Ms(static_cast<int64_t>(1 + random_.Below(120))));
      Check();
    }
    Heal();
    ASSERT_TRUE(cluster_.RunUntil([&] {
      Retry();
      Check();
      return answered_ == requests_.size();
    }, Duration::Seconds(60))) << answered_ << " of " << requests_.size() << " requests were answered";
    cluster_.ExpectEqualStates();
    std::map<int, int64_t> expected;
    for (const Request& r : requests_) expected[r.partition] += r.amount;
    for (const auto& [p, sum] : expected) EXPECT_EQ(cluster_[0].At(p).machine().accounts.Find(1)->balance, sum);
    for (int i = 0; i < cluster_.size(); ++i)
      for (int p = 0; p < partitions_; ++p)
        for (const auto& [id, n] : cluster_[i].At(p).machine().executions) EXPECT_LE(n, submits_[id]) << id;
  }
  uint64_t moves() const { return cluster_.groups.moves(); }

 private:
  struct Request {
    std::string id;
    int partition;
    int64_t amount;
    bool answered = false;
    std::vector<std::shared_ptr<Fate>> tries;
    Duration next_try;
    Duration answered_at;
  };
  struct PendingRead {
    int partition;
    int64_t at_least;  // acknowledged to callers before the read was made
    std::shared_ptr<std::optional<int64_t>> seen;
  };

  ClusterFaults Faults() {
    ClusterFaults f;
    f.longest_append = Duration::Micros(static_cast<int64_t>(200 + random_.Below(30'000)));
    f.longest_ack = Duration::Micros(static_cast<int64_t>(100 + random_.Below(30'000)));
    f.longest_fetch = Duration::Micros(static_cast<int64_t>(200 + random_.Below(30'000)));
    f.unknown_per_million = random_.Below(2) ? static_cast<uint32_t>(random_.Below(100'000)) : 0;
    return f;
  }
  void NewRequest() {
    const int n = static_cast<int>(requests_.size());
    requests_.push_back({"r" + std::to_string(n), static_cast<int>(random_.Below(partitions_)),
                         static_cast<int64_t>(1 + random_.Below(1000)), false, {}, {}, {}});
  }
  // Every request that nobody answered goes out again now and then, to whoever serves it, or says so.
  void Retry() {
    const Duration now = cluster_.world.MachineNow();
    for (Request& r : requests_) {
      if (r.answered || r.next_try > now) continue;
      std::vector<int> owners;
      for (int i = 0; i < cluster_.size(); ++i)
        if (cluster_.up(i) && cluster_.Serves(i, r.partition)) owners.push_back(i);
      if (owners.empty()) continue;
      r.next_try = now + Ms(static_cast<int64_t>(20 + random_.Below(1000)));
      ++submits_[r.id];
      r.tries.push_back(cluster_.Submit(owners[random_.Below(owners.size())], r.partition, {1, r.amount, r.id}));
    }
  }
  void Read() {
    const int p = static_cast<int>(random_.Below(partitions_)), i = static_cast<int>(random_.Below(cluster_.size()));
    if (cluster_.up(i)) reads_.push_back({p, Acknowledged(p), cluster_.Read(i, p)});
  }
  // What a read that is made now must show. A member that was taken for dead although it lives, and hears of it late, may
  // be behind by the length of its lease.
  int64_t Acknowledged(int partition) const {
    const Duration by = Duration::Micros(cluster_.world.MachineNow().raw() - (expels_ ? 1'000'000 : 0));
    int64_t sum = 0;
    for (const Request& r : requests_)
      if (r.answered && r.answered_at <= by && r.partition == partition) sum += r.amount;
    return sum;
  }
  void Check() {
    for (Request& r : requests_) {
      if (r.answered) continue;
      for (const auto& t : r.tries) r.answered |= t->answered;
      answered_ += r.answered;
      r.answered_at = cluster_.world.MachineNow();
    }
    std::erase_if(reads_, [&](const PendingRead& r) {
      if (!r.seen->has_value()) return r.seen.use_count() == 1;  // its process has died
      if (**r.seen >= 0) {
        EXPECT_GE(**r.seen, r.at_least) << "a read of partition " << r.partition << " was stale";
      }
      return true;
    });
  }
  void Trouble() {
    const int i = static_cast<int>(random_.Below(cluster_.size()));
    const auto within = [this](uint64_t longest_ms) { return Ms(static_cast<int64_t>(random_.Below(longest_ms))); };
    for (auto it = ends_.begin(); it != ends_.end() && it->first <= cluster_.world.MachineNow();) {
      it->second();
      it = ends_.erase(it);
    }
    const bool free = cluster_.up(i) && !troubled_[static_cast<size_t>(i)];
    const auto end = [this, i, &within](uint64_t longest_ms, std::function<void()> f) {
      troubled_[static_cast<size_t>(i)] = true;
      ends_.emplace(cluster_.world.MachineNow() + within(longest_ms), [this, i, f] {
        f();
        troubled_[static_cast<size_t>(i)] = false;
      });
    };
    switch (random_.Below(30)) {
      case 0:
        if (!free) return;
        cluster_.Pause(i);
        return end(6000, [this, i] { cluster_.Resume(i); });
      case 1:
        if (!free) return;
        cluster_[i].connection->Cut(true);
        return end(6000, [this, i] { cluster_[i].connection->Cut(false); });
      case 2:
        if (!free) return;
        cluster_.Crash(i);
        return end(3000, [this, i] { Bring(i); });
      case 3:
        if (!free) return;
        cluster_[i].connection->Slow(Ms(static_cast<int64_t>(random_.Below(900))));
        return end(3000, [this, i] { cluster_[i].connection->Slow({}); });
      case 4: return cluster_.brokers.LeaderAway(cluster_.Name(static_cast<int>(random_.Below(partitions_))), within(6000));
      case 5: return cluster_.brokers.LeadersAway(within(4000));
      case 6:
        if (expels_ && cluster_.up(i)) cluster_.groups.Expel(cluster_[i].ownership.get());
        return;
      case 7: return cluster_.groups.Rebalance();
      default: return;
    }
  }
  void Bring(int i) {
    ASSERT_TRUE(cluster_.RunUntil([&] { return cluster_.Launch(i); }));  // the brokers may be away
    cluster_.Join(i);
  }
  void Heal() {
    cluster_.brokers.set_faults({});
    while (!ends_.empty()) {
      auto f = ends_.begin()->second;
      ends_.erase(ends_.begin());
      f();
    }
  }

  SeededRandom random_;
  Cluster cluster_;
  const uint16_t partitions_;
  std::vector<Request> requests_;
  std::map<std::string, int> submits_;
  std::vector<PendingRead> reads_;
  std::multimap<Duration, std::function<void()>> ends_;
  std::vector<bool> troubled_;
  size_t answered_ = 0;
  const bool expels_ = random_.Below(2) == 0;
};

TEST(Ownership, NothingAcknowledgedIsLostOrDoubledInAStorm) {
  uint64_t moves = 0;
  const char* seeds = std::getenv("FUNDCORE_STORMS");  // more of them, by hand
  const uint64_t last = seeds ? std::stoull(seeds) : 60;
  for (uint64_t seed = 1; seed <= last && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Storm storm(seed, 2 + static_cast<int>(seed % 2), 1 + seed % 3);
    storm.Run();
    moves += storm.moves();
  }
  EXPECT_GT(moves, last * 3);
}

}  // namespace
}  // namespace fundcore::machine
