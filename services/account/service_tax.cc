// What apps call about tax residency: a declaration recorded, and what became of it.
//
// A declaration is checked here as a whole and sealed; the machine sees its fingerprint, its day and how many lines it has.
#include <algorithm>
#include <set>

#include "common/base/status.h"
#include "common/rpc/operators.h"
#include "services/account/service.h"

namespace fundcore::account {
namespace {

constexpr size_t kMostCountries = 10, kMostControllers = 20;
constexpr std::string_view kChina = "CHN";

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsPrintable(char c) { return c > ' ' && c < 0x7f; }
bool AllOf(std::string_view s, bool (*good)(char)) { return std::all_of(s.begin(), s.end(), good); }
bool IsCountry(std::string_view s) { return s.size() == 3 && AllOf(s, IsUpper); }
bool IsDay(int32_t day) { return day != 0 && Date::Parse(Date::FromRaw(day).Iso()).ok(); }

absl::Status Wrong(std::string_view reason, std::string_view field, std::string_view text, std::string_view text_zh) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, reason, StrCat(field, ": ", text),
                              {{"field", field}, {"text_zh", text_zh}});
}

bool PaysAbroad(const v1::TaxHolder& h) { return h.residency() == "1" || h.residency() == "2"; }

absl::Status CheckCountries(const std::string& field, const v1::TaxHolder& h) {
  std::set<std::string> seen;
  bool china = false, abroad = false;
  for (const v1::TaxCountry& c : h.countries()) {
    if (!IsCountry(c.country()))
      return Wrong("TAX_COUNTRY_UNKNOWN", StrCat(field, ".country"), "must have the three capital letters of ISO 3166, such as USA",
                   "税收居民国（地区）代码须为三位大写字母");
    if (!seen.insert(c.country()).second)
      return Wrong("TAX_COUNTRY_TWICE", StrCat(field, ".country"), StrCat(c.country(), " is named twice"), "税收居民国（地区）重复");
    (c.country() == kChina ? china : abroad) = true;
    if (c.tin().size() > 60 || !AllOf(c.tin(), IsPrintable))
      return BadField(StrCat(field, ".tin"), "", "must have at most 60 printable characters without spaces");
    if (c.no_tin_reason().size() > 60) return BadField(StrCat(field, ".no_tin_reason"), "", "must have at most 60 bytes");
    if (c.country() != kChina && c.tin().empty() && c.no_tin_reason().empty())
      return Wrong("TIN_MISSING", StrCat(field, ".tin"), StrCat("the number in ", c.country(), ", or why there is none, is needed"),
                   "须填写纳税人识别号或未取得的原因");
    if (!c.tin().empty() && !c.no_tin_reason().empty())
      return Wrong("TIN_AND_REASON", StrCat(field, ".tin"), "a number, or why there is none; not both",
                   "纳税人识别号与未取得原因不能同时填写");
  }
  if ((PaysAbroad(h) && !abroad) || (h.residency() == "2" && !china))
    return Wrong("TAX_COUNTRY_MISSING", StrCat(field, ".countries"),
                 "who pays taxes elsewhere names each country; who does so in China, too, names CHN beside them",
                 "非居民须填写全部税收居民国（地区）");
  if ((!PaysAbroad(h) && abroad) || (h.residency() == "1" && china) || (h.residency() == "3" && h.countries_size() > 0))
    return Wrong("TAX_COUNTRY_CONTRADICTS", StrCat(field, ".countries"), "these countries do not fit the residency that is declared",
                 "税收居民国（地区）与居民身份声明不符");
  return absl::OkStatus();
}

