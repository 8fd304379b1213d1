// System calls of the kernel cache. See cache_directory.h.
#include "disk/cache_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>

namespace gems {
namespace {

constexpr std::int64_t TouchEveryS = 3600;

std::string message(int error) { return std::strerror(error); }

// Parents get 0700 too: a new ~/.cache should be no more open than what is in it.
int make_directories(const std::string& dir) {
  for (std::size_t slash = dir.find('/', 1); slash != std::string::npos; slash = dir.find('/', slash + 1))
    if (::mkdir(dir.substr(0, slash).c_str(), 0700) != 0 && errno != EEXIST && errno != EISDIR && errno != EROFS &&
        errno != EACCES)
      return errno;
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return errno;
  return 0;
}

// The write and its checks; the caller removes the temporary file when this fails.
int write_whole(FileDescriptor& file, const std::vector<char>& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return wrote < 0 ? errno : EIO;
    done += static_cast<std::size_t>(wrote);
  }
  if (::fsync(file.get()) != 0) return errno;
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return errno;
  if (static_cast<std::size_t>(info.st_size) != bytes.size()) return EIO;
  // Network file systems report a failed write here.
  return file.close_now() != 0 ? errno : 0;
}

// Different in every process and call, also after fork and when processes of several hosts share the directory.
std::string temporary_name(const std::string& name) {
  static std::atomic<std::uint32_t> counter{0};
  std::random_device random;
  return fmt::format("{}{}-{}-{:08x}-{}", TemporaryPrefix, name.substr(0, 8), ::getpid(), random(), counter++);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close_now();
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

FileDescriptor::~FileDescriptor() { close_now(); }

int FileDescriptor::close_now() {
  if (fd_ < 0) return 0;
  const int result = ::close(fd_);
  fd_ = -1;
  return result;
}

OpenedDirectory open_cache_directory(const std::string& dir, const DirectoryRules& rules) {
  const auto is_trusted = [&](uid_t owner) { return owner == ::geteuid() || (rules.accept_root && owner == 0); };
  OpenedDirectory opened;
  if (rules.create)
    if (const int error = make_directories(dir)) {
      opened.problem = fmt::format("cannot be created ({})", message(error));
      return opened;
    }
  struct stat link;
  if (!rules.accept_all && ::lstat(dir.c_str(), &link) == 0 && S_ISLNK(link.st_mode) && !is_trusted(link.st_uid)) {
    opened.problem =
        "is a symbolic link of another user; set GEMS_CACHE_DIR to a directory of your own, or "
        "GEMS_CACHE_SHARED=1 if you trust its owner";
    return opened;
  }
  FileDescriptor fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) {
    opened.problem = fmt::format("cannot be opened ({})", message(errno));
    return opened;
  }
  // On the descriptor: the path could be exchanged between a check and the opening.
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) {
    opened.problem = fmt::format("cannot be examined ({})", message(errno));
    return opened;
  }
  if (!rules.accept_all && !is_trusted(info.st_uid)) {
    opened.problem = fmt::format(
        "belongs to user {}, who could put code into it; set GEMS_CACHE_DIR to a directory of "
        "your own, or GEMS_CACHE_SHARED=1 if you trust that user",
        info.st_uid);
    return opened;
  }
  if (!rules.accept_all && (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    opened.problem = fmt::format(
        "can be written by others (mode {:04o}), who could put code into it; run chmod 700 on "
        "it, or set GEMS_CACHE_SHARED=1 if you trust them",
        info.st_mode & 07777);
    return opened;
  }
  opened.fd = std::move(fd);
  return opened;
}

int read_file(int dir, const std::string& name, std::vector<char>& bytes) {
  bytes.clear();
  FileDescriptor file(::openat(dir, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) return errno;
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) > MaxEntryBytes) return 0;
  bytes.resize(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return 0;
}

int write_file_atomically(int dir, const std::string& name, const std::vector<char>& bytes, bool shared) {
  const std::string temporary = temporary_name(name);
  FileDescriptor file(
      ::openat(dir, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, shared ? 0644 : 0600));
  if (!file.is_open()) return errno;
  int error = write_whole(file, bytes);
  if (error == 0 && ::renameat(dir, temporary.c_str(), dir, name.c_str()) != 0) error = errno;
  if (error != 0) ::unlinkat(dir, temporary.c_str(), 0);
  return error;
}

void touch_file(int dir, const std::string& name) {
  struct stat info;
  if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  const std::int64_t age_s = ::time(nullptr) - info.st_mtime;
  // A time in the future is a clock that was wrong; it is set right.
  if (age_s < 0 || age_s > TouchEveryS) ::utimensat(dir, name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

bool list_directory(int dir, std::vector<DirectoryItem>& items) {
  const int again = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return false;
  DIR* stream = ::fdopendir(again);
  if (!stream) {
    ::close(again);
    return false;
  }
  while (const dirent* item = ::readdir(stream)) {
    struct stat info;
    if (::fstatat(dir, item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) continue;
    items.push_back({item->d_name, static_cast<std::uint64_t>(info.st_size), info.st_mtime});
  }
  ::closedir(stream);
  return true;
}

bool is_entry_name(std::string_view name) { return name.size() > EntrySuffix.size() && name.ends_with(EntrySuffix); }
bool is_temporary_name(std::string_view name) { return name.starts_with(TemporaryPrefix); }

}  // namespace gems
