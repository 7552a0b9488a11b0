// Members of consumer groups that own and never consume. See kafka_ownership.h.
#include "common/log/kafka_ownership.h"

#include <memory>
#include <chrono>
#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/kafka_client.h"

namespace fundcore {

// One service's group. All of its state belongs to its thread, on which librdkafka's callbacks run as well.
class KafkaOwnership::Member {
 public:
  Member(const Options& options, ServiceId service, const OnChange& on_change)
      : service_(service), topic_(KafkaTopic(options.prefix, service)), on_change_(on_change) {
    const int64_t session = options.session.raw() / 1000;
    settings_ = {{"group.id", topic_},
                 {"partition.assignment.strategy", "cooperative-sticky"},
                 {"session.timeout.ms", StrCat(session)},
                 // librdkafka looks whether one is due every half second or so: a third of a short session would often
                 // become half of it. The others hear of a change with their next heartbeat, too.
                 {"heartbeat.interval.ms", StrCat(session / 5)},
                 // The topic's partitions never change, and an answer that comes amid a rebalance starts it anew.
                 {"topic.metadata.refresh.interval.ms", "60000"},
                 {"max.poll.interval.ms", StrCat(std::max<int64_t>(session, 300'000))},
                 {"enable.auto.commit", "false"},
                 {"enable.auto.offset.store", "false"},
                 {"auto.offset.reset", "latest"},
                 // Nothing is to be fetched; should a fetch slip in before the pause, it is small.
                 {"queued.min.messages", "1"},
                 {"fetch.message.max.bytes", "1"}};
  }
  ~Member() { Leave(); }

  absl::Status Join(const KafkaConnection& connection) {
    FC_ASSIGN_OR_RETURN(client_,
                        KafkaClient::Make(KafkaClient::Role::kConsumer, connection, settings_, this, [](rd_kafka_conf_t* conf) {
                          rd_kafka_conf_set_rebalance_cb(conf, [](rd_kafka_t*, rd_kafka_resp_err_t code,
                                                                  rd_kafka_topic_partition_list_t* partitions, void* opaque) {
                            static_cast<Member*>(KafkaClient::Owner(opaque))->OnRebalance(code, partitions);
                          });
                        }));
    rd_kafka_poll_set_consumer(client_->get());
    rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic_.c_str(), RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t code = rd_kafka_subscribe(client_->get(), topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return client_->Trouble(code, StrCat("joining group ", topic_));
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "kafka-group");
      Loop();
    });
    return absl::OkStatus();
  }

  // The two halves of leaving, so that several members leave at the same time.
  void BeginLeave() {
    // Once: the thread lets go of the client as soon as it sees the sign.
    if (leaving_.exchange(true) || client_ == nullptr) return;
    rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client_->get());
    if (queue == nullptr) return;
    rd_kafka_queue_yield(queue);
    rd_kafka_queue_destroy(queue);
  }
  void Leave() {
    BeginLeave();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Loop() {
    while (!leaving_) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(client_->get(), 100);
      if (message == nullptr) continue;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        client_->Tell(StrCat("Kafka group ", topic_, ": ", rd_kafka_message_errstr(message),
                             message->err == RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT
                                 ? "; use a longer session, or lower group.min.session.timeout.ms on the brokers"
                                 : ""));
      }
      rd_kafka_message_destroy(message);
    }
    // Callbacks run within; the group hears of it at once.
    rd_kafka_consumer_close(client_->get());
    while (!held_.empty()) Change(*held_.begin(), false);
    // The group has been left. The handle itself is kept until the process ends: librdkafka 2.0.2 may hang or abort while it
    // destroys a sticky consumer (rd_kafka_sticky_assignor_state_destroy), and a process leaves its groups once.
    (void)client_.release();
  }

  void OnRebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions) {
    rd_kafka_t* handle = client_->get();
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      for (int i = 0; i < partitions->cnt; ++i) partitions->elems[i].offset = RD_KAFKA_OFFSET_END;
      Destroy(rd_kafka_incremental_assign(handle, partitions));
      rd_kafka_pause_partitions(handle, partitions);
      std::set<int32_t> granted;
      for (int i = 0; i < partitions->cnt; ++i) granted.insert(partitions->elems[i].partition);
      if (lost_) {
        // The group has spoken again: this is all that is ours now.
        lost_ = false;
        const std::set<int32_t> before = held_;
        for (const int32_t p : before)
          if (!granted.contains(p)) Change(p, false);
      }
      for (const int32_t p : granted) Change(p, true);
    } else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
      if (rd_kafka_assignment_lost(handle) && !leaving_) {
        lost_ = true;
        client_->Tell(StrCat("Kafka group ", topic_, ": this member was silent for too long and joins again"));
      } else {
        for (int i = 0; i < partitions->cnt; ++i) Change(partitions->elems[i].partition, false);
      }
      Destroy(rd_kafka_incremental_unassign(handle, partitions));
    } else {
      rd_kafka_assign(handle, nullptr);
    }
  }

  void Change(int32_t partition, bool granted) {
    if (granted) {
      held_.insert(partition);
    } else if (held_.erase(partition) == 0) {
      return;
    }
    on_change_({service_, PartitionId(static_cast<uint16_t>(partition))}, granted);
  }

  void Destroy(rd_kafka_error_t* error) {
    if (error == nullptr) return;
    client_->Tell(StrCat("Kafka group ", topic_, ": ", rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
  }

  const ServiceId service_;
  const std::string topic_;
  const OnChange on_change_;
  KafkaClient::Settings settings_;
  std::unique_ptr<KafkaClient> client_;
  std::set<int32_t> held_;  // granted and not revoked
  bool lost_ = false;       // the group gave this member up; held_ is from before
  std::atomic<bool> leaving_{false};
  std::thread thread_;
};

KafkaOwnership::KafkaOwnership(Options options) : options_(std::move(options)) {}
KafkaOwnership::~KafkaOwnership() { Stop(); }

absl::Status KafkaOwnership::Start(OnChange on_change) {
  FC_CHECK(members_.empty(), "Start was called twice");
  FC_RETURN_IF_ERROR(ValidatePrefix(options_.prefix));
  if (options_.session < kShortestSession || options_.session > Duration::Seconds(300)) {
    return absl::InvalidArgumentError(StrCat("a group session of ", options_.session.raw() / 1000, " ms is none; from ",
                                             kShortestSession.raw() / 1000, " ms to 5 minutes are possible"));
  }
  for (const ServiceId service : options_.services) {
    members_.push_back(std::make_unique<Member>(options_, service, on_change));
    if (const absl::Status status = members_.back()->Join(options_.connection); !status.ok()) {
      Stop();
      return status;
    }
  }
  return absl::OkStatus();
}

void KafkaOwnership::Stop() {
  for (auto& member : members_) member->BeginLeave();
  members_.clear();
}

}  // namespace fundcore
