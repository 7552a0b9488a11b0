// AccountMachine: whose cash and units are whose, and what of them is promised to an order.
//
// A pure state machine: the partition's player calls Execute, one command after the other, on one thread. It reads
// nothing but the command and its tables; time is the context's, stamped when the command was appended. The same
// commands give the same state, byte for byte. Commands by family: machine.cc (investors, reservations, payments),
// applications.cc (fund accounts and links), standing.cc (what becomes of a fund account), posting.cc (confirmations, dividends, settlement).
//
//   machine::Partition<AccountMachine> partition(store, id, executor, owner);
//   partition.Submit(Reserve{…}, [](const Result& r) { … });
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/machine/partition.h"
#include "common/machine/state.h"
#include "common/product/book.h"
#include "services/account/commands.h"
#include "services/account/income.h"
#include "services/account/ledger.h"
#include "services/account/settlement_interest.h"
#include "services/account/state.h"

namespace fundcore::account {

// An order that lost its reservation because the fund account it needed was refused.
struct HungOrder {
  OrderId order;
  InvestorId investor;
  ReturnCode return_code;
  std::string detail;
};

// What applying lines of a file gave.
struct Applied {
  uint64_t next_index = 0;
  std::vector<FindingEntry> findings;
  std::vector<HungOrder> hung;
};

// What the caller of a command learns. Which fields are filled depends on the command; the reason always is.
struct Result {
  Reason reason = Reason::kNone;
  bool repeated = false;                // answered from what was there
  bool more = false;                    // Seal, Settle: the same command has to be given again
  TaAccountId ta_account;               // Reserve
  uint64_t number = 0;                  // sequence of the investor, card or payment
  InvestorId investor;                  // OpenInvestor, where they are of another partition
  Money amount;                         // Settle
  Units units;                          // Reserve: more than was asked for, since less may not stay
  std::unique_ptr<Applied> applied;     // the Apply commands
};

class AccountMachine {
 public:
  using Result = account::Result;
  using Commands = machine::CommandList<Reserve, Release, AbsorbFacts, OpenInvestor, AddCard, Pay, PaymentAnswered,
                                        SealApplications, ApplyAccountLines, ApplyTradeLines, ApplyDividendLines, Settle,
                                        LinkTradingAccount, OpenFundAccount, RequestAccount, ApplyAccountAnswers,
                                        OpenFundAccountAgain, ChangeInvestor, ClaimCertificate,
                                        AppendIncomeDays, AdoptIncome, ReceiveInterest, WeighInterest, SpreadInterest,
                                        ChangeCard, CardAnswered, DecideCardChange, CloseCard, SetPayouts, DeclareTax>;

  AccountMachine(machine::State& state, PartitionId partition);

  Result Execute(const AbsorbFacts& c, const machine::Context& ctx);
  Result Execute(const OpenInvestor& c, const machine::Context& ctx);
  Result Execute(const AddCard& c, const machine::Context& ctx);
  Result Execute(const Reserve& c, const machine::Context& ctx);
  Result Execute(const Release& c, const machine::Context& ctx);
  Result Execute(const Pay& c, const machine::Context& ctx);
  Result Execute(const PaymentAnswered& c, const machine::Context& ctx);
  Result Execute(const SealApplications& c, const machine::Context& ctx);
  Result Execute(const ApplyAccountLines& c, const machine::Context& ctx);
  Result Execute(const ApplyTradeLines& c, const machine::Context& ctx);
  Result Execute(const ApplyDividendLines& c, const machine::Context& ctx);
  Result Execute(const Settle& c, const machine::Context& ctx);
  Result Execute(const LinkTradingAccount& c, const machine::Context& ctx);
  Result Execute(const OpenFundAccount& c, const machine::Context& ctx);
  Result Execute(const RequestAccount& c, const machine::Context& ctx);
  Result Execute(const ApplyAccountAnswers& c, const machine::Context& ctx);
  Result Execute(const OpenFundAccountAgain& c, const machine::Context& ctx);
  Result Execute(const ChangeInvestor& c, const machine::Context& ctx);
  Result Execute(const ClaimCertificate& c, const machine::Context& ctx);
  Result Execute(const AppendIncomeDays& c, const machine::Context& ctx);
  Result Execute(const AdoptIncome& c, const machine::Context& ctx);
  Result Execute(const ReceiveInterest& c, const machine::Context& ctx);
  Result Execute(const WeighInterest& c, const machine::Context& ctx);
  Result Execute(const SpreadInterest& c, const machine::Context& ctx);
  Result Execute(const ChangeCard& c, const machine::Context& ctx);
  Result Execute(const CardAnswered& c, const machine::Context& ctx);
  Result Execute(const DecideCardChange& c, const machine::Context& ctx);
  Result Execute(const CloseCard& c, const machine::Context& ctx);
  Result Execute(const SetPayouts& c, const machine::Context& ctx);
  Result Execute(const DeclareTax& c, const machine::Context& ctx);

