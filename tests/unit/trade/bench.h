// A trade machine on its own, fed by hand: its commands take the way through the log's bytes, and every one is kept, so
// that they can be played again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/machine/partition.h"
#include "common/store/memory.h"
#include "common/time/calendar.h"
#include "gtest/gtest.h"
#include "services/trade/machine.h"

namespace fundcore::trade {

inline const PartitionId kPartition{3};
inline InvestorId Li() { return MakeInvestorId(kPartition, 7); }
inline InvestorId Wang() { return MakeInvestorId(kPartition, 8); }
inline TimePoint At(std::string_view text) { return *TimePoint::Parse(text); }
inline Date On(int32_t yyyymmdd) { return Date::FromRaw(yyyymmdd); }

inline FundTerms Fund(std::string_view code, std::string_view ta = "11") {
  FundTerms f;
  f.code = FundCode(code);
  f.ta = TaCode(ta);
  f.min_purchase = Money::Whole(100);
  f.min_additional = Money::Whole(10);
  f.max_purchase = Money::Whole(1'000'000);
  f.min_redemption = Units::Whole(5);
  return f;
}

// A feed of facts: numbered, with everything out up to the year's end unless told otherwise.
class Facts {
 public:
  Facts& Calendar(const TradingCalendar& c) { return Add({.kind = FactKind::kCalendar, .calendar = c}); }
  Facts& Institution(std::string_view ta, TimeOfDay cutoff = TimeOfDay::Hms(15, 0)) {
    InstitutionTerms i;
    i.ta = TaCode(ta);
    i.cutoff = cutoff;
    return Add({.kind = FactKind::kInstitution, .institution = i});
  }
  Facts& Fund(FundTerms f) {
    f.version = seq_ + 1;
    return Add({.kind = FactKind::kFund, .fund = f});
  }
  Facts& Conversions(std::string_view fund, std::vector<std::string> targets) {
    FundConversions c;
    c.fund = FundCode(fund);
    c.status = '0';
    for (const std::string& t : targets) c.relations.push_back({.target = FundCode(t)});
    return Add({.kind = FactKind::kConversions, .conversions = c});
  }
  AbsorbFacts Take(TimePoint watermark = At("2025-12-31 00:00:00")) {
    AbsorbFacts c = std::move(next_);
    c.watermark = watermark;
    next_ = {};
    next_.after = seq_;
    return c;
  }
  // Calendars, institutions 11 and 12, and funds 110022 and 110033 as most tests want them.
  static Facts Usual() {
    const CalendarSet calendars = CalendarSet::BuiltIn();
    Facts f;
    f.Calendar(*calendars.Find("XSHG"));
    auto both = TradingCalendar::Intersect("XSHG+XHKG", *calendars.Find("XSHG"), *calendars.Find("XHKG"));
    f.Calendar(*both).Institution("11").Institution("12", TimeOfDay::Hms(16, 0));
    f.Fund(trade::Fund("110022")).Fund(trade::Fund("110033", "12"));
    FundTerms hongkong = trade::Fund("110044");
    hongkong.calendar = "XSHG+XHKG";
    f.Fund(hongkong);
    return f;
  }

 private:
  Facts& Add(const ProductFact& fact) {
    next_.facts.emplace_back(++seq_, Encode(fact));
    return *this;
  }
  uint64_t seq_ = 0;
  AbsorbFacts next_;
};

class Bench {
 public:
  Bench() { Restart(); }

  // The process ends and comes back on what the store holds.
  void Restart() {
    if (machine_) {
      EXPECT_TRUE(state_->WriteBack().ok());
    }
    machine_.reset();
    state_ = std::make_unique<machine::State>(&store_, LogPartition{ServiceId::kTrade, kPartition});
    machine_ = std::make_unique<TradeMachine>(*state_, kPartition);
    EXPECT_TRUE(state_->Load().ok());
  }

  void SetTime(std::string_view text) { now_ = At(text); }
  TradeMachine& m() { return *machine_; }

  template <class C>
  TradeMachine::Result Do(const C& command) {
    auto bytes = std::make_shared<std::string>(Encode(command));
    const TimePoint at = now_;
    auto play = [bytes, at](TradeMachine& machine, machine::State& state) {
      C decoded{};
      EXPECT_TRUE(Decode(*bytes, &decoded));
      state.executing = state.meta.next++;
      machine::Context ctx;
      ctx.now = ctx.received = state.meta.now = std::max(state.meta.now, at);
      ctx.offset = state.executing;
      ctx.partition = kPartition;
      return machine.Execute(decoded, ctx);
    };
    journal_.push_back([play](TradeMachine& machine, machine::State& state) { (void)play(machine, state); });
    return play(*machine_, *state_);
  }

