// Load: a served process with a market, and order streams against it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tests/bench/fundcore/bench.h"
#include "tests/support/client.h"
#include "tests/support/market.h"
#include "tests/support/process.h"

namespace fundcore::bench {

struct BatchFigures {
  uint64_t accepted = 0;
  uint64_t other = 0;  // anything but ACCEPTED
  int64_t p50_us = 0, p99_us = 0;
};
struct SingleFigures {
  double rate = 0;
  uint64_t other = 0;
  int64_t p50_us = 0, p99_us = 0;
};

class Load {
 public:
  explicit Load(const Options& options);
  // Serves on a steered clock at 10:00 of a trading day and makes the market. Ends the program where that fails.
  void Start();
  // The same with a system that serves already, at one address or several with commas between them.
  void StartAt(const std::string& addresses);

  // Purchases of random investors, `batch` a call. Request ids are never repeated within this object's life.
  BatchFigures SendBatches(size_t calls, int batch, int in_flight, std::function<void(uint64_t)> progress);
  // `callers` calls under way for `seconds`; at most `rate` a second where rate > 0.
  SingleFigures SendSingles(int callers, double seconds, double rate);

  testing::ServerProcess& server() { return *server_; }
  testing::AsyncClient& client() { return *client_; }
  const testing::Market& market() const { return market_; }
  const std::string& folder() const { return folder_; }
  std::string data() const { return folder_ + "/data"; }
  uint64_t LogBytes() const;
  double LogScanBytesPerSecond() const;

 private:
  const Options options_;
  std::optional<testing::TemporaryFolder> temporary_;
  std::string folder_;
  std::unique_ptr<testing::ServerProcess> server_;
  std::unique_ptr<testing::AsyncClient> client_;
  testing::Market market_;
  uint64_t run_ = 0;
};

}  // namespace fundcore::bench
