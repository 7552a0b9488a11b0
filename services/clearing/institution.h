// One institution's work: which step is due, doing it, and reporting it by a command.
//
// One chain of callbacks runs at a time. `Look` begins one where a step can be done; the chain ends with End (done:
// look again), Retry (trouble: again after a back-off) or Pause (nothing to do yet: again soon). A callback of a chain
// that has ended does nothing. Where a day cannot go on (it waits for a file, a time, breaks), later days still export
// theirs: what a day sends out waits only for its predecessor's export, what it takes in for its predecessor's close.
//
// Everything runs on the partition's executor. Long files are hashed, read and written in slices of a few milliseconds,
// one task each, because other services share the executor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/files/files.h"
#include "common/machine/service.h"
#include "common/rpc/peers.h"
#include "services/clearing/answer_file.h"
#include "services/clearing/folder.h"
#include "services/clearing/machine.h"
#include "services/clearing/out_files.h"

namespace fundcore::clearing {

class InstitutionWorker {
 public:
  InstitutionWorker(machine::Host<ClearingMachine>* host, const ServiceDeps* deps, PartitionId partition,
                    const TaCode& ta);

  void Look();
  // The partition is another process's now: the chain ends where it is, and what is remembered of it may be out of date
  // when the partition comes back.
  void Abandon() {
    busy_ = false;
    ++run_;
    failures_ = 0;
    growth_held_ = false;
    answers_.clear();
    written_ = {};
  }
  std::string WaitingFor(Date day) const;

 private:
  using Next = std::function<void()>;
  using Lane = std::function<void(uint16_t partition, Next done)>;

  static constexpr size_t kLinesAMessage = 2'000;
  static constexpr size_t kRecordsASlice = 4'000;
  static constexpr size_t kLanes = 16;
  static constexpr size_t kFindingsACommand = 500;
  static constexpr size_t kFindingsAFile = 10'000;
  static constexpr Duration kPeerDeadline = Duration::Seconds(10);
  static constexpr Duration kLongDeadline = Duration::Seconds(20);  // calls that work through a whole day
  static constexpr Duration kPollEvery = Duration::Millis(250);

  // --- institution.cc: the chain ---
  ClearingMachine& m() { return host_->At(partition_).machine(); }
  Executor* executor() { return host_->ExecutorOf(partition_); }
  DayKey Key(Date day) const { return {ta_, day}; }
  const Day& D(Date day) { return *m().FindDay(Key(day)); }
  TimePoint Now() { return executor()->Now(); }

  void Begin(Date day);
  void End();
  void Retry(const absl::Status& status);
  void Pause(Duration delay, std::string why);
  void Hold(Date day, Duration delay);
  void Say(Date day, std::string words) { notes_[day] = std::move(words); }
  // Looks again when the business clock gets there.
  void Arm(TimePoint when);

  // Calls a peer; `ok` runs with the response, Retry where it fails.
  template <class Resp, class F>
  void Call(std::string_view method, const google::protobuf::Message& request, Duration deadline, F ok) {
    rpc::CallPeer<Resp>(
        deps_->peers, method, request, deadline, executor(),
        [this, run = run_, ok = std::move(ok)](absl::Status status, std::unique_ptr<Resp> response) mutable {
          if (run != run_) return;
          if (!status.ok()) return Retry(status);
          ok(*response);
        });
  }
  // Submits a command; `next` runs once it was executed. A refusal means that the state is not what this chain saw.
  template <class C, class F>
  void Submit(const C& command, F next) {
    host_->Submit(partition_, command, [this, run = run_, next = std::move(next)](const Result& r) mutable {
      if (run != run_) return;
      if (r.reason != Reason::kOk) return Retry(absl::FailedPreconditionError(StrCat(ReasonText(r.reason))));
      next();
    });
  }
  void SubmitAndEnd(const auto& command) {
    Submit(command, [this] { End(); });
  }
  // Runs `more` until it returns false, one task a time, then `then`.
  void Sliced(std::function<bool()> more, Next then);
  // Runs the lane of each partition, some at a time, then `all`.
  void Lanes(std::vector<uint16_t> partitions, Lane lane, Next all);
  // Records findings and goes on.
  void Record(Date day, Stage stage, std::vector<Finding> findings, Next next);
  void StopWith(Date day, Finding finding);

