// A small world for clearing: one institution ("11", our code "301"), one fund, fake trade, account, product and bank,
// and an institution that answers with real files.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/files/memory.h"
#include "common/fund/seal_hash.h"
#include "common/log/memory.h"
#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"
#include "common/ofd/reader.h"
#include "common/ofd/variant.h"
#include "common/ofd/writer.h"
#include "common/rpc/direct.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "services/clearing/service.h"

namespace fundcore::clearing {

inline const TaCode kTa("11");
inline constexpr Date kMonday = Date::FromRaw(20250303);
inline constexpr Date kTuesday = Date::FromRaw(20250304);

inline TradingCalendar Weekdays() {
  std::vector<Date> open;
  for (Date d = Date::FromRaw(20250301); d <= Date::FromRaw(20250430); d = d.AddDays(1))
    if (d.weekday() < 5) open.push_back(d);
  return *TradingCalendar::Create("XSHG", Date::FromRaw(20250301), Date::FromRaw(20250430), open);
}

inline std::vector<std::string> Facts(const std::string& file_variant) {
  InstitutionTerms ta;
  ta.ta = kTa;
  ta.name = "Registrar";
  ta.distributor = DistributorCode("301");
  FundTerms fund;
  fund.code = FundCode("110022");
  fund.ta = kTa;
  ProductFact c{FactKind::kCalendar, Weekdays(), {}, {}, {}}, i{FactKind::kInstitution, {}, ta, {}, {}},
      f{FactKind::kFund, {}, {}, fund, {}};
  i.file_variant = file_variant;
  return {Encode(c), Encode(i), Encode(f)};
}

// What a test may set, and what the peers were told. Stands for the other services' durable state.
struct Peers {
  struct SimpleOrder {
    OrderId id;
    InvestorId investor;
    uint32_t business;
    int64_t amount, units;
    Date day;
    uint16_t sealed = 0;
    bool decided = true;
    bool dispatched = false;
    std::string code;  // once confirmed or refused
  };
  std::vector<SimpleOrder> orders;
  std::vector<account::v1::AccountApplication> applications;
  std::map<uint64_t, account::v1::Finding> findings;  // by line of a 04 file
  std::map<uint64_t, account::v1::Finding> balance_findings;
  std::vector<account::v1::Hung> hung;
  std::map<std::string, int64_t> unit_totals;
  std::vector<account::v1::SettlementTotal> totals;
  std::set<std::string> down;  // methods that answer UNAVAILABLE
  std::set<Date> closed_days;
  std::set<uint64_t> posted;  // lines posted by account
  uint64_t posted_twice = 0;
  std::map<std::string, uint64_t> next;  // by partition and file
  std::vector<std::string> settled;
  std::map<std::string, int64_t> bank;  // instruction id → amount
  bool bank_refuses = false;
  std::set<std::string> price_sources;
  uint64_t calls = 0;
  std::string file_variant;           // of the institution, as product would have said it
  std::string fund_code = "110022";  // of what is ordered

