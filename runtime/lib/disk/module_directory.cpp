// The folder `modules` of the process's cache directory.
#include "gems/runtime/module_directory.h"

#include <fmt/format.h>

#include "disk/cache_directory.h"
#include "gems/runtime/settings.h"
#include "process/log.h"

namespace gems {
namespace {

std::string open_module_directory() {
  const Settings& set = settings();
  if (set.cache_dir.empty() || set.cache_disabled || set.cache_readonly) return "";
  const std::string modules = set.cache_dir + "/modules";
  for (const std::string& dir : {set.cache_dir, modules}) {
    const OpenedDirectory opened =
        open_cache_directory(dir, {.create = true, .accept_root = false, .accept_all = set.cache_shared});
    if (opened.fd.is_open()) continue;
    warn(fmt::format("the cache directory {} {}. Compiled modules are not kept", dir, opened.problem));
    return "";
  }
  return modules;
}

}  // namespace

std::string module_directory() {
  static const std::string directory = open_module_directory();
  return directory;
}

}  // namespace gems
