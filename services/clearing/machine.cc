// The steps of a day, and the breaks that hold them up.
#include "services/clearing/machine.h"

#include <algorithm>
#include <map>

namespace fundcore::clearing {

using machine::Context;

namespace {

const FileType kType02("02"), kType04("04"), kType05("05"), kType06("06"), kType07("07"), kType25("25");

// Only these may still be corrected after the day's lines were posted: nothing was posted from them.
bool IsStatement(const FileType& type) { return type == kType05 || type == kType25; }

// A file of which nothing can be used: no resolution but another file makes sense.
bool IsUnusable(BreakKind kind) {
  switch (kind) {
    case BreakKind::kFileDamaged:
    case BreakKind::kFileWrongHeader:
    case BreakKind::kFileConflict:
    case BreakKind::kFileRepeated: return true;
    case BreakKind::kConfirmationDiffers:
    case BreakKind::kMissingConfirmation:
    case BreakKind::kDuplicateLine:
    case BreakKind::kAccountConfirmationDiffers:
    case BreakKind::kDividendDiffers:
    case BreakKind::kBalanceDiffers:
    case BreakKind::kUnitTotalDiffers:
    case BreakKind::kCashDiffers:
    case BreakKind::kFileAfterApply:
    case BreakKind::kExportDiffers:
    case BreakKind::kShortfall:
    case BreakKind::kOrdersLeft:
    case BreakKind::kPaymentRefused:
    case BreakKind::kPricesRefused:
    case BreakKind::kIncomeDiffers:
    case BreakKind::kInterestNotSpread:
    case BreakKind::kProductFileRefused:
    case BreakKind::kDividendPlanDiffers:
    case BreakKind::kTooManyFindings: return false;
  }
  return false;
}

bool Fits(const Break& b, Resolution r) {
  if (r != Resolution::kAwaitCorrection) return !(b.stage == Stage::kIn && IsUnusable(b.finding.kind));
  switch (b.stage) {
    case Stage::kStop:
    case Stage::kOut:
    case Stage::kIn: return true;
    case Stage::kReconcile: return IsStatement(b.finding.type);
    case Stage::kCash:
    case Stage::kNote: return false;
  }
  return false;
}

std::string Describe(const std::vector<Seal>& orders, uint64_t applications) {
  uint64_t count = 0, hash = 0;
  Money amount;
  Units units;
  for (const Seal& s : orders) {
    count += s.count;
    amount += s.amount;
    units += s.units;
    hash += s.hash;
  }
  return StrCat(count, " orders, ", amount.ToString(), " yuan, ", units.ToString(), " units, ", applications,
                " applications, fingerprint ", hash);
}

template <class T>
void AddOnce(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

}  // namespace

std::string_view KindName(BreakKind kind) {
  switch (kind) {
    case BreakKind::kConfirmationDiffers: return "CONFIRMATION_DIFFERS";
    case BreakKind::kMissingConfirmation: return "MISSING_CONFIRMATION";
    case BreakKind::kDuplicateLine: return "DUPLICATE_LINE";
    case BreakKind::kAccountConfirmationDiffers: return "ACCOUNT_CONFIRMATION_DIFFERS";
    case BreakKind::kDividendDiffers: return "DIVIDEND_DIFFERS";
    case BreakKind::kBalanceDiffers: return "BALANCE_DIFFERS";
    case BreakKind::kUnitTotalDiffers: return "UNIT_TOTAL_DIFFERS";
    case BreakKind::kCashDiffers: return "CASH_DIFFERS";
    case BreakKind::kFileDamaged: return "FILE_DAMAGED";
    case BreakKind::kFileWrongHeader: return "FILE_WRONG_HEADER";
    case BreakKind::kFileConflict: return "FILE_CONFLICT";
    case BreakKind::kFileRepeated: return "FILE_REPEATED";
    case BreakKind::kFileAfterApply: return "FILE_AFTER_APPLY";
    case BreakKind::kExportDiffers: return "EXPORT_DIFFERS";
    case BreakKind::kShortfall: return "SHORTFALL";
    case BreakKind::kOrdersLeft: return "ORDERS_LEFT";
    case BreakKind::kPaymentRefused: return "PAYMENT_REFUSED";
    case BreakKind::kPricesRefused: return "PRICES_REFUSED";
    case BreakKind::kTooManyFindings: return "TOO_MANY_FINDINGS";
    case BreakKind::kIncomeDiffers: return "INCOME_DIFFERS";
    case BreakKind::kInterestNotSpread: return "INTEREST_NOT_SPREAD";
    case BreakKind::kProductFileRefused: return "PRODUCT_FILE_REFUSED";
    case BreakKind::kDividendPlanDiffers: return "DIVIDEND_PLAN_DIFFERS";
  }
  return "UNKNOWN";
}

std::string_view StateName(BreakState state) {
  switch (state) {
    case BreakState::kOpen: return "OPEN";
    case BreakState::kProposed: return "PROPOSED";
    case BreakState::kClosed: return "CLOSED";
  }
  return "UNKNOWN";
}

std::string_view StateName(FileState state) {
  switch (state) {
    case FileState::kIntended: return "APPROVED";
    case FileState::kReleased: return "RELEASED";
    case FileState::kSeen: return "SEEN";
    case FileState::kValidated: return "VALIDATED";
    case FileState::kSetAside: return "SET_ASIDE";
    case FileState::kApplied: return "APPLIED";
  }
  return "UNKNOWN";
}

std::string_view ResolutionName(Resolution r) {
  switch (r) {
    case Resolution::kNone: return "";
    case Resolution::kAcceptTa: return "ACCEPT_TA";
    case Resolution::kAwaitCorrection: return "AWAIT_CORRECTION";
    case Resolution::kExplained: return "EXPLAINED";
  }
  return "";
}

Resolution ParseResolution(std::string_view text) {
  for (Resolution r : {Resolution::kAcceptTa, Resolution::kAwaitCorrection, Resolution::kExplained})
    if (text == ResolutionName(r)) return r;
  return Resolution::kNone;
}

const std::vector<FileType>& OptionalTypes() {
  static const std::vector<FileType> types = {FileType("R2")};
  return types;
}

const std::vector<FileType>& AnswerTypes() {
  static const std::vector<FileType> types = {kType02, kType04, kType05, kType06, kType07, kType25};
  return types;
}

ClearingMachine::ClearingMachine(machine::State& state, PartitionId)
    : products_(state, kTableProducts),
      institutions_(state, kTableInstitutions),
      days_(state, kTableDays),
      active_(state, kTableActiveDays),
      out_(state, kTableOut, machine::Residence::kLazy),
      files_(state, kTableFiles, machine::Residence::kLazy),
      due_(state, kTableDue, machine::Residence::kLazy),
      reservations_(state, kTableReservations),
      hung_(state, kTableHung, machine::Residence::kLazy),
      progress_(state, kTableProgress),
      breaks_(state, kTableBreaks),
      open_breaks_(state, kTableOpenBreaks),
      findings_(state, kTableFindings, machine::Residence::kLazy),
      settlements_(state, kTableSettlements, machine::Residence::kLazy),
      pending_(state, kTablePending),
      break_sequence_(state, kTableBreakSequence),
      interest_runs_(state, kTableInterestRuns),
      interest_references_(state, kTableInterestReferences),
      product_files_(state, kTableProductFiles, machine::Residence::kLazy),
      dividend_plans_(state, kTableDividendPlans, machine::Residence::kLazy),
      in_kind_(state, kTableInKind, machine::Residence::kLazy),
      history_(state, kTableBreakHistory) {}

// --- Parts
// --------------------------------------------------------------------------------------------------------------

void ClearingMachine::Go(Day& day, Step step, const Context& ctx) {
  day.step = step;
  day.since = ctx.now;
}

bool ClearingMachine::HasOpen(const DayKey& day, Stage stage) {
  bool found = false;
  open_breaks_.ScanPrefix(day, [&](const OpenBreakKey&, const OpenBreak& b) { return !(found = b.stage == stage); });
  return found;
}

void ClearingMachine::MarkFile(const DayKey& key, const InFile& file, FileState state) {
  if (FileEntry* e = files_.FindMutable({key.ta, key.day, true, file.transfer, file.type})) {
    e->state = state;
    e->records = file.records;
  }
}

void ClearingMachine::Note(uint64_t seq, Break& b, std::string_view person, std::string_view note, const Context& ctx) {
  b.last_change = history_.Append(
      BreakChange{seq, b.state, b.resolution, std::string(person), std::string(note), ctx.now, b.last_change});
}

void ClearingMachine::Open(const DayKey& day, Stage stage, const Finding& f, const Context& ctx) {
  FindingKey key{day.ta, day.day, stage, f.sha.Hex().substr(0, 16), f.type, f.line, f.order, f.subject};
  if (f.line == 0 && !f.order.is_set() && f.subject.empty()) key.subject = KindName(f.kind);
  if (const uint64_t* seen = findings_.Find(key)) {
    const Break* b = breaks_.Find(*seen);
    if (b->state != BreakState::kClosed) return;
    // What was explained or accepted stays so. What was to be put right and is found again is a new break.
    const bool again = stage == Stage::kStop || stage == Stage::kOut || b->resolution == Resolution::kAwaitCorrection;
    if (!again) return;
  }
  const uint64_t seq = ++break_sequence_.Mutable();
  findings_.Put(key, seq);
  Break& b = breaks_.Mutable(seq);
  b = Break{};
  b.ta = day.ta;
  b.day = day.day;
  b.stage = stage;
  b.finding = f;
  b.owner = "settlement";
  b.opened_at = ctx.now;
  open_breaks_.Put({day.ta, day.day, seq}, {stage});
  Note(seq, b, "", "", ctx);
}

void ClearingMachine::Decide(const DayKey& key, const Context& ctx) {
  Day* day = days_.FindMutable(key);
  if (!day) return;
  const auto set_aside = [&] {
    for (const FileType& type : day->to_correct) {
      auto it = std::find_if(day->files.begin(), day->files.end(), [&](const InFile& f) { return f.type == type; });
      if (it == day->files.end()) continue;
      MarkFile(key, *it, FileState::kSetAside);
      day->files.erase(it);
    }
    day->awaited = std::move(day->to_correct);
    day->to_correct.clear();
    day->reconciled = false;
    Go(*day, Step::kAwait, ctx);
  };
  switch (day->step) {
    case Step::kApproveOut:
      if (!HasOpen(key, Stage::kOut)) Go(*day, Step::kExport, ctx);
      return;
    case Step::kApproveIn: {
      if (HasOpen(key, Stage::kIn)) return;
      if (!day->to_correct.empty()) return set_aside();
      const bool all = std::all_of(day->files.begin(), day->files.end(), [](const InFile& f) { return f.validated; });
      return Go(*day, all ? Step::kApply : Step::kValidate, ctx);
    }
    case Step::kReconcile:
      if (!day->reconciled || HasOpen(key, Stage::kReconcile)) return;
      if (!day->to_correct.empty()) return set_aside();
      return Go(*day, Step::kSettleCash, ctx);
    case Step::kOpen:
    case Step::kCutOff:
    case Step::kExport:
    case Step::kRelease:
    case Step::kAwait:
    case Step::kValidate:
    case Step::kApply:
    case Step::kSettleCash:
    case Step::kClosed: return;
  }
}

// --- Days and transfers out
// ---------------------------------------------------------------------------------------------

Result ClearingMachine::Execute(const AbsorbFacts& c, const Context&) {
  products_.Absorb(c);
  return {};
}

Result ClearingMachine::Execute(const OpenDay& c, const Context& ctx) {
  if (days_.Find({c.ta, c.day})) return {};
  const InstitutionTerms* terms = products_.Institution(c.ta);
  if (!terms) return {Reason::kInstitutionUnknown};
  const TradingCalendar* calendar = products_.Calendar(terms->calendar);
  if (!calendar) return {Reason::kCalendarEnds};
  const InstitutionState* known = institutions_.Find(c.ta);
  const auto expected = known ? calendar->Next(known->last_opened) : calendar->NextOrSame(c.day);
  const auto answer = calendar->Next(c.day);
  if (!expected.ok() || !answer.ok()) return {Reason::kCalendarEnds};
  if (*expected != c.day) return {Reason::kDayNotNext};
  if (ctx.now.date() < c.day) return {Reason::kDayNotReached};

  institutions_.Mutable(c.ta).last_opened = c.day;
  Day& day = days_.Mutable({c.ta, c.day});
  day.answer_day = *answer;
  Go(day, Step::kOpen, ctx);
  active_.Put({c.ta, c.day}, {});
  return {};
}

Result ClearingMachine::Execute(const Advance& c, const Context& ctx) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  if (day->step > c.from) return {};  // done before
  if (day->step < c.from) return {Reason::kWrongStep};
  const DayKey key{c.ta, c.day};
  switch (c.from) {
    case Step::kOpen: {
      const InstitutionTerms* terms = products_.Institution(c.ta);
      if (!terms) return {Reason::kInstitutionUnknown};
      if (ctx.now < TimePoint::At(c.day, terms->cutoff)) return {Reason::kDayNotReached};
      Go(*day, Step::kCutOff, ctx);
      return {};
    }
    case Step::kCutOff: Go(*day, Step::kExport, ctx); return {};
    case Step::kApply:
      if (HasOpen(key, Stage::kStop)) return {Reason::kBreaksOpen};
      for (const InFile& f : day->files)
        if (!IsStatement(f.type)) MarkFile(key, f, FileState::kApplied);
      day->applied = true;
      Go(*day, Step::kReconcile, ctx);
      return {};
    case Step::kSettleCash: {
      if (HasOpen(key, Stage::kStop) || HasOpen(key, Stage::kCash)) return {Reason::kBreaksOpen};
      for (const InFile& f : day->files) MarkFile(key, f, FileState::kApplied);
      Go(*day, Step::kClosed, ctx);
      active_.Erase(key);
      institutions_.Mutable(c.ta).last_closed = c.day;
      std::vector<ProgressKey> over;
      progress_.ScanPrefix(key, [&](const ProgressKey& k, const uint64_t&) { return over.push_back(k), true; });
      for (const ProgressKey& k : over) progress_.Erase(k);
      return {};
    }
    case Step::kExport:
    case Step::kApproveOut:
    case Step::kRelease:
    case Step::kAwait:
    case Step::kValidate:
    case Step::kApproveIn:
    case Step::kReconcile:
    case Step::kClosed: return {Reason::kWrongStep};  // these end by commands of their own
  }
  return {Reason::kWrongStep};
}

Result ClearingMachine::Execute(const SealRecorded& c, const Context&) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  if (c.transfer <= day->sealed) return {};
  if (c.transfer != day->sealed + 1) return {Reason::kTransferUnknown};
  if (day->step != (c.transfer == 1 ? Step::kExport : Step::kAwait)) return {Reason::kWrongStep};

