// Conversions: 036 inside the agent, 038 out of it and 037 into it. Its own arithmetic, written apart from the core's.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/files/names.h"
#include "common/ofd/file_name.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

namespace {

const PurchaseTier* TierFor(const FundTerms& fund, Yuan amount) {
  const PurchaseTier* tier = nullptr;
  for (const PurchaseTier& t : fund.purchase_tiers) {
    if (t.from <= amount) tier = &t;
  }
  return tier;
}

// The rate itself, without the distributor's discount.
Rate RateOf(const PurchaseTier& tier) { return tier.undiscounted.value_or(tier.rate); }

Yuan FeeOf(const FundTerms& fund, Yuan amount, const FundTerms& rounds_as) {
  const PurchaseTier* tier = TierFor(fund, amount);
  if (!tier) return Yuan();
  if (tier->fixed) return *tier->fixed;
  return rounds_as.inside_fee ? Multiply(amount, RateOf(*tier), rounds_as.rounding.fee)
                              : amount - WithoutFee(amount, RateOf(*tier), rounds_as.rounding.net);
}

// 补差费: what the target's purchase fee is more than the source's, on the money that left.
Yuan DifferenceFee(const FundTerms& source, const FundTerms& target, Yuan left) {
  const PurchaseTier* in = TierFor(target, left);
  const PurchaseTier* out = TierFor(source, left);
  const auto form = source.converts_to.find(target.code);
  const bool fixed = (in && in->fixed) || (out && out->fixed);
  if (fixed || (form != source.converts_to.end() && form->second == ConversionForm::kFees)) {
    const Yuan fee_in = FeeOf(target, left, target), fee_out = FeeOf(source, left, target);
    return fee_in > fee_out ? fee_in - fee_out : Yuan();
  }
  const int64_t d = (in ? RateOf(*in).raw() : 0) - (out ? RateOf(*out).raw() : 0);
  if (d <= 0) return Yuan();
  constexpr int64_t kOne = 100'000'000;
  return Yuan::FromRaw(decimal_internal::MulDiv(left.raw(), d, kOne + d, target.rounding.fee));
}

// What is gone of each lot, in the order in which lots leave the fund.
std::vector<Lot> Gone(const FundTerms& fund, const std::vector<Lot>& before, const std::vector<Lot>& after) {
  std::vector<Lot> gone;
  for (const Lot& lot : before) {
    Shares left;
    for (const Lot& l : after)
      if (l.registered == lot.registered && l.usable_after == lot.usable_after) left = l.units;
    if (left < lot.units) gone.push_back({lot.registered, lot.usable_after, lot.units - left});
  }
  std::stable_sort(gone.begin(), gone.end(), [](const Lot& a, const Lot& b) { return a.registered < b.registered; });
  if (fund.newest_first) std::reverse(gone.begin(), gone.end());
  return gone;
}

}  // namespace

absl::StatusOr<Date> DueDayOf(const TaConfig& config, const Line& line, Date day) {
  FC_ASSIGN_OR_RETURN(Date due, DueDay(config, config.Find(line.fund), day));
  const FundTerms* target = line.business == BusinessCode::kConvert ? config.Find(line.target) : nullptr;
  if (!target) return due;
  FC_ASSIGN_OR_RETURN(const Date other, DueDay(config, target, day));
  return std::max(due, other);
}

absl::StatusOr<std::optional<LeftElsewhere>> FindLeft(const Files& exchange, const TaConfig& config, const TaCode& agent,
                                                      const SheetNo& sheet, Date from, Date until) {
  std::optional<LeftElsewhere> found;
  for (Date day = from; day <= until; day = day.AddDays(1)) {
    FC_ASSIGN_OR_RETURN(const std::vector<FileInfo> list,
                        exchange.List(StrCat("in/", agent.view(), "/", day.Compact(), "/")));
    for (const FileInfo& info : list) {
      if (!info.name.ends_with("_04.TXT")) continue;
      ofd::Column number, business, code, amount;
      FC_RETURN_IF_ERROR(ReadRecords(
          exchange, info.name,
          [&](const ofd::Reader& reader) {
            number = reader.Find("AppSheetSerialNo");
            business = reader.Find("BusinessCode");
            code = reader.Find("ReturnCode");
            amount = reader.Find("ConfirmedAmount");
            return absl::OkStatus();
          },
          [&](const ofd::RecordView& r) -> absl::Status {
            if (r.Text(number) != sheet.view() || r.Text(business) != "138") return absl::OkStatus();
            FC_ASSIGN_OR_RETURN(const int64_t fen, r.NumberOr(amount, 0));
            found = LeftElsewhere{ReturnCode::FromRaw(r.Text(code)), Yuan::FromRaw(fen)};
            return absl::OkStatus();
          }));
    }
  }
  return found;
}

