// Changes of an investor's data (003), and what each institution knows of them.
//
// The data count here from the moment they are asked for: they are the investor's, the distributor has seen the document, and
// what goes out afterwards must say them. Institutions learn by 003. One that refuses keeps what it had; then its data are
// REFUSED in the account, and the line is a finding. Where an account cannot take it now (frozen, lost, not open yet) the 003
// waits until it can.
#include <algorithm>

#include "services/account/machine.h"

namespace fundcore::account {

using machine::Context;

namespace {

constexpr uint16_t kChange = 3, kConfirmed = 100;

void Find(const AccountAnswer& line, std::string rule, std::string field, std::string expected, std::string found,
          std::vector<FindingEntry>& findings) {
  findings.push_back({line.line, std::move(rule), std::move(field), std::move(expected), std::move(found), line.application,
                      line.investor});
}

}  // namespace

Result AccountMachine::Execute(const ClaimCertificate& c, const Context&) {
  const HashKey key = HashKey::Of(c.certificate);
  if (const uint64_t* seen = directory_.Find(key)) {
    const uint64_t owner = *seen & kClaimBit ? *seen & ~kClaimBit : MakeInvestorId(partition_, *seen).raw();
    if (owner != c.investor.raw()) return {.reason = Reason::kCertificateTaken};
    return {.repeated = true};
  }
  directory_.Put(key, kClaimBit | c.investor.raw());
  return {};
}

Result AccountMachine::Execute(const ChangeInvestor& c, const Context& ctx) {
  const Investor* investor = FindInvestor(c.investor);
  if (!investor) return {.reason = Reason::kInvestorNotFound};
  const uint64_t seq = SequenceOf(c.investor);
  const auto key = machine::IdIndex::HashOf({c.caller.view(), FormatInvestorId(c.investor), StrCat("change ", c.request.view())});
  const uint64_t content = HashKey::Of(c.content).words[0];
  if (auto seen = application_ids_.Find(key)) {
    if (seen->content_hash != content) return {.reason = Reason::kRequestIdReused};
    return {.repeated = true, .number = seen->number};
  }
  if (investor->closed) return {.reason = Reason::kInvestorClosed};
  const PersonData* known = person_data_.Find(seq);
  if (c.base != (known ? known->version : 0)) return {.reason = Reason::kDataChangedMeanwhile};

  Person& person = persons_.Mutable(seq);
  PersonData& data = person_data_.Mutable(seq);
  if (!c.same) {
    person_versions_.Put({seq, data.version},
                         {person.certificate_type, person.name, person.certificate_no, person.mobile, data.more});
    person.certificate = c.certificate;
    person.certificate_type = c.certificate_type;
    person.name = c.name;
    person.certificate_no = c.certificate_no;
    person.mobile = c.mobile;
    ++data.version;
    data.name = c.name_hash;
    data.more = c.more;
    data.certificate_until = c.certificate_until;
    data.changed_at = ctx.now;
  }
  for (const FundAccount& account : investor->fund_accounts) TellData(seq, account, true, ctx);
  application_ids_.Insert(key, data.version, content);
  return {.number = data.version};
}

void AccountMachine::TellData(uint64_t investor, const FundAccount& account, bool again, const Context& ctx) {
  const PersonData* data = person_data_.Find(investor);
  if (!data || account.state != FundAccountState::kOpen) return;
  const StandingKey key{investor, account.ta};
  if (const DataStanding* s = data_standings_.Find(key)) {
    if (s->pending != 0 || s->told >= data->version) return;
    if (s->refused_version == data->version && !again) return;
  } else if (data->version == 0) {
    return;
  }
  DataStanding& standing = data_standings_.Mutable(key);
  standing.pending = standing.last = Apply(investor, account.ta, kChange, ctx);
}

void AccountMachine::DataTold(uint64_t investor, const TaCode& ta, uint64_t application) {
  if (!person_data_.Find(investor)) return;
  const ApplicationNote* note = application_notes_.Find(application);
  DataStanding& s = data_standings_.Mutable({investor, ta});
  s.told = std::max(s.told, note ? note->version : 0);
  if (s.refused_version <= s.told) s.refused = ReturnCode();
}

void AccountMachine::DataAnswered(Application& application, uint64_t seq, const AccountAnswer& line,
                                  std::vector<FindingEntry>& findings) {
  if (line.business != kChange + kConfirmed)
    return Find(line, "BUSINESS_DIFFERS", "BusinessCode", StrCat(kChange + kConfirmed), StrCat(line.business), findings);
  if (application.state == ApplicationState::kAnswered) {
    if (application.return_code == line.return_code) return;  // the same again
    return Find(line, "ANSWERED_OTHERWISE", "ReturnCode", application.return_code.str(), line.return_code.str(), findings);
  }
  if (IsInterimCode(line.return_code)) return;
  application.state = ApplicationState::kAnswered;
  application.return_code = line.return_code;
  application.detail = line.detail;
  DataStanding& s = data_standings_.Mutable({application.investor, application.ta});
  if (s.pending == seq) s.pending = 0;
  if (IsConfirmed(line.return_code)) return DataTold(application.investor, application.ta, seq);
  const ApplicationNote* note = application_notes_.Find(seq);
  s.refused = line.return_code;
  s.refused_version = note ? note->version : 0;
  Find(line, "CHANGE_REFUSED", "ReturnCode", "0000", line.return_code.str(), findings);
}

void AccountMachine::DataChangedUnasked(const FundAccount& account, const AccountAnswer& line, const Hash256& certificate,
                                        std::vector<FindingEntry>& findings) {
  const uint64_t investor = SequenceOf(line.investor);
  if (certificate != Hash256() && certificate != persons_.Find(investor)->certificate) {
    return Find(line, "DATA_DIFFER", "CertificateNo", "the certificate that we have", "another", findings);
  }
  // It fits: the institution has, by itself, what we have.
  const PersonData* data = person_data_.Find(investor);
  if (!data) return;
  DataStanding& s = data_standings_.Mutable({investor, account.ta});
  s.told = data->version;
  s.refused = ReturnCode();
}

PersonVersion AccountMachine::PersonIn(uint64_t application, const Application& a) {
  const Person& person = *persons_.Find(a.investor);
  const PersonData* data = person_data_.Find(a.investor);
  const ApplicationNote* note = application_notes_.Find(application);
  const uint64_t version = note ? note->version : 0;
  if (data && version < data->version) {
    if (const PersonVersion* old = person_versions_.Find({a.investor, version})) return *old;
  }
  return {person.certificate_type, person.name, person.certificate_no, person.mobile, data ? data->more : Sealed()};
}

bool AccountMachine::CertificateExpired(InvestorId investor, Date day) {
  const PersonData* data = person_data_.Find(SequenceOf(investor));
  return data && data->certificate_until.is_set() && data->certificate_until < day;
}

}  // namespace fundcore::account
