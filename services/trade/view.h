// Orders as the API shows them: from the machine's entries to messages. On the partition's executor.
#pragma once

#include <string>

#include "fundcore/trade/v1/trade.pb.h"
#include "services/trade/machine.h"

namespace fundcore::trade {

// All the API tells of an order.
void FillOrder(TradeMachine& machine, uint64_t seq, const Order& o, v1::Order* out);
// What the caller of a submission learns of an order that was received.
void FillOutcome(TradeMachine& machine, uint64_t seq, OrderState state, ReasonSource source, uint32_t reason,
                 Date trade_day, v1::OrderOutcome* out);
inline void FillOutcome(TradeMachine& machine, uint64_t seq, const Order& o, v1::OrderOutcome* out) {
  FillOutcome(machine, seq, o.state, o.source, o.reason, machine.ToldDay(seq, o), out);
}
// Every step of an order with its time, in order of time.
void FillTrace(TradeMachine& machine, uint64_t seq, const Order& o, v1::TraceOrderResponse* out);

void FillTerms(const PlanTerms& terms, v1::PlanTerms* out);
// All the API tells of a plan.
void FillPlan(TradeMachine& machine, uint64_t seq, const Plan& p, v1::Plan* out);

// The state's name as in the API.
std::string_view StateName(OrderState state);

}  // namespace fundcore::trade
