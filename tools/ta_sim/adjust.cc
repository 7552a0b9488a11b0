// Changes of a subscription before its result: 062 that was applied for, and 162 by the agent itself.
#include <algorithm>

#include "common/base/status.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

// What the application says holds from now on; its sum was checked as that of a subscription. The day of the
// subscription stays, also for an offer that is cut on its last day.
absl::StatusOr<Judge::Outcome> Judge::Adjust(Line& line, const FundTerms& fund, size_t number) {
  const auto s = std::find_if(reg_.subscriptions.begin(), reg_.subscriptions.end(),
                              [&](const Subscription& x) { return x.sheet == line.original; });
  if (s == reg_.subscriptions.end() || s->trading != line.trading || s->fund != line.fund) return "0218";
  if (s->units.is_positive() != line.units.is_positive()) return "0404";
  Yuan amount = line.amount;
  if (const Fault* fault = FaultOf(FaultKind::kPartial, line, number)) {
    FC_ASSIGN_OR_RETURN(amount, Yuan::Parse(fault->arguments[1]));
  }
  s->amount = amount;
  s->units = line.units;
  s->discount = line.discount;
  line.price = fund.offer->face;
  line.confirmed_amount = s->amount;
  line.confirmed_units = s->units;
  return Outcome();
}

absl::Status Judge::AdjustOwn(const Fault& fault, std::vector<Line>* lines) {
  for (Subscription& s : reg_.subscriptions) {
    if (s.sheet.view() != fault.arguments[0]) continue;
    const FundTerms& fund = *config_.Find(s.fund);
    if (s.units.is_positive()) {
      FC_ASSIGN_OR_RETURN(s.units, Shares::Parse(fault.arguments[1]));
      s.amount = PriceUnits(fund, s.units, fund.offer->face, s.discount).pay;
    } else {
      FC_ASSIGN_OR_RETURN(s.amount, Yuan::Parse(fault.arguments[1]));
    }
    Line line{.sheet = s.sheet, .trading = s.trading, .account = s.account, .day = s.day, .fund = s.fund,
              .amount = s.amount, .units = s.units, .share_class = s.share_class, .holder = s.holder,
              .confirmation = BusinessCode::kAdjustSubscriptionConfirmed, .serial = ++serial_};
    line.original = s.sheet;
    line.confirmed_amount = s.amount;
    line.confirmed_units = s.units;
    line.price = fund.offer->face;
    lines->push_back(std::move(line));
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(StrCat("a fault changes ", fault.arguments[0],
                                           ", which is no subscription that waits for its result; name another"));
}

}  // namespace fundcore::ta_sim
