// RocksStore: families, tuning, the FORMAT file, and RocksDB's errors in our words.
//
// The folder holds `FORMAT` (one line, our version), `db/` (RocksDB) and `ingest/` (runs on their way in; emptied at
// open). FORMAT is read before RocksDB may touch anything.
#include "common/store/rocks.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/store/patient_disk.h"
#include "common/store/sorted.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/sst_file_writer.h"
#include "rocksdb/table.h"
#include "rocksdb/utilities/checkpoint.h"

namespace fundcore {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "fundcore state 1";
constexpr size_t kFamilies = 3;
// RocksDB insists on a family named "default"; it takes the place of kState.
constexpr std::array<const char*, kFamilies> kFamilyNames = {"default", "history", "ids"};

size_t Index(Family family) { return static_cast<size_t>(family); }

absl::Status FromRocks(const rocksdb::Status& status, std::string_view doing, const std::string& folder) {
  if (status.ok()) return absl::OkStatus();
  const std::string what = StrCat(doing, " in ", folder, ": ", status.ToString());
  if (status.IsCorruption()) {
    return absl::DataLossError(
        StrCat(what, "; the folder is damaged: restore it from a checkpoint, or remove it and replay the log"));
  }
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(StrCat(what, "; free space on that disk"));
  return absl::InternalError(what);
}

absl::Status FromErrno(std::string_view doing, const fs::path& path) {
  const int error = errno;
  const std::string what = StrCat(doing, " ", path.string(), ": ", std::strerror(error));
  return error == ENOSPC || error == EDQUOT ? absl::ResourceExhaustedError(what) : absl::InternalError(what);
}

absl::Status SyncPath(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno("open", path);
  const int failed = ::fsync(fd);
  absl::Status status = failed ? FromErrno("fsync", path) : absl::OkStatus();
  ::close(fd);
  return status;
}

fs::path ParentOf(const fs::path& path) {
  const fs::path absolute = fs::absolute(path).lexically_normal();
  return (absolute.has_filename() ? absolute : absolute.parent_path()).parent_path();
}

absl::Status WriteFormat(const fs::path& folder) {
  const fs::path temporary = folder / "FORMAT.new";
  {
    std::ofstream out(temporary, std::ios::trunc);
    out << kFormat << '\n';
    out.flush();
    if (!out) return FromErrno("write", temporary);
  }
  FC_RETURN_IF_ERROR(SyncPath(temporary));
  std::error_code error;
  fs::rename(temporary, folder / "FORMAT", error);
  if (error) return absl::InternalError(StrCat("rename ", temporary.string(), ": ", error.message()));
  return SyncPath(folder);
}

// Makes sure that `folder` is a store of this format, creating it where that is asked for.
absl::Status PrepareFolder(const fs::path& folder, bool create) {
  std::error_code error;
  const bool empty = !fs::exists(folder, error) || fs::is_empty(folder, error);
  if (error) return absl::InternalError(StrCat("open ", folder.string(), ": ", error.message()));
  const fs::path format = folder / "FORMAT";
  if (fs::exists(format, error)) {
    std::ifstream in(format);
    std::string line;
    std::getline(in, line);
    if (line == kFormat) return absl::OkStatus();
    return absl::FailedPreconditionError(
        StrCat(folder.string(), " has format \"", line.substr(0, 64), "\", this program reads \"", kFormat,
               "\"; use the version that wrote it, or replay the log into a new folder"));
  }
  // A crash while the folder was being created leaves at most FORMAT.new in it.
  const bool unfinished = !empty && fs::exists(folder / "FORMAT.new", error) && !fs::exists(folder / "db", error);
  if (!empty && !unfinished) {
    return absl::FailedPreconditionError(
        StrCat(folder.string(), " is not empty and has no FORMAT file, so it is no store; choose another folder"));
  }
  if (!create) return absl::NotFoundError(StrCat("there is no store in ", folder.string()));
  fs::create_directory(folder, error);
  if (error) {
    return absl::InternalError(
        StrCat("create ", folder.string(), ": ", error.message(), "; the parent folder must exist and be writable"));
  }
  FC_RETURN_IF_ERROR(WriteFormat(folder));
  return SyncPath(ParentOf(folder));
}

rocksdb::ColumnFamilyOptions FamilyOptions(Family family, const RocksOptions& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Filters and indexes count against the same bound, and those of young files stay.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.whole_key_filtering = true;

  rocksdb::ColumnFamilyOptions cf;
  cf.write_buffer_size = options.write_buffer_bytes;
  cf.max_write_buffer_number = 4;
  cf.compression = rocksdb::kLZ4Compression;
  switch (family) {
    case Family::kState:
      table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
      table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
      cf.compaction_style = rocksdb::kCompactionStyleLevel;
      cf.level_compaction_dynamic_level_bytes = true;
      break;
    case Family::kHistory:
      // Few large values, written once and read rarely: rewriting them seldom matters more than finding them fast.
      table.block_size = 64 << 10;
      table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
      cf.compaction_style = rocksdb::kCompactionStyleUniversal;
      break;
    case Family::kIds:
      // Almost every lookup is for an id that is new. 14 bits a key leave about one in a thousand to read a block, and
      // hashes do not compress.
      table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(14));
      // A run may hold millions: one filter over all of it would be megabytes, which no cache keeps whole.
      table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
      table.partition_filters = true;
      table.metadata_block_size = 16 << 10;
      table.pin_top_level_index_and_filter = true;
      cf.compression = rocksdb::kNoCompression;
      cf.compaction_style = rocksdb::kCompactionStyleUniversal;
      cf.level0_file_num_compaction_trigger = 8;
      break;
  }
  cf.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return cf;
}

