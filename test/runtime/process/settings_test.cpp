// Settings: each variable, its default, and what happens when it cannot be understood.
#include "gems/runtime/settings.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <map>
#include <optional>

using namespace gems;

namespace {

// Sets variables for the length of a test; no value removes the variable.
class Environment {
 public:
  void set(const char* name, const char* value) {
    if (!before_.contains(name)) {
      const char* old = std::getenv(name);
      before_[name] = old ? std::optional<std::string>(old) : std::nullopt;
    }
    value ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  Environment() {
    for (const char* name :
         {"GEMS_CACHE_DIR", "GEMS_CACHE_PATH", "GEMS_DISABLE_JIT", "GEMS_CACHE_SHARED", "GEMS_CACHE_READONLY",
          "GEMS_CACHE", "GEMS_CACHE_MAXSIZE", "GEMS_STRICT", "GEMS_LOG", "GEMS_NVRTC", "GEMS_DUMP", "XDG_CACHE_HOME"})
      set(name, nullptr);
  }
  ~Environment() {
    for (const auto& [name, value] : before_)
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace

TEST_CASE("the cache directory is the first of GEMS_CACHE_DIR, XDG_CACHE_HOME/gems and HOME/.cache/gems") {
  Environment environment;
  environment.set("HOME", "/home/someone");
  CHECK(read_settings().cache_dir == "/home/someone/.cache/gems");
  environment.set("XDG_CACHE_HOME", "/var/xdg");
  CHECK(read_settings().cache_dir == "/var/xdg/gems");
  environment.set("GEMS_CACHE_DIR", "/kernels");
  CHECK(read_settings().cache_dir == "/kernels");
}

TEST_CASE("without a home there is no cache directory, never /tmp or the current directory") {
  Environment environment;
  environment.set("HOME", nullptr);
  CHECK(read_settings().cache_dir.empty());
  environment.set("HOME", "relative");
  environment.set("XDG_CACHE_HOME", "relative");
  CHECK(read_settings().cache_dir.empty());
}

TEST_CASE("GEMS_CACHE_PATH is a list of directories, separated by colons") {
  Environment environment;
  CHECK(read_settings().cache_layers.empty());
  environment.set("GEMS_CACHE_PATH", "/opt/kernels");
  CHECK(read_settings().cache_layers == std::vector<std::string>{"/opt/kernels"});
  environment.set("GEMS_CACHE_PATH", ":/a::/b:");
  CHECK(read_settings().cache_layers == std::vector<std::string>{"/a", "/b"});
}

TEST_CASE("switches are off unless set, the cache is on unless switched off") {
  Environment environment;
  CHECK_FALSE(read_settings().log);
  CHECK_FALSE(read_settings().cache_disabled);
  CHECK_FALSE(read_settings().jit_disabled);
  environment.set("GEMS_LOG", "1");
  environment.set("GEMS_DISABLE_JIT", "1");
  environment.set("GEMS_STRICT", "on");
  environment.set("GEMS_CACHE", "0");
  environment.set("GEMS_CACHE_SHARED", "banana");
  CHECK(read_settings().log);
  CHECK(read_settings().strict);
  CHECK(read_settings().jit_disabled);
  CHECK(read_settings().cache_disabled);
  CHECK_FALSE(read_settings().cache_shared);
}

TEST_CASE("GEMS_CACHE_MAXSIZE takes bytes or a suffix, and anything else leaves 1 GiB") {
  Environment environment;
  CHECK(read_settings().cache_max_bytes == 1ull << 30);
  environment.set("GEMS_CACHE_MAXSIZE", "12345");
  CHECK(read_settings().cache_max_bytes == 12345);
  environment.set("GEMS_CACHE_MAXSIZE", "3M");
  CHECK(read_settings().cache_max_bytes == 3ull << 20);
  for (const char* wrong : {"3X", "M", "-1", "99999999999G"}) {
    environment.set("GEMS_CACHE_MAXSIZE", wrong);
    CHECK(read_settings().cache_max_bytes == 1ull << 30);
  }
}

TEST_CASE("OMP_NUM_THREADS decides the number of threads, its first entry if it is a list") {
  Environment environment;
  environment.set("OMP_NUM_THREADS", "3,2");
  CHECK(read_settings().threads == 3);
  environment.set("OMP_NUM_THREADS", "0");
  CHECK(read_settings().threads >= 1);
}
