// See disk.h.
#include "common/checkpoint/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::checkpoint {
namespace {

namespace fs = std::filesystem;

absl::Status DiskError(int error, std::string_view doing, const std::string& path) {
  const std::string what = StrCat("cannot ", doing, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT: return absl::NotFoundError(what);
    case EACCES:
    case EPERM:
    case EROFS: return absl::PermissionDeniedError(StrCat(what, "; give this process access to it"));
    case ENOSPC:
    case EDQUOT: return absl::ResourceExhaustedError(StrCat(what, "; free space on that disk and repeat the command"));
    case EIO: return absl::DataLossError(StrCat(what, "; the disk cannot read or write it"));
    default: return absl::InternalError(what);
  }
}

absl::Status DiskError(const std::error_code& error, std::string_view doing, const std::string& path) {
  return DiskError(error.value(), doing, path);
}

// Closes itself.
struct Fd {
  int fd;
  ~Fd() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

absl::Status ReadPieces(const std::string& path, uint64_t offset, uint64_t size, Piece piece) {
  const Fd file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (file.fd < 0) return DiskError(errno, "open", path);
  std::string buffer(std::min<uint64_t>(kPieceBytes, size), '\0');
  while (size > 0) {
    const ssize_t n =
        ::pread(file.fd, buffer.data(), std::min<uint64_t>(buffer.size(), size), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return DiskError(errno, "read", path);
    if (n == 0) return absl::OkStatus();
    FC_RETURN_IF_ERROR(piece(std::string_view(buffer).substr(0, static_cast<size_t>(n))));
    offset += static_cast<uint64_t>(n);
    size -= static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWhole(const std::string& path, size_t limit) {
  std::string out;
  FC_RETURN_IF_ERROR(ReadPieces(path, 0, limit + 1, [&](std::string_view p) {
    out += p;
    return absl::OkStatus();
  }));
  if (out.size() > limit) return absl::InvalidArgumentError(StrCat(path, " is larger than ", limit, " bytes"));
  return out;
}

absl::StatusOr<Hash256> HashFile(const std::string& path, uint64_t* size) {
  Sha256Stream sum;
  FC_RETURN_IF_ERROR(ReadPieces(path, 0, UINT64_MAX, [&](std::string_view p) {
    sum.Add(p);
    if (size) *size += p.size();
    return absl::OkStatus();
  }));
  return sum.Finish();
}

absl::StatusOr<FileWriter> FileWriter::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return DiskError(errno, "write", path);
  return FileWriter(path, fd);
}

FileWriter::~FileWriter() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status FileWriter::Add(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return DiskError(errno, "write", path_);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status FileWriter::Finish() {
  if (::fsync(fd_) != 0) return DiskError(errno, "sync", path_);
  if (::close(std::exchange(fd_, -1)) != 0) return DiskError(errno, "close", path_);
  return absl::OkStatus();
}

absl::Status ReplaceFile(const std::string& folder, const std::string& name, std::string_view bytes) {
  const std::string path = StrCat(folder, "/", name), temporary = path + ".new";
  FC_ASSIGN_OR_RETURN(FileWriter out, FileWriter::Open(temporary));
  FC_RETURN_IF_ERROR(out.Add(bytes));
  FC_RETURN_IF_ERROR(out.Finish());
  if (::rename(temporary.c_str(), path.c_str()) != 0) return DiskError(errno, "name", path);
  return SyncFolder(folder);
}

absl::Status SyncFolder(const std::string& folder) {
  const Fd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (fd.fd < 0) return DiskError(errno, "open", folder);
  // Mounted buckets have no folders to sync, and say so.
  if (::fsync(fd.fd) != 0 && errno != EINVAL && errno != ENOTSUP && errno != ENOSYS)
    return DiskError(errno, "sync", folder);
  return absl::OkStatus();
}

absl::Status MakeFolders(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? DiskError(error, "create", folder) : absl::OkStatus();
}

absl::Status MoveFolder(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return DiskError(errno, StrCat("move ", from, " to"), to);
  return SyncFolder(fs::path(to).parent_path().string());
}

absl::Status RemoveAll(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? DiskError(error, "remove", path) : absl::OkStatus();
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

absl::StatusOr<std::vector<FoundFile>> ListFiles(const std::string& folder) {
  std::vector<FoundFile> out;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error), end;
  if (error) return DiskError(error, "list", folder);
  while (it != end) {
    const std::string path = it->path().string();
    const fs::file_status status = it->symlink_status(error);
    if (error) return DiskError(error, "look at", path);
    if (fs::is_regular_file(status)) {
      const uint64_t size = it->file_size(error);
      if (error) return DiskError(error, "look at", path);
      out.push_back({fs::path(path).lexically_relative(folder).generic_string(), size});
    } else if (!fs::is_directory(status)) {
      return absl::FailedPreconditionError(
          StrCat(path, " is a link or no regular file; a checkpoint holds neither, move it away"));
    }
    it.increment(error);
    if (error) return DiskError(error, "list", folder);
  }
  std::sort(out.begin(), out.end(), [](const FoundFile& a, const FoundFile& b) { return a.name < b.name; });
  return out;
}

namespace {
bool IsPlain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}
}  // namespace

bool IsCheckpointName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), IsPlain);
}

bool IsFileName(std::string_view name) {
  if (name.empty() || name.size() > 200 || name.back() == '/') return false;
  char before = '/';
  for (const char c : name) {
    const bool begins = before == '/';
    if (begins ? !IsPlain(c) : !(IsPlain(c) || c == '.' || c == '/')) return false;
    before = c;
  }
  return true;
}

}  // namespace fundcore::checkpoint
