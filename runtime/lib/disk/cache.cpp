// Look up, publish, evict, prune in one cache directory. See cache.h.
#include "gems/runtime/cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <mutex>
#include <set>

#include "disk/cache_directory.h"
#include "gems/dsl/error.h"
#include "gems/runtime/settings.h"
#include "process/atomic_counters.h"
#include "process/log.h"

namespace gems {
namespace {

constexpr std::int64_t DayS = 24 * 3600;
constexpr std::int64_t PruneEveryS = 3600;
constexpr std::int64_t KeepYoungerThanS = 60;
// Its modification time is the last prune's.
constexpr const char* PruneStamp = ".pruned";

std::string file_name(std::string_view key_text) { return cache_key(key_text) + std::string(EntrySuffix); }

bool is_due(int dir) {
  struct stat info;
  if (::fstatat(dir, PruneStamp, &info, AT_SYMLINK_NOFOLLOW) != 0) return true;
  const std::int64_t age_s = ::time(nullptr) - info.st_mtime;
  return age_s < 0 || age_s > PruneEveryS;  // a stamp in the future must not stop pruning for ever
}

// Of a directory that may not be the process's own: nothing when it does not exist.
std::vector<DirectoryItem> items_of(const std::string& dir, const FileDescriptor& fd) {
  std::vector<DirectoryItem> items;
  if (!fd.is_open() && errno != ENOENT)
    throw Error(
        fmt::format("the cache directory {} cannot be opened ({}); give another one with --dir or GEMS_CACHE_DIR", dir,
                    std::strerror(errno)));
  if (fd.is_open() && !list_directory(fd.get(), items))
    throw Error(fmt::format("the cache directory {} cannot be read ({})", dir, std::strerror(errno)));
  return items;
}

}  // namespace

struct KernelCache::State {
  struct Layer {
    FileDescriptor fd;
    std::string dir;
  };

  CacheOptions options;
  std::mutex mutex;  // guards dir while it is opened again, and evicted
  std::shared_ptr<FileDescriptor> dir;
  std::vector<Layer> layers;
  std::set<std::string> evicted;  // names that are passed over in layers
  std::atomic<bool> writable{true};
  std::atomic<bool> warned_broken{false};

  std::shared_ptr<FileDescriptor> directory() {
    std::lock_guard lock(mutex);
    return dir;
  }

  void open(bool quiet) {
    OpenedDirectory opened = open_cache_directory(
        options.dir, {.create = !options.readonly, .accept_root = false, .accept_all = options.shared});
    if (opened.fd.is_open()) {
      std::lock_guard lock(mutex);
      dir = std::make_shared<FileDescriptor>(std::move(opened.fd));
    } else if (!quiet) {
      warn(fmt::format("the cache directory {} {}. Kernels are kept in memory only", options.dir, opened.problem));
    }
  }

  void open_layers() {
    for (const std::string& path : options.layers) {
      OpenedDirectory opened =
          open_cache_directory(path, {.create = false, .accept_root = true, .accept_all = options.shared});
      if (opened.fd.is_open())
        layers.push_back({std::move(opened.fd), path});
      else
        warn(fmt::format("the directory {} of GEMS_CACHE_PATH {}. It is left out", path, opened.problem));
    }
  }

  bool is_evicted(const std::string& name) {
    std::lock_guard lock(mutex);
    return evicted.contains(name);
  }

  // Nothing when the file is not there, or with one warning when it is not what it should be.
  std::optional<CacheEntry> read(int fd, const std::string& path, const std::string& name, std::string_view key_text) {
    std::vector<char> bytes;
    if (const int error = read_file(fd, name, bytes)) {
      if (error != ENOENT) warn_broken(path, name, std::strerror(error));
      return std::nullopt;
    }
    std::string problem;
    std::optional<CacheEntry> entry = decode_entry(bytes, &problem);
    if (entry && entry->key_text != key_text) {
      entry.reset();
      problem = "it belongs to another kernel";
    }
    if (!entry) warn_broken(path, name, problem);
    return entry;
  }

  void warn_broken(const std::string& path, const std::string& name, std::string_view why) {
    count(&Counters::disk_errors);
    if (!warned_broken.exchange(true))
      warn(
          fmt::format("the cache entry {}/{} cannot be used: {}. The kernel is compiled again; further entries of this "
                      "kind are not reported",
                      path, name, why));
  }

