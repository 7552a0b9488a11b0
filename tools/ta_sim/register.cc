// Stores of the register.
#include "tools/ta_sim/register.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::ta_sim {
namespace {

absl::Status Failed(std::string_view what, const std::string& path) {
  return absl::UnavailableError(StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)));
}

absl::Status SyncFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", folder);
  const bool synced = fsync(fd) == 0;
  close(fd);
  return synced ? absl::OkStatus() : Failed("sync", folder);
}

absl::Status WriteWhole(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("write", path);
  bool good = true;
  while (good && !bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    good = n > 0;
    if (good) bytes.remove_prefix(static_cast<size_t>(n));
  }
  good = good && fsync(fd) == 0;
  absl::Status status = good ? absl::OkStatus() : Failed("write", path);
  close(fd);
  return status;
}

}  // namespace

Shares Position::Total() const {
  Shares total;
  for (const Lot& lot : lots) total += lot.units;
  return total;
}

void Position::Add(Date registered, Date usable_after, Shares units) {
  for (Lot& lot : lots) {
    if (lot.registered != registered || lot.usable_after != usable_after) continue;
    lot.units += units;
    return;
  }
  lots.push_back({registered, usable_after, units});
}

void Position::Scale(Shares total) {
  const Shares before = Total();
  Shares sum;
  Lot* oldest = &lots.front();
  for (Lot& lot : lots) {
    lot.units = Shares::FromRaw(static_cast<int64_t>(static_cast<__int128>(lot.units.raw()) * total.raw() / before.raw()));
    sum += lot.units;
    if (lot.registered < oldest->registered) oldest = &lot;
  }
  oldest->units += total - sum;
}

absl::StatusOr<std::string> MemoryTaStore::Load(std::string_view name) const {
  auto it = blobs_.find(name);
  if (it == blobs_.end()) return absl::NotFoundError(StrCat("no ", name, " in the agent's memory"));
  return it->second;
}
absl::Status MemoryTaStore::Save(std::string_view name, std::string_view bytes) {
  blobs_[std::string(name)] = std::string(bytes);
  return absl::OkStatus();
}
absl::Status MemoryTaStore::Remove(std::string_view name) {
  blobs_.erase(std::string(name));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DiskTaStore>> DiskTaStore::Open(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return Failed("make the state folder", folder);
  const std::string path = folder + "/lock";
  const int lock = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return Failed("open", path);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    close(lock);
    return absl::UnavailableError(StrCat("state folder ", folder, " is in use by another ta_sim; wait for it to end"));
  }
  return std::unique_ptr<DiskTaStore>(new DiskTaStore(folder, lock));
}

DiskTaStore::~DiskTaStore() { close(lock_); }

std::string DiskTaStore::PathOf(std::string_view name) const { return StrCat(folder_, "/", name, ".bin"); }

absl::StatusOr<std::string> DiskTaStore::Load(std::string_view name) const {
  const std::string path = PathOf(name);
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) {
    if (errno == ENOENT) return absl::NotFoundError(StrCat(path, " does not exist"));
    return Failed("read", path);
  }
  std::string bytes;
  char buffer[1 << 16];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) bytes.append(buffer, n);
  const bool good = std::ferror(file) == 0;
  std::fclose(file);
  if (!good) return Failed("read", path);
  return bytes;
}

absl::Status DiskTaStore::Save(std::string_view name, std::string_view bytes) {
  const std::string path = PathOf(name), temporary = path + ".new";
  FC_RETURN_IF_ERROR(WriteWhole(temporary, bytes));
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return Failed("replace", path);
  return SyncFolder(folder_);
}

absl::Status DiskTaStore::Remove(std::string_view name) {
  const std::string path = PathOf(name);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("remove", path);
  return SyncFolder(folder_);
}

}  // namespace fundcore::ta_sim
