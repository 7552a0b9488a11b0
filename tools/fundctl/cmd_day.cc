// fundctl day, file, recon, break: the end of day as operators see it.
#include <algorithm>

#include "common/base/check.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = clearing::v1;
constexpr std::string_view kFace = "fundcore.clearing.v1.ClearingService/";

void AddDays(const google::protobuf::RepeatedPtrField<v1::BusinessDay>& days, Answer* a) {
  Table& t = a->AddTable("days", {"ta", "day", "step", "since", "open_breaks", "answer_day", "waiting_for"});
  for (const auto& d : days)
    t.Row({d.ta_code(), Date::FromRaw(d.day()), v1::Step_Name(d.step()), TimePoint::FromRaw(d.step_since_us()),
           d.open_breaks(), Date::FromRaw(d.answer_day()), d.waiting_for()});
}

Answer Describe(const v1::Break& b) {
  Answer a;
  a.Add("break", uint64_t{b.break_id()});
  a.Add("state", b.state());
  a.Add("kind", b.kind());
  a.Add("ta", b.ta_code());
  a.Add("day", Date::FromRaw(b.day()));
  a.Add("file", b.file_name());
  a.Add("line", uint64_t{b.line()}, b.line() != 0);
  a.Add("order", OrderId(b.order_id()));
  a.Add("rule", b.rule());
  a.Add("field", b.field());
  a.Add("expected", b.expected());
  a.Add("found", b.found());
  a.Add("message", b.message());
  a.Add("owner", b.owner());
  a.Add("opened", TimePoint::FromRaw(b.opened_at_us()));
  a.Add("resolution", b.resolution());
  a.Add("proposed_by", b.proposed_by());
  a.Add("note", b.proposal_note());
  a.Add("approved_by", b.approved_by());
  a.Add("closed", TimePoint::FromRaw(b.closed_at_us()));
  return a;
}

}  // namespace

Result ShowDays(Remote& remote, const std::string& ta, const std::string& day) {
  FC_ASSIGN_OR_RETURN(const Date date, ReadDay(day));
  v1::DayStatusRequest request;
  request.set_ta_code(ta);
  request.set_day(date.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::DayStatusResponse>(StrCat(kFace, "DayStatus"), request));
  Answer a;
  AddDays(r.days(), &a);
  return a;
}

Result AdvanceDays(Remote& remote) {
  FC_RETURN_IF_ERROR(WaitUntilServing(remote));
  v1::NudgeResponse r;
  FC_RETURN_IF_ERROR(
      WaitUntil("the days to wait for something outside", remote.patience(), [&]() -> absl::StatusOr<bool> {
        r.Clear();
        FC_RETURN_IF_ERROR(remote.Call(StrCat(kFace, "Nudge"), v1::NudgeRequest(), &r));
        // What runs by itself names nothing that it waits for.
        return std::none_of(r.waiting().begin(), r.waiting().end(),
                            [](const v1::BusinessDay& d) { return d.waiting_for().empty(); });
      }));
  FC_RETURN_IF_ERROR(WaitUntilAtRest(remote));
  FC_RETURN_IF_ERROR(remote.Call(StrCat(kFace, "Nudge"), v1::NudgeRequest(), &r));
  Answer a;
  AddDays(r.waiting(), &a);
  return a;
}

Result ListInKind(Remote& remote, const std::string& ta, const std::string& day) {
  FC_ASSIGN_OR_RETURN(const Date date, ReadDay(day));
  v1::ListInKindRequest request;
  request.set_ta_code(ta);
  request.set_confirm_day(date.raw());
  Answer a;
  Table& t = a.AddTable("in_kind", {"day", "serial", "business", "fund", "units", "amount", "charge", "code", "trading_account",
                                    "fund_account", "application", "file", "line", "detail"});
  do {
    FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ListInKindResponse>(StrCat(kFace, "ListInKind"), request));
    for (const auto& k : r.records())
      t.Row({Date::FromRaw(k.confirm_day()), k.ta_serial(), k.business(), k.fund_code(), Units::FromRaw(k.units_e2()),
             Money::FromRaw(k.amount_fen()), Money::FromRaw(k.charge_fen()), k.return_code(), k.trading_account(), k.ta_account(),
             k.app_sheet(), k.file_name(), uint64_t{k.line()}, k.detail()});
    request.set_page_token(r.next_page_token());
  } while (!request.page_token().empty());
  return a;
}

