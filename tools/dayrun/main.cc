// The dayrun program: carries out day scripts and says whether everything came as written.
//
//   dayrun tests/days/*.day                         in memory
//   dayrun --restart-at all tests/days/a.day        again and again, with a crash before each of several lines
//   dayrun --real tests/days/a.day                  a server of its own, on disk, over gRPC
//   dayrun --attach 127.0.0.1:7400 --exchange X --ta-state T --progress P tests/days/a.day
//
// Exit codes: 0 as written, 1 an expectation failed or a replay differs, 2 wrong script or use, 3 cannot reach or read.
#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "common/base/check.h"
#include "common/crypto/hash.h"
#include "tools/dayrun/real_driver.h"
#include "tools/dayrun/runner.h"
#include "tools/dayrun/sim_driver.h"

namespace fundcore::dayrun {
namespace {

struct Flags {
  std::vector<std::string> files;
  bool real = false, json = false, verbose = false, keep = false;
  std::string attach, exchange, ta_state, progress, restart_at;
  uint64_t seed = 1;
};

int ExitCode(const absl::Status& s) {
  switch (s.code()) {
    case absl::StatusCode::kOk: return 0;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kDataLoss: return 1;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented: return 2;
    default: return 3;
  }
}

std::string Escaped(std::string_view s) {
  std::string out;
  for (char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

// Several positions spread over the day, the middle among them: a crash in every part of it, in bounded time.
std::vector<int> SpreadLines(const Script& script) {
  constexpr size_t kMost = 8;
  const size_t n = script.lines.size();
  std::vector<int> out;
  if (n <= kMost) {
    for (const Line& l : script.lines) out.push_back(l.number);
    return out;
  }
  for (size_t i = 0; i < kMost; ++i) out.push_back(script.lines[(2 * i + 1) * n / (2 * kMost)].number);
  out.push_back(script.lines[n / 2].number);
  return out;
}

std::string Repeat(const Flags& f, const std::string& file, int restart) {
  std::string s = StrCat("dayrun ", file);
  if (restart > 0) s += StrCat(" --restart-at ", restart);
  if (f.real) s += " --real";
  if (f.seed != 1) s += StrCat(" --seed ", f.seed);
  return s;
}

// One run; prints its line.
int RunOnce(const Flags& f, const Script& script, int restart) {
  const auto begin = std::chrono::steady_clock::now();
  RunOptions options;
  options.verbose = f.verbose;
  if (restart > 0) options.restart_before.insert(restart);
  Progress progress;
  RunResult result;
  std::string folder;
  if (f.real || !f.attach.empty()) {
    RealOptions real;
    if (f.attach.empty()) {
      char name[] = "/tmp/dayrun-XXXXXX";
      if (::mkdtemp(name) == nullptr) {
        std::fprintf(stderr, "dayrun: no folder can be made in /tmp\n");
        return 3;
      }
      folder = name;
      real.folder = folder;
      real.program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fundcore";
    } else {
      real.address = f.attach;
    }
    real.exchange = f.exchange;
    real.ta_state = f.ta_state;
    RealDriver driver(real);
    if (!f.progress.empty()) {
      std::string text;
      for (const Line& l : script.lines) text += l.text + "\n";
      auto opened = Progress::Open(f.progress, StrCat(script.name, " ", Sha256(text).Hex()));
      if (!opened.ok()) {
        std::fprintf(stderr, "dayrun: %s\n", std::string(opened.status().message()).c_str());
        return ExitCode(opened.status()) == 1 ? 2 : 3;
      }
      Progress kept = *std::move(opened);
      result = Runner(script, &driver, &kept, options).Run();
    } else {
      result = Runner(script, &driver, &progress, options).Run();
    }
  } else {
    // The first seed keeps the order of posting, so that a plain run is the easiest one to follow.
    SimDriver driver({.seed = f.seed, .shuffle = f.seed != 1});
    result = Runner(script, &driver, &progress, options).Run();
  }
  if (!folder.empty() && !f.keep && result.status.ok()) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::string restarted = restart > 0 ? StrCat(", restarted before line ", restart) : "";
  if (f.json) {
    std::printf(
        "{\"script\":\"%s\",\"name\":\"%s\",\"ok\":%s,\"restart_at\":%d,\"lines\":%d,\"seconds\":%.3f,\"state\":\"%s\","
        "\"message\":\"%s\"}\n",
        Escaped(script.path).c_str(), Escaped(script.name).c_str(), result.status.ok() ? "true" : "false", restart,
        result.lines, seconds, result.state_hash.c_str(), Escaped(std::string(result.status.message())).c_str());
  } else if (result.status.ok()) {
    std::printf("ok    %-34s %3d lines  %6.2f s  %s%s\n", script.name.c_str(), result.lines, seconds,
                result.state_hash.substr(0, 16).c_str(), restarted.c_str());
  } else {
    std::printf("FAIL  %-34s%s\n  %s\n", script.name.c_str(), restarted.c_str(),
                std::string(result.status.message()).c_str());
    if (!folder.empty()) std::printf("  data, files and logs of the run are in %s\n", folder.c_str());
    std::printf("repeat: %s\n", Repeat(f, script.path, restart).c_str());
  }
  std::fflush(stdout);
  return ExitCode(result.status);
}

int RunFile(const Flags& f, const std::string& file) {
  auto script = ReadScript(file);
  if (!script.ok()) {
    std::fprintf(stderr, "%s\n", std::string(script.status().message()).c_str());
    return script.status().code() == absl::StatusCode::kInvalidArgument ? 2 : 3;
  }
  if (script->memory_only && (f.real || !f.attach.empty())) {
    std::printf("%-40s %s\n", script->name.c_str(), "takes a service away, which is possible in memory only");
    return 2;
  }
  std::vector<int> restarts = {0};
  if (f.restart_at == "all") {
    restarts = SpreadLines(*script);
  } else if (!f.restart_at.empty()) {
    restarts = {std::atoi(f.restart_at.c_str())};
    bool there = false;
    for (const Line& l : script->lines) there |= l.number == restarts[0];
    if (!there) {
      std::fprintf(stderr, "dayrun: %s has no line of the day numbered %s\n", file.c_str(), f.restart_at.c_str());
      return 2;
    }
  }
  int worst = 0;
  for (int r : restarts) worst = std::max(worst, RunOnce(f, *script, r));
  return worst;
}

int Main(int argc, char** argv) {
  CLI::App app{"dayrun: whole fund days from plain text, against fundcore in memory or as it is served"};
  Flags f;
  app.add_option("files", f.files, "day scripts, or folders of them")->required();
  app.add_flag("--real", f.real, "start fundcore on a folder of its own and drive it over gRPC");
  app.add_option("--attach", f.attach, "host:port of a running fundcore with a steered clock");
  app.add_option("--exchange", f.exchange, "its folder of settlement files (with --attach)");
  app.add_option("--ta-state", f.ta_state, "folder of the institutions' registers (with --attach)");
  app.add_option("--progress", f.progress,
                 "file that remembers what was done, so that a rerun goes on (with --attach)");
  app.add_option("--restart-at", f.restart_at,
                 "crash and replay before this line; \"all\": one run for each of several lines");
  app.add_option("--seed", f.seed,
                 "of the simulated world; other than 1, tasks of its executors run in an order drawn from it");
  app.add_flag("--json", f.json, "one JSON object a run");
  app.add_flag("--keep", f.keep, "with --real: leave the folder of the run");
  app.add_flag("-v,--verbose", f.verbose, "each line as it begins");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return e.get_exit_code() == 0 ? app.exit(e) : (app.exit(e), 2);
  }
  // A folder stands for the scripts in it, by name.
  std::vector<std::string> files;
  for (const std::string& file : f.files) {
    std::error_code error;
    if (!std::filesystem::is_directory(file, error)) {
      files.push_back(file);
      continue;
    }
    const size_t before = files.size();
    for (const auto& entry : std::filesystem::directory_iterator(file, error))
      if (entry.path().extension() == ".day") files.push_back(entry.path().string());
    if (files.size() == before) {
      std::fprintf(stderr, "dayrun: no .day file in the folder %s\n", file.c_str());
      return 2;
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  f.files = std::move(files);
  if (!f.attach.empty() && (f.exchange.empty() || f.ta_state.empty())) {
    std::fprintf(stderr, "dayrun: --attach needs --exchange and --ta-state\n");
    return 2;
  }
  if (!f.progress.empty() && (f.attach.empty() || f.files.size() != 1 || f.restart_at == "all")) {
    std::fprintf(stderr, "dayrun: --progress goes with --attach and one script\n");
    return 2;
  }
  int worst = 0;
  for (const std::string& file : f.files) worst = std::max(worst, RunFile(f, file));
  return worst;
}

}  // namespace
}  // namespace fundcore::dayrun

int main(int argc, char** argv) { return fundcore::dayrun::Main(argc, argv); }
