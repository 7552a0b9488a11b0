// Decides the applications of one answer and moves the register accordingly.
//
//   Judge judge(config, answer_day, faults, &reg);
//   judge.Accounts(&account_lines);  judge.Dividends(&dividend_lines);  judge.Trades(files, &trade_lines);
//   judge.Cash() …
//
// One Judge an answer, used once, by one thread. After an error the register is of no further use: load it again.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/ta_sim/config.h"
#include "tools/ta_sim/fault.h"
#include "tools/ta_sim/inbox.h"
#include "tools/ta_sim/register.h"

namespace fundcore::ta_sim {

// The day on which applications of `day` are confirmed: `confirm_days` open days of the fund later; for a fund that is
// unknown or closed that day (its orders are refused) the agent's next open day. kOutOfRange beyond the calendar.
absl::StatusOr<Date> DueDay(const TaConfig& config, const FundTerms* fund, Date day);

// One holder's share of a dividend (06).
struct DividendLine {
  PositionKey key;
  const FundTerms* fund = nullptr;
  const DividendTerms* terms = nullptr;  // none: income of a money fund
  Shares basis;
  Yuan amount;
  char method = '1';
  Shares reinvested;
  Price price;
  uint64_t serial = 0;
  Shares frozen;        // TotalFrozenVol
  Yuan held;
  Shares held_units;    // of `reinvested`
};

// What a day of a money fund brought, for 07.
struct IncomeDay {
  const FundTerms* fund = nullptr;
  Date day;
  Price per_ten_thousand;
  Yuan total;  // over our holders
};

// What another agent has said to the 038 of this number: its return code, and what the units came to. Nothing where it has not
// answered yet.
struct LeftElsewhere {
  ReturnCode code;
  Yuan amount;
};
absl::StatusOr<std::optional<LeftElsewhere>> FindLeft(const Files& exchange, const TaConfig& config, const TaCode& agent,
                                                      const SheetNo& sheet, Date from, Date until);
// The day on which a line is to be answered: as DueDay, and for a conversion that of the later fund.
absl::StatusOr<Date> DueDayOf(const TaConfig& config, const Line& line, Date day);

class Judge {
 public:
  // The references must outlive it. `exchange` is where other agents answer, too. `previous` is the answer before this one; not set where there was none.
  Judge(const TaConfig& config, const Files& exchange, Date answer_day, Date previous, std::span<const Fault> faults,
        Register* reg);

  // Decides 01 lines, in their order.
  void Accounts(std::vector<Line>* lines);
  // What holders of the register as it is now get, for registration days whose orders are confirmed now. Before
  // Trades(). kFailedPrecondition where the price of reinvestment is not known.
  absl::Status Dividends(std::vector<DividendLine>* lines);
  // money.cc: what money funds earned since they last said so, up to the day before this answer, on the units of the register
  // as it is now. Before Trades().
  absl::Status Earn(std::vector<IncomeDay>* days);
  // money.cc: what is unpaid becomes units where the fund's day for it has come, or units are cancelled. After Trades().
  absl::Status Payouts(std::vector<DividendLine>* dividends, std::vector<Line>* lines);
  // Decides 03 lines in their order, then appends what nobody asked for: results of offers, forced redemptions.
  // kFailedPrecondition where a price is missing; kInvalidArgument for a forced redemption that cannot be.
  absl::Status Trades(std::span<const InFile> files, std::vector<Line>* lines);
  // kInvalidArgument where a fault of a line met no line.
  absl::Status CheckFaultsUsed() const;

  // What was taken for granted, in sentences; none where nothing was.
  std::vector<std::string> Taken() const;

  // Sums by fund, T, business and direction; none where nothing moved.
  std::vector<CashLine> Cash() const;
  // Trade days whose applications are due in this answer.
  absl::StatusOr<std::vector<Date>> DaysDue(const FundTerms& fund) const;

 private:
  using Outcome = std::optional<std::string_view>;  // a return code, or nothing where the line is granted

  Outcome DecideAccount(Line& line);
  // judge_accounts.cc: what becomes of an account that is there.
  Outcome DecideStanding(Line& line);
  void CloseFor(const Line& line);
  void DoOwn(const Fault& fault, std::vector<Line>* lines);
  void ChangeOwn(const Fault& fault, std::vector<Line>* lines);
  Outcome ChangeData(Line& line);
  Outcome Move(Line& line);
  void Rename(const TradingAccount& from, const TradingAccount& to, const TaAccountId& account);
  // The code by which a frozen or lost account refuses everything else.
  Outcome Barred(const TaAccountId& account) const;
  void OpenAccount(Line& line, const std::string& certificate);
  void Enter(const TaAccountId& account, const std::string& certificate);
  const TaAccountId* AccountOfCertificate(const std::string& certificate);
  // The account of that number; one registered elsewhere enters the register when it is first asked for.
  const Account* AccountOfNumber(const TaAccountId& number);
  // Where unknown investors are taken: enters account and trading account as the line names them. False where the line
  // names no account, the account is closed, or unknown ones are refused.
  bool TakeInvestor(const Line& line);
  bool HoldsUnits(const TaAccountId& account, const TradingAccount* trading) const;

