// See archive.h.
#include "common/log/archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/log/embedded.h"
#include "common/log/format.h"
#include "common/log/reader.h"

namespace fundcore {
namespace {

using namespace log_format;

constexpr size_t kPieceBytes = 4u << 20;

absl::Status CopyFile(const std::string& from, const std::string& to) {
  const File in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.is_open()) return FileError(errno, "open", from);
  const File out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!out.is_open()) return FileError(errno, "create", to);
  std::string piece;
  for (uint64_t at = 0;; at += piece.size()) {
    FC_RETURN_IF_ERROR(ReadAt(in.fd(), at, kPieceBytes, from, &piece));
    if (piece.empty()) break;
    FC_RETURN_IF_ERROR(WriteAt(out.fd(), at, piece, to));
  }
  return ::fsync(out.fd()) == 0 ? absl::OkStatus() : FileError(errno, "sync", to);
}

absl::StatusOr<bool> SameBytes(const std::string& a, const std::string& b) {
  const File first(::open(a.c_str(), O_RDONLY | O_CLOEXEC)), second(::open(b.c_str(), O_RDONLY | O_CLOEXEC));
  if (!first.is_open()) return FileError(errno, "open", a);
  if (!second.is_open()) return FileError(errno, "open", b);
  std::string x, y;
  for (uint64_t at = 0;; at += x.size()) {
    FC_RETURN_IF_ERROR(ReadAt(first.fd(), at, kPieceBytes, a, &x));
    FC_RETURN_IF_ERROR(ReadAt(second.fd(), at, kPieceBytes, b, &y));
    if (x != y) return false;
    if (x.empty()) return true;
  }
}

// The file is in the archive, whole, under its name.
absl::Status Keep(const std::string& path, const std::string& archive, const std::string& name) {
  const std::string kept = absl::StrCat(archive, "/", name), temporary = kept + ".part";
  if (!std::filesystem::exists(kept)) {
    FC_RETURN_IF_ERROR(CopyFile(path, temporary));
    if (::rename(temporary.c_str(), kept.c_str()) != 0) return FileError(errno, "name", kept);
    FC_RETURN_IF_ERROR(SyncFolder(archive));
  }
  FC_ASSIGN_OR_RETURN(const bool same, SameBytes(path, kept));
  if (same) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(kept, " has other bytes than ", path,
                                          "; nothing was removed: choose another archive folder, "
                                          "or find out which of the two is damaged"));
}

}  // namespace

absl::StatusOr<ArchiveReport> ArchiveLog(const std::string& folder,
                                         std::span<const std::pair<LogPartition, LogOffset>> needed_from,
                                         const std::string& archive) {
  const std::string format_path = folder + "/FORMAT";
  // Holds the lock until the end; also cuts a torn tail, so that all that is left is good.
  FC_ASSIGN_OR_RETURN(const auto log, EmbeddedLog::Open({.folder = folder, .partitions = {}}));
  FC_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(format_path));
  FC_ASSIGN_OR_RETURN(const Format format, DecodeFormat(text, format_path));
  FC_ASSIGN_OR_RETURN(const std::vector<Segment> segments, OpenSegments(folder, format));
  std::vector<LogOffset> needed(format.layout.size(), 0);
  for (const auto& [partition, offset] : needed_from)
    if (const auto index = format.layout.Index(partition)) needed[*index] = offset;

  size_t keep_from = 0;
  for (size_t i = 1; i < segments.size(); ++i) {
    const std::vector<uint64_t>& begins = segments[i].header.next;
    bool unneeded = true;
    for (size_t p = 0; p < needed.size(); ++p) unneeded = unneeded && begins[p] <= needed[p];
    if (!unneeded) break;
    keep_from = i;
  }
  ArchiveReport report;
  report.first = segments[keep_from].header.number;
  if (keep_from == 0) return report;

  std::error_code error;
  std::filesystem::create_directories(archive, error);
  if (error) return FileError(error.value(), "create", archive);
  if (std::filesystem::exists(archive + "/FORMAT")) {
    FC_ASSIGN_OR_RETURN(const std::string theirs, ReadWholeFile(archive + "/FORMAT"));
    if (theirs != text) {
      return absl::FailedPreconditionError(
          absl::StrCat(archive, " holds the archive of another log; choose another folder"));
    }
  }
  FC_RETURN_IF_ERROR(Keep(format_path, archive, "FORMAT"));
  // Oldest first: whatever moment this ends at, what is left in the folder is without a gap.
  for (size_t i = 0; i < keep_from; ++i) {
    const std::string& path = segments[i].path;
    FC_RETURN_IF_ERROR(Keep(path, archive, SegmentName(segments[i].header.number)));
    report.bytes += std::filesystem::file_size(path, error);
    if (::unlink(path.c_str()) != 0) return FileError(errno, "remove", path);
    FC_RETURN_IF_ERROR(SyncFolder(folder));
    ++report.segments;
  }
  return report;
}

}  // namespace fundcore