rocksdb::DBOptions DatabaseOptions(const RocksOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;  // our FORMAT file has decided whether the folder may be created
  db.create_missing_column_families = true;
  db.atomic_flush = true;
  db.max_background_jobs = options.background_threads;
  db.max_open_files = 800;  // below the usual limit of 1,024 a process
  db.bytes_per_sync = 1 << 20;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.keep_log_file_num = 4;
  db.stats_dump_period_sec = 0;
  return db;
}


}  // namespace

struct RocksStore::Impl {
  std::string folder;
  uint64_t keep_free_bytes = 0;
  PatientDisk disk;
  std::shared_ptr<rocksdb::Cache> cache;
  std::array<rocksdb::ColumnFamilyOptions, kFamilies> family_options;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  std::atomic<uint64_t> next_run{0};

  ~Impl() {
    for (auto* family : families) db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    if (db) db->Close().PermitUncheckedError();  // flushes; whatever fails here is replayed from the log
  }
  fs::path ingest_folder() const { return fs::path(folder) / "ingest"; }
  rocksdb::ColumnFamilyHandle* At(Family family) const { return families[Index(family)]; }
};

RocksStore::RocksStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksStore::~RocksStore() = default;

absl::StatusOr<std::unique_ptr<RocksStore>> RocksStore::Open(const RocksOptions& options) {
  FC_RETURN_IF_ERROR(PrepareFolder(options.folder, options.create_if_missing && !options.read_only));
  auto impl = std::make_unique<Impl>();
  impl->folder = options.folder;
  impl->keep_free_bytes = options.keep_free_bytes;
  // Few shards: what is larger than a shard is never kept, and is read anew by every lookup.
  impl->cache = rocksdb::NewLRUCache(options.cache_bytes, /*num_shard_bits=*/3);

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (size_t i = 0; i < kFamilies; ++i) {
    impl->family_options[i] = FamilyOptions(static_cast<Family>(i), options, impl->cache);
    descriptors.emplace_back(kFamilyNames[i], impl->family_options[i]);
  }
  rocksdb::DB* db = nullptr;
  const std::string path = (fs::path(options.folder) / "db").string();
  rocksdb::DBOptions database = DatabaseOptions(options);
  database.env = impl->disk.env();
  const rocksdb::Status opened =
      options.read_only ? rocksdb::DB::OpenForReadOnly(database, path, descriptors, &impl->families, &db)
                        : rocksdb::DB::Open(database, path, descriptors, &impl->families, &db);
  impl->db.reset(db);
  if (opened.IsIOError() && opened.ToString().find("/LOCK") != std::string::npos) {
    return absl::FailedPreconditionError(
        StrCat(options.folder, " is in use by another process or store; stop that one, or choose another folder"));
  }
  FC_RETURN_IF_ERROR(FromRocks(opened, "open", options.folder));
  if (options.read_only) return std::unique_ptr<RocksStore>(new RocksStore(std::move(impl)));

  // We hold the lock now, so what lies in ingest/ belongs to nobody.
  std::error_code error;
  fs::remove_all(impl->ingest_folder(), error);
  fs::create_directory(impl->ingest_folder(), error);
  if (error) {
    return absl::InternalError(StrCat("create ", impl->ingest_folder().string(), ": ", error.message()));
  }
  return std::unique_ptr<RocksStore>(new RocksStore(std::move(impl)));
}

