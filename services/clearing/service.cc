// Handlers: shape checks, reading on the executor, commands of people.
#include "common/rpc/operators.h"
#include "common/rpc/partitions.h"
#include "services/clearing/service.h"

#include <algorithm>

namespace fundcore::clearing {

namespace {

constexpr size_t kMaxPerson = 64;
constexpr size_t kMaxNote = 2'000;
constexpr size_t kMostBreaks = 10'000;

absl::Status NotServing() {
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING",
                              "clearing is still recovering; ask again shortly");
}

absl::Status BadField(std::string_view field, std::string_view value, std::string_view limit) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                              StrCat(field, " \"", value, "\" ", limit),
                              {{"field", field}, {"value", value}, {"limit", limit}});
}

absl::Status CheckTa(const std::string& ta, bool required) {
  if (ta.empty() && required) return BadField("ta_code", ta, "must name an institution");
  if (!TaCode::Fits(ta)) return BadField("ta_code", ta, "must have at most 20 characters");
  return absl::OkStatus();
}

absl::Status CheckDay(int32_t day, bool required) {
  if (day == 0 && !required) return absl::OkStatus();
  if (day < 0 || !Date::Parse(StrCat(day)).ok())
    return BadField("day", StrCat(day), "must be a date that exists, as yyyymmdd");
  return absl::OkStatus();
}

absl::Status NoSuchDay(const DayKey& key) {
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "DAY_UNKNOWN",
                              StrCat("institution \"", key.ta.view(), "\" has no business day ", key.day.Iso(),
                                     "; days open by themselves on its open days"));
}

// "  li " is "li": two people are not one who types differently.
std::string Trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? std::string() : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

absl::StatusCode CodeOf(Reason r) {
  switch (r) {
    case Reason::kOk: return absl::StatusCode::kOk;
    case Reason::kBreakNotFound:
    case Reason::kDayUnknown: return absl::StatusCode::kNotFound;
    case Reason::kInterestPeriodWrong:
    case Reason::kInterestNotPositive:
    case Reason::kPersonMissing:
    case Reason::kResolutionUnknown: return absl::StatusCode::kInvalidArgument;
    case Reason::kInstitutionUnknown:
    case Reason::kCalendarEnds:
    case Reason::kDayNotNext:
    case Reason::kDayNotReached:
    case Reason::kWrongStep:
    case Reason::kTransferUnknown:
    case Reason::kTransferReleased:
    case Reason::kBreaksOpen:
    case Reason::kSettlementUnknown:
    case Reason::kBreakClosed:
    case Reason::kProposedByAnother:
    case Reason::kResolutionNotPossible:
    case Reason::kNotProposed:
    case Reason::kInterestReferenceReused:
    case Reason::kInterestPeriodNotOver:
    case Reason::kInterestPeriodOverlaps:
    case Reason::kSamePerson: return absl::StatusCode::kFailedPrecondition;
  }
  return absl::StatusCode::kInternal;
}

void Fill(PartitionId p, uint64_t seq, const Break& b, v1::Break* out) {
  out->set_break_id(MakeBreakId(p, seq).raw());
  out->set_ta_code(b.ta.str());
  out->set_day(b.day.raw());
  out->set_kind(std::string(KindName(b.finding.kind)));
  out->set_state(std::string(StateName(b.state)));
  out->set_file_name(b.finding.file_name);
  out->set_line(b.finding.line);
  out->set_field(b.finding.field);
  out->set_expected(b.finding.expected);
  out->set_found(b.finding.found);
  out->set_rule(b.finding.rule);
  out->set_order_id(b.finding.order.raw());
  out->set_message(b.finding.message);
  out->set_owner(b.owner);
  out->set_resolution(std::string(ResolutionName(b.resolution)));
  out->set_proposed_by(b.proposed_by);
  out->set_proposal_note(b.note);
  out->set_approved_by(b.approved_by);
  out->set_opened_at_us(b.opened_at.raw());
  out->set_closed_at_us(b.closed_at.raw());
}

}  // namespace

ClearingServiceImpl::ClearingServiceImpl(const ServiceDeps& deps)
    : deps_(deps),
      host_({.service = ServiceId::kClearing,
             .partitions = deps.clearing_partitions,
             .executors = deps.executors,
             .log = deps.log,
             .store = deps.store,
             .owner = deps.owner,
             .supports = deps.machine_versions, .leased = deps.leased}),
      feed_(&host_, deps.peers),
      worker_(&host_, deps) {}

void ClearingServiceImpl::Start() {
  feed_.Start();
  worker_.Start();
}

