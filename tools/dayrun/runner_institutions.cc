// The institutions' answers, the business days that wait for them, and the breaks that people close.
#include <algorithm>

#include "absl/strings/str_split.h"
#include "common/ofd/reader.h"
#include "common/rpc/handlers.h"
#include "common/types/ids.h"
#include "tools/dayrun/runner.h"
#include "tools/dayrun/terms.h"

namespace fundcore::dayrun {
namespace {

namespace cv1 = clearing::v1;
using Kind = TaDoes::Kind;

constexpr Duration kPatience = Duration::Seconds(30);
// A day is at rest when it has said the same at so many questions in a row: it may not have seen the newest file at the
// first.
constexpr int kSameAnswers = 5;

std::string FaultKey(std::string_view ta, Date day) { return StrCat("faults ", ta, " ", day.Iso()); }
std::string Signed(Units u) { return u.is_negative() ? u.ToString() : StrCat("+", u.ToString()); }

}  // namespace

absl::StatusOr<ta_sim::TaSim*> Runner::Ta(std::string_view code) {
  auto it = tas_.find(code);
  if (it != tas_.end()) return it->second.get();
  FC_ASSIGN_OR_RETURN(ta_sim::TaStore * store, driver_->TaStoreOf(code));
  ta_sim::TaConfig config = TaConfigOf(script_, *script_.Ta(code));
  FC_RETURN_IF_ERROR(ta_sim::CheckConfig(config));
  auto sim = std::make_unique<ta_sim::TaSim>(std::move(config), driver_->exchange(), store);
  return tas_.emplace(std::string(code), std::move(sim)).first->second.get();
}

absl::StatusOr<std::vector<cv1::BusinessDay>> Runner::Days(std::string_view ta) {
  FC_RETURN_IF_ERROR(
      Ask<cv1::NudgeResponse>("fundcore.clearing.v1.ClearingService/Nudge", cv1::NudgeRequest(), kOperator).status());
  cv1::DayStatusRequest q;
  q.set_ta_code(std::string(ta));
  FC_ASSIGN_OR_RETURN(auto r,
                      Ask<cv1::DayStatusResponse>("fundcore.clearing.v1.ClearingService/DayStatus", q, kOperator));
  return std::vector<cv1::BusinessDay>(r.days().begin(), r.days().end());
}

absl::StatusOr<std::vector<cv1::Break>> Runner::Breaks(bool all) {
  cv1::ListBreaksRequest q;
  q.set_all(all);
  FC_ASSIGN_OR_RETURN(auto r,
                      Ask<cv1::ListBreaksResponse>("fundcore.clearing.v1.ClearingService/ListBreaks", q, kOperator));
  return std::vector<cv1::Break>(r.breaks().begin(), r.breaks().end());
}

absl::StatusOr<std::string> Runner::FaultText(const TaDoes& s) {
  std::string order;
  if (s.kind == Kind::kConfirmsPart || s.kind == Kind::kRefusesOrder || s.kind == Kind::kMisreports ||
      s.kind == Kind::kMisbooks || s.kind == Kind::kLeavesOut || s.kind == Kind::kSaysTwice || s.kind == Kind::kPaysInterest ||
      s.kind == Kind::kAllots || s.kind == Kind::kRefunds || s.kind == Kind::kAsksMore || s.kind == Kind::kWritesField ||
      s.kind == Kind::kAdjusts || (s.kind == Kind::kVoidPayment && !s.text.empty())) {
    FC_ASSIGN_OR_RETURN(uint64_t number, OrderNumber(s.order));
    order = FormatOrderId(OrderId(number));
  }
  switch (s.kind) {
    case Kind::kConfirmsPart:
      return StrCat("partial:", order, ":", s.by_units ? s.units.ToString() : s.amount.ToString());
    case Kind::kRefusesOrder: return StrCat("refuse:", order, ":", s.code);
    case Kind::kMisreports: return StrCat("wrong-units:", order, ":", Signed(s.units));
    case Kind::kMisbooks: return StrCat("wrong-register:", order, ":", Signed(s.units));
    case Kind::kLeavesOut: return StrCat("missing-line:", order);
    case Kind::kSaysTwice: return StrCat("duplicate-line:", order);
    case Kind::kForcesRedemption: {
      FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
      return StrCat("forced:", FormatInvestorId(InvestorId(investor)), ":", s.fund, ":", s.units.ToString());
    }
    case Kind::kRefusesAccounts: return StrCat("accounts:", s.code);  // which ones, the 01 file says at the time
    case Kind::kDamagedFile: return StrCat("damaged:", s.text);
    case Kind::kTruncatedFile: return StrCat("truncated:", s.text);
    case Kind::kWrongDate: return StrCat("wrong-date:", s.text);
    case Kind::kOtherVersion: return StrCat("version:", s.text);
    case Kind::kOtherBytes: return std::string("resend-other-bytes");
    case Kind::kPaysInterest: return StrCat("interest:", order, ":", s.amount.ToString());
    case Kind::kAllots: return StrCat("allot:", order, ":", s.text);
    case Kind::kVoidPayment: {
      std::string account = "-";
      if (!s.who.empty()) {
        FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
        account = FormatInvestorId(InvestorId(investor));
      }
      return StrCat("void:", order.empty() ? "-" : order, ":", account, ":", s.fund, ":", s.amount.ToString());
    }
    case Kind::kAdjusts: return StrCat("adjust:", order, ":", s.by_units ? s.units.ToString() : s.amount.ToString());
    case Kind::kLate: return std::string("late");
    case Kind::kWritesField: {
      std::string text = s.text;
      if (!s.who.empty()) {
        FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
        text = FormatInvestorId(InvestorId(investor));
      } else if (text.empty()) {
        FC_ASSIGN_OR_RETURN(uint64_t number, OrderNumber(s.other));
        text = FormatOrderId(OrderId(number));
      }
      return StrCat("writes-field:", order, ":", s.code, ":", text);
    }
    case Kind::kRefunds:
    case Kind::kAsksMore: {
      trade::v1::GetOrderRequest q;
      FC_ASSIGN_OR_RETURN(uint64_t number, OrderNumber(s.order));
      q.set_order_id(number);
      FC_ASSIGN_OR_RETURN(auto r, Ask<trade::v1::GetOrderResponse>("fundcore.trade.v1.TradeService/GetOrder", q, kOperator));
      return StrCat(s.kind == Kind::kRefunds ? "refund:" : "asks-more:", order, ":",
                    FormatInvestorId(InvestorId(r.order().investor_id())), ":", r.order().fund_code(), ":", s.amount.ToString());
    }
    case Kind::kOwnData:
    case Kind::kOwnMove: {
      FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
      return StrCat(s.kind == Kind::kOwnData ? "own-data:" : "own-move:", FormatInvestorId(InvestorId(investor)), ":", s.text);
    }
    case Kind::kInitiates: {
      FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
      return StrCat("initiated:", s.code, ":", FormatInvestorId(InvestorId(investor)), ":", s.fund, ":", s.units.ToString(), ":",
                    s.text);
    }
    case Kind::kWrongDividend: {
      FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
      return StrCat("wrong-dividend:", FormatInvestorId(InvestorId(investor)), ":", s.fund, ":", s.amount.ToString());
    }
    case Kind::kOwnAccount: {
      FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
      return StrCat("own-account:", s.code, ":", FormatInvestorId(InvestorId(investor)));
    }
    case Kind::kPaysNoIncome: return std::string("no-payout");
    case Kind::kRefusesTax: return StrCat("refuse-tax:", s.code);
    case Kind::kUnknownTax: return std::string("unknown-tax");
    case Kind::kMisreportsIncome:
    case Kind::kBooksIncome: {
      FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
      return StrCat(s.kind == Kind::kBooksIncome ? "booked" : "wrong", "-income:", FormatInvestorId(InvestorId(investor)), ":",
                    s.fund, ":", s.amount.is_negative() ? "" : "+", s.amount.ToString());
    }
  }
  return std::string();
}

absl::Status Runner::Do(const TaDoes& s) {
  FC_ASSIGN_OR_RETURN(std::string fault, FaultText(s));
  const std::string key = FaultKey(s.ta, Today());
  const std::string before = progress_->Get(key);
  progress_->Set(key, before.empty() ? fault : StrCat(before, " ", fault));
  return absl::OkStatus();
}

// "refuse:SERIAL:CODE" for each account application of our files of `day`.
absl::StatusOr<std::string> Runner::ApplicationsOf(std::string_view ta, Date day, std::string_view code) {
  std::string out;
  FC_ASSIGN_OR_RETURN(auto files, driver_->exchange()->List(StrCat("out/", ta, "/", day.Compact(), "/")));
  for (const FileInfo& f : files) {
    if (!f.name.ends_with("_01.TXT")) continue;
    FC_ASSIGN_OR_RETURN(std::string bytes, driver_->exchange()->Read(f.name));
    FC_ASSIGN_OR_RETURN(ofd::Reader reader, ofd::Reader::Open(f.name, bytes));
    FC_ASSIGN_OR_RETURN(ofd::Column serial, reader.Require("AppSheetSerialNo"));
    for (ofd::RecordView record; reader.Next(&record);) {
      if (!out.empty()) out += " ";
      out += StrCat("refuse:", record.Text(serial), ":", code);
    }
    FC_RETURN_IF_ERROR(reader.status());
  }
  return out;
}

absl::Status Runner::Answer(std::string_view ta, Date day, bool asked) {
  const std::string told = progress_->Get(FaultKey(ta, day));
  std::vector<std::string> texts = absl::StrSplit(told, ' ', absl::SkipEmpty());
  const bool late = std::erase(texts, "late") > 0;
  if (late && !asked) return absl::OkStatus();

  FC_RETURN_IF_ERROR(driver_->Settle());
  // Our files come first. A day that cannot send any stops nobody else's.
  const cv1::BusinessDay* due = nullptr;
  std::vector<cv1::BusinessDay> days;
  FC_RETURN_IF_ERROR(driver_
                         ->Wait(
                             [&]() -> absl::StatusOr<bool> {
                               FC_ASSIGN_OR_RETURN(days, Days(ta));
                               return std::none_of(days.begin(), days.end(), [&](const cv1::BusinessDay& d) {
                                 return d.day() < day.raw() && d.step() < cv1::AWAIT && d.open_breaks() == 0;
                               });
                             },
                             kPatience)
                         .status());
  // A day that has its answer counts, too: asked again, the institution completes what a crash of ours cut short, and
  // writes nothing where all was written.
  for (const cv1::BusinessDay& d : days)
    if (d.answer_day() == day.raw() && d.step() >= cv1::AWAIT) due = &d;
  if (due == nullptr) {
    if (!asked) return absl::OkStatus();
    return absl::FailedPreconditionError(
        StrCat("ta ", ta, " answers for ", day.Iso(), ", but no business day of it waits for that"));
  }
  const Date business_day = Date::FromRaw(due->day());
  std::vector<ta_sim::Fault> faults;
  for (const std::string& text : texts) {
    std::string all = text;
    if (text.starts_with("accounts:")) {
      FC_ASSIGN_OR_RETURN(all, ApplicationsOf(ta, business_day, std::string_view(text).substr(9)));
    }
    for (absl::string_view one : absl::StrSplit(all, ' ', absl::SkipEmpty())) {
      FC_ASSIGN_OR_RETURN(ta_sim::Fault fault, ta_sim::ParseFault({one.data(), one.size()}));
      faults.push_back(std::move(fault));
    }
  }
  FC_ASSIGN_OR_RETURN(ta_sim::TaSim * sim, Ta(ta));
  auto report = sim->Answer(day, faults);
  if (!report.ok())
    return absl::FailedPreconditionError(StrCat("ta ", ta, ": ", std::string(report.status().message())));
  progress_->Set(StrCat("answered ", ta), day.Iso());
  return WaitForRest(ta, day);
}

absl::Status Runner::WaitForRest(std::string_view ta, Date day) {
  FC_RETURN_IF_ERROR(driver_->Settle());
  std::string said;
  int same = 0;
  return driver_
      ->Wait(
          [&]() -> absl::StatusOr<bool> {
            FC_ASSIGN_OR_RETURN(auto days, Days(ta));
            std::string now;
            for (const cv1::BusinessDay& d : days) {
              if (d.answer_day() > day.raw() || d.step() == cv1::CLOSED) continue;
              now += StrCat(d.day(), " ", cv1::Step_Name(d.step()), " ", d.open_breaks(), " ", d.waiting_for(), "\n");
            }
            if (now.empty()) return true;
            same = now == said ? same + 1 : 0;
            said = now;
            return same >= kSameAnswers;
          },
          kPatience)
      .status();
}

absl::Status Runner::Night(Date day) {
  for (const std::string& ta : script_.tas()) FC_RETURN_IF_ERROR(Answer(ta, day, false));
  return absl::OkStatus();
}

absl::Status Runner::Do(const TaAnswers& s) { return Answer(s.ta, s.day.value_or(Today()), true); }

absl::Status Runner::Do(const TaCorrects& s) {
  FC_ASSIGN_OR_RETURN(Date day, Date::Parse(progress_->Get(StrCat("answered ", s.ta))));
  FC_ASSIGN_OR_RETURN(ta_sim::TaSim * sim, Ta(s.ta));
  FC_ASSIGN_OR_RETURN(const bool again, BegunBefore());
  auto report = sim->Correct(day);
  // Nothing left to correct: the run that was killed here had done it.
  const bool done = again && absl::IsFailedPrecondition(report.status());
  if (!report.ok() && !done)
    return absl::FailedPreconditionError(StrCat("ta ", s.ta, ": ", std::string(report.status().message())));
  return WaitForRest(s.ta, day);
}

absl::Status Runner::Do(const TaRepeats& s) {
  FC_ASSIGN_OR_RETURN(Date day, Date::Parse(progress_->Get(StrCat("answered ", s.ta))));
  const std::string folder = StrCat("in/", s.ta, "/", day.Compact(), "/");
  Files* files = driver_->exchange();
  FC_ASSIGN_OR_RETURN(auto all, files->List(folder));
  if (all.empty()) return absl::FailedPreconditionError(StrCat("nothing was sent in ", folder));
  const std::string last = all.back().name.substr(folder.size(), 3);
  const std::string key = StrCat("repeat ", line_->number);
  if (progress_->Get(key).empty()) {
    progress_->Set(key, StrCat(1000 + std::stoi(last) + 1).substr(1));
    FC_RETURN_IF_ERROR(progress_->Finish(progress_->last()));
  }
  const std::string next = progress_->Get(key), source = StrCat(1000 + std::stoi(next) - 1).substr(1);
  for (const FileInfo& f : all) {
    if (!f.name.starts_with(folder + source)) continue;
    FC_ASSIGN_OR_RETURN(std::string bytes, files->Read(f.name));
    const absl::Status published = files->Publish(StrCat(folder, next, f.name.substr(folder.size() + 3)), bytes);
    if (!published.ok() && !absl::IsAlreadyExists(published)) return published;
  }
  return WaitForRest(s.ta, day);
}

absl::Status Runner::Do(const CloseDays& s) {
  const Date today = Today();
  for (const std::string& ta : script_.tas()) {
    if (!s.ta.empty() && s.ta != ta) continue;
    FC_RETURN_IF_ERROR(Answer(ta, today, false));
    FC_RETURN_IF_ERROR(Eventually([&]() -> absl::StatusOr<std::string> {
      FC_ASSIGN_OR_RETURN(auto days, Days(ta));
      for (const cv1::BusinessDay& d : days) {
        if (d.answer_day() > today.raw() || d.step() == cv1::CLOSED) continue;
        return StrCat("day ", Date::FromRaw(d.day()).Iso(), " of ta ", ta, ": expected CLOSED, found ",
                      cv1::Step_Name(d.step()), " with ", d.open_breaks(), " open breaks, waiting for \"",
                      d.waiting_for(), "\"");
      }
      return std::string();
    }));
  }
  return absl::OkStatus();
}

absl::Status Runner::Do(const CheckDay& s) {
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_RETURN_IF_ERROR(Days(s.ta).status());  // a nudge
    cv1::DayStatusRequest q;
    q.set_ta_code(s.ta);
    q.set_day(s.day.raw());
    const std::string what = StrCat("day ", s.day.Iso(), " of ta ", s.ta);
    auto answer = Ask<cv1::DayStatusResponse>("fundcore.clearing.v1.ClearingService/DayStatus", q, kOperator);
    if (!answer.ok() && !absl::IsNotFound(answer.status())) return answer.status();
    const cv1::DayStatusResponse r = answer.ok() ? *std::move(answer) : cv1::DayStatusResponse();
    if (r.days_size() == 0) return StrCat(what, ": expected ", s.step, s.waiting_for, ", found no such day");
    const cv1::BusinessDay& d = r.days(0);
    if (!s.step.empty() && cv1::Step_Name(d.step()) != s.step) {
      return StrCat(what, ": expected ", s.step, ", found ", cv1::Step_Name(d.step()), " waiting for \"",
                    d.waiting_for(), "\"");
    }
    if (!s.waiting_for.empty() && d.waiting_for() != s.waiting_for) {
      return StrCat(what, ": expected to wait for \"", s.waiting_for, "\", found \"", d.waiting_for(), "\"");
    }
    return std::string();
  });
}

