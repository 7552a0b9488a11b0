// How fast are confirmation files read and written, beside what the memory of the machine allows?
//
//   ./bench codec [--megabytes=N] [--threads=1|2] [--from=memory|file]
//
// Each thread has a file of its own: type 04, version 21, all 121 fields, 1,234 bytes a record, 400 MB unless told
// otherwise. One record in ten has a Chinese text and three blank numbers, so that the uncommon paths are in the
// figure. From memory (the default), pieces of 1 MiB are slices of it; from file, they come through read() from a file
// in the temporary folder that was just written, so that the kernel has it in its page cache.
//
//   codec_read         what clearing does to a line before it looks at its books: every field of the record is checked
//                      against its kind, and the 21 columns that a confirmation is judged by are read and checked
//   codec_read_fields  those 21 columns alone
//   codec_write        those 21 columns set by the Writer in every record, all others as it leaves them
//
// The reference of reading finds every line end of the same pieces with memchr, which touches every byte; that of
// writing copies as many bytes with memcpy, piece by piece. Each figure is the best of five rounds; reference and work
// take turns within a round. With two threads both work at once, and each prints its own lines; the first line of a
// name is the sum. Prints JSON lines: name, value, unit, reference, reference_value, ratio.
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/check.h"
#include "common/ofd/business_code.h"
#include "common/ofd/reader.h"
#include "common/ofd/writer.h"
#include "common/types/ids.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
constexpr int kRounds = 5;
constexpr const char* kName = "OFD_11_301_20250304_04.TXT";
constexpr int32_t kDay = 20250304;

struct Options {
  uint64_t megabytes = 400;
  size_t threads = 1;
  bool from_file = false;
};

Header FileHeader() {
  return {.version = Version::k21,
          .creator = PartyCode("11"),
          .receiver = PartyCode("301"),
          .date = Date::FromRaw(kDay),
          .transfer_no = TransferNo(1),
          .type = FileType("04"),
          .sender = PartyCode("11"),
          .recipient = PartyCode("301")};
}

// The columns that clearing reads from an 04 line.
struct Columns {
  template <class File>
  explicit Columns(const File& f)
      : serial(f.Find("AppSheetSerialNo")),
        fund(f.Find("FundCode")),
        code(f.Find("ReturnCode")),
        account(f.Find("TransactionAccountID")),
        distributor(f.Find("DistributorCode")),
        business(f.Find("BusinessCode")),
        ta_account(f.Find("TAAccountID")),
        ta_serial(f.Find("TASerialNO")),
        finish(f.Find("BusinessFinishFlag")),
        detail(f.Find("DetailFlag")),
        error(f.Find("ErrorDetail")),
        confirm_day(f.Find("TransactionCfmDate")),
        apply_day(f.Find("TransactionDate")),
        numbers{f.Find("ConfirmedVol"), f.Find("ConfirmedAmount"), f.Find("Charge"),
                f.Find("AgencyFee"),    f.Find("OtherFee1"),       f.Find("NAV"),
                f.Find("Interest"),     f.Find("VolumeByInterest")} {}
  Column serial, fund, code, account, distributor, business, ta_account, ta_serial, finish, detail, error, confirm_day,
      apply_day;
  Column numbers[8];
};

// The texts of a record, made before the clock starts.
struct Line {
  std::string serial, account, ta_serial;
  int64_t amount;
};