template <class Part, class Read, class Merge>
void ClearingServiceImpl::Gather(const rpc::Call& call, const std::string& ta, rpc::Reply reply, Read read, Merge merge) {
  struct All {
    bool named = false;  // the partitions, by a sibling
    std::vector<Part> parts;
    std::vector<absl::Status> status;
    rpc::Reply reply;
  };
  auto all = std::make_shared<All>();
  std::vector<PartitionId> where;
  if (ta.empty()) {
    auto asked = rpc::AskedPartitions(call, deps_.clearing_partitions);
    if (!asked.ok()) return reply(asked.status());
    where = *std::move(asked);
    all->named = call.partitions.has_value();
  } else {
    where.push_back(HashPartition(ta, deps_.clearing_partitions));
  }
  all->parts.resize(where.size());
  all->status.resize(where.size());
  all->reply = std::move(reply);
  auto* gather = machine::Gather::New(where.size(), [all, merge = std::move(merge)] {
    for (absl::Status& s : all->status)
      if (!s.ok()) return all->reply(std::move(s));
    for (Part& part : all->parts) merge(part);
    all->reply(absl::OkStatus());
  });
  for (size_t i = 0; i < where.size(); ++i) {
    host_.On(where[i], [all, gather, i, read](Partition& p) mutable {
      const auto missing = [&] { return all->named ? rpc::NotOwner("clearing", p.id().partition.raw()) : NotServing(); };
      all->status[i] = p.serving() ? read(p, all->parts[i]) : missing();
      gather->One();
    });
  }
}

std::vector<TaCode> ClearingServiceImpl::Institutions(Partition& p, const std::string& ta) {
  if (!ta.empty()) return {TaCode(ta)};
  std::vector<TaCode> out;
  p.machine().products().ForEachInstitution([&](const InstitutionTerms& t) {
    if (HashPartition(t.ta.view(), deps_.clearing_partitions) == p.id().partition) out.push_back(t.ta);
  });
  return out;
}

std::vector<DayKey> ClearingServiceImpl::Days(Partition& p, const TaCode& ta) {
  std::vector<DayKey> out;
  const InstitutionState* state = p.machine().Institution(ta);
  if (state && state->last_closed.is_set()) out.push_back({ta, state->last_closed});
  for (Date day : p.machine().ActiveDays(ta)) out.push_back({ta, day});
  return out;
}

v1::BusinessDay ClearingServiceImpl::View(Partition& p, const DayKey& key) {
  v1::BusinessDay out;
  const Day* d = p.machine().FindDay(key);
  out.set_ta_code(key.ta.str());
  out.set_day(key.day.raw());
  out.set_step(static_cast<v1::Step>(d->step));
  if (d->step != Step::kClosed) out.set_waiting_for(worker_.WaitingFor(p.id().partition, key));
  out.set_open_breaks(p.machine().OpenBreaks(key));
  out.set_answer_day(d->answer_day.raw());
  out.set_step_since_us(d->since.raw());
  return out;
}

void ClearingServiceImpl::DayStatus(const rpc::Call& call, const v1::DayStatusRequest& q, v1::DayStatusResponse* r, rpc::Reply reply) {
  if (auto s = CheckTa(q.ta_code(), q.day() != 0); !s.ok()) return reply(s);
  if (auto s = CheckDay(q.day(), false); !s.ok()) return reply(s);
  using Part = std::vector<v1::BusinessDay>;
  Gather<Part>(
      call, q.ta_code(), std::move(reply),
      [this, ta = q.ta_code(), day = Date::FromRaw(q.day())](Partition& p, Part& part) {
        if (day.is_set()) {
          const DayKey key{TaCode(ta), day};
          if (!p.machine().FindDay(key)) return NoSuchDay(key);
          part.push_back(View(p, key));
          return absl::OkStatus();
        }
        for (const TaCode& one : Institutions(p, ta))
          for (const DayKey& key : Days(p, one)) part.push_back(View(p, key));
        return absl::OkStatus();
      },
      [r](Part& part) {
        for (auto& day : part) *r->add_days() = std::move(day);
      });
}

void ClearingServiceImpl::ListBreaks(const rpc::Call& call, const v1::ListBreaksRequest& q, v1::ListBreaksResponse* r, rpc::Reply reply) {
  if (auto s = CheckTa(q.ta_code(), false); !s.ok()) return reply(s);
  using Part = std::vector<v1::Break>;
  Gather<Part>(
      call, q.ta_code(), std::move(reply),
      [ta = TaCode(q.ta_code()), everything = q.all()](Partition& p, Part& part) {
        const PartitionId id = p.id().partition;
        if (!everything) {
          p.machine().ForEachOpenBreak(ta, [&](uint64_t seq, const Break& b) {
            if (part.size() < kMostBreaks) Fill(id, seq, b, &part.emplace_back());
          });
          return absl::OkStatus();
        }
        for (uint64_t seq = p.machine().last_break(); seq > 0 && part.size() < kMostBreaks; --seq) {
          const Break* b = p.machine().FindBreak(seq);
          if (b && (ta.empty() || b->ta == ta)) Fill(id, seq, *b, &part.emplace_back());
        }
        std::reverse(part.begin(), part.end());
        return absl::OkStatus();
      },
      [r](Part& part) {
        for (auto& b : part) *r->add_breaks() = std::move(b);
      });
}

