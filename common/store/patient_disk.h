// PatientDisk: the file system as RocksDB sees it, except that a full disk is slow instead of broken.
//
// RocksDB takes "no space left" for an error that stops all writing, and its recovery from it is known to hang where
// families are flushed atomically. A write that waits for room is what we want anyway, so that is what RocksDB gets: a
// write that met a full disk is repeated, several times a second, at the same place in the file.
//
//   PatientDisk disk;                 // outlives the database that uses its env()
//   options.env = disk.env();
//   disk.waiting();                   // some write waits for room now
//   disk.StopWaiting();               // the process ends: from now on a full disk is an error
//
// Thread-safe. RocksDB's headers appear only in the .cc.
#pragma once

#include <memory>

namespace rocksdb {
class Env;
}

namespace fundcore {

class PatientDisk {
 public:
  PatientDisk();
  ~PatientDisk();
  PatientDisk(const PatientDisk&) = delete;

  rocksdb::Env* env() const { return env_.get(); }
  bool waiting() const;
  void StopWaiting();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace fundcore
