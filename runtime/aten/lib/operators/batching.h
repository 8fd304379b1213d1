// The vmap kernel of an operator.
#pragma once

#include <string>

#include "gems/dsl/op.h"

namespace torch {
class Library;
}

namespace gems::aten {

void register_batching(torch::Library& library, const OpDef& op, const std::string& name);

}  // namespace gems::aten
