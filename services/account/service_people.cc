// What apps call about an investor's data: changing them, and what institutions know of them.
//
// Personal data are joined and sealed here, on the partition's executor: a command holds them sealed, or as a fingerprint.
#include <algorithm>

#include "common/base/status.h"
#include "common/crypto/person.h"
#include "common/rpc/peers.h"
#include "services/account/service.h"

namespace fundcore::account {
namespace {

constexpr std::string_view kIndividuals = "0123456789ABC", kInstitutions = "0123456789A";
constexpr Duration kClaimDeadline = Duration::Seconds(5);

bool AllOf(std::string_view s, bool (*good)(char)) { return std::all_of(s.begin(), s.end(), good); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsPrintable(char c) { return c > ' ' && c < 0x7f; }
size_t Characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}
bool IsDay(int32_t day) { return day == 0 || Date::Parse(Date::FromRaw(day).Iso()).ok(); }

absl::Status CheckType(std::string_view field, const std::string& type, bool institution) {
  const std::string_view known = institution ? kInstitutions : kIndividuals;
  if (type.empty() || (type.size() == 1 && known.find(type) != known.npos)) return absl::OkStatus();
  return rpc::ErrorWithReason(
      absl::StatusCode::kInvalidArgument, "CERTIFICATE_TYPE_UNKNOWN",
      StrCat(field, " \"", type.substr(0, 4), "\" is no code of the standard; ",
             institution ? "institutions have 0 organisation code, 1 business licence, 2 administrative body, 3 social "
                           "organisation, 4 army, 5 armed police, 6 subordinate body, 7 foundation, 8 other, 9 registration "
                           "certificate, A approval document"
                         : "individuals have 0 identity card, 1 passport, 2 officer, 3 soldier, 4 Hong Kong and Macao permit, "
                           "5 household register, 6 foreign passport, 7 other, 8 civilian officer, 9 police officer, A Taiwan "
                           "permit, B permanent residence, C residence permit"),
      {{"field", field}, {"text_zh", "证件类型非法"}, {"return_code", "0108"}});
}

absl::Status CheckParty(std::string_view field, const v1::InvestorParty& p) {
  FC_RETURN_IF_ERROR(CheckType(StrCat(field, ".certificate_type"), p.certificate_type(), false));
  if (Characters(p.name()) > 10) return BadField(StrCat(field, ".name"), "", "must have at most 10 characters");
  if (p.certificate_no().size() > 30 || !AllOf(p.certificate_no(), IsPrintable))
    return BadField(StrCat(field, ".certificate_no"), "", "must have at most 30 printable characters without spaces");
  if (!IsDay(p.certificate_until())) return BadField(StrCat(field, ".certificate_until"), "", "must be a date as yyyymmdd");
  return absl::OkStatus();
}

bool Complete(const v1::InvestorParty& p) {
  return !p.name().empty() && !p.certificate_type().empty() && !p.certificate_no().empty();
}

// What stands in a Person itself is not kept twice.
std::string Rest(v1::InvestorData d) {
  d.clear_name();
  d.clear_certificate_type();
  d.clear_certificate_no();
  d.clear_mobile();
  return d.SerializeAsString();
}

// Fields that are set replace; a party as a whole.
void Join(const v1::InvestorData& asked, v1::InvestorData* known) {
  if (asked.has_agent()) known->clear_agent();
  if (asked.has_representative()) known->clear_representative();
  known->MergeFrom(asked);
}

}  // namespace

absl::Status CheckData(const v1::InvestorData& d, bool institution) {
  if (Characters(d.name()) > 60) return BadField("name", "", "must have at most 60 characters");
  FC_RETURN_IF_ERROR(CheckType("certificate_type", d.certificate_type(), institution));
  if (d.certificate_no().size() > 30 || !AllOf(d.certificate_no(), IsPrintable))
    return BadField("certificate_no", "", "must have at most 30 printable characters without spaces");
  if (!IsDay(d.certificate_until())) return BadField("certificate_until", StrCat(d.certificate_until()), "must be a date as yyyymmdd");
  if (!IsDay(d.birthday())) return BadField("birthday", "", "must be a date as yyyymmdd");
  if (d.mobile().size() > 24 || !AllOf(d.mobile(), IsPrintable))
    return BadField("mobile", "", "must have at most 24 printable characters");
  if (Characters(d.address()) > 40) return BadField("address", "", "must have at most 40 characters");
  if (!d.post_code().empty() && (d.post_code().size() != 6 || !AllOf(d.post_code(), IsDigit)))
    return BadField("post_code", "", "must have 6 digits");
  if (d.email().size() > 40 || !AllOf(d.email(), IsPrintable))
    return BadField("email", "", "must have at most 40 printable characters");
  if (d.telephone().size() > 22 || !AllOf(d.telephone(), IsPrintable))
    return BadField("telephone", "", "must have at most 22 printable characters");
  if (!d.sex().empty() && d.sex() != "1" && d.sex() != "2") return BadField("sex", d.sex(), "must be 1 (male) or 2 (female)");
  if (d.nationality().size() > 3 || !AllOf(d.nationality(), IsPrintable))
    return BadField("nationality", d.nationality(), "must have three characters, such as 156");
  if (d.vocation().size() > 3 || !AllOf(d.vocation(), IsPrintable))
    return BadField("vocation", "", "must be a code of the standard");
  if (d.institution_type().size() > 1 || !AllOf(d.institution_type(), IsPrintable))
    return BadField("institution_type", d.institution_type(), "must be a code of the standard");
  if (d.product_code().size() > 30 || !AllOf(d.product_code(), IsPrintable))
    return BadField("product_code", "", "must have at most 30 printable characters");
  if (d.minor() && !Complete(d.agent()))
    return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "GUARDIAN_MISSING",
                                "a minor needs the guardian as agent, with name and certificate",
                                {{"text_zh", "未成年人须填写监护人姓名和证件"}, {"return_code", "0111"}});
  if ((d.minor() && institution) || (!d.product_code().empty() && !institution))
    return BadField(d.minor() ? "minor" : "product_code", "",
                    "does not fit: a minor is an individual, a product is kept as an institution");
  FC_RETURN_IF_ERROR(CheckParty("agent", d.agent()));
  return CheckParty("representative", d.representative());
}