  OutTransfer& out = out_.Mutable({c.ta, c.day, c.transfer});
  out.orders = c.orders;
  out.applications = c.applications;
  out.tax = c.tax;
  day->sealed = c.transfer;
  day->may_grow = c.undecided_left;
  return {};
}

Result ClearingMachine::Execute(const DueRecorded& c, const Context& ctx) {
  const Day* day = days_.Find({c.ta, c.day});
  if (!day) return {Reason::kDayUnknown};
  const OutTransfer* out = out_.Find({c.ta, c.day, c.transfer});
  if (!out) return {Reason::kTransferUnknown};
  // Exported again after a restart, perhaps when answers were applied already: what was recorded stands.
  if (out->state >= OutState::kApproved) return {};
  // By the fund's confirmation days after the day; no earlier than the answer to this one.
  const auto due_after = [&](const FundCode& code, Date from, bool may_be_closed) {
    const Date due = day->answer_day;
    const FundTerms* fund = products_.Fund(code, ctx.now);
    const TradingCalendar* calendar = fund ? products_.Calendar(fund->calendar) : nullptr;
    if (!calendar) return due;
    // What comes on a day on which the fund is closed (a reservation, or 053) is answered with the institution's next answer.
    if (const auto open = calendar->IsOpen(from); may_be_closed && open.ok() && !*open) return due;
    const auto day_due = calendar->AddOpenDays(from, fund->confirm_days);
    return day_due.ok() ? std::max(due, *day_due) : due;
  };
  std::map<Date, std::vector<DueOrder>> by_due;  // funds of one page may share a day, and then an entry
  for (const DueRecorded::Group& g : c.groups) {
    const Date due = due_after(g.fund, c.day, c.may_be_closed);
    auto& orders = by_due[due];
    orders.insert(orders.end(), g.orders.begin(), g.orders.end());
  }
  for (auto& [due, orders] : by_due) due_.Put({c.ta, due, c.day, c.transfer, c.partition, c.page}, {std::move(orders)});
  for (const DueRecorded::Reservation& r : c.reservations) {
    reservations_.Put({c.ta, r.order.order},
                      {r.order.investor, due_after(r.fund, c.day, true), due_after(r.fund, r.day, false), false});
  }
  return {};
}

