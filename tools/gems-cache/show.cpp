// One entry by a prefix of its key, as text or JSON. See show.h.
#include "show.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "listing.h"
#include "usage_error.h"

namespace gems::cache_tool {

const CacheFile& find_entry(const std::vector<CacheFile>& files, const std::string& prefix, const std::string& dir) {
  const CacheFile* found = nullptr;
  std::vector<std::string> keys;
  for (const CacheFile& file : files) {
    if (!file.key.starts_with(prefix)) continue;
    found = &file;
    keys.push_back(file.key);
  }
  if (!found)
    throw UsageError(fmt::format("no key in {} starts with '{}'; 'gems-cache ls' prints the {} there are", dir, prefix,
                                 files.size()));
  if (keys.size() > 1) {
    const std::size_t shown = std::min<std::size_t>(keys.size(), 5);
    throw UsageError(fmt::format("'{}' starts {} keys in {}; give more digits, e.g. of\n  {}", prefix, keys.size(), dir,
                                 fmt::join(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(shown), "\n  ")));
  }
  if (!found->entry)
    throw UsageError(fmt::format("the entry {} cannot be read: {}. The next process that needs the kernel replaces it",
                                 found->key, found->problem));
  return *found;
}

std::string show_entry(const CacheFile& file, bool json) {
  const CacheEntry& entry = *file.entry;
  const auto time = [](std::int64_t since_1970_s) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(since_1970_s)));
  };
  if (json) {
    const nlohmann::ordered_json object{{"key", file.key},
                                        {"op", entry.op},
                                        {"kernel", entry.kernel},
                                        {"target", entry.target},
                                        {"dtypes", entry.dtypes},
                                        {"layout", entry.layout},
                                        {"schedule", entry.schedule},
                                        {"compile_ms", static_cast<double>(entry.compile_us) / 1000},
                                        {"created_s", entry.created_s},
                                        {"used_s", file.used_s},
                                        {"of_this_version", is_of_this_version(entry)},
                                        {"bytes", file.size_bytes},
                                        {"binary_bytes", entry.binary.size()},
                                        {"key_text", entry.key_text},
                                        {"source", entry.source}};
    return object.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) text += fmt::format("{:<9} {}\n", name, value);
  };
  line("key", file.key);
  line("op", entry.op);
  line("kernel", entry.kernel);
  line("target", entry.target);
  line("dtypes", entry.dtypes);
  line("layout", entry.layout);
  line("schedule", entry.schedule);
  line("compiled", fmt::format("{} in {:.1f} ms", time(entry.created_s), static_cast<double>(entry.compile_us) / 1000));
  line("used", fmt::format("{}, to the hour", time(file.used_s)));
  line("by", is_of_this_version(entry) ? "this version of gems" : "another version of gems, which alone finds it");
  line("size", fmt::format("{}, of it {} binary", size_text(file.size_bytes), size_text(entry.binary.size())));
  text += fmt::format("\nEverything the binary depends on:\n{}\n", entry.key_text);
  return text;
}

}  // namespace gems::cache_tool
