// What the judge checks when all is quiet: every promise against everybody's books and files.
#include <algorithm>
#include <tuple>

#include "common/base/check.h"
#include "common/ofd/reader.h"
#include "common/types/ids.h"
#include "tests/simulation/judge.h"

namespace fundcore::simulation {

namespace tv1 = trade::v1;
namespace av1 = account::v1;

namespace {

constexpr uint32_t kWithdrawal = 52;  // of a deferred rest
constexpr uint32_t kGivenUp = 53;     // a reservation that the institution keeps
bool Withdraws(const tv1::Order& o) { return o.business() == kWithdrawal || o.business() == kGivenUp; }
constexpr uint32_t kAtOnce = 98;      // a redemption whose money a bank advances
constexpr uint32_t kCrossing = 38;    // a conversion between two institutions, which was asked for as 36

bool IsFinal(tv1::OrderState s) {
  return s == tv1::SETTLED || s == tv1::REJECTED || s == tv1::CANCELLED || s == tv1::REFUSED;
}
bool WasConfirmed(const tv1::Order& o) { return o.state() == tv1::CONFIRMED || o.state() == tv1::SETTLED; }

// A number of a file in hundredths, whatever decimals its column has.
int64_t Hundredths(const ofd::RecordView& record, const ofd::Column& column) {
  int64_t v = 0;
  if (record.ReadNumber(column, &v) != ofd::FieldState::kPresent) return 0;
  for (int d = column.decimals(); d > 2; --d) v /= 10;
  for (int d = column.decimals(); d < 2; ++d) v *= 10;
  return v;
}

// Folder, day and type of "out/11/20250303/001/OFD_301_11_20250303_03.TXT".
bool IsOf(std::string_view name, std::string_view folder, std::string_view type) {
  return name.starts_with(folder) && name.ends_with(StrCat("_", type, ".TXT"));
}

}  // namespace

std::string Judge::Pending(const std::vector<tv1::Order>& orders,
                           const std::vector<clearing::v1::BusinessDay>& days) const {
  for (const tv1::Order& o : orders) {
    if (IsFinal(o.state())) continue;
    auto it = by_order_.find(o.order_id());
    return StrCat("order ", FormatOrderId(OrderId(o.order_id())), " (",
                  it == by_order_.end() ? o.request_id() : it->second, ") of ", o.trade_day(), " is ",
                  tv1::OrderState_Name(o.state()));
  }
  for (const auto& d : days) {
    if (d.step() == clearing::v1::CLOSED || d.answer_day() > now_().date().raw()) continue;
    if (d.day() > plan_.days.back().raw()) continue;  // nobody orders on these
    return StrCat("day ", d.day(), " of institution ", d.ta_code(), " is at ", clearing::v1::Step_Name(d.step()),
                  " with ", d.open_breaks(), " breaks, waiting for \"", d.waiting_for(), "\"");
  }
  for (const auto& [request, p] : payments_)
    if (p.id != 0 && p.state != av1::DONE && p.state != av1::FAILED) return StrCat("payment ", request, " is pending");
  return "";
}

void Judge::AtEnd(const Findings& found) {
  confirmations_ = ReadConfirmations(*found.files);
  AdoptDebits(found);
  CheckOrders(found);
  CheckSavings(found);
  CheckQuotas(found);
  CheckOffers(found);
  CheckFreezes(found);
  CheckCards(found);
  CheckTaxes(found);
  CheckInterest(found);
  CheckCampaigns(found);
  CheckAdvances(found);
  CheckOutFiles(found);
  CheckConfirmations(found);
  CheckMoney(found);
  CheckUnits(found);
  CheckBooks(found);
  CheckBreaks(found);
}

void Judge::CheckTradeDay(const std::string& request, const Request& r, const tv1::Order& o) {
  const TimePoint received = TimePoint::FromRaw(o.received_at_us());
  const bool known = r.order != 0;
  if (known && (received < r.sent || received > r.acknowledged)) {
    Fail("a receipt outside the time of its call", request, StrCat(r.sent.Iso(), " to ", r.acknowledged.Iso()),
         received.Iso());
  }
  if (known && r.trade_day != 0 && r.trade_day != o.trade_day()) {
    Fail("the trading day moved", request, StrCat(r.trade_day), StrCat(o.trade_day()));
  }
  const dayrun::GivenTa& ta = plan_.TaOf(plan_.FundOf(r.content.fund));
  const TradingCalendar& calendar = plan_.CalendarOf(ta);
  Date day = received.date();
  if (received.time_of_day() >= ta.cutoff) day = day.AddDays(1);
  day = *calendar.NextOrSame(day);
  if (r.content.wanted.is_set() && r.content.wanted.raw() != o.trade_day()) return CheckWantedDay(request, r, o, day);
  if (r.content.wanted.is_set() && r.content.wanted > day) return CheckWantedDay(request, r, o, day);
  if (o.trade_day() == day.raw()) return;
  // A receipt that was not yet in the log when its day was closed belongs to the next; nobody had been told before.
  const TimePoint closes = TimePoint::At(day, ta.cutoff) + Duration::Seconds(1);
  if (o.trade_day() == calendar.Next(day)->raw() && (!known || r.acknowledged >= closes)) {
    ++tally_.moved_by_closing;
    return;
  }
  Fail("a wrong trading day", request, StrCat(day.raw(), ", received ", received.Iso()), StrCat(o.trade_day()));
}

// A rest was withdrawn: by somebody who asked for that; where the institution grants it, nothing of the rest is confirmed later.
void Judge::CheckWithdrawal(const tv1::Order& o, const Findings& found) {
  const std::string request = RequestOf(o.original_order_id());
  const auto r = requests_.find(request);
  const bool may = r != requests_.end() && r->second.cancel_sent && (o.business() == kGivenUp ? IsKeptThere(r->second.order) : r->second.content.defer);
  if (!may || !IsFinal(o.state()))
    return Fail("a rest was withdrawn that nobody wanted withdrawn, or for ever", o.request_id(), "an outcome", o.ShortDebugString(), o.order_id());
  if (o.state() != tv1::SETTLED) return;
  ++tally_.withdrawn;
  for (const tv1::Order& original : found.orders) {
    if (original.order_id() != o.original_order_id()) continue;
    if (o.business() == kGivenUp) {
      ++tally_.more["reservations-given-up"];
      if (original.state() != tv1::CANCELLED)
        Fail("a reservation goes on after it was given up", request, "CANCELLED", tv1::OrderState_Name(original.state()), original.order_id());
      continue;
    }
    if (original.confirm_day() > o.confirm_day() || original.confirmed_units_e2() > original.units_e2())
      Fail("a rest went on after it was withdrawn", request, StrCat("nothing after ", o.confirm_day()), original.ShortDebugString(), original.order_id());
  }
}

void Judge::CheckOrders(const Findings& found) {
  std::map<std::string, const tv1::Order*> seen;
  for (const auto& [withdrawal, original] : withdrawals_) {
    if (std::none_of(found.orders.begin(), found.orders.end(), [&](const tv1::Order& o) { return o.order_id() == withdrawal; }))
      Fail("an acknowledged order is gone", RequestOf(original), FormatOrderId(OrderId(withdrawal)), "no order");
  }
  for (const tv1::Order& o : found.orders) {
    if (Withdraws(o)) {
      CheckWithdrawal(o, found);
      continue;
    }
    auto it = requests_.find(o.request_id());
    if (it == requests_.end()) {
      Fail("an order nobody asked for", o.request_id(), "no order", StrCat(o.order_id()), o.order_id());
      continue;
    }
    Request& r = it->second;
    if (!seen.emplace(o.request_id(), &o).second) {
      Fail("the same request id had two effects", o.request_id(), "one order", StrCat(o.order_id()), o.order_id());
      continue;
    }
    if (investors_.at(r.investor).id != o.investor_id()) {
      Fail("an order of another investor", o.request_id(), StrCat(investors_.at(r.investor).id),
           StrCat(o.investor_id()));
    }
    const uint32_t business = o.business() == kCrossing ? 36 : Bare(o.business());
    // What units of an offer cost was worked out by the system.
    const int64_t amount = business == 20 && o.units_e2() != 0 ? 0 : o.amount_fen();
    const Content content{business, o.fund_code(), amount, o.units_e2(), false, o.target_fund_code(),
                          o.defer_large_redemption(), Date::FromRaw(o.trade_day_wanted()),
                          !SpeaksOfUnits(o.business())         ? std::string()
                          : o.target_distributor().empty() ? o.target_trading_account()
                                                           : o.target_distributor()};
    Content asked = r.order != 0 ? r.content : Content();
    if (r.order == 0) {  // never acknowledged: any of the contents that were sent may stand
      for (const Attempt& a : r.attempts) {
        Content c = a.content;
        c.mismatch_confirmed = false;
        if (!(c == content)) continue;
        asked = r.content = a.content;
        r.sent = a.first_sent;
        r.sent_at = a.at;
      }
    }
    Content bare = asked;
    bare.mismatch_confirmed = false;
    if (!(bare == content))
      Fail("an order with another content", o.request_id(), asked.Text(), content.Text(), o.order_id());
    if (r.order != 0 && r.order != o.order_id()) {
      Fail("the same request id had two effects", o.request_id(), StrCat(r.order), StrCat(o.order_id()), r.order);
    }
    CheckTradeDay(o.request_id(), r, o);
    if (r.trade_day == 0) r.trade_day = o.trade_day();
    if (r.order == 0) {
      by_order_.emplace(o.order_id(), o.request_id());
      r.order = o.order_id();
      r.trade_day = o.trade_day();
    }
    CheckState(o.request_id(), r, o.state(), o.state() == tv1::REJECTED ? o.reason() : r.reason);
    if (!IsFinal(o.state())) {
      Fail("an order is not final", o.request_id(), "an outcome", tv1::OrderState_Name(o.state()), o.order_id());
    }
    switch (o.state()) {
      case tv1::SETTLED: ++tally_.settled; break;
      case tv1::REFUSED: ++tally_.refused; break;
      case tv1::CANCELLED: ++tally_.cancelled; break;
      case tv1::REJECTED:
        ++tally_.rejected;
        if (r.refused_at == 0) r.refused_at = ++heard_;
        CheckRefusal(o.request_id(), r, o.reason(), TimePoint::FromRaw(o.received_at_us()));
        break;
      default: break;
    }
    if (o.state() == tv1::CANCELLED && !r.cancel_sent) {
      Fail("an order was cancelled that nobody cancelled", o.request_id(), "another outcome", "CANCELLED",
           o.order_id());
    }
    // What risk must refuse was refused, whoever was away when it was asked.
    const dayrun::GivenInvestor& who = *plan_.investors()[r.investor];
    // So is a purchase whose fund account was refused before risk was asked: it must not have gone out, then.
    const bool no_account = o.state() == tv1::REFUSED && refused_accounts_.contains({o.ta_code(), r.investor});
    const bool ends_early = o.state() == tv1::REJECTED || o.state() == tv1::CANCELLED || no_account;
    const bool mismatch =
        who.risk_class > 0 && plan_.FundOf(business == 36 ? o.target_fund_code() : o.fund_code()).risk_grade > who.risk_class &&
        !r.content.mismatch_confirmed;
    const bool redeems = business == 24 || business == kAtOnce || SpeaksOfUnits(business);
    if (business != o.business() && !ends_early) ++tally_.more["reservations-sent"];
    if (business == o.business() && r.content.wanted.is_set() && !ends_early && o.trade_day() != TimePoint::FromRaw(o.received_at_us()).date().raw())
      ++tally_.more["reservations-kept"];
    if (!redeems && no_account && (who.risk_class == 0 || mismatch)) not_to_go_out_.insert(o.order_id());
    if (!redeems && !ends_early && (who.risk_class == 0 || mismatch)) {
      Fail("a purchase was taken that had to be refused", o.request_id(),
           mismatch ? "REJECTED RISK_ABOVE_CLASS" : "REJECTED QUESTIONNAIRE_MISSING", tv1::OrderState_Name(o.state()),
           o.order_id());
    }
    auto stopped = stopped_.find(o.fund_code());
    if (stopped != stopped_.end() && business == 22 && !ends_early &&
        TimePoint::FromRaw(o.received_at_us()) >= stopped->second.sure_from &&
        TimePoint::FromRaw(o.received_at_us()) < stopped->second.sure_to) {
      Fail("a purchase of a stopped fund was taken", o.request_id(), "REJECTED PURCHASE_STOPPED",
           tv1::OrderState_Name(o.state()), o.order_id());
    }
  }
  for (const auto& [request, r] : requests_)
    if (r.order != 0 && !seen.contains(request))
      Fail("an acknowledged order is gone", request, StrCat(r.order), "no order");
}

// What buyers hold of a quota, all together, is what product has given out, and never more than there is; nor does one buyer
// hold more than the limit of the day. What an institution refused makes room again.
void Judge::CheckQuotas(const Findings& found) {
  std::map<std::pair<std::string, int32_t>, int64_t> held;
  std::map<std::tuple<std::string, int32_t, uint64_t>, int64_t> by_person;
  for (const tv1::Order& o : found.orders) {
    if (Bare(o.business()) != 22 || o.state() == tv1::REJECTED || o.state() == tv1::CANCELLED || o.state() == tv1::REFUSED) continue;
    held[{o.fund_code(), PricedOn(o)}] += o.amount_fen();
    by_person[{o.fund_code(), PricedOn(o), o.investor_id()}] += o.amount_fen();
  }
  for (const auto& [key, taken] : found.quotas_taken) {
    const std::string what = StrCat("quota of ", key.first, " on ", key.second);
    const int64_t quota = plan_.FundOf(key.first).quota.raw();
    const auto buyers = held.find(key);
    const int64_t amount = buyers == held.end() ? 0 : buyers->second;
    if (amount > quota) Fail("buyers hold more than the quota", what, StrCat(quota), StrCat(amount));
    if (amount != taken) Fail("product's quota is not what buyers hold", what, StrCat(amount), StrCat(taken));
  }
  for (const auto& [key, amount] : by_person) {
    const int64_t limit = plan_.FundOf(std::get<0>(key)).day_limit.raw();
    if (limit == 0 || amount <= limit) continue;
    Fail("one person bought more than the limit of the day", StrCat(std::get<0>(key), " on ", std::get<1>(key)), StrCat(limit),
         StrCat(amount));
  }
}

// What a bank has paid, all together, is what was redeemed at once, each order once; now that it has the units nothing is out. And
// nobody had more of a fund on a calendar day than the law allows.
void Judge::CheckAdvances(const Findings& found) {
  int64_t paid = 0;
  std::map<std::tuple<uint64_t, std::string, int32_t>, int64_t> by_person;
  for (const tv1::Order& o : found.orders) {
    if (o.business() != kAtOnce || o.state() == tv1::REJECTED || o.state() == tv1::CANCELLED) continue;
    paid += o.units_e2();
    by_person[{o.investor_id(), o.fund_code(), TimePoint::FromRaw(o.received_at_us()).date().raw()}] += o.units_e2();
    ++tally_.at_once;
  }
  int64_t bank = 0;
  for (const auto& b : found.bank.advanced()) bank += b.amount_fen();
  if (bank != paid) Fail("the bank has advanced another sum than was redeemed at once", "bank 555", Yuan(paid), Yuan(bank));
  if (found.advances_out != 0) Fail("a bank has money out for units that it has", "bank 555", "0.00", Yuan(found.advances_out));
  constexpr int64_t kLawful = 10'000'00;
  for (const auto& [key, sum] : by_person) {
    if (sum <= kLawful) continue;
    Fail("one person redeemed more at once than a day allows", StrCat("investor ", std::get<0>(key), ", fund ", std::get<1>(key), ", ", std::get<2>(key)),
         Yuan(kLawful), Yuan(sum));
  }
}

// Each order that goes to its institution is in exactly one 03 file, as it was placed; all others in none.
void Judge::CheckOutFiles(const Findings& found) {
  std::map<std::string, std::string> where;
  std::map<std::string, const tv1::Order*> orders;
  for (const tv1::Order& o : found.orders) orders.emplace(FormatOrderId(OrderId(o.order_id())), &o);
  auto listing = found.files->List("out/");
  if (!listing.ok()) return Fail("the files cannot be listed", "out/", "a listing", listing.status().ToString());
  std::map<std::string, std::string> applications, legs;
  for (const FileInfo& info : *listing) {
    const bool trades = IsOf(info.name, "out/", "03");
    if (!trades && !IsOf(info.name, "out/", "01")) continue;
    const std::string bytes = *found.files->Read(info.name);
    auto reader = ofd::Reader::Open(info.name, bytes);
    if (!reader.ok()) {
      Fail("a file of ours cannot be read", info.name, "a readable file", reader.status().ToString());
      continue;
    }
    const ofd::Column serial = reader->Find("AppSheetSerialNo"), fund = reader->Find("FundCode"),
                      amount = reader->Find("ApplicationAmount"), units = reader->Find("ApplicationVol"),
                      account = reader->Find("TransactionAccountID"), date = reader->Find("TransactionDate");
    for (ofd::RecordView record; reader->Next(&record);) {
      const std::string id(record.Text(serial));
      // A conversion between institutions goes to both, under one number.
      const auto crossing = trades ? orders.find(id) : orders.end();
      if (crossing != orders.end() && crossing->second->business() == kCrossing &&
          info.name.starts_with(StrCat("out/", crossing->second->target_ta_code(), "/"))) {
        const auto [leg, first] = legs.emplace(id, info.name);
        if (!first) Fail("a line went out twice", id, leg->second, info.name);
        continue;
      }
      const auto [it, fresh] = (trades ? where : applications).emplace(id, info.name);
      if (!fresh) Fail("a line went out twice", id, it->second, info.name);
      if (!trades) continue;
      auto known = orders.find(id);
      if (known == orders.end()) {
        Fail("a line of no order", id, "no line", info.name);
        continue;
      }
      const tv1::Order& o = *known->second;
      const std::string is = StrCat(record.Text(fund), " ", Hundredths(record, amount), " ", Hundredths(record, units),
                                    " ", record.Text(account), " ", record.Text(date));
      if (Withdraws(o)) continue;  // it says the other order's number
      const std::string expected = StrCat(o.fund_code(), " ", o.amount_fen(), " ", o.units_e2(), " ",
                                          FormatInvestorId(InvestorId(o.investor_id())), " ", o.trade_day());
      if (is != expected) Fail("a line that is not its order", o.request_id(), expected, is, o.order_id());
      const std::string folder = StrCat("out/", o.ta_code(), "/", o.trade_day(), "/");
      if (!info.name.starts_with(folder))
        Fail("an order in another day's file", o.request_id(), folder, info.name, o.order_id());
    }
    if (!reader->status().ok()) {
      Fail("a file of ours cannot be read", info.name, "a readable file", reader->status().ToString());
    }
  }
  // A reservation that was given up after its institution had it.
  std::set<uint64_t> given_up;
  for (const auto& [id, o] : orders)
    if (o->business() == kGivenUp && WasConfirmed(*o)) given_up.insert(o->original_order_id());
  for (const auto& [id, o] : orders) {
    const bool out = where.contains(id);
    const bool must = WasConfirmed(*o) || o->state() == tv1::DISPATCHED || given_up.contains(o->order_id());
    const bool must_not =
        !given_up.contains(o->order_id()) &&
        (o->state() == tv1::REJECTED || o->state() == tv1::CANCELLED || not_to_go_out_.contains(o->order_id()));
    if (must && o->business() == kCrossing && !legs.contains(id))
      Fail("an order is in no 03 file", o->request_id(), StrCat("a line for institution ", o->target_ta_code()), "none", o->order_id());
    if (must_not && legs.contains(id))
      Fail("a refused or cancelled order went out", o->request_id(), "no line", legs.at(id), o->order_id());
    if (must && !out) Fail("an order is in no 03 file", o->request_id(), "one line", "none", o->order_id());
    if (must_not && out) {
      Fail("a refused or cancelled order went out", o->request_id(), "no line", where.at(id), o->order_id());
    }
  }
}

std::vector<Judge::Line> Judge::ReadConfirmations(const MemoryFiles& files) {
  std::vector<Line> out;
  auto listing = files.List("in/");
  if (!listing.ok()) return out;
  for (const FileInfo& info : *listing) {
    const bool dividends = IsOf(info.name, "in/", "06");
    if (!dividends && !IsOf(info.name, "in/", "04")) continue;
    const std::string bytes = *files.Read(info.name);
    auto reader = ofd::Reader::Open(info.name, bytes);
    if (!reader.ok()) continue;  // spoilt on purpose: its correction lies beside it
    const ofd::Column order = reader->Find("AppSheetSerialNo"), account = reader->Find("TransactionAccountID"),
                      fund = reader->Find("FundCode"), code = reader->Find("ReturnCode"),
                      business = reader->Find("BusinessCode"), amount = reader->Find("ConfirmedAmount"),
                      units = reader->Find("ConfirmedVol"), fee = reader->Find("Charge"), original = reader->Find("OriginalAppSheetNo"),
                      serial = reader->Find("TASerialNO"), day = reader->Find("TransactionCfmDate");
    for (ofd::RecordView record; reader->Next(&record);) {
      Line l;
      l.file = info.name;
      l.order = record.Text(order);
      // Results of reservations may come under a number of the institution's own.
      if (l.order.starts_with("R")) l.order = record.Text(original);
      l.account = record.Text(account);
      l.fund = record.Text(fund);
      l.code = record.Text(code);
      l.serial = record.Text(serial);
      l.business = dividends ? 143 : static_cast<uint32_t>(std::atoi(std::string(record.Text(business)).c_str()));
      l.amount = Hundredths(record, amount);
      l.units = Hundredths(record, units);
      l.fee = Hundredths(record, fee);
      l.day = std::atoi(std::string(record.Text(day)).c_str());
      out.push_back(std::move(l));
    }
  }
  return out;
}

// What an order came to is what a line of its institution says; a refusal was asked for.
void Judge::CheckConfirmations(const Findings& found) {
  std::multimap<std::string, const Line*> lines;
  for (const Line& l : confirmations_) lines.emplace(l.order, &l);
  for (const tv1::Order& o : found.orders) {
    const std::string id = FormatOrderId(OrderId(o.order_id()));
    if (o.state() == tv1::REFUSED) {
      auto r = requests_.find(o.request_id());
      if (r == requests_.end()) continue;  // found before
      const bool account = refused_accounts_.contains({o.ta_code(), r->second.investor});
      // Who is registered through somebody else is joined by 008 after the first orders, which the institution refuses.
      const auto& elsewhere = plan_.investors()[r->second.investor]->registered_at;
      const bool joined =
          o.return_code() == "0303" && std::find(elsewhere.begin(), elsewhere.end(), o.ta_code()) != elsewhere.end();
      const std::string forced = StrCat("forced:", FormatInvestorId(InvestorId(o.investor_id())), ":", o.fund_code());
      // An order that was accepted before the account's freeze or loss of the same day; one that met its end at the institution.
      const auto asked = [&](uint32_t business) { return WasAsked(r->second.investor, o.ta_code(), business); };
      const bool barred = (o.return_code() == "0002" && asked(4)) || (o.return_code() == "0003" && asked(6)) ||
                          (o.return_code() == "0316" && (asked(2) || asked(9)));
      const bool taken =
          o.return_code() == "0001" &&
          (Was(Fault::kTaForced, forced) || Was(Fault::kTaStarts, forced) ||
           TookMore(r->second.investor, o.fund_code()));
      // Somebody who has no account there gets nothing; of two thaws of the same units one comes too late.
      const bool unmoved = (o.business() == 33 && o.return_code() == "0386") ||
                           (o.business() == 32 && (o.return_code() == "0504" || o.return_code() == "0398"));
      if (!account && !joined && !barred && !taken && !EndsWithOffer(o, found) && !unmoved && !Was(Fault::kTaRefuses, id)) {
        Fail("a refusal that its institution had no cause for", o.request_id(), "a confirmation",
             StrCat("REFUSED ", o.return_code(), " ", o.return_detail()), o.order_id());
      }
    }
    if (!WasConfirmed(o) || Withdraws(o)) continue;
    bool same = false;
    std::string said;
    const auto [from, to] = lines.equal_range(id);
    if (o.business() == kCrossing) {
      int64_t fees = 0;
      bool left = false, entered = o.target_units_e2() == 0;
      for (auto it = from; it != to; ++it) {
        const Line& l = *it->second;
        const bool leaves = l.business == 138 && l.amount == o.confirmed_amount_fen() && l.units == o.confirmed_units_e2();
        const bool enters = l.business == 137 && l.amount == o.target_amount_fen() && l.units == o.target_units_e2() && l.units > 0;
        if ((leaves && !left) || (enters && !entered)) fees += l.fee;
        left |= leaves;
        entered |= enters;
      }
      same = left && entered && fees == o.fee_fen();
      ++tally_.crossed;
    }
    // A rest that went on has a line for each day: the last one said of it, where one was corrected.
    if (o.defer_large_redemption()) {
      std::map<int32_t, const Line*> days;
      for (auto it = from; it != to; ++it)
        if (it->second->code == "0000" || it->second->code == "0410") days[it->second->day] = it->second;
      Line sum;
      for (const auto& [day, l] : days) {
        sum.amount += l->amount;
        sum.units += l->units;
        sum.fee += l->fee;
        sum.day = day;
      }
      same = sum.amount == o.confirmed_amount_fen() && sum.units == o.confirmed_units_e2() && sum.fee == o.fee_fen() &&
             sum.day == o.confirm_day();
      if (days.size() > 1) ++tally_.deferred;
    }
    for (auto it = from; it != to; ++it) {
      const Line& l = *it->second;
      if ((Bare(o.business()) == 20 && l.business == 120) || (Bare(o.business()) != o.business() && l.business == o.business() + 100)) continue;  // received, no more
      same |= l.amount == o.confirmed_amount_fen() && l.units == o.confirmed_units_e2() && l.fee == o.fee_fen() &&
              l.day == o.confirm_day();
      said += StrCat(said.empty() ? "" : ", ", Yuan(l.amount), " for ", UnitsText(l.units), " units, fee ", Yuan(l.fee),
                     " on ", l.day);
    }
    if (same) continue;
    Fail("a confirmation that no line says", o.request_id(), said.empty() ? "a line" : said,
         StrCat(Yuan(o.confirmed_amount_fen()), " for ", UnitsText(o.confirmed_units_e2()), " units, fee ",
                Yuan(o.fee_fen()), " on ", o.confirm_day()),
         o.order_id());
  }
}

// Deposits − withdrawals − purchases + redemptions, to the fen, for each investor.
void Judge::CheckMoney(const Findings& found) {
  std::map<uint64_t, int64_t> expected;
  for (const auto& [request, p] : payments_) {
    if (p.id != 0 && p.state == av1::DONE)
      expected[investors_.at(p.investor).id] += p.deposit ? p.amount_fen : -p.amount_fen;
  }
  std::map<std::string, int64_t> at_ta;  // what each institution has got from us, less what it has paid
  for (const tv1::Order& o : found.orders) {
    if (Bare(o.business()) == 20 && o.state() == tv1::REFUSED && plan_.FundOf(o.fund_code()).offer->failed && o.return_code() == "0373") {
      expected[o.investor_id()] += InterestOf(o);
      at_ta[o.ta_code()] -= InterestOf(o);
    }
    if (!WasConfirmed(o)) continue;
    if (o.business() == kCrossing) {
      // What left the one institution goes to the other, or comes back where that one did not take it.
      expected[o.investor_id()] += o.confirmed_amount_fen() - o.target_amount_fen();
      at_ta[o.ta_code()] -= o.confirmed_amount_fen();
      at_ta[o.target_ta_code()] += o.target_amount_fen();
      continue;
    }
    if (o.business() == 36 || Withdraws(o) || SpeaksOfUnits(o.business())) continue;  // no money moves
    if (o.business() == kAtOnce) {  // the bank's money, a yuan a unit, and never through the institution
      expected[o.investor_id()] += o.units_e2();
      continue;
    }
    const int64_t sign = Bare(o.business()) == 24 ? 1 : -1;
    expected[o.investor_id()] += sign * o.confirmed_amount_fen();
    if (o.state() == tv1::SETTLED) at_ta[o.ta_code()] -= sign * o.confirmed_amount_fen();
  }
  std::set<std::string> counted;
  for (const Line& l : confirmations_) {
    if ((l.business != 142 && l.business != 143 && l.business != 157) || !counted.insert(StrCat(l.serial, "/", l.day, "/", l.fund)).second) continue;
    InvestorId id;
    if (!ParseInvestorId(l.account, &id)) continue;
    expected[id.raw()] += l.amount;
    at_ta[plan_.FundOf(l.fund).ta] -= l.amount;
  }
  // What institutions gave back after a result is the investor's; what they asked for was advanced, by nobody's money here but the
  // account's own, and stays in suspense.
  int64_t advanced = 0;
  std::map<std::string, int64_t> refunded;
  for (const Injected& i : injected_) {
    OrderId id;
    if (i.fault != Fault::kRefunds || !ParseOrderId(i.order, &id)) continue;
    ++tally_.more[i.refunded_fen != 0 ? "refunds" : "further-payments"];
    const auto order = std::find_if(found.orders.begin(), found.orders.end(), [&](const tv1::Order& o) { return o.order_id() == id.raw(); });
    if (order != found.orders.end()) expected[order->investor_id()] += i.refunded_fen;
    refunded[i.order] += i.refunded_fen;
    at_ta[i.ta] += i.asked_fen - i.refunded_fen;
    advanced += i.asked_fen;
  }
  for (const tv1::Order& o : found.orders) {
    const auto back = refunded.find(FormatOrderId(OrderId(o.order_id())));
    const int64_t fen = back == refunded.end() ? 0 : back->second;
    if (o.refunded_fen() != fen) Fail("an order's refund is another than its institution gave", o.request_id(), Yuan(fen), Yuan(o.refunded_fen()), o.order_id());
  }
  for (const auto& [id, fen] : found.interest_credited) expected[id] += fen;
  for (const auto& [id, fen] : paid_on_) expected[id] -= fen;
  int64_t in_accounts = 0;
  for (const av1::GetAccountResponse& a : found.accounts) {
    const std::string who = StrCat("investor ", a.investor_id());
    in_accounts += a.available_fen();
    if (a.available_fen() != expected[a.investor_id()]) {
      Fail("an investor's money does not add up", who, Yuan(expected[a.investor_id()]), Yuan(a.available_fen()));
    }
    if (a.reserved_fen() != 0) Fail("a reservation outlived its order", who, "0.00 reserved", Yuan(a.reserved_fen()));
    if (a.awaiting_fen() != 0) Fail("a payment is awaited for ever", who, "0.00 awaited", Yuan(a.awaiting_fen()));
    if (a.withdrawing_fen() != 0) Fail("a withdrawal is under way for ever", who, "0.00", Yuan(a.withdrawing_fen()));
    for (const auto& p : a.positions()) {
      if (p.frozen_units_e2() != p.blocked_units_e2()) {
        Fail("a reservation outlived its order", who, StrCat(UnitsText(p.blocked_units_e2()), " units frozen"),
             StrCat(UnitsText(p.frozen_units_e2()), " of ", p.fund_code()));
      }
    }
  }
  if (found.bank.settlement_fen() != in_accounts - advanced) {
    Fail("the bank has other money than the investors", "settlement account", Yuan(in_accounts - advanced),
         Yuan(found.bank.settlement_fen()));
  }
  for (const auto& b : found.bank.ta()) at_ta[b.account()] -= b.amount_fen();
  for (const auto& [ta, left] : at_ta) {
    if (left != 0)
      Fail("an institution was paid another sum than its confirmations say", StrCat("institution ", ta), "0.00 over",
           Yuan(left));
  }
  // The institution's own account of what it should have got.
  for (const auto& [ta, report] : found.tas) {
    int64_t due = 0, has = 0;
    for (const ta_sim::CashReport& c : report.cash)
      if (c.pay_day <= found.today) due += c.receive.raw() - c.pay.raw();
    for (const auto& b : found.bank.ta())
      if (b.account() == ta) has = b.amount_fen();
    if (due != has)
      Fail("an institution has other money than its own books say", StrCat("institution ", ta), Yuan(due), Yuan(has));
  }
}

void Judge::CheckUnits(const Findings& found) {
  std::map<std::string, int64_t> both;  // "investor fund": ours less theirs
  for (const av1::GetAccountResponse& a : found.accounts)
    for (const auto& p : a.positions())
      both[StrCat(FormatInvestorId(InvestorId(a.investor_id())), " ", p.fund_code())] += p.units_e2();
  for (const auto& [ta, report] : found.tas)
    for (const auto& h : report.holdings) both[StrCat(h.trading.view(), " ", h.fund.view())] -= h.units.raw();
  for (const auto& [who, left] : both) {
    if (left != 0)
      Fail("units differ from the institution's register", StrCat("investor ", who), "0.00 over", UnitsText(left));
  }
}

void Judge::CheckBooks(const Findings& found) {
  const auto& books = found.books;
  if (!books.balanced()) Fail("the books do not balance", "trial balance", "balance", books.difference());
  int64_t cash = 0, bank = 0;
  std::map<std::string, int64_t> units, left;
  for (const av1::Leg& leg : books.cash()) {
    cash += leg.amount_fen();
    if (leg.name() == "BANK") bank += leg.amount_fen();
    if (leg.name() == "SUSPENSE" || leg.name() == "SETTLEMENT_INTEREST" || leg.name() == "TA_PAYABLE" || leg.name() == "TA_RECEIVABLE" ||
        leg.name() == "ADVANCED" || leg.name() == "ADVANCE_CLAIM" || leg.name() == "RESERVED" || leg.name() == "CONVERTING" || leg.name() == "AWAITING" || leg.name() == "WITHDRAWING") {
      left[StrCat(leg.name(), " ", leg.ta_code())] += leg.amount_fen();
    }
  }
  for (const av1::Leg& leg : books.units()) {
    units[leg.fund_code()] += leg.units_e2();
    if (leg.name() == "UNITS_SUSPENSE" || leg.name() == "UNITS_FROZEN")
      left[StrCat(leg.name(), " ", leg.fund_code())] += leg.units_e2();
  }
  // So does what was advanced to an institution that asked for more, until somebody has it from the investor.
  for (const Injected& i : injected_)
    if (i.asked_fen != 0) left[StrCat("SUSPENSE ", i.ta)] -= i.asked_fen;
  // What an institution has frozen may stay so.
  for (const av1::GetAccountResponse& a : found.accounts) {
    for (const auto& p : a.positions()) {
      int64_t& frozen = left[StrCat("UNITS_FROZEN ", p.fund_code())];
      frozen += frozen < 0 ? p.blocked_units_e2() : -p.blocked_units_e2();
    }
  }
  if (cash != 0) Fail("the books do not balance", "all cash", "0.00", Yuan(cash));
  for (const auto& [fund, sum] : units)
    if (sum != 0) Fail("the books do not balance", StrCat("units of ", fund), "0.00", UnitsText(sum));
  for (const auto& [leg, sum] : left)
    if (sum != 0) Fail("something is left over on a house account", leg, "0.00", Yuan(sum));
  if (bank != found.bank.settlement_fen()) {
    Fail("the bank's books differ from ours", "settlement account", Yuan(bank), Yuan(found.bank.settlement_fen()));
  }
}

// A break has a cause that the run put there, and each such cause was found.
// A line that differs is caused by what was done to that very line, or to another one of the same investor and fund: then the
// lots that are left are others. A fen that differs elsewhere is nobody's but ours.
bool Judge::MayCause(const Injected& i, const clearing::v1::Break& b) const {
  if (i.ta != b.ta_code() || !(i.breaks.contains(b.kind()) || i.may.contains(b.kind()))) return false;
  // A freeze of more than is held stops at what is there, and a dividend that is reinvested on that very day is there for the
  // institution before the freeze and for us after it.
  if (i.fault == Fault::kRefunds)
    return FormatOrderId(OrderId(b.order_id())) == i.order && (b.rule() == "FURTHER_PAYMENT_ASKED" || b.rule() == "FURTHER_PAYMENT_ADVANCED");
  if (i.fault == Fault::kTaStarts && b.kind() == "BALANCE_DIFFERS") return b.rule() == "FROZEN_DIFFERS";
  if (b.kind() != "CONFIRMATION_DIFFERS" || !by_order_.contains(b.order_id())) return true;
  const std::string investor = FormatInvestorId(InvestorId(InvestorIdOf(InvestorOf(b.order_id()))));
  const std::string fund = FundOf(b.order_id());
  // Lots that were converted bring what was done to them into the fund that they enter.
  const size_t who = InvestorOf(b.order_id());
  const auto& own = investors_.at(who).requests;
  const bool converts = std::any_of(own.begin(), own.end(), [&](const std::string& id) {
    const Request& r = requests_.at(id);
    return r.content.business == 36 && r.content.target == fund;
  });
  OrderId order;
  if (!ParseOrderId(i.order, &order))
    return i.order == StrCat("forced:", investor, ":", fund) || (converts && i.order.starts_with(StrCat("forced:", investor, ":")));
  if (!by_order_.contains(order.raw())) return false;
  return order.raw() == b.order_id() || (InvestorOf(order.raw()) == who && (FundOf(order.raw()) == fund || converts));
}

void Judge::CheckBreaks(const Findings& found) {
  for (const auto& b : found.breaks) {
    if (b.state() != "CLOSED") {
      Fail("a break is open", StrCat("break ", b.break_id()), "CLOSED",
           StrCat(b.kind(), " ", b.state(), " ", b.message()), b.order_id());
    }
    // An order that recovery accepted after the export is in a later transfer of its day. Where that comes after the
    // institution has answered, the answer lacks the order and the next one has it, with its own date.
    const bool late = std::any_of(found.orders.begin(), found.orders.end(), [&](const tv1::Order& o) {
      return o.order_id() == b.order_id() && o.transfer_no() > 1 &&
             (b.kind() == "MISSING_CONFIRMATION" || b.rule() == "CONFIRM_DAY_DIFFERS");
    });
    if (late) continue;
    // The second institution of a conversion answers once it has the first one's file: a day late, where that one is slow.
    const bool behind = std::any_of(found.orders.begin(), found.orders.end(), [&](const tv1::Order& o) {
      return o.order_id() == b.order_id() && o.business() == kCrossing && o.target_ta_code() == b.ta_code() &&
             (b.kind() == "MISSING_CONFIRMATION" || b.rule() == "CONFIRM_DAY_DIFFERS");
    });
    if (behind) continue;
    const bool caused =
        std::any_of(injected_.begin(), injected_.end(), [&](const Injected& i) { return MayCause(i, b); });
    if (!caused) {
      Fail("a break without a cause", StrCat("break ", b.break_id()), "no break",
           StrCat(b.kind(), " at ", b.ta_code(), " of ", b.day(), ": ", b.message()), b.order_id());
    }
  }
  for (const Injected& i : injected_) {
    if (i.breaks.empty()) continue;
    // What stands beside a refusal counts for nothing, and an order that hangs on a refused account needs no line.
    const bool refused = std::any_of(found.orders.begin(), found.orders.end(), [&](const tv1::Order& o) {
      return o.state() == tv1::REFUSED && FormatOrderId(OrderId(o.order_id())) == i.order;
    });
    if (refused) continue;
    const bool reported = std::any_of(found.breaks.begin(), found.breaks.end(), [&](const clearing::v1::Break& b) {
      const bool same_order = i.order.empty() || b.order_id() == 0 || FormatOrderId(OrderId(b.order_id())) == i.order;
      return b.ta_code() == i.ta && i.breaks.contains(b.kind()) && same_order;
    });
    if (reported) continue;
    Fail("an error of an institution was not found", i.order.empty() ? StrCat("institution ", i.ta) : i.order,
         StrCat("a break: ", *i.breaks.begin()),
         StrCat("none for ", FaultName(i.fault), " in the answer of ", i.answer_day.Iso()));
  }
}

}  // namespace fundcore::simulation
