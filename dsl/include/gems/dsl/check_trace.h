// Whether a trace that came from outside is one of the call that it was asked for.
#pragma once

#include <span>

#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems {

// Throws gems::Error when the trace names another op, or has other operands or results than the tracer gives the call:
// the launch passes what the call has, whatever the trace says.
void check_trace(const TraceGraph& graph, const OpDef& op, std::span<const CallOperand> operands,
                 const ResolvedTypes& types, std::span<const DType> result_dtypes);

}  // namespace gems
