// GB18030, the encoding of files, to and from UTF-8, the encoding of everything else in fundcore.
//
//   auto name = ToUtf8(record.Text(investor_name));   // "张三"
//
// Plain ASCII is copied without a conversion. Otherwise glibc's iconv converts, with one descriptor a thread.
// Thread-safe. Errors: kInvalidArgument where the bytes are no valid text of their encoding or a character has no place
// in the other; the message gives the first offending byte's offset. kUnavailable where the system has no GB18030
// converter.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fundcore::ofd {

// True where every byte is below 0x80.
bool IsAscii(std::string_view bytes);

absl::StatusOr<std::string> ToUtf8(std::string_view gb18030);
absl::StatusOr<std::string> ToGb18030(std::string_view utf8);

// Bytes as people can read them in a message: as UTF-8 where they are valid GB18030, control characters and stray bytes
// as \xNN, and at most `max_bytes` of them, followed by "…" where there were more.
std::string Printable(std::string_view gb18030, size_t max_bytes = 64);

}  // namespace fundcore::ofd
