// Recomputing conversions: what leaves like a redemption, the difference of the purchase fees, what enters.
#include <algorithm>

#include "common/fund/conversion.h"
#include "services/account/check.h"

namespace fundcore::account {
namespace {

constexpr uint16_t kBoth = 136, kIn = 137, kOut = 138;

InvestorType TypeOf(const Investor& investor) {
  return investor.institution ? InvestorType::kInstitution : InvestorType::kIndividual;
}

PurchaseFee FeeFor(const FeeSchedule* fees, Money amount) {
  const PurchaseTier* tier = fees ? fees->PurchaseTierFor(amount) : nullptr;
  return tier ? tier->fee : PurchaseFee{};
}

}  // namespace

void ConfirmationChecker::CheckConverted(const TradeLine& line, const ConvertedFigures& figures, const Reservation& r) {
  const Conversion* k = machine_.FindConversion(line.order);
  if (!k || (r.state != ReservationState::kReserved && r.state != ReservationState::kConsumed)) {
    return Find(line, "ORDER_RELEASED", "AppSheetSerialNo", "", FormatOrderId(line.order));
  }
  const bool between = k->target_ta != r.ta;
  const bool out = line.business != kIn, in = line.business != kOut;
  const bool right = between ? (line.business == kOut && ta_ == r.ta) || (line.business == kIn && ta_ == k->target_ta)
                             : ta_ == r.ta && line.business >= kBoth && line.business <= kOut;
  if (!right) {
    return Find(line, "BUSINESS_DIFFERS", "BusinessCode",
                between ? (ta_ == r.ta ? "138" : "137") : "136, or 138 and 137", StrCat(line.business));
  }
  const FundCode& fund = line.business == kIn ? k->target : r.fund;
  if (fund != line.fund) return Find(line, "FUND_DIFFERS", "FundCode", fund.str(), line.fund.str());
  const FundCode& other = line.business == kIn ? r.fund : k->target;
  if (!figures.target.empty() && figures.target != other)
    return Find(line, "TARGET_DIFFERS", "CodeOfTargetFund", other.str(), figures.target.str());

  const auto [entry, fresh] = converting_.try_emplace(line.order.raw());
  Converting& so_far = entry->second;
  if (fresh) {
    so_far.out = k->out_done;
    so_far.in = k->in_done;
    if (k->out_done) so_far.net = k->net;
  }
  so_far.line = line;
  if ((out && so_far.out) || (in && so_far.in))
    return Find(line, "ALREADY_CONFIRMED", "AppSheetSerialNo", "", FormatOrderId(line.order));
  if (IsInterimCode(line.return_code) && line.amount.is_zero() && line.units.is_zero()) return;  // says nothing yet
  const bool refused = IsRefusal(line.return_code);
  if (refused || !line.interim) {
    if (out) so_far.out = true;
    if (in) so_far.in = true;
  }
  if (refused) return;

  const Investor& investor = *machine_.FindInvestor(line.investor);
  const FundAccount* account = FindFundAccount(investor, ta_);
  if (account && !account->ta_account.empty() && !line.ta_account.empty() && account->ta_account != line.ta_account)
    Find(line, "TA_ACCOUNT_DIFFERS", "TAAccountID", account->ta_account.str(), line.ta_account.str());

  if (!out) {
    // What it buys with is what left, where that stands in the books or in a line before. What is still to come from another
    // institution nobody can say: how much of it that one took, and which lots were left by then. Then what this line says
    // counts, its own figures must follow from it, and it must square with what the other one confirms.
    RedemptionSplit split;
    if (!so_far.net) {
      const auto coming = between ? std::nullopt : SplitConverted(line, r, r.units, false);
      so_far.net = coming ? coming->net : line.amount;
    }
    split.net = split.gross = *so_far.net;
    if (const FundTerms* terms = machine_.products().Fund(line.fund, r.received_at)) CheckConversionDay(line, r, *terms, nullptr);
    if (between) Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", split.net, line.amount);
    return CheckEntered(line, figures, r, split, line.units, line.nav, false);
  }
  const FundTerms* terms = machine_.products().Fund(r.fund, r.received_at);
  const FundTerms* target = machine_.products().Fund(k->target, r.received_at);
  if (terms) CheckConversionDay(line, r, *terms, between ? nullptr : target);
  if (line.units > r.units_left) {
    Find(line, "CONFIRMED_ABOVE_APPLIED", "ConfirmedVol", r.units_left.ToString(), line.units.ToString());
  }
  if (line.units.is_zero()) return Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", Money(), line.amount);
  const auto split = SplitConverted(line, r, line.units, true);
  if (!split) return;
  so_far.net = split->net;
  if (!line.other_fee1.is_zero()) Compare(line, "FUND_PART_DIFFERS", "OtherFee1", split->fund_part, line.other_fee1);
  if (line.business == kBoth) return CheckEntered(line, figures, r, *split, figures.units, figures.nav, true);
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", split->net, line.amount);
  Compare(line, "FEE_DIFFERS", "Charge", split->fee, line.charge);
}

std::optional<RedemptionSplit> ConfirmationChecker::SplitConverted(const TradeLine& line, const Reservation& r, Units units,
                                                                   bool report) {
  const auto find = [&](std::string_view rule, std::string_view field, std::string expected, std::string found) {
    if (report) Find(line, rule, field, std::move(expected), std::move(found));
    return std::nullopt;
  };
  const FundTerms* terms = machine_.products().Fund(r.fund, r.received_at);
  if (!terms) return find("FUND_TERMS_UNKNOWN", "FundCode", StrCat("terms in force at ", r.received_at.Iso()), r.fund.str());
  const NavFact* nav = machine_.products().FindNav(r.fund, r.trade_day, 2);
  if (!nav) return find("NAV_UNKNOWN", "NAV", StrCat("a price of ", r.trade_day.Iso()), line.nav.ToString());
  if (report) CompareNav(line, nav->nav);
  static const std::vector<RedemptionTier> kNoFee;
  const FeeSchedule* fees = terms->fees.At(r.trade_day, TypeOf(*machine_.FindInvestor(line.investor)));
  const LotOrder order = terms->lifo ? LotOrder::kNewestFirst : LotOrder::kOldestFirst;
  Holding& held = HoldingOf(line.investor, r.fund);
  const auto split = SplitRedemption(held.lots, units, nav->nav, fees ? fees->redemption : kNoFee, line.confirm_day,
                                     {.order = order, .usable_on = r.trade_day, .breach = {}, .rounding = terms->rounding});
  if (report) TakeUnits(held, units, order, r.trade_day);
  if (split.ok()) return *split;
  const bool is_short = split.status().code() == absl::StatusCode::kFailedPrecondition;
  return find(is_short ? "SHORT" : "NOT_COMPUTABLE", "ConfirmedVol",
              is_short ? held.units.ToString() : std::string(split.status().message()), units.ToString());
}

void ConfirmationChecker::CheckEntered(const TradeLine& line, const ConvertedFigures& figures, const Reservation& r,
                                       const RedemptionSplit& split, Units units, Nav nav, bool joint) {
  const Conversion& k = *machine_.FindConversion(line.order);
  const FundTerms* target = machine_.products().Fund(k.target, r.received_at);
  const FundTerms* source = machine_.products().Fund(r.fund, r.received_at);
  const FundConversions* ways = machine_.products().Conversions(r.fund, r.received_at);
  const ConversionRelation* way = ways ? ways->To(k.target) : nullptr;
  if (!target || !source || !way) {
    return Find(line, "FUND_TERMS_UNKNOWN", "CodeOfTargetFund", StrCat("terms in force at ", r.received_at.Iso()), k.target.str());
  }
  const std::string_view units_field = joint ? "CfmVolOfTargetFund" : "ConfirmedVol";
  const NavFact* price = machine_.products().FindNav(k.target, r.trade_day, 1);
  if (!price) return Find(line, "NAV_UNKNOWN", "TargetNAV", StrCat("a price of ", r.trade_day.Iso()), nav.ToString());
  if (nav != price->nav && !(joint && nav.is_zero())) Find(line, "NAV_DIFFERS", joint ? "TargetNAV" : "NAV", price->nav.ToString(), nav.ToString());
  if (units.is_positive()) {
    AddLot(HoldingOf(line.investor, k.target), {.registered = line.confirm_day, .units = units,
                                                .usable_from = line.confirm_day.AddDays(1), .bought_at = nav});
  }
  const InvestorType type = TypeOf(*machine_.FindInvestor(line.investor));
  const FeeSchedule* fees_in = target->fees.At(r.trade_day, type);
  const FeeSchedule* fees_out = source->fees.At(r.trade_day, type);
  ConversionTerms terms{.nav_in = price->nav, .fee_in = FeeFor(fees_in, split.net), .fee_out = FeeFor(fees_out, split.net),
                        .form = way->by_fee_amounts ? DifferenceForm::kFees : DifferenceForm::kRates,
                        .method = fees_in ? fees_in->method : FeeMethod::kOutside, .discount = {},
                        .rounding = target->rounding};
  // A fixed fee has no rate to compare.
  if (terms.fee_in.fixed || terms.fee_out.fixed) terms.form = DifferenceForm::kFees;
  const auto computed = ComputeConversion(split, terms);
  if (!computed.ok()) {
    return Find(line, "NOT_COMPUTABLE", units_field, std::string(computed.status().message()), units.ToString());
  }
  Compare(line, "UNITS_DIFFER", units_field, computed->units, units);
  if (!figures.difference_fee.is_zero())
    Compare(line, "DIFFERENCE_FEE_DIFFERS", "RecuperateFee", computed->difference_fee, figures.difference_fee);
  const Money fee = joint ? split.fee + computed->difference_fee : computed->difference_fee;
  // Where the difference stands in its own field, some put the redemption fee alone into Charge.
  const bool apart = joint && !figures.difference_fee.is_zero() && line.charge == split.fee;
  if (!apart) Compare(line, "FEE_DIFFERS", "Charge", fee, line.charge);
  if (!joint) return;
  // What the amount of a 136 means, institutions do not agree on: what left, before or after its fee, or what entered.
  if (line.amount == computed->in || line.amount == split.net || line.amount == split.gross) return;
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", computed->in, line.amount);
}

// A conversion is confirmed when the later one of its funds is.
void ConfirmationChecker::CheckConversionDay(const TradeLine& line, const Reservation& r, const FundTerms& a,
                                             const FundTerms* b) {
  Date expected;
  for (const FundTerms* fund : {&a, b}) {
    const TradingCalendar* calendar = fund ? machine_.products().Calendar(fund->calendar) : nullptr;
    if (!calendar) continue;
    if (auto day = calendar->AddOpenDays(r.trade_day, fund->confirm_days); day.ok()) expected = std::max(expected, *day);
  }
  if (!expected.is_set() || expected == line.confirm_day) return;
  Find(line, "CONFIRM_DAY_DIFFERS", "TransactionCfmDate", expected.Compact(), line.confirm_day.Compact());
}

void ConfirmationChecker::Finish(std::vector<FindingEntry>* findings) {
  findings_ = findings;
  for (const auto& [order, so_far] : converting_) {
    const Conversion* k = machine_.FindConversion(OrderId(order));
    const Reservation* r = machine_.FindReservation(OrderId(order));
    if (k->target_ta != r->ta || so_far.out == so_far.in) continue;  // the other side is another institution's to say
    Find(so_far.line, "HALF_CONVERTED", "BusinessCode", so_far.out ? "137 beside 138" : "138 beside 137",
         StrCat(so_far.line.business));
  }
}

}  // namespace fundcore::account
