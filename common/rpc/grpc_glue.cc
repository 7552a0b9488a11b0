// See grpc_glue.h.
#include "common/rpc/grpc_glue.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <openssl/rand.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/synchronization/mutex.h"
#include "common/base/check.h"
#include "common/rpc/partitions.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace fundcore::rpc {
namespace {

// A message may be percent-encoded to three times its size and stands a second time in the details, which are base64.
constexpr size_t kMaxMessageText = 1'200;
constexpr size_t kMaxDetails = 1'800;
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";

// Cuts at a character's start, so that the text stays valid UTF-8.
std::string Cut(absl::string_view text) {
  if (text.size() <= kMaxMessageText) return std::string(text);
  size_t end = kMaxMessageText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return StrCat(text.substr(0, end), "...");
}

}  // namespace

void PrepareProcess() {
  // Distributions may build Abseil with its deadlock detector on, which keeps a graph of every mutex that gRPC takes.
  static const bool done = [] {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    return true;
  }();
  (void)done;
}

const std::string& ProcessToken() {
  static const std::string* const token = [] {
    unsigned char bytes[32];
    FC_CHECK(RAND_bytes(bytes, sizeof bytes) == 1, "the system gives no random bytes");
    return new std::string(
        absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes)));
  }();
  return *token;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const std::string text = Cut(status.message());
  google::rpc::Status details;
  size_t room = kMaxDetails;
  const auto add = [&](std::string_view url, std::string value) {
    if (url.size() + value.size() + 16 > room) return false;
    room -= url.size() + value.size() + 16;
    auto* any = details.add_details();
    any->set_type_url(std::string(url));
    any->set_value(std::move(value));
    return true;
  };
  // The reason is what apps switch on: it goes first, without its metadata where those are too long.
  if (const auto info = status.GetPayload(kErrorInfoUrl)) {
    google::rpc::ErrorInfo parsed;
    if (!add(kErrorInfoUrl, std::string(*info)) && parsed.ParseFromString(std::string(*info))) {
      parsed.clear_metadata();
      add(kErrorInfoUrl, parsed.SerializeAsString());
    }
  }
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    if (const std::string_view name(url.data(), url.size()); name != kErrorInfoUrl) add(name, std::string(value));
  });
  const auto code = static_cast<grpc::StatusCode>(status.raw_code());
  if (details.details().empty()) return grpc::Status(code, text);
  details.set_code(status.raw_code());
  details.set_message(text);
  return grpc::Status(code, text, details.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status details;
  if (!status.error_details().empty() && details.ParseFromString(status.error_details())) {
    for (const auto& any : details.details()) result.SetPayload(any.type_url(), absl::Cord(any.value()));
  }
  return result;
}

bool ParseBuffer(const grpc::ByteBuffer& buffer, google::protobuf::Message* message) {
  grpc::Slice slice;
  if (buffer.TrySingleSlice(&slice).ok()) {
    return message->ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  }
  grpc::ByteBuffer shared(buffer);  // counts a reference; the reader may then take its copy apart
  return grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(&shared, message).ok();
}

grpc::ByteBuffer ToBuffer(const google::protobuf::Message& message) {
  grpc::ByteBuffer buffer;
  bool own = false;
  const grpc::Status status =
      grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(message, &buffer, &own);
  FC_CHECK(status.ok(), "cannot serialise ", message.GetTypeName(), ": ", status.error_message());
  return buffer;
}

absl::StatusOr<std::string> ReadPem(const std::string& path, std::string_view what) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) {
    return absl::NotFoundError(StrCat("cannot read the ", what, " \"", path, "\" (", std::strerror(errno),
                                            "); give the path of a readable PEM file"));
  }
  std::string pem = std::move(text).str();
  if (pem.find("-----BEGIN ") == std::string::npos) {
    return absl::InvalidArgumentError(StrCat("the ", what, " \"", path, "\" is not a PEM file (it has no BEGIN line)"));
  }
  return pem;
}

void AddOutgoing(const Outgoing& outgoing, grpc::ClientContext* context) {
  if (outgoing.hops > 0) context->AddMetadata(kHopsKey, std::to_string(outgoing.hops));
  if (outgoing.partitions != nullptr) context->AddMetadata(kPartitionsKey, FormatPartitions(*outgoing.partitions));
  if (!outgoing.on_behalf_of) return;
  context->AddMetadata(kOnBehalfKey, outgoing.on_behalf_of->caller.str());
  if (outgoing.on_behalf_of->internal) context->AddMetadata(kOnBehalfInternalKey, "1");
}

void Channel::Prepare(grpc::ClientContext* context, Duration deadline, std::string_view caller) const {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::microseconds(deadline.raw()));
  if (!caller.empty()) context->AddMetadata(kCallerKey, std::string(caller));
  if (in_process) context->AddMetadata(kTokenKey, ProcessToken());
}

}  // namespace fundcore::rpc
