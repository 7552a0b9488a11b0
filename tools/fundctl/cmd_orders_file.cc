// fundctl orders import, orders accounts: the orders of a sub-distributor's 03 file, handed in line by line through the
// same acceptance as any other order.
//
// Nothing is remembered here. Each line's request id follows from the file alone, so importing again, after a crash or for
// no reason, finds the orders that are there. The steps of a batch: whose are the accounts, bind the serials to their
// content, submit; each may be repeated at any point.
#include <algorithm>
#include <map>

#include "common/base/check.h"
#include "common/rpc/handlers.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tools/fundctl/commands.h"
#include "tools/fundctl/order_market.h"
#include "tools/ofd/source.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = trade::v1;
constexpr std::string_view kFace = "fundcore.trade.v1.TradeService/";
constexpr size_t kMostBatch = 8'000;
constexpr size_t kShownToPeople = 100;

// What a line came to, beside its fault.
struct LineResult {
  Outcome outcome = Outcome::kNotSent;
  OrderId order;
  v1::OrderState state = v1::ORDER_STATE_UNSPECIFIED;
  Date trade_day;
  std::string reason, message;
  bool created = false;  // by this run, as far as it was told
};

bool IsGood(Outcome outcome) { return outcome == Outcome::kAccepted || outcome == Outcome::kRepeated; }
bool IsUnknown(Outcome outcome) { return outcome == Outcome::kUndecided || outcome == Outcome::kNotSent; }

Outcome OutcomeOf(v1::OrderState state, bool repeated) {
  if (state == v1::REJECTED) return Outcome::kRefused;
  if (state == v1::CHALLENGED) return Outcome::kChallenged;
  if (state == v1::RECEIVED) return Outcome::kUndecided;
  return repeated ? Outcome::kRepeated : Outcome::kAccepted;
}

class Import {
 public:
  Import(Remote& remote, const Market& market, OrderFile& file)
      : remote_(remote), market_(market), file_(file), results_(file.lines.size()) {}

  const std::vector<LineResult>& results() const { return results_; }

  // Batch by batch. Stops where the server stays away: what is left is not sent, and trouble() says why.
  absl::Status Run(size_t batch, const std::function<bool()>& after_batch) {
    std::vector<Candidate> candidates;
    for (size_t i = 0; i < file_.lines.size(); ++i) {
      if (file_.lines[i].fault.outcome == Outcome::kNone) {
        candidates.push_back({.line = &file_.lines[i]});
      } else {
        TakeFault(file_.lines[i]);
      }
      const bool last = i + 1 == file_.lines.size();
      if (candidates.size() < batch && !last) continue;
      if (!candidates.empty() && trouble_.ok()) {
        if (absl::Status s = RunBatch(candidates); !s.ok()) {
          if (!IsTrouble(s)) return s;
          trouble_ = s;
        }
        if (after_batch && !after_batch()) return absl::CancelledError("stopped between two batches; import again");
      }
      candidates.clear();
    }
    return absl::OkStatus();
  }
  const absl::Status& trouble() const { return trouble_; }

 private:
  LineResult& ResultOf(const OrderLine& line) { return results_[static_cast<size_t>(&line - file_.lines.data())]; }

  void TakeFault(const OrderLine& line) {
    LineResult& r = ResultOf(line);
    r.outcome = line.fault.outcome;
    r.reason = std::string(line.fault.reason);
    r.message = line.fault.message;
  }

  absl::Status RunBatch(std::vector<Candidate>& all) {
    FC_RETURN_IF_ERROR(ResolveAccounts(remote_, market_, file_.header, all, remote_.patience()));
    DropFaulty(all);
    FC_RETURN_IF_ERROR(Claim(all));
    DropFaulty(all);
    return Submit(all);
  }

  void DropFaulty(std::vector<Candidate>& all) {
    std::erase_if(all, [&](const Candidate& c) {
      if (c.line->fault.outcome == Outcome::kNone) return false;
      TakeFault(*c.line);
      return true;
    });
  }

