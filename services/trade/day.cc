// The trading day: closing it, sealing its orders into transfers, marking transfers as dispatched.
//
// All of these advance by a cursor, so that no command holds the partition up for long: they are submitted again while
// the result says `more`, and after the end they change nothing.
#include <algorithm>

#include "common/fund/seal_hash.h"
#include "services/trade/machine.h"

namespace fundcore::trade {
namespace {

constexpr size_t kLapsesACommand = 2'000;
constexpr uint64_t kChangesACommand = 4'000;
constexpr uint64_t kLooksACommand = 20'000;

struct DayPrefix {
  TaCode ta;
  Date day;
  FC_FIELDS(ta, day)
};

}  // namespace

TradeMachine::Result TradeMachine::Execute(const CloseDay& c, const machine::Context& ctx) {
  Begin();
  const InstitutionTerms* terms = products_.Institution(c.ta);
  if (!terms) return {.reason = Reason::kInstitutionUnknown};
  if (ctx.now < TimePoint::At(c.day, terms->cutoff) + c.grace) return {.reason = Reason::kDayNotOver};

  const Day* known = days_.Find({c.day, c.ta});
  if (!known || known->closed_from == 0) {
    Day& day = days_.Mutable({c.day, c.ta});
    day.closed_at = ctx.now;
    day.closed_from = waters_.Get().next;
  }
  std::vector<uint64_t> lapsed;
  challenges_.ScanPrefix(DayPrefix{c.ta, c.day}, [&](const ChallengeKey& key, const Present&) {
    lapsed.push_back(key.order);
    return lapsed.size() < kLapsesACommand;
  });
  for (uint64_t seq : lapsed) {
    Order& o = orders_.Mutable(seq);
    EndChallenge(seq, o);
    Change(seq, o, [&] { SetRejected(o, ReasonSource::kTrade, static_cast<uint32_t>(Reason::kChallengeLapsed)); });
    Follow(seq, o);
    aftermaths_.Mutable(seq).ended_at = ctx.now;
    releases_.Add(seq);
  }
  return {.more = lapsed.size() == kLapsesACommand};
}

TradeMachine::Result TradeMachine::Execute(const Seal& c, const machine::Context& ctx) {
  Begin();
  const TransferKey key{c.ta, c.day, c.transfer};
  if (const Transfer* done = transfers_.Find(key); done && done->sealed) return {.number = done->count};

  Transfer& t = transfers_.Mutable(key);
  if (!t.sealed_at.raw()) {
    t.sealed_at = ctx.now;
    const Day* day = days_.Find({c.day, c.ta});
    t.cursor = day ? day->first : 1;
    t.until = day ? day->last : 0;
  }
  const NameNo ta = tas_.Number(c.ta.view());
  uint64_t changed = 0;
  for (uint64_t looks = 0; t.cursor <= t.until && looks < kLooksACommand && changed < kChangesACommand;
       ++looks, ++t.cursor) {
    const Order* seen = orders_.Find(t.cursor);
    if (!seen || seen->state != OrderState::kAccepted || seen->transfer.is_set()) continue;
    if (seen->trade_day != c.day || seen->ta != ta) continue;
    Order& o = orders_.Mutable(t.cursor);
    Change(t.cursor, o, [&] { o.transfer = c.transfer; });
    TransferPage& page =
        transfer_pages_.Mutable({c.ta, c.day, c.transfer, static_cast<uint32_t>(t.count / kOrdersPerPage)});
    if (page.first == 0) page.first = t.cursor;
    page.last = t.cursor;
    if (t.first == 0) t.first = t.cursor;
    t.last = t.cursor;
    ++t.count;
    t.sum_amount += static_cast<uint64_t>(o.amount.raw());
    t.sum_units += static_cast<uint64_t>(o.units.raw());
    t.hash = SealHash(t.hash, PublicId(t.cursor, o), o.amount, o.units);
    ++changed;
  }
  t.sealed = t.cursor > t.until;
  return {.number = t.count, .more = !t.sealed};
}

TradeMachine::Result TradeMachine::Execute(const MarkDispatched& c, const machine::Context& ctx) {
  Begin();
  const TransferKey key{c.ta, c.day, c.transfer};
  const Transfer* known = transfers_.Find(key);
  if (!known || !known->sealed) return {.reason = Reason::kTransferNotSealed};
  if (known->dispatched) return {.number = known->dispatched_count};

  Transfer& t = transfers_.Mutable(key);
  if (!t.dispatched_at.raw()) {
    t.dispatched_at = ctx.now;
    t.file = files_named_.Number(c.file_name);
    t.dispatch_cursor = t.first;
  }
  const NameNo ta = tas_.Number(c.ta.view());
  uint64_t changed = 0;
  for (uint64_t looks = 0;
       t.count > 0 && t.dispatch_cursor <= t.last && looks < kLooksACommand && changed < kChangesACommand;
       ++looks, ++t.dispatch_cursor) {
    const Order* seen = orders_.Find(t.dispatch_cursor);
    if (!seen || seen->state != OrderState::kAccepted || seen->transfer != c.transfer) continue;
    if (seen->trade_day != c.day || seen->ta != ta) continue;
    Order& o = orders_.Mutable(t.dispatch_cursor);
    Change(t.dispatch_cursor, o, [&] { o.state = OrderState::kDispatched; });
    ++t.dispatched_count;
    ++changed;
  }
  t.dispatched = t.count == 0 || t.dispatch_cursor > t.last;
  return {.number = t.dispatched_count, .more = !t.dispatched};
}

void TradeMachine::ForEachSealed(const TransferKey& key, uint32_t page,
                                 absl::FunctionRef<void(uint64_t, const Order&)> visit) {
  const TransferPage* p = transfer_pages_.Find({key.ta, key.day, key.transfer, page});
  if (!p) return;
  const NameNo ta = tas_.Number(key.ta.view());  // known: an order of it was sealed
  for (uint64_t seq = p->first; seq <= p->last; ++seq) {
    const Order* o = orders_.Find(seq);
    if (o && o->transfer == key.transfer && o->trade_day == key.day && o->ta == ta) visit(seq, *o);
  }
}

}  // namespace fundcore::trade
