// Recomputes a confirmation file from our own orders, prices, fee schedules and lots, and says what differs.
//
//   ConfirmationChecker checker(machine, ta);
//   for (const TradeLine& line : lines) checker.Check(line, nullptr, nullptr, &findings);   // in file order
//   checker.Finish(&findings);
//
// Reads the machine and changes nothing. Lines of one investor and fund see the lots as the lines before them leave them,
// so one checker takes all lines of a call. On the partition's executor, for the time of one task.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "services/account/machine.h"

namespace fundcore::account {

class ConfirmationChecker {
 public:
  ConfirmationChecker(AccountMachine& machine, const TaCode& ta) : machine_(machine), ta_(ta) {}

  // Adds a finding for each thing that differs; none for a line that follows from our books.
  // `converted`: of 136 to 138, what the line says of the fund that is entered.
  void Check(const TradeLine& line, const TradeDetail* detail, const ConvertedFigures* converted,
             std::vector<FindingEntry>* findings);
  // After the last line: conversions of which one side is there and the other is not.
  void Finish(std::vector<FindingEntry>* findings);

 private:
  // What the lines so far leave of an order.
  struct Rest {
    Money amount;
    Units units;
    bool in_part = false;
    bool consumed = false;
    Units came = Units();  // of units that were to come
    // Of a subscription that lines of this file have changed (162): the units that it is by then, where it is by units, and the
    // discount that the change has got of a campaign.
    bool changed = false;
    Units applied = Units();
    Discount discount = Discount();
  };
  // A conversion in the lines so far.
  struct Converting {
    TradeLine line;              // the latest of it
    bool out = false, in = false;
    std::optional<Money> net;    // what left, less the redemption fee, by our figures
  };
  struct Terms {
    const FundTerms* fund = nullptr;
    const FeeSchedule* fees = nullptr;
    Nav nav;                     // zero where we have none
    Date price_day;              // whose price it is; of a deferred rest the day that it has come to
  };

  // check_ta.cc: what the institution starts by itself, and what it says about units that an order asked for.
  void CheckUnsolicited(const TradeLine& line, const TradeDetail& detail);
  void CheckAdvance(const TradeLine& line, Units gone);
  void CheckMoved(const TradeLine& line, const Reservation& r, Rest& rest, const TradeDetail& detail);
  void CheckMovedIn(const TradeLine& line, const Reservation& r, Rest& rest, const TradeDetail& detail);
  void CheckNoted(const TradeLine& line, const Reservation& r, Rest& rest, const TradeDetail& detail);
  void CheckTaken(const TradeLine& line);
  void CheckIncomeUnits(const TradeLine& line, const TradeDetail& detail);
  void CheckForcedProceeds(const TradeLine& line, const Investor& investor);
  void CheckFrozen(const TradeLine& line);
  void CheckThawed(const TradeLine& line);
  void CheckHeldPaid(const TradeLine& line);
  HoldingNote& NoteOf(const TradeLine& line);
  void CheckPurchase(const TradeLine& line, const Reservation& r, Rest& rest);
  void CheckRedemption(const TradeLine& line, const Reservation& r, Rest& rest);
  // check_convert.cc
  void CheckConverted(const TradeLine& line, const ConvertedFigures& figures, const Reservation& r);
  // What leaves, by our figures; the lots are taken out of the holding. Nothing where it cannot be computed.
  std::optional<RedemptionSplit> SplitConverted(const TradeLine& line, const Reservation& r, Units units, bool report);
  void CheckEntered(const TradeLine& line, const ConvertedFigures& figures, const Reservation& r,
                    const RedemptionSplit& split, Units units, Nav nav, bool joint);
  void CheckConversionDay(const TradeLine& line, const Reservation& r, const FundTerms& a, const FundTerms* b);
  void CheckConfirmDay(const TradeLine& line, const Reservation& r, const FundTerms& fund);
  bool FindTerms(const TradeLine& line, const Reservation& r, const Rest& rest, Terms* terms);
  void CompareNav(const TradeLine& line, Nav nav);
  // check_offer.cc
  void CheckOfferByUnits(const TradeLine& line, Units applied, const Terms& terms, Discount discount);
  // check_adjust.cc
  void CheckAdjusted(const TradeLine& line, const Reservation& r, Rest& rest);
  void CheckAdjustedUnasked(const TradeLine& line, const Reservation& r, Rest& rest);
  void CheckOfferFailed(const TradeLine& line, const Rest& rest);
  void CheckEnded(const TradeLine& line);
  void CheckWithdrawn(const TradeLine& line, const Reservation& r, Rest& rest);
  // check_money.cc
  void CheckRefundedLater(const TradeLine& line, const Reservation& r);
  void CheckFurtherPayment(const TradeLine& line);
  void CheckVoidPayment(const TradeLine& line);
  // check_reservation.cc
  void CheckReceipt(const TradeLine& line, const Reservation& r, const Rest& rest, const TradeDetail* detail);
  void CheckReservationWithdrawn(const TradeLine& line, const Reservation& r, Rest& rest);
  void CheckRest(const TradeLine& line, const Reservation& r, const Rest& before);
  Rest& RestOf(OrderId order, const Reservation& r);
  // What a redemption pays or takes of a money fund's income that is not paid yet; 0 for other funds.
  Money IncomeIn(const TradeLine& line, Units held);
  Holding& HoldingOf(const TradeLine& line) { return HoldingOf(line.investor, line.fund); }
  Holding& HoldingOf(InvestorId investor, const FundCode& fund);
  void Find(const TradeLine& line, std::string_view rule, std::string_view field, std::string expected,
            std::string found);
  template <class D>
  void Compare(const TradeLine& line, std::string_view rule, std::string_view field, D expected, D found) {
    if (expected != found) Find(line, rule, field, expected.ToString(), found.ToString());
  }

  AccountMachine& machine_;
  const TaCode ta_;
  std::vector<FindingEntry>* findings_ = nullptr;
  // Looked up, never iterated: their order cannot show.
  absl::flat_hash_map<uint64_t, Rest> rests_;
  std::map<uint64_t, Converting> converting_;  // by order
  std::map<uint64_t, Money> refunded_;         // by 140 in the lines so far, by order
  absl::flat_hash_map<std::pair<uint64_t, FundCode>, Holding> holdings_;
  absl::flat_hash_map<std::pair<uint64_t, FundCode>, HoldingNote> notes_;
  absl::flat_hash_map<std::pair<uint64_t, FundCode>, Earnings> incomes_;
};

}  // namespace fundcore::account