Result ClearingMachine::Execute(const FilesWritten& c, const Context& ctx) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  OutTransfer* out = out_.FindMutable({c.ta, c.day, c.transfer});
  if (!out) return {Reason::kTransferUnknown};
  if (out->state >= OutState::kReleased) return {Reason::kTransferReleased};
  if (c.transfer == 1 && day->step != Step::kExport && day->step != Step::kRelease) return {Reason::kWrongStep};

  std::vector<Seal> sealed;
  for (const Seal& s : out->orders)
    if (s.count > 0) sealed.push_back(s);
  uint64_t applications = 0;
  for (const Seal& s : out->applications) applications += s.count;
  const auto& f = c.figures;
  const bool equal = sealed == f.orders && f.applications == applications && f.pulled_hash == f.read_hash;
  if (!equal) {
    Finding finding;
    finding.kind = BreakKind::kExportDiffers;
    finding.type = FileType("03");
    finding.file_name = c.files.empty() ? "" : c.files.back().name;
    finding.subject = StrCat("transfer ", c.transfer);
    finding.rule = "EXPORT_DIFFERS";
    finding.expected = Describe(sealed, applications);
    finding.found = Describe(f.orders, f.applications);
    finding.message = "the written files do not hold what was sealed; once this is closed they are written anew";
    Open({c.ta, c.day}, Stage::kOut, finding, ctx);
    out->state = OutState::kSealed;
    if (c.transfer == 1) Go(*day, Step::kApproveOut, ctx);
    return {};
  }
  out->files = c.files;
  out->state = OutState::kApproved;
  for (const OutFile& file : c.files) {
    files_.Put({c.ta, c.day, false, c.transfer, file.type},
               {file.name, file.sha, file.bytes, file.records, FileState::kIntended, ctx.now});
  }
  if (c.transfer == 1) Go(*day, Step::kRelease, ctx);
  return {};
}

