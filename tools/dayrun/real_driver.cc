// Starting, steering and killing a served fundcore.
#include "tools/dayrun/real_driver.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/crypto/hash.h"
#include "common/runtime/clock.h"
#include "fundcore/admin/v1/admin.pb.h"

namespace fundcore::dayrun {
namespace {

constexpr int kStartMillis = 60'000;
constexpr Duration kCallDeadline = Duration::Seconds(10);
// How long a server may be away before the run gives up.
constexpr Duration kAwayPatience = Duration::Seconds(30);
// Between two questions of a wait.
constexpr useconds_t kAskAgainMicros = 60'000;
// So long nothing may happen in any partition of several processes before they are taken to be at rest: some rounds of a
// feed over Kafka. And so long it may take them to get there.
constexpr Duration kStill = Duration::Millis(300), kStillPatience = Duration::Seconds(30);

absl::Status Unreachable(std::string message) { return absl::UnavailableError(std::move(message)); }

// Runs a program; its stdout can be read from *out, its stderr goes to `log`.
absl::StatusOr<pid_t> Start(const std::vector<std::string>& command, const std::string& log, int* out) {
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return Unreachable("no pipe for the server's output");
  const pid_t pid = ::fork();
  if (pid < 0) return Unreachable("the server cannot be forked");
  if (pid == 0) {
    ::dup2(pipe_fds[1], STDOUT_FILENO);
    const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log_fd >= 0) ::dup2(log_fd, STDERR_FILENO);
    std::vector<char*> args;
    for (const std::string& a : command) args.push_back(const_cast<char*>(a.c_str()));
    args.push_back(nullptr);
    ::execv(args[0], args.data());
    ::_exit(127);
  }
  ::close(pipe_fds[1]);
  *out = pipe_fds[0];
  return pid;
}

// The rest of the line that begins with `prefix`, "" where the output ends or the time is up before it comes.
std::string ReadLineOf(int fd, std::string_view prefix, int millis) {
  std::string text;
  const int64_t until = MonotonicMicros() + int64_t{millis} * 1000;
  for (;;) {
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      if (end == std::string::npos) break;
      const std::string_view line = std::string_view(text).substr(at, end - at);
      if (line.starts_with(prefix)) return std::string(line.substr(prefix.size()));
      at = end + 1;
    }
    pollfd p{fd, POLLIN, 0};
    const int64_t left = (until - MonotonicMicros()) / 1000;
    if (left <= 0 || ::poll(&p, 1, static_cast<int>(left)) <= 0) return "";
    char buffer[512];
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) return "";
    text.append(buffer, static_cast<size_t>(n));
  }
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? Unreachable(StrCat(path, ": cannot be created: ", error.message())) : absl::OkStatus();
}

}  // namespace

RealDriver::RealDriver(RealOptions options) : options_(std::move(options)) {
  if (options_.exchange.empty()) options_.exchange = options_.folder + "/exchange";
  if (options_.ta_state.empty()) options_.ta_state = options_.folder + "/ta";
}

RealDriver::~RealDriver() { Kill(SIGKILL); }

int RealDriver::Kill(int signal) {
  if (child_ < 0) return 0;
  ::kill(child_, signal);
  int status = 0;
  ::waitpid(child_, &status, 0);
  child_ = -1;
  return status;
}

absl::Status RealDriver::Spawn(TimePoint start) {
  int out = -1;
  FC_ASSIGN_OR_RETURN(child_, Start({options_.program, "serve", "--data", options_.folder + "/data", "--listen",
                                     "127.0.0.1:0", "--clock", "steered", "--clock-start", start.Iso(), "--exchange",
                                     options_.exchange, "--partitions", "4"},
                                    options_.folder + "/server.log", &out));
  const std::string address = ReadLineOf(out, "serving on ", kStartMillis);
  ::close(out);
  if (address.empty()) {
    Kill(SIGKILL);
    return Unreachable(StrCat(options_.program, " does not come up; see ", options_.folder, "/server.log"));
  }
  address_ = address;
  return absl::OkStatus();
}

absl::Status RealDriver::Join() {
  FC_ASSIGN_OR_RETURN(channel_, rpc::Connect(address_));
  admin::v1::StatusResponse status;
  FC_ASSIGN_OR_RETURN(bool up, Wait(
                                   [&]() -> absl::StatusOr<bool> {
                                     const absl::Status s = Call("fundcore.admin.v1.AdminService/Status",
                                                                 admin::v1::StatusRequest(), &status, "operator");
                                     return s.ok() && status.serving();
                                   },
                                   Duration::Seconds(60)));
  if (!up) return Unreachable(StrCat(address_, " does not serve"));
  if (!status.steered())
    return absl::FailedPreconditionError(StrCat(address_, " follows the real clock; serve with --clock=steered"));
  now_ = TimePoint::FromRaw(status.now_us());
  several_processes_ = false;
  for (std::string_view role : {"trade", "account", "product", "risk", "clearing"})
    several_processes_ |= std::find(status.roles().begin(), status.roles().end(), role) == status.roles().end();
  return absl::OkStatus();
}

absl::Status RealDriver::Begin(TimePoint start) {
  start_ = start;
  FC_RETURN_IF_ERROR(MakeFolder(options_.exchange));
  FC_RETURN_IF_ERROR(MakeFolder(options_.ta_state));
  FC_ASSIGN_OR_RETURN(files_, DiskFiles::Open(options_.exchange));
  if (options_.program.empty()) {
    address_ = options_.address;
  } else {
    FC_RETURN_IF_ERROR(MakeFolder(options_.folder));
    FC_RETURN_IF_ERROR(Spawn(start));
  }
  FC_RETURN_IF_ERROR(Join());
  return AdvanceTo(start);
}

