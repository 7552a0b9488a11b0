// Asking a cluster for its facts, making topics, trimming. See kafka_admin.h; the rules are in kafka_judge.cc.
#include "common/log/kafka_admin.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/kafka_client.h"
#include "common/runtime/clock.h"

namespace fundcore {

namespace {

using QueuePtr = std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;
using OptionsPtr = std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)>;

int Millis(Duration d) { return static_cast<int>(d.raw() / 1000); }

// One request of the admin protocol: `send` gives it off, the answer is awaited. An error of the request as a whole is a
// status.
template <class Send>
absl::StatusOr<EventPtr> Ask(const KafkaClient& client, rd_kafka_admin_op_t op, Duration patience, std::string_view doing,
                             Send send) {
  QueuePtr queue(rd_kafka_queue_new(client.get()), &rd_kafka_queue_destroy);
  OptionsPtr options(rd_kafka_AdminOptions_new(client.get(), op), &rd_kafka_AdminOptions_destroy);
  char error[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), Millis(patience), error, sizeof error);
  if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS || op == RD_KAFKA_ADMIN_OP_DELETERECORDS) {
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), Millis(patience), error, sizeof error);
  }
  send(options.get(), queue.get());
  EventPtr event(rd_kafka_queue_poll(queue.get(), Millis(patience) + 1000), &rd_kafka_event_destroy);
  if (!event) return client.Trouble(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
  if (const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get())) return client.Trouble(code, doing);
  return event;
}

// Settings of some topics, or of one broker: Kafka takes brokers one at a time. A resource's own error goes to `unseen`.
struct Described {
  std::map<std::string, std::string> settings;
  std::string unseen;
};
absl::StatusOr<std::map<std::string, Described>> Describe(const KafkaClient& client, rd_kafka_ResourceType_t type,
                                                          const std::vector<std::string>& names, Duration patience) {
  std::map<std::string, Described> all;
  if (names.empty()) return all;
  std::vector<rd_kafka_ConfigResource_t*> resources;
  for (const std::string& name : names) resources.push_back(rd_kafka_ConfigResource_new(type, name.c_str()));
  auto event = Ask(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, patience, "reading Kafka's settings",
                   [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                     rd_kafka_DescribeConfigs(client.get(), resources.data(), resources.size(), options, queue);
                   });
  rd_kafka_ConfigResource_destroy_array(resources.data(), resources.size());
  if (!event.ok()) return event.status();
  size_t count = 0;
  const auto* answers = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    Described& one = all[rd_kafka_ConfigResource_name(answers[i])];
    if (const rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(answers[i])) {
      one.unseen = rd_kafka_err2str(code);
      continue;
    }
    size_t entries = 0;
    const auto* configs = rd_kafka_ConfigResource_configs(answers[i], &entries);
    for (size_t k = 0; k < entries; ++k) {
      const char* value = rd_kafka_ConfigEntry_value(configs[k]);
      if (value != nullptr) one.settings[rd_kafka_ConfigEntry_name(configs[k])] = value;
    }
  }
  return all;
}

std::vector<std::pair<std::string, int>> TopicsOf(const KafkaPlan& plan) {
  std::vector<std::pair<std::string, int>> topics;
  for (const auto& [service, count] : plan.partitions) topics.emplace_back(KafkaTopic(plan.prefix, service), count);
  if (plan.directory) topics.emplace_back(KafkaDirectoryTopic(plan.prefix), 1);
  return topics;
}

// Brokers and, of the topics named, those that exist.
absl::StatusOr<KafkaFacts> Metadata(const KafkaClient& client, const std::vector<std::pair<std::string, int>>& topics,
                                    Duration patience) {
  const rd_kafka_metadata_t* metadata = nullptr;
  // All topics, because asking for one by name would make it on a cluster that makes topics by itself.
  const rd_kafka_resp_err_t code = rd_kafka_metadata(client.get(), 1, nullptr, &metadata, Millis(patience));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return client.Trouble(code, "asking Kafka for its topics");
  KafkaFacts facts;
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    KafkaFacts::Broker broker;
    broker.id = metadata->brokers[i].id;
    broker.address = StrCat(metadata->brokers[i].host, ":", metadata->brokers[i].port);
    facts.brokers.push_back(std::move(broker));
  }
  for (const auto& [name, count] : topics) {
    KafkaFacts::Topic topic;
    topic.name = name;
    for (int t = 0; t < metadata->topic_cnt; ++t) {
      const rd_kafka_metadata_topic_t& from = metadata->topics[t];
      if (from.topic != name) continue;
      topic.partitions.resize(static_cast<size_t>(std::max(from.partition_cnt, 0)));
      for (int p = 0; p < from.partition_cnt; ++p) {
        const rd_kafka_metadata_partition_t& one = from.partitions[p];
        if (one.id >= 0 && one.id < from.partition_cnt) {
          topic.partitions[static_cast<size_t>(one.id)] = {one.leader, one.replica_cnt, one.isr_cnt};
        }
      }
    }
    facts.topics.push_back(std::move(topic));
  }
  rd_kafka_metadata_destroy(metadata);
  return facts;
}

}  // namespace

