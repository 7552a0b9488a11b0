// See recovery.h.
#include "services/trade/recovery.h"

#include <algorithm>

namespace fundcore::trade {
namespace {

constexpr std::array<int64_t, kAges - 1> kSeconds = {1, 10, 60, 600, 3'600, 86'400};

// Accepted, sealed or not: whether its day is still open decides. A look asks for a few days over and over.
class OpenDays {
 public:
  OpenDays(TradeMachine& machine) : machine_(machine) {}
  bool IsOpen(const Order& o) {
    if (o.trade_day != day_ || o.ta != ta_) {
      day_ = o.trade_day;
      ta_ = o.ta;
      const Day* day = machine_.FindDay(machine_.TaOf(o), o.trade_day);
      open_ = !day || day->closed_from == 0;
    }
    return open_;
  }

 private:
  TradeMachine& machine_;
  Date day_;
  NameNo ta_ = UINT32_MAX;
  bool open_ = false;
};

v1::WaitsFor WaitsForOf(const Order& o, OpenDays& days) {
  switch (o.state) {
    case OrderState::kReceived: return v1::WAITS_FOR_PRODUCT;
    case OrderState::kChallenged: return v1::WAITS_FOR_SECOND_PROOF;
    case OrderState::kAccepted:
      return !o.transfer.is_set() && days.IsOpen(o) ? v1::WAITS_FOR_CUT_OFF : v1::WAITS_FOR_EXPORT;
    case OrderState::kDispatched: return v1::WAITS_FOR_CONFIRMATION;
    case OrderState::kConfirmed: return v1::WAITS_FOR_SETTLEMENT;
    case OrderState::kNone:
    case OrderState::kSettled:
    case OrderState::kRejected:
    case OrderState::kCancelled:
    case OrderState::kRefused: return v1::WAITS_FOR_NOTHING;
  }
  return v1::WAITS_FOR_NOTHING;
}

std::string DayOf(TradeMachine& machine, const Order& o) {
  return StrCat("--ta ", machine.TaCodeOf(o), " --day ", o.trade_day.Iso());
}

}  // namespace

v1::WaitsFor WaitsForOf(TradeMachine& machine, uint64_t seq, const Order& o, v1::WaitsFor undecided) {
  if (o.state == OrderState::kReceived && seq < machine.waters().next_review) return undecided;
  if (IsFinal(o.state) && machine.releases().Contains(seq)) return v1::WAITS_FOR_RELEASE;
  OpenDays days(machine);
  return WaitsForOf(o, days);
}

std::string WhatToDo(TradeMachine& machine, uint64_t seq, const Order& o, v1::WaitsFor waits_for) {
  const std::string order = FormatOrderId(machine.IdOf(seq));
  switch (waits_for) {
    case v1::WAITS_FOR_PRODUCT:
      return "nothing: it is judged by itself once product has said what held at its receipt; if it stays, look at "
             "fundctl status and at the clock";
    case v1::WAITS_FOR_RISK:
      return "nothing: risk is asked again by itself; fundctl recovery status shows how it answers";
    case v1::WAITS_FOR_ACCOUNT:
      return "nothing: account is asked again by itself; fundctl recovery status shows how it answers";
    case v1::WAITS_FOR_CUT_OFF: {
      const InstitutionTerms* terms = machine.products().Institution(machine.TaOf(o));
      return StrCat("nothing: its day closes by itself on ", o.trade_day.Iso(),
                    terms ? StrCat(" after ", terms->cutoff.Iso()) : "", "; until then it may be cancelled");
    }
    case v1::WAITS_FOR_EXPORT:
      return StrCat("nothing, unless the day waits for somebody: fundctl day status ", DayOf(machine, o));
    case v1::WAITS_FOR_CONFIRMATION:
      return StrCat("the transfer agent answers by file; fundctl day status ", DayOf(machine, o),
                    " shows what is awaited, fundctl break list what does not add up");
    case v1::WAITS_FOR_SETTLEMENT:
      return StrCat("nothing until its pay day; fundctl day status ", DayOf(machine, o), " shows what is awaited");
    case v1::WAITS_FOR_RELEASE:
      return "nothing: account is told by itself to give back what it had set aside; fundctl recovery status shows how "
             "it answers";
    case v1::WAITS_FOR_SECOND_PROOF: {
      const InstitutionTerms* terms = machine.products().Institution(machine.TaOf(o));
      return StrCat("a person: the investor proves who they are, then fundctl order answer ", order,
                    " --passed (or --failed); without it the order lapses at the cut-off",
                    terms ? StrCat(", ", o.trade_day.Iso(), " ", terms->cutoff.Iso()) : "");
    }
    default: return "";
  }
}

void FillWaiting(TradeMachine& machine, uint64_t seq, const Order& o, v1::WaitsFor undecided, v1::Order* out) {
  const v1::WaitsFor waits_for = WaitsForOf(machine, seq, o, undecided);
  out->set_waits_for(waits_for);
  out->set_what_to_do(WhatToDo(machine, seq, o, waits_for));
}

size_t AgeOf(TimePoint received, TimePoint now) {
  size_t age = 0;
  while (age < kSeconds.size() && received <= now - Duration::Seconds(kSeconds[age])) ++age;
  return age;
}

void WaitTally::Add(v1::WaitsFor w, OrderId order, TimePoint received, TimePoint now) {
  Waiting& waiting = of[w];
  ++waiting.orders;
  ++waiting.by_age[AgeOf(received, now)];
  if (waiting.oldest.is_set() && waiting.oldest_at <= received) return;
  waiting.oldest = order;
  waiting.oldest_at = received;
}

void WaitTally::Spread(v1::WaitsFor w, uint64_t orders, const std::array<uint64_t, kAges>& ages) {
  if (orders == 0) return;
  Waiting& waiting = of[w];
  waiting.orders += orders;
  uint64_t all = 0, kinds = 0;
  for (uint64_t n : ages) all += n, kinds += n > 0;
  waiting.estimated |= kinds > 1;
  // Each age gets what its share has come to by then, less what was given before: nothing is lost to rounding.
  uint64_t upto = 0, given = 0;
  for (size_t a = 0; a < kAges; ++a) {
    upto += ages[a];
    const uint64_t share = all == 0 ? (a + 1 == kAges ? orders : 0)
                                    : static_cast<uint64_t>(static_cast<unsigned __int128>(orders) * upto / all);
    waiting.by_age[a] += share - given;
    given = share;
  }
}

void WaitTally::Merge(const WaitTally& other) {
  for (size_t w = 0; w < of.size(); ++w) {
    const Waiting& from = other.of[w];
    Waiting& to = of[w];
    to.orders += from.orders;
    for (size_t a = 0; a < kAges; ++a) to.by_age[a] += from.by_age[a];
    to.estimated |= from.estimated;
    if (!from.oldest.is_set() || (to.oldest.is_set() && to.oldest_at <= from.oldest_at)) continue;
    to.oldest = from.oldest;
    to.oldest_at = from.oldest_at;
  }
}

void WaitTally::Fill(v1::RecoveryStatusResponse* out) const {
  for (int w = v1::WAITS_FOR_PRODUCT; w <= v1::WAITS_FOR_SECOND_PROOF; ++w) {
    const Waiting& from = of[static_cast<size_t>(w)];
    v1::WaitingOrders* to = out->add_waiting();
    to->set_waits_for(static_cast<v1::WaitsFor>(w));
    to->set_orders(from.orders);
    for (uint64_t n : from.by_age) to->add_by_age(n);
    to->set_estimated(from.estimated);
    to->set_oldest_order(from.oldest.raw());
    to->set_oldest_received_at_us(from.oldest_at.raw());
  }
}

void AddHealth(const v1::PeerHealth& lane, v1::PeerHealth* sum) {
  if (lane.lanes() == 0) return;
  sum->set_peer(lane.peer());
  sum->set_lanes(sum->lanes() + lane.lanes());
  sum->set_lanes_closed(sum->lanes_closed() + lane.lanes_closed());
  sum->set_lanes_limited(sum->lanes_limited() + lane.lanes_limited());
  sum->set_limit(sum->limit() + lane.limit());
  sum->set_calls(sum->calls() + lane.calls());
  sum->set_items(sum->items() + lane.items());
  sum->set_unavailable(sum->unavailable() + lane.unavailable());
  sum->set_deadline(sum->deadline() + lane.deadline());
  sum->set_busy(sum->busy() + lane.busy());
  sum->set_malformed(sum->malformed() + lane.malformed());
  sum->set_error(sum->error() + lane.error());
  sum->set_retried_items(sum->retried_items() + lane.retried_items());
  sum->set_retried_last_minute(sum->retried_last_minute() + lane.retried_last_minute());
  if (lane.last_failure_at_us() <= sum->last_failure_at_us()) return;
  sum->set_last_failure_at_us(lane.last_failure_at_us());
  sum->set_last_failure(lane.last_failure());
}

std::array<uint64_t, kAges> AgesBetween(TradeMachine& machine, uint64_t begin, uint64_t end, TimePoint now) {
  std::array<uint64_t, kAges> ages{};
  uint64_t older = begin;  // orders before it are older than the age at hand
  for (size_t a = kAges - 1; a > 0; --a) {
    // The first order younger than the lower bound of age a.
    const TimePoint bound = now - Duration::Seconds(kSeconds[a - 1]);
    uint64_t low = older, high = std::max(older, end);
    while (low < high) {
      const uint64_t middle = low + (high - low) / 2;
      const Order* o = machine.FindOrder(middle);
      if (o && o->received_at <= bound) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    ages[a] = low - older;
    older = low;
  }
  ages[0] = end > older ? end - older : 0;
  return ages;
}

void LookAtOrders(TradeMachine& machine, TimePoint now, LookCursor* cursor, WaitTally* tally) {
  const Waters& waters = machine.waters();
  if (waters.next_review < waters.next) {
    const Order* first = machine.FindOrder(waters.next_review);
    if (first) tally->Add(v1::WAITS_FOR_PRODUCT, machine.IdOf(waters.next_review), first->received_at, now);
    tally->Spread(v1::WAITS_FOR_PRODUCT, waters.next - waters.next_review - (first ? 1 : 0),
                  AgesBetween(machine, waters.next_review + 1, waters.next, now));
  }

  // How many there are, from the days' counts.
  std::array<uint64_t, v1::WaitsFor_ARRAYSIZE> left{};
  uint64_t from = 0;
  Date open_from;
  machine.ForEachDayFrom(cursor->open_from, [&](Date date, const TaCode& ta, const Day& day) {
    if (ta.empty()) return;  // of orders for funds that nobody knows: refused, or waiting for product
    bool open = false;
    for (const DayRow& row : day.rows) {
      if (row.count == 0 || IsFinal(row.state)) continue;
      open = true;
      switch (row.state) {
        case OrderState::kChallenged: left[v1::WAITS_FOR_SECOND_PROOF] += row.count; break;
        case OrderState::kAccepted:
          left[!row.sealed && day.closed_from == 0 ? v1::WAITS_FOR_CUT_OFF : v1::WAITS_FOR_EXPORT] += row.count;
          break;
        case OrderState::kDispatched: left[v1::WAITS_FOR_CONFIRMATION] += row.count; break;
        case OrderState::kConfirmed: left[v1::WAITS_FOR_SETTLEMENT] += row.count; break;
        default: break;
      }
    }
    if (open || day.closed_from == 0) open_from = open_from.is_set() ? std::min(open_from, date) : date;
    if (open && day.first != 0) from = from == 0 ? day.first : std::min(from, day.first);
  });
  if (open_from.is_set()) cursor->open_from = open_from;

  // Which they are: the second proofs by their list, all others one after the other from the first that is not final.
  uint64_t looks = 0;
  const auto found = [&](v1::WaitsFor w, uint64_t seq, const Order& o) {
    if (left[w] == 0) return;
    --left[w];
    tally->Add(w, machine.IdOf(seq), o.received_at, now);
  };
  machine.ForEachChallenge([&](uint64_t seq) {
    if (const Order* o = machine.FindOrder(seq)) found(v1::WAITS_FOR_SECOND_PROOF, seq, *o);
    return ++looks < kOrdersALook;
  });
  cursor->order = std::max(cursor->order, from);
  OpenDays days(machine);
  bool all_final = true;
  uint64_t seq = cursor->order;
  const auto more = [&] {
    return std::any_of(left.begin(), left.end(), [](uint64_t n) { return n > 0; });
  };
  for (looks = 0; from != 0 && seq < waters.next && looks < kOrdersALook && more(); ++looks, ++seq) {
    const Order* o = machine.FindOrder(seq);
    if (!o) continue;
    all_final = all_final && IsFinal(o->state);
    if (all_final) cursor->order = seq + 1;
    const v1::WaitsFor w = WaitsForOf(*o, days);
    if (w != v1::WAITS_FOR_NOTHING && w != v1::WAITS_FOR_PRODUCT && w != v1::WAITS_FOR_SECOND_PROOF) found(w, seq, *o);
  }
  if (more()) {
    const auto ages = AgesBetween(machine, seq, waters.next, now);
    for (size_t w = 0; w < left.size(); ++w) tally->Spread(static_cast<v1::WaitsFor>(w), left[w], ages);
  }

  looks = 0;
  uint64_t unseen = 0;
  machine.releases().ForEach([&](uint64_t order) {
    const Order* o = ++looks <= kOrdersALook ? machine.FindOrder(order) : nullptr;
    if (!o) return void(++unseen);
    tally->Add(v1::WAITS_FOR_RELEASE, machine.IdOf(order), o->received_at, now);
  });
  if (unseen > 0) tally->Spread(v1::WAITS_FOR_RELEASE, unseen, tally->of[v1::WAITS_FOR_RELEASE].by_age);
}

}  // namespace fundcore::trade
