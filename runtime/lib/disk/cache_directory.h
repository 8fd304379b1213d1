// The file system under the kernel cache: a checked directory descriptor, whole-file reads, atomic writes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gems {

// Owns a file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  // The result of close(); the descriptor is gone in any case.
  int close_now();

 private:
  int fd_;
};

inline constexpr std::string_view EntrySuffix = ".kernel";
inline constexpr std::string_view TemporaryPrefix = ".writing-";

// An entry larger than this is not ours.
inline constexpr std::uint64_t MaxEntryBytes = 256ull << 20;

struct OpenedDirectory {
  FileDescriptor fd;
  std::string problem;  // why fd is not open, as the end of "the cache directory DIR ..."
};

struct DirectoryRules {
  bool create = false;       // with 0700, missing parents too
  bool accept_root = false;  // root's directories too, which can do anything already
  bool accept_all = false;   // whoever owns them and whoever can write them
};

// Refuses, on the opened descriptor, a directory of another user, one that group or world can write, and a symbolic
// link of another user; unless the rules accept it.
OpenedDirectory open_cache_directory(const std::string& dir, const DirectoryRules& rules);

// 0 or an errno. A file that is larger than MaxEntryBytes reads as empty: the caller finds it broken.
int read_file(int dir, const std::string& name, std::vector<char>& bytes);

// 0 or an errno. Writes a temporary file beside the entry, syncs, checks, renames it over the entry. An interrupted
// write leaves the temporary file only.
int write_file_atomically(int dir, const std::string& name, const std::vector<char>& bytes, bool shared);

// Marks the file as used now, at most once an hour.
void touch_file(int dir, const std::string& name);

struct DirectoryItem {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::int64_t modified_s = 0;
};
// Regular files only; false when the directory cannot be read.
bool list_directory(int dir, std::vector<DirectoryItem>& items);

bool is_entry_name(std::string_view name);
bool is_temporary_name(std::string_view name);

}  // namespace gems