  absl::Status DecideTrade(Line& line, const LineRef& ref, size_t number);
  Outcome Identify(Line& line, const LineRef& ref);
  Outcome CheckFund(const FundTerms* fund, const Line& line, Date file_day) const;
  // A plan and its debits, where plans are kept.
  Outcome DecidePlan(const Line& line);
  Outcome CheckDebit(const Line& line) const;
  absl::StatusOr<Outcome> Buy(Line& line, const FundTerms& fund, size_t number);
  // money.cc: what a redemption takes along of the income that is not paid yet.
  Yuan IncomeOut(const PositionKey& key, const FundTerms& fund, Shares held, Shares redeemed);
  absl::Status EarnDay(const FundTerms& fund, Price income, Yuan* total);
  absl::StatusOr<Outcome> Redeem(Line& line, const FundTerms& fund, size_t number);
  // convert.cc: 036, and 038 and 037.
  Outcome CheckConversion(const Line& line, const FundTerms& fund) const;
  absl::StatusOr<Outcome> Convert(Line& line, const FundTerms& fund, size_t number);
  absl::StatusOr<Outcome> EnterFromElsewhere(Line& line, const FundTerms& fund);
  // Buys units of `target` with what left `source`, the difference fee taken from it.
  void Enter(Line& line, const FundTerms& source, const FundTerms& target, Yuan left, std::span<const Lot> from);
  // judge_large.cc: large redemptions. A redemption that may be cut waits until all applications of its day are known.
  struct Waiting {
    Line* line = nullptr;            // of an application of this answer
    DeferredRest* rest = nullptr;    // or what is left of an earlier one
    size_t number = 0;
    Shares asked() const { return line ? line->units : rest->left; }
  };
  bool MayBeCut(const FundTerms* fund, const Line& line, size_t number) const;
  Outcome CheckRedeemed(const Line& line, const FundTerms& fund);
  Outcome Withdraw(Line& line);
  void RememberUnits();
  absl::Status Large(const FundTerms& fund, Date day, const std::vector<Waiting>& waiting, Shares came,
                     std::vector<Line>* lines);
  absl::Status TakePart(const FundTerms& fund, Date day, const Waiting& w, Shares part, std::vector<Line>* lines);
  absl::Status AllLarge(std::vector<Line>* lines, size_t asked);
  absl::Status SetPrice(Line& line, const FundTerms& fund) const;
  // judge_offer.cc: initial offers.
  Outcome CheckSubscription(const Line& line, const FundTerms& fund) const;
  absl::Status OfferResults(const FundTerms& fund, std::vector<Line>* lines);
  absl::Status Grant(const FundTerms& fund, const Subscription& s, Yuan room, Yuan last_day, Line* line);
  absl::Status Allot(const Fault& fault, std::vector<Line>* lines);
  // adjust.cc: changes of a subscription before its result.
  absl::StatusOr<Outcome> Adjust(Line& line, const FundTerms& fund, size_t number);
  absl::Status AdjustOwn(const Fault& fault, std::vector<Line>* lines);
  absl::Status Force(const Fault& fault, std::vector<Line>* lines);
  // initiated.cc: what the agent starts by itself.
  absl::Status Initiate(const Fault& fault, std::vector<Line>* lines);
  absl::Status OrderMoney(const Fault& fault, std::vector<Line>* lines);
  absl::Status VoidPayment(const Fault& fault, std::vector<Line>* lines);
  absl::Status PayHeld(const PositionKey& key, const FundTerms& fund, std::vector<Line>* lines);
  Outcome ChooseWay(Line& line, const FundTerms& fund);
  // reservation.cc: applications for a later day.
  Outcome Keep(Line& line, const FundTerms& fund);
  Outcome GiveUp(const Line& line);
  // Appends what is confirmed now of what was kept, as applications of the day that they were for.
  absl::Status ReservationsDue(std::vector<Line>* lines);
  // move.cc: transfers that were applied for.
  absl::StatusOr<Outcome> BringAsked(Line& line, const FundTerms& fund, size_t number);
  absl::StatusOr<Outcome> MoveAsked(Line& line, const FundTerms& fund, size_t number);
  // Puts the lines of whoever received units behind that of line `at`; the index of the last of them.
  size_t Arrive(std::vector<Line>* lines, size_t at);
  std::vector<Line> arrivals_;  // of the application that is being decided
  Outcome FreezeAsked(Line& line);
  Outcome ThawAsked(Line& line);
  absl::Status AddCash(const Line& line, const FundTerms& fund, uint16_t business, bool to_distributor, Yuan amount);

  // The argument of the first fault of this kind that names the line.
  const Fault* FaultOf(FaultKind kind, const Line& line, size_t number);
  Position& PositionOf(const Line& line);

  const TaConfig& config_;
  const Files& exchange_;
  const Date day_;
  const Date previous_;
  const std::span<const Fault> faults_;
  std::vector<bool> used_;
  Register& reg_;
  uint64_t serial_ = 0;
  std::vector<PositionKey> thawed_;  // whose held dividends follow
  uint64_t taken_accounts_ = 0;
  std::set<FundCode> pays_income_;       // funds whose payout is due in this answer
  std::set<PositionKey> new_positions_;  // that the register did not know before this answer
  std::set<PositionKey> taken_holdings_;
  std::map<FundCode, Shares> units_before_;   // of each fund, before this answer
  std::map<PositionKey, Shares> promised_;    // to redemptions that wait
  Shares taken_units_;
  using CashKey = std::tuple<FundCode, Date, uint16_t, bool, Date>;
  std::map<CashKey, Yuan> cash_;
};

}  // namespace fundcore::ta_sim
