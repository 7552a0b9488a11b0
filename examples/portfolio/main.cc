// portfolio: products above the core, on its public API. See README.md.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "products.h"

namespace {

// "10,000.00" in fen; -1 where it is no positive amount.
int64_t Fen(const std::string& text) {
  const std::string plain = absl::StrReplaceAll(text, {{",", ""}});
  const size_t point = plain.find('.');
  const std::string fraction = point == std::string::npos ? "00" : plain.substr(point + 1);
  int64_t yuan = 0, fen = 0;
  if (fraction.size() != 2 || !absl::SimpleAtoi(plain.substr(0, point), &yuan) || !absl::SimpleAtoi(fraction, &fen)) return -1;
  return yuan < 0 || yuan > 1'000'000'000'000 || fen < 0 ? -1 : yuan * 100 + fen;
}

// "110022:60"
bool ReadWeight(const std::string& text, portfolio::Weight* weight) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) return false;
  weight->fund = text.substr(0, colon);
  return absl::SimpleAtoi(text.substr(colon + 1), &weight->weight) && weight->weight > 0 && weight->weight <= 1'000'000;
}

int32_t TodayInBeijing() {
  const std::time_t now = std::time(nullptr) + 8 * 3600;
  std::tm tm{};
  gmtime_r(&now, &tm);
  return (tm.tm_year + 1900) * 10'000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

int WrongUse(const std::string& what) {
  std::fprintf(stderr, "portfolio: %s\n", what.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Products above the core: portfolios, target-date plans, gifts");
  app.require_subcommand(1);
  std::string server = "127.0.0.1:7400", id, amount, tolerance = "1,000.00", state;
  uint64_t investor = 0;
  std::vector<std::string> funds;
  portfolio::SmartPlan smart;
  smart.today = TodayInBeijing();
  portfolio::Gift gift;
  app.add_option("--server", server, "address of the core");

  const auto common = [&](CLI::App* sub) { sub->add_option("--id", id, "what all request ids are made of")->required(); };
  CLI::App* buy = app.add_subcommand("buy", "buys a portfolio for one amount");
  CLI::App* rebalance = app.add_subcommand("rebalance", "moves a portfolio to its weights");
  CLI::App* keep = app.add_subcommand("smart", "makes or adjusts a plan with a target date");
  CLI::App* give = app.add_subcommand("gift", "buys a fund for somebody else");
  for (CLI::App* sub : {buy, rebalance, keep, give}) common(sub);
  for (CLI::App* sub : {buy, rebalance, keep}) sub->add_option("--investor", investor)->required();
  for (CLI::App* sub : {buy, keep, give}) sub->add_option("--amount", amount, "10,000.00")->required();
  for (CLI::App* sub : {buy, rebalance}) sub->add_option("--fund", funds, "CODE:WEIGHT, several times")->required();
  rebalance->add_option("--state", state, "file that keeps the decision")->required();
  rebalance->add_option("--tolerance", tolerance, "smaller differences stay");
  keep->add_option("--growth", smart.growth, "fund code")->required();
  keep->add_option("--steady", smart.steady, "fund code")->required();
  keep->add_option("--target-year", smart.target_year)->required()->check(CLI::Range(2000, 2200));
  keep->add_option("--day", smart.day, "of the month")->check(CLI::Range(1, 31));
  keep->add_option("--date", smart.today, "today, yyyymmdd")->check(CLI::Range(20000101, 22001231));
  give->add_option("--from", gift.from)->required();
  give->add_option("--from-card", gift.from_card)->required();
  give->add_option("--to", gift.to)->required();
  give->add_option("--to-card", gift.to_card)->required();
  give->add_option("--fund", gift.fund)->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  std::vector<portfolio::Weight> weights;
  for (const std::string& f : funds)
    if (!ReadWeight(f, &weights.emplace_back())) return WrongUse(absl::StrCat("--fund ", f, " is not of the form CODE:WEIGHT"));
  const int64_t fen = amount.empty() ? 0 : Fen(amount);
  if (!amount.empty() && fen <= 0) return WrongUse(absl::StrCat("--amount ", amount, " is not of the form 10,000.00"));
  const int64_t stays = Fen(tolerance);
  if (stays < 0) return WrongUse(absl::StrCat("--tolerance ", tolerance, " is not of the form 1,000.00"));
  const int month = smart.today / 100 % 100, day = smart.today % 100;
  if (month < 1 || month > 12 || day < 1 || day > 31) return WrongUse(absl::StrCat("--date ", smart.today, " is no date"));

  portfolio::Core core(server);
  const portfolio::Tell tell = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  absl::Status status;
  if (buy->parsed()) {
    status = portfolio::Buy(core, investor, id, fen, weights, tell);
  } else if (rebalance->parsed()) {
    status = portfolio::RebalanceBy(core, investor, id, weights, stays, state, tell);
  } else if (keep->parsed()) {
    smart.investor = investor;
    smart.id = id;
    smart.amount_fen = fen;
    status = portfolio::KeepSmartPlan(core, smart, tell);
  } else {
    gift.id = id;
    gift.amount_fen = fen;
    status = portfolio::Give(core, gift, tell);
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "portfolio: %s\n", std::string(status.message()).c_str());
  return status.code() == absl::StatusCode::kFailedPrecondition ? 1 : 3;
}
