// Between product's API messages and its own types, with the shape checks: every refusal names field, value and limit.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include <optional>

#include "fundcore/product/v1/product.pb.h"
#include "services/product/commands.h"

namespace fundcore::product {

absl::StatusOr<TradingCalendar> FromProto(const v1::Calendar& m);
absl::StatusOr<InstitutionTerms> FromProto(const v1::Institution& m);
absl::StatusOr<FundTerms> FromProto(const v1::Fund& m);
absl::StatusOr<FundConversions> FromProto(const v1::FundConversions& m);
// The rules of a fund; an empty one where the message has none.
absl::StatusOr<FundRules> RulesFromProto(const v1::Fund& m);
void ToProto(const FundRules& t, v1::FundRules* m);
// How the fund redeems at once; nothing where the message does not say.
absl::StatusOr<std::optional<FastRedemptionTerms>> FastFromProto(const v1::Fund& m);
void ToProto(const FastRedemptionTerms& t, v1::FastRedemption* m);
// The whole command that new terms of a fund become.
absl::StatusOr<PutFund> PutFundFrom(const v1::Fund& m, int64_t effective_at_us, Duration lead);
absl::StatusOr<NavEntry> FromProto(const v1::NavRecord& m);
// How a money fund's income is worked out; nothing where the message says nothing of it.
absl::StatusOr<std::optional<IncomeTerms>> IncomeFromProto(const v1::Fund& m);
void ToProto(const IncomeTerms& t, v1::IncomeTerms* m);
void ToProto(const InstitutionTerms& t, v1::Institution* m);
void ToProto(const FundTerms& t, v1::Fund* m);
void ToProto(const NavFact& t, v1::NavRecord* m);
void ToProto(const FundConversions& t, v1::FundConversions* m);

// What the law would have otherwise: for the product operator to read, never a refusal. Source: CSRC rules on fund sales
// fees, in force since 2026-01-01.
std::vector<std::string> LegalWarnings(const FundTerms& terms);

}  // namespace fundcore::product
