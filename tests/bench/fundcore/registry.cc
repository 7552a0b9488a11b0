// ta_sim with the terms of the load market.
#include "tests/bench/fundcore/registry.h"

#include <filesystem>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/files/disk.h"
#include "tools/ta_sim/register.h"
#include "tools/ta_sim/ta_sim.h"

namespace fundcore::bench {

absl::Status AnswerAsRegistry(const std::string& exchange, const std::string& state, const testing::Market& market, Date confirm_day) {
  using namespace ta_sim;
  TaConfig config;
  config.ta = TaCode("11");
  config.distributor = DistributorCode("301");
  for (const std::string& code : market.funds) {
    ta_sim::FundTerms fund;
    fund.code = FundCode(code);
    fund.name = "Load Fund";
    ta_sim::PurchaseTier purchase;
    purchase.rate = *ParseRate("1.2%");
    fund.purchase_tiers = {purchase};
    ta_sim::RedemptionTier young, old;
    young.rate = *ParseRate("1.5%");
    young.fund_share = *ParseRate("100%");
    old.from_days = 7;
    old.rate = *ParseRate("0.5%");
    fund.redemption_tiers = {young, old};
    fund.nav_rule = NavRule{Date::FromRaw(20250303), *Price::Parse("1.2345"), *Price::Parse("0.0010")};
    config.funds.push_back(fund);
  }
  FC_ASSIGN_OR_RETURN(auto files, DiskFiles::Open(exchange));
  std::filesystem::create_directories(state);
  FC_ASSIGN_OR_RETURN(auto store, DiskTaStore::Open(state));
  TaSim agent(config, files.get(), store.get());
  FC_ASSIGN_OR_RETURN(AnswerReport report, agent.Answer(confirm_day));
  if (report.refused > 0) return absl::InternalError(StrCat(report.refused, " lines were refused"));
  return absl::OkStatus();
}

}  // namespace fundcore::bench
