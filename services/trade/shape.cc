// See shape.h.
#include "services/trade/shape.h"

#include <algorithm>
#include <cstring>

#include "common/base/status.h"
#include "common/rpc/handlers.h"

namespace fundcore::trade {
namespace {

bool Printable(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// A caller's text inside a message: short, and without what could harm a terminal.
std::string Quoted(std::string_view s) {
  std::string out = "\"";
  for (char c : s.substr(0, 40)) out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  return out + (s.size() > 40 ? "…\"" : "\"");
}

bool KnownInvestor(uint64_t raw, uint16_t partitions) {
  return raw / kInvestorSequenceLimit < partitions && raw % kInvestorSequenceLimit != 0;
}

Fault Bad(std::string_view reason, std::string message) {
  return {absl::StatusCode::kInvalidArgument, reason, std::move(message)};
}

constexpr size_t kMostSerialBytes = 24;

Fault CheckOrigin(const v1::Origin& origin) {
  const auto fits = [](const std::string& s, size_t most) {
    return !s.empty() && s.size() <= most && Printable(s);
  };
  if (!fits(origin.distributor(), DistributorCode::kMax)) {
    return Bad("BAD_ORIGIN", StrCat("origin.distributor ", Quoted(origin.distributor()),
                                    " must have 1 to 20 printable ASCII characters"));
  }
  if (!fits(origin.serial(), kMostSerialBytes)) {
    return Bad("BAD_ORIGIN",
               StrCat("origin.serial ", Quoted(origin.serial()), " must have 1 to 24 printable ASCII characters"));
  }
  Hash256 digest;
  if (!ToDigest(origin.digest(), &digest)) {
    return Bad("BAD_ORIGIN", StrCat("origin.digest has ", origin.digest().size(),
                                    " bytes; send the 32 bytes of a SHA-256 over the line"));
  }
  return {};
}

// Files hold up to 16 digits; an absurd figure must not overflow a sum.
bool Sane(int64_t steps) { return steps <= kMostSteps * 10 && steps >= -kMostSteps * 10; }

// What every order may have.
Fault CheckRest(const v1::NewOrder& o) {
  if (o.trade_day_wanted() != 0 && !CheckDate("trade_day_wanted", o.trade_day_wanted()).ok()) {
    return Bad("BAD_DATE", StrCat("trade_day_wanted ", o.trade_day_wanted(), " is not a date of the form yyyymmdd"));
  }
  return o.has_origin() ? CheckOrigin(o.origin()) : Fault{};
}

}  // namespace

Fault CheckOrder(const v1::NewOrder& o, uint16_t partitions) {
  const std::string& id = o.request_id();
  if (id.empty() || id.size() > RequestId::kMax || !Printable(id)) {
    return Bad("BAD_REQUEST_ID", StrCat("request_id ", Quoted(id), " has ", id.size(),
                                        " bytes; it must have 1 to 64 printable ASCII characters"));
  }
  if (!KnownInvestor(o.investor_id(), partitions)) {
    return {absl::StatusCode::kNotFound, "INVESTOR_NOT_FOUND",
            StrCat("investor_id ", o.investor_id(), " is not one of ours; open the account first")};
  }
  const uint32_t business = o.business();
  const bool way = business == kDividendWay;
  if (business == 91 || business == 93) {
    return Bad("ETF_IN_KIND_ELSEWHERE",
               StrCat("business ", business, " (an ETF's units against its basket) is not applied for here: it goes through the ETF's "
                      "primary dealers; what an institution tells of it (191 to 194) is kept as a record, see ListInKind"));
  }
  if (business == 54) {
    return Bad("VOID_PAYMENT_NOT_ASKED",
               "business 54 is not applied for here: money leaves for an institution only after its confirmation, so that nobody "
               "here can have sent it any that fits nothing; what an institution says of such money (154) is a break");
  }
  if (business > 255 || (business != kSubscription && business != kPurchase && business != kRedemption && business != kConversion &&
                         business != kAdjustSubscription &&
                         !SpeaksOfUnits(static_cast<uint8_t>(business)))) {
    return Bad("BAD_BUSINESS",
               StrCat("business ", business, " is not an order; send 20, 22, 24, 26 to 29, 31 to 36, 62, 80, 88 or 96 to 98",
                      IsReservation(static_cast<uint8_t>(business))
                          ? "; an order for a later day is 20, 22 or 24 with trade_day_wanted"
                          : ""));
  }
  if (way ? o.dividend_method() != "0" && o.dividend_method() != "1" : !o.dividend_method().empty()) {
    return Bad("BAD_DIVIDEND_METHOD", StrCat("dividend_method ", Quoted(o.dividend_method()), way
                   ? " must be 0 (reinvested) or 1 (in cash) for business 29" : " is for business 29 only; leave it empty"));
  }
  const std::string& target = o.target_fund_code();
  if (business == kConversion ? target.empty() || !FundCode::Fits(target) || !Printable(target) : !target.empty()) {
    return Bad("BAD_TARGET_FUND", StrCat("target_fund_code ", Quoted(target),
                                         business == kConversion ? " must have 1 to 20 printable ASCII characters"
                                                                 : " is for business 36 only; leave it empty"));
  }
  const std::string* const moves[] = {&o.target_distributor(), &o.target_trading_account(), &o.transfer_reason()};
  constexpr size_t kMostOfMove[] = {9, 17, 3};  // as wide as file 03 has them
  constexpr std::string_view kFieldsOfMove[] = {"target_distributor", "target_trading_account", "transfer_reason"};
  for (size_t i = 0; i < 3; ++i) {
    if (moves[i]->empty()) continue;
    if (!IsMove(static_cast<uint8_t>(business)) || IsFast(static_cast<uint8_t>(business)) ||
        moves[i]->size() > kMostOfMove[i] || !Printable(*moves[i])) {
      return Bad("BAD_TRANSFER", StrCat(kFieldsOfMove[i], " ", Quoted(*moves[i]), " is for businesses 26 to 28, 33 to 35 and 97, and must have at most ",
                                        kMostOfMove[i], " printable ASCII characters"));
    }
  }
  const bool changes = business == kAdjustSubscription;
  if (changes != (o.original_order_id() != 0)) {
    return Bad("BAD_ORIGINAL_ORDER", StrCat("original_order_id ", o.original_order_id(),
                                            changes ? " must be the number of the subscription that business 62 changes"
                                                    : " is for business 62 only; leave it empty"));
  }
  const std::string& fund = o.fund_code();
  if (fund.empty() || !FundCode::Fits(fund) || !Printable(fund)) {
    return Bad("BAD_FUND_CODE", StrCat("fund_code ", Quoted(fund), " must have 1 to 20 printable ASCII characters"));
  }
  if ((business == kSubscription || changes) && o.units_e2() != 0) {  // by units: what they cost is computed here
    if (o.units_e2() < 0 || o.units_e2() > kMostSteps)
      return Bad("BAD_UNITS", StrCat("units_e2 ", o.units_e2(), " must be 1 to ", kMostSteps, " for business ", business));
    if (o.amount_fen() != 0)
      return Bad("BAD_AMOUNT", "amount_fen must be 0 where an offer is subscribed by units_e2");
    return CheckRest(o);
  }
  const bool redemption = AppliesForUnits(static_cast<uint8_t>(business));
  const int64_t applied = redemption ? o.units_e2() : o.amount_fen();
  const std::string_view field = redemption ? "units_e2" : "amount_fen";
  if (way && applied != 0) return Bad("BAD_AMOUNT", StrCat("amount_fen ", applied, " must be 0 for business 29"));
  if (!way && (applied <= 0 || applied > kMostSteps)) {
    return Bad(redemption ? "BAD_UNITS" : "BAD_AMOUNT",
               StrCat(field, " ", applied, " must be 1 to ", kMostSteps, " for business ", business));
  }
  if ((redemption ? o.amount_fen() : o.units_e2()) != 0) {
    return Bad(redemption ? "BAD_AMOUNT" : "BAD_UNITS",
               StrCat(redemption ? "amount_fen" : "units_e2", " must be 0 for business ", business,
                      ", which applies for ", field));
  }
  return CheckRest(o);
}

bool HasOrigin(const v1::NewOrder& o) { return o.has_origin() || o.trade_day_wanted() != 0; }

ReceiveOrigin ToOrigin(const v1::NewOrder& o, uint32_t item) {
  ReceiveOrigin origin;
  origin.item = item;
  origin.trade_day_wanted = Date::FromRaw(o.trade_day_wanted());
  origin.distributor = o.origin().distributor();
  origin.serial = o.origin().serial();
  (void)ToDigest(o.origin().digest(), &origin.digest);  // none where there is no file
  return origin;
}

bool ToDigest(std::string_view bytes, Hash256* digest) {
  Hash256::Raw raw;
  if (bytes.size() != raw.size()) return false;
  std::memcpy(raw.data(), bytes.data(), raw.size());
  *digest = Hash256::FromRaw(raw);
  return true;
}

ReceiveItem ToItem(const v1::NewOrder& o) {
  ReceiveItem item;
  item.investor = InvestorId(o.investor_id());
  item.request_id = o.request_id();
  item.business = static_cast<uint8_t>(o.business());
  item.flags = static_cast<uint8_t>((!o.has_defer_large_redemption() || o.business() != kRedemption ? 0
                                     : o.defer_large_redemption()                                 ? kDeferLargeRedemption
                                                                                                  : kCancelLargeRedemption) |
                                    (o.mismatch_confirmed() ? kMismatchConfirmed : 0) |
                                    (o.business() == kDividendWay && o.dividend_method() == "1" ? kDividendInCash : 0));
  item.fund = FundCode(o.fund_code());
  item.amount = Money::FromRaw(o.amount_fen());
  item.units = Units::FromRaw(o.units_e2());
  return item;
}

absl::Status CheckInvestorId(uint64_t raw, uint16_t partitions) {
  if (KnownInvestor(raw, partitions)) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "INVESTOR_NOT_FOUND",
                              StrCat("investor_id ", raw, " is not one of ours; check the number"));
}

absl::Status CheckOrderId(uint64_t raw, uint16_t partitions) {
  if (raw / kOrderSequenceLimit < partitions && raw % kOrderSequenceLimit != 0) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "ORDER_NOT_FOUND",
                              StrCat("order_id ", raw, " is not one of ours; check the number"));
}