absl::Status RealDriver::AdvanceTo(TimePoint when) {
  if (when <= now_) return absl::OkStatus();
  admin::v1::AdvanceClockRequest q;
  q.set_to_us(when.raw());
  // A server that is coming up again is asked until it serves; moving to where it already is changes nothing.
  absl::Status last;
  FC_ASSIGN_OR_RETURN(bool moved, Wait(
                                      [&]() -> absl::StatusOr<bool> {
                                        admin::v1::AdvanceClockResponse r;
                                        last = Call("fundcore.admin.v1.AdminService/AdvanceClock", q, &r, "operator");
                                        if (r.now_us() >= when.raw()) now_ = TimePoint::FromRaw(r.now_us());
                                        return last.ok() || now_ >= when;
                                      },
                                      Duration::Seconds(60)));
  if (!moved)
    return Unreachable(StrCat("the clock cannot be moved to ", when.Iso(), ": ", std::string(last.message())));
  now_ = std::max(now_, when);
  return Settle();
}

absl::Status RealDriver::Settle() {
  if (!several_processes_) return absl::OkStatus();
  std::string last;
  int64_t since = MonotonicMicros();
  FC_ASSIGN_OR_RETURN(bool still, Wait(
                                      [&]() -> absl::StatusOr<bool> {
                                        admin::v1::StateHashesResponse r;
                                        FC_RETURN_IF_ERROR(Call("fundcore.admin.v1.AdminService/StateHashes",
                                                                admin::v1::StateHashesRequest(), &r, "operator"));
                                        std::string now;
                                        for (const auto& p : r.partitions())
                                          now += StrCat(p.service(), "/", p.partition(), " ", p.next_offset(), "\n");
                                        if (now != last) {
                                          last = std::move(now);
                                          since = MonotonicMicros();
                                        }
                                        return MonotonicMicros() - since >= kStill.raw();
                                      },
                                      kStillPatience));
  return still ? absl::OkStatus() : Unreachable(StrCat(address_, ": its partitions do not come to rest"));
}

absl::Status RealDriver::Call(std::string_view method, const google::protobuf::Message& request,
                              google::protobuf::Message* response, std::string_view caller) {
  // A server that is away comes back, and every request of a script may be asked again: its id is the same.
  const int64_t until = MonotonicMicros() + kAwayPatience.raw();
  for (;;) {
    absl::Status s = rpc::BlockingCall(*channel_, method, request, response, kCallDeadline, caller);
    if (!absl::IsUnavailable(s) || MonotonicMicros() >= until) return s;
    ::usleep(kAskAgainMicros);
  }
}

absl::StatusOr<bool> RealDriver::Wait(absl::FunctionRef<absl::StatusOr<bool>()> done, Duration patience) {
  const int64_t until = MonotonicMicros() + patience.raw();
  for (;;) {
    FC_ASSIGN_OR_RETURN(bool yes, done());
    if (yes) return true;
    if (MonotonicMicros() >= until) return false;
    ::usleep(kAskAgainMicros);
  }
}

absl::Status RealDriver::Restart() {
  if (options_.program.empty())
    return absl::UnimplementedError("a server that was not started here is not killed from here");
  Kill(SIGKILL);
  FC_RETURN_IF_ERROR(Spawn(start_));
  return Join();
}

absl::Status RealDriver::SetDown(std::string_view service, bool) {
  return absl::UnimplementedError(StrCat(service, " can be taken away in memory only; run this script without --real"));
}

absl::StatusOr<ta_sim::TaStore*> RealDriver::TaStoreOf(std::string_view ta) {
  auto& store = stores_[std::string(ta)];
  if (!store) {
    FC_ASSIGN_OR_RETURN(store, ta_sim::DiskTaStore::Open(StrCat(options_.ta_state, "/", ta)));
  }
  return store.get();
}

absl::StatusOr<std::string> RealDriver::StateHash() {
  admin::v1::StateHashesResponse r;
  FC_RETURN_IF_ERROR(
      Call("fundcore.admin.v1.AdminService/StateHashes", admin::v1::StateHashesRequest(), &r, "operator"));
  Sha256Stream all;
  for (const auto& p : r.partitions()) all.Add(StrCat(p.service(), "/", p.partition(), " ", p.hash(), "\n"));
  return all.Finish().Hex();
}

absl::Status RealDriver::CheckReplay() {
  if (options_.program.empty()) return absl::OkStatus();
  if (const int ended = Kill(SIGTERM); !WIFEXITED(ended) || WEXITSTATUS(ended) != 0) {
    return absl::DataLossError(
        StrCat("the server did not stop in order (wait status ", ended, "); see ", options_.folder, "/server.log"));
  }
  int out = -1;
  FC_ASSIGN_OR_RETURN(pid_t pid, Start({options_.program, "check-replay", "--data", options_.folder + "/data"},
                                       options_.folder + "/server.log", &out));
  const std::string said = ReadLineOf(out, "replayed ", kStartMillis);
  ::close(out);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::DataLossError(
      StrCat("fundcore check-replay found a difference (", said, "); see ", options_.folder, "/server.log"));
}

}  // namespace fundcore::dayrun
