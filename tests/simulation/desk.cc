// Interest on the settlement account: the bank credits it, a person records it; then it is the investors'. And campaigns that end.
#include "common/rpc/handlers.h"
#include "fundcore/product/v1/product.pb.h"
#include "tests/simulation/people.h"

namespace fundcore::simulation {
namespace {

namespace cv1 = clearing::v1;

constexpr Duration kDeadline = Duration::Seconds(5);
constexpr std::string_view kRecord = "fundcore.clearing.v1.ClearingService/RecordInterest";

}  // namespace

Desk::Desk(const Plan& plan, Client* client, Judge* judge, Trace* trace, FaultCounts* counts)
    : plan_(plan), client_(client), judge_(judge), trace_(trace), counts_(counts), random_(RandomFor(plan.seed + 1, Stream::kInterest)) {}

void Desk::Schedule(Date until) {
  SimExecutor* e = client_->executor();
  for (size_t n = 0; n < plan_.interest.size(); ++n) {
    e->PostAt(plan_.interest[n].at, [this, n] {
      ++Count(counts_, Fault::kInterest);
      ++waiting_;
      Credit(n, 0);
    });
  }
  for (Date day = plan_.days.front(); day <= until && plan_.Has(Fault::kCards); day = day.AddDays(1))
    for (int hour : {11, 16, 21}) e->PostAt(TimePoint::At(day, TimeOfDay::Hms(hour, 7)), [this] { LookAtCardChanges(); });
  for (size_t n = 0; n < plan_.campaigns.size(); ++n) {
    if (plan_.campaigns[n].ended_at.raw() == 0) continue;
    e->PostAt(plan_.campaigns[n].ended_at, [this, n] {
      ++waiting_;
      judge_->CampaignEndSent(n);
      End(n, 0);
    });
  }
}

void Desk::Later(int tries, std::function<void()> what) {
  SimExecutor* e = client_->executor();
  const auto pause = static_cast<int64_t>(random_.Below(1'000));
  if (tries <= 2) return e->PostAfter(Duration::Millis(20 + pause), std::move(what));
  e->PostAt(e->Now() + Duration::Seconds(20 + pause), std::move(what));
}

void Desk::Credit(size_t which, int tries) {
  bank::v1::ExecuteRequest q;
  auto* i = q.add_instructions();
  i->set_instruction_id(plan_.interest[which].reference);
  i->set_direction(bank::v1::INTEREST_TO_SETTLEMENT);
  i->set_counterparty("bank");
  i->set_amount_fen(plan_.interest[which].amount_fen);
  client_->Ask<bank::v1::ExecuteResponse>("fundcore.bank.v1.BankService/Execute", q, kOperator, kDeadline,
                                          [this, which, tries](const absl::Status& s, const bank::v1::ExecuteResponse& r) {
                                            if (!s.ok() || r.results_size() != 1 || !r.results(0).done())
                                              return Later(tries, [this, which, tries] { Credit(which, tries + 1); });
                                            Record(which, "feng", 0);
                                            if (random_.Below(4) == 0) {
                                              ++waiting_;
                                              Record(which, "qian", 0);
                                            }
                                            if (random_.Below(3) == 0) Overlap(which);
                                          });
}

void Desk::Record(size_t which, std::string_view person, int tries) {
  const InterestCredit& c = plan_.interest[which];
  cv1::RecordInterestRequest q;
  q.set_reference(c.reference);
  q.set_first_day(c.from.raw());
  q.set_last_day(c.to.raw());
  q.set_amount_fen(c.amount_fen);
  q.set_person(std::string(person));
  client_->Ask<cv1::InterestRun>(kRecord, q, kOperator, kDeadline,
                                 [this, which, person, tries](const absl::Status& s, const cv1::InterestRun& r) {
                                   trace_->Add(plan_.interest[which].reference, StrCat(person, " records: ", s.ok() ? r.state() : Said(s)));
                                   judge_->InterestAnswered(which, s, r);
                                   if (!s.ok() && IsTrouble(s))
                                     return Later(tries, [this, which, person, tries] { Record(which, person, tries + 1); });
                                   --waiting_;
                                 });
}

// The same days once more under another reference, which nobody has credited.
void Desk::Overlap(size_t which) {
  const InterestCredit& c = plan_.interest[which];
  cv1::RecordInterestRequest q;
  q.set_reference(StrCat(c.reference, "-again"));
  q.set_first_day(c.to.raw());
  q.set_last_day(c.to.raw());
  q.set_amount_fen(c.amount_fen + 1);
  q.set_person("zhou");
  // The first one may not be recorded yet: only then is this one taken, so it is asked for later.
  SimExecutor* e = client_->executor();
  e->PostAt(e->Now() + Duration::Seconds(4 * 3600), [this, which, q] {
    if (!judge_->InterestIsRecorded(which)) return;
    client_->Ask<cv1::InterestRun>(kRecord, q, kOperator, kDeadline, [this, q](const absl::Status& s, const cv1::InterestRun&) {
      if (s.ok() || (!IsTrouble(s) && rpc::ReasonOf(s) != "INTEREST_PERIOD_OVERLAPS"))
        judge_->Fail("interest of days that had theirs", q.reference(), "INTEREST_PERIOD_OVERLAPS", Said(s));
    });
  });
}

// Most are approved, some twice at the same moment, some by two people who do not agree.
void Desk::LookAtCardChanges() {
  client_->Ask<account::v1::ListCardChangesResponse>(
      "fundcore.account.v1.AccountService/ListOpenCardChanges", account::v1::ListOpenCardChangesRequest(), kOperator, kDeadline,
      [this](const absl::Status& s, const account::v1::ListCardChangesResponse& r) {
        if (!s.ok()) return;
        for (const account::v1::CardChange& c : r.changes()) {
          if (c.state() != "WAITING") continue;
          const uint64_t draw = random_.Below(8);
          const auto decide = [&](bool approve, std::string_view person) {
            account::v1::DecideCardChangeRequest q;
            q.set_change_id(c.change_id());
            q.set_approve(approve);
            q.set_person(std::string(person));
            (approve ? *q.mutable_evidence() : *q.mutable_why()) = "seen at the counter";
            client_->Ask<account::v1::CardChange>("fundcore.account.v1.AccountService/DecideCardChange", q, kOperator, kDeadline,
                                                  [this, id = c.change_id()](const absl::Status& s, const account::v1::CardChange& r) {
                                                    trace_->Add(StrCat("card change ", id), s.ok() ? r.state() : Said(s));
                                                    if (!s.ok() && !IsTrouble(s) && rpc::ReasonOf(s) != "CARD_CHANGE_DECIDED")
                                                      judge_->Fail("a change of a card was not decided", StrCat("card change ", id), "DONE or REJECTED", Said(s));
                                                  });
          };
          decide(draw != 0, "anna");
          if (draw == 1) decide(true, "ben");
          if (draw == 2) decide(false, "ben");
        }
      });
}

void Desk::End(size_t campaign, int tries) {
  product::v1::PutCampaignRequest q;
  q.mutable_campaign()->set_name(plan_.campaigns[campaign].name);
  q.set_end(true);
  client_->Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutCampaign", q, kOperator, kDeadline,
                                         [this, campaign, tries](const absl::Status& s, const product::v1::PutResponse&) {
                                           trace_->Add(plan_.campaigns[campaign].name, StrCat("ends: ", Said(s)));
                                           if (!s.ok() && IsTrouble(s))
                                             return Later(tries, [this, campaign, tries] { End(campaign, tries + 1); });
                                           // Ended by an earlier try whose answer was lost, it may be unknown.
                                           judge_->CampaignEnded(campaign);
                                           --waiting_;
                                         });
}

}  // namespace fundcore::simulation
