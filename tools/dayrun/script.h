// A day script as it is read from its file: a header, what is given, and the lines of the day, each a typed statement.
//
//   auto script = ParseScript("partial-confirmation.day", text);
//   if (!script.ok()) ...     // "partial-confirmation.day:7: \"subscribs\" is unknown here (did you mean
//   \"subscribes\"?)"
//
// The language is described in README.md, in words for the people who write scripts. Everything is read and checked
// before anything runs. Values; no life cycle, no threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "common/money/decimal.h"
#include "common/time/calendar.h"
#include "common/time/time.h"

namespace fundcore::dayrun {

// --- What is given
// -------------------------------------------------------------------------------------------------------

struct GivenCalendar {
  std::string name;
  TradingCalendar days;
};

struct GivenTa {
  std::string code;
  std::string distributor = "301";
  std::string version = "21";
  std::string calendar = "XSHG";
  TimeOfDay cutoff = TimeOfDay::Hms(15, 0);
  TimeOfDay export_by = TimeOfDay::Hms(18, 0);
  bool same_day_orders = true;
  bool index = true;
  bool try_008 = true;
  std::string reservations;   // orders for a later trading day: "" refused, else "kept" or "sent"
  bool renumbers = false;     // their results come under the institution's own numbers
  bool products_at_once = false;
  std::string plans;  // what it wants to know of plans: "", "debits", "all"
  bool converts_in_pairs = false;  // 036 is answered with 138 and 137
};

struct GivenPurchaseTier {
  Money from;
  Money to;  // zero: no limit
  Rate rate;
  Money fixed;  // positive: instead of the rate
};
struct GivenRedemptionTier {
  int32_t from_days = 0;
  int32_t to_days = 99999;
  Rate rate;
  Rate fund_share;
};
struct GivenNav {
  Date day;
  Nav nav;
};

struct GivenConversion {
  std::string target;
  Units from, to;     // of one order; zero: no limit
  int min_days = 0;
  char investors = '2';
  bool by_fees = false;
};

struct GivenFund {
  std::string code;
  std::string ta;
  std::string kind = "mixed";
  int risk_grade = 3;
  std::string calendar;  // empty: its institution's
  int confirm_days = 1;
  int purchase_pay_days = 2;
  int redemption_pay_days = 3;
  char status = '0';
  Money minimum, additional, maximum;
  Units min_redemption;
  std::vector<GivenPurchaseTier> purchase;
  std::vector<GivenRedemptionTier> redemption;
  bool inside = false;
  Rate discount;
  Rate floor;  // no discount brings a purchase rate below it
  bool cut_units = false;
  bool cut_fee = false;
  bool cut_net = false, cut_value = false;
  bool whole_units = false;
  bool lifo = false;
  Rate large_limit = Rate::Ppm(100'000);  // of the units of the day before
  bool large_pro_rata = false;            // what the manager does with more: takes all, or pro rata
  Units held_elsewhere;
  struct Offer {
    Date result, effective;
    Date last_day;  // unset: none
    Money cap;      // 0: none
    bool failed = false;
    // For simulations; no words say them.
    Rate interest_a_day;        // what money earns for each day that it waits
    std::optional<Date> opens;  // the institution says that the fund is open from this day on
  };
  std::optional<Offer> offer;
  std::vector<GivenNav> navs;  // by day
  // Of a money fund.
  std::vector<GivenNav> incomes;     // per 10,000 units, by day: each holds until the next one
  std::string remainder = "carry";
  int payout_day = 0;                // 0: daily; 31: on the last day of the month
  bool loss_waits = false;
  bool keeps_income = false;
  std::vector<GivenConversion> conversions;
  char convert_status = 0;     // 0: in and out where the script has a conversion with it, else neither
  bool carries_age = false;
  // Rules beyond the terms; statements_products.cc.
  Units min_holding;
  Money day_limit, person_limit, quota;
  Units max_redemption, redemption_day_limit, holding_limit;
  struct Closed {
    Date from, to;
    bool purchases = true, redemptions = true;
  };
  std::vector<Closed> closed;
  int holding_days = 0;
  std::vector<std::pair<Date, Date>> first_redemptions;  // lot's day, first day of its redemption
  bool breach_allowed = false;
  Rate breach_fee, breach_share;
  bool pension_class = false, needs_recording = false;
  std::string fast_bank, fast_account;  // redeems at once where there is a bank
  std::string fast_distributor;         // where its account is, if not here
  Money fast_a_day;                     // 0: as the law has it
  Units fast_least;
};

struct GivenInvestor {
  std::string name;
  int risk_class = 0;  // 0: no questionnaire
  bool lowest = false;
  bool institution = false;
  std::string card_ending = "0001";
  Money cash;
  std::vector<std::string> registered_at;  // institutions that know the certificate through somebody else
};

using Given = std::variant<GivenCalendar, GivenTa, GivenFund, GivenInvestor>;

// --- What happens and what is expected
// -----------------------------------------------------------------------------------

// "that order" (empty) or "order NAME".
struct OrderRef {
  std::string name;
};

// What follows "->". Only what was written is compared.
struct Outcome {
  enum class Kind {
    kAccepted,
    kReceived,
    kRejected,
    kChallenged,
    kCancelled,
    kDispatched,
    kConfirmed,
    kConfirmedInPart,
    kRefused,
    kSettled,
    kSameOrder,
    kError,
    kDone,
    kFailed,
    kPending,
    kOk,
    kWithdrawing,  // a deferred rest is on its way to be withdrawn
  };
  Kind kind = Kind::kOk;
  std::string reason;  // of a rejection, an error or a failed payment; the return code of a refusal
  std::optional<Date> day, confirmed_on;
  std::optional<Money> amount, net, gross, fee;
  std::optional<Units> units;
  std::optional<Nav> nav;
  std::optional<uint32_t> transfer;
  std::optional<Units> target_units;
  std::optional<Money> difference_fee;
  std::string target_code;  // the return code of the second side
  std::optional<Units> deferred;  // the rest that goes on to the next open day
};

struct PlaceOrder {
  std::string who;
  int business = 22;
  std::string fund;
  Money amount;   // 020, 022
  Units units;    // 024, 036
  std::string target;  // 036: the fund to enter
  std::string to, account, reason;  // 026, 028: a distributor and an account there; 033, 035: an investor or an account
  int times = 1;  // a batch of equal orders
  bool mismatch_confirmed = false;
  bool rest_cancelled = false;  // of a large redemption
  std::optional<Date> wanted;   // the only trading day that will do
  bool rest_unset = false;      // nothing is said of it
  std::string way;              // 029: DefDividendMethod
  std::string channel;          // the caller that it comes from; empty: the app
  std::optional<OrderRef> original;  // 062: the subscription that it changes
  std::string name;             // by which later lines refer to it
  std::optional<Outcome> outcome;
};
struct AskAgain {  // the last order's request id once more
  std::string who;
  std::optional<Money> amount;  // other content
  std::optional<Outcome> outcome;
};
struct CancelOrder {
  std::string who;
  OrderRef order;
  std::string name;  // by which later lines refer to the withdrawal of a deferred rest
  std::optional<Outcome> outcome;
};
struct Pay {
  std::string who;
  bool deposit = true;
  Money amount;
  std::string card;  // its last four digits; empty: the one that was given, or that money goes out to
  std::optional<Outcome> outcome;
};
struct CheckBalance {
  std::string who;
  std::optional<Money> available, reserved, awaiting, withdrawing;
};
struct CheckHolding {
  std::string who;
  std::string fund;
  Units units;
  std::optional<Units> usable, frozen;
  std::optional<int> lots;
};
struct CheckIncome {  // of a money fund, what is neither units nor money yet
  std::string who;
  std::string fund;
  Money unpaid;
  std::string rest;  // below a fen, in yuan; empty: not asked
};
// Interest on settlement money.
struct PutsCampaign {
  std::string person;
  bool proposes = false, ends = false;
  std::string name, channel;
  Rate discount;
  Date from, to;
  std::vector<std::string> funds;
  std::vector<int> businesses;
  Money from_amount;
  std::optional<Outcome> outcome;
};
struct BankCredits {  // the bank has it on our account
  Money amount;
};
struct RecordsInterest {
  std::string person;
  Money amount;
  Date from, to;
  std::string reference;
  std::optional<Outcome> outcome;
};
struct CheckCredited {  // all that an investor ever got
  std::string who;
  Money amount;
};
struct CheckInterestRun {
  std::string reference;
  std::string state;  // as the API says it
  std::optional<int> investors;
};
struct CheckInterestLeft {  // received and not spread
  Money amount;
};
struct CheckFundAccount {
  std::string who;
  std::string ta;
  std::string state;  // as the API says it
  std::string return_code;
};
// What an order took of a lot, or gave into one; or of how many lots it took.
struct CheckLot {
  OrderRef order;
  bool arrived = false;
  std::optional<int> count;
  Units units;
  Date registered;
  std::optional<int> days;
  std::optional<Rate> rate;
  std::optional<Money> fee;
};
struct CheckOrder {
  OrderRef order;
  Outcome outcome;
};
// A business of a fund account: 001 where there is none (or no longer one), else 002, 004 to 007, 009.
struct AskForAccount {
  std::string who, ta;
  uint32_t business = 1;
  std::string cause;         // of a freeze
  std::optional<Date> until;
  std::string name;          // by which later lines refer to the application, as to an order
  std::optional<Outcome> outcome;
  std::string former;        // 058: the number so far
};
// An investor's data change. Only what was written.
struct ChangeData {
  std::string who;
  std::string name, certificate_type, certificate_no, mobile, address, guardian, guardian_certificate, product;
  std::string certificate_of;  // somebody else's certificate
  int32_t until = 0;
  bool minor = false;
  std::string named;           // "order NAME" is then the 003 to the institution, "order NAME-TA" where there are several
  std::optional<Outcome> outcome;
};
// What an institution knows of an investor's data.
struct CheckData {
  std::string who, ta, state, return_code;
};
// The certificate given opens the investor of that name again.
struct CheckPerson {
  std::string who, certificate_type, certificate_no;
};

// statements_cards.cc. Cards are known by their last four digits.
struct DoCard {
  enum class Kind { kAdd, kChange, kClose, kPayouts };
  Kind kind = Kind::kAdd;
  std::string who, card, person, why;
  bool on = true;
  std::optional<Outcome> outcome;
};
struct DecideCard {  // about the investor's latest change
  std::string person, who, evidence;
  bool approve = true;
  std::optional<Outcome> outcome;
};
struct TellBank {  // whose a card is, and how the bank behaves about it
  std::string who, card, holder;
  bool silent = false, closed = false;
};
struct CheckCardMoney {
  std::string who, card;
  Money amount;
};
struct CheckCard {
  std::string who, card, state;
  bool payout = false;
};
// statements_tax.cc. Who declares where they pay taxes; controlling persons in the order in which they are named.
struct DeclareTax {
  struct Holder {
    struct Country {
      std::string country, tin, why;
    };
    std::string residency, name, family, first, type, born_in, living, address;
    int32_t born = 0;
    int share = 0;  // percent
    std::vector<Country> countries;
  };
  std::string who, entity, english, person, named;
  int32_t signed_on = 0;
  std::vector<Holder> holders;  // the investor first
  std::optional<Outcome> outcome;
};
struct CheckTax {
  std::string who, ta, state, code;
  std::optional<int> versions;  // asked instead of an institution
};
struct CheckCardChange {
  std::string who, state, reason, person;
};

// A plan is made, or another one's terms are changed.
struct MakePlan {
  std::string who, fund;
  std::string unit = "monthly";
  int day = 1;
  Money amount;
  Units units;
  bool redemption = false, to_target = false, mismatch_confirmed = false, rest_deferred = false;
  std::optional<Date> first, last;
  int times = 0;
  int rule = 1;               // as the API numbers them
  std::string name;           // by which later lines refer to the plan
  bool change = false;
  std::optional<Outcome> outcome;
};
struct SetPlan {
  std::string who, verb;  // pauses, resumes, ends
  std::string name;
  std::optional<Outcome> outcome;
};
struct CheckPlan {
  std::string name;
  std::string state;  // as the API says it
  std::string reason;
  std::optional<int> debits, misses, in_a_row, entries;
  std::optional<Date> next;
  std::string event, event_reason;  // of the last note
};
// The order that a plan made on a day, which later lines call "that order".
struct FindDebit {
  std::string name;
  Date day;
  bool contract = false;  // the latest order about the plan itself: 059, 060, 061
  std::optional<Outcome> outcome;
};
// statements_products.cc: a fund's terms from now on, and what its buyers have taken of its quota.
struct ChangeFund {
  GivenFund fund;
  std::optional<Outcome> outcome;
};
struct ProposeFund {
  std::string person;
  GivenFund fund;
  std::optional<Outcome> outcome;
};
struct DecideChange {  // about the last proposal
  std::string person;
  bool approve = true;
  std::optional<Outcome> outcome;
};
struct NeedTwoPersons {
  std::string person;
  bool on = true;
};
// statements_files.cc: files C1 to C6 of an institution.
struct ImportFiles {
  struct File {
    std::string type;
    std::vector<std::string> records;  // "FundCode=110022 OperateDate=20250303"
  };
  std::string person, ta;
  bool at_once = false;  // not proposed
  bool damaged = false;  // the last file lacks its end
  bool by_transfer = false;  // put into the exchange folder, with an index
  std::vector<File> files;
  std::optional<Outcome> outcome;
};
// What a bank may advance from now on, or has out.
struct AdvancingBank {
  std::string bank;
  bool check = false;
  Money amount;
};
struct CheckQuota {
  std::string fund;
  Date day;
  Money taken;
};
// statements_suitability.cc: a policy of five questions of five options (0, 5, 10, 15, 20 points; classes from 21, 41, 61 and 81
// points, the first option of the first question is the lowest class) that takes effect 30 seconds from now.
struct PutSuitability {
  std::string version;
  int valid_months = 12;
  int age_from = 0;
  int age_grade = 3;
};
struct AnswerQuestions {
  std::string who, version;
  std::vector<int> options;
  int risk_class = 0;     // 0: not asked
  bool lowest = false;
  std::optional<Outcome> outcome;
};
struct SetFacts {
  std::string who;
  std::optional<Date> born, professional_until;
  bool pension = false;
};
struct ConfirmText {
  std::string who, kind, fund, version, reference;
  std::optional<Outcome> outcome;
};
struct CheckEvidence {    // of an order's decision
  OrderRef order;
  std::string key, value;
};
struct SetWatch {  // by an operator
  std::string who;
  int level = 0;  // 0 none, 1 every order needs a second proof, 2 orders are blocked
};
struct GiveProof {  // the second proof that a challenged order waits for
  std::string who;
  OrderRef order;
  bool passed = true;
  std::optional<Outcome> outcome;
};
struct CountEvidence {
  std::string who;
  int assessments = 0, confirmations = 0;
};

// A redemption that the fund's least balance made larger.
struct CheckTakesAll {
  OrderRef order;
  Units units, asked;
};

// A deviation of the institution's answer of this date.
struct TaDoes {
  enum class Kind {
    kConfirmsPart,  // amount or units
    kRefusesOrder,  // code
    kMisreports,    // units: so many more in the file only
    kMisbooks,      // units: so many more, in its register, too
    kLeavesOut,
    kSaysTwice,
    kForcesRedemption,  // units of fund of who
    kRefusesAccounts,   // code
    kDamagedFile,       // file type in `text`
    kTruncatedFile,
    kWrongDate,
    kOtherVersion,  // text
    kOtherBytes,    // the 04 file a second time, with the same identity and another figure
    kLate,
    kInitiates,  // code: business; text: letters
    kWrongDividend,  // amount more
    kOwnAccount,    // code: the business, done to the account of who
    kPaysInterest,  // amount, with the result of an offer
    kAllots,        // text: a number, to a subscription
    kOwnData,       // text: the certificate from now on, or "same"
    kOwnMove,       // text: the number from now on
    kMisreportsIncome,  // amount: so much more of fund for who, in the file only
    kBooksIncome,       // the same in its register, too
    kPaysNoIncome,
    kRefusesTax,  // code
    kUnknownTax,
    kRefunds,       // amount, of an order after its result
    kAsksMore,      // amount, for an order
    kWritesField,   // code: a field of the order's line in file 04 alone; what stands there: text, or who's account, or other's
    kAdjusts,       // a subscription, to amount or units
    kVoidPayment,   // amount of fund that fits nothing, of who or nobody; text: "order" where it names one
  };
  std::string ta;
  Kind kind = Kind::kLate;
  OrderRef order, other;
  std::string who, fund, code, text;
  Money amount;
  Units units;
  bool by_units = false;
};
struct TaAnswers {
  std::string ta;
  std::optional<Date> day;  // unset: the date of the line
};
struct TaCorrects {
  std::string ta;
};
struct TaRepeats {  // publishes what it sent last once more, in the next transfer folder
  std::string ta;
};

struct PaysDividend {  // declared by the institution; the script is read as a whole, so its register knows in time
  std::string ta, fund;
  Money amount;  // a unit
  Date record, ex, pay;
};
struct CheckNote {  // what the institution has said about a holding
  std::string who, fund;
  std::string way;  // "0", "1", "" for none
};

struct CloseDays {
  std::string ta;  // empty: all
};
struct CheckDay {
  Date day;
  std::string ta;
  std::string step;         // empty: not asked
  std::string waiting_for;  // empty: not asked
};
struct CheckBreak {
  std::string kind, ta, field, expected, found, rule;
  bool of_order = false;
  OrderRef order;
};
struct CountBreaks {
  int count = 0;
};
struct Propose {
  std::string person, resolution;
  std::optional<Outcome> outcome;
};
struct Approve {
  std::string person;
  std::optional<Outcome> outcome;
};
struct CheckBooks {};
struct CheckFile {  // a field of the order's line in a file
  std::string type;
  OrderRef order;
  std::string field, value;
};
struct CheckFileCount {  // records of a file of a day
  std::string type;
  std::string ta;
  Date day;
  int transfer = 1;
  uint64_t records = 0;
};
// What is kept of ETF units in kind; business 0: only how many there are.
struct CheckInKind {
  std::string ta;
  int count = 0;
  int business = 0;
  Units units;
  std::string fund;
};
struct Restart {};
struct SetDown {
  std::string service;
  bool down = true;
};
struct Passes {};  // time moves, nothing else

using Statement =
    std::variant<PlaceOrder, AskAgain, CancelOrder, Pay, CheckBalance, CheckHolding, CheckIncome, CheckFundAccount,
                 PutsCampaign, BankCredits, RecordsInterest, CheckCredited, CheckInterestRun, CheckInterestLeft,
                 CheckOrder, CheckLot, AskForAccount, ChangeData, CheckData, CheckPerson, DoCard, DecideCard, TellBank, CheckCardMoney,
                 CheckCard, CheckCardChange, DeclareTax, CheckTax, MakePlan, SetPlan, CheckPlan, FindDebit, TaDoes, TaAnswers, TaCorrects,
                 TaRepeats, PaysDividend, CheckNote, CloseDays, CheckDay, CheckBreak, CountBreaks, Propose,
                 ChangeFund, ProposeFund, DecideChange, NeedTwoPersons, ImportFiles, CheckQuota, AdvancingBank, CheckTakesAll, PutSuitability,
                 AnswerQuestions, SetFacts, ConfirmText, CheckEvidence, CountEvidence, SetWatch, GiveProof,
                 Approve, CheckBooks, CheckFile, CheckFileCount, CheckInKind, Restart, SetDown, Passes>;

struct Line {
  int number = 0;
  std::string text;
  std::optional<TimePoint> at;  // unset: goes on where the line before was
  std::vector<Statement> statements;
};

struct Script {
  std::string path;
  std::string name, tells, group;
  bool memory_only = false;  // uses what only the simulated world can do
  std::vector<std::pair<int, Given>> given;
  std::vector<Line> lines;
  TimePoint start;  // 08:00 of the first day

  const GivenTa* Ta(std::string_view code) const;
  const GivenFund* Fund(std::string_view code) const;
  const GivenInvestor* Investor(std::string_view name) const;
  // The script's own calendars over the built-in ones.
  CalendarSet calendars;
  std::vector<std::string> tas() const;
};

// Moments that have names.
inline constexpr TimeOfDay kMorning = TimeOfDay::Hms(9, 30);
inline constexpr TimeOfDay kNight = TimeOfDay::Hms(20, 0);
inline constexpr TimeOfDay kClose = TimeOfDay::Hms(21, 0);

// kInvalidArgument: "file:line: what is wrong and what was meant".
absl::StatusOr<Script> ParseScript(std::string_view path, std::string_view text);
// kNotFound where the file cannot be read.
absl::StatusOr<Script> ReadScript(const std::string& path);

}  // namespace fundcore::dayrun
