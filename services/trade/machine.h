// Orders: who applied for what, and how far each order has come.
//
// A pure state machine. Execute is called by the partition's player, one command after the other, on one thread. It
// reads nothing but the command and its tables; time is ctx.now, and the moment of receipt is ctx.received. Replaying
// the same commands gives the same state, byte for byte.
//
//   machine::Host<TradeMachine> host(options);
//   host.Submit(p, Receive{caller, items}, [](const TradeMachine::Result& r) { r.received[0].order … });
//
// One file a family of commands: machine.cc receipt, decide.cc what account, risk and the investor say, day.cc closing,
// sealing and dispatching, confirm.cc what the transfer agent says, convert.cc conversions and their legs, rest.cc deferred
// rests of large redemptions, reservation.cc orders that an institution keeps, plan.cc orders that come again.
#pragma once

#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "common/machine/partition.h"
#include "common/machine/state.h"
#include "common/product/book.h"
#include "services/trade/commands.h"
#include "services/trade/reason.h"
#include "services/trade/state.h"

namespace fundcore::trade {

class TradeMachine {
 public:
  // What became of one item of a Receive.
  struct Received {
    Reason error = Reason::kNone;  // nothing was received
    bool repeated = false;
    uint64_t order = 0;  // sequence
    OrderState state = OrderState::kNone;
    ReasonSource source = ReasonSource::kTrade;
    uint32_t reason = 0;
    Date trade_day;
  };
  struct Claimed {
    bool conflict = false;  // the serial is bound to other content
    bool repeated = false;
  };
  struct Result {
    Reason reason = Reason::kNone;
    uint64_t number = 0;                 // ApplyConfirmations: the next index; MarkDispatched, Settle: orders so far
    bool more = false;                   // the same command again goes on
    bool repeated = false;               // MakePlan: this request id was seen before
    std::span<const Received> received;  // of a Receive, in its order; valid during the callback
    std::span<const Claimed> claimed;    // of a ClaimSerials, likewise
  };
  using Commands = machine::CommandList<AbsorbFacts, Receive, Review, Judge, Released, Cancel, AnswerChallenge,
                                        CloseDay, Seal, MarkDispatched, ApplyConfirmations, Settle, ClaimSerials,
                                        QuotaReleased, MakePlan, ChangePlan, PlanTick, SkipDebit>;

  TradeMachine(machine::State& state, PartitionId partition);

  Result Execute(const AbsorbFacts& c, const machine::Context& ctx);
  Result Execute(const Receive& c, const machine::Context& ctx);
  Result Execute(const Review& c, const machine::Context& ctx);
  Result Execute(const Judge& c, const machine::Context& ctx);
  Result Execute(const Released& c, const machine::Context& ctx);
  Result Execute(const Cancel& c, const machine::Context& ctx);
  Result Execute(const AnswerChallenge& c, const machine::Context& ctx);
  Result Execute(const CloseDay& c, const machine::Context& ctx);
  Result Execute(const Seal& c, const machine::Context& ctx);
  Result Execute(const MarkDispatched& c, const machine::Context& ctx);
  Result Execute(const ApplyConfirmations& c, const machine::Context& ctx);
  Result Execute(const Settle& c, const machine::Context& ctx);
  Result Execute(const ClaimSerials& c, const machine::Context& ctx);
  Result Execute(const MakePlan& c, const machine::Context& ctx);
  Result Execute(const ChangePlan& c, const machine::Context& ctx);
  Result Execute(const PlanTick& c, const machine::Context& ctx);
  Result Execute(const SkipDebit& c, const machine::Context& ctx);
  Result Execute(const QuotaReleased& c, const machine::Context& ctx);

