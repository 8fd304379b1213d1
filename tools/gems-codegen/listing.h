// The subcommands `list` and `show`: the catalogue and one op of it, as text or as JSON.
#pragma once

#include <string>

#include "gems/dsl/op.h"
#include "gems/dsl/registry.h"

namespace gems::codegen {

std::string list_ops(const Registry& registry);
std::string list_ops_json(const Registry& registry);
std::string show_op(const OpDef& op);
std::string show_op_json(const OpDef& op);

}  // namespace gems::codegen
