// The rules of names.h, with a reason for each refusal.
#include "common/files/names.h"

#include "absl/strings/escaping.h"
#include "common/base/check.h"

namespace fundcore {
namespace {

constexpr size_t kMaxName = 1000;
constexpr size_t kMaxPart = 200;

absl::Status Refuse(std::string_view name, std::string_view why) {
  const std::string shown = absl::CHexEscape(std::string(name.substr(0, 200)));
  return absl::InvalidArgumentError(StrCat("file name \"", shown, "\" ", why));
}

// Null where the part is fine.
const char* PartFault(std::string_view part) {
  if (part.empty()) return "has an empty part; write it relative, with one '/' between parts";
  if (part.front() == '.') return "has a part that begins with '.'; such names are kept for files being written";
  if (part.size() > kMaxPart) return "has a part of more than 200 bytes";
  for (const char c : part) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "holds a control character";
    if (c == '\\') return "holds a backslash; parts are joined by '/'";
  }
  return nullptr;
}

}  // namespace

std::vector<std::string_view> NameParts(std::string_view name) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = name.find('/');
    parts.push_back(name.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    name.remove_prefix(slash + 1);
  }
}

absl::Status CheckFileName(std::string_view name) {
  if (name.size() > kMaxName) return Refuse(name, "is longer than 1,000 bytes");
  for (std::string_view part : NameParts(name)) {
    if (const char* fault = PartFault(part)) return Refuse(name, fault);
  }
  return absl::OkStatus();
}

absl::Status CheckFilePrefix(std::string_view prefix) {
  if (prefix.empty()) return absl::OkStatus();
  if (prefix.back() == '/') prefix.remove_suffix(1);
  return CheckFileName(prefix);
}

}  // namespace fundcore