Result ClearingMachine::Execute(const FilesReleased& c, const Context& ctx) {
  OutTransfer* out = out_.FindMutable({c.ta, c.day, c.transfer});
  if (!out) return {Reason::kTransferUnknown};
  if (out->state >= OutState::kReleased) return {};
  if (out->state != OutState::kApproved) return {Reason::kWrongStep};
  out->state = OutState::kReleased;
  for (const OutFile& file : out->files) {
    FileEntry& e = files_.Mutable({c.ta, c.day, false, c.transfer, file.type});
    e.state = FileState::kReleased;
    e.at = ctx.now;
  }
  return {};
}

Result ClearingMachine::Execute(const Dispatched& c, const Context& ctx) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  OutTransfer* out = out_.FindMutable({c.ta, c.day, c.transfer});
  if (!out) return {Reason::kTransferUnknown};
  if (out->state == OutState::kDispatched) return {};
  if (out->state != OutState::kReleased) return {Reason::kWrongStep};
  out->state = OutState::kDispatched;
  if (c.transfer == 1 && day->step == Step::kRelease) {
    day->awaited = AnswerTypes();
    Go(*day, Step::kAwait, ctx);
  }
  return {};
}

Result ClearingMachine::Execute(const GrowthEnded& c, const Context&) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  day->may_grow = false;
  return {};
}