Judge::Outcome Judge::CheckConversion(const Line& line, const FundTerms& fund) const {
  const char status = StatusOf(fund, line.day);
  const bool enters = line.business == BusinessCode::kConvertIn;
  if (status == '1') return enters ? "0318" : "0319";
  if (status == '4') return "0380";
  if (status == (enters ? '5' : '6')) return enters ? "0381" : "0382";
  const auto lets = [](const FundTerms& f, bool in) { return f.convert_status == '0' || f.convert_status == (in ? '1' : '2'); };
  if (!lets(fund, enters)) return "0580";
  if (enters) return {};
  const FundTerms* target = config_.FindAnywhere(line.target);
  if (!target || target == &fund) return target ? "0517" : "0223";
  if (!fund.converts_to.count(line.target)) return "0519";
  if (!lets(*target, true)) return "0580";
  const char there = StatusOf(*target, line.day);
  if (there != '0' && there != '6') return "0397";
  return {};
}

void Judge::Enter(Line& line, const FundTerms& source, const FundTerms& target, Yuan left, std::span<const Lot> from) {
  line.difference_fee = DifferenceFee(source, target, left);
  const Yuan buys = left - line.difference_fee;
  const Shares units = Divide(buys, line.target_price, target.rounding.units);
  line.target_units = units;
  Position& position = reg_.positions[{line.account, line.trading, target.code, line.share_class}];
  Shares gone;
  for (const Lot& lot : from) gone += lot.units;
  if (!target.carries_age || !gone.is_positive()) return position.Add(day_, day_, units);
  // Each part is the growth of the cut running total, so that the parts add up.
  Shares passed, given;
  for (const Lot& lot : from) {
    passed += lot.units;
    const Shares now = Shares::FromRaw(decimal_internal::MulDiv(units.raw(), passed.raw(), gone.raw(), Rounding::kCut));
    if (now > given) position.Add(lot.registered, day_, now - given);
    given = now;
  }
}

absl::StatusOr<Judge::Outcome> Judge::Convert(Line& line, const FundTerms& fund, size_t number) {
  if (!line.units.is_positive()) return "0206";
  Shares units = line.units;
  if (const Fault* fault = FaultOf(FaultKind::kPartial, line, number)) {
    FC_ASSIGN_OR_RETURN(units, Shares::Parse(fault->arguments[1]));
    if (units > line.units) {
      return absl::InvalidArgumentError(StrCat("fault partial gives order ", line.sheet.view(), " more than its ",
                                               line.units.ToString(), " units; give less"));
    }
  }
  const PositionKey key{line.account, line.trading, line.fund, line.share_class};
  const auto found = reg_.positions.find(key);
  if (found == reg_.positions.end()) return "0001";
  if (const auto at = reg_.attached.find(key); at != reg_.attached.end() && found->second.Total() - at->second.frozen < units) {
    return "0001";
  }
  FC_RETURN_IF_ERROR(SetPrice(line, fund));
  const FundTerms* target = config_.FindAnywhere(line.target);
  const bool inside = line.business == BusinessCode::kConvert;
  if (inside) {
    const std::optional<Price> nav = NavOf(config_, *target, line.day);
    if (!nav) {
      return absl::FailedPreconditionError(StrCat("fund ", target->code.view(), " has no NAV for ", line.day.Iso(),
                                                  ", which conversion ", line.sheet.view(),
                                                  " needs; add it to the agent's configuration"));
    }
    line.target_price = *nav;
  }
  const std::vector<Lot> before = found->second.lots;
  const Redeemed redeemed = TakeAndPrice(fund, &found->second.lots, units, line.price, line.day, day_);
  if (!redeemed.enough) return "0001";
  if (!redeemed.net.is_positive()) {
    found->second.lots = before;  // nothing would be left to go over
    return "0402";
  }
  line.confirmed_units = units;
  line.confirmed_amount = redeemed.net;
  line.fee = redeemed.fee;
  line.fund_part = redeemed.fund_part;
  line.rate = redeemed.rate;
  if (!inside) {
    FC_RETURN_IF_ERROR(AddCash(line, fund, 138, true, line.confirmed_amount));
    return Outcome();
  }
  Enter(line, fund, *target, redeemed.net, Gone(fund, before, found->second.lots));
  line.fee += line.difference_fee;
  line.confirmed_amount -= line.difference_fee;
  if (const Fault* fault = FaultOf(FaultKind::kWrongRegister, line, number)) {
    FC_ASSIGN_OR_RETURN(const Shares delta, Shares::Parse(fault->arguments[1]));
    reg_.positions[{line.account, line.trading, target->code, line.share_class}].Add(day_, day_, delta);
    line.target_units += delta;
  }
  return Outcome();
}

absl::StatusOr<Judge::Outcome> Judge::EnterFromElsewhere(Line& line, const FundTerms& fund) {
  FC_ASSIGN_OR_RETURN(const auto left, FindLeft(exchange_, config_, line.target_agent, line.sheet, line.day, day_));
  const FundTerms* source = config_.FindAnywhere(line.target);
  if (!left || !source || left->code.view() != "0000") return "0397";
  FC_RETURN_IF_ERROR(SetPrice(line, fund));
  line.target_price = line.price;
  Enter(line, *source, fund, left->amount, {});
  line.confirmed_units = line.target_units;
  line.confirmed_amount = left->amount;
  line.fee = line.difference_fee;
  line.target_units = Shares();
  line.target_price = Price();
  FC_RETURN_IF_ERROR(AddCash(line, fund, 137, false, line.confirmed_amount));
  return Outcome();
}

}  // namespace fundcore::ta_sim
