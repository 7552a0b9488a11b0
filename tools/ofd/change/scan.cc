// Reading with places: pread in pieces, fed to the codec's reader.
#include "tools/ofd/change/scan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd_tools {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

absl::Status Failed(const std::string& path, std::string_view what) {
  const int why = errno;
  const std::string message = StrCat(path, ": ", what, ": ", std::strerror(why));
  if (why == ENOENT) return absl::NotFoundError(message);
  if (why == EACCES) return absl::PermissionDeniedError(message);
  return absl::UnavailableError(message);
}

}  // namespace

RecordScan::RecordScan(std::string path, int fd, ofd::ReaderOptions options)
    : path_(std::move(path)),
      fd_(fd),
      reader_(BaseName(path_), std::move(options)),
      buffer_(std::make_unique_for_overwrite<char[]>(kPieceBytes)) {}

RecordScan::~RecordScan() { ::close(fd_); }

absl::StatusOr<std::unique_ptr<RecordScan>> RecordScan::Open(const std::string& path, ofd::ReaderOptions options) {
  if (path == "-") {
    return absl::InvalidArgumentError("standard input can be read only once, and this command reads twice; give a file");
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed(path, "cannot be opened");
  auto scan = std::unique_ptr<RecordScan>(new RecordScan(path, fd, std::move(options)));
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return Failed(path, "cannot be read");
  if (!S_ISREG(facts.st_mode)) return absl::InvalidArgumentError(StrCat(path, " is no regular file; give one"));
  scan->size_ = static_cast<uint64_t>(facts.st_size);
  while (!scan->reader_.header_complete() && scan->FeedMore()) {
    Record none;
    if (!scan->reader_.header_complete()) scan->reader_.Next(&none.view);  // lets go of the piece; yields nothing here
  }
  FC_RETURN_IF_ERROR(scan->status_);
  FC_RETURN_IF_ERROR(scan->reader_.status());
  if (!scan->reader_.header_complete()) {
    return absl::InvalidArgumentError(StrCat(BaseName(path), ": the file ends within its head; it was cut short"));
  }
  return scan;
}

bool RecordScan::FeedMore() {
  if (ended_) return false;
  if (!piece_.empty()) before_piece_ = piece_.back();
  piece_start_ += piece_.size();
  ssize_t n = 0;
  do {
    n = ::pread(fd_, buffer_.get(), kPieceBytes, static_cast<off_t>(piece_start_));
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    status_ = Failed(path_, "cannot be read");
    return false;
  }
  piece_ = {buffer_.get(), static_cast<size_t>(n)};
  if (n == 0) {
    ended_ = true;
    reader_.Finish();
  } else {
    reader_.Feed(piece_);
  }
  return true;
}

// A record lies within the piece, or it began in the one before and ends at the piece's first line feed.
uint64_t RecordScan::OffsetOf(std::string_view bytes) const {
  const std::less<const char*> less;
  const bool inside = !less(bytes.data(), piece_.data()) && less(bytes.data(), piece_.data() + piece_.size());
  if (inside) return piece_start_ + static_cast<uint64_t>(bytes.data() - piece_.data());
  const size_t feed = piece_.find('\n');
  if (feed == std::string_view::npos) return size_ - bytes.size();  // the last line of a file without an end
  const char before = feed > 0 ? piece_[feed - 1] : before_piece_;
  return piece_start_ + feed - (before == '\r' ? 1 : 0) - bytes.size();
}

bool RecordScan::Next(Record* record) {
  if (!status_.ok()) return false;
  for (;;) {
    if (reader_.Next(&record->view)) {
      record->offset = OffsetOf(record->view.bytes());
      return true;
    }
    if (!reader_.status().ok()) {
      status_ = reader_.status();
      return false;
    }
    if (!FeedMore()) return false;
  }
}

absl::Status RecordScan::ReadAt(uint64_t offset, size_t size, std::string* bytes) const {
  bytes->resize(size);
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd_, bytes->data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(path_, "cannot be read");
    if (n == 0) return absl::DataLossError(StrCat(path_, " has become shorter while it was read; try again"));
    done += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

}  // namespace fundcore::ofd_tools
