// Whether a Kafka cluster can keep what is promised on it: rules on plain facts. See kafka_admin.h.
#include <algorithm>
#include <cstdio>

#include "absl/strings/numbers.h"
#include "common/base/check.h"
#include "common/log/kafka_admin.h"

namespace fundcore {

namespace {

using Severity = KafkaFinding::Severity;

class Judge {
 public:
  Judge(const KafkaFacts& facts, const KafkaPlan& plan) : facts_(facts), plan_(plan) {}

  std::vector<KafkaFinding> All() {
    for (const auto& [service, count] : plan_.partitions) {
      if (const KafkaFacts::Topic* topic = Find(KafkaTopic(plan_.prefix, service), count)) DataTopic(*topic, count);
    }
    if (plan_.directory) {
      if (const KafkaFacts::Topic* topic = Find(KafkaDirectoryTopic(plan_.prefix), 1)) Partitions(*topic, 1);
    }
    for (const KafkaFacts::Broker& broker : facts_.brokers) BrokerSettings(broker);
    std::stable_sort(found_.begin(), found_.end(), [](const KafkaFinding& a, const KafkaFinding& b) {
      return a.severity < b.severity;
    });
    return std::move(found_);
  }

 private:
  void Say(Severity severity, std::string where, std::string setting, std::string value, std::string why, std::string remedy) {
    found_.push_back({severity, std::move(where), std::move(setting), std::move(value), std::move(why), std::move(remedy)});
  }

  const KafkaFacts::Topic* Find(const std::string& name, int partitions) {
    for (const KafkaFacts::Topic& topic : facts_.topics) {
      if (topic.name == name && !topic.partitions.empty()) return &topic;
    }
    Say(Severity::kError, StrCat("topic ", name), "topic", "missing", "there is no place for its records",
        StrCat("run fundctl kafka init, or make it with ", partitions, " partitions; check the prefix"));
    return nullptr;
  }

  void Partitions(const KafkaFacts::Topic& topic, int wanted) {
    const int have = static_cast<int>(topic.partitions.size());
    if (have == wanted) return;
    Say(Severity::kError, StrCat("topic ", topic.name), "partitions", StrCat(have),
        StrCat("this installation is laid out for ", wanted, ": records would be looked for where they are not"),
        "start with the partition count that the data was made with; the count of a topic in use is never changed");
  }

  void Replicas(const KafkaFacts::Topic& topic, int64_t min_in_sync) {
    int fewest = 1000, leaderless = 0, short_of = 0;
    for (const KafkaFacts::Partition& p : topic.partitions) {
      fewest = std::min(fewest, p.replicas);
      leaderless += p.leader < 0;
      short_of += p.leader >= 0 && p.in_sync < min_in_sync;
    }
    const std::string where = StrCat("topic ", topic.name);
    if (fewest < 2 && !plan_.one_replica_for_tests) {
      Say(Severity::kError, where, "replication.factor", StrCat(fewest),
          "one copy: a lost disk or broker loses what was accepted",
          "reassign its partitions to three brokers (kafka-reassign-partitions), or make the topic anew with 3 replicas");
    } else if (fewest >= 2 && fewest <= min_in_sync) {
      Say(Severity::kWarning, where, "replication.factor", StrCat(fewest),
          StrCat("with min.insync.replicas=", min_in_sync, " a single broker that is down stops all writing"),
          "use three replicas");
    }
    if (leaderless > 0) {
      Say(Severity::kWarning, where, "leader", StrCat("none for ", leaderless, " of ", topic.partitions.size(), " partitions"),
          "nothing can be read or written there until a broker that holds them is back", "start the brokers that are down");
    }
    if (short_of > 0) {
      Say(Severity::kWarning, where, "in-sync replicas",
          StrCat("too few for ", short_of, " of ", topic.partitions.size(), " partitions"),
          StrCat("with fewer than min.insync.replicas=", min_in_sync, " nothing can be written there"),
          "start the brokers that are down, or wait until they have caught up");
    }
  }

