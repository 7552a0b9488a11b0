// What the judge knows of cards and tax residency: what was asked for, and what the bank has.
#include <algorithm>

#include "common/rpc/handlers.h"
#include "tests/simulation/client.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/trace.h"

namespace fundcore::simulation {

namespace av1 = account::v1;

void Judge::CardChangeAnswered(const std::string& request, size_t investor, const absl::Status& status, const av1::CardChange& r) {
  if (!status.ok()) {
    if (IsTrouble(status)) return;
    const std::string reason = rpc::ReasonOf(status);
    if (reason == "CARD_UNCHANGED" || reason == "CARD_CHANGE_UNDER_WAY") return;
    return Fail("a change of a card was turned away for no reason of business", request, "a change", Said(status));
  }
  const auto [it, fresh] = card_changes_.emplace(request, std::pair(investor, r.change_id()));
  if (!fresh && it->second.second != r.change_id())
    Fail("the same change of a card had two effects", request, StrCat(it->second.second), StrCat(r.change_id()));
}

// The money goes out to the card of the last change that was done; the bank has of each investor what it had, less what came here and
// with what went back. What went by itself is all that is not explained: nobody gets that who has not wished for it.
void Judge::CheckCards(const Findings& found) {
  for (const auto& [request, asked] : card_changes_) {
    const auto& all = found.card_changes.at(investors_.at(asked.first).id);
    if (std::none_of(all.begin(), all.end(), [&](const av1::CardChange& c) { return c.change_id() == asked.second; }))
      Fail("an acknowledged change of a card is gone", request, StrCat("change ", asked.second), "none");
  }
  std::map<uint64_t, int64_t> known;
  for (const auto& [request, p] : payments_)
    if (p.id != 0 && p.state == av1::DONE) known[investors_.at(p.investor).id] += p.deposit ? p.amount_fen : -p.amount_fen;
  for (const auto& [n, who] : investors_) {
    const auto cards = found.cards.find(who.id);
    if (cards == found.cards.end()) continue;
    const int64_t gone = cards->second - (2 * kOnACard - known[who.id]);
    if (gone < 0 || (gone > 0 && !payouts_wanted_.contains(n)))
      Fail("an investor's cards hold other money than was paid", StrCat("investor ", who.id), Yuan(2 * kOnACard - known[who.id]), Yuan(cards->second));
    paid_on_[who.id] = gone;
    tally_.more["payouts-by-themselves"] += gone > 0;
    uint64_t payout = 0, done = 0;
    int64_t latest = -1;
    for (const av1::GetAccountResponse& a : found.accounts) {
      if (a.investor_id() != who.id) continue;
      for (const auto& card : a.cards()) {
        if (!card.payout()) continue;
        if (payout != 0) Fail("money goes out to two cards", StrCat("investor ", who.id), StrCat(payout), StrCat(card.card_id()));
        payout = card.card_id();
      }
    }
    for (const av1::CardChange& c : found.card_changes.at(who.id)) {
      if (c.state() == "REFUSED") ++tally_.more["cards-refused"];
      if (c.state() == "REFUSED" && BankKnows(n))
        Fail("the bank refused a card that is the investor's", StrCat("investor ", who.id), "WAITING or DONE", c.ShortDebugString());
      if (c.state() != "DONE") continue;
      if (!BankKnows(n)) Fail("somebody else's card takes an investor's money", StrCat("investor ", who.id), "REFUSED", c.ShortDebugString());
      ++tally_.more["cards-changed"];
      const int64_t at = std::max(c.decided_at_us(), c.answered_at_us());
      if (at > latest) {
        latest = at;
        done = c.to_card_id();
      }
    }
    if (done != 0 && payout != done)
      Fail("money goes out to another card than the last change said", StrCat("investor ", who.id), StrCat("card ", done), StrCat("card ", payout));
  }
}

void Judge::TaxAnswered(const std::string& request, size_t investor, const absl::Status& status, const av1::TaxResidency& r) {
  if (!status.ok()) return Fail("a declaration was turned away for no reason of business", request, "a version", Said(status));
  const auto [it, fresh] = tax_versions_.emplace(request, r.version());
  auto& latest = taxes_[investor];
  if (r.version() > latest.first) latest = {r.version(), now_()};
}

// Each institution with an open account has been told the last version, where a file has gone since.
void Judge::CheckTaxes(const Findings& found) {
  for (const auto& [investor, latest] : taxes_) {
    const std::string who = StrCat("investor ", investors_.at(investor).id);
    const av1::TaxResidency& r = found.taxes.at(investors_.at(investor).id);
    ++tally_.more["tax-declared"];
    if (r.version() < latest.first) Fail("a declaration is gone", who, StrCat("version ", latest.first), StrCat("version ", r.version()));
    if (r.version() != static_cast<uint64_t>(r.versions_size()))
      Fail("a version of a declaration is gone", who, StrCat(r.version(), " versions"), StrCat(r.versions_size()));
    for (const auto& at : r.institutions()) {
      const auto open = seen_open_.find({investor, at.ta_code()});
      if (open == seen_open_.end() || r.version() != latest.first || plan_.Has(Fault::kAccounts)) continue;
      const TradingCalendar& calendar = plan_.CalendarOf(*plan_.script.Ta(at.ta_code()));
      const Date goes = *calendar.Next(std::max(open->second, latest.second).date());
      if (goes > plan_.days.back()) continue;  // its file may not have been answered
      ++tally_.more["tax-told"];
      if (at.state() != "TOLD" || at.told_version() != r.version())
        Fail("an institution was not told where somebody pays taxes", who, StrCat(at.ta_code(), " TOLD ", r.version()),
             StrCat(at.state(), " ", at.told_version()));
    }
  }
}

}  // namespace fundcore::simulation