  bool OpenNext(const TradingCalendar& calendar, const InstitutionTerms& terms);
  // Begins what the day's step asks for. False where nothing can be done now.
  bool Work(Date day, const InstitutionTerms& terms, bool first, Date unexported);
  Expectation Expected(Date day, const InstitutionTerms& terms);
  // Takes the text of the institution's file variant that is in force; reads it only where it is another one.
  absl::Status LearnVariant();

  // --- institution_out.cc: cut-off, export, release ---
  struct Export;
  bool WorkOut(Date day, uint16_t transfer);
  void CloseTheDay(Date day);
  void CountForSeal(Date day, const InstitutionTerms& terms);
  void Grow(Date day);
  void SealTransfer(Date day, uint16_t transfer);
  // Orders in the transfers of the day that we have recorded as sealed.
  uint64_t RecordedOrders(Date day);
  void WriteTransfer(Date day, uint16_t transfer);
  void PullApplications(std::shared_ptr<Export> e);
  std::string_view LaterOf(const trade::v1::Order& o);
  void PullOrders(std::shared_ptr<Export> e);
  void FinishFiles(std::shared_ptr<Export> e);
  void Approve(std::shared_ptr<Export> e);
  void Release(Date day, uint16_t transfer, size_t at);
  void MarkDispatched(Date day, uint16_t transfer);

  // --- institution_in.cc: taking transfers in, validating them ---
  struct Check;
  bool LookForTransfer(Date day, const InstitutionTerms& terms);
  bool LookForLate(Date day, const InstitutionTerms& terms);
  void TakeTransfer(Date day, const TransferFolder& folder, const Expectation& expectation);
  void ExamineLate(Date day, const TransferFolder& folder, const Expectation& expectation);
  // Reads a file and hashes it in slices.
  void Fetch(const FileInfo& info, FileType type, const Expectation& expectation,
             std::function<void(std::shared_ptr<AnswerFile>)> then);
  // Sees to it that all files that count for the day are in memory and read.
  void Ensure(Date day, Next then);
  void ReadFile(std::shared_ptr<AnswerFile> file, Next then);
  void Validate(Date day);
  std::vector<Finding> WholeFileFindings(Date day);
  void PutPrices(std::shared_ptr<Check> c);
  void CheckLines(std::shared_ptr<Check> c);
  void CheckLane(std::shared_ptr<Check> c, uint16_t partition, std::shared_ptr<std::vector<AnswerFile::Line>> lines,
                 size_t at, Next done);
  // institution_dividends.cc
  void CheckDividends(std::shared_ptr<Check> c);
  void CheckDividendLane(std::shared_ptr<Check> c, uint16_t partition, size_t at, Next done);
  void FindMissing(Check& c);
  void FinishValidation(std::shared_ptr<Check> c);
  std::shared_ptr<AnswerFile> Answer(std::string_view type);

  // --- institution_product.cc: C1 to C6 out of a transfer, and dividends against their plans ---
  struct ProductFiles;
  bool LookForProductFiles(Date day, const std::vector<TransferFolder>& folders, const InstitutionTerms& terms);
  void TakeProductFiles(Date day, Date date, const TransferFolder& folder, const InstitutionTerms& terms);
  void RefuseProductFiles(std::shared_ptr<ProductFiles> p, const std::vector<ofd::FieldError>& faults);
  void AskForFunds(std::shared_ptr<ProductFiles> p, size_t at);
  void PlanProducts(std::shared_ptr<ProductFiles> p);
  void TellProduct(std::shared_ptr<ProductFiles> p, size_t at);
  void ComparePlan(Check& c, const AnswerFile& file, const account::v1::DividendLine& line);

