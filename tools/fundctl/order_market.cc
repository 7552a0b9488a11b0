// See order_market.h.
#include "tools/fundctl/order_market.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

#include "common/base/check.h"
#include "common/rpc/handlers.h"
#include "fundcore/account/v1/account.pb.h"
#include "tools/ofd/source.h"

namespace fundcore::fundctl {
namespace {

constexpr std::string_view kProducts = "fundcore.product.v1.ProductService/";
constexpr Duration kShortestPause = Duration::Millis(20);
constexpr Duration kLongestPause = Duration::Seconds(1);

void SetFault(OrderLine* line, Outcome outcome, std::string_view reason, std::string message) {
  line->fault = {outcome, reason, std::move(message)};
}

absl::Status Errno(const std::string& path, std::string_view what) {
  return absl::UnavailableError(StrCat(path, ": ", what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<Market> Market::Load(Remote& remote) {
  Market market;
  FC_ASSIGN_OR_RETURN(auto institutions,
                      remote.Ask<product::v1::ListInstitutionsResponse>(StrCat(kProducts, "ListInstitutions"),
                                                                        product::v1::ListInstitutionsRequest()));
  for (const auto& i : institutions.institutions()) market.institutions_[i.ta_code()] = i;
  product::v1::ListFundsRequest request;
  request.set_page_size(1'000);
  do {
    FC_ASSIGN_OR_RETURN(auto page, remote.Ask<product::v1::ListFundsResponse>(StrCat(kProducts, "ListFunds"), request));
    for (const auto& f : page.funds()) market.funds_[f.fund_code()] = f.ta_code();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return market;
}

absl::Status Market::CheckReceiver(std::string_view file, const ofd::Header& header) const {
  const std::string_view receiver = header.receiver.view();
  std::string known;
  for (const auto& [code, institution] : institutions_) {
    if (receiver == code || receiver == institution.distributor_code()) return absl::OkStatus();
    known += StrCat(known.empty() ? "" : ", ", code, " (we are ", institution.distributor_code(), " there)");
  }
  return absl::FailedPreconditionError(StrCat(file, ": the receiver is ", receiver,
                                              ", which is neither an institution of ours nor our code at one; we know ",
                                              known.empty() ? "none" : known));
}

void Market::JudgeFunds(OrderFile* file) const {
  const bool to_institution = institutions_.contains(file->header.receiver.view());
  for (OrderLine& line : file->lines) {
    if (line.fault.outcome != Outcome::kNone) continue;
    const std::string_view ta = InstitutionOf(line.fund);
    if (ta.empty()) {
      SetFault(&line, Outcome::kUnknownFund, "FUND_UNKNOWN",
               StrCat("FundCode \"", line.fund, "\" is no fund that we sell; check the code, or load the fund first"));
    } else if (to_institution && ta != file->header.receiver.view()) {
      SetFault(&line, Outcome::kUnknownFund, "FUND_OF_ANOTHER_INSTITUTION",
               StrCat("FundCode \"", line.fund, "\" is registered at ", ta, ", the file is for ",
                      file->header.receiver.view()));
    } else if (!line.target.empty()) {
      // Between two institutions a conversion is a 038 and a 037, of which a 036 of one file can name only the one.
      const std::string_view there = InstitutionOf(line.target);
      if (there.empty()) {
        SetFault(&line, Outcome::kUnknownFund, "TARGET_FUND_UNKNOWN",
                 StrCat("CodeOfTargetFund \"", line.target, "\" is no fund that we sell; check the code"));
      } else if (there != ta) {
        SetFault(&line, Outcome::kUnsupported, "TARGET_OF_ANOTHER_INSTITUTION",
                 StrCat("CodeOfTargetFund \"", line.target, "\" is registered at ", there, ", FundCode \"", line.fund,
                        "\" at ", ta, "; by file a conversion stays inside one institution"));
      }
    }
  }
}

std::string_view Market::InstitutionOf(std::string_view fund) const {
  const auto it = funds_.find(fund);
  return it == funds_.end() ? std::string_view() : std::string_view(it->second);
}

Date Market::RefusalDay(const ofd::Header& header) const {
  const CalendarSet calendars = CalendarSet::BuiltIn();
  const TradingCalendar* calendar = calendars.Find("XSHG");
  for (const auto& [code, institution] : institutions_) {
    if (header.receiver.view() != code && header.receiver.view() != institution.distributor_code()) continue;
    if (const TradingCalendar* own = calendars.Find(institution.calendar())) calendar = own;
    break;
  }
  const auto next = calendar->Next(header.date);
  return next.ok() ? *next : header.date.AddDays(1);
}

absl::Status ResolveAccounts(Remote& remote, const Market& market, const ofd::Header& header,
                             std::span<Candidate> candidates, Duration patience) {
  account::v1::ResolveTradingAccountsRequest request;
  for (const Candidate& c : candidates) {
    auto* key = request.add_keys();
    key->set_distributor(header.creator.str());
    key->set_trading_account(c.line->trading_account);
    key->set_ta_code(std::string(market.InstitutionOf(c.line->fund)));
  }
  account::v1::ResolveTradingAccountsResponse response;
  FC_RETURN_IF_ERROR(CallUntil(remote, "fundcore.account.v1.AccountService/ResolveTradingAccounts", request, &response,
                               SteadyNow() + patience));
  if (response.accounts_size() != request.keys_size())
    return absl::InternalError("the server resolved another number of trading accounts than it was asked for");
  for (int i = 0; i < response.accounts_size(); ++i) {
    Candidate& c = candidates[static_cast<size_t>(i)];
    const auto& found = response.accounts(i);
    c.investor = InvestorId(found.investor_id());
    c.fund_account = TaAccountId::FromRaw(found.ta_account());
    OrderLine* line = c.line;
    if (!c.investor.is_set()) {
      SetFault(line, Outcome::kUnknownAccount, "TRADING_ACCOUNT_UNKNOWN",
               StrCat("TransactionAccountID ", line->trading_account, " of ", header.creator.view(),
                      " is linked to no investor; fundctl account link says whose it is"));
    } else if (!line->ta_account.empty() && !c.fund_account.empty() && line->ta_account != c.fund_account.view()) {
      SetFault(line, Outcome::kUnknownAccount, "FUND_ACCOUNT_DIFFERS",
               StrCat("TAAccountID ", line->ta_account, " is not the fund account of investor ",
                      FormatInvestorId(c.investor), ", to whom ", line->trading_account, " is linked; that is ",
                      c.fund_account.view()));
    }
  }
  return absl::OkStatus();
}

TimePoint SteadyNow() {
  return TimePoint::FromRaw(std::chrono::duration_cast<std::chrono::microseconds>(
                                std::chrono::steady_clock::now().time_since_epoch())
                                .count());
}

bool PauseUntil(Duration* pause, Duration at_least, TimePoint until) {
  *pause = pause->raw() == 0 ? kShortestPause : std::min(kLongestPause, *pause + *pause);
  const Duration left = until - SteadyNow();
  if (left.raw() <= 0) return false;
  std::this_thread::sleep_for(
      std::chrono::microseconds(std::min(left, std::max(*pause, std::min(at_least, kLongestPause))).raw()));
  return true;
}

bool IsTrouble(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown: return true;
    // A message that is too large stays so; all other want of room passes.
    case absl::StatusCode::kResourceExhausted: return rpc::ReasonOf(status) != "MESSAGE_TOO_LARGE";
    default: return false;
  }
}

absl::Status CallUntil(Remote& remote, std::string_view method, const google::protobuf::Message& request,
                       google::protobuf::Message* response, TimePoint until) {
  for (Duration pause;;) {
    const absl::Status status = remote.Call(method, request, response);
    if (status.ok() || !IsTrouble(status)) return status;
    if (!PauseUntil(&pause, rpc::RetryDelayOf(status), until)) return status;
  }
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  FC_ASSIGN_OR_RETURN(ofd_tools::FileSource source, ofd_tools::FileSource::Open(path));
  std::string bytes;
  for (;;) {
    FC_ASSIGN_OR_RETURN(const std::string_view piece, source.Next());
    if (piece.empty()) return bytes;
    bytes.append(piece);
  }
}

absl::Status PublishFile(const std::string& path, std::string_view bytes) {
  const std::string temporary = StrCat(path, ".", ::getpid(), ".part");
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return Errno(temporary, "cannot be created");
  absl::Status status;
  while (!bytes.empty() && status.ok()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      status = Errno(temporary, "cannot be written");
    }
  }
  if (status.ok() && ::fsync(fd) != 0) status = Errno(temporary, "cannot be made durable");
  if (::close(fd) != 0 && status.ok()) status = Errno(temporary, "cannot be closed");
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) status = Errno(path, "cannot be put in place");
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

absl::StatusOr<ofd::Variant> LoadVariant(const std::string& path) {
  if (path.empty()) return ofd::Variant();
  return ofd::Variant::Load(path);
}

}  // namespace fundcore::fundctl
