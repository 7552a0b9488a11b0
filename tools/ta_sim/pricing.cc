// Purchase and redemption figures.
#include "tools/ta_sim/pricing.h"

#include <algorithm>

namespace fundcore::ta_sim {

namespace {

// A line's discount is of the fund's own rate, whatever the distributor has agreed for other lines.
Rate Discounted(const PurchaseTier& tier, Rate discount, Rate floor) {
  const Rate whole = tier.undiscounted.value_or(tier.rate);
  return std::min(whole, std::max(Multiply(whole, discount), floor));
}

}  // namespace

Bought PricePurchase(const FundTerms& fund, Yuan amount, Price nav, Rate discount) {
  Bought out;
  const PurchaseTier* tier = nullptr;
  for (const PurchaseTier& t : fund.purchase_tiers) {
    if (t.from <= amount) tier = &t;
  }
  if (tier && tier->fixed) {
    out.fee = *tier->fixed;
  } else if (tier) {
    out.rate = tier->rate;
    if (!discount.is_zero()) {
      out.rate = Discounted(*tier, discount, fund.floor_rate);
    }
    out.fee = fund.inside_fee ? Multiply(amount, out.rate, fund.rounding.fee)
                              : amount - WithoutFee(amount, out.rate, fund.rounding.net);
  }
  const Yuan net = amount - out.fee;
  if (!net.is_positive()) return out;
  if (!fund.rounding.whole_units) {
    out.units = Divide(net, nav, fund.rounding.units);
    return out;
  }
  out.units = Divide(net, nav, Rounding::kCut);
  out.units = Shares::FromRaw(out.units.raw() / 100 * 100);
  out.refund = net - Multiply(out.units, nav, fund.rounding.value);
  return out;
}

UnitsPriced PriceUnits(const FundTerms& fund, Shares units, Price face, Rate discount) {
  const Yuan price = Multiply(units, face, fund.rounding.value);
  UnitsPriced out;
  const PurchaseTier* tier = nullptr;
  for (const PurchaseTier& t : fund.purchase_tiers) {
    if (t.from <= price) tier = &t;
  }
  if (tier && tier->fixed) {
    out.fee = *tier->fixed;
  } else if (tier) {
    out.rate = tier->rate;
    if (!discount.is_zero()) out.rate = Discounted(*tier, discount, fund.floor_rate);
    out.fee = Multiply(price, out.rate, fund.rounding.fee);
  }
  out.pay = price + out.fee;
  return out;
}

void AddLot(std::vector<Lot>* lots, const Lot& lot) {
  if (!lots->empty() && lots->back().registered == lot.registered && lots->back().usable_after == lot.usable_after) {
    lots->back().units += lot.units;
    return;
  }
  lots->push_back(lot);
}

Redeemed TakeAndPrice(const FundTerms& fund, std::vector<Lot>* lots, Shares units, Price nav, Date trade_day,
                      Date confirm_day, Date goes_on) {
  std::vector<size_t> order, later;
  Shares usable;
  for (size_t i = 0; i < lots->size(); ++i) {
    const bool yet = trade_day.is_set() && (*lots)[i].usable_after >= trade_day;
    if (yet && !(goes_on.is_set() && (*lots)[i].usable_after < goes_on)) continue;
    if (trade_day.is_set() && !fund.term.early && fund.term.Early((*lots)[i].registered, yet ? goes_on : trade_day)) continue;
    (yet ? later : order).push_back(i);
    usable += (*lots)[i].units;
  }
  Redeemed out;
  if (units > usable) return out;
  const auto older = [&](size_t a, size_t b) { return (*lots)[a].registered < (*lots)[b].registered; };
  for (std::vector<size_t>* part : {&order, &later}) {
    std::stable_sort(part->begin(), part->end(), older);
    if (fund.newest_first) std::reverse(part->begin(), part->end());
  }
  order.insert(order.end(), later.begin(), later.end());

  // A lot's value is the growth of the rounded running total, so that the lots add up to the whole. So is its fee among lots of one
  // age: these may have come on several days, when units move with their age.
  Shares left = units, done;
  Date age;
  Rate age_rate;
  Yuan age_value, age_fee, age_part;
  for (size_t i : order) {
    if (left.is_zero()) break;
    Lot& lot = (*lots)[i];
    const Shares take = std::min(left, lot.units);
    const int32_t days = confirm_day.days() - lot.registered.days();
    const RedemptionTier* tier = nullptr;
    for (const RedemptionTier& t : fund.redemption_tiers) {
      if (t.from_days <= days) tier = &t;
    }
    RedemptionTier early;
    if (trade_day.is_set() && fund.term.early && fund.term.Early(lot.registered, trade_day)) {
      early = {.rate = *fund.term.early, .fund_share = fund.term.early_fund_share};
      tier = &early;
    }
    done += take;
    const Yuan value = Multiply(done, nav, fund.rounding.value) - out.gross;
    out.gross += value;
    if (tier) {
      if (lot.registered != age || tier->rate != age_rate) age_value = age_fee = age_part = Yuan();
      age = lot.registered;
      age_rate = tier->rate;
      age_value += value;
      const Yuan fee = Multiply(age_value, tier->rate, fund.rounding.fee) - age_fee;
      age_fee += fee;
      const Yuan part = Multiply(age_fee, tier->fund_share, fund.rounding.fee) - age_part;
      age_part += part;
      if (out.fee.is_zero()) out.rate = tier->rate;
      out.fee += fee;
      out.fund_part += part;
    }
    lot.units -= take;
    left -= take;
  }
  std::erase_if(*lots, [](const Lot& lot) { return lot.units.is_zero(); });
  out.net = out.gross - out.fee;
  out.enough = true;
  return out;
}

}  // namespace fundcore::ta_sim
