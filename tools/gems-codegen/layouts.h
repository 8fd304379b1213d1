// The layouts that the command line names: a class of calls, and which operands have no dimensions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"

namespace gems::codegen {

// `singles` are names of operands. Throws UsageError when there is no such class, or no such tensor.
Layout make_layout(std::string_view cls, std::span<const std::string> singles, const TraceGraph& graph);

}  // namespace gems::codegen
