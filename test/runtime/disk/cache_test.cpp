// The cache directory: hits, misses, broken files, permissions, the size limit.
#include "gems/runtime/cache.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <chrono>
#include <ctime>

#include "cache_sample.h"
#include "gems/runtime/counters.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string file_of(const std::string& dir, const std::string& key_text) {
  return dir + "/" + cache_key(key_text) + ".kernel";
}

unsigned mode_of(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

void set_age(const std::string& path, std::int64_t age_s) {
  const timespec then{.tv_sec = ::time(nullptr) - age_s, .tv_nsec = 0};
  const timespec times[2] = {then, then};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

std::size_t files_in(const std::string& dir) {
  std::size_t count = 0;
  for (const auto& item : std::filesystem::directory_iterator(dir)) count += item.path().filename() != ".pruned";
  return count;
}

}  // namespace

TEST_CASE("what was published is found by the same key text and by no other") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  const CacheEntry entry = sample_entry("key A");
  CHECK_FALSE(cache.look_up("key A"));
  cache.publish(entry);
  CHECK(cache.look_up("key A") == entry);
  CHECK_FALSE(cache.look_up("key B"));
  CHECK(KernelCache({.dir = dir.path()}).look_up("key A") == entry);
}

TEST_CASE("one entry is one file and nothing else is left") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  cache.publish(sample_entry("key A"));
  cache.publish(sample_entry("key A"));
  cache.publish(sample_entry("key B"));
  CHECK(files_in(dir.path()) == 2);
}

TEST_CASE("an entry of another kernel under this kernel's name is a miss and is replaced") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  cache.publish(sample_entry("key A"));
  std::filesystem::copy_file(file_of(dir.path(), "key A"), file_of(dir.path(), "key B"));
  StderrCapture capture;
  CHECK_FALSE(cache.look_up("key B"));
  CHECK_THAT(capture.text(), ContainsSubstring("it belongs to another kernel"));
  cache.publish(sample_entry("key B"));
  CHECK(cache.look_up("key B") == sample_entry("key B"));
  CHECK(cache.look_up("key A") == sample_entry("key A"));
}

TEST_CASE("a broken file is a miss with one warning, counted, and is replaced") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  const std::string path = file_of(dir.path(), "key");
  cache.publish(sample_entry("key"));
  const std::vector<char> good = read_bytes(path);
  std::vector<std::vector<char>> broken{{}, {'x'}, std::vector<char>(5000, 'y'), good, good};
  broken[3].resize(good.size() / 2);
  broken[4][good.size() / 2] ^= 1;
  StderrCapture capture;
  for (const std::vector<char>& bytes : broken) {
    write_bytes(path, bytes);
    const auto before = counters();
    CHECK_FALSE(cache.look_up("key"));
    CHECK(counters().disk_errors == before.disk_errors + 1);
    CHECK(counters().disk_misses == before.disk_misses + 1);
    cache.publish(sample_entry("key"));
    CHECK(cache.look_up("key") == sample_entry("key"));
  }
  CHECK(count_of(capture.text(), "warning") == 1);
}

TEST_CASE("a file that claims to be enormous, or is no file at all, is a miss") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  const std::string path = file_of(dir.path(), "key");
  StderrCapture capture;
  write_bytes(path, {'x'});
  std::filesystem::resize_file(path, 1ull << 40);
  CHECK_FALSE(cache.look_up("key"));
  std::filesystem::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_FALSE(cache.look_up("key"));
  std::filesystem::remove(path);
  std::filesystem::create_symlink("/etc/passwd", path);
  CHECK_FALSE(cache.look_up("key"));
  cache.publish(sample_entry("key"));
  CHECK(cache.look_up("key"));
  CHECK(std::filesystem::exists("/etc/passwd"));
}

TEST_CASE("the directory is made for its user only, with its parents, and so are the files") {
  TemporaryDirectory dir;
  const mode_t before = ::umask(0);
  {
    KernelCache cache({.dir = dir / "a/b/gems"});
    cache.publish(sample_entry("key"));
  }
  ::umask(before);
  CHECK(mode_of(dir / "a") == 0700);
  CHECK(mode_of(dir / "a/b/gems") == 0700);
  CHECK(mode_of(file_of(dir / "a/b/gems", "key")) == 0600);
}