// --- Transfers in
// -------------------------------------------------------------------------------------------------------

Result ClearingMachine::Execute(const TransferTaken& c, const Context& ctx) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  if (c.transfer <= day->taken) return {};
  if (day->step != Step::kAwait) return {Reason::kWrongStep};
  const DayKey key{c.ta, c.day};
  day->taken = c.transfer;
  day->index_used |= c.index_used;
  for (const InFile& file : c.files) {
    FileEntry& entry = files_.Mutable({c.ta, c.day, true, c.transfer, file.type});
    entry = {file.name, file.sha, file.bytes, file.records, FileState::kSeen, ctx.now};
    if (day->applied && !IsStatement(file.type)) {
      entry.state = FileState::kSetAside;
      Finding f;
      f.kind = BreakKind::kFileAfterApply;
      f.type = file.type;
      f.sha = file.sha;
      f.file_name = file.name;
      f.rule = "FILE_AFTER_APPLY";
      f.message = StrCat(file.name, " came after the day's file of this type had been applied; it is not used");
      Open(key, Stage::kNote, f, ctx);
      continue;
    }
    auto it = std::find_if(day->files.begin(), day->files.end(), [&](const InFile& f) { return f.type >= file.type; });
    if (it != day->files.end() && it->type == file.type) {
      MarkFile(key, *it, FileState::kSetAside);
      *it = file;
    } else {
      day->files.insert(it, file);
    }
  }
  Go(*day, Step::kValidate, ctx);
  return {};
}

