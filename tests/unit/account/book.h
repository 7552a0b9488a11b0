// One partition of account under test, without log, service or peers: commands in, results and balances out. It remembers
// its commands, so that a test can play them again on an empty partition and compare the state.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/store/memory.h"
#include "services/account/check.h"
#include "services/account/machine.h"

namespace fundcore::account {

inline Money Yuan(const char* text) { return *Money::Parse(text); }
inline Units U(const char* text) { return *Units::Parse(text); }
inline Nav N(const char* text) { return *Nav::Parse(text); }
inline Date D(int yyyymmdd) { return Date::FromRaw(yyyymmdd); }
inline const TaCode kTa("11");
inline const FundCode kFund("110022");
inline Hash256 HashNamed(std::string_view name) { return Sha256(name); }

// March 2025 in Shanghai: the 3rd is a Monday.
class Book {
 public:
  explicit Book(uint16_t partition = 0)
      : partition_(partition), state_(&store_, {ServiceId::kAccount, PartitionId(partition)}),
        machine_(state_, PartitionId(partition)) {
    FC_CHECK(state_.Load().ok());
  }

  template <class C>
  Result Do(const C& command) {
    commands_.push_back([command](Book& other) { IgnoreResult(other.Execute(command)); });
    return Execute(command);
  }

  // A calendar, the institution and a fund: 1.2% outside (1000 yuan from 1 million), redemption 1.5% to 7 days, 0.5%
  // after.
  void Absorb(std::function<void(FundTerms&, InstitutionTerms&)> change = {}) {
    InstitutionTerms institution{.ta = kTa, .name = "TA", .distributor = DistributorCode("301")};
    FundTerms fund;
    fund.code = kFund;
    fund.ta = kTa;
    FeeSchedule fees;
    fees.effective_from = D(20200101);
    fees.purchase = {{Money(), Yuan("999999.99"), PurchaseFee::OfRate(*Rate::Parse("1.2%"))},
                     {Yuan("1000000"), kNoAmountLimit, PurchaseFee::Fixed(Yuan("1000"))}};
    fees.redemption = {{0, 6, *Rate::Parse("1.5%"), *Rate::Parse("100%")},
                       {7, kNoDayLimit, *Rate::Parse("0.5%"), *Rate::Parse("25%")}};
    fund.fees.list = {fees};
    if (change) change(fund, institution);
    std::vector<ProductFact> facts(3);
    facts[0].kind = FactKind::kCalendar;
    facts[0].calendar = *CalendarSet::BuiltIn().Find("XSHG");
    facts[1].kind = FactKind::kInstitution;
    facts[1].institution = institution;
    facts[2].kind = FactKind::kFund;
    facts[2].fund = fund;
    AbsorbAll(facts);
  }
  void Price(int day, const char* nav) {
    std::vector<ProductFact> facts(1);
    facts[0].kind = FactKind::kNav;
    facts[0].nav = NavFact{.fund = kFund, .day = D(day), .nav = N(nav)};
    AbsorbAll(facts);
  }

  // An investor with a card and cash.
  InvestorId Open(const char* name, const char* cash = nullptr) {
    OpenInvestor c;
    c.certificate = HashNamed(name);
    const InvestorId id = MakeInvestorId(PartitionId(partition_), Do(c).number);
    AddCard card;
    card.investor = id;
    card.fingerprint = HashNamed(std::string("card of ") + name);
    Do(card);
    if (cash) {
      const auto paid = Do(Payment(id, name, cash));
      Do(PaymentAnswered{paid.number, true, "", ""});
    }
    return id;
  }
  static Pay Payment(InvestorId investor, const char* request, const char* amount,
                     PaymentDirection direction = PaymentDirection::kDeposit) {
    Pay c;
    c.caller = CallerId("app");
    c.request = RequestId(request);
    c.investor = investor;
    c.card = CardId(1);
    c.direction = direction;
    c.amount = Yuan(amount);
    return c;
  }

  OrderId Order(uint64_t seq) const { return MakeOrderId(PartitionId(partition_), seq); }
  Reserve Buy(uint64_t seq, InvestorId investor, const char* amount, int day = 20250303) const {
    Reserve c;
    c.order = Order(seq);
    c.investor = investor;
    c.business = 22;
    c.fund = kFund;
    c.ta = kTa;
    c.amount = Yuan(amount);
    c.trade_day = D(day);
    c.received_at = TimePoint::At(D(day), TimeOfDay::Hms(10, 0));
    return c;
  }
  Reserve Sell(uint64_t seq, InvestorId investor, const char* units, int day) const {
    Reserve c = Buy(seq, investor, "0", day);
    c.business = 24;
    c.units = U(units);
    return c;
  }
  TradeLine Line(uint64_t number, uint64_t order, InvestorId investor, uint16_t business, int confirm_day) const {
    TradeLine line;
    line.line = number;
    line.order = order ? Order(order) : OrderId();
    line.investor = investor;
    line.business = business;
    line.return_code = ReturnCode("0000");
    line.fund = kFund;
    line.ta_account = TaAccountId("110000000001");
    line.serial = TaSerialNo(StrCat("S", confirm_day, number));
    line.confirm_day = D(confirm_day);
    return line;
  }
  TradeLine Bought(uint64_t number, uint64_t order, InvestorId investor, const char* amount, const char* units,
                   const char* fee, const char* nav, int confirm_day) const {
    TradeLine line = Line(number, order, investor, 122, confirm_day);
    line.amount = Yuan(amount);
    line.units = U(units);
    line.charge = Yuan(fee);
    line.nav = N(nav);
    return line;
  }
  static ApplyTradeLines File(std::vector<TradeLine> lines, const char* name = "04", uint64_t first = 0) {
    ApplyTradeLines c;
    c.ta = kTa;
    c.file = HashNamed(name);
    c.file_name = name;
    c.first_index = first;
    c.lines = std::move(lines);
    return c;
  }
  std::vector<FindingEntry> Check(const std::vector<TradeLine>& lines) {
    std::vector<FindingEntry> findings;
    ConfirmationChecker checker(machine_, kTa);
    for (const TradeLine& line : lines) checker.Check(line, nullptr, nullptr, &findings);
    return findings;
  }
  // Buys and confirms, so that the investor holds units.
  void Hold(uint64_t order, InvestorId investor, const char* amount, const char* units, int trade_day, int confirm_day) {
    Do(Buy(order, investor, amount, trade_day));
    Do(File({Bought(order, order, investor, amount, units, "0", "1.0000", confirm_day)},
            StrCat("04 of order ", order).c_str()));
  }

