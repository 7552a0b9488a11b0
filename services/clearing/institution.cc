// Which step of which day is due, and the chain that does it.
#include "services/clearing/institution.h"

#include <algorithm>

namespace fundcore::clearing {

std::string Breaks(uint32_t n) { return StrCat(n, n == 1 ? " break" : " breaks"); }

InstitutionWorker::InstitutionWorker(machine::Host<ClearingMachine>* host, const ServiceDeps* deps,
                                     PartitionId partition, const TaCode& ta)
    : host_(host), deps_(deps), partition_(partition), ta_(ta) {}

std::string InstitutionWorker::WaitingFor(Date day) const {
  auto it = notes_.find(day);
  return it == notes_.end() ? std::string() : it->second;
}

void InstitutionWorker::Begin(Date day) {
  busy_ = true;
  ++run_;
  at_ = day;
  notes_.erase(day);
}

void InstitutionWorker::End() {
  busy_ = false;
  ++run_;
  failures_ = 0;
  executor()->Post([this] { Look(); });
}

void InstitutionWorker::Hold(Date day, Duration delay) {
  held_.insert(day);
  executor()->PostAfter(delay, [this, day] {
    held_.erase(day);
    Look();
  });
}

void InstitutionWorker::Retry(const absl::Status& status) {
  busy_ = false;
  ++run_;
  Say(at_, StrCat("another try: ", std::string(status.message())));
  const int64_t longest = std::min<int64_t>(10'000ll << std::min(failures_, 10), 5'000'000);
  ++failures_;
  Hold(at_, Duration::Micros(longest / 2 +
                             static_cast<int64_t>(executor()->Random() % static_cast<uint64_t>(longest / 2 + 1))));
  executor()->Post([this] { Look(); });  // other days may go on meanwhile
}

void InstitutionWorker::Pause(Duration delay, std::string why) {
  busy_ = false;
  ++run_;
  failures_ = 0;
  Say(at_, std::move(why));
  Hold(at_, delay);
  executor()->Post([this] { Look(); });
}

void InstitutionWorker::Arm(TimePoint when) {
  if (when <= Now() || !armed_.insert(when).second) return;
  executor()->PostAt(when, [this, when] {
    armed_.erase(when);
    Look();
  });
}

void InstitutionWorker::Sliced(std::function<bool()> more, Next then) {
  executor()->Post([this, run = run_, more = std::move(more), then = std::move(then)]() mutable {
    if (run != run_) return;
    if (more()) return Sliced(std::move(more), std::move(then));
    then();
  });
}

void InstitutionWorker::Lanes(std::vector<uint16_t> partitions, Lane lane, Next all) {
  if (partitions.empty()) return all();
  struct Fan {
    std::vector<uint16_t> waiting;
    size_t left;
    Lane lane;
    Next all;
  };
  auto fan = std::make_shared<Fan>(Fan{std::move(partitions), 0, std::move(lane), std::move(all)});
  std::reverse(fan->waiting.begin(), fan->waiting.end());
  fan->left = fan->waiting.size();
  // A lane that ends takes the next one on; the closure holds the fan only as long as a lane is under way.
  struct Start {
    static void One(InstitutionWorker* self, const std::shared_ptr<Fan>& fan) {
      if (fan->waiting.empty()) return;
      const uint16_t p = fan->waiting.back();
      fan->waiting.pop_back();
      fan->lane(p, [self, fan, run = self->run_] {
        if (run != self->run_) return;
        if (--fan->left == 0) return fan->all();
        One(self, fan);
      });
    }
  };
  const size_t now = std::min(kLanes, fan->waiting.size());
  for (size_t i = 0; i < now; ++i) {
    executor()->Post([this, run = run_, fan] {
      if (run == run_) Start::One(this, fan);
    });
  }
}

void InstitutionWorker::Record(Date day, Stage stage, std::vector<Finding> findings, Next next) {
  if (findings.empty()) return next();
  FindingsRecorded command;
  command.ta = ta_;
  command.day = day;
  command.stage = stage;
  for (size_t at = 0; at < findings.size();) {
    const size_t n = std::min(kFindingsACommand, findings.size() - at);
    command.findings.assign(std::make_move_iterator(findings.begin() + static_cast<std::ptrdiff_t>(at)),
                            std::make_move_iterator(findings.begin() + static_cast<std::ptrdiff_t>(at + n)));
    at += n;
    // Commands of one partition keep their order, so waiting for the last is waiting for all.
    if (at < findings.size()) {
      Submit(command, [] {});
    } else {
      Submit(command, std::move(next));
    }
  }
}

void InstitutionWorker::StopWith(Date day, Finding finding) {
  std::vector<Finding> one;
  one.push_back(std::move(finding));
  Record(day, Stage::kStop, std::move(one), [this] { End(); });
}

Expectation InstitutionWorker::Expected(Date day, const InstitutionTerms& terms) {
  return {ta_, terms.distributor, D(day).answer_day, terms.file_version, deps_->partitions, variant_};
}

absl::Status InstitutionWorker::LearnVariant() {
  const std::string_view text = m().products().FileVariant(ta_);
  if (text == variant_text_) return absl::OkStatus();
  // Product has read it before it became a fact, so this fails only where an older build was less strict.
  FC_ASSIGN_OR_RETURN(ofd::Variant variant, ofd::Variant::Parse(StrCat("file variant of ", ta_.str()), text));
  variant_ = std::make_shared<const ofd::Variant>(std::move(variant));
  variant_text_ = text;
  answers_.clear();  // they were read with the one before
  return absl::OkStatus();
}

void InstitutionWorker::Look() {
  if (busy_ || !host_->At(partition_).serving()) return;
  const InstitutionTerms* found = m().products().Institution(ta_);
  if (!found) return;
  const InstitutionTerms terms = *found;
  const TradingCalendar* calendar = m().products().Calendar(terms.calendar);
  if (!calendar) return;
  if (absl::Status learned = LearnVariant(); !learned.ok()) {
    for (Date day : m().ActiveDays(ta_)) Say(day, std::string(learned.message()));
    return;
  }
  if (!held_.contains(Date()) && (OpenNext(*calendar, terms) || SettleDue())) return;

  bool first = true;
  Date unexported;  // the earliest day whose export is not out
  for (Date day : m().ActiveDays(ta_)) {
    const bool blocked = m().Blocking(Key(day)) > 0;
    if (!blocked && !held_.contains(day) && Work(day, terms, first, unexported)) return;
    const Day* d = m().FindDay(Key(day));
    if (!unexported.is_set() && d->step < Step::kAwait) unexported = day;
    if (d->step == Step::kSettleCash && !held_.contains(day) && LookForLate(day, terms)) return;
    first = false;
  }
  const InstitutionState* state = m().Institution(ta_);
  if (state && state->last_closed.is_set() && !held_.contains(state->last_closed))
    LookForLate(state->last_closed, terms);
}

bool InstitutionWorker::OpenNext(const TradingCalendar& calendar, const InstitutionTerms&) {
  const InstitutionState* state = m().Institution(ta_);
  const Date today = Now().date();
  const auto next = state ? calendar.Next(state->last_opened) : calendar.NextOrSame(today);
  if (!next.ok() || !calendar.Next(*next).ok()) {
    Say(Date(), StrCat("calendar ", calendar.name(), " ends; extend it with PutCalendar"));
    return false;
  }
  if (*next > today) {
    Arm(TimePoint::At(*next, TimeOfDay()));
    return false;
  }
  Begin(Date());
  SubmitAndEnd(OpenDay{ta_, *next});
  return true;
}

bool InstitutionWorker::Work(Date day, const InstitutionTerms& terms, bool first, Date unexported) {
  const Day& d = D(day);
  switch (d.step) {
    case Step::kOpen: {
      const TimePoint closes = TimePoint::At(day, terms.cutoff) + deps_->cutoff_grace;
      if (Now() < closes) {
        Say(day, StrCat("the cut-off at ", terms.cutoff.Iso()));
        Arm(closes);
        return false;
      }
      Begin(day);
      SubmitAndEnd(Advance{ta_, day, Step::kOpen});
      return true;
    }
    case Step::kCutOff: CloseTheDay(day); return true;
    case Step::kExport:
      if (unexported.is_set()) {
        Say(day, StrCat("the export of ", unexported.Iso()));
        return false;
      }
      if (d.sealed >= 1) return WorkOut(day, 1);
      CountForSeal(day, terms);
      return true;
    case Step::kApproveOut: return false;  // waits for its break
    case Step::kRelease: return WorkOut(day, 1);
    case Step::kAwait:
      // Late transfers of ours first: the institution answers them with the others.
      if (WorkOut(day, d.sealed)) return true;
      if (d.may_grow && !growth_held_) {
        Grow(day);
        return true;
      }
      if (!first) {
        Say(day, "the day before to be closed");
        return false;
      }
      return LookForTransfer(day, terms);
    case Step::kValidate: Validate(day); return true;
    case Step::kApproveIn: return false;
    case Step::kApply: Apply(day); return true;
    case Step::kReconcile:
      if (d.reconciled) return false;
      Reconcile(day);
      return true;
    case Step::kSettleCash:
      // First what else lies in the folder: once the next day is closed, too, nobody looks there any more.
      if (LookForLate(day, terms)) return true;
      SettleCash(day);
      return true;
    case Step::kClosed: return false;
  }
  return false;
}

}  // namespace fundcore::clearing