absl::StatusOr<std::optional<std::string>> RocksStore::Get(Family family, std::string_view key) const {
  std::string value;
  const rocksdb::Status got =
      impl_->db->Get(rocksdb::ReadOptions(), impl_->At(family), rocksdb::Slice(key.data(), key.size()), &value);
  if (got.IsNotFound()) return std::optional<std::string>();
  FC_RETURN_IF_ERROR(FromRocks(got, "read", impl_->folder));
  return std::optional<std::string>(std::move(value));
}

absl::StatusOr<std::vector<std::optional<std::string>>> RocksStore::MultiGet(Family family,
                                                                             std::span<const std::string> keys) const {
  std::vector<std::optional<std::string>> values(keys.size());
  std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> found(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  impl_->db->MultiGet(rocksdb::ReadOptions(), impl_->At(family), keys.size(), slices.data(), found.data(),
                      statuses.data());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    FC_RETURN_IF_ERROR(FromRocks(statuses[i], "read", impl_->folder));
    values[i].emplace(found[i].data(), found[i].size());
  }
  return values;
}

absl::Status RocksStore::Scan(Family family, std::string_view begin, std::string_view end,
                              absl::FunctionRef<bool(std::string_view, std::string_view)> visit) const {
  const rocksdb::Slice lower(begin.data(), begin.size());
  const rocksdb::Slice upper(end.data(), end.size());
  if (lower.compare(upper) >= 0) return absl::OkStatus();
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper;
  read.fill_cache = family == Family::kState;  // a walk through history must not push hot state out of the cache
  std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator(read, impl_->At(family)));
  for (it->Seek(lower); it->Valid(); it->Next()) {
    if (!visit(it->key().ToStringView(), it->value().ToStringView())) return absl::OkStatus();
  }
  return FromRocks(it->status(), "scan", impl_->folder);
}

absl::Status RocksStore::Ready() {
  std::error_code error;
  const fs::space_info space = fs::space(impl_->folder, error);
  if (!error && space.available < impl_->keep_free_bytes) {
    return absl::ResourceExhaustedError(StrCat("the disk of ", impl_->folder, " has ", space.available >> 20,
                                               " MiB free, less than the ", impl_->keep_free_bytes >> 20,
                                               " MiB that writing state back needs; free space on that disk"));
  }
  if (impl_->disk.waiting()) {
    return absl::ResourceExhaustedError(StrCat("the disk of ", impl_->folder, " is full; free space on that disk"));
  }
  return absl::OkStatus();
}

void RocksStore::StopWaiting() { impl_->disk.StopWaiting(); }

