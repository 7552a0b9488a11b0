// accrual_bench: a day's income of a money fund for N holders over a compact store, every sync made, with its reference in the
// same run: as many bytes written raw and synced, and the plain arithmetic over arrays in memory.
//
//   ./bench accrual [--holders=20000000] [--days=3] [--mode=carry|cut|share] [--threads=2] [--data=FOLDER]
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "tests/bench/accrual/store.h"

namespace fundcore::bench {
namespace {

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

// From 0.01 to a million units, without a source of randomness.
Units UnitsOf(uint64_t holder) {
  uint64_t x = holder * 0x9e3779b97f4a7c15u + 1;
  x ^= x >> 31;
  return Units::FromRaw(static_cast<int64_t>(x % (holder % 10 == 0 ? 100'000'000u : 1'000'000u)) + 1);
}

double RawWrite(const std::string& path, uint64_t bytes) {
  const std::string block(1'572'880, 'x');
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  FC_CHECK(fd >= 0, "cannot write ", path);
  const auto began = Clock::now();
  uint64_t blocks = 0;
  for (uint64_t done = 0; done < bytes; done += block.size()) {
    FC_CHECK(::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size()), "short write to ", path);
    if (++blocks % 64 == 0) FC_CHECK(::fdatasync(fd) == 0, "fdatasync");
  }
  FC_CHECK(::fdatasync(fd) == 0, "fdatasync");
  const double took = Since(began);
  ::close(fd);
  std::filesystem::remove(path);
  return took;
}

// The same arithmetic over an array in memory, one thread.
double PlainPass(const IncomeDay& day, const MoneyFundTerms& terms) {
  std::vector<IncomeAccount> accounts(4'000'000);
  for (size_t i = 0; i < accounts.size(); ++i) accounts[i] = {.holder = i, .units = UnitsOf(i)};
  const auto began = Clock::now();
  for (IncomeAccount& a : accounts) EarnDay(&a, day, terms);
  return static_cast<double>(accounts.size()) / Since(began);
}

int Main(const std::map<std::string, std::string>& given) {
  const auto get = [&](const std::string& name, const std::string& missing) {
    return given.contains(name) ? given.at(name) : missing;
  };
  const uint64_t holders = std::strtoull(get("holders", "20000000").c_str(), nullptr, 10);
  const uint32_t days = static_cast<uint32_t>(std::atoi(get("days", "3").c_str()));
  const int threads = std::atoi(get("threads", "2").c_str());
  const std::string mode = get("mode", "carry");
  if (holders == 0 || days == 0 || threads < 1 || threads > 64 || (mode != "carry" && mode != "cut" && mode != "share")) {
    std::fprintf(stderr, "accrual: holders and days above 0, 1 to 64 threads, mode carry, cut or share\n");
    return 2;
  }
  const MoneyFundTerms terms{.mode = mode == "cut" ? IncomeMode::kCut : mode == "share" ? IncomeMode::kShare : IncomeMode::kCarry};
  namespace fs = std::filesystem;
  const bool own = !given.contains("data");
  const fs::path folder = own ? fs::temp_directory_path() / StrCat("fundcore-accrual-", ::getpid()) : fs::path(given.at("data"));
  fs::create_directories(folder);
  auto store = AccrualStore::Create((folder / "positions").string(), holders, UnitsOf);
  FC_CHECK(store.ok(), store.status().ToString());
  const IncomeDay day{.per_ten_thousand = *Nav::Parse("1.2834"), .payout = true};
  double worst = 0, all = 0;
  for (uint32_t d = 1; d <= days; ++d) {
    const auto began = Clock::now();
    const auto totals = (*store)->AccrueDay(d, day, terms, {.threads = threads});
    FC_CHECK(totals.ok(), totals.status().ToString());
    const double took = Since(began);
    worst = std::max(worst, took);
    all += took;
    std::fprintf(stderr, "day %u: %.2f s, %.0f holders/s\n", d, took, static_cast<double>(holders) / took);
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);  // before the references, which hold arrays of their own
  const uint64_t bytes = (*store)->segments() * (AccrualStore::kPerSegment * 24 + 16);
  const double raw = RawWrite((folder / "raw").string(), bytes);
  const double plain = PlainPass(day, terms);
  const double value = static_cast<double>(holders) * days / all, reference = static_cast<double>(holders) / raw;
  std::printf(
      "{\"name\":\"accrual_%s\",\"value\":%.4g,\"unit\":\"holders/s\",\"reference\":\"raw write and fdatasync of the bytes a day "
      "writes\",\"reference_value\":%.4g,\"ratio\":%.3f,\"holders\":%llu,\"days\":%u,\"threads\":%d,\"worst_day_s\":%.2f,"
      "\"bytes_a_day\":%llu,\"plain_pass_one_thread\":%.4g,\"peak_memory_mib\":%ld,\"what\":\"a compact store of this benchmark's own, "
      "not the account service's machine: no log, no ledger entries, no reads by others\"}\n",
      mode.c_str(), value, reference, value / reference, static_cast<unsigned long long>(holders), days, threads, worst,
      static_cast<unsigned long long>(bytes), plain, usage.ru_maxrss / 1024);
  store->reset();
  if (own) fs::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace fundcore::bench

int main(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const size_t equals = arg.find('=');
    const std::string name = arg.starts_with("--") ? arg.substr(2, equals == std::string::npos ? equals : equals - 2) : "";
    if (equals == std::string::npos || (name != "holders" && name != "days" && name != "mode" && name != "threads" && name != "data")) {
      std::fprintf(stderr, "usage: ./bench accrual [--holders=N] [--days=N] [--mode=carry|cut|share] [--threads=N] [--data=FOLDER]\n");
      return arg == "--help" ? 0 : 2;
    }
    given[name] = arg.substr(equals + 1);
  }
  return fundcore::bench::Main(given);
}
