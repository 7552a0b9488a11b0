// Answers, and what is wrong with them.
#include "tests/simulation/institutions.h"

#include <algorithm>

#include "common/ofd/reader.h"
#include "common/types/ids.h"
#include "tests/simulation/people.h"
#include "tools/dayrun/terms.h"

namespace fundcore::simulation {
namespace {

namespace cv1 = clearing::v1;

constexpr Duration kDeadline = Duration::Seconds(5);

// The serials of one of our files; none where it cannot be read just now.
std::vector<std::pair<std::string, std::string>> Serials(const Files& files, std::string_view ta, Date day,
                                                         std::string_view type) {
  std::vector<std::pair<std::string, std::string>> out;  // AppSheetSerialNo, TransactionAccountID
  auto listing = files.List(StrCat("out/", ta, "/", day.Compact(), "/"));
  if (!listing.ok()) return out;
  for (const FileInfo& f : *listing) {
    if (!f.name.ends_with(StrCat("_", type, ".TXT"))) continue;
    auto bytes = files.Read(f.name);
    if (!bytes.ok()) continue;
    auto reader = ofd::Reader::Open(f.name, *bytes);
    if (!reader.ok()) continue;
    const ofd::Column serial = reader->Find("AppSheetSerialNo"), account = reader->Find("TransactionAccountID");
    for (ofd::RecordView record; reader->Next(&record);)
      out.emplace_back(std::string(record.Text(serial)), std::string(record.Text(account)));
  }
  return out;
}

}  // namespace

absl::StatusOr<std::string> Courier::Read(std::string_view name) const {
  if (auto it = waiting_.find(name); it != waiting_.end()) return it->second;
  return exchange_->Read(name);
}

absl::Status Courier::Publish(std::string_view name, std::string_view bytes) {
  if (!slow_) return exchange_->Publish(name, bytes);
  if (waiting_.contains(name) || exchange_->Read(name).ok())
    return absl::AlreadyExistsError(StrCat(name, " is sent already"));
  waiting_.emplace(name, bytes);
  return absl::OkStatus();
}

void Courier::Carry(SeededRandom* random, bool all) {
  while (!waiting_.empty()) {
    auto it = waiting_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random->Below(waiting_.size())));
    const absl::Status s = exchange_->Publish(it->first, it->second);
    if (!s.ok() && !absl::IsAlreadyExists(s)) return;  // later
    waiting_.erase(it);
    if (!all) return;
  }
}

Institutions::Institutions(const Plan& plan, dayrun::Simulated* system, Client* client, Judge* judge, Trace* trace,
                           FaultCounts* counts)
    : plan_(plan),
      system_(system),
      client_(client),
      judge_(judge),
      trace_(trace),
      counts_(counts),
      random_(RandomFor(plan.seed, Stream::kInstitutions)) {
  for (const std::string& code : plan.script.tas()) {
    auto a = std::make_unique<Agent>();
    a->code = code;
    a->courier = std::make_unique<Courier>(&system->files());
    a->courier->SetSlow(plan.Has(Fault::kTaSlow));
    ta_sim::TaConfig config = dayrun::TaConfigOf(plan.script, *plan.script.Ta(code));
    a->sim = std::make_unique<ta_sim::TaSim>(std::move(config), a->courier.get(), &a->store);
    agents_.push_back(std::move(a));
  }
}

void Institutions::Schedule(Date until) {
  SimExecutor* e = client_->executor();
  for (Date day = plan_.days.front(); day <= until; day = day.AddDays(1)) {
    for (auto& agent : agents_) {
      Agent* a = agent.get();
      for (int minute : {8 * 60 + 30, 10 * 60, 19 * 60 + 30, 20 * 60, 20 * 60 + 30, 20 * 60 + 50, 21 * 60 + 10,
                         21 * 60 + 30, 22 * 60, 23 * 60}) {
        const auto jitter = static_cast<int64_t>(random_.Below(900));
        e->PostAt(TimePoint::At(day, TimeOfDay::Hms(minute / 60, minute % 60)) + Duration::Seconds(jitter),
                  [this, a] { Look(a); });
      }
    }
  }
}

void Institutions::Heal() {
  healed_ = true;
  for (auto& a : agents_) {
    a->courier->SetSlow(false);
    a->courier->Carry(&random_, true);
    a->not_before.clear();
  }
}

