// Errors that carry a reason: the public google.rpc detail messages as payloads of an absl::Status. See handlers.h.
#include "common/rpc/handlers.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "common/rpc/reason_words.h"
#include "common/rpc/wire.h"
#include "google/rpc/error_details.pb.h"

namespace fundcore::rpc {
namespace {

constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

template <class Detail>
bool ReadPayload(const absl::Status& status, const char* url, Detail* detail) {
  const auto payload = status.GetPayload(url);
  return payload && detail->ParseFromString(std::string(*payload));
}

}  // namespace

absl::Status ErrorWithReason(absl::StatusCode code, std::string_view reason, std::string_view message,
                             std::initializer_list<std::pair<std::string_view, std::string_view>> metadata) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain("fundcore");
  if (const ReasonWords* words = FindReasonWords(reason)) {
    (*info.mutable_metadata())["text_zh"] = std::string(words->zh);
    if (!words->code.empty()) (*info.mutable_metadata())["return_code"] = std::string(words->code);
  }
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[std::string(key)] = std::string(value);
  absl::Status status(code, std::string(message));
  status.SetPayload(kErrorInfoUrl, absl::Cord(DeterministicBytes(info)));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  return ReadPayload(status, kErrorInfoUrl, &info) ? info.reason() : std::string();
}

absl::Status TryAgainLater(std::string_view message, Duration delay) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(delay.raw() / 1'000'000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(delay.raw() % 1'000'000) * 1'000);
  absl::Status status(absl::StatusCode::kResourceExhausted, std::string(message));
  status.SetPayload(kRetryInfoUrl, absl::Cord(DeterministicBytes(retry)));
  return status;
}

Duration RetryDelayOf(const absl::Status& status) {
  google::rpc::RetryInfo retry;
  if (!ReadPayload(status, kRetryInfoUrl, &retry)) return Duration();
  // The value comes from a peer: keep it within an hour, so that no arithmetic on it overflows.
  const int64_t seconds = std::clamp<int64_t>(retry.retry_delay().seconds(), 0, 3'600);
  return Duration::Micros(seconds * 1'000'000 + std::clamp(retry.retry_delay().nanos(), 0, 999'999'999) / 1'000);
}

}  // namespace fundcore::rpc
