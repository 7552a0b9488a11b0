// Encoding of frames, segment headers and the FORMAT file, and the few file calls that the log needs.
#include "common/log/format.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/log/crc32c.h"

namespace fundcore::log_format {

static_assert(std::endian::native == std::endian::little, "stored integers are little-endian");

namespace {

constexpr char kSegmentMagic[] = "FCLOGSEG";
constexpr size_t kFixedHeaderBytes = 8 + 4 * 4 + 16 + 3 * 8;
constexpr size_t kHeaderCrcAt = 16;
// More than kMaxPartitions of every service would take; a larger count in a header is damage.
constexpr uint32_t kMostPartitions = 256u * 1000u;

template <class T>
void Put(std::string* out, T v) {
  out->append(reinterpret_cast<const char*>(&v), sizeof v);
}
template <class T>
T Take(std::string_view bytes, size_t at) {
  T v;
  std::memcpy(&v, bytes.data() + at, sizeof v);
  return v;
}

absl::Status HeaderDamaged(const std::string& path, absl::string_view why) {
  return absl::DataLossError(absl::StrCat(path, ": the segment header is damaged (", why,
                                          "); restore this file from the archive or a standby"));
}

}  // namespace

// --- layout ---

Layout::Layout(std::vector<std::pair<ServiceId, uint16_t>> counts) : counts_(std::move(counts)) {
  std::sort(counts_.begin(), counts_.end());
  for (const auto& [service, count] : counts_) {
    const auto s = static_cast<uint8_t>(service);
    first_[s] = static_cast<uint32_t>(partitions_.size());
    count_[s] = count;
    for (uint16_t p = 0; p < count; ++p) partitions_.push_back({service, PartitionId(p)});
  }
}

std::optional<size_t> Layout::Index(LogPartition partition) const {
  const auto s = static_cast<uint8_t>(partition.service);
  if (partition.partition.raw() >= count_[s]) return std::nullopt;
  return first_[s] + partition.partition.raw();
}

std::string Layout::ToString() const {
  std::string out;
  for (const auto& [service, count] : counts_) {
    absl::StrAppend(&out, out.empty() ? "" : " ", static_cast<int>(service), ":", count);
  }
  return out;
}

std::optional<Layout> Layout::Parse(std::string_view text) {
  std::vector<std::pair<ServiceId, uint16_t>> counts;
  for (absl::string_view part : absl::StrSplit(absl::string_view(text.data(), text.size()), ' ', absl::SkipEmpty())) {
    const std::vector<absl::string_view> two = absl::StrSplit(part, ':');
    uint32_t service, count;
    if (two.size() != 2 || !absl::SimpleAtoi(two[0], &service) || !absl::SimpleAtoi(two[1], &count)) return std::nullopt;
    if (service == 0 || service > 255 || count == 0 || count > kMaxPartitions) return std::nullopt;
    for (const auto& c : counts) {
      if (static_cast<uint32_t>(c.first) == service) return std::nullopt;
    }
    counts.emplace_back(static_cast<ServiceId>(service), static_cast<uint16_t>(count));
  }
  if (counts.empty()) return std::nullopt;
  return Layout(std::move(counts));
}

// --- FORMAT ---

std::string LogId(const Format& format) { return absl::StrCat("embedded:", absl::BytesToHexString(format.data_id)); }

std::string EncodeFormat(const Format& format) {
  return absl::StrCat("fundcore log\nversion ", kVersion, "\ndata ", absl::BytesToHexString(format.data_id),
                      "\npartitions ", format.layout.ToString(), "\n");
}

absl::StatusOr<Format> DecodeFormat(std::string_view text, const std::string& path) {
  const std::vector<std::string> lines = absl::StrSplit(absl::string_view(text.data(), text.size()), '\n');
  const auto value = [&](size_t line, std::string_view key) -> std::optional<std::string> {
    if (line >= lines.size() || lines[line].rfind(key, 0) != 0) return std::nullopt;
    return lines[line].substr(key.size());
  };
  const auto damaged = absl::DataLossError(
      absl::StrCat(path, ": not readable as the format of a log; restore this file from the archive or a standby"));
  const auto version = value(1, "version ");
  if (lines[0] != "fundcore log" || !version) return damaged;
  if (*version != absl::StrCat(kVersion)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": this log has format version ", *version,
                                                      "; this build reads and writes version ", kVersion,
                                                      ": use the build that wrote it, or one that can convert it"));
  }
  const auto data = value(2, "data ");
  const auto partitions = value(3, "partitions ");
  if (!data || data->size() != 32 || !partitions) return damaged;
  if (data->find_first_not_of("0123456789abcdef") != std::string::npos) return damaged;
  const auto layout = Layout::Parse(*partitions);
  if (!layout) return damaged;
  return Format{absl::HexStringToBytes(*data), *layout};
}

