// A stand-in transfer agent (登记机构): reads the applications that a distributor sends, decides them by its own
// arithmetic, keeps its own register, and answers in the files of the standard. On request it misbehaves.
//
//   MemoryFiles exchange;  MemoryTaStore store;
//   TaSim agent(config, &exchange, &store);
//   absl::StatusOr<AnswerReport> answer = agent.Answer(day);               // the files of `day` now lie in in/<ta>/…
//   agent.Answer(next_day, {*ParseFault("wrong-units:#1:+1.00")});        // and a wrong one
//   agent.Correct(next_day);                                               // the right 04 under the next transfer
//   number
//
// The answer of day A holds what is due on A: account applications of the open day before, orders by their fund's
// confirmation days, balances after them, dividends, prices of the days confirmed, and the cash that follows.
//
// It judges the core, so it shares nothing with it but the file codec, dates and plain codes.
//
// Life cycle: any number of objects, one after the other, on the same store and exchange; the state is in the store. An
// answer that a crash cut short is completed, with the same bytes, by asking for it again: a note of what it was to be
// made of is stored before the first file is published, and the register after the last. Not thread-safe; calls block.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/files/files.h"
#include "tools/ta_sim/config.h"
#include "tools/ta_sim/fault.h"
#include "tools/ta_sim/inbox.h"
#include "tools/ta_sim/register.h"

namespace fundcore::ta_sim {

struct AnswerReport {
  Date day;
  bool late = false;                               // nothing was written, on request
  bool repeated = false;                           // answered before: nothing was written now
  uint16_t transfer = 0;                           // the last transfer folder used
  uint64_t accounts = 0, trades = 0, refused = 0;  // lines of 02 and 04; refused ones of both
  std::vector<std::string> files;                  // names in the exchange, in the order of publishing
  std::vector<std::string> notes;                  // what was passed over and why
};

struct HoldingReport {
  TaAccountId account;
  TradingAccount trading;
  FundCode fund;
  Shares units;
};
struct CashReport {
  Date pay_day;
  Yuan receive;  // by the agent, from the distributor
  Yuan pay;      // by the agent, to the distributor
};
struct TaReport {
  std::vector<HoldingReport> holdings;
  std::vector<std::pair<FundCode, Shares>> funds;
  std::vector<CashReport> cash;      // by pay day
  std::vector<CashLine> cash_lines;  // all lines of file 25 so far
  std::vector<Date> answered;
  std::vector<Subscription> subscriptions;  // that wait for the result of their offer
  std::vector<ReservationKept> reservations;  // that wait for their day
};

class TaSim {
 public:
  // `config` has passed CheckConfig (a broken one is a broken invariant). The pointers must outlive the object.
  TaSim(TaConfig config, Files* exchange, TaStore* store);

  // Answers day A. An answered day gives its report again and writes nothing. Days are answered in order.
  // Errors: kInvalidArgument (A is no open day, or before the last answer; an input file or fault is wrong),
  // kFailedPrecondition (a price is missing; another answer was cut short and comes first), kAlreadyExists (a file of
  // the answer is there with other bytes), errors of exchange and store. After an error nothing has changed, save that
  // files may have been published; ask again.
  absl::StatusOr<AnswerReport> Answer(Date day, std::span<const Fault> faults = {});

  // Sends the right version of every file of that day that was sent wrong on purpose, alone with its index, under the
  // next transfer number. kNotFound where the day was not answered, kFailedPrecondition where nothing was wrong.
  absl::StatusOr<AnswerReport> Correct(Date day);

  // What the register holds now.
  absl::StatusOr<TaReport> Report();

  const TaConfig& config() const { return config_; }

 private:
  // What an answer is made of, noted before it is published.
  struct Intent {
    Date day;
    std::vector<InFile> inputs;
    std::vector<Fault> faults;
    FC_FIELDS(day, inputs, faults)
  };

  absl::Status Load();
  absl::Status Save();
  absl::StatusOr<AnswerReport> Build(const Intent& intent, bool noted, std::vector<std::string> notes);
  absl::StatusOr<std::vector<InFile>> Pending(Date day, std::vector<std::string>* notes);
  absl::Status Publish(const std::string& name, const std::string& bytes, std::vector<std::string>* published);
  AnswerReport ReportOf(Date day) const;

  const TaConfig config_;
  Files* const exchange_;
  TaStore* const store_;
  Register reg_;
  bool loaded_ = false;
};

// One JSON object; amounts and units as decimal strings.
std::string ToJson(const AnswerReport& report);
std::string ToJson(const TaReport& report);
// A JSON array of strings.
std::string JsonTexts(std::span<const std::string> texts);

}  // namespace fundcore::ta_sim