  void stop_writing(int error) {
    if (writable.exchange(false))
      warn(fmt::format("nothing more is written to the cache directory {} ({})", options.dir, std::strerror(error)));
  }
};

KernelCache::KernelCache(CacheOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->writable = !state_->options.readonly;
  if (!state_->options.dir.empty()) state_->open(false);
  state_->open_layers();
}

KernelCache::~KernelCache() = default;

bool KernelCache::is_open() const { return state_->directory() != nullptr; }

std::optional<CacheEntry> KernelCache::look_up(std::string_view key_text) {
  const auto dir = state_->directory();
  if (!dir && state_->layers.empty()) return std::nullopt;
  const std::string name = file_name(key_text);
  std::optional<CacheEntry> entry;
  if (dir) entry = state_->read(dir->get(), state_->options.dir, name, key_text);
  if (entry && state_->writable) touch_file(dir->get(), name);
  if (!entry && !state_->layers.empty() && !state_->is_evicted(name))
    for (const State::Layer& layer : state_->layers)
      if ((entry = state_->read(layer.fd.get(), layer.dir, name, key_text))) break;
  count(entry ? &Counters::disk_hits : &Counters::disk_misses);
  return entry;
}

void KernelCache::publish(const CacheEntry& entry) {
  auto dir = state_->directory();
  if (!dir || !state_->writable) return;
  const std::string name = file_name(entry.key_text);
  const std::vector<char> bytes = encode_entry(entry);
  int error = write_file_atomically(dir->get(), name, bytes, state_->options.shared);
  if (error == ENOENT || error == ESTALE) {
    // Someone removed the directory while it was open.
    state_->open(true);
    dir = state_->directory();
    error = write_file_atomically(dir->get(), name, bytes, state_->options.shared);
  }
  if (error != 0) {
    state_->stop_writing(error);
    return;
  }
  if (is_due(dir->get())) prune();
}

void KernelCache::evict(std::string_view key_text) {
  const std::string name = file_name(key_text);
  const auto dir = state_->directory();
  if (dir && state_->writable) ::unlinkat(dir->get(), name.c_str(), 0);
  std::lock_guard lock(state_->mutex);
  state_->evicted.insert(name);
}

void KernelCache::prune() {
  const auto dir = state_->directory();
  if (!dir || !state_->writable) return;
  // Truncating sets the time also where the file exists.
  FileDescriptor stamp(::openat(dir->get(), PruneStamp, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                                state_->options.shared ? 0644 : 0600));
  if (stamp.is_open()) ::futimens(stamp.get(), nullptr);

  std::vector<DirectoryItem> items;
  if (!list_directory(dir->get(), items)) return;
  const std::int64_t now_s = ::time(nullptr);
  std::uint64_t total = 0;
  std::vector<DirectoryItem> entries;
  for (DirectoryItem& item : items) {
    const std::int64_t age_s = now_s - item.modified_s;
    if (is_temporary_name(item.name)) {
      if (age_s > DayS || age_s < -DayS) ::unlinkat(dir->get(), item.name.c_str(), 0);
    } else if (is_entry_name(item.name)) {
      total += item.size_bytes;
      if (age_s >= KeepYoungerThanS || age_s < 0) entries.push_back(std::move(item));
    }
  }
  if (total <= state_->options.max_bytes) return;
  std::ranges::sort(entries, {}, &DirectoryItem::modified_s);
  const std::uint64_t wanted = state_->options.max_bytes / 5 * 4;
  for (const DirectoryItem& item : entries) {
    if (total <= wanted) break;
    if (::unlinkat(dir->get(), item.name.c_str(), 0) == 0) total -= item.size_bytes;
  }
}

KernelCache& process_cache() {
  // Never destroyed: threads may still compile while the process ends.
  static KernelCache& cache = *new KernelCache([] {
    const Settings& s = settings();
    if (!s.cache_disabled && s.cache_dir.empty())
      warn(
          "no cache directory: neither GEMS_CACHE_DIR, XDG_CACHE_HOME nor HOME is set. Kernels are kept in memory "
          "only");
    return CacheOptions{.dir = s.cache_disabled ? std::string() : s.cache_dir,
                        .layers = s.cache_disabled ? std::vector<std::string>() : s.cache_layers,
                        .shared = s.cache_shared,
                        .readonly = s.cache_readonly,
                        .max_bytes = s.cache_max_bytes};
  }());
  return cache;
}

std::vector<CacheFile> list_cache(const std::string& dir) {
  std::vector<CacheFile> files;
  const FileDescriptor fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const DirectoryItem& item : items_of(dir, fd)) {
    if (!is_entry_name(item.name)) continue;
    CacheFile file{.key = item.name.substr(0, item.name.size() - EntrySuffix.size()),
                   .size_bytes = item.size_bytes,
                   .used_s = item.modified_s,
                   .entry = std::nullopt,
                   .problem = {}};
    std::vector<char> bytes;
    if (const int error = read_file(fd.get(), item.name, bytes)) {
      if (error == ENOENT) continue;  // evicted meanwhile
      file.problem = std::strerror(error);
    } else {
      file.entry = decode_entry(bytes, &file.problem);
      if (file.entry && cache_key(file.entry->key_text) != file.key) {
        file.entry.reset();
        file.problem = "it belongs to another kernel";
      }
    }
    files.push_back(std::move(file));
  }
  std::ranges::sort(files, [](const CacheFile& a, const CacheFile& b) {
    return a.used_s != b.used_s ? a.used_s > b.used_s : a.key < b.key;
  });
  return files;
}

CacheCleared clear_cache(const std::string& dir) {
  CacheCleared cleared;
  const FileDescriptor fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (const DirectoryItem& item : items_of(dir, fd)) {
    const bool entry = is_entry_name(item.name);
    if (!entry && !is_temporary_name(item.name) && item.name != PruneStamp) continue;
    if (::unlinkat(fd.get(), item.name.c_str(), 0) != 0) {
      if (errno == ENOENT) continue;
      throw Error(fmt::format("{}/{} cannot be removed ({})", dir, item.name, std::strerror(errno)));
    }
    if (entry) {
      ++cleared.entries;
      cleared.bytes += item.size_bytes;
    }
  }
  return cleared;
}

}  // namespace gems
