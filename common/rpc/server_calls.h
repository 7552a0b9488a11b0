// One call inside the server, unary or streaming: from gRPC's reactors to a handler and back. Internal to common/rpc.
#pragma once

#include <grpcpp/grpcpp.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/rpc/handlers.h"
#include "common/rpc/server.h"

namespace fundcore::rpc {

class StreamCore;

// A method and what became of its calls.
struct ServedMethod {
  std::string name;  // "package.Service/Method"
  std::string path;  // "/package.Service/Method"
  const Handlers::Method* method = nullptr;
  bool builtin = false;  // health: not counted against the limits
  std::array<std::atomic<uint64_t>, 17> by_code{};
};

// What all calls of one server share. Held by every call, because a handler may reply after the server has gone.
struct CallContext {
  ServerOptions options;
  std::map<std::string, ServedMethod> methods;  // by name, fixed after Start
  std::atomic<int> calls_under_way{0};
  std::atomic<int> streams_open{0};
  std::atomic<uint64_t> refused_busy{0};
  std::atomic<uint64_t> unknown_method{0};

  std::mutex streams_mutex;
  bool streams_closed = false;                         // no new ones
  std::map<StreamCore*, std::weak_ptr<StreamCore>> streams;

  // Ends every open stream with this status and refuses new ones.
  void CloseStreams(const absl::Status& status);
};

// Begin a call; the result is what gRPC's method handlers want back.
grpc::ServerUnaryReactor* BeginUnary(const std::shared_ptr<CallContext>& shared, ServedMethod* method,
                                     grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response);
grpc::ServerWriteReactor<grpc::ByteBuffer>* BeginStream(const std::shared_ptr<CallContext>& shared, ServedMethod* method,
                                                        grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request);

}  // namespace fundcore::rpc
