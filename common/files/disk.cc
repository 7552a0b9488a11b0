// DiskFiles: every step relative to an open folder, so that a folder renamed or replaced meanwhile cannot mislead us.
#include "common/files/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/files/names.h"

namespace fundcore {
namespace {

constexpr char kTemporaryFolder[] = ".publishing";

// A file descriptor that closes itself.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

absl::Status ErrnoStatus(int error, std::string_view doing, std::string_view name) {
  const std::string what = StrCat(doing, " ", name, ": ", std::strerror(error));
  switch (error) {
    case ENOENT: return absl::NotFoundError(what);
    case EACCES:
    case EPERM:
    case EROFS: return absl::PermissionDeniedError(StrCat(what, "; give this process access to it"));
    case ENOSPC:
    case EDQUOT: return absl::ResourceExhaustedError(StrCat(what, "; free space on that disk"));
    case EEXIST: return absl::AlreadyExistsError(what);
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
    case ENXIO:
      return absl::FailedPreconditionError(StrCat(what, "; links and special files are not read, move it away"));
    case EIO: return absl::DataLossError(StrCat(what, "; the disk cannot read or write it"));
    default: return absl::InternalError(what);
  }
}

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// Opens the folder at `parts` below `root`, one part at a time and never through a link. With `create`, missing folders
// are made and their entries synced.
absl::StatusOr<Fd> OpenFolder(int root, std::span<const std::string_view> parts, bool create, std::string_view name) {
  Fd folder(::openat(root, ".", kFolderFlags));
  if (!folder.ok()) return ErrnoStatus(errno, "open the root of", name);
  for (std::string_view part : parts) {
    const std::string entry(part);
    Fd next(::openat(folder.get(), entry.c_str(), kFolderFlags));
    if (!next.ok() && errno == ENOENT && create) {
      if (::mkdirat(folder.get(), entry.c_str(), 0777) != 0 && errno != EEXIST) {
        return ErrnoStatus(errno, "create a folder of", name);
      }
      if (::fsync(folder.get()) != 0) return ErrnoStatus(errno, "sync a folder of", name);
      next = Fd(::openat(folder.get(), entry.c_str(), kFolderFlags));
    }
    if (!next.ok()) return ErrnoStatus(errno, "open a folder of", name);
    folder = std::move(next);
  }
  return folder;
}

// Opens a regular file for reading.
absl::StatusOr<Fd> OpenFile(int root, std::string_view name, struct stat* info) {
  FC_RETURN_IF_ERROR(CheckFileName(name));
  const auto parts = NameParts(name);
  FC_ASSIGN_OR_RETURN(Fd folder, OpenFolder(root, std::span(parts).first(parts.size() - 1), false, name));
  // Non-blocking, so that a pipe with nobody at its other end does not hold us.
  Fd file(::openat(folder.get(), std::string(parts.back()).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok()) return ErrnoStatus(errno, "open", name);
  if (::fstat(file.get(), info) != 0) return ErrnoStatus(errno, "look at", name);
  if (!S_ISREG(info->st_mode)) {
    return absl::FailedPreconditionError(StrCat(name, " is not a regular file; move it away"));
  }
  return file;
}

absl::Status WriteAll(int fd, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "write", name);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// Reads up to `size` bytes, fewer only at the end of the file.
absl::StatusOr<size_t> ReadSome(int fd, char* to, size_t size, std::string_view name) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(fd, to + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return absl::DataLossError(StrCat("read ", name, ": ", std::strerror(errno)));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

// A temporary file of ours; removed when this goes. Its lock tells a starting process that it is no leftover.
struct Temporary {
  int folder;
  std::string entry;
  Fd fd;
  ~Temporary() {
    if (!entry.empty()) ::unlinkat(folder, entry.c_str(), 0);
  }
};

absl::Status MakeTemporary(int folder, std::string_view name, Temporary* made) {
  static std::atomic<uint64_t> next{0};
  while (true) {
    made->entry = StrCat(::getpid(), "-", next.fetch_add(1));
    made->fd = Fd(::openat(folder, made->entry.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!made->fd.ok()) {
      const int error = errno;
      made->entry.clear();
      if (error == EEXIST) continue;  // a leftover of an earlier process with our number
      return ErrnoStatus(error, "write", name);
    }
    if (::flock(made->fd.get(), LOCK_EX) != 0) return ErrnoStatus(errno, "lock the temporary file of", name);
    struct stat info;
    if (::fstat(made->fd.get(), &info) != 0) return ErrnoStatus(errno, "look at the temporary file of", name);
    if (info.st_nlink > 0) return absl::OkStatus();  // otherwise a starting process took it for a leftover: once more
  }
}

void RemoveLeftovers(int folder) {
  const int listing = ::openat(folder, ".", kFolderFlags);
  if (listing < 0) return;
  DIR* dir = ::fdopendir(listing);
  if (dir == nullptr) {
    ::close(listing);
    return;
  }
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] == '.') continue;
    Fd file(::openat(folder, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.ok() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(folder, entry->d_name, 0);
  }
  ::closedir(dir);
}

// Adds what lies in `folder` (named `path`, "" or ending in '/') and may match `prefix`.
absl::Status ListFolder(int folder, const std::string& path, std::string_view prefix, std::vector<FileInfo>* found) {
  DIR* dir = ::fdopendir(folder);  // owns the descriptor from here
  if (dir == nullptr) {
    const int error = errno;
    ::close(folder);
    return ErrnoStatus(error, "list", path);
  }
  absl::Status status;
  while (status.ok()) {
    errno = 0;
    const dirent* entry = ::readdir(dir);
    if (entry == nullptr) {
      if (errno != 0) status = ErrnoStatus(errno, "list", path);
      break;
    }
    if (entry->d_name[0] == '.') continue;
    const std::string name = path + entry->d_name;
    struct stat info;
    if (::fstatat(::dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    if (S_ISDIR(info.st_mode)) {
      const std::string below = name + "/";
      const size_t common = std::min(below.size(), prefix.size());
      if (below.compare(0, common, prefix.substr(0, common)) != 0) continue;
      const int next = ::openat(::dirfd(dir), entry->d_name, kFolderFlags);
      if (next >= 0) {
        status = ListFolder(next, below, prefix, found);
      } else if (errno != ENOENT) {
        status = ErrnoStatus(errno, "list", below);
      }
    } else if (S_ISREG(info.st_mode) && name.starts_with(prefix) && CheckFileName(name).ok()) {
      found->push_back({name, static_cast<uint64_t>(info.st_size)});
    }
  }
  ::closedir(dir);
  return status;
}

}  // namespace

DiskFiles::DiskFiles(std::string root, int root_fd, int temporary_fd)
    : root_(std::move(root)), root_fd_(root_fd), temporary_fd_(temporary_fd) {}

DiskFiles::~DiskFiles() {
  ::close(temporary_fd_);
  ::close(root_fd_);
}

absl::StatusOr<std::unique_ptr<DiskFiles>> DiskFiles::Open(const std::string& root) {
  if (::mkdir(root.c_str(), 0777) != 0 && errno != EEXIST) return ErrnoStatus(errno, "create", root);
  Fd folder(
      ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));  // the root itself may be a link: the owner's choice
  if (!folder.ok()) return ErrnoStatus(errno, "open", root);
  const std::string_view temporary_name = kTemporaryFolder;
  FC_ASSIGN_OR_RETURN(Fd temporary, OpenFolder(folder.get(), std::span(&temporary_name, 1), true, root));
  RemoveLeftovers(temporary.get());
  return std::unique_ptr<DiskFiles>(new DiskFiles(root, folder.release(), temporary.release()));
}

absl::StatusOr<std::vector<FileInfo>> DiskFiles::List(std::string_view prefix) const {
  FC_RETURN_IF_ERROR(CheckFilePrefix(prefix));
  FC_ASSIGN_OR_RETURN(Fd root, OpenFolder(root_fd_, {}, false, root_));
  std::vector<FileInfo> found;
  FC_RETURN_IF_ERROR(ListFolder(root.release(), "", prefix, &found));
  std::sort(found.begin(), found.end(), [](const FileInfo& a, const FileInfo& b) { return a.name < b.name; });
  return found;
}

absl::StatusOr<std::string> DiskFiles::Read(std::string_view name) const {
  struct stat info;
  FC_ASSIGN_OR_RETURN(Fd file, OpenFile(root_fd_, name, &info));
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  FC_ASSIGN_OR_RETURN(const size_t got, ReadSome(file.get(), bytes.data(), bytes.size(), name));
  bytes.resize(got);
  return bytes;
}

absl::Status DiskFiles::ReadPieces(std::string_view name, size_t piece_bytes,
                                   absl::FunctionRef<bool(std::string_view)> piece) const {
  if (piece_bytes == 0) return absl::InvalidArgumentError("a piece must have at least one byte");
  struct stat info;
  FC_ASSIGN_OR_RETURN(Fd file, OpenFile(root_fd_, name, &info));
  std::string buffer(piece_bytes, '\0');
  while (true) {
    FC_ASSIGN_OR_RETURN(const size_t got, ReadSome(file.get(), buffer.data(), buffer.size(), name));
    if (got == 0 || !piece(std::string_view(buffer).substr(0, got)) || got < buffer.size()) return absl::OkStatus();
  }
}

absl::Status DiskFiles::Publish(std::string_view name, std::string_view bytes) {
  FC_RETURN_IF_ERROR(CheckFileName(name));
  const auto parts = NameParts(name);
  FC_ASSIGN_OR_RETURN(Fd folder, OpenFolder(root_fd_, std::span(parts).first(parts.size() - 1), true, name));
  const std::string entry(parts.back());

  Temporary temporary{temporary_fd_, {}, Fd(-1)};
  FC_RETURN_IF_ERROR(MakeTemporary(temporary_fd_, name, &temporary));
  FC_RETURN_IF_ERROR(WriteAll(temporary.fd.get(), bytes, name));
  if (::fsync(temporary.fd.get()) != 0) return ErrnoStatus(errno, "sync", name);

  const int link_error =
      ::linkat(temporary_fd_, temporary.entry.c_str(), folder.get(), entry.c_str(), 0) == 0 ? 0 : errno;
  if (link_error != 0 && link_error != EEXIST) return ErrnoStatus(link_error, "publish", name);
  // Also where the name was taken: the caller may find its own bytes there, linked just before a crash, and rely on
  // them.
  if (::fsync(folder.get()) != 0) {
    return absl::UnavailableError(StrCat("sync the folder of ", name, ": ", std::strerror(errno),
                                         "; the file may or may not be there after a power failure, read it back"));
  }
  if (link_error == EEXIST) {
    return absl::AlreadyExistsError(StrCat(name, " exists already; published files are never overwritten"));
  }
  return absl::OkStatus();
}

}  // namespace fundcore
