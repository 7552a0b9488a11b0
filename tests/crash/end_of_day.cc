// Driving the day, and counting lines. See end_of_day.h.
#include "tests/crash/end_of_day.h"

#include <poll.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"
#include "common/time/time.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"

namespace fundcore::crash {
namespace {

namespace fs = std::filesystem;
namespace cv1 = clearing::v1;

constexpr int32_t kDay = 20250303;
// A step of the day: all orders of the run, through a state that is flushed every 300 KiB, on a machine with other things to do.
constexpr int64_t kPatienceMicros = 1'200'000'000;
constexpr char kClearing[] = "fundcore.clearing.v1.ClearingService/";

struct Moment {
  const char* name;
  uint32_t calls;
  When when;
  const char* path;
  int64_t up_to;
};
constexpr Moment kOut[] = {
    {"day: closing and sealing", kSync, When::kAfter, "/log/segment-", 8},
    {"day: file half written", kWrite, When::kHalf, "/exchange/", 2},
    {"day: file written, before its name", kLink | kRename, When::kBefore, "/exchange/out/", 2},
    {"day: file published, before its mark", kLink | kRename, When::kAfter, "/exchange/out/", 2},
    {"day: all published, orders being marked", kSync, When::kAfter, "/log/segment-", 4},
};
constexpr Moment kIn[] = {
    {"day: validating", kSync, When::kAfter, "/log/segment-", 6},
    {"day: applying", kSync, When::kAfter, "/log/segment-", 6},
    {"day: applying, half written", kWrite, When::kHalf, "/log/segment-", 6},
    {"day: between apply and mark", kWrite, When::kBefore, "/log/segment-", 6},
};
constexpr Moment kSettle[] = {
    {"day: settling", kSync, When::kAfter, "/log/segment-", 3},
    {"day: settling, before the write", kWrite, When::kBefore, "/log/segment-", 3},
};

class Ending {
 public:
  explicit Ending(const EndOfDayParts& parts) : p_(parts), operator_(parts.server->address(), "operator") {}

  std::vector<std::string> Run() {
    const bool done = Reach("2025-03-03 15:30", kOut, cv1::AWAIT) && Answer() && Reach("2025-03-04 20:00", kIn, cv1::SETTLE_CASH) &&
                      Reach("2025-03-05 10:00", kSettle, cv1::CLOSED, true);
    Disarm(p_.control);
    if (done) {
      CountLines();
      Outcomes();
    }
    return std::move(faults_);
  }

 private:
  bool Fault(std::string what) { return faults_.push_back(std::move(what)), false; }

  // Moves time there and waits for the step, and where `paid` for the money, dying on the way at each of the moments in turn.
  template <size_t n>
  bool Reach(const char* time, const Moment (&moments)[n], cv1::Step step, bool paid = false) {
    const int64_t to = TimePoint::Parse(time)->raw(), until = MonotonicMicros() + kPatienceMicros;
    size_t next = 0;
    bool armed = false;
    while (MonotonicMicros() < until) {
      if (!armed && next < n) {
        const Moment& m = moments[next];
        Arm(p_.control, {m.calls, m.when, m.path, 1 + static_cast<int64_t>(p_.random->Below(static_cast<uint64_t>(m.up_to)))});
        armed = true;
      }
      if (p_.server->AwaitEnd(Duration::Millis(0))) {
        if (p_.control->fired.load() == 0) return Fault("the server ended by itself at the end of day");
        p_.tell(moments[next].name, StrCat(p_.control->fired_call, " ",
                                           fs::path(p_.control->fired_path).lexically_relative(p_.data).string()));
        ++next;
        armed = false;
        if (const absl::Status s = p_.server->Start(); !s.ok()) return Fault(StrCat("at the end of day ", s.message()));
        continue;
      }
      last_ = Step(to);
      if (last_.step() >= step && (!paid || Paid())) {
        // The point may still have been met by something that runs on, such as the trailer of an idle log.
        Disarm(p_.control);
        if (!p_.server->AwaitEnd(Duration::Millis(100))) return true;
        p_.tell(moments[next].name, "when the step was done");
        if (const absl::Status s = p_.server->Start(); !s.ok()) return Fault(StrCat("at the end of day ", s.message()));
        return true;
      }
      poll(nullptr, 0, 20);
    }
    return Fault(StrCat("the day does not reach ", cv1::Step_Name(step), ": ", last_.ShortDebugString(), " ", trouble_));
  }

