// Statements about initial offers.
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {
namespace {

absl::StatusOr<OrderRef> ReadOrderRef(Words& w) {
  OrderRef order;
  const bool that = w.Take("that");
  FC_RETURN_IF_ERROR(w.Expect("order"));
  if (that) return order;
  FC_ASSIGN_OR_RETURN(order.name, w.Next("the name of an order"));
  return order;
}

}  // namespace

absl::StatusOr<GivenFund::Offer> ReadOffer(Words& w) {
  GivenFund::Offer offer;
  FC_RETURN_IF_ERROR(w.Expect("result"));
  FC_ASSIGN_OR_RETURN(offer.result, w.Day());
  offer.effective = offer.result;
  for (;;) {
    if (w.Take("effective")) {
      FC_ASSIGN_OR_RETURN(offer.effective, w.Day());
    } else if (w.Take("last-day")) {
      FC_ASSIGN_OR_RETURN(offer.last_day, w.Day());
    } else if (w.Take("cap")) {
      FC_ASSIGN_OR_RETURN(offer.cap, w.Amount());
    } else if (w.Take("failed")) {
      offer.failed = true;
    } else {
      return offer;
    }
  }
}

bool IsOfferVerb(std::string_view word) {
  return word == "credits" || word == "allots" || word == "refunds" || word == "asks" || word == "adjusts" || word == "has";
}

absl::StatusOr<TaDoes> ReadOfferDeed(const Script& script, std::string ta, Words& w) {
  TaDoes s;
  s.ta = std::move(ta);
  if (w.Take("adjusts")) {
    s.kind = TaDoes::Kind::kAdjusts;
    FC_ASSIGN_OR_RETURN(s.order, ReadOrderRef(w));
    FC_RETURN_IF_ERROR(w.Expect("to"));
    if (w.Peek(1) == "units") {
      s.by_units = true;
      FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
      w.Take("units");
    } else {
      FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
    }
    return s;
  }
  if (w.Take("has")) {
    s.kind = TaDoes::Kind::kVoidPayment;
    FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_ASSIGN_OR_RETURN(s.fund, w.Next("a fund"));
    if (!w.TakeAll({"that", "fits", "nothing"})) return w.Unknown({"that fits nothing"});
    if (w.Take("of")) {
      FC_ASSIGN_OR_RETURN(s.who, w.Next("an investor"));
      if (!script.Investor(s.who)) return absl::InvalidArgumentError(StrCat(s.who, " is no investor of this script"));
    }
    if (w.Take("naming")) {
      s.text = "order";
      FC_ASSIGN_OR_RETURN(s.order, ReadOrderRef(w));
    }
    return s;
  }
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"credits", "allots", "refunds", "asks"}));
  if (verb > 1) {
    s.kind = verb == 2 ? TaDoes::Kind::kRefunds : TaDoes::Kind::kAsksMore;
    FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
    if (verb == 3) FC_RETURN_IF_ERROR(w.Expect("more"));
    FC_RETURN_IF_ERROR(w.Expect(verb == 2 ? "of" : "for"));
  } else if (verb == 0) {
    s.kind = TaDoes::Kind::kPaysInterest;
    FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
    FC_RETURN_IF_ERROR(w.Expect("interest"));
    FC_RETURN_IF_ERROR(w.Expect("on"));
  } else {
    s.kind = TaDoes::Kind::kAllots;
    FC_RETURN_IF_ERROR(w.Expect("number"));
    FC_ASSIGN_OR_RETURN(s.text, w.Next("a number"));
    FC_RETURN_IF_ERROR(w.Expect("to"));
  }
  FC_ASSIGN_OR_RETURN(s.order, ReadOrderRef(w));
  return s;
}

absl::StatusOr<TaDoes> ReadWritesField(const Script& script, std::string ta, Words& w) {
  TaDoes s;
  s.ta = std::move(ta);
  s.kind = TaDoes::Kind::kWritesField;
  FC_ASSIGN_OR_RETURN(s.code, w.Next("a field of file 04"));
  if (w.TakeAll({"account", "of"})) {
    if (w.AtEnd() || !script.Investor(w.Peek())) return w.Unknown({"the name of an investor"});
    FC_ASSIGN_OR_RETURN(s.who, w.Next("an investor"));
  } else if (w.TakeAll({"number", "of"})) {
    FC_ASSIGN_OR_RETURN(s.other, ReadOrderRef(w));
  } else {
    FC_ASSIGN_OR_RETURN(s.text, w.Next("what stands there"));
  }
  FC_RETURN_IF_ERROR(w.Expect("for"));
  FC_ASSIGN_OR_RETURN(s.order, ReadOrderRef(w));
  return s;
}

// "adjusts that order|order X to AMOUNT | UNITS units [named Y] [confirming the mismatch]".
absl::StatusOr<PlaceOrder> ReadAdjustment(std::string who, Words& w) {
  PlaceOrder s;
  s.who = std::move(who);
  s.business = 62;
  FC_ASSIGN_OR_RETURN(s.original, ReadOrderRef(w));
  FC_RETURN_IF_ERROR(w.Expect("to"));
  if (w.Peek(1) == "units") {
    FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
    w.Take("units");
  } else {
    FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
  }
  while (!w.AtEnd()) {
    if (w.Take("named")) {
      FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the order"));
    } else if (w.TakeAll({"confirming", "the", "mismatch"})) {
      s.mismatch_confirmed = true;
    } else {
      return w.Unknown({"named", "confirming the mismatch"});
    }
  }
  return s;
}

}  // namespace fundcore::dayrun