void ClearingServiceImpl::ListFiles(const rpc::Call& call, const v1::ListFilesRequest& q, v1::ListFilesResponse* r, rpc::Reply reply) {
  if (auto s = CheckTa(q.ta_code(), q.day() != 0); !s.ok()) return reply(s);
  if (auto s = CheckDay(q.day(), false); !s.ok()) return reply(s);
  using Part = std::vector<v1::FileView>;
  Gather<Part>(
      call, q.ta_code(), std::move(reply),
      [this, ta = q.ta_code(), day = Date::FromRaw(q.day())](Partition& p, Part& part) {
        std::vector<DayKey> days;
        if (day.is_set()) {
          days.push_back({TaCode(ta), day});
          if (!p.machine().FindDay(days.front())) return NoSuchDay(days.front());
        } else {
          for (const TaCode& one : Institutions(p, ta))
            for (const DayKey& key : Days(p, one)) days.push_back(key);
        }
        for (const DayKey& key : days) {
          p.machine().ForEachFile(key, [&](const FileKey& k, const FileEntry& e) {
            v1::FileView& v = part.emplace_back();
            v.set_name(e.name);
            v.set_direction(k.incoming ? "IN" : "OUT");
            v.set_ta_code(k.ta.str());
            v.set_day(k.day.raw());
            v.set_type(k.type.empty() ? "INDEX" : k.type.str());
            v.set_transfer_no(k.transfer);
            v.set_sha256(e.sha.Hex());
            v.set_records(e.records);
            v.set_state(std::string(StateName(e.state)));
            v.set_at_us(e.at.raw());
          });
        }
        return absl::OkStatus();
      },
      [r](Part& part) {
        for (auto& f : part) *r->add_files() = std::move(f);
      });
}

void ClearingServiceImpl::Reconciliation(const rpc::Call& call, const v1::ReconciliationRequest& q,
                                         v1::ReconciliationResponse* r, rpc::Reply reply) {
  if (auto s = CheckTa(q.ta_code(), true); !s.ok()) return reply(s);
  if (auto s = CheckDay(q.day(), true); !s.ok()) return reply(s);
  using Part = std::vector<Reconciled>;
  Gather<Part>(
      call, q.ta_code(), std::move(reply),
      [key = DayKey{TaCode(q.ta_code()), Date::FromRaw(q.day())}](Partition& p, Part& part) {
        const Day* d = p.machine().FindDay(key);
        if (!d) return NoSuchDay(key);
        part = d->reconciliation;
        return absl::OkStatus();
      },
      [r](Part& part) {
        for (const Reconciled& line : part) {
          auto* out = r->add_lines();
          out->set_name(line.name);
          out->set_compared(line.compared);
          out->set_equal(line.equal);
          out->set_different(line.different);
          out->set_ours(line.ours);
          out->set_theirs(line.theirs);
        }
      });
}

void ClearingServiceImpl::Nudge(const rpc::Call& call, v1::NudgeResponse* r, rpc::Reply reply) {
  using Part = std::vector<v1::BusinessDay>;
  Gather<Part>(
      call, "", std::move(reply),
      [this](Partition& p, Part& part) {
        worker_.Look(&host_.ShardOf(p.id().partition));
        for (const TaCode& ta : Institutions(p, ""))
          for (Date day : p.machine().ActiveDays(ta)) part.push_back(View(p, {ta, day}));
        return absl::OkStatus();
      },
      [r](Part& part) {
        for (auto& day : part) *r->add_waiting() = std::move(day);
      });
}

template <class C>
void ClearingServiceImpl::OnBreak(uint64_t break_id, C command, v1::Break* response, rpc::Reply reply) {
  const BreakId id(break_id);
  const PartitionId p = PartitionOf(id);
  const auto refusal = [break_id](Reason reason) {
    return rpc::ErrorWithReason(CodeOf(reason), ReasonName(reason),
                                StrCat("break ", break_id, ": ", ReasonText(reason)));
  };
  if (!host_.Has(p)) return reply(refusal(Reason::kBreakNotFound));
  command.seq = SequenceOf(id);
  host_.On(p, [this, p, command = std::move(command), response, refusal,
               reply = std::move(reply)](Partition& partition) mutable {
    if (!partition.serving()) return reply(NotServing());
    if (absl::Status held = HeldBack(host_); !held.ok()) return reply(std::move(held));
    if (host_.ShardOf(p).overloaded()) {
      return reply(rpc::TryAgainLater("clearing has more waiting than it takes; ask again", Duration::Seconds(1)));
    }
    host_.Submit(
        p, command,
        [this, p, seq = command.seq, response, refusal, reply = std::move(reply)](const Result& result) mutable {
          if (result.reason != Reason::kOk) return reply(refusal(result.reason));
          Fill(p, seq, *host_.At(p).machine().FindBreak(seq), response);
          reply(absl::OkStatus());
        });
  });
}

