// parse_trace(): the inverse of to_string(TraceGraph), for traces that come from outside of this library as text.
#pragma once

#include <cstddef>
#include <string_view>

#include "gems/dsl/trace.h"

namespace gems {

inline constexpr std::size_t MaxTraceTextBytes = 1u << 20;
inline constexpr std::size_t MaxTraceNodes = 1u << 14;

// Any text is safe to give: what is accepted is a trace that the tracer could have recorded (indices, arities, dtypes
// by the rules of scalar_ops.def, literals that their dtype holds, the limits above), in exactly the spelling of
// to_string(). Everything else throws gems::Error, "line 4: ...". The text does not say where the op is defined: file
// and line are left empty.
TraceGraph parse_trace(std::string_view text);

}  // namespace gems
