// The extent of one node from those before it.
#pragma once

#include <vector>

#include "gems/dsl/trace.h"

namespace gems {

Extent extent_of(const TraceGraph& graph, const TraceNode& node, const std::vector<Extent>& before);

}  // namespace gems