  // --- institution_apply.cc: applying, reconciling, settling ---
  struct Reconciliation;
  void Apply(Date day);
  // 02, or R2; `type` is a literal.
  void ApplyAccounts(Date day, std::string_view type, uint16_t partition, Next done);
  // in_kind.cc: 191 to 194 become records, and move nothing.
  void KeepInKind(Date day, size_t at, Next then);
  void ApplyHung(Date day, Next then);
  void ApplyConfirmations(Date day, uint16_t partition, Next done);
  // institution_income.cc: what money funds earned on the days of the 07 file, told to every partition.
  std::vector<uint16_t> PartitionsWithIncome();
  void ApplyIncome(Date day, uint16_t partition, Next done);
  void ApplyDividends(Date day, uint16_t partition, Next done);
  void ApplyHungLane(Date day, std::shared_ptr<std::vector<std::pair<OrderId, HungOrder>>> orders, uint16_t partition,
                     Next done);
  // Notes how far a partition is, then goes on with it.
  void Acknowledge(Date day, Phase phase, uint16_t partition, uint64_t sent, uint64_t next,
                   std::vector<Finding> findings, Next again);
  void Reconcile(Date day);
  void AddDeferred(Reconciliation& r, const AnswerFile& file);
  // institution_reservations.cc: reservations that the institution keeps, as this answer leaves them. Those that go on are
  // given back: they are due again by themselves. The lists of orders are sorted.
  std::set<OrderId> AddReservations(ReconciledDay& command, const AnswerFile* file, const std::vector<OrderId>& answered,
                                    const std::vector<OrderId>& unrouted, const std::vector<OrderId>& hung);
  void BalanceLane(std::shared_ptr<Reconciliation> r, uint16_t partition, size_t at, Next done);
  // Findings about income among the answers to 05 lines go to `r`; then the figures that count are told.
  void TellIncome(std::shared_ptr<Reconciliation> r, uint16_t partition, size_t begin, size_t end,
                  const account::v1::CheckBalancesResponse& answer, Next then);
  void CompareTotals(std::shared_ptr<Reconciliation> r);
  void CompareCash(std::shared_ptr<Reconciliation> r);
  std::vector<std::pair<SettlementKey, Settlement>> Payable(Date last);
  bool SettleDue();
  void SettleCash(Date day);
  void Settle(std::vector<std::pair<SettlementKey, Settlement>> due);
  void SettleOne(std::shared_ptr<std::vector<SettlementKey>> keys, size_t at, Next done);
  void CloseDayFor(Date day);

  machine::Host<ClearingMachine>* const host_;
  const ServiceDeps* const deps_;
  const PartitionId partition_;
  const TaCode ta_;

  bool busy_ = false;
  uint64_t run_ = 0;  // of the chain: callbacks of earlier ones do nothing
  Date at_;           // the day that the chain works on; unset: settlements
  int failures_ = 0;
  std::set<Date> held_;  // days that wait for a back-off or the next poll
  bool growth_held_ = false;
  std::set<TimePoint> armed_;
  std::map<Date, std::string> notes_;
  std::set<std::string> reported_;  // what was found changed on disk and told once

  std::string variant_text_;  // what variant_ was read from
  std::shared_ptr<const ofd::Variant> variant_;

  // Files in memory. Whatever is here can be had again from the exchange folder or from trade and account.
  Date answers_day_;
  std::map<FileType, std::shared_ptr<AnswerFile>> answers_;
  struct Written {
    Date day;
    uint16_t transfer = 0;
    std::map<std::string, std::string> files;  // name, bytes
  } written_;
};

// "2 breaks", "1 break".
std::string Breaks(uint32_t n);

}  // namespace fundcore::clearing
