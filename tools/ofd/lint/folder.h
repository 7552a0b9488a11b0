// What files say about each other: indexes against the files present, one identity twice, money and summaries against
// their details, confirmations against applications.
//
//   FolderCheck folder(&report, files.size() > 1);
//   for each file:  FileFacts* facts = folder.Begin(path, head, layout);  then folder.Record(facts, record) for each
//   record folder.Finish();     // reports
//
// Only what is certain is compared: groups of which both sides are in the run. Memory: a few hundred bytes a file, a
// hundred a (fund, business, day), and HashBuckets for applications and confirmations. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/ofd/record.h"
#include "tools/ofd/lint/buckets.h"
#include "tools/ofd/lint/report.h"
#include "tools/ofd/lint/scan.h"

namespace fundcore::ofd_tools {

struct FileFacts {
  std::string path;
  size_t number = 0;
  ofd::Header header;
  std::optional<uint64_t> transfer_no;
  // Columns that the comparisons need; not present() where the file has none.
  ofd::Column sheet, fund, business, confirmed_day, amount, units, charge, agency_fee, capital, detail, from_ta, pay,
      trade_day;
  uint64_t pair = 0;  // hash of distributor and institution, the same in both directions' files
  enum class Role : uint8_t { kOther, kApplications, kAnswers, kDividends, kCash, kSummary } role = Role::kOther;
};

class FolderCheck {
 public:
  // `records`: whether records are compared across files; a file alone has nothing to be compared with.
  FolderCheck(Report* report, bool records) : report_(report), records_(records) {}

  // An index file, read as far as possible; reports what is wrong in it. `bytes` is the whole file.
  void AddIndex(const std::string& path, std::string_view bytes);
  // A data file whose head was read; valid as long as this object. `layout` may be null.
  FileFacts* Begin(const std::string& path, const LintHead& head, const ofd::Layout* layout);
  void Record(const FileFacts* facts, const ofd::RecordView& record);
  // Data files that are present by name, also where they could not be read.
  void AddPresent(const std::string& path);
  void Finish();

 private:
  struct Index {
    std::string path;
    std::string folder;
    std::vector<std::string> names;
    std::vector<uint64_t> lines;
    std::string creator, receiver, date;  // upper case, as in the head
  };
  // What is compared; a group has a total for each file.
  struct GroupKey {
    std::string creator, receiver, fund, business, day;
    friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
  };
  struct Total {
    __int128 amount = 0, charge = 0, agency_fee = 0, units = 0;
    uint64_t count = 0;
    uint64_t line = 0;  // the first record of the group
    std::string extra;  // 25: the pay days seen
    void Add(const Total& other);
  };
  using ByFile = std::map<size_t, Total>;
  using Totals = std::map<GroupKey, ByFile>;
  void CheckIdentities();
  void CheckIndexes();
  void CheckCash();
  void CheckSummaries();
  void CheckOrders();
  void RememberSheet(const FileFacts& f, const ofd::RecordView& record);
  // The group of a record; null beyond the limit of groups.
  Total* Slot(Totals* totals, const FileFacts& f, const ofd::RecordView& record, std::string_view business);
  // Files whose sender has sent another one of the same name with a higher transfer number.
  void FindReplaced();
  // A group's total over all files, and over those that were not replaced. A second file of a day may hold the whole
  // day again or only what was missing; either is accepted.
  std::pair<Total, Total> AllAndLatest(const ByFile& by_file) const;
  static std::string Money(__int128 fen);

  Report* report_;
  bool records_;
  std::deque<FileFacts> files_;
  std::vector<Index> indexes_;
  std::set<std::string> present_;                                  // folder + "/" + upper-case name
  std::vector<std::pair<std::string, std::string>> present_list_;  // folder, name
  Totals details_, cash_, dividends_, summaries_;
  absl::flat_hash_map<uint64_t, Total*> slots_;  // by a hash of the key's bytes, so that no key is built for a record
  std::unique_ptr<HashBuckets> orders_;
  std::set<size_t> replaced_;
  bool totals_full_ = false;
};

}  // namespace fundcore::ofd_tools
