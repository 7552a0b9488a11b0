// See object_store.h.
#include "common/checkpoint/object_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::checkpoint {
namespace {

namespace fs = std::filesystem;
constexpr char kIncoming[] = ".incoming";

absl::Status CheckName(const std::string& name) {
  if (IsFileName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(StrCat("\"", name, "\" is no name for an object"));
}

// A name that no other process, here or on another machine, uses.
std::string TemporaryName() {
  static std::atomic<uint64_t> next{0};
  static const uint64_t process = [] {
    std::random_device device;
    return (static_cast<uint64_t>(device()) << 32) | device();
  }();
  return StrCat(process, "-", next.fetch_add(1));
}

// Never overwrites where the file system can promise that; where it cannot, looks first.
absl::Status Publish(const std::string& from, const std::string& to, const std::string& name) {
  int error = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
  if (error == EINVAL || error == ENOSYS || error == ENOTSUP) {
    if (Exists(to)) {
      error = EEXIST;
    } else {
      error = ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
    }
  }
  if (error == 0) return absl::OkStatus();
  if (error == EEXIST)
    return absl::AlreadyExistsError(StrCat("object ", name, " exists already; objects are never overwritten"));
  return absl::InternalError(
      StrCat("cannot name ", to, ": ", std::strerror(error), "; a mounted bucket must be able to rename"));
}

}  // namespace

absl::Status CheckpointStore::PutText(const std::string& name, std::string_view text) {
  return Put(name, text.size(), Sha256(text), [&](Piece piece) { return piece(text); });
}

absl::StatusOr<std::string> CheckpointStore::GetText(const std::string& name, size_t limit) const {
  std::string out;
  FC_RETURN_IF_ERROR(Get(name, [&](std::string_view piece) {
    if (out.size() + piece.size() > limit) {
      return absl::DataLossError(StrCat("object ", name, " has more than ", limit, " bytes, which cannot be right"));
    }
    out += piece;
    return absl::OkStatus();
  }));
  return out;
}

absl::StatusOr<std::unique_ptr<FolderStore>> FolderStore::Open(const std::string& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    return absl::NotFoundError(StrCat(root, " is no folder; create it, or mount what belongs there"));
  }
  FC_RETURN_IF_ERROR(MakeFolders(StrCat(root, "/", kIncoming)));
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(24);
  for (const auto& entry : fs::directory_iterator(StrCat(root, "/", kIncoming), error)) {
    std::error_code ignored;
    if (entry.last_write_time(ignored) < old && !ignored) fs::remove(entry.path(), ignored);
  }
  return std::unique_ptr<FolderStore>(new FolderStore(root));
}

absl::StatusOr<std::vector<FoundFile>> FolderStore::List(std::string_view prefix) const {
  // Only the part of the tree that the prefix names.
  const size_t slash = prefix.rfind('/');
  const std::string below = slash == std::string_view::npos ? "" : std::string(prefix.substr(0, slash));
  if (!below.empty()) FC_RETURN_IF_ERROR(CheckName(below));
  const std::string folder = below.empty() ? root_ : StrCat(root_, "/", below);
  if (!Exists(folder)) return std::vector<FoundFile>();
  FC_ASSIGN_OR_RETURN(std::vector<FoundFile> files, ListFiles(folder));
  std::vector<FoundFile> out;
  for (FoundFile& f : files) {
    if (!below.empty()) f.name = StrCat(below, "/", f.name);
    if (f.name.starts_with(prefix) && IsFileName(f.name)) out.push_back(std::move(f));
  }
  return out;
}

absl::StatusOr<std::optional<uint64_t>> FolderStore::Size(const std::string& name) const {
  FC_RETURN_IF_ERROR(CheckName(name));
  std::error_code error;
  const uint64_t size = fs::file_size(StrCat(root_, "/", name), error);
  if (error == std::errc::no_such_file_or_directory) return std::optional<uint64_t>();
  if (error) return absl::InternalError(StrCat("cannot look at ", root_, "/", name, ": ", error.message()));
  return std::optional<uint64_t>(size);
}

absl::Status FolderStore::Put(const std::string& name, uint64_t size, const Hash256& hash, Feed feed) {
  FC_RETURN_IF_ERROR(CheckName(name));
  const std::string temporary = StrCat(root_, "/", kIncoming, "/", TemporaryName()), path = StrCat(root_, "/", name);
  struct Remover {
    const std::string& path;
    ~Remover() { ::unlink(path.c_str()); }  // after a publish there is nothing left to remove
  } remover{temporary};
  FC_ASSIGN_OR_RETURN(FileWriter out, FileWriter::Open(temporary));
  FC_RETURN_IF_ERROR(feed([&](std::string_view piece) { return out.Add(piece); }));
  FC_RETURN_IF_ERROR(out.Finish());
  // Read back: what arrived counts, not what was sent.
  uint64_t arrived = 0;
  FC_ASSIGN_OR_RETURN(const Hash256 found, HashFile(temporary, &arrived));
  if (arrived != size || found != hash) {
    return absl::DataLossError(StrCat("object ", name, ": ", arrived, " bytes with SHA-256 ", found.Hex(),
                                      " arrived, expected ", size, " bytes with ", hash.Hex(),
                                      "; nothing was stored under that name"));
  }
  const std::string folder = fs::path(path).parent_path().string();
  FC_RETURN_IF_ERROR(MakeFolders(folder));
  FC_RETURN_IF_ERROR(Publish(temporary, path, name));
  return SyncFolder(folder);
}

absl::Status FolderStore::Get(const std::string& name, Piece piece) const {
  FC_RETURN_IF_ERROR(CheckName(name));
  return ReadPieces(StrCat(root_, "/", name), 0, UINT64_MAX, piece);
}

}  // namespace fundcore::checkpoint
