// Confirmations: from the moment the TA's files are in the folder until every line is checked, in cash and unit ledgers,
// known to its order, and reconciled against balances and cash.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/time/time.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "tests/bench/fundcore/bench.h"
#include "tests/bench/fundcore/load.h"
#include "tests/bench/fundcore/registry.h"

namespace fundcore::bench {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

void Advance(testing::AsyncClient* op, const std::string& to) {
  admin::v1::AdvanceClockRequest q;
  q.set_to_us(TimePoint::Parse(to)->raw());
  admin::v1::AdvanceClockResponse r;
  const absl::Status s = op->Wait("fundcore.admin.v1.AdminService/AdvanceClock", q, &r);
  FC_CHECK(s.ok(), s.ToString());
}

// Polls the business day until it is at `step` or further; prints what it waits for where that changes.
void WaitForStep(testing::AsyncClient* op, int32_t day, clearing::v1::Step step, double patience) {
  const auto began = Clock::now();
  std::string last;
  std::mutex mutex;
  std::condition_variable never;
  while (true) {
    clearing::v1::DayStatusRequest q;
    q.set_ta_code("11");
    q.set_day(day);
    clearing::v1::DayStatusResponse r;
    const absl::Status s = op->Wait("fundcore.clearing.v1.ClearingService/DayStatus", q, &r);
    FC_CHECK(s.ok(), s.ToString());
    for (const auto& d : r.days()) {
      if (d.day() != day) continue;
      FC_CHECK(d.open_breaks() == 0, "the day has breaks: ", d.waiting_for());
      if (d.step() >= step) return;
      const std::string now = clearing::v1::Step_Name(d.step()) + " " + d.waiting_for();
      if (now != last) std::fprintf(stderr, "  %.1f s: %s\n", Seconds(began), now.c_str());
      last = now;
    }
    FC_CHECK(Seconds(began) < patience, "day ", day, " did not reach the step in time");
    std::unique_lock<std::mutex> lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(20), [] { return false; });
  }
}

double ScanBytesPerSecond(const std::string& path) {
  std::vector<char> buffer(4 << 20);
  uint64_t n = 0, sum = 0;
  const auto began = Clock::now();
  std::ifstream in(path, std::ios::binary);
  while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
    for (std::streamsize i = 0; i < in.gcount(); ++i) sum += static_cast<unsigned char>(buffer[static_cast<size_t>(i)]);
    n += static_cast<uint64_t>(in.gcount());
  }
  FC_CHECK(sum != 1, "reads must not be optimised away");
  return static_cast<double>(n) / Seconds(began);
}

}  // namespace

int BenchConfirmations(const Options& o) {
  const uint64_t lines = o.orders > 0 ? o.orders : 300'000;
  Load load(o);
  load.Start();
  testing::AsyncClient op(load.server().address(), "operator");
  std::fprintf(stderr, "placing %llu orders\n", static_cast<unsigned long long>(lines));
  const BatchFigures placed = load.SendBatches(lines / static_cast<uint64_t>(o.batch), o.batch, o.in_flight, nullptr);
  FC_CHECK(placed.other == 0, placed.other, " orders were not accepted");
  Advance(&op, "2025-03-03 15:05");
  WaitForStep(&op, 20250303, clearing::v1::AWAIT, 600);
  Advance(&op, "2025-03-04 18:00");
  std::fprintf(stderr, "the TA answers\n");
  const absl::Status answered = AnswerAsRegistry(load.data() + "/exchange", load.folder() + "/ta", load.market(), Date::FromRaw(20250304));
  FC_CHECK(answered.ok(), answered.ToString());
  const auto began = Clock::now();
  WaitForStep(&op, 20250303, clearing::v1::SETTLE_CASH, 900);
  const double took = Seconds(began);
  account::v1::TrialBalanceRequest verify;
  verify.set_verify(true);
  account::v1::TrialBalanceResponse balance;
  const absl::Status s = op.Wait("fundcore.account.v1.AccountService/TrialBalance", verify, &balance, 300);
  FC_CHECK(s.ok() && balance.balanced(), "the books do not balance: ", balance.difference());
  std::string file;
  for (const auto& e : std::filesystem::recursive_directory_iterator(load.data() + "/exchange/in"))
    if (e.path().filename().string().find("_04.TXT") != std::string::npos) file = e.path().string();
  const double record = static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(lines);
  Print("confirmations", static_cast<double>(lines) / took, "lines/s", "plain byte scan of the same 04 file", ScanBytesPerSecond(file) / record,
        absl::StrFormat("\"lines\":%d,\"seconds\":%.2f,\"file_bytes\":%d", lines, took, std::filesystem::file_size(file)));
  return 0;
}

}  // namespace fundcore::bench
