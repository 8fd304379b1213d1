// Prints views of a whole cache directory: ls, stats, check.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gems/runtime/cache.h"

namespace gems::cache_tool {

std::string list_entries(const std::vector<CacheFile>& files, const std::string& dir, bool json);
// max_bytes: the size that the directory is kept below.
std::string summarize(const std::vector<CacheFile>& files, const std::string& dir, std::uint64_t max_bytes, bool json);
// Names every broken entry and why; empty text form when all are good.
std::string report_broken(const std::vector<CacheFile>& files, bool json);

// Whether this version of gems can find the entry: the generator is part of its key.
bool is_of_this_version(const CacheEntry& entry);

// "4.9 kB"; for people.
std::string size_text(std::uint64_t size_bytes);

}  // namespace gems::cache_tool
