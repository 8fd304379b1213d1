// The layouts that gems-codegen knows by name: each stands for a class of calls, as the runtime would classify them.
#pragma once

#include <span>
#include <string_view>

#include "gems/compiler/layout.h"
#include "gems/dsl/trace.h"

namespace gems::codegen {

struct NamedLayout {
  std::string_view name;
  std::string_view meaning;
};

std::span<const NamedLayout> named_layouts();

// Throws UsageError when the name is unknown.
Layout make_layout(std::string_view name, const TraceGraph& graph);

// The innermost dimension of a layout: what a CPU kernel runs over.
Layout innermost_dimension(const Layout& layout);

}  // namespace gems::codegen