  void Add(uint64_t seq, uint32_t business, int64_t amount, int64_t units, Date day = kMonday) {
    const PartitionId p(static_cast<uint16_t>(seq % 2));
    orders.push_back({MakeOrderId(p, seq), MakeInvestorId(p, seq), business, amount, units, day});
  }
};

inline constexpr uint16_t kPartitions = 2;

template <class Req, class Resp, class F>
void Serve(rpc::Handlers& h, Peers* w, const std::string& method, F f) {
  h.Unary<Req, Resp>(method, [w, method, f](const rpc::Call&, const Req& q, Resp* r, rpc::Reply reply) {
    ++w->calls;
    if (w->down.contains(method.substr(method.rfind('/') + 1)))
      return reply(absl::UnavailableError(method + " is down"));
    reply(f(q, r));
  });
}

inline uint64_t& NextOf(Peers* w, std::string_view who, uint32_t partition, const std::string& hash) {
  return w->next[StrCat(who, partition, "/", hash)];
}

inline void ServePeers(rpc::Handlers& h, Peers* w) {
  const std::string to_trade = "fundcore.trade.v1.TradeOps/", to_account = "fundcore.account.v1.AccountOps/";
  const auto ok = absl::OkStatus();
  Serve<product::v1::FactsRequest, product::v1::FactsResponse>(h, w, "fundcore.product.v1.ProductOps/Facts",
                                                               [=](auto& q, auto* r) {
                                                                 const auto facts = Facts(w->file_variant);
                                                                 for (size_t i = q.after_seq(); i < facts.size(); ++i) {
                                                                   auto* f = r->add_facts();
                                                                   f->set_seq(i + 1);
                                                                   f->set_body(facts[i]);
                                                                 }
                                                                 return ok;
                                                               });
  Serve<product::v1::PutNavsRequest, product::v1::PutResponse>(h, w, "fundcore.product.v1.ProductService/PutNavs",
                                                               [=](auto& q, auto* r) {
                                                                 w->price_sources.insert(q.source());
                                                                 r->set_seq(7);
                                                                 return ok;
                                                               });
  Serve<trade::v1::CloseDayRequest, trade::v1::CloseDayResponse>(h, w, to_trade + "CloseDay", [=](auto& q, auto*) {
    w->closed_days.insert(Date::FromRaw(q.day()));
    return ok;
  });
  Serve<trade::v1::DayCountsRequest, trade::v1::DayCountsResponse>(h, w, to_trade + "DayCounts", [=](auto& q, auto* r) {
    for (auto& o : w->orders) {
      if (o.day.raw() != q.day()) continue;
      if (!o.decided)
        r->set_undecided(r->undecided() + 1);
      else if (!o.sealed)
        r->set_accepted_unsealed(r->accepted_unsealed() + 1);
      else
        r->set_sealed(r->sealed() + 1);
    }
    return ok;
  });
  Serve<trade::v1::SealRequest, trade::v1::SealResponse>(h, w, to_trade + "Seal", [=](auto& q, auto* r) {
    for (uint32_t p = 0; p < kPartitions; ++p) {
      auto* s = r->add_partitions();
      s->set_partition(p);
      uint64_t hash = 0;
      for (auto& o : w->orders) {
        if (o.day.raw() != q.day() || !o.decided || PartitionOf(o.id).raw() != p) continue;
        if (!o.sealed) o.sealed = static_cast<uint16_t>(q.transfer_no());
        if (o.sealed != q.transfer_no()) continue;
        s->set_count(s->count() + 1);
        s->set_sum_amount_fen(s->sum_amount_fen() + o.amount);
        s->set_sum_units_e2(s->sum_units_e2() + o.units);
        hash = SealHash(hash, o.id, Money::FromRaw(o.amount), Units::FromRaw(o.units));
      }
      s->set_hash(hash);
    }
    return ok;
  });
  Serve<trade::v1::PullSealedRequest, trade::v1::PullSealedResponse>(
      h, w, to_trade + "PullSealed", [=](auto& q, auto* r) {
        for (auto& o : w->orders) {
          if (o.day.raw() != q.day() || o.sealed != q.transfer_no() || PartitionOf(o.id).raw() != q.partition())
            continue;
          auto* out = r->add_orders();
          out->set_order_id(o.id.raw());
          out->set_investor_id(o.investor.raw());
          out->set_business(o.business);
          out->set_fund_code(w->fund_code);
          out->set_amount_fen(o.amount);
          out->set_units_e2(o.units);
          out->set_trade_day(o.day.raw());
          out->set_received_at_us(TimePoint::At(o.day, TimeOfDay::Hms(10, 2)).raw());
        }
        r->set_last_page(true);
        return ok;
      });
  Serve<trade::v1::MarkDispatchedRequest, trade::v1::MarkDispatchedResponse>(
      h, w, to_trade + "MarkDispatched", [=](auto& q, auto*) {
        for (auto& o : w->orders)
          if (o.day.raw() == q.day() && o.sealed == q.transfer_no()) o.dispatched = true;
        return ok;
      });
  Serve<trade::v1::ApplyConfirmationsRequest, trade::v1::ApplyConfirmationsResponse>(
      h, w, to_trade + "ApplyConfirmations", [=](auto& q, auto* r) -> absl::Status {
        uint64_t& next = NextOf(w, "trade", q.partition(), q.file_hash());
        if (q.first_index() > next) return absl::FailedPreconditionError("gap");
        for (int i = static_cast<int>(next - q.first_index()); i < q.lines_size(); ++i, ++next)
          for (auto& o : w->orders)
            if (o.id.raw() == q.lines(i).order_id()) o.code = q.lines(i).return_code();
        r->set_next_index(next);
        return absl::OkStatus();
      });
  Serve<trade::v1::SettleRequest, trade::v1::SettleResponse>(h, w, to_trade + "Settle", [=](auto& q, auto*) {
    w->settled.push_back(StrCat("trade ", q.fund_code(), "/", q.business()));
    return ok;
  });
  Serve<account::v1::SealApplicationsRequest, account::v1::SealApplicationsResponse>(
      h, w, to_account + "SealApplications", [=](auto&, auto* r) {
        auto* s = r->add_partitions();
        s->set_count(w->applications.size());
        return ok;
      });
  Serve<account::v1::PullApplicationsRequest, account::v1::PullApplicationsResponse>(
      h, w, to_account + "PullApplications", [=](auto&, auto* r) {
        for (auto& a : w->applications) *r->add_applications() = a;
        r->set_last_page(true);
        return ok;
      });
  Serve<account::v1::CheckConfirmationsRequest, account::v1::CheckConfirmationsResponse>(
      h, w, to_account + "CheckConfirmations", [=](auto& q, auto* r) {
        for (auto& line : q.lines()) {
          auto [from, to] = std::pair(w->findings.find(line.line()), w->findings.end());
          if (from != to) *r->add_findings() = from->second;
        }
        return ok;
      });
  Serve<account::v1::ApplyAccountConfirmationsRequest, account::v1::ApplyAccountConfirmationsResponse>(
      h, w, to_account + "ApplyAccountConfirmations", [=](auto& q, auto* r) {
        uint64_t& next = NextOf(w, "account", q.partition(), q.file_hash());
        next = std::max<uint64_t>(next, q.first_index() + static_cast<uint64_t>(q.lines_size()));
        for (auto& x : w->hung) *r->add_hung() = x;
        r->set_next_index(next);
        return ok;
      });
  Serve<trade::v1::ApplyConfirmationsRequest, account::v1::ApplyResult>(
      h, w, to_account + "ApplyConfirmations", [=](auto& q, auto* r) -> absl::Status {
        uint64_t& next = NextOf(w, "account", q.partition(), q.file_hash());
        if (q.first_index() > next) return absl::FailedPreconditionError("gap");
        for (int i = static_cast<int>(next - q.first_index()); i < q.lines_size(); ++i, ++next)
          w->posted_twice += !w->posted.insert(q.lines(i).line()).second;
        r->set_next_index(next);
        return absl::OkStatus();
      });
  Serve<account::v1::CheckDividendsRequest, account::v1::CheckDividendsResponse>(
      h, w, to_account + "CheckDividends", [=](auto&, auto*) { return ok; });
  Serve<account::v1::ApplyDividendsRequest, account::v1::ApplyResult>(
      h, w, to_account + "ApplyDividends", [=](auto& q, auto* r) {
        r->set_next_index(q.first_index() + static_cast<uint64_t>(q.lines_size()));
        return ok;
      });
  Serve<account::v1::CheckBalancesRequest, account::v1::CheckBalancesResponse>(
      h, w, to_account + "CheckBalances", [=](auto& q, auto* r) {
        for (auto& line : q.lines())
          if (auto it = w->balance_findings.find(line.line()); it != w->balance_findings.end())
            *r->add_findings() = it->second;
        return ok;
      });
  Serve<account::v1::UnitTotalsRequest, account::v1::UnitTotalsResponse>(h, w, to_account + "UnitTotals",
                                                                         [=](auto&, auto* r) {
                                                                           for (auto& [fund, units] : w->unit_totals) {
                                                                             auto* t = r->add_totals();
                                                                             t->set_fund_code(fund);
                                                                             t->set_units_e2(units);
                                                                           }
                                                                           return ok;
                                                                         });
  Serve<account::v1::SettlementTotalsRequest, account::v1::SettlementTotalsResponse>(
      h, w, to_account + "SettlementTotals", [=](auto&, auto* r) {
        for (auto& t : w->totals) *r->add_totals() = t;
        return ok;
      });
  Serve<account::v1::SettleRequest, account::v1::SettleResponse>(h, w, to_account + "Settle", [=](auto& q, auto*) {
    w->settled.push_back(StrCat("account ", q.fund_code(), "/", q.business()));
    return ok;
  });
  Serve<bank::v1::ExecuteRequest, bank::v1::ExecuteResponse>(h, w, "fundcore.bank.v1.BankService/Execute",
                                                             [=](auto& q, auto* r) {
                                                               for (auto& i : q.instructions()) {
                                                                 auto* result = r->add_results();
                                                                 result->set_done(!w->bank_refuses);
                                                                 if (w->bank_refuses) {
                                                                   result->set_reason("NO_FUNDS");
                                                                   continue;
                                                                 }
                                                                 w->bank.emplace(i.instruction_id(), i.amount_fen());
                                                               }
                                                               return ok;
                                                             });
}

// Writes the institution's files of a day into the exchange.
class Registrar {
 public:
  explicit Registrar(MemoryFiles* files) : files_(files) {}