  absl::Status Claim(std::vector<Candidate>& all) {
    v1::ClaimSerialsRequest request;
    for (const Candidate& c : all) {
      v1::SerialClaim* claim = request.add_claims();
      claim->set_request_id(c.line->request_id);
      claim->set_digest(c.line->digest.raw().data(), c.line->digest.raw().size());
    }
    v1::ClaimSerialsResponse response;
    FC_RETURN_IF_ERROR(CallUntil(remote_, StrCat(kFace, "ClaimSerials"), request, &response,
                                 SteadyNow() + remote_.patience()));
    if (response.outcomes_size() != request.claims_size())
      return absl::InternalError("the server answered another number of claims than it was given");
    for (int i = 0; i < response.outcomes_size(); ++i) {
      if (!response.outcomes(i).conflict()) continue;
      all[static_cast<size_t>(i)].line->fault = {
          Outcome::kConflict, "REQUEST_ID_REUSED",
          "a line of this serial was imported before and said something else; what was ordered then stands. A changed "
          "order needs a serial of its own"};
    }
    return absl::OkStatus();
  }

  void Fill(const Candidate& c, v1::NewOrder* o) {
    const OrderLine& line = *c.line;
    o->set_request_id(line.request_id);
    o->set_investor_id(c.investor.raw());
    o->set_business(line.business);
    o->set_fund_code(line.fund);
    o->set_amount_fen(line.amount.raw());
    o->set_units_e2(line.units.raw());
    if (line.business != 36) o->set_defer_large_redemption(line.defer);
    o->set_target_fund_code(line.target);
    o->set_trade_day_wanted(line.trade_day.raw());
    v1::Origin* origin = o->mutable_origin();
    origin->set_distributor(file_.distributor().str());
    origin->set_serial(line.serial);
    origin->set_digest(line.digest.raw().data(), line.digest.raw().size());
  }

  // Until every order has an outcome that stands, or time is up. What is asked again is asked with the same request id.
  absl::Status Submit(std::vector<Candidate> left) {
    const TimePoint until = SteadyNow() + remote_.patience();
    for (Duration pause; !left.empty();) {
      v1::SubmitOrdersRequest request;
      for (const Candidate& c : left) Fill(c, request.add_orders());
      v1::SubmitOrdersResponse response;
      absl::Status trouble = remote_.Call(StrCat(kFace, "SubmitOrders"), request, &response);
      if (!trouble.ok() && !IsTrouble(trouble)) return trouble;
      if (trouble.ok() && response.outcomes_size() != request.orders_size())
        return absl::InternalError("the server answered another number of orders than it was given");
      std::vector<Candidate> again;
      for (size_t i = 0; i < left.size(); ++i) {
        absl::Status why = trouble;
        if (trouble.ok()) why = Take(response.outcomes(static_cast<int>(i)), &ResultOf(*left[i].line));
        if (why.ok()) continue;
        again.push_back(left[i]);
        if (trouble.ok()) last_ = why;
      }
      if (!trouble.ok()) last_ = trouble;
      left = std::move(again);
      if (!left.empty() && !PauseUntil(&pause, rpc::RetryDelayOf(last_), until)) return last_;
    }
    return absl::OkStatus();
  }

  // OK where the outcome stands.
  absl::Status Take(const v1::OrderOutcome& out, LineResult* r) {
    const auto code = static_cast<absl::StatusCode>(out.code());
    const absl::Status status(code, out.message());
    r->reason = out.reason();
    r->message = out.message();
    if (code == absl::StatusCode::kOk) {
      r->order = OrderId(out.order_id());
      r->state = out.state();
      r->trade_day = Date::FromRaw(out.trade_day());
      r->created |= !out.repeated();
      r->outcome = OutcomeOf(out.state(), !r->created);
      if (r->outcome == Outcome::kUndecided)
        return absl::UnavailableError(StrCat("order ", FormatOrderId(r->order), " is received and not decided yet"));
      return absl::OkStatus();
    }
    if (IsTrouble(status)) return status;
    r->outcome = code == absl::StatusCode::kAlreadyExists ? Outcome::kConflict
                 : code == absl::StatusCode::kNotFound    ? Outcome::kUnknownAccount
                                                          : Outcome::kInvalid;
    return absl::OkStatus();
  }

