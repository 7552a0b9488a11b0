// ta_sim: the stand-in transfer agent as a program. `ta_sim --help` tells its use; exit codes: 0 good, 1 something is
// wrong in the data, 2 wrong use, 3 cannot read or write.
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/files/disk.h"
#include "tools/ta_sim/reply.h"
#include "tools/ta_sim/ta_sim.h"

namespace fundcore::ta_sim {
namespace {

constexpr int kGood = 0, kWrongData = 1, kWrongUse = 2, kCannotRead = 3;

constexpr const char* kFaultHelp =
    "misbehave, may be repeated (LINE is an order's serial, or #n for the n-th line of 04):\n"
    "wrong-units:LINE:+1.00  wrong-amount:LINE:-0.01  wrong-register:LINE:+1.00  missing-line:LINE  "
    "duplicate-line:LINE\n"
    "refuse:LINE:CODE  partial:LINE:AMOUNT  forced:ACCOUNT:FUND:UNITS  late  version:NN\n"
    "damaged[:TYPE]  truncated[:TYPE]  wrong-date[:TYPE]  resend-other-bytes[:TYPE]";

struct Options {
  std::string config, exchange, state, date, in, out;
  std::vector<std::string> faults;
  bool json = false;
};

int Complain(const absl::Status& status, int code) {
  std::fprintf(stderr, "ta_sim: %s\n", std::string(status.message()).c_str());
  return code;
}

int CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted: return kCannotRead;
    default: return kWrongData;
  }
}

int Show(const absl::StatusOr<AnswerReport>& report, bool json) {
  if (!report.ok()) return Complain(report.status(), CodeOf(report.status()));
  if (json) {
    std::printf("%s\n", ToJson(*report).c_str());
    return kGood;
  }
  for (const std::string& note : report->notes) std::printf("note: %s\n", note.c_str());
  if (report->late) {
    std::printf("%s: late, nothing was written\n", report->day.Iso().c_str());
    return kGood;
  }
  std::printf("%s: %llu account and %llu order confirmations, %llu refused, transfer %03d%s\n",
              report->day.Iso().c_str(), static_cast<unsigned long long>(report->accounts),
              static_cast<unsigned long long>(report->trades), static_cast<unsigned long long>(report->refused),
              int{report->transfer}, report->repeated ? " (answered before)" : "");
  return kGood;
}

int ShowReport(TaSim& agent, bool json) {
  const auto report = agent.Report();
  if (!report.ok()) return Complain(report.status(), CodeOf(report.status()));
  if (json) {
    std::printf("%s\n", ToJson(*report).c_str());
    return kGood;
  }
  for (const HoldingReport& h : report->holdings) {
    std::printf("%s  %s  %s  %s\n", h.account.str().c_str(), h.trading.str().c_str(), h.fund.str().c_str(),
                h.units.ToString().c_str());
  }
  for (const CashReport& c : report->cash) {
    std::printf("%s  receives %s  pays %s\n", c.pay_day.Iso().c_str(), c.receive.ToString().c_str(),
                c.pay.ToString().c_str());
  }
  return kGood;
}

int ShowReply(const absl::StatusOr<ReplyReport>& report, bool json) {
  if (!report.ok()) return Complain(report.status(), CodeOf(report.status()));
  if (json) {
    std::printf("%s\n", ToJson(*report).c_str());
    return kGood;
  }
  for (const std::string& note : report->notes) std::printf("note: %s\n", note.c_str());
  for (const ReplyReport::Answer& a : report->answers) {
    std::printf("%s answers %s, ", a.ta.str().c_str(), a.distributor.str().c_str());
    Show(a.report, false);
    for (const std::string& file : a.report.files) std::printf("  %s\n", file.c_str());
  }
  return kGood;
}

int Run(const std::string& command, const Options& options) {
  std::vector<Fault> faults;
  for (const std::string& text : options.faults) {
    auto fault = ParseFault(text);
    if (!fault.ok()) return Complain(fault.status(), kWrongUse);
    faults.push_back(*fault);
  }
  Date day;
  if (!options.date.empty()) {
    const auto parsed = Date::Parse(options.date);
    if (!parsed.ok()) return Complain(parsed.status(), kWrongUse);
    day = *parsed;
  }
  if (command == "reply" && options.config.empty()) {
    return ShowReply(
        Reply({.in = options.in, .out = options.out, .state = options.state, .date = day, .faults = faults}),
        options.json);
  }
  auto config = ReadConfig(options.config);
  if (!config.ok())
    return Complain(config.status(), absl::IsInvalidArgument(config.status()) ? kWrongUse : kCannotRead);
  if (command == "reply") {
    return ShowReply(Reply({.in = options.in,
                            .out = options.out,
                            .state = options.state,
                            .config = *std::move(config),
                            .date = day,
                            .faults = faults}),
                     options.json);
  }
  auto exchange = DiskFiles::Open(options.exchange);
  if (!exchange.ok()) return Complain(exchange.status(), kCannotRead);
  auto store = DiskTaStore::Open(options.state);
  if (!store.ok()) return Complain(store.status(), kCannotRead);
  TaSim agent(std::move(*config), exchange->get(), store->get());
  if (command == "answer") return Show(agent.Answer(day, faults), options.json);
  if (command == "correct") return Show(agent.Correct(day), options.json);
  return ShowReport(agent, options.json);
}

}  // namespace
}  // namespace fundcore::ta_sim

int main(int argc, char** argv) {
  using namespace fundcore::ta_sim;
  CLI::App app("A stand-in transfer agent: answers a distributor's applications by its own register and arithmetic.",
               "ta_sim");
  app.require_subcommand(1);
  Options options;
  const auto add = [&](const char* name, const char* what, bool dated) {
    CLI::App* command = app.add_subcommand(name, what);
    command->add_option("--config", options.config, "the agent, its funds and prices (TOML)")->required();
    command->add_option("--exchange", options.exchange, "folder with in/ and out/")->required();
    command->add_option("--state", options.state, "folder of the agent's register, its own alone")->required();
    if (dated) command->add_option("--date", options.date, "date of the answer, such as 2025-03-04")->required();
    command->add_flag("--json", options.json, "print JSON");
    return command;
  };
  add("answer", "answer what is due on a date", true)->add_option("--fault", options.faults, kFaultHelp);
  add("correct", "send again, right, what was sent wrong on a date", true);
  CLI::App* reply = app.add_subcommand("reply", "answer a flat folder of 01 and 03 files, with or without indexes");
  reply->add_option("--in", options.in, "the folder, or one file; it is only read")->required();
  reply->add_option("--out", options.out, "where 02 04 05 06 07 25 and their indexes go")->required();
  reply->add_option("--config", options.config, "the agent (TOML); without one every fund exists, NAV 1.0000, no fees");
  reply->add_option("--state", options.state, "folder for the register; without one it is forgotten");
  reply->add_option("--date", options.date, "the one day to answer; without it every day on which something is due");
  reply->add_option("--fault", options.faults, kFaultHelp);
  reply->add_flag("--json", options.json, "print JSON");
  add("report", "holders, units and cash by the agent's register", false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kGood : kWrongUse;
  }
  return Run(app.get_subcommands()[0]->get_name(), options);
}
