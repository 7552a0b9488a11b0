// Comparing files of one run with each other.
#include "tools/ofd/lint/folder.h"

#include <xxhash.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/business_code.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"
#include "tools/ofd/lint/lint_file.h"
#include "tools/ofd/lint/relations.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd_tools {

using ofd::Column;
using ofd::FieldState;
using ofd::RecordView;
using ofd::Upper;

namespace {

constexpr size_t kMostGroups = 500'000;
constexpr uint64_t kMostTold = 100'000;  // lines that are fetched again to show what they hold

// In the order buckets' values are made of: which side, which file, which line.
constexpr uint64_t kAnswerBit = uint64_t{1} << 63;
constexpr unsigned kLineBits = 40;
constexpr size_t kMostFiles = size_t{1} << (63 - kLineBits);

std::string FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
}

std::string PresentKey(std::string_view folder, std::string_view name) { return StrCat(folder, "/", Upper(name)); }

// How file 25 groups the confirmations of file 04.
std::string_view Folded(std::string_view business) {
  if (business == "142" || business == "150" || business == "151" || business == "163") return "124";
  if (business == "149") return "130";
  return business;
}

bool AnyUpperEqual(std::string_view a, std::string_view b) { return ofd::EqualsIgnoreCase(a, b); }

}  // namespace

std::string FolderCheck::Money(__int128 fen) { return DecimalText(fen, 2); }

void FolderCheck::AddPresent(const std::string& path) {
  const std::string folder = FolderOf(path);
  const std::string name(BaseName(path));
  if (present_.insert(PresentKey(folder, name)).second) present_list_.emplace_back(folder, name);
}

void FolderCheck::AddIndex(const std::string& path, std::string_view bytes) {
  Index index{.path = path, .folder = FolderOf(path)};
  std::vector<std::string_view> lines;
  for (std::string_view line : ofd::Split(bytes, '\n')) {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.push_back(ofd::CutSpaces(line));
  }
  const auto at = [&](size_t i) { return i < lines.size() ? lines[i] : std::string_view(); };
  const auto wrong = [&](uint64_t line, std::string_view item, std::string_view value, std::string_view message) {
    report_->Add(Rule::kIndexWrong, {.line = line, .field = item, .value = ofd::Printable(value)}, message);
  };
  if (!ofd::ParseVersion(at(1))) wrong(2, "version", at(1), "is not 20, 21 or 22");
  index.creator = Upper(at(2));
  index.receiver = Upper(at(3));
  index.date = at(4);
  if (!ofd::IsPartyText(at(2))) wrong(3, "creator", at(2), "is not a party's code");
  if (!ofd::IsPartyText(at(3))) wrong(4, "receiver", at(3), "is not a party's code");
  if (!ofd::ParseFileDate(at(4)).is_set()) wrong(5, "date", at(4), "is not a date that exists (yyyymmdd)");
  if (const auto name = ofd::FileName::Parse(path); name.ok() && name->is_index()) {
    const auto compare = [&](uint64_t line, std::string_view item, std::string_view inside, std::string_view outside) {
      if (AnyUpperEqual(inside, outside)) return;
      report_->Add(Rule::kNameDisagrees, {.line = line, .field = item, .value = ofd::Printable(inside)},
                   StrCat("is not the \"", outside, "\" of the file's name"));
    };
    compare(3, "creator", at(2), name->creator.view());
    compare(4, "receiver", at(3), name->receiver.view());
    compare(5, "date", at(4), name->date.Compact());
  }
  uint64_t announced = 0;
  const bool counted = ofd::ParseCount(at(5), &announced);
  if (!counted) wrong(6, "file count", at(5), "is not a number");
  std::set<std::string> seen;
  size_t i = 6;
  for (; i < lines.size() && lines[i] != ofd::kTrailer; ++i) {
    if (lines[i].empty()) continue;
    if (!lines[i].starts_with("OF") && !lines[i].starts_with("of")) {
      wrong(i + 1, "file name", lines[i], "is not the name of a file of the standard");
      continue;
    }
    if (!seen.insert(Upper(lines[i])).second) wrong(i + 1, "file name", lines[i], "is listed twice");
    index.names.emplace_back(lines[i]);
    index.lines.push_back(i + 1);
  }
  if (i == lines.size()) {
    report_->Add(Rule::kTrailerMissing, {.line = lines.size()}, "the index ends without OFDCFEND");
  } else if (std::any_of(lines.begin() + static_cast<ptrdiff_t>(i) + 1, lines.end(),
                         [](auto l) { return !l.empty(); })) {
    report_->Add(Rule::kAfterTrailer, {.line = i + 2}, "something stands after the trailer");
  }
  if (counted && announced != index.names.size()) {
    wrong(6, "file count", at(5), StrCat("is announced, but ", index.names.size(), " names follow"));
  }
  // Every listed name carries the parties and the date of the list.
  for (size_t n = 0; n < index.names.size(); ++n) {
    const auto parts = ofd::Split(index.names[n], '_');
    if (parts.size() != 5) {
      wrong(index.lines[n], "file name", index.names[n],
            "is not of the form OFD_<creator>_<receiver>_<yyyymmdd>_<type>.TXT");
      continue;
    }
    if (AnyUpperEqual(parts[1], index.creator) && AnyUpperEqual(parts[2], index.receiver) && parts[3] == index.date)
      continue;
    report_->Add(Rule::kIndexOtherDay, {.line = index.lines[n], .value = ofd::Printable(index.names[n])},
                 StrCat("is not of creator ", ofd::Printable(at(2)), ", receiver ", ofd::Printable(at(3)), ", date ",
                        ofd::Printable(index.date)));
  }
  indexes_.push_back(std::move(index));
}

