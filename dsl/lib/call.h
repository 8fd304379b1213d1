// Checks what a caller passes against an op's operand list. Used before promotion and tracing.
#pragma once

#include <span>
#include <string>

#include "gems/dsl/op.h"
#include "gems/dsl/trace.h"

namespace gems {

// "operand 1 'y'".
std::string describe_operand(const OpDef& op, int position);

// Throws gems::Error when the number or the kinds of the operands do not fit the op.
void check_call(const OpDef& op, std::span<const CallOperand> operands);

// Whether the operand is one value per launch rather than elements in memory.
bool is_parameter(const CallOperand& operand);

}  // namespace gems