  // --- Reading, on the partition's executor. Pointers are valid until the next command or write-back. ---
  ProductBook& products() { return products_; }
  PartitionId partition() const { return partition_; }
  OrderId IdOf(uint64_t order) const { return MakeOrderId(partition_, order); }
  const Order* FindOrder(uint64_t order) { return orders_.Find(order); }
  const Aftermath* FindAftermath(uint64_t order) { return aftermaths_.Find(order); }
  // nullptr where the order is no transfer of units.
  // nullptr where no campaign was better than the house's own discount.
  const OrderDeal* FindDeal(uint64_t order) { return deals_.Find(order); }
  const Move* FindMove(uint64_t order) { return moves_.Find(order); }
  // nullptr where the order is no conversion. Of a leg, too.
  const Conversion* FindConversion(uint64_t order) { return conversions_.Find(order); }
  // The number under which files know the order: a leg goes by that of its order.
  OrderId PublicId(uint64_t seq, const Order& o) {
    return IdOf(o.business == kConvertIn ? conversions_.Find(seq)->other : seq);
  }
  std::string_view FundName(NameNo fund) { return funds_.Text(fund); }
  std::string_view TaName(NameNo ta) { return tas_.Text(ta); }
  // nullptr where nothing of the order was ever deferred.
  const Rest* FindRest(uint64_t order) { return rests_.Find(order); }
  // nullptr where the institution does not keep it for a later day.
  const Reserved* FindReserved(uint64_t seq, const Order& o) {
    return IsReservation(o.business) ? reserved_.Find(seq) : nullptr;
  }
  // nullptr where nothing was given back after the result.
  const Refunded* FindRefunded(uint64_t seq, const Order& o) { return MovesCash(o.business) ? refunds_.Find(seq) : nullptr; }
  // The day whose price and rules the order gets: of a reservation the day that it is for.
  // An adjustment has the day of the subscription that it changes.
  Date PricedOn(uint64_t seq, const Order& o) {
    if (o.business == kAdjustSubscription) return PricedOnOriginal(seq, o);
    const Reserved* reserved = FindReserved(seq, o);
    return reserved ? reserved->day : o.trade_day;
  }
  // The trading day that answers name. Not set while an order that asks for another day has not been judged: only then is it known
  // whether the institution keeps it for that day, and a day that was told once must stay.
  Date ToldDay(uint64_t seq, const Order& o) {
    if (o.state != OrderState::kReceived || seq < waters_.Get().next_review) return o.trade_day;
    const Origin* origin = OriginOf(seq, o);
    const bool another = origin && origin->trade_day_wanted.is_set() && origin->trade_day_wanted != o.trade_day;
    return another ? Date() : o.trade_day;
  }
  // The order whose rest (052) or reservation (053) this one withdraws, or the subscription that it changes (062); 0 where it is
  // none of those.
  uint64_t OriginalOf(uint64_t order, const Order& o);
  // nullptr where the order is no change of a subscription; where it is none that was, or is to be, changed.
  const Adjustment* FindAdjustment(uint64_t order) { return adjustments_.Find(order); }
  const Adjusted* FindAdjusted(uint64_t order) { return adjusted_.Find(order); }
  // nullptr where the order came in no file and wants no trading day.
  const Origin* OriginOf(uint64_t seq, const Order& o) { return o.flags & kHasOrigin ? origins_.Find(seq) : nullptr; }
  std::string_view DistributorOf(const Origin& o) { return distributors_.Text(o.distributor); }
  // What a redemption asked for that account made larger; nullptr for all others.
  const Asked* FindAsked(uint64_t seq, const Order& o) { return IsRedemption(o.business) ? asked_.Find(seq) : nullptr; }
  // The sequence of the order that a request made; 0 where there is none. Orders from files belong to no caller.
  uint64_t FindByRequest(InvestorId investor, std::string_view request_id, const CallerId& caller, bool from_file);
  uint64_t LastOrderOf(InvestorId investor);
  const Day* FindDay(const TaCode& ta, Date day) { return days_.Find({day, ta}); }
  void ForEachDay(Date day, absl::FunctionRef<void(const TaCode&, const Day&)> visit);
  // Days from this one on, in order.
  void ForEachDayFrom(Date from, absl::FunctionRef<void(Date, const TaCode&, const Day&)> visit);
  const Waters& waters() { return waters_.Get(); }
  // Orders that wait for a second proof, until `visit` returns false.
  void ForEachChallenge(absl::FunctionRef<bool(uint64_t)> visit);
  const Transfer* FindTransfer(const TransferKey& key) { return transfers_.Find(key); }
  // The sealed orders of a page, in order of receipt.
  void ForEachSealed(const TransferKey& key, uint32_t page, absl::FunctionRef<void(uint64_t, const Order&)> visit);
  const Settlement* FindSettlement(const SettlementKey& key) { return settlements_.Find(key); }
  FundCode FundOf(const Order& o) { return FundCode(funds_.Text(o.fund)); }
  TaCode TaOf(const Order& o) { return TaCode(tas_.Text(o.ta)); }
  // The same as texts, valid as long as the machine.
  std::string_view FundCodeOf(const Order& o) { return funds_.Text(o.fund); }
  std::string_view TaCodeOf(const Order& o) { return tas_.Text(o.ta); }
  std::string_view CallerOf(const Order& o) { return callers_.Text(o.caller); }
  std::string_view FileName(NameNo file) { return files_named_.Text(file); }
  // UPPER_SNAKE, or the transfer agent's return code; "" where there is none.
  std::string ReasonNameOf(ReasonSource source, uint32_t reason);

