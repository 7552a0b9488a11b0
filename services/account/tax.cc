// Declarations of tax residency, and their way to the institutions.
//
// A declaration counts here from the moment it is recorded. Each institution with an open account gets its lines in an R1 file
// and answers line by line in R2; a refused line is a finding, and the declaration is REFUSED there until a new one, or the same
// one recorded again, is taken. While lines have no answer, a newer version waits.
#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "services/account/machine.h"

namespace fundcore::account {

using machine::Context;

namespace {

constexpr uint16_t kConfirmed = 100;

void Find(const AccountAnswer& line, InvestorId investor, std::string rule, std::string field, std::string expected,
          std::string found, std::vector<FindingEntry>& findings) {
  findings.push_back({line.line, std::move(rule), std::move(field), std::move(expected), std::move(found), line.application,
                      investor});
}

}  // namespace

std::string TaxLineRef::Text() const {
  return add ? StrCat("1.", version, ".", line) : StrCat("0.", version, ".", line, ".", original);
}

TaxLineRef TaxLineRef::Parse(const std::string& text) {
  TaxLineRef ref;
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  const auto number = [&](size_t at, uint64_t* out) { return at < parts.size() && absl::SimpleAtoi(parts[at], out); };
  FC_CHECK(parts.size() >= 3 && number(1, &ref.version) && number(2, &ref.line), "a line of a declaration is called ", text);
  ref.add = parts[0] == "1";
  number(3, &ref.original);
  return ref;
}

Result AccountMachine::Execute(const DeclareTax& c, const Context& ctx) {
  const Investor* investor = FindInvestor(c.investor);
  if (!investor) return {.reason = Reason::kInvestorNotFound};
  const uint64_t seq = SequenceOf(c.investor);
  const auto key = machine::IdIndex::HashOf({c.caller.view(), FormatInvestorId(c.investor), StrCat("tax ", c.request.view())});
  const uint64_t content = HashKey::Of(c.content).words[0];
  if (auto seen = application_ids_.Find(key)) {
    if (seen->content_hash != content) return {.reason = Reason::kRequestIdReused};
    return {.repeated = true, .number = seen->number};
  }
  if (investor->closed) return {.reason = Reason::kInvestorClosed};
  const uint64_t* number = tax_numbers_.Find(seq);
  const TaxVersion* last = number ? tax_versions_.Find({seq, *number}) : nullptr;
  uint64_t version = number ? *number : 0;
  // The same once more says nothing new, but goes again to those that refused it.
  if (!last || last->content != c.content || last->declared_on != c.declared_on) {
    tax_numbers_.Put(seq, ++version);
    tax_versions_.Put({seq, version}, {c.body, c.content, c.lines, c.declared_on, ctx.now, c.caller, c.person});
  }
  for (const FundAccount& account : investor->fund_accounts) TellTax(seq, account, true, ctx);
  application_ids_.Insert(key, version, content);
  return {.number = version};
}

void AccountMachine::TellTax(uint64_t investor, const FundAccount& account, bool again, const Context& ctx) {
  const uint64_t* number = tax_numbers_.Find(investor);
  if (!number || account.state != FundAccountState::kOpen) return;
  const StandingKey key{investor, account.ta};
  if (const TaxStanding* s = tax_standings_.Find(key)) {
    if (s->pending != 0 || s->told >= *number) return;
    if (s->refused_version == *number && !again) return;
  }
  TaxStanding& s = tax_standings_.Mutable(key);
  const uint64_t version = *number;
  const uint32_t lines = tax_versions_.Find({investor, version})->lines;
  std::vector<uint64_t> sent;
  const auto send = [&](TaxLineRef ref) {
    const uint64_t seq = Apply(investor, account.ta, kTaxBusiness, ctx);
    applications_.Mutable(seq).cause = ref.Text();
    return seq;
  };
  for (const uint64_t original : s.lines) {
    TaxLineRef back = TaxLineRef::Parse(applications_.Find(original)->cause);
    back.add = false;
    back.original = original;
    send(back);
    ++s.pending;
  }
  for (uint32_t line = 0; line < lines; ++line) sent.push_back(send({.version = version, .line = line}));
  s.pending += lines;
  s.sent = version;
  s.refused = ReturnCode();
  s.refused_version = 0;
  s.lines = std::move(sent);
}

void AccountMachine::TaxAnswered(Application& application, uint64_t seq, const AccountAnswer& line, const Context& ctx,
                                 std::vector<FindingEntry>& findings) {
  const InvestorId investor = MakeInvestorId(partition_, application.investor);
  if (line.business != kTaxBusiness + kConfirmed)
    return Find(line, investor, "BUSINESS_DIFFERS", "BusinessCode", "R2", StrCat(line.business), findings);
  if (application.state == ApplicationState::kAnswered) {
    if (application.return_code == line.return_code) return;  // the same again
    return Find(line, investor, "ANSWERED_OTHERWISE", "ReturnCode", application.return_code.str(), line.return_code.str(),
                findings);
  }
  if (application.state == ApplicationState::kWaiting)  // nobody has sent it yet
    return Find(line, investor, "UNKNOWN_APPLICATION", "AppSheetSerialNo", "", FormatOrderId(line.application), findings);
  if (IsInterimCode(line.return_code)) return;
  application.state = ApplicationState::kAnswered;
  application.return_code = line.return_code;
  application.detail = line.detail;
  const bool refused = !IsConfirmed(line.return_code);
  if (refused) Find(line, investor, "TAX_REFUSED", "ReturnCode", "0000", line.return_code.str(), findings);
  const StandingKey key{application.investor, application.ta};
  const TaxStanding* known = tax_standings_.Find(key);
  const TaxLineRef ref = TaxLineRef::Parse(application.cause);
  if (!known || known->pending == 0) return;  // the account was opened anew meanwhile
  TaxStanding& s = tax_standings_.Mutable(key);
  --s.pending;
  if (refused) {
    if (ref.add) std::erase(s.lines, seq);
    s.refused = line.return_code;
    s.refused_version = s.sent;
  }
  if (s.pending != 0) return;
  if (s.refused_version != s.sent) s.told = s.sent;
  const Investor* owner = investors_.Find(application.investor);
  if (const FundAccount* account = FindFundAccount(*owner, application.ta)) TellTax(application.investor, *account, false, ctx);
}

}  // namespace fundcore::account