void ClearingServiceImpl::Register(rpc::Handlers* h) {
  using rpc::Call;
  using rpc::Reply;
  const std::string face = "fundcore.clearing.v1.ClearingService/";
  h->Unary<v1::DayStatusRequest, v1::DayStatusResponse>(
      face + "DayStatus", [this](const Call& call, const v1::DayStatusRequest& q, v1::DayStatusResponse* r, Reply reply) {
        DayStatus(call, q, r, std::move(reply));
      });
  h->Unary<v1::ListBreaksRequest, v1::ListBreaksResponse>(
      face + "ListBreaks", [this](const Call& call, const v1::ListBreaksRequest& q, v1::ListBreaksResponse* r, Reply reply) {
        ListBreaks(call, q, r, std::move(reply));
      });
  h->Unary<v1::GetBreakRequest, v1::Break>(
      face + "GetBreak", [this](const Call&, const v1::GetBreakRequest& q, v1::Break* r, Reply reply) {
        const BreakId id(q.break_id());
        const auto unknown = [id] {
          return rpc::ErrorWithReason(absl::StatusCode::kNotFound, ReasonName(Reason::kBreakNotFound),
                                      StrCat("break ", id.raw(), ": ", ReasonText(Reason::kBreakNotFound)));
        };
        if (!host_.Has(PartitionOf(id))) return reply(unknown());
        host_.On(PartitionOf(id), [id, r, unknown, reply = std::move(reply)](Partition& p) mutable {
          if (!p.serving()) return reply(NotServing());
          const Break* b = p.machine().FindBreak(SequenceOf(id));
          if (!b) return reply(unknown());
          Fill(p.id().partition, SequenceOf(id), *b, r);
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::ProposeResolutionRequest, v1::Break>(
      face + "ProposeResolution",
      [this](const Call& call, const v1::ProposeResolutionRequest& q, v1::Break* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.person().size() > kMaxPerson) return reply(BadField("person", q.person(), "must have at most 64 bytes"));
        if (q.note().size() > kMaxNote)
          return reply(BadField("note", StrCat(q.note().size(), " bytes"), "must have at most 2,000 bytes"));
        ProposeResolution command{0, ParseResolution(q.resolution()), q.note(), Trimmed(q.person())};
        OnBreak(q.break_id(), std::move(command), r, std::move(reply));
      });
  h->Unary<v1::ApproveResolutionRequest, v1::Break>(
      face + "ApproveResolution",
      [this](const Call& call, const v1::ApproveResolutionRequest& q, v1::Break* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.person().size() > kMaxPerson) return reply(BadField("person", q.person(), "must have at most 64 bytes"));
        OnBreak(q.break_id(), ApproveResolution{0, Trimmed(q.person())}, r, std::move(reply));
      });
  h->Unary<v1::ListFilesRequest, v1::ListFilesResponse>(
      face + "ListFiles", [this](const Call& call, const v1::ListFilesRequest& q, v1::ListFilesResponse* r, Reply reply) {
        ListFiles(call, q, r, std::move(reply));
      });
  h->Unary<v1::ReconciliationRequest, v1::ReconciliationResponse>(
      face + "Reconciliation", [this](const Call& call, const v1::ReconciliationRequest& q, v1::ReconciliationResponse* r,
                                      Reply reply) { Reconciliation(call, q, r, std::move(reply)); });
  h->Unary<v1::RecordInterestRequest, v1::InterestRun>(
      face + "RecordInterest", [this](const Call& call, const v1::RecordInterestRequest& q, v1::InterestRun* r,
          Reply reply) {
        RecordInterest(call, q, r, std::move(reply));
      });
  h->Unary<v1::ListInterestRequest, v1::ListInterestResponse>(
      face + "ListInterest", [this](const Call&, const v1::ListInterestRequest& q, v1::ListInterestResponse* r,
          Reply reply) {
        ListInterest(q, r, std::move(reply));
      });
  h->Unary<v1::ListInKindRequest, v1::ListInKindResponse>(
      face + "ListInKind", [this](const Call&, const v1::ListInKindRequest& q, v1::ListInKindResponse* r, Reply reply) {
        ListInKind(q, r, std::move(reply));
      });
  h->Unary<v1::NudgeRequest, v1::NudgeResponse>(
      face + "Nudge",
      [this](const Call& call, const v1::NudgeRequest&, v1::NudgeResponse* r, Reply reply) { Nudge(call, r, std::move(reply)); });
}

}  // namespace fundcore::clearing