  AccountMachine& machine() { return machine_; }
  const Investor& At(InvestorId id) { return *machine_.FindInvestor(id); }
  const Reservation& Reserved(uint64_t seq) { return *machine_.FindReservation(Order(seq)); }
  void Now(int day, int hour = 10) { now_ = TimePoint::At(D(day), TimeOfDay::Hms(hour, 0)); }
  std::string Hash() { return state_.Hash()->Hex(); }
  void WriteBack() { FC_CHECK(state_.WriteBack().ok()); }

  // Cash legs sum to zero, unit legs sum to zero for each fund, and the running totals are what the accounts add up to.
  void ExpectBalanced() {
    const CashTotals& t = machine_.ledger().cash();
    Money sum = t.bank - t.investors.available - t.investors.reserved - t.investors.awaiting - t.investors.withdrawing -
                t.converting - t.advanced + t.advance_claim;
    Money converting;
    machine_.ForEachConversion([&](const Conversion& k) { converting += k.converting(); });
    EXPECT_EQ(converting, t.converting);
    machine_.ledger().ForEachTa(
        [&](const TaCode&, const TaTotals& ta) { sum += ta.receivable + ta.suspense - ta.payable; });
    EXPECT_EQ(sum, Money()) << sum.ToString();
    InvestorCash cash;
    std::map<std::string, std::pair<Units, Units>> units;
    for (uint64_t seq = 1; seq <= machine_.investors(); ++seq) {
      const Investor& i = At(MakeInvestorId(PartitionId(partition_), seq));
      cash.available += i.cash.available;
      cash.reserved += i.cash.reserved;
      cash.awaiting += i.cash.awaiting;
      cash.withdrawing += i.cash.withdrawing;
      for (const Holding& h : i.holdings) {
        Units lots;
        for (const Lot& lot : h.lots) lots += lot.units;
        EXPECT_EQ(lots, h.units);
        EXPECT_LE(h.frozen, h.units);
        units[h.fund.str()].first += h.free();
        units[h.fund.str()].second += h.frozen;
      }
    }
    EXPECT_EQ(cash.available, t.investors.available);
    EXPECT_EQ(cash.reserved, t.investors.reserved);
    EXPECT_EQ(cash.awaiting, t.investors.awaiting);
    EXPECT_EQ(cash.withdrawing, t.investors.withdrawing);
    machine_.ledger().ForEachFund([&](const UnitKey& key, const UnitTotals& u) {
      EXPECT_EQ(u.registered + u.suspense, u.free + u.frozen);
      EXPECT_EQ(units[key.fund.str()].first, u.free);
      EXPECT_EQ(units[key.fund.str()].second, u.frozen);
    });
  }

  // The same commands on an empty partition, with another rhythm of write-backs, give the same state.
  void ExpectReplays() {
    Book again(partition_);
    for (size_t i = 0; i < commands_.size(); ++i) {
      again.now_ = times_[i];
      commands_[i](again);
      if (i % 3 == 0) again.WriteBack();
    }
    EXPECT_EQ(Hash(), again.Hash());
  }

 private:
  static void IgnoreResult(const Result&) {}
  template <class C>
  Result Execute(const C& command) {
    times_.push_back(now_);
    C back;  // as the log has it
    FC_CHECK(Decode(Encode(command), &back));
    state_.executing = offset_++;
    machine::Context ctx;
    ctx.now = ctx.received = now_;
    ctx.offset = state_.executing;
    ctx.partition = PartitionId(partition_);
    return machine_.Execute(back, ctx);
  }
  void AbsorbAll(const std::vector<ProductFact>& facts) {
    AbsorbFacts c;
    c.after = machine_.products().absorbed();
    uint64_t seq = c.after;
    for (const ProductFact& f : facts) c.facts.emplace_back(++seq, Encode(f));
    Do(c);
  }

  uint16_t partition_;
  MemoryStore store_;
  machine::State state_;
  AccountMachine machine_;
  LogOffset offset_ = 0;
  TimePoint now_ = TimePoint::At(D(20250303), TimeOfDay::Hms(9, 0));
  std::vector<std::function<void(Book&)>> commands_;
  std::vector<TimePoint> times_;
};

}  // namespace fundcore::account
