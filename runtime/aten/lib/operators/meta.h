// Shapes, strides and dtypes of a call's results without computing them: for fake tensors.
#pragma once

#include <cstddef>
#include <span>

#include "gems/aten/serve.h"
#include "gems/dsl/trace.h"

namespace gems::aten {

// Fills the undefined results with meta tensors. Throws c10::Error as ATen does for shapes that do not broadcast, and
// for dtypes that do not promote.
void infer_results(const Request& request);

// The shape that the tensors broadcast to, of sizes that may be symbols. Throws c10::Error where they do not.
c10::SymDimVector broadcast_sizes(std::span<const at::Tensor* const> tensors);

// What promotion sees of an argument.
CallOperand operand_of(const OpDef& op, std::size_t position, const CallArgument& argument);

}  // namespace gems::aten
