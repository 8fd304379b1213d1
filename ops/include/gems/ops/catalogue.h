// The catalogue: registers every op that gems defines, family by family.
#pragma once

#include <string_view>

#include "gems/dsl/registry.h"

namespace gems::ops {

void register_arithmetic(Registry& registry);
void register_activation(Registry& registry);
void register_comparison(Registry& registry);
void register_logical(Registry& registry);
void register_math(Registry& registry);
void register_selection(Registry& registry);
void register_fused(Registry& registry);

// All of them, made once; never changes afterwards.
const Registry& catalogue();

// An op of the catalogue. Throws gems::Error when there is none of that name.
const OpDef& find_or_throw(std::string_view name);

}  // namespace gems::ops