  struct Line {
    OrderId order;
    InvestorId investor;
    std::string business = "122";
    int64_t amount = 100'00, units = 80'00;
    std::string code = "0000";
    std::string serial;
    bool interim = false;
  };
  struct Balance {
    InvestorId investor;
    int64_t units;
  };
  struct Cash {
    std::string business;
    int64_t amount;
    bool received;
    Date pay_date;
  };
  std::vector<Line> lines;
  std::vector<Line> accounts;
  std::vector<Balance> balances;
  std::vector<Cash> cash;
  uint16_t header_transfer = 0;  // 0: as the folder
  std::string receiver = "301";
  std::set<std::string> left_out;  // types
  bool index = true;
  ofd::Variant variant;              // what it does otherwise
  std::string fund_code = "110022";

  static std::string Folder(Date day, uint16_t n) {
    return StrCat("in/11/", day.Compact(), n < 10 ? "/00" : "/0", n, "/");
  }
  static std::string Name(Date day, std::string_view type) {
    return StrCat("OFD_11_301_", day.Compact(), "_", type, ".TXT");
  }

  void Answer(Date day, uint16_t n = 1) {
    ofd::IndexFile index_file;
    index_file.creator = ofd::PartyCode("11");
    index_file.receiver = ofd::PartyCode("301");
    index_file.date = day;
    for (std::string type : {"02", "04", "05", "06", "07", "25"}) {
      if (left_out.contains(type)) continue;
      Put(day, n, type);
      index_file.names.push_back(Name(day, type));
    }
    if (index) files_->Overwrite(Folder(day, n) + "OFI_11_301_" + day.Compact() + ".TXT", *index_file.Format());
  }

