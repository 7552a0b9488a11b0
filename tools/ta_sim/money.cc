// Money funds at the agent: what the days earn, and what goes out with redemptions. Worked out holder by holder and day by
// day, apart from the core's ways of doing it.
#include <algorithm>

#include "common/base/status.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {
namespace {

// Units have two places and a price eight; income is for 10,000 units: a product counts in 1e-14 yuan.
constexpr __int128 kStepsAFen = 1'000'000'000'000;
constexpr int kMostDays = 60;  // told at once

Price IncomeOf(const MoneyTerms& money, Date day) {
  Price income;
  for (const auto& [from, price] : money.incomes)
    if (from <= day) income = price;
  return income;
}

}  // namespace

absl::Status Judge::EarnDay(const FundTerms& fund, Price income, Yuan* total) {
  struct Holder {
    Earned* earned;
    __int128 left;
  };
  std::vector<Holder> holders;
  __int128 left_of_all = 0;
  const int sign = income.raw() < 0 ? -1 : 1;
  for (const auto& [key, position] : reg_.positions) {
    const Shares units = position.Total();
    if (key.fund != fund.code || !units.is_positive()) continue;
    Earned& earned = reg_.earned[key];
    __int128 steps = static_cast<__int128>(units.raw()) * income.raw();
    if (fund.money->remainder == MoneyTerms::Remainder::kCarry) steps += earned.rest;
    const __int128 fen = steps / kStepsAFen, left = steps % kStepsAFen;  // towards zero, both
    earned.unpaid += Yuan::FromRaw(static_cast<int64_t>(fen));
    *total += Yuan::FromRaw(static_cast<int64_t>(fen));
    earned.rest = fund.money->remainder == MoneyTerms::Remainder::kCarry ? static_cast<int64_t>(left) : 0;
    holders.push_back({&earned, left * sign});
    left_of_all += left * sign;
  }
  if (fund.money->remainder != MoneyTerms::Remainder::kShare) return absl::OkStatus();
  // The largest remainders get a fen each until less than a fen is left; of equal ones the first in the register.
  std::stable_sort(holders.begin(), holders.end(), [](const Holder& a, const Holder& b) { return a.left > b.left; });
  for (Holder& h : holders) {
    if (left_of_all < kStepsAFen) break;
    left_of_all -= kStepsAFen;
    h.earned->unpaid += Yuan::FromRaw(sign);
    *total += Yuan::FromRaw(sign);
  }
  return absl::OkStatus();
}

absl::Status Judge::Earn(std::vector<IncomeDay>* days) {
  for (const FundTerms& fund : config_.funds) {
    if (!fund.money || fund.money->incomes.empty()) continue;
    Date& through = reg_.earned_through[fund.code];
    Date day = through.is_set() ? through.AddDays(1) : std::max(fund.money->incomes.begin()->first, day_.AddDays(-kMostDays));
    for (; day < day_; day = day.AddDays(1)) {
      IncomeDay told{.fund = &fund, .day = day, .per_ten_thousand = IncomeOf(*fund.money, day)};
      FC_RETURN_IF_ERROR(EarnDay(fund, told.per_ten_thousand, &told.total));
      days->push_back(told);
      through = day;
      const int wanted = fund.money->payout_day;
      const bool month_ends = day.AddDays(1).raw() % 100 == 1;
      if (wanted == 0 || (wanted == 31 ? month_ends : day.raw() % 100 == wanted)) pays_income_.insert(fund.code);
    }
  }
  for (size_t i = 0; i < faults_.size(); ++i) {
    if (faults_[i].kind != FaultKind::kBookedIncome) continue;
    FC_ASSIGN_OR_RETURN(const Yuan more, Yuan::Parse(faults_[i].arguments[2]));
    for (const auto& [key, position] : reg_.positions) {
      if (key.trading.view() != faults_[i].arguments[0] || key.fund.view() != faults_[i].arguments[1]) continue;
      reg_.earned[key].unpaid += more;
      used_[i] = true;
    }
    if (!used_[i])
      return absl::InvalidArgumentError(StrCat("fault booked-income: account ", faults_[i].arguments[0],
                                               " holds nothing of ", faults_[i].arguments[1], "; name another"));
  }
  return absl::OkStatus();
}

absl::Status Judge::Payouts(std::vector<DividendLine>* dividends, std::vector<Line>* lines) {
  for (const Fault& fault : faults_)
    if (fault.kind == FaultKind::kNoPayout) return absl::OkStatus();
  for (auto& [key, earned] : reg_.earned) {
    if (!pays_income_.count(key.fund) || earned.unpaid.is_zero()) continue;
    const FundTerms& fund = *config_.Find(key.fund);
    Position& position = reg_.positions[key];
    const Shares held = position.Total();
    const Price yuan = Price::FromRaw(100'000'000);
    if (earned.unpaid.is_positive()) {
      DividendLine line{.key = key, .fund = &fund, .basis = held, .amount = earned.unpaid, .method = '0'};
      line.reinvested = Shares::FromRaw(earned.unpaid.raw());  // a yuan a unit
      line.price = yuan;
      line.serial = ++serial_;
      position.Add(day_, day_, line.reinvested);
      earned.unpaid = Yuan();
      dividends->push_back(std::move(line));
      continue;
    }
    const Shares units = std::min(held, Shares::FromRaw(-earned.unpaid.raw()));
    if (fund.money->loss_waits || !units.is_positive()) continue;
    Line line{.trading = key.trading, .account = key.account, .fund = key.fund, .share_class = key.share_class};
    line.confirmation = ofd::BusinessCode::kForcedDecrease;
    line.adjustment = '4';
    FC_ASSIGN_OR_RETURN(line.day, config_.CalendarOf(&fund).AddOpenDays(day_, -fund.confirm_days));
    line.price = yuan;
    line.units = line.confirmed_units = units;
    if (!TakeAndPrice(fund, &position.lots, units, yuan, Date(), day_).enough) continue;
    earned.unpaid += Yuan::FromRaw(units.raw());
    line.balance = position.Total();
    line.serial = ++serial_;
    lines->push_back(std::move(line));
  }
  return absl::OkStatus();
}

Yuan Judge::IncomeOut(const PositionKey& key, const FundTerms& fund, Shares held, Shares redeemed) {
  const auto found = reg_.earned.find(key);
  if (!fund.money || found == reg_.earned.end()) return Yuan();
  Earned& earned = found->second;
  Yuan out;
  if (redeemed == held) {
    if (earned.unpaid.is_positive() && fund.money->keeps_income) return out;
    out = earned.unpaid;
    earned.rest = 0;
  } else if (earned.unpaid.raw() < 0 && (held - redeemed).raw() < -earned.unpaid.raw()) {
    // What stays does not cover the loss: it is borne in proportion.
    const __int128 twice = static_cast<__int128>(-earned.unpaid.raw()) * redeemed.raw() * 2 + held.raw();
    out = Yuan::FromRaw(-static_cast<int64_t>(twice / (2 * static_cast<__int128>(held.raw()))));
  }
  earned.unpaid -= out;
  return out;
}

}  // namespace fundcore::ta_sim
