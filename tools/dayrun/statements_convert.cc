// Words about conversions and lots.
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {

absl::Status ReadConversionWords(std::string_view what, GivenFund& fund, Words& w) {
  if (what == "carries-age") {
    fund.carries_age = true;
    return absl::OkStatus();
  }
  if (what == "convert-status") {
    FC_ASSIGN_OR_RETURN(size_t n, w.OneOf({"in-and-out", "in-only", "out-only", "neither"}));
    fund.convert_status = static_cast<char>('0' + n);
    return absl::OkStatus();
  }
  GivenConversion c;
  FC_ASSIGN_OR_RETURN(c.target, w.Next("the fund that it may be converted into"));
  while (!w.AtEnd()) {
    if (w.Take("by-fee-amounts")) {
      c.by_fees = true;
    } else if (w.Take("least")) {
      FC_ASSIGN_OR_RETURN(c.from, w.UnitsOf());
    } else if (w.Take("most")) {
      FC_ASSIGN_OR_RETURN(c.to, w.UnitsOf());
    } else if (w.Take("after")) {
      FC_ASSIGN_OR_RETURN(c.min_days, w.Number("a number of days", 0, 99'999));
      FC_RETURN_IF_ERROR(w.Expect("days"));
    } else if (w.Take("institutions-only")) {
      c.investors = '0';
    } else if (w.Take("individuals-only")) {
      c.investors = '1';
    } else {
      break;  // the next word of the fund
    }
  }
  fund.conversions.push_back(std::move(c));
  return absl::OkStatus();
}

bool IsLotVerb(std::string_view word) { return word == "took" || word == "gave"; }

absl::StatusOr<CheckLot> ReadCheckLot(OrderRef order, Words& w) {
  CheckLot s;
  s.order = std::move(order);
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"took", "gave"}));
  s.arrived = verb == 1;
  if (w.Peek(1) == "lots" || w.Peek(1) == "lot") {
    FC_ASSIGN_OR_RETURN(s.count, w.Number("a number of lots", 0, 100'000));
    if (!w.Take("lot")) FC_RETURN_IF_ERROR(w.Expect("lots"));
    return s;
  }
  FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
  FC_RETURN_IF_ERROR(w.Expect("units"));
  FC_RETURN_IF_ERROR(w.Expect("of"));
  FC_ASSIGN_OR_RETURN(s.registered, w.Day());
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"held", "at", "fee"}));
    if (a == 0) {
      FC_ASSIGN_OR_RETURN(s.days, w.Number("a number of days", 0, 99'999));
      FC_RETURN_IF_ERROR(w.Expect("days"));
    } else if (a == 1) {
      FC_ASSIGN_OR_RETURN(s.rate, w.Percent());
    } else {
      FC_ASSIGN_OR_RETURN(s.fee, w.Amount());
    }
  }
  return s;
}

}  // namespace fundcore::dayrun