  Remote& remote_;
  const Market& market_;
  OrderFile& file_;
  std::vector<LineResult> results_;
  absl::Status trouble_;
  absl::Status last_;
};

// One JSON object a line of the file.
std::string ResultLines(const OrderFile& file, const std::vector<LineResult>& results) {
  std::string out;
  for (size_t i = 0; i < results.size(); ++i) {
    const OrderLine& line = file.lines[i];
    const LineResult& r = results[i];
    Answer a;
    a.Add("line", line.line);
    a.Add("serial", line.serial);
    a.Add("outcome", OutcomeWord(r.outcome));
    a.Add("order", r.order);
    a.Add("state", r.order.is_set() ? v1::OrderState_Name(r.state) : "");
    a.Add("trade_day", r.trade_day);
    a.Add("reason", r.reason);
    a.Add("message", r.message);
    out += a.Json() + "\n";
  }
  return out;
}

Answer Describe(const std::string& path, const OrderFile& file, const std::vector<LineResult>& results, bool all_lines) {
  std::map<Outcome, uint64_t> counts;
  for (const LineResult& r : results) ++counts[r.outcome];
  Answer a;
  a.Add("file", std::string(ofd_tools::BaseName(path)));
  a.Add("from", file.header.creator.view());
  a.Add("to", file.header.receiver.view());
  a.Add("lines", uint64_t{file.lines.size()});
  bool bad = false, unknown = false;
  for (Outcome o : {Outcome::kAccepted, Outcome::kRepeated, Outcome::kRefused, Outcome::kChallenged, Outcome::kConflict,
                    Outcome::kUnknownAccount, Outcome::kUnknownFund, Outcome::kUnsupported, Outcome::kInvalid,
                    Outcome::kUndecided, Outcome::kNotSent}) {
    const uint64_t n = counts[o];
    a.Add(OutcomeWord(o), n, n != 0 || IsGood(o));
    if (n == 0) continue;
    unknown |= IsUnknown(o);
    bad |= !IsGood(o);
  }
  Table& t = a.AddTable("results", {"line", "serial", "outcome", "order", "state", "trade_day", "reason", "message"},
                        all_lines ? "" : "what is not accepted");
  uint64_t left_out = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    const LineResult& r = results[i];
    if (!all_lines && IsGood(r.outcome)) continue;
    if (!all_lines && t.rows() == kShownToPeople) {
      ++left_out;
      continue;
    }
    t.Row({file.lines[i].line, file.lines[i].serial, OutcomeWord(r.outcome), r.order,
           r.order.is_set() ? v1::OrderState_Name(r.state) : "", r.trade_day, r.reason, r.message});
  }
  if (left_out > 0) a.Say(StrCat("and ", left_out, " further lines; --json or --output shows them all"));
  a.exit_code = unknown ? 3 : bad ? 1 : 0;
  return a;
}

// Reads and judges the whole file, as far as file and market tell. A damaged file is wrong data, not a wrong command.
absl::StatusOr<OrderFile> ReadAndJudge(const std::string& path, const std::string& variant_path, const Market& market) {
  FC_ASSIGN_OR_RETURN(const ofd::Variant variant, LoadVariant(variant_path));
  FC_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(path));
  const std::string_view name = ofd_tools::BaseName(path);
  auto file = ReadOrderFile(name, bytes, variant);
  if (absl::IsInvalidArgument(file.status()))
    return absl::DataLossError(StrCat(file.status().message(), "; nothing of the file was imported"));
  FC_RETURN_IF_ERROR(file.status());
  FC_RETURN_IF_ERROR(market.CheckReceiver(name, file->header));
  market.JudgeFunds(&*file);
  return file;
}

}  // namespace

