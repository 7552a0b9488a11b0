// What funds, institutions and calendars are, since when, and at what price: the source of product facts.
//
// A pure state machine with one partition. Each change becomes a numbered fact which every partition of the other services
// absorbs. Facts that bear on rules take effect no earlier than `lead` after they were logged, so that the watermark
// `now + lead` is a promise: nothing that takes effect before it is still to come.
#pragma once

#include <string>

#include "common/machine/partition.h"
#include "common/product/book.h"
#include "services/product/commands.h"
#include "services/product/reason.h"

namespace fundcore::product {

class ProductMachine {
 public:
  struct Result {
    Reason reason = Reason::kOk;
    uint64_t seq = 0;        // of the last fact
    TimePoint effective_at;
  };
  using Commands = machine::CommandList<PutCalendar, PutInstitution, PutFund, PutNavs, Tick, PutConversions>;

  ProductMachine(machine::State& state, PartitionId, Duration lead) : state_(state), lead_(lead) {}

  Result Execute(const PutCalendar& c, const machine::Context& ctx);
  Result Execute(const PutInstitution& c, const machine::Context& ctx);
  Result Execute(const PutFund& c, const machine::Context& ctx);
  Result Execute(const PutNavs& c, const machine::Context& ctx);
  Result Execute(const Tick& c, const machine::Context& ctx);
  Result Execute(const PutConversions& c, const machine::Context& ctx);

  ProductBook& products() { return products_; }
  // Every fact that takes effect up to here has a number up to last_seq(). For readers, not part of the state.
  TimePoint watermark() const { return state_.meta.now + lead_; }
  uint64_t last_seq() { return products_.absorbed(); }
  // Calls `visit` for at most `limit` facts after `after`, in order; for fewer where they are long, but for one at least.
  void Facts(uint64_t after, uint32_t limit, absl::FunctionRef<void(uint64_t seq, const std::string& body)> visit);
  // The newest terms, in force or to come; nullptr where the fund is unknown.
  const FundTerms* Newest(const FundCode& code) { return products_.Fund(code, TimePoint::FromRaw(INT64_MAX)); }

  const FundConversions* NewestConversions(const FundCode& code) {
    return products_.Conversions(code, TimePoint::FromRaw(INT64_MAX));
  }

 private:
  Result Say(ProductFact fact, TimePoint effective_at);

  machine::State& state_;
  const Duration lead_;
  machine::Table<uint64_t, std::string> facts_{state_, 1, machine::Residence::kLazy};
  machine::Table<std::string, uint64_t> sources_{state_, 2, machine::Residence::kLazy};
  ProductBook products_{state_, 200};
};

}  // namespace fundcore::product