TEST_CASE("a directory that others can write is refused with one warning, unless it is declared shared") {
  TemporaryDirectory dir;
  KernelCache({.dir = dir.path()}).publish(sample_entry("key"));
  for (const mode_t mode : {0770, 0702, 0777}) {
    REQUIRE(::chmod(dir.path().c_str(), mode) == 0);
    StderrCapture capture;
    KernelCache cache({.dir = dir.path()});
    CHECK_FALSE(cache.is_open());
    CHECK_FALSE(cache.look_up("key"));
    cache.publish(sample_entry("other"));
    const std::string text = capture.text();
    CHECK(count_of(text, "warning") == 1);
    CHECK_THAT(text, ContainsSubstring("can be written by others") && ContainsSubstring("GEMS_CACHE_SHARED=1"));
    CHECK(KernelCache({.dir = dir.path(), .shared = true}).look_up("key"));
  }
  CHECK(files_in(dir.path()) == 1);
}

TEST_CASE("a directory or a symbolic link of another user is refused") {
  if (::geteuid() != 0) SKIP("only root can make a directory of another user");
  TemporaryDirectory dir;
  std::filesystem::create_directory(dir / "mine");
  REQUIRE(::chmod((dir / "mine").c_str(), 0700) == 0);
  std::filesystem::create_directory(dir / "theirs");
  REQUIRE(::chown((dir / "theirs").c_str(), 12345, 12345) == 0);
  std::filesystem::create_directory_symlink(dir / "mine", dir / "link");
  StderrCapture capture;
  CHECK_FALSE(KernelCache({.dir = dir / "theirs"}).is_open());
  CHECK(KernelCache({.dir = dir / "link"}).is_open());
  REQUIRE(::lchown((dir / "link").c_str(), 12345, 12345) == 0);
  CHECK_FALSE(KernelCache({.dir = dir / "link"}).is_open());
  CHECK(KernelCache({.dir = dir / "theirs", .shared = true}).is_open());
  const std::string text = capture.text();
  CHECK_THAT(text, ContainsSubstring("belongs to user 12345") && ContainsSubstring("symbolic link of another user"));
}

TEST_CASE("a directory that cannot be made costs one warning") {
  TemporaryDirectory dir;
  write_bytes(dir / "file", {'x'});
  StderrCapture capture;
  KernelCache cache({.dir = dir / "file/gems"});
  CHECK_FALSE(cache.is_open());
  CHECK_FALSE(cache.look_up("key"));
  cache.publish(sample_entry("key"));
  CHECK(count_of(capture.text(), "warning") == 1);
}

TEST_CASE("a read-only cache gives hits and writes nothing") {
  TemporaryDirectory dir;
  KernelCache({.dir = dir.path()}).publish(sample_entry("key"));
  KernelCache cache({.dir = dir.path(), .readonly = true});
  CHECK(cache.look_up("key"));
  cache.publish(sample_entry("other"));
  cache.evict("key");
  CHECK(cache.look_up("key"));
  CHECK_FALSE(cache.look_up("other"));
  StderrCapture capture;
  KernelCache({.dir = dir / "missing", .readonly = true});
  CHECK_FALSE(std::filesystem::exists(dir / "missing"));
}

TEST_CASE("layers are read after the directory, in order, and never written") {
  TemporaryDirectory dir;
  const auto entry_named = [](const char* kernel) {
    CacheEntry entry = sample_entry("key");
    entry.kernel = kernel;
    return entry;
  };
  KernelCache({.dir = dir / "a"}).publish(entry_named("in a"));
  KernelCache({.dir = dir / "b"}).publish(entry_named("in b"));
  KernelCache({.dir = dir / "b"}).publish(sample_entry("only in b"));
  set_age(file_of(dir / "b", "only in b"), 7200);

  KernelCache cache({.dir = dir / "own", .layers = {dir / "a", dir / "b"}});
  CHECK(cache.look_up("key")->kernel == "in a");
  CHECK(cache.look_up("only in b"));
  CHECK_FALSE(cache.look_up("nowhere"));
  cache.publish(entry_named("own"));
  CHECK(cache.look_up("key")->kernel == "own");
  CHECK(files_in(dir / "a") == 1);
  CHECK(files_in(dir / "b") == 2);
  CHECK(std::filesystem::last_write_time(file_of(dir / "b", "only in b")) <
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  CHECK(KernelCache({.layers = {dir / "b"}}).look_up("only in b"));

  // A binary of a layer that the driver refuses: the next look-up must not find it again.
  cache.evict("only in b");
  CHECK_FALSE(cache.look_up("only in b"));
  CHECK(files_in(dir / "b") == 2);
  cache.publish(sample_entry("only in b"));
  CHECK(cache.look_up("only in b"));
}

TEST_CASE("a layer that is missing, or that others can write, is left out with one warning") {
  TemporaryDirectory dir;
  KernelCache({.dir = dir / "open"}).publish(sample_entry("key"));
  REQUIRE(::chmod((dir / "open").c_str(), 0777) == 0);
  StderrCapture capture;
  KernelCache cache({.dir = dir / "own", .layers = {dir / "missing", dir / "open"}});
  CHECK_FALSE(cache.look_up("key"));
  cache.publish(sample_entry("key"));
  CHECK(cache.look_up("key"));
  CHECK_FALSE(std::filesystem::exists(dir / "missing"));
  const std::string text = capture.text();
  CHECK(count_of(text, "warning") == 2);
  CHECK_THAT(text, ContainsSubstring("missing of GEMS_CACHE_PATH cannot be opened") &&
                       ContainsSubstring("open of GEMS_CACHE_PATH can be written by others"));
}

TEST_CASE("a directory removed while it is open is made again") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir / "gems"});
  cache.publish(sample_entry("key"));
  std::filesystem::remove_all(dir / "gems");
  CHECK_FALSE(cache.look_up("key"));
  cache.publish(sample_entry("key"));
  CHECK(cache.look_up("key"));
}

