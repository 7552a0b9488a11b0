// fundctl orders answer: the 04 files that answer a sub-distributor's 03, from what became of its orders.
//
// Every record of the 03 gives one record of a 04: its own fields again, and what the transfer agent confirmed or why there
// is no order. One file a confirmation day, each with its index. The bytes follow from the 03 and the orders alone, so
// asking again gives the same files.
#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/ofd/business_code.h"
#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"
#include "common/ofd/reader.h"
#include "common/ofd/text.h"
#include "common/ofd/writer.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tools/fundctl/commands.h"
#include "tools/fundctl/order_market.h"
#include "tools/ofd/source.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = trade::v1;
constexpr size_t kOrdersACall = 2'000;
constexpr size_t kShownOpen = 100;

// What is said of one line, once it is final.
struct Verdict {
  Date day;
  std::string return_code;
  uint32_t business = 0;
  std::string ta_account, ta_serial, detail;
  Money amount, fee;
  Units units;
  Nav nav;
  // Of a conversion: what entered.
  bool converts = false;
  Units target_units;
  Nav target_nav;
  Money difference_fee;
};

uint32_t ConfirmationOf(uint32_t business) {
  const auto known = ofd::ConfirmationsOf(static_cast<ofd::BusinessCode>(business));
  return known.empty() ? business + 100 : static_cast<uint32_t>(known.front());
}

// The file's own name for an answer of ours, which no transfer agent has numbered: unlike any of theirs by its first letter.
std::string OurSerial(const OrderLine& line, const ofd::Header& header) {
  return absl::StrFormat("N%s%03d%08d", header.date.Compact(), header.transfer_no.raw(), line.line % 100'000'000);
}

Verdict Refused(const OrderLine& line, const ofd::Header& header, Date day, std::string_view reason) {
  Verdict v;
  v.day = day;
  v.return_code = std::string(ReturnCodeOf(reason));
  v.business = ConfirmationOf(line.business);
  v.ta_serial = OurSerial(line, header);
  v.detail = std::string(reason);
  return v;
}

Verdict Answered(const v1::Order& o, const OrderLine& line, const ofd::Header& header, Date refusal_day) {
  Verdict v;
  v.day = o.confirm_day() != 0 ? Date::FromRaw(o.confirm_day()) : refusal_day;
  v.return_code = o.return_code();
  // An offer that failed is confirmed with success to us; to whoever applied it is a refusal.
  if (o.state() == v1::REFUSED && !ofd::IsRefusal(v.return_code)) v.return_code = ReturnCodeOf(o.reason());
  v.business = o.confirmed_business() != 0 ? o.confirmed_business() : ConfirmationOf(line.business);
  v.ta_account = o.ta_account();
  v.ta_serial = o.ta_serial().empty() ? OurSerial(line, header) : o.ta_serial();
  v.detail = o.return_detail();
  v.amount = Money::FromRaw(o.confirmed_amount_fen());
  v.units = Units::FromRaw(o.confirmed_units_e2());
  v.fee = Money::FromRaw(o.fee_fen());
  v.nav = Nav::FromRaw(o.nav_e8());
  if (line.business == 36) {  // however the institution has put it, in one line or in two
    v.business = ConfirmationOf(36);
    v.converts = true;
    v.target_units = Units::FromRaw(o.target_units_e2());
    v.target_nav = Nav::FromRaw(o.target_nav_e8());
    v.difference_fee = Money::FromRaw(o.difference_fee_fen());
  }
  return v;
}

