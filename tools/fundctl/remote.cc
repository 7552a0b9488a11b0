// See remote.h.
#include "tools/fundctl/remote.h"

#include <google/protobuf/message.h>

#include <chrono>
#include <thread>

#include "common/base/check.h"
#include "common/config/parse.h"
#include "common/rpc/channels.h"
#include "common/rpc/handlers.h"

namespace fundcore::fundctl {
namespace {

// What services tell each other is open to operators only; everything else is asked under the tool's own name, which is
// part of an order's request id. Beyond loopback the TLS certificate says who calls, whatever stands here.
std::string_view CallerOf(std::string_view method) {
  for (std::string_view face : {"Ops/", "RiskService/SetWatch", "ClearingService/"})
    if (method.find(face) != std::string_view::npos) return "operator";
  return "fundctl";
}

}  // namespace

absl::StatusOr<Remote> Remote::Open(const RemoteOptions& options) {
  rpc::ChannelOptions channel;
  const int given = !options.tls_certificate.empty() + !options.tls_key.empty() + !options.tls_ca.empty();
  if (given != 0 && given != 3) {
    return absl::InvalidArgumentError("--tls-certificate, --tls-key and --tls-ca belong together; give all or none");
  }
  if (given == 3) channel.tls = rpc::TlsFiles{options.tls_certificate, options.tls_key, options.tls_ca};
  Remote remote;
  remote.options_ = options;
  FC_ASSIGN_OR_RETURN(remote.channel_, rpc::Connect(options.address, channel));
  return remote;
}

absl::Status Remote::Call(std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message* response, Duration patience) {
  return rpc::BlockingCall(*channel_, method, request, response, std::max(patience, options_.patience), CallerOf(method));
}

absl::Status Remote::Read(std::string_view method, const google::protobuf::Message& request,
                          google::protobuf::Message* message, const std::function<bool()>& on_message) {
  return rpc::ReadStream(*channel_, method, request, message, on_message, Duration::Seconds(24 * 3600),
                         CallerOf(method));
}

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk: return 0;
    case absl::StatusCode::kDataLoss: return 1;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kUnimplemented: return 2;
    // The server knows no such order or fund: it was named wrongly. Without a reason it is a file that is not there.
    case absl::StatusCode::kNotFound: return rpc::ReasonOf(status).empty() ? 3 : 2;
    default: return 3;
  }
}

std::string Explained(const absl::Status& status) {
  std::string text = StrCat("fundctl: ", status.message());
  if (const std::string reason = rpc::ReasonOf(status); !reason.empty()) text += StrCat(" [", reason, "]");
  if (const Duration delay = rpc::RetryDelayOf(status); delay > Duration()) {
    text += StrCat("\nfundctl: nothing was done; ask again after ", FormatDuration(delay));
  } else if (absl::IsPermissionDenied(status)) {
    text += "\nfundctl: use an operator's certificate, or call from the machine that serves";
  }
  return text;
}

absl::Status WaitUntil(std::string_view what, Duration patience, const std::function<absl::StatusOr<bool>()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(patience.raw());
  for (;;) {
    FC_ASSIGN_OR_RETURN(const bool good, done());
    if (good) return absl::OkStatus();
    if (std::chrono::steady_clock::now() >= end) {
      return absl::DeadlineExceededError(
          StrCat("waited ", FormatDuration(patience), " for ", what,
                 "; look at fundctl status and fundctl day status, or ask again with a longer --timeout"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace fundcore::fundctl
