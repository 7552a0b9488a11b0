// fundctl recovery: what is not final, what it waits for, and how the peers answer.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "common/base/check.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = trade::v1;

constexpr size_t kAges = 7;
constexpr std::array<int64_t, kAges - 1> kSeconds = {1, 10, 60, 600, 3'600, 86'400};

// Open breaks in the columns of orders: how many orders have one, by the time since it was opened.
struct Breaks {
  uint64_t all = 0;
  std::set<uint64_t> orders;
  std::array<uint64_t, kAges> by_age{};
  uint64_t oldest_order = 0;
  int64_t oldest_at = 0;
};

absl::StatusOr<Breaks> OpenBreaks(Remote& remote, int64_t now_us) {
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<clearing::v1::ListBreaksResponse>(
                                  "fundcore.clearing.v1.ClearingService/ListBreaks", clearing::v1::ListBreaksRequest()));
  Breaks out;
  for (const auto& b : r.breaks()) {
    if (b.state() == "CLOSED") continue;
    ++out.all;
    if (b.order_id() == 0 || !out.orders.insert(b.order_id()).second) continue;
    size_t age = 0;
    while (age < kSeconds.size() && now_us - b.opened_at_us() >= kSeconds[age] * 1'000'000) ++age;
    ++out.by_age[age];
    if (out.oldest_order != 0 && out.oldest_at <= b.opened_at_us()) continue;
    out.oldest_order = b.order_id();
    out.oldest_at = b.opened_at_us();
  }
  return out;
}

std::string_view AnswersWord(const v1::PeerHealth& p) {
  return p.lanes_closed() == 0 ? "yes" : p.lanes_closed() < p.lanes() ? "partly" : "no";
}

}  // namespace

std::string WaitsForWord(int waits_for) {
  if (waits_for == v1::WAITS_FOR_NOTHING || !v1::WaitsFor_IsValid(waits_for)) return "";
  std::string word = v1::WaitsFor_Name(static_cast<v1::WaitsFor>(waits_for)).substr(sizeof("WAITS_FOR_") - 1);
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  return word;
}

Result ShowRecovery(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto status, remote.Ask<admin::v1::StatusResponse>("fundcore.admin.v1.AdminService/Status",
                                                                         admin::v1::StatusRequest()));
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::RecoveryStatusResponse>("fundcore.trade.v1.TradeOps/RecoveryStatus",
                                                                     v1::RecoveryStatusRequest()));
  FC_ASSIGN_OR_RETURN(const Breaks breaks, OpenBreaks(remote, r.now_us()));
  Answer a;
  a.Add("now", TimePoint::FromRaw(r.now_us()));
  uint64_t all = 0;
  for (const auto& w : r.waiting()) all += w.orders();
  a.Add("orders_not_final", all);
  a.Add("open_breaks", breaks.all);
  a.Add("held_back", status.held_back());
  a.Add("why", status.held_back_why(), !status.held_back().empty());

  bool estimated = false;
  Table& waiting = a.AddTable("waiting",
                              {"for", "orders", "under_1s", "under_10s", "under_1min", "under_10min", "under_1h", "under_1d",
                               "older", "estimated", "oldest", "received"},
                              "orders by what they wait for and time since receipt");
  for (const auto& w : r.waiting()) {
    std::vector<Value> row = {WaitsForWord(w.waits_for()), uint64_t{w.orders()}};
    for (size_t age = 0; age < kAges; ++age)
      row.push_back(age < static_cast<size_t>(w.by_age_size()) ? uint64_t{w.by_age(static_cast<int>(age))} : uint64_t{0});
    row.insert(row.end(), {Value(w.estimated()), Value(OrderId(w.oldest_order())),
                           Value(TimePoint::FromRaw(w.oldest_received_at_us()))});
    estimated |= w.estimated();
    waiting.Row(std::move(row));
  }
  // Those are counted above as well: clearing knows of them what trade does not.
  std::vector<Value> row = {WaitsForWord(v1::WAITS_FOR_BREAK), uint64_t{breaks.orders.size()}};
  for (uint64_t n : breaks.by_age) row.push_back(n);
  row.insert(row.end(), {Value(false), Value(OrderId(breaks.oldest_order)), Value(TimePoint::FromRaw(breaks.oldest_at))});
  waiting.Row(std::move(row));

  bool away = false;
  Table& peers = a.AddTable("peers",
                            {"peer", "answers", "limited", "limit_a_second", "calls", "orders", "unavailable", "deadline",
                             "busy", "malformed", "error", "retried", "retried_last_minute", "last_failure_at", "last_failure"},
                            "peers since the process started");
  for (const auto& p : r.peers()) {
    peers.Row({p.peer(), AnswersWord(p), p.lanes_limited() > 0, uint64_t{p.limit()}, uint64_t{p.calls()},
               uint64_t{p.items()}, uint64_t{p.unavailable()}, uint64_t{p.deadline()}, uint64_t{p.busy()},
               uint64_t{p.malformed()}, uint64_t{p.error()}, uint64_t{p.retried_items()},
               uint64_t{p.retried_last_minute()}, TimePoint::FromRaw(p.last_failure_at_us()), p.last_failure()});
    away |= p.lanes_closed() > 0;
  }
  if (estimated) a.Say("numbers are exact; ages marked as estimated are in part computed from those of neighbours");
  if (!breaks.orders.empty()) a.Say("orders with a break are counted where trade sees them, too; their age is the break's");
  a.exit_code = away || !status.held_back().empty() || !breaks.orders.empty() ? 1 : 0;
  return a;
}

}  // namespace fundcore::fundctl
