// Pieces of lines from a file, and files that appear whole or not at all.
#include "tools/ofd/show/stream.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::ofd_tools {
namespace {

absl::Status CannotWrite(const std::string& path) {
  return absl::UnavailableError(StrCat(path, ": cannot be written: ", std::strerror(errno)));
}

absl::Status Exists(const std::string& path) {
  return absl::AlreadyExistsError(StrCat(path, ": exists; remove it, choose another name, or say --force"));
}

class StreamSink : public Sink {
 public:
  explicit StreamSink(std::ostream& out) : out_(out) {}
  absl::Status Write(std::string_view bytes) override {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return Good();
  }
  absl::Status Commit() override {
    out_.flush();
    return Good();
  }

 private:
  absl::Status Good() const {
    return out_.good() ? absl::OkStatus()
                       : absl::UnavailableError("the output cannot be written; is the disk full or the pipe closed?");
  }
  std::ostream& out_;
};

class FileSink : public Sink {
 public:
  FileSink(std::string path, std::string temporary, int fd, bool overwrite)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd), overwrite_(overwrite) {}
  ~FileSink() override {
    if (fd_ >= 0) ::close(fd_);
    if (!committed_) ::unlink(temporary_.c_str());
  }
  absl::Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return CannotWrite(path_);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return absl::OkStatus();
  }
  absl::Status Commit() override {
    const bool synced = ::fsync(fd_) == 0 || errno == EINVAL;
    if (!synced || ::close(std::exchange(fd_, -1)) != 0) return CannotWrite(path_);
    FC_RETURN_IF_ERROR(Publish(temporary_, path_, overwrite_));
    committed_ = true;
    return absl::OkStatus();
  }

 private:
  std::string path_, temporary_;
  int fd_;
  bool overwrite_;
  bool committed_ = false;
};

}  // namespace

absl::StatusOr<LinePieces> LinePieces::Open(const std::string& path) {
  FC_ASSIGN_OR_RETURN(FileSource source, FileSource::Open(path));
  return LinePieces(std::move(source));
}

absl::StatusOr<std::string_view> LinePieces::Next() {
  buffer_.erase(0, given_);
  size_t searched = 0, whole = 0;
  while (whole == 0 && !ended_ && buffer_.size() < kMaxLine) {
    FC_ASSIGN_OR_RETURN(const std::string_view more, source_.Next());
    ended_ = more.empty();
    buffer_.reserve(buffer_.size() + more.size() + kSlack);
    buffer_.append(more);
    const void* last = ::memrchr(buffer_.data() + searched, '\n', buffer_.size() - searched);
    if (last) whole = static_cast<size_t>(static_cast<const char*>(last) - buffer_.data()) + 1;
    searched = buffer_.size();
  }
  given_ = whole > 0 ? whole : buffer_.size();
  return std::string_view(buffer_.data(), given_);
}

std::unique_ptr<Sink> Sink::ToStream(std::ostream& out) { return std::make_unique<StreamSink>(out); }

absl::StatusOr<std::unique_ptr<Sink>> Sink::ToFile(const std::string& path, bool overwrite) {
  FC_RETURN_IF_ERROR(CheckFree(path, overwrite));
  std::string temporary = TemporaryName(path);
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return CannotWrite(temporary);
  return std::make_unique<FileSink>(path, std::move(temporary), fd, overwrite);
}

std::string TemporaryName(const std::string& path) { return StrCat(path, ".", ::getpid(), ".partial"); }

absl::Status CheckFree(const std::string& path, bool overwrite) {
  return !overwrite && ::access(path.c_str(), F_OK) == 0 ? Exists(path) : absl::OkStatus();
}

absl::Status Publish(const std::string& temporary, const std::string& path, bool overwrite) {
  if (!overwrite) {
    if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0)
      return absl::OkStatus();
    if (errno == EEXIST) return Exists(path);
    if (errno != EINVAL && errno != ENOSYS) return CannotWrite(path);
    FC_RETURN_IF_ERROR(CheckFree(path, overwrite));  // this file system has no such rename: the next best
  }
  return ::rename(temporary.c_str(), path.c_str()) == 0 ? absl::OkStatus() : CannotWrite(path);
}

}  // namespace fundcore::ofd_tools
