// What becomes of a fund account after it was opened: closed (002), its trading account ended (009), frozen and thawed (004,
// 005), lost and found (006, 007); asked for here, or done by the institution of its own accord.
//
// A freeze and a loss count here from the moment they are asked for, so that nobody orders in between; where the institution
// refuses them, the account is again what it was. Everything else counts once it is confirmed.
#include <algorithm>
#include <map>

#include "services/account/machine.h"

namespace fundcore::account {

using machine::Context;

namespace {

// Businesses as the standard numbers them; a confirmation is a hundred more.
constexpr uint16_t kOpen = 1, kClose = 2, kFreeze = 4, kThaw = 5, kReportLost = 6, kReportFound = 7, kAddTrading = 8,
                   kEndTrading = 9, kChange = 3, kMove = 58, kConfirmed = 100;

// What makes two requests under one id the same; the version is that of this list.
struct RequestContent {
  uint8_t version = 1;
  TaCode ta;
  uint16_t business = 0;
  std::string cause;
  Date until;
  FC_FIELDS(version, ta, business, cause, until)
};

// A request that was refused is remembered as that: a copy of it that comes late must not close what its sender was told
// stays open.
constexpr uint64_t kRefusedBit = uint64_t{1} << 63;

bool Opens(uint16_t business) { return business == kOpen || business == kAddTrading || business == kMove; }

void Find(const AccountAnswer& line, std::string rule, std::string field, std::string expected, std::string found,
          std::vector<FindingEntry>& findings) {
  findings.push_back({line.line, std::move(rule), std::move(field), std::move(expected), std::move(found), line.application,
                      line.investor});
}

AccountLine Plain(const AccountAnswer& a) {
  return {a.line, a.application, a.investor, a.business, a.return_code, a.ta_account, a.confirm_day, a.detail};
}

bool HoldsUnits(const Investor& investor, const TaCode& ta) {
  return std::any_of(investor.holdings.begin(), investor.holdings.end(),
                     [&](const Holding& h) { return h.ta == ta && h.units.is_positive(); });
}

}  // namespace

// --- Asked for here
// -----------------------------------------------------------------------------------------------------

Standing& AccountMachine::StandingOf(uint64_t investor, const FundAccount& account) {
  return standings_.Mutable({investor, account.ta});
}

void AccountMachine::Restate(const Standing& s, FundAccount& account) {
  const bool frozen = s.frozen || s.pending_business == kFreeze;
  const bool lost = s.lost || s.pending_business == kReportLost;
  account.state = s.closed != FundAccountState::kNone  ? s.closed
                  : s.pending_business == kClose       ? FundAccountState::kClosing
                  : s.pending_business == kEndTrading  ? FundAccountState::kEnding
                  : frozen && lost                     ? FundAccountState::kFrozenAndLost
                  : frozen                             ? FundAccountState::kFrozen
                  : lost                               ? FundAccountState::kLost
                                                       : FundAccountState::kOpen;
}

// Walks the investor's ledger back from its newest line until everything that is promised or awaited was met. Where nothing
// is, no line is read.
Reason AccountMachine::CheckNothingLeft(InvestorId id, const Investor& investor, const TaCode& ta, TimePoint now) {
  if (HoldsUnits(investor, ta)) return Reason::kUnitsHeld;
  Money reserved = investor.cash.reserved, awaiting = investor.cash.awaiting;
  std::map<FundCode, Money> unpaid;  // of the lines met so far: confirmed less paid
  std::vector<uint64_t> met;
  const auto at_this = [&](const FundCode& fund) {
    const FundTerms* terms = products_.Fund(fund, now);
    return !terms || terms->ta == ta;  // a fund that nobody knows any more: rather too careful
  };
  const auto all_paid = [&] {
    Money sum;
    for (const auto& [fund, amount] : unpaid) {
      if (amount.is_negative()) return false;
      sum += amount;
    }
    return sum == awaiting;
  };
  for (uint64_t position = investor.last_line; position != 0 && (reserved.is_positive() || !all_paid());) {
    const auto line = ledger_.Read(position);
    FC_CHECK(line.ok(), "a line of the ledger cannot be read: ", line.status().ToString());
    position = line->previous;
    const Reservation* r = line->order ? reservations_.Find(line->order) : nullptr;
    if (r && r->state == ReservationState::kReserved && std::find(met.begin(), met.end(), line->order) == met.end()) {
      if (r->ta == ta) return Reason::kOrdersInTransit;
      met.push_back(line->order);
      reserved -= r->amount_left;
    }
    const FundCode fund = line->fund.empty() && r ? r->fund : line->fund;
    switch (line->cause) {
      case Cause::kRefundedLater:
      case Cause::kProceeds:
      case Cause::kDividend:
      case Cause::kConvertReturned:
      case Cause::kOfferInterest: unpaid[fund] += Money::FromRaw(line->quantity); break;
      case Cause::kPaidOut: unpaid[fund] -= Money::FromRaw(line->quantity); break;
      default: break;  // moves nothing that is awaited
    }
  }
  for (const auto& [fund, amount] : unpaid)
    if (amount.is_positive() && at_this(fund)) return Reason::kMoneyInTransit;
  // What frozen units have earned comes with 157, also after the units themselves have left.
  bool held = false;
  notes_.ScanPrefix(SequenceOf(id), [&](const NoteKey& key, const HoldingNote& note) {
    held |= !note.held.empty() && at_this(key.fund);
    return true;
  });
  return held ? Reason::kMoneyInTransit : Reason::kNone;
}

// A new account at the institution begins with the funds' own ways of dividend.
void AccountMachine::ForgetWays(uint64_t investor, const TaCode& ta, TimePoint now) {
  std::vector<NoteKey> chosen;
  notes_.ScanPrefix(investor, [&](const NoteKey& key, const HoldingNote& note) {
    const FundTerms* terms = note.way ? products_.Fund(key.fund, now) : nullptr;
    if (terms && terms->ta == ta) chosen.push_back(key);
    return true;
  });
  for (const NoteKey& key : chosen) {
    HoldingNote& note = notes_.Mutable(key);
    note.way = note.way_before = 0;
    note.way_since = Date();
    if (IsBlank(note)) notes_.Erase(key);
  }
}

Reason AccountMachine::CheckRequest(const RequestAccount& c, const Investor& investor, const FundAccount& account) {
  const Standing* s = FindStanding(SequenceOf(c.investor), c.ta);
  if (s && s->pending != 0 && s->pending_business != kClose && s->pending_business != kEndTrading)
    return Reason::kAccountBusinessUnderWay;
  const bool frozen = s && s->frozen, lost = s && s->lost;
  switch (account.state) {
    case FundAccountState::kNone:
    case FundAccountState::kNew:
    case FundAccountState::kApplied: return Reason::kFundAccountNotOpen;
    case FundAccountState::kRefused: return Reason::kFundAccountRefused;
    case FundAccountState::kClosed: return Reason::kFundAccountClosed;
    case FundAccountState::kEnded: return Reason::kTradingAccountEnded;
    case FundAccountState::kClosing:
    case FundAccountState::kEnding: return Reason::kFundAccountClosing;
    case FundAccountState::kOpen:
    case FundAccountState::kFrozen:
    case FundAccountState::kLost:
    case FundAccountState::kFrozenAndLost: break;
  }
  switch (c.business) {
    case kFreeze: return frozen ? Reason::kFundAccountFrozen : Reason::kNone;
    case kThaw:
      if (!frozen) return Reason::kFundAccountNotFrozen;
      return s->frozen_by_ta ? Reason::kFrozenByInstitution : Reason::kNone;
    case kReportLost: return lost ? Reason::kFundAccountLost : Reason::kNone;
    case kReportFound: return lost ? Reason::kNone : Reason::kFundAccountNotLost;
    default: break;
  }
  if (frozen) return Reason::kFundAccountFrozen;
  if (lost) return Reason::kFundAccountLost;
  return Reason::kNone;
}

Result AccountMachine::Execute(const RequestAccount& c, const Context& ctx) {
  const Investor* known = FindInvestor(c.investor);
  if (!known) return {.reason = Reason::kInvestorNotFound};
  const auto key = machine::IdIndex::HashOf({c.caller.view(), FormatInvestorId(c.investor), c.request.view()});
  const uint64_t content =
      machine::IdIndex::HashOf({Encode(RequestContent{1, c.ta, c.business, c.cause, c.until})}).low;
  if (auto seen = application_ids_.Find(key)) {
    if (seen->content_hash != content) return {.reason = Reason::kRequestIdReused};
    if (seen->number & kRefusedBit)
      return {.reason = static_cast<Reason>(seen->number & ~kRefusedBit), .repeated = true};
    return {.repeated = true, .number = seen->number};
  }
  const FundAccount* account = FindFundAccount(*known, c.ta);
  Reason reason = known->closed                                    ? Reason::kInvestorClosed
                  : !account                                       ? Reason::kFundAccountNotFound
                  : c.until.is_set() && c.until < ctx.now.date()   ? Reason::kUntilHasPassed
                                                                   : CheckRequest(c, *known, *account);
  const bool leaves = c.business == kClose || c.business == kEndTrading;
  if (reason == Reason::kNone && leaves) reason = CheckNothingLeft(c.investor, *known, c.ta, ctx.now);
  if (reason == Reason::kNone && leaves && IncomeLeft(SequenceOf(c.investor), c.ta)) reason = Reason::kMoneyInTransit;
  if (reason != Reason::kNone) {
    application_ids_.Insert(key, kRefusedBit | static_cast<uint64_t>(reason), content);
    return {.reason = reason};
  }

  FundAccount& own = *FindFundAccount(*MutableInvestor(c.investor), c.ta);
  const uint64_t seq = Apply(SequenceOf(c.investor), c.ta, c.business, ctx);
  Application& application = applications_.Mutable(seq);
  application.cause = c.cause;
  application.until = c.until;
  Standing& standing = StandingOf(SequenceOf(c.investor), own);
  standing.pending = seq;
  standing.pending_business = c.business;
  Restate(standing, own);
  application_ids_.Insert(key, seq, content);
  return {.number = seq};
}

// --- Answered, or done unasked
// ------------------------------------------------------------------------------------------

void AccountMachine::Turn(uint16_t business, Investor& investor, FundAccount& account, const AccountAnswer& line, bool asked,
                          std::vector<FindingEntry>& findings) {
  Standing& s = StandingOf(SequenceOf(line.investor), account);
  switch (business) {
    case kClose:
    case kEndTrading:
      // The institution's word counts; that units are left shows in the balances, too, and somebody has to ask why.
      if (HoldsUnits(investor, account.ta))
        Find(line, "CLOSED_WHILE_HOLDING", "BusinessCode", "no units held", "closed", findings);
      s.closed = business == kClose ? FundAccountState::kClosed : FundAccountState::kEnded;
      s.frozen = s.frozen_by_ta = s.lost = false;
      if (business == kClose)
        ForgetWays(SequenceOf(line.investor), account.ta, TimePoint::At(line.confirm_day, TimeOfDay()));
      break;
    case kFreeze:
      s.frozen = true;
      s.frozen_by_ta = !asked;
      s.cause = line.cause;
      s.frozen_until = line.until;
      break;
    case kThaw:
      s.frozen = s.frozen_by_ta = false;
      s.cause.clear();
      s.frozen_until = Date();
      break;
    case kReportLost:
      s.lost = true;
      s.lost_until = line.until;
      break;
    case kReportFound:
      s.lost = false;
      s.lost_until = Date();
      break;
    default: break;  // 003: the account stays what it is
  }
  Restate(s, account);
}

void AccountMachine::Answered(Application& application, uint64_t seq, const AccountAnswer& line,
                              std::vector<FindingEntry>& findings) {
  if (line.business != application.business + kConfirmed) {
    return Find(line, "BUSINESS_DIFFERS", "BusinessCode", StrCat(application.business + kConfirmed), StrCat(line.business),
                findings);
  }
  if (application.state == ApplicationState::kAnswered) {
    if (application.return_code == line.return_code) return;  // the same again
    return Find(line, "ANSWERED_OTHERWISE", "ReturnCode", application.return_code.str(), line.return_code.str(), findings);
  }
  if (IsInterimCode(line.return_code)) return;  // the answer is still to come
  application.state = ApplicationState::kAnswered;
  application.return_code = line.return_code;
  application.detail = line.detail;
  Investor& investor = investors_.Mutable(application.investor);
  FundAccount* account = FindFundAccount(investor, application.ta);
  FC_CHECK(account, "an application without an account");
  account->return_code = line.return_code;
  const Standing* known = FindStanding(application.investor, application.ta);
  if (!known || known->pending != seq) {
    // The account was closed and opened anew meanwhile: what was said of the old one changes nothing of the new one.
    if (!IsConfirmed(line.return_code)) return;
    return Find(line, "APPLICATION_OVERTAKEN", "AppSheetSerialNo", "", FormatOrderId(line.application), findings);
  }
  Standing& standing = StandingOf(application.investor, *account);
  standing.pending = 0;
  standing.pending_business = 0;
  if (!IsConfirmed(line.return_code)) return Restate(standing, *account);
  AccountAnswer told = line;
  told.investor = MakeInvestorId(partition_, application.investor);
  if (told.cause.empty()) told.cause = application.cause;
  if (!told.until.is_set()) told.until = application.until;
  Turn(application.business, investor, *account, told, true, findings);
}

// 158 that nobody asked for. Our numbers are the investors' own: one taken away fits nothing here, one given to an account
// that is there by that number already does.
void AccountMachine::MovedUnasked(FundAccount* account, const AccountAnswer& line, std::vector<FindingEntry>& findings) {
  if (line.target != FormatInvestorId(line.investor))
    return Find(line, "TRADING_ACCOUNT_MOVED", "TargetTransactionAccountID", FormatInvestorId(line.investor), line.target,
                findings);
  if (account->ta_account.empty()) account->ta_account = line.ta_account;
}

void AccountMachine::DoneUnasked(const TaCode& ta, const AccountAnswer& line, const Hash256& certificate,
                                 std::vector<FindingEntry>& findings) {
  if (!IsConfirmed(line.return_code))
    return Find(line, "UNKNOWN_APPLICATION", "AppSheetSerialNo", "", FormatOrderId(line.application), findings);
  Investor* investor = MutableInvestor(line.investor);
  if (!investor)
    return Find(line, "UNKNOWN_INVESTOR", "TransactionAccountID", "", FormatInvestorId(line.investor), findings);
  FundAccount* account = FindFundAccount(*investor, ta);
  const bool there = account && (account->state == FundAccountState::kOpen || account->state >= FundAccountState::kFrozen);
  if (!there) return Find(line, "NO_SUCH_ACCOUNT", "TAAccountID", "", line.ta_account.str(), findings);
  if (!line.ta_account.empty() && !account->ta_account.empty() && line.ta_account != account->ta_account)
    return Find(line, "TA_ACCOUNT_DIFFERS", "TAAccountID", account->ta_account.str(), line.ta_account.str(), findings);
  switch (line.business - kConfirmed) {
    case kClose:
    case kFreeze:
    case kThaw:
    case kReportLost:
    case kReportFound:
    case kEndTrading:
      return Turn(static_cast<uint16_t>(line.business - kConfirmed), *investor, *account, line, false, findings);
    case kChange: return DataChangedUnasked(*account, line, certificate, findings);
    case kMove: return MovedUnasked(account, line, findings);
    default:
      Find(line, "BUSINESS_NOT_POSTED", "BusinessCode", "102 to 109, 158", StrCat(line.business), findings);
  }
}

void AccountMachine::ApplyAccountAnswer(const TaCode& ta, const AccountAnswer& line, const Context& ctx,
                                        const Hash256& certificate, std::vector<FindingEntry>& findings) {
  const uint64_t seq = PartitionOf(line.application) == partition_ ? ApplicationSequence(line.application) : 0;
  Application* application = seq ? applications_.FindMutable(seq) : nullptr;
  if (application && application->ta == ta && application->business == kTaxBusiness)
    return TaxAnswered(*application, seq, line, ctx, findings);
  if (line.business == kTaxBusiness + kConfirmed)
    return Find(line, "UNKNOWN_APPLICATION", "AppSheetSerialNo", "", FormatOrderId(line.application), findings);
  if (application && application->ta == ta && application->business == kChange)
    return DataAnswered(*application, seq, line, findings);
  if (application && application->ta == ta && !Opens(application->business))
    return Answered(*application, seq, line, findings);
  const bool moves = line.business == kMove + kConfirmed && application && application->business == kMove;
  const bool opens = line.business == kOpen + kConfirmed || line.business == kAddTrading + kConfirmed || moves;
  if (!opens) return DoneUnasked(ta, line, certificate, findings);
  // Opened without an application that we know: nothing here says that it is ours.
  if (ApplicationOf(ta, Plain(line)) == 0)
    return Find(line, "UNKNOWN_APPLICATION", "AppSheetSerialNo", "", FormatOrderId(line.application), findings);
  ApplyAccountLine(ta, Plain(line), ctx);
}

Result AccountMachine::Execute(const ApplyAccountAnswers& c, const Context& ctx) {
  Result result = ApplyInOrder(FileKind::kAccounts, c.file, c.file_name, c.first_index, c.lines,
                               [&](const AccountAnswer& line, std::vector<FindingEntry>& findings) {
                                 const auto at = static_cast<size_t>(&line - c.lines.data());
                                 ApplyAccountAnswer(c.ta, line, ctx, at < c.certificates.size() ? c.certificates[at] : Hash256(),
                                                    findings);
                                 // An account that is open (again) takes what its institution was not told yet.
                                 const Investor* investor = FindInvestor(line.investor);
                                 const FundAccount* account = investor ? FindFundAccount(*investor, c.ta) : nullptr;
                                 if (account) TellData(SequenceOf(line.investor), *account, false, ctx);
                                 if (account) TellTax(SequenceOf(line.investor), *account, false, ctx);
                               });
  if (result.reason != Reason::kNone) return result;
  // From the state, not from what was just done: a repeated call learns of the same orders.
  for (const AccountAnswer& line : c.lines) {
    const bool opens = line.business == kOpen + kConfirmed || line.business == kAddTrading + kConfirmed ||
                       line.business == kMove + kConfirmed;
    if (opens) ListHung(c.ta, Plain(line), *result.applied);
  }
  return result;
}

}  // namespace fundcore::account