  // --- Plans. ---
  const Plan* FindPlan(uint64_t plan) { return plans_.Find(plan); }
  // In the order in which they were made.
  std::vector<uint64_t> PlansOfInvestor(InvestorId investor);
  // The plan that made an order, or nullptr.
  const PlanLink* PlanOf(uint64_t seq, const Order& o) { return o.flags & kOfPlan ? plan_links_.Find(seq) : nullptr; }
  // When the next plan is due, unset where there is none. Once that has come: submit a PlanTick.
  TimePoint PlansDueAt();
  bool PlansDue(TimePoint now) {
    const TimePoint at = PlansDueAt();
    return at.raw() != 0 && at <= now;
  }
  // Plans whose debit is to be made an order of.
  machine::Todo<uint64_t>& debits() { return debits_; }
  uint8_t DebitBusiness(const Plan& p, TimePoint now);
  std::string DebitRequest(uint64_t plan, Date day) const;
  // What the investor's last orders for the fund are still to buy.
  Money OnItsWay(InvestorId investor, const FundCode& fund);

  // Whether an order waits for its product rules that may yet get a leg at a second institution, which nobody can name before.
  bool AwaitsLegs();

  // --- For the worker. ---
  // Moves out orders that account and risk have to be asked about: each once, after a restart all of them again.
  void TakeUndecided(size_t limit, std::vector<uint64_t>* orders);
  // The partition is another process's now: nothing is collected for a worker any more.
  void ForgetUndecided() {
    tracking_ = false;
    fresh_.clear();
    fresh_head_ = 0;
  }
  bool has_undecided() const { return !tracking_ || fresh_head_ < fresh_.size(); }
  // Those that TakeUndecided would look at, in order of receipt. Some may have been cancelled meanwhile.
  std::span<const uint64_t> undecided() const { return std::span(fresh_).subspan(fresh_head_); }
  // Orders wait for product rules that are known by now: submit a Review.
  bool review_due();
  machine::Todo<uint64_t>& releases() { return releases_; }
  // All buyers of the order's fund share a quota, as of the order's receipt; or a bank advances the order's money.
  bool NeedsQuota(const Order& o);
  // Account owes the investor the money that a bank advances, and has not yet said that it has paid: it is asked in the place
  // of a release.
  static bool IsAdvance(const Order& o) { return IsFast(o.business) && ComesToSomething(o.state); }
  machine::Todo<uint64_t>& quota_releases() { return quota_releases_; }
  // Of the last `most` orders of the same investor before this one: those that are over and whose release is still owed.
  std::vector<uint64_t> ReleasesBefore(const Order& order, size_t most);

  // --- For those who wait. ---
  // From now on the sequences of changed orders are collected in changes(); the reader empties it.
  void CollectChanges() { collecting_ = true; }
  std::vector<uint64_t>& changes() { return changes_; }

