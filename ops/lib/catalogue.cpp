// The catalogue: one registry of all families.
#include "gems/ops/catalogue.h"

namespace gems::ops {

const Registry& catalogue() {
  static const Registry registry = [] {
    Registry all;
    register_activation(all);
    register_arithmetic(all);
    register_comparison(all);
    register_fused(all);
    register_logical(all);
    register_math(all);
    register_selection(all);
    return all;
  }();
  return registry;
}

}  // namespace gems::ops