absl::Status RocksStore::Write(std::vector<StoreWrite> writes) {
  if (writes.empty()) return absl::OkStatus();
  size_t bytes = 0;
  for (const StoreWrite& write : writes) bytes += write.key.size() + (write.value ? write.value->size() : 0) + 16;
  rocksdb::WriteBatch batch(bytes);
  for (const StoreWrite& write : writes) {
    const rocksdb::Status put = write.value ? batch.Put(impl_->At(write.family), write.key, *write.value)
                                            : batch.Delete(impl_->At(write.family), write.key);
    FC_RETURN_IF_ERROR(FromRocks(put, "write", impl_->folder));
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  return FromRocks(impl_->db->Write(options, &batch), "write", impl_->folder);
}

absl::Status RocksStore::Ingest(Family family, std::span<const std::pair<std::string, std::string>> sorted) {
  if (sorted.empty()) return absl::OkStatus();
  FC_RETURN_IF_ERROR(CheckAscending(sorted));
  rocksdb::Options options(rocksdb::DBOptions(), impl_->family_options[Index(family)]);
  options.env = impl_->disk.env();
  const std::string path = (impl_->ingest_folder() / StrCat("run-", impl_->next_run.fetch_add(1), ".sst")).string();
  const auto build = [&]() -> rocksdb::Status {
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options, impl_->At(family));
    if (auto status = writer.Open(path); !status.ok()) return status;
    for (const auto& [key, value] : sorted) {
      if (auto status = writer.Put(key, value); !status.ok()) return status;
    }
    if (auto status = writer.Finish(); !status.ok()) return status;  // syncs the file
    rocksdb::IngestExternalFileOptions ingest;
    ingest.move_files = true;
    ingest.snapshot_consistency = false;
    ingest.write_global_seqno = false;  // kept in the manifest: the file is not written to again
    return impl_->db->IngestExternalFile(impl_->At(family), {path}, ingest);
  };
  const rocksdb::Status done = build();
  std::error_code ignored;
  fs::remove(path, ignored);  // a moved file is linked into db/ by now; a failed one is rubbish
  return FromRocks(done, "ingest a run", impl_->folder);
}

absl::Status RocksStore::Flush() {
  rocksdb::FlushOptions flush;
  flush.wait = true;
  flush.allow_write_stall = true;
  return FromRocks(impl_->db->Flush(flush, impl_->families), "flush", impl_->folder);
}

absl::Status RocksStore::Checkpoint(const std::string& folder) {
  std::error_code error;
  const fs::path target = fs::path(folder).lexically_normal();
  if (fs::exists(target, error)) {
    return absl::AlreadyExistsError(StrCat("checkpoint folder ", folder, " exists already; choose another name"));
  }
  FC_RETURN_IF_ERROR(Flush());
  // Built next to its place and renamed when complete, so that a folder of that name is always a whole checkpoint.
  const fs::path part = target.string() + ".part";
  fs::remove_all(part, error);
  fs::create_directory(part, error);
  if (error) return absl::InternalError(StrCat("create ", part.string(), ": ", error.message()));
  rocksdb::Checkpoint* raw = nullptr;
  FC_RETURN_IF_ERROR(FromRocks(rocksdb::Checkpoint::Create(impl_->db.get(), &raw), "checkpoint", impl_->folder));
  std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  FC_RETURN_IF_ERROR(FromRocks(checkpoint->CreateCheckpoint((part / "db").string()), "checkpoint", impl_->folder));
  FC_RETURN_IF_ERROR(WriteFormat(part));
  fs::rename(part, target, error);
  if (error) return absl::InternalError(StrCat("rename ", part.string(), ": ", error.message()));
  return SyncPath(ParentOf(target));
}

RocksStats RocksStore::Stats() const {
  RocksStats stats;
  for (rocksdb::ColumnFamilyHandle* family : impl_->families) {
    uint64_t value = 0;
    if (impl_->db->GetIntProperty(family, rocksdb::DB::Properties::kLiveSstFilesSize, &value))
      stats.disk_bytes += value;
    if (impl_->db->GetIntProperty(family, rocksdb::DB::Properties::kCurSizeAllMemTables, &value)) {
      stats.unflushed_bytes += value;
    }
  }
  rocksdb::ColumnFamilyMetaData ids;
  impl_->db->GetColumnFamilyMetaData(impl_->At(Family::kIds), &ids);
  for (const auto& level : ids.levels) {
    stats.id_runs += level.level == 0 ? level.files.size() : (level.files.empty() ? 0 : 1);
  }
  return stats;
}

}  // namespace fundcore
