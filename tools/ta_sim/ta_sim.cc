// The agent's day: read, decide, write, note, publish, remember.
#include "tools/ta_sim/ta_sim.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/ta_sim/answer_files.h"
#include "tools/ta_sim/judge.h"
#include "tools/ta_sim/tax.h"

namespace fundcore::ta_sim {
namespace {

constexpr std::string_view kRegisterName = "register", kIntentName = "intent";
// How far back applications are looked for that were not answered yet.
constexpr int kLookBackDays = 45;

std::string RightName(Date day, std::string_view type) { return StrCat("right_", day.Compact(), "_", type); }

ofd::Version VersionOf(const TaConfig& config, std::span<const Fault> faults) {
  for (const Fault& fault : faults) {
    if (fault.kind == FaultKind::kVersion) return *ofd::ParseVersion(fault.arguments[0]);
  }
  return config.version;
}

// The applications of the inputs that this answer decides, in order. `complete` gets the inputs without a line left.
absl::Status Collect(const TaConfig& config, const Files& exchange, const Register& reg, Date day,
                     std::span<const InFile> inputs, std::vector<Line>* accounts, std::vector<Line>* trades,
                     std::vector<std::string>* complete) {
  std::map<std::tuple<FundCode, FundCode, Date>, Date> due;  // the calendar is asked once for each fund and day
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    const InFile& file = inputs[i];
    if (IsTax(file)) {  // decided once the accounts of this answer are open
      complete->push_back(file.name);
      continue;
    }
    FC_ASSIGN_OR_RETURN(std::vector<Line> lines, ReadLines(exchange, file, i));
    if (!file.trade) {
      std::move(lines.begin(), lines.end(), std::back_inserter(*accounts));
      complete->push_back(file.name);
      continue;
    }
    bool all = true;
    for (Line& line : lines) {
      const LineRef ref{file.day, file.transfer, true, line.at};
      const auto answered = reg.answered.find(line.sheet);
      if ((answered != reg.answered.end() && answered->second == ref) || reg.repeated.count(ref)) continue;
      Date& day_due = due[{line.fund, line.target, file.day}];
      if (!day_due.is_set()) {
        FC_ASSIGN_OR_RETURN(day_due, DueDayOf(config, line, file.day));
      }
      bool waits = day_due > day;
      if (!waits && line.business == ofd::BusinessCode::kConvertIn) {
        FC_ASSIGN_OR_RETURN(const auto left,
                            FindLeft(exchange, config, line.target_agent, line.sheet, file.day, day));
        waits = !left;
      }
      if (waits) {
        all = false;
      } else {
        trades->push_back(std::move(line));
      }
    }
    if (all) complete->push_back(file.name);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PriceLine>> Prices(const TaConfig& config, const Judge& judge, const Register& reg,
                                              std::span<const IncomeDay> incomes) {
  std::map<FundCode, Shares> held;
  for (const auto& [key, position] : reg.positions) held[key.fund] += position.Total();
  std::vector<PriceLine> prices;
  for (const FundTerms& fund : config.funds) {
    FC_ASSIGN_OR_RETURN(std::vector<Date> days, judge.DaysDue(fund));
    for (const IncomeDay& income : incomes) {
      if (income.fund != &fund) continue;
      // A money fund is worth the same on closed days, too.
      const Price nav = NavOf(config, fund, income.day).value_or(Price::FromRaw(100'000'000));
      prices.push_back({&fund, income.day, nav, held[fund.code] + fund.held_elsewhere, &income});
      std::erase(days, income.day);
    }
    for (Date day : days) {
      const std::optional<Price> nav = NavOf(config, fund, day);
      if (nav) prices.push_back({&fund, day, *nav, held[fund.code] + fund.held_elsewhere});
    }
  }
  return prices;
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += absl::StrFormat("\\u%04x", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

template <class List, class F>
std::string JsonList(const List& list, F item) {
  std::string out = "[";
  for (const auto& entry : list) out += StrCat(out.size() > 1 ? "," : "", item(entry));
  return out + "]";
}

}  // namespace

TaSim::TaSim(TaConfig config, Files* exchange, TaStore* store)
    : config_(std::move(config)), exchange_(exchange), store_(store) {
  const absl::Status status = CheckConfig(config_);
  FC_CHECK(status.ok(), std::string(status.message()));
}

absl::Status TaSim::Load() {
  if (loaded_) return absl::OkStatus();
  reg_ = Register{.ta = config_.ta};
  auto bytes = store_->Load(kRegisterName);
  if (bytes.ok()) {
    if (!Decode(*bytes, &reg_))
      return absl::DataLossError(
          StrCat("the register of ", config_.ta.view(), " cannot be read; restore its state folder"));
    if (reg_.ta != config_.ta) {
      return absl::InvalidArgumentError(StrCat("the state folder is of agent ", reg_.ta.view(), ", not of ",
                                               config_.ta.view(), "; give each its own"));
    }
  } else if (!absl::IsNotFound(bytes.status())) {
    return bytes.status();
  }
  loaded_ = true;
  return absl::OkStatus();
}

absl::Status TaSim::Save() { return store_->Save(kRegisterName, Encode(reg_)); }

AnswerReport TaSim::ReportOf(Date day) const {
  const Answered& a = reg_.answers.at(day);
  return {.day = day,
          .transfer = a.last_transfer,
          .accounts = a.accounts,
          .trades = a.trades,
          .refused = a.refused,
          .files = a.files};
}

absl::StatusOr<std::vector<InFile>> TaSim::Pending(Date day, std::vector<std::string>* notes) {
  FC_ASSIGN_OR_RETURN(std::vector<InFile> files,
                      FindInFiles(*exchange_, config_, day.AddDays(-kLookBackDays), day, notes));
  std::erase_if(files, [&](const InFile& file) { return reg_.finished.count(file.name) > 0; });
  if (files.empty())
    notes->push_back(StrCat("no application of ", config_.distributor.view(), " waits to be answered on ", day.Iso()));
  // Accounts come before the orders that need them, whatever transfer they came with.
  std::stable_sort(files.begin(), files.end(), [](const InFile& a, const InFile& b) { return !a.trade && b.trade; });
  return files;
}

absl::Status TaSim::Publish(const std::string& name, const std::string& bytes, std::vector<std::string>* published) {
  const absl::Status status = exchange_->Publish(name, bytes);
  if (absl::IsAlreadyExists(status)) {
    FC_ASSIGN_OR_RETURN(const std::string there, exchange_->Read(name));
    if (there != bytes) {
      return absl::AlreadyExistsError(
          StrCat(name, " is there with other bytes and is never overwritten; was the state folder lost?"));
    }
  } else {
    FC_RETURN_IF_ERROR(status);
  }
  published->push_back(name);
  return absl::OkStatus();
}

absl::StatusOr<AnswerReport> TaSim::Answer(Date day, std::span<const Fault> faults) {
  FC_RETURN_IF_ERROR(Load());
  if (reg_.answers.count(day)) {
    AnswerReport report = ReportOf(day);
    report.repeated = true;
    return report;
  }
  FC_ASSIGN_OR_RETURN(const bool open, config_.CalendarOf(nullptr).IsOpen(day));
  if (!open)
    return absl::InvalidArgumentError(
        StrCat(day.Iso(), " is no open day of ", config_.ta.view(), "; answers have dates of open days"));
  if (!reg_.answers.empty() && day < reg_.answers.rbegin()->first) {
    return absl::InvalidArgumentError(StrCat(day.Iso(), " lies before the last answer, of ",
                                             reg_.answers.rbegin()->first.Iso(), "; answer the days in order"));
  }
  Intent intent;
  std::vector<std::string> notes;
  const auto begun = store_->Load(kIntentName);
  if (!begun.ok() && !absl::IsNotFound(begun.status())) return begun.status();
  if (begun.ok()) {
    if (!Decode(*begun, &intent))
      return absl::DataLossError("the note of an answer that was cut short cannot be read; restore the state folder");
    if (reg_.answers.count(intent.day)) {  // the crash came after the register was saved
      FC_RETURN_IF_ERROR(store_->Remove(kIntentName));
    } else if (intent.day != day) {
      return absl::FailedPreconditionError(StrCat(
          "the answer of ", intent.day.Iso(), " was begun and not completed; ask for it before that of ", day.Iso()));
    }
  }
  const bool resumed = intent.day == day;
  if (!resumed) {
    for (const Fault& fault : faults) {
      if (fault.kind == FaultKind::kLate) return AnswerReport{.day = day, .late = true};
    }
    intent = {.day = day, .faults = {faults.begin(), faults.end()}};
    FC_ASSIGN_OR_RETURN(intent.inputs, Pending(day, &notes));
  }
  auto report = Build(intent, resumed, std::move(notes));
  if (!report.ok()) loaded_ = false;  // what was decided in memory is forgotten
  return report;
}

absl::StatusOr<AnswerReport> TaSim::Build(const Intent& intent, bool noted, std::vector<std::string> notes) {
  const Date day = intent.day;
  AnswerContent content{.config = &config_, .exchange = exchange_, .day = day, .inputs = intent.inputs, .reg = &reg_};
  std::vector<std::string> complete;
  FC_RETURN_IF_ERROR(
      Collect(config_, *exchange_, reg_, day, intent.inputs, &content.accounts, &content.trades, &complete));
  const Date previous = reg_.answers.empty() ? Date() : reg_.answers.rbegin()->first;
  Judge judge(config_, *exchange_, day, previous, intent.faults, &reg_);
  judge.Accounts(&content.accounts);
  for (const InFile& file : intent.inputs)
    if (IsTax(file)) FC_RETURN_IF_ERROR(AnswerTax(*exchange_, file, reg_, intent.faults, &content.tax));
  for (const Fault& fault : intent.faults)
    if (fault.kind == FaultKind::kUnknownTax) content.tax.push_back({.sheet = SheetNo("99999999999999999"), .day = day});
  FC_RETURN_IF_ERROR(judge.Earn(&content.incomes));
  FC_RETURN_IF_ERROR(judge.Dividends(&content.dividends));
  FC_RETURN_IF_ERROR(judge.Trades(intent.inputs, &content.trades));
  FC_RETURN_IF_ERROR(judge.Payouts(&content.dividends, &content.trades));
  FC_RETURN_IF_ERROR(judge.CheckFaultsUsed());
  content.cash = judge.Cash();
  FC_ASSIGN_OR_RETURN(content.prices, Prices(config_, judge, reg_, content.incomes));
  for (std::string& taken : judge.Taken()) notes.push_back(std::move(taken));

  constexpr uint16_t kFirst = 1;
  const ofd::Version version = VersionOf(config_, intent.faults);
  FC_ASSIGN_OR_RETURN(std::vector<OutFile> files, RenderAnswer(content, version, kFirst));
  std::vector<OutFile> right, again;
  if (version != config_.version) {
    FC_ASSIGN_OR_RETURN(right, RenderAnswer(content, config_.version, kFirst));
  } else if (!intent.faults.empty()) {
    right = files;
  }
  FC_ASSIGN_OR_RETURN(std::vector<std::string> changed, Spoil(intent.faults, &files, &again));

  Answered answered{.last_transfer = kFirst, .accounts = content.accounts.size(), .trades = content.trades.size()};
  for (const auto* lines : {&content.accounts, &content.trades}) {
    for (const Line& line : *lines) answered.refused += line.refused();
  }
  for (const OutFile& file : right) {
    const bool other_version = version != config_.version;
    if (!other_version && std::find(changed.begin(), changed.end(), file.type) == changed.end()) continue;
    FC_RETURN_IF_ERROR(store_->Save(RightName(day, file.type), file.bytes));
    answered.to_correct.push_back(file.type);
  }
  if (!noted) FC_RETURN_IF_ERROR(store_->Save(kIntentName, Encode(intent)));

  std::vector<std::string> types;
  for (const OutFile& file : files) {
    types.push_back(file.type);
    FC_RETURN_IF_ERROR(Publish(FolderOf(config_, day, kFirst) + file.name, file.bytes, &answered.files));
  }
  FC_ASSIGN_OR_RETURN(const auto indexes, RenderIndexes(config_, day, kFirst, version, types));
  for (const NamedBytes& index : indexes) FC_RETURN_IF_ERROR(Publish(index.name, index.bytes, &answered.files));
  if (!again.empty()) {
    answered.last_transfer = kFirst + 1;
    types.clear();
    for (const OutFile& file : again) {
      types.push_back(file.type);
      FC_RETURN_IF_ERROR(
          Publish(FolderOf(config_, day, answered.last_transfer) + file.name, file.bytes, &answered.files));
    }
    FC_ASSIGN_OR_RETURN(const auto more, RenderIndexes(config_, day, answered.last_transfer, version, types));
    for (const NamedBytes& index : more) FC_RETURN_IF_ERROR(Publish(index.name, index.bytes, &answered.files));
  }

  for (const std::string& name : complete) reg_.finished[name] = true;
  reg_.cash.insert(reg_.cash.end(), content.cash.begin(), content.cash.end());
  reg_.answers[day] = std::move(answered);
  FC_RETURN_IF_ERROR(Save());
  FC_RETURN_IF_ERROR(store_->Remove(kIntentName));
  AnswerReport report = ReportOf(day);
  report.notes = std::move(notes);
  return report;
}

absl::StatusOr<AnswerReport> TaSim::Correct(Date day) {
  FC_RETURN_IF_ERROR(Load());
  const auto found = reg_.answers.find(day);
  if (found == reg_.answers.end()) {
    return absl::NotFoundError(
        StrCat(config_.ta.view(), " has not answered ", day.Iso(), "; there is nothing to correct"));
  }
  Answered answered = found->second;
  if (answered.to_correct.empty()) {
    return absl::FailedPreconditionError(
        StrCat("the answer of ", day.Iso(), " holds no file that was sent wrong; nothing to correct"));
  }
  const std::vector<std::string> types = answered.to_correct;
  ++answered.last_transfer;
  const size_t before = answered.files.size();
  for (const std::string& type : types) {
    FC_ASSIGN_OR_RETURN(std::string bytes, store_->Load(RightName(day, type)));
    FC_RETURN_IF_ERROR(Publish(FolderOf(config_, day, answered.last_transfer) + DataName(config_, day, type),
                               WithTransfer(std::move(bytes), config_.version, answered.last_transfer),
                               &answered.files));
  }
  FC_ASSIGN_OR_RETURN(const auto indexes, RenderIndexes(config_, day, answered.last_transfer, config_.version, types));
  for (const NamedBytes& index : indexes) FC_RETURN_IF_ERROR(Publish(index.name, index.bytes, &answered.files));
  answered.to_correct.clear();
  found->second = answered;
  if (absl::Status saved = Save(); !saved.ok()) {
    loaded_ = false;
    return saved;
  }
  for (const std::string& type : types) FC_RETURN_IF_ERROR(store_->Remove(RightName(day, type)));
  AnswerReport report = ReportOf(day);
  report.files.erase(report.files.begin(), report.files.begin() + static_cast<std::ptrdiff_t>(before));
  return report;
}

absl::StatusOr<TaReport> TaSim::Report() {
  FC_RETURN_IF_ERROR(Load());
  TaReport report;
  std::map<FundCode, Shares> funds;
  for (const auto& [key, position] : reg_.positions) {
    const Shares units = position.Total();
    if (units.is_zero()) continue;
    report.holdings.push_back({key.account, key.trading, key.fund, units});
    funds[key.fund] += units;
  }
  report.funds.assign(funds.begin(), funds.end());
  std::map<Date, CashReport> cash;
  for (const CashLine& line : reg_.cash) {
    CashReport& entry = cash[line.pay_day];
    entry.pay_day = line.pay_day;
    (line.to_distributor ? entry.pay : entry.receive) += line.amount;
  }
  for (const auto& [day, entry] : cash) report.cash.push_back(entry);
  report.cash_lines = reg_.cash;
  report.subscriptions = reg_.subscriptions;
  report.reservations = reg_.reservations;
  for (const auto& [day, answered] : reg_.answers) report.answered.push_back(day);
  return report;
}

std::string JsonTexts(std::span<const std::string> texts) {
  return JsonList(texts, [](const std::string& s) { return Quoted(s); });
}

std::string ToJson(const AnswerReport& r) {
  return StrCat("{\"day\":\"", r.day.Iso(), "\",\"late\":", r.late ? "true" : "false",
                ",\"repeated\":", r.repeated ? "true" : "false", ",\"transfer\":", r.transfer,
                ",\"accounts\":", r.accounts, ",\"trades\":", r.trades, ",\"refused\":", r.refused,
                ",\"files\":", JsonTexts(r.files), ",\"notes\":", JsonTexts(r.notes), "}");
}

std::string ToJson(const TaReport& r) {
  const auto holding = [](const HoldingReport& h) {
    return StrCat("{\"account\":", Quoted(h.account.view()), ",\"trading_account\":", Quoted(h.trading.view()),
                  ",\"fund\":", Quoted(h.fund.view()), ",\"units\":\"", h.units.ToString(), "\"}");
  };
  const auto fund = [](const std::pair<FundCode, Shares>& f) {
    return StrCat("{\"fund\":", Quoted(f.first.view()), ",\"units\":\"", f.second.ToString(), "\"}");
  };
  const auto cash = [](const CashReport& c) {
    return StrCat("{\"pay_day\":\"", c.pay_day.Iso(), "\",\"receive\":\"", c.receive.ToString(), "\",\"pay\":\"",
                  c.pay.ToString(), "\"}");
  };
  const auto line = [](const CashLine& c) {
    return StrCat("{\"trade_day\":\"", c.trade_day.Iso(), "\",\"answer_day\":\"", c.answer_day.Iso(),
                  "\",\"pay_day\":\"", c.pay_day.Iso(), "\",\"fund\":", Quoted(c.fund.view()), ",\"business\":\"",
                  c.business, "\",\"distributor\":\"", c.to_distributor ? "receives" : "pays", "\",\"amount\":\"",
                  c.amount.ToString(), "\"}");
  };
  return StrCat("{\"holdings\":", JsonList(r.holdings, holding), ",\"funds\":", JsonList(r.funds, fund),
                ",\"cash\":", JsonList(r.cash, cash), ",\"cash_lines\":", JsonList(r.cash_lines, line),
                ",\"answered\":", JsonList(r.answered, [](Date d) { return StrCat("\"", d.Iso(), "\""); }), "}");
}

}  // namespace fundcore::ta_sim
