// Remembers which ops have warned.
#include "warn_once.h"

#include <c10/util/Exception.h>

#include <mutex>
#include <set>

namespace gems::aten {

void warn_once(const OpDef& op, const char* what) {
  static std::mutex mutex;
  static std::set<const OpDef*>* warned = new std::set<const OpDef*>;
  {
    const std::lock_guard lock(mutex);
    if (!warned->insert(&op).second) return;
  }
  TORCH_WARN("gems: op '", std::string(op.name),
             "' failed and was left to ATen (GEMS_STRICT=1 raises instead): ", what);
}

}  // namespace gems::aten
