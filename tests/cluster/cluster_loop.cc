// The plan, the blows, the figures. See cluster_loop.h.
#include "tests/cluster/cluster_loop.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/kafka_admin.h"
#include "common/runtime/clock.h"
#include "common/runtime/random.h"
#include "common/types/ids.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "tests/cluster/support/broker.h"
#include "tests/cluster/support/deployment.h"
#include "tests/cluster/support/raw_producer.h"
#include "tests/crash/promises.h"

namespace fundcore::cluster_test {
namespace {

using crash::Load;
using crash::Promises;
using crash::Verdict;
using testing::Deployment;
using testing::KafkaCluster;

constexpr double kSlowSeconds = 3;  // a gap that is worth telling more of
constexpr int64_t kPatienceMicros = 120'000'000;  // nothing takes so long, but for a machine with other things to do

void Wait(int64_t micros) { poll(nullptr, 0, static_cast<int>(micros / 1000)); }
double SecondsSince(int64_t micros) { return static_cast<double>(MonotonicMicros() - micros) / 1e6; }

// Asks each trade partition for an order of its own, over and over, until it is accepted: how long a partition was not to be
// had. Orders are those of promises, so the judge knows them.
class Probe {
 public:
  Probe(const std::string& addresses, Promises* promises, int partitions)
      : client_(addresses, "investor-app", 2), promises_(promises), partitions_(partitions) {}

  // Seconds from `began` until the last partition has accepted one; negative where one does not within the patience.
  double UntilAllAccept(int64_t began) {
    std::vector<std::thread> threads;
    std::vector<double> took(static_cast<size_t>(partitions_), -1);
    for (int p = 0; p < partitions_; ++p)
      threads.emplace_back([this, p, began, &took] { took[static_cast<size_t>(p)] = UntilAccepted(p, began); });
    for (auto& t : threads) t.join();
    double longest = 0;
    for (double t : took) longest = t < 0 || longest < 0 ? -1 : std::max(longest, t);
    return longest;
  }

