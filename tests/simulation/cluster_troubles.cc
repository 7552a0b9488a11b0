// What happens to single processes and to their brokers, where a run has several, and the one promise that one process
// keeps by itself: whoever reads sees what was acknowledged before, whichever process answers.
#include "common/types/ids.h"
#include "tests/simulation/simulation.h"

namespace fundcore::simulation {

// A few of each kind a day, half of them around the cut-off and the night's work; each strikes in mid-work.
void Simulation::PlanClusterTroubles() {
  LookForOrders();
  SeededRandom r = RandomFor(plan_.seed, Stream::kClusterTroubles);
  for (Date day : plan_.days) {
    for (size_t kind = static_cast<size_t>(kFirstClusterFault); kind <= static_cast<size_t>(Fault::kRot); ++kind) {
      const Fault fault = static_cast<Fault>(kind);
      const uint64_t times = 1 + r.Below(5);
      for (uint64_t n = 0; n < times; ++n) {
        const int64_t from = r.Below(2) == 0 ? 9 * 3600 : 14 * 3600 + 1'800;
        const int64_t span = from > 12 * 3600 ? 8 * 3600 : 14 * 3600;
        const TimePoint when = TimePoint::At(day, TimeOfDay()) +
                               Duration::Seconds(from + static_cast<int64_t>(r.Below(static_cast<uint64_t>(span))));
        const uint64_t steps = 1 + r.Below(1'000);
        const uint64_t seed = r.Next();
        if (!plan_.Has(fault)) continue;
        At(when, [this, fault, steps, seed] {
          at_stop_.push_back([this, fault, seed] {
            SeededRandom own(seed);
            if (!healed_ && !down_) Strike(fault, own);
          });
          system_->world().StopAfter(steps);
        });
      }
    }
  }
  // In half of the runs every process is asked, now and then, to go on as of the newest machine version with what it owns:
  // for a while, or for good where an owner is never reached, partitions differ.
  const bool upgrades = r.Below(2) == 0;
  for (int n = 0; n < 3; ++n) {
    const Date day = plan_.days[r.Below(plan_.days.size())];
    const TimePoint when = TimePoint::At(day, TimeOfDay::Hms(9, 0)) + Duration::Seconds(static_cast<int64_t>(r.Below(14 * 3600)));
    if (!upgrades) continue;
    At(when, [this] {
      trace_.Add("", "machine version upgrade");
      for (size_t i = 0; i < cluster_->nodes(); ++i)
        if (System* system = cluster_->system(i)) system->Upgrade(machine::kMachineVersion, [](uint32_t) {});
    });
  }
}

// Somebody looks at a few orders every now and then. The length of a lease is given to a process that was taken for dead
// although it lives (docs/concepts.md, "Owners"): what was acknowledged that long ago must be there.
void Simulation::LookForOrders() {
  for (size_t n = 0; n < 4 && known_orders_ > 0; ++n) {
    trade::v1::GetOrderRequest q;
    // Mostly at the latest ones.
    const uint64_t back = looks_.Below(looks_.Below(4) == 0 ? known_orders_ : std::min<size_t>(known_orders_, 6));
    q.set_order_id(judge_.AcknowledgedOrders()[known_orders_ - 1 - back]);
    client_.Ask<trade::v1::GetOrderResponse>(
        "fundcore.trade.v1.TradeService/GetOrder", q, kApp, Duration::Seconds(60),
        [this, id = q.order_id()](const absl::Status& s, const trade::v1::GetOrderResponse&) {
          if (s.ok() || IsTrouble(s)) return;
          judge_.Fail("a read does not show what was acknowledged before it", judge_.RequestOf(id),
                      StrCat("order ", FormatOrderId(OrderId(id))), Said(s), id);
        });
  }
  known_orders_ = judge_.AcknowledgedOrders().size();
  client_.executor()->PostAfter(Duration::Millis(1'200), [this] { LookForOrders(); });
}

// Durations are machine time: shorter and longer than a session of the groups, a lease, a time limit of appends.
void Simulation::Strike(Fault fault, SeededRandom& r) {
  const size_t node = r.Below(cluster_->nodes());
  const auto within = [&r](uint64_t ms) { return Duration::Millis(static_cast<int64_t>(1 + r.Below(ms))); };
  const Duration how_long = r.Below(3) == 0 ? within(20'000) : within(3'000);
  ++Count(fault);
  std::string what;
  switch (fault) {
    case Fault::kNodeCrash: {
      const bool leaves = r.Below(3) == 0;
      what = leaves ? "leaves" : "dies";
      leaves ? cluster_->LeaveNode(node, how_long) : cluster_->CrashNode(node, how_long);
      break;
    }
    case Fault::kNodePause:
      what = "is stopped";
      cluster_->PauseNode(node, how_long);
      break;
    case Fault::kNodeCut:
      what = "is cut off or slow";
      r.Below(3) == 0 ? cluster_->SlowNode(node, within(900), how_long) : cluster_->CutNode(node, how_long);
      break;
    case Fault::kLeaderAway: {
      what = "leader away";
      const auto layout =
          System::Layout({.partitions = plan_.partitions, .clearing_partitions = plan_.clearing_partitions});
      const auto& [service, partitions] = layout[r.Below(layout.size())];
      const LogPartition p{service, PartitionId(static_cast<uint16_t>(r.Below(partitions)))};
      r.Below(2) == 0 ? cluster_->brokers().LeadersAway(how_long) : cluster_->brokers().LeaderAway(p, how_long);
      break;
    }
    case Fault::kRebalance:
      what = "expelled, or all dealt out anew";
      r.Below(2) == 0 ? cluster_->ExpelNode(node) : cluster_->groups().Rebalance();
      break;
    default: return;
  }
  trace_.Add("", StrCat("process ", node, " ", what, " for ", how_long.raw() / 1'000, " ms"));
}

}  // namespace fundcore::simulation