  void DataTopic(const KafkaFacts::Topic& topic, int wanted) {
    const std::string where = StrCat("topic ", topic.name);
    Partitions(topic, wanted);
    if (!topic.unseen.empty()) {
      Say(Severity::kError, where, "settings", "unseen", StrCat("they cannot be checked: ", topic.unseen),
          "let this user describe the settings of its topics (DescribeConfigs)");
      return;
    }
    const auto text = [&](const char* name) {
      const auto it = topic.settings.find(name);
      return it == topic.settings.end() ? std::string() : it->second;
    };
    const auto number = [&](const char* name, int64_t otherwise) {
      int64_t value = otherwise;
      return absl::SimpleAtoi(text(name), &value) ? value : otherwise;
    };
    const auto set = [&](const char* setting) {
      return StrCat("kafka-configs --alter --topic ", topic.name, " --add-config ", setting);
    };
    const int64_t min_in_sync = number("min.insync.replicas", 1);
    Replicas(topic, min_in_sync);
    if (min_in_sync < 2 && !plan_.one_replica_for_tests) {
      Say(Severity::kError, where, "min.insync.replicas", StrCat(min_in_sync),
          "a write counts as durable while one broker has it, and is lost with that broker", set("min.insync.replicas=2"));
    }
    if (text("unclean.leader.election.enable") == "true") {
      Say(Severity::kError, where, "unclean.leader.election.enable", "true",
          "a broker that lags may take over and drop what was accepted", set("unclean.leader.election.enable=false"));
    }
    if (const std::string policy = text("cleanup.policy"); policy.find("compact") != std::string::npos) {
      Say(Severity::kError, where, "cleanup.policy", policy, "compaction drops records and leaves gaps in the log",
          set("cleanup.policy=delete"));
    }
    for (const char* retention : {"retention.ms", "retention.bytes"}) {
      if (const int64_t value = number(retention, -1); value >= 0) {
        Say(Severity::kError, where, retention, StrCat(value),
            "records go by themselves, though no checkpoint may cover them yet",
            set(StrCat(retention, "=-1").c_str()));
      }
    }
    if (const int64_t most = number("max.message.bytes", 1'048'588); most < static_cast<int64_t>(kKafkaMaxMessageBytes)) {
      Say(Severity::kError, where, "max.message.bytes", StrCat(most),
          StrCat("a record may have ", kMaxRecordBytes, " bytes; a larger one would wait for ever"),
          set(StrCat("max.message.bytes=", kKafkaMaxMessageBytes).c_str()));
    }
  }

  void BrokerSettings(const KafkaFacts::Broker& broker) {
    const auto it = broker.settings.find("group.min.session.timeout.ms");
    const std::string where = StrCat("broker ", broker.id);
    int64_t floor_ms = 0;
    if (it == broker.settings.end() || !absl::SimpleAtoi(it->second, &floor_ms)) {
      Say(Severity::kWarning, where, "group.min.session.timeout.ms", "unseen",
          StrCat("how soon another process can take over is not known: ",
                 broker.unseen.empty() ? "the broker does not say" : broker.unseen),
          "start the broker where it is down; else let this user describe the cluster's settings (DescribeConfigs)");
      return;
    }
    // Silence for a session, then the others hear of it with their next heartbeat (measured: 2.5 s with a session of 2 s).
    const double takeover = static_cast<double>(floor_ms) / 1000.0 * 5 / 4;
    const double goal = static_cast<double>(plan_.takeover_goal.raw()) / 1e6;
    if (takeover <= goal) return;
    char seconds[64];
    std::snprintf(seconds, sizeof seconds, "about %.1f s, not %.1f s", takeover, goal);
    Say(Severity::kWarning, where, "group.min.session.timeout.ms", StrCat(floor_ms),
        StrCat("after a process dies another takes over in ", seconds),
        StrCat("set group.min.session.timeout.ms=", static_cast<int64_t>(goal * 1000 * 2 / 3), " on the brokers"));
  }

  const KafkaFacts& facts_;
  const KafkaPlan& plan_;
  std::vector<KafkaFinding> found_;
};

}  // namespace

std::string KafkaFinding::Text() const {
  return StrCat(severity == Severity::kError ? "error: " : "warning: ", where, ": ", setting, " = ", value, ": ", why, "; ",
                remedy);
}

std::vector<KafkaFinding> JudgeCluster(const KafkaFacts& facts, const KafkaPlan& plan) { return Judge(facts, plan).All(); }

}  // namespace fundcore
