// Starting and stopping the processes of a deployment.
#include "tests/cluster/support/deployment.h"

#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::testing {

int RunBeside(const std::string& program, const std::vector<std::string>& arguments, std::string* output) {
  std::string command = ProgramBeside(program);
  for (const std::string& a : arguments) command += StrCat(" '", a, "'");
  command += " 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  FC_CHECK(pipe != nullptr, "cannot run ", command);
  char buffer[4096];
  std::string text;
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  const int status = ::pclose(pipe);
  if (output) *output += text;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Deployment::Deployment(DeploymentOptions options) : options_(std::move(options)) {
  for (int copy = 0; copy < options_.copies; ++copy)
    for (const std::string& roles : options_.roles) roles_.push_back(roles);
  for (size_t i = 0; i < roles_.size(); ++i) {
    std::filesystem::create_directories(FolderOf(i));
    ServerProcessOptions p;
    p.program = ProgramBeside("fundcore");
    p.data = FolderOf(i) + "/data";
    p.errors = FolderOf(i) + "/errors";
    p.patience = Duration::Seconds(120);
    p.flags = {"--log=kafka",
               StrCat("--brokers=", i < options_.brokers_of.size() ? options_.brokers_of[i] : options_.brokers),
               StrCat("--topic-prefix=", options_.prefix),
               StrCat("--roles=", roles_[i]),
               StrCat("--exchange=", exchange()),
               StrCat("--vault-key=", options_.folder, "/vault.key"),
               StrCat("--partitions=", options_.partitions),
               StrCat("--clearing-partitions=", options_.clearing_partitions),
               StrCat("--session-timeout=", options_.session.raw() / 1000, "ms"),
               "--bank-generous"};
    if (options_.replicas == 1) p.flags.push_back("--one-replica-for-tests");
    if (!options_.clock_start.empty()) {
      p.flags.push_back("--clock=steered");
      p.flags.push_back(StrCat("--clock-start=", options_.clock_start));
    }
    p.flags.insert(p.flags.end(), options_.flags.begin(), options_.flags.end());
    processes_.push_back(std::make_unique<ServerProcess>(std::move(p)));
  }
}

std::string Deployment::FolderOf(size_t i) const { return StrCat(options_.folder, "/process-", i); }

absl::Status Deployment::MakeTopics() {
  std::vector<std::string> arguments = {"kafka",
                                        "init",
                                        StrCat("--brokers=", options_.brokers),
                                        StrCat("--prefix=", options_.prefix),
                                        StrCat("--partitions=", options_.partitions),
                                        StrCat("--clearing-partitions=", options_.clearing_partitions),
                                        StrCat("--replicas=", options_.replicas)};
  if (options_.replicas == 1) arguments.push_back("--one-replica-for-tests");
  std::string said;
  const int code = RunBeside("fundctl", arguments, &said);
  return code == 0 ? absl::OkStatus() : absl::UnavailableError(StrCat("fundctl kafka init ends with ", code, ": ", said));
}

absl::Status Deployment::Start() {
  FC_RETURN_IF_ERROR(MakeTopics());
  std::filesystem::create_directories(exchange());
  if (!std::filesystem::exists(options_.folder + "/vault.key")) {
    std::string said;
    if (RunBeside("fundcore", {"make-key", options_.folder + "/vault.key"}, &said) != 0) return absl::UnavailableError(said);
  }
  std::vector<size_t> begun;
  for (size_t i = 0; i < size(); ++i) {
    if (process(i).running()) continue;
    process(i).Begin();
    begun.push_back(i);
  }
  absl::Status status;
  for (size_t i : begun) {
    if (absl::Status s = process(i).AwaitServing(); !s.ok() && status.ok()) {
      status = absl::Status(s.code(), StrCat("process ", i, " (", roles_[i], "): ", s.message(), ": ", LastWords(i)));
    }
  }
  return status;
}

std::string Deployment::Stop() {
  std::string text;
  for (size_t i = 0; i < size(); ++i) {
    if (!process(i).running()) continue;
    if (const int code = process(i).Stop(); code != 0) {
      text += StrCat("process ", i, " (", roles_[i], ") stops with ", code, ": ", LastWords(i), "\n");
    }
  }
  return text;
}

void Deployment::Kill() {
  for (auto& p : processes_) p->Kill();
}

std::vector<size_t> Deployment::Having(const std::string& role) const {
  std::vector<size_t> out;
  for (size_t i = 0; i < roles_.size(); ++i)
    if (StrCat(",", roles_[i], ",").find(StrCat(",", role, ",")) != std::string::npos) out.push_back(i);
  return out;
}

std::string Deployment::addresses() const {
  std::string all;
  for (const auto& p : processes_) all += StrCat(all.empty() ? "" : ",", p->address());
  return all;
}

std::string Deployment::LastWords(size_t i) const {
  std::ifstream in(FolderOf(i) + "/errors");
  std::string all((std::istreambuf_iterator<char>(in)), {});
  return all.size() > 1500 ? all.substr(all.size() - 1500) : all;
}

}  // namespace fundcore::testing