FileFacts* FolderCheck::Begin(const std::string& path, const LintHead& head, const ofd::Layout* layout) {
  FileFacts& f = files_.emplace_back();
  f.path = path;
  f.number = files_.size() - 1;
  f.header = head.header;
  f.header.fields.clear();
  f.transfer_no = head.transfer_no;
  if (!layout) return &f;
  using Role = FileFacts::Role;
  const std::string_view type = f.header.type.view();
  f.role = type == "01" || type == "03"   ? Role::kApplications
           : type == "02" || type == "04" ? Role::kAnswers
           : type == "06"                 ? Role::kDividends
           : type == "25"                 ? Role::kCash
           : type == "12"                 ? Role::kSummary
                                          : Role::kOther;
  const auto text = [&](std::string_view name) { return layout->Find(name); };
  const auto money = [&](std::string_view name) {
    const Column c = layout->Find(name);
    return c.present() && c.kind() == ofd::FieldKind::kNumber && c.decimals() == 2 ? c : Column();
  };
  f.sheet = text("AppSheetSerialNo");
  f.fund = text("FundCode");
  f.business = text("BusinessCode");
  f.confirmed_day = text(type == "12" ? "AggregationDate" : "TransactionCfmDate");
  f.trade_day = text("TransactionDate");
  f.capital = text("CapitalType");
  f.detail = text("DetailFlag");
  f.from_ta = text("FromTAFlag");
  f.pay = text("PayDate");
  f.amount = money(type == "12" ? "TotalSuccessfulAmount" : "ConfirmedAmount");
  f.units = money(type == "12" ? "TotalSuccessfulVol" : "ConfirmedVol");
  f.charge = money("Charge");
  f.agency_fee = money("AgencyFee");
  std::string parties = Upper(f.header.creator.view()), others = Upper(f.header.receiver.view());
  if (f.role != Role::kApplications) parties.swap(others);
  const std::string pair = StrCat(parties, "_", others, type == "01" || type == "02" ? "_accounts" : "");
  f.pair = XXH3_64bits(pair.data(), pair.size());
  return &f;
}

FolderCheck::Total* FolderCheck::Slot(Totals* totals, const FileFacts& f, const RecordView& record,
                                      std::string_view business) {
  const std::string_view fund = record.Raw(f.fund), day = record.Raw(f.confirmed_day);
  uint64_t hash = XXH3_64bits_withSeed(fund.data(), fund.size(), f.pair + f.number * 0x9e3779b97f4a7c15ull);
  hash = XXH3_64bits_withSeed(day.data(), day.size(), hash);
  hash = XXH3_64bits_withSeed(business.data(), business.size(), hash);
  if (const auto it = slots_.find(hash); it != slots_.end()) return it->second;
  if (slots_.size() >= kMostGroups) {
    totals_full_ = true;
    return nullptr;
  }
  GroupKey key{Upper(f.header.creator.view()), Upper(f.header.receiver.view()), std::string(record.Text(f.fund)),
               std::string(business), std::string(record.Text(f.confirmed_day))};
  Total* t = &(*totals)[std::move(key)][f.number];
  if (t->line == 0) t->line = record.line();
  slots_.emplace(hash, t);
  return t;
}

