// The independent recomputation of confirmations.
#include "services/account/check.h"

#include <algorithm>

#include "common/fund/offer.h"
#include "common/fund/purchase.h"

namespace fundcore::account {
namespace {

// The confirmations that may answer an application of ours.
bool Answers(uint16_t confirmation, uint16_t application) {
  switch (application) {
    case 21:
      if (confirmation == 121) return true;
      [[fallthrough]];
    case 20: return confirmation == 120 || confirmation == 130 || confirmation == 146 || confirmation == 149 || confirmation == 162;
    case 22: return confirmation == 122;
    case 24: return confirmation == 124;
    case 23: return confirmation == 122 || confirmation == 123;
    case 25: return confirmation == 124 || confirmation == 125;
    case 39:
    case 59:
    case 60:
    case 61:
    case 62:
    case 63: return confirmation == application + 100;  // plans; changes of a subscription
    case 52:
    case 53: return confirmation == application + 100;
    case 26:
    case 27:
    case 28:
    case 33:
    case 34:
    case 35:
    case 80:
    case 96:
    case 97:
    case 98: return confirmation == application + 100;  // units that go, or come, without money
    case 29: return confirmation == 129;
    case 31: return confirmation == 131;
    case 32: return confirmation == 132;
    case 88: return confirmation == 188;
    case 36: return confirmation >= 136 && confirmation <= 138;
    case 38: return confirmation == 137 || confirmation == 138;
    default: return false;
  }
}

std::string_view ExpectedConfirmation(uint16_t application) {
  switch (application) {
    case 20: return "120 or 130";
    case 21: return "121, 120 or 130";
    case 23: return "123 or 122";
    case 25: return "125 or 124";
    case 53: return "153";
    case 22: return "122";
    case 26: return "126";
    case 27: return "127";
    case 28: return "128";
    case 34: return "134";
    case 80: return "180";
    case 33: return "133";
    case 35: return "135";
    case 29: return "129";
    case 31: return "131";
    case 32: return "132";
    case 36: return "136, or 138 and 137";
    case 38: return "138, and 137 at the other institution";
    case 39: return "139";
    case 52: return "152";
    case 59: return "159";
    case 60: return "160";
    case 61: return "161";
    case 62: return "162";
    case 63: return "163";
    case 88: return "188";
    case 96: return "196";
    case 97: return "197";
    case 98: return "198";
    default: return "124";
  }
}

InvestorType TypeOf(const Investor& investor) {
  return investor.institution ? InvestorType::kInstitution : InvestorType::kIndividual;
}

// To the four decimals that files before version 22 can hold.
Nav FourDecimals(Nav nav) {
  constexpr int64_t kStep = 10'000;
  return Nav::FromRaw(MulDiv(nav.raw(), 1, kStep, Rounding::kHalfUp) * kStep);
}

// The lots as the fund's holding term sees them: where it lets units leave early, at a price, those younger than the term
// are marked as not usable and the price is an option.
std::vector<Lot> LotsWithTerms(std::vector<Lot> lots, const FundRules* rules, RedemptionOptions* options) {
  if (!rules || !rules->breach_allowed) return lots;
  options->breach = BreachFee{rules->breach_fee, rules->breach_fund_share};
  for (Lot& lot : lots) {
    const Date first = rules->FirstDayOf(lot.registered);
    if (first.is_set()) lot.usable_from = std::max(lot.usable_from, first);
  }
  return lots;
}

}  // namespace

void ConfirmationChecker::Find(const TradeLine& line, std::string_view rule, std::string_view field, std::string expected,
                               std::string found) {
  findings_->push_back({line.line, std::string(rule), std::string(field), std::move(expected), std::move(found),
                        line.order, line.investor});
}

ConfirmationChecker::Rest& ConfirmationChecker::RestOf(OrderId order, const Reservation& r) {
  auto [it, fresh] = rests_.try_emplace(order.raw());
  if (fresh) it->second = {r.amount_left, r.units_left, r.in_part, r.state == ReservationState::kConsumed};
  return it->second;
}

Holding& ConfirmationChecker::HoldingOf(InvestorId id, const FundCode& fund) {
  auto [it, fresh] = holdings_.try_emplace({id.raw(), fund});
  if (fresh) {
    const Investor* investor = machine_.FindInvestor(id);
    if (const Holding* holding = investor ? FindHolding(*investor, fund) : nullptr) it->second = *holding;
  }
  return it->second;
}

Money ConfirmationChecker::IncomeIn(const TradeLine& line, Units held) {
  const IncomeTerms* terms = machine_.products().Income(line.fund);
  if (!terms || !line.units.is_positive() || line.units > held) return Money();
  auto [it, fresh] = incomes_.try_emplace({line.investor.raw(), line.fund});
  if (fresh) {
    // What was earned up to now was earned by what was there before this file, whatever its lines so far have moved.
    const Investor* investor = machine_.FindInvestor(line.investor);
    const Holding* before = investor ? FindHolding(*investor, line.fund) : nullptr;
    it->second = machine_.IncomeBefore(SequenceOf(line.investor), line.fund, before ? before->units : Units(), line.confirm_day);
  }
  IncomeAccount a{.units = held, .unpaid = it->second.unpaid, .rest = it->second.rest};
  const Money out = IncomeOnRedemption(&a, line.units, terms->arithmetic());
  it->second.unpaid = a.unpaid;
  it->second.rest = a.rest;
  return out;
}

void ConfirmationChecker::Check(const TradeLine& line, const TradeDetail* detail, const ConvertedFigures* converted,
                                std::vector<FindingEntry>* findings) {
  findings_ = findings;
  if (auto posted = machine_.FindPosted(ta_, line)) {
    if (*posted != AccountMachine::FiguresHash(line)) {
      Find(line, "DUPLICATE_SERIAL", "TASerialNO", "the figures posted under it before", line.serial.str());
    }
    return;
  }
  static const TradeDetail kNone;
  if (line.business == 154) return CheckVoidPayment(line);
  if (!line.order.is_set()) return CheckUnsolicited(line, detail ? *detail : kNone);

  const Reservation* r = machine_.FindReservation(line.order);
  if (!r || r->state == ReservationState::kNone || r->state == ReservationState::kRefused || r->fund.empty()) {
    return Find(line, "UNKNOWN_ORDER", "AppSheetSerialNo", "", FormatOrderId(line.order));
  }
  if (r->investor != line.investor) {
    return Find(line, "ORDER_OF_ANOTHER_INVESTOR", "TransactionAccountID", FormatInvestorId(r->investor),
                FormatInvestorId(line.investor));
  }
  if (IsConversion(r->business) && converted) return CheckConverted(line, *converted, *r);
  if (r->fund != line.fund) return Find(line, "FUND_DIFFERS", "FundCode", r->fund.str(), line.fund.str());
  if (line.business == 140 || line.business == 141) {
    if (IsRefusal(line.return_code)) return;
    return line.business == 140 ? CheckRefundedLater(line, *r) : CheckFurtherPayment(line);
  }
  if (!Answers(line.business, r->business)) {
    return Find(line, "BUSINESS_DIFFERS", "BusinessCode", std::string(ExpectedConfirmation(r->business)),
                StrCat(line.business));
  }
  Rest& rest = RestOf(line.order, *r);
  if (rest.consumed) return Find(line, "ALREADY_CONFIRMED", "AppSheetSerialNo", "", FormatOrderId(line.order));
  if (line.business == 162 && r->business != kAdjustSubscription) return CheckAdjustedUnasked(line, *r, rest);
  if (IsRefusal(line.return_code) && line.business != 149) {
    rest.consumed = true;
    return CheckAdvance(line, Units());
  }
  if (r->state != ReservationState::kReserved) {
    return Find(line, "ORDER_RELEASED", "AppSheetSerialNo", "", FormatOrderId(line.order));
  }
  if (IsReceipt(r->business, line.business)) return CheckReceipt(line, *r, rest, detail);
  const bool of_a_rest = line.return_code.view() == "0410";
  if (!of_a_rest && IsInterimCode(line.return_code) && line.amount.is_zero() && line.units.is_zero()) return;  // says nothing yet

  const Investor& investor = *machine_.FindInvestor(line.investor);
  const FundAccount* account = FindFundAccount(investor, ta_);
  if (account && !account->ta_account.empty() && !line.ta_account.empty() && account->ta_account != line.ta_account) {
    Find(line, "TA_ACCOUNT_DIFFERS", "TAAccountID", account->ta_account.str(), line.ta_account.str());
  }
  switch (line.business) {
    case 120:
      if (line.amount > rest.amount) {
        Find(line, "CONFIRMED_ABOVE_APPLIED", "ConfirmedAmount", rest.amount.ToString(), line.amount.ToString());
      }
      return;
    case 146: return;
    case 162: return CheckAdjusted(line, *r, rest);
    case 149:
      CheckOfferFailed(line, rest);
      rest.consumed = true;
      return;
    case 152: return CheckWithdrawn(line, *r, rest);
    case 153: return CheckReservationWithdrawn(line, *r, rest);
    case 159:
    case 160:
    case 161:  // a plan: neither cash nor units move
      rest.consumed = true;
      Compare(line, "UNITS_DIFFER", "ConfirmedVol", Units(), line.units);
      return;
    case 124:
    case 163: return CheckRedemption(line, *r, rest);
    case 126:
    case 128:
    case 133:
    case 135:
    case 196:
    case 198: return CheckMoved(line, *r, rest, detail ? *detail : kNone);
    case 127:
    case 134:
    case 180:
    case 197: return CheckMovedIn(line, *r, rest, detail ? *detail : kNone);
    case 129:
    case 131:
    case 132:
    case 188: return CheckNoted(line, *r, rest, detail ? *detail : kNone);
    default: return CheckPurchase(line, *r, rest);
  }
}

void ConfirmationChecker::CheckConfirmDay(const TradeLine& line, const Reservation& r, const FundTerms& fund) {
  const TradingCalendar* calendar = machine_.products().Calendar(fund.calendar);
  if (!calendar) return;
  const auto expected = calendar->AddOpenDays(r.trade_day, fund.confirm_days);
  if (!expected.ok() || *expected == line.confirm_day) return;
  Find(line, "CONFIRM_DAY_DIFFERS", "TransactionCfmDate", expected->Compact(), line.confirm_day.Compact());
}

bool ConfirmationChecker::FindTerms(const TradeLine& line, const Reservation& r, const Rest& rest, Terms* terms) {
  terms->fund = machine_.products().Fund(line.fund, r.received_at);
  if (!terms->fund) {
    Find(line, "FUND_TERMS_UNKNOWN", "FundCode", StrCat("terms in force at ", r.received_at.Iso()), line.fund.str());
    return false;
  }
  terms->fees = terms->fund->fees.At(r.trade_day, TypeOf(*machine_.FindInvestor(line.investor)));
  if (line.business == 130 || line.business == 162) {
    terms->nav = terms->fund->face.is_positive() ? terms->fund->face : Nav::Whole(1);
    return true;
  }
  // What was deferred takes the price of the later day that its confirmation belongs to.
  Date price_day = r.trade_day;
  if (rest.in_part) {
    if (const TradingCalendar* calendar = machine_.products().Calendar(terms->fund->calendar)) {
      if (auto day = calendar->AddOpenDays(line.confirm_day, -int{terms->fund->confirm_days}); day.ok()) price_day = *day;
    }
  }
  terms->price_day = price_day;
  const NavFact* nav = machine_.products().FindNav(line.fund, price_day, line.business == 124 || line.business == 163 ? 2 : 1);
  if (!nav) {
    Find(line, "NAV_UNKNOWN", "NAV", StrCat("a price of ", price_day.Iso()), line.nav.ToString());
    return false;
  }
  terms->nav = nav->nav;
  return true;
}

void ConfirmationChecker::CompareNav(const TradeLine& line, Nav nav) {
  if (nav == line.nav) return;
  const InstitutionTerms* institution = machine_.products().Institution(ta_);
  if (institution && institution->file_version < 22 && FourDecimals(nav) == line.nav) return;
  Find(line, "NAV_DIFFERS", "NAV", nav.ToString(), line.nav.ToString());
}

void ConfirmationChecker::CheckPurchase(const TradeLine& line, const Reservation& r, Rest& rest) {
  const Money applied = rest.amount;
  rest.amount -= std::min(rest.amount, line.amount);
  const bool in_part_before = rest.in_part;
  rest.consumed = !line.interim;
  Rest before = rest;
  before.in_part = in_part_before;
  rest.in_part = true;
  if (line.amount > applied) {
    Find(line, "CONFIRMED_ABOVE_APPLIED", "ConfirmedAmount", applied.ToString(), line.amount.ToString());
  }
  if (line.units.is_positive()) {
    AddLot(HoldingOf(line), {.registered = line.confirm_day, .units = line.units,
                             .usable_from = line.confirm_day.AddDays(1), .bought_at = line.nav});
  }
  Terms terms;
  if (!FindTerms(line, r, before, &terms)) return;
  if ((line.business == 122 || line.business == 139) && !in_part_before) CheckConfirmDay(line, r, *terms.fund);
  if (line.amount.is_zero()) {
    Compare(line, "UNITS_DIFFER", "ConfirmedVol", Units(), line.units);
    return Compare(line, "FEE_DIFFERS", "Charge", Money(), line.charge);
  }
  CompareNav(line, terms.nav);

  const bool offer = line.business == 130;
  const Discount own = rest.changed ? rest.discount : r.discount;
  const Discount discount = own.is_zero() ? terms.fund->discount : own;
  const Units applied_units = rest.applied.is_positive() ? rest.applied : r.applied_units;
  if (offer && applied_units.is_positive()) return CheckOfferByUnits(line, applied_units, terms, discount);
  const auto compute = [&](Money amount) -> absl::StatusOr<PurchaseResult> {
    const PurchaseTier* tier = !terms.fees ? nullptr
                               : offer     ? terms.fees->OfferTierFor(amount)
                                           : terms.fees->PurchaseTierFor(amount);
    const PurchaseFee fee = tier ? tier->fee : PurchaseFee{};
    const FeeMethod method = terms.fees ? terms.fees->method : FeeMethod::kOutside;
    if (!offer) return ComputePurchase({amount, terms.nav, fee, method, discount, terms.fund->rounding});
    auto result =
        ComputeOffer({amount, terms.nav, fee, method, discount, terms.fund->rounding}, line.interest);
    if (!result.ok()) return result.status();
    return PurchaseResult{result->net, result->fee, result->units, result->refund};
  };
  const auto computed = compute(line.amount);
  if (!computed.ok()) {
    return Find(line, "NOT_COMPUTABLE", "ConfirmedAmount", std::string(computed.status().message()),
                line.amount.ToString());
  }
  if (terms.fund->rounding.whole_units && line.amount != applied) {
    // Whole units: some institutions confirm what was spent, after the refund, with the fee of the whole application. Any other
    // sum below what was applied for would buy the same units, so that they prove nothing.
    const auto whole = compute(applied);
    if (whole.ok() && line.amount == applied - whole->refund && whole->units == line.units && whole->fee == line.charge)
      return;
    const Money expected = whole.ok() ? applied - whole->refund : applied;
    if (line.amount != expected) Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", expected, line.amount);
  }
  if (computed->units == line.units && computed->fee == line.charge) return;
  Compare(line, "UNITS_DIFFER", "ConfirmedVol", computed->units, line.units);
  Compare(line, "FEE_DIFFERS", "Charge", computed->fee, line.charge);
}

void ConfirmationChecker::CheckRedemption(const TradeLine& line, const Reservation& r, Rest& rest) {
  const Units applied = rest.units;
  const Rest before = rest;
  rest.units -= std::min(rest.units, line.units);
  rest.consumed = !line.interim;
  rest.in_part = true;
  if (line.units > applied) {
    Find(line, "CONFIRMED_ABOVE_APPLIED", "ConfirmedVol", applied.ToString(), line.units.ToString());
  }
  CheckRest(line, r, before);
  Terms terms;
  if (!FindTerms(line, r, before, &terms)) return;
  if (!before.in_part) CheckConfirmDay(line, r, *terms.fund);
  if (line.units.is_zero()) return Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", Money(), line.amount);
  CompareNav(line, terms.nav);

  static const std::vector<RedemptionTier> kNoFee;
  const LotOrder order = terms.fund->lifo ? LotOrder::kNewestFirst : LotOrder::kOldestFirst;
  Holding& holding = HoldingOf(line);
  RedemptionOptions options{.order = order, .usable_on = r.trade_day, .goes_on = before.in_part ? terms.price_day : Date(),
                            .breach = {}, .rounding = terms.fund->rounding};
  const std::vector<Lot> lots = LotsWithTerms(holding.lots, machine_.products().Rules(line.fund, r.received_at), &options);
  const auto split = SplitRedemption(lots, line.units, terms.nav, terms.fees ? terms.fees->redemption : kNoFee,
                                     line.confirm_day, options);
  if (!split.ok()) {
    const bool is_short = split.status().code() == absl::StatusCode::kFailedPrecondition;
    Find(line, is_short ? "SHORT" : "NOT_COMPUTABLE", "ConfirmedVol",
         is_short ? holding.units.ToString() : std::string(split.status().message()), line.units.ToString());
    TakeUnits(holding, line.units, order, r.trade_day);
    return;
  }
  const Money income = IncomeIn(line, holding.units);
  const Earnings& e = incomes_[{line.investor.raw(), line.fund}];
  // Where the institution shares remainders among all its holders, we cannot know who got a fen of them.
  const Money above = Money::FromRaw(income.is_zero() ? 0 : e.above), below = Money::FromRaw(income.is_zero() ? 0 : e.below);
  if (line.amount > split->net + income + above || line.amount < split->net + income - below)
    Find(line, "AMOUNT_DIFFERS", "ConfirmedAmount", (split->net + income).ToString(), line.amount.ToString());
  Compare(line, "FEE_DIFFERS", "Charge", split->fee, line.charge);
  if (!line.other_fee1.is_zero()) Compare(line, "FUND_PART_DIFFERS", "OtherFee1", split->fund_part, line.other_fee1);
  TakeUnits(holding, line.units, order, r.trade_day);
}

}  // namespace fundcore::account
