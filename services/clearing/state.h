// What a clearing partition keeps: business days, transfers out and in, what is due, breaks, settlements.
//
// Structs are stored; their field lists follow the evolution rules of common/base/codec.h. Enumerators are stored by
// number and never renumbered.
#pragma once

#include <string>
#include <vector>

#include "common/base/codec.h"
#include "common/crypto/hash.h"
#include "common/money/decimal.h"
#include "common/ofd/fields.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::clearing {

using ofd::FileType;

// The steps of a business day, numbered as in the API.
enum class Step : uint8_t {
  kOpen = 1,
  kCutOff = 2,
  kExport = 3,
  kApproveOut = 4,
  kRelease = 5,
  kAwait = 6,
  kValidate = 7,
  kApproveIn = 8,
  kApply = 9,
  kReconcile = 10,
  kSettleCash = 11,
  kClosed = 12,
};

// Which step a break holds up. kStop: whatever the day is doing; the step is tried again once the break is closed.
enum class Stage : uint8_t { kStop = 1, kOut = 2, kIn = 3, kReconcile = 4, kCash = 5, kNote = 6 };

enum class BreakKind : uint8_t {
  kConfirmationDiffers = 1,
  kMissingConfirmation = 2,
  kDuplicateLine = 3,
  kAccountConfirmationDiffers = 4,
  kDividendDiffers = 5,
  kBalanceDiffers = 6,
  kUnitTotalDiffers = 7,
  kCashDiffers = 8,
  kFileDamaged = 9,
  kFileWrongHeader = 10,
  kFileConflict = 11,
  kFileRepeated = 12,
  kFileAfterApply = 13,
  kExportDiffers = 14,
  kShortfall = 15,
  kOrdersLeft = 16,
  kPaymentRefused = 17,
  kPricesRefused = 18,
  kTooManyFindings = 19,
  kIncomeDiffers = 60,
  kInterestNotSpread = 140,
  kProductFileRefused = 141,
  kDividendPlanDiffers = 142,
};
enum class BreakState : uint8_t { kOpen = 1, kProposed = 2, kClosed = 3 };
enum class Resolution : uint8_t { kNone = 0, kAcceptTa = 1, kAwaitCorrection = 2, kExplained = 3 };

std::string_view KindName(BreakKind kind);  // UPPER_SNAKE, as in the API
std::string_view StateName(BreakState state);
std::string_view ResolutionName(Resolution resolution);  // "" for kNone
Resolution ParseResolution(std::string_view text);       // kNone where it is none

// What one partition of trade or account sealed under a transfer number.
struct Seal {
  uint16_t partition = 0;
  uint64_t count = 0;
  Money amount;
  Units units;
  uint64_t hash = 0;  // of orders: common/fund/seal_hash.h
  friend bool operator==(const Seal&, const Seal&) = default;
  FC_FIELDS(partition, count, amount, units, hash)
};

struct OutFile {
  FileType type;  // "01", "03"; empty for the index
  std::string name;
  Hash256 sha;
  uint64_t bytes = 0;
  uint64_t records = 0;
  FC_FIELDS(type, name, sha, bytes, records)
};

enum class OutState : uint8_t { kSealed = 1, kApproved = 2, kReleased = 3, kDispatched = 4 };

struct OutTransfer {
  OutState state = OutState::kSealed;
  std::vector<Seal> orders;
  std::vector<Seal> applications;
  std::vector<OutFile> files;  // in order of publication: the index comes last
  uint64_t tax = 0;            // of the applications, lines of R1
  template <class V>
  void VisitFields(V& v) {
    v(state, orders, applications, files, tax);
  }
  // Written where there are any, so that other transfers have the bytes that they always had.
  template <class V>
  void VisitFields(V& v) const {
    if (tax == 0) {
      v(state, orders, applications, files);
    } else {
      v(state, orders, applications, files, tax);
    }
  }
};

// A file of the institution that counts for a day.
struct InFile {
  FileType type;
  uint16_t transfer = 0;  // the folder it came in
  std::string name;
  Hash256 sha;
  uint64_t bytes = 0;
  uint64_t records = 0;
  bool validated = false;
  FC_FIELDS(type, transfer, name, sha, bytes, records, validated)
};

