// The commands of a clearing partition. Tags are in the log and never reused.
//
// Every command of a worker names the day and what it ends, so that a repeated one changes nothing.
#pragma once

#include "common/product/facts.h"
#include "services/clearing/state.h"

namespace fundcore::clearing {

// Opens the institution's next business day.
struct OpenDay {
  static constexpr uint8_t kTag = 2;
  TaCode ta;
  Date day;
  FC_FIELDS(ta, day)
};

// Ends a step that leaves nothing else behind: OPEN, CUT_OFF, APPLY, SETTLE_CASH.
struct Advance {
  static constexpr uint8_t kTag = 3;
  TaCode ta;
  Date day;
  Step from = Step::kOpen;
  FC_FIELDS(ta, day, from)
};

// What transfer n of the day holds, as trade and account sealed it.
struct SealRecorded {
  static constexpr uint8_t kTag = 4;
  TaCode ta;
  Date day;
  uint16_t transfer = 0;
  std::vector<Seal> orders, applications;
  bool undecided_left = false;
  uint64_t tax = 0;             // of the applications, lines of R1
  FC_FIELDS(ta, day, transfer, orders, applications, undecided_left, tax)
};

// One page of exported orders, by fund: their confirmations are due on the fund's confirmation day.
struct DueRecorded {
  static constexpr uint8_t kTag = 5;
  struct Group {
    FundCode fund;
    std::vector<DueOrder> orders;
    FC_FIELDS(fund, orders)
  };
  TaCode ta;
  Date day;
  uint16_t transfer = 0;
  uint16_t partition = 0;
  uint32_t page = 0;
  std::vector<Group> groups;
  // Reservations: a receipt is due as for any other order, and a result by the day that they are for.
  struct Reservation {
    DueOrder order;
    FundCode fund;
    Date day;
    FC_FIELDS(order, fund, day)
  };
  std::vector<Reservation> reservations;
  // What goes out on a day on which its fund is closed (052, 053) is due with the next answer; not in logs from before.
  bool may_be_closed = false;
  FC_FIELDS(ta, day, transfer, partition, page, groups, reservations, may_be_closed)
};

// The files of a transfer are written, and read back with these figures: the machine approves them or opens a break.
struct FilesWritten {
  static constexpr uint8_t kTag = 6;
  struct Figures {
    std::vector<Seal> orders;  // as read back, by partition; partitions without orders left out
    uint64_t applications = 0;
    uint64_t pulled_hash = 0;  // over all lines as trade and account gave them
    uint64_t read_hash = 0;    // over all lines as the files have them
    FC_FIELDS(orders, applications, pulled_hash, read_hash)
  };
  TaCode ta;
  Date day;
  uint16_t transfer = 0;
  std::vector<OutFile> files;
  Figures figures;
  FC_FIELDS(ta, day, transfer, files, figures)
};

struct FilesReleased {
  static constexpr uint8_t kTag = 7;
  TaCode ta;
  Date day;
  uint16_t transfer = 0;
  FC_FIELDS(ta, day, transfer)
};

// Trade knows that the transfer's orders are dispatched.
struct Dispatched {
  static constexpr uint8_t kTag = 8;
  TaCode ta;
  Date day;
  uint16_t transfer = 0;
  FC_FIELDS(ta, day, transfer)
};

// Every receipt of the day is decided and sealed: no further transfer can be needed.
struct GrowthEnded {
  static constexpr uint8_t kTag = 9;
  TaCode ta;
  Date day;
  FC_FIELDS(ta, day)
};

// A whole transfer of the institution is there, with these bytes.
struct TransferTaken {
  static constexpr uint8_t kTag = 10;
  TaCode ta;
  Date day;
  uint16_t transfer = 0;
  bool index_used = false;
  std::vector<InFile> files;
  FC_FIELDS(ta, day, transfer, index_used, files)
};

struct FindingsRecorded {
  static constexpr uint8_t kTag = 11;
  TaCode ta;
  Date day;
  Stage stage = Stage::kNote;
  std::vector<Finding> findings;
  FC_FIELDS(ta, day, stage, findings)
};

// The files that count were read; findings, if any, are recorded.
struct Validated {
  static constexpr uint8_t kTag = 12;
  TaCode ta;
  Date day;
  bool content_checked = false;  // false where a file could not even be read
  uint64_t product_seq = 0;
  std::vector<std::pair<FileType, uint64_t>> records;
  FC_FIELDS(ta, day, content_checked, product_seq, records)
};

// Orders that hung on a refused fund account; trade is told once all of the 02 file is applied.
struct HungRecorded {
  static constexpr uint8_t kTag = 13;
  TaCode ta;
  Date day;
  std::vector<std::pair<OrderId, HungOrder>> orders;
  FC_FIELDS(ta, day, orders)
};

// A partition has acknowledged its lines up to `next`.
struct Applied {
  static constexpr uint8_t kTag = 14;
  TaCode ta;
  Date day;
  Phase phase = Phase::kAccounts;
  uint16_t partition = 0;
  uint64_t next = 0;
  FC_FIELDS(ta, day, phase, partition, next)
};

// Everything compared: what is still unanswered of the orders due (expected again with the next answer), the counts,
// and what the bank has to move.
struct ReconciledDay {
  static constexpr uint8_t kTag = 16;
  struct Item {
    SettlementKey key;
    Settlement settlement;
    FC_FIELDS(key, settlement)
  };
  TaCode ta;
  Date day;
  std::vector<DueOrder> carried;
  std::vector<Reconciled> lines;
  std::vector<Item> settlements;
  // Orders with a deferred rest, by the day on which its next line is due.
  struct Deferred {
    Date due;
    std::vector<DueOrder> orders;
    FC_FIELDS(due, orders)
  };
  std::vector<Deferred> deferred;
  // Reservations that the institution now keeps, and those that have their result or are off.
  std::vector<OrderId> received, ended;
  FC_FIELDS(ta, day, carried, lines, settlements, deferred, received, ended)
};

// The bank is about to be told: from now on the instruction with this settlement's id may exist.
struct SettlementIntended {
  static constexpr uint8_t kTag = 17;
  std::vector<SettlementKey> keys;
  FC_FIELDS(keys)
};

// Bank, account and trade have done it.
struct SettlementsDone {
  static constexpr uint8_t kTag = 18;
  std::vector<SettlementKey> keys;
  FC_FIELDS(keys)
};

struct ProposeResolution {
  static constexpr uint8_t kTag = 19;
  uint64_t seq = 0;
  Resolution resolution = Resolution::kNone;
  std::string note, person;
  FC_FIELDS(seq, resolution, note, person)
};

struct ApproveResolution {
  static constexpr uint8_t kTag = 20;
  uint64_t seq = 0;
  std::string person;
  FC_FIELDS(seq, person)
};

// A transfer that came after the day's files had been applied was examined.
struct LateTransferSeen {
  static constexpr uint8_t kTag = 21;
  TaCode ta;
  Date day;
  uint16_t transfer = 0;
  FC_FIELDS(ta, day, transfer)
};

}  // namespace fundcore::clearing