Result ListFiles(Remote& remote, const std::string& ta, const std::string& day) {
  FC_ASSIGN_OR_RETURN(const Date date, ReadDay(day));
  v1::ListFilesRequest request;
  request.set_ta_code(ta);
  request.set_day(date.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ListFilesResponse>(StrCat(kFace, "ListFiles"), request));
  Answer a;
  Table& t =
      a.AddTable("files", {"name", "direction", "ta", "day", "type", "transfer", "records", "state", "at", "sha256"});
  for (const auto& f : r.files())
    t.Row({f.name(), f.direction(), f.ta_code(), Date::FromRaw(f.day()), f.type(), f.transfer_no(),
           uint64_t{f.records()}, f.state(), TimePoint::FromRaw(f.at_us()), f.sha256()});
  return a;
}

Result ShowReconciliation(Remote& remote, const std::string& ta, const std::string& day) {
  FC_ASSIGN_OR_RETURN(const Date date, ReadDay(day));
  v1::ReconciliationRequest request;
  request.set_ta_code(ta);
  request.set_day(date.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ReconciliationResponse>(StrCat(kFace, "Reconciliation"), request));
  Answer a;
  uint64_t different = 0;
  Table& t = a.AddTable("reconciliations", {"name", "compared", "equal", "different", "ours", "theirs"});
  for (const auto& l : r.lines()) {
    t.Row({l.name(), uint64_t{l.compared()}, uint64_t{l.equal()}, uint64_t{l.different()}, l.ours(), l.theirs()});
    different += l.different();
  }
  a.exit_code = different == 0 ? 0 : 1;
  return a;
}

Result ListBreaks(Remote& remote, const std::string& ta, bool all) {
  v1::ListBreaksRequest request;
  request.set_ta_code(ta);
  request.set_all(all);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ListBreaksResponse>(StrCat(kFace, "ListBreaks"), request));
  Answer a;
  bool open = false;
  Table& t = a.AddTable("breaks", {"break", "state", "kind", "ta", "day", "order", "field", "expected", "found",
                                   "resolution", "proposed_by", "approved_by"});
  for (const auto& b : r.breaks()) {
    t.Row({uint64_t{b.break_id()}, b.state(), b.kind(), b.ta_code(), Date::FromRaw(b.day()), OrderId(b.order_id()),
           b.field(), b.expected(), b.found(), b.resolution(), b.proposed_by(), b.approved_by()});
    open |= b.state() != "CLOSED";
  }
  a.exit_code = open ? 1 : 0;
  return a;
}

Result ShowBreak(Remote& remote, uint64_t id) {
  v1::GetBreakRequest request;
  request.set_break_id(id);
  FC_ASSIGN_OR_RETURN(auto b, remote.Ask<v1::Break>(StrCat(kFace, "GetBreak"), request));
  return Describe(b);
}

Result ProposeResolution(Remote& remote, uint64_t id, const std::string& resolution, const std::string& note,
                         const std::string& person) {
  v1::ProposeResolutionRequest request;
  request.set_break_id(id);
  request.set_resolution(resolution);
  request.set_note(note);
  request.set_person(person);
  FC_ASSIGN_OR_RETURN(auto b, remote.Ask<v1::Break>(StrCat(kFace, "ProposeResolution"), request));
  return Describe(b);
}

Result ApproveResolution(Remote& remote, uint64_t id, const std::string& person) {
  v1::ApproveResolutionRequest request;
  request.set_break_id(id);
  request.set_person(person);
  FC_ASSIGN_OR_RETURN(auto b, remote.Ask<v1::Break>(StrCat(kFace, "ApproveResolution"), request));
  return Describe(b);
}

}  // namespace fundcore::fundctl