// One line of a day's reconciliation.
struct Reconciled {
  std::string name;
  uint64_t compared = 0, equal = 0, different = 0;
  std::string ours, theirs;
  FC_FIELDS(name, compared, equal, different, ours, theirs)
};

struct Day {
  Step step = Step::kOpen;
  TimePoint since;
  Date answer_day;        // date of the institution's files that close this day
  uint16_t sealed = 0;    // last transfer number sealed
  bool may_grow = false;  // receipts were undecided at the seal: a further transfer may be needed
  uint16_t taken = 0;     // last transfer folder of the institution taken in
  uint16_t looked = 0;    // last folder examined after the files had been applied
  bool index_used = false;
  std::vector<FileType> awaited;     // types that a transfer has to bring
  std::vector<FileType> to_correct;  // types that approved breaks want anew
  std::vector<InFile> files;         // the files that count, one a type, by type
  bool applied = false;
  bool reconciled = false;
  uint64_t product_seq = 0;  // where the prices of the 07 file stand
  std::vector<Reconciled> reconciliation;
  FC_FIELDS(step, since, answer_day, sealed, may_grow, taken, looked, index_used, awaited, to_correct, files, applied,
            reconciled, product_seq, reconciliation)
};

struct InstitutionState {
  Date last_opened;
  Date last_closed;
  FC_FIELDS(last_opened, last_closed)
};

enum class FileState : uint8_t { kIntended = 1, kReleased = 2, kSeen = 3, kValidated = 4, kSetAside = 5, kApplied = 6 };
std::string_view StateName(FileState state);

// Every file ever exchanged, by its identity: (institution, date, direction, transfer number, type).
struct FileEntry {
  std::string name;
  Hash256 sha;
  uint64_t bytes = 0;
  uint64_t records = 0;
  FileState state = FileState::kSeen;
  TimePoint at;
  FC_FIELDS(name, sha, bytes, records, state, at)
};

struct DueOrder {
  OrderId order;
  InvestorId investor;
  FC_FIELDS(order, investor)
};
// A reservation that the institution keeps: the receipt is due first, then the result.
struct ReservationDue {
  InvestorId investor;
  Date receipt, result;
  bool received = false;
  Date due() const { return received ? result : receipt; }
  FC_FIELDS(investor, receipt, result, received)
};
struct DueChunk {
  std::vector<DueOrder> orders;
  FC_FIELDS(orders)
};

struct HungOrder {
  InvestorId investor;
  std::string return_code;
  std::string detail;
  FC_FIELDS(investor, return_code, detail)
};

// Something that does not add up, as a worker reports it. At most one break a (file, line) comes of it.
struct Finding {
  BreakKind kind = BreakKind::kConfirmationDiffers;
  FileType type;
  Hash256 sha;  // of the file
  std::string file_name;
  uint64_t line = 0;    // record number in the file, from 1; 0 where no record is concerned
  std::string subject;  // what is compared where no line is: "110022/122"
  std::string field, expected, found, rule;
  OrderId order;
  std::string message;
  FC_FIELDS(kind, type, sha, file_name, line, subject, field, expected, found, rule, order, message)
};

struct Break {
  BreakState state = BreakState::kOpen;
  TaCode ta;
  Date day;
  Stage stage = Stage::kNote;
  Finding finding;
  std::string owner;
  Resolution resolution = Resolution::kNone;
  std::string proposed_by, note, approved_by;
  TimePoint opened_at, proposed_at, closed_at;
  uint64_t last_change = 0;  // history position
  FC_FIELDS(state, ta, day, stage, finding, owner, resolution, proposed_by, note, approved_by, opened_at, proposed_at,
            closed_at, last_change)
};

// A line of a break's history.
struct BreakChange {
  uint64_t seq = 0;
  BreakState to = BreakState::kOpen;
  Resolution resolution = Resolution::kNone;
  std::string person, note;
  TimePoint at;
  uint64_t previous = 0;
  FC_FIELDS(seq, to, resolution, person, note, at, previous)
};

enum class SettlementState : uint8_t { kDue = 1, kIntended = 2, kDone = 3 };