void FolderCheck::Total::Add(const Total& other) {
  amount += other.amount;
  charge += other.charge;
  agency_fee += other.agency_fee;
  units += other.units;
  count += other.count;
}

void FolderCheck::FindReplaced() {
  std::map<std::tuple<std::string, std::string, int32_t, std::string>, const FileFacts*> latest;
  for (const FileFacts& f : files_) {
    const ofd::Header& h = f.header;
    const auto [it, first] =
        latest.try_emplace({Upper(h.creator.view()), Upper(h.receiver.view()), h.date.raw(), h.type.str()}, &f);
    if (first) continue;
    const bool newer = f.transfer_no.value_or(0) > it->second->transfer_no.value_or(0);
    replaced_.insert(newer ? it->second->number : f.number);
    if (newer) it->second = &f;
  }
}

std::pair<FolderCheck::Total, FolderCheck::Total> FolderCheck::AllAndLatest(const ByFile& by_file) const {
  std::pair<Total, Total> sums;
  for (const auto& [file, total] : by_file) {
    sums.first.Add(total);
    if (!replaced_.contains(file)) sums.second.Add(total);
  }
  return sums;
}

// For the comparison of applications with their answers. Lot records say nothing new, and what the institution started
// answers nobody.
void FolderCheck::RememberSheet(const FileFacts& f, const RecordView& record) {
  const bool answer = f.role == FileFacts::Role::kAnswers;
  if (!f.sheet.present() || f.number >= kMostFiles || record.line() >= (uint64_t{1} << kLineBits)) return;
  if (answer && f.detail.present() && record.Raw(f.detail)[0] == '1') return;
  if (answer && f.from_ta.present() && record.Text(f.from_ta) == "1") return;
  const std::string_view sheet = record.Text(f.sheet);
  if (sheet.empty()) return;
  if (!orders_) orders_ = std::make_unique<HashBuckets>();
  orders_->Add(XXH3_64bits_withSeed(sheet.data(), sheet.size(), f.pair),
               (answer ? kAnswerBit : 0) | uint64_t{f.number} << kLineBits | record.line());
}

void FolderCheck::Record(const FileFacts* facts, const RecordView& record) {
  using Role = FileFacts::Role;
  const FileFacts& f = *facts;
  if (!records_ || f.role == Role::kOther) return;
  if (f.role == Role::kApplications || f.role == Role::kAnswers) RememberSheet(f, record);
  if (!f.fund.present() || !f.confirmed_day.present() || !f.amount.present()) return;
  if (f.detail.present() && record.Raw(f.detail)[0] == '1') return;
  const auto number = [&](Column c) {
    int64_t value = 0;
    return c.present() && record.ReadNumber(c, &value) == FieldState::kPresent ? value : 0;
  };
  Total* t = nullptr;
  const std::string_view business = record.Text(f.business);
  switch (f.role) {
    case Role::kAnswers:
      if (f.business.present()) t = Slot(&details_, f, record, Folded(business));
      break;
    case Role::kDividends: t = Slot(&dividends_, f, record, "143"); break;
    case Role::kCash: {
      const std::string_view capital = record.Text(f.capital);
      if (capital == "001" || (capital == "009" && business == "143")) t = Slot(&cash_, f, record, business);
      if (t && f.pay.present() && t->extra.size() < 60) {
        const std::string day = ofd::Printable(record.Text(f.pay));
        if (t->extra.find(day) == std::string::npos) t->extra += StrCat(t->extra.empty() ? "" : ", ", day);
      }
      break;
    }
    case Role::kSummary: t = Slot(&summaries_, f, record, business); break;
    case Role::kApplications:
    case Role::kOther: break;
  }
  if (!t) return;
  t->amount += number(f.amount);
  t->units += number(f.units);
  t->charge += number(f.charge);
  t->agency_fee += number(f.agency_fee);
  ++t->count;
}

void FolderCheck::CheckIdentities() {
  std::map<std::tuple<std::string, std::string, int32_t, std::string, uint64_t>, const FileFacts*> seen;
  for (const FileFacts& f : files_) {
    const ofd::Header& h = f.header;
    if (h.creator.empty() || h.receiver.empty() || !h.date.is_set() || h.type.empty() || !f.transfer_no) continue;
    const auto [it, first] = seen.try_emplace(
        {Upper(h.creator.view()), Upper(h.receiver.view()), h.date.raw(), h.type.str(), *f.transfer_no}, &f);
    if (first) continue;
    report_->BeginFile(f.path);
    report_->Add(Rule::kDuplicateFile, {},
                 StrCat("has the same creator, receiver, date, type and transfer number as ", it->second->path));
    report_->EndFile();
  }
}

