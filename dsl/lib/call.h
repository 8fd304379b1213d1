// What a caller passes, seen from an op's operand list: whether it fits, and what a trace makes of it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems {

// "operand 1 'y'".
std::string describe_operand(const OpDef& op, int position);

// Throws gems::Error when the number or the kinds of the operands do not fit the op.
void check_call(const OpDef& op, std::span<const CallOperand> operands);

// Whether the operand is one value per launch rather than elements in memory.
bool is_parameter(const CallOperand& operand);

// The operands of the call's trace: all but the flags.
std::vector<TraceOperand> trace_operands(const OpDef& op, std::span<const CallOperand> operands,
                                         const ResolvedTypes& types);

}  // namespace gems
