// Ops of the catalogue by name.
#pragma once

#include <string_view>

#include "gems/dsl/op.h"

namespace gems::aten {

// Throws gems::Error when the catalogue has no such op: a row of the override table names one that does not exist.
const OpDef& catalogue_op(std::string_view name);

}  // namespace gems::aten