absl::Status CheckHolder(const std::string& field, const v1::TaxHolder& h, bool person) {
  if (h.residency().size() != 1 || std::string_view("0123").find(h.residency()) == std::string_view::npos)
    return Wrong("TAX_RESIDENCY_UNKNOWN", StrCat(field, ".residency"),
                 "must be 0 (China only), 1 (elsewhere only), 2 (both) or 3 (does not say)", "居民身份声明代码非法");
  if (h.countries_size() > static_cast<int>(kMostCountries))
    return BadField(StrCat(field, ".countries"), "", StrCat("must be at most ", kMostCountries));
  if (h.chinese_name().size() > 100 || h.family_name().size() > 100 || h.first_name().size() > 100)
    return BadField(StrCat(field, ".name"), "", "must have at most 100 bytes each");
  if (h.living_address().size() > 300) return BadField(StrCat(field, ".living_address"), "", "must have at most 300 bytes");
  if (h.birth_city().size() > 100) return BadField(StrCat(field, ".birth_city"), "", "must have at most 100 bytes");
  for (const std::string* country : {&h.living_country(), &h.birth_country()})
    if (!country->empty() && !IsCountry(*country)) return BadField(StrCat(field, ".country"), *country, "must have three capital letters");
  if (h.birth_date() != 0 && !IsDay(h.birth_date())) return BadField(StrCat(field, ".birth_date"), "", "must be a date as yyyymmdd");
  FC_RETURN_IF_ERROR(CheckCountries(field, h));
  if (!PaysAbroad(h) || !person) return absl::OkStatus();
  if (h.family_name().empty() || h.first_name().empty())
    return Wrong("TAX_NAME_MISSING", StrCat(field, ".family_name"), "who pays taxes elsewhere is named as in the passport",
                 "非居民须填写英文（拼音）姓名");
  if (h.living_country().empty() || h.living_address().empty())
    return Wrong("TAX_ADDRESS_MISSING", StrCat(field, ".living_address"), "who pays taxes elsewhere says where they live",
                 "非居民须填写现居地址");
  if (h.birth_date() == 0 || h.birth_country().empty())
    return Wrong("TAX_BIRTH_MISSING", StrCat(field, ".birth_date"), "who pays taxes elsewhere says when and where they were born",
                 "非居民须填写出生日期和出生地");
  return absl::OkStatus();
}

// All but the last four characters starred, and everything of a short one.
std::string MaskNumber(std::string_view number) {
  if (number.size() <= 4) return std::string(number.size(), '*');
  return std::string(number.size() - 4, '*') + std::string(number.substr(number.size() - 4));
}

void Mask(v1::TaxHolder* h) {
  for (v1::TaxCountry& c : *h->mutable_countries()) c.set_tin(MaskNumber(c.tin()));
  for (std::string* text : {h->mutable_chinese_name(), h->mutable_family_name(), h->mutable_first_name(),
                            h->mutable_living_address(), h->mutable_birth_city()})
    if (!text->empty()) *text = "***";
  h->set_birth_date(0);
}

// One line a country, and one for a holder without any.
void AddLines(const v1::TaxHolder& about, const v1::TaxLine& base, bool controller, std::vector<v1::TaxLine>* out) {
  for (int i = 0; i < std::max(1, about.countries_size()); ++i) {
    v1::TaxLine line = base;
    v1::TaxHolder* one = controller ? line.mutable_controller() : line.mutable_holder();
    *one = about;
    one->clear_countries();
    if (i < about.countries_size()) *one->add_countries() = about.countries(i);
    out->push_back(std::move(line));
  }
}

}  // namespace

