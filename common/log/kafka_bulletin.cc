// Notices to every process over one topic. See kafka_bulletin.h.
#include "common/log/kafka_bulletin.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/kafka_client.h"

namespace fundcore {

KafkaBulletin::KafkaBulletin(std::string topic) : topic_(std::move(topic)) {}
KafkaBulletin::~KafkaBulletin() { Close(); }

absl::StatusOr<std::unique_ptr<KafkaBulletin>> KafkaBulletin::Open(const KafkaConnection& connection, std::string_view prefix) {
  FC_RETURN_IF_ERROR(ValidatePrefix(prefix));
  auto bulletin = std::unique_ptr<KafkaBulletin>(new KafkaBulletin(KafkaDirectoryTopic(prefix)));
  // Hints need neither order nor all replicas: one broker's word is enough.
  FC_ASSIGN_OR_RETURN(bulletin->writer_,
                      KafkaClient::Make(KafkaClient::Role::kProducer, connection,
                                        {{"acks", "1"}, {"linger.ms", "0"}, {"message.timeout.ms", "5000"}}));
  FC_ASSIGN_OR_RETURN(bulletin->reader_, KafkaClient::Make(KafkaClient::Role::kConsumer, connection,
                                                           {{"enable.auto.commit", "false"},
                                                            {"enable.auto.offset.store", "false"},
                                                            {"auto.offset.reset", "latest"},
                                                            {"fetch.wait.max.ms", "500"},
                                                            {"fetch.error.backoff.ms", "50"}}));
  bulletin->write_topic_ = rd_kafka_topic_new(bulletin->writer_->get(), bulletin->topic_.c_str(), nullptr);
  bulletin->read_topic_ = rd_kafka_topic_new(bulletin->reader_->get(), bulletin->topic_.c_str(), nullptr);
  FC_CHECK(bulletin->write_topic_ != nullptr && bulletin->read_topic_ != nullptr, bulletin->topic_);
  return bulletin;
}

void KafkaBulletin::OnBulletin(std::function<void(std::string_view)> on_bulletin) {
  FC_CHECK(!thread_.joinable(), "OnBulletin was called twice");
  on_bulletin_ = std::move(on_bulletin);
  FC_CHECK(rd_kafka_consume_start(read_topic_, 0, RD_KAFKA_OFFSET_END) == 0, rd_kafka_err2str(rd_kafka_last_error()));
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "kafka-bulletin");
    Loop();
  });
}

void KafkaBulletin::Loop() {
  while (!closing_) {
    rd_kafka_message_t* message = rd_kafka_consume(read_topic_, 0, 100);
    rd_kafka_poll(reader_->get(), 0);
    rd_kafka_poll(writer_->get(), 0);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      on_bulletin_({static_cast<const char*>(message->payload), message->len});
    } else {
      reader_->Tell(StrCat("Kafka: reading topic ", topic_, ": ", rd_kafka_message_errstr(message)));
    }
    rd_kafka_message_destroy(message);
  }
}

void KafkaBulletin::Publish(std::string bytes) {
  if (closing_) return;
  if (rd_kafka_produce(write_topic_, 0, RD_KAFKA_MSG_F_COPY, bytes.data(), bytes.size(), nullptr, 0,
                       nullptr) != 0) {
    writer_->Tell(StrCat("Kafka: a notice of ", bytes.size(), " bytes for topic ", topic_, " was dropped: ",
                         rd_kafka_err2str(rd_kafka_last_error())));
  }
}

void KafkaBulletin::Close() {
  std::lock_guard lock(close_mu_);
  closing_ = true;
  const bool listening = thread_.joinable();
  if (listening) thread_.join();
  if (read_topic_ != nullptr) {
    if (listening) rd_kafka_consume_stop(read_topic_, 0);
    rd_kafka_topic_destroy(read_topic_);
    read_topic_ = nullptr;
  }
  if (write_topic_ != nullptr) {
    rd_kafka_flush(writer_->get(), 200);  // the last notice is often "I am leaving"
    rd_kafka_purge(writer_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(writer_->get(), 100);
    rd_kafka_topic_destroy(write_topic_);
    write_topic_ = nullptr;
  }
  reader_.reset();
  writer_.reset();
}

}  // namespace fundcore
