// What orders by file need of account: fund accounts opened ahead of orders, and whose a trading account of another
// distributor is.
//
// A link lives in the partition of the hash of (distributor, trading account), because that is all that a file says; its
// investor lives elsewhere. An investor never disappears, so looking him up first and linking then leaves no gap.
#include <algorithm>

#include "services/account/service.h"

namespace fundcore::account {
namespace {

constexpr int kMostKeys = 8'000;

bool Printable(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

absl::Status CheckText(std::string_view field, const std::string& value, size_t limit) {
  if (!value.empty() && value.size() <= limit && Printable(value)) return absl::OkStatus();
  return BadField(field, Printable(value) ? std::string_view(value).substr(0, 40) : "",
                  StrCat("must have 1 to ", limit, " printable ASCII characters"));
}

absl::Status ReadKey(const std::string& distributor, const std::string& account, LinkKey* key) {
  FC_RETURN_IF_ERROR(CheckText("distributor", distributor, DistributorCode::kMax));
  FC_RETURN_IF_ERROR(CheckText("trading_account", account, OutsideAccount::kMax));
  key->distributor = DistributorCode(distributor);
  key->account = OutsideAccount(account);
  return absl::OkStatus();
}

PartitionId PartitionOfLink(const LinkKey& key, uint16_t partitions) {
  return PartitionOfTradingAccount(key.distributor.view(), key.account.view(), partitions);
}

}  // namespace

void AccountServiceImpl::OpenFundAccount(const v1::OpenFundAccountRequest& request, v1::OpenFundAccountResponse* response,
                                         rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckText("ta_code", request.ta_code(), TaCode::kMax); !s.ok()) return reply(std::move(s));
  const std::string& former = request.former_trading_account();
  if (!former.empty()) {
    if (absl::Status s = CheckText("former_trading_account", former, 17); !s.ok()) return reply(std::move(s));
  }
  account::OpenFundAccountAgain c;
  c.former = former;
  c.investor = InvestorId(request.investor_id());
  c.ta = TaCode(request.ta_code());
  host_.On(PartitionOf(c.investor), [this, c, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    host_.Submit(part.id().partition, c, [&part, c, response, reply = std::move(reply)](const Result& r) mutable {
      if (r.reason != Reason::kNone)
        return reply(RefusalStatus(r.reason, StrCat("investor ", c.investor.raw(), " at institution ", c.ta.view())));
      const FundAccount* account = FindFundAccount(*part.machine().FindInvestor(c.investor), c.ta);
      FillFundAccount(part.machine(), c.investor, *account, response->mutable_fund_account());
      response->set_existed(r.repeated);
      reply(absl::OkStatus());
    });
  });
}

void AccountServiceImpl::LinkTradingAccount(const rpc::Call& call, const v1::LinkTradingAccountRequest& request,
                                            v1::LinkTradingAccountResponse* response, rpc::Reply reply) {
  account::LinkTradingAccount c;
  c.investor = InvestorId(request.investor_id());
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  if (absl::Status s = ReadKey(request.distributor(), request.trading_account(), &c.account); !s.ok())
    return reply(std::move(s));
  const auto submit = [this, c, response](Partition& part, rpc::Reply reply) {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    host_.Submit(part.id().partition, c, [c, response, reply = std::move(reply)](const Result& r) mutable {
      if (r.reason != Reason::kNone) {
        return reply(RefusalStatus(
            r.reason, StrCat("trading account ", c.account.account.view(), " of ", c.account.distributor.view())));
      }
      response->set_existed(r.repeated);
      reply(absl::OkStatus());
    });
  };
  // Two processes may have the two partitions: then a sibling first asks the one about the investor, and then tells the
  // other to link.
  const auto asked = [&call](PartitionId p) {
    return !call.partitions || std::count(call.partitions->begin(), call.partitions->end(), p.raw()) > 0;
  };
  const PartitionId link = PartitionOfLink(c.account, deps_.partitions);
  const bool links = asked(link);
  if (!asked(PartitionOf(c.investor))) {
    return host_.On(link, [submit, reply = std::move(reply)](Partition& part) mutable { submit(part, std::move(reply)); });
  }
  host_.On(PartitionOf(c.investor), [this, c, link, links, submit, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    const Investor* investor = part.machine().FindInvestor(c.investor);
    const Reason wrong = !investor          ? Reason::kInvestorNotFound
                         : investor->closed ? Reason::kInvestorClosed
                                            : Reason::kNone;
    if (wrong != Reason::kNone) return reply(RefusalStatus(wrong, StrCat("investor ", c.investor.raw())));
    if (!links) return reply(absl::OkStatus());
    host_.On(link, [submit, reply = std::move(reply)](Partition& link) mutable { submit(link, std::move(reply)); });
  });
}

void AccountServiceImpl::ResolveTradingAccounts(const rpc::Call& call, const v1::ResolveTradingAccountsRequest& request,
                                                v1::ResolveTradingAccountsResponse* response, rpc::Reply reply) {
  if (request.keys_size() > kMostKeys) {
    return reply(BadField("keys", StrCat(request.keys_size()), StrCat("are too many; send at most ", kMostKeys)));
  }
  // First the links, then the fund accounts of those that were found; each item is written by one partition at a time.
  struct Work {
    std::vector<LinkKey> keys;
    std::vector<std::vector<int>> items;  // by partition
    std::vector<absl::Status> status;     // by partition
    rpc::Reply reply;
  };
  auto work = std::make_shared<Work>();
  work->keys.resize(static_cast<size_t>(request.keys_size()));
  work->items.resize(deps_.partitions);
  work->status.resize(deps_.partitions);
  for (int i = 0; i < request.keys_size(); ++i) {
    const v1::TradingAccountKey& key = request.keys(i);
    LinkKey& link = work->keys[static_cast<size_t>(i)];
    absl::Status s = ReadKey(key.distributor(), key.trading_account(), &link);
    if (s.ok() && !key.ta_code().empty()) s = CheckText("ta_code", key.ta_code(), TaCode::kMax);
    if (s.ok() && key.investor_id() != 0) {
      s = call.partitions ? CheckInvestorPartition(key.investor_id())
                          : BadField("investor_id", StrCat(key.investor_id()), "is what is asked; leave it out");
    }
    if (!s.ok()) return reply(std::move(s));
    // A sibling that has looked the link up already asks for the fund account alone.
    response->add_accounts()->set_investor_id(key.investor_id());
    if (key.investor_id() == 0) work->items[PartitionOfLink(link, deps_.partitions).raw()].push_back(i);
  }
  work->reply = std::move(reply);
  const auto each = [this, work](std::function<void(Partition&, int)> look, std::function<void()> then) {
    size_t used = 0;
    for (const auto& list : work->items) used += !list.empty();
    if (used == 0) return then();
    machine::Gather* gather = machine::Gather::New(used, [work, then = std::move(then)] {
      for (absl::Status& s : work->status)
        if (!s.ok()) return work->reply(std::move(s));
      then();
    });
    for (uint16_t p = 0; p < deps_.partitions; ++p) {
      if (work->items[p].empty()) continue;
      host_.On(PartitionId(p), [this, work, look, gather, p](Partition& part) {
        work->status[p] = Ready(part, false);
        if (work->status[p].ok())
          for (int i : work->items[p]) look(part, i);
        gather->One();
      });
    }
  };
  const auto fund_accounts = [this, work, each, &request, response] {
    for (auto& list : work->items) list.clear();
    for (int i = 0; i < request.keys_size(); ++i) {
      const InvestorId investor(response->accounts(i).investor_id());
      if (investor.is_set() && !request.keys(i).ta_code().empty()) work->items[PartitionOf(investor).raw()].push_back(i);
    }
    each(
        [&request, response](Partition& part, int i) {
          const Investor* investor = part.machine().FindInvestor(InvestorId(response->accounts(i).investor_id()));
          const FundAccount* account =
              investor ? FindFundAccount(*investor, TaCode(request.keys(i).ta_code())) : nullptr;
          if (account) response->mutable_accounts(i)->set_ta_account(account->ta_account.str());
        },
        [work] { work->reply(absl::OkStatus()); });
  };
  each(
      [work, response](Partition& part, int i) {
        response->mutable_accounts(i)->set_investor_id(
            part.machine().FindLinked(work->keys[static_cast<size_t>(i)]).raw());
      },
      fund_accounts);
}

}  // namespace fundcore::account