void FolderCheck::CheckIndexes() {
  std::set<std::string> listed;
  for (const Index& index : indexes_) {
    report_->BeginFile(index.path);
    for (size_t i = 0; i < index.names.size(); ++i) {
      const std::string key = PresentKey(index.folder, index.names[i]);
      listed.insert(key);
      if (present_.contains(key)) continue;
      report_->Add(Rule::kIndexFileAbsent, {.line = index.lines[i], .value = ofd::Printable(index.names[i])},
                   "is listed and not in the folder");
    }
    report_->EndFile();
  }
  for (const auto& [folder, name] : present_list_) {
    if (listed.contains(PresentKey(folder, name))) continue;
    const auto parts = ofd::Split(name, '_');
    if (parts.size() != 5) continue;
    const auto mine = std::find_if(indexes_.begin(), indexes_.end(), [&, f = &folder](const Index& i) {
      return i.folder == *f && AnyUpperEqual(i.creator, parts[1]) && AnyUpperEqual(i.receiver, parts[2]) &&
             i.date == parts[3];
    });
    if (mine == indexes_.end()) continue;
    report_->BeginFile(folder.empty() ? name : StrCat(folder, "/", name));
    report_->Add(Rule::kFileNotListed, {},
                 StrCat("is in no index file of its folder, though there is ", BaseName(mine->path)));
    report_->EndFile();
  }
}

// File 25 may give money gross or net of the fees, as the two institutions have agreed: either way is right.
void FolderCheck::CheckCash() {
  for (const auto& [key, cash_files] : cash_) {
    const Totals& totals = key.business == "143" ? dividends_ : details_;
    const auto it = totals.find(key);
    if (it == totals.end()) continue;
    const auto [all, latest] = AllAndLatest(it->second);
    for (const auto& [file, cash] : cash_files) {
      if (replaced_.contains(file)) continue;
      const auto explained = [&, paid = cash.amount](const Total& d) {
        return paid == d.amount || paid == d.amount - d.charge || paid == d.amount - d.agency_fee ||
               paid == d.amount + d.charge;
      };
      if (explained(all) || explained(latest)) continue;
      report_->BeginFile(files_[file].path);
      report_->Add(
          Rule::kCashTotalDiffers,
          {.line = cash.line, .field = "ConfirmedAmount", .chinese = "每笔交易确认金额", .value = Money(cash.amount)},
          StrCat("for fund ", ofd::Printable(key.fund), ", business ", ofd::Printable(key.business), " ",
                 ofd::BusinessCodeName(key.business), ", confirmed ", ofd::Printable(key.day), ", paid ", cash.extra,
                 " is not what ", latest.count, " records of ", BaseName(files_[it->second.rbegin()->first].path),
                 " make: ", Money(latest.amount), " (fees ", Money(latest.charge), ")"));
      report_->EndFile();
    }
  }
}

// Which of amount and units is summed up depends on the business, so one that agrees is enough.
void FolderCheck::CheckSummaries() {
  for (const auto& [key, sum_files] : summaries_) {
    const auto it = details_.find(key);
    if (it == details_.end()) continue;
    const auto [all, latest] = AllAndLatest(it->second);
    for (const auto& [file, sum] : sum_files) {
      const auto explained = [&, s = &sum](const Total& d) { return s->amount == d.amount || s->units == d.units; };
      if (replaced_.contains(file) || explained(all) || explained(latest)) continue;
      report_->BeginFile(files_[file].path);
      report_->Add(
          Rule::kSummaryDiffers, {.line = sum.line, .field = "TotalSuccessfulAmount", .value = Money(sum.amount)},
          StrCat("and units ", Money(sum.units), " for fund ", ofd::Printable(key.fund), ", business ",
                 ofd::Printable(key.business), " are neither the amount ", Money(latest.amount), " nor the units ",
                 Money(latest.units), " of ", BaseName(files_[it->second.rbegin()->first].path)));
      report_->EndFile();
    }
  }
  if (totals_full_) {
    report_->BeginFile("all files");
    report_->Add(Rule::kNotLookedAt, {},
                 StrCat("totals were compared for the first ", kMostGroups, " groups of fund, business and day only"),
                 "run the linter on one day at a time");
    report_->EndFile();
  }
}

