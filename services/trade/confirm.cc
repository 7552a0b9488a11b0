// What the transfer agent says: confirmations, refusals, payment.
//
// Facts confirmed by a transfer agent are never refused here. A line that does not fit its order's state is recorded
// with the order and changes nothing else; reconciliation sees it.
#include <algorithm>

#include "services/trade/aftermath_line.h"
#include "services/trade/machine.h"

namespace fundcore::trade {
namespace {

constexpr uint64_t kSettlesACommand = 4'000;
constexpr uint8_t kOfferReceipt = 120;  // an offer's subscription is confirmed twice: its receipt, then its result
constexpr uint8_t kOfferFailure = 149;
constexpr uint8_t kRedemptionConfirmed = 124;
constexpr uint8_t kPlanRedemptionConfirmed = 163;
constexpr uint8_t kConvertInConfirmed = 137;
constexpr uint8_t kConvertOutConfirmed = 138;
constexpr uint8_t kRefundConfirmed = 140;  // money comes back after the result
constexpr uint8_t kFurtherPayment = 141;
constexpr uint8_t kVoidPayment = 154;
constexpr uint8_t kAllotment = 146;  // a number to be drawn; the result says what came of it

enum class LineKind { kSuccess, kNote, kRefusal };

// 0000 and 0408 confirm, 0410 is the rest of a large redemption; 0007 (reservation received) and 0209 (moved to the
// next working day) say that more will come. All other codes refuse.
LineKind KindOf(std::string_view code) {
  if (code == "0000" || code == "0408" || code == "0410") return LineKind::kSuccess;
  if (code == "0007" || code == "0209") return LineKind::kNote;
  return LineKind::kRefusal;
}

uint32_t PackCode(std::string_view code) {
  uint32_t packed = 0;
  for (size_t i = 0; i < 4; ++i) packed = (packed << 8) | (i < code.size() ? static_cast<uint8_t>(code[i]) : 0u);
  return packed;
}

}  // namespace

TradeMachine::Result TradeMachine::Execute(const ApplyConfirmations& c, const machine::Context& ctx) {
  Begin();
  const FileProgress* known = files_.Find(c.file);
  const uint64_t next = known ? known->next_index : 0;
  if (c.first_index > next) return {.reason = Reason::kConfirmationGap, .number = next};
  const uint64_t end = c.first_index + c.lines.size();
  if (end <= next) return {.number = next};

  FileProgress& progress = files_.Mutable(c.file);
  if (progress.name == 0) progress.name = files_named_.Number(c.file_name);
  const NameNo file = progress.name;
  auto more = c.converted.begin();
  for (uint64_t i = next; i < end; ++i) {
    const uint64_t item = i - c.first_index;
    while (more != c.converted.end() && more->item < item) ++more;
    const bool has = more != c.converted.end() && more->item == item;
    ApplyLine(c, c.lines[item], has ? &*more : nullptr, file, ctx.now);
  }
  files_.Mutable(c.file).next_index = end;
  TellEnds(ctx);
  AdvanceUndecided();
  return {.number = end};
}

void TradeMachine::ApplyLine(const ApplyConfirmations& c, const ConfirmedLine& line, const ConvertedLine* more,
                             NameNo file, TimePoint now) {
  const uint64_t seq = SequenceOf(line.order);
  if (!line.order.is_set() || PartitionOf(line.order) != partition_) return;
  const Order* known = orders_.Find(seq);
  if (!known || known->business == kConvertIn) return;
  if (IsConversion(known->business)) return ApplyConverted(c, line, more, seq, file, now);

  if (c.follows_money && FollowMoney(seq, line)) return;
  if (c.follows_changes && line.business == kVoidPayment) return;  // says nothing of the order that it names
  if (c.follows_changes && ChangedUnasked(seq, line, file, c.file_name, now)) return;

  Order& o = orders_.Mutable(seq);
  Aftermath& a = aftermaths_.Mutable(seq);
  const LineKind kind = KindOf(line.return_code.view());
  const bool under_way =
      o.state == OrderState::kDispatched || (o.state == OrderState::kAccepted && o.transfer.is_set());
  // An order may hang on a refused fund account before it was sealed, even before it was judged.
  const bool refusable = under_way || o.state == OrderState::kAccepted || o.state == OrderState::kReceived ||
                         o.state == OrderState::kChallenged;
  if (kind == LineKind::kRefusal ? !refusable : !under_way) {
    ++a.odd_lines;
    a.detail = StrCat("line ", line.line, " of ", c.file_name, " (", int{line.business}, ", ", line.return_code.view(),
                      ") does not fit the order's state");
    return;
  }
  TakeLine(line, file, now, a);
  if (!line.ta_account.empty()) o.ta_account = line.ta_account;
  a.detail = line.error_detail;
  switch (kind) {
    case LineKind::kNote: return Noted(seq);
    case LineKind::kRefusal: ApplyRefusal(seq, o, a, line); return TellPlan(seq, o, now);
    case LineKind::kSuccess: ApplySuccess(seq, o, a, line, c.follows_rests, now); return TellPlan(seq, o, now);
  }
}

// The result stands, and so does the order's state: account pays the refund when the institution has paid it. A further
// payment is a matter between people.
bool TradeMachine::FollowMoney(uint64_t seq, const ConfirmedLine& line) {
  if (line.business != kRefundConfirmed && line.business != kFurtherPayment) return false;
  if (line.business == kFurtherPayment || KindOf(line.return_code.view()) != LineKind::kSuccess) return true;
  if (!MovesCash(orders_.Find(seq)->business)) {
    ++aftermaths_.Mutable(seq).odd_lines;
    return true;
  }
  Refunded& refunded = refunds_.Mutable(seq);
  refunded.amount += line.amount;
  refunded.day = line.confirm_day;
  Noted(seq);
  return true;
}

void TradeMachine::ApplyRefusal(uint64_t seq, Order& o, Aftermath& a, const ConfirmedLine& line) {
  if (o.state == OrderState::kChallenged) EndChallenge(seq, o);
  if (IsRedemption(o.business) && rests_.Find(seq)) return ConcludeRest(seq);
  // The rest is refused of what was confirmed in part before: the part stands.
  if (a.amount.is_positive() || a.units.is_positive()) {
    a.in_part = true;
    Change(seq, o, [&] { o.state = OrderState::kConfirmed; });
    return ListForSettlement(seq, o, line);
  }
  Change(seq, o, [&] {
    o.state = OrderState::kRefused;
    o.source = ReasonSource::kTransferAgent;
    o.reason = PackCode(line.return_code.view());
  });
}

void TradeMachine::ApplySuccess(uint64_t seq, Order& o, Aftermath& a, const ConfirmedLine& line, bool follows_rests,
                                TimePoint now) {
  if (o.business == kWithdrawRest) return RestWithdrawn(seq, o);
  if (o.business == kWithdrawReservation) return ReservationWithdrawn(seq, o, now);
  if (o.business == kAdjustSubscription) return AdjustmentConfirmed(seq, o, a, line);
  if (IsReceipt(o, line.business)) return Noted(seq);
  if (line.business == kOfferReceipt) return Noted(seq);
  if (line.business == kAllotment && follows_rests) return Noted(seq);
  if (line.business == kOfferFailure) {
    Change(seq, o, [&] {
      o.state = OrderState::kRefused;
      o.source = ReasonSource::kTrade;
      o.reason = static_cast<uint32_t>(Reason::kOfferFailed);
    });
    return;
  }
  a.amount += line.amount;
  a.units += line.units;
  a.fee += line.charge;
  a.nav = line.nav;
  a.in_part = AppliesForUnits(o.business) ? a.units < o.units : a.amount < o.amount;
  const bool rest = IsRedemption(o.business) && follows_rests && (line.interim || rests_.Find(seq));
  if (rest) FollowRest(seq, o, line);
  if (line.interim) return Noted(seq);
  if (rest && !line.units.is_positive()) return ConcludeRest(seq);
  // No money follows: it is done with.
  if (IsPlanContract(o.business)) a.in_part = false;
  if (IsFast(o.business)) quota_releases_.Add(seq);  // the bank has units for its money
  if (SpeaksOfUnits(o.business) || IsPlanContract(o.business)) return Change(seq, o, [&] { o.state = OrderState::kSettled; });
  Change(seq, o, [&] { o.state = OrderState::kConfirmed; });
  ListForSettlement(seq, o, line);
}

// A conversion is confirmed by one line (136), or by one for each side (138 and 137) in either order: where the funds have
// different institutions, and where an institution answers its 036 so. It has its result when both sides have theirs.
void TradeMachine::ApplyConverted(const ApplyConfirmations& c, const ConfirmedLine& line, const ConvertedLine* more,
                                  uint64_t seq, NameNo file, TimePoint now) {
  Order& o = orders_.Mutable(seq);
  Conversion& k = conversions_.Mutable(seq);
  Aftermath& a = aftermaths_.Mutable(seq);
  const bool of_in = line.business == kConvertInConfirmed, of_out = line.business == kConvertOutConfirmed;
  Order* leg = k.other != 0 ? &orders_.Mutable(k.other) : nullptr;
  const Order& side = of_in && leg ? *leg : o;
  const LineKind kind = KindOf(line.return_code.view());
  const bool under_way =
      side.state == OrderState::kDispatched || (side.state == OrderState::kAccepted && side.transfer.is_set());
  const bool refusable = under_way || side.state == OrderState::kAccepted || side.state == OrderState::kReceived ||
                         side.state == OrderState::kChallenged;
  const bool done = of_in ? k.in_done : of_out ? k.out_done : k.in_done || k.out_done;
  if (done || (kind == LineKind::kRefusal ? !refusable : !under_way)) {
    ++a.odd_lines;
    a.detail = StrCat("line ", line.line, " of ", c.file_name, " (", int{line.business}, ", ", line.return_code.view(),
                      ") does not fit the order's state");
    return;
  }
  ++a.lines;
  a.confirmed_at = now;
  a.file = file;
  a.line = line.line;
  a.detail = line.error_detail;
  if (of_in) {
    k.in_code = line.return_code;
    if (line.confirm_day.is_set()) k.in_day = line.confirm_day;
  } else {
    a.business = line.business;
    a.return_code = line.return_code;
    if (line.confirm_day.is_set()) a.confirm_day = line.confirm_day;
    if (!line.ta_serial.empty()) a.ta_serial = line.ta_serial;
    if (!line.ta_account.empty()) o.ta_account = line.ta_account;
  }
  if (kind == LineKind::kNote) return Noted(seq);
  if (kind == LineKind::kSuccess) {
    a.fee += line.charge;
    if (more) k.difference_fee += more->difference_fee;
    if (!of_in) {
      a.amount += line.amount;
      a.units += line.units;
      a.nav = line.nav;
    }
    if (!of_out) {
      k.in_amount += line.amount;
      k.in_units += of_in ? line.units : more ? more->units : Units();
      k.in_nav = of_in ? line.nav : more ? more->nav : Nav();
    }
    if (line.interim) return Noted(seq);
  }
  if (!of_out) k.in_done = true;
  if (!of_in) k.out_done = true;
  if (!of_in && a.units.is_positive()) ListForSettlement(seq, o, line);
  if (of_in && leg) {
    const bool entered = k.in_units.is_positive();
    Change(k.other, *leg, [&] { leg->state = entered ? OrderState::kConfirmed : OrderState::kRefused; });
    if (entered) ListForSettlement(k.other, *leg, line);
  }
  if (o.state == OrderState::kChallenged) EndChallenge(seq, o);
  ConcludeConversion(seq, o, k);
}

void TradeMachine::ConcludeConversion(uint64_t seq, Order& o, Conversion& k) {
  if (!k.out_done || !k.in_done) return Noted(seq);
  Aftermath& a = aftermaths_.Mutable(seq);
  const bool left = a.units.is_positive(), entered = k.in_units.is_positive();
  if (left || entered) {
    a.in_part = !left || !entered || a.units < o.units;
    // Where nothing left, nothing of the order is to be paid; what entered then is a break of account's.
    Change(seq, o, [&] { o.state = k.paid || !left ? OrderState::kSettled : OrderState::kConfirmed; });
    return;
  }
  Change(seq, o, [&] {
    o.state = OrderState::kRefused;
    o.source = ReasonSource::kTransferAgent;
    o.reason = PackCode(a.return_code.empty() ? k.in_code.view() : a.return_code.view());
  });
  Follow(seq, o);
}

void TradeMachine::ListForSettlement(uint64_t seq, const Order& o, const ConfirmedLine& line) {
  // The cash file folds the redemptions of plans into those of investors.
  const uint8_t business = line.business == kPlanRedemptionConfirmed ? kRedemptionConfirmed : line.business;
  const SettlementKey key{TaOf(o), line.confirm_day, FundOf(o), business};
  Settlement& s = settlements_.Mutable(key);
  settlement_chunks_.Mutable({key.ta, key.confirm_day, key.fund, key.business, s.count / kSettlementChunk})
      .orders.push_back(seq);
  ++s.count;
}

TradeMachine::Result TradeMachine::Execute(const Settle& c, const machine::Context& ctx) {
  Begin();
  const SettlementKey key{c.ta, c.confirm_day, c.fund, c.business};
  const Settlement* known = settlements_.Find(key);
  if (!known) return {};
  if (known->cursor == known->count) return {.number = known->settled};

  Settlement& s = settlements_.Mutable(key);
  if (!s.settled_at.raw()) s.settled_at = ctx.now;
  const uint64_t end = std::min(s.count, s.cursor + kSettlesACommand);
  while (s.cursor < end) {
    const uint64_t chunk = s.cursor / kSettlementChunk;
    const SettlementChunk* list = settlement_chunks_.Find({key.ta, key.confirm_day, key.fund, key.business, chunk});
    FC_CHECK(list, "settlement chunk ", chunk, " is not there");
    const uint64_t stop = std::min(end, (chunk + 1) * kSettlementChunk);
    for (; s.cursor < stop; ++s.cursor) {
      const uint64_t seq = list->orders[s.cursor % kSettlementChunk];
      Order& o = orders_.Mutable(seq);
      if (IsRedemption(o.business) && !NoteRestPaid(seq, key.confirm_day)) continue;
      if (o.state != OrderState::kConfirmed) {
        // Paid, and the other side of the conversion is not known yet: it is settled the moment that is.
        if (IsConversion(o.business) && !IsFinal(o.state)) conversions_.Mutable(seq).paid = true;
        continue;
      }
      Change(seq, o, [&] { o.state = OrderState::kSettled; });
      ++s.settled;
    }
  }
  return {.number = s.settled, .more = s.cursor < s.count};
}

}  // namespace fundcore::trade
