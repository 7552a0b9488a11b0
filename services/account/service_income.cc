// Income of money funds for clearing: the days of a 07 file, and what an 05 file says of each holder.
#include <map>

#include "services/account/service.h"

namespace fundcore::account {

namespace {

constexpr int kMaxIncomeLines = 20'000;

absl::Status CheckCodes(uint32_t partition, uint16_t count, std::string_view ta, int lines) {
  if (partition >= count) {
    return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "UNKNOWN_PARTITION",
                                StrCat("partition ", partition, " does not exist; there are ", count, ", numbered from 0"));
  }
  if (ta.empty() || ta.size() > TaCode::kMax || ta.find('\0') != std::string_view::npos)
    return BadField("ta_code", ta, "must be an institution's code");
  if (lines > kMaxIncomeLines) return BadField("lines", StrCat(lines), StrCat("are too many; send at most ", kMaxIncomeLines));
  return absl::OkStatus();
}

}  // namespace

void AccountServiceImpl::AppendIncome(const v1::AppendIncomeRequest& request, v1::ApplyResult* response, rpc::Reply reply) {
  if (absl::Status s = CheckCodes(request.partition(), deps_.partitions, request.ta_code(), request.lines_size()); !s.ok())
    return reply(std::move(s));
  if (request.file_hash().size() != 32) return reply(BadField("file_hash", "", "must be the 32 bytes of a SHA-256"));
  AppendIncomeDays command;
  command.ta = TaCode(request.ta_code());
  Hash256::Raw raw;
  std::memcpy(raw.data(), request.file_hash().data(), 32);
  command.file = Hash256::FromRaw(raw);
  command.file_name = request.file_name();
  command.first_index = request.first_index();
  command.answer_day = Date::FromRaw(request.answer_day());
  for (const v1::IncomeDay& in : request.lines()) {
    if (!FundCode::Fits(in.fund_code())) return reply(BadField("lines.fund_code", in.fund_code(), "is too long"));
    command.lines.push_back({.line = in.line(),
                             .fund = FundCode(in.fund_code()),
                             .day = Date::FromRaw(in.day()),
                             .per_ten_thousand = Nav::FromRaw(in.income_e8())});
  }
  const PartitionId p(static_cast<uint16_t>(request.partition()));
  host_.On(p, [this, p, seq = request.product_seq(), command = std::move(command), response,
               reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    if (part.machine().products().absorbed() < seq) {
      return reply(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "PRODUCT_FACTS_BEHIND",
                                        StrCat("account has product facts up to ", part.machine().products().absorbed(),
                                               ", not yet ", seq, "; ask again in a moment")));
    }
    std::vector<AppendIncomeDays> commands;
    commands.push_back(std::move(command));
    SubmitLines(p, std::move(commands),
                [response, reply = std::move(reply)](absl::Status status, Applied& applied) mutable {
                  response->set_next_index(applied.next_index);
                  for (const FindingEntry& f : applied.findings) {
                    v1::Finding* out = response->add_findings();
                    out->set_line(f.line);
                    out->set_rule(f.rule);
                    out->set_field(f.field);
                    out->set_expected(f.expected);
                    out->set_found(f.found);
                  }
                  reply(std::move(status));
                });
  });
}

void AccountServiceImpl::AdoptIncome(const v1::AdoptIncomeRequest& request, v1::AdoptIncomeResponse*, rpc::Reply reply) {
  if (absl::Status s = CheckCodes(request.partition(), deps_.partitions, request.ta_code(), request.lines_size()); !s.ok())
    return reply(std::move(s));
  account::AdoptIncome command;
  command.ta = TaCode(request.ta_code());
  command.answer_day = Date::FromRaw(request.confirm_day());
  for (const v1::BalanceLine& in : request.lines()) {
    if (!FundCode::Fits(in.fund_code())) return reply(BadField("lines.fund_code", in.fund_code(), "is too long"));
    command.lines.push_back(
        {InvestorId(in.investor_id()), FundCode(in.fund_code()), Money::FromRaw(in.income_fen())});
  }
  const PartitionId p(static_cast<uint16_t>(request.partition()));
  host_.On(p, [this, p, command = std::move(command), reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    SubmitUntilDone(p, std::move(command),
                    [reply = std::move(reply)](absl::Status status, const Result&) mutable { reply(std::move(status)); });
  });
}

