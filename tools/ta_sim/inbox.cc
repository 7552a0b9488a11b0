// Finding and reading what the distributor sent.
#include "tools/ta_sim/inbox.h"

#include <set>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/files/names.h"
#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"

namespace fundcore::ta_sim {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

bool IsForUs(const ofd::FileName& name, const TaConfig& config, Date day) {
  return name.creator.view() == config.distributor.view() && name.receiver.view() == config.ta.view() &&
         name.date == day;
}

absl::Status FindOnDay(const Files& files, const TaConfig& config, Date day, std::vector<InFile>* found,
                       std::vector<std::string>* notes) {
  const std::string prefix = StrCat("out/", config.ta.view(), "/", day.Compact(), "/");
  FC_ASSIGN_OR_RETURN(const std::vector<FileInfo> list, files.List(prefix));
  std::map<std::string, std::set<std::string>> listed;             // by folder: names in its index
  std::map<std::string, std::map<std::string, std::string>> data;  // by folder: name, whole name
  for (const FileInfo& info : list) {
    const std::vector<std::string_view> parts = NameParts(info.name);
    if (parts.size() != 5) continue;
    const std::string folder(parts[3]);
    const auto name = ofd::FileName::Parse(parts[4]);
    if (!name.ok() || !IsForUs(*name, config, day)) {
      notes->push_back(
          StrCat(info.name, " is no file from ", config.distributor.view(), " to ", config.ta.view(), "; passed over"));
      continue;
    }
    if (!name->is_index()) {
      data[folder][name->Format()] = info.name;
      continue;
    }
    if (name->family != 'I') continue;
    FC_ASSIGN_OR_RETURN(const std::string bytes, files.Read(info.name));
    FC_ASSIGN_OR_RETURN(const ofd::IndexFile index, ofd::IndexFile::Parse(parts[4], bytes));
    for (const std::string& entry : index.names) {
      FC_ASSIGN_OR_RETURN(const ofd::FileName parsed, ofd::FileName::Parse(entry));
      listed[folder].insert(parsed.Format());
    }
  }
  for (const auto& [folder, names] : data) {
    if (!listed.count(folder)) notes->push_back(StrCat(prefix, folder, " has no index yet; not answered"));
  }
  for (const auto& [folder, names] : listed) {
    uint64_t transfer = 0;
    if (!ofd::ParseCount(folder, &transfer) || transfer == 0 || transfer > 999) {
      notes->push_back(StrCat(prefix, folder, " is no transfer number of three digits; not answered"));
      continue;
    }
    bool whole = true;
    for (const std::string& name : names) {
      whole = whole && data[folder].count(name);
    }
    if (!whole) {
      notes->push_back(StrCat(prefix, folder, " lacks a file that its index lists; not answered"));
      continue;
    }
    for (const std::string& name : names) {
      const ofd::FileType type = ofd::FileName::Parse(name)->type;
      if (type.view() != "01" && type.view() != "03" && type.view() != "R1") continue;
      found->push_back({data[folder][name], day, static_cast<uint16_t>(transfer), type.view() == "03"});
    }
  }
  return absl::OkStatus();
}

// Columns of both input types; what a type does not have is not present and reads as blank.
struct Columns {
  ofd::Column sheet, fund, day, trading, units, amount, business, account, discount, share_class, method, holder,
      certificate_type, certificate, cause, until, target, target_agent, large, original, protocol, ration_type, moved_to,
      to_distributor, subscription_day, purchase_day, redemption_day;

  absl::Status Find(const ofd::Reader& reader, bool trade) {
    for (std::string_view name : {"AppSheetSerialNo", "TransactionDate", "TransactionAccountID", "BusinessCode"}) {
      FC_RETURN_IF_ERROR(reader.Require(name).status());
    }
    if (trade) FC_RETURN_IF_ERROR(reader.Require("FundCode").status());
    sheet = reader.Find("AppSheetSerialNo");
    fund = reader.Find("FundCode");
    day = reader.Find("TransactionDate");
    trading = reader.Find("TransactionAccountID");
    units = reader.Find("ApplicationVol");
    amount = reader.Find("ApplicationAmount");
    business = reader.Find("BusinessCode");
    account = reader.Find("TAAccountID");
    discount = reader.Find("DiscountRateOfCommission");
    share_class = reader.Find("ShareClass");
    method = reader.Find("DefDividendMethod");
    holder = reader.Find("IndividualOrInstitution");
    certificate_type = reader.Find("CertificateType");
    certificate = reader.Find("CertificateNo");
    cause = reader.Find("FrozenCause");
    until = reader.Find("FreezingDeadline");
    protocol = reader.Find("RationProtocolNo");
    ration_type = reader.Find("RationType");
    target = reader.Find("CodeOfTargetFund");
    target_agent = reader.Find("TargetRegistrarCode");
    large = reader.Find("LargeRedemptionFlag");
    original = reader.Find("OriginalAppSheetNo");
    moved_to = reader.Find("TargetTransactionAccountID");
    to_distributor = reader.Find("TargetDistributorCode");
    subscription_day = reader.Find("FutureSubscribeDate");
    purchase_day = reader.Find("FutureBuyDate");
    redemption_day = reader.Find("RedemptionDateInAdvance");
    return absl::OkStatus();
  }
};

char FirstOf(std::string_view text, char blank) { return text.empty() ? blank : text[0]; }

}  // namespace

