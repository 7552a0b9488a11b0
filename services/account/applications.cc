// Applications for fund accounts: waiting, sealed into a transfer, answered; and the orders that hang on them. Links of
// other distributors' trading accounts to our investors.
#include <algorithm>

#include "services/account/machine.h"

namespace fundcore::account {

using machine::Context;

namespace {

constexpr uint16_t kOpenAccount = 1;
constexpr uint16_t kAddTradingAccount = 8;
constexpr uint16_t kOpenAccountConfirmed = 101;
constexpr uint16_t kAddTradingAccountConfirmed = 108;
constexpr uint16_t kChangeTradingAccount = 58;
constexpr uint16_t kChangeTradingAccountConfirmed = 158;

// The standard's answers to 001 that mean: this person has a fund account already.
bool IsRegisteredAlready(const ReturnCode& code) { return code.view() == "0303" || code.view() == "0390"; }

// One step of the running hash over a transfer's applications.
struct SealStep {
  uint64_t before = 0;
  uint64_t application = 0;
  FC_FIELDS(before, application)
};

}  // namespace

uint64_t AccountMachine::Apply(uint64_t investor, const TaCode& ta, uint16_t business, const Context& ctx) {
  const uint64_t seq = ++sequences_.Mutable().applications;
  Application& application = applications_.Mutable(seq);
  application.investor = investor;
  application.ta = ta;
  application.business = business;
  application.applied_at = ctx.now;
  waiting_.Put({ta, seq}, true);
  return seq;
}

Result AccountMachine::Execute(const OpenFundAccount& c, const Context& ctx) {
  const Investor* known = FindInvestor(c.investor);
  if (!known) return {.reason = Reason::kInvestorNotFound};
  const FundAccount* there = FindFundAccount(*known, c.ta);
  const bool gone = there && (there->state == FundAccountState::kClosed || there->state == FundAccountState::kEnded);
  if (there && !gone) return {.repeated = true};
  if (known->closed) return {.reason = Reason::kInvestorClosed};
  // An order is judged by the fund's own terms; here a mistyped code would wait for a file that never goes out.
  if (!products_.Institution(c.ta)) return {.reason = Reason::kInstitutionUnknown};

  Investor& investor = *MutableInvestor(c.investor);
  FundAccount& own = gone ? *FindFundAccount(investor, c.ta) : investor.fund_accounts.emplace_back();
  // Closed, a new account is opened. Ended, the account is there still, and our trading account joins it again.
  const bool ended = own.state == FundAccountState::kEnded;
  if (gone) standings_.Erase({SequenceOf(c.investor), c.ta});
  if (!ended) own.ta_account = TaAccountId();
  own.ta = c.ta;
  own.state = FundAccountState::kNew;
  own.last_hung = 0;
  own.application = Apply(SequenceOf(c.investor), c.ta, ended ? kAddTradingAccount : kOpenAccount, ctx);
  return {};
}

Result AccountMachine::Execute(const OpenFundAccountAgain& c, const Context& ctx) {
  const Investor* known = FindInvestor(c.investor);
  if (!known) return {.reason = Reason::kInvestorNotFound};
  const FundAccount* there = FindFundAccount(*known, c.ta);
  const FundAccountState was = there ? there->state : FundAccountState::kNone;
  const bool refused = was == FundAccountState::kRefused, ended = was == FundAccountState::kEnded;
  if (there && !refused && !ended && was != FundAccountState::kClosed) return {.repeated = true};
  if (known->closed) return {.reason = Reason::kInvestorClosed};
  if (!products_.Institution(c.ta)) return {.reason = Reason::kInstitutionUnknown};

  const uint64_t seq = SequenceOf(c.investor);
  Investor& investor = *MutableInvestor(c.investor);
  FundAccount& own = there ? *FindFundAccount(investor, c.ta) : investor.fund_accounts.emplace_back();
  if (refused && own.last_hung != 0) application_notes_.Mutable(own.application).last_hung = own.last_hung;
  if (there) standings_.Erase({seq, c.ta});
  if (there) data_standings_.Erase({seq, c.ta});
  if (there) tax_standings_.Erase({seq, c.ta});
  if (!ended) own.ta_account = TaAccountId();
  own.ta = c.ta;
  own.state = FundAccountState::kNew;
  own.last_hung = 0;
  const uint16_t business = !c.former.empty() ? kChangeTradingAccount : ended ? kAddTradingAccount : kOpenAccount;
  own.application = Apply(seq, c.ta, business, ctx);
  if (!c.former.empty()) applications_.Mutable(own.application).cause = c.former;
  return {};
}

Result AccountMachine::Execute(const LinkTradingAccount& c, const Context&) {
  if (const uint64_t* seen = links_.Find(c.account)) {
    if (*seen != c.investor.raw()) return {.reason = Reason::kTradingAccountLinked};
    return {.repeated = true};
  }
  links_.Put(c.account, c.investor.raw());
  return {};
}

Result AccountMachine::Execute(const SealApplications& c, const Context&) {
  const SealKey& t = c.transfer;
  if (const Seal* seen = seals_.Find(t); seen && seen->closed) return {.repeated = true};

  Seal& seal = seals_.Mutable(t);
  std::vector<uint64_t> taken;
  bool more = false;
  waiting_.ScanPrefix(t.ta, [&](const WaitingKey& key, bool) {
    if (taken.size() == kApplicationsAPage) return !(more = true);
    taken.push_back(key.application);
    return true;
  });
  for (const uint64_t seq : taken) {
    Application& application = applications_.Mutable(seq);
    application.state = ApplicationState::kSealed;
    application.day = t.day;
    // What the file says must stay what it says, whenever it is written.
    if (const PersonData* data = person_data_.Find(application.investor))
      application_notes_.Mutable(seq).version = data->version;
    if (Investor* investor = investors_.FindMutable(application.investor)) {
      FundAccount* account = FindFundAccount(*investor, t.ta);
      if (account && account->state == FundAccountState::kNew) account->state = FundAccountState::kApplied;
    }
    const auto page = static_cast<uint32_t>(seal.count / kApplicationsAPage);
    sealed_pages_.Mutable({t.ta, t.day, t.transfer, page}).applications.push_back(seq);
    ++seal.count;
    if (application.business == kTaxBusiness) ++seal.tax;
    seal.hash = machine::IdIndex::HashOf({Encode(SealStep{seal.hash, MakeApplicationId(partition_, seq).raw()})}).low;
    waiting_.Erase({t.ta, seq});
  }
  seal.closed = !more;
  return {.more = more};
}

uint64_t AccountMachine::ApplicationOf(const TaCode& ta, const AccountLine& line) {
  const uint64_t seq = PartitionOf(line.application) == partition_ ? ApplicationSequence(line.application) : 0;
  if (seq) {
    const Application* application = applications_.Find(seq);
    if (application && application->ta == ta) return seq;
  }
  const Investor* investor = FindInvestor(line.investor);
  const FundAccount* account = investor ? FindFundAccount(*investor, ta) : nullptr;
  return account ? account->application : 0;
}

void AccountMachine::ApplyAccountLine(const TaCode& ta, const AccountLine& line, const Context& ctx) {
  if (line.business != kOpenAccountConfirmed && line.business != kAddTradingAccountConfirmed &&
      line.business != kChangeTradingAccountConfirmed) {
    return;
  }
  const uint64_t seq = ApplicationOf(ta, line);
  Application* application = seq ? applications_.FindMutable(seq) : nullptr;
  if (!application || application->state == ApplicationState::kAnswered) return;
  if (IsInterimCode(line.return_code)) return;  // the answer is still to come

  Investor& investor = investors_.Mutable(application->investor);
  FundAccount* account = FindFundAccount(investor, ta);
  application->state = ApplicationState::kAnswered;
  application->return_code = line.return_code;
  application->detail = line.detail;
  if (!account || account->application != seq) return;  // an older application: a later one has taken its place
  account->return_code = line.return_code;
  if (IsConfirmed(line.return_code)) {
    account->state = FundAccountState::kOpen;
    if (!line.ta_account.empty()) account->ta_account = line.ta_account;
    DataTold(application->investor, ta, seq);
    return;
  }
  if (account->state == FundAccountState::kOpen) return;  // a confirmed order has shown that it is open
  const InstitutionTerms* terms = products_.Institution(ta);
  const bool use_008 = !terms || terms->use_008_when_registered;
  if (application->business == kOpenAccount && IsRegisteredAlready(line.return_code) && use_008) {
    const uint64_t owner = application->investor;
    account->state = FundAccountState::kNew;
    account->application = Apply(owner, ta, kAddTradingAccount, ctx);
    return;
  }
  account->state = FundAccountState::kRefused;
  ReleaseHung(*account, investor, ctx);
}

void AccountMachine::ReleaseHung(FundAccount& account, Investor& investor, const Context& ctx) {
  for (uint64_t seq = account.last_hung; seq != 0;) {
    Reservation& r = reservations_.Mutable(seq);
    if (r.state == ReservationState::kReserved) {
      GiveBack(MakeOrderId(partition_, seq), r, investor, Cause::kRelease, ctx);
      r.state = ReservationState::kHung;
    }
    seq = r.previous_hung;
  }
}

void AccountMachine::ListHung(const TaCode& ta, const AccountLine& line, Applied& out) {
  const uint64_t seq = ApplicationOf(ta, line);
  const Application* application = seq ? applications_.Find(seq) : nullptr;
  if (!application) return;
  const Investor* investor = investors_.Find(application->investor);
  const FundAccount* account = investor ? FindFundAccount(*investor, ta) : nullptr;
  if (!account) return;
  // Applied for anew meanwhile: what hung on this application was noted with it.
  const bool latest = account->application == seq;
  const ApplicationNote* note = latest ? nullptr : application_notes_.Find(seq);
  if (latest ? account->state != FundAccountState::kRefused : !note || note->last_hung == 0) return;
  const ReturnCode code = latest ? account->return_code : application->return_code;
  const size_t first = out.hung.size();
  for (uint64_t order = latest ? account->last_hung : note->last_hung; order != 0;) {
    const Reservation* r = reservations_.Find(order);
    if (r->state == ReservationState::kHung) {
      out.hung.push_back({MakeOrderId(partition_, order), r->investor, code, application->detail});
    }
    order = r->previous_hung;
  }
  std::reverse(out.hung.begin() + static_cast<std::ptrdiff_t>(first), out.hung.end());  // in order of the reservations
}

Result AccountMachine::Execute(const ApplyAccountLines& c, const Context& ctx) {
  Result result =
      ApplyInOrder(FileKind::kAccounts, c.file, c.file_name, c.first_index, c.lines,
                   [&](const AccountLine& line, std::vector<FindingEntry>&) { ApplyAccountLine(c.ta, line, ctx); });
  if (result.reason != Reason::kNone) return result;
  // From the state, not from what was just done: a repeated call learns of the same orders.
  for (const AccountLine& line : c.lines) ListHung(c.ta, line, *result.applied);
  return result;
}

}  // namespace fundcore::account
