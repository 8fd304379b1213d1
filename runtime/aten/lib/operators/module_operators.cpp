// One torch::Library for each module, which stays for the life of the process, as the module does.
#include "operators/module_operators.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <torch/library.h>

#include <map>
#include <memory>
#include <mutex>

#include "gems/dsl/error.h"
#include "gems/modules/load_module.h"
#include "operators/operators.h"

namespace gems::aten {
namespace {

std::unique_ptr<torch::Library> register_module(const Module& module) {
  try {
    auto library =
        std::make_unique<torch::Library>(torch::Library::DEF, module.name, std::nullopt, module.path.c_str(), 0);
    for (const OpDef* op : module.ops) register_operator(*library, *op);
    return library;
  } catch (const c10::Error& error) {
    throw Error(
        fmt::format("module {}: PyTorch refuses the operators of '{}': {}. Give the module another name in "
                    "GEMS_OPERATORS(...) if another library has it already",
                    module.path, module.name, error.what_without_backtrace()));
  }
}

}  // namespace

std::string load_operators(const std::string& path) {
  const Module& module = load_module(path);
  static std::mutex mutex;
  static auto* libraries = new std::map<const Module*, std::unique_ptr<torch::Library>>;
  const std::lock_guard lock(mutex);
  std::unique_ptr<torch::Library>& library = (*libraries)[&module];
  if (library == nullptr) library = register_module(module);
  return module.name;
}

}  // namespace gems::aten
