// Remembers which ops have warned of what.
#include "torch/warn_once.h"

#include <c10/util/Exception.h>

#include <mutex>
#include <set>

namespace gems::aten {
namespace {

// True the first time that an op is added to the set.
bool add(std::set<const OpDef*>& warned, const OpDef& op) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  return warned.insert(&op).second;
}

}  // namespace

void warn_failure_once(const OpDef& op, const std::string& what) {
  static auto& warned = *new std::set<const OpDef*>;
  if (add(warned, op))
    TORCH_WARN("gems: op '", std::string(op.name),
               "' failed and was left to ATen (GEMS_STRICT=1 raises instead): ", what);
}

void warn_cold_capture_once(const OpDef& op) {
  static auto& warned = *new std::set<const OpDef*>;
  if (add(warned, op))
    TORCH_WARN(
        "gems: op '", std::string(op.name),
        "' was left to ATen during a graph capture: its kernel is not loaded yet, and nothing may be loaded while "
        "a stream captures. Warm up: make the same call once before the capture");
}

}  // namespace gems::aten
