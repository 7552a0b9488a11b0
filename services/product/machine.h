// What funds, institutions and calendars are, since when, and at what price: the source of product facts.
//
// A pure state machine with one partition. Each change becomes a numbered fact which every partition of the other services
// absorbs. Facts that bear on rules take effect no earlier than `lead` after they were logged, so that the watermark
// `now + lead` is a promise: nothing that takes effect before it is still to come.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/machine/partition.h"
#include "common/product/book.h"
#include "services/product/commands.h"
#include "services/product/reason.h"

namespace fundcore::product {

struct QuotaKey {
  Date day;
  FundCode fund;
  FC_FIELDS(day, fund)
};
struct QuotaUse {
  Money taken;
  uint64_t orders = 0;
  FC_FIELDS(taken, orders)
};
// What became of one order's try; kept, as reservations and decisions are.
struct QuotaOrderKey {
  Date day;
  uint64_t order = 0;
  FC_FIELDS(day, order)
};
enum class QuotaState : uint8_t { kNone = 0, kTaken = 1, kRefused = 2, kReleased = 3 };
struct QuotaOrder {
  QuotaState state = QuotaState::kNone;
  FundCode fund;
  Money amount;
  FC_FIELDS(state, fund, amount)
};

// A bank that advances the money of fast redemptions.
struct AdvancingBank {
  Money limit;
  Money out;                // for orders whose units it does not have yet
  uint64_t orders = 0;
  FC_FIELDS(limit, out, orders)
};
// One order's try to get money of it; kept.
struct AdvanceOrder {
  QuotaState state = QuotaState::kNone;
  std::string bank;
  Money amount;
  FC_FIELDS(state, bank, amount)
};

// A change that one person has proposed. Kept for ever.
enum class ChangeState : uint8_t { kProposed = 1, kApproved = 2, kRejected = 3 };
struct Change {
  ChangeState state = ChangeState::kProposed;
  std::string put;          // an encoded PutFund; empty: two persons are no longer required
  uint64_t based_on = 0;    // the fund's newest version then
  std::string proposed_by;
  TimePoint proposed_at;
  std::string decided_by;
  TimePoint decided_at;
  std::string note;
  std::string conversions;  // an encoded PutConversions, or nothing
  uint64_t conversions_based_on = 0;
  std::string campaign;     // an encoded PutCampaign, or nothing; based_on is then of the campaign

  template <class V>
  void VisitFields(V& v) {
    v(state, put, based_on, proposed_by, proposed_at, decided_by, decided_at, note, conversions, conversions_based_on, campaign);
  }
  // Written where there is one, so that other changes have the bytes that they always had.
  template <class V>
  void VisitFields(V& v) const {
    if (campaign.empty()) {
      v(state, put, based_on, proposed_by, proposed_at, decided_by, decided_at, note, conversions, conversions_based_on);
    } else {
      v(state, put, based_on, proposed_by, proposed_at, decided_by, decided_at, note, conversions, conversions_based_on, campaign);
    }
  }
};
struct FourEyes {
  bool required = false;
  uint64_t changes = 0;     // the last number given
  FC_FIELDS(required, changes)
};

class ProductMachine {
 public:
  struct Result {
    Reason reason = Reason::kOk;
    uint64_t seq = 0;        // of the last fact
    TimePoint effective_at;
    std::span<const char> taken;  // of TakeQuota, one an item; valid until the next command
  };
  using Commands = machine::CommandList<PutCalendar, PutInstitution, PutFund, PutNavs, Tick, TakeQuota, ReleaseQuota,
                                        ProposeChange, DecideChange, RequireTwoPersons, PutConversions, PutCampaign,
                                        TakeRoom, ReleaseRoom, PutAdvancingBank>;

  ProductMachine(machine::State& state, PartitionId, Duration lead) : state_(state), lead_(lead) {}