  void Put(Date day, uint16_t n, const std::string& type) {
    files_->Overwrite(Folder(day, n) + Name(day, type), Bytes(day, n, type));
  }

  std::string Bytes(Date day, uint16_t n, const std::string& type) {
    ofd::Header head;
    head.creator = ofd::PartyCode("11");
    head.receiver = ofd::PartyCode(receiver);
    head.date = day;
    head.transfer_no = TransferNo(header_transfer ? header_transfer : n);
    head.type = FileType(type);
    std::string bytes;
    const std::string name = receiver == "301" ? Name(day, type) : "any";
    head.fields = variant.FieldsFor(head.version, head.type);
    ofd::Writer w(name, &bytes, variant.writer_options());
    const auto text = [&](const char* field, const std::string& value) { w.SetText(w.Find(field), value); };
    const auto number = [&](const char* field, int64_t value) { w.SetNumber(w.Find(field), value); };
    const size_t count = type == "02"   ? accounts.size()
                         : type == "04" ? lines.size()
                         : type == "05" ? balances.size()
                         : type == "07" ? 1
                         : type == "25" ? cash.size()
                                        : 0;
    EXPECT_TRUE(w.Begin(head, count).ok());
    const auto end = [&] { EXPECT_TRUE(w.EndRecord().ok()); };
    if (type == "02" || type == "04") {
      size_t i = 0;
      for (const Line& l : type == "02" ? accounts : lines) {
        text("AppSheetSerialNo", l.order.is_set() ? FormatOrderId(l.order) : "");
        text("TransactionCfmDate", day.Compact());
        text("ReturnCode", l.code);
        text("TransactionAccountID", FormatInvestorId(l.investor));
        text("DistributorCode", "301");
        text("BusinessCode", l.business);
        text("TASerialNO", l.serial.empty() ? StrCat("S", ++i) : l.serial);
        if (type == "04") {
          text("FundCode", fund_code);
          text("BusinessFinishFlag", l.interim ? "0" : "1");
          text("DetailFlag", "0");
          number("ConfirmedVol", l.units);
          number("ConfirmedAmount", l.amount);
          number("NAV", 12500);
        }
        end();
      }
    } else if (type == "05") {
      for (const Balance& b : balances) {
        text("TransactionAccountID", FormatInvestorId(b.investor));
        text("FundCode", fund_code);
        text("DetailFlag", "0");
        number("TotalVolOfDistributorInTA", b.units);
        end();
      }
    } else if (type == "07") {
      text("FundCode", fund_code);
      text("FundStatus", "0");
      text("UpdateDate", "20250303");
      number("NAV", 12500);
      end();
    } else if (type == "25") {
      for (const Cash& c : cash) {
        text("FundCode", fund_code);
        text("BusinessCode", c.business);
        text("ReceOrPayFlag", c.received ? "0" : "1");
        text("PayDate", c.pay_date.Compact());
        text("DetailFlag", "0");
        number("ConfirmedAmount", c.amount);
        end();
      }
    }
    EXPECT_TRUE(w.Finish().ok());
    return bytes;
  }