// --- segments ---

size_t SegmentHeaderBytes(const Layout& layout) {
  return RoundUp(kFixedHeaderBytes + 8 * layout.size(), kSegmentHeaderUnit);
}

std::string EncodeSegmentHeader(const SegmentHeader& header, const Format& format) {
  std::string out;
  const size_t size = SegmentHeaderBytes(format.layout);
  out.reserve(size);
  out.append(kSegmentMagic, 8);
  Put<uint32_t>(&out, kVersion);
  Put<uint32_t>(&out, static_cast<uint32_t>(size));
  Put<uint32_t>(&out, 0);  // crc, below
  Put<uint32_t>(&out, static_cast<uint32_t>(header.next.size()));
  out += format.data_id;
  Put<uint64_t>(&out, header.number);
  Put<uint64_t>(&out, header.base);
  Put<uint64_t>(&out, header.known_end);
  for (uint64_t next : header.next) Put<uint64_t>(&out, next);
  out.resize(size);
  const uint32_t crc = Crc32c(out);
  std::memcpy(out.data() + kHeaderCrcAt, &crc, sizeof crc);
  return out;
}

absl::StatusOr<SegmentHeader> ReadSegmentHeader(int fd, const std::string& path, const Format& format) {
  std::string bytes;
  FC_RETURN_IF_ERROR(ReadAt(fd, 0, kSegmentHeaderUnit, path, &bytes));
  if (bytes.size() < kSegmentHeaderUnit) return HeaderDamaged(path, "the file is too short");
  if (std::memcmp(bytes.data(), kSegmentMagic, 8) != 0) return HeaderDamaged(path, "it does not begin with FCLOGSEG");
  const auto size = Take<uint32_t>(bytes, 12);
  const auto count = Take<uint32_t>(bytes, 20);
  if (count > kMostPartitions || size != RoundUp(kFixedHeaderBytes + 8ull * count, kSegmentHeaderUnit)) {
    return HeaderDamaged(path, "its length makes no sense");
  }
  if (size > kSegmentHeaderUnit) {
    FC_RETURN_IF_ERROR(ReadAt(fd, 0, size, path, &bytes));
    if (bytes.size() < size) return HeaderDamaged(path, "the file is too short");
  }
  const auto crc = Take<uint32_t>(bytes, kHeaderCrcAt);
  std::memset(bytes.data() + kHeaderCrcAt, 0, 4);
  if (Crc32c(bytes) != crc) return HeaderDamaged(path, "its checksum is wrong");
  if (Take<uint32_t>(bytes, 8) != kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": segment format version ", Take<uint32_t>(bytes, 8),
                                                      "; this build reads version ", kVersion));
  }
  if (bytes.substr(24, 16) != format.data_id || count != format.layout.size()) {
    return absl::DataLossError(absl::StrCat(path, ": this segment belongs to another log (data id ",
                                            absl::BytesToHexString(bytes.substr(24, 16)),
                                            "); put back the segment of this log, or restore both from one archive"));
  }
  SegmentHeader header;
  header.number = Take<uint64_t>(bytes, 40);
  header.base = Take<uint64_t>(bytes, 48);
  header.known_end = Take<uint64_t>(bytes, 56);
  header.header_bytes = size;
  header.next.resize(count);
  std::memcpy(header.next.data(), bytes.data() + kFixedHeaderBytes, 8ull * count);
  return header;
}

std::string SegmentName(uint64_t number) { return absl::StrFormat("segment-%06d.log", number); }

