// Reading a file in pieces.
#include "tools/ofd/source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::ofd_tools {
namespace {
constexpr size_t kPieceBytes = 1 << 20;
}

FileSource::FileSource(std::string path, int fd)
    : path_(std::move(path)), fd_(fd), buffer_(std::make_unique_for_overwrite<char[]>(kPieceBytes)) {}

FileSource::FileSource(FileSource&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      bytes_read_(other.bytes_read_),
      buffer_(std::move(other.buffer_)) {}

FileSource::~FileSource() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

absl::StatusOr<FileSource> FileSource::Open(const std::string& path) {
  if (path == "-") return FileSource(path, STDIN_FILENO);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int why = errno;
    const std::string message = StrCat(path, ": cannot be opened: ", std::strerror(why));
    if (why == ENOENT) return absl::NotFoundError(message);
    if (why == EACCES) return absl::PermissionDeniedError(message);
    return absl::UnavailableError(message);
  }
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return FileSource(path, fd);
}

absl::StatusOr<std::string_view> FileSource::Next() {
  for (;;) {
    const ssize_t n = ::read(fd_, buffer_.get(), kPieceBytes);
    if (n >= 0) {
      bytes_read_ += static_cast<uint64_t>(n);
      return std::string_view(buffer_.get(), static_cast<size_t>(n));
    }
    if (errno != EINTR) return absl::UnavailableError(StrCat(path_, ": cannot be read: ", std::strerror(errno)));
  }
}

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace fundcore::ofd_tools