KafkaAdmin::KafkaAdmin(Duration patience) : patience_(patience) {}
KafkaAdmin::~KafkaAdmin() = default;

absl::StatusOr<std::unique_ptr<KafkaAdmin>> KafkaAdmin::Open(const KafkaConnection& connection, Duration patience) {
  auto admin = std::unique_ptr<KafkaAdmin>(new KafkaAdmin(patience));
  FC_ASSIGN_OR_RETURN(admin->client_, KafkaClient::Make(KafkaClient::Role::kProducer, connection, {}));
  return admin;
}

absl::StatusOr<KafkaFacts> KafkaAdmin::Look(const KafkaPlan& plan) {
  FC_RETURN_IF_ERROR(ValidatePrefix(plan.prefix));
  FC_ASSIGN_OR_RETURN(KafkaFacts facts, Metadata(*client_, TopicsOf(plan), patience_));
  std::vector<std::string> names;
  for (const auto& topic : facts.topics)
    if (!topic.partitions.empty()) names.push_back(topic.name);
  FC_ASSIGN_OR_RETURN(auto described, Describe(*client_, RD_KAFKA_RESOURCE_TOPIC, names, patience_));
  // Any broker may be asked, and one of them may not have heard yet of a topic that was just made.
  const std::string not_heard_of = rd_kafka_err2str(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  const auto unheard = [&](const std::string& name) { return described[name].unseen == not_heard_of; };
  const int64_t until = MonotonicMicros() + patience_.raw();
  while (std::any_of(names.begin(), names.end(), unheard) && MonotonicMicros() < until) {
    rd_kafka_poll(client_->get(), 50);
    FC_ASSIGN_OR_RETURN(described, Describe(*client_, RD_KAFKA_RESOURCE_TOPIC, names, patience_));
  }
  for (auto& topic : facts.topics) {
    topic.settings = described[topic.name].settings;
    topic.unseen = described[topic.name].unseen;
  }
  for (auto& broker : facts.brokers) {
    const std::string id = StrCat(broker.id);
    auto settings = Describe(*client_, RD_KAFKA_RESOURCE_BROKER, {id}, patience_);
    if (!settings.ok()) {
      broker.unseen = std::string(settings.status().message());  // this broker may be down: the others still count
      continue;
    }
    broker.settings = (*settings)[id].settings;
    broker.unseen = (*settings)[id].unseen;
  }
  return facts;
}

absl::StatusOr<std::string> KafkaAdmin::LogId(std::string_view prefix) {
  char* cluster = rd_kafka_clusterid(client_->get(), Millis(patience_));
  if (cluster == nullptr) return absl::UnavailableError("no broker tells the id of its Kafka cluster; see whether they are up");
  std::string id = KafkaLogId(prefix, cluster);
  rd_kafka_mem_free(client_->get(), cluster);
  return id;
}

absl::StatusOr<std::vector<KafkaFinding>> KafkaAdmin::Check(const KafkaPlan& plan) {
  FC_ASSIGN_OR_RETURN(const KafkaFacts facts, Look(plan));
  return JudgeCluster(facts, plan);
}

absl::StatusOr<std::vector<std::string>> KafkaAdmin::Init(const KafkaPlan& plan) {
  FC_RETURN_IF_ERROR(ValidatePrefix(plan.prefix));
  const int replicas = plan.one_replica_for_tests ? 1 : plan.replicas;
  if (replicas < (plan.one_replica_for_tests ? 1 : 2)) {
    return absl::InvalidArgumentError(StrCat("replicas ", replicas, " would keep one copy of the books; use 3, or 2 at least"));
  }
  const auto topics = TopicsOf(plan);
  FC_ASSIGN_OR_RETURN(KafkaFacts before, Metadata(*client_, topics, patience_));
  const int64_t enough_until = MonotonicMicros() + patience_.raw();
  while (static_cast<int>(before.brokers.size()) < replicas && MonotonicMicros() < enough_until) {
    rd_kafka_poll(client_->get(), 100);  // brokers that have just started are not all known yet
    FC_ASSIGN_OR_RETURN(before, Metadata(*client_, topics, patience_));
  }
  if (static_cast<int>(before.brokers.size()) < replicas) {
    return absl::FailedPreconditionError(StrCat("the cluster has ", before.brokers.size(), " brokers now, too few for ",
                                                replicas, " replicas; start the others"));
  }
  std::vector<rd_kafka_NewTopic_t*> wanted;
  std::vector<std::string> names;
  char error[256];
  for (size_t i = 0; i < topics.size(); ++i) {
    const auto& [name, count] = topics[i];
    if (!before.topics[i].partitions.empty()) continue;
    rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), count, replicas, error, sizeof error);
    FC_CHECK(topic != nullptr, error);
    const bool hints = plan.directory && i + 1 == topics.size();
    const std::string retention = hints ? "600000" : "-1";
    for (const auto& [setting, value] : std::initializer_list<std::pair<const char*, std::string>>{
             {"min.insync.replicas", replicas == 1 ? "1" : "2"},
             {"unclean.leader.election.enable", "false"},
             {"cleanup.policy", "delete"},
             {"retention.ms", retention},
             {"retention.bytes", hints ? "67108864" : "-1"},
             {"segment.bytes", hints ? "16777216" : "1073741824"},
             {"max.message.bytes", StrCat(kKafkaMaxMessageBytes)},
             {"message.timestamp.type", "CreateTime"},
             {"compression.type", "producer"}}) {
      rd_kafka_NewTopic_set_config(topic, setting, value.c_str());
    }
    wanted.push_back(topic);
    names.push_back(name);
  }
  if (wanted.empty()) return names;
  auto event = Ask(*client_, RD_KAFKA_ADMIN_OP_CREATETOPICS, patience_, "making topics",
                   [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                     rd_kafka_CreateTopics(client_->get(), wanted.data(), wanted.size(), options, queue);
                   });
  rd_kafka_NewTopic_destroy_array(wanted.data(), wanted.size());
  if (!event.ok()) return event.status();
  size_t count = 0;
  const auto* made = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(made[i]);
    // Somebody else may have made it between the look and now.
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* text = rd_kafka_topic_result_error_string(made[i]);
    return client_->Trouble(code, StrCat("making topic ", rd_kafka_topic_result_name(made[i]), text ? " (" : "",
                                         text ? text : "", text ? ")" : ""));
  }
  // The other brokers hear of them a moment later; whoever asks next, and any of them, should find them there. Which broker
  // answers is chance: so it takes some answers in a row.
  const int64_t until = MonotonicMicros() + patience_.raw();
  for (int in_a_row = 0; MonotonicMicros() < until;) {
    FC_ASSIGN_OR_RETURN(const KafkaFacts now, Metadata(*client_, topics, patience_));
    const bool all = std::all_of(now.topics.begin(), now.topics.end(), [](const KafkaFacts::Topic& t) {
      return !t.partitions.empty() &&
             std::all_of(t.partitions.begin(), t.partitions.end(), [](const auto& p) { return p.leader >= 0; });
    });
    in_a_row = all ? in_a_row + 1 : 0;
    if (in_a_row >= 3 * static_cast<int>(now.brokers.size())) return names;
    rd_kafka_poll(client_->get(), all ? 10 : 50);
  }
  return absl::DeadlineExceededError("the topics were made, but not all of their partitions have a leader yet; check again");
}