  cv1::BusinessDay Step(int64_t to) {
    const auto ask = [&](const std::string& method, const google::protobuf::Message& q, google::protobuf::Message* r) {
      const absl::Status s = operator_.Wait(method, q, r, 10);
      if (!s.ok()) trouble_ = s.ToString();
      return s.ok();
    };
    admin::v1::StatusResponse status;
    if (!ask("fundcore.admin.v1.AdminService/Status", admin::v1::StatusRequest(), &status)) return last_;
    if (status.now_us() < to) {
      admin::v1::AdvanceClockRequest advance;
      advance.set_to_us(to);
      admin::v1::AdvanceClockResponse advanced;
      if (!ask("fundcore.admin.v1.AdminService/AdvanceClock", advance, &advanced)) return last_;
    }
    cv1::NudgeResponse nudged;
    if (!ask(StrCat(kClearing, "Nudge"), cv1::NudgeRequest(), &nudged)) return last_;
    cv1::DayStatusRequest day;
    day.set_ta_code("11");
    day.set_day(kDay);
    cv1::DayStatusResponse days;
    if (ask(StrCat(kClearing, "DayStatus"), day, &days) && days.days_size() == 1) return days.days(0);
    return last_;
  }

  // Purchases are paid on a later day than their business day is closed.
  bool Paid() {
    trade::v1::OutcomesRequest day;
    day.set_day(kDay);
    trade::v1::OutcomesResponse outcomes;
    if (!operator_.Wait("fundcore.trade.v1.TradeOps/Outcomes", day, &outcomes, 10).ok()) return false;
    uint64_t settled = 0, open = 0;
    for (const auto& c : outcomes.counts()) {
      if (c.state() == trade::v1::SETTLED) settled += c.count();
      if (c.state() == trade::v1::CONFIRMED) open += c.count();
    }
    return settled > 0 && open == 0;
  }

  // The institution, by the terms of the market.
  bool Answer() {
    const std::string config = p_.scratch + "/ta.toml";
    std::ofstream out(config);
    out << "ta = \"11\"\ndistributor = \"301\"\nversion = \"21\"\n";
    for (const std::string& fund : p_.promises->market().funds) {
      out << "[[fund]]\ncode = \"" << fund << "\"\nname = \"Load Fund\"\npurchase_pay_days = 2\nredemption_pay_days = 3\n"
          << "[[fund.purchase]]\nrate = \"1.2%\"\n"
          << "[[fund.redemption]]\nrate = \"1.5%\"\nfund_share = \"100%\"\n"
          << "[[fund.redemption]]\nfrom_days = 7\nrate = \"0.5%\"\n"
          << "[[fund.nav]]\nday = 2025-03-03\nvalue = \"1.2500\"\n[[fund.nav]]\nday = 2025-03-04\nvalue = \"1.2500\"\n";
    }
    out.close();
    const std::string said = p_.scratch + "/ta.said";
    const std::string command = StrCat(testing::ProgramBeside("ta_sim"), " answer --config ", config, " --exchange ", p_.data,
                                       "/exchange --state ", p_.scratch, "/ta-state --date 2025-03-04 >", said, " 2>&1");
    fs::create_directories(p_.scratch + "/ta-state");
    if (system(command.c_str()) == 0) return true;
    std::ifstream in(said);
    return Fault(StrCat("the institution cannot answer: ", std::string((std::istreambuf_iterator<char>(in)), {})));
  }

