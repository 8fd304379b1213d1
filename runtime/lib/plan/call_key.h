// The exact geometry of a call as a key: two calls with equal keys have equal plans. Addresses count only by their
// alignment and by which of them are the same.
#pragma once

#include "gems/runtime/plan.h"
#include "variant/words.h"

namespace gems {

// Dimensions up to which a call has a key; a call with more is analysed every time.
inline constexpr std::size_t MaxKeyRank = 12;

// 2 words of context, 1 of aliasing; for each operand 1 and 3 more for a flag, or 1 + sizes and strides for a tensor.
using CallKey = Words<3 + MaxOperands + (MaxOperands + MaxResults) * (1 + 2 * MaxKeyRank)>;

// False when a tensor has more than MaxKeyRank dimensions, or sizes and strides differ in number.
bool make_call_key(const PlanRequest& request, CallKey& key);

}  // namespace gems
