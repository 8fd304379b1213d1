// The modules of this process, by file and by name.
#include "gems/modules/load_module.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include <fmt/format.h>

#include "gems/dsl/error.h"
#include "gems/dsl/names.h"
#include "module_file.h"
#include "read_operators.h"

namespace gems {
namespace {

struct LoadedModule {
  ModuleFile file;
  Module module;
  std::vector<std::unique_ptr<ModuleOp>> ops;
};

// Never destroyed: kernels and operators refer to the ops until the process ends.
struct LoadedModules {
  std::mutex mutex;
  std::vector<std::unique_ptr<LoadedModule>> all;
};

LoadedModules& loaded() {
  static auto* modules = new LoadedModules;
  return *modules;
}

const LoadedModule* find_file(const LoadedModules& modules, const std::string& path) {
  const auto found = std::ranges::find(modules.all, path, [](const auto& each) { return each->file.path; });
  return found == modules.all.end() ? nullptr : found->get();
}

void check_name(const LoadedModules& modules, const Module& module) {
  if (!is_identifier(module.name))
    throw Error(fmt::format("module {}: it is named '{}'; name it with letters, digits and underscores", module.path,
                            module.name));
  if (module.name == "gems")
    throw Error(fmt::format("module {}: it is named 'gems', which are the built-in operators; give it another name",
                            module.path));
  const auto other = std::ranges::find(modules.all, module.name, [](const auto& each) { return each->module.name; });
  if (other != modules.all.end())
    throw Error(
        fmt::format("module {}: a module '{}' is already loaded from {}, and stays for the life of the process; "
                    "give one another name in GEMS_OPERATORS(...)",
                    module.path, module.name, (*other)->module.path));
}

std::unique_ptr<LoadedModule> load(const LoadedModules& modules, const ModuleFile& file) {
  OpenedModule opened(file);
  auto made = std::make_unique<LoadedModule>();
  made->file = file;
  made->module.path = file.path;
  try {
    made->ops = read_operators(opened.table(), made->module.path);
  } catch (const Error& error) {
    throw Error(fmt::format("module {}: {}", file.path, error.what()));
  }
  made->module.name = view(opened.table().name);
  check_name(modules, made->module);
  for (const auto& op : made->ops) made->module.ops.push_back(&op->def);
  opened.keep();
  return made;
}

}  // namespace

const Module& load_module(const std::string& path) {
  const ModuleFile file = find_module_file(path);
  LoadedModules& modules = loaded();
  const std::lock_guard lock(modules.mutex);
  if (const LoadedModule* same = find_file(modules, file.path)) {
    if (same->file.state == file.state) return same->module;
    throw Error(
        fmt::format("module {}: the file has changed since it was loaded, and a module stays for the life of the "
                    "process; start a new process to use the new one",
                    file.path));
  }
  modules.all.push_back(load(modules, file));
  return modules.all.back()->module;
}

}  // namespace gems