 private:
  // A trading day at an institution, looked up once a command.
  struct DayHandle {
    Date day;
    NameNo ta;
    Day* entry;
  };
  // What the receipts of one command have in common at an institution.
  struct InstitutionView {
    TaCode ta;
    NameNo number = 0;
    Reason problem = Reason::kNone;
    Date trade_day;
    const InstitutionTerms* terms = nullptr;
  };

  void Begin();
  // `origin` may be nullptr.
  Received ReceiveOne(const ReceiveItem& item, const ReceiveOrigin* origin, const ReceiveTarget* target,
                      const ReceivePlan* plan, const ReceiveMove* move, const ReceiveChange* change, const Receive& c,
                      const machine::Context& ctx, Waters& waters);
  static machine::IdIndex::Key RequestKey(InvestorId investor, std::string_view request_id, std::string_view caller,
                                          bool from_file);
  // A fund's trading day where the order wants another.
  Reason CheckWantedDay(uint64_t seq, Order& o, const FundTerms& fund);
  Received Repeat(const machine::IdIndex::Value& seen, uint64_t content);
  uint64_t ContentHash(const ReceiveItem& item, const ReceiveOrigin* origin, const ReceiveTarget* target,
                       const ReceiveMove* move, const ReceiveChange* change);
  // Gives the order its institution and trading day where its fund is known.
  Reason Place(uint64_t seq, Order& o, const FundTerms* fund);
  const InstitutionView& ViewOf(const TaCode& ta, TimePoint received, uint64_t seq);
  // Applies the product rules as of receipt: the order stays RECEIVED or is REJECTED. Counts nothing.
  void ApplyRules(uint64_t seq, Order& o, const FundCode& code, TimePoint now);
  bool BoughtBefore(const Order& o);

  // plan.cc
  // Whether fund and institution are open; `known` is false where a calendar does not say.
  bool OpenFor(const FundCode& code, Date day, TimePoint now, bool* known);
  Date RollForward(const FundCode& fund, Date day, TimePoint now);
  // What an institution's variant says that matters here.
  struct Habits {
    PlansAt plans = PlansAt::kNothing;
    bool keeps_reservations = false;
    bool sends_reservations = false;  // the institution keeps them
  };
  const Habits& HabitsOf(const TaCode& ta);
  PlansAt PlansOf(const FundCode& code, TimePoint now);
  Reason CheckPlanTerms(const FundCode& code, const PlanTerms& terms, TimePoint now);
  void PutDue(Plan& p, uint64_t seq, Date day);
  void NextDebit(Plan& p, uint64_t seq, TimePoint now);
  void EndPlan(Plan& p, uint64_t seq, ReasonSource source, Reason reason, TimePoint now);
  void EndPlan(Plan& p, uint64_t seq, ReasonSource source, uint32_t reason, TimePoint now);
  void TakeTerms(Plan& p, uint64_t seq, const PlanTerms& terms, TimePoint now);
  void FirePlan(uint64_t seq, Date day, TimePoint now);
  void TellInstitution(uint64_t seq, uint8_t business, const machine::Context& ctx);
  // At the end of each command in which a plan may have ended.
  void TellEnds(const machine::Context& ctx);
  // The plan learns what became of its order. Of any order, after each change that a plan may want to know of.
  void TellPlan(uint64_t seq, const Order& o, TimePoint now) {
    if (o.flags & kOfPlan) [[unlikely]] FollowPlan(seq, o, now);
  }
  void FollowPlan(uint64_t order, const Order& o, TimePoint now);
  void FollowContract(uint64_t seq, uint64_t order, const Order& o, TimePoint now);
  Reason CheckMove(uint64_t seq, const Order& o);
  // fast.cc: redemptions at once. Notes to whom the units go, and makes of the order what it is where they go elsewhere.
  Reason CheckFast(uint64_t seq, Order& o, const FundCode& code);
  // convert.cc: conversions.
  // The rules beside those of a redemption. Makes of the order what it is where the two funds have different institutions.
  Reason CheckConversion(uint64_t seq, Order& o, const FundTerms& fund);
  Reason CheckOpenOn(const FundTerms& fund, Date day);
  // Gives an order between two institutions its leg at the second one.
  void AddLeg(uint64_t seq, const Order& o);
  // The leg becomes what its order has become before either went out.
  void Follow(uint64_t seq, const Order& o);
  // Whether the order's leg, where it has one, stands in the way of cancelling it.
  Reason LegPrevents(uint64_t seq, const Order& o, TimePoint received);
  void ApplyConverted(const ApplyConfirmations& c, const ConfirmedLine& line, const ConvertedLine* more, uint64_t seq,
                      NameNo file, TimePoint now);
  void ConcludeConversion(uint64_t seq, Order& o, Conversion& k);