  Result Execute(const PutCalendar& c, const machine::Context& ctx);
  Result Execute(const PutInstitution& c, const machine::Context& ctx);
  Result Execute(const PutFund& c, const machine::Context& ctx);
  Result Execute(const PutNavs& c, const machine::Context& ctx);
  Result Execute(const Tick& c, const machine::Context& ctx);
  Result Execute(const PutConversions& c, const machine::Context& ctx);
  Result Execute(const PutCampaign& c, const machine::Context& ctx);  // campaigns.cc
  Result Execute(const TakeQuota& c, const machine::Context& ctx);
  Result Execute(const ReleaseQuota& c, const machine::Context& ctx);
  // advance.cc
  Result Execute(const TakeRoom& c, const machine::Context& ctx);
  Result Execute(const ReleaseRoom& c, const machine::Context& ctx);
  Result Execute(const PutAdvancingBank& c, const machine::Context& ctx);
  // four_eyes.cc; of a proposal, Result::seq is its number
  Result Execute(const ProposeChange& c, const machine::Context& ctx);
  Result Execute(const DecideChange& c, const machine::Context& ctx);
  Result Execute(const RequireTwoPersons& c, const machine::Context& ctx);

  ProductBook& products() { return products_; }
  // Every fact that takes effect up to here has a number up to last_seq(). For readers, not part of the state.
  TimePoint watermark() const { return state_.meta.now + lead_; }
  uint64_t last_seq() { return products_.absorbed(); }
  // Calls `visit` for at most `limit` facts after `after`, in order; for fewer where they are long, but for one at least.
  void Facts(uint64_t after, uint32_t limit, absl::FunctionRef<void(uint64_t seq, const std::string& body)> visit);
  bool two_persons() { return four_eyes_.Get().required; }
  void ForEachChange(absl::FunctionRef<void(uint64_t, const Change&)> visit) {
    changes_.ScanAll([&](const uint64_t& n, const Change& c) { return visit(n, c), true; });
  }
  // What is taken of a fund's quota of a trading day; nullptr where nothing ever was.
  const QuotaUse* FindQuota(const FundCode& fund, Date day) { return quotas_.Find({day, fund}); }
  // nullptr where nothing was ever said of it.
  const AdvancingBank* FindBank(const std::string& bank) { return banks_.Find(bank); }
  // The newest terms, in force or to come; nullptr where the fund is unknown.
  const FundTerms* Newest(const FundCode& code) { return products_.Fund(code, TimePoint::FromRaw(INT64_MAX)); }

  const FundConversions* NewestConversions(const FundCode& code) {
    return products_.Conversions(code, TimePoint::FromRaw(INT64_MAX));
  }

 private:
  Result Say(ProductFact fact, TimePoint effective_at);
  // Whether the command says what is known already; whether it may be said.
  bool SaysNothingNew(const PutFund& c, const FundTerms* newest);
  Reason CheckFund(const PutFund& c, const FundTerms* newest);
  Result SayFund(const PutFund& c, const machine::Context& ctx);
  bool SaysNothingNew(const PutConversions& c, const FundConversions* newest);
  Result SayConversions(const PutConversions& c, const machine::Context& ctx);
  const CampaignTerms* NewestCampaign(const std::string& name);
  bool SaysNothingNew(const PutCampaign& c, const CampaignTerms* newest);
  Reason CheckCampaign(const PutCampaign& c, const CampaignTerms* newest);
  Result SayCampaign(const PutCampaign& c, const machine::Context& ctx);
  bool SameRules(const PutFund& c);
  bool SameFast(const PutFund& c);
  bool Take(const QuotaItem& item);
  void GiveBack(const QuotaItem& item);
  bool TakeAdvance(const RoomItem& item);

  machine::State& state_;
  const Duration lead_;
  machine::Table<uint64_t, std::string> facts_{state_, 1, machine::Residence::kLazy};
  machine::Table<std::string, uint64_t> sources_{state_, 2, machine::Residence::kLazy};
  ProductBook products_{state_, 200};
  machine::Table<QuotaKey, QuotaUse> quotas_{state_, 60};
  machine::Table<QuotaOrderKey, QuotaOrder> quota_orders_{state_, 61, machine::Residence::kLazy};
  machine::Table<uint64_t, Change> changes_{state_, 62, machine::Residence::kLazy};
  machine::Cell<FourEyes> four_eyes_{state_, 63};
  machine::Table<std::string, AdvancingBank> banks_{state_, 64};
  machine::Table<uint64_t, AdvanceOrder> advances_{state_, 65, machine::Residence::kLazy};
  std::vector<char> taken_;  // of the command in execution
};

}  // namespace fundcore::product
