// The catalogue: one registry of all groups.
#include "gems/ops/catalogue.h"

#include <string>

#include "gems/dsl/error.h"

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

const Registry& rowwise_catalogue() {
  static const Registry registry = [] {
    Registry all;
    register_fused_rows(all);
    register_group_norm(all);
    register_nll_loss(all);
    register_normalization(all);
    register_reduction(all);
    register_softmax(all);
    register_vector_norm(all);
    return all;
  }();
  return registry;
}

const OpDef& find_or_throw(std::string_view name) {
  if (const OpDef* op = catalogue().find(name)) return *op;
  if (const OpDef* op = rowwise_catalogue().find(name)) return *op;
  throw Error("the catalogue has no op '" + std::string(name) + "'; define it in ops/, or correct the name");
}

}  // namespace gems::ops
