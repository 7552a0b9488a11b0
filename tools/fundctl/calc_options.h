// The options of one calculation of `fundctl calc`: which there are, what was given, and the forms in which lots, fee
// tables and days are written on a command line.
//
//   FC_ASSIGN_OR_RETURN(const Options o, Options::Read(args, {{"amount"}, {"inside", Options::kFlag}}));
//   FC_ASSIGN_OR_RETURN(const Money amount, o.Get<Money>("amount"));
//
// Values, no input or output. Every error names option and value and says how it is to be written.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/fund/money_fund.h"
#include "common/fund/purchase.h"
#include "common/fund/redemption.h"

namespace fundcore::fundctl {

inline absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

class Options {
 public:
  enum Kind { kOne, kFlag, kMany };
  struct Known {
    std::string_view name;      // without the dashes
    Kind kind = kOne;           // takes a value, takes none, or may be given more than once
  };

  static absl::StatusOr<Options> Read(std::span<const std::string> args, const std::vector<Known>& known);

  // What is typed here is checked against bounds far above any real figure, so that no product of two can overflow.
  static constexpr int64_t kMostYuanOrUnits = 10'000'000'000'000;
  static bool InBounds(Money v) { return !v.is_negative() && v <= Money::Whole(kMostYuanOrUnits); }
  static bool InBounds(Units v) { return !v.is_negative() && v <= Units::Whole(kMostYuanOrUnits); }
  static bool InBounds(Nav v) { return v <= Nav::Whole(1'000'000) && v >= -Nav::Whole(1'000'000); }
  static bool InBounds(Rate v) { return v <= Rate::Whole(100) && v >= -Rate::Whole(100); }
  static bool InBounds(IncomeRest v) { return v <= IncomeRest::Whole(1) && v >= -IncomeRest::Whole(1); }
  static bool InBounds(Date) { return true; }

  bool Has(const std::string& name) const { return given_.contains(name); }

  // Every value of a repeatable option.
  std::vector<std::string> All(const std::string& name) const {
    const auto it = given_.find(name);
    return it == given_.end() ? std::vector<std::string>() : it->second;
  }

  // A value in text, parsed by T::Parse and within the bounds; the error names the option.
  template <class T>
  static absl::StatusOr<T> Parse(const std::string& name, std::string_view text) {
    auto value = T::Parse(text);
    if (!value.ok()) return Wrong(StrCat("--", name, ": ", value.status().message()));
    if (!InBounds(*value)) return Wrong(StrCat("--", name, " ", text, " is out of all proportion; check it"));
    return value;
  }

  // Missing is an error.
  template <class T>
  absl::StatusOr<T> Get(const std::string& name) const {
    const auto it = given_.find(name);
    if (it == given_.end()) return Wrong(StrCat("option --", name, " is missing"));
    return Parse<T>(name, it->second.front());
  }
  // The same, with a default where it is missing.
  template <class T>
  absl::StatusOr<T> Get(const std::string& name, T missing) const {
    return Has(name) ? Get<T>(name) : absl::StatusOr<T>(missing);
  }
  // A whole number between two others.
  absl::StatusOr<int32_t> Number(const std::string& name, int32_t missing, int32_t least, int32_t most) const;
  // Text as it is; "" where it is missing.
  std::string Text(const std::string& name) const { return Has(name) ? given_.at(name).front() : std::string(); }
  // One word out of several; the first is the default.
  absl::StatusOr<std::string> Word(const std::string& name, std::vector<std::string> words) const;

 private:
  std::map<std::string, std::vector<std::string>> given_;
};

std::vector<std::string> Split(std::string_view text, char at);
// "12"; false where it is not a number from 0 to `most`.
bool ReadNumber(std::string_view text, int64_t most, int64_t* number);

// --rounding for all quantities, --round-fee, --round-net, --round-units, --round-value for one; --whole-units.
absl::StatusOr<RoundingRules> ReadRounding(const Options& o);
std::vector<Options::Known> WithRounding(std::vector<Options::Known> options);
inline constexpr std::string_view kRoundingUsage =
    "[--rounding half-up|truncate|up] [--round-fee …] [--round-net …] [--round-units …] [--round-value …]";

// --least-fee, --most-fee.
absl::StatusOr<FeeBounds> ReadBounds(const Options& o);

// A fee given as --RATE or --FIXED. `required`: one of them must be there; else none is no fee.
absl::StatusOr<PurchaseFee> ReadFee(const Options& o, const std::string& rate, const std::string& fixed, bool required);
// --fees "0-999999.99:1.2%,1000000-:=1000.00": first amount, last (none = no limit), rate or = and a fixed sum.
absl::StatusOr<std::vector<PurchaseTier>> ReadPurchaseTiers(const Options& o, const std::string& name);
// --tiers "0-6:1.5%:100%,7-29:0.75%,730-:0": first day, last (none = no limit), rate, the fund's share (none = `share`).
absl::StatusOr<std::vector<RedemptionTier>> ReadRedemptionTiers(const Options& o, const std::string& name, Rate share);
// --lot 2000@2025-01-01 or 2000@2025-01-01@1.0500, with the price paid.
absl::StatusOr<std::vector<Lot>> ReadLots(const Options& o);
absl::Status CheckShareOfAll(const std::string& option, Rate value);
// individual, institution, product.
absl::StatusOr<InvestorType> ReadInvestor(const Options& o);
absl::StatusOr<InvestorType> ParseInvestor(std::string_view word);

// What is redeemed: lots, tiers, units and the day; or one lot of whatever age at one rate.
struct Redemption {
  std::vector<Lot> lots;
  std::vector<RedemptionTier> tiers;
  Date confirm;
  Units units;
};
absl::StatusOr<Redemption> ReadRedemption(const Options& o, const std::string& rate_option);

}  // namespace fundcore::fundctl