// An application is unanswered where a later file of answers is there and none of the files has it. An answer is
// unknown where a file of applications is there that is not later, of the same parties, and none has it.
void FolderCheck::CheckOrders() {
  if (!orders_ || orders_->size() == 0) return;
  const auto pair = [](const FileFacts& f, bool answer) {
    const std::string a = Upper(f.header.creator.view()), b = Upper(f.header.receiver.view());
    const std::string_view type = f.header.type.view();
    return StrCat(answer ? b : a, "\n", answer ? a : b, "\n", type == "01" || type == "02" ? "a" : "t");
  };
  std::map<std::string, int32_t> last_answer, first_order;
  for (const FileFacts& f : files_) {
    const std::string_view type = f.header.type.view();
    const int32_t date = f.header.date.raw();
    if (type == "04" || type == "02") {
      int32_t& last = last_answer[pair(f, true)];
      last = std::max(last, date);
    } else if (type == "03" || type == "01") {
      const auto [it, first] = first_order.emplace(pair(f, false), date);
      if (!first) it->second = std::min(it->second, date);
    }
  }
  if (last_answer.empty() || first_order.empty()) return;
  std::map<size_t, std::vector<uint64_t>> told;  // by file: lines
  uint64_t kept = 0;
  report_->BeginFile("all files");  // for what is only counted
  const absl::Status status = orders_->ForEachGroup(1, [&](std::span<const HashEntry> group) {
    const bool asked = (group.front().value & kAnswerBit) == 0, answered = (group.back().value & kAnswerBit) != 0;
    if (asked && answered) return;
    for (const HashEntry& e : group) {
      const FileFacts& f = files_[static_cast<size_t>((e.value & ~kAnswerBit) >> kLineBits)];
      if (asked) {
        const auto it = last_answer.find(pair(f, false));
        if (it == last_answer.end() || it->second <= f.header.date.raw()) continue;
      } else {
        const auto it = first_order.find(pair(f, true));
        if (it == first_order.end() || it->second > f.header.date.raw()) continue;
      }
      if (++kept > kMostTold) {
        report_->Count(asked ? Rule::kOrderUnanswered : Rule::kOrderUnknown, 1);
        continue;
      }
      told[f.number].push_back(e.value & ((uint64_t{1} << kLineBits) - 1));
    }
  });
  if (!status.ok()) {
    const auto message = status.message();
    report_->Add(Rule::kNotLookedAt, {},
                 StrCat("applications were not compared with confirmations: ",
                        std::string_view(message.data(), message.size())));
    report_->EndFile();
    return;
  }
  report_->EndFile();
  for (auto& [number, lines] : told) {
    const FileFacts& f = files_[number];
    const std::string_view type = f.header.type.view();
    const Rule rule = type == "03" || type == "01" ? Rule::kOrderUnanswered : Rule::kOrderUnknown;
    report_->BeginFile(f.path);
    std::sort(lines.begin(), lines.end());
    IgnoreStatus(
        FetchLines(f.path, lines,
                   [&](size_t, const Line& line) {
                     // The day on which an answer's application was made may lie before everything given.
                     if (rule == Rule::kOrderUnknown && f.trade_day.present() &&
                         line.text.size() >= f.trade_day.offset() + f.trade_day.width()) {
                       const Date made = ofd::ParseFileDate(
                           ofd::CutSpaces(line.text.substr(f.trade_day.offset(), f.trade_day.width())));
                       const auto it = first_order.find(pair(f, true));
                       if (made.is_set() && it != first_order.end() && made.raw() < it->second) return;
                     }
                     if (!report_->Take(rule) || line.text.size() < f.sheet.offset() + f.sheet.width()) return;
                     report_->Show(
                         rule,
                         {.line = line.number,
                          .column = f.sheet.offset() + 1,
                          .field = "AppSheetSerialNo",
                          .chinese = "申请单编号",
                          .value = ofd::Printable(ofd::CutSpaces(line.text.substr(f.sheet.offset(), f.sheet.width())))},
                         rule == Rule::kOrderUnanswered
                             ? "is answered by none of the files given, though later answers are there"
                             : "answers no application in the files given");
                   }),
        "the file was read a moment ago; what cannot be read again is not told");
    report_->EndFile();
  }
}

void FolderCheck::Finish() {
  CheckIdentities();
  CheckIndexes();
  FindReplaced();
  CheckCash();
  CheckSummaries();
  CheckOrders();
}

}  // namespace fundcore::ofd_tools
