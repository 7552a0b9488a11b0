// The commands of fundctl, one function each, by family: each asks the server and gives an Answer. Parsing the command
// line is main.cc's business alone.
//
// Errors: those of the server with its reasons, kInvalidArgument for text that cannot be read (naming it), and
// kDeadlineExceeded where something waited for did not come.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/fundctl/answer.h"
#include "tools/fundctl/remote.h"

namespace fundcore::fundctl {

using Result = absl::StatusOr<Answer>;
using Show = std::function<void(const Answer&)>;  // prints one of many answers

// --- cmd_system.cc: the process
// -------------------------------------------------------------------------------------------
Result ShowStatus(Remote& remote);
// What grpc.health.v1 says of a service ("": of the process): exit code 1 where it does not serve, which `alive` forgives: then
// any answer is good. For probes.
Result ShowHealth(Remote& remote, const std::string& service, bool alive);
// Every machine does as of this version from here on; refused where some process could not play it.
Result Upgrade(Remote& remote, uint32_t version);
// The processes of a cluster and who owns what, as far as the asked one has heard; 1 where a partition has no known owner.
Result ShowDirectory(Remote& remote);
Result ShowClock(Remote& remote);
// "2025-03-03 15:00" or "+1h30m". Returns once the system has come to rest at the new time.
Result AdvanceClock(Remote& remote, const std::string& to);
Result ShowStateHash(Remote& remote);
Result Flush(Remote& remote);
// A person says that the wall clock is right though it had strayed: orders are taken again.
Result AcceptClock(Remote& remote, const std::string& person, const std::string& note);
// Until the process serves, and the logs of all partitions have stopped growing: all that was due has been taken in.
absl::Status WaitUntilServing(Remote& remote);
absl::Status WaitUntilAtRest(Remote& remote);

// --- cmd_checkpoint.cc (docs/checkpoints.md)
// ---------------------------------------------------------------------------------------------------------
struct CheckpointOptions {
  std::string name;
  std::string data;      // a data folder at hand; empty: the server's
  std::string in;        // list: a store's folder
  std::string to, from;  // stores' folders
  bool offsets = false;  // list: of each partition
};
// Keeps the present state on the server's disk under a name; where `to` is given, pushes it there.
Result CreateCheckpoint(Remote& remote, const CheckpointOptions& options);
// 1 where a folder among them is no complete checkpoint.
Result ListCheckpoints(Remote& remote, const CheckpointOptions& options);
// kDataLoss names what differs, expected and found.
Result VerifyCheckpoint(Remote& remote, const CheckpointOptions& options);
// Puts it in the place of the state of a stopped folder.
Result RestoreCheckpoint(const CheckpointOptions& options);
// Both go on where an earlier try broke off.
Result PushCheckpoint(Remote& remote, const CheckpointOptions& options);
Result PullCheckpoint(const CheckpointOptions& options);
// Moves the segments of a stopped folder's log that the state and the newest `keep` verified checkpoints make needless.
Result ArchiveLog(const std::string& data, const std::string& archive, int keep);

// --- cmd_recovery.cc
// ---------------------------------------------------------------------------------------------------------
// What is not final, by what it waits for and how long; how account and risk answer. 1 where a peer does not, where
// nothing new is taken, or where an order waits for a break.
Result ShowRecovery(Remote& remote);
// "risk", "cut_off": what an order waits for, as metrics and tables say it; "" for nothing.
std::string WaitsForWord(int waits_for);

// --- cmd_product.cc
// ---------------------------------------------------------------------------------------------------------
Result LoadProducts(Remote& remote, const std::string& file);
Result ListProducts(Remote& remote);
Result ShowProduct(Remote& remote, const std::string& fund);
Result ShowNav(Remote& remote, const std::string& fund, const std::string& day);
// Four eyes: a TOML file of funds is proposed, a change for each; another person decides.
Result ProposeProducts(Remote& remote, const std::string& file, const std::string& person, const std::string& note);
Result DecideChange(Remote& remote, uint64_t change, const std::string& person, bool approve);
Result ListChanges(Remote& remote, bool all);
Result RequireTwoPersons(Remote& remote, const std::string& person, bool on);
Result ShowQuota(Remote& remote, const std::string& fund, const std::string& day);
// What a bank may advance for fast redemptions and has out; with a limit: from now on so much.
Result AdvancingBank(Remote& remote, const std::string& bank, const std::string& limit);
// cmd_campaign.cc: discounts on purchase fees for a time. A person: proposed, for another one to approve.
struct CampaignOptions {
  std::string name, discount, first, last, channel, from_amount, person;
  std::vector<std::string> funds;
  std::vector<uint32_t> businesses;
  bool end = false;
};
Result PutCampaign(Remote& remote, const CampaignOptions& options);
Result ListCampaigns(Remote& remote, bool all);
// cmd_product_import.cc. Files C1 to C6: 1 where they are refused.
struct ProductImportOptions {
  std::vector<std::string> files;
  std::string distributor, person, note;
  bool at_once = false, dry_run = false;
};
Result ImportProducts(Remote& remote, const ProductImportOptions& options);

// --- cmd_risk.cc: suitability
// --------------------------------------------------------------------------------------------------
// A policy from a TOML file (docs/suitability.md shows one).
Result LoadPolicy(Remote& remote, const std::string& file);
Result ShowPolicy(Remote& remote);
struct PersonOptions {
  std::string investor, born, professional_until;
  bool pension_account = false;
};
Result SetPerson(Remote& remote, const PersonOptions& options);
struct ConfirmOptions {
  std::string investor, fund, kind, version, reference;
};
Result Confirm(Remote& remote, const ConfirmOptions& options);
// All that was recorded of an investor, with the decisions on their orders, or of one order. One of the two is given.
Result ShowEvidence(Remote& remote, const std::string& investor, const std::string& order);

// --- cmd_account.cc: investors, money, ledgers
// --------------------------------------------------------------------------------
struct OpenOptions {
  std::string name, certificate_type = "0", certificate, mobile, request_id;
  bool institution = false;
};
Result OpenInvestor(Remote& remote, const OpenOptions& options);
struct AssessOptions {
  std::string investor, request_id;
  std::vector<uint32_t> answers;
  bool lowest_class = false;
};
Result Assess(Remote& remote, const AssessOptions& options);
Result AddCard(Remote& remote, const std::string& investor, const std::string& bank, const std::string& card);
Result ShowInvestor(Remote& remote, const std::string& investor);
Result ShowAccount(Remote& remote, const std::string& investor);
Result OpenFundAccount(Remote& remote, const std::string& investor, const std::string& ta);
struct AccountBusinessOptions {
  std::string investor, ta, business, cause, until, request_id;
};
Result RequestAccount(Remote& remote, const AccountBusinessOptions& options);
struct ChangeOptions {
  std::string investor, name, certificate_type, certificate, until, mobile, address, request_id;
};
Result ChangeInvestor(Remote& remote, const ChangeOptions& options);
Result ShowApplication(Remote& remote, const std::string& application);
Result LinkTradingAccount(Remote& remote, const std::string& distributor, const std::string& account,
                          const std::string& investor);
// --- cmd_cards.cc
struct CardOptions {
  std::string investor, change, bank, number, person, evidence, why, request_id;
  uint64_t card = 0;
};
Result ChangeCard(Remote& remote, const CardOptions& options);
Result DecideCardChange(Remote& remote, const CardOptions& options, bool approve);
Result ListCardChanges(Remote& remote, const std::string& investor);  // empty: all that wait for somebody
Result CloseCard(Remote& remote, const CardOptions& options);
Result SetPayouts(Remote& remote, const std::string& investor, bool on);
Result ShowTax(Remote& remote, const std::string& investor);  // cmd_tax.cc
// `file`: a declaration in TOML, as docs/business.md shows it.
Result DeclareTax(Remote& remote, const std::string& investor, const std::string& file, const std::string& person,
                  const std::string& request_id);
struct PayOptions {
  std::string investor, amount, request_id;
  uint64_t card = 0;
  bool deposit = true;
};
Result Pay(Remote& remote, const PayOptions& options);
Result FundCard(Remote& remote, const std::string& card, const std::string& amount, const std::string& request_id);
Result ShowBankBalances(Remote& remote);
Result ShowTrialBalance(Remote& remote, bool verify);
Result ListLedger(Remote& remote, const std::string& investor, uint32_t limit);

// cmd_interest.cc: interest on settlement money (docs/settlement-interest.md)
struct InterestOptions {
  std::string amount, first, last, reference, person;
};
Result RecordInterest(Remote& remote, const InterestOptions& options);
Result ListInterest(Remote& remote);

// --- cmd_order.cc
// -----------------------------------------------------------------------------------------------------------
struct SubmitOptions {
  std::string investor, fund, purchase, subscribe, redeem, convert, into, request_id, dividends, freeze, thaw, pledge;
  std::string subscribe_units;  // the same as subscribe, by units
  std::string adjust, to_amount, to_units;  // a subscription of an offer, and what it is to be from then on (062)
  std::string bring, receive, prove;  // units that are to come: from a distributor, from somebody else, by proven title
  std::string move, give, to_distributor, to_account, reason;  // units that go without money: move or give so many
  bool mismatch_confirmed = false, cancel_rest = false, at_once = false, outside = false;
  bool fast = false;            // redeem: at once, with money that a bank advances (098)
};
Result SubmitOrder(Remote& remote, const SubmitOptions& options);
Result ShowOrder(Remote& remote, const std::string& order);
Result ListOrders(Remote& remote, const std::string& investor, uint32_t limit);
Result CancelOrder(Remote& remote, const std::string& order);
Result AnswerChallenge(Remote& remote, const std::string& order, bool passed);
// Shows the order at every change until it is final; the answer is empty.
Result WatchOrder(Remote& remote, const std::string& order, const Show& show);
Result TraceOrder(Remote& remote, const std::string& order);
// cmd_order_lots.cc: which lots paid which fee.
Result ShowLots(Remote& remote, const std::string& order);

// --- cmd_plan.cc: orders that come again by themselves (docs/plans.md)
// -----------------------------------------------------------------------------------------------------------
struct PlanOptions {
  std::string investor, fund, purchase, target, redeem;  // one of the last three
  std::string weekly, fortnightly;                       // a day of the week
  uint32_t monthly = 0;                                  // a day of the month
  std::string first, last, request_id, misses = "three-in-a-row";
  uint32_t times = 0;
  bool mismatch_confirmed = false, cancel_rest = false;
};
Result MakePlan(Remote& remote, const PlanOptions& options);
Result ListPlans(Remote& remote, const std::string& investor);
// GetPlan, PausePlan, ResumePlan or EndPlan; shows the plan afterwards.
Result AskOfPlan(Remote& remote, const std::string& method, const std::string& investor, const std::string& plan);

// --- cmd_orders_file.cc, cmd_orders_answer.cc: orders by file (docs/orders-by-file.md)
// -----------------------------------------------------------------------------------------------------------
struct ImportOptions {
  std::string file;
  std::string variant;             // what the sender does otherwise, a TOML file; "" for nothing
  std::string output;              // results, one JSON object a line; "" for none
  bool all_lines = false;          // the answer shows every line, not only those that need somebody
  size_t batch = 1'000;            // orders a call, 1 to 8,000
  std::function<bool()> after_batch;  // false stops there, as a crash between two batches would
};
// 1 where a line is not accepted, 3 where something is not known because the server stayed away; nothing of a damaged file
// is imported (kDataLoss). Importing again changes nothing.
Result ImportOrders(Remote& remote, const ImportOptions& options);
struct AnswerOptions {
  std::string file, variant, output_dir;
  bool partial = false;  // write what is final, though other lines are not
};
// Writes a 04 and its index for each confirmation day. 1, and nothing written, where a line is not final.
Result AnswerOrders(Remote& remote, const AnswerOptions& options);
// The trading accounts that the file names, with their orders and whose they are; 1 where one is linked to nobody.
Result ListFileAccounts(Remote& remote, const std::string& file, const std::string& variant);

// --- cmd_day.cc: business days, files, breaks
// -------------------------------------------------------------------------------------
Result ShowDays(Remote& remote, const std::string& ta, const std::string& day);
Result AdvanceDays(Remote& remote);
Result ListFiles(Remote& remote, const std::string& ta, const std::string& day);
Result ListInKind(Remote& remote, const std::string& ta, const std::string& day);
Result ShowReconciliation(Remote& remote, const std::string& ta, const std::string& day);
Result ListBreaks(Remote& remote, const std::string& ta, bool all);
Result ShowBreak(Remote& remote, uint64_t id);
Result ProposeResolution(Remote& remote, uint64_t id, const std::string& resolution, const std::string& note,
                         const std::string& person);
Result ApproveResolution(Remote& remote, uint64_t id, const std::string& person);

// --- cmd_report.cc
// ---------------------------------------------------------------------------------------------------------------
struct ReportOptions {
  std::vector<std::string> days;        // "2025-03-03" or "2025-03-03..2025-03-05"
  std::vector<std::string> ta_reports;  // files written by `ta_sim report --json`
};
Result MakeReport(Remote& remote, const ReportOptions& options);

// --- text.cc: what people type
// ----------------------------------------------------------------------------------------------------
absl::StatusOr<InvestorId> ReadInvestor(const std::string& text);  // "001000000042", exactly 12 digits
absl::StatusOr<OrderId> ReadOrder(const std::string& text);        // exactly 17 digits
absl::StatusOr<Money> ReadAmount(const std::string& text);         // above zero
absl::StatusOr<Units> ReadUnits(const std::string& text);          // above zero
absl::StatusOr<Date> ReadDay(const std::string& text);             // "" is no day
// The single days of "2025-03-03" and "2025-03-03..2025-03-07", at most 366 of them.
absl::StatusOr<std::vector<Date>> ReadDays(const std::vector<std::string>& texts);
// The id itself, or a new one of the form UUIDv7 where it is empty.
std::string RequestIdOr(const std::string& given);

}  // namespace fundcore::fundctl