  // For reading, on the partition's executor. nullptr where there is none; valid until the next command.
  ProductBook& products() { return products_; }
  Ledger& ledger() { return ledger_; }
  IncomeBook& income() { return income_; }
  // Whether a fund of this institution still owes the investor income, or the investor the fund a loss.
  bool IncomeLeft(uint64_t investor, const TaCode& ta);
  // What a holder will have of a money fund's income once all that product knows of days before `before` is in.
  Earnings IncomeBefore(uint64_t investor, const FundCode& fund, Units units, Date before);
  machine::Todo<uint64_t>& payment_todo() { return payment_todo_; }
  machine::Todo<uint64_t>& card_todo() { return card_todo_; }
  // tax.cc. 0: nothing was ever declared; nullptr where there is none, or the institution was never told.
  uint64_t TaxNumber(uint64_t investor) {
    const uint64_t* number = tax_numbers_.Find(investor);
    return number ? *number : 0;
  }
  const TaxVersion* FindTaxVersion(uint64_t investor, uint64_t version) { return tax_versions_.Find({investor, version}); }
  const TaxStanding* FindTaxStanding(uint64_t investor, const TaCode& ta) { return tax_standings_.Find({investor, ta}); }
  // cards.cc. nullptr where there is none, by the investor's sequence.
  const CardRecord* FindCard(uint64_t investor, CardId card);
  const CardBook* FindCardBook(uint64_t investor) { return card_books_.Find(investor); }
  const CardChange* FindCardChange(uint64_t change) { return card_changes_.Find(change); }
  void ForEachCardBook(absl::FunctionRef<void(uint64_t investor, const CardBook&)> visit) {
    card_books_.ScanAll([&](const uint64_t& investor, const CardBook& b) { return visit(investor, b), true; });
  }
  const PaymentNote* FindPaymentNote(uint64_t payment) { return payment_notes_.Find(payment); }
  uint64_t card_changes() { return card_sequence_.Get(); }
  // The card that money goes out to; not set: none.
  CardId PayoutCard(uint64_t investor);
  CardMark CardMarkOf(uint64_t investor, CardId card);
  // The card that an application tells of: the one that counted when it was sealed; not set: of none.
  CardId CardIn(uint64_t application, const Application& a);
  const Investor* FindInvestor(InvestorId id);
  const Person* FindPerson(InvestorId id);
  const Reservation* FindReservation(OrderId id);
  // Unset where the account is linked to nobody. Only in the link's partition.
  InvestorId FindLinked(const LinkKey& account) {
    const uint64_t* seen = links_.Find(account);
    return seen ? InvestorId(*seen) : InvestorId();
  }
  // nullptr where the order is no conversion that was reserved.
  const Conversion* FindConversion(OrderId id) {
    return PartitionOf(id) == partition_ ? conversions_.Find(SequenceOf(id)) : nullptr;
  }
  void ForEachConversion(absl::FunctionRef<void(const Conversion&)> visit) {
    conversions_.ScanAll([&](const uint64_t&, const Conversion& k) { return visit(k), true; });
  }
  // nullptr where nothing was taken, or that was not kept yet when it was.
  const LotUse* FindLotUse(OrderId id) { return PartitionOf(id) == partition_ ? lot_uses_.Find(SequenceOf(id)) : nullptr; }
  // nullptr where no bank advances anything for the order.
  const Advance* FindAdvance(OrderId id) { return PartitionOf(id) == partition_ ? advances_.Find(SequenceOf(id)) : nullptr; }
  void ForEachAdvance(absl::FunctionRef<void(const Advance&)> visit) {
    advances_.ScanAll([&](const uint64_t&, const Advance& a) { return visit(a), true; });
  }
  const Payment* FindPayment(uint64_t seq) { return payments_.Find(seq); }
  const Application* FindApplication(uint64_t seq) { return applications_.Find(seq); }
  // nullptr where the investor's data never changed; where the institution was never told of a change.
  const PersonData* FindPersonData(uint64_t investor) { return person_data_.Find(investor); }
  const DataStanding* FindDataStanding(uint64_t investor, const TaCode& ta) { return data_standings_.Find({investor, ta}); }
  // The investor's data as an application says them: those that counted when it was sealed.
  PersonVersion PersonIn(uint64_t application, const Application& a);
  // nullptr where nothing but opening has happened to the account.
  const Standing* FindStanding(uint64_t investor, const TaCode& ta) { return standings_.Find({investor, ta}); }
  const Seal* FindSeal(const SealKey& key) { return seals_.Find(key); }
  const SealedPage* FindSealedPage(const SealedPageKey& key) { return sealed_pages_.Find(key); }
  // Runs of interest on settlement money; the shares of one in the order of investors.
  const InterestRun* FindInterestRun(uint64_t run) { return interest_runs_.Find(run); }
  void ForEachInterestRun(absl::FunctionRef<void(uint64_t, const InterestRun&)> visit) {
    interest_runs_.ScanAll([&](const uint64_t& run, const InterestRun& r) { return visit(run, r), true; });
  }
  void ForEachInterestShare(uint64_t run, absl::FunctionRef<void(const InterestShare&)> visit) {
    interest_shares_.ScanPrefix(run, [&](const InterestShareKey&, const InterestShare& s) { return visit(s), true; });
  }
  const Settlement* FindSettlement(const SettlementKey& key) { return settlements_.Find(key); }
  void ForEachSettlement(const TaCode& ta, Date confirm_day,
                         absl::FunctionRef<void(const SettlementKey&, const Settlement&)> visit);
  // Everything ever settled or to be settled; for recomputing the house's legs.
  void ForEachSettlement(absl::FunctionRef<void(const SettlementKey&, const Settlement&)> visit);
  // The figures' hash under which (ta, confirmation day, TASerialNO) was posted; nothing where it was not.
  // Which lots of the fund leave first, by its terms at that moment.
  LotOrder LotOrderOf(const FundCode& fund, TimePoint at);
  std::optional<uint64_t> FindPosted(const TaCode& ta, const TradeLine& line);
  // nullptr where there is nothing to note.
  const HoldingNote* FindNote(InvestorId id, const FundCode& fund) {
    return PartitionOf(id) == partition_ ? notes_.Find({SequenceOf(id), fund}) : nullptr;
  }
  // What was registered at the end of `day`, by the books: what it is now, less what was confirmed on later days.
  absl::StatusOr<Units> UnitsOnDay(InvestorId id, const TaCode& ta, const FundCode& fund, Date day);
  // The same in two steps, for many investors: from where on the ledger is of later days (0: nowhere), and what was held before.
  uint64_t LedgerAfter(const TaCode& ta, Date day);
  // What was paid for an order, less what came back after its result.
  absl::StatusOr<Money> PaidFor(InvestorId id, OrderId order);
  absl::StatusOr<Units> UnitsBefore(InvestorId id, const FundCode& fund, uint64_t position);
  static uint64_t FiguresHash(const TradeLine& line);
  uint64_t investors() { return sequences_.Get().investors; }
  PartitionId partition() const { return partition_; }

