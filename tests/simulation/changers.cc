// Investors who change what is known of them: the card that money goes out to, whether payouts follow it, and where they pay taxes.
#include "common/types/ids.h"
#include "tests/simulation/people.h"
#include "tools/dayrun/terms.h"

namespace fundcore::simulation {
namespace {

namespace av1 = account::v1;

constexpr Duration kDeadline = Duration::Seconds(5);
constexpr std::string_view kFace = "fundcore.account.v1.AccountService/";

}  // namespace

// Each has two cards that the bank knows, and goes from one to the other and back.
void Investors::ScheduleCards() {
  SeededRandom r = RandomFor(plan_.seed + 1, Stream::kCards);
  SimExecutor* e = client_->executor();
  int n = 0;
  for (Date day : plan_.days) {
    for (uint64_t acts = 1 + who_.size() / 4; acts > 0; --acts) {
      const size_t i = r.Below(who_.size());
      const bool second = r.Below(3) != 0, on = r.Below(3) != 0;
      const uint64_t act = r.Below(3);
      const std::string request = StrCat("i", i + 1, "/card-", plan_.seed, "-", ++n);
      const TimePoint when = TimePoint::At(day, TimeOfDay::Hms(8, 30)) + Duration::Seconds(static_cast<int64_t>(r.Below(14 * 3600)));
      e->PostAt(when, [this, i, request, second, on, act] {
        ++Count(counts_, Fault::kCards);
        ++waiting_;
        if (act == 0) return SetPayouts(i, on, 0);
        ChangeCard(i, request, second, 0);
      });
    }
  }
}

void Investors::ChangeCard(size_t i, const std::string& request, bool second, int tries) {
  av1::ChangeCardRequest q;
  q.set_request_id(request);
  q.set_investor_id(who_[i].id);
  q.set_bank_code(second ? "104" : "102");
  const dayrun::GivenInvestor& given = *plan_.investors()[i];
  q.set_card_no(second ? dayrun::CardOf(plan_.script, given, "0002") : dayrun::CardOf(plan_.script, given));
  judge_->CardChangeSent(i);
  client_->Ask<av1::CardChange>(StrCat(kFace, "ChangeCard"), q, kApp, kDeadline,
                                [this, i, request, second, tries](const absl::Status& s, const av1::CardChange& r) {
                                  trace_->Add(request, s.ok() ? StrCat("change ", r.change_id(), " ", r.state()) : Said(s));
                                  judge_->CardChangeAnswered(request, i, s, r);
                                  if (!s.ok() && IsTrouble(s))
                                    return Later(tries, [this, i, request, second, tries] { ChangeCard(i, request, second, tries + 1); });
                                  --waiting_;
                                });
}

void Investors::SetPayouts(size_t i, bool on, int tries) {
  av1::SetPayoutsRequest q;
  q.set_investor_id(who_[i].id);
  q.set_on(on);
  if (on) judge_->PayoutsWanted(i);
  client_->Ask<av1::SetPayoutsResponse>(StrCat(kFace, "SetPayouts"), q, kApp, kDeadline,
                                        [this, i, on, tries](const absl::Status& s, const av1::SetPayoutsResponse&) {
                                          if (!s.ok() && IsTrouble(s))
                                            return Later(tries, [this, i, on, tries] { SetPayouts(i, on, tries + 1); });
                                          if (!s.ok()) judge_->Fail("payouts were turned away", StrCat("investor ", who_[i].id), "OK", Said(s));
                                          --waiting_;
                                        });
}

// A payment was turned away because of its card: the next one goes by what counts now.
void Investors::LookAtCards(size_t i) {
  av1::GetAccountRequest q;
  q.set_investor_id(who_[i].id);
  client_->Ask<av1::GetAccountResponse>(StrCat(kFace, "GetAccount"), q, kApp, kDeadline,
                                        [this, i](const absl::Status& s, const av1::GetAccountResponse& r) {
                                          if (!s.ok()) return;
                                          for (const auto& card : r.cards())
                                            if (card.payout()) who_[i].card = card.card_id();
                                        });
}

void Investors::ScheduleTax() {
  SeededRandom r = RandomFor(plan_.seed + 1, Stream::kTax);
  SimExecutor* e = client_->executor();
  int n = 0;
  for (Date day : plan_.days) {
    for (uint64_t acts = 1 + who_.size() / 5; acts > 0; --acts) {
      const size_t i = r.Below(who_.size());
      const uint64_t which = r.Below(4);
      const std::string request = StrCat("i", i + 1, "/tax-", plan_.seed, "-", ++n);
      const TimePoint when = TimePoint::At(day, TimeOfDay::Hms(8, 30)) + Duration::Seconds(static_cast<int64_t>(r.Below(14 * 3600)));
      if (plan_.investors()[i]->institution) continue;
      e->PostAt(when, [this, i, request, which, day] {
        ++Count(counts_, Fault::kTax);
        ++waiting_;
        DeclareTax(i, request, which, day, 0);
      });
    }
  }
}

// China only, elsewhere, both, or no answer.
void Investors::DeclareTax(size_t i, const std::string& request, uint64_t which, Date on, int tries) {
  av1::DeclareTaxRequest q;
  q.set_request_id(request);
  q.set_investor_id(who_[i].id);
  av1::TaxDeclaration& d = *q.mutable_declaration();
  d.set_declared_on(on.raw());
  av1::TaxHolder& h = *d.mutable_holder();
  h.set_residency(StrCat(which));
  if (which == 1 || which == 2) {
    h.set_family_name("LI");
    h.set_first_name("MING");
    h.set_birth_date(19900506);
    h.set_birth_country("CHN");
    h.set_living_country("USA");
    h.set_living_address("1 Main Street");
    if (which == 2) h.add_countries()->set_country("CHN");
    auto* usa = h.add_countries();
    usa->set_country("USA");
    usa->set_tin("123456789");
    if (which == 2) h.mutable_countries(0)->set_tin("110101199003071234");
  }
  client_->Ask<av1::TaxResidency>(StrCat(kFace, "DeclareTax"), q, kApp, kDeadline,
                                  [this, i, request, which, on, tries](const absl::Status& s, const av1::TaxResidency& r) {
                                    trace_->Add(request, s.ok() ? StrCat("version ", r.version()) : Said(s));
                                    if (!s.ok() && IsTrouble(s))
                                      return Later(tries, [this, i, request, which, on, tries] { DeclareTax(i, request, which, on, tries + 1); });
                                    judge_->TaxAnswered(request, i, s, r);
                                    --waiting_;
                                  });
}

}  // namespace fundcore::simulation
