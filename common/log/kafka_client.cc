// Making librdkafka clients. See kafka_client.h.
#include "common/log/kafka_client.h"

#include <librdkafka/rdkafka.h>
#include <syslog.h>

#include <algorithm>

#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"

namespace fundcore {

namespace {

// Order and durability of the log, and the group protocol, rest on these; nobody may set them from outside.
constexpr const char* kOurs[] = {
    "acks", "request.required.acks", "enable.idempotence", "enable.gapless.guarantee", "transactional.id", "retries",
    "message.send.max.retries", "max.in.flight", "max.in.flight.requests.per.connection", "message.timeout.ms",
    "delivery.timeout.ms", "auto.offset.reset", "enable.auto.commit", "auto.commit.enable", "enable.auto.offset.store",
    "group.id", "group.instance.id", "partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms",
    "isolation.level", "check.crcs", "message.max.bytes", "bootstrap.servers", "metadata.broker.list", "client.id",
    "allow.auto.create.topics", "enable.partition.eof", "queuing.strategy", "delivery.report.only.error",
};

// Quick to notice a broker that is gone, and to find it again. May be overridden.
const KafkaClient::Settings& Defaults() {
  static const KafkaClient::Settings kDefaults = {
      {"socket.nagle.disable", "true"},
      {"socket.keepalive.enable", "true"},
      // A frozen broker keeps its connections: only time shows that it is gone.
      {"socket.timeout.ms", "3000"},
      {"socket.connection.setup.timeout.ms", "3000"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "500"},
      {"topic.metadata.refresh.interval.ms", "1000"},
      {"topic.metadata.refresh.fast.interval.ms", "50"},
      {"retry.backoff.ms", "50"},
      {"log.connection.close", "false"},
      {"log_level", "5"},
  };
  return kDefaults;
}

}  // namespace

std::string KafkaTopic(std::string_view prefix, ServiceId id) { return StrCat(prefix, ".", ServiceName(id)); }
std::string KafkaDirectoryTopic(std::string_view prefix) { return StrCat(prefix, ".directory"); }

absl::Status ValidatePrefix(std::string_view prefix) {
  const bool good = !prefix.empty() && prefix.size() <= 200 && prefix[0] != '.' &&
                    std::all_of(prefix.begin(), prefix.end(), [](char c) {
                      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                             c == '_' || c == '-';
                    });
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(StrCat("topic prefix \"", prefix,
                                           "\" is none: give 1 to 200 letters, digits, '.', '_' or '-', not starting with '.'"));
}

absl::Status ValidateConnection(const KafkaConnection& connection) {
  if (connection.brokers.empty()) {
    return absl::InvalidArgumentError("no Kafka brokers were given; name at least one as host:port");
  }
  for (absl::string_view broker : absl::StrSplit(connection.brokers, ',')) {
    const size_t colon = broker.rfind(':');
    const absl::string_view port = colon == absl::string_view::npos ? absl::string_view() : broker.substr(colon + 1);
    int number = 0;
    if (colon == 0 || port.empty() || port.size() > 5 || !absl::SimpleAtoi(port, &number) || number < 1 || number > 65535) {
      return absl::InvalidArgumentError(StrCat("Kafka broker \"", std::string(broker), "\" is not of the form host:port"));
    }
  }
  for (const auto& [name, value] : connection.properties) {
    if (std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs)) {
      return absl::InvalidArgumentError(
          StrCat("Kafka property ", name, " is not yours to set: what is promised rests on it; remove it"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<KafkaClient>> KafkaClient::Make(Role role, const KafkaConnection& connection,
                                                               const Settings& settings, void* owner,
                                                               const std::function<void(rd_kafka_conf_s*)>& configure) {
  FC_RETURN_IF_ERROR(ValidateConnection(connection));
  auto client = std::unique_ptr<KafkaClient>(new KafkaClient(connection, owner));
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  const Settings basics = {{"bootstrap.servers", connection.brokers},
                           {"client.id", connection.client_id.empty() ? "fundcore" : connection.client_id}};
  for (const Settings* group : {&Defaults(), &basics, &connection.properties, &settings}) {
    for (const auto& [name, value] : *group) {
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return absl::InvalidArgumentError(StrCat("Kafka property ", name, " = \"", value, "\" is refused: ", error));
      }
    }
  }
  rd_kafka_conf_set_opaque(conf, client.get());
  rd_kafka_conf_set_log_cb(conf, &KafkaClient::OnLog);
  if (configure) configure(conf);
  client->handle_ =
      rd_kafka_new(role == Role::kProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (client->handle_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return absl::InvalidArgumentError(StrCat("a Kafka client cannot be made with these properties: ", error));
  }
  return client;
}

KafkaClient::~KafkaClient() {
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaClient::OnLog(const rd_kafka_s* handle, int level, const char* fac, const char* text) {
  if ((level > LOG_WARNING && std::string_view(fac) != "FAIL") || std::string_view(fac) == "CONFWARN") return;
  auto* self = static_cast<KafkaClient*>(rd_kafka_opaque(handle));
  if (self == nullptr) return;
  std::string_view line(text);
  if (line.starts_with("[thrd:")) {  // which thread says it is nobody's business
    const size_t end = line.find("]: ");
    if (end != std::string_view::npos) line.remove_prefix(end + 3);
  }
  // "2/2 brokers are down" says nothing that the line before it did not say better.
  if (line.find("brokers are down") == std::string_view::npos) {
    std::lock_guard lock(self->mu_);
    self->last_trouble_ = std::string(line);
  }
  self->Tell(StrCat("Kafka: ", line));
}

void KafkaClient::Tell(const std::string& text) {
  if (!connection_.tell) return;
  {
    std::lock_guard lock(mu_);
    const int64_t now = MonotonicMicros();
    if (now - told_at_ < 1'000'000) return;
    told_at_ = now;
  }
  connection_.tell(text);
}

std::string KafkaClient::LastTrouble() const {
  std::lock_guard lock(mu_);
  return last_trouble_;
}

absl::Status KafkaClient::Trouble(int error, std::string_view doing) const {
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  const std::string last = LastTrouble();
  const std::string why = last.empty() ? "" : StrCat("; the last trouble was: ", last);
  switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return absl::PermissionDeniedError(StrCat(doing, ": Kafka refuses this user (", rd_kafka_err2str(code),
                                                "); give it the rights, or another user with its properties", why));
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__NOENT:
      return absl::NotFoundError(StrCat(doing, ": there is no such topic or partition, or this user may not see it"));
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      // A failed login shows as a broker that cannot be used.
      if (last.find("uthenticat") != std::string::npos) {
        return absl::PermissionDeniedError(StrCat(doing, ": no broker of ", connection_.brokers,
                                                  " takes this login; correct its properties (security.protocol, sasl.*)", why));
      }
      return absl::UnavailableError(StrCat(doing, ": no broker of ", connection_.brokers,
                                           " answered in time; check the address and that Kafka runs", why));
    default:
      return absl::InternalError(StrCat(doing, ": ", rd_kafka_err2str(code), why));
  }
}

}  // namespace fundcore