  // Sends each partition a new order for that long; how many were acknowledged. Those that were not are sent in the end.
  int AcknowledgedWithin(double seconds) {
    std::vector<std::thread> threads;
    std::atomic<int> acknowledged{0};
    const int64_t began = MonotonicMicros();
    for (int p = 0; p < partitions_; ++p) {
      threads.emplace_back([this, p, began, seconds, &acknowledged] {
        trade::v1::SubmitOrderRequest request;
        {
          std::lock_guard lock(mutex_);
          if (!OrderOf(p, request.mutable_order())) return;
        }
        while (SecondsSince(began) < seconds) {
          trade::v1::SubmitOrderResponse response;
          const absl::Status s = client_.Wait("fundcore.trade.v1.TradeService/SubmitOrder", request, &response, 1);
          if (s.ok() && promises_->Heard(request.order(), response.outcome())) return (void)++acknowledged;
          Wait(10'000);
        }
        std::lock_guard lock(mutex_);
        open_.push_back(request.order());
      });
    }
    for (auto& t : threads) t.join();
    return acknowledged;
  }

 private:
  // An order of an investor of this partition that is large enough to be accepted.
  bool OrderOf(int partition, trade::v1::NewOrder* order) {
    const auto fits = [partition](const trade::v1::NewOrder& o) {
      return PartitionOf(InvestorId(o.investor_id())).raw() == partition && o.amount_fen() >= 1000;
    };
    // One that was made in an earlier search will do.
    if (const auto found = std::find_if(open_.begin(), open_.end(), fits); found != open_.end()) {
      *order = *found;
      open_.erase(found);
      return true;
    }
    for (int tries = 0; tries < 10'000; ++tries) {
      auto made = promises_->Make();
      if (!made) return false;  // everybody has ordered what risk lets through in a day
      *order = *std::move(made);
      if (fits(*order)) return true;
      open_.push_back(*order);  // made is promised: it is sent in the end
      if (open_.size() > 1'000) return false;
    }
    return false;
  }
  double UntilAccepted(int partition, int64_t began) {
    trade::v1::SubmitOrderRequest request;
    {
      std::lock_guard lock(mutex_);
      if (!OrderOf(partition, request.mutable_order())) return -1;
    }
    // What it heard, for whoever wants to know why it took so long: each answer once, with its first time.
    std::string heard, last;
    while (MonotonicMicros() < began + kPatienceMicros) {
      trade::v1::SubmitOrderResponse response;
      const double asked = SecondsSince(began);
      const absl::Status s = client_.Wait("fundcore.trade.v1.TradeService/SubmitOrder", request, &response, 1);
      if (s.ok() && promises_->Heard(request.order(), response.outcome()) &&
          response.outcome().state() == trade::v1::ACCEPTED) {
        const double took = SecondsSince(began);
        if (took > kSlowSeconds) std::printf("      partition %d, %.2f s:%s\n", partition, took, heard.c_str());
        return took;
      }
      const std::string now = !s.ok() ? s.ToString()
                              : response.outcome().code() != 0
                                  ? StrCat(response.outcome().reason(), " ", response.outcome().message())
                                  : trade::v1::OrderState_Name(response.outcome().state());
      if (now != last) heard += absl::StrFormat("\n        %.2f to %.2f s: %s", asked, SecondsSince(began), now.substr(0, 200));
      last = now;
      Wait(10'000);
    }
    return -1;
  }

 public:
  // Orders that were made in search of one for a partition.
  void SendRest() {
    std::lock_guard lock(mutex_);
    for (const auto& order : open_) {
      trade::v1::SubmitOrderRequest request;
      *request.mutable_order() = order;
      const int64_t until = MonotonicMicros() + kPatienceMicros;
      while (MonotonicMicros() < until) {
        trade::v1::SubmitOrderResponse response;
        const absl::Status s = client_.Wait("fundcore.trade.v1.TradeService/SubmitOrder", request, &response, 5);
        trade::v1::OrderOutcome outcome = response.outcome();
        if (!s.ok() && !absl::IsUnavailable(s) && !absl::IsDeadlineExceeded(s) && !absl::IsResourceExhausted(s)) {
          promises_->Violation(StrCat("an order was refused: ", s.ToString()));
          break;
        }
        if (s.ok() && promises_->Heard(order, outcome)) break;
        Wait(5'000);
      }
    }
    open_.clear();
  }

 private:
  testing::AsyncClient client_;
  Promises* const promises_;
  const int partitions_;
  std::mutex mutex_;
  std::vector<trade::v1::NewOrder> open_;
};

class Loop {
 public:
  Loop(const ClusterLoopOptions& options, ClusterReport* report) : o_(options), report_(report), random_(options.seed) {}

  bool Run() {
    const int64_t began = MonotonicMicros();
    auto kafka = KafkaCluster::Start({.brokers = o_.brokers,
                                      .version = o_.version.empty() ? testing::KafkaVersion() : o_.version,
                                      .relays = o_.kinds.contains("cut"),
                                      .small_disk_mb = o_.kinds.contains("disk") ? 600 : 0});
    if (absl::IsNotFound(kafka.status())) {
      report_->skipped = std::string(kafka.status().message());
      return true;
    }
    if (!kafka.ok()) return Fault(kafka.status().ToString());
    kafka_ = *std::move(kafka);
    testing::DeploymentOptions d;
    d.brokers = kafka_->bootstrap();
    d.folder = folder_.path();
    d.copies = o_.copies;
    d.replicas = o_.brokers;
    if (o_.kinds.contains("cut"))
      for (size_t i = 0; i < d.roles.size(); ++i) d.brokers_of.push_back(kafka_->relayed_bootstrap());
    if (o_.kinds.contains("upgrade")) d.flags.push_back("--machine-versions=1");
    deployment_ = std::make_unique<Deployment>(d);
    if (absl::Status s = deployment_->Start(); !s.ok()) return Fault(s.ToString());
    Days();
    report_->seconds = SecondsSince(began);
    return report_->faults.empty();
  }

 private:
  bool Fault(std::string what) { return report_->faults.push_back(std::move(what)), false; }
  void Tell(const std::string& kind, const std::string& what) {
    ++report_->blows[kind];
    if (o_.tell) std::printf("%4d  %s: %s\n", ++told_, kind.c_str(), what.c_str()), std::fflush(stdout);
  }
  uint64_t Draw(uint64_t below) { return random_.Below(below); }

  void Days() {
    testing::AsyncClient op(deployment_->addresses(), "operator");
    testing::Market market;
    absl::Status made;
    for (int tries = 0; tries < 20; ++tries) {
      market = testing::Market();
      made = testing::MakeMarket(&op, {.investors = o_.investors, .in_flight = 32}, true, &market);
      if (!absl::IsUnavailable(made)) break;
      Wait(200'000);
    }
    if (!made.ok()) return void(Fault(StrCat("the market cannot be made: ", made.ToString())));
    promises_ = std::make_unique<Promises>(market, o_.seed + 1);
    probe_ = std::make_unique<Probe>(deployment_->addresses(), promises_.get(), deployment_->options().partitions);
    load_ = std::make_unique<Load>(deployment_->addresses(), promises_.get(), o_.rate);
    raw_ = std::make_unique<testing::RawProducer>(kafka_->bootstrap(), o_.brokers);
    for (const std::string& kind : Plan()) {
      const uint64_t before = promises_->acknowledged();
      const bool good = kind == "kill"      ? KillOnce()
                        : kind == "stop"    ? StopOnce()
                        : kind == "broker"  ? BrokerOnce()
                        : kind == "brokers" ? BrokersOnce()
                        : kind == "cut"     ? CutOnce()
                        : kind == "disk"    ? DiskOnce()
                                            : UpgradeOnce();
      if (!good || !AllRun()) return load_->Abandon();
      // Progress, or the next blow would fall on nothing.
      const int64_t patience = MonotonicMicros() + kPatienceMicros;
      while (promises_->acknowledged() < before + 50 && MonotonicMicros() < patience) Wait(5'000);
      if (promises_->acknowledged() < before + 50) {
        Fault(StrCat("after ", kind, " no orders are acknowledged for two minutes: ", promises_->NoAnswers(), AllWords()));
        return load_->Abandon();
      }
      if (!promises_->violations().empty()) break;
    }
    load_->Finish();
    probe_->SendRest();
    TheEnd();
  }

  void TheEnd() {
    const Verdict v = crash::Judge(deployment_->addresses(), *promises_, true, [] { return true; });
    for (const auto& f : promises_->violations()) Fault(f);
    for (const auto& f : v.faults) Fault(f);
    report_->orders = v.orders;
    report_->accepted = v.accepted;
    report_->rejected = v.rejected;
    report_->cancelled = v.cancelled;
    report_->repeats = promises_->repeats;
    report_->payments = promises_->payments;
    report_->no_answers = promises_->NoAnswers();
    if (const std::string words = deployment_->Stop(); !words.empty()) Fault(words);
  }

  std::string AllWords() {
    std::string all;
    for (size_t i = 0; i < deployment_->size(); ++i)
      all += StrCat("\nprocess ", i, " (", deployment_->roles(i), "): ", deployment_->LastWords(i));
    return all;
  }
  // Nobody ends by himself.
  bool AllRun() {
    for (size_t i = 0; i < deployment_->size(); ++i) {
      if (deployment_->process(i).AwaitEnd(Duration::Millis(0)))
        return Fault(StrCat("process ", i, " (", deployment_->roles(i), ") ended by itself: ", deployment_->LastWords(i)));
    }
    return true;
  }

  std::vector<std::string> Plan() {
    std::vector<std::string> plan;
    if (o_.kinds.contains("kill"))
      for (int i = 0; i < o_.kills; ++i) plan.push_back("kill");
    for (const char* kind : {"stop", "broker", "brokers", "cut", "disk"}) {
      if (!o_.kinds.contains(kind)) continue;
      for (int i = 0; i < o_.rounds; ++i) plan.push_back(kind);
    }
    for (size_t i = plan.size(); i > 1; --i) std::swap(plan[i - 1], plan[Draw(i)]);
    if (o_.kinds.contains("upgrade")) plan.insert(plan.begin() + static_cast<std::ptrdiff_t>(plan.size() / 2), "upgrade");
    return plan;
  }

  // How long it took until everything was accepted again, and how long the raw producer had to wait meanwhile.
  bool Measure(const std::string& kind, int64_t began, bool with_raw, std::string* what) {
    const double gap = probe_->UntilAllAccept(began);
    if (gap < 0) {
      return Fault(StrCat("after ", kind, " (", *what, ") a partition accepts nothing for two minutes, or no investor is left to order",
                          AllWords()));
    }
    report_->gaps[kind].push_back(gap);
    *what += absl::StrFormat(", accepted again after %.2f s", gap);
    if (with_raw) {
      const double raw = raw_->LongestGap();
      report_->raw_gaps[kind].push_back(raw);
      *what += absl::StrFormat(" (raw producer: %.2f s)", raw);
    }
    return true;
  }
  bool StartAgain(size_t i) {
    if (absl::Status s = deployment_->process(i).Start(); !s.ok())
      return Fault(StrCat("process ", i, " (", deployment_->roles(i), ") does not start again: ", s.message(), " ",
                          deployment_->LastWords(i)));
    return true;
  }

  // --- blows ---

  bool KillOnce() {
    Wait(static_cast<int64_t>(20'000 + Draw(400'000)));
    // Each process in turn, from a drawn one on.
    const size_t i = (first_ + next_++) % deployment_->size();
    const int64_t began = MonotonicMicros();
    deployment_->process(i).Kill();
    std::string what = deployment_->roles(i);
    const bool alone = o_.copies == 1;
    if (alone && !StartAgain(i)) return false;
    if (!Measure(StrCat("kill ", deployment_->roles(i)), began, false, &what)) return false;
    Tell("kill", what);
    return alone || StartAgain(i);
  }

  bool StopOnce() {
    const size_t i = Draw(deployment_->size());
    const int64_t began = MonotonicMicros();
    kill(deployment_->process(i).pid(), SIGSTOP);
    std::string what = StrCat(deployment_->roles(i), " for ", o_.stop_seconds, " s");
    const bool standby = o_.copies > 1;
    if (standby && !Measure("stop", began, false, &what)) return false;
    while (SecondsSince(began) < o_.stop_seconds) Wait(20'000);
    kill(deployment_->process(i).pid(), SIGCONT);
    if (!standby && !Measure("stop", began, false, &what)) return false;
    Tell("stop", what);
    return true;
  }

  bool BrokerOnce() {
    // The one that leads the raw producer's partition, or the two gaps would not be of the same thing.
    auto leader = kafka_->LeaderOf("raw-producer", 0);
    for (int tries = 0; tries < 100 && !leader.ok(); ++tries) {  // it was just made
      Wait(100'000);
      leader = kafka_->LeaderOf("raw-producer", 0);
    }
    if (!leader.ok()) return Fault(leader.status().ToString());
    raw_->Mark();
    const int64_t began = MonotonicMicros();
    kafka_->Kill(*leader);
    std::string what = StrCat("broker ", *leader + 1, " of ", o_.brokers);
    if (o_.brokers == 1 && !Restart(*leader)) return false;
    if (!Measure("broker", began, true, &what)) return false;
    Tell("broker", what);
    return o_.brokers == 1 || Restart(*leader);
  }
  bool Restart(int broker) {
    const absl::Status s = kafka_->Restart(broker);
    if (!s.ok()) return Fault(StrCat("broker ", broker + 1, " does not start again: ", s.ToString()));
    return AllInSync();
  }
  // Every broker has caught up: the next blow would else be a second one at the same time, which nobody promises to stand.
  bool AllInSync() {
    auto admin = KafkaAdmin::Open({.brokers = kafka_->bootstrap()}, Duration::Seconds(5));
    if (!admin.ok()) return Fault(admin.status().ToString());
    KafkaPlan plan;
    for (ServiceId s : {ServiceId::kSystem, ServiceId::kTrade, ServiceId::kAccount, ServiceId::kProduct, ServiceId::kRisk,
                        ServiceId::kClearing, ServiceId::kSimBank})
      plan.partitions.emplace_back(s, 1);
    std::string behind = "nothing was seen";
    const int64_t until = MonotonicMicros() + kPatienceMicros;
    for (; !behind.empty() && MonotonicMicros() < until; Wait(100'000)) {
      const auto facts = (*admin)->Look(plan);
      if (!facts.ok()) continue;
      behind.clear();
      for (const auto& topic : facts->topics)
        for (size_t p = 0; p < topic.partitions.size(); ++p)
          if (topic.partitions[p].in_sync < o_.brokers) behind += StrCat(" ", topic.name, "/", p);
    }
    return behind.empty() || Fault(StrCat("two minutes after it started again a broker has not caught up:", behind));
  }

  bool BrokersOnce() {
    if (o_.brokers == 3) {
      // Two of three: what is acknowledged needs two copies, so nothing may be from here on.
      const int left = static_cast<int>(Draw(3));
      for (int i = 0; i < 3; ++i)
        if (i != left) kafka_->Kill(i);
      // Old orders may still be told of: they were safe before. What is sent from now on cannot be.
      const int during = probe_->AcknowledgedWithin(4);
      if (during > 0) return Fault(StrCat(during, " new orders were acknowledged with one broker of three"));
      const int64_t began = MonotonicMicros();
      for (int i = 0; i < 3; ++i)
        if (i != left)
          if (absl::Status s = kafka_->Restart(i); !s.ok()) return Fault(s.ToString());
      std::string what = "two of three were down, no new order acknowledged meanwhile";
      if (!Measure("brokers: two of three", began, false, &what)) return false;
      Tell("brokers", what);
      if (!AllInSync()) return false;
    }
    for (int i = 0; i < o_.brokers; ++i) kafka_->Kill(i);
    const int64_t began = MonotonicMicros();
    for (int i = 0; i < o_.brokers; ++i) kafka_->Begin(i);
    for (int i = 0; i < o_.brokers; ++i)
      if (absl::Status s = kafka_->AwaitReady(i); !s.ok()) return Fault(s.ToString());
    std::string what = "all were down at once";
    if (!Measure("brokers: all", began, false, &what)) return false;
    Tell("brokers", what);
    return AllInSync();
  }

  // The first copy of every process loses its connections to the brokers, and has them again later.
  bool CutOnce() {
    const int64_t began = MonotonicMicros();
    kafka_->Cut(true);
    std::string what = StrCat("half of the processes, for ", o_.stop_seconds, " s");
    const bool standby = o_.copies > 1;
    if (standby && !Measure("cut", began, false, &what)) return false;
    while (SecondsSince(began) < o_.stop_seconds) Wait(20'000);
    kafka_->Cut(false);
    if (!standby && !Measure("cut", began, false, &what)) return false;
    Tell("cut", what);
    return true;
  }

  bool DiskOnce() {
    const auto leader = kafka_->LeaderOf("fundcore.trade", 0);
    if (!leader.ok()) return Fault(leader.status().ToString());
    const int64_t began = MonotonicMicros();
    if (!kafka_->FillDisk(*leader)) {
      Tell("disk", "no small file system could be mounted here: left out");
      return true;
    }
    // Kafka ends a broker whose only folder cannot be written.
    const bool ended = kafka_->AwaitEnd(*leader, Duration::Seconds(30));
    std::string what = StrCat("broker ", *leader + 1, ended ? " gave up" : " goes on");
    if (o_.brokers == 3 && !Measure("disk", began, false, &what)) return false;
    kafka_->FreeDisk(*leader);
    if (ended && !Restart(*leader)) return false;
    if (o_.brokers == 1 && !Measure("disk", began, false, &what)) return false;
    Tell("disk", what);
    return true;
  }

  bool UpgradeOnce() {
    std::string said;
    const std::string version = "2";
    const auto upgrade = [&] {
      return testing::RunBeside("fundctl", {"--server", deployment_->process(0).address(), "upgrade", version}, &said);
    };
    if (upgrade() == 0) return Fault("an upgrade went through that the processes do not support");
    for (size_t i = 0; i < deployment_->size(); ++i) {
      if (const int code = deployment_->process(i).Stop(); code != 0)
        return Fault(StrCat("process ", i, " stops with ", code, ": ", deployment_->LastWords(i)));
      deployment_->process(i).ReplaceFlag("--machine-versions=1", "--machine-versions=2");
      if (!StartAgain(i)) return false;
    }
    const int64_t until = MonotonicMicros() + 20'000'000;
    int code;
    while ((code = upgrade()) != 0 && MonotonicMicros() < until) Wait(300'000);
    if (code != 0) return Fault(StrCat("the upgrade does not go through: ", said));
    Tell("upgrade", StrCat("every process exchanged, machine version ", version, " in force"));
    return true;
  }

  const ClusterLoopOptions o_;
  ClusterReport* const report_;
  SeededRandom random_;
  testing::TemporaryFolder folder_;
  std::unique_ptr<KafkaCluster> kafka_;
  std::unique_ptr<Deployment> deployment_;
  std::unique_ptr<Promises> promises_;
  std::unique_ptr<Probe> probe_;
  std::unique_ptr<Load> load_;
  std::unique_ptr<testing::RawProducer> raw_;
  size_t first_ = 0, next_ = 0;
  int told_ = 0;
};

std::string MedianAndWorst(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return absl::StrFormat("median %.2f s, worst %.2f s of %d", v[v.size() / 2], v.back(), v.size());
}

}  // namespace

const std::set<std::string>& ClusterKinds() {
  static const std::set<std::string> kinds = {"kill", "stop", "broker", "brokers", "cut", "disk", "upgrade"};
  return kinds;
}

std::string ClusterReport::Figures() const {
  std::string out = absl::StrFormat("%.0f s; %d orders: %d accepted, %d refused as they had to be, %d cancelled; %d repeats, %d payments in\n"
                                    "calls without an answer, all sent again: %s\n",
                                    seconds, orders, accepted, rejected, cancelled, repeats, payments, no_answers);
  for (const auto& [name, n] : blows) out += absl::StrFormat("%6d  %s\n", n, name);
  for (const auto& [kind, list] : gaps) {
    out += absl::StrFormat("until the next accepted order of every partition, after %s: %s\n", kind, MedianAndWorst(list));
    if (auto raw = raw_gaps.find(kind); raw != raw_gaps.end())
      out += absl::StrFormat("    the raw producer's longest gap meanwhile: %s\n", MedianAndWorst(raw->second));
  }
  return out;
}

bool RunClusterLoop(const ClusterLoopOptions& options, ClusterReport* report) { return Loop(options, report).Run(); }

}  // namespace fundcore::cluster_test
