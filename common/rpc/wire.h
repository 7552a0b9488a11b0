// What every way of carrying a message shares: its largest size, its bytes, and the errors that name both. No grpc++ here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace fundcore::rpc {

// The largest message in either direction unless a server or channel is told otherwise; equal to the largest log record.
inline constexpr size_t kMaxMessageBytes = 16u << 20;

// OK, or RESOURCE_EXHAUSTED with reason MESSAGE_TOO_LARGE. `what` is "request" or "reply"; sizes in bytes.
absl::Status CheckSize(std::string_view method, std::string_view what, size_t bytes, size_t max_bytes);

// The same bytes for the same message in one build, maps included, so that a simulation can be repeated.
std::string DeterministicBytes(const google::protobuf::Message& message);

// The error for bytes that are not such a message: INVALID_ARGUMENT with reason MALFORMED_MESSAGE.
absl::Status Malformed(std::string_view method, std::string_view what, size_t bytes);

}  // namespace fundcore::rpc
