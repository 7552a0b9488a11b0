// Conversion by iconv, behind an ASCII fast path.
#include "common/ofd/text.h"

#include <iconv.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"

namespace fundcore::ofd {
namespace {

// An iconv descriptor. Not thread-safe, hence one for each thread.
class Converter {
 public:
  Converter(const char* to, const char* from) : handle_(iconv_open(to, from)), from_(from) {}
  ~Converter() {
    if (usable()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  absl::StatusOr<std::string> Convert(std::string_view in) {
    if (!usable()) {
      return absl::UnavailableError(
          "the system has no GB18030 converter; install glibc's gconv modules (libc6 on Debian)");
    }
    iconv(handle_, nullptr, nullptr, nullptr,
          nullptr);                            // back to the initial state, whatever the last text left behind
    std::string out(in.size() * 2 + 8, '\0');  // no character takes more than twice its bytes in either direction
    char* src = const_cast<char*>(in.data());  // iconv does not write to it; its signature is older than const
    size_t src_left = in.size();
    char* dst = out.data();
    size_t dst_left = out.size();
    if (iconv(handle_, &src, &src_left, &dst, &dst_left) == static_cast<size_t>(-1)) {
      return absl::InvalidArgumentError(
          StrCat("not valid ", from_, " at byte ", in.size() - src_left + 1, errno == EINVAL ? " (cut short)" : ""));
    }
    out.resize(out.size() - dst_left);
    return out;
  }

 private:
  bool usable() const { return handle_ != reinterpret_cast<iconv_t>(-1); }
  iconv_t handle_;
  const char* from_;
};

}  // namespace

bool IsAscii(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  for (; end - p >= 8; p += 8) {
    uint64_t chunk;
    std::memcpy(&chunk, p, 8);
    if (chunk & 0x8080808080808080ull) return false;
  }
  for (; p < end; ++p) {
    if (static_cast<unsigned char>(*p) & 0x80) return false;
  }
  return true;
}

absl::StatusOr<std::string> ToUtf8(std::string_view gb18030) {
  if (IsAscii(gb18030)) return std::string(gb18030);
  thread_local Converter converter("UTF-8", "GB18030");
  return converter.Convert(gb18030);
}

absl::StatusOr<std::string> ToGb18030(std::string_view utf8) {
  if (IsAscii(utf8)) return std::string(utf8);
  thread_local Converter converter("GB18030", "UTF-8");
  return converter.Convert(utf8);
}

std::string Printable(std::string_view gb18030, size_t max_bytes) {
  const bool cut = gb18030.size() > max_bytes;
  if (cut) gb18030 = gb18030.substr(0, max_bytes);
  auto utf8 = ToUtf8(gb18030);
  // Cutting may have halved a character of up to four bytes: then up to three of its bytes go as well.
  for (int i = 0; cut && i < 3 && !utf8.ok() && !gb18030.empty(); ++i) {
    gb18030.remove_suffix(1);
    utf8 = ToUtf8(gb18030);
  }
  std::string out;
  for (char c : utf8.ok() ? std::string_view(*utf8) : gb18030) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8.ok())) {
      absl::StrAppendFormat(&out, "\\x%02x", byte);
    } else {
      out.push_back(c);
    }
  }
  if (cut) out += "…";
  return out;
}

}  // namespace fundcore::ofd
