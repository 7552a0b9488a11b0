// Interest on settlement money for clearing: received, weighed, ranked, spread; and what the trial balance says of it.
#include <algorithm>

#include "services/account/service.h"

namespace fundcore::account {

namespace {

constexpr int kMostPivots = 256;
constexpr int64_t kMostInterestFen = 10'000'000'000'000;  // a hundred thousand million yuan

FenDays FenDaysOf(const v1::Wide& w) { return {w.high(), w.low()}; }
void Fill(FenDays f, v1::Wide* out) {
  out->set_high(f.high);
  out->set_low(f.low);
}

absl::Status CheckPeriod(int32_t first, int32_t last) {
  const Date from = Date::FromRaw(first), to = Date::FromRaw(last);
  if (!Date::Parse(StrCat(first)).ok() || !Date::Parse(StrCat(last)).ok() || from > to)
    return BadField("first_day", StrCat(first, " to ", last), "must be two dates, the earlier one first");
  return absl::OkStatus();
}

absl::Status CheckTerms(int64_t amount, const v1::Wide& all) {
  if (amount <= 0 || amount > kMostInterestFen)
    return BadField("amount_fen", StrCat(amount), StrCat("must be 1 to ", kMostInterestFen));
  if (all.high() >> 16 != 0 || (all.high() == 0 && all.low() == 0))
    return BadField("all", StrCat(all.high(), " ", all.low()),
        "must be the sum of all weights, above 0 and below 2^80");
  return absl::OkStatus();
}

}  // namespace

template <class C>
void AccountServiceImpl::OnEachPartition(const rpc::Call& call, std::function<C(PartitionId)> command,
                                         std::function<void(PartitionId, const InterestRun&)> row, rpc::Reply reply) {
  struct All {
    rpc::Call call;
    std::vector<PartitionId> where;
    std::vector<InterestRun> runs;
    std::vector<absl::Status> status;
    std::function<C(PartitionId)> command;
    std::function<void(PartitionId, const InterestRun&)> row;
    rpc::Reply reply;
  };
  auto where = rpc::AskedPartitions(call, deps_.partitions);
  if (!where.ok()) return reply(where.status());
  auto all = std::make_shared<All>();
  all->call = call;
  all->where = *std::move(where);
  all->runs.resize(all->where.size());
  all->status.resize(all->where.size());
  all->command = std::move(command);
  all->row = std::move(row);
  all->reply = std::move(reply);
  machine::Gather* gather = machine::Gather::New(all->where.size(), [all] {
    for (absl::Status& s : all->status)
      if (!s.ok()) return all->reply(std::move(s));
    for (size_t i = 0; i < all->where.size(); ++i) all->row(all->where[i], all->runs[i]);
    all->reply(absl::OkStatus());
  });
  for (size_t i = 0; i < all->where.size(); ++i) {
    host_.On(all->where[i], [this, all, gather, i](Partition& part) {
      all->status[i] = ReadyFor(all->call, part, true);
      if (!all->status[i].ok()) return gather->One();
      C c = all->command(all->where[i]);
      const uint64_t run = c.run;
      SubmitUntilDone(all->where[i], std::move(c), [all, gather, i, run, &part](absl::Status status, const Result& r) {
        if (status.ok() && r.reason != Reason::kNone) status = RefusalStatus(r.reason, InterestReference(run));
        all->status[i] = std::move(status);
        if (all->status[i].ok()) all->runs[i] = *part.machine().FindInterestRun(run);
        gather->One();
      });
    });
  }
}

void AccountServiceImpl::ReceiveInterest(const v1::ReceiveInterestRequest& request, v1::ReceiveInterestResponse*,
                                         rpc::Reply reply) {
  if (absl::Status s = CheckPeriod(request.first_day(), request.last_day()); !s.ok()) return reply(std::move(s));
  if (request.amount_fen() <= 0 || request.amount_fen() > kMostInterestFen)
    return reply(BadField("amount_fen", StrCat(request.amount_fen()), StrCat("must be 1 to ", kMostInterestFen)));
  const account::ReceiveInterest c{request.run(), Date::FromRaw(request.first_day()), Date::FromRaw(request.last_day()),
                                   Money::FromRaw(request.amount_fen())};
  host_.On(PartitionId(0), [this, c, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    SubmitUntilDone(PartitionId(0), c, [run = c.run, reply = std::move(reply)](absl::Status status,
        const Result& r) mutable {
      if (status.ok() && r.reason != Reason::kNone) status = RefusalStatus(r.reason, InterestReference(run));
      reply(std::move(status));
    });
  });
}

void AccountServiceImpl::WeighInterest(const rpc::Call& call, const v1::WeighInterestRequest& request,
                                       v1::WeighInterestResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckPeriod(request.first_day(), request.last_day()); !s.ok()) return reply(std::move(s));
  const account::WeighInterest c{request.run(), Date::FromRaw(request.first_day()), Date::FromRaw(request.last_day())};
  OnEachPartition<account::WeighInterest>(
      call, [c](PartitionId) { return c; },
      [response](PartitionId p, const InterestRun& run) {
        v1::InterestWeight* out = response->add_partitions();
        out->set_partition(p.raw());
        Fill(run.sum, out->mutable_fen_days());
        out->set_investors(run.investors);
      },
      std::move(reply));
}

