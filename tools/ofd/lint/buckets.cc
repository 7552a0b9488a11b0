// Buckets over one temporary file.
#include "tools/ofd/lint/buckets.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "common/base/check.h"

namespace fundcore::ofd_tools {
namespace {

int OpenTemporary(std::string* folder) {
  const char* named = ::getenv("TMPDIR");
  *folder = named && *named ? named : "/tmp";
  std::string path = StrCat(*folder, "/fundctl-lint-XXXXXX");
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(path.c_str());
  return fd;
}

bool WriteAll(int fd, const char* data, size_t size, uint64_t at) {
  while (size > 0) {
    const ssize_t n = ::pwrite(fd, data, size, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
    at += static_cast<uint64_t>(n);
  }
  return true;
}

bool ReadAll(int fd, char* data, size_t size, uint64_t at) {
  while (size > 0) {
    const ssize_t n = ::pread(fd, data, size, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
    at += static_cast<uint64_t>(n);
  }
  return true;
}

}  // namespace

HashBuckets::~HashBuckets() {
  if (fd_ >= 0) ::close(fd_);
}

void HashBuckets::Spill(size_t bucket) {
  std::vector<HashEntry>& full = open_[bucket];
  std::string folder;
  if (status_.ok() && fd_ < 0) {
    fd_ = OpenTemporary(&folder);
    if (fd_ < 0) {
      status_ = absl::UnavailableError(StrCat(folder, ": no temporary file can be made there (", std::strerror(errno),
                                              "); name another folder in TMPDIR"));
    }
  }
  constexpr size_t kBytes = kBlock * sizeof(HashEntry);
  if (status_.ok()) {
    if (WriteAll(fd_, reinterpret_cast<const char*>(full.data()), kBytes, uint64_t{next_block_} * kBytes)) {
      blocks_[bucket].push_back(next_block_++);
    } else {
      status_ =
          absl::UnavailableError(StrCat("the temporary file cannot take more than ", uint64_t{next_block_} * kBytes,
                                        " bytes (", std::strerror(errno), "); name another folder in TMPDIR"));
    }
  }
  full.clear();
}

absl::Status HashBuckets::ForEachGroup(size_t smallest, const std::function<void(std::span<const HashEntry>)>& group) {
  if (!status_.ok()) return status_;
  std::vector<HashEntry> all;
  for (size_t b = 0; b < kBuckets; ++b) {
    all.resize(blocks_[b].size() * kBlock);
    for (size_t i = 0; i < blocks_[b].size(); ++i) {
      if (!ReadAll(fd_, reinterpret_cast<char*>(all.data() + i * kBlock), kBlock * sizeof(HashEntry),
                   uint64_t{blocks_[b][i]} * kBlock * sizeof(HashEntry))) {
        return absl::UnavailableError(StrCat("the temporary file cannot be read back: ", std::strerror(errno)));
      }
    }
    all.insert(all.end(), open_[b].begin(), open_[b].end());
    std::vector<HashEntry>().swap(open_[b]);
    std::sort(all.begin(), all.end(), [](const HashEntry& x, const HashEntry& y) {
      return x.hash != y.hash ? x.hash < y.hash : x.value < y.value;
    });
    for (size_t i = 0; i < all.size();) {
      size_t end = i + 1;
      while (end < all.size() && all[end].hash == all[i].hash) ++end;
      if (end - i >= smallest) group({all.data() + i, end - i});
      i = end;
    }
  }
  return absl::OkStatus();
}

}  // namespace fundcore::ofd_tools
