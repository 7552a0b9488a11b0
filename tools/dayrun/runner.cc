// The order of things: what is given, then line after line, with the nights in between.
#include "tools/dayrun/runner.h"

#include <cstdio>

#include "fundcore/account/v1/account.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "tools/dayrun/terms.h"

namespace fundcore::dayrun {
namespace {

constexpr Duration kPatience = Duration::Seconds(20);
// Terms take effect 30 s after they are told; investors come a minute later.
constexpr Duration kAfterGiven = Duration::Seconds(60);

absl::Status At(const Script& script, int line, const absl::Status& s) {
  if (s.ok()) return s;
  return absl::Status(s.code(), StrCat(script.path, ":", line, ": ", std::string(s.message())));
}

}  // namespace

absl::Status Differs(std::string_view what, std::string_view expected, std::string_view found) {
  return absl::FailedPreconditionError(StrCat(what, ": expected ", expected, ", found ", found));
}

Runner::Runner(const Script& script, Driver* driver, Progress* progress, RunOptions options)
    : script_(script), driver_(driver), progress_(progress), options_(std::move(options)) {}

RunResult Runner::Run() {
  RunResult result;
  result.status = driver_->Begin(script_.start);
  if (result.status.ok()) result.status = RunSteps(&result);
  if (!result.status.ok()) return result;
  auto hash = driver_->StateHash();
  if (!hash.ok()) {
    result.status = hash.status();
    return result;
  }
  result.state_hash = *hash;
  if (options_.check_replay) result.status = At(script_, script_.lines.back().number, driver_->CheckReplay());
  return result;
}

// Steps are numbered from 1: first what is given, then the lines.
absl::Status Runner::RunSteps(RunResult* result) {
  int step = 0;
  for (const auto& [number, given] : script_.given) {
    if (progress_->Done(++step)) continue;
    FC_RETURN_IF_ERROR(At(script_, number, Give(given)));
    FC_RETURN_IF_ERROR(progress_->Finish(step));
  }
  for (const Line& line : script_.lines) {
    ++step;
    ++result->lines;
    if (progress_->Done(step)) continue;
    line_ = &line;
    if (options_.restart_before.contains(line.number)) {
      if (options_.verbose) std::fprintf(stderr, "%s:%d: restart\n", script_.path.c_str(), line.number);
      FC_RETURN_IF_ERROR(At(script_, line.number, driver_->Restart()));
    }
    if (options_.verbose) std::fprintf(stderr, "%s:%d: %s\n", script_.path.c_str(), line.number, line.text.c_str());
    FC_RETURN_IF_ERROR(At(script_, line.number, Do(line)));
    FC_RETURN_IF_ERROR(progress_->Finish(step));
  }
  return absl::OkStatus();
}

absl::Status Runner::Give(const Given& given) {
  if (const auto* c = std::get_if<GivenCalendar>(&given)) {
    product::v1::PutCalendarRequest q;
    *q.mutable_calendar() = CalendarMessage(*c);
    return Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutCalendar", q, kOperator).status();
  }
  if (const auto* t = std::get_if<GivenTa>(&given)) {
    product::v1::PutInstitutionRequest q;
    *q.mutable_institution() = InstitutionMessage(*t);
    return Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutInstitution", q, kOperator).status();
  }
  if (const auto* f = std::get_if<GivenFund>(&given)) {
    product::v1::PutFundRequest q;
    *q.mutable_fund() = FundMessage(*f);
    FC_RETURN_IF_ERROR(
        Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutFund", q, kOperator).status());
    return GiveConversions(*f);
  }
  return GiveInvestor(std::get<GivenInvestor>(given));
}

absl::Status Runner::GiveInvestor(const GivenInvestor& g) {
  account::v1::OpenInvestorRequest open;
  open.set_request_id(StrCat(script_.name, "/open/", g.name));
  open.set_name(StrCat("投资人", g.name));
  open.set_certificate_type("0");
  open.set_certificate_no(CertificateOf(script_, g));
  open.set_institution(g.institution);
  open.set_mobile("13900000000");
  FC_ASSIGN_OR_RETURN(auto opened, Ask<account::v1::OpenInvestorResponse>(
                                       "fundcore.account.v1.AccountService/OpenInvestor", open, kApp));
  progress_->Set(StrCat("investor ", g.name), StrCat(opened.investor_id()));

  account::v1::AddCardRequest card;
  card.set_investor_id(opened.investor_id());
  card.set_bank_code("102");
  card.set_card_no(CardOf(script_, g));
  FC_ASSIGN_OR_RETURN(auto added,
                      Ask<account::v1::AddCardResponse>("fundcore.account.v1.AccountService/AddCard", card, kApp));
  progress_->Set(StrCat("card ", g.name), StrCat(added.card_id()));

  if (g.risk_class > 0) {
    risk::v1::AssessRequest assess;
    assess.set_request_id(StrCat(script_.name, "/assess/", g.name));
    assess.set_investor_id(opened.investor_id());
    for (int i = 0; i < 5; ++i) assess.add_answers(static_cast<uint32_t>(4 * g.risk_class - 2));
    assess.set_lowest_class(g.lowest);
    FC_ASSIGN_OR_RETURN(auto assessed,
                        Ask<risk::v1::AssessResponse>("fundcore.risk.v1.RiskService/Assess", assess, kApp));
    if (assessed.risk_class() != static_cast<uint32_t>(g.risk_class)) {
      return Differs(StrCat("the questionnaire of ", g.name), StrCat("C", g.risk_class),
                     StrCat("C", assessed.risk_class()));
    }
  }
  if (!g.cash.is_positive()) return absl::OkStatus();
  bank::v1::FundCardRequest fund;
  fund.set_request_id(StrCat(script_.name, "/cash/", g.name));
  fund.set_card_no(CardOf(script_, g));
  fund.set_amount_fen(g.cash.raw());
  FC_RETURN_IF_ERROR(
      Ask<bank::v1::FundCardResponse>("fundcore.bank.v1.BankService/FundCard", fund, kOperator).status());
  account::v1::PaymentRequest deposit;
  deposit.set_request_id(StrCat(script_.name, "/cash/", g.name));
  deposit.set_investor_id(opened.investor_id());
  deposit.set_card_id(added.card_id());
  deposit.set_amount_fen(g.cash.raw());
  return Eventually([&]() -> absl::StatusOr<std::string> {
    auto paid = Ask<account::v1::PaymentResponse>("fundcore.account.v1.AccountService/Deposit", deposit, kApp);
    FC_RETURN_IF_ERROR(paid.status());
    if (paid->state() == account::v1::DONE) return std::string();
    return StrCat("the deposit of ", g.name, ": expected DONE, found ", account::v1::PaymentState_Name(paid->state()),
                  " ", paid->reason());
  });
}

// Time passes as it does in an office: at the end of each day on the way the institutions answer, and the days close.
absl::Status Runner::MoveTo(TimePoint to) {
  const TimePoint earliest = script_.start + kAfterGiven;
  if (driver_->Now() < earliest) FC_RETURN_IF_ERROR(driver_->AdvanceTo(earliest));
  while (driver_->Now().date() < to.date()) {
    const Date day = Today();
    FC_RETURN_IF_ERROR(driver_->AdvanceTo(TimePoint::At(day, kNight)));
    FC_RETURN_IF_ERROR(Night(day));
    FC_RETURN_IF_ERROR(driver_->AdvanceTo(TimePoint::At(day, kClose)));
    // The morning's payments come due before anybody does anything.
    const TimePoint morning = TimePoint::At(day.AddDays(1), TimeOfDay::Hms(0, 0));
    FC_RETURN_IF_ERROR(driver_->AdvanceTo(std::min(morning, to)));
  }
  return driver_->AdvanceTo(to);
}

absl::Status Runner::Do(const Line& line) {
  if (line.at) FC_RETURN_IF_ERROR(MoveTo(*line.at));
  statement_ = 0;
  for (const Statement& s : line.statements) {
    FC_RETURN_IF_ERROR(std::visit([this](const auto& one) { return Do(one); }, s));
    ++statement_;
  }
  return absl::OkStatus();
}

std::string Runner::RequestId(int n) const { return StrCat(script_.name, "/", line_->number, ".", statement_, ".", n); }

absl::StatusOr<bool> Runner::BegunBefore() {
  const std::string key = StrCat("begun ", line_->number, ".", statement_);
  if (!progress_->Get(key).empty()) return true;
  progress_->Set(key, "1");
  FC_RETURN_IF_ERROR(progress_->Finish(progress_->last()));
  return false;
}

absl::Status Runner::Eventually(absl::FunctionRef<absl::StatusOr<std::string>()> check) {
  std::string said;
  FC_ASSIGN_OR_RETURN(bool right, driver_->Wait(
                                      [&]() -> absl::StatusOr<bool> {
                                        FC_ASSIGN_OR_RETURN(said, check());
                                        return said.empty();
                                      },
                                      kPatience));
  return right ? absl::OkStatus() : absl::FailedPreconditionError(said);
}

}  // namespace fundcore::dayrun