Result ClearingMachine::Execute(const FindingsRecorded& c, const Context& ctx) {
  if (!days_.Find({c.ta, c.day})) return {Reason::kDayUnknown};
  for (const Finding& f : c.findings) Open({c.ta, c.day}, c.stage, f, ctx);
  return {};
}

Result ClearingMachine::Execute(const Validated& c, const Context& ctx) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  if (day->step > Step::kValidate) return {};
  if (day->step != Step::kValidate) return {Reason::kWrongStep};
  const DayKey key{c.ta, c.day};
  day->product_seq = std::max(day->product_seq, c.product_seq);
  for (InFile& file : day->files) {
    for (const auto& [type, records] : c.records)
      if (type == file.type) file.records = records;
    if (!c.content_checked) continue;
    if (!file.validated) MarkFile(key, file, FileState::kValidated);
    file.validated = true;
  }
  Go(*day, Step::kApproveIn, ctx);
  Decide(key, ctx);
  return {};
}

Result ClearingMachine::Execute(const HungRecorded& c, const Context&) {
  if (!days_.Find({c.ta, c.day})) return {Reason::kDayUnknown};
  for (const auto& [order, hung] : c.orders) hung_.Put({c.ta, c.day, order}, hung);
  return {};
}

Result ClearingMachine::Execute(const Applied& c, const Context&) {
  const Day* day = days_.Find({c.ta, c.day});
  if (!day) return {Reason::kDayUnknown};
  if (day->step != Step::kApply) return {Reason::kWrongStep};
  uint64_t& next = progress_.Mutable({c.ta, c.day, c.phase, c.partition});
  next = std::max(next, c.next);
  return {};
}

Result ClearingMachine::Execute(const ReconciledDay& c, const Context& ctx) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  if (day->step > Step::kReconcile) return {};
  if (day->step != Step::kReconcile) return {Reason::kWrongStep};
  if (day->reconciled) return {};
  const DayKey key{c.ta, c.day};
  day->reconciled = true;
  day->reconciliation = c.lines;

  std::vector<DueKey> over;
  due_.ScanPrefix(TaPrefix{c.ta}, [&](const DueKey& k, const DueChunk&) {
    if (k.due > day->answer_day) return false;
    over.push_back(k);
    return true;
  });
  for (const DueKey& k : over) due_.Erase(k);
  if (!c.carried.empty()) {
    Date next = day->answer_day.AddDays(1);
    const InstitutionTerms* terms = products_.Institution(c.ta);
    const TradingCalendar* calendar = terms ? products_.Calendar(terms->calendar) : nullptr;
    if (calendar) {
      if (auto open = calendar->Next(day->answer_day); open.ok()) next = *open;
    }
    due_.Mutable({c.ta, next, c.day, kCarried, 0, 0}).orders = c.carried;
  }
  for (const OrderId order : c.received)
    if (ReservationDue* kept = reservations_.FindMutable({c.ta, order})) kept->received = true;
  for (const OrderId order : c.ended) reservations_.Erase({c.ta, order});
  for (const auto& d : c.deferred) due_.Mutable({c.ta, d.due, c.day, kDeferredRest, 0, 0}).orders = d.orders;
  for (const auto& item : c.settlements) {
    const SettlementKey& k = item.key;
    if (const Settlement* there = settlements_.Find(k)) {
      if (there->state != SettlementState::kDue) continue;  // the bank was told: figures and date stand
      pending_.Erase({k.ta, there->pay_date, k.confirm_day, k.fund, k.business});
    }
    settlements_.Put(k, item.settlement);
    pending_.Put({k.ta, item.settlement.pay_date, k.confirm_day, k.fund, k.business}, {});
  }
  Decide(key, ctx);
  return {};
}

