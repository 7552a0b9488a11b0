// Large redemptions: whether a day is one, what is taken of each application, and what goes on to the next open day.
//
// Of a fund whose manager takes only a part, redemptions wait until every application of their day was looked at. A deferred
// rest is one more application of the next open day: same share as the new ones, that day's price, no limit below.
#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

namespace {

bool Redeems(BusinessCode business) {
  return business == BusinessCode::kRedeem || business == BusinessCode::kPlanRedeem;
}

bool Buys(BusinessCode business) {
  return business == BusinessCode::kPurchase || business == BusinessCode::kPlanPurchase;
}

// a x b / c, cut, or rounded up where `up`; nothing here is negative.
int64_t Part(int64_t a, int64_t b, int64_t c, bool up) {
  const __int128 product = static_cast<__int128>(a) * b;
  return static_cast<int64_t>((product + (up ? c - 1 : 0)) / c);
}

constexpr int64_t kOne = 100'000'000;  // of a rate

}  // namespace

void Judge::RememberUnits() {
  for (const FundTerms& fund : config_.funds) units_before_[fund.code] = fund.held_elsewhere;
  for (const auto& [key, position] : reg_.positions) units_before_[key.fund] += position.Total();
}

bool Judge::MayBeCut(const FundTerms* fund, const Line& line, size_t number) const {
  if (!fund || !fund->large.pro_rata || !Redeems(line.business)) return false;
  // What a fault says of a single line counts for itself.
  return std::none_of(faults_.begin(), faults_.end(), [&](const Fault& f) {
    return (f.kind == FaultKind::kPartial || f.kind == FaultKind::kWrongRegister) &&
           (f.arguments[0] == line.sheet.view() || f.arguments[0] == StrCat("#", number));
  });
}

// Whether the position has what is asked for, beside what waits already.
Judge::Outcome Judge::CheckRedeemed(const Line& line, const FundTerms& fund) {
  if (!line.units.is_positive()) return "0206";
  const PositionKey key{line.account, line.trading, line.fund, line.share_class};
  const auto found = reg_.positions.find(key);
  if (found == reg_.positions.end()) return "0001";
  Shares usable;
  for (const Lot& lot : found->second.lots) {
    if (lot.usable_after < line.day) usable += lot.units;
  }
  if (const auto at = reg_.attached.find(key); at != reg_.attached.end()) {
    usable = std::min(usable, found->second.Total() - at->second.frozen);
  }
  Shares& promised = promised_[key];
  for (const DeferredRest& rest : reg_.deferred) {
    if (rest.key == key) usable -= rest.left;
  }
  if (promised + line.units > usable) return "0001";
  promised += line.units;
  return {};
}

Judge::Outcome Judge::Withdraw(Line& line) {
  const auto at = std::find_if(reg_.deferred.begin(), reg_.deferred.end(), [&](const DeferredRest& rest) {
    return rest.sheet == line.original && rest.key.trading == line.trading;
  });
  if (at == reg_.deferred.end()) return "0218";
  line.confirmed_units = at->left;
  reg_.deferred.erase(at);
  return {};
}

// Units that a conversion brings into the fund; below zero where it takes them out.
static Shares ConvertedInto(const Line& line, const FundCode& fund) {
  using ofd::BusinessCode;
  Shares units;
  const bool converts = line.business == BusinessCode::kConvert || line.business == BusinessCode::kConvertOut ||
                        line.business == BusinessCode::kConvertIn;
  if (!converts) return units;
  const bool enters = line.confirmation == BusinessCode::kConvertInConfirmed;
  if (line.fund == fund) enters ? units += line.confirmed_units : units -= line.confirmed_units;
  if (!enters && line.target == fund) units += line.target_units;
  return units;
}

absl::Status Judge::AllLarge(std::vector<Line>* lines, size_t asked) {
  for (const FundTerms& fund : config_.funds) {
    if (!fund.large.pro_rata) continue;
    FC_ASSIGN_OR_RETURN(const std::vector<Date> due, DaysDue(fund));
    std::set<Date> days(due.begin(), due.end());
    for (size_t i = 0; i < asked; ++i) {  // those of a transfer that came late, too
      if (const Line& line = (*lines)[i]; line.fund == fund.code && line.serial == 0) days.insert(line.day);
    }
    for (Date day : days) {
      std::vector<Waiting> waiting;
      const bool goes_on = std::find(due.begin(), due.end(), day) != due.end();
      for (DeferredRest& rest : reg_.deferred) {
        if (goes_on && rest.key.fund == fund.code && rest.left.is_positive()) waiting.push_back({.rest = &rest});
      }
      Shares came;  // purchases and conversions into the fund, less those out of it
      for (size_t i = 0; i < asked; ++i) {
        Line& line = (*lines)[i];
        if (line.day == day && !line.refused()) came += ConvertedInto(line, fund.code);
        if (line.fund != fund.code || line.day != day) continue;
        if (Buys(line.business) && !line.refused()) came += line.confirmed_units;
        if (line.serial != 0 || !Redeems(line.business)) continue;  // decided ones have their serial number
        waiting.push_back({.line = &line, .number = i + 1});
      }
      std::vector<Line> made;
      FC_RETURN_IF_ERROR(Large(fund, day, waiting, came, &made));
      std::erase_if(reg_.deferred, [](const DeferredRest& rest) { return !rest.left.is_positive(); });
      for (Line& line : made) lines->push_back(std::move(line));
    }
  }
  return absl::OkStatus();
}