 private:
  Investor* MutableInvestor(InvestorId id);
  // The answer to a reservation that is there.
  Result AnswerOf(const Reservation& seen, const Reserve& c);
  // What the fund's rules make of an order for or against a holding; `units` becomes what has to be set aside.
  static Reason CheckHolding(const Reserve& c, const Holding* holding, Units* units);
  Reason TryReserve(const Reserve& c, const machine::Context& ctx, Reservation& r);
  // Of a conversion, beside what holds for a redemption.
  Reason CheckConversion(const Reserve& c, const Investor& investor, const Holding& holding);
  // One line of a file being posted; see posting.cc.
  struct Line;
  // posting_adjust.cc: changes of a subscription (062, 162). What of a change has to be set aside; a reason where there is nothing
  // to change.
  Reason CheckAdjustment(const Reserve& c, Money* needed);
  void PostAdjusted(Line& l);
  // advance.cc: fast redemptions (098).
  Reason CheckFast(const Reserve& c);
  void NoteFast(const Reserve& c);
  void ForgetFast(uint64_t order, const Reservation& r);
  // Asks the bank for what it advances, where that was not done, or refused, before.
  void PayAdvance(uint64_t order, const machine::Context& ctx);
  void AdvancePaid(const Payment& payment, const Posting& posting);
  // The institution has moved units for so much to the bank.
  void AnswerAdvance(Line& l, Money covered);
  // Once paid and answered: what is covered is repaid, and the rest is a matter for people.
  void SettleAdvance(const Advance& a, const TaCode& ta, const Posting& posting);
  // Gives back what is still set aside; the caller sets the state.
  void GiveBack(OrderId order, Reservation& r, Investor& investor, Cause cash_cause, const machine::Context& ctx);
  uint64_t Apply(uint64_t investor, const TaCode& ta, uint16_t business, const machine::Context& ctx);
  void ReleaseHung(FundAccount& account, Investor& investor, const machine::Context& ctx);
  // The application that a line answers: by its number, else the latest of its investor at this institution; 0 for none.
  uint64_t ApplicationOf(const TaCode& ta, const AccountLine& line);
  void ListHung(const TaCode& ta, const AccountLine& line, Applied& out);
  void ApplyAccountLine(const TaCode& ta, const AccountLine& line, const machine::Context& ctx);

