// Checks what a caller passes against an op's operand list: before promotion and tracing, and before a plan is made.
#pragma once

#include <cstddef>
#include <span>

#include "gems/dsl/op.h"
#include "gems/dsl/promotion.h"

namespace gems {

// Each throws gems::Error when the number or the kind of what is given does not fit the op.
void check_operand_count(const OpDef& op, std::size_t given);
void check_operand(const OpDef& op, std::size_t position, const CallOperand& given);
void check_call(const OpDef& op, std::span<const CallOperand> operands);

}  // namespace gems
