// Runner: carries a script out against a driver and compares what happens with what the script says.
//
//   SimDriver driver({});
//   Progress progress;
//   Runner runner(script, &driver, &progress, {});
//   RunResult r = runner.Run();      // r.status names file:line, what was expected and what was found
//
// One run an object; one thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tools/dayrun/driver.h"
#include "tools/dayrun/progress.h"
#include "tools/dayrun/script.h"
#include "tools/dayrun/terms.h"
#include "tools/ta_sim/fault.h"
#include "tools/ta_sim/ta_sim.h"

namespace fundcore::product_import {
struct SourceFile;
}

namespace fundcore::dayrun {

struct RunOptions {
  std::set<int> restart_before;  // lines before which the system loses its process
  bool verbose = false;          // each line as it is begun, on stderr
  bool check_replay = true;      // at the end, where the driver can
};

struct RunResult {
  // OK; kFailedPrecondition: an expectation; kDataLoss: the replay differs; kUnimplemented: the script asks for what
  // this driver cannot do; others: the system cannot be driven. With file:line.
  absl::Status status;
  int lines = 0;           // carried out
  std::string state_hash;  // at the end, empty after a failure
};

class Runner {
 public:
  Runner(const Script& script, Driver* driver, Progress* progress, RunOptions options);

  RunResult Run();

 private:
  // --- runner.cc: what is given, and the passing of time
  // -------------------------------------------------------------------
  absl::Status RunSteps(RunResult* result);
  absl::Status Give(const Given& given);
  absl::Status GiveInvestor(const GivenInvestor& g);
  absl::Status MoveTo(TimePoint to);
  absl::Status Do(const Line& line);
  std::string RequestId(int n) const;
  // For what cannot be done twice: notes durably that this statement is about to be done, and says whether an earlier
  // run had noted that before it was killed.
  absl::StatusOr<bool> BegunBefore();

  // --- runner_orders.cc: investors and their orders
  // ------------------------------------------------------------------------
  absl::Status Do(const PlaceOrder& s);
  absl::Status Do(const AskAgain& s);
  absl::Status Do(const CancelOrder& s);
  absl::Status Do(const Pay& s);
  absl::Status Do(const CheckBalance& s);
  absl::Status Do(const CheckHolding& s);
  absl::Status Do(const CheckIncome& s);  // runner_money.cc
  absl::Status Do(const BankCredits& s);
  absl::Status Do(const RecordsInterest& s);
  absl::Status Do(const CheckCredited& s);
  absl::Status Do(const CheckInKind& s);
  absl::Status Do(const CheckInterestRun& s);
  absl::Status Do(const CheckInterestLeft& s);
  absl::Status Do(const CheckFundAccount& s);
  absl::Status Do(const CheckOrder& s);
  // runner_convert.cc
  absl::Status Do(const CheckLot& s);
  absl::Status GiveConversions(const GivenFund& fund);
  // runner_products.cc
  absl::Status Do(const ChangeFund& s);
  absl::Status Do(const ProposeFund& s);
  absl::Status Do(const DecideChange& s);
  absl::Status Do(const NeedTwoPersons& s);
  absl::Status Do(const ImportFiles& s);  // runner_files.cc
  absl::Status Do(const PutsCampaign& s);
  absl::Status Deliver(const ImportFiles& s, const std::vector<product_import::SourceFile>& files);
  absl::Status Do(const CheckQuota& s);
  absl::Status Do(const AdvancingBank& s);
  absl::Status Do(const CheckTakesAll& s);
  // runner_suitability.cc
  absl::Status Do(const PutSuitability& s);
  absl::Status Do(const AnswerQuestions& s);
  absl::Status Do(const SetFacts& s);
  absl::Status Do(const ConfirmText& s);
  absl::Status Do(const CheckEvidence& s);
  absl::Status Do(const CountEvidence& s);
  absl::Status Do(const SetWatch& s);
  absl::Status Do(const GiveProof& s);
  // runner_accounts.cc
  absl::Status Do(const AskForAccount& s);
  // runner_plans.cc
  absl::Status Do(const MakePlan& s);
  absl::Status Do(const SetPlan& s);
  absl::Status Do(const CheckPlan& s);
  absl::Status Do(const FindDebit& s);
  absl::StatusOr<uint64_t> PlanNumber(const std::string& name) const;
  absl::StatusOr<trade::v1::Plan> PlanNow(const std::string& name);
  absl::Status Do(const ChangeData& s);
  absl::Status Do(const CheckData& s);
  absl::Status Do(const CheckPerson& s);
  // runner_cards.cc
  absl::Status Do(const DoCard& s);
  absl::Status Do(const DecideCard& s);
  absl::Status Do(const TellBank& s);
  absl::Status Do(const CheckCardMoney& s);
  absl::Status Do(const CheckCard& s);
  absl::Status Do(const CheckCardChange& s);
  absl::Status Do(const DeclareTax& s);  // runner_tax.cc
  absl::Status Do(const CheckTax& s);
  absl::StatusOr<uint64_t> CardNumber(std::string_view who, std::string_view ending);
  absl::Status PlaceBatch(const PlaceOrder& s, const trade::v1::NewOrder& order);
  absl::Status Submitted(const absl::Status& status, const trade::v1::OrderOutcome& outcome,
                         const std::optional<Outcome>& expected);
  absl::StatusOr<uint64_t> OrderNumber(const OrderRef& ref) const;
  absl::StatusOr<uint64_t> InvestorNumber(std::string_view name) const;