// Nothing while the order may still become something else; `why` says what it waits for.
std::optional<Verdict> VerdictOf(const v1::Order& o, const OrderLine& line, const ofd::Header& header, Date refusal_day,
                                 std::string* why) {
  if (o.order_id() == 0) {
    if (line.fault.outcome != Outcome::kNone) return Refused(line, header, refusal_day, line.fault.reason);
    *why = "was not imported; run fundctl orders import first";
    return std::nullopt;
  }
  const std::string_view digest(reinterpret_cast<const char*>(line.digest.raw().data()), line.digest.raw().size());
  if (o.origin().digest() != digest) return Refused(line, header, refusal_day, "REQUEST_ID_REUSED");
  switch (o.state()) {
    case v1::CONFIRMED:
    case v1::SETTLED:
    case v1::REFUSED: return Answered(o, line, header, refusal_day);
    case v1::REJECTED: return Refused(line, header, refusal_day, o.reason());
    case v1::CANCELLED: return Refused(line, header, refusal_day, "CANCELLED");
    default: *why = StrCat("order ", FormatOrderId(OrderId(o.order_id())), " is ", v1::OrderState_Name(o.state())); return std::nullopt;
  }
}

// --- Writing
// ---------------------------------------------------------------------------------------------------------

// An exact figure in a field's own scale; what the field has no places for is rounded, and told by `rounded`.
int64_t InScale(int64_t value, int from, int to, bool* rounded) {
  for (int d = from; d < to; ++d) value = MulDiv(value, 10, 1, Rounding::kTruncate);
  if (from <= to) return value;
  int64_t divisor = 1;
  for (int d = to; d < from; ++d) divisor *= 10;
  *rounded |= value % divisor != 0;
  return MulDiv(value, 1, divisor, Rounding::kHalfUp);
}

// As much of a text as a field holds, whole characters.
std::string Fitted(std::string_view text, size_t bytes) {
  std::string kept(text);
  for (;;) {
    const auto encoded = ofd::ToGb18030(kept);
    if (encoded.ok() && encoded->size() <= bytes) return kept;
    if (kept.empty()) return kept;
    do kept.pop_back();
    while (!kept.empty() && (static_cast<unsigned char>(kept.back()) & 0xc0) == 0x80);
    if (!kept.empty() && (static_cast<unsigned char>(kept.back()) & 0x80)) kept.pop_back();
  }
}

// One 04 file, from the records of the 03 that it answers.
class AnswerWriter {
 public:
  AnswerWriter(const ofd::Header& asked, Date day, const ofd::Variant& variant)
      : header_(asked), name_(ofd::FileName{'D', asked.receiver, asked.creator, day, FileTypeOf()}.Format()),
        writer_(name_, &bytes_, variant.writer_options()) {
    std::swap(header_.creator, header_.receiver);
    header_.sender = header_.creator;
    header_.recipient = header_.receiver;
    header_.date = day;
    header_.type = FileTypeOf();
    header_.fields = variant.FieldsFor(header_.version, header_.type);
  }

  absl::Status Begin(uint64_t records, const ofd::Layout& asked) {
    FC_RETURN_IF_ERROR(writer_.Begin(header_, records));
    for (size_t i = 0; i < writer_.layout().field_count(); ++i) {
      const ofd::Column from = asked.Find(writer_.layout().name(i));
      if (from.present()) echoes_.emplace_back(from, writer_.layout().column(i));
    }
    return absl::OkStatus();
  }

