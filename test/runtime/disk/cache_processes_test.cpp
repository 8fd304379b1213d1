// What happens between processes, and with the environment: the probe runs real kernels on the CPU.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "cache_sample.h"
#include "command.h"
#include "nvrtc_library.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

struct Probe {
  json counts;
  std::string said;  // on stderr
};

// In an environment of nothing but what is given ("NAME=VALUE NAME=VALUE").
Probe probe(const std::string& environment, const std::string& arguments = "cpu") {
  const Outcome outcome = run_command("env -i " + environment + " " + GEMS_PROBE + " " + arguments);
  INFO(outcome.text);
  REQUIRE(outcome.status == 0);
  const std::size_t start = outcome.text.find('{');
  REQUIRE(start != std::string::npos);
  const std::size_t end = outcome.text.find('\n', start);
  return {json::parse(outcome.text.substr(start, end - start)),
          outcome.text.substr(0, start) + outcome.text.substr(end + 1)};
}

}  // namespace

TEST_CASE("the second process compiles nothing and says nothing") {
  TemporaryDirectory dir;
  const std::string environment = "GEMS_CACHE_DIR=" + dir.path();
  const Probe first = probe(environment);
  CHECK(first.counts["compiles"] == 2);
  CHECK(first.counts["disk_misses"] == 2);
  const Probe second = probe(environment);
  CHECK(second.counts["compiles"] == 0);
  CHECK(second.counts["disk_hits"] == 2);
  CHECK(first.said + second.said == "");
}

TEST_CASE("several processes of several threads start cold on the same keys and all succeed") {
  TemporaryDirectory dir;
  const std::string environment = "GEMS_CACHE_DIR=" + dir.path();
  std::vector<Outcome> outcomes(4);
  std::vector<std::thread> threads;
  for (Outcome& outcome : outcomes)
    threads.emplace_back([&] { outcome = run_command("env -i " + environment + " " + GEMS_PROBE + " cpu 4"); });
  for (std::thread& thread : threads) thread.join();
  for (const Outcome& outcome : outcomes) {
    INFO(outcome.text);
    REQUIRE(outcome.status == 0);
    const json counts = json::parse(outcome.text);
    CHECK(counts["compiles"].get<int>() + counts["disk_hits"].get<int>() == 2);
    CHECK(counts["disk_errors"] == 0);
  }
  CHECK(list_cache(dir.path()).size() == 2);
}

TEST_CASE("GEMS_LOG says what became ready, whether it was a hit, how long it took, and the key") {
  TemporaryDirectory dir;
  const std::string environment = "GEMS_LOG=1 GEMS_CACHE_DIR=" + dir.path();
  const Probe first = probe(environment);
  CHECK(count_of(first.said, "\n") == 2);
  CHECK_THAT(first.said, ContainsSubstring("gems: add ") && ContainsSubstring("f32 f32 number:f32 -> f32") &&
                             ContainsSubstring(": miss, compiled in ") && ContainsSubstring(" ms, key "));
  for (const CacheFile& file : list_cache(dir.path()))
    CHECK_THAT(first.said, ContainsSubstring(file.key.substr(0, 16)));
  CHECK(count_of(probe(environment).said, ": hit in ") == 2);
}

TEST_CASE("without a home it works from memory, with one warning") {
  const Probe homeless = probe("GEMS_LOG=0");
  CHECK(homeless.counts["compiles"] == 2);
  CHECK(count_of(homeless.said, "warning") == 1);
  CHECK_THAT(homeless.said, ContainsSubstring("no cache directory"));
}

TEST_CASE("a home that cannot be written costs one warning") {
  const Probe unwritable = probe("HOME=/proc/nothing");
  CHECK(unwritable.counts["compiles"] == 2);
  CHECK(count_of(unwritable.said, "warning") == 1);
  CHECK_THAT(unwritable.said, ContainsSubstring("/proc/nothing/.cache/gems"));
}

TEST_CASE("the default directory is HOME/.cache/gems") {
  TemporaryDirectory dir;
  probe("HOME=" + dir.path());
  CHECK(list_cache(dir / ".cache/gems").size() == 2);
}

