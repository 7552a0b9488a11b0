// The bare producer. See raw_producer.h.
#include "tests/cluster/support/raw_producer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"

namespace fundcore::testing {
namespace {

using Settings = std::initializer_list<std::pair<const char*, std::string>>;

// An idempotent producer; `more` wins.
rd_kafka_t* MakeProducer(const std::string& brokers, void (*report)(rd_kafka_t*, const rd_kafka_message_t*, void*), void* opaque,
                         Settings more) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* key, const std::string& value) {
    FC_CHECK(rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK, error);
  };
  for (const auto& [key, value] :
       Settings{{"bootstrap.servers", brokers}, {"enable.idempotence", "true"}, {"acks", "all"}, {"linger.ms", "0"},
                {"reconnect.backoff.ms", "20"}, {"reconnect.backoff.max.ms", "200"}, {"retry.backoff.ms", "20"},
                {"topic.metadata.refresh.fast.interval.ms", "50"}, {"log_level", "0"}}) {
    set(key, value);
  }
  for (const auto& [key, value] : more) set(key, value);
  rd_kafka_conf_set_dr_msg_cb(conf, report);
  rd_kafka_conf_set_opaque(conf, opaque);
  rd_kafka_t* kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  FC_CHECK(kafka != nullptr, error);
  return kafka;
}

// A topic that is there already is as good.
void MakeTopic(rd_kafka_t* kafka, const char* name, int partitions, int replicas) {
  char error[512];
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name, partitions, replicas, error, sizeof error);
  if (replicas > 1) rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", "2");
  rd_kafka_queue_t* queue = rd_kafka_queue_new(kafka);
  rd_kafka_CreateTopics(kafka, &topic, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 20'000);
  if (event != nullptr) rd_kafka_event_destroy(event);
  rd_kafka_NewTopic_destroy(topic);
  rd_kafka_queue_destroy(queue);
}

}  // namespace

struct RawProducer::Impl {
  rd_kafka_t* kafka = nullptr;
  std::atomic<bool> ended{false};
  std::atomic<uint64_t> acknowledged{0};
  mutable std::mutex mutex;
  int64_t last_us = 0, longest_us = 0;
  std::thread thread;

  static void OnReport(rd_kafka_t*, const rd_kafka_message_t* m, void* opaque) {
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    auto* self = static_cast<Impl*>(opaque);
    ++self->acknowledged;
    const int64_t now = MonotonicMicros();
    std::lock_guard lock(self->mutex);
    self->longest_us = std::max(self->longest_us, now - self->last_us);
    self->last_us = now;
  }

  void Work() {
    const char bytes[200] = {};
    while (!ended) {
      (void)rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC("raw-producer"), RD_KAFKA_V_PARTITION(0),
                              RD_KAFKA_V_VALUE(const_cast<char*>(bytes), sizeof bytes),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
      // Some hundred a second are enough to see gaps, and do not fill disks.
      const int64_t next = MonotonicMicros() + 3'000;
      while (MonotonicMicros() < next) rd_kafka_poll(kafka, 1);
    }
  }
};

RawProducer::RawProducer(const std::string& brokers, int replicas) : impl_(new Impl) {
  impl_->kafka = MakeProducer(brokers, &Impl::OnReport, impl_.get(), {});
  MakeTopic(impl_->kafka, "raw-producer", 1, replicas);
  impl_->last_us = MonotonicMicros();
  impl_->thread = std::thread([this] { impl_->Work(); });
}

RawProducer::~RawProducer() {
  impl_->ended = true;
  impl_->thread.join();
  rd_kafka_purge(impl_->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(impl_->kafka, 1'000);
  rd_kafka_destroy(impl_->kafka);
}

void RawProducer::Mark() {
  std::lock_guard lock(impl_->mutex);
  impl_->longest_us = 0;
  impl_->last_us = std::max(impl_->last_us, MonotonicMicros() - 5'000);
}

double RawProducer::LongestGap() const {
  std::lock_guard lock(impl_->mutex);
  return static_cast<double>(std::max(impl_->longest_us, MonotonicMicros() - impl_->last_us)) / 1e6;
}

uint64_t RawProducer::acknowledged() const { return impl_->acknowledged.load(); }

TopicSums TopicFigures(const std::string& brokers, const std::string& broker_data, const std::string& prefix) {
  TopicSums sums;
  rd_kafka_t* kafka = MakeProducer(brokers, nullptr, nullptr, {});
  const rd_kafka_metadata_t* metadata = nullptr;
  FC_CHECK(rd_kafka_metadata(kafka, 1, nullptr, &metadata, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR, "no metadata");
  for (int t = 0; t < metadata->topic_cnt; ++t) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[t];
    if (!std::string(topic.topic).starts_with(prefix)) continue;
    for (int p = 0; p < topic.partition_cnt; ++p) {
      int64_t low = 0, high = 0;
      FC_CHECK(rd_kafka_query_watermark_offsets(kafka, topic.topic, p, &low, &high, 10'000) == RD_KAFKA_RESP_ERR_NO_ERROR,
               "no end of ", topic.topic);
      sums.records += static_cast<uint64_t>(high);
    }
  }
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_destroy(kafka);
  for (const auto& e : std::filesystem::recursive_directory_iterator(broker_data)) {
    if (e.path().extension() == ".log" && e.path().parent_path().filename().string().starts_with(prefix)) sums.bytes += e.file_size();
  }
  return sums;
}

double MeasureRawProduce(const std::string& brokers, uint64_t messages, uint64_t message_bytes) {
  std::atomic<uint64_t> acknowledged{0};
  rd_kafka_t* kafka = MakeProducer(
      brokers,
      [](rd_kafka_t*, const rd_kafka_message_t* m, void* opaque) {
        FC_CHECK(m->err == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(m->err));
        ++*static_cast<std::atomic<uint64_t>*>(opaque);
      },
      &acknowledged, {{"queue.buffering.max.messages", "100000"}, {"message.max.bytes", "17825792"}});
  MakeTopic(kafka, "raw-produce", 8, 1);
  std::string bytes(message_bytes, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  const int64_t began = MonotonicMicros();
  for (uint64_t n = 0; n < messages; ++n) {
    while (rd_kafka_producev(kafka, RD_KAFKA_V_TOPIC("raw-produce"), RD_KAFKA_V_PARTITION(static_cast<int32_t>(n % 8)),
                             RD_KAFKA_V_VALUE(bytes.data(), bytes.size()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(kafka, 5);
    }
    rd_kafka_poll(kafka, 0);
  }
  while (acknowledged < messages) rd_kafka_poll(kafka, 50);
  const double took = static_cast<double>(MonotonicMicros() - began) / 1e6;
  rd_kafka_destroy(kafka);
  return took;
}

}  // namespace fundcore::testing
