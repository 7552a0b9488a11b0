// What a crash test and the server it torments share: one page of memory in a file, mapped by both. The test arms a crash
// point in it or fills the disk; the library crash_points, preloaded into the server, obeys and tells what it did. Being a
// file, it outlives the server's death.
//
//   Control* control = MapControl(path, true);             // the test; the server gets kControlVariable=path
//   Arm(control, {.calls = kSync, .when = When::kBefore, .path = "/log/segment-", .nth = 3});
//   … the server dies at its third sync of a log segment …
//   control->fired.load();
//
// No dependencies: it is compiled into a library that must work inside any process. Fields that are not atomic are written
// by the test while `armed` is 0, or by the server right before it dies.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

namespace fundcore::crash {

inline constexpr char kControlVariable[] = "FUNDCORE_CRASH_CONTROL";

// Calls on the disk, as a mask.
enum Call : uint32_t {
  kWrite = 1,      // write, pwrite
  kSync = 2,       // fsync, fdatasync; of folders, too
  kRename = 4,     // rename, renameat: by the new name
  kLink = 8,       // link, linkat: by the new name
  kCreate = 16,    // open and openat with O_CREAT, mkdir, mkdirat
  kAllocate = 32,  // fallocate, posix_fallocate, ftruncate
  kRemove = 64,    // unlink, unlinkat
  kAnyCall = 127,
};

enum class When : uint32_t {
  kBefore,  // the call is not made
  kAfter,   // it is made, and nobody hears of it
  kHalf,    // writes: the first half of the bytes is written; other calls as kAfter
};

enum class Full : uint32_t {
  kNo,
  kSuddenly,  // writes find no room, although the file system had told of some
  kTold,      // the file system tells that nothing is free, too
};

struct Control {
  std::atomic<uint32_t> armed;
  uint32_t calls;
  uint32_t when;
  char path[128];               // a part of the file's path; see Matches
  std::atomic<int64_t> left;    // matching calls until the one to die at
  std::atomic<uint32_t> full;   // of enum Full
  char full_path[128];          // where, as `path`
  std::atomic<uint64_t> refused;  // calls that found the disk full
  // The last words of a server that died here.
  std::atomic<uint32_t> fired;
  char fired_call[32];
  char fired_path[256];
  // The last write before, where it matched: what a power cut may leave in pieces.
  uint64_t write_at, write_bytes;
};

struct Point {
  uint32_t calls = 0;
  When when = When::kBefore;
  std::string path;
  int64_t nth = 1;
};

// Maps the file, making it where `create`. nullptr where that fails.
inline Control* MapControl(const char* path, bool create) {
  const int fd = ::open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0), 0600);
  if (fd < 0) return nullptr;
  if (create && ::ftruncate(fd, sizeof(Control)) != 0) return ::close(fd), nullptr;
  void* at = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return at == MAP_FAILED ? nullptr : static_cast<Control*>(at);
}

inline void Disarm(Control* c) { c->armed.store(0); }

inline void Arm(Control* c, const Point& point) {
  Disarm(c);
  c->fired.store(0);
  c->calls = point.calls;
  c->when = static_cast<uint32_t>(point.when);
  c->write_at = c->write_bytes = 0;
  std::memset(c->path, 0, sizeof c->path);
  point.path.copy(c->path, sizeof c->path - 1);
  c->left.store(point.nth);
  c->armed.store(1);
}

inline void FillDisk(Control* c, Full full, const std::string& path) {
  c->full.store(0);
  std::memset(c->full_path, 0, sizeof c->full_path);
  path.copy(c->full_path, sizeof c->full_path - 1);
  c->refused.store(0);
  c->full.store(static_cast<uint32_t>(full));
}

// Whether one of the alternatives in `pattern`, divided by '|', fits: the parts between its stars occur in `path`, in order.
inline bool Matches(const char* pattern, const char* path) {
  char part[128];
  const char* rest = path;
  for (;;) {
    const size_t size = std::strcspn(pattern, "*|");
    std::memcpy(part, pattern, size);
    part[size] = '\0';
    const char* found = rest ? std::strstr(rest, part) : nullptr;
    rest = found ? found + size : nullptr;
    pattern += size;
    if (*pattern != '*') {
      if (rest != nullptr) return true;
      if (*pattern == '\0') return false;
      rest = path;
    }
    ++pattern;
  }
}

}  // namespace fundcore::crash
