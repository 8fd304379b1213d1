// Remembers which ops have warned of what.
#include "switches/warn_once.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <functional>
#include <mutex>
#include <set>

#include "gems/runtime/log.h"

namespace gems::aten {
namespace {

// True the first time that a name is added to the set.
bool add(std::set<std::string, std::less<>>& warned, std::string_view name) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  return warned.emplace(name).second;
}

// As PyTorch warns, and to who listens to the log.
void warn(const std::string& text) {
  tell_log_listener(LogLevel::Warning, text);
  TORCH_WARN("gems: ", text);
}

}  // namespace

void warn_failure_once(std::string_view op, const std::string& what) {
  static auto& warned = *new std::set<std::string, std::less<>>;
  if (add(warned, op))
    warn(fmt::format("op '{}' failed and was left to ATen (GEMS_STRICT=1 raises instead): {}", op, what));
}

void warn_cold_capture_once(std::string_view op) {
  static auto& warned = *new std::set<std::string, std::less<>>;
  if (add(warned, op))
    warn(
        fmt::format("op '{}' was left to ATen during a graph capture: its kernel is not loaded yet, and nothing may be "
                    "loaded while "
                    "a stream captures. Warm up: make the same call once before the capture",
                    op));
}

}  // namespace gems::aten
