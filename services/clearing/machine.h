// Clearing: how far the business day of each institution has come, which files stand for it, and what does not add up.
//
// A pure state machine. `Execute` reads the command and its tables, nothing else; time is `ctx.now`. The work itself
// (files, peers) is done by the worker, which reports each step's end by a command that a repetition does not change.
//
// A day stops only for breaks. A break is closed by two different people; when the last one that holds a step up is
// closed, the machine decides how the day goes on: with the institution's figures, or waiting for a corrected transfer.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "common/machine/partition.h"
#include "common/machine/state.h"
#include "common/product/book.h"
#include "services/clearing/commands.h"
#include "services/clearing/in_kind.h"
#include "services/clearing/interest.h"
#include "services/clearing/product_files.h"
#include "services/clearing/reason.h"
#include "services/clearing/state.h"

namespace fundcore::clearing {

struct Result {
  Reason reason = Reason::kOk;
  uint64_t seq = 0;  // of a break
};

class ClearingMachine {
 public:
  using Result = clearing::Result;
  using Commands = machine::CommandList<AbsorbFacts, OpenDay, Advance, SealRecorded, DueRecorded, FilesWritten,
                                        FilesReleased, Dispatched, GrowthEnded, TransferTaken, FindingsRecorded,
                                        Validated, HungRecorded, Applied, ReconciledDay, SettlementIntended,
                                        SettlementsDone, ProposeResolution, ApproveResolution, LateTransferSeen,
                                            RecordInterest,
                                        InterestEnded, ProductFilesTaken, InKindKept>;

  ClearingMachine(machine::State& state, PartitionId partition);

  Result Execute(const AbsorbFacts&, const machine::Context&);
  Result Execute(const OpenDay&, const machine::Context&);
  Result Execute(const Advance&, const machine::Context&);
  Result Execute(const SealRecorded&, const machine::Context&);
  Result Execute(const DueRecorded&, const machine::Context&);
  Result Execute(const FilesWritten&, const machine::Context&);
  Result Execute(const FilesReleased&, const machine::Context&);
  Result Execute(const Dispatched&, const machine::Context&);
  Result Execute(const GrowthEnded&, const machine::Context&);
  Result Execute(const TransferTaken&, const machine::Context&);
  Result Execute(const FindingsRecorded&, const machine::Context&);
  Result Execute(const Validated&, const machine::Context&);
  Result Execute(const HungRecorded&, const machine::Context&);
  Result Execute(const Applied&, const machine::Context&);
  Result Execute(const ReconciledDay&, const machine::Context&);
  Result Execute(const SettlementIntended&, const machine::Context&);
  Result Execute(const SettlementsDone&, const machine::Context&);
  Result Execute(const ProposeResolution&, const machine::Context&);
  Result Execute(const ApproveResolution&, const machine::Context&);
  Result Execute(const LateTransferSeen&, const machine::Context&);
  Result Execute(const RecordInterest&, const machine::Context&);
  Result Execute(const InterestEnded&, const machine::Context&);
  Result Execute(const ProductFilesTaken&, const machine::Context&);
  Result Execute(const InKindKept&, const machine::Context&);