std::vector<Line> MakeLines() {
  std::vector<Line> lines;
  for (int64_t i = 0; i < 4096; ++i) {
    const std::string digits = StrCat(100'000'000'000 + i * 7919);
    lines.push_back({StrCat("001", digits), digits, StrCat(kDay, digits), 1'250'000 + i * 31});
  }
  return lines;
}

void SetColumns(const Columns& c, const Line& line, Writer* writer) {
  const Date day = Date::FromRaw(kDay);
  writer->SetText(c.serial, line.serial);
  writer->SetText(c.fund, "110022");
  writer->SetText(c.code, "0000");
  writer->SetText(c.account, line.account);
  writer->SetText(c.distributor, "301");
  writer->SetText(c.business, "122");
  writer->SetText(c.ta_account, line.account);
  writer->SetText(c.ta_serial, line.ta_serial);
  writer->SetText(c.finish, "1");
  writer->SetText(c.detail, "0");
  writer->SetText(c.error, "");
  writer->SetDate(c.confirm_day, day);
  writer->SetDate(c.apply_day, day);
  int64_t value = line.amount;
  for (const Column number : c.numbers) writer->SetNumber(number, number.width() > 10 ? value += 7 : 12'500);
}

// A whole file, every field of which says something.
std::string MakeFile(uint64_t megabytes, const std::vector<Line>& lines) {
  std::string out;
  Writer writer(kName, &out);
  const uint64_t records = megabytes * 1'000'000 / 1236;
  out.reserve(records * 1236 + 10'000);
  const absl::Status begun = writer.Begin(FileHeader(), records);
  FC_CHECK(begun.ok(), begun.message());
  const Columns c(writer);
  for (uint64_t i = 0; i < records; ++i) {
    for (size_t f = 0; f < writer.layout().field_count(); ++f) {
      const Column column = writer.layout().column(f);
      if (column.kind() == FieldKind::kNumber) {
        writer.SetNumber(column, column.width() > 5 ? static_cast<int64_t>(10'000 + i % 90'000) : 1);
      } else {
        writer.SetText(column,
                       std::string_view("20250304112233445566").substr(0, std::min<size_t>(column.width(), 20)));
      }
    }
    SetColumns(c, lines[i % lines.size()], &writer);
    if (i % 10 == 0) {
      writer.SetText(c.error, "确认成功");
      for (size_t n = 4; n < 7; ++n) writer.SetBlank(c.numbers[n]);
    }
    const absl::Status written = writer.EndRecord();
    FC_CHECK(written.ok(), written.message());
  }
  FC_CHECK(writer.Finish().ok());
  return out;
}

// One thread's file, in memory or on disk, given out in pieces.
class File {
 public:
  File(const Options& options, const std::vector<Line>& lines, size_t number)
      : bytes_(MakeFile(options.megabytes, lines)), size_(bytes_.size()) {
    if (!options.from_file) return;
    path_ = std::filesystem::temp_directory_path() / StrCat("codec_bench_", getpid(), "_", number, ".TXT");
    std::ofstream(path_, std::ios::binary) << bytes_;
    FC_CHECK(std::filesystem::exists(path_) && std::filesystem::file_size(path_) == size_, "cannot write ",
             path_.string(), "; is the disk full?");
    bytes_ = {};
  }
  ~File() {
    if (!path_.empty()) std::filesystem::remove(path_);
  }
  File(const File&) = delete;

  template <class Take>
  void ForEachPiece(Take take) const {
    if (path_.empty()) {
      for (size_t at = 0; at < size_; at += kPieceBytes) take(std::string_view(bytes_).substr(at, kPieceBytes));
      return;
    }
    auto source = ofd_tools::FileSource::Open(path_.string());
    FC_CHECK(source.ok(), source.status().message());
    for (;;) {
      auto piece = source->Next();
      FC_CHECK(piece.ok(), piece.status().message());
      if (piece->empty()) return;
      take(*piece);
    }
  }
  size_t size() const { return size_; }

 private:
  std::string bytes_;
  size_t size_;
  std::filesystem::path path_;
};

// What is computed flows into `sink`, so that the compiler leaves nothing out.
uint64_t Scan(const File& file) {
  uint64_t lines = 0;
  file.ForEachPiece([&](std::string_view piece) {
    while (const void* end = std::memchr(piece.data(), '\n', piece.size())) {
      ++lines;
      piece.remove_prefix(static_cast<size_t>(static_cast<const char*>(end) - piece.data()) + 1);
    }
  });
  return lines;
}

uint64_t ReadColumns(const RecordView& r, const Columns& c) {
  int64_t sum = 0;
  for (const Column number : c.numbers) {
    int64_t value = 0;
    FC_CHECK(r.ReadNumber(number, &value) != FieldState::kMalformed);
    sum += value;
  }
  Date confirm_day, apply_day;
  FC_CHECK(r.ReadDate(c.confirm_day, &confirm_day) != FieldState::kMalformed);
  FC_CHECK(r.ReadDate(c.apply_day, &apply_day) != FieldState::kMalformed);
  FC_CHECK(confirm_day.raw() == kDay);
  if (r.Text(c.detail) == "1") return 0;
  const auto business = ParseBusinessCode(r.Text(c.business));
  FC_CHECK(business.has_value() && r.Text(c.code).size() == 4 && r.Text(c.distributor) == "301");
  sum += static_cast<int64_t>(*business) + (r.Text(c.finish) == "0" ? 1 : 0);
  for (const Column text : {c.serial, c.fund, c.account, c.ta_account, c.ta_serial, c.error}) {
    const std::string_view t = r.Text(text);
    sum += static_cast<int64_t>(t.size()) + (t.empty() ? 0 : t.back());
  }
  return static_cast<uint64_t>(sum);
}

uint64_t Read(const File& file, bool check_all) {
  Reader reader(kName);
  std::optional<Columns> columns;
  uint64_t sum = 0;
  RecordView record;
  const auto take = [&] {
    if (!columns && reader.header_complete()) columns.emplace(reader);
    while (reader.Next(&record)) {
      if (check_all) FC_CHECK(record.Check().ok());
      sum += ReadColumns(record, *columns);
    }
  };
  file.ForEachPiece([&](std::string_view piece) {
    reader.Feed(piece);
    take();
  });
  reader.Finish();
  take();
  FC_CHECK(reader.done(), reader.status().message());
  return sum;
}

uint64_t Write(uint64_t records, const std::vector<Line>& lines, std::string* piece) {
  piece->clear();
  Writer writer(kName, piece);
  FC_CHECK(writer.Begin(FileHeader(), records).ok());
  const Columns c(writer);
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < records; ++i) {
    SetColumns(c, lines[i % lines.size()], &writer);
    FC_CHECK(writer.EndRecord().ok());
    if (piece->size() < kPieceBytes) continue;
    bytes += piece->size();
    piece->clear();
  }
  FC_CHECK(writer.Finish().ok());
  return bytes + piece->size();
}

uint64_t Copy(uint64_t bytes, const std::string& from, std::string* to) {
  uint64_t sum = 0;
  for (uint64_t at = 0; at < bytes; at += kPieceBytes) {
    std::memcpy(to->data(), from.data(), kPieceBytes);
    sum += static_cast<unsigned char>((*to)[at / kPieceBytes % kPieceBytes]);
  }
  return sum;
}

// The best rate of each thread, in MB/s.
struct Rates {
  double scan = 0, read = 0, fields = 0, copy = 0, write = 0;
};

void Work(const File& file, const std::vector<Line>& lines, std::barrier<>* together, volatile uint64_t* sink,
          Rates* rates) {
  const auto measure = [&](double* best, uint64_t bytes, const auto& work) {
    together->arrive_and_wait();
    const auto start = std::chrono::steady_clock::now();
    *sink = *sink + work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    *best = std::max(*best, static_cast<double>(bytes) / took.count() / 1e6);
  };
  const uint64_t records = file.size() / 1236;
  std::string from(kPieceBytes, 'x'), to(kPieceBytes, ' '), piece;
  piece.reserve(kPieceBytes + 10'000);
  for (int round = 0; round < kRounds; ++round) {
    measure(&rates->scan, file.size(), [&] { return Scan(file); });
    measure(&rates->read, file.size(), [&] { return Read(file, true); });
    measure(&rates->fields, file.size(), [&] { return Read(file, false); });
    measure(&rates->copy, file.size(), [&] { return Copy(file.size(), from, &to); });
    measure(&rates->write, file.size(), [&] { return Write(records, lines, &piece); });
  }
}

void Print(const std::string& name, double value, const char* reference, double reference_value) {
  std::printf(
      "{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"MB/s\",\"reference\":\"%s\",\"reference_value\":%.0f,"
      "\"ratio\":%.3f}\n",
      name.c_str(), value, reference, reference_value, value / reference_value);
}

int Main(const Options& options) {
  const std::vector<Line> lines = MakeLines();
  std::vector<Rates> rates(options.threads);
  std::barrier<> together(static_cast<std::ptrdiff_t>(options.threads));
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < options.threads; ++t) {
      threads.emplace_back([&, t] {
        volatile uint64_t sink = 0;
        const File file(options, lines, t);
        Work(file, lines, &together, &sink, &rates[t]);
      });
    }
  }
  const auto line = [&](const std::string& name, double Rates::*work, double Rates::*limit, const char* reference) {
    double value = 0, reference_value = 0;
    for (const Rates& r : rates) value += r.*work, reference_value += r.*limit;
    Print(name, value, reference, reference_value);
    for (size_t t = 0; rates.size() > 1 && t < rates.size(); ++t) {
      Print(StrCat(name, "_thread_", t + 1), rates[t].*work, reference, rates[t].*limit);
    }
  };
  const char* scan = options.from_file ? "line ends by memchr, same 1 MiB pieces, page cache"
                                       : "line ends by memchr, same 1 MiB pieces, in memory";
  line("codec_read", &Rates::read, &Rates::scan, scan);
  line("codec_read_fields", &Rates::fields, &Rates::scan, scan);
  line("codec_write", &Rates::write, &Rates::copy, "memcpy of as many bytes in 1 MiB pieces");
  return 0;
}

// "--name=number" within the bounds.
bool TakeNumber(std::string_view argument, std::string_view name, uint64_t least, uint64_t most, uint64_t* value) {
  if (argument.substr(0, name.size()) != name) return false;
  uint64_t number = 0;
  if (!ParseCount(argument.substr(name.size()), &number) || number < least || number > most) return false;
  *value = number;
  return true;
}

}  // namespace
}  // namespace fundcore::ofd

int main(int argc, char** argv) {
  fundcore::ofd::Options options;
  uint64_t threads = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (fundcore::ofd::TakeNumber(argument, "--megabytes=", 1, 100'000, &options.megabytes)) continue;
    if (fundcore::ofd::TakeNumber(argument, "--threads=", 1, 64, &threads)) continue;
    if (argument == "--from=memory" || argument == "--from=file") {
      options.from_file = argument == "--from=file";
      continue;
    }
    std::fprintf(
        stderr,
        "usage: codec_bench [--megabytes=N] [--threads=N] [--from=memory|file]\n"
        "  N megabytes a thread (1 to 100000; 400 unless given), 1 to 64 threads, each with a file of its own\n");
    return argument == "--help" ? 0 : 2;
  }
  options.threads = threads;
  return fundcore::ofd::Main(options);
}