  absl::Status Add(const ofd::RecordView& record, const Verdict& v) {
    for (const auto& [from, to] : echoes_) {
      int64_t number = 0;
      if (to.kind() != ofd::FieldKind::kNumber) {
        writer_.SetBytes(to, record.Text(from));
      } else if (record.ReadNumber(from, &number) == ofd::FieldState::kPresent) {
        writer_.SetNumber(to, InScale(number, from.decimals(), to.decimals(), &rounded_));
      }
    }
    const auto text = [&](std::string_view field, std::string_view value) {
      const ofd::Column c = writer_.Find(field);
      if (c.present()) writer_.SetText(c, Fitted(value, c.width()));
    };
    const auto code = [&](std::string_view field, std::string_view value) {
      if (const ofd::Column c = writer_.Find(field); c.present()) writer_.SetText(c, value);
    };
    const auto figure = [&](std::string_view field, int64_t value, int decimals) {
      const ofd::Column c = writer_.Find(field);
      if (c.present()) writer_.SetNumber(c, InScale(value, decimals, c.decimals(), &rounded_));
    };
    const auto date = [&](std::string_view field, Date d) {
      if (const ofd::Column c = writer_.Find(field); c.present()) writer_.SetDate(c, d);
    };
    date("TransactionCfmDate", v.day);
    date("DownLoaddate", v.day);
    code("ReturnCode", v.return_code);
    code("BusinessCode", ofd::FormatBusinessCode(static_cast<ofd::BusinessCode>(v.business)));
    if (!v.ta_account.empty()) code("TAAccountID", v.ta_account);
    code("TASerialNO", v.ta_serial);
    code("BusinessFinishFlag", "1");
    code("DetailFlag", "0");
    code("FromTAFlag", "0");
    figure("ConfirmedAmount", v.amount.raw(), 2);
    figure("ConfirmedVol", v.units.raw(), 2);
    figure("Charge", v.fee.raw(), 2);
    figure("NAV", v.nav.raw(), 8);
    if (v.converts) {
      figure("CfmVolOfTargetFund", v.target_units.raw(), 2);
      figure("TargetNAV", v.target_nav.raw(), 8);
      figure("RecuperateFee", v.difference_fee.raw(), 2);
    }
    text("ErrorDetail", v.detail);
    return writer_.EndRecord();
  }

  absl::Status Finish() { return writer_.Finish(); }
  const std::string& name() const { return name_; }
  const std::string& bytes() const { return bytes_; }
  bool rounded() const { return rounded_; }
  const ofd::Header& header() const { return header_; }

 private:
  static ofd::FileType FileTypeOf() { return ofd::FileType("04"); }

  ofd::Header header_;
  const std::string name_;
  std::string bytes_;
  ofd::Writer writer_;
  std::vector<std::pair<ofd::Column, ofd::Column>> echoes_;
  bool rounded_ = false;
};

// Another transfer of the same day has the same file name; its answer must not be lost.
absl::Status CheckNotAnothers(const std::string& path, const ofd::Header& ours) {
  if (!std::filesystem::exists(path)) return absl::OkStatus();
  FC_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(path));
  const auto there = ofd::Reader::Open(ofd_tools::BaseName(path), bytes);
  if (there.ok() && there->header().transfer_no == ours.transfer_no) return absl::OkStatus();
  return absl::FailedPreconditionError(
      StrCat(path, " is there already and does not answer transfer ", ours.transfer_no.raw(),
             "; give another --output-dir, or move it away"));
}

absl::Status PublishAnswer(const std::string& folder, const AnswerWriter& file) {
  const std::string path = StrCat(folder, "/", file.name());
  FC_RETURN_IF_ERROR(CheckNotAnothers(path, file.header()));
  FC_RETURN_IF_ERROR(PublishFile(path, file.bytes()));
  ofd::IndexFile index;
  index.version = file.header().version;
  index.creator = file.header().creator;
  index.receiver = file.header().receiver;
  index.date = file.header().date;
  index.names = {file.name()};
  FC_ASSIGN_OR_RETURN(const std::string bytes, index.Format());
  const ofd::FileName name{'I', index.creator, index.receiver, index.date, {}};
  return PublishFile(StrCat(folder, "/", name.Format()), bytes);
}

// The orders of these lines, one each; order_id 0 where there is none.
absl::Status FindOrders(Remote& remote, const Market& market, OrderFile& file, std::vector<v1::Order>* orders) {
  orders->resize(file.lines.size());
  for (size_t begin = 0; begin < file.lines.size(); begin += kOrdersACall) {
    std::vector<Candidate> batch;
    std::vector<size_t> places;
    for (size_t i = begin; i < std::min(file.lines.size(), begin + kOrdersACall); ++i) {
      if (file.lines[i].fault.outcome != Outcome::kNone) continue;
      batch.push_back({.line = &file.lines[i]});
      places.push_back(i);
    }
    FC_RETURN_IF_ERROR(ResolveAccounts(remote, market, file.header, batch, remote.patience()));
    v1::FindOrdersRequest request;
    for (const Candidate& c : batch) {
      v1::OrderKey* key = request.add_keys();
      key->set_investor_id(c.investor.raw());
      key->set_request_id(c.line->request_id);
      key->set_from_file(true);
    }
    v1::FindOrdersResponse response;
    FC_RETURN_IF_ERROR(CallUntil(remote, "fundcore.trade.v1.TradeService/FindOrders", request, &response,
                                 SteadyNow() + remote.patience()));
    if (response.orders_size() != request.keys_size())
      return absl::InternalError("the server answered another number of orders than it was asked for");
    for (size_t k = 0; k < places.size(); ++k) (*orders)[places[k]] = response.orders(static_cast<int>(k));
  }
  return absl::OkStatus();
}

}  // namespace