  // --- runner_institutions.cc: institutions, their days and breaks
  // ---------------------------------------------------------
  absl::Status Do(const TaDoes& s);
  absl::Status Do(const TaAnswers& s);
  absl::Status Do(const TaCorrects& s);
  absl::Status Do(const TaRepeats& s);
  absl::Status Do(const PaysDividend&) { return absl::OkStatus(); }  // see TaConfigOf
  absl::Status Do(const CheckNote& s);
  absl::Status Do(const CloseDays& s);
  absl::Status Do(const CheckDay& s);
  absl::Status Do(const CheckBreak& s);
  absl::Status Do(const CountBreaks& s);
  absl::Status Do(const Propose& s);
  absl::Status Do(const Approve& s);
  absl::StatusOr<ta_sim::TaSim*> Ta(std::string_view code);
  absl::StatusOr<std::string> FaultText(const TaDoes& s);
  absl::StatusOr<std::string> ApplicationsOf(std::string_view ta, Date day, std::string_view code);
  absl::StatusOr<std::vector<clearing::v1::BusinessDay>> Days(std::string_view ta);
  absl::StatusOr<std::vector<clearing::v1::Break>> Breaks(bool all);
  // The institution answers for `day` if one of our days waits for it, with the deviations that were told.
  absl::Status Answer(std::string_view ta, Date day, bool asked);
  // Until none of the days that `day` answers moves by itself any more.
  absl::Status WaitForRest(std::string_view ta, Date day);
  absl::Status Night(Date day);
  absl::Status Judged(const absl::Status& status, const std::optional<Outcome>& expected, std::string_view what);

  // --- runner_checks.cc: books and files
  // -----------------------------------------------------------------------------------
  absl::Status Do(const CheckBooks& s);
  absl::Status Do(const CheckFile& s);
  absl::Status Do(const CheckFileCount& s);
  absl::Status Do(const Restart& s);
  absl::Status Do(const SetDown& s);
  absl::Status Do(const Passes& s);
  absl::StatusOr<std::string> BooksDiffer();
  absl::StatusOr<std::string> UnitsDiffer();

  // --- Helpers
  // -------------------------------------------------------------------------------------------------------------
  template <class Resp>
  absl::StatusOr<Resp> Ask(std::string_view method, const google::protobuf::Message& request, std::string_view caller) {
    Resp response;
    FC_RETURN_IF_ERROR(driver_->Call(method, request, &response, caller));
    return response;
  }
  // Asks until `check` gives "" (right) or a while has passed; what it said last ("expected …, found …") is the
  // failure.
  absl::Status Eventually(absl::FunctionRef<absl::StatusOr<std::string>()> check);
  Date Today() { return driver_->Now().date(); }

  const Script& script_;
  Driver* const driver_;
  Progress* const progress_;
  const RunOptions options_;
  std::map<std::string, std::unique_ptr<ta_sim::TaSim>, std::less<>> tas_;
  const Line* line_ = nullptr;  // under way
  int statement_ = 0;           // its statement under way
};

// Which caller the handlers see.
inline constexpr std::string_view kApp = "investor-app";
inline constexpr std::string_view kOperator = "operator";

// A failed expectation.
absl::Status Differs(std::string_view what, std::string_view expected, std::string_view found);

}  // namespace fundcore::dayrun
