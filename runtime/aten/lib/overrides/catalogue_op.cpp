// Looks ops up in the catalogue.
#include "overrides/catalogue_op.h"

#include <fmt/format.h>

#include "gems/dsl/error.h"
#include "gems/ops/catalogue.h"

namespace gems::aten {

const OpDef& catalogue_op(std::string_view name) {
  const OpDef* op = ops::catalogue().find(name);
  if (op == nullptr) throw Error(fmt::format("override table: the catalogue has no op '{}'; add it to ops/", name));
  return *op;
}

}  // namespace gems::aten