TEST_CASE("GEMS_CACHE=0 keeps kernels in memory only, without a warning") {
  TemporaryDirectory dir;
  const Probe off = probe("GEMS_CACHE=0 HOME=" + dir.path());
  CHECK(off.counts["compiles"] == 2);
  CHECK(off.said == "");
  CHECK_FALSE(std::filesystem::exists(dir / ".cache"));
}

TEST_CASE("GEMS_CACHE_READONLY=1 takes hits and writes nothing") {
  TemporaryDirectory dir;
  const std::string environment = "GEMS_CACHE_READONLY=1 GEMS_CACHE_DIR=" + dir.path();
  CHECK(probe(environment).counts["compiles"] == 2);
  CHECK(list_cache(dir.path()).empty());
  probe("GEMS_CACHE_DIR=" + dir.path());
  CHECK(probe(environment).counts["disk_hits"] == 2);
}

TEST_CASE("kernels that an image ships are used, and nothing is compiled with GEMS_DISABLE_JIT=1") {
  TemporaryDirectory dir;
  probe("GEMS_CACHE_DIR=" + (dir / "shipped"));
  const std::string offline = "GEMS_DISABLE_JIT=1 GEMS_CACHE_DIR=" + (dir / "own");
  const Probe shipped = probe(offline + " GEMS_CACHE_PATH=" + (dir / "shipped"));
  CHECK(shipped.counts["compiles"] == 0);
  CHECK(shipped.counts["disk_hits"] == 2);
  CHECK(shipped.said == "");
  CHECK(list_cache(dir / "own").empty());

  const Outcome missing = run_command("env -i " + offline + " " + GEMS_PROBE + " cpu");
  CHECK(missing.status == 1);
  CHECK_THAT(missing.text, ContainsSubstring("add: no kernel for f32 f32 number:f32 -> f32 on cpu is in the cache") &&
                               ContainsSubstring("GEMS_DISABLE_JIT=1") && ContainsSubstring(dir / "own") &&
                               ContainsSubstring("GEMS_CACHE_PATH"));
  bool names_the_key = false;
  for (const CacheFile& file : list_cache(dir / "shipped"))
    names_the_key = names_the_key || missing.text.find("key " + file.key) != std::string::npos;
  CHECK(names_the_key);
}

TEST_CASE("entries of real kernels that were damaged are compiled again and replaced") {
  TemporaryDirectory dir;
  const std::string environment = "GEMS_CACHE_DIR=" + dir.path();
  probe(environment);
  for (const CacheFile& file : list_cache(dir.path())) {
    const std::string path = dir / (file.key + ".kernel");
    std::vector<char> bytes = read_bytes(path);
    bytes[bytes.size() / 2] ^= 4;
    write_bytes(path, bytes);
  }
  const Probe damaged = probe(environment);
  CHECK(damaged.counts["compiles"] == 2);
  CHECK(damaged.counts["disk_errors"] == 2);
  CHECK(count_of(damaged.said, "warning") == 1);
  CHECK(probe(environment).counts["disk_hits"] == 2);
}

TEST_CASE("GEMS_DUMP keeps the CUDA text that is compiled") {
  if (!find_nvrtc()) SKIP("no NVRTC on this machine");
  TemporaryDirectory dir;
  CHECK(probe("GEMS_CACHE=0 GEMS_DUMP=" + (dir / "texts"), "cuda").counts["compiles"] == 1);
  std::size_t texts = 0;
  for (const auto& item : std::filesystem::directory_iterator(dir / "texts")) {
    ++texts;
    CHECK_THAT(item.path().filename().string(), ContainsSubstring(".sm_90."));
    const std::vector<char> bytes = read_bytes(item.path());
    CHECK_THAT(std::string(bytes.begin(), bytes.end()), ContainsSubstring("__global__"));
  }
  CHECK(texts == 1);
}

TEST_CASE("GEMS_NVRTC that does not exist is an error with what was tried and what to do") {
  const Outcome outcome =
      run_command("env -i GEMS_CACHE=0 GEMS_NVRTC=/nonexistent/libnvrtc.so.13 " + std::string(GEMS_PROBE) + " cuda");
  CHECK(outcome.status == 1);
  CHECK_THAT(outcome.text,
             ContainsSubstring("NVRTC, which compiles CUDA kernels, was not found (/nonexistent/libnvrtc.so.13:") &&
                 ContainsSubstring("set GEMS_NVRTC"));
}
