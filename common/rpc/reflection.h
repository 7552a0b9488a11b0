// Server reflection: answers what services there are and what their messages look like, from the descriptors that are
// linked into the program. Internal to common/rpc.
#pragma once

#include <grpcpp/grpcpp.h>

#include <set>
#include <string>

namespace fundcore::rpc {

// Paths "/package.Service/Method" under which the protocol is served; v1 and v1alpha have the same bytes.
inline constexpr const char* kReflectionPaths[] = {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                                   "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};

// One conversation, freeing itself at its end. `services` (full names) must outlive it.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* BeginReflection(const std::set<std::string>* services);

}  // namespace fundcore::rpc