  // --- Reading, for the worker and the handlers; on the partition's executor. Pointers hold until the next command.
  // ---
  ProductBook& products() { return products_; }
  const InstitutionState* Institution(const TaCode& ta) { return institutions_.Find(ta); }
  const Day* FindDay(const DayKey& key) { return days_.Find(key); }
  // Days of an institution that are not closed, oldest first.
  std::vector<Date> ActiveDays(const TaCode& ta);
  const OutTransfer* Out(const DayKey& day, uint16_t transfer) { return out_.Find({day.ta, day.day, transfer}); }
  const FileEntry* File(const FileKey& key) { return files_.Find(key); }
  void ForEachFile(const DayKey& day, absl::FunctionRef<void(const FileKey&, const FileEntry&)> visit);
  uint64_t NextIndex(const ProgressKey& key);
  std::vector<std::pair<OrderId, HungOrder>> Hung(const DayKey& day);
  // Orders whose confirmation is due by `last`, in no particular order.
  std::vector<DueOrder> Due(const TaCode& ta, Date last);
  // What the institution is to keep, or keeps, for a later day.
  void ForEachReservation(const TaCode& ta, absl::FunctionRef<void(OrderId, const ReservationDue&)> visit);
  // Settlements not done yet with pay date up to `last`.
  std::vector<std::pair<SettlementKey, Settlement>> Pending(const TaCode& ta, Date last);
  // The earliest pay date pending, unset where nothing is.
  Date NextPayDate(const TaCode& ta);
  const Settlement* FindSettlement(const SettlementKey& key) { return settlements_.Find(key); }
  const InterestRun* FindInterestRun(uint64_t run) { return interest_runs_.Find(run); }
  void ForEachInterestRun(absl::FunctionRef<void(uint64_t run, const InterestRun&)> visit) {
    interest_runs_.ScanAll([&](const uint64_t& run, const InterestRun& r) { return visit(run, r), true; });
  }
  // nullptr where the folder's product files were not taken in yet; where nothing was announced.
  const ProductFileSet* FindProductFiles(const TransferKey& folder) { return product_files_.Find(folder); }
  const DividendPlan* FindDividendPlan(const DividendPlanKey& key) { return dividend_plans_.Find(key); }
  void ForEachDividendPlan(const DividendPlanPrefix& fund,
                           absl::FunctionRef<void(const DividendPlanKey&, const DividendPlan&)> visit) {
    dividend_plans_.ScanPrefix(fund, [&](const DividendPlanKey& k, const DividendPlan& p) { return visit(k, p),
        true; });
  }
  // Records in kind of an institution by confirmation day and serial, until `visit` returns false.
  void ForEachInKind(const TaCode& ta, absl::FunctionRef<bool(const InKindKey&, const InKindRecord&)> visit) {
    in_kind_.ScanPrefix(InKindPrefix{ta}, visit);
  }
  const Break* FindBreak(uint64_t seq) { return breaks_.Find(seq); }
  uint64_t last_break() { return break_sequence_.Get(); }
  // All open ones of an institution, or of all where `ta` is empty, by day.
  void ForEachOpenBreak(const TaCode& ta, absl::FunctionRef<void(uint64_t seq, const Break&)> visit);
  uint32_t OpenBreaks(const DayKey& day);
  // Those that keep the day from going on with its present step.
  uint32_t Blocking(const DayKey& day);
  absl::StatusOr<std::vector<BreakChange>> Changes(uint64_t seq);  // newest first

 private:
  Day* At(const TaCode& ta, Date day) { return days_.FindMutable({ta, day}); }
  void Go(Day& day, Step step, const machine::Context& ctx);
  bool HasOpen(const DayKey& day, Stage stage);
  void Open(const DayKey& day, Stage stage, const Finding& finding, const machine::Context& ctx);
  void Note(uint64_t seq, Break& b, std::string_view person, std::string_view note, const machine::Context& ctx);
  // Called when the last break that held up the step may have been closed.
  void Decide(const DayKey& key, const machine::Context& ctx);
  void MarkFile(const DayKey& key, const InFile& file, FileState state);

  ProductBook products_;
  machine::Table<TaCode, InstitutionState> institutions_;
  machine::Table<DayKey, Day> days_;
  machine::Table<DayKey, Present> active_;
  machine::Table<TransferKey, OutTransfer> out_;
  machine::Table<FileKey, FileEntry> files_;
  machine::Table<DueKey, DueChunk> due_;
  machine::Table<ReservationKey, ReservationDue> reservations_;
  machine::Table<HungKey, HungOrder> hung_;
  machine::Table<ProgressKey, uint64_t> progress_;
  machine::PagedTable<Break, 3> breaks_;
  machine::Table<OpenBreakKey, OpenBreak> open_breaks_;
  machine::Table<FindingKey, uint64_t> findings_;
  machine::Table<SettlementKey, Settlement> settlements_;
  machine::Table<PendingKey, Present> pending_;
  machine::Cell<uint64_t> break_sequence_;
  machine::Table<uint64_t, InterestRun> interest_runs_;
  machine::Table<std::string, uint64_t> interest_references_;
  machine::Table<TransferKey, ProductFileSet> product_files_;
  machine::Table<DividendPlanKey, DividendPlan> dividend_plans_;
  machine::Table<InKindKey, InKindRecord> in_kind_;
  machine::History history_;
};

// The types that a day's first transfer has to bring.
const std::vector<FileType>& AnswerTypes();
// Those that an answer may have beside them.
const std::vector<FileType>& OptionalTypes();

}  // namespace fundcore::clearing
