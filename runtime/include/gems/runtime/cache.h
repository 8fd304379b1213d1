// The kernel cache on disk: a directory of self-describing files, one entry a file, no index. Promises and reasons:
// docs/cache.md. Everything that goes wrong here is a miss, never a failure of the call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gems/runtime/cache_entry.h"

namespace gems {

struct CacheOptions {
  std::string dir = {};                  // empty: no directory of its own
  std::vector<std::string> layers = {};  // directories that are only read, after dir and in this order
  bool shared = false;                   // accept a directory that belongs to others or that others can write
  bool readonly = false;
  std::uint64_t max_bytes = 1ull << 30;
};

// An open cache directory. Thread-safe; several processes may use one directory without knowing of each other.
// The constructor creates the directory (0700) unless readonly. A directory that cannot be used, or that others could
// write code into, is refused with one warning; look-ups then miss and nothing is written. Layers may belong to root.
class KernelCache {
 public:
  explicit KernelCache(CacheOptions options);
  ~KernelCache();
  KernelCache(const KernelCache&) = delete;
  KernelCache& operator=(const KernelCache&) = delete;

  bool is_open() const;  // its own directory

  // A hit has exactly this key text and an intact checksum. A broken file is a miss with one warning.
  std::optional<CacheEntry> look_up(std::string_view key_text);

  // Readers see the whole entry or none. Replaces what is there. After the first refusal by the system (read-only,
  // full) nothing more is written, with one warning.
  void publish(const CacheEntry& entry);

  // Removes an entry whose binary turned out unusable; one in a layer is passed over from now on.
  void evict(std::string_view key_text);

  // Removes least recently used entries until 80 % of max_bytes are left when there is more than max_bytes, and
  // temporary files older than a day. Keeps what is younger than a minute. publish() calls it at most hourly.
  void prune();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The process's own cache, as settings() say.
KernelCache& process_cache();

// What is in a directory, for gems-cache. entry is empty when the file is broken; problem then says why.
struct CacheFile {
  std::string key;
  std::uint64_t size_bytes = 0;
  std::int64_t used_s = 0;  // last use, to the hour
  std::optional<CacheEntry> entry;
  std::string problem;
};
// Sorted by last use, latest first. Throws gems::Error when the directory cannot be read; one that does not exist is
// empty.
std::vector<CacheFile> list_cache(const std::string& dir);

// Removes every entry and temporary file, nothing else. Returns how many entries and how many bytes.
struct CacheCleared {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
};
CacheCleared clear_cache(const std::string& dir);

}  // namespace gems