Result AnswerOrders(Remote& remote, const AnswerOptions& o) {
  FC_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(o.file));
  FC_ASSIGN_OR_RETURN(const ofd::Variant variant, LoadVariant(o.variant));
  const std::string_view name = ofd_tools::BaseName(o.file);
  auto read = ReadOrderFile(name, bytes, variant);
  if (absl::IsInvalidArgument(read.status())) return absl::DataLossError(read.status().message());
  FC_RETURN_IF_ERROR(read.status());
  OrderFile& file = *read;
  FC_ASSIGN_OR_RETURN(const Market market, Market::Load(remote));
  FC_RETURN_IF_ERROR(market.CheckReceiver(name, file.header));
  market.JudgeFunds(&file);
  std::vector<v1::Order> orders;
  FC_RETURN_IF_ERROR(FindOrders(remote, market, file, &orders));

  const Date refusal_day = market.RefusalDay(file.header);
  std::vector<std::optional<Verdict>> verdicts(file.lines.size());
  std::map<Date, uint64_t> days;
  uint64_t confirmed = 0, refused = 0, open = 0;
  Answer a;
  Table& files = a.AddTable("files", {"name", "day", "records"});
  Table& waiting = a.AddTable("open_lines", {"line", "serial", "waits_for"});
  for (size_t i = 0; i < file.lines.size(); ++i) {
    std::string why;
    verdicts[i] = VerdictOf(orders[i], file.lines[i], file.header, refusal_day, &why);
    if (verdicts[i]) {
      ++days[verdicts[i]->day];
      ++(ofd::IsRefusal(verdicts[i]->return_code) ? refused : confirmed);
    } else if (++open <= kShownOpen) {
      waiting.Row({file.lines[i].line, file.lines[i].serial, why});
    }
  }
  a.Add("file", std::string(name));
  a.Add("lines", uint64_t{file.lines.size()});
  a.Add("confirmed", confirmed);
  a.Add("refused", refused);
  a.Add("open", open);
  if (open > kShownOpen) a.Say(StrCat("and ", open - kShownOpen, " further lines that are not final"));
  if (open > 0 && !o.partial) {
    a.Say("nothing was written; --partial writes what is final");
    a.exit_code = 1;
    return a;
  }

  std::error_code made;
  std::filesystem::create_directories(o.output_dir, made);
  if (made) return absl::UnavailableError(StrCat(o.output_dir, ": cannot be made: ", made.message()));
  for (const auto& [day, records] : days) {
    AnswerWriter writer(file.header, day, variant);
    FC_ASSIGN_OR_RETURN(ofd::Reader reader, ofd::Reader::Open(name, bytes, variant.reader_options()));
    FC_RETURN_IF_ERROR(writer.Begin(records, reader.layout()));
    size_t i = 0;
    for (ofd::RecordView record; reader.Next(&record); ++i) {
      if (verdicts[i] && verdicts[i]->day == day) FC_RETURN_IF_ERROR(writer.Add(record, *verdicts[i]));
    }
    FC_RETURN_IF_ERROR(writer.Finish());
    FC_RETURN_IF_ERROR(PublishAnswer(o.output_dir, writer));
    files.Row({writer.name(), day, records});
    if (writer.rounded())
      a.Say(StrCat(writer.name(), ": prices have more places than version ", ofd::VersionText(file.header.version),
                   " holds; they are rounded there"));
  }
  return a;
}

}  // namespace fundcore::fundctl
