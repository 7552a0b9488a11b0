// crash_points: preloaded into a real server (LD_PRELOAD), it stands before the system calls that change the disk. At the
// k-th call that the test has named, by kind and path, the process dies as if the power had gone; while the test says that the
// disk is full, calls that need room get ENOSPC. The server's code knows nothing of it. See control.h.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/crash/control.h"

namespace {

using fundcore::crash::Call;
using fundcore::crash::Control;
using fundcore::crash::Full;
using fundcore::crash::Matches;
using fundcore::crash::When;

Control* Shared() {
  static Control* const control = [] {
    const char* path = getenv(fundcore::crash::kControlVariable);
    return path ? fundcore::crash::MapControl(path, false) : nullptr;
  }();
  return control;
}

// Where a name leads to: relative ones, which are opened below an open folder, get that folder's path.
void PathOf(int folder, const char* name, char* out) {
  char link[64];
  size_t used = 0;
  if (name == nullptr || (name[0] != '/' && folder != AT_FDCWD)) {
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    const ssize_t n = readlink(link, out, PATH_MAX - 1);
    used = n > 0 ? static_cast<size_t>(n) : 0;
  }
  if (name == nullptr) {
    out[used] = '\0';
  } else {
    snprintf(out + used, PATH_MAX - used, "%s%s", used > 0 ? "/" : "", name);
  }
}

[[noreturn]] void Die(Control* c, const char* call, const char* path) {
  snprintf(c->fired_call, sizeof c->fired_call, "%s", call);
  snprintf(c->fired_path, sizeof c->fired_path, "%.255s", path);
  c->fired.store(1);
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

// One call on its way: Before() may end the process or refuse for want of room, After() may end it.
class Passing {
 public:
  Passing(Call call, const char* name, int folder, const char* path, bool needs_room) : name_(name) {
    Control* c = Shared();
    if (c == nullptr) return;
    const bool armed = c->armed.load(std::memory_order_acquire) != 0 && (c->calls & call) != 0;
    const bool full = needs_room && c->full.load(std::memory_order_acquire) != 0;
    if (!armed && !full) return;
    PathOf(folder, path, path_);
    if (full && Matches(c->full_path, path_)) {
      c->refused.fetch_add(1);
      refused_ = true;
      return;
    }
    if (!armed || !Matches(c->path, path_) || c->left.fetch_sub(1) != 1) return;
    c->armed.store(0);
    here_ = true;
    when_ = static_cast<When>(c->when);
    if (when_ == When::kBefore) Die(c, name_, path_);
  }
  bool refused() const { return refused_; }
  bool half() const { return here_ && when_ == When::kHalf; }
  template <class T>
  T After(T result) {
    if (here_) Die(Shared(), name_, path_);
    return result;
  }
  // Notes where the write goes, for a test that tears it.
  void Writes(uint64_t at, uint64_t bytes) {
    if (!here_) return;
    Shared()->write_at = at;
    Shared()->write_bytes = bytes;
  }

 private:
  const char* const name_;
  bool refused_ = false, here_ = false;
  When when_ = When::kBefore;
  char path_[PATH_MAX];
};

template <class F>
F Real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}
#define REAL(function) \
  static const auto real = Real<decltype(&::function)>(#function)

int NoRoom() {
  errno = ENOSPC;
  return -1;
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | __O_TMPFILE)) ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}
bool IsNew(int folder, const char* path, int flags) {
  return (flags & O_CREAT) != 0 && faccessat(folder, path, F_OK, 0) != 0;
}

}  // namespace

extern "C" {

int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  if (!IsNew(folder, path, flags)) return static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
  Passing p(Call::kCreate, "create", folder, path, true);
  if (p.refused()) return NoRoom();
  return p.After(static_cast<int>(syscall(SYS_openat, folder, path, flags, mode)));
}
int openat64(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return openat(folder, path, flags, mode);
}
int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return openat(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  return openat(AT_FDCWD, path, flags, mode);
}

int mkdirat(int folder, const char* path, mode_t mode) {
  Passing p(Call::kCreate, "mkdir", folder, path, true);
  return p.refused() ? NoRoom() : p.After(static_cast<int>(syscall(SYS_mkdirat, folder, path, mode)));
}
int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

ssize_t write(int fd, const void* bytes, size_t size) {
  REAL(write);
  Passing p(Call::kWrite, "write", fd, nullptr, true);
  if (p.refused()) return NoRoom();
  return p.After(real(fd, bytes, p.half() ? size / 2 : size));
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  REAL(pwrite);
  Passing p(Call::kWrite, "pwrite", fd, nullptr, true);
  if (p.refused()) return NoRoom();
  p.Writes(static_cast<uint64_t>(at), size);
  return p.After(real(fd, bytes, p.half() ? size / 2 : size, at));
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) { return pwrite(fd, bytes, size, at); }

int fsync(int fd) {
  REAL(fsync);
  Passing p(Call::kSync, "fsync", fd, nullptr, false);
  return p.After(real(fd));
}
int fdatasync(int fd) {
  REAL(fdatasync);
  Passing p(Call::kSync, "fdatasync", fd, nullptr, false);
  return p.After(real(fd));
}

int renameat(int from, const char* old_path, int to, const char* path) {
  REAL(renameat);
  Passing p(Call::kRename, "rename", to, path, false);
  return p.After(real(from, old_path, to, path));
}
int rename(const char* old_path, const char* path) { return renameat(AT_FDCWD, old_path, AT_FDCWD, path); }

int linkat(int from, const char* old_path, int to, const char* path, int flags) {
  REAL(linkat);
  Passing p(Call::kLink, "link", to, path, true);
  return p.refused() ? NoRoom() : p.After(real(from, old_path, to, path, flags));
}
int link(const char* old_path, const char* path) { return linkat(AT_FDCWD, old_path, AT_FDCWD, path, 0); }

int unlinkat(int folder, const char* path, int flags) {
  REAL(unlinkat);
  Passing p(Call::kRemove, "unlink", folder, path, false);
  return p.After(real(folder, path, flags));
}
int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }

int fallocate(int fd, int mode, off_t at, off_t size) {
  REAL(fallocate);
  Passing p(Call::kAllocate, "fallocate", fd, nullptr, true);
  return p.refused() ? NoRoom() : p.After(real(fd, mode, at, size));
}
int fallocate64(int fd, int mode, off64_t at, off64_t size) { return fallocate(fd, mode, at, size); }
int posix_fallocate(int fd, off_t at, off_t size) {  // tells its error by its result, not by errno
  REAL(posix_fallocate);
  Passing p(Call::kAllocate, "posix_fallocate", fd, nullptr, true);
  return p.refused() ? ENOSPC : p.After(real(fd, at, size));
}
int posix_fallocate64(int fd, off64_t at, off64_t size) { return posix_fallocate(fd, at, size); }
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  Passing p(Call::kAllocate, "ftruncate", fd, nullptr, false);
  return p.After(real(fd, size));
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

int statvfs(const char* path, struct statvfs* out) {
  REAL(statvfs);
  const int result = real(path, out);
  Control* c = Shared();
  if (result == 0 && c != nullptr && c->full.load() == static_cast<uint32_t>(Full::kTold)) out->f_bavail = 0;
  return result;
}
int statvfs64(const char* path, struct statvfs64* out) {
  REAL(statvfs64);
  const int result = real(path, out);
  Control* c = Shared();
  if (result == 0 && c != nullptr && c->full.load() == static_cast<uint32_t>(Full::kTold)) out->f_bavail = 0;
  return result;
}

}  // extern "C"
