// The bare producer. See raw_producer.h.
#include "tests/cluster/support/raw_producer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"

namespace fundcore::testing {

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
      rd_kafka_poll(kafka, 5);
    }
  }
};

RawProducer::RawProducer(const std::string& brokers, int replicas) : impl_(new Impl) {
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const auto set = [&](const char* key, const std::string& value) {
    FC_CHECK(rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK, error);
  };
  set("bootstrap.servers", brokers);
  set("enable.idempotence", "true");
  set("acks", "all");
  set("linger.ms", "0");
  set("reconnect.backoff.ms", "20");
  set("reconnect.backoff.max.ms", "200");
  set("retry.backoff.ms", "20");
  set("topic.metadata.refresh.fast.interval.ms", "50");
  rd_kafka_conf_set_dr_msg_cb(conf, &Impl::OnReport);
  rd_kafka_conf_set_opaque(conf, impl_.get());
  impl_->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  FC_CHECK(impl_->kafka != nullptr, error);
  // The topic; there already is as good.
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new("raw-producer", 1, replicas, error, sizeof error);
  if (replicas > 1) rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", "2");
  rd_kafka_queue_t* queue = rd_kafka_queue_new(impl_->kafka);
  rd_kafka_CreateTopics(impl_->kafka, &topic, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 20'000);
  if (event != nullptr) rd_kafka_event_destroy(event);
  rd_kafka_NewTopic_destroy(topic);
  rd_kafka_queue_destroy(queue);
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

}  // namespace fundcore::testing
