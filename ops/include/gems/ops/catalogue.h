// The catalogue: registers every op that gems defines, family by family.
#pragma once

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

}  // namespace gems::ops
