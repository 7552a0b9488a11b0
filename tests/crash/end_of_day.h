// The end of day under kills: the orders that a crash loop has left are exported, answered by ta_sim, applied and settled while
// the server dies at one named point after the other. Then each accepted order stands in exactly one line of the files that went
// out, is confirmed, and paid.
//
//   std::vector<std::string> faults = EndOfDay({.server = &server, …});
//
// From the main thread, with no load under way; the server is up before and afterwards, with business time two days later.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/runtime/random.h"
#include "tests/crash/control.h"
#include "tests/crash/promises.h"
#include "tests/support/process.h"

namespace fundcore::crash {

struct EndOfDayParts {
  testing::ServerProcess* server = nullptr;
  Control* control = nullptr;
  SeededRandom* random = nullptr;
  const Promises* promises = nullptr;
  std::string data;      // its folder; settlement files are below exchange/
  std::string scratch;   // a folder of our own
  std::function<void(const std::string& point, const std::string& what)> tell;  // of every death
};

// What is wrong; empty where nothing is.
std::vector<std::string> EndOfDay(const EndOfDayParts& parts);

}  // namespace fundcore::crash