  std::string Hash() { return state_->Hash()->Hex(); }
  // The hash after the same commands on an empty store, written back now and then.
  std::string ReplayedHash(size_t write_back_every) {
    MemoryStore store;
    machine::State state(&store, LogPartition{ServiceId::kTrade, kPartition});
    TradeMachine machine(state, kPartition);
    EXPECT_TRUE(state.Load().ok());
    size_t n = 0;
    for (auto& play : journal_) {
      play(machine, state);
      if (++n % write_back_every != 0) continue;
      EXPECT_TRUE(state.WriteBack().ok());
    }
    return state.Hash()->Hex();
  }

  // --- Orders. ---
  static ReceiveItem Item(std::string_view id, uint8_t business, std::string_view fund, int64_t steps,
                          InvestorId who = Li()) {
    ReceiveItem i;
    i.investor = who;
    i.request_id = id;
    i.business = business;
    i.fund = FundCode(fund);
    (business == kRedemption ? i.units = Units::FromRaw(steps), 0 : (i.amount = Money::FromRaw(steps), 0));
    return i;
  }
  TradeMachine::Received Receive1(const ReceiveItem& item, std::string_view caller = "app") {
    Receive c;
    c.caller = CallerId(caller);
    c.orders = {item};
    return Do(c).received[0];
  }
  TradeMachine::Received ReceiveFrom(const ReceiveItem& item, ReceiveOrigin origin, std::string_view caller = "app") {
    Receive c;
    c.caller = CallerId(caller);
    c.orders = {item};
    c.origins = {origin};
    return Do(c).received[0];
  }
  // A purchase of 1,000.00, or of `yuan`.
  TradeMachine::Received Buy(std::string_view id, std::string_view fund = "110022", int64_t yuan = 1'000,
                             InvestorId who = Li()) {
    return Receive1(Item(id, kPurchase, fund, yuan * 100, who));
  }
  void JudgeAs(uint64_t order, uint16_t account_reason = 0, RiskOutcome risk = RiskOutcome::kAllow,
               uint16_t risk_reason = 0) {
    Judge j;
    j.orders.push_back({order, account_reason, risk, risk_reason, TaAccountId("110000000001")});
    if (account_reason) j.names.push_back({ReasonSource::kAccount, account_reason, "NOT_ENOUGH_CASH"});
    if (risk_reason) j.names.push_back({ReasonSource::kRisk, risk_reason, "WATCHED"});
    Do(j);
  }
  uint64_t Accepted(std::string_view id, std::string_view fund = "110022", int64_t yuan = 1'000) {
    const uint64_t order = Buy(id, fund, yuan).order;
    JudgeAs(order);
    EXPECT_EQ(StateOf(order), OrderState::kAccepted);
    return order;
  }
  OrderState StateOf(uint64_t order) { return machine_->FindOrder(order)->state; }
  Reason ReasonOf(uint64_t order) { return static_cast<Reason>(machine_->FindOrder(order)->reason); }
  bool ReleaseOwed(uint64_t order) { return machine_->releases().Contains(order); }
  uint64_t CountOf(std::string_view ta, Date day, OrderState state) {
    uint64_t n = 0;
    if (const Day* d = machine_->FindDay(TaCode(ta), day))
      for (const DayRow& row : d->rows)
        if (row.state == state) n += row.count;
    return n;
  }
  template <class C>
  TradeMachine::Result DoAll(const C& command) {
    TradeMachine::Result r = Do(command);
    while (r.more) r = Do(command);
    return r;
  }

 private:
  MemoryStore store_;
  std::unique_ptr<machine::State> state_;
  std::unique_ptr<TradeMachine> machine_;
  TimePoint now_ = At("2025-03-03 10:00:00");  // a Monday
  std::vector<std::function<void(TradeMachine&, machine::State&)>> journal_;
};

class UsualBench : public ::testing::Test, public Bench {
 protected:
  UsualBench() { Do(Facts::Usual().Take()); }
};

}  // namespace fundcore::trade