Result ClearingMachine::Execute(const LateTransferSeen& c, const Context&) {
  Day* day = At(c.ta, c.day);
  if (!day) return {Reason::kDayUnknown};
  day->looked = std::max(day->looked, c.transfer);
  return {};
}

// --- Settlement
// ---------------------------------------------------------------------------------------------------------

Result ClearingMachine::Execute(const SettlementIntended& c, const Context&) {
  for (const SettlementKey& k : c.keys)
    if (!settlements_.Find(k)) return {Reason::kSettlementUnknown};
  for (const SettlementKey& k : c.keys) {
    Settlement& s = settlements_.Mutable(k);
    if (s.state == SettlementState::kDue) s.state = SettlementState::kIntended;
  }
  return {};
}

Result ClearingMachine::Execute(const SettlementsDone& c, const Context& ctx) {
  for (const SettlementKey& k : c.keys)
    if (!settlements_.Find(k)) return {Reason::kSettlementUnknown};
  for (const SettlementKey& k : c.keys) {
    Settlement& s = settlements_.Mutable(k);
    if (s.state == SettlementState::kDone) continue;
    s.state = SettlementState::kDone;
    s.done_at = ctx.now;
    pending_.Erase({k.ta, s.pay_date, k.confirm_day, k.fund, k.business});
  }
  return {};
}

// --- Breaks
// -------------------------------------------------------------------------------------------------------------

Result ClearingMachine::Execute(const ProposeResolution& c, const Context& ctx) {
  const Break* seen = breaks_.Find(c.seq);
  if (!seen) return {Reason::kBreakNotFound};
  if (seen->state == BreakState::kProposed && seen->proposed_by == c.person && seen->resolution == c.resolution &&
      seen->note == c.note) {
    return {Reason::kOk, c.seq};
  }
  if (c.person.empty()) return {Reason::kPersonMissing};
  if (c.resolution == Resolution::kNone) return {Reason::kResolutionUnknown};
  if (seen->state == BreakState::kClosed) return {Reason::kBreakClosed};
  if (seen->state == BreakState::kProposed && seen->proposed_by != c.person) return {Reason::kProposedByAnother};
  if (!Fits(*seen, c.resolution)) return {Reason::kResolutionNotPossible};

  Break& b = breaks_.Mutable(c.seq);
  b.state = BreakState::kProposed;
  b.resolution = c.resolution;
  b.proposed_by = c.person;
  b.note = c.note;
  b.proposed_at = ctx.now;
  Note(c.seq, b, c.person, c.note, ctx);
  return {Reason::kOk, c.seq};
}

Result ClearingMachine::Execute(const ApproveResolution& c, const Context& ctx) {
  const Break* seen = breaks_.Find(c.seq);
  if (!seen) return {Reason::kBreakNotFound};
  if (seen->state == BreakState::kClosed && seen->approved_by == c.person && !c.person.empty())
    return {Reason::kOk, c.seq};
  if (c.person.empty()) return {Reason::kPersonMissing};
  if (seen->state == BreakState::kClosed) return {Reason::kBreakClosed};
  if (seen->state != BreakState::kProposed) return {Reason::kNotProposed};
  if (seen->proposed_by == c.person) return {Reason::kSamePerson};

  Break& b = breaks_.Mutable(c.seq);
  b.state = BreakState::kClosed;
  b.approved_by = c.person;
  b.closed_at = ctx.now;
  Note(c.seq, b, c.person, "", ctx);
  const DayKey key{b.ta, b.day};
  open_breaks_.Erase({b.ta, b.day, c.seq});
  const bool awaits =
      b.resolution == Resolution::kAwaitCorrection && (b.stage == Stage::kIn || b.stage == Stage::kReconcile);
  if (awaits) {
    if (Day* day = days_.FindMutable(key)) AddOnce(day->to_correct, b.finding.type);
  }
  Decide(key, ctx);
  return {Reason::kOk, c.seq};
}

// --- Reading
// ------------------------------------------------------------------------------------------------------------

std::vector<Date> ClearingMachine::ActiveDays(const TaCode& ta) {
  std::vector<Date> days;
  active_.ScanPrefix(TaPrefix{ta}, [&](const DayKey& k, const Present&) { return days.push_back(k.day), true; });
  return days;
}

