// The cache under faults: a writer killed at every system call, and every system call failing. The linker redirects the
// calls of the cache to the functions below (--wrap).
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstdarg>
#include <functional>

#include "cache_sample.h"
#include "gems/runtime/counters.h"

using namespace gems;
using namespace gems::test;

namespace {

enum class Call { Openat, Read, Write, Fsync, Fstat, Close, Renameat, Unlinkat };
constexpr std::array<Call, 8> all_calls{Call::Openat, Call::Read,  Call::Write,    Call::Fsync,
                                        Call::Fstat,  Call::Close, Call::Renameat, Call::Unlinkat};

// What happens to the n-th call from now on (any call, or one kind); n < 0: nothing.
struct Fault {
  int countdown = -1;
  int error = 0;  // 0: the process ends there
  const Call* only = nullptr;
};
Fault fault;

// True when this call is to fail with errno set.
bool strikes(Call call) {
  if (fault.countdown < 0 || (fault.only && *fault.only != call)) return false;
  if (fault.countdown-- > 0) return false;
  if (fault.error == 0) ::_exit(99);
  errno = fault.error;
  return true;
}

}  // namespace

extern "C" {
int __real_openat(int dir, const char* path, int flags, ...);
ssize_t __real_read(int fd, void* to, std::size_t size);
ssize_t __real_write(int fd, const void* from, std::size_t size);
int __real_fsync(int fd);
int __real_fstat(int fd, struct stat* info);
int __real_close(int fd);
int __real_renameat(int from_dir, const char* from, int to_dir, const char* to);
int __real_unlinkat(int dir, const char* path, int flags);

int __wrap_openat(int dir, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(rest, int) : 0;
  va_end(rest);
  return strikes(Call::Openat) ? -1 : __real_openat(dir, path, flags, mode);
}
ssize_t __wrap_read(int fd, void* to, std::size_t size) { return strikes(Call::Read) ? -1 : __real_read(fd, to, size); }
// Writes come in small pieces, so that a writer can die in the middle of a file.
ssize_t __wrap_write(int fd, const void* from, std::size_t size) {
  return strikes(Call::Write) ? -1 : __real_write(fd, from, size < 100 ? size : 100);
}
int __wrap_fsync(int fd) { return strikes(Call::Fsync) ? -1 : __real_fsync(fd); }
int __wrap_fstat(int fd, struct stat* info) { return strikes(Call::Fstat) ? -1 : __real_fstat(fd, info); }
int __wrap_close(int fd) {
  const bool failed = strikes(Call::Close);
  const int error = errno;
  const int result = __real_close(fd);
  errno = error;
  return failed ? -1 : result;
}
int __wrap_renameat(int from_dir, const char* from, int to_dir, const char* to) {
  return strikes(Call::Renameat) ? -1 : __real_renameat(from_dir, from, to_dir, to);
}
int __wrap_unlinkat(int dir, const char* path, int flags) {
  return strikes(Call::Unlinkat) ? -1 : __real_unlinkat(dir, path, flags);
}
}

namespace {

// The exit status of fn in a child.
int in_child(const std::function<void()>& fn) {
  const pid_t child = ::fork();
  if (child == 0) {
    fn();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a writer killed at any point leaves the old entry, the new one, or none, and never a bad one") {
  for (const bool replaces : {false, true}) {
    int point = 0;
    for (int status = 99; status == 99; ++point) {
      REQUIRE(point < 100);
      CAPTURE(replaces, point);
      TemporaryDirectory dir;
      KernelCache cache({.dir = dir.path()});
      CacheEntry old_entry = sample_entry("key");
      old_entry.compile_us = 1;
      if (replaces) cache.publish(old_entry);
      status = in_child([&] {
        KernelCache writer({.dir = dir.path()});
        fault = {.countdown = point};
        writer.publish(sample_entry("key"));
      });
      const auto before = counters();
      const auto found = cache.look_up("key");
      REQUIRE(counters().disk_errors == before.disk_errors);
      REQUIRE((found ? *found == sample_entry("key") || (replaces && *found == old_entry) : !replaces));
      cache.publish(sample_entry("key"));
      REQUIRE(cache.look_up("key") == sample_entry("key"));
    }
    CHECK(point > 8);
  }
}

TEST_CASE("a look-up whose system calls fail is a miss, and the entry is still there afterwards") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  cache.publish(sample_entry("key"));
  StderrCapture capture;
  for (const Call call : {Call::Openat, Call::Fstat, Call::Read})
    for (const int error : {EIO, ESTALE, EACCES, EBUSY, ENOMEM}) {
      fault = {.countdown = 0, .error = error, .only = &call};
      CHECK_FALSE(cache.look_up("key"));
      fault = {};
      CHECK(cache.look_up("key") == sample_entry("key"));
    }
}

TEST_CASE("a publish whose system calls fail costs at most the entry, with one warning, and the process goes on") {
  for (const Call& call : all_calls)
    for (const int error : {EIO, ESTALE, EACCES, ENOSPC, EDQUOT, EROFS}) {
      CAPTURE(static_cast<int>(call), error);
      TemporaryDirectory dir;
      KernelCache cache({.dir = dir.path()});
      cache.publish(sample_entry("first"));
      StderrCapture capture;
      fault = {.countdown = 0, .error = error, .only = &call};
      cache.publish(sample_entry("key"));
      cache.publish(sample_entry("key"));
      fault = {};
      REQUIRE(count_of(capture.text(), "warning") <= 1);
      REQUIRE(cache.look_up("first") == sample_entry("first"));
      for (const auto& item : std::filesystem::directory_iterator(dir.path()))
        REQUIRE_FALSE(item.path().filename().string().starts_with(".writing-"));
      const auto found = KernelCache({.dir = dir.path()}).look_up("key");
      REQUIRE((!found || *found == sample_entry("key")));
    }
}

TEST_CASE("a read-only file system gives hits, and one message for all the kernels it refuses") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  cache.publish(sample_entry("key"));
  StderrCapture capture;
  constexpr Call openat = Call::Openat;
  fault = {.countdown = 0, .error = EROFS, .only = &openat};
  for (int i = 0; i < 5; ++i) cache.publish(sample_entry("key " + std::to_string(i)));
  fault = {};
  CHECK(cache.look_up("key"));
  CHECK_FALSE(cache.look_up("key 4"));
  CHECK(count_of(capture.text(), "nothing more is written") == 1);
}