  // tax.cc: sends the lines that the institution lacks, where the account can take them. `again`: also what it has refused.
  void TellTax(uint64_t investor, const FundAccount& account, bool again, const machine::Context& ctx);
  void TaxAnswered(Application& application, uint64_t seq, const AccountAnswer& line, const machine::Context& ctx,
                   std::vector<FindingEntry>& findings);
  // cards.cc
  CardBook& BookOf(uint64_t investor);
  bool PaymentUnderWay(uint64_t investor, CardId card);
  // kNone only where nothing is held, set aside, awaited or on its way, at any institution.
  Reason CheckNothingAtAll(uint64_t investor);
  uint64_t StartWithdrawal(uint64_t investor, const CardRecord& card, Money amount, const machine::Context& ctx);
  // What an institution has paid goes on to the card, where the investor wants that.
  void PayOn(uint64_t investor, Money amount, const machine::Context& ctx);
  // A withdrawal that the bank has refused goes to the card that has taken the place of its own.
  void FollowCard(uint64_t payment, const machine::Context& ctx);
  void CompleteCardChange(uint64_t change, const machine::Context& ctx);

  // standing.cc: what becomes of an account after it was opened.
  Reason CheckRequest(const RequestAccount& c, const Investor& investor, const FundAccount& account);
  // Orders, units and money that the investor still has at this institution.
  Reason CheckNothingLeft(InvestorId id, const Investor& investor, const TaCode& ta, TimePoint now);
  void ForgetWays(uint64_t investor, const TaCode& ta, TimePoint now);
  void ApplyAccountAnswer(const TaCode& ta, const AccountAnswer& line, const machine::Context& ctx,
                          const Hash256& certificate, std::vector<FindingEntry>& findings);
  void Answered(Application& application, uint64_t seq, const AccountAnswer& line, std::vector<FindingEntry>& findings);
  void DoneUnasked(const TaCode& ta, const AccountAnswer& line, const Hash256& certificate,
                   std::vector<FindingEntry>& findings);
  // Changes what the account is. `asked`: by an application of ours.
  void Turn(uint16_t business, Investor& investor, FundAccount& account, const AccountAnswer& line, bool asked,
            std::vector<FindingEntry>& findings);
  Standing& StandingOf(uint64_t investor, const FundAccount& account);
  // The account's state, as the standing makes it.
  static void Restate(const Standing& standing, FundAccount& account);

