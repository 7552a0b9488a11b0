// The flat folder as an exchange, and an agent for each pair that it holds files of.
#include "tools/ta_sim/reply.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/files/disk.h"
#include "common/ofd/file_name.h"
#include "common/ofd/header.h"
#include "common/ofd/index_file.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
constexpr size_t kMostListed = 12;  // names in one note

std::string_view BaseOf(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

// A file of applications as it lies in the folder.
struct Sent {
  std::string path;
  ofd::Header head;
};

// What an agent sees: the pair's files in transfer folders with an index each, as if they had come through an exchange;
// what it publishes goes into the output folder without folders.
class FlatExchange final : public Files {
 public:
  FlatExchange(std::vector<Sent> sent, Files* out) : out_(out) {
    std::map<std::string, ofd::IndexFile> indexes;
    for (Sent& s : sent) {
      const ofd::Header& h = s.head;
      const std::string folder =
          absl::StrFormat("out/%s/%08d/%03d/", h.receiver.str(), h.date.raw(), int{h.transfer_no.raw()});
      const ofd::FileName name{.creator = h.creator, .receiver = h.receiver, .date = h.date, .type = h.type};
      const ofd::FileName index{.family = 'I', .creator = h.creator, .receiver = h.receiver, .date = h.date};
      ofd::IndexFile& entry = indexes[StrCat(folder, index.Format())];
      entry.version = h.version;
      entry.creator = h.creator;
      entry.receiver = h.receiver;
      entry.date = h.date;
      entry.names.push_back(name.Format());
      paths_[StrCat(folder, name.Format())] = s.path;
    }
    for (const auto& [name, index] : indexes) {
      auto bytes = index.Format();
      FC_CHECK(bytes.ok(), "an index of heads that were read: ", std::string(bytes.status().message()));
      indexes_[name] = *std::move(bytes);
    }
  }

  absl::StatusOr<std::vector<FileInfo>> List(std::string_view prefix) const override {
    std::vector<FileInfo> list;
    const auto add = [&](const std::string& name, uint64_t size) {
      if (std::string_view(name).substr(0, prefix.size()) == prefix) list.push_back({name, size});
    };
    for (const auto& [name, bytes] : indexes_) add(name, bytes.size());
    for (const auto& [name, path] : paths_) add(name, std::filesystem::file_size(path));
    std::sort(list.begin(), list.end(), [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
    return list;
  }
  absl::StatusOr<std::string> Read(std::string_view name) const override {
    if (const auto it = indexes_.find(name); it != indexes_.end()) return it->second;
    if (!paths_.count(name)) return out_->Read(BaseOf(name));
    std::string bytes;
    FC_RETURN_IF_ERROR(ReadPieces(name, kPieceBytes, [&](std::string_view piece) {
      bytes += piece;
      return true;
    }));
    return bytes;
  }
  absl::Status ReadPieces(std::string_view name, size_t piece_bytes,
                          absl::FunctionRef<bool(std::string_view)> piece) const override {
    const auto it = paths_.find(name);
    if (it == paths_.end()) return out_->ReadPieces(BaseOf(name), piece_bytes, piece);
    return ReadPath(it->second, piece_bytes, piece);
  }
  absl::Status Publish(std::string_view name, std::string_view bytes) override {
    return out_->Publish(BaseOf(name), bytes);
  }

  static absl::Status ReadPath(const std::string& path, size_t piece_bytes,
                               absl::FunctionRef<bool(std::string_view)> piece) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return absl::UnavailableError(StrCat(path, ": cannot be opened: ", std::strerror(errno)));
    std::string bytes(piece_bytes, '\0');
    while (in) {
      in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      const auto n = static_cast<size_t>(in.gcount());
      if (n > 0 && !piece(std::string_view(bytes).substr(0, n))) return absl::OkStatus();
    }
    if (in.bad()) return absl::UnavailableError(StrCat(path, ": cannot be read"));
    return absl::OkStatus();
  }

 private:
  Files* const out_;
  std::map<std::string, std::string, std::less<>> paths_;    // name in the exchange, path on disk
  std::map<std::string, std::string, std::less<>> indexes_;  // made here
};

// The head of a data file; nothing where the file is not one. kInvalidArgument where it begins like one and is wrong.
absl::StatusOr<std::optional<ofd::Header>> ReadHead(const std::string& path) {
  ofd::Reader reader(path);
  bool first = true, data = false;
  FC_RETURN_IF_ERROR(FlatExchange::ReadPath(path, 1 << 16, [&](std::string_view piece) {
    if (first) data = piece.substr(0, ofd::kDataMagic.size()) == ofd::kDataMagic;
    first = false;
    if (!data) return false;
    reader.Feed(piece);
    ofd::RecordView none;
    if (!reader.header_complete()) reader.Next(&none);
    return !reader.header_complete() && reader.status().ok();
  }));
  if (!data) return std::optional<ofd::Header>();
  if (reader.header_complete()) return std::optional<ofd::Header>(reader.header());
  FC_RETURN_IF_ERROR(reader.status());
  return absl::InvalidArgumentError(StrCat(path, ": the file ends within its head; it was cut short"));
}

struct PairKey {
  DistributorCode distributor;
  TaCode ta;
  friend auto operator<=>(const PairKey&, const PairKey&) = default;
  friend bool operator==(const PairKey&, const PairKey&) = default;
  std::string Text() const { return StrCat(distributor.view(), " to ", ta.view()); }
};

absl::StatusOr<std::map<PairKey, std::vector<Sent>>> FindSent(const std::string& in, std::vector<std::string>* notes) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<std::string> paths;
  if (fs::is_regular_file(in, failed)) {
    paths.push_back(in);
  } else {
    for (fs::directory_iterator it(in, failed), end; !failed && it != end; it.increment(failed)) {
      if (it->is_regular_file() && it->path().filename().string()[0] != '.') paths.push_back(it->path().string());
    }
    if (failed) return absl::NotFoundError(StrCat(in, ": cannot be read: ", failed.message()));
  }
  std::sort(paths.begin(), paths.end());
  std::map<PairKey, std::vector<Sent>> pairs;
  std::map<std::string, std::string> identities;
  for (const std::string& path : paths) {
    const std::string name(BaseOf(path));
    FC_ASSIGN_OR_RETURN(const std::optional<ofd::Header> head, ReadHead(path));
    if (!head) {
      const auto index = ofd::FileName::Parse(name);
      if (!index.ok() || !index->is_index()) notes->push_back(StrCat(name, " is no data file; passed over"));
      continue;
    }
    if (head->type.view() != "01" && head->type.view() != "03") {
      notes->push_back(StrCat(name, " is of type ", head->type.view(), ", not 01 or 03; passed over"));
      continue;
    }
    if (head->transfer_no.raw() == 0 || head->transfer_no.raw() > 999) {
      return absl::InvalidArgumentError(
          StrCat(name, ": transfer number ", head->transfer_no.raw(), " is not 1 to 999; write another"));
    }
    const std::string identity = StrCat(head->creator.view(), "_", head->receiver.view(), "_", head->date.raw(), "_",
                                        head->type.view(), "_", head->transfer_no.raw());
    if (const auto [at, fresh] = identities.emplace(identity, name); !fresh) {
      return absl::InvalidArgumentError(StrCat(at->second, " and ", name, " are of one sender, agent, date, type and "
                                               "transfer number ", head->transfer_no.raw(), "; remove one or give it "
                                               "another transfer number"));
    }
    pairs[{DistributorCode(head->creator.view()), TaCode(head->receiver.view())}].push_back({path, *head});
  }
  if (pairs.empty()) return absl::NotFoundError(StrCat(in, " holds no 01 or 03 file to be answered"));
  return pairs;
}

// What the orders of a pair name, and when they are due.
struct Asked {
  struct Fund {
    bool offered = false, traded = false;  // by 020; by anything else
  };
  std::map<FundCode, Fund> funds;
  std::set<std::pair<FundCode, Date>> orders;  // fund and day of file
  std::set<Date> account_days;
  Date first, last;  // days of files
};

absl::StatusOr<Asked> Look(const std::vector<Sent>& sent) {
  Asked asked;
  for (const Sent& s : sent) {
    const Date day = s.head.date;
    if (!asked.first.is_set() || day < asked.first) asked.first = day;
    asked.last = std::max(asked.last, day);
    if (s.head.type.view() == "01") {
      asked.account_days.insert(day);
      continue;
    }
    ofd::Reader reader(s.path);
    ofd::Column fund, business;
    bool found = false;
    const auto drain = [&] {
      if (!found && reader.header_complete()) {
        found = true;
        fund = reader.Find("FundCode");
        business = reader.Find("BusinessCode");
      }
      for (ofd::RecordView r; reader.Next(&r);) {
        const FundCode code = FundCode::FromRaw(r.Text(fund));
        Asked::Fund& f = asked.funds[code];
        (r.Text(business) == "020" ? f.offered : f.traded) = true;
        asked.orders.insert({code, day});
      }
      return reader.status().ok();
    };
    FC_RETURN_IF_ERROR(FlatExchange::ReadPath(s.path, kPieceBytes, [&](std::string_view piece) {
      reader.Feed(piece);
      return drain();
    }));
    FC_RETURN_IF_ERROR(reader.status());
    reader.Finish();
    drain();
    FC_RETURN_IF_ERROR(reader.status());
  }
  return asked;
}

absl::StatusOr<std::set<Date>> DaysToAnswer(const TaConfig& config, const Asked& asked) {
  std::set<Date> days;
  for (Date day : asked.account_days) {
    FC_ASSIGN_OR_RETURN(const Date due, DueDay(config, nullptr, day));
    days.insert(due);
  }
  for (const auto& [fund, day] : asked.orders) {
    FC_ASSIGN_OR_RETURN(const Date due, DueDay(config, config.Find(fund), day));
    days.insert(due);
  }
  if (days.empty()) {  // files without a line are answered, too
    FC_ASSIGN_OR_RETURN(const Date due, DueDay(config, nullptr, asked.last));
    days.insert(due);
  }
  return days;
}

// A configuration out of nothing: every fund asked for exists.
absl::StatusOr<TaConfig> MakeUp(const PairKey& pair, const Asked& asked, std::vector<std::string>* notes) {
  TaConfig config{.ta = pair.ta, .distributor = pair.distributor};
  const TradingCalendar& known = config.CalendarOf(nullptr);
  constexpr int kSpareDays = 120;
  const auto extend = [&](Date first, Date last) {
    TradingCalendar longer = config.CalendarOf(nullptr);
    FC_RETURN_IF_ERROR(longer.Extend(first, last));
    notes->push_back(StrCat("the trading calendar covers ", known.first().Iso(), " to ", known.last().Iso(),
                            " only; beyond it every Monday to Friday is taken as open"));
    config.calendars.Put(std::move(longer));
    return absl::OkStatus();
  };
  if (asked.first < known.first()) {
    FC_RETURN_IF_ERROR(extend(asked.first.AddDays(-kSpareDays), known.first().AddDays(-1)));
  }
  constexpr int kSettleDays = 30;  // payments are due within them
  if (known.last() < asked.last.AddDays(kSettleDays)) {
    FC_RETURN_IF_ERROR(extend(known.last().AddDays(1), asked.last.AddDays(kSpareDays)));
  }
  std::string listed;
  size_t count = 0;
  const Date covered = config.CalendarOf(nullptr).first();
  FC_ASSIGN_OR_RETURN(const Date start,
                      config.CalendarOf(nullptr).NextOrSame(std::max(covered, asked.first.AddDays(-kSpareDays))));
  for (const auto& [code, use] : asked.funds) {
    if (code.empty()) continue;
    FundTerms fund{.code = code, .name = code.str()};
    fund.nav_rule = NavRule{.start = start, .first = Price::FromRaw(100'000'000)};
    if (use.offered && !use.traded) {
      fund.status = '1';
      fund.offer = OfferTerms{.result_day = asked.first, .effective = asked.last};
    }
    config.funds.push_back(std::move(fund));
    const char* const how = use.offered && !use.traded ? " (in its offer)" : "";
    if (++count <= kMostListed) listed += StrCat(listed.empty() ? "" : ", ", code.view(), how);
  }
  if (count > 0) {
    notes->push_back(StrCat(pair.Text(), ": no --config, so every fund that the orders name is taken with a NAV of ",
                            "1.0000 and no fees: ", listed, count > kMostListed ? ", …" : ""));
  }
  return config;
}

absl::Status ReplyTo(const ReplyOptions& options, const PairKey& pair, std::vector<Sent> sent, Files* out,
                     ReplyReport* report) {
  const ofd::Version version = sent.front().head.version;
  for (const Sent& s : sent) {
    if (s.head.version == version) continue;
    return absl::InvalidArgumentError(StrCat(
        pair.Text(), ": ", BaseOf(sent.front().path), " is of version ", ofd::VersionText(version), " and ",
        BaseOf(s.path), " of ", ofd::VersionText(s.head.version), "; answer them apart, from two folders"));
  }
  FC_ASSIGN_OR_RETURN(const Asked asked, Look(sent));
  TaConfig config;
  if (options.config) {
    config = *options.config;
  } else {
    FC_ASSIGN_OR_RETURN(config, MakeUp(pair, asked, &report->notes));
  }
  config.version = version;
  if (!config.take_unknown) config.take_unknown = true;
  FC_RETURN_IF_ERROR(CheckConfig(config));
  std::set<Date> days{options.date};
  if (!options.date.is_set()) {
    FC_ASSIGN_OR_RETURN(days, DaysToAnswer(config, asked));
  }

  MemoryTaStore memory;
  std::unique_ptr<DiskTaStore> disk;
  if (!options.state.empty()) {
    const std::string folder = StrCat(options.state, "/", pair.ta.view(), "_", pair.distributor.view());
    std::error_code failed;
    std::filesystem::create_directories(options.state, failed);
    if (failed) return absl::UnavailableError(StrCat(options.state, ": cannot be made: ", failed.message()));
    FC_ASSIGN_OR_RETURN(disk, DiskTaStore::Open(folder));
  }
  FlatExchange exchange(std::move(sent), out);
  TaStore* const store = disk ? static_cast<TaStore*>(disk.get()) : &memory;
  TaSim agent(std::move(config), &exchange, store);
  for (Date day : days) {
    FC_ASSIGN_OR_RETURN(AnswerReport answer, agent.Answer(day, options.faults));
    for (std::string& name : answer.files) name = std::string(BaseOf(name));
    for (std::string& note : answer.notes) report->notes.push_back(StrCat(pair.Text(), ": ", note));
    answer.notes.clear();
    if (answer.repeated) {
      report->notes.push_back(StrCat(pair.Text(), ": ", day.Iso(), " was answered before; a file that came since is "
                                     "answered with a later --date"));
    }
    report->answers.push_back({pair.ta, pair.distributor, std::move(answer)});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReplyReport> Reply(const ReplyOptions& options) {
  ReplyReport report;
  FC_ASSIGN_OR_RETURN(auto pairs, FindSent(options.in, &report.notes));
  if (options.config) {
    const PairKey own{options.config->distributor, options.config->ta};
    if (!pairs.count(own)) {
      return absl::InvalidArgumentError(StrCat("no file goes from ", own.Text(), ", as the configuration says; the first "
                                               "one goes from ", pairs.begin()->first.Text(),
                                               "; change ta or distributor there"));
    }
    std::erase_if(pairs, [&](const auto& entry) {
      if (entry.first == own) return false;
      report.notes.push_back(StrCat("files from ", entry.first.Text(), " are not the configuration's; passed over"));
      return true;
    });
  }
  if (options.state.empty()) {
    report.notes.push_back("no --state, so the register begins empty and is forgotten afterwards");
  }
  std::error_code failed;
  std::filesystem::create_directories(options.out, failed);
  if (failed) return absl::UnavailableError(StrCat(options.out, ": cannot be made: ", failed.message()));
  FC_ASSIGN_OR_RETURN(auto out, DiskFiles::Open(options.out));
  for (auto& [pair, sent] : pairs) FC_RETURN_IF_ERROR(ReplyTo(options, pair, std::move(sent), out.get(), &report));
  return report;
}

std::string ToJson(const ReplyReport& report) {
  std::string answers;
  for (const ReplyReport::Answer& a : report.answers) {
    answers += StrCat(answers.empty() ? "" : ",", "{\"ta\":\"", a.ta.view(), "\",\"distributor\":\"",
                      a.distributor.view(), "\",\"answer\":", ToJson(a.report), "}");
  }
  return StrCat("{\"answers\":[", answers, "],\"notes\":", JsonTexts(report.notes), "}");
}

}  // namespace fundcore::ta_sim