absl::Status CheckTax(const v1::TaxDeclaration& d, bool institution, Date today) {
  if (!IsDay(d.declared_on())) return BadField("declared_on", StrCat(d.declared_on()), "must be a date as yyyymmdd");
  if (Date::FromRaw(d.declared_on()) > today)
    return Wrong("TAX_DATE_IN_FUTURE", "declared_on", "nobody has signed tomorrow; name the day of the signature", "声明日期不能晚于当日");
  if (d.english_name().size() > 200) return BadField("english_name", "", "must have at most 200 bytes");
  FC_RETURN_IF_ERROR(CheckHolder("holder", d.holder(), !institution));
  if (!institution) {
    if (!d.entity_kind().empty() || d.controllers_size() > 0)
      return Wrong("CONTROLLERS_NOT_EXPECTED", "controllers", "an individual has no entity kind and no controlling persons",
                   "个人投资人无需填写机构类别和控制人");
    return absl::OkStatus();
  }
  if (d.entity_kind().size() != 1 || std::string_view("123").find(d.entity_kind()) == std::string_view::npos)
    return Wrong("TAX_ENTITY_KIND_MISSING", "entity_kind", "must be 1 (passive, resident), 2 (passive, non-resident) or 3 (other)",
                 "机构须填写是否为消极非金融机构");
  const bool passive = d.entity_kind() != "3";
  if (PaysAbroad(d.holder()) && d.english_name().empty())
    return Wrong("TAX_NAME_MISSING", "english_name", "an institution that pays taxes elsewhere has its English name here",
                 "非居民机构须填写英文名称");
  if (passive && d.controllers_size() == 0)
    return Wrong("CONTROLLERS_MISSING", "controllers", "a passive entity names who controls it", "消极非金融机构须填写控制人");
  if (!passive && d.controllers_size() > 0)
    return Wrong("CONTROLLERS_NOT_EXPECTED", "controllers", "only a passive entity names who controls it",
                 "非消极非金融机构无需填写控制人");
  if (d.controllers_size() > static_cast<int>(kMostControllers))
    return BadField("controllers", StrCat(d.controllers_size()), StrCat("must be at most ", kMostControllers));
  for (int i = 0; i < d.controllers_size(); ++i) {
    const v1::TaxHolder& c = d.controllers(i);
    const std::string field = StrCat("controllers[", i, "]");
    const bool known = c.controller_type().size() == 3 && c.controller_type() >= "001" && c.controller_type() <= "013";
    if (!known)
      return Wrong("CONTROLLER_TYPE_UNKNOWN", StrCat(field, ".controller_type"), "must be a code of the standard, 001 to 013",
                   "控制人类型代码非法");
    if (c.share_e4() < 0 || c.share_e4() > 10'000)
      return BadField(StrCat(field, ".share_e4"), StrCat(c.share_e4()), "must be from 0 to 10000");
    if (c.chinese_name().empty() && c.family_name().empty())
      return Wrong("TAX_NAME_MISSING", StrCat(field, ".chinese_name"), "a controlling person has a name", "控制人姓名不能为空");
    FC_RETURN_IF_ERROR(CheckHolder(field, c, true));
  }
  return absl::OkStatus();
}

std::vector<v1::TaxLine> TaxLinesOf(const v1::TaxDeclaration& d) {
  v1::TaxLine base;
  base.set_add(true);
  base.set_existing_account(d.existing_account());
  base.set_english_name(d.english_name());
  base.set_entity_kind(d.entity_kind());
  base.set_controlled_abroad(std::any_of(d.controllers().begin(), d.controllers().end(), PaysAbroad));
  std::vector<v1::TaxLine> out;
  AddLines(d.holder(), base, false, &out);
  base = out.front();
  for (const v1::TaxHolder& c : d.controllers()) AddLines(c, base, true, &out);
  return out;
}

absl::Status AccountServiceImpl::FillTaxLine(AccountMachine& m, const Application& a, v1::TaxLine* out) {
  const TaxLineRef ref = TaxLineRef::Parse(a.cause);
  const account::TaxVersion* version = m.FindTaxVersion(a.investor, ref.version);
  FC_CHECK(version, "an application says a declaration that is not there");
  FC_ASSIGN_OR_RETURN(const std::string body, deps_.vault->Open(version->body, kTaxContext));
  v1::TaxDeclaration declaration;
  if (!declaration.ParseFromString(body)) return absl::DataLossError("the sealed declaration of an investor does not parse");
  std::vector<v1::TaxLine> lines = TaxLinesOf(declaration);
  if (ref.line >= lines.size()) return absl::DataLossError(StrCat("a declaration has no line ", ref.line));
  *out = std::move(lines[ref.line]);
  if (ref.add) return absl::OkStatus();
  out->set_add(false);
  out->set_original_application_id(MakeApplicationId(m.partition(), ref.original).raw());
  out->set_original_day(m.FindApplication(ref.original)->day.raw());
  return absl::OkStatus();
}

absl::Status AccountServiceImpl::FillTax(AccountMachine& m, InvestorId investor, v1::TaxResidency* out) {
  const uint64_t seq = SequenceOf(investor);
  const uint64_t version = m.TaxNumber(seq);
  out->set_version(version);
  if (version == 0) return absl::OkStatus();
  FC_ASSIGN_OR_RETURN(const std::string body, deps_.vault->Open(m.FindTaxVersion(seq, version)->body, kTaxContext));
  if (!out->mutable_declaration()->ParseFromString(body))
    return absl::DataLossError("the sealed declaration of an investor does not parse");
  Mask(out->mutable_declaration()->mutable_holder());
  for (v1::TaxHolder& c : *out->mutable_declaration()->mutable_controllers()) Mask(&c);
  for (uint64_t v = version; v != 0; --v) {
    const account::TaxVersion& known = *m.FindTaxVersion(seq, v);
    v1::TaxVersion* row = out->add_versions();
    row->set_version(v);
    row->set_declared_on(known.declared_on.raw());
    row->set_recorded_at_us(known.recorded_at.raw());
    row->set_caller(known.caller.str());
    row->set_person(known.person);
    row->set_lines(known.lines);
  }
  for (const FundAccount& account : m.FindInvestor(investor)->fund_accounts) {
    const TaxStanding* s = m.FindTaxStanding(seq, account.ta);
    const TaxStanding none{};
    if (!s) s = &none;
    v1::TaxAtInstitution* at = out->add_institutions();
    at->set_ta_code(account.ta.str());
    at->set_state(s->pending != 0                        ? "SENT"
                  : s->told >= version                   ? "TOLD"
                  : s->refused_version == version        ? "REFUSED"
                                                         : "OWED");
    at->set_told_version(s->told);
    at->set_return_code(s->refused.str());
    for (const uint64_t line : s->lines) at->add_applications(MakeApplicationId(m.partition(), line).raw());
  }
  return absl::OkStatus();
}

void AccountServiceImpl::DeclareTax(const rpc::Call& call, const v1::DeclareTaxRequest& request, v1::TaxResidency* response,
                                    rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  if (request.request_id().empty() || request.request_id().size() > RequestId::kMax || !AllOf(request.request_id(), IsPrintable))
    return reply(BadField("request_id", "", "must have 1 to 64 printable characters without spaces"));
  if (request.person().size() > 64) return reply(BadField("person", "", "must have at most 64 bytes"));
  if (!request.person().empty() && !rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
  const InvestorId investor(request.investor_id());
  host_.On(PartitionOf(investor), [this, caller = call.caller, &request, response, investor,
                                   reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    const Investor* known = part.machine().FindInvestor(investor);
    if (!known) return reply(RefusalStatus(Reason::kInvestorNotFound, StrCat("investor ", investor.raw())));
    const v1::TaxDeclaration& d = request.declaration();
    if (absl::Status s = CheckTax(d, known->institution, part.executor()->Now().date()); !s.ok()) return reply(std::move(s));
    const std::string body = d.SerializeAsString();
    account::DeclareTax c;
    c.caller = caller;
    c.request = RequestId(request.request_id());
    c.investor = investor;
    c.body = deps_.vault->Seal(body, Nonce(part.executor()), kTaxContext);
    c.content = deps_.vault->Fingerprint("tax residency", body);
    c.lines = static_cast<uint32_t>(TaxLinesOf(d).size());
    c.declared_on = Date::FromRaw(d.declared_on());
    c.person = request.person();
    host_.Submit(PartitionOf(investor), c,
                 [this, &part, response, investor, reply = std::move(reply)](const Result& r) mutable {
                   if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, StrCat("investor ", investor.raw())));
                   response->set_existed(r.repeated);
                   reply(FillTax(part.machine(), investor, response));
                 });
  });
}

void AccountServiceImpl::GetTaxResidency(const v1::GetTaxResidencyRequest& request, v1::TaxResidency* response,
                                         rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  const InvestorId investor(request.investor_id());
  host_.On(PartitionOf(investor), [this, investor, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    if (!part.machine().FindInvestor(investor))
      return reply(RefusalStatus(Reason::kInvestorNotFound, StrCat("investor ", investor.raw())));
    reply(FillTax(part.machine(), investor, response));
  });
}

}  // namespace fundcore::account