void Institutions::CorrectionWanted(const std::string& ta, Date business_day) {
  for (auto& a : agents_) {
    if (a->code != ta) continue;
    const auto answer = plan_.CalendarOf(*plan_.script.Ta(ta)).Next(business_day);
    if (answer.ok()) a->wanted.insert(*answer);
  }
}

void Institutions::Look(Agent* a) {
  if (!a->courier->idle()) {
    a->courier->Carry(&random_, random_.Below(3) == 0);
    SimExecutor* e = client_->executor();
    if (!a->courier->idle()) e->PostAt(e->Now() + Duration::Seconds(120), [this, a] { Look(a); });
    return;
  }
  Correct(a);
  cv1::DayStatusRequest q;
  q.set_ta_code(a->code);
  client_->Ask<cv1::DayStatusResponse>(
      "fundcore.clearing.v1.ClearingService/DayStatus", q, kOperator, kDeadline,
      [this, a](const absl::Status& s, const cv1::DayStatusResponse& r) {
        if (!s.ok()) return;
        const TimePoint now = client_->executor()->Now();
        std::vector<cv1::BusinessDay> days(r.days().begin(), r.days().end());
        std::sort(days.begin(), days.end(), [](const auto& x, const auto& y) { return x.day() < y.day(); });
        for (const cv1::BusinessDay& d : days) {
          const Date answer_day = Date::FromRaw(d.answer_day());
          // Our files of the day come first; answers go out in the evening of their date.
          if (d.step() < cv1::AWAIT || now < TimePoint::At(answer_day, TimeOfDay::Hms(19, 0))) break;
          if (a->answered.contains(answer_day)) continue;
          auto late = a->not_before.find(answer_day);
          if (late == a->not_before.end()) {
            Duration by;
            if (plan_.Has(Fault::kTaLate) && !healed_ && random_.Below(3) == 0) {
              ++(*counts_)[static_cast<size_t>(Fault::kTaLate)];
              by = Duration::Seconds(static_cast<int64_t>(1'800 + random_.Below(20 * 3600)));
            }
            late = a->not_before.emplace(answer_day, now + by).first;
          }
          if (now < late->second) break;
          Answer(a, answer_day, Date::FromRaw(d.day()));
          break;
        }
      });
}

void Institutions::Answer(Agent* a, Date answer_day, Date business_day) {
  std::vector<Injected> injected;
  std::vector<ta_sim::Fault> faults;
  if (!healed_) faults = DrawFaults(a, answer_day, business_day, &injected);
  auto report = a->sim->Answer(answer_day, faults);
  // A fault may not fit the answer (its order is refused, or not due): then one less is tried.
  while (!report.ok() && absl::IsInvalidArgument(report.status()) && !faults.empty()) {
    faults.pop_back();
    injected.pop_back();
    report = a->sim->Answer(answer_day, faults);
  }
  trace_->Add(StrCat("institution ", a->code), StrCat("answers ", answer_day.Iso(), ": ", Said(report.status())));
  if (absl::IsInvalidArgument(report.status())) {
    judge_->Fail("an institution cannot answer", StrCat("institution ", a->code), "an answer", Said(report.status()));
    a->answered.insert(answer_day);
  }
  if (!report.ok()) return;  // trouble with the files: the same again later
  a->answered.insert(answer_day);
  if (plan_.Has(Fault::kTaSlow) && !healed_) ++(*counts_)[static_cast<size_t>(Fault::kTaSlow)];
  if (plan_.Has(Fault::kRefunds)) {
    for (const Injected& i : injected)
      for (Agent::Bought& b : a->bought)
        if (b.order == i.order) b.left_fen -= i.refunded_fen;
    Remember(a, report->files);
  }
  for (Injected& i : injected) {
    ++(*counts_)[static_cast<size_t>(i.fault)];
    trace_->Add(StrCat("institution ", a->code), StrCat("fault ", FaultName(i.fault), " ", i.order));
    if (i.fault == Fault::kTaRefuses && i.breaks.empty() && !i.order.empty()) {
      OrderId id;
      InvestorId investor;
      if (i.order.starts_with("account:") && ParseInvestorId(i.order.substr(8), &investor)) {
        for (size_t n = 0; n < plan_.investors().size(); ++n)
          if (judge_->InvestorIdOf(n) == investor.raw()) judge_->RefusedAccount(a->code, n);
      }
    }
    judge_->Inject(std::move(i));
  }
}

// At most one thing wrong with a whole file, or some with single lines, each of another order.
std::vector<ta_sim::Fault> Institutions::DrawFaults(Agent* a, Date answer_day, Date business_day,
                                                    std::vector<Injected>* injected) {
  std::vector<ta_sim::Fault> out;
  SeededRandom r(random_.Next());  // as many draws from the stream whatever is on
  const auto add = [&](Fault fault, const std::string& text, std::string order, std::set<std::string> breaks) {
    auto parsed = ta_sim::ParseFault(text);
    FC_CHECK(parsed.ok(), text, ": ", parsed.status().ToString());
    out.push_back(*std::move(parsed));
    // Units taken from under a promise come out as a shortfall, or as a line that is short.
    std::set<std::string> may;
    // Where a redemption is left out, the next one of the investor seems to take other lots.
    // A change of data, or of a card, that is refused to one institution.
    if (fault == Fault::kTaRefuses && plan_.Has(Fault::kCards)) may = {"ACCOUNT_CONFIRMATION_DIFFERS"};
    if (fault == Fault::kTaMissingLine) may = {"CONFIRMATION_DIFFERS"};
    if (fault == Fault::kTaForced || fault == Fault::kTaStarts) may = {"SHORTFALL", "CONFIRMATION_DIFFERS"};
    if (fault == Fault::kTaStarts) may.insert("BALANCE_DIFFERS");  // of what is frozen alone: see Judge::MayCause
    injected->push_back({.fault = fault, .ta = a->code, .answer_day = answer_day, .order = std::move(order), .breaks = std::move(breaks), .may = std::move(may)});
  };
  const auto orders = Serials(system_->files(), a->code, business_day, "03");
  const auto accounts = Serials(system_->files(), a->code, business_day, "01");
  std::set<size_t> used;
  const auto pick = [&]() -> std::string {
    if (orders.empty()) return "";
    const size_t at = r.Below(orders.size());
    return used.insert(at).second ? orders[at].first : "";
  };
  // A part of an order for whole units is spent only in part, which no rule foresees.
  const auto whole_units = [&](const std::string& order) {
    OrderId id;
    const std::string fund = ParseOrderId(order, &id) ? judge_->FundOf(id.raw()) : "";
    return fund.empty() || plan_.FundOf(fund).whole_units;
  };
  // An order that a plan has made: nobody has been told of it yet.
  const auto unknown = [&](const std::string& order) {
    OrderId id;
    return !plan_.savings.empty() && (!ParseOrderId(order, &id) || judge_->RequestOf(id.raw()).empty());
  };
  // What is received of an offer says no figure that could be a part of it, or another one; nor does a receipt of a reservation, and
  // what moves units has none.
  const auto subscribes = [&](const std::string& order) {
    OrderId id;
    const std::string fund = ParseOrderId(order, &id) ? judge_->FundOf(id.raw()) : "";
    if (judge_->MayMove(fund.empty() ? 0 : id.raw())) return true;
    if (plan_.script.Ta(a->code)->reservations == "sent" && (fund.empty() || judge_->IsKeptThere(id.raw()))) return true;
    return !plan_.offers().empty() && (fund.empty() || plan_.FundOf(fund).offer.has_value());
  };
  // Its receipt and its result are in one file: one of them left out, or told twice, is not the order left out.
  const auto has_two = [&](const std::string& order) {
    OrderId id;
    const std::string fund = ParseOrderId(order, &id) ? judge_->FundOf(id.raw()) : "";
    const auto decided = [&](const dayrun::GivenFund* f) { return f->ta == a->code && answer_day >= f->offer->result; };
    const auto offers = plan_.offers();
    return fund.empty() ? std::any_of(offers.begin(), offers.end(), decided)
                        : plan_.FundOf(fund).offer.has_value() && decided(&plan_.FundOf(fund));
  };
  const auto wants = [&](Fault fault, uint64_t one_in) {
    const bool drawn = r.Below(one_in) == 0;
    return drawn && plan_.Has(fault);
  };
  const bool whole = r.Below(2) == 0;
  if (whole) {
    if (wants(Fault::kTaDamaged, 3)) {
      const uint64_t way = r.Below(3);
      if (way == 0 && !orders.empty()) add(Fault::kTaDamaged, "damaged", "", {"FILE_DAMAGED", "FILE_WRONG_HEADER"});
      if (way == 1) add(Fault::kTaDamaged, "truncated:05", "", {"FILE_DAMAGED", "FILE_WRONG_HEADER"});
      if (way == 2) add(Fault::kTaDamaged, "wrong-date:07", "", {"FILE_WRONG_HEADER", "FILE_DAMAGED"});
      if (!out.empty()) return out;
    }
    if (wants(Fault::kTaConflict, 2) && !orders.empty()) {
      add(Fault::kTaConflict, "resend-other-bytes", "", {"FILE_CONFLICT"});
      return out;
    }
  }
  for (uint64_t n = 1 + r.Below(3); n > 0; --n) {
    std::string order;
    if (wants(Fault::kTaRefuses, 2) && !(order = pick()).empty()) {
      add(Fault::kTaRefuses, StrCat("refuse:", order, ":0999"), order, {});
    } else if (wants(Fault::kTaPartial, 2) && !(order = pick()).empty() && !whole_units(order) && !subscribes(order)) {
      add(Fault::kTaPartial, StrCat("partial:", order, ":", 1 + r.Below(60), ".00"), order, {});
    } else if (wants(Fault::kTaWrongRegister, 3) && !(order = pick()).empty() && !subscribes(order)) {
      add(Fault::kTaWrongRegister, StrCat("wrong-register:", order, ":+1.00"), order, {"CONFIRMATION_DIFFERS"});
    } else if (wants(Fault::kTaWrongFigure, 3) && !(order = pick()).empty() && !subscribes(order)) {
      // A fen more of what whole units cost may be just what was applied for, which no line of itself betrays; the cash file does.
      const bool units = r.Below(2) == 0 || unknown(order) || whole_units(order);
      add(Fault::kTaWrongFigure, StrCat(units ? "wrong-units:" : "wrong-amount:", order, units ? ":+1.00" : ":+0.01"),
          order, {"CONFIRMATION_DIFFERS"});
    } else if (wants(Fault::kTaMissingLine, 3) && !(order = pick()).empty() && !has_two(order)) {
      add(Fault::kTaMissingLine, StrCat("missing-line:", order), order, {"MISSING_CONFIRMATION"});
    } else if (wants(Fault::kTaDoubledLine, 3) && !(order = pick()).empty() && !has_two(order)) {
      add(Fault::kTaDoubledLine, StrCat("duplicate-line:", order), order, {"DUPLICATE_LINE", "CONFIRMATION_DIFFERS"});
    }
  }
  // What comes of a reservation on its day.
  if (plan_.script.Ta(a->code)->reservations == "sent") {
    const uint64_t which = r.Next();
    const bool refused = wants(Fault::kTaRefuses, 3), part = wants(Fault::kTaPartial, 3), wrong = wants(Fault::kTaWrongFigure, 3);
    auto report = a->sim->Report();
    std::vector<ta_sim::ReservationKept> due;
    for (const ta_sim::ReservationKept& kept : report.ok() ? report->reservations : std::vector<ta_sim::ReservationKept>()) {
      const auto day = plan_.CalendarOf(plan_.FundOf(kept.key.fund.view())).AddOpenDays(kept.day, plan_.FundOf(kept.key.fund.view()).confirm_days);
      const auto now = [&](const auto& of_this_file) { return of_this_file.first == kept.sheet.str(); };
      if (kept.business != 21 && day.ok() && *day <= answer_day && std::none_of(orders.begin(), orders.end(), now)) due.push_back(kept);
    }
    if (!due.empty()) {
      const ta_sim::ReservationKept& kept = due[which % due.size()];
      const std::string order = kept.sheet.str();
      if (refused) {
        add(Fault::kTaRefuses, StrCat("refuse:", order, ":0999"), order, {});
      } else if (part && !plan_.FundOf(kept.key.fund.view()).whole_units) {
        add(Fault::kTaPartial, StrCat("partial:", order, ":", 1 + which % 60, ".00"), order, {});
      } else if (wrong && !plan_.script.Ta(a->code)->renumbers) {
        add(Fault::kTaWrongFigure, StrCat("wrong-units:", order, ":+1.00"), order, {"CONFIRMATION_DIFFERS"});
      }
    }
  }
  // A result of an offer, with other units or told twice. An application of this very file has its receipt beside it.
  for (const dayrun::GivenFund* fund : plan_.offers()) {
    const uint64_t which = r.Next();
    const bool wrong = wants(Fault::kTaWrongFigure, 2), doubled = wants(Fault::kTaDoubledLine, 3);
    auto report = a->sim->Report();
    if (!report.ok() || fund->ta != a->code || answer_day < fund->offer->result || report->subscriptions.empty()) continue;
    const ta_sim::Subscription& s = report->subscriptions[which % report->subscriptions.size()];
    const std::string order = s.sheet.str();
    const auto now = [&](const auto& of_this_file) { return of_this_file.first == order; };
    if (std::any_of(orders.begin(), orders.end(), now)) continue;
    if (wrong) {
      add(Fault::kTaWrongFigure, StrCat("wrong-units:", order, ":+1.00"), order, {"CONFIRMATION_DIFFERS"});
    } else if (doubled) {
      add(Fault::kTaDoubledLine, StrCat("duplicate-line:", order), order, {"DUPLICATE_LINE", "CONFIRMATION_DIFFERS"});
    }
  }
  if (!accounts.empty() && wants(Fault::kTaRefuses, 4)) {
    const auto& [serial, account] = accounts[r.Below(accounts.size())];
    add(Fault::kTaRefuses, StrCat("refuse:", serial, ":0999"), StrCat("account:", account), {});
  }
  if (wants(Fault::kTaForced, 2)) {
    auto report = a->sim->Report();
    if (report.ok() && !report->holdings.empty()) {
      const auto& h = report->holdings[r.Below(report->holdings.size())];
      const int64_t units = std::max<int64_t>(100, h.units.raw() / 200 * 100);
      if (units <= h.units.raw()) {
        add(Fault::kTaForced,
            StrCat("forced:", h.trading.view(), ":", h.fund.view(), ":", Units::FromRaw(units).ToString()),
            StrCat("forced:", h.trading.view(), ":", h.fund.view()), {});
      }
    }
  }
  if (plan_.Has(Fault::kRefunds)) {
    DrawRefunds(a, &r, [&](const std::string& text, Injected i) {
      auto parsed = ta_sim::ParseFault(text);
      FC_CHECK(parsed.ok(), text, ": ", parsed.status().ToString());
      i.ta = a->code;
      i.answer_day = answer_day;
      out.push_back(*std::move(parsed));
      injected->push_back(std::move(i));
    });
  }
  for (int n = 0; n < 2 && plan_.Has(Fault::kTaStarts); ++n) {
    // Code, and the characters that its line says: see ta_sim/fault.h.
    static constexpr std::pair<std::string_view, std::string_view> kStarts[] = {
        {"131", "00----"}, {"131", "01----"}, {"132", "------"}, {"134", "------"}, {"135", "------"},
        {"144", "--5---"}, {"144", "--0---"}, {"145", "--0---"}, {"129", "---0--"}, {"188", "21----"}};
    const auto& [code, words] = kStarts[r.Below(std::size(kStarts))];
    auto report = a->sim->Report();
    if (report.ok() && !report->holdings.empty()) {
      const auto& h = report->holdings[r.Below(report->holdings.size())];
      const int64_t units = std::max<int64_t>(100, h.units.raw() / 300 * 100);
      const bool fractions = code == "129" || words[2] == '5';
      if (units <= h.units.raw() && !(fractions && plan_.FundOf(h.fund.view()).whole_units)) {
        add(Fault::kTaStarts,
            StrCat("initiated:", code, ":", h.trading.view(), ":", h.fund.view(), ":", Units::FromRaw(units).ToString(), ":",
                   words),
            StrCat("forced:", h.trading.view(), ":", h.fund.view()), {});
      }
    }
  }
  return out;
}

void Institutions::Correct(Agent* a) {
  for (Date day : std::set<Date>(a->wanted)) {
    a->wanted.erase(day);
    if (!a->answered.contains(day)) continue;
    auto report = a->sim->Correct(day);
    if (!absl::IsFailedPrecondition(report.status()))
      trace_->Add(StrCat("institution ", a->code), StrCat("corrects ", day.Iso(), ": ", Said(report.status())));
    if (report.ok()) judge_->Corrected(a->code, day);
    // Nothing (left) to correct; anything else is trouble with files, and the desk telephones again.
    if (!report.ok() && !absl::IsFailedPrecondition(report.status())) a->wanted.insert(day);
  }
}

std::map<std::string, ta_sim::TaReport> Institutions::Reports() {
  std::map<std::string, ta_sim::TaReport> out;
  for (auto& a : agents_) {
    auto report = a->sim->Report();
    FC_CHECK(report.ok(), report.status().ToString());
    out[a->code] = *std::move(report);
  }
  return out;
}

}  // namespace fundcore::simulation