absl::StatusOr<Duration> KafkaAdmin::ShortestSession(Duration wanted) {
  FC_ASSIGN_OR_RETURN(const KafkaFacts facts, Look({.partitions = {}, .directory = false}));
  int64_t session = wanted.raw() / 1000;
  for (const KafkaFacts::Broker& broker : facts.brokers) {
    const auto it = broker.settings.find("group.min.session.timeout.ms");
    int64_t floor_ms = 0;
    if (it == broker.settings.end() || !absl::SimpleAtoi(it->second, &floor_ms)) {
      return absl::UnavailableError(StrCat("broker ", broker.id, " does not tell its group.min.session.timeout.ms: ",
                                           broker.unseen.empty() ? "no such setting" : broker.unseen));
    }
    session = std::max(session, floor_ms);
  }
  return Duration::Millis(session);
}

absl::Status KafkaAdmin::TrimBefore(std::string_view prefix, LogPartition partition, LogOffset offset) {
  const std::string topic = KafkaTopic(prefix, partition.service);
  const std::string doing = StrCat("trimming topic ", topic, " partition ", partition.partition.raw(), " before offset ", offset);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition.partition.raw())->offset = static_cast<int64_t>(offset);
  rd_kafka_DeleteRecords_t* request = rd_kafka_DeleteRecords_new(list);
  rd_kafka_topic_partition_list_destroy(list);
  auto event = Ask(*client_, RD_KAFKA_ADMIN_OP_DELETERECORDS, patience_, doing,
                   [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                     rd_kafka_DeleteRecords(client_->get(), &request, 1, options, queue);
                   });
  rd_kafka_DeleteRecords_destroy(request);
  if (!event.ok()) return event.status();
  const auto* result = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  for (int i = 0; i < result->cnt; ++i) {
    if (result->elems[i].err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      return absl::OutOfRangeError(StrCat(doing, ": the log does not reach that far; nothing was trimmed"));
    }
    if (result->elems[i].err) return client_->Trouble(result->elems[i].err, doing);
  }
  return absl::OkStatus();
}

}  // namespace fundcore
