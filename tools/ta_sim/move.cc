// Transfers of units that were applied for: to another distributor, or to somebody else, who may have an account here.
#include <utility>

#include "common/base/status.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

absl::StatusOr<Judge::Outcome> Judge::MoveAsked(Line& line, const FundTerms& fund, size_t number) {
  Shares units = line.units;
  if (const Fault* fault = FaultOf(FaultKind::kPartial, line, number)) {
    FC_ASSIGN_OR_RETURN(units, Shares::Parse(fault->arguments[1]));
  }
  const PositionKey key{line.account, line.trading, line.fund, line.share_class};
  const auto at = reg_.positions.find(key);
  if (at == reg_.positions.end() || !at->second.Total().is_positive()) return "0324";
  const auto attached = reg_.attached.find(key);
  const Shares frozen = attached == reg_.attached.end() ? Shares() : attached->second.frozen;
  if (at->second.Total() - frozen < units) return "0311";
  // In one step to an account here: it gets the lots with their ages. Elsewhere they are gone.
  const bool given = line.business == BusinessCode::kTransferOwner;
  const auto there = reg_.by_trading.find(line.moved_to);
  if (given && there == reg_.by_trading.end()) return "0386";
  FC_RETURN_IF_ERROR(SetPrice(line, fund));
  const auto before = at->second.lots;
  if (!TakeAndPrice(fund, &at->second.lots, units, line.price, Date(), day_).enough) return "0311";
  const auto after = at->second.lots;  // a receiver's position may move this one
  line.confirmed_units = units;
  if (given || line.business == BusinessCode::kTransferAgency) line.direction = '0';
  if (!given) return Outcome();
  const PositionKey to{there->second, line.moved_to, line.fund, line.share_class};
  for (const auto& lot : before) {
    Shares left;
    for (const auto& still : after)
      if (still.registered == lot.registered && still.usable_after == lot.usable_after) left = still.units;
    const Shares gone = lot.units - left;
    if (!gone.is_positive()) continue;
    reg_.positions[to].Add(lot.registered, day_, gone);
    Line in{.trading = to.trading, .account = to.account, .fund = to.fund, .share_class = to.share_class};
    in.confirmation = BusinessCode::kTransferOwnerConfirmed;
    in.direction = '1';
    in.day = line.day;
    in.price = line.price;
    in.units = in.confirmed_units = gone;
    in.registered = lot.registered;
    in.balance = reg_.positions[to].Total();
    arrivals_.push_back(std::move(in));
  }
  return Outcome();
}

// Units that come from where this register does not look: as old as it was told for all of them, and no more than others hold
// where that is known.
absl::StatusOr<Judge::Outcome> Judge::BringAsked(Line& line, const FundTerms& fund, size_t number) {
  Shares units = line.units;
  if (const Fault* fault = FaultOf(FaultKind::kPartial, line, number)) {
    FC_ASSIGN_OR_RETURN(units, Shares::Parse(fault->arguments[1]));
  }
  if (fund.held_elsewhere.is_positive() && units > fund.held_elsewhere) return "0311";
  constexpr int kHeldDays = 400;
  FC_RETURN_IF_ERROR(SetPrice(line, fund));
  line.registered = day_.AddDays(-kHeldDays);
  line.confirmed_units = units;
  if (line.business == BusinessCode::kConfirmTitle) line.adjustment = '6';
  PositionOf(line).Add(line.registered, day_, units);
  return Outcome();
}

size_t Judge::Arrive(std::vector<Line>* lines, size_t at) {
  for (Line& in : std::exchange(arrivals_, {})) {
    in.serial = ++serial_;
    lines->insert(lines->begin() + static_cast<std::ptrdiff_t>(++at), std::move(in));
  }
  return at;
}

}  // namespace fundcore::ta_sim
