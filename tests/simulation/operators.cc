// The settlement desk: looks at what does not add up, decides by two people, telephones institutions for corrections.
// When the seed says so, the two get in each other's way.
#include <algorithm>

#include "common/rpc/handlers.h"
#include "common/types/ids.h"
#include "tests/simulation/people.h"

namespace fundcore::simulation {
namespace {

namespace cv1 = clearing::v1;

constexpr Duration kDeadline = Duration::Seconds(5);
constexpr std::string_view kAnna = "anna", kBen = "ben";
constexpr std::string_view kFace = "fundcore.clearing.v1.ClearingService/";

}  // namespace

Operators::Operators(const Plan& plan, Client* client, Judge* judge, Trace* trace, FaultCounts* counts,
                     Telephone ask_for_correction)
    : plan_(plan),
      client_(client),
      judge_(judge),
      trace_(trace),
      counts_(counts),
      telephone_(std::move(ask_for_correction)),
      random_(RandomFor(plan.seed, Stream::kOperators)) {}

void Operators::Schedule(Date until) {
  SimExecutor* e = client_->executor();
  for (Date day = plan_.days.front(); day <= until; day = day.AddDays(1)) {
    for (int minute :
         {9 * 60 + 30, 16 * 60, 20 * 60 + 20, 20 * 60 + 40, 21 * 60, 21 * 60 + 20, 21 * 60 + 40, 22 * 60 + 30}) {
      const auto jitter = static_cast<int64_t>(random_.Below(600));
      e->PostAt(TimePoint::At(day, TimeOfDay::Hms(minute / 60, minute % 60)) + Duration::Seconds(jitter),
                [this] { Look(); });
    }
  }
}

void Operators::Look() {
  cv1::ListBreaksRequest q;
  q.set_all(true);
  client_->Ask<cv1::ListBreaksResponse>(StrCat(kFace, "ListBreaks"), q, kOperator, kDeadline,
                                        [this](const absl::Status& s, const cv1::ListBreaksResponse& r) {
                                          if (!s.ok()) return;
                                          judge_->SawBreaks({r.breaks().begin(), r.breaks().end()});
                                          for (const cv1::Break& b : r.breaks()) Handle(b);
                                        });
}

std::string Operators::ResolutionFor(const cv1::Break& b) {
  // On the telephone the institution says whether its file is wrong. In the order of preference; what the system says
  // is not possible for this break is passed over.
  std::vector<std::string> wishes = {"EXPLAINED", "ACCEPT_TA", "AWAIT_CORRECTION"};
  const std::string_view kind = b.kind();
  const bool file = kind == "FILE_DAMAGED" || kind == "FILE_WRONG_HEADER" || kind == "FILE_REPEATED";
  const auto answer = plan_.CalendarOf(*plan_.script.Ta(b.ta_code())).Next(Date::FromRaw(b.day()));
  const std::string order = b.order_id() == 0 ? "" : FormatOrderId(OrderId(b.order_id()));
  if (file || (answer.ok() && !order.empty() && judge_->IsSpoilt(b.ta_code(), *answer, order))) {
    wishes = {"AWAIT_CORRECTION", "EXPLAINED", "ACCEPT_TA"};
  } else if (kind == "CONFIRMATION_DIFFERS") {
    wishes = {"ACCEPT_TA"};
  }
  for (const std::string& w : wishes)
    if (!not_possible_.contains({b.break_id(), w})) return w;
  return wishes.front();
}

void Operators::Handle(const cv1::Break& b) {
  if (b.state() == "CLOSED") {
    // The institution is told once more each time somebody looks: a call may have been missed.
    if (b.resolution() == "AWAIT_CORRECTION") telephone_(b.ta_code(), Date::FromRaw(b.day()));
    return;
  }
  const bool race = plan_.Has(Fault::kOperatorRaces) && !calm_ && random_.Below(2) == 0;
  if (race) ++(*counts_)[static_cast<size_t>(Fault::kOperatorRaces)];
  if (b.state() == "OPEN") {
    Propose(b, kAnna, ResolutionFor(b));
    if (race) {
      Propose(b, kBen, ResolutionFor(b));
      Propose(b, kAnna, ResolutionFor(b));
      Approve(b, kAnna, true);
    }
    return;
  }
  const std::string_view second = b.proposed_by() == kAnna ? kBen : kAnna;
  // Somebody has proposed what nobody wants: the one who did so changes it first.
  if (b.resolution() != ResolutionFor(b)) return Propose(b, b.proposed_by(), ResolutionFor(b));
  if (race) Approve(b, b.proposed_by(), true);
  Approve(b, second, false);
  if (race) Approve(b, second, false);
}

void Operators::Propose(const cv1::Break& b, std::string_view person, const std::string& resolution) {
  cv1::ProposeResolutionRequest q;
  q.set_break_id(b.break_id());
  q.set_resolution(resolution);
  q.set_person(std::string(person));
  q.set_note("by the desk");
  client_->Ask<cv1::Break>(StrCat(kFace, "ProposeResolution"), q, kOperator, kDeadline,
                           [this, id = b.break_id(), resolution, person = std::string(person)](const absl::Status& s, const cv1::Break&) {
                             trace_->Add(StrCat("break ", id), StrCat(person, " proposes ", resolution, ": ", Said(s)));
                             if (rpc::ReasonOf(s) == "RESOLUTION_NOT_POSSIBLE") not_possible_.insert({id, resolution});
                           });
}

void Operators::Approve(const cv1::Break& b, std::string_view person, bool must_fail) {
  cv1::ApproveResolutionRequest q;
  q.set_break_id(b.break_id());
  q.set_person(std::string(person));
  client_->Ask<cv1::Break>(StrCat(kFace, "ApproveResolution"), q, kOperator, kDeadline,
                           [this, b, person = std::string(person), must_fail](const absl::Status& s, const cv1::Break& r) {
                             trace_->Add(StrCat("break ", b.break_id()), StrCat(person, " approves: ", Said(s)));
                             if (s.ok() && must_fail && r.proposed_by() == person) {
                               judge_->Fail("a break was closed without two people", StrCat("break ", b.break_id()),
                                            "an error", "OK");
                             }
                             if (s.ok() && r.resolution() == "AWAIT_CORRECTION")
                               telephone_(b.ta_code(), Date::FromRaw(b.day()));
                           });
}

}  // namespace fundcore::simulation