  // Every accepted order on exactly one line of all 03 files, and nothing else.
  void CountLines() {
    std::map<std::string, int> expected;  // serial to lines found
    for (const auto& [id, promise] : p_.promises->orders()) {
      if (!promise.too_small && !promise.cancelled) expected[absl::StrFormat("%017d", promise.order_id)] = 0;
    }
    uint64_t records = 0;
    for (const auto& entry : fs::recursive_directory_iterator(p_.data + "/exchange/out")) {
      if (!entry.path().filename().string().ends_with("_03.TXT")) continue;
      std::ifstream in(entry.path());
      std::string line;
      size_t at = std::string::npos;  // where the serial stands: found once, the same on every line
      while (std::getline(in, line)) {
        if (line.size() < 200) continue;
        ++records;
        for (size_t i = 0; at == std::string::npos && i + 17 <= line.size(); ++i) {
          if (expected.contains(line.substr(i, 17))) at = i;
        }
        auto it = at == std::string::npos ? expected.end() : expected.find(line.substr(at, 17));
        if (it == expected.end()) {
          Fault(StrCat(entry.path().filename().string(), " has a line for no accepted order: ", line.substr(0, 60)));
        } else {
          ++it->second;
        }
      }
    }
    for (const auto& [serial, lines] : expected) {
      if (lines != 1) Fault(StrCat("order ", serial, " stands on ", lines, " lines of the files that went out"));
    }
    if (records != expected.size()) Fault(StrCat(records, " lines went out for ", expected.size(), " accepted orders"));
  }

  void Outcomes() {
    const auto orders = p_.promises->orders();
    std::set<std::string> final;
    std::mutex mu;
    testing::AsyncClient client(p_.server->address(), "investor-app", 4);
    std::vector<std::pair<std::string, Promise>> all(orders.begin(), orders.end());
    std::vector<trade::v1::GetOrderResponse> got(all.size());
    testing::RunMany(all.size(), 64, [&](size_t i, std::function<void()> done) {
      trade::v1::GetOrderRequest get;
      get.set_order_id(all[i].second.order_id);
      client.Call("fundcore.trade.v1.TradeService/GetOrder", get, &got[i], [&, i, done](absl::Status s) {
        const auto& [id, promise] = all[i];
        const auto& o = got[i].order();
        const auto state = o.state();
        const auto wanted = promise.too_small ? trade::v1::REJECTED : promise.cancelled ? trade::v1::CANCELLED : trade::v1::SETTLED;
        std::lock_guard lock(mu);
        if (faults_.size() > 20) return done();
        if (!s.ok()) {
          Fault(StrCat("order ", id, " cannot be read: ", s.ToString()));
        } else if (state != wanted) {
          Fault(StrCat("order ", id, " ends ", trade::v1::OrderState_Name(state), " ", o.reason(), " instead of ",
                       trade::v1::OrderState_Name(wanted)));
        } else if (wanted == trade::v1::SETTLED && (o.confirmed_amount_fen() != promise.amount_fen || (promise.trade_day != 0 && o.trade_day() != promise.trade_day))) {
          Fault(StrCat("order ", id, " was confirmed for ", o.confirmed_amount_fen(), " fen of ", promise.amount_fen));
        }
        done();
      });
    });
    account::v1::TrialBalanceRequest verify;
    verify.set_verify(true);
    account::v1::TrialBalanceResponse balance;
    const absl::Status s = operator_.Wait("fundcore.account.v1.AccountService/TrialBalance", verify, &balance);
    if (!s.ok() || !balance.balanced()) Fault(StrCat("after the day: ", s.ToString(), " ", balance.difference()));
  }

  const EndOfDayParts p_;
  testing::AsyncClient operator_;
  cv1::BusinessDay last_;
  std::string trouble_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> EndOfDay(const EndOfDayParts& parts) { return Ending(parts).Run(); }

}  // namespace fundcore::crash
