// Between our types and grpc++, for the .cc files of this folder only: grpc++ headers are slow to compile, so nothing
// outside includes this.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/rpc/channels.h"
#include "google/protobuf/message.h"

namespace fundcore::rpc {

// Metadata that our channels send. The caller's name is believed only where nothing better is known (loopback) or the
// token proves that this very process is calling.
inline constexpr char kCallerKey[] = "fundcore-caller";
inline constexpr char kTokenKey[] = "fundcore-internal";
// Of calls that siblings pass on. Names may have any bytes, which only keys that end in -bin carry.
inline constexpr char kOnBehalfKey[] = "fundcore-on-behalf-of-bin";
inline constexpr char kOnBehalfInternalKey[] = "fundcore-on-behalf-of-internal";
inline constexpr char kHopsKey[] = "fundcore-hops";
inline constexpr char kPartitionsKey[] = "fundcore-partitions";

// The metadata of these keys.
void AddOutgoing(const Outgoing& outgoing, grpc::ClientContext* context);

// Settings of the process that gRPC needs, made once. By whoever makes the first server or channel.
void PrepareProcess();

// 256 random bits as hex, made once per process and never sent over a socket.
const std::string& ProcessToken();

// Codes are the same numbers. Payloads travel as google.rpc.Status in the details. Long texts and details are cut so
// that a reply's trailers stay below the 8 KiB that clients accept by default.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

bool ParseBuffer(const grpc::ByteBuffer& buffer, google::protobuf::Message* message);
grpc::ByteBuffer ToBuffer(const google::protobuf::Message& message);

// The contents of a PEM file; the error names the file and what it is for.
absl::StatusOr<std::string> ReadPem(const std::string& path, std::string_view what);

// Whether calls may still be begun inside this process. gRPC crashes where one begins while the server behind an in-process
// channel shuts down, so the server closes this first. Thread-safe; Enter may nest.
class InProcessGate {
 public:
  // True: begin the call now, and then Leave. False: the server is stopping.
  bool Enter() {
    entered_.fetch_add(1);
    if (!closed_.load()) return true;
    Leave();
    return false;
  }
  void Leave() {
    if (entered_.fetch_sub(1) == 1 && closed_.load()) entered_.notify_all();
  }
  // Returns when nobody is inside; from then on nobody enters.
  void Close() {
    closed_.store(true);
    for (int n = entered_.load(); n != 0; n = entered_.load()) entered_.wait(n);
  }

 private:
  std::atomic<int> entered_{0};
  std::atomic<bool> closed_{false};
};

class Channel {
 public:
  Channel(std::shared_ptr<grpc::Channel> channel, std::string name, bool in_process, size_t max_message_bytes)
      : channel(std::move(channel)), stub(this->channel), name(std::move(name)), in_process(in_process),
        max_message_bytes(max_message_bytes) {}
  // Deadline and identity for one call.
  void Prepare(grpc::ClientContext* context, Duration deadline, std::string_view caller) const;

  const std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
  const std::string name;  // the address, or "this process"
  const bool in_process;
  const size_t max_message_bytes;
  std::shared_ptr<InProcessGate> gate;  // of an in-process channel
};

}  // namespace fundcore::rpc
