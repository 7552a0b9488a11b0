// Reading one statement of a day. Internal to the script reader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/dayrun/script.h"
#include "tools/dayrun/words.h"

namespace fundcore::dayrun {

// What stands before "->" and, where there is one, what stands after it. Names of funds, institutions and investors are
// checked against what the script gives.
absl::StatusOr<Statement> ParseStatement(const Script& script, std::string_view before, std::string_view after,
                                         bool has_outcome);

// statements_offer.cc. Behind "offer" of a fund; "in the offer" of a subscription; what an institution does.
absl::StatusOr<GivenFund::Offer> ReadOffer(Words& w);
bool IsOfferVerb(std::string_view word);
absl::StatusOr<TaDoes> ReadOfferDeed(const Script& script, std::string ta, Words& w);
// `… writes FIELD TEXT|account of NAME|number of ORDER|nothing for ORDER`, from FIELD on.
absl::StatusOr<TaDoes> ReadWritesField(const Script& script, std::string ta, Words& w);
// Behind "NAME adjusts".
absl::StatusOr<PlaceOrder> ReadAdjustment(std::string who, Words& w);

// statements_accounts.cc. What stands behind the investor's name, but not what must come of it.
bool IsAccountVerb(std::string_view word);
absl::StatusOr<AskForAccount> ReadAskForAccount(const Script& script, std::string who, Words& w);
// statements_people.cc
bool IsPersonVerb(const Words& w);
absl::StatusOr<Statement> ReadPerson(const Script& script, std::string who, Words& w, std::optional<Outcome> outcome);
// Behind "ta CODE by itself changes|moves"; not set: another verb comes.
absl::StatusOr<std::optional<TaDoes>> ReadOwnChange(const Script& script, std::string_view ta, Words& w);
absl::StatusOr<std::string> ReadAccountState(Words& w);
// statements_cards.cc. Behind the investor's name; lines of operators about changes of cards; and what the bank does.
bool IsCardVerb(const Words& w);
absl::StatusOr<Statement> ReadCardVerb(std::string who, Words& w, std::optional<Outcome> outcome);
bool IsCardLine(const Words& w);
absl::StatusOr<Statement> ReadCardLine(const Script& script, Words& w, std::optional<Outcome> outcome);
// statements_tax.cc. Behind the investor's name; and "ta CODE tax …" from its code on.
bool IsTaxVerb(const Words& w);
absl::StatusOr<Statement> ReadTaxVerb(const Script& script, std::string who, Words& w, std::optional<Outcome> outcome);
absl::StatusOr<TaDoes> ReadTaxDeed(const Script& script, Words& w);
// "card 4321", its digits.
absl::StatusOr<std::string> ReadCard(Words& w);
// statements_plans.cc. Behind the investor's name, and lines that begin with "plan" or "debit".
bool IsPlanVerb(std::string_view word, std::string_view next);
absl::StatusOr<Statement> ReadPlanVerb(const Script& script, std::string who, Words& w, std::optional<Outcome> outcome);
absl::StatusOr<Statement> ReadPlanLine(Words& w, std::optional<Outcome> outcome);
// Behind "ta CODE by itself".
absl::StatusOr<TaDoes> ReadOwnAccount(const Script& script, std::string ta, Words& w);

// statements_money.cc. Behind "NAME earned", and behind "ta CODE reports|books income".
absl::StatusOr<CheckIncome> ReadCheckIncome(const Script& script, std::string who, Words& w);
absl::StatusOr<TaDoes> ReadOtherIncome(const Script& script, std::string ta, bool books, Words& w);
// "bank credits interest …", "PERSON records interest …", "interest …", and behind "NAME got interest".
absl::StatusOr<Statement> ReadInterest(Words& w);
// Behind "records".
absl::StatusOr<CheckInKind> ReadCheckInKind(const Script& script, Words& w);
absl::StatusOr<CheckCredited> ReadCheckCredited(std::string who, Words& w);
// statements_convert.cc. What stands behind "converts-to", "convert-status" or "carries-age" of a fund.
absl::Status ReadConversionWords(std::string_view what, GivenFund& fund, Words& w);
// Behind an order: "took 100.00 units of 2025-03-04 held 7 days at 0.75% fee 0.98", "took 2 lots", "gave …".
bool IsLotVerb(std::string_view word);
absl::StatusOr<CheckLot> ReadCheckLot(OrderRef order, Words& w);
// statements_products.cc. One of a fund's rules, by its word; false where the word is none of them.
inline constexpr std::string_view kRuleWords[] = {"minimum-holding",      "day-limit",     "person-limit", "maximum-redemption",
                                                  "redemption-day-limit", "holding-limit", "closed-from",  "held",
                                                  "first-redemption",     "breach-fee",    "quota",        "pension-class",
                                                  "recorded-sales",       "at-once-by"};
absl::StatusOr<bool> ReadRule(std::string_view word, GivenFund& g, Words& w);
// Words of a fund, as behind "given fund CODE"; script.cc.
absl::Status ReadFundWords(const CalendarSet& calendars, GivenFund& g, Words& w);
// Behind "fund CODE".
absl::StatusOr<Statement> ReadFundLine(const Script& script, Words& w);
// Behind "bank": "CODE may advance AMOUNT", "CODE has AMOUNT out".
absl::StatusOr<Statement> ReadBankLine(Words& w);
// statements_files.cc. "PERSON imports|applies ta TA [damaged] C5 "RECORD" … C6 "RECORD" …".
absl::StatusOr<Statement> ReadImport(const Script& script, Words& w);
// "ta TA delivers [damaged] C5 …".
absl::StatusOr<Statement> ReadDelivery(const Script& script, Words& w);
// "PERSON proposes fund …", "PERSON approves|rejects change", "PERSON requires|releases two people".
absl::StatusOr<Statement> ReadFourEyes(const Script& script, Words& w);
// "PERSON starts|proposes|ends|withdraws campaign …".
absl::StatusOr<Statement> ReadCampaign(const Script& script, Words& w);
// "that order takes all …", from its first word on.
absl::StatusOr<Statement> ReadTakesAll(OrderRef order, Words& w);

// statements_suitability.cc. Behind the name of an investor, "policy" and "evidence".
bool IsSuitabilityVerb(std::string_view word);
absl::StatusOr<Statement> ReadSuitability(const Script& script, std::string who, Words& w);
absl::StatusOr<Statement> ReadPolicy(Words& w);
absl::StatusOr<Statement> ReadEvidence(OrderRef order, Words& w);

// True for what an investor may be called: small letters, and no word that begins a line of another kind.
bool MayBeName(std::string_view word);

}  // namespace fundcore::dayrun
