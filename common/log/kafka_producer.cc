// The idempotent producer. See kafka_producer.h.
#include "common/log/kafka_producer.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include <chrono>
#include <mutex>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"

namespace fundcore {

struct KafkaProducer::Generation {
  std::unique_ptr<KafkaClient> client;
  std::vector<rd_kafka_topic_t*> topics;
  ~Generation() {
    for (rd_kafka_topic_t* t : topics) rd_kafka_topic_destroy(t);
  }
};

KafkaProducer::KafkaProducer(Options options) : options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Open(Options options) {
  auto producer = std::unique_ptr<KafkaProducer>(new KafkaProducer(std::move(options)));
  FC_RETURN_IF_ERROR(producer->Make(&producer->generation_));
  producer->thread_ = std::thread([p = producer.get()] {
    pthread_setname_np(pthread_self(), "kafka-acks");
    p->Loop();
  });
  return producer;
}

KafkaProducer::~KafkaProducer() { Close(); }

absl::Status KafkaProducer::Make(std::unique_ptr<Generation>* generation) {
  auto made = std::make_unique<Generation>();
  FC_ASSIGN_OR_RETURN(
      made->client,
      KafkaClient::Make(KafkaClient::Role::kProducer, options_.connection,
                        {{"acks", "all"},
                         {"enable.idempotence", "true"},
                         {"message.timeout.ms", StrCat(options_.message_timeout.raw() / 1000)},
                         {"linger.ms", StrCat(static_cast<double>(options_.linger.raw()) / 1000)},
                         // How long a broker waits for its replicas before it says so and the message is sent again.
                         {"request.timeout.ms", "3000"},
                         {"message.max.bytes", StrCat(18u << 20)},
                         {"queue.buffering.max.messages", "1000000"},
                         {"queue.buffering.max.kbytes", "1048576"}},
                        this, [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_dr_msg_cb(conf, &KafkaProducer::OnDelivery); }));
  for (const std::string& name : options_.topics) {
    rd_kafka_topic_t* topic = rd_kafka_topic_new(made->client->get(), name.c_str(), nullptr);
    if (topic == nullptr) return made->client->Trouble(rd_kafka_last_error(), StrCat("using topic ", name));
    made->topics.push_back(topic);
  }
  *generation = std::move(made);
  generations_.fetch_add(1, std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status KafkaProducer::Send(std::unique_ptr<KafkaSent>* message) {
  std::shared_lock lock(mu_);
  if (closed_) return absl::FailedPreconditionError("the log is closed; nothing was appended");
  if (generation_ == nullptr) {
    return absl::UnavailableError("the Kafka producer is being replaced; append the same again");
  }
  KafkaSent* m = message->get();
  // Neither copied nor freed by librdkafka: the message holds its bytes until the report.
  if (rd_kafka_produce(generation_->topics[m->topic], m->partition, 0, const_cast<char*>(m->buffer->data()),
                       m->buffer->size(), nullptr, 0, m) == 0) {
    message->release();
    return absl::OkStatus();
  }
  const rd_kafka_resp_err_t code = rd_kafka_last_error();
  return absl::UnavailableError(StrCat("Kafka takes nothing for ", options_.topics[m->topic], " partition ", m->partition,
                                       " now (", rd_kafka_err2str(code), "); append the same again"));
}

void KafkaProducer::OnDelivery(rd_kafka_s*, const rd_kafka_message_s* message, void* opaque) {
  auto* self = static_cast<KafkaProducer*>(KafkaClient::Owner(opaque));
  std::unique_ptr<KafkaSent> sent(static_cast<KafkaSent*>(message->_private));
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    // Below zero where it was acknowledged by inference: a later one got in, or the broker saw this one before.
    sent->offset = message->offset < 0 ? -1 : message->offset;
  } else {
    sent->surely_absent = rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
    sent->too_large = message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    sent->status = absl::UnavailableError(StrCat("the effect of an append to ", self->options_.topics[sent->topic],
                                                 " partition ", sent->partition, " is unknown (",
                                                 rd_kafka_err2str(message->err), "); append the same again"));
  }
  self->reports_.push_back(std::move(sent));
}

void KafkaProducer::Report() {
  if (reports_.empty()) return;
  std::vector<std::unique_ptr<KafkaSent>> reports;
  reports.swap(reports_);
  options_.on_reports(reports);
}

void KafkaProducer::Loop() {
  // Only this thread changes the generation while the loop runs, so it may look at it without the lock.
  while (!closing_) {
    if (generation_ == nullptr) {
      std::unique_ptr<Generation> next;
      if (const absl::Status status = Make(&next); !status.ok()) {
        // Only for want of memory or threads; there may be some in a moment.
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        continue;
      }
      std::unique_lock lock(mu_);
      generation_ = std::move(next);
    }
    rd_kafka_poll(generation_->client->get(), 100);
    Report();
    char text[256];
    if (rd_kafka_fatal_error(generation_->client->get(), text, sizeof text) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      generation_->client->Tell(StrCat("Kafka: the producer failed for good and is replaced: ", text));
      Replace();
    }
  }
  if (generation_ != nullptr) {
    Drain(options_.close_grace);
    std::unique_lock lock(mu_);
    generation_.reset();
  }
}

void KafkaProducer::Replace() {
  std::unique_ptr<Generation> old;
  {
    // From here on Send refuses, so that the old one can run empty.
    std::unique_lock lock(mu_);
    old = std::move(generation_);
  }
  rd_kafka_purge(old->client->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(old->client->get()) > 0) {
    rd_kafka_poll(old->client->get(), 10);
    Report();
  }
}

void KafkaProducer::Drain(Duration patience) {
  rd_kafka_t* client = generation_->client->get();
  const int64_t until = MonotonicMicros() + patience.raw();
  while (rd_kafka_outq_len(client) > 0 && MonotonicMicros() < until) {
    rd_kafka_poll(client, 10);
    Report();
  }
  if (rd_kafka_outq_len(client) == 0) return;
  rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (rd_kafka_outq_len(client) > 0) {
    rd_kafka_poll(client, 10);
    Report();
  }
}

void KafkaProducer::Close() {
  {
    std::unique_lock lock(mu_);
    closed_ = true;
    closing_ = true;
    if (generation_ != nullptr) {
      rd_kafka_queue_t* reports = rd_kafka_queue_get_main(generation_->client->get());
      rd_kafka_queue_yield(reports);  // the loop looks up
      rd_kafka_queue_destroy(reports);
    }
  }
  if (thread_.joinable()) thread_.join();
}

void KafkaProducer::BreakForTest() {
  std::shared_lock lock(mu_);
  if (generation_ != nullptr) {
    rd_kafka_test_fatal_error(generation_->client->get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "asked for by a test");
  }
}

}  // namespace fundcore
