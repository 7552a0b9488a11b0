// A file-system wrapper whose writable files wait for room.
#include "common/store/patient_disk.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace fundcore {

struct PatientDisk::Shared {
  std::atomic<int> waiting{0};
  std::atomic<bool> stop{false};

  template <class F>
  rocksdb::IOStatus UntilRoom(F write) {
    rocksdb::IOStatus status = write();
    if (!status.IsNoSpace()) return status;
    waiting.fetch_add(1);
    while (status.IsNoSpace() && !stop.load()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      status = write();
    }
    waiting.fetch_sub(1);
    return status;
  }
};

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// Appends as writes at a place of our own counting: an append that got half way and met the end of the disk has moved the
// file's own position, and repeating it would double that half.
template <class Shared>
class PatientFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  PatientFile(std::unique_ptr<rocksdb::FSWritableFile> file, uint64_t size, std::shared_ptr<Shared> shared)
      : FSWritableFileOwnerWrapper(std::move(file)), size_(size), shared_(std::move(shared)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* dbg) override {
    return PositionedAppend(data, size_, options, dbg);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* dbg) override {
    return PositionedAppend(data, size_, options, dbg);
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options, IODebugContext* dbg) override {
    IOStatus status = shared_->UntilRoom(
        [&] { return FSWritableFileOwnerWrapper::PositionedAppend(data, offset, options, dbg); });
    if (status.ok()) size_ = offset + data.size();
    return status;
  }
  IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                            const rocksdb::DataVerificationInfo&, IODebugContext* dbg) override {
    return PositionedAppend(data, offset, options, dbg);
  }

 private:
  uint64_t size_;
  std::shared_ptr<Shared> shared_;
};

// RocksDB's own log of warnings, in plain lines. What does not fit on the disk is left out: RocksDB's logger takes the
// first line that did not fit for a fault of the program and ends it at the next one.
class ForgivingLogger : public rocksdb::Logger {
 public:
  explicit ForgivingLogger(std::FILE* file) : file_(file) {}
  ~ForgivingLogger() override { std::fclose(file_); }
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char line[1024];
    const int size = std::vsnprintf(line, sizeof(line), format, arguments);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    std::fprintf(file_, "%lld %.*s\n",
                 static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()),
                 std::min(std::max(size, 0), static_cast<int>(sizeof(line)) - 1), line);
    std::fflush(file_);
    std::clearerr(file_);
  }

 private:
  std::FILE* const file_;
};

template <class Shared>
class PatientFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit PatientFileSystem(std::shared_ptr<Shared> shared)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), shared_(std::move(shared)) {}
  const char* Name() const override { return "PatientFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* dbg) override {
    return Wrap(shared_->UntilRoom([&] { return FileSystemWrapper::NewWritableFile(name, options, result, dbg); }), 0,
                result);
  }
  IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* dbg) override {
    uint64_t size = 0;
    if (!FileSystemWrapper::GetFileSize(name, options.io_options, &size, dbg).ok()) size = 0;  // a new file
    return Wrap(shared_->UntilRoom([&] { return FileSystemWrapper::ReopenWritableFile(name, options, result, dbg); }), size,
                result);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* dbg) override {
    return Wrap(FileSystemWrapper::ReuseWritableFile(name, old_name, options, result, dbg), 0, result);
  }
  // A name needs room, too, where its folder has to grow. Each of these happens as a whole or not at all.
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options, IODebugContext* dbg) override {
    return shared_->UntilRoom([&] { return FileSystemWrapper::LinkFile(from, to, options, dbg); });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options, IODebugContext* dbg) override {
    return shared_->UntilRoom([&] { return FileSystemWrapper::RenameFile(from, to, options, dbg); });
  }
  IOStatus CreateDir(const std::string& folder, const IOOptions& options, IODebugContext* dbg) override {
    return shared_->UntilRoom([&] { return FileSystemWrapper::CreateDir(folder, options, dbg); });
  }
  IOStatus CreateDirIfMissing(const std::string& folder, const IOOptions& options, IODebugContext* dbg) override {
    return shared_->UntilRoom([&] { return FileSystemWrapper::CreateDirIfMissing(folder, options, dbg); });
  }
  IOStatus NewLogger(const std::string& name, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext*) override {
    std::FILE* file = std::fopen(name.c_str(), "a");
    if (file == nullptr) return IOStatus::IOError(name, "cannot be opened");
    *result = std::make_shared<ForgivingLogger>(file);
    return IOStatus::OK();
  }

 private:
  IOStatus Wrap(IOStatus status, uint64_t size, std::unique_ptr<rocksdb::FSWritableFile>* result) {
    if (status.ok()) *result = std::make_unique<PatientFile<Shared>>(std::move(*result), size, shared_);
    return status;
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace

PatientDisk::PatientDisk()
    : shared_(std::make_shared<Shared>()),
      env_(rocksdb::NewCompositeEnv(std::make_shared<PatientFileSystem<Shared>>(shared_))) {}
PatientDisk::~PatientDisk() = default;

bool PatientDisk::waiting() const { return shared_->waiting.load() > 0; }
void PatientDisk::StopWaiting() { shared_->stop.store(true); }

}  // namespace fundcore
