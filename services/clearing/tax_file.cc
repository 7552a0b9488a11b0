// Writing lines of R1, and reading them again.
#include "services/clearing/tax_file.h"

#include "common/base/status.h"
#include "common/ofd/reader.h"

namespace fundcore::clearing {

namespace {

using account::v1::TaxCountry;
using account::v1::TaxHolder;

void SetIfSaid(ofd::Writer& writer, std::string_view field, std::string_view value) {
  const ofd::Column c = writer.Find(field);
  if (!value.empty() && c.present()) writer.SetText(c, value);
}

std::string Compact(int32_t day) { return day == 0 ? "" : Date::FromRaw(day).Compact(); }

TaxCountry OneOf(const TaxHolder& h) { return h.countries_size() > 0 ? h.countries(0) : TaxCountry(); }

uint64_t TextHash(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325ull;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return h;
}

}  // namespace

TaxFile::TaxFile(const OutHead& head, uint64_t count)
    : head_(head), name_(head.FileName("R1")), count_(count), writer_(name_, &bytes_, head.writer_options()) {}

absl::Status TaxFile::Begin() { return writer_.Begin(head_.Header("R1"), count_); }

void TaxFile::SetHolder(const TaxHolder& h) {
  SetIfSaid(writer_, "NonResiFlag", h.residency());
  SetIfSaid(writer_, "ChineseName", h.chinese_name());
  SetIfSaid(writer_, "EnglishFamliyName2", h.family_name());
  SetIfSaid(writer_, "EnglishFirstName2", h.first_name());
  SetIfSaid(writer_, "LivingCountry", h.living_country());
  SetIfSaid(writer_, "LivingAddress", h.living_address());
  SetIfSaid(writer_, "BirthDate", Compact(h.birth_date()));
  SetIfSaid(writer_, "BirthCountry", h.birth_country());
  SetIfSaid(writer_, "BirthCity", h.birth_city());
  const TaxCountry c = OneOf(h);
  SetIfSaid(writer_, "TaxCountry", c.country());
  SetIfSaid(writer_, "TaxID", c.tin());
  SetIfSaid(writer_, "Specification", c.no_tin_reason());
}

void TaxFile::SetController(const TaxHolder& h) {
  SetIfSaid(writer_, "ConNonResiFlag", h.residency());
  SetIfSaid(writer_, "ControllerType", h.controller_type());
  SetIfSaid(writer_, "ChineseName2", h.chinese_name());
  SetIfSaid(writer_, "EnglishFamliyName3", h.family_name());
  SetIfSaid(writer_, "EnglishFirstName3", h.first_name());
  SetIfSaid(writer_, "LivingCountry2", h.living_country());
  SetIfSaid(writer_, "LivingAddress5", h.living_address());
  SetIfSaid(writer_, "BirthDate2", Compact(h.birth_date()));
  SetIfSaid(writer_, "BirthCountry2", h.birth_country());
  SetIfSaid(writer_, "BirthCity2", h.birth_city());
  const ofd::Column share = writer_.Find("ConShareRatio");
  if (share.present()) writer_.SetNumber(share, h.share_e4());
  const TaxCountry c = OneOf(h);
  SetIfSaid(writer_, "TaxCountry2", c.country());
  SetIfSaid(writer_, "TaxID2", c.tin());
  SetIfSaid(writer_, "Specification2", c.no_tin_reason());
}

absl::Status TaxFile::Add(const account::v1::AccountApplication& a) {
  const account::v1::TaxLine& t = a.tax();
  const auto text = [&](std::string_view field, std::string_view value) { writer_.SetText(writer_.Find(field), value); };
  const std::string serial = FormatOrderId(OrderId(a.application_id()));
  text("AppSheetSerialNo", serial);
  writer_.SetDate(writer_.Find("TransactionDate"), head_.day);
  text("TransactionTime", TimePoint::FromRaw(a.applied_at_us()).time_of_day().Compact());
  text("DistributorCode", head_.distributor.view());
  text("TAAccountID", a.ta_account());
  text("IndividualOrInstitution", a.institution() ? "0" : "1");
  if (t.original_application_id() != 0) {
    text("OriginalAppSheetNo", FormatOrderId(OrderId(t.original_application_id())));
    text("OriginalAppDate", Compact(t.original_day()));
  }
  SetIfSaid(writer_, "SurveyMethod", t.existing_account() ? "1" : "0");
  SetIfSaid(writer_, "GetInvestCerFlag", t.holder().residency() == "3" ? "0" : "1");
  SetHolder(t.holder());
  SetIfSaid(writer_, "EnglishName", t.english_name());
  if (a.institution()) {
    SetIfSaid(writer_, "PassiveNonFinFlag", t.entity_kind());
    SetIfSaid(writer_, "HaveNonResConFlag", t.controlled_abroad() ? "1" : "0");
  }
  if (t.has_controller()) SetController(t.controller());
  text("AddFlag", t.add() ? "1" : "0");
  FC_RETURN_IF_ERROR(writer_.EndRecord());
  hash_.Add(a.application_id(), TextHash(StrCat(OneOf(t.holder()).country(), "|", OneOf(t.holder()).tin())), t.add() ? 1 : 0,
            static_cast<int64_t>(TextHash(StrCat(OneOf(t.controller()).country(), "|", OneOf(t.controller()).tin())) >> 1),
            t.controller().share_e4());
  return absl::OkStatus();
}

absl::StatusOr<TaxFile::Read> TaxFile::ReadBack() const {
  FC_ASSIGN_OR_RETURN(ofd::Reader reader, ofd::Reader::Open(name_, bytes_, head_.reader_options()));
  const auto find = [&](std::string_view field) { return reader.Find(field); };
  const ofd::Column serial = find("AppSheetSerialNo"), add = find("AddFlag"), country = find("TaxCountry"), tin = find("TaxID"),
                    country2 = find("TaxCountry2"), tin2 = find("TaxID2"), share = find("ConShareRatio");
  Read out;
  LineHash hash;
  for (ofd::RecordView r; reader.Next(&r);) {
    OrderId id;
    const auto part = r.NumberOr(share, 0);
    if (!ParseOrderId(r.Text(serial), &id) || !part.ok())
      return absl::DataLossError(StrCat("line ", r.line(), " of ", name_, " does not read as it was written"));
    ++out.records;
    hash.Add(id.raw(), TextHash(StrCat(r.Text(country), "|", r.Text(tin))), r.Text(add) == "1" ? 1 : 0,
             static_cast<int64_t>(TextHash(StrCat(r.Text(country2), "|", r.Text(tin2))) >> 1), *part);
  }
  FC_RETURN_IF_ERROR(reader.status());
  out.hash = hash.value();
  return out;
}

}  // namespace fundcore::clearing
