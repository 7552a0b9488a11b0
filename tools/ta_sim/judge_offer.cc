// Initial offers: what is received, what becomes of it, and what is paid back.
//
// An offer that was asked for more than its cap is cut on its last day alone (末日比例): what the days before have left,
// over what the last day asks for, without interest. The fee goes by what is confirmed.
#include <algorithm>

#include "common/base/status.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

namespace {

constexpr auto kAllotment = static_cast<BusinessCode>(146);  // 配号
constexpr int64_t kOne = 100'000'000;  // of a rate

// a x b / c, halves up.
int64_t Share(int64_t a, int64_t b, int64_t c) {
  return static_cast<int64_t>((static_cast<__int128>(a) * b * 2 + c) / (static_cast<__int128>(c) * 2));
}

}  // namespace

Judge::Outcome Judge::CheckSubscription(const Line& line, const FundTerms& fund) const {
  if (!line.units.is_positive()) {
    if (!line.amount.is_positive()) return "0207";
    return {};
  }
  // By units: the sum has to be what they cost.
  if (PriceUnits(fund, line.units, fund.offer->face, line.discount).pay != line.amount) return "0404";
  return {};
}

absl::Status Judge::Grant(const FundTerms& fund, const Subscription& s, Yuan room, Yuan last_day, Line* line) {
  const OfferTerms& offer = *fund.offer;
  const bool cut = last_day > room && s.day == offer.last_day;
  if (s.units.is_positive()) {
    Shares units = s.units;
    if (cut) units = Shares::FromRaw(static_cast<int64_t>(static_cast<__int128>(s.units.raw()) * room.raw() / last_day.raw()));
    const UnitsPriced priced = PriceUnits(fund, units, offer.face, s.discount);
    line->confirmed_amount = priced.pay;
    line->confirmed_units = units + line->interest_units;
    line->fee = priced.fee;
    line->rate = priced.rate;
  } else {
    const Yuan amount = cut ? Yuan::FromRaw(Share(s.amount.raw(), room.raw(), last_day.raw())) : s.amount;
    const Bought bought = PricePurchase(fund, amount, offer.face, s.discount);
    line->confirmed_amount = amount - bought.refund;
    line->confirmed_units = bought.units + line->interest_units;
    line->fee = bought.fee;
    line->rate = bought.rate;
  }
  line->refund = s.amount - line->confirmed_amount;
  if (cut) line->sale_percent = Rate::FromRaw(Share(kOne, room.raw(), last_day.raw()));
  line->registered = offer.effective;
  Position& position = PositionOf(*line);
  position.Add(offer.effective, day_, line->confirmed_units);
  line->balance = position.Total();
  return AddCash(*line, fund, 130, false,
                 config_.net_of_fee ? line->confirmed_amount - line->fee : line->confirmed_amount);
}

absl::Status Judge::OfferResults(const FundTerms& fund, std::vector<Line>* lines) {
  const OfferTerms& offer = *fund.offer;
  Yuan earlier, last_day;
  for (const Subscription& s : reg_.subscriptions) {
    if (s.fund == fund.code) (s.day == offer.last_day ? last_day : earlier) += s.amount;
  }
  const Yuan room = offer.cap ? *offer.cap - earlier : last_day;
  for (const Subscription& s : reg_.subscriptions) {
    if (s.fund != fund.code) continue;
    Line line{.sheet = s.sheet,
              .trading = s.trading,
              .account = s.account,
              .business = BusinessCode::kSubscribe,
              .day = s.day,
              .fund = s.fund,
              .amount = s.amount,
              .units = s.units,
              .discount = s.discount,
              .share_class = s.share_class,
              .holder = s.holder};
    line.price = offer.face;
    line.serial = ++serial_;
    line.interest = Yuan::FromRaw(Share(s.amount.raw() * std::max(0, offer.effective.days() - s.day.days()), offer.interest_a_day.raw(), kOne));
    if (const auto interest = offer.interest.find(s.sheet.str()); interest != offer.interest.end()) {
      line.interest = interest->second;
    }
    if (const Fault* fault = FaultOf(FaultKind::kInterest, line, 0)) {
      FC_ASSIGN_OR_RETURN(line.interest, Yuan::Parse(fault->arguments[1]));
    }
    if (offer.failed) {
      // The money never left the distributor's account: of what the investor gets, the interest comes from here.
      line.confirmation = BusinessCode::kOfferFailed;
      line.code = ReturnCode("0373");
      line.refund = s.amount;
      line.confirmed_amount = s.amount + line.interest;
      FC_RETURN_IF_ERROR(AddCash(line, fund, 130, true, line.interest));
      lines->push_back(std::move(line));
      continue;
    }
    line.confirmation = BusinessCode::kSubscribeResult;
    if (last_day > room && s.day == offer.last_day && !room.is_positive()) {
      line.code = ReturnCode("0403");  // the days before have taken it all
      line.refund = s.amount;
      line.interest = Yuan();
    } else {
      line.interest_units = Divide(line.interest, offer.face, fund.rounding.units);
      FC_RETURN_IF_ERROR(Grant(fund, s, room, last_day, &line));
    }
    lines->push_back(std::move(line));
  }
  std::erase_if(reg_.subscriptions, [&](const Subscription& s) { return s.fund == fund.code; });
  return absl::OkStatus();
}

absl::Status Judge::Allot(const Fault& fault, std::vector<Line>* lines) {
  for (const Subscription& s : reg_.subscriptions) {
    if (s.sheet.view() != fault.arguments[0]) continue;
    Line line{.sheet = s.sheet, .trading = s.trading, .account = s.account, .business = BusinessCode::kSubscribe,
              .day = s.day, .fund = s.fund, .amount = s.amount, .units = s.units, .share_class = s.share_class,
              .holder = s.holder, .confirmation = kAllotment, .serial = ++serial_};
    line.note = fault.arguments[1];
    line.price = config_.Find(s.fund)->offer->face;
    lines->push_back(std::move(line));
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(StrCat("a fault gives a number to ", fault.arguments[0],
                                           ", which is no subscription that waits for its result; name another"));
}

}  // namespace fundcore::ta_sim
