// The chain of a run: receive, weigh, rank, spread.
#include "services/clearing/interest_worker.h"

#include <algorithm>

#include "common/rpc/peers.h"
#include "fundcore/account/v1/account.pb.h"

namespace fundcore::clearing {

namespace av1 = account::v1;

namespace {

constexpr Duration kDeadline = Duration::Seconds(20);
constexpr int kGuesses = 32;

__int128 ValueOf(const av1::Wide& w) {
  return static_cast<__int128>((static_cast<unsigned __int128>(w.high()) << 64) | w.low());
}
void Fill(__int128 v, av1::Wide* out) {
  out->set_high(static_cast<uint64_t>(static_cast<unsigned __int128>(v) >> 64));
  out->set_low(static_cast<uint64_t>(v));
}
uint64_t CountOf(const av1::RankInterestResponse& r, int guess) {
  uint64_t n = 0;
  for (const av1::InterestRank& row : r.partitions()) n += row.counts(guess);
  return n;
}

}  // namespace

struct InterestWorker::Run {
  uint64_t number = 0;
  InterestRun run;
  __int128 all = 0;
  uint64_t left = 0;            // fen beyond the cut parts
  __int128 low = 0, high = 0;   // at least `left` remainders reach low, fewer reach high
};

void InterestWorker::Abandon() {
  busy_ = false;
  ++chain_;
  failures_ = 0;
}

void InterestWorker::Retry() {
  busy_ = false;
  ++chain_;
  held_ = true;
  const Duration delay = Duration::Millis(std::min<int64_t>(10ll << std::min(failures_++, 9), 5'000));
  host_->ExecutorOf(kInterestPartition)->PostAfter(delay, [this] {
    held_ = false;
    Look();
  });
}

template <class Resp, class F>
void InterestWorker::Call(std::string_view method, const google::protobuf::Message& request, F ok) {
  rpc::CallPeer<Resp>(deps_->peers, method, request, kDeadline,
                      host_->ExecutorOf(kInterestPartition),
                      [this, chain = chain_, ok = std::move(ok)](absl::Status status,
                          std::unique_ptr<Resp> response) mutable {
                        if (chain != chain_) return;
                        if (!status.ok()) return Retry();
                        ok(*response);
                      });
}

void InterestWorker::Look() {
  if (busy_ || held_) return;
  auto run = std::make_shared<Run>();
  host_->At(kInterestPartition).machine().ForEachInterestRun([&](uint64_t number, const InterestRun& r) {
    if (run->number != 0 || r.state != InterestState::kSpreading) return;
    run->number = number;
    run->run = r;
  });
  if (run->number == 0) return;
  busy_ = true;
  ++chain_;
  av1::ReceiveInterestRequest q;
  q.set_run(run->number);
  q.set_first_day(run->run.from.raw());
  q.set_last_day(run->run.to.raw());
  q.set_amount_fen(run->run.amount.raw());
  Call<av1::ReceiveInterestResponse>("fundcore.account.v1.AccountOps/ReceiveInterest", q, [this,
      run](auto&) { Weigh(run); });
}

void InterestWorker::Weigh(std::shared_ptr<Run> run) {
  av1::WeighInterestRequest q;
  q.set_run(run->number);
  q.set_first_day(run->run.from.raw());
  q.set_last_day(run->run.to.raw());
  Call<av1::WeighInterestResponse>("fundcore.account.v1.AccountOps/WeighInterest", q, [this,
      run](const av1::WeighInterestResponse& r) {
    run->all = 0;
    for (const auto& p : r.partitions()) run->all += ValueOf(p.fen_days());
    if (run->all == 0) return End(run->number, Money(), 0);
    Ask(*run, {}, [this, run](const av1::RankInterestResponse& ranks) {
      int64_t whole = 0;
      for (const auto& p : ranks.partitions()) whole += p.whole_fen();
      run->left = static_cast<uint64_t>(run->run.amount.raw() - whole);
      run->low = 0;
      run->high = run->all;  // no remainder is so large
      if (run->left == 0) run->low = run->all - 1;
      Narrow(run);
    });
  });
}

void InterestWorker::Ask(const Run& run, const std::vector<__int128>& at_least, Ranked then) {
  av1::RankInterestRequest q;
  q.set_run(run.number);
  q.set_amount_fen(run.run.amount.raw());
  Fill(run.all, q.mutable_all());
  for (const __int128 v : at_least) Fill(v, q.add_at_least());
  Call<av1::RankInterestResponse>("fundcore.account.v1.AccountOps/RankInterest", q, std::move(then));
}

void InterestWorker::Narrow(std::shared_ptr<Run> run) {
  if (run->high - run->low <= 1) {
    // Who is above `low` gets a fen, and of those equal to it as many as are left.
    return Ask(*run, {run->low, run->high}, [this, run](const av1::RankInterestResponse& r) { Spread(run, r); });
  }
  std::vector<__int128> guesses;
  const __int128 room = run->high - run->low - 1;
  const int n = static_cast<int>(std::min<__int128>(kGuesses, room));
  for (int i = 1; i <= n; ++i) guesses.push_back(run->low + room * i / n);
  Ask(*run, guesses, [this, run, guesses](const av1::RankInterestResponse& r) {
    for (size_t i = 0; i < guesses.size(); ++i) {
      const bool enough = CountOf(r, static_cast<int>(i)) >= run->left;
      if (enough) run->low = std::max(run->low, guesses[i]);
      if (!enough) run->high = std::min(run->high, guesses[i]);
    }
    Narrow(run);
  });
}

void InterestWorker::Spread(std::shared_ptr<Run> run, const av1::RankInterestResponse& r) {
  av1::SpreadInterestRequest q;
  q.set_run(run->number);
  q.set_amount_fen(run->run.amount.raw());
  Fill(run->all, q.mutable_all());
  Fill(run->low, q.mutable_above());
  uint64_t left = run->left - std::min(run->left, CountOf(r, 1));
  for (const av1::InterestRank& row : r.partitions()) {
    // Partitions stand in front of an investor's number: their order is that of the numbers.
    const uint64_t equal = std::min(left, row.counts(0) - row.counts(1));
    q.add_ties(equal);
    left -= equal;
  }
  Call<av1::SpreadInterestResponse>("fundcore.account.v1.AccountOps/SpreadInterest", q, [this,
      run](const av1::SpreadInterestResponse& r) {
    Money paid;
    uint64_t investors = 0;
    for (const auto& p : r.partitions()) {
      paid += Money::FromRaw(p.paid_fen());
      investors += p.investors();
    }
    End(run->number, paid, investors);
  });
}

void InterestWorker::End(uint64_t run, Money paid, uint64_t investors) {
  host_->Submit(kInterestPartition, InterestEnded{run, paid, investors}, [this, chain = chain_](const Result&) {
    if (chain != chain_) return;
    busy_ = false;
    ++chain_;
    failures_ = 0;
    Look();
  });
}

}  // namespace fundcore::clearing
