// MemoryFiles: the map, and the same refusals as on a disk.
#include "common/files/memory.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/files/names.h"

namespace fundcore {

FileFault MemoryFiles::Ask(FileOperation operation, std::string_view name) const {
  Fault fault;
  {
    std::lock_guard lock(mutex_);
    fault = fault_;
  }
  return fault ? fault(operation, name) : FileFault{};
}

absl::StatusOr<std::vector<FileInfo>> MemoryFiles::List(std::string_view prefix) const {
  FC_RETURN_IF_ERROR(CheckFilePrefix(prefix));
  FC_RETURN_IF_ERROR(Ask(FileOperation::kList, prefix).status);
  std::lock_guard lock(mutex_);
  std::vector<FileInfo> found;
  for (auto it = files_.lower_bound(prefix); it != files_.end() && it->first.starts_with(prefix); ++it) {
    found.push_back({it->first, it->second.size()});
  }
  return found;
}

absl::StatusOr<std::string> MemoryFiles::Read(std::string_view name) const {
  FC_RETURN_IF_ERROR(CheckFileName(name));
  FC_RETURN_IF_ERROR(Ask(FileOperation::kRead, name).status);
  std::lock_guard lock(mutex_);
  if (auto it = files_.find(name); it != files_.end()) return it->second;
  const auto below = files_.lower_bound(StrCat(name, "/"));
  if (below != files_.end() && below->first.starts_with(StrCat(name, "/"))) {
    return absl::FailedPreconditionError(StrCat(name, " is not a regular file; move it away"));
  }
  return absl::NotFoundError(StrCat("there is no file ", name));
}

absl::Status MemoryFiles::ReadPieces(std::string_view name, size_t piece_bytes,
                                     absl::FunctionRef<bool(std::string_view)> piece) const {
  if (piece_bytes == 0) return absl::InvalidArgumentError("a piece must have at least one byte");
  FC_ASSIGN_OR_RETURN(const std::string bytes, Read(name));
  for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
    if (!piece(std::string_view(bytes).substr(at, piece_bytes))) break;
  }
  return absl::OkStatus();
}

absl::Status MemoryFiles::Publish(std::string_view name, std::string_view bytes) {
  FC_RETURN_IF_ERROR(CheckFileName(name));
  FileFault fault = Ask(FileOperation::kPublish, name);
  if (!fault.status.ok() && !fault.effect_happened) return fault.status;
  std::lock_guard lock(mutex_);
  for (size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/', slash + 1)) {
    if (files_.contains(name.substr(0, slash))) {
      return absl::FailedPreconditionError(
          StrCat(name.substr(0, slash), " is a file, so ", name, " cannot lie in it; move it away"));
    }
  }
  const std::string as_folder = StrCat(name, "/");
  const auto below = files_.lower_bound(as_folder);
  const bool is_folder = below != files_.end() && below->first.starts_with(as_folder);
  if (is_folder || !files_.emplace(name, bytes).second) {
    return absl::AlreadyExistsError(StrCat(name, " exists already; published files are never overwritten"));
  }
  return fault.status;
}

void MemoryFiles::SetFault(Fault fault) {
  std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

void MemoryFiles::Overwrite(std::string_view name, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  files_.insert_or_assign(std::string(name), std::string(bytes));
}

void MemoryFiles::Remove(std::string_view name) {
  std::lock_guard lock(mutex_);
  if (auto it = files_.find(name); it != files_.end()) files_.erase(it);
}

}  // namespace fundcore