Result ImportOrders(Remote& remote, const ImportOptions& o) {
  if (o.batch < 1 || o.batch > kMostBatch)
    return absl::InvalidArgumentError(StrCat("--batch ", o.batch, " must be 1 to ", kMostBatch));
  FC_ASSIGN_OR_RETURN(const Market market, Market::Load(remote));
  FC_ASSIGN_OR_RETURN(OrderFile file, ReadAndJudge(o.file, o.variant, market));
  Import import(remote, market, file);
  FC_RETURN_IF_ERROR(import.Run(o.batch, o.after_batch));
  if (!o.output.empty()) FC_RETURN_IF_ERROR(PublishFile(o.output, ResultLines(file, import.results())));
  Answer a = Describe(o.file, file, import.results(), o.all_lines);
  if (a.exit_code == 3) {
    a.Say(StrCat("not everything is known: ", import.trouble().message(),
                 ". Run the same import again: what is there already stays as it is"));
  }
  return a;
}

Result ListFileAccounts(Remote& remote, const std::string& path, const std::string& variant_path) {
  FC_ASSIGN_OR_RETURN(const Market market, Market::Load(remote));
  FC_ASSIGN_OR_RETURN(OrderFile file, ReadAndJudge(path, variant_path, market));
  struct Account {
    std::string trading, fund_account, ta;
    uint64_t orders = 0;
    Money amount;
    Candidate candidate;
  };
  std::vector<Account> accounts;
  std::map<std::pair<std::string, std::string>, size_t> by_name;
  for (OrderLine& line : file.lines) {
    if (line.fault.outcome != Outcome::kNone) continue;
    const std::string ta(market.InstitutionOf(line.fund));
    const auto [it, fresh] = by_name.emplace(std::pair(line.trading_account, ta), accounts.size());
    if (fresh) accounts.push_back({line.trading_account, line.ta_account, ta, 0, Money(), {.line = &line}});
    Account& a = accounts[it->second];
    if (a.fund_account.empty()) a.fund_account = line.ta_account;
    ++a.orders;
    int64_t sum = 0;  // a file may name any sum; what is beyond counting is no reason to stop
    a.amount = __builtin_add_overflow(a.amount.raw(), line.amount.raw(), &sum) ? a.amount : Money::FromRaw(sum);
  }
  for (size_t begin = 0; begin < accounts.size(); begin += kMostBatch) {
    std::vector<Candidate> batch;
    const size_t end = std::min(accounts.size(), begin + kMostBatch);
    for (size_t i = begin; i < end; ++i) batch.push_back(accounts[i].candidate);
    FC_RETURN_IF_ERROR(ResolveAccounts(remote, market, file.header, batch, remote.patience()));
    for (size_t i = begin; i < end; ++i) accounts[i].candidate = batch[i - begin];
  }
  Answer a;
  a.Add("file", std::string(ofd_tools::BaseName(path)));
  a.Add("distributor", file.header.creator.view());
  a.Add("day", file.header.date);
  uint64_t unknown = 0;
  Table& t = a.AddTable("accounts", {"trading_account", "ta", "fund_account", "orders", "amount", "investor",
                                     "our_fund_account", "fault"});
  for (const Account& account : accounts) {
    const LineFault& fault = account.candidate.line->fault;
    unknown += fault.outcome != Outcome::kNone;
    t.Row({account.trading, account.ta, account.fund_account, account.orders, account.amount, account.candidate.investor,
           account.candidate.fund_account.view(), fault.reason});
  }
  a.Add("unlinked", unknown);
  a.exit_code = unknown == 0 ? 0 : 1;
  return a;
}

}  // namespace fundcore::fundctl
