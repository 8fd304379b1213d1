// gems-cache: what it prints, extracts and removes, and how it refuses.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <nlohmann/json.hpp>

#include "cache_sample.h"
#include "command.h"
#include "gems/compiler/version.h"

using namespace gems;
using namespace gems::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

// A directory with two good entries and one broken one.
struct SampleCache {
  TemporaryDirectory dir;
  std::string key = cache_key("key A");
  std::string current_key = "target cpu\ngenerator " + std::string(generator_version()) + "\nrest";
  std::string broken_key = cache_key("broken");

  SampleCache() {
    KernelCache cache({.dir = dir.path()});
    cache.publish(sample_entry("key A"));
    CacheEntry cpu = sample_entry("key B");
    cpu.op = "gelu";
    cpu.kernel = "gems_gelu_f32";
    cpu.target = "cpu";
    cpu.schedule.clear();
    cpu.key_text = current_key;
    cache.publish(cpu);
    write_bytes(dir / (broken_key + ".kernel"), {'x'});
  }
  Outcome tool(const std::string& arguments) const {
    return run_command(std::string(GEMS_CACHE_TOOL) + " " + arguments + " --dir " + dir.path());
  }
};

}  // namespace

TEST_CASE("gems-cache ls lists every entry, broken ones too") {
  const SampleCache cache;
  const Outcome outcome = cache.tool("ls");
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.text, ContainsSubstring(cache.key.substr(0, 12)) &&
                               ContainsSubstring("  gems_gelu_f32: f32 f32") && ContainsSubstring("broken") &&
                               ContainsSubstring("it is too short"));
  const json list = json::parse(cache.tool("ls --json").text);
  REQUIRE(list.size() == 3);
  int good = 0;
  for (const json& row : list) {
    good += row.contains("op");
    if (row["key"] == cache.key) CHECK(row["compile_ms"] == 42.123);
    if (row["key"] == cache.broken_key) CHECK(row["problem"] == "it is too short");
  }
  CHECK(good == 2);
}

TEST_CASE("gems-cache show takes a prefix of the key and prints all that is known") {
  const SampleCache cache;
  const Outcome outcome = cache.tool("show " + cache.key.substr(0, 10));
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.text, ContainsSubstring(cache.key) && ContainsSubstring("gems_add_f32_flat") &&
                               ContainsSubstring("2023-11-14 22:13:20 UTC in 42.1 ms") && ContainsSubstring("key A") &&
                               ContainsSubstring("another version of gems, which alone finds it"));
  CHECK_THAT(cache.tool("show " + cache_key(cache.current_key)).text,
             ContainsSubstring("by        this version of gems"));
  const json object = json::parse(cache.tool("show --json " + cache.key).text);
  CHECK(object["target"] == "sm_90");
  CHECK(object["of_this_version"] == false);
  CHECK(object["source"] == sample_entry("key A").source);
}

TEST_CASE("gems-cache show extracts source and binary") {
  const SampleCache cache;
  CHECK(cache.tool("show --source " + cache.key).text == sample_entry("key A").source);
  const std::string path = cache.dir / "out.cubin";
  CHECK(cache.tool("show " + cache.key + " --binary " + path).status == 0);
  CHECK(read_bytes(path) == sample_entry("key A").binary);
  const Outcome refused = cache.tool("show " + cache.key + " --binary /nonexistent/out.cubin");
  CHECK(refused.status == 2);
  CHECK_THAT(refused.text, ContainsSubstring("cannot write '/nonexistent/out.cubin'"));
}

TEST_CASE("gems-cache refuses keys that are unknown, ambiguous or broken, with 2 and what to do") {
  const SampleCache cache;
  const Outcome unknown = cache.tool("show xyz");
  CHECK(unknown.status == 2);
  CHECK_THAT(unknown.text, ContainsSubstring("starts with 'xyz'; 'gems-cache ls' prints the 3 there are"));
  const Outcome ambiguous = cache.tool("show ''");
  CHECK(ambiguous.status == 2);
  CHECK_THAT(ambiguous.text, ContainsSubstring("starts 3 keys") && ContainsSubstring(cache.key));
  const Outcome broken = cache.tool("show " + cache.broken_key);
  CHECK(broken.status == 2);
  CHECK_THAT(broken.text, ContainsSubstring("cannot be read: it is too short"));
  CHECK(cache.tool("frobnicate").status == 2);
}

TEST_CASE("gems-cache stats sums by target and op") {
  const SampleCache cache;
  const json stats = json::parse(cache.tool("stats --json").text);
  CHECK(stats["entries"] == 3);
  CHECK(stats["broken"] == 1);
  CHECK(stats["of_other_versions"] == 1);
  CHECK(stats["max_bytes"] == 1ull << 30);
  CHECK(stats["targets"]["cpu"]["entries"] == 1);
  CHECK(stats["ops"]["add"]["compile_ms"] == 42.123);
  CHECK_THAT(cache.tool("stats").text, ContainsSubstring("3, of them 1 broken, 1 of other versions of gems") &&
                                           ContainsSubstring("of at most 1.1 GB") && ContainsSubstring("sm_90"));
}

TEST_CASE("gems-cache check exits with 1 when an entry is broken, and names it") {
  const SampleCache cache;
  const Outcome outcome = cache.tool("check");
  CHECK(outcome.status == 1);
  CHECK(outcome.text == cache.broken_key + ": it is too short\n");
  std::filesystem::remove(cache.dir / (cache.broken_key + ".kernel"));
  CHECK(cache.tool("check").status == 0);
}

TEST_CASE("gems-cache clear removes the entries, and an empty or missing directory is no error") {
  const SampleCache cache;
  CHECK_THAT(cache.tool("clear").text, ContainsSubstring("removed 3 entries"));
  CHECK(json::parse(cache.tool("ls --json").text).empty());
  CHECK(cache.tool("ls").text == "no kernels in " + cache.dir.path() + "\n");
  CHECK(json::parse(cache.tool("clear --json").text)["entries"] == 0);
  CHECK(run_command(std::string(GEMS_CACHE_TOOL) + " stats --dir " + (cache.dir / "missing")).status == 0);
  const Outcome file = run_command(std::string(GEMS_CACHE_TOOL) + " ls --dir /etc/passwd");
  CHECK(file.status == 1);
  CHECK_THAT(file.text, ContainsSubstring("cannot be opened"));
}

TEST_CASE("gems-cache --help shows examples, for each command too") {
  for (const std::string command : {"", "ls", "show", "stats", "check", "clear"}) {
    const Outcome outcome = run_command(std::string(GEMS_CACHE_TOOL) + " " + command + " --help");
    CHECK(outcome.status == 0);
    CHECK_THAT(outcome.text, ContainsSubstring("gems-cache show 3fa9c1"));
  }
}
