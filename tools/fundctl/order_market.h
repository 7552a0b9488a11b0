// What the commands for orders by file ask the server before and beside the orders: which institution a file is meant for,
// which funds there are, whose its trading accounts are. And how they ask: trouble is tried again, never taken for an answer.
//
//   FC_ASSIGN_OR_RETURN(Market market, Market::Load(remote));
//   FC_RETURN_IF_ERROR(market.CheckReceiver(name, file.header));
//   market.JudgeFunds(&file);
//   FC_RETURN_IF_ERROR(ResolveAccounts(remote, market, &lines, patience));
//
// Blocking; one thread.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/time/calendar.h"
#include "fundcore/product/v1/product.pb.h"
#include "tools/fundctl/order_file.h"
#include "tools/fundctl/remote.h"

namespace fundcore::fundctl {

// A line on its way to be an order.
struct Candidate {
  OrderLine* line = nullptr;
  InvestorId investor;        // from ResolveAccounts
  TaAccountId fund_account;   // ours at the fund's institution, where it is open
};

class Market {
 public:
  static absl::StatusOr<Market> Load(Remote& remote);

  // The receiver of a file must be an institution of ours, or our own code at one. kFailedPrecondition naming what it is.
  absl::Status CheckReceiver(std::string_view file, const ofd::Header& header) const;
  // Gives a fault to lines without one whose fund is unknown or registered elsewhere than the file says.
  void JudgeFunds(OrderFile* file) const;
  // "" where the fund is unknown.
  std::string_view InstitutionOf(std::string_view fund) const;
  // The day on which lines that have no confirmation are answered: the first business day of the receiver after the file's.
  // Fixed by the file alone, so that the same file gives the same answer.
  Date RefusalDay(const ofd::Header& header) const;

 private:
  std::map<std::string, product::v1::Institution, std::less<>> institutions_;
  std::map<std::string, std::string, std::less<>> funds_;  // fund to institution
};

// Sets investor and fund account of every candidate; those of unknown accounts, and those whose file names another fund
// account than ours, get a fault. Tries again for `patience`.
absl::Status ResolveAccounts(Remote& remote, const Market& market, const ofd::Header& header,
                             std::span<Candidate> candidates, Duration patience);

// One call that may be repeated, again and again with growing pauses until it is answered or `until` (on the steady clock)
// has come. What is refused is returned at once.
absl::Status CallUntil(Remote& remote, std::string_view method, const google::protobuf::Message& request,
                       google::protobuf::Message* response, TimePoint until);
// Now and later on the steady clock, for CallUntil.
TimePoint SteadyNow();
// Waits a little, longer each time; false once `until` has come.
bool PauseUntil(Duration* pause, Duration at_least, TimePoint until);
// True for errors after which the same call may do better: the server is away, busy or late.
bool IsTrouble(const absl::Status& status);

// Whole files. kNotFound or kUnavailable, naming the path.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);
// Under a temporary name beside it, made durable, then renamed: whoever looks sees the old file or the new one, whole.
absl::Status PublishFile(const std::string& path, std::string_view bytes);
// The standard itself where no file is named.
absl::StatusOr<ofd::Variant> LoadVariant(const std::string& path);

}  // namespace fundcore::fundctl