  // people.cc: the investor's data, and what institutions know of them.
  // Sends a 003 where the account can take it and the institution lacks it. `again`: also what it has refused already.
  void TellData(uint64_t investor, const FundAccount& account, bool again, const machine::Context& ctx);
  // The institution has taken the data that this application carried.
  void DataTold(uint64_t investor, const TaCode& ta, uint64_t application);
  void DataAnswered(Application& application, uint64_t seq, const AccountAnswer& line, std::vector<FindingEntry>& findings);
  void DataChangedUnasked(const FundAccount& account, const AccountAnswer& line, const Hash256& certificate,
                          std::vector<FindingEntry>& findings);
  bool CertificateExpired(InvestorId investor, Date day);
  // standing.cc: our trading account has another number at the institution, without our asking.
  void MovedUnasked(FundAccount* account, const AccountAnswer& line, std::vector<FindingEntry>& findings);

  // posting_income.cc: a money fund's income of a holder, up to now, before its units change; and what leaves with them.
  void EarnUpToNow(Investor* investor, uint64_t seq, const FundCode& fund, const Posting& posting);
  void PayIncomeOut(Investor* investor, uint64_t seq, const FundCode& fund, Units held, Units redeemed,
                    const Posting& posting);
  // Income became units or cash (06, 144), or units were cancelled for a loss (145): so much, by the institution's figure.
  void ConvertIncome(Investor* investor, uint64_t seq, const FundCode& fund, Money amount, const Posting& posting);
  // posting_interest.cc
  struct InterestPeriod;
  InterestPeriod PeriodOf(Date from, Date to);
  Date LeftTheBank(const LedgerEntry& line, uint64_t position, const InterestPeriod& p);
  __int128 FenDaysOf(uint64_t investor, const InterestPeriod& p);
  // What a line says beyond its figures, and how it is to be posted.
  struct LineWords {
    uint8_t rules = kFirstRules;
    const TradeDetail* detail = nullptr;
    const ConvertedFigures* converted = nullptr;
    bool explains = false;
    bool follows_rests = false;
    Date registered;              // since when the units of an offer's result count, where the line says so
  };
  void PostTrade(const TaCode& ta, const TradeLine& line, const LineWords& words, const machine::Context& ctx,
                 std::vector<FindingEntry>& findings);
  // posting_convert.cc: both sides of conversions, and which lots an order took.
  void PostConverted(Line& l);
  void ConvertOut(Line& l, Conversion& k);
  void ConvertIn(Line& l, Conversion& k, const FundCode& fund, Units units, Nav nav);
  // The lots in which converted units arrive: new ones, or of the age of those that they came from.
  std::vector<Lot> ArrivingLots(Line& l, const Conversion& k, const FundCode& fund, Units units, Nav nav);
  // Both sides are known: what did not enter goes back, what did not leave comes out of suspense.
  void SquareConversion(Line& l, Conversion& k);
  void KeepLotUse(Line& l, LotOrder order);
  // posting_rest.cc: 152.
  void PostWithdrawn(const TradeLine& line, Reservation* r, Investor* investor, const machine::Context& ctx,
                     std::vector<FindingEntry>& findings);
  void PostPurchase(Line& l, Date registered);
  void PostOfferFailed(Line& l);
  void PostRedemption(Line& l);
  void PostTaken(Line& l);
  // posting_ta.cc: what the institution starts by itself.
  void PostIncrease(Line& l);
  void PostDecrease(Line& l);
  // Freezes, transfers, ways of dividend …; false where it is none of them.
  bool PostInitiated(Line& l);
  void PostWay(Line& l);
  void PostFreeze(Line& l);
  void PostThaw(Line& l);
  void PostHeldDividend(Line& l);
  void PostMovedIn(Line& l);
  // posting_money.cc: what is said of an order's money after its result.
  void PostRefundedLater(Line& l);
  void PostFurtherPayment(Line& l);
  void PostVoidPayment(Line& l);
  void PostMovedOut(Line& l);
  void PostProceeds(Line& l, Cause cause, Money amount);
  void PostRefusal(Line& l);
  void PostPlan(Line& l);
  void PostDividend(const TaCode& ta, const DividendEntry& line, uint8_t rules, const DividendDetail* detail,
                    const machine::Context& ctx, std::vector<FindingEntry>& findings);
  void LearnTaAccount(Line& l);
  // `registered` not set: on the line's confirmation day.
  void AddUnits(Line& l, Units units, Nav bought_at, Cause cause, Date registered = {});
  Units RemoveUnits(Line& l, Holding& holding, Units units, Cause cause, LotOrder order, Date usable_on);
  // Free ones first, then those promised to redemptions, then those that the institution has frozen.
  Units RemoveAnyUnits(Line& l, Holding& holding, Units units, LotOrder order, Date usable_on);
  // What of the holding is frozen for redemptions.
  Units PromisedUnits(const Line& l, const Holding& holding);
  HoldingNote& NoteOf(const Line& l);
  // Moves units until as many are blocked as the note has frozen, or nothing free is left.
  void Block(HoldingNote& note, Holding& holding, uint64_t* last_line, const Posting& posting);
  void MarkDay(const TaCode& ta, Date confirm_day);
  void DropEmptyHolding(Line& l, const FundCode& fund);
  Date UsableFrom(const FundCode& fund, Date confirm_day, const machine::Context& ctx);
  Date NextDay(const FundCode& fund, Date confirm_day, const machine::Context& ctx);
  Settlement& SettlementOf(const Line& l);
  Posting PostingOf(const Line& l, bool with_reference = true) const;
  static machine::IdIndex::Key PostedKey(const TaCode& ta, Date confirm_day, const TaSerialNo& serial);