TEST_CASE("an evicted entry is gone") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  cache.publish(sample_entry("key"));
  cache.evict("key");
  CHECK_FALSE(cache.look_up("key"));
}

TEST_CASE("pruning removes the least recently used entries down to 80 percent, and nothing younger than a minute") {
  TemporaryDirectory dir;
  const std::uint64_t entry_bytes = encode_entry(sample_entry("key 0", 10'000)).size();
  KernelCache cache({.dir = dir.path(), .max_bytes = 5 * entry_bytes});
  for (int i = 0; i < 8; ++i) {
    const std::string key = "key " + std::to_string(i);
    cache.publish(sample_entry(key, 10'000));
    set_age(file_of(dir.path(), key), i < 7 ? 10'000 - i : 0);
  }
  cache.look_up("key 0");  // used: now the latest
  cache.prune();
  CHECK(files_in(dir.path()) == 4);
  for (const char* kept : {"key 0", "key 5", "key 6", "key 7"}) CHECK(cache.look_up(kept));

  for (int i = 10; i < 18; ++i) cache.publish(sample_entry("key " + std::to_string(i), 10'000));
  cache.prune();
  for (int i = 10; i < 18; ++i) CHECK(cache.look_up("key " + std::to_string(i)));
}

TEST_CASE("files of interrupted writes are swept after a day, and clocks that are wrong do not stop pruning") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path(), .max_bytes = 1});
  write_bytes(dir / ".writing-old", {'x'});
  set_age(dir / ".writing-old", 25 * 3600);
  write_bytes(dir / ".writing-young", {'x'});
  set_age(dir / ".writing-young", 3600);
  write_bytes(dir / "somebody's notes", {'x'});
  cache.publish(sample_entry("old"));
  set_age(file_of(dir.path(), "old"), -10 * 24 * 3600);
  set_age(dir / ".pruned", -10 * 24 * 3600);
  cache.publish(sample_entry("next"));  // due, although the stamp lies in the future
  CHECK_FALSE(std::filesystem::exists(dir / ".writing-old"));
  CHECK(std::filesystem::exists(dir / ".writing-young"));
  CHECK(std::filesystem::exists(dir / "somebody's notes"));
  CHECK_FALSE(cache.look_up("old"));
  CHECK(cache.look_up("next"));
}

TEST_CASE("listing shows good and broken entries, clearing removes entries only") {
  TemporaryDirectory dir;
  KernelCache cache({.dir = dir.path()});
  cache.publish(sample_entry("key A"));
  cache.publish(sample_entry("key B"));
  write_bytes(file_of(dir.path(), "key B"), {'x'});
  write_bytes(dir / "somebody's notes", {'x'});
  const std::vector<CacheFile> files = list_cache(dir.path());
  REQUIRE(files.size() == 2);
  for (const CacheFile& file : files) {
    CHECK(file.entry.has_value() == (file.key == cache_key("key A")));
    CHECK(file.problem == (file.entry ? "" : "it is too short"));
  }
  CHECK(clear_cache(dir.path()).entries == 2);
  CHECK(list_cache(dir.path()).empty());
  CHECK(std::filesystem::exists(dir / "somebody's notes"));
  CHECK(list_cache(dir / "missing").empty());
}

TEST_CASE("several processes publish and read the same keys at once, and never see a bad entry") {
  TemporaryDirectory dir;
  constexpr int processes = 4;
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    const pid_t child = ::fork();
    if (child == 0) {
      reset_counters();
      KernelCache cache({.dir = dir.path()});
      bool right = true;
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
      for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
        const std::string key = "key " + std::to_string(i % 3);
        if (auto entry = cache.look_up(key)) right &= *entry == sample_entry(key, 50'000);
        cache.publish(sample_entry(key, 50'000));
      }
      ::_exit(right && counters().disk_errors == 0 && counters().disk_hits > 0 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  CHECK(files_in(dir.path()) == 3);
}