 private:
  MemoryFiles* files_;
};

class World {
 public:
  explicit World(TimePoint start = TimePoint::At(kMonday, TimeOfDay::Hms(9, 0)), uint64_t seed = 1)
      : sim({.seed = seed, .start = start}),
        log(&sim),
        registrar(&files),
        network_(sim.MakeExecutor("network")),
        direct_(rpc::Faults{.seed = seed}, CallerId("fundcore/clearing"), network_) {
    ServePeers(peer_handlers_, &peers);
    direct_.Route("fundcore.", &peer_handlers_);
    Start();
  }
  ~World() {
    sim.Kill(executor_);
    direct_.Route("fundcore.clearing.", nullptr);
  }

  // The process dies and comes back: what was not durable is gone.
  void Restart() {
    sim.Kill(executor_);
    log.Crash();
    store.Crash();
    service.reset();
    Start();
  }

  template <class Req, class Resp>
  absl::Status Ask(const std::string& method, const Req& q, Resp* r) {
    absl::Status out = absl::UnknownError("no answer");
    bool done = false;
    direct_.Call("fundcore.clearing.v1.ClearingService/" + method, q, r, Duration::Seconds(5), network_,
                 [&](absl::Status s) {
                   out = std::move(s);
                   done = true;
                 });
    sim.RunUntil([&] { return done; });
    return out;
  }
  v1::BusinessDay Status(Date day) {
    v1::DayStatusRequest q;
    q.set_ta_code("11");
    q.set_day(day.raw());
    v1::DayStatusResponse r;
    const absl::Status s = Ask("DayStatus", q, &r);
    return s.ok() && r.days_size() == 1 ? r.days(0) : v1::BusinessDay();
  }
  std::vector<v1::Break> Breaks(bool all = false) {
    v1::ListBreaksRequest q;
    q.set_all(all);
    v1::ListBreaksResponse r;
    EXPECT_TRUE(Ask("ListBreaks", q, &r).ok());
    return {r.breaks().begin(), r.breaks().end()};
  }
  absl::Status Propose(uint64_t id, const std::string& resolution, const std::string& person) {
    v1::ProposeResolutionRequest q;
    q.set_break_id(id);
    q.set_resolution(resolution);
    q.set_person(person);
    v1::Break r;
    return Ask("ProposeResolution", q, &r);
  }
  absl::Status Approve(uint64_t id, const std::string& person) {
    v1::ApproveResolutionRequest q;
    q.set_break_id(id);
    q.set_person(person);
    v1::Break r;
    return Ask("ApproveResolution", q, &r);
  }
  // All open breaks, by two people.
  void Resolve(const std::string& resolution) {
    for (const auto& b : Breaks()) {
      EXPECT_TRUE(Propose(b.break_id(), resolution, "zhang").ok());
      EXPECT_TRUE(Approve(b.break_id(), "wang").ok());
    }
  }
  v1::Step StepOf(Date day) { return Status(day).step(); }
  bool RunTo(Date day, v1::Step step) {
    for (int i = 0; i < 60 && StepOf(day) != step; ++i) sim.RunUntilIdle(Duration::Millis(500));
    return StepOf(day) == step;
  }
  void GoTo(Date day, int hour, int minute) {
    sim.AdvanceTo(TimePoint::At(day, TimeOfDay::Hms(hour, minute)), Duration::Seconds(2));
  }
  // Monday's orders are out, Monday waits for the answer.
  void ToAwait() {
    GoTo(kMonday, 15, 1);
    ASSERT_TRUE(RunTo(kMonday, v1::AWAIT));
  }
  // An answer that confirms every order and agrees with our books.
  void CleanAnswer() {
    registrar.lines.clear();
    for (const auto& o : peers.orders) {
      if (o.dispatched)
        registrar.lines.push_back(
            {o.id, o.investor, o.business == 24 ? "124" : "122", 100'00, 80'00, "0000", "", false});
    }
  }
  Result Command(const auto& c) {
    Result out;
    bool done = false;
    const PartitionId p = HashPartition(kTa.view(), 2);
    auto* host = static_cast<machine::Host<ClearingMachine>*>(service->host());
    host->On(p, [&, host](auto&) { host->Submit(p, c, [&](const Result& r) { out = r, done = true; }); });
    sim.RunUntil([&] { return done; });
    return out;
  }
  std::string Hash() {
    auto* host = static_cast<machine::Host<ClearingMachine>*>(service->host());
    std::string out;
    for (uint16_t p = 0; p < 2; ++p) {
      auto h = host->At(PartitionId(p)).state().Hash();
      EXPECT_TRUE(h.ok());
      out += Encode(host->At(PartitionId(p)).state().meta);
    }
    return out;
  }
  ClearingMachine& Machine() {
    return static_cast<machine::Host<ClearingMachine>*>(service->host())->At(HashPartition(kTa.view(), 2)).machine();
  }