absl::StatusOr<std::vector<InFile>> FindInFiles(const Files& files, const TaConfig& config, Date from, Date until,
                                                std::vector<std::string>* notes) {
  std::vector<InFile> found;
  for (Date day = from; day < until; day = day.AddDays(1))
    FC_RETURN_IF_ERROR(FindOnDay(files, config, day, &found, notes));
  return found;
}

absl::Status ReadRecords(const Files& files, const std::string& name,
                         absl::FunctionRef<absl::Status(const ofd::Reader&)> begin,
                         absl::FunctionRef<absl::Status(const ofd::RecordView&)> record) {
  ofd::Reader reader(name);
  absl::Status status;
  bool begun = false;
  const auto drain = [&] {
    if (!begun && reader.header_complete()) {
      begun = true;
      status = begin(reader);
    }
    for (ofd::RecordView view; status.ok() && reader.Next(&view);) status = record(view);
    if (status.ok()) status = reader.status();
    return status.ok();
  };
  FC_RETURN_IF_ERROR(files.ReadPieces(name, kPieceBytes, [&](std::string_view piece) {
    reader.Feed(piece);
    return drain();
  }));
  FC_RETURN_IF_ERROR(status);
  reader.Finish();
  drain();
  return status;
}

absl::StatusOr<std::vector<Line>> ReadLines(const Files& files, const InFile& file, uint32_t index) {
  std::vector<Line> lines;
  Columns c;
  const auto begin = [&](const ofd::Reader& reader) -> absl::Status {
    lines.reserve(reader.record_count());
    const ofd::Header& head = reader.header();
    if (head.date != file.day || head.transfer_no.raw() != file.transfer) {
      return absl::InvalidArgumentError(StrCat(file.name, " says date ", head.date.Compact(), " and transfer ",
                                               head.transfer_no.raw(), " but lies in the folder of others; move it"));
    }
    return c.Find(reader, file.trade);
  };
  const auto record = [&](const ofd::RecordView& r) -> absl::Status {
    Line& line = lines.emplace_back();
    line.file = index;
    line.at = r.line();
    line.sheet = SheetNo(r.Text(c.sheet));
    if (line.sheet.empty()) return r.Error(c.sheet, "is blank, so that nobody could match the answer").ToStatus();
    line.trading = TradingAccount(r.Text(c.trading));
    line.account = TaAccountId::FromRaw(r.Text(c.account));
    const auto business = ofd::ParseBusinessCode(r.Text(c.business));
    if (!business) return r.Error(c.business, "is no business code of three digits").ToStatus();
    line.business = *business;
    FC_ASSIGN_OR_RETURN(line.day, r.DateOr(c.day, file.day));
    line.holder = FirstOf(r.Text(c.holder), ' ');
    if (!file.trade) {
      line.certificate = StrCat(r.Text(c.certificate_type), ":", r.Text(c.certificate));
      line.cause = FirstOf(r.Text(c.cause), ' ');
      line.moved_to = TradingAccount(r.Text(c.moved_to));
      FC_ASSIGN_OR_RETURN(line.until, r.DateOr(c.until, Date()));
      return absl::OkStatus();
    }
    line.fund = FundCode::FromRaw(r.Text(c.fund));
    line.target = FundCode::FromRaw(r.Text(c.target));
    line.target_agent = TaCode::FromRaw(r.Text(c.target_agent));
    FC_ASSIGN_OR_RETURN(const int64_t amount, r.NumberOr(c.amount, 0));
    FC_ASSIGN_OR_RETURN(const int64_t units, r.NumberOr(c.units, 0));
    FC_ASSIGN_OR_RETURN(const int64_t discount, r.NumberOr(c.discount, 0));
    line.amount = Yuan::FromRaw(amount);
    line.units = Shares::FromRaw(units);
    line.discount = Rate::FromRaw(discount * 10'000);  // four places in the file
    line.share_class = FirstOf(r.Text(c.share_class), '0');
    line.dividend_method = FirstOf(r.Text(c.method), ' ');
    line.protocol = std::string(r.Text(c.protocol));
    line.ration_type = FirstOf(r.Text(c.ration_type), '0');
    line.large_flag = FirstOf(r.Text(c.large), ' ');
    line.original = SheetNo(r.Text(c.original));
    line.moved_to = TradingAccount(r.Text(c.moved_to));
    line.to_distributor = std::string(r.Text(c.to_distributor));
    using ofd::BusinessCode;
    const bool reserves = line.business == BusinessCode::kReserveSubscribe || line.business == BusinessCode::kReservePurchase ||
                          line.business == BusinessCode::kReserveRedeem;
    if (reserves) {
      const ofd::Column day = line.business == BusinessCode::kReserveSubscribe  ? c.subscription_day
                              : line.business == BusinessCode::kReservePurchase ? c.purchase_day
                                                                                : c.redemption_day;
      FC_ASSIGN_OR_RETURN(line.reserved, r.DateOr(day, Date()));
    }
    return absl::OkStatus();
  };
  FC_RETURN_IF_ERROR(ReadRecords(files, file.name, begin, record));
  return lines;
}

}  // namespace fundcore::ta_sim
