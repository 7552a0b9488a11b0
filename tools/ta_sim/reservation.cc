// Applications for a later day (021, 023, 025): received and kept, given up again (053), and decided when their day has come.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/base/status.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

Judge::Outcome Judge::Keep(Line& line, const FundTerms& fund) {
  if (!config_.keeps_reservations) return "0412";
  const auto open = line.reserved.is_set() ? config_.CalendarOf(&fund).IsOpen(line.reserved) : absl::StatusOr<bool>(false);
  if (!open.ok() || !*open || line.reserved <= line.day) return line.business == BusinessCode::kReserveRedeem ? "0214" : "0201";
  const bool redeems = line.business == BusinessCode::kReserveRedeem;
  if (redeems && !line.units.is_positive()) return "0206";
  if (!redeems && !line.amount.is_positive()) return "0207";
  reg_.reservations.push_back({line.sheet, {line.account, line.trading, line.fund, line.share_class},
                               static_cast<uint16_t>(line.business), line.amount, line.units, line.discount, line.reserved,
                               line.large_flag, line.holder});
  line.code = ReturnCode("0007");
  return {};
}

Judge::Outcome Judge::GiveUp(const Line& line) {
  const auto at = std::find_if(reg_.reservations.begin(), reg_.reservations.end(), [&](const ReservationKept& kept) {
    return kept.sheet == line.original && kept.key.trading == line.trading;
  });
  if (at == reg_.reservations.end()) return "0218";
  if (at->day < line.day) return "0374";
  reg_.reservations.erase(at);
  return {};
}

absl::Status Judge::ReservationsDue(std::vector<Line>* lines) {
  for (size_t i = 0; i < reg_.reservations.size();) {
    const ReservationKept kept = reg_.reservations[i];
    const FundTerms* fund = config_.Find(kept.key.fund);
    FC_ASSIGN_OR_RETURN(const Date due, DueDay(config_, fund, kept.day));
    if (due > day_) {
      ++i;
      continue;
    }
    reg_.reservations.erase(reg_.reservations.begin() + static_cast<std::ptrdiff_t>(i));
    Line line{.sheet = kept.sheet,
              .trading = kept.key.trading,
              .account = kept.key.account,
              .business = static_cast<BusinessCode>(kept.business - 1),
              .day = kept.day,
              .fund = kept.key.fund,
              .amount = kept.amount,
              .units = kept.units,
              .discount = kept.discount,
              .share_class = kept.key.share_class,
              .large_flag = kept.large_flag,
              .holder = kept.holder};
    if (config_.renumbers_reservations && line.business != BusinessCode::kSubscribe) {  // an offer's result needs its number
      line.original = kept.sheet;
      line.sheet = SheetNo(absl::StrFormat("R%s%06d", day_.Compact(), i + lines->size()));
    }
    FC_RETURN_IF_ERROR(DecideTrade(line, {.day = kept.day, .trade = true}, 0));
    lines->push_back(std::move(line));
  }
  return absl::OkStatus();
}

}  // namespace fundcore::ta_sim
