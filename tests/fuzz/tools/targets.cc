// The file tools under any bytes: what from-json and from-csv make can be read, shown and made again, to the same bytes; what
// show can show whole comes back the same; lint and the reader of order files end with a finding or none.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <string>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/format.h"
#include "common/ofd/reader.h"
#include "tests/fuzz/support/targets.h"
#include "tools/fundctl/order_file.h"
#include "tools/ofd/lint/lint_file.h"
#include "tools/ofd/show/csv.h"
#include "tools/ofd/show/from_json.h"
#include "tools/ofd/show/restore.h"
#include "tools/ofd/show/show.h"

namespace fundcore::fuzz {
namespace {

using ofd_tools::LinePieces;
using ofd_tools::Restorer;

constexpr std::string_view kName = "OFD_11_301_20250304_04.TXT";

// A file in memory with a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : file_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    FC_CHECK(file_.is_open() && log_format::WriteAt(file_.fd(), 0, bytes, "memory").ok());
  }
  std::string path() const { return StrCat("/proc/self/fd/", file_.fd()); }

 private:
  log_format::File file_;
};

class StringSink final : public ofd_tools::Sink {
 public:
  absl::Status Write(std::string_view bytes) override {
    out += bytes;
    return absl::OkStatus();
  }
  absl::Status Commit() override { return absl::OkStatus(); }
  std::string out;
};

using Restore = absl::Status (*)(LinePieces*, Restorer*);

absl::Status RestoreFrom(std::string_view text, Restore restore, std::string* out) {
  const MemoryFile file(text);
  auto pieces = LinePieces::Open(file.path());
  FC_CHECK(pieces.ok(), pieces.status().ToString());
  StringSink sink;
  Restorer restorer("in.txt", "", &sink);
  const absl::Status status = restore(&*pieces, &restorer);
  *out = std::move(sink.out);
  return status;
}

enum class To { kJson, kCsv };

absl::Status Show(std::string_view bytes, To to, std::string* out) {
  const MemoryFile file(bytes);
  auto pieces = LinePieces::Open(file.path());
  FC_CHECK(pieces.ok(), pieces.status().ToString());
  StringSink sink;
  ofd_tools::ShowOptions options;
  options.meanings = bytes.size() % 2 == 1;
  const auto shower =
      to == To::kJson ? ofd_tools::MakeJsonShower(&sink, options) : ofd_tools::MakeCsvShower(&sink, options);
  const absl::Status status = ofd_tools::ShowFile(&*pieces, "a.txt", options, shower.get());
  *out = std::move(sink.out);
  return status;
}

// What can be shown whole becomes the same bytes again, by either way.
void ShowAndRestore(std::string_view bytes, bool must_show) {
  for (const To to : {To::kJson, To::kCsv}) {
    std::string shown, again;
    const absl::Status status = Show(bytes, to, &shown);
    if (!status.ok()) {
      FC_CHECK(!must_show, "a file that was made cannot be shown: ", status.ToString());
      FC_CHECK(absl::IsInvalidArgument(status), status.ToString());
      continue;
    }
    const absl::Status back =
        RestoreFrom(shown, to == To::kJson ? &ofd_tools::RestoreJson : &ofd_tools::RestoreCsv, &again);
    FC_CHECK(back.ok(), "what was shown cannot become a file: ", back.ToString(), "\n", shown);
    FC_CHECK(again == bytes, "a file changed on its way; shown as\n", shown);
  }
}

void RestoreAny(std::string_view bytes, Restore restore) {
  std::string made;
  const absl::Status status = RestoreFrom(bytes, restore, &made);
  if (status.ok()) return ShowAndRestore(made, true);
  FC_CHECK(absl::IsInvalidArgument(status), status.ToString());
  FC_CHECK(status.message().find("in.txt") != absl::string_view::npos, "not located: ", status.ToString());
}

}  // namespace

void FuzzJson(std::string_view bytes) { RestoreAny(bytes, &ofd_tools::RestoreJson); }
void FuzzCsv(std::string_view bytes) { RestoreAny(bytes, &ofd_tools::RestoreCsv); }

void FuzzLint(std::string_view bytes) {
  ShowAndRestore(bytes, false);
  const MemoryFile file(bytes);
  std::ostringstream out;
  const ofd::Variant standard;
  ofd_tools::Report report(out, {.json = bytes.size() % 2 == 1, .max_findings = 50, .variant = &standard});
  ofd_tools::FolderCheck folder(&report, true);
  // Twice the same file: an identity that two files share, and sums over both.
  for (int i = 0; i < 2; ++i) {
    folder.AddPresent(StrCat("in/", kName));
    const auto records = ofd_tools::LintFile(file.path(), standard, &report, &folder);
    FC_CHECK(records.ok(), records.status().ToString());
  }
  folder.Finish();
  report.Summary(2, 0, 0);
  // The reader refuses what is no file of the standard; so must the linter.
  ofd::Reader reader("a.txt");
  reader.Feed(bytes);
  reader.Finish();
  ofd::RecordView record;
  while (reader.Next(&record)) {
  }
  if (!reader.done() && bytes.substr(0, 8) != ofd::kIndexMagic) {
    FC_CHECK(report.fails(false), "a file that cannot be read has no finding: ", reader.status().ToString());
  }
}

void FuzzOrders(std::string_view bytes) {
  const auto file = fundctl::ReadOrderFile("OFD_996_11_20250304_03.TXT", bytes, ofd::Variant());
  if (!file.ok()) {
    FC_CHECK(absl::IsInvalidArgument(file.status()), file.status().ToString());
    return;
  }
  for (const fundctl::OrderLine& line : file->lines) {
    FC_CHECK(line.request_id.size() <= 64, line.request_id);
    if (line.fault.outcome != fundctl::Outcome::kNone) {
      FC_CHECK(!line.fault.reason.empty() && !line.fault.message.empty(), "line ", line.line, " is refused without a reason");
      (void)fundctl::ReturnCodeOf(line.fault.reason);
      continue;
    }
    FC_CHECK(!line.request_id.empty() && !line.fund.empty(), "line ", line.line, " has no request id or fund");
    FC_CHECK(line.amount >= Money() && line.units >= Units(), "line ", line.line, " asks for less than nothing");
  }
}

}  // namespace fundcore::fuzz