void AccountServiceImpl::RankInterest(const rpc::Call& call, const v1::RankInterestRequest& request,
                                      v1::RankInterestResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckTerms(request.amount_fen(), request.all()); !s.ok()) return reply(std::move(s));
  if (request.at_least_size() > kMostPivots)
    return reply(BadField("at_least", StrCat(request.at_least_size()), StrCat("are too many; send at most ",
        kMostPivots)));
  std::vector<__int128> pivots;
  for (const v1::Wide& w : request.at_least()) {
    if (w.high() >> 16 != 0) return reply(BadField("at_least", StrCat(w.high()), "must be below 2^80"));
    pivots.push_back(FenDaysOf(w).value());
    if (pivots.size() > 1 && pivots[pivots.size() - 2] >= pivots.back())
      return reply(BadField("at_least", StrCat(pivots.size()), "must be ascending"));
  }
  using Part = std::vector<v1::InterestRank>;
  Collect<Part>(
      call,
      [run = request.run(), amount = Money::FromRaw(request.amount_fen()), all = FenDaysOf(request.all()).value(),
       pivots](Partition& p, Part& part) {
        // Each remainder counts for all pivots that it reaches: by the last of them here, summed up below.
        std::vector<uint64_t> reached(pivots.size() + 1);
        Money whole;
        p.machine().ForEachInterestShare(run, [&](const InterestShare& s) {
          if (s.fen_days.value() > all) return;  // cannot be: its part would be larger than the whole
          const InterestPart one = InterestPartOf(s.fen_days, amount, all);
          whole += one.whole;
          ++reached[static_cast<size_t>(std::upper_bound(pivots.begin(), pivots.end(), one.rest) - pivots.begin())];
        });
        v1::InterestRank& out = part.emplace_back();
        out.set_partition(p.id().partition.raw());
        out.set_whole_fen(whole.raw());
        for (size_t i = pivots.size(); i > 1; --i) reached[i - 1] += reached[i];
        for (size_t i = 1; i <= pivots.size(); ++i) out.add_counts(reached[i]);
      },
      [response, reply = std::move(reply)](absl::Status status, std::vector<Part>& parts) mutable {
        if (!status.ok()) return reply(std::move(status));
        std::map<uint32_t, v1::InterestRank*> rows;
        for (Part& part : parts)
          for (v1::InterestRank& row : part) rows[row.partition()] = &row;
        for (auto& [partition, row] : rows) *response->add_partitions() = std::move(*row);
        reply(absl::OkStatus());
      });
}

void AccountServiceImpl::SpreadInterest(const rpc::Call& call, const v1::SpreadInterestRequest& request,
                                        v1::SpreadInterestResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckTerms(request.amount_fen(), request.all()); !s.ok()) return reply(std::move(s));
  if (request.ties_size() != deps_.partitions)
    return reply(BadField("ties", StrCat(request.ties_size()), StrCat("must be one for each of ", deps_.partitions,
        " partitions")));
  if (request.above().high() >> 16 != 0) return reply(BadField("above", StrCat(request.above().high()),
      "must be below 2^80"));
  account::SpreadInterest c;
  c.run = request.run();
  c.terms = {Money::FromRaw(request.amount_fen()), FenDaysOf(request.all()), FenDaysOf(request.above()), 0};
  std::vector<uint64_t> ties(request.ties().begin(), request.ties().end());
  OnEachPartition<account::SpreadInterest>(
      call,
      [c, ties = std::move(ties)](PartitionId p) {
        account::SpreadInterest one = c;
        one.terms.ties = ties[p.raw()];
        return one;
      },
      [response](PartitionId p, const InterestRun& run) {
        v1::InterestSpread* out = response->add_partitions();
        out->set_partition(p.raw());
        out->set_paid_fen(run.paid.raw());
        out->set_investors(run.payees);
      },
      std::move(reply));
}

void AddInterest(AccountMachine& m, absl::FunctionRef<void(Leg, const TaCode&, Money)> add) {
  const Money interest = m.ledger().cash().interest;
  if (!interest.is_zero()) add(Leg::kSettlementInterest, {}, -interest);
}

void VerifyInterest(AccountMachine& m, absl::FunctionRef<void(std::string, Money, Money)> compare) {
  Money owed;
  m.ForEachInterestRun([&](uint64_t run, const InterestRun& r) {
    owed += r.received - r.paid;
    Money shares;
    m.ForEachInterestShare(run, [&](const InterestShare& s) { shares += s.amount; });
    compare(InterestReference(run), r.paid, shares);
  });
  compare(std::string(LegName(Leg::kSettlementInterest)), m.ledger().cash().interest, owed);
}

}  // namespace fundcore::account
