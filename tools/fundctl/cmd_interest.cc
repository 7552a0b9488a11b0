// Interest on settlement money: recording it, and what became of it.
#include "fundcore/clearing/v1/clearing.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {

namespace v1 = clearing::v1;

namespace {

void Fill(const v1::InterestRun& run, Table& t) {
  t.Row({uint64_t{run.run()}, run.reference(), Date::FromRaw(run.first_day()), Date::FromRaw(run.last_day()),
         Money::FromRaw(run.amount_fen()), run.state(), Money::FromRaw(run.paid_fen()), uint64_t{run.investors()},
             run.person(),
         TimePoint::FromRaw(run.recorded_at_us())});
}

Table& Runs(Answer& a) {
  return a.AddTable("interest", {"run", "reference", "from", "to", "amount", "state", "paid", "investors", "person",
      "recorded"});
}

}  // namespace

Result RecordInterest(Remote& remote, const InterestOptions& o) {
  v1::RecordInterestRequest q;
  FC_ASSIGN_OR_RETURN(const Date first, ReadDay(o.first));
  FC_ASSIGN_OR_RETURN(const Date last, ReadDay(o.last));
  FC_ASSIGN_OR_RETURN(const Money amount, ReadAmount(o.amount));
  q.set_reference(o.reference);
  q.set_person(o.person);
  q.set_first_day(first.raw());
  q.set_last_day(last.raw());
  q.set_amount_fen(amount.raw());
  FC_ASSIGN_OR_RETURN(auto run, remote.Ask<v1::InterestRun>("fundcore.clearing.v1.ClearingService/RecordInterest", q));
  Answer a;
  Fill(run, Runs(a));
  return a;
}

Result ListInterest(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ListInterestResponse>("fundcore.clearing.v1.ClearingService/ListInterest",
                                                                   v1::ListInterestRequest()));
  Answer a;
  Table& t = Runs(a);
  for (const auto& run : r.runs()) {
    Fill(run, t);
    if (run.state() == "NOBODY") a.exit_code = 1;
  }
  return a;
}

}  // namespace fundcore::fundctl