absl::Status Runner::Do(const CheckBreak& s) {
  uint64_t order = 0;
  if (s.of_order) {
    FC_ASSIGN_OR_RETURN(order, OrderNumber(s.order));
  }
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto breaks, Breaks(false));
    std::string found;
    int matching = 0;
    for (const cv1::Break& b : breaks) {
      found += StrCat("\n    ", b.kind(), " of ta ", b.ta_code(), " order ", b.order_id(), " field ", b.field(),
                      " expected ", b.expected(), " found ", b.found(), " rule ", b.rule(), ": ", b.message());
      if (b.kind() != s.kind || b.ta_code() != s.ta || (order != 0 && b.order_id() != order)) continue;
      if (!s.field.empty() && b.field() != s.field) continue;
      if (!s.expected.empty() && b.expected() != s.expected) continue;
      if (!s.found.empty() && b.found() != s.found) continue;
      if (!s.rule.empty() && b.rule() != s.rule) continue;
      ++matching;
      progress_->Set("break", StrCat(b.break_id()));
    }
    if (matching == 1) return std::string();
    return StrCat("open breaks: expected one ", s.kind, " of ta ", s.ta, s.field.empty() ? "" : " field ", s.field,
                  ", found ", matching, " among", found.empty() ? " none" : found);
  });
}