// Compares what is unpaid with what a line of an 05 file says. True where the institution's figure shall count from now on.
bool AccountServiceImpl::CompareIncome(AccountMachine& m, const v1::BalanceLine& line, Date answer_day,
                                       v1::CheckBalancesResponse* response) {
  if (!line.has_income() || !FundCode::Fits(line.fund_code())) return false;
  const FundCode fund(line.fund_code());
  const IncomeFund* f = m.income().Fund(fund);
  const InvestorId id(line.investor_id());
  const Investor* investor = m.FindInvestor(id);
  if (!f || !investor) return false;
  const Holding* holding = FindHolding(*investor, fund);
  const Earnings e = m.income().Of(SequenceOf(id), fund, holding ? holding->units : Units());
  // Asked again after its figure was taken over, the answer is judged by what was here before.
  const bool told = answer_day.is_set() && e.told == answer_day;
  const Money ours = told ? e.before : e.unpaid;
  const Money most = ours + Money::FromRaw(told ? e.before_above : e.above);
  const Money least = ours - Money::FromRaw(told ? e.before_below : e.below);
  const Money theirs = Money::FromRaw(line.income_fen());
  const auto find = [&](std::string_view rule, std::string expected) {
    v1::Finding* out = response->add_findings();
    out->set_line(line.line());
    out->set_rule(std::string(rule));
    out->set_field("UndistributeMonetaryIncome");
    out->set_expected(std::move(expected));
    out->set_found(theirs.ToString());
    out->set_investor_id(line.investor_id());
  };
  if (theirs < least || theirs > most) {
    find("INCOME_DIFFERS", ours.ToString());
  } else if (f->payout_due && f->answer_day == answer_day && theirs.is_positive()) {
    find("INCOME_NOT_PAID", Money().ToString());
  }
  return theirs != e.unpaid || (theirs != ours && !told);
}

// What the trial balance adds for income, and what it recomputes.
void AddIncome(AccountMachine& m, absl::FunctionRef<void(Leg, const TaCode&, Money)> add) {
  m.income().ForEachTotal([&](const UnitKey& key, const IncomeTotals& t) {
    add(Leg::kIncomeOwed, key.ta, -t.owed);
    add(Leg::kIncomeReceivable, key.ta, t.receivable);
  });
}

void VerifyIncome(AccountMachine& m, absl::FunctionRef<void(std::string, Money, Money)> compare) {
  std::map<FundCode, Money> unpaid;
  m.income().ForEach([&](const EarningsKey& key, const Earnings& e) { unpaid[key.fund] += e.unpaid; });
  m.income().ForEachTotal([&](const UnitKey& key, const IncomeTotals& t) {
    compare(StrCat(LegName(Leg::kIncomeOwed), " ", key.fund.view()), t.owed, unpaid[key.fund]);
    compare(StrCat(LegName(Leg::kIncomeReceivable), " ", key.fund.view()), t.receivable, unpaid[key.fund]);
  });
}

void FillIncome(AccountMachine& m, InvestorId id, const Investor& investor, v1::GetAccountResponse* response) {
  const auto fill = [&](const FundCode& fund, Units units, v1::Position* out) {
    const IncomeFund* f = m.income().Fund(fund);
    if (!f) return;
    const Earnings e = m.income().Of(SequenceOf(id), fund, units);
    out->set_income_fen(e.unpaid.raw());
    out->set_income_rest(e.rest.ToString());
    out->set_income_through(f->last_day.raw());
  };
  for (v1::Position& p : *response->mutable_positions())
    fill(FundCode(p.fund_code()), Units::FromRaw(p.units_e2()), &p);
  // Units may be gone while income waits for its payout.
  m.income().ForEach(SequenceOf(id), [&](const FundCode& fund, const Earnings& e) {
    if (e.IsBlank() || FindHolding(investor, fund)) return;
    v1::Position* out = response->add_positions();
    out->set_fund_code(fund.str());
    out->set_ta_code(m.income().Fund(fund)->ta.str());
    fill(fund, Units(), out);
  });
}

}  // namespace fundcore::account