struct Settlement {
  Date day;  // business day it belongs to
  Date pay_date;
  Money pay;  // from us to the institution
  Money receive;
  uint64_t count = 0;
  SettlementState state = SettlementState::kDue;
  TimePoint done_at;
  FC_FIELDS(day, pay_date, pay, receive, count, state, done_at)
};

// --- Keys and table numbers
// ---------------------------------------------------------------------------------------------

struct TaPrefix {
  TaCode ta;
  FC_FIELDS(ta)
};
struct DayKey {
  TaCode ta;
  Date day;
  friend auto operator<=>(const DayKey&, const DayKey&) = default;
  FC_FIELDS(ta, day)
};
struct TransferKey {
  TaCode ta;
  Date day;
  uint16_t transfer = 0;
  FC_FIELDS(ta, day, transfer)
};
struct FileKey {
  TaCode ta;
  Date day;  // business day, not the date of an answer
  bool incoming = false;
  uint16_t transfer = 0;
  FileType type;
  FC_FIELDS(ta, day, incoming, transfer, type)
};
struct DueKey {
  TaCode ta;
  Date due;
  Date day;
  uint16_t transfer = 0;  // kCarried: still unanswered from an earlier day
  uint16_t partition = 0;
  uint32_t page = 0;
  FC_FIELDS(ta, due, day, transfer, partition, page)
};
struct ReservationKey {
  TaCode ta;
  OrderId order;
  FC_FIELDS(ta, order)
};
inline constexpr uint16_t kCarried = 0xffff;
inline constexpr uint16_t kDeferredRest = 0xfffe;
struct HungKey {
  TaCode ta;
  Date day;
  OrderId order;
  FC_FIELDS(ta, day, order)
};
enum class Phase : uint8_t { kAccounts = 1, kHung = 2, kConfirmations = 3, kDividends = 4, kIncome = 60, kTax = 120 };
struct ProgressKey {
  TaCode ta;
  Date day;
  Phase phase = Phase::kAccounts;
  uint16_t partition = 0;
  FC_FIELDS(ta, day, phase, partition)
};
struct OpenBreakKey {
  TaCode ta;
  Date day;
  uint64_t seq = 0;
  FC_FIELDS(ta, day, seq)
};
// What makes two findings the same one.
struct FindingKey {
  TaCode ta;
  Date day;
  Stage stage = Stage::kNote;
  std::string file;  // beginning of the hash, in digits
  FileType type;
  uint64_t line = 0;
  OrderId order;
  std::string subject;
  FC_FIELDS(ta, day, stage, file, type, line, order, subject)
};
struct SettlementKey {
  TaCode ta;
  Date confirm_day;
  FundCode fund;
  uint16_t business = 0;
  friend auto operator<=>(const SettlementKey&, const SettlementKey&) = default;
  FC_FIELDS(ta, confirm_day, fund, business)
};
struct PendingKey {
  TaCode ta;
  Date pay_date;
  Date confirm_day;
  FundCode fund;
  uint16_t business = 0;
  FC_FIELDS(ta, pay_date, confirm_day, fund, business)
};
struct Present {
  bool present = true;
  FC_FIELDS(present)
};
struct OpenBreak {
  Stage stage = Stage::kNote;
  FC_FIELDS(stage)
};

// Numbers are on disk and never reused. 200 to 204 belong to the product book.
inline constexpr uint8_t kTableInstitutions = 1;
inline constexpr uint8_t kTableDays = 2;
inline constexpr uint8_t kTableActiveDays = 3;
inline constexpr uint8_t kTableOut = 4;
inline constexpr uint8_t kTableFiles = 5;
inline constexpr uint8_t kTableDue = 6;
inline constexpr uint8_t kTableHung = 7;
inline constexpr uint8_t kTableProgress = 8;
inline constexpr uint8_t kTableBreaks = 9;
inline constexpr uint8_t kTableOpenBreaks = 10;
inline constexpr uint8_t kTableFindings = 11;
inline constexpr uint8_t kTableSettlements = 12;
inline constexpr uint8_t kTablePending = 13;
inline constexpr uint8_t kTableBreakSequence = 14;
inline constexpr uint8_t kTableBreakHistory = 15;
inline constexpr uint8_t kTableReservations = 100;
inline constexpr uint8_t kTableProducts = 200;

}  // namespace fundcore::clearing
