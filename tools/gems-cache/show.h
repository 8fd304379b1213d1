// Prints or extracts one entry.
#pragma once

#include <string>
#include <vector>

#include "gems/runtime/cache.h"

namespace gems::cache_tool {

// The one entry whose key starts with prefix. Throws UsageError when there is none, more than one, or it is broken.
const CacheFile& find_entry(const std::vector<CacheFile>& files, const std::string& prefix, const std::string& dir);

std::string show_entry(const CacheFile& file, bool json);

}  // namespace gems::cache_tool
