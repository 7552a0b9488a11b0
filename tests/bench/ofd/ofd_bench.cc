// How fast are confirmation files read and written? 300,000 records of type 04, version 21 (1,234 bytes each), on one
// thread.
//
//   ofd_bench [records]
//
// Reading takes the 15 fields that posting a confirmation needs. The reference is one pass over the same bytes that
// adds them up by machine words, which is what memory allows. Prints JSON lines: name, value, unit, reference,
// reference_value, ratio.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/base/check.h"
#include "common/ofd/reader.h"
#include "common/ofd/writer.h"

namespace fundcore::ofd {
namespace {

// The best of three runs, in seconds.
template <class Work>
double BestSeconds(Work work) {
  double best = 1e9;
  for (int run = 0; run < 3; ++run) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (took.count() < best) best = took.count();
  }
  return best;
}

std::string MakeFile(uint64_t records) {
  const Header header{.version = Version::k21,
                      .creator = PartyCode("11"),
                      .receiver = PartyCode("301"),
                      .date = Date::FromRaw(20250304),
                      .transfer_no = TransferNo(1),
                      .type = FileType("04"),
                      .sender = PartyCode("11"),
                      .recipient = PartyCode("301")};
  std::string out;
  out.reserve(records * 1240 + 10'000);
  Writer writer("OFD_11_301_20250304_04.TXT", &out);
  FC_CHECK(writer.Begin(header, records).ok());
  const Column serial = writer.Find("AppSheetSerialNo"), day = writer.Find("TransactionCfmDate"),
               vol = writer.Find("ConfirmedVol"), amount = writer.Find("ConfirmedAmount"),
               fund = writer.Find("FundCode"), code = writer.Find("ReturnCode"),
               account = writer.Find("TransactionAccountID"), business = writer.Find("BusinessCode"),
               ta = writer.Find("TAAccountID"), ta_serial = writer.Find("TASerialNO"),
               finish = writer.Find("BusinessFinishFlag"), charge = writer.Find("Charge"),
               agency = writer.Find("AgencyFee"), nav = writer.Find("NAV"), detail = writer.Find("DetailFlag");
  for (uint64_t i = 0; i < records; ++i) {
    const auto n = static_cast<int64_t>(i);
    const std::string digits = std::to_string(100'000'000'000 + i);
    writer.SetText(serial, StrCat("00100", digits));
    writer.SetDate(day, Date::FromRaw(20250304));
    writer.SetNumber(vol, 1'000'000 + n);
    writer.SetNumber(amount, 1'250'000 + n);
    writer.SetText(fund, "110022");
    writer.SetText(code, "0000");
    writer.SetText(account, digits);
    writer.SetText(business, "122");
    writer.SetText(ta, digits);
    writer.SetText(ta_serial, StrCat("20250304", digits));
    writer.SetText(finish, "1");
    writer.SetNumber(charge, 14'822);
    writer.SetNumber(agency, 7'411);
    writer.SetNumber(nav, 12'500);
    writer.SetText(detail, "0");
    FC_CHECK(writer.EndRecord().ok());
  }
  FC_CHECK(writer.Finish().ok());
  return out;
}

// Reads 15 fields a record; the sum keeps the compiler from leaving work out.
uint64_t Decode(const std::string& bytes) {
  auto reader = Reader::Open("OFD_11_301_20250304_04.TXT", bytes);
  FC_CHECK(reader.ok(), reader.status().message());
  const Column texts[] = {
      reader->Find("AppSheetSerialNo"),     reader->Find("FundCode"),           reader->Find("ReturnCode"),
      reader->Find("TransactionAccountID"), reader->Find("BusinessCode"),       reader->Find("TAAccountID"),
      reader->Find("TASerialNO"),           reader->Find("BusinessFinishFlag"), reader->Find("DetailFlag")};
  const Column numbers[] = {reader->Find("ConfirmedVol"), reader->Find("ConfirmedAmount"), reader->Find("Charge"),
                            reader->Find("AgencyFee"), reader->Find("NAV")};
  const Column day = reader->Find("TransactionCfmDate");
  uint64_t sum = 0;
  for (RecordView record; reader->Next(&record);) {
    for (const Column c : texts) {
      const std::string_view text = record.Text(c);
      sum += text.size() + static_cast<unsigned char>(text[0]);
    }
    for (const Column c : numbers) {
      const auto number = record.Number(c);
      FC_CHECK(number.ok());
      sum += static_cast<uint64_t>(*number);
    }
    const auto date = record.Date(day);
    FC_CHECK(date.ok());
    sum += static_cast<uint64_t>(date->raw());
  }
  FC_CHECK(reader->done(), reader->status().message());
  return sum;
}

uint64_t CheckAll(const std::string& bytes) {
  auto reader = Reader::Open("OFD_11_301_20250304_04.TXT", bytes);
  FC_CHECK(reader.ok());
  uint64_t records = 0;
  for (RecordView record; reader->Next(&record); ++records) FC_CHECK(record.Check().ok());
  FC_CHECK(reader->done());
  return records;
}

uint64_t Scan(const std::string& bytes) {
  uint64_t sum = 0;
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    sum += word;
  }
  return sum;
}

void Print(const char* name, double records_per_second, double reference) {
  std::printf(
      "{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"records/s\",\"reference\":\"memory scan of the same bytes\","
      "\"reference_value\":%.0f,\"ratio\":%.3f}\n",
      name, records_per_second, reference, records_per_second / reference);
}

int Main(uint64_t count) {
  volatile uint64_t sink = 0;
  std::string bytes;
  const auto records = static_cast<double>(count);
  const double write = BestSeconds([&] { bytes = MakeFile(count); });
  const double scan = BestSeconds([&] { sink = sink + Scan(bytes); });
  const double decode = BestSeconds([&] { sink = sink + Decode(bytes); });
  const double check = BestSeconds([&] { sink = sink + CheckAll(bytes); });
  Print("ofd_decode_04_15_fields", records / decode, records / scan);
  Print("ofd_check_04_all_fields", records / check, records / scan);
  Print("ofd_write_04_15_fields", records / write, records / scan);
  return 0;
}

}  // namespace
}  // namespace fundcore::ofd

int main(int argc, char** argv) {
  const uint64_t records = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300'000;
  if (records == 0) {
    std::fprintf(stderr, "usage: ofd_bench [records]   (a number from 1; 300000 unless given)\n");
    return 2;
  }
  return fundcore::ofd::Main(records);
}