absl::StatusOr<std::vector<uint64_t>> ListSegments(const std::string& folder) {
  std::vector<uint64_t> numbers;
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error), end;
  if (error) return FileError(error.value(), "list", folder);
  for (; it != end; it.increment(error)) {
    if (error) return FileError(error.value(), "list", folder);
    const std::string name = it->path().filename().string();
    uint64_t number;
    if (name.size() < 13 || name.rfind("segment-", 0) != 0 || name.substr(name.size() - 4) != ".log") continue;
    if (!absl::SimpleAtoi(name.substr(8, name.size() - 12), &number) || SegmentName(number) != name) continue;
    numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// --- frames ---

void AppendFrame(const Frame& frame, uint32_t crc_seed, std::string* out) {
  const size_t start = out->size();
  Put<uint32_t>(out, kFrameMagic);
  Put<uint32_t>(out, 0);  // crc, below
  Put<uint32_t>(out, static_cast<uint32_t>(frame.payload.size()));
  Put<uint8_t>(out, static_cast<uint8_t>(frame.partition.service));
  Put<uint8_t>(out, static_cast<uint8_t>(frame.kind));
  Put<uint16_t>(out, frame.partition.partition.raw());
  Put<uint64_t>(out, frame.position);
  Put<uint64_t>(out, frame.known_end);
  Put<uint64_t>(out, frame.offset);
  out->append(frame.payload);
  const uint32_t crc = ExtendCrc32c(crc_seed, std::string_view(*out).substr(start + 8));
  std::memcpy(out->data() + start + 4, &crc, sizeof crc);
  out->append(RoundUp(frame.payload.size(), 8) - frame.payload.size(), '\0');
}

ParseResult ParseFrame(std::string_view bytes, uint64_t position, uint32_t crc_seed, Frame* frame) {
  frame->bytes = kFrameHeaderBytes;
  if (bytes.size() < kFrameHeaderBytes) return ParseResult::kIncomplete;
  const auto length = Take<uint32_t>(bytes, 8);
  if (Take<uint32_t>(bytes, 0) != kFrameMagic || Take<uint64_t>(bytes, 16) != position || length > kMaxRecordBytes) {
    return ParseResult::kDamaged;
  }
  frame->bytes = FrameBytes(length);
  if (bytes.size() < kFrameHeaderBytes + length) return ParseResult::kIncomplete;
  if (ExtendCrc32c(crc_seed, bytes.substr(8, kFrameHeaderBytes - 8 + length)) != Take<uint32_t>(bytes, 4)) {
    return ParseResult::kDamaged;
  }
  frame->partition.service = static_cast<ServiceId>(Take<uint8_t>(bytes, 12));
  frame->kind = static_cast<FrameKind>(Take<uint8_t>(bytes, 13));
  frame->partition.partition = PartitionId(Take<uint16_t>(bytes, 14));
  frame->position = position;
  frame->known_end = Take<uint64_t>(bytes, 24);
  frame->offset = Take<uint64_t>(bytes, 32);
  frame->payload = bytes.substr(kFrameHeaderBytes, length);
  return ParseResult::kFrame;
}

// --- files ---

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

absl::Status FileError(int error, absl::string_view what, const std::string& path) {
  const std::string message = absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT: return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS: return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return absl::ResourceExhaustedError(message);
    default: return absl::InternalError(message);
  }
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, "open", path);
  struct stat info;
  if (::fstat(file.fd(), &info) != 0) return FileError(errno, "look at", path);
  std::string bytes;
  FC_RETURN_IF_ERROR(ReadAt(file.fd(), 0, static_cast<size_t>(info.st_size), path, &bytes));
  return bytes;
}

absl::Status ReadAt(int fd, uint64_t at, size_t size, const std::string& path, std::string* out) {
  out->resize(size);
  size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(fd, out->data() + got, size - got, static_cast<off_t>(at + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return absl::DataLossError(absl::StrCat(path, ": byte ", at + got, " cannot be read: ", std::strerror(errno),
                                              "; restore this file from the archive or a standby"));
    }
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  out->resize(got);
  return absl::OkStatus();
}

absl::Status WriteAt(int fd, uint64_t at, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
    at += static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

absl::Status SyncFolder(const std::string& folder) {
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open()) return FileError(errno, "open", folder);
  if (::fsync(file.fd()) != 0) return FileError(errno, "sync", folder);
  return absl::OkStatus();
}

absl::Status ReplaceFile(const std::string& folder, const std::string& name, std::string_view bytes) {
  const std::string path = absl::StrCat(folder, "/", name);
  const std::string temporary = path + ".tmp";
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.is_open()) return FileError(errno, "create", temporary);
  FC_RETURN_IF_ERROR(WriteAt(file.fd(), 0, bytes, temporary));
  if (::fsync(file.fd()) != 0) return FileError(errno, "sync", temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FileError(errno, "name", path);
  return SyncFolder(folder);
}

}  // namespace fundcore::log_format
