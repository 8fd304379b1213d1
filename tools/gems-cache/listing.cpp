// Tables and sums over the entries of a directory. See listing.h.
#include "listing.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "gems/compiler/version.h"

namespace gems::cache_tool {
namespace {

using Json = nlohmann::ordered_json;

// Enough digits of a key to type; a longer prefix is shown when two keys share these.
constexpr std::size_t ShortKeyChars = 12;

std::size_t key_chars(const std::vector<CacheFile>& files) {
  std::vector<std::string> keys;
  for (const CacheFile& file : files) keys.push_back(file.key);
  std::ranges::sort(keys);
  std::size_t chars = ShortKeyChars;
  for (std::size_t i = 1; i < keys.size(); ++i) {
    const auto [a, b] = std::ranges::mismatch(keys[i - 1], keys[i]);
    chars = std::max(chars, static_cast<std::size_t>(a - keys[i - 1].begin()) + 1);
  }
  return chars;
}

struct Sum {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t compile_us = 0;
};

void add(Sum& sum, const CacheFile& file) {
  ++sum.entries;
  sum.bytes += file.size_bytes;
  if (file.entry) sum.compile_us += file.entry->compile_us;
}

Json to_json(const Sum& sum) {
  return {{"entries", sum.entries}, {"bytes", sum.bytes}, {"compile_ms", static_cast<double>(sum.compile_us) / 1000}};
}

Json group_json(const std::map<std::string, Sum>& groups) {
  Json json = Json::object();
  for (const auto& [name, sum] : groups) json[name] = to_json(sum);
  return json;
}

std::string group_text(std::string_view title, const std::map<std::string, Sum>& groups) {
  std::string text = fmt::format("\n{:<24} {:>8} {:>10} {:>12}\n", title, "entries", "size", "compile ms");
  for (const auto& [name, sum] : groups)
    text += fmt::format("{:<24} {:>8} {:>10} {:>12.1f}\n", name, sum.entries, size_text(sum.bytes),
                        static_cast<double>(sum.compile_us) / 1000);
  return text;
}

}  // namespace

std::string size_text(std::uint64_t size_bytes) {
  if (size_bytes < 1000) return fmt::format("{} B", size_bytes);
  if (size_bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(size_bytes) / 1e3);
  if (size_bytes < 1'000'000'000) return fmt::format("{:.1f} MB", static_cast<double>(size_bytes) / 1e6);
  return fmt::format("{:.1f} GB", static_cast<double>(size_bytes) / 1e9);
}

bool is_of_this_version(const CacheEntry& entry) {
  return entry.key_text.find(fmt::format("\ngenerator {}\n", generator_version())) != std::string::npos;
}

std::string list_entries(const std::vector<CacheFile>& files, const std::string& dir, bool json) {
  if (json) {
    Json list = Json::array();
    for (const CacheFile& file : files) {
      Json row{{"key", file.key}, {"bytes", file.size_bytes}, {"used_s", file.used_s}};
      if (file.entry) {
        row["op"] = file.entry->op;
        row["kernel"] = file.entry->kernel;
        row["target"] = file.entry->target;
        row["dtypes"] = file.entry->dtypes;
        row["layout"] = file.entry->layout;
        row["compile_ms"] = static_cast<double>(file.entry->compile_us) / 1000;
      } else {
        row["problem"] = file.problem;
      }
      list.push_back(std::move(row));
    }
    return list.dump(2) + "\n";
  }
  if (files.empty()) return fmt::format("no kernels in {}\n", dir);
  const std::size_t chars = key_chars(files);
  std::string text = fmt::format("{:<{}} {:<10} {:<8} {:>9} {:>10}  {}\n", "key", chars, "last used", "target", "size",
                                 "compile ms", "kernel: dtypes, layout");
  for (const CacheFile& file : files) {
    text += fmt::format("{:<{}} {:%Y-%m-%d} ", file.key.substr(0, chars), chars,
                        fmt::gmtime(static_cast<std::time_t>(file.used_s)));
    if (file.entry)
      text += fmt::format("{:<8} {:>9} {:>10.1f}  {}: {}, {}\n", file.entry->target, size_text(file.size_bytes),
                          static_cast<double>(file.entry->compile_us) / 1000, file.entry->kernel, file.entry->dtypes,
                          file.entry->layout);
    else
      text += fmt::format("{:<8} {:>9} {:>10}  {}\n", "broken", size_text(file.size_bytes), "-", file.problem);
  }
  return text;
}

std::string summarize(const std::vector<CacheFile>& files, const std::string& dir, std::uint64_t max_bytes, bool json) {
  Sum all;
  std::uint64_t broken = 0;
  std::uint64_t of_other_versions = 0;
  std::map<std::string, Sum> by_target;
  std::map<std::string, Sum> by_op;
  for (const CacheFile& file : files) {
    add(all, file);
    if (!file.entry) {
      ++broken;
      continue;
    }
    of_other_versions += !is_of_this_version(*file.entry);
    add(by_target[file.entry->target], file);
    add(by_op[file.entry->op], file);
  }
  if (json) {
    Json summary{{"dir", dir}};
    summary.update(to_json(all));
    summary["max_bytes"] = max_bytes;
    summary["broken"] = broken;
    summary["of_other_versions"] = of_other_versions;
    summary["targets"] = group_json(by_target);
    summary["ops"] = group_json(by_op);
    return summary.dump(2) + "\n";
  }
  std::string text = fmt::format(
      "directory  {}\nentries    {}, of them {} broken, {} of other versions of gems\nsize       {} of at most {} "
      "(GEMS_CACHE_MAXSIZE)\ncompile    {:.1f} ms: what a process saves that finds them all here\n",
      dir, all.entries, broken, of_other_versions, size_text(all.bytes), size_text(max_bytes),
      static_cast<double>(all.compile_us) / 1000);
  if (!by_target.empty()) text += group_text("target", by_target) + group_text("op", by_op);
  return text;
}

std::string report_broken(const std::vector<CacheFile>& files, bool json) {
  Json list = Json::array();
  std::string text;
  for (const CacheFile& file : files) {
    if (file.entry) continue;
    list.push_back({{"key", file.key}, {"problem", file.problem}});
    text += fmt::format("{}: {}\n", file.key, file.problem);
  }
  return json ? list.dump(2) + "\n" : text;
}

}  // namespace gems::cache_tool
