// Starting, watching and killing the child.
#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "common/base/check.h"
#include "common/runtime/clock.h"

namespace fundcore::testing {

absl::Status ServerProcess::Start() {
  FC_CHECK(pid_ < 0, "already running");
  int pipe_fds[2];
  FC_CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0, "no pipe");
  std::vector<std::string> args = {options_.program, "serve", "--data=" + options_.data,
                                   "--listen=" + (address_.empty() ? "127.0.0.1:0" : address_), "--log-level=warn"};
  args.insert(args.end(), options_.flags.begin(), options_.flags.end());
  std::vector<char*> argv;
  for (std::string& a : args) argv.push_back(a.data());
  argv.push_back(nullptr);
  const int64_t began = MonotonicMicros();
  pid_ = fork();
  FC_CHECK(pid_ >= 0, "no fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies leaves no server behind
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(pipe_fds[1], STDOUT_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(pipe_fds[1]);
  std::string out;
  const std::string mark = "serving on ";
  while (true) {
    const int64_t left = options_.patience.raw() - (MonotonicMicros() - began);
    pollfd p{pipe_fds[0], POLLIN, 0};
    if (left <= 0 || poll(&p, 1, static_cast<int>(left / 1000) + 1) <= 0) {
      close(pipe_fds[0]);
      Kill();
      return absl::DeadlineExceededError("the server did not begin to serve in time");
    }
    char buf[4096];
    const ssize_t n = read(pipe_fds[0], buf, sizeof buf);
    if (n <= 0) {
      close(pipe_fds[0]);
      int status = 0;
      waitpid(pid_, &status, 0);
      pid_ = -1;
      return absl::UnavailableError(StrCat("the server ended while starting, wait status ", status));
    }
    out.append(buf, static_cast<size_t>(n));
    const size_t at = out.find(mark);
    const size_t end = at == std::string::npos ? at : out.find('\n', at);
    if (end == std::string::npos) continue;
    address_ = out.substr(at + mark.size(), end - at - mark.size());
    start_took_ = Duration::Micros(MonotonicMicros() - began);
    close(pipe_fds[0]);
    return absl::OkStatus();
  }
}

void ServerProcess::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int ServerProcess::Stop() {
  if (pid_ < 0) return -1;
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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
