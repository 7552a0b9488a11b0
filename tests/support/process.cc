// Starting, watching and killing the child.
#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "common/base/check.h"
#include "common/runtime/clock.h"

namespace fundcore::testing {

absl::Status ServerProcess::Start() {
  Begin();
  return AwaitServing();
}

void ServerProcess::Begin() {
  FC_CHECK(pid_ < 0, "already running");
  int pipe_fds[2];
  FC_CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0, "no pipe");
  std::vector<std::string> args = {options_.program, "serve", "--data=" + options_.data,
                                   "--listen=" + (address_.empty() ? "127.0.0.1:0" : address_), "--log-level=warn"};
  args.insert(args.end(), options_.flags.begin(), options_.flags.end());
  std::vector<char*> argv;
  for (std::string& a : args) argv.push_back(a.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables = options_.environment;
  std::vector<char*> environment;
  for (std::string& v : variables) environment.push_back(v.data());
  for (char** v = environ; *v != nullptr; ++v) environment.push_back(*v);
  environment.push_back(nullptr);
  began_us_ = MonotonicMicros();
  pid_ = fork();
  FC_CHECK(pid_ >= 0, "no fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies leaves no server behind
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(pipe_fds[1], STDOUT_FILENO);
    if (!options_.errors.empty()) {
      const int errors = open(options_.errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      if (errors >= 0) dup2(errors, STDERR_FILENO);
    }
    execve(argv[0], argv.data(), environment.data());
    _exit(127);
  }
  close(pipe_fds[1]);
  output_ = pipe_fds[0];
}

absl::Status ServerProcess::AwaitServing() {
  std::string out;
  const std::string mark = "serving on ";
  while (true) {
    const int64_t left = options_.patience.raw() - (MonotonicMicros() - began_us_);
    pollfd p{output_, POLLIN, 0};
    if (left <= 0 || poll(&p, 1, static_cast<int>(left / 1000) + 1) <= 0) {
      Kill();
      return absl::DeadlineExceededError("the server did not begin to serve in time");
    }
    char buf[4096];
    const ssize_t n = read(output_, buf, sizeof buf);
    if (n <= 0) {
      Reap();
      return absl::UnavailableError(StrCat("the server ended while starting, wait status ", wait_status_));
    }
    out.append(buf, static_cast<size_t>(n));
    const size_t at = out.find(mark);
    const size_t end = at == std::string::npos ? at : out.find('\n', at);
    if (end == std::string::npos) continue;
    address_ = out.substr(at + mark.size(), end - at - mark.size());
    start_took_ = Duration::Micros(MonotonicMicros() - began_us_);
    close(output_);
    output_ = -1;
    return absl::OkStatus();
  }
}

void ServerProcess::Reap() {
  waitpid(pid_, &wait_status_, 0);
  pid_ = -1;
  if (output_ >= 0) close(output_);
  output_ = -1;
}

void ServerProcess::ReplaceFlag(const std::string& flag, const std::string& by) {
  auto it = std::find(options_.flags.begin(), options_.flags.end(), flag);
  FC_CHECK(it != options_.flags.end(), "no flag ", flag);
  *it = by;
}

void ServerProcess::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  Reap();
}

int ServerProcess::Stop() {
  if (pid_ < 0) return -1;
  kill(pid_, SIGTERM);
  Reap();
  return WIFEXITED(wait_status_) ? WEXITSTATUS(wait_status_) : 128 + WTERMSIG(wait_status_);
}

bool ServerProcess::AwaitEnd(Duration patience) {
  if (pid_ < 0) return true;
  const int64_t until = MonotonicMicros() + patience.raw();
  siginfo_t info;
  for (;;) {
    info.si_pid = 0;
    FC_CHECK(waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0, "the server is no child");
    if (info.si_pid != 0) return Reap(), true;
    if (MonotonicMicros() >= until) return false;
    poll(nullptr, 0, 2);
  }
}

std::string ProgramBeside(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "fundcore-XXXXXX").string();
  FC_CHECK(mkdtemp(pattern.data()) != nullptr, "no temporary folder at ", pattern);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ec;
  std::filesystem::remove_all(path_, ec);
}

}  // namespace fundcore::testing
