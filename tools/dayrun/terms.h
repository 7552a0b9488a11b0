// What a script gives, as the messages that tell it to the system and as the configuration of the stand-in
// institutions. The two sides of a settlement are told the same terms, and compute with them apart from each other.
#pragma once

#include <optional>
#include <string>

#include "fundcore/product/v1/product.pb.h"
#include "tools/dayrun/script.h"
#include "tools/ta_sim/config.h"

namespace fundcore::dayrun {

product::v1::Calendar CalendarMessage(const GivenCalendar& calendar);
product::v1::Institution InstitutionMessage(const GivenTa& ta);
product::v1::Fund FundMessage(const GivenFund& fund);

// ConvertStatus of the fund: what the script says, else by whether the script has a conversion with it.
char ConvertStatusOf(const Script& script, const GivenFund& fund);
// Nothing where the script has no conversion with the fund.
std::optional<product::v1::FundConversions> ConversionsMessage(const Script& script, const GivenFund& fund);

// Made-up people: the same script and name give the same certificate and card, every time and everywhere.
std::string CertificateOf(const Script& script,
                          const GivenInvestor& investor);                 // 18 digits, with the right check digit
std::string CardOf(const Script& script, const GivenInvestor& investor);  // 19 digits with the given ending
std::string CardOf(const Script& script, const GivenInvestor& investor, std::string_view ending);

// Everything that the institution knows: its funds, their prices for the days of the script, people it knew before.
ta_sim::TaConfig TaConfigOf(const Script& script, const GivenTa& ta);

}  // namespace fundcore::dayrun
