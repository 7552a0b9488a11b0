// A made-up market for load: one institution, a few funds, many investors who are assessed and have money. Everything
// through the public API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/client.h"

namespace fundcore::testing {

struct MarketOptions {
  int investors = 1000;
  int funds = 4;
  int64_t deposit_fen = 100'000'000'000;  // each, 1 billion yuan: never the reason for a refusal
  int in_flight = 256;
  std::string ta = "11";
  std::string now_day = "20250303";       // of fee schedules: in force long before
};

struct Market {
  std::vector<uint64_t> investors;
  std::vector<uint64_t> cards;  // one each, in the same order
  std::vector<std::string> funds;
};

// Puts institution and funds, waits until their terms are in force (advancing a steered clock by a minute where
// `steered`), opens, assesses and funds the investors. Repeating it on the same data gives the same market.
absl::Status MakeMarket(AsyncClient* operator_client, const MarketOptions& options, bool steered, Market* market);

}  // namespace fundcore::testing