absl::Status Judge::Large(const FundTerms& fund, Date day, const std::vector<Waiting>& waiting, Shares came,
                          std::vector<Line>* lines) {
  Shares applied;
  for (const Waiting& w : waiting) applied += w.asked();
  const Shares before = units_before_[fund.code];
  const __int128 net = static_cast<__int128>((applied - came).raw()) * kOne;
  const bool large = net > static_cast<__int128>(before.raw()) * fund.large.limit.raw();  // over, not equal to
  Shares taken = applied;
  if (large) taken = std::min(applied, Shares::FromRaw(Part(before.raw(), fund.large.limit.raw(), kOne, true)));
  for (const Waiting& w : waiting) {
    const Shares part =
        taken == applied ? w.asked() : Shares::FromRaw(Part(w.asked().raw(), taken.raw(), applied.raw(), false));
    FC_RETURN_IF_ERROR(TakePart(fund, day, w, part, lines));
  }
  return absl::OkStatus();
}

absl::Status Judge::TakePart(const FundTerms& fund, Date day, const Waiting& w, Shares part, std::vector<Line>* lines) {
  Line own;
  if (w.rest) {
    own = Line{.sheet = w.rest->sheet,
               .trading = w.rest->key.trading,
               .account = w.rest->key.account,
               .business = w.rest->of_plan ? BusinessCode::kPlanRedeem : BusinessCode::kRedeem,
               .day = w.rest->day,
               .fund = fund.code,
               .units = w.rest->applied,
               .share_class = w.rest->key.share_class,
               .large_flag = w.rest->flag,
               .holder = w.rest->holder,
               .confirmation = w.rest->of_plan ? BusinessCode::kPlanRedeemConfirmed : BusinessCode::kRedeemConfirmed,
               .code = ReturnCode("0410")};
  }
  Line& line = w.rest ? own : *w.line;
  const PositionKey key{line.account, line.trading, line.fund, line.share_class};
  Position& position = reg_.positions.at(key);
  const std::optional<Price> nav = NavOf(config_, fund, day);
  if (!nav) {
    return absl::FailedPreconditionError(StrCat("fund ", fund.code.view(), " has no NAV for ", day.Iso(), ", which order ",
                                                line.sheet.view(), " needs; add it to the agent's configuration"));
  }
  line.price = *nav;
  if (part.is_zero() && w.line && line.large_flag == '0') {  // its share is less than 0.01, and it wants no rest
    line.code = ReturnCode("0355");
    line.balance = position.Total();
    line.serial = ++serial_;
    return absl::OkStatus();
  }
  const Shares held = position.Total();
  const Redeemed redeemed = TakeAndPrice(fund, &position.lots, part, line.price, line.day, day_, w.rest ? day : Date());
  if (!redeemed.enough && w.line) {  // a line that was decided before it has taken more than its own
    line.code = ReturnCode("0001");
    line.balance = position.Total();
    line.serial = ++serial_;
    return absl::OkStatus();
  }
  if (!redeemed.enough) {
    std::string lots;
    for (const Lot& lot : position.lots) lots += StrCat(" ", lot.registered.Iso(), "/", lot.usable_after.Iso(), ":", lot.units.ToString());
    return absl::InvalidArgumentError(StrCat("order ", line.sheet.view(), " waits on ", day.Iso(), " for ", part.ToString(),
                                             " units that a forced redemption has taken, of", lots, "; force less"));
  }
  line.confirmed_units = part;
  line.confirmed_amount = redeemed.net + IncomeOut(key, fund, held, part);
  line.fee = redeemed.fee;
  line.fund_part = redeemed.fund_part;
  line.rate = redeemed.rate;
  line.balance = position.Total();
  line.serial = ++serial_;
  Line paid = line;  // its money is that of the day whose price it got
  paid.day = day;
  FC_RETURN_IF_ERROR(AddCash(paid, fund, 124, true, line.confirmed_amount));
  const Shares left = w.asked() - part;
  line.interim = left.is_positive() && line.large_flag != '0';
  if (w.rest) {
    w.rest->left = left;
    lines->push_back(std::move(own));
  } else if (line.interim) {
    // A vector that grows moves the rests that wait in it: those of this day are decided before the new ones.
    reg_.deferred.push_back({line.sheet, key, line.day, line.units, left, line.large_flag, line.holder,
                             line.business == BusinessCode::kPlanRedeem});
  }
  return absl::OkStatus();
}

}  // namespace fundcore::ta_sim