absl::Status Runner::Do(const CountBreaks& s) {
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto breaks, Breaks(false));
    if (static_cast<int>(breaks.size()) == s.count) return std::string();
    std::string found;
    for (const cv1::Break& b : breaks) found += StrCat("\n    ", b.kind(), " of ta ", b.ta_code(), ": ", b.message());
    return StrCat("open breaks: expected ", s.count, ", found ", breaks.size(), found);
  });
}

absl::Status Runner::Judged(const absl::Status& status, const std::optional<Outcome>& expected, std::string_view what) {
  const bool should_fail = expected && expected->kind == Outcome::Kind::kError;
  if (status.ok()) return should_fail ? Differs(what, StrCat("error ", expected->reason), "OK") : absl::OkStatus();
  const std::string reason = rpc::ReasonOf(status);
  if (should_fail && reason == expected->reason) return absl::OkStatus();
  return Differs(what, should_fail ? StrCat("error ", expected->reason) : "OK",
                 StrCat("error ", reason, " (", std::string(status.message()), ")"));
}

absl::Status Runner::Do(const Propose& s) {
  cv1::ProposeResolutionRequest q;
  uint64_t id = 0;
  if (const std::string last = progress_->Get("break"); !last.empty()) id = std::stoull(last);
  if (id == 0)
    return absl::InvalidArgumentError("no break was expected before this line; say \"expect break …\" first");
  q.set_break_id(id);
  q.set_resolution(s.resolution);
  q.set_person(s.person);
  q.set_note("by script");
  return Judged(Ask<cv1::Break>("fundcore.clearing.v1.ClearingService/ProposeResolution", q, kOperator).status(),
                s.outcome, "the proposal");
}

absl::Status Runner::Do(const Approve& s) {
  const std::string last = progress_->Get("break");
  if (last.empty())
    return absl::InvalidArgumentError("no break was expected before this line; say \"expect break …\" first");
  cv1::ApproveResolutionRequest q;
  q.set_break_id(std::stoull(last));
  q.set_person(s.person);
  FC_ASSIGN_OR_RETURN(const bool again, BegunBefore());
  absl::Status status =
      Ask<cv1::Break>("fundcore.clearing.v1.ClearingService/ApproveResolution", q, kOperator).status();
  // Closed already, by the run that was killed here.
  if (again && rpc::ReasonOf(status) == "BREAK_CLOSED") status = absl::OkStatus();
  FC_RETURN_IF_ERROR(Judged(status, s.outcome, "the approval"));
  if (!status.ok()) return absl::OkStatus();
  for (const std::string& ta : script_.tas()) FC_RETURN_IF_ERROR(WaitForRest(ta, Today()));
  return absl::OkStatus();
}

}  // namespace fundcore::dayrun