  rpc::DirectPeers& direct() { return direct_; }

  SimWorld sim;
  MemoryLog log;
  MemoryStore store;
  MemoryFiles files;
  Registrar registrar;
  Peers peers;
  std::unique_ptr<ClearingServiceImpl> service;

 private:
  void Start() {
    executor_ = sim.MakeExecutor("clearing");
    ServiceDeps deps;
    deps.executors = {executor_};
    deps.log = &log;
    deps.store = &store;
    deps.peers = &direct_;
    deps.exchange = &files;
    deps.partitions = kPartitions;
    deps.clearing_partitions = 2;
    deps.owner = sim.random().Next() | 1;
    service = std::make_unique<ClearingServiceImpl>(deps);
    handlers_ = std::make_unique<rpc::Handlers>();
    service->Register(handlers_.get());
    direct_.Route("fundcore.clearing.", handlers_.get());
    ASSERT_TRUE(service->host()->Recover().ok());
    ASSERT_TRUE(log.Start().ok());
    bool serving = false;
    service->host()->WhenServing([&] { serving = true; });
    ASSERT_TRUE(sim.RunUntil([&] { return serving; }));
    service->Start();
  }

  SimExecutor* network_;
  rpc::DirectPeers direct_;
  rpc::Handlers peer_handlers_;
  std::unique_ptr<rpc::Handlers> handlers_;
  SimExecutor* executor_ = nullptr;
};

}  // namespace fundcore::clearing
