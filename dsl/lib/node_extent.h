// The extent of one node from those before it.
#pragma once

#include <span>

#include "gems/dsl/trace.h"

namespace gems {

Extent extent_of(const TraceNode& node, std::span<const TraceOperand> operands, std::span<const Extent> before);

}  // namespace gems
