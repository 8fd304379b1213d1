// gems-cache: looks into the kernel cache, and clears it. Parses the command line; 0 is success, 2 a command line that
// asks for something that does not exist, 1 any other failure, also a broken entry found by check.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "gems/runtime/cache.h"
#include "gems/runtime/settings.h"
#include "listing.h"
#include "show.h"
#include "usage_error.h"
#include "version.h"

namespace gems::cache_tool {
namespace {

constexpr const char* examples = R"(Examples:
  gems-cache ls
  gems-cache show 3fa9c1 --source | less
  gems-cache show 3fa9c1 --binary add.cubin && cuobjdump -sass add.cubin
  gems-cache stats --json
  gems-cache check && gems-cache clear --dir other-cache)";

struct ShowOptions {
  std::string key;
  std::string binary;
  bool source = false;
};

void write_binary(const CacheFile& file, const std::string& path) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(file.entry->binary.data(), static_cast<std::streamsize>(file.entry->binary.size()));
  out.close();
  if (!out) throw UsageError(fmt::format("cannot write '{}'; give --binary a file in a folder that exists", path));
}

void run_show(const std::vector<CacheFile>& files, const ShowOptions& options, const std::string& dir, bool json) {
  const CacheFile& file = find_entry(files, options.key, dir);
  if (!options.binary.empty()) write_binary(file, options.binary);
  if (options.source)
    fmt::print("{}", file.entry->source);
  else if (options.binary.empty() || json)
    fmt::print("{}", show_entry(file, json));
}

void run_clear(const std::string& dir, bool json) {
  const CacheCleared cleared = clear_cache(dir);
  if (json)
    fmt::print("{{\"entries\": {}, \"bytes\": {}}}\n", cleared.entries, cleared.bytes);
  else
    fmt::print("removed {} entries, {}, from {}\n", cleared.entries, size_text(cleared.bytes), dir);
}

int run(int argc, char** argv) {
  CLI::App app{"Looks into the cache of compiled kernels.", "gems-cache"};
  app.set_version_flag("--version", version_text("gems-cache"));
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(examples);
  std::string dir;
  bool json = false;
  app.add_option("--dir", dir,
                 "the cache directory (unless given: $GEMS_CACHE_DIR, $XDG_CACHE_HOME/gems, ~/.cache/gems)");
  app.add_flag("--json", json, "print JSON");

  ShowOptions show_options;
  CLI::App* ls = app.add_subcommand("ls", "all entries, the last used first");
  CLI::App* show = app.add_subcommand("show", "one entry: what it is and what it depends on");
  show->add_option("key", show_options.key, "the key, or its first digits")->required();
  show->add_option("--binary", show_options.binary, "write the cubin or object file to this file");
  show->add_flag("--source", show_options.source, "print the CUDA text (on the CPU: the trace)");
  CLI::App* stats = app.add_subcommand("stats", "numbers, sizes and compile times by target and op");
  CLI::App* check = app.add_subcommand("check", "read every entry and name the broken ones");
  app.add_subcommand("clear", "remove all entries");
  for (CLI::App* command : app.get_subcommands({})) command->footer(examples);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  try {
    if (dir.empty()) dir = settings().cache_dir;
    if (dir.empty()) throw UsageError("no cache directory: set GEMS_CACHE_DIR or HOME, or give --dir");
    if (app.got_subcommand("clear")) {
      run_clear(dir, json);
      return 0;
    }
    const std::vector<CacheFile> files = list_cache(dir);
    if (*ls) {
      fmt::print("{}", list_entries(files, dir, json));
    } else if (*show) {
      run_show(files, show_options, dir, json);
    } else if (*stats) {
      fmt::print("{}", summarize(files, dir, settings().cache_max_bytes, json));
    } else if (*check) {
      fmt::print("{}", report_broken(files, json));
      for (const CacheFile& file : files)
        if (!file.entry) return 1;
    }
  } catch (const UsageError& error) {
    fmt::print(stderr, "gems-cache: {}\n", error.what());
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace gems::cache_tool

int main(int argc, char** argv) {
  try {
    return gems::cache_tool::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gems-cache: %s\n", error.what());
    return 1;
  }
}