  Day& DayOf(const Order& o);
  void Count(const Order& o, int64_t sign);
  void Enter(uint64_t seq, const Order& o);
  // Changes an order with its day's counts.
  template <class F>
  void Change(uint64_t seq, Order& o, F change) {
    Count(o, -1);
    const bool was = ComesToSomething(o.state);
    change();
    if (was && !ComesToSomething(o.state)) EndUse(seq, o);
    Count(o, +1);
    Noted(seq);
  }
  void Noted(uint64_t seq) {
    if (collecting_) changes_.push_back(seq);
  }
  static bool ComesToSomething(OrderState s) {
    return s != OrderState::kRejected && s != OrderState::kCancelled && s != OrderState::kRefused;
  }
  // limits.cc: what counts against limits by person, and what a quota may hold.
  Reason CheckLimits(uint64_t seq, const Order& o, const FundCode& code);
  void BeginUse(uint64_t seq, const Order& o, const FundRules* rules);
  void EndUse(uint64_t seq, const Order& o);
  void SetRejected(Order& o, ReasonSource source, uint32_t reason);
  void JudgeOne(const JudgeItem& item, const JudgeExtra* extra, TimePoint now);
  void RememberPurchase(const Order& o);
  void EndChallenge(uint64_t seq, const Order& o) { challenges_.Erase({TaOf(o), o.trade_day, seq}); }
  bool PastCutoff(const Order& o, TimePoint received);
  void AdvanceUndecided();
  // The order of this investor, or nullptr.
  Order* OwnOrder(InvestorId investor, OrderId order);

  void ApplyLine(const ApplyConfirmations& c, const ConfirmedLine& line, const ConvertedLine* more, NameNo file,
                 TimePoint now);
  // Of 140 and 141: true where the line is dealt with.
  bool FollowMoney(uint64_t seq, const ConfirmedLine& line);
  void ApplyRefusal(uint64_t seq, Order& o, Aftermath& a, const ConfirmedLine& line);
  void ApplySuccess(uint64_t seq, Order& o, Aftermath& a, const ConfirmedLine& line, bool follows_rests, TimePoint now);
  void ListForSettlement(uint64_t seq, const Order& o, const ConfirmedLine& line);

  // offer.cc: sets what a subscription by units costs; false where that cannot be computed.
  void TakeDeal(uint64_t seq, const Order& o, const FundTerms& fund);
  bool PriceOffer(uint64_t seq, const FundTerms& fund, Order& o);

  // adjust.cc
  Date PricedOnOriginal(uint64_t seq, const Order& o);
  Reason CheckAdjustment(uint64_t seq, Order& o, const FundTerms& fund);
  Reason CheckRaise(const Order& o, const Order& original, Date day, Money more);
  void AddUse(uint64_t original, const Order& o, Money more);
  void EndRaise(uint64_t seq);
  void ChangeSubscription(uint64_t seq, Money amount, Units units);
  void AdjustmentConfirmed(uint64_t seq, Order& o, Aftermath& a, const ConfirmedLine& line);
  // Of a 162 that names the subscription itself: true where the line is dealt with.
  bool ChangedUnasked(uint64_t seq, const ConfirmedLine& line, NameNo file, std::string_view file_name, TimePoint now);

