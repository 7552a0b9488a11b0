// See core.h. The services come without generated stubs, so a method is called by its name.
#include "core.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <chrono>
#include <thread>

namespace portfolio {

using google::protobuf::MessageLite;

struct Core::Channel {
  std::shared_ptr<grpc::Channel> channel;
};

Core::Core(const std::string& address)
    : channel_(new Channel{grpc::CreateChannel(address, grpc::InsecureChannelCredentials())}) {}
Core::~Core() = default;

absl::Status Core::Call(std::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* response) {
  constexpr int kTries = 5;
  const std::string path = "/" + std::string(method);
  grpc::Status status;
  for (int n = 1; n <= kTries; ++n) {
    const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.AddMetadata("fundcore-caller", "portfolio");
    status = grpc::internal::BlockingUnaryCall<google::protobuf::Message, google::protobuf::Message, MessageLite, MessageLite>(
        channel_->channel.get(), rpc, &context, request, response);
    const bool away = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                      status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
                      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    if (!away || n == kTries) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(200 * n));
  }
  return status.ok() ? absl::OkStatus()
                     : absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace portfolio
