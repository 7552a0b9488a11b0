// The entry of a fuzzing engine: any bytes at all, through everything that reads files. It returns; that is all it
// promises.
//
// To run it under libFuzzer: clang++ -fsanitize=fuzzer,address over this file and the sources of common/ofd.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"
#include "common/ofd/reader.h"
#include "common/ofd/text.h"
#include "common/ofd/writer.h"

namespace fundcore::ofd {
namespace {

// Reads every field of every record in every way, and gives the number of records and the final status.
void ReadAll(Reader& reader, std::string* summary) {
  for (RecordView record; reader.Next(&record);) {
    for (size_t f = 0; f < reader.layout().field_count(); ++f) {
      const Column c = reader.layout().column(f);
      *summary += record.NumberOr(c, -7).ok() ? 'n' : '-';
      *summary += record.DateOr(c, Date()).ok() ? 'd' : '-';
      *summary += record.Utf8(c).ok() ? 't' : '-';
      *summary += record.IsNoLimit(c) ? '9' : '-';
    }
    *summary += record.Check().ok() ? 'C' : '-';
  }
}

std::string ReadWhole(std::string_view bytes) {
  Reader reader("whole");
  std::string summary;
  reader.Feed(bytes);
  ReadAll(reader, &summary);
  reader.Finish();
  ReadAll(reader, &summary);
  FC_CHECK(reader.done() == reader.status().ok(), "neither done nor wrong");
  return StrCat(summary, reader.status().ok() ? "ok" : reader.error()->rule);
}

std::string ReadPieces(std::string_view bytes, size_t piece) {
  Reader reader("pieces");
  std::string summary;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    reader.Feed(bytes.substr(at, piece));
    ReadAll(reader, &summary);
  }
  reader.Finish();
  ReadAll(reader, &summary);
  return StrCat(summary, reader.status().ok() ? "ok" : reader.error()->rule);
}

}  // namespace
}  // namespace fundcore::ofd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fundcore::ofd;  // NOLINT: a program of its own under libFuzzer
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = ReadWhole(bytes);
  const size_t piece = 1 + (size > 0 ? data[size / 2] : 0);
  FC_CHECK(whole == ReadPieces(bytes, piece), "pieces of ", piece, " bytes read otherwise than the whole");

  if (auto index = IndexFile::Parse("index", bytes); index.ok()) {
    const auto written = index->Format();
    FC_CHECK(written.ok(), "an index that was read cannot be written");
    FC_CHECK(IndexFile::Parse("again", *written).value() == *index, "an index changed on its way");
  }
  if (auto name = FileName::Parse(bytes); name.ok()) {
    FC_CHECK(FileName::Parse(name->Format()).value() == *name, "a file name changed on its way");
  }
  if (auto utf8 = ToUtf8(bytes); utf8.ok()) {
    FC_CHECK(ToGb18030(*utf8).ok(), "a text that was read cannot be written");
  }
  fundcore::IgnoreStatus(ToGb18030(bytes).status(), "any bytes may be no UTF-8");
  return Printable(bytes).size() > 64 * 4 + 3 ? 1 : 0;
}
