// A process that appends is killed at random, many times over: everything that it had been told is durable is found again.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

#include "common/log/embedded.h"
#include "common/runtime/random.h"
#include "log_files.h"

namespace fundcore {
namespace {

using namespace log_testing;

EmbeddedLog::Options CrashOptions(const std::string& folder) {
  auto options = SmallLog(folder);
  options.segment_bytes = 128 << 10;  // several rolls a round
  options.trailer_after = Duration::Micros(200);
  return options;
}

// What the child tells its parent for every acknowledged append.
struct Acknowledged {
  uint16_t partition;
  uint64_t number;
};

std::string Bytes(uint16_t partition, uint64_t number) {
  return Payload(std::to_string(partition) + "/" + std::to_string(number), 10 + number * 37 % 900);
}

// Appends numbered records to four partitions, several in flight, until it is killed.
[[noreturn]] void Child(const std::string& folder, int pipe) {
  auto log = EmbeddedLog::Open(CrashOptions(folder));
  if (!log.ok()) {
    std::fprintf(stderr, "child: %s\n", std::string(log.status().message()).c_str());
    ::_exit(3);
  }
  std::vector<std::thread> threads;
  for (uint16_t p = 0; p < 4; ++p) {
    threads.emplace_back([&, p] {
      std::atomic<int> in_flight{0};
      for (uint64_t n = (*log)->End(Trade(p));; ++n) {
        while (in_flight.load() >= 4) std::this_thread::yield();
        ++in_flight;
        std::vector<AppendItem> items;
        items.push_back({Trade(p), Bytes(p, n)});
        (*log)->Append(std::move(items), [&in_flight, p, n, pipe](absl::Status s) {
          if (!s.ok()) ::_exit(4);
          const Acknowledged a{p, n};
          if (::write(pipe, &a, sizeof a) != sizeof a) ::_exit(5);
          --in_flight;
        });
      }
    });
  }
  for (;;) ::pause();
}

TEST(LogCrash, WhatWasAcknowledgedSurvivesBeingKilled) {
  TempFolder folder;
  SeededRandom random(20250304);
  uint64_t acknowledged[4] = {};  // per partition: how many were promised so far
  uint64_t total = 0;
  for (int round = 0; round < 20; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe[0]);
      Child(folder.path(), pipe[1]);
    }
    ::close(pipe[1]);
    // The moment of death is a number of acknowledgements, so that every round gets somewhere on any machine.
    uint64_t left = 20 + random.Below(400);
    Acknowledged a;
    while (::read(pipe[0], &a, sizeof a) == sizeof a) {
      if (left > 0 && --left == 0) ::kill(child, SIGKILL);
      ++total;
      acknowledged[a.partition] = std::max(acknowledged[a.partition], a.number + 1);
    }
    ::close(pipe[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;

    OpenReport report;
    auto log = EmbeddedLog::Open(CrashOptions(folder.path()), &report);
    ASSERT_TRUE(log.ok()) << "round " << round << ": " << log.status();
    for (uint16_t p = 0; p < 4; ++p) {
      ASSERT_GE((*log)->End(Trade(p)), acknowledged[p]) << "round " << round << " partition " << p;
    }
  }
  const auto stored = Scan(folder.path());
  ASSERT_TRUE(stored.ok()) << stored.status();
  for (uint16_t p = 0; p < 4; ++p) {
    const auto& list = stored->at(Trade(p));
    for (uint64_t n = 0; n < list.size(); ++n) ASSERT_EQ(list[n], Bytes(p, n));
  }
  EXPECT_GT(total, 20u * 20);
}

}  // namespace
}  // namespace fundcore