void ClearingMachine::ForEachFile(const DayKey& day, absl::FunctionRef<void(const FileKey&, const FileEntry&)> visit) {
  files_.ScanPrefix(day, [&](const FileKey& k, const FileEntry& e) { return visit(k, e), true; });
}

uint64_t ClearingMachine::NextIndex(const ProgressKey& key) {
  const uint64_t* next = progress_.Find(key);
  return next ? *next : 0;
}

std::vector<std::pair<OrderId, HungOrder>> ClearingMachine::Hung(const DayKey& day) {
  std::vector<std::pair<OrderId, HungOrder>> out;
  hung_.ScanPrefix(day, [&](const HungKey& k, const HungOrder& h) { return out.emplace_back(k.order, h), true; });
  return out;
}

std::vector<DueOrder> ClearingMachine::Due(const TaCode& ta, Date last) {
  std::vector<DueOrder> out;
  due_.ScanPrefix(TaPrefix{ta}, [&](const DueKey& k, const DueChunk& chunk) {
    if (k.due > last) return false;
    out.insert(out.end(), chunk.orders.begin(), chunk.orders.end());
    return true;
  });
  ForEachReservation(ta, [&](OrderId order, const ReservationDue& r) {
    if (r.due() <= last) out.push_back({order, r.investor});
  });
  return out;
}

void ClearingMachine::ForEachReservation(const TaCode& ta, absl::FunctionRef<void(OrderId, const ReservationDue&)> visit) {
  reservations_.ScanPrefix(TaPrefix{ta},
                           [&](const ReservationKey& k, const ReservationDue& r) { return visit(k.order, r), true; });
}

std::vector<std::pair<SettlementKey, Settlement>> ClearingMachine::Pending(const TaCode& ta, Date last) {
  std::vector<std::pair<SettlementKey, Settlement>> out;
  pending_.ScanPrefix(TaPrefix{ta}, [&](const PendingKey& k, const Present&) {
    if (k.pay_date > last) return false;
    const SettlementKey key{k.ta, k.confirm_day, k.fund, k.business};
    out.emplace_back(key, *settlements_.Find(key));
    return true;
  });
  return out;
}

Date ClearingMachine::NextPayDate(const TaCode& ta) {
  Date next;
  pending_.ScanPrefix(TaPrefix{ta}, [&](const PendingKey& k, const Present&) { return next = k.pay_date, false; });
  return next;
}

void ClearingMachine::ForEachOpenBreak(const TaCode& ta, absl::FunctionRef<void(uint64_t seq, const Break&)> visit) {
  const auto one = [&](const OpenBreakKey& k, const OpenBreak&) { return visit(k.seq, *breaks_.Find(k.seq)), true; };
  ta.empty() ? open_breaks_.ScanAll(one) : open_breaks_.ScanPrefix(TaPrefix{ta}, one);
}

uint32_t ClearingMachine::OpenBreaks(const DayKey& day) {
  uint32_t n = 0;
  open_breaks_.ScanPrefix(day, [&](const OpenBreakKey&, const OpenBreak&) { return ++n, true; });
  return n;
}

uint32_t ClearingMachine::Blocking(const DayKey& key) {
  const Day* day = days_.Find(key);
  if (!day) return 0;
  uint32_t n = 0;
  open_breaks_.ScanPrefix(key, [&](const OpenBreakKey&, const OpenBreak& b) {
    switch (b.stage) {
      case Stage::kStop:
      case Stage::kOut: ++n; break;
      case Stage::kIn: n += day->step == Step::kApproveIn; break;
      case Stage::kReconcile: n += day->step == Step::kReconcile && day->reconciled; break;
      case Stage::kCash: n += day->step == Step::kSettleCash; break;
      case Stage::kNote: break;
    }
    return true;
  });
  return n;
}

absl::StatusOr<std::vector<BreakChange>> ClearingMachine::Changes(uint64_t seq) {
  std::vector<BreakChange> out;
  const Break* b = breaks_.Find(seq);
  for (uint64_t at = b ? b->last_change : 0; at != 0;) {
    auto change = history_.ReadAs<BreakChange>(at);
    if (!change.ok()) return change.status();
    at = change->previous;
    out.push_back(*std::move(change));
  }
  return out;
}

}  // namespace fundcore::clearing
