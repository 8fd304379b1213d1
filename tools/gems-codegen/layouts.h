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

struct LayoutRequest {
  std::string_view name = "contiguous";
  int rank = 0;  // of "strided"; 0: 2
  bool wide_index = false;
  bool aliased = false;
};

// Throws UsageError when the name is unknown or the rank does not apply.
Layout make_layout(const LayoutRequest& request, const TraceGraph& graph);

// The innermost dimension of a layout: what a CPU kernel runs over.
Layout innermost_dimension(const Layout& layout);

}  // namespace gems::codegen