absl::StatusOr<account::ChangeInvestor> AccountServiceImpl::Changed(Partition& part, InvestorId investor,
                                                                    const v1::InvestorData& asked) {
  AccountMachine& m = part.machine();
  const Person& person = *m.FindPerson(investor);
  const bool institution = m.FindInvestor(investor)->institution;
  const PersonData* data = m.FindPersonData(SequenceOf(investor));
  v1::InvestorData known;
  if (data && !data->more.bytes.empty()) {
    FC_ASSIGN_OR_RETURN(const std::string more, deps_.vault->Open(data->more, kMoreContext));
    if (!known.ParseFromString(more)) return absl::DataLossError("the sealed data of an investor do not parse");
  }
  FC_ASSIGN_OR_RETURN(*known.mutable_name(), deps_.vault->Open(person.name, kNameContext));
  FC_ASSIGN_OR_RETURN(*known.mutable_certificate_no(), deps_.vault->Open(person.certificate_no, kCertificateContext));
  FC_ASSIGN_OR_RETURN(*known.mutable_mobile(), deps_.vault->Open(person.mobile, kMobileContext));
  known.set_certificate_type(person.certificate_type);
  v1::InvestorData joined = known;
  Join(asked, &joined);
  joined.set_certificate_no(CertificateNumber(joined.certificate_no()));
  // A new certificate has a last day of its own.
  const bool other = joined.certificate_type() != known.certificate_type() || joined.certificate_no() != known.certificate_no();
  if (other && asked.certificate_until() == 0) joined.clear_certificate_until();
  FC_RETURN_IF_ERROR(CheckData(joined, institution));
  account::ChangeInvestor c;
  c.investor = investor;
  c.base = data ? data->version : 0;
  c.same = joined.SerializeAsString() == known.SerializeAsString();
  c.certificate = FingerprintOfPerson(*deps_.vault, joined.certificate_type(), joined.certificate_no());
  c.certificate_type = joined.certificate_type();
  Executor* e = part.executor();
  c.name = deps_.vault->Seal(joined.name(), Nonce(e), kNameContext);
  c.certificate_no = deps_.vault->Seal(joined.certificate_no(), Nonce(e), kCertificateContext);
  c.mobile = deps_.vault->Seal(joined.mobile(), Nonce(e), kMobileContext);
  c.more = deps_.vault->Seal(Rest(joined), Nonce(e), kMoreContext);
  c.name_hash = deps_.vault->Fingerprint("name", joined.name());
  c.content = deps_.vault->Fingerprint("change of data", asked.SerializeAsString());
  c.certificate_until = Date::FromRaw(joined.certificate_until());
  return c;
}

