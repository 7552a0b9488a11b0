// See wire.h.
#include "common/rpc/wire.h"

#include "common/base/check.h"
#include "common/rpc/handlers.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"

namespace fundcore::rpc {

absl::Status CheckSize(std::string_view method, std::string_view what, size_t bytes, size_t max_bytes) {
  if (bytes <= max_bytes) return absl::OkStatus();
  return ErrorWithReason(absl::StatusCode::kResourceExhausted, "MESSAGE_TOO_LARGE",
                         StrCat("the ", what, " of ", method, " has ", bytes, " bytes and at most ", max_bytes,
                                      " are carried; split the batch"),
                         {{"bytes", StrCat(bytes)}, {"max_bytes", StrCat(max_bytes)}});
}

std::string DeterministicBytes(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    FC_CHECK(message.SerializePartialToCodedStream(&out), "cannot serialise ", message.GetTypeName());
  }
  return bytes;
}

absl::Status Malformed(std::string_view method, std::string_view what, size_t bytes) {
  return ErrorWithReason(absl::StatusCode::kInvalidArgument, "MALFORMED_MESSAGE",
                         StrCat("the ", what, " of ", method, " (", bytes,
                                      " bytes) is not the message that the method takes; compare .proto versions"));
}

}  // namespace fundcore::rpc