  // reservation.cc
  Reason SendReservation(uint64_t seq, Order& o, Date wanted);
  Result WithdrawReservation(uint64_t seq, const machine::Context& ctx);
  void ReservationWithdrawn(uint64_t seq, Order& o, TimePoint now);
  static bool IsReceipt(const Order& o, uint8_t confirmation);

  // rest.cc
  Result WithdrawRest(uint64_t seq, const machine::Context& ctx);
  // A withdrawal is an order like any other, but for what it asks: nothing is set aside for it, and its own answer ends the
  // other one. Whether one that was made before is still to have its answer, or had it.
  uint64_t MakeWithdrawal(uint64_t original, uint8_t business, const machine::Context& ctx);
  bool HasFailed(uint64_t withdrawal);
  void FollowRest(uint64_t seq, const Order& o, const ConfirmedLine& line);
  void ConcludeRest(uint64_t seq);
  void RestWithdrawn(uint64_t seq, Order& o);
  // False where the order's last payment is still to come.
  bool NoteRestPaid(uint64_t seq, Date confirm_day);

  const PartitionId partition_;
  machine::Cell<Waters> waters_;
  machine::PagedTable<Order> orders_;
  machine::PagedTable<Aftermath> aftermaths_;
  machine::PagedTable<Origin> origins_;
  machine::Table<uint64_t, Conversion> conversions_;
  machine::Table<uint64_t, Move> moves_;
  machine::PagedTable<Investor> investors_;
  machine::IdIndex ids_;
  machine::IdIndex serials_;
  machine::Table<DayKey, Day> days_;
  machine::Table<TransferKey, Transfer> transfers_;
  machine::Table<TransferPageKey, TransferPage> transfer_pages_;
  machine::Table<ChallengeKey, Present> challenges_;
  machine::Todo<uint64_t> releases_;
  machine::Table<FileKey, FileProgress> files_;
  machine::Table<SettlementKey, Settlement> settlements_;
  machine::Table<SettlementChunkKey, SettlementChunk> settlement_chunks_;
  machine::Table<uint64_t, OrderDeal> deals_;
  machine::Table<uint64_t, Rest> rests_;
  machine::Table<uint64_t, uint64_t> withdrawals_;  // 052, 053: the order that it withdraws
  machine::Table<uint64_t, Reserved> reserved_;
  machine::Table<uint64_t, Refunded> refunds_;
  machine::Table<uint64_t, Adjustment> adjustments_;
  machine::Table<uint64_t, Adjusted> adjusted_;
  Names funds_, tas_, callers_, files_named_, distributors_;
  machine::Table<ForeignKey, NameText> foreign_;
  machine::Cell<uint64_t> plan_waters_;  // the last plan's sequence
  machine::Table<uint64_t, Plan> plans_;
  machine::Table<uint64_t, PlanLink> plan_links_;
  machine::Table<Date, PlanDay> plan_days_;
  machine::Table<PlanChunkKey, PlanChunk> plan_chunks_;
  machine::Todo<uint64_t> debits_;
  machine::Table<uint64_t, OwnPlans> own_plans_;
  machine::Table<UseKey, Use> uses_;
  machine::Todo<uint64_t> quota_releases_;
  machine::Table<uint64_t, Asked> asked_;
  ProductBook products_;

  // Nothing below is state: scratch of one command, and lists that are made again from the tables.
  std::vector<DayHandle> day_handles_;
  std::vector<InstitutionView> views_;
  std::vector<Received> received_;
  std::vector<Claimed> claimed_;
  std::string scratch_;
  std::vector<uint64_t> ending_;  // plans that ended in this command
  std::string habits_text_;       // the variant last looked into, and what it says
  Habits habits_;
  std::vector<uint64_t> fresh_;
  size_t fresh_head_ = 0;
  bool tracking_ = false;
  bool collecting_ = false;
  std::vector<uint64_t> changes_;
};

}  // namespace fundcore::trade
