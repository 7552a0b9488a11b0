// A risk machine on a bench: commands go in as a partition's player would give them, bytes and all.
//
//   Bench b;
//   b.Assess(7, 3);                                            // investor 7 is C3
//   EXPECT_EQ(b.Buy(1, 7, "000003").outcome, Outcome::kAllow);
//
// Funds 000001 to 000005 are of grade R1 to R5. Time stands still until `at` is changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/store/memory.h"
#include "services/risk/machine.h"

namespace fundcore::risk {

class Bench {
 public:
  explicit Bench(MemoryStore* store = nullptr) : store_(store ? store : &own_store_) {
    Restart();
    if (machine().limits().adopted) return;
    Run(AdoptLimits{});
    AbsorbFacts facts;
    for (int grade = 1; grade <= 5; ++grade) facts.facts.emplace_back(grade, Encode(FundFact(grade, grade, TimePoint())));
    facts.watermark = At("2035-01-01 00:00");
    Run(facts);
  }

  static TimePoint At(std::string_view text) { return *TimePoint::Parse(text); }

  static ProductFact FundFact(uint64_t seq, int grade, TimePoint effective_at, std::string_view code = "") {
    ProductFact fact;
    fact.kind = FactKind::kFund;
    fact.fund.emplace();
    fact.fund->code = FundCode(code.empty() ? StrCat("00000", grade) : std::string(code));
    fact.fund->risk_grade = static_cast<uint8_t>(grade);
    fact.fund->version = seq;
    fact.fund->effective_at = effective_at;
    return fact;
  }

  // Executes one command as a record of its own, by way of its bytes.
  template <class C>
  RiskMachine::Result Run(const C& command) {
    const std::string bytes = Encode(command);
    C decoded{};
    FC_CHECK(Decode(bytes, &decoded));
    machine::Context ctx;
    ctx.now = ctx.received = at;
    ctx.offset = state_->executing = state_->meta.next++;
    ctx.partition = kPartition;
    return machine_->Execute(decoded, ctx);
  }

  RiskMachine::Result Assess(uint64_t investor, int risk_class, bool lowest = false, std::string id = "") {
    const std::string points(1, static_cast<char>(4 * risk_class));
    if (id.empty()) id = StrCat("assess-", ++ids_);
    return Run(risk::Assess{CallerId("app"), id, investor, points, lowest});
  }
  void Watch(uint64_t investor, WatchLevel level) { Run(SetWatch{investor, level, level == WatchLevel::kNone ? "" : "a tip"}); }

  DecideItem Item(uint64_t order, uint64_t investor, std::string_view fund, int64_t yuan, bool confirmed = false) {
    return {order, investor, kPurchase, confirmed, FundCode(fund), Money::FromRaw(yuan * 100), Units(), Duration()};
  }
  Verdict One(DecideItem item, TimePoint received) {
    risk::Decide command;
    command.received = received;
    command.items.push_back(item);
    return Run(command).verdicts[0];
  }
  Verdict Buy(uint64_t order, uint64_t investor, std::string_view fund, int64_t yuan = 1000, bool confirmed = false) {
    return One(Item(order, investor, fund, yuan, confirmed), at);
  }
  Verdict Redeem(uint64_t order, uint64_t investor, std::string_view fund = "000001") {
    DecideItem item = Item(order, investor, fund, 0);
    item.business = 24;
    item.units = Units::FromRaw(500'00);
    return One(item, at);
  }
  bool Fired(uint64_t order, Reason rule) {
    return Evidence(order).rules >> static_cast<int>(rule) & 1;
  }
  risk::Evidence Evidence(uint64_t order) {
    auto explained = machine_->Explain(order, *machine_->FindDecision(order));
    FC_CHECK(explained.ok(), explained.status().ToString());
    return explained->evidence;
  }

  // A new process over what the store has.
  void Restart() {
    if (state_) FC_CHECK(state_->WriteBack().ok());
    machine_.reset();
    state_ = std::make_unique<machine::State>(store_, LogPartition{ServiceId::kRisk, kPartition});
    machine_ = std::make_unique<RiskMachine>(*state_, kPartition);
    FC_CHECK(state_->Load().ok());
  }
  std::string Hash() { return state_->Hash()->Hex(); }
  RiskMachine& machine() { return *machine_; }

  TimePoint at = At("2026-03-04 10:00");

 private:
  static constexpr PartitionId kPartition{3};
  MemoryStore own_store_;
  MemoryStore* store_;
  std::unique_ptr<machine::State> state_;
  std::unique_ptr<RiskMachine> machine_;
  int ids_ = 0;
};

}  // namespace fundcore::risk