  // Runs `apply(line)` for the lines that are next, and drops those that were applied before.
  template <class L, class F>
  Result ApplyInOrder(FileKind kind, const Hash256& file, const std::string& name, uint64_t first_index,
                      const std::vector<L>& lines, F apply);

  const PartitionId partition_;
  machine::PagedTable<Investor> investors_;
  machine::PagedTable<Person> persons_;
  machine::Table<HashKey, uint64_t> directory_;        // certificate fingerprint → investor
  machine::PagedTable<Reservation> reservations_;
  machine::Table<uint64_t, Units> taken_whole_;  // redemptions that took all: by order, what they took
  machine::Cell<Sequences> sequences_;
  machine::PagedTable<Payment> payments_;
  machine::Todo<uint64_t> payment_todo_;
  machine::IdIndex payment_ids_;
  machine::PagedTable<Application> applications_;
  machine::Table<WaitingKey, bool> waiting_;
  machine::Table<SealKey, Seal> seals_;
  machine::Table<SealedPageKey, SealedPage> sealed_pages_;
  machine::Table<FileKey, FileProgress> files_;
  machine::IdIndex posted_;
  machine::Table<SettlementKey, Settlement> settlements_;
  machine::Table<PayeeKey, PayeeChunk> payees_;
  machine::Table<LinkKey, uint64_t> links_;
  machine::Table<NoteKey, HoldingNote> notes_;
  machine::Table<AppliedDayKey, AppliedDay> applied_days_;
  machine::IdIndex application_ids_;
  machine::Table<StandingKey, Standing> standings_;
  machine::Table<uint64_t, PersonData> person_data_;
  machine::Table<PersonVersionKey, PersonVersion> person_versions_;
  machine::Table<StandingKey, DataStanding> data_standings_;
  machine::Table<uint64_t, ApplicationNote> application_notes_;
  machine::Table<PersonVersionKey, TaxVersion> tax_versions_;
  machine::Table<uint64_t, uint64_t> tax_numbers_;     // the last version of each investor
  machine::Table<StandingKey, TaxStanding> tax_standings_;
  machine::Table<uint64_t, CardBook> card_books_;
  machine::PagedTable<CardChange> card_changes_;
  machine::Cell<uint64_t> card_sequence_;
  machine::Todo<uint64_t> card_todo_;
  machine::Table<PersonVersionKey, CardId> version_cards_;
  machine::Table<uint64_t, PaymentNote> payment_notes_;
  machine::Table<uint64_t, Conversion> conversions_;
  machine::Table<uint64_t, LotUse> lot_uses_;
  machine::Table<uint64_t, Advance> advances_;
  machine::Table<FastDayKey, Money> fast_days_;
  machine::Table<uint64_t, InterestRun> interest_runs_;
  machine::Table<InterestShareKey, InterestShare> interest_shares_;
  machine::Table<SettlementKey, PaidDays> paid_days_;
  Ledger ledger_;
  ProductBook products_;
  IncomeBook income_;
};

template <class L, class F>
Result AccountMachine::ApplyInOrder(FileKind kind, const Hash256& file, const std::string& name, uint64_t first_index,
                                    const std::vector<L>& lines, F apply) {
  const FileKey key{kind, HashKey::Of(file)};
  const FileProgress* seen = files_.Find(key);
  const uint64_t next = seen ? seen->next : 0;
  Result result;
  result.applied = std::make_unique<Applied>();
  result.applied->next_index = next;
  if (first_index > next) {
    result.reason = Reason::kGapInLines;
    return result;
  }
  const uint64_t end = first_index + lines.size();
  if (end > next) {
    FileProgress& progress = files_.Mutable(key);
    progress.name = name;
    for (size_t i = next - first_index; i < lines.size(); ++i) apply(lines[i], progress.findings);
    progress.next = result.applied->next_index = end;
  }
  result.repeated = next > first_index;
  if (const FileProgress* now = files_.Find(key); now && !now->findings.empty() && !lines.empty()) {
    // Lines stand in file order, and so do the findings: those of this call are the ones between its ends.
    for (const FindingEntry& f : now->findings)
      if (f.line >= lines.front().line && f.line <= lines.back().line) result.applied->findings.push_back(f);
  }
  return result;
}

// The investor's holding of a fund; nullptr where there is none.
template <class I>
auto* FindHolding(I& investor, const FundCode& fund) {
  for (auto& h : investor.holdings)
    if (h.fund == fund) return &h;
  return static_cast<decltype(&investor.holdings[0])>(nullptr);
}
template <class I>
auto* FindFundAccount(I& investor, const TaCode& ta) {
  for (auto& a : investor.fund_accounts)
    if (a.ta == ta) return &a;
  return static_cast<decltype(&investor.fund_accounts[0])>(nullptr);
}

// What a return code means for posting.
bool IsConfirmed(const ReturnCode& code);   // 0000 done, 0408 done by hand
bool IsInterimCode(const ReturnCode& code);  // 0007, 0209, 0410: neither done nor refused
inline bool IsRefusal(const ReturnCode& code) { return !IsConfirmed(code) && !IsInterimCode(code); }

}  // namespace fundcore::account
