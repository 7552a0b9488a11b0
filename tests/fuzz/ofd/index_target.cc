// Index files, file names and texts under any bytes: what can be read can be written, and reads as the same again.
#include <string>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"
#include "common/ofd/text.h"
#include "tests/fuzz/ofd/targets.h"

namespace fundcore::ofd {
namespace {

void IndexTwice(std::string_view bytes) {
  const auto index = IndexFile::Parse("an index", bytes);
  if (!index.ok()) {
    const std::string_view message(index.status().message().data(), index.status().message().size());
    FC_CHECK(message.substr(0, 9) == "an index:", "not located: ", message);
    return;
  }
  for (const std::string_view line_end : {kCrLf, kLf}) {
    const auto written = index->Format(line_end);
    FC_CHECK(written.ok(), "an index that was read cannot be written: ", written.status().message());
    const auto again = IndexFile::Parse("again", *written);
    FC_CHECK(again.ok(), "an index that was written cannot be read: ", again.status().message());
    FC_CHECK(*again == *index, "an index changed on its way");
  }
}

void NameTwice(std::string_view text) {
  const auto name = FileName::Parse(text);
  if (!name.ok()) return;
  const auto again = FileName::Parse(name->Format());
  FC_CHECK(again.ok() && *again == *name, "a file name changed on its way: ", name->Format());
}

void TextTwice(std::string_view bytes) {
  if (const auto utf8 = ToUtf8(bytes); utf8.ok()) {
    const auto back = ToGb18030(*utf8);
    FC_CHECK(back.ok(), "a text that was read cannot be written: ", back.status().message());
    FC_CHECK(ToUtf8(*back).value() == *utf8, "a text changed on its way");
  }
  if (const auto gb18030 = ToGb18030(bytes); gb18030.ok()) {
    FC_CHECK(ToUtf8(*gb18030).ok(), "a text that was written cannot be read");
  }
  FC_CHECK(Printable(bytes).find('\n') == std::string::npos);
}

}  // namespace

void FuzzIndex(std::string_view bytes) {
  IndexTwice(bytes);
  NameTwice(bytes);
  // The lines of an index are names, which must hold for them alone, too.
  for (size_t at = 0; at < bytes.size() && at < 4'096;) {
    const size_t end = std::min(bytes.find('\n', at), bytes.size());
    NameTwice(bytes.substr(at, end - at));
    at = end + 1;
  }
  TextTwice(bytes.substr(0, 256));
}

}  // namespace fundcore::ofd
