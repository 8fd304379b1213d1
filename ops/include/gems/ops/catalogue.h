// The catalogue: registers every op that gems defines, group by group.
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
void register_fused_rows(Registry& registry);
void register_group_norm(Registry& registry);
void register_normalization(Registry& registry);
void register_nll_loss(Registry& registry);
void register_reduction(Registry& registry);
void register_softmax(Registry& registry);
void register_vector_norm(Registry& registry);

// All pointwise ops, made once; never changes afterwards.
const Registry& catalogue();
// All rowwise ops.
const Registry& rowwise_catalogue();

// An op of one of them. Throws gems::Error when there is none of that name.
const OpDef& find_or_throw(std::string_view name);

}  // namespace gems::ops