void AccountServiceImpl::ChangeInvestor(const rpc::Call& call, const v1::ChangeInvestorRequest& request,
                                        v1::ChangeInvestorResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  if (request.request_id().empty() || request.request_id().size() > RequestId::kMax || !AllOf(request.request_id(), IsPrintable))
    return reply(BadField("request_id", "", "must have 1 to 64 printable characters without spaces"));
  const InvestorId investor(request.investor_id());
  host_.On(PartitionOf(investor), [this, caller = call.caller, &request, investor, response,
                                   reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    const Investor* known = part.machine().FindInvestor(investor);
    if (!known) return reply(RefusalStatus(Reason::kInvestorNotFound, StrCat("investor ", investor.raw())));
    auto change = Changed(part, investor, request.data());
    if (!change.ok()) return reply(change.status());
    change->caller = caller;
    change->request = RequestId(request.request_id());
    const auto submit = [this, &part, response, investor](const account::ChangeInvestor& c, rpc::Reply reply) {
      host_.Submit(part.id().partition, c, [&part, response, investor, reply = std::move(reply)](const Result& r) mutable {
        if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, StrCat("investor ", investor.raw())));
        response->set_version(r.number);
        response->set_existed(r.repeated);
        for (const FundAccount& a : part.machine().FindInvestor(investor)->fund_accounts)
          FillFundAccount(part.machine(), investor, a, response->add_fund_accounts());
        reply(absl::OkStatus());
      });
    };
    if (change->certificate == part.machine().FindPerson(investor)->certificate || known->closed)
      return submit(*change, std::move(reply));
    // Whoever opens with the new certificate must find this investor: its partition hears of it first.
    v1::ClaimCertificateRequest claim;
    claim.set_partition(PartitionOfPerson(change->certificate, deps_.partitions).raw());
    const auto& raw = change->certificate.raw();
    claim.set_certificate(std::string(reinterpret_cast<const char*>(raw.data()), raw.size()));
    claim.set_investor_id(investor.raw());
    rpc::CallPeer<v1::ClaimCertificateResponse>(
        deps_.peers, "fundcore.account.v1.AccountOps/ClaimCertificate", claim, kClaimDeadline, part.executor(),
        [submit, c = *std::move(change), reply = std::move(reply)](absl::Status s,
                                                                   std::unique_ptr<v1::ClaimCertificateResponse>) mutable {
          if (!s.ok()) return reply(std::move(s));
          submit(c, std::move(reply));
        });
  });
}

void AccountServiceImpl::ClaimCertificate(const v1::ClaimCertificateRequest& request, v1::ClaimCertificateResponse*,
                                          rpc::Reply reply) {
  if (request.partition() >= deps_.partitions || request.certificate().size() != 32 || request.investor_id() == 0)
    return reply(BadField("partition", StrCat(request.partition()), "or certificate or investor_id is none"));
  account::ClaimCertificate c;
  Hash256::Raw raw;
  std::copy(request.certificate().begin(), request.certificate().end(), raw.begin());
  c.certificate = Hash256::FromRaw(raw);
  c.investor = InvestorId(request.investor_id());
  host_.On(PartitionId(static_cast<uint16_t>(request.partition())), [this, c, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    host_.Submit(part.id().partition, c, [c, reply = std::move(reply)](const Result& r) mutable {
      if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, StrCat("investor ", c.investor.raw())));
      reply(absl::OkStatus());
    });
  });
}

absl::Status AccountServiceImpl::FillData(AccountMachine& machine, uint64_t seq, const Application& a,
                                          v1::AccountApplication* out) {
  const PersonVersion person = machine.PersonIn(seq, a);
  FC_ASSIGN_OR_RETURN(*out->mutable_name(), deps_.vault->Open(person.name, kNameContext));
  FC_ASSIGN_OR_RETURN(*out->mutable_certificate_no(), deps_.vault->Open(person.certificate_no, kCertificateContext));
  FC_ASSIGN_OR_RETURN(*out->mutable_mobile(), deps_.vault->Open(person.mobile, kMobileContext));
  out->set_certificate_type(person.certificate_type);
  if (const CardRecord* card = machine.FindCard(a.investor, machine.CardIn(seq, a))) {
    FC_ASSIGN_OR_RETURN(*out->mutable_bank_account(), deps_.vault->Open(card->number, kCardContext));
    out->set_bank_code(card->bank_code);
  }
  if (person.more.bytes.empty()) return absl::OkStatus();
  FC_ASSIGN_OR_RETURN(const std::string more, deps_.vault->Open(person.more, kMoreContext));
  if (!out->mutable_data()->ParseFromString(more)) return absl::DataLossError("the sealed data of an investor do not parse");
  return absl::OkStatus();
}

void AccountServiceImpl::FillDataState(AccountMachine& machine, PartitionId partition, InvestorId investor,
                                       const FundAccount& account, v1::FundAccount* out) {
  const PersonData* data = machine.FindPersonData(SequenceOf(investor));
  if (!data || data->version == 0 || account.state == FundAccountState::kClosed || account.state == FundAccountState::kEnded)
    return;
  const DataStanding* s = machine.FindDataStanding(SequenceOf(investor), account.ta);
  const DataStanding none{};
  if (!s) s = &none;
  out->set_data_state(s->pending != 0                                                ? "SENT"
                      : s->told >= data->version                                     ? "TOLD"
                      : !s->refused.empty() && s->refused_version == data->version ? "REFUSED"
                                                                                     : "OWED");
  if (!s->refused.empty()) out->set_data_return_code(s->refused.str());
  if (s->last != 0) out->set_data_application(MakeApplicationId(partition, s->last).raw());
}

}  // namespace fundcore::account
