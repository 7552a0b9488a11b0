// One run: setting up, trouble, healing, progress, judgement.
#include "tests/simulation/simulation.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "common/base/check.h"
#include "common/files/disk.h"
#include "common/types/ids.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "tools/dayrun/terms.h"

namespace fundcore::simulation {
namespace {

namespace tv1 = trade::v1;
namespace av1 = account::v1;
namespace cv1 = clearing::v1;
namespace pv1 = product::v1;

constexpr std::string_view kProduct = "fundcore.product.v1.ProductService/";
constexpr std::string_view kAccount = "fundcore.account.v1.AccountService/";

dayrun::SimOptions OptionsOf(const Plan& plan) {
  dayrun::SimOptions o;
  o.seed = plan.seed;
  o.start = plan.script.start;
  o.executors = plan.executors;
  o.partitions = plan.partitions;
  o.clearing_partitions = plan.clearing_partitions;
  o.shuffle = plan.shuffle;
  o.flush_every_bytes = plan.flush_every_bytes;
  return o;
}

}  // namespace

Simulation::Simulation(const Plan& plan, const Options& options)
    : plan_(plan),
      options_(options),
      plant_(MakePlant(options.plant)),
      system_(MakeSystem()),
      trace_(&system_->world(), options.keep_trace),
      client_(system_.get(), plan.seed),
      savers_client_(system_.get(), plan.seed + 1),
      judge_(plan_, [this] { return system_->world().Now(); }),
      investors_(plan_, &client_, &judge_, &trace_, &counts_),
      savers_(plan_, &savers_client_, &judge_, &trace_),
      desk_(plan_, &savers_client_, &judge_, &trace_, &counts_),
      institutions_(plan_, system_.get(), &client_, &judge_, &trace_, &counts_),
      operators_(plan_, &client_, &judge_, &trace_, &counts_,
                 [this](const std::string& ta, Date day) { institutions_.CorrectionWanted(ta, day); }),
      random_(RandomFor(plan.seed, Stream::kTroubles)),
      looks_(RandomFor(plan.seed, Stream::kClusterLooks)),
      rots_(RandomFor(plan.seed + 1, Stream::kRot)) {}

std::unique_ptr<dayrun::Simulated> Simulation::MakeSystem() {
  dayrun::SimOptions o = OptionsOf(plan_);
  if (plan_.Has(Fault::kClock)) {
    o.clock_health = [this] {
      return clock_bad_ ? absl::FailedPreconditionError("the wall clock is a minute off business time") : absl::OkStatus();
    };
    o.accept_clock = [this] { clock_bad_ = false; };
  }
  if (plant_) o.wrap = [this](ServiceDeps* deps) { plant_->Wrap(deps); };
  if (plan_.nodes.empty()) {
    auto single = std::make_unique<dayrun::SimSystem>(o);
    single_ = single.get();
    return single;
  }
  auto cluster = std::make_unique<dayrun::SimCluster>(o, plan_.nodes);
  cluster_ = cluster.get();
  return cluster;
}

// --- The course of a run
// -----------------------------------------------------------------------------------------------

RunResult Simulation::Run() {
  RunResult result;
  result.days = static_cast<int>(plan_.days.size());
  if (SetUp()) {
    const Date deadline = plan_.Deadline();
    investors_.Schedule();
    savers_.Schedule();
    desk_.Schedule(deadline);
    institutions_.Schedule(deadline);
    operators_.Schedule(deadline);
    PlanTroubles();
    Advance(TimePoint::At(plan_.days.back(), TimeOfDay::Hms(23, 59)));
    // Troubles of institutions reach into the days on which they answer; then everything heals.
    const Date calm =
        plan_.Has(Fault::kTaLate) || random_.Below(2) == 0 ? plan_.days.back().AddDays(1) : plan_.days.back();
    Advance(TimePoint::At(calm, TimeOfDay::Hms(23, 59, 30)));
    Heal();
    if (Progress(&result)) Judgement(&result);
  }
  if (!options_.keep_files.empty()) KeepFiles();
  result.violations = judge_.violations();
  if (!result.violations.empty()) result.history = HistoryOf(result.violations.front());
  result.tally = judge_.tally();
  const rpc::CallCounts& calls = system_->calls();
  Count(Fault::kLostCall) = calls.lost;
  Count(Fault::kDoubledCall) = calls.doubled;
  Count(Fault::kLateCall) = calls.late;
  Count(Fault::kUnknownAppend) = system_->log_counts().unknown;
  Count(Fault::kSlowSync) = system_->log_counts().slow;
  result.faults = counts_;
  result.steps = system_->world().steps();
  result.crashes = crashes_;
  result.hash = Hash();
  for (const auto& [service, partitions] :
       System::Layout({.partitions = plan_.partitions, .clearing_partitions = plan_.clearing_partitions}))
    for (uint16_t p = 0; p < partitions; ++p) result.records += system_->Stored({service, PartitionId(p)}).size();
  return result;
}

void Simulation::Advance(TimePoint to) {
  while (!events_.empty() && events_.begin()->first <= to) {
    const TimePoint when = events_.begin()->first;
    Step(when);
    auto what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    what();
  }
  Step(to);
}

// A crash may fall into any step of the way; time goes on all the same.
void Simulation::Step(TimePoint to) {
  for (;;) {
    system_->world().AdvanceTo(to, pace_);
    if (!system_->world().stopped()) return;
    system_->world().Resume();
    const auto what = std::exchange(at_stop_, {});
    for (const auto& f : what) f();
    if (what.empty()) Crash();
  }
}

void Simulation::Crash() {
  if (down_) return;
  ++crashes_;
  system_->Crash();
  trace_.Add("", StrCat("CRASH ", crashes_));
  const bool again = crash_in_start_next_;
  crash_in_start_next_ = !healed_ && plan_.Has(Fault::kCrashInStart) && !again && random_.Below(2) == 0;
  ++Count(again ? Fault::kCrashInStart : Fault::kCrash);
  if (single_ && !healed_ && plan_.Has(Fault::kRot) && rots_.Below(3) == 0) Rot();
  const bool outage = plan_.Has(Fault::kOutage) && random_.Below(4) == 0;
  if (!outage) return Bring();
  ++Count(Fault::kOutage);
  down_ = true;
  const auto seconds = static_cast<int64_t>(random_.Below(4) == 0 ? random_.Below(8 * 3600) : random_.Below(1'800));
  const TimePoint up = system_->world().Now() + Duration::Seconds(seconds);
  At(up, [this] {
    down_ = false;
    Bring();
  });
}

// A record goes bad while the process is dead. This log is its only copy, so the right answer of a start that needs it is no; a
// start that does not need it may succeed, and then a replay must say no. Then the record is restored.
void Simulation::Rot() {
  const auto where = single_->log().Rot(rots_.Next());
  if (!where) return;
  ++Count(Fault::kRot);
  const std::string name = StrCat(ServiceName(where->first.service), "/", where->first.partition.raw(), " record ",
                                  where->second);
  const absl::Status start = system_->Launch();
  const absl::Status found = start.ok() ? system_->CheckReplay() : start;
  trace_.Add("", StrCat("rot of ", name, ": ", start.ok() ? "replay: " : "start: ", Said(found)));
  if (found.code() != absl::StatusCode::kDataLoss ||
      !absl::StrContains(found.message(), StrCat("partition ", where->first.partition.raw(), ": the record at offset ",
                                       where->second, " ")))
    judge_.Fail("a rotten record is passed over", name, "kDataLoss with its place", Said(found));
  system_->Crash();
  single_->log().Mend();
}

void Simulation::Bring() {
  if (system_->up()) return;
  const absl::Status s = system_->Launch();
  trace_.Add("", StrCat("start: ", Said(s)));
  if (!s.ok()) judge_.Fail("the system does not start on what is durable", "start", "OK", Said(s));
  if (crash_in_start_next_) system_->world().StopAfter(1 + random_.Below(600));
}

// --- Setting up, without trouble
// ---------------------------------------------------------------------------------------

template <class Resp>
absl::StatusOr<Resp> Simulation::Ask(std::string_view method, const google::protobuf::Message& q,
                                     std::string_view caller) {
  Resp r;
  FC_RETURN_IF_ERROR(system_->Call(method, q, &r, caller));
  return r;
}

bool Simulation::Expect(const absl::Status& s, std::string_view what) {
  if (!s.ok()) judge_.Fail("the system does not work without trouble", std::string(what), "OK", Said(s));
  return s.ok();
}

bool Simulation::SetUp() {
  if (!Expect(system_->Start(), "start")) return false;
  for (const auto& [line, given] : plan_.script.given) {
    if (const auto* c = std::get_if<dayrun::GivenCalendar>(&given)) {
      pv1::PutCalendarRequest q;
      *q.mutable_calendar() = dayrun::CalendarMessage(*c);
      if (!Expect(Ask<pv1::PutResponse>(StrCat(kProduct, "PutCalendar"), q, kOperator).status(), "calendar"))
        return false;
    } else if (const auto* t = std::get_if<dayrun::GivenTa>(&given)) {
      pv1::PutInstitutionRequest q;
      *q.mutable_institution() = dayrun::InstitutionMessage(*t);
      if (!Expect(Ask<pv1::PutResponse>(StrCat(kProduct, "PutInstitution"), q, kOperator).status(), t->code))
        return false;
    } else if (const auto* f = std::get_if<dayrun::GivenFund>(&given)) {
      pv1::PutFundRequest q;
      *q.mutable_fund() = dayrun::FundMessage(*f);
      if (!Expect(Ask<pv1::PutResponse>(StrCat(kProduct, "PutFund"), q, kOperator).status(), f->code)) return false;
      if (const auto conversions = dayrun::ConversionsMessage(plan_.script, *f)) {
        pv1::PutConversionsRequest c;
        *c.mutable_conversions() = *conversions;
        if (!Expect(Ask<pv1::PutResponse>(StrCat(kProduct, "PutConversions"), c, kOperator).status(), f->code)) return false;
      }
    }
  }
  if (plan_.advances_fen != 0) {
    pv1::PutAdvancingBankRequest q;
    q.set_bank_code("555");
    q.set_limit_fen(plan_.advances_fen);
    if (!Expect(Ask<pv1::PutResponse>(StrCat(kProduct, "PutAdvancingBank"), q, kOperator).status(), "bank 555")) return false;
  }
  for (const Campaign& c : plan_.campaigns) {
    pv1::PutCampaignRequest q;
    pv1::Campaign& m = *q.mutable_campaign();
    m.set_name(c.name);
    m.set_first_day(c.first.raw());
    m.set_last_day(c.last.raw());
    m.set_channel(c.channel);
    for (const std::string& fund : c.funds) m.add_fund_codes(fund);
    for (uint32_t business : c.businesses) m.add_businesses(business);
    m.set_from_amount_fen(c.from_fen);
    m.set_discount_e8(c.discount.raw());
    if (!Expect(Ask<pv1::PutResponse>(StrCat(kProduct, "PutCampaign"), q, kOperator).status(), c.name)) return false;
  }
  for (size_t n = 0; n < plan_.investors().size(); ++n)
    if (!GiveInvestor(n)) return false;
  // Terms take effect half a minute after they are told.
  Step(plan_.script.start + Duration::Seconds(60));
  system_->world().RunUntilIdle(Duration::Seconds(1));
  return true;
}

bool Simulation::GiveInvestor(size_t n) {
  const dayrun::GivenInvestor& g = *plan_.investors()[n];
  av1::OpenInvestorRequest open;
  open.set_request_id(StrCat("open-", g.name));
  open.set_name(StrCat("投资人", n));
  open.set_certificate_type("0");
  open.set_certificate_no(dayrun::CertificateOf(plan_.script, g));
  open.set_institution(g.institution);
  open.set_mobile("13900000000");
  auto opened = Ask<av1::OpenInvestorResponse>(StrCat(kAccount, "OpenInvestor"), open, kApp);
  if (!Expect(opened.status(), g.name)) return false;
  av1::AddCardRequest card;
  card.set_investor_id(opened->investor_id());
  card.set_bank_code("102");
  card.set_card_no(dayrun::CardOf(plan_.script, g));
  auto added = Ask<av1::AddCardResponse>(StrCat(kAccount, "AddCard"), card, kApp);
  if (!Expect(added.status(), g.name)) return false;
  if (g.risk_class > 0) {
    risk::v1::AssessRequest assess;
    assess.set_request_id(StrCat("assess-", g.name));
    assess.set_investor_id(opened->investor_id());
    for (int i = 0; i < 5; ++i) assess.add_answers(static_cast<uint32_t>(4 * g.risk_class - 2));
    if (!Expect(Ask<risk::v1::AssessResponse>("fundcore.risk.v1.RiskService/Assess", assess, kApp).status(), g.name))
      return false;
  }
  bank::v1::FundCardRequest fund;
  fund.set_request_id(StrCat("card-", g.name));
  fund.set_card_no(card.card_no());
  fund.set_amount_fen(kOnACard);
  if (!Expect(Ask<bank::v1::FundCardResponse>("fundcore.bank.v1.BankService/FundCard", fund, kOperator).status(),
              g.name))
    return false;
  if (plan_.Has(Fault::kCards)) {
    fund.set_request_id(StrCat("card2-", g.name));
    fund.set_card_no(dayrun::CardOf(plan_.script, g, "0002"));
    if (!Expect(Ask<bank::v1::FundCardResponse>("fundcore.bank.v1.BankService/FundCard", fund, kOperator).status(), g.name)) return false;
    for (const std::string& number : {card.card_no(), fund.card_no()}) {
      bank::v1::PutCardRequest put;
      put.set_card_no(number);
      put.set_name(Judge::BankKnows(n) || number == card.card_no() ? open.name() : "somebody else");
      put.set_certificate_type(open.certificate_type());
      put.set_certificate_no(open.certificate_no());
      put.set_mobile(open.mobile());
      if (!Expect(Ask<bank::v1::PutCardResponse>("fundcore.bank.v1.BankService/PutCard", put, kOperator).status(), g.name)) return false;
    }
  }
  investors_.Opened(n, opened->investor_id(), added->card_id());
  return true;
}

// --- Trouble
// -----------------------------------------------------------------------------------------------------------

void Simulation::PlanTroubles() {
  system_->SetCallFaults([&] {
    rpc::Faults f = plan_.calls;
    f.seed = plan_.seed;
    return f;
  }());
  client_.SetFaults(plan_.calls);
  savers_client_.SetFaults(plan_.calls);
  system_->SetLogFaults(plan_.log);
  SeededRandom r = RandomFor(plan_.seed, Stream::kTroubles);
  const auto some_time = [&](uint64_t day_of) {
    // Half of them around the cut-off and the night's work.
    const Date day = plan_.days[day_of % plan_.days.size()];
    const int64_t from = r.Below(2) == 0 ? 9 * 3600 : 14 * 3600 + 1'800;
    const int64_t span = from > 12 * 3600 ? 8 * 3600 : 14 * 3600;
    return TimePoint::At(day, TimeOfDay()) +
           Duration::Seconds(from + static_cast<int64_t>(r.Below(static_cast<uint64_t>(span))));
  };
  for (int n = 0; n < 8; ++n) {
    const TimePoint when = some_time(r.Next());
    const uint64_t steps = 1 + r.Below(3'000);
    if (n < plan_.crashes) At(when, [this, steps] { system_->world().StopAfter(steps); });
  }
  // The pace of machines against the clock on the wall changes over the day.
  for (Date day = plan_.days.front(); day <= plan_.days.back().AddDays(1); day = day.AddDays(1)) {
    for (int h = 0; h < 24; ++h) {
      constexpr int64_t kPaces[] = {2, 20, 100, 400};
      const int64_t pace = kPaces[r.Below(4)];
      // A whole hour of machine time would be mostly polling; a few seconds of it show the same.
      const auto rest = static_cast<int64_t>(1'000 + r.Below(4) * 2'000);
      At(TimePoint::At(day, TimeOfDay::Hms(h, 0)), [this, pace, rest] {
        pace_ = Duration::Millis(pace);
        system_->world().RunUntilIdle(Duration::Millis(rest));
        judge_.SawFiles(system_->files());
        AskWhetherStopped();
      });
    }
  }
  constexpr std::string_view kServices[] = {"trade", "account", "product", "risk", "clearing"};
  for (uint64_t n = 0; n < 1 + plan_.days.size(); ++n) {
    PlanOutage(Fault::kServiceDown, std::string(kServices[r.Below(5)]), r);
    PlanOutage(Fault::kBankDown, "bank", r);
    const auto window = [&](Fault fault, std::function<void()> begin, std::function<void()> end) {
      const TimePoint from = some_time(r.Next());
      const TimePoint to = from + Duration::Seconds(static_cast<int64_t>(10 + r.Below(r.Below(3) == 0 ? 9'000 : 600)));
      if (!plan_.Has(fault)) return;
      At(from, [this, fault, begin] {
        if (healed_) return;
        ++Count(fault);
        trace_.Add("", StrCat(FaultName(fault), " begins"));
        begin();
      });
      At(to, [this, fault, end] {
        trace_.Add("", StrCat(FaultName(fault), " ends"));
        end();
      });
    };
    const auto full = [this](bool yes) { system_->SetDiskFull(yes); };
    window(
        Fault::kDiskFull, [full] { full(true); }, [full] { full(false); });
    window(
        Fault::kFiles, [this] { ++files_bad_; }, [this] { --files_bad_; });
    const bool accepted = r.Below(2) == 0;
    window(
        Fault::kClock, [this] { clock_bad_ = true; },
        [this, accepted] {
          if (!accepted) {  // it comes back by itself
            clock_bad_ = false;
            return;
          }
          admin::v1::AcceptClockRequest q;
          q.set_person("anna");
          q.set_wall_us(system_->world().Now().raw());
          client_.Ask<admin::v1::AcceptClockResponse>(
              "fundcore.admin.v1.AdminService/AcceptClock", q, kOperator, Duration::Seconds(5),
              [this](const absl::Status& s, const admin::v1::AcceptClockResponse&) {
                trace_.Add("", StrCat("AcceptClock: ", Said(s)));
                clock_bad_ = false;
              });
        });
  }
  system_->files().SetFault([this](FileOperation op, std::string_view) {
    FileFault f;
    if (files_bad_ == 0 || healed_ || random_.Below(3) != 0) return f;
    f.status = absl::UnavailableError("the exchange does not answer");
    f.effect_happened = op == FileOperation::kPublish && random_.Below(2) == 0;
    return f;
  });
  if (cluster_) PlanClusterTroubles();
  if (plan_.Has(Fault::kNewTerms)) {
    const auto funds = plan_.funds();
    pv1::PutFundRequest q;
    dayrun::GivenFund stopped = *funds[r.Below(funds.size())];
    stopped.status = '5';
    *q.mutable_fund() = dayrun::FundMessage(stopped);
    const TimePoint when = some_time(r.Next());
    q.set_effective_at_us((when + Duration::Seconds(3'600)).raw());
    At(when, [this, q] {
      judge_.StoppedPurchases(q.fund().fund_code(), TimePoint::FromRaw(q.effective_at_us()));
      client_.Ask<pv1::PutResponse>(StrCat(kProduct, "PutFund"), q, kOperator, Duration::Seconds(5),
                                    [this, q](const absl::Status& s, const pv1::PutResponse& r) {
                                      trace_.Add("", StrCat("PutFund ", q.fund().fund_code(), " stopped: ", Said(s)));
                                      if (!s.ok()) return;
                                      ++Count(Fault::kNewTerms);
                                      stopped_fund_ = q.fund().fund_code();
                                      stopped_from_ = TimePoint::FromRaw(r.effective_at_us());
                                    });
    });
  }
  for (int n = 0; n < 2; ++n) {
    const std::string name = StrCat("mid-run-", n + 1);
    At(some_time(r.Next()), [this, name] {
      admin::v1::CheckpointRequest q;
      q.set_name(name);
      client_.Ask<admin::v1::CheckpointResponse>(
          "fundcore.admin.v1.AdminService/Checkpoint", q, kOperator, Duration::Seconds(20),
          [this, name](const absl::Status& s, const admin::v1::CheckpointResponse&) {
            trace_.Add("", StrCat("checkpoint ", name, ": ", Said(s)));
            if (s.ok()) checkpoints_.push_back(name);
          });
    });
  }
}

void Simulation::AskWhetherStopped() {
  const TimePoint asked = system_->world().Now();
  if (stopped_fund_.empty() || asked < stopped_from_) return;
  pv1::GetFundRequest q;
  q.set_fund_code(stopped_fund_);
  client_.Ask<pv1::GetFundResponse>(StrCat(kProduct, "GetFund"), q, kOperator, Duration::Seconds(5),
                                    [this, asked](const absl::Status& s, const pv1::GetFundResponse& r) {
                                      if (s.ok() && r.fund().status() == "5")
                                        judge_.SawStopped(stopped_fund_, stopped_from_, asked);
                                    });
}

// Minutes mostly, sometimes hours: over the cut-off, over midnight.
void Simulation::PlanOutage(Fault fault, const std::string& service, SeededRandom& r) {
  const Date day = plan_.days[r.Below(plan_.days.size())];
  const TimePoint from =
      TimePoint::At(day, TimeOfDay::Hms(9, 0)) + Duration::Seconds(static_cast<int64_t>(r.Below(12 * 3600)));
  const TimePoint to =
      from + Duration::Seconds(static_cast<int64_t>(30 + r.Below(r.Below(3) == 0 ? 12 * 3600 : 1'200)));
  const bool wanted = r.Below(2) == 0;
  if (!plan_.Has(fault) || !wanted) return;
  At(from, [this, fault, service] {
    if (healed_) return;
    ++Count(fault);
    trace_.Add("", StrCat(service, " is down"));
    IgnoreStatus(system_->SetDown(service, true), "a service of ours");
  });
  At(to, [this, service] {
    trace_.Add("", StrCat(service, " is up"));
    IgnoreStatus(system_->SetDown(service, false), "a service of ours");
  });
}

void Simulation::Heal() {
  healed_ = true;
  trace_.Add("", "faults end");
  events_.clear();
  system_->world().Resume();
  rpc::Faults none;
  none.seed = plan_.seed;
  system_->SetCallFaults(none);
  client_.SetFaults(none);
  savers_client_.SetFaults(none);
  system_->SetLogFaults({});
  system_->SetDiskFull(false);
  files_bad_ = 0;
  system_->files().SetFault({});
  clock_bad_ = false;
  for (const std::string service : {"trade", "account", "product", "risk", "clearing", "bank"})
    IgnoreStatus(system_->SetDown(service, false), "a service of ours");
  down_ = false;
  crash_in_start_next_ = false;
  at_stop_.clear();
  Bring();
  if (cluster_) cluster_->HealNodes();
  institutions_.Heal();
  operators_.Persist();
  investors_.Persist();
}

// --- Progress
// ----------------------------------------------------------------------------------------------------------

std::vector<tv1::Order> Simulation::Orders(std::string* why) {
  std::vector<tv1::Order> out;
  for (size_t n = 0; n < plan_.investors().size(); ++n) {
    tv1::ListOrdersRequest q;
    q.set_investor_id(judge_.InvestorIdOf(n));
    q.set_page_size(500);
    do {
      auto r = Ask<tv1::ListOrdersResponse>("fundcore.trade.v1.TradeService/ListOrders", q, kApp);
      if (!r.ok()) {
        *why = StrCat("ListOrders: ", Said(r.status()));
        return out;
      }
      out.insert(out.end(), r->orders().begin(), r->orders().end());
      q.set_page_token(r->next_page_token());
    } while (!q.page_token().empty());
  }
  return out;
}

std::vector<tv1::Plan> Simulation::SavingsPlans(std::string* why) {
  std::vector<tv1::Plan> out;
  for (size_t n = 0; n < plan_.investors().size() && !plan_.savings.empty() && why->empty(); ++n) {
    tv1::ListPlansRequest q;
    q.set_investor_id(judge_.InvestorIdOf(n));
    auto r = Ask<tv1::ListPlansResponse>("fundcore.trade.v1.TradeService/ListPlans", q, kApp);
    if (!r.ok()) *why = StrCat("ListPlans: ", Said(r.status()));
    if (r.ok()) out.insert(out.end(), r->plans().begin(), r->plans().end());
  }
  return out;
}

std::vector<cv1::InterestRun> Simulation::InterestRuns(std::string* why) {
  if (plan_.interest.empty() || !why->empty()) return {};
  auto r = Ask<cv1::ListInterestResponse>("fundcore.clearing.v1.ClearingService/ListInterest", cv1::ListInterestRequest(), kOperator);
  if (!r.ok()) {
    *why = StrCat("ListInterest: ", Said(r.status()));
    return {};
  }
  return {r->runs().begin(), r->runs().end()};
}

// What an investor's ledger says that they got of the bank's interest.
int64_t Simulation::InterestOf(uint64_t investor, std::string* why) {
  int64_t fen = 0;
  av1::ListLedgerRequest q;
  q.set_investor_id(investor);
  q.set_page_size(500);
  do {
    auto r = Ask<av1::ListLedgerResponse>(StrCat(kAccount, "ListLedger"), q, kApp);
    if (!r.ok()) {
      *why = StrCat("ListLedger: ", Said(r.status()));
      return fen;
    }
    for (const auto& line : r->lines())
      if (line.cause() == "INTEREST_CREDITED") fen += line.amount_fen();
    q.set_page_token(r->next_page_token());
  } while (!q.page_token().empty());
  return fen;
}

std::vector<cv1::BusinessDay> Simulation::Days(std::string* why) {
  auto r =
      Ask<cv1::DayStatusResponse>("fundcore.clearing.v1.ClearingService/DayStatus", cv1::DayStatusRequest(), kOperator);
  if (!r.ok()) {
    *why = StrCat("DayStatus: ", Said(r.status()));
    return {};
  }
  return {r->days().begin(), r->days().end()};
}

// Without faults everything ends by itself, with people doing their part, before the deadline that the terms give.
bool Simulation::Progress(RunResult*) {
  pace_ = Duration::Millis(1'500);
  system_->world().RunUntilIdle(Duration::Seconds(20));
  const Date deadline = plan_.Deadline();
  std::string why = "nothing was looked at";
  for (Date day = system_->world().Now().date().AddDays(1); day <= deadline; day = day.AddDays(1)) {
    Advance(TimePoint::At(day, TimeOfDay::Hms(23, 59, 50)));
    judge_.SawFiles(system_->files());
    if (!system_->up() || !system_->serving()) {
      why = "the system is not serving";
      continue;
    }
    if (const size_t n = investors_.waiting() + savers_.waiting() + desk_.waiting(); n > 0) {
      why = StrCat(n, " requests have no answer");
      continue;
    }
    why.clear();
    const auto orders = Orders(&why);
    if (why.empty()) {
      const auto days = Days(&why);
      if (why.empty()) why = judge_.Pending(orders, days);
      const auto savings = SavingsPlans(&why);
      if (why.empty()) why = judge_.PendingSavings(savings);
      const auto interest = InterestRuns(&why);
      if (why.empty()) why = judge_.PendingInterest(interest);
      for (const auto& [ta, report] : institutions_.Reports())
        for (const ta_sim::CashReport& c : report.cash)
          if (why.empty() && c.pay_day > day) why = StrCat("institution ", ta, " pays on ", c.pay_day.Iso());
    }
    if (why.empty()) return true;
  }
  cv1::ListBreaksRequest open;
  open.set_all(true);
  auto breaks = Ask<cv1::ListBreaksResponse>("fundcore.clearing.v1.ClearingService/ListBreaks", open, kOperator);
  if (breaks.ok()) {
    for (const cv1::Break& b : breaks->breaks()) {
      why += StrCat("\n             break ", b.break_id(), " ", b.kind(), " at ", b.ta_code(), " of ", b.day(), " ",
                    b.state(), " ", b.resolution(), " line ", b.line(), " ", b.field(), ": ", b.message());
    }
  }
  if (why.starts_with("order ") && why.find('(') != std::string::npos) {
    const std::string request = why.substr(why.find('(') + 1, why.find(')') - why.find('(') - 1);
    judge_.Fail("an order does not end", request, "an outcome", why);
  }
  judge_.Fail("no progress after the faults ended", "", StrCat("all done by ", deadline.Iso()), why);
  return false;
}

// --- Judgement
// ---------------------------------------------------------------------------------------------------------

void Simulation::GatherPerson(size_t n, Findings* f, std::string* why) {
  const uint64_t id = judge_.InvestorIdOf(n);
  if (plan_.Has(Fault::kCards)) {
    const dayrun::GivenInvestor& g = *plan_.investors()[n];
    for (const std::string& card : {dayrun::CardOf(plan_.script, g), dayrun::CardOf(plan_.script, g, "0002")}) {
      bank::v1::CardBalanceRequest q;
      q.set_card_no(card);
      auto r = Ask<bank::v1::CardBalanceResponse>("fundcore.bank.v1.BankService/CardBalance", q, kOperator);
      if (!r.ok()) *why = Said(r.status());
      if (r.ok()) f->cards[id] += r->balance_fen();
    }
    av1::ListCardChangesRequest q;
    q.set_investor_id(id);
    auto r = Ask<av1::ListCardChangesResponse>(StrCat(kAccount, "ListCardChanges"), q, kOperator);
    if (!r.ok()) *why = Said(r.status());
    if (r.ok()) f->card_changes[id].assign(r->changes().begin(), r->changes().end());
  }
  if (plan_.Has(Fault::kTax)) {
    av1::GetTaxResidencyRequest q;
    q.set_investor_id(id);
    auto r = Ask<av1::TaxResidency>(StrCat(kAccount, "GetTaxResidency"), q, kApp);
    if (!r.ok()) *why = Said(r.status());
    if (r.ok()) f->taxes[id] = *std::move(r);
  }
}

bool Simulation::Gather(Findings* f, std::string* why) {
  f->orders = Orders(why);
  f->savings = SavingsPlans(why);
  if (why->empty()) f->days = Days(why);
  for (size_t n = 0; n < plan_.investors().size() && why->empty(); ++n) {
    av1::GetAccountRequest q;
    q.set_investor_id(judge_.InvestorIdOf(n));
    auto r = Ask<av1::GetAccountResponse>(StrCat(kAccount, "GetAccount"), q, kApp);
    if (!r.ok()) *why = Said(r.status());
    if (r.ok()) f->accounts.push_back(*std::move(r));
  }
  for (size_t n = 0; n < plan_.investors().size() && why->empty(); ++n) GatherPerson(n, f, why);
  f->interest = InterestRuns(why);
  for (size_t n = 0; n < plan_.investors().size() && why->empty() && !plan_.interest.empty(); ++n)
    f->interest_credited[judge_.InvestorIdOf(n)] = InterestOf(judge_.InvestorIdOf(n), why);
  av1::TrialBalanceRequest t;
  t.set_verify(true);
  auto books = Ask<av1::TrialBalanceResponse>(StrCat(kAccount, "TrialBalance"), t, kOperator);
  auto bank =
      Ask<bank::v1::BalancesResponse>("fundcore.bank.v1.BankService/Balances", bank::v1::BalancesRequest(), kOperator);
  cv1::ListBreaksRequest all;
  all.set_all(true);
  auto breaks = Ask<cv1::ListBreaksResponse>("fundcore.clearing.v1.ClearingService/ListBreaks", all, kOperator);
  for (const absl::Status& s : {books.status(), bank.status(), breaks.status()})
    if (!s.ok()) *why = Said(s);
  for (const tv1::Order& o : f->orders) {
    const int32_t day = o.business() == 23 ? o.trade_day_wanted() : o.trade_day();
    if (!plan_.FundOf(o.fund_code()).quota.is_positive() || f->quotas_taken.contains({o.fund_code(), day})) continue;
    pv1::GetQuotaRequest q;
    q.set_fund_code(o.fund_code());
    q.set_day(day);
    auto quota = Ask<pv1::GetQuotaResponse>(StrCat(kProduct, "GetQuota"), q, kOperator);
    if (!quota.ok()) *why = Said(quota.status());
    if (quota.ok()) f->quotas_taken[{o.fund_code(), day}] = quota->taken_fen();
  }
  if (plan_.advances_fen != 0) {
    pv1::GetAdvancingBankRequest q;
    q.set_bank_code("555");
    auto advances = Ask<pv1::GetAdvancingBankResponse>(StrCat(kProduct, "GetAdvancingBank"), q, kOperator);
    if (!advances.ok()) *why = Said(advances.status());
    if (advances.ok()) f->advances_out = advances->out_fen();
  }
  if (!why->empty()) return false;
  f->books = *std::move(books);
  f->bank = *std::move(bank);
  f->breaks.assign(breaks->breaks().begin(), breaks->breaks().end());
  f->tas = institutions_.Reports();
  f->files = &system_->files();
  f->today = system_->world().Now().date();
  return true;
}

void Simulation::Judgement(RunResult*) {
  Findings found;
  std::string why;
  if (!Gather(&found, &why)) return judge_.Fail("the system does not answer", "at the end", "answers", why);
  judge_.AtEnd(found);
  if (absl::Status s = system_->CheckReplay(); !s.ok())
    judge_.Fail("a replay gives another state", "log", "the same hash", Said(s));
  for (const std::string& name : checkpoints_) {
    if (absl::Status s = system_->CheckReplay(name); !s.ok())
      judge_.Fail("a replay from a checkpoint gives another state", name, "the same hash", Said(s));
  }
  // What was durable brings the same state back.
  const auto before = system_->StateHash();
  if (absl::Status s = system_->Restart(); !s.ok())
    return judge_.Fail("the system does not start on what is durable", "last start", "OK", Said(s));
  if (absl::Status s = system_->CheckReplay(); !s.ok())
    judge_.Fail("a replay gives another state", "after a restart", "the same hash", Said(s));
}

std::vector<std::string> Simulation::HistoryOf(const Violation& v) {
  std::vector<std::string> out = trace_.Of(v.subject, 40);
  const uint64_t order = v.order_id;
  if (order != 0 && out.empty()) out = trace_.Of(judge_.RequestOf(order), 40);
  if (order == 0 || !system_->up()) return out;
  tv1::TraceOrderRequest q;
  q.set_order_id(order);
  auto r = Ask<tv1::TraceOrderResponse>("fundcore.trade.v1.TradeOps/TraceOrder", q, kOperator);
  if (!r.ok()) return out;
  for (const auto& step : r->steps())
    out.push_back(StrCat("trade: ", TimePoint::FromRaw(step.at_us()).Iso(), "  ", step.step(), "  ", step.detail()));
  out.push_back(StrCat("trade: now ", r->order().ShortDebugString()));
  return out;
}

void Simulation::KeepFiles() {
  auto folder = DiskFiles::Open(options_.keep_files);
  FC_CHECK(folder.ok(), folder.status().ToString());
  auto listing = system_->files().List("");
  if (!listing.ok()) return;
  for (const FileInfo& f : *listing)
    IgnoreStatus((*folder)->Publish(f.name, *system_->files().Read(f.name)), "kept from an earlier run");
}

std::string Simulation::Hash() {
  Sha256Stream all;
  for (const auto& [service, partitions] :
       System::Layout({.partitions = plan_.partitions, .clearing_partitions = plan_.clearing_partitions})) {
    for (uint16_t p = 0; p < partitions; ++p) {
      for (const LogRecord& record : system_->Stored({service, PartitionId(p)})) {
        all.Add(StrCat(ServiceName(service), "/", p, "/", record.offset, ":", record.bytes.size(), "\n"));
        all.Add(record.bytes);
      }
    }
  }
  if (auto listing = system_->files().List(""); listing.ok()) {
    for (const FileInfo& info : *listing) {
      all.Add(info.name);
      if (auto bytes = system_->files().Read(info.name); bytes.ok()) all.Add(*bytes);
    }
  }
  if (auto state = system_->StateHash(); state.ok()) all.Add(*state);
  all.Add(trace_.Hash());
  all.Add(StrCat(system_->world().trace_hash()));
  return all.Finish().Hex();
}

}  // namespace fundcore::simulation
