// Decimals, JSON and files.
#include "tools/ofd/change/text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"

namespace fundcore::ofd_tools {

std::string Decimal::ToString(int least) const {
  std::string whole = digits, rest;
  if (static_cast<int>(whole.size()) <= places) whole.insert(0, static_cast<size_t>(places) + 1 - whole.size(), '0');
  rest = whole.substr(whole.size() - static_cast<size_t>(places));
  whole.resize(whole.size() - static_cast<size_t>(places));
  while (static_cast<int>(rest.size()) > least && rest.back() == '0') rest.pop_back();
  return StrCat(negative && !digits.empty() ? "-" : "", whole, rest.empty() ? "" : ".", rest);
}

bool Decimal::Format(size_t width, int decimals, std::string* out) const {
  std::string d = digits;
  int p = places;
  for (; p > decimals && !d.empty(); --p) {
    if (d.back() != '0') return false;
    d.pop_back();
  }
  if (!d.empty() && p < decimals) d.append(static_cast<size_t>(decimals - p), '0');
  const bool sign = negative && !d.empty();
  if (d.size() + (sign ? 1 : 0) > width) return false;
  *out = StrCat(sign ? "-" : "", std::string(width - d.size() - (sign ? 1 : 0), '0'), d);
  return true;
}

DecimalForm ParseDecimal(std::string_view raw, int decimals, Decimal* value) {
  const size_t first = raw.find_first_not_of(' ');
  if (first == std::string_view::npos) return DecimalForm::kBlank;
  *value = {.places = decimals};
  if (raw.back() == '-') {
    value->negative = true;
    raw.remove_suffix(1);
  }
  size_t at = 0;
  while (at < raw.size() && raw[at] == '0') ++at;
  if (at < raw.size() && raw[at] == '-' && !value->negative) {
    value->negative = true;
    ++at;
    while (at < raw.size() && raw[at] == '0') ++at;
    if (at == raw.size() && raw.back() == '-') return DecimalForm::kMalformed;
  }
  for (char c : raw.substr(at)) {
    if (!ofd::IsDigit(c)) return DecimalForm::kMalformed;
  }
  if (raw.empty()) return DecimalForm::kMalformed;
  value->digits = std::string(raw.substr(at));
  return DecimalForm::kNumber;
}

std::string_view ChineseOf(ofd::Version version, const ofd::FileType& type, std::string_view field) {
  const ofd::FieldDef* def = ofd::FindField(version, type, field);
  if (!def) def = ofd::FindField(ofd::Version::k22, type, field);
  if (!def) def = ofd::FindField(ofd::Version::k21, type, field);
  return def ? def->chinese : std::string_view();
}

std::string JsonText(std::string_view utf8) {
  std::string out = "\"";
  for (char c : utf8) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += absl::StrFormat("\\u%04x", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

namespace {
absl::Status Failed(const std::string& path, std::string_view what, int why) {
  const std::string message = StrCat(path, ": ", what, ": ", std::strerror(why));
  if (why == ENOSPC || why == EDQUOT) return absl::ResourceExhaustedError(message);
  if (why == ENOENT) return absl::NotFoundError(message);
  if (why == EACCES || why == EROFS) return absl::PermissionDeniedError(message);
  return absl::UnavailableError(message);
}
}  // namespace

absl::StatusOr<std::unique_ptr<NewFile>> NewFile::Create(const std::string& path, bool replace) {
  if (!replace && ::access(path.c_str(), F_OK) == 0) {
    return absl::AlreadyExistsError(StrCat(path, " is there already; --force replaces it"));
  }
  const std::string temporary = absl::StrFormat("%s.%d.part", path, ::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return Failed(temporary, "cannot be written", errno);
  return std::unique_ptr<NewFile>(new NewFile(path, temporary, fd, replace));
}

NewFile::~NewFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!committed_) ::unlink(temporary_.c_str());
}

absl::Status NewFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(path_, "cannot be written", errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status NewFile::Commit() {
  if (::fsync(fd_) != 0) return Failed(path_, "cannot be synced", errno);
  if (replace_) {
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return Failed(path_, "cannot be named", errno);
    committed_ = true;
  } else {  // link() never overwrites, whoever came first meanwhile
    if (::link(temporary_.c_str(), path_.c_str()) != 0) {
      if (errno == EEXIST) return absl::AlreadyExistsError(StrCat(path_, " is there already; --force replaces it"));
      return Failed(path_, "cannot be named", errno);
    }
  }
  return absl::OkStatus();
}

bool SameFile(const std::string& a, const std::string& b) {
  struct stat x {}, y {};
  return ::stat(a.c_str(), &x) == 0 && ::stat(b.c_str(), &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  return StrCat(folder, folder.empty() || folder.back() == '/' ? "" : "/", name);
}

}  // namespace fundcore::ofd_tools
