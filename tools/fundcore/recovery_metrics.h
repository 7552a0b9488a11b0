// Metrics of what is not final and of how peers answer: the same figures as `fundctl recovery status`.
//
//   PublishRecovery(&metrics, system.handlers());
//
// fundcore_orders_waiting{for="risk"} and fundcore_oldest_order_seconds{for="risk"}, for each of what orders wait for;
// fundcore_peer_calls_total{peer="risk",outcome="unavailable"}, fundcore_retries_total{peer="risk"},
// fundcore_retries_last_minute{peer="risk"}, fundcore_peer_answers{peer="risk"} (share of the executors that think so).
#pragma once

#include "common/rpc/handlers.h"
#include "common/telemetry/metrics.h"

namespace fundcore {

// Asks TradeOps/RecoveryStatus in this process when somebody reads the metrics, once for all of them and at most every
// two seconds. Where it does not answer within a second, the last figures stand. `handlers` must stay valid as long as
// the set is served.
void PublishRecovery(Metrics* metrics, const rpc::Handlers* handlers);

}  // namespace fundcore