absl::Status CheckCode(std::string_view field, std::string_view value, size_t most) {
  if (!value.empty() && value.size() <= most && Printable(value)) return absl::OkStatus();
  return rpc::ErrorWithReason(
      absl::StatusCode::kInvalidArgument, "BAD_CODE",
      StrCat(field, " ", Quoted(value), " must have 1 to ", most, " printable ASCII characters"));
}

absl::Status CheckDate(std::string_view field, int32_t yyyymmdd) {
  if (yyyymmdd >= 19000101 && yyyymmdd <= 29991231 && Date::Parse(std::to_string(yyyymmdd)).ok())
    return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_DATE",
                              StrCat(field, " ", yyyymmdd, " is not a date of the form yyyymmdd"));
}

absl::Status CheckLine(const v1::ConfirmationLine& l) {
  const auto bad = [&](std::string_view field) {
    return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_LINE",
                                StrCat("line ", l.line(), ": ", field, " is too long or out of range"));
  };
  if (l.business() > 255) return bad("business");
  if (l.return_code().size() > ReturnCode::kMax) return bad("return_code");
  if (l.ta_account().size() > TaAccountId::kMax) return bad("ta_account");
  if (l.ta_serial().size() > TaSerialNo::kMax) return bad("ta_serial");
  if (!Sane(l.confirmed_amount_fen())) return bad("confirmed_amount_fen");
  if (!Sane(l.confirmed_units_e2())) return bad("confirmed_units_e2");
  if (!Sane(l.charge_fen())) return bad("charge_fen");
  if (l.target_fund_code().size() > FundCode::kMax) return bad("target_fund_code");
  if (!Sane(l.target_units_e2())) return bad("target_units_e2");
  if (!Sane(l.difference_fee_fen())) return bad("difference_fee_fen");
  if (l.error_detail().size() > 1'000) return bad("error_detail");
  if (l.confirm_day() != 0) return CheckDate("confirm_day", l.confirm_day());
  return absl::OkStatus();
}

ConfirmedLine ToLine(const v1::ConfirmationLine& l) {
  ConfirmedLine c;
  c.line = l.line();
  c.order = OrderId(l.order_id());
  c.business = static_cast<uint8_t>(l.business());
  c.return_code = ReturnCode(l.return_code());
  c.ta_account = TaAccountId(l.ta_account());
  c.ta_serial = TaSerialNo(l.ta_serial());
  c.confirm_day = Date::FromRaw(l.confirm_day());
  c.amount = Money::FromRaw(l.confirmed_amount_fen());
  c.units = Units::FromRaw(l.confirmed_units_e2());
  c.nav = Nav::FromRaw(l.nav_e8());
  c.charge = Money::FromRaw(l.charge_fen());
  c.interim = l.interim();
  c.error_detail = l.error_detail();
  return c;
}

}  // namespace fundcore::trade
